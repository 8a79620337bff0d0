"""Plant named faults, one at a time, and fail if the tests let one live: `make faults`.

A property is measured by breaking the code it guards. Each fault is planted in a copy of the tree.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Fault:
    """A fault by name: where it is planted, and the tests that must notice it."""

    name: str
    file: str
    sound: str
    broken: str
    tests: str


FAULTS = (
    Fault(
        "an answer that is owed silences every other reminder",
        "bot/facilitator.py",
        "any(i.prompt in AROUND_A_MEETING and _stands",
        "any(i.prompt.urgent and _stands",
        "tests/test_nudges.py -k silence_the_booking",
    ),
    Fault(
        "a form left in a chat silences the clock for good",
        "bot/etiquette.py",
        "self.here[me.id] + AN_HOUR if",
        "self.here[me.id] + 99 * WEEK if",
        "tests/test_nudges.py -k left_in_the_middle",
    ),
    Fault(
        "what was put off comes back without a word",
        "bot/facilitator.py",
        "return until is not None and item.since <= until",
        "return until is not None and item.since > until",
        "tests/test_nudges.py -k put_off",
    ),
    Fault(
        "a pause eats the reminders that fall into it",
        "bot/facilitator.py",
        "anchor += pair.fold",
        "anchor += 0 * pair.fold",
        "tests/test_nudges.py -k takes_no_reminder_away",
    ),
    Fault(
        "a reminder whose time lay before the thing came up is one",
        "bot/facilitator.py",
        "(pair, me, item)) - 1\n    seen",
        "(pair, me, item)) * 0\n    seen",
        "tests/test_nudges.py -k as_good_as_given",
    ),
    Fault(
        "leaving in a pause is told when the pause is over",
        "bot/flows/leaving.py",
        "min(course.until, course.ends or course.until)",
        "course.until",
        "tests/test_nudges.py -k in_a_pause_as_well",
    ),
    Fault(
        "a meeting held elsewhere takes the booked one away",
        "bot/flows/meeting.py",
        "kept = stays and ahead",
        "kept = stays and not stays",
        "tests/test_nudges.py -k outside_the_bot",
    ),
    Fault(
        "what comes next is decided before the meeting to look back",
        "bot/flows/closing.py",
        "return max(judged.at, over) if over else judged.at",
        "return judged.at",
        "tests/test_nudges.py -k look_back",
    ),
    Fault(
        "who saw the card of one date gets none for the date it moved to",
        "bot/flows/preparation.py",
        "and taken.no < seen.no",
        "and taken.no != seen.no",
        "tests/test_nudges.py -k date_that_moved",
    ),
    Fault(
        "the light topic of a card follows what is passed over in private",
        "bot/flows/topic.py",
        "and entry.at <= at:",
        "and entry.at:",
        "tests/test_topics.py -k light",
    ),
    Fault(
        "a sketch whose words are forgotten holds up its pair",
        "bot/flows/sketch.py",
        " or not latest.event.times:",
        ":",
        "tests/test_retention.py -k whatever_is_forgotten",
    ),
    Fault(
        "a reminder waits for whatever else comes up before it is looked at",
        "bot/facilitator.py",
        "if soonest and earliest >= soonest:",
        "if soonest:",
        "tests/test_manners.py",
    ),
    Fault(
        "a reminder is not looked at because of one that comes later",
        "bot/facilitator.py",
        "return sorted(coming, key=lambda each: each[0])",
        "return coming",
        "tests/test_term.py",
    ),
    Fault(
        "somebody is told of what is not committed yet",
        "adapters/store/routes.py",
        "                found = [each.body(conn) for each in crowd]\n",
        """                found = [each.body(conn) for each in crowd]
                for each, result in zip(crowd, found, strict=True):
                    each.told.set_result(result)
                return True
""",
        "tests/test_routes.py -k before_it_is_committed",
    ),
    Fault(
        "the fault of one is everybody's who waits with them",
        "adapters/store/routes.py",
        "if begun and len(crowd) > 1:",
        "if begun and len(crowd) > 99:",
        "tests/test_routes.py -k fails_alone",
    ),
    Fault(
        "a file that is held keeps each of a crowd waiting in turn",
        "adapters/store/routes.py",
        "if begun and len(crowd) > 1:",
        "if len(crowd) > 1:",
        "tests/test_routes.py -k waiting_once",
    ),
    Fault(
        "an error that is no ordinary one leaves its crowd waiting for ever",
        "adapters/store/routes.py",
        "except BaseException as error:  # noqa: BLE001  # whatever",
        "except Exception as error:  # noqa: BLE001  # whatever",
        "tests/test_routes.py -k for_ever",
    ),
    Fault(
        "what was told may be gone after a power cut",
        "adapters/store/routes.py",
        '"synchronous=FULL"',
        '"synchronous=NORMAL"',
        "tests/test_routes.py -k power_cut",
    ),
    Fault(
        "what was deleted stays readable in the file",
        "adapters/store/routes.py",
        '"secure_delete=ON"',
        '"secure_delete=OFF"',
        "tests/test_routes.py -k power_cut",
    ),
    Fault(
        "what somebody wrote in private stays for as long as what was shared",
        "bot/retention.py",
        "or not _shared(e))",
        'or not (_shared(e) or e.event.name.startswith("reflection.")))',
        "tests/test_retention.py",
    ),
    Fault(
        "what was shared goes with what was private",
        "bot/retention.py",
        """if what == "words" or not _shared(e))""",
        ")",
        "tests/test_retention.py -k before_what_they_shared",
    ),
    Fault(
        "words of one's own count for nothing in chat",
        "bot/facilitator.py",
        "said = [Answered(field), Answered(own, (answer,))]",
        "said = [Answered(field)]",
        "tests/test_properties.py -k say_the_same",
    ),
    Fault(
        "of a day that is typed in chat the hour is left out",
        "bot/facilitator.py",
        "    return (answer,) if answer else ()\n",
        '    return (answer.split("T")[0],) if answer else ()\n',
        "tests/test_properties.py -k say_the_same",
    ),
    Fault(
        "a first letter is lost with whoever had it in hand",
        "adapters/store/mailings.py",
        '"sequence": meeting.sequence, "tries": 1, "until": until}',
        '"sequence": meeting.sequence, "tries": 1, "until": None}',
        "tests/test_courier.py -k in_hand",
    ),
    Fault(
        "a later letter is lost with whoever had it in hand",
        "adapters/store/mailings.py",
        'told = {"sequence": meeting.sequence, "until": until, "tries": 1',
        'told = {"sequence": meeting.sequence, "until": None, "tries": 1',
        "tests/test_courier.py -k in_hand",
    ),
    Fault(
        "a step forth forgets when whom to look in on",
        "migrations/versions/0005_what_is_due.py",
        """    op.add_column("pair", sa.Column("due_at", Instant(), nullable=True))
