"""The maps: every joint state of every flow, as a walk finds them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stage import compare
from tests.walk import FLOWS, drawn

MAPS = Path(__file__).parent / "maps"


@pytest.mark.parametrize("flow", FLOWS)
def test_the_map_of_a_flow_is_as_we_know_it(flow: str) -> None:
    compare(MAPS / f"{flow}.txt", drawn(flow))
