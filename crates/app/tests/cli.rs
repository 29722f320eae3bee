//! The built binary from the outside: exit codes, streams, both languages, the whole story.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[allow(dead_code)]
mod office;

use office::{Office, binary};
use serde_json::{Value, json};

const CARDS: &str = "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:c-1\r\nFN:Anne Dupont\r\nN:Dupont;Anne;;;\r\nEMAIL:anne@client.example\r\nORG:Menuiserie\r\nEND:VCARD\r\n\
BEGIN:VCARD\r\nVERSION:4.0\r\nUID:c-2\r\nFN:Bruno Petit\r\nN:Petit;Bruno;;;\r\nEMAIL:bruno@client.example\r\nNOTE:Paie à trente jours.\r\nEND:VCARD\r\n\
BEGIN:VCARD\r\nVERSION:4.0\r\nUID:c-3\r\nFN:Chloé Roux\r\nN:Roux;Chloé;;;\r\nEMAIL:chloe@client.example\r\nEND:VCARD\r\n";

const EVENTS: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//\r\n\
BEGIN:VEVENT\r\nUID:e-1\r\nDTSTAMP:20270101T000000Z\r\nSUMMARY:Visite hebdomadaire\r\nDTSTART;TZID=Europe/Paris:20270104T090000\r\nDTEND;TZID=Europe/Paris:20270104T100000\r\nRRULE:FREQ=WEEKLY;COUNT=20\r\nEND:VEVENT\r\n\
BEGIN:VEVENT\r\nUID:e-2\r\nDTSTAMP:20270101T000000Z\r\nSUMMARY:Salon d'Angers\r\nDTSTART;VALUE=DATE:20270309\r\nDTEND;VALUE=DATE:20270311\r\nEND:VEVENT\r\n\
END:VCALENDAR\r\n";

fn pair<'a>(summary: &'a Value, kind: &str) -> &'a Value {
    summary["pairs"].as_array().unwrap().iter().find(|pair| pair["kind"] == kind).unwrap()
}

fn connected() -> Office {
    let office = Office::new();
    let cards = office.file("clients.vcf", CARDS);
    let events = office.file("agenda.ics", EVENTS);
    office.run(&["contacts", "import", &cards]).expect(0);
    office.run(&["events", "import", &events, "--user", "alice"]).expect(0);
    let done = office.connect().expect(0);
    assert_eq!(done.of("pair").len(), 2);
    office
}

#[test]
fn from_an_empty_directory_to_two_sides_in_step() {
    let office = connected();
    let plan = office.run(&["sync", "--dry-run", "--json"]).expect(0).summary();
    assert_eq!(pair(&plan, "contacts")["to_remote"], json!({ "create": 3, "update": 0, "delete": 0 }));
    assert!(office.people().is_empty(), "a dry run wrote");

    let first = office.run(&["sync", "--json"]).expect(0).summary();
    assert!(first["run_id"].is_i64());
    assert_eq!(pair(&first, "contacts")["to_remote"]["create"], 3);
    assert_eq!(pair(&first, "events")["to_remote"]["create"], 2);
    for name in ["matched", "held", "failed", "requests", "guest_mails"] {
        assert!(pair(&first, "events")[name].is_u64(), "{name}");
    }
    assert_eq!(office.people().len(), 3);

    let quiet = office.run(&["sync", "--json"]).expect(0).summary();
    for kind in ["contacts", "events"] {
        let nothing = json!({ "create": 0, "update": 0, "delete": 0 });
        assert_eq!(pair(&quiet, kind)["to_local"], nothing);
        assert_eq!(pair(&quiet, kind)["to_remote"], nothing);
    }
    assert_eq!(quiet["guest_mails"], 0);
    assert!(office.sim.with(|core| core.mails().is_empty()));
    let status = office.run(&["status"]).expect(0);
    assert!(status.out.contains("in step as of"), "{}", status.out);
}

