"""A Teams of the tests' own, on loopback: its keys, its tokens, its connector, and who sits at it.

It keeps every chat as a person would see it, and can be told to fail as Teams is known to.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa

from adapters.teams.cloud import Cloud

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    import httpx

    from adapters.clock import Clock

APP, TENANT, SECRET = "00000000-app", "tenant-of-tests", "secret-of-tests"
ISSUER = "https://issuer.example"
EXECUTE, SUBMIT = "Action.Execute", "Action.Submit"


@cache
def private_key(kid: str) -> rsa.RSAPrivateKey:
    """Return a key by its name; one is made for each name, once."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_key(kid: str, *endorsements: str) -> dict[str, Any]:
    """Return a key as Microsoft publishes it."""
    told = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(private_key(kid).public_key()))
    return {**told, "kid": kid, "use": "sig", "endorsements": list(endorsements or ("msteams",))}


@dataclass
class Message:
    """One message of a chat, as it looks now."""

    id: str
    activity: dict[str, Any]
    edits: int = 0

    @property
    def card(self) -> dict[str, Any]:
        """Its Adaptive Card, empty for one that has none."""
        attachments = self.activity.get("attachments") or [{}]
        return attachments[0].get("content", {})

    def buttons(self) -> dict[str, dict[str, Any]]:
        """Return what can be pressed, by its words."""
        found = [a for a in walked(self.card) if a.get("type") in {EXECUTE, SUBMIT}]
        return {action["title"]: action for action in found}


def walked(drawn: object) -> Iterator[dict[str, Any]]:
    """Return everything in a card, fallbacks apart."""
    if isinstance(drawn, dict):
        yield drawn
        for key, value in drawn.items():
            if key not in {"fallback", "data"}:
                yield from walked(value)
    if isinstance(drawn, list):
        for each in drawn:
            yield from walked(each)


@dataclass
class Fault:
    """What goes wrong with the next request: a status, and whether it arrived all the same."""

    status: int
    arrives: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    hangs: bool = False
    chat: str = ""


