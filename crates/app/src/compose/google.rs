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
use passerelle_credentials::OneTimeKey;
use passerelle_google_calendar::{CalendarOptions, GoogleCalendar, list_calendars};
use passerelle_google_people::{CONTACTS_MAX, GooglePeople, Options as PeopleOptions};
use passerelle_google_transport::{
    Api, CALENDAR_EVENTS, CALENDAR_LIST, CONTACTS, Call, ClientSecretFile, ConsentAttempt, ConsentRequest,
    Delegate, Endpoints, GoogleClient, HttpOptions, Pace, RequestCounter, RetryPolicy, Signer, StoredToken,
    Tokens, granted_now, http_client, missing_scopes, pretend, probe, revoke,
};
use passerelle_ports::{
    Clock, Code, Detail, ErrorKind, Kind, Pictures, PortError, PortResult, Reason, Replica, Side,
};
use passerelle_service::{
    Account, Collection, Examined, Failure, Forgotten, Identity, Offered, Outcome, Pair, Provider, Term,
};
use serde::Deserialize;
use tokio::sync::OnceCell;

use super::asking::{Asked, Consented, PROVIDER, SCOPES, Secrets, delegate, not_consented, parsed};
use super::vault::{Acting, Owner, Safe, VaultPlace, VaultTokens, as_port, vault_failure};

/// How long a lost write may still land on this computer, where a write is known to be visible at once.
const LOOPBACK_SETTLE: Duration = Duration::from_secs(2);

/// Google for every connected account.
pub struct Google {
    endpoints: Endpoints,
    http: passerelle_google_transport::HttpClient,
    signer: Signer,
    safe: Safe,
    region: String,
    clock: Arc<dyn Clock>,
    counter: Arc<RequestCounter>,
    clients: Mutex<BTreeMap<String, Arc<GoogleClient>>>,
    asked: TimingAsked,
    timing: OnceCell<Timing>,
    called_off: Option<String>,
    pictures: Option<Arc<dyn Pictures>>,
}

/// What the settings say about time; nothing = as Google is known, or as a pretend one says of itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct TimingAsked {
    /// How long a written contact may stay invisible in listings.
    pub list_lag: Option<Duration>,
    /// How long a lost write may still land.
    pub settle: Option<Duration>,
    /// How many calls a minute an account gets, of each of the two services.
    pub calls_per_minute: Option<NonZeroU32>,
}

/// How this Google is treated.
#[derive(Clone, Copy, Debug)]
struct Timing {
    list_lag: Duration,
    contacts_settle: Duration,
    events_settle: Duration,
    pace: Pace,
}

/// What is asked of Google when nothing is wanted of it.
pub use passerelle_google_transport::Probe;

impl Google {
    /// Makes Google at these endpoints. Nothing is opened and nobody is called before it is needed.
    ///
    /// # Errors
    ///
    /// `CFG-101` when no HTTP client can be built: the file of the company's own certificate authorities holds none.
    pub fn new(
        endpoints: Endpoints,
        place: VaultPlace,
        region: String,
        extra_ca: Option<Vec<u8>>,
        asked: TimingAsked,
        clock: Arc<dyn Clock>,
    ) -> Outcome<Self> {
        let options = HttpOptions { extra_ca, ..HttpOptions::default() };
        let signer = options.signer.clone();
        let http = http_client(&options, &endpoints).map_err(|error| {
            let key = Failure::new(Code::Cfg101).with(Detail::Key, "network.ca_file");
            key.with(Detail::Reason, Reason::NoCertificate).because(error)
        })?;
        Ok(Google {
            endpoints,
            http,
            signer,
            safe: Safe::new(place),
            region,
            clock,
            counter: Arc::default(),
            clients: Mutex::default(),
            asked,
            timing: OnceCell::new(),
            called_off: None,
            pictures: None,
        })
    }

    /// Chooses the words before the title of an event that was called off.
    #[must_use]
    pub fn with_called_off(mut self, words: &str) -> Self {
        self.called_off = Some(words.to_owned());
        self
    }

    /// Says where the pictures are that contacts name.
    #[must_use]
    pub fn with_pictures(mut self, pictures: Arc<dyn Pictures>) -> Self {
        self.pictures = Some(pictures);
        self
    }

    /// Returns how this Google is treated: the settings win, then what a pretend Google says of itself, then what
    /// is known of the real one.
    async fn timing(&self) -> Timing {
        *self.timing.get_or_init(|| self.find_timing()).await
    }

