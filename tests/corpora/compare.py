"""Compares what Passerelle exports of a file with the file, property by property, as a foreign parser reads both.

The lines are unfolded and split by `icalendar.parser`, cards by `vobject`; occurrences are those of `recurring_ical_events`.
Standard input holds the lines that the example `corpus` of the crate `passerelle-formats` wrote. Standard output gets one
JSON line for each file: what differs, each difference as (kind, place, detail).
"""

import base64
import collections
import concurrent.futures
import datetime
import io
import itertools
import json
import logging
import quopri
import re
import sys
import warnings
import zoneinfo

import icalendar
import recurring_ical_events
import vobject
from icalendar.parser import Contentlines
from icalendar.timezone import tzp
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

warnings.simplefilter("ignore")
UTC = datetime.timezone.utc
OURS = "X-PASSERELLE-"
# What an export says anew, or what says nothing.
IGNORED = {"DTSTAMP", "BEGIN", "END", "PRODID", "VERSION", "REV", "CALSCALE"}
DATES = {"DTSTART", "DTEND", "RECURRENCE-ID", "EXDATE", "RDATE"}
WORDS = {"TRANSP", "STATUS", "CLASS", "ACTION"}
CONFERENCES = {"X-GOOGLE-CONFERENCE", "X-MICROSOFT-SKYPETEAMSMEETINGURL"}
DEFAULTS = {
    ("TRANSP", "OPAQUE"), ("STATUS", "CONFIRMED"), ("CLASS", "PUBLIC"), ("SEQUENCE", "0"), ("PRIORITY", "0"),
}
RULES = {"RRULE", "EXRULE", "RDATE", "EXDATE"}
LISTS = {"CATEGORIES", "RESOURCES", "EXDATE", "RDATE", "NICKNAME"}


# A time on the wall of a zone that nobody knows here.
WALL = " on a wall"


def decode(raw):
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", "replace")
    lines = []
    for line in raw.removeprefix(b"\xef\xbb\xbf").split(b"\n"):
        try:
            lines.append(line.decode("utf-8"))
        except UnicodeDecodeError:
            bad = line.decode("utf-8", "replace")
            good = sum(one > "\x7f" and one != "\ufffd" for one in bad)
            utf8 = good > 0 and good >= bad.count("\ufffd")
            lines.append(bad if utf8 else line.decode("windows-1252", "replace"))
    return "\n".join(lines)


def lines_of(text):
    """The content lines of a file as (name, params, value), by the foreign parser; those it cannot split are left out."""
    for line in Contentlines.from_ical(text.lstrip("\ufeff")):
        if not line.strip():
            continue
        try:
            name, params, value = line.parts()
        except ValueError:
            continue
        params = {key.upper(): params[key] for key in params}
        yield str(name).upper(), params, str(value)


class Part:
    def __init__(self, name):
        self.name, self.lines, self.parts = name, [], []

    def get(self, name):
        return next((value for known, _, value in self.lines if known == name), None)

    def line(self, name):
        return next((line for line in self.lines if line[0] == name), None)


def tree(text):
    root = Part("ROOT")
    stack = [root]
    for name, params, value in lines_of(text):
        if name == "BEGIN":
            stack.append(Part(value.strip().upper()))
            stack[-2].parts.append(stack[-1])
        elif name == "END":
            word = value.strip().upper()
            if any(part.name == word for part in stack[1:]):
                while stack.pop().name != word:
                    pass
        else:
            stack[-1].lines.append((name, params, value))
    return root


def walk(part):
    yield part
    for inner in part.parts:
        yield from walk(inner)


def unescape(text):
    return re.sub(r"\\(.)", lambda m: "\n" if m[1] in "nN" else m[1], text, flags=re.S)


def plain(text):
    text = unescape(str(text)).replace("\r\n", "\n").replace("\r", "\n")
    return "\n".join(line.strip() for line in text.split("\n")).strip()


