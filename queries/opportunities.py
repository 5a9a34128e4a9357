"""商机: which client or prospect needs which product now, why, what it is worth, and who can open the door."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Final

import numpy as np

from graph.columns import date_of, day_number
from graph.errors import InvalidInput, NotFound
from graph.ids import is_handle
from graph.names import short_key
from graph.view import View
from queries.catalogue import Catalogue, Law, catalogue
from queries.group_totals import clients
from queries.introductions import introductions
from queries.labels import Label
from queries.models import Party
from queries.opportunity_answer import (
    Aside,
    FeedbackLine,
    Introducer,
    One,
    Opportunities,
    Opportunity,
    ProductInfo,
    Restriction,
    Score,
    Why,
)
from queries.opportunity_chain import Chain
from queries.opportunity_collaborative import Collaborative
from queries.opportunity_eligibility import Verdict, open_questions, verdicts, why_not
from queries.opportunity_events import Events
from queries.opportunity_feedback import (
    OPEN_STAGES,
    STAGES,
    Decision,
    Learned,
    Pair,
    Stage,
    Track,
    learned,
    stage,
    tracks,
)
from queries.opportunity_look_alikes import LookAlikes, Told
from queries.opportunity_proposals import NEVER, Desk, Evidence, Flags, Rows, Source, desk_of
from queries.opportunity_ranking import Book, Ranked, book, ranked
from queries.opportunity_rules import OpportunityRules, SourceName, opportunity_rules
from queries.opportunity_white_space import WhiteSpace
from queries.paging import Page, Position, cut
from queries.statements import party, refs

# --- what is asked ---


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which opportunities; all that are open where nothing is given."""

    company: str | None = None
    manager: str | None = None
    branch: str | None = None
    product: str | None = None
    source: str | None = None
    stage: str | None = None
    unassigned: bool = False

    @property
    def question(self) -> tuple[str, ...]:
        """What a cursor belongs to."""
        given = (self.company, self.manager, self.branch, self.product, self.source, self.stage)
        return (*(text or "" for text in given), str(self.unassigned))


class Engine:
    """商机引擎: the catalogue, the rules and the sources that are on; the same for every View."""

    def __init__(self, products: Catalogue, rules: OpportunityRules, sources: Sequence[Source]) -> None:
        rules.check(products)
        self.catalogue = products
        self.rules = rules
        self.sources = tuple(sources)

    @cached_property
    def label(self) -> str:
        """A hash of all that an answer depends on beside the View."""
        parts = (self.catalogue.label, self.rules.label, *(f"{s.name}:{s.version}" for s in self.sources))
        return blake2b("\n".join(parts).encode(), digest_size=8).hexdigest()


def engine(
    products: Catalogue | None = None, rules: OpportunityRules | None = None, told: Told | None = None
) -> Engine:
    """The engine with the sources that the rules turn on; `told` has vectors of descriptions, where they count.

    Raises:
        DataError: Catalogue and rules do not fit.
    """
    products, rules = products or catalogue(), rules or opportunity_rules()
    every = sources_of(rules, told)
    return Engine(products, rules, [every[name]() for name in rules.sources])


def sources_of(
    rules: OpportunityRules, told: Told | None = None
) -> Mapping[SourceName, Callable[[], Source]]:
    """Every source there is, by name, on or off."""
    return {
        "events": lambda: Events(rules),
        "white_space": lambda: WhiteSpace(rules),
        "look_alikes": lambda: LookAlikes(rules, told),
        "collaborative": lambda: Collaborative(rules),
        "chain": lambda: Chain(rules),
    }


@dataclass(frozen=True)
class Found:
    """Everything that was found in a View: the book, what may not be, and what was decided."""

    engine: Engine
    desk: Desk
    book: Book
    verdict: Rows
    """A `Verdict` of each pair."""
    stage: Rows
    """Place among `STAGES` of each pair."""
    returned: Flags
    tracks: dict[Pair, Track]
    learned: Learned

    def track(self, place: int) -> Track:
        """What was decided on a pair."""
        return self.tracks.get((self.book.company.item(place), self.book.product.item(place)), _NOTHING)

    def workers(self, place: int) -> set[int]:
        """Rows of the staff who work on a pair: whom it was given to, else who covers the company."""
        assignee = self.track(place).assignee
        if assignee is not None:
            return {assignee}
        return set(self._covering.get(self.book.company.item(place), ()))

    @cached_property
    def _covering(self) -> dict[int, list[int]]:
        covers = self.desk.view.arrays("COVERS")
        found: dict[int, list[int]] = {}
        for staff, client in zip(covers.start.tolist(), covers.end.tolist(), strict=True):
            found.setdefault(client, []).append(staff)
        return found

    @property
    def counted(self) -> Flags:
        """Which proposals make the figures of their pair: those open on the day; where none is, all."""
        return self.book.counted

    @cached_property
    def standing(self) -> Flags:
        """What may be listed: open on the day, or being worked on or decided; and not set aside."""
        decided = self.stage != STAGES.index("new")
        good: Flags = (self.book.live | decided) & (self.verdict == Verdict.GOOD)
        return good


