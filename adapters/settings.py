"""The environment, read once. What is missing is said by `turnabout doctor`, line by line."""

from __future__ import annotations

import base64
import binascii
import math
import os
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from adapters.teams.cloud import CLOUDS, PUBLIC, Cloud

if TYPE_CHECKING:
    from collections.abc import Mapping
    from urllib.parse import SplitResult

KEY_BYTES = 32
ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
PORTS = 65535  # the last one there is
SSL = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
ASKED = frozenset({"host", "port", "ssl", "prepared_statement_cache_size"})  # of PostgreSQL
DAY = 86400  # seconds, more than anybody lets a worker or a message wait
ROOT = Path(__file__).resolve().parent.parent


class SettingsError(Exception):
    """Something in the environment is missing or cannot be used. The message says what to do."""


@dataclass(frozen=True, slots=True)
class TeamsSettings:
    """What Microsoft knows this bot as. `development` asks nobody for a token, on this machine."""

    app_id: str = ""
    tenant: str = ""
    secret: str = field(default="", repr=False)
    cloud: Cloud = PUBLIC
    development: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """What this process was told. `key` is the master key, never shown in a `repr`.

    `public` is the public address, without a slash at its end; `smtp` the mail server, `sender` the
    address we write from.
    """

    database: str
    key_text: str = ""
    key_file: str = ""
    old_key_text: str = ""
    old_key_file: str = ""
    host: str = "127.0.0.1"
    port: int = 8000
    playground: bool = False
    data: Path | None = None
    lease: int = 120
    tick: float = 30.0
    metrics_port: int = 0
    metrics_token: str = ""
    smtp: str = ""
    sender: str = ""
    slack_token: str = ""
    slack_secret: str = ""
    slack_api: str = "https://slack.com/api/"
    slack_client: str = ""
    slack_client_secret: str = ""
    slack_app_token: str = ""
    public: str = ""
    teams: TeamsSettings | None = None

    @property
    def slack(self) -> bool:
        """Whether we are on Slack at all."""
        return bool(self.slack_token or self.slack_secret or self.slack_client)

    def __repr__(self) -> str:
        """Show nothing secret: a database address may hold a password."""
        return f"Settings(host={self.host!r}, port={self.port}, playground={self.playground})"

    def master_key(self) -> bytes:
        """Return the master key, 32 bytes. Raises SettingsError if it is missing or unusable."""
        return _key(
            self.key_text,
            self.key_file,
            "TURNABOUT_KEY",
            "master key",
            "No master key is set. Make one with `turnabout key`, keep a copy in a safe place, "
            "and set TURNABOUT_KEY, or TURNABOUT_KEY_FILE to a file that holds it.",
        )

    def old_master_key(self) -> bytes:
        """Return the master key that is to be left behind. Raises SettingsError as above."""
        return _key(
            self.old_key_text,
            self.old_key_file,
            "TURNABOUT_OLD_KEY",
            "old master key",
            "No old master key is set. Set TURNABOUT_OLD_KEY to the one the database was sealed "
            "with, or TURNABOUT_OLD_KEY_FILE to a file that holds it.",
        )