#[test]
fn edits_on_both_sides_meet_a_conflict_is_resolved_and_a_run_undone() {
    let office = connected();
    office.run(&["sync"]).expect(0);
    office.run(&["sync"]).expect(0);
    // Different fields of one contact, the same field of another, a deletion at Google.
    office.sql("UPDATE contacts SET job_title = 'Gérante' WHERE uid = 'c-1'; UPDATE contacts SET notes = 'Comptant.' WHERE uid = 'c-2';");
    office.edit_person("Anne", "nicknames", json!([{ "value": "Nanou" }]));
    office.edit_person(
        "Bruno",
        "biographies",
        json!([{ "value": "À soixante jours.", "contentType": "TEXT_PLAIN" }]),
    );
    let chloe = office.person("Chloé").unwrap();
    let path = format!("/v1/{}:deleteContact", chloe["resourceName"].as_str().unwrap());
    office.phone("DELETE", &path, &Value::Null);

    let second = office.run(&["sync", "--json"]).expect(3).summary();
    assert_eq!(pair(&second, "contacts")["held"], 1);
    assert_eq!(pair(&second, "contacts")["to_local"]["delete"], 1);
    let run = pair(&second, "contacts")["run_id"].to_string();
    assert_eq!(office.person("Anne").unwrap()["organizations"][0]["title"], "Gérante");

    let shown = office.run(&["conflicts", "show", "1", "--json"]).expect(0).lines();
    assert_eq!(shown[0]["fields"][0]["local"], "Comptant.");
    assert_eq!(shown[0]["fields"][0]["remote"], "À soixante jours.");
    assert_eq!(shown[0]["fields"][0]["base"], "Paie à trente jours.");
    office.run(&["conflicts", "resolve", "1", "--keep", "remote"]).expect(0);
    office.run(&["sync"]).expect(0);
    let notes = office.run(&["contacts", "list", "--search", "Bruno", "--json"]).expect(0).lines();
    assert_eq!(notes[0]["record"]["notes"], "À soixante jours.");
    office.run(&["conflicts"]).expect(0);

    let history = office.run(&["history", "--run", &run]).expect(0);
    assert!(history.out.contains("Chloé"), "{}", history.out);
    let asked = office.run(&["undo", "run", &run]).expect(2);
    assert!(asked.err.contains("USE-108"), "{}", asked.err);
    office.run(&["undo", "run", &run, "--yes"]).expect(0);
    let back = office.run(&["sync", "--json"]).code;
    assert!([0, 3].contains(&back));
    assert!(office.person("Chloé").is_some());
    office.run(&["undo", "run", "9999", "--yes"]).expect(2);
}

#[test]
fn a_large_deletion_waits_for_approval() {
    let office = Office::new();
    let mut rows = String::new();
    for n in 0..40 {
        rows.push_str(&format!(
            "INSERT INTO contacts (uid, given_name, surname) VALUES ('g-{n}', 'Given{n}', 'Surname{n}');"
        ));
    }
    office.sql(&rows);
    office.connect().expect(0);
    office.run(&["sync"]).expect(0);
    office.run(&["sync"]).expect(0);
    office.sql("DELETE FROM contacts WHERE uid < 'g-3';");
    let refused = office.run(&["sync", "--json"]).expect(5);
    assert_eq!(refused.of("error")[0]["code"], "SYNC-101");
    assert_eq!(office.people().len(), 40);
    let count =
        pair(&office.run(&["sync", "--dry-run", "--json"]).summary(), "contacts")["to_remote"]["delete"]
            .to_string();
    office.run(&["sync", &format!("--allow-deletes={count}")]).expect(0);
    assert_eq!(office.people().len(), 40 - count.parse::<usize>().unwrap());
}

#[test]
fn a_bad_record_is_set_aside_with_its_line_and_the_others_go_in() {
    let office = Office::new();
    let bad = EVENTS.replace("DTSTART;VALUE=DATE:20270309", "DTSTART;VALUE=DATE:20279999");
    let file = office.file("agenda.ics", &bad);
    let done = office.run(&["events", "import", &file, "--user", "alice", "--json"]).expect(3);
    let set_aside: Vec<Value> =
        done.lines().into_iter().filter(|line| line["type"] == "bad_record").collect();
    assert_eq!(set_aside.len(), 1);
    assert!(set_aside[0]["line"].as_u64().unwrap() > 10, "{set_aside:?}");
    assert_eq!(done.summary()["created"], 1);
    let again = office.run(&["events", "import", &file, "--user", "alice", "--json"]).expect(3);
    assert_eq!(again.summary()["unchanged"], 1);
    for lang in ["en", "fr"] {
        let told = office.run(&["events", "import", &file, "--user", "alice", "--lang", lang]).expect(3);
        assert!(told.err.contains("IMP-101"), "{}", told.err);
    }
}

#[test]
fn one_changed_occurrence_in_a_file_joins_its_series_or_says_that_it_stands_alone() {
    let office = Office::new();
    let file = |name: &str, lines: &str| {
        let event = format!(
            "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:s\nSUMMARY:Point\n{lines}\nEND:VEVENT\nEND:VCALENDAR\n"
        );
        office.file(name, &event)
    };
    let change = file(
        "change.ics",
        "RECURRENCE-ID:20270309T090000Z\nDTSTART:20270309T140000Z\nDTEND:20270309T150000Z",
    );
    let off = file("off.ics", "RECURRENCE-ID:20270310T090000Z\nDTSTART:20270310T090000Z\nSTATUS:CANCELLED");
    let series =
        file("series.ics", "DTSTART:20270308T090000Z\nDTEND:20270308T100000Z\nRRULE:FREQ=DAILY;COUNT=4");
    let last =
        file("last.ics", "RECURRENCE-ID:20270311T090000Z\nDTSTART:20270311T140000Z\nDTEND:20270311T150000Z");
    for (lang, file, says) in [("en", &change, true), ("fr", &last, true), ("fr", &change, false)] {
        let alone = office.run(&["events", "import", file, "--user", "alice", "--lang", lang]).expect(0);
        // It is told where it came in, and not where the file changed nothing.
        assert_eq!(alone.err.contains('3'), says, "{}", alone.err);
    }
    office.run(&["events", "import", &series, "--user", "alice"]).expect(0);
    let joined = office.run(&["events", "import", &change, "--user", "alice", "--json"]).expect(0);
    assert_eq!((&joined.summary()["joined"], &joined.summary()["created"]), (&1.into(), &0.into()));
    office.run(&["events", "import", &off, "--user", "alice"]).expect(0);
    let out = office.run(&["events", "export", "-", "--format", "ical"]).expect(0).out;
    assert!(
        out.contains("RECURRENCE-ID:20270309T090000Z") && out.contains("EXDATE:20270310T090000Z"),
        "{out}"
    );
}

