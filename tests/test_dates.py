"""Words to dates: read strictly or not at all, in five languages, and never silently wrong."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from adapters import cli
from adapters.prompts import dates, files
from bot.dates import LONGEST, Dates, Reading, _Message
from bot.moment import Moment
from tests.phrases import HELD_OUT, NONE, Phrase, phrases, written

LANGUAGES = dates().languages
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
BERLIN = "Europe/Berlin"
ZONES = sorted(zone for zone in available_timezones() if zone != "localtime")
nows = st.datetimes(datetime(2026, 1, 1), datetime(2036, 1, 1)).map(lambda t: t.replace(tzinfo=UTC))


def test_there_are_five_languages_and_none_of_them_is_taken_for_one_we_speak() -> None:
    assert LANGUAGES == ("de", "en", "es", "fr", "pt")
    assert not [path for path in files() if path.startswith("dates/")]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_busy_people_type_is_read_right(language: str) -> None:
    table = phrases(language)
    assert sum(p.expected != NONE for p in table) >= 40
    assert [(p.text, p.expected, p.read) for p in table if p.verdict != "right"] == []


@pytest.mark.parametrize("name", HELD_OUT)
def test_what_the_grammar_was_not_written_for_is_read_right_or_not_at_all(name: str) -> None:
    dated = [p for p in phrases(name) if p.expected != NONE]
    assert len(dated) >= 90
    assert [(p.text, p.expected, p.read) for p in dated if p.verdict == "wrong"] == []
    assert sum(p.verdict == "right" for p in dated) >= 0.95 * len(dated)


@pytest.mark.parametrize("name", [*LANGUAGES, *HELD_OUT])
def test_what_is_no_date_is_not_taken_for_one(name: str) -> None:
    ordinary = [p for p in phrases(name) if p.expected == NONE]
    assert len(ordinary) >= 20
    assert [p.text for p in ordinary if p.read != NONE] == []


def test_the_words_of_the_conversation_itself_are_no_dates() -> None:
    """Thousands of lines in English and German that were not written for this test.

    The only ones taken are those that do name a day: the choices of *Not now…* and of *We met*.
    """
    taken = [
        path.partition("/")[2]
        for path, text in files().items()
        for line in text.splitlines()
        if dates().read(line.partition(": ")[2] or line, path[:2], BERLIN, NOW)
    ]
    assert set(taken) == {"etiquette/not_now.md", "meeting/met.md"}
    assert len(taken) == 8


def test_a_table_that_is_not_read_right_is_found() -> None:
    now = NOW.astimezone(ZoneInfo(BERLIN))
    asked = [("tomorrow", "2026-11-24", "right"), ("tomorrow", "2026-11-25", "wrong")]
    asked += [("tomorow evning", "2026-11-24 evening", "missed"), ("today", NONE, "wrong")]
    for text, expected, verdict in asked:
        assert Phrase(text, expected, "en", now, BERLIN, "").verdict == verdict


@pytest.mark.parametrize("line", ["day sometime: whenever", "time often: now and then"])
def test_a_line_of_words_that_nothing_can_be_meant_by_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="can mean"):
        Dates({"en": line})


def test_a_language_we_do_not_read_and_a_text_that_is_too_long_are_no_date() -> None:
    assert dates().read("huomenna", "fi", BERLIN, NOW) == ()
    assert dates().read("tomorrow" + " " * LONGEST, "en", BERLIN, NOW) == ()
    assert dates().read("", "en", BERLIN, NOW) == ()


def test_accents_are_heard_however_they_are_written() -> None:
    for text in ("mañana a las 15h", "man\u0303ana a las 15h", "MAÑANA A LAS １５h"):
        assert dates().read(text, "es", BERLIN, NOW) == (
            Reading(date(2026, 11, 24), date(2026, 11, 24), time(15)),
        )


def test_a_range_or_a_day_without_an_hour_is_no_moment_yet() -> None:
    (day,) = dates().read("tomorrow", "en", BERLIN, NOW)
    (week,) = dates().read("next week at 3pm", "en", BERLIN, NOW)
    (hour,) = dates().read("tomorrow at 3pm", "en", BERLIN, NOW)
    assert day.moment(BERLIN) is None
    assert week.moment(BERLIN) is None
    assert hour.moment(BERLIN) == Moment.on(datetime(2026, 11, 24, 15), BERLIN)


SPELLED = {
    "en": ("{weekday} {d} {month}, {hour}:{minute}", "{month} {d} at {hour}:{minute}"),
    "de": ("{weekday}, {d}. {month}, {hour}:{minute} Uhr", "am {d}.{m}. um {hour}.{minute} Uhr"),
    "fr": ("{weekday} {d} {month} à {hour}h{minute}", "le {d}/{m} à {hour}:{minute}"),
    "es": ("el {weekday} {d} de {month} a las {hour}:{minute}", "{d}/{m}/{year} {hour}:{minute}"),
    "pt": ("{weekday}, {d} de {month}, às {hour}h{minute}", "dia {d}/{m} às {hour}:{minute}"),
}
NUMBERED = "{year}-{m:02}-{d:02} {hour}:{minute}"
WEEKDAYS = {
    "en": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "de": "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
    "fr": "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "es": "lunes martes miércoles jueves viernes sábado domingo",
    "pt": "segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo",
}
MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre "
    "diciembre",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro "
    "dezembro",
}


@given(nows, st.sampled_from(ZONES), st.integers(60, 280 * 24 * 60), st.sampled_from(LANGUAGES))
def test_every_moment_has_phrases_that_read_back_to_it(
    now: datetime, zone: str, minutes: int, language: str
) -> None:
    wall = (
        (now + timedelta(minutes=minutes))
        .astimezone(ZoneInfo(zone))
        .replace(tzinfo=None, second=0, microsecond=0, fold=0)
    )
    moment = Moment.on(wall, zone)
    assume(moment.at > now)
    for phrase in (*SPELLED[language], NUMBERED):
        text = phrase.format(
            weekday=WEEKDAYS[language].split()[wall.weekday()],
            month=MONTHS[language].split()[wall.month - 1],
            d=wall.day,
            m=wall.month,
            year=wall.year,
            hour=f"{wall.hour:02}",
            minute=f"{wall.minute:02}",
        )
        found = dates().read(text, language, zone, now, "DE")
        assert [reading.moment(zone) for reading in found] == [moment], text


words = st.sampled_from(
    [
        *("next", "Thursday", "at", "3", "pm", "in", "two", "weeks", "the", "26th", "of", "Nov"),
        *("nächsten", "Donnerstag", "um", "halb", "drei", "Uhr", "morgen", "3.12.", "in", "KW"),
        *("jeudi", "à", "15h", "prochain", "dans", "jours", "el", "jueves", "a", "las", "tarde"),
        *("quinta", "às", "da", "99", "0", "31", "2026", "/", ".", "<weekday>", "stop", "Café"),
    ]
)
spoken = st.lists(words, max_size=12).map(" ".join)


@given(st.text(max_size=200) | spoken, st.sampled_from(LANGUAGES), nows, st.sampled_from(ZONES))
@example("<weekday>", "en", NOW, BERLIN)
@example("week 99", "en", NOW, BERLIN)
@example("². ½ ①", "en", NOW, BERLIN)
def test_no_text_whatever_raises_and_what_is_read_lies_ahead(
    text: str, language: str, now: datetime, zone: str
) -> None:
    found = dates().read(text, language, zone, now)
    assert len(found) <= 2
    today = now.astimezone(ZoneInfo(zone)).date()
    for reading in found:
        moment = reading.moment(zone)
        assert today <= reading.first <= reading.last
        assert moment is None or moment.at > now
        assert written(reading, zone)


def changes(zone: str, year: int) -> list[datetime]:
    """Return the hours (UTC) of that year after which the zone's clocks are changed."""
    start, here = datetime(year, 1, 1, tzinfo=UTC), ZoneInfo(zone)
    hours = [start + timedelta(hours=n) for n in range(0, 366 * 24, 24)]
    days = [
        (a, b)
        for a, b in pairwise(hours)
        if a.astimezone(here).utcoffset() != b.astimezone(here).utcoffset()
    ]
    return [
        at
        for a, _ in days
        for at in [a + timedelta(minutes=15 * n) for n in range(96)]
        if at.astimezone(here).utcoffset()
        != (at + timedelta(minutes=15)).astimezone(here).utcoffset()
    ]


