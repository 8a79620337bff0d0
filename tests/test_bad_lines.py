"""Over a bad line nothing is doubled and, once it is good again, nothing is missing.

What counts is what the platform took, by its own books. TURNS=2000 does more, SEED chooses other
moments.
"""

from __future__ import annotations

import itertools
import os
from collections import Counter
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from adapters.teams.messenger import TeamsMessenger
from bot import cards
from bot.inputs import Asked
from tests import slack_world, teams_stage
from tests.bad_line import FATES, BadLine
from tests.fake_slack import words
from tests.stage import BOOK
from tests.test_teams import begin

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.cards import Card
    from bot.people import Account, Pair, Person
    from tests.databases import Files

pytest_plugins = ("tests.databases",)

TURNS = int(os.environ.get("TURNS", "80"))
SEED = int(os.environ.get("SEED", "1"))
LOOKS = 12  # of the clock, once the line is good again
ASKED = ("purpose", "topics", "charter", "book", "status", "back")
_numbers = itertools.count()


@pytest.fixture
async def line() -> AsyncIterator[BadLine]:
    line = BadLine(Random(SEED))
    yield line
    await line.ends()


@pytest.fixture
def database(files: Files) -> str:
    return files.new(f"line{next(_numbers)}", like="migrated")


def wanted(pair: Pair, me: Person, now: Any) -> Card:
    card = cards.card(cards.Reader.of(pair, me, now, BOOK))
    assert card
    return card


async def asks_away(intake: Any, accounts: tuple[Account, ...], dice: Random, passes: Any) -> None:
    """Ask for one thing after the other; at times the clock looks in."""
    for n in range(TURNS):
        await intake.receive(dice.choice(accounts), Asked(dice.choice(ASKED)), f"n{n}")
        await intake.settled()
        passes(dice.choice((1, 20, 150)))
        await intake.sweep()


async def looks_until_it_rests(intake: Any, passes: Any) -> None:
    for _ in range(LOOKS):
        passes(150)
        await intake.sweep()


async def test_on_slack_nothing_is_doubled_and_nothing_is_missing(
    database: str, line: BadLine
) -> None:
    async with slack_world.opened(database, line=line) as world:
        await world.pair_up()
        for person in (world.ada, world.ben):
            await person.presses("Yes, I would like to")
            await world.settled()

        def passes(seconds: int) -> None:
            world.clock.moves(seconds=seconds)
            world.patience.seconds += seconds

        line.bad = True
        await asks_away(world.intake, world.accounts, line.dice, passes)
        line.bad = False
        await looks_until_it_rests(world.intake, passes)
        await world.settled()

        assert set(line.met) >= set(FATES)
        posts = [told for method, told in world.fake.calls if method == "chat.postMessage"]
        keys = Counter(told["metadata"]["event_payload"]["key"] for told in posts)
        assert keys.most_common(1)[0][1] == 1
        pair = await world.pair()
        for person, me in zip((world.ada, world.ben), pair.people, strict=True):
            assert wanted(pair, me, world.clock.now()).title in words(person.chat[-1]["blocks"])
            posted = await world.store.work(pair.id, lambda work, me=me: work.posted(me.id))
            assert not posted.claim
            assert posted.digest == wanted(pair, me, world.clock.now()).digest


class Keeping(TeamsMessenger):
    """The messenger, and under which names it was told to post."""

    keys: list[str]

    async def post(self, account: Account, card: Card, key: str, retire: str) -> str:
        self.keys.append(key)
        return await super().post(account, card, key, retire)


async def test_on_teams_nothing_is_doubled_and_the_next_card_is_right(
    database: str, line: BadLine
) -> None:
    """Teams cannot be asked what arrived: a card in doubt is never sent again, and the next is."""
    Keeping.keys = []
    async with teams_stage.opened(database, line=line, messenger=Keeping) as house:
        ada, ben, pair_id = await begin(house)
        accounts = tuple(teams_stage.teams_account(who.user) for who in (ada, ben))

        def passes(seconds: int) -> None:
            house.clock.moment += timedelta(seconds=seconds)
            house.waits.passed += seconds

        line.bad = True
        await asks_away(house.intake, accounts, line.dice, passes)
        line.bad = False
        await looks_until_it_rests(house.intake, passes)
        for account in accounts:
            await house.intake.receive(account, Asked("status"), f"last {account.user}")
            await house.settled()

        assert set(line.met) >= set(FATES)
        posts = [a for method, _, a in house.teams.sent if method == "POST"]
        arrived = sum(activity["type"] == "message" for activity in posts)
        assert arrived <= len(set(Keeping.keys))
        pair = await house.store.work(pair_id, lambda work: work.pair())
        for client, me in zip((ada, ben), pair.people, strict=True):
            assert wanted(pair, me, house.clock.now()).title in str(client.live.card)
