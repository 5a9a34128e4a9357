"""Small graphs in memory, with walls, for the tests of questions and of the API."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from graph.ids import entity_handle, record_handle
from graph.projection import Projection
from graph.tables import SourceInfo, Tables

TODAY = dt.date(2024, 6, 30)
TOLD = "2024-01-05"


class GraphBuilder:
    """Rows as a store would give them. Each node and edge is stated by a record of its own."""

    def __init__(self) -> None:
        self.nodes: list[tuple[str, dict[str, Any]]] = []
        self.edges: list[tuple[str, str, str, str, str, dict[str, Any]]] = []
        self.records: dict[str, dict[str, Any]] = {}
        self._number = itertools.count(1)

    def node(
        self, label: str, key: str, *, walls: Iterable[str] = (), source: str = "native", **props: Any
    ) -> tuple[str, str]:
        """State a node; returns what `edge` wants for an end."""
        compartments = sorted(walls)
        handle = entity_handle(source, label, key, compartments)
        system = {"id": handle, "key": key, "rank_key": "", **self._said(source, key, compartments, props)}
        self.nodes.append((label, {**system, **_texts(props)}))
        return label, handle

    def edge(
        self,
        kind: str,
        start: tuple[str, str],
        end: tuple[str, str],
        *,
        walls: Iterable[str] = (),
        source: str = "native",
        **props: Any,
    ) -> None:
        """State an edge between two nodes."""
        system = self._said(source, f"{kind}{next(self._number)}", sorted(walls), props)
        self.edges.append((kind, *start, *end, {**system, **_texts(props)}))

    def part(
        self, label: str, key: str, roles: Mapping[str, Sequence[tuple[str, str]]], **props: Any
    ) -> tuple[str, str]:
        """State a node with what takes part in it, as its reference fields would."""
        walls = props.pop("walls", ())
        node = self.node(label, key, walls=walls, **props)
        for role, parties in roles.items():
            for party in parties:
                self.edge("PARTY_TO", party, node, walls=walls, role=role)
        return node

    def _said(self, source: str, key: str, compartments: list[str], props: dict[str, Any]) -> dict[str, Any]:
        handle = record_handle(source, "test", key, compartments)
        stated = props.pop("stated", "2024-01-01")
        self.records[handle] = {
            "id": handle, "source": source, "role": "test", "key": key, "stated": stated, "known_from": TOLD,
            "compartments": compartments, "body": json.dumps({"key": key}),
        }  # fmt: skip
        system = {"source": source, "record": handle, "stated": stated, "known_from": TOLD}
        return {**system, "compartments": compartments} if compartments else system

    def without(self, cleared: Iterable[str]) -> GraphBuilder:
        """The graph of a fresh load that never saw what somebody with this clearance may not see."""
        allowed = set(cleared)
        fresh = GraphBuilder()
        fresh.nodes = [n for n in self.nodes if allowed.issuperset(n[1].get("compartments", ()))]
        there = {node[1]["id"] for node in fresh.nodes}
        fresh.edges = [
            e
            for e in self.edges
            if allowed.issuperset(e[5].get("compartments", ())) and {e[2], e[4]} <= there
        ]
        fresh.records = {h: r for h, r in self.records.items() if allowed.issuperset(r["compartments"])}
        return fresh

    def projection(self) -> Projection:
        """All of it, ready to be asked."""
        names = sorted({n[1]["source"] for n in self.nodes} | {e[5]["source"] for e in self.edges})
        sources = [SourceInfo(name, 10 * (i + 1), name) for i, name in enumerate(names)]
        tables = Tables.from_rows(self.nodes, self.edges, sources=sources)
        return Projection.of(tables, lambda handles: [self.records[h] for h in handles if h in self.records])


def _texts(props: Mapping[str, Any]) -> dict[str, Any]:
    """Dates as the store keeps them."""
    return {k: v.isoformat() if isinstance(v, dt.date) else v for k, v in props.items() if v is not None}


@pytest.fixture
def builder() -> GraphBuilder:
    """An empty graph."""
    return GraphBuilder()


@pytest.fixture(scope="session")
def market() -> GraphBuilder:  # noqa: PLR0915  # one statement a fact is what a fixture is
    """A market in small: a listed company with one of everything, a state body, a hub, and two walls."""
    g = GraphBuilder()
    river = g.node(
        "Company", "river", name="澄江医药股份有限公司", short_name="澄江医药", code="600001.SH",
        former_names=["澄江制药厂"], founded=dt.date(1997, 4, 28), capital=6.38e9, client=True,
    )  # fmt: skip
    group = g.node("Company", "group", name="澄江集团有限公司")
    blank = g.node("Company", "blank", name="无名实业有限公司", code="600002.SH", controller_unknown=True)
    quiet = g.node("Company", "quiet", name="静默科技有限公司")
    state = g.node("Company", "state", name="云州市国资委", nature="state_body")
    bank = g.node("Company", "bank", name="云州银行股份有限公司")
    supplier = g.node("Company", "supplier", name="白石化工有限公司")
    customer = g.node("Company", "customer", name="青禾药房有限公司")
    subsidiary = g.node("Company", "subsidiary", name="澄江生物有限公司")
    chair = g.node("Person", "chair", name="周澄")
    clerk = g.node("Person", "clerk", name="吴白")
    g.edge("HOLDS", group, river, share_ratio=0.4521, valid_from="2019-05-20")
    g.edge("HOLDS", chair, river, share_ratio=0.1, valid_from="2015-01-01", valid_to="2020-01-01")
    g.edge("HOLDS", chair, river, share_ratio=0.05, valid_from="2020-01-01")
    g.edge("HOLDS", river, subsidiary, share_ratio=0.8, valid_from="2021-03-01")
    g.edge("HOLDS", clerk, river, start_unknown=True, valid_from="2023-12-31")
    g.edge("CONTROLS", chair, river, ratio=0.4, nature="自然人")
    g.edge("CONTROLS", chair, group)
    g.edge("OFFICER_OF", chair, river, office="董事长", valid_from="2016-01-01")
    g.edge("OFFICER_OF", chair, group, office="董事")
    g.edge("OFFICER_OF", clerk, river, office="董事会秘书")
    for i in range(30):
        g.edge("CONTROLS", state, g.node("Company", f"s{i:02}", name=f"国有第{i:02}企业有限公司"))
    security = g.node("Security", "600001", name="澄江医药", code="600001.SH", kind="share")
    g.edge("ISSUED", river, security)
    pharma, health, chemicals = (
        g.node("Industry", n, name=n, scheme="测试") for n in ("制药", "医疗", "化工")
    )
    g.edge("IN_INDUSTRY", river, pharma)
    g.edge("IN_INDUSTRY", pharma, health)
    g.edge("UPSTREAM_OF", chemicals, pharma, weight=2.0)
    g.edge("HAS_CONCEPT", river, g.node("Concept", "创新药", name="创新药", kind="theme"))
    g.edge("LENDS_TO", bank, river, amount=2e8)
    g.edge("SUPPLIES", supplier, river, amount=1e7, cost_share=0.2)
    g.edge("SUPPLIES", river, customer, amount=3e7)
    g.part("Guarantee", "g1", {"debtor": [subsidiary], "creditor": [bank], "guarantor": [river]},
           name="为澄江生物担保", kind="连带", amount=5e7, called=False)  # fmt: skip
    g.part(
        "Pledge", "p1", {"pledgor": [group], "pledgee": [bank], "security": [river]}, name="质押", shares=1e6
    )
    for i in range(25):
        g.part("Deal", f"d{i:02}", {"target": [subsidiary], "investors": [river]},
               name=f"第{i:02}轮", kind="financing", date=dt.date(2020, 1, 1) + dt.timedelta(days=30 * i))  # fmt: skip
    g.part(
        "Event",
        "e1",
        {"subjects": [river]},
        name="中标",
        kind="bid_won",
        date=dt.date(2024, 3, 1),
        text="澄江医药中标。",
    )
    g.part("Event", "e2", {"subjects": [river]}, name="将来", kind="bid_won", date=dt.date(2031, 3, 1))
    g.part("Exposure", "x1", {"client": [river]}, name="敞口", amount=3e7, date=dt.date(2024, 6, 1))
    g.part("Contact", "c1", {"client": [river]}, name="郑联", title="财务经理")
    employee = g.node("Employee", "e", name="冯经理", title="客户经理")
    g.edge("COVERS", employee, river, role="lead")
    g.edge(
        "OWNS_PRODUCT",
        river,
        g.node("Product", "bond", name="公司债承销", category="固收"),
        since=dt.date(2022, 5, 1),
    )
    news = g.node(
        "Document", "n1", name="澄江医药中标", kind="news", published=dt.date(2024, 3, 2), text="很长的正文"
    )
    g.edge("ABOUT", news, river)
    walled = ("deal:alpha",)
    secret = g.node("Company", "secret", name="秘密收购有限公司", walls=walled)
    g.edge("HOLDS", secret, river, walls=walled, share_ratio=0.3, valid_from="2024-02-01")
    g.part(
        "Deal",
        "secret",
        {"target": [river], "investors": [secret]},
        name="秘密收购",
        date=dt.date(2024, 5, 1),
        walls=walled,
    )
    _ = (blank, quiet)
    return g


@pytest.fixture(scope="session")
def market_projection(market: GraphBuilder) -> Projection:
    """The market, ready to be asked."""
    return market.projection()


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    """A token file of this test alone."""
    return tmp_path / "tokens.json"
