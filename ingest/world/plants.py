"""The planted scenarios: small structures of ownership and control whose truth is known by hand."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from ingest.world import circles, text, vocabulary
from ingest.world.cast import SINCE, Cast

BANKER = "EM1"
"""The member of staff who leads the walled deals."""

CHANGE = "2022-05-01"
"""The day on which planted control changes."""


def pyramid(cast: Cast) -> None:
    """A natural person above four layers of majorities; disclosed rightly."""
    person, partner = cast.person(), cast.person()
    shares = (0.6, 0.7, 0.55, 0.51)
    chain = [person, *(cast.company("控股") for _ in shares)]
    product = 1.0
    for i, share in enumerate(shares):
        cast.holds(chain[i], chain[i + 1], share)
        cast.holds(partner, chain[i + 1], round(1 - share, 4))
        product *= share
        cast.controlled(chain[i + 1], person, chain=_pairs(chain[: i + 2]))
        cast.owned(chain[i + 1], person, product)
    cast.officer(person, chain[1])
    cast.discloses(chain[-1], person, ratio=round(product, 6))
    cast.note("disclosures", company=chain[-1], status="right", disclosed=[person], computed=[person])


def deep_chain(cast: Cast) -> None:
    """Fifteen layers; not disclosed at all."""
    person = cast.person()
    chain = [person, *(cast.company() for _ in range(15))]
    for holder, company in pairwise(chain):
        cast.holds(holder, company, 0.9)
    cast.controlled(chain[-1], person, chain=_pairs(chain))
    cast.owned(chain[-1], person, 0.9**15)
    cast.note("disclosures", company=chain[-1], status="missing", disclosed=[], computed=[person])


def two_arms(cast: Cast) -> None:
    """Two controlled companies whose minorities add up to a majority; the disclosure names the wrong party."""
    person, other = cast.person(), cast.person()
    left, right, target = cast.company("投资"), cast.company("实业"), cast.company()
    cast.holds(person, left, 0.6)
    cast.holds(person, right, 0.7)
    cast.holds(left, target, 0.3)
    cast.holds(right, target, 0.25)
    cast.holds(other, target, 0.4)
    cast.controlled(target, person, chain=[[person, left], [person, right], [left, target], [right, target]])
    cast.owned(target, person, 0.6 * 0.3 + 0.7 * 0.25)
    cast.owned(target, other, 0.4)
    cast.discloses(target, other, ratio=0.4)
    cast.note("disclosures", company=target, status="wrong", disclosed=[other], computed=[person])


def cross_holding(cast: Cast) -> None:
    """Two companies that hold each other: the look-through share needs the whole loop."""
    person, other = cast.person(), cast.person()
    first, second = cast.company(), cast.company()
    cast.holds(person, first, 0.6)
    cast.holds(second, first, 0.15)
    cast.holds(other, second, 0.8)
    cast.holds(first, second, 0.2)
    cast.controlled(first, person, chain=[[person, first]])
    cast.controlled(second, other, chain=[[other, second]])
    cast.owned(first, person, 0.6 / (1 - 0.15 * 0.2))
    cast.owned(second, person, 0.6 * 0.2 / (1 - 0.15 * 0.2))
    cast.note("cross_holdings", members=[first, second])


def own_shares(cast: Cast) -> None:
    """45 % become a majority because a subsidiary's 15 % of its parent do not vote (公司法 art. 116, 141)."""
    person = cast.person()
    parent, subsidiary = cast.company("控股"), cast.company()
    cast.holds(person, parent, 0.45)
    cast.holds(subsidiary, parent, 0.15)
    cast.holds(parent, subsidiary, 1.0)
    for _ in range(4):
        cast.holds(cast.person(), parent, 0.1)
    cast.controlled(parent, person, chain=[[person, parent]], by="majority_less_own_shares")
    cast.controlled(
        subsidiary, person, chain=[[person, parent], [parent, subsidiary]], by="majority_less_own_shares"
    )
    cast.owned(parent, person, 0.45 / (1 - 0.15))
    cast.note("cross_holdings", members=[parent, subsidiary])


