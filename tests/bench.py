"""What a turn costs, as ratios measured side by side in one run: `make bench`.

One figure a line: its name, the value, the goal, and `holds` or `short`; `info` where there is no
goal. It exits 0 either way: a figure is for reading, not for failing.
"""

from __future__ import annotations

import asyncio
import gc
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import uvicorn
from sqlalchemy import Column, Integer, MetaData, Table, insert, select, update
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from adapters import app, coordinating, programme
from adapters.coordinating import Newcomer
from adapters.prompts import dates
from adapters.settings import Settings, new_key
from adapters.store import tables
from adapters.store.migrate import upgrade
from adapters.store.sql import SqlStore
from bot import facilitator
from bot import turn as turns
from bot.flows import topic, welcome
from bot.inputs import Incoming, Pressed
from bot.turn import Services, deliver, take_turn
from tests import bench_due
from tests.databases import Server
from tests.figures import Silent, told
from tests.stage import BOOK, Stage
from tests.test_journey import both_say_yes
from tests.test_term import half_a_year

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sqlalchemy import Connection

    from bot.journal import PairId
    from bot.people import Pair
    from bot.turn import UnitOfWork

ROUNDS, TURNS = 5, 80
NOON = datetime(2026, 11, 4, 10, 0, tzinfo=UTC)


@dataclass
class Clocked:
    """A store that tells how much of a turn was spent deciding, wording, and on keeping it."""

    store: SqlStore
    inside: float = 0.0
    read: float = 0.0

    async def work(self, pair: PairId, body: Callable[[UnitOfWork], object]) -> object:
        def timed(work: UnitOfWork) -> object:
            spy = Spy(work)
            began = time.perf_counter()
            result = body(spy)  # type: ignore[arg-type]
            self.inside += time.perf_counter() - began - spy.spent
            self.read += spy.reading
            return result

        return await self.store.work(pair, timed)


@dataclass
class Spy:
    """A unit of work whose own time is taken apart from the bot's."""

    work: UnitOfWork
    spent: float = 0.0
    reading: float = 0.0

    def __getattr__(self, name: str) -> Callable[..., object]:
        method = getattr(self.work, name)

        def timed(*given: object) -> object:
            began = time.perf_counter()
            try:
                return method(*given)
            finally:
                took = time.perf_counter() - began
                self.spent += took
                self.reading += took if name in {"pair", "account", "posted"} else 0

        return timed


class Deciding:
    """Tells how long the bot took to decide, from now until it ends."""

    def __init__(self) -> None:
        self.spent = 0.0
        self.real = turns.decide
        turns.decide = self

    def __call__(self, *given: object) -> object:
        began = time.perf_counter()
        try:
            return self.real(*given)  # type: ignore[arg-type]
        finally:
            self.spent += time.perf_counter() - began

    def ends(self) -> None:
        turns.decide = self.real


@dataclass
class Bench:
    """One database with a pair in it."""

    store: SqlStore
    pair: PairId
    clocked: Clocked = field(init=False)
    services: Services = field(init=False)
    count: int = 0

    def __post_init__(self) -> None:
        self.clocked = Clocked(self.store)
        self.services = Services(self.clocked, BOOK, {"web": Silent()})  # type: ignore[arg-type]

    async def now(self) -> Pair:
        return await self.store.work(self.pair, lambda work: work.pair())

    async def grow(self, length: int) -> None:
        """Give the pair a journal of this length."""
        pair = await self.now()
        start = len(pair.journal)
        for me in pair.people:
            pair = pair.with_events((welcome.Accepted(),), me.id, NOON)
            pair = pair.with_events((welcome.Understood(right=True),), me.id, NOON)
        while len(pair.journal) < length:
            idea = topic.Proposed("CS-1", question="What do I write that sounds colder than I am?")
            pair = pair.with_events((idea,), pair.reverse_mentee.id, NOON)
            passed = topic.Passed(pair.journal[-1].no, "other")
            pair = pair.with_events((passed,), pair.reverse_mentor.id, NOON)
        await self.store.work(self.pair, lambda work: work.write(pair, pair.journal[start:]))

    async def turn(self) -> None:
        """Take one whole turn: it writes an event and changes a screen."""
        pair = await self.now()
        me = pair.reverse_mentee
        thread = ("meeting:1", "topic")[self.count % 2]
        item = next(i for i in facilitator.inbox(pair, me, NOON) if i.thread == thread)
        self.count += 1
        pressed = Incoming(f"b{self.count}", self.pair, me.id, Pressed(item.key, "open"), NOON)
        began, busy = time.perf_counter(), time.process_time()
        _, planned = await take_turn(self.services, pressed)
        await deliver(self.services, self.pair, planned, NOON)
        self.took, self.cpu = time.perf_counter() - began, time.process_time() - busy


