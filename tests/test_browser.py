"""Two people in a real browser: all the way by what the page offers, without typing a sentence."""

from __future__ import annotations

import asyncio
import os
import re
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import uvicorn
from playwright.async_api import async_playwright, expect

from adapters.calendar import links
from bot.flows import meeting
from tests.calendars import agreeing, events, says
from tests.playground import opened, settled_in

if TYPE_CHECKING:
    from playwright.async_api import Locator, Page

    from tests.playground import Playground

pytestmark = pytest.mark.browser

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LONG = 60  # moves of the clock after which nothing more is expected to come


@dataclass
class Seat:
    """One of the two in front of the page: they press what they see, by its words."""

    page: Page
    user: str

    @property
    def pane(self) -> Locator:
        return self.page.locator(f".pane[data-user='{self.user}']")

    @property
    def card(self) -> Locator:
        """The card they can press something on."""
        return self.pane.locator("[data-log] article:not(.past)")

    @property
    def form(self) -> Locator:
        return self.pane.get_by_role("dialog")

    def row(self, label: str) -> Locator:
        """The rows of their Home whose card has a button with these words."""
        button = self.page.locator("button", has_text=re.compile(f"^{re.escape(label)}$"))
        return self.pane.locator("[data-panel='home'] [data-row]").filter(has=button)

    async def offers(self, label: str) -> bool:
        """Tell whether they could press this, on the card they see or on one in Home."""
        on_card = self.card.get_by_role("button", name=label, exact=True)
        return await on_card.count() > 0 or await self.row(label).count() > 0

    async def presses(self, label: str) -> None:
        """Press a button by its words, once it comes, in Home where need be, until answered."""
        button = self.card.get_by_role("button", name=label, exact=True)
        await button.or_(self.row(label)).first.wait_for(state="attached")
        if not await button.count():
            await self.turns_to("Home")
            row = self.row(label).first
            await row.locator("summary").click()
            button = row.get_by_role("button", name=label, exact=True)
        await self._acts(button)

    async def presses_first(self) -> None:
        await self._acts(self.card.locator("button").first)

    async def fills(self) -> None:
        """Go through the open form, choosing the first answer wherever one is needed, and send."""
        await expect(self.form).to_be_visible()
        pages = self.form.locator("[data-page]")
        for n in range(await pages.count()):
            page = pages.nth(n)
            await expect(page).to_be_visible()
            for question in await page.locator("[data-needed]").all():
                chips = question.locator(".chip input")
                if await chips.count() and not await question.locator(".chip :checked").count():
                    await chips.first.check()
            if n + 1 < await pages.count():
                await self.form.locator("[data-next]").click()
        await self._acts(self.form.locator("[data-send]"))
        await expect(self.form).to_be_hidden()

    async def writes(self, text: str) -> None:
        """Type something into the chat, and wait until it was answered."""
        line = self.pane.get_by_label("Type a message")
        await line.fill(text)
        async with self.page.expect_response("**/act"):
            await line.press("Enter")
        await self.quiet()

    async def turns_to(self, tab: str) -> None:
        await self.pane.get_by_role("tab", name=tab).click()

    async def _acts(self, button: Locator) -> None:
        async with self.page.expect_response("**/act"):
            await button.click()
        await self.quiet()

    async def quiet(self) -> None:
        await expect(self.pane).not_to_have_attribute("aria-busy", "true")


@dataclass
class Show:
    """A playground that is served, the page in a browser, and the two who sit before it."""

    playground: Playground
    page: Page
    address: str
    folder: Path
    wrong: list[str] = field(default_factory=list)

    @property
    def ada(self) -> Seat:
        return Seat(self.page, "ada")

    @property
    def ben(self) -> Seat:
        return Seat(self.page, "ben")

    async def opens(self, **look: object) -> None:
        if look:
            await self.page.emulate_media(**look)
        await self.page.goto(self.address)
        await expect(self.page.locator("body")).to_have_attribute("data-live", "yes")
        await expect(self.ada.card).to_be_visible()

    async def photographs(self, name: str) -> None:
        """Keep a picture where SCREENSHOTS says, once everything that moves has come to rest."""
        await self.rests()
        await self.page.screenshot(path=self.folder / f"{name}.png")

    async def rests(self) -> None:
        """Wait until everything that moves has come to rest."""
        rest = "Promise.allSettled(document.getAnimations().map((each) => each.finished))"
        await self.page.evaluate(f"{rest}.then(() => null)")

    async def moves_on(self) -> None:
        async with self.page.expect_response("**/clock"):
            await self.page.get_by_role("button", name="To what happens next").click()
        await expect(self.page.locator(".bar")).not_to_have_attribute("aria-busy", "true")

    async def waits_for(self, label: str, *seats: Seat) -> None:
        """Move the clock on until everybody is offered this."""
        for _ in range(LONG):
            if all([await seat.offers(label) for seat in seats]):
                return
            await self.moves_on()
        pytest.fail(f"nobody was ever offered {label!r}")


