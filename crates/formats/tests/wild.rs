//! Files as found in the wild: what Outlook, Apple, Google and Lotus write, with French content.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::io::{self, Read};

use passerelle_calendar::{AlertAction, Event, FreeBusyStatus, ParticipationStatus, Privacy, Role, Status};
use passerelle_contacts::Contact;
use passerelle_formats::{
    BadRecord, ContactFormat, EventFormat, Imported, Options, Reason, calendar_properties, detect_contacts,
    detect_events, read_contacts, read_events,
};

type Found<R> = Vec<Result<Imported<R>, BadRecord>>;

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn contacts(name: &str, format: ContactFormat) -> Found<Contact> {
    let bytes = bytes(name);
    assert_eq!(detect_contacts(Some(name), &bytes), Some(format));
    read_contacts(bytes.as_slice(), format, &Options { region: Some("FR".into()) }).collect()
}

fn events(name: &str, format: EventFormat) -> Found<Event> {
    let bytes = bytes(name);
    assert_eq!(detect_events(Some(name), &bytes), Some(format));
    read_events(bytes.as_slice(), format).collect()
}

fn only(found: Found<Contact>) -> Imported<Contact> {
    assert_eq!(found.len(), 1);
    found.into_iter().next().unwrap().unwrap()
}

fn bad<R>(found: &Found<R>) -> Vec<(usize, &str, Reason)> {
    let bad = found.iter().filter_map(|result| result.as_ref().err());
    bad.map(|bad| (bad.line, bad.summary.as_str(), bad.reason)).collect()
}

fn good<R>(found: &Found<R>) -> Vec<&Imported<R>> {
    found.iter().filter_map(|result| result.as_ref().ok()).collect()
}

fn keys<T>(map: &std::collections::BTreeMap<String, T>) -> Vec<&str> {
    map.keys().map(String::as_str).collect()
}

#[test]
fn a_card_of_outlook_in_quoted_printable_is_read() {
    let found = only(contacts("outlook-2.1.vcf", ContactFormat::VCard3));
    let zoe = found.record;
    assert_eq!(zoe.display_name(), "Mme Zoé Lefèvre");
    assert_eq!(zoe.name.full, "");
    assert_eq!(zoe.organization.name, "Société Générale d'Énergie");
    assert_eq!(zoe.organization.department, "Comptabilité");
    assert_eq!(zoe.notes, "Rappeler après le 15\n\nPréfère le matin, avant 10 h");
    let labels: Vec<(&str, &str)> =
        zoe.phones.iter().map(|(key, phone)| (key.as_str(), phone.label.as_str())).collect();
    assert_eq!(labels, [("+33123456789", "work"), ("+33123456790", "work_fax"), ("+33612345678", "mobile")]);
    let address = &zoe.addresses["work"];
    assert_eq!(address.street, "12, rue de la République\n2e étage");
    assert_eq!((address.extended.as_str(), address.preferred), ("Bât. B", true));
    assert_eq!(zoe.birthday.unwrap().to_string(), "1985-04-12");
    assert!(zoe.emails["zoe.lefevre@sge.example"].preferred);
    let names: Vec<&str> = found.unknown.iter().filter_map(|line| line.split([';', ':']).next()).collect();
    let kept =
        ["X-PASSERELLE-PARAMS", "LABEL", "X-MS-OL-DEFAULT-POSTAL-ADDRESS", "PHOTO", "X-MS-OL-DESIGN", "REV"];
    assert_eq!(names, kept);
    assert!(found.unknown[0].starts_with("X-PASSERELLE-PARAMS;OF=N;LANGUAGE=fr:"));
    assert!(found.unknown[3].ends_with("NDL/"));
}

