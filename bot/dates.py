"""Words to dates: what somebody typed when asked for a day and a time, read strictly or not at all.

A small closed grammar, as libraries that guess were silently wrong. The whole message must match;
the rest is none of ours. Nothing read counts until it was shown and confirmed. One reading is
clear, two are both to be offered, the likelier first.

The words are `prompts/dates/<language>.md`. A line there is a category, what is meant, and the
phrases for it: `day days n=1: tomorrow`. In a phrase `[a|b]` is optional, `(a|b)` is one of them,
and `<weekday>` is whatever the category `weekday` matches, or one of the numbers below. A message
is made of `filler`, `day`, `time`, `part` and `place`; one that has a `never` in it is no answer.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from bot.moment import Moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

LONGEST = 160  # characters: nobody needs more to name a day, and time to read stays bounded
HORIZON = timedelta(days=300)  # a date without a year further ahead is rather one just past
DAYTIME = range(7, 19)
EARLY = 8  # from this hour on, what is written as on a clock is meant as it is written
WEEK = timedelta(days=6)  # from its first day to its last
NOON = 12
PARTS = {"morning": (0, 12), "midday": (11, 15), "afternoon": (12, 21), "evening": (16, 24)}
NUMBERS = {
    "d": r"0?[1-9]|[12]\d|3[01]",
    "mo": r"0?[1-9]|1[0-2]",
    "y": r"20\d\d",
    "yy": r"(20)?\d\d",
    "h": r"[01]?\d|2[0-3]",
    "hh": r"[01]\d|2[0-3]",
    "mm": r"[0-5]\d",
    "n": r"[1-9]\d?",
    "a": r"[0-9]{1,2}",
    "b": r"[0-9]{1,2}",
}
WORDED = {"d": ("number", "nth"), "h": ("number",), "n": ("number",)}  # said in words as well
NAMED = {"mo": "month", "yy": "y", "hh": "h"}
PIECES = ("filler", "day", "time", "part", "place")
STOP = ". "  # a dot after a number that no number follows: of "26.", or a sentence's own
TOKEN = re.compile(r"[0-9]+|[^\W\d_]+|(?<=[0-9>])(?:(?P<stop>\.(?![0-9<]))|[.:/-])|<\w+>")
CHOICE = re.compile(r"\[([^][()]*)\]|\(([^][()]*)\)")


@dataclass(frozen=True, slots=True)
class Reading:
    """A day, or the days from `first` to `last`; perhaps an hour, a part of the day, a place."""

    first: date
    last: date
    hour: time | None = None
    part: str = ""
    place: str = ""

    def moment(self, zone: str) -> Moment | None:
        """Return the moment this is where they live, if it names one day and an hour."""
        if self.hour is None or self.first != self.last:
            return None
        return Moment.on(datetime.combine(self.first, self.hour), zone)

    def covers(self, moment: Moment | None, zone: str) -> bool:
        """Tell whether a moment lies within what was named, where they live."""
        if moment is None:
            return False
        here = moment.seen_from(zone)
        begins, ends = PARTS.get(self.part, (0, 24))
        hour = self.hour is None or here.time() == self.hour
        return self.first <= here.date() <= self.last and hour and begins <= here.hour < ends


class Dates:
    """The words for days and hours in every language we read."""

    def __init__(self, files: Mapping[str, str]) -> None:
        """Take the files, each by its language. Raises ValueError for a line that means nothing."""
        self._words = {language: _vocabulary(text) for language, text in files.items()}
        self.languages = tuple(sorted(files))

    def read(
        self, text: str, language: str, zone: str, now: datetime, country: str = ""
    ) -> tuple[Reading, ...]:
        """Return what these words may mean: nothing, one reading, or two. Raises no error.

        `country` says whether 3/4 is a day in April or in March; where it is unknown, it is both.
        """
        words = self._words.get(language)
        if words is None or len(text) > LONGEST:
            return ()
        here = now.astimezone(ZoneInfo(zone)).replace(second=0, microsecond=0)
        message = _Message(
            unicodedata.normalize("NFKC", text), words, _Days(here, words.order(country))
        )
        found = dict.fromkeys(message.readings())
        return tuple(found) if len(found) <= 2 else ()  # noqa: PLR2004  # two can be offered


class _Rule(NamedTuple):
    """One phrase: what it means, what that takes besides, and the tokens to match."""

    meaning: str
    given: dict[str, str]
    symbols: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    """The rules of a language, by category and first token; "" holds those that open on a slot."""

    rules: Mapping[str, Mapping[str, list[_Rule]]]

    def order(self, country: str) -> str:
        """Return what comes first in 3/4: `day`, `month`, or `either`."""
        known = self.rules.get("order", {}).get(country.casefold() or "unknown", ())
        return next((rule.meaning for rule in known), "day")


def _vocabulary(text: str) -> _Vocabulary:
    rules: dict[str, dict[str, list[_Rule]]] = defaultdict(lambda: defaultdict(list))
    for line in text.splitlines():
        head, colon, phrases = line.partition(": ")
        if colon and not line.startswith("#"):
            category, *said = head.split()
            for rule in _line(category, said, phrases):
                first = "" if rule.symbols[0].startswith("<") else rule.symbols[0]
                rules[category][first].append(rule)
    return _Vocabulary(rules)


def _line(category: str, said: list[str], phrases: str) -> Iterator[_Rule]:
    """Yield the rules of one line. Raises ValueError if nothing can be meant by it."""
    meaning = said[0] if said else ""
    meanings = {"day": vars(_Days), "date": vars(_Days), "time": CLOCKS}.get(category)
    if meanings is not None and meaning not in meanings:
        raise ValueError(f"No {category} can mean {meaning!r}: {phrases}")
    given = dict(part.split("=") for part in said[1:])
    for phrase in chain.from_iterable(_spread(way) for way in phrases.split(", ")):
        yield _Rule(meaning, given, tuple(token.plain for token in _tokens(phrase)))


def _spread(phrase: str) -> Iterator[str]:
    """Yield every way to say a phrase with its optional parts and its choices."""
    found = CHOICE.search(phrase)
    if found is None:
        yield phrase
        return
    optional, chosen = found.groups()
    ways = chosen.split("|") if optional is None else ["", *optional.split("|")]
    for way in ways:
        yield from _spread(f"{phrase[: found.start()]}{way}{phrase[found.end() :]}")


class _Token(NamedTuple):
    """A word, a number, or a mark after a number: how it compares, and where it stands."""

    plain: str
    start: int
    end: int


def _tokens(text: str) -> list[_Token]:
    return [
        _Token(STOP if found.lastgroup else _plain(found.group()), found.start(), found.end())
        for found in TOKEN.finditer(text)
    ]


def _plain(word: str) -> str:
    """Return a word without case and accents, as busy people type it."""
    apart = unicodedata.normalize("NFKD", word.casefold())
    return "".join(c for c in apart if not unicodedata.combining(c))


@dataclass(frozen=True, slots=True)
class _Clock:
    """The times an hour may stand for: the likely ones, and all, if a part of the day decides."""

    likely: tuple[time, ...]
    possible: tuple[time, ...]

    def meant(self, part: str) -> tuple[time, ...]:
        """Return the times meant, in this part of the day if there is one."""
        if not part:
            return self.likely
        opens, closes = PARTS[part]
        return tuple(t for t in self.possible if opens <= t.hour < closes)


def _clock(h: str, mm: str = "0", half: str = "", style: str = "") -> _Clock:
    """Read an hour and its minutes. `half` is am or pm; `style` 24: as on a clock."""
    return _shifted(h, int(mm), half, style)


def _past(h: str, n: str, half: str = "", style: str = "") -> _Clock:
    return _shifted(h, int(n), half, style)


def _to(h: str, n: str, half: str = "", style: str = "") -> _Clock:
    return _shifted(h, -int(n), half, style)


CLOCKS: Mapping[str, Callable[..., _Clock]] = {"clock": _clock, "past": _past, "to": _to}


def _shifted(h: str, minutes: int, half: str = "", style: str = "") -> _Clock:
    likely, possible = _hours(h, half, style)
    return _Clock(_times(likely, minutes), _times(possible, minutes))


def _times(hours: Iterable[int], minutes: int) -> tuple[time, ...]:
    counted = (hour * 60 + minutes for hour in hours)
    return tuple(time(count // 60 % 24, count % 60) for count in counted)


def _hours(h: str, half: str, style: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the hours likely meant, and those possible. A bare 3 is 15:00 rather than 03:00."""
    number = int(h)
    if half and number <= NOON:
        hour = number % NOON + (NOON if half == "pm" else 0)
        return (hour,), (hour,)
    if number >= NOON or h.startswith("0"):
        return (number,), (number,)
    both = tuple(sorted((number, number + NOON), key=lambda hour: hour not in DAYTIME))
    return ((number,) if style and number >= EARLY else both), both