@pytest.fixture
def settings(tmp_path):
    return settled_in(tmp_path)


@pytest.fixture
def folder(tmp_path):
    """Where pictures go."""
    folder = Path(os.environ.get("SCREENSHOTS") or tmp_path / "screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
async def show(settings, tmp_path, folder):
    async with (
        opened(settings) as playground,
        served(playground) as address,
        async_playwright() as engine,
    ):
        context = await engine.chromium.launch_persistent_context(
            tmp_path / "profile",
            executable_path=CHROMIUM,
            args=FLAGS,
            timeout=60_000,
            viewport={"width": 1360, "height": 860},
            reduced_motion="reduce",
        )
        context.set_default_timeout(15_000)
        show = Show(playground, context.pages[0], address, folder)
        show.page.on("pageerror", lambda error: show.wrong.append(str(error)))
        show.page.on("console", lambda m: m.type == "error" and show.wrong.append(m.text))
        yield show
        await show.photographs("last")
        await context.close()


class Server(uvicorn.Server):
    """A server that says when it has started, and leaves the signals alone."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets=None) -> None:
        await super().startup(sockets)
        self.up.set()


@asynccontextmanager
async def served(playground):
    """Serve an open playground on a free port of this machine."""
    config = uvicorn.Config(
        playground.app, port=0, lifespan="off", log_level="warning", timeout_graceful_shutdown=1
    )
    server = Server(config)
    running = asyncio.create_task(server._serve())
    await server.up.wait()
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.should_exit = True
        await running


async def both_begin(show: Show) -> None:
    for seat in (show.ada, show.ben):
        await seat.presses("Yes, I would like to")
    for seat in (show.ben, show.ada):
        await seat.presses("Ben Okoro does")


async def agree_on_a_purpose(show: Show) -> None:
    for seat in (show.ada, show.ben):
        await seat.presses("Start my draft")
        await show.photographs(f"02_private_form_{seat.user}")
        await seat.fills()
        await expect(seat.card).to_contain_text("Share part of it?")
        await show.photographs(f"03_let_it_out_{seat.user}")
        await seat.presses("Share these lines")
    await show.photographs("04_both_drafts_are_in")
    await show.ada.presses_first()
    await show.ben.presses("Sign it")


async def sign_a_charter(show: Show) -> None:
    for seat in (show.ada, show.ben):
        await seat.presses("Make my choices")
        await show.photographs(f"05_choices_{seat.user}")
        await seat.fills()
    await show.photographs("06_charter")
    for seat in (show.ada, show.ben):
        await seat.presses("Sign it")


async def book(show: Show, label: str) -> None:
    await show.ben.presses(label)
    await show.photographs("07_booking")
    await show.ben.fills()
    await show.photographs("08_invited")
    await expect(show.ada.card).to_contain_text("Ben Okoro invites you")
    await show.ada.presses_first()


async def agree_on_a_topic(show: Show) -> None:
    await show.ben.presses("Propose a topic")
    await show.photographs("09_topic")
    await show.ben.fills()
    await show.ada.presses("Good, this one")


async def look_at_home(show: Show) -> None:
    for seat in (show.ada, show.ben):
        await seat.turns_to("Home")
    await show.ada.pane.locator("summary").first.click()
    await show.photographs("10_home")
    for seat in (show.ada, show.ben):
        await seat.turns_to("Chat")


async def meet(show: Show) -> None:
    for label in ("I am ready", "We met"):
        await show.waits_for(label, show.ada, show.ben)
        await show.photographs("11_" + label.lower().replace(" ", "_"))
        for seat in (show.ada, show.ben):
            await seat.presses(label)


async def reflect(show: Show) -> None:
    await show.waits_for("Write it down", show.ada, show.ben)
    for seat in (show.ben, show.ada):
        await seat.presses("Write it down")
        await show.photographs(f"12_reflection_{seat.user}")
        await seat.fills()


@pytest.mark.long
async def test_two_people_reach_a_second_meeting_by_pressing_what_they_see(show: Show) -> None:
    await show.opens()
    await show.photographs("01_welcome")
    await both_begin(show)
    await agree_on_a_purpose(show)
    await sign_a_charter(show)
    await book(show, "Book our first meeting")
    await agree_on_a_topic(show)
    await look_at_home(show)
    await meet(show)
    await reflect(show)
    await show.waits_for("Book our next meeting", show.ben)
    await book(show, "Book our next meeting")
    for seat in (show.ada, show.ben):
        await seat.turns_to("Home")
        await expect(seat.pane.locator("summary", has_text="Next meeting:")).to_be_visible()
    await show.photographs("13_a_second_meeting")
    diary = meeting.diary(await show.playground.pair())
    assert diary.held == 1
    assert diary.current.no == 2
    assert diary.current.moment
    assert show.wrong == []


async def test_a_typed_day_is_looked_at_sent_taken_and_goes_into_a_calendar(show: Show) -> None:
    """One line and one press invite, one press accepts; the file is there to be downloaded."""
    await show.opens()
    await both_begin(show)
    await show.ben.writes("book friday 3pm at the library")
    await expect(show.ben.card).to_contain_text("15:00 to 16:00")
    await show.photographs("booking_looked_at")
    await show.ben.presses("Send it")
    await expect(show.ada.card).to_contain_text("Ben Okoro invites you")
    await show.photographs("booking_invited")
    await show.ada.presses_first()
    await show.ada.presses("Add to my calendar")
    link = show.ada.pane.get_by_role("link", name="Calendar file")
    await expect(link).to_be_visible()
    await show.photographs("booking_calendar")
    async with show.page.expect_download() as loaded:
        await link.click()
    file = await (await loaded.value).path()
    assert (await asyncio.to_thread(Path(file).read_bytes)).startswith(b"BEGIN:VCALENDAR")
    assert show.wrong == []


async def test_what_one_does_arrives_on_the_others_side_without_a_reload(show: Show) -> None:
    await show.opens()
    await show.page.evaluate("window.reloaded = false")
    await expect(show.ben.pane).to_contain_text("Nothing here yet")
    await show.ada.presses("Yes, I would like to")
    await expect(show.ben.card).to_contain_text("Would you learn from Ada Lind?")
    await show.ben.presses("Yes, I would like to")
    await expect(show.ada.card).to_contain_text("Welcome, both of you")
    assert await show.page.evaluate("window.reloaded") is False


async def test_a_card_that_is_over_has_nothing_to_press(show: Show) -> None:
    await show.opens()
    await both_begin(show)
    old = show.ada.pane.locator("article.past")
    await expect(old).not_to_have_count(0)
    await expect(old.locator("button")).to_have_count(0)
    await expect(show.ada.card).to_have_count(1)


async def test_a_form_can_be_filled_in_with_the_keyboard_alone(show: Show) -> None:
    await show.opens()
    await both_begin(show)
    press = show.page.keyboard.press
    start = show.ada.card.get_by_role("button", name="Start my draft")
    await expect(show.ada.card).to_be_focused()
    await press("Tab")
    await expect(start).to_be_focused()
    await press("Enter")
    await expect(show.ada.form).to_be_visible()
    await expect(show.ada.form.get_by_role("heading", name="Your private draft")).to_be_focused()
    first = show.ada.form.get_by_label("I want to be heard")
    await tabs_to(show, first)
    await press("Space")
    await expect(first).to_be_checked()
    await press("ArrowRight")
    await expect(show.ada.form.get_by_label("I want to see how leading works")).to_be_checked()
    own = show.ada.form.locator("[name='why_own']")
    await tabs_to(show, own)
    await show.page.keyboard.type("Because somebody asked")
    await expect(show.ada.form.locator("[name='why']:checked")).to_have_count(0)

    await press("Escape")
    await expect(show.ada.form).to_be_hidden()
    await expect(show.ada.card).to_be_focused()
    await press("Tab")
    await press("Enter")
    await expect(own).to_have_value("Because somebody asked")

    for question in ("focus", "aim", "effect"):
        if question == "aim":
            await tabs_to(show, show.ada.form.locator("[data-next]"))
            await press("Enter")
        chip = show.ada.form.locator(f"[data-question='{question}'] .chip input").first
        await tabs_to(show, chip)
        await press("Space")
    await tabs_to(show, show.ada.form.locator("[data-next]"))
    await press("Enter")
    await tabs_to(show, show.ada.form.locator("[data-send]"))
    async with show.page.expect_response("**/act"):
        await press("Enter")
    await expect(show.ada.form).to_be_hidden()
    await expect(show.ada.card).to_contain_text("Share part of it?")
    await expect(show.ada.card).to_be_focused()


async def tabs_to(show: Show, wanted: Locator) -> None:
    """Press Tab until something has the focus."""
    for _ in range(60):
        if await wanted.evaluate("(each) => each === document.activeElement"):
            return
        await show.page.keyboard.press("Tab")
    pytest.fail("the keyboard never got there")


async def test_a_refused_form_stays_open_with_everything_in_it(show: Show) -> None:
    await show.opens()
    await both_begin(show)
    await show.ada.presses("Start my draft")
    form = show.ada.form
    words = "x" * 700
    await form.locator("[name='why_own']").fill(words)
    await form.get_by_label("both of these").check()
    for _ in range(2):
        await form.locator("[data-next]").click()
    async with show.page.expect_response("**/act"):
        await form.locator("[data-send]").click()
    await expect(form.get_by_role("alert")).to_contain_text("Almost")
    await expect(form.locator("[data-page='1']")).to_be_visible()
    own = form.locator("[name='why_own']")
    await expect(own).to_have_value(words)
    await expect(own).to_be_focused()
    await expect(own).to_have_accessible_description(re.compile("a little long"))
    await expect(form.get_by_label("both of these")).to_be_checked()
    await show.photographs("20_refused")


async def test_without_a_connection_nothing_typed_is_lost(show: Show) -> None:
    await show.opens()
    await both_begin(show)
    await show.ada.presses("Start my draft")
    await show.ada.form.locator("[name='why_own']").fill("Out of curiosity")
    for _ in range(2):
        await show.ada.form.locator("[data-next]").click()
    await show.page.route("**/act", lambda route: route.abort())
    await show.ada.form.locator("[data-send]").click()
    await expect(show.ada.form.get_by_role("alert")).to_contain_text("No connection")
    await expect(show.ada.form.locator("[name='why_own']")).to_have_value("Out of curiosity")
    line = show.ben.pane.get_by_label("Type a message")
    await line.fill("Where were we?")
    await line.press("Enter")
    await expect(show.ben.pane.get_by_role("alert")).to_contain_text("No connection")
    await expect(line).to_have_value("Where were we?")
    await show.page.unroute("**/act")
    await line.press("Enter")
    await expect(line).to_have_value("")
    await expect(show.ben.pane.locator(".bubble.mine")).to_have_text(re.compile("Where were we"))


async def test_what_is_typed_in_chat_stays_in_the_page_only(show: Show) -> None:
    await show.opens()
    await both_begin(show)
    line = show.ada.pane.get_by_label("Type a message")
    await line.fill("a secret kingfisher")
    async with show.page.expect_response("**/act"):
        await line.press("Enter")
    await expect(show.ada.pane.locator(".bubble.mine")).to_contain_text("kingfisher")
    await expect(show.ada.pane.locator(".bubble.bot")).not_to_have_count(0)
    kept = await show.page.evaluate("JSON.stringify([sessionStorage, localStorage])")
    assert "kingfisher" not in kept
    told = await show.ada.pane.locator(".bubble.bot").count()
    await show.opens()
    await expect(show.ada.pane.locator(".bubble.bot")).to_have_count(told)
    await expect(show.ada.pane.locator(".bubble.mine")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_phone_shows_one_person_at_a_time(show: Show, scheme: str) -> None:
    await show.page.set_viewport_size({"width": 390, "height": 844})
    await show.opens(color_scheme=scheme)
    await expect(show.ada.pane).to_be_visible()
    await expect(show.ben.pane).to_be_hidden()
    await show.ada.presses("Yes, I would like to")
    to_ben = show.page.locator("[data-who='ben']")
    await expect(to_ben.locator(".dot")).to_be_visible()
    await to_ben.click()
    await expect(to_ben.locator(".dot")).to_be_hidden()
    await show.ben.presses("Yes, I would like to")
    await show.photographs(f"30_phone_{scheme}")
    await show.ben.presses("Ben Okoro does")
    await show.ben.presses("Start my draft")
    await show.photographs(f"31_phone_form_{scheme}")
    await show.ben.form.get_by_role("button", name="Close").click()
    await show.ben.turns_to("Home")
    await show.photographs(f"32_phone_home_{scheme}")
    width = await show.page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390


async def test_in_the_dark_words_can_still_be_read(show: Show) -> None:
    await show.opens(color_scheme="dark")
    await both_begin(show)
    await show.ada.presses("Tell me more")
    await show.ben.presses("Start my draft")
    await show.photographs("40_dark")
    for scheme in ("dark", "light"):
        await show.page.emulate_media(color_scheme=scheme)
        await show.rests()
        faint = await show.page.evaluate(CONTRAST)
        assert faint == [], scheme


async def test_starting_over_takes_two_presses(show: Show) -> None:
    await show.opens()
    again = show.page.locator("[data-restart]")
    await again.click()
    await expect(again).to_have_text("Press again to start over")
    assert show.playground.restarts == 0
    async with show.page.expect_navigation():  # the page opens anew
        await again.click()
    await expect(show.ada.card).to_be_visible()
    assert show.playground.restarts == 1


async def test_the_next_meeting_is_taken_along_as_a_file_or_by_a_link(show: Show) -> None:
    await show.opens()
    await both_begin(show)
    pair = await show.playground.pair()
    soon = show.playground.house.clock.now() + timedelta(days=8)
    await says(show.playground.house, pair, agreeing(pair, soon, "Blue door"))
    await show.ben.turns_to("Home")
    home = show.ben.pane.locator("[data-panel='home']")
    async with show.page.expect_download() as coming:
        await home.get_by_role("link", name="Calendar file").click()
    file = await coming.value
    assert file.suggested_filename == "meeting.ics"
    content = await asyncio.to_thread(Path(await file.path()).read_bytes)
    (event,) = events(content)
    assert event["DTSTART"].dt == soon.replace(microsecond=0)
    assert event["LOCATION"] == "Café, Blue door"
    for name, start in (("Google Calendar", links.GOOGLE), ("Outlook", links.OUTLOOK)):
        address = await home.get_by_role("link", name=name).get_attribute("href")
        assert address.startswith(start)
        assert "Blue" not in address
    await show.photographs("calendar_links")
    await says(show.playground.house, pair, [(pair.reverse_mentee, meeting.Moved())])
    await expect(home.get_by_role("link", name="Calendar file")).to_have_count(0)
    assert not show.wrong


async def test_an_assistant_marks_with_the_keyboard_what_suits(show: Show) -> None:
    calendars, pair = show.playground.house.calendars, await show.playground.pair()
    address = await calendars.ask_assistant(pair, pair.reverse_mentee)
    page = show.page
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.goto(show.address + address.removeprefix("/"))
    await expect(page.get_by_role("heading", name="Which times suit?")).to_be_visible()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("alert")).to_contain_text("one, two or three times")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Space")
    await page.get_by_role("radio", name="Park").focus()
    await page.keyboard.press("Space")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("Saved.")
    await show.photographs("assistant")
    said, _ = await calendars.asked(address.rpartition("/")[2])
    assert (said.suits, said.place) == (said.times[:1], "walk")
    refused = "Failed to load resource: the server responded with a status of 422"
    assert all(line.startswith(refused) for line in show.wrong)


# Every visible text whose contrast with what is behind it is below 4.5 to 1 (WCAG 2.2, AA).
CONTRAST = """() => {
  const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, n) => sum + v * [0.2126, 0.7152, 0.0722][n], 0);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const faint = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!own || !element.checkVisibility() || element.closest(".hidden, .skip, .dot")) continue;
    const [a, b] = [light(parse(getComputedStyle(element).color)), light(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faint.push(`${element.className}: ${element.textContent.trim()} ${ratio}`);
  }
  return faint;
}"""
