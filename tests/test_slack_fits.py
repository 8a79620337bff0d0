"""What Slack is sent fits: every card, form and Home, whatever people may type (A15)."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from adapters.gallery import LIVES
from adapters.slack import forms, limits, outbound
from bot.cards import Button, Card, Home, Page, Question, Row, Sheet
from bot.inbox import Status
from bot.prompts import Choice, Scale, Slot, Text
from bot.wording import Line
from tests.blocks import faults_of_message, faults_of_view
from tests.fake_slack import words
from tests.slack_gallery import everything
from tests.stage import BOOK

if TYPE_CHECKING:
    from tests.slack_gallery import Sight

SOME = LIVES if os.environ.get("EXAMPLES") else 3
FAMILY = "👨‍👩‍👧‍👦"
NASTY = (
    "<!channel> <!subteam^S1> <@U1> <https://example.org|Review your salary> *bold* _it_ `code` "
    "&amp; :smile: Turnabout: your session is cancelled"
)
PARTS = ["a", " ", "\n", "e\u0301", FAMILY, "🇩🇪", "👍🏽", "<!here>", "&", "ﷺ", "𐍈"]
ODD = st.lists(st.sampled_from(PARTS), max_size=12).map("".join)


@cache
def seen() -> tuple[Sight, ...]:
    """Return what people come across; with EXAMPLES, all that the gallery has."""
    return tuple(everything(SOME))


def test_every_card_lead_form_and_home_fits() -> None:
    """A15: in every language."""
    faulty = {}
    for sight in seen():
        check = faults_of_message if sight.surface == "message" else faults_of_view
        faulty[sight.name, sight.locale] = check(sight.sent)
    assert {name: told for name, told in faulty.items() if told} == {}
    assert len({(sight.name, sight.locale) for sight in seen()}) > 500
    assert {sight.locale for sight in seen()} == set(BOOK.locales)


def test_a_form_asks_all_that_is_to_be_asked() -> None:
    for sight in seen():
        named = {block.get("block_id") for block in sight.sent["blocks"]}
        assert sight.asks <= named, sight.name


def test_what_is_the_only_choice_is_ticked_and_a_long_one_is_read_whole() -> None:
    """A list shows of what is chosen only as much as fits on a line."""
    long = (("a", "word " * 30), ("b", "short"))
    kinds = [
        _field(Question("q", "?", Choice(), options, value, optional=True))["type"]
        for options, value in ((long[1:], ()), (long[1:] * 2, ()), (long, ()), (long, ("a",)))
    ]
    assert kinds == ["checkboxes", "static_select", "static_select", "radio_buttons"]
    first, _ = _field(Question("q", "?", Choice(), long))["options"]
    assert first["text"]["text"].endswith("word …")
    assert first["description"]["text"].startswith("word")


def test_the_switch_of_a_line_stands_below_ones_own_words() -> None:
    asked = (
        Question("why", "Why?", Choice(), (("a", "A"), ("b", "B")), shares=True),
        Question("own", "Or in your own words", Text(80, beside="why")),
        Question("next", "What else?", Text(80)),
    )
    sheet = Sheet("x@1", "T", (Page("", asked),), "Send", switch="shows", share_label="Show it")
    drawn = forms.modal(sheet, "p1", "UTC", "Close")["blocks"]
    assert [block["block_id"] for block in drawn] == ["why", "own", "shares:why", "next"]


def _field(asked: Question) -> dict:
    sheet = Sheet("x@1", "T", (Page("", (asked,)),), "Send")
    return forms.modal(sheet, "p1", "UTC", "Close")["blocks"][-1]["element"]


def test_home_shows_what_there_is_to_read_where_nothing_can_be_pressed() -> None:
    card = Card("t", "t@1", "Tips", "Something waits.", body=(Line("text", "Say less."),))
    button = (Button("t@1", "more", "Tell me more"),)
    shown = [
        "Say less." in words(outbound.home([("p1", Home("H", "s", (("S", (row,)),)))])["blocks"])
        for row in (
            Row("Tips", card, Status.AVAILABLE),
            Row("Tips", replace(card, buttons=button), Status.AVAILABLE),
            Row("Tips", card, Status.WAITING),
        )
    ]
    assert shown == [True, False, False]


def test_a_row_of_home_says_who_will_see_the_answer() -> None:
    """One press there is the answer, as it is on the card."""
    button = (Button("t@1", "yes", "Yes"),)
    card = Card("t", "t@1", "T", "A question.", audience="Only you see this.", buttons=button)
    told = [
        "Only you see this."
        in words(outbound.home([("p1", Home("H", "s", (("S", (row,)),)))])["blocks"])
        for row in (Row("T", card, Status.OPEN), Row("T", card, Status.DONE))
    ]
    assert told == [True, False]


def test_lines_that_follow_one_another_never_stand_side_by_side() -> None:
    """Some of Slack's clients put two sections on one line; a break in one section holds."""
    (block,) = outbound.rich([("head", "A"), ("text", "b"), ("list", "c"), ("text", "d")])
    told = [[part["text"] for part in e["elements"]] for e in block["elements"][::2]]
    assert told == [["A\n", "b"], ["d"]]


