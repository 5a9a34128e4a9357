"""股东穿透: who owns a company through any number of layers and loops, and what an owner owns."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from graph.algorithms import ownership
from graph.algorithms.ownership import State, Stop
from graph.algorithms.ownership_paths import LargestChains, largest_chains
from graph.errors import InvalidInput
from graph.schema import PARTIES
from graph.view import Fact, View
from graph.view_types import RecordRef
from queries import stakes
from queries.labels import Label
from queries.models import Answer, Cursor, EntityId, Finding, Line, Party, PartyLine, Ratio
from queries.paging import MAX_LIMIT, Page, cut
from queries.stakes import Capital, End
from queries.statements import MAX_RECORDS, party, refs, who

PLACES: Final = 12
"""Decimal places of a computed ratio: what stands behind them depends on the order of sums."""

SECTIONS: Final = ("terminals", "intermediates", "direct")
"""The lists of an answer; `section` asks for one of them alone, to page through it."""

STOPS: Final = {
    "natural_person": Label("自然人", "a natural person"),
    "state_body": Label("国家机关", "a state body"),
    "listed_dispersed": Label("股权分散的上市公司", "a listed company that nobody holds a major part of"),
    "listed": Label("上市公司，股东无资料", "a listed company whose holders no source states"),
    "foreign": Label("境外主体，股东无资料", "a foreign holder whose own holders no source states"),
    "date": Label("当日无股东资料", "its holders are known on other days only"),
    "no_data": Label("股东无资料", "no source states its holders"),
    "overstated": Label("股东合计超过 100%", "its stated holders add up to more than all of it"),
    "circular": Label("闭环持股，无外部股东", "a closed ring of holdings without an outside owner"),
    "looked_through": Label("已穿透", "looked through"),
}
"""Why look-through stopped, or did not."""


@dataclass(slots=True, kw_only=True)
class Stake(Line):
    """One holding of a chain: who holds how much of whom, with the records that say so."""

    holder: EntityId
    holder_name: str
    company: EntityId
    company_name: str
    share_ratio: Ratio


@dataclass(slots=True, kw_only=True)
class DirectHolder(PartyLine):
    """A holder as stated, without looking through."""

    direct_ratio: Ratio
    direct_min: Ratio
    direct_max: Ratio
    share_class: str | None
    partner: Annotated[str | None, Field(description="general or limited, in a partnership.")]


@dataclass(slots=True, kw_only=True)
class Owner(PartyLine):
    """An owner, direct or through others, with the largest chain of holdings that makes it one."""

    direct_ratio: Ratio
    integrated_ratio: Annotated[
        float | None,
        Field(
            description="Share through all layers and loops, a fraction of 1. Of an intermediate it is corrected for "
            "what that holds in itself; null where finding it was too costly."
        ),
    ]
    integrated_min: Ratio
    integrated_max: Ratio
    layers: Annotated[
        int, Field(description="Holdings between it and the company by the shortest way; 1 is direct.")
    ]
    path: Annotated[
        list[Stake], Field(description="The largest chain of holdings, from the owner to the company.")
    ]
    path_ratio: Annotated[float | None, Field(description="The product of the shares along `path`.")]


@dataclass(slots=True, kw_only=True)
class Terminal(Owner):
    """An owner at which look-through stopped, and why."""

    stopped_because: Annotated[str, Field(description=", ".join(sorted(STOPS)))]
    stopped_text: str


class Owners(Answer):
    """Who owns a company: where look-through stopped, and through whom.

    The shares of all terminals and `unknown_ratio` add up to 1, but where `state` is overstated.
    """

    company: Party
    as_of: dt.date
    known_at: dt.date | None
    state: Annotated[str, Field(description="solved, overstated (direct lines only), circular, no_holders.")]
    terminals: list[Terminal]
    terminals_total: int
    terminals_ratio: Annotated[
        Ratio, Field(description="What all terminals own together, those on other pages too.")
    ]
    terminals_next: Cursor
    intermediates: list[Owner]
    intermediates_total: int
    intermediates_next: Cursor
    direct: list[DirectHolder]
    direct_total: int
    direct_next: Cursor
    unknown_ratio: Ratio
    unknown_min: Ratio
    unknown_max: Ratio
    circular_ratio: Annotated[
        float, Field(description="The part of what is unknown that runs into closed rings.")
    ]
    own_ratio: Annotated[
        float | None, Field(description="What the company holds in itself through loops: 1 - 1/V of itself.")
    ]
    findings: list[Finding]


@dataclass(slots=True, kw_only=True)
class Holding(PartyLine):
    """A company that is owned, directly or through others."""

    direct_ratio: Ratio
    integrated_ratio: Annotated[
        float | None,
        Field(description="Share through all layers and loops; null where its holders add up to over 1."),
    ]
    layers: int
    state: Annotated[str, Field(description="solved, overstated, circular.")]


class Holdings(Answer):
    """What an owner owns, directly and through others, the largest share first."""

    owner: Party
    as_of: dt.date
    known_at: dt.date | None
    holdings: list[Holding]
    total: int
    next: Cursor


def company_row(view: View, ref: str) -> int:
    """The company that something names.

    Raises:
        NotFound, Ambiguous: As `View.resolve`.
        InvalidInput: It is no company.
    """
    row = view.resolve(ref)
    if view.kind(row) != "Company":
        raise InvalidInput(
            "id",
            f"{view.name(row)} 不是公司 / is a {view.kind(row)}, not a company",
            hint="只有公司有股东和控制人 / only companies have owners and controllers",
        )
    return row


def ratio(value: float) -> float | None:
    """A computed ratio as an answer shows it; null for none."""
    return None if np.isnan(value) else round(float(value), PLACES) + 0.0


def owners(view: View, ref: str, *, section: str | None = None, page: Page | None = None) -> Owners:
    """Who owns a company, through any number of layers.

    Args:
        view: What the asker may see, on the day asked for.
        ref: The company: an id, a code, or a name that one thing has.
        section: One list alone (`terminals`, `intermediates`, `direct`), to page through it.
        page: How many lines of a list, and behind which cursor.

    Raises:
        NotFound, Ambiguous: As `View.resolve`.
        InvalidInput: It is no company, there is no such section, or the cursor is not valid.
    """
    asked = Asked.of(section, page, SECTIONS)
    return _answer(LookedThrough.of(view, company_row(view, ref)), asked)


@dataclass(frozen=True)
class Asked:
    """Which list of an answer is wanted, and which page of it; the others are left empty if one is named."""

    section: str | None
    page: Page

    @classmethod
    def of(cls, section: str | None, page: Page | None, known: Sequence[str]) -> Asked:
        """What was asked for. Raises InvalidInput."""
        page = page or Page(MAX_LIMIT)
        if section is not None and section not in known:
            raise InvalidInput(
                "section", f"没有 {section} 部分 / there is no section {section!r}: {', '.join(known)}"
            )
        if page.cursor and section is None:
            raise InvalidInput(
                "cursor", "翻页须指明 section / a cursor needs the `section` that it belongs to"
            )
        return cls(section, page)

    def wants(self, section: str) -> bool:
        """Whether a list is wanted."""
        return self.section in (None, section)


@dataclass(frozen=True)
class LookedThrough:
    """One company looked through: what the answers about its owners are made of."""

    view: View
    row: int
    owners: ownership.Owners

    @classmethod
    def of(cls, view: View, row: int, costly: int = ownership.COSTLY) -> LookedThrough:
        """Look through a company; `costly` as for `ownership.Upstream.owners`."""
        return cls(view, row, stakes.upstream(view, row).owners(row, costly))

    @cached_property
    def reader(self) -> ChainReader:
        """What reads the steps of chains."""
        return ChainReader(self.view)

    @cached_property
    def chains(self) -> LargestChains:
        """The largest chain from each owner."""
        above = stakes.upstream(self.view, self.row)
        return largest_chains(above, self.row, self.view.id_keys())

    def path(self, owner: int) -> tuple[list[Stake], float]:
        """The largest chain of holdings from an owner to the company, and the product of its shares."""
        chain = self.chains.chain(owner)
        steps = [step for pair in pairwise(chain.nodes) for step in self.reader.between(*pair)]
        return steps, chain.share

    def share_of(self, owner: int) -> float:
        """What an owner owns of the company, 0 where it owns nothing."""
        for lines, values in ((self.owners.terminals, "share"), (self.owners.intermediates, "corrected")):
            place = np.flatnonzero(lines.node == owner)
            if len(place):
                return float(getattr(lines, values)[place[0]])
        return 0.0


class ChainReader:
    """Holdings as steps of chains: each is read once, however many chains it is in."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._capital = stakes.capital(view)
        self._names: dict[int, str] = {}
        self._steps: dict[tuple[int, int], list[Stake]] = {}

    def between(self, holder: int, company: int) -> list[Stake]:
        """The holdings of one in another, by the id of their best record."""
        key = (holder, company)
        if key not in self._steps:
            rows = self._capital.graph.between(holder, company).tolist()
            steps = [self._step(row, holder, company) for row in rows]
            self._steps[key] = sorted(steps, key=lambda step: step.records[0].id)
        return self._steps[key]

    def _step(self, row: int, holder: int, company: int) -> Stake:
        share = self._capital.stated.item(row)
        return Stake(
            holder=self._view.id(holder),
            holder_name=self._name(holder),
            company=self._view.id(company),
            company_name=self._name(company),
            share_ratio=None if np.isnan(share) else share,
            records=refs(self._capital.facts.records(row)),
        )

    def _name(self, row: int) -> str:
        if row not in self._names:
            self._names[row] = self._view.name(row)
        return self._names[row]


