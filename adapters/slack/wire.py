"""Slack's requests: through the gate, to bolt's listeners, into the intake, and only then answered.

A turn is committed before Slack has its 200, so nothing that was taken can be lost, and no call is
made to Slack before that, so nothing has to hurry. What is left to be shown is shown right after.
The same app serves Socket Mode, which knows its requests to be Slack's.
"""

from __future__ import annotations

import asyncio
import logging
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters import logs
from adapters.slack import gate, inbound
from adapters.slack.answers import Answers
from adapters.slack.homes import Homes
from adapters.slack.residents import Residents
from adapters.slack.web import quiet

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from slack_bolt.context.ack.async_ack import AsyncAck
    from starlette.requests import Request

    from adapters.clock import Clock
    from adapters.intake import Intake
    from adapters.slack.answers import Words
    from adapters.slack.inbound import Heard
    from adapters.slack.messenger import SlackMessenger
    from adapters.slack.web import Web
    from bot.people import Account
    from bot.turn import Reply

    Body = dict[str, Any]
    Listener = Callable[[AsyncAck, Body], Awaitable[None]]

log = logging.getLogger("turnabout.slack")
PATH = "/slack/events"
ANY = re.compile(".*", re.DOTALL)


class NotTakenError(Exception):
    """What Slack sent could not be handed in: nothing was written."""


