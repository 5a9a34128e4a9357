"""Companies and persons of the market as rows: names, codes, sizes, addresses."""

from __future__ import annotations

import numpy as np

from ingest.world import text, vocabulary
from ingest.world.files import Columns, Files
from ingest.world.market import FUNDS_SINCE, Market, Root
from ingest.world.text import NEVER, NOW
from ingest.world.vocabulary import Ints

_NATURES = ("private", "state_owned", "private", "other")
_CITY_OFFICES = (*("市国有资产监督管理委员会",) * 3, "市财政局")


def write(files: Files, market: Market, seed: int) -> None:
    """Write every company and person that is not planted."""
    files.columns("Company", _state_bodies(market))
    files.columns("Company", _banks(market))
    files.chunked("Company", len(market.funds), lambda a, b: _funds(market, seed, np.arange(a, b)))
    files.chunked("Company", len(market.members), lambda a, b: _members(market, seed, np.arange(a, b)))
    people = market.person_count - market.first_person
    files.chunked("Person", people, lambda a, b: _people(market, seed, a, b))


def _same(word: str, size: int) -> list[str]:
    return [word] * size


def _state_bodies(market: Market) -> Columns:
    numbers = np.arange(market.state.start, market.state.stop)
    cities = text.words(vocabulary.CITIES, numbers - market.state.start)
    return {
        "id": text.ids("C", numbers),
        "name": [city + _CITY_OFFICES[n % len(_CITY_OFFICES)] for n, city in enumerate(cities)],
        "uscc": vocabulary.credit_codes(numbers, organ=True),
        "nature": _same("state_body", len(numbers)),
        "region": [f"{city}市" for city in cities],
        "country": _same("CN", len(numbers)),
        "source": _same("registry", len(numbers)),
    }


def _banks(market: Market) -> Columns:
    numbers = np.arange(market.banks.start, market.banks.stop)
    cities = text.words(vocabulary.CITIES, numbers - market.banks.start)
    return {
        "id": text.ids("C", numbers),
        "name": [f"{city}商业银行股份有限公司" for city in cities],
        "short_name": [f"{city}银行" for city in cities],
        "uscc": vocabulary.credit_codes(numbers),
        "nature": _same("other", len(numbers)),
        "founded": _same("1998-06-01", len(numbers)),
        "region": [f"{city}市" for city in cities],
        "country": _same("CN", len(numbers)),
        "source": _same("registry", len(numbers)),
    }


def _funds(market: Market, seed: int, part: Ints) -> Columns:
    numbers = market.funds.start + part
    cities = text.words(vocabulary.CITIES, part % len(vocabulary.CITIES))
    # funds take their brands behind all groups' brands
    brands = vocabulary.brands(market.brand[-1] + 1 + part, seed)
    days = text.generator(seed, f"funds{part[0]}").integers(FUNDS_SINCE - 700, FUNDS_SINCE, len(part))
    return {
        "id": text.ids("C", numbers),
        "name": [f"{c}{b}股权投资合伙企业（有限合伙）" for c, b in zip(cities, brands, strict=True)],
        "short_name": [f"{b}资本" for b in brands],
        "uscc": vocabulary.credit_codes(numbers),
        "nature": _same("fund", len(part)),
        "founded": text.dates(days),
        "region": [f"{city}市" for city in cities],
        "country": _same("CN", len(part)),
        "source": _same("registry", len(part)),
    }


_FORMS = ("有限公司", "有限责任公司", "股份有限公司", "集团有限公司", "集团股份有限公司")


_DRAWN_FORMS = np.repeat([0, 1, 2], [78, 12, 10])
_DRAWN_ROOT_FORMS = np.repeat([3, 0, 1, 2], [30, 48, 12, 10])


def _forms(market: Market, part: Ints) -> Ints:
    """The legal form of each member. It follows from the number, so that every caller spells a name alike."""
    draw = part * 2_654_435_761 % 2**32 * 100 // 2**32
    root = market.rank[part] == 0
    unlisted = np.where(root, _DRAWN_ROOT_FORMS[draw], _DRAWN_FORMS[draw])
    return np.where(market.listed[part] >= 0, np.where(root, 4, 2), unlisted)


