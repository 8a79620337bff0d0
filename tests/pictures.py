"""Pictures of what people see on Slack, for the README: `python -m tests.pictures`.

They are drawn from the very blocks we send, by a public renderer (`npm ci` in `tests/node`) and
Debian's chromium.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

from playwright.async_api import async_playwright

from adapters.slack import forms, outbound
from bot import cards, facilitator
from bot.flows.welcome import Accepted
from tests.stage import ADA, BEN, BOOK, MONDAY, new_pair
from tests.test_browser import CHROMIUM

NODE = Path(__file__).parent / "node"
FOLDER = Path(__file__).parent.parent / ".readme"
NAME = "Turnabout"
TALL = 720  # where a picture is cut off


def scenes() -> dict[str, dict[str, Any]]:
    """Return an invitation, a private form, and Home, each as it is sent."""
    pair = new_pair()
    invited = cards.Reader.of(pair, ADA, MONDAY, BOOK)
    for each in (ADA, BEN):
        pair = pair.with_events((Accepted(),), each.id, MONDAY)
    reader = cards.Reader.of(pair, BEN, MONDAY, BOOK)
    item = next(item for item in reader.items if item.prompt.form)
    sheet = cards.sheet(reader, facilitator.opened(pair, BEN, item, MONDAY))
    form = forms.modal(sheet, pair.id, BEN.zone, "Close")
    card = cards.card(invited)
    assert card
    return {
        "slack-invitation": outbound.message(card, pair.id),
        "slack-form": {**form, **{k: form[k]["text"] for k in ("title", "submit", "close")}},
        "slack-home": outbound.home([(pair.id, cards.home(reader))]),
    }


def page(drawn: dict[str, Any]) -> str:
    told = json.dumps({"name": NAME, **drawn})
    node = ["node", str(NODE / "draw.mjs")]
    return subprocess.run(node, input=told, capture_output=True, text=True, check=True).stdout


async def draw() -> None:
    async with async_playwright() as engine:
        browser = await engine.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        looking = await browser.new_page(viewport={"width": 620, "height": 900})
        for name, drawn in scenes().items():
            await looking.set_content(page(drawn))
            height = await looking.evaluate("picture.offsetHeight")
            clip = {"x": 0, "y": 0, "width": 600, "height": min(height, TALL)}
            await looking.screenshot(path=FOLDER / f"{name}.png", clip=clip)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(draw())
