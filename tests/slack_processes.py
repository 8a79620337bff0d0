"""Slack around real processes: it sends again what was not answered, and hands over what is open.

The processes are those that are served; Slack is the fake, in the test's own process.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx

from adapters.house import open_house
from adapters.settings import Settings, new_key
from adapters.store import installations
from adapters.store.installations import Installation
from bot import cards
from bot.people import Account
from tests.fake_slack import TEAM, TOKEN, FakeSlack, words
from tests.playground import MONDAY
from tests.processes import Town, free_port, until
from tests.slack_line import Line, line
from tests.slack_people import SECRET, SlackPerson
from tests.slack_world import paired

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

APP_TOKEN = "xapp-of-the-fake"
LEFT = timedelta(hours=1)  # for which the token of an installation still holds


@dataclass
class Retries:
    """Slack, sending to an address: whatever is not answered with 200 it sends again."""

    http: httpx.AsyncClient
    url: str
    tries: int = 0

    async def post(self, path: str, *, content: bytes, headers: dict[str, str]) -> httpx.Response:
        async def taken() -> httpx.Response | None:
            self.tries += 1
            try:
                answer = await self.http.post(self.url + path, content=content, headers=headers)
            except httpx.TransportError:
                return None
            assert answer.status_code in {200, 503}
            return answer if answer.status_code == 200 else None

        return await until(taken, "what Slack sent is taken")


@dataclass
class SlackTown:
    """A town whose two people are on Slack."""

    town: Town
    fake: FakeSlack
    line: Line
    door: Retries

    def person(self, name: str) -> SlackPerson:
        return SlackPerson(self.fake, self.door, name)  # type: ignore[arg-type]

    async def picked_up(self) -> None:
        """Wait until a process has opened a connection, however slow the machine."""

        async def calls() -> bool:
            return not self.line.connections.empty()

        await until(calls, f"a process calls:\n{self.town.log()}")
        await self.line.picked_up()

    async def hands_over(self, payload: dict[str, Any]) -> None:
        """Hand an event over, and wait until just this is acknowledged."""
        handed = await self.line.hands("events_api", payload)

        async def answered() -> bool:
            return not self.line.acknowledged.empty()

        await until(answered, f"it is acknowledged:\n{self.town.log()}")
        assert (await self.line.acknowledges())["envelope_id"] == handed

    async def amiss(self) -> str:
        """Say what is wrong with a screen, or nothing: each has one live card, the right one."""
        house, pair = self.town.house, await self.town.pair()
        for name, me in (("UADA", pair.reverse_mentor), ("UBEN", pair.reverse_mentee)):
            wanted = cards.card(cards.Reader.of(pair, me, house.clock.now(), house.book))
            chat = [words(message["blocks"]) for message in self.fake.chats[f"D{name}"]]
            posted = await house.store.work(pair.id, lambda work, me=me: work.posted(me.id))
            if wanted and not (chat and wanted.title in chat[-1]):
                return f"{name} sees {chat[-1:]}, not {wanted.title}"
            if posted.claim or posted.digest != (wanted.digest if wanted else ""):
                return f"what {name} sees is not noted"
        return ""

    async def rests(self) -> None:
        """Wait until both screens are right."""

        async def right() -> bool:
            return not await self.amiss()

        await until(right, f"both screens are right:\n{self.town.log()}")

    async def kept(self) -> Installation:
        house = self.town.house
        found = await house.store.run(lambda c: installations.find(c, house.store.keys, TEAM))
        assert found
        return found


@asynccontextmanager
async def founded_on_slack(
    database: str, folder: Path, *, many: bool = False
) -> AsyncIterator[SlackTown]:
    """Found a town in which Ada has been asked on Slack.

    Of many workspaces, this one's token runs out in an hour.
    """
    fake, key = FakeSlack(None), new_key()  # type: ignore[arg-type]
    await fake.start()
    env = {"SLACK_SIGNING_SECRET": SECRET, "SLACK_API_URL": fake.base}
    env |= {"SLACK_APP_TOKEN": APP_TOKEN, "SLACK_BOT_TOKEN": "" if many else TOKEN}
    env |= {"SLACK_OAUTH_CLIENT_ID": "1.2", "SLACK_OAUTH_CLIENT_SECRET": "x"} if many else {}
    env |= {"TURNABOUT_LEASE": "5", "TURNABOUT_TICK": "0.2"}
    told = Settings(database, key, playground=True, data=folder,
                    slack_token=TOKEN, slack_secret=SECRET, slack_api=fake.base)  # fmt: skip
    everyone = httpx.AsyncClient(timeout=60, trust_env=False)
    async with everyone as http, open_house(told) as house, line() as called:
        house.clock.move_to(MONDAY)
        fake.clock, now = house.clock, house.clock.now()
        fake.tokens.add(APP_TOKEN)
        fake.link = called.url
        port = free_port()
        door = Retries(http, f"http://127.0.0.1:{port}")
        accounts = (Account("slack", TEAM, "UADA"), Account("slack", TEAM, "UBEN"))
        pair = await house.store.run(lambda c: paired(c, house.store, accounts, now))
        mine = Installation(TEAM, "UBOT", frozenset({"chat:write"}), TOKEN, now, "r", now + LEFT)
        await house.store.run(lambda c: installations.keep(c, house.store.keys, mine))
        town = SlackTown(Town(house, http, [pair], folder, port, env), fake, called, door)
        for name in ("UADA", "UBEN"):
            town.person(name)
        await house.intake.look_in(pair)
        await house.intake.settled()
        try:
            yield town
        finally:
            fake.awake.set()
            for process in town.town.started:
                if process.poll() is None:
                    process.kill()
                process.wait()
    await fake.stop()