_NOTHING: Final = Track(())


def stage_of(found: Found, place: int) -> Stage:
    """The stage of a pair."""
    return STAGES[found.stage.item(place)]


def found_in(view: View, by: Engine) -> Found:
    """All opportunities of all companies. Kept by View and engine."""
    return view.foundation(("opportunities", by.label), lambda: _found_in(view, by))


def _found_in(view: View, by: Engine) -> Found:
    desk = desk_of(view, by.catalogue)
    rates = learned(desk, by.rules.rates, [source.name for source in by.sources])
    every = book(desk, by.sources, rates)
    decided = dict(tracks(desk))
    stages = np.zeros(len(every), np.int64)
    returned = np.zeros(len(every), np.bool_)
    for pair, track in decided.items():
        place = every.place(pair)
        if place >= 0:
            now, back = stage(view, track.last, _new_since(every, place))
            stages[place], returned[place] = STAGES.index(now), back
    verdict = np.full(len(every), Verdict.GOOD, np.int64)
    shown = np.flatnonzero(every.live | (stages > 0))
    verdict[shown] = verdicts(desk, every.company[shown], every.product[shown])
    return Found(by, desk, every, verdict, stages, returned, decided, rates)


def _new_since(every: Book, place: int) -> Callable[[Decision], bool]:
    """Whether a pair rests on something dated after a decision, or told after it and unknown to who decided."""
    view, proposals = every.desk.view, every.proposals

    def answer(last: Decision) -> bool:
        if not every.live[place]:
            return False
        numbers = every.of(place)
        if proposals.dated[numbers].max() > day_number(last.day):
            return True
        told = [n for n in numbers if every.sources[every.source.item(n)].name == Events.name]
        rows = proposals.evidence[told]
        late = view.told_since(rows, last.day + dt.timedelta(days=1)) if told else np.zeros(0, np.bool_)
        return any(view.id(row) not in last.evidence for row in rows[late].tolist())

    return answer


# --- the list ---


def opportunities(
    view: View, wanted: Wanted | None = None, *, by: Engine | None = None, page: Page | None = None
) -> Opportunities:
    """Who needs what now, best first.

    Raises:
        NotFound, Ambiguous: As `View.resolve`, of a company, manager or branch.
        InvalidInput: An unknown product, source or stage, or a cursor that is not valid.
    """
    wanted, by, page = wanted or Wanted(), by or engine(), page or Page()
    found = found_in(view, by)
    order = ranked(found.book, chosen(found, wanted))

    def position(at: int) -> Position:
        return _position(found, order, at)

    asked = ("opportunities", view.as_of.isoformat(), *wanted.question)
    shown, following = cut(range(len(order.places)), page, position, *asked)
    aside = _asides(found, wanted)
    one = wanted.company is not None
    return Opportunities(
        as_of=view.as_of,
        known_at=view.known_at,
        catalogue=by.catalogue.label,
        rules=by.rules.label,
        opportunities=[_opportunity(found, order.places.item(at)) for at in shown],
        total=len(order.places),
        aside=[_aside(found, place) for place in aside.tolist()] if one else [],
        aside_total=len(aside),
        next=following,
    )


def _position(found: Found, order: Ranked, at: int) -> Position:
    place = order.places.item(at)
    company, product = found.book.company.item(place), found.book.product.item(place)
    key = found.engine.catalogue.products[product].key
    return order.round.item(at), -order.standing.item(at), found.desk.view.id(company), key


def chosen(found: Found, wanted: Wanted) -> Rows:
    """The places of the book that are asked for, in no order."""
    every = found.book
    stages = _stages(wanted)
    good = found.standing & np.array([one in stages for one in STAGES])[found.stage]
    good &= of_whom(found, wanted)
    if wanted.product is not None:
        good &= every.product == _product(found.engine, wanted.product)
    if wanted.source is not None:
        good &= _from_source(found, wanted.source)
    if wanted.unassigned:
        good &= ~assigned(found)
    places: Rows = np.flatnonzero(good)
    return places


