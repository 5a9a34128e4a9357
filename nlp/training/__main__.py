"""Train everything that is shipped: `python -m nlp.training --data FOLDER`, in stages that can be asked one by one."""

from __future__ import annotations

import argparse
import logging
from dataclasses import replace
from pathlib import Path

from nlp.shared import NAME
from nlp.tagger import MODELS
from nlp.training import joint, stages, tasks
from nlp.training.stages import Folders

STAGES = {
    "corpus": stages.make_corpus,
    "characters": stages.make_characters,
    "bigrams": stages.make_bigrams,
    "vectors": stages.make_vectors,
    "pretrain": stages.make_encoder,
    "linear": joint.train_linear,
}
ALL = [*STAGES, NAME, *tasks.RECIPES]


def main() -> None:
    """Run the stages asked for, all by default, in order."""
    parser = argparse.ArgumentParser(prog="python -m nlp.training", description=__doc__)
    parser.add_argument(
        "stages", nargs="*", help=f"{', '.join(ALL)}; default {', '.join([*STAGES, NAME, *tasks.SHIPPED])}"
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data/text"), help="the shared text")
    parser.add_argument("--scratch", type=Path, default=Path("build/training"), help="intermediate results")
    parser.add_argument("--models", type=Path, default=MODELS, help="where the models go")
    parser.add_argument("--start", help="whose encoder to start from, not the recipe's: pretrain, cluener, …")
    parser.add_argument(
        "--frozen", action="store_true", help="train the head alone, on the start's encoder as it is"
    )
    parser.add_argument("--share", type=float, default=1.0, help="part of the examples, for a learning curve")
    parser.add_argument("--epochs", type=int, help="passes over the texts, not the recipe's number")
    parser.add_argument(
        "--measure", action="store_true", help="only measure the models and write their cards"
    )
    given = parser.parse_args()
    unknown = set(given.stages) - set(ALL)
    if unknown:
        parser.error(f"no such stage: {', '.join(sorted(unknown))}")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    folders = Folders(given.data, given.scratch, given.models)
    folders.scratch.mkdir(parents=True, exist_ok=True)
    asked = given.stages or [*STAGES, NAME, *tasks.SHIPPED]
    for name, stage in STAGES.items():
        if name in asked and not given.measure:
            stage(folders)
    if NAME in asked:
        _shared(given, folders)
    for name in tasks.RECIPES:
        if name in asked:
            _own(name, given, folders)


def _shared(given: argparse.Namespace, folders: Folders) -> None:
    if not given.measure:
        recipe = joint.JointRecipe()
        joint.train(folders, replace(recipe, epochs=given.epochs or recipe.epochs), given.share)
    tasks.measure_shared(folders)


def _own(name: str, given: argparse.Namespace, folders: Folders) -> None:
    if not given.measure:
        recipe = tasks.RECIPES[name]
        recipe = replace(
            recipe,
            start=given.start or recipe.start,
            epochs=given.epochs or recipe.epochs,
            frozen=given.frozen,
        )
        tasks.train(name, folders, recipe=recipe, share=given.share)
    if name != "fewfc_trigger":
        tasks.measure(name, folders)


if __name__ == "__main__":
    main()
