//! Access to an account from its beginning to its end, by the built binary: the ways in, whom it belongs to, how it is
//! renewed, how long it lasts, how it is given back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[allow(dead_code)]
mod office;

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdout, Command, Stdio},
    thread,
};

use office::{ACCOUNT, CLIENT, Done, OTHER, Office, binary, consented, knock, landing};
use serde_json::{Value, json};

const CONTACTS: &str = "https://www.googleapis.com/auth/contacts";
const KEY: &str = include_str!("../../adapters/google-transport/tests/service-account.json");
const KEY_PUBLIC: &str = include_str!("common/service-account.pub.pem");

/// A command that waits for somebody's consent.
struct Waiting {
    child: Child,
    stdout: BufReader<ChildStdout>,
    out: String,
    /// The address to open.
    url: String,
    /// The one-time key of the sealed way.
    key: String,
}

impl Waiting {
    fn new(command: &mut Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut waiting = Waiting::started(command.spawn().unwrap());
        loop {
            let mut line = String::new();
            assert!(waiting.stdout.read_line(&mut line).unwrap() > 0, "it ended: {}", waiting.out);
            waiting.out.push_str(&line);
            let told: Value = serde_json::from_str(&line).unwrap();
            if told["type"] == "open" {
                let text = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
                (waiting.url, waiting.key) = (text("url"), text("for"));
                return waiting;
            }
        }
    }

    fn started(mut child: Child) -> Self {
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Waiting { child, stdout, out: String::new(), url: String::new(), key: String::new() }
    }

    fn type_in(&mut self, line: &str) {
        let stdin = self.child.stdin.as_mut().unwrap();
        writeln!(stdin, "{line}").unwrap();
    }

    fn end(mut self) -> Done {
        let mut line = String::new();
        while self.stdout.read_line(&mut line).unwrap() > 0 {
            self.out.push_str(&line);
            line.clear();
        }
        let output = self.child.wait_with_output().unwrap();
        Done {
            code: output.status.code().unwrap_or(-1),
            out: self.out,
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

fn connecting(office: &Office, user: &str) -> Waiting {
    let client = office.file("client.json", CLIENT);
    let args = ["connect", "google", "--json", "--no-browser", "--user", user, "--client", &client];
    Waiting::new(office.command().args(args))
}

fn param(url: &str, name: &str) -> String {
    let url = url::Url::parse(url).unwrap();
    url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned()
}

fn bob(office: &Office) {
    office.run(&["user", "add", "bob"]).expect(0);
}

fn accounts(office: &Office) -> Vec<(String, Value)> {
    let users = office.run(&["user", "list", "--json"]).expect(0).of("user");
    users.into_iter().map(|user| (user["id"].as_str().unwrap().to_owned(), user["account"].clone())).collect()
}

fn credentials(office: &Office) -> Vec<(std::path::PathBuf, Value)> {
    let vault = office.dir.path().join("var/passerelle/vault");
    let mut all: Vec<_> = std::fs::read_dir(vault)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "cred"))
        .map(|path| (path.clone(), serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap()))
        .collect();
    all.sort_by(|(a, _), (b, _)| a.cmp(b));
    all
}

fn project(office: &Office, body: &Value) {
    office.phone("POST", "/_sim/project", body);
}

fn knobs(office: &Office, body: &Value) {
    office.phone("POST", "/_sim/knobs", body);
}

fn faults(office: &Office, rules: &Value) {
    office.phone("POST", "/_sim/faults", &json!({ "rules": rules }));
}

fn days_pass(office: &Office, days: f64) {
    #[expect(clippy::cast_possible_truncation, reason = "a few days in seconds")]
    let seconds = (days * 86_400.0) as i64;
    office.phone("POST", "/_sim/clock", &json!({ "advance_seconds": seconds }));
}

#[test]
fn a_thousand_forged_callbacks_do_not_end_the_attempt() {
    let office = Office::new();
    let waiting = connecting(&office, "alice");
    let (redirect, state) = (param(&waiting.url, "redirect_uri"), param(&waiting.url, "state"));
    for i in 0..1000 {
        let forged = match i % 6 {
            0 => format!("{redirect}?code=evil&state=wrong{i}"),
            1 => format!("{redirect}?error=access_denied"),
            2 => format!("{redirect}?error=access_denied&state={}", &state[1..]),
            3 => format!("{redirect}x?code=evil&state={state}"),
            4 => format!("{redirect}?code=evil&state={state}&state={state}"),
            _ => format!("{redirect}?error=server_error&state={state}&iss=https://evil.example"),
        };
        assert!(knock(&forged).starts_with("HTTP/1.1 404"), "{forged}");
    }
    knock(&landing(&waiting.url, ACCOUNT));
    waiting.end().expect(0);
    assert_eq!(accounts(&office), [("alice".to_owned(), json!(ACCOUNT))]);
    office.run(&["sync"]).expect(0);
}

#[test]
fn the_final_address_can_be_pasted_and_a_wrong_one_costs_nothing() {
    let office = Office::new();
    let mut waiting = connecting(&office, "alice");
    let right = landing(&waiting.url, ACCOUNT);
    let forged = right.replace(&param(&waiting.url, "state"), "forged");
    for wrong in ["hello", "http://127.0.0.1/", &forged, "passerelle-code-AAAA"] {
        waiting.type_in(wrong);
    }
    waiting.type_in(&format!("  '{right}' "));
    let done = waiting.end().expect(0);
    let ignored = done.of("ignored");
    assert_eq!(ignored.len(), 4, "{}", done.out);
    assert!(ignored.iter().all(|line| line["code"] == "GOOG-209"));
    office.run(&["sync"]).expect(0);
}

#[test]
fn a_sealed_code_from_another_computer_is_good_for_the_one_that_asked() {
    let office = Office::new();
    let mut waiting = connecting(&office, "alice");
    // Another computer: another home, no installation, the same client file.
    let elsewhere = tempfile::tempdir().unwrap();
    let client = office.file("client.json", CLIENT);
    let authorize = |key: &str| {
        let mut command = binary(elsewhere.path());
        command.env("PASSERELLE__GOOGLE__ENDPOINT", office.sim.url());
        command.args(["authorize", "google", "--json", "--no-browser", "--client", &client, "--for", key]);
        command
    };
    let cut = authorize(&waiting.key[..waiting.key.len() - 2]).output().unwrap();
    let cut = Done::from(cut).expect(2);
    assert_eq!(cut.summary()["code"], "GOOG-215");

    let there = Waiting::new(&mut authorize(&waiting.key));
    knock(&landing(&there.url, ACCOUNT));
    let done = there.end().expect(0);
    let sealed = done.of("sealed")[0]["code"].as_str().unwrap().to_owned();
    // Nothing of it can be read, and nothing was kept there.
    assert!(!sealed.contains("4/0A") && !done.out.contains("4/0A") && !done.err.contains("4/0A"));
    assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);