def stakes_between(view: View, holder: int, company: int) -> list[Stake]:
    """The holdings of one in another, by the id of their best record."""
    return ChainReader(view).between(holder, company)


# --- the answer ----------------------------------------------------------------------------------------------------


def _answer(found: LookedThrough, asked: Asked) -> Owners:
    view, owned = found.view, found.owners
    terminals, next_terminal = _listed(found, owned.terminals, asked, "terminals")
    middle, next_middle = _listed(found, owned.intermediates, asked, "intermediates")
    direct, next_direct = _direct(found, asked)
    low, high = owned.unknown_bounds
    return Owners(
        company=party(view, found.row),
        as_of=view.as_of,
        known_at=view.known_at,
        state=state_of(owned),
        terminals=[_terminal(found, i) for i in terminals],
        terminals_total=len(owned.terminals.node),
        terminals_ratio=ratio(owned.terminals.share.sum()) if owned.state is State.SOLVED else None,
        terminals_next=next_terminal,
        intermediates=[Owner(**_owner(found, owned.intermediates, i)) for i in middle],
        intermediates_total=len(owned.intermediates.node),
        intermediates_next=next_middle,
        direct=[_direct_holder(view, fact) for fact in direct],
        direct_total=view.degree(found.row, "HOLDS", "in"),
        direct_next=next_direct,
        unknown_ratio=ratio(owned.unknown),
        unknown_min=ratio(low),
        unknown_max=ratio(high),
        circular_ratio=ratio(owned.circular) or 0.0,
        own_ratio=ratio(1 - 1 / owned.itself),
        findings=list(findings_of(found)),
    )


