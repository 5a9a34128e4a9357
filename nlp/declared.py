"""The data files of reading that a model of pydantic describes, checked as they are read."""

from __future__ import annotations

from importlib import resources
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from graph.errors import DataError

_Model = TypeVar("_Model", bound=BaseModel)


def declared(name: str, model: type[_Model]) -> _Model:
    """What a file of nlp/data that ships with the package declares.

    Raises:
        DataError: The file is not as it must be.
    """
    file = resources.files("nlp") / "data" / name
    try:
        return model.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise DataError(f"{file}: {error}", hint="install the package again") from error