""",
        """    op.add_column("pair", sa.Column("due_at", Instant(), nullable=True))
    op.execute("UPDATE pair SET wake_at = NULL")
""",
        "tests/test_migrations.py -k 0004",
    ),
    Fault(
        "a step back stops at what the older tables cannot hold",
        "migrations/versions/0007_contacts_are_invited.py",
        '    op.execute("DELETE FROM invitation WHERE pair IS NULL")\n',
        "",
        "tests/test_migrations.py -k 0007",
    ),
    Fault(
        "a step back leaves something behind",
        "migrations/versions/0002_what_a_send_came_to.py",
        '        posted.drop_column("hold")\n',
        "",
        "tests/test_migrations.py -k 0002",
    ),
    Fault(
        "a mail server that hangs is asked again and again",
        "adapters/worker.py",
        "(intake.mail, 1, seconds),",
        "(intake.mail, 4, seconds),",
        "tests/test_due.py -k mail_server",
    ),
    Fault(
        "a card is sent again at each look-in",
        "bot/delivery.py",
        "if posted.owed is Owed.AGAIN or not posted.revision:",
        "if posted.owed is not Owed.IN_PLACE:",
        "tests/test_outages.py -k stepped_clock",
    ),
    Fault(
        "who is told to stop waits for a connection that fails",
        "adapters/slack/socket.py",
        "connecting.append(asyncio.create_task(self.connect_async()))",
        "connecting.append(await self.connect_async())",
        "tests/test_slack_socket.py -k told_to_stop",
    ),
    Fault(
        "a row of Home keeps to itself who will see the answer",
        "adapters/slack/outbound.py",
        "if row.status.name == ASKED and row.card.audience",
        "if row.status.name == 'NEVER' and row.card.audience",
        "tests/test_slack_fits.py -k who_will_see",
    ),
    Fault(
        "what a store forbids is kept only from who is there",
        "bot/people.py",
        "if t.store or not strict",
        "if t.store or not strict or self.reverse_mentee.platform == 'slack'",
        "tests/test_topics.py -k store_forbids",
    ),
    Fault(
        "a process remembers where people were reached before",
        "adapters/store/roster.py",
        """        "epoch": tables.pair.c.epoch + 1,
        "wake_at": case""",
        """        "wake_at": case""",
        "tests/test_teams_topics.py -k first_of_the_two",
    ),
    Fault(
        "who says anything at Teams is moved there",
        "adapters/store/references.py",
        "roster.come_back(conn, at, person, now)",
        "roster.add_account(conn, at, person, now)",
        "tests/test_teams_topics.py -k first_of_the_two",
    ),
    Fault(
        "at Teams, a form in the chat can be sent for ever",
        "adapters/teams/desk.py",
        "return _execute(CARD, outbound.notice(notice_lines(text)))",
        "pass",
        "tests/test_teams.py -k takes_its_cards",
    ),
    Fault(
        "at Teams, a form that is not taken is lost",
        "adapters/teams/desk.py",
        'return _dialog("continue", window) if window else self._message(arrival, text)',
        "return self._message(arrival, text)",
        "tests/test_teams.py -k all_that_was_written and sqlite",
    ),
    Fault(
        "at Teams, any channel's key signs",
        "adapters/teams/auth.py",
        "if key is None or CHANNEL not in key.endorsements:",
        "if key is None:",
        "tests/test_teams_auth.py -k wrong_token",
    ),
    Fault(
        "at Teams, a token is good for any address",
        "adapters/teams/auth.py",
        'if claims["serviceurl"] != service or not self.cloud.trusts(service):',
        "if not self.cloud.trusts(service):",
        "tests/test_teams_auth.py -k wrong_token",
    ),
    Fault(
        "at Teams, an old token is good for ever",
        "adapters/teams/auth.py",
        ' < _seconds(claims, "exp") + SKEW',
        "",
        "tests/test_teams_auth.py -k wrong_token",
    ),
    Fault(
        "at Teams, new keys are looked for once a day only",
        "adapters/teams/auth.py",
        "PAUSE = timedelta(seconds=60)",
        "PAUSE = timedelta(hours=24)",
        "tests/test_teams_auth.py -k within_a_minute",
    ),
    Fault(
        "at Teams, a message that may have arrived is sent again",
        "adapters/teams/connector.py",
        'answer = await self._send("POST", to, "", activity, BUSY)',
        'answer = await self._send("POST", to, "", activity, BUSY | BROKEN)',
        "tests/test_teams_out.py -k may_have_arrived",
    ),
    Fault(
        "at Teams, a token leaves for any address",
        "adapters/teams/connector.py",
        "if not self._cloud.trusts(to.service):",
        "if not to.service:",
        "tests/test_teams_out.py -k no_token_leaves",
    ),
    Fault(
        "at Teams, who took the app away is still written to",
        "adapters/store/references.py",
        "if row and row.gone_at is None else None",
        "if row else None",
        "tests/test_teams.py -k took_the_app_away",
    ),
    Fault(
        "at Teams, who comes back is not written to again",
        "adapters/store/roster.py",
        "conn.execute(update(tables.posted).where(screens).values(hold=None))",
        "pass",
        "tests/test_teams.py -k took_the_app_away",
    ),
    Fault(
        "at Teams, what is acknowledged may be lost",
        "adapters/teams/desk.py",
        "task = await self._within(self._patience.message, self._hear(arrival))",
        "task = await self._within(0.0, self._hear(arrival))\n        return Told()",
        "tests/test_teams.py -k sent_again",
    ),
    Fault(
        "at Teams, a card comes before what is said",
        "adapters/teams/messenger.py",
        "            await asyncio.wait(set(self._ahead[account]))",
        "            pass",
        "tests/test_teams.py -k before_the_card",
    ),
    Fault(
        "at Teams, groups are served",
        "adapters/teams/inbound.py",
        'case "message" | "invoke", False:',
        'case "nothing", False:',
        "tests/test_teams.py -k group",
    ),
    Fault(
        "a pending leave shows at once",
        "bot/flows/leaving.py",
        'yield Item("ended", ENDED, Status.DONE, begun, opens=course.ends, news=True)',
        'yield Item("ended", ENDED, Status.DONE, begun, news=True)',
        "tests/test_term.py -k changes_their_mind or feel_safe",
    ),
    Fault(
        "leaving is told at once (INV-10)",
        "bot/flows/leaving.py",
        "told = Leaving(_morning(pair, now + timedelta(days=1)))",
        "told = Leaving(_morning(pair, now))",
        "tests/test_term.py -k changes_their_mind",
    ),
    Fault(
        "silence means going on (never 19)",
        "bot/flows/closing.py",
        'if o in both), "finish")',
        'if o in both), "renew")',
        "tests/test_term.py -k verdict or good_ending",
    ),
    Fault(
        "nothing is ever forgotten",
        "bot/turn.py",
        "after = work.forget(event.entries)",
        "pass",
        "tests/test_retention.py",
    ),
    Fault(
        "what is forgotten stays on a screen until something else comes",
        "bot/turn.py",
        "after = work.forget(event.entries)",
        "work.forget(event.entries)",
        "tests/test_retention.py -k off_the_screens",
    ),
    Fault(
        "a turn that forgets something goes on with what it knew",
        "adapters/store/sql.py",
        "            self.fold = None\n        return self.pair()",
        "        return self.pair()",
        "tests/test_store.py -k forgotten",
    ),
    Fault(
        "a slow sender leaves two live cards",
        "bot/turn.py",
        "await services.messengers[errand.account.platform].retire(errand.account, str(ref))",
        "pass",
        "tests/test_turn.py -k slow",
    ),
    Fault(
        "one signature is enough (INV-6)",
        "bot/agreement.py",
        "if len(signed) < 2:",
        "if len(signed) < 1:",
        "tests/test_lives.py -k every_promise",
    ),
    Fault(
        "any version can be signed (INV-6)",
        "bot/agreement.py",
        "if self.latest is None or self.latest.no != version:",
        "if self.latest is None:",
        "tests/test_agreement.py",
    ),
    Fault(
        "drafts are shown before both are in",
        "bot/agreement.py",
        "return self.drafts.get(pair.partner(me).id) if self.opened else None",
        "return self.drafts.get(pair.partner(me).id)",
        "tests/test_agreement.py",
    ),
    Fault(
        "charter lines are shown before both are in",
        "bot/flows/charter.py",
        'yield Item("charter", CHOOSE, Status.OPEN, begun)',
        'yield Item("charter", CHOOSE, Status.OPEN, begun, facts)',
        "tests/test_agreement.py",
    ),
    Fault(
        "the laxer choice wins (INV-11)",
        "bot/flows/charter.py",
        "return max(known, key=order.index",
        "return min(known, key=order.index",
        "tests/test_lives.py -k every_promise",
    ),
    Fault(
        "a change may weaken what protects (INV-11)",
        "bot/flows/charter.py",
        "kept = _kept(talk, move)",
        "kept = move",
        "tests/test_lives.py tests/test_stories.py -k every_promise or reopened",
    ),
    Fault(
        "private fields cross (law 5)",
        "bot/privacy.py",
        "if known[name] in _SHARED",
        "if True",
        "tests/test_privacy.py",
    ),
    Fault(
        "what an error says is in the log",
        "adapters/logs.py",
        'return {"error": type(error).__name__, "place": place}',
        'return {"error": repr(error), "place": place}',
        "tests/test_health.py -k typed_word",
    ),
    Fault(
        "what a library says is in the log",
        "adapters/logs.py",
        'place = {"place": f"{Path(record.pathname).name}:{record.lineno}"}',
        'place = {"place": f"{record.getMessage()}:{record.lineno}"}',
        "tests/test_health.py -k typed_word",
    ),
    Fault(
        "everything drafted is released",
        "bot/flows/purpose.py",
        "lines = {line for line in shown if line in LINES}",
        "lines = set(LINES)",
        "tests/test_privacy.py",
    ),
    Fault(
        "all lines of a reflection are shared",
        "bot/flows/reflection.py",
        "for line in wrote.shows if getattr(wrote, line)",
        "for line in LINES_MENTEE if getattr(wrote, line, '')",
        "tests/test_lives.py -k every_promise",
    ),
    Fault(
        "the senior is told of the pulse (INV-2)",
        "bot/flows/reflection.py",
        "    if last is None or mine is None",
        "    low = any(getattr(e.event, 'worried', '') == 'yes' for e in told.done.values())\n"
        "    if low and me == pair.reverse_mentee and last and last.taken:\n"
        "        yield Item('hint', WRITTEN, Status.DONE, last.taken)\n"
        "    if last is None or mine is None",
        "tests/test_lives.py -k pulse",
    ),
    Fault(
        "an item's key counts private entries (INV-2)",
        "bot/people.py",
        "return blake2s(told.encode(), key=self.salt, digest_size=5).hexdigest()",
        "return str(entry.no)",
        "tests/test_agreement.py -k opaque",
    ),
    Fault(
        "an old button speaks for a new card",
        "bot/inbox.py",
        'return f"{self.thread}@{self.about.mark}"',
        "return self.thread",
        "tests/test_properties.py -k old_button",
    ),
    Fault(
        "the junior is asked to chase (INV-4)",
        "bot/flows/meeting.py",
        "if me == pair.reverse_mentor:\n        yield from _theirs",
        "if False:\n        yield from _theirs",
        "tests/test_lives.py -k every_promise",
    ),
    Fault(
        "reminders come at night (INV-5)",
        "bot/hours.py",
        "and opens <= here.time() < closes",
        "",
        "tests/test_hours.py",
    ),
    Fault(
        "what was worked out outlives what it was worked out from",
        "bot/people.py",
        "if moved.isdisjoint(k.read)",
        "",
        "tests/test_lives.py -k every_promise",
    ),
    Fault(
        "what is read by the way is not noticed",
        "bot/people.py",
        "self._read.update(known.read)",
        "",
        "tests/test_lives.py -k every_promise",
    ),
    Fault(
        "the same reminder again and again",
        "bot/facilitator.py",
        "(past > told or",
        "(past > -1 or",
        "tests/test_lives.py -k every_promise",
    ),
    Fault(
        "a delivery is handled twice",
        "bot/turn.py",
        "if not ticked and not work.first_time(incoming.id, incoming.at):",
        "if False:",
        "tests/test_turn.py",
    ),
    Fault(
        "a card is sent again after it arrived",
        "bot/delivery.py",
        "if quiet and posted.digest == wanted.digest:",
        "if False:",
        "tests/test_turn.py",
    ),
    Fault(
        "a sender that died is forgotten",
        "bot/turn.py",
        "return Settle(posted.claim), now + services.lease",
        "return None, None",
        "tests/test_turn.py",
    ),
    Fault(
        "private words typed into chat are taken",
        "bot/facilitator.py",
        'case "begin" if item.prompt.private:',
        'case "begin" if False:',
        "tests/test_stories.py -k private_words",
    ),
    Fault(
        "sore topics come before the charter (INV-7)",
        "bot/flows/topic.py",
        "if t.level <= level",
        "if True",
        "tests/test_topics.py",
    ),
    Fault(
        "what is private is told in chat (INV-8)",
        "prompts/en/goals/mine.md",
        "{% if goal.private %}\nA goal",
        "{% if false %}\nA goal",
        "tests/test_lives.py -k every_promise",
    ),
    Fault(
        "an end reads by who it was (INV-10)",
        "prompts/en/leaving/ended.md",
        "# ",
        "# {% if role == 'reverse_mentor' %}Sorry. {% endif %}",
        "tests/test_lives.py -k early_end",
    ),
    Fault(
        "after the end it goes on as before (INV-12)",
        "bot/facilitator.py",
        "if end is None or lasts:",
        "if True:",
        "tests/test_lives.py tests/test_term.py -k every_promise or leaves",
    ),
    Fault(
        "that she wrote shows on the other screen (INV-15)",
        "bot/flows/reflection.py",
        "    last = meeting.diary(pair).last\n",
        "    hers = told.done.get(pair.reverse_mentor.id)\n"
        "    if hers and me == pair.reverse_mentee:\n"
        "        yield Item('hint', WRITTEN, Status.DONE, hers)\n"
        "    last = meeting.diary(pair).last\n",
        "tests/test_lives.py -k every_promise",
    ),
    Fault(
        "that one prepared tells in when the other sees the card (I14)",
        "bot/flows/preparation.py",
        "opens=_eve(pair, me, moment, taken),",
        "opens=_eve(pair, me, moment, taken)"
        " - AHEAD * (pair.partner(me).id in pair.fold(Readiness).prepared),",
        "tests/test_lives.py -k in_private",
    ),
    Fault(
        "what the junior passes over is offered all the same",
        "bot/flows/topic.py",
        "if t not in never]",
        "]",
        "tests/test_learning.py -k no_trace",
    ),
    Fault(
        "one who would show opens both (GEN)",
        "bot/flows/myth.py",
        "if shown and theirs:",
        "if theirs:",
        "tests/test_learning.py -k myth",
    ),
    Fault(
        "a letter goes out before it was looked over",
        "bot/flows/handbook.py",
        'case Wrote(sure=""):',
        'case Wrote(sure="never"):',
        "tests/test_learning.py -k writes_to",
    ),
    Fault(
        "changing places undoes that somebody said stop",
        "bot/flows/leaving.py",
        "across: ClassVar[bool] = True",
        "across: ClassVar[bool] = False",
        "tests/test_learning.py -k leaving_is_not_lost",
    ),
    Fault(
        "a date that is past is read all the same",
        "bot/dates.py",
        "return then.astimezone(UTC) > self.now.astimezone(UTC)",
        "return True",
        "tests/test_dates.py -k lies_ahead or read_right",
    ),
    Fault(
        "a weekday that does not fit its date is overlooked",
        "bot/dates.py",
        "day.first.weekday() == int(weekday))",
        "True)",
        "tests/test_dates.py -k read_right",
    ),
    Fault(
        "a third reading is offered",
        "bot/dates.py",
        "if len(found) <= 2 else ()",
        "if True else ()",
        "tests/test_dates.py -k read_right",
    ),
    Fault(
        "in an hour is an hour on the wall",
        "bot/dates.py",
        "later = self.now.astimezone(UTC) + ",
        "later = self.now + ",
        "tests/test_dates.py -k read_right",
    ),
    Fault(
        "thanks for today is taken for today",
        "bot/dates.py",
        'if any(self._matches("never", at) for at in range(len(self._tokens))):',
        "if False:",
        "tests/test_dates.py -k no_date",
    ),
    Fault(
        "in calendars: a moved meeting keeps its number",
        "adapters/calendar/occasions.py",
        "sequence=known.sequence + 1 if known else 0,",
        "sequence=known.sequence if known else 0,",
        "tests/test_calendar.py",
    ),
    Fault(
        "in calendars: an early end shows before it is told (INV-10)",
        "adapters/calendar/occasions.py",
        "told = end if end and end <= now else None",
        "told = end",
        "tests/test_calendar.py -k early_end",
    ),
    Fault(
        "in calendars: what is typed may hide, break or turn a line",
        "adapters/calendar/ics.py",
        "plain(occasion.where)) if part)",
        "occasion.where) if part)",
        "tests/test_calendar.py -k typed",
    ),
    Fault(
        "in calendars: a signed address never ends",
        "adapters/calendar/signed.py",
        "datetime.fromtimestamp(int(until), UTC) <= now",
        "False",
        "tests/test_calendar.py -k sign",
    ),
    Fault(
        "in calendars: one purpose's signature serves another",
        "adapters/calendar/signed.py",
        'told = f"{purpose}\\n{body}"',
        'told = f"{body}"',
        "tests/test_calendar.py -k sign",
    ),
    Fault(
        "in calendars: addresses are written in the access log",
        "adapters/app.py",
        "    calendar.keep_out_of_logs()\n",
        "",
        "tests/test_calendar_web.py -k log",
    ),
    Fault(
        "in calendars: an assistant's old page still answers",
        "adapters/store/placings.py",
        "this = placing.c.id == asked.id",
        "this = _of(asked.pair, asked.person)",
        "tests/test_calendar_web.py -k replaced",
    ),
    Fault(
        "in calendars: a letter without an answer counts as refused",
        "adapters/mail.py",
        "raise InDoubtError from None",
        "raise NotSent(None) from None",
        "tests/test_mail.py",
    ),
    Fault(
        "in calendars: a letter is not claimed before it is sent",
        "adapters/store/mailings.py",
        "newer = known.sequence < meeting.sequence",
        "newer = known.sequence <= meeting.sequence",
        "tests/test_courier.py",
    ),
    Fault(
        "in calendars: what somebody changed by hand is overwritten",
        "adapters/calendar/caldav.py",
        'told = {"if-match": etag} if etag else {"if-none-match": "*"}',
        "told = {}",
        "tests/test_caldav.py",
    ),
    Fault(
        "slack: an old request is taken again",
        "adapters/slack/gate.py",
        "if not -FUTURE <= now.timestamp() - int(time) <= PAST:",
        "if False:",
        "tests/test_slack_gate.py -k sent_away",
    ),
    Fault(
        "slack: anybody may sign",
        "adapters/slack/gate.py",
        "if not hmac.compare_digest(signature(secret, time, raw), signed):",
        "if False:",
        "tests/test_slack_gate.py -k sent_away",
    ),
    Fault(
        "slack: a mended form is taken for a repeat",
        "adapters/slack/inbound.py",
        ", carried.item, repr(sorted(answers.items())))",
        ", carried.item)",
        "tests/test_slack.py -k named_after",
    ),
    Fault(
        "slack: a stranger's team is not looked at",
        "adapters/slack/inbound.py",
        'stranger = theirs not in {"", *home} and',
        "stranger = False and",
        "tests/test_slack_people.py -k same_ids and sqlite",
    ),
    Fault(
        "slack: a message in doubt is sent again",
        "adapters/slack/messenger.py",
        'return next((f"{channel}:{m[\'ts\']}" for m in named), "")',
        'return ""',
        "tests/test_slack_sending.py -k not_sent_twice and sqlite",
    ),
    Fault(
        "slack: a chat has no limit of its own",
        "adapters/slack/web.py",
        'lanes[tenant, told["channel"]] = CHAT',
        "pass",
        "tests/test_slack_sending.py -k second_apart",
    ),
    Fault(
        "slack: a freeze is not kept",
        "adapters/pacing.py",
        "return max(now, room, self._frozen.get(lane, 0))",
        "return max(now, room)",
        "tests/test_pacing.py",
    ),
    Fault(
        "slack: two lines stand side by side",
        "adapters/slack/outbound.py",
        'f"{line}\\n"',
        "line",
        "tests/test_slack_fits.py -k side_by_side",
    ),
    Fault(
        "playground: nobody is told who sees their answer",
        "adapters/web/templates/parts.html",
        "{% if card.audience %}",
        "{% if not card.audience %}",
        "tests/test_slack_stories.py -k playground-help_status",
    ),
    Fault(
        "slack: Home is published however it looks",
        "adapters/slack/homes.py",
        'if view["private_metadata"] != screen.look:',
        "if view:",
        "tests/test_slack_home.py -k published_once",
    ),
    Fault(
        "slack: switches are not read",
        "adapters/slack/forms.py",
        "found[carried.switch] += given",
        "pass",
        "tests/test_slack_stories.py -k second_meeting",
    ),
    Fault(
        "slack: times are read in UTC",
        "adapters/slack/forms.py",
        "local = datetime.fromtimestamp(moment, UTC).astimezone(ZoneInfo(zone))",
        "local = datetime.fromtimestamp(moment, UTC)",
        "tests/test_slack_stories.py -k second_meeting",
    ),
    Fault(
        "slack: a notification tells the title",
        "adapters/slack/outbound.py",
        '"text": clip(card.preview, limits.TEXT)',
        '"text": clip(card.title, limits.TEXT)',
        "tests/test_slack_fits.py -k mark_up",
    ),
    Fault(
        "slack: what was not taken is answered as if it were",
        "adapters/slack/wire.py",
        "return BoltResponse(status=HTTPStatus.SERVICE_UNAVAILABLE)",
        "return BoltResponse(status=HTTPStatus.OK)",
        "tests/test_slack_sending.py -k tries_again and sqlite",
    ),
    Fault(
        "slack: an old card keeps its buttons",
        "adapters/slack/messenger.py",
        "await self._retire_if_we_can(account, retire)",
        "pass",
        "tests/test_slack_stories.py -k second_meeting",
    ),
    Fault(
        "slack: a form that is not taken is closed",
        "adapters/slack/answers.py",
        "return _mend({field: reply.notice}) if kept else {}",
        "return {}",
        "tests/test_slack.py -k not_taken_stays",
    ),
    Fault(
        "whoever floods us is heard without end",
        "adapters/pacing.py",
        "free = self._ready(lane, rate, now) <= now",
        "free = True",
        "tests/test_flood.py",
    ),
    Fault(
        "whoever floods us is told again and again",
        "adapters/intake.py",
        'told = pacing.admits((account, "told"), SELDOM) or isinstance(input, Submitted)',
        "told = True",
        "tests/test_flood.py",
    ),
    Fault(
        "a form that comes too soon is closed",
        "adapters/intake.py",
        " or isinstance(input, Submitted)",
        "",
        "tests/test_flood.py -k form",
    ),
    Fault(
        "slack: a token that was taken back is remembered",
        "adapters/slack/web.py",
        "self._tokens.forget(tenant)",
        "pass",
        "tests/test_slack_installations.py -k old_token and sqlite",
    ),
    Fault(
        "slack: a workspace that took the app away is called on",
        "adapters/slack/workspaces.py",
        "return dict.fromkeys(REMOVALS, self.taken_back)",
        "return {}",
        "tests/test_slack_installations.py -k left_alone and sqlite",
    ),
)

# Faults of sending that a bad line brings to light, by what the platform took.
LINES = "tests/test_bad_lines.py"
FAULTS += (
    Fault(
        "over a bad line, Slack's gateway is believed",
        "adapters/slack/web.py",
        'return DoubtError(f"{method}: {code or status}")',
        "return RefusedError(code, SOON)",
        f"{LINES} -k on_slack",
    ),
    Fault(
        "over a bad line, what Teams may have taken is sent again",
        "adapters/teams/connector.py",
        'answer = await self._send("POST", to, "", activity, BUSY)',
        'answer = await self._send("POST", to, "", activity, BUSY | BROKEN)',
        f"{LINES} -k on_teams",
    ),
)

# Faults of sending and waking that only a world in which things fail brings to light, each of them
# within so many turns.
WORLDS, TURNS = "worlds", 40_000
ONCE_WRONG = "tests/test_simulator.py::test_what_was_wrong_once_stays_right"
FAULTS += (
    Fault(
        "a call that failed is made again on the spot",
        "bot/turn.py",
        "failed.append(error)",
        "sent.append((errand, await _send(services, errand, now)))",
        WORLDS,
    ),
    Fault(
        "who stood still sends what another has sent since",
        "adapters/intake.py",
        "if left.total_seconds() <= 0:",
        "if not left:",
        WORLDS,
    ),
    Fault(
        "the clock reminds of what is over",
        "bot/facilitator.py",
        "if _stands(item, now) and (past",
        "if (past",
        WORLDS,
    ),
    Fault(
        "the clock reminds a week early",
        "bot/facilitator.py",
        "moment <= now for moment in _due(pair, me, item)",
        "moment <= now + WEEK for moment in _due(pair, me, item)",
        WORLDS,
    ),
    Fault(
        "a platform gave up on someone, and nobody is told",
        "adapters/store/figures.py",
        "where(posted.c.hold == FOREVER)",
        "where(posted.c.hold > FOREVER)",
        WORLDS,
    ),
    Fault(
        "the clock reminds in a pause",
        "bot/facilitator.py",
        "return courteous(pair, me, max(now, leaving.paused(pair, now) or now))",
        "return courteous(pair, me, now)",
        WORLDS,
    ),
    Fault(
        "the clock goes on after the end",
        "bot/facilitator.py",
        "if end is None or lasts:",
        "if True:",
        WORLDS,
    ),
    Fault(
        "what nobody heard of is taken for arrived",
        "bot/turn.py",
        "if arrived or (came is None and not claim.ref):",
        "if True:",
        WORLDS,
    ),
    Fault(
        "what may have arrived is sent again unseen",
        "bot/turn.py",
        "        return Settle(posted.claim), now + services.lease",
        "        posted = replace(posted, owed=posted.claim.owed, claim=None)",
        WORLDS,
    ),
    Fault(
        "what nobody can tell of is sent once more, by another name",
        "bot/turn.py",
        "Posted(arrived, claim.revision, claim.digest, posted.owed)",
        "Posted(arrived, claim.revision, claim.digest, posted.owed if arrived else Owed.AGAIN)",
        WORLDS,
    ),
    Fault(
        "a card is noted before it is sent",
        "bot/turn.py",
        "work.keep(me.id, replace(posted, owed=Owed.NOTHING, claim=claim))",
        'work.keep(me.id, Posted(posted.ref or "0", card.revision, card.digest))',
        WORLDS,
    ),
    Fault(
        "a failure is taken for sent",
        "bot/turn.py",
        "failed.append(error)",
        'sent.append((errand, getattr(errand.change, "ref", "0")))',
        WORLDS,
    ),
    Fault(
        "a failure is taken for not sent",
        "bot/turn.py",
        "failed.append(error)",
        "sent.append((errand, now))",
        WORLDS,
    ),
    Fault(
        "nobody waits for the lease to be over",
        "bot/turn.py",
        "if now < posted.claim.until:",
        "if False:",
        WORLDS,
    ),
    Fault(
        "nobody looks into a sender that died",
        "bot/turn.py",
        "work.wake(min((w for w in wakes + leases if w), default=None))",
        "work.wake(min((w for w in wakes if w), default=None))",
        WORLDS,
    ),
    Fault(
        "a platform that asked for a pause is never written to again",
        "bot/turn.py",
        "return FOREVER if refused.wait is None else now + refused.wait",
        "return FOREVER",
        WORLDS,
    ),
    Fault(
        "a pause a platform asked for is not kept in mind",
        "bot/turn.py",
        "return None, None if posted.hold == FOREVER else posted.hold",
        "return None, None",
        WORLDS,
    ),
    Fault(
        "a repeated delivery has a second effect",
        "bot/turn.py",
        "if not ticked and not work.first_time(incoming.id, incoming.at):",
        "if not work.first_time(incoming.id, incoming.at) and False:",
        WORLDS,
    ),
    Fault(
        "news comes at night",
        "bot/turn.py",
        "if isinstance(change, Post) and posted.owed is Owed.NOTHING and now < courteous:",
        "if False:",
        WORLDS,
    ),
    Fault(
        "reminders come twice a day",
        "bot/facilitator.py",
        "if any(_same_day(me, at, moment) for at in (*written, *_urgent_later(pair, me, moment))):",
        "if False:",
        WORLDS,
    ),
    Fault(
        "the clock writes as often a week as it likes (domain.md 9.1)",
        "bot/facilitator.py",
        "if len(written) >= most and not item.prompt.urgent:",
        "if False:",
        "tests/test_manners.py",
    ),
    Fault(
        "what comes up by itself arrives without the clock having written of it",
        "bot/facilitator.py",
        "brought = (each.about.no for each in (item, *lead) if not each.by_clock)",
        "brought = (len(pair.journal) if e.by_clock else e.about.no for e in (item, *lead))",
        "tests/test_manners.py",
    ),
    Fault(
        "an invitation typed in words goes out unseen",
        "bot/facilitator.py",
        "return Decision((event, Turned(sketch.THREAD)), again=True)\n    form = next(",
        "return Decision((sketch._offer(event),), again=True)\n    form = next(",
        "tests/test_booking.py",
    ),
    Fault(
        "a place somebody would rather avoid is left out of the other's form (INV-2)",
        "bot/flows/place.py",
        "return tuple(dict.fromkeys((*first, *_allowed(pair), *PLACES)))",
        "return tuple(k for k in dict.fromkeys((*first, *_allowed(pair), *PLACES))"
        " if not any(avoided(pair, p, k) for p in pair.people))",
        "tests/test_booking.py",
    ),
    Fault(
        "what is asked for again has the name of the first",
        "bot/turn.py",
        '_name(pair, me, card, f"in {ref}" if ref else f"after {posted.ref}")',
        '_name(pair, me, card, "in place")',
        WORLDS,
    ),
    Fault(
        "a screen that may have changed is trusted",
        "bot/turn.py",
        'digest = posted.digest if came is not None else ""',
        "digest = posted.digest",
        "tests/test_turn.py -k quiet_change",
    ),
    Fault(
        "a change that came too late stays over a newer one",
        "bot/turn.py",
        'work.keep(errand.who, replace(posted, digest=""))',
        "pass",
        "tests/test_turn.py -k does_not_stay_over",
    ),
    Fault(
        "nobody wakes for what is to be forgotten",
        "bot/facilitator.py",
        "coming += (max(moment, now) for moment in retention.moments(pair))",
        "coming += (moment for moment in retention.moments(pair) if moment > now)",
        "tests/test_retention.py",
    ),
    Fault(
        "a call that never comes back holds up the worker",
        "adapters/intake.py",
        "async with asyncio.timeout(left.total_seconds()):",
        "if left:",
        WORLDS,
    ),
    Fault(
        "somebody erased is still written to",
        "adapters/store/roster.py",
        "for table in (*held, tables.reference, tables.account):",
        "for table in (*held, tables.reference):",
        WORLDS,
    ),
    Fault(
        "what was rolled back is remembered",
        "adapters/store/sql.py",
        "            work.finish()\n            return result, work.fold\n",
        "            work.finish()\n"
        "            if work.fold:\n"
        "                self._remember(pair, work.fold)\n"
        "            return result, work.fold\n",
        WORLDS,
    ),
    Fault(
        "nobody looks in when somebody moved or was erased",
        "adapters/store/roster.py",
        '        "wake_at": case((_later(now), literal(now, tables.Instant)), '
        "else_=tables.pair.c.wake_at),\n",
        "",
        f"{ONCE_WRONG}[7]",
    ),
    Fault(
        "who moved or was erased is remembered as they were",
        "adapters/store/roster.py",
        '"epoch": tables.pair.c.epoch + 1',
        '"epoch": tables.pair.c.epoch',
        WORLDS,
    ),
    Fault(
        "a form is filled in with what the other wrote in private",
        "bot/facilitator.py",
        "    given |= _before(me, item)\n",
        "    given |= _before(me, item)\n"
        "    theirs = (e.event for e in pair.journal if e.by not in {None, me.id})\n"
        '    given |= {"gut": (e.gut,) for e in theirs if e.name.endswith("_wrote") and e.gut}\n',
        WORLDS,
    ),
    Fault(
        "what was filled in where it could not be taken is written in the log",
        "adapters/intake.py",
        '_failed("turn", error)',
        """_failed(f"turn {getattr(input, 'answers', '')}", error)""",
        WORLDS,
    ),
    Fault(
        "a second letter takes the place of the first",
        "bot/flows/handbook.py",
        "who: (*self.sent.get(who, ()), entry)",
        "who: (entry,)",
        "tests/test_learning.py -k letters_of_two",
    ),
    Fault(
        "a letter says again what arrived with the one before",
        "bot/cards.py",
        "if entry.no > last_seen]",
        "if entry.no]",
        "tests/test_learning.py -k letters_of_two",
    ),
    Fault(
        "what was not begun counts as begun",
        "bot/turn.py",
        "begun = not isinstance(called_off.__cause__, NotSent)",
        "begun = True",
        "tests/test_turn.py -k waiting_its_turn",
    ),
    Fault(
        "what was called off is left as it was claimed",
        "bot/turn.py",
        "        for errand, came in (*sent, *((errand, now) for errand in unbegun)):",
        "        for errand, came in sent:",
        "tests/test_turn.py -k called_off",
    ),
    Fault(
        "who gives up too late takes a change from who is at it",
        "bot/turn.py",
        "if not arrived and claim.until != errand.until:",
        "if False:",
        "tests/test_turn.py -k too_late_takes",
    ),
    Fault(
        "a platform can count how much was written",
        "bot/turn.py",
        "{told.hexdigest()}",
        "{len(pair.journal):016}",
        "tests/test_turn.py -k how_much",
    ),
    Fault(
        "what nobody came to is taken from who has it since",
        "adapters/store/due.py",
        ', pair.c.wake_at == bindparam("until"))',
        ")",
        "tests/test_due.py -k given_back",
    ),
    Fault(
        "the senior is to be asked where no reminder is left",
        "bot/flows/meeting.py",
        "yield replace(calm, opens=until, closes=late, actions=(ANSWER,), ",
        "yield replace(calm, opens=until, closes=late, ",
        "tests/test_booking.py -k asked_as_usual",
    ),
    Fault(
        "a time that came to nothing is suggested again",
        "bot/flows/meeting.py",
        "if slot not in named)",
        "if slot)",
        "tests/test_learning.py -k cancels_twice",
    ),
    Fault(
        "a date follows the zone and not the clock on the wall",
        "bot/moment.py",
        "return kept if kept.seen_from(zone) == wall else Moment.on(wall, zone)",
        "return kept",
        "tests/test_hours.py -k becomes_of_the_zone",
    ),
)

# Worlds in ONCE_WRONG that still show what they are kept for.
KEPT = {
    "what is asked for again has the name of the first": 5,
    "a call that never comes back holds up the worker": 9,
}
FAULTS += tuple(
    replace(fault, name=f"{fault.name}: kept", tests=f"{ONCE_WRONG}[{KEPT[fault.name]}]")
    for fault in FAULTS
    if fault.name in KEPT
)


@dataclass(frozen=True)
class Verdict:
    """Whether a fault lives, and what is to be said of that."""

    lives: bool
    told: str


def tried(fault: Fault) -> Verdict:
    """Plant a fault and run its tests."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "tree"
        ignore = shutil.ignore_patterns(
            ".venv", ".git", "__pycache__", "*.egg-info", ".hypothesis", "node_modules"
        )
        shutil.copytree(ROOT, copy, ignore=ignore)
        path = copy / fault.file
        text = path.read_text(encoding="utf-8")
        if text.count(fault.sound) != 1:
            return Verdict(True, "its place in the code is not there any more")
        path.write_text(text.replace(fault.sound, fault.broken), encoding="utf-8")
        return judged(command(fault), copy)


