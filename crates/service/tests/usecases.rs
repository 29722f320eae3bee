//! The use cases over strict fakes: who is bound to what, and what one failing part does to the others.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use mockall::mock;
use passerelle_calendar::Event;
use passerelle_contacts::{Contact, Email};
use passerelle_ports::{
    Clock, Code, Entry, ErrorKind, InstallationId, ItemId, Kind, Ledger, LinkId, PortError, PortResult,
    Replica, Side,
};
use passerelle_service::{
    Account, AccountState, AppUser, Became, Calendar, Choice, Collection, Company, Examined, Forecast,
    Forgotten, Found, Identity, Incoming, Item, Join, Journal, Level, LoadHow, Loadable, Loaded, Offered,
    Office, Pair, PairReport, PartOf, Progress, Provider, Purge, Put, RuleBook, Search, Silent, SyncRequest,
    TakenBack, Term, Undo, Watch, add_user, choose_pairs, disconnect, examine, forecast, import,
    note_consent, record_account, release_account, runs, status, sync, undo,
};
use passerelle_testkit::{MemLedger, MemOptions, MemReplica, TestClock, TestIds, finish};
use uuid::Uuid;

struct Books {
    contacts: Arc<MemReplica<Contact>>,
    events: Arc<MemReplica<Event>>,
}

struct FakeCompany {
    users: Mutex<Vec<AppUser>>,
    accounts: Mutex<Vec<Account>>,
    pairs: Mutex<Vec<Pair>>,
    calendars: Mutex<Vec<Calendar>>,
    memos: Mutex<BTreeMap<String, String>>,
    here: Books,
    contact_ledger: Arc<MemLedger<Contact>>,
    event_ledger: Arc<MemLedger<Event>>,
    numbers: Mutex<Vec<LinkId>>,
}

struct Nobody;

impl Watch for Nobody {
    fn begin(&self, _: &Pair) {}
    fn progress(&self) -> &dyn Progress {
        &Silent
    }
    fn end(&self, _: &PairReport) {}
}

impl Books {
    fn local(clock: &Arc<TestClock>) -> Self {
        Books {
            contacts: Arc::new(MemReplica::new(MemOptions::local(), clock.clone())),
            events: Arc::new(MemReplica::new(MemOptions::local(), clock.clone())),
        }
    }

    fn remote(clock: &Arc<TestClock>) -> Self {
        Books {
            contacts: Arc::new(MemReplica::new(MemOptions::remote(), clock.clone())),
            events: Arc::new(MemReplica::new(MemOptions::remote(), clock.clone())),
        }
    }
}

