//! The bridge between the `oauth2` crate and our HTTP client.

use std::{
    future::Future,
    pin::Pin,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, Utc};
use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse};
use passerelle_ports::{ErrorKind, PortError};

use crate::{
    Api, RetryPolicy,
    answer::read,
    error::{Failure, date_of},
};

/// Sends what `oauth2` wants to send. A refusal becomes our error here, so that one table rules them all.
pub(crate) struct OauthHttp<'a> {
    http: &'a reqwest::Client,
    operation: &'static str,
    retry: RetryPolicy,
    date: Mutex<Option<DateTime<Utc>>>,
}

impl<'a> OauthHttp<'a> {
    pub(crate) fn new(http: &'a reqwest::Client, operation: &'static str, retry: RetryPolicy) -> Self {
        OauthHttp { http, operation, retry, date: Mutex::default() }
    }

    /// Google's time at the last answer.
    pub(crate) fn date(&self) -> Option<DateTime<Utc>> {
        *self.date.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A failure, as `oauth2` wants an error to look.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.error())]
pub(crate) struct OauthFailure(pub(crate) Failure);

impl<'c> AsyncHttpClient<'c> for OauthHttp<'_> {
    type Error = OauthFailure;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, OauthFailure>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let unexpected = || PortError::new(ErrorKind::Unexpected, self.operation);
            let (parts, body) = request.into_parts();
            let send = || {
                let request = self.http.request(parts.method.clone(), parts.uri.to_string());
                read(Api::OAuth, self.operation, request.headers(parts.headers.clone()).body(body.clone()))
            };
            let answer = self.retry.patiently(send).await.map_err(OauthFailure)?;
            *self.date.lock().unwrap_or_else(PoisonError::into_inner) = date_of(&answer.headers);
            let mut response = http::Response::builder().status(answer.status);
            for (name, value) in &answer.headers {
                response = response.header(name, value);
            }
            response
                .body(answer.body.to_vec())
                .map_err(|error| OauthFailure(unexpected().with_source(error).into()))
        })
    }
}
