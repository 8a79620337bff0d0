"""What Slack grants an app: an installation for a code, and a new token for a refresh token."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from aiohttp import ClientError
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.store.installations import Installation

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

TIMEOUT = 10  # seconds
quiet = logging.getLogger("turnabout.slack.grant")
quiet.setLevel(logging.CRITICAL)  # the SDK would log what it was answered


class GrantError(Exception):
    """Slack granted nothing. `word` is Slack's own for why, and holds no secret."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


@dataclass(frozen=True, slots=True)
class Granting:
    """An app as Slack knows it, by its client id and secret."""

    client_id: str
    client_secret: str
    api: str

    def __repr__(self) -> str:
        """Show no secret."""
        return f"Granting(client_id={self.client_id!r})"

    async def install(self, code: str, redirect: str, now: datetime) -> Installation:
        """Return the installation that a code stands for. Raises GrantError."""
        return installation(await self._ask(code=code, redirect_uri=redirect), now)

    async def renew(self, old: Installation, now: datetime) -> Installation:
        """Return an installation with a new token. Raises GrantError."""
        told = await self._ask(grant_type="refresh_token", refresh_token=old.refresh)
        new = installation(told, now)
        if new.tenant != old.tenant:
            raise GrantError("another_tenant")
        return replace(new, at=old.at)

    async def _ask(self, **asked: str) -> Mapping[str, Any]:
        client = AsyncWebClient(base_url=self.api, timeout=TIMEOUT, retry_handlers=[], logger=quiet)
        told = {"client_id": self.client_id, "client_secret": self.client_secret, **asked}
        try:
            answer = await client.api_call("oauth.v2.access", data=told)
        except SlackApiError as error:
            raise GrantError(_reason(error)) from None
        except (TimeoutError, ClientError, OSError) as error:
            raise GrantError(type(error).__name__) from None
        return answer.data if isinstance(answer.data, dict) else {}


def installation(told: Mapping[str, Any], now: datetime) -> Installation:
    """Read an installation out of Slack's answer. Raises GrantError for one that lacks a part."""
    whole = bool(told.get("is_enterprise_install"))
    try:
        lasts = told.get("expires_in")
        return Installation(
            tenant=told["enterprise" if whole else "team"]["id"],
            bot_user=told["bot_user_id"],
            scopes=frozenset(told["scope"].split(",")),
            token=told["access_token"],
            at=now,
            refresh=told.get("refresh_token") or "",
            expires_at=now + timedelta(seconds=lasts) if lasts else None,
            app=told["app_id"],
        )
    except (KeyError, TypeError, AttributeError):
        raise GrantError("incomplete_answer") from None


def _reason(error: SlackApiError) -> str:
    answer = error.response
    told = answer.get("error") if hasattr(answer, "get") else None
    return told if isinstance(told, str) and told.isidentifier() else "no_answer"
