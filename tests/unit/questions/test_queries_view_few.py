"""Short lists of facts are worked through one by one, long ones as arrays: both ways give the same."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph import view as views
from graph.claims import claims_of, claims_of_unit
from graph.schema import edge_types

DAYS = (None, "2019-01-01", "2021-01-01", "2023-01-01")
WALLS = ((), (), ("a",), ("b",))
tie = st.tuples(
    st.integers(0, 4),
    st.integers(0, 4),
    st.sampled_from((0.1, 0.5, None)),
    st.sampled_from(("A", "B", None)),
    st.sampled_from(DAYS),
    st.sampled_from(DAYS),
    st.sampled_from(WALLS),
    st.sampled_from(("desk", "registry")),
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    ties=st.lists(tie, min_size=1, max_size=14), who=st.sampled_from((None, frozenset[str](), frozenset("a")))
)
def test_few_and_many_facts_come_out_alike(builder, ties, who):
    graph = type(builder)()
    nodes = [
        graph.node(
            "Company", str(i), walls=("a",) if i == 4 else (), valid_from="2020-01-01" if i == 3 else None
        )
        for i in range(5)
    ]
    for start, end, share, share_class, valid_from, valid_to, walls, source in ties:
        dates = {"valid_from": valid_from, "valid_to": valid_to, "walls": walls, "source": source}
        graph.edge("HOLDS", nodes[start], nodes[end], share_ratio=share, share_class=share_class, **dates)
        graph.edge("OFFICER_OF", graph.node("Person", f"p{start}"), nodes[end], office=share_class, **dates)
    projection = graph.projection()
    found = []
    for few in (0, 1000):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(views, "_FEW", few)
            view = projection.view(who, dt.date(2022, 1, 1)).__class__(
                projection._snapshot, views.Viewpoint(who, dt.date(2022, 1, 1))
            )
            found.append(
                [
                    (
                        view.facts(row, kind, side),
                        view.degree(row, kind, side),
                        view.page(row, kind, side, None, 2),
                    )
                    for row in range(view.size)
                    for kind in edge_types()
                    for side in ("out", "in")
                ]
            )
    assert found[0] == found[1]


def test_claims_of_one_unit_are_those_of_many(market_projection):
    units = market_projection.view().snapshot.tables.units
    for unit in range(len(units)):
        many = claims_of(units, np.array([unit]))
        expected = set(zip(many.kind.tolist(), many.value.tolist(), strict=True))
        assert {(int(kind), value) for kind, value in claims_of_unit(units, unit)} == expected
