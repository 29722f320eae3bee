//! Rules, guards, answers, history and undo of single records: seen through the built binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[allow(dead_code)]
mod office;

use std::{fs, path::Path};

use office::Office;
use serde_json::{Value, json};

fn with_contacts(count: usize) -> Office {
    let office = Office::new();
    let rows: String = (0..count)
        .map(|n| {
            format!(
                "INSERT INTO contacts (uid, given_name, surname, notes) VALUES ('c-{n}', 'Given{n}', 'Surname{n}', 'note {n}');
                 INSERT INTO contact_emails (contact_id, address) SELECT id, 'given{n}@client.example' FROM contacts WHERE uid = 'c-{n}';"
            )
        })
        .collect();
    office.sql(&rows);
    office.connect().expect(0);
    office.run(&["sync"]).expect(0);
    office.run(&["sync"]).expect(0);
    office
}

fn rules(office: &Office, text: &str) {
    let file = office.dir.path().join("etc/passerelle/config.toml");
    let before = fs::read_to_string(&file).unwrap();
    let own = before.split("\n[[rules]]").next().unwrap();
    fs::write(&file, format!("{own}\n{text}")).unwrap();
}

fn pair(summary: &Value, kind: &str) -> Value {
    summary["pairs"].as_array().unwrap().iter().find(|pair| pair["kind"] == kind).unwrap().clone()
}

fn writes(summary: &Value) -> u64 {
    let mut all = 0;
    for pair in summary["pairs"].as_array().unwrap() {
        for side in ["to_local", "to_remote"] {
            all += pair[side].as_object().unwrap().values().filter_map(Value::as_u64).sum::<u64>();
        }
    }
    all
}

fn contact(office: &Office, given: &str) -> Value {
    office.run(&["contacts", "list", "--search", given, "--json"]).expect(0).lines()[0].clone()
}

fn note(office: &Office, given: &str) -> String {
    office
        .person(given)
        .map(|person| person["biographies"][0]["value"].as_str().unwrap_or("").to_owned())
        .unwrap()
}

fn clash(office: &Office, n: usize, here: &str, there: &str) {
    office.sql(&format!("UPDATE contacts SET notes = '{here}' WHERE uid = 'c-{n}';"));
    let value = json!([{ "value": there, "contentType": "TEXT_PLAIN" }]);
    office.edit_person(&format!("Given{n}"), "biographies", value);
}

fn event_sql(uid: &str, title: &str, day: &str, privacy: &str, category: &str) -> String {
    let category = if category.is_empty() {
        String::new()
    } else {
        format!(
            "INSERT INTO appointment_categories (appointment_id, category) SELECT id, '{category}' FROM appointments WHERE uid = '{uid}';"
        )
    };
    format!(
        "INSERT INTO appointments (owner_id, uid, title, location, privacy, start_local, start_zone, duration_seconds)
         VALUES ('alice', '{uid}', '{title}', 'Lyon', '{privacy}', '{day} 10:00:00', 'Europe/Paris', 3600);{category}"
    )
}

fn events(office: &Office) -> Vec<Value> {
    let path = "/calendar/v3/calendars/primary/events?maxResults=2500";
    office.phone("GET", path, &Value::Null)["items"].as_array().cloned().unwrap_or_default()
}

fn titles(office: &Office) -> Vec<String> {
    let mut all: Vec<String> =
        events(office).iter().map(|event| event["summary"].as_str().unwrap_or("").to_owned()).collect();
    all.sort();
    all
}

/// A day from today, as text.
fn day(offset: i64) -> String {
    #[allow(clippy::disallowed_methods)]
    let today = chrono::Utc::now().date_naive();
    (today + chrono::TimeDelta::days(offset)).to_string()
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_all(&entry.path(), &target)
        } else {
            drop(fs::copy(entry.path(), target))
        }
    }
}

/// Runs the binary on an installation that was copied into another directory.
fn run_in(office: &Office, dir: &Path, args: &[&str]) -> office::Done {
    let mut command = office::binary(dir);
    command.env("PASSERELLE__GOOGLE__ENDPOINT", office.sim.url());
    for (name, path) in [
        ("DATABASE__PATH", "var/passerelle/passerelle.db"),
        ("VAULT__DIR", "var/passerelle/vault"),
        ("VAULT__KEY_FILE", "etc/passerelle/vault.key"),
        ("STATE_DIR", "var/passerelle"),
    ] {
        command.env(format!("PASSERELLE__{name}"), dir.join(path));
    }
    command.args(args).output().unwrap().into()
}

