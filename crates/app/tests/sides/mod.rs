//! What is on the two sides, written down in one form: made for comparing, with no code of the product.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, dead_code)]

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime};
use chrono_tz::Tz;
use serde_json::{Map, Value, json};

use crate::common::{ACCOUNT, USER, World, ZONE};

/// Records that only Google has, of each kind.
const ONLY_THERE: usize = 20;
const SURNAMES: [&str; 7] = ["Aubry", "Béranger", "Çelik", "D'Angelo", "Étienne", "Łukasz", "O'Brien-Møller"];

type Side = BTreeMap<String, Value>;

/// The title of an appointment.
pub fn title(n: usize) -> String {
    format!(
        "Rendez-vous {n} : {}",
        ["visite", "appel", "salon", "privé", "point", "bilan", "réunion", "nuit"][n % 8]
    )
}

/// Fills the company's tables by plain SQL.
pub fn fill(world: &World, contacts: usize, events: usize) {
    let mut text: String = (0..contacts).map(contact_sql).collect();
    text.extend((0..events).map(event_sql));
    world.sql(&text);
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn family(n: usize) -> String {
    format!("{}-{n}", SURNAMES[n % SURNAMES.len()])
}

fn birthday(n: usize) -> String {
    match n % 6 {
        0 => format!("{}-{:02}-{:02}", 1950 + n % 50, 1 + n % 12, 1 + n % 28),
        3 => format!("--{:02}-{:02}", 1 + n % 12, 1 + n % 28),
        _ => String::new(),
    }
}

/// A contact as rows.
pub fn contact_sql(n: usize) -> String {
    let id = format!("'c{n}'");
    let notes = if n % 4 == 2 { format!("Ligne 1\nLigne 2 — « {n} » ☎") } else { String::new() };
    let mut sql = format!(
        "INSERT INTO contacts (id, uid, name_prefix, given_name, surname, organization, job_title, department,
            birthday, notes)
         VALUES ({id}, 'client-{n}@company.example', {}, 'Prénom{n}', {}, {}, {}, {}, {}, {});\n",
        quoted(if n.is_multiple_of(9) { "Dr" } else { "" }),
        quoted(&family(n)),
        quoted(&format!("Société {}", n / 3)),
        quoted(if n.is_multiple_of(2) { "Gérant" } else { "" }),
        quoted(if n.is_multiple_of(5) { "Achats" } else { "" }),
        quoted(&birthday(n)),
        quoted(&notes),
    );
    let mut emails = vec![(format!("c{n}@firm{n}.example"), "work")];
    if n.is_multiple_of(4) {
        emails.push((format!("home{n}@post.example"), "home"));
    }
    for (at, (address, label)) in emails.iter().enumerate() {
        sql.push_str(&format!(
            "INSERT INTO contact_emails (contact_id, address, label, ordinal) VALUES ({id}, '{address}', '{label}', {at});\n"
        ));
    }
    let mut phones = vec![(format!("+332{:08}", 40_000_000 + n), "work")];
    if n % 3 != 1 {
        phones.push((format!("+336{:08}", 10_000_000 + n), "mobile"));
    }
    for (at, (number, label)) in phones.iter().enumerate() {
        sql.push_str(&format!(
            "INSERT INTO contact_phones (contact_id, number, label, ordinal) VALUES ({id}, '{number}', '{label}', {at});\n"
        ));
    }
    if n.is_multiple_of(3) {
        sql.push_str(&format!(
            "INSERT INTO contact_addresses (contact_id, label, street, postcode, city, country, country_code)
             VALUES ({id}, 'work', '{n}, rue de l''Église', '{:05}', 'Nantes', 'France', 'FR');\n",
            44_000 + n % 900
        ));
    }
    if n % 7 == 1 {
        sql.push_str(&format!(
            "INSERT INTO contact_nicknames (contact_id, nickname) VALUES ({id}, 'Nini{n}');\n"
        ));
        sql.push_str(&format!(
            "INSERT INTO contact_custom_fields (contact_id, name, value) VALUES ({id}, 'Numéro', 'K{n}');\n"
        ));
        sql.push_str(&format!(
            "INSERT INTO contact_urls (contact_id, label, url) VALUES ({id}, 'work', 'https://firm{n}.example/');\n"
        ));
    }
    if n.is_multiple_of(2) {
        let group = if n.is_multiple_of(4) { "Clients" } else { "Prospects" };
        sql.push_str(&format!(
            "INSERT OR IGNORE INTO contact_groups (name) VALUES ('{group}');
             INSERT INTO contact_group_members (contact_id, group_id)
             SELECT {id}, id FROM contact_groups WHERE name = '{group}';\n"
        ));
    }
    sql
}

