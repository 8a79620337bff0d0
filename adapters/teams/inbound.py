"""Activities read as what someone did: tolerant of any JSON, and pure.

| what Teams sends | what it is here |
|---|---|
| `message` with text | typed words |
| `message` with a `value` | a button or a card's form (`Action.Submit`) |
| `invoke adaptiveCard/action` | a button or a card's form (`Action.Execute`) |
| `invoke task/fetch` | a button that opens a form |
| `invoke task/submit` | a form, sent |
| any other `invoke` | unknown: 501 |
| `installationUpdate` add; `conversationUpdate` with members | they came |
| `installationUpdate` add-upgrade, remove-upgrade | they are still there |
| `installationUpdate` remove | they went |
| a message or an invoke in a group or a channel | elsewhere: one refusal |
| edits, deletions, reactions, typing, anything else | nothing: 200 |

Who acts comes from `from.aadObjectId`, for which Teams vouches; what a card sends is an address.
Attachments, the HTML copy of a message and files are not looked at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from hashlib import blake2s
from typing import Any

from adapters.clock import ZONES
from adapters.store.references import Address, Place
from adapters.teams.forms import answers
from adapters.teams.outbound import HOME
from bot.inputs import Input, Pressed, Said, Submitted
from bot.people import Account

PLATFORM = "teams"
MOST_ADDRESS = 200
MOST_LETTERS = 20_000

Json = Mapping[str, Any]


class Kind(Enum):
    """What an activity is to us."""

    SAID = "words"
    PRESSED = "a button or a form on a card"
    HOME = "the way to Home"
    OPENED = "a button that opens a dialog"
    SENT = "a dialog, sent"
    CAME = "they came"
    STAYED = "they are still there"
    WENT = "they went"
    ELSEWHERE = "in a group or a channel"
    UNKNOWN = "an invoke we do not know"
    NOTHING = "nothing to us"


INVOKES = {
    "adaptiveCard/action": Kind.PRESSED,
    "task/fetch": Kind.OPENED,
    "task/submit": Kind.SENT,
}
ACTS = {Kind.SAID, Kind.PRESSED, Kind.OPENED, Kind.SENT}
INSTALLS = {
    "add": Kind.CAME,
    "add-upgrade": Kind.STAYED,
    "remove-upgrade": Kind.STAYED,
    "remove": Kind.WENT,
}


@dataclass(frozen=True, slots=True)
class Arrival:
    """An activity as we read it: who, what they did, where they are, and which message it is on.

    `sent` is what a form sent, as it came: a dialog that is not taken is drawn again from it.
    """

    kind: Kind
    id: str = ""
    account: Account = field(default_factory=lambda: Account(PLATFORM, "", ""))
    address: Address | None = None
    place: Place = field(default_factory=Place)
    input: Input | None = None
    pair: str | None = None
    message: str = ""
    sent: Json = field(default_factory=dict, repr=False)


def read(activity: Json) -> Arrival:
    """Return what an activity is to us. It never raises, whatever it is given."""
    kind = _kind(activity)
    account, address = _account(activity), _address(activity)
    nothing = Kind.UNKNOWN if activity.get("type") == "invoke" else Kind.NOTHING
    if not (account.user and account.tenant and address.conversation and activity.get("id")):
        return Arrival(nothing)
    input, pair = _input(kind, activity) if kind in ACTS else (None, None)
    if input == Pressed("", HOME):
        kind, input = Kind.HOME, None
    elif kind in ACTS and input is None:
        kind = nothing
    where, message = _place(activity), _name(activity.get("replyToId"))
    sent = _data(activity) if kind is Kind.SENT else {}
    told = address, where, input, pair, message, sent
    return Arrival(kind, _id(account, activity), account, *told)


def _kind(activity: Json) -> Kind:
    kind, name, action = (_text(activity.get(key)) for key in ("type", "name", "action"))
    match kind, _is_personal(activity):
        case "invoke", _ if name not in INVOKES:
            return Kind.UNKNOWN
        case "message" | "invoke", False:
            return Kind.ELSEWHERE
        case "message", _:
            return Kind.PRESSED if _dict(activity.get("value")) else Kind.SAID
        case "invoke", _:
            return INVOKES[name]
        case "installationUpdate", True:
            return INSTALLS.get(action, Kind.NOTHING)
        case "conversationUpdate", True if activity.get("membersAdded"):
            return Kind.CAME
    return Kind.NOTHING


def _input(kind: Kind, activity: Json) -> tuple[Input | None, str | None]:
    if kind is Kind.SAID:
        return Said(clean(_text(activity.get("text")))[:MOST_LETTERS].strip()), None
    data = _data(activity)
    item, action = _name(data.get("item")), _name(data.get("action"))
    pair = _name(data.get("pair")) or None
    if kind is Kind.SENT or not action:
        return (Submitted(item, answers(data)) if item else None), pair
    return (Pressed(item, action) if item or action == HOME else None), pair


def _data(activity: Json) -> Json:
    value = _dict(activity.get("value"))
    return _dict(_dict(value.get("action")).get("data")) or _dict(value.get("data")) or value


def tenant_of(activity: Json) -> str:
    """Return the tenant an activity is of. One that names two is of none."""
    conversation, channel = _dict(activity.get("conversation")), _dict(activity.get("channelData"))
    told = {_name(conversation.get("tenantId")), _name(_dict(channel.get("tenant")).get("id"))}
    told.discard("")
    return told.pop() if len(told) == 1 else ""


def _account(activity: Json) -> Account:
    who = _dict(activity.get("from")).get("aadObjectId")
    return Account(PLATFORM, tenant_of(activity), _name(who))


def _address(activity: Json) -> Address:
    return Address(
        _text(activity.get("serviceUrl")),
        _text(_dict(activity.get("conversation")).get("id")),
        _text(_dict(activity.get("from")).get("id")),
        _text(_dict(activity.get("recipient")).get("id")),
    )


def _place(activity: Json) -> Place:
    entities = activity.get("entities")
    told = next(
        (e for e in map(_dict, entities if isinstance(entities, list) else []) if _is_client(e)), {}
    )
    locale = _text(told.get("locale")) or _text(activity.get("locale"))
    zone = _text(told.get("timezone")) or _text(activity.get("localTimezone"))
    language = locale.replace("_", "-").partition("-")[0].lower()
    return Place(language if re.fullmatch("[a-z]{2,3}", language) else "", zone * (zone in ZONES))


def _is_client(entity: Json) -> bool:
    return entity.get("type") == "clientInfo"


def _is_personal(activity: Json) -> bool:
    return _dict(activity.get("conversation")).get("conversationType") == "personal"


def _id(account: Account, activity: Json) -> str:
    """Return the delivery's id: what Teams sends again has it again."""
    conversation = _text(_dict(activity.get("conversation")).get("id"))
    told = json.dumps([account.tenant, conversation, account.user, _text(activity.get("id"))])
    return f"teams:{blake2s(told.encode(), digest_size=16).hexdigest()}"


def clean(text: str) -> str:
    """Return text that can be written down anywhere: no NUL, no half of a surrogate pair."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", "")


def _dict(value: object) -> Json:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    return clean(value) if isinstance(value, str) else ""


def _name(value: object) -> str:
    """Return a name of ours that came back, or of Teams'."""
    return _text(value)[:MOST_ADDRESS].strip()
