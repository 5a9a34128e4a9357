"""规则文件检查: whether a JDM file can be run: its graph, its cells, and that it reads only what a rule may read.

JDM (JSON Decision Model) is the open format of GoRules; a standard editor writes it. What is refused here is refused
with file, node and cell, before any rule runs.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn, TypeVar

import zen
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from graph.errors import DataError

MOST_NODES: Final = 200
MOST_ROWS: Final = 5_000

_RUNNABLE: Final = ("inputNode", "outputNode", "decisionTableNode", "expressionNode", "switchNode")

_WORDS: Final = frozenset({"and", "or", "not", "in", "true", "false", "null"})
_STRINGS: Final = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`(?:[^`\\]|\\.)*`")
_NAMES: Final = re.compile(r"(?<![\w.$#)\]])(\$?[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)")


_P = TypeVar("_P", bound="_Part")


# --- the parts of a file -------------------------------------------------------------------------------------------


class _Part(BaseModel):
    """A part of a file; what an editor adds beside is left alone."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Column(_Part):
    """A column of a decision table."""

    id: str
    name: str = ""
    field: str | None = None


class Table(_Part):
    """决策表: the content of a decision table; a row gives of each column the text of its cell."""

    hitPolicy: str = "first"  # noqa: N815  # the format's own name
    inputs: list[Column]
    outputs: list[Column]
    rules: list[dict[str, Any]]
    passThrough: bool = False  # noqa: N815  # same
    inputField: str | None = None  # noqa: N815  # same
    outputPath: str | None = None  # noqa: N815  # same
    executionMode: str = "single"  # noqa: N815  # same


class Expression(_Part):
    """One line of an expression node."""

    key: str
    value: str


class Expressions(_Part):
    """The content of an expression node."""

    expressions: list[Expression]
    passThrough: bool = False  # noqa: N815  # the format's own name
    inputField: str | None = None  # noqa: N815  # same
    outputPath: str | None = None  # noqa: N815  # same
    executionMode: str = "single"  # noqa: N815  # same


class Statement(_Part):
    """One way out of a switch."""

    id: str
    condition: str = ""


class Switch(_Part):
    """The content of a switch node."""

    statements: list[Statement]


class Node(_Part):
    """A node of the graph."""

    id: str
    name: str
    type: str
    content: Any = None


class Link(_Part):
    """An edge of the graph."""

    sourceId: str  # noqa: N815  # the format's own name
    targetId: str  # noqa: N815  # same


class Model(_Part):
    """A JDM file."""

    nodes: list[Node] = Field(min_length=1, max_length=MOST_NODES)
    edges: list[Link]


# --- what a checked file is ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """A row of a decision table: where it stands, what it reads, what it says without reading anything."""

    id: str
    place: int
    node: str
    number: int
    note: str
    reads: tuple[str, ...]
    says: Mapping[str, Any]


@dataclass(frozen=True)
class Checked:
    """A file that can be run: its content, with a column `rule` in every table that gives the id of the row."""

    content: Mapping[str, Any]
    rows: Mapping[str, Row]
    reads: tuple[str, ...]
    names: Mapping[str, str] = field(default_factory=dict)
    """Names of the nodes by id."""


def checked(text: str, file: str, facts: Iterable[str], conclusion: str) -> Checked:
    """Check the text of a file.

    Args:
        text: JDM as JSON.
        file: What the file is called, for errors.
        facts: Names of what a rule may read.
        conclusion: Output column by which a row concludes something: `tag` or `points`.

    Raises:
        DataError: It cannot be run; the error names file, node and cell.
    """
    return _Checker(file, _parsed(text, file), frozenset(facts), conclusion).run(json.loads(text))


def _parsed(text: str, file: str) -> Model:
    try:
        return Model.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "JSON"
        raise _wrong(file, f"{place}: {first['msg']}") from error


def _wrong(file: str, text: str) -> DataError:
    return DataError(f"{file}: {text}", hint="改正规则文件 / mend the rule file")