def closed_ring(cast: Cast) -> None:
    """Three companies own each other whole, and nobody owns them."""
    ring = [cast.company() for _ in range(3)]
    for i, company in enumerate(ring):
        cast.holds(company, ring[(i + 1) % 3], 1.0)
        cast.controlled(company, by="circular")
    cast.note("circular", members=ring)


def open_ring(cast: Cast) -> None:
    """A ring of 30 % stakes with a majority owner at one of its members."""
    person = cast.person()
    ring = [cast.company() for _ in range(3)]
    for i, company in enumerate(ring):
        cast.holds(company, ring[(i + 1) % 3], 0.3)
    cast.holds(person, ring[0], 0.6)
    loop = 0.3**3
    cast.controlled(ring[0], person, chain=[[person, ring[0]]])
    for i, company in enumerate(ring):
        cast.owned(company, person, 0.6 * 0.3**i / (1 - loop))
    cast.note("cross_holdings", members=ring)


def overstated(cast: Cast) -> None:
    """The stated holders of one company add up to 1.2."""
    company = cast.company()
    for share in (0.45, 0.4, 0.35):
        cast.holds(cast.person(), company, share)
    cast.controlled(company)
    cast.note("overstated", company=company, sum=1.2)


def concert(cast: Cast) -> None:
    """Three people with an agreement to vote as one; in their other company they have none."""
    people = [cast.person() for _ in range(3)]
    company, elsewhere = cast.company(), cast.company()
    for person, share in zip(people, (0.2, 0.18, 0.15), strict=True):
        cast.holds(person, company, share)
        cast.holds(person, elsewhere, share)
    _agreement(cast, people, company)
    cast.controlled(company, *people, by="concert", chain=[[person, company] for person in people])
    cast.controlled(elsewhere)
    cast.discloses(company, *people, ratio=0.53)
    cast.note("disclosures", company=company, status="right", disclosed=people, computed=people)


def concert_ended(cast: Cast) -> None:
    """An agreement that ran out."""
    people = [cast.person() for _ in range(2)]
    company = cast.company()
    for person in people:
        cast.holds(person, company, 0.3)
    _agreement(cast, people, company, valid_to=CHANGE)
    chain = [[person, company] for person in people]
    cast.controlled(company, *people, by="concert", chain=chain, valid_to=CHANGE)
    cast.controlled(company, valid_from=CHANGE)
    cast.discloses(company, *people, ratio=0.6)
    cast.note("disclosures", company=company, status="wrong", disclosed=people, computed=[])


def family(cast: Cast) -> None:
    """A couple that holds jointly, and has signed that it votes as one."""
    spouses = [cast.person(), cast.person()]
    company = cast.company()
    cast.add(
        "RELATIVE_OF", **{"from": spouses[0], "to": spouses[1], "relation": "spouse", "source": "filings"}
    )
    cast.holds(spouses[0], company, 0.4)
    cast.holds(spouses[1], company, 0.35)
    _agreement(cast, spouses, company)
    cast.controlled(company, *spouses, by="concert", chain=[[person, company] for person in spouses])
    cast.discloses(company, *spouses, ratio=0.75)
    cast.note("disclosures", company=company, status="right", disclosed=spouses, computed=spouses)


def entrustment(cast: Cast) -> None:
    """Votes entrusted to another holder (表决权委托) make a majority."""
    person, principal, other = cast.person(), cast.person(), cast.person()
    company = cast.company()
    cast.holds(person, company, 0.3)
    cast.holds(principal, company, 0.25, votes_entrusted_to=person)
    cast.holds(other, company, 0.45)
    cast.controlled(company, person, by="entrustment", chain=[[person, company], [principal, company]])
    cast.owned(company, person, 0.3)
    cast.note("disclosures", company=company, status="missing", disclosed=[], computed=[person])


def partnership(cast: Cast) -> None:
    """The general partner with 1 % controls the partnership, and through it a company."""
    person, investor, second = cast.person(), cast.person(), cast.person()
    manager, target = cast.company("投资"), cast.company()
    fund = cast.company("投资", form="合伙企业（有限合伙）", nature="fund")
    cast.holds(person, manager, 0.8)
    cast.holds(manager, fund, 0.01, partner="general")
    cast.holds(investor, fund, 0.6, partner="limited")
    cast.holds(second, fund, 0.39, partner="limited")
    cast.holds(fund, target, 0.55)
    cast.controlled(fund, person, by="general_partner", chain=[[person, manager], [manager, fund]])
    cast.controlled(
        target, person, by="general_partner", chain=[[person, manager], [manager, fund], [fund, target]]
    )
    cast.owned(target, investor, 0.6 * 0.55)
    cast.owned(target, person, 0.8 * 0.01 * 0.55)