fn day(n: usize) -> NaiveDate {
    // Both changes of the clocks of 2027 lie within (28 March, 31 October).
    NaiveDate::from_ymd_opt(2027, 1, 4).unwrap() + Days::new((n * 7 % 350) as u64 / 7 * 7 + n as u64 % 5)
}

fn time(n: usize) -> NaiveDateTime {
    let hour = if n % 8 == 7 { 23 } else { 7 + n as u32 % 11 };
    day(n).and_hms_opt(hour, 15 * (n as u32 % 4), 0).unwrap()
}

fn written(at: NaiveDateTime) -> String {
    at.format("%Y-%m-%d %H:%M:%S").to_string()
}

fn rule(n: usize) -> Option<String> {
    let weekday = ["MO", "TU", "WE", "TH", "FR"][n % 5];
    match n % 8 {
        0 => Some(format!("FREQ=WEEKLY;COUNT=12;BYDAY={weekday}")),
        4 => Some(format!("FREQ=WEEKLY;INTERVAL=2;COUNT=20;BYDAY={weekday}")),
        5 => Some("FREQ=MONTHLY;COUNT=6".to_owned()),
        _ => None,
    }
}

/// An appointment as rows.
pub fn event_sql(n: usize) -> String {
    let id = format!("'e{n}'");
    let kind = n % 8;
    let zone = if kind == 7 { "America/New_York" } else { ZONE };
    let (start_kind, local, zone, days, seconds) = match kind {
        2 => ("date", day(n).to_string(), "NULL".to_owned(), 1 + n % 3, 0),
        _ => ("zoned", written(time(n)), format!("'{zone}'"), 0, 1800 * (1 + n % 4)),
    };
    let mut sql = format!(
        "INSERT INTO appointments (id, owner_id, uid, title, description, location, start_kind, start_local,
            start_zone, duration_days, duration_seconds, privacy, free_busy)
         VALUES ({id}, '{USER}', 'rdv-{n}@company.example', {}, {}, {}, '{start_kind}', '{local}', {zone}, {days},
            {seconds}, '{}', '{}');\n",
        quoted(&title(n)),
        quoted(&if n.is_multiple_of(3) { format!("Première ligne.\nSeconde : « {n} » & <fin>") } else { String::new() }),
        quoted(&if n.is_multiple_of(2) { format!("{n}, quai de la Fosse") } else { String::new() }),
        if kind == 3 { "private" } else { "default" },
        if n % 16 == 2 { "free" } else { "busy" },
    );
    if let Some(rule) = rule(n) {
        sql.push_str(&format!(
            "INSERT INTO appointment_rules (appointment_id, rule) VALUES ({id}, '{rule}');\n"
        ));
    }
    if kind == 4 {
        let (off, moved) = (time(n) + chrono::Duration::weeks(4), time(n) + chrono::Duration::weeks(8));
        sql.push_str(&format!(
            "INSERT INTO appointment_overrides (appointment_id, occurrence, cancelled) VALUES ({id}, '{}', 1);
             INSERT INTO appointment_overrides (appointment_id, occurrence, title, start_kind, start_local, start_zone)
             VALUES ({id}, '{}', 'Plus tard {n}', 'zoned', '{}', '{ZONE}');\n",
            written(off),
            written(moved),
            written(moved + chrono::Duration::hours(2))
        ));
    }
    if kind == 6 {
        for guest in [n, n + 1] {
            let role = if guest == n { "required" } else { "optional" };
            sql.push_str(&format!(
                "INSERT INTO appointment_participants (appointment_id, email, name, role)
                 VALUES ({id}, 'guest{guest}@guests.example', 'Invité {guest}', '{role}');\n"
            ));
        }
    }
    if n.is_multiple_of(4) {
        sql.push_str(&format!(
            "INSERT INTO appointment_alerts (appointment_id, minutes_before) VALUES ({id}, {});\n",
            10 * (1 + n % 3)
        ));
    }
    sql
}

