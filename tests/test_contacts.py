"""A named contact comes in by a code of their own, and gets what somebody chose to send them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from adapters.settings import Settings, new_key
from adapters.store import roster, tables
from bot.flows import handbook, welcome
from bot.inputs import Said
from bot.people import Account
from tests.playground import opened

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.turn import UnitOfWork

pytest_plugins = ("tests.databases",)

NOOR = Account("web", "playground", "noor")


async def test_a_letter_waits_until_the_contact_has_come_in(database: str, tmp_path) -> None:
    """PX by the same delivery: written before they were here, it arrives when they are."""
    told = Settings(database, key_text=new_key(), playground=True, data=tmp_path)
    async with opened(told) as playground:
        house = playground.house
        pair = (await playground.pair()).id
        now = house.clock.now()

        def invited(conn: Connection) -> str:
            programme = conn.execute(select(tables.programme.c.id)).scalar_one()
            told = {"contacts": [{"name": "Noor", "how": "noor@example.org"}]}
            roster.set_programme(conn, programme, told, now)
            first = roster.add_contact(conn, house.store.keys, programme, "Noor", now)
            assert roster.add_contact(conn, house.store.keys, programme, "noor", now) == first
            with pytest.raises(LookupError, match="no contact"):
                roster.add_contact(conn, house.store.keys, programme, "Nobody", now)
            return roster.invite(conn, None, first, now)

        code = await house.store.run(invited)

        def wrote(work: UnitOfWork) -> None:
            before = work.pair()
            ada = before.reverse_mentor
            contact = before.programme.contacts[0]
            for who in before.people:
                before = before.with_events((welcome.Accepted(),), who.id, now)
            letter = handbook.Wrote("canary: may we talk?", "yes", str(contact.person))
            after = before.with_events((letter,), ada.id, now)
            work.write(after, after.journal[len(work.pair().journal) :])

        await house.store.work(pair, wrote)
        await house.intake.look_in(pair)
        told = await house.intake.receive(NOOR, Said("hello"), "n1")
        assert "do not know you" in told.notice
        told = await house.intake.receive(NOOR, Said(f"join {code}"), "n2")
        assert "named contact" in told.notice
        await house.intake.sweep()
        await house.intake.settled()
        messages = await house.web.messages(NOOR)
        assert len(messages) == 1
        assert "may we talk?" in str(messages[0].content["body"])
        assert "talk" not in messages[0].content["preview"]
        told = await house.intake.receive(NOOR, Said("thank you"), "n3")
        assert "answer them directly" in told.notice
        kept = await house.store.run(lambda conn: list(conn.execute(select(tables.entry))))
        assert "canary" not in str([row.status for row in kept])

        def noor(work: UnitOfWork) -> tuple[str, str, str | None]:
            contact = work.pair().programme.contacts[0]
            return contact.zone, contact.locale, contact.person

        *_, person = await house.store.work(pair, noor)
        await house.intake.follow(NOOR, "Asia/Tokyo", "de")
        await house.store.run(lambda conn: roster.come_back(conn, NOOR, person, now))
        assert await house.store.work(pair, noor) == ("Asia/Tokyo", "de", person)
