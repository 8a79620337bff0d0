"""The page for an assistant: free times and kinds of place, nothing else, and which of them suit.

Pure: what is free, what the page shows, and what a form that comes back means.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import groupby
from typing import TYPE_CHECKING
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

from adapters.calendar.occasions import occasions
from bot import hours
from bot.flows import charter, meeting
from bot.flows.place import PLACES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from adapters.calendar.words import Words
    from adapters.store.placings import Placing
    from bot.people import Pair, Person

DAYS = 10
HOURS = (time(10), time(11), time(14), time(15))
MOST = len(meeting.SLOTS)
OFF_SITE = tuple(place for place in PLACES if place != "office")


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing that can be marked: its number in the form, its words, and whether it is."""

    no: int
    label: str
    marked: bool


def times(pair: Pair, me: Person, now: datetime) -> tuple[datetime, ...]:
    """Return the times of the next working days that both people keep for work and are free at."""
    length = timedelta(minutes=int(meeting.length(pair, me)))
    taken = [(each.start, each.end) for each in occasions(pair, now) if not each.cancelled]
    return tuple(
        start
        for start in _starts(pair, me, now)
        if hours.both_work(pair.programme, pair.people, start, length)
        and not any(start < end and begun < start + length for begun, end in taken)
    )


def places(pair: Pair) -> tuple[str, ...]:
    """Return the kinds of place the two may meet at: as their charter says, and off site (GR-3)."""
    terms = charter.agreed(pair)
    allowed = getattr(terms.event, "places", ()) if terms else ()
    return tuple(place for place in OFF_SITE if place in allowed) or OFF_SITE


def shown(asked: Placing, me: Person, words: Words) -> dict[str, object]:
    """Return all that the page shows: days with their times, kinds of place, and what is marked."""
    return {
        "days": [(day, list(marks)) for day, marks in _days(asked, me, words)],
        "places": [
            Mark(no, words(f"place.{place}"), place == asked.place)
            for no, place in enumerate(asked.places)
        ],
        "zone": me.zone.rpartition("/")[2].replace("_", " "),
        "saved": asked.answered_at is not None,
    }


def answered(asked: Placing, form: bytes) -> tuple[tuple[datetime, ...], str]:
    """Return the times and the place marked in a form. Raises ValueError unless they will do."""
    told = parse_qs(form.decode("ascii"), max_num_fields=100)
    marked = sorted({_number(no) for no in told.get("time", [])})
    (place,) = told.get("place", [""])
    if not 1 <= len(marked) <= MOST or marked[-1] >= len(asked.times):
        raise ValueError("one to three of the times asked about")
    if _number(place) >= len(asked.places):
        raise ValueError("one of the kinds of place asked about")
    return tuple(asked.times[no] for no in marked), asked.places[int(place)]


def _number(text: str) -> int:
    """Return a plain number of at most three digits. Raises ValueError."""
    if not (text.isascii() and text.isdigit() and len(text) <= len("999")):
        raise ValueError("not a number of ours")
    return int(text)


def _starts(pair: Pair, me: Person, now: datetime) -> Iterator[datetime]:
    day = (now + timedelta(days=1)).astimezone(ZoneInfo(me.zone)).date()
    for _ in range(DAYS):
        day = hours.next_working_day(pair.programme, me, day)
        yield from (hours.local(me, day, hour) for hour in HOURS)


def _days(asked: Placing, me: Person, words: Words) -> Iterator[tuple[str, Iterator[Mark]]]:
    def day(numbered: tuple[int, datetime]) -> str:
        return words.when("date", numbered[1], me.zone)

    for told, those in groupby(enumerate(asked.times), key=day):
        yield (
            told,
            (Mark(no, words.when("time", at, me.zone), at in asked.suits) for no, at in those),
        )
