"""Occasions as iCalendar (RFC 5545, RFC 5546): a neutral title, a time in UTC, a place, no more.

Times are in UTC because not every reader understands a time zone's rules, and all understand this.
"""

from __future__ import annotations

import unicodedata
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from icalendar import Calendar, Event, vCalAddress, vText

if TYPE_CHECKING:
    from collections.abc import Iterable

    from adapters.calendar.occasions import Occasion
    from adapters.calendar.words import Words

PRODUCT = "-//Meetings//1//EN"  # whoever looks on learns from it nothing about what is met for
NOBODY = "invalid:nomail"  # a published event needs an organiser (RFC 5546, 3.2.1); this is none
TYPE = "text/calendar; charset=utf-8"
NAME = "meeting.ics"
MOST = 200
FRESH = timedelta(hours=1)
JOINERS = "\u200c\u200d"


def published(occasions: Iterable[Occasion], words: Words, name: str = "") -> bytes:
    """Return meetings for whoever opens the file; with a name, for whoever subscribes to it."""
    calendar = _calendar("PUBLISH")
    if name:
        calendar.add("x-wr-calname", name)
        calendar.add("name", name)
        calendar.add("refresh-interval", FRESH, parameters={"value": "DURATION"})
    for occasion in occasions:
        calendar.add_component(_event(occasion, words, NOBODY))
    return _written(calendar)


def mailed(occasion: Occasion, words: Words, sender: str, recipient: str) -> tuple[str, bytes]:
    """Return a meeting for one person's mail program, and its method: REQUEST or CANCEL."""
    method = "CANCEL" if occasion.cancelled else "REQUEST"
    calendar, event = _calendar(method), _event(occasion, words, f"mailto:{sender}")
    event.add("attendee", _invited(recipient))
    calendar.add_component(event)
    return method, _written(calendar)


def kept(occasion: Occasion, words: Words) -> bytes:
    """Return a meeting as a calendar server keeps it: without a method (RFC 4791, 4.1)."""
    calendar = _calendar("")
    calendar.add_component(_event(occasion, words, ""))
    return _written(calendar)


def place(occasion: Occasion, words: Words) -> str:
    """Return the kind of place, and what the two typed beside it."""
    kind = words(f"place.{occasion.place}") if occasion.place else ""
    return ", ".join(part for part in (kind, plain(occasion.where)) if part)


def plain(text: str) -> str:
    """Return words that can be nothing but words: one line, and nothing that hides or turns it.

    A backslash becomes a slash: readers do not agree on what one stands for.
    """
    text = text.replace("\\", "/")
    kept = "".join(c if unicodedata.category(c)[0] not in "CZ" else _blank(c) for c in text)
    return " ".join(kept.split())[:MOST].strip()


def _blank(character: str) -> str:
    """Return what stands for a character that is not to be seen: itself, a space, or nothing."""
    if character in JOINERS:
        return character
    return "" if unicodedata.category(character) in {"Cf", "Cs", "Co", "Cn"} else " "


def _calendar(method: str) -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    if method:
        calendar.add("method", method)
    return calendar


def _written(calendar: Calendar) -> bytes:
    return bytes(calendar.to_ical())


def _event(occasion: Occasion, words: Words, organizer: str) -> Event:
    event = Event()
    event.add("uid", occasion.uid)
    event.add("sequence", occasion.sequence)
    event.add("dtstamp", occasion.changed.astimezone(UTC))
    event.add("dtstart", occasion.start.astimezone(UTC))
    event.add("dtend", occasion.end.astimezone(UTC))
    event.add("summary", words("title"))
    event.add("class", "PRIVATE")
    event.add("status", "CANCELLED" if occasion.cancelled else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if occasion.cancelled else "OPAQUE")
    if organizer:
        event.add("organizer", vCalAddress(organizer))
    if told := place(occasion, words):
        event.add("location", vText(told))
    return event


def _invited(recipient: str) -> vCalAddress:
    """Return the one invited. Nobody counts on an answer: they agreed before."""
    address = vCalAddress(f"mailto:{recipient}")
    address.params |= {"ROLE": "REQ-PARTICIPANT", "PARTSTAT": "NEEDS-ACTION", "RSVP": "FALSE"}
    return address
