"""Kernels that answer one query on one segment of the name index: candidates from grams, masked, then verified.

Every tier (exact, prefix, ...) is one sweep over candidates in rank order, which is the order of the answer. So
a sweep may stop at the limit and is still exact: nothing that comes later could have come before.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graph.algorithms.search_arrays import jit, jit_entry, signed

# ruff: noqa: SIM110 - numba compiles no generator expressions, so all() and any() are written out as loops

# Not imported from the builder: numba freezes constants into a cache that watches this file alone.
START: Final = 0
END: Final = 0xFFFF
LONGEST_TOKEN: Final = 6
INITIAL_CODES: Final = 38

# Tiers, best last. What is compared with the query, and where it must stand:
FUZZY_INFIX: Final = 0
INITIALS_INFIX: Final = 1
PINYIN_INFIX: Final = 2
FUZZY_PREFIX: Final = 3
FUZZY_EXACT: Final = 4
NAME_WORDS: Final = 5
NAME_INFIX: Final = 6
INITIALS_PREFIX: Final = 7
PINYIN_PREFIX: Final = 8
PINYIN_EXACT: Final = 9
INITIALS_EXACT: Final = 10
NAME_PREFIX: Final = 11
CODE_PREFIX: Final = 12
NAME_EXACT: Final = 13
CODE_EXACT: Final = 14

FUZZY, INITIALS, PINYIN, WORDS, NAME, CODE = 0, 1, 2, 3, 4, 5
ANYWHERE, BEGINNING, WHOLE = 0, 1, 2

_SUBJECT: Final = (
    *(FUZZY, INITIALS, PINYIN, FUZZY, FUZZY, WORDS, NAME, INITIALS),
    *(PINYIN, PINYIN, INITIALS, NAME, CODE, NAME, CODE),
)
_PLACE: Final = (
    *(ANYWHERE, ANYWHERE, ANYWHERE, BEGINNING, WHOLE, ANYWHERE, ANYWHERE, BEGINNING),
    *(BEGINNING, WHOLE, WHOLE, BEGINNING, BEGINNING, WHOLE, WHOLE),
)

QUALITY_BITS: Final = 24

FIRST_STEP: Final = 64
LAST_STEP: Final = 4096
"""Candidates go through mask and comparison by the hundred, from few to many: a short answer needs few."""

FEW: Final = 256
"""So few candidates are compared at once, without looking for fewer."""
WORTH_A_LOOK: Final = 32
"""Comparing a candidate costs about as much as reading this many postings."""

SHORTEST_SOUND_INFIX: Final = 3
"""Letters of pinyin or initials to be looked for inside names: fewer would find almost every name."""


class Channel(NamedTuple):
    """The units of every entry (`units[start[rank]:start[rank + 1]]`) and the postings of their pairs."""

    units: NDArray[np.uint16]
    start: NDArray[np.uint32]
    row: NDArray[np.uint32]
    second: NDArray[np.uint16]
    first: NDArray[np.uint32]
    postings: NDArray[np.uint32]


class Tokens(NamedTuple):
    """The trie of pinyin tokens; see `search_arrays.Trie`."""

    child: NDArray[np.int16]
    code: NDArray[np.uint16]
    low: NDArray[np.uint16]
    high: NDArray[np.uint16]
    letters: NDArray[np.uint8]
    length: NDArray[np.uint8]


class Spelling(NamedTuple):
    """The letters of each token."""

    letters: NDArray[np.uint8]
    length: NDArray[np.uint8]


class Initials(NamedTuple):
    """The postings of three neighbouring initials; see `search_arrays.InitialTriples`."""

    first: NDArray[np.uint32]
    postings: NDArray[np.uint32]


class Segment(NamedTuple):
    """One index: entries by rank (best first), their texts and sounds, and the codes in order of their text."""

    owner: NDArray[np.int32]
    entry: NDArray[np.int32]
    set_number: NDArray[np.uint32]
    quality: NDArray[np.uint32]
    id_high: NDArray[np.uint64]
    id_low: NDArray[np.uint32]
    codes: NDArray[np.uint32]
    text: Channel
    sound: Channel
    initials: Initials
    tokens: Tokens


class Asked(NamedTuple):
    """A query: UTF-16 units of its words one after another, where each word starts, and its letters (1 to 36)."""

    text: NDArray[np.uint16]
    word_start: NDArray[np.int64]
    letters: NDArray[np.uint8]
    fuzzy_whole: bool
    fuzzy_part: bool
    single_infix: bool


class Mask(NamedTuple):
    """Who may be found; an empty array asks nothing, except `allowed`, which every entry's set is looked up in."""

    allowed: NDArray[np.uint8]
    owner_visible: NDArray[np.uint8]
    owner_kind: NDArray[np.uint8]
    kinds: NDArray[np.uint8]
    removed: NDArray[np.uint8]


