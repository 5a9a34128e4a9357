"""风险传导渠道: through what distress travels, as `data/risk_channels.yaml` declares; a firm may change the parameters.

A firm's file has the same form and holds only what it changes: `version`, and under `channels` the parameters, or
`enabled: false` to leave a channel out. The version that an answer shows is a hash of all parameters in force.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any, Final, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from graph.errors import DataError, InvalidInput
from queries.declared import Declared, Wording, shipped

_NEEDED: Final[Mapping[str, frozenset[str]]] = {
    "equity_value": frozenset({"loss", "unknown", "double_leverage"}),
    "equity_support": frozenset({"support", "unknown_share"}),
    "control": frozenset({"factor", "unknown_votes"}),
    "group": frozenset({"factor", "unknown_votes"}),
    "guarantee": frozenset({"joint", "general", "unknown"}),
    "loan": frozenset({"lgd", "unknown"}),
    "customer": frozenset({"irreplaceable", "unknown"}),
    "supplier": frozenset({"irreplaceable", "unknown"}),
    "pledge_loan": frozenset({"lgd", "unknown"}),
    "pledge_value": frozenset({"call", "unknown"}),
    "shared_controller": frozenset({"factor", "most"}),
    "shared_officer": frozenset({"factor", "most"}),
}

CHANNELS: Final = tuple(_NEEDED)
"""Every channel, in the order of the numbers that a network gives them."""


Amount = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]


class Parameter(Wording):
    """A number that no source states: what it is taken to be, and the least and most that it may be."""

    default: Amount
    low: Amount
    high: Amount

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.low <= self.default <= self.high:
            raise ValueError(f"low {self.low}, default {self.default} and high {self.high} must ascend")
        return self

    @property
    def values(self) -> tuple[float, float, float]:
        """Low, default, high."""
        return self.low, self.default, self.high


class Channel(Declared):
    """One channel: who hits whom by how much, in which unit, on whose word."""

    name: Wording
    source_end: Wording = Field(alias="from")
    target_end: Wording = Field(alias="to")
    formula: Wording
    unit: str = "受冲击方的困境 ÷ 冲击方的困境 / distress of the one hit for a unit of distress of the other"
    parameters: dict[str, Parameter]
    source: str = Field(min_length=1)
    enabled: bool = True


class Channels(Declared):
    """All channels with the parameters in force."""

    version: str
    equity: Wording
    channels: dict[str, Channel]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if wrong := set(_NEEDED).symmetric_difference(self.channels):
            raise ValueError(f"channels that are missing or unknown: {', '.join(sorted(wrong))}")
        for name, needed in _NEEDED.items():
            if misfits := needed.symmetric_difference(self.channels[name].parameters):
                raise ValueError(f"{name}: parameters missing or unknown: {', '.join(sorted(misfits))}")
        return self

    @property
    def hash(self) -> str:
        """What tells these parameters from others: 12 hexadecimal digits."""
        numbers = {
            name: [channel.enabled, {key: p.values for key, p in sorted(channel.parameters.items())}]
            for name, channel in sorted(self.channels.items())
        }
        return hashlib.blake2b(json.dumps(numbers).encode(), digest_size=6).hexdigest()

    @property
    def label(self) -> str:
        """The version as an answer shows it: the file's own, and the hash."""
        return f"{self.version}+{self.hash}"

    def values(self, channel: str, parameter: str) -> tuple[float, float, float]:
        """Low, default and high of a parameter."""
        return self.channels[channel].parameters[parameter].values

    def without(self, *names: str) -> Channels:
        """The same with some channels left out. Raises InvalidInput for a name that there is not."""
        for name in names:
            if name not in self.channels:
                raise InvalidInput(
                    "without",
                    f"没有 {name} 渠道 / there is no channel {name!r}",
                    hint=f"one of {', '.join(CHANNELS)}",
                )
        left_out = {name: self.channels[name].model_copy(update={"enabled": False}) for name in names}
        return self.model_copy(update={"channels": {**self.channels, **left_out}})


def channels(file: Path | None = None) -> Channels:
    """The channels, with what a firm's file changes.

    Raises:
        DataError: A file is not as it must be; the error says where.
    """
    return _shipped() if file is None else _changed(_read(file), file)


@functools.cache
def _shipped() -> Channels:
    file = shipped("risk_channels.yaml")
    return _valid(_read(file), file)


def _changed(changes: Mapping[str, Any], file: Path) -> Channels:
    shipped = _shipped().model_dump(by_alias=True)
    if extra := set(changes) - {"version", "channels"}:
        raise DataError(f"{file}: unknown keys: {', '.join(sorted(map(str, extra)))}", hint=_MEND)
    merged = {**shipped, "version": str(changes.get("version", f"{shipped['version']}-changed"))}
    merged["channels"] = _merged(shipped["channels"], changes.get("channels") or {})
    return _valid(merged, file)


def _merged(old: Any, new: Any) -> Any:
    """New values over old ones, key by key; a key that is new stays, for validation to refuse."""
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        return new
    return {**old, **{key: _merged(old.get(key), value) for key, value in new.items()}}


_MEND: Final = "mend the file, or unset GUANXI_RISK_CHANNELS"


def _read(file: Traversable | Path) -> Mapping[str, Any]:
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise DataError(f"{file}: {error}", hint=_MEND) from error
    if not isinstance(found, Mapping):
        raise DataError(f"{file}: expected keys and values", hint=_MEND)
    return found


def _valid(found: Mapping[str, Any], file: Traversable | Path) -> Channels:
    try:
        return Channels.model_validate(found)
    except ValidationError as error:
        raise DataError(f"{file}: {error}", hint=_MEND) from error