    // Another request cannot open it.
    bob(&office);
    let mut other = connecting(&office, "bob");
    other.type_in(&sealed);
    waiting.type_in(&sealed);
    waiting.end().expect(0);
    knock(&landing(&other.url, OTHER));
    let other = other.end().expect(0);
    assert_eq!(other.of("ignored").len(), 1, "{}", other.out);
    assert_eq!(accounts(&office), [("alice".to_owned(), json!(ACCOUNT)), ("bob".to_owned(), json!(OTHER))]);
}

#[test]
fn without_a_terminal_or_a_browser_the_three_ways_are_spelled_out_in_both_languages() {
    for (lang, words) in
        [("en", ["ssh -N -L ", "sealed code", "paste"]), ("fr", ["ssh -N -L ", "code scellé", "collez"])]
    {
        let office = Office::new();
        let client = office.file("client.json", CLIENT);
        let args =
            ["connect", "google", "--user", "alice", "--client", &client, "--wait", "1", "--lang", lang];
        let done = Done::from(office.command().env("USER", "office").args(args).output().unwrap()).expect(4);
        for word in words {
            assert!(done.err.contains(word), "{lang}: {word}: {}", done.err);
        }
        // No browser opens here: that is told, with its code, and is not the end.
        assert!(done.err.contains("NET-106") && done.err.contains("GOOG-208"), "{}", done.err);
        let port = done.err.split("ssh -N -L ").nth(1).unwrap().split(':').next().unwrap();
        assert!(port.parse::<u16>().is_ok(), "{port}");
        assert!(done.err.contains(&format!("-L {port}:127.0.0.1:{port} office@")), "{}", done.err);
        assert!(
            done.err
                .contains("passerelle authorize google --client client_secret.json --for passerelle-for-")
        );
    }
}

#[test]
fn two_consents_at_once_never_swap() {
    let office = Office::new();
    bob(&office);
    let (alice, bob) = (connecting(&office, "alice"), connecting(&office, "bob"));
    // Each browser also knocks at the other's door with its own answer.
    let (for_alice, for_bob) = (landing(&alice.url, ACCOUNT), landing(&bob.url, OTHER));
    let query = |url: &str| url.split_once('?').unwrap().1.to_owned();
    let crossed = format!("{}?{}", param(&alice.url, "redirect_uri"), query(&for_bob));
    assert!(knock(&crossed).starts_with("HTTP/1.1 404"));
    let visits = [for_bob, for_alice].map(|url| thread::spawn(move || knock(&url)));
    for visit in visits {
        assert!(visit.join().unwrap().starts_with("HTTP/1.1 200"));
    }
    let (first, second) = (thread::spawn(|| alice.end()), thread::spawn(|| bob.end()));
    first.join().unwrap().expect(0);
    second.join().unwrap().expect(0);
    assert_eq!(accounts(&office), [("alice".to_owned(), json!(ACCOUNT)), ("bob".to_owned(), json!(OTHER))]);
    office.run(&["sync"]).expect(0);
}

#[test]
fn a_consent_that_was_given_waits_for_a_run_to_end() {
    let office = Office::new();
    let waiting = connecting(&office, "alice");
    // Who holds secrets in memory leaves none on the disk by dying.
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", waiting.child.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
    let lock = std::fs::File::open(office.dir.path().join("var/passerelle/passerelle.lock")).unwrap();
    lock.lock().unwrap();
    knock(&landing(&waiting.url, ACCOUNT));
    // Meanwhile others look around, which needs no lock.
    for _ in 0..5 {
        office.run(&["status"]).expect(0);
    }
    drop(lock);
    waiting.end().expect(0);
    office.run(&["sync"]).expect(0);
}

