//! What a failed connection means: the network, the proxy, the certificate or the clock.

use std::{error::Error, io};

use passerelle_ports::{Code, Detail, ErrorKind, PortError};
use rustls::CertificateError;

use crate::{error::Failure, witness::signer_of};

/// Maps an error below HTTP. The address never gets into the error: it may hold a token.
pub(crate) fn failure(error: reqwest::Error, operation: &'static str) -> Failure {
    let error = error.without_url();
    if error.is_builder() {
        // All that a request is made of is ours, but the token.
        return Failure::nonsense(operation, "access_token");
    }
    if makes_no_sense(&error) {
        return Failure::of_somebody_else(operation);
    }
    let fault = certificate(&error);
    let signer = fault.as_ref().and_then(signer_of).map(str::to_owned);
    let code = match (fault, says_proxy_login(&error)) {
        (Some(fault), _) if is_clock(&fault) => Code::Net104,
        (Some(_), _) => Code::Net103,
        (None, true) => Code::Net102,
        (None, false) => Code::Net101,
    };
    let sent = !error.is_connect();
    let refused = says_tunnel(&error);
    let mut told = PortError::new(ErrorKind::Unavailable, operation).with_code(code).with_source(error);
    if let Some(signer) = signer {
        told = told.with_detail(Detail::Issuer, signer);
    }
    // A proxy that refuses once refuses again, and may lock an account for the asking.
    let mut failure = Failure::network(told, sent);
    failure.once = refused || code == Code::Net102;
    failure
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| below(*error))
}

/// An `io::Error` hides the error it carries from `source`.
fn below<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

fn certificate(error: &(dyn Error + 'static)) -> Option<CertificateError> {
    chain(error).find_map(|error| match error.downcast_ref::<rustls::Error>() {
        Some(rustls::Error::InvalidCertificate(fault)) => Some(fault.clone()),
        _ => None,
    })
}

pub(crate) fn is_clock(fault: &CertificateError) -> bool {
    matches!(
        fault,
        CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. }
    )
}

/// Whether something was answered that is no HTTP, or that says it is packed and is not.
fn makes_no_sense(error: &reqwest::Error) -> bool {
    let http = chain(error).find_map(|error| error.downcast_ref::<hyper::Error>());
    let packed = |error: &io::Error| {
        matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData)
            || (error.kind() == io::ErrorKind::UnexpectedEof && error.get_ref().is_none())
    };
    match http {
        Some(http) => http.is_parse(),
        None => {
            error.is_decode()
                && chain(error).filter_map(|error| error.downcast_ref::<io::Error>()).any(packed)
        }
    }
}

/// The tunnel's own error type is private to the HTTP library: its words are all there is.
fn says_proxy_login(error: &(dyn Error + 'static)) -> bool {
    chain(error).any(|error| error.to_string().contains("proxy authorization required"))
}

/// Whether a proxy answered that it makes no tunnel.
fn says_tunnel(error: &(dyn Error + 'static)) -> bool {
    chain(error).any(|error| error.to_string().contains("tunnel error: unsuccessful"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] io::Error);

    #[test]
    fn a_certificate_fault_is_found_below_an_io_error() {
        let table = [
            (CertificateError::UnknownIssuer, false),
            (CertificateError::NotValidForName, false),
            (CertificateError::Expired, true),
            (CertificateError::NotValidYet, true),
        ];
        for (fault, clock) in table {
            let error = Outer(io::Error::other(rustls::Error::InvalidCertificate(fault)));
            let found = certificate(&error).unwrap();
            assert_eq!(is_clock(&found), clock, "{found:?}");
        }
        assert!(certificate(&Outer(io::Error::other("x"))).is_none());
    }

    #[test]
    fn a_proxy_that_wants_a_log_in_is_recognised() {
        assert!(says_proxy_login(&Outer(io::Error::other("proxy authorization required"))));
        assert!(!says_proxy_login(&Outer(io::Error::other("tunnel error"))));
        assert!(says_tunnel(&Outer(io::Error::other("tunnel error: unsuccessful"))));
    }
}
