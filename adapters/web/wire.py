"""The playground's routes: one page, what it posts, and a stream that tells it what has changed.

It is a toy in which one browser plays everybody, so it answers to its own page on this machine and
to nothing else. Whatever comes in gets a sentence back, never an error.
"""

from __future__ import annotations

import logging
import secrets
from hashlib import blake2s
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route

from adapters import logs
from adapters.calendar.words import Words
from adapters.clock import MovableClock
from adapters.web import inbound, outbound
from adapters.web.playground import Host, journals, screens
from bot.cards import notice_lines

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from sqlalchemy import Connection
    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from adapters.house import House
    from adapters.web.messenger import Heard
    from adapters.web.playground import Resident
    from bot.people import Pair, Person

Seen = tuple[dict[str, int], dict[str, int], str]

log = logging.getLogger("turnabout.web")
HERE = Path(__file__).parent
MOST_BYTES = 256 * 1024
FIRST = "en"
LOOK = 1.0  # seconds between looks at what another process may have written
QUIET = 15  # looks without a change after which the stream says that it is still there
LOOPBACK = {"127.0.0.1", "localhost", "[::1]"}
STATIC = {
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "logo.svg": "image/svg+xml",
}
FILES = {name: (HERE / "static" / name).read_bytes() for name in STATIC}
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}

TEMPLATES = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=StrictUndefined,
)


class TooMuchError(Exception):
    """More was posted than we take at once."""


def host(house: House, restart: Callable[[], Awaitable[None]] | None = None) -> Host:
    """Return what the playground needs of a house."""
    return Host(house, restart)


def routes(host: Host) -> list[BaseRoute]:
    """Return the playground: everything at the root of the server, guarded."""
    pages = Pages(host)
    inside = [
        Route("/", pages.page),
        Route("/static/{name}", pages.static),
        Route("/screen/{user}", pages.screen),
        Route("/events", pages.events),
        Route("/act", pages.act, methods=["POST"]),
        Route("/clock", pages.clock, methods=["POST"]),
        Route("/restart", pages.restart, methods=["POST"]),
    ]
    return [Mount("", routes=inside, middleware=[Middleware(Guard, pages=pages)])]


