"""Whom a coordinator brings in, as they type it: read, and looked at for slips.

A wrong id reaches nobody, or somebody else; and nothing but `turnabout erase` takes it back.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from adapters.clock import ZONES
from adapters.coordinating import Newcomer
from adapters.settings import ADDRESS, SettingsError
from adapters.store.countries import is_country

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.settings import Settings

FIELDS = ("name", "platform", "tenant", "user", "email", "zone", "locale", "country")
GUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
EXAMPLE = "0a1b2c3d-0000-4000-8000-0a1b2c3d4e5f"
# What an id looks like, and how to say so.
IDS = {
    ("slack", "tenant"): ("[TE][A-Z0-9]+", "a workspace of Slack, such as T0123456789"),
    ("slack", "user"): ("[UW][A-Z0-9]+", "a member id of Slack, such as U0123456789"),
    ("teams", "tenant"): (GUID, f"a tenant id of Microsoft's, such as {EXAMPLE}"),
    ("teams", "user"): (GUID, f"an object id of Microsoft Entra, such as {EXAMPLE}"),
}


def read(typed: Mapping[str, object], role: str, settings: Settings) -> Newcomer:
    """Return the newcomer in a role, `mentor` or `mentee`. Raises SettingsError for a slip."""
    told = {name: str(typed[f"{role}_{name}"]).strip() for name in FIELDS}
    told["name"] = " ".join(told["name"].split())
    one = Newcomer(**(told | _written(told)))
    if not one.name:
        raise SettingsError(f"Say what they are called: --{role}.")
    if one.zone not in ZONES:
        raise SettingsError(f"{one.zone} is not a time zone. Try one such as Europe/Berlin.")
    if one.email and not ADDRESS.fullmatch(one.email):
        raise SettingsError(f"{one.email} is not an e-mail address such as ada@example.org.")
    if one.country and not is_country(one.country):
        raise SettingsError(f"{one.country} is not a country in two capitals, such as DE.")
    _look_at_ids(one, role, settings)
    return one


def _written(told: Mapping[str, str]) -> dict[str, str]:
    """Return ids as Teams writes them, whatever a portal shows."""
    ids = ("tenant", "user") if told["platform"] == "teams" else ()
    return {name: told[name].lower() for name in ids}


def _look_at_ids(one: Newcomer, role: str, settings: Settings) -> None:
    if one.platform == "web":
        if (one.user or one.tenant) and not settings.playground:
            raise SettingsError(
                f"Say where that id is: --{role}-platform slack or teams. "
                "(Without it the playground is meant, which is off here.)"
            )
        return
    if one.user and not one.tenant:
        raise SettingsError(f"Say in which workspace or tenant that is: --{role}-tenant.")
    for name, value in (("tenant", one.tenant), ("user", one.user)):
        shape, looks = IDS[one.platform, name]
        if value and not re.fullmatch(shape, value):
            raise SettingsError(f"--{role}-{name} {value} is not {looks}.")