def state_of(found: ownership.Owners) -> str:
    """What kind of answer there is: solved, overstated, circular, no_holders."""
    return found.state.name.lower() if len(found.direct[0]) else "no_holders"


def _listed(
    found: LookedThrough, lines: ownership.Lines, asked: Asked, section: str
) -> tuple[list[int], str | None]:
    """Numbers of the lines of one page, the largest share first, and the next page."""
    if not asked.wants(section):
        return [], None
    shares = lines.share if section == "terminals" else lines.corrected
    return by_share(found.view, lines.node, shares, asked.page, "owners", found.view.id(found.row), section)


def by_share(
    view: View, nodes: NDArray[np.int32], shares: NDArray[np.float64], page: Page, *question: str
) -> tuple[list[int], str | None]:
    """Numbers of the lines of one page, the largest share first, then by id; what has none comes last."""
    rounded = -np.round(np.nan_to_num(shares, nan=-1.0), PLACES)
    order = np.lexsort((view.id_keys()[nodes], rounded))

    def position(place: int) -> tuple[float, str]:
        line = order.item(place)
        return rounded.item(line), view.id(nodes.item(line))

    chosen, after = cut(range(len(order)), page, position, *question)
    return [order.item(place) for place in chosen], after


def _owner(found: LookedThrough, lines: ownership.Lines, i: int) -> dict[str, Any]:
    row = lines.node.item(i)
    steps, product = found.path(row)
    own = lines.share if lines is found.owners.terminals else lines.corrected
    return {
        **who(found.view, row),
        "direct_ratio": ratio(lines.direct.item(i)),
        "integrated_ratio": ratio(own.item(i)),
        "integrated_min": ratio(lines.low.item(i)),
        "integrated_max": ratio(lines.high.item(i)),
        "layers": lines.layers.item(i),
        "path": steps,
        "path_ratio": ratio(product) if steps else None,
        "records": refs(record for step in steps for record in step.records),
    }


