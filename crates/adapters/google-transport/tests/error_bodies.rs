//! One row for each known error body: what it means to us, decided on status and reason alone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::{collections::BTreeSet, fs, path::Path};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use passerelle_google_transport::{Answer, Api, failure_of};
use passerelle_ports::Code;
use passerelle_ports::ErrorKind::{self, *};

/// Operation used where it matters whether the calendar or one of its events was not found.
const ON_ITEM: &str = "events.patch";
const ON_LIST: &str = "events.list";

const TABLE: &[(&str, &str, ErrorKind, Option<Code>)] = &[
    ("calendar-400-invalid-id", ON_ITEM, Rejected, Some(Code::Goog310)),
    ("calendar-400-invalid-sequence", ON_ITEM, Rejected, Some(Code::Goog310)),
    ("calendar-400-invalid-value", ON_ITEM, Rejected, Some(Code::Goog310)),
    ("calendar-400-orderBy-needs-singleEvents", ON_LIST, Rejected, Some(Code::Goog310)),
    ("calendar-400-required-end", ON_ITEM, Rejected, Some(Code::Goog310)),
    ("calendar-400-required-timezone", ON_ITEM, Rejected, Some(Code::Goog310)),
    ("calendar-400-timeRangeEmpty", ON_LIST, Rejected, Some(Code::Goog310)),
    ("calendar-401-authError", ON_LIST, Unauthenticated, Some(Code::Goog205)),
    ("calendar-401-login-required-legacy", ON_LIST, Unauthenticated, Some(Code::Goog205)),
    ("calendar-401-missing-credential", ON_LIST, Unauthenticated, Some(Code::Goog205)),
    ("calendar-401-unauthenticated-frontend", ON_LIST, Unauthenticated, Some(Code::Goog205)),
    ("calendar-403-accessNotConfigured-2013", ON_LIST, Unauthenticated, Some(Code::Goog101)),
    ("calendar-403-appNotInstalled", ON_LIST, Unauthenticated, Some(Code::Goog313)),
    ("calendar-403-calendarList-dataOwner", "calendarList.delete", Forbidden, Some(Code::Goog310)),
    ("calendar-403-dailyLimitExceeded", ON_LIST, RateLimited, Some(Code::Goog303)),
    ("calendar-403-forbidden-write-deleted", ON_ITEM, Forbidden, Some(Code::Goog310)),
    ("calendar-403-forbiddenForNonOrganizer", ON_ITEM, Forbidden, Some(Code::Goog309)),
    ("calendar-403-forbiddenForServiceAccounts", ON_ITEM, Unauthenticated, Some(Code::Goog117)),
    ("calendar-403-insufficientPermissions-legacy", ON_LIST, Unauthenticated, Some(Code::Goog202)),
    ("calendar-403-quotaExceeded", ON_ITEM, RateLimited, Some(Code::Goog302)),
    ("calendar-403-rateLimitExceeded", ON_ITEM, RateLimited, Some(Code::Goog301)),
    ("calendar-403-requiredAccessLevel", ON_ITEM, Forbidden, Some(Code::Goog308)),
    (
        "calendar-403-scope-insufficient-calendarList",
        "calendarList.list",
        Unauthenticated,
        Some(Code::Goog202),
    ),
    ("calendar-403-scope-insufficient-events", ON_LIST, Unauthenticated, Some(Code::Goog202)),
    ("calendar-403-service-disabled", ON_LIST, Unauthenticated, Some(Code::Goog101)),
    ("calendar-403-userRateLimitExceeded", ON_ITEM, RateLimited, Some(Code::Goog301)),
    ("calendar-404-notFound", ON_ITEM, NotFound, None),
    ("calendar-404-notFound", ON_LIST, Forbidden, Some(Code::Goog307)),
    ("calendar-409-conflict", ON_ITEM, VersionMismatch, Some(Code::Goog306)),
    ("calendar-409-duplicate", "events.insert", Rejected, Some(Code::Goog310)),
    ("calendar-410-deleted", ON_ITEM, NotFound, None),
    ("calendar-410-fullSyncRequired", ON_LIST, CursorExpired, Some(Code::Goog305)),
    ("calendar-410-updatedMinTooLongAgo", ON_LIST, CursorExpired, Some(Code::Goog305)),
    ("calendar-412-conditionNotMet", ON_ITEM, VersionMismatch, Some(Code::Goog306)),
    ("calendar-429-rateLimitExceeded", ON_LIST, RateLimited, Some(Code::Goog301)),
    ("calendar-500-backendError", ON_LIST, Unavailable, Some(Code::Goog311)),
    ("calendar-503-backendError", ON_LIST, Unavailable, Some(Code::Goog311)),
    ("oauth-device-access_denied", "token", Unauthenticated, Some(Code::Goog201)),
    ("oauth-device-authorization_pending", "token", Unauthenticated, Some(Code::Goog113)),
    ("oauth-device-invalid_scope", "token", Unauthenticated, Some(Code::Goog114)),
    ("oauth-device-slow_down", "token", RateLimited, Some(Code::Goog301)),
    ("oauth-revoke-invalid_token", "token.revoke", Unauthenticated, Some(Code::Goog205)),
    ("oauth-token-access_denied-dwd", "token.assertion", Unauthenticated, Some(Code::Goog115)),
    ("oauth-token-access_denied-dwd", "token.refresh", Unauthenticated, Some(Code::Goog201)),
    ("oauth-token-admin_policy_enforced", "token", Forbidden, Some(Code::Goog109)),
    ("oauth-token-deleted_client", "token", Unauthenticated, Some(Code::Goog107)),
    ("oauth-token-invalid_client-notfound", "token", Unauthenticated, Some(Code::Goog106)),
    ("oauth-token-invalid_client-secret", "token", Unauthenticated, Some(Code::Goog106)),
    ("oauth-token-invalid_grant-account-deleted", "token", Unauthenticated, Some(Code::Goog210)),
    ("oauth-token-invalid_grant-bad-request", "token.refresh", Unauthenticated, Some(Code::Goog205)),
    ("oauth-token-invalid_grant-bad-request", "token.exchange", Unauthenticated, Some(Code::Goog213)),
    ("oauth-token-invalid_grant-bad-request", "token.assertion", Unauthenticated, Some(Code::Goog120)),
    ("oauth-token-invalid_grant-code-redeemed", "token.exchange", Unauthenticated, Some(Code::Goog213)),
    ("oauth-token-invalid_grant-jwt-signature", "token.assertion", Unauthenticated, Some(Code::Goog116)),
    ("oauth-token-invalid_grant-jwt-time", "token.assertion", Unauthenticated, Some(Code::Net104)),
    ("oauth-token-invalid_grant-malformed-code", "token.exchange", Unauthenticated, Some(Code::Goog213)),
    ("oauth-token-invalid_grant-missing-verifier", "token.exchange", Unauthenticated, Some(Code::Goog213)),
    ("oauth-token-invalid_grant-rapt", "token.refresh", Unauthenticated, Some(Code::Goog212)),
    ("oauth-token-invalid_grant-revoked", "token", Unauthenticated, Some(Code::Goog205)),
    ("oauth-token-invalid_request", "token", Unauthenticated, Some(Code::Goog113)),
    ("oauth-token-invalid_scope", "token", Unauthenticated, Some(Code::Goog114)),
    ("oauth-token-redirect_uri_mismatch", "token", Unauthenticated, Some(Code::Goog105)),
    ("oauth-token-unauthorized_client", "token.refresh", Unauthenticated, Some(Code::Goog119)),
    ("oauth-token-unauthorized_client", "token.assertion", Unauthenticated, Some(Code::Goog115)),
    ("oauth-token-unsupported_grant_type", "token", Unauthenticated, Some(Code::Goog113)),
    ("oauth-tokeninfo-invalid_token", "tokeninfo", Unauthenticated, Some(Code::Goog205)),
    ("people-400-batch-create-errors", "people.batchCreateContacts", Rejected, Some(Code::Goog310)),
    ("people-400-batch-update-errors", "people.batchUpdateContacts", Rejected, Some(Code::Goog310)),
    ("people-400-etag-mismatch-person", "people.updateContact", VersionMismatch, Some(Code::Goog306)),
    ("people-400-etag-mismatch-source", "people.updateContact", VersionMismatch, Some(Code::Goog306)),
    ("people-400-etag-mismatch-with-errors", "people.updateContact", VersionMismatch, Some(Code::Goog306)),
    ("people-400-etag-missing", "people.updateContact", Rejected, Some(Code::Goog310)),
    ("people-400-expired-sync-token-a", "connections.list", CursorExpired, Some(Code::Goog305)),
    ("people-400-expired-sync-token-b", "connections.list", CursorExpired, Some(Code::Goog305)),
    ("people-400-invalid-argument-generic", "connections.list", Rejected, Some(Code::Goog310)),
    ("people-400-invalid-mask", "people.get", Rejected, Some(Code::Goog310)),
    ("people-400-not-a-contact", "people.updateContact", Rejected, Some(Code::Goog310)),
    ("people-400-personFields-required", "people.get", Rejected, Some(Code::Goog310)),
    ("people-401-unauthenticated", "people.get", Unauthenticated, Some(Code::Goog205)),
    ("people-403-scope-insufficient", "people.get", Unauthenticated, Some(Code::Goog202)),
    ("people-403-scope-insufficient-2020", "people.get", Unauthenticated, Some(Code::Goog202)),
    ("people-403-service-disabled", "people.get", Unauthenticated, Some(Code::Goog101)),
    ("people-403-service-disabled-2022", "people.get", Unauthenticated, Some(Code::Goog101)),
    ("people-404-not-found", "people.get", NotFound, None),
    ("people-409-group-name", "contactGroups.create", Rejected, Some(Code::Goog310)),
    ("people-410-expired-sync-token-c", "connections.list", CursorExpired, Some(Code::Goog305)),
    ("people-429-critical-reads", "people.get", RateLimited, Some(Code::Goog301)),
    ("people-429-fbs-quota", "people.updateContact", RateLimited, Some(Code::Goog302)),
    ("people-500-internal", "people.get", Unavailable, Some(Code::Goog311)),
    ("people-503-unavailable", "people.get", Unavailable, Some(Code::Goog311)),
];