class Slack:
    """The whole platform: what it hears, and what it says. `app` is bolt's."""

    def __init__(self, intake: Intake, web: Web, messenger: SlackMessenger, words: Words) -> None:
        """Hand in to this intake, and answer by this API in these words."""
        self.messenger = messenger
        self._intake = intake
        self._answers = Answers(web, messenger, words)
        self._homes = Homes(intake, web, words)
        self._residents = Residents(intake, web, messenger)
        self._doings: set[asyncio.Task[None]] = set()
        self.app = _app()
        self.app.error(failed)
        for kind, listener in self.events().items():
            self.app.event(kind)(listener)
        self.app.command(inbound.COMMAND)(self.commanded)
        self.app.view(ANY)(self.filled)
        self.app.action(ANY)(self.pressed)
        for shortcut in inbound.SHORTCUTS:
            self.app.global_shortcut(shortcut)(self.chosen)

    def events(self) -> dict[str, Listener]:
        """Return what we listen to, by the names of Slack's events."""
        return {
            "message": self.said,
            "app_home_opened": self.opened,
            "user_change": self.changed,
        }

    async def settled(self) -> None:
        """Wait until everything has been said."""
        while self._doings:
            await asyncio.gather(*self._doings)

    async def said(self, ack: AsyncAck, body: Body) -> None:
        """Take words from a direct message."""
        await self._take(ack, inbound.message(body))

    async def pressed(self, ack: AsyncAck, body: Body) -> None:
        """Take a press of a button."""
        await self._take(ack, inbound.press(body))

    async def chosen(self, ack: AsyncAck, body: Body) -> None:
        """Take a shortcut."""
        await self._take(ack, inbound.shortcut(body))

    async def commanded(self, ack: AsyncAck, body: Body) -> None:
        """Take a command, and answer where it was typed."""
        heard = inbound.command(body)
        if heard is None:
            await ack()
            return
        reply = await self._receive(heard)
        await ack(**self._answers.of_command(reply))
        if reply.sheet:
            self._do(self._answers.say(heard, reply))

    async def filled(self, ack: AsyncAck, body: Body) -> None:
        """Take a form, and close it only once it was taken."""
        heard = inbound.filled(body)
        if heard is None:
            await ack()
            return
        reply = await self._receive(heard)
        answer = self._answers.of_form(heard, reply, body["view"])
        await ack(**answer)
        if not answer:
            self._do(self._answers.confirm(heard, reply))

    async def opened(self, ack: AsyncAck, body: Body) -> None:
        """Show Home to someone who opened it."""
        await ack()
        opened = inbound.opened(body)
        if opened:
            self._do(self._homes.opened(opened))

    async def changed(self, ack: AsyncAck, body: Body) -> None:
        """Note what is new about someone."""
        await ack()
        changed = inbound.changed(body)
        if changed:
            await self._residents.changed(changed)

    async def _take(self, ack: AsyncAck, heard: Heard | None) -> None:
        if heard is None:
            await ack()
            return
        reply = await self._receive(heard)
        if reply.failed:
            raise NotTakenError  # a message is brought again; whoever pressed is told
        await ack()
        if reply.sheet or reply.notice:
            self._do(self._answers.say(heard, reply))

    async def _receive(self, heard: Heard) -> Reply:
        if heard.channel.startswith("D"):
            self.messenger.met(heard.account, heard.channel)
        told = (heard.account, heard.input, heard.delivery, heard.pair)
        try:
            reply = await self._intake.receive(*told)
        except Exception as error:  # noqa: BLE001  # whatever it is, Slack tries again
            log.error("not taken", extra=logs.of(error))  # noqa: TRY400
            raise NotTakenError from None
        if reply.taken:
            self._do(self._look_around(heard.account))
        return reply

    async def _look_around(self, account: Account) -> None:
        """Let Home be right, and know who has just come."""
        await self._homes.again(account)
        await self._residents.met(account)

    def _do(self, doing: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(_well(doing))
        self._doings.add(task)
        task.add_done_callback(self._doings.discard)


async def _well(doing: Coroutine[None, None, None]) -> None:
    try:
        await doing
    except Exception as error:  # noqa: BLE001  # it was taken; what is missing comes with the card
        log.warning("not said", extra=logs.of(error))


def _app() -> AsyncApp:
    """Return bolt as we use it: it finds the listener. The gate checks, and the intake knows whom.

    It would read tokens and a secret out of the environment, answer before the work is done, and
    ask Slack who we are; none of this is wanted.
    """
    return AsyncApp(
        name="slack_bolt.turnabout",  # bolt sets the level of the logger of this name
        logger=quiet,
        process_before_response=True,
        raise_error_for_unhandled_request=True,
        signing_secret="",
        client=AsyncWebClient(logger=quiet, retry_handlers=[]),
        authorize=_everyone,
        request_verification_enabled=False,
        ssl_check_enabled=False,
        url_verification_enabled=False,
        ignoring_self_events_enabled=False,
        attaching_function_token_enabled=False,
        attaching_conversation_kwargs_enabled=False,
    )


async def _everyone(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
    """Let every signed request through: whoever we do not know, the intake does not know."""
    return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id)


async def failed(error: Exception) -> BoltResponse:
    """Answer what could not be taken, so that Slack sends it again; all else is as if unheard."""
    if isinstance(error, NotTakenError):
        return BoltResponse(status=HTTPStatus.SERVICE_UNAVAILABLE)
    if not isinstance(error, BoltUnhandledRequestError):
        log.error("not read", extra=logs.of(error))
    return BoltResponse(status=HTTPStatus.OK)


def route(slack: Slack, secret: str, clock: Clock) -> Route:
    """Return the one address Slack sends everything to."""

    async def receive(request: Request) -> Response:
        raw = await _body(request)
        if raw.startswith(b"ssl_check=1"):  # it only looks for a certificate, and does not sign
            return Response()
        try:
            body = gate.admit(request.headers, raw, secret, clock.now())
        except gate.RefusedError:
            return Response(status_code=HTTPStatus.UNAUTHORIZED)
        if body.get("type") == "url_verification":
            return JSONResponse({"challenge": str(body.get("challenge", ""))})
        return await dispatched(slack.app, body)

    return Route(PATH, receive, methods=["POST"])


async def dispatched(app: AsyncApp, body: dict[str, Any]) -> Response:
    """Let bolt take what was checked and read already, as it does in Socket Mode."""
    try:
        answer = await app.async_dispatch(AsyncBoltRequest(body=body, mode="socket_mode"))
    except Exception as error:  # noqa: BLE001  # bolt's own, at what has no form that Slack has
        log.warning("not read", extra=logs.of(error))
        return Response()
    headers = answer.first_headers_without_set_cookie()
    return Response(answer.body, answer.status, headers)


async def _body(request: Request) -> bytes:
    """Return what was sent, and one byte too many of what is too long."""
    found = bytearray()
    async for chunk in request.stream():
        found += chunk
        if len(found) > gate.MOST_BYTES:
            break
    return bytes(found[: gate.MOST_BYTES + 1])
