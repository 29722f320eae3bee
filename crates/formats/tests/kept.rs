//! What an event cannot hold is kept beside it and comes back; nothing goes in silence.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use chrono::DateTime;
use passerelle_calendar::{Event, ParticipationStatus, Privacy, Status};
use passerelle_formats::{
    Answer, BadRecord, EventFormat, Imported, Reason, apply_answers, read_calendar, read_events, write_events,
};

fn all(body: &str) -> Vec<Result<Imported<Event>, BadRecord>> {
    let text = format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{}END:VCALENDAR\r\n", body.replace('\n', "\r\n"));
    read_events(text.as_bytes(), EventFormat::ICalendar).collect()
}

fn apply(event: &mut Event, answer: &Answer) -> Result<bool, Reason> {
    apply_answers(event, &mut Vec::new(), &[answer]).remove(0)
}

fn one(body: &str) -> Imported<Event> {
    let mut found = all(body);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0).unwrap()
}

/// Reads an event of some lines beside its title and its hour.
fn event(lines: &str) -> Imported<Event> {
    let hour =
        if lines.contains("DTSTART") { "" } else { "DTSTART:20260115T100000Z\nDTEND:20260115T110000Z\n" };
    one(&format!("BEGIN:VEVENT\nUID:k\nSUMMARY:Titre\n{hour}{lines}END:VEVENT\n"))
}

/// Writes an event, checks that reading it again gives the same, and returns its unfolded text.
fn written(found: &Imported<Event>) -> String {
    let mut out = Vec::new();
    let record = (found.record.clone(), found.unknown.clone());
    write_events(&mut out, EventFormat::ICalendar, DateTime::UNIX_EPOCH, [record]).unwrap();
    let text = String::from_utf8(out).unwrap();
    let again = read_events(text.as_bytes(), EventFormat::ICalendar).next().unwrap().unwrap();
    assert_eq!(again.record, found.record, "{text}");
    assert_eq!(again.unknown, found.unknown, "{text}");
    text.replace("\r\n ", "").replace('\r', "")
}

fn alerts(found: &Imported<Event>) -> Vec<&str> {
    found.record.alerts.keys().map(String::as_str).collect()
}

#[test]
fn reminders_of_every_form_are_read() {
    for (trigger, key) in [
        ("TRIGGER;RELATED=START:P", "display:0"),
        ("TRIGGER:-P", "display:0"),
        ("TRIGGER:PT", "display:0"),
        ("TRIGGER:PT0S", "display:0"),
        ("TRIGGER:-PT15M", "display:15"),
        ("TRIGGER:-pt15m", "display:15"),
        ("TRIGGER:-P1W", "display:10080"),
        ("TRIGGER:-P1DT2H", "display:1560"),
        ("TRIGGER:+PT5M", "display:-5"),
        ("TRIGGER;RELATED=END:-PT10M", "display:-50"),
        ("TRIGGER;VALUE=DATE-TIME:20260115T093000Z", "display:30"),
    ] {
        let found =
            event(&format!("BEGIN:VALARM\n{trigger}\nACTION:DISPLAY\nDESCRIPTION:Reminder\nEND:VALARM\n"));
        assert_eq!(alerts(&found), [key], "{trigger}");
        assert!(written(&found).contains("BEGIN:VALARM"), "{trigger}");
    }
    // A moment in a zone, which the file may describe.
    let odd = "BEGIN:VTIMEZONE\nTZID:Lune\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0500\nTZOFFSETTO:+0500\n\
               END:STANDARD\nEND:VTIMEZONE\n";
    for (zone, time) in
        [("America/New_York", "043000"), ("Romance Standard Time", "103000"), ("Lune", "143000")]
    {
        let found = one(&format!(
            "{odd}BEGIN:VEVENT\nUID:k\nDTSTART:20260115T100000Z\nBEGIN:VALARM\nTRIGGER;TZID={zone};VALUE=DATE-TIME:20260115T{time}\n\
             ACTION:DISPLAY\nEND:VALARM\nEND:VEVENT\n"
        ));
        assert_eq!(alerts(&found), ["display:30"], "{zone}");
        assert_eq!(written(&found).matches("BEGIN:VALARM").count(), 1, "{zone}");
    }
    let day = "DTSTART;VALUE=DATE:20260115\n";
    for (trigger, zone, key) in [
        (";VALUE=DATE-TIME:20260114T170000Z", "", "display:420"),
        (";VALUE=DATE-TIME:20260114T170000Z", "X-WR-TIMEZONE:Europe/Paris\n", "display:360"),
        (":-PT9H", "", "display:540"),
    ] {
        let found = one(&format!(
            "{zone}BEGIN:VEVENT\nUID:k\n{day}BEGIN:VALARM\nTRIGGER{trigger}\nACTION:DISPLAY\nEND:VALARM\nEND:VEVENT\n"
        ));
        assert_eq!(alerts(&found), [key], "{trigger}");
        // Written again without the zone of the calendar it is the same reminder.
        let text = written(&Imported { unknown: Vec::new(), ..found });
        assert_eq!(text.matches("BEGIN:VALARM").count(), 1, "{text}");
    }
}

#[test]
fn the_sign_that_there_is_no_reminder_comes_back() {
    let sign = "BEGIN:VALARM\nX-WR-ALARMUID:1\nTRIGGER;VALUE=DATE-TIME:19760401T005545Z\nACTION:NONE\nX-APPLE-DEFAULT-ALARM:TRUE\nEND:VALARM";
    let found = event(&format!("{sign}\n"));
    assert!(found.record.alerts.is_empty());
    assert_eq!(found.unknown, [sign]);
    assert!(written(&found).contains(sign), "{}", written(&found));
}

#[test]
fn what_a_reminder_says_beyond_its_time_is_kept_while_the_reminder_is() {
    let found = event(
        "BEGIN:VALARM\nUID:a1\nTRIGGER:-PT15M\nACTION:AUDIO\nREPEAT:2\nDURATION:PT5M\nATTACH;VALUE=URI:Basso\nEND:VALARM\nBEGIN:VALARM\nTRIGGER;VALUE=DATE-TIME:demain\nACTION:DISPLAY\nEND:VALARM\n",
    );
    assert_eq!(alerts(&found), ["display:15"]);
    let text = written(&found);
    for line in ["REPEAT:2\n", "ATTACH;VALUE=URI:Basso\n", "TRIGGER;VALUE=DATE-TIME:demain\n"] {
        assert!(text.contains(line), "{line} {text}");
    }
    assert_eq!(text.matches("BEGIN:VALARM").count(), 2, "{text}");
    let mut without = found.clone();
    without.record.alerts.clear();
    let mut out = Vec::new();
    let record = (without.record, without.unknown);
    write_events(&mut out, EventFormat::ICalendar, DateTime::UNIX_EPOCH, [record]).unwrap();
    assert!(!String::from_utf8(out).unwrap().contains("Basso"));
}

