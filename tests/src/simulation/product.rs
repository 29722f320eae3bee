//! The product as it is shipped, below the commands: the company's tables and the ledger in SQLite, two app
//! users with a pair of contacts and a pair of appointments each, over replicas in memory or over the real
//! Google adapters and the pretend Google. Zones, series, guests, the quota and the sign-in are here.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Deref,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use passerelle_calendar::{Event, Start};
use passerelle_contacts::Contact;
use passerelle_engine::{Approval, Engine, EngineError, PairSettings, RunReport, Silent};
use passerelle_google_sim::faults::Faults;
use passerelle_ports::{
    Clock, EntriesOf, From, Ids, InstallationId, Ledger, Next, PairId, Record, Replica, Side, Sides, Slice,
    Stored,
};
use passerelle_sql_store::{NewUser, SqlLedger, SqlReplica, Store, StoreOptions, UserId};
use passerelle_sync_rules::{Digest, Limits, Policy, Rules};
use passerelle_testkit::{Faulty, FaultyLedger, Rng, TestIds};
use serde_json::json;
use uuid::Uuid;

use super::{
    Verdict,
    chance::Luck,
    drive::drive,
    remotes::{LAG, Remotes, Typed, account},
};

/// The app users.
pub const USERS: [&str; 2] = ["anne", "bob"];
/// How many steps a history has at least.
const STEPS: u64 = 200;
/// The file of the company's database.
pub const DATABASE: &str = "company.sqlite";
/// What turns the tables into those of the release before: the newest migrations, taken back.
const RELEASE_BEFORE: &str = concat!(
    include_str!("../../../crates/adapters/sql-store/migrations/2026-11-25-000004_former_users/down.sql"),
    include_str!("../../../crates/adapters/sql-store/migrations/2026-11-25-000003_review/down.sql"),
    "DELETE FROM __diesel_schema_migrations WHERE version IN ('20261125000004', '20261125000003');",
);
/// How many rounds the calm phase may need, beside approvals.
const ROUNDS: usize = 8;

/// What stands in a record, for a judge: its name, and the words in the fields that people edit.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shown {
    pub who: String,
    pub words: BTreeMap<&'static str, String>,
}

/// The labels that people begin with.
const LABELS: [&str; 2] = ["Clients", "Suppliers"];

/// The label that several entries of a contact have.
pub const UNDER: &str = "Number";

/// What is changed of a contact beside its words.
#[derive(Debug)]
pub enum Extra {
    /// It has one more telephone number, which comes last.
    Number(String),
    /// The last number becomes the first.
    LastFirst,
    Label(String),
    Unlabel(String),
    /// A label, with all who have it, gets another name.
    Rename(String, String),
    /// One more entry under the label that all of them have.
    Entry(String),
    /// An entry becomes another one.
    Edited(String, String),
    Gone(String),
    /// It has this picture from now on, by the letters that it ends with, or none.
    Picture(Option<String>),
}

impl Extra {
    /// Returns the bytes of a picture that is none but begins as such, as base64.
    pub fn picture(letters: &str) -> String {
        format!("iVBORw0KGgoA{letters}")
    }

    /// Returns what the company's program does.
    fn sql(&self, id: &str) -> String {
        match self {
            Extra::Number(number) => format!(
                "INSERT INTO contact_phones (contact_id, number, ordinal)
                 SELECT '{id}', '{number}', 1 + coalesce(max(ordinal), 0) FROM contact_phones WHERE contact_id = '{id}';"
            ),
            Extra::LastFirst => format!(
                "UPDATE contact_phones SET ordinal =
                     (SELECT min(ordinal) - 1 FROM contact_phones WHERE contact_id = '{id}')
                 WHERE id = (SELECT id FROM contact_phones WHERE contact_id = '{id}' ORDER BY ordinal DESC, id DESC LIMIT 1);"
            ),
            Extra::Label(name) => format!(
                "INSERT OR IGNORE INTO contact_groups (name) VALUES ('{name}');
                 INSERT OR IGNORE INTO contact_group_members (contact_id, group_id)
                 SELECT '{id}', id FROM contact_groups WHERE name = '{name}';"
            ),
            Extra::Unlabel(name) => format!(
                "DELETE FROM contact_group_members WHERE contact_id = '{id}'
                 AND group_id = (SELECT id FROM contact_groups WHERE name = '{name}');"
            ),
            Extra::Rename(old, new) => format!("UPDATE contact_groups SET name = '{new}' WHERE name = '{old}';"),
            Extra::Entry(word) => format!(
                "INSERT INTO contact_custom_fields (contact_id, name, value) VALUES ('{id}', '{UNDER}', '{word}');"
            ),
            Extra::Edited(old, new) => format!(
                "UPDATE contact_custom_fields SET value = '{new}' WHERE contact_id = '{id}' AND value = '{old}';"
            ),
            Extra::Gone(old) => {
                format!("DELETE FROM contact_custom_fields WHERE contact_id = '{id}' AND value = '{old}';")
            }
            Extra::Picture(letters) => {
                let picture = letters.as_deref().map(Self::picture);
                let url = picture.map(|picture| format!("data:image/png;base64,{picture}")).unwrap_or_default();
                format!("UPDATE contacts SET photo = '{url}' WHERE id = '{id}';")
            }
        }
    }
}

