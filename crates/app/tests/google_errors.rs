//! Every known refusal of Google, met by the built binary: its code, its exit code, and nothing lost (I2, I9).
//!
//! Each body is played on a call that it fits; the pretend Google's `data/error-bodies/INDEX.md` says how sure each
//! is. Afterwards the fault is gone, whoever had to correct something has done so, and both sides agree.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;
mod sides;

use common::{EVENTS, World, waiting};
use passerelle_google_sim::bodies;
use serde_json::json;
use sides::{assert_agree, contact_sql, event_sql, fill, title};

const EVENT_LIST: &str = "calendar.events.list";
const EVENT_INSERT: &str = "calendar.events.insert";
const EVENT_PATCH: &str = "calendar.events.patch";
const EVENT_DELETE: &str = "calendar.events.delete";
const PEOPLE_LIST: &str = "people.people.connections.list";
const PEOPLE_CREATE: &str = "people.people.createContact";
const PEOPLE_UPDATE: &str = "people.people.updateContact";
const PEOPLE_DELETE: &str = "people.people.deleteContact";
const TOKEN: &str = "oauth.token";

/// So many runs may be needed while a write has an unknown outcome.
const RUNS: usize = 100;

/// The body, the call, the codes that are told (of the run or of the record), the exit code.
type Row = (&'static str, &'static str, &'static [&'static str], i32);

const CALENDAR: &[Row] = &[
    ("calendar-400-timeRangeEmpty", EVENT_LIST, &["GOOG-310"], 3),
    ("calendar-400-orderBy-needs-singleEvents", EVENT_LIST, &["GOOG-310"], 3),
    ("calendar-400-invalid-value", EVENT_LIST, &["GOOG-310"], 3),
    ("calendar-400-invalid-value", EVENT_PATCH, &["GOOG-310"], 3),
    ("calendar-400-invalid-id", EVENT_INSERT, &["GOOG-310"], 3),
    ("calendar-400-required-end", EVENT_PATCH, &["GOOG-310"], 3),
    ("calendar-400-required-timezone", EVENT_INSERT, &["GOOG-310"], 3),
    ("calendar-400-invalid-sequence", EVENT_PATCH, &["GOOG-310"], 3),
    ("calendar-401-authError", EVENT_LIST, &["GOOG-205"], 4),
    ("calendar-401-login-required-legacy", EVENT_LIST, &["GOOG-205"], 4),
    ("calendar-401-missing-credential", EVENT_INSERT, &["GOOG-205"], 4),
    ("calendar-401-unauthenticated-frontend", EVENT_PATCH, &["GOOG-205"], 4),
    ("calendar-403-accessNotConfigured-2013", EVENT_LIST, &["GOOG-101"], 4),
    ("calendar-403-service-disabled", EVENT_LIST, &["GOOG-101"], 4),
    ("calendar-403-appNotInstalled", EVENT_LIST, &["GOOG-313"], 4),
    ("calendar-403-dailyLimitExceeded", EVENT_LIST, &["GOOG-303"], 8),
    ("calendar-403-quotaExceeded", EVENT_INSERT, &["GOOG-302"], 8),
    ("calendar-403-rateLimitExceeded", EVENT_PATCH, &["GOOG-301"], 8),
    ("calendar-403-userRateLimitExceeded", EVENT_LIST, &["GOOG-301"], 8),
    ("calendar-403-forbidden-write-deleted", EVENT_PATCH, &["GOOG-310"], 3),
    ("calendar-403-forbiddenForNonOrganizer", EVENT_PATCH, &["GOOG-309"], 3),
    ("calendar-403-forbiddenForServiceAccounts", EVENT_INSERT, &["GOOG-117"], 4),
    ("calendar-403-insufficientPermissions-legacy", EVENT_LIST, &["GOOG-202"], 3),
    ("calendar-403-scope-insufficient-events", EVENT_LIST, &["GOOG-202"], 3),
    ("calendar-403-requiredAccessLevel", EVENT_INSERT, &["GOOG-308"], 3),
    ("calendar-404-notFound", EVENT_LIST, &["GOOG-307"], 3),
    ("calendar-404-notFound", EVENT_PATCH, &[], 0),
    ("calendar-404-notFound", EVENT_DELETE, &[], 0),
    ("calendar-409-conflict", EVENT_PATCH, &["GOOG-306"], 0),
    // Look, then decide: nothing of ours is there, so that the next run tries again (I3).
    ("calendar-409-duplicate", EVENT_INSERT, &[], 0),
    ("calendar-410-deleted", EVENT_DELETE, &[], 0),
    ("calendar-410-fullSyncRequired", EVENT_LIST, &["GOOG-305"], 0),
    ("calendar-410-updatedMinTooLongAgo", EVENT_LIST, &["GOOG-305"], 0),
    ("calendar-412-conditionNotMet", EVENT_PATCH, &["GOOG-306"], 0),
    ("calendar-412-conditionNotMet", EVENT_DELETE, &["GOOG-306"], 0),
    ("calendar-429-rateLimitExceeded", EVENT_INSERT, &["GOOG-301"], 8),
    ("calendar-500-backendError", EVENT_LIST, &["GOOG-311"], 8),
    ("calendar-500-backendError", EVENT_INSERT, &["GOOG-316", "SYNC-110"], 3),
    ("calendar-503-backendError", EVENT_PATCH, &["GOOG-311"], 8),
];

