//! What Google's refusals mean: one function, deciding on status and reason, never on a text.

use std::{fmt, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode, header};
use passerelle_ports::{Code, Context, Detail, ErrorKind, PortError, Reason};
use serde::Deserialize;
use serde_json::Value;

use crate::Api;

/// How long a used-up usage limit is left alone when Google does not say (C183: hours).
const QUOTA_WAIT: Duration = Duration::from_secs(2 * 3600);
/// How long a used-up daily quota is left alone.
const DAILY_WAIT: Duration = Duration::from_secs(3600);

/// An answer that is no success.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    /// Who answered.
    pub api: Api,
    /// What was being done, such as `events.list`.
    pub operation: &'static str,
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body, which may be anything.
    pub body: &'a Bytes,
}

/// A failed call: the error for the port, and what an adapter may want to look at before.
pub struct Failure {
    error: Box<PortError>,
    status: Option<StatusCode>,
    reasons: Vec<String>,
    body: Bytes,
    date: Option<DateTime<Utc>>,
    /// Whether the request may have reached Google.
    pub(crate) sent: bool,
    /// Whether asking again would get the same answer: somebody between us and Google refuses, or answers nonsense.
    pub(crate) once: bool,
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure")
            .field("error", &self.error)
            .field("status", &self.status)
            .field("reasons", &self.reasons)
            .finish_non_exhaustive()
    }
}

impl From<Failure> for PortError {
    fn from(failure: Failure) -> Self {
        *failure.error
    }
}

impl From<PortError> for Failure {
    fn from(error: PortError) -> Self {
        Failure {
            error: Box::new(error),
            status: None,
            reasons: Vec::new(),
            body: Bytes::new(),
            date: None,
            sent: true,
            once: false,
        }
    }
}

impl Failure {
    /// Makes the failure of an answer that makes no sense; whether the call landed is not known.
    pub(crate) fn nonsense(operation: &'static str, place: &str) -> Self {
        let error = PortError::new(ErrorKind::Unexpected, operation).with_code(Code::Goog314);
        Failure { once: true, ..Failure::from(error.with_detail(Detail::Place, place)) }
    }

    /// Makes the failure of an answer that comes from somebody else: the network is there, and what it says makes no
    /// sense.
    pub(crate) fn of_somebody_else(operation: &'static str) -> Self {
        let error = PortError::new(ErrorKind::Unavailable, operation).with_code(Code::Goog314);
        let error = error.with_detail(Detail::Place, "page");
        Failure { once: true, ..Failure::from(error) }
    }

    pub(crate) fn network(error: PortError, sent: bool) -> Self {
        Failure { sent, ..Failure::from(error) }
    }

    /// Returns what the error means for the engine.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.error.kind
    }

    /// Returns the error.
    #[must_use]
    pub fn error(&self) -> &PortError {
        &self.error
    }

    /// Returns the HTTP status, if there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.status
    }

    /// Tells whether Google gave this reason (`duplicate`, `EXPIRED_SYNC_TOKEN`, `FAILED_PRECONDITION`).
    #[must_use]
    pub fn has_reason(&self, reason: &str) -> bool {
        self.reasons.iter().any(|have| have == reason)
    }

    /// Returns Google's time when it answered: it says how old an authorisation was when it ended, however wrong
    /// this computer's clock is.
    #[must_use]
    pub fn date(&self) -> Option<DateTime<Utc>> {
        self.date
    }

    /// Returns the errors of a People batch by their key: the index of a create, the name of an update (P47).
    ///
    /// Each comes with the number of its `google.rpc.Code` (9: failed precondition).
    #[must_use]
    pub fn contact_errors(&self) -> Vec<(String, i64)> {
        let Ok(body) = serde_json::from_slice::<Value>(&self.body) else { return Vec::new() };
        let details = body.pointer("/error/details").and_then(Value::as_array).into_iter().flatten();
        details
            .filter_map(|detail| detail.get("contactErrors").and_then(Value::as_object))
            .flatten()
            .map(|(key, status)| (key.clone(), status.get("code").and_then(Value::as_i64).unwrap_or(2)))
            .collect()
    }

    /// Returns the failure with another meaning, where the caller knows more than the answer says.
    #[must_use]
    pub fn meaning(mut self, kind: ErrorKind, code: Option<Code>) -> Self {
        self.error.kind = kind;
        self.error.code = code;
        self
    }
}

