"""Adaptive Cards: all that is shown fits, is well formed, and is read back as it was drawn."""

from __future__ import annotations

import json
import os
import zlib
from base64 import b64encode
from dataclasses import replace
from datetime import datetime
from functools import cache
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from adapters.gallery import LIVES, sights
from adapters.teams import forms, outbound
from adapters.teams.elements import JOINER, TARGET, size
from bot import cards, facilitator
from bot.cards import Button, Card, Page, Question, Sheet
from bot.inbox import Form
from bot.inputs import Submitted
from bot.prompts import Choice, Scale, Slot, Text, questions
from bot.wording import Line
from tests.adaptive import faults, parts, pressable, words
from tests.life import Life
from tests.stage import BOOK

if TYPE_CHECKING:
    from bot.cards import Reader
    from bot.inbox import Item
    from bot.people import Person

SOME = LIVES if os.environ.get("EXAMPLES") else 3
PAIR = "p7"
SPOOFS = (
    "[Pay here](https://evil.example)",
    "<https://evil.example|Review your salary>",
    "<at>The CEO</at>",
    "{{DATE(2017-02-14T06:08:39Z, SHORT)}} {{TIME(2017-02-14T06:08:39Z)}}",
    "${$root.data.secret}",
    "**Turnabout:** your session is cancelled",
    "# A heading\n- a list\n1. another",
    "![picture](https://evil.example/x.png)",
    "<a href='https://evil.example'>here</a>",
    "[here][1]\n\n[1]: https://evil.example",
    "`code` ~~gone~~ _quiet_ \\*",
    "&lt;b&gt;&#x3C;script&#x3E;",
)


def say(key: str) -> str:
    return str(BOOK.general("teams", key, "en")).format(place="Berlin")


@cache
def seen() -> tuple[tuple[Reader, Item], ...]:
    """Return everything people come across, as each language reads it."""
    found = [(reader, item) for _, reader, item in sights("en", SOME)]
    return tuple(
        (replace(reader, me=replace(reader.me, locale=locale)), item)
        for reader, item in found
        for locale in BOOK.locales
    )


@cache
def sheets() -> tuple[Sheet, ...]:
    """Return every form people come across: as it opens, and as it comes back empty."""
    found = []
    for reader, item in seen():
        if item.prompt.form:
            form = facilitator.opened(reader.pair, reader.me, item, reader.now)
            sent = Submitted(item.key, dict.fromkeys(questions(item.prompt.form), ()))
            back = facilitator.handle(reader.pair, reader.me, sent, reader.now).reply
            shown = [form, back] if isinstance(back, Form) else [form]
            found += [cards.sheet(reader, each) for each in shown]
    return tuple(dict.fromkeys(found))


# What is drawn


@cache
def looks() -> tuple[tuple[str, Card], ...]:
    shown = ((item.prompt.key, cards.card_of(reader, item)) for reader, item in seen())
    return tuple(dict.fromkeys(shown))


def test_every_card_is_well_formed_and_small() -> None:
    for key, look in looks():
        for live in (True, False):
            drawn = outbound.card(look, PAIR, live=live)
            assert faults(drawn) == [], key
            assert size(drawn) <= TARGET, key


def test_every_form_is_well_formed_and_small() -> None:
    shown = sheets()
    assert any(sheet.notice for sheet in shown)
    for sheet in shown:
        for drawn in (
            forms.form(sheet, PAIR, say),
            forms.dialog(sheet, PAIR, say)["card"]["content"],
        ):
            assert faults(drawn) == [], sheet.title
            assert size(drawn) <= TARGET, sheet.title


def test_home_is_well_formed_and_small_however_much_is_in_it() -> None:
    readers = {(reader.now, reader.me.id, reader.me.locale): reader for reader, _ in seen()}
    shut = 0
    for reader in [*readers.values()][::3]:
        drawn = outbound.home(cards.home(reader), PAIR)
        assert faults(drawn) == []
        assert size(drawn) <= TARGET
        shut += "'action': 'open'" in str(drawn)
    assert 0 < shut < len(readers), "sometimes there is no room for a card behind its line"


def test_a_card_shows_every_word_of_it_and_every_button() -> None:
    for _, look in looks():
        drawn = outbound.card(look, PAIR)
        shown = "\n".join(words(drawn)).replace(JOINER, "")
        for line in (look.title, *look.lead, look.audience, look.foot):
            assert line in shown
        for line in look.body:
            assert all(part in shown for part in line.text.split("\n"))
        assert all(button.label in shown for button in look.buttons)