@dataclass
class FakeTeams:
    """All of Microsoft that a bot meets."""

    clock: Clock
    url: str = ""
    keys: list[dict[str, Any]] = field(default_factory=lambda: [public_key("first")])
    chats: dict[str, list[Message]] = field(default_factory=dict)
    faults: deque[Fault] = field(default_factory=deque)
    sent: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    looks: int = 0
    tokens: int = 0
    down: bool = False
    slow: asyncio.Event | None = None
    typed: asyncio.Event = field(default_factory=asyncio.Event)
    connections: set[Any] = field(default_factory=set)
    numbers: int = 0

    @property
    def cloud(self) -> Cloud:
        metadata = f"{self.url}/metadata"
        return Cloud(self.url, metadata, ISSUER, "scope", (self.url,))

    def token(self, kid: str = "first", *, without: str = "", **claims: object) -> str:
        """Return a token as Teams signs it, but for what the test says."""
        now = self.clock.now()
        told = {
            "iss": ISSUER,
            "aud": APP,
            "nbf": int((now - timedelta(minutes=1)).timestamp()),
            "exp": int((now + timedelta(hours=1)).timestamp()),
            "serviceurl": self.service,
            **claims,
        }
        told.pop(without, None)
        return jwt.encode(told, private_key(kid), "RS256", {"kid": kid})

    @property
    def service(self) -> str:
        """The connector's address, which has the tenant in its path."""
        return f"{self.url}/emea/{TENANT}/"

    def chat(self, conversation: str) -> list[Message]:
        return self.chats.setdefault(conversation, [])

    def number(self) -> str:
        self.numbers += 1
        return str(self.numbers)

    def app(self) -> web.Application:
        app = web.Application()
        chat = f"/emea/{TENANT}/v3/conversations/{{chat}}/activities"
        app.add_routes(
            [
                web.get("/metadata", self._metadata),
                web.get("/keys", self._keys),
                web.post(f"/{TENANT}/oauth2/v2.0/token", self._token),
                web.post(chat, self._posted),
                web.put(chat + "/{id}", self._put),
            ]
        )
        return app

    async def _metadata(self, request: web.Request) -> web.Response:
        self.looks += 1
        if self.down:
            raise web.HTTPInternalServerError
        return web.json_response({"issuer": ISSUER, "jwks_uri": f"{self.url}/keys"})

    async def _keys(self, request: web.Request) -> web.Response:
        return web.json_response({"keys": self.keys})

    async def _token(self, request: web.Request) -> web.Response:
        self.tokens += 1
        form = await request.post()
        if (form["client_id"], form["client_secret"]) != (APP, SECRET):
            raise web.HTTPUnauthorized
        return web.json_response({"access_token": f"bot-{self.tokens}", "expires_in": 3599})

    async def _posted(self, request: web.Request) -> web.Response:
        activity, fault = await self._taken(request)
        message = Message(self.number(), activity)
        if (fault is None or fault.arrives) and activity["type"] == "message":
            self.chat(request.match_info["chat"]).append(message)
        await self._fails(fault)
        return web.json_response({"id": message.id}, status=201)

    async def _put(self, request: web.Request) -> web.Response:
        activity, fault = await self._taken(request)
        chat, ref = self.chat(request.match_info["chat"]), request.match_info["id"]
        found = next((each for each in chat if each.id == ref), None)
        await self._fails(fault)
        if found is None:
            return web.json_response(
                {"error": {"code": "ActivityNotFoundInConversation"}}, status=404
            )
        found.activity, found.edits = activity, found.edits + 1
        return web.json_response({"id": found.id})

    async def _taken(self, request: web.Request) -> tuple[dict[str, Any], Fault | None]:
        given = {f"Bearer bot-{number}" for number in range(1, self.tokens + 1)}
        if request.headers.get("Authorization") not in given:
            raise web.HTTPUnauthorized
        self.connections.add(request.transport)
        activity = await request.json()
        self.sent.append((request.method, request.match_info["chat"], activity))
        typing = activity["type"] == "typing"
        if typing:
            self.typed.set()
        if self.slow and not typing:
            await self.slow.wait()
        return activity, None if typing else self._fault(request.match_info["chat"])

    def _fault(self, chat: str) -> Fault | None:
        found = next((each for each in self.faults if each.chat in {"", chat}), None)
        if found:
            self.faults.remove(found)
        return found

    async def _fails(self, fault: Fault | None) -> None:
        if fault and fault.hangs:
            await asyncio.Event().wait()
        if fault:
            raise _Failing(fault)


class _Failing(web.HTTPException):
    def __init__(self, fault: Fault) -> None:
        self.status_code = fault.status
        super().__init__(headers=fault.headers, text=json.dumps(fault.body))