def command(fault: Fault) -> list[str]:
    """Return what must fail: tests, or worlds one after the other until one of them does."""
    if fault.tests == WORLDS:
        return ["tests.simulator", str(TURNS)]
    tests, _, chosen = fault.tests.partition(" -k ")
    return ["pytest", "-x", "-q", *tests.split(), *(["-k", chosen] if chosen else [])]


def judged(command: list[str], tree: Path) -> Verdict:
    """Run a module in a tree; a fault that lets it end well lives."""
    env = {**os.environ, "PYTHONPATH": str(tree)}
    run = [sys.executable, "-m", *command]
    done = subprocess.run(run, cwd=tree, env=env, capture_output=True, text=True, check=False)
    worlds = command[0] != "pytest"
    match done.returncode:
        case 1:
            return Verdict(False, done.stdout.strip() if worlds else "")
        case 0:
            return Verdict(True, "nothing noticed it")
    return Verdict(True, f"the tests did not run: {done.stdout}{done.stderr}")


def main() -> int:
    """Try all faults, or those whose name or tests have this in it; return the exit code."""
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    chosen = [fault for fault in FAULTS if word in f"{fault.name} {fault.tests}"]
    lived: list[bool] = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        for fault, verdict in zip(chosen, pool.map(tried, chosen), strict=True):
            word, more = "LIVES" if verdict.lives else "caught", verdict.told
            print(f"{word}  {fault.name}{': ' if more else ''}{more}", flush=True)
            lived.append(verdict.lives)
    print(f"{len(chosen) - sum(lived)} faults caught, {sum(lived)} lived")
    return 1 if any(lived) else 0


if __name__ == "__main__":
    sys.exit(main())
