"""Whatever Teams, or somebody in its place, sends: one reading, never an error."""

from __future__ import annotations

import copy
import itertools
import json
import os
import random
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest

from adapters.teams.inbound import Arrival, Kind, read
from bot.inputs import Pressed, Said, Submitted
from tests.fake_teams import APP, TENANT, Client, FakeTeams
from tests.teams_stage import House, StageClock, opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.databases import Files

pytest_plugins = ("tests.databases",)
_numbers = itertools.count()
MUTATIONS = int(os.environ.get("MUTATIONS", "300"))
ADA = Client(FakeTeams(StageClock()), None, "ada")  # type: ignore[arg-type]
DATA = {"pair": "p1", "item": "topic@12", "action": "sign"}
FORM = {"pair": "p1", "item": "topic@12", "asked": ["why", "when"], "switch": "", "q:why": "words"}


def message(**more: object) -> dict[str, Any]:
    return ADA.message(**more)


def execute(data: object) -> dict[str, Any]:
    value = {"action": {"type": "Action.Execute", "verb": "sign", "data": data}}
    return ADA.activity("invoke", name="adaptiveCard/action", value=value, replyToId="7")


def task(name: str, data: object) -> dict[str, Any]:
    value = {"data": data, "context": {"theme": "dark"}}
    return ADA.activity("invoke", name=f"task/{name}", value=value)


def elsewhere(activity: dict[str, Any]) -> dict[str, Any]:
    return {**activity, "conversation": {**activity["conversation"], "conversationType": "channel"}}


DOCUMENTED: list[tuple[dict[str, Any], Kind, object]] = [
    (message(text=" Help "), Kind.SAID, Said("Help")),
    (message(text="", attachments=[{"contentType": "image/png"}]), Kind.SAID, Said("")),
    (
        message(attachments=[{"contentType": "text/html", "content": "<b>x</b>"}]),
        Kind.SAID,
        Said(""),
    ),
    (message(value=DATA), Kind.PRESSED, Pressed("topic@12", "sign")),
    (message(value=FORM), Kind.PRESSED, Submitted("topic@12", {"why": ("words",), "when": ()})),
    (message(value="imBack"), Kind.SAID, Said("")),
    (message(value={"unknown": 1}), Kind.NOTHING, None),
    (execute(DATA), Kind.PRESSED, Pressed("topic@12", "sign")),
    (execute(FORM), Kind.PRESSED, Submitted("topic@12", {"why": ("words",), "when": ()})),
    (execute({**DATA, "item": "", "action": "home"}), Kind.HOME, None),
    (execute({}), Kind.UNKNOWN, None),
    (execute(None), Kind.UNKNOWN, None),
    (task("fetch", {**DATA, "action": "answer"}), Kind.OPENED, Pressed("topic@12", "answer")),
    (task("submit", FORM), Kind.SENT, Submitted("topic@12", {"why": ("words",), "when": ()})),
    (task("submit", "x"), Kind.UNKNOWN, None),
    (ADA.activity("invoke", name="signin/verifyState", value={}), Kind.UNKNOWN, None),
    (ADA.activity("invoke", name="composeExtension/query", value={}), Kind.UNKNOWN, None),
    (ADA.activity("invoke", name="fileConsent/invoke", value={}), Kind.UNKNOWN, None),
    (ADA.activity("invoke"), Kind.UNKNOWN, None),
    (ADA.activity("installationUpdate", action="add"), Kind.CAME, None),
    (ADA.activity("installationUpdate", action="add-upgrade"), Kind.STAYED, None),
    (ADA.activity("installationUpdate", action="remove-upgrade"), Kind.STAYED, None),
    (ADA.activity("installationUpdate", action="remove"), Kind.WENT, None),
    (ADA.activity("installationUpdate", action="later"), Kind.NOTHING, None),
    (ADA.activity("conversationUpdate", membersAdded=[{"id": "x"}]), Kind.CAME, None),
    (ADA.activity("conversationUpdate", membersRemoved=[{"id": "x"}]), Kind.NOTHING, None),
    (ADA.activity("messageUpdate", text="edited"), Kind.NOTHING, None),
    (ADA.activity("messageDelete"), Kind.NOTHING, None),
    (ADA.activity("messageReaction", reactionsAdded=[{"type": "like"}]), Kind.NOTHING, None),
    (ADA.activity("typing"), Kind.NOTHING, None),
    (ADA.activity("event", name="application/vnd.microsoft.readReceipt"), Kind.NOTHING, None),
    (ADA.activity("endOfConversation"), Kind.NOTHING, None),
    (ADA.activity("somethingNew"), Kind.NOTHING, None),
    (elsewhere(message(text="help")), Kind.ELSEWHERE, None),
    (elsewhere(execute(DATA)), Kind.ELSEWHERE, None),
    (elsewhere(ADA.activity("installationUpdate", action="add")), Kind.NOTHING, None),
]


