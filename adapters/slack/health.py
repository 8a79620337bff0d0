"""Whether Slack and we are well: each thing looked at, and what to do where it is not.

For an operator's eyes; it never raises, and it names no secret.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import aiohttp

from adapters.slack.manifest import EMAIL, SCOPES
from adapters.slack.web import connected

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from adapters.settings import Settings
    from adapters.store.installations import Installation

Line = tuple[bool, str]  # whether it is well, and what is told
FORMS = {
    "SLACK_BOT_TOKEN": (r"xox[a-z.]*b-\S+", "OAuth & Permissions, Bot User OAuth Token (xoxb-…)"),
    "SLACK_APP_TOKEN": (r"xapp-\S+", "Basic Information, App-Level Tokens (xapp-…)"),
    "SLACK_SIGNING_SECRET": (r"[0-9a-f]{32}", "Basic Information, App Credentials"),
    "SLACK_OAUTH_CLIENT_ID": (r"[0-9]+\.[0-9]+", "Basic Information, App Credentials"),
    "SLACK_OAUTH_CLIENT_SECRET": (r"[0-9a-f]{32}", "Basic Information, App Credentials"),
}
ALLOWED = SCOPES | {EMAIL, "files:write"}
SKEW = 30  # seconds; Slack's requests are refused from sixty on
AGAIN = "paste what `turnabout slack manifest` prints into App Manifest and reinstall the app"


@dataclass(frozen=True, slots=True)
class Answer:
    """What Slack answered; `told` is empty where it could not be reached, and `error` says why."""

    told: Mapping[str, Any]
    headers: Mapping[str, str]
    error: str = ""


async def examine(
    settings: Settings, installed: Iterable[Installation], now: datetime
) -> list[Line]:
    """Look at everything that Slack needs, and ask Slack itself."""
    found = [_form(name, value) for name, value in _secrets(settings).items()]
    async with connected() as session:
        if settings.slack_token:
            found += await _bot(session, settings.slack_api, settings.slack_token, now)
        for one in installed:
            found += await _bot(session, settings.slack_api, one.token, now, one.tenant)
        if settings.slack_app_token:
            found.append(await _socket(session, settings))
        else:
            found.append(await _address(session, settings.public))
    if settings.slack_client and not installed:
        found.append((False, f"Nobody has installed yet: open {settings.public}/slack/install."))
    return found


def _secrets(settings: Settings) -> dict[str, str]:
    """Return what this way of being on Slack needs, set or not."""
    if settings.slack_client:
        needed = {
            "SLACK_OAUTH_CLIENT_ID": settings.slack_client,
            "SLACK_OAUTH_CLIENT_SECRET": settings.slack_client_secret,
        }
    else:
        needed = {"SLACK_BOT_TOKEN": settings.slack_token}
    if settings.slack_app_token:
        return needed | {"SLACK_APP_TOKEN": settings.slack_app_token}
    return needed | {"SLACK_SIGNING_SECRET": settings.slack_secret}


def _form(name: str, value: str) -> Line:
    form, where = FORMS[name]
    if not value:
        return False, f"{name} is not set. Copy it from your app at api.slack.com/apps: {where}."
    if not re.fullmatch(form, value):
        return False, f"{name} does not look like one. Copy it again: {where}."
    return True, f"{name} is set."


async def _bot(
    session: aiohttp.ClientSession, api: str, token: str, now: datetime, tenant: str = ""
) -> list[Line]:
    answer = await _ask(session, api, "auth.test", token)
    told, who = answer.told, tenant or "SLACK_BOT_TOKEN"
    if not told:
        return [_unreachable(answer)]
    if not told.get("ok"):
        way = "Install the app again" if tenant else "Copy it again from OAuth & Permissions"
        return [(False, f"Slack does not take the token of {who} ({told.get('error')}). {way}.")]
    known = f"Slack knows us as {told.get('user')} in {told.get('team')} ({told.get('team_id')})."
    return [(True, known), _scopes(answer.headers), _clock(answer.headers, now)]


def _scopes(headers: Mapping[str, str]) -> Line:
    granted = set(filter(None, re.split(r"[, ]+", headers.get("x-oauth-scopes", ""))))
    lacking, needless = sorted(SCOPES - granted), sorted(granted - ALLOWED)
    if lacking:
        return False, f"Slack has not granted {', '.join(lacking)}: {AGAIN}."
    if needless:
        return False, f"Slack has granted more than is needed ({', '.join(needless)}): {AGAIN}."
    return True, "Slack has granted what is needed, and no more."


def _clock(headers: Mapping[str, str], now: datetime) -> Line:
    try:
        ahead = (now - parsedate_to_datetime(headers.get("date", ""))).total_seconds()
    except (ValueError, TypeError):
        return True, "Slack did not say what time it is."
    if abs(ahead) <= SKEW:
        return True, "This machine's clock agrees with Slack's."
    way = "ahead of" if ahead > 0 else "behind"
    return False, (
        f"This machine's clock is {abs(ahead):.0f} seconds {way} Slack's, and Slack's requests "
        "will be refused. Turn on time synchronisation (NTP)."
    )


async def _socket(session: aiohttp.ClientSession, settings: Settings) -> Line:
    answer = await _ask(
        session, settings.slack_api, "apps.connections.open", settings.slack_app_token
    )
    if not answer.told:
        return _unreachable(answer)
    if not answer.told.get("ok"):
        error = answer.told.get("error")
        return False, (
            f"Slack opens no connection for SLACK_APP_TOKEN ({error}). Make one with the scope "
            "connections:write, and turn on Socket Mode in your app."
        )
    return True, "Slack opens a connection: run `turnabout slack socket`."


async def _address(session: aiohttp.ClientSession, public: str) -> Line:
    if not public.startswith("https://"):
        return False, (
            "TURNABOUT_URL is not set to an address that begins with https://. Where there is "
            "none, set SLACK_APP_TOKEN and run `turnabout slack socket`."
        )
    try:
        async with session.get(f"{public}/healthz") as answer:
            if answer.ok:
                return True, f"We answer at {public}."
            reason = str(answer.status)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        reason = type(error).__name__
    return False, f"We do not answer at {public} ({reason}). Run `turnabout web` behind it."


def _unreachable(answer: Answer) -> Line:
    return False, f"Slack cannot be reached ({answer.error}). Allow outgoing https to slack.com."


async def _ask(session: aiohttp.ClientSession, api: str, method: str, token: str) -> Answer:
    headers = {"Authorization": f"Bearer {token}"}
    try:
        async with session.post(api + method, headers=headers) as answer:
            told = await answer.json()
            return Answer(told if isinstance(told, dict) else {}, answer.headers, "no answer")
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        return Answer({}, {}, type(error).__name__)
