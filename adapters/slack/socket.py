"""Socket Mode: Slack's requests over a connection that we open, for those without an address.

It is the same app as behind the address. What is taken is told to Slack once it is done; what was
not, because the process ends or breaks, Slack sends again.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.settings import SettingsError
from adapters.slack.web import TIMEOUT, quiet

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from slack_bolt.async_app import AsyncApp
    from slack_sdk.socket_mode.aiohttp import SocketModeClient
    from slack_sdk.socket_mode.request import SocketModeRequest

log = logging.getLogger("slack_sdk.socket")  # not ours: of its sentences nothing is kept
log.setLevel(logging.WARNING)  # below that, the SDK logs whole messages


class Socket(AsyncSocketModeHandler):
    """The connection, which is made again whenever it breaks, and what is being done for it."""

    def __init__(self, app: AsyncApp, token: str, api: str) -> None:
        """Serve this app, by an app-level token."""
        web = AsyncWebClient(base_url=api, timeout=TIMEOUT, retry_handlers=[], logger=quiet)
        super().__init__(app, token, log, web)
        self._taking = True
        self._doings: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Take what comes; at the end, finish what was begun. Raises SettingsError at once."""
        connecting: list[asyncio.Task[None]] = []
        try:
            self.client.wss_uri = await self._address()
            # The SDK tries for as long as it takes, and who is told to stop must not wait for that.
            connecting.append(asyncio.create_task(self.connect_async()))  # type: ignore[no-untyped-call]
            yield
        finally:
            self._taking = False
            for task in connecting:
                task.cancel()
            await asyncio.gather(*self._doings)
            await asyncio.gather(*connecting, return_exceptions=True)
            await self.close_async()  # type: ignore[no-untyped-call]

    async def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override]
        """Take one request, and tell Slack; when we are about to end, leave it to be sent again."""
        if self._taking:
            doing = asyncio.create_task(super().handle(client, req))
            self._doings.add(doing)
            doing.add_done_callback(self._doings.discard)
            await doing

    async def _address(self) -> str:
        try:
            return await self.client.issue_new_wss_url()
        except SlackApiError as error:
            code = error.response.get("error")
            raise SettingsError(f"Slack does not take SLACK_APP_TOKEN: {code}.") from None
        except (aiohttp.ClientError, TimeoutError) as error:
            told = type(error).__name__
            raise SettingsError(f"Slack cannot be reached ({told}). Check the network.") from None
