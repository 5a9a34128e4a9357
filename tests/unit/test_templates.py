"""What is written from the schema must be what is in the repository."""

from pathlib import Path

import pytest

from graph.errors import InvalidInput
from graph.schema import edge_types, node_types
from graph.statements import SourceRecord
from ingest.native import Native
from ingest.source import Context
from ingest.templates import DOCS, data_model, template, with_keys


def test_the_data_model_page_is_up_to_date():
    assert (DOCS / "data-model.md").read_text(encoding="utf-8") == data_model(), (
        "run python -m ingest.templates"
    )


def test_the_keys_of_mappings_are_up_to_date():
    page = (DOCS / "mappings.md").read_text(encoding="utf-8")
    assert page == with_keys(page), "run python -m ingest.templates"
    assert "`placeholders`" in page


@pytest.mark.parametrize("name", [*node_types(), *edge_types()])
def test_a_template_loads_as_it_stands(tmp_path: Path, name):
    path = tmp_path / f"{name}.csv"
    path.write_text(template(name, example=True), encoding="utf-8")
    (record,) = Native().role_for(path).read(path, Context())
    assert isinstance(record, SourceRecord)
    assert record.findings == ()
    assert template(name) == path.read_text(encoding="utf-8").splitlines(keepends=True)[0]


def test_a_type_that_does_not_exist():
    with pytest.raises(InvalidInput, match="Goat"):
        template("Goat")
