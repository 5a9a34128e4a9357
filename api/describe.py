"""The page `docs/api.md`, made from the API's own description: `python -m api.describe`."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from api.app import create_app
from api.errors import SORTS, type_uri
from api.settings import ApiSettings

_LEAD = """\
# The HTTP API

This page is made from the API's own description by `python -m api.describe`; a test fails when the two differ.
The description itself is served at `/openapi.json`, and a list of the routes at `/`.

Every request but `/healthz` and `/readyz` needs a bearer token (`guanxi token add NAME --clearance deal:alpha`).
The token decides what an answer may contain: it is the answer of a graph that never held what its owner may not
see. `as_of` asks how things stood on a day, `known_at` what had been told by a day.

Answers carry an `ETag`, a hash of what the asker sees; send it as `If-None-Match` to get 304 while it is the same.
Lists page: pass `next` as `cursor`. A cursor belongs to one question and holds no row number.
"""


def described() -> dict[str, Any]:
    """The API's OpenAPI description."""
    with tempfile.TemporaryDirectory() as folder:
        return create_app(ApiSettings(data_dir=Path(folder))).openapi()


def page() -> str:
    """The whole page."""
    description = described()
    parts = [_LEAD]
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            parts.append("\n".join(_operation(f"{method.upper()} {path}", operation)))
    return "\n".join([*parts, *_problems()]) + "\n"


def _operation(title: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f"## `{title}`\n"
    yield f"{operation['summary']}. {operation.get('description', '')}\n"
    if parameters := operation.get("parameters"):
        yield "| parameter | in | meaning |"
        yield "|---|---|---|"
        for parameter in parameters:
            meaning = parameter.get("description", "")
            required = " (required)" if parameter.get("required") else ""
            yield f"| `{parameter['name']}`{required} | {parameter['in']} | {meaning} |"
        yield ""
    for name, example in _bodies(operation):
        yield f"Body ({name}):\n"
        yield from _json(example)
    content = operation["responses"]["200"]["content"]
    if "application/json" in content:
        yield "Answer:\n"
        yield from _json(content["application/json"]["example"])


def _bodies(operation: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    for example in body.get("examples", {}).values():
        yield example["summary"], example["value"]


def _json(value: Any) -> Iterator[str]:
    yield f"```json\n{json.dumps(value, ensure_ascii=False, indent=2)}\n```\n"


def _problems() -> Iterator[str]:
    yield "## Problems\n"
    yield "Every error is `application/problem+json` (RFC 9457): `type`, `title`, `status`, `detail`, and where they"
    yield "help `hint`, `errors` (a list of `field` and `message`) and `candidates`.\n"
    yield "| type | status | meaning |"
    yield "|---|---|---|"
    for sort in sorted({(s.status, s.slug, s.title) for s in SORTS.values()}):
        yield f"| `{type_uri(sort[1])}` | {sort[0]} | {sort[2]} |"


if __name__ == "__main__":
    sys.stdout.write(page())
