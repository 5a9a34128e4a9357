"""Shocks, threats, the firm's book, limits: weights as declared, shares that add up, ranges, bad input."""

import datetime as dt
import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from api.cli import app
from graph.errors import DataError, InvalidInput, NotFound
from queries.exposure import exposures
from queries.paging import Page
from queries.risk import Question, Shocked, model_named, shock
from queries.risk_backward import threats
from queries.risk_book import book, ranking
from queries.risk_channels import CHANNELS, channels
from queries.risk_limits import Capital, limits, rules
from queries.risk_models import MODELS, Sampling

DAY = dt.date(2024, 6, 30)


class Small:
    """Companies and persons by short names: `p…` is a person, all else a company."""

    def __init__(self, builder):
        self.g = builder
        self.nodes = {}

    def node(self, key, **props):
        if key not in self.nodes:
            label = "Person" if key.startswith("p") else "Company"
            self.nodes[key] = self.g.node(label, key, name=f"名{key}", **props)
        return self.nodes[key]

    def edge(self, kind, start, end, **props):
        self.g.edge(kind, self.node(start), self.node(end), **props)

    def part(self, label, roles, **props):
        key = f"{label}{len(self.g.nodes)}"
        parts = {role: [self.node(party)] for role, party in roles.items()}
        self.g.part(label, key, parts, name=key, **props)

    def report(self, company, equity, ended="2023-12-31", **props):
        self.part("FinancialReport", {"company": company}, equity=equity, period_end=ended, **props)

    def guarantee(self, debtor, guarantor, amount, kind="连带"):
        roles = {"debtor": debtor, "guarantor": guarantor, "creditor": "bank"}
        self.part("Guarantee", roles, amount=amount, kind=kind)

    def view(self, clearance=frozenset(), day=DAY):
        return self.g.projection().view(clearance, day)


@pytest.fixture
def small(builder):
    return Small(builder)


def weights(view, channel):
    """By pair of names the low, central and high weight of a channel."""
    found = exposures(view, channels())
    return {
        (view.name(int(found.source[at]))[1:], view.name(int(found.target[at]))[1:]): [
            round(float(w), 12) for w in found.weight[:, at]
        ]
        for at in np.flatnonzero(found.channel == CHANNELS.index(channel))
    }


def hit(answer, name):
    return next((victim for victim in answer.victims if victim.name == f"名{name}"), None)


# --- the network -----------------------------------------------------------------------------------------------------


def test_a_stake_is_measured_by_the_holders_equity_and_a_holder_supports_what_it_holds(small):
    small.edge("HOLDS", "a", "b", share_ratio=0.6)
    small.report("a", 200.0)
    small.report("b", 100.0)
    small.report("b", 50.0, ended="2022-12-31")
    small.report("b", 9e9, ended="2025-12-31")
    view = small.view()
    assert weights(view, "equity_value") == {("b", "a"): [0.3] * 3}
    assert weights(view, "equity_support") == {("a", "b"): [0.03] * 3}


def test_equity_falls_back_to_registered_capital_and_an_unknown_one_is_a_range(small):
    small.node("bank", capital=1000.0)
    small.node("dollar", capital=1000.0, capital_currency="USD")
    for lender in ("bank", "dollar", "other"):
        small.edge("LENDS_TO", lender, "x", amount=100.0)
    found = weights(small.view(), "loan")
    assert found["x", "bank"] == [0.045] * 3
    low, central, high = found["x", "dollar"]
    assert found["x", "other"] == found["x", "dollar"]
    assert low == 0 < central < high


def test_an_equity_that_is_not_above_zero_measures_nothing_and_is_said(small):
    small.report("lender", -5.0)
    small.edge("LENDS_TO", "lender", "x", amount=100.0)
    answer = shock(small.view(), [Shocked("名x")])
    assert "equity_not_positive" in {f.code for f in answer.findings}
    assert hit(answer, "lender").distress_low == 0 < hit(answer, "lender").distress


def test_a_joint_guarantee_weighs_more_than_a_general_one_and_at_most_its_guarantor(small):
    for guarantor, kind in (("g", "一般"), ("j", "连带"), ("n", None)):
        small.report(guarantor, 100.0)
        small.guarantee("d", guarantor, 50.0, kind)
    small.report("s", 10.0)
    small.guarantee("d", "s", 50.0)
    found = weights(small.view(), "guarantee")
    assert found["d", "g"] == found["d", "n"] == [0.2] * 3
    assert found["d", "j"] == [0.4] * 3
    assert found["d", "s"] == [0.8] * 3