class Loud(Life):
    """A life in which everything that is typed is as long as it may be, and in wide letters."""

    def say(self, me: Person, sheet: Sheet, name: str, kind: Any, q: Question) -> tuple[str, ...]:
        if isinstance(kind, Text):
            return ("🦉" * kind.limit,)
        return super().say(me, sheet, name, kind, q)


def test_whatever_people_write_fits() -> None:
    """Teams counts four bytes for each of these letters."""
    typed = False
    for seed in range(2 if SOME < LIVES else 12):
        life = Loud(seed)
        for _ in range(40):
            life.live(6)
            for reader in map(life.reader, life.pair.people):
                shown = [outbound.card(cards.card_of(reader, item), PAIR) for item in reader.items]
                for drawn in (*shown, outbound.home(cards.home(reader), PAIR)):
                    assert size(drawn) <= TARGET
                    typed = typed or "🦉" in str(drawn)
    assert typed


LOOK = Card("topic", "topic:1@5f", "A topic", "Something is waiting.", foot="Two more things wait.")
LOOK = replace(
    LOOK,
    buttons=(
        Button("topic:1@5f", "sign", "Sign it"),
        Button("topic:1@5f", "answer", "Another one", opens=True),
        Button("topic:1@5f", "later", "Not now…", opens=True),
    ),
)


def test_a_button_is_an_address_and_older_clients_send_the_same_one() -> None:
    sign, answer, later = pressable(outbound.card(LOOK, PAIR))
    address = {"pair": PAIR, "item": "topic:1@5f", "action": "sign"}
    assert (sign["type"], sign["verb"], sign["data"]) == ("Action.Execute", "sign", address)
    assert (sign["fallback"]["type"], sign["fallback"]["data"]) == ("Action.Submit", address)
    assert sign["style"] == "positive"
    for opens in (answer, later):
        assert opens["type"] == "Action.Submit"
        assert opens["data"]["msteams"] == {"type": "task/fetch"}


def test_of_many_answers_none_is_drawn_as_the_one_to_press() -> None:
    said = (Button("evaluation:1", action, action) for action in ("worse", "same", "better"))
    for count, styled in ((2, ["positive", None]), (3, [None] * 3)):
        look = replace(LOOK, buttons=tuple(said)[:count] if count == 3 else LOOK.buttons[:2])
        assert [each.get("style") for each in pressable(outbound.card(look, PAIR))] == styled


def test_buttons_stand_in_rows_that_fit_on_a_phone() -> None:
    """There a row is cut off where the screen ends."""
    labels = ["Yes", "No", "Thursday 5 November, 14:00", "Friday 6 November, 14:00", "Not now…"]
    look = replace(LOOK, buttons=tuple(Button("i", "a", label) for label in labels))
    sets = [p for p in parts(outbound.card(look, PAIR)) if p["type"] == "ActionSet"]
    assert [[a["title"] for a in part["actions"]] for part in sets] == [
        ["Yes", "No"],
        ["Thursday 5 November, 14:00"],
        ["Friday 6 November, 14:00"],
        ["Not now…"],
    ]


def test_a_retired_card_has_nothing_to_press() -> None:
    retired = outbound.card(LOOK, PAIR, live=False)
    assert not [part for part in parts(retired) if part["type"].startswith("Action")]
    assert not [part for part in parts(retired) if "selectAction" in part]
    assert "Two more things wait." not in words(retired)


def test_a_notification_says_nothing_but_that_something_waits() -> None:
    look = replace(LOOK, title="canary1", body=(Line("words", "canary2"),), lead=("canary3",))
    activity = outbound.message(look, PAIR)
    (card,) = activity.pop("attachments")
    assert activity == {"type": "message", "summary": "Something is waiting."}
    assert card["content"]["fallbackText"] == "Something is waiting."


# Words stay words


@pytest.mark.parametrize("spoof", SPOOFS)
def test_nothing_that_people_write_becomes_anything_else(spoof: str) -> None:
    """Only the heading and the titles of choices know markup: what could be some is not there."""
    look = replace(LOOK, title=spoof, lead=(spoof,), foot=spoof, audience=spoof)
    look = replace(
        look, body=tuple(Line(kind, spoof) for kind in ("text", "list", "words", "head"))
    )
    drawn = outbound.card(look, PAIR)
    assert faults(drawn) == []
    assert not [part for part in parts(drawn) if part["type"] == "TextBlock"]
    for said in words({"type": "", "body": drawn["body"]}):
        assert not any(mark in said.replace(spoof, "") for mark in ("{{", "${", "]("))


