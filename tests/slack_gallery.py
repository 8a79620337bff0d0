"""All there is to see on Slack, as it is sent: the gallery's cards and forms, leads, Homes."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from adapters.gallery import LIVES, TYPED, sights
from adapters.slack import forms, outbound
from bot import cards, facilitator
from tests.stage import BOOK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.cards import Reader
    from bot.inbox import Item

PAIR = "p1"


@dataclass(frozen=True)
class Sight:
    """One thing to see: what it is, in which language, and what Slack is sent of it."""

    name: str
    locale: str
    sent: dict[str, Any]
    asks: frozenset[str] = frozenset()
    rows: frozenset[str] = frozenset()

    @property
    def surface(self) -> str:
        return self.sent.get("type", "message")

    @property
    def look(self) -> str:
        """How it looks, whatever people typed and whenever it was."""
        return re.sub(rf"{TYPED}|[\d@][0-9a-f:.]*", "…", json.dumps(self.sent.get("blocks")))


def everything(lives: int = LIVES) -> Iterator[Sight]:
    """Yield all that people come across in so many lives, as each language reads it."""
    for key, reader, item in sights("en", lives):
        for locale in BOOK.locales:
            here = replace(reader, me=replace(reader.me, locale=locale))
            yield from _seen(" · ".join(key[1:]), here, item)


def _seen(name: str, reader: Reader, item: Item) -> Iterator[Sight]:
    locale = reader.me.locale
    yield Sight(name, locale, outbound.message(cards.card_of(reader, item), PAIR))
    if item.prompt.form:
        opened = facilitator.opened(reader.pair, reader.me, item, reader.now)
        close = str(BOOK.general("slack", "close", locale))
        sheet = cards.sheet(reader, opened)
        asks = frozenset(asked.name for page in sheet.pages for asked in page.questions)
        modal = forms.modal(sheet, PAIR, reader.me.zone, close)
        yield Sight(f"{name} · form", locale, modal, asks)
    live = cards.card(reader)
    if live:
        yield Sight(f"{name} · chat", locale, outbound.message(live, PAIR))
    rows = frozenset(f"{i.prompt.key} {i.status.value}" for i in reader.items)
    home = outbound.home([(PAIR, cards.home(reader))])
    yield Sight(f"{name} · Home", locale, home, rows=rows)


def to_look_at(seen: Iterable[Sight]) -> list[Sight]:
    """Return each look once, and only as many Homes as show every row in every state."""
    once = {(sight.locale, sight.look): sight for sight in seen}
    found = [sight for sight in once.values() if not sight.rows]
    for locale in BOOK.locales:
        homes = [s for s in once.values() if s.rows and s.locale == locale]
        shown: set[str] = set()
        while homes:
            fullest = max(homes, key=lambda sight: len(sight.rows - shown))
            if not fullest.rows - shown:
                break
            found.append(fullest)
            shown |= fullest.rows
    return sorted(found, key=lambda sight: (sight.locale, sight.surface, sight.name))
