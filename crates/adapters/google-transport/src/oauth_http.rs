//! The bridge between the `oauth2` crate and our HTTP client.

use std::{future::Future, pin::Pin};

use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse};
use passerelle_ports::{ErrorKind, PortError};

use crate::{Api, client::read, error::Failure};

/// Sends what `oauth2` wants to send. A refusal becomes our error here, so that one table rules them all.
pub(crate) struct OauthHttp<'a> {
    pub(crate) http: &'a reqwest::Client,
    pub(crate) operation: &'static str,
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
            let (parts, body) = request.into_parts();
            let unexpected = || PortError::new(ErrorKind::Unexpected, self.operation);
            let url = parts.uri.to_string();
            let request = self.http.request(parts.method, url).headers(parts.headers).body(body);
            let answer = read(Api::OAuth, self.operation, request).await.map_err(OauthFailure)?;
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
