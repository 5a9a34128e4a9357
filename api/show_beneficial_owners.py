"""Beneficial owners for people at a terminal: who, by which article, over which chains, and what is missing."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from queries.beneficial_owners import (
    BeneficialOwner,
    BeneficialOwners,
    CriterionMet,
    OwnershipPath,
    PossibleOwner,
)

_MARKS = {True: "✓", False: "✗", None: "?"}


def beneficial_owners(console: Console, answer: BeneficialOwners) -> None:
    """The owners with what proves them, then everything that is not sure."""
    title = f"{answer.company.name}  {answer.regime.title}  {answer.regime.version}"
    console.print(Text(title, style="bold"), soft_wrap=True)
    if not answer.beneficial_owners:
        console.print("没有认定出受益所有人 / no beneficial owner is identified")
    for owner in answer.beneficial_owners:
        _owner(console, owner)
    for official in answer.senior_managing_officials:
        console.print(
            f"{official.name}  {official.office}  {official.article}  {official.text}", markup=False
        )
    for possible in answer.possible:
        _possible(console, possible)
    _unsure(console, answer)


def _owner(console: Console, owner: BeneficialOwner) -> None:
    console.print(Text.assemble((owner.name, "cyan"), "  ", (owner.id, "dim")), soft_wrap=True)
    for met in owner.criteria:
        console.print(f"   {_met(met)}", markup=False, soft_wrap=True)
    for path in owner.paths:
        console.print(f"     {_chain(path)}", markup=False, soft_wrap=True)
    if owner.paths_truncated:
        console.print("     ……未列出全部路径 / not all chains are listed", style="yellow")
    for vote in owner.votes:
        line = f"     {vote.holder_name} ⇒ {vote.company_name}  表决权 votes {vote.voting_ratio:.2%}"
        console.print(line, markup=False, soft_wrap=True)


def _met(met: CriterionMet) -> str:
    return f"{met.article}  {met.text}  {_part(met)}".rstrip()


def _part(met: CriterionMet) -> str:
    if met.ratio_min is None or met.ratio_max is None:
        return ""
    if met.ratio_min == met.ratio_max:
        return f"{met.ratio_min:.2%}"
    return f"{met.ratio_min:.2%} – {met.ratio_max:.2%}"


def _chain(path: OwnershipPath) -> str:
    parts = [f"{step.holder_name} –{step.counted_ratio:.2%}→ " for step in path.steps]
    end = path.steps[-1].company_name if path.steps else ""
    return "".join([*parts, end, "" if path.ratio is None else f"  = {path.ratio:.2%}"])


def _possible(console: Console, possible: PossibleOwner) -> None:
    console.print(f"可能 possibly: {possible.name}  {possible.id}", style="yellow", markup=False)
    for met in possible.criteria:
        console.print(f"   {_met(met)}", markup=False, soft_wrap=True)


def _unsure(console: Console, answer: BeneficialOwners) -> None:
    if answer.possible_total > len(answer.possible):
        console.print(f"……共 {answer.possible_total} / in all", style="yellow")
    for gap in answer.missing:
        console.print(f"缺 missing: {gap.text}", style="yellow", markup=False, soft_wrap=True)
    if answer.exemption is not None:
        console.print(f"{answer.exemption.article}  {answer.exemption.result}", markup=False)
        for condition in answer.exemption.conditions:
            console.print(f"   {_MARKS[condition.met]} {condition.text}", markup=False, soft_wrap=True)
    for finding in answer.findings:
        console.print(f"! {finding.message}", style="yellow", markup=False, soft_wrap=True)