def _stages(wanted: Wanted) -> Sequence[Stage]:
    if wanted.stage is None:
        return OPEN_STAGES
    known = [one for one in STAGES if one == wanted.stage]
    if not known:
        raise InvalidInput(
            "stage",
            f"没有阶段 {wanted.stage} / there is no stage {wanted.stage!r}",
            hint=f"one of {', '.join(STAGES)}",
        )
    return known


def _product(by: Engine, text: str) -> int:
    place = by.catalogue.places.get(text, by.catalogue.by_name.get(short_key(text)))
    if place is None:
        raise InvalidInput(
            "product", f"产品目录中没有 {text} / the catalogue has no product {text!r}",
            hint=f"one of {', '.join(by.catalogue.places)}",
        )  # fmt: skip
    return place


def _from_source(found: Found, name: str) -> Flags:
    names = [source.name for source in found.engine.sources]
    if name not in names:
        raise InvalidInput(
            "source", f"没有来源 {name} / there is no source {name!r}", hint=f"one of {', '.join(names)}"
        )
    every = found.book
    good = np.zeros(len(every), np.bool_)
    pair = np.repeat(np.arange(len(every)), np.diff(every.first))
    good[pair[(every.source == names.index(name)) & found.counted]] = True
    return good


def of_whom(found: Found, wanted: Wanted) -> Flags:
    """Which pairs are of the company, of the manager's and of the branch's clients, by coverage or by assignment."""
    view, every = found.desk.view, found.book
    good = np.ones(len(every), np.bool_)
    if wanted.company is not None:
        good &= every.company == _company(view, wanted.company)
    if wanted.manager is not None:
        good &= _worked_by(found, {view.resolve(wanted.manager)})
    if wanted.branch is not None:
        branch = view.resolve(wanted.branch)
        staff = {f.other for f in view.facts(branch, "PARTY_TO", "out") if f.props.get("role") == "branch"}
        good &= _worked_by(found, staff)
    return good


def _company(view: View, ref: str) -> int:
    row = view.resolve(ref)
    if view.kind(row) != "Company":
        raise InvalidInput("company", f"{ref!r} 不是公司 / {ref!r} is no company")
    return row


def _worked_by(found: Found, staff: set[int]) -> Flags:
    """Pairs assigned to some of the staff, or of companies that they cover and assigned to nobody else."""
    view, every = found.desk.view, found.book
    covers = view.arrays("COVERS")
    covered = np.unique(covers.end[np.isin(covers.start, list(staff))])
    good = np.isin(every.company, covered)
    for place, assignee in _assignees(found):
        good[place] = assignee in staff
    return good


def _assignees(found: Found) -> Iterable[tuple[int, int]]:
    for pair, track in found.tracks.items():
        place, assignee = found.book.place(pair), track.assignee
        if place >= 0 and assignee is not None:
            yield place, assignee


def assigned(found: Found) -> Flags:
    """Which pairs somebody of the staff works on: assigned, or of a company that is covered."""
    view, every = found.desk.view, found.book
    good = np.isin(every.company, np.unique(view.arrays("COVERS").end))
    for place, _ in _assignees(found):
        good[place] = True
    return good


# --- one of them ---


def opportunity(view: View, ref: str, *, by: Engine | None = None) -> One:
    """One opportunity by its id, whatever its stage. Raises NotFound where there is none that may be seen."""
    found = found_in(view, by or engine())
    place = _place(found, ref)
    if place < 0 or not found.standing[place]:
        raise _none(ref)
    return One(opportunity=_opportunity(found, place))


def actionable(view: View, ref: str, *, by: Engine | None = None) -> Opportunity:
    """One opportunity that feedback may be given on.

    Raises:
        NotFound: There is none, or none that this viewer may see.
        InvalidInput: It has expired, or was set aside.
    """
    found = found_in(view, by or engine())
    place = _place(found, ref)
    if place < 0:
        raise _none(ref)
    pair = found.book.company.item(place), found.book.product.item(place)
    if not found.book.live[place] and not found.stage[place]:
        day = date_of(found.book.closes.item(place))
        raise InvalidInput("id", f"商机已于 {day} 过期 / the opportunity expired on {day}")
    verdict = found.verdict.item(place)
    if verdict != Verdict.GOOD:
        why = why_not(found.desk, pair, verdict).reason
        raise InvalidInput("id", f"商机已搁置：{why.zh} / it was set aside: {why.en}")
    return _opportunity(found, place)


