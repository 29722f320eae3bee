//! Every code of the catalogue is provoked by a test: here, through the built binary; or in the test that is named; or
//! there is a reason why no program can provoke it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[allow(dead_code)]
mod office;

use std::{
    collections::BTreeSet,
    fs,
    io::{Read, Write},
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    thread,
};

use diesel::{Connection, SqliteConnection, connection::SimpleConnection};
use office::{ACCOUNT, CLIENT, Done, Office, binary, consented};
use passerelle_ports::Code;
use passerelle_texts::{Lang, codes, exit_code, explain};
use serde_json::{Value, json};

/// How a code is provoked, and what the program then said.
type Row = (&'static str, fn() -> Done);

/// The codes that other tests of the repository provoke, by file.
const ELSEWHERE: &[(&str, &[&str])] = &[
    (
        "crates/app/tests/access.rs",
        &[
            "GOOG-115", "GOOG-116", "GOOG-118", "GOOG-119", "GOOG-120", "GOOG-202", "GOOG-203", "GOOG-204",
            "GOOG-205", "GOOG-206", "GOOG-208", "GOOG-209", "GOOG-213", "GOOG-214", "GOOG-215", "SYNC-115",
            "NET-106",
        ],
    ),
    (
        "crates/app/tests/google_errors.rs",
        &[
            "GOOG-109", "GOOG-113", "GOOG-114", "GOOG-117", "GOOG-210", "GOOG-212", "GOOG-301", "GOOG-302",
            "GOOG-303", "GOOG-305", "GOOG-306", "GOOG-307", "GOOG-308", "GOOG-309", "GOOG-310", "GOOG-311",
            "GOOG-313",
        ],
    ),
    ("crates/app/tests/unread.rs", &["GOOG-315", "GOOG-316"]),
    ("crates/app/tests/photos.rs", &["GOOG-317"]),
    (
        "crates/app/tests/vault.rs",
        &[
            "SYS-106",
            "SYS-107",
            "VAULT-001",
            "VAULT-002",
            "VAULT-003",
            "VAULT-004",
            "VAULT-005",
            "VAULT-006",
            "VAULT-007",
            "USE-116",
            "SYS-110",
            "CFG-103",
            "USE-108",
            "USE-114",
            "USE-115",
        ],
    ),
    ("crates/app/tests/two_way.rs", &["SYNC-103"]),
    ("crates/app/tests/calendars.rs", &["USE-119", "SYNC-126"]),
    ("crates/app/tests/moves.rs", &["SYNC-119", "SYNC-121"]),
    ("crates/app/tests/read_only.rs", &["SYNC-122"]),
    ("crates/engine/tests/stale.rs", &["SYNC-130"]),
    ("crates/app/tests/owners.rs", &["SYNC-131"]),
    // What the database says where root may do anything: a file without the right to write.
    ("crates/adapters/sql-store/src/error.rs", &["DB-102", "SYS-109"]),
    ("crates/adapters/sql-store/tests/records.rs", &["DB-104"]),
    ("crates/adapters/google-calendar/tests/behaviour.rs", &["SYNC-108", "SYS-108"]),
    ("crates/app/tests/review.rs", &["SYNC-106"]),
];

/// The codes that no program can provoke, and why they are explained all the same.
const REASONS: &[(&str, &str)] = &[
    ("BUG-101", "a fault of the program alone: the tests of panic.rs and output.rs provoke it"),
    ("GOOG-102", "a page in the browser: the program never hears of it (O60); GOOG-208 leads to it"),
    ("GOOG-103", "a page in the browser: the program never hears of it (O60); GOOG-208 leads to it"),
    ("GOOG-104", "a page in the browser: the program never hears of it (O60); GOOG-208 leads to it"),
    ("GOOG-108", "a page in the browser: the program never hears of it (O60); GOOG-208 leads to it"),
    ("GOOG-110", "a page in the browser: the program never hears of it (O60); GOOG-208 leads to it"),
    ("NET-105", "the system would have to have no free port left"),
];

const GOOGLE: &[Row] = &[
    ("GOOG-101", || {
        let office = connected();
        office.phone("POST", "/_sim/project", &json!({ "disabled_apis": ["people.googleapis.com"] }));
        let test = office.run(&["test", "alice", "--json"]).expect(1);
        let found = test.of("finding").into_iter().find(|one| one["code"] == "GOOG-101").unwrap();
        // Google's own activation link, of this very project.
        let link = found["url"].as_str().unwrap();
        assert!(
            link.starts_with("https://console.developers.google.com/apis/api/people.googleapis.com/"),
            "{link}"
        );
        assert!(found["do"][0].as_str().unwrap().contains(link));
        office.run(&["sync", "--json"]).expect(4)
    }),
    ("GOOG-105", || connect_with(&CLIENT.replace("installed", "web"))),
    ("GOOG-106", || {
        let office = connected();
        clients(
            &office,
            &json!({ "client_id": "test.apps.googleusercontent.com", "client_secret": "other" }),
        );
        office.run(&["sync", "--json"]).expect(4)
    }),
    ("GOOG-107", || {
        let office = connected();
        clients(&office, &json!({ "client_id": "test.apps.googleusercontent.com", "deleted": true }));
        office.run(&["sync", "--json"]).expect(4)
    }),
    ("GOOG-111", || connect_with("AIzaSyA-not-a-client")),
    ("GOOG-112", || {
        let office = Office::new();
        let client = office.file("number.json", &CLIENT.replace("test.apps", "999999999999-test.apps"));
        consent(&office, &["--client", &client]).expect(0);
        office.phone("POST", "/_sim/project", &json!({ "disabled_apis": ["calendar-json.googleapis.com"] }));
        office.run(&["sync", "--json"]).expect(4)
    }),
    ("GOOG-201", || {
        let office = Office::new();
        office.next_consent(&json!({ "cancel": true, "times": 1 }));
        office.connect().expect(4)
    }),
    ("GOOG-207", || {
        let office = Office::new();
        office.phone("POST", "/_sim/knobs", &json!({ "withhold_refresh_token": true }));
        office.connect().expect(4)
    }),
    ("GOOG-211", || Office::new().run(&["sync", "--json"]).expect(4)),
    ("GOOG-304", || {
        let office = connected();
        office.sql(&people(3));
        office.phone("POST", "/_sim/knobs", &json!({ "people_contact_cap": 1 }));
        office.run(&["sync", "--json"]).expect(3);
        office.run(&["conflicts", "--json"]).expect(3)
    }),
    ("GOOG-312", || {
        faulty(&json!([{ "method": "calendar.events.list", "status": 403, "reason": "notACalendarUser" }]), 4)
    }),
];

const NETWORK: &[Row] = &[
    ("GOOG-314", || {
        // JSON that Google's reference does not know, with an answer that says all is well.
        let strange = "oauth-token-invalid_grant-revoked";
        faulty(&json!([{ "method": "oauth.token", "body": strange, "status": 200 }]), 8)
    }),
    ("NET-101", || {
        let office = connected();
        office.phone("POST", "/_sim/faults", &json!({ "rules": [{ "drop": true }] }));
        office.run(&["test", "alice", "--json"]).expect(1)
    }),
    ("NET-102", || {
        // Google's real addresses, through a proxy on this computer that lets nobody out.
        doctor_behind(&refusing_proxy()).expect(1)
    }),
    ("NET-103", || tls("good.pem", None)),
    ("NET-107", || doctor_behind("http://127.0.0.1:1").expect(1)),
    ("NET-104", || tls("expired.pem", Some("authority.pem"))),
];

const COMPUTER: &[Row] = &[
    ("SYS-101", || {
        let office = Office::new();
        office.sql(&people(1));
        office.run(&["contacts", "export", "/dev/full", "--format", "json", "--json"]).expect(9)
    }),
    ("SYS-102", || {
        let office = Office::new();
        let lock = fs::File::open(office.dir.path().join("var/passerelle/passerelle.lock")).unwrap();
        lock.lock().unwrap();
        office.run(&["sync", "--json"]).expect(6)
    }),
    ("SYS-103", || {
        let office = connected();
        let mut other = sqlite(&office.database());
        other.batch_execute("BEGIN EXCLUSIVE").unwrap();
        let mut command = office.command();
        command.env("PASSERELLE__DATABASE__BUSY_SECONDS", "1").args(["sync", "--json"]);
        let done = Done::from(command.output().unwrap());
        other.batch_execute("ROLLBACK").unwrap();
        done.expect(8)
    }),
    ("SYS-104", || {
        let office = Office::new();
        let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('99991231000000')";
        sqlite(&office.database()).batch_execute(newer).unwrap();
        office.run(&["status", "--json"]).expect(9)
    }),
    ("SYS-105", || {
        let office = Office::new();
        fs::write(office.database(), b"this is no database, whatever its name says, and it is long enough")
            .unwrap();
        for wal in ["passerelle.db-wal", "passerelle.db-shm"] {
            let _ = fs::remove_file(office.dir.path().join("var/passerelle").join(wal));
        }
        let doctor = office.run(&["doctor", "--json"]).expect(1);
        assert!(doctor.of("finding").iter().any(|one| one["code"] == "SYS-105"), "{}", doctor.out);
        office.run(&["status", "--json"]).expect(9)
    }),
    ("DB-101", || {
        let office = Office::new();
        let folder = office.dir.path().display().to_string();
        let mut command = office.command();
        command.env("PASSERELLE__DATABASE__PATH", folder).args(["status", "--json"]);
        Done::from(command.output().unwrap()).expect(8)
    }),
    ("DB-103", || {
        let office = connected();
        office.sql(&people(1));
        let rename = "PRAGMA legacy_alter_table = ON; ALTER TABLE contact_phones RENAME TO our_phones";
        sqlite(&office.database()).batch_execute(rename).unwrap();
        office.run(&["contacts", "list", "--json"]).expect(7)
    }),
];

/// Puts another file in the place of the database, which has to stay as it is, byte for byte.
fn in_its_place(make: fn(&Path)) -> Done {
    let office = Office::new();
    let other = office.dir.path().join("other.db");
    make(&other);
    let before = fs::read(&other).unwrap();
    let run = |args: &[&str]| {
        let mut command = office.command();
        command.env("PASSERELLE__DATABASE__PATH", &other).args(args);
        Done::from(command.output().unwrap())
    };
    for args in [vec!["sync"], vec!["contacts", "list"], vec!["init", "--non-interactive"]] {
        let refused = run(&args).expect(7);
        assert!(refused.err.contains("DB-105"), "{args:?}: {}", refused.err);
    }
    assert_eq!(fs::read(&other).unwrap(), before, "it is not touched");
    run(&["status", "--json"]).expect(7)
}

const FOREIGN: &[Row] = &[
    ("DB-105", || in_its_place(|path| fs::write(path, "").unwrap())),
    ("DB-105", || {
        in_its_place(|path| {
            let mut other = sqlite(path);
            other.batch_execute("CREATE TABLE contacts (id TEXT); CREATE TABLE invoices (id TEXT);").unwrap();
        })
    }),
    ("SYNC-116", || {
        let office = connected();
        office.run(&["sync"]).expect(0);
        let refused = office.run(&["database", "adopt", "--copied", "--json"]).expect(5);
        office.run(&["sync"]).expect(0);
        refused
    }),
];

const SYNC: &[Row] = &[
    ("SYNC-101", || {
        let office = full();
        office.sql("DELETE FROM contacts WHERE uid < 'u-3'");
        office.run(&["sync", "--json"]).expect(5)
    }),
    ("SYNC-102", || {
        // Few enough deletions to need no approval, were it not that nothing is left.
        let office = in_step(10);
        office.sql("DELETE FROM contacts");
        office.run(&["sync", "--json"]).expect(5)
    }),
    ("SYNC-104", || clash().0.run(&["conflicts", "--json"]).expect(3)),
    ("SYNC-105", || {
        let office = Office::new();
        let twin = |uid: &str, given: &str| {
            format!(
                "INSERT INTO contacts (id, uid, given_name, surname) VALUES ('{uid}', '{uid}', '{given}', 'Martin');
                 INSERT INTO contact_emails (contact_id, address) VALUES ('{uid}', 'contact@martin.example');"
            )
        };
        office.sql(&(twin("l-1", "Paul") + &twin("l-2", "Paule")));
        let person = json!({
            "names": [{ "givenName": "Paul", "familyName": "Martin" }],
            "emailAddresses": [{ "value": "contact@martin.example" }],
        });
        office.phone("POST", "/v1/people:createContact", &person);
        office.connect().expect(0);
        office.run(&["sync"]).expect(3);
        office.run(&["conflicts", "--json"]).expect(3)
    }),
    ("SYNC-107", || {
        let office = Office::new();
        let client = office.file("client.json", CLIENT);
        consent(&office, &["--client", &client, "--calendar", "primary", "--calendar", "primary"]).expect(3)
    }),
    ("SYNC-110", || {
        let office = connected();
        office.sql(&people(1));
        let lost = json!([{ "method": "people.people.createContact", "when": "after", "drop": true, "times": 1 },
                          { "method": "people.people.batchCreateContacts", "when": "after", "drop": true, "times": 1 }]);
        office.phone("POST", "/_sim/faults", &json!({ "rules": lost }));
        // Listings hide the write for long: nobody can know yet whether it arrived.
        office.phone("POST", "/_sim/knobs", &json!({ "people_list_lag_seconds": 600 }));
        let run = || {
            let mut command = office.command();
            command.env("PASSERELLE__GOOGLE__SETTLE_SECONDS", "600");
            command.env("PASSERELLE__GOOGLE__LIST_LAG_SECONDS", "600");
            Done::from(command.args(["sync", "--json"]).output().unwrap())
        };
        run().expect(8);
        run()
    }),
    ("SYNC-112", || {
        let office = connected();
        office.run(&["sync"]).expect(0);
        office.sql(
            "INSERT OR REPLACE INTO passerelle_leases (pair, holder, until)
             SELECT id, '00000000-0000-7000-8000-000000000001', '2099-01-01 00:00:00' FROM passerelle_pairs",
        );
        office.run(&["sync", "--json"]).expect(6)
    }),
    ("SYNC-113", || {
        let office = connected();
        office.run(&["sync"]).expect(0);
        let copy = office.dir.path().join("copy.db");
        sqlite(&office.database()).batch_execute(&format!("VACUUM INTO '{}'", copy.display())).unwrap();
        let mut command = office.command();
        command.env("PASSERELLE__DATABASE__PATH", copy).args(["sync", "--json"]);
        Done::from(command.output().unwrap()).expect(5)
    }),
    ("SYNC-114", || {
        let office = full();
        office.sql("UPDATE contacts SET notes = 'new' WHERE uid = 'u-1'");
        let mut command = office.command();
        command.env("PASSERELLE__CONTACTS__CONFLICTS", "local").args(["sync", "--json"]);
        Done::from(command.output().unwrap()).expect(5)
    }),
];

const USE: &[Row] = &[
    ("CFG-101", || {
        let mut command = Office::new().command();
        Done::from(command.env("PASSERELLE__LANGUAGE", "de").args(["status", "--json"]).output().unwrap())
            .expect(7)
    }),
    ("CFG-102", || Office::empty().run(&["status", "--json"]).expect(7)),
    ("USE-101", || Office::empty().run(&["snyc", "--json"]).expect(2)),
    ("USE-102", || Office::new().run(&["sync", "--user", "nobody", "--json"]).expect(2)),
    ("USE-103", || Office::new().run(&["user", "add", "ALICE", "--json"]).expect(2)),
    ("USE-104", || Office::new().run(&["conflicts", "show", "7", "--json"]).expect(2)),
    ("USE-105", || Office::new().run(&["undo", "run", "7", "--yes", "--json"]).expect(2)),
    ("USE-106", || Office::new().run(&["contacts", "import", "/nowhere.vcf", "--json"]).expect(2)),
    ("USE-107", || {
        let office = Office::new();
        let file = office.file("what.bin", "nothing that is known");
        office.run(&["contacts", "import", &file, "--json"]).expect(2)
    }),
    ("USE-131", || {
        let office = Office::new();
        let file = office.file("agenda.ics", "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n");
        office.run(&["contacts", "import", &file, "--json"]).expect(2)
    }),
    ("USE-132", || {
        let office = Office::new();
        let file = office.file("empty.vcf", "");
        office.run(&["contacts", "import", &file, "--json"]).expect(2)
    }),
    ("USE-109", || Office::new().run(&["contacts", "show", "nobody", "--json"]).expect(2)),
    ("USE-110", || Office::empty().run(&["explain", "NO-CODE", "--json"]).expect(2)),
    ("USE-111", || {
        let office = Office::new();
        let client = office.file("client.json", CLIENT);
        consent(&office, &["--client", &client, "--calendar", "no such calendar"]).expect(3)
    }),
    ("USE-112", || {
        let (office, number) = clash();
        office.run(&["conflicts", "resolve", &number, "--different", "--json"]).expect(2)
    }),
    ("USE-113", || {
        let office = full();
        office.run(&["restore", "--user", "alice", "--as-of", "2099-01-01", "--yes", "--json"]).expect(3)
    }),
    ("IMP-101", || {
        let office = Office::new();
        let file = office.file("cut.vcf", "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Anne\r\n");
        office.run(&["contacts", "import", &file, "--json"]).expect(3)
    }),
    ("IMP-110", || {
        let office = Office::new();
        let file = office.file("clients.csv", "Nom;E-mail;Bigophone\nZoé;zoe@a.example;06 12 34 56 78\n");
        office.run(&["contacts", "import", &file, "--json"]).expect(3)
    }),
    ("INT-101", interrupted),
];

fn connected() -> Office {
    let office = Office::new();
    office.connect().expect(0);
    office
}

/// Forty contacts, in step.
fn full() -> Office {
    in_step(40)
}

fn in_step(count: usize) -> Office {
    let office = connected();
    office.sql(&people(count));
    office.run(&["sync"]).expect(0);
    office.run(&["sync"]).expect(0);
    office
}

/// One field that was changed on both sides, and the number under which it waits.
fn clash() -> (Office, String) {
    let office = in_step(3);
    office.sql("UPDATE contacts SET notes = 'here' WHERE uid = 'u-1'");
    office.edit_person("G1", "biographies", json!([{ "value": "there", "contentType": "TEXT_PLAIN" }]));
    office.run(&["sync"]).expect(3);
    let number = office.run(&["conflicts", "--json"]).expect(3).of("conflict")[0]["number"].to_string();
    (office, number)
}

fn people(count: usize) -> String {
    (0..count)
        .map(|n| format!("INSERT INTO contacts (uid, given_name, surname) VALUES ('u-{n}', 'G{n}', 'S{n}');"))
        .collect()
}

fn clients(office: &Office, client: &Value) {
    office.phone("POST", "/_sim/clients", client);
}

fn consent(office: &Office, more: &[&str]) -> Done {
    let mut command = office.command();
    command.args(["connect", "google", "--json", "--no-browser", "--user", "alice"]).args(more);
    consented(&mut command, ACCOUNT)
}

fn connect_with(text: &str) -> Done {
    let office = Office::new();
    let client = office.file("client.json", text);
    office.run(&["connect", "google", "--json", "--user", "alice", "--client", &client]).expect(7)
}

/// Plays a fault at the pretend Google during a run.
fn faulty(rules: &Value, exit: i32) -> Done {
    let office = connected();
    office.phone("POST", "/_sim/faults", &json!({ "rules": rules }));
    let done = office.run(&["sync", "--json"]).expect(exit);
    office.phone("POST", "/_sim/faults", &json!({ "rules": [] }));
    // Nothing was erased: without the fault it goes on.
    office.run(&["sync"]).expect(0);
    done
}

fn sqlite(file: &Path) -> SqliteConnection {
    SqliteConnection::establish(file.to_str().unwrap()).unwrap()
}

/// A proxy that wants a log-in from everybody.
fn refusing_proxy() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = [0; 2048];
            let _ = stream.read(&mut head);
            let _ = stream.write_all(
                b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n",
            );
        }
    });
    address
}

