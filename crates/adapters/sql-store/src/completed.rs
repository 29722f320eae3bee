//! A record that is there, completed by one that was read: what that one does not mention stays.

use std::collections::BTreeMap;

use passerelle_calendar::{
    Event, Participant, ParticipationStatus, RecurrenceId, Role, Start, contains, parse_zone,
};
use passerelle_ports::{Field, Fields, Kind, Record, Value, assemble, fields, left};

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
/// A contact keeps every entry that the other does not name. An event keeps the members of which the other says nothing
/// at all: so a length, a rule, and the occurrences that were moved or called off, as far as the series still has them. A
/// newer state by its number says all there is to say of its times.
pub(crate) fn completed<R: Record>(there: &R, read: &R, age: Age) -> R {
    let newer = age != Age::NotNewer;
    let (mut all, mut new) = (fields(there), fields(read));
    let guests: Fields = all
        .iter()
        .filter(|(field, _)| is_guest(field))
        .map(|(f, value)| (f.clone(), value.clone()))
        .collect();
    if R::KIND == Kind::Events && is_called_off(&all, &new) {
        // A message that calls an appointment off need not say when it took place.
        new.retain(|field, _| !SCHEDULE.contains(&field.member()));
    } else if R::KIND == Kind::Contacts {
        say_no_more(&all, &mut new);
    } else {
        keep_zone::<R>(&all, &mut new);
        if !newer {
            let kept = schedule_kept(&all, &new);
            new.extend(kept);
            let kept = changes_kept(&all, &new);
            new.extend(kept);
        }
        let is_said = |member: &str| new.keys().any(|field| field.member() == member);
        all.retain(|field, value| {
            let member = field.member();
            // A newer state takes place unless it says otherwise; any other says nothing of it.
            let revived = newer && member == "status" && *value == "cancelled" && !is_said("status");
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
        let filled = filled.or_else(|| guest(&value, guests.get(&field)?, age == Age::Newer));
        all.insert(field, filled.unwrap_or(value));
    }
    assemble(&all).unwrap_or_else(|_| read.clone())
}

/// Returns the record that was read in place of the one that is there: only the zone stays of an appointment whose time says
/// none.
pub(crate) fn replaced<R: Record>(there: &R, read: &R) -> R {
    let mut new = fields(read);
    if R::KIND == Kind::Events {
        keep_zone::<R>(&fields(there), &mut new);
    }
    assemble(&new).unwrap_or_else(|_| read.clone())
}

/// Takes away what a table without a column for it cannot but say: Outlook's has none for a whole name, for a value of no
/// kind, and writes the only number as the first one.
fn say_no_more(there: &Fields, read: &mut Fields) {
    let text =
        |all: &Fields, field: &str| all.get(&Field::new(field)).and_then(Value::as_str).map(str::to_owned);
    let is_name = |field: &Field| field.as_str().starts_with("name/");
    let whole = text(there, "name/full").filter(|_| there.keys().filter(|field| is_name(field)).count() == 1);
    let given = text(read, "name/given").filter(|_| read.keys().filter(|field| is_name(field)).count() == 1);
    if whole.is_some() && whole == given {
        read.retain(|field, _| !is_name(field));
    }
    let counted = |all: &Fields| {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for field in all.keys() {
            *counts.entry(field.member().to_owned()).or_default() += 1;
        }
        counts
    };
    let counts = [counted(there), counted(read)];
    let is_alone = |field: &Field| counts.iter().all(|counts| counts.get(field.member()) == Some(&1));
    let only: Vec<Field> = read
        .keys()
        .filter(|field| field.key().is_some() && is_alone(field) && there.contains_key(*field))
        .cloned()
        .collect();
    for (field, value) in read {
        let Some(known) = there.get(field).filter(|known| known.is_object()) else { continue };
        let Some(parts) = value.as_object_mut() else { continue };
        if parts.get("label").is_some_and(|label| label == "other")
            && known.get("label").is_none_or(|label| label == "")
        {
            parts.remove("label");
        }
        if only.contains(field) && is_preferred(&Value::Object(parts.clone())) && !is_preferred(known) {
            parts.remove("preferred");
        }
    }
}

fn is_guest(field: &Field) -> bool {
    field.member() == "participants"
}

/// Returns a guest who is there with what was read of them. What says nothing of the name, the part played, or the answer
/// takes none of these away; a newer state asks the guest anew.
fn guest(read: &Value, there: &Value, newer: bool) -> Option<Value> {
    let there: Participant = serde_json::from_value(there.clone()).ok()?;
    let mut guest: Participant = serde_json::from_value(read.clone()).ok()?;
    if guest.name.is_empty() {
        guest.name = there.name;
    }
    if !newer && guest.role == Role::default() {
        guest.role = there.role;
    }
    if !newer && guest.participation_status == ParticipationStatus::default() {
        guest.participation_status = there.participation_status;
        guest.comment = if guest.comment.is_empty() { there.comment } else { guest.comment };
    }
    guest.resource |= there.resource;
    serde_json::to_value(guest).ok()
}

/// Returns what a state of an appointment does not say of when it takes place: its length, and, of a series, its rules.
fn schedule_kept(there: &Fields, read: &Fields) -> Fields {
    let has = |name: &str| read.keys().any(|field| field.member() == name);
    let is_single = !["recurrence_rules", "recurrence_dates", "recurrence_overrides"].into_iter().any(has);
    let kept = there.iter().filter(|(field, _)| match field.member() {
        "duration" => !has("duration") && !becomes_all_day(there, read),
        "recurrence_rules" | "excluded_recurrence_rules" | "recurrence_dates" => is_single,
        _ => false,
    });
    kept.map(|(field, value)| (field.clone(), value.clone())).collect()
}

fn becomes_all_day(there: &Fields, read: &Fields) -> bool {
    let is_day = |all: &Fields| start_of(all).map(|start| start.is_all_day());
    is_day(there) != is_day(read)
}

fn start_of(all: &Fields) -> Option<Start> {
    serde_json::from_value(all.get(&Field::new("start"))?.clone()).ok()
}

/// Keeps the zone of a single appointment that is read by the clock of UTC, as Google writes its own: it may have moved,
/// but nothing says that its clock is another one.
fn keep_zone<R: Record>(there: &Fields, read: &mut Fields) {
    let start = Field::new("start");
    let is_series = |all: &Fields| all.keys().any(|field| field.member().starts_with("recurrence_"));
    if is_series(there) || is_series(read) {
        return;
    }
    let same = |value: &Value| R::filled(&start, value, there.get(&start)?);
    let moved = || {
        let zone = start_of(there)?.zone().and_then(parse_zone)?;
        let read = start_of(read).filter(|read| read.zone() == Some("Etc/UTC"))?;
        serde_json::to_value(Start::at(read.instant()?, zone)).ok()
    };
    if let Some(known) = read.get(&start).and_then(same).or_else(moved) {
        read.insert(start, known);
    }
}

/// Returns what is known of the occurrences of a series and not mentioned by another state of it, as far as that still has
/// these occurrences, under the names that they have in it.
fn changes_kept(there: &Fields, read: &Fields) -> Fields {
    let is_member = |field: &Field, name: &str| field.member() == name;
    let schedule = |all: &Fields| -> Fields {
        let named = ["start", "recurrence_rules", "excluded_recurrence_rules"];
        let said = all.iter().filter(|(field, _)| named.contains(&field.member()));
        said.map(|(field, value)| (field.clone(), value.clone())).collect()
    };
    let recurs = ["recurrence_rules", "recurrence_dates", "recurrence_overrides"];
    if !read.keys().any(|field| recurs.contains(&field.member())) {
        return Fields::new();
    }
    let is_unmoved = schedule(there) == schedule(read);
    let missing = there.iter().filter(|(field, _)| !read.contains_key(*field));
    let mut kept: Fields = missing
        .clone()
        .filter(|(field, _)| is_unmoved && is_member(field, "recurrence_dates"))
        .map(|(field, value)| (field.clone(), value.clone()))
        .collect();
    let dates = read.iter().chain(&kept).filter(|(field, _)| is_member(field, "recurrence_dates"));
    let mut all = schedule(read);
    all.extend(dates.map(|(field, value)| (field.clone(), value.clone())).collect::<Vec<_>>());
    let Ok(series) = assemble::<Event>(&all) else { return kept };
    let moved = start_of(there).zip(series.start.clone());
    let name = |field: &Field| -> Option<Field> {
        let id: RecurrenceId = field.key()?.parse().ok()?;
        let has = |id: &RecurrenceId| contains(&series, *id).unwrap_or(false);
        let named = match &moved {
            _ if is_unmoved => Some(id),
            Some((old, new)) => [id.at_same_instant(old, new)]
                .into_iter()
                .flatten()
                .chain(id.after_move(old, new))
                .chain([id])
                .find(has),
            None => Some(id).filter(has),
        };
        Some(Field::keyed("recurrence_overrides", &named?.to_string()))
    };
    let changes = missing.filter(|(field, _)| is_member(field, "recurrence_overrides"));
    for (field, value) in changes {
        if let Some(field) = name(field).filter(|field| !read.contains_key(field)) {
            kept.insert(field, value.clone());
        }
    }
    kept
}

/// How a state that was read stands to the one that is there, by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Age {
    NotNewer,
    /// The one that is there says no number, which is 0 (RFC 5545 §3.8.7.4). It may have come from elsewhere than a file: the
    /// answers of its guests stay.
    NewerThanUnnumbered,
    Newer,
}

impl Age {
    /// Compares what was kept beside the two.
    pub(crate) fn of(there: &Value, read: Option<&Value>) -> Self {
        let number = |value: &Value| left::sequence(left::texts(value)?);
        match (read.and_then(number), number(there)) {
            (Some(read), Some(there)) if read > there => Age::Newer,
            (Some(1..), None) => Age::NewerThanUnnumbered,
            _ => Age::NotNewer,
        }
    }
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
    use passerelle_calendar::Duration;
    use passerelle_contacts::{Contact, Email};
    use serde_json::json;

    use super::*;

    fn contact(value: Value) -> Contact {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn what_a_table_cannot_but_say_is_no_news() {
        let there = contact(json!({
            "name": {"full": "Jane Smith"},
            "phones": {"1": {"number": "1"}},
            "addresses": {"other": {"city": "Paris"}}
        }));
        let read = contact(json!({
            "name": {"given": "Jane Smith"},
            "phones": {"1": {"number": "1", "preferred": true}},
            "addresses": {"other": {"city": "Paris", "label": "other"}}
        }));
        assert_eq!(completed(&there, &read, Age::NotNewer), there);
        let more = contact(json!({"name": {"given": "Jane", "surname": "Smith"}}));
        assert_eq!(completed(&there, &more, Age::NotNewer).name.surname, "Smith");
        let two = contact(json!({"phones": {"1": {"number": "1", "preferred": true}, "2": {"number": "2"}}}));
        assert!(completed(&there, &two, Age::NotNewer).phones["1"].preferred);
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
        let done = completed(&there, &read, Age::NotNewer);
        assert_eq!((done.name.given.as_str(), done.name.surname.as_str()), ("Anna", "Dupont"));
        assert_eq!(done.notes, "rich");
        let a = Email { address: "a@x".into(), label: "work".into(), preferred: false };
        assert_eq!((&done.emails["a@x"], done.emails["b@x"].preferred), (&a, true));
        assert_eq!(completed(&done, &read, Age::NotNewer), done);
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
        let done = completed(&there, &read, Age::NotNewer);
        assert_eq!(done.phones["+33612345678"].label, "mobile");
        assert_eq!(done.addresses["home"].postcode, "69001");
        assert_eq!(done.birthday.unwrap().to_string(), "1980-05-02");
        // Another street is another address, and gets nothing of the old one.
        let moved =
            contact(json!({"uid": "u", "addresses": {"home": {"label": "home", "street": "2 rue B"}}}));
        assert_eq!(completed(&there, &moved, Age::NotNewer).addresses["home"].city, "");
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
        // What it does not say of its times stays, unless it is a newer state.
        let done = completed(&there, &read, Age::NotNewer);
        assert_eq!((done.title.as_str(), done.location.as_str()), ("Once", "Room"));
        assert_eq!((&done.recurrence_rules, done.duration), (&there.recurrence_rules, there.duration));
        let done = completed(&there, &read, Age::Newer);
        assert!(done.recurrence_rules.is_empty() && done.duration == Duration::default());
        let called_off = Event { status: passerelle_calendar::Status::Cancelled, ..read };
        let done = completed(&there, &called_off, Age::NotNewer);
        assert_eq!((done.status, done.recurrence_rules), (called_off.status, there.recurrence_rules));
    }

    #[test]
    fn a_series_keeps_the_changes_that_a_poorer_state_does_not_mention() {
        let series = |start: &str, rule: &str, changes: Value, dates: Value| -> Event {
            Event {
                title: "S".into(),
                start: format!("{start}[Europe/Paris]").parse().ok(),
                duration: Duration::seconds(3600),
                recurrence_rules: vec![rule.to_owned()],
                recurrence_overrides: serde_json::from_value(changes).unwrap(),
                recurrence_dates: serde_json::from_value(dates).unwrap(),
                ..Event::default()
            }
        };
        let weekly = "FREQ=WEEKLY;COUNT=5";
        let moved = json!({"title": "Moved"});
        let there = series(
            "2027-01-04T09:00:00",
            weekly,
            json!({"2027-01-11T09:00:00": moved, "2027-01-18T09:00:00": {"excluded": true}}),
            json!({"2027-03-01T09:00:00": true}),
        );
        let keys = |event: &Event| -> Vec<String> { event.recurrence_overrides.keys().cloned().collect() };
        for (start, rule, changes, newer, kept) in [
            ("2027-01-04T09:00:00", weekly, json!({}), false, 2),
            ("2027-01-04T09:00:00", "FREQ=WEEKLY;COUNT=9", json!({}), false, 2),
            ("2027-01-04T09:00:00", "FREQ=WEEKLY;COUNT=2", json!({}), false, 1),
            ("2027-01-04T09:00:00", weekly, json!({"2027-01-18T09:00:00": {"title": "On"}}), false, 2),
            ("2027-01-04T10:00:00", weekly, json!({}), false, 2),
            ("2027-01-05T09:00:00", weekly, json!({}), false, 2),
            ("2027-01-04T09:00:00", weekly, json!({}), true, 0),
        ] {
            let read = series(start, rule, changes.clone(), json!({}));
            let done = completed(&there, &read, if newer { Age::Newer } else { Age::NotNewer });
            assert_eq!(keys(&done).len(), kept, "{start} {rule} {changes} {newer}");
            let dates = usize::from(start == "2027-01-04T09:00:00" && rule == weekly && !newer);
            assert_eq!(done.recurrence_dates.len(), dates, "{start} {rule}");
            if changes != json!({}) {
                assert_eq!(done.recurrence_overrides["2027-01-18T09:00:00"].title.as_deref(), Some("On"));
            }
        }
        // The same instants by another clock.
        let mut utc = series("2027-01-04T08:00:00", weekly, json!({}), json!({}));
        utc.start = "2027-01-04T08:00:00[Etc/UTC]".parse().ok();
        assert_eq!(
            keys(&completed(&there, &utc, Age::NotNewer)),
            ["2027-01-11T08:00:00", "2027-01-18T08:00:00"]
        );
        // A single one keeps the zone that says more.
        let single = |start: &str| Event { start: start.parse().ok(), ..Event::default() };
        let paris = single("2027-01-04T09:00:00[Europe/Paris]");
        assert_eq!(
            completed(&paris, &single("2027-01-04T08:00:00[Etc/UTC]"), Age::NotNewer).start,
            paris.start
        );
        let later = single("2027-01-04T11:00:00[Europe/Paris]");
        assert_eq!(
            completed(&paris, &single("2027-01-04T10:00:00[Etc/UTC]"), Age::NotNewer).start,
            later.start
        );
        // The whole file counts, but a time in UTC says no zone.
        assert_eq!(replaced(&paris, &single("2027-01-04T08:00:00[Etc/UTC]")), paris);
        assert_eq!(replaced(&there, &utc), utc, "the clock of a series is its own");
        let tokyo = single("2027-01-04T11:00:00[Asia/Tokyo]");
        assert_eq!(replaced(&paris, &tokyo), tokyo);
        assert_eq!(completed(&paris, &tokyo, Age::NotNewer).start, tokyo.start);
        let number = |text: &str| json!([text]);
        assert_eq!(Age::of(&number("SEQUENCE:1"), Some(&number("SEQUENCE:2"))), Age::Newer);
        assert_eq!(Age::of(&number("SEQUENCE:1"), Some(&number("{\"sequence\":2}"))), Age::Newer);
        for read in [None, Some(number("SEQUENCE:1")), Some(number("X:1"))] {
            assert_eq!(Age::of(&number("SEQUENCE:1"), read.as_ref()), Age::NotNewer);
        }
        for there in [Value::Null, json!([]), number("X:1")] {
            assert_eq!(Age::of(&there, Some(&number("SEQUENCE:2"))), Age::NewerThanUnnumbered);
            assert_eq!(Age::of(&there, Some(&number("SEQUENCE:0"))), Age::NotNewer);
        }
    }

    #[test]
    fn a_guest_of_whom_less_is_said_keeps_name_part_and_answer() {
        let event = |guest: Value| -> Event {
            serde_json::from_value(json!({"uid": "u", "participants": {"a@x": guest}})).unwrap()
        };
        let there = event(json!({"email": "a@x", "name": "Anne", "role": "optional",
            "participation_status": "accepted", "comment": "late"}));
        let bare = event(json!({"email": "a@x"}));
        assert_eq!(completed(&there, &bare, Age::NotNewer), there);
        let declined = event(json!({"email": "a@x", "participation_status": "declined"}));
        let done = completed(&there, &declined, Age::NotNewer).participants.remove("a@x").unwrap();
        assert_eq!((done.name.as_str(), done.participation_status), ("Anne", ParticipationStatus::Declined));
        // A newer state asks anew, but not where nothing says which state is here.
        assert_eq!(completed(&there, &bare, Age::NewerThanUnnumbered), there);
        let done = completed(&there, &bare, Age::Newer).participants.remove("a@x").unwrap();
        assert_eq!(
            (done.name.as_str(), done.participation_status),
            ("Anne", ParticipationStatus::NeedsAction)
        );
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
