//! Gestures of a person in the web page, which differ from API calls.

use chrono::{DateTime, Duration, Utc};
use serde_json::{Map, Value, json};

use super::Calendars;
use super::locate::Found;
use super::parts::{merge_patch, text};
use super::series::{cut, is_master, lines, read_suffix, starts};
use super::times::{When, local, span};

type Outcome = Result<Value, String>;

fn need<'a>(args: &'a Value, name: &str) -> Result<&'a str, String> {
    args.get(name).and_then(Value::as_str).ok_or_else(|| format!("{name} is missing"))
}

impl Calendars {
    /// Plays a gesture named as under `/_sim/ui/calendar/`.
    pub(crate) fn ui(&mut self, op: &str, args: &Value, now: DateTime<Utc>) -> Outcome {
        let account = need(args, "account")?;
        let calendar = args.get("calendar").and_then(Value::as_str).unwrap_or("primary");
        let book_id = if calendar == "primary" { account } else { calendar }.to_owned();
        if !self.books.contains_key(&book_id) {
            return Err(format!("no calendar {book_id}"));
        }
        match op {
            "empty_bin" => {
                self.empty_bin(&book_id);
                return Ok(json!({}));
            }
            "share" => {
                let role = args.get("role").and_then(Value::as_str).and_then(super::Role::parse);
                self.share(&book_id, &need(args, "with")?.to_lowercase(), role);
                return Ok(json!({}));
            }
            // What Google makes by itself, or its own page only: an event of any type (C160, C161).
            "arrive" => return self.arrive(&book_id, args, now),
            _ => {}
        }
        let event = need(args, "event")?.to_owned();
        let found = self
            .books
            .get(&book_id)
            .and_then(|book| self.find(book, &event))
            .ok_or_else(|| format!("no event {event}"))?;
        match op {
            "edit_all" => self.edit_all(&book_id, &found, args, now),
            "split" => self.split(&book_id, &found, args, now),
            "delete_following" => self.delete_following(&book_id, &found, args, now),
            "move_instance" | "edit" => self.edit(&book_id, found, args, now),
            "delete_instance" | "delete" => {
                self.cancel(&book_id, &found, now, true);
                if args.get("for_good") == Some(&Value::Bool(true)) {
                    // Some deletions in the page cannot be undone through the API (C103).
                    self.purge(&book_id, &found.id);
                }
                Ok(json!({"id": found.id}))
            }
            "restore_from_bin" => self.restore(&book_id, found, now),
            "respond" => self.respond(&book_id, found, args, now),
            other => Err(format!("unknown gesture {other}")),
        }
    }

    fn purge(&mut self, book_id: &str, id: &str) {
        let book = self.books.get_mut(book_id);
        if let Some(event) = book.and_then(|book| book.events.get_mut(id)) {
            event.purged = true;
        }
    }

    fn empty_bin(&mut self, book_id: &str) {
        if let Some(book) = self.books.get_mut(book_id) {
            for event in book.events.values_mut().filter(|event| event.cancelled()) {
                event.purged = true;
                event.bare = true;
            }
        }
    }

    /// The end of the kept part: 23:59:59 of the day before, in the series' zone (C70).
    fn shorten(
        &mut self,
        book_id: &str,
        found: &Found,
        from: &When,
        now: DateTime<Utc>,
    ) -> Result<(), String> {
        let until = match from {
            When::Day(day) => (*day - Duration::days(1)).format("%Y%m%d").to_string(),
            When::At(at, zone) => {
                let day = at.with_timezone(zone).date_naive() - Duration::days(1);
                let end = day.and_hms_opt(23, 59, 59).ok_or("no such time")?;
                local(*zone, end).format("%Y%m%dT%H%M%SZ").to_string()
            }
        };
        let before = found.event.fields.clone();
        let mut fields = before.clone();
        let rules: Vec<String> = lines(&before).iter().map(|line| cut(line, &until)).collect();
        fields.insert("recurrence".to_owned(), Value::from(rules));
        let stamp = self.stamp(now);
        self.put(book_id, &found.id, fields, stamp);
        self.follow_master(book_id, &found.id, &before, stamp, true, true);
        Ok(())
    }

    fn cut_point(found: &Found, args: &Value) -> Result<When, String> {
        let (start, _) = span(&found.event.fields).ok_or("the event has no time")?;
        if !is_master(&found.event.fields) {
            return Err("the event is not a series".to_owned());
        }
        let from = need(args, "from")?;
        read_suffix(from, &start)
            .filter(|at| super::series::has(&found.event.fields, at))
            .ok_or_else(|| format!("no instance starts at {from}"))
    }