def test_a_choice_in_somebodys_words_is_no_link() -> None:
    (choices,) = (
        part
        for part in parts(_drawn(_asks(Choice(("a", "b")), options=(("a", SPOOFS[0]), ("b", "B")))))
        if part["type"] == "Input.ChoiceSet"
    )
    assert "](" not in choices["choices"][0]["title"]
    assert choices["choices"][0]["title"].replace(JOINER, "") == SPOOFS[0]


# Draw, fill in, read back


def _asks(kind: Any, name: str = "one", **more: Any) -> Question:
    return Question(name, "What do you say?", kind, optional=True, **more)


def _drawn(*asked: Question, switch: str = "") -> dict[str, Any]:
    sheet = Sheet(
        "topic:1@5f", "A form", (Page("", asked),), "Send", switch=switch, share_label="S"
    )
    return forms.dialog(sheet, PAIR, say)["card"]["content"]


def _sent(card: dict[str, Any], **typed: str) -> dict[str, tuple[str, ...]]:
    """Return what is read from a form that is sent as it is drawn, but for what was typed."""
    data = {p["id"]: p.get("value", "") for p in parts(card) if p["type"].startswith("Input")}
    assert set(typed) <= set(data)
    (send,) = pressable(card)
    return forms.answers(json.loads(json.dumps(send["data"] | data | typed)))


def test_every_form_sent_as_it_is_drawn_is_read_as_what_was_in_it() -> None:
    for sheet in sheets():
        asked = [question for page in sheet.pages for question in page.questions]
        expected = {q.name: _valid(q) for q in asked}
        if sheet.switch:
            expected[sheet.switch] = tuple(q.name for q in asked if q.shares)
        drawn = forms.dialog(sheet, PAIR, say)["card"]["content"]
        assert _sent(drawn) == expected, sheet.title
        assert pressable(drawn)[0]["data"]["item"] == sheet.item


def test_every_form_can_be_drawn_again_from_what_it_sent() -> None:
    """With all that stood in it, and no trace of what was to be mended before."""
    for sheet in sheets():
        drawn = forms.dialog(sheet, PAIR, say)
        sent = _everything(drawn["card"]["content"])
        again = forms.again(sent, "Once more, please.")
        assert again, sheet.title
        card = again["card"]["content"]
        assert faults(card) == [], sheet.title
        assert size(card) <= TARGET, sheet.title
        assert words(card).count("Once more, please.") == 1
        assert not sheet.notice or sheet.notice not in words(card)
        assert forms.answers(_everything(card)) == forms.answers(sent), sheet.title
        assert again["title"] == drawn["title"]
        twice = forms.again(_everything(card), "Once more, please.")
        assert twice == again


def _everything(card: dict[str, Any]) -> dict[str, Any]:
    data = {
        p["id"]: p["value"] for p in parts(card) if p["type"].startswith("Input") and "value" in p
    }
    return json.loads(json.dumps(pressable(card)[0]["data"] | data))


def test_a_form_that_carries_anything_else_is_not_drawn_again() -> None:
    asked = Question("one", "What?", Text(60))
    whole = forms.dialog(Sheet("x@1", "A form", (Page("", (asked,)),), "Send"), PAIR, say)
    packed = whole["card"]["content"]["actions"][0]["data"][forms.BLANK]
    deep = "[" * 100_000
    odd = [[], {}, {"card": {}}, {"card": {"content": {"body": [], "actions": []}}}, 7, None]
    told = [None, 7, "", "x", "é", packed[:80], packed[8:], *map(forms._packed, odd)]
    told += [b64encode(zlib.compress(each)).decode() for each in (deep.encode(), b"{" * 10**7)]
    for each in told:
        assert forms.again({forms.BLANK: each}, "Again.") is None
    assert forms.again({}, "Again.") is None


def test_a_private_form_that_becomes_a_message_says_nothing_of_what_was_in_it() -> None:
    """INV-8: where there are no dialogs a form is a card in the chat, and chat is kept."""
    question = Question("gut", "One word", Text(60), value=("canary",))
    page = Page("", (question,))
    reading = (Line("words", "canary"),)
    sheet = Sheet("x@1", "A form", (page,), "Send", reading=reading, private=True)
    assert "canary" not in json.dumps(forms.form(sheet, PAIR, say))
    assert json.dumps(forms.dialog(sheet, PAIR, say)).count("canary") == 2
    shared = replace(sheet, private=False)
    assert "canary" in json.dumps(forms.form(shared, PAIR, say))


