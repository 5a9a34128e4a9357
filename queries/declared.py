"""What rules, regimes and costs in data files have in common: strict models, wording in two languages, reading."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from graph.errors import DataError


class Declared(BaseModel):
    """Base of what a data file declares: immutable, with no key beyond those known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Wording(Declared):
    """The same in Chinese and in English."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)

    def __str__(self) -> str:
        return f"{self.zh} / {self.en}"


M = TypeVar("M", bound=Declared)


def shipped(name: str = "") -> Traversable:
    """A data file that comes with guanxi, or the folder of all of them."""
    folder = resources.files("queries") / "data"
    return folder / name if name else folder


def read(model: type[M], file: Traversable | Path, hint: str) -> M:
    """What a YAML file declares.

    Raises:
        DataError: It cannot be read, or is not as it must be; the error says where, `hint` what to do.
    """
    try:
        return model.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise DataError(f"{file}: {error}", hint=hint) from error


def read_all(model: type[M], folder: Traversable | Path, prefix: str) -> list[M]:
    """What the YAML files of a folder declare whose names begin so. Raises DataError."""
    files = [f for f in folder.iterdir() if f.name.startswith(prefix) and f.name.endswith(".yaml")]
    return [read(model, file, "mend the file, or take it out of the folder") for file in files]