class Rivals(NamedTuple):
    """The best hits of smaller segments by ascending owner; `beaten` is set where this segment has as good."""

    owner: NDArray[np.int32]
    score: NDArray[np.int64]
    beaten: NDArray[np.uint8]


class Cursor(NamedTuple):
    """The last hit of the page before: what follows scores less, or the same under a larger id."""

    score: int
    high: np.uint64
    low: np.uint32


class Found(NamedTuple):
    """Where hits go: at most `rank.size` that come after the cursor, `filled[0]` so far; owners seen as bits."""

    rank: NDArray[np.int64]
    score: NDArray[np.int64]
    filled: NDArray[np.int64]
    seen: NDArray[np.uint64]
    cursor: Cursor


class Job(NamedTuple):
    """One query of one viewer on one segment."""

    segment: Segment
    asked: Asked
    mask: Mask
    found: Found
    rivals: Rivals


class Spans(NamedTuple):
    """Slices of postings whose union holds every match: `slices[i] = (low, high)`, `used[0]` of them.

    A second slice in the same row (low, high, low, high) leaves only the entries that both hold. `used[1]` is 1
    while the union is one slice in ascending order, which needs no sorting.
    """

    slices: NDArray[np.int64]
    used: NDArray[np.int64]


# --- spans of postings --------------------------------------------------------------------------------------


@jit
def _slot(channel: Channel, first: int, second: int) -> int:
    """Give the first slot of `first` whose second unit is not below `second`."""
    low, high = signed(channel.row[first]), signed(channel.row[first + 1])
    while low < high:
        middle = (low + high) // 2
        if signed(channel.second[middle]) < second:
            low = middle + 1
        else:
            high = middle
    return low


@jit
def _pair(channel: Channel, first: int, second: int) -> tuple[int, int]:
    """The postings of one pair."""
    slot = _slot(channel, first, second)
    if slot == signed(channel.row[first + 1]) or signed(channel.second[slot]) != second:
        return 0, 0
    return signed(channel.first[slot]), signed(channel.first[slot + 1])


@jit
def _pairs(channel: Channel, first: int, low: int, high: int) -> tuple[int, int]:
    """The postings of the pairs of `first` with the second units `low <= unit < high`."""
    begin = signed(channel.first[_slot(channel, first, low)])
    return begin, signed(channel.first[_slot(channel, first, high)])


@jit
def _heads(channel: Channel, low: int, high: int) -> tuple[int, int]:
    """The postings of every pair whose first unit is `low <= unit < high`: all entries with such a unit."""
    begin = signed(channel.first[signed(channel.row[low])])
    return begin, signed(channel.first[signed(channel.row[high])])


@jit
def _no_spans(capacity: int) -> Spans:
    used = np.zeros(2, np.int64)
    used[1] = 1
    return Spans(np.zeros((capacity, 4), np.int64), used)


@jit
def _add_both(spans: Spans, low: int, high: int, other_low: int, other_high: int) -> None:
    """Add the entries that two slices hold, or those of the first if the second is empty."""
    if low >= high:
        return
    for at in range(spans.used[0]):
        row = spans.slices[at]
        if row[0] == low and row[1] == high and row[2] == other_low and row[3] == other_high:
            return
    row = spans.slices[spans.used[0]]
    row[0], row[1], row[2], row[3] = low, high, other_low, other_high
    spans.used[0] += 1
    spans.used[1] = 0


@jit
def _add_unsorted(spans: Spans, low: int, high: int) -> None:
    """Add a slice that runs over several pairs."""
    _add_both(spans, low, high, 0, 0)


