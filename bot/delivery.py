"""Cards going out: the one card someone should see, compared with the one they do see.

Nothing is queued, so nothing can be doubled or go stale: what is missing is found by comparing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta

    from bot.cards import Card

FOREVER = datetime(9999, 1, 1, tzinfo=UTC)


class NotSent(Exception):  # noqa: N818  # it says what is certain: nothing arrived
    """A platform refused: nothing was sent. `wait` is how long to leave it, None for good.

    Any other failure of a messenger leaves it open whether the message arrived.
    """

    def __init__(self, wait: timedelta | None) -> None:
        super().__init__("not sent")
        self.wait = wait


class Owed(Enum):
    """Whether someone is owed their card now, because they acted, and where it goes."""

    NOTHING = ""
    IN_PLACE = "place"
    AGAIN = "again"


@dataclass(frozen=True, slots=True)
class Claim:
    """A change on its way: the name it is sent under, how it looks, and until when it may take.

    `owed` is what was owed when it was claimed, and is owed again if it never arrives. `ref` is the
    message it changes; empty for one that arrives anew.
    """

    key: str
    revision: str
    digest: str
    until: datetime
    owed: Owed = Owed.NOTHING
    ref: str = ""


@dataclass(frozen=True, slots=True)
class Posted:
    """What is on someone's screen, and what is on its way there.

    `ref` is the platform's name for the message, empty before the first one, and where nobody can
    tell whether it arrived. Until `hold` the platform wants to be left alone; `FOREVER` is until
    they come back.
    """

    ref: str = ""
    revision: str = ""
    digest: str = ""
    owed: Owed = Owed.NOTHING
    claim: Claim | None = None
    hold: datetime | None = None


@dataclass(frozen=True, slots=True)
class Post:
    """A card that arrives at the end of the chat; the one before it is left without buttons."""

    card: Card
    retire: str = ""


@dataclass(frozen=True, slots=True)
class Update:
    """A card that changes in place."""

    card: Card
    ref: str


@dataclass(frozen=True, slots=True)
class Settle:
    """A change whose sender never came back: to be looked for before anything else is sent."""

    claim: Claim


Change = Post | Update | Settle


def is_newer(revision: str, seen: str) -> bool:
    """Tell whether there is news on a card since what was seen: revisions count entries."""
    return revision.isdecimal() and seen.isdecimal() and int(revision) > int(seen)


def reconcile(wanted: Card | None, posted: Posted) -> Post | Update | None:
    """Return the one change that makes the screen right, if it is not right already.

    What I did changes the card under my finger; what the other did, or the clock, arrives anew.
    """
    if wanted is None:
        return None
    if posted.owed is Owed.AGAIN or not posted.revision:
        return Post(wanted, posted.ref)
    quiet = not is_newer(wanted.revision, posted.revision) or wanted.resting
    if quiet and posted.digest == wanted.digest:
        return None
    if posted.ref and (quiet or posted.owed is Owed.IN_PLACE):
        return Update(wanted, posted.ref)
    if quiet and posted.owed is Owed.NOTHING:
        return None  # it may be there already, and is not worth a second message
    return Post(wanted, posted.ref)