def test_supply_takes_shares_else_amounts_over_totals_else_a_range(small):
    small.edge("SUPPLIES", "s", "c", revenue_share=0.4, cost_share=0.2)
    small.report("t", 1.0, revenue=1000.0, net_profit=100.0, period_months=12)
    small.edge("SUPPLIES", "t", "d", amount=100.0)
    view = small.view()
    assert weights(view, "customer")["c", "s"] == [0.2] * 3
    assert weights(view, "supplier")["s", "c"] == [0.1] * 3
    assert weights(view, "customer")["d", "t"] == [0.05] * 3
    low, central, high = weights(view, "supplier")["t", "d"]
    assert low < central < high


def test_pledges_reach_the_pledgee_and_from_the_issuer_the_pledgor(small):
    small.report("bank", 1000.0)
    small.report("owner", 400.0)
    small.part("Pledge", {"pledgor": "owner", "pledgee": "bank", "security": "firm"}, amount=100.0)
    view = small.view()
    assert weights(view, "pledge_loan") == {("owner", "bank"): [0.025] * 3}
    assert weights(view, "pledge_value") == {("firm", "owner"): [0.125] * 3}


def test_a_state_body_and_what_it_shares_is_no_channel(small):
    small.node("state", nature="state_body")
    for company in ("a", "b"):
        small.edge("HOLDS", "state", company, share_ratio=1.0)
        small.edge("CONTROLS", "state", company)
        small.edge("HOLDS", "pboss", f"{company}{company}", share_ratio=1.0)
    view = small.view()
    found = weights(view, "shared_controller")
    assert ("a", "b") not in found
    assert ("aa", "bb") in found
    answer = shock(view, [Shocked("名state")])
    assert answer.total == 0
    assert "state_body" in {f.code for f in answer.findings}
    assert shock(view, [Shocked("名a")]).total == 0


def test_shared_officers_join_companies_and_those_with_too_many_do_not(small):
    for company in ("a", "b"):
        small.edge("OFFICER_OF", "pfew", company, office="董事")
    for number in range(12):
        small.edge("OFFICER_OF", "pmany", f"m{number}", office="董事")
    assert set(weights(small.view(), "shared_officer")) == {("a", "b"), ("b", "a")}


def test_an_interval_of_a_share_is_the_range_of_its_weight(small):
    small.edge("HOLDS", "a", "b", share_min=0.2, share_max=0.6)
    low, central, high = weights(small.view(), "equity_support")["a", "b"]
    assert (low, central, high) == (0.0, 0.02, 0.09)


def test_stakes_beyond_double_leverage_are_scaled_down(small):
    small.report("a", 100.0)
    for company in ("b", "c"):
        small.report(company, 200.0)
        small.edge("HOLDS", "a", company, share_ratio=1.0)
    assert weights(small.view(), "equity_value") == {("b", "a"): [0.6] * 3, ("c", "a"): [0.6] * 3}


def test_a_column_gives_each_number_as_the_best_unit_states_it(small):
    a = small.node("a", capital=5.0)
    small.g.node("Company", "a2", source="other", name="名a", capital=7.0, founded="2001-01-01")
    small.node("b")
    view = small.view()
    row = view.resolve("名a")
    rows, values = view.column("Company", "capital")
    assert (rows.tolist(), values.tolist()) == ([row], [view.value(row, "capital")])
    assert view.column("Company", "founded")[1].tolist() == [(dt.date(2001, 1, 1) - dt.date(1970, 1, 1)).days]
    assert len(view.column("Company", "market_value")[0]) == 0
    assert a


# --- forward ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def chain(small):
    """When d defaults, g must pay for it; the bank lent to both; the firm has something on g."""
    small.report("g", 100.0)
    small.report("bank", 1000.0)
    small.guarantee("d", "g", 50.0)
    small.edge("LENDS_TO", "bank", "d", amount=200.0)
    small.edge("LENDS_TO", "bank", "g", amount=100.0)
    small.part("Exposure", {"client": "g"}, amount=1000.0, collateral=400.0, date="2024-06-01")
    return small


