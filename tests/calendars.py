"""What tests of calendars share: the law of an iCalendar file, and a mail program's manners."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from icalendar import Calendar

from bot.flows import charter
from bot.flows.meeting import Offered, Taken
from bot.moment import Moment

if TYPE_CHECKING:
    from datetime import datetime

    from adapters.house import House
    from bot.journal import Event
    from bot.people import Pair, Person

PUBLISHED = ("CLASS", "DTEND", "DTSTAMP", "DTSTART", "LOCATION", "ORGANIZER", "SEQUENCE")
PUBLISHED += ("STATUS", "SUMMARY", "TRANSP", "UID")


def lawful(content: bytes) -> list[str]:
    """Return the names of all properties of a file that keeps RFC 5545's outer form."""
    assert content.endswith(b"\r\n")
    rows = content.split(b"\r\n")[:-1]
    assert all(0 < len(row) <= 75 for row in rows), "a line is too long, or empty"
    assert not any(b"\r" in row or b"\n" in row for row in rows), "a line ends in another way"
    text = b"\r\n".join(rows).replace(b"\r\n ", b"").decode("utf-8")
    assert not any(c < " " and c not in "\r\n" for c in text), "a control character"
    return [row.partition(":")[0].partition(";")[0] for row in text.split("\r\n")]


def events(content: bytes):
    """Return the events that icalendar reads in a file."""
    return Calendar.from_ical(content).walk("VEVENT")


def instant(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Program:
    """A calendar that takes invitations as RFC 5546 says: by name, then by who is newer."""

    kept: dict[str, object] = field(default_factory=dict)
    newest: dict[str, tuple[int, object]] = field(default_factory=dict)

    def takes(self, content: bytes) -> None:
        calendar = Calendar.from_ical(content)
        (event,) = calendar.walk("VEVENT")
        uid, age = str(event["UID"]), (int(event["SEQUENCE"]), event["DTSTAMP"].dt)
        if uid in self.newest and age < self.newest[uid]:
            return
        self.newest[uid] = age
        if calendar["METHOD"] == "CANCEL":
            self.kept.pop(uid, None)
        else:
            self.kept[uid] = event["DTSTART"].dt


def agrees(pair: Pair, at: datetime, now: datetime, where: str = "") -> Pair:
    """Return the pair once they have agreed on a time."""
    return with_each(pair, agreeing(pair, at, where), now)


def agreeing(pair: Pair, at: datetime, where: str = "") -> list[tuple[Person, Event]]:
    """Return who does what to agree on a time."""
    offer = Offered(Moment.of(at, pair.reverse_mentee.zone), "cafe", where=where)
    taken = Taken(len(pair.journal) + 1, "first")
    return [(pair.reverse_mentee, offer), (pair.reverse_mentor, taken)]


def with_each(pair: Pair, done: list[tuple[Person | None, Event]], now: datetime) -> Pair:
    for who, event in done:
        pair = pair.with_events((event,), who.id if who else None, now)
    return pair


async def says(house: House, pair: Pair, done: list[tuple[Person, Event]]) -> Pair:
    """Write in a pair's journal that they did this."""
    now = house.clock.now()

    def body(work):
        before = work.pair()
        after = with_each(before, done, now)
        work.write(after, after.journal[len(before.journal) :])
        return after

    return await house.store.work(pair.id, body)


def keeping_from_assistants(pair: Pair) -> list[tuple[Person | None, Event]]:
    """Return who does what so that the charter keeps meetings from assistants."""
    chosen = charter.Chosen("news", assistants="nothing")
    drawn = charter.Drawn(assistants="nothing")
    signed = charter.Signed(len(pair.journal) + 3)
    two = pair.people
    return [*((who, chosen) for who in two), (None, drawn), *((who, signed) for who in two)]
