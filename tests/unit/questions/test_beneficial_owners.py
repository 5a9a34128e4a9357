"""Beneficial owners by regime: planted structures whose answer is known by hand, and what bad input gets."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from graph.errors import DataError, InvalidInput, NotFound
from queries.beneficial_owners import BeneficialOwners, beneficial_owners
from queries.regimes import regime

DAY = dt.date(2026, 6, 30)


class World:
    """A builder with short words for owners, and the question."""

    def __init__(self, builder: Any) -> None:
        self.builder = builder
        self.ids: dict[str, str] = {}
        self.nodes: dict[str, tuple[str, str]] = {}

    def person(self, *names: str) -> None:
        for name in names:
            self.nodes[name] = self.builder.node("Person", name, name=name)
            self.ids[self.nodes[name][1]] = name

    def company(self, *names: str, **props: Any) -> None:
        for name in names:
            self.nodes[name] = self.builder.node("Company", name, name=f"{name}有限公司", **props)
            self.ids[self.nodes[name][1]] = name

    def holds(self, holder: str, company: str, share: float | None = None, **props: Any) -> None:
        if "votes_entrusted_to" in props:
            props["votes_entrusted_to"] = self.nodes[props["votes_entrusted_to"]][1]
        self.builder.edge("HOLDS", self.nodes[holder], self.nodes[company], share_ratio=share, **props)

    def office(self, person: str, company: str, office: str) -> None:
        self.builder.edge("OFFICER_OF", self.nodes[person], self.nodes[company], office=office)

    def controls(self, party: str, company: str, **props: Any) -> None:
        self.builder.edge("CONTROLS", self.nodes[party], self.nodes[company], **props)

    def concert(self, company: str, *parties: str, **props: Any) -> None:
        roles = {"parties": [self.nodes[party] for party in parties], "target": [self.nodes[company]]}
        self.builder.part("ConcertAgreement", f"ca-{company}", roles, name="协议", **props)

    def ask(self, company: str, law: str = "cn", as_of: dt.date = DAY) -> BeneficialOwners:
        view = self.builder.projection().view(as_of=as_of)
        return beneficial_owners(view, self.nodes[company][1], regime(law))

    def met(self, company: str, law: str = "cn", **when: Any) -> dict[str, list[str]]:
        """The owners by name, each with the criteria that it meets."""
        found = self.ask(company, law, **when).beneficial_owners
        return {self.ids[owner.id]: [met.criterion for met in owner.criteria] for owner in found}


@pytest.fixture
def world(builder: Any) -> World:
    return World(builder)


def codes(answer: BeneficialOwners) -> list[str]:
    return [gap.code for gap in answer.missing]


# --- ownership -------------------------------------------------------------------------------------------------------


def test_a_pyramid_multiplies_along_the_chain(world):
    world.person("甲", "乙")
    world.company("一", "二", "三", "四")
    chain = ["甲", "一", "二", "三", "四"]
    for holder, company, share in zip(chain, chain[1:], (0.6, 0.7, 0.55, 0.51), strict=False):
        world.holds(holder, company, share)
        world.holds("乙", company, 1 - share)
    assert world.met("二") == {"甲": ["capital"], "乙": ["capital"]}  # 42% and 58%
    assert world.met("四") == {"乙": ["capital"], "甲": ["control"]}  # 甲: 11.781%
    owner = world.ask("四").beneficial_owners[1]
    assert owner.criteria[0].article == "第六条第一款第（三）项"
    assert [vote.voting_ratio for vote in owner.votes] == [0.6, 0.7, 0.55, 0.51]
    assert owner.basis == "computed"


def test_every_chain_is_shown_and_they_add_up(world):
    world.person("甲", "乙")
    world.company("左", "右", "标")
    world.holds("甲", "左", 0.5)
    world.holds("甲", "右", 0.5)
    world.holds("左", "标", 0.25)
    world.holds("右", "标", 0.25)
    world.holds("乙", "标", 0.5)
    answer = world.ask("标")
    owner = next(line for line in answer.beneficial_owners if world.ids[line.id] == "甲")
    assert owner.criteria[0].ratio == 0.25  # exactly, and it counts
    assert [path.ratio for path in owner.paths] == pytest.approx([0.125, 0.125])
    assert sum(path.ratio for path in owner.paths) == pytest.approx(owner.criteria[0].ratio)
    assert not owner.paths_truncated
    assert owner.paths[0].steps[0].holder == world.nodes["甲"][1]
    assert {record.id for record in owner.records} >= {
        record.id for path in owner.paths for step in path.steps for record in step.records
    }


@pytest.mark.parametrize("law", ["cn", "eu"])
@pytest.mark.parametrize(("share", "owner"), [(0.25, True), (0.25 - 1e-8, False), (0.1 + 0.15, True)])
def test_a_quarter_counts_and_less_does_not(world, law, share, owner):
    world.person("甲", "乙")
    world.company("标")
    world.holds("甲", "标", share)
    world.holds("乙", "标", 1 - share)
    assert ("甲" in world.met("标", law)) is owner


def test_a_loop_is_counted_to_its_end(world):
    world.person("甲", "乙")
    world.company("一", "二")
    world.holds("甲", "一", 0.3)
    world.holds("二", "一", 0.7)
    world.holds("一", "二", 0.2)
    world.holds("乙", "二", 0.8)
    owners = {world.ids[o.id]: o.criteria[0].ratio for o in world.ask("一").beneficial_owners}
    assert owners == pytest.approx({"甲": 0.3 / (1 - 0.14), "乙": 0.7 * 0.8 / (1 - 0.14)})


def test_more_chains_than_are_shown_are_said_to_be(world):
    world.person("甲")
    world.company("标", *(f"层{i}" for i in range(30)))
    for i in range(30):
        world.holds("甲", f"层{i}", 1.0)
        world.holds(f"层{i}", "标", 1 / 30)
    (owner,) = world.ask("标").beneficial_owners
    assert len(owner.paths) == 20
    assert owner.paths_truncated


def test_fifteen_layers_and_seventy(world):
    world.person("甲", "乙")
    world.company(*(f"层{i}" for i in range(70)))
    world.holds("甲", "层0", 1.0)
    for i in range(69):
        world.holds(f"层{i}", f"层{i + 1}", 0.99)
    shallow, deep = world.ask("层14").beneficial_owners, world.ask("层69").beneficial_owners
    assert len(shallow[0].paths[0].steps) == 15
    assert len(deep[0].paths[0].steps) == 70
    assert deep[0].criteria[0].ratio == pytest.approx(0.99**69)


# --- income and votes ------------------------------------------------------------------------------------------------


def test_votes_without_capital(world):
    world.person("创", "投")
    world.company("标")
    world.holds("创", "标", 0.22, voting_ratio=0.45, share_class="A")
    world.holds("投", "标", 0.55, voting_ratio=0.27, share_class="B")
    assert world.met("标") == {"投": ["capital"], "创": ["income_or_votes"]}
    (met,) = next(o for o in world.ask("标").beneficial_owners if world.ids[o.id] == "创").criteria
    assert (met.measure, met.ratio) == ("votes", 0.45)
    assert world.met("标", "eu") == {"投": ["ownership"], "创": ["ownership"]}


def test_two_classes_give_control(world):
    world.person("创", "投")
    world.company("标")
    world.holds("创", "标", 0.22, voting_ratio=0.62)
    world.holds("投", "标", 0.55, voting_ratio=0.27)
    assert world.met("标") == {"创": ["income_or_votes", "control"], "投": ["capital"]}


def test_income_is_multiplied_through_a_fund(world):
    world.person("劣", "优")
    world.company("基", "标")
    world.holds("劣", "基", 0.1, income_ratio=0.4)
    world.holds("优", "基", 0.9, income_ratio=0.6)
    world.holds("基", "标", 0.7)
    world.holds("优", "标", 0.3)
    answer = world.ask("标")
    (owner,) = [o for o in answer.beneficial_owners if world.ids[o.id] == "劣"]
    (met,) = owner.criteria
    assert (met.criterion, met.measure, met.ratio) == ("income_or_votes", "income", 0.28)
    assert [step.counted_ratio for step in owner.paths[0].steps] == [0.4, 0.7]
    assert [step.share_ratio for step in owner.paths[0].steps] == [0.1, 0.7]


def test_entrusted_votes_count_for_whom_they_are_entrusted_to(world):
    world.person("受", "委", "他")
    world.company("标")
    world.holds("受", "标", 0.1)
    world.holds("委", "标", 0.2, votes_entrusted_to="受")
    world.holds("他", "标", 0.7)
    assert world.met("标") == {"他": ["capital"], "受": ["income_or_votes"]}
    owner = world.ask("标").beneficial_owners[1]
    assert [path.steps[0].entrusted_by for path in owner.paths] != [None]


def test_entrusted_votes_make_control(world):
    world.person("受", "委", "他")
    world.company("标")
    world.holds("受", "标", 0.2)
    world.holds("委", "标", 0.35, votes_entrusted_to="受")
    world.holds("他", "标", 0.45)
    assert world.met("标") == {"受": ["income_or_votes", "control"], "他": ["capital"], "委": ["capital"]}


# --- control ---------------------------------------------------------------------------------------------------------


def test_parties_to_a_concert_agreement_control_jointly(world):
    world.person("甲", "乙", "丙")
    world.company("标", "别")
    for person, share in zip("甲乙丙", (0.2, 0.18, 0.15), strict=True):
        world.holds(person, "标", share)
        world.holds(person, "别", share)
    world.concert("标", "甲", "乙", "丙")
    assert world.met("标") == {person: ["control"] for person in "甲乙丙"}
    assert world.met("别") == {}
    assert world.met("标", "eu") == {person: ["control"] for person in "甲乙丙"}


def test_an_agreement_that_ran_out_gives_nobody_control(world):
    world.person("甲", "乙")
    world.company("标")
    world.holds("甲", "标", 0.24)
    world.holds("乙", "标", 0.24)
    world.holds("甲", "标", 0.0, share_class="优先")
    world.concert("标", "甲", "乙", valid_to="2022-05-01")
    assert world.met("标") == {}


def test_who_controls_a_company_that_acts_in_concert_is_named(world):
    world.person("甲", "乙", "丙")
    world.company("壳", "标")
    world.holds("甲", "壳", 0.6)
    world.holds("丙", "壳", 0.4)
    world.holds("壳", "标", 0.3)
    world.holds("乙", "标", 0.22)
    world.concert("标", "壳", "乙")
    assert world.met("标") == {"甲": ["control"], "乙": ["control"]}
    owner = next(o for o in world.ask("标").beneficial_owners if world.ids[o.id] == "甲")
    assert {world.ids[vote.company] for vote in owner.votes} == {"壳", "标"}


def test_a_general_partner_controls(world):
    world.person("甲", "投", "乙")
    world.company("管", "基", "标")
    world.holds("甲", "管", 0.8)
    world.holds("管", "基", 0.01, partner="general")
    world.holds("投", "基", 0.6, partner="limited")
    world.holds("乙", "基", 0.39, partner="limited")
    world.holds("基", "标", 0.55)
    assert world.met("标") == {"投": ["capital"], "甲": ["control"]}
    eu = world.met("标", "eu")
    assert eu == {
        "投": ["ownership", "owns_controller"],
        "乙": ["owns_controller"],
        "甲": ["control", "controls_holder", "owns_controller"],
    }


def test_a_disclosed_controller_counts_where_nothing_can_be_computed(world):
    world.person("甲")
    world.company("标")
    world.controls("甲", "标", ratio=0.45)
    answer = world.ask("标")
    (owner,) = answer.beneficial_owners
    assert (world.ids[owner.id], owner.basis, owner.criteria[0].criterion) == ("甲", "disclosed", "control")
    assert owner.records
    assert codes(answer) == ["no_holders", "control_not_determinable"]


def test_a_disclosed_controller_whom_the_shares_contradict_is_only_possible(world):
    world.person("甲", "乙", "丙", "丁", "戊")
    world.company("标")
    for person in "甲乙丙丁戊":
        world.holds(person, "标", 0.2)
    world.controls("甲", "标", ratio=0.2)
    world.office("戊", "标", "总经理")
    answer = world.ask("标")
    assert [(world.ids[line.id], line.basis) for line in answer.possible] == [("甲", "disclosed")]
    assert [(world.ids[line.id], line.basis) for line in answer.beneficial_owners] == [("戊", "fallback")]
    assert "disclosed_not_confirmed" in [finding.code for finding in answer.findings]


def test_who_controls_a_disclosed_company_is_meant(world):
    world.person("甲")
    world.company("母", "标")
    world.holds("甲", "母", 1.0)
    world.controls("母", "标")
    assert world.met("标") == {"甲": ["control"]}


# --- the Union's article 54 ------------------------------------------------------------------------------------------


def test_sixty_per_cent_of_a_company_that_owns_thirty(world):
    world.person("甲", "乙")
    world.company("间", "标")
    world.holds("甲", "间", 0.6)
    world.holds("乙", "间", 0.4)
    world.holds("间", "标", 0.3)
    world.holds("乙", "标", 0.7)
    assert "甲" not in world.met("标", "cn")
    assert world.met("标", "eu")["甲"] == ["controls_holder"]
    owner = next(o for o in world.ask("标", "eu").beneficial_owners if world.ids[o.id] == "甲")
    assert owner.criteria[0].article == "Article 54(a)"
    assert owner.criteria[0].ratio == 0.3
    assert owner.criteria[0].through == [world.nodes["间"][1]]
    assert [vote.voting_ratio for vote in owner.votes] == [0.6]


def test_controlled_holders_add_up(world):
    world.person("甲", "乙")
    world.company("左", "右", "标")
    for arm, share in (("左", 0.15), ("右", 0.1)):
        world.holds("甲", arm, 0.51)
        world.holds("乙", arm, 0.49)
        world.holds(arm, "标", share)
    world.holds("乙", "标", 0.75)
    assert world.met("标", "eu")["甲"] == ["controls_holder"]
    assert len(world.ask("标", "eu").beneficial_owners[1].paths) == 2


def test_a_quarter_of_what_controls_it(world):
    world.person("甲", "乙")
    world.company("母", "间", "标")
    world.holds("甲", "母", 0.25)
    world.holds("乙", "母", 0.75)
    world.holds("母", "间", 0.51)
    world.holds("间", "标", 0.6)
    assert world.met("标", "eu")["甲"] == ["owns_controller"]
    owner = next(o for o in world.ask("标", "eu").beneficial_owners if world.ids[o.id] == "甲")
    assert owner.criteria[0].article == "Article 54(b)"
    assert [(world.ids[v.holder], world.ids[v.company]) for v in owner.votes] == [("母", "间"), ("间", "标")]


# --- nobody ----------------------------------------------------------------------------------------------------------


def test_the_manager_stands_for_an_owner_only_where_there_is_none(world):
    world.person("甲", "经", "董")
    world.company("散", "标")
    world.holds("甲", "标", 0.3)
    for company in ("散", "标"):
        world.office("经", company, "总经理")
        world.office("董", company, "董事长")
    for i in range(5):
        world.person(f"股{i}")
        world.holds(f"股{i}", "散", 0.2)
    assert world.met("标") == {"甲": ["capital"]}
    assert world.met("散") == {"经": ["fallback"]}
    assert world.ask("散").beneficial_owners[0].basis == "fallback"


def test_senior_managing_officials_are_no_beneficial_owners(world):
    world.person("经", "副", "监")
    world.company("散")
    world.office("经", "散", "总经理")
    world.office("副", "散", "副总经理")
    world.office("监", "散", "监事")
    for i in range(5):
        world.person(f"股{i}")
        world.holds(f"股{i}", "散", 0.2)
    answer = world.ask("散", "eu")
    assert answer.beneficial_owners == []
    assert [world.ids[line.id] for line in answer.senior_managing_officials] == ["经", "副"]
    assert "not beneficial owners" in answer.senior_managing_officials[0].text


def test_the_legal_representative_of_what_the_state_has(world):
    world.person("法", "经")
    world.company("委", nature="state_body")
    world.company("集", nature="state_owned")
    world.company("子")
    world.holds("委", "集", 1.0)
    world.holds("集", "子", 0.6)
    world.office("法", "子", "法定代表人")
    world.office("经", "子", "总经理")
    answer = world.ask("子")
    assert [(world.ids[o.id], o.basis) for o in answer.beneficial_owners] == [("法", "state_owned")]
    assert answer.beneficial_owners[0].criteria[0].article == "第七条"
    assert "no_officer" in codes(world.ask("集"))


# --- what is missing -------------------------------------------------------------------------------------------------


def test_an_interval_that_straddles_the_threshold_is_possible(world):
    world.person("甲", "乙", "丙")
    world.company("标")
    world.holds("甲", "标", share_min=0.55, share_max=0.75)
    world.holds("乙", "标", share_min=0.2, share_max=0.3)
    world.holds("丙", "标", share_min=0.05, share_max=0.1)
    answer = world.ask("标")
    assert [world.ids[o.id] for o in answer.beneficial_owners] == ["甲"]
    (met,) = answer.beneficial_owners[0].criteria
    assert (met.ratio_min, met.ratio_max) == (0.55, 0.75)
    (possible,) = answer.possible
    assert world.ids[possible.id] == "乙"
    assert (possible.criteria[0].ratio_min, possible.criteria[0].ratio_max) == (0.2, 0.3)
    assert possible.records


def test_a_holder_without_a_share_may_be_an_owner(world):
    world.person("甲", "乙")
    world.company("标")
    world.holds("甲", "标")
    world.holds("乙", "标", 0.3)
    answer = world.ask("标")
    assert world.met("标") == {"乙": ["capital"]}
    assert [(world.ids[p.id], p.criteria[0].ratio_max) for p in answer.possible] == [("甲", 0.7)]
    assert set(codes(answer)) == {"unknown_ratio", "control_not_determinable"}
    assert "share_unknown" in [finding.code for finding in answer.findings]


def test_unknown_and_untraced_parts_are_named(world):
    world.person("甲")
    world.company("壳", "标", "小")
    world.company("海", country="VG")
    world.holds("甲", "标", 0.4)
    world.holds("海", "标", 0.3)
    world.holds("壳", "标", 0.1)
    gaps = {(gap.code, gap.ratio) for gap in world.ask("标").missing if gap.measure}
    assert gaps == {("holder_not_traced", 0.3)}
    world.holds("甲", "小", 0.2)
    world.holds("壳", "小", 0.05)
    assert ("unknown_ratio", 0.75) in {(gap.code, gap.ratio) for gap in world.ask("小").missing}


def test_small_parts_that_would_do_together(world):
    world.person("甲", "乙")
    world.company("壳", "标")
    world.holds("甲", "标", 0.2)
    world.holds("乙", "标", 0.72)
    world.holds("壳", "标", 0.08)
    assert codes(world.ask("标")) == ["small_parts"]


def test_what_is_overstated_has_possible_owners_only(world):
    people = ("甲", "乙", "丙")
    world.person(*people)
    world.company("标")
    for person, share in zip(people, (0.45, 0.4, 0.2), strict=True):
        world.holds(person, "标", share)
    answer = world.ask("标")
    assert [world.ids[p.id] for p in answer.possible] == ["甲", "乙"]
    assert answer.beneficial_owners == []
    assert "overstated" in codes(answer)


def test_a_closed_ring_has_no_owner(world):
    world.company("一", "二", "三")
    for holder, company in (("一", "二"), ("二", "三"), ("三", "一")):
        world.holds(holder, company, 1.0)
    answer = world.ask("一")
    assert answer.beneficial_owners == answer.possible == []
    assert "circular" in codes(answer)
    assert "no_officer" in codes(answer)


def test_a_company_without_holders(world):
    world.company("标")
    answer = world.ask("标")
    assert answer.beneficial_owners == answer.possible == []
    assert codes(answer) == ["no_holders", "control_not_determinable", "no_officer"]


def test_a_stake_of_none_and_one_in_itself(world):
    world.person("甲", "乙")
    world.company("标")
    world.holds("甲", "标", 0.5)
    world.holds("乙", "标", 0.0)
    world.holds("标", "标", 0.5)
    assert world.met("标") == {"甲": ["capital"]}
    assert world.ask("标").beneficial_owners[0].criteria[0].ratio == 1.0


# --- exemption -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("props", "result"),
    [
        ({"capital": 1e7}, "may_apply"),
        ({"capital": 1e7 + 1}, "does_not_apply"),
        ({}, "not_determinable"),
        ({"capital": 1e6, "capital_currency": "USD"}, "not_determinable"),
        ({"capital": 1e6, "capital_currency": "CNY"}, "may_apply"),
    ],
)
def test_the_exemption_on_commitment(world, props, result):
    world.person("甲", "乙")
    world.company("标", **props)
    world.holds("甲", "标", 0.6)
    world.holds("乙", "标", 0.4)
    answer = world.ask("标")
    assert answer.exemption is not None
    assert answer.exemption.result == result
    assert len(answer.beneficial_owners) == 2
    assert world.ask("标", "eu").exemption is None


def test_nobody_else_may_control_what_is_exempt(world):
    world.person("甲", "乙")
    world.company("标", "托", capital=1e6)
    for company in ("标", "托"):
        world.holds("甲", company, 0.4)
        world.holds("乙", company, 0.6)
    world.person("丙")
    world.controls("丙", "标")
    assert world.ask("标").exemption.result == "does_not_apply"
    assert world.ask("托").exemption.result == "may_apply"
    world.concert("托", "甲", "乙")
    world.company("壳", capital=1e6)
    world.company("母")
    world.holds("甲", "母", 1.0)
    world.holds("母", "壳", 1.0)
    assert world.ask("壳").exemption.result == "does_not_apply"


# --- dates and input -------------------------------------------------------------------------------------------------


def test_control_that_was_sold(world):
    world.person("卖", "买")
    world.company("标")
    world.holds("卖", "标", 0.6, valid_to="2025-05-01")
    world.holds("买", "标", 0.6, valid_from="2025-05-01")
    assert world.met("标", as_of=dt.date(2025, 4, 30)) == {"卖": ["capital"]}
    assert world.met("标", as_of=dt.date(2025, 5, 1)) == {"买": ["capital"]}


def test_a_regime_that_is_not_in_force_yet_is_said_to_be(world):
    world.person("甲")
    world.company("标")
    world.holds("甲", "标", 1.0)
    assert world.ask("标", "eu").findings[0].code == "not_in_force"
    assert "not_in_force" not in [finding.code for finding in world.ask("标").findings]


def test_only_a_company_has_beneficial_owners(world):
    world.person("甲")
    world.company("标")
    with pytest.raises(InvalidInput, match="不是公司"):
        world.ask("甲")
    view = world.builder.projection().view(as_of=DAY)
    with pytest.raises(NotFound):
        beneficial_owners(view, "没有这家公司", regime("cn"))


def test_an_unknown_regime_lists_those_there_are():
    with pytest.raises(InvalidInput) as error:
        regime("us")
    assert error.value.field == "regime"
    assert "cn, eu" in error.value.hint


def test_a_firm_may_declare_its_own(tmp_path: Path, world):
    shipped = Path(__file__).parents[3] / "queries" / "data" / "beneficial_owner_cn.yaml"
    text = shipped.read_text(encoding="utf-8").replace("name: cn", "name: house")
    (tmp_path / "beneficial_owner_house.yaml").write_text(text.replace("0.25", "0.10"), encoding="utf-8")
    world.person("甲", "乙")
    world.company("标")
    world.holds("甲", "标", 0.1)
    world.holds("乙", "标", 0.9)
    view = world.builder.projection().view(as_of=DAY)
    found = beneficial_owners(view, world.nodes["标"][1], regime("house", tmp_path))
    assert len(found.beneficial_owners) == 2
    assert regime("cn", tmp_path).name == "cn"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("threshold: 0.25", "threshold: 25"),
        ("unless: [capital]", "unless: [wealth]"),
        ("test: interest", "test: wish"),
        ("id: control", "id: capital"),
        ("name: cn", "name: [cn"),
    ],
)
def test_a_file_that_is_wrong_is_refused(tmp_path: Path, old, new):
    shipped = Path(__file__).parents[3] / "queries" / "data" / "beneficial_owner_cn.yaml"
    wrong = shipped.read_text(encoding="utf-8").replace(old, new, 1)
    (tmp_path / "beneficial_owner_cn.yaml").write_text(wrong, encoding="utf-8")
    with pytest.raises(DataError, match=r"beneficial_owner_cn\.yaml"):
        regime("cn", tmp_path)
