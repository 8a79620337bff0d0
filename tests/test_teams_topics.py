"""What Teams' store forbids is kept from Teams, and from whoever has a partner there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapters import programme as files
from adapters.store import roster
from adapters.web.messenger import WebMessenger
from bot.inputs import Said
from bot.people import Account
from tests.teams_stage import WEB, House, opened, two_people

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.journal import PairId

pytest_plugins = ("tests.databases",)
ADA = Account("web", "playground", "ada")


@pytest.fixture
async def house(database: str) -> AsyncIterator[House]:
    async with opened(database, web=WebMessenger) as house:
        yield house


async def kept_back(house: House, pair: PairId) -> set[str]:
    """Return what of the catalogue neither of the two is shown."""
    two = await house.store.work(pair, lambda work: work.pair())
    return set(two.programme.topics) - set(two.topics)


async def test_a_topic_goes_with_the_first_of_the_two_at_teams_and_comes_back_with_the_last(
    house: House,
) -> None:
    """Ruling 18, through joining and moving, whatever a process remembers of the pair."""
    keys, now = house.store.keys, house.clock.now()
    pair = await house.run(lambda c: two_people(c, keys, (ADA, WEB), now))
    ben = (await house.store.work(pair, lambda work: work.pair())).reverse_mentee
    assert await kept_back(house, pair) == set()
    code = await house.run(lambda c: roster.invite(c, pair, ben.id, now))
    client = house.client("aad-ben")
    await client.says(f"join {code}")
    await house.settled()
    assert await kept_back(house, pair) == {"NN-6"}
    await house.intake.receive(WEB, Said("join"), "back")
    assert await kept_back(house, pair) == set()
    await client.says("join")
    await house.settled()
    assert await kept_back(house, pair) == {"NN-6"}


async def test_an_organisation_may_want_them_all(house: House) -> None:
    keys, now = house.store.keys, house.clock.now()
    teams = Account("teams", "tenant-of-tests", "aad-ben")
    pair = await house.run(lambda c: two_people(c, keys, (ADA, teams), now))
    assert await kept_back(house, pair) == {"NN-6"}
    wished = files.settings(files.read(files.EXAMPLE.replace('["teams"]', "[]")))
    told = {"store_rules": wished["store_rules"]}
    (kept,) = await house.run(roster.show_programmes)
    await house.run(lambda c: roster.set_programme(c, kept.id, told, now))
    assert await kept_back(house, pair) == set()