#[test]
fn parameters_are_kept_and_put_back_where_they_were() {
    let lines = "DESCRIPTION;ALTREP=\"cid:1\";LANGUAGE=fr:Texte\nLOCATION;LANGUAGE=fr:Salle\nORGANIZER;CN=Zoé;SENT-BY=\"mailto:s@a.example\":mailto:zoe@a.example\nATTENDEE;CN=Anne;RSVP=TRUE;CUTYPE=GROUP;MEMBER=\"mailto:g@a.example\";DELEGATED-FROM=\"mailto:p@a.example\":mailto:Anne@a.example\nATTENDEE;CUTYPE=ROOM;PARTSTAT=ACCEPTED:mailto:salle@a.example\nATTENDEE;PARTSTAT=DELEGATED;DELEGATED-TO=\"mailto:anne@a.example\":mailto:p@a.example\nCONFERENCE;VALUE=URI;FEATURE=AUDIO,VIDEO;LABEL=Visio:https://v.example/1\nCONFERENCE;VALUE=URI;LABEL=Tel:tel:+33123456789\n";
    let found = event(lines);
    assert_eq!(found.record.participants.len(), 4);
    let text = written(&found);
    let has = |start: &str, parts: &[&str]| {
        let lines: Vec<&str> = text.lines().filter(|line| line.starts_with(start)).collect();
        assert!(
            lines.iter().any(|line| parts.iter().all(|part| line.contains(part))),
            "{start} {parts:?} {text}"
        );
    };
    has("DESCRIPTION", &["ALTREP=\"cid:1\"", "LANGUAGE=fr", ":Texte"]);
    has("LOCATION", &["LANGUAGE=fr"]);
    has("ORGANIZER", &["SENT-BY=\"mailto:s@a.example\""]);
    has("ATTENDEE", &["RSVP=TRUE", "CUTYPE=GROUP", "MEMBER=", "DELEGATED-FROM=", "mailto:Anne@a.example"]);
    has("ATTENDEE", &["CUTYPE=ROOM", "PARTSTAT=ACCEPTED", "mailto:salle@a.example"]);
    has("ATTENDEE", &["PARTSTAT=DELEGATED", "DELEGATED-TO=", "mailto:p@a.example"]);
    has("CONFERENCE", &["FEATURE=AUDIO,VIDEO", "LABEL=Visio", ":https://v.example/1"]);
    has("CONFERENCE", &["LABEL=Tel", ":tel:+33123456789"]);
    // What was said of a text that is another one by now, or of somebody who left, is said no more.
    let mut later = found.clone();
    later.record.description = "Autre".into();
    later.record.participants.remove("salle@a.example");
    let mut out = Vec::new();
    write_events(&mut out, EventFormat::ICalendar, DateTime::UNIX_EPOCH, [(later.record, later.unknown)])
        .unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(!text.contains("cid:1") && !text.contains("salle@a.example"), "{text}");
}

#[test]
fn of_what_stands_twice_both_are_kept() {
    let found = event(
        "LOCATION:Salle A\nLOCATION:Salle B\nDESCRIPTION:Un\nDESCRIPTION:Deux\nURL:http://a\nURL:http://b\n",
    );
    assert_eq!((found.record.location.as_str(), found.record.description.as_str()), ("Salle A", "Un"));
    let text = written(&found);
    for line in [
        "LOCATION:Salle A\n",
        "LOCATION:Salle B\n",
        "DESCRIPTION:Un\n",
        "DESCRIPTION:Deux\n",
        "URL:http://b\n",
    ] {
        assert!(text.contains(line), "{line} {text}");
    }
}

#[test]
fn words_that_an_event_cannot_hold_are_kept_and_empty_ones_are_nothing() {
    let empty = event("CLASS:\nSTATUS:\nTRANSP:\n");
    assert_eq!((empty.record.privacy, empty.record.status), (Privacy::Default, Status::Confirmed));
    assert_eq!(empty.unknown, Vec::<String>::new());
    let strange = event("CLASS:X-TEAM\nSTATUS:NEEDS-ACTION\n");
    assert_eq!(strange.record.privacy, Privacy::Private);
    assert_eq!(strange.unknown, ["X-PASSERELLE-LINE:CLASS:X-TEAM", "X-PASSERELLE-LINE:STATUS:NEEDS-ACTION"]);
    written(&strange);
}

#[test]
fn blanks_around_a_category_are_none_of_it() {
    let categories =
        |found: &Imported<Event>| found.record.categories.clone().into_values().collect::<Vec<_>>();
    let found = event("CATEGORIES:Réunion, Client\nCATEGORIES: ,Travail \n");
    assert_eq!(categories(&found), ["Client", "Réunion", "Travail"]);
    let text = r#"{"@type":"Event","uid":"1","title":"x","start":"2026-01-01T00:00:00","keywords":{" a ":true,"":true}}"#;
    let found = read_events(text.as_bytes(), EventFormat::JsCalendar).next().unwrap().unwrap();
    assert_eq!(categories(&found), ["a"]);
}

#[test]
fn components_inside_an_event_come_back() {
    let found = event(
        "BEGIN:PARTICIPANT\nUID:p1\nBEGIN:VLOCATION\nNAME:Loge\nEND:VLOCATION\nEND:PARTICIPANT\nX-A:1\n",
    );
    let text = written(&found);
    assert!(
        text.contains(
            "BEGIN:PARTICIPANT\nUID:p1\nBEGIN:VLOCATION\nNAME:Loge\nEND:VLOCATION\nEND:PARTICIPANT\n"
        ),
        "{text}"
    );
    // A leftover cannot end the event, or begin another.
    for bad in
        ["BEGIN:X\nEND:VEVENT", "BEGIN:VEVENT\nUID:z\nEND:VEVENT", "BEGIN:X\nEND:X\nEND:VEVENT", "BEGIN:X"]
    {
        let mut out = Vec::new();
        let record = (found.record.clone(), vec![bad.to_owned()]);
        write_events(&mut out, EventFormat::ICalendar, DateTime::UNIX_EPOCH, [record]).unwrap();
        let text = String::from_utf8(out).unwrap();
        for frame in ["BEGIN:VEVENT", "END:VEVENT"] {
            assert_eq!(text.lines().filter(|line| *line == frame).count(), 1, "{bad} {text}");
        }
    }
}

