//! Records made at random, for the tests.

use chrono::{DateTime, NaiveDateTime};
use passerelle_calendar::{self as calendar, Event, Override, RecurrenceId, Start};
use passerelle_contacts::{
    Address, Contact, Email, Im, Labelled, LabelledDate, Name, Organization, PartialDate, Phone, address_key,
    email_key, im_key, keyed, phone_key, relation_key, text_key, url_key,
};
use proptest::{collection::vec, option, prelude::*, sample::select};

/// Text as people type it, with what formats trip over.
fn word() -> impl Strategy<Value = String> {
    "[a-zA-Zéèçà0-9'’\"\\\\^:;,.=<>@/-]{1,8}( [a-zA-Zéß日本🎿;,\\\\]{1,6}){0,2}"
}

fn maybe() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), word()]
}

fn note() -> impl Strategy<Value = String> {
    vec(maybe(), 0..4).prop_map(|lines| lines.join("\n"))
}

fn label() -> impl Strategy<Value = String> {
    let known =
        select(vec!["", "work", "home", "other", "mobile", "home_fax", "work_mobile", "main", "pager"]);
    prop_oneof![known.prop_map(str::to_owned), word()]
}

fn date() -> impl Strategy<Value = PartialDate> {
    let day = (option::of(1000_i32..=9999), 1_u32..=12, 1_u32..=28)
        .prop_map(|(year, month, day)| PartialDate { year, month: Some(month), day: Some(day) });
    let month = (1000_i32..=9999, option::of(1_u32..=12)).prop_map(|(year, month)| PartialDate {
        year: Some(year),
        month,
        day: None,
    });
    prop_oneof![3 => day, 1 => month]
}

fn phone() -> impl Strategy<Value = String> {
    select(vec!["01 23 45 67 89", "+33 6 12 34 56 78", "+1 212-555-0100", "3615", "+33123456789 ext. 12"])
        .prop_map(str::to_owned)
}

prop_compose! {
    fn name()(parts in vec(maybe(), 9)) -> Name {
        let mut parts = parts.into_iter();
        let mut next = || parts.next().unwrap_or_default();
        let mut name = Name {
            prefix: next(), given: next(), middle: next(), particle: next(), surname: next(), suffix: next(),
            phonetic_given: next(), phonetic_surname: next(), full: next(),
        };
        // Beside the same parts the whole name says nothing.
        if name.full == name.display() || name.has_parts() { name.full = String::new(); }
        name
    }
}

prop_compose! {
    fn organization()(name in word(), title in maybe(), department in maybe()) -> Organization {
        Organization { name, title, department }
    }
}

prop_compose! {
    fn address()(parts in vec(maybe(), 6), label in label(), street in note(), city in word(), preferred in any::<bool>(), code in select(vec!["", "FR", "US"])) -> Address {
        let mut parts = parts.into_iter();
        let mut next = || parts.next().unwrap_or_default();
        Address {
            label, street, extended: next(), po_box: next(), postcode: next(), city, region: next(),
            country: next(), country_code: code.to_owned(), preferred,
        }
    }
}

fn unique(texts: Vec<String>) -> Vec<String> {
    keyed(texts.into_iter().map(|text| (text_key(&text), text)))
        .into_iter()
        .filter(|(key, _)| !key.contains('#'))
        .map(|(_, text)| text)
        .collect()
}

