//! JSCalendar: members of which an event holds a part only come back, as long as they say what the event says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use chrono::DateTime;
use passerelle_calendar::Event;
use passerelle_formats::{EventFormat, Imported, Joined, join_series, read_events, series_of, write_events};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Reads an event of some members beside its title and its hour.
fn event(members: Value) -> Imported<Event> {
    let mut object = json!({
        "@type": "Event", "uid": "u", "title": "T", "start": "2026-01-15T10:00:00",
        "timeZone": "Europe/Paris", "duration": "PT1H",
    });
    object.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    read(&object.to_string())
}

fn read(text: &str) -> Imported<Event> {
    let mut found: Vec<_> = read_events(text.as_bytes(), EventFormat::JsCalendar).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0).unwrap()
}

/// Writes an event as an object.
fn written(found: &Imported<Event>) -> Value {
    let mut out = Vec::new();
    let record = (found.record.clone(), found.unknown.clone());
    write_events(&mut out, EventFormat::JsCalendar, DateTime::UNIX_EPOCH, [record]).unwrap();
    serde_json::from_slice::<Value>(&out).unwrap()[0].clone()
}

const GUESTS: &str = r#"{"p":{"@type":"Participant","name":"Anna","email":"a@b.example","roles":{"attendee":true},
    "kind":"group","expectReply":true,"delegatedTo":{"q":true},"language":"fr"},
    "q":{"@type":"Participant","email":"q@b.example","roles":{"attendee":true},"scheduleStatus":["1.2"]}}"#;

#[test]
fn of_a_cancellation_whose_time_cannot_be_read_all_of_the_time_is_kept() {
    let off = json!({"@type": "Event", "uid": "s", "method": "cancel", "start": "demain", "timeZone": "Europe/Paris",
        "showWithoutTime": true, "duration": "P1D", "x": 1});
    let text = off.to_string();
    let found: Vec<_> = passerelle_formats::read_calendar(text.as_bytes(), EventFormat::JsCalendar).collect();
    let bad = found[0].as_ref().unwrap_err();
    let mut kept = bad.answer.as_deref().unwrap().cancels.as_deref().unwrap().unknown.clone();
    kept.sort();
    let all = [
        r#"{"duration":"P1D"}"#,
        r#"{"showWithoutTime":true}"#,
        r#"{"start":"demain"}"#,
        r#"{"timeZone":"Europe/Paris"}"#,
        r#"{"x":1}"#,
    ];
    assert_eq!(kept, all);
}

#[test]
fn every_member_comes_back_as_it_was_and_is_kept_where_an_event_holds_a_part() {
    let guests: Value = serde_json::from_str(GUESTS).unwrap();
    for (member, value, kept) in [
        ("locations", json!({ "a": { "@type": "Location", "name": "Salle" } }), false),
        ("locations", json!({ "a": { "name": "A", "description": "2e étage" }, "b": { "name": "B" } }), true),
        ("locations", json!({ "a": { "coordinates": "geo:48,2" } }), true),
        (
            "virtualLocations",
            json!({ "v": { "uri": "https://v.example", "features": { "audio": true } } }),
            true,
        ),
        ("virtualLocations", json!({ "v": { "uri": "https://v.example" }, "w": { "uri": "tel:1" } }), true),
        ("links", json!({ "l": { "href": "http://a.example", "rel": "enclosure" } }), true),
        ("participants", guests, true),
        (
            "alerts",
            json!({ "1": { "trigger": { "@type": "OffsetTrigger", "offset": "-PT15M", "relativeTo": "end" } } }),
            true,
        ),
        ("alerts", json!({ "1": { "trigger": { "@type": "XTrigger", "x": 1 } } }), true),
        (
            "alerts",
            json!({ "1": { "trigger": { "@type": "AbsoluteTrigger", "when": "2026-01-15T08:30:00Z" } } }),
            true,
        ),
        (
            "alerts",
            json!({ "1": { "trigger": { "offset": "-PT15M" }, "acknowledged": "2026-01-15T09:00:00Z" } }),
            true,
        ),
        ("keywords", json!({ "a": true, "A": true }), true),
        ("keywords", json!({ "a": true, "b": true }), false),
        ("keywords", json!(["a"]), true),
        ("privacy", json!("x-team"), true),
        ("privacy", json!("secret"), false),
        ("status", json!("pending"), true),
        ("freeBusyStatus", json!("x-busy"), true),
        ("freeBusyStatus", json!("busy"), false),
        ("description", json!(5), true),
        ("color", json!("red"), false),
        ("recurrenceRules", json!([{ "frequency": "daily", "count": 5, "x-a": 1 }]), true),
        ("recurrenceRules", json!(["texte"]), true),
        (
            "recurrenceRules",
            json!([{ "@type": "RecurrenceRule", "frequency": "weekly", "interval": 1, "byDay": [{ "day": "mo" }] }]),
            false,
        ),
    ] {
        let found = event(json!({ member: value.clone() }));
        assert_eq!(found.unknown.len(), usize::from(kept), "{member} {value} {:?}", found.unknown);
        let text = written(&found);
        let again = read(&text.to_string());
        assert_eq!((&again.record, &again.unknown), (&found.record, &found.unknown), "{text}");
        if kept {
            assert_eq!(text[member], value, "{member}");
        }
    }
}

