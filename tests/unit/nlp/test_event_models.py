"""Events of the models, in our types: one at a trigger, the most special."""

from __future__ import annotations

from nlp.event_models import model_events, most_special
from nlp.shared import Found, FoundEvent, Scored

TEXT = "云岭实业收购江海科技股权，并被质押。"


def types(*triggers):
    chosen = most_special(TEXT, [Scored(*one, 0.9) for one in triggers])
    found = Found(TEXT, {}, {}, tuple(FoundEvent(trigger, ()) for trigger in chosen))
    return [event.type for event in model_events(found, ())]


def test_of_several_types_at_a_trigger_the_most_special_is_told():
    assert types((4, 6, "投资"), (4, 6, "股份股权转让"), (4, 6, "收购")) == ["acquisition"]
    assert types((4, 6, "投资"), (4, 6, "股份股权转让")) == ["share_transfer"]


def test_triggers_apart_are_events_apart_in_the_order_of_the_text():
    assert types((15, 17, "质押"), (4, 6, "收购"), (5, 7, "投资")) == ["acquisition", "pledge"]


def test_no_arguments_are_asked_for_in_another_language():
    assert most_special("The company acquired shares.", [Scored(12, 20, "收购", 0.9)]) == []
