"""Installing from a browser: to Slack and back, once, in the browser it was begun in.

Slack's answer is taken only with a state that we made, that this browser's cookie belongs to, and
that nobody has used. Whatever goes wrong is a page that says so and lets one begin again.
"""

from __future__ import annotations

import html
import logging
import secrets
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from slack_sdk.oauth import AuthorizeUrlGenerator
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from adapters.slack.grant import GrantError
from adapters.store import installations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from starlette.requests import Request

    from adapters.clock import Clock
    from adapters.slack.grant import Granting
    from adapters.slack.workspaces import Workspaces
    from adapters.store.installations import Installation
    from adapters.store.sql import SqlStore

log = logging.getLogger("turnabout.slack")
INSTALL, BACK = "/slack/install", "/slack/oauth_redirect"
COOKIE = "__Host-turnabout-install"
PATIENCE = timedelta(minutes=10)
SECRET_BYTES = 32
OPEN = "https://slack.com/app_redirect"
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
PAGE = """<!doctype html>
<html lang="{lang}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>body {{ font: 18px/1.5 system-ui, sans-serif; max-width: 34em; margin: 4em auto;
padding: 0 1em; color: #1d1c1d; background: #fff }} a {{ color: #1264a3 }}</style>
<main><h1>{title}</h1><p>{text}</p><p><a href="{url}">{link}</a></p></main></html>
"""


@dataclass(frozen=True, slots=True)
class Installing:
    """What it takes to install: `public` is our own address, `words` a text in a language."""

    store: SqlStore
    clock: Clock
    granting: Granting
    workspaces: Workspaces
    public: str
    scopes: Iterable[str]
    words: Callable[[str, str], str]

    def routes(self) -> list[Route]:
        """Return the two addresses a browser comes to."""
        return [Route(INSTALL, self.begin), Route(BACK, self.end)]

    async def begin(self, request: Request) -> Response:  # noqa: ARG002
        """Send a browser to Slack, and know it when it comes back."""
        state, browser = (secrets.token_urlsafe(SECRET_BYTES) for _ in range(2))
        now = self.clock.now()
        await self.store.run(
            lambda conn: installations.begin(conn, state, browser, now, now + PATIENCE)
        )
        where = AuthorizeUrlGenerator(
            client_id=self.granting.client_id,
            scopes=sorted(self.scopes),
            redirect_uri=self.public + BACK,
        ).generate(state)
        sent = RedirectResponse(where, HTTPStatus.FOUND, HEADERS)
        sent.set_cookie(
            COOKIE,
            browser,
            max_age=int(PATIENCE.total_seconds()),
            secure=True,
            httponly=True,
            samesite="lax",
        )
        return sent

    async def end(self, request: Request) -> Response:
        """Take Slack's answer, if it is ours to take."""
        told = request.query_params
        state, browser = told.get("state", ""), request.cookies.get(COOKIE, "")
        now = self.clock.now()
        if not await self.store.run(lambda conn: installations.end(conn, state, browser, now)):
            return self._page(request, "stale", HTTPStatus.BAD_REQUEST)
        if told.get("error") or not told.get("code"):
            return self._page(request, "cancelled", HTTPStatus.OK)
        try:
            new = await self.granting.install(told["code"], self.public + BACK, now)
        except GrantError as error:
            log.warning("Slack granted no installation", extra={"error": error.word})
            return self._page(request, "refused", HTTPStatus.BAD_GATEWAY, reason=error.word)
        await self._keep(new)
        return self._page(request, "installed", HTTPStatus.OK, new)

    async def _keep(self, new: Installation) -> None:
        await self.store.run(lambda conn: installations.keep(conn, self.store.keys, new))
        self.workspaces.forget(new.tenant)
        log.info("installed", extra={"tenant": new.tenant})

    def _page(
        self,
        request: Request,
        key: str,
        status: HTTPStatus,
        new: Installation | None = None,
        **told: str,
    ) -> Response:
        lang = "de" if request.headers.get("accept-language", "").startswith("de") else "en"
        told = {
            "lang": lang,
            "title": self.words("title", lang),
            "text": self.words(key, lang).format(**told),
            "link": self.words("open" if new else "again", lang),
            "url": address(new) if new else INSTALL,
        }
        shown = HTMLResponse(
            PAGE.format_map({name: html.escape(text) for name, text in told.items()}),
            status,
            HEADERS,
        )
        shown.delete_cookie(COOKIE, secure=True, httponly=True, samesite="lax")
        return shown


def address(new: Installation) -> str:
    """Return where the app is opened in Slack."""
    return f"{OPEN}?{urlencode({'team': new.tenant, 'app': new.app})}"