#[test]
fn what_goes_out_comes_in_again() {
    let office = connected();
    for (kind, format, args) in [
        ("contacts", "vcard", vec![]),
        ("contacts", "csv", vec![]),
        ("contacts", "json", vec![]),
        ("events", "ical", vec!["--user", "alice"]),
        ("events", "json", vec!["--user", "alice"]),
    ] {
        let file = office.dir.path().join(format!("out-{kind}.{format}")).display().to_string();
        let mut export = vec![kind, "export", &file, "--format", format];
        export.extend(&args);
        office.run(&export).expect(0);
        let mut import = vec![kind, "import", &file, "--format", format, "--json"];
        import.extend(&args);
        let back = office.run(&import).expect(0).summary();
        assert_eq!(back["created"], 0, "{kind} {format}: {back}");
    }
}

#[test]
fn exit_codes_say_what_a_script_should_do() {
    let office = Office::empty();
    let check = |args: &[&str], code, named: &str| {
        let done = office.run(args).expect(code);
        assert!(done.err.contains(named), "{args:?}: {}", done.err);
        assert!(done.out.is_empty(), "{args:?}: {}", done.out);
    };
    check(&["status"], 7, "CFG-102");
    office.run(&["init"]).expect(2);
    office.run(&["init", "--non-interactive"]).expect(0);
    office.run(&["init", "--non-interactive"]).expect(0);
    check(&["snyc"], 2, "USE-101");
    check(&["sync", "--allow-deletes"], 2, "USE-101");
    check(&["explain", "GOOG-999"], 2, "USE-110");
    check(&["sync", "--user", "nobody"], 2, "USE-102");
    office.run(&["user", "add", "alice"]).expect(0);
    check(&["user", "add", "ALICE"], 2, "USE-103");
    check(&["sync"], 4, "GOOG-211");
    check(&["disconnect", "--user", "alice", "--yes"], 4, "GOOG-211");
    check(&["conflicts", "show", "7"], 2, "USE-104");
    check(&["undo", "run", "7", "--yes"], 2, "USE-105");
    check(&["contacts", "import", "/nowhere/x.vcf"], 2, "USE-106");
    check(&["contacts", "show", "nothing"], 2, "USE-109");
    let web = office.file("web.json", r#"{"web":{"client_id":"x"}}"#);
    check(&["connect", "google", "--user", "alice", "--client", &web], 7, "GOOG-105");
    let wrong = office.file("wrong.toml", "langauge = \"fr\"\n");
    check(&["status", "--config", &wrong], 7, "language");
}

#[test]
fn a_relative_settings_file_names_the_same_installation_as_its_absolute_path() {
    let office = Office::empty();
    let folder = office.dir.path().join("here");
    std::fs::create_dir(&folder).unwrap();
    let settings = "state_dir = \"state\"\n[database]\npath = \"company.db\"\n\
                    [vault]\ndir = \"vault\"\nkey_file = \"vault.key\"\n";
    std::fs::write(folder.join("config.toml"), settings).unwrap();
    let absolute = folder.join("config.toml").display().to_string();
    office.run(&["--config", &absolute, "init", "--non-interactive"]).expect(0);

    let run = |from: &std::path::Path, file: &str, args: &[&str]| -> office::Done {
        office.command().current_dir(from).args(["--config", file]).args(args).output().unwrap().into()
    };
    let shown = run(std::path::Path::new("/"), &absolute, &["config", "show"]).expect(0).out;
    assert!(shown.contains(&folder.join("company.db").display().to_string()), "{shown}");
    for (from, file) in [
        (folder.as_path(), "config.toml"),
        (folder.as_path(), "./config.toml"),
        (office.dir.path(), "here/config.toml"),
    ] {
        assert_eq!(run(from, file, &["config", "show"]).expect(0).out, shown, "{file}");
        run(from, file, &["user", "list"]).expect(0);
    }
    // Through a link, to the file or to its folder, and through a link to a link.
    #[cfg(unix)]
    {
        let elsewhere = office.dir.path().join("elsewhere");
        std::fs::create_dir(&elsewhere).unwrap();
        let link = |to: &std::path::Path, name: &str| {
            let link = elsewhere.join(name);
            std::os::unix::fs::symlink(to, &link).unwrap();
            link
        };
        let relative = link(std::path::Path::new("../here/config.toml"), "relative.toml");
        let direct = link(&folder.join("config.toml"), "direct.toml");
        for file in [&relative, &direct, &link(&relative, "twice.toml")] {
            let file = file.display().to_string();
            assert_eq!(run(&folder, &file, &["config", "show"]).expect(0).out, shown, "{file}");
            run(&folder, &file, &["user", "list"]).expect(0);
        }
        run(&elsewhere, "relative.toml", &["user", "list"]).expect(0);
        let inside = link(&folder, "folder").join("config.toml").display().to_string();
        run(&elsewhere, &inside, &["user", "list"]).expect(0);
    }
}

#[test]
fn only_a_loopback_host_may_stand_in_for_google() {
    let office = Office::new();
    for (address, code) in [
        ("https://evil.example", 7),
        ("http://127.0.0.1.evil.example", 7),
        ("http://10.0.0.1", 7),
        (office.sim.url(), 0),
    ] {
        let output =
            office.command().env("PASSERELLE__GOOGLE__ENDPOINT", address).arg("status").output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{address}");
    }
}

#[test]
fn a_second_process_is_told_to_come_back_later() {
    let office = Office::new();
    let lock = std::fs::File::open(office.dir.path().join("var/passerelle/passerelle.lock")).unwrap();
    lock.lock().unwrap();
    let done = office.run(&["sync", "--json"]).expect(6);
    assert_eq!(done.summary()["code"], "SYS-102");
    drop(lock);
    office.run(&["sync"]).expect(4);
}

#[test]
fn disconnecting_destroys_the_secrets_and_keeps_the_records() {
    let office = connected();
    office.run(&["sync"]).expect(0);
    let vault = office.dir.path().join("var/passerelle/vault");
    let credentials = || {
        std::fs::read_dir(&vault)
            .unwrap()
            .filter(|file| {
                file.as_ref().unwrap().path().extension().is_some_and(|extension| extension == "cred")
            })
            .count()
    };
    assert_eq!(credentials(), 2);
    office.run(&["disconnect", "--user", "alice"]).expect(2);
    office.run(&["disconnect", "--user", "alice", "--yes"]).expect(0);
    assert_eq!(credentials(), 0);
    // Nobody is left to be kept in step; somebody else would be, and this one would be no error.
    office.run(&["sync"]).expect(4);
    office.run(&["user", "add", "bob"]).expect(0);
    office.connect_user("bob", office::OTHER).expect(0);
    let synced = office.run(&["sync", "--json"]).expect(0).summary();
    assert_eq!(synced["disconnected"], json!(["alice"]));
    let asked = office.run(&["sync", "--user", "alice", "--json"]).expect(4);
    assert_eq!(asked.of("error")[0]["code"], "GOOG-211");
    assert_eq!(office.run(&["contacts", "list", "--json"]).expect(0).of("record").len(), 3);
    office.connect().expect(0);
    let again = office.run(&["sync", "--json"]).expect(0).summary();
    assert_eq!(pair(&again, "contacts")["to_remote"]["create"], 0, "{again}");
}

#[test]
fn an_authorisation_that_ended_says_reconnect() {
    let office = connected();
    office.run(&["sync"]).expect(0);
    office.sim.with(|core| core.expire(Some(office::ACCOUNT), "refresh_tokens", None)).unwrap();
    office.sim.with(|core| core.expire(Some(office::ACCOUNT), "access_tokens", None)).unwrap();
    let done = office.run(&["sync", "--json"]).expect(4);
    assert!(
        done.lines()
            .iter()
            .any(|line| line["type"] == "error" && line["code"].as_str().unwrap().starts_with("GOOG-20"))
    );
    office.run(&["status"]).expect(4);
    office.connect().expect(0);
    office.run(&["sync"]).expect(0);
    office.run(&["status"]).expect(0);
}

#[test]
fn no_output_and_no_file_shows_a_secret() {
    let office = connected();
    let mut all = String::new();
    for args in [
        vec!["sync", "-vv"],
        vec!["sync", "--json", "-vv"],
        vec!["status", "--json"],
        vec!["config", "show"],
        vec!["history", "--json"],
    ] {
        let done = office.run(&args);
        all.push_str(&done.out);
        all.push_str(&done.err);
    }
    let database = std::fs::read(office.database()).unwrap();
    all.push_str(&String::from_utf8_lossy(&database));
    assert!(!all.contains("GOCSPX-canary-of-the-client"));
    assert!(!all.contains("\"refresh_token\"") && !all.contains("ya29."));
}

#[test]
fn every_command_explains_itself_in_both_languages() {
    let dir = tempfile::tempdir().unwrap();
    let commands = [
        "",
        #[cfg(feature = "demo")]
        "demo",
        "init",
        "user",
        "user add",
        "user list",
        "connect",
        "connect google",
        "disconnect",
        "sync",
        "status",
        "conflicts",
        "conflicts list",
        "conflicts show",
        "conflicts resolve",
        "history",
        "undo",
        "undo run",
        "contacts",
        "contacts import",
        "contacts export",
        "contacts list",
        "contacts show",
        "events",
        "events import",
        "events export",
        "events list",
        "events show",
        "config",
        "config show",
        "config check",
        "completion",
        "man",
        "explain",
    ];
    for command in commands {
        for (lang, word) in [("en", "Usage:"), ("fr", "Utilisation :")] {
            let output = binary(dir.path())
                .args(command.split_whitespace())
                .args(["--help", "--lang", lang])
                .output()
                .unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            assert!(output.status.success() && text.contains(word), "{command} {lang}: {text}");
            assert!(!text.contains("<help"), "{command} {lang}: {text}");
        }
    }
}

#[test]
fn articles_pages_and_scripts_need_no_installation() {
    let dir = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        let output = binary(dir.path()).args(args).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, french) = run(&["explain", "goog-204", "--lang", "fr"]);
    assert_eq!(code, Some(0));
    assert!(french.contains("✗ GOOG-204  Google n'accepte plus"), "{french}");
    let (_, json) = run(&["explain", "SYNC-101", "--json"]);
    let article: Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
    assert_eq!((article["code"].as_str(), article["exit"].as_u64()), (Some("SYNC-101"), Some(5)));
    assert!(run(&["man"]).1.contains(".TH"));
    assert!(run(&["completion", "bash"]).1.contains("_passerelle"));
    let pages = dir.path().join("man").display().to_string();
    assert_eq!(run(&["man", "--dir", &pages]).0, Some(0));
    assert!(dir.path().join("man/passerelle-contacts-import.1").exists());
    assert_eq!(run(&["config", "show"]).0, Some(0));
}

