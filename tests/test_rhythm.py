"""Month after month, in every zone: no reminder twice, none missing, none at night.

RHYTHM=all lives every month from 2026 to 2040 in each of them, which takes minutes.
"""

from __future__ import annotations

import os

import pytest

from tests import rhythm

ZONES = rhythm.zones()
MONTHS = list(rhythm.months())
SAMPLE = 2


def test_every_name_there_is_is_lived_somewhere() -> None:
    names = [name for same in ZONES.values() for name in same]
    assert len(names) == len(set(names)) > 500


@pytest.mark.parametrize("zone", ZONES)
def test_whoever_does_not_book_is_reminded_by_day_and_of_each_thing_once(zone: str) -> None:
    no = list(ZONES).index(zone)
    some = (
        MONTHS
        if os.environ.get("RHYTHM")
        else [MONTHS[(no * 13 + 80 * n) % len(MONTHS)] for n in range(SAMPLE)]
    )
    assert [told for met in some if (told := rhythm.amiss(zone, met))] == []
