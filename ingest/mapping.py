"""Mapping files: which columns of a source's files become which nodes and edges.

`docs/mappings.md` explains the form; the mappings that come with guanxi are in `ingest/mappings/`.
"""

from __future__ import annotations

import datetime as dt
import fnmatch
import functools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Final, Literal

import yaml
from pydantic import Field, ValidationError

from graph import identifiers
from graph.errors import InvalidInput
from graph.statements import Reject, SourceRecord
from ingest.bods import Bods
from ingest.mapped_rows import KeySpec, MisdeclaredError, RowMaker, RowSpec, Said, key_reader
from ingest.mapped_values import Strict
from ingest.native import Native
from ingest.readers import Format, Kind, header, text_rows
from ingest.source import Context, Source
from ingest.written import desk, reading, risk_alerts, tag_rules, tier_rules

SHIPPED: Final = Path(__file__).parent / "mappings"
_SUFFIX: Final = ".yaml"


# --- declarations ----------------------------------------------------------------------------------------------


class FormatSpec(Strict):
    """How files are written, where their name and content leave it open."""

    kind: Kind | None = Field(
        None, description="csv, xlsx, json, jsonl, or literal: a Python literal a line."
    )
    sheet: str = Field("", description="Sheet of a workbook; the first by default.")
    items: str = Field("", description="The list inside a JSON object.")
    delimiter: str = Field("", description="Delimiter of a CSV file; found out by default.")
    encoding: str = Field("", description="Encoding of a text file; found out by default.")

    def form(self) -> Format:
        """The same for the readers."""
        return Format(self.kind, self.sheet, self.items, self.delimiter, self.encoding)


class DateSpec(Strict):
    """The day for which a file speaks, out of its name."""

    filename: str = Field(
        description="Regular expression; its group, or all it finds, is the date: 20190123."
    )


class FileSpec(RowSpec):
    """One kind of file of the source."""

    pattern: str = Field(description="Names of such files, with * and ?.")
    format: FormatSpec = Field(FormatSpec(), description="How they are written.")
    key: KeySpec | None = Field(
        None, description="The values that make a record's key; a hash of the row by default."
    )
    partition: str = Field("", description="The value that says which part of a snapshot the row belongs to.")
    stated: str = Field(
        "", description="The value that says for which day the row speaks, instead of the file's."
    )
    salted: tuple[str, ...] = Field((), description="Columns that are kept only as a salted hash.")


class MappingSpec(Strict):
    """A whole mapping file."""

    name: str = Field(
        pattern=r"^[a-z][a-z0-9_]*$", description="What the command line calls it: the file's name."
    )
    title: str = Field(description="What people call the source.")
    source: str = Field(description="Who says it: the provenance of every record.")
    namespace: str = Field("", description="Where its keys live; the source by default.")
    rank: int = Field(50, ge=0, le=9999, description="Which source wins a conflict: the smaller number.")
    kind: Literal["snapshot", "stream"] = Field(
        description="snapshot: a file lists all there is, so what it lacks has ended; stream: it adds to what is known."
    )
    date: dt.date | DateSpec | None = Field(None, description="The day for which the files speak.")
    placeholders: tuple[str, ...] = Field(
        (), description="Texts that stand for nothing, beside the usual ones."
    )
    files: dict[str, FileSpec] = Field(min_length=1, description="The kinds of files, by role.")


# --- one role --------------------------------------------------------------------------------------------------


