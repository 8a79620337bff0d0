"""The way to a SQLite file: what waits at the same time shares a commit, and fails alone."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Connection, event

from adapters.store.routes import TOGETHER, SqliteRoute

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path


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


async def test_nobody_is_told_before_it_is_committed(route: SqliteRoute) -> None:
    """Each asks, as soon as it is told, what somebody else could read by then."""
    elsewhere = SqliteRoute(str(route._engine.url), {})

    async def told(word: str) -> bool:
        await route.run(keeps(word))
        return word in await elsewhere.run(kept)

    assert all(await asyncio.gather(*(told(f"word {n}") for n in range(20))))
    await elsewhere.close()
