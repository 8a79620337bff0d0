"""Whoever says too much at once is told so, once; what came first is kept, and others are heard.

The numbers are the intake's allowance, and T-13 of the threat model; FLOOD=100000 for all of it.
"""

from __future__ import annotations

import asyncio
import os
import time

from bot.etiquette import Turned
from tests.fake_slack import words
from tests.slack_people import SlackPerson
from tests.slack_world import both_say_yes

pytest_plugins = ("tests.slack_fixtures",)

FLOOD = int(os.environ.get("FLOOD", "1000"))
AT_ONCE = 60
TOO_MUCH = "That is a lot at once."


async def entries(world) -> int:
    """Return how often Ada turned to something."""
    return sum(isinstance(entry.event, Turned) for entry in (await world.pair()).journal)


async def turns(person, count: int) -> None:
    for n in range(count):
        assert (await person.writes(("purpose", "charter")[n % 2])).status_code == 200


async def test_who_says_too_much_is_told_once_and_heard_again_in_a_minute(here) -> None:
    """And nothing that was taken before is lost."""
    await both_say_yes(here)
    here.clock.moves(hours=1)
    before = await entries(here)
    await turns(here.ada, AT_ONCE + 20)
    await here.settled()
    assert await entries(here) == before + AT_ONCE
    assert [told for told in here.ada.whispers if TOO_MUCH in told] == here.ada.whispers[-1:]
    here.clock.moves(minutes=1)
    await turns(here.ada, 30)
    await here.settled()
    assert await entries(here) == before + AT_ONCE + 30
    assert len([told for told in here.ada.whispers if TOO_MUCH in told]) == 1


async def test_nobody_else_is_held_up(here) -> None:
    await turns(here.ada, AT_ONCE + 1)
    await here.settled()
    await here.ben.commands("help")
    answer = await here.ben.commands("help")
    assert "Press the buttons" in words(answer.json()["blocks"])
    await here.settled()


async def test_a_form_that_comes_too_soon_stays_open_with_what_was_typed(here) -> None:
    """However often they were told already; a minute later it is taken as it is."""
    await both_say_yes(here)
    await here.ada.presses("Start my draft")
    await here.settled()
    await turns(here.ada, AT_ONCE + 1)
    typed = {"why": "heard", "focus": "both", "aim": "hear", "effect": "speak_up"}
    for _ in range(2):
        await here.ada.fills(**typed)
        assert TOO_MUCH in next(iter(here.ada.user.errors.values()))
    here.clock.moves(minutes=1)
    await here.ada.fills(**typed)
    await here.settled()
    assert here.ada.user.window is None


async def test_a_command_that_comes_too_soon_says_so_where_it_was_typed(here) -> None:
    await turns(here.ada, AT_ONCE)
    assert TOO_MUCH in words((await here.ada.commands("help")).json()["blocks"])
    answer = await here.ada.commands("help")
    assert (answer.status_code, answer.content) == (200, b""), "they were told"
    await here.settled()


async def test_a_flood_is_acknowledged_and_costs_no_call(here) -> None:
    """T-13: every one is 200, most at once, and Slack and the database hear of few."""
    eve = SlackPerson(here.fake, here.door, "UEVE")
    took = []

    async def floods(count: int) -> None:
        for _ in range(count):
            began = time.perf_counter()
            assert (await eve.writes("hello")).status_code == 200
            took.append(time.perf_counter() - began)

    await floods(AT_ONCE + 1)
    await here.settled()
    here.fake.calls.clear()
    runs = Runs(here.store)
    here.intake._store = runs
    await asyncio.gather(*(floods(FLOOD // 10) for _ in range(10)))
    await here.settled()
    assert (here.fake.calls, runs.count) == ([], 0)
    took.sort()
    print(f"{len(took)} at once: p50 {took[len(took) // 2] * 1000:.1f} ms, "
          f"p99 {took[int(len(took) * 0.99)] * 1000:.1f} ms")  # fmt: skip


class Runs:
    """A store that counts what it is asked."""

    def __init__(self, store) -> None:
        self.keys = store.keys
        self.count = 0
        self._store = store

    async def run(self, body):
        self.count += 1
        return await self._store.run(body)
