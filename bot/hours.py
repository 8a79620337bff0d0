"""Courteous hours: when one may write to someone unasked, in their own zone (domain.md 9.1)."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import holidays

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.people import Person, Programme

MORNING = time(10)
MEETING = tuple(time(hour) for hour in (15, 10, 13, 11, 16, 9))  # the hours to meet at, best first


@dataclass(frozen=True, slots=True)
class After:
    """A moment counted from another: so many days, or working days, later at a local hour."""

    days: int = 0
    working_days: int = 0
    hour: time = MORNING

    def counted(self, anchor: datetime, programme: Programme, person: Person) -> datetime:
        """Return that moment (UTC), moved to the next hour in which one may write to them."""
        day = anchor.astimezone(ZoneInfo(person.zone)).date() + timedelta(days=self.days)
        for _ in range(self.working_days):
            day = next_working_day(programme, person, day)
        return next_opening(programme, person, local(person, day, self.hour))


def local(person: Person, day: date, hour: time) -> datetime:
    """Return the instant (UTC) of an hour of a day where they live."""
    return datetime.combine(day, hour, ZoneInfo(person.zone)).astimezone(UTC)


def months_after(anchor: datetime, months: int) -> datetime:
    """Return the same hour of the same day so many months later, or of that month's last day."""
    count = anchor.month - 1 + months
    year, month = anchor.year + count // 12, count % 12 + 1
    return anchor.replace(year=year, month=month, day=min(anchor.day, monthrange(year, month)[1]))


def is_working_day(programme: Programme, person: Person, day: date) -> bool:
    """Tell whether they work that day: the programme's week, less their public holidays."""
    return (
        day.weekday() in programme.working_week
        and day not in programme.holidays
        and day not in _public(person.country, day.year)
    )


def next_working_day(programme: Programme, person: Person, day: date) -> date:
    """Return the first working day after this one."""
    return _walk(programme, person, day, timedelta(days=1))


def last_working_day(programme: Programme, person: Person, day: date) -> date:
    """Return the last working day before this one."""
    return _walk(programme, person, day, timedelta(days=-1))


def may_write(programme: Programme, person: Person, now: datetime) -> bool:
    """Tell whether they may be written to unasked at this moment (INV-5)."""
    here = now.astimezone(ZoneInfo(person.zone))
    opens, closes = programme.window
    return is_working_day(programme, person, here.date()) and opens <= here.time() < closes


def next_opening(programme: Programme, person: Person, now: datetime) -> datetime:
    """Return the first moment, now or later, at which they may be written to unasked (UTC)."""
    if may_write(programme, person, now):
        return now.astimezone(UTC)
    here = now.astimezone(ZoneInfo(person.zone))
    day, opens = here.date(), programme.window[0]
    if not is_working_day(programme, person, day) or here.time() >= opens:
        day = next_working_day(programme, person, day)
    return local(person, day, opens)


def free_slots(
    programme: Programme,
    people: tuple[Person, Person],
    days: Iterable[date],
    length: timedelta = timedelta(hours=1),
    preferred: tuple[time, ...] = MEETING,
    most: int = 1,
) -> Iterator[datetime]:
    """Yield `most` times (UTC) for each of these days on which both work, its best hours first.

    The days and hours are those of the first of the two; the whole meeting lies in the working
    hours of both, on a public holiday of neither.
    """
    for day in days:
        starts = (local(people[0], day, hour) for hour in preferred)
        yield from islice((s for s in starts if both_work(programme, people, s, length)), most)


def both_work(
    programme: Programme, people: tuple[Person, Person], start: datetime, length: timedelta
) -> bool:
    """Tell whether a meeting from then on, of this length, lies in the working hours of both."""
    ends = (start, start + length - timedelta(minutes=1))
    return all(may_write(programme, person, at) for person in people for at in ends)


def _walk(programme: Programme, person: Person, day: date, step: timedelta) -> date:
    for _ in range(366):
        day += step
        if is_working_day(programme, person, day):
            return day
    return day


@cache
def _public(country: str, year: int) -> frozenset[date]:
    if country not in holidays.list_supported_countries():
        return frozenset()
    return frozenset(holidays.country_holidays(country, years=year))