#[test]
fn an_end_is_read_beside_a_length_and_of_another_kind() {
    for (lines, length) in [
        ("DTSTART:20260115T090000Z\nDTEND:20260115T103000Z\nDURATION:PT0S\n", "PT1H30M"),
        ("DTSTART:20260115T090000Z\nDURATION:PT0S\nDTEND:20260115T103000Z\n", "PT1H30M"),
        ("DTSTART:20260115T090000Z\nDTEND:20260115T090000Z\nDURATION:PT1H\n", "PT1H"),
        ("DTSTART:20260115T090000Z\nDURATION:P\n", "PT0S"),
        ("DTSTART:20260115T090000Z\nDURATION:\nDTEND:\n", "PT0S"),
        ("DTSTART;VALUE=DATE:20260115\nDTEND:20260117T000000Z\n", "P2D"),
        ("DTSTART;VALUE=DATE:20260115\nDTEND:20260115T180000Z\n", "P1D"),
        ("DTSTART;VALUE=DATE:20260115\nDURATION:PT24H\n", "P1D"),
        ("DTSTART:20260115T090000\nDTEND;VALUE=DATE:20260116\n", "PT15H"),
    ] {
        let found = event(lines);
        assert_eq!(found.record.duration.to_string(), length, "{lines}");
        written(&found);
    }
    let both = event("DTSTART:20260115T090000Z\nDTEND:20260115T103000Z\nDURATION:PT1H\n");
    assert_eq!(both.unknown, ["X-PASSERELLE-LINE:DURATION:PT1H"]);
}

#[test]
fn the_last_day_of_the_calendar_ends_by_its_length() {
    for lines in ["DTSTART;VALUE=DATE:99991231\n", "DTSTART:99991231T233000Z\nDURATION:PT1H\n"] {
        let text = written(&event(lines));
        assert!(text.contains("DURATION:P") && !text.contains('+'), "{text}");
    }
}

#[test]
fn an_added_period_has_its_own_length() {
    let found = event("RDATE;VALUE=PERIOD:20260120T100000Z/PT3H,20260122T100000Z/20260122T110000Z\n");
    let changes = &found.record.recurrence_overrides;
    assert_eq!(changes.keys().collect::<Vec<_>>(), ["2026-01-20T10:00:00"]);
    let text = written(&found);
    assert!(text.contains("DTEND:20260120T130000Z\n"), "{text}");
}

#[test]
fn what_a_changed_occurrence_has_beyond_is_kept_with_it() {
    let found = one(
        "BEGIN:VEVENT\nUID:s\nSUMMARY:S\nURL:http://serie\nDTSTART:20260112T090000Z\nDTEND:20260112T100000Z\nRRULE:FREQ=WEEKLY;COUNT=5\nEND:VEVENT\nBEGIN:VEVENT\nUID:s\nSUMMARY:S\nRECURRENCE-ID:20260119T090000Z\nURL:http://ce-jour\nPRIORITY:1\nATTENDEE;RSVP=TRUE:mailto:a@a.example\nDTSTART:20260119T140000Z\nDTEND:20260119T150000Z\nEND:VEVENT\n",
    );
    let text = written(&found);
    let change = text.split("BEGIN:VEVENT").nth(2).unwrap();
    for part in ["PRIORITY:1\n", "URL:http://ce-jour\n", "RSVP=TRUE"] {
        assert!(change.contains(part), "{part} {text}");
    }
    assert_eq!((text.matches("PRIORITY").count(), text.matches("http://serie").count()), (1, 1), "{text}");
}

#[test]
fn a_method_does_what_it_means() {
    let body = "BEGIN:VEVENT\nUID:m\nSUMMARY:M\nDTSTART:20260115T100000Z\nSTATUS:CONFIRMED\nEND:VEVENT\n";
    assert_eq!(one(&format!("METHOD:CANCEL\n{body}")).record.status, Status::Cancelled);
    for method in ["REQUEST", "PUBLISH", "publish"] {
        assert_eq!(one(&format!("METHOD:{method}\n{body}")).record.status, Status::Confirmed);
    }
    for method in ["REPLY", "COUNTER", "REFRESH", "DECLINECOUNTER", "ADD"] {
        let found = all(&format!("METHOD:{method}\n{body}"));
        assert_eq!(found[0].as_ref().unwrap_err().reason.id(), "message", "{method}");
    }
}

#[test]
fn what_one_occurrence_says_itself_is_read_and_written() {
    let text = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:s@x\r\nDTSTAMP:20261101T000000Z\r\n\
        DTSTART:20261207T150000Z\r\nDTEND:20261207T160000Z\r\nRRULE:FREQ=DAILY\r\nSUMMARY:Open\r\nURL:https://a.example\r\n\
        CATEGORIES:Team\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:s@x\r\nDTSTAMP:20261101T000000Z\r\n\
        RECURRENCE-ID:20261208T150000Z\r\nDTSTART:20261208T150000Z\r\nDTEND:20261208T160000Z\r\nSUMMARY:Notary\r\n\
        CLASS:PRIVATE\r\nURL:https://b.example\r\nCONFERENCE;VALUE=URI:https://c.example\r\nCATEGORIES:Family,VIP\r\n\
        COLOR:gold\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT5M\r\nDESCRIPTION:x\r\nEND:VALARM\r\nEND:VEVENT\r\n\
        END:VCALENDAR\r\n";
    let read = |text: &[u8], format| {
        read_events(text, format)
            .map(|found| found.unwrap())
            .map(|found| (found.record, found.unknown))
            .collect::<Vec<_>>()
    };
    let found = read(text.as_bytes(), EventFormat::ICalendar);
    let change = &found[0].0.recurrence_overrides["2026-12-08T15:00:00"];
    assert_eq!(change.privacy, Some(Privacy::Private));
    assert_eq!(change.url.as_deref(), Some("https://b.example"));
    assert_eq!(change.conference_url.as_deref(), Some("https://c.example"));
    let categories: Vec<&String> = change.categories.as_ref().unwrap().values().collect();
    assert_eq!(categories, ["Family", "VIP"]);
    assert_eq!((change.color.as_deref(), change.alerts.as_ref().unwrap().len()), (Some("gold"), 1));
    for format in [EventFormat::ICalendar, EventFormat::JsCalendar] {
        let mut out = Vec::new();
        write_events(&mut out, format, DateTime::UNIX_EPOCH, found.clone()).unwrap();
        assert_eq!(read(&out, format)[0].0, found[0].0, "{}", String::from_utf8_lossy(&out));
    }
    // What an older release kept beside the series is said where the change says nothing itself.
    let mut old = found;
    let record = &mut old[0].0;
    for privacy in [None, Some(Privacy::Confidential)] {
        let own = record.recurrence_overrides.get_mut("2026-12-08T15:00:00").unwrap();
        own.privacy = privacy;
        let kept = "X-PASSERELLE-OF-OCCURRENCE;ID=\"2026-12-08T15:00:00\":CLASS:PRIVATE".to_owned();
        let mut out = Vec::new();
        write_events(&mut out, EventFormat::ICalendar, DateTime::UNIX_EPOCH, [(record.clone(), vec![kept])])
            .unwrap();
        let out = String::from_utf8(out).unwrap();
        let class = if privacy.is_some() { "CLASS:CONFIDENTIAL" } else { "CLASS:PRIVATE" };
        assert_eq!(out.matches("CLASS:").collect::<Vec<_>>().len(), 1, "{out}");
        assert!(out.contains(class), "{out}");
    }
}

