"""Values of a mapping: what a column's text becomes, as the mapping file declares it.

A `ValueSpec` is compiled once into a function from text to value; whatever cannot be read raises, and the caller
makes a finding of it.
"""

from __future__ import annotations

import datetime as dt
import html
import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from graph import identifiers
from graph.names import normal_form
from ingest.native import exchange_code
from ingest.parties import split_offices, split_parties
from ingest.values import (
    Amount,
    ValueDropped,
    is_placeholder,
    parse_amount,
    parse_date,
    parse_flag,
    parse_number,
    parse_ratio,
)

Value: TypeAlias = str | float | int | bool | dt.date | list[str] | None
Convert: TypeAlias = Callable[[str], Value]
Kind: TypeAlias = Literal[
    "text", "name", "code", "uscc", "lei", "registry_id", "ratio", "number", "count", "money", "currency", "date",
    "flag", "unknown",
]  # fmt: skip

UNUSABLE: Final = (ValueError, ValueDropped)
"""What a conversion raises where the text is no such value."""


class LeftOutError(ValueError):
    """A text that is no fault of its source, and yet gives no value; `code` names the kind of finding."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def reason(error: Exception) -> str:
    """What was wrong, in a sentence that names the text."""
    return f"{error.value!r} {error.reason}" if isinstance(error, ValueDropped) else str(error)


class Strict(BaseModel):
    """A part of a mapping file: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ValueSpec(Strict):
    """One value: from which column, and how its text is read."""

    column: str = Field("", description="Column of the file that it is read from.")
    of: str = Field("", description="Another value that it is made from, instead of a column.")
    const: str | bool | float | None = Field(None, description="The same value for every row.")
    several: str = Field(
        "", description="True where the list of this name has more than one item, else absent."
    )
    kind: Kind = Field("text", description="What the text is: see the table of kinds.")
    unit: str = Field("", description="What a bare number counts: % or ‰ of a ratio; 万元, 亿元 … of money.")
    currency: str = Field(
        "CNY", description="Currency of money that names none; empty: then there is no value."
    )
    pad: bool = Field(default=False, description="Put back leading zeros that a code lost.")
    split: str = Field(
        "", description="Take the text apart: list, keys, values, parties, offices or a separator."
    )
    map: dict[str, str | bool | float | None] | None = Field(
        None, description="What each text becomes; null leaves the value out."
    )
    otherwise: str | bool | float | None = Field(
        None,
        description="What becomes of a text that the map lacks; '' leaves it out, no word on it is a finding.",
    )
    fallback: str = Field("", description="The value taken where this one gives nothing.")
    placeholders: tuple[str, ...] = Field(
        (), description="Texts that stand for nothing, beside the usual ones."
    )
    keep: tuple[str, ...] = Field(
        (), description="Texts that mean something here, though they usually stand for nothing."
    )
    bound: Literal["", "low", "high"] = Field("", description="Which end of an interval of ratios is wanted.")
    lenient: bool = Field(
        default=False,
        description="Leave an interval or a foreign amount out without a finding; its text is mapped beside it.",
    )
    optional: bool = Field(default=False, description="The file may lack the column.")

    @property
    def many(self) -> bool:
        """Whether it gives a list."""
        return bool(self.split) and self.kind != "unknown"


def _as_spec(raw: Any) -> Any:
    return {"column": raw} if isinstance(raw, str) else raw


ColumnOrSpec: TypeAlias = Annotated[ValueSpec, BeforeValidator(_as_spec)]
"""A value spec; a bare text is the column of a plain text."""


# --- splitting -----------------------------------------------------------------------------------------------


def _listed(text: str) -> list[str]:
    value = _parsed(text)
    return [_plain(item) for item in value] if isinstance(value, list) else [text]


def _parsed(text: str) -> Any:
    if not text.startswith(("[", "{")):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def _plain(value: Any) -> str:
    if value is None:
        return ""
    return value.strip() if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _object(text: str) -> dict[str, Any]:
    value = _parsed(text)
    if isinstance(value, dict):
        return value
    raise ValueError(f"{text[:40]!r} is no object of names and values")


_SPLITTERS: Final[Mapping[str, Callable[[str], list[str]]]] = {
    "list": _listed,
    "keys": lambda text: [key.strip() for key in _object(text)],
    "values": lambda text: [_plain(value) for value in _object(text).values()],
    "parties": split_parties,
    "offices": split_offices,
}


def splitter(spec: ValueSpec) -> Callable[[str], list[str]]:
    """What takes the text of a list apart; the items keep their places."""
    if spec.split in _SPLITTERS:
        return _SPLITTERS[spec.split]
    return lambda text: [part.strip() for part in text.split(spec.split)]


# --- kinds -----------------------------------------------------------------------------------------------------


