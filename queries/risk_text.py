"""冲击说明: a sentence in Chinese and in English made of the shares, the strongest path and the cap of a party."""

from __future__ import annotations

from graph.view import View
from queries.risk_explain import Explanation, Path
from queries.risk_outcome import Outcome


def sentences(view: View, outcome: Outcome, at: int, why: Explanation) -> tuple[str, str]:
    """What hit a party, in Chinese and in English."""
    name = view.name(outcome.row.item(at))
    distress, low, high = (values.item(at) for values in (outcome.distress, outcome.low, outcome.high))
    certain = high - low < 0.00005  # noqa: PLR2004 - the same at the precision shown
    span = "" if certain else f"（{low:.2%}–{high:.2%}）"
    span_en = "" if certain else f" ({low:.2%} to {high:.2%})"
    what, what_en = ("受冲击", "is hit by") if outcome.capped else ("的相关度为", "has a relevance of")
    parts = [f"{name}{what} {distress:.2%}{span}"]
    parts_en = [f"{name} {what_en} {distress:.2%}{span_en}"]
    if why.own > 0:
        parts.append(f"其中自身冲击 {why.own:.2%}")
        parts_en.append(f"{why.own:.2%} of it its own shock")
    if why.channels and distress > 0:
        largest, nearest = why.channels[0], why.neighbours[0]
        parts.append(f"{largest.share / distress:.0%} 经“{largest.name}”")
        parts.append(f"{nearest.share / distress:.0%} 直接来自{nearest.name}")
        parts_en.append(f"{largest.share / distress:.0%} through {largest.name_en}")
        parts_en.append(f"{nearest.share / distress:.0%} directly from {nearest.name}")
    if why.paths:
        parts.append(f"最强路径 {_chain(why.paths[0], english=False)}")
        parts_en.append(f"strongest path {_chain(why.paths[0], english=True)}")
    if outcome.capped and why.uncapped > 1:
        parts.append(f"流入合计 {why.uncapped:.2%}，以 100% 为限")
        parts_en.append(f"{why.uncapped:.2%} came in, capped at 100%")
    return "；".join(parts) + "。", "; ".join(parts_en) + "."


def _chain(path: Path, *, english: bool) -> str:
    text = path.steps[0].source_name
    for step in path.steps:
        channel = step.channel_name_en if english else step.channel_name
        text += f" —{channel} {step.weight:.3g}→ {step.target_name}"
    return text
