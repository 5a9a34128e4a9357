"""Reading text: the shared model with its live heads beside spaCy's small pipeline, documents a second on one thread.

`python benchmarks/reading.py` measures alone; `--side ours|pipeline|spacy` one side in this process, as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from figures import Figure, against
from ground import Ground, log

DOCUMENT = 200
DOCUMENTS = 512
BATCH = 64
ROUNDS = 3
TARGET_DOCUMENTS = 200.0
TARGET_LOAD_S = 2.0
TARGET_MEMORY_MB = 600.0

FAMILIES = "赵钱孙李周吴郑王"
GIVEN = "一鸣文博思远建国丽华"
PLACES = ("北京", "上海", "深圳", "杭州", "成都")
TRADES = ("证券", "科技", "能源", "医药", "实业")
EVENTS = (
    "{company}公告称，控股股东{person}于近日质押{amount}万股，占公司总股本的{share}%。",
    "{company}拟以{amount}万元收购{other}{share}%的股权。",
    "{person}通过集中竞价减持{company}股份{amount}万股。",
)
PROSE = (
    "{company}董事长{person}在业绩说明会上表示，公司今年将继续加大研发投入，推进新产品的产业化。",
    "报告期内公司实现营业收入{amount}万元，同比增长{share}%，主要因为市场需求回暖和成本下降。",
    "业内人士认为，行业竞争仍然激烈，{company}与{other}的差距正在缩小。",
    "截至收盘，该公司股价上涨{share}%，成交额{amount}万元。",
)


def documents(count: int) -> list[str]:
    """Made-up documents of about 200 characters, one event in each: some two of a hundred characters of news."""
    source = random.Random(1)
    made = []
    for _ in range(count):
        sentences = [source.choice(EVENTS), *(source.choice(PROSE) for _ in range(6))]
        made.append("".join(_filled(sentence, source) for sentence in sentences)[:DOCUMENT])
    return made


def _filled(sentence: str, source: random.Random) -> str:
    def company() -> str:
        brand = source.choice(GIVEN) + source.choice(GIVEN)
        return f"{source.choice(PLACES)}{brand}{source.choice(TRADES)}股份有限公司"

    return sentence.format(
        company=company(),
        other=company(),
        person=source.choice(FAMILIES) + source.choice(GIVEN) + source.choice(GIVEN),
        amount=source.randint(1, 9_000),
        share=source.randint(1, 99) / 10,
    )


def ours() -> Callable[[list[str]], object]:
    """The shared reader with its live heads, asked as live reading asks: arguments of the most special triggers."""
    from nlp.event_models import most_special  # noqa: PLC0415 - as below
    from nlp.shared import SharedReader  # noqa: PLC0415 - what it takes to import is part of the load time

    reader = SharedReader()
    return lambda texts: [
        reader.read(texts[i : i + BATCH], choose=most_special) for i in range(0, len(texts), BATCH)
    ]


def pipeline() -> Callable[[list[str]], object]:
    """The same heads as a spaCy pipeline: tokens, `Doc.ents`, `Doc.spans`, `Doc.cats`."""
    from nlp.pipeline import load  # noqa: PLC0415 - as above
    from nlp.shared import LIVE  # noqa: PLC0415 - as above

    language = load(heads=LIVE[1:])
    return lambda texts: list(language.pipe(texts, batch_size=BATCH))


def spacy_small() -> Callable[[list[str]], object]:
    """All of spaCy: characters as tokens, one HashEmbedCNN, entities and a text category on it; our labels, untrained.

    An untrained network computes as much as a trained one. Triggers and arguments it does not read at all.
    """
    import spacy  # noqa: PLC0415 - as above
    from spacy.training import Example  # noqa: PLC0415 - as above

    language = spacy.blank("zh")
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 96, "upstream": "tok2vec"}
    language.add_pipe("tok2vec")
    parser: dict[str, Any] = {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "ner",
        "extra_state_tokens": False,
        "hidden_width": 64,
        "maxout_pieces": 2,
        "use_upper": True,
        "nO": None,
        "tok2vec": listener,
    }
    language.add_pipe("ner", config={"model": parser})
    words: dict[str, Any] = {
        "@architectures": "spacy.TextCatBOW.v3",
        "exclusive_classes": True,
        "ngram_size": 1,
        "no_output_layer": False,
    }
    ensemble = {"@architectures": "spacy.TextCatEnsemble.v2", "tok2vec": listener, "linear_model": words}
    language.add_pipe("textcat", config={"model": ensemble})
    about = json.loads((_models() / "shared" / "shared.json").read_text(encoding="utf-8"))["heads"]
    document = language.make_doc(documents(1)[0])
    kinds = about["cluener"]["labels"]
    entities = [(i * 4, i * 4 + 2, kind) for i, kind in enumerate(kinds)]
    sample = [
        Example.from_dict(
            document, {"entities": entities, "cats": {label: float(label == one) for label in "01"}}
        )
        for one in "01"
    ]
    language.initialize(lambda: sample)
    return lambda texts: list(language.pipe(texts, batch_size=BATCH))


def _models() -> Path:
    import nlp  # noqa: PLC0415 - as above

    return Path(nlp.__file__).parent / "models"


SIDES: dict[str, Callable[[], Callable[[list[str]], object]]] = {
    "ours": ours,
    "pipeline": pipeline,
    "spacy": spacy_small,
}


def measure(side: str) -> dict[str, float]:
    """Seconds to load and read a first text, documents a second of processor time (the best round), memory."""
    texts = documents(DOCUMENTS)
    start = time.perf_counter()
    read = SIDES[side]()
    read(texts[:1])
    loaded = time.perf_counter() - start
    read(texts[: 2 * BATCH])
    best = min(_seconds(read, texts) for _ in range(ROUNDS))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"load_s": loaded, "documents_s": len(texts) / best, "memory_mb": memory}


def _seconds(read: Callable[[list[str]], object], texts: list[str]) -> float:
    """Of processor time, which a busy machine stretches less than the clock's."""
    start = time.process_time()
    read(texts)
    return time.process_time() - start


