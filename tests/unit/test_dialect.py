"""What the two engines are told differently."""

import pytest

from graph.dialect import Engine, Index, Unique, dialect_of


@pytest.mark.parametrize(
    ("agent", "engine"),
    [("Neo4j/5.26.10", Engine.NEO4J), ("Neo4j/5.26.0 compatible (ArcadeDB 26.10.2)", Engine.ARCADEDB)],
)
def test_a_server_is_known_by_its_name(agent, engine):
    assert dialect_of(agent).engine is engine


def test_the_schema_is_made_of_one_statement_a_rule():
    dialect = dialect_of("Neo4j/5.26.10")
    assert list(dialect.schema([Unique("Company"), Index("Record", "scope")])) == [
        "CREATE CONSTRAINT company_id_unique IF NOT EXISTS FOR (n:Company) REQUIRE n.id IS UNIQUE",
        "CREATE INDEX record_scope IF NOT EXISTS FOR (n:Record) ON (n.scope)",
    ]


def test_only_one_engine_has_to_be_told_of_edge_types():
    assert list(dialect_of("Neo4j/5.26.10").edge_types(["HOLDS"])) == []
    (statement,) = dialect_of("ArcadeDB").edge_types(["HOLDS"])
    assert ":HOLDS" in statement
    assert "DELETE" in statement