const PEOPLE: &[Row] = &[
    ("people-400-etag-mismatch-person", PEOPLE_UPDATE, &["GOOG-306"], 0),
    ("people-400-etag-mismatch-source", PEOPLE_UPDATE, &["GOOG-306"], 0),
    ("people-400-etag-mismatch-with-errors", PEOPLE_UPDATE, &["GOOG-306"], 0),
    ("people-400-etag-missing", PEOPLE_UPDATE, &["GOOG-310"], 3),
    ("people-400-expired-sync-token-a", PEOPLE_LIST, &["GOOG-305"], 0),
    ("people-400-expired-sync-token-b", PEOPLE_LIST, &["GOOG-305"], 0),
    ("people-410-expired-sync-token-c", PEOPLE_LIST, &["GOOG-305"], 0),
    ("people-400-invalid-argument-generic", PEOPLE_LIST, &["GOOG-310"], 3),
    ("people-400-invalid-argument-generic", PEOPLE_CREATE, &["GOOG-310"], 3),
    ("people-400-invalid-mask", PEOPLE_UPDATE, &["GOOG-310"], 3),
    ("people-400-personFields-required", PEOPLE_LIST, &["GOOG-310"], 3),
    ("people-400-not-a-contact", PEOPLE_UPDATE, &["GOOG-310"], 3),
    ("people-401-unauthenticated", PEOPLE_LIST, &["GOOG-205"], 4),
    ("people-401-unauthenticated", PEOPLE_CREATE, &["GOOG-205"], 4),
    ("people-403-scope-insufficient", PEOPLE_LIST, &["GOOG-202"], 3),
    ("people-403-scope-insufficient-2020", PEOPLE_LIST, &["GOOG-202"], 3),
    ("people-403-service-disabled", PEOPLE_LIST, &["GOOG-101"], 4),
    ("people-403-service-disabled-2022", PEOPLE_LIST, &["GOOG-101"], 4),
    ("people-404-not-found", PEOPLE_UPDATE, &[], 0),
    ("people-404-not-found", PEOPLE_DELETE, &[], 0),
    ("people-429-critical-reads", PEOPLE_LIST, &["GOOG-301"], 8),
    ("people-429-fbs-quota", PEOPLE_CREATE, &["GOOG-302"], 8),
    ("people-500-internal", PEOPLE_CREATE, &["GOOG-316", "SYNC-110"], 3),
    ("people-503-unavailable", PEOPLE_UPDATE, &["GOOG-311"], 8),
];