#[test]
fn the_language_follows_the_environment() {
    let dir = tempfile::tempdir().unwrap();
    let said = |variables: &[(&str, &str)], args: &[&str]| {
        let mut command = binary(dir.path());
        command.env_remove("PASSERELLE_LANG").envs(variables.iter().copied()).args(args);
        String::from_utf8(command.output().unwrap().stderr).unwrap()
    };
    assert!(said(&[("LANG", "fr_FR.UTF-8")], &["status"]).contains("n'est pas encore installé"));
    assert!(said(&[("LANG", "fr_FR.UTF-8"), ("LC_ALL", "C")], &["status"]).contains("not set up"));
    assert!(said(&[("LANG", "fr_FR.UTF-8")], &["status", "--lang", "en"]).contains("not set up"));
    assert!(said(&[], &["status"]).contains("not set up"));
}

#[cfg(not(feature = "demo"))]
#[test]
fn a_binary_without_the_demonstration_does_not_offer_it() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(binary(dir.path()).arg("demo").output().unwrap().status.code(), Some(2));
    let help = binary(dir.path()).arg("--help").output().unwrap();
    assert!(!String::from_utf8_lossy(&help.stdout).contains("demo"));
    let status = binary(dir.path()).arg("status").output().unwrap();
    assert_eq!(status.status.code(), Some(7));
    assert!(!String::from_utf8_lossy(&status.stderr).contains("demo"));
}

