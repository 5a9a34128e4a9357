"""Saved projections: a folder per version, written whole or not at all, mapped by any number of processes."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final

from graph.algorithms.search import FORMAT as SEARCH_FORMAT
from graph.columns import Reader, Writer
from graph.fold import Fold, load_fold, save_fold
from graph.naming import NameIndex, load_names, save_names
from graph.schema import edge_types, node_types
from graph.tables import Tables, load_tables, save_tables

LAYOUT: Final = 1
"""Changes whenever arrays of an older version would be misread."""

KEPT: Final = 2
"""Newest versions that stay on disk; a process that still maps an older one keeps it until it ends."""


def layout() -> str:
    """What arrays mean: this program's layout and the schema. Another layout is another projection."""
    fields = [
        f"{t.name}.{f.name}:{f.kind}"
        for types in (node_types(), edge_types())
        for t in types.values()
        for f in t.fields
    ]
    text = "\n".join([str(LAYOUT), str(SEARCH_FORMAT), *node_types(), *edge_types(), *fields])
    return blake2b(text.encode(), digest_size=4).hexdigest()


@dataclass(frozen=True)
class Saved:
    """What a folder holds: the graph's birth, and one version of it folded."""

    birth: str
    tables: Tables
    fold: Fold
    names: NameIndex


class Folder:
    """The folder of saved projections."""

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / "projection"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let one process at a time build or save; the lock goes with the process."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.path / ".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def newest(self, birth: str, upto: int) -> Saved | None:
        """The newest saved version of the graph that is not newer than `upto`; None if there is none."""
        for version, path in self._versions():
            if version <= upto:
                found = self._load(path, birth)
                if found is not None:
                    return found
        return None

    def _versions(self) -> list[tuple[int, Path]]:
        """Saved versions in this program's layout, newest first."""
        suffix = f"-{layout()}"
        found = [p for p in self.path.glob(f"*{suffix}") if p.name.removesuffix(suffix).isdigit()]
        return sorted(((int(p.name.removesuffix(suffix)), p) for p in found), reverse=True)

    @staticmethod
    def _load(path: Path, birth: str) -> Saved | None:
        reader = Reader(path)
        try:
            if reader.facts["birth"] != birth:
                return None
            tables = load_tables(reader)
            return Saved(birth, tables, load_fold(tables, reader), load_names(reader))
        except FileNotFoundError:
            return None  # another process has removed it just now, because there is a newer one

    def save(self, saved: Saved) -> None:
        """Write a version that no change has been applied to since it was folded, and remove old ones."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = self.path / f".draft-{os.getpid()}-{secrets.token_hex(4)}"
        draft.mkdir(mode=0o700)
        try:
            self._write(saved, Writer(draft))
            target = self.path / f"{saved.tables.version}-{layout()}"
            if target.exists():
                target.rename(self.path / f".old-{secrets.token_hex(4)}")
            draft.rename(target)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        self._clean()

    @staticmethod
    def _write(saved: Saved, writer: Writer) -> None:
        facts = save_tables(saved.tables, writer)
        save_fold(saved.fold, writer)
        facts |= save_names(saved.names, writer)
        writer.finish(facts | {"birth": saved.birth})

    def _clean(self) -> None:
        """Remove all but the newest versions, and what crashed processes left."""
        keep = {path for _, path in self._versions()[:KEPT]}
        for path in self.path.iterdir():
            if path.is_dir() and path not in keep:
                shutil.rmtree(path, ignore_errors=True)