class Pages:
    """What each route answers."""

    def __init__(self, host: Host) -> None:
        """Answer for this host."""
        self.host = host

    async def page(self, request: Request) -> Response:
        """Show the two people of a pair, or let one choose a pair."""
        everyone = await self.host.residents()
        pairs = list(dict.fromkeys(each.pair for each in everyone))
        asked = request.query_params.get("pair")
        chosen = next((p for p in pairs if p == asked), pairs[0] if len(pairs) == 1 else None)
        words = self.host.words(FIRST)
        known: dict[str, Any] = {"words": words, "lang": FIRST, "pair": chosen}
        if chosen is None:
            known["pairs"] = [
                {"id": p, "label": _label(await self.host.pair(p), words)} for p in pairs
            ]
            return _html("page.html", known, 404 if asked else 200)
        pair = await self.host.pair(chosen)
        order = [person.id for person in pair.people]
        here = sorted(
            (each for each in everyone if each.pair == chosen), key=lambda r: order.index(r.person)
        )
        away = [p for p in pair.people if p.id not in {each.person for each in here}]
        known |= {
            "people": [self._person(pair, each) for each in here],
            "elsewhere": [words["elsewhere"].format(name=person.name) for person in away],
            "now": self._now(pair),
            "movable": isinstance(self.host.house.clock, MovableClock),
            "restartable": self.host.restart is not None,
            "several": len(pairs) > 1,
        }
        return _html("page.html", known)

    async def static(self, request: Request) -> Response:
        """Serve one of our own files."""
        name = request.path_params["name"]
        if name not in STATIC:
            return self.say("not_here", HTTPStatus.NOT_FOUND)
        return Response(FILES[name], media_type=STATIC[name])

    async def screen(self, request: Request) -> Response:
        """Return what one person sees: their messages, their Home, their time."""
        user, pair_id = request.path_params["user"], request.query_params.get("pair")
        who = await self.host.resident(user, pair_id)
        if who is None:
            return self.say("nobody_here", HTTPStatus.NOT_FOUND)
        pair = await self.host.pair(who.pair)
        messages = [
            {
                "id": kept.id,
                "card": (card := outbound.drawn(kept.content, live=kept.live)),
                "mark": f"{card['digest']}-{int(kept.live)}",
            }
            for kept in await self.host.house.web.messages(who.account)
            if kept.pair == who.pair
        ]
        me = pair.person(who.person)
        known = {
            "user": slug(user),
            "messages": messages,
            "home": outbound.home(self.host.home(pair, who.person)),
            "calendar": self._calendar(pair, me),
            "here": self._here(me),
            "now": self._now(pair),
        }
        return _html("screen.html", known)

    async def events(self, request: Request) -> Response:  # noqa: ARG002
        """Tell, line by line, whose screen has changed, also where another process wrote to it."""
        heard, seen = self.host.house.web.hub.listen(), await self._seen()
        return StreamingResponse(self._stream(heard, seen), media_type="text/event-stream")

    async def act(self, request: Request) -> Response:
        """Take what someone pressed, filled in or typed."""
        try:
            posted = inbound.posted(inbound.body(await _body(request)))
        except ValueError:
            return self.say("unread", HTTPStatus.BAD_REQUEST)
        who = await self.host.resident(posted.user, posted.pair)
        if who is None:
            return self.say("nobody_here", HTTPStatus.NOT_FOUND)
        delivery = f"web:{who.person}:{posted.id or secrets.token_hex(8)}"
        reply = await self.host.house.intake.receive(
            who.account, posted.input, delivery, posted.pair or who.pair
        )
        form = await self._sheet(who, outbound.sheet(reply.sheet)) if reply.sheet else None
        return self.answer(ok=reply.taken, notice=reply.notice, sheet=form)

    async def clock(self, request: Request) -> Response:
        """Move the clock on, and let everything happen that falls due on the way."""
        try:
            data = inbound.body(await _body(request))
        except ValueError:
            return self.say("unread", HTTPStatus.BAD_REQUEST)
        everyone = await self.host.residents()
        asked = inbound.address(data.get("pair"))
        pairs = [each.pair for each in everyone]
        if not pairs or (asked and asked not in pairs):
            return self.say("nobody_here", HTTPStatus.NOT_FOUND)
        pair = await self.host.pair(next((p for p in pairs if p == asked), pairs[0]))
        told = await self.host.move(inbound.address(data.get("move")), pair)
        if told:
            return self.say(told, HTTPStatus.BAD_REQUEST if told == "unread" else HTTPStatus.OK)
        return self.answer(ok=True)

    async def restart(self, request: Request) -> Response:
        """Start over: the same two people, and nothing said yet."""
        await _body(request)
        if self.host.restart is None:
            return self.say("no_restart")
        await self.host.start_over(self.host.restart)
        return self.answer(ok=True)

    def say(self, key: str, status: int = HTTPStatus.OK) -> Response:
        """Return a sentence of the page's own: what was asked was not done."""
        return self.answer(ok=False, notice=self.host.words(FIRST)[key], status=status)

    def answer(
        self, *, ok: bool, notice: str = "", sheet: str | None = None, status: int = HTTPStatus.OK
    ) -> Response:
        """Return what a page is told: whether it was taken, a notice, a form to fill in."""
        bubble = ""
        if notice:
            rows = outbound.blocks(notice_lines(notice))
            bubble = TEMPLATES.get_template("bubble.html").render(blocks=rows)
        told = {"ok": ok, "notice": notice, "bubble": bubble, "sheet": sheet}
        return JSONResponse(told, status)

    async def _sheet(self, who: Resident, form: outbound.Drawn) -> str:
        me = (await self.host.pair(who.pair)).person(who.person)
        words = self.host.words(me.locale)
        known = {
            "sheet": form,
            "words": words,
            "user": slug(who.account.user),
            "zone_hint": words["slot_hint"].format(name=me.name, place=_place(me)),
        }
        return TEMPLATES.get_template("sheet.html").render(known)

    def _person(self, pair: Pair, who: Resident) -> dict[str, str]:
        me = pair.person(who.person)
        return {
            "user": who.account.user,
            "slug": slug(who.account.user),
            "name": me.name,
            "locale": me.locale,
            "role": pair.role(me),
            "here": self._here(me),
        }

    def _calendar(self, pair: Pair, me: Person) -> outbound.Drawn | None:
        house = self.host.house
        return outbound.calendar(house.calendars.to_add(pair, me), Words(house.book, me.locale))

    def _here(self, me: Person) -> str:
        when = self.host.house.book.when("moment", self.host.house.clock.now(), me.zone, me.locale)
        return self.host.words(me.locale)["here"].format(when=when, place=_place(me))

    def _now(self, pair: Pair) -> str:
        now = self.host.house.clock.now()
        date, time = (
            self.host.house.book.when(name, now, "UTC", FIRST) for name in ("date", "time")
        )
        day = (now - pair.opening.at).days + 1
        return self.host.words(FIRST)["now"].format(date=date, time=time, year=now.year, day=day)

    async def _seen(self) -> Seen:
        on_screens, in_journals = await self.host.house.store.run(_counts)
        return on_screens, in_journals, self.host.house.clock.now().strftime("%j %H:%M")

    async def _stream(self, heard: Heard, seen: Seen) -> AsyncIterator[str]:
        """Look again when woken, and every second; a line now and then finds out who has left."""
        yield "retry: 1000\n\n"
        quiet = 0
        while True:
            await heard(LOOK)
            heard, now = self.host.house.web.hub.listen(), await self._seen()
            told = _changes(seen, now)
            seen, quiet = now, 0 if told else quiet + 1
            if quiet >= QUIET:
                quiet, told = 0, [""]
            for line in told:
                yield f"data: {line}\n\n" if line else ": still here\n\n"