def near(at: datetime, zone: str) -> list[datetime]:
    """Return wall clocks from a day before to a day after, gaps and folds among them."""
    here = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)
    return [here + timedelta(minutes=30 * n) for n in range(-48, 49)]


def stands(wall: datetime, zone: str) -> bool:
    """Tell whether the clocks of the zone ever show this."""
    there = wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).astimezone(ZoneInfo(zone))
    return there.replace(tzinfo=None) == wall


YEARS = range(2026, 2041)
MANY = os.environ.get("ZONES") == "all"
SAMPLE = ZONES if MANY else ["Europe/Berlin", "Australia/Lord_Howe", *ZONES[::75]]


@pytest.mark.parametrize("zone", SAMPLE)
def test_a_moment_is_right_on_both_sides_of_every_change_of_clocks(zone: str) -> None:
    """ZONES=all looks at every zone there is, and at every year up to 2040."""
    for year in YEARS if MANY else YEARS[::5]:
        for at in changes(zone, year):
            for wall in near(at, zone):
                moment = Moment.on(wall, zone)
                assert moment.seen_from(zone) == moment.wall
                assert Moment.of(moment.at, zone) == moment
                assert (moment.wall == wall) == stands(wall, zone)
                assert moment.wall >= wall  # in a gap it is later, never earlier
                assert moment.at - at <= timedelta(hours=26)