#[test]
fn a_reminder_at_a_moment_of_an_all_day_event_stays_what_it_was_read_as() {
    let found = one(
        "X-WR-TIMEZONE:America/Los_Angeles\nBEGIN:VEVENT\nUID:k\nSUMMARY:Titre\nDTSTART;VALUE=DATE:20120803\n\
         BEGIN:VALARM\nACTION:EMAIL\nSUMMARY:Other\nATTENDEE:mailto:a@b.example\n\
         TRIGGER;VALUE=DATE-TIME:20120802T233000Z\nEND:VALARM\nEND:VEVENT\n",
    );
    assert_eq!(alerts(&found), ["email:450"]);
    let text = written(&found);
    assert_eq!(text.matches("BEGIN:VALARM").count(), 1);
    assert!(text.contains("ATTENDEE:mailto:a@b.example") && text.contains("T233000Z"), "{text}");
    let mut moved = found.clone();
    moved.record.start = Some("2012-09-03".parse().unwrap());
    let mut out = Vec::new();
    let record = (moved.record, moved.unknown);
    write_events(&mut out, EventFormat::ICalendar, DateTime::UNIX_EPOCH, [record]).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(text.contains("TRIGGER:-PT450M") && !text.contains("233000Z"), "{text}");
}

#[test]
fn an_address_whose_scheme_is_written_twice_is_read() {
    let found = event("ATTENDEE;CN=Jo:mailto:MAILTO:jo@b.example\nORGANIZER:CN=Al Do:mailto:al@b.example\n");
    assert_eq!(found.record.participants["jo@b.example"].email, "jo@b.example");
    assert_eq!(found.record.participants["al@b.example"].name, "Al Do");
    written(&found);
}

#[test]
fn a_start_without_a_zone_has_that_of_its_end() {
    let found = event("DTSTART:20250814T180000\nDTEND;TZID=Europe/Brussels:20250814T190000\n");
    assert_eq!(found.record.start.as_ref().unwrap().zone(), Some("Europe/Brussels"));
    assert_eq!(found.record.duration.to_string(), "PT1H");
    let found = event("DTSTART:20250814T180000\nDTEND;TZID=Europe/Brussels:20250814T190000Z\n");
    assert_eq!(found.record.start.as_ref().unwrap().zone(), None);
}

#[test]
fn a_change_whose_day_is_taken_out_of_its_series_stays_unless_that_came_later() {
    let series = |first: &str| {
        let text = format!(
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:k\nSUMMARY:Titre\nDTSTART;VALUE=DATE:20040224\nRRULE:FREQ=MONTHLY\n{first}\
             EXDATE;VALUE=DATE:20040324\nEND:VEVENT\nBEGIN:VEVENT\nUID:k\nSUMMARY:Autre\nSEQUENCE:1\n\
             RECURRENCE-ID;VALUE=DATE:20040324\nDTSTART;VALUE=DATE:20040324\nX-OWN:1\nEND:VEVENT\nEND:VCALENDAR\n"
        );
        let mut found: Vec<_> = read_events(text.as_bytes(), EventFormat::ICalendar).collect();
        let told = found.split_off(1).into_iter().map(|bad| bad.unwrap_err().reason).collect::<Vec<_>>();
        (found.remove(0).unwrap(), told)
    };
    let (kept, told) = series("SEQUENCE:1\n");
    assert_eq!(told, []);
    let change = &kept.record.recurrence_overrides["2004-03-24"];
    assert_eq!((change.title.as_deref(), change.excluded), (Some("Autre"), false));
    assert!(written(&kept).contains("X-OWN:1"));
    let (gone, told) = series("SEQUENCE:2\n");
    assert_eq!(told, [Reason::Older]);
    let change = &gone.record.recurrence_overrides["2004-03-24"];
    assert_eq!((change.title.as_deref(), change.excluded), (None, true));
    written(&gone);
}

#[test]
fn a_midnight_that_is_called_a_day_is_an_hour_where_the_end_is_one() {
    for (end, day) in [
        ("DTEND;VALUE=DATE:20110805T010000\n", false),
        ("DTEND;VALUE=DATE:20110806T000000\n", true),
        ("DTEND;VALUE=DATE:20110806\n", true),
        ("", true),
    ] {
        let found = event(&format!("DTSTART;VALUE=DATE:20110805T000000\n{end}"));
        assert_eq!(found.record.is_all_day(), day, "{end}");
        written(&found);
    }
}

#[test]
fn answers_to_one_appointment_come_together_each_in_the_order_of_their_times() {
    let reply = |(uid, day): &(&str, u8)| {
        format!(
            "BEGIN:VEVENT\nUID:{uid}\nDTSTAMP:202601{day:02}T000000Z\nATTENDEE;PARTSTAT=ACCEPTED:mailto:a@a.example\nEND:VEVENT\n"
        )
    };
    let replies: String = [("b", 4), ("a", 3), ("b", 2), ("a", 1)].iter().map(reply).collect();
    let came: Vec<(String, String)> = all(&format!("METHOD:REPLY\n{replies}"))
        .into_iter()
        .map(|found| found.unwrap_err().answer.map(|answer| (answer.uid, answer.stamp)).unwrap())
        .collect();
    let came: Vec<(&str, &str)> = came.iter().map(|(uid, stamp)| (uid.as_str(), &stamp[6..8])).collect();
    assert_eq!(came, [("a", "01"), ("a", "03"), ("b", "02"), ("b", "04")]);
}

#[test]
fn an_answer_is_for_the_guest_of_its_appointment() {
    let asked = "UID:m\nSUMMARY:M\nDTSTART:20260115T100000Z\nATTENDEE:mailto:a@a.example\nATTENDEE:mailto:b@a.example\n";
    let mut event = one(&format!("BEGIN:VEVENT\n{asked}RRULE:FREQ=DAILY;COUNT=3\nEND:VEVENT\n")).record;
    let reply = |lines: &str| {
        let text = format!(
            "METHOD:REPLY\nBEGIN:VEVENT\nUID:m\nDTSTART:20260115T100000Z\n{lines}COMMENT:late\nEND:VEVENT\n"
        );
        all(&text)[0].as_ref().unwrap_err().answer.clone().unwrap()
    };
    let answer = reply("ATTENDEE;PARTSTAT=ACCEPTED:MAILTO:A@a.example\n");
    assert_eq!(apply(&mut event, &answer), Ok(true));
    let status = |event: &Event, key: &str| event.participants[key].participation_status;
    assert_eq!(status(&event, "a@a.example"), ParticipationStatus::Accepted);
    assert_eq!(event.participants["a@a.example"].comment, "late");
    assert_eq!(status(&event, "b@a.example"), ParticipationStatus::NeedsAction);

    let once = reply("RECURRENCE-ID:20260116T100000Z\nATTENDEE;PARTSTAT=DECLINED:mailto:b@a.example\n");
    assert_eq!(apply(&mut event, &once), Ok(true));
    let own = event.recurrence_overrides["2026-01-16T10:00:00"].participants.as_ref().unwrap();
    assert_eq!(own["b@a.example"].participation_status, ParticipationStatus::Declined);
    assert_eq!(own["a@a.example"].participation_status, ParticipationStatus::Accepted);
    assert_eq!(status(&event, "b@a.example"), ParticipationStatus::NeedsAction);

    let never = reply("RECURRENCE-ID:20260316T100000Z\nATTENDEE;PARTSTAT=DECLINED:mailto:b@a.example\n");
    assert_eq!(apply(&mut event, &never), Ok(false));
    let stranger = reply("ATTENDEE;PARTSTAT=ACCEPTED:mailto:x@a.example\n");
    assert_eq!(apply(&mut event, &stranger).unwrap_err().id(), "message");
    // An answer that a guest cannot hold is told, and not taken for none.
    let text = "METHOD:REPLY\nBEGIN:VEVENT\nUID:m\nDTSTART:20260115T100000Z\n\
                ATTENDEE;PARTSTAT=DELEGATED;DELEGATED-TO=\"mailto:x@a.example\":mailto:a@a.example\nEND:VEVENT\n";
    let sent = all(text).remove(0).unwrap_err();
    assert_eq!((sent.reason.id(), sent.answer), ("message", None));
}

