"""Privacy by construction: every field has a class, and private words leave no trace."""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated

import pytest

from bot import facilitator
from bot.flows import purpose, reflection
from bot.inputs import Given, Said, Submitted
from bot.journal import Event, kinds
from bot.privacy import P0, P1, classes, visible

assert facilitator.FLOWS  # every event is imported before they are listed


@pytest.mark.parametrize("kind", sorted(kinds().values(), key=lambda kind: kind.name))
def test_every_field_of_every_event_has_a_class(kind: type[Event]) -> None:
    assert set(classes(kind)) == {field.name for field in fields(kind)}


def test_a_field_without_a_class_is_refused() -> None:
    class Careless(Event, name="test.careless"):
        words: str

    with pytest.raises(TypeError, match="class of privacy"):
        classes(Careless)


def test_the_partner_sees_shared_fields_only() -> None:
    class Mixed(Event, name="test.mixed"):
        mine: Annotated[str, P0]
        ours: Annotated[str, P1]

    assert visible(Mixed, mine=False) == {"ours"}
    assert visible(Mixed, mine=True) == {"mine", "ours"}


def test_words_are_in_no_repr() -> None:
    """INV-8: an exception or a log line shows names and numbers, never what was typed."""
    wrote = reflection.MentorWrote(gut="canary", worried="yes", meeting=3)
    told = [wrote, Said("canary"), Submitted("x", {"a": ("canary",)}), Given("gut", "canary")]
    for thing in told:
        assert "canary" not in repr(thing)
    assert "yes" not in repr(wrote)
    assert "meeting=3" in repr(wrote)


def test_what_is_released_is_what_was_ticked_and_nothing_else() -> None:
    draft = purpose.MenteeDrafted(
        "curious", "both", "hear", "change", unseen="own", unseen_own="canary", shows=("focus",)
    )
    released = purpose._released(draft)
    assert released == purpose.Released(focus="both")
