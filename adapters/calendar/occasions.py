"""Agreed meetings as a calendar knows them: derived from the journal, never stored.

Each keeps its opaque name for good, its number rises with every change, and one that was called off
stays as cancelled, so that it also goes where it had been copied to.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from hashlib import blake2s
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from bot.flows import closing
from bot.flows.meeting import Diary, Meeting, Met, Moved, Taken, may_assist
from bot.flows.place import PLACES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.journal import Entry
    from bot.people import Pair


@dataclass(frozen=True, slots=True)
class Occasion:
    """One meeting in a calendar. `sequence` rises, and `changed` moves on, with every change.

    `place` is its kind, `where` what the two typed beside it. Nothing says what it is about.
    """

    uid: str
    no: int
    sequence: int
    changed: datetime
    start: datetime
    end: datetime
    place: str = ""
    where: str = field(default="", repr=False)
    cancelled: bool = False

    def called_off(self, at: datetime) -> Occasion:
        """Return it one change later: it does not take place."""
        return replace(self, sequence=self.sequence + 1, changed=at, cancelled=True)


@dataclass(frozen=True, slots=True)
class Dates:
    """Every meeting that ever had a time, by its number, along with the diary as it stands."""

    across: ClassVar[bool] = True
    diary: Diary = field(default_factory=Diary)
    found: Mapping[int, Occasion] = field(default_factory=lambda: MappingProxyType({}))

    def see(self, entry: Entry) -> Dates:
        """Go on from one more entry."""
        diary, before = self.diary.see(entry), self.diary.current
        match entry.event:
            case Taken() if diary.current.taken is entry and diary.current.moment:
                return self._with(diary, self._agreed(diary, entry))
            case Moved() | Met(stays=False) if self._is_ahead(before, entry):
                return self._with(diary, self.found[before.no].called_off(entry.at))
        return replace(self, diary=diary)

    def _is_ahead(self, meeting: Meeting, entry: Entry) -> bool:
        """Tell whether a meeting was still to come when it was moved, or held without its date."""
        known = meeting.no in self.found and not self.found[meeting.no].cancelled
        return known and meeting.moment is not None and entry.at < meeting.moment.at

    def _with(self, diary: Diary, occasion: Occasion) -> Dates:
        return Dates(diary, MappingProxyType({**self.found, occasion.no: occasion}))

    def _agreed(self, diary: Diary, entry: Entry) -> Occasion:
        meeting, known = diary.current, self.found.get(diary.current.no)
        offer = meeting.offer.event if meeting.offer else None
        place = getattr(offer, "place", "")
        return Occasion(
            uid="",
            no=meeting.no,
            sequence=known.sequence + 1 if known else 0,
            changed=entry.at,
            start=meeting.moment.at if meeting.moment else entry.at,
            end=meeting.over or entry.at,
            place=place if place in PLACES else "",
            where=getattr(offer, "where", ""),
        )


def occasions(pair: Pair, now: datetime) -> tuple[Occasion, ...]:
    """Return every meeting the two ever agreed on, the first one first, as it stands now.

    What lay beyond an early end is called off with it, and not before it is told (INV-10). Where an
    assistant, who may see a calendar, is to see nothing, it has no place in it (CH-4).
    """
    end = closing.ended_at(pair)
    told = end if end and end <= now else None
    return tuple(_as_it_stands(pair, each, told) for each in pair.fold(Dates).found.values())


def occasion(pair: Pair, no: int, now: datetime) -> Occasion | None:
    """Return one meeting by its number, if it ever had a time."""
    return next((each for each in occasions(pair, now) if each.no == no), None)


def next_one(pair: Pair, now: datetime) -> Occasion | None:
    """Return the meeting that is agreed and not over, if there is one."""
    ahead = (each for each in occasions(pair, now) if not each.cancelled and each.end > now)
    return next(ahead, None)


def _as_it_stands(pair: Pair, each: Occasion, end: datetime | None) -> Occasion:
    if end and end <= each.start and not each.cancelled:
        each = each.called_off(end)
    if not may_assist(pair):
        each = replace(each, place="", where="")
    return replace(each, uid=_uid(pair, each.no))


def _uid(pair: Pair, no: int) -> str:
    """Return an opaque name: without the pair's salt nobody can tell whose meeting it is."""
    return blake2s(f"meeting {no}".encode(), key=pair.salt, digest_size=16).hexdigest()
