"""Once, in order, and none lost: what comes from Slack, and what goes there."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from adapters.pacing import PATIENCE
from adapters.slack.web import DOUBT, GONE, PER_MINUTE, DoubtError, RefusedError
from tests.fake_slack import TEAM, words
from tests.slack_people import SlackPerson
from tests.slack_world import both_say_yes, entries, opened
from tests.test_slack_installations import install

pytest_plugins = ("tests.slack_fixtures",)

JSON = "application/json"


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


@pytest.mark.parametrize("lost", ["reset", "broken"])
@pytest.mark.parametrize("away", ["no connection", "uninstalled", "revoked", "migrating"])
async def test_a_card_in_doubt_is_there_once_however_slack_was_away_when_we_asked(
    database: str, lost: str, away: str
) -> None:
    """A5, T17: nobody knows whether it arrived, and Slack cannot be asked until it is back."""
    async with opened(database, many=True) as world:
        await install(world, "xoxb-first")
        await world.pair_up()
        web = world.messengers["slack"]._web
        world.fake.troubles["chat.postMessage"] = [lost]
        await world.ada.presses("Yes, I would like to")
        await world.settled()
        assert len(world.ben.chat) == (lost == "reset")
        match away:
            case "no connection":
                web._base = "http://127.0.0.1:9/api/"
            case "uninstalled":
                told = {"event_time": int(world.clock.now().timestamp())}
                await world.ada.happens({"type": "app_uninstalled"}, **told)
            case "revoked":
                world.fake.tokens.clear()
            case "migrating":
                world.fake.troubles["conversations.history"] = ["error:org_login_required"] * 99
        for _ in range(3):
            world.clock.moves(hours=1)
            await world.intake.sweep()
            await world.settled()
        assert len(world.ben.chat) == (lost == "reset")
        web._base = world.fake.base
        world.fake.troubles.clear()
        await install(world, "xoxb-again")
        world.workspaces.forget(TEAM)
        for _ in range(3):
            world.clock.moves(hours=1)
            await world.intake.sweep()
            await world.settled()
        assert world.ben.labels()[0] == "Yes, I would like to"
        assert len(world.ben.chat) == 1


LATER = ["full:30", "error:token_revoked", "error:msg_too_long"]
LATER += ["error:restricted_action", "error:messages_tab_disabled"]  # an administrator's, for now


@pytest.mark.parametrize("trouble", LATER)
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


@pytest.mark.parametrize("method", PER_MINUTE)
@pytest.mark.parametrize("seconds", [1, 30, 90])
async def test_no_method_is_called_before_slack_said_so_and_others_go_on(
    here, method: str, seconds: int
) -> None:
    """A12: the next call waits, or where that is too long is sent away with the time to come."""
    web = here.messengers["slack"]._web
    here.fake.troubles[method] = [f"full:{seconds}", "error:something_new"]
    told = {"channel": "DUADA", "users": "UADA", "user": "UADA", "user_id": "UADA"}
    with pytest.raises(RefusedError) as refused:
        await web.call(TEAM, method, **told)
    assert refused.value.wait == timedelta(seconds=seconds)
    await web.call(TEAM, "auth.test")
    here.patience.waits.clear()
    with pytest.raises(RefusedError) as again:
        await web.call(TEAM, method, **told)
    if seconds <= PATIENCE:
        assert (again.value.code, here.patience.waits) == ("something_new", [seconds])
    else:
        assert (again.value.code, here.patience.waits) == ("ratelimited", [])
        assert here.fake.troubles[method] == ["error:something_new"], "Slack was not asked"


# What Slack documents for the methods we call, beyond those that `DOUBT` and `GONE` name.
BY_AND_BY = """
access_denied accesslimited account_inactive as_user_not_supported block_mismatch
cannot_reply_to_message cant_broadcast_message cant_update_message deprecated_endpoint
duplicate_external_id edit_window_closed ekm_access_denied enterprise_is_restricted
exchanged_trigger_id expired_trigger_id external_channel_migrating hash_conflict invalid_arg_name
invalid_arguments invalid_array_arg invalid_attachments invalid_auth invalid_blocks
invalid_blocks_format invalid_charset invalid_cursor invalid_form_data invalid_metadata_format
invalid_metadata_schema invalid_post_type invalid_ts_latest invalid_ts_oldest is_bot
markdown_text_conflict message_limit_exceeded message_not_found messages_tab_disabled
metadata_must_be_sent_from_app metadata_too_large method_deprecated
method_not_supported_for_channel_type missing_post_type missing_scope msg_too_long no_permission
no_text not_allowed_token_type not_authed not_enabled not_enough_users org_login_required
pagination_not_available rate_limited ratelimited restricted_action
restricted_action_non_threadable_channel restricted_action_read_only_channel
restricted_action_thread_only_channel slack_connect_file_link_sharing_blocked
streaming_state_conflict team_access_not_granted team_added_to_org team_not_found token_expired
token_revoked too_many_attachments too_many_users two_factor_setup_required unknown_method
update_failed users_list_not_supplied view_too_large something_new
"""
NOBODY = """
channel_not_found invalid_user_combination is_archived is_inactive not_in_channel user_disabled
user_not_found user_not_in_channel user_not_visible
"""
WHO_KNOWS = "fatal_error internal_error request_timeout service_unavailable"


async def test_every_refusal_has_its_meaning(here) -> None:
    """A13: for good, for later, or open; whatever Slack may answer, nobody is written to twice."""
    meant = dict.fromkeys(BY_AND_BY.split(), "later")
    meant |= dict.fromkeys({*NOBODY.split(), *GONE}, "for good")
    meant |= dict.fromkeys({*WHO_KNOWS.split(), *DOUBT}, "open")
    assert len(meant) == len(BY_AND_BY.split()) + len(GONE) + len(DOUBT), "each has one meaning"
    web, found = here.messengers["slack"]._web, {}
    for code in meant:
        here.fake.troubles["conversations.open"] = [f"error:{code}"]
        here.patience.seconds += 2
        try:
            await web.call(TEAM, "conversations.open", users="UADA")
        except RefusedError as refused:
            found[code] = "later" if refused.wait else "for good"
        except DoubtError:
            found[code] = "open"
    assert found == meant


async def test_one_call_for_each_change_and_never_a_question_who_we_are(here) -> None:
    """A8."""
    await both_say_yes(here)
    await here.ada.presses("Start my draft")
    await here.settled()
    await here.ada.fills(why="heard", focus="both", aim="hear", effect="speak_up")
    await here.settled()
    here.fake.calls.clear()
    await here.ada.presses("Share these lines")
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
