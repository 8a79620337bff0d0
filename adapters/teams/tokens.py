"""The bot's own token: fetched once, shared by all who send, and renewed before it runs out."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

import aiohttp

if TYPE_CHECKING:
    from adapters.clock import Clock
    from adapters.teams.cloud import Cloud

EARLY = timedelta(minutes=5)
PATIENCE = aiohttp.ClientTimeout(total=10)


class NoTokenError(Exception):
    """Microsoft gives this bot no token: its secret has run out, or the service does not answer."""


class Tokens(Protocol):
    """Where a bearer token comes from."""

    async def bearer(self) -> str:
        """Return a token that is still good; empty where none is needed. Raises NoTokenError."""
        ...

    def drop(self) -> None:
        """Fetch another one next time: this one was refused."""
        ...


class NoTokens:
    """For the development flag: a client on this machine that asks for none."""

    async def bearer(self) -> str:
        """Return nothing."""
        return ""

    def drop(self) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who this bot is to Microsoft. Its secret is in no `repr`."""

    app_id: str
    tenant: str
    secret: str

    def __repr__(self) -> str:
        """Show nothing secret."""
        return f"Credentials({self.app_id!r}, {self.tenant!r})"


class ClientTokens:
    """Tokens for the bot's own credentials: one request for any number of senders at once."""

    def __init__(
        self, session: aiohttp.ClientSession, cloud: Cloud, credentials: Credentials, clock: Clock
    ) -> None:
        """Ask this cloud for them, over this session, going by this clock."""
        self._session = session
        self._cloud = cloud
        self._credentials = credentials
        self._clock = clock
        self._token = ""
        self._renew: datetime | None = None
        self._alone = asyncio.Lock()

    async def bearer(self) -> str:
        """Return a token that is still good. Raises NoTokenError."""
        if self._is_due():
            async with self._alone:  # who waited finds what the other fetched
                if self._is_due():
                    await self._fetch()
        return self._token

    def drop(self) -> None:
        """Fetch another one next time: this one was refused."""
        self._renew = None

    def _is_due(self) -> bool:
        return self._renew is None or self._clock.now() >= self._renew

    async def _fetch(self) -> None:
        told = self._credentials
        form = {
            "grant_type": "client_credentials",
            "client_id": told.app_id,
            "client_secret": told.secret,
            "scope": self._cloud.scope,
        }
        url = self._cloud.token_url(told.tenant)
        try:
            async with self._session.post(
                url, data=form, timeout=PATIENCE, allow_redirects=False
            ) as answer:
                answer.raise_for_status()
                given = await answer.json(content_type=None)
            lasts = timedelta(seconds=float(given["expires_in"]))
            self._token = str(given["access_token"])
        except (aiohttp.ClientError, TimeoutError, ValueError, LookupError, TypeError) as error:
            raise NoTokenError(type(error).__name__) from None
        self._renew = self._clock.now() + max(lasts - EARLY, lasts / 2)
