"""Slack from the outside: signed requests in, the Web API out, and what people see of it.

The numbers are those of the acceptance points this platform was built to.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from urllib.parse import urlencode

import httpx
import pytest

from adapters import app
from adapters.settings import Settings, new_key
from adapters.slack import gate, inbound
from adapters.slack.address import Address
from adapters.slack.web import DOUBT, GONE
from adapters.store import roster
from bot.people import Account
from tests.fake_slack import TEAM, TOKEN, copied, words
from tests.slack_people import FORM, SECRET, SlackPerson, signed
from tests.slack_world import opened

pytest_plugins = ("tests.databases",)

JSON = "application/json"
numbers = itertools.count()
T1 = (
    "payload",
    "payload=",
    "%7B",
    "note payload {x}",
    "😀 مرحبا",
    "a&b=c;d <b> &amp; +1",
    "x" * 3000,
)


@pytest.fixture
async def world(database):
    """Ada and Ben, both on Slack, on both databases."""
    async with opened(database) as world:
        await world.pair_up()
        yield world
        assert world.fake.refused == []


@pytest.fixture
async def here(files):
    """Ada and Ben, both on Slack, on SQLite, where the database does not matter."""
    async with opened(files.new(f"here{next(numbers)}", like="migrated")) as world:
        await world.pair_up()
        yield world
        assert world.fake.refused == []


async def entries(world) -> int:
    return len((await world.pair()).journal)


async def both_say_yes(world) -> None:
    for person in (world.ada, world.ben):
        await person.presses("Yes, I would like to")
        await world.settled()
    for person in (world.ada, world.ben):
        await person.presses("Ben does")
        await world.settled()


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
    assert "press the buttons" in words(answer.json()["blocks"])
    answer = await here.ada.commands("quiet")
    await here.settled()
    assert answer.content == b""
    assert here.ada.user.window


async def test_the_shortcut_books_the_next_meeting(here) -> None:
    await both_say_yes(here)
    await here.ben.chooses("book")
    await here.settled()
    assert "Use the form" in here.ben.labels()
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
        for words_typed in (
            "2026-11-12 16:00",
            "a walk in a park",
            "2",
            "Skip this one",
            "Send it to Ada",
        ):
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


# The gate


async def test_whoever_does_not_sign_as_slack_does_is_sent_away(here) -> None:
    """A3, T-01 to T-03: 401, and nothing is written."""
    before = await entries(here)
    raw = b'{"type":"event_callback"}'
    now = int(here.clock.now().timestamp())
    good = signed(raw, str(now))
    times = [
        "",
        "abc",
        "1.5",
        "٣" * 10,
        "9" * 5000,
        "-1",
        str(now - 301),
        str(now + 61),
        str(now * 1000),
    ]
    signatures = [
        "",
        "v0=",
        "v0=" + "0" * 64,
        "v1=" + good["x-slack-signature"][3:],
        "v0=" + "é" * 64,
    ]
    tried = [{}]
    tried += [
        signed(raw, time) if time.isascii() else {**good, "x-slack-request-timestamp": time}
        for time in times
    ]
    tried += [{**good, "x-slack-signature": each} for each in signatures]
    tried += [signed(raw, str(now), "another secret"), signed(raw + b" ", str(now))]
    tried += [{"x-slack-signature": good["x-slack-signature"]}]
    for headers in tried:
        told = {k: v.encode("utf-8") for k, v in headers.items()} | {"content-type": JSON}
        answer = await here.door.post("/slack/events", content=raw, headers=told)
        assert (answer.status_code, answer.content) == (401, b""), headers
    for offset in (-300, 60):
        answer = await here.door.post(
            "/slack/events",
            content=raw,
            headers={**signed(raw, str(now + offset)), "content-type": JSON},
        )
        assert answer.status_code == 200
    assert await entries(here) == before


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"{", JSON),
        (b"null", JSON),
        (b"[1,2]", JSON),
        (b"\xff\xfe", JSON),
        (b"[" * 100_000, JSON),
        (b'{"a":' * 40 + b"1" + b"}" * 40, JSON),
        (b'{"a": NaN}', JSON),
        (b'{"a": 1, "a": 2}', JSON),
        (b'{"a": ' + b"9" * 6000 + b"}", JSON),
        (b"payload=%FF", FORM),
        (b"payload=null", FORM),
        (b"&".join(b"a=1" for _ in range(200)), FORM),
        (b"hello", "text/plain"),
        (b"{}", ""),
        (b"{" + b" " * gate.MOST_BYTES + b"}", JSON),
    ],
)
async def test_garbage_is_not_slacks_even_where_it_is_signed(here, raw, kind) -> None:
    """T-02: never 5xx."""
    assert (await here.ada.posts(raw, kind)).status_code == 401


async def test_slack_may_ask_whether_we_are_there(here) -> None:
    """T-05: unsigned, it does nothing; signed, the challenge comes back."""
    answer = await here.ada.posts(b'{"type":"url_verification","challenge":"abc"}', JSON)
    assert answer.json() == {"challenge": "abc"}
    button = here.ada.chat[-1]["blocks"][-2]
    payload = json.dumps({"type": "block_actions", "actions": [button]})
    raw = urlencode({"ssl_check": "1", "payload": payload}).encode()
    answer = await here.door.post("/slack/events", content=raw, headers={"content-type": FORM})
    assert (answer.status_code, answer.content) == (200, b"")
    raw = b'{"type":"url_verification","challenge":"abc"}'
    answer = await here.door.post("/slack/events", content=raw, headers={"content-type": JSON})
    assert answer.status_code == 401


@pytest.mark.parametrize("typed", T1)
async def test_whatever_is_typed_behind_the_command_reaches_us(here, typed) -> None:
    """A2: bolt takes the word `payload` for a payload; the gate does not."""
    heard = []
    receive = here.intake.receive

    async def spied(account, input, *told):
        heard.append(input)
        return await receive(account, input, *told)

    here.intake.receive = spied
    answer = await here.ada.commands(typed, channel_name="payload-team", user_name="payload=")
    await here.settled()
    assert answer.status_code == 200
    assert [each.text for each in heard] == [inbound.unescaped(typed).strip()]


UNKNOWN = (
    *("reaction_added", "message_metadata_posted", "team_join", "app_mention", "channel_created"),
    *("assistant_thread_started", "team_access_granted", "link_shared", "function_executed"),
    *("", "message"),
)


async def test_what_we_do_not_know_is_answered_and_changes_nothing(here) -> None:
    """A1, T5, T7: never 404, or Slack would stop telling us anything."""
    await here.settled()
    before, calls = await entries(here), len(here.fake.calls)
    for kind in UNKNOWN:
        answer = await here.ada.happens(
            {"type": kind, "user": "UADA", "channel": "C1", "text": "Yes"}
        )
        assert answer.status_code == 200, kind
    for told in (
        {"subtype": "message_changed", "message": {"text": "yes"}},
        {"subtype": "message_deleted"},
        {"subtype": "bot_message", "bot_id": "B1"},
        {"bot_id": "B1"},
        {"hidden": True},
        {"channel_type": "channel"},
        {"channel_type": "mpim"},
        {"user": None},
        {"subtype": "channel_join"},
    ):
        answer = await here.ada.writes("Yes, I would like to", **told)
        assert answer.status_code == 200, told
    for payload in (
        {"type": "block_suggestion", "action_id": "x"},
        {"type": "view_closed", "view": {"callback_id": "form"}},
        {"type": "view_submission", "view": {"callback_id": "another's"}},
        {"type": "message_action", "callback_id": "x"},
        {"type": "interactive_message", "actions": [{}]},
        {"type": "block_actions", "actions": []},
        {"type": "block_actions", "actions": [{"type": "checkboxes", "action_id": "shares:x"}]},
        {
            "type": "block_actions",
            "actions": [{"type": "button", "action_id": "x", "value": "another's"}],
        },
        {"type": "dialog_submission"},
        {"type": "workflow_step_edit"},
        {},
    ):
        assert (await here.ada.interacts(payload)).status_code == 200, payload
    assert (await here.ada.commands("Yes", command="/another")).status_code == 200
    await here.settled()
    assert await entries(here) == before
    assert len(here.fake.calls) == calls


async def test_a_payload_with_anything_missing_or_odd_is_never_an_error(here) -> None:
    """A1: every field of every kind: missing, blank, or of another type."""
    sent = []
    posts = SlackPerson.posts

    async def noted(raw, kind, **headers):
        sent.append((raw, kind))
        return await posts(here.ada, raw, kind, **headers)

    here.ada.posts = noted
    await here.ada.opens_home()
    await here.settled()
    await here.ada.writes("hello")
    await here.ada.presses("Tell me more")
    await here.ada.presses("Not now…") if "Not now…" in here.ada.labels() else None
    await here.ada.chooses("book")
    await here.ada.happens({"type": "user_change", "user": here.ada.user.described()})
    await here.ada.interacts({"type": "view_submission", "view": SUBMITTED})
    await here.settled()
    count = 0
    for raw, kind in sent:
        body = json.loads(raw) if kind == JSON else gate._read(FORM, raw)
        for odd in oddities(body):
            text = json.dumps(odd)
            told = text if kind == JSON else urlencode({"payload": text})
            answer = await posts(here.ada, told.encode(), kind)
            assert answer.status_code == 200, odd
            count += 1
    await here.settled()
    assert count > 400
    assert not [told for told in here.fake.refused if "invalid_blocks" in told]
    here.fake.refused.clear()


SUBMITTED = {
    "id": "V1",
    "hash": "1.x",
    "callback_id": "form",
    "private_metadata": json.dumps(
        {"item": "purpose@1", "switch": "shows", "zone": "Nowhere/Land"}
    ),
    "blocks": [{"type": "input", "block_id": "why"}],
    "state": {
        "values": {
            "why": {"why": {"selected_option": {"value": "heard"}}},
            "shares:aim": {"x": {"selected_options": [{"value": "aim"}]}},
            "at": {"at": {"selected_date_time": 10**15}},
            "own": {"own": {"type": "plain_text_input", "value": "Words"}},
        }
    },
}


def oddities(body):
    """Yield a body with each of its parts missing, blank or of another type."""
    for place in places(body):
        for odd in (None, "", 7, [], {}, "\ud800\0"):
            found = copied(body)
            inside = found
            for name in place[:-1]:
                inside = inside[name]
            if odd is None:
                del inside[place[-1]]
            else:
                inside[place[-1]] = odd
            yield found


def places(value, above=()):
    rows = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value[:1])
        if isinstance(value, list)
        else ()
    )
    for name, inside in rows:
        if name not in {"blocks", "message"}:
            yield (*above, name)
            yield from places(inside, (*above, name))


# Who someone is


async def test_the_same_ids_in_another_workspace_are_other_people(world) -> None:
    """T-06 and T-07, and an organisation's installation."""
    before = await entries(world)
    button = next(b for b in world.ada.chat[-1]["blocks"] if b["type"] == "actions")["elements"][0]
    elsewhere = {"team": {"id": "T0OTHER"}, "user": {"id": "UADA", "team_id": "T0OTHER"}}
    strangers = (
        elsewhere,
        {"user": {"id": "UADA", "team_id": "T0OTHER"}},
        {"team": None, "is_enterprise_install": True, "enterprise": {"id": "E1"}},
        {"user": {"id": "UEVE", "team_id": TEAM}},
        {"team": "T0TEAM"},
    )
    for told in strangers:
        answer = await world.ada.acts(button, world.ada.chat[-1], **told)
        assert answer.status_code == 200
    for told in (
        {"team_id": "T0OTHER", "authorizations": []},
        {"is_ext_shared_channel": True},
        {"authorizations": [{"enterprise_id": "E1", "is_enterprise_install": True}]},
    ):
        event = {
            "type": "message",
            "channel_type": "im",
            "user": "UADA",
            "text": "1",
            "channel": "DX",
        }
        assert (await world.ada.happens(event, **told)).status_code == 200
    await world.ada.writes("1", team="T0OTHER", user_team="T0OTHER")
    await world.settled()
    assert await entries(world) == before
    assert {told.partition(": ")[2] for told in world.fake.refused} == {"channel_not_found"}
    world.fake.refused.clear()