def two_classes(cast: Cast) -> None:
    """Shares with several votes: 22 % of capital and 62 % of votes."""
    founder, investor = cast.person(), cast.person()
    company = cast.company("云计算", form="股份有限公司")
    cast.holds(founder, company, 0.22, voting_ratio="0.62", share_class="特别表决权股份")
    cast.holds(investor, company, 0.55, voting_ratio="0.27", share_class="普通股份")
    cast.controlled(company, founder, by="votes", chain=[[founder, company]])
    cast.owned(company, founder, 0.22)
    cast.owned(company, investor, 0.55)
    cast.discloses(company, founder, ratio=0.62)
    cast.note("disclosures", company=company, status="right", disclosed=[founder], computed=[founder])


def interval(cast: Cast) -> None:
    """Only an interval is stated, and all of it is a majority."""
    person = cast.person()
    company = cast.company()
    cast.holds(person, company, share_min="0.55", share_max="0.75")
    cast.controlled(company, person, chain=[[person, company]])
    cast.note("intervals", company=company, owner=person, low=0.55, high=0.75)


def missing_share(cast: Cast) -> None:
    """A holder whose share nobody states: control cannot be determined."""
    company = cast.company()
    unknown, known = cast.person(), cast.person()
    cast.holds(unknown, company)
    cast.holds(known, company, 0.3)
    cast.controlled(company, by="not_determinable")
    cast.owned(company, known, 0.3)


def half_and_half(cast: Cast) -> None:
    """Exactly half is not a majority (公司法 art. 265)."""
    company = cast.company()
    for _ in range(2):
        cast.holds(cast.person(), company, 0.5)
    cast.controlled(company)


def mixed_arms(cast: Cast) -> None:
    """60 % of a company that owns 30 %: EU art. 54 counts it, the product of 18 % does not show it."""
    person, rest = cast.person(), cast.person()
    between, company = cast.company(), cast.company()
    cast.holds(person, between, 0.6)
    cast.holds(rest, between, 0.4)
    cast.holds(between, company, 0.3)
    cast.controlled(between, person, chain=[[person, between]])
    cast.controlled(company)
    cast.owned(company, person, 0.18)
    cast.owned(company, rest, 0.12)
    cast.note("mixed_ownership", company=company, owner=person, control_of=between, stake=0.3)


def direct_and_indirect(cast: Cast) -> None:
    """A direct stake and one through a holding company add up to half, which controls nothing."""
    person, rest = cast.person(), cast.person()
    between, company = cast.company("控股"), cast.company()
    cast.holds(person, between, 1.0)
    cast.holds(between, company, 0.4)
    cast.holds(person, company, 0.1)
    cast.holds(rest, company, 0.5)
    cast.controlled(company)
    cast.owned(company, person, 0.5)
    cast.owned(company, rest, 0.5)


def state(cast: Cast) -> None:
    """One state body behind two groups, which are not related by that alone (公司法 art. 265(4))."""
    body = cast.state_body()
    groups = []
    for _ in range(2):
        head, below = cast.company("控股", nature="state_owned"), cast.company(nature="state_owned")
        cast.holds(body, head, 1.0)
        cast.holds(head, below, 0.6)
        cast.controlled(below, body, chain=[[body, head], [head, below]])
        cast.discloses(below, body, ratio=0.6)
        cast.note("disclosures", company=below, status="right", disclosed=[body], computed=[body])
        groups.append([head, below])
    cast.note("unrelated_under_state", state_body=body, groups=groups)


