//! The collected error bodies, embedded, with their HTTP status.

use serde_json::Value;

/// Returns the names of all bodies, without `.json`.
pub fn names() -> impl Iterator<Item = &'static str> {
    BODIES.iter().map(|(name, _)| *name)
}

/// Tells whether a body of this name exists.
#[must_use]
pub fn exists(name: &str) -> bool {
    text(name).is_some()
}

/// Returns a body; an unknown name gives Google's generic 500.
#[must_use]
pub fn body(name: &str) -> Value {
    text(name)
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_else(|| {
            serde_json::json!({"error": {"code": 500, "message": format!("no body named {name}"), "status": "INTERNAL"}})
        })
}

/// Returns the HTTP status that comes with a body.
#[must_use]
pub fn status(name: &str) -> u16 {
    match name {
        "oauth-device-access_denied" | "oauth-device-slow_down" => 403,
        "oauth-device-authorization_pending" => 428,
        "oauth-token-access_denied-dwd" => 403,
        "oauth-token-deleted_client"
        | "oauth-token-invalid_client-notfound"
        | "oauth-token-invalid_client-secret"
        | "oauth-token-unauthorized_client" => 401,
        other if other.starts_with("oauth-") => 400,
        other => other.split('-').nth(1).and_then(|code| code.parse().ok()).unwrap_or(500),
    }
}

/// Returns the `WWW-Authenticate` header that comes with a body.
#[must_use]
pub fn www_authenticate(name: &str) -> Option<&'static str> {
    match name {
        "calendar-401-unauthenticated-frontend" | "calendar-401-authError" | "people-401-unauthenticated" => {
            Some("Bearer realm=\"https://accounts.google.com/\", error=\"invalid_token\"")
        }
        "calendar-403-insufficientPermissions-legacy"
        | "people-403-scope-insufficient-2020"
        | "people-403-scope-insufficient"
        | "calendar-403-scope-insufficient-events"
        | "calendar-403-scope-insufficient-calendarList" => {
            Some("Bearer realm=\"https://accounts.google.com/\", error=\"insufficient_scope\"")
        }
        _ => None,
    }
}

fn text(name: &str) -> Option<&'static str> {
    BODIES
        .binary_search_by_key(&name, |(key, _)| key)
        .ok()
        .and_then(|at| BODIES.get(at))
        .map(|(_, text)| *text)
}

macro_rules! embedded {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../data/error-bodies/", $name, ".json")))),*]
    };
}

static BODIES: &[(&str, &str)] = embedded![
    "calendar-400-invalid-id",
    "calendar-400-invalid-sequence",
    "calendar-400-invalid-value",
    "calendar-400-orderBy-needs-singleEvents",
    "calendar-400-required-end",
    "calendar-400-required-timezone",
    "calendar-400-timeRangeEmpty",
    "calendar-401-authError",
    "calendar-401-login-required-legacy",
    "calendar-401-missing-credential",
    "calendar-401-unauthenticated-frontend",
    "calendar-403-accessNotConfigured-2013",
    "calendar-403-appNotInstalled",
    "calendar-403-calendarList-dataOwner",
    "calendar-403-dailyLimitExceeded",
    "calendar-403-forbidden-write-deleted",
    "calendar-403-forbiddenForNonOrganizer",
    "calendar-403-forbiddenForServiceAccounts",
    "calendar-403-insufficientPermissions-legacy",
    "calendar-403-quotaExceeded",
    "calendar-403-rateLimitExceeded",
    "calendar-403-requiredAccessLevel",
    "calendar-403-scope-insufficient-calendarList",
    "calendar-403-scope-insufficient-events",
    "calendar-403-service-disabled",
    "calendar-403-userRateLimitExceeded",
    "calendar-404-notFound",
    "calendar-409-conflict",
    "calendar-409-duplicate",
    "calendar-410-deleted",
    "calendar-410-fullSyncRequired",
    "calendar-410-updatedMinTooLongAgo",
    "calendar-412-conditionNotMet",
    "calendar-429-rateLimitExceeded",
    "calendar-500-backendError",
    "calendar-503-backendError",
    "oauth-device-access_denied",
    "oauth-device-authorization_pending",
    "oauth-device-invalid_scope",
    "oauth-device-slow_down",
    "oauth-revoke-invalid_token",
    "oauth-token-access_denied-dwd",
    "oauth-token-admin_policy_enforced",
    "oauth-token-deleted_client",
    "oauth-token-invalid_client-notfound",
    "oauth-token-invalid_client-secret",
    "oauth-token-invalid_grant-account-deleted",
    "oauth-token-invalid_grant-bad-request",
    "oauth-token-invalid_grant-code-redeemed",
    "oauth-token-invalid_grant-jwt-signature",
    "oauth-token-invalid_grant-jwt-time",
    "oauth-token-invalid_grant-malformed-code",
    "oauth-token-invalid_grant-missing-verifier",
    "oauth-token-invalid_grant-rapt",
    "oauth-token-invalid_grant-revoked",
    "oauth-token-invalid_request",
    "oauth-token-invalid_scope",
    "oauth-token-redirect_uri_mismatch",
    "oauth-token-unauthorized_client",
    "oauth-token-unsupported_grant_type",
    "oauth-tokeninfo-invalid_token",
    "people-400-batch-create-errors",
    "people-400-batch-update-errors",
    "people-400-etag-mismatch-person",
    "people-400-etag-mismatch-source",
    "people-400-etag-mismatch-with-errors",
    "people-400-etag-missing",
    "people-400-expired-sync-token-a",
    "people-400-expired-sync-token-b",
    "people-400-invalid-argument-generic",
    "people-400-invalid-mask",
    "people-400-not-a-contact",
    "people-400-personFields-required",
    "people-401-unauthenticated",
    "people-403-scope-insufficient",
    "people-403-scope-insufficient-2020",
    "people-403-service-disabled",
    "people-403-service-disabled-2022",
    "people-404-not-found",
    "people-409-group-name",
    "people-410-expired-sync-token-c",
    "people-429-critical-reads",
    "people-429-fbs-quota",
    "people-500-internal",
    "people-503-unavailable",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_body_parses_and_is_found_by_its_name() {
        for name in names() {
            assert!(exists(name), "{name}");
            assert!(body(name).get("error").is_some(), "{name}");
            assert!(status(name) >= 400, "{name}");
        }
    }

    #[test]
    fn the_status_is_the_one_the_index_gives() {
        let index = include_str!("../data/error-bodies/INDEX.md");
        let mut rows = 0;
        for line in index.lines().filter(|line| line.contains(".json |")) {
            let mut cells = line.split('|').map(str::trim).skip(1);
            let name = cells.next().unwrap().trim_end_matches(".json");
            let code: u16 = cells.next().unwrap().parse().unwrap();
            assert_eq!(status(name), code, "{name}");
            rows += 1;
        }
        assert_eq!(rows, names().count());
    }
}