#[test]
fn an_older_state_is_told_and_a_rule_of_an_orphan_is_kept_as_a_note() {
    let event = |lines: &str| format!("BEGIN:VEVENT\nUID:s\nDTSTART:20260115T100000Z\n{lines}END:VEVENT\n");
    let change = |n: u8, title: &str| {
        event(&format!("RECURRENCE-ID:20260116T100000Z\nSEQUENCE:{n}\nSUMMARY:{title}\n"))
    };
    for text in [
        event("SUMMARY:new\nSEQUENCE:3\n") + &event("SUMMARY:old\nSEQUENCE:1\n"),
        event("RRULE:FREQ=DAILY\nSUMMARY:old\n") + &event("RRULE:FREQ=DAILY\nSUMMARY:new\nSEQUENCE:1\n"),
        event("RRULE:FREQ=DAILY\n") + &change(10, "new") + &change(1, "old"),
        event("RRULE:FREQ=DAILY\n") + &change(1, "old") + &change(10, "new"),
        change(10, "new") + &change(1, "old"),
        change(1, "old") + &change(10, "new"),
    ] {
        let found = all(&text);
        let told: Vec<_> = found.iter().filter_map(|found| found.as_ref().err()).collect();
        let told: Vec<_> = told.iter().map(|bad| (bad.reason.id(), bad.summary.as_str())).collect();
        assert_eq!(told, [("older", "old")], "{text}");
    }
    let orphan = one(&event("RECURRENCE-ID:20260116T100000Z\nRRULE:FREQ=DAILY\nSUMMARY:x\n"));
    assert!(orphan.record.recurrence_rules.is_empty());
    assert!(orphan.unknown[0].contains("RRULE=FREQ=DAILY"), "{:?}", orphan.unknown);
    written(&orphan);
}

#[test]
fn a_date_that_cannot_be_read_costs_neither_the_others_nor_the_event() {
    for (line, kept, off) in [
        ("EXDATE:demain", Some("EXDATE:demain"), 0),
        ("EXDATE:20260116T100000Z,demain", Some("EXDATE:demain"), 1),
        ("EXDATE:20260116T100000Z;20260117T100000Z", None, 2),
        ("EXDATE;TZID=Nulle part:20260116T100000", Some("EXDATE\\;TZID=Nulle part:20260116T100000"), 0),
        ("EXDATE:", None, 0),
        ("RDATE:20260116T100000Z,20260117T100000Z/hier", Some("RDATE:20260117T100000Z/hier"), 0),
    ] {
        let found = event(&format!("RRULE:FREQ=DAILY;COUNT=5\n{line}\n"));
        let kept: Vec<String> =
            kept.iter().map(|text| format!("X-PASSERELLE-LINE:{text}").replace(',', "\\,")).collect();
        assert_eq!(found.unknown, kept, "{line}");
        let called_off = found.record.recurrence_overrides.values().filter(|change| change.excluded).count();
        assert_eq!(called_off, off, "{line}");
        written(&found);
    }
}

#[test]
fn a_rule_that_a_changed_occurrence_has_for_itself_is_kept() {
    let series = "BEGIN:VEVENT\nUID:k\nDTSTART:20260101T100000Z\nRRULE:FREQ=DAILY\nEXDATE:20260105T100000Z\nEND:VEVENT\n";
    for (lines, kept) in [
        ("RRULE:FREQ=DAILY\n", None),
        ("EXDATE:20260105T100000Z\n", None),
        ("RRULE:FREQ=WEEKLY\n", Some("RRULE:FREQ=WEEKLY")),
        ("EXDATE:20260106T100000Z\n", Some("EXDATE:20260106T100000Z")),
        ("RDATE:20260106T120000Z\n", Some("RDATE:20260106T120000Z")),
    ] {
        let found = one(&format!(
            "{series}BEGIN:VEVENT\nUID:k\nRECURRENCE-ID:20260102T100000Z\nDTSTART:20260102T120000Z\n{lines}END:VEVENT\n"
        ));
        let text = written(&found);
        assert_eq!(found.unknown.len(), usize::from(kept.is_some()), "{lines} {:?}", found.unknown);
        if let Some(kept) = kept {
            assert!(text.contains(&format!("X-PASSERELLE-LINE:{kept}\n")), "{lines} {text}");
        }
    }
}

#[test]
fn an_hour_at_which_an_all_day_event_ends_is_kept() {
    for (end, days, kept) in [
        ("20260116T150000", 2, true),
        ("20260116T150000Z", 2, true),
        ("20260116T000000Z", 1, false),
        ("20260116", 1, false),
    ] {
        let found = event(&format!("DTSTART;VALUE=DATE:20260115\nDTEND:{end}\n"));
        assert_eq!(found.record.duration.days, days, "{end}");
        let line = kept.then(|| format!("X-PASSERELLE-LINE:DTEND:{end}"));
        assert_eq!(found.unknown, line.into_iter().collect::<Vec<_>>(), "{end}");
        written(&found);
    }
}