#[cfg(feature = "demo")]
#[test]
fn the_demonstration_ends_by_itself_with_both_sides_in_step() {
    let dir = tempfile::tempdir().unwrap();
    let keep = dir.path().join("kept").display().to_string();
    let output = binary(dir.path()).args(["demo", "--json", "--keep", &keep]).output().unwrap();
    let done = office::Done::from(output).expect(0);
    let last = done.summary();
    assert_eq!(last["last_run"]["writes"], 0, "{last}");
    assert_eq!(last["guest_mails"], 0);
    assert!(last["last_run"]["contact_lists"].as_u64().unwrap() <= 1);
    assert!(last["last_run"]["event_lists"].as_u64().unwrap() <= 1);
    for kind in ["contacts", "events"] {
        assert_eq!(last[kind]["local"], last[kind]["remote"]);
    }
    assert!(last["contacts"]["local"].as_u64().unwrap() >= 200);
    assert!(last["events"]["local"].as_u64().unwrap() >= 300);
    assert!(done.of("chapter").len() >= 4);
    for file in ["passerelle.db", "config.toml", "google.json"] {
        assert!(dir.path().join("kept").join(file).exists(), "{file}");
    }
    // What is kept is an installation like any other.
    let config = format!("{keep}/config.toml");
    let status = binary(dir.path()).args(["status", "--config", &config, "--json"]).output().unwrap();
    assert_eq!(status.status.code(), Some(0), "{}", String::from_utf8_lossy(&status.stdout));
}

#[cfg(feature = "demo")]
#[test]
fn the_demonstration_tells_its_story_in_the_persons_language() {
    let dir = tempfile::tempdir().unwrap();
    let output = binary(dir.path()).args(["demo", "--lang", "fr"]).output().unwrap();
    let done = office::Done::from(output).expect(0);
    assert!(done.out.contains("Une société fictive") || done.out.contains("société"), "{}", done.out);
    assert!(!done.out.contains("<demo"), "{}", done.out);
    let left = std::fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(left, 0, "the demonstration left something in the home directory");
}

#[test]
fn another_account_than_the_bound_one_is_refused() {
    let office = connected();
    let refused = office.connect_as(office::OTHER).expect(4);
    assert_eq!(refused.of("error")[0]["code"], "GOOG-203");
    assert!(refused.of("error")[0]["what"].as_str().unwrap().contains(office::OTHER));
    // The bound account's authorisation is as good as before.
    office.run(&["sync"]).expect(0);
}

