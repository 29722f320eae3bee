//! The one way an HTTP client is built.

use std::{fmt, time::Duration};

use reqwest::{Client, Proxy, redirect::Policy};
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::{Endpoints, Signer, witness};

/// How to reach the network.
#[derive(Clone)]
pub struct HttpOptions {
    /// Who we say we are; the word `gzip` in it makes Google compress (C129).
    pub user_agent: String,
    /// How long a connection may take to stand.
    pub connect_timeout: Duration,
    /// How long a whole call may take.
    pub timeout: Duration,
    /// Certificate authorities beside the system's (PEM): a company's own, where its proxy opens TLS.
    pub extra_ca: Option<Vec<u8>>,
    /// The proxy; without it, the system's.
    pub proxy: Option<ProxyOptions>,
    /// Where the signer of what is met is remembered.
    pub signer: Signer,
}

/// A proxy that stands between this machine and the Internet.
#[derive(Clone)]
pub struct ProxyOptions {
    /// Where it is.
    pub url: Url,
    /// Its user and password, if it wants them.
    pub login: Option<(String, SecretString)>,
}

/// Why no client could be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The extra certificate file cannot be read.
    #[error("the file of extra certificate authorities holds no valid certificate")]
    Certificates,
    /// The proxy's address cannot be used.
    #[error("the proxy's address cannot be used")]
    Proxy(#[source] reqwest::Error),
    /// There is nobody to trust.
    #[error("TLS cannot be spoken")]
    Tls(#[source] rustls::Error),
    /// The client could not be built.
    #[error("the HTTP client could not be built")]
    Build(#[source] reqwest::Error),
}

impl Default for HttpOptions {
    fn default() -> Self {
        HttpOptions {
            user_agent: concat!("passerelle/", env!("CARGO_PKG_VERSION"), " (gzip)").to_owned(),
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(60),
            extra_ca: None,
            proxy: None,
            signer: Signer::default(),
        }
    }
}

impl fmt::Debug for HttpOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpOptions")
            .field("user_agent", &self.user_agent)
            .field("connect_timeout", &self.connect_timeout)
            .field("timeout", &self.timeout)
            .field("extra_ca", &self.extra_ca.is_some())
            .field("proxy", &self.proxy.is_some())
            .finish()
    }
}

/// Builds the HTTP client: no redirects, no cookies, time-outs, the system's trust store.
///
/// There is no way to switch certificate checks off (T20). Towards a loopback Google no proxy is used.
///
/// A `rustls` provider must have been installed by the program (`main`) or the test before this is called;
/// reqwest panics otherwise.
///
/// # Errors
///
/// Refuses an unreadable certificate file or proxy address.
pub fn http_client(options: &HttpOptions, endpoints: &Endpoints) -> Result<Client, HttpError> {
    let loopback = endpoints.is_loopback();
    let mut builder = Client::builder()
        .redirect(Policy::none())
        .user_agent(&options.user_agent)
        .connect_timeout(options.connect_timeout)
        .timeout(options.timeout);
    if loopback {
        builder = builder.no_proxy();
    } else if let Some(proxy) = &options.proxy {
        builder = builder.proxy(proxy.build()?);
    }
    let extra = match &options.extra_ca {
        Some(pem) => authorities(pem)?,
        None => Vec::new(),
    };
    builder = match endpoints.token().scheme() {
        "http" => builder.tls_certs_only([]),
        _ => {
            let tls = witness::tls(extra, !loopback, options.signer.clone()).map_err(HttpError::Tls)?;
            builder.tls_backend_preconfigured(tls)
        }
    };
    builder.build().map_err(HttpError::Build)
}

fn authorities(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, HttpError> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = read.map_err(|_| HttpError::Certificates)?;
    let mut store = RootCertStore::empty();
    let whole = found.iter().all(|der| store.add(der.clone()).is_ok());
    if whole && !found.is_empty() { Ok(found) } else { Err(HttpError::Certificates) }
}

impl ProxyOptions {
    fn build(&self) -> Result<Proxy, HttpError> {
        let proxy = Proxy::all(self.url.clone()).map_err(HttpError::Proxy)?;
        Ok(match &self.login {
            Some((user, password)) => proxy.basic_auth(user, password.expose_secret()),
            None => proxy,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_built_for_google_and_for_loopback() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let sim = Endpoints::overridden(&Url::parse("http://127.0.0.1:1").unwrap()).unwrap();
        let google = Endpoints::google().unwrap();
        for endpoints in [&sim, &google] {
            assert!(http_client(&HttpOptions::default(), endpoints).is_ok());
        }
        let bad = HttpOptions {
            extra_ca: Some(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec()),
            ..HttpOptions::default()
        };
        assert!(http_client(&bad, &google).is_err());
        let proxy = ProxyOptions {
            url: Url::parse("http://proxy.example:3128").unwrap(),
            login: Some(("u".into(), SecretString::from("very-secret"))),
        };
        let options = HttpOptions { proxy: Some(proxy), ..HttpOptions::default() };
        assert!(http_client(&options, &google).is_ok());
        assert!(!format!("{options:?}").contains("very-secret"));
    }
}
