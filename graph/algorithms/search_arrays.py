"""Kernels that build the arrays of the name index: grams in counting-sort order, pinyin cut into syllables."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple, ParamSpec, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

P = ParamSpec("P")
R = TypeVar("R")


def jit(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a part of a kernel, free of the interpreter lock, still typed."""
    return cast("Callable[P, R]", numba.njit(nogil=True)(function))


@jit
def signed(value: Any) -> int:
    """Make a 64-bit signed number: numba lets differences of unsigned ones wrap around, and keeps int() unsigned."""
    return np.int64(value)  # type: ignore[return-value]  # compiled, the two are one type


def jit_entry(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a kernel that Python calls, once per machine: the machine code is kept beside the module.

    Such a kernel takes plain tuples and arrays. The cache names the types of its arguments, and numba could not
    even read it, to find it out of date, after a named tuple had been renamed.
    """
    return cast("Callable[P, R]", numba.njit(nogil=True, cache=True)(function))


START: Final = 0
"""Stands before the first unit of every entry, so that 'begins with' is a gram like any other."""
END: Final = 0xFFFF
"""Stands behind the last unit; U+FFFF is no character and no token."""
UNITS: Final = 0x10000

LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789"
LONGEST_TOKEN: Final = 6

SYLLABLES: Final = (  # noqa: SIM905 - one word to a line, as a list would be, it takes eight pages
    "a ai an ang ao ba bai ban bang bao bei ben beng bi bian biang biao bie bin bing bo bong bu ca cai can "
    "cang cao ce cei cen ceng cha chai chan chang chao che chen cheng chi chong chou chu chua chuai chuan "
    "chuang chui chun chuo ci cong cou cu cuan cui cun cuo da dai dan dang dao de dei den deng di dia dian "
    "diao die din ding diu dong dou du duan dui dun duo e ei en eng er fa fan fang fei fen feng fiao fo fou "
    "fu ga gai gan gang gao ge gei gen geng gong gou gu gua guai guan guang gui gun guo ha hai han hang hao "
    "he hei hen heng hm hong hou hu hua huai huan huang hui hun huo ji jia jian jiang jiao jie jin jing "
    "jiong jiu ju juan jue jun ka kai kan kang kao ke kei ken keng kong kou ku kua kuai kuan kuang kui kun "
    "kuo la lai lan lang lao le lei leng li lia lian liang liao lie lin ling liu lo long lou lu luan lue lun "
    "luo lv lve ma mai man mang mao me mei men meng mi mian miao mie min ming miu mo mou mu na nai nan nang "
    "nao ne nei nen neng ng ni nia nian niang niao nie nin ning niu nong nou nu nuan nue nun nuo nv nve ou "
    "o pa pai pan pang pao pei pen peng pi pian piao pie pin ping po pou pu qi qia qian qiang qiao qie qin "
    "qing qiong qiu qu quan que qun ran rang rao re ren reng ri rong rou ru rua ruan rui run ruo sa sai san "
    "sang sao se sei sen seng sha shai shan shang shao she shei shen sheng shi shou shu shua shuai shuan "
    "shuang shui shun shuo si song sou su suan sui sun suo ta tai tan tang tao te tei teng ti tian tiao tie "
    "ting tong tou tu tuan tui tun tuo wa wai wan wang wei wen weng wo wong wu xi xia xian xiang xiao xie "
    "xin xing xiong xiu xu xuan xue xun ya yan yang yao ye yi yin ying yo yong you yu yuan yue yun za zai "
    "zan zang zao ze zei zen zeng zha zhai zhan zhang zhao zhe zhei zhen zheng zhi zhong zhou zhu zhua "
    "zhuai zhuan zhuang zhui zhun zhuo zi zong zou zu zuan zui zun zuo"
).split()
"""Toneless pinyin syllables as typed (ü is v). What is none of these is spelled letter by letter."""


class Trie(NamedTuple):
    """The tokens of pinyin (syllables, single letters and digits), numbered from 1 in alphabetical order.

    `child[node, letter]` is the next node or 0; `code[node]` the token that ends there or 0; the tokens that
    begin like a node are `low[node] <= code < high[node]`. `letters[code, i]` and `length[code]` spell a token.
    """

    child: NDArray[np.int16]
    code: NDArray[np.uint16]
    low: NDArray[np.uint16]
    high: NDArray[np.uint16]
    letters: NDArray[np.uint8]
    length: NDArray[np.uint8]


def letter_codes(data: bytes) -> NDArray[np.uint8]:
    """Number letters and digits from 1 (a) to 36 (9); every other byte is 0."""
    table = np.zeros(256, np.uint8)
    table[np.frombuffer(LETTERS.encode(), np.uint8)] = np.arange(1, len(LETTERS) + 1)
    return table[np.frombuffer(data, np.uint8)]


def make_trie() -> Trie:
    """Build the trie of `SYLLABLES` and of the single letters and digits."""
    # tokens are numbered as their letters are, or the tokens below a node would be no range
    tokens = sorted({*SYLLABLES, *LETTERS}, key=lambda token: [LETTERS.index(c) for c in token])
    nodes = sorted({token[:size] for token in tokens for size in range(len(token) + 1)})
    number = {prefix: row for row, prefix in enumerate(nodes)}
    child = np.zeros((len(nodes), len(LETTERS) + 1), np.int16)
    for prefix in nodes[1:]:
        child[number[prefix[:-1]], LETTERS.index(prefix[-1]) + 1] = number[prefix]
    code = np.zeros(len(nodes), np.uint16)
    low = np.zeros(len(nodes), np.uint16)
    high = np.zeros(len(nodes), np.uint16)
    letters = np.zeros((len(tokens) + 1, LONGEST_TOKEN), np.uint8)
    length = np.zeros(len(tokens) + 1, np.uint8)
    for row, token in enumerate(tokens, start=1):
        letters[row, : len(token)] = letter_codes(token.encode())
        length[row] = len(token)
        code[number[token]] = row
        for size in range(len(token) + 1):
            node = number[token[:size]]
            low[node] = low[node] or row
            high[node] = row + 1
    return Trie(child, code, low, high, letters, length)


class Grams(NamedTuple):
    """Postings of every pair of neighbouring units, in CSR of two levels.

    The pairs that begin with unit u are the slots `row[u] <= slot < row[u + 1]`, their second units
    `second[slot]` ascend, and the entries of a pair are `postings[first[slot]:first[slot + 1]]`, ascending. So
    the entries of any run of second units, and of any run of first units, are one slice.
    """

    row: NDArray[np.uint32]
    second: NDArray[np.uint16]
    first: NDArray[np.uint32]
    postings: NDArray[np.uint32]


@jit
def _count_by_first(
    units: NDArray[np.uint16], start: NDArray[np.uint32], skip: NDArray[np.bool_]
) -> NDArray[np.int64]:
    counts = np.zeros(UNITS + 1, np.int64)
    for entry in range(start.size - 1):
        begin, end = signed(start[entry]), signed(start[entry + 1])
        if skip[entry] or begin == end:
            continue
        counts[START + 1] += 1
        for at in range(begin, end):
            counts[signed(units[at]) + 1] += 1
    return np.cumsum(counts)


@jit
def _scatter_by_first(
    units: NDArray[np.uint16],
    start: NDArray[np.uint32],
    skip: NDArray[np.bool_],
    bucket: NDArray[np.int64],
    total: int,
) -> tuple[NDArray[np.uint16], NDArray[np.uint32]]:
    place = bucket.copy()
    seconds = np.empty(total, np.uint16)
    entries = np.empty(total, np.uint32)
    for entry in range(start.size - 1):
        begin, end = signed(start[entry]), signed(start[entry + 1])
        if skip[entry] or begin == end:
            continue
        first = START
        for at in range(begin, end + 1):
            second = END if at == end else signed(units[at])
            slot = place[first]
            place[first] = slot + 1
            seconds[slot] = second
            entries[slot] = entry
            first = second
    return seconds, entries


class Bench(NamedTuple):
    """Room for a counting sort: per key its count (then its place) and the last entry seen, and the result."""

    counts: NDArray[np.int64]
    last: NDArray[np.int64]
    postings: NDArray[np.uint32]


@jit
def _sort_bucket(
    seconds: NDArray[np.uint16], entries: NDArray[np.uint32], bench: Bench, filled: int
) -> NDArray[np.uint16]:
    """Sort one bucket by second unit into `postings[filled:]`; `counts` then holds where each unit's slice ends.

    Gives the units in order; `counts` must be zero before.
    """
    counts, last, postings = bench.counts, bench.last, bench.postings
    different = np.empty(seconds.size, np.uint16)
    found = 0
    for at in range(seconds.size):
        second = signed(seconds[at])
        if counts[second] == 0:
            different[found] = second
            found += 1
            last[second] = -1
        if last[second] != signed(entries[at]):  # 哈哈哈 holds the pair 哈哈 twice and is listed once
            counts[second] += 1
            last[second] = signed(entries[at])
    order = np.sort(different[:found])
    place = filled
    for second in order:
        size = counts[second]
        counts[second] = place
        last[second] = -1
        place += size
    for at in range(seconds.size):
        second = signed(seconds[at])
        if last[second] != signed(entries[at]):
            postings[counts[second]] = entries[at]
            counts[second] += 1
            last[second] = signed(entries[at])
    return order


@jit_entry
def make_grams(units: NDArray[np.uint16], start: NDArray[np.uint32], skip: NDArray[np.bool_]) -> Grams:
    """Index every pair of neighbouring units of the entries that are not skipped; O(units)."""
    bucket = _count_by_first(units, start, skip)
    total = bucket[UNITS]
    seconds, entries = _scatter_by_first(units, start, skip, bucket, total)
    row = np.zeros(UNITS + 1, np.uint32)
    second = np.empty(total, np.uint16)
    first = np.zeros(total + 1, np.uint32)
    bench = Bench(np.zeros(UNITS, np.int64), np.full(UNITS, -1, np.int64), np.empty(total, np.uint32))
    slots = 0
    filled = 0
    for unit in range(UNITS):
        row[unit] = slots
        low, high = bucket[unit], bucket[unit + 1]
        if low == high:
            continue
        order = _sort_bucket(seconds[low:high], entries[low:high], bench, filled)
        for value in order:
            second[slots] = value
            filled = bench.counts[value]
            bench.counts[value] = 0
            slots += 1
            first[slots] = filled
    row[UNITS] = slots
    return Grams(row, second[:slots].copy(), first[: slots + 1].copy(), bench.postings[:filled].copy())


class InitialTriples(NamedTuple):
    """Postings of every three neighbouring initials: triple (a, b, c) has `postings[first[key]:first[key + 1]]`.

    `key = (a * INITIAL_CODES + b) * INITIAL_CODES + c`; letters and digits count from 1, 0 stands before the first and
    INITIAL_CODES - 1 behind the last.
    """

    first: NDArray[np.uint32]
    postings: NDArray[np.uint32]


INITIAL_CODES: Final = len(LETTERS) + 2


@jit
def _triples(
    letters: NDArray[np.uint8],
    units: NDArray[np.uint16],
    start: NDArray[np.uint32],
    bench: Bench,
    placing: int,
) -> None:
    """Count the entries of each triple, or, at the second pass, put them at the place of the triple."""
    bench.last[:] = -1
    for entry in range(start.size - 1):
        begin, end = signed(start[entry]), signed(start[entry + 1])
        before = 0
        for at in range(begin, end):
            here = signed(letters[units[at], 0])
            after = INITIAL_CODES - 1
            if at + 1 < end:
                after = signed(letters[units[at + 1], 0])
            key = (before * INITIAL_CODES + here) * INITIAL_CODES + after
            before = here
            if bench.last[key] != entry:
                bench.last[key] = entry
                if placing:
                    bench.postings[bench.counts[key]] = entry
                bench.counts[key] += 1


@jit_entry
def make_triples(
    letters: NDArray[np.uint8], units: NDArray[np.uint16], start: NDArray[np.uint32]
) -> InitialTriples:
    """Index every three neighbouring initials of the tokens of each entry; `letters` is the trie's."""
    size = INITIAL_CODES**3
    bench = Bench(np.zeros(size, np.int64), np.empty(size, np.int64), np.empty(units.size, np.uint32))
    _triples(letters, units, start, bench, 0)
    first = np.zeros(size + 1, np.uint32)
    first[1:] = np.cumsum(bench.counts)
    bench.counts[:] = first[:-1]
    _triples(letters, units, start, bench, 1)
    return InitialTriples(first, bench.postings[: signed(first[size])].copy())


@jit_entry
def gather(
    units: NDArray[np.uint16],
    begin: NDArray[np.int64],
    end: NDArray[np.int64],
    order: NDArray[np.int64],
) -> tuple[NDArray[np.uint16], NDArray[np.uint32]]:
    """Copy the texts `units[begin[i]:end[i]]` one after another in the given order."""
    start = np.zeros(order.size + 1, np.uint32)
    total = 0
    for rank in range(order.size):
        total += end[order[rank]] - begin[order[rank]]
        start[rank + 1] = total
    copy = np.empty(total, np.uint16)
    for rank in range(order.size):
        begun = begin[order[rank]]
        at = signed(start[rank])
        for offset in range(end[order[rank]] - begun):
            copy[at + offset] = units[begun + offset]
    return copy, start


class Cutting(NamedTuple):
    """An entry's letters and initials, room for its tokens, and for the places that lead nowhere."""

    letters: NDArray[np.uint8]
    initials: NDArray[np.uint8]
    tokens: NDArray[np.uint16]
    dead: NDArray[np.bool_]


@jit
def _next_token(trie: Trie, cutting: Cutting, step: int, begin: int, below: int) -> int:
    """Put the longest token that begins at a place and is shorter than `below` at a step; give its length or 0."""
    letters = cutting.letters
    if begin == letters.size or letters[begin] != cutting.initials[step]:
        return 0
    node = signed(0)
    best = 0
    for length in range(1, min(below, letters.size - begin + 1)):
        node = signed(trie.child[node, letters[begin + length - 1]])
        if node == 0:
            break
        if trie.code[node] != 0:
            best = length
            cutting.tokens[step] = trie.code[node]
    return best


@jit
def _cut(trie: Trie, cutting: Cutting) -> bool:
    """Cut letters into one token per initial, each beginning with it; longest first, with backtracking."""
    size, count = cutting.letters.size, cutting.initials.size
    begin = np.zeros(count + 1, np.int64)
    below = np.full(count + 1, LONGEST_TOKEN + 1, np.int64)
    dead = cutting.dead[: (count + 1) * (size + 1)]
    dead[:] = False
    step = 0
    while step >= 0:
        if step == count:
            if begin[step] == size:
                return True
            step -= 1
            continue
        length = 0
        if not dead[step * (size + 1) + begin[step]]:
            length = _next_token(trie, cutting, step, begin[step], below[step])
        if length == 0:
            dead[step * (size + 1) + begin[step]] = True
            step -= 1
            continue
        below[step] = length
        begin[step + 1] = begin[step] + length
        step += 1
        below[step] = LONGEST_TOKEN + 1
    return False


class Spoken(NamedTuple):
    """Letters of all entries, numbered, zero where none; those of entry i are `letters[cut[i] + 1:cut[i + 1]]`."""

    letters: NDArray[np.uint8]
    cut: NDArray[np.int64]


@jit
def _kept(spoken: Spoken, row: int, into: NDArray[np.uint8]) -> int:
    size = 0
    for at in range(spoken.cut[row] + 1, spoken.cut[row + 1]):
        if spoken.letters[at] != 0:
            into[size] = spoken.letters[at]
            size += 1
    return size


@jit
def _longest(cut: NDArray[np.int64]) -> int:
    longest = 1
    for row in range(cut.size - 1):
        longest = max(longest, cut[row + 1] - cut[row])
    return longest


@jit_entry
def cut_sounds(
    trie_columns: tuple[NDArray[Any], ...],
    pinyin_columns: tuple[NDArray[Any], ...],
    initials_columns: tuple[NDArray[Any], ...],
    order: NDArray[np.int64],
) -> tuple[NDArray[np.uint16], NDArray[np.uint32]]:
    """Cut each entry's pinyin into tokens, one per initial, in the given order.

    Takes the columns of a `Trie` and of two `Spoken`. Initials that do not fit the pinyin syllable by syllable
    (`sc` for Sequoia Capital) stand alone, as tokens of one letter each: the spelling itself is then the text's.
    """
    trie, pinyin, initials = Trie(*trie_columns), Spoken(*pinyin_columns), Spoken(*initials_columns)
    spelled = np.empty(_longest(pinyin.cut), np.uint8)
    heads = np.empty(_longest(initials.cut), np.uint8)
    dead = np.empty((spelled.size + 1) * (heads.size + 1), np.bool_)
    tokens = np.empty(initials.letters.size, np.uint16)
    start = np.zeros(order.size + 1, np.uint32)
    total = 0
    for rank in range(order.size):
        size = _kept(pinyin, order[rank], spelled)
        count = _kept(initials, order[rank], heads)
        if not _cut(trie, Cutting(spelled[:size], heads[:count], tokens[total:], dead)):
            for at in range(count):
                tokens[total + at] = trie.code[trie.child[0, heads[at]]]
        total += count
        start[rank + 1] = total
    return tokens[:total].copy(), start
