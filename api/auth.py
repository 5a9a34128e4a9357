"""Who asks: bearer tokens, kept as hashes in a file that only its owner may touch, and their viewers."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import hmac
import json
import os
import secrets
import stat
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from graph.errors import DataError, GuanxiError, InvalidInput, NotFound, Refused

TOKEN_PREFIX = "gx_"  # noqa: S105  # marks our tokens for secret scanners; it is no secret itself


class Unauthorized(GuanxiError):  # noqa: N818  # named as its kin in graph.errors
    """No token, or one that is not (or no longer) in the token file."""


class Forbidden(GuanxiError):  # noqa: N818  # same
    """A valid token that may not do this."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody who asks. `clearance` names the compartments that may be seen; an operator sees all."""

    name: str
    clearance: frozenset[str] = frozenset()
    operator: bool = False

    @property
    def visible(self) -> frozenset[str] | None:
        """What a View wants to know: the compartments, None for everything."""
        return None if self.operator else self.clearance


OPERATOR = Viewer("operator", operator=True)
"""Who the command line is unless told otherwise."""


class Token(BaseModel):
    """One line of the token file; `hash` is the SHA-256 of a random 256-bit token, so it needs no salt."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[\w.@-]{1,64}$")
    hash: str = Field(pattern=r"^[0-9a-f]{64}$")
    clearance: tuple[str, ...] = ()
    operator: bool = False
    created: dt.date

    def viewer(self) -> Viewer:
        """The viewer that this token stands for."""
        return Viewer(self.name, frozenset(self.clearance), self.operator)


class TokenFile(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tokens: tuple[Token, ...] = ()


def read_tokens(path: Path) -> tuple[Token, ...]:
    """Every token of the file, none where there is no file.

    Raises DataError, and Refused where others may read the file.
    """
    try:
        text = path.read_text("utf-8")
        mode = path.stat().st_mode
    except FileNotFoundError:
        return ()
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise Refused(
            f"令牌文件可被他人访问 / the token file {path} is open to others (mode {stat.S_IMODE(mode):o})",
            hint=f"chmod 600 {path}",
        )
    try:
        return TokenFile.model_validate_json(text).tokens
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"]))
        raise DataError(
            f"令牌文件 {path} 无法读取 / the token file {path} is damaged at {where}: {problem['msg']}",
            hint="用 guanxi token add 重新生成 / delete it and make new tokens with `guanxi token add`",
        ) from None


def add_token(path: Path, name: str, clearance: Iterable[str] = (), *, operator: bool = False) -> str:
    """Make a token for `name` and return it: shown this once, kept as a hash only. Raises InvalidInput."""
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    try:
        token = Token(
            name=name,
            hash=_hash(secret),
            clearance=tuple(sorted(set(clearance))),
            operator=operator,
            created=dt.datetime.now(dt.UTC).date(),
        )
    except ValidationError:
        raise InvalidInput(
            "name",
            f"{name!r}：名称只能用文字、数字和 . @ _ - / only word characters and . @ _ - , up to 64",
        ) from None
    with _locked(path):
        tokens = read_tokens(path)
        if any(t.name == name for t in tokens):
            raise InvalidInput(
                "name",
                f"{name} 已有令牌 / {name} has a token already",
                hint=f"先执行 guanxi token remove {name} / remove it first with `guanxi token remove {name}`",
            )
        _write(path, (*tokens, token))
    return secret


def remove_token(path: Path, name: str) -> None:
    """Take away the token of `name`; servers notice at their next request. Raises NotFound."""
    with _locked(path):
        tokens = read_tokens(path)
        kept = tuple(t for t in tokens if t.name != name)
        if len(kept) == len(tokens):
            raise _no_token(name)
        _write(path, kept)


def viewer_named(path: Path, name: str) -> Viewer:
    """The viewer that a token of that name stands for. Raises NotFound."""
    for token in read_tokens(path):
        if token.name == name:
            return token.viewer()
    raise _no_token(name)


class TokenBook:
    """The token file as a server uses it: read again whenever it changes, safe for any number of threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._stamp: tuple[int, ...] | None = None
        self._viewers: tuple[tuple[str, Viewer], ...] = ()

    def viewer(self, authorization: str | None) -> Viewer:
        """The viewer behind an `Authorization` header. Raises Unauthorized."""
        scheme, _, secret = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not secret.strip():
            raise Unauthorized("请求需要令牌 / a bearer token is needed")
        wanted = _hash(secret.strip())
        found = None
        for known, viewer in self._current():  # every one is compared, so that time tells nothing
            if hmac.compare_digest(known, wanted):
                found = viewer
        if found is None:
            raise Unauthorized("令牌无效 / the bearer token is not valid")
        return found

    def _current(self) -> tuple[tuple[str, Viewer], ...]:
        stamp = _stamp(self._path)
        if stamp != self._stamp:
            with self._lock:
                self._viewers = tuple((t.hash, t.viewer()) for t in read_tokens(self._path))
                self._stamp = stamp
        return self._viewers


def _stamp(path: Path) -> tuple[int, ...]:
    try:
        status = path.stat()
    except FileNotFoundError:
        return ()
    return status.st_mtime_ns, status.st_size, status.st_ino


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _no_token(name: str) -> NotFound:
    return NotFound(f"没有名为 {name} 的令牌 / there is no token called {name}", hint="guanxi token list")


def _write(path: Path, tokens: tuple[Token, ...]) -> None:
    """Replace the file in one step, so that a server never reads half of it."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    body = json.dumps(TokenFile(tokens=tokens).model_dump(mode="json"), ensure_ascii=False, indent=2)
    with os.fdopen(
        os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8"
    ) as file:
        file.write(body + "\n")
    draft.replace(path)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keep two `guanxi token` commands from losing one another's change."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = path.with_name(f".{path.name}.lock")
    with lock.open("w") as file:
        if os.name == "posix":
            import fcntl  # noqa: PLC0415  # absent on other platforms

            fcntl.flock(file, fcntl.LOCK_EX)
        yield