def test_where_we_are_installed_is_read_from_every_kind_of_envelope() -> None:
    org = {"enterprise_id": "E1", "is_enterprise_install": True}
    for body, tenant in (
        ({"team_id": "T1"}, "T1"),
        ({"team": {"id": "T1"}, "enterprise": {"id": "E1"}}, "T1"),
        ({"team": None, "is_enterprise_install": True, "enterprise": {"id": "E1"}}, "E1"),
        ({"team_id": "T1", "enterprise_id": "E1", "is_enterprise_install": "true"}, "E1"),
        ({"team_id": "T1", "enterprise_id": "E1", "is_enterprise_install": "false"}, "T1"),
        ({"team_id": "T2", "authorizations": [{"team_id": "T1"}]}, "T1"),
        ({"team_id": "T2", "authorizations": [org]}, "E1"),
        ({"team": {"id": "T2"}, "view": {"app_installed_team_id": "T1"}}, "T1"),
        ({"team": "T1"}, ""),
        ({}, ""),
    ):
        assert inbound.installation(body) == tenant, body


async def test_a_button_pressed_by_somebody_else_does_nothing(here) -> None:
    """T-08: what a button carries is an address, and no permission."""
    eve = SlackPerson(here.fake, here.door, "UEVE")
    before = await entries(here)
    button = next(b for b in here.ada.chat[-1]["blocks"] if b["type"] == "actions")["elements"][0]
    await eve.acts(button, {"ts": "1.1"})
    await here.settled()
    assert await entries(here) == before
    assert "I do not know you yet" in eve.whispers[-1]


