"""The rhythm of months, lived by the clock alone, in every zone there is, from 2026 to 2040.

Names that keep the same time in those years are lived once. `python -m tests.rhythm` lives all.
"""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, available_timezones

from bot import facilitator, hours
from bot.etiquette import Reminded
from bot.flows import meeting, welcome
from bot.journal import PairId
from bot.moment import Moment
from bot.people import Pair
from tests.stage import ADA, BEN, PROGRAMME, SALT

if TYPE_CHECKING:
    from collections.abc import Iterator

FIRST, LAST = 2026, 2040
MONTH, FORTNIGHT = timedelta(days=30), 14
FEWEST, MOST = 1, 4  # messages about booking the next meeting, in a month in which nobody does
URGENT = frozenset(prompt.key for prompt in facilitator.PROMPTS if prompt.urgent)


def zones() -> dict[str, list[str]]:
    """Return every name there is, by the first of those that keep the same time."""
    found: dict[tuple[object, ...], list[str]] = {}
    for name in sorted(available_timezones() - {"localtime"}):
        found.setdefault(_changes(name), []).append(name)
    return {names[0]: names for names in found.values()}


def _changes(name: str) -> tuple[object, ...]:
    """Return the days on which a zone changes its distance from UTC, and to what.

    No zone changes it twice within a fortnight, so one look each is enough to find them.
    """
    zone, noon = ZoneInfo(name), datetime(FIRST, 1, 1, 12, tzinfo=UTC)

    def away(day: int) -> timedelta | None:
        return (noon + timedelta(days=day)).astimezone(zone).utcoffset()

    found = [(0, away(0))]
    for before, after in pairwise(range(0, (LAST - FIRST + 1) * 366, FORTNIGHT)):
        if away(before) != away(after):
            day = bisect_left(range(before, after), True, key=lambda d: away(d) != found[-1][1])
            found.append((before + day, away(after)))
    return tuple(found)


def months() -> Iterator[datetime]:
    """Yield a day of each month, another one each time."""
    for n in range((LAST - FIRST + 1) * 12):
        yield datetime(FIRST + n // 12, n % 12 + 1, 1 + n * 7 % 28, 15, tzinfo=UTC)


def amiss(zone: str, met: datetime) -> str:
    """Say what is wrong with the month after two who live there have met, or nothing."""
    two = replace(ADA, zone=zone), replace(BEN, zone=zone)
    pair = _met(Pair(PairId("rhythm"), PROGRAMME, *two, SALT), met)
    begun = len(pair.journal)
    pair = lived(pair, met + timedelta(hours=1), met + MONTH)
    told = [(e.at, e.event) for e in pair.journal[begun:] if isinstance(e.event, Reminded)]
    ours = ZoneInfo(zone)
    days = Counter((e.who, at.astimezone(ours).date()) for at, e in told if counts(e))
    said = Counter((event.who, event.item, event.times) for _, event in told)
    books = [event.who for _, event in told if event.item.endswith(" meeting.invite")]
    here = {str(person.id): person for person in two}
    for at, event in told:
        if not hours.may_write(PROGRAMME, here[event.who], at) or not _is_day(at, zone):
            return f"{zone}: reminded at {at.astimezone(ZoneInfo(zone))}"
    if days and days.most_common(1)[0][1] > 1:
        return f"{zone}: twice on one day, {days.most_common(1)}"
    if said and said.most_common(1)[0][1] > 1:
        return f"{zone}: the same twice, {said.most_common(1)}"
    if set(books) != {BEN.id} or not FEWEST <= len(books) <= MOST:
        return f"{zone}: after {met:%d %b %Y} asked to book {len(books)} times, {set(books)}"
    return ""


def counts(event: Reminded) -> bool:
    """Tell whether it is one of a day's messages: not beside another, nor urgent and new."""
    prompt = event.item.rpartition(" ")[2]
    return not event.beside and not (prompt in URGENT and not event.times)


def _is_day(at: datetime, zone: str) -> bool:
    """Tell whether it is a day of the week between nine and five, by the clock on the wall."""
    here = at.astimezone(ZoneInfo(zone))
    return here.weekday() < 5 and 9 <= here.hour < 17


def _met(pair: Pair, met: datetime) -> Pair:
    """Return a pair that is under way, and has just met."""
    before = met - timedelta(days=60)
    pair = pair.with_events((welcome.Proposed(),), None, before)
    for me in pair.people:
        pair = pair.with_events((welcome.Accepted(), welcome.Understood(right=True)), me.id, before)
    pair = lived(pair, before, met)
    mentee = pair.reverse_mentee
    done = meeting.Met(Moment.of(met, mentee.zone)), meeting.Told(1, "met")
    pair = pair.with_events(done, mentee.id, met + timedelta(hours=1))
    return pair.with_events(done[1:], pair.reverse_mentor.id, met + timedelta(hours=1))


def lived(pair: Pair, now: datetime, until: datetime) -> Pair:
    """Let the clock do what it does, and nobody else anything."""
    seen: set[tuple[datetime, int]] = set()
    while (wake := facilitator.wake_at(pair, now)) and wake <= until:
        now = wake
        assert (now, len(pair.journal)) not in seen, f"the clock stands still at {now}"
        seen.add((now, len(pair.journal)))
        events = facilitator.tick(pair, now).by_clock
        pair = pair.with_events(events, None, now) if events else pair
    return pair


def year_in(zone: str) -> list[str]:
    """Return all that is wrong there in all these years."""
    return [told for met in months() if (told := amiss(zone, met))]


def main() -> int:
    names = zones()
    print(f"{sum(map(len, names.values()))} names, {len(names)} ways to keep time", flush=True)
    wrong = 0
    with ProcessPoolExecutor() as cores:
        for n, found in enumerate(cores.map(year_in, names), 1):
            wrong += len(found)
            print("\n".join([*found, f"{n} lived, {wrong} wrong"]), flush=True)
    print(f"{len(names) * len(list(months())):,} months: {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
