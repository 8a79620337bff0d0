"""The migrations: what stands in a database of any day outlives each step forth, and one back."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import JSON, MetaData, insert, inspect, select

from adapters.store.migrate import configured, upgrade
from adapters.store.routes import route_to

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import TypeVar

    from sqlalchemy import Column, Connection, Table

    T = TypeVar("T")
    Row = dict[str, Any]

pytest_plugins = ("tests.databases",)

WALKED = ScriptDirectory.from_config(configured("")).walk_revisions()
REVISIONS = [script.revision for script in WALKED][::-1]
MONDAY = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


@dataclass
class Database:
    """A database of some day: its tables are known by looking at them, not by today's code."""

    url: str

    def to(self, revision: str) -> None:
        command.upgrade(configured(self.url), revision)

    def back(self) -> None:
        command.downgrade(configured(self.url), "-1")

    def looks(self, body: Callable[[Connection], T]) -> T:
        async def looked() -> T:
            route = route_to(self.url, {})
            try:
                return await route.run(body)
            finally:
                await route.close()

        return asyncio.run(looked())

    def fill(self) -> dict[str, list[Row]]:
        """Put into each table a row in which all is said and one in which nothing is that need not.

        Everything is called after its row, so whatever a row points at is there.
        """

        def filled(conn: Connection) -> None:
            for table in tables(conn):
                told = [{c.name: value(c, n) for c in table.columns} for n in (1, 2)]
                told[1] |= {c.name: None for c in table.columns if c.nullable}
                conn.execute(insert(table), told)

        self.looks(filled)
        return self.rows()

    def rows(self) -> dict[str, list[Row]]:
        def read(conn: Connection) -> dict[str, list[Row]]:
            return {
                table.name: list(map(dict, conn.execute(by_key(table)).mappings()))
                for table in tables(conn)
            }

        return self.looks(read)

    def shape(self) -> dict[str, set[str]]:
        """Return what each table is made of: its columns, its keys and its indexes."""

        def drawn(conn: Connection) -> dict[str, set[str]]:
            seen = inspect(conn)
            keys = (seen.get_indexes, seen.get_unique_constraints, seen.get_foreign_keys)
            return {
                table.name: {
                    *(f"{c.name} {c.type} {c.nullable}" for c in table.columns),
                    *(key["name"] for asked in keys for key in asked(table.name)),
                }
                for table in tables(conn)
            }

        return self.looks(drawn)


def tables(conn: Connection) -> Iterator[Table]:
    """Yield the tables there are, those first that others point at."""
    found = MetaData()
    found.reflect(conn)
    yield from (table for table in found.sorted_tables if table.name != "alembic_version")


def by_key(table: Table) -> Any:
    return select(table).order_by(*table.primary_key)


def value(column: Column, no: int) -> object:
    """Return something for a column, the same wherever its row is pointed at."""
    if isinstance(column.type, JSON):
        return {"no": no}
    kinds = {int: no, bool: True, bytes: bytes([no]), datetime: MONDAY}
    return kinds.get(column.type.python_type, f"no {no}")


def assert_kept(database: Database, before: dict[str, list[Row]]) -> None:
    """Whatever there was stands there still, save what the tables of today have no place for.

    They may lack a table or a column, or ask for something that a row did not say.
    """

    def look(conn: Connection) -> None:
        for table in (table for table in tables(conn) if table.name in before):
            known = {name for row in before[table.name] for name in row}
            both = [c.name for c in table.columns if c.name in known]
            must = [name for name in both if not table.columns[name].nullable]
            held = [row for row in before[table.name] if all(row[n] is not None for n in must)]
            now = conn.execute(by_key(table)).mappings().all()
            assert picked(now, both) == picked(held, both), table.name
        if conn.dialect.name == "sqlite":
            assert not conn.exec_driver_sql("PRAGMA foreign_key_check").all()

    database.looks(look)


def picked(rows: Sequence[Mapping[str, Any]], names: list[str]) -> list[Row]:
    return [{name: row[name] for name in names} for row in rows]


@pytest.mark.parametrize("revision", REVISIONS)
def test_what_an_older_database_holds_is_there_when_it_is_up_to_date(
    empty_database: str, revision: str
) -> None:
    database = Database(empty_database)
    database.to(revision)
    before = database.fill()
    upgrade(empty_database)
    assert before.keys() <= database.rows().keys()
    assert_kept(database, before)


@pytest.mark.parametrize("revision", REVISIONS)
def test_who_goes_one_step_back_and_forth_again_keeps_what_the_older_tables_can_hold(
    empty_database: str, revision: str
) -> None:
    database = Database(empty_database)
    database.to(revision)
    before, shape = database.fill(), database.shape()
    database.back()
    assert_kept(database, before)
    left = database.rows()
    database.to(revision)
    assert_kept(database, left)
    assert database.shape() == shape
