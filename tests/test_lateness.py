"""Many due at once: the last comes within a minute, and a noisy tenant holds up nobody else.

`python -m tests.simulator.lateness` prints the figures for 1,000, and beside 100,000.
"""

from __future__ import annotations

from tests.simulator.lateness import GOAL, MOVED, rush

DUE, NOISY, QUIET = 200, 400, 40


def test_many_due_in_one_minute_come_within_the_next() -> None:
    found = rush(many={"one": DUE})
    assert 0 < found.late("one", 0.99) <= GOAL
    assert found.spaces["one"].doubled == 0


def test_what_a_workspace_sends_away_comes_all_the_same_and_once() -> None:
    """Nobody has a card yet, and Slack opens few chats a minute."""
    found = rush(many={"one": DUE // 2}, before=False)
    assert found.spaces["one"].refused["conversations.open"]
    assert found.late("one", 1) > GOAL
    assert found.spaces["one"].doubled == 0


def test_a_noisy_tenant_does_not_move_another_one() -> None:
    alone = rush(many={"quiet": QUIET}).late("quiet", 0.99)
    beside = rush(many={"noisy": NOISY, "quiet": QUIET})
    assert beside.late("quiet", 0.99) <= alone * MOVED
    assert len(beside.spaces["noisy"].posts) > QUIET, "it was noisy all the while"
