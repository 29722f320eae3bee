//! Google, as the use cases want it: consent, the vault, and the replicas of connected accounts.

use std::{
    collections::BTreeMap,
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use passerelle_calendar::Event;
use passerelle_contacts::Contact;
use passerelle_google_calendar::{CalendarOptions, GoogleCalendar, list_calendars};
use passerelle_google_people::{GooglePeople, Options as PeopleOptions};
use passerelle_google_transport::{
    CALENDAR_EVENTS, CALENDAR_LIST, CONTACTS, ClientSecretFile, ConsentAttempt, ConsentError, ConsentRequest,
    EMAIL, Endpoints, GoogleClient, HttpOptions, OPENID, Pace, RequestCounter, RetryPolicy, StoredToken,
    Tokens, http_client, missing_scopes, revoke,
};
use passerelle_ports::{Clock, ErrorKind, Kind, PortError, PortResult, Replica, Side};
use passerelle_service::{Account, Collection, Failure, Forgotten, Identity, Outcome, Pair, Provider};
use secrecy::SecretString;

use super::vault::{Owner, Safe, VaultPlace, VaultTokens, as_port};

const PROVIDER: &str = "google";
/// What is asked for, and what of it may be missing without everything being in vain.
const SCOPES: [&str; 5] = [OPENID, EMAIL, CALENDAR_EVENTS, CALENDAR_LIST, CONTACTS];
/// How long a lost write may still land on this computer: the pretend Google answers at once.
const LOOPBACK_SETTLE: Duration = Duration::from_secs(2);

/// Google for every connected account.
pub struct Google {
    endpoints: Endpoints,
    http: passerelle_google_transport::HttpClient,
    safe: Safe,
    region: String,
    clock: Arc<dyn Clock>,
    counter: Arc<RequestCounter>,
    clients: Mutex<BTreeMap<String, Arc<GoogleClient>>>,
}

/// A consent that has been asked for.
pub struct Asked {
    attempt: ConsentAttempt,
    address: String,
    client: String,
    clock: Arc<dyn Clock>,
}

/// A consent that was given. Its secrets are not in the vault yet.
pub struct Consented {
    /// Who the account is, and what was granted.
    pub identity: Identity,
    /// What was asked and not granted.
    pub missing: Vec<&'static str>,
    refresh_token: SecretString,
    client: String,
}

impl Google {
    /// Makes Google at these endpoints. Nothing is opened and nobody is called before it is needed.
    ///
    /// # Errors
    ///
    /// `NET-103` when no HTTP client can be built.
    pub fn new(
        endpoints: Endpoints,
        place: VaultPlace,
        region: String,
        clock: Arc<dyn Clock>,
    ) -> Outcome<Self> {
        let http = http_client(&HttpOptions::default(), &endpoints)
            .map_err(|error| Failure::new("NET-103").because(error))?;
        Ok(Google {
            endpoints,
            http,
            safe: Safe::new(place),
            region,
            clock,
            counter: Arc::default(),
            clients: Mutex::default(),
        })
    }

    /// Opens the vault.
    ///
    /// # Errors
    ///
    /// Those of the vault.
    pub fn check(&self) -> Outcome<()> {
        self.safe.vault().map(drop)
    }

    /// Begins to ask for consent.
    ///
    /// # Errors
    ///
    /// `GOOG-105`, `GOOG-111` for a file that is no desktop client; `NET-105` when no port is free.
    pub async fn ask(&self, client: &str, account: Option<String>, limit: Duration) -> Outcome<Asked> {
        self.ask_for(client, account, false, limit).await
    }

    /// Begins to ask for consent once more, even where Google remembers an answer: needed when a consent brought
    /// no lasting authorisation (O16).
    ///
    /// # Errors
    ///
    /// As [`Google::ask`].
    pub async fn ask_again(&self, client: &str, account: Option<String>, limit: Duration) -> Outcome<Asked> {
        self.ask_for(client, account, true, limit).await
    }

    async fn ask_for(
        &self,
        client: &str,
        account: Option<String>,
        again: bool,
        limit: Duration,
    ) -> Outcome<Asked> {
        let parsed = ClientSecretFile::parse(client)
            .map_err(|error| Failure::new(error.code()).with("reason", error.to_string()).because(error))?;
        let mut request = ConsentRequest::new(parsed, &SCOPES);
        request.login_hint = account;
        request.limit = limit;
        request.force_prompt = again;
        let (attempt, address) = ConsentAttempt::start(self.http.clone(), self.endpoints.clone(), request)
            .await
            .map_err(not_consented)?;
        Ok(Asked { attempt, address: address.into(), client: client.to_owned(), clock: self.clock.clone() })
    }

    /// Puts a consent's secrets into the vault, under the app user.
    ///
    /// # Errors
    ///
    /// Those of the vault.
    pub fn keep(&self, user: &str, consented: &Consented) -> Outcome<()> {
        let token = StoredToken {
            refresh_token: consented.refresh_token.clone(),
            granted: Some(consented.identity.at),
        };
        let owner = Owner::new(user, PROVIDER, &consented.identity.subject);
        self.safe.keep(&owner, &consented.client, &token)?;
        self.clients.lock().unwrap_or_else(PoisonError::into_inner).clear();
        Ok(())
    }

    /// The client of an account: one, so that its contacts and its calendars share tokens and pace.
    fn client(&self, account: &Account) -> PortResult<Arc<GoogleClient>> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&account.id) {
            return Ok(client.clone());
        }
        let owner = owner(account);
        let text = self.safe.client(&owner).map_err(|failure| as_port(&failure))?.ok_or_else(signed_out)?;
        let parsed = ClientSecretFile::parse(text.expose())
            .map_err(|error| PortError::new(ErrorKind::Unauthenticated, "client").with_code(error.code()))?;
        let vault = self.safe.vault().map_err(|failure| as_port(&failure))?;
        let store = VaultTokens::new(vault, owner);
        let retry = RetryPolicy::default();
        let tokens = Tokens::new(
            self.http.clone(),
            self.endpoints.clone(),
            parsed,
            Arc::new(store),
            self.clock.clone(),
            retry,
            self.counter.clone(),
        );
        let client = Arc::new(GoogleClient::new(
            self.http.clone(),
            self.endpoints.clone(),
            Arc::new(tokens),
            self.pace(),
            retry,
            self.counter.clone(),
        ));
        clients.insert(account.id.clone(), client.clone());
        Ok(client)
    }

    /// The pretend Google on this computer need not be spared.
    fn pace(&self) -> Pace {
        match NonZeroU32::new(1_000_000) {
            Some(any) if self.endpoints.is_loopback() => {
                Pace { calendar_per_minute: any, people_per_minute: any, burst: any }
            }
            _ => Pace::default(),
        }
    }
}

