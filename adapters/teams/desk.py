"""What each arrival is answered with: at once where Teams waits for it, in the chat otherwise.

The turn is committed before Teams is answered, so that nothing it believes delivered is lost. What
is said goes out before the cards that follow from it.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from adapters import logs
from adapters.teams import forms, outbound
from adapters.teams.inbound import Arrival, Kind
from adapters.teams.messenger import Met
from bot.cards import notice_lines
from bot.inputs import Submitted
from bot.journal import PairId

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Coroutine

    from adapters.intake import Answer, Intake
    from adapters.teams.elements import Drawn
    from adapters.teams.messenger import TeamsMessenger
    from bot.cards import Sheet
    from bot.turn import Reply

T = TypeVar("T")

log = logging.getLogger("turnabout.teams")
CARD = "application/vnd.microsoft.card.adaptive"
MESSAGE = "application/vnd.microsoft.activity.message"
REFUSED = 1000  # groups that were told already that we do not work there


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: until somebody is shown that we are at it, and what Teams waits for at most."""

    typing: float = 1.0
    invoke: float = 5.0
    message: float = 10.0


@dataclass(frozen=True, slots=True)
class Told:
    """What a request is answered with."""

    status: HTTPStatus = HTTPStatus.OK
    body: Any = None


class Desk:
    """Takes what arrives, and answers."""

    def __init__(
        self,
        intake: Intake,
        messenger: TeamsMessenger,
        say: Callable[[str, str, str], object],
        locales: Collection[str],
        patience: Patience | None = None,
    ) -> None:
        """Hand in what comes, and answer.

        `say` has our own words: file, key and locale. `locales` are those we have words in.
        """
        self._intake = intake
        self._messenger = messenger
        self._general = say
        self._locales = locales
        self._patience = patience or Patience()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._refused: dict[str, None] = {}

    async def settled(self) -> None:
        """Wait until everything has been said."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    # What is answered in the chat

    async def heard(self, arrival: Arrival) -> Told:
        """Take what is answered in the chat, if at all; 503 asks Teams to send it again."""
        task = await self._within(self._patience.message, self._hear(arrival))
        if task is None or task.exception():
            return Told(HTTPStatus.SERVICE_UNAVAILABLE)
        return Told()

    async def _hear(self, arrival: Arrival) -> None:
        """Take an arrival. What is said goes out before the cards, and is not waited for."""
        said = self._messenger.ahead(arrival.account)
        try:
            say = await self._typing(arrival, self._take_in(arrival))
        except BaseException:
            said.set_result(None)
            raise
        self._start(self._speak(arrival, say, said))

    async def _speak(self, arrival: Arrival, say: Drawn | None, said: asyncio.Future[None]) -> None:
        try:
            if say:
                await self._messenger.say(arrival.account, say)
        finally:
            said.set_result(None)

    async def _take_in(self, arrival: Arrival) -> Drawn | None:
        """Take an arrival; return what is to be said in the chat."""
        match arrival.kind:
            case Kind.WENT:
                await self._messenger.left(arrival.account)
            case Kind.STAYED:
                await self._met(arrival)
            case Kind.CAME:
                return await self._welcome(arrival)
            case Kind.ELSEWHERE:
                await self._refuse(arrival)
            case Kind.HOME:
                return await self._home(arrival)
            case Kind.SAID | Kind.PRESSED:
                return self._spoken(arrival, await self._take(arrival))
        return None

    async def _welcome(self, arrival: Arrival) -> Drawn | None:
        """Let someone's pairs go on, or tell a stranger once how to come in."""
        match await self._met(arrival):
            case Met.KNOWN:
                await self._intake.came(arrival.account)
            case Met.NEW:
                return self._notice(arrival, self._say(arrival, "not_joined"))
        return None

    async def _refuse(self, arrival: Arrival) -> None:
        """Say once in a group that we do not work there; nobody is named and nothing is taken."""
        address = arrival.address
        if address is None or address.conversation in self._refused:
            return
        self._refused[address.conversation] = None
        if len(self._refused) > REFUSED:
            self._refused.pop(next(iter(self._refused)))
        say = self._notice(arrival, self._say(arrival, "elsewhere"))
        self._start(self._messenger.say_at(address, say))

    async def _home(self, arrival: Arrival) -> Drawn | None:
        """Return Home of the pair that was meant: all that is there, under the card."""
        await self._met(arrival)
        homes = dict(await self._intake.homes(arrival.account))
        pair = PairId(arrival.pair or "")
        if pair not in homes:
            return None
        drawn = outbound.home(homes[pair], pair, dialogs=self._messenger.dialogs)
        return outbound.told(drawn, self._say(arrival, "answered"))

    def _spoken(self, arrival: Arrival, answer: Answer) -> Drawn | None:
        reply = answer.reply
        if reply.sheet:
            form = forms.form(reply.sheet, reply.pair or "", self._words(arrival, reply))
            return outbound.told(form, self._say(arrival, "answered"))
        return self._notice(arrival, reply.notice) if reply.notice else None

    def _notice(self, arrival: Arrival, text: str) -> Drawn:
        return outbound.told(outbound.notice(notice_lines(text)), self._say(arrival, "answered"))

    async def _typing(self, arrival: Arrival, job: Awaitable[T]) -> T:
        """Wait for something; show that we are at it when it takes a while.

        Showing it is not waited for: a slow Teams would hold back its own acknowledgement.
        """
        task = asyncio.ensure_future(job)
        done, _ = await asyncio.wait({task}, timeout=self._patience.typing)
        if not done and arrival.address:
            self._start(self._messenger.say_at(arrival.address, {"type": "typing"}))
        return await task

    # What is answered at once

    async def invoked(self, arrival: Arrival) -> Told:
        """Answer an invoke within the time Teams gives us, whatever happens."""
        if arrival.kind is Kind.UNKNOWN:
            return Told(HTTPStatus.NOT_IMPLEMENTED)
        if arrival.kind is Kind.ELSEWHERE:
            return self._message(arrival, self._say(arrival, "elsewhere"))
        if arrival.kind is Kind.HOME:
            self._start(self._hear(arrival))
            return self._message(arrival, self._say(arrival, "below"))
        task = await self._within(self._patience.invoke, self._take(arrival))
        if task is None:
            slow = "slow_form" if arrival.kind is Kind.SENT else "slow"
            return self._not_taken(arrival, self._say(arrival, slow))
        if task.exception():
            return self._not_taken(arrival, self._say(arrival, "again"))
        return self._shown(arrival, task.result())

    def _shown(self, arrival: Arrival, answer: Answer) -> Told:
        reply = answer.reply
        if reply.sheet:
            return self._form(arrival, reply, reply.sheet)
        if reply.notice or reply.repeat:
            said = reply.notice or self._say(arrival, "repeat")
            return (self._over_with if reply.taken else self._not_taken)(arrival, said)
        if arrival.kind is Kind.SENT:
            return Told()  # which closes the dialog
        if arrival.kind is Kind.PRESSED and answer.card and answer.ref == arrival.message:
            dialogs = self._messenger.dialogs
            return _execute(CARD, outbound.card(answer.card, reply.pair or "", dialogs=dialogs))
        return self._over_with(arrival, self._say(arrival, "done"))

    def _over_with(self, arrival: Arrival, text: str) -> Told:
        """Say that something is taken; of a form in the chat nothing else is left to press."""
        if arrival.kind is Kind.PRESSED and isinstance(arrival.input, Submitted):
            return _execute(CARD, outbound.notice(notice_lines(text)))
        return self._message(arrival, text)

    def _not_taken(self, arrival: Arrival, text: str) -> Told:
        """Say that something is not taken, or not yet: a form stays open with what was typed."""
        window = forms.again(arrival.sent, text) if arrival.kind is Kind.SENT else None
        return _dialog("continue", window) if window else self._message(arrival, text)

    def _form(self, arrival: Arrival, reply: Reply, sheet: Sheet) -> Told:
        pair, words = reply.pair or "", self._words(arrival, reply)
        if arrival.kind is Kind.PRESSED:
            return _execute(CARD, forms.form(sheet, pair, words))
        return _dialog("continue", forms.dialog(sheet, pair, words))

    def _message(self, arrival: Arrival, text: str) -> Told:
        """Say it at once; what is more than a sentence, such as a link, is said in the chat."""
        if any(kind != "text" for kind, _ in notice_lines(text)):
            self._start(self._messenger.say(arrival.account, self._notice(arrival, text)))
            text = self._say(arrival, "below")
        if arrival.kind in {Kind.OPENED, Kind.SENT}:
            return _dialog("message", text)
        return _execute(MESSAGE, text)

    # What both need

    async def _take(self, arrival: Arrival) -> Answer:
        if arrival.input is None:
            raise ValueError(arrival.kind)
        known = await self._met(arrival) is Met.KNOWN
        answer = await self._intake.take(arrival.account, arrival.input, arrival.id, arrival.pair)
        if not known:
            await self._met(arrival)  # by now they may have joined
        return answer

    async def _met(self, arrival: Arrival) -> Met:
        if arrival.address is None:
            raise ValueError(arrival.kind)
        place = arrival.place  # who reads what we do not speak keeps the language they have
        if place.locale not in self._locales:
            place = replace(place, locale="")
        return await self._messenger.met(arrival.account, arrival.address, place)

    def _say(self, arrival: Arrival, key: str) -> str:
        return str(self._general("notices", key, arrival.place.locale))

    def _words(self, arrival: Arrival, reply: Reply) -> Callable[[str], str]:
        """Return the platform's own words, by their keys, for who reads them where they are."""
        locale = reply.me.locale if reply.me else arrival.place.locale
        zone = reply.me.zone if reply.me else arrival.place.zone
        place = zone.rpartition("/")[2].replace("_", " ")
        return lambda key: str(self._general("teams", key, locale)).format(place=place)

    async def _within(self, seconds: float, job: Coroutine[Any, Any, T]) -> asyncio.Task[T] | None:
        """Return a job once it is over, or None if it takes longer, and then let it go on."""
        task = self._start(job)
        await asyncio.wait({task}, timeout=seconds)
        return task if task.done() else None

    def _start(self, job: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(job)
        self._tasks.add(task)
        task.add_done_callback(self._over)
        return task

    def _over(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("an activity was not taken", extra=logs.of(error))


def _execute(kind: str, value: object) -> Told:
    return Told(body={"statusCode": 200, "type": kind, "value": value})


def _dialog(kind: str, value: object) -> Told:
    return Told(body={"task": {"type": kind, "value": value}})