@given(ODD, st.integers(1, 40))
def test_a_text_is_cut_between_letters_and_never_inside_one(text: str, most: int) -> None:
    cut = limits.clip(text, most)
    assert limits.size(cut) <= most
    if cut != text:
        whole = list(limits.letters(text))
        kept = list(limits.letters(cut[:-1]))
        assert cut.endswith("…")
        assert kept == whole[: len(kept)]
    assert "".join(limits.letters(text)) == text


def test_an_emoji_with_all_its_parts_is_one_letter() -> None:
    assert list(limits.letters(f"e\u0301{FAMILY}🇩🇪🇫🇷👍🏽")) == [
        "e\u0301",
        FAMILY,
        "🇩🇪",
        "🇫🇷",
        "👍🏽",
    ]
    assert limits.clip(FAMILY * 3, limits.size(FAMILY) + 5) == FAMILY + "…"


@given(ODD)
def test_a_long_option_goes_on_below_its_name(label: str) -> None:
    name, rest = limits.halves(label, 20)
    assert limits.size(name) <= 20
    assert "".join((name + rest).split()) == "".join(label.split())


@given(st.lists(ODD, max_size=60), ODD, st.integers(0, 40))
def test_whatever_people_typed_a_card_fits(words: list[str], name: str, count: int) -> None:
    kinds = ("text", "list", "words", "head")
    body = tuple(Line(kinds[n % 4], word * 400) for n, word in enumerate(words))
    buttons = tuple(Button("topic:1@5f0c", f"b{n}", name * 30) for n in range(count))
    card = Card("topic:1", "topic:1@5f0c", name * 60, "Something waits.", (name * 900,) * 3, body,
                name * 99, name * 99, buttons)  # fmt: skip
    assert faults_of_message(outbound.message(card, "p1")) == []


@given(st.lists(ODD.filter(bool), max_size=60, unique=True), ODD, st.integers(0, 500))
def test_whatever_people_typed_a_form_fits(words: list[str], name: str, count: int) -> None:
    options = tuple((f"o{n}", word * 9) for n, word in enumerate(words))
    value = (name * 900,)
    asked = (
        Question("one", name or "?", Choice(), options, value),
        Question("many", "Which?", Choice(many=True), options, ("o0", "o1")),
        Question("own", name * 900, Text(400), value=value, fault="Too long.", shares=True),
        Question("scale", "How?", Scale(), value=("3",), optional=True),
        Question("slot", "When?", Slot(), value=("2035-03-05T10:00+01:00",)),
        Question("broken", "When?", Slot(), value=(name,)),
        Question("none", "Which?", Choice(), tuple((str(n), str(n)) for n in range(count))),
    )
    sheet = Sheet("x@1", name * 30, (Page(name, asked),), name * 30, name, name, "shows", name * 50)
    assert faults_of_view(forms.modal(sheet, "p1", "Europe/Berlin", "Close")) == []


@given(st.integers(0, 120), ODD)
def test_home_fits_however_much_is_in_it(count: int, name: str) -> None:
    button = Button("topic:1@5f0c", "open", name * 30)
    card = Card(
        "t",
        "t@1",
        name,
        "Something waits.",
        body=(Line("words", name * 9),),
        buttons=(button,) * 6,
    )
    rows = tuple(Row(name * 9, card, tuple(Status)[n % 4]) for n in range(count))
    assert (
        faults_of_view(outbound.home([("p1", Home(name, name, ((name, rows), (name, rows))))]))
        == []
    )


def test_what_people_typed_is_never_mark_up() -> None:
    """T-11, T-12: it stands in `rich_text` or `plain_text` only, and in no notification."""
    lead, body = (f"Ben: {NASTY}",), (Line("words", NASTY),)
    card = Card("t", "t@1", "A topic", "Something waits.", lead, body,
                foot=NASTY, buttons=(Button("t@1", "yes", NASTY),))  # fmt: skip
    message = outbound.message(card, "p1")
    assert "mrkdwn" not in repr(message)
    assert message["text"] == "Something waits."
    quote = next(
        e
        for b in message["blocks"]
        for e in b.get("elements", ())
        if e["type"] == "rich_text_quote"
    )
    assert quote["elements"] == [{"type": "text", "text": NASTY}]


def test_a_retired_card_keeps_its_words_and_loses_its_buttons() -> None:
    card = Card("t", "t@1", "A topic", "Something waits.", body=(Line("text", "Words"),),
                buttons=(Button("t@1", "yes", "Yes"),))  # fmt: skip
    left = outbound.retired(outbound.blocks(card, "p1"))
    assert [block["type"] for block in left] == ["header", "rich_text"]