def zone_of(name, zones):
    name = name.strip().strip('"')
    if name in zones:
        return zones[name]
    name = WINDOWS_TO_OLSON.get(name, name)
    for part in (name, *re.findall(r"[A-Za-z]+/[A-Za-z_+-]+(?:/[A-Za-z_]+)?$", name)):
        try:
            return zoneinfo.ZoneInfo(part)
        except Exception:
            continue
    return None


def moment(value, params, zones):
    """A date or a time in one spelling, or as it stands where nobody knows its zone."""
    value = value.strip()
    if re.fullmatch(r"\d{8}Z?", value):
        return value[:8]
    found = re.fullmatch(r"(\d{8})T(\d{6})(Z?)", value)
    if not found:
        return value
    try:
        at = datetime.datetime.strptime(found[1] + found[2], "%Y%m%d%H%M%S")
    except ValueError:
        return value
    if found[3]:
        return at.strftime("%Y%m%dT%H%M%SZ")
    name = params.get("TZID")
    if not name:
        return at.strftime("%Y%m%dT%H%M%S")
    zone = zone_of(str(name), zones)
    if zone is None:
        return at.strftime("%Y%m%dT%H%M%S") + WALL
    return at.replace(tzinfo=zone).astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def trigger(value):
    found = re.fullmatch(r"([+-]?)P(?:(\d+)W)?(?:(\d+)D)?T?(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?", value)
    if not found:
        return value
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups()[1:])
    return str((-1 if found[1] == "-" else 1) * (((weeks * 7 + days) * 24 + hours) * 3600 + minutes * 60 + seconds))


def values_of(name, params, value, zones):
    if str(params.get("ENCODING", "")).upper() == "QUOTED-PRINTABLE":
        value = quopri.decodestring(value.encode()).decode("utf-8", "replace")
    if name in DATES:
        return [moment(one.split("/")[0], params, zones) for one in value.split(",") if one.strip()]
    if name in LISTS:
        return [plain(one).lower() for one in re.split(r"(?<!\\),", value) if one.strip()]
    if name in ("RRULE", "EXRULE"):
        text = re.sub(r"\s", "", value.upper())
        parts = [part for part in text.removeprefix(name + ":").split(";") if part]
        parts = [re.sub(r"T\d{6}Z?$", "", part) if part.startswith("UNTIL") else part for part in parts]
        return [";".join(sorted(p for p in parts if p not in ("INTERVAL=1", "WKST=MO")))]
    if name in WORDS:
        return [value.strip().upper()]
    if name == "TRIGGER":
        return [trigger(value.strip().upper())]
    if name in ("ATTENDEE", "ORGANIZER"):
        text = plain(value)
        while text.lower().startswith("mailto:"):
            text = text[7:]
        return [text.strip().lower()]
    return [plain(value)]


def params_of(name, params, address=""):
    ignored = {"VALUE", "TZID", "ENCODING", "CHARSET"}
    flat = []
    for key, value in params.items():
        if key in ignored:
            continue
        for one in value if isinstance(value, list) else [value]:
            text = str(one).strip().lower()
            if key == "EMAIL" and text == address:
                continue
            flat.append((key, text.removeprefix("mailto:")))
    dull = {("RELATED", "start"), ("X-NUM-GUESTS", "0"), ("ROLE", "req-participant"), ("PARTSTAT", "needs-action"), ("CUTYPE", "individual"), ("RSVP", "false")}
    return {pair for pair in flat if pair not in dull and pair[1]}