    async fn find_timing(&self) -> Timing {
        let known = PeopleOptions::new(self.clock.clone());
        let mut timing = Timing {
            list_lag: known.read_lag,
            contacts_settle: known.settle,
            events_settle: CalendarOptions::default().settle,
            pace: Pace::default(),
        };
        if self.endpoints.is_loopback() {
            let said = pretend(&self.http, &self.endpoints).await.unwrap_or_default();
            timing.list_lag = said.list_lag;
            timing.contacts_settle = said.list_lag + LOOPBACK_SETTLE;
            timing.events_settle = LOOPBACK_SETTLE;
            if let (false, Some(any)) = (said.has_quotas, NonZeroU32::new(1_000_000)) {
                timing.pace = Pace { calendar_per_minute: any, people_per_minute: any, burst: any };
            }
        }
        if let Some(lag) = self.asked.list_lag {
            timing.contacts_settle = timing.contacts_settle.saturating_sub(timing.list_lag) + lag;
            timing.list_lag = lag;
        }
        if let Some(settle) = self.asked.settle {
            timing.contacts_settle = settle.max(timing.list_lag);
            timing.events_settle = settle;
        }
        if let Some(calls) = self.asked.calls_per_minute {
            timing.pace.calendar_per_minute = calls;
            timing.pace.people_per_minute = calls;
            timing.pace.burst = timing.pace.burst.min(calls);
        }
        timing
    }

    /// Opens the vault.
    ///
    /// # Errors
    ///
    /// Those of the vault.
    pub fn check(&self) -> Outcome<()> {
        self.safe.vault().map(drop)
    }

    /// Tells whether the vault still has the key that opened it: another command may have rotated it meanwhile.
    ///
    /// # Errors
    ///
    /// Those of the vault.
    pub fn follow(&self) -> Outcome<()> {
        self.safe.vault()?.follow().map_err(vault_failure)
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
        let mut request = ConsentRequest::new(parsed(client)?, &SCOPES);
        request.login_hint = account;
        request.limit = limit;
        request.force_prompt = again;
        request.retry = self.retry();
        let (attempt, address) = ConsentAttempt::start(self.http.clone(), self.endpoints.clone(), request)
            .await
            .map_err(not_consented)?;
        let (client, clock) = (client.to_owned(), self.clock.clone());
        Ok(Asked { attempt, address: address.into(), client, clock, key: OneTimeKey::new() })
    }

    /// Lets a service account act for a person, and asks Google who that is.
    ///
    /// # Errors
    ///
    /// `GOOG-118` for another file, `GOOG-115` where the administrator has not delegated, `GOOG-120` for a person
    /// whom Google does not know.
    pub async fn delegate(&self, key: &str, subject: &str) -> Outcome<Consented> {
        let delegate = delegate(key, subject)?;
        let tokens = self.tokens_of(delegate.clone(), self.retry());
        let (sub, email) = delegate
            .identity(&self.http, &self.endpoints, &tokens)
            .await
            .map_err(|error| Failure::of_port(Side::Remote, error).or_with(Detail::Account, subject))?;
        let client = delegate.key.project_id.clone().unwrap_or(delegate.key.client_id);
        Ok(Consented {
            identity: Identity {
                provider: PROVIDER.to_owned(),
                subject: sub,
                email,
                scopes: SCOPES.map(str::to_owned).to_vec(),
                at: self.clock.now(),
            },
            missing: Vec::new(),
            term: Term { client, ends: None },
            secrets: Secrets::Delegated(Acting {
                key: key.to_owned(),
                subject: subject.to_owned(),
                endpoint: None,
            }),
        })
    }

    /// Puts a consent's secrets into the vault, under the app user.
    ///
    /// # Errors
    ///
    /// Those of the vault.
    pub fn keep(&self, user: &str, consented: &Consented) -> Outcome<()> {
        let owner = Owner::new(user, PROVIDER, &consented.identity.subject);
        match &consented.secrets {
            Secrets::Delegated(acting) => self.safe.keep_service_account(&owner, acting)?,
            Secrets::Person { refresh_token, client } => {
                let token = StoredToken {
                    refresh_token: refresh_token.clone(),
                    granted: Some(consented.identity.at),
                    ends: consented.term.ends,
                };
                self.safe.keep(&owner, client, &token)?;
            }
        }
        self.clients.lock().unwrap_or_else(PoisonError::into_inner).clear();
        Ok(())
    }

    /// Returns the company's client that an account consented to, if the vault holds one.
    ///
    /// # Errors
    ///
    /// Those of the vault.
    pub fn known_client(&self, account: &Account) -> Outcome<Option<String>> {
        Ok(self.safe.client(&owner(account))?.map(|text| text.expose().to_owned()))
    }