async def test_someone_joins_by_a_code_and_their_zone_and_language_follow_slack(world) -> None:
    """T29: the zone comes from Slack; what changes there changes here, and nothing else does."""
    eve = SlackPerson(world.fake, world.door, "UEVE", tz="Pacific/Apia", locale="de-DE")
    store, pair = world.store, await world.pair()
    code = await store.run(
        lambda c: roster.invite(c, pair.id, pair.reverse_mentee.id, world.clock.now())
    )
    await eve.writes(f"join {code}")
    await world.settled()
    me = (await world.pair()).reverse_mentee
    assert (me.zone, me.locale) == ("Pacific/Apia", "de")
    assert "You are in." in "".join(eve.whispers)
    epoch = await epoch_of(world)
    for told, zone, locale in (
        ({"tz": "Pacific/Apia", "profile": {"status_text": "At lunch"}}, "Pacific/Apia", "de"),
        ({"tz": "Nowhere/Land"}, "Pacific/Apia", "de"),
        ({}, "Pacific/Apia", "de"),
        ({"tz": "Asia/Tokyo", "locale": "xx-YY"}, "Asia/Tokyo", "de"),
    ):
        changed = {"type": "user_change", "user": {"id": "UEVE", "team_id": TEAM, **told}}
        await eve.happens(changed)
        me = (await world.pair()).reverse_mentee
        assert (me.zone, me.locale) == (zone, locale)
    assert await epoch_of(world) == epoch + 1
    assert world.fake.count("users.info") == 1