#[test]
fn a_consent_that_is_given_while_the_vaults_key_changes_is_kept() {
    let office = Office::new();
    office.connect().expect(0);
    let file = office.file("key", &"0f".repeat(32));
    let to_command = ["vault", "rotate", "--to", "command", "--key-command", &format!("/bin/cat {file}")];
    for rotations in [vec![&["vault", "rotate"][..]; 2], vec![&to_command[..]]] {
        let waiting = connecting(&office, "alice");
        for args in rotations {
            office.run(args).expect(0);
        }
        knock(&landing(&waiting.url, ACCOUNT));
        waiting.end().expect(0);
        office.run(&["sync"]).expect(0);
    }
}

#[test]
fn an_account_of_one_app_user_is_refused_to_every_other_one() {
    let office = Office::new();
    bob(&office);
    office.connect().expect(0);
    let kept = credentials(&office);
    // The browser was still signed in as alice.
    let refused = office.connect_user("bob", ACCOUNT).expect(7).of("error")[0].clone();
    assert_eq!(refused["code"], "SYNC-107", "{refused}");
    let what = refused["what"].as_str().unwrap();
    assert!(what.contains(ACCOUNT) && what.contains("alice"), "{what}");
    assert!(refused["do"][0].as_str().unwrap().contains("connect google --user bob"), "{refused}");
    assert_eq!(accounts(&office), [("alice".to_owned(), json!(ACCOUNT)), ("bob".to_owned(), Value::Null)]);
    assert_eq!(credentials(&office), kept, "nothing of it is kept");
    // The same when bob changes his account.
    office.connect_user("bob", OTHER).expect(0);
    let client = office.file("client.json", CLIENT);
    let args = ["account", "replace", "--json", "--no-browser", "--user", "bob", "--client", &client];
    let mut replace = office.command();
    let refused = consented(replace.args(args).args(["--confirm", "bob"]), ACCOUNT).expect(7);
    assert_eq!(refused.of("error")[0]["code"], "SYNC-107", "{}", refused.out);
    assert_eq!(accounts(&office)[1].1, OTHER, "the account that bob had is still his");
    office.run(&["sync"]).expect(0);
    // Given back, it is free; what alice had stands still.
    office.run(&["disconnect", "--user", "bob", "--yes"]).expect(0);
    let done = office.run(&["disconnect", "--user", "alice", "--yes", "--json"]).expect(0);
    assert_eq!(done.of("disconnected")[0]["revoked"], true);
    office.connect_user("bob", ACCOUNT).expect(0);
    let pairs = office.run(&["sync", "--user", "bob", "--json"]).expect(0).summary()["pairs"].clone();
    assert_eq!(pairs.as_array().unwrap().len(), 2, "{pairs}");
}

#[test]
fn another_address_than_the_expected_one_is_a_question() {
    let office = Office::new();
    office.run(&["user", "add", "bob", "--email", "nobody at all"]).expect(2);
    office.run(&["user", "add", "bob", "--email", OTHER]).expect(0);
    let users = office.run(&["user", "list", "--json"]).expect(0).of("user");
    assert_eq!(users[1]["email"], OTHER);
    // Google is told whom to propose, already at the first consent.
    let waiting = connecting(&office, "bob");
    assert_eq!(param(&waiting.url, "login_hint"), OTHER);
    knock(&landing(&waiting.url, ACCOUNT));
    let refused = waiting.end().expect(2);
    assert_eq!(refused.summary()["code"], "USE-108", "{}", refused.out);
    assert_eq!(accounts(&office)[1].1, Value::Null);
    assert!(credentials(&office).is_empty());
    // Whoever answers in advance is believed.
    let client = office.file("client.json", CLIENT);
    let args = ["connect", "google", "--user", "bob", "--client", &client, "--no-browser", "--json", "--yes"];
    consented(office.command().args(args), ACCOUNT).expect(0);
    assert_eq!(accounts(&office)[1].1, ACCOUNT);
}

#[test]
fn secrets_are_never_sent_to_another_end_point_than_the_one_that_gave_them() {
    let office = Office::new();
    office.connect().expect(0);
    office.run(&["sync"]).expect(0);
    let other = Office::empty();
    for command in
        [&["sync", "--json"][..], &["test", "alice", "--json"], &["disconnect", "--user", "alice", "--yes"]]
    {
        let mut command_there = office.command();
        command_there.env("PASSERELLE__GOOGLE__ENDPOINT", other.sim.url()).args(command);
        let done = Done::from(command_there.output().unwrap());
        assert!(done.code != 0 || command[0] == "disconnect", "{}", done.out);
        let asked = other.sim.with(|core| core.counts().clone());
        // Whether Google is there is asked without any secret.
        let with_secrets = asked.keys().filter(|method| !["oauth.tokeninfo"].contains(&method.as_str()));
        assert_eq!(with_secrets.count(), 0, "{command:?}: {asked:?}");
    }
}