def test_a_default_travels_and_every_part_is_explained(chain):
    answer = shock(chain.view(), [Shocked("名d")])
    guarantor, bank = hit(answer, "g"), hit(answer, "bank")
    assert guarantor.distress == pytest.approx(0.4)
    assert bank.distress == pytest.approx(0.09 + 0.4 * 0.045)
    assert [victim.name for victim in answer.victims] == ["名g", "名bank"]
    assert answer.converged
    assert guarantor.exposure.net == 600
    assert guarantor.exposure.at_risk == pytest.approx(240)
    assert answer.at_risk == pytest.approx(240)
    steps = [[(step.source_name, step.target_name) for step in path.steps] for path in bank.paths]
    assert steps == [[("名d", "名bank")], [("名d", "名g"), ("名g", "名bank")]]
    assert all(step.records for path in bank.paths for step in path.steps)
    assert "借款违约" in bank.text
    assert "loan" in bank.text_en
    assert not bank.capped
    assert answer.parameters.version == channels().label


@pytest.mark.parametrize("model", MODELS)
def test_every_model_answers_with_shares_that_add_up(chain, model):
    answer = shock(chain.view(), [Shocked("名d")], Question(model_named(model)))
    assert answer.total == 2
    for victim in answer.victims:
        assert sum(line.share for line in victim.channels) + victim.own_shock == pytest.approx(
            victim.distress, abs=1e-9
        )
        near = sum(line.share for line in victim.neighbours) + victim.neighbours_rest
        assert near + victim.own_shock == pytest.approx(victim.distress, abs=1e-9)
        assert victim.distress_low <= victim.distress <= victim.distress_high <= 1


def test_clearing_calls_the_guarantor_for_the_shortfall_only(chain):
    chain.report("d", 0.0)
    answer = shock(chain.view(), [Shocked("名d")], Question("clearing"))
    assert hit(answer, "g").distress == pytest.approx(0.5)
    assert hit(answer, "bank").distress == pytest.approx(0.15)


def test_a_cascade_is_the_same_for_the_same_seed(chain):
    view = chain.view()
    first, again, other = (
        shock(view, [Shocked("名d")], Question("cascade", (), Sampling(seed, 200))).model_dump_json()
        for seed in (1, 1, 2)
    )
    assert first == again != other


def test_the_cap_is_said(small):
    small.report("bank", 10.0)
    small.edge("LENDS_TO", "bank", "d", amount=100.0)
    victim = hit(shock(small.view(), [Shocked("名d")]), "bank")
    assert (victim.distress, victim.capped, victim.uncapped) == (1.0, True, 4.5)
    assert "100%" in victim.text


def test_a_shocked_party_is_listed_only_when_it_is_hit_again(small):
    small.report("a", 100.0)
    small.report("b", 100.0)
    small.guarantee("a", "b", 50.0)
    small.guarantee("b", "a", 50.0)
    answer = shock(small.view(), [Shocked("名a", 0.5)])
    again = hit(answer, "a")
    assert again.own_shock == 0.5
    assert again.distress == pytest.approx(0.5 / (1 - 0.16), abs=1e-5)
    assert answer.shocks[0].distress == again.distress


def test_pages_follow_each_other(chain):
    view, seen, cursor = chain.view(), [], None
    while True:
        answer = shock(view, [Shocked("名d")], page=Page(1, cursor, "k"))
        seen += [victim.id for victim in answer.victims]
        cursor = answer.next
        if cursor is None:
            break
    whole = shock(view, [Shocked("名d")])
    assert seen == [victim.id for victim in whole.victims]


def test_left_out_channels_are_left_out(chain):
    view = chain.view()
    assert hit(shock(view, [Shocked("名d")], Question(without=("guarantee",))), "g") is None
    with pytest.raises(InvalidInput, match="nonsense"):
        shock(view, [Shocked("名d")], Question(without=("nonsense",)))


def test_what_left_the_known_graph_is_said(small):
    small.edge("HOLDS", "a", "b", share_ratio=0.3)
    answer = shock(small.view(), [Shocked("名b")])
    assert hit(answer, "a").unknown_holders == 1
    assert "left_known_graph" in {f.code for f in answer.findings}


