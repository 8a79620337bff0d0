"""Courteous hours: in their own zone, on their own working days, on no public holiday."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import hours
from bot.hours import After
from bot.journal import PersonId
from bot.moment import Moment
from bot.people import Person, Programme

PLAN = Programme("p", "Other eyes")
ZONES = sorted(zone for zone in available_timezones() if zone != "localtime")
moments = st.datetimes(datetime(2026, 1, 1), datetime(2029, 1, 1)).map(
    lambda moment: moment.replace(tzinfo=UTC)
)


def person(zone: str, country: str = "") -> Person:
    return Person(PersonId("x"), "X", zone=zone, country=country)


@given(moments, st.sampled_from(ZONES))
def test_the_next_opening_is_in_the_window_and_not_before_now(now: datetime, zone: str) -> None:
    me = person(zone)
    opening = hours.next_opening(PLAN, me, now)
    assert opening >= now
    assert hours.may_write(PLAN, me, opening)
    here = opening.astimezone(ZoneInfo(zone))
    assert time(9) <= here.time() < time(17)
    assert here.weekday() < 5


@given(moments, st.sampled_from(ZONES), st.integers(0, 40), st.integers(0, 10))
def test_a_moment_counted_falls_in_the_window(
    anchor: datetime, zone: str, days: int, working_days: int
) -> None:
    me = person(zone)
    moment = After(days, working_days).counted(anchor, PLAN, me)
    assert hours.may_write(PLAN, me, moment)
    if days + working_days >= 2:
        assert moment > anchor


def test_nobody_is_written_to_on_a_public_holiday_of_their_own_country() -> None:
    reformation = date(2026, 10, 3)
    assert not hours.is_working_day(PLAN, person("Europe/Berlin", "DE"), reformation)
    boxing = datetime(2026, 12, 28, 10, tzinfo=UTC)
    assert not hours.may_write(PLAN, person("Europe/London", "GB"), boxing)
    assert hours.may_write(PLAN, person("Europe/Berlin", "DE"), boxing)


def test_the_programme_has_holidays_of_its_own() -> None:
    plan = Programme("p", "Other eyes", holidays=(date(2026, 11, 4),))
    me = person("Europe/Berlin")
    opening = hours.next_opening(plan, me, datetime(2026, 11, 3, 18, tzinfo=UTC))
    assert opening == datetime(2026, 11, 5, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wall", "zone", "utc"),
    [
        (datetime(2026, 3, 29, 2, 30), "Europe/Berlin", datetime(2026, 3, 29, 1, 30)),
        (datetime(2026, 10, 25, 2, 30), "Europe/Berlin", datetime(2026, 10, 25, 0, 30)),
        (datetime(2026, 12, 3, 15), "Europe/Berlin", datetime(2026, 12, 3, 14)),
        (datetime(2027, 1, 15, 9), "America/Vancouver", datetime(2027, 1, 15, 16)),
    ],
)
def test_a_moment_keeps_its_wall_clock_its_zone_and_its_instant(
    wall: datetime, zone: str, utc: datetime
) -> None:
    moment = Moment.on(wall, zone)
    assert moment.at == utc.replace(tzinfo=UTC)
    assert Moment.read(moment.written()) == moment
    assert Moment.of(moment.at, zone) == moment


def test_what_was_agreed_holds_by_the_wall_clock_whatever_becomes_of_the_zone() -> None:
    """Agreed when Berlin was still to change its clocks; by the rules of now it did not, or did."""
    summer = Moment.on(datetime(2027, 7, 1, 15), "Europe/Berlin")
    before = {**summer.written(), "at": (summer.at + timedelta(hours=1)).isoformat()}
    assert Moment.read(before) == summer
    twice = datetime(2026, 10, 25, 2, 30)
    second = Moment.of(datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "Europe/Berlin")
    assert second.wall == twice
    assert Moment.read(second.written()) == second, "the hour that comes twice is which it was"


def test_the_same_wall_clock_across_a_change_of_clocks_is_a_day_apart_for_people() -> None:
    before = Moment.on(datetime(2026, 10, 24, 15), "Europe/Berlin")
    after = Moment.on(datetime(2026, 10, 25, 15), "Europe/Berlin")
    assert after.at - before.at == timedelta(hours=25)


PLACES = st.sampled_from(
    [
        ("Europe/Berlin", "DE"),
        ("Europe/London", "GB"),
        ("America/New_York", "US"),
        ("America/Sao_Paulo", "BR"),
        ("Asia/Kolkata", "IN"),
        ("Asia/Tokyo", "JP"),
        ("Europe/Lisbon", ""),
    ]
)


def fortnight(first: date, days: int = 14) -> list[date]:
    return [first + timedelta(days=n) for n in range(days)]


@given(
    st.dates(date(2026, 1, 1), date(2029, 1, 1)),
    PLACES,
    PLACES,
    st.sampled_from([30, 45, 60, 90]),
)
def test_free_times_are_in_the_working_hours_of_both_and_on_a_holiday_of_neither(
    first: date, mine: tuple[str, str], theirs: tuple[str, str], minutes: int
) -> None:
    both = (person(*mine), person(*theirs))
    length = timedelta(minutes=minutes)
    found = list(hours.free_slots(PLAN, both, fortnight(first), length))
    days = [start.astimezone(ZoneInfo(mine[0])).date() for start in found]
    assert days == sorted(set(days))
    for who in both:
        for start in found:
            here, over = (at.astimezone(ZoneInfo(who.zone)) for at in (start, start + length))
            assert hours.is_working_day(PLAN, who, here.date())
            assert here.date() == over.date()
            assert time(9) <= here.time() < over.time() <= time(17)
    if mine == theirs:
        open_days = [d for d in fortnight(first) if hours.is_working_day(PLAN, both[0], d)]
        assert days == open_days


def test_over_christmas_there_are_times_only_where_both_are_back() -> None:
    both = (person("Europe/Berlin", "DE"), person("Europe/London", "GB"))
    found = hours.free_slots(PLAN, both, fortnight(date(2026, 12, 24)))
    here = [start.astimezone(ZoneInfo("Europe/Berlin")) for start in found]
    assert [f"{start:%d %H:%M}" for start in here] == [
        *("24 15:00", "29 15:00", "30 15:00", "31 15:00"),
        *("04 15:00", "05 15:00", "06 15:00"),
    ]


def test_two_who_live_far_apart_are_offered_the_hours_they_share() -> None:
    """New York and Berlin share two hours a day, and three while only Berlin has changed clocks."""
    both = (person("America/New_York", "US"), person("Europe/Berlin", "DE"))
    days = fortnight(date(2026, 10, 23), 5)
    found = hours.free_slots(PLAN, both, days, timedelta(minutes=90))
    here = [start.astimezone(ZoneInfo("America/New_York")) for start in found]
    assert [f"{start:%a %H:%M}" for start in here] == ["Fri 09:00", "Mon 10:00", "Tue 10:00"]


def test_two_whose_working_hours_never_meet_are_offered_none() -> None:
    both = (person("Europe/Berlin", "DE"), person("Pacific/Auckland", "NZ"))
    assert list(hours.free_slots(PLAN, both, fortnight(date(2026, 7, 1)))) == []
