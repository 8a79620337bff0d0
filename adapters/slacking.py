"""What an administrator of Slack does from the command line: the manifest, Socket Mode, a try."""

from __future__ import annotations

import asyncio
import json
import re
import signal
from dataclasses import replace
from typing import TYPE_CHECKING

from adapters import logs
from adapters.house import open_house
from adapters.pacing import Pacing
from adapters.prompts import phrasebook
from adapters.settings import SettingsError
from adapters.slack import forms, outbound
from adapters.slack import manifest as manifests
from adapters.slack.smoke import Smoke
from adapters.slack.socket import Socket
from adapters.slack.tokens import OneToken
from adapters.slack.web import Web, connected
from adapters.store.installations import every
from bot import cards, facilitator
from bot.cards import Reader
from bot.flows.welcome import Accepted, Proposed
from bot.journal import PairId, PersonId
from bot.people import Pair, Person, Programme

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from adapters.settings import Settings
    from adapters.slack.outbound import Block
    from adapters.slack.tokens import Tokens
    from adapters.store.sql import SqlStore
    from bot.people import Account
    from bot.wording import Phrasebook

UNSET = "No SLACK_BOT_TOKEN is set. `turnabout doctor` says how to get it."
ADDRESS = re.compile(r"https://[a-z0-9.-]+(:[0-9]+)?", re.IGNORECASE)


def manifest(url: str, locale: str, *, socket: bool, many: bool, email: bool) -> str:
    """Return the manifest to paste into Slack. Raises SettingsError for an address it refuses."""
    book, public = phrasebook(), "" if socket else url.rstrip("/")
    if not socket and not public:
        raise SettingsError("Say where Slack reaches us with --url https://…, or use --socket.")
    if not socket and not ADDRESS.fullmatch(public):
        raise SettingsError(f"Slack calls an address such as https://example.org, not {url}.")
    if socket and many:
        raise SettingsError("--many needs a public address: workspaces install from a browser.")
    if many and email:
        raise SettingsError(
            "--email is for one workspace: with --many none is asked for addresses."
        )

    def words(key: str) -> str:
        return str(book.general("installing", key, locale))

    told = manifests.manifest(words, facilitator.COMMANDS, public=public, many=many, email=email)
    return json.dumps(told, indent=2, ensure_ascii=False)


async def listen(settings: Settings) -> None:
    """Serve Slack over Socket Mode until told to stop. Raises SettingsError for what is missing."""
    if not settings.slack_app_token:
        raise SettingsError(
            "No SLACK_APP_TOKEN is set. Make one in your app's Basic Information, under "
            "App-Level Tokens, with the scope connections:write."
        )
    if not settings.slack:
        raise SettingsError(UNSET)
    logs.to_stderr()
    stop = asyncio.Event()
    for told in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(told, stop.set)
    async with open_house(settings) as house:
        if house.slack is None:
            raise SettingsError(UNSET)
        async with Socket(house.slack.app, settings.slack_app_token, settings.slack_api).open():
            await stop.wait()


async def smoke(settings: Settings, account: Account, say: Callable[[bool, str], None]) -> bool:
    """Do once for one person all that we do on Slack, and take it back; tell if all went well.

    Raises SettingsError where there is no token, or more than one to choose from.
    """
    if not (settings.slack_token or settings.slack_client):
        raise SettingsError(UNSET)
    async with open_house(settings) as house, connected() as session:
        tokens: Tokens = OneToken(settings.slack_token)
        if house.installing:
            tokens = house.installing.workspaces
            account = replace(account, tenant=await _workspace(house.store, account.tenant))
        api = Web(tokens, session, Pacing(), settings.slack_api)
        reader = _reader(house.clock.now(), house.book)
        return await Smoke(api, account, say).run(*_drawn(reader))


async def _workspace(store: SqlStore, named: str) -> str:
    """Return the workspace that is meant: the one that is named, or the only one there is."""
    there = [one.tenant for one in await store.run(lambda conn: every(conn, store.keys))]
    if not there:
        raise SettingsError("Nobody has installed Turnabout in Slack yet.")
    if named in there or (not named and len(there) == 1):
        return named or there[0]
    raise SettingsError(f"Say where to try it, with --workspace: {', '.join(there)}.")


def _drawn(reader: Reader) -> tuple[Block, Block, Block]:
    """Return a message, a form and a Home, as they are really drawn."""
    pair, me = reader.pair, reader.me
    item = next(item for item in reader.items if item.prompt.form)
    sheet = cards.sheet(reader, facilitator.opened(pair, me, item, reader.now))
    return (
        outbound.message(cards.card_of(reader, item), pair.id),
        forms.modal(sheet, pair.id, me.zone, "…"),
        outbound.home([(pair.id, cards.home(reader))]),
    )


def _reader(now: datetime, book: Phrasebook) -> Reader:
    """Return somebody who has just said yes, in a pair that is kept nowhere."""
    one, other = (Person(PersonId(name), name, "en", "UTC") for name in ("One", "Other"))
    programme = Programme("smoke", "Smoke", topics=book.catalogue)
    pair = Pair(PairId("smoke"), programme, one, other, b"smoke")
    pair = pair.with_events((Proposed(),), None, now)
    for each in (one, other):
        pair = pair.with_events((Accepted(),), each.id, now)
    return Reader.of(pair, one, now, book)