#[test]
fn a_card_of_apple_keeps_its_labels_and_its_day_without_a_year() {
    let found = only(contacts("apple-3.0.vcf", ContactFormat::VCard3));
    let anne = found.record;
    assert_eq!(anne.birthday.unwrap().to_string(), "--02-29");
    assert_eq!(anne.anniversary.unwrap().to_string(), "2010-06-19");
    assert_eq!(anne.emails["anne.fournisseurs@dupont.example"].label, "Fournisseurs");
    assert_eq!(anne.phones["+33144556677"].label, "other");
    assert_eq!(anne.phones["+33698765432"].label, "mobile");
    assert_eq!(anne.addresses["home"].country_code, "FR");
    assert_eq!(anne.addresses["home"].street, "3 place du Marché\nRez-de-chaussée");
    assert_eq!(keys(&anne.relations), ["spouse:paul dupont"]);
    assert_eq!(keys(&anne.ims), ["skype:anne.d"]);
    assert_eq!(keys(&anne.groups), ["amis", "clients"]);
    assert_eq!(anne.notes, "Pain au levain, livraison le jeudi; voir Paul");
    assert_eq!(
        found.unknown,
        [
            "X-PASSERELLE-PARAMS;OF=TEL;TYPE=IPHONE:06 98 76 54 32",
            "X-SOCIALPROFILE;type=twitter:http://twitter.com/anne",
            "item7.X-ABLabel:orphelin"
        ]
    );
}

#[test]
fn a_card_of_google_without_an_identifier_is_read() {
    let found = only(contacts("google-3.0.vcf", ContactFormat::VCard3));
    assert_eq!(found.record.uid, "");
    assert_eq!(found.record.phones["+4930901820"].label, "main");
    assert_eq!(found.record.dates["embauche"].date.to_string(), "2020-01-02");
    assert!(found.unknown.is_empty());
}

#[test]
fn bad_cards_are_set_aside_with_their_line_and_the_others_go_in() {
    let found = contacts("lotus-3.0.vcf", ContactFormat::VCard3);
    assert_eq!(bad(&found), [(13, "", Reason::Empty), (16, "Sans fin", Reason::Unterminated)]);
    let good = good(&found);
    assert_eq!(good[0].record.display_name(), "M. Émile Béart");
    assert_eq!(good[0].record.notes, "Première ligne\nseconde ligne oubliée");
    assert_eq!(keys(&good[0].record.phones), ["+33491000000"]);
    assert_eq!((good[1].record.display_name().as_str(), good[1].line), ("Après", 19));
}

#[test]
fn both_tables_of_google_are_read() {
    let found = contacts("google-new.csv", ContactFormat::GoogleCsv);
    let good = good(&found);
    let anne = &good[0].record;
    assert_eq!(keys(&anne.emails), ["anne2@dupont.example", "anne@dupont.example", "contact@dupont.example"]);
    assert!(anne.emails["anne@dupont.example"].preferred && !anne.emails["anne2@dupont.example"].preferred);
    assert_eq!(keys(&anne.phones), ["+33612345678", "+33698765432"]);
    assert_eq!(keys(&anne.groups), ["amis", "clients"]);
    assert_eq!(anne.birthday.unwrap().to_string(), "--02-29");
    assert_eq!(anne.anniversary.unwrap().to_string(), "2010-06-19");
    assert_eq!(anne.custom["numéro client"].value, "C-042");
    assert_eq!(anne.addresses["home"].country_code, "FR");
    assert_eq!(anne.notes, "Une note,\nen deux lignes");
    assert_eq!(good[1].record.display_name(), "Müller GmbH");
    assert_eq!((bad(&found).len(), good.len()), (0, 2));

    let old = only(contacts("google-old.csv", ContactFormat::GoogleCsv));
    assert_eq!(old.record.name.full, "");
    assert_eq!(old.record.organization.title, "Gérante");
    assert_eq!(old.record.phones["+33477000000"].label, "home_fax");
    assert_eq!(keys(&old.record.relations), ["spouse:paul"]);
    assert_eq!(old.unknown, ["Location: Lyon"]);
}