def said(part, zones):
    """What a component says: a count of (path, name, value), and the parameters of each."""
    found, params_by, walls = collections.Counter(), collections.defaultdict(set), set()
    kept = []
    start = part.line("DTSTART")

    def add(path, name, params, value):
        if name in IGNORED or not value.strip():
            return
        name = "CONFERENCE" if name in CONFERENCES else name
        for one in values_of(name, params, value, zones):
            if (name, one.upper()) in DEFAULTS:
                continue
            found[(path, name, one)] += 1
            params_by[(path, name, one)] |= params_of(name, params, one)

    def take(path, inner):
        for name, params, value in inner.lines:
            if name == "X-PASSERELLE-LINE" or name == "X-PASSERELLE-UNKNOWN":
                kept.extend((path, line) for line in lines_of(unescape(value)))
                kept.append((path, ("", {}, unescape(value))))
            elif name == "X-PASSERELLE-PARAMS":
                of = params.get("OF", "")
                rest = {key: value for key, value in params.items() if key not in ("OF", "AS-WRITTEN")}
                kept.append((path, (str(of), rest, value)))
            elif name == "X-PASSERELLE-OCCURRENCE":
                kept.extend((path, (key, {}, str(one))) for key, one in params.items() if key in RULES)
            elif not name.startswith(OURS):
                add(path, name, params, value)
        for one in inner.parts:
            take(path + "/" + one.name, one)

    take("", part)
    ends = set()
    for path, (name, params, value) in kept:
        if name == "DTEND":
            ends.add(moment(value, params, zones))
        if name:
            for one in values_of(name, params, value, zones):
                found[(path, name, one)] += 1
                params_by[(path, name, one)] |= params_of(name, params, one)
    if start is not None:
        end = end_of(part, start, zones)
        for name in ("DTEND", "DURATION"):
            for key in [key for key in found if key[:2] == ("", name)]:
                del found[key]
        for one in ends | ({end} if end else set()):
            found[("", "END", one)] = 1
        # The same times on the wall, for those whose zone nobody knows here.
        for name in ("DTSTART", "DTEND", *DATES):
            for line in (line for line in part.lines if line[0] == name):
                for one in values_of(name, {}, line[2], zones):
                    if re.fullmatch(r"\d{8}T\d{6}", one):
                        walls.add(("END" if name == "DTEND" else name, one + WALL))
    return found, params_by, walls


def end_of(part, start, zones):
    begin = moment(start[2], start[1], zones)
    end, length = part.line("DTEND"), part.get("DURATION")
    if end and end[2].strip():
        text = moment(end[2], end[1], zones)
    elif length:
        try:
            delta = icalendar.vDuration.from_ical(length.strip())
            form = {8: "%Y%m%d", 15: "%Y%m%dT%H%M%S", 16: "%Y%m%dT%H%M%SZ"}[len(begin)]
            text = (datetime.datetime.strptime(begin, form) + delta).strftime(form)
        except Exception:
            return None
    else:
        return None
    if text == begin:
        return None
    if len(begin) == 8 and len(text) == 8:
        try:
            after = datetime.datetime.strptime(begin, "%Y%m%d") + datetime.timedelta(1)
        except ValueError:
            return text
        return None if text == after.strftime("%Y%m%d") else text
    return text


def zones_of(text):
    """The zones that a file describes itself, by their names."""
    found = {}
    try:
        calendars = icalendar.Calendar.from_ical(text, multiple=True)
    except Exception:
        return found
    for calendar in calendars:
        for zone in calendar.walk("VTIMEZONE"):
            name = str(zone.get("TZID", "")).strip()
            if zone_of(name, {}) is None:
                try:
                    found[name] = zone.to_tz(lookup_tzid=False)
                except Exception:
                    pass
    return found


def key_of(part, zones):
    id = part.line("RECURRENCE-ID")
    uid = plain(part.get("UID") or "")
    return uid, moment(id[2], id[1], zones) if id else ""


def rank(part):
    """How new a state of a record is."""
    changed = part.get("LAST-MODIFIED") or part.get("DTSTAMP") or ""
    return (part.get("SEQUENCE") or "0").strip().rjust(9, "0"), changed.strip()


