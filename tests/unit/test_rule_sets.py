"""Rule files: what is refused and how the error names it, evaluation, unknown facts, reload with the last good."""

from __future__ import annotations

import itertools
import json
import os
import shutil
from pathlib import Path

import pytest

from graph.errors import DataError, NotFound
from queries.company_facts import fact_names
from queries.declared import shipped
from queries.rule_set_checks import names_in
from queries.rule_sets import CATEGORIES, RuleBook, RuleSet, SetSpec, rules_of

TAGS = SetSpec.model_validate(
    {"file": "t.json", "concludes": "tags", "name": {"zh": "测试", "en": "test"}, "version": "1"}
)


def table(  # noqa: PLR0913  # a table has that many parts
    rows,
    *,
    field="leverage",
    name="风险表",
    node="t",
    path: str | None = None,
    passes=False,
    outputs=("category", "tag"),
):
    """A decision table with one input; a row is its cell and category and tag."""
    columns = [{"id": f"o{n}", "name": o, "field": o} for n, o in enumerate((*outputs, "name", "name_en"))]
    rules = [
        {"_id": f"r{n}", "i": cell, "o0": f"'{category}'", "o1": f"'{tag}'", "o2": "'名'", "o3": "'name'"}
        for n, (cell, category, tag) in enumerate(rows)
    ]
    content = {"hitPolicy": "collect", "inputs": [{"id": "i", "name": "入", "field": field}], "outputs": columns,
               "rules": rules, "outputPath": path, "passThrough": passes}  # fmt: skip
    return {"id": node, "name": name, "type": "decisionTableNode", "content": content}


def expressions(lines, *, node="e", name="算式", passes=True):
    found = [{"id": str(n), "key": key, "value": value} for n, (key, value) in enumerate(lines)]
    content = {"expressions": found, "passThrough": passes}
    return {"id": node, "name": name, "type": "expressionNode", "content": content}


def model(*nodes, edges=None):
    """A graph of these nodes one behind the other."""
    chain = ["in", *(node["id"] for node in nodes), "out"]
    ends = [
        {"id": "in", "name": "in", "type": "inputNode"},
        {"id": "out", "name": "out", "type": "outputNode"},
    ]
    links = edges or list(itertools.pairwise(chain))
    return json.dumps(
        {
            "nodes": [*ends, *nodes],
            "edges": [{"id": f"{a}-{b}", "type": "edge", "sourceId": a, "targetId": b} for a, b in links],
        }
    )


def of(text, spec=TAGS):
    return RuleSet.of("t", spec, text, "t.json")


def tags(rules, **facts):
    known = dict.fromkeys(rules.reads)
    return [found.outputs["tag"] for found in next(rules.run([{**known, **facts}]))]


GOOD = table([("> 0.7", "risk", "high"), ("[0.5..0.7]", "risk", "middle")])


def test_rows_conclude_in_the_order_of_the_file():
    rules = of(model(table([("> 0.1", "risk", "a"), ("> 0.2", "risk", "b"), ("> 0.3", "risk", "c")])))
    assert tags(rules, leverage=0.25) == ["a", "b"]


def test_no_comparison_with_an_unknown_fact_holds():
    rules = of(
        model(table([("> 0.7", "risk", "high"), ("<= 0.7", "risk", "low"), ("== null", "risk", "unknown")]))
    )
    assert tags(rules, leverage=None) == ["unknown"]


def test_a_conclusion_says_its_row_and_what_that_reads():
    (found,) = next(of(model(GOOD)).run([{"leverage": 0.8}]))
    assert (found.row.id, found.row.node, found.row.number, found.row.reads) == (
        "t/r0",
        "风险表",
        1,
        ("leverage",),
    )


def test_inner_facts_and_facts_behind_an_expression():
    text = model(
        expressions([("worry", "(events_365.default ?? 0) + (leverage ?? 0)")]),
        table([("> 1", "risk", "worry")], field="worry"),
    )
    (found,) = next(of(text).run([{"events_365.default": 1, "leverage": 0.5}]))
    assert set(found.row.reads) == {"events_365.default", "leverage"}


