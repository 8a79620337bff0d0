"""The addresses of calendars: whoever has one may look, nobody can guess one, no log has any."""

from __future__ import annotations

import asyncio
import logging
import re
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from typing import TYPE_CHECKING

import httpx
import pytest
import uvicorn
from sqlalchemy import select

from adapters import demo
from adapters.calendar import placing
from adapters.calendar.wire import Hidden, is_known
from adapters.settings import Settings, new_key
from adapters.store import placings, roster, tables
from bot import hours
from bot.flows.meeting import Moved
from bot.flows.sketch import Sketches
from tests.calendars import agreeing, events, keeping_from_assistants, lawful, says
from tests.playground import MONDAY, opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from adapters.store.placings import Placing
    from bot.people import Pair
    from tests.playground import Playground

pytest_plugins = ("tests.databases",)

ROOT = "https://turnabout.example.org"
SOON = MONDAY + timedelta(days=9, hours=4)
LATER = SOON + timedelta(days=2)


@dataclass
class Desk:
    """Two people who agreed on a time, and somebody with a browser or a calendar."""

    playground: Playground
    client: httpx.AsyncClient
    pair: Pair

    @property
    def calendars(self):
        return self.playground.house.calendars

    @property
    def ada(self):
        return self.pair.reverse_mentor

    @property
    def ben(self):
        return self.pair.reverse_mentee

    async def does(self, *done) -> None:
        self.pair = await says(self.playground.house, self.pair, list(done))

    async def gets(self, address: str, **headers: str) -> httpx.Response:
        return await self.client.get(address, headers=headers)

    async def rows(self, table):
        store = self.playground.house.store
        return await store.run(lambda conn: conn.execute(select(table)).all())

    def passes(self, days: float) -> None:
        clock = self.playground.house.clock
        clock.move_to(clock.now() + timedelta(days=days))


@pytest.fixture
async def desk(database: str, tmp_path: Path) -> AsyncIterator[Desk]:
    told = Settings(database, key_text=new_key(), playground=True, data=tmp_path, public=ROOT)
    async with opened(told) as playground:
        transport = httpx.ASGITransport(playground.app)
        async with httpx.AsyncClient(transport=transport, base_url=ROOT) as client:
            found = Desk(playground, client, await playground.pair())
            await found.does(*agreeing(found.pair, SOON, "Blue door"))
            yield found


def is_guarded(answer: httpx.Response) -> bool:
    return (
        answer.headers["cache-control"].startswith("private")
        and answer.headers["referrer-policy"] == "no-referrer"
        and answer.headers["x-content-type-options"] == "nosniff"
    )


# A meeting's file


async def test_a_link_gives_the_meeting_as_it_stands_when_it_is_opened(desk: Desk) -> None:
    link = desk.calendars.to_add(desk.pair, desk.ada).file
    answer = await desk.gets(link)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="meeting.ics"'
    assert is_guarded(answer)
    (event,) = events(answer.content)
    assert (event["DTSTART"].dt, event["STATUS"]) == (SOON, "CONFIRMED")
    assert event["LOCATION"] == "Café, Blue door"
    await desk.does((desk.ben, Moved()))
    assert desk.calendars.to_add(desk.pair, desk.ada) is None
    (event,) = events((await desk.gets(link)).content)
    assert event["STATUS"] == "CANCELLED"


async def test_a_link_ends_a_day_after_the_meeting(desk: Desk) -> None:
    link = desk.calendars.to_add(desk.pair, desk.ada).file
    desk.passes(9.9)
    assert (await desk.gets(link)).status_code == 200
    desk.passes(2)
    assert (await desk.gets(link)).status_code == 404


async def test_who_starts_over_leaves_no_address_behind(desk: Desk) -> None:
    link = desk.calendars.to_add(desk.pair, desk.ada).file
    feed = await desk.calendars.subscribe(desk.ada.id)
    page = await desk.calendars.ask_assistant(desk.pair, desk.ben)
    await demo.start_over(desk.playground.house)
    for address in (link, feed, page):
        assert (await desk.gets(address)).status_code == 404


