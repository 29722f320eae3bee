//! A series and its exceptions change together.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::content::WRITABLE;
use super::locate::Found;
use super::parts::text;
use super::series::{has, is_master};
use super::times::When;
use super::{Calendars, Event};

type Fields = Map<String, Value>;

impl Calendars {
    /// Exceptions follow their series: values, orphans, and being sent again (C69, C72).
    pub(crate) fn follow_master(
        &mut self,
        book_id: &str,
        id: &str,
        before: &Fields,
        stamp: DateTime<Utc>,
        resend: bool,
        bare: bool,
    ) {
        let Some(book) = self.books.get_mut(book_id) else {
            return;
        };
        let Some(master) = book.events.get(id).cloned() else {
            return;
        };
        let moved = clock(before) != clock(&master.fields);
        for exception in book.exceptions(id) {
            let Some(event) = book.events.get_mut(&exception) else {
                continue;
            };
            let kept = reaches(&master, event);
            if kept && event.shelved.as_ref().is_some_and(Map::is_empty) {
                // Lost when the hour moved: the occurrence is one like any other.
                book.events.remove(&exception);
                if let Some(family) = book.children.get_mut(id) {
                    family.remove(&exception);
                }
                continue;
            }
            if kept {
                take_back(event);
                inherit(&mut event.fields, before, &master.fields);
            } else if event.shelved.is_none() {
                orphan(event, bare);
                if moved {
                    event.shelved = Some(Map::new());
                }
            }
            if resend || !kept {
                book.touch(&exception, stamp);
                if let Some(event) = book.events.get_mut(&exception) {
                    event.etag = event.etag.max(master.etag);
                }
            }
        }
    }

    /// Marks an event as deleted; a hole sends its series again (C42).
    pub(crate) fn cancel(&mut self, book_id: &str, found: &Found, now: DateTime<Utc>, bare: bool) {
        let stamp = self.stamp(now);
        let before = found.event.fields.clone();
        let mut fields = before.clone();
        fields.insert("status".to_owned(), Value::from("cancelled"));
        self.put(book_id, &found.id, fields, stamp);
        self.touch_parent(book_id, &before, stamp);
        if is_master(&before) {
            self.follow_master(book_id, &found.id, &before, stamp, true, bare);
        }
    }

    /// Sends the series of a new hole again (C42).
    pub(crate) fn touch_parent(&mut self, book_id: &str, fields: &Fields, stamp: DateTime<Utc>) {
        if let (Some(parent), Some(book)) = (text(fields, "recurringEventId"), self.books.get_mut(book_id)) {
            book.touch(parent, stamp);
        }
    }

    /// A more restrictive visibility spreads from an instance to its series (C77).
    pub(crate) fn spread_visibility(
        &mut self,
        book_id: &str,
        after: &mut Fields,
        stamp: DateTime<Utc>,
        bare: bool,
    ) {
        let Some(parent) = text(after, "recurringEventId").map(str::to_owned) else {
            return;
        };
        let series = self.books.get(book_id).and_then(|book| book.events.get(&parent));
        let Some(before) = series.map(|event| event.fields.clone()) else {
            return;
        };
        let private =
            |fields: &Fields| matches!(text(fields, "visibility"), Some("private" | "confidential"));
        match (private(&before), private(after)) {
            (true, false) => {
                after.insert("visibility".to_owned(), Value::from("private"));
            }
            (false, true) => {
                let mut fields = before.clone();
                fields.insert("visibility".to_owned(), Value::from("private"));
                self.put(book_id, &parent, fields, stamp);
                self.follow_master(book_id, &parent, &before, stamp, true, bare);
            }
            _ => {}
        }
    }
}

/// The time of day at which a series begins, by its own clock; nothing for whole days.
fn clock(fields: &Fields) -> Option<chrono::NaiveTime> {
    match fields.get("start").and_then(When::read)? {
        When::Day(_) => None,
        When::At(at, zone) => Some(at.with_timezone(&zone).time()),
    }
}

/// Tells whether a series still has the instance of an exception.
fn reaches(master: &Event, exception: &Event) -> bool {
    let original = exception.fields.get("originalStartTime").and_then(When::read);
    !master.cancelled()
        && is_master(&master.fields)
        && original.is_some_and(|original| has(&master.fields, &original))
}

fn orphan(event: &mut Event, bare: bool) {
    event.shelved = Some(event.fields.clone());
    event.fields.insert("status".to_owned(), Value::from("cancelled"));
    event.bare = bare;
}

fn take_back(event: &mut Event) {
    if let Some(fields) = event.shelved.take() {
        event.fields = fields;
        event.bare = false;
    }
}

/// Members an exception did not change follow the series (C71).
fn inherit(exception: &mut Fields, before: &Fields, after: &Fields) {
    for name in WRITABLE {
        let own = ["start", "end", "recurrence", "status", "sequence"];
        if own.contains(name) || exception.get(*name) != before.get(*name) {
            continue;
        }
        match after.get(*name) {
            Some(value) => exception.insert((*name).to_owned(), value.clone()),
            None => exception.remove(*name),
        };
    }
}
