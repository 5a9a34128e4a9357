"""The measures against figures worked by hand, and the command's answers and errors."""

from __future__ import annotations

import json

import pytest

from graph.errors import NotFound
from nlp.datasets import Event, EventText, Span, TaggedText
from nlp.evaluate import (
    MEASURES,
    argument_labels,
    class_figures,
    f1_figures,
    main,
    name_figures,
    reader_of,
    tagging_figures,
)


def test_f1_over_spans():
    gold = [[Span(0, 2, "a"), Span(3, 4, "b")], []]
    found = [[Span(0, 2, "a"), Span(3, 5, "b")], [Span(0, 1, "a")]]
    figures = tagging_figures(gold, found)
    assert (figures["precision"], figures["recall"], figures["f1"]) == (0.3333, 0.5, 0.4)
    assert figures["labels"]["b"]["f1"] == 0.0


def test_nothing_found_and_nothing_wanted():
    assert f1_figures([]) == {"precision": 0.0, "recall": 0.0, "f1": 0.0}
    assert f1_figures([({1}, set())])["f1"] == 0.0


def test_names_count_once_a_text():
    example = TaggedText("甲甲乙", (Span(0, 1, "x"), Span(1, 2, "x")))
    assert name_figures([example], [[Span(1, 2, "x")]])["f1"] == 1.0


def test_classes():
    figures = class_figures(["a", "a", "b", "n"], ["a", "b", "b", "a"], none="n")
    assert figures["accuracy"] == 0.5
    assert figures["macro_f1"] == round((0.5 + 2 / 3 + 0) / 3, 4)
    assert (figures["precision"], figures["recall"]) == (0.5, 0.6667)


def test_the_command_prints_json(tmp_path, capsys):
    row = {"text": "赵一鸣任董事长", "label": {"name": {"赵一鸣": [[0, 2]]}}}
    path = tmp_path / "own.json"
    path.write_text(json.dumps(row), encoding="utf-8")
    assert main(["cluener", str(path)]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["task"] == "cluener"
    assert figures["n"] == 1
    assert {"precision", "recall", "f1"} <= set(figures)


EXAMPLES = {
    "cluener": {"text": "赵一鸣任董事长", "label": {"name": {"赵一鸣": [[0, 2]]}}},
    "fewfc": {
        "content": "赵一鸣质押股份",
        "events": [
            {
                "type": "质押",
                "mentions": [
                    {"word": "赵一鸣", "span": [0, 3], "role": "sub-per"},
                    {"word": "质押", "span": [3, 5], "role": "trigger"},
                ],
            }
        ],
    },
    "finese": [["1", "赵一鸣涉嫌欺诈", "涉嫌欺诈", "赵一鸣"]],
    "finfe": [["涨", "1"]],
}


@pytest.mark.parametrize("task", [*EXAMPLES, "news_sentiment", "finre"])
def test_every_task_is_measured_by_the_shared_model(task, tmp_path, capsys):
    lines = {
        "news_sentiment": "正/负面,标题\n1,云岭实业净利润增长\n",
        "finre": "云岭实业\t上海江海\t持股\t云岭实业持有上海江海股份\n甲\t乙\tunknown\t甲与丙\n",
    }
    path = tmp_path / "own"
    path.write_text(lines.get(task) or json.dumps(EXAMPLES[task]), encoding="utf-8")
    assert main([task, str(path), "--shared"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["n"] >= 1
    if task == "fewfc":
        assert set(figures["argument"]["labels"]) == set(figures["trigger"]["labels"]) == {"质押"}


def test_arguments_count_with_their_type_and_only_of_triggers_found():
    assert argument_labels(
        EventText("甲质押", (Event("质押", Span(1, 3, "质押"), (Span(0, 1, "sub"),)),))
    ) == {("质押", Span(0, 1, "sub"))}


class FoundTwo:
    """A reader that finds the same two triggers in every text."""

    def events(self, texts):
        return [[(Span(1, 3, "质押"), ()), (Span(3, 5, "收购"), ())] for _ in texts]


def test_types_that_a_file_does_not_label_do_not_count():
    event = Event("质押", Span(1, 3, "质押"))
    one = MEASURES["fewfc"]("fewfc", [EventText("甲质押收购", (event,), frozenset({"质押"}))], FoundTwo())
    both = MEASURES["fewfc"](
        "fewfc", [EventText("甲质押收购", (event,), frozenset({"质押", "收购"}))], FoundTwo()
    )
    assert (one["trigger"]["precision"], both["trigger"]["precision"]) == (1, 0.5)


def test_a_task_without_any_model(tmp_path):
    with pytest.raises(NotFound, match="no model for 'cluener'"):
        reader_of("cluener", tmp_path)


@pytest.mark.parametrize("arguments", [["nothing", "x"], ["cluener", "/none.json"]])
def test_errors_are_said_on_stderr(arguments, capsys):
    assert main(arguments) == 1
    said = capsys.readouterr()
    assert not said.out
    assert arguments[1] in said.err or "no task" in said.err
