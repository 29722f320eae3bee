//! Whether Google is reached at all, by whom the connection is signed, and what Google's clock says.

use chrono::{DateTime, Utc};
use passerelle_ports::{Code, PortError, PortResult};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::{Api, Endpoints, Signer, Tokens, answer::read, error::date_of, network};

/// What one harmless request, which carries no token, tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Probe {
    /// Google's time.
    pub date: Option<DateTime<Utc>>,
    /// Who signed the certificate that was met, by its own name; `None` without TLS.
    pub issuer: Option<String>,
}

/// Asks Google for nothing, to see whether it is there.
///
/// # Errors
///
/// `NET-101` to `NET-104` when nothing, or somebody else, answers.
pub async fn probe(http: &reqwest::Client, endpoints: &Endpoints, signer: &Signer) -> PortResult<Probe> {
    let asked = http.get(endpoints.tokeninfo().clone()).send().await;
    let response = asked.map_err(|error| PortError::from(network::failure(error, "probe")))?;
    if response.status().as_u16() == 407 {
        let error = PortError::new(passerelle_ports::ErrorKind::Unavailable, "probe");
        return Err(error.with_code(Code::Net102));
    }
    Ok(Probe { date: date_of(response.headers()), issuer: signer.name() })
}

/// Returns what Google says that the account's authorisation covers at this moment (O63).
///
/// # Errors
///
/// Those of the token and of the network.
pub async fn granted_now(
    http: &reqwest::Client,
    endpoints: &Endpoints,
    tokens: &Tokens,
) -> PortResult<Vec<String>> {
    #[derive(Deserialize)]
    struct Info {
        #[serde(default)]
        scope: String,
    }
    let ask = |token: SecretString| {
        let request =
            http.get(endpoints.tokeninfo().clone()).query(&[("access_token", token.expose_secret())]);
        read(Api::OAuth, "tokeninfo", request)
    };
    let token = tokens.access().await?;
    let told = match ask(token.clone()).await {
        // An access token may die before its time; that says nothing of the authorisation.
        Err(failure) if failure.has_reason("invalid_token") => ask(tokens.renew(&token).await?).await,
        told => told,
    };
    let info: Info = told.map_err(PortError::from)?.json()?;
    Ok(info.scope.split_whitespace().map(str::to_owned).collect())
}

/// Returns the issuer's name out of a certificate: its organisation, else its common name.
///
/// Only what is needed of X.509 is read, and nothing is decided by it.
pub(crate) fn issuer_of(der: &[u8]) -> Option<String> {
    let (_, certificate, _) = element(der)?;
    let (_, mut rest, _) = element(certificate)?;
    // [0] version, where there is one, serial number, signature algorithm; then the issuer.
    if rest.first() == Some(&0xa0) {
        rest = element(rest)?.2;
    }
    let rest = element(element(rest)?.2)?.2;
    let (_, mut names, _) = element(rest)?;
    let (mut organisation, mut common) = (None, None);
    while !names.is_empty() {
        let (_, set, after) = element(names)?;
        let (_, pair, _) = element(set)?;
        let (_, kind, value) = element(pair)?;
        let (_, text, _) = element(value)?;
        let text =
            || Some(String::from_utf8_lossy(text).chars().filter(|c| !c.is_control()).take(64).collect());
        match kind {
            [0x55, 0x04, 0x0a] => organisation = text(),
            [0x55, 0x04, 0x03] => common = text(),
            _ => {}
        }
        names = after;
    }
    organisation.or(common)
}

/// Splits one DER element off: its tag, its content, what follows.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x83 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (content, after) = rest.split_at_checked(length)?;
    Some((tag, content, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_issuer_is_read_out_of_a_real_certificate() {
        let root = webpki_root_certs::TLS_SERVER_ROOT_CERTS
            .iter()
            .filter_map(|der| issuer_of(der))
            .find(|name| name.starts_with("Google Trust Services"));
        assert_eq!(root.as_deref(), Some("Google Trust Services LLC"));
    }

    #[test]
    fn what_is_no_certificate_has_no_issuer() {
        for der in
            [&b""[..], b"\x30", b"\x30\x03\x30\x01", &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], &[0xff; 64]]
        {
            assert_eq!(issuer_of(der), None, "{der:?}");
        }
    }
}
