"""Sources that the system itself writes: `risk-alerts`, what a rule concluded, and `desk`, what people decided."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final

from graph.errors import InvalidInput
from graph.schema import WRITTEN_BY, node_types
from graph.statements import Reject, SourceRecord
from ingest.native import NativeRole, split_list
from ingest.read_roles import ReadRole
from ingest.readers import stem, text_rows
from ingest.source import Context, Role

RISK_ALERTS: Final = WRITTEN_BY["Alert"]
DESK: Final = WRITTEN_BY["Decision"]
READING: Final = WRITTEN_BY["Claim"]
SCREENING: Final = "Screening"


class ScreeningRole:
    """Records that state nothing: that an event was screened, and since when events are."""

    name = SCREENING

    def stated(self, path: Path, override: dt.date | None = None) -> dt.date | None:  # noqa: ARG002
        """What the caller says."""
        return override

    def read(self, path: Path, context: Context) -> Iterator[SourceRecord | Reject]:
        """Every row of a file."""
        for item in text_rows(path):
            yield item if isinstance(item, Reject) else self.record(item[1], item[0], context)

    def record(self, body: Mapping[str, str], line: int, context: Context) -> SourceRecord | Reject:
        """The record of one row."""
        if not body.get("key"):
            return Reject(context.file, line, "no key")
        compartments = tuple(sorted(split_list(body.get("compartments", ""))))
        return SourceRecord(body["key"], body, (), (), RISK_ALERTS, line, compartments, context.stated)


@dataclass(frozen=True, slots=True)
class Written:
    """A source whose records the system itself writes: native rows of a few types, in a namespace of their own."""

    name: str
    title: str
    roles: tuple[Role, ...]
    rank: int = 50
    snapshot: bool = False

    @property
    def source(self) -> str:
        """Who says it."""
        return self.name

    @property
    def namespace(self) -> str:
        """Where its keys live."""
        return self.name

    @property
    def fingerprint(self) -> str:
        """A hash of the columns of its roles."""
        columns = [f"{role.name}: {','.join(getattr(role, 'columns', ()))}" for role in self.roles]
        return blake2b("\n".join(columns).encode(), digest_size=16).hexdigest()

    def role_for(self, path: Path) -> Role:
        """The role that a file is named after. Raises InvalidInput."""
        return self.role(stem(path))

    def role(self, name: str) -> Role:
        """The role of a name. Raises InvalidInput."""
        for role in self.roles:
            if role.name == name:
                return role
        names = ", ".join(role.name for role in self.roles)
        raise InvalidInput("file", f"{name}: {self.name} has no such records", hint=f"It has: {names}.")


def risk_alerts() -> Written:
    """The source of alerts."""
    return Written(RISK_ALERTS, "风险预警 risk alerts", (NativeRole(node_types()["Alert"]), ScreeningRole()))


READ_RANK: Final = 90
"""What was read in a text gives way to every registry and file."""


def reading() -> Written:
    """The source of what was read in documents: each role a kind of record."""
    roles = (ReadRole(name, READING) for name in ("Document", "Mention", "Claim", "Reviewed"))
    return Written(READING, "文本解读 what was read in documents", tuple(roles), READ_RANK)


def tag_rules() -> Written:
    """The source of tags, as the rules of tags conclude them."""
    return Written(WRITTEN_BY["Tag"], "标签规则 rules of tags", (NativeRole(node_types()["Tag"]),))


def tier_rules() -> Written:
    """The source of tiers, as the rules of tiers conclude them."""
    return Written(WRITTEN_BY["Tier"], "分层规则 rules of tiers", (NativeRole(node_types()["Tier"]),))


def desk() -> Written:
    """The source of what people decide."""
    return Written(DESK, "人工决定 decisions of people", (NativeRole(node_types()["Decision"]),))