#[async_trait]
impl Company for FakeCompany {
    fn installation(&self) -> InstallationId {
        InstallationId::new("test")
    }
    async fn users(&self) -> PortResult<Vec<AppUser>> {
        Ok(self.users.lock().unwrap().clone())
    }
    async fn add_user(&self, user: &AppUser) -> PortResult<()> {
        self.users.lock().unwrap().push(user.clone());
        Ok(())
    }
    async fn accounts(&self) -> PortResult<Vec<Account>> {
        Ok(self.accounts.lock().unwrap().clone())
    }
    async fn save_account(&self, account: &Account) -> PortResult<()> {
        let mut all = self.accounts.lock().unwrap();
        all.retain(|known| known.id != account.id);
        all.push(account.clone());
        Ok(())
    }
    async fn pairs(&self) -> PortResult<Vec<Pair>> {
        Ok(self.pairs.lock().unwrap().clone())
    }
    async fn save_pair(&self, pair: &Pair) -> PortResult<()> {
        let mut all = self.pairs.lock().unwrap();
        all.retain(|known| known.id != pair.id);
        all.push(pair.clone());
        Ok(())
    }
    async fn memo(&self, name: &str) -> PortResult<Option<String>> {
        Ok(self.memos.lock().unwrap().get(name).cloned())
    }
    async fn set_memo(&self, name: &str, value: Option<&str>) -> PortResult<()> {
        let mut memos = self.memos.lock().unwrap();
        match value {
            Some(value) => memos.insert(name.to_owned(), value.to_owned()),
            None => memos.remove(name),
        };
        Ok(())
    }
    fn contacts(&self, _: &str) -> Arc<dyn Replica<Contact>> {
        self.here.contacts.clone()
    }
    async fn calendars(&self) -> PortResult<Vec<Calendar>> {
        Ok(self.calendars.lock().unwrap().clone())
    }
    async fn add_calendar(&self, owner: &str, name: &str) -> PortResult<Calendar> {
        let mut all = self.calendars.lock().unwrap();
        let (id, owner, name) = (format!("cal-{}", all.len()), owner.to_owned(), name.to_owned());
        all.push(Calendar { id, owner, name, default: false });
        Ok(all.last().unwrap().clone())
    }
    fn events(&self, _: &str, _: Option<&str>) -> Arc<dyn Replica<Event>> {
        self.here.events.clone()
    }
    fn contact_ledger(&self) -> Arc<dyn Ledger<Contact>> {
        self.contact_ledger.clone()
    }
    fn event_ledger(&self) -> Arc<dyn Ledger<Event>> {
        self.event_ledger.clone()
    }
    async fn numbers(&self, links: &[LinkId]) -> PortResult<Vec<u64>> {
        let mut known = self.numbers.lock().unwrap();
        let number = |link: &LinkId| {
            let at = known.iter().position(|known| known == link).unwrap_or_else(|| {
                known.push(*link);
                known.len() - 1
            });
            at as u64 + 1
        };
        Ok(links.iter().map(number).collect())
    }
    async fn purges(&self) -> PortResult<Vec<Purge>> {
        Ok(Vec::new())
    }
    async fn load_contacts(
        &self,
        _: Option<&str>,
        records: Vec<Loadable<Contact>>,
        how: &LoadHow,
    ) -> PortResult<Loaded<Contact>> {
        let mut loaded = Loaded::default();
        for (position, (record, _)) in (0..).zip(records) {
            let after = record.clone();
            let id = if let Some(id) = how.into.get(&position) {
                self.here.contacts.person_edits(id, |known| *known = record);
                loaded.updated += 1;
                id.clone()
            } else {
                loaded.created += 1;
                self.here.contacts.person_creates(record)
            };
            let (left_before, left_after) = Default::default();
            loaded.written.push(Put { position, id, before: None, after, left_before, left_after });
        }
        Ok(loaded)
    }
    async fn load_events(&self, _: &str, _: Vec<Loadable<Event>>, _: &LoadHow) -> PortResult<Loaded<Event>> {
        Ok(Loaded::default())
    }
    async fn take_back_contacts(
        &self,
        _: Option<&str>,
        _: Vec<Entry<Contact>>,
        _: Vec<ItemId>,
        _: Option<Journal>,
    ) -> PortResult<TakenBack> {
        Ok(TakenBack::default())
    }
    async fn take_back_events(
        &self,
        _: &str,
        _: Vec<Entry<Event>>,
        _: Vec<ItemId>,
        _: Option<Journal>,
    ) -> PortResult<TakenBack> {
        Ok(TakenBack::default())
    }
    async fn ids(&self, kind: Kind, _: &Search) -> PortResult<Vec<ItemId>> {
        let all = if kind == Kind::Contacts { self.here.contacts.alive() } else { Vec::new() };
        Ok(all.into_iter().map(|stored| stored.id).collect())
    }
    async fn list_contacts(&self, search: &Search) -> PortResult<Found<Contact>> {
        let mut all = self.here.contacts.alive();
        all.retain(|stored| search.only.is_empty() || search.only.contains(&stored.id));
        let total = all.len() as u64;
        let items = all.into_iter().skip(usize::try_from(search.skip).unwrap());
        Ok(Found {
            items: items
                .map(|stored| Item {
                    id: stored.id,
                    updated: stored.updated,
                    record: stored.record,
                    leftovers: stored.opaque.0,
                })
                .collect(),
            total,
        })
    }
    async fn list_events(&self, _: &Search) -> PortResult<Found<Event>> {
        Ok(Found { items: Vec::new(), total: 0 })
    }
    async fn get_contact(&self, id: &ItemId) -> PortResult<Option<Item<Contact>>> {
        Ok(self.here.contacts.get(id).map(|stored| Item {
            id: stored.id,
            updated: stored.updated,
            record: stored.record,
            leftovers: stored.opaque.0,
        }))
    }
    async fn get_event(&self, _: &ItemId) -> PortResult<Option<Item<Event>>> {
        Ok(None)
    }
}