async def epoch_of(world) -> int:
    return await world.store.run(lambda c: c.exec_driver_sql("SELECT epoch FROM pair").scalar_one())


# Once, in order, and none lost


async def test_the_same_event_five_times_is_one(world) -> None:
    """A4, T-03, T-04: retries and replays, also one after the other restarts."""
    sent = []
    posts = world.ada.posts

    async def noted(raw, kind, **headers):
        sent.append((raw, kind))
        return await posts(raw, kind, **headers)

    world.ada.posts = noted
    before = await entries(world)
    await world.ada.writes("Yes, I would like to")
    await world.settled()
    once = await entries(world)
    assert once > before
    for number in range(4):
        await posts(*sent[0], **{"x-slack-retry-num": str(number)})
    await world.settled()
    assert await entries(world) == once
    assert len(world.ada.chat) == 1


async def test_what_could_not_be_taken_is_taken_when_slack_tries_again(world, caplog) -> None:
    """A4: the first attempt failed before anything was committed, so Slack gets no 200."""
    run, events = world.store.run, []

    async def broken(body):
        raise OSError("no database")

    posts = world.ada.posts

    async def noted(raw, kind, **headers):
        events.append((raw, kind))
        return await posts(raw, kind, **headers)

    world.ada.posts = noted
    before = await entries(world)
    world.store.run = broken
    assert (await world.ada.writes("Yes, I would like to")).status_code == 503
    assert "turnabout.intake" in caplog.text
    world.store.run = run
    assert await entries(world) == before
    assert (await posts(*events[0], **{"x-slack-retry-num": "1"})).status_code == 200
    assert await entries(world) > before


