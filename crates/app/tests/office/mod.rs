//! An installation in a temporary directory, the built binary, and a pretend Google.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use passerelle_google_sim::{Sim, SimOptions};
use serde_json::Value;
use tempfile::TempDir;

pub const ACCOUNT: &str = "alice@acme.example";
pub const OTHER: &str = "bob@acme.example";
pub const CLIENT: &str = r#"{"installed":{"client_id":"test.apps.googleusercontent.com","project_id":"test",
    "client_secret":"GOCSPX-canary-of-the-client","redirect_uris":["http://localhost"]}}"#;

pub struct Office {
    pub dir: TempDir,
    pub sim: Sim,
}

pub struct Done {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Done {
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout: {}\nstderr: {}", self.out, self.err);
        self
    }

    pub fn lines(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }

    /// Every line of a type.
    pub fn of(&self, kind: &str) -> Vec<Value> {
        self.lines().into_iter().filter(|line| line["type"] == kind).collect()
    }

    pub fn summary(&self) -> Value {
        let last = self.lines().pop().expect("a last line");
        assert_eq!(last["type"], "summary", "{last}");
        assert_eq!(last["v"], 1);
        assert_eq!(last["exit_code"], self.code);
        last
    }
}

impl From<Output> for Done {
    fn from(output: Output) -> Self {
        Done {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// The binary, in a directory where nothing of this computer's user is seen.
pub fn binary(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_passerelle"));
    command
        .env_clear()
        .env("HOME", dir)
        .env("XDG_CONFIG_HOME", dir.join("etc"))
        .env("XDG_STATE_HOME", dir.join("var"))
        .env("PASSERELLE_LANG", "en")
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null());
    command
}

impl Office {
    /// An installation that was made, with the app user alice.
    pub fn new() -> Self {
        let office = Self::empty();
        office.run(&["init", "--non-interactive"]).expect(0);
        office.run(&["user", "add", "alice", "--name", "Alice Martin"]).expect(0);
        office
    }

    /// A directory with nothing in it yet.
    pub fn empty() -> Self {
        let options = SimOptions {
            auto_consent: true,
            accounts: vec![ACCOUNT.to_owned(), OTHER.to_owned()],
            ..SimOptions::default()
        };
        Office { dir: tempfile::tempdir().unwrap(), sim: Sim::start_in_thread(options).unwrap() }
    }

    pub fn command(&self) -> Command {
        let mut command = binary(self.dir.path());
        command.env("PASSERELLE__GOOGLE__ENDPOINT", self.sim.url());
        command
    }

    /// Another program in the same surroundings.
    pub fn command_of(&self, program: &str) -> Command {
        let ours = self.command();
        let mut command = Command::new(program);
        command.env_clear().stdin(Stdio::null());
        for (name, value) in ours.get_envs() {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        command
    }

    pub fn run(&self, args: &[&str]) -> Done {
        self.command().args(args).output().unwrap().into()
    }

    pub fn file(&self, name: &str, text: &str) -> String {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    pub fn database(&self) -> PathBuf {
        self.dir.path().join("var/passerelle/passerelle.db")
    }

    /// Connects alice: the address that the program shows is opened, as a browser would.
    pub fn connect(&self) -> Done {
        self.connect_as(ACCOUNT)
    }

    /// How the next consent page is answered, in the words of the pretend Google.
    pub fn next_consent(&self, choice: &Value) {
        self.phone("POST", "/_sim/consent", choice);
    }

    /// The same, by somebody who is logged in to another account.
    pub fn connect_as(&self, account: &str) -> Done {
        self.connect_user("alice", account)
    }

    /// Connects an app user, by somebody who is logged in to an account.
    pub fn connect_user(&self, user: &str, account: &str) -> Done {
        let client = self.file("client.json", CLIENT);
        let args = ["connect", "google", "--user", user, "--client", &client, "--no-browser", "--json"];
        consented(self.command().args(args), account)
    }

    /// Runs plain SQL on the company's database, as any other program would.
    pub fn sql(&self, statements: &str) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let options = passerelle_sql_store::StoreOptions::default();
            let store = passerelle_sql_store::Store::open(&self.database(), options).await.unwrap();
            store.run_sql(statements).await.unwrap();
        });
    }

    /// Calls the pretend Google as alice's phone does.
    pub fn phone(&self, verb: &str, path: &str, body: &Value) -> Value {
        const SCOPES: [&str; 2] =
            ["https://www.googleapis.com/auth/calendar", "https://www.googleapis.com/auth/contacts"];
        let answer = self.sim.with(|core| {
            let (token, _) = core.issue_token(ACCOUNT, "the-phone-itself", &SCOPES);
            let headers = [
                ("authorization".to_owned(), format!("Bearer {token}")),
                ("content-type".to_owned(), "application/json".to_owned()),
            ];
            let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
            core.handle(&verb.parse().unwrap(), path, &headers, &bytes)
        });
        assert!((200..300).contains(&answer.status), "{}", String::from_utf8_lossy(&answer.body));
        if answer.body.is_empty() { Value::Null } else { serde_json::from_slice(&answer.body).unwrap() }
    }

    /// Everybody in alice's address book at the pretend Google.
    pub fn people(&self) -> Vec<Value> {
        let fields = "names,emailAddresses,organizations,biographies,nicknames,metadata";
        let path = format!("/v1/people/me/connections?pageSize=1000&personFields={fields}");
        self.phone("GET", &path, &Value::Null)["connections"].as_array().cloned().unwrap_or_default()
    }

    /// The person with this given name.
    pub fn person(&self, given: &str) -> Option<Value> {
        self.people().into_iter().find(|person| person["names"][0]["givenName"] == given)
    }

    /// Changes one field of the person with this given name.
    pub fn edit_person(&self, given: &str, member: &str, value: Value) {
        let person = self.person(given).unwrap();
        let name = person["resourceName"].as_str().unwrap();
        let path = format!("/v1/{name}:updateContact?updatePersonFields={member}");
        let mut body = serde_json::json!({ "etag": person["etag"], "metadata": person["metadata"] });
        body[member] = value;
        self.phone("PATCH", &path, &body);
    }
}

/// Runs a command that asks for consent, and gives it as a browser would.
pub fn consented(command: &mut Command, account: &str) -> Done {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let errors = std::thread::spawn(move || {
        let mut err = String::new();
        stderr.read_to_string(&mut err).unwrap();
        err
    });
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut out = String::new();
    loop {
        let mut line = String::new();
        if stdout.read_line(&mut line).unwrap() == 0 {
            break;
        }
        let told: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"));
        if told["type"] == "open" {
            knock(&landing(told["url"].as_str().unwrap(), account));
        }
        out.push_str(&line);
    }
    Done { code: child.wait().unwrap().code().unwrap_or(-1), out, err: errors.join().unwrap() }
}

/// Opens the page of a consent and returns the address that it sends the browser to.
pub fn landing(url: &str, account: &str) -> String {
    let mut url = url::Url::parse(url).unwrap();
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| name != "login_hint")
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    url.query_pairs_mut().clear().extend_pairs(kept).append_pair("login_hint", account);
    let answer = knock(url.as_str());
    answer
        .lines()
        .find_map(|line| line.strip_prefix("location: ").or(line.strip_prefix("Location: ")))
        .unwrap_or_else(|| panic!("{answer}"))
        .to_owned()
}

/// Opens an address, without following where it sends.
pub fn knock(url: &str) -> String {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