#[test]
fn what_stands_in_the_place_of_an_address_comes_back() {
    let found = event(
        "ORGANIZER;CN=Zoé;EMAIL=zoe@a.example:/1288/principal/\nATTENDEE;CN=Anne;EMAIL=anne@a.example:urn:uuid:1234\nATTENDEE;CN=Luc:/1289/principal/\nATTENDEE;CN=Bob;EMAIL=:bob@a.example\n",
    );
    let emails: Vec<&str> = found.record.participants.values().map(|guest| guest.email.as_str()).collect();
    assert_eq!(emails, ["/1289/principal/", "anne@a.example", "bob@a.example", "zoe@a.example"]);
    let text = written(&found);
    for line in [
        "ORGANIZER;CN=Zoé;EMAIL=zoe@a.example:/1288/principal/\n",
        "ATTENDEE;CN=Anne;EMAIL=anne@a.example:urn:uuid:1234\n",
        "ATTENDEE;CN=Luc:/1289/principal/\n",
    ] {
        assert!(text.contains(line), "{line} {text}");
    }
    let mut later = found.clone();
    later.record.participants.remove("anne@a.example");
    let mut out = Vec::new();
    write_events(&mut out, EventFormat::ICalendar, DateTime::UNIX_EPOCH, [(later.record, later.unknown)])
        .unwrap();
    assert!(!String::from_utf8(out).unwrap().contains("urn:uuid:1234"));
}

#[test]
fn a_semicolon_that_a_program_escaped_ends_no_parameter() {
    let line = "X-APPLE-STRUCTURED-LOCATION;X-TITLE=Rue 5\\; 4041 Linz;X-RADIUS=7:geo:48.3,14.2";
    let found = event(&format!("{line}\n"));
    assert_eq!(found.unknown, [line]);
    assert!(written(&found).contains(&format!("{line}\n")));
}

#[test]
fn parameters_of_a_change_without_its_series_come_back() {
    for (line, kept) in [
        ("UID;X-A=1:k", "UID;X-A=1:"),
        ("RECURRENCE-ID;X-A=1:20260116T100000Z", "RECURRENCE-ID\\;X-A=1:20260116T100000Z"),
        ("RECURRENCE-ID;X-A=1:demain", "RECURRENCE-ID\\;X-A=1:demain"),
        ("RECURRENCE-ID:demain", "RECURRENCE-ID:demain"),
        ("RECURRENCE-ID;TZID=Europe/Paris:20260116T110000", "[Europe/Paris]"),
        ("DTSTART;X-A=1:20260116T120000Z", "DTSTART;X-A=1:20260116T120000Z"),
        ("DURATION;X-A=1:PT1H", "DURATION\\;X-A=1:PT1H"),
        ("RRULE:FREQ=DAILY", "RRULE=FREQ=DAILY"),
        ("RRULE;X-A=1:FREQ=DAILY", "RRULE\\;X-A=1:FREQ=DAILY"),
        ("EXDATE:20260118T100000Z", "EXDATE=20260118T100000Z"),
        ("EXDATE;TZID=Europe/Paris:20260118T110000", "EXDATE\\;TZID=Europe/Paris:20260118T110000"),
        ("EXDATE;X-A=1:hier", "EXDATE\\;X-A=1:hier"),
        ("RDATE;VALUE=PERIOD:20260118T100000Z/PT1H", "RDATE\\;VALUE=PERIOD:20260118T100000Z/PT1H"),
    ] {
        for uid in ["UID:k\n", ""] {
            let mut lines = vec!["SUMMARY:Titre", line];
            let name = line.split([':', ';']).next().unwrap();
            let others =
                [uid.trim(), "DTSTART:20260116T120000Z", "RECURRENCE-ID:20260116T100000Z"].into_iter();
            lines.extend(others.filter(|other| !other.is_empty() && other.split(':').next() != Some(name)));
            let found = one(&format!("BEGIN:VEVENT\n{}\nEND:VEVENT\n", lines.join("\n")));
            let text = written(&found);
            let noted = !uid.is_empty() || name == "UID";
            let kept = if noted || kept.contains(':') { kept.to_owned() } else { line.replace(';', "\\;") };
            assert!(text.contains(&kept), "{line} {uid}: {kept}\n{text}");
        }
    }
    let bad = one(
        "BEGIN:VEVENT\nUID:k\nRECURRENCE-ID:demain\nRRULE:FREQ=DAILY\nDTSTART:20260116T120000Z\nEND:VEVENT\n",
    );
    assert!(written(&bad).contains("X-PASSERELLE-LINE:RRULE:FREQ=DAILY\n"));
}

#[test]
fn the_name_of_a_change_has_its_parameters_in_its_series() {
    let mut series = one("BEGIN:VEVENT\nUID:k\nDTSTART:20260115T100000Z\nRRULE:FREQ=DAILY\nEND:VEVENT\n");
    let change = one(
        "BEGIN:VEVENT\nUID:k\nRECURRENCE-ID;X-A=1:20260116T100000Z\nDTSTART;X-B=2:20260116T120000Z\nEND:VEVENT\n",
    );
    series.unknown = passerelle_formats::join_series(&mut series.record, &[], &[&change]).1;
    let text = written(&series);
    for line in ["RECURRENCE-ID;X-A=1:20260116T100000Z\n", "DTSTART;X-B=2:20260116T120000Z\n"] {
        assert!(text.contains(line), "{line} {text}");
    }
    assert!(!text.contains("X-PASSERELLE-LINE"), "{text}");
}

#[test]
fn parameters_of_a_line_that_is_not_written_again_are_kept_with_the_line() {
    for line in [
        "STATUS;X-A=1:CONFIRMED",
        "DTSTAMP;X-A=1:20260101T000000Z",
        "TRANSP;X-A=1:OPAQUE",
        "DURATION;X-A=1:PT1H",
        "EXDATE;X-A=1:",
        "X-GOOGLE-CONFERENCE;X-A=1:https://v.example/1",
    ] {
        let found = event(&format!("DTSTART:20260115T100000Z\n{line}\n"));
        let text = written(&found);
        let kept = format!("X-PASSERELLE-LINE:{}\n", line.replace(';', "\\;"));
        assert!(text.contains(&kept), "{line} {text}");
    }
    // An empty line is written as it was, as long as the event says nothing of what it is about.
    for line in ["CLASS;X-A=1:", "LOCATION;LANGUAGE=fr:", "CATEGORIES;X-A=1:", "URL;VALUE=URI;X-A=1:"] {
        let mut found = event(&format!("DTSTART:20260115T100000Z\n{line}\n"));
        let text = written(&found);
        assert!(
            text.contains(&format!("\n{line}\n")) && !text.contains("X-PASSERELLE-LINE"),
            "{line} {text}"
        );
        found.record.privacy = Privacy::Private;
        found.record.location = "Loge".into();
        found.record.url = "https://a.example".into();
        found.record.categories = [("x".to_owned(), "X".to_owned())].into();
        let text = written(&found);
        assert!(text.contains(&format!("X-PASSERELLE-LINE:{}\n", line.replace(';', "\\;"))), "{line} {text}");
    }
    // Of two events of one identifier, the one that gets another keeps what its line said.
    let event = |title: &str| {
        format!("BEGIN:VEVENT\nUID;X-A=1:k\nSUMMARY:{title}\nDTSTART:20260115T100000Z\nEND:VEVENT\n")
    };
    let both = all(&(event("Un") + &event("Deux")));
    assert!(written(both[1].as_ref().unwrap()).contains("UID;X-A=1:k_"));
}