def control_sold(cast: Cast) -> None:
    """The majority was sold on a known day; the filings still name the seller."""
    seller, buyer = cast.person(), cast.person()
    company = cast.company()
    cast.holds(seller, company, 0.6, valid_to=CHANGE)
    cast.holds(buyer, company, 0.6, valid_from=CHANGE, known_from="2022-09-15")
    cast.officer(seller, company, valid_to=CHANGE)
    cast.officer(buyer, company, valid_from=CHANGE)
    cast.controlled(company, seller, chain=[[seller, company]], valid_to=CHANGE)
    cast.controlled(company, buyer, chain=[[buyer, company]], valid_from=CHANGE)
    cast.discloses(company, seller, ratio=0.6)
    cast.note("disclosures", company=company, status="wrong", disclosed=[seller], computed=[buyer])
    cast.note("known_later", company=company, owner=buyer, valid_from=CHANGE, known_from="2022-09-15")


def namesakes(cast: Cast) -> None:
    """Three people of one name at three companies; and two of one name at a fourth."""
    first = cast.person()
    name = str(cast.rows["Person"][-1]["name"])
    people = [first, cast.person(name), cast.person(name)]
    for person in people:
        company = cast.company()
        cast.holds(person, company, 0.7)
        cast.officer(person, company)
        cast.controlled(company, person, chain=[[person, company]])
    pair = [cast.person(name), cast.person(name)]
    shared = cast.company()
    cast.officer(pair[0], shared, "董事")
    cast.officer(pair[1], shared, "监事")
    cast.note("namesakes", name=name, persons=people + pair)


def two_ids(cast: Cast) -> None:
    """One company under two ids: the same credit code once, and its name in two spellings once."""
    person = cast.person()
    for by in ("uscc", "legal_name"):
        first, below = cast.company(form="（集团）有限公司"), cast.company()
        row = cast.rows["Company"][-2]
        name = str(row["name"])
        if by == "uscc":
            second = cast.company(name=name, uscc=row["uscc"], short_name=name[2:6], source="exchange")
        else:
            spelled = name.replace("（", "(").replace("）", ")").replace("有限公司", "有限责任公司")
            second = cast.company(name=spelled, uscc="", source="filings")
        cast.holds(person, first, 0.7)
        cast.holds(second, below, 0.6)
        cast.controlled(below, person, chain=[[person, first], [first, below]])
        cast.owned(below, person, 0.7 * 0.6)
        cast.note("same", ids=[first, second], by=by, type="Company")


def renamed(cast: Cast) -> None:
    """A company that an older source still calls by its former name."""
    company = cast.company()
    row = cast.rows["Company"][-1]
    former = str(row["name"]).replace("有限公司", "发展有限公司")
    row["former_names"] = former
    other = cast.company(name=former, uscc="", source="archive")
    cast.note("renamed", company=company, former_name=former)
    cast.note("same", ids=[company, other], by="former_name", type="Company")


def walled_alpha(cast: Cast) -> None:
    """An undisclosed purchase: whoever is cleared sees a new controller, nobody else sees anything."""
    person, seller = cast.person(), cast.person()
    buyer, target = cast.company("控股", client="true"), cast.company(client="true")
    cast.holds(person, buyer, 1.0)
    cast.holds(person, target, 0.4)
    cast.holds(seller, target, 0.1)
    wall = "deal:alpha"
    vehicle = cast.company("投资", compartments=wall, source="deal_team", founded="2026-01-15")
    cast.holds(buyer, vehicle, 1.0, compartments=wall, valid_from="2026-01-15", source="deal_team")
    cast.holds(vehicle, target, 0.45, compartments=wall, valid_from="2026-04-01", source="deal_team")
    # the deal team's word for the target, on a record of its own beside the public one
    cast.add("Company", id=target, aliases="项目海棠", compartments=wall, source="deal_team")
    _secret_deal(cast, wall, target=target, acquirer=vehicle, chief=seller)
    cast.controlled(target, valid_to="")
    cast.note(
        "walled_controllers", company=target, compartments=[wall], controllers=[person], valid_from="2026-04-01",
        chain=[[person, buyer], [buyer, vehicle], [vehicle, target], [person, target]],
    )  # fmt: skip


