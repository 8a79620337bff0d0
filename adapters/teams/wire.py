"""The route Teams speaks to, and the only file that knows Microsoft's SDK.

Of the SDK this uses what works: telling activities apart, and the shape of an invoke's answer. Its
checks, its client and its tokens are our own (`auth`, `connector`, `tokens`).
"""

from __future__ import annotations

import json
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

from botbuilder.core import ActivityHandler, CloudAdapterBase, InvokeResponse, TurnContext
from botbuilder.schema import Activity, ChannelAccount, ConversationAccount
from botframework.connector.auth import BotFrameworkAuthentication
from botframework.connector.auth.authenticate_request_result import AuthenticateRequestResult
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters import logs
from adapters.teams import inbound
from adapters.teams.auth import RefusedError
from adapters.teams.desk import Told

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from adapters.teams.desk import Desk
    from adapters.teams.inbound import Arrival

log = logging.getLogger("turnabout.teams")
PATH = "/api/messages"
MOST_BYTES = 256 * 1024
ARRIVAL, TOLD = "turnabout.arrival", "turnabout.told"


class Check(Protocol):
    """Who may come in: see `auth.Gate`."""

    async def verified(self, header: str, client: str) -> Mapping[str, Any]:
        """Return what a genuine token claims. Raises RefusedError."""
        ...

    def admits(self, claims: Mapping[str, Any], activity: Mapping[str, Any]) -> None:
        """Raise RefusedError for an activity that is not to come in."""
        ...


def route(check: Check, desk: Desk) -> Route:
    """Return the one route that Teams posts its activities to."""
    adapter = Adapter(Listener(desk))

    async def messages(request: Request) -> Response:
        try:
            return await _answered(check, adapter, request)
        except RefusedError as error:
            return Response(status_code=error.status)
        except Exception as error:  # noqa: BLE001  # Teams is asked to send it again
            log.error("request failed", extra=logs.of(error))  # noqa: TRY400
            return Response(status_code=HTTPStatus.SERVICE_UNAVAILABLE)

    return Route(PATH, messages, methods=["POST"])


async def _answered(check: Check, adapter: Adapter, request: Request) -> Response:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    client = request.client.host if request.client else ""
    claims = await check.verified(request.headers.get("authorization", ""), client)
    activity = _activity(await _body(request))
    check.admits(claims, activity)
    told = await adapter.run(inbound.read(activity), activity)
    if told.body is None:
        return Response(status_code=told.status)
    return JSONResponse(told.body, told.status)


async def _body(request: Request) -> bytes:
    found = bytearray()
    async for chunk in request.stream():
        found += chunk
        if len(found) > MOST_BYTES:
            raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return bytes(found)


def _activity(raw: bytes) -> Mapping[str, Any]:
    try:
        told = json.loads(raw)
    except (ValueError, RecursionError):
        raise RefusedError(HTTPStatus.BAD_REQUEST) from None
    if not isinstance(told, dict):
        raise RefusedError(HTTPStatus.BAD_REQUEST)
    return told


class Listener(ActivityHandler):  # type: ignore[misc]  # the SDK has no types
    """Hears what the SDK tells apart; what it does not know is none of our business."""

    def __init__(self, desk: Desk) -> None:
        """Hand everything to this desk."""
        self._desk = desk

    async def on_message_activity(self, turn_context: TurnContext) -> None:
        """Take words, or a button of an older client."""
        await self._hear(turn_context)

    async def on_conversation_update_activity(self, turn_context: TurnContext) -> None:
        """Take that someone came. The SDK would ask Teams who, each time."""
        await self._hear(turn_context)

    async def on_installation_update(self, turn_context: TurnContext) -> None:
        """Take that someone came or went."""
        await self._hear(turn_context)

    async def on_invoke_activity(self, turn_context: TurnContext) -> InvokeResponse:
        """Answer a button, a form or a dialog; what it is answered with is left beside."""
        state = turn_context.turn_state
        state[TOLD] = await self._desk.invoked(state[ARRIVAL])
        return InvokeResponse(status=int(state[TOLD].status))

    async def _hear(self, turn_context: TurnContext) -> None:
        state = turn_context.turn_state
        state[TOLD] = await self._desk.heard(state[ARRIVAL])


class Adapter(CloudAdapterBase):  # type: ignore[misc]
    """Runs the SDK for activities that have been let in already."""

    def __init__(self, listener: Listener) -> None:
        """Let this listener hear them."""
        super().__init__(Nothing())
        self._listener = listener

    async def run(self, arrival: Arrival, activity: Mapping[str, Any]) -> Told:
        """Return what an activity is answered with."""
        states: list[dict[str, Any]] = []

        async def heard(context: TurnContext) -> None:
            context.turn_state[ARRIVAL] = arrival
            states.append(context.turn_state)
            await self._listener.on_turn(context)

        await self.process_activity(_let_in(), _typed(activity), heard)
        told: Told = states[0].get(TOLD, Told())
        return told


class Nothing(BotFrameworkAuthentication):  # type: ignore[misc]
    """The SDK's own checks and clients, of which none is wanted."""

    async def authenticate_request(self, *_: object) -> None:
        """Refuse: `auth` has done it by now."""
        raise RefusedError(HTTPStatus.UNAUTHORIZED)

    async def authenticate_streaming_request(self, *_: object) -> None:
        """Refuse: nothing streams here."""
        raise RefusedError(HTTPStatus.UNAUTHORIZED)

    def create_connector_factory(self, *_: object) -> Nothing:
        """Return this, which makes nothing."""
        return self

    async def create_user_token_client(self, *_: object) -> None:
        """Make none: nobody signs in here."""

    async def create(self, *_: object) -> Nothing:
        """Return this in the place of a client: `connector` sends what is to be sent."""
        return self


def _let_in() -> AuthenticateRequestResult:
    found = AuthenticateRequestResult()
    found.connector_factory = Nothing()
    return found


def _typed(activity: Mapping[str, Any]) -> Activity:
    """Return as much of an activity as the SDK needs to tell what it is."""
    kind, conversation = activity.get("type"), ConversationAccount(id="")
    return Activity(
        type=kind if isinstance(kind, str) else "none",
        conversation=conversation,
        from_property=ChannelAccount(id=""),
        recipient=ChannelAccount(id=""),
    )
