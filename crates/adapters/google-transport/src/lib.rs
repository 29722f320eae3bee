#![doc = include_str!("../README.md")]

mod answer;
mod client;
mod client_file;
mod consent;
mod elsewhere;
mod endpoints;
mod error;
mod http_client;
mod identity;
mod listener;
mod network;
mod oauth_http;
mod pace;
mod pretend;
mod probe;
mod scopes;
mod service_account;
mod tokens;
mod witness;

pub use answer::{Pages, set_answer_max};
pub use client::{Api, ApiResponse, Call, GoogleClient, RequestCounter, RetryPolicy};
pub use client_file::{ClientFileError, ClientSecretFile};
pub use consent::{Arrival, Consent, ConsentAttempt, ConsentError, ConsentRequest, revoke};
pub use elsewhere::Elsewhere;
pub use endpoints::{EndpointError, Endpoints};
pub use error::{Answer, Failure, failure_of};
pub use http_client::{HttpError, HttpOptions, ProxyOptions, http_client};
pub use pace::Pace;
pub use pretend::{Pretend, pretend};
pub use probe::{Probe, granted_now, probe};
pub use reqwest::Client as HttpClient;
pub use scopes::{CALENDAR_EVENTS, CALENDAR_LIST, CONTACTS, EMAIL, OPENID, missing_scopes};
pub use service_account::{Delegate, ServiceAccountKey};
pub use tokens::{StoredToken, TokenStore, Tokens, refresh_token_expiry};
pub use witness::Signer;

/// The issuer that Google names in its answers (RFC 9207; OpenID Connect Core 2).
pub(crate) const ISSUER: &str = "https://accounts.google.com";