#[test]
fn what_an_event_holds_wins_over_what_was_kept() {
    let guests: Value = serde_json::from_str(GUESTS).unwrap();
    let mut found = event(json!({
        "locations": { "a": { "name": "A", "description": "2e étage" }, "b": { "name": "B" } },
        "virtualLocations": { "v": { "uri": "https://v.example" }, "w": { "uri": "tel:1" } },
        "links": { "l": { "href": "http://a.example", "rel": "enclosure" }, "m": { "href": "http://b.example" } },
        "participants": guests,
        "alerts": {
            "1": { "trigger": { "offset": "-PT15M" }, "acknowledged": "2026-01-15T09:00:00Z" },
            "2": { "trigger": { "offset": "-PT5M" }, "x": 1 },
        },
        "privacy": "x-team",
    }));
    found.record.location = "Ailleurs".into();
    found.record.url.clear();
    found.record.privacy = passerelle_calendar::Privacy::Public;
    found.record.participants.remove("q@b.example");
    found.record.participants.get_mut("a@b.example").unwrap().name = "Anne".into();
    found.record.alerts.remove("display:5");
    let text = written(&found);
    assert_eq!(text["locations"]["a"], json!({ "name": "Ailleurs", "description": "2e étage" }));
    assert_eq!(text["locations"]["b"]["name"], "B");
    assert_eq!(text["virtualLocations"]["w"]["uri"], "tel:1");
    assert_eq!(text["links"], json!({ "m": { "href": "http://b.example" } }));
    assert_eq!(text["privacy"], "public");
    let guests = text["participants"].as_object().unwrap();
    assert_eq!(guests.keys().collect::<Vec<_>>(), ["p"]);
    assert_eq!((&guests["p"]["name"], &guests["p"]["language"]), (&json!("Anne"), &json!("fr")));
    assert_eq!(text["alerts"].as_object().unwrap().keys().collect::<Vec<_>>(), ["1"]);
}