@jit
def _add(spans: Spans, low: int, high: int) -> None:
    """Add the slice of one pair, whose entries ascend."""
    alone = spans.used[0] == 0
    _add_both(spans, low, high, 0, 0)
    if alone:
        spans.used[1] = 1


@jit
def _total(spans: Spans) -> int:
    total = 0
    for at in range(spans.used[0]):
        total += spans.slices[at, 1] - spans.slices[at, 0]
    return total


# --- candidates in the text ---------------------------------------------------------------------------------


@jit
def _unit(text: NDArray[np.uint16], at: int) -> int:
    """The unit at a place of the text, with START before it and END behind it."""
    if at < 0:
        return START
    return END if at >= text.size else signed(text[at])


@jit
def _word(asked: Asked, number: int) -> NDArray[np.uint16]:
    return asked.text[asked.word_start[number] : asked.word_start[number + 1]]


@jit
def _rarest(channel: Channel, text: NDArray[np.uint16], place: int) -> Spans:
    """Spans of the entries that hold the rarest pair of the text, with START or END where it must stand there."""
    spans = _no_spans(1)
    begin = 0 if place == ANYWHERE else -1
    end = text.size if place == WHOLE else text.size - 1
    if begin == end:
        low, high = _heads(channel, signed(text[0]), signed(text[0]) + 1)
        _add_unsorted(spans, low, high)
        return spans
    best_low, best_high = _pair(channel, _unit(text, begin), _unit(text, begin + 1))
    for at in range(begin + 1, end):
        low, high = _pair(channel, _unit(text, at), _unit(text, at + 1))
        if high - low < best_high - best_low:
            best_low, best_high = low, high
    _add(spans, best_low, best_high)
    return spans


@jit
def _rarest_word(channel: Channel, asked: Asked) -> Spans:
    best = _rarest(channel, _word(asked, 0), ANYWHERE)
    for number in range(1, asked.word_start.size - 1):
        spans = _rarest(channel, _word(asked, number), ANYWHERE)
        if _total(spans) < _total(best):
            best = spans
    return best


class Piece(NamedTuple):
    """A slice of the postings of a pair or of a unit; `high` is -1 for none."""

    low: int
    high: int


@jit
def _rarer(one: Piece, other: Piece) -> Piece:
    if one.high < 0:
        return other
    if other.high < 0 or one.high - one.low <= other.high - other.low:
        return one
    return other


@jit
def _piece(channel: Channel, text: NDArray[np.uint16], left: int, right: int, place: int) -> Piece:
    """The slice of the pair of two places of the text; none where it begins or ends and need not."""
    before, behind = left < 0, right >= text.size
    if (before and behind) or (before and place == ANYWHERE) or (behind and place != WHOLE):
        return Piece(0, -1)
    low, high = _pair(channel, _unit(text, left), _unit(text, right))
    return Piece(low, high)


@jit
def _rarest_row(slices: NDArray[np.int64], first: int, last: int) -> Piece:
    """The rarest of the pieces `slices[first:last]`."""
    best = Piece(0, -1)
    for at in range(first, last):
        best = _rarer(best, Piece(slices[at, 0], slices[at, 1]))
    return best


@jit
def _add_error_at(spans: Spans, pairs: NDArray[np.int64], units: NDArray[np.int64], at: int) -> None:
    """Add the entries that can hold the text with one unit wrong, missing or too many at a place.

    They hold all that is left of it and all that is right of it. When the rarest piece of one side is still
    common, the entries must hold the rarest of the other side too.
    """
    left = _rarer(_rarest_row(pairs, 0, at), _rarest_row(units, 0, at))
    right = _rarer(_rarest_row(pairs, at + 2, pairs.shape[0]), _rarest_row(units, at + 1, units.shape[0]))
    rare = _rarer(left, right)
    other = right if rare == left else left
    size = rare.high - rare.low
    if other.high < 0 or size < FEW or other.high - other.low > size * WORTH_A_LOOK:
        _add_unsorted(spans, rare.low, rare.high)
    else:
        _add_both(spans, rare.low, rare.high, other.low, other.high)


