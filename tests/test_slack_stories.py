"""The stories, told off the paper: each gives the transcript it gives there (A20).

Some of them in every run, all of them everywhere with STORIES=all.
"""

from __future__ import annotations

import inspect
import os
from typing import TYPE_CHECKING

import pytest

from tests import test_booking, test_journey, test_stories, test_term
from tests.slack_stage import WAYS, on_stage
from tests.stage import TRANSCRIPTS, compare

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FunctionType

    from _pytest.mark import ParameterSet

    from tests.databases import Files

pytest_plugins = ("tests.databases",)


HALF_YEAR = "a_pair_that_does_well_comes_to_a_good_ending"
JOURNEY = "two_people_find_their_way_to_a_second_meeting"
BOOKING = "from_a_nudge_to_a_booked_meeting_in_three_presses"
TOLD = {  # in every run; on Slack, all but the half-years
    "socket": {
        JOURNEY,
        BOOKING,
        "help_status_not_now_and_a_word_nobody_understands",
        "a_form_that_moved_on_keeps_what_was_written",
    },
    "playground": {
        JOURNEY,
        BOOKING,
        "help_status_not_now_and_a_word_nobody_understands",
        "both_press_sign_on_versions_that_cross",
        "a_form_that_moved_on_keeps_what_was_written",
    },
    "halves": {HALF_YEAR, "the_senior_moves_a_meeting_while_the_junior_reads_the_card"},
}
ALL = os.environ.get("STORIES") == "all"


def stories() -> Iterator[tuple[FunctionType, str, str]]:
    """Yield every story that is compared with a transcript, with its folder and its name."""
    for module in (test_booking, test_journey, test_stories, test_term):
        for name, story in inspect.getmembers(module, inspect.isfunction):
            marks = [m for m in getattr(story, "pytestmark", ()) if m.name == "transcript"]
            if marks and story.__module__ == module.__name__:
                yield story, marks[0].args[0], name.removeprefix("test_")


def tellings() -> Iterator[ParameterSet]:
    """Yield what is told, and the way it is told."""
    for way in WAYS:
        for story, folder, name in stories():
            told = name in TOLD[way] if way in TOLD else folder != "six_months"
            if told or ALL:
                yield pytest.param(story, f"{folder}/{name}.txt", way, id=f"{way}-{name}")


@pytest.mark.parametrize(("story", "path", "way"), tuple(tellings()))
async def test_a_story_reads_everywhere_as_it_does_on_paper(
    story: FunctionType, path: str, way: str, files: Files
):
    """A20: Slack over HTTP and Socket Mode, our own page, and one half on each."""
    async with on_stage(
        files.new(f"{way}-{path}".replace("/", "-"), like="migrated"), way
    ) as stage:
        await story(stage)
        compare(TRANSCRIPTS / path, stage.transcript())
