"""The words: every prompt is there, complete, short enough, and says who will see the answer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from adapters.prompts import files
from bot import cards, facilitator
from bot.flows import purpose, welcome
from bot.inbox import Status
from bot.wording import Phrasebook, check, read_topics, said
from tests.life import Life
from tests.stage import BOOK

if TYPE_CHECKING:
    from bot.prompts import Prompt

MOST_WORDS = 80


@pytest.mark.parametrize("prompt", facilitator.PROMPTS, ids=lambda prompt: prompt.key)
@pytest.mark.parametrize("locale", BOOK.locales)
def test_every_prompt_is_complete(prompt: Prompt, locale: str) -> None:
    if locale != "en" and not BOOK.has(prompt.key, locale):
        pytest.skip(f"{locale} borrows {prompt.key} from English")
    assert check(prompt, BOOK.of(prompt.key, locale), BOOK, locale) == []


def test_what_is_wrong_with_an_edit_is_said_in_plain_words() -> None:
    edited = {**files(), "en/topic/reply.md": "# A topic\n? topic: Which one?\n"}
    book = Phrasebook(edited)
    prompt = next(p for p in facilitator.PROMPTS if p.key == "topic.reply")
    told = "\n".join(check(prompt, book.of("topic.reply", "en"), book, "en"))
    assert "The button `lighter` of topic.reply has no words." in told
    assert "The question `spare` of topic.reply has no words." in told
    assert "no line for Home" in told


def test_every_gap_can_be_filled_in() -> None:
    """Where a flow gives a new name, it is to stand in `wording.NAMES` as well."""
    assert BOOK.faults() == []


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        ("Hello {{ partnr.name }}", "nothing is called `partnr`"),
        ("Hello {{ partner.nam }}", "nothing is called `partner.nam`"),
        ("{% if role %}Hello{% endfi %}", "Encountered unknown tag 'endfi'."),
        ("Hello {{ partner.name }", "unexpected '}'"),
        ("Hello { partner.name }}", "a gap begins with `{{`"),
        ("{{ moment|dat }}", "No filter named 'dat'"),
        ('{% include "purpose/word.txt" %}', "there is no file `purpose/word.txt`"),
    ],
)
@pytest.mark.parametrize("where", ["{}", "# {}", "> accept: {}", "! told: {}", "~ {}"])
@pytest.mark.parametrize(
    "path", ["en/welcome/invite.md", "de/welcome/invite.md", "en/notices.md", "en/goals/goal.txt"]
)
def test_a_slip_in_a_gap_is_told_with_its_file(edit: str, told: str, where: str, path: str) -> None:
    book = Phrasebook({**files(), path: where.format(edit)})
    (fault,) = book.faults()
    assert fault.startswith(f"prompts/{path}: ")
    assert told in fault
    assert fault.endswith(".")


def test_no_prompt_file_is_left_over() -> None:
    """Every file is some prompt's, or one of the few that belong to none."""
    general = {"notices", "words", "calendar", "playground", "slack", "installing", "teams"}
    keys = {prompt.key for prompt in facilitator.PROMPTS} | general
    for path in files():
        name = path.partition("/")[2]
        if name.startswith("topics/") or name.endswith((".txt", "/options.md")):
            continue
        assert name.removesuffix(".md").replace("/", ".") in keys, path


@pytest.mark.parametrize("locale", BOOK.locales)
def test_help_names_every_word_that_is_heard(locale: str) -> None:
    told = said(BOOK.general("notices", "help", locale), {})
    for command in set(facilitator.COMMANDS) - {"help"}:
        heard = str(BOOK.of("words", locale).buttons[command]).split(", ")
        assert any(word in told for word in heard), command


def test_unasked_messages_are_short_and_say_who_will_see_the_answer() -> None:
    """At most 80 words (ruling 9); each card that asks something says who will see the answer."""
    seen: set[tuple[str, int]] = set()
    for seed in range(40):
        life = Life(seed)
        for _ in range(100):
            life.step()
            for me in life.pair.people:
                reader = life.reader(me)
                for item in reader.items:
                    look = (item.prompt.key, facilitator.reminders(life.pair, me, item))
                    if item.status is not Status.OPEN or look in seen:
                        continue
                    seen.add(look)
                    for locale in BOOK.locales:
                        theirs = replace(reader, me=replace(me, locale=locale))
                        card = cards.card_of(theirs, item)
                        text = " ".join([card.title, *(line.text for line in card.body)])
                        typed = sum("canary" in word for word in text.split())
                        assert len(text.split()) - typed <= MOST_WORDS, (item.prompt.key, text)
                        assert card.audience, f"{item.prompt.key} does not say who will see it"
    assert len(seen) >= 15


def test_a_preview_is_one_neutral_sentence() -> None:
    """Ruling 10: no name, role, topic, purpose or typed word in a notification."""
    for prompt in facilitator.PROMPTS:
        preview = str(BOOK.of(prompt.key, "en").preview)
        assert preview.count(".") == 1, prompt.key
        for word in ("mentor", "mentee", "{", "purpose", "topic", "charter", "boss"):
            assert word not in preview.lower(), (prompt.key, word)


def test_the_catalogue_has_its_57_topics_each_with_starters_and_prompts() -> None:
    topics = BOOK.topics("en")
    assert len(topics) == 57
    assert len({topic.group for topic in topics.values()}) == 10
    for topic in topics.values():
        assert topic.starters, topic.id
        assert topic.prompts, topic.id
        assert topic.level in {1, 2, 3}


def test_a_topic_file_reads_as_it_looks() -> None:
    text = "# Group\n## XX-1 (3, store: no) A title\n? Starter?\nH Prompt.\n"
    (topic,) = read_topics(text)
    assert (topic.id, topic.level, topic.store, topic.title) == ("XX-1", 3, False, "A title")
    assert topic.starters == ("Starter?",)
    assert topic.prompts == (("H", "Prompt."),)


def test_somebodys_words_are_never_taken_for_a_template_or_a_line_of_ours() -> None:
    """T-42: braces, marks and line breaks in what people type come out as they went in."""
    nasty = "{{ 7 * 7 }} {% if x %}\n- not a list\n# not a heading"
    life = Life(1)
    pair = life.pair
    for me in pair.people:
        pair = pair.with_events((welcome.Accepted(),), me.id, life.now)
        pair = pair.with_events((welcome.Understood(right=True),), me.id, life.now)
        pair = pair.with_events((purpose.Released(),), me.id, life.now)
    ada, ben = pair.people
    pair = pair.with_events((purpose.Worded(nasty),), ada.id, life.now)
    card = cards.card(cards.Reader.of(pair, ben, life.now, BOOK))
    assert card
    assert [line.text for line in card.body if line.kind == "words"] == [nasty]
    assert said("plain {{", {}) == "plain {{"