def test_several_tables_side_by_side():
    text = model(
        table([("> 0", "risk", "a")], node="x", path="risk"), table([("> 0", "need", "b")], node="y", path="need"),
        edges=[("in", "x"), ("in", "y"), ("x", "out"), ("y", "out")],
    )  # fmt: skip
    assert tags(of(text), leverage=0.5) == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (model(table([("> 1", "risk", "a")], field="leverege")), ("t.json", "风险表", "leverege", "near: leverage")),
        (model(table([("> revenu", "risk", "a")])), ("风险表", "row 1", "revenu")),
        (model(table([("> ", "risk", "a")])), ("风险表", "row 1", "Expected a literal")),
        (model(table([("> 1", "luck", "a")])), ("风险表", "row 1", "luck", *CATEGORIES)),
        (model(expressions([("x", "events_30 + 1")]), GOOD), ("算式", "events_30")),
        (model(expressions([("x", "revenue.net")]), GOOD), ("算式", "revenue.net")),
        (model(expressions([("x", "$nodes.t.y")]), GOOD), ("算式", "$nodes.t.y")),
        (model(expressions([("x", "(leverage")]), GOOD), ("算式", "(leverage")),
        (model(expressions([("x", "revenue + 1")]), GOOD), ("算式", "revenue + 1", "unknown fact")),
        (model(expressions([("x", "1")], passes=False), GOOD), ("风险表", "leverage", "passThrough")),
        (model({"id": "f", "name": "脚本", "type": "functionNode", "content": "x"}), ("脚本", "functionNode")),
        (model(GOOD, edges=[("in", "t"), ("t", "gone")]), ("gone",)),
        ("{", ("t.json", "JSON")),
        (json.dumps({"nodes": []}), ("t.json", "nodes")),
        (model(expressions([("x", "1")])), ("t.json", "no decision table")),
        (model(table([("> 1", "risk", "a")], outputs=("category", "tag", "extra"))), ("风险表", "fixed text")),
    ],
)  # fmt: skip
def test_what_cannot_run_is_refused_by_file_node_and_cell(text, said):
    with pytest.raises(DataError) as error:
        of(text)
    for part in said:
        assert part in str(error.value)


def test_a_ring_is_refused_and_its_nodes_are_named():
    a, b = expressions([("x", "1")], node="a", name="甲"), expressions([("y", "1")], node="b", name="乙")
    text = model(a, b, GOOD, edges=[("in", "a"), ("a", "b"), ("b", "a"), ("b", "t"), ("t", "out")])
    with pytest.raises(DataError, match="ring") as error:
        of(text)
    assert "甲" in str(error.value)
    assert "乙" in str(error.value)


def test_a_row_with_a_column_that_is_not_there_is_refused():
    wrong = table([("> 1", "risk", "a")])
    wrong["content"]["rules"][0]["zzz"] = "1"
    with pytest.raises(DataError, match="zzz"):
        of(model(wrong))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("leverage > 0.5 and revenue < 3", ["leverage", "revenue"]),
        ("contains(industries, 'revenue')", ["industries"]),
        ("some(industries, # == name)", ["industries", "name"]),
        ("$ > 1", []), ("events_90.pledge ?? 0", ["events_90.pledge"]), ("{a: leverage}", ["leverage"]),
        ("listed ? revenue : capital", ["listed", "revenue", "capital"]), ("d('2024-01-01').add(1)", []),
    ],
)  # fmt: skip
def test_the_names_in_an_expression(text, names):
    assert list(names_in(text)) == names


def test_the_shipped_rules_read_known_facts_and_cover_every_category():
    rules = rules_of()
    assert {row.says["category"] for row in rules.named("tags").checked.rows.values()} == set(CATEGORIES)
    for one in rules.sets.values():
        assert set(one.reads) <= set(fact_names())
        assert one.label.startswith(f"{one.name} {one.spec.version}+")
    with pytest.raises(NotFound):
        rules.named("nothing")


# --- a firm's own folder -------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path) -> Path:
    made = tmp_path / "rules"
    shutil.copytree(str(shipped("rules")), made)
    return made


def _write(file: Path, text: str) -> None:
    before = file.stat().st_mtime_ns
    file.write_text(text, encoding="utf-8")
    os.utime(file, ns=(before + 10**9, before + 10**9))


def test_a_change_is_taken_in_and_a_broken_file_leaves_the_last_good_rules(folder):
    book = RuleBook(folder)
    first = book.current().named("tags").label
    assert first == rules_of().named("tags").label
    text = (folder / "tags.json").read_text(encoding="utf-8")
    _write(folder / "tags.json", text.replace("高杠杆", "杠杆过高"))
    second = book.current().named("tags").label
    assert (second != first, book.problem) == (True, None)
    _write(folder / "tags.json", text.replace('"field": "leverage"', '"field": "levrage"'))
    assert book.current().named("tags").label == second
    assert "levrage" in str(book.problem)
    _write(folder / "tags.json", text)
    assert (book.current().named("tags").label, book.problem) == (first, None)


def test_rules_that_never_were_good_are_an_error(folder):
    (folder / "rule_sets.yaml").write_text("sets: {tags: {file: tags.json}}\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"rule_sets\.yaml"):
        RuleBook(folder).current()


@pytest.mark.parametrize(
    ("enter", "keep", "said"),
    [
        ((70, 45, 0), (80, 40, 0), "above enter"),
        ((45, 70, 0), (40, 60, 0), "falling"),
        ((70, 45, 10), (60, 40, 5), "0"),
    ],
)
def test_bands_must_fall_and_hold(enter, keep, said):
    bands = [
        {"tier": t, "name": {"zh": t, "en": t}, "enter": e, "keep": k}
        for t, e, k in zip("ABC", enter, keep, strict=True)
    ]
    with pytest.raises(ValueError, match=said):
        SetSpec.model_validate({**TAGS.model_dump(), "concludes": "tier", "bands": bands})
