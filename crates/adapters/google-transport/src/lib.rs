#![doc = include_str!("../README.md")]

mod client;
mod client_file;
mod consent;
mod endpoints;
mod error;
mod http_client;
mod identity;
mod listener;
mod network;
mod oauth_http;
mod pace;
mod scopes;
mod tokens;

pub use client::{Api, ApiResponse, Call, GoogleClient, RequestCounter, RetryPolicy};
pub use client_file::{ClientFileError, ClientSecretFile};
pub use consent::{Consent, ConsentAttempt, ConsentError, ConsentRequest, revoke};
pub use endpoints::{EndpointError, Endpoints};
pub use error::{Answer, Failure, failure_of};
pub use http_client::{HttpError, HttpOptions, ProxyOptions, http_client};
pub use pace::Pace;
pub use reqwest::Client as HttpClient;
pub use scopes::{CALENDAR_EVENTS, CALENDAR_LIST, CONTACTS, EMAIL, OPENID, missing_scopes};
pub use tokens::{StoredToken, TokenStore, Tokens};

/// The issuer that Google names in its answers (RFC 9207; OpenID Connect Core 2).
pub(crate) const ISSUER: &str = "https://accounts.google.com";
