"""Settings of the API beside those of the store; `python -m api.settings` prints them all as a page of the docs."""

from __future__ import annotations

import sys
from pathlib import Path

from pydantic import Field

from graph.settings import PREFIX, Settings


class ApiSettings(Settings):
    """All settings of a process that answers questions over HTTP."""

    refresh_seconds: float = Field(
        0.25, gt=0, description="How often the API asks the graph database for changes."
    )
    outage_seconds: float = Field(
        0.0,
        ge=0,
        description="How long the API goes on answering from its own copy after the graph database was lost; "
        "after that, and by default at once, it answers 503 until the database is back.",
    )
    max_body_bytes: int = Field(4_194_304, ge=1024, description="Largest body of a request.")
    risk_channels: Path | None = Field(
        None,
        description="File of the firm's own parameters of the risk channels; empty: those that come with guanxi.",
    )
    event_shocks: Path | None = Field(
        None,
        description="File of the firm's own event shocks and alert threshold, whole, in the form of "
        "`queries/data/event_shocks.yaml`; empty: those that come with guanxi.",
    )
    risk_limits: Path | None = Field(
        None,
        description="Folder of the firm's own limits, files `limits_*.yaml`; they stand before the shipped.",
    )
    net_capital: float | None = Field(
        None,
        gt=0,
        description="The firm's net capital (净资本) in yuan, of which a broker's limits are shares.",
    )
    tier1_capital: float | None = Field(
        None,
        gt=0,
        description="The firm's net tier 1 capital (一级资本净额) in yuan, of which a bank's limits are shares.",
    )
    product_catalogue: Path | None = Field(
        None,
        description="File of the firm's own product catalogue, whole, in the form of `queries/data/products.yaml`; "
        "empty: the one that comes with guanxi. It is read again when it changes.",
    )
    opportunity_rules: Path | None = Field(
        None,
        description="File of the firm's own opportunity rules, whole, in the form of "
        "`queries/data/opportunity_rules.yaml`; empty: those that come with guanxi. It is read again when it changes.",
    )
    embedding_model: str = Field(
        "",
        description="Model of the vectors of texts: folder of a sentence-transformers model, or name of one that is "
        "on this machine already (extra `guanxi[transformers]`); empty: the one that comes with guanxi.",
    )
    rules_dir: Path | None = Field(
        None,
        description="Folder of the firm's own rules of tags and tiers, whole, in the form of `queries/data/rules`; "
        "empty: those that come with guanxi. It is read again when a file changes; a broken one changes nothing.",
    )
    opportunity_descriptions: bool = Field(
        default=False,
        description="Whether clients alike are found by what their descriptions mean, too; every description is then "
        "read by the model once.",
    )
    workers: int = Field(1, ge=1, description="Processes that `guanxi serve` answers with.")


def page() -> str:
    """The page `docs/configuration.md`: every setting as a table."""
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    rows += [_row(name) for name in ApiSettings.model_fields]
    return "\n".join(
        [
            "# Configuration",
            "",
            "Every setting is an environment variable; all have a default. This page is made from the settings",
            "themselves by `python -m api.settings`, and a test fails when the two differ.",
            "",
            *rows,
            "",
        ]
    )


def _row(name: str) -> str:
    field = ApiSettings.model_fields[name]
    default = "" if field.default_factory else field.default
    shown = str(default.get_secret_value() if hasattr(default, "get_secret_value") else default)
    cell = f"`{shown}`" if default is not None and shown else ""
    return f"| `{PREFIX}{name.upper()}` | {cell} | {field.description} |"


if __name__ == "__main__":
    sys.stdout.write(page())
