"""The docs' pages of routes and settings are made from the code; these tests fail when they differ."""

from __future__ import annotations

from pathlib import Path

import pytest

from api import describe, settings
from graph.settings import PREFIX

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize(("name", "page"), [("api.md", describe.page), ("configuration.md", settings.page)])
def test_the_page_is_up_to_date(name, page):
    assert (DOCS / name).read_text(encoding="utf-8") == page(), (
        f"make it anew: see the first lines of docs/{name}"
    )


def test_every_route_and_setting_is_documented():
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    for path, operations in describe.described()["paths"].items():
        for method in operations:
            assert f"{method.upper()} {path}" in text
    table = (DOCS / "configuration.md").read_text(encoding="utf-8")
    for name in settings.ApiSettings.model_fields:
        assert f"`{PREFIX}{name.upper()}`" in table
