"""What Slack sends, read as inputs: pure, and total. What is not for us is None, never an error.

Messages, by what they are:

| in our direct message                   | is                                       |
|-----------------------------------------|------------------------------------------|
| words, also in a thread, also broadcast | said; the answer is always the one card  |
| words beside a file                     | the words are said, nobody looks at files|
| an edit, a deletion, a reaction         | nothing: words were read once            |
| anything from a bot, ourselves included | nothing                                  |
| anything from another organisation      | nothing                                  |

Who someone is comes from the signed envelope only: the installation (an organisation's, where it
is installed there, else a workspace's) and the user.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2s
from typing import Any

from adapters.slack import forms
from adapters.slack.address import Address
from adapters.slack.forms import Carried, clean
from bot.inputs import Asked, Input, Pressed, Said, Submitted
from bot.people import Account

PLATFORM = "slack"
COMMAND = "/mentor"
SHORTCUTS = ("book",)
MESSAGES = frozenset({"", "file_share", "thread_broadcast"})
MOST_LETTERS = 20_000
LINK = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Heard:
    """An input, who it is from, and where an answer may go: into a channel, or by a trigger."""

    account: Account
    input: Input
    delivery: str
    pair: str | None = None
    channel: str = ""
    trigger: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """Someone looks at us: at Home, which looked like `look` when they came, or at the chat.

    `version` is Slack's name for that state of Home.
    """

    account: Account
    at_home: bool
    look: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Changed:
    """What Slack says of a person now."""

    account: Account
    zone: str = ""
    locale: str = ""
    gone: bool = False


def message(body: Body) -> Heard | None:
    """Return what someone said in our direct message."""
    event = _inside(body, "event")
    known = _text(event, "subtype") in MESSAGES and _text(event, "channel_type") == "im"
    account = _author(body, event)
    if not known or account is None or _text(event, "bot_id") or event.get("hidden"):
        return None
    words = unescaped(_text(event, "text"))[:MOST_LETTERS]
    return Heard(account, Said(words), _delivery(body, event), channel=_text(event, "channel"))


def opened(body: Body) -> Opened | None:
    """Return who opened Home, or our chat."""
    event = _inside(body, "event")
    account = _author(body, event)
    if account is None:
        return None
    view = _inside(event, "view")
    look, version = _text(view, "private_metadata"), _text(view, "hash")
    return Opened(account, _text(event, "tab") == "home", look, version)


def changed(body: Body) -> Changed | None:
    """Return what is new about a person of the installation."""
    user = _inside(_inside(body, "event"), "user")
    tenant = installation(body)
    return person(Account(PLATFORM, tenant, _text(user, "id")), user) if tenant else None


def person(account: Account, user: Body) -> Changed | None:
    """Return what Slack's description of a user says that matters to us."""
    if not account.user or user.get("is_bot") is True:
        return None
    zone, locale = _text(user, "tz"), _text(user, "locale").partition("-")[0]
    return Changed(account, zone, locale, user.get("deleted") is True)


def press(body: Body) -> Heard | None:
    """Return which of our buttons was pressed."""
    actions = body.get("actions")
    action = actions[0] if isinstance(actions, list) and actions else None
    account = _actor(body)
    address = Address.read(action.get("value")) if isinstance(action, Mapping) else None
    if account is None or address is None or not isinstance(action, Mapping):
        return None
    place = _inside(body, "container")
    named = (_text(place, "message_ts"), _text(place, "view_id"), _text(action, "action_ts"))
    return Heard(
        account,
        Pressed(address.item, address.action),
        _name("press", account, *named, address.written()),
        address.pair or None,
        _text(_inside(body, "channel"), "id") or _text(place, "channel_id"),
        _text(body, "trigger_id"),
    )


def filled(body: Body) -> Heard | None:
    """Return a form that was sent. A form that was mended and is sent again is a new one.

    Slack gives both the same id and hash, so the answers belong to the name; the hash, which is
    nobody's to guess, keeps them from being guessed from it.
    """
    view, account = _inside(body, "view"), _actor(body)
    carried = Carried.read(view.get("private_metadata"))
    if account is None or not carried.item or _text(view, "callback_id") != forms.FORM:
        return None
    answers = forms.answers(view, carried)
    named = (_text(view, "id"), _text(view, "hash"), carried.item, repr(sorted(answers.items())))
    return Heard(
        account,
        Submitted(carried.item, answers),
        _name("form", account, *named),
        carried.pair or None,
        trigger=_text(body, "trigger_id"),
    )