mock! {
    Provider {}

    #[async_trait]
    impl Provider for Provider {
        async fn collections(&self, account: &Account) -> PortResult<Offered>;
        async fn contacts(&self, account: &Account, pair: &Pair) -> PortResult<Arc<dyn Replica<Contact>>>;
        async fn events(
            &self,
            account: &Account,
            pair: &Pair,
            connected: &[String],
        ) -> PortResult<Arc<dyn Replica<Event>>>;
        async fn examine(&self, account: &Account) -> Vec<Examined>;
        async fn forget(&self, account: &Account, shared: bool) -> PortResult<Forgotten>;
        fn requests(&self) -> u64;
        fn guest_mails(&self) -> u64;
    }
}

impl MockProvider {
    /// A provider that opens no address book.
    fn without_contacts(error: ErrorKind, code: Option<Code>) -> Self {
        let mut mock = Self::new();
        mock.expect_contacts()
            .returning(move |_, _| Err(PortError { code, ..PortError::new(error, "open") }));
        mock
    }

    fn with_contacts(mut self, there: &Books) -> Self {
        let contacts = there.contacts.clone();
        self.expect_contacts().returning(move |_, _| Ok(contacts.clone()));
        self
    }

    fn with_events(mut self, there: &Books) -> Self {
        let events = there.events.clone();
        self.expect_events().returning(move |_, _, _| Ok(events.clone()));
        self
    }

    /// What is asked of any provider.
    fn shared(mut self) -> Arc<dyn Provider> {
        self.expect_collections().returning(|_| Ok(Offered { collections: offered(), refused: None }));
        self.expect_forget().returning(|_, shared| {
            Ok(Forgotten { revoked: !shared, destroyed: true, shared, delegated: false })
        });
        self.expect_requests().return_const(0_u64);
        self.expect_guest_mails().return_const(0_u64);
        Arc::new(self)
    }
}

/// A provider that does all that is asked of it.
fn working(there: &Books) -> Arc<dyn Provider> {
    MockProvider::new().with_contacts(there).with_events(there).shared()
}

fn offered() -> Vec<Collection> {
    let one = |kind, id: &str, primary, writable| Collection {
        kind,
        id: id.to_owned(),
        name: id.to_owned(),
        primary,
        writable,
    };
    vec![
        one(Kind::Contacts, "contacts", true, true),
        one(Kind::Events, "main", true, true),
        one(Kind::Events, "holidays", false, false),
    ]
}

struct World {
    company: Arc<FakeCompany>,
    there: Books,
    office: Office,
    clock: Arc<TestClock>,
}

fn world() -> World {
    let clock = Arc::new(TestClock::new());
    let company = Arc::new(FakeCompany {
        users: Mutex::default(),
        accounts: Mutex::default(),
        pairs: Mutex::default(),
        calendars: Mutex::default(),
        memos: Mutex::default(),
        here: Books::local(&clock),
        contact_ledger: Arc::default(),
        event_ledger: Arc::default(),
        numbers: Mutex::default(),
    });
    let there = Books::remote(&clock);
    let office = Office {
        company: company.clone(),
        provider: working(&there),
        clock: clock.clone(),
        ids: Arc::new(TestIds::new(1)),
        holder: Uuid::from_u128(7),
        rules: RuleBook::default(),
        history_days: 90,
        listing_max: 1_000_000,
    };
    World { company, there, office, clock }
}

fn identity(world: &World, subject: &str) -> Identity {
    Identity {
        provider: "google".to_owned(),
        subject: subject.to_owned(),
        email: format!("{subject}@acme.example"),
        scopes: Vec::new(),
        at: world.clock.now(),
    }
}

