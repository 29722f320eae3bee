//! The appointments of one app user in SQLite and at the pretend Google, behind the real adapter, in two calendars, each a
//! pair: series with changed, moved and cancelled occurrences, meetings with guests and those of somebody else. The
//! company edits them with plain SQL, a person on the telephone; some of them Google fails at each time.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Deref,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Days, NaiveDateTime, TimeDelta, TimeZone, Timelike};
use passerelle_calendar::{Event, Override, RecurrenceId, Status};
use passerelle_engine::{Approval, Beside, Engine, EngineError, PairSettings, RunReport, Silent};
use passerelle_google_calendar::{CalendarOptions, GoogleCalendar};
use passerelle_google_sim::{Mail, faults::Faults};
use passerelle_ports::{
    Clock, EntriesOf, Ids, InstallationId, Ledger, Link, LinkId, LinkState, PairId, Replica, Side, Sides,
    Slice,
};
use passerelle_sql_store::{NewUser, Store, StoreOptions, UserId};
use passerelle_sync_rules::{Digest, Limits, Place, Policy, Rules};
use passerelle_testkit::{Faulty, FaultyLedger, Rng, TestIds};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Verdict,
    chance::Luck,
    drive::drive,
    product::{Book, DATABASE, USERS, everything},
    remotes::{Google, LAG, account},
};

/// How many steps a history has at least.
const STEPS: u64 = 200;
/// How many rounds the calm phase may need, beside approvals; and how often a person answers what waits.
const ROUNDS: usize = 8;
const ANSWERS: usize = 6;
/// The pairs: one for each calendar.
const PAIRS: [&str; 2] = ["events-main", "events-team"];
/// What stands before the title of what was called off.
const CALLED_OFF: &str = "Cancelled: ";
/// Who invites the app user, and what the app user's own address is not counted as: a guest.
const BOSS: &str = "boss@boss.example";
/// From how many appointments on nobody enters another one: few of them are changed often.
const ENOUGH: usize = 5;
const ZONES: [&str; 3] = ["Europe/Paris", "America/New_York", "Asia/Kathmandu"];
const RULES: [&str; 3] = ["FREQ=WEEKLY;COUNT=6", "FREQ=DAILY;COUNT=8", "FREQ=DAILY;INTERVAL=2;COUNT=5"];

/// One appointment as the company has it.
struct Row {
    id: String,
    pair: usize,
    event: Event,
}

/// What takes place once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Once {
    at: i64,
    title: String,
    location: String,
    off: bool,
}

/// What a judge sees of an appointment.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    pair: usize,
    description: String,
    guests: BTreeSet<String>,
    takes_place: Vec<Once>,
}

/// Who it is: the first word of every title.
fn who(title: &str) -> String {
    let title = title.trim_start_matches(CALLED_OFF);
    title.split(' ').next().unwrap_or_default().to_owned()
}

/// The word that somebody typed last into a text that begins with who it is.
fn word_of(text: &str) -> &str {
    text.rsplit(' ').next().unwrap_or_default()
}

fn instant(wall: NaiveDateTime, zone: &str) -> i64 {
    let zone: chrono_tz::Tz = zone.parse().unwrap_or(chrono_tz::UTC);
    zone.from_local_datetime(&wall).earliest().map_or(0, |at| at.timestamp())
}

fn begins(event: &Event) -> (NaiveDateTime, String) {
    match &event.start {
        Some(start) => (start.wall(), start.zone().unwrap_or_default().to_owned()),
        None => (NaiveDateTime::default(), String::new()),
    }
}

/// Returns the value of a part of a rule.
fn part<'a>(rule: &'a str, name: &str) -> Option<&'a str> {
    rule.split(';').find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
}

/// The starts that a rule makes: every so many days or weeks, so many times, or until.
fn starts(event: &Event) -> Vec<NaiveDateTime> {
    let (first, zone) = begins(event);
    let Some(rule) = event.recurrence_rules.first() else { return vec![first] };
    let number = |name: &str| part(rule, name).and_then(|value| value.parse::<u64>().ok());
    let days = number("INTERVAL").unwrap_or(1) * if part(rule, "FREQ") == Some("WEEKLY") { 7 } else { 1 };
    let until = part(rule, "UNTIL").and_then(|value| {
        let at = NaiveDateTime::parse_from_str(value.trim_end_matches('Z'), "%Y%m%dT%H%M%S").ok()?;
        Some(at.and_utc().timestamp())
    });
    let all =
        (0..number("COUNT").unwrap_or(40)).filter_map(|at| first.checked_add_days(Days::new(at * days)));
    all.take_while(|at| until.is_none_or(|until| instant(*at, &zone) <= until)).collect()
}

/// What takes place by the company's tables.
fn takes_place(event: &Event) -> Vec<Once> {
    let zone = begins(event).1;
    let own_of = |at: &NaiveDateTime| event.recurrence_overrides.get(&RecurrenceId::Local(*at).to_string());
    let once = |at: NaiveDateTime| {
        let own = own_of(&at).cloned().unwrap_or_default();
        let moved = own.start.as_ref().map(|start| instant(start.wall(), start.zone().unwrap_or(&zone)));
        Once {
            at: moved.unwrap_or_else(|| instant(at, &zone)),
            title: own.title.unwrap_or_else(|| event.title.clone()),
            location: own.location.unwrap_or_else(|| event.location.clone()),
            off: own.status.unwrap_or(event.status) == Status::Cancelled,
        }
    };
    let excluded = |at: &NaiveDateTime| own_of(at).is_some_and(|own| own.excluded);
    let mut all: Vec<Once> = starts(event).into_iter().filter(|at| !excluded(at)).map(once).collect();
    all.sort();
    all
}

/// Tells whether it is a meeting of somebody else: Google refuses most of what the company changes of it.
fn is_others(who: &str) -> bool {
    who.starts_with('b')
}

