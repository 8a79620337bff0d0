"""The line to Teams, opened once for each process that sends there."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp

from adapters.clock import WallClock
from adapters.pacing import Pacing
from adapters.teams.auth import Gate, KeyRing, OpenGate
from adapters.teams.cloud import DEVELOPMENT
from adapters.teams.connector import Connector
from adapters.teams.messenger import TeamsMessenger
from adapters.teams.tokens import ClientTokens, Credentials, NoTokens

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from adapters.clock import Clock
    from adapters.settings import TeamsSettings
    from adapters.store.sql import SqlStore


@dataclass(frozen=True, slots=True)
class Line:
    """The way in and the way out."""

    gate: Gate | OpenGate
    messenger: TeamsMessenger


@asynccontextmanager
async def open_line(told: TeamsSettings, store: SqlStore, clock: Clock) -> AsyncIterator[Line]:
    """Open the line as the environment said."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        if told.development:
            connector = Connector(session, DEVELOPMENT, NoTokens(), Pacing())
            # Microsoft's client for development shows no dialogs
            yield Line(OpenGate(), TeamsMessenger(store, connector, clock, dialogs=False))
            return
        wall = WallClock()  # tokens run out by Microsoft's clock, whatever ours is moved to
        credentials = Credentials(told.app_id, told.tenant, told.secret)
        tokens = ClientTokens(session, told.cloud, credentials, wall)
        connector = Connector(session, told.cloud, tokens, Pacing())
        keys = KeyRing(session, told.cloud.metadata, wall)
        gate = Gate(keys, told.cloud, told.app_id, told.tenant, wall)
        yield Line(gate, TeamsMessenger(store, connector, clock))