def _valid(question: Question) -> tuple[str, ...]:
    """Return an answer as a form holds it: a text of several parts is one text."""
    if isinstance(question.kind, Text):
        return ("\n".join(question.value),) if any(question.value) else ()
    if isinstance(question.kind, Slot):
        return tuple(part[:16] for part in question.value[:1])
    return question.value


@pytest.mark.parametrize(
    ("kind", "typed", "read"),
    [
        (Text(80), {"q:one": "A word, and another"}, ("A word, and another",)),
        (Text(80), {"q:one": "-"}, ("-",)),
        (Text(80), {"q:one": ""}, ()),
        (Choice(("a", "b")), {"c:one": "b"}, ("b",)),
        (Choice(("a", "b")), {"c:one": forms.NONE}, ()),
        (Choice(("a", "b"), many=True), {"m:one": "b,a"}, ("b", "a")),
        (Choice(("a", "b"), many=True), {"m:one": ""}, ()),
        (Choice(("a",)), {"c:one": "a"}, ("a",)),
        (Choice(("a",)), {"c:one": forms.NONE}, ()),
        (Scale(5), {"c:one": "4"}, ("4",)),
        (Slot(), {"d:one": "2035-03-05", "t:one": "09:30"}, ("2035-03-05T09:30",)),
        (Slot(), {"d:one": "2035-03-05"}, ("2035-03-05T",)),
        (Slot(), {"t:one": "09:30"}, ("T09:30",)),
    ],
)
def test_what_is_filled_in_is_read_as_it_was_meant(
    kind: Any, typed: dict[str, str], read: tuple[str, ...]
) -> None:
    options = tuple((o, o.upper()) for o in kind.options) if isinstance(kind, Choice) else ()
    drawn = _drawn(_asks(kind, options=options))
    assert faults(drawn) == []
    assert _sent(drawn, **typed) == {"one": read}
    again = _drawn(_asks(kind, options=options, value=read, fault="Please mend this."))
    assert _sent(again) == {"one": read}, "what was filled in is still there"
    assert "Please mend this." in words(again)


def test_half_a_moment_is_never_taken_for_a_whole_one() -> None:
    for half in ("2035-03-05T", "T09:30"):
        with pytest.raises(ValueError, match="format"):
            datetime.fromisoformat(half)


def test_a_line_is_shared_only_where_its_switch_is_on() -> None:
    two = (_asks(Text(80), "one", shares=True), _asks(Text(80), "two", shares=False))
    drawn = _drawn(*two, switch="shared")
    assert _sent(drawn) == {"one": (), "two": (), "shared": ("one",)}
    assert _sent(drawn, **{"s:one": "false", "s:two": "true"})["shared"] == ("two",)
    assert _sent(drawn, **{"s:one": "false"})["shared"] == ()


def test_own_words_stand_in_for_a_choice_that_is_needed() -> None:
    """So a client must not hold the form back because nothing is chosen."""
    choice = replace(_asks(Choice(("a",)), options=(("a", "A"),)), optional=False)
    alone, beside = _drawn(choice), _drawn(choice, _asks(Text(80, beside="one"), "own"))
    needed = [[p for p in parts(card) if p.get("isRequired")] for card in (alone, beside)]
    assert [len(found) for found in needed] == [1, 0]


def test_whatever_a_client_sends_is_read_as_some_answers() -> None:
    """It has no authority, and makes nothing fall over."""
    dice = Random(7)
    values = (
        "x",
        "",
        "\ud800",
        "\0",
        7,
        -1.5,
        True,
        None,
        [],
        ["x"],
        {},
        {"q:one": "x"},
        "a," * 900,
    )
    keys = ("asked", "switch", "q:one", "c:one", "m:one", "d:one", "t:one", "s:one", "item", "")
    for _ in range(3000):
        data: dict[str, Any] = {key: dice.choice(values) for key in dice.sample(keys, 6)}
        data["asked"] = dice.choice(([["one"], 7, "one"], ["one"] * 900, "one", None))
        read = forms.answers(data)
        assert len(read) <= forms.MOST + 1
        assert json.dumps(read).isascii()
        assert "\0" not in "".join(part for parts in read.values() for part in parts)
        "".join(part for parts in read.values() for part in parts).encode()
