"""Somebody's own calendar on a CalDAV server (RFC 4791): put there, changed, taken away again.

By plain HTTP, since what was changed there by hand must never be overwritten unseen: everything is
done on the condition that the server still has what we put there.
"""

from __future__ import annotations

import base64
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

import aiohttp
from icalendar import Calendar as File

from adapters.calendar import ics
from bot.delivery import NotSent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from adapters.calendar.occasions import Occasion
    from adapters.calendar.words import Words

LATER = timedelta(minutes=15)
TIMEOUT = aiohttp.ClientTimeout(total=30)
GONE = {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.LOCKED, HTTPStatus.TOO_MANY_REQUESTS}


class ChangedError(Exception):
    """Somebody has changed the meeting in their calendar: it is theirs now, and left alone."""


@dataclass(frozen=True, slots=True)
class CalDav:
    """One calendar: the address of its collection, and how to get in. Redirects lead nowhere."""

    url: str
    user: str
    password: str = field(repr=False)

    async def put(self, occasion: Occasion, words: Words, etag: str = "") -> str:
        """Put a meeting into the calendar, or change it where it has this etag; return the new one.

        To do it again after an unknown outcome does no harm. Raises ChangedError and NotSent.
        """
        told = {"if-match": etag} if etag else {"if-none-match": "*"}
        content = ics.kept(occasion, words)
        headers = {**told, "content-type": ics.TYPE}
        async with self._asked("PUT", occasion, headers, content) as answer:
            status, mark = answer.status, answer.headers.get("etag", "")
        if status == HTTPStatus.PRECONDITION_FAILED:
            return await self._ours(occasion)
        _settle(status)
        return mark or await self._ours(occasion)

    async def remove(self, occasion: Occasion, etag: str) -> None:
        """Take a meeting out of the calendar; what is gone already is gone.

        Raises ChangedError and NotSent.
        """
        async with self._asked("DELETE", occasion, {"if-match": etag}) as answer:
            status = answer.status
        if status == HTTPStatus.PRECONDITION_FAILED:
            raise ChangedError
        if status not in GONE:
            _settle(status)

    async def _ours(self, occasion: Occasion) -> str:
        """Return the etag of what is there, if it is what we meant. Raises ChangedError."""
        async with self._asked("GET", occasion, {}) as answer:
            status, mark, content = answer.status, answer.headers.get("etag"), await answer.read()
        if status in GONE:
            raise ChangedError
        _settle(status)
        if _read(content) != (occasion.uid, occasion.sequence, occasion.start, occasion.end):
            raise ChangedError
        return mark or ""

    @asynccontextmanager
    async def _asked(
        self, method: str, occasion: Occasion, told: Mapping[str, str], content: bytes | None = None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        login = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        headers = {**told, "authorization": f"Basic {login}"}
        address = f"{self.url.rstrip('/')}/{occasion.uid}.ics"
        try:
            async with (
                aiohttp.ClientSession(timeout=TIMEOUT) as session,
                session.request(
                    method, address, data=content, headers=headers, allow_redirects=False
                ) as answer,
            ):
                yield answer
        except (aiohttp.ClientError, TimeoutError):
            raise NotSent(LATER) from None


def _settle(status: int) -> None:
    """Be content if it was done. Raises NotSent, for good or for a while."""
    if status < HTTPStatus.MULTIPLE_CHOICES:
        return
    passes = status in PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    raise NotSent(LATER if passes else None)


def _read(content: bytes) -> tuple[object, ...]:
    """Return what makes a meeting what it is; nothing where it cannot be read."""
    try:
        (event,) = File.from_ical(content).events
    except ValueError:
        return ()
    return event.uid, event.sequence, event.start, event.end