async fn connected() -> World {
    let world = world();
    let alice = AppUser { id: "alice".into(), name: "Alice".into(), email: String::new() };
    add_user(&*world.company, &alice).await.unwrap();
    let account =
        record_account(&*world.company, &*world.office.ids, "alice", &identity(&world, "a")).await.unwrap();
    choose_pairs(&*world.company, &account, &offered(), &Choice::default()).await.unwrap();
    world
}

fn anne(uid: &str) -> Contact {
    let mut contact = Contact { uid: uid.to_owned(), ..Contact::default() };
    contact.name.given = "Anne".to_owned();
    let email = Email { address: "anne@client.example".to_owned(), ..Email::default() };
    contact.emails.insert("anne@client.example".to_owned(), email);
    contact
}

async fn run(world: &World) -> passerelle_service::SyncReport {
    world.clock.advance(std::time::Duration::from_secs(3600));
    sync(&world.office, &SyncRequest::default(), &Nobody).await.unwrap()
}

#[tokio::test]
async fn names_of_app_users_are_unique_and_typed_in_one_word() {
    let world = connected().await;
    for (name, code) in [("ALICE", Code::Use103), ("two words", Code::Use101), ("", Code::Use101)] {
        let user = AppUser { id: name.into(), name: String::new(), email: String::new() };
        assert_eq!(add_user(&*world.company, &user).await.unwrap_err().code(), code, "{name}");
    }
}

#[tokio::test]
async fn an_app_user_is_bound_to_an_account_by_its_subject() {
    let world = connected().await;
    let ids = &*world.office.ids;
    let known = world.company.accounts().await.unwrap();
    let mut renamed = identity(&world, "a");
    renamed.email = "alice.martin@acme.example".to_owned();
    let again = record_account(&*world.company, ids, "alice", &renamed).await.unwrap();
    assert_eq!(again.id, known[0].id);
    let refused = record_account(&*world.company, ids, "alice", &identity(&world, "b")).await.unwrap_err();
    assert_eq!(refused.code(), Code::Goog203);
    assert_eq!(refused.word("bound").as_deref(), Some("alice.martin@acme.example"));
    disconnect(&*world.company, &*world.office.provider, "alice").await.unwrap();
    record_account(&*world.company, ids, "alice", &identity(&world, "b")).await.unwrap();
}

#[tokio::test]
async fn the_main_calendar_and_the_contacts_are_chosen_unless_somebody_says_otherwise() {
    let world = connected().await;
    let account = world.company.accounts().await.unwrap().remove(0);
    let choose = async |calendars: &[&str], without_contacts| {
        let calendars = calendars.iter().map(|name| (*name).to_owned()).collect();
        let choice = Choice { calendars, without_contacts, ..Choice::default() };
        choose_pairs(&*world.company, &account, &offered(), &choice).await
    };
    let names: Vec<String> = choose(&[], false).await.unwrap().into_iter().map(|pair| pair.name).collect();
    assert_eq!(names, ["contacts", "main"]);
    assert!(choose(&[], false).await.unwrap().iter().all(|pair| pair.known));
    assert_eq!(choose(&["Holidays"], true).await.unwrap().len(), 1);
    let homes: Vec<Option<String>> =
        world.company.pairs().await.unwrap().into_iter().map(|pair| pair.calendar).collect();
    assert!(homes[0].is_none() && homes[1].is_some() && homes[2].is_some(), "{homes:?}");
    assert_ne!(homes[1], homes[2], "what may only be read has a calendar of its own here");
    assert_eq!(choose(&[], false).await.unwrap().len(), 3, "what was chosen stays chosen");
    assert_eq!(choose(&["nothing"], false).await.unwrap_err().code(), Code::Use111);
    assert_eq!(choose(&["main", "primary"], false).await.unwrap_err().code(), Code::Sync107);
    let pairs = world.company.pairs().await.unwrap();
    let holidays = pairs.iter().find(|pair| pair.name == "holidays").unwrap();
    assert!(!world.office.rules_of(holidays).await.unwrap().creates[Side::Remote], "it may only be read");
    assert!(pairs.iter().all(|pair| !pair.id.as_str().contains('@')));
}