#[test]
fn a_calendar_api_that_is_off_at_the_first_consent_stops_the_calendar_alone_and_heals() {
    let office = Office::new();
    let off = |apis: &[&str]| project(&office, &json!({ "disabled_apis": apis }));
    off(&["calendar-json.googleapis.com"]);
    let done = office.connect().expect(3);
    assert_eq!(done.of("error")[0]["code"], "GOOG-101");
    let kinds: Vec<Value> = done.of("pair").iter().map(|pair| pair["kind"].clone()).collect();
    assert_eq!(kinds, ["contacts", "events"]);
    let synced = office.run(&["sync", "--json"]).expect(4);
    assert_eq!(synced.of("error")[0]["code"], "GOOG-101");
    assert!(
        synced.summary()["pairs"]
            .as_array()
            .unwrap()
            .iter()
            .any(|pair| pair["kind"] == "contacts" && pair["error"].is_null()),
        "{}",
        synced.out
    );
    // Switched on, the same pairs go on.
    off(&[]);
    office.run(&["sync"]).expect(0);
    let again = office.connect().expect(0);
    assert!(again.of("pair").iter().all(|pair| pair["known"] == true), "{}", again.out);
    // A calendar by its name cannot be chosen before they can be listed; the contacts are.
    bob(&office);
    off(&["calendar-json.googleapis.com"]);
    let mut named = office.command();
    named.args(["connect", "google", "--user", "bob", "--no-browser", "--json", "--calendar", "Sales"]);
    named.args(["--client", &office.file("client.json", CLIENT)]);
    let done = consented(&mut named, OTHER).expect(3);
    let kinds: Vec<Value> = done.of("pair").iter().map(|pair| pair["kind"].clone()).collect();
    assert_eq!(kinds, ["contacts"]);
}

#[test]
fn two_app_users_on_one_system_account_cannot_use_each_others_secrets() {
    let office = Office::new();
    bob(&office);
    office.connect().expect(0);
    office.connect_user("bob", OTHER).expect(0);
    office.run(&["sync"]).expect(0);
    // The raw files of the two are exchanged, purpose by purpose, under each other's names.
    let all = credentials(&office);
    let of = |user: &str, purpose: &str| {
        let found = all.iter().find(|(_, content)| content["user"] == user && content["purpose"] == purpose);
        found.unwrap_or_else(|| panic!("{user} {purpose}")).0.clone()
    };
    for purpose in ["refresh-token", "client"] {
        let (a, b) = (of("alice", purpose), of("bob", purpose));
        let (of_a, of_b) = (std::fs::read(&a).unwrap(), std::fs::read(&b).unwrap());
        std::fs::write(&a, of_b).unwrap();
        std::fs::write(&b, of_a).unwrap();
    }
    let before = office.sim.with(|core| core.counts().clone());
    for user in ["alice", "bob"] {
        let refused = office.run(&["sync", "--user", user, "--json"]).expect(9);
        assert_eq!(refused.of("error")[0]["code"], "VAULT-002", "{user}");
        office.run(&["test", user]).expect(1);
    }
    let after = office.sim.with(|core| core.counts().clone());
    let asked = |counts: &std::collections::BTreeMap<String, u64>| -> u64 {
        counts.iter().filter(|(name, _)| !name.starts_with("oauth.tokeninfo")).map(|(_, count)| count).sum()
    };
    assert_eq!(asked(&before), asked(&after), "nothing was asked of Google with another's secret");
    let status = office.run(&["vault", "status", "--json"]).expect(9);
    assert_eq!(status.of("vault")[0]["damaged"], 4);
}

#[test]
fn a_missing_permission_switches_its_part_off_and_consenting_again_heals_it() {
    let office = Office::new();
    office.next_consent(&json!({ "untick": [CONTACTS], "times": 1 }));
    office.connect().expect(3);
    let sync = office.run(&["sync", "--json"]).expect(3);
    assert_eq!(sync.of("error")[0]["code"], "GOOG-202");
    let test = office.run(&["test", "alice", "--json"]).expect(1);
    let scopes: Vec<Value> = test.of("finding").into_iter().filter(|one| one["area"] == "scopes").collect();
    assert_eq!(scopes[0]["code"], "GOOG-202");
    assert!(office.run(&["status"]).expect(3).out.contains("GOOG-202"));
    office.connect().expect(0);
    office.run(&["sync"]).expect(0);
    office.run(&["status"]).expect(0);
    office.run(&["test", "alice"]).expect(0);
}

#[test]
fn a_calendar_keeps_its_name_whether_or_not_the_list_was_granted() {
    let office = Office::new();
    let list = "https://www.googleapis.com/auth/calendar.calendarlist.readonly";
    office.next_consent(&json!({ "untick": [list], "times": 1 }));
    let first = office.connect().expect(3).of("pair");
    let second = office.connect().expect(0).of("pair");
    let names = |pairs: &[Value]| pairs.iter().map(|pair| pair["pair"].clone()).collect::<Vec<_>>();
    assert_eq!(names(&first), names(&second), "the same calendar is not kept in step twice");
}

