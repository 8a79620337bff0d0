"""The stories of the two, played through Teams: the same moves lead to the same transcripts.

`STORIES=all` plays every story there is.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import re
from typing import TYPE_CHECKING

import pytest

from adapters.store.migrate import upgrade
from tests import test_booking, test_journey, test_stories, test_term
from tests.mixed_stage import MixedStage
from tests.stage import TRANSCRIPTS
from tests.teams_stage import TeamsStage

if TYPE_CHECKING:
    from pathlib import Path

ALL = os.environ.get("STORIES") == "all"
JOURNEY = "test_two_people_find_their_way_to_a_second_meeting"
TERM = "test_a_pair_that_does_well_comes_to_a_good_ending"
FEW = {
    JOURNEY,
    "test_help_status_not_now_and_a_word_nobody_understands",
    "test_both_press_sign_on_versions_that_cross",
    "test_a_form_that_moved_on_keeps_what_was_written",
    "test_from_a_nudge_to_a_booked_meeting_in_three_presses",
    "test_one_typed_line_and_a_press_invite_and_words_accept",
}
STORIES = {
    name: story
    for module in (test_booking, test_journey, test_stories, test_term)
    for name, story in vars(module).items()
    if name.startswith("test_")
    and inspect.iscoroutinefunction(story)
    and list(inspect.signature(story).parameters) == ["stage"]
    and any(mark.name == "transcript" for mark in getattr(story, "pytestmark", ()))
    and (ALL or name in FEW | {TERM})
}


@pytest.mark.parametrize("name", STORIES if ALL else sorted(FEW))
async def test_a_story_told_through_teams_is_the_same_story(tmp_path: Path, name: str) -> None:
    await told(tmp_path, name)


@pytest.mark.parametrize("name", STORIES if ALL else [JOURNEY])
async def test_it_is_the_same_story_where_the_other_sits_elsewhere(
    tmp_path: Path, name: str
) -> None:
    await told(tmp_path, name, mixed=True)


@pytest.mark.parametrize("on_slack", ["ben", "ada"] if ALL else ["ben"])
@pytest.mark.parametrize("name", STORIES if ALL else [TERM])
async def test_it_is_the_same_story_where_one_of_them_is_on_slack(
    tmp_path: Path, name: str, on_slack: str
) -> None:
    """INV-14: a term from the welcome to the closing, through both doors."""
    async with MixedStage.between(f"sqlite:///{tmp_path}/story.db", on_slack) as stage:
        await plays(stage, name)


async def told(folder: Path, name: str, *, mixed: bool = False) -> None:
    """Tell a story, and compare it with how it was told on paper."""
    url = f"sqlite:///{folder}/story.db"
    await asyncio.to_thread(upgrade, url)
    async with TeamsStage.open(url, mixed=mixed) as stage:
        await plays(stage, name)


async def plays(stage: TeamsStage, name: str) -> None:
    story = STORIES[name]
    await story(stage)
    mark = next((m for m in getattr(story, "pytestmark", ()) if m.name == "transcript"), None)
    if mark:
        golden = TRANSCRIPTS / mark.args[0] / f"{re.sub('^test_', '', name)}.txt"
        assert stage.transcript() == golden.read_text(encoding="utf-8")