#[tokio::test]
async fn one_failing_part_does_not_stop_the_others() {
    let mut world = connected().await;
    world.company.here.contacts.person_creates(anne("c-1"));
    let broken = MockProvider::without_contacts(ErrorKind::Unavailable, None);
    world.office.provider = broken.with_events(&world.there).shared();
    let report = run(&world).await;
    let codes: Vec<Option<Code>> =
        report.pairs.iter().map(|pair| pair.error.as_ref().map(|error| error.code)).collect();
    assert_eq!(codes, [Some(Code::Net101), None]);
    world.office.provider = working(&world.there);
    assert_eq!(run(&world).await.pairs[0].to_remote.create, 1);
    assert_eq!(run(&world).await.writes(), 0);
}

#[tokio::test]
async fn an_account_that_nobody_is_signed_in_to_is_asked_once_and_says_reconnect() {
    let mut world = connected().await;
    let mut asked_once = MockProvider::new();
    let refusal = |_: &Account, _: &Pair| Err(PortError::new(ErrorKind::Unauthenticated, "open"));
    asked_once.expect_contacts().once().returning(refusal);
    asked_once.expect_events().never();
    world.office.provider = asked_once.shared();
    let report = run(&world).await;
    assert!(report.pairs.iter().all(|pair| pair.error.as_ref().unwrap().code == Code::Goog205));
    let standing = status(&world.office, None).await.unwrap();
    assert_eq!(standing[0].state, Some(AccountState::Reconnect));
    world.office.provider = working(&world.there);
    run(&world).await;
    let standing = status(&world.office, None).await.unwrap();
    assert_eq!(standing[0].state, Some(AccountState::Connected));
    assert!(standing[0].pairs.iter().all(|pair| pair.last_success.is_some()));
}

#[tokio::test]
async fn a_run_is_told_in_the_history_and_can_be_taken_back() {
    let world = connected().await;
    let id = world.company.here.contacts.person_creates(anne("c-1"));
    run(&world).await;
    world.company.here.contacts.person_edits(&id, |contact| contact.notes = "new".to_owned());
    let report = run(&world).await;
    let edit = report.pairs[0].run_id.unwrap();
    let changes = passerelle_service::changes(&world.office, edit).await.unwrap();
    assert_eq!((changes.len(), changes[0].action, changes[0].side), (1, "update", Side::Remote));
    assert_eq!(changes[0].fields[0].field.as_str(), "notes");
    undo(&world.office, &Undo::Run(edit), &SyncRequest::default(), &Nobody).await.unwrap();
    run(&world).await;
    assert!(world.company.here.contacts.alive()[0].record.notes.is_empty());
    let told = runs(&world.office, Some("alice"), 50).await.unwrap();
    assert!(told.windows(2).all(|two| two[0].run_id >= two[1].run_id), "newest first");
    let missing = passerelle_service::changes(&world.office, passerelle_ports::RunId(999)).await.unwrap_err();
    assert_eq!(missing.code(), Code::Use105);
}

#[tokio::test]
async fn a_record_without_an_identifier_is_not_imported_twice() {
    let world = connected().await;
    let file = || {
        vec![
            Incoming { line: 1, nth: 0, name: String::new(), record: Ok((anne(""), None)), part_of: None },
            Incoming {
                line: 9,
                nth: 0,
                name: String::new(),
                record: Err("bad-date".to_owned()),
                part_of: None,
            },
            Incoming { line: 20, nth: 0, name: String::new(), record: Ok((anne(""), None)), part_of: None },
        ]
    };
    let how = LoadHow::default();
    let first = import(&*world.company, None, file(), &how, |_, _| ()).await.unwrap();
    assert_eq!((first.created, first.unchanged, first.bad.len()), (1, 1, 1));
    assert_eq!(first.bad[0].line, 9);
    let second = import(&*world.company, None, file(), &how, |_, _| ()).await.unwrap();
    assert_eq!((second.created, second.unchanged), (0, 2));
}