    /// Tries another secret of the company's client, and keeps it once Google has accepted it.
    ///
    /// # Errors
    ///
    /// What Google says of it: the old one is kept then. `GOOG-211` when the account has no consent to keep.
    pub async fn replace_client(&self, account: &Account, client: &str) -> Outcome<()> {
        let owner = owner(account);
        let named = |error| Failure::of_port(Side::Remote, error).or_with(Detail::User, &account.user);
        if self.safe.token(&owner)?.is_none() {
            return Err(named(signed_out()));
        }
        let tokens = self.tokens(parsed(client)?, owner.clone(), self.retry()).map_err(named)?;
        tokens.access().await.map_err(named)?;
        self.safe.keep_client(&owner, client)?;
        self.clients.lock().unwrap_or_else(PoisonError::into_inner).clear();
        Ok(())
    }

    /// Asks whether Google is there at all.
    ///
    /// # Errors
    ///
    /// `NET-101` to `NET-104`.
    pub async fn probe(&self) -> Outcome<Probe> {
        probe(&self.http, &self.endpoints, &self.signer)
            .await
            .map_err(|error| Failure::of_port(Side::Remote, error))
    }

    /// Tells whether this is a pretend Google on this computer.
    pub fn is_pretend(&self) -> bool {
        self.endpoints.is_loopback()
    }

    fn tokens(&self, client: ClientSecretFile, owner: Owner, retry: RetryPolicy) -> PortResult<Tokens> {
        let vault = self.safe.vault().map_err(|failure| as_port(&failure))?;
        Ok(Tokens::new(
            self.http.clone(),
            self.endpoints.clone(),
            client,
            Arc::new(VaultTokens::new(vault, owner, self.safe.endpoint())),
            self.clock.clone(),
            retry,
            self.counter.clone(),
        ))
    }

    fn tokens_of(&self, delegate: Delegate, retry: RetryPolicy) -> Tokens {
        let (http, endpoints) = (self.http.clone(), self.endpoints.clone());
        Tokens::delegated(http, endpoints, delegate, self.clock.clone(), retry, self.counter.clone())
    }

    /// The tokens of an account, whichever way it came in.
    fn tokens_for(&self, account: &Account, retry: RetryPolicy) -> PortResult<Tokens> {
        let owner = owner(account);
        let port = |failure: Failure| as_port(&failure);
        let unusable = |failure: Failure| {
            let code = if failure.code() == Code::Goog105 { Code::Goog105 } else { Code::Goog111 };
            PortError::new(ErrorKind::Unauthenticated, "client").with_code(code)
        };
        if let Some(acting) = self.safe.service_account(&owner).map_err(port)? {
            let delegate = delegate(&acting.key, &acting.subject).map_err(unusable)?;
            return Ok(self.tokens_of(delegate, retry));
        }
        let text = self.safe.client(&owner).map_err(port)?.ok_or_else(signed_out)?;
        self.tokens(parsed(text.expose()).map_err(unusable)?, owner, retry)
    }

    fn google_client(&self, tokens: Arc<Tokens>, retry: RetryPolicy, pace: Pace) -> GoogleClient {
        let (http, endpoints) = (self.http.clone(), self.endpoints.clone());
        GoogleClient::new(http, endpoints, tokens, pace, retry, self.counter.clone())
    }

    /// The client of an account: one, so that its contacts and its calendars share tokens and pace.
    async fn client(&self, account: &Account) -> PortResult<Arc<GoogleClient>> {
        let pace = self.timing().await.pace;
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&account.id) {
            return Ok(client.clone());
        }
        let retry = self.retry();
        let client = Arc::new(self.google_client(Arc::new(self.tokens_for(account, retry)?), retry, pace));
        clients.insert(account.id.clone(), client.clone());
        Ok(client)
    }

    /// The pretend Google on this computer is back at once.
    fn retry(&self) -> RetryPolicy {
        match self.endpoints.is_loopback() {
            true => RetryPolicy { first: Duration::from_millis(50), ..RetryPolicy::default() },
            false => RetryPolicy::default(),
        }
    }
}