#[test]
fn rules_decide_what_travels_and_leaving_them_deletes_nothing() {
    let office = Office::new();
    let sql = [
        event_sql("e-1", "Client visit", &day(5), "public", "Client"),
        event_sql("e-2", "Dentist", &day(6), "private", "Client"),
        event_sql("e-3", "Team", &day(7), "public", "Internal"),
        event_sql("e-4", "Long ago", &day(-400), "public", "Client"),
    ];
    office.sql(&sql.concat());
    rules(
        &office,
        "[[rules]]\nkind = \"events\"\nuser = \"alice\"\ncategories = [\"client\"]\nprivate = \"busy\"\n\
         past_days = 30\nfields = { location = \"never\" }\n",
    );
    office.connect().expect(0);
    office.run(&["sync"]).expect(0);
    assert_eq!(titles(&office), ["Busy", "Client visit"]);
    assert!(events(&office).iter().all(|event| event.get("location").is_none()), "a masked field was sent");

    let listed = office.run(&["rules", "list"]).expect(0);
    for sentence in
        ["categories is one of: client", "private appointments as \"Busy\"", "location: does not travel"]
    {
        assert!(listed.out.contains(sentence), "{sentence}: {}", listed.out);
    }
    let french = office.run(&["rules", "list", "--lang", "fr"]).expect(0);
    assert!(french.out.contains("location : ne circule pas"), "{}", french.out);

    // Leaving the scope: the appointment changes its category, and stays where it is; so does one deleted outside.
    office.sql("UPDATE appointment_categories SET category = 'Internal' WHERE appointment_id = (SELECT id FROM appointments WHERE uid = 'e-1');");
    let left = office.run(&["sync", "--json"]).expect(0).summary();
    assert_eq!(writes(&left), 0, "{left}");
    assert_eq!(titles(&office), ["Busy", "Client visit"]);
    office.sql("DELETE FROM appointments WHERE uid = 'e-1';");
    office.run(&["sync"]).expect(0);
    assert_eq!(titles(&office), ["Busy", "Client visit"]);

    let id =
        office.run(&["events", "list", "--user", "alice", "--search", "Team", "--json"]).expect(0).lines()[0]
            ["id"]
            .as_str()
            .unwrap()
            .to_owned();
    let tested = office.run(&["rules", "test", &id, "--json"]).expect(0).of("rule_test");
    assert_eq!(tested[0]["takes_part"], false);
    assert_eq!(tested[0]["fails"][0]["fields"], "categories");
    let text = office.run(&["rules", "test", &id, "--lang", "fr"]).expect(0).out;
    assert!(text.contains("ne participe pas"), "{text}");
    office.run(&["rules", "test", "no-such-record"]).expect(2);
    rules(&office, "[[rules]]\nkind = \"events\"\nprivate = \"busy\"\nbusy_title = \"Occupé\"\n");
    let digest = pair(&office.run(&["sync", "--json"]).expect(5).summary(), "events")["digest"].clone();
    office.run(&["sync", "--approve", digest.as_str().unwrap()]).expect(0);
    assert!(titles(&office).contains(&"Occupé".to_owned()), "{:?}", titles(&office));
}

#[test]
fn a_changed_rule_shows_its_plan_before_it_acts() {
    let office = Office::new();
    office.sql(
        &[event_sql("e-1", "One", &day(5), "private", ""), event_sql("e-2", "Two", &day(6), "public", "")]
            .concat(),
    );
    office.connect().expect(0);
    office.run(&["sync"]).expect(0);
    office.run(&["sync"]).expect(0);
    rules(&office, "[[rules]]\nkind = \"events\"\nprivate = \"busy\"\n");
    let refused = office.run(&["sync", "--json"]).expect(5);
    let error = &refused.of("error")[0];
    assert_eq!(error["code"], "SYNC-114");
    assert_eq!(titles(&office), ["One", "Two"], "a refused plan was carried out");
    // It stays so, unattended too, until somebody approves exactly this plan.
    office.run(&["sync"]).expect(5);
    office.run(&["sync", "--approve", "000000000000"]).expect(5);
    let digest = pair(&refused.summary(), "events")["digest"].as_str().unwrap()[..12].to_owned();
    assert!(error["do"].to_string().contains(&digest), "{error}");
    office.run(&["sync", "--approve", &digest]).expect(0);
    assert_eq!(titles(&office), ["Busy", "Two"]);
    assert_eq!(writes(&office.run(&["sync", "--json"]).expect(0).summary()), 0);
    // A rule that changes nothing stops nothing.
    rules(&office, "[[rules]]\nkind = \"events\"\nprivate = \"busy\"\nfields = { color = \"never\" }\n");
    office.run(&["sync"]).expect(0);
}

