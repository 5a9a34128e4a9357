"""Domain errors as HTTP answers: one table, and problem+json (RFC 9457) for every error there is."""

from __future__ import annotations

import http
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.auth import Forbidden, Unauthorized
from graph.errors import (
    Ambiguous,
    BudgetExceeded,
    DataError,
    GuanxiError,
    InvalidInput,
    NotFound,
    Refused,
    StoreConflict,
    StoreConstraint,
    StoreDown,
    StoreError,
    StoreTimeout,
)

PROBLEM_JSON = "application/problem+json"
RETRY_SECONDS = "2"

_log = logging.getLogger("guanxi.api")


class FieldProblem(BaseModel):
    """One parameter that cannot be used."""

    field: str = Field(description="Name of the parameter, dotted where it lies deeper.")
    message: str


class Problem(BaseModel):
    """Body of every error (RFC 9457)."""

    type: str = Field(
        description="Stable URI of this sort of problem.", examples=["urn:guanxi:problem:not-found"]
    )
    title: str
    status: int
    detail: str
    hint: str | None = Field(None, description="What to do about it.")
    errors: list[FieldProblem] | None = Field(None, description="The parameters at fault.")
    candidates: list[str] | None = Field(None, description="Ids that an ambiguous name may mean.")


@dataclass(frozen=True, slots=True)
class Sort:
    """One sort of problem: its slug (the end of its `type`), status, title and headers."""

    slug: str
    status: int
    title: str
    headers: Mapping[str, str] = field(default_factory=dict)


_RETRY = {"Retry-After": RETRY_SECONDS}

NO_TOKEN = Sort(
    "unauthorized",
    401,
    "需要有效令牌 / A valid token is needed",
    {"WWW-Authenticate": 'Bearer realm="guanxi"'},
)
MISSING = Sort("not-found", 404, "未找到 / Not found")
INVALID = Sort("invalid-parameter", 422, "参数无效 / Invalid parameter")
TOO_LARGE = Sort("too-large", 413, "请求过大 / Request too large")
INTERNAL = Sort("internal", 500, "内部错误 / Internal error")

SORTS: Mapping[type[GuanxiError], Sort] = {
    Unauthorized: NO_TOKEN,
    Forbidden: Sort("forbidden", 403, "无此权限 / Not allowed"),
    NotFound: MISSING,
    Ambiguous: Sort("ambiguous", 409, "名称不唯一 / Ambiguous name"),
    InvalidInput: INVALID,
    Refused: Sort("refused", 409, "已拒绝 / Refused"),
    BudgetExceeded: Sort("budget-exceeded", 422, "问题过大 / Too much work for one question"),
    StoreDown: Sort("store-down", 503, "图数据库暂不可用 / The graph database does not answer", _RETRY),
    StoreTimeout: Sort("store-timeout", 503, "图数据库超时 / The graph database took too long", _RETRY),
    StoreConflict: Sort("store-conflict", 503, "写入冲突 / Conflicting writes", _RETRY),
    StoreConstraint: Sort("store-constraint", 409, "违反唯一性 / Breaks a uniqueness rule"),
    StoreError: Sort("store-error", 503, "图数据库出错 / The graph database failed", _RETRY),
    DataError: Sort("bad-data", 500, "数据有误 / Stored data is damaged"),
    GuanxiError: INTERNAL,
}
"""Which HTTP answer each domain error becomes; the nearest class of the error's own ancestry counts."""

_SLUGS = {405: "method-not-allowed", 413: "too-large", 406: "not-acceptable", 415: "unsupported-media-type"}

MISSING_DETAIL = "没有这个对象，或您无权查看 / there is no such thing, or none that you may see"
"""The one text for a hidden and an absent id; it repeats nothing asked, so both are the same bytes."""


def type_uri(slug: str) -> str:
    """The `type` of a sort of problem."""
    return f"urn:guanxi:problem:{slug}"