#[test]
fn another_account_takes_the_place_with_a_first_run_that_deletes_nothing() {
    let office = Office::new();
    office.sql("INSERT INTO contacts (id, uid, given_name) VALUES ('c1', 'u1', 'Anne');");
    office.connect().expect(0);
    office.run(&["sync"]).expect(0);
    assert_eq!(office.people().len(), 1);
    let refused = office.connect_as(OTHER).expect(4);
    assert_eq!(refused.of("error")[0]["code"], "GOOG-203");

    let client = office.file("client.json", CLIENT);
    let replace = |confirm: &[&str]| {
        let args = ["account", "replace", "--json", "--no-browser", "--user", "alice", "--client", &client];
        let mut command = office.command();
        command.args(args).args(confirm);
        command
    };
    for wrong in [&[][..], &["--yes"], &["--confirm", "bob"]] {
        let refused = Done::from(replace(wrong).output().unwrap()).expect(2);
        assert_eq!(refused.summary()["code"], "USE-108", "{wrong:?}");
    }
    let waiting = Waiting::new(&mut replace(&["--confirm", "alice"]));
    knock(&landing(&waiting.url, OTHER));
    waiting.end().expect(0);
    assert_eq!(accounts(&office), [("alice".to_owned(), json!(OTHER))]);
    let subjects: Vec<Value> =
        credentials(&office).into_iter().map(|(_, one)| one["subject"].clone()).collect();
    assert_eq!(subjects.len(), 2, "the old account's secrets are destroyed");
    let run = office.run(&["sync", "--json"]).expect(0).summary();
    for pair in run["pairs"].as_array().unwrap() {
        assert_eq!(pair["first"], true);
        assert_eq!((&pair["to_local"]["delete"], &pair["to_remote"]["delete"]), (&json!(0), &json!(0)));
    }
    assert_eq!(run["pairs"].as_array().unwrap().len(), 2, "the old account's pairs stand still");
    assert_eq!(office.people().len(), 1, "nothing was deleted at the old account");
    let here = office.run(&["contacts", "list", "--json"]).expect(0).of("record");
    assert_eq!(here.len(), 1, "nothing was deleted here");
}

#[test]
fn a_rotated_refresh_token_is_used_from_then_on() {
    let office = Office::new();
    office.connect().expect(0);
    knobs(&office, &json!({ "rotate_refresh_tokens": true }));
    // The old token dies when the new one is first used: a program that kept the old one is lost at the third run.
    for _ in 0..4 {
        office.run(&["sync"]).expect(0);
    }
}

#[test]
fn a_passing_refusal_heals_by_itself_and_offline_is_not_unauthorised() {
    let office = Office::new();
    office.connect().expect(0);
    office.run(&["sync"]).expect(0);
    faults(
        &office,
        &json!([{ "method": "calendar.*", "status": 401, "times": 1 },
                            { "method": "people.*", "status": 401, "times": 1 }]),
    );
    office.run(&["sync"]).expect(0);
    faults(&office, &json!([]));
    // The pretend Google is gone: nothing is said against the authorisation.
    faults(&office, &json!([{ "drop": true }]));
    let gone = office.run(&["sync", "--json"]).expect(8);
    faults(&office, &json!([]));
    assert_eq!(gone.of("error")[0]["code"], "NET-101");
    assert_eq!(office.run(&["status", "--json"]).of("status")[0]["state"], "connected");
    assert_eq!(credentials(&office).len(), 2);
    office.run(&["sync"]).expect(0);
}

#[test]
fn a_new_secret_is_tried_before_the_old_one_is_dropped() {
    let office = Office::new();
    let client =
        |secret: &str| json!({ "client_id": "test.apps.googleusercontent.com", "client_secret": secret });
    office.phone("POST", "/_sim/clients", &client("GOCSPX-canary-of-the-client"));
    office.connect().expect(0);
    // The secret is replaced at Google.
    office.phone("POST", "/_sim/clients", &client("GOCSPX-new"));
    let refused = office.run(&["sync", "--json"]).expect(4);
    assert_eq!(refused.of("error")[0]["code"], "GOOG-106");
    let status = office.run(&["status", "--json"]);
    assert_eq!(status.of("status")[0]["state"], "connected", "a wrong secret says nothing of the consent");
    let wrong = office.file("wrong.json", &CLIENT.replace("GOCSPX-canary-of-the-client", "GOCSPX-typo"));
    let new = office.file("new.json", &CLIENT.replace("GOCSPX-canary-of-the-client", "GOCSPX-new"));
    let before = credentials(&office);
    let refused =
        office.run(&["credential", "replace", "--user", "alice", "--client", &wrong, "--json"]).expect(4);
    assert_eq!(refused.of("error")[0]["code"], "GOOG-106");
    assert_eq!(credentials(&office), before, "the old one is still there");
    office.run(&["credential", "replace", "--user", "alice", "--client", &new]).expect(0);
    office.run(&["sync"]).expect(0);
    // Another client than the one that was consented to is no new secret of it.
    let other = office.file(
        "other.json",
        &CLIENT.replace("test.apps", "other.apps").replace("GOCSPX-canary-of-the-client", "x"),
    );
    office.phone(
        "POST",
        "/_sim/clients",
        &json!({ "client_id": "other.apps.googleusercontent.com", "client_secret": "x" }),
    );
    let refused =
        office.run(&["credential", "replace", "--user", "alice", "--client", &other, "--json"]).expect(4);
    assert_eq!(refused.of("error")[0]["code"], "GOOG-119");
    office.run(&["sync"]).expect(0);
}