/// What people typed: each word is unique, and replaces what stood there.
#[derive(Default)]
pub struct Book {
    /// Words by what they were typed over.
    over: BTreeMap<String, String>,
    typed: Vec<(String, &'static str, String)>,
    pub deleted: BTreeSet<String>,
    entered: BTreeMap<String, usize>,
    /// Words that somebody took away who saw them, or that no run ever read.
    pub taken_away: BTreeSet<String>,
}

impl Book {
    pub fn type_over(&mut self, who: &str, field: &'static str, old: &str, new: &str) {
        self.over.insert(new.to_owned(), old.to_owned());
        self.typed.push((who.to_owned(), field, new.to_owned()));
    }

    /// Somebody takes a word away, and what it was typed over.
    fn take_away(&mut self, word: &str) {
        let mut word = word.to_owned();
        while self.taken_away.insert(word.clone())
            && let Some(below) = self.over.get(&word).filter(|below| !below.is_empty())
        {
            word.clone_from(below);
        }
    }

    /// Tells whether a word stands, or what stands was typed over it.
    fn stands_below(&self, live: &str, word: &str) -> bool {
        let mut at = live;
        for _ in 0..1_000 {
            if at == word {
                return true;
            }
            match self.over.get(at) {
                Some(below) if !below.is_empty() => at = below,
                _ => return false,
            }
        }
        false
    }

    /// Returns the first word that neither stands nor was typed over, deleted, or kept in the history. `live`: who has
    /// which words.
    pub fn lost(&self, live: &[(String, String)], past: &str) -> Option<String> {
        // A word that was typed over before anybody synchronised it is superseded; what was typed over it has to be
        // somewhere.
        let kept = |word: &str| past.contains(&format!("{word}\""));
        let is_lost = |(who, _, word): &&(String, &'static str, String)| {
            let stands = || live.iter().any(|(of, live)| of == who && self.stands_below(live, word));
            let superseded = || {
                let mut later = self.typed.iter().filter(|(of, ..)| of == who).map(|(.., later)| later);
                later.any(|later| later != word && self.stands_below(later, word) && kept(later))
            };
            let is_gone = self.deleted.contains(who) || self.taken_away.contains(word);
            !is_gone && !kept(word) && !stands() && !superseded()
        };
        let (who, field, word) = self.typed.iter().find(is_lost)?;
        Some(format!("{word} typed into {field} of {who}"))
    }
}

struct House {
    /// For what was added later: it must not change what the seeds of before play.
    spare: Mutex<Rng>,
    /// Where contacts get several entries under one label.
    entries: Option<Mutex<Rng>>,
    luck: Luck,
    ids: Arc<TestIds>,
    store: Mutex<Store>,
    options: StoreOptions,
    /// Before which turn of the history the database is that of the release before, and is brought up to date.
    upgrade: Option<u64>,
    remotes: Remotes,
    rules: Rules,
    book: Mutex<Book>,
    approvals: Mutex<BTreeMap<String, Digest>>,
    folder: tempfile::TempDir,
}

/// Plays one history over SQLite; with the pretend Google, or with replicas in memory.
pub fn play(seed: u64, google: bool, tell: bool) -> Verdict {
    let mode = if google { "sqlite and google-sim" } else { "sqlite" };
    let luck = Luck::new(seed, tell);
    match House::build(seed, google, luck.clone()) {
        Ok(house) => house.history(),
        Err(error) => luck.bad(format!("not built: {error}")),
    }
    luck.verdict(mode)
}

impl Deref for House {
    type Target = Luck;