def command(body: Body) -> Heard | None:
    """Return what was said behind our command; alone, it asks where one stands."""
    account = _actor(body)
    if account is None or _text(body, "command") != COMMAND:
        return None
    words = unescaped(_text(body, "text")).strip()[:MOST_LETTERS]
    input: Input = Said(words) if words else Asked("status")
    trigger = _text(body, "trigger_id")
    return Heard(account, input, _name("command", account, trigger, words), trigger=trigger)


def shortcut(body: Body) -> Heard | None:
    """Return which of our shortcuts was chosen."""
    account, chosen = _actor(body), _text(body, "callback_id")
    if account is None or chosen not in SHORTCUTS:
        return None
    trigger = _text(body, "trigger_id")
    named = _name("shortcut", account, trigger, _text(body, "action_ts"), chosen)
    return Heard(account, Asked(chosen), named, trigger=trigger)


def installation(body: Body) -> str:
    """Return where we are installed: an organisation, or a workspace; nothing if nobody says."""
    given = body.get("authorizations")
    first = given[0] if isinstance(given, list) and given and isinstance(given[0], Mapping) else {}
    whole = first.get("is_enterprise_install", body.get("is_enterprise_install"))
    if whole is True or whole == "true":
        named = _text(first, "enterprise_id"), *_names(body, "enterprise")
    else:
        inside = _text(_inside(body, "view"), "app_installed_team_id")
        named = _text(first, "team_id"), inside, *_names(body, "team")
    return next((name for name in named if name), "")


def unescaped(text: str) -> str:
    """Return words as they were typed: Slack escapes three signs, and marks links and names."""
    words = LINK.sub(_written, text)
    return words.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _written(found: re.Match[str]) -> str:
    """Return what someone typed that Slack made a link of."""
    target, label = found[1], found[2] or ""
    mark = target[:1]
    if mark in {"@", "#"}:
        return mark + (label or target[1:])
    if mark == "!":
        return label or "@" + target[1:].partition("^")[0]
    return label or target.removeprefix("mailto:")


def _author(body: Body, event: Body) -> Account | None:
    """Return who caused an event, if they are of the organisation that installed us."""
    tenant, user = installation(body), _text(event, "user")
    home = set(_names(body, "team") + _names(body, "enterprise")) - {""}
    theirs = {_text(event, name) for name in ("team", "user_team", "source_team")} - {""}
    stranger = body.get("is_ext_shared_channel") is True or not theirs <= home
    return None if stranger or not tenant or not user else Account(PLATFORM, tenant, user)


def _actor(body: Body) -> Account | None:
    """Return who pressed, sent or commanded, if they are of the organisation that installed us."""
    tenant = installation(body)
    user = _inside(body, "user")
    who = _text(user, "id") or _text(body, "user_id")
    theirs = _text(user, "team_id")
    home = {tenant, *_names(body, "team"), *_names(body, "enterprise")}
    stranger = theirs not in {"", *home} and tenant not in _names(body, "enterprise")
    return None if stranger or not tenant or not who else Account(PLATFORM, tenant, who)


def _names(body: Body, kind: str) -> tuple[str, ...]:
    """Return the workspace or organisation of an envelope, wherever its kind of payload says it."""
    return _text(body, f"{kind}_id"), _text(_inside(body, kind), "id")


def _delivery(body: Body, event: Body) -> str:
    """Return the name of an event; the same event twice is one."""
    named = _text(body, "event_id") or repr((_text(event, "channel"), _text(event, "ts")))
    return f"slack:event:{installation(body)}:{named}"


def _name(kind: str, account: Account, *parts: str) -> str:
    look = blake2s(repr((account.tenant, account.user, parts)).encode("utf-8", "replace"))
    return f"slack:{kind}:{look.hexdigest()}"


def _inside(body: Body, name: str) -> Body:
    found = body.get(name)
    return found if isinstance(found, Mapping) else {}


def _text(body: Body, name: str) -> str:
    found = body.get(name)
    return clean(found) if isinstance(found, str) else ""
