"""Pacing: limits are held in virtual time, a freeze is kept, and nobody waits too long."""

from __future__ import annotations

import asyncio

import pytest

from adapters.pacing import MOST, PATIENCE, Pacing, Rate, TooSoonError


class Time:
    """Time that passes only when everybody waits for it."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.sleepers: list[tuple[float, asyncio.Event]] = []

    def now(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.Event()
        self.sleepers.append((self.seconds + seconds, woken))
        await woken.wait()

    async def runs(self) -> None:
        while True:
            for _ in range(5):
                await asyncio.sleep(0)
            if not self.sleepers:
                return
            self.sleepers.sort(key=lambda sleeper: sleeper[0])
            self.seconds, woken = self.sleepers.pop(0)
            woken.set()


async def passed(time: Time, pacing: Pacing, turns: list[dict]) -> tuple[list[float], list[float]]:
    """Return when each got its turn, and for whom it would have taken how long."""
    went, sent_away = [], []

    async def one(lanes: dict) -> None:
        try:
            await pacing.turn(lanes)
            went.append(time.now())
        except TooSoonError as early:
            sent_away.append(early.wait)

    tasks = [asyncio.create_task(one(lanes)) for lanes in turns]
    await time.runs()
    await asyncio.gather(*tasks)
    return went, sent_away


async def test_one_message_a_second_in_each_chat_and_many_chats_at_once() -> None:
    """A12."""
    time = Time()
    pacing = Pacing(time.now, time.sleep)
    turns = [{("chat", n % 3): Rate(1.0)} for n in range(30)]
    went, sent_away = await passed(time, pacing, turns)
    assert sorted(went) == sorted([float(n // 3) for n in range(30)])
    assert not sent_away


async def test_two_thousand_people_never_go_over_the_workspaces_limit() -> None:
    """A12: a burst, then an even flow; whoever would wait too long comes back at a stated time."""
    time = Time()
    pacing = Pacing(time.now, time.sleep)
    rate = Rate(0.25, 150)
    turns = [{"workspace": rate, ("chat", n): Rate(1.0)} for n in range(2000)]
    went, sent_away = await passed(time, pacing, turns)
    assert len(went) == 150 + PATIENCE / 0.25
    assert len(went) + len(sent_away) == 2000
    assert max(went) <= PATIENCE
    assert min(sent_away) > PATIENCE
    for start in range(0, int(PATIENCE), 10):
        assert sum(start < moment <= start + 10 for moment in went) <= 40


async def test_a_freeze_is_kept_also_by_those_who_waited_already() -> None:
    time = Time()
    pacing = Pacing(time.now, time.sleep)
    await pacing.turn({"lane": Rate(5.0)})
    waiting = asyncio.create_task(pacing.turn({"lane": Rate(5.0)}))
    await asyncio.sleep(0)
    pacing.freeze("lane", 30)
    await time.runs()
    with pytest.raises(TooSoonError) as early:
        await waiting
    assert early.value.wait == 25
    await pacing.turn({"another": Rate(5.0)})
    assert time.now() == 5
    again = asyncio.create_task(pacing.turn({"lane": Rate(5.0)}))
    await time.runs()
    await again
    assert time.now() == 30


async def test_lanes_that_are_free_again_are_forgotten() -> None:
    time = Time()
    pacing = Pacing(time.now, time.sleep)
    for n in range(MOST):
        await pacing.turn({n: Rate(1.0)})
    time.seconds = 10
    await pacing.turn({"one more": Rate(1.0)})
    assert len(pacing._full) == 1
