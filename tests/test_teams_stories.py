"""The stories of the two, played through Teams: the same moves lead to the same transcripts."""

from __future__ import annotations

import inspect
import os
import re
from typing import TYPE_CHECKING

import pytest

from tests import test_journey, test_stories, test_term
from tests.databases import database, files, server  # noqa: F401
from tests.stage import TRANSCRIPTS
from tests.teams_stage import TeamsStage

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

STORIES = {
    name: story
    for module in (test_journey, test_stories, test_term)
    for name, story in vars(module).items()
    if name.startswith("test_")
    and inspect.iscoroutinefunction(story)
    and list(inspect.signature(story).parameters) == ["stage"]
}


@pytest.mark.parametrize("name", STORIES)
async def test_a_story_told_through_teams_is_the_same_story(tmp_path, files, name: str) -> None:
    story = STORIES[name]
    async with TeamsStage.open(files.new(f"story{name[5:30]}", like="migrated")) as stage:
        await story(stage)
        mark = next((m for m in getattr(story, "pytestmark", ()) if m.name == "transcript"), None)
        if mark:
            golden = TRANSCRIPTS / mark.args[0] / f"{re.sub('^test_', '', name)}.txt"
            assert stage.transcript() == golden.read_text(encoding="utf-8")
