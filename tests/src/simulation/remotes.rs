//! The remotes of two app users: in memory, or at the pretend Google behind the real adapters; and what people do
//! there with their telephones.

use std::{
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use passerelle_calendar::{Event, Start};
use passerelle_contacts::{Contact, Email, Phone, email_key, phone_key, text_key};
use passerelle_google_calendar::{CalendarOptions, GoogleCalendar};
use passerelle_google_people::{GooglePeople, Options};
use passerelle_google_sim::{Sim, SimOptions};
use passerelle_google_transport::{
    CALENDAR_EVENTS, CALENDAR_LIST, CONTACTS, ClientSecretFile, Endpoints, GoogleClient, HttpOptions, Pace,
    RequestCounter, RetryPolicy, StoredToken, TokenStore, Tokens, http_client,
};
use passerelle_ports::{Clock, ItemId, PortResult, Replica};
use passerelle_testkit::{MemOptions, MemReplica, TestClock};
use serde_json::{Value, json};
use url::Url;

use super::product::{
    Extra, PICTURED, Shown, UNDER, USERS, joined, joined_sorted, shown_contact, shown_event,
};

/// One word typed into one field of one item.
pub struct Typed {
    pub id: String,
    pub field: &'static str,
    pub word: String,
}

pub enum Remotes {
    Memory { contacts: Vec<Arc<MemReplica<Contact>>>, events: Vec<Arc<MemReplica<Event>>> },
    Google(Box<Google>),
}

pub struct Google {
    pub sim: Sim,
    clock: Arc<TestClock>,
    pub clients: Vec<Arc<GoogleClient>>,
    adapters: Mutex<Vec<Adapters>>,
    counters: Vec<Arc<RequestCounter>>,
}

/// The adapters of one app user, as one process has them.
#[derive(Clone)]
struct Adapters {
    people: Arc<GooglePeople>,
    calendar: Arc<GoogleCalendar>,
}

impl Adapters {
    fn new(client: &Arc<GoogleClient>, clock: &Arc<TestClock>) -> Adapters {
        let settle = Duration::from_secs(2 * LAG);
        let options = Options {
            region: Some("FR".into()),
            read_lag: Duration::from_secs(LAG),
            settle,
            page_size: 3,
            ..Options::new(clock.clone() as Arc<dyn Clock>)
        };
        let people = Arc::new(GooglePeople::new(client.clone(), options));
        let options = CalendarOptions { settle, page_size: 4, ..CalendarOptions::default() };
        Adapters { people, calendar: Arc::new(GoogleCalendar::new(client.clone(), "primary", options)) }
    }
}

/// For how many seconds contacts may be read as they were.
pub const LAG: u64 = 20;

/// A refresh token that never changes.
struct Given(StoredToken);

#[async_trait]
impl TokenStore for Given {
    async fn load(&self) -> PortResult<Option<StoredToken>> {
        Ok(Some(self.0.clone()))
    }
    async fn save(&self, _: &StoredToken) -> PortResult<()> {
        Ok(())
    }
}

pub fn account(user: usize) -> String {
    format!("{}@acme.example", USERS[user])
}

impl Remotes {
    pub fn new(seed: u64, google: bool, clock: Arc<TestClock>) -> Option<Remotes> {
        if google {
            return Google::new(seed, clock).map(|google| Remotes::Google(Box::new(google)));
        }
        let contacts = (0..2).map(|user| {
            let names = MemOptions { client_ids: false, marks_deletes: true, ..MemOptions::remote() };
            let options = MemOptions { seed: seed + user, ..names };
            Arc::new(MemReplica::new(options, clock.clone() as Arc<dyn Clock>))
        });
        let contacts = contacts.collect();
        let events = (0..2).map(|user| {
            let lag = Duration::ZERO;
            let options =
                MemOptions { seed: seed + 7 + user, client_ids: true, read_lag: lag, ..MemOptions::remote() };
            Arc::new(MemReplica::new(options, clock.clone() as Arc<dyn Clock>))
        });
        Some(Remotes::Memory { contacts, events: events.collect() })
    }

    pub fn contacts(&self, user: usize) -> Arc<dyn Replica<Contact>> {
        match self {
            Remotes::Memory { contacts, .. } => contacts[user].clone(),
            Remotes::Google(google) => google.adapters(user).people,
        }
    }

    pub fn events(&self, user: usize) -> Arc<dyn Replica<Event>> {
        match self {
            Remotes::Memory { events, .. } => events[user].clone(),
            Remotes::Google(google) => google.adapters(user).calendar,
        }
    }

    /// From now on contacts are shown as they were so many seconds ago, or, in memory, so many states in a hundred are
    /// old ones.
    pub fn set_stale(&self, seconds: u64) {
        match self {
            Remotes::Memory { contacts, .. } => {
                for book in contacts {
                    book.set_stale(seconds * 10);
                    book.set_lists_stale(seconds * 10);
                }
            }
            Remotes::Google(google) => google.sim.with(|core| {
                let seconds = u32::try_from(seconds).unwrap_or(0);
                let knobs = core.knobs_mut();
                (knobs.people_stale_read_seconds, knobs.people_list_lag_seconds) = (seconds, seconds);
            }),
        }
    }

    /// The next run is a process of its own: it has adapters that remember nothing.
    pub fn restart(&self) {
        if let Remotes::Google(google) = self {
            let fresh = google.clients.iter().map(|client| Adapters::new(client, &google.clock)).collect();
            *google.adapters.lock().unwrap_or_else(PoisonError::into_inner) = fresh;
        }
    }

    /// Time passes at the provider too.
    pub fn pass(&self, seconds: u64) {
        if let Remotes::Google(google) = self {
            google.pass(seconds);
        }
    }

    /// The provider's clock is set to ours.
    pub fn at(&self, clock: &TestClock) {
        if let Remotes::Google(google) = self {
            google.sim.with(|core| core.set_now(clock.now()));
        }
    }

    /// How many mails guests got, or might have got.
    pub fn mails(&self) -> Option<u64> {
        let Remotes::Google(google) = self else { return None };
        let sent = google.sim.with(|core| core.mails().len() as u64);
        Some(google.might_mail() + sent)
    }

    /// What stands there, read from the provider's own state, not through the adapter.
    /// In the order of names: requests that are under way at once arrive in any order.
    pub fn shown(&self, user: usize, contacts: bool) -> Vec<(String, Shown)> {
        let mut shown = self.unsorted(user, contacts);
        shown.sort_by(|(_, one), (_, other)| one.cmp(other));
        shown
    }

    fn unsorted(&self, user: usize, contacts: bool) -> Vec<(String, Shown)> {
        match self {
            Remotes::Memory { contacts: book, .. } if contacts => {
                let alive = book[user].alive().into_iter();
                alive.map(|stored| (stored.id.to_string(), shown_contact(&stored.record))).collect()
            }
            Remotes::Memory { events, .. } => {
                let alive = events[user].alive().into_iter();
                alive.map(|stored| (stored.id.to_string(), shown_event(&stored.record))).collect()
            }
            Remotes::Google(google) => google.shown(user, contacts),
        }
    }

    pub fn enter(&self, user: usize, contacts: bool, who: &str, word: &str) {
        match self {
            Remotes::Memory { contacts: book, .. } if contacts => {
                let mut contact = Contact { notes: word.into(), ..Contact::default() };
                contact.name.given = "Phone".into();
                contact.name.surname = format!("N{who}");
                let address = format!("{who}@x.example");
                contact.emails.insert(email_key(&address), Email { address, ..Email::default() });
                book[user].person_creates(contact);
            }
            Remotes::Memory { events, .. } => {
                let local = "2026-03-28T10:00:00".parse().ok();
                let start = local.map(|local| Start::Zoned { local, zone: "Europe/Paris".into() });
                let duration = passerelle_calendar::Duration::seconds(1800);
                events[user].person_creates(Event {
                    title: who.into(),
                    description: word.into(),
                    start,
                    duration,
                    ..Event::default()
                });
            }
            Remotes::Google(google) if contacts => {
                let person = json!({
                    "names": [{"givenName": "Phone", "familyName": format!("N{who}")}],
                    "emailAddresses": [{"value": format!("{who}@x.example")}],
                    "biographies": [{"value": word, "contentType": "TEXT_PLAIN"}],
                });
                google.ask(user, "POST", "/v1/people:createContact?personFields=names", &person);
            }
            Remotes::Google(google) => {
                let at = |hour: u32| json!({"dateTime": format!("2026-03-28T{hour:02}:00:00"), "timeZone": "Europe/Paris"});
                let event = json!({"summary": who, "description": word, "start": at(10), "end": at(11)});
                google.ask(user, "POST", EVENTS, &event);
            }
        }
    }

    /// Types a word; returns whether it stands.
    pub fn edit(&self, user: usize, contacts: bool, typed: &Typed) -> bool {
        let Typed { id, field, word } = typed;
        let item = ItemId::new(id.as_str());
        match self {
            Remotes::Memory { contacts: book, .. } if contacts => {
                let edit = |contact: &mut Contact| match *field {
                    "notes" => contact.notes.clone_from(word),
                    _ => contact.organization.title.clone_from(word),
                };
                book[user].person_edits(&item, edit).is_some()
            }
            Remotes::Memory { events, .. } => {
                let edit = |event: &mut Event| match *field {
                    "location" => event.location.clone_from(word),
                    _ => event.description.clone_from(word),
                };
                events[user].person_edits(&item, edit).is_some()
            }
            Remotes::Google(google) if contacts => {
                let dump = google.people_of(user);
                let Some(person) = dump.into_iter().find(|person| person["resourceName"] == id.as_str())
                else {
                    return false;
                };
                let (member, value) = if *field == "notes" {
                    ("biographies", json!([{"value": word, "contentType": "TEXT_PLAIN"}]))
                } else {
                    let name = person["organizations"][0]["name"].clone();
                    ("organizations", json!([{"name": name, "title": word}]))
                };
                google.patch(user, id, member, &value)
            }
            Remotes::Google(google) => {
                google.ask(user, "PATCH", &format!("{EVENTS}/{id}"), &json!({ *field: word })).is_some()
            }
        }
    }

    /// Changes a contact's numbers and their order, its entries, its labels, or its picture; returns whether entries
    /// were taken.
    pub fn embellish(&self, user: usize, id: &str, what: &Extra) -> bool {
        match self {
            Remotes::Memory { contacts, .. } => {
                embellish(&contacts[user], &ItemId::new(id), what);
                true
            }
            Remotes::Google(google) => google.embellish(user, id, what),
        }
    }

    pub fn delete(&self, user: usize, contacts: bool, id: &str) {
        let item = ItemId::new(id);
        match self {
            Remotes::Memory { contacts: book, .. } if contacts => drop(book[user].person_deletes(&item)),
            Remotes::Memory { events, .. } => drop(events[user].person_deletes(&item)),
            Remotes::Google(google) if contacts => {
                google.ask(user, "DELETE", &format!("/v1/{id}:deleteContact"), &Value::Null);
            }
            Remotes::Google(google) => {
                google.ask(user, "DELETE", &format!("{EVENTS}/{id}"), &Value::Null);
            }
        }
    }
}

fn embellish(book: &MemReplica<Contact>, item: &ItemId, what: &Extra) {
    if let Extra::Rename(old, new) = what {
        for stored in book.alive() {
            if stored.record.groups.contains_key(&text_key(old)) {
                book.person_edits(&stored.id, |contact| {
                    contact.groups.remove(&text_key(old));
                    contact.groups.insert(text_key(new), new.clone());
                });
            }
        }
        return;
    }
    book.person_edits(item, |contact| {
        let numbers = contact.order.of("phones", &contact.phones);
        let mut numbers: Vec<String> = numbers.into_iter().map(|(key, _)| key.clone()).collect();
        match what {
            Extra::Number(number) => {
                let key = phone_key(number, Some("FR"));
                contact.phones.insert(key.clone(), Phone { number: number.clone(), ..Phone::default() });
                numbers.push(key);
            }
            Extra::LastFirst => {
                if let Some(last) = numbers.pop() {
                    numbers.insert(0, last);
                }
            }
            Extra::Label(name) => drop(contact.groups.insert(text_key(name), name.clone())),
            Extra::Unlabel(name) => drop(contact.groups.remove(&text_key(name))),
            // Where a provider names entries by their label, which is Google.
            Extra::Entry(_) | Extra::Edited(..) | Extra::Gone(_) | Extra::Rename(..) => {}
            Extra::Picture(letters) => {
                let name = |letters: &String| format!("https://pictures.example/{letters}.png");
                contact.photo = letters.as_ref().map(name).unwrap_or_default();
            }
        }
        contact.order.keep("phones", numbers);
    });
}

/// What a telephone may do.
const PHONE: [&str; 2] = ["https://www.googleapis.com/auth/calendar", CONTACTS];
const EVENTS: &str = "/calendar/v3/calendars/primary/events";

impl Google {
    pub fn new(seed: u64, clock: Arc<TestClock>) -> Option<Google> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let accounts: Vec<String> = (0..2).map(account).collect();
        let options =
            SimOptions { seed, accounts, now: Some(clock.now()), frozen: true, ..SimOptions::default() };
        let sim = Sim::start_in_thread(options).ok()?;
        let endpoints = Endpoints::overridden(&Url::parse(sim.url()).ok()?).ok()?;
        let http = http_client(&HttpOptions::default(), &endpoints).ok()?;
        let scopes = [CONTACTS, CALENDAR_EVENTS, CALENDAR_LIST];
        let retry =
            RetryPolicy { repeats: 0, first: Duration::from_millis(1), longest: Duration::from_millis(1) };
        let fast = NonZeroU32::new(1_000_000)?;
        let (mut clients, mut counters) = (Vec::new(), Vec::new());
        for user in 0..2 {
            let (_, refresh) = sim.with(|core| core.issue_token(&account(user), "client", &scopes));
            let stored = StoredToken { refresh_token: refresh.into(), granted: None, ends: None };
            let counter = Arc::new(RequestCounter::default());
            let secret = ClientSecretFile::parse(r#"{"installed":{"client_id":"client"}}"#).ok()?;
            let made = Tokens::new(
                http.clone(),
                endpoints.clone(),
                secret,
                Arc::new(Given(stored)),
                clock.clone() as Arc<dyn Clock>,
                retry,
                counter.clone(),
            );
            let pace = Pace { calendar_per_minute: fast, people_per_minute: fast, burst: fast };
            let client = GoogleClient::new(
                http.clone(),
                endpoints.clone(),
                Arc::new(made),
                pace,
                retry,
                counter.clone(),
            );
            clients.push(Arc::new(client));
            counters.push(counter);
        }
        let adapters = clients.iter().map(|client| Adapters::new(client, &clock)).collect();
        Some(Google { sim, clock, clients, adapters: Mutex::new(adapters), counters })
    }

    fn adapters(&self, user: usize) -> Adapters {
        self.adapters.lock().unwrap_or_else(PoisonError::into_inner)[user].clone()
    }

    /// Time passes at the provider too.
    pub fn pass(&self, seconds: u64) {
        let by = chrono::TimeDelta::seconds(i64::try_from(seconds).unwrap_or(0));
        self.sim.with(|core| core.advance(by));
    }

    /// How many requests of ours might have mailed guests.
    pub fn might_mail(&self) -> u64 {
        self.counters.iter().map(|counter| counter.may_mail()).sum()
    }

    fn ask(&self, user: usize, verb: &str, path: &str, body: &Value) -> Option<Value> {
        self.ask_as(&account(user), verb, path, body)
    }

    /// A request of somebody's telephone; `None` = refused.
    pub fn ask_as(&self, account: &str, verb: &str, path: &str, body: &Value) -> Option<Value> {
        // Hours pass between two gestures: a telephone renews its token.
        let (token, _) = self.sim.with(|core| core.issue_token(account, "phone", &PHONE));
        let headers = [
            ("authorization".to_owned(), format!("Bearer {token}")),
            ("content-type".to_owned(), "application/json".to_owned()),
        ];
        let bytes = if body.is_null() { Vec::new() } else { serde_json::to_vec(body).ok()? };
        let verb: http::Method = verb.parse().ok()?;
        let answer = self.sim.with(|core| core.handle(&verb, path, &headers, &bytes));
        (200..300).contains(&answer.status).then(|| serde_json::from_slice(&answer.body).unwrap_or_default())
    }

    fn book_of(&self, user: usize) -> Value {
        self.sim.with(|core| core.dump())["contacts"][account(user)].clone()
    }

    fn people_of(&self, user: usize) -> Vec<Value> {
        self.book_of(user)["contacts"].as_array().cloned().unwrap_or_default()
    }

    /// Writes one member of a contact; returns whether it was taken.
    fn patch(&self, user: usize, id: &str, member: &str, value: &Value) -> bool {
        let read = self.ask(user, "GET", &format!("/v1/{id}?personFields=metadata"), &Value::Null);
        let Some(read) = read else { return false };
        let body = json!({"etag": read["etag"], member: value});
        let path = format!("/v1/{id}:updateContact?updatePersonFields={member}");
        self.ask(user, "PATCH", &path, &body).is_some()
    }

    fn embellish(&self, user: usize, id: &str, what: &Extra) -> bool {
        let book = self.book_of(user);
        let group_of = |wanted: &str| {
            let mut groups = book["contactGroups"].as_array().into_iter().flatten();
            let is_it = |group: &&Value| group["name"] == wanted && group["deleted"] == false;
            groups.find(is_it).and_then(|group| group["resourceName"].as_str()).map(str::to_owned)
        };
        let members = |group: &str, verb: &str| {
            let path = format!("/v1/{group}/members:modify");
            self.ask(user, "POST", &path, &json!({ format!("resourceNamesTo{verb}"): [id] }));
        };
        let numbers = || {
            let people = book["contacts"].as_array().into_iter().flatten();
            let person = people.into_iter().find(|person| person["resourceName"] == id);
            let numbers = person.and_then(|person| person["phoneNumbers"].as_array()).into_iter().flatten();
            numbers.map(|number| json!({ "value": number["value"] })).collect::<Vec<_>>()
        };
        match what {
            Extra::Number(number) => {
                let mut numbers = numbers();
                numbers.push(json!({ "value": number }));
                self.patch(user, id, "phoneNumbers", &json!(numbers));
            }
            Extra::LastFirst => {
                let mut numbers = numbers();
                if let Some(last) = numbers.pop() {
                    numbers.insert(0, last);
                }
                self.patch(user, id, "phoneNumbers", &json!(numbers));
            }
            Extra::Label(name) => {
                let made = || {
                    let body = json!({ "contactGroup": { "name": name } });
                    let group = self.ask(user, "POST", "/v1/contactGroups", &body)?;
                    group["resourceName"].as_str().map(str::to_owned)
                };
                if let Some(group) = group_of(name).or_else(made) {
                    members(&group, "Add");
                }
            }
            Extra::Unlabel(name) => group_of(name).iter().for_each(|group| members(group, "Remove")),
            Extra::Rename(old, new) => {
                if let Some(group) = group_of(old) {
                    let body = json!({ "contactGroup": { "name": new } });
                    self.ask(user, "PUT", &format!("/v1/{group}"), &body);
                }
            }
            Extra::Entry(_) | Extra::Edited(..) | Extra::Gone(_) => {
                let people = book["contacts"].as_array().into_iter().flatten();
                let person = people.into_iter().find(|person| person["resourceName"] == id);
                let entries =
                    person.and_then(|person| person["userDefined"].as_array()).into_iter().flatten();
                let entry = |value: &Value| json!({ "key": UNDER, "value": value });
                let mut entries: Vec<Value> = entries.map(|one| entry(&one["value"])).collect();
                match what {
                    Extra::Edited(old, new) => {
                        let of = entries.iter_mut().filter(|one| one["value"] == old.as_str());
                        of.for_each(|one| *one = entry(&json!(new)));
                    }
                    Extra::Gone(old) => entries.retain(|one| one["value"] != old.as_str()),
                    Extra::Entry(word) => entries.push(entry(&json!(word))),
                    _ => {}
                }
                return self.patch(user, id, "userDefined", &json!(entries));
            }
            Extra::Picture(Some(letters)) => {
                let body = json!({ "photoBytes": Extra::picture(letters) });
                self.ask(user, "PATCH", &format!("/v1/{id}:updateContactPhoto"), &body);
            }
            Extra::Picture(None) => {
                self.ask(user, "DELETE", &format!("/v1/{id}:deleteContactPhoto"), &Value::Null);
            }
        }
        true
    }

    fn shown(&self, user: usize, contacts: bool) -> Vec<(String, Shown)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        if contacts {
            let book = self.book_of(user);
            let groups = book["contactGroups"].as_array().cloned().unwrap_or_default();
            let labels = |person: &Value| {
                let of: Vec<&Value> = person["memberships"].as_array().into_iter().flatten().collect();
                let own = groups.iter().filter(|group| of.contains(&&group["resourceName"]));
                joined_sorted(own.map(|group| text(&group["name"])))
            };
            let numbers = |person: &Value| {
                let numbers = person["phoneNumbers"].as_array().into_iter().flatten();
                joined(numbers.map(|number| text(&number["value"])))
            };
            let people = book["contacts"].as_array().cloned().unwrap_or_default();
            return people
                .iter()
                .map(|person| {
                    let words = [
                        ("notes", text(&person["biographies"][0]["value"])),
                        ("organization", text(&person["organizations"][0]["name"])),
                        ("job_title", text(&person["organizations"][0]["title"])),
                        ("numbers", numbers(person)),
                        ("labels", labels(person)),
                        ("entries", {
                            let entries = person["userDefined"].as_array().into_iter().flatten();
                            joined_sorted(entries.map(|entry| text(&entry["value"])))
                        }),
                        (
                            "picture",
                            if person["photo"].is_null() { String::new() } else { PICTURED.to_owned() },
                        ),
                    ];
                    let who = text(&person["emailAddresses"][0]["value"]);
                    let who = who.trim_end_matches("@x.example").to_owned();
                    (text(&person["resourceName"]), Shown { who, words: words.into() })
                })
                .collect();
        }
        let state = self.sim.with(|core| core.dump());
        let events = state["calendars"][account(user)]["events"].as_array().cloned().unwrap_or_default();
        events
            .iter()
            .filter(|event| event.get("recurringEventId").is_none() && event["status"] != "cancelled")
            .map(|event| {
                let at = chrono::DateTime::parse_from_rfc3339(&text(&event["start"]["dateTime"]));
                let at = at.map(|at| at.with_timezone(&chrono::Utc).to_rfc3339()).unwrap_or_default();
                let zone = text(&event["start"]["timeZone"]);
                let lines = event["recurrence"].as_array().cloned().unwrap_or_default();
                let rules: Vec<String> =
                    lines.iter().map(|line| text(line).trim_start_matches("RRULE:").to_owned()).collect();
                let guests = event["attendees"].as_array().cloned().unwrap_or_default();
                let guests: Vec<String> = guests.iter().map(|guest| text(&guest["email"])).collect();
                let words = [
                    ("description", text(&event["description"])),
                    ("location", text(&event["location"])),
                    ("start", at),
                    ("zone", zone),
                    ("rules", rules.join(";")),
                    ("guests", guests.join(";")),
                ];
                (text(&event["id"]), Shown { who: text(&event["summary"]), words: words.into() })
            })
            .collect()
    }
}
