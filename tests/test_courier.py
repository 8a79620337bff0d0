"""The courier: each change of a meeting is mailed once to each of the two who can be written to."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from email import message_from_bytes
from email.policy import SMTP as ON_THE_WIRE
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from adapters import metrics
from adapters.courier import LEASE
from adapters.mail import LATER, Mail
from adapters.settings import Settings, new_key
from adapters.store import roster, tables
from bot.flows.meeting import Moved
from bot.inputs import Said
from bot.people import Account
from tests.calendars import Program, agreeing, says
from tests.playground import MONDAY, opened
from tests.test_mail import US, Postbox, calendar_of
from tests.test_mail import opened as served

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from adapters.house import House
    from bot.people import Pair

pytest_plugins = ("tests.databases",)

SOON = MONDAY + timedelta(days=9, hours=4)
LATER_ON = SOON + timedelta(days=2)
TO = {"ada": "ada@example.org", "ben": "ben@example.org"}


@dataclass
class Round:
    """A pair with mail addresses, their house, and the post box their letters end in."""

    house: House
    box: Postbox
    pair: Pair

    async def does(self, *done) -> None:
        self.pair = await says(self.house, self.pair, list(done))

    async def agrees(self, at=SOON) -> None:
        await self.does(*agreeing(self.pair, at))

    async def calls_off(self) -> None:
        await self.does((self.pair.reverse_mentee, Moved()))

    async def looks_in(self) -> list[tuple[str, str]]:
        """Let the clock look in, and return what was mailed by that: to whom, and how."""
        before = len(self.box.got)
        await self.house.intake.look_in(self.pair.id)
        await self.house.intake.settled()
        return self.mailed(before)

    async def sweeps(self) -> list[tuple[str, str]]:
        before = len(self.box.got)
        await self.house.intake.mail()
        return self.mailed(before)

    async def open_letters(self) -> int:
        """Return how many letters the clock would still look into."""
        asked = select(func.count()).where(tables.mailing.c.until.is_not(None))
        return await self.house.store.run(lambda conn: conn.execute(asked).scalar_one())

    def mailed(self, since: int = 0) -> list[tuple[str, str]]:
        letters = [
            message_from_bytes(e.original_content, policy=ON_THE_WIRE) for e in self.box.got[since:]
        ]
        return sorted((m["To"], _method(m)) for m in letters)

    def passes(self, time: timedelta) -> None:
        self.house.clock.move_to(self.house.clock.now() + time)

    async def knows(self, user: str, email: str) -> None:
        two = {"ada": self.pair.reverse_mentor, "ben": self.pair.reverse_mentee}
        store, now = self.house.store, self.house.clock.now()
        who = two[user].id
        await store.run(lambda conn: roster.set_person(conn, store.keys, who, now, email=email))


class Deadly(Mail):
    """A mail server at which whoever is about to hand over a letter dies."""

    async def send(self, letter, now) -> str:
        raise asyncio.CancelledError


def _errors(kind: str) -> float:
    return metrics.ERRORS.labels("mail", kind)._value.get()


def _method(message) -> str:
    (part,) = [p for p in message.walk() if p.get_content_type() == "text/calendar"]
    return part["Content-Type"].params["method"]


INVITED = [(TO["ada"], "REQUEST"), (TO["ben"], "REQUEST")]
OFF = [(TO["ada"], "CANCEL"), (TO["ben"], "CANCEL")]


@pytest.fixture
async def round_(database: str, tmp_path: Path) -> AsyncIterator[Round]:
    async with served(Postbox()) as box:
        told = Settings(
            database, key_text=new_key(), playground=True, data=tmp_path, smtp=box.url, sender=US
        )
        async with opened(told) as playground:
            found = Round(playground.house, box, await playground.pair())
            for user, email in TO.items():
                await found.knows(user, email)
            yield found


async def test_each_change_is_mailed_once_to_each(round_: Round) -> None:
    assert await round_.looks_in() == []
    await round_.agrees()
    assert await round_.looks_in() == INVITED
    assert await round_.looks_in() == []
    await round_.calls_off()
    assert await round_.looks_in() == OFF
    await round_.agrees(LATER_ON)
    assert await round_.looks_in() == INVITED
    assert await round_.looks_in() == []
    program = Program()
    for letter in round_.box.letters():
        program.takes(calendar_of(letter))
    assert list(program.kept.values()) == [LATER_ON]


async def test_what_somebody_does_is_mailed_without_waiting_for_the_clock(round_: Round) -> None:
    await round_.agrees()
    account = Account("web", "playground", "ada")
    await round_.house.intake.receive(account, Said("help"), "said:1")
    await round_.house.intake.settled()
    assert round_.mailed() == INVITED


async def test_who_has_no_address_is_not_written_to(round_: Round) -> None:
    await round_.knows("ada", "")
    await round_.agrees()
    assert await round_.looks_in() == [(TO["ben"], "REQUEST")]
    await round_.calls_off()
    await round_.knows("ada", TO["ada"])
    assert await round_.looks_in() == [(TO["ben"], "CANCEL")]  # what nobody told Ada is not undone


async def test_who_was_erased_is_not_written_to(round_: Round) -> None:
    await round_.agrees()
    assert await round_.looks_in() == INVITED
    store, ada = round_.house.store, round_.pair.reverse_mentor.id
    await store.run(lambda conn: roster.erase(conn, store.keys, ada, MONDAY))
    await round_.calls_off()
    assert await round_.looks_in() == [(TO["ben"], "CANCEL")]


async def test_a_meeting_that_is_over_is_not_mailed(round_: Round) -> None:
    await round_.agrees()
    round_.passes(timedelta(days=10))
    assert await round_.looks_in() == []


async def test_what_was_refused_for_a_while_is_sent_again_and_what_for_good_is_not(
    round_: Round,
) -> None:
    await round_.agrees()
    round_.box.rcpt = "451 Later"
    assert await round_.looks_in() == []
    round_.box.rcpt = ""
    assert await round_.sweeps() == []
    round_.passes(LATER)
    assert await round_.sweeps() == INVITED
    round_.passes(LATER)
    assert await round_.sweeps() == []
    await round_.calls_off()
    round_.box.rcpt = "550 No such person"
    assert await round_.looks_in() == []
    round_.box.rcpt = ""
    round_.passes(2 * LATER)
    assert await round_.sweeps() == []


async def test_what_was_refused_is_tried_until_the_meeting_begins_and_only_counts_as_refused(
    round_: Round, caplog
) -> None:
    """What certainly did not arrive has not been sent once, however often it was tried."""
    await round_.agrees()
    round_.box.rcpt = "451 Later"
    before = _errors("NotSent")
    await round_.looks_in()
    for _ in range(5):
        round_.passes(LATER)
        await round_.sweeps()
    assert _errors("NotSent") - before == 12
    told = [r for r in caplog.records if r.name == "turnabout.courier"]
    assert {(r.getMessage(), r.kind, r.error) for r in told} == {("refused", "mail", "NotSent")}
    round_.box.rcpt = ""
    round_.passes(LATER)
    assert await round_.sweeps() == INVITED
    round_.house.clock.move_to(SOON - LATER)
    await round_.calls_off()
    round_.box.rcpt = "451 Later"
    await round_.looks_in()
    round_.box.rcpt = ""
    round_.passes(LATER)
    assert await round_.sweeps() == []


@pytest.mark.parametrize("answer", ["451 Later", "550 No such person"])
async def test_who_was_never_invited_is_not_told_that_it_was_called_off(
    round_: Round, answer: str
) -> None:
    await round_.agrees()
    round_.box.rcpt = answer
    await round_.looks_in()
    round_.box.rcpt = ""
    await round_.calls_off()
    assert await round_.looks_in() == []
    round_.passes(LATER)
    assert await round_.sweeps() == []
    assert not await round_.open_letters(), "nor looked into for ever"


async def test_who_was_invited_is_told_that_it_was_called_off_though_it_was_refused_first(
    round_: Round,
) -> None:
    await round_.agrees()
    assert await round_.looks_in() == INVITED
    await round_.calls_off()
    round_.box.rcpt = "451 Later"
    for _ in range(4):
        assert await round_.looks_in() == []
        round_.passes(LATER)
    round_.box.rcpt = ""
    assert await round_.sweeps() == OFF


async def test_where_nobody_can_tell_it_is_sent_again_under_the_same_name_and_not_for_ever(
    round_: Round,
) -> None:
    await round_.knows("ben", "")
    await round_.agrees()
    round_.box.drops = True
    await round_.looks_in()
    for _ in range(6):
        round_.passes(LEASE)
        await round_.sweeps()
    assert round_.mailed() == [(TO["ada"], "REQUEST")] * 3
    assert len({letter["Message-ID"] for letter in round_.box.letters()}) == 1


@pytest.mark.parametrize("method", ["REQUEST", "CANCEL"])
async def test_a_letter_that_was_in_hand_when_a_process_died_is_sent_when_its_lease_is_over(
    round_: Round, method: str
) -> None:
    """Nobody takes it before: it may be on its way. The letter after it was never begun."""
    await round_.agrees()
    if method == "CANCEL":
        assert await round_.looks_in() == INVITED
        await round_.calls_off()
    courier = round_.house.intake._courier
    with pytest.raises(asyncio.CancelledError):
        await replace(courier, mail=Deadly(courier.mail.url, US)).look_in(round_.pair.id)
    assert await round_.sweeps() == []
    assert await round_.looks_in() == [(TO["ben"], method)]
    round_.passes(LEASE - timedelta(seconds=1))
    assert await round_.sweeps() == []
    round_.passes(timedelta(seconds=1))
    assert await round_.sweeps() == [(TO["ada"], method)]
    assert not await round_.open_letters()


async def test_two_processes_that_look_in_at_once_mail_once(round_: Round) -> None:
    await round_.agrees()
    other = replace(round_.house.intake._courier)
    await asyncio.gather(
        *(each.look_in(round_.pair.id) for each in (round_.house.intake._courier, other) * 3)
    )
    assert round_.mailed() == INVITED


async def test_whatever_fails_no_log_has_an_address(round_: Round, caplog) -> None:
    await round_.agrees()
    round_.box.rcpt = "550 ada@example.org is unknown"
    await round_.looks_in()
    await round_.house.intake._courier.look_in("no such pair")
    ours = [r for r in caplog.records if r.name.startswith("turnabout")]
    said = [(r.getMessage(), getattr(r, "error", "")) for r in ours]
    assert [what for what, _ in said] == ["refused", "refused", "mailing failed"]
    assert said[-1] == ("mailing failed", "LookupError")
