"""Who someone is on Slack: whom an envelope names, who is a stranger, and who has gone."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from adapters.slack import inbound
from adapters.store import roster
from tests.fake_slack import TEAM
from tests.slack_people import SUBMITTED, SlackPerson
from tests.slack_world import HandClock, entries, opened
from tests.stage import ADA

pytest_plugins = ("tests.slack_fixtures",)

JSON = "application/json"


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


OTHER = "T0OTHER"  # a workspace of another organisation, in a channel they share with us


async def test_whoever_is_of_another_organisation_gets_an_empty_answer_and_nothing_else(here):
    """Slack Connect: whatever they do where they meet us, and whatever Slack says of them."""
    await here.settled()
    before, calls = await entries(here), len(here.fake.calls)
    button = next(b for b in here.ada.chat[-1]["blocks"] if b["type"] == "actions")["elements"][0]
    their = {"user": {"id": "UEVE", "team_id": OTHER}}
    eve = SlackPerson(here.fake, here.door, "UEVE")
    person = {"id": "UEVE", "team_id": OTHER, "is_stranger": True, "tz": "Asia/Tokyo"}
    answers = [
        await eve.acts(button, here.ada.chat[-1], **their),
        await eve.interacts({"type": "shortcut", "callback_id": "book", **their}),
        await eve.interacts({"type": "view_submission", "view": SUBMITTED, **their}),
        await eve.writes("join ABCD", team=OTHER, user_team=OTHER, source_team=OTHER),
        await eve.happens(
            {"type": "app_home_opened", "user": "UEVE", "tab": "home", "team": OTHER}
        ),
        await eve.happens({"type": "app_home_opened", "user": "UEVE"}, is_ext_shared_channel=True),
        await eve.happens({"type": "user_change", "user": person}),
    ]
    await here.settled()
    assert [(answer.status_code, answer.content) for answer in answers] == [(200, b"")] * 7
    assert (await entries(here), len(here.fake.calls)) == (before, calls)
    assert not eve.whispers
    assert not eve.chat


async def test_a_bot_is_not_answered_whatever_it_says_or_becomes(here) -> None:
    """Two bots that answer each other would never stop."""
    await here.settled()
    calls = len(here.fake.calls)
    bot = SlackPerson(here.fake, here.door, "UBOT9")
    for told in ({"bot_id": "B9"}, {"subtype": "bot_message", "bot_id": "B9", "user": None}):
        answer = await bot.writes("hello", **told)
        assert (answer.status_code, answer.content) == (200, b"")
    user = {"id": "UBOT9", "team_id": TEAM, "is_bot": True, "deleted": True}
    assert (await bot.happens({"type": "user_change", "user": user})).status_code == 200
    await here.settled()
    assert len(here.fake.calls) == calls


async def test_a_guest_takes_part_like_anybody_once_a_coordinator_has_invited_them(here) -> None:
    """T28: until then nobody writes to them; the code is the coordinator's word for it."""
    eve = SlackPerson(here.fake, here.door, "UEVE", tz="Europe/Paris")
    guest = {**eve.user.described(), "is_restricted": True, "is_ultra_restricted": True}
    await eve.happens({"type": "user_change", "user": guest})
    await here.intake.sweep()
    await here.settled()
    assert not eve.chat
    pair = await here.pair()
    now = here.clock.now()
    code = await here.store.run(lambda c: roster.invite(c, pair.id, pair.reverse_mentee.id, now))
    await eve.writes(f"join {code}")
    await eve.happens({"type": "user_change", "user": guest})
    await here.ada.presses("Yes, I would like to")
    await here.settled()
    assert eve.labels()[0] == "Yes, I would like to"
    assert (await here.pair()).reverse_mentee.zone == "Europe/Paris"


async def test_someone_who_was_deactivated_and_whom_we_do_not_know_is_nobody(here) -> None:
    """Nothing is asked of Slack about them, and nothing is kept."""
    await here.settled()
    calls = len(here.fake.calls)
    eve = SlackPerson(here.fake, here.door, "UEVE")
    eve.user.deleted = True
    answer = await eve.happens({"type": "user_change", "user": eve.user.described()})
    await here.settled()
    assert (answer.status_code, answer.content) == (200, b"")
    assert len(here.fake.calls) == calls


@pytest.mark.parametrize(
    ("zone", "start"),
    [
        ("Europe/Berlin", datetime(2026, 10, 21, 9, tzinfo=UTC)),  # the clocks go back on the 25th
        ("America/New_York", datetime(2027, 3, 10, 9, tzinfo=UTC)),  # and forward on the 14th
        ("Australia/Lord_Howe", datetime(2027, 3, 30, 9, tzinfo=UTC)),  # by half an hour
        ("Pacific/Apia", datetime(2027, 1, 27, 9, tzinfo=UTC)),  # over the end of a month
        ("", datetime(2027, 3, 24, 9, tzinfo=UTC)),  # and where Slack says none
    ],
)
async def test_a_reminder_comes_in_the_hours_of_where_slack_says_one_lives_now(
    files, zone: str, start: datetime
) -> None:
    """A14: seldom, on a working day, and in nobody's night, though they moved after it was due."""
    name = f"zone{start:%m%d}"
    async with opened(files.new(name, like="migrated"), HandClock(start)) as world:
        await world.pair_up()
        moved = {"id": "UADA", "team_id": TEAM, **({"tz": zone} if zone else {})}
        await world.ada.happens({"type": "user_change", "user": moved})
        came = []
        while world.clock.now() < start + timedelta(days=60):
            wake = await world.wake_at()
            if wake is None:
                break
            world.clock.moment = max(world.clock.moment, wake)
            world.fake.calls.clear()
            await world.intake.sweep()
            if world.fake.count("chat.postMessage"):
                came.append(world.clock.moment.astimezone(ZoneInfo(zone or ADA.zone)))
        assert 1 <= len(came) <= 3
        assert all(9 <= each.hour < 17 and each.weekday() < 5 for each in came), came
        gaps = [later - earlier for earlier, later in itertools.pairwise(came)]
        assert all(gap >= timedelta(days=1) for gap in gaps)
