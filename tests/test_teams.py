"""Teams from a person's side: what they do there, and what they see. Points are of the issue."""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest

from adapters.intake import Intake
from adapters.settings import new_key
from adapters.store import directory, references, roster
from adapters.store.references import Address, Place
from adapters.teams.desk import Patience
from bot import facilitator
from tests.fake_teams import APP, EXECUTE, Client, Fault, typed, walked
from tests.teams_stage import House, opened, teams_account, two_people

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.journal import PairId
    from bot.people import Account

pytest_plugins = ("tests.databases",)
YES, NO = "Yes, I would like to", "No, thank you"
CARD = "application/vnd.microsoft.card.adaptive"
MESSAGE = "application/vnd.microsoft.activity.message"


@pytest.fixture
async def house(database: str) -> AsyncIterator[House]:
    async with opened(database) as house:
        yield house


async def moves_in(house: House) -> tuple[Client, Client, PairId]:
    """Let Ada and Ben, whom the programme knows, install the app."""
    ada, ben = house.client("ada"), house.client("ben", zone="Europe/Berlin")
    pair = await proposed(house, teams_account("ada"), teams_account("ben"))
    for client in (ada, ben):
        await client.installs()
    await house.settled()
    return ada, ben, pair


async def begin(house: House) -> tuple[Client, Client, PairId]:
    """Let both say yes, and say who learns."""
    ada, ben, pair = await moves_in(house)
    for label in (YES, "Ben does"):
        for client in (ada, ben):
            await client.presses(label)
            await house.settled()
    return ada, ben, pair


async def proposed(house: House, *accounts: Account) -> PairId:
    keys, now = house.store.keys, house.clock.now()
    return await house.run(lambda c: two_people(c, keys, accounts, now))


async def entries(house: House, pair: PairId) -> list[str]:
    journal = await house.store.work(pair, lambda work: work.pair().journal)
    return [entry.event.name for entry in journal]


def words(client: Client) -> str:
    return "\n".join(str(message.activity) for message in client.chat)


# Coming and going


async def test_who_installs_is_welcomed_once_however_often_teams_says_so(house: House) -> None:
    """Point 13: both events come at once, and again when it is installed again or renewed."""
    ada, _, pair = (
        house.client("ada"),
        None,
        await proposed(house, teams_account("ada"), teams_account("ben")),
    )
    joined = ada.activity("conversationUpdate", membersAdded=[{"id": "29:ada"}])
    await asyncio.gather(ada.installs(), ada.sends(joined))
    await house.settled()
    for action in ("add-upgrade", "remove-upgrade", "add", "remove", "add"):
        await ada.installs(action)
        await house.settled()
    assert [list(message.buttons()) for message in ada.chat] == [[YES, NO, "Tell me more"]]
    assert await entries(house, pair) == ["welcome.proposed"]


async def test_a_stranger_is_told_once_how_to_come_in(house: House) -> None:
    eve = house.client("eve")
    joined = eve.activity("conversationUpdate", membersAdded=[{"id": "29:eve"}])
    await asyncio.gather(eve.installs(), eve.sends(joined), eve.installs())
    await house.settled()
    assert len(eve.chat) == 1
    assert "invitation code" in words(eve)


async def test_somebody_joins_by_the_code_they_type(house: House) -> None:
    pair = await proposed(house, teams_account("ada"), teams_account("ben"))
    ben = (await house.store.work(pair, lambda w: w.pair())).reverse_mentee
    now = house.clock.now()
    code = await house.run(lambda c: roster.invite(c, pair, ben.id, now))
    client = house.client("ben-at-teams", locale="de-DE", zone="Europe/Vienna")
    await client.says("join NO-SUCH-CODE")
    await client.says(f"join {code}")
    await house.settled()
    first, second, *_ = client.chat
    assert "do not know that code" in str(first.activity)
    assert "You are in" in str(second.activity)
    known = (await house.store.work(pair, lambda w: w.pair())).reverse_mentee
    assert (known.locale, known.zone) == ("de", "Europe/Vienna")
    ada = house.client("ada")
    await ada.installs()
    await house.settled()
    await ada.presses(YES)
    await house.settled()
    assert "Ada" in str(client.live.activity)


