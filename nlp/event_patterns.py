"""The patterns of events.yaml, compiled: triggers, what must and must not stand beside them, roles and figures."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

import yaml

from nlp.found import EVENT_TYPES
from nlp.parties import DEFINITION

APPOSITION: Final = (
    "(?:其|本|下属|旗下|全资|控股|参股|间接|关联|公司|子公司|孙公司|企业|关联方|控股股东|股东|自然人|交易对方|卖方|买方|"
    "独立第三方)*"
)
"""What may stand between the word that introduces a party and its name (为全资子公司甲)."""
OBJECT_WORDS: Final = ("将", "把")


@dataclass(frozen=True)
class Role:
    """A part in an event: the kinds of mention that may fill it, and what its words must hold, where they must."""

    name: str
    zh: str
    kinds: frozenset[str]
    like: re.Pattern[str] | None
    unlike: re.Pattern[str] | None


@dataclass(frozen=True)
class Pattern:
    """What one entry of events.yaml declares, its expressions compiled."""

    type: str
    confidence: float
    not_before: re.Pattern[str] | None
    not_after: re.Pattern[str] | None
    needs: re.Pattern[str] | None
    avoid: re.Pattern[str] | None
    before: tuple[str, ...]
    after: tuple[str, ...]
    words: Mapping[str, tuple[str, ...]]
    tails: Mapping[str, tuple[str, ...]]
    introduces: re.Pattern[str]
    if_taken: str | None
    topic: str | None
    subject: str
    people: str | None
    figures: Mapping[str, str]
    texts: Mapping[str, re.Pattern[str]]
    needs_party: bool
    needs_people: bool
    needs_money: bool
    detail: str | None


@dataclass(frozen=True)
class Rules:
    """All of events.yaml."""

    roles: Mapping[str, Role]
    triggers: Mapping[str, tuple[str, ...]]
    patterns: Mapping[str, tuple[Pattern, ...]]
    cores: Mapping[str, tuple[int, int]]
    links: re.Pattern[str]


def _names(declared: str | list[str] | None) -> tuple[str, ...]:
    if declared is None:
        return ()
    return (declared,) if isinstance(declared, str) else tuple(declared)


def _compiled(expression: str | None, office: str, form: str = "{}") -> re.Pattern[str] | None:
    return re.compile(form.format(f"(?:{expression.replace('OFFICE', office)})")) if expression else None


def _pattern(kind: str, declared: Mapping[str, Any], office: str) -> Pattern:
    words = {word: _names(role) for word, role in declared.get("words", {}).items()}
    before = _names(declared["before"])
    after = _names(declared["after"])
    words = {**dict.fromkeys(OBJECT_WORDS, after), **words}
    longest = sorted(words, key=lambda word: (-len(word), word))
    return Pattern(
        type=kind,
        confidence=declared["confidence"],
        not_before=_compiled(declared.get("not_before"), office, "{}$"),
        not_after=_compiled(declared.get("not_after"), office),
        needs=_compiled(declared.get("needs"), office),
        avoid=_compiled(declared.get("avoid"), office),
        before=before,
        after=after,
        words=words,
        tails={word: _names(role) for word, role in declared.get("tails", {}).items()},
        introduces=re.compile(f"(?P<word>{'|'.join(map(re.escape, longest))}){APPOSITION}$"),
        if_taken=declared.get("if_taken"),
        topic=declared.get("topic"),
        subject=declared["subject"],
        people=declared.get("people"),
        figures=declared.get("figures", {}),
        texts={
            role: re.compile(expression.replace("OFFICE", office))
            for role, expression in declared.get("texts", {}).items()
        },
        needs_party=declared.get("needs_party", False),
        needs_people=declared.get("needs_people", False),
        needs_money=declared.get("needs_money", False),
        detail=declared.get("detail"),
    )


@cache
def rules() -> Rules:
    """What events.yaml declares; a type that nlp.found does not know is an error of the file."""
    declared = yaml.safe_load((resources.files("nlp") / "data" / "events.yaml").read_text("utf-8"))
    patterns: dict[str, list[Pattern]] = {}
    cores: dict[str, tuple[int, int]] = {}
    for kind, entry in declared["events"].items():
        if kind not in EVENT_TYPES:
            raise ValueError(f"events.yaml: no type of event is called {kind!r}")
        for one in entry["patterns"]:
            pattern = _pattern(kind, entry["defaults"] | one, declared["office"])
            for trigger in one["triggers"]:
                plain = trigger.replace("[", "").replace("]", "")
                patterns.setdefault(plain, []).append(pattern)
                cores[plain] = (
                    (trigger.index("["), trigger.index("]") - 1) if "[" in trigger else (0, len(plain))
                )
    by_start: dict[str, tuple[str, ...]] = {}
    for trigger in sorted(patterns, key=lambda trigger: (-len(trigger), trigger)):
        by_start[trigger[:2]] = (*by_start.get(trigger[:2], ()), trigger)
    return Rules(
        {
            name: Role(
                name,
                role["zh"],
                frozenset(role["kinds"]),
                _compiled(role.get("like"), ""),
                _compiled(role.get("unlike"), ""),
            )
            for name, role in declared["roles"].items()
        },
        by_start,
        {trigger: tuple(found) for trigger, found in patterns.items()},
        cores,
        re.compile(
            f"(?:先生|女士)?(?:{DEFINITION.pattern})?(?:、|和|及|与|以及|暨|/)(?:其|公司|时任|原|{declared['office']})*"
            "(?:下属|全资|控股|参股)*(?:子公司|孙公司|控股股东|实际控制人|一致行动人|自然人|老股东)?$"
        ),
    )
