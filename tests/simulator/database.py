"""The way to the database: a real SQLite, and a moment before and after each transaction.

A transaction is one step here, since SQLite has one writer at a time anyway. What the dead wrote
and committed stays; what they only meant to write is nowhere.
"""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING, Any, TypeVar, cast

from sqlalchemy import StaticPool, create_engine, event
from sqlalchemy.exc import OperationalError

from adapters.store import tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from adapters.store.keys import Keys
    from tests.simulator.process import Process

T = TypeVar("T")

OFTEN, SELDOM = 0.02, 0.002
BEFORE = 0.5  # of the failures come as a transaction begins, the others as it is committed


class Database:
    """One database for all processes of a world, and a bell that rings when it has changed."""

    def __init__(self, url: str) -> None:
        self.engine = create_engine(
            url, poolclass=StaticPool, connect_args={"isolation_level": None}
        )
        event.listen(self.engine, "connect", _hurry)
        tables.metadata.create_all(self.engine)
        self.changed = asyncio.Event()
        self._asked: dict[Callable[[Connection], Any], Any] = {}

    def opened(self, keys: Keys) -> Connection:
        return self.engine.execution_options(keys=keys).connect()

    def look(self, conn: Connection, body: Callable[[Connection], T]) -> T:
        """Run a body that changes nothing."""
        with conn.begin():
            return body(conn)

    def commit(
        self,
        conn: Connection,
        body: Callable[[Connection], T],
        failure: OperationalError | None = None,
    ) -> T:
        """Run a body in one transaction, and ring; with a failure all was for nothing."""
        with conn.begin():
            conn.exec_driver_sql("BEGIN IMMEDIATE")
            result = body(conn)
            if failure:
                raise failure
        self.ring()
        return result

    def asks(self, conn: Connection, body: Callable[[Connection], T]) -> T:
        """Run a body that changes nothing, once until something has changed."""
        if body not in self._asked:
            self._asked[body] = self.look(conn, body)
        return cast("T", self._asked[body])

    def ring(self) -> None:
        """Wake who waits for a change."""
        self._asked.clear()
        self.changed.set()
        self.changed = asyncio.Event()

    def close(self) -> None:
        self.engine.dispose()


class Way:
    """A process's way to it, as `adapters.store.routes.Route` is one."""

    def __init__(self, database: Database, keys: Keys, process: Process | None = None) -> None:
        self._database = database
        self._conn = database.opened(keys)
        self._process = process

    async def run(self, body: Callable[[Connection], T]) -> T:
        if self._process is None:  # an onlooker: takes no time and changes nothing
            return self._database.look(self._conn, body)
        await self._process.breathe()
        failure = self._failure(self._process)
        if failure and self._process.dice.random() < BEFORE:
            raise failure
        result = self._database.commit(self._conn, body, failure)
        await self._process.breathe()
        return result

    async def scrub(self) -> None:
        """Nothing lingers in memory."""

    async def close(self) -> None:
        self._conn.close()

    def _failure(self, process: Process) -> OperationalError | None:
        for code, chance in ((sqlite3.SQLITE_BUSY, OFTEN), (sqlite3.SQLITE_FULL, SELDOM)):
            if process.strikes("busy", chance):
                failed = sqlite3.OperationalError("simulated")
                failed.sqlite_errorcode = code
                return OperationalError("", {}, failed)
        return None


def _hurry(connection: sqlite3.Connection, record: object) -> None:
    """Wait for no disk: what is lost with the power is not simulated."""
    connection.execute("PRAGMA synchronous=OFF").close()
    connection.execute("PRAGMA foreign_keys=ON").close()
