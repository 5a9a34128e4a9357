"""Whom readings make of a name keeps it: read again, named by a second document, with either of the two withdrawn."""

import dataclasses
import datetime as dt
import itertools
import json

import pytest

from graph.ids import entity_handle
from ingest.documents import SourceDocument
from ingest.documents.document import TextBuilder
from ingest.event_rows import ALONE, joined, placed
from ingest.feed_events import Feed
from ingest.joining import joining
from ingest.listed_holders import holders_tables
from ingest.own_parties import MADE, named, origins, parties
from ingest.read_documents import ReadDocument
from ingest.reading_rows import believed, rows_of
from ingest.said import Correction, corrected, made, said_of
from ingest.told_together import Together
from ingest.written import reading
from nlp.found import Argument, Event, Mention, Quantity, Reading, Relation
from nlp.linking import Linker
from tests.readings import Shelf

TODAY = dt.date(2024, 12, 31)
WORLD = {
    "Company": [
        {"id": "river", "name": "澄江医药股份有限公司", "short_name": "澄江医药", "code": "600001.SH"},
        {"id": "bank", "name": "云州银行股份有限公司"},
    ]
}
RIVER = entity_handle("native", "Company", "river")
FUND, MAN = "远山投资有限公司", "赵远山"


class Desk:
    """Documents as they stand, each linked on what stood before it for those who may see exactly it."""

    def __init__(self):
        self.standing = {}

    def projection(self, hidden=frozenset()):
        return self.shelf(hidden).projection()

    def shelf(self, hidden=frozenset()):
        shelf = Shelf(WORLD)
        shown = [rows for key, rows in sorted(self.standing.items()) if key not in hidden]
        claims = [claim for rows in shown for claim in rows.claims]
        together = Together(claims, joining())
        shelf._state(
            reading(),
            {
                "Document": [rows.document for rows in shown],
                "Mention": [row for rows in shown for row in rows.mentions],
                "Claim": list(map(together.placed, claims)),
            },
        )
        return shelf

    def view(self, clearance=frozenset()):
        return self.projection().view(clearance, TODAY)

    def own(self):
        return origins(row for label, row in self.shelf().nodes if label in MADE)

    def read(self, document, walls=()):
        """Read a document, once more where it stands; the rows that it has then."""
        one = document(Linker(self.view(frozenset(walls))))
        one = dataclasses.replace(one, compartments=tuple(walls))
        self.standing[one.key] = rows_of(one, believed(), {}, self.own())
        return self.standing[one.key]

    def withdraw(self, key):
        del self.standing[key]


def filing(key="report", *holders, day=dt.date(2024, 3, 31)):
    """A report of the river with a table of its holders."""
    builder = TextBuilder()
    builder.block(f"澄江医药股份有限公司截至{day.year}年{day.month}月{day.day}日前十名股东持股情况如下：")
    head = ("序号", "股东名称", "股东性质", "持股数量（股）", "持股比例（%）")
    holders = holders or (FUND, MAN)
    rows = [
        (str(i), name, "境内自然人" if len(name) < 5 else "境内非国有法人", "5,000,000", f"{9 - i}.00")
        for i, name in enumerate(holders, 1)
    ]
    builder.table((head, *rows), page=1)
    source = SourceDocument(key, "", builder.text, "filing", day, tables=tuple(builder.tables))

    def read(linker):
        found = Reading(source.text, day, tuple(linker.link(source.text, [], day)))
        return ReadDocument(key, found, kind="filing", holdings=holders_tables(source, found, linker))

    return read


NEWS = f"{FUND}将所持澄江医药300万股质押给云州银行股份有限公司，其董事{MAN}称不影响控制权。"


def news(tells, key="news", text=NEWS, day=dt.date(2024, 5, 6)):
    """A text that tells something of those who are found in it: `tells(number of a name)` gives parts of a reading."""

    def read(linker):
        given = (
            [Mention(text.index(MAN), text.index(MAN) + len(MAN), MAN, "person", 0.9)] if MAN in text else []
        )
        found = list(linker.link(text, given, day))
        start = text.find("300万股")
        if start >= 0:
            found.append(Mention(start, start + 5, "300万股", "shares", quantity=Quantity(3e6, "shares")))
        found.sort(key=lambda mention: (mention.start, mention.end))
        numbers = {mention.text: number for number, mention in enumerate(found)}
        assert all(mention.link is not None for mention in found if mention.kind != "shares"), found
        return ReadDocument(key, Reading(text, day, tuple(found), **tells(numbers, found)))

    return read


