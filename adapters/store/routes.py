"""The ways to a database: one writer thread on SQLite, asyncpg on PostgreSQL.

Either runs the same plain functions over a Core connection, each in one durable transaction.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from sqlalchemy import Connection, create_engine, event, make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import create_async_engine

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy.exc import DBAPIError

T = TypeVar("T")

TOGETHER = 32  # bodies that may share a commit
PATIENCE = 10  # seconds to wait for another to let go: of a SQLite file, or of a PostgreSQL row
STILL = 30  # seconds a transaction on PostgreSQL may stand still; those who wait try four times
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON")
BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
SERIALIZATION, DEADLOCK, LOCK, UNIQUE = "40001", "40P01", "55P03", "23505"


class Route(Protocol):
    """A way to a database."""

    async def run(self, body: Callable[[Connection], T]) -> T:
        """Run a body in one transaction: all of it is committed, or none."""
        ...

    async def scrub(self) -> None:
        """Overwrite what was deleted: a destroyed key must not linger in a file."""
        ...

    async def close(self) -> None:
        """Let go of the database."""
        ...


def route_to(url: str, options: Mapping[str, Any]) -> Route:
    """Return the way to a database; connections carry `options`."""
    if make_url(url).get_backend_name() == "sqlite":
        return SqliteRoute(url, options)
    return PostgresRoute(url, options)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A body that waits for the thread, and where what came of it goes."""

    body: Callable[[Connection], Any]
    told: Future[Any]


class SqliteRoute:
    """One thread that owns one connection, since SQLite has one writer at a time anyway.

    What is dear is waiting for the disk, once a commit: all that waits meanwhile shares the next.
    """

    def __init__(self, url: str, options: Mapping[str, Any]) -> None:
        """Open nothing yet: the thread does, when it is first needed."""
        self._engine = create_engine(
            url,
            connect_args={"isolation_level": None, "timeout": PATIENCE},
            execution_options=dict(options),
            hide_parameters=True,
        )
        event.listen(self._engine, "connect", _prepare)
        self._thread = ThreadPoolExecutor(1, "turnabout-sqlite")
        self._conn: Connection | None = None
        self._waiting: deque[Waiting] = deque()

    async def run(self, body: Callable[[Connection], T]) -> T:
        """Run a body in one transaction, in the thread."""
        waiting = Waiting(body, Future())
        self._waiting.append(waiting)
        self._thread.submit(self._run_what_waits)
        return cast("T", await asyncio.wrap_future(waiting.told))

    async def scrub(self) -> None:
        """Move everything out of the log and empty it: deleted bytes are zeroes in the file."""
        await self._in_thread(self._scrub)

    async def close(self) -> None:
        """Close the connection in the thread that opened it, then end the thread."""
        await self._in_thread(self._close)
        self._thread.shutdown()

    async def _in_thread(self, job: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, job)

    def _run_what_waits(self) -> None:
        """Run all that waits in one transaction; if anything of it fails, each in its own."""
        crowd = [self._waiting.popleft() for _ in range(min(len(self._waiting), TOGETHER))]
        crowd = [each for each in crowd if each.told.set_running_or_notify_cancel()]
        if crowd and not self._run(crowd):
            for each in crowd:
                self._run([each])

    def _run(self, crowd: list[Waiting]) -> bool:
        """Run these in one transaction, and tell each what came of it.

        False where one of several may be at fault: all was undone, and nobody has been told yet.
        """
        begun = False
        try:
            conn = self._connection()
            with conn.begin():
                conn.exec_driver_sql("BEGIN IMMEDIATE")
                begun = True
                found = [each.body(conn) for each in crowd]
        except BaseException as error:  # noqa: BLE001  # whatever it is, somebody waits for it
            if begun and len(crowd) > 1:
                return False
            for each in crowd:
                each.told.set_exception(error)
        else:
            for each, result in zip(crowd, found, strict=True):
                each.told.set_result(result)
        return True

    def _connection(self) -> Connection:
        if self._conn is None:
            self._conn = self._engine.connect()
        return self._conn

    def _scrub(self) -> None:
        conn, empty = self._connection(), "PRAGMA wal_checkpoint(TRUNCATE)"
        in_use = conn.exec_driver_sql(empty).scalar_one()
        conn.commit()
        if in_use:  # it says so in a row, and the log is as it was
            busy = sqlite3.OperationalError("the log is in use")
            busy.sqlite_errorcode = sqlite3.SQLITE_BUSY
            raise OperationalError(empty, {}, busy)

    def _close(self) -> None:
        if self._conn is not None:
            self._conn.close()
        self._engine.dispose()


class PostgresRoute:
    """As many connections as there are turns at once, within reason."""

    def __init__(
        self,
        url: str,
        options: Mapping[str, Any],
        patience: float = PATIENCE,
        still: float = STILL,
    ) -> None:
        """Open nothing yet.

        Who stands still in a transaction, with its process, lets go of what it holds after a while,
        as the server would otherwise notice only when the line is given up.
        """
        limits = {"lock_timeout": patience, "idle_in_transaction_session_timeout": still}
        told = {name: f"{seconds * 1000:.0f}ms" for name, seconds in limits.items()}
        self._engine = create_async_engine(
            url,
            connect_args={"server_settings": told},
            execution_options=dict(options),
            hide_parameters=True,
            pool_size=10,
        )

    async def run(self, body: Callable[[Connection], T]) -> T:
        """Run a body in one transaction."""
        async with self._engine.connect() as conn, conn.begin():
            return await conn.run_sync(body)

    async def scrub(self) -> None:
        """Rewrite the small table of keys: otherwise its dead rows stay for as long as they may."""
        async with self._engine.connect() as conn:
            alone = await conn.execution_options(isolation_level="AUTOCOMMIT")
            await alone.exec_driver_sql("VACUUM FULL data_key")

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()


def may_pass(error: DBAPIError) -> bool:
    """Tell whether a transaction that failed so may go well the next time.

    Of a connection that broke at a statement nothing was committed; if it broke at the commit
    itself nobody knows, and it is for whoever asked to ask again.
    """
    cause = error.orig
    if error.connection_invalidated and error.statement:
        return True
    if isinstance(cause, sqlite3.IntegrityError):
        return "entry.pair, entry.no" in str(cause)
    if isinstance(cause, sqlite3.Error):
        return cause.sqlite_errorcode & 0xFF in BUSY
    state = getattr(cause, "sqlstate", None)
    return state in {SERIALIZATION, DEADLOCK, LOCK} or (
        state == UNIQUE and '"pk_entry"' in str(cause)
    )


def _prepare(connection: sqlite3.Connection, record: object) -> None:  # noqa: ARG001
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}").close()
