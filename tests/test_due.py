"""What is due: each pair is taken by one worker, oldest first, and nobody holds up the others.

WORKERS=4 DUE=10000 takes that many pairs with so many workers.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from apscheduler.events import EVENT_JOB_MAX_INSTANCES
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy import insert, select

from adapters import worker
from adapters.intake import Intake
from adapters.store import deliveries, due, figures, roster, tables
from adapters.store.migrate import is_new_enough
from adapters.store.sql import SqlStore
from adapters.worker import ticking
from bot.delivery import FOREVER, Claim, Owed, Posted
from bot.people import Account
from bot.turn import Services, take_turn
from tests.paper import PaperMessenger
from tests.stage import BOOK, MONDAY

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime

    from apscheduler.events import JobSubmissionEvent
    from sqlalchemy import Connection

    from adapters.store.due import Due
    from bot.journal import PairId

pytest_plugins = ("tests.databases",)

WORKERS = int(os.environ.get("WORKERS", "4"))
DUE = int(os.environ.get("DUE", "400"))
MASTER = bytes(range(32))
LEASE = timedelta(minutes=2)


@dataclass
class Hand:
    """A clock that is moved by hand."""

    moment: datetime = MONDAY

    def now(self) -> datetime:
        return self.moment


@dataclass
class Works:
    """An organisation with programmes, and pairs in them."""

    url: str
    store: SqlStore
    programmes: dict[str, str]
    people: tuple[Any, Any]

    async def pair(self, programme: str, minutes: int) -> PairId:
        """Add a pair that is due so many minutes after Monday morning."""
        at, keys = MONDAY + timedelta(minutes=minutes), self.store.keys
        return await self.store.run(
            lambda c: roster.add_pair(c, keys, self.programmes[programme], *self.people, at)
        )

    async def take(self, most: int, minutes: float = 0, busy: tuple[str, ...] = ()) -> list[Due]:
        now = MONDAY + timedelta(minutes=minutes)
        shut = [self.programmes[name] for name in busy]
        return await self.store.run(lambda c: due.take(c, now, LEASE, most, shut))

    async def row(self, pair: PairId) -> Any:
        asked = select(tables.pair).where(tables.pair.c.id == pair)
        return await self.store.run(lambda conn: conn.execute(asked).one())

    def intake(self, clock: Hand, messenger: PaperMessenger | None = None) -> Intake:
        paper = {"paper": messenger or PaperMessenger()}
        return Intake(Services(self.store, BOOK, paper, LEASE), self.store, clock)


@pytest.fixture
async def works(database: str) -> AsyncIterator[Works]:
    store = await SqlStore.open(database, MASTER, BOOK.catalogue)

    def found(conn: Connection) -> tuple[dict[str, str], tuple[Any, Any]]:
        keys = store.keys
        firm = roster.add_organisation(conn, keys, "Example Works")
        names = ("noisy", "quiet", "calm")
        programmes = {name: roster.add_programme(conn, firm, name, {}) for name in names}
        ada = roster.add_person(conn, keys, firm, "Ada", zone="Europe/London", country="GB")
        ben = roster.add_person(conn, keys, firm, "Ben", zone="Europe/Berlin", country="DE")
        roster.add_account(conn, Account("paper", "stage", "ada"), ada, MONDAY)
        return programmes, (ada, ben)

    yield Works(database, store, *await store.run(found))
    await store.close()


async def test_who_waited_longest_comes_first(works: Works) -> None:
    later, earlier, between = [await works.pair("calm", minutes) for minutes in (3, -3, 1)]
    assert await works.take(9, minutes=-4) == []
    assert [each.pair for each in await works.take(1, minutes=2)] == [earlier]
    taken = await works.take(9, minutes=3)
    assert [each.pair for each in taken] == [between, later]
    assert [each.since for each in taken] == [MONDAY + timedelta(minutes=m) for m in (1, 3)]


async def test_what_one_worker_took_another_is_not_given(works: Works) -> None:
    pair = await works.pair("calm", 0)
    assert [each.pair for each in await works.take(9)] == [pair]
    assert await works.take(9, minutes=1) == []


async def test_when_a_worker_dies_its_lease_runs_out(works: Works) -> None:
    pair = await works.pair("calm", 0)
    await works.take(9)
    (again,) = await works.take(9, minutes=2)
    assert (again.pair, again.since, again.attempts) == (pair, MONDAY, 2)


async def test_a_noisy_programme_holds_up_nobody(works: Works) -> None:
    for minutes in range(-50, -20):
        await works.pair("noisy", minutes)
    quiet = await works.pair("quiet", -2)
    calm = await works.pair("calm", -1)
    taken = await works.take(6)
    assert {quiet, calm} < {each.pair for each in taken}
    assert len(taken) == 4, "two of the noisy one's, its share"
    (left,) = {each.programme for each in await works.take(6)}
    assert left == works.programmes["noisy"]


async def test_while_one_programme_is_being_seen_to_the_others_go_on(works: Works) -> None:
    await works.pair("noisy", -2)
    quiet = await works.pair("quiet", -1)
    assert [each.pair for each in await works.take(9, busy=("noisy",))] == [quiet]


async def test_a_turn_that_goes_well_clears_what_the_tries_left(works: Works) -> None:
    pair = await works.pair("calm", 0)
    await works.take(9)
    assert ((await works.row(pair)).due_at, (await works.row(pair)).attempts) == (MONDAY, 1)
    await works.store.work(pair, lambda work: work.wake(MONDAY + timedelta(days=1)))
    assert ((await works.row(pair)).due_at, (await works.row(pair)).attempts) == (None, 0)


async def test_a_pair_that_fails_waits_longer_each_time_and_the_others_do_not(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    poisoned, well = await works.pair("calm", -1), await works.pair("calm", 0)
    clock = Hand()
    intake = works.intake(clock)
    real, tried = intake.look_in, Counter()

    async def look_in(pair: PairId) -> None:
        tried[pair] += 1
        if pair == poisoned:
            raise ZeroDivisionError
        await real(pair)

    monkeypatch.setattr(intake, "look_in", look_in)
    assert await intake.sweep() == 2
    assert (await works.row(well)).attempts == 0
    waits = []
    for _ in range(8):
        row = await works.row(poisoned)
        waits.append((row.wake_at - clock.moment) / LEASE)
        clock.moment = row.wake_at
        await intake.sweep()
    assert waits == [1, 2, 4, 8, 16, 32, 64, 64]
    assert tried[poisoned] == 9
    assert (await works.row(poisoned)).due_at == MONDAY - timedelta(minutes=1)


async def test_a_worker_whose_lease_is_over_leaves_the_rest_to_others(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    for minutes in range(-20, 0):
        await works.pair("calm", minutes)
    clock = Hand()
    intake = works.intake(clock)
    tried: list[PairId] = []

    async def frozen(pair: PairId) -> None:
        tried.append(pair)
        clock.moment += LEASE

    monkeypatch.setattr(intake, "look_in", frozen)
    assert await intake.sweep() == 20
    assert len(tried) == 1


async def test_who_stood_still_beyond_their_lease_sends_nothing_any_more(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their turn was committed, then they stood still, and another has looked into it since."""
    await works.pair("calm", 0)

    class NoKeys(PaperMessenger):
        async def post(self, account, card, key, retire):
            return await super().post(account, card, f"{len(self.shown)} {key}", retire)

    clock, paper = Hand(), NoKeys()
    frozen, other = works.intake(clock, paper), works.intake(clock, paper)

    async def stands_still(services, incoming):
        monkeypatch.undo()
        result = await take_turn(services, incoming)
        clock.moment += LEASE
        while await other.sweep():
            pass
        return result

    monkeypatch.setattr("adapters.intake.take_turn", stands_still)
    await frozen.sweep()
    await frozen.settled()
    ((_, chat),) = paper.chats.items()
    assert len(chat) == 1


