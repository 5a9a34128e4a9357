"""What was read as a person sees it at terminals of several widths: whole words, whole ids, nothing left out."""

import datetime as dt
import io

import pytest
from rich.console import Console

from api import show_reading
from api.reads import ReadLine
from tests.readings import Text

GROUP, RIVER = ("0b51f1f3c2a94e6d8f7a2c31", "Company"), ("0b51f1f3c2a94e6d8f7a2c32", "Company")


def shown(line, width):
    console = Console(width=width, record=True, file=io.StringIO())
    show_reading.document(console, line)
    return console.export_text()


@pytest.fixture
def line():
    told = Text("d", "澄江集团拟以2亿元收购云州生物科技股份有限公司[/b]，王某任董事长。", dt.date(2024, 3, 2))
    group = told.name("澄江集团", GROUP)
    target = told.name("云州生物科技股份有限公司[/b]", RIVER)
    told.name("王某", candidates=[("0b51f1f3c2a94e6d8f7a2c33", "Person", 0.5)], kind="person")
    told.event(
        "acquisition", "收购", [group], amount=2e8, day=dt.date(2024, 3, 1), detail="planned",
        others=[("acquirer", group), ("target", target)],
    )  # fmt: skip
    told.event("executive_change", "任", [group], detail="appointed")
    told.relation("subsidiary_of", target, group)
    reading = told.read(0.5).reading
    return ReadLine(id="d", key="d", title=None, reading=reading, notes=[])


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_words_and_ids_are_whole_at_the_usual_widths(line, width):
    text = shown(line, width)
    whole = (
        *(GROUP[0], RIVER[0], "executive_change", "acquisition", "planned）", "200,000,000 CNY"),
        *("收购方 acquirer: 澄江集团", "被收购方 target:", "2024-03-01", "subsidiary_of", "95%"),
    )
    assert [words for words in whole if words not in text] == []
    assert max(map(len, text.splitlines()[1:])) <= width


def test_a_very_narrow_terminal_folds_and_leaves_nothing_out(line):
    text = "".join(shown(line, 50).split())
    assert "executive_change" in text
    assert "…" not in text
