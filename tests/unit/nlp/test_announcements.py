"""Announcements (公告) of listed companies read whole: who, whom and how much, each event once, and who owns whom."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import yaml

from nlp.found import Event, Mention, Reading
from nlp.mention_edges import edged
from nlp.reader import FULL, Reader, Text

DAY = dt.date(2026, 11, 20)
ANNOUNCEMENTS: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "data" / "announcements.yaml").read_text(encoding="utf-8")
)


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(heads=FULL)


def _name(reading: Reading, number: int) -> str:
    mention = reading.mentions[number]
    return mention.text if mention.antecedent is None else reading.mentions[mention.antecedent].text


def _roles(reading: Reading, event: Event) -> dict[str, set[str]]:
    roles: dict[str, set[str]] = {}
    for argument in event.arguments:
        name = argument.text if argument.mention is None else _name(reading, argument.mention)
        roles.setdefault(argument.role, set()).add(name)
    return roles


@pytest.mark.parametrize("told", ANNOUNCEMENTS, ids=lambda told: told["text"].splitlines()[1][:16])
def test_what_an_announcement_tells(reader: Reader, told: dict[str, Any]) -> None:
    """Its events, each once however often title and text tell it, with their parts; and the relations it states."""
    [reading] = reader.read([Text(told["text"], DAY)])
    for kind in {event["type"] for event in told["events"]}:
        expected = [{k: v for k, v in e.items() if k != "type"} for e in told["events"] if e["type"] == kind]
        found = [_roles(reading, event) for event in reading.events if event.type == kind]
        assert len(found) == len(expected), found
        for roles in expected:
            assert any(all(name in one.get(role, ()) for role, name in roles.items()) for one in found), found
    stated = {(r.type, _name(reading, r.subject), _name(reading, r.object)) for r in reading.relations}
    assert {tuple(relation) for relation in told["relations"]} <= stated


@pytest.mark.parametrize(
    ("taken", "names"),
    [
        ("云岭实业股份有限公司关于控股股东部分股份", ["云岭实业股份有限公司"]),
        ("云岭控股”）持有北岭重工股份有限公司", ["云岭控股", "北岭重工股份有限公司"]),
        ("云岭实业公告，公司全资子公司云岭生物科技有限公司", ["云岭实业", "云岭生物科技有限公司"]),
        ("公司及全资子公司聆感科技", ["聆感科技"]),
        ("控股股东云岭集团有限公司", ["云岭集团有限公司"]),
        ("云岭实业控股股东为云岭（集团）有限责任公司", ["云岭实业", "云岭（集团）有限责任公司"]),
        ("高岭创投领投", ["高岭创投"]),
        ("*ST云岭", ["*ST云岭"]),
        ("● 公司", []),
        ("云岭电气(600000.SH)", ["云岭电气(600000.SH)"]),
        ("苏州恒岭投资合伙企业（有限合伙）", ["苏州恒岭投资合伙企业（有限合伙）"]),
    ],
)
def test_a_name_ends_where_the_words_around_it_begin(taken: str, names: list[str]) -> None:
    """What a model took for a company is cut to its name, or parted into several, with their places."""
    found = list(edged(Mention(5, 5 + len(taken), taken, "company")))
    assert [mention.text for mention in found] == names
    assert all(taken[m.start - 5 : m.end - 5] == m.text for m in found)


def test_a_natural_person_is_a_person() -> None:
    """自然人王建国 is no place."""
    [mention] = edged(Mention(0, 6, "自然人王建国", "place"))
    assert (mention.start, mention.text, mention.kind) == (3, "王建国", "person")
