"""What goes wrong around us: the database goes away, the disk is full, the clock is stepped.

Nobody gets an error, nothing is half done, and what was said again is done once.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import make_url

from adapters.store import routes
from bot.etiquette import Turned
from bot.flows import welcome
from bot.inputs import Asked, Pressed
from bot.turn import Reply
from tests.paper import PaperMessenger, repeated
from tests.playground import opened, settled_in
from tests.processes import founded, free_port
from tests.stage import MONDAY
from tests.test_due import Hand, Works, works
from tests.test_processes import Visitor, more_is_acknowledged

if TYPE_CHECKING:
    from pathlib import Path

    from bot.people import Account
    from tests.databases import Server

pytest_plugins = ("tests.databases",)

assert works, "the fixture is used by its name"

INPUTS = int(os.environ.get("INPUTS", "30"))
FULL = 400
NOT_NOW = "did not go through"
MONTH = timedelta(days=30)


# The database goes away


@pytest.mark.postgres
async def test_the_database_crashes_and_comes_back(server: Server, tmp_path: Path) -> None:
    """Ada insists while it is away; the processes stay, and say that they are not ready."""
    async with founded(server.new("crash", like="migrated"), tmp_path) as town:
        (invitation,) = await town.live("ada")
        town.web()
        town.worker()
        await town.answers()
        await town.works()
        at = f"http://127.0.0.1:{town.port}"
        assert (await town.http.get(f"{at}/readyz")).status_code == 200

        server.crash()
        ada = town.page("ada")
        yes = {"id": "yes", "kind": "press", "item": invitation["item"], "action": "accept"}
        assert await ada.posts({"user": "ada", **yes}) is None
        assert (await town.http.get(f"{at}/readyz")).status_code == 503
        assert (await town.http.get(f"{at}/healthz")).status_code == 200
        insisting = asyncio.create_task(ada.sends(yes))
        server.starts()
        await insisting

        await town.comes_to_rest()
        assert len(await town.events(welcome.Accepted)) == 1
        assert len(await town.messages("ada")) == len(await town.messages("ben")) == 1
        assert (await town.http.get(f"{at}/readyz")).status_code == 200
        assert all(process.poll() is None for process in town.started)
        assert set(ada.told) <= {"200", "again", "500"}


@pytest.fixture
def settings(tmp_path):
    return settled_in(tmp_path)


async def test_another_writer_holds_the_file_for_longer_than_we_are_patient(
    settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "PATIENCE", 0.01)
    async with opened(settings) as playground:
        ada, accept = await _button(playground, "mentor", "accept")
        intake = playground.house.intake
        with closing(sqlite3.connect(make_url(settings.database).database)) as other:
            other.execute("BEGIN IMMEDIATE").close()
            reply = await intake.receive(ada, accept, "yes")
            assert (NOT_NOW in reply.notice, reply.taken) == (True, False)
        assert (await intake.receive(ada, accept, "yes")).notice == ""
        assert (await intake.receive(ada, accept, "yes")).repeat
        await intake.settled()


async def test_a_full_disk_takes_nothing_and_breaks_nothing(settings) -> None:
    """Ada goes to and fro until there is no room, and once more when there is."""
    async with opened(settings) as playground:
        intake = playground.house.intake
        for action in ("accept", "mentee_learns"):
            for who in ("mentor", "mentee"):
                at, press = await _button(playground, who, action)
                await intake.receive(at, press, f"{who}:{action}")
                await intake.settled()
        ada, _ = await _button(playground, "mentor", "open")
        await _room_for(playground, pages=1)
        count, reply = 0, Reply()
        while reply.taken and count < FULL:
            count += 1
            asked = Asked(("purpose", "topics")[count % 2]), f"n{count}"
            reply = await intake.receive(ada, *asked)
            await intake.settled()
        assert NOT_NOW in reply.notice, "the disk was full at last"
        before = (await playground.pair()).journal
        await _room_for(playground, pages=1_000_000)
        assert (await intake.receive(ada, *asked)).taken
        await intake.settled()
        journal = (await playground.pair()).journal
        assert len(journal) == len(before) + 1
        assert [entry.no for entry in journal] == list(range(1, len(before) + 2))
        live = await playground.house.web.messages(ada)
        assert sum(message.live for message in live) == 1


async def _room_for(playground, pages: int) -> None:
    """Let the file have so many pages; it keeps those it has."""
    pragma = f"PRAGMA max_page_count={pages}"
    await playground.house.store.run(lambda conn: conn.exec_driver_sql(pragma).close())


async def _button(playground, who: str, action: str) -> tuple[Account, Pressed]:
    """Return where one of the two is, and a button of their live card."""
    pair = await playground.pair()
    me = pair.reverse_mentor if who == "mentor" else pair.reverse_mentee
    account = await playground.house.store.work(pair.id, lambda work: work.account(me.id))
    (card,) = [m.content for m in await playground.house.web.messages(account) if m.live]
    return account, Pressed(card["item"], action)


# The clock is stepped


@pytest.mark.parametrize("step", [-MONTH, -timedelta(hours=1), timedelta(hours=1), MONTH])
async def test_a_stepped_clock_says_nothing_twice(works: Works, step: timedelta) -> None:
    """It is stepped between a look-in and the next; then it goes on from there."""
    pair = await works.pair("calm", 0)
    clock, paper = Hand(), PaperMessenger()
    intake = works.intake(clock, paper)
    assert await intake.sweep() == 1
    for moment in (MONDAY + step, MONDAY + max(step, timedelta(0)) + timedelta(days=8)):
        clock.moment = moment
        for _ in range(3):
            await intake.sweep()
            await intake.look_in(pair)  # though nothing may be due
    (chat,) = paper.chats.values()
    assert sum(message.live for message in chat) == 1
    assert not repeated([message.key for message in chat])
    journal = (await works.store.work(pair, lambda work: work.pair())).journal
    reminders = Counter(repr(e.event) for e in journal if type(e.event).__name__ == "Reminded")
    assert set(reminders.values()) <= {1}
    assert (await works.row(pair)).due_at is None


async def test_who_acts_after_the_clock_went_back_is_heard(works: Works) -> None:
    pair = await works.pair("calm", 0)
    clock, paper = Hand(), PaperMessenger()
    intake = works.intake(clock, paper)
    await intake.sweep()
    ((account, chat),) = paper.chats.items()
    clock.moment -= timedelta(hours=3)
    button = next(b for b in chat[-1].card.buttons if b.action == "accept")
    reply = await intake.receive(account, Pressed(button.item, button.action), "yes")
    await intake.settled()
    assert reply.taken
    journal = (await works.store.work(pair, lambda work: work.pair())).journal
    assert [type(entry.event).__name__ for entry in journal][-1] == "Accepted"


# A new version is rolled out


async def test_two_web_processes_are_replaced_while_both_are_used(
    database: str, tmp_path: Path
) -> None:
    """First the one, then the other, politely; INPUTS=5000 for a longer day."""
    async with founded(database, tmp_path, lease=120) as town:
        await town.both_know_their_roles()
        ports = [town.port, free_port()]
        webs = [town.web(port=port) for port in ports]
        for port in ports:
            await town.answers(port)

        def leafs(n: int):
            async def body():
                return {"kind": "ask", "action": ("purpose", "topics")[n % 2]}

            return body

        two = [Visitor(town.page(u, ports[n]), leafs(n)) for n, u in enumerate(("ada", "ben"))]
        lives = [asyncio.create_task(each.lives()) for each in two]
        for n, port in enumerate(ports):
            await more_is_acknowledged(lives, tuple(two), INPUTS)
            webs[n].terminate()
            await town.end_of(webs[n])
            webs[n] = town.web(port=port)
            await town.answers(port)
        await more_is_acknowledged(lives, tuple(two), INPUTS)
        for each in two:
            each.stopped = True
        await asyncio.gather(*lives)
        town.worker()
        await town.comes_to_rest()
        for each in two:
            assert len(await town.events(Turned, each.page.user)) == len(each.done)
            assert set(each.page.told) <= {"200", "died"}
        done = {name for each in two for name in each.page.acknowledged}
        assert done <= await town.deliveries()