    fn deref(&self) -> &Luck {
        &self.luck
    }
}

impl House {
    fn build(seed: u64, google: bool, luck: Luck) -> Result<House, Box<dyn std::error::Error>> {
        let memory = std::path::Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory)? } else { tempfile::tempdir()? };
        let options = StoreOptions {
            page_size: 3,
            connections: 2,
            region: Some("FR".into()),
            ..StoreOptions::default()
        };
        let open = async {
            let store = Store::open(&folder.path().join(DATABASE), options.clone()).await?;
            for user in USERS {
                let user = NewUser { id: Some(UserId::new(user)), name: user.into(), ..NewUser::default() };
                store.users().add(user).await?;
            }
            Ok::<_, passerelle_sql_store::StoreError>(store)
        };
        let store = drive(&luck.dead, open).ok_or("no store")??;
        let remotes = Remotes::new(seed, google, luck.clock.clone()).ok_or("no remotes")?;
        let policy = if seed.is_multiple_of(3) { Policy::Local } else { Policy::Ask };
        let limits =
            Limits { deletes_floor: 3, echoes: u64::MAX, recreations: u64::MAX, ..Limits::default() };
        Ok(House {
            spare: Mutex::new(Rng::new(!seed)),
            entries: (google && (seed / 50).is_multiple_of(2)).then(|| Mutex::new(Rng::new(!seed ^ 0xe7))),
            luck,
            ids: Arc::new(TestIds::new(seed)),
            store: Mutex::new(store),
            options,
            // Not drawn, so that the histories of seeds that are kept stay what they were.
            upgrade: (seed % 4 == 1).then_some(3),
            remotes,
            rules: Rules { policy, limits, ..Rules::default() },
            book: Mutex::new(Book::default()),
            approvals: Mutex::new(BTreeMap::new()),
            folder,
        })
    }

    fn word(&self) -> String {
        format!("t{}", self.next_word())
    }

    fn book(&self) -> std::sync::MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
        self.remotes.pass(seconds);
    }

    fn store(&self) -> Store {
        self.store.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The program is replaced by a newer one between two runs, whatever the last one left open: the tables of the
    /// release before are brought up to date with all that stands in them.
    fn upgrade(&self) {
        self.run_sql(RELEASE_BEFORE);
        self.open();
        self.note("upgrades");
    }

    /// The next run is a process of its own: what it knows is in the database.
    fn restart(&self) {
        self.open();
        self.remotes.restart();
        self.note("restarts");
    }

    fn open(&self) {
        let file = self.folder.path().join(DATABASE);
        match drive(&self.dead, Store::open(&file, self.options.clone())) {
            Some(Ok(store)) => *self.store.lock().unwrap_or_else(PoisonError::into_inner) = store,
            Some(Err(error)) => self.bad(format!("the database cannot be opened: {error} (I21)")),
            None => self.bad("opening the database does not end (I21)".to_owned()),
        }
    }

    fn spare(&self, limit: u64) -> u64 {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner).below(limit)
    }

    fn run_sql(&self, text: &str) {
        if let Some(Err(error)) = drive(&self.dead, self.store().run_sql(text)) {
            self.bad(format!("the tables refuse {text}: {error}"));
        }
    }

    // The runs of the engine.

    fn engine<R: Record>(
        &self,
        name: &str,
        number: u128,
        local: SqlReplica<R>,
        remote: Arc<dyn Replica<R>>,
    ) -> Engine<R>
    where
        SqlReplica<R>: Replica<R>,
        SqlLedger<R>: Ledger<R>,
    {
        let fates = Arc::new(self.luck.clone());
        let local = Arc::new(Faulty::new(Arc::new(local) as Arc<dyn Replica<R>>, fates.clone()));
        let remote = Arc::new(Faulty::new(remote, fates.clone()));
        let ledger: Arc<dyn Ledger<R>> = Arc::new(self.store().ledger::<R>());
        let installation = InstallationId::new(self.store().installation().as_str());
        let holder = Uuid::from_u128(number);
        let mut settings = PairSettings::new(PairId::new(name), installation, self.rules.clone(), holder);
        settings.chunk = 3;
        Engine::new(
            settings,
            Sides { local, remote },
            Arc::new(FaultyLedger::new(ledger, fates)),
            self.clock.clone() as Arc<dyn Clock>,
            self.ids.clone() as Arc<dyn Ids>,
        )
    }

    fn go<R: Record>(&self, name: &str, engine: &Engine<R>) -> Option<RunReport> {
        self.remotes.at(&self.clock);
        let approval = self.approvals.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
        let result = drive(&self.dead, engine.run(approval.map(Approval::Digest), &Silent));
        self.note("runs");
        let report = match result {
            None => None,
            Some(Ok(report)) => Some(report),
            Some(Err(EngineError::Busy)) => None,
            Some(Err(error)) => {
                self.bad(format!("{name}: {error}: {:?}", std::error::Error::source(&error)));
                None
            }
        };
        self.say(|| format!("run of {name}: {report:?}"));
        if let Some(report) = &report {
            self.mark(report.written.local.total() * 31 + report.written.remote.total());
            if !report.planned.mentions_all() {
                self.bad(format!("the plan of {name} does not mention every link (I15)"));
            }
            if let Some(refused) = &report.refused {
                let digest = refused.digest.clone();
                self.approvals.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), digest);
            }
            let most = self.rules.limits.deletes_floor.max(1_000 * u64::from(report.refused.is_none()));
            if report.written.local.deleted.max(report.written.remote.deleted) > most {
                self.bad(format!("{name} deleted more than the guard allows (I9)"));
            }
        }
        report
    }

    fn contacts(&self, user: usize) -> Engine<Contact> {
        let local = self.store().contacts(&UserId::new(USERS[user]));
        self.engine(
            &format!("contacts-{}", USERS[user]),
            10 + user as u128,
            local,
            self.remotes.contacts(user),
        )
    }

    fn events(&self, user: usize) -> Engine<Event> {
        let local = self.store().events(&UserId::new(USERS[user]));
        self.engine(&format!("events-{}", USERS[user]), 20 + user as u128, local, self.remotes.events(user))
    }

    /// Runs one pair; `None` = it crashed.
    fn run_pair(&self, pair: usize) -> Option<RunReport> {
        let user = pair / 2;
        if pair.is_multiple_of(2) {
            self.go(&format!("contacts-{}", USERS[user]), &self.contacts(user))
        } else {
            self.go(&format!("events-{}", USERS[user]), &self.events(user))
        }
    }

    // People.

    /// The contacts that an app user sees.
    fn local_contacts(&self, user: usize) -> Vec<(String, Shown)> {
        let listed = drive(&self.dead, everything(&self.store().contacts(&UserId::new(USERS[user]))))
            .unwrap_or_default();
        let listed = listed.into_iter().filter(|stored| !stored.withdrawn);
        by_name(listed.map(|stored| (stored.id.to_string(), shown_contact(&stored.record))))
    }

    fn local_events(&self, user: usize) -> Vec<(String, Shown)> {
        let listed = drive(&self.dead, everything(&self.store().events(&UserId::new(USERS[user]))))
            .unwrap_or_default();
        by_name(listed.into_iter().map(|stored| (stored.id.to_string(), shown_event(&stored.record))))
    }

    /// Somebody works in the company's program: plain SQL.
    fn in_the_company(&self) {
        let user = self.below(2) as usize;
        let word = self.word();
        if self.per_mille(500) {
            let rows = self.local_contacts(user);
            match rows.get(self.below(rows.len() as u64 * 2) as usize) {
                None => {
                    let who = format!("c{word}");
                    self.run_sql(&format!(
                        "INSERT INTO contacts (id, given_name, surname, notes) VALUES ('{who}', 'Given', 'N{who}', '{word}');
                         INSERT INTO contact_emails (contact_id, address, label) VALUES ('{who}', '{who}@x.example', 'work');"
                    ));
                    let mut book = self.book();
                    book.type_over(&who, "notes", "", &word);
                    *book.entered.entry(who).or_default() += 1;
                }
                Some((id, shown)) if self.per_mille(150) => {
                    self.run_sql(&format!("DELETE FROM contacts WHERE id = '{id}'"));
                    self.book().deleted.insert(shown.who.clone());
                }
                Some((id, shown)) => {
                    let field = ["notes", "organization", "job_title"][self.below(3) as usize];
                    self.run_sql(&format!("UPDATE contacts SET {field} = '{word}' WHERE id = '{id}'"));
                    let old = shown.words.get(field).cloned().unwrap_or_default();
                    self.book().type_over(&shown.who, field, &old, &word);
                }
            }
            return;
        }
        let rows = self.local_events(user);
        match rows.get(self.below(rows.len() as u64 * 2) as usize) {
            None => {
                let who = format!("e{word}");
                let (zone, start) = [
                    ("Europe/Paris", "2026-03-27T09:00:00"),
                    ("America/New_York", "2026-03-06T23:30:00"),
                    ("Asia/Kathmandu", "2026-05-01T06:15:00"),
                    ("Australia/Lord_Howe", "2026-04-03T10:00:00"),
                ][self.below(4) as usize];
                self.run_sql(&format!(
                    "INSERT INTO appointments (id, owner_id, title, description, start_kind, start_local, start_zone, duration_seconds)
                     VALUES ('{who}', '{}', '{who}', '{word}', 'zoned', '{start}', '{zone}', 3600);",
                    USERS[user]
                ));
                if self.per_mille(400) {
                    self.run_sql(&format!(
                        "INSERT INTO appointment_rules (appointment_id, rule) VALUES ('{who}', 'FREQ=WEEKLY;COUNT=6');"
                    ));
                }
                if self.per_mille(200) {
                    self.run_sql(&format!(
                        "INSERT INTO appointment_participants (appointment_id, email, name, role)
                         VALUES ('{who}', 'guest@guests.example', 'Guest', 'required');"
                    ));
                }
                let mut book = self.book();
                book.type_over(&who, "description", "", &word);
                *book.entered.entry(who).or_default() += 1;
            }
            Some((id, shown)) if self.per_mille(150) => {
                self.run_sql(&format!("DELETE FROM appointments WHERE id = '{id}'"));
                self.book().deleted.insert(shown.who.clone());
            }
            Some((id, shown)) => {
                let field = ["description", "location"][self.below(2) as usize];
                self.run_sql(&format!("UPDATE appointments SET {field} = '{word}' WHERE id = '{id}'"));
                let old = shown.words.get(field).cloned().unwrap_or_default();
                self.book().type_over(&shown.who, field, &old, &word);
            }
        }
    }

    /// Somebody works on a telephone.
    fn on_the_phone(&self) {
        let (user, contacts) = (self.below(2) as usize, self.per_mille(500));
        let word = self.word();
        let rows = self.remotes.shown(user, contacts);
        let chosen = self.below(rows.len() as u64 * 2) as usize;
        let (what, delete, field) = (rows.get(chosen), self.per_mille(150), self.below(2) as usize);
        let typed = match what {
            None => {
                let who = format!("{}{word}", if contacts { "c" } else { "e" });
                let field = if contacts { "notes" } else { "description" };
                self.remotes.enter(user, contacts, &who, &word);
                let mut book = self.book();
                book.type_over(&who, field, "", &word);
                *book.entered.entry(who).or_default() += 1;
                return;
            }
            Some((id, shown)) if delete => {
                self.book().deleted.insert(shown.who.clone());
                self.say(|| format!("phone of {user} deletes {id} {}", shown.who));
                self.remotes.delete(user, contacts, id);
                return;
            }
            Some((id, shown)) => {
                let fields = if contacts { ["notes", "job_title"] } else { ["description", "location"] };
                let field = fields[field];
                let old = shown.words.get(field).cloned().unwrap_or_default();
                (id.clone(), shown.who.clone(), field, old)
            }
        };
        let (id, who, field, old) = typed;
        self.say(|| format!("phone of {user} types {word} over {old:?} in {field} of {who}"));
        if self.remotes.edit(user, contacts, &Typed { id, field, word: word.clone() }) {
            self.book().type_over(&who, field, &old, &word);
        }
    }

    fn person(&self) {
        self.note("acts of people");
        if self.per_mille(550) {
            self.in_the_company()
        } else {
            self.on_the_phone()
        }
        if self.spare(10) < 3 {
            self.embellish();
        }
        if let Some(rng) = &self.entries {
            self.enter_twice(&mut rng.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Somebody gives a contact one more entry under one and the same label, changes one of them, or takes it away.
    fn enter_twice(&self, rng: &mut Rng) {
        let (user, in_company) = (rng.below(2) as usize, rng.per_mille(500));
        let rows = if in_company { self.local_contacts(user) } else { self.remotes.shown(user, true) };
        let Some((id, shown)) = rng.pick(&rows).filter(|_| rows.len() > 1) else { return };
        let entries = shown.words.get("entries").cloned().unwrap_or_default();
        let entries: Vec<&str> = entries.split(';').filter(|entry| !entry.is_empty()).collect();
        let (act, old) = (rng.below(10), rng.pick(&entries).map(|old| (*old).to_owned()));
        let word = self.word();
        let what = match old {
            Some(old) if act < 4 => Extra::Edited(old, word),
            Some(old) if act < 5 => Extra::Gone(old),
            _ => Extra::Entry(word),
        };
        let side = if in_company { "company" } else { "phone" };
        self.say(|| format!("{side} of {user}: {what:?} of {id} {}", shown.who));
        self.note("entries under one label");
        if in_company {
            self.run_sql(&what.sql(id));
        } else if !self.remotes.embellish(user, id, &what) {
            return;
        }
        let mut book = self.book();
        match &what {
            Extra::Edited(old, new) => book.type_over(&shown.who, "entry", old, new),
            Extra::Gone(old) => book.take_away(old),
            Extra::Entry(word) => book.type_over(&shown.who, "entry", "", word),
            _ => {}
        }
    }

    /// Somebody changes the numbers of a contact and their order, its labels, or its picture, on one side.
    fn embellish(&self) {
        let (user, in_company) = (self.spare(2) as usize, self.spare(2) == 0);
        let rows = if in_company { self.local_contacts(user) } else { self.remotes.shown(user, true) };
        let Some((id, shown)) = rows.get(self.spare(rows.len() as u64) as usize) else { return };
        let word = self.word();
        let label = LABELS[self.spare(LABELS.len() as u64) as usize];
        let label = || label.to_owned();
        let labels = shown.words.get("labels").map(String::as_str).unwrap_or_default();
        let first = labels.split(';').find(|name| !name.is_empty()).map(str::to_owned);
        let what = match (self.spare(9), first) {
            (0..=2, _) => Extra::Number(format!("+3310000{:0>4}", word.trim_start_matches('t'))),
            (3 | 4, _) => Extra::LastFirst,
            (5, Some(name)) => Extra::Unlabel(name),
            (6, Some(name)) => Extra::Rename(name, format!("L{word}")),
            (5 | 6, None) => Extra::Label(label()),
            (7, _) => Extra::Picture(Some(format!("{:A<4}", &word[word.len().saturating_sub(4)..]))),
            _ if shown.words.get("picture").is_some_and(|picture| !picture.is_empty()) => {
                Extra::Picture(None)
            }
            _ => Extra::Label(label()),
        };
        let side = if in_company { "company" } else { "phone" };
        self.say(|| format!("{side} of {user}: {what:?} of {id} {}", shown.who));
        self.note("numbers, labels and pictures");
        if in_company {
            self.run_sql(&what.sql(id));
        } else {
            self.remotes.embellish(user, id, &what);
        }
    }

    // The history.

    fn history(&self) {
        for _ in 0..2 + self.below(6) {
            self.person();
        }
        self.pass(1_000);
        self.troubles();
        if self.spare(10) < 7 {
            self.remotes.set_stale(1 + self.spare(LAG - 1));
        }
        let mut turns = 4 + self.below(8);
        let mut turn = 0;
        while turns > 0 || self.steps() < STEPS {
            turns = turns.saturating_sub(1);
            turn += 1;
            if self.upgrade == Some(turn) {
                self.upgrade();
            }
            for _ in 0..self.below(4) {
                self.person();
            }
            self.pass([5, 40, 900][self.below(3) as usize]);
            if self.spare(10) < 4 {
                self.restart();
            }
            let pair = self.below(4) as usize;
            self.run_pair(pair);
            if self.failed() {
                return;
            }
        }
        self.calms();
        self.remotes.set_stale(0);
        self.calm();
        if !self.failed() && self.spare(2) == 0 && self.one_fails() {
            self.calm();
        }
    }

    /// Google fails at one contact each time, which was changed on both sides: what is changed of another one travels
    /// meanwhile (I22). Returns whether there was such a contact.
    fn one_fails(&self) -> bool {
        let Remotes::Google(google) = &self.remotes else { return false };
        let user = self.spare(2) as usize;
        let held = self.held(&self.store().ledger::<Contact>(), &format!("contacts-{}", USERS[user]));
        let (here, there) = (self.local_contacts(user), self.remotes.shown(user, true));
        let both: Vec<_> = here
            .iter()
            .filter(|(_, shown)| !held.iter().any(|text| text.contains(&format!("{}@", shown.who))))
            .filter_map(|row| Some((row, there.iter().find(|(_, shown)| shown.who == row.1.who)?)))
            .collect();
        if both.len() < 2 {
            return false;
        }
        let at = self.spare(both.len() as u64) as usize;
        let (victim, other) = (both[at], both[(at + 1) % both.len()]);
        let change = |(here, there): (&(String, Shown), &(String, Shown))| {
            let (who, words) = (&here.1.who, [self.word(), self.word()]);
            let old = |field: &str| here.1.words.get(field).cloned().unwrap_or_default();
            self.run_sql(&format!("UPDATE contacts SET notes = '{}' WHERE id = '{}'", words[0], here.0));
            self.book().type_over(who, "notes", &old("notes"), &words[0]);
            let typed = Typed { id: there.0.clone(), field: "job_title", word: words[1].clone() };
            if self.remotes.edit(user, true, &typed) {
                self.book().type_over(who, "job_title", &old("job_title"), &words[1]);
            } else {
                self.bad(format!("the phone of {user} cannot change {who}"));
            }
            words
        };
        change(victim);
        let words = change(other);
        self.say(|| format!("Google fails at {} of {user}; {} was changed", victim.1.0, other.1.0));
        let rule = json!({ "method": "people.people.*", "about": victim.1.0, "account": account(user), "status": 500 });
        let Ok(rule) = serde_json::from_value(rule) else { return false };
        google.sim.with(|core| core.set_faults(Faults::new(1, vec![rule])));
        self.note("contacts that Google fails at each time");
        for _ in 0..3 {
            self.pass(1_000);
            if self.run_pair(2 * user).is_none_or(|report| report.stopped.is_some()) {
                self.bad(format!("contacts-{} ends early because of one contact (I22)", USERS[user]));
            }
        }
        for rows in [self.local_contacts(user), self.remotes.shown(user, true)] {
            let now = rows.iter().find(|(_, shown)| shown.who == other.0.1.who);
            let stands = |word: &String| {
                now.is_some_and(|(_, shown)| shown.words.values().any(|stands| stands == word))
            };
            if !words.iter().all(stands) {
                self.bad(format!("{words:?} did not travel because of another contact (I22): {now:?}"));
            }
        }
        google.sim.with(|core| core.set_faults(Faults::new(1, Vec::new())));
        !self.failed()
    }

    /// No faults and no people: it has to come to rest, and then to be silent (I1, I6).
    fn calm(&self) {
        let (mut quiet, mut rounds, mut approved) = (0, 0, 0);
        while quiet < 4 {
            for pair in 0..4 {
                self.pass(1_000);
                let Some(report) = self.run_pair(pair) else {
                    if !self.failed() {
                        self.bad(format!("pair {pair} does not run although all is calm (I14)"));
                    }
                    return;
                };
                if self.failed() {
                    return;
                }
                if report.stopped.is_some() {
                    self.bad(format!(
                        "pair {pair} ends early although all is calm: {:?} (I22)",
                        report.stopped
                    ));
                    return;
                }
                approved += usize::from(report.refused.is_some());
                let writes = report.written.local.total() + report.written.remote.total();
                quiet = if writes == 0 && report.refused.is_none() && report.unknown == 0 {
                    quiet + 1
                } else {
                    0
                };
            }
            rounds += 1;
            if rounds > ROUNDS + approved {
                self.bad(format!("still moving after {rounds} rounds (I1)"));
                return;
            }
        }
        self.judge();
    }

    fn judge(&self) {
        for user in 0..2 {
            let here = self.local_contacts(user);
            let held = self.held(&self.store().ledger::<Contact>(), &format!("contacts-{}", USERS[user]));
            self.compare("contacts", user, &here, &self.remotes.shown(user, true), &held);
            let here = self.local_events(user);
            let held = self.held(&self.store().ledger::<Event>(), &format!("events-{}", USERS[user]));
            self.compare("events", user, &here, &self.remotes.shown(user, false), &held);
            // No app user's appointments are anybody else's (I13).
            let others: BTreeSet<String> =
                self.local_events(1 - user).into_iter().map(|(_, shown)| shown.who).collect();
            for (_, shown) in self.remotes.shown(user, false) {
                if others.contains(&shown.who) {
                    self.bad(format!(
                        "{} of {} is at the account of {} (I13)",
                        shown.who,
                        USERS[1 - user],
                        USERS[user]
                    ));
                }
            }
        }
        if let Some(mails) = self.remotes.mails().filter(|mails| *mails > 0) {
            self.bad(format!("{mails} guests were mailed (I8)"));
        }
        self.judge_words();
    }

    /// Links that wait for a person, and the words they hold.
    fn held<R: Record>(&self, ledger: &SqlLedger<R>, name: &str) -> BTreeSet<String>
    where
        SqlLedger<R>: Ledger<R>,
    {
        let pair = PairId::new(name);
        let asked = async {
            let counts = ledger.counts(&pair).await;
            (counts, ledger.attention(&pair, None, 10_000).await)
        };
        let Some((Ok(counts), Ok(links))) = drive(&self.dead, asked) else {
            self.bad(format!("{name}: the ledger does not answer"));
            return BTreeSet::new();
        };
        if counts.open > 0 {
            self.bad(format!("{name}: {} writes are still open (I14)", counts.open));
        }
        links
            .iter()
            .filter_map(|link| link.alive(Side::Local).or(link.alive(Side::Remote)))
            .map(|stored| serde_json::to_string(&stored.record).unwrap_or_default())
            .collect()
    }

    /// Both sides hold the same records, once each, with the same words (I1, I3).
    fn compare(
        &self,
        what: &str,
        user: usize,
        here: &[(String, Shown)],
        there: &[(String, Shown)],
        held: &BTreeSet<String>,
    ) {
        let waits = |who: &str| {
            held.iter().any(|text| text.contains(&format!("{who}\"")) || text.contains(&format!("{who}@")))
        };
        let by = |rows: &[(String, Shown)]| {
            let mut by: BTreeMap<String, Vec<Shown>> = BTreeMap::new();
            for (_, shown) in rows {
                by.entry(shown.who.clone()).or_default().push(shown.clone());
            }
            by
        };
        let (here, there) = (by(here), by(there));
        let names: BTreeSet<&String> = here.keys().chain(there.keys()).collect();
        for who in names {
            let (a, b) = (here.get(who), there.get(who));
            for found in [a, b].into_iter().flatten() {
                if found.len() > 1 && !waits(who) {
                    self.bad(format!("{what} of {user}: {} copies of {who} (I3)", found.len()));
                }
            }
            let deleted = self.book().deleted.contains(who);
            match (a.and_then(|found| found.first()), b.and_then(|found| found.first())) {
                (Some(a), Some(b)) if a.words != b.words && !waits(who) => {
                    self.bad(format!("{what} of {user}: {who} differs: {a:?} {b:?} (I1)"));
                }
                (None, Some(_)) if !waits(who) && !deleted => {
                    self.bad(format!("{what} of {user}: {who} is missing in the company (I1)"));
                }
                (Some(_), None) if !waits(who) && !deleted => {
                    self.bad(format!("{what} of {user}: {who} is missing at the provider (I1)"));
                }
                _ => {}
            }
        }
    }

    /// Every word typed stands, was typed over, or is in the history (I2).
    fn judge_words(&self) {
        let mut past = String::new();
        for user in USERS {
            past += &self.past(&self.store().ledger::<Contact>(), &format!("contacts-{user}"));
            past += &self.past(&self.store().ledger::<Event>(), &format!("events-{user}"));
        }
        let mut live: Vec<(String, String)> = Vec::new();
        let mut rows = Vec::new();
        for user in 0..2 {
            rows.extend(self.local_contacts(user));
            rows.extend(self.local_events(user));
            rows.extend(self.remotes.shown(user, true));
            rows.extend(self.remotes.shown(user, false));
        }
        for (_, shown) in rows {
            let words = shown.words.values().flat_map(|words| words.split(';'));
            live.extend(words.map(|word| (shown.who.clone(), word.to_owned())));
        }
        let lost = self.book().lost(&live, &past);
        if let Some(lost) = lost {
            self.bad(format!("{lost} vanished (I2)"));
        }
    }

    fn past<R: Record>(&self, ledger: &SqlLedger<R>, name: &str) -> String
    where
        SqlLedger<R>: Ledger<R>,
    {
        let pair = EntriesOf::Pair(PairId::new(name));
        let entries = drive(&self.dead, ledger.entries(&pair, Slice { skip: 0, limit: 100_000 }));
        let Some(Ok(entries)) = entries else { return String::new() };
        serde_json::to_string(&entries).unwrap_or_default()
    }
}

/// Lists a replica to its end.
pub async fn everything<R: Record>(replica: &dyn Replica<R>) -> Vec<Stored<R>> {
    let (mut all, mut from) = (Vec::new(), From::Start);
    loop {
        let Ok(page) = replica.changes(from).await else { return all };
        all.extend(page.items);
        match page.next {
            Next::Page(token) => from = From::Page(token),
            Next::End(_) => return all,
        }
    }
}

fn by_name(rows: impl Iterator<Item = (String, Shown)>) -> Vec<(String, Shown)> {
    let mut rows: Vec<_> = rows.collect();
    rows.sort_by(|(_, one), (_, other)| one.cmp(other));
    rows
}

/// What a judge sees of a picture: each side has a name of its own for it.
pub const PICTURED: &str = "a picture";

pub fn joined(all: impl Iterator<Item = String>) -> String {
    all.collect::<Vec<_>>().join(";")
}

pub fn joined_sorted(all: impl Iterator<Item = String>) -> String {
    joined(all.collect::<BTreeSet<_>>().into_iter())
}

/// What a judge sees of a contact.
pub fn shown_contact(contact: &Contact) -> Shown {
    let who =
        contact.emails.values().next().map(|email| email.address.trim_end_matches("@x.example").to_owned());
    let words = [
        ("notes", contact.notes.clone()),
        ("organization", contact.organization.name.clone()),
        ("job_title", contact.organization.title.clone()),
        ("numbers", {
            let numbers = contact.order.of("phones", &contact.phones);
            joined(numbers.into_iter().map(|(_, phone)| phone.number.clone()))
        }),
        ("entries", joined_sorted(contact.custom.values().map(|entry| entry.value.clone()))),
        ("labels", joined_sorted(contact.groups.values().cloned())),
        ("picture", if contact.photo.is_empty() { String::new() } else { PICTURED.to_owned() }),
    ];
    Shown { who: who.unwrap_or_default(), words: words.into() }
}

/// What a judge sees of an appointment: its words, and when it takes place.
pub fn shown_event(event: &Event) -> Shown {
    let words = [
        ("description", event.description.clone()),
        ("location", event.location.clone()),
        (
            "start",
            event.start.as_ref().and_then(Start::instant).map(|at| at.to_rfc3339()).unwrap_or_default(),
        ),
        ("zone", event.start.as_ref().and_then(Start::zone).unwrap_or_default().to_owned()),
        ("rules", event.recurrence_rules.join(";")),
        ("guests", event.participants.keys().cloned().collect::<Vec<_>>().join(";")),
    ];
    Shown { who: event.title.clone(), words: words.into() }
}