@jit
def _one_error(channel: Channel, text: NDArray[np.uint16], place: int) -> Spans:
    """Spans of all entries that can hold the text with one error.

    Whatever the error and wherever it is, the pairs and units that it does not touch are in the entry. For each
    place the rarest of them are looked up, and the union over the places misses nothing. Two swapped neighbours
    touch three pairs, but also make three that are known.
    """
    size = text.size
    spans = _no_spans(2 * size)
    pairs = np.empty((size + 1, 2), np.int64)
    for at in range(size + 1):
        pairs[at, 0], pairs[at, 1] = _piece(channel, text, at - 1, at, place)
    units = np.empty((size, 2), np.int64)
    for at in range(size):
        units[at, 0], units[at, 1] = _heads(channel, signed(text[at]), signed(text[at]) + 1)
    for at in range(size):
        _add_error_at(spans, pairs, units, at)
    for at in range(size - 1):
        piece = _swapped(channel, text, at, place)
        _add_unsorted(spans, piece.low, piece.high)
    return spans


@jit
def _swapped(channel: Channel, text: NDArray[np.uint16], at: int, place: int) -> Piece:
    """The rarest of the pairs that arise when two neighbours change places."""
    low, high = _pair(channel, signed(text[at + 1]), signed(text[at]))
    before = _piece(channel, text, at - 1, at + 1, place)
    behind = _piece(channel, text, at, at + 2, place)
    return _rarer(Piece(low, high), _rarer(before, behind))


# --- candidates in the pinyin -------------------------------------------------------------------------------