const OAUTH: &[Row] = &[
    ("oauth-token-invalid_grant-revoked", TOKEN, &["GOOG-205"], 4),
    ("oauth-token-invalid_grant-bad-request", TOKEN, &["GOOG-205"], 4),
    ("oauth-token-invalid_grant-code-redeemed", TOKEN, &["GOOG-205"], 4),
    ("oauth-token-invalid_grant-malformed-code", TOKEN, &["GOOG-205"], 4),
    ("oauth-token-invalid_grant-missing-verifier", TOKEN, &["GOOG-205"], 4),
    ("oauth-token-invalid_grant-account-deleted", TOKEN, &["GOOG-210"], 4),
    ("oauth-token-invalid_grant-rapt", TOKEN, &["GOOG-212"], 4),
    ("oauth-token-invalid_client-notfound", TOKEN, &["GOOG-106"], 4),
    ("oauth-token-invalid_client-secret", TOKEN, &["GOOG-106"], 4),
    ("oauth-token-deleted_client", TOKEN, &["GOOG-107"], 4),
    ("oauth-token-unauthorized_client", TOKEN, &["GOOG-119"], 4),
    ("oauth-token-admin_policy_enforced", TOKEN, &["GOOG-109"], 4),
    ("oauth-token-redirect_uri_mismatch", TOKEN, &["GOOG-105"], 7),
    ("oauth-token-unsupported_grant_type", TOKEN, &["GOOG-113"], 4),
    ("oauth-token-invalid_scope", TOKEN, &["GOOG-114"], 4),
    ("oauth-token-invalid_request", TOKEN, &["GOOG-113"], 4),
    // Another flow's answers: never asked for, and understood all the same.
    ("oauth-device-access_denied", TOKEN, &["GOOG-201"], 4),
    ("oauth-device-authorization_pending", TOKEN, &["GOOG-113"], 4),
    ("oauth-device-invalid_scope", TOKEN, &["GOOG-114"], 4),
    ("oauth-device-slow_down", TOKEN, &["GOOG-301"], 8),
    ("oauth-revoke-invalid_token", TOKEN, &["GOOG-205"], 4),
    ("oauth-tokeninfo-invalid_token", TOKEN, &["GOOG-205"], 4),
];

/// What a service account that acts for a person meets.
const DELEGATED: &[Row] = &[
    ("oauth-token-unauthorized_client", TOKEN, &["GOOG-115"], 4),
    ("oauth-token-access_denied-dwd", TOKEN, &["GOOG-115"], 4),
    ("oauth-token-invalid_grant-jwt-signature", TOKEN, &["GOOG-116"], 4),
    ("oauth-token-invalid_grant-jwt-time", TOKEN, &["NET-104"], 8),
    ("oauth-token-invalid_grant-bad-request", TOKEN, &["GOOG-120"], 4),
    ("oauth-token-invalid_scope", TOKEN, &["GOOG-114"], 4),
    ("oauth-token-admin_policy_enforced", TOKEN, &["GOOG-109"], 4),
    ("calendar-403-forbiddenForServiceAccounts", EVENT_INSERT, &["GOOG-117"], 4),
];

/// Met while an app user is connected.
const CALENDAR_LIST_SCOPE: &str = "calendar-403-scope-insufficient-calendarList";

/// Bodies that say that a record is gone.
const GONE: &[&str] = &["calendar-404-notFound", "calendar-410-deleted", "people-404-not-found"];

/// Bodies that no call of a run can meet: other calls' own, or batches of several contacts.
const ELSEWHERE: &[&str] = &[
    "calendar-403-calendarList-dataOwner",
    CALENDAR_LIST_SCOPE,
    "people-400-batch-",
    "people-409-group-name",
];

/// Both sides go on working: on each there is something new, something changed and something deleted.
fn edit(world: &World, turn: usize) {
    let (changed, new) = (turn % 3, 100 + turn);
    world.sql(&format!(
        "UPDATE contacts SET notes = 'Turn {turn}' WHERE id = 'c{changed}';
         UPDATE appointments SET description = 'Turn {turn}' WHERE id = 'e{changed}';
         DELETE FROM contacts WHERE id = 'c{old}';
         DELETE FROM appointments WHERE id = 'e{old}';
         {} {}",
        contact_sql(new),
        event_sql(new),
        old = new - 1,
    ));
    edit_person(world, &format!("There {turn}"));
    let event = world.event(&title(6));
    let path = format!("{EVENTS}/{}?sendUpdates=none", event["id"].as_str().unwrap());
    world.google("PATCH", &path, &json!({"location": format!("There {turn}")}));
}