/// Types into Google what is there already: a third of the contacts and the plain appointments, each a little
/// different, and some of each that the company does not know. Returns how many those are.
pub fn add_what_is_at_google_already(world: &World, count: usize) -> usize {
    for n in (0..count).step_by(3) {
        // No department, no groups, telephone numbers with spaces.
        world.add_person(&json!({
            "names": [{"givenName": format!("Prénom{n}"), "familyName": family(n)}],
            "emailAddresses": [{"value": format!("c{n}@firm{n}.example"), "type": "work"}],
            "phoneNumbers": [{"value": format!("+33 2 {:08}", 40_000_000 + n), "type": "work"}],
            "organizations": [{"name": format!("Société {}", n / 3)}],
        }));
    }
    for n in (0..count).filter(|n| n % 8 == 1 || n % 8 == 5) {
        // No description, no reminder.
        let end = time(n) + chrono::Duration::seconds(1800 * (1 + n as i64 % 4));
        let at = |time: NaiveDateTime| json!({"dateTime": time.format("%Y-%m-%dT%H:%M:%S").to_string(), "timeZone": ZONE});
        let mut event = json!({"summary": title(n), "start": at(time(n)), "end": at(end),
            "reminders": {"useDefault": false}});
        if let Some(rule) = rule(n) {
            event["recurrence"] = json!([format!("RRULE:{rule}")]);
        }
        world.add_event(&event);
    }
    for n in 0..ONLY_THERE {
        world.add_person(&json!({
            "names": [{"givenName": format!("Ancien{n}"), "familyName": "Duclub"}],
            "emailAddresses": [{"value": format!("ancien{n}@club.example"), "type": "home"}],
        }));
        world.add_event(&json!({"summary": format!("Footing {n}"),
            "start": {"date": (day(n) + Days::new(1)).to_string()}, "end": {"date": (day(n) + Days::new(2)).to_string()}}));
    }
    ONLY_THERE
}

/// Both sides hold the same, field by field.
#[track_caller]
pub fn assert_agree(world: &World) {
    same("contacts", &contacts_here(world), &contacts_there(world));
    same("appointments", &events_here(world), &events_there(world));
}

#[track_caller]
fn same(what: &str, here: &Side, there: &Side) {
    let keys: BTreeSet<_> = here.keys().chain(there.keys()).collect();
    let differing: Vec<_> = keys.iter().filter(|key| here.get(**key) != there.get(**key)).collect();
    let shown: Vec<String> = differing
        .iter()
        .take(3)
        .map(|key| {
            let text = |side: &Side| side.get(**key).map_or_else(|| "—".to_owned(), ToString::to_string);
            format!("{key}\n   here {}\n  there {}", text(here), text(there))
        })
        .collect();
    assert!(
        differing.is_empty(),
        "{} of {} {what} differ (I1, I3):\n{}",
        differing.len(),
        keys.len(),
        shown.join("\n")
    );
}

fn list(table: &str, owner: &str, object: &str) -> String {
    let id = if owner == "c" { "contact_id" } else { "appointment_id" };
    format!("json((SELECT json_group_array(json_object({object})) FROM {table} x WHERE x.{id} = {owner}.id))")
}

/// A list whose order means nothing.
fn sorted(list: &Value) -> Value {
    let mut items: Vec<Value> = list.as_array().cloned().unwrap_or_default();
    items.sort_by_key(ToString::to_string);
    Value::Array(items)
}

fn digits(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect()
}