def set_aside(text, bad):
    """The identifiers of the records that were set aside, as far as they can be found behind their lines."""
    lines = re.split(r"\r\n|\r|\n", text)
    keys = set()
    for number, *_ in bad:
        record = "\n".join(lines[max(number - 1, 0): number + 400])
        record = re.split(r"\nEND:(?:VEVENT|VCARD|VTODO|VJOURNAL)", record, flags=re.I)[0]
        record = re.sub(r"\nBEGIN:(\w+).*?\nEND:\1", "", record, flags=re.I | re.S)
        unfolded = re.sub(r"\n[ \t]", "", record)
        uid = re.search(r"^UID[^:\n]*:(.*)$", unfolded, flags=re.M | re.I)
        keys.add(plain(uid[1]) if uid else "")
    return keys


def taken(text, bad, parts, word):
    """Those records of a foreign parser that were not set aside, by the lines on which they begin; nothing where it found
    others than there are, or something begins elsewhere."""
    lines = enumerate(re.split(r"\r\n|\r|\n", text), 1)
    begins = {number: line.strip().upper() for number, line in lines if line.strip().upper().startswith("BEGIN:")}
    numbers = [number for number, line in begins.items() if line == "BEGIN:" + word]
    aside = {number for number, *_ in bad}
    if len(numbers) != len(parts) or not aside <= set(begins):
        return None
    return [part for part, number in zip(parts, numbers) if number not in aside]


def taken_events(text, bad, parts, uid_of):
    found = taken(text, bad, parts, "VEVENT")
    if found is None:
        aside = set_aside(text, bad)
        found = [part for part in parts if uid_of(part) not in aside]
    return found


def events(report, text, export):
    zones = zones_of(text)
    original = [part for part in walk(tree(text)) if part.name == "VEVENT"]
    original = taken_events(text, report["bad"], original, lambda part: plain(part.get("UID") or ""))
    written = [part for part in walk(tree(export)) if part.name == "VEVENT"]
    differences = []
    by_key = collections.defaultdict(list)
    for part in written:
        says = said(part, zones)
        by_key[key_of(part, {})].append(says)
        given = part.get("X-PASSERELLE-ORIGINAL-UID")
        if given:
            by_key[(plain(given), key_of(part, {})[1])].append(says)
    newest = {}
    for part in original:
        newest[key_of(part, zones)] = max(newest.get(key_of(part, zones), ("", "")), rank(part))
    for part in original:
        key = key_of(part, zones)
        if key[0] and rank(part) < newest[key]:
            continue
        wanted, params, _ = said(part, zones)
        others = by_key.get(key)
        if others is None and not key[0]:
            others = [one for known in by_key.values() for one in known]
        if others is None and key[1]:
            others = [one for known in by_key if known[0].startswith(key[0]) for one in by_key[known]]
        if not others:
            differences.append(("record", "VEVENT", f"{key[0]} {key[1]}"))
            continue

        def missing(other):
            return [
                one for one in wanted
                if one not in other[0] and one[1] not in ("UID", "RECURRENCE-ID") and one[1:] not in other[2]
            ]

        best = min(others, key=lambda other: len(missing(other)))
        called_off = (part.get("STATUS") or "").strip().upper() == "CANCELLED" and key[1]
        for path, name, value in [] if called_off else missing(best):
            differences.append(("lost", (path + "/" + name).strip("/"), value[:120]))
        for one in wanted:
            if one in best[0]:
                gone = params[one] - best[1][one]
                if one[1] == "ORGANIZER":
                    # How the organiser takes part is said on the guest's line of the same person.
                    gone -= {pair for pair in best[1].get((one[0], "ATTENDEE", one[2]), ()) if pair[0] in ("ROLE", "PARTSTAT")}
                for param, value in sorted(gone):
                    differences.append(("param", f"{one[0]}/{one[1]};{param}".strip("/"), value[:80]))
    return differences


