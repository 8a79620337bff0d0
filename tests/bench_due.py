"""What the clock costs and how it grows, in `make bench`; `make bench-large` at a million pairs."""

from __future__ import annotations

import asyncio
import gc
import statistics
import sys
import tempfile
import time
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import Column, Integer, MetaData, Table, func, insert, select, update

from adapters.intake import BATCH, Intake
from adapters.settings import Settings, new_key
from adapters.store import due, roster, tables
from adapters.store.migrate import upgrade
from adapters.store.sql import SqlStore
from bot.journal import PersonId
from bot.turn import Services
from tests.bulk import LATER, NOON, Bulk
from tests.databases import Server
from tests.figures import Silent, told
from tests.life import Life
from tests.stage import BOOK

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sqlalchemy import Connection

    from bot.people import Pair

SMALL, LARGE, HUGE = 10_000, 100_000, 1_000_000
ROUNDS, DUE = 2, 1000
LEASE = timedelta(seconds=120)
LIVES, MOVES = 15, 400
TIMERS = 10_000
MONTH = timedelta(days=30)


class Noon:
    """A clock that stands still."""

    def now(self):
        return NOON


def intake(store: SqlStore) -> Intake:
    """Return a worker's intake, of which only what is ours is measured."""
    return Intake(Services(store, BOOK, {"web": Silent()}, LEASE), store, Noon())


async def swept(store: SqlStore) -> int:
    """Look in on everything that is due."""
    worker, count = intake(store), 0
    while taken := await worker.sweep():
        count += taken
    return count


async def seconds(run: Callable[[], Awaitable[object]]) -> float:
    gc.collect()
    began = time.perf_counter()
    await run()
    return time.perf_counter() - began


# How it grows


async def of_growth(name: str, small: Bulk, large: Bulk) -> None:
    """Take and look in on 1,000 due pairs in a small table and in a large one, by turns."""
    stores = [await bulk.open() for bulk in (small, large)]
    taking: dict[int, list[float]] = {small.count: [], large.count: []}
    whole: dict[int, list[float]] = {small.count: [], large.count: []}
    for _ in range(ROUNDS):
        for bulk, store in zip((small, large), stores, strict=True):
            await bulk.due(store, DUE)
            took = await seconds(lambda s=store: _taken_only(s))
            await store.run(_put_back)
            handled = await seconds(lambda s=store: swept(s))
            taking[bulk.count].append(took)
            whole[bulk.count].append(handled)
    for store in stores:
        await store.close()
    for what, found in (("taking", taking), ("taking and looking in on", whole)):
        few, many = (statistics.median(found[bulk.count]) for bulk in (small, large))
        told(f"{name}: {what} 1,000 due, of {large.count:,} over {small.count:,}", many / few, 1.5)


async def _taken_only(store: SqlStore) -> None:
    while await store.run(lambda conn: due.take(conn, NOON, LEASE, BATCH)):
        pass


def _put_back(conn: Connection) -> None:
    taken = tables.pair.c.due_at.is_not(None)
    conn.execute(update(tables.pair).where(taken).values(wake_at=NOON, due_at=None, attempts=0))


# How it scales out


async def of_workers(bulk: Bulk, key: str) -> None:
    """Look in on what is due with 1, 2 and 4 processes, against bare durable commits."""
    store = await bulk.open()
    bare = await _bare(store)
    told("PostgreSQL: bare durable commits a second", bare, None, unit="")
    for count in (1, 2, 4):
        await bulk.due(store, DUE)
        took = await _with_workers(bulk.url, key, count)
        goal = 1.0 if count > 1 else None
        name = f"PostgreSQL: due pairs a second with {count} workers, of bare commits"
        told(name, DUE / took / bare, goal, least=True)
        left = await store.run(lambda conn: due.queues(conn, NOON))
        assert not left, "somebody was left out"
    await store.close()


async def _bare(store: SqlStore, times: int = 400) -> float:
    row = Table("bench", MetaData(), Column("id", Integer, primary_key=True), Column("n", Integer))

    def make(conn: Connection) -> None:
        row.create(conn, checkfirst=True)
        conn.execute(insert(row).values(id=1, n=0))

    bump = update(row).where(row.c.id == 1).values(n=row.c.n + 1)
    await store.run(make)

    async def all_of_them() -> None:
        for _ in range(times):
            await store.run(lambda conn: conn.execute(bump).close())

    await all_of_them()
    return times / await seconds(all_of_them)


async def _with_workers(url: str, key: str, count: int) -> float:
    """Return how long so many processes took, from when all of them were ready."""
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-m", "tests.bench_due", "work", url, key)
    started = [
        await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
        for _ in range(count)
    ]
    for each in started:
        await each.stdout.readline()

    async def finish() -> None:
        await asyncio.gather(*(each.communicate(b"go\n") for each in started))

    return await seconds(finish)


async def work(url: str, key: str) -> None:
    """Be a worker: say when ready, wait for the word, look in on all that is due."""
    store = await SqlStore.open(url, Settings(url, key).master_key(), BOOK.catalogue)
    print("ready", flush=True)
    sys.stdin.readline()
    await swept(store)
    await store.close()


