"""Every setting, its default and what it does; `python -m graph.settings` prints them as a table.

Each is read from the environment, as `GUANXI_` and its name in capitals: `GUANXI_DATA_DIR`.
"""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "GUANXI_"


def user_data_dir() -> Path:
    """Where this platform keeps a user's application data: `~/.local/share/guanxi` on Linux."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "guanxi"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "guanxi"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "guanxi"


class Settings(BaseSettings):
    """All settings of the service; immutable once made."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="forbid")

    data_dir: Annotated[Path, AfterValidator(Path.expanduser)] = Field(
        default_factory=user_data_dir,
        description="Folder of everything kept on this machine: embedded store, projection, keys, tokens.",
    )

    store_uri: str = Field(
        "",
        pattern=r"^$|^(bolt|neo4j)(\+s|\+ssc)?://",
        description="Bolt address of the graph database, as `neo4j://host:7687`; empty: the embedded store.",
    )
    store_user: str = Field(
        "neo4j", description="User of the graph database; the embedded store has its own."
    )
    store_password: SecretStr = Field(SecretStr(""), description="Password of that user.")
    store_database: str = Field("", description="Database name; empty: the user's home database.")
    store_pool_size: int = Field(32, ge=1, description="Most connections that one process opens.")
    store_connect_seconds: float = Field(2.0, gt=0, description="Longest wait for a connection to open.")
    store_acquire_seconds: float = Field(10.0, gt=0, description="Longest wait for a connection of the pool.")
    store_down_seconds: float = Field(
        3.0, ge=0, description="How long a lost database is tried again before a request fails with 'down'."
    )
    store_transaction_seconds: float = Field(
        300.0, gt=0, description="Longest run of one transaction; the database ends it then."
    )
    store_retry_seconds: float = Field(
        30.0, ge=0, description="How long a write that met a conflict is tried again."
    )
    store_fetch_size: int = Field(10_000, ge=1, description="Rows that a scan asks for at a time.")

    embedded_heap: str = Field(
        "2g", pattern=r"^\d+[mg]$", description="Java heap of the embedded store, as `512m` or `2g`."
    )
    embedded_fsync: bool = Field(
        default=True,
        description="Whether the embedded store waits for the disk at each commit, so that a power cut loses "
        "nothing either; without it only a crash of a process never does.",
    )
    embedded_start_seconds: float = Field(
        60.0, gt=0, description="Longest wait for the embedded store to start."
    )
    embedded_grace_seconds: float = Field(
        2.0, ge=0, description="How long the embedded store outlives its last user."
    )

    closing_share: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Largest share of a scope's open records that a snapshot may close without being forced.",
    )

    host: str = Field("127.0.0.1", description="Address that the API listens on.")
    port: int = Field(8000, ge=0, le=65_535, description="Port that the API listens on; 0: any free one.")
    token_file: Path | None = Field(
        None, description="File of the hashed API tokens; empty: `tokens.json` in the data folder."
    )
    cursor_key: SecretStr = Field(
        SecretStr(""),
        description="Key that signs page cursors, the same for all workers; empty: kept in the data folder.",
    )
    identity_salt: SecretStr = Field(
        SecretStr(""),
        description="Salt of the hashes that stand for personal identifiers; empty: kept in the data folder. "
        "Another salt makes other hashes, so it has to be kept as long as the graph is.",
    )

    @property
    def tokens_path(self) -> Path:
        """The file of the hashed API tokens."""
        return self.token_file or self.data_dir / "tokens.json"

    def cursor_secret(self) -> str:
        """The key that signs page cursors, made on first use where none is set."""
        return self.cursor_key.get_secret_value() or kept_secret(self.data_dir / "keys" / "cursor")

    def identity_secret(self) -> str:
        """The salt of personal identifiers' hashes, made on first use where none is set."""
        return self.identity_salt.get_secret_value() or kept_secret(self.data_dir / "keys" / "identity")


def kept_secret(path: Path) -> str:
    """The secret in a file that only its owner may read; a random one is made where there is none.

    Processes that race for the first use agree on one: the file appears complete or not at all.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(32))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # another process was first: its secret holds
        finally:
            draft.unlink()
    return path.read_text().strip()


def table() -> str:
    """A markdown table of the settings: variable, default, meaning."""
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = "" if field.default_factory else field.default
        shown = default.get_secret_value() if isinstance(default, SecretStr) else default
        cell = f"`{shown}`" if shown not in ("", None) else ""
        rows.append(f"| `{PREFIX}{name.upper()}` | {cell} | {field.description} |")
    return "\n".join(rows)


if __name__ == "__main__":
    sys.stdout.write(table() + "\n")