class MappedRole:
    """One kind of file of a mapped source, ready to read."""

    def __init__(self, name: str, spec: FileSpec, mapping: MappingSpec) -> None:
        self.name = name
        self.spec = spec
        self._mapping = mapping
        self._maker = RowMaker(spec, mapping.placeholders)
        names = self._maker.names
        self._key = key_reader(names, spec.key, "", "key", as_written=True) if spec.key is not None else None
        for used in filter(None, (spec.partition, spec.stated)):
            names.value(used, "", "partition or stated")
        unread = [c for c in spec.salted if c not in self._maker.columns]
        if unread:
            raise MisdeclaredError(f"salted: no value reads the column {unread[0]}")
        self._salt = functools.lru_cache(maxsize=65_536)(identifiers.salted)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is read; nothing else of a file is ever kept."""
        return tuple(self._maker.columns)

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns that a file must have."""
        return tuple(c for c, needed in self._maker.columns.items() if needed)

    def stated(self, path: Path, override: dt.date | None = None) -> dt.date | None:
        """The day for which a file speaks: the caller's, the mapping's, or the one in the file's name.

        Raises InvalidInput where the name should hold a date and does not.
        """
        date = self._mapping.date
        if override is not None:
            return override
        if not isinstance(date, DateSpec):
            return date
        found = re.search(date.filename, path.name)
        try:
            return _compact_date(found)
        except ValueError:
            raise InvalidInput(
                "stated",
                f"{path.name}: the name holds no date as {date.filename}",
                hint="Say for which day the file speaks: --date 2019-01-23.",
            ) from None

    def read(self, path: Path, context: Context) -> Iterator[SourceRecord | Reject]:
        """Every row as a record or a reject. Raises InvalidInput for a file without the needed columns."""
        form = self.spec.format.form()
        present = header(path, form)
        missing = [c for c in self.needed if c not in present]
        if missing and self.spec.format.kind not in {"json", "jsonl", "literal"}:
            raise InvalidInput(
                "file",
                f"{path.name}: no column {', '.join(missing)}",
                hint=f"{self._mapping.name} {self.name} needs: {', '.join(self.needed)}.",
            )
        if self.spec.salted and not context.salt:
            raise InvalidInput("salt", f"{path.name}: personal identifiers need a salt to be hashed with")
        context = replace(context, file=context.file or path.name)
        columns = [c for c in self.columns if c in present] if not _of_objects(path) else self.columns
        for item in text_rows(path, form, columns):
            if isinstance(item, Reject):
                yield item
            else:
                yield self.record(self._kept(item[1], context.salt), item[0], context)

    def _kept(self, row: dict[str, str], salt: str) -> dict[str, str]:
        """The row as it may be stored: personal identifiers hashed."""
        for column in self.spec.salted:
            if column in row:
                row[column] = self._salt(row[column], salt)
        return row

    def record(self, body: Mapping[str, str], line: int, context: Context) -> SourceRecord | Reject:
        """The record of a row as it is stored, hashes in place of personal identifiers."""
        said = self._maker.say(body, context.file, line)
        key = self._key(said.env) if self._key else _hash(body)
        if not key:
            return Reject(context.file, line, self._keyless(said, body))
        if not said.nodes:
            return Reject(context.file, line, "the row names nothing: no node has a usable key", key)
        stated = said.env.get(self.spec.stated) if self.spec.stated else None
        partition = said.env.get(self.spec.partition) if self.spec.partition else None
        return SourceRecord(
            key=key,
            body=body,
            nodes=said.nodes,
            edges=said.edges,
            source=self._mapping.source,
            line=line,
            stated=stated if isinstance(stated, dt.date) else context.stated,
            partition="" if partition is None else str(partition),
            findings=said.findings,
        )

    def _keyless(self, said: Said, body: Mapping[str, str]) -> str:
        key = (self.spec.key,) if isinstance(self.spec.key, str) else self.spec.key or ()
        columns = [
            self._maker.names.value(part, "", "key").column or part for part in key if said.env[part] is None
        ]
        texts = ", ".join(f"{column} is {body.get(column, '')!r}" for column in columns)
        reasons = "".join(f"; {f.message}" for f in said.findings if f.field in columns)
        return f"no usable key: {texts}{reasons}"


def _of_objects(path: Path) -> bool:
    """Whether rows are objects, each of which may lack what another has."""
    return any(s.lower() in {".json", ".jsonl", ".ndjson"} for s in path.suffixes)


def _compact_date(found: re.Match[str] | None) -> dt.date:
    text = (found[1] if found.re.groups else found[0]) if found else ""
    return dt.date.fromisoformat(text)


def _hash(body: Mapping[str, str]) -> str:
    text = json.dumps(dict(body), ensure_ascii=False, sort_keys=True)
    return blake2b(text.encode(), digest_size=16).hexdigest()


# --- a mapping -------------------------------------------------------------------------------------------------


