"""The port for tokens: who gives the bot's token for a workspace."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Bot:
    """Who we are in a workspace. The token is never shown in a `repr`."""

    token: str = field(repr=False)
    bot_user: str = ""
    scopes: frozenset[str] = frozenset()


class Tokens(Protocol):
    """Where a workspace's token comes from."""

    async def of(self, team: str, enterprise: str = "") -> Bot:
        """Return the bot of a workspace. Raises LookupError where it is not installed."""
        ...

    def forget(self, *tenants: str) -> None:
        """Look these up anew the next time: Slack no longer takes what is remembered of them."""
        ...


class OneToken:
    """The simple way: one workspace, whose token is in the environment."""

    def __init__(self, token: str) -> None:
        """Give this token for whichever workspace asks: Slack signs for no other."""
        self._bot = Bot(token)

    async def of(self, team: str, enterprise: str = "") -> Bot:  # noqa: ARG002
        """Return the one bot there is."""
        return self._bot

    def forget(self, *tenants: str) -> None:
        """Do nothing: whoever runs us sets another and starts anew."""
