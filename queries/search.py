"""搜索: entities by name, short or former name, pinyin, initials or code, each hit with the reason for it."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from graph import schema
from graph.errors import InvalidInput
from graph.view import View
from graph.view_types import SearchHit as Found
from queries.labels import Label
from queries.models import Answer, Cursor, EntityId
from queries.paging import Page

MATCHES = {
    "code_exact": Label("一致", "the same"),
    "code_prefix": Label("开头一致", "begins so"),
    "name_exact": Label("一致", "the same"),
    "name_prefix": Label("开头一致", "begins so"),
    "name_infix": Label("包含", "contains it"),
    "name_words": Label("包含各词", "contains all words"),
    "fuzzy_exact": Label("相差一字", "the same but for one character"),
    "fuzzy_prefix": Label("开头相差一字", "begins so but for one character"),
    "fuzzy_infix": Label("包含，相差一字", "contains it but for one character"),
    "pinyin_exact": Label("拼音一致", "the same in pinyin"),
    "pinyin_prefix": Label("拼音开头一致", "begins so in pinyin"),
    "pinyin_infix": Label("拼音包含", "contains it in pinyin"),
    "initials_exact": Label("首字母一致", "the same in initials"),
    "initials_prefix": Label("首字母开头一致", "begins so in initials"),
    "initials_infix": Label("首字母包含", "contains it in initials"),
}
"""How a name or code answers a query; the index's own words are the keys."""

NAMES = {
    "name": Label("名称", "name"),
    "short_name": Label("简称", "short name"),
    "former_name": Label("曾用名", "former name"),
    "alias": Label("别名", "other name"),
    "code": Label("代码", "code"),
    "uscc": Label("统一社会信用代码", "unified social credit code"),
    "lei": Label("法人机构识别编码", "LEI"),
    "registry_id": Label("工商注册号", "registration number"),
}
"""Which of an entity's names or codes it is."""


class SearchHit(Answer):
    """An entity that was found, and why."""

    id: EntityId
    name: str
    kind: str
    reason: str = Field(
        description="Which of its names or codes answers, and how: short_name:name_prefix, code:code_exact …"
    )
    reason_text: str = Field(description="The same in words, Chinese and English.")
    matched: str = Field(description="The name or code that matched.")
    score: float = Field(description="Between 0 and 1; hits are in descending order of it, then by id.")


class SearchAnswer(Answer):
    """A page of hits, the best first."""

    hits: list[SearchHit]
    next: Cursor


def search(view: View, query: str, *, kinds: Sequence[str] = (), page: Page | None = None) -> SearchAnswer:
    """Find entities.

    Args:
        view: What the asker may see, on the day asked for.
        query: A name, part of one, pinyin, initials or a code; one wrong or missing character is forgiven.
        kinds: Node types to find; all where empty.
        page: How many hits, and behind which cursor.

    Raises:
        InvalidInput: The query is empty or too long, a type is unknown, or the cursor is not valid.
    """
    page = page or Page(limit=20)
    _check_kinds(kinds)
    question = ("search", query, *sorted(set(kinds)))
    after = page.after(*question)
    found = view.search(query, page.limit, tuple(kinds), None if after is None else str(after[0]))
    return SearchAnswer(
        hits=[_hit(hit) for hit in found.hits],
        next=page.next((found.next,), *question) if found.next is not None else None,
    )


def _check_kinds(kinds: Sequence[str]) -> None:
    for kind in kinds:
        if kind not in schema.node_types():
            known = ", ".join(schema.node_types())
            raise InvalidInput("kind", f"没有 {kind} 这种类型 / there is no type {kind}; there are: {known}")


def _hit(found: Found) -> SearchHit:
    which, how = (table[word] for table, word in zip((NAMES, MATCHES), found.reason.split(":"), strict=True))
    return SearchHit(
        id=found.id,
        name=found.name,
        kind=found.kind,
        reason=found.reason,
        reason_text=f"{which.zh}{how.zh} / {which.en}: {how.en}",
        matched=found.matched,
        score=found.score,
    )