prop_compose! {
    pub(crate) fn contact()(
        uid in maybe(), name in name(), organization in option::of(organization()), given in word(),
        others in vec(organization(), 0..2), nicknames in vec(word(), 0..3), groups in vec(word(), 0..3),
        emails in vec(("[a-zé.]{1,6}@[a-z]{1,6}\\.example", label(), any::<bool>()), 0..3),
        phones in vec((phone(), label(), any::<bool>()), 0..3), addresses in vec(address(), 0..2),
        urls in vec(("https?://[a-z]{1,6}\\.example/[a-z,;]{0,4}", label()), 0..2),
        ims in vec((select(vec!["skype", "xmpp", "google talk", ""]), word(), label()), 0..2),
        days in (option::of(date()), option::of(date()), vec((word(), date()), 0..2)),
        relations in vec((select(vec!["spouse", "child", "Assistant(e)"]), word()), 0..2), notes in note(),
        custom in vec((word(), word()), 0..3), photo in select(vec!["", "https://a.example/p.jpg?x=1,2;3"]),
        private in any::<bool>(),
    ) -> Contact {
        let (birthday, anniversary, dates) = days;
        let mut name = name;
        if !name.has_parts() && name.full.is_empty() { name.given = given; }
        Contact {
            uid, name, organization: organization.unwrap_or_default(), birthday, anniversary, notes, private,
            photo: photo.to_owned(),
            order: passerelle_contacts::Order::default(),
            other_organizations: keyed(others.into_iter().map(|o| (text_key(&o.name), o))),
            nicknames: unique(nicknames).into_iter().map(|text| (text_key(&text), text)).collect(),
            groups: unique(groups).into_iter().map(|text| (text_key(&text), text)).collect(),
            emails: keyed(emails.into_iter().map(|(address, label, preferred)| {
                (email_key(&address), Email { address, label, preferred })
            })),
            phones: keyed(phones.into_iter().map(|(number, label, preferred)| {
                (phone_key(&number, Some("FR")), Phone { number, label, preferred })
            })),
            addresses: keyed(addresses.into_iter().map(|a| (address_key(&a.label), a))),
            urls: keyed(urls.into_iter().map(|(value, label)| (url_key(&value), Labelled { label, value }))),
            ims: keyed(ims.into_iter().map(|(service, handle, label)| {
                (im_key(service, &handle), Im { service: service.to_owned(), handle, label })
            })),
            dates: keyed(dates.into_iter().map(|(label, date)| (text_key(&label), LabelledDate { label, date }))),
            relations: keyed(relations.into_iter().map(|(label, value)| {
                (relation_key(label, &value), Labelled { label: label.to_owned(), value })
            })),
            custom: keyed(custom.into_iter().map(|(label, value)| (text_key(&label), Labelled { label, value }))),
        }
    }
}

fn wall() -> impl Strategy<Value = NaiveDateTime> {
    // Quarters of an hour from 2000 to 2037; none of them in a gap.
    (10_957_i64..24_800, 16_i64..88).prop_map(|(day, quarter)| {
        DateTime::from_timestamp(day * 86_400 + quarter * 900, 0).unwrap_or_default().naive_utc()
    })
}

fn start(kind: usize, wall: NaiveDateTime) -> Start {
    let zones = ["Europe/Paris", "Asia/Kathmandu", "Australia/Lord_Howe", "Etc/UTC", "America/New_York"];
    match kind {
        0 => Start::Date { date: wall.date() },
        1 => Start::Floating { local: wall },
        kind => Start::Zoned { local: wall, zone: zones[kind - 2].to_owned() },
    }
}

prop_compose! {
    fn guest()(
        email in "[a-zA-Z.]{1,6}@[a-z]{1,4}\\.example", name in maybe(), comment in note(),
        role in select(calendar::Role::ALL), participation_status in select(calendar::ParticipationStatus::ALL),
        resource in any::<bool>(), organizer in any::<bool>(),
    ) -> (String, calendar::Participant) {
        let guest = calendar::Participant { email, name, role, participation_status, resource, organizer, comment };
        (guest.email.to_lowercase(), guest)
    }
}

fn alert() -> impl Strategy<Value = (String, calendar::Alert)> {
    (select(calendar::AlertAction::ALL), -90_i32..3000).prop_map(|(action, minutes_before)| {
        let alert = calendar::Alert { action, minutes_before };
        (alert.key(), alert)
    })
}

/// What one occurrence says of who may see it, and its links.
fn own_words() -> impl Strategy<Value = (Option<calendar::Privacy>, Option<String>, Option<String>)> {
    let link = || option::of(select(vec!["", "https://c.example/?a=1,2;3"]).prop_map(str::to_owned));
    (option::of(select(calendar::Privacy::ALL)), link(), link())
}

