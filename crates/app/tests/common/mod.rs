//! A company in a temporary folder, a pretend Google on loopback, and the built binary between the two.
//!
//! Both sides are read without any code of the product: the tables by plain SQL, Google by its own state.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, dead_code)]

use std::{
    cell::RefCell,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use diesel::{
    Connection, QueryableByName, RunQueryDsl, SqliteConnection, connection::SimpleConnection, sql_query,
    sql_types::Text,
};
use passerelle_google_sim::{Sim, SimOptions};
use serde_json::{Value, json};

/// The app user.
pub const USER: &str = "alice";
/// Her account at the pretend Google.
pub const ACCOUNT: &str = "alice@example.org";
/// The zone in which the company works.
pub const ZONE: &str = "Europe/Paris";
/// Alice's own calendar.
pub const EVENTS: &str = "/calendar/v3/calendars/primary/events";
const SCOPES: [&str; 2] =
    ["https://www.googleapis.com/auth/calendar", "https://www.googleapis.com/auth/contacts"];
/// The key of a service account, made for tests, and its public half.
pub const SERVICE_KEY: &str = include_str!("../../../adapters/google-transport/tests/service-account.json");
pub const SERVICE_KEY_PUBLIC: &str = include_str!("service-account.pub.pem");
/// How many runs it may take until nothing is left to do: I1 promises three, and one that is quiet.
const ROUNDS: usize = 4;

/// A whole installation.
pub struct World {
    pub sim: Sim,
    folder: tempfile::TempDir,
    token: String,
    connection: RefCell<Option<SqliteConnection>>,
}

/// How a command ended, and what it said.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub lines: Vec<Value>,
    pub stderr: String,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

impl Ran {
    fn read(code: Option<i32>, stdout: &str, stderr: String) -> Self {
        let lines = stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        Ran { code, lines, stderr }
    }

    /// The lines of a type.
    pub fn of(&self, kind: &str) -> Vec<&Value> {
        self.lines.iter().filter(|line| line["type"] == kind).collect()
    }

    /// The last line.
    pub fn summary(&self) -> &Value {
        let last = self.lines.last().unwrap_or_else(|| panic!("it said nothing: {self:?}"));
        assert_eq!(last["type"], "summary", "the last line is always the summary: {self:?}");
        last
    }

    /// The codes of all error lines.
    pub fn errors(&self) -> Vec<String> {
        self.of("error").iter().filter_map(|line| line["code"].as_str()).map(str::to_owned).collect()
    }

    /// The number of writes of a sort, all pairs together: `("to_remote", "delete")`.
    pub fn count(&self, side: &str, action: &str) -> u64 {
        let pairs = self.summary()["pairs"].as_array().into_iter().flatten();
        pairs.filter_map(|pair| pair[side][action].as_u64()).sum()
    }

    /// The number of all writes.
    pub fn writes(&self) -> u64 {
        ["to_local", "to_remote"]
            .iter()
            .flat_map(|side| ["create", "update", "delete"].map(|action| self.count(side, action)))
            .sum()
    }

    /// The number of all deletions.
    pub fn deletes(&self) -> u64 {
        self.count("to_local", "delete") + self.count("to_remote", "delete")
    }

    /// The run of a kind's pair.
    pub fn run_of(&self, kind: &str) -> i64 {
        let pairs = self.summary()["pairs"].as_array().into_iter().flatten();
        let run = pairs.filter(|pair| pair["kind"] == kind).find_map(|pair| pair["run_id"].as_i64());
        run.unwrap_or_else(|| panic!("no run of {kind}: {self:?}"))
    }

    /// Asserts an exit code, showing everything where it is another one.
    #[track_caller]
    pub fn ends_with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }
}

impl World {
    /// An installation with one app user who is connected to nothing yet.
    pub fn unconnected() -> Self {
        let options =
            SimOptions { auto_consent: true, accounts: vec![ACCOUNT.to_owned()], ..SimOptions::default() };
        let sim = Sim::start_in_thread(options).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (token, _) = sim.with(|core| core.issue_token(ACCOUNT, "the-phone-itself", &SCOPES));
        let world = World { sim, folder, token, connection: RefCell::new(None) };
        let config = format!(
            "language = \"en\"\nphone_region = \"FR\"\nstate_dir = \"state\"\n\
             [database]\npath = \"company.db\"\n[vault]\ndir = \"vault\"\nkey_file = \"vault.key\"\n\
             [google]\nendpoint = \"{}\"\n",
            world.sim.url()
        );
        fs::write(world.path("config.toml"), config).unwrap();
        fs::write(world.path("client_secret.json"), world.client_secret()).unwrap();
        world.run(&["init", "--non-interactive"]).ends_with(0);
        world.run(&["user", "add", USER]).ends_with(0);
        world
    }

