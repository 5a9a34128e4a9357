"""Planted guarantees: circles (担保圈), mutual pairs (互保) and chains (担保链), with amounts known by hand.

A guarantee points from guarantor to debtor. Everywhere else in the world guarantees run from a lower to a higher
company number only, so that these are all the circles there are.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from ingest.world.cast import Cast

_MILLION = 1_000_000


def _bank(cast: Cast) -> str:
    return cast.company("商业银行", form="股份有限公司", nature="other")


def _borrowers(cast: Cast, count: int, *, client: str = "") -> list[str]:
    """Companies that their founders own whole: nothing but guarantees ties them together."""
    companies = []
    for _ in range(count):
        companies.append(cast.company(client=client))
        cast.holds(cast.person(), companies[-1], 1.0)
    return companies


def _guarantee(cast: Cast, guarantor: str, debtor: str, creditor: str, millions: int) -> dict[str, object]:
    """State one guarantee and the loan behind it; gives what the truth says of it."""
    number = len(cast.rows.get("Guarantee", [])) + 1
    amount = millions * _MILLION
    dates = {"valid_from": "2023-09-01", "known_from": "2023-09-20", "source": "credit"}
    kind = "连带" if number % 3 else "一般"
    parties = {"debtor": debtor, "creditor": creditor, "guarantor": guarantor}
    name = f"保证合同{number}"
    cast.add(
        "Guarantee", id=f"G{number}", name=name, kind=kind, amount=amount, called="false", **parties, **dates
    )
    if not any(row["to"] == debtor for row in cast.rows.get("LENDS_TO", [])):
        cast.add("LENDS_TO", **{"from": creditor, "to": debtor, "amount": amount}, **dates)
    return {"id": f"G{number}", "guarantor": guarantor, "debtor": debtor, "amount": amount}


def _circle(cast: Cast, kind: str, members: list[str], pairs: list[tuple[int, int]]) -> None:
    bank = _bank(cast)
    edges = [_guarantee(cast, members[a], members[b], bank, 20 + 7 * n) for n, (a, b) in enumerate(pairs)]
    total = sum(20 + 7 * n for n in range(len(pairs))) * _MILLION
    cast.note(kind, members=members, edges=edges, total_amount=total)


def circle_of_three(cast: Cast) -> None:
    """Three clients, each of which guarantees the next."""
    _circle(cast, "guarantee_circles", _borrowers(cast, 3, client="true"), [(0, 1), (1, 2), (2, 0)])


def circle_with_chord(cast: Cast) -> None:
    """Five companies in a ring with a guarantee across it: breaking one edge is not always enough."""
    _circle(cast, "guarantee_circles", _borrowers(cast, 5), [(0, 1), (1, 2), (2, 3), (3, 4), (4, 0), (2, 0)])


def circle_in_group(cast: Cast) -> None:
    """A circle of four, two of which have the same owner."""
    members = _borrowers(cast, 2)
    owner = cast.person()
    for _ in range(2):
        members.append(cast.company())
        cast.holds(owner, members[-1], 0.9)
        cast.controlled(members[-1], owner, chain=[[owner, members[-1]]])
    _circle(cast, "guarantee_circles", members, [(0, 2), (2, 1), (1, 3), (3, 0)])
    cast.note("circle_overlaps_group", members=members, owner=owner, owned=members[2:])


def mutual_pair(cast: Cast) -> None:
    """Two companies that guarantee each other."""
    _circle(cast, "mutual_pairs", _borrowers(cast, 2, client="true"), [(0, 1), (1, 0)])


def long_chain(cast: Cast) -> None:
    """Eight companies, each of which guarantees the next, and no way back."""
    members = _borrowers(cast, 8)
    _circle(cast, "guarantee_chains", members, list(pairwise(range(8))))


SCENARIOS: tuple[Callable[[Cast], None], ...] = (
    circle_of_three, circle_with_chord, circle_in_group, mutual_pair, long_chain,
)  # fmt: skip
"""What every set of plants holds beside the scenarios of ownership."""