#[test]
fn look_alikes_wait_for_a_person() {
    let office = Office::new();
    let insert = |uid: &str, given: &str| {
        format!(
            "INSERT INTO contacts (id, uid, given_name, surname) VALUES ('{uid}', '{uid}', '{given}', 'Martin');
             INSERT INTO contact_emails (contact_id, address) VALUES ('{uid}', 'contact@martin.example');"
        )
    };
    office.sql(&(insert("l-1", "Paul") + &insert("l-2", "Paule")));
    let person = json!({
        "names": [{ "givenName": "Paul", "familyName": "Martin" }],
        "emailAddresses": [{ "value": "contact@martin.example" }],
        "nicknames": [{ "value": "Polo" }],
    });
    office.phone("POST", "/v1/people:createContact", &person);
    office.connect().expect(0);
    let first = office.run(&["sync", "--json"]).expect(3).summary();
    assert_eq!(pair(&first, "contacts")["held"], 3, "{first}");
    assert_eq!(office.people().len(), 1, "something was created before a person said which is which");
    let waiting = office.run(&["conflicts", "--json"]).expect(3).of("conflict");
    let number = |given: &str, side: &str| {
        let found = waiting
            .iter()
            .find(|one| one["summary"].as_str().unwrap().starts_with(given) && one["side"] == side);
        found.unwrap_or_else(|| panic!("{given} {side}: {waiting:?}"))["number"].to_string()
    };
    let (paul, paule, there) =
        (number("Paul ", "local"), number("Paule", "local"), number("Paul ", "remote"));
    office.run(&["conflicts", "resolve", &paule, "--keep", "local"]).expect(2);
    office.run(&["conflicts", "resolve", &paule, "--different"]).expect(0);
    office.run(&["conflicts", "resolve", &paul, "--link", &there]).expect(0);
    office.run(&["sync"]).expect(0);
    office.run(&["sync"]).expect(0);
    office.run(&["conflicts"]).expect(0);
    assert_eq!(office.people().len(), 2);
    let listed = office.run(&["contacts", "list", "--search", "Paul", "--json"]).expect(0).of("record");
    assert_eq!(listed.len(), 2);
    assert!(listed.iter().any(|one| one["record"]["nicknames"].to_string().contains("Polo")), "{listed:?}");
}

#[test]
fn one_way_settings_write_on_one_side_only() {
    let office = connected();
    office.phone(
        "POST",
        "/v1/people:createContact",
        &json!({ "names": [{ "givenName": "Zoé", "familyName": "Weber" }] }),
    );
    let sync = |direction: &str, approval: &[&str]| {
        let mut command = office.command();
        command.env("PASSERELLE__CONTACTS__DIRECTION", direction).args(["sync", "--json"]).args(approval);
        office::Done::from(command.output().unwrap())
    };
    let run = |direction: &str| {
        let mut done = sync(direction, &[]);
        if done.code == 5 {
            // Another direction shows what it does before it does it.
            assert_eq!(done.of("error")[0]["code"], "SYNC-114");
            let digest = pair(&done.summary(), "contacts")["digest"].as_str().unwrap().to_owned();
            done = sync(direction, &["--approve", &digest]);
        }
        pair(&done.expect(0).summary(), "contacts").clone()
    };
    let taken = run("from-google");
    assert_eq!((&taken["to_local"]["create"], &taken["to_remote"]["create"]), (&json!(1), &json!(0)));
    assert_eq!(office.people().len(), 1);
    let sent = run("to-google");
    assert_eq!((&sent["to_local"]["create"], &sent["to_remote"]["create"]), (&json!(0), &json!(3)));
    let both = run("both");
    assert_eq!((&both["to_local"]["create"], &both["to_remote"]["create"]), (&json!(0), &json!(0)));
}

#[test]
fn a_setting_that_does_not_fit_is_told_although_a_variable_hides_it() {
    let office = Office::new();
    let part = office.dir.path().join("etc/passerelle/conf.d/10.toml");
    std::fs::create_dir(part.parent().unwrap()).unwrap();
    for (text, line, good) in [("[history]\ndays = 5", 0, true), ("\n[history]\ndays = 1.5", 3, false)] {
        std::fs::write(&part, text).unwrap();
        let mut command = office.command();
        command.env("PASSERELLE__HISTORY__DAYS", "7").args(["config", "show", "--json"]);
        let done = office::Done::from(command.output().unwrap());
        if good {
            let shown = done.expect(0).of("setting");
            let days = shown.iter().find(|one| one["name"] == "history.days").unwrap();
            assert_eq!((&days["value"], &days["origin"]), (&json!("7"), &json!("PASSERELLE__HISTORY__DAYS")));
        } else {
            let error = &done.expect(7).of("error")[0];
            assert_eq!(error["code"], "CFG-101");
            assert!(error.to_string().contains(&format!("{}:{line}", part.display())), "{error}");
        }
    }
}

#[test]
fn a_lost_key_and_a_readable_vault_are_named() {
    let office = connected();
    office.run(&["config", "check"]).expect(0);
    let key = office.dir.path().join("etc/passerelle/vault.key");
    let away = office.dir.path().join("away.key");
    std::fs::rename(&key, &away).unwrap();
    for args in [&["config", "check"][..], &["sync"]] {
        let done = office.run(args).expect(9);
        assert!(done.err.contains("VAULT-001"), "{}", done.err);
    }
    assert!(!key.exists(), "a new key was made in the place of the lost one");
    std::fs::rename(&away, &key).unwrap();
    office.run(&["sync"]).expect(0);
}