def read(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the environment. Raises SettingsError for a value that cannot be used."""
    env = os.environ if environment is None else environment
    if env.get("SLACK_BOT_TOKEN") and env.get("SLACK_OAUTH_CLIENT_ID"):
        raise SettingsError(
            "Set SLACK_BOT_TOKEN for one workspace, or SLACK_OAUTH_CLIENT_ID for many, not both."
        )
    return Settings(
        database=database_url(env.get("DATABASE_URL") or "sqlite:///turnabout.db"),
        key_text=env.get("TURNABOUT_KEY", ""),
        key_file=env.get("TURNABOUT_KEY_FILE", ""),
        old_key_text=env.get("TURNABOUT_OLD_KEY", ""),
        old_key_file=env.get("TURNABOUT_OLD_KEY_FILE", ""),
        host=env.get("HOST", "127.0.0.1"),
        port=_whole(env, "PORT", "8000", 0, PORTS),
        playground=_is_on(env, "TURNABOUT_PLAYGROUND"),
        data=Path(env["TURNABOUT_DATA"]) if env.get("TURNABOUT_DATA") else None,
        lease=_whole(env, "TURNABOUT_LEASE", "120", 1, DAY),
        tick=_number(env, "TURNABOUT_TICK", "30", 0.01, DAY),
        public=public_url(env.get("TURNABOUT_URL", "")),
        smtp=mail_url(env.get("SMTP_URL", "")),
        sender=sender(env.get("MAIL_FROM", "")),
        slack_token=env.get("SLACK_BOT_TOKEN", ""),
        slack_secret=env.get("SLACK_SIGNING_SECRET", ""),
        slack_client=env.get("SLACK_OAUTH_CLIENT_ID", ""),  # bolt would act on SLACK_CLIENT_ID
        slack_client_secret=env.get("SLACK_OAUTH_CLIENT_SECRET", ""),
        slack_app_token=env.get("SLACK_APP_TOKEN", ""),
        slack_api=env.get("SLACK_API_URL", "https://slack.com/api/"),
        teams=_teams(env),
        metrics_port=_whole(env, "TURNABOUT_METRICS_PORT", "0", 0, PORTS),
        metrics_token=env.get("TURNABOUT_METRICS_TOKEN", ""),
    )


def database_url(url: str) -> str:
    """Return the address with the driver we use. Raises SettingsError for what cannot be one."""
    if url.startswith("sqlite://"):
        if "?" in url:
            raise SettingsError("DATABASE_URL takes nothing after a `?` on SQLite. Leave it out.")
        return url
    for given in ("postgres://", "postgresql://", "postgresql+asyncpg://"):
        if url.startswith(given):
            return _postgres_url("postgresql+asyncpg://" + url.removeprefix(given))
    raise SettingsError("DATABASE_URL must begin with sqlite:/// or postgresql://.")


def _postgres_url(url: str) -> str:
    """Return the address as our driver reads it: what `psql` calls sslmode it calls ssl."""
    try:
        told = make_url(url)
        readable = told.port is None or 0 < told.port <= PORTS
    except (ArgumentError, ValueError):
        readable = False
    if not readable:
        raise SettingsError(
            "DATABASE_URL cannot be read. Write postgresql://user:password@host:5432/name; within "
            "a password @ is %40, / is %2F and : is %3A."
        )
    query = dict(told.query)
    mode = query.pop("sslmode", None)
    if mode is not None:
        query["ssl"] = mode
    if query.get("ssl", SSL[0]) not in SSL:
        raise SettingsError(f"sslmode in DATABASE_URL must be one of {', '.join(SSL)}.")
    strangers = sorted(set(query) - ASKED)
    if strangers:
        raise SettingsError(
            f"DATABASE_URL asks for {', '.join(strangers)}, which we do not know. Leave it out; "
            "host, port and sslmode may stand there."
        )
    return told.set(query=query).render_as_string(hide_password=False)


def public_url(url: str) -> str:
    """Return the public address without a slash at its end. Raises SettingsError."""
    told = _parts(url)
    usable = told and (told.scheme == "https" or _is_here(told)) and not told.query
    if url and not usable:
        raise SettingsError("TURNABOUT_URL must begin with https://, such as https://example.org.")
    return url.rstrip("/")


def mail_url(url: str) -> str:
    """Return the mail server's address. Raises SettingsError."""
    told = _parts(url)
    if url and not (told and told.scheme in {"smtp", "smtps"}):
        raise SettingsError("SMTP_URL must look like smtps://user:password@mail.example.org.")
    return url


def sender(address: str) -> str:
    """Return the address we write from. Raises SettingsError."""
    if address and not ADDRESS.fullmatch(address):
        raise SettingsError("MAIL_FROM must be an e-mail address, and nothing else.")
    return address


def new_key() -> str:
    """Return a new master key, as text."""
    return base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def _key(text: str, file: str, variable: str, name: str, missing: str) -> bytes:
    """Return a key from its text or from its file. Raises SettingsError, as for both at once."""
    if text and file:
        raise SettingsError(
            f"{variable} and {variable}_FILE are both set, and only one can be the {name}. "
            "Unset the other."
        )
    if file:
        path = Path(file)
        try:
            text = path.read_text(encoding="ascii", errors="replace").strip()
        except (FileNotFoundError, NotADirectoryError):
            raise SettingsError(f"There is no key file at {path}.") from None
        except OSError:
            raise SettingsError(
                f"The key file at {path} cannot be read. Let the user Turnabout runs as read it."
            ) from None
    if not text:
        raise SettingsError(missing)
    try:
        key = base64.urlsafe_b64decode(text)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise SettingsError(f"The {name} is not one that `turnabout key` made.")
    return key


def _parts(url: str) -> SplitResult | None:
    """Return the parts of an address that names a machine, and a port that is a number, if any."""
    with suppress(ValueError):
        told = urlsplit(url)
        if told.hostname and told.port != 0:
            return told
    return None


def _is_here(told: SplitResult) -> bool:
    return told.scheme == "http" and told.hostname in {"127.0.0.1", "localhost", "::1"}


def _teams(env: Mapping[str, str]) -> TeamsSettings | None:
    """Return how Teams is set up, if it is. What is set up by half is not served at all."""
    told = {name: env.get(name, "") for name in ("TEAMS_APP_ID", "TEAMS_TENANT_ID", "TEAMS_SECRET")}
    cloud = env.get("TEAMS_CLOUD") or "public"
    missing = [name for name, value in told.items() if not value]
    if _is_on(env, "TEAMS_DEVELOPMENT"):
        if len(missing) < len(told) or env.get("HOST", LOOPBACK[0]) not in LOOPBACK:
            raise SettingsError(
                "TEAMS_DEVELOPMENT lets everybody in, so it is for this machine only: "
                "HOST must be 127.0.0.1, and no app id, tenant or secret may be set."
            )
        return TeamsSettings(development=True)
    if len(missing) == len(told):
        return None
    if missing:
        raise SettingsError(f"Teams is set up by half: {', '.join(missing)} is missing.")
    if cloud not in CLOUDS:
        raise SettingsError(f"TEAMS_CLOUD must be one of {', '.join(CLOUDS)}.")
    app_id, tenant, secret = told.values()
    # Teams writes ids small, and we compare them letter by letter
    return TeamsSettings(app_id.lower(), tenant.lower(), secret, CLOUDS[cloud])


def _is_on(env: Mapping[str, str], name: str) -> bool:
    return env.get(name, "").lower() in {"1", "on", "yes", "true"}


def _number(env: Mapping[str, str], name: str, default: str, least: float, most: float) -> float:
    try:
        found = float(env.get(name) or default)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise SettingsError(f"{name} must be a number.")
    if not least <= found <= most:
        raise SettingsError(f"{name} must be a number from {least:g} to {most:g}.")
    return found


def _whole(env: Mapping[str, str], name: str, default: str, least: int, most: int) -> int:
    found = _number(env, name, default, -math.inf, math.inf)
    if not found.is_integer() or not least <= found <= most:
        raise SettingsError(f"{name} must be a whole number from {least} to {most}.")
    return int(found)
