"""Bringing a database up to date: `upgrade` before anything is served, `is_current` to be sure."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory

from adapters.settings import ROOT


def configured(url: str) -> Config:
    """Return Alembic's configuration for a database, out of `pyproject.toml`."""
    config = Config(toml_file=str(ROOT / "pyproject.toml"))
    config.attributes["url"] = url
    return config


def upgrade(url: str) -> None:
    """Bring a database up to date. Not to be called where an event loop runs."""
    command.upgrade(configured(url), "head")


def is_current(url: str) -> bool:
    """Tell whether a database is up to date. Not to be called where an event loop runs."""
    config = configured(url)
    scripts = ScriptDirectory.from_config(config)
    found: set[str] = set()

    def look(heads: tuple[str, ...], context: object) -> list[object]:  # noqa: ARG001
        found.update(heads)
        return []

    with EnvironmentContext(config, scripts, fn=look):
        scripts.run_env()
    return found == set(scripts.get_heads())
