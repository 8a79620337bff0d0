"""What Slack is sent fits: every card, form and Home, whatever people may type (A15)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.slack import forms, limits, outbound
from bot import cards, facilitator
from bot.cards import Button, Card, Home, Page, Question, Row, Sheet
from bot.inbox import Status
from bot.prompts import Choice, Scale, Slot, Text
from bot.wording import Line
from tests.blocks import faults_of_message, faults_of_view
from tests.life import Life
from tests.stage import ADA, BEN, BOOK, new_pair

LIVES, MOVES = 4, 150
FAMILY = "👨‍👩‍👧‍👦"
NASTY = (
    "<!channel> <!subteam^S1> <@U1> <https://example.org|Review your salary> *bold* _it_ `code` "
    "&amp; :smile: Turnabout: your session is cancelled"
)
PARTS = ["a", " ", "\n", "e\u0301", FAMILY, "🇩🇪", "👍🏽", "<!here>", "&", "ﷺ", "𐍈"]
ODD = st.lists(st.sampled_from(PARTS), max_size=12).map("".join)


@pytest.mark.parametrize("locale", BOOK.locales)
def test_every_card_form_and_home_of_many_lives_fits(locale: str) -> None:
    """A15: in both languages."""
    seen: set[tuple[str, ...]] = set()
    for seed in range(LIVES):
        two = (replace(ADA, locale=locale), replace(BEN, locale=locale))
        life = Life(seed, new_pair(*two), presses_only=bool(seed % 2))
        for _ in range(MOVES):
            life.step()
            for me in life.pair.people:
                _look(life.reader(me), seen)
    assert len(seen) >= 60


def _look(reader: cards.Reader, seen: set[tuple[str, ...]]) -> None:
    keys = {(i.prompt.key, i.status.value, reader.pair.role(reader.me)): i for i in reader.items}
    fresh = set(keys) - seen
    card = cards.card(reader)
    if card:
        assert faults_of_message(outbound.message(card, "p1")) == []
    if fresh:
        home = outbound.home([("p1", cards.home(reader))])
        assert faults_of_view(home) == []
    for key in fresh:
        seen.add(key)
        item = keys[key]
        assert faults_of_message(outbound.message(cards.card_of(reader, item), "p1")) == []
        if item.prompt.form:
            sheet = cards.sheet(
                reader, facilitator.opened(reader.pair, reader.me, item, reader.now)
            )
            assert faults_of_view(forms.modal(sheet, "p1", reader.me.zone, "Close")) == []
            named = {
                b["block_id"]
                for b in forms.modal(sheet, "p1", "UTC", "Close")["blocks"]
                if "block_id" in b
            }
            assert {q.name for page in sheet.pages for q in page.questions} <= named


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
    assert (name + rest).replace(" ", "").split() == label.replace(" ", "").split() or not rest


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