/// What Google shows of the second occurrence of a series: title, place, link and visibility.
fn second_occurrence(office: &Office) -> Option<[String; 4]> {
    let id = events(office).iter().find(|event| event.get("recurrence").is_some())?["id"].clone();
    let path = format!("/calendar/v3/calendars/primary/events/{}/instances", id.as_str()?);
    let found = office.phone("GET", &path, &Value::Null);
    let on = day(12);
    let one = found["items"]
        .as_array()?
        .iter()
        .find(|one| one["originalStartTime"]["dateTime"].as_str().is_some_and(|at| at.starts_with(&on)))?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Some([
        text(&one["summary"]),
        text(&one["location"]),
        text(&one["source"]["url"]),
        text(&one["visibility"]),
    ])
}

#[test]
fn a_private_occurrence_of_an_open_series_is_private_at_google_and_for_every_rule() {
    let shown = |texts: [&str; 4]| Some(texts.map(str::to_owned));
    for (rule, wanted) in [
        ("", shown(["Notary", "Nowhere", "https://notary.example", "private"])),
        ("private = \"busy\"\nbusy_title = \"Occupé\"", shown(["Occupé", "", "", "private"])),
        ("private = \"never\"", None),
    ] {
        let office = Office::new();
        office.sql(&event_sql("e-1", "Visits", &day(5), "default", "Client"));
        office.sql(&format!(
            "INSERT INTO appointment_rules (appointment_id, rule)
                 SELECT id, 'FREQ=WEEKLY;COUNT=4' FROM appointments;
             INSERT INTO appointment_overrides (appointment_id, occurrence, title, location, url, privacy, categories)
                 SELECT id, '{} 10:00:00', 'Notary', 'Nowhere', 'https://notary.example', 'private', '[\"Family\"]'
                 FROM appointments;",
            day(12)
        ));
        if !rule.is_empty() {
            rules(&office, &format!("[[rules]]\nkind = \"events\"\n{rule}\n"));
        }
        office.connect().expect(0);
        office.run(&["sync"]).expect(0);
        assert_eq!(second_occurrence(&office), wanted, "{rule}");
        for _ in 0..2 {
            assert_eq!(writes(&office.run(&["sync", "--json"]).expect(0).summary()), 0, "{rule}");
        }
        let record = office.run(&["events", "list", "--json"]).expect(0).lines()[0]["record"].clone();
        let own = &record["recurrence_overrides"][format!("{}T10:00:00", day(12))];
        assert_eq!(
            (own["title"].as_str(), own["privacy"].as_str()),
            (Some("Notary"), Some("private")),
            "{rule}"
        );
        assert_eq!(own["categories"], json!({"family": "Family"}), "{rule}");
        assert!(record.get("privacy").is_none(), "{rule}: {record}");
        // It is opened again: everybody sees it, and the series is as it was.
        office.sql("UPDATE appointment_overrides SET privacy = NULL;");
        office.run(&["sync"]).expect(0);
        let open = second_occurrence(&office).unwrap();
        assert_eq!(open[..2], ["Notary", "Nowhere"], "{rule}");
        assert!(events(&office).iter().all(|event| event.get("visibility").is_none()), "{rule}");
        assert_eq!(writes(&office.run(&["sync", "--json"]).expect(0).summary()), 0, "{rule}");
    }
}

#[test]
fn one_way_and_owned_fields_keep_to_their_direction() {
    let office = with_contacts(2);
    rules(
        &office,
        "[[rules]]\nkind = \"contacts\"\nfields = { notes = \"to-google\" }\nfield_conflicts = { nicknames = \"remote\" }\n",
    );
    office.run(&["sync"]).expect(0);
    office.edit_person(
        "Given0",
        "biographies",
        json!([{ "value": "typed at Google", "contentType": "TEXT_PLAIN" }]),
    );
    office.run(&["sync"]).expect(0);
    assert_eq!(contact(&office, "Given0")["record"]["notes"], "note 0", "a field of the company's was taken");
    office.sql("UPDATE contacts SET notes = 'the company knows better' WHERE uid = 'c-0';");
    office.run(&["sync"]).expect(0);
    assert_eq!(note(&office, "Given0"), "the company knows better");

    rules(&office, "[[rules]]\nkind = \"contacts\"\ndirection = \"from-google\"\n");
    office.run(&["sync"]).expect(0);
    office.sql(
        "UPDATE contacts SET job_title = 'Boss' WHERE uid = 'c-1'; DELETE FROM contacts WHERE uid = 'c-0';",
    );
    let summary = office.run(&["sync", "--json"]).expect(0).summary();
    assert_eq!(pair(&summary, "contacts")["to_remote"], json!({ "create": 0, "update": 0, "delete": 0 }));
    assert!(office.person("Given0").is_some());
}