/// The token bodies do not name their status: those that answer other than 400 (index of the bodies).
fn status(name: &str) -> u16 {
    match name {
        "oauth-token-invalid_client-notfound" | "oauth-token-invalid_client-secret" => 401,
        "oauth-token-deleted_client" | "oauth-token-unauthorized_client" => 401,
        "oauth-token-access_denied-dwd" | "oauth-device-slow_down" | "oauth-device-access_denied" => 403,
        "oauth-device-authorization_pending" => 428,
        _ if name.starts_with("oauth") => 400,
        _ => name.split('-').nth(1).unwrap().parse().unwrap(),
    }
}

fn headers(name: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let challenge = match name {
        "people-403-scope-insufficient-2020" | "calendar-403-insufficientPermissions-legacy" => {
            "Bearer realm=\"https://accounts.google.com/\", error=\"insufficient_scope\", scope=\"x\""
        }
        "calendar-401-unauthenticated-frontend" => {
            "Bearer realm=\"https://accounts.google.com/\", error=\"invalid_token\""
        }
        _ => return headers,
    };
    headers.insert("www-authenticate", HeaderValue::from_static(challenge));
    headers
}

fn body(name: &str) -> Bytes {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/error-bodies").join(format!("{name}.json"));
    fs::read(path).unwrap().into()
}