#[test]
fn of_lines_that_are_written_as_one_no_parameter_is_lost() {
    for (lines, kept) in [
        ("DESCRIPTION;ALTREP=\"cid:1\":Un\nDESCRIPTION;ALTREP=\"cid:1\":Un\n", None),
        ("DESCRIPTION;LANGUAGE=fr:Un\nDESCRIPTION;X-A=1:Un\n", Some("DESCRIPTION\\;X-A=1:Un")),
        ("CATEGORIES;LANGUAGE=fr:A\nCATEGORIES;LANGUAGE=fr:B\n", None),
        ("CATEGORIES;LANGUAGE=fr:A\nCATEGORIES;LANGUAGE=de:B\n", Some("CATEGORIES\\;LANGUAGE=de:B")),
        (
            "RRULE:FREQ=DAILY\nEXDATE;X-A=1:20260117T100000Z\nEXDATE;X-B=2:20260118T100000Z\n",
            Some("EXDATE\\;X-B=2:20260118T100000Z"),
        ),
        (
            "ATTENDEE;X-A=1:mailto:a@a.example\nATTENDEE;X-A=2:MAILTO:A@a.example\n",
            Some("ATTENDEE\\;X-A=2:MAILTO:A@a.example"),
        ),
    ] {
        let found = event(lines);
        let text = written(&found);
        assert_eq!(text.matches("X-PASSERELLE-LINE").count(), usize::from(kept.is_some()), "{lines} {text}");
        if let Some(kept) = kept {
            assert!(text.contains(&format!("X-PASSERELLE-LINE:{kept}\n")), "{kept} {text}");
        }
    }
}

#[test]
fn an_address_that_holds_the_scheme_of_another_stays_what_it_is() {
    for line in [
        "ATTENDEE;CN=\"Luc\":g:MAILTO:luc@a.example",
        "ATTENDEE;CN=!Luc, B\";RSVP=TRUE;MEMBER=\"mailto:g@a.example\";DELEGATED-TO=\"mailto:d@a.example\":MAILTO:luc@a.example",
        "ORGANIZER;CN=\"Luc\":a=b:mailto:luc@a.example",
        "ATTENDEE;EMAIL=\"a:mailto:b@a.example\":/1288/principal/",
        "ATTENDEE;EMAIL=luc@a.example:invalid:nomail",
        "ATTENDEE;CN=Luc, Bob:mailto:luc@a.example",
    ] {
        written(&event(&format!("{line}\n")));
    }
}

#[test]
fn guests_of_one_name_without_an_address_are_as_many_people() {
    for organizer in ["", "ORGANIZER;CN=Bob:invalid:nomail\n"] {
        let found = event(&format!(
            "{organizer}ATTENDEE;CN=Bob;PARTSTAT=ACCEPTED:invalid:nomail\nATTENDEE;CN=Bob;CUTYPE=GROUP:invalid:nomail\n\
             ATTENDEE;CN=Bob:mailto:bob@a.example\nATTENDEE;CN=Bob (00002):invalid:nomail\nATTENDEE:invalid:nomail\n\
             ATTENDEE:invalid:nomail\n"
        ));
        let names: Vec<&str> = found.record.participants.values().map(|guest| guest.name.as_str()).collect();
        assert_eq!(names.len(), 6, "{names:?}");
        assert_eq!(
            found.record.participants.values().filter(|guest| guest.organizer).count(),
            organizer.len().min(1)
        );
        let text = written(&found);
        assert_eq!(text.matches("ATTENDEE").count(), 6, "{text}");
        assert!(text.contains("CUTYPE=GROUP"), "{text}");
    }
    let many = "ATTENDEE;CN=Bob:invalid:nomail\n".repeat(150);
    assert_eq!(event(&many).record.participants.len(), 150);
    written(&event(&many));
}

#[test]
fn the_method_of_a_calendar_counts_wherever_it_stands() {
    let event = "BEGIN:VEVENT\r\nUID:k\r\nSUMMARY:a\r\nDTSTART:20260115T100000Z\r\nEND:VEVENT\r\n";
    let plain = format!("BEGIN:VCALENDAR\r\n{}END:VCALENDAR\r\n", event.replace("UID:k", "UID:n"));
    let of =
        |before: &str, behind: &str| format!("BEGIN:VCALENDAR\r\n{before}{event}{behind}END:VCALENDAR\r\n");
    let status = |text: &[u8]| -> Vec<Result<Status, &'static str>> {
        let found = read_calendar(text, EventFormat::ICalendar);
        found.map(|one| one.map(|one| one.record.status).map_err(|bad| bad.reason.id())).collect()
    };
    let (fine, off) = (Ok(Status::Confirmed), Ok(Status::Cancelled));
    for (method, wanted) in [
        ("METHOD:CANCEL\r\n", off),
        ("method:cancel\r\n", off),
        ("MET\r\n HOD:CANCEL\r\n", off),
        ("METHOD:REPLY\r\n", Err("message")),
        ("METHOD:PUBLISH\r\n", fine),
        ("BEGIN:X-A\r\nMETHOD:CANCEL\r\nEND:X-A\r\n", fine),
    ] {
        for text in [of(method, ""), of("", method)] {
            let found: Vec<_> =
                status(text.as_bytes()).into_iter().filter(|one| *one != Err("another-kind")).collect();
            assert_eq!(found, [wanted], "{text}");
            let found = status(format!("{plain}{text}{plain}").as_bytes());
            let found: Vec<_> = found.into_iter().filter(|one| *one != Err("another-kind")).collect();
            // Of one identifier there are two events: they come at the end.
            assert!(found == [fine, wanted] || found == [wanted, fine], "{found:?} {text}");
        }
    }
    let wide: Vec<u8> = of("", "METHOD:CANCEL\r\n").encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(status(&wide), [off]);
}