def _none(ref: str) -> NotFound:
    return NotFound(f"没有商机 {ref!r} / there is no opportunity {ref!r}", hint="guanxi opportunities")


def _mask(key: str) -> int:
    return int.from_bytes(blake2b(f"opportunity\x1f{key}".encode(), digest_size=12).digest())


def opportunity_id(company: str, product: str) -> str:
    """The id of an opportunity: the company's, crossed with a hash of the product's key.

    Crossing it once more gives the company back, so an id is found without a table of all.
    """
    return f"{int(company, 16) ^ _mask(product):024x}"


def _place(found: Found, ref: str) -> int:
    """The place of an id in the book; -1 where there is none."""
    text = ref.strip().lower()
    if not is_handle(text):
        return -1
    view = found.desk.view
    for number, product in enumerate(found.engine.catalogue.products):
        try:
            row = view.resolve(opportunity_id(text, product.key))
        except NotFound:
            continue
        place = found.book.place((row, number))
        if place >= 0:
            return place
    return -1


# --- how it is shown ---


def _opportunity(found: Found, place: int) -> Opportunity:
    every, view = found.book, found.desk.view
    company, product = every.company.item(place), every.product.item(place)
    offered = found.engine.catalogue.products[product]
    told = [(n, _evidence(found, n)) for n in _strongest(found, place)]
    reasons = _joined([_why(found, n, evidence) for n, evidence in told])
    track = found.track(place)
    checks = open_questions(found.desk, company, product)
    name, best = view.name(company), told[0][1].text
    return Opportunity(
        id=opportunity_id(view.id(company), offered.key),
        company=party(view, company),
        client=clients(view).item(company),
        product=_product_info(found, product),
        stage=stage_of(found, place),
        returned=found.returned.item(place),
        text=f"{name}可能需要{offered.name.zh}（{offered.need.zh}）：{best.zh}",
        text_en=f"{name} may need {offered.name.en} ({offered.need.en}): {best.en}",
        why=reasons,
        opens=date_or_none(every.opens.item(place)),
        expires=date_or_none(every.closes.item(place)),
        score=_score(every, place),
        to_check=[label.zh for label in checks],
        to_check_en=[label.en for label in checks],
        law=[_law(law) for law in offered.law],
        introducer=_introducer(view, company),
        assigned_to=_assignee(view, track),
        next_step=offered.next_step.zh,
        next_step_en=offered.next_step.en,
        rests_on=sorted({thing for _, evidence in told for thing in evidence.things}),
        compartments=_compartments(view, company, [evidence for _, evidence in told]),
        history=[_feedback(view, one) for one in track.history],
    )


def date_or_none(day: int) -> dt.date | None:
    """A day of a window; None for an open end."""
    return None if day >= NEVER else date_of(day)


def _strongest(found: Found, place: int) -> list[int]:
    """The proposals of a pair in the order shown: the likeliest first, then the newest, then by source, rule and id."""
    every, view = found.book, found.desk.view

    def standing(n: int) -> tuple[float, int, int, int, str]:
        p, source = every.proposals, every.source.item(n)
        rate = found.learned.take_up[source, p.product.item(n)].item() * p.strength.item(n)
        return -rate, -p.dated.item(n), source, p.rule.item(n), view.id(p.evidence.item(n))

    return sorted(every.of(place), key=standing)


def best_reason(found: Found, place: int) -> str:
    """The strongest reason of a pair, in Chinese."""
    return _evidence(found, _strongest(found, place)[0]).text.zh


def _evidence(found: Found, n: int) -> Evidence:
    return found.engine.sources[found.book.source.item(n)].explain(found.desk, found.book.proposals, n)


def _joined(reasons: Sequence[Why]) -> list[Why]:
    """Reasons of one rule that say the very same become one, with the records of all."""
    joined: dict[tuple[str, str], Why] = {}
    for why in reasons:
        first = joined.setdefault((why.rule, why.text), why)
        if first is not why:
            first.records = refs([*first.records, *why.records])
    return list(joined.values())


