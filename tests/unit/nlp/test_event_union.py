"""One event told twice is one; what each knows of it is joined."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from nlp.event_union import union
from nlp.found import Argument, Event, Quantity

_RULE = Event(
    "pledge", (10, 12), 0, 40, 0.9, "rule:pledge",
    arguments=(Argument("pledger", 0, 4, "泠川实业", 0),), subjects=(0,), amount=Quantity(3e6, "shares"),
)  # fmt: skip
_MODEL = Event(
    "pledge", (10, 12), 0, 40, 0.8, "model:fewfc",
    arguments=(Argument("pledger", 0, 4, "泠川实业", 0), Argument("pledgee", 20, 24, "云岭银行", 1)),
)  # fmt: skip


def test_rule_and_model_that_agree_are_surer_and_know_more() -> None:
    """Arguments of both, the confidence that at least one is right."""
    [event] = union([_RULE, _MODEL])
    assert [argument.role for argument in event.arguments] == ["pledger", "pledgee"]
    assert (event.confidence, event.by) == (0.98, "rule:pledge+model:fewfc")
    assert event.amount == Quantity(3e6, "shares")


def test_two_events_of_one_type_stay_two() -> None:
    """With other subjects in one sentence, or in other sentences."""
    other = replace(_RULE, trigger=(30, 32), subjects=(3,))
    later = replace(_RULE, trigger=(60, 62), start=50, end=80)
    assert len(union([_RULE, other, later])) == 3


def test_types_do_not_mix() -> None:
    """A release of a pledge is none."""
    assert len(union([_RULE, replace(_RULE, type="pledge_release")])) == 2


def test_negative_events_of_two_kinds_are_two() -> None:
    """The finer type counts."""
    one = replace(_RULE, type="negative", detail="财务造假")
    assert len(union([one, replace(one, detail="信批违规"), one])) == 2


def test_what_one_of_two_calls_planned_is_planned() -> None:
    """It is one event all the same."""
    [event] = union([replace(_RULE, detail="planned"), _MODEL])
    assert event.detail == "planned"


_EVENTS = st.lists(
    st.builds(
        lambda kind, at, who, sure, by: Event(
            kind, (at, at + 2), at // 20 * 20, at // 20 * 20 + 20, sure, by, subjects=(who,)
        ),
        st.sampled_from(["pledge", "loss"]),
        st.integers(0, 58),
        st.integers(0, 2),
        st.floats(0.1, 0.9),
        st.sampled_from(["rule:a", "model:b"]),
    ),
    max_size=6,
)


@given(_EVENTS, st.randoms())
def test_the_order_does_not_matter_and_a_union_stays_as_it_is(events: list[Event], random: object) -> None:
    """Joined again, nothing changes but what was joined."""
    once = union(events)
    random.shuffle(events)  # type: ignore[attr-defined]
    assert union(events) == once
    assert len(union(once)) <= len(once) <= len(events)