#[test]
fn seven_days_are_said_in_advance_where_google_tells() {
    let office = Office::new();
    project(&office, &json!({ "publishing": "testing" }));
    let done = office.connect().expect(0);
    assert_eq!(done.of("warning")[0]["code"], "GOOG-214");
    assert!(office.run(&["status"]).expect(0).out.contains("GOOG-214"));
    let doctor = office.run(&["doctor", "--json"]).expect(0);
    let ends: Vec<Value> =
        doctor.of("finding").into_iter().filter(|one| one["area"] == "authorisation").collect();
    assert_eq!((&ends[0]["code"], &ends[0]["level"]), (&json!("GOOG-214"), &json!("warning")));
    office.run(&["doctor", "--strict"]).expect(3);
    days_pass(&office, 7.5);
    let dead = office.run(&["sync", "--json"]).expect(4);
    assert_eq!(dead.of("error")[0]["code"], "GOOG-204");
    // Published, and consented anew: nothing is left to be said.
    project(&office, &json!({ "publishing": "production" }));
    assert!(office.connect().expect(0).of("warning").is_empty());
    assert!(!office.run(&["status"]).expect(0).out.contains("GOOG-214"));
}

#[test]
fn a_death_on_the_seventh_day_is_evidence_for_everybody_of_the_same_client() {
    let office = Office::new();
    project(&office, &json!({ "publishing": "testing" }));
    knobs(&office, &json!({ "hide_refresh_expiry": true }));
    assert!(office.connect().expect(0).of("warning").is_empty(), "nothing is known yet");
    office.run(&["sync"]).expect(0);
    days_pass(&office, 7.02);
    let dead = office.run(&["sync", "--json"]).expect(4);
    assert_eq!(dead.of("error")[0]["code"], "GOOG-204");
    bob(&office);
    let told = office.connect_user("bob", OTHER).expect(0);
    assert_eq!(told.of("warning")[0]["code"], "GOOG-214", "said before it happens to bob");
}

#[test]
fn an_early_death_is_no_evidence_of_testing_mode() {
    let office = Office::new();
    project(&office, &json!({ "publishing": "testing" }));
    office.connect().expect(0);
    days_pass(&office, 3.0);
    office.sim.with(|core| core.expire(Some(ACCOUNT), "refresh_tokens", None)).unwrap();
    let dead = office.run(&["sync", "--json"]).expect(4);
    assert_eq!(dead.of("error")[0]["code"], "GOOG-205");
}

#[test]
fn the_oldest_of_a_hundred_and_one_authorisations_is_told_as_such() {
    let office = Office::new();
    bob(&office);
    office.connect().expect(0);
    office.connect_user("bob", OTHER).expect(0);
    // Copies of this installation consent to alice's account again and again.
    office.sql("UPDATE passerelle_settings SET value = '101' WHERE name LIKE 'app.client.%.consents.%';");
    office.sim.with(|core| {
        for _ in 0..100 {
            core.issue_token(ACCOUNT, "test.apps.googleusercontent.com", &["openid"]);
        }
    });
    let dead = office.run(&["sync", "--user", "alice", "--json"]).expect(4);
    assert_eq!(dead.of("error")[0]["code"], "GOOG-206", "{}", dead.out);
    office.run(&["sync", "--user", "bob"]).expect(0);
}

#[test]
fn a_service_account_acts_for_a_person_of_its_workspace() {
    let office = Office::new();
    let key = office.file("key.json", KEY);
    let connect = |subject: &str, key: &str| {
        office.run(&[
            "connect",
            "google",
            "--json",
            "--user",
            "alice",
            "--service-account",
            key,
            "--subject",
            subject,
        ])
    };
    let refused = |done: Done, exit: i32| done.expect(exit).of("error")[0].clone();
    let wrong = office.file("client.json", CLIENT);
    assert_eq!(refused(connect(ACCOUNT, &wrong), 7)["code"], "GOOG-118");
    project(&office, &json!({ "service_account_key": KEY_PUBLIC, "delegation": false }));
    let told = refused(connect(ACCOUNT, &key), 4);
    assert_eq!(told["code"], "GOOG-115");
    // The cure holds what the administrator has to enter.
    let cure = told["do"][0].as_str().unwrap();
    assert!(cure.contains("112233445566778899000") && cure.contains("auth/calendar.events"), "{cure}");
    project(&office, &json!({ "delegation": true, "delegated_scopes": ["openid", CONTACTS] }));
    assert_eq!(refused(connect(ACCOUNT, &key), 4)["code"], "GOOG-115");
    project(&office, &json!({ "delegated_scopes": [] }));
    assert_eq!(refused(connect("nobody@acme.example", &key), 4)["code"], "GOOG-120");
    let other = "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAsaBTg9oo0rnhRhkQqGEMe/fJeQGO3sd6Paay0nhDSwCZwP/r0i2jQLRnpjvrl8/XxbI6FXo4jxPUU16HJafWddLcPuGZkTwRsXyN66cRq4IIQQvjsG5mKC7EDk0AlKih50JYiE9z1CRZh627r5OsQywsu18HXyCn1XEG8LI91spu9I3vaYzNCzGDBZ/o9aM+yqbwoHfFoGDI6siPPepcONnF1uT5D3AvK4LiNFcijYdeMA28QlQSX+Bsjdzzf7mrNc3mTzxaPxTFOVGjGiRgp9+Rk5GcpWt7er/cgM9dfrbr+fS/4tgVeUqy84Enjbqokk4ostfJpxEsNPIkt4MCBQIDAQAB\n-----END PUBLIC KEY-----\n";
    project(&office, &json!({ "service_account_key": other }));
    assert_eq!(refused(connect(ACCOUNT, &key), 4)["code"], "GOOG-116");
    project(&office, &json!({ "service_account_key": KEY_PUBLIC }));
    // A clock that is off says nothing of the delegation.
    days_pass(&office, 1.0);
    assert_eq!(refused(connect(ACCOUNT, &key), 8)["code"], "NET-104");
    days_pass(&office, -1.0);

    connect(ACCOUNT, &key).expect(0);
    let kept = credentials(&office);
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].1["purpose"], "service-account");
    office.sql("INSERT INTO contacts (uid, given_name) VALUES ('u1', 'Anne');");
    office.run(&["sync"]).expect(0);
    assert_eq!(office.people().len(), 1);
    office.run(&["test", "alice"]).expect(0);
    // Nobody ticks boxes here, and there is no client's secret: the cures are those of a service account.
    for (method, body, code) in [
        ("people.people.connections.list", "people-403-scope-insufficient", "GOOG-115"),
        ("oauth.token", "oauth-token-invalid_client-secret", "GOOG-116"),
    ] {
        faults(&office, &json!([{ "method": method, "body": body }]));
        let told = office.run(&["test", "alice", "--json"]).expect(1);
        assert!(told.of("finding").iter().any(|one| one["code"] == code), "{code}: {}", told.out);
        let run = office.run(&["sync", "--json"]);
        assert!(run.of("error").iter().any(|one| one["code"] == code), "{code}: {}", run.out);
        faults(&office, &json!([]));
    }
    // A consent takes its place, and the other way round; there is one way in at a time.
    office.connect().expect(0);
    assert_eq!(credentials(&office).len(), 2);
    connect(ACCOUNT, &key).expect(0);
    assert_eq!(credentials(&office).len(), 1);
    let gone = office.run(&["disconnect", "--user", "alice", "--yes", "--json"]).expect(0);
    let gone = gone.of("disconnected").remove(0);
    assert_eq!(
        (&gone["destroyed"], &gone["delegated"], &gone["revoked"]),
        (&json!(true), &json!(true), &json!(false))
    );
    assert!(credentials(&office).is_empty());
}

