"""Ada and Ben, both on Slack: the worlds that stories on Slack begin in."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from tests.slack_world import opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.databases import Files
    from tests.slack_world import World

pytest_plugins = ("tests.databases",)

numbers = itertools.count()


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    """Ada and Ben, both on Slack, on both databases."""
    async with opened(database) as world:
        await world.pair_up()
        yield world
        assert world.fake.refused == []


@pytest.fixture
async def here(files: Files) -> AsyncIterator[World]:
    """Ada and Ben, both on Slack, on SQLite, where the database does not matter."""
    async with opened(files.new(f"here{next(numbers)}", like="migrated")) as world:
        await world.pair_up()
        yield world
        assert world.fake.refused == []