def spelled(at, day=False):
    if day or not isinstance(at, datetime.datetime):
        return at.strftime("%Y%m%d")
    if at.tzinfo is None:
        return at.strftime("%Y%m%dT%H%M%S")
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def second_opinion(event, starts):
    """Compares the starts of a series with those that ical.js finds."""
    ours = {begin for begin, _, _ in event["occurrences"]["list"]}
    theirs = set(starts)
    if not event["occurrences"]["complete"]:
        theirs = {one for one in theirs if one <= max(ours, default="")}
    year = event["year"]
    near = lambda one: f"{year}0103" <= one[:8] < f"{year + 9}1229"
    ours, theirs = set(filter(near, ours)), set(filter(near, theirs))
    if ours == theirs:
        return None
    return f"{len(ours)} {len(theirs)}: +{sorted(ours - theirs)[:2]} -{sorted(theirs - ours)[:2]}"


def expansion(report, text):
    """Compares the occurrences of ten years, series by series."""
    second = SECOND.get(report["file"], {})
    try:
        calendars = icalendar.Calendar.from_ical(text, multiple=True)
    except Exception as error:
        return [("foreign", "icalendar", str(error)[:80])]
    ours = collections.defaultdict(list)
    for event in report["events"]:
        ours[event["uid"]].append(event)
    theirs = collections.defaultdict(list)
    all = [(calendar, part) for calendar in calendars for part in calendar.walk("VEVENT")]
    for calendar, part in taken_events(text, report["bad"], all, lambda one: plain(one[1].get("UID", ""))):
        theirs[str(part.get("UID", ""))].append((calendar, part))
    differences = []
    for uid, parts in theirs.items():
        mine = [event for event in ours.get(uid, []) if "list" in event["occurrences"]]
        if not mine or len(ours[uid]) > 1 or not uid:
            continue
        other = second_opinion(mine[0], second[uid]) if uid in second else None
        try:
            all = foreign_occurrences(parts, mine[0]["year"])
        except Exception as error:
            differences.append(("foreign", "recurring_ical_events", f"{type(error).__name__} {str(error)[:60]}"))
            if other:
                differences.append(("ical.js", uid[:60], other))
            continue
        found = compared(mine[0], all, parts)
        if other:
            differences.append(("ical.js" if found else "third-of-three", uid[:60], other))
        if found:
            differences.append((found[0], uid[:60], found[1]))
            continue
        for zone, listed in mine[0].get("zones", {}).items():
            found = in_zone(zone, listed, mine[0], parts)
            if found:
                differences.append((found[0], uid[:60], f"{zone} {found[1]}"))
    return differences


def in_zone(zone, listed, event, parts):
    """Compares the occurrences that an event without a zone has in one."""
    if "list" not in listed:
        return None
    try:
        zoned = [(calendar, icalendar.Event.from_ical(localized(part, zone))) for calendar, part in parts]
        all = foreign_occurrences(zoned, event["year"])
    except Exception:
        return None
    return compared({**event, "occurrences": listed}, all, zoned)


def localized(part, zone):
    """The text of an event whose times without a zone are in one."""
    lines = []
    for line in part.to_ical().decode().replace("\r\n ", "").split("\r\n"):
        name = re.match(r"[A-Z-]*", line)[0]
        if name in DATES and "TZID" not in line and re.fullmatch(r"[\dT,]+", line.rsplit(":", 1)[-1]) and "T" in line.rsplit(":", 1)[-1]:
            line = f"{name};TZID={zone}:" + line.rsplit(":", 1)[-1]
        lines.append(line)
    return "\r\n".join(lines)


def foreign_occurrences(parts, year):
    calendar = icalendar.Calendar()
    for zone in parts[0][0].walk("VTIMEZONE"):
        calendar.add_component(zone)
    for _, part in parts:
        calendar.add_component(part)
    days = all(is_day(part) for _, part in parts if "DTSTART" in part)
    found = recurring_ical_events.of(calendar, skip_bad_series=False).between((year, 1, 1), (year + 10, 1, 1))
    return [
        (spelled(one["DTSTART"].dt, days), spelled(one["DTEND"].dt, days))
        for one in found
        if str(one.get("STATUS", "")).upper() != "CANCELLED" or len(parts) == 1
    ]