@dataclass
class _Checker:
    """One check of one file."""

    file: str
    model: Model
    facts: frozenset[str]
    conclusion: str
    rows: dict[str, Row] = field(default_factory=dict)
    reads: dict[str, None] = field(default_factory=dict)
    behind: dict[str, list[str]] = field(default_factory=dict)
    """Of what earlier nodes made, the facts that it stands on."""

    def fail(self, node: Node, text: str) -> NoReturn:
        raise _wrong(self.file, f"节点 node {node.name!r}: {text}")

    def run(self, content: dict[str, Any]) -> Checked:
        nodes = self._nodes()
        order = self._ordered(nodes)
        offered: dict[str, frozenset[str]] = {}
        before: dict[str, list[str]] = {node.id: [] for node in order}
        for link in self.model.edges:
            before[link.targetId].append(link.sourceId)
        for node in order:
            given = frozenset[str]().union(*(offered[source] for source in before[node.id]))
            offered[node.id] = self._offers(node, given)
        return Checked(self._marked(content), self.rows, tuple(self.reads), {n.id: n.name for n in order})

    # --- the graph ---

    def _nodes(self) -> dict[str, Node]:
        nodes: dict[str, Node] = {}
        for node in self.model.nodes:
            if node.id in nodes:
                self.fail(node, f"编号 {node.id} 重复 / its id {node.id!r} is another node's too")
            if node.type not in _RUNNABLE:
                self.fail(
                    node,
                    f"不支持的类型 / nodes of type {node.type!r} are not run; there are: {', '.join(_RUNNABLE)}",
                )
            nodes[node.id] = node
        for link in self.model.edges:
            for end in (link.sourceId, link.targetId):
                if end not in nodes:
                    raise _wrong(
                        self.file, f"连线指向不存在的节点 / an edge names node {end!r}, which there is not"
                    )
        for wanted in ("inputNode", "outputNode"):
            if sum(node.type == wanted for node in nodes.values()) != 1:
                raise _wrong(self.file, f"应恰有一个 {wanted} / there must be exactly one {wanted}")
        return nodes

    def _ordered(self, nodes: Mapping[str, Node]) -> list[Node]:
        """The nodes, each behind all that lead to it."""
        waiting = {
            name: {link.sourceId for link in self.model.edges if link.targetId == name} for name in nodes
        }
        order: list[Node] = []
        while waiting:
            ready = [name for name, sources in waiting.items() if not sources]
            if not ready:
                self._cyclic(nodes, waiting)
            for name in ready:
                order.append(nodes[name])
                del waiting[name]
            for sources in waiting.values():
                sources.difference_update(ready)
        return order

    def _cyclic(self, nodes: Mapping[str, Node], waiting: Mapping[str, set[str]]) -> NoReturn:
        """Name the nodes of one ring."""
        path: list[str] = [next(iter(waiting))]
        while True:
            following = next(iter(sorted(waiting[path[-1]])))
            if following in path:
                ring = [nodes[name].name for name in reversed(path[path.index(following) :])]
                raise _wrong(
                    self.file, f"规则成环 / the rules go round in a ring: {' → '.join([*ring, ring[0]])}"
                )
            path.append(following)

    # --- what each node reads and offers ---

    def _offers(self, node: Node, given: frozenset[str]) -> frozenset[str]:
        """The names that a node hands on; all that it reads must be among those given to it."""
        if node.type == "inputNode":
            return self.facts
        if node.type == "decisionTableNode":
            return self._table(node, self._content(node, Table), given)
        if node.type == "expressionNode":
            return self._expressions(node, self._content(node, Expressions), given)
        if node.type == "switchNode":
            for statement in self._content(node, Switch).statements:
                self._expression(node, f"条件 condition {statement.id}", statement.condition, given)
        return given

    def _content(self, node: Node, model: type[_P]) -> _P:
        try:
            found = model.model_validate(node.content)
        except ValidationError as error:
            first = error.errors()[0]
            self.fail(node, f"{'.'.join(map(str, first['loc']))}: {first['msg']}")
        for name, plain in (("inputField", None), ("executionMode", "single")):
            if getattr(found, name, plain) not in (plain, ""):
                self.fail(node, f"不支持 / {name} is not supported")
        return found

    def _expressions(self, node: Node, found: Expressions, given: frozenset[str]) -> frozenset[str]:
        read = {line.key: self._expression(node, line.key, line.value, given) for line in found.expressions}
        return self._handed_on(found, read, given)

    def _handed_on(
        self, found: Table | Expressions, made: Mapping[str, list[str]], given: frozenset[str]
    ) -> frozenset[str]:
        """What a node hands on, given the facts that each of its outputs stands on."""
        path = f"{found.outputPath}." if found.outputPath else ""
        self.behind.update({f"{path}{key}": facts for key, facts in made.items()})
        own = frozenset(f"{path}{key}" for key in made)
        return own | given if found.passThrough else own

    def _table(self, node: Node, table: Table, given: frozenset[str]) -> frozenset[str]:
        if len(table.rules) > MOST_ROWS:
            self.fail(node, f"行数过多 / it has more than {MOST_ROWS} rows")
        for column in table.inputs:
            if column.field:
                self._expression(node, f"列 column {column.name or column.id}", column.field, given)
        known = {column.id for column in (*table.inputs, *table.outputs)}
        concludes = any(column.field == self.conclusion for column in table.outputs)
        every: list[str] = []
        for number, rule in enumerate(table.rules, 1):
            strange = [key for key in rule if key not in known and not key.startswith("_")]
            if strange:
                self.fail(node, f"第 {number} 行 / row {number}: 没有列 / there is no column {strange[0]!r}")
            reads = self._read_by(node, table, number, given)
            says, said_from = self._said(node, table, number, given)
            every += [*reads, *said_from]
            if concludes:
                self._add_row(node, number, rule, (tuple(dict.fromkeys([*reads, *said_from])), says))
        return self._handed_on(table, {c.field: every for c in table.outputs if c.field}, given)

    def _add_row(
        self,
        node: Node,
        number: int,
        rule: Mapping[str, Any],
        found: tuple[tuple[str, ...], Mapping[str, Any]],
    ) -> None:
        row_id = f"{node.id}/{rule.get('_id') or number}"
        if row_id in self.rows:
            self.fail(node, f"第 {number} 行 / row {number}: 编号重复 / its id is another row's too")
        self.rows[row_id] = Row(
            row_id, len(self.rows), node.name, number, str(rule.get("_description") or ""), *found
        )

    def _read_by(self, node: Node, table: Table, number: int, given: frozenset[str]) -> list[str]:
        """What a row reads: the columns of the cells that it fills, and what the cells name themselves."""
        reads: list[str] = []
        for column in table.inputs:
            cell = _cell(table.rules[number - 1], column)
            if not cell:
                continue
            where = _where(number, column)
            reads += self._names(node, where, column.field or "", given)
            reads += (
                self._unary(node, where, cell, given)
                if column.field
                else self._expression(node, where, cell, given)
            )
        return reads

    def _said(
        self, node: Node, table: Table, number: int, given: frozenset[str]
    ) -> tuple[dict[str, Any], list[str]]:
        """What a row's outputs are where they read nothing, and the facts that the others read."""
        says: dict[str, Any] = {}
        reads: list[str] = []
        for column in table.outputs:
            cell = _cell(table.rules[number - 1], column)
            if not column.field or not cell:
                continue
            read = self._expression(node, _where(number, column), cell, given)
            reads += read
            if not list(names_in(cell)):
                says[column.field] = zen.evaluate_expression(cell, {})
        return says, reads

    # --- expressions ---

    def _unary(self, node: Node, where: str, text: str, given: frozenset[str]) -> list[str]:
        try:
            zen.compile_unary_expression(text)
        except RuntimeError as error:
            self.fail(node, f"{where}: {text!r}: {_first_line(error)}")
        return self._names(node, where, text, given)

    def _expression(self, node: Node, where: str, text: str, given: frozenset[str]) -> list[str]:
        problem = zen.validate_expression(text) if text else None
        if problem is not None:
            self.fail(node, f"{where}: {text!r}: {problem['source']}")
        return self._names(node, where, text, given)

    def _names(self, node: Node, where: str, text: str, given: frozenset[str]) -> list[str]:
        """The facts that an expression reads or stands on; each name in it must be given."""
        names: list[str] = []
        for name in names_in(text):
            found = self._offered(name, given)
            if found is None:
                self._unknown(node, where, name)
            behind = [found] if found in self.facts else self.behind.get(found, [])
            names += behind
            self.reads.update(dict.fromkeys(behind))
        return names

    def _offered(self, name: str, given: frozenset[str]) -> str | None:
        """The offered name that a path begins with, the longest; of a fact the whole path. None for none."""
        parts = name.split(".")
        paths = (".".join(parts[:n]) for n in range(len(parts), 0, -1))
        return next(
            (path for path in paths if path in given and (path == name or path not in self.facts)), None
        )

    def _unknown(self, node: Node, where: str, name: str) -> NoReturn:
        if name in self.facts:
            self.fail(
                node,
                f"{where}: 前面的节点没有传下 {name}，请打开 passThrough / {name!r} is a fact, but a node before"
                " does not pass it on; switch its passThrough on",
            )
        near = difflib.get_close_matches(name, self.facts, 3)
        also = f"；相近 / near: {', '.join(near)}" if near else ""
        self.fail(node, f"{where}: 没有事实 {name} / there is no fact {name!r}{also}")

    # --- marking ---

    def _marked(self, content: dict[str, Any]) -> dict[str, Any]:
        """The content with a column that gives the id of the row, in tables that conclude something."""
        for node in content["nodes"]:
            if node["type"] != "decisionTableNode":
                continue
            table = node["content"]
            if not any(column.get("field") == self.conclusion for column in table["outputs"]):
                continue
            table["outputs"] = [*table["outputs"], {"id": "_rule", "name": "rule", "field": "rule"}]
            for number, rule in enumerate(table["rules"], 1):
                rule["_rule"] = json.dumps(f"{node['id']}/{rule.get('_id') or number}")
        return content


def _cell(rule: Mapping[str, Any], column: Column) -> str:
    text = str(rule.get(column.id) or "").strip()
    return "" if text == "-" else text


def _where(number: int, column: Column) -> str:
    return f"第 {number} 行“{column.name or column.field or column.id}” / row {number}, {column.field or column.id}"


def _first_line(error: Exception) -> str:
    """What the engine says, without its own stack."""
    line = (str(error).splitlines() or [""])[0]
    try:
        return str(json.loads(line)["source"])
    except (ValueError, KeyError, TypeError):
        return line


def names_in(text: str) -> Iterator[str]:
    """The names that an expression reads: not its words, strings, functions, keys or what stands for an element."""
    bare = _STRINGS.sub(lambda found: " " * len(found[0]), text)
    for found in _NAMES.finditer(bare):
        name, rest = found[1], bare[found.end() :].lstrip()
        ahead = bare[: found.start()].rstrip()[-1:]
        is_key = rest.startswith(":") and ahead in ("{", ",")
        if name not in _WORDS and not rest.startswith("(") and not is_key:
            yield name