#[test]
fn an_answer_can_keep_both_or_be_a_value_of_ones_own_and_numbers_stay() {
    let office = with_contacts(4);
    for n in 0..3 {
        clash(&office, n, &format!("here {n}"), &format!("there {n}"));
    }
    office.run(&["sync"]).expect(3);
    let listed = office.run(&["conflicts", "--json"]).expect(3).of("conflict");
    let number = |given: &str| {
        listed.iter().find(|one| one["summary"].as_str().unwrap().contains(given)).unwrap()["number"]
            .to_string()
    };
    let (zero, one, two) = (number("Given0"), number("Given1"), number("Given2"));
    office.run(&["conflicts", "resolve", &zero, "--keep", "both"]).expect(0);
    office.run(&["conflicts", "resolve", &one, "--edit", "settled by hand"]).expect(0);
    office.run(&["sync"]).expect(3);
    // The numbers of those that still wait have not moved.
    let left = office.run(&["conflicts", "--json"]).expect(3).of("conflict");
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["number"].to_string(), two);
    assert_eq!(note(&office, "Given0"), "here 0\nthere 0");
    assert_eq!(note(&office, "Given1"), "settled by hand");
    assert_eq!(contact(&office, "Given0")["record"]["notes"], "here 0\nthere 0");
    assert_eq!(contact(&office, "Given1")["record"]["notes"], "settled by hand");
    for wrong in [
        vec!["--different"],
        vec!["--retry"],
        vec!["--link", &zero],
        vec!["--keep", "local", "--field", "title"],
    ] {
        let args: Vec<&str> = ["conflicts", "resolve", &two].into_iter().chain(wrong).collect();
        office.run(&args).expect(2);
    }
    assert_eq!(writes(&office.run(&["sync", "--json"]).expect(3).summary()), 0);
    // What was typed in an answer is in the history, and can be taken back.
    let id = contact(&office, "Given1")["id"].as_str().unwrap().to_owned();
    let history = office.run(&["history", "--record", &id, "--json"]).expect(0).of("change");
    let values: Vec<String> = history.iter().map(|change| change["fields"].to_string()).collect();
    assert!(
        values.iter().any(|fields| fields.contains("here 1") && fields.contains("settled by hand")),
        "{values:?}"
    );
}

#[test]
fn an_answer_becomes_a_rule_and_the_rule_can_be_forgotten() {
    let office = with_contacts(4);
    for n in 0..3 {
        clash(&office, n, &format!("here {n}"), &format!("there {n}"));
    }
    office.run(&["sync"]).expect(3);
    let first = office.run(&["conflicts", "--json"]).expect(3).of("conflict")[0]["number"].to_string();
    let answered =
        office.run(&["conflicts", "resolve", &first, "--keep", "remote", "--always", "--json"]).expect(0);
    assert_eq!(answered.of("resolved")[0]["also"], 2);
    assert_eq!(answered.of("resolved")[0]["rules"], json!(["notes"]));
    // The person decided just now: nothing has to be approved.
    office.run(&["sync"]).expect(0);
    for n in 0..3 {
        assert_eq!(contact(&office, &format!("Given{n}"))["record"]["notes"], format!("there {n}"));
    }
    assert!(
        office
            .run(&["rules", "list"])
            .expect(0)
            .out
            .contains("learnt from an answer: \"notes\": Google wins")
    );
    clash(&office, 0, "again here", "again there");
    office.run(&["sync"]).expect(0);
    assert_eq!(contact(&office, "Given0")["record"]["notes"], "again there");
    // What lost is in the history.
    let found = office.run(&["history", "--search", "given0", "--json"]).expect(0);
    assert!(found.out.contains("again here"), "{}", found.out);
    office.run(&["rules", "forget", "--user", "alice", "--field", "notes"]).expect(0);
    clash(&office, 1, "third here", "third there");
    office.run(&["sync"]).expect(3);
    office.run(&["conflicts"]).expect(3);
}

