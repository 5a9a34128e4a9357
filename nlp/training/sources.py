"""Which shared files each task learns from, and how they are split."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nlp.datasets import Example, in_dev, read


@dataclass(frozen=True)
class Source:
    """The files of a task below the data folder, a further labelled file never trained on, and the licence."""

    train: tuple[str, ...]
    licence: str
    other: tuple[str, ...] = ()


SOURCES = {
    "cluener": Source(("cluener/train.json",), "CLUENER2020: research benchmark, no explicit licence"),
    "resume": Source(
        ("resume_ner/train.char.bmes",),
        "Resume NER (Zhang & Yang 2018): none stated, academic data",
        ("resume_ner/dev.char.bmes",),
    ),
    "finner": Source(
        ("finner/train.json",), "FinCUGE: none stated, research benchmark", ("finner/eval.json",)
    ),
    "finese": Source(
        ("finese/train.json",), "FinCUGE: none stated, research benchmark", ("finese/eval.json",)
    ),
    "finfe": Source(("finfe/train.json",), "FinCUGE: none stated, research benchmark", ("finfe/eval.json",)),
    "news_sentiment": Source(("news_sentiment/news_seed.csv",), "none stated"),
    "finre": Source(("finre/train.txt",), "MIT (THUNLP)", ("finre/valid.txt",)),
    "fewfc": Source(("fewfc/train_base.jsonl", "fewfc/train_trans.jsonl"), "CC BY-SA 4.0 (FewFC)"),
    "stsb": Source(
        ("stsb_zh/cnsd-sts-train.txt",), "MIT (CNSD translation of STS-B)", ("stsb_zh/cnsd-sts-dev.txt",)
    ),
}


@dataclass(frozen=True)
class Split:
    """What is learned from, the carved tenth, and a labelled file that came apart from the training file."""

    train: list[Example]
    dev: list[Example]
    other: list[Example]


def load(task: str, data: Path) -> Split:
    """The split of a task; a text of the carved split or of the other file is in no training example."""
    source = SOURCES[task]
    examples = [example for name in source.train for example in read(task, data / name)]
    other = [example for name in source.other for example in read(task, data / name)]
    elsewhere = {example.text for example in other}
    train = [e for e in examples if not in_dev(e.text) and e.text not in elsewhere]
    return Split(train, [e for e in examples if in_dev(e.text)], other)
