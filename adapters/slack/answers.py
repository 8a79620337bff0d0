"""What is said at once to the one who acted: a notice only they see, or a form.

Where they are decides how: a command is answered in its own response, a form in its own window,
a press by a window, or where it took too long by a button that opens one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from adapters.slack import forms, outbound
from adapters.slack.address import Address
from adapters.slack.web import RefusedError

if TYPE_CHECKING:
    from adapters.slack.inbound import Heard
    from adapters.slack.messenger import SlackMessenger
    from adapters.slack.outbound import Block
    from adapters.slack.web import Web
    from bot.cards import Sheet
    from bot.turn import Reply

Words = Callable[[str, str, str], object]  # a prompt file, a key, a language
OPEN = "answer"  # the action that opens a form


class Answers:
    """Says a reply, in the language of the one it is for."""

    def __init__(self, web: Web, messenger: SlackMessenger, words: Words) -> None:
        """Say it by this API, in these words."""
        self._web = web
        self._messenger = messenger
        self._words = words

    def of_form(self, heard: Heard, reply: Reply, view: dict[str, Any]) -> dict[str, Any]:
        """Return what becomes of a window that was sent: it is closed, or stays with a word why.

        Whatever was typed stays in it for as long as it was not taken.
        """
        if reply.sheet is None:
            field = forms.first_field(view)
            kept = reply.notice and not reply.taken and field
            return _mend({field: reply.notice}) if kept else {}
        faults = forms.faults(reply.sheet)
        if faults and reply.sheet.item == forms.Carried.read(view.get("private_metadata")).item:
            return _mend(faults)
        modal = self._modal(reply, reply.sheet, heard.pair or "")
        return {"response_action": "update", "view": modal}

    def of_command(self, reply: Reply) -> dict[str, Any]:
        """Return what a command says where it was typed; only the one who typed it sees that."""
        if reply.sheet or reply.repeat:
            return {}
        if not reply.notice:
            return {"response_type": "ephemeral", "text": self._say("in_chat", reply)}
        return {"response_type": "ephemeral", **self._said(reply)}

    async def say(self, heard: Heard, reply: Reply) -> None:
        """Show what is left to be shown: the form, or the notice."""
        if reply.sheet:
            await self._open(heard, reply, reply.sheet)
        elif reply.notice and heard.channel:
            await self._whisper(heard, self._said(reply))
        elif reply.notice and heard.trigger:
            words = self._say("name", reply), reply.notice, self._say("close", reply)
            await self._show(heard, forms.leaflet(*words))

    async def confirm(self, heard: Heard, reply: Reply) -> None:
        """Say in the chat what became of a form that was closed."""
        if reply.notice:
            await self._whisper(heard, self._said(reply))

    async def _open(self, heard: Heard, reply: Reply, sheet: Sheet) -> None:
        """Open a form. A trigger holds for three seconds; a button gives a new one."""
        told = "form"
        if heard.trigger:
            try:
                await self._show(heard, self._modal(reply, sheet, heard.pair or ""))
            except RefusedError:
                told = "late"
            else:
                return
        address = Address(heard.pair or reply.pair or "", sheet.item, OPEN)
        blocks = outbound.offer(self._say(told, reply), self._say("open", reply), address)
        await self._whisper(heard, {"text": self._say("answer", reply), "blocks": blocks})

    async def _show(self, heard: Heard, view: Block) -> None:
        await self._web.call(
            heard.account.tenant, "views.open", trigger_id=heard.trigger, view=view
        )

    async def _whisper(self, heard: Heard, told: dict[str, Any]) -> None:
        channel = heard.channel or await self._messenger.channel(heard.account)
        to = {"channel": channel, "user": heard.account.user}
        await self._web.call(heard.account.tenant, "chat.postEphemeral", **to, **told)

    def _modal(self, reply: Reply, sheet: Sheet, pair: str) -> Block:
        zone = reply.me.zone if reply.me else "UTC"
        return forms.modal(sheet, pair or reply.pair or "", zone, self._say("close", reply))

    def _said(self, reply: Reply) -> dict[str, Any]:
        """Return a notice. What may stand outside of its blocks tells nothing."""
        return {"text": self._say("answer", reply), "blocks": outbound.said(reply.notice)}

    def _say(self, key: str, reply: Reply) -> str:
        return str(self._words("slack", key, reply.me.locale if reply.me else "en"))


def _mend(faults: dict[str, str]) -> dict[str, Any]:
    return {"response_action": "errors", "errors": faults}
