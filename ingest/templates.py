"""What follows from the schema for people: CSV templates of the native form, and the pages that describe it.

`python -m ingest.templates` writes `docs/data-model.md` and the tables of keys in `docs/mappings.md`.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from graph.schema import (
    BOOKKEEPING,
    SYSTEM_EDGE,
    SYSTEM_NODE,
    FieldDef,
    Kind,
    TypeDef,
    edge_model,
    edge_types,
    node_types,
)
from ingest.mapped_rows import EdgeSpec, NodeSpec, TypeSpec
from ingest.mapped_values import ValueSpec
from ingest.mapping import DateSpec, FileSpec, FormatSpec, MappingSpec
from ingest.native import Native

DOCS: Final = Path(__file__).parents[1] / "docs"
BEGIN: Final = "<!-- keys: written by python -m ingest.templates -->"
END: Final = "<!-- end of keys -->"

_EXAMPLES: Final[Mapping[Kind, str]] = {
    Kind.TEXT: "文本",
    Kind.TEXTS: "甲;乙",
    Kind.NUMBER: "0.25",
    Kind.COUNT: "1",
    Kind.FLAG: "true",
    Kind.DATE: "2024-01-31",
    Kind.REFERENCE: "c1",
    Kind.REFERENCES: "c1;p1",
}
_EXAMPLE_COLUMNS: Final[Mapping[str, str]] = {
    "id": "c1",
    "from": "c1",
    "to": "c2",
    "from_type": "",
    "to_type": "",
    "name": "示例股份有限公司",
    "uscc": "913302040933533733",
    "lei": "PY6ZZQWO2IZFZC3IOL08",
    "code": "600276.SH",
    "valid_from": "2024-01-31",
    "valid_to": "",
    "known_from": "",
    "compartments": "",
    "source": "",
    "key": "",
}


# --- templates -------------------------------------------------------------------------------------------------


def template(type_name: str, *, example: bool = False) -> str:
    """The header line of a type's CSV file in the native form, and one example row if wanted.

    Raises InvalidInput for a name that no type has.
    """
    role = Native().role(type_name)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(role.columns)
    if example:
        kinds = {field.name: field.kind for field in role.type_def.fields}
        writer.writerow(_example(column, kinds.get(column)) for column in role.columns)
    return text.getvalue()


def _example(column: str, kind: Kind | None) -> str:
    if kind is None or column in _EXAMPLE_COLUMNS:
        return _EXAMPLE_COLUMNS.get(column, "")
    return _EXAMPLES[kind]


# --- the data model as a page ----------------------------------------------------------------------------------


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _holds(field: FieldDef) -> str:
    if field.refers_to:
        many = " (list)" if field.kind is Kind.REFERENCES else ""
        return f"→ {', '.join(field.refers_to)}{many}"
    names = {
        Kind.TEXT: "text",
        Kind.TEXTS: "texts",
        Kind.NUMBER: "number",
        Kind.COUNT: "whole number",
        Kind.FLAG: "true or false",
        Kind.DATE: "date",
    }
    low = "" if field.low is None else f" ≥ {field.low:g}"
    high = "" if field.high is None else f" ≤ {field.high:g}"
    return names[field.kind] + low + high


def _fields(type_def: TypeDef) -> Iterator[str]:
    if not type_def.fields:
        yield "No fields beside the common ones."
        return
    yield "| field | holds | unit | joins by | meaning |"
    yield "|---|---|---|---|---|"
    for field in type_def.fields:
        joins = field.identifier.value if field.identifier else ""
        cells = (f"`{field.name}`", _holds(field), field.unit, joins, field.description)
        yield f"| {' | '.join(map(_cell, cells))} |"


def _node_section(type_def: TypeDef) -> Iterator[str]:
    yield from (f"### {type_def.name}", "", type_def.doc, "", *_fields(type_def), "")


def _edge_section(type_def: TypeDef) -> Iterator[str]:
    model = edge_model(type_def.name)
    starts, ends = (", ".join(kinds) for kinds in model.joins)
    yield from (f"### {type_def.name}", "", type_def.doc, "", f"From {starts} to {ends}.")
    if model.classes:
        yield f"Told apart by: {', '.join(f'`{c}`' for c in model.classes)}."
    yield from ("", *_fields(type_def), "")


def data_model() -> str:
    """`docs/data-model.md`: every type with its fields, their units and what joins by them."""
    lines = [
        "# Data model",
        "",
        "Written from `graph/schema.py` by `python -m ingest.templates`; change it there.",
        "`guanxi template Company` prints the header of a type's file in the native form.",
        "",
        "Ratios are fractions of 1, money is in yuan, dates are ISO (2024-01-31). Every node and edge may have",
        "`valid_from` (the first day on which it is true) and `valid_to` (the first day on which it no longer is).",
        "A field with an entry under *joins by* identifies its node: two sources that agree on it mean one thing,",
        "strongest first: uscc, lei, code, registry_id, legal_name, former_name, short_name.",
        "A field with an arrow refers to a node; on a node, it becomes an edge `PARTY_TO` with the field as its role.",
        "",
        "## Nodes",
        "",
    ]
    for node in node_types().values():
        lines += _node_section(node)
    lines += ["## Edges", ""]
    for edge in edge_types().values():
        lines += _edge_section(edge)
    lines += ["## What the system keeps", "", "Every node also has " + _names(SYSTEM_NODE) + ".", ""]
    lines += ["Every edge also has " + _names(SYSTEM_EDGE) + ".", "", "| node | what it is |", "|---|---|"]
    lines += [f"| `{name}` | {meaning} |" for name, meaning in BOOKKEEPING.items()]
    return "\n".join(lines) + "\n"


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


# --- the keys of mapping files -----------------------------------------------------------------------------------

_PARTS: Final[Mapping[str, type[BaseModel]]] = {
    "The file": MappingSpec,
    "`date`, where it is in the file's name": DateSpec,
    "An entry of `files`": FileSpec,
    "`format`": FormatSpec,
    "A value": ValueSpec,
    "An entry of `nodes`": NodeSpec,
    "`type`, where it depends on the row": TypeSpec,
    "An entry of `edges`": EdgeSpec,
}


def mapping_keys() -> str:
    """The tables of keys in `docs/mappings.md`, written from the classes that read mapping files."""
    lines: list[str] = []
    for title, model in _PARTS.items():
        lines += [f"### {title}", "", "| key | needed | meaning |", "|---|---|---|"]
        for name, field in model.model_fields.items():
            needed = "yes" if field.is_required() else ""
            lines.append(f"| `{field.alias or name}` | {needed} | {_cell(field.description or '')} |")
        lines.append("")
    return "\n".join(lines)


def with_keys(page: str) -> str:
    """`docs/mappings.md` with its tables of keys as they must be."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{mapping_keys()}\n{END}{after}"


def write_docs(folder: Path = DOCS) -> None:
    """Write both pages."""
    (folder / "data-model.md").write_text(data_model(), encoding="utf-8")
    mappings = folder / "mappings.md"
    mappings.write_text(with_keys(mappings.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    write_docs()
    sys.stdout.write(f"{DOCS / 'data-model.md'}\n{DOCS / 'mappings.md'}\n")