/// A server on this computer with a certificate; it answers one request on each connection as Google's token
/// information does. As a proxy, it says that it opens a tunnel, and answers itself.
fn tls_server(certificate: &str, tunnel: bool) -> u16 {
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
    let _ = rustls::crypto::ring::default_provider().install_default();
    let pem = fs::read(certificates().join(certificate)).unwrap();
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&pem).map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_slice(&pem).unwrap();
    let config = rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            if tunnel {
                let mut head = [0; 2048];
                let _ = stream.read(&mut head);
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
            }
            let mut session = rustls::ServerConnection::new(config.clone()).unwrap();
            let mut tls = rustls::Stream::new(&mut session, &mut stream);
            let mut head = [0; 2048];
            if tls.read(&mut head).is_ok() {
                let answer = "HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
                let _ = tls.write_all(answer.as_bytes());
            }
        }
    });
    port
}

fn certificates() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls")
}

/// The doctor meets a server with this certificate, trusting an authority of the company's or none.
fn doctor_meets(certificate: &str, authority: Option<&str>) -> Done {
    let office = Office::new();
    let mut command = office.command();
    command
        .env("PASSERELLE__GOOGLE__ENDPOINT", format!("https://localhost:{}", tls_server(certificate, false)));
    if let Some(authority) = authority {
        command.env("PASSERELLE_CA_FILE", certificates().join(authority));
    }
    Done::from(command.args(["doctor", "--json"]).output().unwrap())
}

