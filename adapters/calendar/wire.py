"""The routes below `/cal/`: a meeting's file, a calendar to subscribe to, an assistant's page.

Whoever has an address may use it, so addresses are kept out of logs, referrers and shared caches.
"""

from __future__ import annotations

import base64
import logging
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from adapters.calendar import ics, placing
from adapters.calendar.words import Words

if TYPE_CHECKING:
    from starlette.requests import Request

    from adapters.calendar.calendars import Calendars
    from adapters.store.placings import Placing
    from bot.people import Person

HERE = Path(__file__).parent / "templates"
PAGES = Environment(
    loader=FileSystemLoader(HERE), autoescape=True, trim_blocks=True, undefined=StrictUndefined
)
STYLE = (HERE / "placing.css").read_text(encoding="utf-8")
STYLE_HASH = base64.b64encode(sha256(STYLE.encode()).digest()).decode()
MOST_BYTES = 8 * 1024
BELOW = "/cal/"
HEADERS = {
    "cache-control": "private, no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex, nofollow",
    "content-security-policy": (
        f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
}
FEED = {**HEADERS, "cache-control": "private, max-age=900"}
FILE = {**HEADERS, "content-disposition": f'attachment; filename="{ics.NAME}"'}


class Hidden(logging.Filter):
    """Keeps addresses that open something out of the access log of uvicorn."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every line through, without what follows `/cal/`."""
        if isinstance(record.args, tuple):
            record.args = tuple(_hidden(part) for part in record.args)
        return True


def keep_out_of_logs() -> None:
    """Let the access log of this process say no more than that a calendar was asked for."""
    log = logging.getLogger("uvicorn.access")
    if not any(isinstance(known, Hidden) for known in log.filters):
        log.addFilter(Hidden())


def routes(calendars: Calendars) -> list[Route]:
    """Return the routes of calendars."""
    desk = Desk(calendars)
    return [
        Route("/cal/once/{word}.ics", desk.file),
        Route("/cal/times/{word}", desk.page, methods=["GET", "POST"]),
        Route("/cal/{token}.ics", desk.feed),
    ]


class Desk:
    """What each route answers."""

    def __init__(self, calendars: Calendars) -> None:
        """Answer from these calendars."""
        self._calendars = calendars

    async def feed(self, request: Request) -> Response:
        """Give someone the calendar they subscribe to, or say that it is as they have it."""
        content = await self._calendars.feed(request.path_params["token"])
        if content is None:
            return self._gone()
        mark = f'"{sha256(content).hexdigest()[:32]}"'
        headers = {**FEED, "etag": mark}
        if is_known(mark, request.headers.get("if-none-match", "")):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        return Response(content, media_type=ics.TYPE, headers=headers)

    async def file(self, request: Request) -> Response:
        """Give someone one meeting, as it stands now."""
        content = await self._calendars.file(request.path_params["word"])
        if content is None:
            return self._gone()
        return Response(content, media_type=ics.TYPE, headers=FILE)

    async def page(self, request: Request) -> Response:
        """Ask an assistant what suits; a form that comes back is kept and shown again."""
        found = await self._calendars.asked(request.path_params["word"])
        if found is None:
            return self._gone()
        if request.method != "POST":
            return self._ask(*found)
        try:
            suits, place = placing.answered(found[0], await _body(request))
        except ValueError:
            return self._ask(*found, wrong=True)
        await self._calendars.answer(found[0], suits, place)
        return RedirectResponse(request.path_params["word"], HTTPStatus.SEE_OTHER, headers=HEADERS)

    def _ask(self, asked: Placing, me: Person, *, wrong: bool = False) -> Response:
        words = Words(self._calendars.book, me.locale)
        known = {**placing.shown(asked, me, words), "words": words, "wrong": wrong}
        page = PAGES.get_template("placing.html").render(known, style=Markup(STYLE))  # noqa: S704
        status = HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK
        return HTMLResponse(page, status, headers=HEADERS)

    def _gone(self) -> Response:
        words = Words(self._calendars.book)
        return PlainTextResponse(words("gone") + "\n", HTTPStatus.NOT_FOUND, headers=HEADERS)


def is_known(mark: str, told: str) -> bool:
    """Tell whether a reader says that it has this already (RFC 9110, 13.1.2)."""
    return mark in {each.strip().removeprefix("W/") for each in told.split(",")}


def _hidden(part: object) -> object:
    """Return a part of a line without what follows `/cal/`, wherever a proxy has put us."""
    if not isinstance(part, str) or BELOW not in part:
        return part
    return f"{part.partition(BELOW)[0]}{BELOW}…"


async def _body(request: Request) -> bytes:
    """Return what was posted. Raises ValueError if it is more than a form of ours can be."""
    found = bytearray()
    async for chunk in request.stream():
        found += chunk
        if len(found) > MOST_BYTES:
            raise ValueError("too much")
    return bytes(found)
