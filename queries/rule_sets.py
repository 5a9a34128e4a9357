"""规则集: versioned decision tables in JDM, run by zen-engine over facts of companies; a broken file changes nothing.

A folder holds `rule_sets.yaml`, which names the sets, and a JDM file for each. Rules read the facts of
`queries.company_facts` and nothing else; no comparison with an unknown fact holds.
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, Self, cast

import zen
from pydantic import Field, model_validator

from graph.errors import DataError, GuanxiError, NotFound
from queries.company_facts import CompanyFacts, Facts, fact_names, nested
from queries.declared import Declared, Wording, read, shipped
from queries.rule_set_checks import Checked, Row, checked

FOLDER: Final = "rules"
LIST: Final = "rule_sets.yaml"
HINT: Final = (
    "改正规则文件；在此之前沿用上一版规则 / mend the file; until then the last good rules stay in force"
)

CATEGORIES: Final = ("basic", "behaviour", "risk", "need", "value")
"""标签类别: 基本、行为、风险、需求、价值."""

_BATCH: Final = 2_000
_LISTS: Final = frozenset(
    name for name, field in CompanyFacts.model_fields.items() if field.annotation == list[str]
)

Points = Annotated[float, Field(ge=0, le=1000)]


# --- what is declared ----------------------------------------------------------------------------------------------


class Band(Declared):
    """A tier: entered from a score on, kept until the score falls below another."""

    tier: Annotated[str, Field(min_length=1)]
    name: Wording
    enter: Points
    keep: Points

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.keep > self.enter:
            raise ValueError(f"{self.tier}: keep {self.keep} must not be above enter {self.enter}")
        return self


class SetSpec(Declared):
    """One rule set: its JDM file, what it concludes, and of a tier the bands, the highest first."""

    file: Annotated[str, Field(pattern=r"^[\w.-]+\.json$")]
    concludes: Literal["tags", "tier"]
    name: Wording
    version: Annotated[str, Field(min_length=1)]
    clients_only: bool = False
    bands: tuple[Band, ...] = ()

    @model_validator(mode="after")
    def _banded(self) -> Self:
        enter = [band.enter for band in self.bands]
        if (self.concludes == "tier") != bool(self.bands):
            raise ValueError("a set that concludes a tier has bands, and no other has")
        if enter != sorted(set(enter), reverse=True) or (enter and enter[-1] != 0):
            raise ValueError(f"bands must be entered at falling scores down to 0, not {enter}")
        return self


class SetList(Declared):
    """All rule sets of a folder, by name."""

    sets: Annotated[dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], SetSpec], Field(min_length=1)]


# --- one set -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Conclusion:
    """What one row concluded of one company."""

    row: Row
    outputs: Mapping[str, Any]


@dataclass(frozen=True)
class RuleSet:
    """规则集: one set that was checked and can be run."""

    name: str
    spec: SetSpec
    file: str
    checked: Checked
    digest: str
    _engine: zen.ZenEngine

    @classmethod
    def of(cls, name: str, spec: SetSpec, text: str, file: str) -> RuleSet:
        """Check a set, and try it on a company of which nothing is known. Raises DataError."""
        conclusion = "tag" if spec.concludes == "tags" else "points"
        found = checked(text, file, fact_names(), conclusion)
        if not found.rows:
            raise DataError(
                f"{file}: 没有得出 {conclusion} 的决策表 / no decision table concludes {conclusion}",
                hint=HINT,
            )
        if spec.concludes == "tags":
            _check_tags(found, file)
        digest = hashlib.blake2b(f"{text}{spec.model_dump_json()}".encode(), digest_size=6).hexdigest()
        engine = zen.ZenEngine(
            {"loader": {"type": "static", "content": {name: cast("dict[str, Any]", found.content)}}}
        )
        made = cls(name, spec, file, found, digest, engine)
        list(made.run([_nothing_known(made.reads)]))
        return made

    @property
    def label(self) -> str:
        """Name, version and a hash of all that it says: what a conclusion gives as its rule."""
        return f"{self.name} {self.spec.version}+{self.digest}"

    @property
    def reads(self) -> tuple[str, ...]:
        """The facts that it reads."""
        return self.checked.reads

    def conclude(self, facts: Facts) -> Iterator[list[Conclusion]]:
        """What it concludes of each company, in their order."""
        return self.run(facts.flat(self.reads))

    def run(self, facts: Any) -> Iterator[list[Conclusion]]:
        """What it concludes from each of many facts by name. Raises DataError where a node cannot be evaluated."""
        waiting: list[dict[str, Any]] = []
        for one in facts:
            waiting.append(one)
            if len(waiting) == _BATCH:
                yield from self._batch(waiting)
                waiting = []
        yield from self._batch(waiting)

    def _batch(self, facts: Sequence[Mapping[str, Any]]) -> Iterator[list[Conclusion]]:
        if not facts:
            return
        requests = [{"key": self.name, "context": nested(_plain(one))} for one in facts]
        for result in self._engine.evaluate_batch(cast("Any", requests)):
            if not result["success"]:
                raise self._failed(result["error"])
            found = [
                Conclusion(self.checked.rows[one["rule"]], one)
                for one in _conclusions(result["data"]["result"])
            ]
            yield sorted(found, key=lambda one: one.row.place)

    def _failed(self, error: Any) -> DataError:
        said = error if isinstance(error, Mapping) else {}
        node = self.checked.names.get(str(said.get("nodeId")), "?")
        return DataError(
            f"{self.file}: 节点 node {node!r}: {said.get('source', error)}；未知的事实不能参与运算 / an unknown fact"
            " cannot be calculated with",
            hint="用 ?? 给出未知时的值，如 (leverage ?? 0) > 0.7 / give a value for unknown with ??",
        )


def _check_tags(found: Checked, file: str) -> None:
    for row in found.rows.values():
        for name in ("category", "tag", "name", "name_en"):
            if not isinstance(row.says.get(name), str) or not row.says[name]:
                raise DataError(
                    f"{file}: 节点 node {row.node!r}: 第 {row.number} 行“{name}”须为固定文字 / row {row.number}:"
                    f" {name} must be a fixed text",
                    hint=HINT,
                )
        if row.says["category"] not in CATEGORIES:
            raise DataError(
                f"{file}: 节点 node {row.node!r}: 第 {row.number} 行没有类别 {row.says['category']} / row {row.number}:"
                f" there is no category {row.says['category']!r}; there are: {', '.join(CATEGORIES)}",
                hint=HINT,
            )


def _nothing_known(names: Sequence[str]) -> dict[str, Any]:
    """Facts of a company of which nothing is known."""
    return {name: [] if name in _LISTS else None for name in names}


def _plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts as JSON has them: dates as ISO text."""
    return {name: value.isoformat() if isinstance(value, dt.date) else value for name, value in facts.items()}


