"""What a planted scenario is written with: it names parties, states facts about them, and notes the truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ingest.world import text, vocabulary

Row = dict[str, object]

SINCE = "2018-03-01"
"""From when what a scenario states is true, unless it says otherwise."""


@dataclass
class Cast:
    """Rows and truths of the planted scenarios. Companies are C1, C2 …, people P1, P2 …, in order of appearance."""

    seed: int
    rows: dict[str, list[Row]] = field(default_factory=dict)
    truth: dict[str, list[Row]] = field(default_factory=dict)
    companies: int = 0
    people: int = 0
    brands: int = 0
    member: int = 0
    scenario: str = ""

    def __post_init__(self) -> None:
        self.random = text.generator(self.seed, "cast")

    # --- parties ---------------------------------------------------------------------------------------------

    def begin(self, scenario: str) -> None:
        """Start a scenario: its companies share a new brand."""
        self.scenario = scenario
        self.brands += 1
        self.member = -1

    def company(self, trade: str = "", form: str = "有限公司", **fields: object) -> str:
        """A new company of the scenario; `trade` says what its name says it does."""
        number, member = self.companies, self.member + 1
        self.companies, self.member = number + 1, member
        # a city of its own each: whatever the trade, the name is unique within the brand
        city = vocabulary.CITIES[(self.brands + member) % len(vocabulary.CITIES)]
        brand = vocabulary.brands(np.array([self.brands - 1]), self.seed)[0]
        said = trade or vocabulary.TRADES[(self.brands * 7 + member) % len(vocabulary.TRADES)]
        row: Row = {
            "id": f"C{number + 1}",
            "name": f"{city}{brand}{said}{form}",
            "uscc": vocabulary.credit_codes(np.array([number]))[0],
            "nature": "private",
            "founded": "2012-05-18",
            "capital": 10_000_000 * (1 + number % 20),
            "capital_currency": "CNY",
            "region": f"{city}市",
            "country": "CN",
            "address": f"{city}市{brand}路{number % 300 + 1}号",
            "source": "registry",
        }
        self.add("Company", **{**row, **fields})
        return f"C{number + 1}"

    def person(self, name: str = "") -> str:
        """A new natural person."""
        self.people += 1
        drawn = text.person_names(self.random, 1)[0]
        self.add("Person", id=f"P{self.people}", name=name or drawn, source="registry")
        return f"P{self.people}"

    def state_body(self) -> str:
        """A new state body (国资委)."""
        number = self.companies
        self.companies += 1
        city = vocabulary.CITIES[number % len(vocabulary.CITIES)]
        district = vocabulary.brands(np.array([self.brands - 1]), self.seed)[0]
        self.add(
            "Company",
            id=f"C{number + 1}",
            name=f"{city}市{district}区国有资产监督管理局",
            uscc=vocabulary.credit_codes(np.array([number]), organ=True)[0],
            nature="state_body",
            region=f"{city}市",
            country="CN",
            source="registry",
        )
        return f"C{number + 1}"

    # --- facts -----------------------------------------------------------------------------------------------

    def add(self, kind: str, /, **row: object) -> None:
        """State a row of a type."""
        self.rows.setdefault(kind, []).append(row)

    def holds(self, holder: str, company: str, share: float | None = None, **fields: object) -> None:
        """A stake; `share` is a fraction of capital."""
        row: Row = {"from": holder, "to": company, "valid_from": SINCE, "source": "registry"}
        if share is not None:
            row["share_ratio"] = repr(share)
        self.add("HOLDS", **{**row, **fields})

    def officer(self, person: str, company: str, office: str = "董事长", **fields: object) -> None:
        """An office held."""
        row: Row = {
            "from": person,
            "to": company,
            "office": office,
            "valid_from": SINCE,
            "source": "registry",
        }
        self.add("OFFICER_OF", **{**row, **fields})

    def discloses(self, company: str, *controllers: str, ratio: float | None = None) -> None:
        """What the company's filings call its controller (实际控制人)."""
        for controller in controllers:
            row: Row = {"from": controller, "to": company, "valid_from": SINCE, "source": "filings"}
            if ratio is not None:
                row["ratio"] = repr(ratio)
            if len(controllers) > 1:
                row["joint"] = "true"
            self.add("CONTROLS", **row)

    # --- truths ----------------------------------------------------------------------------------------------

    def note(self, kind: str, /, **fields: object) -> None:
        """Note a planted truth of this scenario."""
        self.truth.setdefault(kind, []).append({"scenario": self.scenario, **fields})

    def controlled(
        self,
        company: str,
        *controllers: str,
        by: str = "majority",
        chain: list[list[str]] | None = None,
        **when: str,
    ) -> None:
        """Note who controls `company` in the end; nobody where no controller is given."""
        dates: Mapping[str, str] = {"valid_from": SINCE, "valid_to": "", **when}
        self.note(
            "controllers", company=company, controllers=list(controllers), by=by, chain=chain or [], **dates
        )

    def owned(self, company: str, owner: str, ratio: float) -> None:
        """Note a look-through share, direct and indirect, of `owner` in `company`."""
        self.note("owners", company=company, owner=owner, integrated_ratio=ratio)