@pytest.mark.parametrize(("activity", "kind", "input"), DOCUMENTED)
def test_everything_teams_documents_has_one_reading(
    activity: dict[str, Any], kind: Kind, input: object
) -> None:
    """Points 1 and 4."""
    arrival = read(activity)
    assert (arrival.kind, arrival.input) == (kind, input)


def test_who_and_where_survive() -> None:
    """Points 3 and 5: ids are names, whatever they look like."""
    arrival = read(message(text="help"))
    assert arrival.account.tenant == TENANT
    assert arrival.account.user == "ada"
    assert arrival.address
    assert (arrival.address.conversation, arrival.address.user) == ("a:ada", "29:ada")
    assert arrival.address.bot == f"28:{APP}"
    assert (arrival.place.locale, arrival.place.zone) == ("en", "Europe/London")


def test_a_zone_is_read_where_there_is_no_client_info() -> None:
    activity = {**message(text="x", localTimezone="Asia/Tokyo"), "entities": []}
    assert read(activity).place.zone == "Asia/Tokyo"
    assert read({**activity, "localTimezone": "../etc/passwd"}).place.zone == ""


def test_the_same_activity_has_the_same_id_and_any_other_another() -> None:
    one = message(text="help")
    others = [
        message(text="help"),
        {**one, "from": {**one["from"], "aadObjectId": "ben"}},
        {**one, "conversation": {**one["conversation"], "id": "a:other"}},
    ]
    assert read(one).id == read(dict(one)).id
    assert len({read(each).id for each in [one, *others]}) == 1 + len(others)


@pytest.mark.parametrize("missing", ["id", "from", "conversation"])
def test_what_has_no_sender_is_nothing(missing: str) -> None:
    activity = message(text="help")
    del activity[missing]
    assert read(activity).kind in {Kind.NOTHING, Kind.ELSEWHERE}
    assert read(activity).input is None


def test_an_activity_of_two_tenants_is_nobodys() -> None:
    """T-21."""
    assert read({**message(text="x"), "channelData": {"tenant": {"id": "other"}}}).input is None


JUNK: list[Any] = [
    *(None, True, 0, -1, 1e308, "", "x" * 5000, "\0", "\ud800", [], {}, [[]], {"a": {}}),
    *([None] * 50, {"id": None}, {"id": {"id": []}}, {"\0": "\ud800"}, "2026-99-99T99:99", "{{x}}"),
]


def mutated(dice: random.Random) -> dict[str, Any]:
    """Return something Teams documents, with a few places of it replaced or taken away."""
    activity = json.loads(json.dumps(dice.choice(DOCUMENTED)[0]))
    for _ in range(dice.randint(1, 4)):
        place: Any = activity
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = dice.choice(keys)
            if isinstance(place[key], dict | list) and dice.random() < 0.6:
                place = place[key]
                continue
            if dice.random() < 0.3:
                del place[key]
            else:
                place[key] = copy.deepcopy(dice.choice(JUNK))
            break
    return activity


@pytest.fixture
async def house(files: Files) -> AsyncIterator[House]:
    async with opened(files.new(f"inbound{next(_numbers)}", like="migrated")) as house:
        yield house


async def test_whatever_is_sent_is_answered_and_is_no_error_of_ours(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """Points 2 and 18; `MUTATIONS=10000` tries more."""
    dice, client = random.Random(7), house.client("ada")
    expected = {HTTPStatus.OK, HTTPStatus.NOT_IMPLEMENTED, HTTPStatus.FORBIDDEN}
    for _ in range(MUTATIONS):
        activity = mutated(dice)
        assert isinstance(read(activity), Arrival)
        given = {**activity, "channelId": "msteams", "serviceUrl": house.teams.service}
        content = json.dumps(given).encode()
        headers = {
            "authorization": f"Bearer {house.teams.token()}",
            "content-type": "application/json",
        }
        answer = await client.http.post("/api/messages", content=content, headers=headers)
        assert answer.status_code in expected, (answer.status_code, activity)
    await house.settled()
    assert "error" not in caplog.text.lower()


async def test_an_unknown_invoke_is_said_to_be_unknown_and_anything_else_is_fine(
    house: House,
) -> None:
    """Point 21."""
    client = house.client("ada")
    unknown = client.activity("invoke", name="unheard/of", value={})
    assert (await client.sends(unknown)).status_code == HTTPStatus.NOT_IMPLEMENTED
    assert (await client.sends(client.activity("unheardOf"))).status_code == HTTPStatus.OK
    assert not house.teams.sent
