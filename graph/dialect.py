"""What differs between the two engines, Neo4j and ArcadeDB; the statements that make a schema on either."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum


class Engine(StrEnum):
    """The graph databases that are known to work."""

    NEO4J = "neo4j"
    ARCADEDB = "arcadedb"


@dataclass(frozen=True, slots=True)
class Unique:
    """No two nodes with this label have the same value of this property; lookups by it are quick."""

    label: str
    field: str = "id"


@dataclass(frozen=True, slots=True)
class Index:
    """Lookups of nodes with this label by the value of this property are quick."""

    label: str
    field: str


@dataclass(frozen=True, slots=True)
class Dialect:
    """The ways of one engine."""

    engine: Engine
    declares_edge_types: (
        bool  # whether the first edge of a type changes the schema, which has to happen alone
    )
    finds_duplicates_late: bool  # whether writers that merge the same new node meet only when they commit
    filters_notifications: bool  # whether a session may ask the server to keep its advice to itself

    def schema(self, rules: Iterable[Unique | Index]) -> Iterator[str]:
        """The statements that make constraints and indexes; they change nothing that is there already."""
        for rule in rules:
            name = f"{rule.label}_{rule.field}".lower()
            if isinstance(rule, Unique):
                yield (
                    f"CREATE CONSTRAINT {name}_unique IF NOT EXISTS "
                    f"FOR (n:{rule.label}) REQUIRE n.{rule.field} IS UNIQUE"
                )
            else:
                yield f"CREATE INDEX {name} IF NOT EXISTS FOR (n:{rule.label}) ON (n.{rule.field})"

    def edge_types(self, names: Iterable[str]) -> Iterator[str]:
        """The statements that make edge types known where an engine has to know them beforehand."""
        if self.declares_edge_types:
            for name in names:
                yield f"CREATE (a:EdgeType)-[e:{name}]->(b:EdgeType) DETACH DELETE a, b"


_NEO4J = Dialect(
    Engine.NEO4J, declares_edge_types=False, finds_duplicates_late=False, filters_notifications=True
)
_ARCADEDB = Dialect(
    Engine.ARCADEDB, declares_edge_types=True, finds_duplicates_late=True, filters_notifications=False
)


def dialect_of(agent: str) -> Dialect:
    """The dialect of a server by the name it gives itself, as `Neo4j/5.26.0 compatible (ArcadeDB 26.7)`."""
    return _ARCADEDB if "arcadedb" in agent.lower() else _NEO4J