#[test]
fn the_table_of_a_french_outlook_is_read() {
    let found = only(contacts("outlook-fr.csv", ContactFormat::OutlookCsv));
    let zoe = found.record;
    assert_eq!(zoe.display_name(), "Mme Zoé Lefèvre");
    assert_eq!(zoe.organization.title, "Directrice");
    assert_eq!(zoe.birthday.unwrap().to_string(), "1985-04-12");
    assert_eq!(zoe.anniversary, None);
    assert_eq!(zoe.addresses["work"].street, "12, rue de la République\nBât. B");
    assert_eq!(keys(&zoe.phones), ["+33123456789", "+33123456790", "+33612345678"]);
    assert_eq!(keys(&zoe.emails), ["zoe2@sge.example", "zoe@sge.example"]);
    assert!(zoe.private);
    assert_eq!(found.unknown, ["Compte: A-17"]);
}

#[test]
fn the_table_of_an_english_outlook_in_utf_16_is_read() {
    let found = only(contacts("outlook-en.csv", ContactFormat::OutlookCsv));
    assert_eq!(found.record.display_name(), "Dr. John Q Smith");
    assert_eq!(found.record.birthday.unwrap().to_string(), "1985-04-12");
    assert_eq!(keys(&found.record.relations), ["spouse:jane"]);
    assert_eq!(keys(&found.record.urls), ["https://acme.example"]);
    assert!(found.unknown.is_empty());
}

#[test]
fn a_card_in_json_is_read() {
    let found = only(contacts("jscontact.json", ContactFormat::JsContact));
    let anne = found.record;
    assert_eq!((anne.display_name().as_str(), anne.name.full.as_str()), ("Anne Dupont", ""));
    assert_eq!(anne.phones["+33612345678"].label, "mobile");
    assert_eq!(anne.addresses["home"].street, "3 place du Marché");
    assert_eq!(anne.birthday.unwrap().to_string(), "--02-29");
    assert_eq!(keys(&anne.relations), ["spouse:paul dupont"]);
    assert_eq!(found.unknown.len(), 3);
    assert_eq!(found.unknown[0], "{\"speakToAs\":{\"grammaticalGender\":\"feminine\"}}");
    // The house number and the scheme of the number are spelt in their own ways.
    assert!(found.unknown[1].starts_with("{\"addresses\":{\"a\":{"));
    assert!(found.unknown[2].starts_with("{\"phones\":{\"t1\":{"));
}

