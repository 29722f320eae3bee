// Expands the series of calendar files as ical.js reads them: a second opinion beside that of `recurring_ical_events`.
//
// Arguments: where ical.js is installed. Standard input holds what the example `corpus` wrote; standard output gets one JSON line for
// each calendar file: its path, and the starts of ten years by the identifier of the series.
import fs from "node:fs";
import path from "node:path";
import readline from "node:readline";
import { pathToFileURL } from "node:url";

const home = path.join(process.argv[2], "node_modules/ical.js/dist/ical.js");
const ICAL = (await import(pathToFileURL(home))).default;
const MOST = 4000;

function spelled(time) {
  const two = (number, width = 2) => String(number).padStart(width, "0");
  const day = two(time.year, 4) + two(time.month) + two(time.day);
  if (time.isDate) return day;
  const floating = time.zone.tzid === "floating";
  const at = floating ? time : time.convertToZone(ICAL.Timezone.utcTimezone);
  const date = two(at.year, 4) + two(at.month) + two(at.day);
  const end = floating ? "" : "Z";
  return `${date}T${two(at.hour)}${two(at.minute)}${two(at.second)}${end}`;
}

function starts(series, changes, from, until) {
  const event = new ICAL.Event(series, { strictExceptions: true });
  for (const change of changes) event.relateException(new ICAL.Event(change));
  const found = [];
  const iterator = event.iterator();
  for (let count = 0, next; count < MOST && (next = iterator.next()); count += 1) {
    if (next.year >= until) break;
    const one = event.getOccurrenceDetails(next);
    const status = one.item.component.getFirstPropertyValue("status");
    if (one.startDate.year >= from && String(status).toUpperCase() !== "CANCELLED") found.push(spelled(one.startDate));
  }
  return found;
}

// Whether ical.js knows every zone of an event: it takes the others for none.
function known(event) {
  const zones = event.getAllProperties().map((property) => property.getParameter("tzid")).filter((name) => name);
  return zones.every((name) => ICAL.TimezoneService.has(name));
}

function expand(file, years) {
  const text = new TextDecoder("utf-8", { fatal: true }).decode(fs.readFileSync(file));
  const parsed = ICAL.parse(text);
  const calendars = (typeof parsed[0] === "string" ? [parsed] : parsed).map((one) => new ICAL.Component(one));
  const found = {};
  for (const calendar of calendars) {
    ICAL.TimezoneService.reset();
    for (const zone of calendar.getAllSubcomponents("vtimezone")) ICAL.TimezoneService.register(zone);
    const events = calendar.getAllSubcomponents("vevent");
    const uid = (event) => String(event.getFirstPropertyValue("uid"));
    for (const series of events.filter((event) => event.hasProperty("rrule") && !event.hasProperty("recurrence-id"))) {
      const id = uid(series);
      if (!(id in years) || events.filter((event) => uid(event) === id && !event.hasProperty("recurrence-id")).length > 1) continue;
      const changes = events.filter((event) => uid(event) === id && event.hasProperty("recurrence-id"));
      if (![series, ...changes].every(known)) continue;
      try {
        found[id] = starts(series, changes, years[id], years[id] + 10);
      } catch {
        // What ical.js refuses is no opinion.
      }
    }
  }
  return found;
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  const report = JSON.parse(line);
  if (report.format !== "icalendar") continue;
  const years = Object.fromEntries(report.events.map((event) => [event.uid, event.year]));
  let found = {};
  try {
    found = expand(report.file, years);
  } catch {
    // Neither is a file that it cannot read.
  }
  console.log(JSON.stringify({ file: report.file, series: found }));
}
