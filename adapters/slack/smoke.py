"""Trying Slack out: everything we do there, done once for one person and taken back.

For an administrator with a workspace to test in. Each line says what was tried and what Slack said.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from adapters.slack.messenger import EVENT
from adapters.slack.outbound import view
from adapters.slack.web import DoubtError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from adapters.slack.outbound import Block
    from adapters.slack.web import Web
    from bot.people import Account

KEY = "smoke"
BARE = view([{"type": "divider"}])  # it is drawn anew when somebody opens it
NO_TRIGGER = frozenset({"expired_trigger_id", "invalid_arguments", "invalid_trigger_id"})


@dataclass(slots=True)
class Smoke:
    """One try, for one person. `say` is told whether each thing went well, and what it was."""

    web: Web
    account: Account
    say: Callable[[bool, str], None]
    well: bool = field(default=True, init=False)

    async def run(self, message: Block, form: Block, home: Block) -> bool:
        """Send a message, a form and a Home, as they are really drawn; tell whether all went well.

        Nothing is left behind.
        """
        for kind, drawn in (("message", message), ("view", form), ("view", home)):
            about = f"the {kind} {drawn.get('type', '')}".strip()
            await self._try(f"check {about}", "blocks.validate", **{kind: json.dumps(drawn)})
        await self._chat(message)
        await self._form(form)
        user = {"user_id": self.account.user}
        if await self._try("show Home", "views.publish", **user, view=home) is not None:
            await self._try("leave Home bare", "views.publish", **user, view=BARE)
        return self.well

    async def _chat(self, message: Block) -> None:
        opened = await self._try(
            "open the direct message", "conversations.open", users=self.account.user
        )
        if opened is None:
            return
        channel = opened["channel"]["id"]
        named = {"event_type": EVENT, "event_payload": {"key": KEY}}
        told = {"channel": channel, "unfurl_links": False, "unfurl_media": False, **message}
        sent = await self._try("send a message", "chat.postMessage", metadata=named, **told)
        if sent is None:
            return
        at = {"channel": channel, "ts": sent["ts"]}
        await self._try("change it in place", "chat.update", **at, **message, metadata=named)
        await self._find(channel)
        await self._try("take it back", "chat.delete", **at)

    async def _find(self, channel: str) -> None:
        told = {"channel": channel, "include_all_metadata": True, "limit": 1}
        found = await self._try("read our own last message", "conversations.history", **told)
        if found is not None:
            payloads = [m.get("metadata", {}).get("event_payload") for m in found["messages"]]
            self._told("find it by its name", well=payloads == [{"key": KEY}], word="not there")

    async def _form(self, form: Block) -> None:
        """Open a form without anybody's press: Slack has to refuse that, and for that reason."""
        try:
            await self._call("views.open", trigger_id="0.0.0", view=form)
        except (RefusedError, DoubtError) as error:
            word = error.code if isinstance(error, RefusedError) else str(error)
            self._told("open a form only after a press", well=word in NO_TRIGGER, word=word)
        else:
            self._told("open a form only after a press", well=False, word="it opened")

    async def _try(self, what: str, method: str, **told: object) -> Mapping[str, Any] | None:
        """Do one thing and say how it went; return Slack's answer, or nothing if it refused."""
        try:
            answer = await self._call(method, **told)
        except (RefusedError, DoubtError) as error:
            word = error.code if isinstance(error, RefusedError) else str(error)
            self._told(f"{what} ({method})", well=False, word=word)
            return None
        self._told(f"{what} ({method})", well=True)
        return answer

    async def _call(self, method: str, **told: Any) -> Mapping[str, Any]:  # noqa: ANN401
        return await self.web.call(self.account.tenant, method, **told)

    def _told(self, what: str, *, well: bool, word: str = "") -> None:
        self.well = self.well and well
        self.say(well, f"{what[0].upper()}{what[1:]}: {'done' if well else word}.")