async def test_fifty_quick_messages_are_all_heard_in_their_order(world) -> None:
    """A6: and the last card is the right one."""
    await both_say_yes(world)
    heard = []
    receive = world.intake.receive

    async def spied(account, input, *told):
        heard.append(input.text)
        return await receive(account, input, *told)

    world.intake.receive = spied
    await asyncio.gather(*(world.ada.writes(("purpose", "charter")[n % 2]) for n in range(50)))
    await world.settled()
    assert heard == ["purpose", "charter"] * 25
    assert not [m for m in world.ada.chat[:-1] if any(b["type"] == "actions" for b in m["blocks"])]


async def test_a_hundred_people_at_once_each_get_their_card(here) -> None:
    """A6."""
    people = [SlackPerson(here.fake, here.door, f"U{n}") for n in range(100)]
    answers = await asyncio.gather(*(each.writes("hello") for each in people))
    await here.settled()
    assert {answer.status_code for answer in answers} == {200}
    assert all("I do not know you yet" in each.whispers[-1] for each in people)


async def test_a_message_that_slack_took_without_telling_us_is_not_sent_twice(world) -> None:
    """A5, T17, F2: the connection is reset after Slack took it; the message is found by its key."""
    world.fake.troubles["chat.postMessage"] = ["reset"]
    await world.ada.presses("Yes, I would like to")
    await world.settled()
    assert len(world.ben.chat) == 1
    world.clock.moves(minutes=3)
    await world.intake.sweep()
    await world.settled()
    assert len(world.ben.chat) == 1
    assert world.fake.count("conversations.history") == 1
    await world.ben.presses("Yes, I would like to")
    await world.settled()
    assert len(world.ben.chat) == 1, "the message that was found is the one that changes"


@pytest.mark.parametrize("trouble", ["full:30", "error:token_revoked", "error:msg_too_long"])
async def test_what_slack_refused_comes_later(here, trouble) -> None:
    """A12: not before the time Slack said, and then once."""
    here.fake.troubles["chat.postMessage"] = [trouble]
    await here.ada.presses("Yes, I would like to")
    await here.settled()
    assert not here.ben.chat
    here.clock.moves(seconds=29)
    here.patience.seconds += 29
    await here.intake.sweep()
    assert here.fake.count("chat.postMessage") == 2
    here.clock.moves(hours=2)
    here.patience.seconds += 7200
    await here.intake.sweep()
    await here.settled()
    assert len(here.ben.chat) == 1


async def test_two_cards_in_one_chat_are_a_second_apart(here) -> None:
    """A12: whoever acts twice in a second sees both, one after the other."""
    await both_say_yes(here)
    here.patience.waits.clear()
    await here.ada.commands("")
    await here.settled()
    await here.ada.commands("")
    await here.settled()
    assert here.patience.waits[-1:] == [1.0]


async def test_a_freeze_is_for_one_method_in_one_workspace(here) -> None:
    """A12: and others go on."""
    here.fake.troubles["chat.postMessage"] = ["full:30"]
    await here.ada.presses("Yes, I would like to")
    await here.settled()
    await here.ada.opens_home()
    await here.settled()
    assert here.ada.user.home


async def test_someone_deactivated_is_left_alone_until_they_are_back(here) -> None:
    """A13, T18: Slack would take a message to them, so we ask first."""
    here.ben.user.deleted = True
    gone = {"type": "user_change", "user": here.ben.user.described()}
    await here.ben.happens(gone)
    await here.ada.presses("Yes, I would like to")
    await here.settled()
    here.clock.moves(days=2)
    await here.intake.sweep()
    assert not here.ben.chat
    assert here.fake.refused == ["conversations.open: user_disabled"]
    here.fake.refused.clear()
    here.ben.user.deleted = False
    await here.ben.commands("")
    await here.settled()
    assert here.ben.labels()


async def test_every_refusal_has_its_meaning(here) -> None:
    """A13: for good, for later, or open; whatever Slack may answer, nobody is written to twice."""
    assert not DOUBT & GONE
    for code in sorted(DOUBT | GONE | {"invalid_blocks", "missing_scope", "something_new"}):
        here.fake.troubles["conversations.open"] = [f"error:{code}"]
        try:
            await here.messengers["slack"]._web.call(TEAM, "conversations.open", users="UADA")
        except Exception as error:  # noqa: BLE001  # what it is, is looked at
            wait = getattr(error, "wait", "open")
        assert (wait == "open") == (code in DOUBT), code
        assert (wait is None) == (code in GONE), code


