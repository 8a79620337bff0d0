"""A programme as a file: what a coordinator supplies, checked in plain words (domain.md 13).

The file is TOML; `turnabout programme add --example` prints one to start from.
"""

from __future__ import annotations

import tomllib
from dataclasses import asdict, replace
from datetime import date, time
from typing import TYPE_CHECKING, Any

from bot.people import Contact, Programme

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
TERM = range(5, 10)
PLATFORMS = ("slack", "teams", "web")

EXAMPLE = """\
# A Turnabout programme. Lines that begin with # are notes.
name = "Other eyes"
organisation = "Example Works"
purpose = "Senior people see daily work through other eyes."
sponsor = "The board backs this, and takes part in it."
term = 6                                    # months, 5 to 9
working_week = ["mon", "tue", "wed", "thu", "fri"]
window = ["09:00", "17:00"]                 # when people may be written to, in their own zone
holidays = [2026-12-24, 2026-12-31]         # on top of the public ones of each person's country
public = true                               # whether others may know who takes part
privacy_link = "https://example.org/privacy"
store_rules = ["teams"]                     # where topics that app stores forbid are not offered
support = ["Employee assistance, day and night: 0800 000 000"]

[[contact]]                                 # whom a participant may ask for help; two are better
name = "Noor Example"
how = "noor@example.org"

[[contact]]
name = "Jonas Example"
how = "jonas@example.org"
stands_in = true
"""


class ProgrammeError(Exception):
    """What is wrong with a programme file, one plain sentence a line."""


def read(text: str) -> Programme:
    """Return the programme a file describes. Raises ProgrammeError, which names every fault."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProgrammeError(f"This is not a TOML file: {error}.") from None
    faults: list[str] = []
    known: dict[str, Any] = {
        "name": _text(data, "name", faults, needed=True),
        "organisation": _text(data, "organisation", faults, needed=True),
        "purpose": _text(data, "purpose", faults),
        "sponsor": _text(data, "sponsor", faults),
        "privacy_link": _text(data, "privacy_link", faults),
        "term": _term(data.get("term", 6), faults),
        "working_week": _week(data.get("working_week", list(DAYS[:5])), faults),
        "window": _window(data.get("window", ["09:00", "17:00"]), faults),
        "holidays": _dates(data.get("holidays", []), faults),
        "contacts": _contacts(data.get("contact", []), faults),
        "support": _lines(data.get("support", []), faults),
        "public": _yes(data, "public", faults, usual=True),
        "store_rules": _platforms(data.get("store_rules", ["teams"]), faults),
    }
    strangers = set(data) - {*known, "contact"} | (set(data) & {"contacts"})
    faults += [f"`{name}` is not something a programme has." for name in sorted(strangers)]
    if faults:
        raise ProgrammeError("\n".join(faults))
    return Programme(id="", **known)


def settings(programme: Programme) -> dict[str, Any]:
    """Return a programme as plain JSON, as it is stored; without the topics, which are files."""
    kept = asdict(replace(programme, topics={}))
    del kept["topics"], kept["id"]
    kept["window"] = [moment.isoformat("minutes") for moment in programme.window]
    kept["holidays"] = [day.isoformat() for day in programme.holidays]
    return kept


def conflict(contacts: Iterable[Mapping[str, Any]], senior: str, address: str) -> str:
    """Return why this senior cannot be in the programme as it is, or nothing.

    A named contact must not be somebody's reverse-mentee: whoever is asked for help would be the
    one the help is about (domain.md 12.1).
    """
    mine = {senior.casefold(), address.casefold()} - {""}
    for contact in contacts:
        if mine & {str(contact["name"]).casefold(), str(contact["how"]).casefold()}:
            return (
                f"{contact['name']} is a named contact of this programme and cannot be a "
                "reverse-mentee in it. Name another contact first."
            )
    return ""


def _text(data: Mapping[str, Any], name: str, faults: list[str], *, needed: bool = False) -> str:
    value = data.get(name, "")
    if not isinstance(value, str):
        faults.append(f"`{name}` must be text in quotation marks.")
        return ""
    if needed and not value.strip():
        faults.append(f"`{name}` is missing.")
    return " ".join(value.split())


def _yes(data: Mapping[str, Any], name: str, faults: list[str], *, usual: bool) -> bool:
    value = data.get(name, usual)
    if not isinstance(value, bool):
        faults.append(f"`{name}` must be true or false, without quotation marks.")
        return usual
    return value


def _term(value: object, faults: list[str]) -> int:
    if not isinstance(value, int) or value not in TERM:
        faults.append("`term` must be a number of months from 5 to 9.")
        return 6
    return value


def _week(value: object, faults: list[str]) -> tuple[int, ...]:
    if not isinstance(value, list) or not value or any(day not in DAYS for day in value):
        faults.append(f"`working_week` must be a list of some of {', '.join(DAYS)}.")
        return (0, 1, 2, 3, 4)
    return tuple(n for n, day in enumerate(DAYS) if day in value)


def _window(value: object, faults: list[str]) -> tuple[time, time]:
    try:
        opens, closes = (time.fromisoformat(str(part)) for part in value)  # type: ignore[attr-defined]
        if opens < closes and not opens.tzinfo:
            return opens, closes
    except (TypeError, ValueError):
        pass
    faults.append('`window` must be two hours, such as ["09:00", "17:00"].')
    return time(9), time(17)


def _dates(value: object, faults: list[str]) -> tuple[date, ...]:
    try:
        return tuple(sorted(date.fromisoformat(str(day)) for day in value))  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        faults.append("`holidays` must be a list of dates, such as [2026-12-24].")
        return ()


def _contacts(value: object, faults: list[str]) -> tuple[Contact, ...]:
    if not isinstance(value, list) or not value:
        faults.append("At least one [[contact]] is needed: somebody outside both reporting lines.")
        return ()
    found = []
    for contact in value:
        if not isinstance(contact, dict):
            faults.append("Each [[contact]] is a table of its own, with a `name` and a `how`.")
            continue
        name, how = (str(contact.get(key, "")).strip() for key in ("name", "how"))
        if not name or not how:
            faults.append("Each [[contact]] needs a `name` and a `how` (how to reach them).")
        stands_in = _yes(contact, "stands_in", faults, usual=False)
        found.append(Contact(name, how, stands_in))
    return tuple(found)


def _platforms(value: object, faults: list[str]) -> tuple[str, ...]:
    if not isinstance(value, list) or any(each not in PLATFORMS for each in value):
        faults.append(f"`store_rules` must be a list of some of {', '.join(PLATFORMS)}.")
        return ("teams",)
    return tuple(value)


def _lines(value: object, faults: list[str]) -> tuple[str, ...]:
    if not isinstance(value, list) or any(not isinstance(line, str) for line in value):
        faults.append("`support` must be a list of lines in quotation marks.")
        return ()
    return tuple(value)
