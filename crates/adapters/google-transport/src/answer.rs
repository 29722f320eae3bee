//! Reading what is answered: by whom and whatever it is, it takes bounded room and time.
//!
//! What must stay true: every call of every adapter passes through [`read`]; a listing passes through [`Pages`].

use std::{
    collections::HashSet,
    sync::atomic::{AtomicU64, Ordering},
};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};
use passerelle_ports::{Code, Detail, ErrorKind, PortError, PortResult};
use serde::de::IgnoredAny;

use crate::{
    Api,
    client::ApiResponse,
    error::{Answer, Failure, failure_of},
    network,
};

/// How many bytes an answer may have, unpacked, when nobody says otherwise.
const MAX: u64 = 64 << 20;
/// How many pages a listing may have that is read in one go.
const PAGES_MAX: usize = 10_000;

/// One limit for the whole process: what it protects is the process.
static LIMIT: AtomicU64 = AtomicU64::new(MAX);

/// Sets how many bytes an answer may have at most, unpacked, in the whole process.
pub fn set_answer_max(bytes: u64) {
    LIMIT.store(bytes.max(1), Ordering::Relaxed);
}

/// Sends a request and reads the whole answer.
pub(crate) async fn read(
    api: Api,
    operation: &'static str,
    request: reqwest::RequestBuilder,
) -> Result<ApiResponse, Failure> {
    let mut response = request.send().await.map_err(|error| network::failure(error, operation))?;
    let (status, headers) = (response.status(), response.headers().clone());
    let refused = status.is_client_error() || status.is_server_error();
    let body = match whole(&mut response, operation).await {
        Ok(body) => body,
        // A refusal whose body is lost is still a refusal.
        Err(_) if refused => Bytes::new(),
        Err(failure) => return Err(failure),
    };
    tracing::trace!(operation, status = status.as_u16(), "answered");
    if !status.is_success() {
        return Err(failure_of(&Answer { api, operation, status, headers: &headers, body: &body }));
    }
    // What somebody else says must not read as "done" where nobody reads the body.
    if !body.is_empty() && !is_json(&headers, &body) {
        return Err(Failure::of_somebody_else(operation));
    }
    Ok(ApiResponse { operation, status, headers, body })
}

/// Sends a request for a picture and reads it; `None` where there is none, or a larger one.
pub(crate) async fn read_picture(
    operation: &'static str,
    request: reqwest::RequestBuilder,
    most: usize,
) -> Result<Option<Bytes>, Failure> {
    let mut response = request.send().await.map_err(|error| network::failure(error, operation))?;
    let (status, headers) = (response.status(), response.headers().clone());
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        let body = &Bytes::new();
        return Err(failure_of(&Answer { api: Api::People, operation, status, headers: &headers, body }));
    }
    if !status.is_success() {
        return Ok(None);
    }
    let mut body = BytesMut::new();
    while let Some(piece) = response.chunk().await.map_err(|error| network::failure(error, operation))? {
        if body.len() + piece.len() > most {
            return Ok(None);
        }
        body.extend_from_slice(&piece);
    }
    Ok(Some(body.freeze()))
}

/// Reads a body piece by piece, unpacked, and no further than the limit.
async fn whole(response: &mut reqwest::Response, operation: &'static str) -> Result<Bytes, Failure> {
    let limit = LIMIT.load(Ordering::Relaxed);
    let mut body = BytesMut::new();
    while let Some(piece) = response.chunk().await.map_err(|error| network::failure(error, operation))? {
        if body.len() as u64 + piece.len() as u64 > limit {
            return Err(Failure::nonsense(operation, "size"));
        }
        body.extend_from_slice(&piece);
    }
    Ok(body.freeze())
}

/// Tells whether an answer is JSON: by what it says of itself or, where it says something else, by what it is. Every
/// answer of Google's to a call is JSON or empty.
fn is_json(headers: &HeaderMap, body: &[u8]) -> bool {
    let said = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = said.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json"
        || kind.ends_with("+json")
        || serde_json::from_slice::<IgnoredAny>(body).is_ok()
}

/// The pages of a listing that is read in one go: one that comes back to where it was would never end.
#[derive(Debug, Default)]
pub struct Pages {
    seen: HashSet<String>,
}

impl Pages {
    /// Returns the token of the next page, if there is one.
    ///
    /// # Errors
    ///
    /// `GOOG-314` for a token that was there before, and for a listing without an end.
    pub fn next(&mut self, token: Option<String>, operation: &'static str) -> PortResult<Option<String>> {
        let Some(token) = token.filter(|token| !token.is_empty()) else { return Ok(None) };
        if self.seen.len() >= PAGES_MAX || !self.seen.insert(token.clone()) {
            return Err(PortError::new(ErrorKind::Unexpected, operation)
                .with_code(Code::Goog314)
                .with_detail(Detail::Place, "nextPageToken"));
        }
        Ok(Some(token))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_that_comes_back_to_a_page_ends() {
        let mut pages = Pages::default();
        let mut next = |token: &str| pages.next(Some(token.to_owned()), "x.list");
        assert_eq!(next("a").unwrap().as_deref(), Some("a"));
        assert_eq!(next("b").unwrap().as_deref(), Some("b"));
        assert_eq!(next("a").unwrap_err().code, Some(Code::Goog314));
        assert_eq!(next("").unwrap(), None);
    }
}