#[test]
fn a_changed_occurrence_keeps_what_an_event_has_no_place_for() {
    let rule = json!([{ "@type": "RecurrenceRule", "frequency": "daily", "count": 5 }]);
    for (patch, kept) in [
        (json!({ "title": "Autre" }), false),
        (json!({ "excluded": true }), false),
        (json!({ "start": "2026-01-16T12:00:00", "duration": "PT2H" }), false),
        (json!({ "title": "Autre", "priority": 2 }), true),
        (json!({ "locations/b/name": "C" }), true),
        (json!({ "participants/p/participationStatus": "declined" }), true),
        (json!({ "locations": null }), false),
        (json!({ "locations": { "z": { "name": "Z", "description": "cour" } } }), true),
    ] {
        let guests: Value = serde_json::from_str(GUESTS).unwrap();
        let mut found = event(json!({
            "recurrenceRules": rule, "recurrenceOverrides": { "2026-01-16T10:00:00": patch },
            "locations": { "a": { "name": "A" }, "b": { "name": "B" } }, "participants": guests,
        }));
        let of_changes = |found: &Imported<Event>| {
            found.unknown.iter().any(|text| text.starts_with("{\"recurrenceOverrides\""))
        };
        assert_eq!(of_changes(&found), kept, "{patch} {:?}", found.unknown);
        let text = written(&found);
        let again = read(&text.to_string());
        assert_eq!((&again.record, &again.unknown), (&found.record, &found.unknown), "{text}");
        if kept {
            assert_eq!(text["recurrenceOverrides"]["2026-01-16T10:00:00"], patch);
        }
        let change = found.record.recurrence_overrides.get_mut("2026-01-16T10:00:00").unwrap();
        change.title = Some("Encore".into());
        let text = written(&found);
        let now = &text["recurrenceOverrides"]["2026-01-16T10:00:00"];
        if !change_is_off(&patch) {
            assert_eq!(now["title"], "Encore", "{text}");
            assert_eq!(now.get("priority"), patch.get("priority"), "{text}");
        }
    }
}

fn change_is_off(patch: &Value) -> bool {
    patch["excluded"] == true
}

#[test]
fn a_fraction_of_a_second_is_left_out_and_comes_back() {
    let found = event(json!({
        "start": "2026-01-15T10:00:00.25", "duration": "PT1H0.5S", "recurrenceRules": [{ "frequency": "daily" }],
        "recurrenceOverrides": { "2026-01-16T10:00:00.25": { "duration": "PT2H0.5S" } },
    }));
    assert_eq!(found.record.start.as_ref().unwrap().to_string(), "2026-01-15T10:00:00[Europe/Paris]");
    assert_eq!(found.record.duration.to_string(), "PT1H");
    let change = &found.record.recurrence_overrides["2026-01-16T10:00:00"];
    assert_eq!(change.duration.unwrap().to_string(), "PT2H");
    let object = written(&found);
    assert_eq!(object["start"], "2026-01-15T10:00:00.25");
    assert_eq!(object["duration"], "PT1H0.5S");
    assert_eq!(object["recurrenceOverrides"]["2026-01-16T10:00:00"]["duration"], "PT2H0.5S");
    assert_eq!(read(&object.to_string()), found);
    // Of another hour or length it says nothing.
    let mut later = found;
    later.record.duration = "PT3H".parse().unwrap();
    later.record.start = Some("2026-01-15T11:00:00[Europe/Paris]".parse().unwrap());
    let object = written(&later);
    assert_eq!((&object["start"], &object["duration"]), (&json!("2026-01-15T11:00:00"), &json!("PT3H")));
    for bad in ["PT1.S", "PT.S", "PT1.5H", "P1.5D"] {
        let text = json!({ "@type": "Event", "uid": "u", "start": "2026-01-15T10:00:00", "duration": bad });
        let bad = read_events(text.to_string().as_bytes(), EventFormat::JsCalendar).next().unwrap();
        assert_eq!(bad.unwrap_err().reason.id(), "bad-date");
    }
}

#[test]
fn what_is_kept_in_json_stands_in_one_order() {
    let found = event(json!({ "x": 1 }));
    let text = |unknown: &[&str]| {
        let unknown = unknown.iter().map(|text| (*text).to_owned()).collect();
        written(&Imported { unknown, ..found.clone() }).to_string()
    };
    let first = text(&["SEQUENCE:7", "CREATED:20090310T033824Z", "X-A:1"]);
    let again = read(&first);
    assert_eq!(written(&again).to_string(), first);
}

