"""What the API's description shows: tags, and an example of every answer. All names are made up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import resources
from typing import Any, Final

TAGS: Final = [
    {"name": "find", "description": "查找：从名称或代码到主体 / from names and codes to entities"},
    {"name": "entity", "description": "主体：全景、关系与时间线 / one entity, its relations and history"},
    {
        "name": "ownership",
        "description": "股权与控制：穿透、控制人、受益所有人、集团 / who owns and who controls, through all layers",
    },
    {
        "name": "groups",
        "description": "集团：成员、关联方与变动 / the group, related parties, what changed between two days",
    },
    {
        "name": "connections",
        "description": "关联：路径与引荐 / how parties are connected, and who introduces us",
    },
    {
        "name": "risk",
        "description": "风险：传导、来源、敞口与限额 / where shocks travel, and what the firm has at risk",
    },
    {
        "name": "opportunities",
        "description": "商机：谁此刻需要什么、为什么、由谁引荐 / who needs which product now, and who opens the door",
    },
    {
        "name": "documents",
        "description": "文档：读到了什么，谁在说，待审项 / what was read in documents, and what waits for a person",
    },
    {"name": "operations", "description": "运维 / operations"},
]

_ID = "0b51f1f3c2a94e6d8f7a2c31"
_OTHER = "5d2c9a3e7b1f4c608a9be112"
_RECORD = "7f3c2a94e6d80b51f1f3c231"
_RECORDS = [{"id": _RECORD, "source": "registry", "stated": "2024-03-31"}]
_COMPANY = {"id": _ID, "name": "澄江医药股份有限公司", "kind": "Company"}
_HOLDER = {"id": _OTHER, "name": "澄江集团有限公司", "kind": "Company"}
_DATES = {"as_of": "2024-06-30", "known_at": None}
_COUNT = {"type": "HOLDS", "direction": "in", "label": "股东", "label_en": "Shareholder", "count": 1}
_NO_MORE: dict[str, Any] = {"next": None}

SEARCH: Final = {
    "hits": [
        {
            **_COMPANY,
            "reason": "short_name:name_prefix",
            "reason_text": "简称开头一致 / short name: begins so",
            "matched": "澄江医药",
            "score": 0.8125,
        }
    ],
    **_NO_MORE,
}

_ITEM = {"name": "澄江医药", "uscc": "", "lei": "", "code": "", "registry_id": ""}
MATCH: Final = {
    "results": [
        {
            "item": _ITEM,
            "status": "matched",
            "entity": _COMPANY,
            "reason": "short_name",
            "reason_text": "简称唯一对应 / unique short name",
            "candidates": [],
            "notes": [],
        }
    ],
    "matched": 1,
    "candidates": 0,
    "none": 0,
}
MATCH_REQUESTS: Final[dict[str, Any]] = {
    "names": {"summary": "Names alone", "value": {"items": ["澄江医药", "澄江集团有限公司"]}},
    "identifiers": {
        "summary": "Names and identifiers",
        "value": {"items": [{"name": "澄江医药", "code": "600001"}]},
    },
}

ENTITY: Final = {
    **_COMPANY,
    **_DATES,
    "identifiers": [{"records": _RECORDS, "scheme": "code", "value": "600001.SH"}],
    "aliases": [{"records": _RECORDS, "name": "澄江医药", "usage": "short_name"}],
    "handles": [{"id": _ID, "source": "registry", "key": "600001"}],
    "properties": [
        {
            "records": _RECORDS,
            "field": "code",
            "label": "代码",
            "label_en": "Code",
            "value": "600001.SH",
            "unit": "",
        }
    ],
    "records": [],
    "records_total": 0,
    "findings": [],
    "possibly_same": [],
}

RECORD: Final = {
    "id": _RECORD,
    "source": "registry",
    "role": "companies",
    "key": "600001",
    "stated": "2024-03-31",
    "known_from": "2024-04-02",
    "body": {"简称": "澄江医药", "代码": "600001"},
}

_STAKE = {
    **_HOLDER,
    "records": _RECORDS,
    "share_ratio": 0.4521,
    "share_min": None,
    "share_max": None,
    "voting_ratio": None,
    "amount": None,
    "share_class": None,
    "partner": None,
    "valid_from": "2019-05-20",
    "valid_to": None,
    "start_unknown": False,
}
PROFILE: Final = {
    **_COMPANY,
    **_DATES,
    "sections": {
        "holders": {"lines": [_STAKE], "total": 1, **_NO_MORE},
        "controllers": {
            "lines": [],
            "total": 0,
            **_NO_MORE,
            "status": "unknown_stated",
            "message": "资料明确表示实际控制人不详或不存在",
            "message_en": "a source says outright that it is unknown or that there is none",
            "records": _RECORDS,
        },
    },
    "relations": [_COUNT],
}

NEIGHBORS: Final = {
    **_COMPANY,
    **_DATES,
    "counts": [_COUNT],
    "neighbors": [
        {
            **_HOLDER,
            "records": _RECORDS,
            "type": "HOLDS",
            "direction": "in",
            "label": "股东",
            "label_en": "Shareholder",
            "properties": {"share_ratio": 0.4521},
            "valid_from": "2019-05-20",
            "valid_to": None,
            "start_unknown": False,
        }
    ],
    **_NO_MORE,
}

TIMELINE: Final = {
    **_COMPANY,
    **_DATES,
    "items": [
        {
            "records": _RECORDS,
            "date": "2019-05-20",
            "change": "began",
            "type": "HOLDS",
            "direction": "in",
            "title": "股东新增：澄江集团有限公司",
            "title_en": "Shareholder began: 澄江集团有限公司",
            "party": _HOLDER,
            "properties": {"share_ratio": 0.4521},
            "before": None,
            "documents": [],
            "documents_total": 0,
        }
    ],
    "total": 1,
    **_NO_MORE,
}

_STEP = {
    "type": "HOLDS",
    "from": _OTHER,
    "to": _ID,
    "direction": "backward",
    "label": "股东",
    "label_en": "Shareholder",
    "properties": {"share_ratio": 0.4521},
    "valid_from": "2019-05-20",
    "valid_to": None,
    "start_unknown": False,
    "cost": 1.5,
    "records": _RECORDS,
}
_WAY = {"length": 1, "cost": 1.5, "nodes": [_COMPANY, _HOLDER], "edges": [_STEP]}
PATHS: Final = {
    "parties": [_COMPANY, _HOLDER],
    "mode": "shortest",
    "types": ["HOLDS"],
    **_DATES,
    "paths": [_WAY],
    "joined": None,
    "truncated": {
        "by": "results",
        "limit": 1,
        "text": "仅列出前 1 条路径，还有更多",
        "text_en": "these are the first 1 paths; there are more",
    },
}
PATHS_REQUESTS: Final[dict[str, Any]] = {
    "two": {
        "summary": "Holdings between two",
        "value": {"parties": ["澄江医药", "澄江集团有限公司"], "types": ["HOLDS"], "limit": 1},
    },
    "officers": {
        "summary": "Shared officers",
        "value": {"parties": ["600001.SH", "600002.SH"], "filter": "shared_officers"},
    },
    "several": {"summary": "What joins several", "value": {"parties": [_ID, _OTHER, "青禾药房有限公司"]}},
}
_STAFF = {"id": "1c7ae2f09b3d4455a6e08f31", "name": "冯经理", "kind": "Employee"}
_KNOWN = {"id": "9b2f4a6c8e0d1357f2468ace", "name": "周澄", "kind": "Person"}
INTRODUCTIONS: Final = {
    "company": _COMPANY,
    **_DATES,
    "paths": [
        {
            "length": 1,
            "cost": 1.3,
            "nodes": [_STAFF, _KNOWN],
            "edges": [
                {
                    **_STEP,
                    "type": "KNOWS",
                    "from": _STAFF["id"],
                    "to": _KNOWN["id"],
                    "direction": "forward",
                    "label": "相识",
                    "label_en": "Knows",
                    "properties": {"strength": 0.9},
                    "cost": 1.3,
                }
            ],
            "staff": _STAFF,
            "decision_maker": {
                "records": _RECORDS,
                **_KNOWN,
                "role": "高管",
                "role_en": "officer",
                "office": "董事长",
            },
            "sentence": "冯经理可引荐周澄（董事长）：冯经理与周澄相识。",
            "sentence_en": "冯经理 can introduce us to 周澄 (董事长): 冯经理 knows 周澄.",
        }
    ],
    "decision_makers": 3,
    "truncated": None,
}

_OF = "/v1/entities/{id}"


def _stored() -> Mapping[str, Any]:
    """Long answers, by the last part of the route: what the questions said of a small made-up market."""
    text = (resources.files("api") / "examples.json").read_text(encoding="utf-8")
    found: Mapping[str, Any] = json.loads(text)
    return found


def _by_subject() -> Mapping[tuple[str, str], Any]:
    """Answers of the files of one subject each, by method and path: what the questions said of such a market."""
    found: dict[tuple[str, str], Any] = {}
    for file in (
        "examples_risk.json",
        "examples_what_if.json",
        "examples_alerts.json",
        "examples_indicators.json",
        "examples_document_search.json",
        "examples_documents.json",
        "examples_opportunities.json",
        "examples_360.json",
        "examples_reading.json",
    ):
        text = (resources.files("api") / file).read_text(encoding="utf-8")
        for route, shown in json.loads(text).items():
            method, path = route.split(" ", 1)
            found[method, path] = shown
    return found


ANSWERS: Final[Mapping[tuple[str, str], Any]] = {
    ("get", "/v1/search"): SEARCH,
    ("post", "/v1/match"): MATCH,
    ("get", _OF): ENTITY,
    ("get", f"{_OF}/profile"): PROFILE,
    ("get", f"{_OF}/neighbors"): NEIGHBORS,
    ("get", f"{_OF}/timeline"): TIMELINE,
    ("get", "/v1/records/{id}"): RECORD,
    ("post", "/v1/paths"): PATHS,
    ("get", f"{_OF}/introductions"): INTRODUCTIONS,
    **{("get", f"{_OF}/{question}"): shown for question, shown in _stored().items()},
    **_by_subject(),
}
"""An example of the answer of each route, by method and path."""