def _conclusions(result: Any) -> Iterator[Mapping[str, Any]]:
    """The rows' outputs, wherever the graph puts them."""
    if isinstance(result, list):
        for one in result:
            yield from _conclusions(one)
    elif isinstance(result, dict):
        if "rule" in result:
            yield result
        else:
            for one in result.values():
                yield from _conclusions(one)


# --- all sets ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rules:
    """The rule sets in force, by name."""

    sets: Mapping[str, RuleSet]

    def named(self, name: str) -> RuleSet:
        """One of them. Raises NotFound."""
        if name not in self.sets:
            raise NotFound(
                f"没有规则集 {name} / there is no rule set {name!r}",
                hint=f"有 / there are: {', '.join(self.sets)}",
            )
        return self.sets[name]

    def concluding(self, what: Literal["tags", "tier"]) -> list[RuleSet]:
        """Those that conclude tags, or a tier."""
        return [one for one in self.sets.values() if one.spec.concludes == what]


def rules_of(folder: Path | None = None) -> Rules:
    """The rules that come with guanxi, or those of a firm's folder. Raises DataError that says where it is wrong."""
    return _shipped() if folder is None else _read(folder)


@functools.cache
def _shipped() -> Rules:
    return _read(shipped(FOLDER))


def _read(folder: Traversable | Path) -> Rules:
    listed = read(SetList, folder / LIST, HINT)
    return Rules(MappingProxyType({name: _set(folder, name, spec) for name, spec in listed.sets.items()}))


def _set(folder: Traversable | Path, name: str, spec: SetSpec) -> RuleSet:
    try:
        text = (folder / spec.file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{spec.file}: {error}", hint=HINT) from error
    return RuleSet.of(name, spec, text, spec.file)


def changed(one: RuleSet, text: str, file: str, bands: tuple[Band, ...] | None = None) -> RuleSet:
    """The same set with another JDM file, and other bands where they are given. Raises DataError."""
    spec = one.spec if bands is None else SetSpec.model_validate({**one.spec.model_dump(), "bands": bands})
    return RuleSet.of(one.name, spec, text, file)


class RuleBook:
    """The rules in force of a folder, read again when a file changes; what is broken leaves the last good ones."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._seen: tuple[tuple[str, int, int], ...] | None = None
        self._rules: Rules | None = None
        self.problem: GuanxiError | None = None
        """What is wrong with the files as they are now; None where they are in force."""

    def current(self) -> Rules:
        """The rules in force. Raises DataError where there never were good ones."""
        with self._lock:
            state = self._state()
            if self._rules is None or state != self._seen:
                self._reload()
                self._seen = state
            return self._rules_in_force()

    def _reload(self) -> None:
        try:
            self._rules, self.problem = rules_of(self._folder), None
        except DataError as error:
            self.problem = error

    def _rules_in_force(self) -> Rules:
        if self._rules is None:
            raise self.problem or DataError("没有规则 / there are no rules", hint=HINT)
        return self._rules

    def _state(self) -> tuple[tuple[str, int, int], ...]:
        """Names, times and sizes of the files; of the shipped ones nothing, which do not change."""
        if self._folder is None:
            return ()
        try:
            files = sorted(self._folder.iterdir())
            return tuple(
                (file.name, (s := file.stat()).st_mtime_ns, s.st_size) for file in files if file.is_file()
            )
        except OSError:
            return ()