#[test]
fn the_rule_of_the_next_edition_is_read() {
    let rule = json!({ "@type": "RecurrenceRule", "frequency": "daily", "count": 5 });
    let found = event(json!({ "recurrenceRule": rule }));
    assert_eq!(found.record.recurrence_rules, ["FREQ=DAILY;COUNT=5"]);
    assert_eq!(found.unknown, Vec::<String>::new());
}

/// Any value of JSON of some depth.
fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        "[a-z]{6,9}".prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        (0_u32..100).prop_map(Value::from),
        Just(Value::Null),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let name = prop_oneof![
            "[a-z]{1,4}",
            Just("name".to_owned()),
            Just("uri".to_owned()),
            Just("href".to_owned()),
            Just("email".to_owned()),
            Just("trigger".to_owned()),
            Just("offset".to_owned()),
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map(name, inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Returns the texts of a value.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(members) => members.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

proptest! {
    #[test]
    fn nothing_of_a_member_is_lost_whatever_it_holds(
        member in prop::sample::select(vec![
            "title", "color", "locations", "virtualLocations", "links", "participants", "alerts", "keywords",
            "privacy", "status", "freeBusyStatus", "useDefaultAlerts", "recurrenceRules", "x.example:y",
        ]),
        value in any_value(),
    ) {
        let mut object = json!({
            "@type": "Event", "uid": "u", "start": "2026-01-15T10:00:00", "timeZone": "Europe/Paris", "duration": "PT1H",
        });
        object[member] = value.clone();
        let mut found: Vec<_> = read_events(object.to_string().as_bytes(), EventFormat::JsCalendar).collect();
        prop_assert_eq!(found.len(), 1);
        if let Ok(found) = found.remove(0) {
            let text = written(&found).to_string();
            for part in texts(&value) {
                prop_assert!(text.contains(&part), "{} {}", part, text);
            }
            let again = read(&text);
            prop_assert_eq!(&again.record, &found.record);
            prop_assert_eq!(&again.unknown, &found.unknown);
        }
    }
}

/// Reads objects as the records of one file: title, identifier and status of each, or why there is none.
fn states(objects: &[Value]) -> Vec<Result<(String, String, String), &'static str>> {
    let text = Value::from(objects.to_vec()).to_string();
    let found = read_events(text.as_bytes(), EventFormat::JsCalendar);
    let told = |found: Imported<Event>| {
        let record = found.record;
        (record.title, record.uid, record.status.as_str().to_owned())
    };
    found.map(|found| found.map(told).map_err(|bad| bad.reason.id())).collect()
}

fn changed(object: &Value, members: &Value) -> Value {
    let mut object = object.clone();
    object.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    object
}

#[test]
fn objects_of_one_identifier_are_states_of_one_record_or_several_records() {
    let series = json!({
        "@type": "Event", "uid": "s", "title": "S", "start": "2027-01-04T09:00:00", "timeZone": "Europe/Paris",
        "duration": "PT1H", "recurrenceRules": [{"@type": "RecurrenceRule", "frequency": "weekly", "count": 5}]
    });
    let state =
        |title: &str, uid: &str, status: &str| Ok((title.to_owned(), uid.to_owned(), status.to_owned()));
    let other = changed(&series, &json!({"title": "Other", "start": "2028-01-01T09:00:00"}));
    let numbered = |number: u8, title: &str| changed(&series, &json!({"sequence": number, "title": title}));
    for (objects, wanted) in [
        (vec![series.clone(), series.clone()], vec![state("S", "s", "confirmed")]),
        (
            vec![series.clone(), other],
            vec![state("S", "s", "confirmed"), state("Other", "s_2028-01-01T09:00:00", "confirmed")],
        ),
        (vec![numbered(5, "New"), numbered(1, "Old")], vec![state("New", "s", "confirmed"), Err("older")]),
        (
            vec![numbered(1, "Old"), numbered(5, "New")],
            vec![state("Old", "s", "confirmed"), state("New", "s", "confirmed")],
        ),
        (vec![changed(&series, &json!({"method": "cancel"}))], vec![state("S", "s", "cancelled")]),
        (vec![changed(&series, &json!({"method": "request"}))], vec![state("S", "s", "confirmed")]),
        (vec![changed(&series, &json!({"method": "reply"}))], vec![Err("message")]),
        (vec![changed(&series, &json!({"method": "counter"}))], vec![Err("message")]),
    ] {
        assert_eq!(states(&objects), wanted, "{objects:?}");
    }
}

#[test]
fn an_occurrence_by_itself_belongs_to_its_series_wherever_that_stands() {
    let series = json!({
        "@type": "Event", "uid": "s", "title": "S", "start": "2027-01-04T09:00:00", "timeZone": "Europe/Paris",
        "duration": "PT1H", "recurrenceRules": [{"@type": "RecurrenceRule", "frequency": "weekly", "count": 5}]
    });
    let moved = json!({
        "@type": "Event", "uid": "s", "title": "Moved", "start": "2027-01-11T14:00:00", "timeZone": "Europe/Paris",
        "duration": "PT1H", "recurrenceId": "2027-01-11T09:00:00", "recurrenceIdTimeZone": "Europe/Paris", "sequence": 2,
        "recurrenceRules": [{"frequency": "daily"}]
    });
    let older = changed(&moved, &json!({"title": "Older", "sequence": 1}));
    let off = changed(&moved, &json!({"method": "cancel", "recurrenceId": "2027-01-18T09:00:00"}));
    let text = Value::from(vec![moved, series, older, off]).to_string();
    let mut found: Vec<_> = read_events(text.as_bytes(), EventFormat::JsCalendar).collect();
    let titles: Vec<&str> = found
        .iter()
        .map(|one| one.as_ref().map_or_else(|bad| bad.reason.id(), |one| &one.record.title))
        .collect();
    assert_eq!(titles, ["S", "Moved", "older", "Moved"]);
    let off = found.pop().unwrap().unwrap();
    found.pop();
    let (moved, mut series) = (found.pop().unwrap().unwrap(), found.pop().unwrap().unwrap());
    assert!(moved.record.recurrence_rules.is_empty(), "an occurrence is no series");
    assert!(moved.unknown.iter().any(|text| text.starts_with("recurrenceRules: ")), "{:?}", moved.unknown);
    assert_eq!(series_of(&moved).as_deref(), Some("s"));
    let (done, _) = join_series(&mut series.record, &[], &[&moved, &off]);
    assert_eq!(done, [Ok(Joined::Into), Ok(Joined::Into)]);
    let changes = &series.record.recurrence_overrides;
    assert_eq!(changes["2027-01-11T09:00:00"].title.as_deref(), Some("Moved"));
    assert!(changes["2027-01-18T09:00:00"].excluded);
    // Without its series it is one appointment, and stays a part of that after an export.
    let mut out = Vec::new();
    let alone = [(moved.record.clone(), moved.unknown.clone())];
    write_events(&mut out, EventFormat::JsCalendar, DateTime::UNIX_EPOCH, alone).unwrap();
    let again = read_events(out.as_slice(), EventFormat::JsCalendar).next().unwrap().unwrap();
    assert_eq!((series_of(&again).as_deref(), &again.record), (Some("s"), &moved.record));
}

#[test]
fn the_preferred_nickname_comes_back() {
    let card = r#"{"@type":"Card","version":"1.0","uid":"u1","name":{"full":"J"},"nicknames":{"n":{"name":"JJ","pref":1}}}"#;
    let options = passerelle_formats::Options::default();
    let format = passerelle_formats::ContactFormat::JsContact;
    let found: Vec<_> =
        passerelle_formats::read_contacts(card.as_bytes(), format, &options).map(Result::unwrap).collect();
    let mut out = Vec::new();
    let records = found.into_iter().map(|found| (found.record, found.unknown));
    passerelle_formats::write_contacts(&mut out, format, records).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(text.contains("\"pref\":1"), "{text}");
}
