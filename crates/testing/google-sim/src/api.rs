//! What a service of the pretend Google receives and answers, free of HTTP.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::bodies;

/// One API call after routing, validation and the check of its token.
#[derive(Debug, Clone)]
pub struct ApiRequest {
    /// Holds the method id of the discovery document, for example `people.people.updateContact`.
    pub method_id: String,
    /// Holds the decoded path parameters by their discovery name.
    pub path: BTreeMap<String, String>,
    /// Holds the decoded query parameters in the order of the request.
    pub query: Vec<(String, String)>,
    /// Holds the JSON body, if any.
    pub body: Option<Value>,
    /// Holds the `If-Match` header.
    pub if_match: Option<String>,
    /// Holds the `If-None-Match` header.
    pub if_none_match: Option<String>,
    /// Holds the e-mail address of the signed-in account.
    pub account: String,
    /// Holds what else is known of the signed-in account.
    pub profile: Profile,
    /// Holds the virtual time of the call.
    pub now: DateTime<Utc>,
    /// Holds the switches of behaviour.
    pub knobs: Knobs,
}

impl ApiRequest {
    /// Returns a path or (first) query parameter.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        if let Some(value) = self.path.get(name) {
            return Some(value);
        }
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Returns every value of a repeated query parameter.
    #[must_use]
    pub fn params(&self, name: &str) -> Vec<&str> {
        self.query.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect()
    }

    /// Returns a boolean parameter; absent means `false`.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        self.param(name) == Some("true")
    }

    /// Returns an integer parameter.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<i64> {
        self.param(name).and_then(|text| text.parse().ok())
    }
}

/// What is known of an account besides its address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Profile {
    /// Holds the stable numeric id (`sub`).
    pub sub: String,
    /// Holds the display name.
    pub name: String,
    /// Holds the language, for example `fr`; decides `formattedType` and the like.
    pub locale: String,
    /// Holds the time zone of the account's calendar.
    pub time_zone: String,
    /// Holds the Workspace domain, if the account belongs to one (`hd`).
    pub workspace: Option<String>,
    /// Tells whether this is a service account acting as itself (C150, O102).
    pub service_account: bool,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            sub: String::new(),
            name: String::new(),
            locale: "en".to_owned(),
            time_zone: "Europe/Paris".to_owned(),
            workspace: None,
            service_account: false,
        }
    }
}

/// Which public report of an expired People sync token is played (P13).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExpiredVariant {
    /// Plays `people-400-expired-sync-token-a`.
    #[default]
    A,
    /// Plays `people-400-expired-sync-token-b`.
    B,
    /// Plays `people-410-expired-sync-token-c`.
    C,
}

impl ExpiredVariant {
    /// Returns the name of the error body to play.
    #[must_use]
    pub fn body(self) -> &'static str {
        match self {
            Self::A => "people-400-expired-sync-token-a",
            Self::B => "people-400-expired-sync-token-b",
            Self::C => "people-410-expired-sync-token-c",
        }
    }
}

/// Switches of behaviour where Google varies or public statements disagree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Knobs {
    /// Delays the visibility of People writes in listings and sync (P17).
    pub people_list_lag_seconds: u32,
    /// Chooses the body of an expired People sync token (P13).
    pub people_expired_status: ExpiredVariant,
    /// Lets People reads return the previous copy for so many seconds after a write (P43).
    pub people_stale_read_seconds: u32,
    /// Names the error body that punishes parallel People mutations (P48).
    pub people_parallel_mutations: Option<String>,
    /// Applies the per-minute quotas of People (P91).
    pub people_quotas: bool,
    /// Overrides the cap of contacts per account (P90).
    pub people_contact_cap: Option<usize>,
    /// Caps the bytes of a contact's picture (P49 names no limit).
    pub people_photo_bytes_max: Option<usize>,
    /// Writes the good items of a People batch that is refused for others (P47, undocumented).
    pub people_batch_partial_writes: bool,
    /// Allows a cancelled event to be revived by PUT or PATCH (C103).
    pub revive_deleted: bool,
    /// Sends bare tombstones for exceptions beyond a shortened series (C43).
    pub bare_tombstones: bool,
    /// Leaves cancelled exceptions out of a listing by `iCalUID`: the recorded ones carry none (C42).
    pub cancelled_without_uid: bool,
    /// Sends every exception again when its master changes (C72).
    pub resend_exceptions: bool,
    /// Refuses rules of these frequencies, such as `HOURLY`.
    pub refused_frequencies: Vec<String>,
    /// Prints other names of zones in answers, by their own names: `{"Europe/Paris": "GMT+02:00"}`.
    pub shown_zones: BTreeMap<String, String>,
    /// Leaves the block of the conference out of answers; `hangoutLink` stays.
    pub strip_conference: bool,
    /// Caps every page, whatever `maxResults` says.
    pub page_size_max: Option<usize>,
    /// Holds the probability of an empty page before a full one (C10).
    pub empty_pages: f64,
    /// Gives an event a new etag at each listing although nothing was edited (C122).
    pub etag_changes_without_edit: bool,
    /// Adds members that no document describes to answers (C186).
    pub unknown_members: bool,
    /// Applies the per-minute quotas of Calendar (C200).
    pub calendar_quotas: bool,
    /// Holds the requests per minute and user before Calendar answers 403 or 429 (C200).
    pub calendar_user_per_minute: u32,
    /// Answers Calendar's per-minute quota with 429 instead of 403 (C200).
    pub calendar_quota_status_429: bool,
    /// Holds how many secondary calendars an account may create (C183).
    pub calendar_creations: usize,
    /// Sends the 2023 form of a 401 (`authError`) instead of the front end's.
    pub legacy_401: bool,
    /// Sends the granted scopes in another order than asked (O23).
    pub shuffle_scopes: bool,
    /// Adds `iss`, `authuser` and `prompt` to the redirect (O13).
    pub extra_redirect_parameters: bool,
    /// Gives a new refresh token with each refresh; the old one dies when the new one is first used (O17).
    pub rotate_refresh_tokens: bool,
    /// Does not say with the consent that a refresh token will end in a week (O15, O51).
    pub hide_refresh_expiry: bool,
    /// Gives no refresh token at all, as web clients and old consents have it (O16).
    pub withhold_refresh_token: bool,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            people_list_lag_seconds: 0,
            people_expired_status: ExpiredVariant::A,
            people_stale_read_seconds: 0,
            people_parallel_mutations: None,
            people_quotas: false,
            people_contact_cap: None,
            people_photo_bytes_max: None,
            people_batch_partial_writes: false,
            revive_deleted: true,
            bare_tombstones: true,
            cancelled_without_uid: false,
            resend_exceptions: true,
            refused_frequencies: Vec::new(),
            shown_zones: BTreeMap::new(),
            strip_conference: false,
            page_size_max: None,
            empty_pages: 0.0,
            etag_changes_without_edit: false,
            unknown_members: false,
            calendar_quotas: false,
            calendar_user_per_minute: 600,
            calendar_quota_status_429: false,
            calendar_creations: 60,
            legacy_401: false,
            shuffle_scopes: false,
            extra_redirect_parameters: false,
            rotate_refresh_tokens: false,
            hide_refresh_expiry: false,
            withhold_refresh_token: false,
        }
    }
}

