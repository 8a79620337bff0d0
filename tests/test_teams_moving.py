"""Coming in at Teams by who one is, and moving between Teams and Slack by one word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from adapters import coordinating
from adapters import programme as files
from adapters.coordinating import Newcomer
from adapters.store import roster
from tests.fake_teams import TENANT
from tests.mixed_stage import MixedStage
from tests.slack_people import buttons
from tests.teams_stage import opened
from tests.test_journey import both_say_yes

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

    from tests.fake_teams import Client

pytest_plugins = ("tests.databases",)


async def test_who_was_named_by_their_object_id_needs_no_code(database: str) -> None:
    """Teams vouches for it in every signed activity; anybody else is a stranger."""
    async with opened(database) as house:
        keys, now = house.store.keys, house.clock.now()

        def body(conn: Connection) -> list[str]:
            kept = coordinating.add_programme(conn, keys, files.read(files.EXAMPLE))
            two = (Newcomer(n, "teams", TENANT, f"aad-{n.lower()}") for n in ("Ada", "Ben"))
            return coordinating.bring_together(conn, keys, kept, *two, now)

        told = await house.run(body)
        assert all("join" not in line for line in told)
        for user in ("aad-ada", "aad-eve"):
            await house.client(user).installs()
        await house.settled()
        assert "Would you teach Ben?" in str(house.client("aad-ada").chat)
        assert "Ben" not in str(house.client("aad-eve").chat)


async def test_one_word_moves_between_slack_and_teams(tmp_path: Path) -> None:
    async with MixedStage.between(f"sqlite:///{tmp_path}/moving.db", "ben") as stage:
        await both_say_yes(stage)
        who, now = stage.ben.me.id, stage.now
        code = await stage.house.run(lambda c: roster.invite(c, stage.start.id, who, now))
        there, here = stage.ben.person, stage.house.client("aad-ben", zone="Europe/Berlin")
        title = stage.ben.card.title

        await says(stage, here, f"join {code}")
        assert title in str(here.live.card)
        on_slack = len(there.chat)

        await there.writes("join")
        await settled(stage)
        assert len(there.chat) > on_slack
        assert [bool(buttons(m["blocks"])) for m in there.chat].count(True) == 1
        at_teams = len(here.chat)

        await says(stage, here, "join")
        assert len(here.chat) > at_teams
        assert title in str(here.live.card)


async def says(stage: MixedStage, client: Client, text: str) -> None:
    assert (await client.says(text)).status_code == 200
    await settled(stage)


async def settled(stage: Any) -> None:
    await stage.house.settled()
    await stage.world.settled()
