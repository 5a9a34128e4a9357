"""集团: the companies under one ultimate controller as a tree, and what the firm does with all of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

import numpy as np
from pydantic import Field

from graph.errors import InvalidInput
from graph.schema import PARTIES
from graph.view import Fact, View
from queries.group_reach import acting_together, votes_cast
from queries.group_realm import Numbers, Tree, group_of, of_state, whole
from queries.group_totals import GroupTotals, clients, totals_of
from queries.models import Answer, Cursor, EntityId, Finding, Party, PartyLine, Ratio
from queries.owners import PLACES, ratio
from queries.paging import Page, Position, cut
from queries.statements import party, refs, who

FIRST_PAGE: Final = Page()


@dataclass(slots=True, kw_only=True)
class GroupMember(PartyLine):
    """A company of the group, and the strongest link that puts it there."""

    layer: Annotated[int, Field(description="Steps below the top of the group; 0 is the top itself.")]
    parent: Annotated[
        EntityId | None,
        Field(description="The next step up; null at the top, and where all at the top hold it together."),
    ]
    parent_name: str | None
    voting_ratio: Annotated[
        float | None, Field(description="Part of its votes that the group gathers; null of the top itself.")
    ]
    weakest_ratio: Annotated[
        Ratio, Field(description="The least such part on the chain from the top down to it.")
    ]
    share_ratio: Annotated[
        Ratio, Field(description="Capital that the parent holds itself, as far as it is stated.")
    ]
    joint: Annotated[bool, Field(description="Whether the top controls it only in concert with others.")]
    client: Annotated[bool, Field(description="Whether it is a client of the firm.")]


class Group(Answer):
    """The group under one ultimate controller: its companies by layer, and totals over all of them.

    Members come by layer, then by votes gathered, the most first, then by id.
    """

    asked: Party
    as_of: dt.date
    known_at: dt.date | None
    controllers: list[Party] = Field(
        description="Ultimate controllers as computed; several where they act in concert; none where nobody controls."
    )
    top: list[Party] = Field(
        description="Whose group it is: the controllers; below a state body the highest company; else the company."
    )
    totals: GroupTotals
    members: list[GroupMember]
    next: Cursor
    findings: list[Finding]


def group(view: View, ref: str, *, page: Page | None = None) -> Group:
    """The group under the ultimate controller of a company, or under a person.

    A group is every company of whose ultimate controllers the top is one; of a top that is several in concert, every
    company that exactly these control. A state body is an end of the road: below it each company that no other
    controls has a group of its own (公司法 2023 art. 265(4); 企业会计准则第36号 art. 6).

    Args:
        view: What the asker may see, on the day asked for.
        ref: The company or person: an id, a code, or a name that one thing has.
        page: How many members, and behind which cursor.

    Raises:
        NotFound, Ambiguous: As `View.resolve`.
        InvalidInput: It is neither company nor person, or the cursor is not valid.
    """
    row = party_row(view, ref)
    tree = group_of(view, row)
    shown, after = _page(view, row, tree, page or FIRST_PAGE)
    return Group(
        asked=party(view, row),
        as_of=view.as_of,
        known_at=view.known_at,
        controllers=[party(view, one) for one in controllers_of(view, row)],
        top=[] if tree is None else [party(view, one) for one in tree.top],
        totals=totals_of(view, np.zeros(0, np.int32) if tree is None else tree.rows),
        members=[] if tree is None else [_member(view, tree, place) for place in shown],
        next=after,
        findings=list(_findings(view, row, tree)),
    )


def party_row(view: View, ref: str) -> int:
    """The company or person that something names.

    Raises:
        NotFound, Ambiguous: As `View.resolve`.
        InvalidInput: It is something else.
    """
    row = view.resolve(ref)
    if view.kind(row) not in PARTIES:
        raise InvalidInput(
            "id",
            f"{view.name(row)} 不是公司或个人 / is a {view.kind(row)}, neither a company nor a person",
            hint="只有公司和个人可属于集团 / only companies and persons are in groups",
        )
    return row


def controllers_of(view: View, row: int) -> tuple[int, ...]:
    """The ultimate controllers of a party, by id; none where nobody controls it."""
    realm = whole(view)
    return () if realm.control.controller.item(row) < 0 else realm.tops(row)


def _page(view: View, row: int, tree: Tree | None, page: Page) -> tuple[Sequence[int], str | None]:
    """The places of the members of one page, and the next page."""
    if tree is None:
        page.after("group", view.id(row))
        return (), None
    votes = -np.round(np.nan_to_num(tree.gathered, nan=1.0), PLACES)
    order = np.lexsort((view.id_keys()[tree.rows], votes, tree.layer))

    def position(at: int) -> Position:
        place = order.item(at)
        return tree.layer.item(place), votes.item(place), view.id(tree.rows.item(place))

    chosen, after = cut(range(len(order)), page, position, "group", view.id(row))
    return [order.item(at) for at in chosen], after


def _member(view: View, tree: Tree, place: int) -> GroupMember:
    row, parent = tree.rows.item(place), tree.parent.item(place)
    top = row in tree.top
    facts = [] if top else votes_cast(view, _casters(view, tree, place), row)
    return GroupMember(
        **who(view, row),
        layer=tree.layer.item(place),
        parent=view.id(parent) if parent >= 0 else None,
        parent_name=view.name(parent) if parent >= 0 else None,
        voting_ratio=ratio(tree.gathered.item(place)),
        weakest_ratio=ratio(tree.weakest.item(place)),
        share_ratio=_held(facts),
        joint=tree.joint.item(place),
        client=clients(view).item(row),
        records=refs(record for fact in facts for record in fact.records),
    )


def _casters(view: View, tree: Tree, place: int) -> Numbers:
    """Whose votes are the strongest link: the parent's, or of a company that several control those of all of them."""
    parent = tree.parent.item(place)
    if parent >= 0:
        return np.array([parent])
    return acting_together(view, controllers_of(view, tree.rows.item(place)))


def _held(facts: Sequence[Fact]) -> float | None:
    shares = [fact.props.get("share_ratio", fact.props.get("share_min")) for fact in facts]
    stated = [share for share in shares if share is not None]
    return ratio(sum(stated)) if stated else None


def _findings(view: View, row: int, tree: Tree | None) -> Iterator[Finding]:
    if tree is None:
        text = "国家机关不构成集团：仅同受国家控制不构成关联 / a state body is an end of the road and makes no group"
        yield Finding(code="state_body_no_group", message=text, records=[])
        return
    if view.kind(row) == "Company" and of_state(view, row):
        names = "、".join(view.name(one) for one in tree.top)
        text = (
            f"最终控制人为国家机关；集团以其下最高一级公司 {names} 为限 / "
            f"the ultimate controller is a state body; the group ends at {names}, the highest company below it"
        )
        yield Finding(code="group_below_state_body", message=text, records=[])
    disclosed = view.facts(row, "CONTROLS", "in") if view.kind(row) == "Company" else []
    if disclosed and not view.degree(row, "HOLDS", "in"):
        text = "已披露控制人；无股东资料，集团未能向上计算 / a controller is disclosed; not computable: no shareholders"
        records = refs(record for fact in disclosed for record in fact.records)
        yield Finding(code="disclosed_not_computable", message=text, records=records)