prop_compose! {
    fn change(day: bool)(
        excluded in any::<bool>(), title in option::of(maybe()), description in option::of(note()),
        location in option::of(maybe()), moved in option::of((2_usize..7, wall())), days in option::of(1_u32..5),
        seconds in option::of(0_u32..90_000), status in option::of(select(calendar::Status::ALL)),
        free_busy_status in option::of(select(calendar::FreeBusyStatus::ALL)), color in option::of(maybe()),
        guests in option::of(vec(guest(), 0..2)), alerts in option::of(vec(alert(), 0..2)),
        (privacy, url, conference_url) in own_words(), categories in option::of(vec(word(), 0..2)),
    ) -> Override {
        if excluded {
            return Override { excluded, ..Override::default() };
        }
        Override {
            excluded, title, description, location, status, free_busy_status, color,
            start: moved.map(|(kind, wall)| start(if day { 0 } else { kind }, wall)),
            duration: if day { days.map(calendar::Duration::days) } else { seconds.map(calendar::Duration::seconds) },
            participants: guests.map(|guests| guests.into_iter().collect()),
            alerts: alerts.map(|alerts| alerts.into_iter().collect()), use_default_alerts: None,
            privacy, url, conference_url,
            categories: categories.map(|texts| texts.into_iter().map(|text| (text.to_lowercase(), text)).collect()),
        }
    }
}

fn rule() -> impl Strategy<Value = String> {
    select(vec![
        "FREQ=DAILY;COUNT=10",
        "FREQ=WEEKLY;BYDAY=MO,WE",
        "FREQ=MONTHLY;INTERVAL=2;BYDAY=-1FR",
        "BYDAY=MO;FREQ=WEEKLY",
        "FREQ=YEARLY;BYMONTHDAY=1;BYMONTH=11;WKST=SU",
        "FREQ=DAILY;UNTIL=20381123",
        "FREQ=DAILY;UNTIL=20381123T100000Z",
    ])
    .prop_map(str::to_owned)
}

prop_compose! {
    pub(crate) fn event()(kind in 0_usize..7)(
        kind in Just(kind), first in wall(), texts in vec(maybe(), 3), notes in note(),
        days in 1_u32..4, seconds in 0_u32..90_000, mixed in any::<bool>(), rules in vec(rule(), 0..2),
        excluded in vec(rule(), 0..2), dates in vec(wall(), 0..3), changes in vec((wall(), change(kind == 0)), 0..3),
        guests in vec(guest(), 0..3), alerts in vec(alert(), 0..3), flag in any::<bool>(),
        privacy in select(calendar::Privacy::ALL), status in select(calendar::Status::ALL),
        free in select(calendar::FreeBusyStatus::ALL), categories in vec(word(), 0..3),
        uid in select(vec!["", "u@a.example"]),
    ) -> Event {
        let mut texts = texts.into_iter();
        let mut next = || texts.next().unwrap_or_default();
        let start = start(kind, first);
        let series = start.clone();
        let id = move |wall: NaiveDateTime| {
            if series.is_all_day() { RecurrenceId::Date(wall.date()) } else { RecurrenceId::Local(wall) }.to_string()
        };
        let duration = match (start.is_all_day(), mixed) {
            (true, _) => calendar::Duration::days(days),
            (false, true) => calendar::Duration { days, seconds },
            (false, false) => calendar::Duration::seconds(seconds),
        };
        Event {
            uid: uid.into(), title: next(), description: notes, location: next(), color: next(),
            start: Some(start), duration, recurrence_rules: rules, excluded_recurrence_rules: excluded,
            recurrence_dates: dates.into_iter().map(|wall| (id(wall), true)).collect(),
            recurrence_overrides: changes.into_iter().map(|(wall, change)| (id(wall), change)).collect(),
            participants: guests.into_iter().collect(), alerts: alerts.into_iter().collect(),
            use_default_alerts: flag, privacy, free_busy_status: free, status,
            url: "https://a.example/?a=1,2;3".into(), conference_url: "https://b.example/x".into(),
            categories: categories.into_iter().map(|text| (text.to_lowercase(), text)).collect(),
        }
    }
}

mod round_trips {
    use super::*;
    use crate::*;

    fn options() -> Options {
        Options { region: Some("FR".into()) }
    }