/// The doctor asks Google's real addresses through a proxy on this computer.
fn doctor_behind(proxy: &str) -> Done {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        let mut command = binary(folder.path());
        Done::from(command.env("HTTPS_PROXY", proxy).args(args).output().unwrap())
    };
    run(&["init", "--non-interactive"]).expect(0);
    run(&["doctor", "--json"])
}

fn tls(certificate: &str, authority: Option<&str>) -> Done {
    doctor_meets(certificate, authority).expect(1)
}

fn interrupted() -> Done {
    let office = Office::new();
    let client = office.file("client.json", CLIENT);
    let mut child = office
        .command()
        .args(["connect", "google", "--json", "--user", "alice", "--client", &client, "--no-browser"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 1];
    child.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let mut done = Done::from(child.wait_with_output().unwrap()).expect(130);
    done.out.insert(0, char::from(first[0]));
    done
}

/// The codes that a command named, wherever it did.
fn told(done: &Done) -> BTreeSet<String> {
    fn collect(value: &Value, into: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                into.extend(members.get("code").and_then(Value::as_str).map(str::to_owned));
                members.values().for_each(|member| collect(member, into));
            }
            Value::Array(items) => items.iter().for_each(|item| collect(item, into)),
            _ => {}
        }
    }
    let mut all = BTreeSet::new();
    done.out
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .for_each(|line| collect(&line, &mut all));
    all
}

