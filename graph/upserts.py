"""Cypher generated from the schema: how statements enter and leave the graph.

Only names that the schema declares are ever put into a statement's text; every value is a parameter.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable
from typing import Final

from graph.schema import BOOKKEEPING, edge_model, node_types

MANY: Final = 20
"""From this many edges of one start on it is quicker to walk all its edges once than to look up each by its ends."""


def many_at(starts: Iterable[str]) -> frozenset[str]:
    """The starts that come up so often that their edges should be walked."""
    return frozenset(start for start, times in Counter(starts).items() if times >= MANY)


def _label(name: str) -> str:
    if name not in node_types() and name not in BOOKKEEPING:
        raise KeyError(f"{name!r} is not a node type of the schema")
    return name


def _endpoints(edge_type: str, start: str, end: str) -> tuple[str, str]:
    starts, ends = edge_model(edge_type).joins
    if start not in starts or end not in ends:
        raise KeyError(f"{edge_type} does not join {start} to {end}")
    return start, end


@functools.cache
def create_nodes(label: str) -> str:
    """Create nodes that are known to be new. Parameter `rows`: list of all their properties."""
    return f"UNWIND $rows AS row CREATE (n:{_label(label)}) SET n = row"


@functools.cache
def describe_nodes(label: str) -> str:
    """Create nodes, or replace the description of those whose `rank_key` is smaller.

    The largest `rank_key` wins whatever the order of writing, so that load order cannot matter.
    """
    return (
        f"UNWIND $rows AS row MERGE (n:{_label(label)} {{id: row.id}}) "
        "WITH n, row WHERE n.rank_key IS NULL OR n.rank_key < row.rank_key SET n = row"
    )


@functools.cache
def replace_nodes(label: str) -> str:
    """Create nodes or replace all their properties. Parameter `rows`: list of properties with `id`."""
    return f"UNWIND $rows AS row MERGE (n:{_label(label)} {{id: row.id}}) SET n = row"


@functools.cache
def merge_properties(label: str) -> str:
    """Change some properties of existing nodes. Parameter `rows`: list of {id, set: {…}}; null removes."""
    return f"UNWIND $rows AS row MATCH (n:{_label(label)} {{id: row.id}}) SET n += row.set"


@functools.cache
def hold_nodes(label: str) -> str:
    """Change nothing of the nodes with these `ids`, but have them written by the transaction.

    The embedded engine keeps the nodes that a transaction has written; another one it reads again, with all its
    properties, for every edge that comes or goes.
    """
    return f"UNWIND $ids AS id MATCH (n:{_label(label)} {{id: id}}) SET n.id = id"


@functools.cache
def delete_nodes(label: str) -> str:
    """Delete nodes that nothing is attached to. Parameter `ids`."""
    return f"UNWIND $ids AS id MATCH (n:{_label(label)} {{id: id}}) WHERE NOT (n)--() DELETE n"


@functools.cache
def find_nodes(label: str) -> str:
    """All properties of the nodes with these `ids`."""
    return f"UNWIND $ids AS id MATCH (n:{_label(label)} {{id: id}}) RETURN properties(n) AS node"


@functools.cache
def find_ids(label: str) -> str:
    """Which of these `ids` are there."""
    return f"UNWIND $ids AS id MATCH (n:{_label(label)} {{id: id}}) RETURN n.id AS id"


@functools.cache
def node_witnesses(label: str) -> str:
    """Handles of the records whose edges touch these nodes. Parameter `ids`."""
    return (
        f"UNWIND $ids AS id MATCH (n:{_label(label)} {{id: id}})-[e]-() "
        "RETURN id, collect(DISTINCT e.record) AS records"
    )


@functools.cache
def create_edges(edge_type: str, start: str, end: str) -> str:
    """Create edges between existing nodes. Parameter `rows`: list of {a, b, e}: two ids and properties."""
    start, end = _endpoints(edge_type, start, end)
    return (
        f"UNWIND $rows AS row MATCH (a:{start} {{id: row.a}}), (b:{end} {{id: row.b}}) "
        f"CREATE (a)-[e:{edge_type}]->(b) SET e = row.e"
    )


def edge_key(record: str, stated: str, end: str) -> str:
    """What tells the edges of one start apart, as `_walked` puts it together."""
    return f"{record} {stated} {end}"


def _looked_up(edge_type: str, start: str, end: str) -> str:
    """Find edges by both ends. Parameter `rows`: list of {a, b, record, stated, …}."""
    return (
        f"UNWIND $rows AS row MATCH (a:{start} {{id: row.a}}), (b:{end} {{id: row.b}}) "
        f"MATCH (a)-[e:{edge_type}]->(b) WHERE e.record = row.record AND coalesce(e.stated, '') = row.stated "
        "WITH row, e "
    )


def _walked(edge_type: str, start: str, end: str) -> str:
    """Find edges among all of their start. Parameter `starts`: list of {id, rows: the rows by their `edge_key`}."""
    return (
        f"UNWIND $starts AS start MATCH (a:{start} {{id: start.id}})-[e:{edge_type}]->(b:{end}) "
        "WITH start.rows[e.record + ' ' + coalesce(e.stated, '') + ' ' + b.id] AS row, e WHERE row IS NOT NULL "
    )


def _found(edge_type: str, start: str, end: str, *, walking: bool) -> str:
    ends = _endpoints(edge_type, start, end)
    return _walked(edge_type, *ends) if walking else _looked_up(edge_type, *ends)


@functools.cache
def take_edges(edge_type: str, start: str, end: str, *, walking: bool = False) -> str:
    """Delete the edges of given records and return what they were: {a, b, edge}.

    Parameter `rows`: list of {a, b, record, stated}; where `walking`, `starts`: see `_walked`.
    """
    return (
        _found(edge_type, start, end, walking=walking)
        # collected first: an engine that deletes while it still walks passes edges over, or meets deleted ones
        + "WITH collect({row: row, e: e, edge: properties(e)}) AS found UNWIND found AS one "
        "WITH one.row AS row, one.e AS e, one.edge AS edge DELETE e RETURN row.a AS a, row.b AS b, edge"
    )


@functools.cache
def date_edges(edge_type: str, start: str, end: str, *, walking: bool = False) -> str:
    """Change dates of the edges of given records.

    Parameter `rows`: list of {a, b, record, stated, set}; where `walking`, `starts`: see `_walked`.
    """
    return _found(edge_type, start, end, walking=walking) + "SET e += row.set"


@functools.cache
def wipe_edges(edge_type: str) -> str:
    """Delete some of the edges that a source stated. Parameters `source`, `limit`; returns `deleted`."""
    edge_model(edge_type)
    return (
        f"MATCH ()-[e:{edge_type}]->() WHERE e.source = $source "
        "WITH e LIMIT $limit DELETE e RETURN count(*) AS deleted"
    )


@functools.cache
def wipe_nodes(label: str) -> str:
    """Delete some of the nodes that a source states. Parameters `source`, `limit`; returns `deleted`."""
    return (
        f"MATCH (n:{_label(label)}) WHERE n.source = $source "
        "WITH n LIMIT $limit DETACH DELETE n RETURN count(*) AS deleted"
    )
