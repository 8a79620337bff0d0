"""A look at how the bot is set up, and a try at writing to somebody: line by line what to do.

Nothing secret is in any line, and no more of an answer than its status.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING
from uuid import UUID

import aiohttp

from adapters.pacing import Pacing
from adapters.teams import outbound
from adapters.teams.auth import KeyRing, RefusedError
from adapters.teams.connector import Connector, GoneError, UnsureError
from adapters.teams.tokens import ClientTokens, Credentials, NoTokenError
from bot.delivery import NotSent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from adapters.clock import Clock
    from adapters.settings import TeamsSettings
    from adapters.store.references import Address
    from adapters.teams.elements import Drawn
    from adapters.teams.tokens import Tokens

    Say = Callable[[str], str]

Look = tuple[bool, str]  # whether something is well, and what to do if it is not

PATH = "/api/messages"
PATIENCE = aiohttp.ClientTimeout(total=10)


@dataclass(frozen=True, slots=True)
class Checkup:
    """What is needed to look, for as long as it is open."""

    told: TeamsSettings
    session: aiohttp.ClientSession
    tokens: Tokens
    clock: Clock

    @staticmethod
    @asynccontextmanager
    async def opened(told: TeamsSettings, clock: Clock) -> AsyncIterator[Checkup]:
        """Open what is needed to look at this."""
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            credentials = Credentials(told.app_id, told.tenant, told.secret)
            tokens = ClientTokens(session, told.cloud, credentials, clock)
            yield Checkup(told, session, tokens, clock)

    async def looked(self, public: str) -> list[Look]:
        """Look at what Microsoft knows the bot as, and whether it and Teams reach one another."""
        told = self.told
        if told.development:
            return [(False, "Teams is in development: whoever is on this machine gets in.")]
        found = [_app_id(told), _tenant(told), _secret(told)]
        if all(well for well, _ in found):
            found.append(await _token(self.tokens))
        keys = KeyRing(self.session, told.cloud.metadata, self.clock)
        return [*found, await _keys(keys), await _endpoint(self.session, public)]

    async def tried(self, to: Address, say: Say) -> AsyncIterator[Look]:
        """Write to somebody who takes part, and change it in place. It stays as a greeting."""
        connector = Connector(self.session, self.told.cloud, self.tokens, Pacing())
        try:
            ref = await connector.post(to, _greeting(say("smoke.first")))
            yield True, "A message arrived."
            await connector.put(to, ref, _greeting(say("smoke.then")))
        except (GoneError, NotSent, UnsureError) as error:
            told = f"Teams did not take that ({type(error).__name__}). Is the app still installed?"
            yield False, told
        else:
            yield True, "It was changed in place. A press or a word in that chat is answered there."


def _greeting(words: str) -> Drawn:
    return outbound.told(outbound.notice([("text", words)]), words)


def _app_id(told: TeamsSettings) -> Look:
    if _is_guid(told.app_id):
        return True, f"Teams knows this bot as {told.app_id}."
    return False, (
        "TEAMS_APP_ID is not an application (client) id. Copy it from the app registration's "
        "overview in Microsoft Entra."
    )


def _tenant(told: TeamsSettings) -> Look:
    if _is_guid(told.tenant):
        return True, f"Only people of tenant {told.tenant} get in."
    return False, (
        "TEAMS_TENANT_ID is not a directory (tenant) id. Copy it from the app registration's "
        "overview; a domain name will not do."
    )


def _secret(told: TeamsSettings) -> Look:
    if not _is_guid(told.secret):
        return True, "A client secret is set."
    return False, (
        "TEAMS_SECRET is the name of a secret, not the secret. Copy its value, which Microsoft "
        "Entra shows once, right after it is made."
    )


def _is_guid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False


async def _token(tokens: Tokens) -> Look:
    try:
        await tokens.bearer()
    except NoTokenError as error:
        return False, (
            f"Microsoft gives this bot no token ({error}). Check app id, tenant and secret; a "
            "secret runs out, after two years at the latest."
        )
    return True, "Microsoft gives this bot a token."


async def _keys(keys: KeyRing) -> Look:
    try:
        await keys.find("")
    except RefusedError:
        return (
            False,
            "Microsoft's signing keys cannot be read. Let this machine reach out by https.",
        )
    return True, "Microsoft's signing keys can be read."


async def _endpoint(session: aiohttp.ClientSession, public: str) -> Look:
    """Knock without a token: whoever is let in so, anybody is."""
    if not public.startswith("https://"):
        return False, (
            "Set TURNABOUT_URL to the https address under which the web process is reached from "
            f"outside. The bot's messaging endpoint is that address with {PATH}."
        )
    url = public + PATH
    try:
        async with session.post(url, json={}, timeout=PATIENCE, allow_redirects=False) as answer:
            return _knocked(url, answer.status)
    except (aiohttp.ClientError, TimeoutError) as error:
        return False, f"{url} cannot be reached ({type(error).__name__}). Is the web process up?"


def _knocked(url: str, status: int) -> Look:
    match status:
        case HTTPStatus.UNAUTHORIZED:
            return True, f"{url} answers, and lets nobody in without Teams' signature."
        case HTTPStatus.NOT_FOUND | HTTPStatus.METHOD_NOT_ALLOWED:
            return False, (
                f"{url} is not the bot. Is what runs there the web process, started with "
                "TEAMS_APP_ID, TEAMS_TENANT_ID and TEAMS_SECRET?"
            )
        case HTTPStatus.OK | HTTPStatus.ACCEPTED | HTTPStatus.FORBIDDEN:
            return False, f"{url} does not ask for Teams' signature. Turn TEAMS_DEVELOPMENT off."
    return False, f"{url} answers {status}. Look at what stands before the web process."