#[test]
fn what_calls_an_appointment_off_need_not_say_what_it_was() {
    let calendar = |method: &str, lines: &str| {
        let lines = lines.replace('|', "\r\n");
        format!(
            "BEGIN:VCALENDAR\r\nMETHOD:{method}\r\nBEGIN:VEVENT\r\nUID:s\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        )
    };
    let asked = calendar(
        "REQUEST",
        "DTSTART:20270104T090000Z|DURATION:PT1H|SUMMARY:S|SEQUENCE:1|RRULE:FREQ=WEEKLY;COUNT=5|LOCATION:L",
    );
    for lines in [
        "SEQUENCE:2",
        "SEQUENCE:1|DTSTART:20270104T090000Z",
        "SEQUENCE:2|DTSTART:20270104T090000Z|SUMMARY:Off",
    ] {
        let off = calendar("CANCEL", lines);
        for text in [format!("{asked}{off}"), format!("{off}{asked}")] {
            let found: Vec<_> = read_calendar(text.as_bytes(), EventFormat::ICalendar).collect();
            let (good, bad): (Vec<_>, Vec<_>) = found.into_iter().partition(Result::is_ok);
            let event = &good[0].as_ref().unwrap().record;
            assert_eq!((good.len(), event.uid.as_str(), event.status), (1, "s", Status::Cancelled), "{text}");
            assert_eq!(
                (event.recurrence_rules.len(), event.location.as_str(), event.duration.seconds),
                (1, "L", 3600)
            );
            assert_eq!((bad.len(), bad[0].as_ref().unwrap_err().reason.id()), (1, "older"), "{text}");
        }
    }
    let late = calendar("CANCEL", "SEQUENCE:0");
    let found: Vec<_> = read_calendar(format!("{asked}{late}").as_bytes(), EventFormat::ICalendar).collect();
    assert!(found.iter().flatten().all(|one| one.record.status == Status::Confirmed) && found.len() == 2);
    let found: Vec<_> =
        read_calendar(calendar("CANCEL", "SEQUENCE:2").as_bytes(), EventFormat::ICalendar).collect();
    let bad = found[0].as_ref().unwrap_err();
    let mut event = Event::default();
    assert_eq!(apply(&mut event, bad.answer.as_deref().unwrap()), Ok(true));
    assert_eq!((event.status, bad.reason.id()), (Status::Cancelled, "no-start"));
}

#[test]
fn the_end_of_a_journey_keeps_its_zone() {
    let found = event(
        "DTSTART;TZID=Europe/Paris:20260715T090000\nDTEND;TZID=America/New_York:20260715T113000\n\
         ATTENDEE;CN=Dupont\\, Jean:mailto:b@x.example\nATTENDEE;CN=\"a\\,b\":mailto:c@x.example\n",
    );
    assert_eq!(found.record.duration.seconds, 30_600);
    assert!(found.unknown.iter().any(|text| text.contains("New_York")), "{:?}", found.unknown);
    let names: Vec<&str> = found.record.participants.values().map(|guest| guest.name.as_str()).collect();
    assert_eq!(names, ["Dupont, Jean", "a\\,b"]);
    written(&found);
    let same = event(
        "DTSTART;TZID=Europe/Paris:20260715T090000\nDTEND;TZID=\"Romance Standard Time\":20260715T113000\n",
    );
    assert!(same.unknown.is_empty(), "{:?}", same.unknown);
}

#[test]
fn a_rule_is_spelt_as_every_program_reads_it_or_set_aside() {
    for (rule, wanted) in [
        ("FREQ=WEEKLY;UNTIL=2027-02-28", Some("FREQ=WEEKLY;UNTIL=20270228")),
        ("FREQ=WEEKLY;UNTIL=2027-02-28T09:00:00Z", Some("FREQ=WEEKLY;UNTIL=20270228T090000Z")),
        ("FREQ=WEEKLY;UNTIL=20270228T0900", Some("FREQ=WEEKLY;UNTIL=20270228T090000")),
        ("FREQ=WEEKLY;BYDAY=MO,;COUNT=4", Some("FREQ=WEEKLY;BYDAY=MO;COUNT=4")),
        ("FREQ=WEEKLY;;BYDAY=,MO,,TU;", Some("FREQ=WEEKLY;BYDAY=MO,TU")),
        ("FREQ=MONTHLY;BYDAY=-1SU,+2MO;BYMONTH=1,12", Some("FREQ=MONTHLY;BYDAY=-1SU,+2MO;BYMONTH=1,12")),
        ("FREQ=WEEKLY;UNTIL=demain", None),
        ("FREQ=WEEKLY;BYDAY=LU", None),
        ("FREQ=WEEKLY;BYDAY=", None),
        ("FREQ=WEEKLY;COUNT=+4", None),
        ("FREQ=WEEKLY;INTERVAL=1.5", None),
    ] {
        let mut found =
            all(&format!("BEGIN:VEVENT\nUID:k\nDTSTART:20270104T090000\nRRULE:{rule}\nEND:VEVENT\n"));
        match (found.remove(0), wanted) {
            (Ok(found), Some(wanted)) => assert_eq!(found.record.recurrence_rules, [wanted], "{rule}"),
            (Err(bad), None) => assert_eq!(bad.reason.id(), "malformed-rule", "{rule}"),
            (found, _) => panic!("{rule}: {found:?}"),
        }
    }
}

/// Lines of which an event has a place for one, or for a part.
const LINES: [&str; 27] = [
    "URL:http://a.example",
    "URL:http://b.example",
    "URL;X-A=1:http://c.example",
    "CONFERENCE;VALUE=URI:https://v.example/1",
    "CONFERENCE;VALUE=URI;LABEL=Tel:tel:+33123456789",
    "CATEGORIES:A",
    "CATEGORIES;LANGUAGE=fr:B",
    "CATEGORIES;LANGUAGE=en;X-A=1:C",
    "DESCRIPTION:Un",
    "DESCRIPTION;LANGUAGE=fr:Deux",
    "LOCATION;LANGUAGE=fr:Salle",
    "LOCATION:Loge",
    "SUMMARY;LANGUAGE=fr:Autre",
    "CLASS:PRIVATE",
    "CLASS:X-TEAM",
    "STATUS:TENTATIVE",
    "STATUS:X-LATER",
    "TRANSP:TRANSPARENT",
    "TRANSP:X-SOME",
    "COLOR:gold",
    "COLOR:red",
    "PRIORITY:1",
    "COMMENT:un",
    "COMMENT:deux",
    "X-A;P=1:2",
    "ATTENDEE;RSVP=TRUE:mailto:a@a.example",
    "ATTENDEE;CN=A;X-B=1:mailto:a@a.example",
];

fn some_lines() -> impl proptest::strategy::Strategy<Value = String> {
    use proptest::prelude::*;
    let picked = proptest::sample::subsequence(LINES.to_vec(), 0..=12).prop_shuffle();
    picked.prop_map(|lines| lines.iter().map(|line| format!("{line}\n")).collect())
}

proptest::proptest! {
    #[test]
    fn whatever_is_kept_of_an_event_or_an_occurrence_is_written_back(
        series in some_lines(), change in some_lines(),
    ) {
        let found = one(&format!(
            "BEGIN:VEVENT\nUID:s\nSUMMARY:S\nDTSTART:20260112T090000Z\nRRULE:FREQ=WEEKLY;COUNT=5\n{series}END:VEVENT\n\
             BEGIN:VEVENT\nUID:s\nSUMMARY:S\nRECURRENCE-ID:20260119T090000Z\nDTSTART:20260119T140000Z\n{change}END:VEVENT\n",
        ));
        let text = written(&found);
        for name in ["URL", "CONFERENCE"] {
            let count = |text: &str| text.lines().filter(|line| line.starts_with(name)).count();
            let written: Vec<usize> = text.split("BEGIN:VEVENT").skip(1).map(count).collect();
            assert!(written[0] == count(&series) && written[1] >= count(&change), "{text}");
        }
    }
}