async def test_a_slow_platform_holds_up_only_its_own_programme(works: Works) -> None:
    slow, quick = await works.pair("noisy", -1), await works.pair("quiet", 5)
    begun, stuck = asyncio.Event(), asyncio.Event()

    class Slow(PaperMessenger):
        async def post(self, account, card, key, retire):
            if key.startswith(slow):
                begun.set()
                await stuck.wait()
            return await super().post(account, card, key, retire)

    clock, messenger = Hand(), Slow()
    intake = works.intake(clock, messenger)
    waiting = asyncio.create_task(intake.sweep())
    await begun.wait()
    clock.moment = MONDAY + timedelta(minutes=5)
    async with asyncio.timeout(20):  # one that waited for the slow one would wait for ever
        assert await intake.sweep() == 1
    assert (await works.row(quick)).due_at is None
    assert not waiting.done()
    stuck.set()
    assert await waiting == 1


async def test_what_a_coordinator_changes_is_due_from_then_on_and_jumps_no_queue(
    works: Works,
) -> None:
    """A pair began months ago; what is due since before a change stays so."""
    asleep, waiting = await works.pair("calm", -9999), await works.pair("calm", -1)
    later = MONDAY + timedelta(days=7)
    await works.store.work(asleep, lambda work: work.wake(later))
    keys, (ada, _) = works.store.keys, works.people
    await works.store.run(lambda c: roster.set_person(c, keys, ada, MONDAY, zone="Asia/Tokyo"))
    found = [(each.pair, each.since) for each in await works.take(9)]
    assert found == [(waiting, MONDAY - timedelta(minutes=1)), (asleep, MONDAY)]
    await works.store.work(asleep, lambda work: work.wake(None))
    calm = works.programmes["calm"]
    await works.store.run(lambda c: roster.set_programme(c, calm, {"term": 9}, later))
    assert (await works.row(asleep)).wake_at == later


