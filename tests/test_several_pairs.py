"""Somebody in several pairs: a coordinator names them again, and they are who they were."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from adapters import coordinating, programme
from adapters.coordinating import Newcomer
from adapters.store import directory, roster
from bot.people import Account
from tests.fake_slack import TEAM
from tests.slack_people import SlackPerson
from tests.slack_world import opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.slack_world import World

pytest_plugins = ("tests.databases",)

BEN = Newcomer("Ben", "slack", TEAM, "UBEN", "ben@example.org", "Europe/Berlin")


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    async with opened(database) as world:
        yield world


async def brought(world: World, junior: Newcomer, senior: Newcomer) -> list[str]:
    """Bring two people together as `turnabout pair add` does, and let the clock look in."""

    def body(conn):
        keys = world.store.keys
        kept = roster.show_programmes(conn) or [
            coordinating.add_programme(conn, keys, programme.read(programme.EXAMPLE))
        ]
        now = world.clock.now()
        return coordinating.bring_together(conn, keys, kept[0], junior, senior, now)

    lines = await world.store.run(body)
    await world.intake.sweep()
    await world.settled()
    return lines


def on_slack(name: str) -> Newcomer:
    return Newcomer(name, "slack", TEAM, f"U{name.upper()}")


async def pairs_of(world: World, senior: str = "UBEN") -> list[str]:
    """Return with whom somebody is in a pair."""
    account = Account("slack", TEAM, senior)
    found = await world.store.run(partial(directory.whose, account=account))
    return sorted(each.partner for each in found)


AGAIN = {
    "by the account": Newcomer("Ben", "slack", TEAM, "UBEN"),
    "by the e-mail": Newcomer("ben", email="BEN@example.org"),
    "by both": BEN,
}


@pytest.mark.parametrize("way", AGAIN)
async def test_a_senior_learns_from_two_juniors_in_one_chat(world: World, way: str) -> None:
    ada, cleo, ben = (SlackPerson(world.fake, world.door, f"U{n}") for n in ("ADA", "CLEO", "BEN"))
    assert "Tell them it is coming" in (await brought(world, on_slack("Ada"), BEN))[1]
    told = await brought(world, on_slack("Cleo"), AGAIN[way])
    assert told[1].endswith("(a new code: `turnabout invite`). Tell them it is coming.")
    assert await pairs_of(world) == ["Ada", "Cleo"]
    for junior in (ada, cleo):
        await junior.presses("Yes, I would like to")
        await world.settled()
    assert ben.sees("Ada")
    assert ben.sees("Cleo")
    assert len([m for m in ben.chat if any(b["type"] == "actions" for b in m["blocks"])]) == 2


async def test_two_who_are_a_pair_already_are_invited_again_and_stay_one(world: World) -> None:
    """A code may be lost: the command that made it makes another."""
    named = Newcomer("Ben", email="ben@example.org")
    _, first = await brought(world, on_slack("Ada"), named)
    ada, again = await brought(world, on_slack("Ada"), named)
    assert "is here already" in ada
    assert again.partition(": join ")[2] not in {"", first.partition(": join ")[2]}
    assert await pairs_of(world, "UADA") == ["Ben"]


async def test_who_has_not_come_yet_comes_into_both_pairs_by_one_code(world: World) -> None:
    ben = SlackPerson(world.fake, world.door, "UBEN")
    named = Newcomer("Ben", "slack", TEAM, email="ben@example.org")
    await brought(world, on_slack("Ada"), named)
    _, told = await brought(world, on_slack("Cleo"), named)
    await ben.writes("join " + told.partition(": join ")[2])
    await world.settled()
    assert await pairs_of(world) == ["Ada", "Cleo"]


async def test_who_is_reached_elsewhere_moves_by_a_code_and_not_by_being_named(
    world: World,
) -> None:
    SlackPerson(world.fake, world.door, "UBEN")
    await brought(world, on_slack("Ada"), BEN)
    elsewhere = Newcomer("Ben", "teams", "tenant", "object", "ben@example.org")
    _, told = await brought(world, on_slack("Cleo"), elsewhere)
    assert "tell them to write to Turnabout: join " in told
    assert await pairs_of(world) == ["Ada", "Cleo"]


@pytest.mark.parametrize(
    ("again", "said"),
    [
        (Newcomer("Ben", "slack", TEAM, "UBEN", "bo@example.org"), "not of the same person"),
        (Newcomer("Bo", "slack", TEAM, "UBEN"), "The account UBEN is 'Ben' here, not 'Bo'."),
        (Newcomer("Bo", email="ben@example.org"), "The address ben@example.org is 'Ben' here"),
        (Newcomer("Ada", "slack", TEAM, "UADA"), "a pair is two people"),
    ],
    ids=["two people", "another name", "another name by mail", "oneself"],
)
async def test_who_is_not_who_they_are_said_to_be_is_not_brought_in(
    world: World, again: Newcomer, said: str
) -> None:
    """A wrong letter in an id must not show a stranger an invitation."""
    await brought(world, on_slack("Ada"), BEN)
    with pytest.raises((LookupError, ValueError), match=said):
        await brought(world, on_slack("Ada"), again)
    assert await pairs_of(world) == ["Ada"]


async def test_several_people_of_one_address_are_told_apart_by_an_account(world: World) -> None:
    """So it may be where people were brought in twice before."""
    await brought(world, on_slack("Ada"), BEN)
    other = Newcomer("Ben", email="ben@example.org")

    def twice(conn):
        keys, (kept,) = world.store.keys, roster.show_programmes(conn)
        roster.add_person(conn, keys, kept.organisation, "Ben", email="ben@example.org")

    await world.store.run(twice)
    with pytest.raises(LookupError, match="Several people here"):
        await brought(world, on_slack("Cleo"), other)
    await brought(world, on_slack("Cleo"), BEN)
    assert await pairs_of(world) == ["Ada", "Cleo"]


async def test_a_named_contact_is_known_by_their_account_too(world: World) -> None:
    """Noor is a contact by an address; she is named as a senior by her account alone."""
    noor = Newcomer("N. Example", "slack", TEAM, "UNOOR", "noor@example.org")
    await brought(world, noor, BEN)
    with pytest.raises(LookupError, match="is a named contact"):
        await brought(world, on_slack("Ada"), Newcomer("N. Example", "slack", TEAM, "UNOOR"))
