"""Home tabs: shown when someone opens theirs, and again when they act while it is open.

One that looks the same already is left alone: it carries a short name for how it looks.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from adapters.slack import outbound
from adapters.slack.web import RefusedError

if TYPE_CHECKING:
    from adapters.intake import Intake
    from adapters.slack.answers import Words
    from adapters.slack.inbound import Opened
    from adapters.slack.outbound import Block
    from adapters.slack.web import Web
    from bot.people import Account

KNOWN = 10_000


@dataclass(slots=True)
class Screen:
    """An open Home: how it looks, and Slack's name for that state. It changes one by one."""

    look: str
    version: str
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Homes:
    """The Home tabs that are open, as far as we can know: nobody tells us when one is closed."""

    def __init__(self, intake: Intake, web: Web, words: Words) -> None:
        """Show what this intake says, by this API."""
        self._intake = intake
        self._web = web
        self._words = words
        self._open: OrderedDict[Account, Screen] = OrderedDict()

    async def opened(self, opened: Opened) -> None:
        """Someone has opened Home, or has gone over to the chat."""
        if not opened.at_home:
            self._open.pop(opened.account, None)
            return
        self._open[opened.account] = Screen(opened.look, opened.version)
        if len(self._open) > KNOWN:
            self._open.popitem(last=False)
        await self.again(opened.account)

    async def again(self, account: Account) -> None:
        """Show Home as it is now, if it is open and looks different."""
        screen = self._open.get(account)
        if screen is None:
            return
        async with screen.lock:
            view = await self._view(account)
            if view["private_metadata"] != screen.look:
                screen.look, screen.version = await self._publish(account, view, screen.version)

    async def _publish(self, account: Account, view: Block, version: str) -> tuple[str, str]:
        """Publish Home over the state we know; return how it looks, and Slack's name for that.

        If there is a newer state, look at everything anew.
        """
        told = {"user_id": account.user, "view": view, **({"hash": version} if version else {})}
        try:
            answer = await self._web.call(account.tenant, "views.publish", **told)
        except RefusedError as refused:
            if refused.code != "hash_conflict":
                raise
            return await self._publish(account, await self._view(account), "")
        return view["private_metadata"], str(answer.get("view", {}).get("hash", ""))

    async def _view(self, account: Account) -> Block:
        homes = await self._intake.homes(account)
        if homes:
            return outbound.home(homes)
        name, told = self._words("slack", "name", "en"), self._words("notices", "not_joined", "en")
        return outbound.view([outbound.header(str(name)), *outbound.said(str(told))])