    /// An installation whose app user has consented: the binary asks, a browser follows.
    pub fn new() -> Self {
        let world = World::unconnected();
        world.connect().ends_with(0);
        world
    }

    fn client_secret(&self) -> String {
        self.control("GET", "client_secret.json", &Value::Null).to_string()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_passerelle"));
        command.env_clear().env("HOME", self.folder.path()).stdin(Stdio::null());
        command.arg("--config").arg(self.path("config.toml")).arg("--json").args(args);
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, args: &[&str]) -> Ran {
        self.close();
        let output = self.command(args).output().unwrap();
        Ran::read(
            output.status.code(),
            &String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    }

    /// Runs a command as a person does, or a machine, and returns both streams, byte for byte.
    pub fn streams(&self, args: &[&str]) -> std::process::Output {
        self.close();
        let mut command = Command::new(env!("CARGO_BIN_EXE_passerelle"));
        command.env_clear().env("HOME", self.folder.path()).stdin(Stdio::null());
        command.arg("--config").arg(self.path("config.toml")).args(args).output().unwrap()
    }

    /// Runs a command at a terminal, as a person does who types these answers to what is shown; returns its exit code
    /// and everything that was shown.
    pub fn at_a_terminal(&self, answers: &Value, args: &[&str]) -> (i32, String) {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/at_a_terminal.py");
        let mut command = Command::new("python3");
        command.env_clear().env("PATH", env!("PATH")).env("HOME", self.folder.path()).env("TERM", "xterm");
        command.arg(script).arg(answers.to_string()).arg(env!("CARGO_BIN_EXE_passerelle"));
        command.arg("--config").arg(self.path("config.toml")).args(args).stdin(Stdio::null());
        let output = command.output().unwrap();
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        (output.status.code().unwrap(), String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs a command and returns what a person reads on its standard output.
    pub fn shown(&self, args: &[&str]) -> String {
        self.close();
        let mut command = Command::new(env!("CARGO_BIN_EXE_passerelle"));
        command.env_clear().env("HOME", self.folder.path()).stdin(Stdio::null());
        let output = command.arg("--config").arg(self.path("config.toml")).args(args).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// Begins a command that tells what it does.
    pub fn telling(&self, args: &[&str]) -> Child {
        self.close();
        self.command(args).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Begins a command and says nothing of its end.
    pub fn begin(&self, args: &[&str]) -> Child {
        self.close();
        self.command(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Alice consents: the address that the binary prints is opened, and the one it sends to.
    pub fn connect(&self) -> Ran {
        self.connect_with(&[])
    }

    /// The same, with more options.
    pub fn connect_with(&self, more: &[&str]) -> Ran {
        let client = self.path("client_secret.json");
        let args = ["connect", "google", "--no-browser", "--wait", "30", "--user", USER, "--client"];
        let mut child = self
            .command(&args)
            .arg(client)
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut said = String::new();
        loop {
            let mut line = String::new();
            if stdout.read_line(&mut line).unwrap() == 0 {
                break;
            }
            said.push_str(&line);
            let line: Value = serde_json::from_str(&line).unwrap_or_default();
            if line["type"] == "open" {
                let sent_to = visit(line["url"].as_str().unwrap());
                visit(&sent_to.expect("the consent page sends the browser on"));
            }
        }
        let output = child.wait_with_output().unwrap();
        Ran::read(output.status.code(), &said, String::from_utf8(output.stderr).unwrap())
    }

    /// A service account acts for Alice; the pretend Google knows its public key.
    pub fn connect_service_account(&self) -> Ran {
        self.control("POST", "project", &json!({ "service_account_key": SERVICE_KEY_PUBLIC }));
        let key = self.path("key.json");
        fs::write(&key, SERVICE_KEY).unwrap();
        let key = key.display().to_string();
        self.run(&["connect", "google", "--user", USER, "--service-account", &key, "--subject", ACCOUNT])
    }

    /// A calendar of Alice's, made in Google's web page; returns its id.
    pub fn add_calendar(&self, name: &str) -> String {
        let made =
            self.google("POST", "/calendar/v3/calendars", &json!({ "summary": name, "timeZone": ZONE }));
        made["id"].as_str().unwrap().to_owned()
    }

    /// The titles in one of Alice's calendars at Google, in order.
    pub fn titles_in(&self, calendar: &str) -> Vec<String> {
        let listed = self.google("GET", &format!("{}?maxResults=2500", events_of(calendar)), &Value::Null);
        let items = listed["items"].as_array().cloned().unwrap_or_default();
        let title = |event: &Value| event["summary"].as_str().unwrap_or_default().to_owned();
        let mut titles: Vec<String> = items.iter().map(title).collect();
        titles.sort();
        titles
    }

    /// Synchronises.
    pub fn sync(&self) -> Ran {
        self.run(&["sync"])
    }

    /// Synchronises until nothing is left to do (I1), and returns the first run.
    pub fn settle(&self) -> Ran {
        let first = self.sync();
        let mut last = None;
        for _ in 0..ROUNDS {
            let run = self.sync();
            if run.code == Some(0) && run.writes() == 0 && first.code == Some(0) {
                return first;
            }
            last = Some(run);
        }
        panic!("it never became quiet (I1): first {first:#?}, last {last:#?}");
    }

    /// Forgets the connection: the binary must never find the database busy because of this test.
    fn close(&self) {
        self.connection.borrow_mut().take();
    }

    fn with_connection<T>(&self, work: impl FnOnce(&mut SqliteConnection) -> T) -> T {
        let mut connection = self.connection.borrow_mut();
        let opened = connection.get_or_insert_with(|| {
            let path = self.path("company.db");
            let mut opened = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
            opened.batch_execute("PRAGMA busy_timeout = 10000; PRAGMA foreign_keys = ON;").unwrap();
            opened
        });
        work(opened)
    }

    /// Runs SQL in the company's database, as any other program would.
    pub fn sql(&self, statements: &str) {
        let text = format!("BEGIN IMMEDIATE;\n{statements}\nCOMMIT;");
        self.with_connection(|connection| connection.batch_execute(&text).unwrap());
    }

    /// Reads rows: the columns are those of a `json_object`.
    pub fn rows(&self, object: &str, from: &str) -> Vec<Value> {
        let query = format!("SELECT json_object({object}) AS line FROM {from}");
        let lines: Vec<Line> = self.with_connection(|connection| sql_query(query).load(connection).unwrap());
        lines.iter().map(|line| serde_json::from_str(&line.line).unwrap()).collect()
    }

    /// Counts the rows of a table, or of a part of it.
    pub fn number(&self, from: &str) -> u64 {
        self.rows("'n', count(*)", from)[0]["n"].as_u64().unwrap()
    }

    /// Uses Google's API with another client than the product's: Alice's phone.
    pub fn google(&self, verb: &str, path: &str, body: &Value) -> Value {
        let headers = [
            ("authorization".to_owned(), format!("Bearer {}", self.token)),
            ("content-type".to_owned(), "application/json".to_owned()),
        ];
        let bytes = if body.is_null() { Vec::new() } else { serde_json::to_vec(body).unwrap() };
        let verb: http::Method = verb.parse().unwrap();
        let answer = self.sim.with(|core| core.handle(&verb, path, &headers, &bytes));
        let text = String::from_utf8_lossy(&answer.body);
        assert!((200..300).contains(&answer.status), "{verb} {path}: {} {text}", answer.status);
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Uses the control surface of the pretend Google.
    pub fn control(&self, verb: &str, what: &str, body: &Value) -> Value {
        let bytes = if body.is_null() { Vec::new() } else { serde_json::to_vec(body).unwrap() };
        let (host, path) = (self.sim.url().trim_start_matches("http://").to_owned(), format!("/_sim/{what}"));
        let verb: http::Method = verb.parse().unwrap();
        let headers = [("host".to_owned(), host), ("content-type".to_owned(), "application/json".to_owned())];
        let answer = self.sim.with(|core| core.handle(&verb, &path, &headers, &bytes));
        let text = String::from_utf8_lossy(&answer.body);
        assert_eq!(answer.status, 200, "{what}: {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Plays a gesture of Alice in Google's web page.
    pub fn gesture(&self, gesture: &str, mut args: Value) -> Value {
        args["account"] = json!(ACCOUNT);
        self.control("POST", &format!("ui/{gesture}"), &args)
    }

    /// Makes requests fail, or no longer.
    pub fn faults(&self, rules: &Value) {
        self.control("POST", "faults", &json!({ "seed": 1, "rules": rules }));
    }

    /// Adds a contact at Google.
    pub fn add_person(&self, person: &Value) -> Value {
        self.google("POST", "/v1/people:createContact?personFields=names,metadata", person)
    }

    /// Adds an appointment at Google, without a word to its guests.
    pub fn add_event(&self, event: &Value) -> Value {
        self.google("POST", &format!("{EVENTS}?sendUpdates=none"), event)
    }

    /// The living contacts at Google, as its own state shows them.
    pub fn people(&self) -> Vec<Value> {
        let state = self.sim.with(|core| core.dump());
        state["contacts"][ACCOUNT]["contacts"].as_array().cloned().unwrap_or_default()
    }

    /// The names of the living contact groups at Google, by resource name.
    pub fn groups(&self) -> std::collections::BTreeMap<String, String> {
        let state = self.sim.with(|core| core.dump());
        let groups = state["contacts"][ACCOUNT]["contactGroups"].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let living = groups.iter().filter(|group| group["deleted"] != true);
        living.map(|group| (text(&group["resourceName"]), text(&group["name"]))).collect()
    }

    /// The living events at Google, changed occurrences included.
    pub fn every_event(&self) -> Vec<Value> {
        let state = self.sim.with(|core| core.dump());
        state["calendars"][ACCOUNT]["events"].as_array().cloned().unwrap_or_default()
    }

    /// The living appointments at Google, a series as one.
    pub fn events(&self) -> Vec<Value> {
        let mut events = self.every_event();
        events.retain(|event| event.get("recurringEventId").is_none() && event["status"] != "cancelled");
        events
    }

    /// The one contact at Google with an address.
    #[track_caller]
    pub fn person(&self, email: &str) -> Value {
        let mut found = self.people();
        found.retain(|person| {
            let emails = person["emailAddresses"].as_array();
            emails.is_some_and(|emails| emails.iter().any(|one| one["value"] == email))
        });
        assert_eq!(found.len(), 1, "contacts at Google with {email}: {found:#?}");
        found.remove(0)
    }

    /// The one appointment at Google with a title.
    #[track_caller]
    pub fn event(&self, title: &str) -> Value {
        let mut found = self.events();
        found.retain(|event| event["summary"] == title);
        assert_eq!(found.len(), 1, "appointments at Google called {title}: {found:#?}");
        found.remove(0)
    }

    /// How many requests whose method begins like this the pretend Google has seen.
    pub fn requests(&self, method: &str) -> u64 {
        self.sim.with(|core| {
            core.counts().iter().filter(|(name, _)| name.starts_with(method)).map(|(_, count)| count).sum()
        })
    }

    pub fn forget_requests(&self) {
        self.sim.with(passerelle_google_sim::Core::reset_counts);
    }

    /// The mails to guests that Google would have sent, whatever the product believes (I8).
    pub fn mails(&self) -> usize {
        self.sim.with(|core| core.mails().len())
    }
}

/// The address of a calendar's events.
pub fn events_of(calendar: &str) -> String {
    format!("/calendar/v3/calendars/{calendar}/events")
}

/// Opens an address like a browser, and returns where it sends to.
fn visit(address: &str) -> Option<String> {
    let rest = address.strip_prefix("http://").expect("only loopback is ever opened");
    let (host, path) = rest.split_once('/').expect("an address with a path");
    assert!(host.starts_with("127.0.0.1:") || host.starts_with("localhost:"), "{address}");
    let mut stream = TcpStream::connect(host).unwrap();
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let head = answer.split("\r\n\r\n").next().unwrap_or_default();
    let location = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("location").then(|| value.trim().to_owned())
    });
    assert!(location.is_some() || head.starts_with("HTTP/1.1 200"), "{head}");
    location
}

/// Everything that waits for a person, as `conflicts --json` shows it.
pub fn waiting(world: &World) -> Vec<Value> {
    world.run(&["conflicts"]).of("conflict").into_iter().cloned().collect()
}
