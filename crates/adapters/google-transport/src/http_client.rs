//! The one way an HTTP client is built.

use std::{fmt, time::Duration};

use reqwest::{Certificate, Client, ClientBuilder, Proxy, redirect::Policy};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::Endpoints;

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
    Certificates(#[source] reqwest::Error),
    /// The proxy's address cannot be used.
    #[error("the proxy's address cannot be used")]
    Proxy(#[source] reqwest::Error),
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
    let extra = match &options.extra_ca {
        Some(pem) => Certificate::from_pem_bundle(pem).map_err(HttpError::Certificates)?,
        None => Vec::new(),
    };
    let base = || -> Result<ClientBuilder, HttpError> {
        let builder = Client::builder()
            .redirect(Policy::none())
            .user_agent(&options.user_agent)
            .tls_info(true)
            .connect_timeout(options.connect_timeout)
            .timeout(options.timeout);
        if endpoints.is_loopback() {
            return Ok(builder.no_proxy());
        }
        match &options.proxy {
            Some(proxy) => Ok(builder.proxy(proxy.build()?)),
            None => Ok(builder),
        }
    };
    if endpoints.is_loopback() {
        return base()?.tls_certs_only(extra).build().map_err(HttpError::Build);
    }
    // Without any certificate file on the system the first build fails; the compiled-in roots then do.
    base()?.tls_certs_merge(extra.clone()).build().or_else(|_| {
        let roots =
            webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().filter_map(|der| Certificate::from_der(der).ok());
        base()?.tls_certs_only(roots.chain(extra)).build().map_err(HttpError::Build)
    })
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
