//! A record that is there, completed by one that was read: what that one does not mention stays.

use passerelle_ports::{
    Field, Fields, Kind, Record, Value, assemble, fields,
    mutants::{Mutant, on},
};

/// The members of an event that only make sense together.
const SCHEDULE: [&str; 6] = [
    "start",
    "duration",
    "recurrence_rules",
    "excluded_recurrence_rules",
    "recurrence_dates",
    "recurrence_overrides",
];

/// Returns the record that is there with the values of the one that was read.
///
/// A contact keeps every entry that the other does not name. An event keeps the members of which the
/// other says nothing at all, but its times are those of the other.
pub(crate) fn completed<R: Record>(there: &R, read: &R) -> R {
    if on(Mutant::ImportWipes) {
        return read.clone();
    }
    let (mut all, mut new) = (fields(there), fields(read));
    if R::KIND == Kind::Events && is_called_off(&all, &new) {
        // A message that calls an appointment off need not say when it took place.
        new.retain(|field, _| !SCHEDULE.contains(&field.member()));
    } else if R::KIND == Kind::Events {
        let is_said = |member: &str| new.keys().any(|field| field.member() == member);
        all.retain(|field, value| {
            let member = field.member();
            // Who asks somebody to an appointment again does not say that it takes place after all.
            let revived = member == "status" && *value == "cancelled" && !is_said("status");
            !revived && !SCHEDULE.contains(&member) && (field.key().is_none() || !is_said(member))
        });
    }
    // One is the preferred of its kind: the newer one.
    let preferring: Vec<&str> =
        new.iter().filter(|(_, value)| is_preferred(value)).map(|(field, _)| field.member()).collect();
    for (field, value) in &mut all {
        if preferring.contains(&field.member()) && is_preferred(value) {
            value["preferred"] = Value::Bool(false);
        }
    }
    for (field, value) in new {
        // An entry that says less of itself loses nothing either: its label.
        let filled = all.get(&field).and_then(|there| R::filled(&field, &value, there));
        all.insert(field, filled.unwrap_or(value));
    }
    assemble(&all).unwrap_or_else(|_| read.clone())
}

/// Tells whether an appointment is called off by what says nothing of its rules, or of its length.
fn is_called_off(there: &Fields, read: &Fields) -> bool {
    let has = |all: &Fields, member: &str| all.contains_key(&Field::new(member));
    let less = |member: &str| has(there, member) && !has(read, member);
    let is_cancelled = read.get(&Field::new("status")).and_then(Value::as_str) == Some("cancelled");
    is_cancelled && (less("recurrence_rules") || less("duration"))
}

fn is_preferred(value: &Value) -> bool {
    value.get("preferred") == Some(&Value::Bool(true))
}

/// Returns the leftovers that are there with those that were read: of one property, these.
pub(crate) fn completed_leftovers(there: &Value, read: Option<&Value>) -> Value {
    let Some(read) = read.filter(|read| !read.is_null()) else { return there.clone() };
    let (Some(old), Some(new)) = (texts(there), texts(read)) else { return read.clone() };
    let kept = old.iter().filter(|text| !new.iter().any(|other| property(other) == property(text)));
    Value::from(new.iter().chain(kept).map(|text| (*text).to_owned()).collect::<Vec<_>>())
}

