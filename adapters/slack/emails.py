"""The e-mail addresses Slack vouches for, where the app may see them (`users:read.email`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.slack.web import Web
    from bot.people import Account

# A guest, or somebody of another organisation, was not invited by this one's coordinator.
OUTSIDE = ("is_restricted", "is_ultra_restricted", "is_stranger", "is_bot", "deleted")


class Emails:
    """Where a member's address is asked for: only when they write `join`."""

    def __init__(self, web: Web) -> None:
        """Ask by this API."""
        self._web = web

    async def of(self, account: Account) -> str:
        """Return a full member's confirmed address, or nothing."""
        told = await self._web.call(account.tenant, "users.info", user=account.user)
        return vouched(told.get("user"))


def vouched(user: object) -> str:
    """Return the address in Slack's description of a user, if Slack has confirmed it (pure)."""
    found: Mapping[str, Any] = user if isinstance(user, dict) else {}
    profile = found.get("profile")
    email = profile.get("email") if isinstance(profile, dict) else None
    if found.get("is_email_confirmed") is not True or any(found.get(flag) for flag in OUTSIDE):
        return ""
    return email if isinstance(email, str) else ""
