"""Pictures of what people see at Teams: `python -m tests.teams_pictures`, for the README.

Named a folder, it fills that with contact sheets instead: every card and form there is, light and
dark, as wide as on a phone. They are drawn by Microsoft's own renderer (`npm ci` in `tests/node`).
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapters.gallery import TYPED, sights
from adapters.teams import forms, outbound
from bot import cards, facilitator
from tests.test_teams_cards import PAIR, say, seen
from tests.test_teams_client import client, draws

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.cards import Reader
    from bot.inbox import Item

README = Path(__file__).parent.parent / ".readme"
PHONE = 360
MANY, COLUMNS = 20, 4  # cards on a sheet, and beside one another


async def for_the_readme() -> None:
    """Draw a card, a form on a phone, and Home, of two who have not changed places."""
    plain = [(r, i) for r, i in reversed(seen()) if r.me.locale == "en" and not r.pair.turned]
    shown = {item.prompt.key: (reader, item) for reader, item in plain}
    reader, item = shown["purpose.draft_mentee"]
    sheet = cards.sheet(reader, facilitator.opened(reader.pair, reader.me, item, reader.now))
    home = outbound.home(cards.home(shown["charter.sign"][0]), PAIR)
    typed = re.sub(TYPED, "see what I miss", json.dumps(home))
    pictures = {
        "teams-card": (outbound.card(cards.card_of(reader, item), PAIR), "light", 428),
        "teams-form": (forms.form(replace(sheet, pages=sheet.pages[:1]), PAIR, say), "dark", 310),
        "teams-home": (json.loads(typed), "light", 428),
    }
    async with client() as page:
        for name, told in pictures.items():
            await draws(page, *told)
            await page.locator(".card").screenshot(path=README / f"{name}.png")


async def contact_sheets(folder: Path) -> None:
    """Draw everything once in English, light and dark, so many on a sheet."""
    drawn = [json.loads(re.sub(TYPED, "…", text)) for text in dict.fromkeys(_everything())]
    for theme in ("light", "dark"):
        async with client(COLUMNS * (PHONE + 8) + 32, 900) as page:
            for no in range(0, len(drawn), MANY):
                told = [drawn[no : no + MANY], theme, PHONE, COLUMNS]
                await page.evaluate("told => sheet(...told)", told)
                name = f"{theme}-{no // MANY + 1:02}.png"
                await page.screenshot(path=folder / name, full_page=True)
    print(f"{len(drawn)} cards and forms are on the sheets in {folder}.")


def _everything() -> Iterator[str]:
    """Yield each card once for each role, each form as it is first opened, and a few Homes."""
    found: dict[tuple[str, ...], tuple[Reader, Item]] = {}
    for key, reader, item in sights("en"):
        found.setdefault(key[1:4], (reader, item))
    for no, (key, (reader, item)) in enumerate(sorted(found.items(), key=lambda told: told[0])):
        yield json.dumps(outbound.card(cards.card_of(reader, item), PAIR))
        if item.prompt.form and key[2] != "done":
            yield json.dumps(_dialog(reader, item))
        if no % 40 == 0:
            yield json.dumps(outbound.home(cards.home(reader), PAIR))


def _dialog(reader: Reader, item: Item) -> dict[str, Any]:
    opened = facilitator.opened(reader.pair, reader.me, item, reader.now)
    content: dict[str, Any] = forms.dialog(cards.sheet(reader, opened), PAIR, say)["card"][
        "content"
    ]
    return content


if __name__ == "__main__":
    for name in sys.argv[1:]:
        Path(name).mkdir(parents=True, exist_ok=True)
    asyncio.run(contact_sheets(Path(sys.argv[1])) if sys.argv[1:] else for_the_readme())
