//! The doctor from the outside: what it looks at, what it says of it, how it ends.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[allow(dead_code)]
mod office;

use std::fs;

use office::{Done, Office};
use serde_json::{Value, json};

fn connected() -> Office {
    let office = Office::new();
    office.connect().expect(0);
    office
}

fn finding(done: &Done, area: &str) -> Value {
    let found = done.of("finding").into_iter().find(|one| one["area"] == area);
    found.unwrap_or_else(|| panic!("{area}: {}", done.out))
}

fn faults(office: &Office, rules: &Value) {
    office.phone("POST", "/_sim/faults", &json!({ "rules": rules }));
}

#[test]
fn everything_is_looked_at_and_a_sound_installation_ends_with_nought() {
    let office = connected();
    let done = office.run(&["doctor", "--json"]).expect(0);
    let areas: Vec<Value> = done.of("finding").into_iter().map(|one| one["area"].clone()).collect();
    for area in [
        "configuration",
        "database",
        "vault",
        "disk",
        "lock",
        "network",
        "clock",
        "token",
        "calendar",
        "contacts",
        "quota",
        "scopes",
        "authorisation",
    ] {
        assert!(areas.contains(&json!(area)), "{area}: {areas:?}");
    }
    assert!(done.of("finding").iter().all(|one| one["level"] == "good"), "{}", done.out);
    assert_eq!(done.summary()["exit_code"], 0);
    // Somebody who is not connected is no problem, but worth a word.
    office.run(&["user", "add", "bob"]).expect(0);
    let done = office.run(&["doctor", "--json"]).expect(0);
    assert!(done.of("finding").iter().any(|one| one["code"] == "GOOG-211" && one["level"] == "warning"));
    office.run(&["doctor", "--strict"]).expect(3);
    office.run(&["doctor", "--user", "alice", "--strict"]).expect(0);
    office.run(&["test", "alice"]).expect(0);
    for args in [&["test", "nobody", "--json"][..], &["doctor", "--user", "nobody", "--json"]] {
        assert_eq!(office.run(args).expect(2).summary()["code"], "USE-102", "{args:?}");
    }
    // Nobody died: there is nothing to put right after ordinary work.
    office.run(&["sync"]).expect(0);
    assert!(office.run(&["doctor", "--fix", "--json"]).expect(0).of("fixed").is_empty());
}

#[test]
fn what_is_known_of_the_limits_is_told() {
    let office = connected();
    for name in ["Zoé", "Ada"] {
        office.phone("POST", "/v1/people:createContact", &json!({ "names": [{ "givenName": name }] }));
    }
    let done = office.run(&["test", "alice", "--json"]).expect(0);
    let facts = &finding(&done, "quota")["facts"];
    assert_eq!((&facts["contacts"], &facts["limit"]), (&json!("2"), &json!("25000")));
}

#[test]
fn a_dead_authorisation_is_told_once_and_nothing_belies_it_and_one_cause_is_told_once() {
    let office = connected();
    office.run(&["user", "add", "bob"]).expect(0);
    office.connect_user("bob", office::OTHER).expect(0);
    faults(&office, &json!([{ "method": "oauth.token", "body": "oauth-token-invalid_grant-revoked" }]));
    let done = office.run(&["doctor", "--user", "alice", "--json"]).expect(1);
    let of_alice: Vec<Value> = done.of("finding").into_iter().filter(|one| one["user"] == "alice").collect();
    assert_eq!(of_alice.len(), 1, "{}", done.out);
    assert_eq!(of_alice[0]["code"], "GOOG-205");
    faults(&office, &json!([]));
    faults(&office, &json!([{ "drop": true }]));
    let done = office.run(&["doctor", "--json"]).expect(1);
    let told = done.of("finding").into_iter().filter(|one| one["code"] == "NET-101").count();
    assert_eq!(told, 1, "{}", done.out);
}

