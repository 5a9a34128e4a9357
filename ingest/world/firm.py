"""The firm's own side: products, branches, staff, contacts at clients, coverage, exposures and limits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingest.world import text, vocabulary
from ingest.world.files import Columns, Files
from ingest.world.text import NEVER, NOW
from ingest.world.vocabulary import Flags, Ints

PRODUCTS: tuple[tuple[str, str], ...] = (
    ("IPO保荐与辅导", "投行"), ("定向增发", "投行"), ("可转换公司债券承销", "投行"),
    ("公司债券承销", "固收"), ("资产证券化", "固收"), ("并购财务顾问", "投行"),
    ("新三板与北交所挂牌", "投行"), ("股票质押式回购", "信用"), ("大宗交易与减持顾问", "机构"),
    ("员工持股计划", "机构"), ("股权激励服务", "机构"), ("股份回购服务", "机构"), ("现金管理", "资管"),
    ("托管与外包", "机构"), ("主券商服务", "机构"), ("研究服务", "研究"), ("衍生品与套期保值", "衍生品"),
    ("做市", "衍生品"), ("企业家财富管理", "财富"), ("融资融券", "信用"),
)  # fmt: skip
"""What the firm sells, and by which line."""

_LENDING = (7, 19)
"""Products by which the firm itself lends."""

_TITLES = ("客户经理", "高级客户经理", "客户总监", "保荐代表人", "研究员", "部门总经理")
_CONTACT_TITLES = ("财务总监", "董事会秘书", "证券事务代表", "资金部经理", "总经理助理")
_CLIENTS_A_BANKER = 12
_STAFF_A_BRANCH = 15

LIMITS: tuple[tuple[str, str, str], ...] = (
    (
        "对单一客户融资业务规模",
        "0.05",
        "证券公司风险控制指标管理办法：对单一客户融资业务规模不得超过净资本的5%",
    ),
    (
        "对单一客户融券业务规模",
        "0.05",
        "证券公司风险控制指标管理办法：对单一客户融券业务规模不得超过净资本的5%",
    ),
)
"""Limits on everyone: kind, share of net capital, rule."""


@dataclass(frozen=True)
class Book:
    """The firm's clients: company numbers; who of the staff leads; contacts, in a run for each client."""

    clients: Ints
    lead: Ints
    contacts: Ints
    staff: int
    branches: int

    @property
    def contact_first(self) -> Ints:
        """Number of each client's first contact."""
        first: Ints = np.cumsum(self.contacts) - self.contacts
        return first


