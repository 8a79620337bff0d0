"""What Microsoft's own renderer makes of our cards, in a real browser: seen, filled in and sent.

It comes from npm (`npm ci --prefix tests/node`); without it these tests are skipped, and say so.
"""

from __future__ import annotations

import json
import os
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import async_playwright

from adapters.teams import forms, outbound
from bot import cards
from bot.prompts import Choice, Scale, Slot, Text
from bot.wording import Line
from tests.teams_stage import opened
from tests.test_browser import CHROMIUM, FLAGS
from tests.test_teams import begin
from tests.test_teams_cards import LOOK, PAIR, SPOOFS, _asks, _drawn, looks, say, seen, sheets

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Page

    from tests.databases import Files
    from tests.fake_teams import Client

HERE = Path(__file__).parent / "node"
RENDERER = HERE / "node_modules" / "adaptivecards" / "dist" / "adaptivecards.min.js"

pytest_plugins = ("tests.databases",)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (RENDERER.is_file() and Path(CHROMIUM).is_file()),
        reason="needs chromium, and the renderer: npm ci --prefix tests/node",
    ),
]


@asynccontextmanager
async def client(wide: int = 460, high: int = 900) -> AsyncIterator[Page]:
    async with async_playwright() as player:
        browser = await player.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = await browser.new_page(viewport={"width": wide, "height": high})
        await page.add_script_tag(path=RENDERER)
        await page.add_script_tag(path=HERE / "client.js")
        await page.add_style_tag(path=HERE / "client.css")
        yield page
        await browser.close()


async def draws(page: Page, card: dict[str, Any], theme: str = "light", wide: int = 428) -> None:
    """Draw a card; whatever the renderer has to say against it is a failure."""
    told = await page.evaluate("told => draw(...told)", [card, theme, wide])
    assert told == []


def everything() -> list[dict[str, Any]]:
    """Return cards, forms and Homes of all kinds, each once; with EXAMPLES every one there is."""
    homes = {(r.now, r.me.id, r.me.locale): r for r, _ in seen()}
    found = [outbound.card(look, PAIR) for _, look in looks()]
    found += [forms.form(sheet, PAIR, say) for sheet in sheets()]
    found += [outbound.home(cards.home(reader), PAIR) for reader in [*homes.values()][::7]]
    once = sorted({json.dumps(card) for card in found})
    return [json.loads(text) for text in once[:: 1 if os.environ.get("EXAMPLES") else 3]]


async def test_every_card_is_drawn_without_a_word_against_it_and_fits_on_a_phone() -> None:
    """No button and no box ends beyond the card, however long its words are."""
    async with client(340) as page:
        told = await page.evaluate(
            "cards => cards.map(card => [draw(card), beyond()])", everything()
        )
    assert len(told) > 100
    assert [each for each in told if each != [[], []]] == []


async def test_nothing_that_people_write_is_drawn_as_anything_but_words() -> None:
    async with client() as page:
        for spoof in SPOOFS:
            body = tuple(Line(kind, spoof) for kind in ("text", "list", "words", "head"))
            look = replace(LOOK, title=spoof, lead=(spoof,), body=body, audience=spoof)
            await draws(page, outbound.card(look, PAIR))
            await expect_no_markup(page, spoof)
            await draws(page, _drawn(_asks(Choice(("a",)), options=(("a", spoof),))))
            await expect_no_markup(page, "")


async def expect_no_markup(page: Page, spoof: str) -> None:
    made = await page.locator(".card :is(a, img, script, iframe)").count()
    assert made == 0
    seen = (await page.inner_text(".card")).replace("\u2060", "")
    assert all(part in seen for part in spoof.split("\n")), spoof


