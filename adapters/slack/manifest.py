"""The manifest: what Slack asks about an app before it makes one, said out of what we listen to.

We ask for nothing but our own direct messages: never channels, groups, or other people's chats.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from adapters.slack import inbound
from adapters.slack.installing import BACK
from adapters.slack.removal import REMOVALS
from adapters.slack.wire import PATH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SCOPES = frozenset({"chat:write", "commands", "im:history", "im:write", "users:read"})
EMAIL = "users:read.email"  # only where people are to be known by their address at work
EVENTS = ("app_home_opened", "message.im", "user_change", *REMOVALS)
NAMED = 10  # commands that the hint beside ours names; `help` names them all
COLOUR = "#2b4c5e"


def manifest(
    words: Callable[[str], str],
    commands: Iterable[str],
    *,
    public: str = "",
    many: bool = False,
    email: bool = False,
) -> dict[str, Any]:
    """Return the manifest of an app that is reached at `public`, or else over Socket Mode.

    `many` lets other workspaces install as well; their tokens then run out and are renewed.
    """
    here = {"request_url": public + PATH} if public else {}
    return {
        "_metadata": {"major_version": 2, "minor_version": 0},
        "display_information": {
            "name": words("app.name"),
            "description": words("app.description"),
            "long_description": words("app.long"),
            "background_color": COLOUR,
        },
        "features": _features(words, commands, public),
        "oauth_config": {
            **({"redirect_urls": [public + BACK]} if many else {}),
            "scopes": {"bot": sorted(SCOPES | {EMAIL} if email else SCOPES)},
        },
        "settings": {
            "event_subscriptions": {**here, "bot_events": sorted(EVENTS)},
            "interactivity": {"is_enabled": True, **here},
            "org_deploy_enabled": many,
            "socket_mode_enabled": not public,
            "token_rotation_enabled": many,
        },
    }


def _features(
    words: Callable[[str], str], commands: Iterable[str], public: str
) -> dict[str, object]:
    command = {
        "command": inbound.COMMAND,
        **({"url": public + PATH} if public else {}),
        "description": words("command"),
        "usage_hint": " | ".join([*commands][:NAMED]),
        "should_escape": False,
    }
    return {
        "app_home": {
            "home_tab_enabled": True,
            "messages_tab_enabled": True,
            "messages_tab_read_only_enabled": False,
        },
        "bot_user": {"display_name": words("app.name"), "always_online": True},
        "slash_commands": [command],
        "shortcuts": [_shortcut(words, name) for name in inbound.SHORTCUTS],
    }


def _shortcut(words: Callable[[str], str], name: str) -> dict[str, str]:
    return {
        "name": words(f"shortcut.{name}"),
        "type": "global",
        "callback_id": name,
        "description": words(f"shortcut.{name}.gloss"),
    }
