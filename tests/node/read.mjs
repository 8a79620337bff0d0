// What two readers of calendars understand of the files on the command line, as JSON.
import { readFileSync } from "node:fs";
import ICAL from "ical.js";
import ical from "node-ical";

const instant = (date) => date.toISOString().replace(".000Z", "Z");

function withIcalJs(text) {
  const calendar = new ICAL.Component(ICAL.parse(text));
  return calendar.getAllSubcomponents("vevent").map((part) => {
    const event = new ICAL.Event(part);
    return {
      uid: event.uid,
      sequence: event.sequence,
      start: instant(event.startDate.toJSDate()),
      end: instant(event.endDate.toJSDate()),
      title: event.summary,
      place: event.location ?? "",
      status: part.getFirstPropertyValue("status"),
    };
  });
}

function withNodeIcal(text) {
  const events = Object.values(ical.sync.parseICS(text)).filter((part) => part.type === "VEVENT");
  return events.map((event) => ({
    uid: event.uid,
    sequence: Number(event.sequence),
    start: instant(event.start),
    end: instant(event.end),
    title: event.summary,
    place: event.location ?? "",
    status: event.status,
  }));
}

const read = process.argv.slice(2).map((path) => {
  const text = readFileSync(path, "utf-8");
  return { "ical.js": withIcalJs(text), "node-ical": withNodeIcal(text) };
});
process.stdout.write(JSON.stringify(read));