async def test_who_took_the_app_away_is_written_to_no_more_until_they_are_back(
    house: House,
) -> None:
    """Points 25 and 26: it stops with the event, even where Teams would still deliver."""
    ada, ben, _ = await moves_in(house)
    await ben.installs("remove")
    await ada.presses(YES)
    await house.settled()
    assert ben.chat == []
    await ben.installs()
    await house.settled()
    assert len(ben.chat) == 1
    assert YES in ben.live.buttons()


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (403, "MessageWritesBlocked"),
        (403, "ConversationBlockedByUser"),
        (403, "BotNotInConversationRoster"),
        (403, "BotDisabledByAdmin"),
        (403, ""),
        (404, "ConversationNotFound"),
    ],
)
async def test_who_cannot_be_reached_is_left_alone_until_they_write(
    house: House, status: int, code: str
) -> None:
    """Point 25."""
    ada, ben, pair = await moves_in(house)
    body = {"error": {"code": code}} if code else {}
    house.teams.faults.append(Fault(status, body=body, chat="a:ben"))
    await ada.presses(YES)
    await house.settled()
    tried = len(house.teams.sent)
    for _ in range(3):
        await house.intake.look_in(pair)
    assert len(house.teams.sent) == tried
    assert ben.chat == []
    await ben.says("status")
    await house.settled()
    assert YES in ben.live.buttons()


# Pressing, and pressing again


async def test_a_button_changes_the_card_under_the_finger(house: House) -> None:
    """Point 16: the answer is the card that replaces it, and the message is changed as well."""
    ada, _, _ = await moves_in(house)
    before = ada.live.id
    answer = await ada.presses(YES)
    assert (answer["statusCode"], answer["type"]) == (200, CARD)
    await house.settled()
    assert [m.id for m in ada.chat] == [before]
    assert ada.chat[0].card == answer["value"]


async def test_an_older_client_that_only_submits_does_the_same(house: House) -> None:
    """Point 17."""
    ada, _, pair = await moves_in(house)
    data = ada.live.buttons()[YES]["fallback"]["data"]
    assert (await ada.sends(ada.message(value=data))).status_code == HTTPStatus.OK
    await house.settled()
    assert "welcome.accepted" in await entries(house, pair)
    assert YES not in str(ada.chat[-1].buttons())


async def test_what_teams_sends_twice_happens_once(house: House) -> None:
    """Point 14: the same activity, after 15 seconds without an answer, or after a restart."""
    ada, _, pair = await moves_in(house)
    action, ref = ada.live.buttons()[YES], ada.live.id
    value = {"action": action, "trigger": "manual"}
    activity = ada.activity("invoke", name="adaptiveCard/action", value=value, replyToId=ref)
    first, second = await ada.sends(activity), await ada.sends(activity)
    assert first.json()["type"] == CARD
    assert second.json() == {"statusCode": 200, "type": MESSAGE, "value": "I have that already."}
    said = ada.message(text="help")
    for _ in range(2):
        assert (await ada.sends(said)).status_code == HTTPStatus.OK
    await house.settled()
    assert (await entries(house, pair)).count("welcome.accepted") == 1


async def test_what_teams_sends_again_after_a_restart_happens_once(database: str) -> None:
    """Point 14."""
    key = new_key()
    async with opened(database, key=key) as house:
        ada, _, pair = await moves_in(house)
        value = {"action": ada.live.buttons()[YES], "trigger": "manual"}
        activity = ada.activity("invoke", name="adaptiveCard/action", value=value)
        assert (await ada.sends(activity)).status_code == HTTPStatus.OK
        await house.settled()
    async with opened(database, key=key) as house:
        again = {**activity, "serviceUrl": house.teams.service}
        answer = await house.client("ada").sends(again)
        assert answer.json()["value"] == "I have that already."
        await house.settled()
        assert (await entries(house, pair)).count("welcome.accepted") == 1


async def test_a_double_click_is_one_entry_and_an_old_card_answers_for_ever(house: House) -> None:
    """Point 15: two clicks are two activities."""
    ada, _, pair = await moves_in(house)
    action, message = ada.live.buttons()[YES], ada.live
    told = await asyncio.gather(*(ada.does(action, message) for _ in range(2)))
    assert sorted(each["type"] for each in told) == sorted([CARD, MESSAGE])
    await house.settled()
    assert (await entries(house, pair)).count("welcome.accepted") == 1
    again = await ada.does(action, message)
    assert "moved on" in again["value"]


async def test_a_form_sent_twice_is_one_entry(house: House) -> None:
    ada, _, pair = await begin(house)
    await ada.presses("Start my draft")
    answers = {"why": ("heard",), "focus": ("both",), "aim": ("hear",), "effect": ("speak_up",)}
    dialog = ada.dialog
    closed = await ada.submits(answers)
    ada.dialog = dialog
    again = await ada.submits(answers)
    await house.settled()
    assert closed.get("task", {}).get("type") != "continue"
    assert again["task"]["type"] in {"message", "continue"}
    assert (await entries(house, pair)).count("purpose.mentor_drafted") == 1


