"""The product in Microsoft's Agents Playground, from install to a booked meeting, with pictures.

`python -m tests.agents_playground FOLDER`, by hand: the Playground is a download for development
(`npm install @microsoft/m365agentsplayground`, in a folder of its own), under a licence that lets
nobody pass it on, so it is in no lock of ours. `AGENTS_PLAYGROUND` names its `cli.js`. It listens
on every interface, so it is run in a network of its own that nobody else is in.

Ada sits at the Playground and presses what she sees; Ben is on our own platform. The Playground
shows no dialogs: what stands in them is drawn and filled in by `test_teams_client.py`.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import uvicorn
from playwright.async_api import async_playwright

from adapters import app
from adapters.settings import Settings, TeamsSettings, new_key
from adapters.store import directory, roster
from adapters.store.migrate import upgrade
from bot import cards
from bot.inputs import Pressed, Submitted
from bot.people import Account
from bot.prompts import Choice, Scale, Text
from tests.playground import MONDAY
from tests.test_browser import CHROMIUM, FLAGS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Locator, Page

    from adapters.house import House
    from bot.cards import Card, Question, Sheet
    from bot.journal import PairId

ALONE = "AGENTS_ALONE"
PORT, THEIRS = 3978, 56150
BEN = Account("web", "playground", "ben")
MOST = 80  # moves after which nothing more is expected
PAUSE = 900  # milliseconds the Playground takes to show what came
BOOKED = "Next meeting"


@dataclass
class Ben:
    """The senior, who does what is first asked of him."""

    house: House
    pair: PairId
    moves: int = 0

    async def card(self) -> Card | None:
        pair = await self.house.store.work(self.pair, lambda work: work.pair())
        me = pair.reverse_mentee
        return cards.card(cards.Reader.of(pair, me, self.house.clock.now(), self.house.book))

    async def does(self) -> bool:
        """Do the first thing his card asks; tell whether there was one."""
        card = await self.card()
        if card is None or not card.buttons or card.buttons[0].action in {"more", "later", "back"}:
            return False
        if card.resting and not card.buttons[0].opens:
            return False
        reply = await self._takes(Pressed(card.buttons[0].item, card.buttons[0].action))
        if reply.sheet:
            await self._takes(Submitted(reply.sheet.item, filled(reply.sheet)))
        return (await self.card()) != card

    async def _takes(self, input):
        self.moves += 1
        told = await self.house.intake.receive(BEN, input, f"ben:{self.moves}", self.pair)
        await self.house.intake.settled()
        return getattr(told, "reply", told)


def filled(sheet: Sheet) -> dict[str, tuple[str, ...]]:
    asked = [question for page in sheet.pages for question in page.questions]
    return {question.name: question.value or _answer(question) for question in asked}


def _answer(question: Question) -> tuple[str, ...]:
    match question.kind:
        case Choice() if question.options:
            return (question.options[0][0],)
        case Scale():
            return ("4",)
        case Text(beside=""):
            return ("A few words of mine",)
    return ()


@dataclass
class Ada:
    """The junior, at the Playground."""

    page: Page
    folder: Path
    shots: int = 0
    done: list[str] = field(default_factory=list)

    async def opens(self) -> None:
        await self.page.goto(f"http://127.0.0.1:{THEIRS}/")
        await self.page.get_by_text("I do not know you yet").wait_for()
        await self.shows("installed")

    async def says(self, text: str) -> None:
        await self.page.locator("[contenteditable=true]").first.click()
        await self.page.keyboard.type(text)
        await self.page.keyboard.press("Enter")
        await self.page.wait_for_timeout(PAUSE)

    async def sees(self, words: str) -> bool:
        return await self.page.get_by_text(words).count() > 0

    async def shows(self, name: str) -> None:
        self.shots += 1
        await self.page.screenshot(path=self.folder / f"{self.shots:02}-{name}.png")

    async def unfolds(self, words: str) -> None:
        """Open Home by the last line of her card, and press one of its lines."""
        await self.page.get_by_text("for you in Home").last.click()
        await self.page.get_by_text("Yours to do", exact=True).wait_for()
        await self.shows("home")
        await self.page.get_by_role("button", name=words).last.click()
        await self.page.wait_for_timeout(PAUSE)
        await self.shows("unfolded")

    async def does(self) -> bool:
        """Press what comes first on her newest card, and fill in what opens."""
        button = self.page.locator(".ac-adaptiveCard", has=self.page.locator("button")).last
        button = button.locator(".ac-actionSet button").first
        if not await button.count() or await button.inner_text() in self.done:
            return False
        self.done.append(await button.inner_text())
        await self._presses(button)
        form = self.page.locator(".ac-adaptiveCard", has=self.page.locator("input, select")).last
        if await form.count():
            await self._fills(form)
            await self.shows("form")
            await self._presses(form.locator(".ac-actionSet button").last)
        return True

    async def _presses(self, button: Locator) -> None:
        label = await button.inner_text()
        await button.scroll_into_view_if_needed()
        await button.click()
        await self.page.wait_for_timeout(PAUSE)
        await self.shows("".join(c for c in label.lower() if c.isalnum() or c == " ").strip())

    async def _fills(self, form: Locator) -> None:
        chosen = set()
        for radio in await form.locator("input[type=radio]").all():
            name = await radio.get_attribute("name")
            if name not in chosen:
                chosen.add(name)
                await radio.check(force=True)
        for line in await form.locator("textarea, input[type=text]:not([readonly])").all():
            if not await line.input_value() and await line.is_visible():
                await line.fill("Words of Ada's")


async def plays(folder: Path) -> None:
    """Play it, and leave a picture of every step."""
    async with _served() as (house, pair, code), _playground(), async_playwright() as player:
        browser = await player.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = await browser.new_page(viewport={"width": 1300, "height": 1000})
        ada, ben = Ada(page, folder), Ben(house, pair)
        await ada.opens()
        await ada.says(f"join {code}")
        await ada.shows("joined")
        for _ in range(MOST):
            if await ada.sees(BOOKED):
                break
            if not await ada.does() and not await ben.does():
                await _moves_on(house)
        await ada.says("status")
        await ada.shows("status")
        await ada.unfolds(BOOKED)
        booked = await ada.sees(BOOKED)
        await browser.close()
    print(f"{'A meeting is booked' if booked else 'No meeting was booked'}; pictures in {folder}.")
    if not booked:
        raise SystemExit(1)


async def _moves_on(house: House) -> None:
    wake = await house.store.run(directory.next_wake)
    assert wake, "nothing is planned"
    house.clock.move_to(wake)
    await house.intake.sweep()
    await house.intake.settled()


@asynccontextmanager
async def _served() -> AsyncIterator[tuple[House, PairId, str]]:
    """Serve the product as a development tenant sees it, with a clock that can be moved."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/turnabout.db"
        await asyncio.to_thread(upgrade, url)
        teams = TeamsSettings(development=True)
        told = Settings(url, new_key(), playground=True, data=Path(folder), teams=teams)
        built = app.build(told)
        server = uvicorn.Server(uvicorn.Config(built, port=PORT, log_level="warning"))
        serving = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110  # it tells nobody
            await asyncio.sleep(0.05)
        house = built.state.house
        house.clock.move_to(MONDAY)
        yield house, *await house.store.run(lambda conn: _moved_in(conn, house))
        server.should_exit = True
        await serving