#[tokio::test]
async fn a_record_without_an_identifier_completes_the_one_that_it_is() {
    let world = connected().await;
    let one = |record: Contact| {
        vec![Incoming { line: 1, nth: 0, name: String::new(), record: Ok((record, None)), part_of: None }]
    };
    let here = || world.company.here.contacts.alive();
    let how = LoadHow::default();
    let mut known = anne("u1");
    known.notes = "rich".to_owned();
    world.company.here.contacts.person_creates(known);

    let mut more = anne("");
    more.name.surname = "Dupont".to_owned();
    let done = import(&*world.company, None, one(more.clone()), &how, |_, _| ()).await.unwrap();
    assert_eq!((done.created, done.updated, done.recognised), (0, 1, 1));
    assert_eq!(here().len(), 1);
    assert_eq!((here()[0].record.uid.as_str(), here()[0].record.notes.as_str()), ("u1", "rich"));
    assert_eq!(here()[0].record.name.surname, "Dupont");
    let again = import(&*world.company, None, one(more.clone()), &how, |_, _| ()).await.unwrap();
    assert_eq!((again.unchanged, again.recognised), (1, 0));

    // It says otherwise: a person decides.
    let otherwise = Contact { notes: "other".to_owned(), ..more.clone() };
    let done = import(&*world.company, None, one(otherwise.clone()), &how, |_, _| ()).await.unwrap();
    assert_eq!(
        (done.bad[0].reason.as_str(), done.bad[0].detail.as_str()),
        ("looks-alike", "Anne Dupont: notes")
    );
    let update = LoadHow { look_alikes: passerelle_service::LookAlikes::Update, ..LoadHow::default() };
    let done = import(&*world.company, None, one(otherwise), &update, |_, _| ()).await.unwrap();
    assert_eq!((done.updated, here().len()), (1, 1));

    // Another name is another person, who is told.
    let mut bob = anne("");
    bob.name.given = "Bob".to_owned();
    let done = import(&*world.company, None, one(bob.clone()), &how, |_, _| ()).await.unwrap();
    assert_eq!((done.created, done.beside.len()), (1, 1));

    // Two of one name and address: nothing is guessed.
    world.company.here.contacts.person_creates(Contact { notes: "twin".to_owned(), ..bob.clone() });
    bob.nicknames.insert("bobby".to_owned(), "Bobby".to_owned());
    let done = import(&*world.company, None, one(bob), &how, |_, _| ()).await.unwrap();
    assert_eq!(done.bad[0].reason, "looks-like-several");
}

#[tokio::test]
async fn a_record_that_is_here_under_another_identifier_is_told() {
    let world = connected().await;
    let one = |record: Contact| {
        vec![Incoming { line: 7, nth: 0, name: String::new(), record: Ok((record, None)), part_of: None }]
    };
    let here = || world.company.here.contacts.alive();
    world.company.here.contacts.person_creates(anne("u1"));
    let update = LoadHow { look_alikes: passerelle_service::LookAlikes::Update, ..LoadHow::default() };
    let done = import(&*world.company, None, one(anne("u2")), &update, |_, _| ()).await.unwrap();
    assert_eq!((done.created, done.updated, here().len()), (0, 1, 1));
    assert_eq!(here()[0].record.uid, "u1", "a record here keeps its identifier");

    let how = LoadHow::default();
    let done = import(&*world.company, None, one(anne("u2")), &how, |_, _| ()).await.unwrap();
    let told = &done.beside[0];
    assert_eq!((done.created, told.line, told.other.as_str(), told.twin), (1, 7, "Anne", true));
    // Another name is another person, and nothing is told twice.
    let mut bob = anne("u3");
    bob.name = passerelle_contacts::Name { given: "Bob".to_owned(), ..Default::default() };
    let done = import(&*world.company, None, one(bob), &how, |_, _| ()).await.unwrap();
    assert_eq!((done.created, done.beside.len()), (1, 0));
}

