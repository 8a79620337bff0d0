"""What is let in: signed as Slack does, read whole, and whatever it is, never an error."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest

from adapters.slack import gate, inbound
from tests.fake_slack import copied
from tests.slack_people import FORM, SUBMITTED, SlackPerson, signed
from tests.slack_world import entries

pytest_plugins = ("tests.slack_fixtures",)

JSON = "application/json"
T1 = (
    "payload",
    "payload=",
    "%7B",
    "note payload {x}",
    "😀 مرحبا",
    "a&b=c;d <b> &amp; +1",
    "x" * 3000,
)


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
