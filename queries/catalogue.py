"""产品目录: what the firm sells, who may have it, what it answers to and brings, what restricts it; data, not code."""

from __future__ import annotations

import datetime as dt
import functools
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from hashlib import blake2b
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Final, Generic, Literal, Self, TypeVar

import zen
from pydantic import AfterValidator, Field, model_validator

from graph.errors import DataError
from graph.names import short_key
from queries.company_facts import fact_names
from queries.declared import Declared, Wording, read, shipped

_NAMES: Final = re.compile(r"(?<![\w.])[A-Za-z_]\w*(?:\.\w+)*(?!\w*\s*\()")
_TEXTS: Final = re.compile(r"'[^']*'|\"[^\"]*\"")
_WORDS: Final = frozenset({"and", "or", "not", "in", "true", "false", "null"})


def reads(expression: str) -> tuple[str, ...]:
    """The facts that an expression reads, sorted."""
    return tuple(sorted(set(_NAMES.findall(_TEXTS.sub("", expression))) - _WORDS))


def _expression(text: str) -> str:
    """Refuse what does not compile, or reads a fact that there is not."""
    known = fact_names()
    unknown = [name for name in reads(text) if name not in known]
    if unknown:
        raise ValueError(
            f"没有事实 {'、'.join(unknown)} / reads unknown facts {', '.join(unknown)}; there are {', '.join(known)}"
        )
    if not text.strip() or zen.validate_expression(text) is not None:
        raise ValueError(f"不是有效的表达式 / {text!r} is no valid expression of zen-engine")
    return text


class Condition(Declared):
    """资格条件: what must hold of a company, and why it may not have the product where it does not."""

    when: Annotated[str, AfterValidator(_expression)]
    reason: Wording

    @property
    def facts(self) -> tuple[str, ...]:
        """What it reads."""
        return reads(self.when)


class Law(Declared):
    """A rule that restricts a product: act, article where it was checked, first day in force."""

    name: str = Field(min_length=1)
    article: str | None = None
    in_force: dt.date
    about: Wording


Base = Literal["amount", "capital", "market_value", "revenue"]


class Revenue(Declared):
    """收入: `rate` times the first known of `of`, held between `least` and `most`; `otherwise` where none is known."""

    unit: Wording
    of: list[Base]
    rate: Annotated[float, Field(ge=0, le=1)]
    least: Annotated[float, Field(ge=0)]
    most: Annotated[float, Field(gt=0)]
    otherwise: Annotated[float, Field(ge=0)]

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.least <= self.otherwise <= self.most:
            raise ValueError(
                f"least {self.least}, otherwise {self.otherwise} and most {self.most} must ascend"
            )
        return self


class Product(Declared):
    """产品: one thing that the firm sells.

    `repeats`: a client that has it may need it again. `spreads`: that others of a group or alike have it says something
    about a company.
    """

    key: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    name: Wording
    names: list[str] = Field(min_length=1)
    line: Wording
    need: Wording
    next_step: Wording
    revenue: Revenue
    eligible: list[Condition] = Field(min_length=1)
    law: list[Law] = Field(default_factory=list)
    repeats: bool = False
    spreads: bool = True


class Catalogue(Declared):
    """产品目录: all of them."""

    version: str
    products: list[Product] = Field(min_length=1)

    @model_validator(mode="after")
    def _once(self) -> Self:
        _each_once("key", [p.key for p in self.products])
        _each_once("name", [short_key(name) for p in self.products for name in dict.fromkeys(p.names)])
        return self

    @functools.cached_property
    def places(self) -> Mapping[str, int]:
        """Where each product stands, by key."""
        return {product.key: place for place, product in enumerate(self.products)}

    @functools.cached_property
    def by_name(self) -> Mapping[str, int]:
        """Where each product stands, by the normal form of its names."""
        return {short_key(name): at for at, product in enumerate(self.products) for name in product.names}

    @functools.cached_property
    def label(self) -> str:
        """Version and a hash of the whole."""
        return f"{self.version}+{blake2b(self.model_dump_json().encode(), digest_size=6).hexdigest()}"


def _each_once(what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"{what} {name!r} 重复 / appears twice")
        seen.add(name)


def catalogue(file: Path | None = None) -> Catalogue:
    """The catalogue that comes with guanxi, or a firm's own. Raises DataError that says where it is wrong."""
    return _shipped() if file is None else _read(file)


@functools.cache
def _shipped() -> Catalogue:
    return _read(shipped("products.yaml"))


def _read(file: Traversable | Path) -> Catalogue:
    return read(Catalogue, file, "改正产品目录文件 / mend the catalogue file")


_log = logging.getLogger("guanxi.queries")

T = TypeVar("T")


class Reloaded(Generic[T]):
    """What a file declares, read again when the file changes; where it is broken then, what was good stays in force."""

    def __init__(self, make: Callable[[Path | None], T], file: Path | None) -> None:
        self._make = make
        self._file = file
        self._stamp = self._seen()
        self._good = make(file)
        self.problem: DataError | None = None

    def current(self) -> T:
        """What is in force; `problem` says why that is not what the file now says, where it is not."""
        stamp = self._seen()
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._good, self.problem = self._make(self._file), None
            except DataError as error:
                self.problem = error
                _log.warning("what was good stays in force: %s", error)
        return self._good

    def _seen(self) -> tuple[int, int] | None:
        try:
            status = self._file.stat() if self._file else None
        except FileNotFoundError:
            return None
        return (status.st_mtime_ns, status.st_size) if status else None