#[tokio::test]
async fn two_people_of_one_identifier_do_not_become_one() {
    let world = connected().await;
    let one = |line, change: fn(&mut Contact), rev: &str| {
        let mut record = anne("u");
        change(&mut record);
        let leftovers = (!rev.is_empty()).then(|| serde_json::json!([format!("REV:{rev}")]));
        Incoming { line, nth: 0, name: String::new(), record: Ok((record, leftovers)), part_of: None }
    };
    let bob = |record: &mut Contact| {
        record.name = passerelle_contacts::Name { given: "Bob".to_owned(), ..Default::default() };
    };
    let file = vec![
        one(1, |_| (), ""),
        one(2, bob, "20990101T000000Z"),
        one(3, |record| record.notes = "more".to_owned(), "20260105T090000Z"),
        one(4, |record| record.notes = "other".to_owned(), ""),
        one(5, |record| record.notes = "before".to_owned(), "20250105T090000Z"),
    ];
    let done = import(&*world.company, None, file, &LoadHow::default(), |_, _| ()).await.unwrap();
    let told: Vec<_> =
        done.bad.iter().map(|bad| (bad.line, bad.reason.as_str(), bad.detail.as_str())).collect();
    assert_eq!(told, [(2, "duplicate", "#1"), (4, "duplicate", "#1")]);
    assert_eq!(done.older.iter().map(|older| older.line).collect::<Vec<_>>(), [5]);
}

#[tokio::test]
async fn a_part_is_put_into_what_it_belongs_to() {
    let world = connected().await;
    let part = |line, uid: &str, note: &'static str| {
        let join = move |(whole, _): &mut Loadable<Contact>| match note {
            "bad" => Err("bad-date".to_owned()),
            "other" => Ok(Became::Not),
            note => {
                whole.notes.push_str(note);
                Ok(Became::Into)
            }
        };
        let (join, uid_of_whole) = (Join::Alone(Arc::new(join)), uid.to_owned());
        let (names, asked) = (Vec::new(), Vec::new());
        let part_of = Some(PartOf { uid: uid_of_whole, names, asked, join, alone: None });
        Incoming {
            line,
            nth: 0,
            name: String::new(),
            record: Ok((anne(&format!("{uid}-{line}")), None)),
            part_of,
        }
    };
    let whole =
        Incoming { line: 1, nth: 0, name: String::new(), record: Ok((anne("w"), None)), part_of: None };
    import(&*world.company, None, [whole], &LoadHow::default(), |_, _| ()).await.unwrap();
    let parts = vec![
        part(2, "w", "a"),
        part(3, "w", "b"),
        part(4, "w", "bad"),
        part(5, "w", "other"),
        part(6, "x", "c"),
    ];
    let report = import(&*world.company, None, parts, &LoadHow::default(), |_, _| ()).await.unwrap();
    assert_eq!(report.joined, 2);
    assert_eq!(
        (report.alone.iter().map(|lone| lone.line).collect::<Vec<_>>(), report.bad.len(), report.bad[0].line),
        (vec![5, 6], 1, 4)
    );
    let mut found = false;
    let all = passerelle_service::each::<Contact>(&*world.company, None, |item| {
        found |= item.record.uid == "w" && item.record.notes == "ab";
        true
    });
    assert!(all.await.unwrap() > 0 && found);
}

#[test]
fn a_dry_run_writes_nothing() {
    let report = finish(async {
        let world = connected().await;
        world.company.here.contacts.person_creates(anne("c-1"));
        let request = SyncRequest { dry_run: true, ..SyncRequest::default() };
        let report = sync(&world.office, &request, &Nobody).await.unwrap();
        assert!(world.there.contacts.alive().is_empty());
        report
    })
    .unwrap();
    assert_eq!(report.pairs[0].to_remote.create, 1);
    assert_eq!(report.pairs[0].plan[0].action, "create");
}

async fn account(world: &World) -> Account {
    world.company.accounts().await.unwrap().remove(0)
}

fn term(ends: Option<chrono::DateTime<chrono::Utc>>) -> Term {
    Term { client: "project".to_owned(), ends }
}