fn provoke(rows: &[Row]) {
    let mut missed = Vec::new();
    for (code, row) in rows {
        let done = row();
        if !told(&done).contains(*code) {
            missed.push(format!("{code}: {:?} → {}\n{}", told(&done), done.code, done.out));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn what_google_refuses_is_provoked() {
    provoke(GOOGLE);
}

#[test]
fn what_the_network_does_is_provoked() {
    provoke(NETWORK);
}

#[test]
fn what_this_computer_lacks_is_provoked() {
    provoke(COMPUTER);
}

#[test]
fn what_a_run_stops_at_is_provoked() {
    provoke(SYNC);
}

#[test]
fn a_file_that_is_none_of_ours_or_an_original_is_left_alone() {
    provoke(FOREIGN);
}

#[test]
fn what_a_person_mistypes_is_provoked() {
    provoke(USE);
}

#[test]
fn the_companys_own_authority_is_accepted_and_its_name_is_shown() {
    let done = doctor_meets("good.pem", Some("authority.pem"));
    let network = done.of("finding").into_iter().find(|one| one["area"] == "network").unwrap();
    assert_eq!(
        (&network["level"], &network["facts"]["issuer"]),
        (&json!("good"), &json!("Acme Interception"))
    );
}

#[test]
fn whoever_opens_tls_on_the_way_is_named_and_a_file_without_certificates_is_refused() {
    let issuer = |done: &Done| {
        let network = done.of("finding").into_iter().find(|one| one["code"] == "NET-103");
        network.unwrap_or_else(|| panic!("{}", done.out))["what"].as_str().unwrap().to_owned()
    };
    let directly = doctor_meets("good.pem", None).expect(1);
    assert!(issuer(&directly).contains("Acme Interception"), "{}", directly.out);
    let proxy = format!("http://127.0.0.1:{}", tls_server("good.pem", true));
    let tunnelled = doctor_behind(&proxy).expect(1);
    assert!(issuer(&tunnelled).contains("Acme Interception"), "{}", tunnelled.out);
    let office = Office::new();
    let file = office.file("authority.pem", "no certificate in here");
    let refused = office.command().env("PASSERELLE_CA_FILE", file).args(["sync", "--json"]).output().unwrap();
    let told = Done::from(refused).expect(7).of("error").remove(0);
    assert_eq!(
        (&told["code"], told["what"].as_str().unwrap().contains("network.ca_file")),
        (&json!("CFG-101"), true)
    );
}

#[test]
fn every_code_of_the_catalogue_is_provoked_somewhere_or_has_a_reason() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let here: Vec<&str> = [GOOGLE, NETWORK, COMPUTER, FOREIGN, SYNC, USE]
        .into_iter()
        .flatten()
        .map(|(code, _)| *code)
        .collect();
    let mut accounted: Vec<&str> = here;
    for (file, named) in ELSEWHERE {
        let text = fs::read_to_string(root.join(file)).unwrap_or_else(|_| panic!("{file}"));
        let tests = if file.contains("/src/") { text.split("#[cfg(test)]").nth(1).unwrap() } else { &text };
        for code in *named {
            let variant = format!("{:?}", code.parse::<Code>().unwrap());
            assert!(
                tests.contains(code) || tests.contains(&variant),
                "{file} does not mention {code} any more"
            );
            accounted.push(code);
        }
    }
    for (code, reason) in REASONS {
        assert!(reason.len() > 20, "{code}");
        accounted.push(code);
    }
    let known: BTreeSet<&str> = codes().collect();
    let accounted: BTreeSet<&str> = accounted.into_iter().collect();
    let left: Vec<&&str> = known.difference(&accounted).collect();
    assert!(left.is_empty(), "neither provoked nor excused: {left:?}");
    let gone: Vec<&&str> = accounted.difference(&known).collect();
    assert!(gone.is_empty(), "not in the catalogue any more: {gone:?}");
}

#[test]
fn every_article_is_told_whole_and_offline_in_both_languages() {
    let folder = tempfile::tempdir().unwrap();
    for code in codes() {
        for lang in Lang::ALL {
            let name = if lang == Lang::Fr { "fr" } else { "en" };
            let output = binary(folder.path()).args(["explain", code, "--lang", name]).output().unwrap();
            let done = Done::from(output).expect(0);
            let article = explain::<&str>(code, lang, &[]).unwrap();
            for part in [vec![article.what], article.why, article.todo].concat() {
                assert!(done.out.contains(&part.replace('`', "")), "{code} {name}: {part}: {}", done.out);
            }
        }
        assert!(exit_code(code) <= 130);
    }
}
