//! The refusals of the People API, and their numbers inside a batch.

use serde_json::{Value, json};

use crate::api::{ApiRequest, ApiResponse};

/// The answer of one method.
pub(super) type Answer = Result<ApiResponse, ApiResponse>;

/// Refuses an argument, in words.
pub(super) fn invalid(message: &str) -> ApiResponse {
    ApiResponse::people_error(400, "INVALID_ARGUMENT", message)
}

/// Refuses an argument as Google does when it does not say why.
pub(super) fn invalid_argument() -> ApiResponse {
    ApiResponse::error_file("people-400-invalid-argument-generic")
}

/// Refuses because the state forbids it.
pub(super) fn precondition(message: &str) -> ApiResponse {
    ApiResponse::people_error(400, "FAILED_PRECONDITION", message)
}

/// Answers that nothing has this name.
pub(super) fn not_found() -> ApiResponse {
    ApiResponse::error_file("people-404-not-found")
}

/// Refuses a mutation of what is not a contact (P51).
pub(super) fn not_a_contact(name: &str) -> ApiResponse {
    ApiResponse::error_file("people-400-not-a-contact").replacing("people/me", name)
}

/// Refuses an outdated `person.etag`; in the old error format when the client asks for it (P43).
pub(super) fn stale_person(req: &ApiRequest) -> ApiResponse {
    if req.param("$.xgafv") == Some("1") {
        return ApiResponse::error_file("people-400-etag-mismatch-with-errors");
    }
    ApiResponse::error_file("people-400-etag-mismatch-person")
}

/// Refuses an outdated `person.metadata.sources.etag` (P43).
pub(super) fn stale_source() -> ApiResponse {
    ApiResponse::error_file("people-400-etag-mismatch-source")
}

/// Refuses one contact more than an account may hold (P90).
pub(super) fn overflow() -> ApiResponse {
    precondition("MY_CONTACTS_OVERFLOW_COUNT: the account holds too many contacts.")
}

/// Turns a refusal into a `google.rpc.Status` for a batch (P47).
pub(super) fn rpc_status(refusal: &ApiResponse) -> Value {
    let error = refusal.body.as_ref().and_then(|body| body.get("error"));
    let name = error.and_then(|e| e["status"].as_str()).unwrap_or_default();
    let message = error.and_then(|e| e["message"].as_str()).unwrap_or_default();
    let code = match name {
        "INVALID_ARGUMENT" => 3,
        "NOT_FOUND" => 5,
        "ALREADY_EXISTS" => 6,
        "RESOURCE_EXHAUSTED" => 8,
        "FAILED_PRECONDITION" => 9,
        _ => 13,
    };
    json!({"code": code, "message": message})
}

/// Refuses a batch, naming each bad item (P47).
pub(super) fn batch(file: &str, errors: Value) -> ApiResponse {
    let mut refusal = ApiResponse::error_file(file);
    if let Some(slot) =
        refusal.body.as_mut().and_then(|body| body.pointer_mut("/error/details/0/contactErrors"))
    {
        *slot = errors;
    }
    refusal
}