fn edit_person(world: &World, notes: &str) {
    let person = world.person("c5@firm5.example");
    let notes = json!({"biographies": [{"value": notes, "contentType": "TEXT_PLAIN"}]});
    world.gesture("people/edit", json!({"resourceName": person["resourceName"], "person": notes}));
}

/// A refused record waits until somebody has changed it: here, or at Google where it is gone here.
fn correct(world: &World, turn: usize) {
    let (changed, new) = (turn % 3, 100 + turn);
    world.sql(&format!(
        "UPDATE contacts SET notes = 'Corrected {turn}' WHERE id IN ('c{changed}', 'c{new}');
         UPDATE appointments SET description = 'Corrected {turn}' WHERE id IN ('e{changed}', 'e{new}');"
    ));
}

/// Answers after which waiting helps: Google says for how long, so that the run ends instead of waiting.
fn asks_to_wait(body: &str) -> bool {
    ["-429-", "-500-", "-503-", "slow_down", "LimitExceeded", "quotaExceeded"]
        .iter()
        .any(|part| body.contains(part))
}

fn codes_of(world: &World, run: &common::Ran) -> Vec<String> {
    let mut codes = run.errors();
    if run.summary()["failed"] != 0 {
        let refused = waiting(world);
        codes.extend(refused.iter().filter_map(|one| one["problem"]["code"].as_str()).map(str::to_owned));
    }
    codes.sort();
    codes.dedup();
    codes
}

/// Runs until there is nothing left to do. A write of unknown outcome waits until it has settled, which is two
/// seconds with the pretend Google; everything else is done after three runs (I1).
fn converge(world: &World) -> Result<(), String> {
    let mut seen = Vec::new();
    for _ in 0..RUNS {
        let run = world.sync();
        let unknown: u64 = run.summary()["pairs"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|pair| pair["unknown"].as_u64())
            .sum();
        if (run.code, run.writes()) == (Some(0), 0) {
            return Ok(());
        }
        if unknown == 0 {
            seen.push((run.code, run.writes(), run.errors()));
        }
        if seen.len() > 4 {
            break;
        }
    }
    Err(format!("never quiet again: {seen:?}; waiting {:?}", waiting(world)))
}

fn play(world: &World, turn: usize, row: &Row) -> Vec<String> {
    let (body, call, _, exit) = row;
    let mut wrong = Vec::new();
    edit(world, turn);
    let mut rule = json!({"method": call, "body": body});
    if asks_to_wait(body) {
        rule["retry_after"] = json!(120);
    }
    if GONE.contains(body) && [EVENT_DELETE, PEOPLE_DELETE].contains(call) {
        // What Google does not find was deleted: the first of two requests did it, and its answer was lost.
        rule["when"] = json!("after");
    }
    world.faults(&json!([rule]));
    let run = world.sync();
    let codes = codes_of(world, &run);
    world.faults(&json!([]));
    let told: Vec<&str> = codes.iter().map(String::as_str).collect();
    // A refused condition is no event for a person: the run looks again and goes on (I2).
    let quiet = row.2.iter().all(|code| ["GOOG-305", "GOOG-306"].contains(code)) && told.is_empty();
    if run.code != Some(*exit) || !(told == row.2 || quiet) {
        wrong.push(format!("ended with {told:?} → {:?}", run.code));
    }
    if run.summary()["failed"] != 0 {
        correct(world, turn);
    }
    wrong.extend(converge(world).err());
    wrong
}

/// Plays every row and shows the whole table when one of them is wrong.
fn table(rows: &[Row]) {
    table_in(World::new(), rows);
}

fn table_in(world: World, rows: &[Row]) {
    fill(&world, 12, 12);
    world.settle();
    let mut shown = String::new();
    let mut wrong = 0;
    for (turn, row) in rows.iter().enumerate() {
        let mistakes = play(&world, turn + 1, row);
        wrong += mistakes.len();
        let mark =
            if mistakes.is_empty() { "  ".to_owned() } else { format!("✗ {} ← ", mistakes.join("; ")) };
        shown.push_str(&format!("{mark}{} on {} → {:?} → exit {}\n", row.0, row.1, row.2, row.3));
        if !mistakes.is_empty() && mistakes.iter().any(|text| text.starts_with("never")) {
            break;
        }
    }
    assert_eq!(wrong, 0, "file on call → code → exit code:\n{shown}");
    assert_agree(&world);
    assert_eq!(world.people().len(), 13, "nothing lost, nothing twice (I2, I3)");
    assert_eq!(world.events().len(), 13, "nothing lost, nothing twice (I2, I3)");
    assert_eq!(world.mails(), 0, "(I8)");
}