fn keyed(what: &str, records: impl Iterator<Item = (String, Value)>) -> Side {
    let mut side = Side::new();
    for (key, value) in records {
        let before = side.insert(key.clone(), value);
        assert!(before.is_none(), "{what}: {key} is there twice (I3)");
    }
    side
}

/// The company's contacts.
pub fn contacts_here(world: &World) -> Side {
    let object = [
        "'prefix', name_prefix, 'given', given_name, 'surname', surname, 'organization', organization",
        "'title', job_title, 'department', department, 'birthday', birthday, 'notes', notes",
        &format!("'emails', {}", list("contact_emails", "c", "'value', address, 'label', label")),
        &format!("'phones', {}", list("contact_phones", "c", "'value', number, 'label', label")),
        &format!(
            "'addresses', {}",
            list(
                "contact_addresses",
                "c",
                "'street', street, 'postcode', postcode, 'city', city, 'country', country, 'code', country_code, 'label', label"
            )
        ),
        &format!("'nicknames', {}", list("contact_nicknames", "c", "'value', nickname")),
        &format!("'custom', {}", list("contact_custom_fields", "c", "'name', name, 'value', value")),
        &format!("'urls', {}", list("contact_urls", "c", "'value', url, 'label', label")),
        "'groups', json((SELECT json_group_array(g.name) FROM contact_group_members m JOIN contact_groups g ON g.id = m.group_id WHERE m.contact_id = c.id))",
    ]
    .join(", ");
    let rows = world.rows(&object, "contacts c");
    keyed(
        "the tables",
        rows.into_iter().map(|mut row| {
            for name in ["emails", "phones", "addresses", "nicknames", "custom", "urls", "groups"] {
                row[name] = sorted(&row[name]);
            }
            (contact_key(&row), row)
        }),
    )
}

fn contact_key(contact: &Value) -> String {
    let text = |name: &str| contact[name].as_str().unwrap_or_default().to_owned();
    let email = contact["emails"].as_array().and_then(|all| all.first()).map(|one| one["value"].to_string());
    format!("{} {} {}", text("given"), text("surname"), email.unwrap_or_default())
}

/// Google's contacts, in the words of the tables.
pub fn contacts_there(world: &World) -> Side {
    let groups = world.groups();
    keyed(
        "Google",
        world.people().iter().map(|person| {
            let contact = contact_of(person, &groups);
            (contact_key(&contact), contact)
        }),
    )
}

fn text_of(value: &Value, name: &str) -> Value {
    json!(value[name].as_str().unwrap_or_default())
}

fn all(person: &Value, field: &str, of: impl Fn(&Value) -> Value) -> Value {
    sorted(&person[field].as_array().into_iter().flatten().map(of).collect())
}

fn contact_of(person: &Value, groups: &BTreeMap<String, String>) -> Value {
    let (name, work) = (&person["names"][0], &person["organizations"][0]);
    let date = &person["birthdays"][0]["date"];
    let birthday = match (date["year"].as_u64().unwrap_or(0), date["month"].as_u64(), date["day"].as_u64()) {
        (0, Some(month), Some(day)) => format!("--{month:02}-{day:02}"),
        (year, Some(month), Some(day)) => format!("{year:04}-{month:02}-{day:02}"),
        _ => String::new(),
    };
    let memberships = person["memberships"].as_array().into_iter().flatten();
    let member_of = memberships.filter_map(|one| {
        let name =
            one.as_str().or_else(|| one["contactGroupMembership"]["contactGroupResourceName"].as_str());
        groups.get(name?).filter(|name| !name.is_empty()).map(|name| json!(name))
    });
    let with_label = |one: &Value| json!({"value": text_of(one, "value"), "label": text_of(one, "type")});
    json!({
        "prefix": text_of(name, "honorificPrefix"),
        "given": text_of(name, "givenName"),
        "surname": text_of(name, "familyName"),
        "organization": text_of(work, "name"),
        "title": text_of(work, "title"),
        "department": text_of(work, "department"),
        "birthday": birthday,
        "notes": text_of(&person["biographies"][0], "value"),
        "emails": all(person, "emailAddresses", with_label),
        "phones": all(person, "phoneNumbers", |one| {
            json!({"value": digits(one["value"].as_str().unwrap_or_default()), "label": text_of(one, "type")})
        }),
        "addresses": all(person, "addresses", |one| json!({
            "street": text_of(one, "streetAddress"), "postcode": text_of(one, "postalCode"),
            "city": text_of(one, "city"), "country": text_of(one, "country"),
            "code": text_of(one, "countryCode"), "label": text_of(one, "type"),
        })),
        "nicknames": all(person, "nicknames", |one| json!({"value": text_of(one, "value")})),
        "custom": all(person, "userDefined", |one| {
            json!({"name": text_of(one, "key"), "value": text_of(one, "value")})
        }),
        "urls": all(person, "urls", with_label),
        "groups": sorted(&member_of.filter(|name| name != "myContacts").collect()),
    })
}

