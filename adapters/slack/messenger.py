"""Cards into direct messages: one call for each change one can see.

A message carries the key of what it shows as metadata, by which it is found again. A reference is
the channel and Slack's time stamp. How a card was drawn is remembered, so that it can be left
without buttons; a process that does not remember asks Slack.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from adapters import logs
from adapters.slack import outbound
from adapters.slack.web import AWAY, RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from adapters.clock import Clock
    from adapters.slack.web import Web
    from bot.cards import Card
    from bot.people import Account

log = logging.getLogger("turnabout.slack")
EVENT = "turnabout"
RECENT = 15  # messages Slack lets anybody read at once
KNOWN = 10_000
DAY = timedelta(days=1)
MISSING = frozenset(
    {"block_mismatch", "cant_update_message", "edit_window_closed", "message_not_found"}
)


class SlackMessenger:
    """The messenger of this platform."""

    def __init__(self, web: Web, clock: Clock) -> None:
        """Send by this API."""
        self._web = web
        self._clock = clock
        self._channels: dict[Account, tuple[str, datetime]] = {}
        self._drawn: OrderedDict[str, Mapping[str, Any]] = OrderedDict()

    async def post(self, account: Account, card: Card, key: str, retire: str) -> str:
        """Put a card at the end of the chat, and leave `retire` without buttons."""
        drawn = outbound.message(card, _pair(key))
        if retire:
            self.met(account, retire.partition(":")[0])
        channel = await self.channel(account)
        told = {**drawn, "metadata": _named(key), "unfurl_links": False, "unfurl_media": False}
        sent = await self._web.call(account.tenant, "chat.postMessage", channel=channel, **told)
        ref = self._remember(f"{channel}:{sent['ts']}", drawn)
        if retire:
            await self._retire_if_we_can(account, retire)
        return ref

    async def update(self, account: Account, ref: str, card: Card, key: str) -> str:
        """Change a card in place. A message that is gone is posted anew."""
        drawn = outbound.message(card, _pair(key))
        try:
            await self._change(account, ref, {**drawn, "metadata": _named(key)})
        except RefusedError as refused:
            if refused.code not in MISSING:
                raise
            return await self.post(account, card, key, "")
        return self._remember(ref, drawn)

    async def retire(self, account: Account, ref: str) -> None:
        """Leave a message without buttons."""
        drawn = self._drawn.pop(ref, None) or await self._look_up(account, ref)
        if drawn:
            left = outbound.retired(drawn["blocks"])
            await self._change(account, ref, {"text": drawn["text"], "blocks": left})

    async def find(self, account: Account, key: str) -> str | None:
        """Return the message a change led to, nothing if it never arrived, None if who knows.

        Where Slack could not even be asked that is raised, so that it is asked again later.
        """
        try:
            channel = await self.channel(account)
            found = await self._history(account, channel, limit=RECENT)
        except RefusedError as refused:
            if refused.code in AWAY:
                raise
            return None
        named = (m for m in found if m.get("metadata", {}).get("event_payload") == {"key": key})
        return next((f"{channel}:{m['ts']}" for m in named), "")

    async def channel(self, account: Account) -> str:
        """Return someone's direct message with us, opened at most once a day."""
        channel, until = self._channels.get(account, ("", self._clock.now()))
        if not channel or until < self._clock.now():
            told = await self._web.call(account.tenant, "conversations.open", users=account.user)
            channel = str(told["channel"]["id"])
            self.met(account, channel)
        return channel

    def met(self, account: Account, channel: str) -> None:
        """Remember where someone talks with us."""
        if len(self._channels) >= KNOWN:
            self._channels.pop(next(iter(self._channels)))
        self._channels[account] = channel, self._clock.now() + DAY

    def gone(self, account: Account) -> None:
        """Forget where someone talked with us: Slack is asked again, and says whether they are."""
        self._channels.pop(account, None)

    async def _retire_if_we_can(self, account: Account, ref: str) -> None:
        """Leave an old message without buttons; if it keeps them they lead here all the same.

        In a rush it does keep them: Slack lets us change far fewer messages than we may post.
        """
        if not self._web.has_room(account.tenant, "chat.update", "conversations.history"):
            return
        try:
            await self.retire(account, ref)
        except Exception as error:  # noqa: BLE001  # the new message has arrived, which matters
            log.warning("not retired", extra=logs.of(error))

    async def _change(self, account: Account, ref: str, told: Mapping[str, Any]) -> None:
        channel, _, ts = ref.partition(":")
        await self._web.call(account.tenant, "chat.update", channel=channel, ts=ts, **told)

    async def _look_up(self, account: Account, ref: str) -> Mapping[str, Any] | None:
        channel, _, ts = ref.partition(":")
        only = {"latest": ts, "oldest": ts, "inclusive": True, "limit": 1}
        found = await self._history(account, channel, **only)
        return next((m for m in found if m.get("ts") == ts and m.get("blocks")), None)

    async def _history(
        self, account: Account, channel: str, **which: object
    ) -> list[dict[str, Any]]:
        told = {"channel": channel, "include_all_metadata": True, **which}
        answer = await self._web.call(account.tenant, "conversations.history", **told)
        return list(answer.get("messages", []))

    def _remember(self, ref: str, drawn: Mapping[str, Any]) -> str:
        self._drawn[ref] = drawn
        self._drawn.move_to_end(ref)
        if len(self._drawn) > KNOWN:
            self._drawn.popitem(last=False)
        return ref


def _pair(key: str) -> str:
    return key.partition(":")[0]


def _named(key: str) -> dict[str, Any]:
    return {"event_type": EVENT, "event_payload": {"key": key}}