def apart(side: str) -> dict[str, float]:
    """`measure` in a process of its own, on one thread."""
    log(f"reading: {side}")
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(  # noqa: S603 - our interpreter, our file
        [sys.executable, __file__, "--side", side],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def run(_ground: Ground | None = None) -> list[Figure]:
    """All of it; needs nothing and leaves nothing."""
    found = {side: apart(side) for side in SIDES}
    alone, spaced, peer = found["ours"], found["pipeline"], found["spacy"]
    speed = f"reading: entities, events, sentiment, {DOCUMENT} characters"
    return [
        against(
            f"{speed}, beside spaCy's tok2vec, ner and textcat",
            alone["documents_s"],
            peer["documents_s"],
            "/s",
        ),
        # The least that is wanted, as a ratio: figures without a peer are the better the smaller they are.
        against(f"{speed}, beside 200 a second", alone["documents_s"], TARGET_DOCUMENTS, "/s", 1.0),
        against(f"{speed}, as spaCy pipeline", spaced["documents_s"], peer["documents_s"], "/s"),
        Figure("reading: import, load and first document", alone["load_s"], "s", TARGET_LOAD_S),
        Figure("reading: memory", alone["memory_mb"], "MB", TARGET_MEMORY_MB),
        Figure("reading: memory, as spaCy pipeline", spaced["memory_mb"], "MB", TARGET_MEMORY_MB),
    ]


def _shown(lines: Iterable[Figure]) -> None:
    for line in lines:
        print(
            json.dumps(
                {"name": line.name, "value": round(line.value, 2), "unit": line.unit, "peer": line.peer}
            )
        )


def main() -> None:
    """Measure one side here, or all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--side", choices=list(SIDES))
    given = parser.parse_args()
    if given.side:
        print(json.dumps(measure(given.side)))
    else:
        _shown(run())


if __name__ == "__main__":
    main()
