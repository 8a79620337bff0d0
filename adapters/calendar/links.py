"""Links that put a meeting into Google's or Microsoft's calendar: its time and a neutral title.

Whoever runs that calendar sees the address, so there is no place in it and nothing typed.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    from adapters.calendar.occasions import Occasion
    from adapters.calendar.words import Words

GOOGLE = "https://calendar.google.com/calendar/render"
OUTLOOK = "https://outlook.office.com/calendar/0/deeplink/compose"
BASIC = "%Y%m%dT%H%M%SZ"
EXTENDED = "%Y-%m-%dT%H:%M:%SZ"


def google(occasion: Occasion, words: Words) -> str:
    """Return a link that opens a new event in Google Calendar."""
    start, end = (at.astimezone(UTC).strftime(BASIC) for at in (occasion.start, occasion.end))
    told = {"action": "TEMPLATE", "text": words("title"), "dates": f"{start}/{end}"}
    return f"{GOOGLE}?{urlencode(told)}"


def outlook(occasion: Occasion, words: Words) -> str:
    """Return a link that opens a new event in Outlook on the web."""
    start, end = (at.astimezone(UTC).strftime(EXTENDED) for at in (occasion.start, occasion.end))
    told = {
        "path": "/calendar/action/compose",
        "rru": "addevent",
        "subject": words("title"),
        "startdt": start,
        "enddt": end,
    }
    return f"{OUTLOOK}?{urlencode(told)}"