fn failure(name: &str, operation: &'static str, body: &Bytes) -> passerelle_google_transport::Failure {
    let api = match name.split('-').next() {
        Some("calendar") => Api::Calendar,
        Some("people") => Api::People,
        _ => Api::OAuth,
    };
    let status = StatusCode::from_u16(status(name)).unwrap();
    failure_of(&Answer { api, operation, status, headers: &headers(name), body })
}

#[test]
fn every_body_means_what_the_table_says() {
    for (name, operation, kind, code) in TABLE {
        let failure = failure(name, operation, &body(name));
        assert_eq!((failure.kind(), failure.error().code), (*kind, *code), "{name} on {operation}");
    }
}

#[test]
fn every_body_has_its_row() {
    let files: BTreeSet<_> = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/error-bodies"))
        .unwrap()
        .filter_map(|entry| {
            entry.unwrap().file_name().to_string_lossy().strip_suffix(".json").map(str::to_owned)
        })
        .collect();
    let rows: BTreeSet<_> = TABLE.iter().map(|(name, ..)| (*name).to_owned()).collect();
    assert_eq!(files, rows);
}

#[test]
fn no_text_decides_a_kind() {
    fn blanked(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::Object(members) => {
                for (name, value) in members {
                    match name.as_str() {
                        "message" | "description" | "error_description" => *value = "x".into(),
                        _ => blanked(value),
                    }
                }
            }
            serde_json::Value::Array(items) => items.iter_mut().for_each(blanked),
            _ => {}
        }
    }
    for (name, operation, kind, _) in TABLE {
        let mut value = serde_json::from_slice(&body(name)).unwrap();
        blanked(&mut value);
        let body = Bytes::from(serde_json::to_vec(&value).unwrap());
        assert_eq!(failure(name, operation, &body).kind(), *kind, "{name}");
    }
}

#[test]
fn a_disabled_service_names_its_project_and_the_link_to_press() {
    for name in
        ["calendar-403-service-disabled", "people-403-service-disabled", "people-403-service-disabled-2022"]
    {
        let failure = failure(name, ON_LIST, &body(name));
        let detail = |name: &str| failure.error().context.get(name).unwrap().to_text();
        assert_eq!(detail("project"), "123456789012", "{name}");
        assert!(detail("link").starts_with("https://console."), "{name}");
    }
}

#[test]
fn the_errors_of_a_people_batch_keep_their_keys() {
    let of = |name| failure(name, "people.batch", &body(name)).contact_errors();
    assert_eq!(of("people-400-batch-update-errors"), [("people/c1".to_owned(), 9)]);
    assert_eq!(of("people-400-batch-create-errors"), [("1".to_owned(), 3)]);
}