/// The app user's appointments.
pub fn events_here(world: &World) -> Side {
    let object = [
        "'id', id, 'title', title, 'description', description, 'location', location, 'start', replace(start_local, 'T', ' ')",
        "'zone', start_zone, 'days', duration_days, 'seconds', duration_seconds, 'privacy', privacy",
        "'free_busy', free_busy, 'default_alerts', use_default_alerts",
        &format!("'rules', {}", list("appointment_rules", "a", "'rule', rule, 'excludes', excludes")),
        &format!("'guests', {}", list("appointment_participants", "a", "'email', email, 'optional', role = 'optional'")),
        &format!("'alerts', {}", list("appointment_alerts", "a", "'minutes', minutes_before, 'occurrence', occurrence")),
        &format!(
            "'changed', {}",
            list(
                "appointment_overrides",
                "a",
                "'at', replace(occurrence, 'T', ' '), 'off', cancelled, 'title', title, 'start', replace(start_local, 'T', ' ')"
            )
        ),
    ]
    .join(", ");
    let rows = world.rows(&object, &format!("appointments a WHERE owner_id = '{USER}'"));
    keyed(
        "the tables",
        rows.into_iter().map(|row| {
            let mut event = row.clone();
            event.as_object_mut().unwrap().remove("id");
            let plain = |name: &str, member: &str| -> Value {
                let items = row[name].as_array().into_iter().flatten();
                sorted(
                    &items
                        .filter(|one| one["occurrence"].as_str().is_none_or(str::is_empty))
                        .map(|one| one[member].clone())
                        .collect(),
                )
            };
            event["rules"] = plain("rules", "rule");
            event["alerts"] = plain("alerts", "minutes");
            event["guests"] = guests(&row["guests"], "optional");
            event["changed"] =
                sorted(&row["changed"].as_array().into_iter().flatten().map(changed).collect());
            (format!("{} {}", row["title"], row["start"]), event)
        }),
    )
}

fn guests(list: &Value, optional: &str) -> Value {
    let guests = list.as_array().into_iter().flatten().filter(|guest| guest["email"] != ACCOUNT);
    let truth = |value: &Value| value == &json!(true) || value == &json!(1);
    sorted(
        &guests.map(|guest| json!({"email": guest["email"], "optional": truth(&guest[optional])})).collect(),
    )
}

/// A changed occurrence; a cancelled one has nothing else to say.
fn changed(one: &Value) -> Value {
    if one["off"] == 1 {
        return json!({"at": one["at"], "off": 1});
    }
    one.clone()
}

/// Google's appointments, in the words of the tables.
pub fn events_there(world: &World) -> Side {
    let every = world.every_event();
    let mut occurrences: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for one in &every {
        if let Some(series) = one["recurringEventId"].as_str() {
            occurrences.entry(series.to_owned()).or_default().push(one.clone());
        }
    }
    let none = Vec::new();
    keyed(
        "Google",
        world.events().iter().map(|event| {
            let changes = occurrences.get(event["id"].as_str().unwrap()).unwrap_or(&none);
            let event = event_of(event, changes);
            (format!("{} {}", event["title"], event["start"]), event)
        }),
    )
}

