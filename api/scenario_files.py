"""Saved scenarios: one file each in the data folder, seen by those who are cleared for all that its maker was."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import secrets
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.auth import Viewer
from graph.errors import Ambiguous, DataError, InvalidInput, NotFound
from queries.models import Answer, Cursor
from queries.paging import Page, Position, cut
from queries.scenario_changes import MOST_NAME, Scenario

MOST_SAVED: Final = 1000
"""So many scenarios may one owner have."""

ScenarioName = Annotated[str, Field(pattern=rf"^[\w.@-]{{1,{MOST_NAME}}}$")]


class Saved(BaseModel):
    """A scenario with its name, who saved it, and what that viewer was cleared for then."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: ScenarioName
    owner: str
    operator: bool = Field(description="Whether its owner saw everything; then only such viewers see it.")
    compartments: tuple[str, ...] = Field(description="Who sees it is cleared for all of these.")
    saved: dt.datetime
    scenario: Scenario

    def seen_by(self, viewer: Viewer) -> bool:
        """Whether a viewer is cleared for all that its owner was."""
        return viewer.operator or (not self.operator and viewer.clearance.issuperset(self.compartments))


class SavedList(Answer):
    """Saved scenarios by name, then by owner."""

    scenarios: list[Saved]
    total: int
    next: Cursor


class ScenarioFiles:
    """The scenarios in a folder."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "scenarios"

    def save(self, viewer: Viewer, name: str, scenario: Scenario) -> Saved:
        """Keep a scenario under a name; one of the same owner and name is replaced.

        Raises:
            InvalidInput: The name cannot be used, or the owner has too many.
        """
        try:
            saved = Saved(
                name=name,
                owner=viewer.name,
                operator=viewer.operator,
                compartments=tuple(sorted(viewer.clearance)),
                saved=dt.datetime.now(dt.UTC).replace(microsecond=0),
                scenario=scenario,
            )
        except ValidationError:
            raise InvalidInput(
                "name",
                f"{name!r}：名称只能用文字、数字和 . @ _ - / only word characters and . @ _ - , up to {MOST_NAME}",
            ) from None
        path = self._path(viewer.name, name)
        if not path.exists() and sum(one.owner == viewer.name for one in self._all()) >= MOST_SAVED:
            raise InvalidInput("name", f"情景已满 / {viewer.name} has {MOST_SAVED} scenarios already")
        self._write(path, saved)
        return saved

    def _path(self, owner: str, name: str) -> Path:
        return self._folder / (
            hashlib.blake2b(f"{owner}\0{name}".encode(), digest_size=16).hexdigest() + ".json"
        )

    def _write(self, path: Path, saved: Saved) -> None:
        """Replace the file in one step, so that nobody reads half of it."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        with os.fdopen(
            os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8"
        ) as file:
            file.write(saved.model_dump_json(by_alias=True, indent=1) + "\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)

    def _all(self) -> list[Saved]:
        found = [self._read(path) for path in sorted(self._folder.glob("*.json"))]
        return sorted(found, key=lambda one: (one.name, one.owner))

    @staticmethod
    def _read(path: Path) -> Saved:
        try:
            return Saved.model_validate_json(path.read_text(encoding="utf-8"))
        except (OSError, ValidationError) as error:
            raise DataError(
                f"情景文件无法读取 / the scenario file {path} cannot be read: {error}",
                hint="mend or delete the file",
            ) from error

    def seen(self, viewer: Viewer) -> list[Saved]:
        """Those that a viewer may see, by name, then by owner. Raises DataError where a file is damaged."""
        return [one for one in self._all() if one.seen_by(viewer)]

    def page(self, viewer: Viewer, page: Page) -> SavedList:
        """A page of them. Raises InvalidInput for a cursor that is not valid."""

        def position(one: Saved) -> Position:
            return one.name, one.owner

        found = self.seen(viewer)
        shown, after = cut(found, page, position, "scenarios")
        return SavedList(scenarios=[*shown], total=len(found), next=after)

    def get(self, viewer: Viewer, name: str, owner: str | None = None) -> Saved:
        """One by name: the viewer's own where there is one, else that of the owner named, or the only one.

        Raises:
            NotFound: There is none that the viewer may see.
            Ambiguous: Several others have one of that name.
        """
        named = [one for one in self.seen(viewer) if one.name == name and owner in (None, one.owner)]
        own = [one for one in named if one.owner == viewer.name]
        found = own or named
        if not found:
            raise NotFound(f"没有情景 {name} / there is no scenario {name!r}", fields=("name",))
        if len(found) > 1:
            raise Ambiguous(
                f"有多个情景名为 {name} / several scenarios are called {name!r}",
                candidates=[one.owner for one in found],
                hint="用 owner 指明 / name the owner",
            )
        return found[0]