#[test]
fn a_clock_that_differs_from_googles_is_measured() {
    let office = connected();
    for (seconds, level) in [(120, "warning"), (7 * 24 * 3600, "problem")] {
        office.phone("POST", "/_sim/clock", &json!({ "advance_seconds": seconds }));
        let done = office.run(&["doctor", "--json"]);
        let clock = finding(&done, "clock");
        assert_eq!((&clock["level"], &clock["code"]), (&json!(level), &json!("NET-104")), "{}", done.out);
        let measured: i64 = clock["facts"]["seconds"].as_str().unwrap().parse().unwrap();
        assert!((measured + seconds).abs() <= 5, "{measured}");
        assert!(clock["why"][0].as_str().unwrap().contains(" s"), "{clock}");
        office.phone("POST", "/_sim/clock", &json!({ "advance_seconds": -seconds }));
    }
}

#[test]
fn each_service_is_tried_with_the_users_own_token_and_named_with_its_cure() {
    let office = connected();
    let table = [
        ("calendar.events.list", "calendar-403-service-disabled", "calendar", "GOOG-101"),
        ("calendar.events.list", "calendar-403-quotaExceeded", "calendar", "GOOG-302"),
        ("calendar.events.list", "calendar-403-dailyLimitExceeded", "calendar", "GOOG-303"),
        ("calendar.events.list", "calendar-403-scope-insufficient-events", "calendar", "GOOG-202"),
        ("people.people.connections.list", "people-403-service-disabled-2022", "contacts", "GOOG-101"),
        ("people.people.connections.list", "people-429-critical-reads", "contacts", "GOOG-301"),
        ("people.people.connections.list", "people-503-unavailable", "contacts", "GOOG-311"),
        ("oauth.token", "oauth-token-invalid_grant-revoked", "token", "GOOG-205"),
        ("oauth.token", "oauth-token-invalid_grant-rapt", "token", "GOOG-212"),
        ("oauth.token", "oauth-token-admin_policy_enforced", "token", "GOOG-109"),
        ("oauth.tokeninfo", "oauth-tokeninfo-invalid_token", "scopes", "GOOG-205"),
    ];
    for (method, body, area, code) in table {
        // The first request to the token information only asks whether anybody is there.
        let nth = if method == "oauth.tokeninfo" { 2 } else { 1 };
        faults(&office, &json!([{ "method": method, "body": body, "nth": nth, "times": 9 }]));
        let done = office.run(&["test", "alice", "--json"]).expect(1);
        let found =
            done.of("finding").into_iter().find(|one| one["area"] == area && one["level"] == "problem");
        let found = found.unwrap_or_else(|| panic!("{body}: {}", done.out));
        assert_eq!(found["code"], code, "{body}");
        assert_eq!(found["user"], "alice");
        assert!(!found["do"].as_array().unwrap().is_empty());
        faults(&office, &json!([]));
    }
    // A diagnosis erases nothing.
    office.run(&["sync"]).expect(0);
    office.run(&["doctor"]).expect(0);
}

#[test]
fn what_is_broken_here_is_told_without_hiding_the_rest() {
    let office = connected();
    let broken =
        office.command().env("PASSERELLE__LANGUAGE", "de").args(["doctor", "--json"]).output().unwrap();
    assert_eq!(finding(&Done::from(broken).expect(1), "configuration")["code"], "CFG-101");
    let key = office.dir.path().join("etc/passerelle/vault.key");
    fs::rename(&key, office.dir.path().join("away")).unwrap();
    let done = office.run(&["doctor", "--json"]).expect(1);
    assert_eq!(finding(&done, "vault")["code"], "VAULT-001");
    assert_eq!(finding(&done, "database")["level"], "good");
    assert_eq!(finding(&done, "network")["level"], "good");
    assert!(!key.exists(), "no key is made in the place of the lost one");
    assert_eq!(finding(&Office::empty().run(&["doctor", "--json"]).expect(1), "database")["code"], "CFG-102");
}