async def prepared(url: str, key: str, length: int) -> Bench:
    """Return a bench with a fresh pair in this database, and a journal of this length."""
    store = await SqlStore.open(url, Settings(url, key).master_key(), BOOK.catalogue)

    def settle(conn: Connection) -> PairId:
        kept = coordinating.add_programme(conn, store.keys, programme.read(programme.EXAMPLE))
        ada = Newcomer("Ada", user="ada", zone="Europe/London")
        ben = Newcomer("Ben", user="ben", zone="Europe/Berlin")
        coordinating.bring_together(conn, store.keys, kept, ada, ben, NOON)
        return conn.execute(select(tables.pair.c.id)).scalar_one()

    bench = Bench(store, await store.run(settle))
    await bench.grow(length)
    return bench


async def timed(run: Callable[[], Awaitable[None]], times: int) -> float:
    gc.disable()
    began = time.perf_counter()
    for _ in range(times):
        await run()
    gc.enable()
    return (time.perf_counter() - began) / times


async def of_database(name: str, new_url: Callable[[str], str], goals: tuple[float, float]) -> None:
    """Measure turns against a bare durable commit of one row, through the same connection."""
    short = await prepared(new_url("short"), new_key(), 10)
    long = await prepared(new_url("long"), new_key(), 1000)
    row = Table("bench", MetaData(), Column("id", Integer, primary_key=True), Column("n", Integer))

    def make(conn: Connection) -> None:
        row.create(conn, checkfirst=True)
        conn.execute(insert(row).values(id=1, n=0))

    await short.store.run(make)
    bump = update(row).where(row.c.id == 1).values(n=row.c.n + 1)

    async def bare() -> None:
        await short.store.run(lambda conn: conn.execute(bump).close())

    figures: dict[str, list[float]] = {
        name: []
        for name in ("bare", "short", "long", "inside", "read", "decide", "cpu short", "cpu long")
    }
    deciding = Deciding()
    for bench in (short, long):
        await timed(bench.turn, 20)
    for _ in range(ROUNDS):
        figures["bare"].append(await timed(bare, TURNS))
        for label, bench in (("short", short), ("long", long)):
            bench.clocked.inside = bench.clocked.read = deciding.spent = 0
            took, cpu = [], []
            for _ in range(TURNS):
                await bench.turn()
                took.append(bench.took)
                cpu.append(bench.cpu)
            figures[label].append(statistics.mean(took))
            figures[f"cpu {label}"].append(statistics.mean(cpu))
            if label == "short":
                figures["inside"].append(bench.clocked.inside / TURNS)
                figures["read"].append(bench.clocked.read / TURNS)
                figures["decide"].append(deciding.spent / TURNS)
    deciding.ends()
    middle = {figure: statistics.median(values) for figure, values in figures.items()}
    base, whole, inside = middle["bare"], middle["short"], middle["inside"]
    told(
        f"{name}: CPU of a turn at 1,000 over 10 entries",
        middle["cpu long"] / middle["cpu short"],
        1.3,
    )
    told(f"{name}: persistence over a bare commit", (whole - inside) / base, goals[0])
    told(f"{name}: the whole turn over a bare commit", whole / base, goals[1])
    told(f"{name}: part, read", middle["read"] / base, None)
    told(f"{name}: part, decide", middle["decide"] / base, None)
    told(f"{name}: part, commit and note", (whole - inside - middle["read"]) / base, None)
    told(f"{name}: part, words and reconcile for both", (inside - middle["decide"]) / base, None)
    for bench in (short, long):
        await bench.store.close()


async def served(application: Starlette, port: int) -> tuple[uvicorn.Server, asyncio.Task[None]]:
    server = uvicorn.Server(uvicorn.Config(application, port=port, log_level="error"))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  # uvicorn offers no event to wait for
        await asyncio.sleep(0.01)
    return server, task


