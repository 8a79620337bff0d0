"""What calendars hand to somebody who asks in the conversation: a notice, with their own links.

The core knows what may be asked for; the addresses are known here alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from adapters.calendar.words import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.calendar.calendars import Calendars
    from bot.people import Pair, Person


@dataclass(frozen=True, slots=True)
class Handouts:
    """Words a handout: each answers with what is said to who asked, and to nobody else."""

    calendars: Calendars

    async def __call__(self, key: str, pair: Pair, me: Person, platform: str) -> str:
        """Return what is handed out under this name. Raises KeyError for one there is none of."""
        words = Words(self.calendars.book, me.locale)
        leads = self.calendars.addresses.lead_from(platform)
        match key:
            case "calendar":
                return self._calendar(pair, me, words, leads=leads)
            case "feed_end":
                await self.calendars.unsubscribe(me.id)
            case "assistant_end":
                await self.calendars.ask_no_more(pair.id, me.id)
            case "feed" | "assistant" if not leads:
                return words("hand_nowhere")
            case "feed":
                return _said(
                    words, "hand_feed", {"hand_feed_open": await self.calendars.subscribe(me.id)}
                )
            case "assistant":
                page = await self.calendars.ask_assistant(pair, me)
                if not page:
                    return words("hand_assistant_none")
                return _said(words, "hand_assistant", {"hand_assistant_open": page})
        return words(f"hand_{key}")

    def _calendar(self, pair: Pair, me: Person, words: Words, *, leads: bool) -> str:
        added = self.calendars.to_add(pair, me)
        if added is None:
            return words("hand_calendar_none")
        file = {"add_file": added.file} if leads else {}
        when = words.when("moment", added.start, me.zone)
        links = {**file, "add_google": added.google, "add_outlook": added.outlook}
        return _said(words, "hand_calendar", moment=when, links=links)


def _said(words: Words, key: str, links: Mapping[str, str], moment: str = "") -> str:
    """Return a notice with links below it, each under the name its words have."""
    rows = (f"» {words(name)} {url}" for name, url in links.items())
    return "\n".join((words(key).format(moment=moment), *rows))
