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

OLD, NEW, OTHER = new_key(), new_key(), new_key()

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
    for name, told in (("DATABASE_URL", url), ("TURNABOUT_KEY", NEW), ("TURNABOUT_OLD_KEY", OTHER)):
        monkeypatch.setenv(name, told)
    assert cli.main(["key", "rotate"]) == 1
    said = capsys.readouterr().err
    assert "The old master key is not the one this database was sealed with" in said
    asyncio.run(_with(database, OLD, lambda conn, keys: keys.probe(conn)))


@pytest.mark.parametrize(
    ("env", "told"),
    [
        ({"TURNABOUT_KEY": OLD}, "The old and the new master key are the same"),
        ({"TURNABOUT_KEY_FILE": "new"}, "TURNABOUT_KEY and TURNABOUT_KEY_FILE are both set"),
        ({"TURNABOUT_OLD_KEY_FILE": "old"}, "TURNABOUT_OLD_KEY and TURNABOUT_OLD_KEY_FILE are"),
    ],
)
def test_nothing_is_said_to_be_rotated_where_the_new_key_is_not_the_one_that_counts(
    env: dict[str, str], told: str, database: str, monkeypatch, capsys
) -> None:
    """A new key in a file beside the old one in TURNABOUT_KEY would be passed over."""
    asyncio.run(_with(database, OLD, _ada))
    usual = {"TURNABOUT_KEY": NEW, "TURNABOUT_OLD_KEY": OLD}
    for name, value in ({"DATABASE_URL": database} | usual | env).items():
        monkeypatch.setenv(name, value)
    assert cli.main(["key", "rotate"]) == 1
    said = capsys.readouterr()
    assert told in said.err
    assert not said.out
    asyncio.run(_with(database, OLD, lambda conn, keys: keys.probe(conn)))


def test_the_old_key_may_stand_in_a_file(database: str, tmp_path, monkeypatch, capsys) -> None:
    asyncio.run(_with(database, OLD, _ada))
    for name, key in (("TURNABOUT_KEY", NEW), ("TURNABOUT_OLD_KEY", OLD)):
        (tmp_path / name).write_text(f"{key}\n", encoding="ascii")
        monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv(f"{name}_FILE", str(tmp_path / name))
    monkeypatch.setenv("DATABASE_URL", database.replace("+asyncpg", ""))
    assert cli.main(["key", "rotate"]) == 0
    assert capsys.readouterr().out.startswith("1 organisations go by the new master key")
    asyncio.run(_with(database, NEW, lambda conn, keys: keys.probe(conn)))


@pytest.mark.parametrize(
    ("old", "told"),
    [
        ({}, "No old master key is set. Set TURNABOUT_OLD_KEY"),
        ({"TURNABOUT_OLD_KEY": "short"}, "The old master key is not one"),
        ({"TURNABOUT_OLD_KEY_FILE": "/no/such/file"}, "There is no key file at /no/such/file."),
    ],
)
@pytest.mark.parametrize("new", [NEW, ""], ids=["a new one", "none"])
def test_without_the_old_key_it_is_the_old_one_that_is_named(
    old: dict[str, str], told: str, new: str, monkeypatch, capsys
) -> None:
    for name in ("TURNABOUT_OLD_KEY", "TURNABOUT_OLD_KEY_FILE", "TURNABOUT_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in ({"TURNABOUT_KEY": new} | old).items():
        monkeypatch.setenv(name, value)
    assert cli.main(["key", "rotate"]) == 1
    assert told in capsys.readouterr().err