async def test_a_form_that_is_filled_in_is_read_as_it_was_meant() -> None:
    two = (("a", "First"), ("b", "Second"))
    asked = (
        _asks(Text(80), "line"),
        _asks(Choice(("a", "b")), "one", options=two),
        _asks(Choice(("a", "b")), "none", options=two, value=("a",)),
        _asks(Choice(("a", "b"), many=True), "many", options=two, value=("a",)),
        _asks(Choice(("a", "b"), many=True), "shut", options=two, value=("a",)),
        _asks(Choice(("yes",)), "tick", options=(("yes", "I have looked it over"),)),
        _asks(Scale(5), "scale"),
        _asks(Slot(), "when"),
        _asks(Text(400, rows=3), "shared", shares=False),
        _asks(Text(80), "kept", shares=True),
    )
    async with client() as page:
        await draws(page, _drawn(*asked, switch="shares"))
        await page.get_by_role("textbox").nth(0).fill("Words, and more")
        await page.get_by_label("Second").nth(0).check()
        await page.get_by_label("No answer").nth(1).check()
        await page.get_by_label("Second").nth(2).check()
        await page.get_by_label("First").nth(3).uncheck()
        await page.get_by_label("I have looked it over").click()
        await page.locator("select").select_option(label="4")
        await page.locator("input[type=date]").fill("2035-03-05")
        await page.locator("input[type=time]").fill("09:30")
        await page.locator("textarea").fill("One line\nand another")
        for label in await page.get_by_label("S", exact=True).all():
            await label.click()
        await page.get_by_role("button", name="Send").click()
        assert forms.answers(await page.evaluate("window.sent")) == {
            "line": ("Words, and more",),
            "one": ("b",),
            "none": (),
            "many": ("a", "b"),
            "shut": (),
            "tick": ("yes",),
            "scale": ("4",),
            "when": ("2035-03-05T09:30",),
            "shared": ("One line\nand another",),
            "kept": (),
            "shares": ("shared",),
        }


async def test_a_dialog_goes_from_the_button_to_the_journal_and_back(files: Files) -> None:
    """Point 19: fetched by a signed request, drawn, refused, mended and sent as Teams would."""
    async with opened(files.new("dialog", like="migrated")) as house, client() as page:
        ada, _, pair = await begin(house)
        opened_by = ada.live.buttons()["Start my draft"]
        answer = await ada.does(opened_by, ada.live)
        assert answer["task"]["type"] == "continue"
        title = answer["task"]["value"]["title"]
        await shows(page, ada)
        await page.get_by_role("button").last.click()
        assert await page.evaluate("window.sent") is None, "something is needed"
        for radio in await page.locator("input[type=radio]").all():
            named = f"input[name='{await radio.get_attribute('name')}']:checked"
            if not await page.locator(named).count():
                await radio.check()
        for line in await page.get_by_role("textbox").all():
            await line.fill("Words of Ada's" + " and more" * 30)
        assert (await sends(page, ada))["task"]["value"]["title"] == title
        await shows(page, ada)
        kept = [await line.input_value() for line in await page.get_by_role("textbox").all()]
        assert all("and more" in words for words in kept), "nothing that was typed is lost"
        for line in await page.get_by_role("textbox").all():
            await line.fill("Words of Ada's")
        assert (await sends(page, ada)).get("task", {}).get("type") != "continue"
        await house.settled()
        journal = await house.store.work(pair, lambda work: work.pair().journal)
        (draft,) = (e.event for e in journal if e.event.name == "purpose.mentor_drafted")
        typed = {getattr(draft, name) for name in ("why_own", "aim_own", "effect_own", "never_own")}
        assert typed == {"Words of Ada's"}


async def shows(page: Page, someone: Client) -> None:
    """Draw the dialog that is open, as wide as Teams does."""
    assert someone.dialog
    await draws(page, someone.dialog, "light", 568)


async def sends(page: Page, someone: Client) -> dict[str, Any]:
    """Press the dialog's button; send what the renderer collected, and return the answer."""
    await page.get_by_role("button").last.click()
    collected = await page.evaluate("window.sent")
    assert collected
    value = {"data": collected, "context": {"theme": "default"}}
    return someone.opens(await someone.invokes("task/submit", value))


async def test_what_is_needed_is_asked_for_before_anything_is_sent() -> None:
    asked = replace(_asks(Text(80)), optional=False)
    async with client() as page:
        await draws(page, _drawn(asked))
        await page.get_by_role("button", name="Send").click()
        assert await page.evaluate("window.sent") is None
        assert "This one is needed." in await page.inner_text(".card")


async def test_a_line_of_home_unfolds_to_what_can_be_done() -> None:
    reader = next(reader for reader, item in seen() if item.prompt.key == "topic.reply")
    async with client() as page:
        await draws(page, outbound.home(cards.home(reader), PAIR))
        assert not await page.get_by_role("button", name="Good, this one").is_visible()
        line = next(row for _, rows in cards.home(reader).sections for row in rows)
        await page.get_by_role("button", name=line.line, exact=True).click()
        await page.locator(".ac-pushButton:visible").first.click()
        sent = await page.evaluate("window.sent")
        assert (sent["pair"], sent["item"]) == (PAIR, line.card.item)