    fn contacts_back(format: ContactFormat, contact: &Contact, unknown: &[String]) -> Vec<Imported<Contact>> {
        let mut out = Vec::new();
        write_contacts(&mut out, format, [(contact.clone(), unknown.to_vec())]).unwrap();
        read_contacts(out.as_slice(), format, &options())
            .map(|found| found.unwrap_or_else(|bad| panic!("{bad} in {}", String::from_utf8_lossy(&out))))
            .collect()
    }

    fn events_back(format: EventFormat, event: &Event, unknown: &[String]) -> Vec<Imported<Event>> {
        let mut out = Vec::new();
        let stamp = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        write_events(&mut out, format, stamp, [(event.clone(), unknown.to_vec())]).unwrap();
        read_events(out.as_slice(), format)
            .map(|found| found.unwrap_or_else(|bad| panic!("{bad} in {}", String::from_utf8_lossy(&out))))
            .collect()
    }

    /// What Google's table can hold of a contact.
    fn for_google(contact: Contact) -> Contact {
        let plain = |text: &String| !text.starts_with('*');
        let mut contact = contact;
        contact.uid.clear();
        contact.private = false;
        contact.name.surname = vcard::with_particle(&contact.name.particle, &contact.name.surname);
        contact.name.particle.clear();
        if !contact.name.has_parts() {
            contact.name.full.clear();
            contact.name.given = "Anne".into();
        }
        contact.notes = contact.notes.trim().to_owned();
        contact.groups.retain(|_, name| plain(name));
        contact.relations.retain(|_, item| item.label == "child");
        for email in contact.emails.values_mut() {
            email.preferred = false;
        }
        for phone in contact.phones.values_mut() {
            phone.preferred = false;
        }
        for address in contact.addresses.values_mut() {
            address.preferred = false;
            address.street = address.street.trim().to_owned();
            if address.country.len() == 2 {
                address.country.clear();
            }
        }
        contact
    }

    proptest! {
        #[test]
        fn a_contact_comes_back_from_vcard_and_jscontact_as_it_went(
            contact in contact(), unknown in vec("X-OTHER-[A-Z]{1,5}:[a-z ]{0,5}[a-z]", 0..2),
        ) {
            for format in [ContactFormat::VCard4, ContactFormat::VCard3, ContactFormat::JsContact] {
                let back = contacts_back(format, &contact, &unknown);
                prop_assert_eq!(back.len(), 1);
                prop_assert_eq!(&back[0].record, &contact, "{:?}", format);
                prop_assert_eq!(&back[0].unknown, &unknown);
            }
        }

        #[test]
        fn what_google_can_hold_comes_back_from_its_table(
            contact in contact().prop_filter("holds the separator", |one| !format!("{one:?}").contains(":::")),
        ) {
            let contact = for_google(contact);
            let back = contacts_back(ContactFormat::GoogleCsv, &contact, &[]);
            prop_assert_eq!(back.len(), 1);
            prop_assert_eq!(&back[0].record, &contact);
        }

        #[test]
        fn an_event_comes_back_from_icalendar_and_jscalendar_as_it_went(
            event in event(), unknown in vec("X-OTHER-[A-Z]{1,5}:[a-z ]{0,5}[a-z]", 0..2),
        ) {
            for format in [EventFormat::ICalendar, EventFormat::JsCalendar] {
                let back = events_back(format, &event, &unknown);
                prop_assert_eq!(back.len(), 1);
                prop_assert_eq!(&back[0].record, &event, "{:?}", format);
                prop_assert_eq!(&back[0].unknown, &unknown);
            }
        }

        #[test]
        fn no_file_makes_a_reader_fail(bytes in vec(any::<u8>(), 0..200), text in "(BEGIN:VCARD|END:VCARD|BEGIN:VEVENT|DTSTART|RRULE:|TEL|N|[:;=,\n\\\\\"{}\\[\\]]|\\PC){0,40}") {
            for input in [bytes.as_slice(), text.as_bytes()] {
                for format in ContactFormat::ALL {
                    let _ = read_contacts(input, *format, &options()).take(100).count();
                }
                for format in EventFormat::ALL {
                    let _ = read_events(input, *format).take(100).count();
                }
                let _ = (detect_contacts(None, input), detect_events(None, input));
            }
        }
    }
}