/// The answer of a service.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiResponse {
    /// Holds the HTTP status.
    pub status: u16,
    /// Holds additional headers.
    pub headers: Vec<(String, String)>,
    /// Holds the JSON body; `None` means an empty answer.
    pub body: Option<Value>,
}

impl ApiResponse {
    /// Answers 200 with a body.
    #[must_use]
    pub fn ok(body: Value) -> Self {
        Self { status: 200, headers: Vec::new(), body: Some(body) }
    }

    /// Answers a status without a body.
    #[must_use]
    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: None }
    }

    /// Answers a status with a body.
    #[must_use]
    pub fn with_status(status: u16, body: Value) -> Self {
        Self { status, headers: Vec::new(), body: Some(body) }
    }

    /// Plays one of the collected error bodies, named without `.json`.
    #[must_use]
    pub fn error_file(name: &str) -> Self {
        let mut response = Self::with_status(bodies::status(name), bodies::body(name));
        if let Some(value) = bodies::www_authenticate(name) {
            response.headers.push(("WWW-Authenticate".to_owned(), value.to_owned()));
        }
        response
    }

    /// Answers in People's envelope: `{"error":{"code","message","status"}}`.
    #[must_use]
    pub fn people_error(status: u16, name: &str, message: &str) -> Self {
        Self::with_status(
            status,
            serde_json::json!({"error": {"code": status, "message": message, "status": name}}),
        )
    }

    /// Answers in Calendar's envelope: `{"error":{"errors":[…],"code","message"}}`.
    #[must_use]
    pub fn calendar_error(status: u16, domain: &str, reason: &str, message: &str) -> Self {
        Self::with_status(
            status,
            serde_json::json!({"error": {
                "errors": [{"domain": domain, "reason": reason, "message": message}],
                "code": status,
                "message": message,
            }}),
        )
    }

    /// Replaces a piece of text in every string of the body.
    #[must_use]
    pub fn replacing(mut self, from: &str, to: &str) -> Self {
        if let Some(body) = self.body.as_mut() {
            replace_text(body, from, to);
        }
        self
    }

    /// Replaces `error.message` (and the first `errors[].message`).
    #[must_use]
    pub fn message(mut self, text: &str) -> Self {
        if let Some(error) = self.body.as_mut().and_then(|body| body.get_mut("error")) {
            if let Some(first) = error.pointer_mut("/errors/0/message") {
                *first = Value::from(text);
            }
            if let Some(message) = error.get_mut("message") {
                *message = Value::from(text);
            }
        }
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Tells whether the status is of the 2xx class.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

fn replace_text(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::String(text) => *text = text.replace(from, to),
        Value::Array(items) => items.iter_mut().for_each(|item| replace_text(item, from, to)),
        Value::Object(members) => members.values_mut().for_each(|item| replace_text(item, from, to)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_file_carries_the_status_of_its_name() {
        let response = ApiResponse::error_file("calendar-404-notFound");
        assert_eq!(response.status, 404);
        assert_eq!(response.body.unwrap()["error"]["code"], 404);
    }

    #[test]
    fn a_message_is_replaced_in_both_places() {
        let body = ApiResponse::error_file("calendar-400-invalid-value").message("other").body.unwrap();
        assert_eq!(body["error"]["message"], "other");
        assert_eq!(body["error"]["errors"][0]["message"], "other");
    }
}