# What it weighs


async def of_weight(name: str, url: str, key: bytes, size: Callable[[Connection], int]) -> None:
    """Write down lives as they were lived, and weigh them."""
    store = await SqlStore.open(url, key, BOOK.catalogue)
    before = await store.run(size)
    months = 0.0
    for seed in range(LIVES):
        lived = life(seed)
        await _kept(store, lived, seed)
        months += max(1.0, (lived.now - lived.pair.opening.at) / MONTH)
    weight = (await store.run(size) - before) / months
    told(f"{name}: kilobytes per pair and month of a busy life", weight / 1000, 20, unit="k")
    await store.close()


@cache
def life(seed: int) -> Life:
    """Live a life, once for both databases."""
    return Life(seed).live(MOVES)


async def _kept(store: SqlStore, lived: Life, seed: int) -> None:
    """Keep a life: its journal, and a note for everything that came in."""

    def settle(conn: Connection) -> str:
        firm = conn.execute(select(tables.organisation.c.id)).scalars().first()
        firm = firm or roster.add_organisation(conn, store.keys, "Example Works")
        shared = roster.add_programme(conn, firm, f"Programme {seed}", {})
        two = [roster.add_person(conn, store.keys, firm, name) for name in ("Ada", "Ben")]
        return str(roster.add_pair(conn, store.keys, shared, *two, NOON))

    pair = await store.run(settle)
    now: Pair = await store.work(pair, lambda unit: unit.pair())
    as_kept = dict(zip(("ada", "ben"), (str(p.id) for p in now.people), strict=True))
    for entry in lived.pair.journal[1:]:
        by = PersonId(as_kept[entry.by]) if entry.by else None
        now = now.with_events((entry.event,), by, entry.at)
    inputs = sum(1 for me, *_ in lived.told if me)

    def keep(unit) -> None:
        unit.write(now, now.journal[1:])
        for n in range(inputs):
            unit.first_time(f"slack:T0123456789:{pair}:{n:032}", NOON)

    await store.work(pair, keep)


def sqlite_size(conn: Connection) -> int:
    pages = conn.exec_driver_sql("PRAGMA page_count").scalar_one()
    return pages * conn.exec_driver_sql("PRAGMA page_size").scalar_one()


def postgres_size(conn: Connection) -> int:
    return conn.execute(select(func.pg_database_size(func.current_database()))).scalar_one()


# What APScheduler's own job store would cost


async def of_apscheduler(folder: Path) -> None:
    """Fire 1,000 of 10,000 timers as its job store does: find what is due, then remove each."""
    scheduler = BackgroundScheduler(timezone="UTC")
    kept = SQLAlchemyJobStore(f"sqlite:///{folder / 'jobs.db'}")
    scheduler.add_jobstore(kept)
    scheduler.start(paused=True)
    for n in range(TIMERS):
        at = NOON if n < DUE else LATER
        scheduler.add_job("tests.bench_due:intake", "date", ["x"], run_date=at, id=str(n))
    began = time.perf_counter()
    for job in kept.get_due_jobs(NOON):
        kept.remove_job(job.id)
    theirs = time.perf_counter() - began
    scheduler.shutdown()
    url = f"sqlite:///{folder / 'timers.db'}"
    bulk = await _fresh(url, TIMERS)
    store = await bulk.open()
    await bulk.due(store, DUE)
    ours = await seconds(lambda: _taken_only(store))
    await store.close()
    name = "SQLite: APScheduler's job store, taking 1,000 of 10,000, over ours"
    told(name, theirs / ours, 4, least=True)


async def _fresh(url: str, count: int, key: bytes | None = None) -> Bulk:
    upgrade(url)
    return await Bulk(url, key or Settings(url, new_key()).master_key(), count).made()


async def of_sqlite(folder: Path, large: int) -> None:
    pair = [await _fresh(f"sqlite:///{folder / str(n)}.db", n) for n in (SMALL, large)]
    await of_growth("SQLite", *pair)
    if large == LARGE:
        url = f"sqlite:///{folder / 'lives.db'}"
        upgrade(url)
        await of_weight("SQLite", url, bytes(32), sqlite_size)
        await of_apscheduler(folder)


async def of_postgres(server: Server, large: int) -> None:
    text = new_key()
    key = Settings("", text).master_key()
    pair = [await _fresh(server.new(f"of{n}"), n, key) for n in (SMALL, large)]
    await of_growth("PostgreSQL", *pair)
    await of_workers(pair[1], text)
    if large == LARGE:
        url = server.new("lives")
        upgrade(url)
        await of_weight("PostgreSQL", url, key, postgres_size)


def main(large: int = LARGE) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(of_sqlite(Path(folder), large))
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        server = Server(Path(folder))
        asyncio.run(of_postgres(server, large))
        server.stop()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["work", url, key]:
            asyncio.run(work(url, key))
        case ["large"]:
            main(HUGE)
        case _:
            main()