def relation(kind, start, end, **more):
    return lambda at, _: {
        "relations": (Relation(kind, at[start], at[end], 0, len(NEWS), 0.95, "rules", **more),),
    }


def pledge(at, found):
    roles = {"company": "澄江医药", "pledgee": "云州银行股份有限公司", "shares": "300万股"}
    arguments = tuple(
        Argument(role, found[at[words]].start, found[at[words]].end, words, at[words])
        for role, words in roles.items()
    )
    place = NEWS.index("质押")
    return {
        "events": (
            Event("pledge", (place, place + 2), 0, len(NEWS), 0.95, "rules", arguments, (at[FUND],)),
        )
    }  # fmt: skip


def acquired(at, found):
    """The fund as another party than the subject."""
    target = found[at[FUND]]
    argument = Argument("target", target.start, target.end, target.text, at[FUND])
    place = NEWS.index("质押")
    return {
        "events": (
            Event("acquisition", (place, place + 2), 0, 9, 0.95, "rules", (argument,), (at["澄江医药"],)),
        )
    }  # fmt: skip


def holders(view):
    """Of the river: name, and whether it is to be found by it."""
    facts = view.facts(view.resolve(RIVER), "HOLDS", "in")
    return sorted((view.name(f.other), view.resolve(view.name(f.other)) == f.other) for f in facts)


BOTH = sorted([(FUND, True), (MAN, True)])


def test_holders_keep_their_names_when_a_table_is_read_again():
    desk = Desk()
    first = desk.read(filing())
    assert holders(desk.view()) == BOTH
    again = desk.read(filing())
    assert again.claims == first.claims
    assert holders(desk.view()) == BOTH
    third = desk.read(filing())
    assert third == again  # as it is linked to what it made itself


@pytest.mark.parametrize("withdrawn", ["report", "second"])
def test_holders_of_two_tables_keep_their_names_without_either(withdrawn):
    desk = Desk()
    desk.read(filing())
    desk.read(filing("second", day=dt.date(2024, 6, 30)))
    desk.read(filing())
    assert holders(desk.view()) == BOTH
    desk.withdraw(withdrawn)
    assert holders(desk.view()) == BOTH
    desk.withdraw("second" if withdrawn == "report" else "report")
    assert desk.projection().digest() == Desk().projection().digest()


TOLD = [
    relation("holds", FUND, "澄江医药", quantity=Quantity(0.08, "ratio")),
    relation("controls", FUND, "澄江医药"),
    relation("officer_of", MAN, FUND, office="董事"),
    relation("guarantees", FUND, "澄江医药", quantity=Quantity(1e8, "CNY")),
    relation("cooperates_with", "澄江医药", FUND),
    pledge,
    acquired,
]


def known(view):
    """Everybody of whom something is told, by name."""
    return sorted(view.name(row) for kind in MADE for row in view.rows(kind).tolist())


@pytest.mark.parametrize("tells", TOLD)
@pytest.mark.parametrize("walls", [(), ("deal:a",)])
def test_whoever_tells_of_a_holder_names_it(tells, walls):
    desk = Desk()
    desk.read(filing())
    desk.read(news(tells), walls)
    clearance = frozenset(walls)
    before = desk.view(clearance)
    everybody = sorted(["澄江医药股份有限公司", "云州银行股份有限公司", FUND, MAN])
    assert known(before) == everybody
    facts = told(before)
    desk.read(news(tells), walls)
    assert told(desk.view(clearance)) == facts
    desk.withdraw("report")
    assert known(desk.view(clearance)) == everybody
    assert told(desk.view(clearance)) == facts
    if walls:
        assert known(desk.view()) == known(Desk().view())
    else:
        assert ids(desk.view()) == ids(before)


def ids(view):
    return [view.id(view.resolve(name)) for name in (FUND, MAN)]