/// Both envelopes of the APIs and the flat one of the token end point.
#[derive(Default, Deserialize)]
struct Body {
    #[serde(default)]
    error: Option<ErrorMember>,
    #[serde(default)]
    error_subtype: Option<String>,
    #[serde(default)]
    error_description: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ErrorMember {
    Flat(String),
    Envelope(Envelope),
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Envelope {
    status: Option<String>,
    errors: Vec<Item>,
    details: Vec<ErrorDetail>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Item {
    reason: Option<String>,
    location: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorDetail {
    reason: Option<String>,
    metadata: serde_json::Map<String, Value>,
    links: Vec<Link>,
    violations: Vec<Violation>,
    #[serde(rename = "fieldViolations")]
    field_violations: Vec<FieldViolation>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Link {
    url: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Violation {
    subject: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct FieldViolation {
    field: Option<String>,
}

/// What the description of an `invalid_grant` is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Described {
    #[default]
    Nothing,
    AccountGone,
    AssertionSignature,
    AssertionTime,
}

impl Described {
    fn of(text: &str) -> Self {
        [
            ("Account has been deleted", Described::AccountGone),
            ("Invalid JWT Signature", Described::AssertionSignature),
            ("short-lived token", Described::AssertionTime),
        ]
        .into_iter()
        .find(|(words, _)| text.contains(words))
        .map_or(Described::Nothing, |(_, described)| described)
    }
}

/// What an answer says, without its words.
#[derive(Default)]
struct Facts {
    /// Whether the body is one of Google's envelopes.
    googles: bool,
    reasons: Vec<String>,
    oauth: Option<String>,
    subtype: Option<String>,
    /// Which of the articles about one and the same kind fits: chosen by the description, as no reason tells.
    described: Described,
    context: Context,
}

impl Facts {
    fn of(answer: &Answer<'_>) -> Facts {
        let body: Body = serde_json::from_slice(answer.body).unwrap_or_default();
        let mut facts = match body.error {
            Some(ErrorMember::Flat(oauth)) => Facts { googles: true, oauth: Some(oauth), ..Facts::default() },
            Some(ErrorMember::Envelope(envelope)) => Facts::of_envelope(envelope),
            None => Facts::default(),
        };
        facts.subtype = body.error_subtype;
        facts.described = body.error_description.as_deref().map(Described::of).unwrap_or_default();
        let challenge = answer.headers.get(header::WWW_AUTHENTICATE).and_then(|value| value.to_str().ok());
        if challenge.is_some_and(|text| text.contains("insufficient_scope")) {
            facts.reasons.push("insufficientPermissions".to_owned());
        }
        facts
    }

    fn of_envelope(envelope: Envelope) -> Facts {
        let mut facts = Facts { googles: true, ..Facts::default() };
        for item in envelope.errors {
            facts.reasons.extend(item.reason);
            facts.detail(Detail::Field, item.location);
        }
        for detail in envelope.details {
            facts.reasons.extend(detail.reason);
            facts.reasons.extend(detail.violations.into_iter().filter_map(|violation| violation.subject));
            let text = |name: &str| detail.metadata.get(name).and_then(Value::as_str).map(str::to_owned);
            facts.detail(
                Detail::Project,
                text("consumer").map(|name| name.trim_start_matches("projects/").to_owned()),
            );
            facts.detail(Detail::Service, text("service"));
            facts.detail(Detail::Quota, text("quota_limit"));
            facts.detail(Detail::Link, text("activationUrl").filter(|link| is_console_link(link)));
            for link in detail.links {
                facts.detail(Detail::Link, link.url.filter(|link| is_console_link(link)));
            }
            for violation in detail.field_violations {
                facts.detail(Detail::Field, violation.field);
            }
        }
        facts.reasons.extend(envelope.status);
        facts
    }

    /// Keeps the first word found for each placeholder.
    fn detail(&mut self, detail: impl FnOnce(String) -> Detail, value: Option<String>) {
        if let Some(value) = value {
            self.context.push_missing(detail(value));
        }
    }

    fn has(&self, reasons: &[&str]) -> bool {
        self.reasons.iter().any(|have| reasons.contains(&have.as_str()))
    }
}

/// A link that a person is told to open must lead to Google's console and nowhere else.
fn is_console_link(link: &str) -> bool {
    url::Url::parse(link).is_ok_and(|url| {
        url.scheme() == "https"
            && matches!(url.host_str(), Some("console.developers.google.com" | "console.cloud.google.com"))
    })
}

/// Tells what an answer that is no success means.
///
/// This is the only place where statuses and reasons become kinds and codes; `tests/error_bodies.rs` has one
/// row for each known body.
#[must_use]
pub fn failure_of(answer: &Answer<'_>) -> Failure {
    let facts = Facts::of(answer);
    let (kind, code) = match &facts.oauth {
        Some(error) => oauth(answer, error, &facts),
        None => api(answer, &facts),
    };
    let mut error = PortError::new(kind, answer.operation);
    error.code = code;
    error.retry_after = wait(answer, kind, code);
    let status = answer.status.as_u16();
    let once = kind == ErrorKind::Unavailable && status < 500 && status != 408 && facts.oauth.is_none();
    let Facts { mut reasons, oauth, context, .. } = facts;
    reasons.extend(oauth);
    error.context = context;
    if let Some(reason) = reasons.first() {
        error = error.with_detail(Detail::Reason, Reason::Verbatim(reason.clone()));
    }
    let error = Box::new(error.with_detail(Detail::Status, answer.status.as_u16()));
    Failure {
        error,
        status: Some(answer.status),
        reasons,
        body: answer.body.clone(),
        date: date_of(answer.headers),
        sent: true,
        once,
    }
}

/// The time that an answer carries.
pub(crate) fn date_of(headers: &HeaderMap) -> Option<DateTime<Utc>> {
    let text = headers.get(header::DATE)?.to_str().ok()?;
    httpdate::parse_http_date(text).ok().map(DateTime::from)
}

type Meaning = (ErrorKind, Option<Code>);

fn oauth(answer: &Answer<'_>, error: &str, facts: &Facts) -> Meaning {
    use ErrorKind::{Forbidden, RateLimited, Unauthenticated, Unavailable, Unexpected};
    if answer.status.is_server_error() {
        return (Unavailable, Some(Code::Goog311));
    }
    // A service account's assertion and a person's code die of other things than a refresh token.
    let delegated = answer.operation == "token.assertion";
    match error {
        "invalid_grant" => (Unauthenticated, Some(grant(answer.operation, facts))),
        "invalid_token" => (Unauthenticated, Some(Code::Goog205)),
        "invalid_client" => (Unauthenticated, Some(Code::Goog106)),
        "deleted_client" => (Unauthenticated, Some(Code::Goog107)),
        "unauthorized_client" | "access_denied" if delegated => (Unauthenticated, Some(Code::Goog115)),
        "unauthorized_client" => (Unauthenticated, Some(Code::Goog119)),
        // The page has accepted the address before: the code is of another request.
        "redirect_uri_mismatch" if answer.operation == "token.exchange" => {
            (Unauthenticated, Some(Code::Goog213))
        }
        "redirect_uri_mismatch" => (Unauthenticated, Some(Code::Goog105)),
        "access_denied" => (Unauthenticated, Some(Code::Goog201)),
        "invalid_scope" => (Unauthenticated, Some(Code::Goog114)),
        "invalid_request" | "unsupported_grant_type" | "authorization_pending" => {
            (Unauthenticated, Some(Code::Goog113))
        }
        "slow_down" => (RateLimited, Some(Code::Goog301)),
        "admin_policy_enforced" => (Forbidden, Some(Code::Goog109)),
        "org_internal" => (Forbidden, Some(Code::Goog108)),
        "disallowed_useragent" => (Unauthenticated, Some(Code::Goog110)),
        "temporarily_unavailable" | "server_error" | "internal_failure" => (Unavailable, Some(Code::Goog311)),
        _ => (Unexpected, Some(Code::Goog314)),
    }
}

/// Which article tells of an `invalid_grant`; it is final in every case (O50, O61).
fn grant(operation: &str, facts: &Facts) -> Code {
    if facts.subtype.as_deref() == Some("invalid_rapt") {
        return Code::Goog212;
    }
    match (facts.described, operation) {
        (Described::AccountGone, _) => Code::Goog210,
        (Described::AssertionSignature, _) => Code::Goog116,
        (Described::AssertionTime, _) => Code::Net104,
        (Described::Nothing, "token.assertion") => Code::Goog120,
        (Described::Nothing, "token.exchange") => Code::Goog213,
        (Described::Nothing, _) => Code::Goog205,
    }
}

fn api(answer: &Answer<'_>, facts: &Facts) -> Meaning {
    use ErrorKind::{
        CursorExpired, Forbidden, NotFound, RateLimited, Rejected, Unauthenticated, Unavailable,
        VersionMismatch,
    };
    let status = answer.status.as_u16();
    match status {
        407 => return (Unavailable, Some(Code::Net102)),
        408 => return (Unavailable, Some(Code::Net101)),
        300..=399 => return (Unavailable, Some(Code::Goog314)),
        500.. => return (Unavailable, Some(Code::Goog311)),
        // No refusal of OAuth: whatever it says is of no record and of no calendar.
        400..=428 if answer.api == Api::OAuth => return (Unavailable, Some(Code::Goog314)),
        _ => {}
    }
    if facts.has(&["EXPIRED_SYNC_TOKEN", "fullSyncRequired", "updatedMinTooLongAgo"]) {
        return (CursorExpired, Some(Code::Goog305));
    }
    if facts.has(&["MY_CONTACTS_OVERFLOW_COUNT"]) {
        return (Rejected, Some(Code::Goog304));
    }
    match status {
        401 => return (Unauthenticated, Some(Code::Goog205)),
        412 => return (VersionMismatch, Some(Code::Goog306)),
        403 | 429 => {
            if let Some(meaning) = limit(facts) {
                return meaning;
            }
            if status == 429 {
                return (RateLimited, Some(Code::Goog301));
            }
        }
        _ => {}
    }
    if !facts.googles && facts.reasons.is_empty() {
        // Somebody between us and Google answered. A 404 of a proxy must never read as "deleted".
        return (Unavailable, Some(Code::Goog314));
    }
    match status {
        403 => {
            let code = forbidden(answer.operation, facts);
            // What is refused to the account as a whole must not be held against one record: the record would
            // stay refused after the API was switched on, or the missing box ticked.
            let whole =
                matches!(code, Code::Goog101 | Code::Goog117 | Code::Goog202 | Code::Goog312 | Code::Goog313);
            (if whole { Unauthenticated } else { Forbidden }, Some(code))
        }
        404 if answer.api == Api::Calendar && is_of_the_calendar(answer.operation) => {
            (Forbidden, Some(Code::Goog307))
        }
        404 | 410 => (NotFound, None),
        409 if facts.has(&["conflict", "ABORTED"]) => (VersionMismatch, Some(Code::Goog306)),
        400 if facts.has(&["FAILED_PRECONDITION", "failedPrecondition"]) => {
            (VersionMismatch, Some(Code::Goog306))
        }
        _ => (Rejected, Some(Code::Goog310)),
    }
}

/// Calls that name no item: what they do not find is the calendar itself.
fn is_of_the_calendar(operation: &str) -> bool {
    matches!(operation, "events.list" | "events.insert" | "calendars.get" | "calendarList.get")
}

fn limit(facts: &Facts) -> Option<Meaning> {
    let code = if facts.has(&["rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED"]) {
        Code::Goog301
    } else if facts.has(&["quotaExceeded", "QUOTA_EXCEEDED"]) {
        Code::Goog302
    } else if facts.has(&["dailyLimitExceeded", "dailyLimitExceededUnreg"]) {
        Code::Goog303
    } else {
        return None;
    };
    Some((ErrorKind::RateLimited, Some(code)))
}

fn forbidden(operation: &str, facts: &Facts) -> Code {
    const TABLE: &[(Code, &[&str])] = &[
        (Code::Goog101, &["accessNotConfigured", "SERVICE_DISABLED"]),
        (Code::Goog202, &["insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"]),
        (Code::Goog309, &["forbiddenForNonOrganizer"]),
        (Code::Goog308, &["requiredAccessLevel"]),
        (Code::Goog312, &["notACalendarUser"]),
        (Code::Goog117, &["forbiddenForServiceAccounts"]),
    ];
    // A listing names no record: what is refused there is refused to the account.
    let otherwise = if operation.ends_with(".list") { Code::Goog313 } else { Code::Goog310 };
    TABLE.iter().find(|(_, reasons)| facts.has(reasons)).map_or(otherwise, |(code, _)| *code)
}

/// How long to wait: what Google says, else what is known of the limit.
fn wait(answer: &Answer<'_>, kind: ErrorKind, code: Option<Code>) -> Option<Duration> {
    if !matches!(kind, ErrorKind::RateLimited | ErrorKind::Unavailable) {
        return None;
    }
    let said = answer.headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    if let Some(wait) = said.and_then(|text| seconds_until(text, answer.headers)) {
        return Some(wait);
    }
    match code {
        Some(Code::Goog302) => Some(QUOTA_WAIT),
        Some(Code::Goog303) => Some(DAILY_WAIT),
        _ => None,
    }
}

/// `Retry-After` in either form; a date counts from the answer's own `Date`, so that no clock is needed.
fn seconds_until(text: &str, headers: &HeaderMap) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = httpdate::parse_http_date(text.trim()).ok()?;
    let now = httpdate::parse_http_date(headers.get(header::DATE)?.to_str().ok()?).ok()?;
    Some(until.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(
        api: Api,
        status: u16,
        headers: &[(&'static str, &'static str)],
        body: &'static str,
    ) -> Failure {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, http::HeaderValue::from_static(value));
        }
        failure_of(&Answer {
            api,
            operation: "events.get",
            status: StatusCode::from_u16(status).unwrap(),
            headers: &map,
            body: &Bytes::from_static(body.as_bytes()),
        })
    }

    #[test]
    fn what_is_not_googles_is_never_taken_for_a_word_of_google() {
        for (status, body) in
            [(404, "<html>Not Found</html>"), (404, ""), (410, ""), (403, "{}"), (400, "null"), (302, "")]
        {
            let failure = failure(Api::Calendar, status, &[], body);
            assert_eq!(failure.kind(), ErrorKind::Unavailable, "{status} {body:?}");
            assert_eq!(failure.error().code, Some(Code::Goog314), "{status} {body:?}");
        }
        assert_eq!(failure(Api::People, 502, &[], "<html>").error().code, Some(Code::Goog311));
        assert_eq!(failure(Api::People, 407, &[], "<html>").error().code, Some(Code::Net102));
    }

    #[test]
    fn a_wait_is_read_in_both_forms() {
        type Row = (&'static [(&'static str, &'static str)], Option<u64>);
        let table: &[Row] = &[
            (&[("retry-after", "7")], Some(7)),
            (
                &[
                    ("retry-after", "Tue, 24 Nov 2026 00:01:00 GMT"),
                    ("date", "Tue, 24 Nov 2026 00:00:30 GMT"),
                ],
                Some(30),
            ),
            (&[("retry-after", "Tue, 24 Nov 2026 00:01:00 GMT")], None),
            (&[("retry-after", "soon")], None),
            (&[], None),
        ];
        for (headers, want) in table {
            let headers: Vec<_> = headers.to_vec();
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.insert(name, http::HeaderValue::from_static(value));
            }
            let body = Bytes::new();
            let answer = Answer {
                api: Api::People,
                operation: "x",
                status: StatusCode::TOO_MANY_REQUESTS,
                headers: &map,
                body: &body,
            };
            assert_eq!(failure_of(&answer).error().retry_after, want.map(Duration::from_secs));
        }
    }

    #[test]
    fn a_link_leads_to_googles_console_only() {
        for (link, want) in [
            ("https://console.developers.google.com/apis/api/x", true),
            ("https://console.cloud.google.com/x", true),
            ("http://console.cloud.google.com/x", false),
            ("https://console.cloud.google.com.evil.example/x", false),
        ] {
            assert_eq!(is_console_link(link), want, "{link}");
        }
    }

    #[test]
    fn errors_print_no_body() {
        let failure =
            failure(Api::Calendar, 400, &[], r#"{"error":{"code":400,"message":"alice@example.org"}}"#);
        assert!(!format!("{failure:?} {}", failure.error()).contains("alice"));
    }
}
