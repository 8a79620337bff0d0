"""Coming in, and moving from one platform to another: one is reached where one came to last."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from adapters.store import roster
from bot.inputs import Said
from bot.people import Account
from tests import slack_world
from tests.slack_people import SlackPerson, buttons
from tests.stage import BOOK

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.journal import PersonId
    from tests.slack_world import World

pytest_plugins = ("tests.databases",)

BEN = Account("web", "playground", "ben")
NIGHT = {"hours": 14}


class Moving:
    """Ben, who is in the playground, and has come to Slack as well."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.here = SlackPerson(world.fake, world.door, "UBENTOO", tz="Europe/Berlin")

    async def code(self, who: str = "ben") -> str:
        pair = await self.world.pair()
        person: PersonId = {
            "ben": pair.reverse_mentee.id,
            "ada": pair.reverse_mentor.id,
        }[who]
        now = self.world.clock.now()
        return await self.world.store.run(lambda c: roster.invite(c, pair.id, person, now))

    async def in_playground(self) -> list[dict[str, Any]]:
        """Return the cards in the playground, the oldest first; only a live one has buttons."""
        web: Any = self.world.messengers["web"]
        return [{"live": m.live, "title": m.content["title"]} for m in await web.messages(BEN)]

    async def says_there(self, text: str) -> str:
        reply = await self.world.intake.receive(BEN, Said(text), f"web:{text}:{id(text)}")
        await self.world.settled()
        return str(reply.notice)

    async def says_here(self, text: str) -> None:
        await self.here.writes(text)
        await self.world.settled()

    async def accepts(self) -> None:
        await self.here.presses(self.here.labels()[0])
        await self.world.settled()

    def live_here(self) -> list[bool]:
        """Tell of each message on Slack whether it has buttons."""
        return [bool(buttons(message["blocks"])) for message in self.here.chat]


@asynccontextmanager
async def moving(database: str) -> AsyncIterator[Moving]:
    async with slack_world.opened(database) as world:
        await world.pair_up(ben_on="web")
        await world.settled()
        await world.ada.presses(world.ada.labels()[0])
        await world.settled()
        ben = Moving(world)
        assert [card["live"] for card in await ben.in_playground()] == [True]
        yield ben


async def test_who_joins_elsewhere_moves_there_with_the_card_they_have(database: str) -> None:
    async with moving(database) as ben:
        (there,) = await ben.in_playground()
        await ben.says_here(f"join {await ben.code()}")
        assert ben.here.sees(there["title"])
        assert ben.live_here() == [True]


async def test_who_comes_at_night_is_answered_at_once(database: str) -> None:
    """They came by themselves: nobody is woken."""
    async with moving(database) as ben:
        ben.world.clock.moves(**NIGHT)
        await ben.says_here(f"join {await ben.code()}")
        assert ben.live_here()[-1]


async def test_one_word_moves_back_to_where_one_is_known(database: str) -> None:
    """What has moved on meanwhile arrives there, and what stood there loses its buttons."""
    async with moving(database) as ben:
        await ben.says_here(f"join {await ben.code()}")
        await ben.accepts()
        assert len(await ben.in_playground()) == 1
        assert await ben.says_there("join") == notice("joined")
        assert [card["live"] for card in await ben.in_playground()] == [False, True]
        await ben.says_here("JOIN")
        assert ben.live_here()[-1]
        await ben.says_here("status")
        assert len(await ben.in_playground()) == 2


async def test_who_moves_back_before_anything_has_happened_finds_their_card(database: str) -> None:
    async with moving(database) as ben:
        await ben.says_here(f"join {await ben.code()}")
        await ben.says_there("join")
        assert [card["live"] for card in await ben.in_playground()] == [False, True]


async def test_who_joins_twice_has_one_live_card(database: str) -> None:
    async with moving(database) as ben:
        code = await ben.code()
        for _ in range(2):
            await ben.says_here(f"join {code}")
        assert ben.live_here().count(True) == 1
        assert ben.live_here()[-1]


async def test_somebody_elses_code_moves_nobody(database: str) -> None:
    async with moving(database) as ben:
        code = await ben.code("ada")
        assert await ben.says_there(f"join {code}") == notice("code_other")
        (card,) = await ben.in_playground()
        assert card["live"]


@pytest.mark.parametrize("text", ["join", "Join "])
async def test_a_stranger_is_told_how_to_come_in(database: str, text: str) -> None:
    async with moving(database) as ben:
        stranger = Account("web", "playground", "stranger")
        reply = await ben.world.intake.receive(stranger, Said(text), "d1")
        assert reply.notice == notice("not_joined")


async def test_whom_we_know_is_told_in_their_own_language(database: str) -> None:
    async with moving(database) as ben:
        who, keys = (await ben.world.pair()).reverse_mentee.id, ben.world.store.keys
        now = ben.world.clock.now()
        await ben.world.store.run(lambda c: roster.set_person(c, keys, who, now, locale="de"))
        assert await ben.says_there("join") == notice("joined", "de")
        code = await ben.code("ada")
        assert await ben.says_there(f"join {code}") == notice("code_other", "de")
        told = await ben.world.intake.receive(BEN, Said("status"), "d1", "somebody else's")
        assert told.notice == notice("not_yours", "de")


async def test_an_answer_may_begin_with_the_word(database: str) -> None:
    async with moving(database) as ben:
        told = await ben.says_there("Join us for lunch on Thursday")
        assert told not in {notice("code_unknown"), notice("joined")}


def notice(key: str, locale: str = "en") -> str:
    return str(BOOK.general("notices", key, locale))
