"""The product in Microsoft's Agents Playground, from install to a reflected meeting, with pictures.

`python -m tests.agents_playground FOLDER`, by hand: the Playground is a download for development
(`npm install @microsoft/m365agentsplayground`, in a folder of its own), under a licence that lets
nobody pass it on, so it is in no lock of ours. `AGENTS_PLAYGROUND` names its `cli.js`. It listens
on every interface, so it is run in a network of its own that nobody else is in.

Each of the two has a Playground of their own, and presses what they see. It shows no dialogs: in
development a form takes the place of its card. Dialogs are drawn, filled in and sent by
`test_teams_client.py`. It has no dark side either: see `teams_pictures.py`.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import uvicorn
from playwright.async_api import async_playwright

from adapters import app
from adapters.settings import Settings, TeamsSettings, new_key
from adapters.store import directory, roster
from adapters.store.migrate import upgrade
from tests.playground import MONDAY
from tests.test_browser import CHROMIUM, FLAGS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, Locator, Page

    from adapters.house import House
    from bot.journal import PairId

ALONE = "AGENTS_ALONE"
BOT, THEIRS = 3978, 56150
MOST = 200  # moves after which nothing more is expected
PAUSE = 900  # milliseconds the Playground takes to show what came
REFLECTED = {"reflection.mentor_wrote", "reflection.mentee_wrote"}


@dataclass
class Guest:
    """One of the two, at a Playground of their own."""

    name: str
    port: int
    page: Page
    folder: Path
    shots: int = 0
    secrets: int = 0  # how often they have typed them
    done: set[str] = field(default_factory=set)  # the cards whose first button was pressed

    @property
    def secret(self) -> str:
        """Words that they type only where nobody else is to read them."""
        return f"Words of {self.name}'s"

    async def installs(self) -> None:
        await self.page.goto(f"http://127.0.0.1:{self.port}/")
        await self.page.get_by_text("I do not know you yet").wait_for()
        await self.shows("installed")

    async def says(self, text: str) -> None:
        await self.page.locator("[contenteditable=true]").first.click()
        await self.page.keyboard.type(text)
        await self.page.keyboard.press("Enter")
        await self.page.wait_for_timeout(PAUSE)
        await self.shows(text)

    async def uninstalls(self) -> None:
        for words in ("Mock an Activity", "Uninstall application", "Send activity"):
            await self.page.get_by_text(words, exact=True).first.click()
            await self.page.wait_for_timeout(PAUSE)
        await self.shows("uninstalled")

    async def cards(self) -> list[str]:
        return await self.page.locator(".ac-adaptiveCard").all_inner_texts()

    async def sees(self, words: str) -> int:
        return await self.page.get_by_text(words).count()

    async def shows(self, name: str) -> None:
        self.shots += 1
        known = "".join(c for c in name.lower() if c.isalnum() or c == " ").strip()[:40]
        await self.page.screenshot(path=self.folder / f"{self.name}-{self.shots:02}-{known}.png")

    async def does(self) -> bool:
        """Press what comes first on the newest card, and fill in the form that takes its place."""
        card = self.page.locator(".ac-adaptiveCard", has=self.page.locator("button")).last
        button = card.locator(".ac-actionSet button").first
        if not await button.count() or await card.inner_text() in self.done:
            return False
        self.done.add(await card.inner_text())
        label = await button.inner_text()
        await button.scroll_into_view_if_needed()
        await button.click()
        await self.page.wait_for_timeout(PAUSE)
        await self.shows(label)
        form = self.page.locator(".ac-adaptiveCard", has=self.page.locator("input, select")).last
        if await form.count():
            await self._fills(form)
        return True

    async def _fills(self, form: Locator) -> None:
        """Fill a form in and send it; where something is needed, first be told so."""
        send = form.locator(".ac-actionSet button").last
        label = await send.inner_text()
        if " *" in await form.inner_text():
            await send.click()
            await self.page.wait_for_timeout(PAUSE)
            await self.shows(f"{label} too early")
            if not await self.sees("This one is needed."):
                return  # it was not too early: what is needed stood there
        is_private = "Only you see" in await form.inner_text()
        is_private &= not await form.locator("input[type=checkbox]:checked").count()
        for radio in await form.locator("input[type=radio]").all():
            named = f"input[name='{await radio.get_attribute('name')}']:checked"
            if not await form.locator(named).count():
                await radio.check(force=True)
        for choice in await form.locator("select").all():
            if not await choice.input_value():
                await choice.select_option(index=1)
        for line in await form.locator("textarea, input[type=text]:not([readonly])").all():
            if not await line.input_value() and await line.is_visible():
                await line.fill(self.secret if is_private else "A few words")
                self.secrets += is_private
        await self.shows("filled in")
        await send.click()
        await self.page.wait_for_timeout(PAUSE)
        await self.shows(label)


async def plays(folder: Path) -> None:
    """Play it, and leave a picture of every step."""
    async with AsyncExitStack() as stack:
        house, pair, codes = await stack.enter_async_context(_served())
        player = await stack.enter_async_context(async_playwright())
        browser = await player.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        guests = [await _guest(stack, browser, no, name, folder) for no, name in enumerate(codes)]
        for guest in guests:
            await guest.installs()
            await guest.says(f"join {codes[guest.name]}")
        await guests[0].says("help")
        for _ in range(MOST):
            if await _written(house, pair) >= REFLECTED:
                break
            if not any([await guest.does() for guest in guests]):
                await _moves_on(house)
        faults = await _ends(house, pair, guests)
        await browser.close()
    print("\n".join(faults) or f"From install to a reflected meeting; pictures in {folder}.")
    if faults:
        raise SystemExit(1)


async def _ends(house: House, pair: PairId, guests: list[Guest]) -> list[str]:
    """Look at Home, let one go, and say what is not as it should be."""
    ada, ben = guests
    missing = REFLECTED - await _written(house, pair)
    faults = [f"{name} was not written" for name in missing]
    for guest, other in ((ada, ben), (ben, ada)):
        await guest.says("status")
        if other.secret in await guest.page.content():
            faults.append(f"{guest.name} reads what {other.name} wrote in private")
        if not guest.secrets:
            faults.append(f"{guest.name} was never asked in private")
    await ben.uninstalls()
    before = await ben.cards()
    await ada.does()
    await _moves_on(house)
    await ben.page.wait_for_timeout(PAUSE)
    if await ben.cards() != before:
        faults.append("Ben took the app away and is written to")
    return faults


async def _written(house: House, pair: PairId) -> set[str]:
    journal = await house.store.work(pair, lambda work: work.pair().journal)
    return {entry.event.name for entry in journal}


async def _moves_on(house: House) -> None:
    wake = await house.store.run(directory.next_wake)
    assert wake, "nothing is planned"
    house.clock.move_to(wake)
    await house.intake.sweep()
    await house.intake.settled()


async def _guest(
    stack: AsyncExitStack, browser: Browser, no: int, name: str, folder: Path
) -> Guest:
    port = THEIRS + no
    await stack.enter_async_context(_playground(port, name))
    page = await browser.new_page(viewport={"width": 1000, "height": 1000})
    return Guest(name, port, page, folder)


@asynccontextmanager
async def _served() -> AsyncIterator[tuple[House, PairId, dict[str, str]]]:
    """Serve the product as a development tenant sees it, with a clock that can be moved."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/turnabout.db"
        await asyncio.to_thread(upgrade, url)
        teams = TeamsSettings(development=True)
        told = Settings(url, new_key(), playground=True, data=Path(folder), teams=teams)
        built = app.build(told)
        server = uvicorn.Server(uvicorn.Config(built, port=BOT, log_level="warning"))
        serving = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110  # it tells nobody
            await asyncio.sleep(0.05)
        house = built.state.house
        house.clock.move_to(MONDAY)
        yield house, *await house.store.run(lambda conn: _moved_in(conn, house))
        server.should_exit = True
        await serving


