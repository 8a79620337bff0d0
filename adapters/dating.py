"""How a phrase is read as a date, there and then: what an operator may ask."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from adapters.clock import ZONES
from adapters.prompts import dates
from adapters.settings import SettingsError

if TYPE_CHECKING:
    from bot.dates import Reading

YEARS = range(1000, 9000)  # well within what a calendar can count, whatever a phrase adds


def told(phrase: str, language: str, zone: str, now: str | None, country: str) -> list[str]:
    """Return how a phrase is read, a line for each reading, the likelier first."""
    if zone not in ZONES:
        raise SettingsError(f"{zone} is not a time zone. Try one such as Europe/Berlin.")
    if language not in dates().languages:
        known = ", ".join(dates().languages)
        raise SettingsError(f"Dates are not read in {language}, only in {known}.")
    found = dates().read(phrase, language, zone, _now(now, zone), country)
    return [_line(reading, zone) for reading in found] or ["This is not read as a date."]


def _now(text: str | None, zone: str) -> datetime:
    if text is None:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise SettingsError(f"{text} is not a time such as 2026-11-23T10:00.") from None
    if moment.year not in YEARS:
        raise SettingsError(f"{text} is too far away. Give a time such as 2026-11-23T10:00.")
    there = ZoneInfo(zone)
    return moment.astimezone(there) if moment.tzinfo else moment.replace(tzinfo=there)


def _line(reading: Reading, zone: str) -> str:
    days = f"{reading.first:%a %Y-%m-%d}"
    if reading.last != reading.first:
        days += f" to {reading.last:%a %Y-%m-%d}"
    moment = reading.moment(zone)
    hour = reading.hour.isoformat("minutes") if reading.hour else reading.part
    when = f"{moment.wall:%a %Y-%m-%d %H:%M} ({moment.at:%Y-%m-%d %H:%M} UTC)" if moment else ""
    place = f"at: {reading.place}" if reading.place else ""
    return ", ".join(filter(None, (when or f"{days} {hour}".strip(), place)))
