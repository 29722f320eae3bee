//! Who signed the certificate that was met: remembered whether or not the check accepts it.
//!
//! What must stay true: the check is another's, whole and unchanged; what is seen here decides nothing (T20).

use std::{
    error::Error,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use rustls::{
    CertificateError, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime},
};

use crate::{network::is_clock, probe::issuer_of};

/// The signer of the last certificate that a client met.
#[derive(Clone, Debug, Default)]
pub struct Signer(Arc<Mutex<Option<String>>>);

impl Signer {
    /// Returns the signer's own name for itself; `None` before TLS was spoken.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A certificate that was refused, and who signed it.
#[derive(Debug, thiserror::Error)]
#[error("{fault:?}")]
pub(crate) struct Refused {
    pub(crate) issuer: String,
    fault: CertificateError,
}

/// Remembers who signed, and leaves every decision to the check behind it.
struct Witness {
    check: Arc<dyn ServerCertVerifier>,
    signer: Signer,
}

/// Makes the TLS settings of a client: `roots` alone (without any, the built-in ones), or beside the system's.
///
/// # Errors
///
/// Where neither the system nor the built-in list gives an authority to trust.
pub(crate) fn tls(
    roots: Vec<CertificateDer<'static>>,
    beside_the_systems: bool,
    signer: Signer,
) -> Result<rustls::ClientConfig, rustls::Error> {
    let provider = CryptoProvider::get_default()
        .cloned()
        .unwrap_or_else(|| Arc::new(rustls::crypto::ring::default_provider()));
    let check: Arc<dyn ServerCertVerifier> = match beside_the_systems {
        false if roots.is_empty() => only(built_in().collect(), provider.clone())?,
        false => only(roots, provider.clone())?,
        true => {
            let check =
                rustls_platform_verifier::Verifier::new_with_extra_roots(roots.clone(), provider.clone());
            match check {
                Ok(check) => Arc::new(check),
                // Without any certificate file on the system, the compiled-in authorities do.
                Err(_) => only(built_in().chain(roots).collect(), provider.clone())?,
            }
        }
    };
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Witness { check, signer }))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn built_in() -> impl Iterator<Item = CertificateDer<'static>> {
    webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned()
}

fn only(
    roots: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, rustls::Error> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(roots);
    WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider)
        .build()
        .map_err(|error| rustls::Error::General(error.to_string()))
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let issuer = issuer_of(end_entity);
        self.signer.0.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&issuer);
        let checked =
            self.check.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match (checked, issuer) {
            // Still refused, with a name beside the reason.
            (Err(rustls::Error::InvalidCertificate(fault)), Some(issuer)) if !is_clock(&fault) => {
                let refused = OtherError(Arc::new(Refused { issuer, fault }));
                Err(rustls::Error::InvalidCertificate(CertificateError::Other(refused)))
            }
            (checked, _) => checked,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.check.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.check.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.check.supported_verify_schemes()
    }

    fn requires_raw_public_keys(&self) -> bool {
        self.check.requires_raw_public_keys()
    }

    fn root_hint_subjects(&self) -> Option<&[rustls::DistinguishedName]> {
        self.check.root_hint_subjects()
    }
}

impl fmt::Debug for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Witness").finish_non_exhaustive()
    }
}

/// Returns the signer's name out of a certificate fault that a [`Witness`] saw.
pub(crate) fn signer_of(fault: &CertificateError) -> Option<&str> {
    let CertificateError::Other(OtherError(inner)) = fault else { return None };
    let inner: &(dyn Error + 'static) = &**inner;
    inner.downcast_ref::<Refused>().map(|refused| refused.issuer.as_str())
}
