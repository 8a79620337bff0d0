"""Invitations by mail, where a mail server is set up: one message to one person, for one meeting.

What is in it is what their calendar will show; what could be read on a locked screen says nothing.
"""

from __future__ import annotations

import html
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import aiosmtplib
from aiosmtplib import SMTPException, SMTPResponseException

from adapters.calendar import ics
from adapters.settings import ADDRESS
from bot.delivery import NotSent

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

    from adapters.calendar.occasions import Occasion
    from adapters.calendar.words import Words

ON_THE_WIRE = SMTP.clone(cte_type="7bit")  # not every server takes eight, and we ask none
HERE = {"127.0.0.1", "localhost", "::1"}
LATER = timedelta(minutes=15)
LONGEST = 254
FOR_GOOD = 500  # from this code on an answer is for good; one below may be another one later


class InDoubtError(Exception):
    """Nobody can tell whether the message arrived. Its Message-ID tells one that is sent again."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What is mailed: to whom, about which meeting, in whose words and on whose clock."""

    recipient: str = field(repr=False)
    occasion: Occasion
    words: Words
    zone: str

    @property
    def name(self) -> str:
        """What tells this letter from any other, and one sent twice from two: no address in it."""
        whose = sha256(f"{self.occasion.uid} {self.recipient}".encode()).hexdigest()[:16]
        return f"{self.occasion.uid}.{self.occasion.sequence}.{whose}"


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail server, and the address we write from."""

    url: str = field(repr=False)
    sender: str
    timeout: float = 30.0

    async def send(self, letter: Letter, now: datetime) -> str:
        """Send a letter and return its Message-ID.

        Raises NotSent where it certainly did not arrive, and InDoubtError where nobody can tell.
        """
        message = written(letter, self.sender, now)
        client = aiosmtplib.SMTP(**reached_by(self.url), timeout=self.timeout)
        try:
            await self._prepare(client, letter.recipient)
            await self._hand_over(client, message)
        finally:
            with suppress(SMTPException, OSError):
                await client.quit()
            client.close()
        return str(message["Message-ID"])

    async def _prepare(self, client: aiosmtplib.SMTP, recipient: str) -> None:
        """Do all that goes before the letter itself: whatever fails here, nothing was sent."""
        try:
            await client.connect()
        except (SMTPException, OSError):
            raise NotSent(LATER) from None
        try:
            await client.mail(self.sender)
            await client.rcpt(recipient)
        except SMTPResponseException as refused:
            raise NotSent(_wait(refused)) from None
        except (SMTPException, OSError):
            raise NotSent(LATER) from None

    async def _hand_over(self, client: aiosmtplib.SMTP, message: EmailMessage) -> None:
        try:
            await client.data(message.as_bytes())
        except SMTPResponseException as refused:
            raise NotSent(_wait(refused)) from None
        except (SMTPException, OSError):
            raise InDoubtError from None


def written(letter: Letter, sender: str, now: datetime) -> EmailMessage:
    """Return a letter as it goes out. Raises NotSent for what is no address."""
    if len(letter.recipient) > LONGEST or not ADDRESS.fullmatch(letter.recipient):
        raise NotSent(None)
    method, calendar = ics.mailed(letter.occasion, letter.words, sender, letter.recipient)
    rows = _rows(letter)
    message = EmailMessage(policy=ON_THE_WIRE)
    message["From"], message["To"] = sender, letter.recipient
    message["Subject"] = letter.words("title")
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{letter.name}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n".join(rows) + "\n")
    message.add_alternative(_page(rows, letter.words.locale), subtype="html")
    message.add_alternative(
        calendar.decode(), subtype="calendar", cte="base64", params={"method": method}
    )
    message.add_attachment(calendar, maintype="application", subtype="ics", filename=ics.NAME)
    return message


def reached_by(url: str) -> dict[str, Any]:
    """Return how a mail server is reached. Without encryption only on this machine."""
    told = urlsplit(url)
    secure = told.scheme == "smtps"
    return {
        "hostname": told.hostname,
        "port": told.port or (465 if secure else 587),
        "username": unquote(told.username) if told.username else None,
        "password": unquote(told.password) if told.password else None,
        "use_tls": secure,
        "start_tls": None if told.hostname in HERE else not secure,
    }


def _rows(letter: Letter) -> list[str]:
    occasion, words = letter.occasion, letter.words
    told = words("mail_off") if occasion.cancelled else words("mail_set")
    lasts = occasion.end - occasion.start
    when = words.book.when("span", occasion.start, letter.zone, words.locale, lasts)
    return [row for row in (told, when, ics.place(occasion, words)) if row]


def _page(rows: list[str], locale: str) -> str:
    told = "".join(f"<p>{html.escape(row)}</p>\n" for row in rows)
    return f'<!doctype html>\n<html lang="{locale}"><body>\n{told}</body></html>\n'


def _wait(refused: SMTPResponseException) -> timedelta | None:
    return None if refused.code >= FOR_GOOD else LATER
