"""INV-13: every requirement of the seed has a step that serves it and a test that goes there."""

from __future__ import annotations

from tests.seed import LATER, ROWS, Row, report


def test_all_57_requirements_have_a_row() -> None:
    assert len(ROWS) == 57
    assert len({row.id for row in ROWS}) == 57


def test_no_row_is_missing_a_step_or_a_test() -> None:
    assert report()[1] == []


def test_a_row_that_rots_is_found() -> None:
    assert Row("X-1", ("welcome.nowhere",), ("test_nothing",)).faults() == [
        "X-1: there is no step welcome.nowhere",
        "X-1: there is no test test_nothing",
    ]
    assert Row("X-2", (), ()).faults()
    assert not Row("X-3", (LATER,), ()).faults()