#[test]
fn a_column_of_a_table_is_taken_named_or_told() {
    let office = Office::new();
    let table = "sep=;\r\nPrénom;Nom;Bigophone;Couleur\r\nZoé;Lefèvre;06 12 34 56 78;bleu\r\n";
    let file = office.file("clients.csv", table);
    let told = office.run(&["contacts", "import", &file]).expect(3);
    for word in ["IMP-110", "Bigophone", "Couleur", "--map"] {
        assert!(told.err.contains(word), "{word}: {}", told.err);
    }
    for (map, word) in [("Couleur=poils", "poils"), ("Couleur", "Couleur"), ("Teinte=notes", "Teinte")] {
        let told = office.run(&["contacts", "import", &file, "--map", map]).expect(2);
        assert!(told.err.contains(word), "{}", told.err);
    }
    let twice = ["contacts", "import", &file, "--map", "Couleur=notes", "--map", "Couleur=fax"];
    assert!(office.run(&twice).expect(2).err.contains("Couleur"));
    let agenda = office.file("agenda.ics", "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n");
    office.run(&["events", "import", &agenda, "--user", "alice", "--map", "Nom=nom"]).expect(2);

    let office = Office::new();
    let import = ["contacts", "import", &file, "--map", "bigophone=mobile", "--json"];
    let told = office.run(&import).expect(0);
    let left: Vec<Value> = told.of("column_left").iter().map(|line| line["column"].clone()).collect();
    assert_eq!(left, [json!("Couleur")]);
    let cards = office.run(&["contacts", "export", "-", "--format", "vcard"]).expect(0);
    assert!(cards.out.contains("TEL;TYPE=CELL:06 12 34 56 78"), "{}", cards.out);
}