fn texts(value: &Value) -> Option<Vec<&str>> {
    match value {
        Value::Null => Some(Vec::new()),
        Value::Array(items) => items.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

/// Returns what a leftover is about: the name of a line, or of a member.
fn property(text: &str) -> &str {
    let text = text.trim_start();
    match text.strip_prefix("{\"") {
        Some(member) => member.split('"').next().unwrap_or_default(),
        // What is kept of several lines differs by the lines.
        None if text.contains("X-PASSERELLE-PARAMS") => text,
        None => text.split([':', ';']).next().unwrap_or_default(),
    }
}

/// Takes the changes between two states out of a third one, as far as nobody changed them since. Returns
/// nothing where somebody changed all of them.
pub(crate) fn taken_back<R: Record>(before: &R, after: &R, now: &R) -> Option<R> {
    let (before, after, mut all) = (fields(before), fields(after), fields(now));
    let changed: Vec<Field> = before
        .keys()
        .chain(after.keys())
        .filter(|field| before.get(field) != after.get(field))
        .cloned()
        .collect();
    let mut any = false;
    for field in changed {
        if all.get(&field) != after.get(&field) || before.get(&field) == all.get(&field) {
            continue;
        }
        any = true;
        match before.get(&field) {
            Some(value) => all.insert(field, value.clone()),
            None => all.remove(&field),
        };
    }
    if any { assemble(&all).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use passerelle_calendar::{Duration, Event};
    use passerelle_contacts::{Contact, Email};
    use serde_json::json;

    use super::*;

    fn contact(value: Value) -> Contact {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_poorer_card_wipes_nothing_that_it_does_not_mention() {
        let there = contact(json!({
            "uid": "u", "notes": "rich", "name": {"given": "Anne", "surname": "Dupont"},
            "emails": {"a@x": {"address": "a@x", "label": "work", "preferred": true}}
        }));
        let read = contact(json!({
            "uid": "u", "name": {"given": "Anna"},
            "emails": {"b@x": {"address": "b@x", "label": "", "preferred": true}}
        }));
        let done = completed(&there, &read);
        assert_eq!((done.name.given.as_str(), done.name.surname.as_str()), ("Anna", "Dupont"));
        assert_eq!(done.notes, "rich");
        let a = Email { address: "a@x".into(), label: "work".into(), preferred: false };
        assert_eq!((&done.emails["a@x"], done.emails["b@x"].preferred), (&a, true));
        assert_eq!(completed(&done, &read), done);
    }

    #[test]
    fn an_entry_that_says_less_keeps_its_label_and_the_rest_of_it() {
        let there = contact(json!({
            "uid": "u", "birthday": "1980-05-02",
            "phones": {"+33612345678": {"number": "06 12 34 56 78", "label": "mobile", "preferred": true}},
            "addresses": {"home": {"label": "home", "street": "1 rue A", "city": "Lyon", "postcode": "69001"}}
        }));
        let read = contact(json!({
            "uid": "u", "birthday": "--05-02",
            "phones": {"+33612345678": {"number": "+33 6 12 34 56 78"}},
            "addresses": {"home": {"label": "home", "street": "1 rue A", "city": "Lyon"}}
        }));
        let done = completed(&there, &read);
        assert_eq!(done.phones["+33612345678"].label, "mobile");
        assert_eq!(done.addresses["home"].postcode, "69001");
        assert_eq!(done.birthday.unwrap().to_string(), "1980-05-02");
        // Another street is another address, and gets nothing of the old one.
        let moved =
            contact(json!({"uid": "u", "addresses": {"home": {"label": "home", "street": "2 rue B"}}}));
        assert_eq!(completed(&there, &moved).addresses["home"].city, "");
    }

    #[test]
    fn the_times_of_an_event_are_those_of_the_newer_one() {
        let start = json!({"local": "2026-11-23T09:00:00", "zone": "Europe/Paris"});
        let there = Event {
            title: "Weekly".into(),
            location: "Room".into(),
            recurrence_rules: vec!["FREQ=WEEKLY".into()],
            start: serde_json::from_value(start.clone()).ok(),
            duration: Duration::seconds(60),
            ..Event::default()
        };
        let read =
            Event { title: "Once".into(), start: serde_json::from_value(start).ok(), ..Event::default() };
        let done = completed(&there, &read);
        assert_eq!((done.title.as_str(), done.location.as_str()), ("Once", "Room"));
        assert!(done.recurrence_rules.is_empty() && done.duration == Duration::default());
        let called_off = Event { status: passerelle_calendar::Status::Cancelled, ..read };
        let done = completed(&there, &called_off);
        assert_eq!((done.status, done.recurrence_rules), (called_off.status, there.recurrence_rules));
    }

    #[test]
    fn of_one_property_the_leftovers_are_the_newer_ones() {
        let there = json!(["REV:1", "X-A:1", "{\"links\":1}"]);
        assert_eq!(
            completed_leftovers(&there, Some(&json!(["REV:2"]))),
            json!(["REV:2", "X-A:1", "{\"links\":1}"])
        );
        assert_eq!(completed_leftovers(&there, None), there);
        assert_eq!(completed_leftovers(&Value::Null, Some(&json!(["A:1"]))), json!(["A:1"]));
    }

    #[test]
    fn taking_back_leaves_what_somebody_changed_since() {
        let before = contact(json!({"notes": "old", "uid": "u"}));
        let after = contact(json!({"notes": "new", "uid": "u", "photo": "p"}));
        let now = contact(json!({"notes": "mine", "uid": "u", "photo": "p"}));
        let done = taken_back(&before, &after, &now).unwrap();
        assert_eq!((done.notes.as_str(), done.photo.as_str()), ("mine", ""));
        assert_eq!(taken_back(&before, &after, &after).unwrap(), before);
        assert_eq!(taken_back(&before, &after, &done), None);
    }
}
