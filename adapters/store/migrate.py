"""Bringing a database up to date: `upgrade` before anything is served, `is_current` to be sure."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from adapters.settings import ROOT, SettingsError
from adapters.store.whereabouts import reaching, unwritable

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection


def configured(url: str) -> Config:
    """Return Alembic's configuration for a database, out of `pyproject.toml`."""
    config = Config(toml_file=str(ROOT / "pyproject.toml"))
    config.attributes["url"] = url
    return config


def upgrade(url: str) -> None:
    """Bring a database up to date, and make it on SQLite.

    Raises SettingsError for one that newer code has been at, or that cannot be reached.
    """
    if told := unwritable(url):
        raise SettingsError(told)
    try:
        with reaching(url):
            _apart(lambda: command.upgrade(configured(url), "head"))
    except CommandError:
        raise SettingsError(
            "The database was brought up to date by a newer version. Leave it as it is: this "
            "version runs with it. To change it further, use the newer one."
        ) from None


def is_current(url: str) -> bool:
    """Tell whether a database is up to date, or further, which is as good (`is_new_enough`).

    Raises SettingsError where it cannot be reached.
    """
    config = configured(url)
    scripts = ScriptDirectory.from_config(config)
    found: set[str] = set()

    def look(heads: tuple[str, ...], context: object) -> list[object]:  # noqa: ARG001
        found.update(heads)
        return []

    def run() -> None:
        with EnvironmentContext(config, scripts, fn=look):
            scripts.run_env()

    with reaching(url):
        _apart(run)
    return max(found, default="") >= _head()


def is_new_enough(conn: Connection) -> bool:
    """Tell whether a database has all the tables this code knows. A newer one may have more."""
    found: str = conn.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
    return found >= _head()


@cache
def _head() -> str:
    return max(ScriptDirectory.from_config(configured("")).get_heads())


def _apart(job: Callable[[], None]) -> None:
    """Run in a thread of its own: `env.py` starts an event loop, and the caller may be in one."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(job).result()
