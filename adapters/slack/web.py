"""Slack's Web API: one way to call it, and one way to understand a refusal.

Nothing is tried twice here, since a call that failed may have arrived; only what Slack would not
even look at for its token goes again, by a newer one. What Slack says it did not do is a
RefusedError, which is also a `NotSent`; whatever else is raised leaves it open.
"""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.pacing import Rate, TooSoonError
from bot.delivery import NotSent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Hashable, Mapping

    from adapters.pacing import Pacing
    from adapters.slack.tokens import Bot, Tokens

log = logging.getLogger("turnabout.slack")
quiet = logging.getLogger("turnabout.slack.sdk")
quiet.setLevel(logging.CRITICAL)  # it would log whole messages

BASE = "https://slack.com/api/"
TIMEOUT = 10  # seconds
CHAT = Rate(1.0)  # messages to one chat
PER_MINUTE = {
    "chat.postMessage": 300,
    "chat.postEphemeral": 100,
    "chat.update": 50,
    "conversations.history": 50,
    "conversations.open": 50,
    "users.info": 100,
    "views.open": 100,
    "views.publish": 100,
}
READING = frozenset({"conversations.history", "users.info"})  # these take no JSON
SOON, LATER = timedelta(seconds=30), timedelta(hours=1)

# Slack did not say no: it does not know itself.
DOUBT = frozenset({"fatal_error", "internal_error", "request_timeout", "service_unavailable"})
# Slack does not take our token: it was taken back or has run out, and there may be another.
REVOKED = frozenset(
    {"account_inactive", "invalid_auth", "not_authed", "token_expired", "token_revoked"}
)
# Slack could not be asked at all: it is out of reach, or shut to us whatever we ask.
AWAY = REVOKED | {
    "accesslimited",
    "no_connection",
    "not_installed",
    "org_login_required",
    "rate_limited",
    "ratelimited",
    "team_access_not_granted",
    "team_added_to_org",
}
# There is nobody to be reached there any more, or not by us. What an administrator forbids a whole
# workspace is not among these: it may be allowed again, and nobody would write to tell us.
GONE = frozenset(
    {
        "cannot_dm_bot",
        "channel_not_found",
        "invalid_user_combination",
        "is_archived",
        "is_inactive",
        "not_in_channel",
        "user_disabled",
        "user_is_bot",
        "user_is_restricted",
        "user_not_found",
        "user_not_in_channel",
        "user_not_visible",
        "users_not_found",
    }
)


class RefusedError(NotSent):
    """Slack refused, and so nothing was done. `code` is Slack's own word for why."""

    def __init__(self, code: str, wait: timedelta | None) -> None:
        super().__init__(wait)
        self.code = code


class DoubtError(Exception):
    """Slack failed, and does not say whether it was done."""


@asynccontextmanager
async def connected() -> AsyncIterator[aiohttp.ClientSession]:
    """Open the one session that all calls share."""
    limit = aiohttp.ClientTimeout(total=TIMEOUT)
    async with aiohttp.ClientSession(timeout=limit) as session:
        yield session


class Web:
    """The Web API for all workspaces of a process, within their limits."""

    def __init__(
        self, tokens: Tokens, session: aiohttp.ClientSession, pacing: Pacing, base: str = BASE
    ) -> None:
        """Call with the tokens of this port, over this session."""
        self._tokens = tokens
        self._session = session
        self._pacing = pacing
        self._base = base

    async def call(self, tenant: str, method: str, **told: Any) -> Mapping[str, Any]:  # noqa: ANN401
        """Call a method for the bot of a tenant. Raises RefusedError where nothing was done."""
        bot = await self._bot(tenant)
        try:
            return await self._call(bot, tenant, method, told)
        except RefusedError as refused:
            if refused.code not in REVOKED:
                raise
            self._tokens.forget(tenant)
            if (await self._bot(tenant)).token == bot.token:
                raise
        return await self.call(tenant, method, **told)

    async def _bot(self, tenant: str) -> Bot:
        try:
            return await self._tokens.of(*_place(tenant))
        except LookupError:
            raise RefusedError("not_installed", LATER) from None

    async def _call(
        self, bot: Bot, tenant: str, method: str, told: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        await self._wait(tenant, method, told)
        client = AsyncWebClient(
            bot.token,
            self._base,
            timeout=TIMEOUT,
            session=self._session,
            retry_handlers=[],
            logger=quiet,
        )
        try:
            answer = await (
                client.api_call(method, http_verb="GET", params=dict(told))
                if method in READING
                else client.api_call(method, json=dict(told))
            )
        except SlackApiError as error:
            raise self._understood(tenant, method, error) from None
        except aiohttp.ClientConnectorError:
            raise RefusedError("no_connection", SOON) from None
        return answer.data if isinstance(answer.data, dict) else {}

    def has_room(self, tenant: str, *methods: str) -> bool:
        """Tell whether these could be called at once, and keep nothing that matters waiting."""
        return all(self._pacing.has_room(_lane(tenant, method)) for method in methods)

    async def _wait(self, tenant: str, method: str, told: Mapping[str, Any]) -> None:
        lanes = _lane(tenant, method)
        if method == "chat.postMessage":
            lanes[tenant, told["channel"]] = CHAT
        try:
            await self._pacing.turn(lanes)
        except TooSoonError as early:
            raise RefusedError("ratelimited", timedelta(seconds=early.wait)) from None

    def _understood(self, tenant: str, method: str, error: SlackApiError) -> Exception:
        """Return what a failure means, and keep a freeze."""
        status = error.response.status_code
        data = error.response.data
        code = str(data.get("error", "")) if isinstance(data, dict) else ""
        if status == 429:  # noqa: PLR2004  # Too Many Requests
            seconds = _seconds(error.response.headers)
            self._pacing.freeze((tenant, method), seconds)
            return RefusedError("ratelimited", timedelta(seconds=seconds))
        if status >= 500 or code in DOUBT or not code:  # noqa: PLR2004  # a server's fault
            return DoubtError(f"{method}: {code or status}")
        if code not in GONE:
            word = code if code.isidentifier() else ""
            log.warning("Slack refused", extra={"kind": method, "error": word})
        return RefusedError(code, None if code in GONE else LATER)


def _lane(tenant: str, method: str) -> dict[Hashable, Rate]:
    often = PER_MINUTE.get(method, 20)
    return {(tenant, method): Rate(60 / often, often // 2)}


def _place(tenant: str) -> tuple[str, str]:
    """Return workspace and organisation, of which a tenant is the one or the other."""
    return ("", tenant) if tenant.startswith("E") else (tenant, "")


def _seconds(headers: Mapping[str, str]) -> float:
    told = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    return float(told) if told.isdigit() else SOON.total_seconds()
