"""Slack from the outside: signed requests in, the Web API out, and what people see of it.

The numbers are those of the acceptance points this platform was built to.
"""

from __future__ import annotations

import pytest

from tests.slack_world import opened

pytest_plugins = ["tests.databases"]


@pytest.fixture
async def world(database):
    async with opened(database) as world:
        await world.pair_up()
        yield world
        assert world.fake.refused == []


async def test_a_press_is_taken_answered_and_shown(world) -> None:
    assert world.ada.sees("Ben")
    answer = await world.ada.presses("Yes, I would like to")
    await world.settled()
    assert answer.status_code == 200
    print(world.fake.calls)
    assert world.ben.labels()
