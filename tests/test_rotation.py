"""The master key is rotated: what was sealed opens with the new one, and no longer with the old."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from adapters import cli
from adapters.settings import Settings, new_key
from adapters.store import installations, roster
from adapters.store.installations import Installation
from adapters.store.keys import WrongKeyError
from adapters.store.people import IDENTITY
from adapters.store.sql import SqlStore

if TYPE_CHECKING:
    from sqlalchemy import Connection

pytest_plugins = ("tests.databases",)

OLD, NEW = new_key(), new_key()

AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
INSTALLED = Installation("T1", "B1", frozenset({"chat:write"}), "xoxb-1", AT, refresh="xoxe-1")


async def _with(database: str, key: str, body):
    store = await SqlStore.open(database, Settings("", key).master_key())
    try:
        return await store.run(lambda conn: body(conn, store.keys))
    finally:
        await store.close()


def _ada(conn: Connection, keys) -> str:
    firm = roster.add_organisation(conn, keys, "Example Works")
    installations.keep(conn, keys, INSTALLED)
    return roster.add_person(conn, keys, firm, "Ada")


def test_the_master_key_is_rotated(database: str, monkeypatch, capsys) -> None:
    ada = asyncio.run(_with(database, OLD, _ada))
    url = database.replace("+asyncpg", "")
    for name, told in (("DATABASE_URL", url), ("TURNABOUT_KEY", NEW), ("TURNABOUT_OLD_KEY", OLD)):
        monkeypatch.setenv(name, told)
    assert cli.main(["key", "rotate"]) == 0
    assert capsys.readouterr().out.startswith("1 organisations go by the new master key")

    def name(conn: Connection, keys):
        sealed = conn.exec_driver_sql("SELECT sealed FROM person").scalar_one()
        return keys.open(conn, f"person:{ada}", sealed, ada, IDENTITY)["name"]

    assert asyncio.run(_with(database, NEW, name)) == "Ada"
    found = asyncio.run(_with(database, NEW, lambda c, keys: installations.find(c, keys, "T1")))
    assert found == INSTALLED
    with pytest.raises(WrongKeyError):
        asyncio.run(_with(database, OLD, name))


def test_with_a_wrong_old_key_nothing_is_rotated(database: str, monkeypatch, capsys) -> None:
    asyncio.run(_with(database, OLD, _ada))
    url = database.replace("+asyncpg", "")
    for name, told in (("DATABASE_URL", url), ("TURNABOUT_KEY", NEW), ("TURNABOUT_OLD_KEY", NEW)):
        monkeypatch.setenv(name, told)
    assert cli.main(["key", "rotate"]) == 1
    assert "not the one this database was sealed with" in capsys.readouterr().err
    asyncio.run(_with(database, OLD, lambda conn, keys: keys.probe(conn)))
