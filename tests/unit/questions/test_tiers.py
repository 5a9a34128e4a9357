"""Client tiers: hysteresis of the bands, parts with evidence, moves on file, dry runs of bands."""

from __future__ import annotations

import datetime as dt

import pytest

from graph.errors import DataError
from queries.client_tiers import client_tiers, settle
from queries.company_facts import facts_of
from queries.declared import shipped
from queries.rule_changes import dry_run
from queries.rule_set_checks import Row
from queries.rule_sets import Band, Conclusion, changed, rules_of

DAY = dt.date(2024, 6, 30)
RULES = rules_of()
TIERS = RULES.named("tiers")
FILE = (shipped("rules") / "tiers.json").read_text(encoding="utf-8")


def part(points):
    return Conclusion(Row("t/r", 0, "表", 1, "", (), {}), {"points": points})


@pytest.mark.parametrize(
    ("score", "before", "tier"),
    [
        (70, None, "A"), (69, None, "B"), (0, None, "D"), (65, "A", "A"), (62, "A", "A"), (61, "A", "B"),
        (65, "B", "B"), (70, "B", "A"), (40, "B", "B"), (40, "A", "C"), (37, "B", "C"), (16, "C", "D"), (44, "C", "C"),
        (30, "gone", "C"),
    ],
)  # fmt: skip
def test_a_tier_is_entered_high_and_left_low(score, before, tier):
    found = settle(TIERS, [part(score)], client=True, before=before)
    assert (found.tier, found.score) == (tier, score)
    assert f"{score:g}" in found.reason.zh
    assert f"{score:g}" in found.reason.en


def test_who_is_no_client_has_no_tier():
    assert settle(TIERS, [part(90)], client=False, before="A").tier is None


def test_points_must_be_numbers():
    with pytest.raises(DataError, match="表"):
        settle(TIERS, [part("many")], client=True, before=None)


def firm(builder, **move):
    g = builder
    node = g.node("Company", "c", name="澄江有限公司", code="600001.SH", client=True)
    for n in range(4):
        g.edge("OWNS_PRODUCT", node, g.node("Product", str(n), name=f"产品{n}", category="投行"), revenue=5e5)
    if move:
        props = {
            "name": "x",
            "reason": "理由",
            "reason_en": "why",
            "rule": "tiers 0+old",
            "evidence": "[]",
            **move,
        }
        g.node(
            "Tier",
            f"t{move['since']}",
            source="tier-rules",
            company=node[1],
            valid_from=move["since"],
            **props,
        )
    return g.projection().view(frozenset(), DAY), node


def test_the_score_shows_its_parts_with_evidence(builder):
    view, node = firm(builder)
    (state,) = client_tiers(view, node[1], RULES).tiers
    assert (state.tier, state.score, state.since) == ("B", 47.0, None)
    assert {p.part_en: p.points for p in state.parts} == {
        "revenue to the firm": 22.0, "product depth": 20.0, "listing": 5.0,
    }  # fmt: skip
    assert all(item.records for p in state.parts for item in p.evidence)


def test_a_tier_on_file_is_kept_within_its_band_and_keeps_its_day(builder):
    view, node = firm(builder, tier="B", before="C", since=dt.date(2024, 1, 1), score=50.0)
    found = client_tiers(view, node[1], RULES)
    (state,), (move,) = found.tiers, found.history
    assert (state.tier, state.since) == ("B", dt.date(2024, 1, 1))
    assert (move.tier, move.before, move.score, move.reason) == ("B", "C", 50.0, "理由")
    assert facts_of(view, view.resolve(node[1])).tier == "B"


def test_a_move_after_the_day_is_not_there_yet(builder):
    view, node = firm(builder, tier="A", since=dt.date(2024, 7, 1))
    assert client_tiers(view, node[1], RULES).history == []
    assert facts_of(view, view.resolve(node[1])).tier is None


def test_other_bands_can_be_dry_run(builder):
    view, node = firm(builder)
    bands = tuple(
        Band.model_validate({"tier": t, "name": {"zh": t, "en": t}, "enter": enter, "keep": keep})
        for t, enter, keep in (("A", 40, 30), ("D", 0, 0))
    )
    found = dry_run(view, TIERS, changed(TIERS, FILE, "tiers.json", bands))
    (move,) = found.moves
    assert (move.before, move.after, move.total, move.companies[0].id) == ("B", "A", 1, node[1])
    assert {count.tier: (count.before, count.after) for count in found.tiers}["A"] == (0, 1)