def test_two_whose_clocks_change_on_different_days_keep_the_same_instant() -> None:
    """Between the changes in New York and in Berlin they are five hours apart, not six."""
    hours = {
        datetime(2027, 3, 12, 15): 9,
        datetime(2027, 3, 15, 15): 10,
        datetime(2027, 3, 29, 15): 9,
        datetime(2027, 10, 30, 15): 9,
        datetime(2027, 11, 1, 15): 10,
        datetime(2027, 11, 8, 15): 9,
    }
    for wall, hour in hours.items():
        seen = Moment.on(wall, BERLIN).seen_from("America/New_York")
        assert (seen.date(), seen.hour) == (wall.date(), hour)
        back = Moment.on(seen, "America/New_York")
        assert back.at == Moment.on(wall, BERLIN).at


def test_reading_takes_no_longer_than_the_text_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted in what was tried, not in seconds."""
    tried: list[object] = []
    found = _Message._found
    monkeypatch.setattr(
        _Message, "_found", lambda self, *about: tried.append(about) or found(self, *about)
    )

    def work(text: str) -> int:
        tried.clear()
        assert dates().read(text, "en", BERLIN, NOW)
        return len(tried)

    once, thrice = (work("please can we " * n + "meet tomorrow at 3pm") for n in (3, 9))
    assert thrice <= 3 * once


ASKED = ["--zone", BERLIN, "--now", "2026-11-23T10:00"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["morgen um 15 Uhr", "--language", "de"], ["Tue 2026-11-24 15:00 (2026-11-24 14:00 UTC)"]),
        (["3/4", "--country", "US"], ["Thu 2027-03-04"]),
        (["3/4", "--country", "GB"], ["Sat 2027-04-03"]),
        (["3/4"], ["Sat 2027-04-03", "Thu 2027-03-04"]),
        (["next week over lunch"], ["Mon 2026-11-30 to Sun 2026-12-06 midday"]),
        (["Thursday at the library"], ["Thu 2026-11-26, at: the library"]),
        (["let me think about it"], ["This is not read as a date."]),
    ],
)
def test_an_operator_may_ask_how_a_phrase_is_read(
    arguments: list[str], told: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["dates", *arguments, *ASKED]) == 0
    assert capsys.readouterr().out.splitlines() == told


@pytest.mark.parametrize(
    "wrong", [["--zone", "Nowhere"], ["--now", "soon"], ["--language", "fi"]], ids=" ".join
)
def test_an_operator_who_asks_amiss_is_told_in_a_line(
    wrong: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["dates", "tomorrow", *wrong]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_without_a_phrase_the_figures_of_every_table_are_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["dates"]) == 0
    told = capsys.readouterr().out
    assert all(f"{name}: " in told for name in (*LANGUAGES, *HELD_OUT))