#[test]
fn look_alikes_are_linked_with_a_winner_or_told_apart_for_good() {
    let office = Office::new();
    office.sql(
        "INSERT INTO contacts (uid, given_name, surname, notes) VALUES ('a', 'Jean', 'Martin', 'here');
         INSERT INTO contact_emails (contact_id, address) SELECT id, 'contact@famille.example' FROM contacts WHERE uid = 'a';",
    );
    for (given, notes) in [("Jeanne", "there"), ("Jean-Paul", "other")] {
        let body = json!({ "names": [{ "givenName": given, "familyName": "Martin" }],
            "emailAddresses": [{ "value": "contact@famille.example" }],
            "biographies": [{ "value": notes, "contentType": "TEXT_PLAIN" }] });
        office.phone("POST", "/v1/people:createContact?personFields=names", &body);
    }
    office.connect().expect(0);
    office.run(&["sync"]).expect(3);
    let listed = office.run(&["conflicts", "--json"]).expect(3).of("conflict");
    assert_eq!(listed.len(), 3);
    let number = |name: &str| {
        listed.iter().find(|one| one["summary"].as_str().unwrap().contains(name)).unwrap()["number"]
            .to_string()
    };
    let shown = office.run(&["conflicts", "show", &number("Jean Martin")]).expect(0).out;
    assert!(shown.contains("Jeanne") && shown.contains("here") && shown.contains("there"), "{shown}");
    let (own, jeanne, paul) = (number("Jean Martin"), number("Jeanne"), number("Jean-Paul"));
    office.run(&["conflicts", "resolve", &own, "--merge", &jeanne, "--keep", "local"]).expect(0);
    office.run(&["sync"]).expect(0);
    assert_eq!(note(&office, "Jean"), "here");
    // The other one has nobody left to be mistaken for: it comes in as it is.
    assert_eq!(office.run(&["contacts", "list", "--json"]).expect(0).of("record").len(), 2, "{paul}");
    assert_eq!(office.people().len(), 2);
}

#[test]
fn a_record_is_taken_back_alone_and_as_of_a_time_and_that_too_can_be_undone() {
    let office = with_contacts(3);
    for n in 0..3 {
        office.sql(&format!("UPDATE contacts SET notes = 'second {n}' WHERE uid = 'c-{n}';"));
    }
    office.run(&["sync"]).expect(0);
    let id = contact(&office, "Given1")["id"].as_str().unwrap().to_owned();
    office.run(&["undo", "record", &id]).expect(2);
    let plan = office.run(&["undo", "record", &id, "--dry-run", "--json"]).expect(0).summary();
    assert_eq!(writes(&plan), 2, "what is put back at Google travels on to the company");
    assert_eq!(note(&office, "Given1"), "second 1", "a dry run wrote");
    let done = office.run(&["undo", "record", &id, "--yes", "--json"]).expect(0).summary();
    assert_eq!(writes(&done), writes(&plan), "the preview told something else (I20)");
    office.run(&["sync"]).expect(0);
    assert_eq!(note(&office, "Given1"), "note 1");
    assert_eq!(contact(&office, "Given1")["record"]["notes"], "note 1");
    assert_eq!(note(&office, "Given0"), "second 0", "another record was taken back");
    // The undo of the undo.
    office.run(&["undo", "record", &id, "--yes"]).expect(0);
    office.run(&["sync"]).expect(0);
    assert_eq!(contact(&office, "Given1")["record"]["notes"], "second 1");

    // As of a time: after that, one is changed twice and another is deleted at Google.
    #[allow(clippy::disallowed_methods)]
    let then = chrono::Utc::now().to_rfc3339();
    for text in ["third", "fourth"] {
        office.sql(&format!("UPDATE contacts SET notes = '{text}' WHERE uid = 'c-0';"));
        office.run(&["sync"]).expect(0);
    }
    let person = office.person("Given2").unwrap();
    office.phone(
        "DELETE",
        &format!("/v1/{}:deleteContact", person["resourceName"].as_str().unwrap()),
        &Value::Null,
    );
    office.run(&["sync"]).expect(0);
    assert_eq!(office.run(&["contacts", "list", "--json"]).expect(0).of("record").len(), 2);
    office.run(&["restore", "--user", "alice", "--as-of", &then, "--yes"]).expect(0);
    let history = office.run(&["history", "--lang", "en"]).expect(0).out;
    assert!(history.contains("restored as of"), "{history}");
    office.run(&["sync"]).expect(0);
    assert_eq!(contact(&office, "Given0")["record"]["notes"], "second 0");
    assert_eq!(note(&office, "Given0"), "second 0");
    assert_eq!(contact(&office, "Given2")["record"]["notes"], "second 2");
    assert_eq!(note(&office, "Given2"), "second 2");
    assert_eq!(office.people().len(), 3);
    assert!(office.sim.with(|core| core.mails().is_empty()));
    // The history of a record that was deleted is found by its old id, here and at Google.
    office.sql("DELETE FROM contacts WHERE uid = 'c-1';");
    office.run(&["sync"]).expect(0);
    office.run(&["sync"]).expect(0);
    let history = office.run(&["history", "--record", &id, "--json"]).expect(0).of("change");
    assert!(history.iter().any(|change| change["action"] == "delete"), "{history:?}");
    office.run(&["undo", "record", &id, "--yes"]).expect(0);
    office.run(&["sync"]).expect(0);
    assert!(office.person("Given1").is_some());
    office.run(&["undo", "record", "nobody-knows-this", "--yes"]).expect(2);
    office.run(&["restore", "--user", "alice", "--as-of", "2999-01-01", "--yes"]).expect(3);
}

