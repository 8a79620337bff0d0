"""The gallery: every card and form, in every state and language, as one page to look at.

The states are not listed by hand: random lives of a pair are lived until nothing new is seen.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from adapters.prompts import phrasebook
from adapters.web import outbound
from adapters.web.wire import HERE, TEMPLATES
from bot import cards, facilitator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.cards import Reader
    from bot.inbox import Item

LIVES, MOVES = 24, 300
TYPED = r"canary\d+x\d+"  # what the lives type


def write(path: Path) -> int:
    """Write the gallery to a file; return how many cards and forms are in it."""
    book = phrasebook()
    looks = {key: look for locale in book.locales for key, look in _looks(locale).items()}
    groups: dict[str, list[dict[str, Any]]] = {}
    for (locale, key, *_), look in sorted(looks.items()):
        groups.setdefault(f"{key.partition('.')[0]} · {locale}", []).append(look)
    page = TEMPLATES.get_template("gallery.html").render(
        title=f"Turnabout: {len(looks)} cards and forms",
        css=Markup((HERE / "static" / "page.css").read_text("utf-8")),  # noqa: S704  # our own file
        groups=[{"name": name, "looks": found} for name, found in sorted(groups.items())],
    )
    path.write_text(re.sub(TYPED, "…", page), encoding="utf-8")
    return len(looks)


def _looks(locale: str) -> dict[tuple[str, ...], dict[str, Any]]:
    """Return one picture of every card and form in a language, by what makes it differ."""
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for key, reader, item in sights(locale):
        found |= _pictures(reader, item, key)
    return found


def sights(locale: str, lives: int = LIVES) -> Iterator[tuple[tuple[str, ...], Reader, Item]]:
    """Yield every item that looks like none before, with who reads it and what makes it differ."""
    from tests.life import Life  # noqa: PLC0415  # the lives are the tests' own
    from tests.stage import ADA, BEN, new_pair  # noqa: PLC0415

    seen: set[tuple[str, ...]] = set()
    two = (replace(ADA, locale=locale), replace(BEN, locale=locale))
    for seed in range(lives):
        life = Life(seed, new_pair(*two), presses_only=bool(seed % 2))
        for _ in range(MOVES):
            life.step()
            for reader in map(life.reader, life.pair.people):
                for item in reader.items:
                    key = _key(reader, item, locale)
                    if key not in seen:
                        seen.add(key)
                        yield key, reader, item


def _key(reader: Reader, item: Item, locale: str) -> tuple[str, ...]:
    role = reader.pair.role(reader.me).removeprefix("reverse_")
    times = str(facilitator.reminders(reader.pair, reader.me, item))
    return locale, item.prompt.key, role, item.status.value, times


def _pictures(
    reader: Reader, item: Item, key: tuple[str, ...]
) -> dict[tuple[str, ...], dict[str, Any]]:
    locale, _, role, *_ = key
    told = {"role": role, "key": " · ".join(key[1:])}
    card = outbound.drawn(outbound.written(cards.card_of(reader, item)))
    found: dict[tuple[str, ...], dict[str, Any]] = {key: {**told, "card": card, "sheet": None}}
    if item.prompt.form:
        form = facilitator.opened(reader.pair, reader.me, item, reader.now)
        known = {
            "sheet": outbound.sheet(cards.sheet(reader, form)),
            "words": _Words(locale),
            "user": f"{role}{abs(hash(key))}",
            "zone_hint": "",
        }
        sheet = TEMPLATES.get_template("sheet.html").render(known)
        drawn = Markup(sheet)  # noqa: S704  # rendered with every value escaped
        found[*key, "form"] = {**told, "card": None, "sheet": drawn}
    return found


class _Words:
    """The page's own words, as the form's template asks for them."""

    def __init__(self, locale: str) -> None:
        self._locale = locale

    def __getitem__(self, key: str) -> str:
        return str(phrasebook().general("playground", key, self._locale))