async def of_http(folder: Path) -> None:
    """Measure turns a second through HTTP in the playground, over an empty Starlette handler."""
    url = f"sqlite:///{folder / 'http.db'}"
    upgrade_in_thread = asyncio.get_running_loop().run_in_executor(None, upgrade, url)
    await upgrade_in_thread
    key = new_key()
    bench = await prepared(url, key, 10)
    settings = Settings(url, key, playground=True, data=folder)
    (folder / "clock").write_text(str((NOON - datetime.now(UTC)).total_seconds()), encoding="ascii")
    ours = app.build(settings)
    empty = Starlette(
        routes=[Route("/act", lambda request: PlainTextResponse("ok"), methods=["POST"])]
    )
    pair = await bench.now()
    keys = {
        item.thread: item.key
        for item in facilitator.inbox(pair, pair.reverse_mentee, NOON)
        if item.thread in {"topic", "meeting:1"}
    }
    await bench.store.close()
    running = [await served(ours, 8917), await served(empty, 8918)]
    figures: dict[int, list[float]] = {8917: [], 8918: []}
    for number in range(ROUNDS + 1):  # the first warms up
        for port, taken in figures.items():
            before = time.process_time()
            client = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "tests.bench",
                str(port),
                str(number),
                str(pair.id),
                keys["topic"],
                keys["meeting:1"],
            )
            assert await client.wait() == 0
            if number:
                taken.append((time.process_time() - before) / TURNS)
    told(
        "playground: turns a second and core through HTTP, of an empty handler's",
        statistics.median(figures[8918]) / statistics.median(figures[8917]),
        0.1,
        least=True,
    )
    for server, task in running:
        server.should_exit = True
        await task


def of_dates() -> None:
    """Compare reading the longest message with reading a short one: it grows with the text."""
    short, long = "tomorrow at 3pm", "please can we " * 10 + "meet tomorrow at 3pm"

    def reading(text: str) -> float:
        start = time.perf_counter()
        for _ in range(TURNS):
            dates().read(text, "en", "UTC", NOON)
        return time.perf_counter() - start

    ratios = [reading(long) / reading(short) for _ in range(ROUNDS)]
    told(f"reading a date in {len(long)} letters / in {len(short)}", statistics.median(ratios), 10)


async def of_term() -> None:
    """Compare what a turn costs at the end of a whole term with one at its very beginning.

    CPU of the whole of it but the database, which costs the same for both (`of_database`).
    """
    young, old = Stage(), Stage()
    await both_say_yes(young)
    await half_a_year(old)

    async def turns(stage: Stage) -> float:
        start = time.process_time()
        for _ in range(TURNS):
            await stage.ben.asks("tips")
            await stage.ben.asks("repair")
        return time.process_time() - start

    ratios = [await turns(old) / await turns(young) for _ in range(ROUNDS)]
    name = f"CPU of a turn after a term ({len(old.pair.journal)} entries) / at its beginning"
    told(name, statistics.median(ratios), 1.3)


def press(port: str, run: str, pair: str, *keys: str) -> None:
    """Be the browser, in a process of its own: press two buttons by turns."""
    with httpx.Client(headers={"sec-fetch-site": "same-origin"}) as client:
        for count in range(TURNS):
            body = {
                "user": "ben",
                "pair": pair,
                "kind": "press",
                "item": keys[count % 2],
                "action": "open",
                "id": f"h{run}-{count}",
            }
            answer = client.post(f"http://127.0.0.1:{port}/act", json=body)
            assert answer.status_code == 200, answer.text


def main() -> None:
    of_dates()
    asyncio.run(of_term())
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)

        def sqlite(name: str) -> str:
            url = f"sqlite:///{place / name}.db"
            upgrade(url)
            return url

        urls = {name: sqlite(name) for name in ("short", "long")}
        asyncio.run(of_database("SQLite", urls.__getitem__, (4.5, 12)))
        asyncio.run(of_http(place))
        from tests import slack_bench  # noqa: PLC0415  # it uses this module's own parts

        asyncio.run(slack_bench.measure(place))
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        server = Server(Path(folder))
        urls = {name: server.new(name) for name in ("short", "long")}
        for url in urls.values():
            upgrade(url)
        asyncio.run(of_database("PostgreSQL", urls.__getitem__, (5, 8)))
        server.stop()
    bench_due.main()


if __name__ == "__main__":
    press(*sys.argv[1:]) if len(sys.argv) > 1 else main()