/// A time by the clock of its zone, with the zone.
fn clock(time: &Value, zone: Option<&str>) -> (String, Value) {
    if let Some(date) = time["date"].as_str() {
        return (date.to_owned(), Value::Null);
    }
    let zone = zone.or_else(|| time["timeZone"].as_str()).unwrap_or(ZONE);
    let text = time["dateTime"].as_str().unwrap();
    let local = DateTime::parse_from_rfc3339(text).map_or_else(
        |_| text.parse::<NaiveDateTime>().unwrap(),
        |at| at.with_timezone(&zone.parse::<Tz>().unwrap()).naive_local(),
    );
    (written(local), json!(zone))
}

fn instant(time: &Value) -> i64 {
    match time["date"].as_str() {
        Some(date) => date.parse::<NaiveDate>().unwrap().and_hms_opt(0, 0, 0).unwrap().and_utc().timestamp(),
        None => {
            let (local, zone) = clock(time, None);
            let zone: Tz = zone.as_str().unwrap().parse().unwrap();
            let local = NaiveDateTime::parse_from_str(&local, "%Y-%m-%d %H:%M:%S").unwrap();
            local.and_local_timezone(zone).earliest().unwrap().timestamp()
        }
    }
}

fn event_of(event: &Value, occurrences: &[Value]) -> Value {
    let (start, zone) = clock(&event["start"], None);
    let length = instant(&event["end"]) - instant(&event["start"]);
    let (days, seconds) = if zone.is_null() { (length / 86_400, 0) } else { (0, length) };
    let lines: Vec<&str> =
        event["recurrence"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let rules = lines.iter().filter_map(|line| line.strip_prefix("RRULE:")).map(|rule| json!(rule));
    let mut changed: BTreeMap<String, Value> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.starts_with("EXDATE")) {
        for text in line.split_once(':').unwrap().1.split(',') {
            let at = exdate(text, zone.as_str());
            changed.insert(at.clone(), json!({"at": at, "off": 1}));
        }
    }
    for one in occurrences {
        let (at, _) = clock(&one["originalStartTime"], zone.as_str());
        let value = if one["status"] == "cancelled" {
            json!({"at": at, "off": 1})
        } else {
            let title = Some(&one["summary"]).filter(|title| **title != event["summary"]);
            let (local, _) = clock(&one["start"], zone.as_str());
            let moved = Some(local).filter(|local| *local != at);
            json!({"at": at, "off": 0, "title": title, "start": moved})
        };
        changed.insert(at, value);
    }
    let reminders = event["reminders"]["overrides"].as_array().into_iter().flatten();
    let mut out = Map::new();
    for (name, value) in [
        ("title", text_of(event, "summary")),
        ("description", text_of(event, "description")),
        ("location", text_of(event, "location")),
        ("start", json!(start)),
        ("zone", zone.clone()),
        ("days", json!(days)),
        ("seconds", json!(seconds)),
        ("privacy", json!(event["visibility"].as_str().unwrap_or("default"))),
        ("free_busy", json!(if event["transparency"] == "transparent" { "free" } else { "busy" })),
        ("default_alerts", json!(u8::from(event["reminders"]["useDefault"] == true))),
        ("rules", sorted(&rules.collect())),
        ("guests", guests(&event["attendees"], "optional")),
        ("alerts", sorted(&reminders.map(|one| one["minutes"].clone()).collect())),
        ("changed", sorted(&changed.into_values().collect())),
    ] {
        out.insert(name.to_owned(), value);
    }
    Value::Object(out)
}

/// A day or time of an EXDATE line, by the clock of the series.
fn exdate(text: &str, zone: Option<&str>) -> String {
    let Some(zone) = zone else {
        return NaiveDate::parse_from_str(&text[..8], "%Y%m%d").unwrap().to_string();
    };
    let local = NaiveDateTime::parse_from_str(text.trim_end_matches('Z'), "%Y%m%dT%H%M%S").unwrap();
    let local = if text.ends_with('Z') {
        local.and_utc().with_timezone(&zone.parse::<Tz>().unwrap()).naive_local()
    } else {
        local
    };
    written(local)
}
