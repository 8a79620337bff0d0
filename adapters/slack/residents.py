"""Where people live and what they read, as Slack knows it: their zone and locale follow it.

Slack is asked about someone when a process first hears from them, and afterwards says by itself
what changes.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from adapters.slack import inbound

if TYPE_CHECKING:
    from adapters.intake import Intake
    from adapters.slack.inbound import Changed
    from adapters.slack.messenger import SlackMessenger
    from adapters.slack.web import Web
    from bot.people import Account

KNOWN = 10_000


class Residents:
    """Keeps up with the people of all workspaces."""

    def __init__(self, intake: Intake, web: Web, messenger: SlackMessenger) -> None:
        """Ask this API, and tell this intake."""
        self._intake = intake
        self._web = web
        self._messenger = messenger
        self._known: OrderedDict[Account, None] = OrderedDict()

    async def met(self, account: Account) -> None:
        """Ask about someone this process has not asked about before."""
        if account in self._known:
            return
        told = await self._web.call(
            account.tenant, "users.info", user=account.user, include_locale=True
        )
        changed = inbound.person(account, told.get("user", {}))
        if changed and await self.changed(changed):
            self._known[account] = None
            if len(self._known) > KNOWN:
                self._known.popitem(last=False)

    async def changed(self, changed: Changed) -> bool:
        """Note what is new about someone; tell whether we know them."""
        if changed.gone:
            self._messenger.gone(changed.account)
        return await self._intake.follow(changed.account, changed.zone, changed.locale)
