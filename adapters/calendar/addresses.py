"""The addresses we hand out: a meeting's file, a calendar to subscribe to, an assistant's page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.journal import PairId, PersonId

if TYPE_CHECKING:
    from datetime import datetime

    from adapters.calendar.occasions import Occasion
    from adapters.calendar.signed import Signer
    from adapters.store.placings import Placing

FILE, PAGE = "meeting", "placing"
OUTLIVES = timedelta(days=1)  # how long after a meeting its file is still there


@dataclass(frozen=True, slots=True)
class Addresses:
    """Below a public address; without one they lead to this server, as in the playground."""

    url: str
    signer: Signer

    def lead_from(self, platform: str) -> bool:
        """Tell whether they lead anywhere from there: from our own pages they always do."""
        return bool(self.url) or platform == "web"

    def file(self, pair: PairId, me: PersonId, meeting: Occasion) -> str:
        """Return where one of the two finds a meeting. The same for as long as its time is."""
        until = meeting.end + OUTLIVES
        word = self.signer.sign(FILE, until, pair, me, str(meeting.no))
        return f"{self.url}/cal/once/{word}.ics"

    def feed(self, token: str) -> str:
        """Return where someone's calendar is to be subscribed to."""
        return f"{self.url}/cal/{token}.ics"

    def page(self, asked: Placing) -> str:
        """Return the page on which an assistant marks what suits."""
        return f"{self.url}/cal/times/{self.signer.sign(PAGE, asked.until, asked.id)}"

    def filed(self, word: str, now: datetime) -> tuple[PairId, PersonId, int] | None:
        """Return whose meeting a file's address means, if we signed it and it still holds."""
        parts = self.signer.read(FILE, word, now)
        return (PairId(parts[0]), PersonId(parts[1]), int(parts[2])) if parts else None

    def asked(self, word: str, now: datetime) -> str | None:
        """Return which placing a page's address means, if we signed it and it still holds."""
        parts = self.signer.read(PAGE, word, now)
        return parts[0] if parts else None