#[test]
fn disconnecting_works_offline_and_when_it_was_revoked_before() {
    let office = Office::new();
    for (fault, revoked) in [
        (json!([{ "method": "oauth.revoke", "body": "oauth-revoke-invalid_token" }]), true),
        (json!([{ "method": "oauth.revoke", "drop": true }]), false),
        (json!([]), true),
    ] {
        office.connect().expect(0);
        faults(&office, &fault);
        let done = office.run(&["disconnect", "--user", "alice", "--yes", "--json"]).expect(0);
        assert_eq!(done.of("disconnected")[0]["revoked"], revoked, "{fault}");
        assert!(credentials(&office).is_empty(), "{fault}");
        faults(&office, &json!([]));
    }
}

#[test]
fn a_passing_fault_while_the_code_is_exchanged_costs_nothing_and_a_lasting_one_is_told_as_it_is() {
    let office = Office::new();
    // O61: faults of Google's and of the network are tried again.
    for fault in [json!({ "status": 503 }), json!({ "drop": true })] {
        let mut rule = json!({ "method": "oauth.token", "times": 2 });
        rule.as_object_mut().unwrap().extend(fault.as_object().unwrap().clone());
        faults(&office, &json!([rule]));
        office.connect().expect(0);
        office.run(&["disconnect", "--user", "alice", "--yes"]).expect(0);
    }
    for (fault, code) in [
        (json!([{ "method": "oauth.token", "drop": true }]), "NET-101"),
        (json!([{ "method": "oauth.token", "status": 503 }]), "GOOG-311"),
        (json!([{ "method": "oauth.token", "body": "oauth-token-invalid_client-secret" }]), "GOOG-106"),
        (json!([{ "method": "oauth.token", "body": "oauth-token-admin_policy_enforced" }]), "GOOG-109"),
    ] {
        faults(&office, &fault);
        let done = office.connect();
        let told = &done.of("error")[0];
        assert_eq!(told["code"], code, "{}", done.out);
        // No run will go on where this ended, and there is no credential to be replaced.
        assert!(told["did"].as_str().unwrap().contains("no authorisation was stored"), "{told}");
        let cure = told["do"].to_string();
        match code {
            "GOOG-109" => assert!(cure.contains("test.apps.googleusercontent.com"), "{cure}"),
            _ => assert!(cure.contains("connect google") && !cure.contains("credential replace"), "{cure}"),
        }
        assert!(credentials(&office).is_empty());
    }
    faults(&office, &json!([]));
    office.connect().expect(0);
    // The same refusal in a run names the client too.
    faults(&office, &json!([{ "method": "oauth.token", "body": "oauth-token-admin_policy_enforced" }]));
    let told = office.run(&["sync", "--json"]).expect(4).of("error")[0]["do"].to_string();
    assert!(told.contains("test.apps.googleusercontent.com"), "{told}");
}