impl Asked {
    /// Returns the address that a browser has to open.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Waits for the browser.
    ///
    /// # Errors
    ///
    /// `GOOG-201` when its owner refused, `GOOG-208` when nobody came, and what Google answers.
    pub async fn wait(mut self) -> Outcome<Consented> {
        let consent = self.attempt.wait().await.map_err(not_consented)?;
        Ok(Consented {
            missing: missing_scopes(&SCOPES, &consent.granted_scopes),
            identity: Identity {
                provider: PROVIDER.to_owned(),
                email: consent.email.unwrap_or_else(|| consent.subject.clone()),
                subject: consent.subject,
                scopes: consent.granted_scopes,
                at: self.clock.now(),
            },
            refresh_token: consent.refresh_token,
            client: self.client,
        })
    }
}

#[async_trait]
impl Provider for Google {
    async fn collections(&self, account: &Account) -> PortResult<Vec<Collection>> {
        let granted = |scope: &str| missing_scopes(&[scope], &account.scopes).is_empty();
        let mut offered = Vec::new();
        if granted(CONTACTS) {
            offered.push(Collection {
                kind: Kind::Contacts,
                id: "contacts".to_owned(),
                name: account.email.clone(),
                primary: true,
                writable: true,
            });
        }
        if granted(CALENDAR_EVENTS) && granted(CALENDAR_LIST) {
            let calendars = list_calendars(&*self.client(account)?).await?;
            offered.extend(calendars.into_iter().map(|calendar| Collection {
                kind: Kind::Events,
                writable: calendar.access_role.may_write(),
                id: calendar.id,
                name: calendar.name,
                primary: calendar.primary,
            }));
        } else if granted(CALENDAR_EVENTS) {
            // Without the list, only the calendar that every account has can be named (C2).
            offered.push(Collection {
                kind: Kind::Events,
                id: "primary".to_owned(),
                name: account.email.clone(),
                primary: true,
                writable: true,
            });
        }
        Ok(offered)
    }

    async fn contacts(&self, account: &Account, _: &Pair) -> PortResult<Arc<dyn Replica<Contact>>> {
        granted(account, CONTACTS)?;
        let mut options = PeopleOptions::new(self.clock.clone());
        options.region = Some(self.region.clone()).filter(|region| !region.is_empty());
        if self.endpoints.is_loopback() {
            options.read_lag = Duration::ZERO;
            options.settle = LOOPBACK_SETTLE;
        }
        Ok(Arc::new(GooglePeople::new(self.client(account)?, options)))
    }

    async fn events(&self, account: &Account, pair: &Pair) -> PortResult<Arc<dyn Replica<Event>>> {
        granted(account, CALENDAR_EVENTS)?;
        let mut options =
            CalendarOptions { writable: pair.rules.creates[Side::Remote], ..CalendarOptions::default() };
        if self.endpoints.is_loopback() {
            options.settle = LOOPBACK_SETTLE;
        }
        Ok(Arc::new(GoogleCalendar::new(self.client(account)?, &pair.collection, options)))
    }

    async fn forget(&self, account: &Account) -> PortResult<Forgotten> {
        let owner = owner(account);
        let revoked = match self.safe.token(&owner).map_err(|failure| as_port(&failure))? {
            Some(kept) => revoke(&self.http, &self.endpoints, &kept.refresh_token).await.is_ok(),
            None => false,
        };
        let destroyed = self.safe.destroy(&owner).map_err(|failure| as_port(&failure))?;
        self.clients.lock().unwrap_or_else(PoisonError::into_inner).remove(&account.id);
        Ok(Forgotten { revoked, destroyed })
    }

    fn requests(&self) -> u64 {
        self.counter.total()
    }

    fn guest_mails(&self) -> u64 {
        self.counter.may_mail()
    }
}

fn owner(account: &Account) -> Owner {
    Owner::new(&account.user, PROVIDER, &account.subject)
}

/// What its owner did not grant disables that part alone, and says so (O40).
fn granted(account: &Account, scope: &'static str) -> PortResult<()> {
    if missing_scopes(&[scope], &account.scopes).is_empty() {
        return Ok(());
    }
    Err(PortError::new(ErrorKind::Forbidden, "open").with_code("GOOG-202").with_detail("scope", scope))
}

fn signed_out() -> PortError {
    PortError::new(ErrorKind::Unauthenticated, "vault.get").with_code("GOOG-211")
}

fn not_consented(error: ConsentError) -> Failure {
    match error {
        ConsentError::Google(error) => Failure::of_port(Side::Remote, error),
        error => {
            let code = error.code().unwrap_or("BUG-101");
            Failure::new(code).with("operation", "consent").because(error)
        }
    }
}