class MappedSource:
    """A source that a mapping file describes."""

    def __init__(self, spec: MappingSpec, fingerprint: str) -> None:
        self.spec = spec
        self.fingerprint = fingerprint
        self.roles: dict[str, MappedRole] = {}
        for name, file in spec.files.items():
            try:
                self.roles[name] = MappedRole(name, file, spec)
            except MisdeclaredError as error:
                raise MisdeclaredError(f"files.{name}.{error}") from None

    @property
    def name(self) -> str:
        """What the command line calls it."""
        return self.spec.name

    @property
    def title(self) -> str:
        """What people call it."""
        return self.spec.title

    @property
    def source(self) -> str:
        """Who says it."""
        return self.spec.source

    @property
    def namespace(self) -> str:
        """Where its node keys live."""
        return self.spec.namespace or self.spec.source

    @property
    def rank(self) -> int:
        """Which source wins a conflict: the smaller."""
        return self.spec.rank

    @property
    def snapshot(self) -> bool:
        """Whether a file lists all there is."""
        return self.spec.kind == "snapshot"

    def role(self, name: str) -> MappedRole:
        """The role of a name. Raises InvalidInput."""
        if name not in self.roles:
            raise InvalidInput(
                "role", f"{self.name} has no role {name}", hint=f"It has {', '.join(self.roles)}."
            )
        return self.roles[name]

    def role_for(self, path: Path) -> MappedRole:
        """The role of a file: by its name, else by its columns. Raises InvalidInput."""
        named = [r for r in self.roles.values() if fnmatch.fnmatch(path.name, r.spec.pattern)]
        if len(named) == 1:
            return named[0]
        fitting = [role for role in named or self.roles.values() if _fits(role, path)]
        if len(fitting) == 1:
            return fitting[0]
        expected = "; ".join(f"{r.spec.pattern} ({', '.join(r.needed)})" for r in self.roles.values())
        what = "fits several of its files" if fitting else "is none of its files"
        raise InvalidInput("file", f"{path.name}: {what} ({self.name})", hint=f"Expected: {expected}.")


def _fits(role: MappedRole, path: Path) -> bool:
    try:
        present = header(path, role.spec.format.form())
    except InvalidInput:
        return False
    return set(role.needed) <= set(present)


# --- loading ---------------------------------------------------------------------------------------------------


def available_mappings() -> Mapping[str, str]:
    """Names and titles of what can be loaded without a mapping file of one's own."""
    shipped = {path.stem: load_mapping(path.stem) for path in sorted(SHIPPED.glob(f"*{_SUFFIX}"))}
    return {name: source.title for name, source in {**shipped, **_built_in()}.items()}


def load_mapping(name_or_path: str | Path) -> Source:
    """A source by the name of a mapping that comes with guanxi, or by the path of a mapping file.

    Raises InvalidInput for an unknown name, and for a file that says something no mapping may say.
    """
    built_in = _built_in().get(str(name_or_path))
    if built_in is not None:
        return built_in
    path = Path(name_or_path)
    if path.suffix.lower() not in {".yaml", ".yml"}:
        path = SHIPPED / f"{name_or_path}{_SUFFIX}"
    if not path.is_file():
        names = ", ".join((*_built_in(), *(p.stem for p in sorted(SHIPPED.glob(f"*{_SUFFIX}")))))
        raise InvalidInput(
            "mapping",
            f"no mapping {name_or_path}",
            hint=f"There are {names}; or name a mapping file (.yaml).",
        )
    return _parsed(path.name, path.read_bytes())


@functools.cache
def _built_in() -> Mapping[str, Source]:
    sources: tuple[Source, ...] = (
        Native(), Bods(), risk_alerts(), tag_rules(), tier_rules(), reading(), desk(),
    )  # fmt: skip
    return {source.name: source for source in sources}


@functools.lru_cache(maxsize=64)
def _parsed(file: str, text: bytes) -> MappedSource:
    try:
        spec = MappingSpec.model_validate(yaml.safe_load(text))
        return MappedSource(spec, blake2b(text, digest_size=16).hexdigest())
    except yaml.YAMLError as error:
        raise InvalidInput("mapping", f"{file}: not YAML: {error}") from error
    except ValidationError as error:
        raise InvalidInput("mapping", f"{file}: {_explained(error)}", hint="See docs/mappings.md.") from error
    except MisdeclaredError as error:
        raise InvalidInput("mapping", f"{file}: {error}", hint="See docs/mappings.md.") from error


def _explained(error: ValidationError) -> str:
    problems = []
    for one in error.errors():
        place = ".".join(str(part) for part in one["loc"])
        unknown = one["type"] == "extra_forbidden"
        problems.append(f"{place}: {'unknown key' if unknown else one['msg']}")
    return "; ".join(problems)