def walled_beta(cast: Cast) -> None:
    """A second wall, and a fact that only those cleared for both may see."""
    person, other = cast.person(), cast.person()
    target, buyer = cast.company(client="true"), cast.company("控股")
    cast.holds(person, target, 0.65)
    cast.holds(other, buyer, 0.8)
    wall = "deal:beta"
    vehicle = cast.company("实业", compartments=wall, source="deal_team", founded="2026-02-20")
    cast.holds(buyer, vehicle, 0.9, compartments=wall, valid_from="2026-02-20", source="deal_team")
    _secret_deal(cast, wall, target=target, acquirer=vehicle, chief=person)
    cast.controlled(target, person, chain=[[person, target]])
    both = "deal:alpha;deal:beta"
    cast.holds(vehicle, buyer, 0.05, compartments=both, valid_from="2026-05-01", source="deal_team")
    cast.note("walled_controllers", company=vehicle, compartments=[wall], controllers=[other], valid_from="2026-02-20",
              chain=[[other, buyer], [buyer, vehicle]])  # fmt: skip


def _secret_deal(cast: Cast, wall: str, *, target: str, acquirer: str, chief: str) -> None:
    """The deal, event, document and acquaintance that a deal team keeps to itself."""
    tag = f"{wall.rpartition(':')[2]}{acquirer}"
    name = next(str(row["name"]) for row in cast.rows["Company"] if row["id"] == target and "name" in row)
    secret: dict[str, object] = {"compartments": wall, "source": "deal_team"}
    day = "2026-05-20"
    dated = {"known_from": day, **secret}
    said = f"拟收购{name}控股权，交易方案尚未公开。"
    purchase = {"name": f"拟收购{name}", "kind": "acquisition", "date": day, "amount": 860_000_000}
    roles = {"target": target, "investors": acquirer}
    cast.add("Deal", id=f"D-{tag}", stage="尽职调查", currency="CNY", **purchase, **roles, **dated)
    cast.add("Event", id=f"E-{tag}", text=said, subjects=f"{target};{acquirer}", **purchase, **dated)
    memo = {
        "name": f"项目备忘：{name}",
        "kind": "report",
        "published": day,
        "publisher": "项目组",
        "text": said,
    }
    cast.add("Document", id=f"N-{tag}", **memo, **dated)
    cast.add(
        "MENTIONS",
        **{"from": f"N-{tag}", "to": target, "start": 3, "end": 3 + len(name), "text": name},
        **secret,
    )
    cast.add("ABOUT", **{"from": f"E-{tag}", "to": target, "role": "target"}, **secret)
    cast.add(
        "KNOWS", **{"from": BANKER, "to": chief, "strength": "0.9", "valid_from": "2025-11-01"}, **secret
    )


def _agreement(cast: Cast, parties: list[str], target: str, **when: str) -> None:
    number = len(cast.rows.get("ConcertAgreement", [])) + 1
    row = {"name": f"一致行动协议{number}", "parties": ";".join(parties), "target": target}
    cast.add(
        "ConcertAgreement", **{"id": f"CA{number}", "valid_from": SINCE, "source": "filings", **row, **when}
    )


def _pairs(chain: list[str]) -> list[list[str]]:
    return [list(pair) for pair in pairwise(chain)]


SCENARIOS: tuple[Callable[[Cast], None], ...] = (
    pyramid, deep_chain, two_arms, cross_holding, own_shares, closed_ring, open_ring, overstated, concert,
    concert_ended,
    family, entrustment, partnership, two_classes, interval, missing_share, half_and_half, mixed_arms,
    direct_and_indirect, state, control_sold, namesakes, two_ids, renamed,
)  # fmt: skip
"""What every set of plants holds."""

WALLED: tuple[Callable[[Cast], None], ...] = (walled_alpha, walled_beta)
"""What stands behind the two deal-team walls; once in a world."""


def play(cast: Cast, sets: int) -> None:
    """Write every scenario `sets` times, and the walled ones once."""
    head_office = f"{vocabulary.CITIES[0]}市"
    name = text.person_names(cast.random, 1)[0]
    cast.add("Branch", id="B1", name="总部投资银行部", region=head_office, source="crm")
    cast.add("Employee", id=BANKER, name=name, title="项目负责人", branch="B1", source="crm")
    for scenario in (*(SCENARIOS + circles.SCENARIOS) * sets, *WALLED):
        cast.begin(scenario.__name__)
        scenario(cast)