@asynccontextmanager
async def serving(clock: Clock) -> AsyncIterator[FakeTeams]:
    """Open a Teams on a port of this machine."""
    fake = FakeTeams(clock)
    runner = web.AppRunner(fake.app(), shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield fake
    finally:
        await runner.cleanup()


@dataclass
class Client:
    """Somebody at Teams: what they do is sent signed, what they see is in their chat."""

    teams: FakeTeams
    http: httpx.AsyncClient
    user: str
    locale: str = "en-GB"
    zone: str = "Europe/London"
    dialog: dict[str, Any] | None = None

    @property
    def conversation(self) -> str:
        return f"a:{self.user}"

    @property
    def chat(self) -> list[Message]:
        return self.teams.chat(self.conversation)

    @property
    def live(self) -> Message:
        """The last message that has anything to press."""
        return next(m for m in reversed(self.chat) if m.buttons())

    def activity(self, type: str, **more: object) -> dict[str, Any]:  # noqa: A002
        """Return an activity as Teams words it."""
        return {
            "type": type,
            "id": f"in-{self.teams.number()}",
            "timestamp": "2026-11-02T09:30:00.000Z",
            "channelId": "msteams",
            "serviceUrl": self.teams.service,
            "from": {"id": f"29:{self.user}", "name": "A Name", "aadObjectId": self.user},
            "conversation": {
                "conversationType": "personal",
                "tenantId": TENANT,
                "id": self.conversation,
            },
            "recipient": {"id": f"28:{APP}", "name": "Turnabout"},
            "channelData": {"tenant": {"id": TENANT}},
            **more,
        }

    def message(self, **more: object) -> dict[str, Any]:
        told = {"type": "clientInfo", "locale": self.locale, "timezone": self.zone}
        return self.activity("message", entities=[told], locale=self.locale, **more)

    async def sends(self, activity: Mapping[str, Any], token: str | None = None) -> httpx.Response:
        token = self.teams.token() if token is None else token
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return await self.http.post("/api/messages", json=activity, headers=headers)

    async def installs(self, action: str = "add") -> httpx.Response:
        return await self.sends(
            self.activity("installationUpdate", action=action, locale=self.locale)
        )

    async def says(self, text: str) -> httpx.Response:
        html = {"contentType": "text/html", "content": f"<p>{text}</p>"}
        return await self.sends(self.message(text=text, textFormat="plain", attachments=[html]))

    async def presses(self, label: str, on: Message | None = None) -> dict[str, Any]:
        """Press a button as a current client does; return what it is answered with."""
        message = on or self.live
        return await self.does(message.buttons()[label], message)

    async def does(self, action: dict[str, Any], message: Message | None = None) -> dict[str, Any]:
        """Carry out an action of a card."""
        data, ref = action["data"], message.id if message else ""
        if "msteams" in data:
            value = {"data": data, "context": {"theme": "default"}}
            answer = await self.invokes("task/fetch", value, ref)
            return self.opens(answer)
        value = {"action": {**action, "fallback": None}, "trigger": "manual"}
        return await self.invokes("adaptiveCard/action", value, ref)

    def opens(self, answer: dict[str, Any]) -> dict[str, Any]:
        task = answer.get("task", {})
        if task.get("type") == "continue":
            self.dialog = task["value"]["card"]["content"]
        else:
            self.dialog = None
        return answer

    async def submits(self, answers: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
        """Fill in the dialog that is open, and send it."""
        assert self.dialog, "no dialog is open"
        send = self.dialog["actions"][0]
        value = {"data": {**send["data"], **typed(self.dialog, answers)}}
        return self.opens(await self.invokes("task/submit", value))

    async def submits_as_it_stands(self) -> dict[str, Any]:
        """Send the dialog that is open with what stands in it."""
        assert self.dialog, "no dialog is open"
        send, stands = self.dialog["actions"][0], standing(self.dialog)
        return self.opens(await self.invokes("task/submit", {"data": {**send["data"], **stands}}))

    async def invokes(self, name: str, value: object, ref: str = "") -> dict[str, Any]:
        activity = self.activity("invoke", name=name, value=value, locale=self.locale)
        answer = await self.sends({**activity, "replyToId": ref} if ref else activity)
        assert answer.status_code == 200, answer.status_code
        return answer.json() if answer.content else {}


def standing(drawn: dict[str, Any]) -> dict[str, str]:
    """Return what a form's inputs hold as they are shown. Teams leaves out what is empty."""
    inputs = [e for e in walked(drawn) if e.get("type", "").startswith("Input.")]
    return {each["id"]: each["value"] for each in inputs if each.get("value")}


def typed(drawn: dict[str, Any], answers: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Return what a form's inputs hold once somebody has filled them in."""
    switch = drawn["actions"][0]["data"].get("switch", "")
    told = {}
    for element in walked(drawn):
        mark, _, name = element.get("id", "").partition(":")
        if not element.get("type", "").startswith("Input."):
            continue
        given = answers.get(name, ())
        day, _, hour = "".join(given[:1]).partition("T")
        written = {
            "q": "\n".join(given),
            "c": "".join(given[:1]),
            "m": ",".join(given),
            "d": day,
            "t": hour[:5],
            "s": "true" if name in answers.get(switch, ()) else "false",
        }
        told[element["id"]] = written[mark]
    return told