#[test]
fn the_trace_of_a_dead_process_is_wiped_and_a_living_one_is_left_alone() {
    let office = connected();
    let file = office.dir.path().join("var/passerelle/passerelle.lock");
    fs::write(&file, "999999").unwrap();
    let done = office.run(&["doctor", "--fix", "--json"]).expect(0);
    assert_eq!(done.of("fixed")[0]["what"], "lock");
    fs::write(&file, "4711").unwrap();
    let held = fs::File::open(&file).unwrap();
    held.lock().unwrap();
    let done = office.run(&["doctor", "--fix", "--json"]).expect(0);
    assert!(done.of("fixed").is_empty());
    assert_eq!(finding(&done, "running")["facts"]["pid"], "4711");
}

#[cfg(unix)]
#[test]
fn a_fix_does_not_follow_links() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let office = connected();
    let outside = office.dir.path().join("somebody's");
    fs::write(&outside, "4711").unwrap();
    fs::set_permissions(&outside, fs::Permissions::from_mode(0o644)).unwrap();
    let vault = office.dir.path().join("var/passerelle/vault");
    symlink(&outside, vault.join("x.cred")).unwrap();
    let lock = office.dir.path().join("var/passerelle/passerelle.lock");
    fs::remove_file(&lock).unwrap();
    symlink(&outside, &lock).unwrap();
    office.run(&["doctor", "--fix"]);
    office.run(&["sync"]);
    assert_eq!(fs::metadata(&outside).unwrap().permissions().mode() & 0o777, 0o644);
    assert_eq!(fs::read_to_string(&outside).unwrap(), "4711");
}

#[cfg(unix)]
#[test]
fn a_fix_leaves_a_file_that_has_a_second_name() {
    use std::os::unix::fs::PermissionsExt;
    let office = connected();
    let outside = office.dir.path().join("somebody's");
    fs::write(&outside, "theirs").unwrap();
    fs::set_permissions(&outside, fs::Permissions::from_mode(0o644)).unwrap();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let inside = office.dir.path().join("var/passerelle/vault/x.cred");
    fs::hard_link(&outside, &inside).unwrap();
    let own = office.dir.path().join("var/passerelle/vault/vault.json");
    fs::set_permissions(&own, fs::Permissions::from_mode(0o644)).unwrap();
    let done = office.run(&["doctor", "--fix", "--json"]).expect(1);
    assert_eq!((mode(&outside), mode(&own)), (0o644, 0o600));
    assert_eq!(done.of("fixed").len(), 1, "{}", done.out);
    let found = finding(&done, "modes");
    assert_eq!(found["code"], "SYS-106", "{found}");
    assert!(done.out.contains("second name"), "{}", done.out);
    fs::remove_file(&inside).unwrap();
    office.run(&["doctor", "--fix", "--json"]).expect(0);
}

#[test]
fn the_diagnosis_is_told_in_the_persons_language_with_its_numbers() {
    let office = connected();
    office.phone("POST", "/_sim/project", &json!({ "disabled_apis": ["people.googleapis.com"] }));
    let french = office.run(&["doctor", "--lang", "fr"]).expect(1).out;
    for words in [
        "✓ configuration :",
        "✓ coffre : clé donnée par un fichier, 2 secrets",
        "✗ alice · GOOG-101",
        "    Cause    Chaque API s'active une fois",
        "    À faire  1.",
        "1 problème",
    ] {
        assert!(french.contains(words), "{words}: {french}");
    }
    let english = office.run(&["doctor", "--lang", "en"]).expect(1).out;
    for words in [
        "✓ configuration:",
        "✓ vault: key from a file, 2 secrets",
        "✗ alice · GOOG-101",
        "    Why   Each API is switched on once",
        "    Do    1.",
        "1 problem,",
    ] {
        assert!(english.contains(words), "{words}: {english}");
    }
}