def told(view):
    """What news tells of the holders: type, role, names of both ends."""
    return sorted(
        (kind, str(fact.props.get("role") or ""), view.name(row), view.name(fact.other))
        for name in (FUND, MAN)
        for row in [view.resolve(name)]
        for kind in ("CONTROLS", "OFFICER_OF", "RELATES", "PARTY_TO", "MENTIONS")
        for direction in ("in", "out")
        for fact in view.facts(row, kind, direction)
        if kind != "MENTIONS" or view.value(fact.other, "published") == dt.date(2024, 5, 6)
    )


@pytest.mark.parametrize("walls", [(), ("deal:a",)])
def test_a_pledge_of_a_holder_is_the_holders(walls):
    desk = Desk()
    desk.read(filing())
    desk.read(news(pledge), walls)
    desk.withdraw("report")
    view = desk.view(frozenset(walls))
    (row,) = view.rows("Pledge").tolist()
    parties_ = {(f.props["role"], view.name(f.other)) for f in view.facts(row, "PARTY_TO", "in")}
    assert ("pledgor", FUND) in parties_


def test_a_deal_that_a_feed_lists_is_told_with_the_holder_under_its_name():
    desk = Desk()
    desk.read(filing())
    (row,) = desk.read(news(acquired)).claims
    states = json.loads(placed(joined(row, {"Event": Feed("Deal", "D1")}), ALONE)["states"])
    key = f"Company:{FUND}"
    assert {"type": "Company", "id": key, "name": FUND} in states
    assert [state["target"] for state in states if state["type"] == "Deal"] == [key]


def test_a_walled_table_names_its_holders_itself():
    desk = Desk()
    desk.read(filing())
    desk.read(filing("secret", day=dt.date(2024, 6, 30)), ("deal:a",))
    desk.read(filing("secret", day=dt.date(2024, 6, 30)), ("deal:a",))
    public = Desk()
    public.read(filing())
    assert holders(desk.view()) == holders(public.view()) == BOTH
    desk.withdraw("report")
    assert holders(desk.view(frozenset({"deal:a"}))) == BOTH
    assert holders(desk.view()) == []


def test_a_short_name_of_a_holder_names_the_holder():
    desk = Desk()
    desk.read(filing())
    short = NEWS.replace(FUND, "远山投资")
    tells = relation("controls", "远山投资", "澄江医药")
    desk.read(news(tells, text=short))
    desk.withdraw("report")
    view = desk.view()
    (fact,) = view.facts(view.resolve(RIVER), "CONTROLS", "in")
    assert view.name(fact.other) == FUND


def test_what_a_person_accepts_names_the_holder():
    desk = Desk()
    desk.read(filing())
    fund = desk.view().resolve(FUND)
    id_ = desk.view().id(fund)
    desk.read(news(relation("controls", "澄江医药", "云州银行股份有限公司"), text=NEWS))
    (row,) = desk.standing["news"].claims
    said = corrected(said_of(row), Correction(subject=(id_, "Company", FUND)))
    out = made(named(said, desk.own()))
    assert {"type": "Company", "id": f"Company:{FUND}", "name": FUND} in out.rows
    assert id_ in [party.id for party in parties(said)]


def test_those_of_other_sources_are_told_of_by_id_alone():
    desk = Desk()
    rows = desk.read(filing())
    assert RIVER in rows.claims[0]["units"]
    assert RIVER not in desk.own()
    assert all(f'"id": "{RIVER}"' not in claim["states"] for claim in rows.claims)


def test_the_order_of_reading_again_and_withdrawing_changes_no_name():
    for order in itertools.permutations(["report", "second", "news"], 3):
        desk = Desk()
        desk.read(filing())
        desk.read(filing("second", day=dt.date(2024, 6, 30)))
        desk.read(news(pledge))
        again = {
            "report": filing(), "second": filing("second", day=dt.date(2024, 6, 30)), "news": news(pledge),
        }  # fmt: skip
        for key in order:
            desk.read(again[key])
        for key in order:
            assert {FUND, MAN} <= set(known(desk.view())), order
            desk.withdraw(key)
        assert desk.projection().digest() == Desk().projection().digest()
