"""People in the playground: they press what stands on their page, and the page posts it."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

import httpx
from starlette.applications import Starlette

from adapters.web import wire

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.house import House

ROOT = "http://127.0.0.1:8000"
OWN = {"sec-fetch-site": "same-origin"}
BUTTON = re.compile(r'data-press="([^"]+)" data-item="([^"]+)"[^>]*>([^<]+)<')


def door(house: House) -> httpx.AsyncClient:
    """Return the way to a house's playground, as its own page takes it."""
    app = Starlette(routes=wire.routes(wire.host(house)))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ROOT, headers=OWN)


class PagePerson:
    """Someone with their page open: their chat, their Home, and the form that lies over it."""

    def __init__(self, door: httpx.AsyncClient, user: str) -> None:
        self.door = door
        self.user = user
        self.form = ""
        self.told = ""

    async def chat(self) -> str:
        """Return their chat, as HTML."""
        return (await self._screen()).partition('data-part="home"')[0]

    async def presses(self, item: str, action: str) -> None:
        """Press a button, of this page or of one that has not heard of the change yet."""
        await self._posts(kind="press", item=item, action=action)

    async def fills(self, item: str, answers: Mapping[str, tuple[str, ...]]) -> None:
        """Fill in the form that is open, and send it."""
        assert f'data-item="{item}"' in self.form, "another form is open, or none"
        asked = set(re.findall(r'name="([^"]+)"', self.form))
        asked |= set(re.findall(r'data-switch="([^"]+)"', self.form))
        assert set(answers) <= asked, f"the form does not ask {set(answers) - asked}"
        told = {name: list(given) for name, given in answers.items()}
        await self._posts(kind="submit", item=item, answers=told)

    async def writes(self, text: str) -> None:
        """Type something into the chat."""
        await self._posts(kind="say", text=text)

    async def finds(self, item: str, action: str) -> bool:
        """Tell whether there is such a button, in the chat or in Home."""
        return (action, item) in {found[:2] for found in BUTTON.findall(await self._screen())}

    async def _screen(self) -> str:
        answer = await self.door.get(f"/screen/{self.user}")
        assert answer.status_code == 200
        return answer.text

    async def _posts(self, **body: object) -> None:
        answer = (await self.door.post("/act", json={"user": self.user, **body})).json()
        self.form, self.told = answer["sheet"] or "", answer["notice"]


def labels(html: str) -> list[str]:
    """Return the words on the buttons there are to press."""
    return [unescape(label) for _, _, label in BUTTON.findall(html)]


def text(html: str) -> str:
    """Return what can be read in a piece of a page, its spaces told apart by nothing."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())
