//! Appointments that get another owner in the company's tables.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[allow(dead_code)]
mod office;

use office::{ACCOUNT, OTHER, Office};
use serde_json::{Value, json};

const EVENTS: &str = "/calendar/v3/calendars/primary/events";
const BOSS: &str = "boss@acme.example";

/// Uses Google's API as somebody.
fn phone(office: &Office, account: &str, verb: &str, path: &str, body: &Value) -> Value {
    let scopes = ["https://www.googleapis.com/auth/calendar", "https://www.googleapis.com/auth/contacts"];
    let answer = office.sim.with(|core| {
        let (token, _) = core.issue_token(account, "a-phone", &scopes);
        let headers = [
            ("authorization".to_owned(), format!("Bearer {token}")),
            ("content-type".to_owned(), "application/json".to_owned()),
        ];
        let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        core.handle(&verb.parse().unwrap(), path, &headers, &bytes)
    });
    assert!((200..300).contains(&answer.status), "{}", String::from_utf8_lossy(&answer.body));
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

fn titles(office: &Office, account: &str) -> Vec<String> {
    let listed = phone(office, account, "GET", &format!("{EVENTS}?maxResults=2500"), &Value::Null);
    let items = listed["items"].as_array().unwrap().iter();
    let mut titles: Vec<String> = items.map(|event| event["summary"].as_str().unwrap().to_owned()).collect();
    titles.sort();
    titles
}

/// Alice and Bob, each with an account of their own.
fn two() -> Office {
    let office = Office::new();
    office.run(&["user", "add", "bob"]).expect(0);
    office.connect().expect(0);
    office.connect_user("bob", OTHER).expect(0);
    office
}

fn appointment(id: &str, title: &str) -> String {
    format!(
        "INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds)
         VALUES ('{id}', 'alice', '{title}', '2026-12-10 09:00', 'Europe/Paris', 3600);"
    )
}

const PEOPLE: &str = "/v1/people/me/connections?personFields=names,biographies";

/// The names and notes of somebody's contacts.
fn people(office: &Office, account: &str) -> Vec<(String, String)> {
    let listed = phone(office, account, "GET", PEOPLE, &Value::Null);
    let people = listed["connections"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let of =
        |person: &Value| (text(&person["names"][0]["givenName"]), text(&person["biographies"][0]["value"]));
    people.iter().map(of).collect()
}

fn waiting(office: &Office) -> Vec<Value> {
    office.run(&["conflicts", "--json"]).of("conflict")
}

fn quiet(office: &Office) {
    for _ in 0..4 {
        let run = office.run(&["sync", "--json"]).expect(0);
        if run.of("change").is_empty() {
            return;
        }
    }
    panic!("it never became quiet");
}

#[test]
fn a_meeting_that_gets_another_owner_is_not_made_again_unasked() {
    const GUEST: &str =
        "INSERT INTO appointment_participants (appointment_id, email) VALUES ('a-1', 'x@client.example');";
    for (keep, cancelled) in [("local", false), ("remote", false), ("remote", true)] {
        let office = two();
        office.sql(&(appointment("a-1", "Visit") + GUEST + &appointment("a-2", "Alone")));
        quiet(&office);
        if cancelled {
            let listed = phone(&office, ACCOUNT, "GET", EVENTS, &Value::Null);
            let events = listed["items"].as_array().unwrap();
            let id = events.iter().find(|event| event["summary"] == "Visit").unwrap()["id"].clone();
            let path = format!("{EVENTS}/{}?sendUpdates=none", id.as_str().unwrap());
            phone(&office, ACCOUNT, "DELETE", &path, &Value::Null);
        }
        office.sql("UPDATE appointments SET owner_id = 'bob';");
        office.run(&["sync", "--dry-run", "--json"]);
        for _ in 0..2 {
            office.run(&["sync"]).expect(3);
        }
        assert_eq!(titles(&office, OTHER), ["Alone"], "what has no guests goes over");
        let waits = waiting(&office);
        assert_eq!((waits.len(), &waits[0]["problem"]["code"]), (1, &json!("SYNC-131")), "{waits:#?}");
        assert_eq!(waits[0]["answers"], json!(["--retry", "--keep local", "--keep remote"]));
        let number = waits[0]["number"].to_string();
        office.run(&["conflicts", "resolve", &number, "--keep", keep]).expect(0);
        quiet(&office);
        let made = usize::from(keep == "local");
        assert_eq!((titles(&office, OTHER).len(), waiting(&office).len()), (1 + made, 0), "{keep}");
        // Without its guests nobody is invited again.
        office.sql("DELETE FROM appointment_participants WHERE appointment_id = 'a-1';");
        office.sql("UPDATE appointments SET location = 'Lyon' WHERE id = 'a-1';");
        quiet(&office);
        assert_eq!(titles(&office, OTHER).len(), 1 + made);
    }
}

#[test]
fn somebody_elses_meeting_that_gets_another_owner_is_never_made_again() {
    let office = two();
    let at = |hour: &str| json!({ "dateTime": format!("2026-12-10T{hour}:00"), "timeZone": "Europe/Paris" });
    let meeting = json!({ "summary": "Of the boss", "start": at("09:00"), "end": at("10:00"),
        "attendees": [{ "email": ACCOUNT }, { "email": "x@client.example" }] });
    phone(&office, BOSS, "POST", &format!("{EVENTS}?sendUpdates=none"), &meeting);
    quiet(&office);
    office.sql("UPDATE appointments SET owner_id = 'bob';");
    office.run(&["sync"]).expect(3);
    assert!(titles(&office, OTHER).is_empty());
    assert_eq!(titles(&office, ACCOUNT), ["Of the boss"]);
    let waits = waiting(&office);
    assert_eq!((waits.len(), &waits[0]["problem"]["code"]), (1, &json!("GOOG-309")), "{waits:#?}");
    assert_eq!(waits[0]["answers"], json!(["--retry", "--keep remote"]));
    let number = waits[0]["number"].to_string();
    office.run(&["conflicts", "resolve", &number, "--keep", "remote"]).expect(0);
    quiet(&office);
    assert!(titles(&office, OTHER).is_empty() && waiting(&office).is_empty());
}

#[test]
fn most_of_a_calendar_is_given_to_nobody_unasked() {
    let office = two();
    office
        .sql(&(0..20).map(|n| appointment(&format!("a-{n}"), &format!("Visit {n:02}"))).collect::<String>());
    quiet(&office);
    office.sql("UPDATE appointments SET owner_id = 'bob';");
    for _ in 0..2 {
        let run = office.run(&["sync", "--json"]).expect(5);
        assert_eq!(run.of("error")[0]["code"], "SYNC-121", "{}", run.out);
    }
    assert!(titles(&office, OTHER).is_empty());
    let stopped = office.run(&["sync", "--json"]).expect(5);
    let error = stopped.of("error")[0].clone();
    let ways = error["do"].as_array().unwrap().iter().filter_map(Value::as_str);
    let digest = ways
        .filter_map(|way| way.split_once("--approve "))
        .next()
        .unwrap()
        .1
        .trim_end_matches('`')
        .to_owned();
    office.run(&["sync", "--approve", &digest]).expect(0);
    quiet(&office);
    assert_eq!(titles(&office, OTHER).len(), 20);
}

#[test]
fn what_somebody_has_no_more_stays_on_their_phone_when_the_company_deletes_it() {
    let office = two();
    let named = |account: &str| people(&office, account);
    office.sql("INSERT INTO contacts (id, given_name) VALUES ('c-1', 'Client'), ('c-2', 'Edited'), ('c-3', 'Other');");
    office.sql(&(appointment("a-1", "Visit") + &appointment("a-2", "Other")));
    quiet(&office);
    office.sql("INSERT INTO contact_users (contact_id, user_id) VALUES ('c-1', 'alice'), ('c-2', 'alice');");
    office.sql("UPDATE appointments SET owner_id = 'bob' WHERE id = 'a-1';");
    quiet(&office);
    // Bob goes on with a copy that the company took from him.
    let listed = phone(&office, OTHER, "GET", PEOPLE, &Value::Null);
    let people = listed["connections"].as_array().unwrap();
    let edited = people.iter().find(|person| person["names"][0]["givenName"] == "Edited").unwrap();
    let path = format!(
        "/v1/{}:updateContact?updatePersonFields=biographies",
        edited["resourceName"].as_str().unwrap()
    );
    let body = json!({ "etag": edited["etag"], "biographies": [{ "value": "of Bob" }] });
    phone(&office, OTHER, "PATCH", &path, &body);
    quiet(&office);
    office.sql("DELETE FROM contacts WHERE id IN ('c-1', 'c-2'); DELETE FROM appointments WHERE id = 'a-1';");
    quiet(&office);
    let pair = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    assert_eq!(named(ACCOUNT), [pair("Other", "")]);
    let mut of_bob = named(OTHER);
    of_bob.sort();
    assert_eq!(of_bob, [pair("Client", ""), pair("Edited", "of Bob"), pair("Other", "")]);
    let here = office.run(&["contacts", "list", "--json"]).expect(0).of("record");
    assert_eq!((here.len(), &here[0]["id"]), (1, &json!("c-3")), "{here:#?}");
    assert_eq!(
        (titles(&office, ACCOUNT), titles(&office, OTHER)),
        (vec!["Other".to_owned(), "Visit".to_owned()], vec![])
    );
}

#[test]
fn what_somebody_lost_and_the_company_deleted_between_two_runs_stays_on_their_phone() {
    let office = two();
    let names = |account: &str| -> Vec<String> {
        let mut names: Vec<String> = people(&office, account).into_iter().map(|(name, _)| name).collect();
        names.sort();
        names
    };
    let all: String = (1..6)
        .map(|n| format!("INSERT INTO contacts (id, given_name) VALUES ('c-{n}', 'Client {n}');"))
        .collect();
    office.sql(&all);
    office.sql("INSERT INTO contact_users (contact_id, user_id) VALUES ('c-3', 'alice'), ('c-3', 'bob');");
    office.sql(&(1..5).map(|n| appointment(&format!("a-{n}"), &format!("Visit {n}"))).collect::<String>());
    quiet(&office);
    assert_eq!((names(OTHER).len(), titles(&office, ACCOUNT).len()), (5, 4));
    office.sql(
        "INSERT INTO contact_users (contact_id, user_id) VALUES ('c-1', 'alice'), ('c-4', 'alice');
         DELETE FROM contact_users WHERE contact_id = 'c-4';
         DELETE FROM contacts WHERE id IN ('c-1', 'c-2', 'c-4');
         DELETE FROM contact_users WHERE contact_id = 'c-3'; DELETE FROM contacts WHERE id = 'c-3';
         UPDATE appointments SET owner_id = 'bob' WHERE id IN ('a-1', 'a-3');
         UPDATE appointments SET owner_id = 'alice' WHERE id = 'a-3';
         DELETE FROM appointments WHERE id IN ('a-1', 'a-2', 'a-3');",
    );
    quiet(&office);
    // Only what somebody had lost by then stays, and whoever still had it loses it.
    assert_eq!(names(ACCOUNT), ["Client 5"]);
    assert_eq!(names(OTHER), ["Client 1", "Client 5"]);
    assert_eq!(titles(&office, ACCOUNT), ["Visit 1", "Visit 4"]);
    // Made again under its id, it is seen by everybody, and a deletion is one again.
    office.sql("INSERT INTO contacts (id, given_name) VALUES ('c-1', 'Back');");
    quiet(&office);
    assert_eq!((names(ACCOUNT).len(), names(OTHER).len()), (2, 2));
    office.sql("DELETE FROM contacts WHERE id = 'c-1';");
    quiet(&office);
    assert_eq!((names(ACCOUNT), names(OTHER)), (vec!["Client 5".to_owned()], vec!["Client 5".to_owned()]));
}
