"""Coming in by the e-mail a coordinator named: one's own, confirmed, in one's own organisation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from adapters.slack.emails import Emails, vouched
from adapters.store import directory, roster
from bot.people import Account
from tests import slack_world
from tests.fake_slack import TEAM
from tests.slack_people import SlackPerson
from tests.stage import BOOK

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy import Connection

    from tests.slack_world import World

pytest_plugins = ("tests.databases",)

MAIL = "ada@example.org"
MEMBER: dict[str, Any] = {"id": "U1", "is_email_confirmed": True, "profile": {"email": MAIL}}
HERE = Account("slack", TEAM, "UNEW")


class Hall:
    """Ada and Ben, of whom nobody has come in yet, and somebody at the door."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.new = SlackPerson(world.fake, world.door, "UNEW")

    async def pair_up(self, *, email: str = MAIL, tenant: str = TEAM) -> None:
        """Bring the two together in a workspace of their organisation."""
        store, now = self.world.store, self.world.clock.now()

        def body(conn: Connection) -> None:
            works = roster.add_organisation(conn, store.keys, "Example Works")
            eyes = roster.add_programme(conn, works, "Other eyes", slack_world.SETTINGS)
            ada = roster.add_person(conn, store.keys, works, "Ada", email=email)
            ben = roster.add_person(conn, store.keys, works, "Ben")
            roster.add_pair(conn, store.keys, eyes, ada, ben, now)
            roster.bind(conn, works, "slack", tenant)

        await store.run(body)

    async def knocks(self, email: str = MAIL) -> bool:
        """Write `join`; tell whether that lets one in."""
        self.world.intake.emails["slack"] = _saying(email)
        await self.new.writes("join")
        await self.world.settled()
        return bool(await self.world.store.run(lambda c: directory.whose(c, HERE)))


def _saying(email: str) -> Any:
    async def ask(account: Account) -> str:
        assert account == HERE
        return email

    return ask


@pytest.fixture
async def hall(database: str) -> AsyncIterator[Hall]:
    async with slack_world.opened(database) as world:
        yield Hall(world)


@pytest.mark.parametrize("email", [MAIL, " Ada@Example.ORG "])
async def test_who_was_named_by_their_address_comes_in_by_a_word(hall: Hall, email: str) -> None:
    await hall.pair_up()
    assert await hall.knocks(email)
    assert hall.new.labels()


@pytest.mark.parametrize("email", ["", "eve@example.org", "ada@example.org.evil.example"])
async def test_nobody_else_does(hall: Hall, email: str) -> None:
    await hall.pair_up()
    assert not await hall.knocks(email)
    assert str(BOOK.general("notices", "not_joined", "en")) in " ".join(hall.new.whispers) + repr(
        hall.new.chat
    )


async def test_another_organisations_workspace_vouches_for_nobody_here(hall: Hall) -> None:
    """Whoever runs a workspace can give anybody any address there."""
    await hall.pair_up(tenant="TOTHER")
    assert not await hall.knocks()


async def test_two_of_one_address_are_nobody(hall: Hall) -> None:
    await hall.pair_up()
    store = hall.world.store

    def twin(conn: Connection) -> None:
        (kept,) = roster.show_programmes(conn)
        roster.add_person(conn, store.keys, kept.organisation, "Ada", email=MAIL)

    await store.run(twin)
    assert not await hall.knocks()


async def test_who_has_come_before_moves_only_by_a_code(hall: Hall) -> None:
    await hall.pair_up()
    assert await hall.knocks()
    keys, now = hall.world.store.keys, hall.world.clock.now()
    eve = Account("slack", TEAM, "UEVE")
    again = await hall.world.store.run(lambda c: roster.recognise(c, keys, eve, MAIL, now))
    assert not again


async def test_a_workspace_belongs_to_one_organisation(hall: Hall) -> None:
    await hall.pair_up()

    def other(conn: Connection) -> None:
        works = roster.add_organisation(conn, hall.world.store.keys, "Other Works")
        roster.bind(conn, works, "slack", TEAM)

    with pytest.raises(LookupError, match="another organisation"):
        await hall.world.store.run(other)


async def test_where_slack_does_not_answer_there_is_still_the_code(hall: Hall) -> None:
    await hall.pair_up()

    async def silent(account: Account) -> str:
        raise ConnectionError

    hall.world.intake.emails["slack"] = silent
    await hall.new.writes("join")
    await hall.world.settled()
    assert await hall.world.store.run(lambda c: directory.whose(c, HERE)) == ()


@pytest.mark.parametrize(
    ("told", "email"),
    [
        ({}, MAIL),
        ({"is_email_confirmed": False}, ""),
        ({"is_email_confirmed": None}, ""),
        ({"is_restricted": True}, ""),
        ({"is_ultra_restricted": True}, ""),
        ({"is_stranger": True}, ""),
        ({"is_bot": True}, ""),
        ({"deleted": True}, ""),
        ({"profile": {}}, ""),
        ({"profile": None}, ""),
        ({"profile": {"email": ["x"]}}, ""),
    ],
)
def test_slack_vouches_only_for_confirmed_members(told: dict[str, Any], email: str) -> None:
    assert vouched({**MEMBER, **told}) == email
    assert vouched(None) == ""


async def test_slack_is_asked_about_the_one_who_writes(hall: Hall) -> None:
    web: Any = hall.world.messengers["slack"]
    hall.world.fake.users["UNEW"].described = lambda: MEMBER  # type: ignore[method-assign]
    assert await Emails(web._web).of(HERE) == MAIL