def test_an_empty_network_is_an_answer(small):
    small.node("alone")
    answer = shock(small.view(), [Shocked("名alone")])
    assert (answer.total, next(f.code for f in answer.findings)) == (0, "no_exposures")


@pytest.mark.parametrize("size", [-0.1, 1.1, float("nan"), float("inf")])
def test_a_shock_is_from_0_to_1(small, size):
    small.node("a")
    with pytest.raises(InvalidInput, match="0 到 1"):
        shock(small.view(), [Shocked("名a", size)])


def test_unusable_questions_are_refused(small):
    small.node("a")
    small.part("Guarantee", {"debtor": "a"})
    view = small.view()
    with pytest.raises(NotFound):
        shock(view, [Shocked("nobody")])
    with pytest.raises(InvalidInput, match="twice"):
        shock(view, [Shocked("名a"), Shocked("名a")])
    with pytest.raises(InvalidInput):
        shock(view, [])
    with pytest.raises(InvalidInput, match="neither"):
        shock(view, [Shocked(view.id(int(view.rows("Guarantee")[0])))])
    with pytest.raises(InvalidInput, match="quadratic"):
        model_named("quadratic")


# --- parameters ------------------------------------------------------------------------------------------------------


def test_a_firm_changes_parameters_and_sees_another_version(tmp_path, chain):
    file = tmp_path / "channels.yaml"
    file.write_text("version: mine\nchannels:\n  loan:\n    parameters:\n      lgd: {default: 0.6}\n")
    mine = channels(file)
    assert mine.label.startswith("mine+")
    assert mine.hash != channels().hash
    answer = shock(chain.view(), [Shocked("名d")], Question(without=("guarantee",)), parameters=mine)
    assert hit(answer, "bank").distress == pytest.approx(0.12)


@pytest.mark.parametrize(
    "text",
    [
        "channels: {loan: {parameters: {lgd: {default: 2, high: 1}}}}",
        "channels: {loan: {parameters: {other: {default: 1}}}}",
        "channels: {gossip: {enabled: true}}",
        "channels: {loan: {parameters: {lgd: {low: -1}}}}",
        "other: 1",
        "[",
        "text",
    ],
)
def test_a_file_of_parameters_that_is_wrong_is_refused(tmp_path, text):
    file = tmp_path / "channels.yaml"
    file.write_text(text)
    with pytest.raises(DataError, match=r"channels\.yaml"):
        channels(file)


# --- backward, book, limits ------------------------------------------------------------------------------------------


def test_threats_are_those_whose_default_would_hurt_most(chain):
    answer = threats(chain.view(), "名bank")
    assert [line.name for line in answer.threats] == ["名d", "名g"]
    assert answer.threats[0].distress == pytest.approx(0.108)
    assert answer.certain
    with pytest.raises(InvalidInput):
        threats(chain.view(), "名bank", limit=0)


def test_the_book_adds_up(chain):
    chain.part("Exposure", {"client": "bank"}, amount=500.0, date="2024-06-01")
    chain.part("Exposure", {"client": "bank"}, amount=9e9, date="2024-07-01")
    quiet, shocked = book(chain.view()), book(chain.view(), [Shocked("名d")])
    assert (quiet.amount, quiet.collateral, quiet.net, quiet.at_risk) == (1500, 400, 1100, 0)
    assert shocked.at_risk == pytest.approx(600 * 0.4 + 500 * 0.108)
    assert shocked.gross_at_risk == pytest.approx(1000 * 0.4 + 500 * 0.108)
    for section in (shocked.by_client, shocked.by_group, shocked.by_industry, shocked.by_product):
        assert sum(line.at_risk for line in section.lines) == pytest.approx(shocked.at_risk)
    assert [line.name for line in shocked.by_client.lines] == ["名g", "名bank"]


def test_the_ranking_names_the_client_that_does_most_harm_and_tells_its_progress(chain):
    for client in ("d", "g"):
        chain.part("Exposure", {"client": client}, amount=1.0)
    done = []
    answer = ranking(chain.view(), progress=done.append)
    assert [line.name for line in answer.clients] == ["名d", "名g"]
    assert answer.clients[0].harm == pytest.approx(100 * 0.4 + 1000 * 0.108)
    assert answer.clients[0].hit == 2
    assert done[-1] == answer.total == 2


