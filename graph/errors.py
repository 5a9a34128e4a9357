"""Every error that guanxi raises on purpose; nothing here knows of HTTP or of exit codes.

    GuanxiError
    ├── StoreError              the graph database could not do what was asked
    │   ├── StoreDown           it does not answer; asking again later may help
    │   ├── StoreTimeout        it took longer than allowed; what it was doing is undone
    │   ├── StoreConflict       others kept changing the same things until the retries ran out
    │   └── StoreConstraint     the write breaks a uniqueness rule of the schema
    ├── DataError               an input file or a stored value is not what it must be
    ├── InvalidInput            a parameter has an unusable value; `field` names it
    ├── NotFound                no such thing, or none that this viewer may see: the two are one
    ├── Ambiguous               a name fits several things; `candidates` are their ids
    ├── Refused                 possible, but too dangerous to do unasked
    └── BudgetExceeded          the question needs more work than one question may cost

`str(error)` is what was wrong and where; `error.hint`, where there is one, is what to do about it.
"""

# ruff: noqa: N818 - an error is named by what is wrong, as `StoreDown`; the tree above says that it is one

from __future__ import annotations

from collections.abc import Iterable


class GuanxiError(Exception):
    """The root of the tree: a message for people, and a hint at what to do."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class StoreError(GuanxiError):
    """The graph database could not do what was asked."""


class StoreDown(StoreError):
    """The graph database does not answer within the set time; asking again later may help."""


class StoreTimeout(StoreError):
    """A statement ran longer than allowed; its transaction is undone."""


class StoreConflict(StoreError):
    """Other writers kept changing the same things until the retries ran out; nothing was written."""


class StoreConstraint(StoreError):
    """The write breaks a uniqueness rule of the schema; nothing was written."""


class DataError(GuanxiError):
    """An input file or a stored value is not what it must be."""


class InvalidInput(GuanxiError):
    """A parameter has an unusable value; `field` names the parameter."""

    def __init__(self, field: str, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.field = field


class NotFound(GuanxiError):
    """No such thing, or none that this viewer may see: the two must not be told apart.

    `fields` are the parameters that name it, where a question names several things.
    """

    def __init__(self, message: str, *, fields: Iterable[str] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.fields = tuple(fields)


class Ambiguous(GuanxiError):
    """A name fits several things; `candidates` are the ids of those that the viewer may see."""

    def __init__(self, message: str, *, candidates: Iterable[str] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.candidates = tuple(candidates)


class Refused(GuanxiError):
    """Possible, but too dangerous to do unasked, like a snapshot that would close half of what is open."""


class BudgetExceeded(GuanxiError):
    """The question needs more work than one question may cost."""