async def test_what_we_did_not_hand_out_leads_nowhere(desk: Desk) -> None:
    link = desk.calendars.to_add(desk.pair, desk.ada).file
    word = link.rpartition("/")[2].removesuffix(".ics")
    other = "x" if word[-2] != "x" else "y"
    addresses = [
        f"{ROOT}/cal/once/{word[:-2]}{other}{word[-1]}.ics",
        f"{ROOT}/cal/once/{word.replace('.1.', '.2.')}.ics",
        f"{ROOT}/cal/times/{word}",
        f"{ROOT}/cal/{'a' * 43}.ics",
        *(f"{ROOT}/cal/{odd}.ics" for odd in ("%00", "%ff", "ä", "..", "a" * 5000)),
        *(f"{ROOT}/cal/once/{odd}.ics" for odd in ("%00", ".", "....", "%F0%9F", "1.2.3.4.5")),
    ]
    for address in addresses:
        answer = await desk.gets(address)
        assert answer.status_code == 404, address
        assert answer.text.startswith("There is nothing at this address any more.")
        assert is_guarded(answer)


# A calendar to subscribe to


async def test_who_subscribes_sees_every_meeting_also_one_called_off(desk: Desk) -> None:
    address = await desk.calendars.subscribe(desk.ben.id)
    assert re.fullmatch(rf"{ROOT}/cal/[A-Za-z0-9_-]{{43}}\.ics", address)
    await desk.does((desk.ben, Moved()))
    answer = await desk.gets(address)
    (event,) = events(answer.content)
    assert (event["STATUS"], event["SEQUENCE"]) == ("CANCELLED", 1)
    await desk.does(*agreeing(desk.pair, LATER))
    content = (await desk.gets(address)).content
    lawful(content)
    (event,) = events(content)
    assert (event["STATUS"], event["SEQUENCE"], event["DTSTART"].dt) == ("CONFIRMED", 2, LATER)
    assert "content-disposition" not in answer.headers
    assert is_guarded(answer)