#[test]
fn a_series_of_outlook_is_read_with_its_zone_and_its_changes() {
    let found = events("outlook.ics", EventFormat::ICalendar);
    let of = |uid: &str| {
        good(&found).into_iter().find(|found| found.record.uid.starts_with(uid)).expect("the event").clone()
    };
    let series = of("0400");
    let event = &series.record;
    assert_eq!(event.start.as_ref().unwrap().to_string(), "2026-11-23T09:00:00[Europe/Paris]");
    assert_eq!((event.title.as_str(), event.location.as_str()), ("Réunion d'équipe", "Salle \"Rhône\", 2e"));
    assert_eq!(
        event.description,
        "Ordre du jour :\n- budget\n- une ligne assez longue pour être pliée au milieu d'un mot"
    );
    assert_eq!(event.privacy, Privacy::Private);
    assert_eq!(keys(&event.alerts), ["display:15"]);
    let overrides = &event.recurrence_overrides;
    assert_eq!(keys(overrides), ["2026-12-07T09:00:00", "2026-12-14T09:00:00", "2026-12-21T09:00:00"]);
    assert!(overrides["2026-12-07T09:00:00"].excluded);
    let moved = &overrides["2026-12-21T09:00:00"];
    assert_eq!(moved.start.as_ref().unwrap().to_string(), "2026-12-22T11:00:00[Europe/Paris]");
    assert_eq!(moved.duration.unwrap().to_string(), "PT1H30M");
    assert_eq!((&moved.title, &moved.location), (&None, &None));
    let guests = &event.participants;
    assert_eq!(keys(guests), ["anne@dupont.example", "rhone@sge.example", "zoe@sge.example"]);
    assert_eq!(guests["anne@dupont.example"].role, Role::Optional);
    assert_eq!(guests["anne@dupont.example"].name, "Dupont, Anne");
    assert!(guests["rhone@sge.example"].resource && guests["zoe@sge.example"].organizer);
    assert_eq!(
        series.unknown,
        [
            "X-PASSERELLE-PARAMS;OF=ATTENDEE;CUTYPE=ROOM:rhone@sge.example",
            "X-PASSERELLE-PARAMS;OF=ATTENDEE;RSVP=TRUE:anne@dupont.example",
            "X-PASSERELLE-PARAMS;OF=SUMMARY;LANGUAGE=fr:",
            "X-MICROSOFT-CDO-BUSYSTATUS:BUSY",
            "PRIORITY:5",
            "X-PASSERELLE-OF-OCCURRENCE;ID=\"2026-12-21T09:00:00\":X-PASSERELLE-PARAMS\\;OF=SUMMARY\\;LANGUAGE=fr:",
        ]
    );

    let day = of("jour").record;
    assert_eq!(
        (day.start.unwrap().to_string().as_str(), day.duration.to_string().as_str()),
        ("2026-12-24", "P2D")
    );
    assert_eq!(day.free_busy_status, FreeBusyStatus::Free);
    let described = of("perso").record;
    assert_eq!(described.start.unwrap().to_string(), "2026-11-23T09:00:00[America/New_York]");
    let mut bad = bad(&found);
    bad.sort();
    let reasons: Vec<(&str, &str)> = bad.iter().map(|(_, summary, reason)| (*summary, reason.id())).collect();
    assert_eq!(reasons, [("Sur la Lune", "unknown-zone"), ("Acheter du pain", "another-kind")]);
}

#[test]
fn events_of_google_and_apple_are_read_and_bad_ones_named() {
    let found = events("apple-google.ics", EventFormat::ICalendar);
    let good = good(&found);
    let of = |title: &str| {
        good.iter().find(|found| found.record.title == title).expect("the event").record.clone()
    };
    let noel = of("Noël");
    assert_eq!(noel.start.unwrap().to_string(), "2026-12-25");
    assert_eq!(keys(&noel.recurrence_overrides), ["2027-12-25"]);
    assert_eq!(keys(&noel.categories), ["famille", "fêtes"]);
    let call = of("Visio");
    assert_eq!(call.start.unwrap().to_string(), "2026-11-23T14:30:00[Etc/UTC]");
    assert_eq!(call.conference_url, "https://meet.google.com/abc-defg-hij");
    assert_eq!((call.status, call.url.as_str()), (Status::Tentative, "https://a.example/x?y=1,2"));
    let paul = &call.participants["paul@a.example"];
    assert_eq!(
        (paul.participation_status, paul.comment.as_str()),
        (ParticipationStatus::Tentative, "En retard")
    );
    assert_eq!(keys(&call.alerts), ["display:-55", "email:30"]);
    assert_eq!(call.alerts["email:30"].action, AlertAction::Email);
    let series = of("Point");
    assert_eq!(keys(&series.recurrence_overrides), ["2026-12-02T09:00:00"]);
    assert_eq!(keys(&series.recurrence_dates), ["2026-12-12T09:00:00"]);
    assert_eq!(of("Sans identifiant").start.unwrap().to_string(), "2026-11-23T10:00:00");
    assert_eq!(of("Une seule fois").uid, "seul_20261123T100000Z");
    let mut reasons: Vec<(&str, &str)> =
        bad(&found).iter().map(|(_, summary, reason)| (*summary, reason.id())).collect();
    reasons.sort();
    assert_eq!(
        reasons,
        [("Parfois", "malformed-rule"), ("Suite", "this-and-future"), ("À l'envers", "end-before-start")]
    );
}

