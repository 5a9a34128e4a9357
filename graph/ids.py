"""Permanent handles: the only way that ids are made."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

HANDLE_LENGTH = 24
"""Hexadecimal digits of a handle: 96 bits, so that ten million of them collide with probability 6e-16."""

_SEPARATOR = "\x1f"


def key_of(*parts: str) -> str:
    """A key made of what it stands for: equal parts, equal key; as long as a handle."""
    joined = _SEPARATOR.join(parts).encode("utf-8", "surrogatepass")
    return blake2b(joined, digest_size=HANDLE_LENGTH // 2).hexdigest()


def entity_handle(namespace: str, label: str, key: str, compartments: Sequence[str] = ()) -> str:
    """The handle of what `namespace` calls `key`, a node of type `label`.

    What records of a compartment set state about it stands on a node of its own (its *unit*), so that walls are
    disjoint in the store and meet only in a View; `compartments` is that set, empty for what everyone may see.
    """
    return key_of("entity", namespace, label, key, *sorted(compartments))


def record_handle(source: str, role: str, key: str, compartments: Sequence[str] = ()) -> str:
    """The handle of the record that `source` keeps under `key` in files of the given role.

    The compartment set is part of it: a walled record never supersedes a less restricted one.
    """
    return key_of("record", source, role, key, *sorted(compartments))


def is_handle(text: str) -> bool:
    """Whether `text` has the form of a handle."""
    return len(text) == HANDLE_LENGTH and all(c in "0123456789abcdef" for c in text)
