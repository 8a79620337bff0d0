"""Pictures of what people see on Slack: `python -m tests.pictures` draws those of the README.

`python -m tests.pictures FOLDER` draws everything there is, to be looked at. All are drawn from the
very blocks we send, by a public renderer (`npm ci` in `tests/node`) and Debian's chromium.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.async_api import async_playwright

from adapters.gallery import TYPED
from adapters.settings import ROOT
from adapters.slack import forms, outbound
from bot import cards, facilitator
from bot.flows.welcome import Accepted
from tests.slack_gallery import everything, to_look_at
from tests.stage import ADA, BEN, BOOK, MONDAY, new_pair
from tests.test_browser import CHROMIUM

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Page

NODE = Path(__file__).parent / "node"
FOLDER = ROOT / ".readme"
TALL = 720  # where a picture of the README is cut off
WIDE = 1800  # a sheet of many, in three columns


def scenes() -> dict[str, dict[str, Any]]:
    """Return an invitation, a private form, and Home, each as it is sent."""
    pair = new_pair()
    invited = cards.Reader.of(pair, ADA, MONDAY, BOOK)
    for each in (ADA, BEN):
        pair = pair.with_events((Accepted(),), each.id, MONDAY)
    reader = cards.Reader.of(pair, BEN, MONDAY, BOOK)
    item = next(item for item in reader.items if item.thread == "baseline")
    sheet = cards.sheet(reader, facilitator.opened(pair, BEN, item, MONDAY))
    card = cards.card(invited)
    assert card
    return {
        "slack-invitation": outbound.message(card, pair.id),
        "slack-form": forms.modal(sheet, pair.id, BEN.zone, "Close"),
        "slack-home": outbound.home([(pair.id, cards.home(reader))]),
    }


def page(drawn: list[dict[str, Any]]) -> str:
    """Return a page with all of these on it."""
    node = ["node", str(NODE / "draw.mjs")]
    told = re.sub(TYPED, "what somebody typed", json.dumps(drawn))
    return subprocess.run(node, input=told, capture_output=True, text=True, check=True).stdout


@asynccontextmanager
async def looking(wide: int, high: int) -> AsyncIterator[Page]:
    async with async_playwright() as engine:
        browser = await engine.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield await browser.new_page(viewport={"width": wide, "height": high})
        await browser.close()


async def for_the_readme() -> None:
    async with looking(620, 900) as window:
        for name, drawn in scenes().items():
            await window.set_content(page([drawn]))
            height = await window.evaluate("document.querySelector('figure').offsetHeight")
            clip = {"x": 0, "y": 0, "width": 600, "height": min(height, TALL)}
            await window.screenshot(path=FOLDER / f"{name}.png", clip=clip)


async def of_everything(folder: Path) -> None:
    """Draw sheets of many pictures, those of one language and one surface together."""
    groups = itertools.groupby(to_look_at(everything()), lambda s: f"{s.locale}-{s.surface}")
    async with looking(WIDE, 1500) as window:
        for name, group in groups:
            drawn = [{"caption": sight.name, **sight.sent} for sight in group]
            await window.set_content(page(drawn))
            columns = await window.evaluate("document.documentElement.scrollWidth")
            for left in range(0, columns, WIDE):
                await window.evaluate("left => scrollTo(left, 0)", left)
                await window.screenshot(path=folder / f"{name}-{left // WIDE:02}.png")


if __name__ == "__main__":
    asyncio.run(of_everything(Path(sys.argv[1])) if sys.argv[1:] else for_the_readme())