def book(seed: int, clients: Ints) -> Book:
    """Share out the clients among the staff. Employee 0 and branch 0 are planted."""
    rng = text.generator(seed, "book")
    staff = max(12, len(clients) // _CLIENTS_A_BANKER)
    return Book(
        clients=clients,
        lead=1 + rng.integers(0, staff, len(clients)),
        contacts=rng.integers(1, 4, len(clients)),
        staff=staff,
        branches=max(3, min(len(vocabulary.CITIES), staff // _STAFF_A_BRANCH)),
    )


def write(files: Files, firm: Book, people: int, seed: int, *, products: bool = True) -> None:
    """Write everything of the firm's own; `people` is the number of natural persons in the world.

    Without `products`, what clients hold is left to a hidden process.
    """
    _catalogue(files)
    _staff(files, firm, seed)
    _contacts(files, firm, seed)
    _coverage(files, firm, seed)
    _acquaintance(files, firm, people, seed)
    owned = _owned(firm, seed)
    if products:
        _products_owned(files, firm, owned, seed)
    _exposures(files, firm, owned, seed)


def _catalogue(files: Files) -> None:
    files.rows(
        "Product",
        [
            {"id": f"PR{n}", "name": name, "category": line, "source": "crm"}
            for n, (name, line) in enumerate(PRODUCTS, 1)
        ],
    )


def _staff(files: Files, firm: Book, seed: int) -> None:
    rng = text.generator(seed, "staff")
    branch = np.arange(1, firm.branches + 1)
    cities = text.words(vocabulary.CITIES, branch % len(vocabulary.CITIES))
    files.columns(
        "Branch",
        {
            "id": text.ids("B", branch),
            "name": [f"{city}分公司" for city in cities],
            "region": [f"{city}市" for city in cities],
            "source": ["crm"] * len(branch),
        },
    )
    files.columns(
        "Employee",
        {
            "id": text.ids("EM", np.arange(1, firm.staff + 1)),
            "name": text.person_names(rng, firm.staff),
            "title": text.words(_TITLES, rng.integers(0, len(_TITLES), firm.staff)),
            "branch": text.ids("B", rng.integers(0, firm.branches + 1, firm.staff)),
            "source": ["crm"] * firm.staff,
        },
    )


def _contacts(files: Files, firm: Book, seed: int) -> None:
    rng = text.generator(seed, "contacts")
    client = np.repeat(firm.clients, firm.contacts)
    size = len(client)
    files.columns(
        "Contact",
        {
            "id": text.ids("CT", np.arange(size)),
            "name": text.person_names(rng, size),
            "title": text.words(_CONTACT_TITLES, rng.integers(0, len(_CONTACT_TITLES), size)),
            "client": text.ids("C", client),
            "source": ["crm"] * size,
        },
    )


def _coverage(files: Files, firm: Book, seed: int) -> None:
    """A lead for every client, since when; a second member for some; a lead of before for a few."""
    rng = text.generator(seed, "coverage")
    size = len(firm.clients)
    start = rng.integers(text.day("2019-01-01"), NOW - 200, size)
    second = text.chance(rng, size, 0.4)
    changed = text.chance(rng, size, 0.15)
    mate, before = 1 + firm.lead % firm.staff, 1 + (firm.lead + 1) % firm.staff
    whom = np.concatenate([firm.clients, firm.clients[second], firm.clients[changed]])
    who = np.concatenate([firm.lead, mate[second], before[changed]])
    first = np.concatenate([start, start[second], start[changed] - 700])
    last = np.concatenate([np.full(size + second.sum(), NEVER), start[changed]])
    role = np.repeat([0, 1, 0], [size, second.sum(), changed.sum()])

    def rows(a: int, b: int) -> Columns:
        return {
            "from": text.ids("EM", who[a:b]),
            "to": text.ids("C", whom[a:b]),
            "role": text.words(("lead", "member"), role[a:b]),
            "valid_from": text.dates(first[a:b]),
            "valid_to": text.dates(last[a:b]),
            "source": ["crm"] * (b - a),
        }

    files.chunked("COVERS", len(who), rows)


def _acquaintance(files: Files, firm: Book, people: int, seed: int) -> None:
    """The lead knows the client's contacts, staff know people out there, contacts know people and each other."""
    rng = text.generator(seed, "acquaintance")
    contacts = int(firm.contacts.sum())
    lead = np.repeat(firm.lead, firm.contacts)
    _knows(files, rng, text.ids("EM", lead), text.ids("CT", np.arange(contacts)))
    who, whom = _different(
        np.repeat(np.arange(1, firm.staff + 1), 4), rng.integers(0, people, firm.staff * 4)
    )
    _knows(files, rng, text.ids("EM", who), text.ids("P", whom))
    some = np.flatnonzero(text.chance(rng, contacts, 0.3))
    _knows(files, rng, text.ids("CT", some), text.ids("P", rng.integers(0, people, len(some))))
    several = firm.contact_first[firm.contacts > 1]
    _knows(files, rng, text.ids("CT", several), text.ids("CT", several + 1))


def _different(left: Ints, right: Ints) -> tuple[Ints, Ints]:
    """The pairs without repeats."""
    pairs = np.unique(np.stack([left, right]), axis=1)
    return pairs[0], pairs[1]


def _knows(files: Files, rng: np.random.Generator, who: list[str], whom: list[str]) -> None:
    start = rng.integers(text.day("2016-01-01"), NOW, len(who))
    strength = rng.integers(10, 100, len(who)) * (text.WHOLE // 100)
    columns = {
        "from": who, "to": whom, "strength": text.ratios(strength), "valid_from": text.dates(start),
        "source": ["crm"] * len(who),
    }  # fmt: skip
    files.columns("KNOWS", columns)


def _owned(firm: Book, seed: int) -> Flags:
    """Which client has which product (clients x products): some are popular, and each client has a leaning."""
    rng = text.generator(seed, "owned")
    popularity = rng.permutation(0.35 / np.sqrt(np.arange(1, len(PRODUCTS) + 1)))
    leaning = rng.gamma(2.0, 0.5, (len(firm.clients), 1))
    owned: Flags = rng.random((len(firm.clients), len(PRODUCTS))) < popularity * leaning
    return owned


def _products_owned(files: Files, firm: Book, owned: Flags, seed: int) -> None:
    rng = text.generator(seed, "products")
    client, product = np.nonzero(owned)
    size = len(client)
    since = rng.integers(text.day("2019-01-01"), NOW - 60, size)
    end = np.where(text.chance(rng, size, 0.15), since + rng.integers(60, 1200, size), NEVER)
    end = np.where(end > NOW, NEVER, end)
    revenue = (10 ** rng.normal(5.4, 0.6, size)).astype(np.int64)

    def rows(a: int, b: int) -> Columns:
        return {
            "from": text.ids("C", firm.clients[client[a:b]]),
            "to": text.ids("PR", product[a:b]),
            "since": text.dates(since[a:b]),
            "revenue": revenue[a:b].tolist(),
            "valid_from": text.dates(since[a:b]),
            "valid_to": text.dates(end[a:b]),
            "known_from": text.dates(since[a:b]),
            "source": ["crm"] * (b - a),
        }

    files.chunked("OWNS_PRODUCT", size, rows)


def _exposures(files: Files, firm: Book, owned: Flags, seed: int) -> None:
    """What the firm has lent on a client, with collateral; a limit for every such client and two for everyone."""
    rng = text.generator(seed, "exposures")
    client, which = np.nonzero(owned[:, _LENDING])
    size = len(client)
    amount = (10 ** rng.normal(7.5, 0.5, size)).astype(np.int64)
    collateral = (amount * rng.uniform(0.8, 2.6, size)).astype(np.int64)
    numbers = text.ids("C", firm.clients[client])
    day = ["2026-06-30"] * size
    files.columns(
        "Exposure",
        {
            "id": text.ids("X", np.arange(size)),
            "name": [f"敞口{n + 1}" for n in range(size)],
            "client": numbers,
            "product": text.ids("PR", np.array(_LENDING)[which]),
            "amount": amount.tolist(),
            "collateral": collateral.tolist(),
            "date": day,
            "known_from": day,
            "source": ["risk"] * size,
        },
    )
    files.rows(
        "Limit",
        [
            {"id": f"L{n}", "name": kind, "kind": kind, "ratio": ratio, "rule": rule, "valid_from": "2020-06-01",
             "source": "risk"}
            for n, (kind, ratio, rule) in enumerate(LIMITS, 1)
        ],
    )  # fmt: skip
    limited, first = np.unique(client, return_index=True)
    # nine in ten clients are within their limit
    factor = np.where(text.chance(rng, len(limited), 0.9), 1.5, 0.8)
    files.columns(
        "Limit",
        {
            "id": text.ids("L", len(LIMITS) + np.arange(len(limited))),
            "name": ["单一客户授信额度"] * len(limited),
            "client": text.ids("C", firm.clients[limited]),
            "kind": ["对单一客户敞口"] * len(limited),
            "amount": (amount[first] * factor).astype(np.int64).tolist(),
            "rule": ["本公司内部限额"] * len(limited),
            "valid_from": ["2024-01-01"] * len(limited),
            "source": ["risk"] * len(limited),
        },
    )