#[test]
fn a_calendar_that_is_misspelt_costs_no_consent_and_nothing_chosen_is_told_as_such() {
    let office = Office::new();
    let connect = |more: &[&str]| {
        let mut command = office.command();
        command.args([
            "connect",
            "google",
            "--user",
            "alice",
            "--no-browser",
            "--json",
            "--calendar",
            "Nope",
        ]);
        command.args(["--client", &office.file("client.json", CLIENT)]).args(more);
        consented(&mut command, ACCOUNT)
    };
    let done = connect(&["--no-contacts"]).expect(3);
    assert_eq!(done.of("error")[0]["code"], "USE-111");
    assert_eq!(office.run(&["sync", "--json"]).expect(4).of("error")[0]["code"], "SYNC-115");
    connect(&[]).expect(3);
    office.run(&["sync"]).expect(0);
}

#[test]
fn a_missing_list_of_calendars_is_seen_by_the_doctor_too() {
    let office = Office::new();
    let list = "https://www.googleapis.com/auth/calendar.calendarlist.readonly";
    office.next_consent(&json!({ "untick": [list], "times": 1 }));
    office.connect().expect(3);
    let told = office.run(&["doctor", "--json"]).expect(1);
    let scopes: Vec<Value> = told.of("finding").into_iter().filter(|one| one["area"] == "scopes").collect();
    assert_eq!(scopes.len(), 1, "{}", told.out);
    assert_eq!(scopes[0]["code"], "GOOG-202");
    office.run(&["sync"]).expect(0);
}

#[test]
fn the_cures_need_no_file_that_may_have_been_deleted() {
    let office = Office::new();
    office.connect().expect(0);
    office.sim.with(|core| core.expire(Some(ACCOUNT), "refresh_tokens", None)).unwrap();
    office.sim.with(|core| core.expire(Some(ACCOUNT), "access_tokens", None)).unwrap();
    let dead = office.run(&["sync", "--json"]).expect(4).of("error").remove(0);
    assert_eq!(dead["do"][0], "`passerelle connect google --user alice`", "{dead}");
    // Followed to the letter.
    let mut command = office.command();
    command.args(["connect", "google", "--user", "alice", "--no-browser", "--json"]);
    consented(&mut command, ACCOUNT).expect(0);
    office.run(&["sync"]).expect(0);
}

#[test]
fn a_passing_fault_of_the_revocation_is_tried_again() {
    let office = Office::new();
    office.connect().expect(0);
    faults(&office, &json!([{ "method": "oauth.revoke", "status": 503, "times": 1 }]));
    let done = office.run(&["disconnect", "--user", "alice", "--yes", "--json"]).expect(0);
    assert_eq!(done.of("disconnected")[0]["revoked"], true);
}

#[test]
fn processes_that_renew_at_once_use_no_refresh_token_twice() {
    let office = Office::new();
    office.connect().expect(0);
    knobs(&office, &json!({ "rotate_refresh_tokens": true }));
    for _ in 0..2 {
        let running: Vec<Child> = (0..6)
            .map(|_| {
                let mut command = office.command();
                command.args(["test", "alice", "--json"]).stdout(Stdio::piped()).spawn().unwrap()
            })
            .collect();
        for child in running {
            Done::from(child.wait_with_output().unwrap()).expect(0);
        }
    }
    office.run(&["sync"]).expect(0);
}

#[test]
fn how_long_a_consent_is_waited_for_is_said_and_is_never_nothing() {
    let office = Office::new();
    let client = office.file("client.json", CLIENT);
    let connect = |wait: &str| {
        let args =
            ["connect", "google", "--user", "alice", "--client", &client, "--no-browser", "--json", "--wait"];
        office.run(&[&args[..], &[wait]].concat())
    };
    connect("0").expect(2);
    let told = connect("1").expect(4);
    assert_eq!(told.of("error")[0]["code"], "GOOG-208");
    assert!(told.of("error")[0]["what"].as_str().unwrap().contains("within 1 second."), "{}", told.out);
}

#[test]
fn a_stolen_code_is_worth_nothing_without_its_verifier() {
    let office = Office::new();
    bob(&office);
    let (alice, mut thief) = (connecting(&office, "alice"), connecting(&office, "bob"));
    // The thief has alice's code and puts it into an answer to the thief's own request.
    let stolen = landing(&alice.url, ACCOUNT);
    let mut own = url::Url::parse(&landing(&thief.url, OTHER)).unwrap();
    let state = param(own.as_str(), "state");
    own.query_pairs_mut().clear().append_pair("state", &state).append_pair("code", &param(&stolen, "code"));
    thief.type_in(own.as_str());
    let done = thief.end().expect(4);
    assert_eq!(done.of("error")[0]["code"], "GOOG-213", "{}", done.out);
    // Or goes to the token end point alone, with everything that stands in the address and in the client's file.
    let redeem = |verifier: &str| {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("client_id", "test.apps.googleusercontent.com")
            .append_pair("client_secret", "GOCSPX-canary-of-the-client")
            .append_pair("redirect_uri", &param(&alice.url, "redirect_uri"))
            .append_pair("code", &param(&stolen, "code"));
        if !verifier.is_empty() {
            form.append_pair("code_verifier", verifier);
        }
        let body = form.finish();
        let headers = [("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned())];
        let post = http::Method::POST;
        office.sim.with(|core| core.handle(&post, "/token", &headers, body.as_bytes())).status
    };
    assert_eq!((redeem(""), redeem(&"x".repeat(43))), (400, 400));
    knock(&stolen);
    alice.end().expect(0);
}