#[async_trait]
impl Provider for Google {
    async fn collections(&self, account: &Account) -> PortResult<Offered> {
        let granted = |scope: &str| missing_scopes(&[scope], &account.scopes).is_empty();
        let mut offered = vec![Collection {
            kind: Kind::Contacts,
            id: "contacts".to_owned(),
            name: account.email.clone(),
            primary: true,
            writable: true,
        }];
        let mut listed = None;
        let mut refused = None;
        if granted(CALENDAR_EVENTS) && granted(CALENDAR_LIST) {
            match list_calendars(&*self.client(account).await?).await {
                Ok(calendars) => listed = Some(calendars),
                Err(error) => refused = Some(error),
            }
        }
        if let Some(calendars) = listed {
            offered.extend(calendars.into_iter().map(|calendar| Collection {
                kind: Kind::Events,
                writable: calendar.access_role.may_write(),
                id: calendar.id,
                name: calendar.name,
                primary: calendar.primary,
            }));
        } else {
            // Without the list, only the calendar that every account has is known: it has the account's address
            // for its name (C2), so that it is the same calendar once the list is granted.
            offered.push(Collection {
                kind: Kind::Events,
                id: account.email.clone(),
                name: account.email.clone(),
                primary: true,
                writable: true,
            });
        }
        Ok(Offered { collections: offered, refused })
    }

    fn withheld(&self, account: &Account, kind: Kind) -> Option<&'static str> {
        let scope = match kind {
            Kind::Contacts => CONTACTS,
            Kind::Events => CALENDAR_EVENTS,
        };
        missing_scopes(&[scope], &account.scopes).first().copied()
    }

    fn way(&self, account: &Account) -> Option<String> {
        let acting = self.safe.service_account(&owner(account)).ok()??;
        Some(format!("--service-account key.json --subject {}", acting.subject))
    }

    async fn examine(&self, account: &Account) -> Vec<Examined> {
        // Nothing is repeated: whoever waits for a diagnosis wants the first answer.
        let retry = RetryPolicy { repeats: 0, ..RetryPolicy::default() };
        let tokens = match self.tokens_for(account, retry) {
            Ok(tokens) => Arc::new(tokens),
            Err(error) => return vec![Examined::new("token", Some(error))],
        };
        if let Err(error) = tokens.access().await {
            return vec![Examined::new("token", Some(error))];
        }
        let pace = self.timing().await.pace;
        let client = self.google_client(tokens.clone(), retry, pace);
        let mut found = vec![Examined::new("token", None)];
        if let Some(error) = self.shrunk(account, &tokens).await {
            found.push(Examined::new("scopes", Some(error)));
        }
        // Not needed for the main calendar; the others cannot be chosen without it.
        let has = |scope: &str| missing_scopes(&[scope], &account.scopes).is_empty();
        if has(CALENDAR_EVENTS) && !has(CALENDAR_LIST) {
            let error = PortError::new(ErrorKind::Forbidden, "scopes").with_code(Code::Goog202);
            found.push(Examined::new("scopes", Some(error.with_detail(Detail::Scope, CALENDAR_LIST))));
        }
        let calendar = Call::new(
            Api::Calendar,
            "events.list",
            http::Method::GET,
            client.endpoints().calendar(&["calendars", "primary", "events"]),
        );
        let contacts = Call::new(
            Api::People,
            "connections.list",
            http::Method::GET,
            client.endpoints().people("people/me/connections"),
        );
        for (part, kind, call) in [
            ("calendar", Kind::Events, calendar.query("maxResults", "1")),
            ("contacts", Kind::Contacts, contacts.query("pageSize", "1").query("personFields", "names")),
        ] {
            // What is withheld is told once, as such.
            if self.withheld(account, kind).is_some() {
                continue;
            }
            let answer = client.send(call).await.map_err(PortError::from);
            let counted = answer.as_ref().ok().filter(|_| kind == Kind::Contacts);
            let counted = counted.and_then(|answer| answer.json::<Counted>().ok());
            found.push(Examined::new(part, answer.err()));
            found.extend(counted.map(|counted| quota(&counted, pace)));
        }
        found
    }

    async fn contacts(&self, account: &Account, _: &Pair) -> PortResult<Arc<dyn Replica<Contact>>> {
        granted(account, CONTACTS)?;
        let mut options = PeopleOptions::new(self.clock.clone());
        options.region = Some(self.region.clone()).filter(|region| !region.is_empty());
        let timing = self.timing().await;
        (options.read_lag, options.settle) = (timing.list_lag, timing.contacts_settle);
        options.pictures.clone_from(&self.pictures);
        Ok(Arc::new(GooglePeople::new(self.client(account).await?, options)))
    }

    async fn drop_labels(&self, account: &Account, names: &[String]) -> PortResult<Vec<String>> {
        granted(account, CONTACTS)?;
        let people = GooglePeople::new(self.client(account).await?, PeopleOptions::new(self.clock.clone()));
        people.drop_labels(names).await
    }

    async fn events(
        &self,
        account: &Account,
        pair: &Pair,
        connected: &[String],
    ) -> PortResult<Arc<dyn Replica<Event>>> {
        granted(account, CALENDAR_EVENTS)?;
        let mut options =
            CalendarOptions { writable: pair.rules.creates[Side::Remote], ..CalendarOptions::default() };
        options.settle = self.timing().await.events_settle;
        options.mail_guests = pair.rules.mail_guests;
        options.decline_deleted = pair.rules.decline_deleted;
        options.elsewhere = missing_scopes(&[CALENDAR_LIST], &account.scopes).is_empty();
        options.connected = connected.to_vec();
        if let Some(words) = &self.called_off {
            options.called_off.clone_from(words);
        }
        Ok(Arc::new(GoogleCalendar::new(self.client(account).await?, &pair.collection, options)))
    }

    async fn forget(&self, account: &Account, shared: bool) -> PortResult<Forgotten> {
        let owner = owner(account);
        let port = |failure: Failure| as_port(&failure);
        self.safe.vault().map_err(port)?;
        // What does not open can still be destroyed.
        let delegated = self.safe.service_account(&owner).is_ok_and(|acting| acting.is_some());
        let revoked = match self.safe.token(&owner) {
            Ok(Some(kept)) if !shared => {
                revoke(&self.http, &self.endpoints, &kept.refresh_token, &self.retry()).await.is_ok()
            }
            _ => false,
        };
        let destroyed = self.safe.destroy(&owner).map_err(port)?;
        self.clients.lock().unwrap_or_else(PoisonError::into_inner).remove(&account.id);
        Ok(Forgotten { revoked, destroyed, shared, delegated })
    }

    fn requests(&self) -> u64 {
        self.counter.total()
    }

    fn guest_mails(&self) -> u64 {
        self.counter.may_mail()
    }
}

