//! Asking for consent: what is asked, what may come back and by which way, what is made of it.

use std::{convert::Infallible, sync::Arc};

use passerelle_credentials::{OneTimeKey, Secret, seal_for};
use passerelle_google_transport::{
    Arrival, CALENDAR_EVENTS, CALENDAR_LIST, CONTACTS, ClientSecretFile, ConsentAttempt, ConsentError,
    Delegate, EMAIL, Elsewhere, OPENID, ServiceAccountKey, missing_scopes, refresh_token_expiry,
};
use passerelle_ports::{Clock, Code, Detail, Side};
use passerelle_service::{Failure, Identity, Outcome, Term};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::vault::Acting;

/// The provider's name, in the database and in the vault.
pub(super) const PROVIDER: &str = "google";
/// What is asked for, and what of it may be missing without everything being in vain.
pub(super) const SCOPES: [&str; 5] = [OPENID, EMAIL, CALENDAR_EVENTS, CALENDAR_LIST, CONTACTS];
/// What an administrator delegates to a service account, in the spelling of the Admin console (O101).
const DELEGATED: [&str; 5] =
    [OPENID, "https://www.googleapis.com/auth/userinfo.email", CALENDAR_EVENTS, CALENDAR_LIST, CONTACTS];

/// A consent that has been asked for.
pub struct Asked {
    pub(super) attempt: ConsentAttempt,
    pub(super) address: String,
    pub(super) client: String,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) key: OneTimeKey,
}

/// A consent that was given. Its secrets are not in the vault yet.
pub struct Consented {
    /// Who the account is, and what was granted.
    pub identity: Identity,
    /// What was asked and not granted.
    pub missing: Vec<&'static str>,
    /// What it says about its own end.
    pub term: Term,
    pub(super) secrets: Secrets,
}

/// What the vault will hold of a consent.
pub(super) enum Secrets {
    Person { refresh_token: SecretString, client: String },
    Delegated(Acting),
}

impl Consented {
    /// Tells whether a service account acts for the person, who was not asked.
    pub fn is_delegated(&self) -> bool {
        matches!(self.secrets, Secrets::Delegated(_))
    }
}

impl Asked {
    /// Returns the address that a browser has to open.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Returns the local port that the browser comes back to.
    pub fn port(&self) -> u16 {
        self.attempt.port()
    }

    /// Returns the one-time key for which another computer seals its code.
    pub fn key(&self) -> &str {
        self.key.address()
    }

    /// Waits for the browser.
    ///
    /// # Errors
    ///
    /// `GOOG-201` when its owner refused, `GOOG-208` when nobody came, and what Google answers.
    pub async fn wait(self) -> Outcome<Consented> {
        let (_, mut lines) = unbounded_channel();
        self.wait_beside(&mut lines, &|_| ()).await
    }

    /// Waits for the browser and for what is typed or pasted here, whichever comes first. A line that is not the
    /// answer to this request is told to `refused` and changes nothing.
    ///
    /// # Errors
    ///
    /// As [`Asked::wait`].
    pub async fn wait_beside(
        mut self,
        lines: &mut UnboundedReceiver<String>,
        refused: &(dyn Fn(&Failure) + Send + Sync),
    ) -> Outcome<Consented> {
        let (send, mut arrivals) = unbounded_channel();
        let key = self.key;
        let read = |line: String| {
            let code = key.open(&line).and_then(|text| Elsewhere::parse(&text.expose().to_owned().into()));
            code.map_or(Arrival::Pasted(line), Arrival::Elsewhere)
        };
        let told = |error: &ConsentError| {
            refused(&Failure::new(error.code().unwrap_or(Code::Goog209)));
        };
        let consent = tokio::select! {
            consent = self.attempt.wait_beside(&mut arrivals, &told) => consent,
            never = forward(lines, send, read) => match never {},
        };
        let consent = consent.map_err(not_consented)?;
        let file = parsed(&self.client)?;
        let at = consent.at.unwrap_or_else(|| self.clock.now());
        let ends = consent.lasts.and_then(|lasts| refresh_token_expiry(at, lasts));
        Ok(Consented {
            missing: missing_scopes(&SCOPES, &consent.granted_scopes),
            identity: Identity {
                provider: PROVIDER.to_owned(),
                email: consent.email.unwrap_or_else(|| consent.subject.clone()),
                subject: consent.subject,
                scopes: consent.granted_scopes,
                at,
            },
            term: Term { client: file.project_id.unwrap_or(file.client_id), ends },
            secrets: Secrets::Person { refresh_token: consent.refresh_token, client: self.client },
        })
    }

    /// Waits for the code alone and seals it for the computer that asked for it.
    ///
    /// # Errors
    ///
    /// As [`Asked::wait`]; `GOOG-215` for a one-time key that was not copied whole.
    pub async fn wait_for_code(
        mut self,
        key: &str,
        lines: &mut UnboundedReceiver<String>,
    ) -> Outcome<String> {
        let (send, mut arrivals) = unbounded_channel();
        let code = tokio::select! {
            code = self.attempt.wait_for_code(&mut arrivals, &|_| ()) => code,
            never = forward(lines, send, Arrival::Pasted) => match never {},
        };
        let text = code.map_err(not_consented)?.to_text();
        seal(key, &Secret::new(text.expose_secret()))
    }
}

/// Hands on what is typed for as long as it is waited for. The lines stay whole for whoever asks next: nothing is
/// taken that is not handed on.
async fn forward(
    lines: &mut UnboundedReceiver<String>,
    send: UnboundedSender<Arrival>,
    read: impl Fn(String) -> Arrival,
) -> Infallible {
    while let Some(line) = lines.recv().await {
        if !line.trim().is_empty() && send.send(read(line)).is_err() {
            break;
        }
    }
    drop(send);
    std::future::pending().await
}

/// Tells whether a one-time key was copied whole, before anybody is asked for anything.
///
/// # Errors
///
/// `GOOG-215`.
pub fn check_key(key: &str) -> Outcome<()> {
    seal(key, &Secret::new("")).map(drop)
}

fn seal(key: &str, text: &Secret) -> Outcome<String> {
    seal_for(key, text).map_err(|error| Failure::new(Code::Goog215).because(error))
}

/// Reads the company's client.
///
/// # Errors
///
/// `GOOG-105`, `GOOG-111` for a file that is no desktop client.
pub fn parsed(client: &str) -> Outcome<ClientSecretFile> {
    ClientSecretFile::parse(client).map_err(|error| Failure::new(error.code()).because(error))
}

/// Returns the permissions as an administrator enters them for a delegation, and the number to enter them for.
///
/// # Errors
///
/// `GOOG-118` for a file that is no key of a service account.
pub fn delegation(key: &str) -> Outcome<(String, String)> {
    let delegate = delegate(key, "")?;
    Ok((delegate.key.client_id, delegate.scopes.join(",")))
}

pub(super) fn delegate(key: &str, subject: &str) -> Outcome<Delegate> {
    let key = ServiceAccountKey::parse(key)
        .map_err(|error| Failure::new(Code::Goog118).with(Detail::Reason, error.reason()).because(error))?;
    Ok(Delegate { key, subject: subject.to_owned(), scopes: DELEGATED.map(str::to_owned).to_vec() })
}

pub(super) fn not_consented(error: ConsentError) -> Failure {
    match error {
        ConsentError::Google(error) => Failure::of_port(Side::Remote, error),
        error => {
            let code = error.code().unwrap_or(Code::Bug101);
            Failure::new(code).with(Detail::Operation, "consent").because(error)
        }
    }
}