def _terminal(found: LookedThrough, i: int) -> Terminal:
    lines = found.owners.terminals
    why = stopped_because(found.view, lines.node.item(i), lines.stop.item(i))
    return Terminal(**_owner(found, lines, i), stopped_because=why, stopped_text=str(STOPS[why]))


_REASONS: Final[Mapping[int, str]] = {
    End.PERSON: "natural_person",
    End.STATE_BODY: "state_body",
    End.LISTED_DISPERSED: "listed_dispersed",
    Stop.OVERSTATED: "overstated",
    Stop.CIRCULAR: "circular",
}


def stopped_because(view: View, row: int, stop: int) -> str:
    """Why look-through stopped at a holder, as a word of `STOPS`."""
    if stop == Stop.NO_DATA:
        return _without_holders(view, row)
    return _REASONS[stop]


def _without_holders(view: View, row: int) -> str:
    if ("HOLDS", "in") in view.touching(row) and view.history(row, "HOLDS", "in"):
        return "no_data" if view.degree(row, "HOLDS", "in") else "date"
    if stakes.is_listed(view, row):
        return "listed"
    return "foreign" if is_foreign(view, row) else "no_data"


def is_foreign(view: View, row: int) -> bool:
    """境外: whether a party is said to be foreign, or registered outside China."""
    country = view.value(row, "country") if view.kind(row) == "Company" else None
    return view.value(row, "nature") == "foreign" or country not in (None, *_CHINA)


_CHINA: Final = ("CN", "CHN")


def _direct(found: LookedThrough, asked: Asked) -> tuple[Sequence[Fact], str | None]:
    if not asked.wants("direct"):
        return [], None
    question = ("owners", found.view.id(found.row), "direct")
    after = asked.page.after(*question)
    shown = found.view.page(
        found.row, "HOLDS", "in", None if after is None else str(after[0]), asked.page.limit
    )
    return shown.facts, asked.page.next((shown.next,), *question) if shown.next else None


def _direct_holder(view: View, fact: Fact) -> DirectHolder:
    props = fact.props
    return DirectHolder(
        **who(view, fact.other),
        direct_ratio=props.get("share_ratio"),
        direct_min=props.get("share_min"),
        direct_max=props.get("share_max"),
        share_class=props.get("share_class"),
        partner=props.get("partner"),
        records=refs(fact.records),
    )


# --- findings ------------------------------------------------------------------------------------------------------


