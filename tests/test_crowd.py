"""Fifty pages at once on one pair: no update is lost, none is made twice, and nobody gets an error.

What they send is mixed: things that can be done, things that could have been done a moment ago, the
same once more, and nonsense.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from bot.etiquette import Turned
from bot.flows import topic, welcome
from tests.playground import TWO
from tests.processes import founded, free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.processes import Page, Town

pytest_plugins = ("tests.databases",)

PAGES = 50
MOVES = ("leaf", "propose", "repeat", "stale", "nonsense")
TURNS_TO = {"purpose": "purpose", "topics": "topic", "back": ""}
NONSENSE = (
    None,
    [],
    {},
    {"user": "ada"},
    {"user": "nobody", "kind": "say", "text": "hello"},
    {"user": "ben", "kind": "press", "item": "topic@0000000000", "action": "no such action"},
    {"user": "ben", "kind": "press", "item": {"a": 1}, "action": ["b"]},
    {"user": "ada", "kind": "submit", "item": "", "answers": 7},
    {"user": "ada", "kind": "say", "text": "a word nobody understands \0\ud800"},
)


@pytest.fixture(params=[1, 2], ids=["one-web", "two-webs"])
async def ports(request: pytest.FixtureRequest, town: Town) -> list[int]:
    """One web process, or two on the same database."""
    found = [town.port, *(free_port() for _ in range(request.param - 1))]
    for port in found:
        town.web(port=port)
    for port in found:
        await town.answers(port)
    return found


@pytest.fixture
async def town(database: str, tmp_path: Path) -> AsyncIterator[Town]:
    async with founded(database, tmp_path, lease=120) as town:
        yield town


@dataclass
class Stranger:
    """One of the fifty: a page of Ada's or of Ben's, and what became of what it sent."""

    no: int
    page: Page
    town: Town
    invitation: str
    rng: random.Random
    ids: set[str] = field(default_factory=set)
    turned: Counter[tuple[str, str]] = field(default_factory=Counter)
    taken: list[tuple[str, str]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    async def visits(self) -> None:
        """Send one of everything, in an order of its own."""
        last: dict[str, Any] = {}
        for move in self.rng.sample(MOVES, len(MOVES)):
            name = f"{self.no}-{move}"
            match move:
                case "leaf":
                    action = self.rng.choice(list(TURNS_TO))
                    last = self.names(name, kind="ask", action=action)
                    assert (await self.posts(last))["ok"]
                    self.turned[self.page.user, TURNS_TO[action]] += 1
                case "propose":
                    last = await self.proposes(name)
                case "repeat" if last:
                    told = await self.posts(last)  # what was refused is refused again
                    idea = last.get("answers", {}).get("own", [""])[0]
                    assert (told["sheet"] is not None) == (idea in self.refused)
                case "stale":
                    last = self.names(name, kind="press", item=self.invitation, action="accept")
                    assert "moved on" in (await self.posts(last))["notice"]
                case "nonsense":
                    await self.posts(self.rng.choice(NONSENSE))

    def names(self, name: str, **body: Any) -> dict[str, Any]:
        return {"user": self.page.user, "id": name, **body}

    async def proposes(self, name: str) -> dict[str, Any]:
        """Propose a topic on the card as it is now; somebody else may well be faster."""
        item = await self.town.item(self.page.user, "topic")
        words = f"Idea of page {self.no}"
        whole = self.names(name, kind="submit", item=item.key, answers={"own": [words]})
        told = await self.posts(whole)
        if told["sheet"] is None:
            assert told["ok"]
            self.taken.append((self.page.user, words))
        else:
            assert words in told["sheet"], "what was written must come back"
            self.refused.append(words)
        return whole

    async def posts(self, body: Any) -> dict[str, Any]:
        told = await self.page.posts(body)
        assert told is not None, (body, self.page.told, self.town.log())
        if isinstance(body, dict) and body.get("id"):
            self.ids.add(body["id"])
        return told


async def test_fifty_pages_at_once_lose_nothing_and_repeat_nothing(
    town: Town, ports: list[int]
) -> None:
    (invitation,) = await town.live("ada")
    await town.both_know_their_roles()
    before = len((await town.pair()).journal)
    users = [user for user, *_ in TWO]
    crowd = [
        Stranger(
            no,
            town.page(users[no % 2], ports[no // 2 % len(ports)]),
            town,
            invitation["item"],
            random.Random(no),
        )
        for no in range(PAGES)
    ]
    await asyncio.gather(*(each.visits() for each in crowd))
    await town.comes_to_rest()

    answers = sum((each.page.told for each in crowd), Counter())
    assert set(answers) <= {"200", "400", "404"}
    proposed, turned = [], Counter()
    for user in users:
        proposed += [(user, event.own) for event in await town.events(topic.Proposed, user)]
        turned += Counter((user, event.thread) for event in await town.events(Turned, user))
    assert sorted(proposed) == sorted(words for each in crowd for words in each.taken)
    assert proposed, "somebody must have been the first"
    assert turned == sum((each.turned for each in crowd), Counter())
    journal = (await town.pair()).journal
    assert [entry.no for entry in journal] == list(range(1, len(journal) + 1))
    assert len(journal) == before + len(proposed) + sum(turned.values())
    did = {f"{each.no}-leaf" for each in crowd} & {n for each in crowd for n in each.ids}
    did |= {f"{each.no}-propose" for each in crowd if each.taken}
    assert did <= await town.deliveries(), "what was done is noted, so that it is done once"
    refused = sum(len(each.refused) for each in crowd)
    print(f"{PAGES} pages, {answers}, {len(proposed)} proposals taken, {refused} refused")


async def test_the_same_press_five_times_at_once_has_one_effect(
    town: Town, ports: list[int]
) -> None:
    """Impatient fingers, and platforms that deliver once more to be sure."""
    (invitation,) = await town.live("ada")
    yes = {"user": "ada", "id": "yes", "kind": "press", "item": invitation["item"]}
    pages = [town.page("ada", ports[n % len(ports)]) for n in range(5)]
    told = await asyncio.gather(*(page.posts({**yes, "action": "accept"}) for page in pages))
    assert all(answer and answer["ok"] for answer in told)
    await town.comes_to_rest()
    assert len(await town.events(welcome.Accepted)) == 1
    assert len(await town.messages("ada")) == len(await town.messages("ben")) == 1
