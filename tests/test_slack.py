"""Slack from the outside: signed requests in, the Web API out, and what two people see of it.

The numbers are those of the acceptance points this platform was built to.
"""

from __future__ import annotations

import json

import httpx
import pytest

from adapters import app
from adapters.settings import Settings, new_key
from adapters.slack import inbound
from adapters.slack.address import Address
from bot.people import Account
from tests.fake_slack import TEAM, TOKEN, copied, words
from tests.slack_people import SECRET, SUBMITTED, signed
from tests.slack_world import both_say_yes, entries, opened

pytest_plugins = ("tests.slack_fixtures",)

JSON = "application/json"


# What people do, and what they see


async def test_a_press_is_committed_before_slack_has_its_answer(world) -> None:
    """A press changes the card under the finger, and only then arrives at the other's."""
    before = await entries(world)
    answer = await world.ada.presses("Yes, I would like to")
    assert (answer.status_code, answer.content) == (200, b"")
    assert await entries(world) > before
    await world.settled()
    assert len(world.ada.chat) == 1
    assert world.ben.labels()[0] == "Yes, I would like to"


async def test_a_private_form_opens_is_mended_beside_its_field_and_taken_once(world) -> None:
    """A16: a corrected form has the same id and hash in Slack, and is not taken for a repeat."""
    await both_say_yes(world)
    await world.ada.presses("Start my draft")
    await world.settled()
    await world.ada.fills(why="heard", focus="both", aim="hear", own="x" * 700)
    window = world.ada.user.window
    assert window
    assert world.ada.user.errors
    before = await entries(world)
    await world.ada.fills(why="heard", focus="both", aim="hear", effect="speak_up", shows=("aim",))
    await world.settled()
    assert world.ada.user.window is None
    taken = await entries(world)
    assert taken > before
    world.ada.user.window = window
    await world.ada.fills(why="heard", focus="both", aim="hear", effect="speak_up", shows=("aim",))
    assert await entries(world) == taken, "sent twice, it is one"
    assert world.ada.user.window is None


def test_a_form_is_named_after_what_is_in_it() -> None:
    """A16: Slack gives a mended form the same id and hash, so its answers belong to its name."""
    body = {"team": {"id": TEAM}, "user": {"id": "UADA"}, "view": copied(SUBMITTED)}
    sent = inbound.filled(body)
    again = inbound.filled(copied(body))
    body["view"]["state"]["values"]["own"]["own"]["value"] = "Mended words"
    mended = inbound.filled(body)
    assert sent.delivery == again.delivery != mended.delivery
    assert "Words" not in sent.delivery


async def test_a_form_that_opens_too_late_is_offered_by_a_button(here) -> None:
    """A16, T13: a trigger holds for three seconds."""
    await both_say_yes(here)
    open_view = here.fake.on_views_open

    def slow(told):
        here.fake.on_views_open = open_view
        here.clock.moves(seconds=4)
        return open_view(told)

    here.fake.on_views_open = slow
    await here.ada.presses("Start my draft")
    await here.settled()
    assert here.ada.user.window is None
    assert "too long" in here.ada.whispers[-1]
    await here.ada.presses("Open the form")
    await here.settled()
    assert here.ada.user.window
    assert here.fake.refused.pop() == "views.open: expired_trigger_id"


@pytest.mark.parametrize("code", ["exchanged_trigger_id", "invalid_arguments", "invalid_trigger"])
async def test_a_form_that_slack_does_not_open_is_offered_by_a_button(here, code) -> None:
    """A16, T13: Slack has several words for a trigger it does not take."""
    await both_say_yes(here)
    here.fake.troubles["views.open"] = [f"error:{code}"]
    await here.ada.presses("Start my draft")
    await here.settled()
    assert here.ada.user.window is None
    await here.ada.presses("Open the form")
    await here.settled()
    assert here.ada.user.window


async def test_what_was_not_taken_stays_in_the_window(here) -> None:
    """Nothing typed is lost: a form whose turn has gone says so and stays open."""
    await both_say_yes(here)
    await here.ada.presses("Start my draft")
    await here.settled()
    window = copied(here.ada.user.window)
    carried = json.loads(window["private_metadata"])
    window["private_metadata"] = json.dumps({**carried, "item": "gone:9@123"})
    here.ada.user.window = window
    await here.ada.fills(why="heard", focus="both", aim="hear", effect="speak_up")
    assert here.ada.user.window
    assert "moved on" in next(iter(here.ada.user.errors.values()))


async def test_words_typed_in_the_chat_are_heard_as_they_were_typed(here) -> None:
    """T8: Slack escapes what people type, and makes links of it."""
    for escaped, typed in (
        ("&lt;b&gt; &amp; &amp;lt;", "<b> & &lt;"),
        ("see <https://a.example/x|a.example/x>", "see a.example/x"),
        ("<https://a.example>", "https://a.example"),
        ("<mailto:a@b.example|a@b.example>", "a@b.example"),
        (
            "<@U123> <@U123|ann> <#C1|general> <!here> <!subteam^S1|team>",
            "@U123 @ann #general @here team",
        ),
        ("<!date^1^{date}|yesterday>", "yesterday"),
    ):
        assert inbound.unescaped(escaped) == typed
    await here.ada.writes("yes, I would like to.")
    await here.settled()
    assert here.ben.chat


async def test_help_is_whispered_and_a_notification_says_nothing(here) -> None:
    """INV-8: what may stand on a locked screen is neutral."""
    await both_say_yes(here)
    await here.ada.writes("what is the weather")
    await here.settled()
    assert (
        "I did not understand" in here.ada.whispers[-1] or "I keep nothing" in here.ada.whispers[-1]
    )
    for told in here.fake.whispers["UADA"] + here.fake.whispers["UBEN"]:
        assert told["text"] == "There is an answer for you."
    for message in here.ada.chat + here.ben.chat:
        assert "Ben" not in message["text"]
        assert "Ada" not in message["text"]


