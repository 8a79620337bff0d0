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
MANY = 24  # cards on a sheet


async def for_the_readme() -> None:
    """Draw a card, a form on a phone, and Home."""
    shown = {item.prompt.key: (r, item) for r, item in reversed(seen()) if r.me.locale == "en"}
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
    drawn = list(dict.fromkeys(json.dumps(card) for card in _everything()))
    folder.mkdir(parents=True, exist_ok=True)
    for theme in ("light", "dark"):
        async with client(4 * (PHONE + 16) + 16, 900) as page:
            await page.add_style_tag(content="body { columns: 4; column-gap: 16px }")
            await page.add_style_tag(content=".card { margin-bottom: 16px; break-inside: avoid }")
            for no in range(0, len(drawn), MANY):
                told = [json.loads(re.sub(TYPED, "…", text)) for text in drawn[no : no + MANY]]
                await page.evaluate(
                    "([cards, theme, wide]) => { document.body.replaceChildren();"
                    " document.body.className = theme; cards.forEach(c => add(c, theme, wide)) }",
                    [told, theme, PHONE],
                )
                name = f"{theme}-{no // MANY + 1:02}.png"
                await page.screenshot(path=folder / name, full_page=True)
    print(f"{len(drawn)} cards and forms are on the sheets in {folder}.")


def _everything() -> Iterator[dict[str, Any]]:
    for _, reader, item in sorted(sights("en"), key=lambda told: told[0]):
        yield outbound.card(cards.card_of(reader, item), PAIR)
        if item.prompt.form:
            yield _dialog(reader, item)


def _dialog(reader: Reader, item: Item) -> dict[str, Any]:
    opened = facilitator.opened(reader.pair, reader.me, item, reader.now)
    content: dict[str, Any] = forms.dialog(cards.sheet(reader, opened), PAIR, say)["card"][
        "content"
    ]
    return content


if __name__ == "__main__":
    asyncio.run(contact_sheets(Path(sys.argv[1])) if sys.argv[1:] else for_the_readme())