def is_day(part):
    """Tells whether an event begins on a day, also where a zone is written beside the day."""
    return re.fullmatch(rb"\d{8}", part["DTSTART"].to_ical()) is not None or part.get("X-MICROSOFT-CDO-ALLDAYEVENT") == "TRUE"


def compared(event, all, parts):
    year = event["year"]
    walls = {begin: wall for begin, _, wall in event["occurrences"]["list"]}
    listed = {(begin, end) for begin, end, _ in event["occurrences"]["list"]}
    theirs = {(begin, after(begin) if begin == end and len(begin) == 8 else end) for begin, end in all}
    if not event["occurrences"]["complete"]:
        last = max((begin for begin, _ in listed), default="")
        theirs = {one for one in theirs if one[0] <= last}
    # The window is by days of the wall in one and by moments in the other.
    near = lambda one: f"{year}0103" <= one[0][:8] < f"{year + 9}1229"
    one, other = set(filter(near, listed)), set(filter(near, theirs))
    if one == other:
        return None
    ours_only, theirs_only = sorted(one - other), sorted(other - one)
    detail = f"{len(one)} {len(other)}: +{ours_only[:2]} -{theirs_only[:2]}"
    starts = {moment_of(part) for _, part in parts}
    if not ours_only and len(theirs_only) == 1 and theirs_only[0][0] in starts:
        return "start-outside-its-rule", detail
    if all and not any("Z" in begin for begin, _ in theirs_only) and (
        {walls.get(begin) for begin, _ in ours_only} == {begin for begin, _ in theirs_only}
    ):
        return "zone-unknown-to-the-parser", detail
    return "occurrences", detail


def moment_of(part):
    try:
        return spelled(part["DTSTART"].dt, is_day(part))
    except Exception:
        return ""


def after(day):
    return (datetime.datetime.strptime(day, "%Y%m%d") + datetime.timedelta(1)).strftime("%Y%m%d")


def card_lines(text):
    """The cards of a file as the lines that vobject reads of each."""
    stream = io.StringIO(text)
    for card in vobject.readComponents(stream, validate=False, transform=False, ignoreUnreadable=True, allowQP=True):
        if card.name != "VCARD":
            continue
        lines = []
        for line in card.lines():
            value = line.value
            if isinstance(value, bytes):
                value = base64.b64encode(value).decode()
            if isinstance(value, list):
                value = ",".join(map(str, value))
            params = {k.upper(): list(v) for k, v in line.params.items()}
            # Version 2.1 writes types without their name.
            params.setdefault("TYPE", []).extend(line.singletonparams)
            lines.append((line.name.upper(), params, line.group, str(value)))
        yield lines


def card_values(name, value):
    value = re.sub(r"^data:[^,;]*(;base64)?,", "", value)
    value = plain(re.sub(r"\\:", ":", value))
    if name in ("N", "ADR", "ORG"):
        return [re.sub(r"[;\s]+$", "", re.sub(r"\s*;\s*", ";", value)).lower()]
    if name in ("TEL", "EMAIL"):
        return [re.sub(r"^(tel|mailto):", "", value, flags=re.I).lower()]
    if CARD_NAMES.get(name, name) in ("BDAY", "ANNIVERSARY", "REV"):
        return [re.sub(r"[-:]|T\d\d:?\d\d(:?\d\d)?([-+]\d{4}|Z)?$", "", value).lower()]
    if name in ("NICKNAME", "CATEGORIES"):
        return [one.strip().lower() for one in value.split(",") if one.strip()]
    if CARD_NAMES.get(name) == "IMPP" or name == "IMPP":
        return [value.split(":")[-1].strip().lower()]
    if name == "X-ABLABEL":
        return [re.sub(r"[^\w]|_", "", value).lower()]
    return [re.sub(r"\s+", " ", value).lower()]