async def test_one_call_for_each_change_and_never_a_question_who_we_are(here) -> None:
    """A8."""
    await both_say_yes(here)
    await here.ada.presses("Start my draft")
    await here.settled()
    await here.ada.fills(why="heard", focus="both", aim="hear", effect="speak_up")
    await here.settled()
    here.fake.calls.clear()
    await here.ada.presses("Let this out")
    await here.settled()
    shown = [method for method, _ in here.fake.calls]
    assert shown == ["chat.update"]
    assert here.fake.count("auth.test", "conversations.open", "users.info") == 0


async def test_an_old_card_loses_its_buttons_also_after_a_restart(here) -> None:
    """A process that does not remember how it was drawn asks Slack for this one message."""
    await both_say_yes(here)
    old = here.ada.chat[-1]
    assert "actions" in {block["type"] for block in old["blocks"]}
    here.messengers["slack"]._drawn.clear()
    await here.ada.commands("")
    await here.settled()
    assert here.ada.chat[-1] is not old
    assert "actions" not in {block["type"] for block in old["blocks"]}
    assert here.ada.sees(words(old["blocks"])[:40])


async def test_a_message_that_is_gone_is_posted_anew(here) -> None:
    here.ada.chat.clear()
    await here.ada.writes("Yes, I would like to")
    await here.settled()
    assert len(here.ada.chat) == 1
    assert here.fake.refused == ["chat.update: message_not_found"]
    here.fake.refused.clear()


# Home


async def test_home_is_published_once_while_it_looks_the_same(here) -> None:
    """A17, T10."""
    for _ in range(3):
        await here.ada.opens_home()
        await here.settled()
    assert here.fake.count("views.publish") == 1
    await here.ada.opens_home(tab="messages")
    await here.ada.presses("Yes, I would like to")
    await here.settled()
    assert here.fake.count("views.publish") == 1, "the chat is open, so Home need not be right"
    await here.ada.opens_home()
    await here.settled()
    assert here.fake.count("views.publish") == 2


async def test_a_press_in_home_is_seen_there_and_its_words_come_in_a_window(here) -> None:
    await both_say_yes(here)
    await here.ada.opens_home()
    await here.settled()
    button = here.ada.in_home("Tell me more")
    await here.ada.acts(button, None)
    await here.settled()
    assert "submit" not in here.ada.user.window
    assert not here.ada.whispers
    before = here.ada.user.home["private_metadata"]
    await here.ada.acts(here.ada.in_home("Start my draft"), None)
    await here.settled()
    await here.ada.fills(why="heard", focus="both", aim="hear", effect="speak_up")
    await here.settled()
    assert here.ada.user.home["private_metadata"] != before


async def test_two_who_publish_home_at_once_end_at_the_newest(here) -> None:
    """A17: whoever loses looks at everything anew."""
    await here.ada.opens_home()
    await here.settled()
    here.ada.user.home["hash"] = "another process was here"
    here.ada.user.home["private_metadata"] = "older"
    await here.ada.presses("Yes, I would like to")
    await here.settled()
    assert here.fake.refused == ["views.publish: hash_conflict"]
    here.fake.refused.clear()
    shown = here.ada.user.home
    await here.ada.opens_home()
    await here.settled()
    assert here.ada.user.home is shown


async def test_a_stranger_sees_a_home_that_says_what_to_do(here) -> None:
    eve = SlackPerson(here.fake, here.door, "UEVE")
    await eve.opens_home()
    await here.settled()
    assert "invitation code" in words(eve.user.home["blocks"])


# How it is put together


async def test_the_house_brings_slack_in_where_its_secret_is_set(files, monkeypatch) -> None:
    """Whatever else is in the environment: bolt would read some of it, and change its ways."""
    for name in ("SLACK_BOT_TOKEN", "SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET"):
        monkeypatch.setenv(name, "something")
    url = files.new(f"here{next(numbers)}", like="migrated")
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
    built = app.build(Settings(files.new(f"here{next(numbers)}", like="migrated"), new_key()))
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