fn days(days: u64) -> std::time::Duration {
    std::time::Duration::from_secs(days * 24 * 3600)
}

#[tokio::test]
async fn an_end_is_foretold_from_googles_word_or_from_another_death_and_from_nothing_else() {
    let mut world = connected().await;
    let company = &*world.company.clone();
    let account = account(&world).await;
    assert_eq!(forecast(company, &account).await.unwrap(), None);
    let ends = world.clock.now() + chrono::Duration::days(7);
    note_consent(company, &account, &term(Some(ends))).await.unwrap();
    assert_eq!(forecast(company, &account).await.unwrap(), Some(Forecast { ends, told: true }));
    // Google does not limit the next one: the project was published.
    note_consent(company, &account, &term(None)).await.unwrap();
    assert_eq!(forecast(company, &account).await.unwrap(), None);
    // One that dies on its seventh day is evidence against all of the same client.
    let dead = MockProvider::without_contacts(ErrorKind::Unauthenticated, Some(Code::Goog204));
    world.office.provider = dead.shared();
    run(&world).await;
    let foretold = forecast(company, &account).await.unwrap().unwrap();
    assert_eq!((foretold.ends, foretold.told), (account.authorised + chrono::Duration::days(7), false));
    // And one that outlives it is evidence to the contrary.
    world.office.provider = working(&world.there);
    world.clock.advance(days(8));
    run(&world).await;
    assert_eq!(forecast(company, &account).await.unwrap(), None);
}

#[tokio::test]
async fn the_doctor_tells_each_part_of_an_account_and_goes_on() {
    let mut world = connected().await;
    let bob = AppUser { id: "bob".into(), name: "Bob".into(), email: String::new() };
    add_user(&*world.company, &bob).await.unwrap();
    let mut examined = MockProvider::new();
    examined.expect_examine().once().returning(|account| {
        assert_eq!(account.state, AccountState::Connected);
        let error = PortError::new(ErrorKind::Unavailable, "open");
        let parts = [("token", None), ("contacts", Some(error)), ("calendar", None)];
        parts.map(|(part, error)| Examined::new(part, error)).into()
    });
    world.office.provider = examined.shared();
    let found = examine(&world.office, None).await.unwrap();
    let seen: Vec<(&str, &str, Level)> =
        found.iter().map(|one| (one.user.as_deref().unwrap(), one.area, one.level)).collect();
    assert_eq!(
        seen,
        [
            ("alice", "token", Level::Good),
            ("alice", "contacts", Level::Problem),
            ("alice", "calendar", Level::Good),
            ("alice", "scopes", Level::Good),
            ("alice", "authorisation", Level::Good),
            ("bob", "token", Level::Warning),
        ]
    );
    let problem = found[1].problem.as_ref().unwrap();
    assert_eq!(problem.code, Code::Net101);
    assert!(examine(&world.office, Some("carol")).await.is_err());
}

#[tokio::test]
async fn another_account_leaves_the_old_pairs_standing_and_deletes_nothing() {
    let world = connected().await;
    let company = &*world.company;
    let old = account(&world).await;
    release_account(company, &old).await.unwrap();
    let new = record_account(company, &*world.office.ids, "alice", &identity(&world, "b")).await.unwrap();
    choose_pairs(company, &new, &offered(), &Choice::default()).await.unwrap();
    let pairs = company.pairs().await.unwrap();
    assert_eq!(pairs.len(), 4);
    for pair in &pairs {
        assert_eq!(pair.enabled, pair.account == new.id, "{pair:?}");
    }
    // Back to the old one: its pairs, its links and its history go on.
    release_account(company, &new).await.unwrap();
    let back = record_account(company, &*world.office.ids, "alice", &identity(&world, "a")).await.unwrap();
    assert_eq!(back.id, old.id);
    choose_pairs(company, &back, &offered(), &Choice::default()).await.unwrap();
    let pairs = company.pairs().await.unwrap();
    assert_eq!(pairs.len(), 4);
    assert!(pairs.iter().all(|pair| pair.enabled == (pair.account == old.id)));
}
