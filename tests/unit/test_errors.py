"""The tree of domain errors: as drawn, and without a word of HTTP."""

import ast
import inspect
import re
from pathlib import Path

import pytest

from graph import errors


def declared():
    return {
        name: kind
        for name, kind in vars(errors).items()
        if inspect.isclass(kind) and issubclass(kind, Exception) and kind.__module__ == errors.__name__
    }


def drawn():
    """Each error's parent by the drawing in the module's docstring."""
    parents, path = {}, []
    for line in errors.__doc__.splitlines():
        match = re.match(r"    ((?:[│ ]   )*(?:[├└]── )?)(\w+)(?:   |$)", line)
        if match:
            depth = len(match[1]) // 4
            path[depth:] = [match[2]]
            parents[match[2]] = path[depth - 1] if depth else "Exception"
    return parents


def test_the_drawing_is_the_tree():
    assert drawn() == {name: kind.__base__.__name__ for name, kind in declared().items()}


@pytest.mark.parametrize("kind", declared().values())
def test_an_error_carries_a_message_and_a_hint(kind):
    first = ("field",) if kind is errors.InvalidInput else ()
    error = kind(*first, "what was wrong", hint="what to do")
    assert str(error).endswith("what was wrong")
    assert (error.message, error.hint) == ("what was wrong", "what to do")
    assert kind(*first, "bare").hint == ""
    assert kind.__doc__


def test_an_invalid_input_names_its_field():
    assert errors.InvalidInput("as_of", "not a date").field == "as_of"


def test_an_ambiguous_name_lists_what_it_fits():
    assert errors.Ambiguous("several", candidates=iter(["a", "b"])).candidates == ("a", "b")


def test_the_tree_knows_nothing_of_the_edge():
    code = ast.parse(Path(errors.__file__).read_text(encoding="utf-8"))
    names = {node.id for node in ast.walk(code) if isinstance(node, ast.Name)}
    assert not names & {"HTTPException", "status", "Response"}
    numbers = {node.value for node in ast.walk(code) if isinstance(node, ast.Constant)}
    assert not numbers & {400, 401, 403, 404, 409, 422, 500, 503}
