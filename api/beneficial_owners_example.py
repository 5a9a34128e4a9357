"""The example of an answer about beneficial owners: 60% of a company that owns 30%, under the Union's regulation."""

from __future__ import annotations

from typing import Any, Final

_COMPANY: Final = {"id": "0b51f1f3c2a94e6d8f7a2c31", "name": "澄江医药股份有限公司", "kind": "Company"}
_BETWEEN: Final = {"id": "5d2c9a3e7b1f4c608a9be112", "name": "澄江集团有限公司", "kind": "Company"}
_OWNER: Final = {"id": "a91c04be55d07c3e16f2b840", "name": "周澄", "kind": "Person"}
_HELD: Final = [{"id": "7f3c2a94e6d80b51f1f3c231", "source": "registry", "stated": "2027-12-31"}]
_CAST: Final = [{"id": "1c77be02a94ed6f0835b1f6a", "source": "registry", "stated": "2027-12-31"}]

BENEFICIAL_OWNERS: Final[dict[str, Any]] = {
    "company": _COMPANY,
    "as_of": "2028-06-30",
    "known_at": None,
    "regime": {
        "name": "eu",
        "title": "欧盟反洗钱条例 / Anti-Money Laundering Regulation",
        "version": "Regulation (EU) 2024/1624",
        "in_force_from": "2027-07-10",
        "source": "OJ L, 2024/1624, 19.6.2024",
    },
    "beneficial_owners": [
        {
            **_OWNER,
            "basis": "computed",
            "criteria": [
                {
                    "criterion": "controls_holder",
                    "article": "Article 54(a)",
                    "text": "控制直接持有 25% 以上权益（单独或者合计）的法人 / controls entities that have a direct "
                    "ownership interest of 25% or more, individually or cumulatively",
                    "measure": "capital",
                    "ratio": 0.3,
                    "ratio_min": 0.3,
                    "ratio_max": 0.3,
                    "through": [_BETWEEN["id"]],
                }
            ],
            "paths": [
                {
                    "criterion": "controls_holder",
                    "ratio": 0.3,
                    "steps": [
                        {
                            "holder": _BETWEEN["id"],
                            "holder_name": _BETWEEN["name"],
                            "company": _COMPANY["id"],
                            "company_name": _COMPANY["name"],
                            "share_ratio": 0.3,
                            "counted_ratio": 0.3,
                            "entrusted_by": None,
                            "records": _HELD,
                        }
                    ],
                }
            ],
            "paths_truncated": False,
            "votes": [
                {
                    "holder": _OWNER["id"],
                    "holder_name": _OWNER["name"],
                    "company": _BETWEEN["id"],
                    "company_name": _BETWEEN["name"],
                    "cast_by": _OWNER["id"],
                    "voting_ratio": 0.6,
                    "share_ratio": 0.6,
                    "partner": None,
                    "records": _CAST,
                }
            ],
            "records": [*_HELD, *_CAST],
        }
    ],
    "possible": [],
    "possible_total": 0,
    "senior_managing_officials": [],
    "exemption": None,
    "missing": [
        {
            "code": "unknown_ratio",
            "text": "70.00% 的股权没有资料 / no source states who has 70.00% of the capital",
            "party": None,
            "measure": "capital",
            "ratio": 0.7,
            "records": [],
        }
    ],
    "findings": [],
}
