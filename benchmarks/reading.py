"""How fast the shipped models read on one thread: characters a second, load time, memory; one line of JSON a model."""

from __future__ import annotations

import argparse
import json
import random
import resource
import time

from nlp.tagger import Classifier, Model, SentenceEncoder, Tagger, available, vectors_of

FAMILIES = "赵钱孙李周吴郑王"
GIVEN = "一鸣文博思远建国丽华"
PLACES = ("北京", "上海", "深圳", "杭州", "成都")
TRADES = ("证券", "科技", "能源", "医药", "实业")
DOCUMENT = 200


def sentence(source: random.Random) -> str:
    """A made-up sentence of business news."""
    company = f"{source.choice(PLACES)}{source.choice(GIVEN)}{source.choice(GIVEN)}{source.choice(TRADES)}股份有限公司"
    person = source.choice(FAMILIES) + source.choice(GIVEN) + source.choice(GIVEN)
    amount = source.randint(1, 900)
    return f"{company}公告称，控股股东{person}于近日质押{amount}万股，占公司总股本的{amount % 40}.{amount % 7}%。"


def documents(count: int) -> list[str]:
    """Made-up documents of about 200 characters."""
    source = random.Random(1)
    return ["".join(sentence(source) for _ in range(6))[:DOCUMENT] for _ in range(count)]


def reader(name: str) -> object:
    """The model, whatever its kind."""
    kinds = {"tagging": Tagger, "classifying": Classifier, "embedding": SentenceEncoder}
    return kinds[Model(name).kind](name)


def read(made: object, texts: list[str]) -> None:
    """Run the model over texts; marks, where it takes them, are the texts' first characters."""
    if isinstance(made, SentenceEncoder):
        made.encode(texts)
    elif isinstance(made, Tagger):
        made.spans(texts)
    elif isinstance(made, Classifier):
        made.probabilities(texts)


def measure(name: str, texts: list[str]) -> dict[str, object]:
    """Load one model and read the texts; processor seconds, which a busy machine does not stretch as much."""
    start = time.perf_counter()
    made = reader(name)
    read(made, texts[:1])
    loaded = time.perf_counter() - start
    characters = sum(map(len, texts))
    wall, processor = time.perf_counter(), time.process_time()
    read(made, texts)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    return {
        "model": name,
        "load_s": round(loaded, 2),
        "characters_per_s": round(characters / wall),
        "characters_per_processor_s": round(characters / processor),
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def main() -> None:
    """Measure every model, or those named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*")
    parser.add_argument("--documents", type=int, default=300)
    given = parser.parse_args()
    start = time.perf_counter()
    folder = Model(available()[0]).folder
    vectors_of(folder)
    print(json.dumps({"vectors_load_s": round(time.perf_counter() - start, 2)}))
    for name in given.models or available():
        print(json.dumps(measure(name, documents(given.documents))))


if __name__ == "__main__":
    main()
