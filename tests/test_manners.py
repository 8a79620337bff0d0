"""The manners of the clock: once a day, three or four times a week, and nothing twice (9.1)."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot import facilitator
from bot.etiquette import A_WEEK, Manners, Reminded
from bot.inputs import Ticked
from tests.stage import Stage
from tests.test_journey import agree_on_a_purpose, both_say_yes, sign_a_charter

if TYPE_CHECKING:
    from datetime import datetime

    from tests.stage import Actor

URGENT = {prompt.key for prompt in facilitator.PROMPTS if prompt.urgent}


def written(stage: Stage, actor: Actor) -> list[tuple[datetime, Reminded]]:
    return [
        (entry.at, entry.event)
        for entry in stage.pair.journal
        if isinstance(entry.event, Reminded) and entry.event.who == actor.me.id
    ]


def arrivals(stage: Stage, actor: Actor) -> int:
    return len(stage.paper.chats.get(actor.account, ()))


async def test_two_who_do_nothing_hear_once_a_day_and_a_few_times_a_week() -> None:
    stage = Stage()
    await both_say_yes(stage)
    came = [arrivals(stage, actor) for actor in stage.actors()]
    await stage.days(60)
    for actor, before in zip(stage.actors(), came, strict=True):
        told = written(stage, actor)
        heads = [at for at, event in told if not event.beside]
        zone = ZoneInfo(actor.me.zone)
        assert heads, "somebody who does nothing is written to"
        assert max(Counter(at.astimezone(zone).date() for at in heads).values()) == 1
        most = A_WEEK[stage.pair.role(actor.me)]
        assert all(b - a > timedelta(days=7) for a, b in zip(heads, heads[most:], strict=False))
        assert arrivals(stage, actor) - before == len(heads), "each of them is one message"
        again = Counter((event.item, event.times) for _, event in told)
        assert max(again.values()) == 1, "nothing is said twice"


async def test_what_fell_due_on_the_same_day_is_counted_beside_the_first() -> None:
    stage = Stage()
    await both_say_yes(stage)
    await stage.days(12)
    beside = [event for _, event in written(stage, stage.ben) if event.beside]
    assert beside
    assert {event.thread for event in beside} >= {"purpose"}
    at = {at for at, event in written(stage, stage.ben) if event.beside}
    assert at <= {at for at, event in written(stage, stage.ben) if not event.beside}


async def test_who_heard_three_times_this_week_is_left_in_peace_until_it_is_over() -> None:
    """Domain.md 9.1: the reverse-mentor three times in seven days, the reverse-mentee four."""
    stage = Stage()
    await both_say_yes(stage)
    pair, ada = stage.pair, stage.ada.me
    thursday = stage.now + timedelta(days=3, hours=2)
    assert [e for e in facilitator.tick(pair, thursday).by_clock if e.who == ada.id]
    for day in range(3):
        heard = Reminded(ada.id, "something", f"something@{day} any.thing", 1)
        pair = pair.with_events((heard,), None, stage.now + timedelta(days=day, hours=1))
    assert not [e for e in facilitator.tick(pair, thursday).by_clock if e.who == ada.id]
    later = stage.now + timedelta(days=8, hours=2)
    assert [e for e in facilitator.tick(pair, later).by_clock if e.who == ada.id]


async def test_what_was_on_the_screen_when_they_acted_is_not_announced_again() -> None:
    stage = Stage()
    await both_say_yes(stage)
    await agree_on_a_purpose(stage)
    await sign_a_charter(stage)
    stage.now += timedelta(days=1, hours=1)  # booking has come up, and nobody has looked in yet
    await stage.ben.presses("Not now…")
    await stage.ben.fills(days="tomorrow")
    seen = arrivals(stage, stage.ben)
    await stage.take(Ticked(), None)
    assert arrivals(stage, stage.ben) == seen
    assert "meeting:1" not in {event.thread for _, event in written(stage, stage.ben)}


async def test_a_week_of_quiet_stands_behind_not_now(stage: Stage) -> None:
    await both_say_yes(stage)
    await stage.days(1)
    reply = await stage.ben.presses("Not now…")
    assert "Why you get this" in reply.sheet.pages[0].title
    await stage.ben.fills(days="week")
    seen = arrivals(stage, stage.ben)
    await stage.days(6)
    assert arrivals(stage, stage.ben) == seen
    assert stage.pair.fold(Manners).quiet[stage.ben.me.id] > stage.now


async def test_the_clock_looks_in_only_when_there_is_something_to_do() -> None:
    """It never wakes twice for the same thing, and never for nothing ten times over."""
    stage = Stage()
    await both_say_yes(stage)
    looked = []
    while (wake := stage.store.wake_at(stage.start.id)) and len(looked) < 60:
        looked.append(max(wake, stage.now))
        stage.now = looked[-1]
        await stage.take(Ticked(), None)
    assert all(a < b for a, b in pairwise(looked))
    assert len(looked) < 30, "two who never begin are left in peace"