@dataclass(frozen=True, slots=True)
class _Days:
    """What the words for days mean, from `now` (local). Each method returns what it may be."""

    now: datetime
    order: str = "day"

    def days(self, n: str, weekday: str = "") -> tuple[Reading, ...]:
        """Return the day so many days from today, if it is the weekday that was named."""
        return _on(weekday, self._span(self._today + timedelta(days=int(n))))

    def coming(self, weekday: str, n: str = "0") -> tuple[Reading, ...]:
        """Return the first such day after today, or that of `n` weeks later."""
        away = (int(weekday) - self._today.weekday() - 1) % 7 + 1
        return self._span(self._today + timedelta(days=away, weeks=int(n)))

    def plain(self, weekday: str) -> tuple[Reading, ...]:
        """Return the coming one; on that very day, today is possible too."""
        return self.coming(weekday) + _on(weekday, self._span(self._today))

    def next(self, weekday: str) -> tuple[Reading, ...]:
        """Return that day of next week, as some mean it, and the coming one, as others do."""
        return _each(self.of_week("1", weekday), self.coming(weekday))

    def of_week(self, n: str, weekday: str) -> tuple[Reading, ...]:
        """Return that day of the week so many weeks from this one."""
        return self._span(self._monday(n) + timedelta(days=int(weekday)))

    def in_weeks(self, n: str, weekday: str) -> tuple[Reading, ...]:
        """Return that day of the week so many weeks from now, and that from the coming one."""
        return _each(self.of_week(n, weekday), self.coming(weekday, n))

    def week(self, n: str, piece: str = "") -> tuple[Reading, ...]:
        """Return the week so many weeks from this one, or its beginning, middle or end."""
        opens, closes = {"early": (0, 1), "mid": (1, 3), "late": (3, 4)}.get(piece, (0, 6))
        monday = self._monday(n)
        return self._span(monday + timedelta(days=opens), monday + timedelta(days=closes))

    def week_of(self, date: tuple[Reading, ...]) -> tuple[Reading, ...]:
        """Return the week that has this date."""
        mondays = (day.first - timedelta(days=day.first.weekday()) for day in date)
        return _each(*(self._span(monday, monday + WEEK) for monday in mondays))

    def numbered(self, n: str) -> tuple[Reading, ...]:
        """Return the next calendar week of this number."""
        year = self._today.isocalendar().year
        mondays = (_real(date.fromisocalendar, y, int(n), 1) for y in (year, year + 1))
        weeks = (self._span(monday, monday + WEEK) for monday in mondays if monday)
        return next(filter(None, weeks), ())

    def month(self, month: str, piece: str = "") -> tuple[Reading, ...]:
        """Return the next month of this name, or its beginning, middle or end."""
        return self.months(str((int(month) - self._today.month) % 12), piece)

    def months(self, n: str, piece: str = "") -> tuple[Reading, ...]:
        """Return the month so many months from this one, or its beginning, middle or end."""
        first, last = self._month(int(n))
        pieces = {"early": (1, 10), "mid": (11, 20), "late": (21, last.day)}
        opens, closes = pieces.get(piece, (1, last.day))
        return self._span(first.replace(day=opens), first.replace(day=closes))

    def of_month(self, d: str, month: str, y: str = "") -> tuple[Reading, ...]:
        """Return a day of a month: of that year, or the next of that name unless it is far."""
        years = (2000 + int(y) % 100,) if y else (self._today.year, self._today.year + 1)
        days = (_real(date, year, int(month), int(d)) for year in years)
        ahead = (day for day in days if day and self._today <= day)
        day = next(ahead, None)
        return self._span(day) if day and (y or day <= self._today + HORIZON) else ()

    def slashed(self, a: str, b: str, y: str = "") -> tuple[Reading, ...]:
        """Return the day and month that two numbers are, in the order of their country."""
        day_first, month_first = self.of_month(a, b, y), self.of_month(b, a, y)
        either = _each(day_first, month_first)
        return {"day": day_first, "month": month_first, "either": either}[self.order]

    def ordinal(self, d: str, weekday: str = "") -> tuple[Reading, ...]:
        """Return the next day of this number in its month, if it is the weekday that was named."""
        months = (self._month(n)[0] for n in range(3))
        days = (_real(date, month.year, month.month, int(d)) for month in months)
        ahead = (day for day in days if day and self._today <= day)
        return _on(weekday, self._span(next(ahead)))

    def same(self, date: tuple[Reading, ...], weekday: str = "") -> tuple[Reading, ...]:
        """Return a date, if it is the weekday that was named: else we do not know what is meant."""
        return _on(weekday, date)

    def minutes(self, n: str, each: str) -> tuple[Reading, ...]:
        """Return so many times `each` minutes from now, as time passes whatever the clocks do."""
        later = self.now.astimezone(UTC) + timedelta(minutes=int(n) * int(each))
        here = later.astimezone(self.now.tzinfo)
        return (Reading(here.date(), here.date(), here.time()),)

    def from_now(self, hour: time) -> Reading:
        """Return this hour today, or tomorrow if it is past."""
        late = timedelta(days=hour <= self.now.time())
        return Reading(self._today + late, self._today + late, hour)

    def ahead(self, reading: Reading) -> bool:
        """Tell whether it is still to come."""
        if reading.hour is None or reading.first != reading.last:
            return reading.last >= self._today
        then = datetime.combine(reading.first, reading.hour, self.now.tzinfo)
        return then.astimezone(UTC) > self.now.astimezone(UTC)

    @property
    def _today(self) -> date:
        return self.now.date()

    def _monday(self, n: str) -> date:
        return self._today + timedelta(weeks=int(n), days=-self._today.weekday())

    def _month(self, n: int) -> tuple[date, date]:
        """Return the first and last day of the month so many months from this one."""
        year, month = divmod(self._today.year * 12 + self._today.month - 1 + n, 12)
        last = monthrange(year, month + 1)[1]
        return date(year, month + 1, 1), date(year, month + 1, last)

    def _span(self, first: date, last: date | None = None) -> tuple[Reading, ...]:
        """Return these days, less those that are over."""
        last = last or first
        return (Reading(max(first, self._today), last),) if last >= self._today else ()


