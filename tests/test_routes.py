"""The ways to a database: on SQLite what waits shares a commit; on PostgreSQL nobody waits long."""

from __future__ import annotations

import asyncio
import sqlite3
from concurrent.futures import Future
from contextlib import closing
from threading import Event
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError, OperationalError

from adapters.store import routes, sql
from adapters.store.routes import TOGETHER, PostgresRoute, SqliteRoute, may_pass

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

pytest_plugins = ("tests.databases",)


@pytest.fixture
async def route(tmp_path: Path) -> AsyncIterator[SqliteRoute]:
    route = SqliteRoute(f"sqlite:///{tmp_path}/kept.db", {})
    await route.run(lambda conn: conn.exec_driver_sql("CREATE TABLE kept (word TEXT)").close())
    yield route
    await route.close()


def keeps(word: str) -> Callable[[Connection], str]:
    def body(conn: Connection) -> str:
        conn.exec_driver_sql("INSERT INTO kept VALUES (?)", (word,)).close()
        return word

    return body


def fails(conn: Connection) -> None:
    keeps("never")(conn)
    raise LookupError("nobody")


def kept(conn: Connection) -> list[str]:
    return list(conn.exec_driver_sql("SELECT word FROM kept").scalars())


def commits_of(route: SqliteRoute) -> list[None]:
    """Return a list that gets longer with each commit."""
    seen: list[None] = []
    event.listen(route._engine, "commit", lambda conn: seen.append(None))
    return seen


async def test_what_waits_at_the_same_time_shares_a_commit(route: SqliteRoute) -> None:
    words, commits = [f"word {n}" for n in range(3 * TOGETHER)], commits_of(route)
    assert await asyncio.gather(*(route.run(keeps(word)) for word in words)) == words
    assert await route.run(kept) == words
    assert len(commits) < len(words) / 2


async def test_who_fails_fails_alone_and_everybody_else_is_kept_once(route: SqliteRoute) -> None:
    bodies = [keeps("a"), keeps("b"), fails, keeps("c")] * 5
    told = await asyncio.gather(*map(route.run, bodies), return_exceptions=True)
    assert [repr(each) for each in told[:4]] == ["'a'", "'b'", "LookupError('nobody')", "'c'"]
    assert sorted(await route.run(kept)) == sorted("abc" * 5)


async def test_nobody_is_told_before_it_is_committed(
    route: SqliteRoute, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each crowd: first the commit, then everybody's answer."""
    order: list[str] = []

    class Told(Future):
        def set_result(self, result: object) -> None:
            order.append("told")
            super().set_result(result)

    monkeypatch.setattr(routes, "Future", Told)
    event.listen(route._engine, "commit", lambda conn: order.append("committed"))
    await asyncio.gather(*(route.run(keeps(word)) for word in "abcdefgh"))
    assert order.count("told") == 8
    assert order[0] == "committed"
    assert order[-1] == "told"


async def test_whatever_goes_wrong_nobody_waits_for_ever(route: SqliteRoute) -> None:
    """What is raised may be no ordinary error, such as a panic in a library."""

    class PanicError(BaseException):
        pass

    def panics(conn: Connection) -> None:
        raise PanicError

    bodies = [keeps("a"), panics, keeps("b")]
    async with asyncio.timeout(10):
        told = await asyncio.gather(*map(route.run, bodies), return_exceptions=True)
    assert [type(each) for each in told] == [str, PanicError, str]
    assert await route.run(kept) == ["a", "b"]


async def test_a_file_that_is_held_keeps_a_crowd_waiting_once(
    route: SqliteRoute,
) -> None:
    """Nobody of a crowd is at fault, so each is told at once and may try again."""
    begun: list[str] = []
    await route.run(lambda conn: conn.exec_driver_sql("PRAGMA busy_timeout=1").close())
    event.listen(
        route._engine, "before_cursor_execute", lambda *told: begun.append(told[2]), named=False
    )
    with closing(sqlite3.connect(str(route._engine.url.database))) as other:
        other.execute("BEGIN IMMEDIATE").close()
        bodies = [keeps(f"word {n}") for n in range(8)]
        told = await asyncio.gather(*map(route.run, bodies), return_exceptions=True)
    assert all(isinstance(each, OperationalError) for each in told)
    assert begun.count("BEGIN IMMEDIATE") < len(bodies)
    assert await route.run(kept) == []


async def test_who_no_longer_waits_is_passed_over(route: SqliteRoute) -> None:
    held = Event()
    first = asyncio.create_task(route.run(lambda conn: held.wait(10)))
    await asyncio.sleep(0)
    gone, last = (asyncio.create_task(route.run(keeps(word))) for word in ("gone", "last"))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    held.set()
    await asyncio.gather(first, last)
    assert await route.run(kept) == ["last"]


async def test_what_was_told_outlives_a_power_cut_and_what_was_deleted_is_overwritten(
    route: SqliteRoute,
) -> None:
    """Each connection is asked for it, since only the journal's kind is kept in the file."""

    def asked(conn: Connection) -> list[int | str]:
        names = ("synchronous", "secure_delete", "journal_mode", "foreign_keys")
        return [conn.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in names]

    full, on = 2, 1
    assert await route.run(asked) == [full, on, "wal", on]


# On PostgreSQL


on_postgres = pytest.mark.parametrize(
    "database", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
HELD = "SELECT version_num FROM alembic_version FOR UPDATE"


def holds(conn: Connection) -> str:
    return str(conn.exec_driver_sql(HELD).scalar_one())


@on_postgres
async def test_who_waits_for_a_row_that_is_held_may_soon_try_again(database: str) -> None:
    holder, waiter = PostgresRoute(database, {}), PostgresRoute(database, {}, patience=0.1)
    async with asyncio.timeout(8), holder._engine.connect() as held, held.begin():
        await held.run_sync(holds)
        with pytest.raises(DBAPIError) as told:
            await waiter.run(holds)
    assert may_pass(told.value)
    assert await waiter.run(holds)
    await asyncio.gather(holder.close(), waiter.close())


@on_postgres
async def test_who_stands_still_in_a_transaction_lets_go_and_may_try_again(database: str) -> None:
    still, waiter = PostgresRoute(database, {}, still=0.2), PostgresRoute(database, {})
    async with asyncio.timeout(8), still._engine.connect() as held:
        await held.begin()
        await held.run_sync(holds)
        assert await waiter.run(holds), "though nobody has let go"
        with pytest.raises(DBAPIError) as told:
            await held.run_sync(holds)
    assert may_pass(told.value)
    assert await still.run(holds)
    await asyncio.gather(still.close(), waiter.close())


@on_postgres
async def test_those_who_wait_outlast_whoever_stands_still(database: str) -> None:
    def asked(conn: Connection) -> list[str]:
        names = ("lock_timeout", "idle_in_transaction_session_timeout")
        return [str(conn.exec_driver_sql(f"SHOW {name}").scalar_one()) for name in names]

    route = PostgresRoute(database, {})
    assert await route.run(asked) == ["10s", "30s"]
    assert sql.TRIES * routes.PATIENCE > routes.STILL
    await route.close()