#[test]
fn an_approval_by_number_is_for_the_plan_that_was_shown() {
    let office = with_contacts(30);
    office.sql("DELETE FROM contacts WHERE uid IN (SELECT uid FROM contacts ORDER BY uid LIMIT 12);");
    // Nobody has seen this plan yet: the number alone approves nothing.
    let refused = office.run(&["sync", "--allow-deletes=12"]).expect(5);
    assert!(refused.out.contains("Given"), "the list is missing: {}", refused.out);
    assert_eq!(office.people().len(), 30);
    // Another plan with as many deletions: one comes back, another goes.
    office.sql(
        "INSERT INTO contacts (uid, given_name, surname) VALUES ('new', 'New', 'Row');
         DELETE FROM contacts WHERE uid = (SELECT max(uid) FROM contacts WHERE uid <> 'new');",
    );
    office.run(&["sync", "--allow-deletes=12"]).expect(5);
    assert_eq!(office.people().len(), 31, "the deletions wait, the new one does not");
    office.run(&["sync", "--allow-deletes=13"]).expect(0);
    assert_eq!(office.people().len(), 18);
    // A dry run says that it would be stopped, and counts as shown.
    office.sql("DELETE FROM contacts WHERE uid IN (SELECT uid FROM contacts ORDER BY uid LIMIT 11);");
    let plan = office.run(&["sync", "--dry-run", "--json"]).expect(5);
    assert_eq!(plan.of("error")[0]["code"], "SYNC-101");
    assert_eq!(pair(&plan.summary(), "contacts")["to_remote"]["delete"], 11);
    office.run(&["sync", "--allow-deletes=11"]).expect(0);
    assert_eq!(office.people().len(), 7);
}

#[test]
fn a_copy_of_the_database_does_not_touch_the_real_accounts() {
    let office = with_contacts(3);
    let elsewhere = tempfile::tempdir().unwrap();
    copy_all(office.dir.path(), elsewhere.path());
    let copy = |args: &[&str]| run_in(&office, elsewhere.path(), args);
    let sql = "DELETE FROM contacts;";
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let path = elsewhere.path().join("var/passerelle/passerelle.db");
        let store = passerelle_sql_store::Store::open(&path, passerelle_sql_store::StoreOptions::default());
        store.await.unwrap().run_sql(sql).await.unwrap();
    });
    for args in [vec!["sync"], vec!["sync", "--dry-run"], vec!["undo", "run", "1", "--yes"]] {
        let refused = copy(&args).expect(5);
        assert!(refused.err.contains("SYNC-113"), "{}", refused.err);
    }
    copy(&["status"]).expect(5);
    copy(&["database", "adopt", "--copied"]).expect(0);
    let refused = copy(&["sync"]).expect(4);
    assert!(refused.err.contains("GOOG-211"), "{}", refused.err);
    assert_eq!(office.people().len(), 3);
    // The original goes on; one that was really moved is told so, and goes on where it ended.
    office.run(&["sync"]).expect(0);
    let moved = tempfile::tempdir().unwrap();
    copy_all(office.dir.path(), moved.path());
    let there = |args: &[&str]| run_in(&office, moved.path(), args);
    there(&["sync"]).expect(5);
    there(&["database", "adopt", "--moved"]).expect(0);
    assert_eq!(writes(&there(&["sync", "--json"]).expect(0).summary()), 0);
}