#[test]
fn events_in_json_are_read_with_their_patches() {
    let found = events("jscalendar.json", EventFormat::JsCalendar);
    let good = good(&found);
    let course = &good[0].record;
    assert_eq!(course.recurrence_rules, ["FREQ=WEEKLY;UNTIL=20261231T080000Z;BYDAY=MO"]);
    assert_eq!(keys(&course.recurrence_dates), ["2026-12-09T14:00:00"]);
    let exam = &course.recurrence_overrides["2026-11-30T09:00:00"];
    assert_eq!(exam.title.as_deref(), Some("Examen"));
    let guests = exam.participants.as_ref().unwrap();
    assert_eq!(guests["anne@dupont.example"].participation_status, ParticipationStatus::Declined);
    assert!(course.recurrence_overrides["2026-12-07T09:00:00"].excluded);
    assert_eq!((course.location.as_str(), course.privacy), ("Amphi A", Privacy::Private));
    assert_eq!(keys(&course.alerts), ["display:10"]);
    assert_eq!(good[0].unknown, ["{\"sequence\":3}"]);
    assert_eq!(good[1].record.start.as_ref().unwrap().to_string(), "2026-11-11");
    assert_eq!(
        bad(&found),
        [(8, "t", Reason::AnotherKind)].map(|(line, _, reason)| (line, "Copies", reason))
    );
}

/// A file of as many cards as wanted that is never in memory as a whole.
struct Cards {
    left: usize,
    text: Vec<u8>,
}

impl Read for Cards {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.text.is_empty() && self.left > 0 {
            self.left -= 1;
            let n = self.left;
            self.text =
                format!("BEGIN:VCARD\nVERSION:3.0\nN:D{n};A;;;\nFN:A D{n}\nTEL:06 12 {n:06}\nEND:VCARD\n")
                    .into();
        }
        let count = self.text.len().min(out.len());
        out[..count].copy_from_slice(&self.text[..count]);
        self.text.drain(..count);
        Ok(count)
    }
}

#[test]
fn a_large_file_is_read_record_by_record() {
    let cards = Cards { left: 10_000, text: Vec::new() };
    let found = read_contacts(cards, ContactFormat::VCard3, &Options::default());
    assert_eq!(found.filter(Result::is_ok).count(), 10_000);
}

#[test]
fn a_reader_that_fails_is_told_once() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("broken"))
        }
    }
    for format in ContactFormat::ALL {
        let found: Vec<_> = read_contacts(Broken, *format, &Options::default()).collect();
        assert_eq!(found.len(), 1, "{format:?}");
        assert_eq!(found[0].as_ref().unwrap_err().reason, Reason::Unreadable);
    }
    for format in EventFormat::ALL {
        assert_eq!(read_events(Broken, *format).count(), 1);
    }
}

#[test]
fn a_zone_of_a_french_windows_keeps_its_summer_time() {
    let rules = "BEGIN:STANDARD\r\nDTSTART:16010101T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\nEND:STANDARD\r\nBEGIN:DAYLIGHT\r\nDTSTART:16010101T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r\nEND:DAYLIGHT\r\n";
    for (name, described, zone) in [
        ("(UTC+01:00) Bruxelles, Copenhague, Madrid, Paris", true, "Europe/Paris"),
        ("(GMT+01.00) Paris", true, "Europe/Paris"),
        ("(UTC+01:00) Bruxelles, Copenhague, Madrid, Paris", false, "Europe/Paris"),
        ("Romance Standard Time", false, "Europe/Paris"),
    ] {
        let description = if described {
            format!("BEGIN:VTIMEZONE\r\nTZID:{}\r\n{rules}END:VTIMEZONE\r\n", name.replace(',', "\\,"))
        } else {
            String::new()
        };
        let text = format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{description}BEGIN:VEVENT\r\nUID:z\r\nSUMMARY:Z\r\nDTSTART;TZID=\"{name}\":20260701T090000\r\nDTEND;TZID=\"{name}\":20260701T100000\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        );
        let found: Found<Event> = read_events(text.as_bytes(), EventFormat::ICalendar).collect();
        let start = found[0].as_ref().unwrap().record.start.clone().unwrap();
        assert_eq!(start.zone(), Some(zone), "{name} {described}");
    }
}

