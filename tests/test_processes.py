"""Real processes that are killed: what was acknowledged is kept, once, and both screens are right.

KILLS=200 kills that often on each database, INPUTS=50000 goes on until so many inputs have been
acknowledged; SEED chooses other moments.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bot.etiquette import Reminded, Turned
from bot.flows import topic, welcome
from tests.mortal import BEFORE_COMMIT, BEFORE_NOTING, PLACES
from tests.paper import digest_in, repeated
from tests.processes import PATIENCE, founded, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from tests.processes import Page, Town

pytest_plugins = ("tests.databases",)

KILLS = int(os.environ.get("KILLS", "10"))
INPUTS = int(os.environ.get("INPUTS", "1000"))
PAIRS = int(os.environ.get("PAIRS", "8"))
SEED = int(os.environ.get("SEED", "1"))
TURNS_TO = {"purpose": "purpose", "topics": "topic", "back": ""}


@pytest.fixture
async def town(database: str, tmp_path: Path) -> AsyncIterator[Town]:
    async with founded(database, tmp_path) as town:
        yield town


async def each_came_once(town: Town) -> None:
    """No card came twice. (Under one name it cannot: the table has each but once.)"""
    for user in ("ada", "ben"):
        digests = [digest_in(key) for key in await town.messages(user)]
        assert len(set(digests)) == len(digests)


# One death at each place


@pytest.mark.parametrize("place", PLACES)
async def test_a_yes_survives_the_death_of_the_web_process(town: Town, place: str) -> None:
    """Ada says yes, the process dies, and her page says it again, as pages do."""
    (invitation,) = await town.live("ada")
    yes = {"id": "yes", "kind": "press", "item": invitation["item"], "action": "accept"}
    ada = town.page("ada")

    mortal = town.web(die=place)
    await town.answers()
    await ada.posts({"user": "ada", **yes})
    assert await town.end_of(mortal) == -signal.SIGKILL
    assert len(await town.events(welcome.Accepted)) == (0 if place == BEFORE_COMMIT else 1)
    assert bool((await town.posted("ada")).claim) == (place != BEFORE_COMMIT)
    assert (await town.live("ada") == [invitation]) == (place != BEFORE_NOTING)
    assert await town.live("ben") == []

    town.passes()
    town.web()
    town.worker()
    await ada.sends(yes)
    await town.comes_to_rest()
    assert len(await town.events(welcome.Accepted)) == 1
    (card,) = await town.live("ada")
    assert "Your yes is in" in str(card["body"])
    assert len(await town.live("ben")) == 1
    await each_came_once(town)


@pytest.mark.parametrize("place", PLACES)
async def test_a_reminder_survives_the_death_of_the_worker(town: Town, place: str) -> None:
    """A week later the clock reminds Ada, once, whatever becomes of the process that does it."""
    (invitation,) = await town.live("ada")
    town.house.clock.move_to(town.house.clock.now() + timedelta(days=7))

    mortal = town.worker(die=place)
    assert await town.end_of(mortal) == -signal.SIGKILL
    assert len(await town.events(Reminded)) == (0 if place == BEFORE_COMMIT else 1)
    assert bool((await town.posted("ada")).claim) == (place != BEFORE_COMMIT)
    assert (await town.live("ada") == [invitation]) == (place != BEFORE_NOTING)

    town.passes()
    town.worker()

    async def reminded() -> bool:
        return len(await town.messages("ada")) > 1 and not await town.amiss()

    await until(reminded, "Ada has been reminded")
    assert [event.times for event in await town.events(Reminded)] == [1]
    assert len(await town.messages("ada")) == 2
    await each_came_once(town)


# Many deaths, at any place


class Visitor:
    """Somebody who keeps doing things, one after the other, until told to stop."""

    def __init__(self, page: Page, next_body: Callable[[], Any]) -> None:
        self.page = page
        self.next_body = next_body
        self.done: list[dict[str, Any]] = []
        self.stopped = False

    async def lives(self) -> None:
        while not self.stopped:
            body = await self.next_body()
            told = await self.page.sends({**body, "id": f"{self.page.user}-{len(self.done)}"})
            assert told["ok"], (body, told)
            self.done.append(body)


@dataclass
class Home:
    """A pair in its home: the one leafs through the conversation, the other proposes topics."""

    town: Town
    rng: random.Random
    before: int = 0

    def __post_init__(self) -> None:
        ada, ben = self.town.users
        self.ada = Visitor(self.town.page(ada), self.leafs_through)
        self.ben = Visitor(self.town.page(ben), self.proposes)

    async def settles(self) -> list[Visitor]:
        await self.town.both_know_their_roles()
        self.before = len((await self.town.pair()).journal)
        return [self.ada, self.ben]

    async def leafs_through(self) -> dict[str, Any]:
        return {"kind": "ask", "action": self.rng.choice(list(TURNS_TO))}

    async def proposes(self) -> dict[str, Any]:
        item = await self.town.item(self.ben.page.user, "topic")
        words = f"Idea number {len(self.ben.done)}"
        return {"kind": "submit", "item": item.key, "answers": {"own": [words]}}

    async def has_everything_once(self) -> None:
        """What was acknowledged is there, once, in order, and so is what was sent."""
        town, ada, ben = self.town, self.ada, self.ben
        await town.comes_to_rest()
        turned = [event.thread for event in await town.events(Turned, ada.page.user)]
        assert turned == [TURNS_TO[body["action"]] for body in ada.done]
        proposed = [event.own for event in await town.events(topic.Proposed, ben.page.user)]
        assert proposed == [body["answers"]["own"][0] for body in ben.done]
        assert {*ada.page.acknowledged, *ben.page.acknowledged} <= await town.deliveries()
        journal = (await town.pair()).journal
        assert len(journal) == self.before + len(ada.done) + len(ben.done)
        assert [entry.no for entry in journal] == list(range(1, len(journal) + 1))
        assert not repeated(await town.messages(ben.page.user)), "he never asks for a card again"


@pytest.mark.long
async def test_many_deaths_lose_nothing_and_repeat_nothing(database: str, tmp_path: Path) -> None:
    """In each home Ada leafs through the conversation and Ben proposes topics; all insist."""
    rng = random.Random(SEED)
    async with founded(database, tmp_path, pairs=PAIRS) as town:
        homes = [Home(town.home(no), rng) for no in range(PAIRS)]
        everyone = [visitor for home in homes for visitor in await home.settles()]
        running = {"web": town.web(), "worker": town.worker()}
        lives = [asyncio.create_task(each.lives()) for each in everyone]
        between = INPUTS // KILLS
        for n in range(KILLS):
            await more_is_acknowledged(lives, everyone, rng.randint(between // 2, between))
            await asyncio.sleep(rng.uniform(0, 0.08))  # the moment is chosen by the seed
            name = ("web", "worker")[n % 2]
            town.kills(running[name])
            running[name] = getattr(town, name)()
        done = sum(len(each.done) for each in everyone)
        await more_is_acknowledged(lives, everyone, INPUTS - done)
        for each in everyone:
            each.stopped = True
        await asyncio.gather(*lives)
        for home in homes:
            await home.has_everything_once()
        tried = sum((each.page.told for each in everyone), Counter())
        acknowledged = sum(len(each.page.acknowledged) for each in everyone)
        print(f"{KILLS} kills, {acknowledged:,} acknowledged, {dict(tried)}")


async def more_is_acknowledged(
    lives: list[asyncio.Task[None]], visitors: Sequence[Visitor], count: int
) -> None:
    """Wait until so many more inputs have been acknowledged."""
    goal = sum(len(each.done) for each in visitors) + count

    async def reached() -> bool:
        for life in lives:
            if life.done():
                life.result()
        return sum(len(each.done) for each in visitors) >= goal

    await until(reached, f"{goal} inputs are acknowledged", PATIENCE + count)
