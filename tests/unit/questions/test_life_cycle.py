"""Stages of life by cash flows: every pattern, hysteresis over years, the fall-back, and reports that are wrong."""

from __future__ import annotations

import datetime as dt

import pytest

from graph.errors import DataError, InvalidInput
from queries.indicators_stages import life_cycle_rules
from queries.life_cycle import life_cycle

DAY = dt.date(2024, 6, 30)
GROWTH, MATURE, INTRODUCTION, DECLINE = "+-+", "+--", "--+", "-++"


class Firm:
    """A company and its yearly reports."""

    def __init__(self, builder, **props) -> None:
        self.g = builder
        self.node = builder.node("Company", "c", name="澄江有限公司", **props)
        self.number = 0

    def report(self, year, signs, size=1.0, **props):
        self.number += 1
        flows = ("operating_cash_flow", "investing_cash_flow", "financing_cash_flow")
        given = {name: size if sign == "+" else -size for name, sign in zip(flows, signs, strict=False)}
        said = {"period_end": f"{year}-12-31", "period_months": 12, "total_assets": 100.0, **given, **props}
        self.g.part(
            "FinancialReport", f"r{self.number}", {"company": [self.node]}, name=f"{year}年报", **said
        )
        return self

    def years(self, *signs, until=2023):
        for n, sign in enumerate(signs):
            self.report(until - len(signs) + 1 + n, sign)
        return self

    def ask(self, day=DAY):
        return life_cycle(self.g.projection().view(frozenset(), day), self.node[1])


@pytest.mark.parametrize(
    ("signs", "stage"),
    [
        ("--+", "introduction"), ("+-+", "growth"), ("+--", "mature"), ("---", "shake_out"), ("+++", "shake_out"),
        ("++-", "shake_out"), ("-++", "decline"), ("-+-", "decline"),
    ],
)  # fmt: skip
def test_the_patterns_of_dickinson(builder, signs, stage):
    found = Firm(builder).years(signs).ask()
    assert (found.stage, found.basis, found.years[0].signs) == (stage, "cash_flows", signs)
    assert "Accounting Review" in found.rules


def test_a_stage_changes_when_seen_two_years_running(builder):
    found = Firm(builder).years(GROWTH, GROWTH, MATURE, GROWTH, MATURE, MATURE).ask()
    assert [year.stage for year in found.years[::-1]] == ["growth"] * 5 + ["mature"]
    assert found.stage == "mature"
    assert "首次" in found.years[1].reason


def test_large_flows_change_it_at_once(builder):
    firm = Firm(builder).years(GROWTH, GROWTH, until=2022)
    assert firm.report(2023, DECLINE, size=10.0).ask().stage == "decline"


def test_a_year_that_is_missing_breaks_what_runs(builder):
    firm = Firm(builder).report(2019, GROWTH).report(2020, GROWTH).report(2021, MATURE).report(2023, MATURE)
    found = firm.ask()
    assert found.stage == "growth"
    assert [finding.code for finding in found.findings] == ["report_year_missing"]
    assert "2021年报" in found.findings[0].message
    assert "2023年报" in found.findings[0].message


def test_an_unknown_flow_shows_nothing_and_changes_nothing(builder):
    firm = Firm(builder).years(GROWTH, GROWTH, until=2022)
    found = firm.report(2023, "+-").ask()
    assert (found.stage, found.years[0].shown, found.years[0].stage) == ("growth", None, "growth")


def test_old_reports_say_nothing_of_today(builder):
    found = Firm(builder, founded=dt.date(2000, 1, 1)).years(DECLINE, until=2018).ask()
    assert (found.stage, found.basis) == ("mature", "fallback")
    assert [finding.code for finding in found.findings] == ["reports_stale"]
    assert "替代规则" in found.text


def test_as_of_a_day_only_what_had_ended_counts(builder):
    firm = Firm(builder).years(GROWTH, MATURE, MATURE)
    assert firm.ask().stage == "mature"
    assert firm.ask(dt.date(2023, 6, 30)).stage == "growth"


@pytest.mark.parametrize(
    ("props", "stage"),
    [
        ({"code": "600001.SH", "listed_on": dt.date(2023, 1, 1)}, "growth"),
        ({"code": "600001.SH", "listed_on": dt.date(2010, 1, 1)}, "mature"),
        ({"founded": dt.date(2023, 1, 1)}, "introduction"), ({"founded": dt.date(2018, 1, 1)}, "growth"),
        ({"founded": dt.date(2000, 1, 1)}, "mature"), ({}, None),
    ],
)  # fmt: skip
def test_the_fall_back_says_that_it_is_one(builder, props, stage):
    found = Firm(builder, **props).ask()
    assert (found.stage, found.basis) == (stage, "fallback" if stage else None)
    assert ("替代规则" in found.text) == bool(stage)


def test_the_fall_back_reads_the_last_round(builder):
    firm = Firm(builder, founded=dt.date(2000, 1, 1))
    firm.g.part("Deal", "d", {"target": [firm.node]}, kind="financing", stage="A轮", date=dt.date(2024, 1, 1))
    assert firm.ask().stage == "introduction"


def test_reports_with_impossible_periods_are_named_and_not_used(builder):
    firm = Firm(builder).report(2023, GROWTH)
    firm.report(2023, MATURE, period_months=40).report(2022, MATURE, period_end=None)
    firm.report(2023, MATURE, period_months=None, period_end="2023-06-30")
    found = firm.ask()
    assert found.stage == "growth"
    codes = {finding.code: finding for finding in found.findings}
    assert set(codes) == {"report_bad_length", "report_no_period_end", "report_length_unknown"}
    assert all(finding.records for finding in found.findings)


def test_two_reports_of_one_period_are_both_named(builder):
    found = Firm(builder).report(2023, GROWTH).report(2023, MATURE).ask()
    (finding,) = found.findings
    assert finding.code == "report_same_period"
    assert len(finding.records) == 2
    assert len(found.years) == 1


def test_a_changed_financial_year_overlaps(builder):
    found = Firm(builder).report(2022, GROWTH).report(2023, GROWTH, period_end="2023-06-30").ask()
    assert [finding.code for finding in found.findings] == ["report_years_overlap"]


def test_a_person_has_no_life_cycle(builder):
    person = builder.node("Person", "p", name="李安")
    with pytest.raises(InvalidInput):
        life_cycle(builder.projection().view(frozenset(), DAY), person[1])


def test_rules_without_all_patterns_are_refused(tmp_path):
    text = "version: x\npatterns: {growth: ['+-+']}\nyears_to_change: 2\nmagnitude: 0.1\nstale_years: 3\nfallback: []\n"
    file = tmp_path / "life.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="8 patterns"):
        life_cycle_rules(file)