#[cfg(target_os = "linux")]
#[test]
fn an_export_is_whole_and_private_or_an_error() {
    use std::os::unix::fs::PermissionsExt;
    let office = Office::new();
    let cards = CARDS.replace("Paie à", "\u{1b}]0;no end \u{1b}P \u{202e} Paie à");
    let cards = office.file("clients.vcf", &cards);
    office.run(&["contacts", "import", &cards]).expect(0);
    office.sql(
        "INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds)
         VALUES ('e1', 'alice', 'Lunch', '2027-01-04 12:00', 'Europe/Paris', 3600);",
    );
    for (what, format) in [
        ("contacts", "vcard"),
        ("contacts", "csv"),
        ("contacts", "json"),
        ("events", "ical"),
        ("events", "json"),
    ] {
        let file = office.file("out", "");
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).unwrap();
        office.run(&[what, "export", &file, "--format", format]).expect(0);
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let export = [what, "export", "-", "--format", format];
        let out = office.command().args(export).output().unwrap();
        // When it was written may be told to the second.
        let lines = |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).unwrap();
            let kept = text.lines().filter(|line| !line.contains("DTSTAMP") && !line.contains("\"updated\""));
            kept.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(lines(out.stdout), lines(std::fs::read(&file).unwrap()), "{format}");
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let status = office.command().args(export).stdout(full).status().unwrap();
        assert_eq!(status.code(), Some(9), "{format}");
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut cut = office.command();
        cut.args(export).stdout(writer).stderr(std::process::Stdio::piped());
        let cut = cut.spawn().unwrap().wait_with_output().unwrap();
        assert_ne!(cut.status.code(), Some(0), "{format}");
        assert!(String::from_utf8_lossy(&cut.stderr).contains("USE-106"), "{format}: {cut:?}");
    }
    for lines in [
        &["contacts", "list"][..],
        &["contacts", "list", "--json"],
        &["status", "--json"],
        &["--help"],
        &["sync", "--help"],
        &["--version"],
        &["completion", "bash"],
        &["man"],
        &["explain", "GOOG-307"],
    ] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let status = office.command().args(lines).stdout(full).status().unwrap();
        assert_eq!(status.code(), Some(9), "{lines:?}");
    }
    let told = office.run(&["contacts", "list", "--json"]).expect(0);
    let shown = office.run(&["contacts", "list"]).expect(0);
    for text in [told.out, shown.out] {
        assert!(!text.chars().any(|c| c == '\u{202e}' || (c.is_control() && c != '\n')), "{text:?}");
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_and_a_service_managers_stop_end_in_a_sound_state() {
    for signal in ["-INT", "-TERM"] {
        stopped_by(signal);
    }
}

#[cfg(unix)]
#[test]
fn a_run_that_is_stopped_gives_its_lease_back() {
    use diesel::{Connection, RunQueryDsl, dsl::sql, sql_types::BigInt};
    let office = connected();
    // Longer than anybody waits.
    let for_ever = std::time::Duration::from_secs(120);
    let delay = u64::try_from(for_ever.as_millis()).unwrap();
    let slow = json!({ "rules": [{ "method": "people.people.connections.list", "delay_ms": delay }] });
    office.phone("POST", "/_sim/faults", &slow);
    office.sim.with(passerelle_google_sim::Core::reset_counts);
    let mut child =
        office.command().args(["sync", "--json"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut store = diesel::SqliteConnection::establish(office.database().to_str().unwrap()).unwrap();
    let mut leases = || {
        diesel::select(sql::<BigInt>("(SELECT count(*) FROM passerelle_leases)"))
            .get_result::<i64>(&mut store)
    };
    while leases().unwrap_or(0) == 0 {
        std::thread::yield_now();
    }
    // It waits for Google once it has asked.
    while office.sim.with(|core| core.counts().get("people.people.connections.list").is_none_or(|n| *n == 0))
    {
        std::thread::yield_now();
    }
    let pid = child.id().to_string();
    let begun = std::time::Instant::now();
    assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let mut told = String::new();
    std::io::Read::read_to_string(&mut child.stdout.take().unwrap(), &mut told).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(begun.elapsed() < for_ever / 2, "it waits for nobody: {:?}", begun.elapsed());
    assert!(told.lines().last().unwrap().contains("summary"), "{told}");
    assert_eq!(leases().unwrap(), 0);
}

#[cfg(unix)]
#[test]
fn a_command_that_waits_for_its_input_hears_a_stop() {
    let office = Office::new();
    let mut child = office
        .command()
        .args(["contacts", "import", "-", "--json"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // It has the lock once it waits for what is to be imported.
    let lock = office.dir.path().join("var/passerelle/passerelle.lock");
    let pid = child.id().to_string();
    while std::fs::read_to_string(&lock).unwrap_or_default() != pid {
        std::thread::yield_now();
    }
    assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let input = child.stdin.take();
    let told = child.wait_with_output().unwrap();
    drop(input);
    assert_eq!(told.status.code(), Some(130));
    let text = String::from_utf8(told.stdout).unwrap();
    assert!(text.contains("INT-101") && text.lines().last().unwrap().contains("summary"), "{text}");
}

#[cfg(unix)]
fn stopped_by(signal: &str) {
    let office = Office::new();
    let client = office.file("client.json", office::CLIENT);
    let mut child = office
        .command()
        .args(["connect", "google", "--user", "alice", "--client", &client, "--no-browser"])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = std::io::BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("http://") {
        line.clear();
        assert!(std::io::BufRead::read_line(&mut told, &mut line).unwrap() > 0);
    }
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args([signal, &pid]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130), "{signal}");
    office.run(&["status"]).expect(0);
}

#[test]
fn a_consent_may_be_refused_or_given_in_part() {
    let office = Office::new();
    office.next_consent(&json!({ "cancel": true, "times": 1 }));
    let refused = office.connect().expect(4);
    assert_eq!(refused.of("error")[0]["code"], "GOOG-201");
    office.run(&["sync"]).expect(4);

    let cards = office.file("clients.vcf", CARDS);
    office.run(&["contacts", "import", &cards]).expect(0);
    office.next_consent(&json!({ "untick": ["https://www.googleapis.com/auth/contacts"], "times": 1 }));
    let partly = office.connect().expect(3);
    assert_eq!(partly.of("error")[0]["code"], "GOOG-202");
    assert!(partly.of("error")[0]["what"].as_str().unwrap().contains("the contacts"));
    assert_eq!(partly.of("pair").len(), 2);
    // The missing part alone is switched off, and status says so before any run.
    let told = office.run(&["status", "--json"]).expect(3).of("status")[0]["pairs"].clone();
    let withheld = |kind: &str| {
        let pair = told.as_array().unwrap().iter().find(|pair| pair["kind"] == kind).unwrap();
        pair["withheld"]["code"].clone()
    };
    assert_eq!((withheld("contacts"), withheld("events")), (json!("GOOG-202"), Value::Null));
    let run = office.run(&["sync", "--json"]).expect(3).summary();
    assert_eq!(pair(&run, "contacts")["error"]["code"], "GOOG-202");
    assert!(pair(&run, "events")["error"].is_null(), "{run}");

    office.connect().expect(0);
    let both = office.run(&["sync", "--json"]).expect(0).summary();
    assert_eq!(pair(&both, "contacts")["to_remote"]["create"], 3);
    // The next time the box of the contacts stays empty: that part stops and says so, the other goes on.
    office.next_consent(&json!({ "untick": ["https://www.googleapis.com/auth/contacts"], "times": 1 }));
    office.connect().expect(3);
    // No run was tried since: none is said to have failed.
    let told = |lang: &str| {
        let shown = office.run(&["status", "--lang", lang]).expect(3).out;
        shown.lines().find(|line| line.contains("contacts ·")).unwrap().to_owned()
    };
    assert!(told("en").contains("last complete run") && !told("en").contains("failed"), "{}", told("en"));
    assert!(
        told("fr").contains("dernier passage complet") && !told("fr").contains("échoué"),
        "{}",
        told("fr")
    );
    let partly = office.run(&["sync", "--json"]).expect(3).summary();
    assert_eq!(pair(&partly, "contacts")["error"]["code"], "GOOG-202");
    assert!(pair(&partly, "events")["error"].is_null());
    assert!(told("en").contains("since then a run that failed"), "{}", told("en"));
}