async def test_a_form_comes_back_with_all_that_was_written(house: House) -> None:
    """Point 19: a dialog opens, is refused with what is to be mended, and stays."""
    ada, _, _ = await begin(house)
    await ada.presses("Start my draft")
    answer = await ada.submits({"why": ("heard",), "focus": ("canary words",)})
    assert answer["task"]["type"] == "continue"
    assert "Almost" in str(ada.dialog)


FULL = {"why": ("heard",), "focus": ("both",), "aim": ("hear",), "effect": ("speak_up",)}
OWN = FULL | {"aim_own": ("canary words",)}


class Moody(Intake):
    """An intake to which happens what the test says."""

    gate: asyncio.Event | None = None
    breaks = False

    async def take(self, *given: Any) -> Any:
        if self.breaks:
            raise OSError("no memory")
        if self.gate:
            await self.gate.wait()
        return await super().take(*given)


class Shut:
    """A pacing that hears nobody."""

    def admits(self, lane: object, rate: object) -> bool:
        return False


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        ("no database", "did not go through"),
        ("an error of ours", "did not go through"),
        ("too slow", "takes longer"),
        ("too much", "a lot at once"),
        ("over", "has moved on"),
    ],
)
async def test_a_form_that_is_not_taken_stays_with_all_that_was_written(
    database: str, trouble: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Point 19: the dialog says why, and sending it once more sends what stands in it."""
    async with opened(database, intake=Moody) as house:
        ada, _, pair = await begin(house)
        await ada.presses("Start my draft")
        intake = house.intake
        with monkeypatch.context() as patched:
            match trouble:
                case "no database":
                    patched.setattr(house.store, "work", None)
                case "an error of ours":
                    patched.setattr(intake, "breaks", True)
                case "too slow":
                    patched.setattr(intake, "gate", asyncio.Event())
                    patched.setattr(house.desk, "_patience", Patience(invoke=0.01))
                case "too much":
                    patched.setattr(intake, "_pacing", Shut())
                case "over":
                    ada.dialog["actions"][0]["data"]["item"] = "gone:9@123"
            answers = [await ada.submits(OWN)]
            if trouble != "over":
                answers.append(await ada.submits_as_it_stands())
            if intake.gate:
                intake.gate.set()
                await house.settled()
        for answer in answers:
            assert answer["task"]["type"] == "continue"
            assert str(answer).count(told) == 1
            assert "canary words" in str(answer)
        await ada.submits_as_it_stands()
        await house.settled()
        assert (await entries(house, pair)).count("purpose.mentor_drafted") == 1
        journal = await house.store.work(pair, lambda work: work.pair().journal)
        assert "canary words" in str([entry.event.aim_own for entry in journal[-1:]])


async def test_a_form_in_the_chat_takes_its_cards_place_and_gives_way_to_what_follows(
    house: House,
) -> None:
    """Where there are no dialogs; nothing of it can be pressed twice."""
    house.messenger.dialogs = False
    ada, _, pair = await begin(house)
    message, action = ada.live, ada.live.buttons()["Start my draft"]
    assert action["type"] == EXECUTE
    form = (await ada.does(action, message))["value"]
    send, fallback = form["actions"][0], form["actions"][0]["fallback"]
    assert send["data"] == fallback["data"]
    full = {"why": ("heard",), "focus": ("both",), "aim": ("hear",), "effect": ("speak_up",)}
    for answers, on in (({"why": ("heard",)}, message), (full, None)):
        told = await ada.does({**send, "data": {**send["data"], **typed(form, answers)}}, on)
        assert told["type"] == CARD
    await house.settled()
    assert (await entries(house, pair)).count("purpose.mentor_drafted") == 1
    assert walked_inputs(told["value"]) == []


def walked_inputs(drawn: dict[str, Any]) -> list[str]:
    return [e["id"] for e in walked(drawn) if str(e.get("type")).startswith("Input.")]


async def test_a_button_of_somebody_else_is_nobodys(house: House) -> None:
    """T-22: what a client sends is an address; who acts is the one who signed in."""
    ada, _, pair = await moves_in(house)
    action, message = ada.live.buttons()[YES], ada.live
    eve = house.client("eve")
    answer = await eve.does(action, message)
    await house.settled()
    assert answer["type"] == MESSAGE
    assert await entries(house, pair) == ["welcome.proposed"]


async def test_the_line_under_a_card_shows_home(house: House) -> None:
    ada, _, pair = await begin(house)
    await ada.does({"data": {"pair": pair, "item": "", "action": "home"}}, ada.live)
    await house.settled()
    assert "Yours to do" in str(ada.chat[-1].activity)
    shown = len(ada.chat)
    await house.client("eve").does({"data": {"pair": pair, "item": "", "action": "home"}})
    await house.settled()
    assert "Yours to do" not in words(house.client("eve"))
    assert len(ada.chat) == shown


async def test_a_link_that_was_asked_for_in_home_is_a_link_in_the_chat(house: House) -> None:
    """What is answered at once is a plain sentence on Teams: no mark of ours may show in it."""
    ada, _, pair = await begin(house)

    async def linked(*_: object) -> str:
        return "Keep it to yourself.\n» Your private calendar https://example.org/cal/a.ics"

    house.intake.hand_out = linked
    known = await house.store.work(pair, lambda work: work.pair())
    items = facilitator.inbox(known, known.reverse_mentor, house.clock.now())
    item = next(item.key for item in items if item.thread == "calendar")
    answer = await ada.does({"data": {"pair": pair, "item": item, "action": "feed"}}, ada.live)
    await house.settled()
    assert (answer["type"], "»" in answer["value"]) == (MESSAGE, False)
    assert "end of this chat" in answer["value"]
    assert "https://example.org/cal/a.ics" in str(ada.chat[-1].activity)


async def test_only_the_newest_card_has_buttons_and_an_old_one_keeps_its_words(
    house: House,
) -> None:
    ada, ben, _ = await moves_in(house)
    await ada.presses(YES)
    await house.settled()
    await ben.presses(YES)
    await house.settled()
    *old, new = ada.chat
    assert old
    assert new.buttons()
    for message in old:
        assert message.card["body"]
        assert not message.buttons()
    assert await house.messenger.find(teams_account("ada"), "no such key") is None


# Places, languages, groups


async def test_someone_is_followed_to_another_zone_and_language(house: House) -> None:
    """Point 3."""
    _, _, pair = await moves_in(house)
    for locale, zone, expected in (
        ("de-DE", "Europe/Vienna", ("de", "Europe/Vienna")),
        ("", "", ("de", "Europe/Vienna")),
        ("x/../..", "Mars/Olympus", ("de", "Europe/Vienna")),
        ("fr-FR", "Europe/Paris", ("de", "Europe/Paris")),  # of what we speak, this is theirs
        ("en-US", "America/New_York", ("en", "America/New_York")),
    ):
        await house.client("ada", locale=locale, zone=zone).says("status")
        await house.settled()
        known = (await house.store.work(pair, lambda w: w.pair())).reverse_mentor
        assert (known.locale, known.zone) == expected


async def test_in_a_group_it_refuses_once_and_says_nothing_of_anybody(house: House) -> None:
    """Point 22."""
    ada, _, pair = await moves_in(house)
    for kind in ("channel", "groupChat"):
        for text in ("<at>Turnabout</at> status", "<at>Turnabout</at> accept"):
            activity = ada.message(text=text)
            activity["conversation"] |= {"conversationType": kind, "id": f"19:{kind}"}
            assert (await ada.sends(activity)).status_code == HTTPStatus.OK
        await house.settled()
        told = house.teams.chat(f"19:{kind}")
        assert len(told) == 1
        assert "with you alone" in str(told[0].activity)
        assert "Ben" not in str(told[0].activity)
    assert await entries(house, pair) == ["welcome.proposed"]


async def test_a_button_pressed_in_a_group_does_nothing(house: House) -> None:
    ada, _, pair = await moves_in(house)
    value = {"action": ada.live.buttons()[YES], "trigger": "manual"}
    activity = ada.activity("invoke", name="adaptiveCard/action", value=value)
    activity["conversation"] |= {"conversationType": "groupChat", "id": "19:group"}
    answer = (await ada.sends(activity)).json()
    assert "with you alone" in answer["value"]
    assert await entries(house, pair) == ["welcome.proposed"]


# Time


class Slow(Intake):
    """An intake that takes as long as the test says."""

    gate: asyncio.Event

    async def take(self, *given: Any) -> Any:
        await self.gate.wait()
        return await super().take(*given)


async def test_a_slow_turn_shows_that_we_are_at_it_and_is_answered_politely(database: str) -> None:
    """Points 18 and 20: a sentence in time, and the card when it is done."""
    patience = Patience(typing=0.01, invoke=0.01)
    async with opened(database, intake=Slow, patience=patience) as house:
        house.intake.gate = asyncio.Event()
        ada, _, pair = await moves_in(house)
        answer = await ada.presses(YES)
        assert "takes longer" in answer["value"]
        saying = asyncio.create_task(ada.says("status"))
        await house.teams.typed.wait()
        assert not saying.done()  # what is not committed is not acknowledged
        house.intake.gate.set()
        assert (await saying).status_code == HTTPStatus.OK
        await house.settled()
        assert "welcome.accepted" in await entries(house, pair)


async def test_a_teams_that_hangs_while_we_show_that_we_are_at_it_holds_up_nothing(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Point 20: what is committed is acknowledged, and nothing is left over at the end."""
    async with opened(database, intake=Slow, patience=Patience(typing=0.01)) as house:
        house.intake.gate, typing, over = asyncio.Event(), asyncio.Event(), asyncio.Event()
        ada, _, _ = await moves_in(house)

        async def hangs(*_: object) -> None:
            typing.set()
            await over.wait()

        monkeypatch.setattr(house.messenger, "say_at", hangs)
        saying = asyncio.create_task(ada.says("status"))
        await typing.wait()
        house.intake.gate.set()
        assert (await asyncio.wait_for(saying, 5)).status_code == HTTPStatus.OK
        over.set()
        await house.settled()
        assert not house.desk._tasks


async def test_what_could_not_be_taken_in_time_is_to_be_sent_again(database: str) -> None:
    async with opened(database, intake=Slow, patience=Patience(message=0.01)) as house:
        house.intake.gate = asyncio.Event()
        ada = house.client("ada")
        answer = await ada.says("help")
        assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        house.intake.gate.set()


async def test_a_hanging_connector_does_not_hold_teams_up(house: House) -> None:
    """Point 20: the turn is committed and acknowledged; the cards follow."""
    ada, ben, pair = await moves_in(house)
    house.teams.slow = asyncio.Event()
    answer = await ada.presses(YES)
    assert answer["type"] == CARD
    assert (await ada.says("status")).status_code == HTTPStatus.OK
    assert "welcome.accepted" in await entries(house, pair)
    assert not ben.chat
    house.teams.slow.set()
    await house.settled()
    assert YES in ben.live.buttons()


async def test_what_is_said_comes_before_the_card(house: House) -> None:
    ada, eve = house.client("ada"), house.client("eve")
    await proposed(house, teams_account("ada"), teams_account("ben"))
    said = house.messenger.ahead(teams_account("ada"))
    await ada.installs()
    for _ in range(5):  # meanwhile others are served
        await eve.says("help")
    seen = list(ada.chat)
    said.set_result(None)
    await house.settled()
    assert seen == []
    assert YES in ada.live.buttons()


# The two together, and what is kept


async def test_where_a_chat_is_is_sealed_and_goes_with_its_person(house: House) -> None:
    _, _, pair = await moves_in(house)
    mentor = (await house.store.work(pair, lambda w: w.pair())).reverse_mentor
    raw = await house.run(
        lambda c: [tuple(r) for r in c.exec_driver_sql("SELECT * FROM reference").all()]
    )
    assert len(raw) == 2
    assert "a:ada" not in str(raw)
    keys, account = house.store.keys, teams_account("ada")
    assert await house.run(lambda c: references.find(c, keys, account))
    await house.run(lambda c: roster.erase(c, keys, mentor.id, house.clock.now()))
    assert await house.run(lambda c: references.find(c, keys, account)) is None
    assert await house.run(lambda c: directory.whose(c, account)) == ()


async def test_a_strangers_chat_is_kept_nowhere(house: House) -> None:
    address = Address("https://x", "a:eve", "29:eve", f"28:{APP}")
    await house.messenger.met(teams_account("eve"), address, Place("en", "UTC"))
    kept = await house.run(lambda c: c.exec_driver_sql("SELECT count(*) FROM reference").scalar())
    assert kept == 0


async def test_no_word_of_anybody_is_in_a_log_or_a_preview(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """Point 2, INV-8."""
    caplog.set_level(logging.DEBUG)
    ada, _, _ = await moves_in(house)
    house.teams.faults.extend(Fault(status) for status in (500, 403, 400))
    for _ in range(4):
        await ada.says("canary words of mine")
    await house.settled()
    assert "canary" not in caplog.text
    for _, _, activity in house.teams.sent:
        assert "Ben" not in activity.get("summary", "")