def member_names(market: Market, seed: int, part: Ints) -> tuple[list[str], list[str]]:
    """Registered names and short names (brand and trade) of members."""
    brands = vocabulary.brands(market.brand[market.group[part]], seed)
    cities = text.words(vocabulary.CITIES, market.city[part])
    trades = text.words(vocabulary.TRADES, market.trade[part])
    forms = text.words(_FORMS, _forms(market, part))
    full = [c + b + t + f for c, b, t, f in zip(cities, brands, trades, forms, strict=True)]
    return full, [b + t for b, t in zip(brands, trades, strict=True)]


def exchange(code: str) -> str:
    """The exchange that a code's suffix names."""
    return "上海证券交易所" if code.endswith(".SH") else "深圳证券交易所"


def _members(market: Market, seed: int, part: Ints) -> Columns:
    rng = text.generator(seed, f"members{part[0]}")
    numbers, size = market.members.start + part, len(part)
    full, short = member_names(market, seed, part)
    listed, root = market.listed[part], market.rank[part] == 0
    is_listed = listed >= 0
    cities = text.words(vocabulary.CITIES, market.city[part])
    capital = (10 ** rng.normal(7.2, 0.6, size)).astype(np.int64) // 10_000 * 10_000 + 10_000
    shares = np.where(is_listed, capital * 4, 0)
    price = rng.integers(3, 60, size)
    listed_on = np.where(
        is_listed, np.minimum(market.founded[part] + rng.integers(900, 4000, size), NOW - 400), NEVER
    )
    kind = market.root_kind[part]
    codes = [vocabulary.listing_code(n) if n >= 0 else "" for n in listed.tolist()]
    renamed = text.chance(rng, size, 0.03)
    # group members often share the address of the root
    house = np.where(text.chance(rng, size, 0.35), market.root[part], numbers) % 997 + 1
    street = text.words(vocabulary.CITIES, market.root[part] % len(vocabulary.CITIES))
    return {
        "id": text.ids("C", numbers),
        "name": full,
        "short_name": [
            s if r or i else "" for s, r, i in zip(short, root.tolist(), is_listed.tolist(), strict=True)
        ],
        "former_names": [
            f"{name[:2]}市{name[2:]}" if flag else ""
            for name, flag in zip(full, renamed.tolist(), strict=True)
        ],
        "uscc": vocabulary.credit_codes(numbers),
        "lei": [
            vocabulary.entity_identifier(n) if i else ""
            for n, i in zip(numbers.tolist(), is_listed.tolist(), strict=True)
        ],
        "code": codes,
        "nature": text.words(_NATURES, np.where(kind == Root.DISPERSED, 0, kind)),
        "listed_on": text.dates(listed_on),
        "exchange": [
            ("上海证券交易所", "深圳证券交易所")[n // 1000 % 2] if n >= 0 else "" for n in listed.tolist()
        ],
        "founded": text.dates(market.founded[part]),
        "capital": capital.tolist(),
        "capital_currency": _same("CNY", size),
        "total_shares": [n or "" for n in shares.tolist()],
        "market_value": [n or "" for n in (shares * price).tolist()],
        "address": [f"{c}市{s}路{h}号" for c, s, h in zip(cities, street, house.tolist(), strict=True)],
        "region": [f"{city}市" for city in cities],
        "country": _same("CN", size),
        "client": ["true" if flag else "" for flag in market.client[part].tolist()],
        "controller_unknown": [
            "true" if flag else "" for flag in (is_listed & root & (kind == Root.DISPERSED)).tolist()
        ],
        "source": _same("registry", size),
    }


def _people(market: Market, seed: int, first: int, last: int) -> Columns:
    names = text.person_names(text.generator(seed, f"people{first}"), last - first)
    numbers = market.first_person + np.arange(first, last)
    return {"id": text.ids("P", numbers), "name": names, "source": _same("registry", last - first)}