#[test]
fn every_refusal_of_the_calendar_ends_in_its_code_and_loses_nothing() {
    table(CALENDAR);
}

#[test]
fn every_refusal_of_the_contacts_ends_in_its_code_and_loses_nothing() {
    table(PEOPLE);
}

#[test]
fn every_refusal_of_a_token_ends_in_its_code_and_loses_nothing() {
    table(OAUTH);
}

#[test]
fn every_refusal_of_a_service_account_ends_in_its_code_and_loses_nothing() {
    let world = World::unconnected();
    world.connect_service_account().ends_with(0);
    table_in(world, DELEGATED);
}

#[test]
fn every_known_body_has_a_row() {
    let rows: Vec<&Row> = CALENDAR.iter().chain(PEOPLE).chain(OAUTH).chain(DELEGATED).collect();
    let left: Vec<&str> = bodies::names()
        .filter(|name| !rows.iter().any(|row| row.0 == *name))
        .filter(|name| !ELSEWHERE.iter().any(|elsewhere| name.starts_with(elsewhere)))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn an_answer_that_is_lost_once_is_no_news_to_anybody() {
    let world = World::new();
    fill(&world, 12, 12);
    // The write is applied and nobody hears of it (I3); the next answer comes.
    world.faults(&json!([
        {"method": EVENT_INSERT, "nth": 3, "when": "after", "drop": true},
        {"method": "people.people.createContact", "nth": 1, "when": "after", "drop": true},
        {"method": "people.people.batchCreateContacts", "nth": 1, "when": "after", "drop": true},
    ]));
    let first = world.sync();
    assert!(matches!(first.code, Some(0 | 3 | 8)), "{first:?}");
    world.faults(&json!([]));
    converge(&world).expect("it goes on by itself (I14)");
    assert_agree(&world);
    assert_eq!((world.people().len(), world.events().len()), (12, 12), "nothing twice (I3)");
}

#[test]
fn a_scope_that_google_withholds_while_connecting_is_told_and_the_next_attempt_connects() {
    let world = World::unconnected();
    world.faults(&json!([{"method": "calendar.calendarList.list", "body": CALENDAR_LIST_SCOPE}]));
    let refused = world.connect().ends_with(3);
    assert_eq!(refused.errors(), ["GOOG-202"], "{refused:?}");
    world.faults(&json!([]));
    world.connect().ends_with(0);
    fill(&world, 12, 12);
    assert_eq!(converge(&world), Ok(()));
    assert_agree(&world);
    assert_eq!((world.people().len(), world.events().len()), (12, 12));
}

#[test]
fn refusals_of_single_records_do_not_stop_the_others() {
    let world = World::new();
    fill(&world, 12, 12);
    // One record is set aside, visibly (I22).
    world.faults(&json!([{"method": EVENT_INSERT, "nth": 2, "body": "calendar-400-invalid-value"}]));
    let run = world.sync().ends_with(3);
    world.faults(&json!([]));
    assert_eq!(run.summary()["failed"], 1, "{run:?}");
    assert_eq!((world.people().len(), world.events().len()), (12, 11), "the others went on (I22)");
    let set_aside = waiting(&world);
    assert_eq!(set_aside.len(), 1, "{set_aside:?}");
    assert_eq!((&set_aside[0]["why"], &set_aside[0]["kind"]), (&json!("refused"), &json!("events")));
    world.run(&["status"]).ends_with(3);
    let refused = set_aside[0]["summary"].as_str().unwrap();
    world.sql(&format!("UPDATE appointments SET description = 'Corrected' WHERE title = '{refused}';"));
    assert_eq!(converge(&world), Ok(()));
    assert_agree(&world);
    world.run(&["status"]).ends_with(0);
}
