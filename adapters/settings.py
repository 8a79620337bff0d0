"""The environment, read once. What is missing is said by `turnabout doctor`, line by line."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY_BYTES = 32
ROOT = Path(__file__).resolve().parent.parent


class SettingsError(Exception):
    """Something in the environment is missing or cannot be used. The message says what to do."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What this process was told. `key` is the master key, never shown in a `repr`."""

    database: str
    key_text: str = ""
    key_file: str = ""
    old_key_text: str = ""
    host: str = "127.0.0.1"
    port: int = 8000
    playground: bool = False
    data: Path | None = None
    lease: int = 120
    tick: float = 30.0
    metrics_port: int = 0
    metrics_token: str = ""

    def __repr__(self) -> str:
        """Show nothing secret: a database address may hold a password."""
        return f"Settings(host={self.host!r}, port={self.port}, playground={self.playground})"

    def master_key(self) -> bytes:
        """Return the master key, 32 bytes. Raises SettingsError if it is missing or unusable."""
        text = self.key_text
        if not text and self.key_file:
            path = Path(self.key_file)
            if not path.is_file():
                raise SettingsError(f"There is no key file at {path}.")
            text = path.read_text(encoding="ascii", errors="replace").strip()
        if not text:
            raise SettingsError(
                "No master key is set. Make one with `turnabout key`, keep a copy in a safe place, "
                "and set TURNABOUT_KEY, or TURNABOUT_KEY_FILE to a file that holds it."
            )
        try:
            key = base64.urlsafe_b64decode(text)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != KEY_BYTES:
            raise SettingsError("The master key is not one that `turnabout key` made.")
        return key


def read(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the environment. Raises SettingsError for a value that cannot be used."""
    env = os.environ if environment is None else environment
    return Settings(
        database=database_url(env.get("DATABASE_URL", "sqlite:///turnabout.db")),
        key_text=env.get("TURNABOUT_KEY", ""),
        key_file=env.get("TURNABOUT_KEY_FILE", ""),
        old_key_text=env.get("TURNABOUT_OLD_KEY", ""),
        host=env.get("HOST", "127.0.0.1"),
        port=int(_number(env, "PORT", "8000")),
        playground=env.get("TURNABOUT_PLAYGROUND", "").lower() in {"1", "on", "yes", "true"},
        data=Path(env["TURNABOUT_DATA"]) if env.get("TURNABOUT_DATA") else None,
        lease=int(_number(env, "TURNABOUT_LEASE", "120")),
        tick=_number(env, "TURNABOUT_TICK", "30"),
        metrics_port=int(_number(env, "TURNABOUT_METRICS_PORT", "0")),
        metrics_token=env.get("TURNABOUT_METRICS_TOKEN", ""),
    )


def database_url(url: str) -> str:
    """Return the address with the driver we use. Raises SettingsError for another database."""
    for given, ours in (
        ("postgres://", "postgresql+asyncpg://"),
        ("postgresql://", "postgresql+asyncpg://"),
        ("postgresql+asyncpg://", "postgresql+asyncpg://"),
        ("sqlite://", "sqlite://"),
    ):
        if url.startswith(given):
            return ours + url.removeprefix(given)
    raise SettingsError("DATABASE_URL must begin with sqlite:/// or postgresql://.")


def new_key() -> str:
    """Return a new master key, as text."""
    return base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def _number(env: Mapping[str, str], name: str, default: str) -> float:
    try:
        return float(env.get(name) or default)
    except ValueError:
        raise SettingsError(f"{name} must be a number.") from None
