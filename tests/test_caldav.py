"""Somebody's own calendar, on a real CalDAV server in a process beside us."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from adapters.calendar.caldav import LATER, CalDav, ChangedError
from adapters.calendar.words import Words
from bot.delivery import NotSent
from tests.calendars import events
from tests.processes import free_port, until
from tests.stage import BOOK, MONDAY
from tests.test_calendar import LATER as NEXT_WEEK
from tests.test_calendar import meeting_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ADA = ("ada", "p:ss wörd")
WORDS = Words(BOOK)


class Radicale:
    """A server that is up: Ada's calendar on it, and Ada's own hand in that calendar."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/ada/diary"
        self.calendar = CalDav(self.url, *ADA)

    async def hears(self) -> bool:
        try:
            return (await self.by_hand("PROPFIND", "/")).status_code < 500
        except httpx.TransportError:
            return False

    async def by_hand(self, method: str, path: str, **told) -> httpx.Response:
        login = tuple(part.encode() for part in ADA)
        async with httpx.AsyncClient(auth=login) as client:
            return await client.request(method, self.url + path, **told)

    async def kept(self, uid: str):
        answer = await self.by_hand("GET", f"/{uid}.ics")
        return events(answer.content)[0] if answer.status_code == 200 else None


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """Where the server listens, as soon as it does."""
    (tmp_path / "users").write_text(":".join(ADA) + "\n", encoding="utf-8")
    port = free_port()
    told = {
        "server-hosts": f"127.0.0.1:{port}",
        "auth-type": "htpasswd",
        "auth-htpasswd-filename": tmp_path / "users",
        "auth-htpasswd-encryption": "plain",
        "auth-delay": 0,
        "storage-filesystem-folder": tmp_path / "calendars",
        "logging-level": "critical",
    }
    command = [
        sys.executable,
        "-m",
        "radicale",
        "--config",
        "",
        *(f"--{k}={v}" for k, v in told.items()),
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        yield port
        process.terminate()


@pytest.fixture
async def server(port: int) -> Radicale:
    found = Radicale(port)
    await until(found.hears, "the calendar server is up", 20)
    assert (await found.by_hand("MKCALENDAR", "/")).status_code == 201
    return found


async def test_a_meeting_is_put_moved_and_taken_away(server: Radicale) -> None:
    first = meeting_of("Blue door")
    etag = await server.calendar.put(first, WORDS)
    event = await server.kept(first.uid)
    assert (event["SUMMARY"], event["LOCATION"]) == ("Meeting", "Café, Blue door")
    assert int(event["SEQUENCE"]) == 0
    moved = replace(first, sequence=2, start=NEXT_WEEK, end=NEXT_WEEK + timedelta(hours=1))
    newer = await server.calendar.put(moved, WORDS, etag)
    assert newer != etag
    event = await server.kept(first.uid)
    assert (event["DTSTART"].dt, int(event["SEQUENCE"])) == (NEXT_WEEK, 2)
    await server.calendar.remove(moved, newer)
    assert await server.kept(first.uid) is None
    await server.calendar.remove(moved, newer)  # what is gone is gone


async def test_what_somebody_changed_by_hand_is_theirs(server: Radicale) -> None:
    first = meeting_of()
    etag = await server.calendar.put(first, WORDS)
    body = (await server.by_hand("GET", f"/{first.uid}.ics")).content
    theirs = body.replace(b"SUMMARY:Meeting", b"SUMMARY:Walk").replace(b"T140000Z", b"T143000Z")
    kind = {"content-type": "text/calendar; charset=utf-8"}
    answer = await server.by_hand("PUT", f"/{first.uid}.ics", content=theirs, headers=kind)
    assert answer.status_code in {201, 204}
    later = replace(first, sequence=1, start=NEXT_WEEK, end=NEXT_WEEK + timedelta(hours=1))
    with pytest.raises(ChangedError):
        await server.calendar.put(later, WORDS, etag)
    with pytest.raises(ChangedError):
        await server.calendar.remove(later, etag)
    assert (await server.kept(first.uid))["SUMMARY"] == "Walk"
    await server.by_hand("DELETE", f"/{first.uid}.ics")
    with pytest.raises(ChangedError):
        await server.calendar.put(later, WORDS, etag)


async def test_what_was_put_and_not_heard_of_may_be_put_again(server: Radicale) -> None:
    first = meeting_of()
    etag = await server.calendar.put(first, WORDS)
    assert await server.calendar.put(first, WORDS) == etag
    changed = first.called_off(MONDAY)
    newer = await server.calendar.put(changed, WORDS, etag)
    assert await server.calendar.put(changed, WORDS, etag) == newer


async def test_who_may_not_in_is_told_for_good_and_who_finds_nobody_for_a_while(
    server: Radicale,
) -> None:
    wrong = CalDav(server.url, "ada", "canary")
    with pytest.raises(NotSent) as told:
        await wrong.put(meeting_of(), WORDS)
    assert told.value.wait is None
    nobody = CalDav(f"http://127.0.0.1:{free_port()}/ada/diary", *ADA)
    with pytest.raises(NotSent) as told:
        await nobody.put(meeting_of(), WORDS)
    assert told.value.wait == LATER
    assert "canary" not in repr(wrong)