def test_limits_of_a_bank_join_connected_clients(small):
    for child in ("a", "b"):
        small.edge("HOLDS", "parent", child, share_ratio=1.0)
        small.part("Exposure", {"client": child}, amount=120.0)
    answer = limits(small.view(), rules("bank"), Capital(tier1_capital=1000.0))
    worst = answer.uses[0]
    assert (worst.rule, worst.status, worst.used) == ("connected_clients", "over", 1.2)
    assert [one.name for one in worst.parties] == ["名parent"]
    assert {one.name for one in worst.clients} == {"名a", "名b"}
    assert [use.status for use in answer.uses[1:]] == ["warning", "warning"]
    assert worst.records


def test_a_brokers_limit_counts_margin_financing_alone_and_unknown_capital_is_said(small):
    margin = small.g.node("Product", "m", name="融资融券", category="信用")
    small.nodes["margin"] = margin
    small.part("Exposure", {"client": "a", "product": "margin"}, amount=60.0)
    small.part("Exposure", {"client": "a"}, amount=1000.0)
    small.part("Limit", {"client": "a"}, amount=2000.0, rule="内部限额", kind="单一客户")
    view = small.view()
    known = limits(view, rules("broker"), Capital(net_capital=1000.0))
    assert [(use.rule, use.amount, use.status) for use in known.uses] == [
        ("margin_financing_single_client", 60.0, "over"),
        ("internal", 1060.0, "within"),
    ]
    unknown = limits(view, rules("broker"))
    assert "capital_unknown" in {f.code for f in unknown.findings}
    assert [use.status for use in unknown.uses] == ["within", "unknown"]
    with pytest.raises(InvalidInput, match="none"):
        rules("none")


# --- properties ------------------------------------------------------------------------------------------------------

names = st.sampled_from(("a", "b", "c", "d"))
ratio = st.sampled_from((0.1, 0.5, 1.0, None))
amount = st.sampled_from((10.0, 100.0, None))
ties = st.lists(
    st.one_of(
        st.tuples(st.just("HOLDS"), names, names, st.fixed_dictionaries({"share_ratio": ratio})),
        st.tuples(st.just("LENDS_TO"), names, names, st.fixed_dictionaries({"amount": amount})),
        st.tuples(st.just("SUPPLIES"), names, names, st.fixed_dictionaries({"cost_share": ratio})),
    ),
    max_size=8,
)
equities = st.dictionaries(names, st.sampled_from((50.0, 200.0, -1.0)), max_size=4)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(ties=ties, equities=equities, sizes=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_distress_has_a_cap_adds_up_and_grows_with_the_shock(builder, ties, equities, sizes):
    small = Small(type(builder)())
    for name in ("a", "b", "c", "d"):
        small.node(name)
    for name, equity in equities.items():
        small.report(name, equity)
    for kind, start, end, props in ties:
        small.edge(kind, start, end, **props)
    view = small.view()
    lesser, greater = (shock(view, [Shocked("名a", size)]) for size in sorted(sizes))
    for answer in (lesser, greater):
        for victim in answer.victims:
            assert 0 <= victim.distress_low <= victim.distress <= victim.distress_high <= 1
            parts = sum(line.share for line in victim.channels) + victim.own_shock
            assert parts == pytest.approx(victim.distress, abs=1e-9)
    for victim in lesser.victims:
        grown = next((v.distress for v in greater.victims if v.id == victim.id), 1.0)
        assert grown >= victim.distress - 1e-4


# --- surfaces --------------------------------------------------------------------------------------------------------


def test_the_command_refuses_two_sizes():
    result = CliRunner().invoke(app, ["risk", "shock", "x", "--default", "--size", "0.5"])
    assert result.exit_code == 2


def test_the_answer_has_the_documented_keys(chain):
    answer = json.loads(shock(chain.view(), [Shocked("名d")]).model_dump_json())
    assert {
        "shocks",
        "as_of",
        "model",
        "parameters",
        "victims",
        "total",
        "next",
        "rounds",
        "converged",
        "findings",
    } <= set(answer)
    assert {
        "id", "name", "kind", "distress", "distress_low", "distress_high", "channels", "neighbours", "paths", "text",
        "text_en", "capped", "exposure",
    } <= set(answer["victims"][0])  # fmt: skip