class Guard:
    """Keeps everybody else out, puts the same headers on everything, and lets no error through."""

    def __init__(self, app: ASGIApp, pages: Pages) -> None:
        """Guard this app, in the words of these pages."""
        self._app = app
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def marked(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        refusal = self._refusal(scope)
        try:
            await (refusal or self._app)(scope, receive, marked)
        except Exception as error:  # noqa: BLE001  # whatever it is, the page gets a sentence
            answer = self._apology(error)
            if not started:
                await answer(scope, receive, marked)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if not is_here(headers.getlist("host")):
            return self._pages.say("refused", HTTPStatus.FORBIDDEN)
        if scope["method"] in {"GET", "HEAD"}:
            return None
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json" or not is_own(headers):
            return self._pages.say("refused", HTTPStatus.FORBIDDEN)
        return None

    def _apology(self, error: Exception) -> Response:
        match error:
            case HTTPException(status_code=HTTPStatus.NOT_FOUND):
                return self._pages.say("not_here", HTTPStatus.NOT_FOUND)
            case HTTPException(status_code=HTTPStatus.METHOD_NOT_ALLOWED):
                return self._pages.say("not_now", HTTPStatus.METHOD_NOT_ALLOWED)
            case TooMuchError():
                return self._pages.say("large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        log.error("request failed", extra=logs.of(error))
        return self._pages.say("again")


def is_here(hosts: list[str]) -> bool:
    """Tell whether a request was addressed to this machine by one of its loopback names."""
    if len(hosts) != 1:
        return False
    name, colon, port = hosts[0].lower().rpartition(":")
    return (name if colon and port.isdigit() else hosts[0].lower()) in LOOPBACK


def is_own(headers: Headers) -> bool:
    """Tell whether a post came from our own page, as the browser says."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    return headers.get("origin") == f"http://{headers.get('host')}"


def slug(user: str) -> str:
    """Return a name for someone's parts of the page that is safe in an id."""
    return blake2s(user.encode("utf-8", "replace"), digest_size=4).hexdigest()


async def _body(request: Request) -> bytes:
    found = bytearray()
    async for chunk in request.stream():
        found += chunk
        if len(found) > MOST_BYTES:
            raise TooMuchError
    return bytes(found)


def _html(template: str, known: Mapping[str, Any], status: int = 200) -> Response:
    return HTMLResponse(TEMPLATES.get_template(template).render(known), status)


def _label(pair: Pair, words: Any) -> str:  # noqa: ANN401
    names = {"mentor": pair.reverse_mentor.name, "mentee": pair.reverse_mentee.name}
    return str(words["pair"].format(**names))


def _place(me: Person) -> str:
    return me.zone.rpartition("/")[2].replace("_", " ")


def _counts(conn: Connection) -> tuple[dict[str, int], dict[str, int]]:
    return screens(conn), journals(conn)


def _changes(was: Seen, now: Seen) -> list[str]:
    """Return whose screen has changed; `*` where all should look again."""
    if was[1:] != now[1:]:
        return ["*"]
    return sorted(user for user in now[0] if now[0][user] != was[0].get(user))