# Names under which the same is written.
CARD_NAMES = {
    "X-ANNIVERSARY": "ANNIVERSARY", "X-EVOLUTION-ANNIVERSARY": "ANNIVERSARY", "X-ABDATE": "ANNIVERSARY",
    "X-ABRELATEDNAMES": "RELATED", "X-SPOUSE": "RELATED", "X-MANAGER": "RELATED", "X-ASSISTANT": "RELATED",
    "X-AIM": "IMPP", "X-ICQ": "IMPP", "X-JABBER": "IMPP", "X-MSN": "IMPP", "X-SKYPE": "IMPP",
    "X-SKYPE-USERNAME": "IMPP", "X-YAHOO": "IMPP", "X-GTALK": "IMPP", "X-GOOGLE-TALK": "IMPP", "X-QQ": "IMPP",
    "X-EVOLUTION-SPOUSE": "RELATED", "X-EVOLUTION-MANAGER": "RELATED", "X-EVOLUTION-ASSISTANT": "RELATED",
}


def said_by_card(lines):
    found = collections.Counter()
    texts = []
    for name, params, group, value in lines:
        if not value.strip(" ;") or name in IGNORED:
            continue
        if name.startswith(OURS):
            texts.append(plain(value).lower())
            if name != "X-PASSERELLE-UNKNOWN":
                continue
        for types in params.values():
            found.update(("", re.sub(r"[^\w]|_", "", str(one)).lower()) for one in types)
        for one in card_values(name, value):
            found[(CARD_NAMES.get(name, name), one)] += 1
    return found, re.sub(r"\s", "", "\n".join(texts))


# Types that every program writes, and that say nothing; encodings, which are not written again.
SILENT = {"", "internet", "x-internet", "voice", "postal", "parcel", "intl", "dom", "quoted-printable", "base64", "b", "8bit", "7bit"}
# What an export says by the form of a line, or what only says how its value was written.
FORMAL = {"CHARSET", "ENCODING", "VALUE", "CC", "X-LABEL", "X-SERVICE-TYPE", "SERVICE-TYPE", "X-APPLE-OMIT-YEAR"}


def params_by_value(lines):
    """What the lines of a card say beside their values: types, preference, label, and every other parameter."""
    labels = {
        group: re.sub(r"[^\w]|_", "", plain(value)).lower()
        for name, _, group, value in lines if name == "X-ABLABEL" and group
    }
    found = collections.defaultdict(set)
    for name, params, group, value in lines:
        of = params.get("OF", [name])[0].upper() if name == OURS + "PARAMS" else name
        if not value.strip(" ;") or (name.startswith(OURS) and of == name):
            continue
        said = set()
        for param, values in params.items():
            for one in (part for text in values for part in str(text).split(",")):
                one = one.strip().strip('"').lower()
                if param in FORMAL or param in ("OF", "AS-WRITTEN"):
                    continue
                if one in ("pref", "preferred") or param == "PREF":
                    said.add(("PREF", ""))
                elif param == "TYPE":
                    said.update({("TYPE", re.sub(r"[^\w]|_", "", one.removeprefix("x-")))} if one not in SILENT else ())
                elif one:
                    said.add((param, one))
        if labels.get(group):
            said.add(("TYPE", labels[group]))
        for one in card_values(of, value):
            found[(CARD_NAMES.get(of, of), one)] |= said
    return found


def params_lost(original, written):
    """The parameters of a card that the best card of an export no longer has on the same value."""
    for (name, value), said in original.items():
        if (name, value) not in written:
            continue
        there = written[(name, value)]
        if sum(1 for other, _ in original if other == name) == 1:
            # The only one of its kind is the preferred one, which need not be said.
            said = said - {("PREF", "")}
        # A mobile telephone of the office is one label; several types may stand in one.
        types = [one for param, one in there if param == "TYPE"][:5]
        joined = ["".join(order) for order in itertools.permutations(types)]
        for param, one in sorted(said - there):
            if not (param == "TYPE" and any(one in text for text in joined)):
                yield ("param", f"{name};{param}", one[:80])


