"""Search for names and codes: exact, prefix, infix, pinyin, initials, several words, one wrong character.

An index is a dict of numpy arrays (`build`), which may be saved and memory-mapped; `attach` puts one or more of
them together; `search` answers a query for one viewer. The answer is what an index of the visible entries alone
would give: masks come before matching, nothing is counted over all entries, and ties are broken by stable id.

Entries are stored by *rank*: listed first, then short names, then kind of name, then stable id. Within a tier of
match the answer has that order, so a sweep of postings in rank order may stop at the limit and stays exact.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graph.algorithms import search_arrays as arrays_of
from graph.algorithms import search_scan as kernel

SearchArrays = dict[str, NDArray[Any]]

FORMAT: Final = 2
"""Changes whenever arrays of an older version would be misread."""

LONGEST_QUERY: Final = 256
"""UTF-16 units, white space apart."""

_LONGEST_RANKED: Final = 4095
_LOWEST_KIND: Final = 15
_SCORE_ONE: Final = 1 << (kernel.QUALITY_BITS + 4)


class NameKind(IntEnum):
    """What an entry is to its owner; a smaller one ranks higher between names of equal length."""

    CODE = 0
    FULL = 1
    SHORT = 2
    FORMER = 3
    ALIAS = 4


class Match(IntEnum):
    """How an entry answered the query; a larger one ranks higher. With the kind of name it is the reason."""

    CODE_EXACT = kernel.CODE_EXACT
    NAME_EXACT = kernel.NAME_EXACT
    CODE_PREFIX = kernel.CODE_PREFIX
    NAME_PREFIX = kernel.NAME_PREFIX
    INITIALS_EXACT = kernel.INITIALS_EXACT
    PINYIN_EXACT = kernel.PINYIN_EXACT
    PINYIN_PREFIX = kernel.PINYIN_PREFIX
    INITIALS_PREFIX = kernel.INITIALS_PREFIX
    NAME_INFIX = kernel.NAME_INFIX
    NAME_WORDS = kernel.NAME_WORDS
    FUZZY_EXACT = kernel.FUZZY_EXACT
    FUZZY_PREFIX = kernel.FUZZY_PREFIX
    PINYIN_INFIX = kernel.PINYIN_INFIX
    INITIALS_INFIX = kernel.INITIALS_INFIX
    FUZZY_INFIX = kernel.FUZZY_INFIX


@dataclass(frozen=True, slots=True)
class NameEntries:
    """The names and codes to index, as parallel columns of length n.

    `text` is the normal form (white space is ignored). `pinyin` is toneless and joined, `initials` its first
    letters (`hengruiyiyao`, `hryy`; Latin letters whole in both), both empty where there are none. `owner` is
    the entity's row (int32), `stable_id` its permanent id (uint64, or bytes of dtype S12 or V12), equal for equal
    owners. `kind` is a `NameKind`, `set_number` the compartment set that the viewer's table is asked for,
    `prior` (uint8) puts entries first within their tier (1 for listed companies).
    """

    text: Sequence[str]
    pinyin: Sequence[str]
    initials: Sequence[str]
    owner: NDArray[np.int32]
    stable_id: NDArray[Any]
    kind: NDArray[np.uint8]
    set_number: NDArray[np.uint32]
    prior: NDArray[np.uint8]

    def __post_init__(self) -> None:
        """Refuse columns of unequal length, kinds past 15 and negative owners."""
        sizes = {name: len(getattr(self, name)) for name in self.__slots__}
        if len(set(sizes.values())) != 1:
            raise ValueError(f"search index: columns differ in length: {sizes}; give one value per entry")
        if len(self.text) and int(self.kind.max()) > _LOWEST_KIND:
            raise ValueError(f"search index: kind {int(self.kind.max())} exceeds {_LOWEST_KIND}")
        if len(self.text) and int(self.owner.min()) < 0:
            raise ValueError("search index: an owner row is negative; leave entries without an owner out")


@dataclass(frozen=True, slots=True)
class QueryForms:
    """A query as the index reads it: `text` in normal form, and `letters` if it may be pinyin or initials."""

    text: str
    letters: str = ""

    @classmethod
    def of(cls, text: str) -> "QueryForms":
        """Take a normal form; its letters are itself when it has nothing but ASCII letters and digits."""
        joined = "".join(text.split()).replace("'", "")  # xi'an
        return cls(text, joined if joined.isascii() and joined.isalnum() else "")


@dataclass(frozen=True, slots=True)
class SearchScope:
    """Whom a viewer may find: by compartment set number, and by owner row where given.

    `allowed[set_number]` is non-zero for a visible set; `owner_visible[row]` likewise; with `kinds`, an owner is
    found only if `kinds[owner_kind[row]]` is non-zero. All uint8.
    """

    allowed: NDArray[np.uint8]
    owner_visible: NDArray[np.uint8] | None = None
    owner_kind: NDArray[np.uint8] | None = None
    kinds: NDArray[np.uint8] | None = None


@dataclass(frozen=True, slots=True)
class Hits:
    """Found owners, best first: parallel columns.

    `score` is in (0, 1), exact in binary, descending; equal scores are in order of `stable_id`. `entry` is the
    number of the entry that matched, `match` a `Match`, `kind` its `NameKind`.
    """

    owner: NDArray[np.int32]
    score: NDArray[np.float64]
    match: NDArray[np.uint8]
    kind: NDArray[np.uint8]
    entry: NDArray[np.int32]


# --- build --------------------------------------------------------------------------------------------------

_UNMEANT: Final = {arrays_of.START: None, arrays_of.END: None}


def _joined(texts: Sequence[str]) -> str:
    """Join texts by NUL, without white space, NUL and U+FFFF, which are no part of a name."""
    joined = "\0".join(["".join(text.split()) for text in texts])
    if joined.count("\0") != max(len(texts) - 1, 0) or "\uffff" in joined:
        joined = "\0".join(["".join(text.translate(_UNMEANT).split()) for text in texts])
    return joined


def _cuts(codes: NDArray[Any], count: int) -> NDArray[np.int64]:
    """The places before, between and behind the texts of a joined array: text i is codes[cut[i] + 1:cut[i + 1]]."""
    cuts = np.full(count + 1, -1, np.int64)
    if count:
        cuts[1:-1] = np.flatnonzero(codes == 0)
        cuts[-1] = codes.size
    return cuts


def _split_ids(stable_id: NDArray[Any]) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
    """Split ids into a high and a low number that order as the ids do."""
    if stable_id.dtype.kind in "ui":
        return stable_id.astype(np.uint64), np.zeros(stable_id.size, np.uint32)
    if stable_id.dtype.kind not in "SV" or stable_id.dtype.itemsize != 12:  # noqa: PLR2004 - 96-bit handles
        raise TypeError(f"search index: stable ids of dtype {stable_id.dtype}; give uint64, S12 or V12")
    raw = np.frombuffer(stable_id.tobytes(), np.uint8).reshape(-1, 12)
    high = np.ascontiguousarray(raw[:, :8]).view(">u8").ravel()
    low = np.ascontiguousarray(raw[:, 8:]).view(">u4").ravel()
    return high.astype(np.uint64), low.astype(np.uint32)


def _quality(
    length: NDArray[np.int64], kind: NDArray[np.uint8], prior: NDArray[np.uint8]
) -> NDArray[np.uint32]:
    """Rank within a tier, in 24 bits: prior, then shortness (the share of the name that a query covers), then kind."""
    shortness = _LONGEST_RANKED - np.minimum(length, _LONGEST_RANKED)
    value = (prior.astype(np.int64) << 16) | (shortness << 4) | (_LOWEST_KIND - kind.astype(np.int64))
    return value.astype(np.uint32)


def _text_key(text: str) -> bytes:
    """Sorts as the UTF-16 units of the kernel do."""
    return "".join(text.translate(_UNMEANT).split()).encode("utf-16-be", "surrogatepass")


def _order_twins(order: NDArray[np.int64], twins: NDArray[np.bool_], texts: Sequence[str]) -> None:
    """Order entries of one owner that rank alike by their text; `twins[i]`: rank i ranks like the next."""
    places = np.flatnonzero(twins)
    for run in np.split(places, np.flatnonzero(np.diff(places) > 1) + 1):
        if run.size:
            span = slice(int(run[0]), int(run[-1]) + 2)
            order[span] = sorted(order[span], key=lambda row: _text_key(texts[row]))


def _ranked(
    quality: NDArray[np.uint32], high: NDArray[np.uint64], low: NDArray[np.uint32], texts: Sequence[str]
) -> NDArray[np.int64]:
    order = np.lexsort((low, high, ~quality)).astype(np.int64)
    same = [column[order][1:] == column[order][:-1] for column in (quality, high, low)]
    _order_twins(order, same[0] & same[1] & same[2], texts)
    return order


def _channel(
    name: str, units: NDArray[np.uint16], start: NDArray[np.uint32], skip: NDArray[np.bool_]
) -> SearchArrays:
    grams = arrays_of.make_grams(units, start, skip)
    return {
        f"{name}_units": units,
        f"{name}_start": start,
        **{f"{name}_{field}": column for field, column in grams._asdict().items()},
    }


def _spoken(texts: Sequence[str]) -> arrays_of.Spoken:
    data = _joined(texts).encode("ascii", "replace")
    return arrays_of.Spoken(arrays_of.letter_codes(data), _cuts(np.frombuffer(data, np.uint8), len(texts)))


def _sounds(entries: NameEntries, order: NDArray[np.int64]) -> SearchArrays:
    trie = arrays_of.make_trie()
    units, start = arrays_of.cut_sounds(
        tuple(trie), tuple(_spoken(entries.pinyin)), tuple(_spoken(entries.initials)), order
    )
    skip = np.zeros(order.size, np.bool_)
    triples = arrays_of.make_triples(trie.letters, units, start)
    return {
        **_channel("sound", units, start, skip),
        **{f"initial_{field}": column for field, column in triples._asdict().items()},
        **{f"token_{field}": column for field, column in trie._asdict().items()},
    }


def build(entries: NameEntries, first_entry: int = 0) -> SearchArrays:
    """Index the entries; the result holds numpy arrays only and does not change.

    Entry i is reported as `first_entry + i`. Equal entries give equal arrays, whatever ran before.
    """
    joined = np.frombuffer(_joined(entries.text).encode("utf-16-le", "surrogatepass"), np.uint16)
    cuts = _cuts(joined, len(entries.text))
    high, low = _split_ids(entries.stable_id)
    quality = _quality(np.diff(cuts) - 1, entries.kind, entries.prior)
    order = _ranked(quality, high, low, entries.text)
    units, start = arrays_of.gather(joined, cuts[:-1] + 1, cuts[1:], order)
    is_code = entries.kind[order] == NameKind.CODE
    codes = sorted(np.flatnonzero(is_code), key=lambda rank: _text_key(entries.text[int(order[rank])]))
    owners, sets = (
        int(column.max()) + 1 if order.size else 0 for column in (entries.owner, entries.set_number)
    )
    return {
        "header": np.array([FORMAT, owners, sets], np.uint32),
        "owner": entries.owner[order].astype(np.int32),
        "entry": (order + first_entry).astype(np.int32),
        "set_number": entries.set_number[order].astype(np.uint32),
        "quality": quality[order],
        "id_high": high[order],
        "id_low": low[order],
        "codes": np.array(codes, np.uint32),
        **_channel("text", units, start, is_code),
        **_sounds(entries, order),
    }


# --- attach -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SearchIndex:
    """Segments that are searched as one, the smallest first, and the entries that no longer count."""

    segments: tuple[kernel.Segment, ...]
    removed: NDArray[np.uint8]
    owners: int
    sets: int


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    """A plain read-only view: one array type for the kernels, whether it lies in memory or in a mapped file."""
    view = np.asarray(array).view()
    view.flags.writeable = False
    return view


def _segment(arrays: Mapping[str, NDArray[Any]]) -> kernel.Segment:
    version = int(arrays["header"][0])
    if version != FORMAT:
        raise ValueError(
            f"search index: arrays of format {version}, this program reads {FORMAT}; rebuild them"
        )

    def columns(prefix: str, fields: tuple[str, ...]) -> list[NDArray[Any]]:
        return [_frozen(arrays[prefix + field]) for field in fields]

    return kernel.Segment(
        **{field: _frozen(arrays[field]) for field in kernel.Segment._fields[:7]},
        text=kernel.Channel(*columns("text_", kernel.Channel._fields)),
        sound=kernel.Channel(*columns("sound_", kernel.Channel._fields)),
        initials=kernel.Initials(*columns("initial_", kernel.Initials._fields)),
        tokens=kernel.Tokens(*columns("token_", kernel.Tokens._fields)),
    )


def attach(
    base: Mapping[str, NDArray[Any]],
    *extra: Mapping[str, NDArray[Any]],
    removed: NDArray[np.uint8] | None = None,
) -> SearchIndex:
    """Put an index and small later ones together; no work is done on the arrays, so a mapped file opens at once.

    `removed[entry]` is non-zero for entries that a later index replaces or that are gone (any length: entries
    past its end count). What is found equals a search of one index built from the entries that remain.
    """
    segments = sorted((_segment(arrays) for arrays in (base, *extra)), key=lambda segment: segment.owner.size)
    owners, sets = (max(int(arrays["header"][field]) for arrays in (base, *extra)) for field in (1, 2))
    return SearchIndex(tuple(segments), _optional(removed), owners, sets)


# --- search -------------------------------------------------------------------------------------------------


def _optional(column: NDArray[np.uint8] | None) -> NDArray[np.uint8]:
    if column is None:
        return _frozen(np.zeros(0, np.uint8))
    return _frozen(column.view(np.uint8) if column.dtype == np.bool_ else column.astype(np.uint8, copy=False))


def _asked(query: QueryForms) -> kernel.Asked:
    words = query.text.translate(_UNMEANT).split()
    coded = [np.frombuffer(word.encode("utf-16-le", "surrogatepass"), np.uint16) for word in words]
    size = sum(word.size for word in coded)
    if not size:
        raise ValueError("search: the query is empty; give at least one character")
    if size > LONGEST_QUERY:
        raise ValueError(f"search: the query has {size} characters; give at most {LONGEST_QUERY}")
    letters = arrays_of.letter_codes(query.letters.encode("ascii", "replace"))
    latin = query.text.isascii()
    return kernel.Asked(
        text=np.concatenate(coded),
        word_start=np.cumsum([0, *(word.size for word in coded)], dtype=np.int64),
        letters=letters[letters > 0],
        fuzzy_whole=size >= (5 if latin else 3),
        fuzzy_part=size >= (6 if latin else 4),
        single_infix=not latin,
    )


def _covering(name: str, column: NDArray[np.uint8] | None, size: int) -> NDArray[np.uint8]:
    """Refuse a mask that ends before the index does: the kernels read without looking at its end."""
    if column is not None and column.size < size:
        raise ValueError(f"search: `{name}` has {column.size} values, the index needs {size}")
    return _optional(column)


def _mask(index: SearchIndex, scope: SearchScope) -> kernel.Mask:
    if (scope.kinds is None) != (scope.owner_kind is None):
        raise ValueError("search: `kinds` and `owner_kind` filter together; give both or neither")
    kinds = None if scope.kinds is None else np.concatenate([scope.kinds, np.zeros(256, np.uint8)])[:256]
    return kernel.Mask(
        allowed=_covering("allowed", scope.allowed, index.sets),
        owner_visible=_covering("owner_visible", scope.owner_visible, index.owners),
        owner_kind=_covering("owner_kind", scope.owner_kind, index.owners),
        kinds=_optional(kinds),
        removed=index.removed,
    )


_FROM_THE_TOP: Final = kernel.Cursor(1 << 62, np.uint64(0), np.uint32(0))


def _cursor(after: tuple[float, int | bytes] | None) -> kernel.Cursor:
    if after is None:
        return _FROM_THE_TOP
    score, stable_id = after
    high, low = stable_id, 0
    if isinstance(stable_id, bytes):
        high, low = (int.from_bytes(part, "big") for part in (stable_id[:8], stable_id[8:]))
    return kernel.Cursor(int(score * _SCORE_ONE), np.uint64(high), np.uint32(low))


class _Table(NamedTuple):
    """Hits of some segments as columns, one row per owner."""

    owner: NDArray[np.int32]
    score: NDArray[np.int64]
    high: NDArray[np.uint64]
    low: NDArray[np.uint32]
    segment: NDArray[np.int64]
    rank: NDArray[np.int64]

    def take(self, rows: NDArray[Any]) -> "_Table":
        return _Table(*(column[rows] for column in self))

    def beside(self, other: "_Table") -> "_Table":
        return _Table(*(np.concatenate([getattr(t, name) for t in (self, other)]) for name in self._fields))

    def after(self, cursor: kernel.Cursor) -> NDArray[np.bool_]:
        larger = (self.high > cursor.high) | ((self.high == cursor.high) & (self.low > cursor.low))
        later: NDArray[np.bool_] = (self.score < cursor.score) | ((self.score == cursor.score) & larger)
        return later


_EMPTY: Final = _Table(
    np.zeros(0, np.int32),
    np.zeros(0, np.int64),
    np.zeros(0, np.uint64),
    np.zeros(0, np.uint32),
    np.zeros(0, np.int64),
    np.zeros(0, np.int64),
)


@dataclass(frozen=True, slots=True)
class _Search:
    """One query of one viewer on an index, segment by segment."""

    index: SearchIndex
    asked: kernel.Asked
    mask: kernel.Mask

    def scan(self, number: int, rivals: kernel.Rivals, limit: int, cursor: kernel.Cursor) -> _Table:
        """Find the best `limit` owners of a segment after the cursor, those aside whose rival is better."""
        segment = self.index.segments[number]
        room = min(limit, segment.owner.size)
        found = kernel.Found(
            rank=np.empty(room, np.int64),
            score=np.empty(room, np.int64),
            filled=np.zeros(1, np.int64),
            seen=np.zeros(self.index.owners // 64 + 1, np.uint64),
            cursor=cursor,
        )
        if room:
            kernel.scan(kernel.plain(kernel.Job(segment, self.asked, self.mask, found, rivals)))
        rank = found.rank[: found.filled[0]]
        score = found.score[: found.filled[0]]
        ids = segment.id_high[rank], segment.id_low[rank]
        return _Table(segment.owner[rank], score, *ids, np.full(rank.size, number, np.int64), rank)

    def text(self, table: _Table, row: int) -> tuple[int, ...]:
        channel = self.index.segments[table.segment[row]].text
        rank = table.rank[row]
        return tuple(channel.units[channel.start[rank] : channel.start[rank + 1]].tolist())

    def settle_ties(self, hits: _Table, beaten: _Table) -> None:
        """Where a rival scores the same, let the entry with the smaller text stand, as one index would."""
        row_of = {int(owner): row for row, owner in enumerate(hits.owner)} if beaten.owner.size else {}
        for rival, owner in enumerate(beaten.owner.tolist()):
            row = row_of.get(owner)
            if row is None or hits.score[row] != beaten.score[rival]:
                continue
            if self.text(beaten, rival) < self.text(hits, row):
                hits.segment[row] = beaten.segment[rival]
                hits.rank[row] = beaten.rank[rival]

    def extend(self, best: _Table, number: int, limit: int, cursor: kernel.Cursor) -> _Table:
        """Add a segment's hits to those of the smaller ones, keeping each owner's best."""
        best = best.take(np.argsort(best.owner))
        rivals = kernel.Rivals(best.owner, best.score, np.zeros(best.owner.size, np.uint8))
        hits = self.scan(number, rivals, limit, cursor)
        beaten = rivals.beaten != 0
        self.settle_ties(hits, best.take(beaten))
        return best.take(~beaten).beside(hits)

    def run(self, limit: int, cursor: kernel.Cursor) -> _Table:
        """Search the small segments whole, the largest up to the limit; order and cut what they found."""
        best = _EMPTY
        last = len(self.index.segments) - 1
        for number in range(last):
            best = self.extend(best, number, self.index.segments[number].owner.size, _FROM_THE_TOP)
        best = self.extend(best, last, limit, cursor)
        best = best.take(best.after(cursor))
        return best.take(np.lexsort((best.low, best.high, -best.score))[:limit])

    def entries(self, table: _Table) -> NDArray[np.int32]:
        entry = np.empty(table.rank.size, np.int32)
        for number, segment in enumerate(self.index.segments):
            rows = table.segment == number
            entry[rows] = segment.entry[table.rank[rows]]
        return entry


def warm_up() -> None:
    """Load the kernels, so that no query waits; on a new machine this compiles them, half a minute's work."""
    nothing = NameEntries(
        ["恒瑞"], ["hengrui"], ["hr"], *(np.zeros(1, kind) for kind in ("i4", "u8", "u1", "u4", "u1"))
    )
    search(attach(build(nothing)), QueryForms.of("恒瑞"), SearchScope(np.ones(1, np.uint8)))


def search(
    index: SearchIndex,
    query: QueryForms,
    scope: SearchScope,
    limit: int = 20,
    after: tuple[float, int | bytes] | None = None,
) -> Hits:
    """Find the owners that a viewer may see and whose names answer the query, best first, each once.

    `after` is the (score, stable id) of the last hit of the page before. Tiers are those of `Match`, within a tier
    the order is prior, shortest name, kind of name, stable id. A search for part of a name or with an error
    leaves codes out: they are found whole or by their beginning. One error means one wrong, missing or extra
    character or two neighbours swapped (optimal string alignment), in names of three characters or more.

    Raises:
        ValueError: the query is empty or longer than `LONGEST_QUERY`, the limit is below one, or a mask is too
            short for the index.
    """
    if limit < 1:
        raise ValueError(f"search: limit {limit}; give at least 1")
    work = _Search(index, _asked(query), _mask(index, scope))
    table = work.run(limit, _cursor(after))
    return Hits(
        owner=table.owner,
        score=table.score / _SCORE_ONE,
        match=(table.score >> kernel.QUALITY_BITS).astype(np.uint8),
        kind=(_LOWEST_KIND - (table.score & _LOWEST_KIND)).astype(np.uint8),
        entry=work.entries(table),
    )
