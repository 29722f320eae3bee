//! Requests and answers as bytes, between the socket and the services.

use std::time::Duration;

use serde_json::Value;
use url::form_urlencoded;

use crate::api::ApiResponse;

/// An HTTP request without a socket.
#[derive(Debug, Clone)]
pub struct Request {
    /// Holds the verb in capitals.
    pub verb: String,
    /// Holds the path, still percent-encoded.
    pub path: String,
    /// Holds the decoded query.
    pub query: Vec<(String, String)>,
    /// Holds the headers in their order.
    pub headers: Vec<(String, String)>,
    /// Holds the body.
    pub body: Vec<u8>,
}

impl Request {
    /// Makes a request from its parts.
    #[must_use]
    pub fn new(verb: &str, target: &str, headers: &[(String, String)], body: &[u8]) -> Self {
        let target = target.split('#').next().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self {
            verb: verb.to_owned(),
            path: path.to_owned(),
            query: pairs(query.as_bytes()),
            headers: headers.to_vec(),
            body: body.to_vec(),
        }
    }

    /// Returns a header, whatever the case of its name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Returns a query parameter.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        find(&self.query, name)
    }

    /// Returns the form fields of the body, followed by the query.
    #[must_use]
    pub fn form(&self) -> Vec<(String, String)> {
        let mut fields = pairs(&self.body);
        fields.extend(self.query.iter().cloned());
        fields
    }

    /// Parses the body as JSON; an empty body gives `None`.
    ///
    /// # Errors
    ///
    /// Returns the parser's error.
    pub fn json(&self) -> Result<Option<Value>, serde_json::Error> {
        if self.body.iter().all(u8::is_ascii_whitespace) {
            return Ok(None);
        }
        serde_json::from_slice(&self.body).map(Some)
    }

    /// Returns the bearer token of the header or of the query.
    #[must_use]
    pub fn bearer(&self) -> Option<&str> {
        self.header("authorization")
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
            .or_else(|| self.param("access_token"))
            .or_else(|| self.param("oauth_token"))
    }

    /// Returns the root under which the client reached the server.
    #[must_use]
    pub fn root(&self) -> String {
        format!("http://{}", self.header("host").unwrap_or("127.0.0.1"))
    }
}

/// Finds the first value of a name.
#[must_use]
pub fn find<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

fn pairs(text: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(text).into_owned().collect()
}

/// How a connection breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// It closes without an answer.
    Whole,
    /// It closes in the middle of the answer.
    Half,
}

/// An HTTP answer without a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Holds the status.
    pub status: u16,
    /// Holds the headers.
    pub headers: Vec<(String, String)>,
    /// Holds the body.
    pub body: Vec<u8>,
    /// Tells the server to break the connection.
    pub cut: Option<Cut>,
    /// Tells the server to wait before it answers.
    pub delay: Duration,
}

impl Response {
    /// Answers with a body of some media type.
    #[must_use]
    pub fn new(status: u16, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("Content-Type".to_owned(), media_type.to_owned())],
            body: body.into(),
            cut: None,
            delay: Duration::ZERO,
        }
    }

    /// Answers JSON, indented as Google does.
    #[must_use]
    pub fn json(status: u16, body: &Value) -> Self {
        let text = serde_json::to_vec_pretty(body).unwrap_or_default();
        Self::new(status, "application/json; charset=UTF-8", text)
    }

    /// Answers a page.
    #[must_use]
    pub fn html(status: u16, body: &str) -> Self {
        Self::new(status, "text/html; charset=UTF-8", body.as_bytes())
    }

    /// Sends the browser elsewhere.
    #[must_use]
    pub fn redirect(location: &str) -> Self {
        let mut response = Self::html(302, "");
        response.headers.push(("Location".to_owned(), location.to_owned()));
        response
    }

    /// Turns a service's answer into bytes, with Google's headers (C273).
    #[must_use]
    pub fn of_api(answer: &ApiResponse, pretty: bool) -> Self {
        let body = match &answer.body {
            None => Vec::new(),
            Some(body) if pretty => serde_json::to_vec_pretty(body).unwrap_or_default(),
            Some(body) => serde_json::to_vec(body).unwrap_or_default(),
        };
        let mut response = Self::new(answer.status, "application/json; charset=UTF-8", body);
        for (name, value) in [
            ("Cache-Control", "no-cache, no-store, max-age=0, must-revalidate"),
            ("Pragma", "no-cache"),
            ("Expires", "Mon, 01 Jan 1990 00:00:00 GMT"),
            ("Vary", "Origin, X-Origin, Referer"),
            ("Server", "ESF"),
        ] {
            response.headers.push((name.to_owned(), value.to_owned()));
        }
        if let Some(etag) = answer.body.as_ref().and_then(|body| body.get("etag")) {
            let etag = etag.as_str().unwrap_or_default();
            response.headers.push(("ETag".to_owned(), etag.to_owned()));
        }
        response.headers.extend(answer.headers.iter().cloned());
        response
    }

    /// Returns a header, whatever the case of its name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Parses the body as JSON; anything else gives `Null`.
    #[must_use]
    pub fn value(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}