def cards(report, text, export):
    try:
        original, written = list(card_lines(text)), list(card_lines(export))
    except Exception as error:
        return [("foreign", "vobject", f"{type(error).__name__} {str(error)[:60]}")]
    said_there = [said_by_card(lines) for lines in written]
    params_there = [params_by_value(lines) for lines in written]
    differences = []
    aside = sum(1 for _ in report["bad"])
    if len(original) > len(written) + aside:
        differences.append(("record", "VCARD", f"{len(original)} {len(written)} {aside}"))
    known = taken(text, report["bad"], original, "VCARD")
    for lines in original if known is None else known:
        wanted, _ = said_by_card(lines)

        def missing(other):
            there = {value for _, value in other[0]}
            return [
                key for key in wanted
                if key[0] and key not in other[0] and key[1] not in there and re.sub(r"\s", "", key[1]) not in other[1]
            ]

        if not said_there:
            continue
        place, best = min(enumerate(map(missing, said_there)), key=lambda found: len(found[1]))
        if aside and known is None and len(best) > len(wanted) / 2:
            continue
        differences.extend(("lost", name, value[:100]) for name, value in best)
        differences.extend(params_lost(params_by_value(lines), params_there[place]))
    return differences


def leaves(value, path=""):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}/{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, path)
    else:
        yield path, value


# What a member says where it is left out.
DULL = {
    ("freeBusyStatus", "busy"), ("status", "confirmed"), ("rscale", "gregorian"), ("skip", "omit"), ("privacy", "public"),
}


def objects(report, text, export):
    """Compares files of JSON leaf by leaf, without the keys of collections, which are anybody's choice."""
    try:
        original, written = json.loads(text), json.loads(export)
    except ValueError as error:
        return [("foreign", "json", str(error)[:60])]
    if isinstance(original, dict) and isinstance(original.get("entries"), list):
        original = original["entries"]
    aside = {number for *_, number in report["bad"]}
    original = [one for number, one in enumerate(original if isinstance(original, list) else [original], 1) if number not in aside]
    there = {str(value).lower() for _, value in leaves(written)}
    there |= {name.lower() for path, _ in leaves(written) for name in path.split("/")}
    return [
        ("lost", path.split("/")[1] if "/" in path else path, f"{path} {value}"[:100])
        for path, value in leaves(original)
        if str(value).lower() not in there and value not in (None, False, True, "", 0)
        and (path.rsplit("/", 1)[-1], value) not in DULL and not path.endswith("/@type")
    ]


def compare(line):
    report = json.loads(line)
    # The zones that one file describes are none of the next one, whichever that is in this process.
    tzp.use_default()
    with open(report["file"], "rb") as file:
        text = decode(file.read())
    differences = []
    if report["kind"] in ("events", "contacts"):
        with open(report["written"], encoding="utf-8", newline="") as file:
            export = file.read()
        if report["format"] == "icalendar":
            differences = events(report, text, export) + expansion(report, text)
        elif report["format"].startswith("vcard"):
            differences = cards(report, text, export)
        else:
            differences = objects(report, text, export)
    for name in ("same_records", "same_text"):
        if report.get(name) is False:
            differences.append(("passage", name, ""))
    kept = {key: report.get(key) for key in ("file", "kind", "records", "bad")}
    return json.dumps({**kept, "differences": differences})


# What ical.js finds: by file, the starts of each series.
SECOND = {}
if len(sys.argv) > 1:
    with open(sys.argv[1], encoding="utf-8") as found:
        SECOND = {one["file"]: one["series"] for one in map(json.loads, found)}


def main():
    logging.disable(logging.CRITICAL)
    with concurrent.futures.ProcessPoolExecutor() as pool:
        for line in pool.map(compare, sys.stdin, chunksize=8):
            print(line)


if __name__ == "__main__":
    main()