def _moved_in(conn: Any, house: House) -> tuple[PairId, dict[str, str]]:
    keys, now = house.store.keys, house.clock.now()
    organisation = roster.add_organisation(conn, keys, "Example Works")
    programme = roster.add_programme(conn, organisation, "Other eyes", {})
    two = {
        name: roster.add_person(conn, keys, organisation, name, zone="Europe/Berlin")
        for name in ("Ada", "Ben")
    }
    pair = roster.add_pair(conn, keys, programme, *two.values(), now)
    return pair, {name: roster.invite(conn, pair, who, now) for name, who in two.items()}


@asynccontextmanager
async def _playground(port: int, name: str) -> AsyncIterator[None]:
    told = ["start", "--app-endpoint", f"http://127.0.0.1:{BOT}/api/messages", "-c", "msteams"]
    told += ["-p", str(port), "--service-url", f"http://127.0.0.1:{port}/_connector"]
    with tempfile.TemporaryDirectory() as folder:
        there = Path(folder) / ".m365agentsplayground.yml"
        there.write_text(json.dumps(_tenant(name)), encoding="utf-8")
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
                    await client.get(f"http://127.0.0.1:{port}/")
                    break
                except httpx.TransportError:
                    await asyncio.sleep(0.2)
        try:
            yield
        finally:
            running.terminate()
            running.wait()


def _tenant(name: str) -> dict[str, Any]:
    """Return a tenant as the Playground wants it, in which somebody of this name sits at it."""
    others = [_user(f"Somebody {no}", f"user-{no}") for no in range(5)]
    return {
        "version": "0.1.1",
        "tenantId": "a-tenant-of-development",
        "bot": {"id": "the-bot", "name": "Turnabout"},
        "currentUser": _user(name, f"user-{name.lower()}"),
        "users": others,
        "personalChat": {"id": f"chat-of-{name.lower()}"},
        "groupChat": {"id": f"group-of-{name.lower()}", "name": "Group"},
        "team": {
            "id": "team",
            "name": "Team",
            "aadGroupId": "team-at-entra",
            "channels": [{"id": "channel", "name": "Channel"}],
        },
    }


def _user(name: str, known: str) -> dict[str, str]:
    mail = f"{known}@example.com"
    return {
        "id": known,
        "name": name,
        "userPrincipleName": mail,
        "aadObjectId": f"{known}-at-entra",
        "givenName": name,
        "surname": "Example",
        "email": mail,
    }


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