    fn arrive(&mut self, book_id: &str, args: &Value, now: DateTime<Utc>) -> Outcome {
        let mut fields = args.get("body").and_then(Value::as_object).ok_or("body is missing")?.clone();
        let id =
            format!("a{:x}{}", now.timestamp_micros(), self.books.get(book_id).map_or(0, |book| book.rev));
        let from_gmail = text(&fields, "eventType") == Some("fromGmail");
        let organizer = if from_gmail { "unknownorganizer@calendar.google.com" } else { book_id };
        for (name, value) in [
            ("status", json!("confirmed")),
            ("iCalUID", json!(format!("{id}@google.com"))),
            ("sequence", json!(0)),
            ("creator", json!({"email": book_id})),
            ("organizer", json!({"email": organizer})),
        ] {
            fields.entry(name).or_insert(value);
        }
        let stamp = self.stamp(now);
        self.put(book_id, &id, fields, stamp);
        Ok(json!({"id": id}))
    }

    /// "This and following": the new part keeps id base, created and sequence (C70).
    fn split(&mut self, book_id: &str, found: &Found, args: &Value, now: DateTime<Utc>) -> Outcome {
        let from = Self::cut_point(found, args)?;
        let old = found.event.fields.clone();
        let (start, end) = span(&old).ok_or("the event has no time")?;
        let left = starts(&old, None, None, chrono_tz::Tz::UTC)
            .iter()
            .filter(|at| at.instant(chrono_tz::Tz::UTC) >= from.instant(chrono_tz::Tz::UTC))
            .count();
        let mut fields = old.clone();
        fields.insert("start".to_owned(), from.stored());
        fields.insert("end".to_owned(), from.plus(end.since(&start)).stored());
        let rules: Vec<String> = lines(&old).iter().map(|line| recount(line, left)).collect();
        fields.insert("recurrence".to_owned(), Value::from(rules));
        let base = found.id.split("_R").next().unwrap_or(&found.id);
        let suffix = match from {
            When::Day(day) => format!("{}T000000", day.format("%Y%m%d")),
            When::At(at, _) => at.format("%Y%m%dT%H%M%S").to_string(),
        };
        let mut id = format!("{base}_R{suffix}");
        let mut follow = true;
        if let Some(changes) = args.get("changes").and_then(Value::as_object) {
            let timing = changes.contains_key("start");
            merge_patch(&mut fields, changes.clone());
            if timing {
                follow = false;
                // Another time of day gives a fresh id and sequence 1 (C70).
                id = format!("s{:x}", now.timestamp_micros());
                fields.insert("sequence".to_owned(), Value::from(1));
                normalise_times(&mut fields);
            }
        }
        fields.insert("iCalUID".to_owned(), Value::from(format!("{id}@google.com")));
        if follow {
            self.hand_over(book_id, &found.id, &id, &from);
        }
        self.shorten(book_id, found, &from, now)?;
        let stamp = self.stamp(now);
        let created = found.event.created;
        self.put(book_id, &id, fields, stamp);
        if let Some(event) = self.books.get_mut(book_id).and_then(|book| book.events.get_mut(&id)) {
            event.created = created;
        }
        Ok(json!({"id": id}))
    }

    /// Later exceptions move to the new part and keep their ids (C73).
    fn hand_over(&mut self, book_id: &str, old: &str, new: &str, from: &When) {
        let Some(book) = self.books.get_mut(book_id) else {
            return;
        };
        let utc = chrono_tz::Tz::UTC;
        for id in book.exceptions(old) {
            let Some(event) = book.events.get_mut(&id) else {
                continue;
            };
            let original = event.fields.get("originalStartTime").and_then(When::read);
            if original.is_some_and(|at| at.instant(utc) >= from.instant(utc)) {
                event.fields.insert("recurringEventId".to_owned(), Value::from(new));
                book.children.entry(old.to_owned()).or_default().remove(&id);
                book.children.entry(new.to_owned()).or_default().insert(id);
            }
        }
    }

    /// "All events": the split parts and the exceptions change in one go (C71).
    fn edit_all(&mut self, book_id: &str, found: &Found, args: &Value, now: DateTime<Utc>) -> Outcome {
        let changes = args.get("changes").and_then(Value::as_object).ok_or("changes is missing")?;
        let base = found.id.split("_R").next().unwrap_or(&found.id).to_owned();
        let part = format!("{base}_R");
        let book = self.books.get(book_id).ok_or("no such calendar")?;
        let family: Vec<(String, Map<String, Value>)> = book
            .events
            .iter()
            .filter(|(id, event)| !event.cancelled() && (**id == base || id.starts_with(&part)))
            .filter(|(_, event)| is_master(&event.fields))
            .map(|(id, event)| (id.clone(), event.fields.clone()))
            .collect();
        let stamp = self.stamp(now);
        for (id, before) in &family {
            let mut fields = before.clone();
            merge_patch(&mut fields, changes.clone());
            self.put(book_id, id, fields, stamp);
            self.follow_master(book_id, id, before, stamp, true, true);
        }
        Ok(json!({"ids": family.iter().map(|(id, _)| id).collect::<Vec<_>>()}))
    }

