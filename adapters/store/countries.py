"""Countries: which one a time zone is in, for its public holidays, as the table of zones has it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def country_of(zone: str) -> str:
    """Return the country a zone is in; nothing if that is not known."""
    return _countries().get(zone, "")


def is_country(code: str) -> bool:
    """Tell whether a code in two capitals is a country's."""
    return code in _countries().values()


@cache
def _countries() -> Mapping[str, str]:
    from importlib import resources  # noqa: PLC0415  # read once, when somebody is brought in

    table = resources.files("tzdata.zoneinfo").joinpath("zone.tab").read_text("utf-8")
    rows = (line.split("\t") for line in table.splitlines() if not line.startswith("#"))
    return {row[2]: row[0] for row in rows if len(row) > 2}  # noqa: PLR2004