#[test]
fn how_a_card_calls_somebody_is_kept_and_written_back() {
    let card = "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Dédé le plombier\r\nN:Dupont;André;;;\r\nROLE:Artisan\r\nEND:VCARD\r\n";
    let read = |text: &str| -> Imported<Contact> {
        only(read_contacts(text.as_bytes(), ContactFormat::VCard4, &Options::default()).collect())
    };
    let found = read(card);
    assert_eq!(found.record.name.full, "");
    assert!(found.unknown.iter().any(|line| line == "FN:Dédé le plombier"), "{:?}", found.unknown);
    let mut out = Vec::new();
    let records = [(found.record.clone(), found.unknown.clone())];
    passerelle_formats::write_contacts(&mut out, ContactFormat::VCard4, records).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert_eq!(text.matches("FN:").count(), 1, "{text}");
    assert_eq!(read(&text), found);
    for same in ["André Dupont", "DUPONT André", "Dupont, André"] {
        assert!(read(&card.replace("Dédé le plombier", same)).unknown.len() == 1, "{same}");
    }
}

#[test]
fn what_is_no_object_in_a_list_is_a_bad_record() {
    let text = "[\n\"stray, text\",\n{\"@type\":\"Card\",\"version\":\"1.0\",\"name\":{\"full\":\"Anne\"}},\n42,\nnull]";
    let found: Found<Contact> =
        read_contacts(text.as_bytes(), ContactFormat::JsContact, &Options::default()).collect();
    assert_eq!(good(&found).len(), 1);
    let lines: Vec<usize> = bad(&found).iter().map(|bad| bad.0).collect();
    assert_eq!(lines, [2, 4, 5]);
}

#[test]
fn a_private_property_with_a_stroke_in_its_name_is_one_of_its_own() {
    let card = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Jean\r\nCATEGORIES:Friends\r\nX-messaging/icq-All:12345\r\n\
                NOTE:Loyal\r\nX-ray/CT: none\r\nX-messaging/xmpp-All:jean@jabber.example\r\nEND:VCARD\r\n";
    let found = only(read_contacts(card.as_bytes(), ContactFormat::VCard3, &Options::default()).collect());
    assert_eq!(found.record.notes, "Loyal\nX-ray/CT: none");
    assert_eq!(found.record.groups.values().collect::<Vec<_>>(), ["Friends"]);
    for kept in ["X-messaging/icq-All:12345", "X-messaging/xmpp-All:jean@jabber.example"] {
        assert!(found.unknown.iter().any(|line| line == kept), "{:?}", found.unknown);
    }
}

#[test]
fn what_a_file_says_of_its_calendar_is_counted() {
    let calendar = |name: &str| {
        format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\nMETHOD:PUBLISH\r\nX-WR-TIMEZONE:Europe/Paris\r\n\
             X-WR-CAL\r\n NAME:{name}\r\nBEGIN:VTIMEZONE\r\nTZID:z\r\nBEGIN:STANDARD\r\nCOMMENT:no\r\nEND:STANDARD\r\n\
             END:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:u\r\nCOLOR:red\r\nBEGIN:VALARM\r\nX-A:1\r\nEND:VALARM\r\nEND:VEVENT\r\n\
             COLOR:blue\r\nEND:VCALENDAR\r\n"
        )
    };
    let found = calendar_properties((calendar("Famille") + &calendar("Bureau")).as_bytes());
    let found: Vec<(&str, u64)> = found.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    assert_eq!(found, [("COLOR", 2), ("X-WR-CALNAME", 2)]);
}
