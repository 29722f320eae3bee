//! Batches: several requests in one multipart body (C204).

use crate::core::Core;
use crate::wire::{Request, Response};

const MOST_PARTS: usize = 1000;

impl Core {
    /// Plays a batch: each part is handled with the outer authorization unless it has its own.
    pub(crate) fn batch(&mut self, request: &Request) -> Response {
        let media = request.header("content-type").unwrap_or_default();
        let Some(boundary) = boundary(media) else {
            return refuse("Failed to parse batch request, error: no boundary.");
        };
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let parts = split(&body, &boundary);
        if parts.is_empty() {
            return refuse("Failed to parse batch request, error: 0 items.");
        }
        if parts.len() > MOST_PARTS {
            return refuse("The batch request has too many parts.");
        }
        let outer = request.header("authorization").map(str::to_owned);
        let mark = format!("batch_{}", self.rng.token(32));
        let mut out = String::new();
        for (head, inner) in parts {
            let answer = match inner_request(&inner, outer.as_deref()) {
                // A batch within a batch is refused like any unknown path.
                Some(part) if !part.path.starts_with("/batch") => self.dispatch(&part),
                _ => refuse("Failed to parse batch request part."),
            };
            out.push_str(&format!("--{mark}\r\nContent-Type: application/http\r\n"));
            if let Some(id) = find(&head, "content-id") {
                let id = id.trim().trim_start_matches('<');
                out.push_str(&format!("Content-ID: <response-{id}\r\n"));
            }
            out.push_str("\r\n");
            out.push_str(&shown(&answer));
            out.push_str("\r\n");
        }
        out.push_str(&format!("--{mark}--\r\n"));
        Response::new(200, &format!("multipart/mixed; boundary={mark}"), out)
    }
}

fn refuse(message: &str) -> Response {
    let body = serde_json::json!({"error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}});
    Response::json(400, &body)
}

fn boundary(media: &str) -> Option<String> {
    if !media.to_lowercase().starts_with("multipart/mixed") {
        return None;
    }
    let at = media.find("boundary=")? + "boundary=".len();
    let text = media.get(at..)?.split(';').next()?.trim().trim_matches('"');
    (!text.is_empty()).then(|| text.to_owned())
}

/// Splits a body into the headers and the content of each part.
fn split(body: &str, boundary: &str) -> Vec<(String, String)> {
    let mark = format!("--{boundary}");
    body.split(mark.as_str())
        .skip(1)
        .take_while(|part| !part.starts_with("--"))
        .map(|part| {
            let text = part.replace("\r\n", "\n");
            let text = text.trim_start_matches('\n');
            let (head, content) = text.split_once("\n\n").unwrap_or((text, ""));
            (head.to_owned(), content.to_owned())
        })
        .collect()
}

fn find<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(key, _)| key.trim().eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

fn inner_request(text: &str, outer: Option<&str>) -> Option<Request> {
    let text = text.trim_start_matches('\n');
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.lines();
    let mut first = lines.next()?.split_whitespace();
    let (verb, target) = (first.next()?, first.next()?);
    let target = match target.split_once("://") {
        Some((_, rest)) => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/"),
        None => target,
    };
    let mut headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect();
    let own = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    if let (false, Some(outer)) = (own, outer) {
        headers.push(("Authorization".to_owned(), outer.to_owned()));
    }
    Some(Request::new(verb, target, &headers, body.trim_end_matches('\n').as_bytes()))
}

fn shown(answer: &Response) -> String {
    let reason = http::StatusCode::from_u16(answer.status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or("Unknown");
    let mut out = format!("HTTP/1.1 {} {reason}\r\n", answer.status);
    for (name, value) in &answer.headers {
        out.push_str(&format!("{name}: {value}\r\n"));
    }
    out.push_str(&format!("Content-Length: {}\r\n\r\n", answer.body.len()));
    out.push_str(&String::from_utf8_lossy(&answer.body));
    out
}
