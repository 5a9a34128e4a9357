"""Events with the sentences that tell them, the documents that carry the sentences, and deals."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ingest.world import parties, text
from ingest.world.files import CHUNK, Columns, Files
from ingest.world.market import Market
from ingest.world.text import NOW
from ingest.world.vocabulary import Ints

_PUBLISHERS = ("观澜财经", "砚台快讯", "岚浦证券报", "公司公告")
_SINCE = text.day("2020-01-01")
_AHEAD = 180


class Kind(NamedTuple):
    """A kind of event: its name, title, how often, whether it lies ahead, whether it names a second party, wordings."""

    name: str
    title: str
    weight: float
    ahead: bool
    second: bool
    wordings: tuple[str, ...]


KINDS: tuple[Kind, ...] = (
    Kind("pledge", "股权质押", 10, ahead=False, second=False, wordings=(
        "{a}公告，控股股东将所持部分股份办理质押，融资{m}，用于补充流动资金。",
        "{a}控股股东新增一笔股份质押，对应融资额为{m}。",
        "记者从{a}获悉，其大股东日前质押股份融资{m}。")),
    Kind("pledge_release", "解除质押", 6, ahead=False, second=False, wordings=(
        "{a}公告，控股股东此前质押的股份已办理解除，涉及融资{m}。",
        "{a}称大股东归还借款{m}，相应股份解除质押。")),
    Kind("default", "债务违约", 3, ahead=False, second=False, wordings=(
        "{a}未能按期兑付到期债务{m}，构成实质违约。",
        "因流动性紧张，{a}有{m}借款逾期未还。",
        "{a}确认，一笔{m}的到期本息未足额偿付。")),
    Kind("penalty", "行政处罚", 5, ahead=False, second=False, wordings=(
        "{a}因信息披露不及时被监管部门罚款{m}。",
        "监管部门对{a}作出行政处罚，罚没合计{m}。",
        "{a}收到处罚决定书，被处以{m}罚款。")),
    Kind("lawsuit", "诉讼", 7, ahead=False, second=True, wordings=(
        "{a}因买卖合同纠纷被{b}起诉，涉案金额{m}。",
        "{b}向法院提起诉讼，要求{a}支付货款{m}。")),
    Kind("bid_won", "中标", 12, ahead=False, second=True, wordings=(
        "{a}中标{b}采购项目，金额{m}。",
        "{b}公示中标结果，{a}以{m}中标。",
        "{a}收到中标通知书，将为{b}提供产品，合同价{m}。")),
    Kind("executive_change", "高管变动", 10, ahead=False, second=False, wordings=(
        "{a}公告，总经理因个人原因辞职，董事会已聘任新的总经理。",
        "{a}董事会换届，选举产生新任董事长。")),
    Kind("buy_back", "股份回购", 4, ahead=False, second=False, wordings=(
        "{a}拟以自有资金回购股份，总额不超过{m}。",
        "{a}披露回购方案，拟动用{m}回购股份用于股权激励。")),
    Kind("reduction", "减持", 6, ahead=False, second=False, wordings=(
        "{a}持股5%以上股东拟减持股份，预计套现{m}。",
        "{a}公告股东减持计划实施完毕，减持金额{m}。")),
    Kind("increase", "增持", 4, ahead=False, second=False, wordings=(
        "{a}控股股东计划增持公司股份，金额不低于{m}。",
        "{a}大股东完成增持，累计投入{m}。")),
    Kind("listing_guidance", "上市辅导", 3, ahead=False, second=False, wordings=(
        "{a}已完成上市辅导备案。", "{a}启动上市辅导，拟申请首次公开发行股票。")),
    Kind("acquisition", "收购", 5, ahead=False, second=True, wordings=(
        "{a}拟以{m}收购{b}部分股权。", "{b}的部分股权将由{a}受让，交易作价{m}。")),
    Kind("contract", "签订重大合同", 7, ahead=False, second=True, wordings=(
        "{a}与{b}签订长期供货合同，金额约{m}。", "{b}与{a}达成合作，合同总额{m}。")),
    Kind("loss", "预计亏损", 5, ahead=False, second=False, wordings=(
        "{a}预计年度净利润亏损{m}。", "受需求下滑影响，{a}全年预亏{m}。")),
    Kind("lockup_expiry", "限售股解禁", 4, ahead=True, second=False, wordings=(
        "{a}一批限售股将上市流通，对应市值约{m}。", "{a}提示，首发限售股即将解禁，市值{m}。")),
    Kind("bond_maturity", "债券到期", 3, ahead=True, second=False, wordings=(
        "{a}发行的债券即将到期，待偿本金{m}。", "{a}将于到期日兑付债券本息，本金{m}。")),
)  # fmt: skip
"""Every kind of event, with sentences of our own; {a} is the subject, {b} the second party, {m} the amount."""

_TAILS = (
    "公司表示，上述事项不会对正常经营造成重大影响。",
    "有关进展仍待进一步披露。",
    "业内人士认为，此举值得关注。",
)


def write(files: Files, market: Market, seed: int, without: str | None = None) -> None:
    """Write Event, Document, MENTIONS, ABOUT and Deal; no events of the kind to do `without`."""
    _events(files, market, seed, without)
    _deals(files, market, seed)


def _told(amount: int) -> str:
    """An amount as news words it."""
    if amount >= 10**8:
        return f"{amount / 10**8:.2f}亿元"
    return f"{amount // 10_000}万元"


def _events(files: Files, market: Market, seed: int, without: str | None) -> None:
    rng = text.generator(seed, "events")
    listed = market.listed >= 0
    rate = np.where(listed, 5.0, np.where(market.client, 2.5, 0.08))
    subject = np.repeat(np.arange(len(market.members)), rng.poisson(rate))
    # told in the order of the calendar, as a feed tells them
    weights = np.array([kind.weight for kind in KINDS])
    kind = rng.choice(len(KINDS), len(subject), p=weights / weights.sum())
    ahead = np.array([k.ahead for k in KINDS])[kind]
    day = np.where(ahead, rng.integers(_SINCE, NOW + _AHEAD, len(kind)), rng.integers(_SINCE, NOW, len(kind)))
    order = np.argsort(day, kind="stable")
    order = order[np.array([k.name != without for k in KINDS])[kind[order]]]
    subject, kind, day = subject[order], kind[order], day[order]
    for start in range(0, len(subject), CHUNK):
        part = slice(start, start + CHUNK)
        _event_chunk(files, market, seed, start, (subject[part], kind[part], day[part]))


def _event_chunk(
    files: Files, market: Market, seed: int, first: int, events: tuple[Ints, Ints, Ints]
) -> None:
    subject, kind, day = events
    rng = text.generator(seed, f"events{first}")
    size = len(subject)
    other = (subject + 1 + rng.integers(0, len(market.members) - 1, size)) % len(market.members)
    amount = (10 ** rng.normal(7.6, 0.6, size)).astype(np.int64) // 10_000 * 10_000 + 10_000
    wording = rng.integers(0, 6, size).tolist()
    names = _called(market, seed, subject, rng), _called(market, seed, other, rng)
    kinds = [KINDS[k] for k in kind.tolist()]
    sentences = [
        k.wordings[w % len(k.wordings)].format(a=a, b=b, m=_told(m))
        for k, w, a, b, m in zip(kinds, wording, *names, amount.tolist(), strict=True)
    ]
    ids = text.ids("E", first + np.arange(size))
    parties_of = list(
        zip(
            text.ids("C", market.members.start + subject),
            text.ids("C", market.members.start + other),
            strict=True,
        )
    )
    known = text.dates(np.minimum(day + rng.integers(0, 4, size), NOW))
    files.columns(
        "Event",
        {
            "id": ids,
            "name": [f"{a}{k.title}" for k, a in zip(kinds, names[0], strict=True)],
            "kind": [k.name for k in kinds],
            "date": text.dates(day),
            "amount": [
                m if "{m}" in k.wordings[0] else "" for k, m in zip(kinds, amount.tolist(), strict=True)
            ],
            "text": sentences,
            "subjects": [";".join(p if k.second else p[:1]) for k, p in zip(kinds, parties_of, strict=True)],
            "known_from": known,
            "source": ["news"] * size,
        },
    )
    told = np.flatnonzero(text.chance(rng, size, 0.7)).tolist()
    tails = rng.integers(0, len(_TAILS), size).tolist()
    texts = [sentences[n] + _TAILS[tails[n]] for n in told]
    files.columns(
        "Document",
        {
            "id": [f"N{ids[n][1:]}" for n in told],
            "name": [f"{names[0][n]}：{kinds[n].title}" for n in told],
            "kind": ["news"] * len(told),
            "published": [known[n] for n in told],
            "publisher": [_PUBLISHERS[n % len(_PUBLISHERS)] for n in told],
            "text": texts,
            "known_from": [known[n] for n in told],
            "source": ["news"] * len(told),
        },
    )
    mentions = [
        {
            "from": f"N{ids[n][1:]}",
            "to": party,
            "start": place,
            "end": place + len(name),
            "text": name,
            "source": "news",
        }
        for n, said in zip(told, texts, strict=True)
        for party, name in zip(parties_of[n], (names[0][n], names[1][n]), strict=True)
        if (place := said.find(name)) >= 0
    ]
    files.rows("MENTIONS", mentions)
    document = [f"N{ids[n][1:]}" for n in told]
    files.columns(
        "ABOUT",
        {
            "from": document,
            "to": [ids[n] for n in told],
            "role": ["event"] * len(told),
            "source": ["news"] * len(told),
        },
    )
    files.columns(
        "ABOUT",
        {
            "from": document,
            "to": [parties_of[n][0] for n in told],
            "role": ["subject"] * len(told),
            "source": ["news"] * len(told),
        },
    )


def _called(market: Market, seed: int, member: Ints, rng: np.random.Generator) -> list[str]:
    """What news calls companies: listed ones and roots by their short names mostly, others by the registered name."""
    full, short = parties.member_names(market, seed, member)
    known = (market.listed[member] >= 0) | (market.rank[member] == 0)
    brief = (known & text.chance(rng, len(member), 0.7)).tolist()
    return [s if b else f for f, s, b in zip(full, short, brief, strict=True)]


_ROUNDS = ("天使轮", "A轮", "B轮", "C轮", "D轮", "战略投资")


def _deals(files: Files, market: Market, seed: int) -> None:
    """Financing rounds with funds, purchases among companies, offerings of listed ones."""
    rng = text.generator(seed, "deals")
    size = len(market.members)
    target = np.flatnonzero(rng.random(size) < np.where(market.listed >= 0, 0.15, 0.02))
    listed = market.listed[target] >= 0
    kind = np.where(listed, 2, text.chance(rng, len(target), 0.2).astype(np.int64))
    day = rng.integers(_SINCE, NOW - 20, len(target))
    amount = (10 ** rng.normal(7.5, 0.5, len(target))).astype(np.int64) // 10_000 * 10_000 + 10_000
    lead = market.funds.start + (len(market.funds) ** rng.random(len(target))).astype(np.int64) - 1
    second = rng.integers(market.funds.start, market.funds.stop, len(target))
    buyer = market.members.start + (target + 1 + rng.integers(0, size - 1, len(target))) % size
    stage = rng.integers(0, len(_ROUNDS), len(target)).tolist()
    hidden = text.chance(rng, len(target), 0.15)

    def rows(a: int, b: int) -> Columns:
        part = slice(a, b)
        _, names = parties.member_names(market, seed, target[part])
        kinds = text.words(("financing", "acquisition", "offering"), kind[part])
        stages = [
            {"financing": _ROUNDS[s], "acquisition": "完成", "offering": "定向增发"}[k]
            for k, s in zip(kinds, stage[part], strict=True)
        ]
        investors = [
            buyers if k == "acquisition" else f"{one};{two}" if one != two else one
            for k, buyers, one, two in zip(
                kinds,
                text.ids("C", buyer[part]),
                text.ids("C", lead[part]),
                text.ids("C", second[part]),
                strict=True,
            )
        ]
        money = amount[part].tolist()
        return {
            "id": text.ids("D", np.arange(a, b)),
            "name": [f"{n}{s}" for n, s in zip(names, stages, strict=True)],
            "kind": kinds,
            "stage": stages,
            "date": text.dates(day[part]),
            "amount": ["" if h else m for m, h in zip(money, hidden[part].tolist(), strict=True)],
            "amount_stated": [
                "未披露" if h else _told(m) for m, h in zip(money, hidden[part].tolist(), strict=True)
            ],
            "currency": ["CNY"] * (b - a),
            "target": text.ids("C", market.members.start + target[part]),
            "investors": investors,
            "known_from": text.dates(np.minimum(day[part] + 7, NOW)),
            "source": ["deals"] * (b - a),
        }

    files.chunked("Deal", len(target), rows)
