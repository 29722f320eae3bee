//! What is refused before a service sees the call: tokens, scopes, quotas, masks.

use chrono::Duration;

use crate::api::ApiResponse;
use crate::core::Core;
use crate::discovery::{Api, Method};
use crate::oauth::{Access, Refusal};
use crate::wire::Request;
use crate::{fields, validate};

impl Core {
    /// A service that is not enabled in the project (C206).
    pub(crate) fn disabled(&self, api: Api) -> Option<ApiResponse> {
        let (service, body) = match api {
            Api::Calendar => ("calendar-json.googleapis.com", "calendar-403-service-disabled"),
            Api::People => ("people.googleapis.com", "people-403-service-disabled"),
            Api::OAuth2 => return None,
        };
        self.project.disabled_apis.iter().any(|name| name == service).then(|| ApiResponse::error_file(body))
    }

    /// The sliding minute of Calendar's quota (C200).
    pub(crate) fn over_quota(&mut self, api: Api, account: &str) -> Option<ApiResponse> {
        if api != Api::Calendar || !self.knobs.calendar_quotas {
            return None;
        }
        let since = self.now - Duration::minutes(1);
        let calls = self.recent.entry(account.to_owned()).or_default();
        while calls.front().is_some_and(|at| *at <= since) {
            calls.pop_front();
        }
        if calls.len() >= self.knobs.calendar_user_per_minute as usize {
            return Some(ApiResponse::error_file(if self.knobs.calendar_quota_status_429 {
                "calendar-429-rateLimitExceeded"
            } else {
                "calendar-403-rateLimitExceeded"
            }));
        }
        calls.push_back(self.now);
        None
    }

    pub(crate) fn unauthenticated(&self, api: Api, refusal: Option<Refusal>) -> ApiResponse {
        let name = match (api, refusal) {
            (Api::People, _) => "people-401-unauthenticated",
            (_, None) => "calendar-401-missing-credential",
            _ if self.knobs.legacy_401 => "calendar-401-authError",
            _ => "calendar-401-unauthenticated-frontend",
        };
        ApiResponse::error_file(name)
    }
}

/// Checks the token's scopes against those the document accepts (C180, P100).
pub(crate) fn scope_refusal(method: &Method, access: &Access) -> Option<ApiResponse> {
    let enough = method.scopes.is_empty()
        || access.scopes.iter().any(|scope| method.scopes.iter().any(|ok| ok == scope));
    if enough {
        return None;
    }
    if method.api == Api::People {
        let refusal = ApiResponse::error_file("people-403-scope-insufficient");
        let shown = refusal
            .body
            .as_ref()
            .and_then(|body| body.pointer("/error/details/0/metadata/method")?.as_str().map(str::to_owned));
        let wanted = format!("google.people.v1.PeopleService.{}", rpc_name(&method.id));
        return Some(refusal.replacing(&shown.unwrap_or_default(), &wanted));
    }
    let mut words = method.id.split('.').skip(1).map(capital);
    let name =
        format!("calendar.v3.{}.{}", words.next().unwrap_or_default(), words.next().unwrap_or_default());
    Some(
        ApiResponse::error_file("calendar-403-scope-insufficient-events")
            .replacing("calendar.v3.Events.List", &name),
    )
}

/// The name of a People method in its errors.
fn rpc_name(id: &str) -> String {
    match id {
        "people.people.connections.list" => "ListConnections".to_owned(),
        "people.people.get" => "GetPerson".to_owned(),
        "people.people.getBatchGet" => "GetPeople".to_owned(),
        "people.contactGroups.list" => "ListContactGroups".to_owned(),
        "people.contactGroups.get" => "GetContactGroup".to_owned(),
        "people.contactGroups.create" => "CreateContactGroup".to_owned(),
        "people.contactGroups.update" => "UpdateContactGroup".to_owned(),
        "people.contactGroups.delete" => "DeleteContactGroup".to_owned(),
        "people.contactGroups.members.modify" => "ModifyContactGroupMembers".to_owned(),
        other => capital(other.rsplit('.').next().unwrap_or_default()),
    }
}

pub(crate) fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().collect::<String>() + letters.as_str())
        .unwrap_or_default()
}

/// Applies `fields`; an invalid mask is a 400 (C129).
pub(crate) fn masked(request: &Request, api: Api, mut answer: ApiResponse) -> ApiResponse {
    let Some(mask) = request.param("fields").filter(|_| answer.is_success()) else {
        return answer;
    };
    let Some(body) = answer.body.as_ref() else {
        return answer;
    };
    match fields::select(mask, body) {
        Some(kept) => {
            answer.body = Some(kept);
            answer
        }
        None if api == Api::People => validate::violation(
            &format!("Request contains an invalid argument. Invalid field mask {mask}"),
            Some("fields"),
        ),
        None => ApiResponse::calendar_error(
            400,
            "global",
            "invalidParameter",
            &format!("Invalid field selection {mask}"),
        ),
    }
}
