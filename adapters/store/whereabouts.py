"""Which database it is, and why it cannot be used: in words for who runs it, without a password."""

from __future__ import annotations

import os
import socket
import sqlite3
import ssl
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from adapters.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator

OLD = "has no tables yet, or is not up to date. Run `turnabout db upgrade`."
# What is to be done, by PostgreSQL's own codes.
STATES = {
    "28P01": "does not take that password. Correct it in DATABASE_URL.",
    "28000": "does not let that user in. Correct the user in DATABASE_URL, or the server's pg_hba.",
    "3D000": "is not there. Make it (`createdb`), or correct the name in DATABASE_URL.",
    "42501": "does not let that user have tables. Let the user own the database.",
    "53300": "has no connection left. Raise its max_connections, or run fewer processes.",
    "57P03": "is starting or stopping just now. Try again in a moment.",
    "25006": "may only be read. Let DATABASE_URL name the one that is written to.",
    "42P01": OLD,
    "42703": OLD,
}
CODES = {
    sqlite3.SQLITE_CANTOPEN: "cannot be opened. Let Turnabout's user write in its folder.",
    sqlite3.SQLITE_READONLY: "cannot be written to. Let Turnabout's user write there.",
    sqlite3.SQLITE_CORRUPT: "is damaged. Restore it as CONTRIBUTING.md says under Running it.",
    sqlite3.SQLITE_NOTADB: "is no SQLite database. Correct DATABASE_URL, or restore a backup.",
    sqlite3.SQLITE_FULL: "finds the disk full. Make room.",
    sqlite3.SQLITE_BUSY: "is in use by another for too long. Try again.",
}


def name(url: str) -> str:
    """Return what a database is called: its file, or its name and its server."""
    file = _file(url)
    if file:
        return str(file)
    told = make_url(url)
    host = told.host or told.query.get("host") or os.environ.get("PGHOST") or "localhost"
    where = str(host) + (f":{told.port}" if told.port else "")
    which = told.database or os.environ.get("PGDATABASE")
    return f"{which} at {where}" if which else f"at {where}"


def unwritable(url: str) -> str:
    """Return what keeps a SQLite file from being made or written to, if anything does."""
    file = _file(url)
    if file is None:
        return ""
    if not os.path.isdir(file.parent):  # noqa: PTH112  # which raises nothing where we may not look
        return f"There is no folder {file.parent} (or we may not look into it). Make it first."
    for place in (file.parent, file):
        if os.path.exists(place) and not os.access(place, os.W_OK):  # noqa: PTH110  # as above
            return f"Nothing can be written to {place}. Let Turnabout's user write there."
    return ""


def missing(url: str) -> str:
    """Return what to do about a SQLite file that is not there yet: to look must not make one."""
    file = _file(url)
    if file is None or os.path.exists(file):  # noqa: PTH110  # as above
        return ""
    return (
        f"There is no database {file} yet. Run `turnabout db upgrade`, or set DATABASE_URL to the "
        "one you mean."
    )


@contextmanager
def reaching(url: str) -> Iterator[None]:
    """Raise SettingsError where a database cannot be reached: which one, why, and what to do."""
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        raise SettingsError(f"The database {name(url)} {why(error)}") from error


def why(error: Exception) -> str:
    """Return what is the matter and what to do, as the end of a sentence and perhaps another."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        return _of_sqlite(cause)
    if isinstance(cause, OSError):
        return _of_the_way(cause)
    if "root certificate" in str(cause):
        return "cannot be checked by TLS. Set PGSSLROOTCERT to the file of its authority."
    state = getattr(cause, "sqlstate", None)
    return STATES.get(state or "", f"cannot be used ({state or type(error).__name__}).")


def _of_sqlite(cause: sqlite3.Error) -> str:
    if str(cause).startswith(("no such table", "no such column")):
        return OLD
    code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    return CODES.get(code, f"cannot be used ({getattr(cause, 'sqlite_errorname', 'unknown')}).")


def _of_the_way(cause: OSError) -> str:
    match cause:
        case socket.gaierror():
            return "cannot be found: no machine is called that. Correct DATABASE_URL."
        case ssl.SSLError():
            return "cannot be trusted: set PGSSLROOTCERT to the file of its authority."
        case TimeoutError():
            return (
                "does not answer in time. See whether its server is up, and open to this machine."
            )
        case _ if "SSL" in str(cause):
            return "does not speak TLS. Correct sslmode in DATABASE_URL."
    return "does not answer. See whether its server is up, and open to this machine."


def _file(url: str) -> Path | None:
    """Return the file of a SQLite database."""
    told = make_url(url)
    kept = told.get_backend_name() == "sqlite" and told.database not in {None, "", ":memory:"}
    return Path(str(told.database)).absolute() if kept else None