def problem(sort: Sort, detail: str, **more: Any) -> Response:
    """An error as a response."""
    body = {"type": type_uri(sort.slug), "title": sort.title, "status": sort.status, "detail": detail}
    body.update({name: value for name, value in more.items() if value})
    headers = {"Cache-Control": "no-store", "Vary": "Authorization", **sort.headers}
    return Response(to_json(body), sort.status, headers, PROBLEM_JSON)


def sort_of(error: GuanxiError) -> Sort:
    """The table's entry for an error."""
    return next(SORTS[ancestor] for ancestor in type(error).__mro__ if ancestor in SORTS)


def from_error(error: GuanxiError) -> Response:
    """The response for a domain error."""
    sort = sort_of(error)
    if isinstance(error, NotFound):
        missing = [{"field": name, "message": MISSING_DETAIL} for name in error.fields]
        return problem(sort, MISSING_DETAIL, errors=missing)
    if sort.status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
        return _ours(error, sort)
    more: dict[str, Any] = {"hint": error.hint}
    if isinstance(error, InvalidInput):
        more["errors"] = [{"field": error.field, "message": error.message}]
    if isinstance(error, Ambiguous):
        more["candidates"] = list(error.candidates)
    return problem(sort, error.message, **more)


def _ours(error: GuanxiError, sort: Sort) -> Response:
    """What is our fault: the log says what it was, the asker need not know our addresses and files."""
    level = (
        logging.DEBUG if isinstance(error, StoreDown) else logging.ERROR
    )  # `api.live` tells of an outage once
    _log.log(level, "%s: %s", type(error).__name__, error)
    return problem(sort, sort.title, hint="请稍后重试 / ask again later" if sort.headers else "")


def from_validation(faults: Sequence[Mapping[str, Any]]) -> Response:
    """The response for parameters that FastAPI refused."""
    errors = [{"field": _field(fault["loc"]), "message": _message(fault)} for fault in faults]
    named = "、".join(dict.fromkeys(error["field"] for error in errors))
    return problem(INVALID, f"参数无效：{named} / cannot be used: {named}", errors=errors)


def _field(loc: Sequence[Any]) -> str:
    """`("query", "as_of")` is as_of; of a body it is the path to the value."""
    parts = [str(part) for part in loc]
    inner = parts[1:] if parts and parts[0] in ("query", "path", "body", "header") else parts
    return ".".join(inner) or "body"


_MESSAGES = {
    "missing": "缺少此参数",
    "extra_forbidden": "没有这个参数",
    "json_invalid": "不是有效的 JSON",
    "string_too_long": "过长",
    "string_too_short": "不能为空",
    "too_long": "项数过多",
    "too_short": "至少需要一项",
    "literal_error": "不是允许的取值",
    "enum": "不是允许的取值",
    "int_parsing": "应为整数",
    "greater_than_equal": "过小",
    "less_than_equal": "过大",
}


def _message(fault: Mapping[str, Any]) -> str:
    english = str(fault["msg"]).removeprefix("Value error, ")
    chinese = _MESSAGES.get(fault["type"])
    return f"{chinese} / {english}" if chinese else english


def install(app: FastAPI) -> None:
    """Make every error of `app` a problem+json answer."""

    @app.exception_handler(GuanxiError)
    def domain(_: Request, error: GuanxiError) -> Response:
        return from_error(error)

    @app.exception_handler(RequestValidationError)
    def validation(_: Request, error: RequestValidationError) -> Response:
        return from_validation(error.errors())

    @app.exception_handler(HTTPException)
    def plain(_: Request, error: HTTPException) -> Response:
        if error.status_code == http.HTTPStatus.NOT_FOUND:
            return problem(MISSING, MISSING_DETAIL)
        slug = _SLUGS.get(error.status_code, f"http-{error.status_code}")
        title = http.HTTPStatus(error.status_code).phrase
        return problem(Sort(slug, error.status_code, title, dict(error.headers or {})), str(error.detail))

    @app.exception_handler(Exception)
    def unexpected(_: Request, error: Exception) -> Response:
        _log.exception("unexpected error", exc_info=error)
        return problem(INTERNAL, "服务内部出错，已记录 / something went wrong inside; it has been logged")
