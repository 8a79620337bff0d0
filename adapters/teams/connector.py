"""The way out to Teams: activities posted and changed, each outcome told apart.

A post has no key by which it could be repeated, so one whose outcome is unknown is left alone: it
is repeated only where Teams says that it did not take it. A change in place may be repeated.
"""

from __future__ import annotations

import asyncio
import json
import random
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import aiohttp
from yarl import URL

from adapters.pacing import Rate, TooSoonError, unbegun
from adapters.teams.elements import HARD
from adapters.teams.tokens import NoTokenError
from bot.delivery import NotSent

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from adapters.pacing import Pacing
    from adapters.store.references import Address
    from adapters.teams.cloud import Cloud
    from adapters.teams.tokens import Tokens

# Teams counts 8 in two seconds and 60 in thirty for a conversation, and 30 a second for a tenant.
ALL, CHAT, TENANT = "teams", Rate(0.55, 4), Rate(0.05, 10)
TRIES = 3
LONGEST = 20.0  # seconds we wait for a busy Teams before we leave it to the clock
LATER, MUCH_LATER = timedelta(minutes=1), timedelta(hours=6)
PATIENCE = aiohttp.ClientTimeout(total=15, sock_connect=5)
BUSY = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.PRECONDITION_FAILED}
BROKEN = {HTTPStatus(status) for status in (500, 502, 503, 504)}
AWAY = {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE}


class GoneError(Exception):
    """There is no such chat or message any more, or the bot may not write there."""


class UnsureError(Exception):
    """Nobody can tell whether it arrived."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What Teams answered: the status, the message's id, and how long it wants to be left alone."""

    status: int
    id: str = ""
    wait: float | None = None


class Connector:
    """Sends activities to chats of one cloud."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        cloud: Cloud,
        tokens: Tokens,
        pacing: Pacing,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Send over this session, at this pace."""
        self._session = session
        self._cloud = cloud
        self._tokens = tokens
        self._pacing = pacing
        self._sleep = sleep

    async def post(self, to: Address, activity: Mapping[str, Any]) -> str:
        """Put an activity at the end of a chat and return its id.

        Raises GoneError, NotSent where it certainly did not arrive, UnsureError where it may have.
        """
        answer = await self._send("POST", to, "", activity, BUSY)
        if answer.status in AWAY:
            raise GoneError
        ref = self._sure(answer).id
        if not ref:
            raise UnsureError("no id")
        return ref

    async def put(self, to: Address, ref: str, activity: Mapping[str, Any]) -> None:
        """Change a message in place. Raises as `post` does; GoneError if the message is gone."""
        answer = await self._send("PUT", to, ref, activity, BUSY | BROKEN)
        if answer.status in AWAY:
            raise GoneError
        self._sure(answer)

    async def _send(
        self,
        method: str,
        to: Address,
        ref: str,
        activity: Mapping[str, Any],
        again: set[HTTPStatus],
    ) -> Answer:
        url, body = self._url(to, ref), _body(to, activity)
        for tried in range(1, TRIES):
            answer = await self._try(method, to, url, body, again)
            if answer.status not in again:
                return answer
            wait = _pause(answer, tried)
            if wait > LONGEST:
                self._pacing.freeze(to.conversation, wait)
                raise NotSent(timedelta(seconds=wait))
            with unbegun() if answer.status in BUSY else nullcontext():
                await self._sleep(wait)
        answer = await self._try(method, to, url, body, again)
        if answer.status in BUSY:
            raise NotSent(timedelta(seconds=_pause(answer, TRIES)))
        return answer

    async def _try(
        self, method: str, to: Address, url: URL, body: bytes, again: set[HTTPStatus]
    ) -> Answer:
        """Try once; what nobody can be sure of counts as a failure that may be tried again."""
        try:
            with unbegun():
                await self._pacing.turn({to.conversation: CHAT, ALL: TENANT})
            return await self._once(method, url, body)
        except TooSoonError as error:
            raise NotSent(timedelta(seconds=error.wait)) from None
        except UnsureError:
            if HTTPStatus.BAD_GATEWAY not in again:
                raise
            return Answer(HTTPStatus.BAD_GATEWAY)

    async def _once(self, method: str, url: URL, body: bytes) -> Answer:
        headers = {"Content-Type": "application/json; charset=utf-8"}
        try:
            with unbegun():
                token = await self._tokens.bearer()
        except NoTokenError:
            raise NotSent(LATER) from None
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            async with self._session.request(
                method, url, data=body, headers=headers, timeout=PATIENCE, allow_redirects=False
            ) as answer:
                return Answer(answer.status, await _id(answer), _wait(answer))
        except aiohttp.ClientConnectorError:
            raise NotSent(LATER) from None  # it was never put on the wire
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise UnsureError(type(error).__name__) from None

    def _url(self, to: Address, ref: str) -> URL:
        """Return where to send. A token leaves for no address that is not Teams'."""
        if not self._cloud.trusts(to.service):
            raise NotSent(None)
        path = f"/v3/conversations/{quote(to.conversation, safe='')}/activities"
        path += f"/{quote(ref, safe='')}" if ref else ""
        return URL(to.service.rstrip("/") + path, encoded=True)

    def _sure(self, answer: Answer) -> Answer:
        """Return an answer that says it went well. Raises what any other amounts to."""
        if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
            return answer
        if answer.status == HTTPStatus.UNAUTHORIZED:
            self._tokens.drop()
            raise NotSent(LATER)
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise UnsureError(str(answer.status))
        raise NotSent(MUCH_LATER)  # it is at fault in itself: nothing is won by hurrying


def _body(to: Address, activity: Mapping[str, Any]) -> bytes:
    whole = {
        **activity,
        "from": {"id": to.bot},
        "recipient": {"id": to.user},
        "conversation": {"id": to.conversation},
    }
    text = json.dumps(whole, ensure_ascii=False, separators=(",", ":"))
    if len(text.encode("utf-16-le", "surrogatepass")) > HARD:
        raise NotSent(MUCH_LATER)
    return text.encode("utf-8", "replace")


def _pause(answer: Answer, tried: int) -> float:
    """Return how long to wait: as Teams says, or longer each time, and never all at once."""
    if answer.wait is not None:
        return answer.wait
    return 2.0**tried * random.uniform(0.5, 1)  # noqa: S311


async def _id(answer: aiohttp.ClientResponse) -> str:
    told = await answer.json(content_type=None) if answer.ok and answer.content_length != 0 else {}
    return str(told.get("id", "")) if isinstance(told, dict) else ""


def _wait(answer: aiohttp.ClientResponse) -> float | None:
    try:
        return max(float(answer.headers["Retry-After"]), 0.0)
    except (KeyError, ValueError):
        return None