impl Google {
    /// What Google says now of an authorisation that covered more before.
    async fn shrunk(&self, account: &Account, tokens: &Tokens) -> Option<PortError> {
        let now = match granted_now(&self.http, &self.endpoints, tokens).await {
            Ok(now) => now,
            Err(error) => return Some(error),
        };
        let had: Vec<&str> = [CALENDAR_EVENTS, CONTACTS]
            .into_iter()
            .filter(|scope| missing_scopes(&[scope], &account.scopes).is_empty())
            .collect();
        let lost = missing_scopes(&had, &now).first().map(|scope| (*scope).to_owned())?;
        Some(
            PortError::new(ErrorKind::Forbidden, "tokeninfo")
                .with_code(Code::Goog202)
                .with_detail(Detail::Scope, lost),
        )
    }
}

/// How many contacts an account has, as a listing of them says.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Counted {
    // Left out where there are none (P21).
    #[serde(default)]
    total_items: u64,
}

/// How near an account is to the limits that can be known: Google tells nobody what is left of the others (P91).
fn quota(counted: &Counted, pace: Pace) -> Examined {
    let full = counted.total_items >= CONTACTS_MAX;
    let error = full.then(|| PortError::new(ErrorKind::Rejected, "quota").with_code(Code::Goog304));
    let mut quota = Examined::new("quota", error);
    quota.facts = vec![
        ("contacts", counted.total_items),
        ("limit", CONTACTS_MAX),
        ("calendar_per_minute", pace.calendar_per_minute.get().into()),
        ("people_per_minute", pace.people_per_minute.get().into()),
    ];
    quota
}

fn owner(account: &Account) -> Owner {
    Owner::new(&account.user, PROVIDER, &account.subject)
}

/// What its owner did not grant disables that part alone, and says so (O40).
fn granted(account: &Account, scope: &'static str) -> PortResult<()> {
    if missing_scopes(&[scope], &account.scopes).is_empty() {
        return Ok(());
    }
    Err(PortError::new(ErrorKind::Forbidden, "open")
        .with_code(Code::Goog202)
        .with_detail(Detail::Scope, scope))
}

fn signed_out() -> PortError {
    PortError::new(ErrorKind::Unauthenticated, "vault.get").with_code(Code::Goog211)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_address_book_is_a_problem_p90() {
        for (total_items, code) in [(0, None), (24_999, None), (25_000, Some(Code::Goog304))] {
            let told = quota(&Counted { total_items }, Pace::default());
            assert_eq!(told.error.and_then(|error| error.code), code, "{total_items}");
        }
    }
}