#[test]
fn a_backup_that_is_put_back_deletes_and_doubles_nothing() {
    let office = with_contacts(5);
    let state = office.dir.path().join("var/passerelle");
    let backup = tempfile::tempdir().unwrap();
    for name in ["passerelle.db", "passerelle.db-wal"] {
        if state.join(name).exists() {
            fs::copy(state.join(name), backup.path().join(name)).unwrap();
        }
    }
    office.sql("INSERT INTO contacts (uid, given_name, surname) VALUES ('later', 'Later', 'Row'); UPDATE contacts SET notes = 'newer' WHERE uid = 'c-0';");
    office.run(&["sync"]).expect(0);
    office.edit_person("Given1", "nicknames", json!([{ "value": "Nick" }]));
    office.run(&["sync"]).expect(0);
    for name in ["passerelle.db", "passerelle.db-wal", "passerelle.db-shm"] {
        let _ = fs::remove_file(state.join(name));
        if backup.path().join(name).exists() {
            fs::copy(backup.path().join(name), state.join(name)).unwrap();
        }
    }
    let run = office.run(&["sync", "--json"]).expect(0);
    assert!(run.err.contains("older copy"), "{}", run.err);
    let deletes = ["to_local", "to_remote"]
        .map(|side| pair(&run.summary(), "contacts")[side]["delete"].as_u64().unwrap());
    assert_eq!(deletes, [0, 0]);
    office.run(&["sync"]).expect(0);
    assert_eq!(office.people().len(), 6);
    assert_eq!(office.run(&["contacts", "list", "--json"]).expect(0).of("record").len(), 6);
    assert_eq!(contact(&office, "Given0")["record"]["notes"], "newer", "an edit since the backup was lost");
    assert_eq!(office.person("Given1").unwrap()["nicknames"][0]["value"], "Nick");
    assert_eq!(writes(&office.run(&["sync", "--json"]).expect(0).summary()), 0);
}

#[test]
fn a_rule_for_somebody_who_is_not_there_stops_before_anything_travels() {
    let office = with_contacts(2);
    office.sql("UPDATE contacts SET notes = 'for us' WHERE uid = 'c-0';");
    for (text, meant) in [
        ("[[rules]]\nuser = \"alise\"\nfields = { notes = \"never\" }\n", "alice"),
        ("[[rules]]\nkind = \"contacts\"\nfields = { nots = \"never\" }\n", "notes"),
    ] {
        rules(&office, text);
        for args in [&["sync"][..], &["sync", "--dry-run"], &["config", "check"]] {
            let told = office.run(args).expect(7);
            assert!(told.err.contains("CFG-101") && told.err.contains(meant), "{args:?}: {}", told.err);
        }
    }
    assert_eq!(note(&office, "Given0"), "note 0", "what was to stay here has gone out");
    rules(&office, "[[rules]]\nuser = \"alice\"\nfields = { notes = \"never\" }\n");
    office.run(&["config", "check"]).expect(0);
}

#[test]
fn two_programs_that_rewrite_one_record_in_turn_are_stopped() {
    let office = with_contacts(2);
    let mut stopped = false;
    for round in 0..12 {
        // A program of the company's undoes what arrives from Google, and another one at Google does the like.
        office.sql(&format!("UPDATE contacts SET notes = 'ours {round}' WHERE uid = 'c-0';"));
        office.run(&["sync"]);
        let value = json!([{ "value": format!("theirs {round}"), "contentType": "TEXT_PLAIN" }]);
        office.edit_person("Given0", "biographies", value);
        let ended = office.run(&["sync", "--json"]);
        if ended.code == 3 {
            stopped = true;
            break;
        }
    }
    assert!(stopped, "nobody stopped the loop");
    let waiting = office.run(&["conflicts", "--json"]).expect(3).of("conflict");
    assert!(waiting[0].to_string().contains("SYNC-106"), "{}", waiting[0]);
    // The others go on.
    office.sql("UPDATE contacts SET notes = 'calm' WHERE uid = 'c-1';");
    office.run(&["sync"]).expect(3);
    assert_eq!(note(&office, "Given1"), "calm");
    let number = waiting[0]["number"].to_string();
    office.run(&["conflicts", "resolve", &number, "--retry"]).expect(0);
    office.run(&["sync"]).expect(0);
    let notes = contact(&office, "Given0")["record"]["notes"].as_str().unwrap_or_default().to_owned();
    assert_eq!(note(&office, "Given0"), notes, "try again means try again");
}