async def test_a_calendar_that_has_it_already_is_told_so(desk: Desk) -> None:
    address = await desk.calendars.subscribe(desk.ada.id)
    first = await desk.gets(address)
    again = await desk.gets(address, **{"if-none-match": f'"other", W/{first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    await desk.does((desk.ben, Moved()))
    changed = await desk.gets(address, **{"if-none-match": first.headers["etag"]})
    assert changed.status_code == 200
    assert not is_known('"a"', "") and not is_known('"a"', '"ab"')  # noqa: PT018


async def test_of_an_address_only_a_hash_is_kept_and_a_new_one_ends_the_old(desk: Desk) -> None:
    first = await desk.calendars.subscribe(desk.ada.id)
    second = await desk.calendars.subscribe(desk.ada.id)
    assert (await desk.gets(first)).status_code == 404
    assert (await desk.gets(second)).status_code == 200
    (row,) = await desk.rows(tables.feed)
    assert re.fullmatch("[0-9a-f]{64}", row.token_hash)
    assert row.token_hash not in second
    await desk.calendars.unsubscribe(desk.ada.id)
    await desk.calendars.unsubscribe(desk.ada.id)
    assert (await desk.gets(second)).status_code == 404


async def test_somebody_in_two_pairs_has_one_calendar_and_the_others_see_nothing_of_it(
    desk: Desk,
) -> None:
    house = desk.playground.house

    def another(conn):
        programme = conn.execute(select(tables.programme.c.id)).scalar_one()
        organisation = conn.execute(select(tables.organisation.c.id)).scalar_one()
        cleo = roster.add_person(conn, house.store.keys, organisation, "Cleo")
        return roster.add_pair(conn, house.store.keys, programme, cleo, desk.ben.id, MONDAY)

    name = await house.store.run(another)
    other = await house.store.work(name, lambda work: work.pair())
    other = await says(house, other, agreeing(other, LATER))
    bens = await desk.gets(await desk.calendars.subscribe(desk.ben.id))
    cleos = await desk.gets(await desk.calendars.subscribe(other.reverse_mentor.id))
    assert [event["DTSTART"].dt for event in events(bens.content)] == [SOON, LATER]
    assert [event["DTSTART"].dt for event in events(cleos.content)] == [LATER]


async def test_who_is_erased_has_no_calendar_and_asks_nobody(desk: Desk) -> None:
    links = [desk.calendars.to_add(desk.pair, me).file for me in (desk.ben, desk.ada)]
    address = await desk.calendars.subscribe(desk.ben.id)
    page = await desk.calendars.ask_assistant(desk.pair, desk.ben)
    store, now = desk.playground.house.store, desk.playground.house.clock.now()
    await store.run(lambda conn: roster.erase(conn, store.keys, desk.ben.id, now))
    assert (await desk.gets(address)).status_code == 404
    assert (await desk.gets(page)).status_code == 404
    assert [(await desk.gets(link)).status_code for link in links] == [404, 200]
    assert not await desk.rows(tables.feed)
    assert not await desk.rows(tables.placing)


# A page for an assistant


def boxes(html: str, name: str) -> list[str]:
    return re.findall(rf'name="{name}" value="(\d+)"', html)


async def test_an_assistant_sees_times_and_places_and_nothing_else(desk: Desk) -> None:
    page = (await desk.gets(await desk.calendars.ask_assistant(desk.pair, desk.ben))).text
    seen = {text for text in re.split(r"\s*<[^>]+>\s*", unescape(page)) if text}
    assert not re.search(
        r"(?i)ada|lind|ben\b|okoro|mentor|mentee|reverse|turnabout|other eyes", page
    )
    assert "Blue" not in page
    assert {"Café", "Park", "Video", "10:00", "15:00"} <= seen
    assert "Office" not in seen


async def test_times_are_free_for_both_and_on_their_working_days(desk: Desk) -> None:
    found = placing.times(desk.pair, desk.ben, MONDAY)
    assert 10 < len(found) <= placing.DAYS * len(placing.HOURS)
    for start in found:
        for who in desk.pair.people:
            assert hours.may_write(desk.pair.programme, who, start)
            assert hours.may_write(desk.pair.programme, who, start + timedelta(minutes=59))
        assert not SOON - timedelta(hours=1) < start < SOON + timedelta(hours=1)
    free = placing.times(
        await says(desk.playground.house, desk.pair, [(desk.ben, Moved())]), desk.ben, MONDAY
    )
    assert set(found) < set(free)


async def test_what_an_assistant_marks_is_one_tap_away(desk: Desk) -> None:
    address = await desk.calendars.ask_assistant(desk.pair, desk.ben)
    page = await desk.gets(address)
    assert len(boxes(page.text, "time")) > 10
    answer = await desk.client.post(address, data={"time": ["3", "1", "3"], "place": "1"})
    assert answer.status_code == 303
    assert answer.headers["location"] == address.rpartition("/")[2]  # also below a proxy's path
    said = await told(desk, address)
    assert said.suits == (said.times[1], said.times[3])
    assert said.place == said.places[1] == "walk"
    assert said.answered_at >= MONDAY
    again = (await desk.gets(address)).text
    assert "Saved." in again
    assert re.findall(r'value="(\d+)" checked', again) == ["1", "3", "1"]
    await desk.client.post(address, data={"time": "2", "place": "0"})
    said = await told(desk, address)
    assert (said.suits, said.place) == ((said.times[2],), "cafe")
    pair = await desk.playground.pair()
    sketched = pair.fold(Sketches).live[desk.ben.id]
    assert [at.at for at in sketched.event.times] == [said.times[2]]
    assert sketched.event.place == "cafe"


async def told(desk: Desk, address: str) -> Placing:
    """Return what a page asks, and what was marked on it."""
    asked, _ = await desk.calendars.asked(address.rpartition("/")[2])
    return asked


NO_FORMS = (
    b"",
    b"time=0",
    b"place=0",
    b"time=0&time=1&time=2&time=3&place=0",
    b"time=999&place=0",
    b"time=-1&place=0",
    b"time=0&place=9",
    b"time=0&place=0&place=1",
    b"time=%C2%B2&place=0",
    b"time=1e1&place=0",
    b"time=0&place=",
    b"\xff\xfe",
    b"time=" + b"9" * 5000 + b"&place=0",
    b"&".join([b"time=0"] * 500),
    b"a" * 20_000,
    b"%00=%00&" * 50,
)


async def test_whatever_else_is_sent_is_not_kept(desk: Desk) -> None:
    address = await desk.calendars.ask_assistant(desk.pair, desk.ben)
    kind = {"content-type": "application/x-www-form-urlencoded"}
    for form in NO_FORMS:
        answer = await desk.client.post(address, content=form, headers=kind)
        assert answer.status_code == 422, form[:40]
        assert "Please mark one, two or three times" in answer.text
    assert not (await told(desk, address)).suits


async def test_a_page_ends_by_itself_by_a_newer_one_and_by_being_revoked(desk: Desk) -> None:
    first = await desk.calendars.ask_assistant(desk.pair, desk.ben)
    second = await desk.calendars.ask_assistant(desk.pair, desk.ben)
    assert (await desk.gets(first)).status_code == 404
    answer = await desk.client.post(first, data={"time": "1", "place": "1"})
    assert answer.status_code == 404
    assert (await desk.gets(second)).status_code == 200
    await desk.calendars.ask_no_more(desk.pair.id, desk.ben.id)
    assert (await desk.gets(second)).status_code == 404
    third = await desk.calendars.ask_assistant(desk.pair, desk.ben)
    desk.passes(13.9)
    assert (await desk.gets(third)).status_code == 200
    desk.passes(0.2)
    assert (await desk.gets(third)).status_code == 404
    await desk.calendars.ask_assistant(desk.pair, desk.ada)
    (row,) = await desk.rows(tables.placing)
    assert row.person == desk.ada.id


async def test_a_page_that_was_replaced_while_it_was_open_changes_nothing(desk: Desk) -> None:
    address = await desk.calendars.ask_assistant(desk.pair, desk.ben)
    asked, _ = await desk.calendars.asked(address.rpartition("/")[2])
    newer = await desk.calendars.ask_assistant(desk.pair, desk.ben)
    await desk.calendars.answer(asked, asked.times[:1], asked.places[0])
    assert not (await told(desk, newer)).suits
    assert not (await desk.playground.pair()).fold(Sketches).live
    with pytest.raises(ValueError, match="not asked"):
        await desk.calendars.answer(asked, (SOON,), asked.places[0])


async def test_where_the_charter_keeps_it_from_assistants_none_is_asked(desk: Desk) -> None:
    """CH-4: also where the two have agreed on that only after the page was given out."""
    page = await desk.calendars.ask_assistant(desk.pair, desk.ben)
    await desk.does(*keeping_from_assistants(desk.pair))
    assert (await desk.gets(page)).status_code == 404
    assert await desk.calendars.ask_assistant(desk.pair, desk.ben) == ""


async def test_what_an_assistant_is_asked_is_sealed(desk: Desk) -> None:
    await desk.calendars.ask_assistant(desk.pair, desk.ben)
    (row,) = await desk.rows(tables.placing)
    assert b"cafe" not in row.sealed
    assert b"2035" not in row.sealed
    assert timedelta(days=14) == placings.HOLDS


# Logs


@asynccontextmanager
async def served(app) -> AsyncIterator[str]:
    """Serve on a free port, with an access log, as the web process does."""
    config = uvicorn.Config(app, port=0, lifespan="off", log_config=None, access_log=True)
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    running = asyncio.create_task(server.main_loop())
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await running
        await server.shutdown()


@pytest.fixture
def lines(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> Iterator[pytest.LogCaptureFixture]:
    """All that uvicorn logs, whatever a test before has told its loggers to keep to themselves."""
    logs = [logging.getLogger(name) for name in ("uvicorn.access", "uvicorn.error")]
    for log in logs:
        caplog.set_level(logging.DEBUG, logger=log.name)
        monkeypatch.setattr(log, "propagate", False)
        monkeypatch.setattr(log, "disabled", False)
        log.addHandler(caplog.handler)
    yield caplog
    for log in logs:
        log.removeHandler(caplog.handler)


async def test_no_log_has_an_address_that_opens_something(
    desk: Desk, lines: pytest.LogCaptureFixture
) -> None:
    feed = await desk.calendars.subscribe(desk.ada.id)
    file = desk.calendars.to_add(desk.pair, desk.ada).file
    page = await desk.calendars.ask_assistant(desk.pair, desk.ben)
    lines.clear()
    async with served(desk.playground.app) as here, httpx.AsyncClient() as client:
        for address in (feed, file, page, f"{ROOT}/cal/{'x' * 43}.ics"):
            await client.get(address.replace(ROOT, here))
    told = [each.getMessage() for each in lines.records if each.name.startswith("uvicorn")]
    assert sum('"GET /cal/… HTTP/1.1"' in line for line in told) == 4
    for address in (feed, file, page):
        assert not any(address.rpartition("/")[2][:12] in line for line in told)


def test_other_lines_of_the_log_stay_as_they_are() -> None:
    told = {
        "/healthz": "/healthz",
        "/cal/word.ics?a=b": "/cal/…",
        "/below/cal/word": "/below/cal/…",
    }
    for path, shown in told.items():
        record = logging.LogRecord("a", 20, "", 1, "%s %s %d", ("GET", path, 200), None)
        assert Hidden().filter(record)
        assert record.getMessage() == f"GET {shown} 200"