async def test_a_mail_server_that_hangs_holds_up_nobody(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Letters have a job of their own, and only one at a time."""
    stuck, begun, arrived, passed_over = (asyncio.Event() for _ in range(4))
    rounds = []

    class Hangs:
        async def sweep(self) -> None:
            rounds.append(begun.set())
            await stuck.wait()

        async def look_in(self, pair: PairId) -> None:
            pass

    class Told(PaperMessenger):
        async def post(self, account, card, key, retire):
            arrived.set()
            return await super().post(account, card, key, retire)

    await works.pair("calm", 0)
    services = Services(works.store, BOOK, {"paper": Told()}, LEASE)
    intake = Intake(services, works.store, Hand(), Hangs())

    def watched(**told: str) -> AsyncIOScheduler:
        def full(event: JobSubmissionEvent) -> None:
            if scheduler.get_job(event.job_id).args == (intake.mail,):
                passed_over.set()

        scheduler = AsyncIOScheduler(**told)
        scheduler.add_listener(full, EVENT_JOB_MAX_INSTANCES)
        return scheduler

    monkeypatch.setattr(worker, "AsyncIOScheduler", watched)
    async with ticking(intake, 0.01), asyncio.timeout(20):
        for happened in (begun, arrived, passed_over):
            await happened.wait()
        first = len(rounds)
        stuck.set()
    await intake.settled()
    assert first == 1


async def test_what_was_handled_is_forgotten_after_thirty_days(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In small batches, the oldest first; what may still be brought again is known."""
    monkeypatch.setattr(deliveries, "BATCH", 3)
    pair, clock = await works.pair("calm", 0), Hand()
    handled = {f"{days} days ago": MONDAY - timedelta(days=days) for days in range(20, 41)}
    rows = [{"id": name, "pair": pair, "at": at} for name, at in handled.items()]
    await works.store.run(lambda conn: conn.execute(insert(tables.delivery), rows).close())
    await works.intake(clock).forget_deliveries()
    kept = await works.store.run(
        lambda conn: set(conn.execute(select(tables.delivery.c.id)).scalars())
    )
    assert kept == {f"{days} days ago" for days in range(20, 31)}


async def test_a_worker_forgets_what_was_handled_by_itself(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    intake, forgotten = works.intake(Hand()), asyncio.Event()

    async def forgets() -> None:
        forgotten.set()

    monkeypatch.setattr(intake, "forget_deliveries", forgets)
    async with ticking(intake, 60), asyncio.timeout(20):
        await forgotten.wait()


async def test_of_what_was_handled_a_few_go_at_a_time(works: Works) -> None:
    pair = await works.pair("calm", 0)
    rows = [{"id": f"d{n}", "pair": pair, "at": MONDAY - timedelta(days=40 + n)} for n in range(5)]
    await works.store.run(lambda conn: conn.execute(insert(tables.delivery), rows).close())

    def goes(conn: Connection) -> tuple[int, set[str]]:
        count = deliveries.let_go(conn, MONDAY, 3)
        return count, set(conn.execute(select(tables.delivery.c.id)).scalars())

    assert await works.store.run(goes) == (3, {"d0", "d1"})
    assert await works.store.run(goes) == (2, set())


async def test_many_workers_at_once_take_nothing_twice(works: Works) -> None:
    """Each as if in a process of its own, and one of them takes its time."""
    await works.store.run(many(works, DUE))
    stores = [await SqlStore.open(works.url, MASTER, BOOK.catalogue) for _ in range(WORKERS)]

    async def worker(store: SqlStore) -> list[PairId]:
        found: list[PairId] = []
        while taken := await store.run(lambda c: due.take(c, MONDAY, LEASE, 100)):
            found += [each.pair for each in taken]
        return found

    taken = Counter(pair for each in await asyncio.gather(*map(worker, stores)) for pair in each)
    for store in stores:
        await store.close()
    assert len(taken) == DUE
    assert set(taken.values()) == {1}


async def test_what_nobody_came_to_is_given_back_as_it_was(works: Works) -> None:
    """A platform hangs, and the lease is over before the last: nothing about it has failed."""
    pairs = [await works.pair("calm", minutes) for minutes in (-3, -2, -1)]
    taken = await works.take(9)
    late = await works.take(9, minutes=3)
    assert [each.pair for each in late] == pairs
    again = [replace(late[0], until=taken[0].until), late[1]]
    await works.store.run(lambda conn: due.give_back(conn, again))
    rows = [await works.row(pair) for pair in pairs]
    assert [row.attempts for row in rows] == [2, 1, 2], "another had taken the first one since"
    assert [each.pair for each in await works.take(9, minutes=3)] == [pairs[1]]
    assert (await works.row(pairs[1])).due_at == MONDAY - timedelta(minutes=2)


async def test_a_worker_whose_lease_is_over_gives_the_rest_back(works: Works) -> None:
    for minutes in range(6):
        await works.pair("calm", minutes - 6)
    clock = Hand()
    intake = works.intake(clock)

    async def slow(pair: PairId) -> None:
        clock.moment += LEASE

    intake.look_in = slow  # type: ignore[method-assign]
    await intake.sweep()
    left = await works.take(9, minutes=LEASE.total_seconds() / 60)
    assert sorted(each.attempts for each in left) == [1, 1, 1, 1, 1, 2]


async def test_a_worker_that_is_told_to_stop_finishes_what_it_has_begun() -> None:
    """A rolling restart: what was cut short on its way would be in doubt."""
    begun, over, swept = asyncio.Event(), asyncio.Event(), []

    class Busy:
        async def sweep(self) -> int:
            begun.set()
            await over.wait()
            swept.append("whole")
            return 1

        async def mail(self) -> None:
            """Nobody has letters."""

        async def forget_deliveries(self) -> None:
            """Nothing is old."""

    async with ticking(Busy(), 3600):  # type: ignore[arg-type]
        await begun.wait()
        asyncio.get_running_loop().call_soon(over.set)
    assert swept == ["whole"], "finished, and not begun anew"


async def test_a_worker_that_cannot_wait_lets_each_note_what_it_has_not_begun(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("adapters.worker.GRACE", 0)
    begun, noted = asyncio.Event(), []

    class Hangs:
        async def sweep(self) -> int:
            try:
                begun.set()
                return await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)
                noted.append("what was not begun")

        async def mail(self) -> None:
            """Nobody has letters."""

        async def forget_deliveries(self) -> None:
            """Nothing is old."""

    async with ticking(Hangs(), 3600):  # type: ignore[arg-type]
        await begun.wait()
    assert noted, "before the store is closed"


def many(works: Works, count: int) -> Callable[[Connection], None]:
    """Return what adds many due pairs to the programmes by turns, without keys or journals."""
    names = list(works.programmes.values())
    rows = [
        {
            "id": f"p{n:06}",
            "programme": names[n % len(names)],
            "reverse_mentor": works.people[0],
            "reverse_mentee": works.people[1],
            "salt": b"",
            "epoch": 0,
            "began": MONDAY,
            "wake_at": MONDAY - timedelta(seconds=n),
        }
        for n in range(count)
    ]
    return lambda conn: conn.execute(insert(tables.pair), rows).close()


async def test_who_moved_on_is_neither_unreachable_nor_in_doubt_where_they_were(
    works: Works,
) -> None:
    pair, (ada, _) = await works.pair("calm", 0), works.people
    there = Account("paper", "stage", "ada, at another desk")
    claim = Claim("key", "1", "digest", MONDAY, Owed.NOTHING)
    left = Posted("m1", "1", "digest", Owed.NOTHING, claim, FOREVER)
    await works.store.work(pair, lambda work: work.keep(ada, left))

    def stands(conn: Connection) -> tuple[int, int]:
        return figures.unreachable(conn), figures.read(conn, MONDAY).in_doubt

    def moves(conn: Connection) -> None:
        roster.add_account(conn, there, ada, MONDAY)
        roster.move(conn, there, MONDAY)

    assert await works.store.run(stands) == (1, 1)
    await works.store.run(moves)
    assert await works.store.run(stands) == (0, 0)
    assert (await works.store.work(pair, lambda work: work.posted(ada))).owed is Owed.AGAIN


async def test_how_it_stands_is_told_in_numbers(works: Works) -> None:
    pair = await works.pair("calm", -5)
    await works.pair("quiet", 5)
    for minutes in (0, 2, 6):
        await works.take(9, minutes=minutes)
    now = MONDAY + timedelta(minutes=20)
    found = await works.store.run(lambda conn: figures.read(conn, now))
    assert found.queues == {
        works.programmes["calm"]: MONDAY - timedelta(minutes=5),
        works.programmes["quiet"]: MONDAY + timedelta(minutes=5),
    }
    assert (found.age(now), found.stuck) == (25 * 60, 1)
    assert (await works.row(pair)).attempts == 3
    assert await works.store.run(figures.everybody) == (2, 1), "Ben has no account yet"
    assert await works.store.run(is_new_enough)
