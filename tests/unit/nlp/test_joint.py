"""Joint training, in small: several heads learn from one encoder, and what ships answers as the networks do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch: Any = pytest.importorskip("torch", reason="training needs the extra guanxi[train]")
pytest.importorskip("onnx", reason="training needs the extra guanxi[train]")
pytest.importorskip("sklearn", reason="training needs the extra guanxi[train]")

from nlp.datasets import Event, EventText, LabelledText, Span, TaggedText  # noqa: E402 - after the check for torch
from nlp.encoder import Vectors, Vocabulary, quantize, save_vectors  # noqa: E402
from nlp.evaluate import evaluate  # noqa: E402
from nlp.marks import REACH  # noqa: E402
from nlp.shared import NAME, SharedReader  # noqa: E402
from nlp.training import linear  # noqa: E402
from nlp.training.joint import JointRecipe, fit, job_of, schedule, ship, ship_linear  # noqa: E402
from nlp.training.network import Encoder  # noqa: E402

LETTERS = "甲乙丙丁戊己庚辛在与"


@pytest.fixture(scope="module")
def vectors():
    random = np.random.default_rng(0)
    ids = np.zeros(0x10000, np.uint16)
    ids[[ord(letter) for letter in LETTERS]] = np.arange(4, 4 + len(LETTERS))
    tables = [random.normal(size=(rows, width)).astype(np.float32) for rows, width in ((14, 16), (68, 8))]
    return Vectors(Vocabulary(ids, np.arange(0, 196, 3), 14), *quantize(tables[0]), *quantize(tables[1]))


def texts(count):
    random = np.random.default_rng(1)
    return ["".join(random.choice(list(LETTERS), 8)) for _ in range(count)]


def places(text, letter, label):
    return tuple(Span(i, i + 1, label) for i, one in enumerate(text) if one == letter)


def events_of(text, types):
    """Events whose argument is 丙; `types`: those of each trigger, and no others are labelled."""
    found = tuple(
        Event(one, trigger, places(text, "丙", "sub"))
        for letter, some in types.items()
        for one in sorted(some)
        for trigger in places(text, letter, one)
    )
    return EventText(text, found, frozenset().union(*types.values()))


def tasks():
    some = texts(160)
    pledges = [events_of(text, {"乙": {"质押"}, "庚": {"投资", "转让"}}) for text in some[:80]]
    purchases = [events_of(text, {"乙": {"收购"}}) for text in some[80:]]
    marks = (Span(0, 1, "head"), Span(4, 6, "tail"))
    return {
        "cluener": [TaggedText(text, places(text, "甲", "name")) for text in some],
        "fewfc": [*pledges, *purchases],
        "finese": [TaggedText(text, places(text, "丁", "欺诈")) for text in some],
        "news_sentiment": [LabelledText(text, str(int("甲" in text))) for text in some],
        "finre": [LabelledText(text, "拥有" if text[0] == "甲" else "unknown", marks) for text in some],
    }


@pytest.fixture(scope="module")
def trained(vectors, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    (folder / "vectors").mkdir()
    save_vectors(folder / "vectors" / "vectors.npz", vectors)
    torch.manual_seed(0)
    jobs = [job_of(task, examples) for task, examples in tasks().items()]
    encoder = Encoder(vectors.width)
    losses = fit(jobs, encoder, vectors, JointRecipe(epochs=12))
    ship(jobs, encoder, vectors, folder / NAME)
    for job in jobs:
        ship_linear(job, vectors.vocabulary, folder / NAME)
    return folder, jobs, encoder, losses


def test_every_task_is_learned_and_shipped(trained):
    folder, _, _, losses = trained
    assert all(losses[-1][task] < losses[0][task] for task in losses[0])
    found = {task: evaluate(task, examples, folder, shared=True) for task, examples in tasks().items()}
    assert found["cluener"]["f1"] > 0.9
    assert found["fewfc"]["trigger"]["f1"] > 0.9
    assert found["fewfc"]["argument"]["f1"] > 0.7
    assert found["finese"]["f1"] > 0.8
    assert found["news_sentiment"]["accuracy"] > 0.9
    assert found["finre"]["f1"] > 0.8


def test_a_trigger_is_read_by_each_head_and_with_all_its_types(trained):
    folder, _, _, _ = trained
    [found] = SharedReader(["fewfc_argument"], folder).read(["甲乙庚甲丙甲"])
    told = [(event.trigger.start, event.trigger.label) for event in found.events]
    assert told == [(1, "收购"), (1, "质押"), (2, "投资"), (2, "转让")]


def test_what_ships_answers_as_the_networks_do(trained, vectors):
    folder, jobs, encoder, _ = trained
    some = texts(40)
    reader = SharedReader(["news_sentiment"], folder)
    reader._heads["news_sentiment"].wide = None
    got = np.array([list(found.labels["news_sentiment"].values()) for found in reader.read(some)])
    head = next(part.head for job in jobs for part in job.parts if part.name == "news_sentiment")
    embedded, mask = map(torch.from_numpy, vectors.embed(some))
    with torch.no_grad():
        wanted = torch.softmax(head(encoder(embedded, mask), mask), 1).numpy()
    assert np.abs(wanted - got).max() < 0.15
    assert np.abs(wanted - got).mean() < 0.03


def test_an_epoch_takes_each_task_as_often_as_told():
    jobs = [job_of(task, examples) for task, examples in tasks().items()]
    plan = schedule(jobs, np.random.default_rng(0))
    taken = {job.name: sum(len(rows) for one, rows in plan if one is job) for job in jobs}
    assert taken == {"cluener": 160, "fewfc": 160, "finese": 64, "news_sentiment": 112, "finre": 160}


def test_an_argument_that_its_window_cuts_is_not_learned():
    text = "甲" * 4 + "乙" * (REACH + 40)
    trigger = Span(REACH + 2, REACH + 4, "质押")
    event = Event("质押", trigger, (Span(0, 4, "sub"), Span(10, 12, "sub")))
    job = job_of("fewfc", [EventText(text, (event,), frozenset({"质押"}))])
    [[marked]] = job.marked
    assert list(np.flatnonzero(marked.answer)) == [10, 11]


def test_a_third_file_of_events_is_refused_and_not_left_out():
    some = [EventText("甲公司公告", (), frozenset({kind})) for kind in ("质押", "收购", "回购")]
    with pytest.raises(ValueError, match="3 files"):
        job_of("fewfc", some)


def test_the_linear_part_tells_one_label_of_two_and_many_labels(vectors):
    some = texts(200)
    one = np.array([int("甲" in text) for text in some])
    both = np.stack([one, 1 - one], axis=1)
    for gold in (one, both):
        model = linear.fit(vectors.vocabulary, [(text, ()) for text in some], gold)
        scores = np.stack([model.scores(vectors.vocabulary.characters(text)) for text in some])
        answer = scores.argmax(1) if gold.ndim == 1 else (scores[:, 0] > 0).astype(int)
        assert (answer == one).mean() > 0.95