class Lattice(NamedTuple):
    """Every way to cut letters into tokens: `token[at, size]` if `letters[at:at + size]` is a token of some cut.

    `low[at] <= token < high[at]` are the tokens that begin with all of `letters[at:]`: the last, unfinished one.
    `onward[at]` says that a cut of the letters before `at` can go on to the end, `reached[at]` that there is one.
    """

    token: NDArray[np.int64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    onward: NDArray[np.bool_]
    reached: NDArray[np.bool_]


@jit
def _lattice(tokens: Tokens, letters: NDArray[np.uint8], place: int) -> Lattice:
    whole = place == WHOLE
    size = letters.size
    token = np.zeros((size + 1, LONGEST_TOKEN + 1), np.int64)
    low = np.zeros(size + 1, np.int64)
    high = np.zeros(size + 1, np.int64)
    onward = np.zeros(size + 1, np.bool_)
    reached = np.zeros(size + 1, np.bool_)
    onward[size] = whole
    for at in range(size - 1, -1, -1):
        node = signed(0)
        for length in range(1, min(LONGEST_TOKEN, size - at) + 1):
            node = signed(tokens.child[node, letters[at + length - 1]])
            if node == 0:
                break
            if tokens.code[node] != 0 and onward[at + length]:
                token[at, length] = signed(tokens.code[node])
                onward[at] = True
            if at + length == size and not whole:
                low[at], high[at] = signed(tokens.low[node]), signed(tokens.high[node])
                onward[at] = True
    reached[0] = True
    for at in range(size):
        for length in range(1, LONGEST_TOKEN + 1):
            if reached[at] and token[at, length] != 0:
                reached[at + length] = True
    return Lattice(token, low, high, onward, reached)


@jit
def _add_followers(channel: Channel, lattice: Lattice, spans: Spans, first: int, at: int) -> None:
    """Add the pairs of `first` with every token that may come next at a place of the letters."""
    if at == lattice.low.size - 1:
        low, high = _pair(channel, first, END)
        _add(spans, low, high)
        return
    if lattice.low[at] < lattice.high[at]:
        low, high = _pairs(channel, first, lattice.low[at], lattice.high[at])
        _add_unsorted(spans, low, high)
    for length in range(1, LONGEST_TOKEN + 1):
        if lattice.token[at, length] != 0:
            low, high = _pair(channel, first, lattice.token[at, length])
            _add(spans, low, high)


@jit
def _pinyin_through(channel: Channel, lattice: Lattice, place: int) -> Spans:
    """Spans of the pairs that begin with the token over one letter: every cut uses exactly one of them."""
    spans = _no_spans(LONGEST_TOKEN * LONGEST_TOKEN * (LONGEST_TOKEN + 2))
    for at in range(max(0, place - LONGEST_TOKEN + 1), place + 1):
        if not lattice.reached[at]:
            continue
        for length in range(place - at + 1, LONGEST_TOKEN + 1):
            if lattice.token[at, length] != 0:
                _add_followers(channel, lattice, spans, lattice.token[at, length], at + length)
        if lattice.low[at] < lattice.high[at]:
            low, high = _heads(channel, lattice.low[at], lattice.high[at])
            _add_unsorted(spans, low, high)
    return spans


@jit
def _pinyin_spans(segment: Segment, letters: NDArray[np.uint8], place: int) -> Spans:
    """The fewest postings that hold every entry with the letters, over all letters to look through."""
    channel = segment.sound
    lattice = _lattice(segment.tokens, letters, place)
    best = _pinyin_through(channel, lattice, 0)
    for at in range(1, letters.size):
        spans = _pinyin_through(channel, lattice, at)
        if _total(spans) < _total(best):
            best = spans
    if place != ANYWHERE:
        spans = _no_spans(LONGEST_TOKEN + 2)
        _add_followers(channel, lattice, spans, START, 0)
        if _total(spans) < _total(best):
            best = spans
    return best


@jit
def _initial(letters: NDArray[np.uint8], at: int) -> int:
    if at < 0:
        return 0
    return INITIAL_CODES - 1 if at >= letters.size else signed(letters[at])


@jit
def _initials_spans(initials: Initials, letters: NDArray[np.uint8], place: int) -> Spans:
    """Spans of the entries that hold the rarest triple of the initials, with start or end where it must stand."""
    spans = _no_spans(1)
    begin = 0 if place == ANYWHERE else -1
    end = letters.size - (1 if place == WHOLE else 2)
    if begin == end:  # one letter at the beginning, whatever comes next
        key = _initial(letters, 0) * INITIAL_CODES
        _add_unsorted(spans, signed(initials.first[key]), signed(initials.first[key + INITIAL_CODES]))
        return spans
    best = Piece(0, -1)
    for at in range(begin, end):
        key = (_initial(letters, at) * INITIAL_CODES + _initial(letters, at + 1)) * INITIAL_CODES + _initial(
            letters, at + 2
        )
        best = _rarer(best, Piece(signed(initials.first[key]), signed(initials.first[key + 1])))
    _add(spans, best.low, best.high)
    return spans


# --- verification -------------------------------------------------------------------------------------------

# A call that takes a whole `Segment` costs as much as comparing a name, so what runs once per candidate takes
# no more than the arrays it reads, and the calls that take more get candidates by the hundred.


@jit
def _follows(name: NDArray[np.uint16], at: int, text: NDArray[np.uint16], begin: int, place: int) -> bool:
    """Whether `text[begin:]` stands at a place of a name, and ends it if the whole is asked for."""
    left = text.size - begin
    if at + left > name.size or (place == WHOLE and at + left != name.size):
        return False
    for offset in range(left):
        if name[at + offset] != text[begin + offset]:
            return False
    return True


@jit
def _stands(name: NDArray[np.uint16], text: NDArray[np.uint16], place: int) -> bool:
    if place != ANYWHERE:
        return _follows(name, 0, text, 0, place)
    for at in range(name.size - text.size + 1):
        if name[at] == text[0] and _follows(name, at, text, 0, place):
            return True
    return False


@jit
def _one_off_at(name: NDArray[np.uint16], at: int, text: NDArray[np.uint16], place: int) -> bool:
    """Whether the text stands at a place of a name with at most one error.

    It is enough to look for the error where the two first differ: an error further left that explains as much
    can be moved there.
    """
    same = 0
    while same < text.size and at + same < name.size and name[at + same] == text[same]:
        same += 1
    here = at + same
    if same == text.size:
        return place != WHOLE or name.size - here <= 1
    extra = _follows(name, here, text, same + 1, place)
    if extra or here == name.size:
        return extra
    wrong = _follows(name, here + 1, text, same + 1, place)
    if wrong or _follows(name, here + 1, text, same, place):  # or one is missing
        return True
    return (
        same + 1 < text.size
        and here + 1 < name.size
        and name[here] == text[same + 1]
        and name[here + 1] == text[same]
        and _follows(name, here + 2, text, same + 2, place)
    )


@jit
def _one_off(name: NDArray[np.uint16], text: NDArray[np.uint16], place: int) -> bool:
    if place == WHOLE and not text.size - 1 <= name.size <= text.size + 1:
        return False
    if place != ANYWHERE:
        return _one_off_at(name, 0, text, place)
    for at in range(name.size):
        if _one_off_at(name, at, text, place):
            return True
    return False


@jit
def _keep_texts(channel: Channel, ranks: NDArray[np.int64], text: NDArray[np.uint16], tier: int) -> int:
    """Move the ranks whose text answers to the front; give their number."""
    units, start = channel.units, channel.start
    subject, place = _SUBJECT[tier], _PLACE[tier]
    kept = 0
    for rank in ranks:
        name = units[signed(start[rank]) : signed(start[rank + 1])]
        if _one_off(name, text, place) if subject == FUZZY else _stands(name, text, place):
            ranks[kept] = rank
            kept += 1
    return kept


@jit
def _spelled(tokens: NDArray[np.uint16], spelling: Spelling, letters: NDArray[np.uint8], place: int) -> bool:
    """Whether the tokens begin with the letters, or spell just them if the whole is asked for."""
    done = 0
    for token in tokens:
        for offset in range(signed(spelling.length[token])):
            if done == letters.size:
                return place != WHOLE
            if spelling.letters[token, offset] != letters[done]:
                return False
            done += 1
    return done == letters.size


@jit
def _initialled(
    tokens: NDArray[np.uint16], spelling: Spelling, letters: NDArray[np.uint8], place: int
) -> bool:
    if letters.size > tokens.size or (place == WHOLE and letters.size != tokens.size):
        return False
    for offset in range(letters.size):
        if spelling.letters[tokens[offset], 0] != letters[offset]:
            return False
    return True


@jit
def _sounds(tokens: NDArray[np.uint16], spelling: Spelling, letters: NDArray[np.uint8], tier: int) -> bool:
    subject, place = _SUBJECT[tier], _PLACE[tier]
    for at in range(tokens.size if place == ANYWHERE else min(1, tokens.size)):
        if spelling.letters[tokens[at], 0] == letters[0]:
            if subject == PINYIN:
                if _spelled(tokens[at:], spelling, letters, place):
                    return True
            elif _initialled(tokens[at:], spelling, letters, place):
                return True
    return False


@jit
def _keep_sounds(segment: Segment, ranks: NDArray[np.int64], asked: Asked, tier: int) -> int:
    """Move the ranks whose pinyin answers to the front; give their number."""
    units, start, letters = segment.sound.units, segment.sound.start, asked.letters
    spelling = Spelling(segment.tokens.letters, segment.tokens.length)
    kept = 0
    for rank in ranks:
        if _sounds(units[signed(start[rank]) : signed(start[rank + 1])], spelling, letters, tier):
            ranks[kept] = rank
            kept += 1
    return kept


@jit
def _keep_matches(segment: Segment, ranks: NDArray[np.int64], asked: Asked, tier: int) -> int:
    """Move the ranks that answer to the front; give their number."""
    subject = _SUBJECT[tier]
    if subject in (PINYIN, INITIALS):
        return _keep_sounds(segment, ranks, asked, tier)
    if subject != WORDS:
        return _keep_texts(segment.text, ranks, asked.text, tier)
    kept = ranks.size
    for number in range(asked.word_start.size - 1):
        kept = _keep_texts(segment.text, ranks[:kept], _word(asked, number), NAME_INFIX)
    return kept


# --- masks, order and the cut at the limit ------------------------------------------------------------------


@jit
def _seen(seen: NDArray[np.uint64], owner: int) -> bool:
    return bool((seen[owner >> 6] >> np.uint64(owner & 63)) & np.uint64(1))


@jit
def _keep_visible(job: Job, candidates: NDArray[np.uint32], ranks: NDArray[np.int64]) -> int:
    """Put the candidates that the viewer may find and that are not found yet into `ranks`; give their number."""
    owners, sets, entries = job.segment.owner, job.segment.set_number, job.segment.entry
    allowed, visible, removed = job.mask.allowed, job.mask.owner_visible, job.mask.removed
    kinds, kind_of = job.mask.kinds, job.mask.owner_kind
    seen = job.found.seen
    kept = 0
    for candidate in candidates:
        rank = signed(candidate)
        if allowed[sets[rank]] == 0:
            continue
        owner = signed(owners[rank])
        if (visible.size > 0 and visible[owner] == 0) or _seen(seen, owner):
            continue
        if kinds.size > 0 and kinds[kind_of[owner]] == 0:
            continue
        if removed.size > 0 and entries[rank] < removed.size and removed[entries[rank]] != 0:
            continue
        ranks[kept] = rank
        kept += 1
    return kept


@jit
def _beaten_by_rival(rivals: Rivals, owner: int, score: int) -> bool:
    low, high = 0, rivals.owner.size
    while low < high:
        middle = (low + high) // 2
        if rivals.owner[middle] < owner:
            low = middle + 1
        else:
            high = middle
    if low == rivals.owner.size or rivals.owner[low] != owner:
        return False
    if rivals.score[low] > score:
        return True
    rivals.beaten[low] = 1
    return False


@jit
def _after(cursor: Cursor, score: int, high: np.uint64, low: np.uint32) -> bool:
    if score != cursor.score:
        return score < cursor.score
    return bool(high > cursor.high or (high == cursor.high and low > cursor.low))


@jit
def _accept(job: Job, ranks: NDArray[np.int64], tier: int) -> bool:
    """Take matches into the answer, once per owner; true when the answer is full."""
    found, rivals, segment = job.found, job.rivals, job.segment
    for rank in ranks:
        owner = signed(segment.owner[rank])
        if _seen(found.seen, owner):
            continue
        found.seen[owner >> 6] |= np.uint64(1) << np.uint64(owner & 63)
        score = (signed(tier) << QUALITY_BITS) | signed(segment.quality[rank])
        if rivals.owner.size > 0 and _beaten_by_rival(rivals, owner, score):
            continue
        if not _after(found.cursor, score, segment.id_high[rank], segment.id_low[rank]):
            continue
        at = found.filled[0]
        found.rank[at] = rank
        found.score[at] = score
        found.filled[0] = at + 1
        if at + 1 == found.rank.size:
            return True
    return False


@jit
def _mark(bits: NDArray[np.uint64], postings: NDArray[np.uint32]) -> None:
    for posting in postings:
        rank = signed(posting)
        bits[rank >> 6] |= np.uint64(1) << np.uint64(rank & 63)


@jit
def _mark_both(bits: NDArray[np.uint64], one: NDArray[np.uint32], other: NDArray[np.uint32]) -> None:
    mine = np.zeros(bits.size, np.uint64)
    _mark(mine, one)
    for posting in other:
        rank = signed(posting)
        bits[rank >> 6] |= mine[rank >> 6] & (np.uint64(1) << np.uint64(rank & 63))


@jit
def _listed(bits: NDArray[np.uint64], most: int) -> NDArray[np.uint32]:
    """The numbers of the set bits, ascending."""
    numbers = np.empty(most, np.uint32)
    count = 0
    for row in range(bits.size):
        word = bits[row]
        if word != 0:
            for bit in range(64):
                if (word >> np.uint64(bit)) & np.uint64(1) != 0:
                    numbers[count] = row * 64 + bit
                    count += 1
    return numbers[:count]


@jit
def _candidates(postings: NDArray[np.uint32], spans: Spans, entries: int) -> NDArray[np.uint32]:
    """The entries of the spans in rank order, each once. As bits they are in order at once."""
    if spans.used[1] == 1:
        return postings[spans.slices[0, 0] : spans.slices[0, 1]]
    bits = np.zeros((entries + 63) // 64, np.uint64)
    for at in range(spans.used[0]):
        low, high, other_low, other_high = spans.slices[at]
        if other_low == other_high:
            _mark(bits, postings[low:high])
        else:
            _mark_both(bits, postings[low:high], postings[other_low:other_high])
    return _listed(bits, min(entries, _total(spans)))


@jit
def _sweep(job: Job, tier: int, candidates: NDArray[np.uint32]) -> bool:
    """Offer the candidates of one tier, in rank order; true when the answer is full."""
    done = 0
    step = FIRST_STEP
    while done < candidates.size:
        several = candidates[done : done + step]
        ranks = np.empty(several.size, np.int64)
        kept = _keep_visible(job, several, ranks)
        kept = _keep_matches(job.segment, ranks[:kept], job.asked, tier)
        if _accept(job, ranks[:kept], tier):
            return True
        done += step
        step = min(2 * step, LAST_STEP)
    return False


# --- the tiers ----------------------------------------------------------------------------------------------


@jit
def _compare_code(segment: Segment, text: NDArray[np.uint16], at: int) -> int:
    """Order code `at` against the text: below -1, above 1, and 0 if it begins with the text."""
    rank = signed(segment.codes[at])
    begin, end = signed(segment.text.start[rank]), signed(segment.text.start[rank + 1])
    for offset in range(text.size):
        if begin + offset == end or segment.text.units[begin + offset] < text[offset]:
            return -1
        if segment.text.units[begin + offset] > text[offset]:
            return 1
    return 0


@jit
def _code_bound(segment: Segment, text: NDArray[np.uint16], least: int) -> int:
    """The first code, in order of text, that compares `least` or more."""
    low, high = 0, segment.codes.size
    while low < high:
        middle = (low + high) // 2
        if _compare_code(segment, text, middle) < least:
            low = middle + 1
        else:
            high = middle
    return low


@jit
def _code_spans(segment: Segment, asked: Asked, tier: int) -> Spans:
    """The codes that begin with the text; those equal to it come first among them."""
    spans = _no_spans(1)
    low = _code_bound(segment, asked.text, 0)
    high = low
    if _PLACE[tier] == BEGINNING:
        high = _code_bound(segment, asked.text, 1)
    else:
        start = segment.text.start
        while high < segment.codes.size:
            rank = signed(segment.codes[high])
            if not _stands(
                segment.text.units[signed(start[rank]) : signed(start[rank + 1])], asked.text, WHOLE
            ):
                break
            high += 1
    _add_unsorted(spans, low, high)
    return spans


@jit
def _text_spans(channel: Channel, asked: Asked, tier: int) -> Spans:
    subject, place = _SUBJECT[tier], _PLACE[tier]
    if subject == FUZZY:
        if asked.fuzzy_whole if place == WHOLE else asked.fuzzy_part:
            return _one_error(channel, asked.text, place)
    elif subject == WORDS:
        several = asked.word_start.size - 1 > 1
        if several:
            return _rarest_word(channel, asked)
    elif place != ANYWHERE or asked.text.size > 1 or asked.single_infix:
        return _rarest(channel, asked.text, place)
    return _no_spans(1)


@jit
def _sound_spans(segment: Segment, asked: Asked, tier: int) -> Spans:
    size = asked.letters.size
    if size == 0 or (_PLACE[tier] == ANYWHERE and size < SHORTEST_SOUND_INFIX):
        return _no_spans(1)
    if _SUBJECT[tier] == PINYIN:
        return _pinyin_spans(segment, asked.letters, _PLACE[tier])
    return _initials_spans(segment.initials, asked.letters, _PLACE[tier])


def plain(value: Any) -> Any:
    """Turn named tuples, also inside others, into tuples; see `jit_entry`."""
    return tuple(plain(part) for part in value) if isinstance(value, tuple) else value


@jit_entry
def scan(columns: tuple[Any, ...]) -> None:
    """Fill `found` with the best entry of each visible owner that matches, in the order of the answer.

    Takes a `Job` as nested plain tuples; see `plain`.
    """
    parts, asked, mask, room, rivals = columns
    groups = (Channel(*parts[-4]), Channel(*parts[-3]), Initials(*parts[-2]), Tokens(*parts[-1]))
    segment = Segment(*(parts[:-4] + groups))
    cursor = (Cursor(*room[-1]),)
    found = Found(*(room[:-1] + cursor))
    job = Job(segment, Asked(*asked), Mask(*mask), found, Rivals(*rivals))
    for tier in range(CODE_EXACT, FUZZY_INFIX - 1, -1):
        subject = _SUBJECT[tier]
        if subject == CODE:
            postings, spans = segment.codes, _code_spans(segment, job.asked, tier)
        elif subject == PINYIN:
            postings, spans = segment.sound.postings, _sound_spans(segment, job.asked, tier)
        elif subject == INITIALS:
            postings, spans = segment.initials.postings, _sound_spans(segment, job.asked, tier)
        else:
            postings, spans = segment.text.postings, _text_spans(segment.text, job.asked, tier)
        if spans.used[0] > 0 and _sweep(job, tier, _candidates(postings, spans, segment.owner.size)):
            return