async def test_a_form_asked_for_by_words_is_offered_by_a_button(here) -> None:
    """A typed word carries no trigger."""
    await both_say_yes(here)
    await here.ada.writes("quiet")
    await here.settled()
    await here.ada.presses("Open the form")
    await here.settled()
    assert here.ada.user.window


async def test_the_command_says_where_one_stands_and_takes_the_words_of_the_chat(here) -> None:
    await both_say_yes(here)
    cards = len(here.ada.chat)
    answer = await here.ada.commands("")
    await here.settled()
    assert answer.json() == {"response_type": "ephemeral", "text": "It is in our chat, at the end."}
    assert len(here.ada.chat) == cards + 1
    answer = await here.ada.commands("help")
    assert "Press the buttons" in words(answer.json()["blocks"])
    answer = await here.ada.commands("quiet")
    await here.settled()
    assert answer.content == b""
    assert here.ada.user.window


async def test_the_shortcut_books_the_next_meeting(here) -> None:
    await both_say_yes(here)
    await here.ben.chooses("book")
    await here.settled()
    assert here.ben.labels()[:2] == ["Send it", "Change it"]
    await here.ada.chooses("another app's")
    answer = await here.ada.chooses("book")
    await here.settled()
    assert answer.status_code == 200
    assert here.ada.user.window or here.ada.labels()


async def test_a_pair_on_two_platforms_books_a_meeting(database) -> None:
    """A20: one half on Slack, the other in the playground."""
    async with opened(database) as world:
        await world.pair_up(ben_on="web")
        ben = Account("web", "playground", "ben")
        await world.ada.presses("Yes, I would like to")
        await world.settled()
        await web_presses(world, ben, "Yes, I would like to")
        await web_presses(world, ben, "Ben does")
        await world.ada.presses("Ben does")
        await world.settled()
        await world.intake.receive(ben, inbound.Asked("book"), "w9")
        await world.settled()
        for words_typed in ("2026-11-12 16:00 in the park", "send it"):
            await world.intake.receive(ben, inbound.Said(words_typed), f"w:{words_typed}")
            await world.settled()
        assert world.ada.sees("Ben invites you")
        await world.ada.presses("Thursday 12 November, 15:00")
        await world.settled()
        assert any("15:00" in words(m["blocks"]) for m in world.ada.chat[-1:])
        assert world.fake.refused == []


async def web_presses(world, account, label) -> None:
    content = (await world.messengers["web"].messages(account))[-1].content
    item, action = next((b[0], b[1]) for b in content["buttons"] if b[2] == label)
    await world.intake.receive(account, inbound.Pressed(item, action), f"w:{item}:{action}")
    await world.settled()


# How it is put together


async def test_the_house_brings_slack_in_where_its_secret_is_set(files, monkeypatch) -> None:
    """Whatever else is in the environment: bolt would read some of it, and change its ways."""
    for name in ("SLACK_BOT_TOKEN", "SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET"):
        monkeypatch.setenv(name, "something")
    url = files.new("house", like="migrated")
    built = app.build(Settings(url, new_key(), slack_token=TOKEN, slack_secret=SECRET))
    async with (
        built.router.lifespan_context(built),
        httpx.AsyncClient(transport=httpx.ASGITransport(built), base_url="http://ours") as door,
    ):
        assert built.state.house.slack.messenger
        raw = b'{"type":"url_verification","challenge":"abc"}'
        now = str(int(built.state.house.clock.now().timestamp()))
        headers = {**signed(raw, now), "content-type": JSON}
        answer = await door.post("/slack/events", content=raw, headers=headers)
        assert answer.json() == {"challenge": "abc"}
        event = b'{"type":"event_callback","event":{"type":"message"},"team_id":"T1"}'
        headers = {**signed(event, now), "content-type": JSON}
        assert (await door.post("/slack/events", content=event, headers=headers)).status_code == 200


async def test_without_a_secret_there_is_no_slack(files) -> None:
    built = app.build(Settings(files.new("bare", like="migrated"), new_key()))
    async with built.router.lifespan_context(built):
        assert built.state.house.slack is None
        assert not [r for r in built.routes if r.path.startswith("/slack")]


# What is never told


async def test_no_word_is_in_a_log_or_a_name(here, caplog) -> None:
    """Not at level DEBUG either, and not where everything fails."""
    caplog.set_level("DEBUG")
    canary = "canary7x7"
    here.fake.troubles["chat.postEphemeral"] = ["error:invalid_blocks"]
    await here.ada.writes(canary)
    await here.ada.commands(canary)
    await both_say_yes(here)
    await here.ada.presses("Start my draft")
    await here.settled()
    here.fake.troubles["chat.update"] = ["broken", "reset", "error:msg_too_long"]
    await here.ada.fills(why="heard", focus="both", aim="hear", effect="speak_up", own=canary)
    await here.settled()
    rows = await here.store.run(lambda c: c.exec_driver_sql("SELECT * FROM delivery").fetchall())
    assert canary not in caplog.text
    assert canary not in repr(rows)
    assert TOKEN not in caplog.text
    assert SECRET not in caplog.text


def test_an_address_survives_its_button_and_nothing_else_is_one() -> None:
    there = Address("p1", "later:topic:1@5f0c", 'some:odd|thing "é')
    assert Address.read(there.written()) == there
    for value in (None, 7, "", "x", "[]", '["a","b"]', '["a","","c"]', '["a",1,"c"]', "[" * 9999):
        assert Address.read(value) is None