def _why(found: Found, n: int, evidence: Evidence) -> Why:
    source, p = found.engine.sources[found.book.source.item(n)], found.book.proposals
    return Why(
        source=source.name,
        source_name=source.label.zh,
        source_name_en=source.label.en,
        rule=evidence.rule,
        opens=date_or_none(p.opens.item(n)) if p.opens.item(n) else None,
        expires=date_or_none(p.closes.item(n)),
        strength=round(p.strength.item(n), 6),
        text=evidence.text.zh,
        text_en=evidence.text.en,
        records=refs(evidence.records),
    )


def _score(every: Book, place: int) -> Score:
    return Score(
        score=every.score.item(place),
        probability=every.probability.item(place),
        take_up=every.take_up.item(place),
        won=every.won.item(place),
        value=every.value.item(place),
        urgency=every.urgency.item(place),
    )


def _product_info(found: Found, place: int) -> ProductInfo:
    product = found.engine.catalogue.products[place]
    return ProductInfo(
        key=product.key,
        name=product.name.zh,
        name_en=product.name.en,
        line=product.line.zh,
        line_en=product.line.en,
        need=product.need.zh,
        need_en=product.need.en,
        revenue_unit=product.revenue.unit.zh,
        revenue_unit_en=product.revenue.unit.en,
    )


def _law(law: Law) -> Restriction:
    return Restriction(
        name=law.name, article=law.article, in_force=law.in_force, about=law.about.zh, about_en=law.about.en
    )


_COVERAGE: Final = {
    "lead": Label("主办客户经理", "leads the coverage"),
    "member": Label("覆盖团队成员", "covers it"),
}


def _introducer(view: View, company: int) -> Introducer | None:
    """Who leads the coverage, else who covers it, else the best way from any member of staff. Kept by View."""
    return view.kept(("introducer", company), lambda: _find_introducer(view, company))


def _find_introducer(view: View, company: int) -> Introducer | None:
    covering = view.facts(company, "COVERS", "in")
    lead = [fact for fact in covering if fact.props.get("role") == "lead"]
    for way, facts in (("lead", lead), ("member", covering)):
        if facts:
            first = min((fact.other for fact in facts), key=view.id_key)
            said = _COVERAGE[way]
            return Introducer(
                staff=party(view, first),
                way="lead" if way == "lead" else "member",
                text=f"{view.name(first)}是{said.zh}",
                text_en=f"{view.name(first)} {said.en}",
            )
    paths = introductions(view, view.id(company), limit=1).paths
    if not paths:
        return None
    best = paths[0]
    return Introducer(staff=best.staff, way="path", text=best.sentence, text_en=best.sentence_en)


def _assignee(view: View, track: Track) -> Party | None:
    row = track.assignee
    return None if row is None else party(view, row)


def _compartments(view: View, company: int, evidence: Sequence[Evidence]) -> list[str]:
    named = {name for one in evidence for name in one.compartments}
    own = min((unit.compartments for unit in view.units(company)), key=lambda names: (len(names), names))
    return sorted(named | set(own))


def _feedback(view: View, one: Decision) -> FeedbackLine:
    return FeedbackLine(
        id=one.id,
        state=one.state,
        reason=one.reason,
        until=one.until,
        amount=one.amount,
        assignee=None if one.assignee is None else party(view, one.assignee),
        who=one.who,
        at=dt.datetime.fromisoformat(one.at),
        records=list(one.records),
    )


# --- what was set aside ---


def _asides(found: Found, wanted: Wanted) -> Rows:
    """Places of what is open and was set aside, of whom it is asked, by id of company and key of product."""
    every = found.book
    good = every.live & (found.verdict != Verdict.GOOD) & of_whom(found, wanted)
    if wanted.product is not None:
        good &= every.product == _product(found.engine, wanted.product)
    return np.flatnonzero(good)


def _aside(found: Found, place: int) -> Aside:
    view, every = found.desk.view, found.book
    pair = every.company.item(place), every.product.item(place)
    why = why_not(found.desk, pair, found.verdict.item(place))
    return Aside(
        company=party(view, pair[0]),
        product=_product_info(found, pair[1]),
        code=why.code,
        reason=why.reason.zh,
        reason_en=why.reason.en,
        records=list(why.records),
    )


__all__ = [
    "Engine", "Found", "One", "Opportunities", "Opportunity", "Wanted", "actionable", "assigned", "best_reason",
    "chosen", "date_or_none", "engine", "found_in", "of_whom", "opportunities", "opportunity", "opportunity_id",
    "sources_of", "stage_of",
]  # fmt: skip