def _moved_in(conn, house: House) -> tuple[PairId, str]:
    keys, now = house.store.keys, house.clock.now()
    organisation = roster.add_organisation(conn, keys, "Example Works")
    programme = roster.add_programme(conn, organisation, "Other eyes", {})
    ada, ben = (
        roster.add_person(conn, keys, organisation, name, zone="Europe/Berlin")
        for name in ("Ada", "Ben")
    )
    roster.add_account(conn, BEN, ben, now)
    pair = roster.add_pair(conn, keys, programme, ada, ben, now)
    return pair, roster.invite(conn, pair, ada, now)


@asynccontextmanager
async def _playground() -> AsyncIterator[None]:
    told = ["start", "--app-endpoint", f"http://127.0.0.1:{PORT}/api/messages", "-c", "msteams"]
    told += ["-p", str(THEIRS), "--service-url", f"http://127.0.0.1:{THEIRS}/_connector"]
    with tempfile.TemporaryDirectory() as folder:
        running = subprocess.Popen(  # noqa: ASYNC220
            [*_command(), *told, "--disable-telemetry"],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "BROWSER": "none"},
        )
        async with httpx.AsyncClient() as client:
            for _ in range(150):
                try:
                    await client.get(f"http://127.0.0.1:{THEIRS}/")
                    break
                except httpx.TransportError:
                    await asyncio.sleep(0.2)
        yield
        running.terminate()
        running.wait()


def _command() -> list[str]:
    """Return how the Playground is started, nothing where it is not installed."""
    script, found = os.environ.get("AGENTS_PLAYGROUND"), shutil.which("agentsplayground")
    if script and Path(script).is_file():
        return ["node", script]
    return [found] if found else []


def main() -> int:
    """Play it in a network of its own; say why not, where it cannot be played."""
    if not (_command() and Path(CHROMIUM).is_file() and shutil.which("unshare")):
        print("skipped: needs the Agents Playground (AGENTS_PLAYGROUND), chromium and unshare")
        return 0
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp()).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    if os.environ.get(ALONE):
        asyncio.run(plays(folder))
        return 0
    again = f"ip link set lo up && exec {sys.executable} -m tests.agents_playground {folder}"
    return subprocess.run(
        ["unshare", "--map-root-user", "--net", "sh", "-c", again],
        check=False,
        env={**os.environ, ALONE: "yes"},
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
