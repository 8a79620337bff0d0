"""The stage with one of the two on Slack and the other at Teams: two real doors, one journal."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import httpx
from starlette.applications import Starlette

from adapters.pacing import Pacing
from adapters.slack.messenger import SlackMessenger
from adapters.slack.tokens import OneToken
from adapters.slack.web import Web, connected
from adapters.slack.wire import Slack, route
from adapters.store.migrate import upgrade
from adapters.store.references import Address, Place
from bot.people import Account
from bot.turn import Reply
from tests.fake_slack import TEAM, TOKEN, FakeSlack
from tests.fake_teams import APP
from tests.slack_people import SECRET, SlackPerson
from tests.slack_stage import A_MOVE, SlackActor
from tests.slack_world import HandClock, Patience, World
from tests.stage import ADA, BEN, BOOK
from tests.teams_stage import (
    Listening,
    Mirror,
    Mirrors,
    TeamsActor,
    TeamsStage,
    opened,
    teams_account,
    two_people,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.inputs import Input
    from bot.people import Person
    from tests.fake_teams import Client


class MirrorSlack(Mirrors, SlackMessenger):
    """Slack's messenger, which also puts every card on the stage's paper."""


class MixedStage(TeamsStage):
    """Ada and Ben, of whom one is on Slack."""

    world: World
    on_slack: str

    @classmethod
    @asynccontextmanager
    async def between(cls, database: str, on_slack: str) -> AsyncIterator[MixedStage]:
        """Open it; `on_slack` is the name of who sits there."""
        await asyncio.to_thread(upgrade, database)
        async with AsyncExitStack() as stack:
            clock, patience = HandClock(), Patience()
            fake = FakeSlack(clock)
            await fake.start()
            stack.push_async_callback(fake.stop)
            session = await stack.enter_async_context(connected())
            api = Web(OneToken(TOKEN), session, Pacing(patience.now, patience.sleep), fake.base)
            line = MirrorSlack(api, clock)
            told = {"messenger": Mirror, "intake": Listening, "slack": lambda _: line}
            house = await stack.enter_async_context(opened(database, **told))
            slack = Slack(house.intake, api, line, BOOK.general)
            served = Starlette(routes=[route(slack, SECRET, clock)])
            there = httpx.ASGITransport(served)
            door = await stack.enter_async_context(
                httpx.AsyncClient(transport=there, base_url="http://ours")
            )
            messengers = house.intake._services.messengers
            stage = cls()
            stage.house, stage.on_slack = house, on_slack
            stage.world = World(
                clock,
                fake,
                house.store,
                messengers,
                house.intake,
                slack,
                served,
                door,
                patience,
                None,
            )
            for messenger in messengers.values():
                messenger.stage = stage
            await stage._move_in()
            yield stage
            await stage.world.settled()
            assert fake.refused == []

    async def _move_in(self) -> None:
        world = self.world
        world.ada = SlackPerson(world.fake, world.door, "UADA", tz=ADA.zone)
        world.ben = SlackPerson(world.fake, world.door, "UBEN", tz=BEN.zone)
        accounts = (self._account("ada"), self._account("ben"))
        keys = self.house.store.keys
        pair = await self.house.run(lambda c: two_people(c, keys, accounts, self.now))
        world.pair_id = pair
        self.start = await self.house.store.work(pair, lambda work: work.pair())
        two = self.start.people
        self.accounts = {who.id: at for who, at in zip(two, accounts, strict=True)}
        self.ada = await self._actor("ada", two[0])
        self.ben = await self._actor("ben", two[1])
        await self._look()

    def _account(self, name: str) -> Account:
        if name == self.on_slack:
            return Account("slack", TEAM, f"U{name.upper()}")
        return teams_account(f"aad-{name}")

    async def _actor(self, name: str, me: Person) -> TeamsActor | SlackActor:
        if name == self.on_slack:
            return SlackActor(self, me)
        client = self.house.client(f"aad-{name}", zone=me.zone)
        await self._is_met(client)
        return TeamsActor(self, me, client=client)

    async def _is_met(self, client: Client) -> None:
        service, user = self.house.teams.service, client.user
        where = Address(service, client.conversation, f"29:{user}", f"28:{APP}")
        await self.house.messenger.met(teams_account(user), where, Place())

    async def take(self, input: Input, me: Person | None) -> Reply:
        """Let it happen where who acts is."""
        self.world.clock.moment = self.now
        self.house.intake.last = Reply()
        self.world.patience.seconds += A_MOVE
        return await super().take(input, me)

    async def _acts(self, actor: TeamsActor | SlackActor, input: Input) -> Reply:
        if isinstance(actor, TeamsActor):
            return await super()._acts(actor, input)
        await actor.acts(input)
        await self.world.settled()
        return self.house.intake.last

    def _compare(self) -> None:
        super()._compare()
        for actor in self.actors():
            actor.me = self.pair.person(actor.me.id)
            if isinstance(actor, SlackActor) and self.paper.live(actor.account):
                actor.stands()
