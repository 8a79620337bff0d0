"""Invitations by mail: one letter to one person, and it is known what became of it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email import message_from_bytes
from email.policy import SMTP as ON_THE_WIRE
from random import Random
from typing import TYPE_CHECKING

import pytest
from aiosmtpd.smtp import SMTP, AuthResult

from adapters.calendar import ics
from adapters.calendar.occasions import occasions
from adapters.calendar.words import Words
from adapters.mail import LATER, InDoubtError, Letter, Mail, reached_by, written
from bot.delivery import NotSent
from tests.calendars import Program, agrees, lawful
from tests.processes import free_port
from tests.stage import BOOK, MONDAY, new_pair
from tests.test_calendar import HOSTILE, SOON, hostile

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from adapters.calendar.occasions import Occasion

US, ADA = "calendar@example.org", "ada@example.org"
NOW = MONDAY + timedelta(hours=1)


@dataclass
class Postbox:
    """A mail server on this machine: it keeps what it is given, or says what it is told to say."""

    rcpt: str = ""
    data: str = ""
    drops: bool = False
    got: list = field(default_factory=list)
    logins: list = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if not self.rcpt:
            envelope.rcpt_tos.append(address)
        return self.rcpt or "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        if not self.data:
            self.got.append(envelope)
        if self.drops:
            server.transport.abort()
        return self.data or "250 OK"

    def authenticates(self, server, session, envelope, mechanism, data):
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password == b"p:ss", handled=False)

    def letters(self):
        return [message_from_bytes(e.original_content, policy=ON_THE_WIRE) for e in self.got]


@asynccontextmanager
async def opened(box: Postbox, **how) -> AsyncIterator[Postbox]:
    loop, lines = asyncio.get_running_loop(), []

    def answers() -> SMTP:
        lines.append(SMTP(box, loop=loop, **how))
        return lines[-1]

    server = await loop.create_server(answers, "127.0.0.1", 0)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()
        for line in lines:
            line.transport and line.transport.close()
            await asyncio.wait({line._handler_coroutine})
        await server.wait_closed()


@pytest.fixture
async def box() -> AsyncIterator[Postbox]:
    async with opened(Postbox()) as box:
        yield box


def occasion(where: str = "") -> Occasion:
    (found,) = occasions(agrees(new_pair(), SOON, MONDAY, where), MONDAY)
    return found


def letter(recipient: str = ADA, about: Occasion | None = None, locale: str = "en") -> Letter:
    return Letter(recipient, about or occasion("Blue door"), Words(BOOK, locale), "Europe/Berlin")


def calendar_of(message) -> bytes:
    (part,) = [p for p in message.walk() if p.get_content_type() == "text/calendar"]
    return part.get_payload(decode=True)


async def test_a_letter_arrives_with_what_a_calendar_understands(box: Postbox) -> None:
    name = await Mail(box.url, US).send(letter(), NOW)
    (envelope,) = box.got
    (message,) = box.letters()
    assert (envelope.mail_from, envelope.rcpt_tos) == (US, [ADA])
    assert (message["From"], message["To"], message["Subject"]) == (US, ADA, "Meeting")
    assert message["Message-ID"] == name
    assert message["Date"].datetime == NOW
    assert message["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
        "application/ics",
    ]
    *_, plain, page, calendar, attached = message.walk()
    assert plain.get_content().splitlines() == [
        "A time is agreed. It is attached for your calendar.",
        "Thursday 12 November, 15:00 to 16:00",
        "Café, Blue door",
    ]
    assert "<p>Café, Blue door</p>" in page.get_content()
    meant = ics.mailed(occasion("Blue door"), Words(BOOK), US, ADA)
    assert calendar["Content-Type"].params["method"] == meant[0] == "REQUEST"
    assert calendar_of(message) == attached.get_content() == meant[1]
    assert attached.get_filename() == "meeting.ics"
    lawful(calendar_of(message))


async def test_a_meeting_that_is_called_off_leaves_the_calendar_it_was_mailed_to(
    box: Postbox,
) -> None:
    mail, program = Mail(box.url, US), Program()
    first = occasion()
    await mail.send(letter(about=first), NOW)
    await mail.send(letter(about=first.called_off(NOW), locale="de"), NOW)
    set_, off = box.letters()
    program.takes(calendar_of(set_))
    assert len(program.kept) == 1
    program.takes(calendar_of(off))
    assert not program.kept
    assert off["Subject"] == "Termin"
    assert "entfällt" in off.get_body(("plain",)).get_content()
    assert set_["Message-ID"] != off["Message-ID"]


async def test_a_letter_sent_again_has_the_same_name_and_anothers_has_another(
    box: Postbox,
) -> None:
    mail = Mail(box.url, US)
    names = [await mail.send(letter(to), NOW) for to in (ADA, ADA, "ben@example.org")]
    assert names[0] == names[1] != names[2]
    assert names[0].endswith("@example.org>")
    assert "ada" not in names[0]


async def test_a_letter_goes_through_servers_that_know_no_letter_with_an_accent(
    box: Postbox,
) -> None:
    """Who sends eight bits has to ask first (8BITMIME); so all that goes out is ASCII."""
    await Mail(box.url, US).send(letter(locale="de"), NOW)
    (envelope,) = box.got
    assert envelope.original_content.isascii()
    (message,) = box.letters()
    assert "Café, Blue door" in message.get_body(("plain",)).get_content()
    assert {part["Content-Transfer-Encoding"] for part in message.walk()} <= {
        *(None, "7bit", "quoted-printable", "base64")
    }


def test_what_a_locked_screen_shows_says_nothing() -> None:
    message = written(letter(), US, NOW)
    for header in message:
        told = str(message[header]).lower()
        assert not any(word in told for word in ("mentor", "mentee", "turnabout", "blue"))


@pytest.mark.parametrize(
    ("answers", "wait"),
    [
        ({"rcpt": "550 No such person"}, None),
        ({"rcpt": "451 Later"}, LATER),
        ({"data": "554 No"}, None),
        ({"data": "452 Full"}, LATER),
    ],
)
async def test_what_was_refused_did_not_arrive(answers: dict[str, str], wait) -> None:
    async with opened(Postbox(**answers)) as box:
        with pytest.raises(NotSent) as told:
            await Mail(box.url, US).send(letter(), NOW)
    assert told.value.wait == wait
    assert not box.got
    assert told.value.__suppress_context__, "what a server says may name people"


async def test_a_server_that_is_not_there_got_nothing() -> None:
    with pytest.raises(NotSent) as told:
        await Mail(f"smtp://127.0.0.1:{free_port()}", US).send(letter(), NOW)
    assert told.value.wait == LATER


async def test_where_the_line_breaks_after_the_letter_nobody_can_tell() -> None:
    async with opened(Postbox(drops=True)) as box:
        with pytest.raises(InDoubtError):
            await Mail(box.url, US).send(letter(), NOW)
    assert len(box.got) == 1  # and indeed it did arrive


async def test_a_server_that_greets_nobody_got_nothing() -> None:
    left = asyncio.Event()

    async def silent(reader, writer) -> None:
        await reader.read()
        writer.close()
        await writer.wait_closed()
        left.set()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(NotSent):
        await Mail(f"smtp://127.0.0.1:{port}", US, timeout=0.1).send(letter(), NOW)
    await left.wait()
    server.close()
    await server.wait_closed()


async def test_who_logs_in_does_so_by_what_the_address_says() -> None:
    box = Postbox()
    how = {"authenticator": box.authenticates, "auth_require_tls": False}
    async with opened(box, **how):
        at = f"127.0.0.1:{box.port}"
        await Mail(f"smtp://c%40example.org:p%3Ass@{at}", US).send(letter(), NOW)
        with pytest.raises(NotSent) as told:
            await Mail(f"smtp://c:wrong@{at}", US).send(letter(), NOW)
    assert told.value.wait == LATER
    assert box.logins[0] == (b"c@example.org", b"p:ss")
    assert len(box.got) == 1


def test_nothing_is_said_in_clear_to_another_machine() -> None:
    assert reached_by("smtp://mail.example.org")["start_tls"] is True
    assert reached_by("smtp://mail.example.org")["port"] == 587
    secure = reached_by("smtps://mail.example.org")
    assert (secure["use_tls"], secure["start_tls"], secure["port"]) == (True, False, 465)
    assert reached_by("smtp://127.0.0.1:1025")["start_tls"] is None
    assert "canary" not in repr(Mail("smtp://a:canary@example.org", US))
    assert ADA not in repr(letter())


UNSAFE = set('\r\n\0\t\x0b\x0c\x7f ",:;<>()[]\\@')
HEADERS = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"]
HEADERS += ["MIME-Version", "Content-Type"]


def test_nothing_typed_becomes_a_header_or_an_address() -> None:
    dice = Random(11)
    places = [*HOSTILE, *(hostile(dice) for _ in range(100))]
    for typed in places:
        about = replace(occasion(), where=typed)
        read = message_from_bytes(written(letter(about=about), US, NOW).as_bytes())
        assert sorted(read.keys()) == sorted(HEADERS)
        lawful(calendar_of(read))
    no_parts = [typed for typed in places if not typed.isascii() or set(typed) & UNSAFE]
    addresses = [f"{ADA}{typed}" for typed in no_parts] + [f"{typed}{ADA}" for typed in no_parts]
    addresses += [f"Ada <{ADA}>", f"{ADA}, eve@example.org", "ada", "@", "", "a" * 250 + "@b.org"]
    assert len(addresses) > 100
    for address in addresses:
        with pytest.raises(NotSent) as told:
            written(letter(address), US, NOW)
        assert told.value.wait is None
