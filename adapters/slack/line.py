"""The line to Slack, opened once for each process: to one workspace, or all that installed us."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from adapters.pacing import Pacing
from adapters.slack.emails import Emails
from adapters.slack.grant import Granting
from adapters.slack.installing import Installing
from adapters.slack.manifest import SCOPES
from adapters.slack.messenger import SlackMessenger
from adapters.slack.tokens import OneToken
from adapters.slack.web import Web, connected
from adapters.slack.wire import Slack
from adapters.slack.workspaces import Workspaces

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from adapters.clock import Clock
    from adapters.intake import Intake
    from adapters.settings import Settings
    from adapters.slack.answers import Words
    from adapters.store.sql import SqlStore


@dataclass(frozen=True, slots=True)
class Line:
    """The way in and the way out, and how a workspace installs us, where many may."""

    slack: Slack
    installing: Installing | None


@asynccontextmanager
async def open_line(
    told: Settings, intake: Intake, store: SqlStore, clock: Clock, words: Words
) -> AsyncIterator[Line]:
    """Open the line as the environment said, and let it finish what it is saying at the end."""
    installing = _installing(told, store, clock, words) if told.slack_client else None
    tokens = installing.workspaces if installing else OneToken(told.slack_token)
    async with connected() as session:
        api = Web(tokens, session, Pacing(), told.slack_api)
        intake.emails["slack"] = Emails(api).of
        slack = Slack(intake, api, SlackMessenger(api, clock), words)
        for kind, listener in installing.workspaces.events().items() if installing else ():
            slack.app.event(kind)(listener)
        try:
            yield Line(slack, installing)
        finally:
            await slack.settled()


def _installing(told: Settings, store: SqlStore, clock: Clock, words: Words) -> Installing:
    """Let any workspace install, and know the tokens of those that did."""
    granting = Granting(told.slack_client, told.slack_client_secret, told.slack_api)
    workspaces = Workspaces(store, clock, granting)

    def said(key: str, lang: str) -> str:
        return str(words("installing", key, lang))

    return Installing(store, clock, granting, workspaces, told.public, SCOPES, said)
