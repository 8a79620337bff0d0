"""Two people agree: what is sealed, what is opened, what is signed."""

from __future__ import annotations

from bot import cards, facilitator
from bot.flows import charter, purpose, welcome
from bot.flows.reflection import MentorWrote
from bot.inputs import Pressed, Submitted
from bot.people import Pair
from tests.stage import BOOK, MONDAY
from tests.walk import begun


def card_and_home(pair: Pair, me: object) -> str:
    person = next(p for p in pair.people if p == me)
    reader = cards.Reader.of(pair, person, MONDAY, BOOK)
    return repr(cards.card(reader)) + repr(cards.home(reader))


def test_a_signature_under_an_older_version_counts_for_nothing() -> None:
    pair = begun()
    ada, ben = pair.people
    for me in pair.people:
        pair = pair.with_events((purpose.Released(),), me.id, MONDAY)
    pair = pair.with_events((purpose.Worded("First"),), ada.id, MONDAY)
    first = pair.journal[-1].no
    pair = pair.with_events((purpose.Worded("Second"),), ada.id, MONDAY)
    pair = pair.with_events((purpose.Signed(first),), ben.id, MONDAY)
    assert purpose.agreed(pair) is None
    pair = pair.with_events((purpose.Signed(first + 1),), ben.id, MONDAY)
    agreed = purpose.agreed(pair)
    assert agreed
    assert getattr(agreed.event, "text", "") == "Second"


def test_a_released_draft_is_sealed_until_the_partner_has_released_theirs() -> None:
    pair = begun()
    ada, ben = pair.people
    released = purpose.Released(aim="own", aim_own="canary", effect="change")
    pair = pair.with_events((released,), ada.id, MONDAY)
    talk = pair.fold(purpose.Purpose).talk
    assert talk.theirs(pair, ben) is None
    assert "canary" not in card_and_home(pair, ben)
    pair = pair.with_events((purpose.Released(),), ben.id, MONDAY)
    talk = pair.fold(purpose.Purpose).talk
    assert talk.theirs(pair, ben)
    item = next(i for i in facilitator.inbox(pair, ben, MONDAY) if i.thread == "purpose")
    assert getattr(item.context["theirs"], "event", None) == released


def test_the_lines_for_the_charter_are_sealed_until_both_have_chosen() -> None:
    pair = begun()
    ada, ben = pair.people
    offered = charter.Offered(want="own", want_own="canary")
    pair = pair.with_events((charter.Chosen("own", want_own="canary"), offered), ada.id, MONDAY)
    item = next(i for i in facilitator.inbox(pair, ben, MONDAY) if i.thread == "charter")
    assert not any(getattr(e, "event", None) == offered for e in item.context.values())
    assert "canary" not in card_and_home(pair, ben)


def test_the_name_of_an_entry_is_opaque_and_counts_nothing_private() -> None:
    """INV-2: what else was done in private changes no name; without the salt none can be told."""
    pair = begun()
    ada, ben = pair.people
    private = pair.with_events((MentorWrote(gut="x"), MentorWrote(worried="yes")), ada.id, MONDAY)
    worded = [p.with_events((purpose.Worded("x"),), ada.id, MONDAY) for p in (pair, private)]
    assert worded[0].journal[-1].mark == worded[1].journal[-1].mark
    assert worded[0].journal[-1].no != worded[1].journal[-1].no
    other = Pair(pair.id, pair.programme, ada, ben, b"another salt").with_entries(pair.journal)
    assert not {e.mark for e in other.journal} & {e.mark for e in pair.journal}
    assert len({entry.mark for entry in private.journal}) == len(private.journal)
    assert not any(entry.mark == str(entry.no) for entry in private.journal)


def test_a_press_before_its_time_or_by_the_wrong_person_signs_nothing() -> None:
    pair = begun()
    ada, ben = pair.people
    for me in pair.people:
        pair = pair.with_events((purpose.Released(),), me.id, MONDAY)
    pen = next(i for i in facilitator.inbox(pair, ada, MONDAY) if i.thread == "purpose")
    for move in ("stock", "sign", "talk", "release", "nonsense", ""):
        decision = facilitator.handle(pair, ben, Pressed(pen.key, move), MONDAY)
        assert not decision.events
    assert not facilitator.handle(pair, ben, Submitted(pen.key, {"text": ("x",)}), MONDAY).events
    assert welcome.confirmed(pair)
