"""Home tabs: right when they are looked at, and published only when they change."""

from __future__ import annotations

from tests.fake_slack import words
from tests.slack_people import SlackPerson
from tests.slack_world import both_say_yes

pytest_plugins = ("tests.slack_fixtures",)

JSON = "application/json"


async def test_home_is_published_once_while_it_looks_the_same(here) -> None:
    """A17, T10."""
    for _ in range(3):
        await here.ada.opens_home()
        await here.settled()
    assert here.fake.count("views.publish") == 1
    await here.ada.opens_home(tab="messages")
    await here.ada.presses("Yes, I would like to")
    await here.settled()
    assert here.fake.count("views.publish") == 1, "the chat is open, so Home need not be right"
    await here.ada.opens_home()
    await here.settled()
    assert here.fake.count("views.publish") == 2


async def test_a_press_in_home_is_seen_there_and_its_words_come_in_a_window(here) -> None:
    await both_say_yes(here)
    await here.ada.opens_home()
    await here.settled()
    button = here.ada.in_home("Tell me more")
    await here.ada.acts(button, None)
    await here.settled()
    assert "submit" not in here.ada.user.window
    assert not here.ada.whispers
    before = here.ada.user.home["private_metadata"]
    await here.ada.acts(here.ada.in_home("Start my draft"), None)
    await here.settled()
    await here.ada.fills(why="heard", focus="both", aim="hear", effect="speak_up")
    await here.settled()
    assert here.ada.user.home["private_metadata"] != before


async def test_two_who_publish_home_at_once_end_at_the_newest(here) -> None:
    """A17: whoever loses looks at everything anew."""
    await here.ada.opens_home()
    await here.settled()
    here.ada.user.home["hash"] = "another process was here"
    here.ada.user.home["private_metadata"] = "older"
    await here.ada.presses("Yes, I would like to")
    await here.settled()
    assert here.fake.refused == ["views.publish: hash_conflict"]
    here.fake.refused.clear()
    shown = here.ada.user.home
    await here.ada.opens_home()
    await here.settled()
    assert here.ada.user.home is shown


async def test_a_home_that_slack_would_not_take_is_shown_at_the_next_move(here) -> None:
    """A17: what was refused is not on the screen, however often it was drawn."""
    await here.ada.opens_home()
    await here.settled()
    before = here.ada.user.home["private_metadata"]
    here.fake.troubles["views.publish"] = ["full:1"]
    await here.ada.presses("Yes, I would like to")
    await here.settled()
    assert here.ada.user.home["private_metadata"] == before
    here.patience.seconds += 60
    await here.ada.commands("status")
    await here.settled()
    assert here.ada.user.home["private_metadata"] != before


async def test_what_was_published_over_a_newer_home_is_what_it_looks_like(here) -> None:
    """A17: it is drawn anew for that, and is not published a second time."""
    await here.ada.opens_home()
    await here.settled()
    here.ada.user.home["hash"] = "another process was here"
    homes = here.slack._homes
    view, drawn = homes._view, []

    async def changing(account):
        drawn.append(await view(account))
        return {**drawn[-1], "private_metadata": f"look {min(len(drawn), 2)}"}

    homes._view = changing
    for _ in range(2):
        await homes.again(here.accounts[0])
    assert here.ada.user.home["private_metadata"] == "look 2"
    assert here.fake.count("views.publish") == 3
    here.fake.refused.clear()


async def test_a_stranger_sees_a_home_that_says_what_to_do(here) -> None:
    eve = SlackPerson(here.fake, here.door, "UEVE")
    await eve.opens_home()
    await here.settled()
    assert "invitation code" in words(eve.user.home["blocks"])