def _on(weekday: str, found: tuple[Reading, ...]) -> tuple[Reading, ...]:
    """Return the days that are this weekday, if one was named."""
    return tuple(day for day in found if not weekday or day.first.weekday() == int(weekday))


def _each(*found: tuple[Reading, ...]) -> tuple[Reading, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(found)))


def _real(made: Callable[[int, int, int], date], *numbers: int) -> date | None:
    """Return the day of these numbers, if there is one."""
    try:
        return made(*numbers)
    except ValueError:
        return None


class _State(NamedTuple):
    """What was read so far of a message. Each piece may come once, in any order."""

    day: tuple[Reading, ...] = ()
    time: _Clock | None = None
    part: str = ""
    place: str = ""

    def days(self) -> list[Reading]:
        """Return the days said, each in the part of the day that was said with it or apart."""
        parts = {"", self.part} if self.part else {day.part for day in self.day}
        return [replace(d, part=d.part or self.part) for d in self.day if d.part in parts]


class _Message:
    """One message, matched against the rules of one language."""

    def __init__(self, text: str, words: _Vocabulary, days: _Days) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._words = words
        self._days = days
        self._known: dict[tuple[str, int], tuple[tuple[int, object], ...]] = {}

    def readings(self) -> Iterator[Reading]:
        """Yield all that the whole message may mean; nothing if it holds what no answer does."""
        if any(self._matches("never", at) for at in range(len(self._tokens))):
            return
        for state in self._states():
            for reading in self._settled(state):
                yield replace(reading, place=state.place)

    def _states(self) -> Iterable[_State]:
        """Return what all of the message may amount to, in one pass from its first token."""
        reached: list[dict[_State, None]] = [{} for _ in range(len(self._tokens) + 1)]
        reached[0][_State()] = None
        for at, states in enumerate(reached[:-1]):
            for piece in PIECES if states else ():
                for end, value in self._matches(piece, at):
                    grown = (_grown(state, piece, value) for state in states)
                    reached[end].update(dict.fromkeys(state for state in grown if state))
        stopped = self._tokens[-1:] and self._tokens[-1].plain == STOP
        return reached[-1] or (reached[-2] if stopped else ())

    def _settled(self, state: _State) -> Iterable[Reading]:
        """Return what the pieces of a message mean together, as far as it is still to come."""
        if state.time is None:
            return filter(self._days.ahead, state.days())
        if not state.day:
            return map(self._days.from_now, state.time.meant(state.part))
        return self._timed(state.days(), state.time)

    def _timed(self, days: Iterable[Reading], clock: _Clock) -> Iterable[Reading]:
        """Return these days at that hour: if the day is in doubt, at its likelier hour only."""
        timed = [
            [replace(d, hour=h, part="") for h in clock.meant(d.part)]
            for d in days
            if d.hour is None
        ]
        likely = [r for readings in timed for r in readings[:1] if self._days.ahead(r)]
        if len(likely) > 1:
            return likely
        either = [readings for readings in timed if not likely or readings[:1] == likely]
        return filter(self._days.ahead, chain.from_iterable(either))

    def _matches(self, category: str, at: int) -> tuple[tuple[int, object], ...]:
        """Return where a phrase of this category that begins here may end, and what it means."""
        key = category, at
        if key not in self._known:
            self._known[key] = ()
            self._known[key] = tuple(self._found(category, at))
        return self._known[key]

    def _found(self, category: str, at: int) -> Iterator[tuple[int, object]]:
        if at == len(self._tokens):
            return
        if category in NUMBERS and re.fullmatch(NUMBERS[category], self._tokens[at].plain):
            yield at + 1, self._tokens[at].plain
        for words in WORDED.get(category, ()):
            found = self._matches(words, at)
            yield from (match for match in found if re.fullmatch(NUMBERS[category], str(match[1])))
        if category == "name":
            yield from self._name(at)
        rules = self._words.rules.get(category, {})
        for rule in chain(rules.get(self._tokens[at].plain, ()), rules.get("", ())):
            for end, given in self._along(rule.symbols, at, rule.given):
                yield end, self._meant(category, rule.meaning, given, self._said(at, end))

    def _along(
        self, symbols: tuple[str, ...], at: int, given: dict[str, Any]
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        """Follow a phrase from here; yield where it ends, with what its slots matched."""
        if not symbols:
            yield at, given
            return
        symbol, rest = symbols[0], symbols[1:]
        if symbol.startswith("<"):
            name = symbol[1:-1]
            for end, value in self._matches(name, at):
                yield from self._along(rest, end, given | {NAMED.get(name, name): value})
        elif at < len(self._tokens) and self._tokens[at].plain == symbol:
            yield from self._along(rest, at + 1, given)

    def _meant(self, category: str, meaning: str, given: dict[str, Any], said: str) -> object:
        match category:
            case "day" | "date":
                told = {name: value for name, value in given.items() if name != "part"}
                found = getattr(self._days, meaning)(**told)
                return tuple(replace(day, part=given.get("part", "")) for day in found)
            case "time":
                return CLOCKS[meaning](**given)
            case "place":
                return given["spot"]
            case "spot":
                return said
        return meaning

    def _name(self, at: int) -> Iterator[tuple[int, str]]:
        """Yield up to three words that are written like a name."""
        for end, token in enumerate(self._tokens[at : at + 3], at + 1):
            word = self._text[token.start : token.end]
            if len(word) == 1 or not word[0].isupper():
                return
            yield end, word

    def _said(self, at: int, end: int) -> str:
        return self._text[self._tokens[at].start : self._tokens[end - 1].end]


def _grown(state: _State, piece: str, value: object) -> _State | None:
    """Return the state with one more piece; none if it had one, or if this one means nothing."""
    if piece == "filler":
        return state
    if getattr(state, piece) or not value:
        return None
    return state._replace(**{piece: value})  # type: ignore[arg-type]
