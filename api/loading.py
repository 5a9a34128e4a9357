"""Loading, withdrawing and refolding, as the command line offers them."""

from __future__ import annotations

import dataclasses
import datetime as dt
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field
from rich import box
from rich.console import Console
from rich.table import Table

from api import console
from api.settings import ApiSettings
from graph.errors import InvalidInput
from graph.store import Store
from ingest import loader, withdrawal
from ingest.mapping import available_mappings, load_mapping
from ingest.source import Source

COUNTS = ("read", "written", "unchanged", "closed", "rejected")


class FileCounts(BaseModel):
    """What became of one file."""

    file: str
    role: str
    read: int
    written: int
    unchanged: int
    closed: int
    rejected: int
    rejects_file: str
    findings: dict[str, int]
    seconds: float


class Report(BaseModel):
    """What became of a load, counted in source records: read = written + unchanged + rejected."""

    source: str
    read: int
    written: int
    unchanged: int
    closed: int = Field(description="Records that a snapshot no longer lists.")
    rejected: int
    rejects_file: str = Field(
        description="Rejected rows with line, reason and key; empty where there are none."
    )
    seconds: float
    findings: dict[str, int] = Field(description="Findings by code: values dropped, repairs, conflicts.")
    examples: dict[str, str] = Field(description="The first finding of each code in words.")
    files: list[FileCounts]


def load(
    settings: ApiSettings,
    mapping: str,
    files: Sequence[Path],
    *,
    stated: dt.date | None = None,
    force: bool = False,
) -> Report:
    """Load files of a source, with progress on standard error. Raises InvalidInput, Refused, StoreError."""
    source = load_mapping(mapping)
    for path in files:
        if not path.is_file():
            raise InvalidInput("file", f"没有文件 {path} / there is no file {path}")
        source.role_for(path)  # an unknown file is refused before anything is written
    options = options_of(settings, stated=stated, force=force)
    began = time.perf_counter()
    with console.opened(settings) as store, console.progress("加载 loading") as progress:
        found = loader.load(store, source, files, options, progress)
    return _report(found, time.perf_counter() - began)


def options_of(
    settings: ApiSettings, *, stated: dt.date | None = None, force: bool = False
) -> loader.LoadOptions:
    """How this installation loads, today."""
    return loader.LoadOptions(
        today=dt.datetime.now().astimezone().date(),
        rejects=settings.data_dir / "rejects",
        salt=settings.identity_secret(),
        stated=stated,
        force=force,
        closing_share=settings.closing_share,
    )


def _report(found: loader.LoadReport, seconds: float) -> Report:
    findings: dict[str, int] = {}
    examples: dict[str, str] = {}
    for file in found.files:
        for code, count in file.findings.items():
            findings[code] = findings.get(code, 0) + count
        for code, example in file.examples.items():
            examples.setdefault(
                code, f"{example.file}:{example.line} {example.field} {example.message}".strip()
            )
    return Report(
        source=found.source,
        **{name: found.total(name) for name in COUNTS},
        rejects_file=next((file.rejects_file for file in found.files if file.rejects_file), ""),
        seconds=round(seconds, 3),
        findings=findings,
        examples=examples,
        files=[_file(file) for file in found.files],
    )


def _file(file: loader.FileReport) -> FileCounts:
    return FileCounts(
        file=file.file,
        role=file.role,
        **{name: getattr(file, name) for name in COUNTS},
        rejects_file=file.rejects_file,
        findings=dict(file.findings),
        seconds=round(file.seconds, 3),
    )


def show(out: Console, report: Report) -> None:
    """A load's counts as a table, its findings, and where the rejects are."""
    title = f"{report.source}  {report.seconds:.1f} s"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("文件\nfile", overflow="fold")
    labels = (
        "读取\nread",
        "写入\nwritten",
        "未变\nunchanged",
        "关闭\nclosed",
        "拒绝\nrejected",
        "发现\nfindings",
    )
    for label in labels:
        table.add_column(label, justify="right")
    for file in report.files:
        counts = [getattr(file, name) for name in COUNTS]
        table.add_row(Path(file.file).name, *(f"{n:,}" for n in (*counts, sum(file.findings.values()))))
    if len(report.files) > 1:
        counts = [getattr(report, name) for name in COUNTS]
        totals = (f"{n:,}" for n in (*counts, sum(report.findings.values())))
        table.add_row("合计 total", *totals, style="bold")
    out.print(table)
    for code, count in sorted(report.findings.items(), key=lambda item: (-item[1], item[0])):
        out.print(f"  {count:,} × {code}  {report.examples.get(code, '')}", markup=False)
    for file in report.files:
        if file.rejects_file:
            out.print(f"  被拒绝的行 rejected rows: {file.rejects_file}", style="yellow", markup=False)


def withdraw(settings: ApiSettings, name: str, source: str | None, key: str | None) -> dict[str, Any]:
    """Take back what a source said; `name` is a mapping's, or that of a source loaded by one.

    Raises:
        InvalidInput: Neither a mapping nor a loaded source has the name.
        NotFound: The source has said nothing that still stands.
        StoreError: The store could not be written to; withdrawing again goes on where it stopped.
    """
    with console.opened(settings) as store, console.progress("撤回 withdrawing") as progress:
        reader = _reader(store, name)
        said_by = source or (name if name in _namespaces(store) else reader.source)
        found = withdrawal.withdraw(store, reader, said_by, options_of(settings), key=key, progress=progress)
    return {"source": found.source, "records": found.records}


def refold(settings: ApiSettings, mapping: str | None) -> list[dict[str, Any]]:
    """Make the graph of a mapping's records anew, or of all that are loaded. Raises NotFound, StoreError."""
    with console.opened(settings) as store, console.progress("折叠 folding") as progress:
        readers = [_reader(store, mapping)] if mapping else _loaded(store)
        found = [withdrawal.refold(store, reader, options_of(settings), progress) for reader in readers]
    return [dataclasses.asdict(one) for one in found]


def _namespaces(store: Store) -> dict[str, str]:
    """The namespace of each loaded source."""
    return {row["id"]: row["namespace"] for row in store.read(store.query("sources"))}


def _reader(store: Store, name: str) -> Source:
    """The mapping of that name, or the one by which a source of that name was loaded. Raises InvalidInput."""
    namespace = _namespaces(store).get(name)
    if namespace is None or name in available_mappings():
        return load_mapping(name)
    return _by_namespace(namespace)


def _by_namespace(namespace: str) -> Source:
    for name in available_mappings():
        source = load_mapping(name)
        if source.namespace == namespace:
            return source
    raise InvalidInput(
        "mapping",
        f"{namespace} 不是用内置映射加载的 / {namespace} was loaded by a mapping file of your own",
        hint="请给出该映射文件 / name that mapping file (.yaml)",
    )


def _loaded(store: Store) -> list[Source]:
    return [_by_namespace(namespace) for namespace in sorted(set(_namespaces(store).values()))]


def digest(settings: ApiSettings) -> str:
    """One hash of the whole graph. Raises StoreError."""
    from graph.projection import Projection  # noqa: PLC0415  # compiles kernels; loading needs none

    with console.opened(settings) as store, console.progress("读取 reading") as progress:
        return Projection.open(store, settings, progress).digest()


def mappings() -> Mapping[str, str]:
    """Names and titles of what can be loaded by name."""
    return dict(available_mappings())