#[test]
fn old_history_is_forgotten_and_counted() {
    let office = with_contacts(2);
    assert!(!office.run(&["history", "--json"]).expect(0).of("run").is_empty());
    office.sql("UPDATE passerelle_entries SET opened = '2020-01-01 00:00:00'; UPDATE passerelle_runs SET finished = '2020-01-01 00:00:00';");
    office.run(&["sync"]).expect(0);
    let purged = office.run(&["history", "--purged", "--json"]).expect(0).of("purge");
    assert_eq!(purged[0]["kind"], "contacts");
    assert_eq!(purged[0]["changes"], 2);
    assert!(office.run(&["history", "--purged", "--lang", "fr"]).expect(0).out.contains("oubliés"));
    let id = contact(&office, "Given0")["id"].as_str().unwrap().to_owned();
    office.run(&["undo", "record", &id, "--yes"]).expect(3);
    assert_eq!(office.people().len(), 2);
}

#[test]
fn the_history_is_searched_in_names_and_in_values() {
    let office = Office::new();
    office.connect().expect(0);
    office.sql(
        "INSERT INTO contacts (id, given_name, notes) VALUES ('c-1', 'Élodie', 'Prefers ÉTÉ'), ('c-2', 'Bruno', '');
         INSERT INTO contact_emails (contact_id, address, label) VALUES ('c-2', 'Bruno@Firm.example', 'work');
         INSERT INTO appointments (id, owner_id, title, start_local, start_zone, duration_seconds, location)
         VALUES ('a-1', 'alice', 'Visit', '2026-12-10 09:00', 'Europe/Paris', 3600, 'Quai 42');
         INSERT INTO appointment_participants (appointment_id, email) VALUES ('a-1', 'guest@client.example');",
    );
    office.run(&["sync"]).expect(0);
    office.sql("UPDATE contacts SET notes = 'Prefers winter' WHERE id = 'c-1';");
    office.run(&["sync"]).expect(0);
    let found = |lang: &str, text: &str| -> Vec<(String, String)> {
        let all = office.run(&["history", "--search", text, "--json", "--lang", lang]).expect(0).of("change");
        let word = |value: &Value| value.as_str().unwrap().to_owned();
        all.iter().map(|one| (word(&one["action"]), word(&one["summary"]))).collect()
    };
    let pair = |action: &str, name: &str| (action.to_owned(), name.to_owned());
    for lang in ["en", "fr"] {
        // What was there before counts, too: it may be what is looked for.
        assert_eq!(found(lang, "été"), [pair("update", "Élodie"), pair("create", "Élodie")]);
        assert_eq!(found(lang, "WINTER"), [pair("update", "Élodie")]);
        assert_eq!(found(lang, "bruno@firm"), [pair("create", "Bruno")]);
        assert_eq!(found(lang, "quai 42"), [pair("create", "Visit")]);
        assert_eq!(found(lang, "guest@client"), [pair("create", "Visit")]);
        assert_eq!(found(lang, "élodie").len(), 2);
        assert!(found(lang, "nowhere").is_empty());
    }
    assert_eq!(
        office.run(&["history", "--search", "prefers", "--limit", "1", "--json"]).of("change").len(),
        1
    );
}

#[test]
fn what_the_companys_own_constraint_refuses_is_told_in_the_databases_words() {
    let office = with_contacts(1);
    office.sql(
        "CREATE TRIGGER short BEFORE UPDATE ON contacts WHEN length(NEW.notes) > 5 \
         BEGIN SELECT RAISE(ABORT, 'notes: 5 characters at most'); END",
    );
    let value = json!([{ "value": "longer than that", "contentType": "TEXT_PLAIN" }]);
    office.edit_person("Given0", "biographies", value);
    office.run(&["sync"]).expect(3);
    for (lang, words) in [("en", "refuses this record"), ("fr", "refuse cette fiche")] {
        let shown = office.run(&["conflicts", "show", "1", "--lang", lang]).expect(0);
        assert!(
            shown.out.contains(words) && shown.out.contains("notes: 5 characters at most"),
            "{}",
            shown.out
        );
    }
}