    fn delete_following(
        &mut self,
        book_id: &str,
        found: &Found,
        args: &Value,
        now: DateTime<Utc>,
    ) -> Outcome {
        let from = Self::cut_point(found, args)?;
        let first = starts(&found.event.fields, None, None, chrono_tz::Tz::UTC).into_iter().next();
        if first.is_none_or(|first| first == from) {
            // The first one and all that follow: nothing is left of the series.
            self.cancel(book_id, found, now, true);
        } else {
            self.shorten(book_id, found, &from, now)?;
        }
        Ok(json!({"id": found.id}))
    }

    /// A person changes an event or moves one occurrence (C63, C74).
    fn edit(&mut self, book_id: &str, found: Found, args: &Value, now: DateTime<Utc>) -> Outcome {
        let changes = args
            .get("changes")
            .and_then(Value::as_object)
            .cloned()
            .or_else(|| {
                let start = args.get("start")?;
                let end = args.get("end")?;
                json!({"start": start, "end": end}).as_object().cloned()
            })
            .ok_or("changes is missing")?;
        let before = found.event.fields;
        let mut fields = before.clone();
        merge_patch(&mut fields, changes);
        normalise_times(&mut fields);
        if ["start", "end", "recurrence"].iter().any(|name| fields.get(*name) != before.get(*name)) {
            let sequence = fields.get("sequence").and_then(Value::as_i64).unwrap_or(0);
            fields.insert("sequence".to_owned(), Value::from(sequence + 1));
        }
        let stamp = self.stamp(now);
        let is_series = is_master(&before) || is_master(&fields);
        self.put(book_id, &found.id, fields, stamp);
        if is_series {
            self.follow_master(book_id, &found.id, &before, stamp, true, true);
        }
        Ok(json!({"id": found.id}))
    }

    fn restore(&mut self, book_id: &str, found: Found, now: DateTime<Utc>) -> Outcome {
        if !found.event.cancelled() || found.event.purged {
            return Err("the event is not in the bin".to_owned());
        }
        let mut fields = found.event.fields;
        fields.insert("status".to_owned(), Value::from("confirmed"));
        let stamp = self.stamp(now);
        self.put(book_id, &found.id, fields, stamp);
        Ok(json!({"id": found.id}))
    }

    /// The owner of the calendar answers an invitation there.
    fn respond(&mut self, book_id: &str, found: Found, args: &Value, now: DateTime<Utc>) -> Outcome {
        let answer = need(args, "response")?.to_owned();
        let mut copies = vec![book_id.to_owned()];
        let host = found.event.fields.get("organizer").and_then(|who| who.get("email"));
        copies.extend(host.and_then(Value::as_str).map(str::to_owned));
        for copy in copies {
            // One occurrence need not exist by itself yet.
            let there = self.books.get(&copy).and_then(|book| self.find(book, &found.id));
            let Some(mut event) = there.map(|found| found.event) else {
                continue;
            };
            let rows = event.fields.get_mut("attendees").and_then(Value::as_array_mut);
            for row in rows.into_iter().flatten() {
                if row.get("email").and_then(Value::as_str) == Some(book_id) {
                    row["responseStatus"] = Value::from(answer.as_str());
                }
            }
            let stamp = self.stamp(now);
            self.touch_parent(&copy, &event.fields, stamp);
            self.put(&copy, &found.id, event.fields, stamp);
        }
        Ok(json!({"id": found.id}))
    }
}

/// Brings times that a gesture gave into the stored form.
fn normalise_times(fields: &mut Map<String, Value>) {
    for name in ["start", "end"] {
        let stored = fields.get(name).and_then(|value| {
            let zone = value.get("timeZone").and_then(Value::as_str).and_then(|name| name.parse().ok());
            super::times::parse(Some(value), name, zone.unwrap_or(chrono_tz::Tz::UTC), false).ok()
        });
        if let Some(stored) = stored {
            fields.insert(name.to_owned(), stored.stored());
        }
    }
    if text(fields, "summary").is_some_and(str::is_empty) {
        fields.remove("summary");
    }
}

/// The new part of a counted series counts what is left.
fn recount(line: &str, left: usize) -> String {
    let parts: Vec<String> = line
        .split(';')
        .map(|part| match part.to_uppercase().find("COUNT=") {
            Some(at) => format!("{}COUNT={left}", part.get(..at).unwrap_or_default()),
            None => part.to_owned(),
        })
        .collect();
    parts.join(";")
}