fn is_guest(address: &str) -> bool {
    address != BOSS && address != account(0)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn once_at_google(event: &Value) -> Once {
    let at = DateTime::parse_from_rfc3339(event["start"]["dateTime"].as_str().unwrap_or_default());
    let title = text(&event["summary"]);
    Once {
        at: at.map(|at| at.timestamp()).unwrap_or_default(),
        title: title.strip_prefix(CALLED_OFF).unwrap_or(&title).to_owned(),
        location: text(&event["location"]),
        off: title.starts_with(CALLED_OFF),
    }
}

struct Agenda {
    /// For what was added later: it must not change what is drawn for the rest.
    spare: Mutex<Rng>,
    luck: Luck,
    ids: Arc<TestIds>,
    store: Mutex<Store>,
    options: StoreOptions,
    folder: tempfile::TempDir,
    google: Google,
    /// As one process has them, by pair.
    adapters: Mutex<Vec<Arc<GoogleCalendar>>>,
    /// The names of the calendars of each pair.
    homes: Vec<Sides<String>>,
    rules: Rules,
    book: Mutex<Book>,
    approvals: Mutex<BTreeMap<usize, Digest>>,
    /// The meetings that their organiser cancelled.
    cancelled: Mutex<BTreeSet<String>>,
    /// The links that were tried again.
    tried: Mutex<BTreeSet<LinkId>>,
    /// What runs told of words that belong to no occurrence any more.
    told: Mutex<String>,
}

impl Deref for Agenda {
    type Target = Luck;

    fn deref(&self) -> &Luck {
        &self.luck
    }
}

/// Plays one history.
pub fn play(seed: u64, tell: bool) -> Verdict {
    let luck = Luck::new(seed ^ 0xa9e, tell);
    match Agenda::build(seed, luck.clone()) {
        Ok(agenda) => agenda.history(),
        Err(error) => luck.bad(format!("not built: {error}")),
    }
    luck.verdict("appointments")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Agenda {
    fn build(seed: u64, luck: Luck) -> Result<Agenda, Box<dyn std::error::Error>> {
        let memory = std::path::Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory)? } else { tempfile::tempdir()? };
        let options = StoreOptions { page_size: 3, connections: 2, ..StoreOptions::default() };
        let user = UserId::new(USERS[0]);
        let open = async {
            let store = Store::open(&folder.path().join(DATABASE), options.clone()).await?;
            store
                .users()
                .add(NewUser { id: Some(user.clone()), name: USERS[0].into(), ..NewUser::default() })
                .await?;
            let team = store.calendars().add(&user, "Team").await?;
            let calendars = store.calendars().list().await?;
            Ok::<_, passerelle_sql_store::StoreError>((store, calendars, team))
        };
        let (store, calendars, team) = drive(&luck.dead, open).ok_or("no store")??;
        let google = Google::new(seed, luck.clock.clone()).ok_or("no Google")?;
        let main = calendars.first().ok_or("no calendar")?.id.clone();
        let made = json!({ "summary": "Team", "timeZone": "Europe/Paris" });
        let made =
            google.ask_as(&account(0), "POST", "/calendar/v3/calendars", &made).ok_or("no calendar there")?;
        let homes = vec![
            Sides { local: main, remote: "primary".to_owned() },
            Sides { local: team.id, remote: text(&made["id"]) },
        ];
        let policy = if seed.is_multiple_of(3) { Policy::Local } else { Policy::Ask };
        let limits =
            Limits { deletes_floor: 3, echoes: u64::MAX, recreations: u64::MAX, ..Limits::default() };
        let agenda = Agenda {
            spare: Mutex::new(Rng::new(!seed ^ 0x0ff)),
            luck,
            ids: Arc::new(TestIds::new(seed)),
            store: Mutex::new(store),
            options,
            folder,
            google,
            adapters: Mutex::default(),
            homes,
            rules: Rules { policy, limits, ..Rules::default() },
            book: Mutex::default(),
            approvals: Mutex::default(),
            cancelled: Mutex::default(),
            tried: Mutex::default(),
            told: Mutex::default(),
        };
        agenda.adapt();
        Ok(agenda)
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        lock(&self.book)
    }

    fn store(&self) -> Store {
        lock(&self.store).clone()
    }

    fn word(&self) -> String {
        format!("w{}", self.next_word())
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
        self.google.pass(seconds);
    }

    /// Makes adapters that remember nothing.
    fn adapt(&self) {
        let connected: Vec<String> = self.homes.iter().map(|homes| homes.remote.clone()).collect();
        let options = CalendarOptions {
            settle: Duration::from_secs(2 * LAG),
            page_size: 4,
            elsewhere: true,
            connected: connected.clone(),
            ..CalendarOptions::default()
        };
        let adapter = |home: &String| {
            Arc::new(GoogleCalendar::new(self.google.clients[0].clone(), home, options.clone()))
        };
        *lock(&self.adapters) = connected.iter().map(adapter).collect();
    }

    /// The next run is a process of its own: what it knows is in the database.
    fn restart(&self) {
        match drive(&self.dead, Store::open(&self.folder.path().join(DATABASE), self.options.clone())) {
            Some(Ok(store)) => *lock(&self.store) = store,
            opened => self.bad(format!("the database cannot be opened: {opened:?} (I21)")),
        }
        self.adapt();
        self.note("restarts");
    }

    fn sql(&self, text: &str) {
        self.say(|| format!("company: {text}"));
        if let Some(Err(error)) = drive(&self.dead, self.store().run_sql(text)) {
            self.bad(format!("the tables refuse {text}: {error}"));
        }
    }

    // The runs of the engine.

    fn place(&self, pair: usize) -> Place {
        Place { pair: PairId::new(PAIRS[pair]), homes: self.homes[pair].clone(), rules: self.rules.clone() }
    }

    fn engine(&self, pair: usize) -> Engine<Event> {
        let fates = Arc::new(self.luck.clone());
        let store = self.store();
        let replicas = |pair: usize| {
            let local = store.calendar(&UserId::new(USERS[0]), &self.homes[pair].local);
            let remote = lock(&self.adapters)[pair].clone();
            let both: Sides<Arc<dyn Replica<Event>>> = Sides { local: Arc::new(local), remote };
            both.map(|replica| Arc::new(Faulty::new(replica, fates.clone())) as Arc<dyn Replica<Event>>)
        };
        let place = self.place(pair);
        let installation = InstallationId::new(store.installation().as_str());
        let holder = Uuid::from_u128(20 + pair as u128);
        let mut settings = PairSettings::new(place.pair.clone(), installation, place.rules, holder);
        settings.chunk = 3;
        let others = (0..PAIRS.len()).filter(|other| *other != pair);
        let beside =
            others.map(|other| Beside { place: self.place(other), replicas: replicas(other) }).collect();
        let ledger: Arc<dyn Ledger<Event>> = Arc::new(store.ledger::<Event>());
        Engine::new(
            settings,
            replicas(pair),
            Arc::new(FaultyLedger::new(ledger, fates.clone())),
            self.clock.clone() as Arc<dyn Clock>,
            self.ids.clone() as Arc<dyn Ids>,
        )
        .beside(place.homes, beside)
    }

    /// Runs one pair; `None` = it crashed.
    fn run(&self, pair: usize) -> Option<RunReport> {
        self.google.sim.with(|core| core.set_now(self.clock.now()));
        let approval = lock(&self.approvals).remove(&pair);
        let result = drive(&self.dead, self.engine(pair).run(approval.map(Approval::Digest), &Silent));
        self.note("runs");
        let report = match result {
            None | Some(Err(EngineError::Busy)) => None,
            Some(Ok(report)) => Some(report),
            Some(Err(error)) => {
                self.bad(format!("{}: {error}: {:?}", PAIRS[pair], std::error::Error::source(&error)));
                None
            }
        };
        self.say(|| format!("run of {}: {report:?}", PAIRS[pair]));
        self.hear();
        if let Some(report) = &report {
            self.mark(report.written.local.total() * 31 + report.written.remote.total());
            if !report.planned.mentions_all() {
                self.bad(format!("the plan of {} does not mention every link (I15)", PAIRS[pair]));
            }
            if let Some(refused) = &report.refused {
                lock(&self.approvals).insert(pair, refused.digest.clone());
            }
        }
        report
    }

    /// Keeps what was told of words that belong to no occurrence any more.
    fn hear(&self) {
        for homes in &self.homes {
            if let Some(Ok(dropped)) = drive(&self.dead, self.store().dropped(&homes.local)) {
                let told: String = dropped.iter().map(|one| format!("{}\"", one.title)).collect();
                *lock(&self.told) += &told.replace([' ', ';'], "\"");
            }
        }
    }

    // What stands where.

    /// The appointments in the company's tables, by title.
    fn here(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        for (pair, homes) in self.homes.iter().enumerate() {
            let replica = self.store().calendar(&UserId::new(USERS[0]), &homes.local);
            let listed = drive(&self.dead, everything(&replica)).unwrap_or_default();
            let listed = listed.into_iter().filter(|stored| !stored.withdrawn);
            rows.extend(listed.map(|stored| Row { id: stored.id.to_string(), pair, event: stored.record }));
        }
        rows.sort_by(|one, other| one.event.title.cmp(&other.event.title));
        rows
    }

    /// Everything at Google, exceptions included, with the pair of its calendar, from the provider's own state.
    fn all_there(&self) -> Vec<(usize, Value)> {
        let state = self.google.sim.with(|core| core.dump());
        let mut all = Vec::new();
        for (pair, homes) in self.homes.iter().enumerate() {
            let name = if homes.remote == "primary" { account(0) } else { homes.remote.clone() };
            let events = state["calendars"][name]["events"].as_array().cloned().unwrap_or_default();
            let alive = events.into_iter().filter(|event| event["status"] != "cancelled");
            all.extend(alive.map(|event| (pair, event)));
        }
        // Not by id: requests that are under way at once arrive in any order.
        all.sort_by_key(|(pair, event)| {
            (text(&event["summary"]), event["start"].to_string(), text(&event["location"]), *pair)
        });
        all
    }

    /// The appointments at Google: whole series, and what is none.
    fn there(&self) -> Vec<(usize, Value)> {
        let mut all = self.all_there();
        all.retain(|(_, event)| event.get("recurringEventId").is_none());
        all
    }

    fn path(&self, pair: usize, more: &str) -> String {
        format!("/calendar/v3/calendars/{}/events{more}", self.homes[pair].remote)
    }

    /// The occurrences of a series at Google.
    fn instances(&self, pair: usize, event: &Value) -> Vec<Value> {
        let path = self.path(pair, &format!("/{}/instances?maxResults=250", text(&event["id"])));
        let answer = self.google.ask_as(&account(0), "GET", &path, &Value::Null).unwrap_or_default();
        answer["items"].as_array().cloned().unwrap_or_default()
    }

    /// The words that stand in a row.
    fn words_here(row: &Row) -> BTreeSet<String> {
        let event = &row.event;
        let mut words: Vec<&str> = vec![&event.title, &event.description, &event.location];
        let own = event.recurrence_overrides.values();
        words.extend(own.flat_map(|own| [&own.title, &own.location]).flatten().map(String::as_str));
        words.into_iter().map(|text| word_of(text).to_owned()).collect()
    }

    /// The words that stand on both sides, by whom they were typed into.
    fn words(&self) -> Sides<BTreeSet<(String, String)>> {
        let mut found: Sides<BTreeSet<(String, String)>> = Sides::default();
        for row in self.here() {
            let who = who(&row.event.title);
            found.local.extend(Self::words_here(&row).into_iter().map(|word| (who.clone(), word)));
        }
        for (_, event) in self.all_there() {
            let who = who(&text(&event["summary"]));
            for member in ["summary", "description", "location"] {
                found.remote.insert((who.clone(), word_of(&text(&event[member])).to_owned()));
            }
        }
        found
    }

    // People.

    fn person(&self) {
        self.note("acts of people");
        match self.below(100) {
            0..=44 => self.in_the_company(),
            45..=86 => self.on_the_phone(),
            _ => self.at_the_boss(),
        }
        if self.spare(10) < 3 {
            self.retitle_what_is_off();
        }
    }

    fn spare(&self, limit: u64) -> u64 {
        lock(&self.spare).below(limit)
    }

    /// What somebody says of one field, and of what stood there.
    fn types(&self, who: &str, field: &'static str, old: &str) -> String {
        let word = self.word();
        self.book().type_over(who, field, word_of(old), &word);
        word
    }

    /// Chooses one of some things; nothing where a new one is to be entered.
    fn choose<'a, T>(&self, all: &'a [T]) -> Option<&'a T> {
        let more = if all.len() < ENOUGH { 2 } else { 0 };
        all.get(usize::try_from(self.below(all.len() as u64 + more)).unwrap_or(0))
    }

    /// Somebody works in the company's program: plain SQL.
    fn in_the_company(&self) {
        let rows = self.here();
        let Some(row) = self.choose(&rows) else { return self.enter_here() };
        let (id, event, who) = (&row.id, &row.event, who(&row.event.title));
        let series = !event.recurrence_rules.is_empty();
        match self.below(100) {
            0..=24 => {
                let of_place = self.per_mille(500);
                let (field, old) = if of_place {
                    ("location", &event.location)
                } else {
                    ("description", &event.description)
                };
                let word = self.types(&who, field, old);
                self.sql(&format!("UPDATE appointments SET {field} = '{word}' WHERE id = '{id}';"));
            }
            25..=54 if series => self.change_occurrence_here(row, &who),
            25..=29 | 55..=64 => {
                let (wall, _) = begins(event);
                let days = if self.per_mille(400) { 1 + self.below(3) } else { 0 };
                let to = (wall.date() + Days::new(days)).and_hms_opt(self.hour(), 0, 0).unwrap_or(wall);
                self.sql(&format!("UPDATE appointments SET start_local = '{to}' WHERE id = '{id}';"));
                self.note("appointments moved in the company");
            }
            65..=70 if series => self.change_rule_here(row),
            65..=76 => {
                let to = &self.homes[1 - row.pair].local;
                self.sql(&format!("UPDATE appointments SET calendar_id = '{to}' WHERE id = '{id}';"));
                self.note("appointments sent to another calendar");
            }
            77..=82 => {
                self.sql(&format!("DELETE FROM appointments WHERE id = '{id}';"));
                self.book().deleted.insert(who);
            }
            83..=87 => {
                let status = if event.status == Status::Cancelled { "confirmed" } else { "cancelled" };
                self.sql(&format!("UPDATE appointments SET status = '{status}' WHERE id = '{id}';"));
                self.note("appointments called off or on again");
            }
            88..=94 => {
                let guest = format!("g{}@guests.example", self.below(3));
                let it = format!("appointment_id = '{id}' AND email = '{guest}' AND occurrence = ''");
                self.sql(&if event.participants.contains_key(&guest) {
                    format!("DELETE FROM appointment_participants WHERE {it};")
                } else {
                    format!("INSERT INTO appointment_participants (appointment_id, email) VALUES ('{id}', '{guest}');")
                });
                self.note("guests invited or not any more");
            }
            _ => {
                let length = 1800 * (1 + self.below(4));
                self.sql(&format!("UPDATE appointments SET duration_seconds = {length} WHERE id = '{id}';"));
            }
        }
    }

    /// An hour of a working day: no change of the clocks falls into it.
    fn hour(&self) -> u32 {
        7 + u32::try_from(self.below(10)).unwrap_or(0)
    }

    fn enter_here(&self) {
        let word = self.word();
        let who = format!("e{word}");
        let zone = self.one_of(&ZONES).copied().unwrap_or_default();
        let calendar = &self.homes[self.below(PAIRS.len() as u64) as usize].local;
        let (day, hour) = (1 + self.below(27), self.hour());
        let mut sql = format!(
            "INSERT INTO appointments (id, owner_id, calendar_id, title, description, start_local, start_zone, duration_seconds)
             VALUES ('{who}', '{}', '{calendar}', '{who}', '{word}', '2026-03-{day:02} {hour:02}:00:00', '{zone}', 3600);",
            USERS[0]
        );
        if self.per_mille(700) {
            let rule = self.one_of(&RULES).copied().unwrap_or_default();
            sql +=
                &format!(" INSERT INTO appointment_rules (appointment_id, rule) VALUES ('{who}', '{rule}');");
        }
        self.sql(&sql);
        self.book().type_over(&who, "description", "", &word);
    }

    /// Somebody gives an occurrence a title or a place, moves or cancels it, or takes all that back.
    fn change_occurrence_here(&self, row: &Row, who: &str) {
        let all = starts(&row.event);
        let Some(at) = self.one_of(&all).copied() else { return };
        let id = &row.id;
        let own = row.event.recurrence_overrides.get(&RecurrenceId::Local(at).to_string());
        let old =
            |of: fn(&Override) -> &Option<String>| own.and_then(|own| of(own).clone()).unwrap_or_default();
        let is_it = format!("appointment_id = '{id}' AND datetime(occurrence) = datetime('{at}')");
        let set = |what: &str| {
            self.sql(&format!(
                "INSERT INTO appointment_overrides (appointment_id, occurrence)
                 SELECT '{id}', '{at}' WHERE NOT EXISTS (SELECT 1 FROM appointment_overrides WHERE {is_it});
                 UPDATE appointment_overrides SET {what} WHERE {is_it};"
            ));
        };
        self.note("occurrences changed in the company");
        match self.below(10) {
            0..=2 => {
                let word = self.types(who, "title of an occurrence", &old(|own| &own.title));
                set(&format!("cancelled = 0, title = '{who} {word}'"));
            }
            3..=4 => {
                let word = self.types(who, "location of an occurrence", &old(|own| &own.location));
                set(&format!("cancelled = 0, location = '{word}'"));
            }
            5 => {
                let off = own.is_some_and(|own| own.status == Some(Status::Cancelled));
                let status = if off { "NULL" } else { "'cancelled'" };
                set(&format!("cancelled = 0, status = {status}"));
            }
            6 => {
                let zone = begins(&row.event).1;
                let to = (at.date() + Days::new(1)).and_hms_opt(self.hour(), 30, 0).unwrap_or(at);
                set(&format!(
                    "cancelled = 0, start_kind = 'zoned', start_local = '{to}', start_zone = '{zone}'"
                ));
            }
            7..=8 => {
                self.takes_away(|| {
                    set("cancelled = 1, title = NULL, location = NULL, start_kind = NULL, start_local = NULL, start_zone = NULL");
                }, Side::Local);
            }
            _ => self.takes_away(
                || self.sql(&format!("DELETE FROM appointment_overrides WHERE {is_it};")),
                Side::Local,
            ),
        }
    }

    /// Somebody makes a series shorter or longer.
    fn change_rule_here(&self, row: &Row) {
        let rule = self.another_rule(&row.event, row.event.recurrence_rules.first());
        let id = &row.id;
        self.note("rules changed in the company");
        let sql = if self.per_mille(300) {
            format!(
                "DELETE FROM appointment_rules WHERE appointment_id = '{id}';
                 INSERT INTO appointment_rules (appointment_id, rule) VALUES ('{id}', '{rule}');"
            )
        } else {
            format!("UPDATE appointment_rules SET rule = '{rule}' WHERE appointment_id = '{id}';")
        };
        self.takes_away(|| self.sql(&sql), Side::Local);
    }

    fn another_rule(&self, event: &Event, rule: Option<&String>) -> String {
        let rule = rule.cloned().unwrap_or_default();
        let kept: Vec<&str> =
            rule.split(';').filter(|part| !part.starts_with("COUNT") && !part.starts_with("UNTIL")).collect();
        let kept = kept.join(";");
        let number = 2 + self.below(7);
        let (first, zone) = begins(event);
        if self.per_mille(500) {
            return format!("{kept};COUNT={number}");
        }
        let until = DateTime::from_timestamp(
            instant(first + TimeDelta::days(3 * i64::try_from(number).unwrap_or(2)), &zone),
            0,
        );
        format!("{kept};UNTIL={}", until.unwrap_or_default().format("%Y%m%dT%H%M%SZ"))
    }

    /// Does what may take words away: those that stood on that side, and stand on neither now, are nobody's any more.
    fn takes_away(&self, act: impl FnOnce(), side: Side) {
        let before = self.words();
        act();
        let after = self.words();
        let gone = before[side]
            .iter()
            .filter(|one| !after[side].contains(one) && !after[side.other()].contains(one));
        self.book().taken_away.extend(gone.map(|(_, word)| word.clone()));
        if side == Side::Local {
            // The company saw what it takes away, and so did a person who has it on the telephone.
            let seen = before[side].iter().filter(|one| !after[side].contains(one));
            self.book().taken_away.extend(seen.map(|(_, word)| word.clone()));
        }
    }

    /// Somebody works on a telephone.
    fn on_the_phone(&self) {
        let all = self.there();
        let Some((pair, event)) = self.choose(&all) else { return self.enter_there() };
        let pair = *pair;
        let (id, who) = (text(&event["id"]), who(&text(&event["summary"])));
        let is_series = event.get("recurrence").is_some();
        let path = self.path(pair, &format!("/{id}?sendUpdates=none"));
        match self.below(100) {
            0..=24 => {
                let field = if self.per_mille(500) { "location" } else { "description" };
                self.types_there((&path, &who), field, &text(&event[field]), |word| json!({ field: word }));
            }
            25..=59 if is_series => self.change_occurrence_there(pair, event, &who),
            25..=29 | 60..=69 => {
                // Google drops what was changed of the occurrences of a series that begins at another hour.
                let zone = text(&event["start"]["timeZone"]);
                let Ok(at) = DateTime::parse_from_rfc3339(&text(&event["start"]["dateTime"])) else { return };
                let zone_of: chrono_tz::Tz = zone.parse().unwrap_or(chrono_tz::UTC);
                let wall = at.with_timezone(&zone_of).naive_local();
                let days = if self.per_mille(300) { 1 } else { 0 };
                let day = wall.date() + Days::new(days);
                let hour = if days > 0 { wall.hour() } else { self.hour() };
                let body =
                    json!({ "start": at_hour(day, hour, &zone), "end": at_hour(day, hour + 1, &zone) });
                self.note("appointments moved on the telephone");
                self.takes_away(
                    || {
                        let _ = self.phone("PATCH", &path, &body);
                    },
                    Side::Remote,
                );
            }
            70..=74 if is_series => {
                let line = text(&event["recurrence"][0]);
                let rule = line.trim_start_matches("RRULE:").to_owned();
                let is_it = |row: &Row| self::who(&row.event.title) == who;
                let Some(row) = self.here().into_iter().find(is_it) else { return };
                let rule = self.another_rule(&row.event, Some(&rule));
                self.note("rules changed on the telephone");
                let body = json!({ "recurrence": [format!("RRULE:{rule}")] });
                self.takes_away(
                    || {
                        let _ = self.phone("PATCH", &path, &body);
                    },
                    Side::Remote,
                );
            }
            70..=82 => {
                let to = &self.homes[1 - pair].remote;
                let path = self.path(pair, &format!("/{id}/move?destination={to}&sendUpdates=none"));
                if self.phone("POST", &path, &Value::Null) {
                    self.note("appointments dragged into another calendar");
                }
            }
            83..=88 => {
                if self.phone("DELETE", &path, &Value::Null) {
                    self.book().deleted.insert(who);
                }
            }
            89..=94 => {
                let guest = format!("g{}@guests.example", self.below(3));
                let mut guests = event["attendees"].as_array().cloned().unwrap_or_default();
                let before = guests.len();
                guests.retain(|one| one["email"] != guest.as_str());
                if guests.len() == before {
                    guests.push(json!({ "email": guest }));
                }
                let _ = self.phone("PATCH", &path, &json!({ "attendees": guests }));
            }
            _ => drop(self.phone("PATCH", &path, &json!({ "colorId": (1 + self.below(9)).to_string() }))),
        }
    }

    /// Somebody gives what was called off another title on the telephone, with the words before it or without, or takes
    /// the words away: only whoever blocks the time as well says that it takes place.
    fn retitle_what_is_off(&self) {
        let mut all = self.there();
        all.retain(|(_, event)| {
            let title = text(&event["summary"]);
            title.starts_with(CALLED_OFF) && !is_others(&who(&title))
        });
        let Some((pair, event)) = all.get(self.spare(all.len() as u64) as usize) else { return };
        let summary = text(&event["summary"]);
        let (who, title) = (who(&summary), summary.trim_start_matches(CALLED_OFF));
        let path = self.path(*pair, &format!("/{}?sendUpdates=none", text(&event["id"])));
        self.note("titles of what was called off, changed on the telephone");
        match self.spare(4) {
            0 => self.types_there(
                (&path, &who),
                "title",
                title,
                |word| json!({ "summary": format!("{CALLED_OFF}{who} {word}") }),
            ),
            1 => self.types_there(
                (&path, &who),
                "title",
                title,
                |word| json!({ "summary": format!("{who} {word}") }),
            ),
            2 => drop(self.phone("PATCH", &path, &json!({ "summary": title }))),
            _ => drop(self.phone("PATCH", &path, &json!({ "summary": title, "transparency": "opaque" }))),
        }
    }

    /// A request of the telephone; returns whether it was done.
    fn phone(&self, verb: &str, path: &str, body: &Value) -> bool {
        self.asks(&account(0), verb, path, body).is_some()
    }

    fn asks(&self, account: &str, verb: &str, path: &str, body: &Value) -> Option<Value> {
        let answer = self.google.ask_as(account, verb, path, body);
        self.say(|| format!("phone of {account}: {verb} {path} {body}: {}", answer.is_some()));
        answer
    }

    /// Types a word at Google.
    fn types_there(
        &self,
        (path, who): (&str, &str),
        field: &'static str,
        old: &str,
        body: impl Fn(&str) -> Value,
    ) {
        let word = self.word();
        if self.phone("PATCH", path, &body(&word)) {
            self.book().type_over(who, field, word_of(old), &word);
        }
    }

    fn enter_there(&self) {
        let word = self.word();
        let who = format!("e{word}");
        let zone = self.one_of(&ZONES).copied().unwrap_or_default();
        let pair = self.below(PAIRS.len() as u64) as usize;
        let day = chrono::NaiveDate::from_ymd_opt(2026, 3, 1).unwrap_or_default() + Days::new(self.below(27));
        let hour = self.hour();
        let mut event = json!({
            "summary": who, "description": word,
            "start": at_hour(day, hour, zone), "end": at_hour(day, hour + 1, zone),
        });
        if self.per_mille(700) {
            let rule = self.one_of(&RULES).copied().unwrap_or_default();
            event["recurrence"] = json!([format!("RRULE:{rule}")]);
        }
        if self.phone("POST", &self.path(pair, "?sendUpdates=none"), &event) {
            self.book().type_over(&who, "description", "", &word);
        }
    }

    /// Somebody who invited the app user, or does so now: whoever is invited gets mails from there.
    fn at_the_boss(&self) {
        const OWN: &str = "/calendar/v3/calendars/primary/events";
        let state = self.google.sim.with(|core| core.dump());
        let events = state["calendars"][BOSS]["events"].as_array().cloned().unwrap_or_default();
        let mut events: Vec<Value> = events
            .into_iter()
            .filter(|event| event["status"] != "cancelled" && event.get("recurringEventId").is_none())
            .collect();
        events.sort_by_key(|event| text(&event["summary"]));
        let Some(event) = events.get(self.below(events.len() as u64 + 1) as usize) else {
            let word = self.word();
            let who = format!("b{word}");
            let day =
                chrono::NaiveDate::from_ymd_opt(2026, 3, 1).unwrap_or_default() + Days::new(self.below(27));
            let (hour, zone) = (self.hour(), ZONES[0]);
            let mut meeting = json!({
                "summary": who, "description": word,
                "start": at_hour(day, hour, zone), "end": at_hour(day, hour + 1, zone),
                "attendees": [{ "email": account(0) }, { "email": "other@guests.example" }],
            });
            if self.per_mille(500) {
                meeting["recurrence"] = json!([format!("RRULE:{}", RULES[0])]);
            }
            if self.asks(BOSS, "POST", &format!("{OWN}?sendUpdates=all"), &meeting).is_some() {
                self.book().type_over(&who, "description", "", &word);
                self.note("meetings of somebody else");
            }
            return;
        };
        let (id, who) = (text(&event["id"]), who(&text(&event["summary"])));
        let path = format!("{OWN}/{id}?sendUpdates=all");
        // What a guest noted on a copy goes with the organiser's next change.
        match self.below(10) {
            0..=4 => {
                let word = self.word();
                let old = text(&event["description"]);
                let edit = || drop(self.asks(BOSS, "PATCH", &path, &json!({ "description": word })));
                self.takes_away(edit, Side::Remote);
                self.book().type_over(&who, "description", &old, &word);
            }
            5..=7 if event.get("recurrence").is_some() => {
                let answer = self.google.ask_as(BOSS, "GET", &format!("{OWN}/{id}/instances"), &Value::Null);
                let all = answer.unwrap_or_default()["items"].as_array().cloned().unwrap_or_default();
                let Some(one) = self.one_of(&all) else { return };
                let path = format!("{OWN}/{}?sendUpdates=all", text(&one["id"]));
                let cancel = || drop(self.asks(BOSS, "DELETE", &path, &Value::Null));
                self.takes_away(cancel, Side::Remote);
            }
            _ => {
                if self.asks(BOSS, "DELETE", &path, &Value::Null).is_some() {
                    self.book().deleted.insert(who.clone());
                    lock(&self.cancelled).insert(who);
                    self.note("meetings that their organiser cancelled");
                }
            }
        }
    }

    fn change_occurrence_there(&self, pair: usize, series: &Value, who: &str) {
        let all = self.instances(pair, series);
        let Some(one) = self.one_of(&all) else { return };
        let path = self.path(pair, &format!("/{}?sendUpdates=none", text(&one["id"])));
        self.note("occurrences changed on the telephone");
        // What the occurrence has of its own, not from its series.
        let own =
            |member: &str| if one[member] == series[member] { String::new() } else { text(&one[member]) };
        match self.below(10) {
            0..=3 => {
                let title = |word: &str| json!({ "summary": format!("{who} {word}") });
                self.types_there((&path, who), "title of an occurrence", &own("summary"), title);
            }
            4..=5 => {
                let place = |word: &str| json!({ "location": word });
                self.types_there((&path, who), "location of an occurrence", &own("location"), place);
            }
            6..=7 => {
                let zone = text(&one["start"]["timeZone"]);
                let original = text(&one["originalStartTime"]["dateTime"]);
                let Ok(at) = DateTime::parse_from_rfc3339(&original) else { return };
                let (day, hour) = (at.date_naive() + Days::new(1), self.hour());
                let body =
                    json!({ "start": at_hour(day, hour, &zone), "end": at_hour(day, hour + 1, &zone) });
                let _ = self.phone("PATCH", &path, &body);
            }
            _ => self.takes_away(
                || {
                    let _ = self.phone("DELETE", &path, &Value::Null);
                },
                Side::Remote,
            ),
        }
    }

    // The history.

    fn history(&self) {
        for _ in 0..3 + self.below(6) {
            self.person();
        }
        self.pass(1_000);
        self.troubles();
        let mut turns = 4 + self.below(8);
        while turns > 0 || self.steps() < STEPS {
            turns = turns.saturating_sub(1);
            for _ in 0..self.below(4) {
                self.person();
            }
            self.pass([5, 40, 900][self.below(3) as usize]);
            if self.per_mille(400) {
                self.restart();
            }
            self.run(self.below(PAIRS.len() as u64) as usize);
            if self.failed() {
                return;
            }
        }
        self.calms();
        if self.per_mille(600) && (!self.calm() || !self.one_fails()) {
            return;
        }
        for _ in 0..ANSWERS {
            if !self.calm() {
                return;
            }
            if !self.answer() {
                break;
            }
        }
        self.judge();
    }

    /// No faults and no people: it has to come to rest, and then to be silent (I1, I6).
    fn calm(&self) -> bool {
        let (mut quiet, mut rounds, mut approved) = (0, 0, 0);
        while quiet < PAIRS.len() {
            for (pair, name) in PAIRS.iter().enumerate() {
                self.pass(1_000);
                let report = self.run(pair);
                if self.failed() {
                    return false;
                }
                let Some(report) = report.filter(|report| report.stopped.is_none()) else {
                    self.bad(format!("{name} does not run although all is calm (I14)"));
                    return false;
                };
                approved += usize::from(report.refused.is_some());
                let writes = report.written.local.total() + report.written.remote.total();
                let is_done = report.refused.is_none() && report.handed_over.is_empty();
                let is_quiet = writes == 0 && is_done && report.unknown == 0;
                quiet = if is_quiet { quiet + 1 } else { 0 };
            }
            rounds += 1;
            if rounds > ROUNDS + approved {
                self.bad(format!("still moving after {rounds} rounds (I1)"));
                return false;
            }
        }
        true
    }

    /// Google fails at one appointment each time, or shows what cannot be read: the others go on (I22).
    fn one_fails(&self) -> bool {
        let (rows, there) = (self.here(), self.there());
        let mut busy = self.waits();
        let free = |busy: &BTreeSet<String>, title: &str| !busy.contains(&who(title));
        let Some((_, victim)) = self.one_of(&there) else { return true };
        let (id, title) = (text(&victim["id"]), text(&victim["summary"]));
        busy.insert(who(&title));
        let all = json!("calendar.events.*");
        let rule = match self.below(4) {
            0 => json!({ "method": all, "about": id, "status": 500 }),
            1 => json!({ "method": all, "replace": [format!("\"{id}\""), "null"] }),
            2 => json!({ "method": all, "replace": [format!("\"{title}\""), "{\"a\": 1}"] }),
            _ => {
                let updated = format!("\"updated\": \"{}\"", text(&victim["updated"]));
                json!({ "method": all, "replace": [updated, "\"unknown\": 1"] })
            }
        };
        self.say(|| format!("Google fails at {title}: {rule}"));
        let Ok(rule) = serde_json::from_value(rule) else { return true };
        self.google.sim.with(|core| core.set_faults(Faults::new(1, vec![rule])));
        self.note("appointments that Google fails at each time");
        let mut typed = Vec::new();
        let theirs: Vec<&(usize, Value)> =
            there.iter().filter(|(_, event)| free(&busy, &text(&event["summary"]))).collect();
        if let Some((pair, event)) = self.one_of(&theirs) {
            let (who, word) = (who(&text(&event["summary"])), self.word());
            let path = self.path(*pair, &format!("/{}?sendUpdates=none", text(&event["id"])));
            if self.phone("PATCH", &path, &json!({ "location": word })) {
                self.book().type_over(&who, "location", &text(&event["location"]), &word);
                busy.insert(who.clone());
                typed.push((who, word));
            }
        }
        let ours: Vec<&Row> = rows
            .iter()
            .filter(|row| free(&busy, &row.event.title) && !is_others(&who(&row.event.title)))
            .collect();
        if let Some(row) = self.one_of(&ours) {
            let who = who(&row.event.title);
            let word = self.types(&who, "location", &row.event.location);
            self.sql(&format!("UPDATE appointments SET location = '{word}' WHERE id = '{}';", row.id));
            typed.push((who, word));
        }
        for pair in (0..PAIRS.len()).chain(0..PAIRS.len()).chain(0..PAIRS.len()) {
            self.pass(1_000);
            let report = self.run(pair);
            if report.is_none_or(|report| report.stopped.is_some()) {
                self.bad(format!("{} ends early because of one appointment (I22)", PAIRS[pair]));
            }
        }
        for link in (0..PAIRS.len()).flat_map(|pair| self.waiting(pair)) {
            self.say(|| format!("waits: {:?} {:?} {:?}", link.state, link.held, link.copies));
        }
        let words = self.words();
        for one in typed.iter().filter(|one| !words.local.contains(*one) || !words.remote.contains(*one)) {
            self.bad(format!("{one:?} did not travel because of another appointment (I22)"));
        }
        self.google.sim.with(|core| core.set_faults(Faults::new(1, Vec::new())));
        !self.failed()
    }

    /// Who waits for a person.
    fn waits(&self) -> BTreeSet<String> {
        let links = (0..PAIRS.len()).flat_map(|pair| self.waiting(pair));
        let copies = links.flat_map(|link| [link.copies.local, link.copies.remote]).flatten();
        copies.map(|copy| who(&copy.stored.record.title)).collect()
    }

    /// The links that wait for a person.
    fn waiting(&self, pair: usize) -> Vec<Link<Event>> {
        let asked = self.store().ledger::<Event>();
        match drive(&self.dead, asked.attention(&PairId::new(PAIRS[pair]), None, 10_000)) {
            Some(Ok(links)) => links,
            _ => {
                self.bad(format!("{}: the ledger does not answer", PAIRS[pair]));
                Vec::new()
            }
        }
    }

    /// A person answers what is asked; returns whether there was anything to be answered.
    fn answer(&self) -> bool {
        let mut any = false;
        for pair in 0..PAIRS.len() {
            for link in self.waiting(pair) {
                let engine = self.engine(pair);
                for field in &link.held {
                    let side = if self.per_mille(500) { Side::Local } else { Side::Remote };
                    let answered = drive(&self.dead, engine.resolve(link.id, field, side));
                    self.say(|| format!("answer about {field} of {}: {side:?}: {answered:?}", link.id));
                    self.note("answers of people");
                    if !matches!(answered, Some(Ok(()))) {
                        self.bad(format!("an answer about {field} was not taken: {answered:?}"));
                    }
                    any = true;
                }
                if let LinkState::Rejected(refusal) = &link.state {
                    // Once more; and if it is refused again, what stands there is right.
                    let is_new = lock(&self.tried).insert(link.id);
                    self.say(|| format!("refused, is new: {is_new}: {refusal:?}"));
                    let answered = if is_new {
                        drive(&self.dead, engine.retry(link.id))
                    } else {
                        drive(&self.dead, engine.give_up(link.id))
                    };
                    if !matches!(answered, Some(Ok(()))) {
                        self.bad(format!("what was refused cannot be tried again: {answered:?}"));
                    }
                    any = true;
                }
            }
        }
        any
    }

    // The judges.

    fn judge(&self) {
        for link in (0..PAIRS.len()).flat_map(|pair| self.waiting(pair)) {
            self.note("still waiting at the end");
            self.say(|| format!("waits: {:?} {:?} {:?}", link.state, link.held, link.copies));
        }
        let waits = self.waits();
        let (here, there) = (self.seen_here(), self.seen_there());
        let names: BTreeSet<&String> = here.keys().chain(there.keys()).collect();
        for who in names.into_iter().filter(|who| !waits.contains(*who)) {
            let (here, there) = (here.get(who), there.get(who));
            let count = |found: Option<&Vec<Seen>>| found.map_or(0, Vec::len);
            if (count(here), count(there)) != (1, 1) {
                self.bad(format!(
                    "{who} is {} times here and {} times there (I3): {here:?} {there:?}",
                    count(here),
                    count(there)
                ));
            } else if here != there {
                self.bad(format!("{who} differs (I1): {here:?} {there:?}"));
            }
        }
        let is_ours = |mail: &&Mail| mail.calendar != BOSS;
        let sent = self.google.sim.with(|core| core.mails().iter().filter(is_ours).count() as u64);
        let mails = self.google.might_mail() + sent;
        if mails > 0 {
            self.bad(format!("{mails} guests were mailed (I8)"));
        }
        self.judge_others();
        self.judge_words();
    }

    /// A meeting of somebody else is never made again, as one's own or after it was cancelled (I3, I8).
    fn judge_others(&self) {
        let cancelled = lock(&self.cancelled).clone();
        for (_, event) in self.there() {
            let who = who(&text(&event["summary"]));
            if cancelled.contains(&who) {
                self.bad(format!("{who} stands although its organiser cancelled it (I3): {event}"));
            }
            if is_others(&who) && event["organizer"]["email"] != BOSS {
                self.bad(format!("{who} was made again as one's own (I8): {event}"));
            }
        }
    }

    fn seen_here(&self) -> BTreeMap<String, Vec<Seen>> {
        let mut seen: BTreeMap<String, Vec<Seen>> = BTreeMap::new();
        for Row { pair, event, .. } in self.here() {
            let description = event.description.clone();
            let guests = event.participants.keys().filter(|guest| is_guest(guest)).cloned().collect();
            let takes_place = takes_place(&event);
            seen.entry(who(&event.title)).or_default().push(Seen { pair, description, guests, takes_place });
        }
        seen
    }

    fn seen_there(&self) -> BTreeMap<String, Vec<Seen>> {
        let mut seen: BTreeMap<String, Vec<Seen>> = BTreeMap::new();
        for (pair, event) in self.there() {
            let guests = event["attendees"].as_array().into_iter().flatten();
            let all = if event.get("recurrence").is_some() {
                self.instances(pair, &event)
            } else {
                vec![event.clone()]
            };
            let mut takes_place: Vec<Once> = all.iter().map(once_at_google).collect();
            takes_place.sort();
            let one = Seen {
                pair,
                description: text(&event["description"]),
                guests: guests.map(|guest| text(&guest["email"])).filter(|guest| is_guest(guest)).collect(),
                takes_place,
            };
            seen.entry(who(&text(&event["summary"]))).or_default().push(one);
        }
        seen
    }

    /// Every word typed stands, was typed over, was taken away, was told, or is in the history (I2).
    fn judge_words(&self) {
        let words = self.words();
        let live: Vec<(String, String)> = words.local.into_iter().chain(words.remote).collect();
        let mut past = lock(&self.told).clone();
        for pair in PAIRS {
            let of = EntriesOf::Pair(PairId::new(pair));
            let ledger = self.store().ledger::<Event>();
            let Some(Ok(entries)) = drive(&self.dead, ledger.entries(&of, Slice { skip: 0, limit: 100_000 }))
            else {
                return self.bad(format!("{pair}: the ledger does not answer"));
            };
            past += &serde_json::to_string(&entries).unwrap_or_default();
        }
        let lost = self.book().lost(&live, &past);
        if let Some(lost) = lost {
            self.bad(format!("{lost} vanished (I2)"));
        }
    }
}

fn at_hour(day: chrono::NaiveDate, hour: u32, zone: &str) -> Value {
    json!({ "dateTime": format!("{day}T{hour:02}:00:00"), "timeZone": zone })
}