def tidy(text: str) -> str:
    """Text without HTML entities, invisible ends and runs of white space; otherwise as the source writes it."""
    return " ".join(html.unescape(text).split()) if not text.isalnum() else text


def _code(spec: ValueSpec) -> Convert:
    if spec.pad:
        return lambda text: identifiers.listing_code(text, pad=True)
    return exchange_code


_DIGITS_OF_REGISTRATION: Final = 15


def _registry_id(text: str) -> str:
    """A registration number; other forms than fifteen digits (企合渝总01234) have no check digit to verify."""
    bare = "".join(text.split())
    if bare.isdigit() and len(bare) == _DIGITS_OF_REGISTRATION:
        return identifiers.registration_id(bare)
    return bare


def _ratio(spec: ValueSpec) -> Convert:
    def convert(text: str) -> float | None:
        ratio = parse_ratio(text, unit=spec.unit)
        if spec.bound:
            return None if ratio.value is not None else ratio.low if spec.bound == "low" else ratio.high
        if ratio.value is None and not spec.lenient:
            raise LeftOutError("not_exact", f"{text!r} is an interval, not a ratio")
        return ratio.value

    return convert


def _amount(spec: ValueSpec, text: str) -> Amount:
    return parse_amount(text, unit=spec.unit or "元", currency=spec.currency)


def _money(spec: ValueSpec) -> Convert:
    def convert(text: str) -> float | None:
        amount = _amount(spec, text)
        if amount.yuan is None and not spec.lenient:
            raise _no_yuan(amount, text)
        return amount.yuan

    return convert


def _no_yuan(amount: Amount, text: str) -> LeftOutError:
    if amount.value is None:
        return LeftOutError("not_exact", f"{text!r} is no exact amount")
    return LeftOutError(
        "not_in_yuan", f"{text!r} is in {amount.currency or 'an unstated currency'}, not in yuan"
    )


def _currency(spec: ValueSpec) -> Convert:
    return lambda text: _amount(spec, text).currency or None


def _count(text: str) -> int:
    number = parse_number(text)
    if not number.is_integer():
        raise ValueError(f"{text!r} is not a whole number")
    return int(number)


def _simple(kind: Kind) -> Convert:
    table: dict[str, Convert] = {
        "text": tidy,
        "name": tidy,
        "uscc": identifiers.uscc,
        "lei": identifiers.lei,
        "registry_id": _registry_id,
        "number": parse_number,
        "count": _count,
        "date": lambda text: parse_date(text).date,
        "flag": parse_flag,
    }
    return table[kind]


def _converter(spec: ValueSpec) -> Convert:
    with_options: dict[str, Callable[[ValueSpec], Convert]] = {
        "code": _code,
        "ratio": _ratio,
        "money": _money,
        "currency": _currency,
    }
    return with_options[spec.kind](spec) if spec.kind in with_options else _simple(spec.kind)


def converter(spec: ValueSpec, placeholders: tuple[str, ...]) -> Convert:
    """The function from an item's text to its value; None where it stands for nothing.

    It raises one of UNUSABLE for a text that is no such value.
    """
    extra = (*placeholders, *spec.placeholders)
    if spec.kind == "unknown":
        parts = splitter(spec) if spec.split else lambda text: [text]
        return lru_cache(4096)(lambda text: all(is_placeholder(part, extra) for part in parts(text)) or None)
    convert = _mapped(spec) if spec.map is not None else _converter(spec)
    kept = frozenset((*spec.keep, *(spec.map or ())))

    def value(text: str) -> Value:
        if text not in kept and is_placeholder(text, extra):
            return None
        return convert(text)

    remembered = lru_cache(maxsize=65_536)(value)
    # what is long neither repeats nor stands for nothing
    return lambda text: remembered(text) if len(text) <= _LONGEST_WORD else convert(text)


_LONGEST_WORD: Final = 64


def _mapped(spec: ValueSpec) -> Convert:
    table, otherwise = spec.map or {}, spec.otherwise

    def convert(text: str) -> Value:
        if text not in table and otherwise is None and not spec.fallback:
            raise LeftOutError("unmapped_value", f"{text!r} is not among the values that the mapping knows")
        found = table.get(text, otherwise)
        return None if found == "" else found

    return convert


# --- keys ------------------------------------------------------------------------------------------------------


def key_part(value: Value, kind: Kind) -> str:
    """A value as part of a node's key: names in their normal form, so that spellings of one name are one key."""
    text = str(value)  # a date's text is its ISO form
    return normal_form(text) or text if kind == "name" else text


def joined_key(parts: list[str]) -> str:
    """Parts as one key; no two different lists of parts give the same."""
    if len(parts) == 1:
        return parts[0]
    return "|".join(part.replace("\\", "\\\\").replace("|", "\\|") for part in parts)