def findings_of(found: LookedThrough) -> Iterator[Finding]:
    """What the reader of owners should know about the data."""
    view, owned = found.view, found.owners
    if not len(owned.direct[0]):
        yield Finding(
            code="no_holders", message="没有资料说明其股东 / no source states its holders", records=[]
        )
    if owned.state is State.OVERSTATED:
        yield overstated(view, found.row)
    if owned.state is State.CIRCULAR:
        text = "闭环持股，没有外部股东 / a closed ring of holdings without an outside owner"
        yield Finding(code="circular", message=text, records=[])
    for row in owned.terminals.node[owned.terminals.stop == Stop.OVERSTATED].tolist():
        yield overstated(view, row, above=True)
    yield from _unclear(found)


def overstated(view: View, company: int, *, above: bool = False) -> Finding:
    """股东合计超过 100%: a data finding; nothing is ever rescaled."""
    known = stakes.capital(view)
    rows = known.graph.of(company)
    total = round(float(np.nansum(known.stated[rows])), PLACES)
    name = view.name(company)
    return Finding(
        code="overstated_above" if above else "overstated",
        message=f"{name} 的股东合计 {total:.2%}，超过 100% / the stated holders of {name} add up to {total:.2%}",
        records=records_of(known, rows),
    )


def _unclear(found: LookedThrough) -> Iterator[Finding]:
    """Holdings on the way up whose share is stated nowhere, or as an interval that begins above its end."""
    known = stakes.capital(found.view)
    rows = np.unique(stakes.upstream(found.view, found.row).rows())
    silent = rows[known.silent[rows]]
    crossed = rows[known.reversed_bounds[rows]]
    if len(silent):
        text = (
            f"{len(silent)} 笔持股的比例未知 / the share of {len(silent)} holdings on the way up is unknown"
        )
        yield Finding(code="share_unknown", message=text, records=records_of(known, silent))
    if len(crossed):
        text = f"{len(crossed)} 笔持股的区间颠倒 / {len(crossed)} stated intervals begin above their end"
        yield Finding(code="interval_reversed", message=text, records=records_of(known, crossed))


def records_of(known: Capital, rows: NDArray[np.int32]) -> list[RecordRef]:
    """The best records of some holdings, in the order of their handles; as many as an answer shows."""
    handles = known.facts.handles(rows)
    first = rows[np.lexsort((handles["lo"], handles["hi"]))[:MAX_RECORDS]]
    return refs(known.facts.records(row)[0] for row in first.tolist())


# --- down ----------------------------------------------------------------------------------------------------------


def holdings(view: View, ref: str, *, page: Page | None = None) -> Holdings:
    """What a company or person owns, through any number of layers, the largest share first.

    Args:
        view: What the asker may see, on the day asked for.
        ref: The owner: an id, a code, or a name that one thing has.
        page: How many, and behind which cursor.

    Raises:
        NotFound, Ambiguous: As `View.resolve`.
        InvalidInput: It can hold nothing, or the cursor is not valid.
    """
    page = page or Page()
    row = view.resolve(ref)
    if view.kind(row) not in PARTIES:
        raise InvalidInput("id", f"{view.name(row)} 不能持股 / a {view.kind(row)} holds no shares")
    held = stakes.held_by(view, row)
    shown, after = by_share(view, held.node, np.where(held.state == State.SOLVED, held.corrected, held.direct),
                            page, "holdings", view.id(row))  # fmt: skip
    return Holdings(
        owner=party(view, row),
        as_of=view.as_of,
        known_at=view.known_at,
        holdings=[_holding(view, held, i) for i in shown],
        total=len(held.node),
        next=after,
    )


def _holding(view: View, held: ownership.Held, i: int) -> Holding:
    row = held.node.item(i)
    direct = stakes_between(view, held.holder, row)
    return Holding(
        **who(view, row),
        direct_ratio=ratio(held.direct.item(i)),
        integrated_ratio=ratio(held.corrected.item(i)),
        layers=held.layers.item(i),
        state=State(held.state.item(i)).name.lower(),
        records=refs(record for step in direct for record in step.records),
    )
