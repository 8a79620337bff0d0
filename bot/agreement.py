"""Two people agree: sealed drafts, opened together, then versions until both have signed the same.

Nobody sees the other's draft before leaving their own, because the senior voice must not set the
tone. To word a version is to sign it; to counter is to word another. What both have signed stays in
force until both have signed another (INV-6).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.journal import Entry, PersonId
    from bot.people import Pair, Person


class Stage(Enum):
    """Where an agreement is, as one of the two sees it."""

    DRAFT = "mine is missing"
    SEALED = "mine is in, theirs is missing"
    OPENED = "both are in, no version yet"
    REPLY = "a version awaits my answer"
    STANDING = "I have signed the latest version, they have not"
    AGREED = "both have signed the latest version"


@dataclass(frozen=True, slots=True)
class Agreement:
    """What the journal amounts to for something two people agree on. All its parts are entries.

    `history` holds the signatures with which each version came into force.
    """

    drafts: Mapping[PersonId | None, Entry] = field(default_factory=dict)
    opened: Entry | None = None
    versions: int = 0
    latest: Entry | None = None
    signed: frozenset[PersonId | None] = frozenset()
    agreed: Entry | None = None
    sealed: Entry | None = None
    history: tuple[Entry, ...] = ()

    @property
    def first(self) -> Entry | None:
        """The signature with which the first version came into force."""
        return self.history[0] if self.history else None

    def draft(self, entry: Entry) -> Agreement:
        """Someone left their draft, in place of any earlier one; the second opens both."""
        drafts = {**self.drafts, entry.by: entry}
        opened = self.opened or (entry if len(drafts) > 1 else None)
        return replace(self, drafts=drafts, opened=opened)

    def word(self, entry: Entry) -> Agreement:
        """Someone worded a version, and so signed it. The programme signs nothing."""
        signed: frozenset[PersonId | None] = frozenset({entry.by} - {None})
        return replace(self, versions=self.versions + 1, latest=entry, signed=signed)

    def sign(self, entry: Entry, version: int) -> Agreement:
        """Someone signed a version, by its number. Only the latest can be signed."""
        if self.latest is None or self.latest.no != version:
            return self
        signed = self.signed | {entry.by}
        if len(signed) < 2:  # noqa: PLR2004  # there are two of them
            return replace(self, signed=signed)
        history = (*self.history, entry)
        return replace(self, signed=signed, agreed=self.latest, sealed=entry, history=history)

    def stage(self, me: Person) -> Stage:
        """Return where it is, as I see it."""
        if me.id not in self.drafts:
            return Stage.DRAFT
        if self.opened is None:
            return Stage.SEALED
        if self.latest is None:
            return Stage.OPENED
        if self.latest is self.agreed:
            return Stage.AGREED
        return Stage.STANDING if me.id in self.signed else Stage.REPLY

    def theirs(self, pair: Pair, me: Person) -> Entry | None:
        """Return the partner's draft, once both are open; before that there is none to see."""
        return self.drafts.get(pair.partner(me).id) if self.opened else None
