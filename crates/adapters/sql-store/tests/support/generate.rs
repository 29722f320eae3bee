//! Contacts and events as proptest makes them: every member, as the domain files its keys.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, dead_code)]

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate, NaiveDateTime, TimeDelta};
use passerelle_calendar::{
    Alert, AlertAction, Duration, Event, FreeBusyStatus, Override, Participant, ParticipationStatus, Privacy,
    RecurrenceId, Role, Start, Status,
};
use passerelle_contacts::{
    Address, Contact, Email, Im, Labelled, LabelledDate, Name, Organization, PartialDate, Phone, address_key,
    email_key, im_key, keyed, phone_key, relation_key, text_key, url_key,
};
use proptest::{collection::vec, option, prelude::*, sample::select};

pub fn text() -> impl Strategy<Value = String> {
    "[a-zéÀß中 '\"\\\\%_;\n#2]{0,10}"
}

fn word() -> impl Strategy<Value = String> {
    select(vec!["Work", "work", "Home", "É t é", "a#2", "a", "", "x/y", "%_", "O'Neil"])
        .prop_map(str::to_owned)
}

fn full_word() -> impl Strategy<Value = String> {
    word().prop_map(|word| if word.is_empty() { "w".to_owned() } else { word })
}

fn date() -> impl Strategy<Value = PartialDate> {
    select(vec!["2026-11-23", "--02-29", "1980", "1980-12", "0001-01-01"])
        .prop_map(|text| text.parse().unwrap())
}

fn name() -> impl Strategy<Value = Name> {
    vec(text(), 9).prop_map(|texts| {
        let mut texts = texts.into_iter();
        let mut next = || texts.next().unwrap();
        Name {
            prefix: next(),
            given: next(),
            middle: next(),
            particle: next(),
            surname: next(),
            suffix: next(),
            phonetic_given: next(),
            phonetic_surname: next(),
            full: next(),
        }
    })
}

fn organization() -> impl Strategy<Value = Organization> {
    (word(), text(), text()).prop_map(|(name, title, department)| Organization { name, title, department })
}

fn address() -> impl Strategy<Value = Address> {
    (word(), vec(text(), 7), select(vec!["", "FR", "de"]), any::<bool>()).prop_map(
        |(label, texts, country_code, preferred)| {
            let mut texts = texts.into_iter();
            let mut next = || texts.next().unwrap();
            Address {
                label,
                street: next(),
                extended: next(),
                po_box: next(),
                postcode: next(),
                city: next(),
                region: next(),
                country: next(),
                country_code: country_code.to_owned(),
                preferred,
            }
        },
    )
}

fn labelled() -> impl Strategy<Value = Labelled> {
    (word(), text()).prop_map(|(label, value)| Labelled { label, value })
}

fn phone() -> impl Strategy<Value = Phone> {
    let number = select(vec!["01 23 45 67 89", "+33123456789", "12", "0123456789 poste 4", "anne"]);
    (number, word(), any::<bool>()).prop_map(|(number, label, preferred)| Phone {
        number: number.to_owned(),
        label,
        preferred,
    })
}

fn some<T: std::fmt::Debug>(of: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<T>> {
    vec(of, 0..4)
}

prop_compose! {
    fn lists()(
        emails in some((full_word(), word(), any::<bool>())), phones in some(phone()), addresses in some(address()),
        urls in some(labelled()), ims in some((word(), text(), word())), dates in some((word(), date())),
        relations in some(labelled()), organizations in some(organization()), nicknames in some(text()),
        custom in some(labelled()), groups in some(full_word()),
    ) -> Contact {
        let email = |(local, label, preferred): (String, String, bool)| {
            let address = format!("{local}@Example.org");
            (email_key(&address), Email { address, label, preferred })
        };
        // A group is one thing, however many contacts or keys name it.
        let groups: std::collections::BTreeSet<String> = groups.into_iter().collect();
        Contact {
            emails: keyed(emails.into_iter().map(email)),
            phones: keyed(phones.into_iter().map(|phone| (phone_key(&phone.number, Some("FR")), phone))),
            addresses: keyed(addresses.into_iter().map(|address| (address_key(&address.label), address))),
            urls: keyed(urls.into_iter().map(|url| (url_key(&url.value), url))),
            ims: keyed(ims.into_iter().map(|(service, handle, label)| {
                (im_key(&service, &handle), Im { service, handle, label })
            })),
            dates: keyed(dates.into_iter().map(|(label, date)| (text_key(&label), LabelledDate { label, date }))),
            relations: keyed(relations.into_iter().map(|it| (relation_key(&it.label, &it.value), it))),
            other_organizations: keyed(organizations.into_iter().map(|it| (text_key(&it.name), it))),
            nicknames: keyed(nicknames.into_iter().map(|it| (text_key(&it), it))),
            custom: keyed(custom.into_iter().map(|it| (text_key(&it.label), it))),
            groups: keyed(groups.into_iter().map(|it| (text_key(&it), it))),
            ..Contact::default()
        }
    }
}

prop_compose! {
    pub fn contact()(
        lists in lists(), name in name(), organization in organization(), birthday in option::of(date()),
        anniversary in option::of(date()), uid in text(), notes in text(), photo in text(), private in any::<bool>(),
    ) -> Contact {
        Contact { name, organization, birthday, anniversary, uid, notes, photo, private, ..lists }
    }
}

fn day() -> impl Strategy<Value = NaiveDate> {
    (0_u64..4_000).prop_map(|days| NaiveDate::from_ymd_opt(2024, 2, 28).unwrap() + Days::new(days))
}

fn moment() -> impl Strategy<Value = NaiveDateTime> {
    (day(), 0_i64..86_400).prop_map(|(day, second)| NaiveDateTime::from(day) + TimeDelta::seconds(second))
}

pub fn start() -> impl Strategy<Value = Start> {
    prop_oneof![
        day().prop_map(|date| Start::Date { date }),
        (moment(), select(vec!["Europe/Paris", "Etc/UTC", "America/St_Johns"]))
            .prop_map(|(local, zone)| Start::Zoned { local, zone: zone.to_owned() }),
        moment().prop_map(|local| Start::Floating { local }),
    ]
}

fn duration() -> impl Strategy<Value = Duration> {
    (0_u32..3, select(vec![0, 1, 3_600, u32::MAX])).prop_map(|(days, seconds)| Duration { days, seconds })
}

fn participant() -> impl Strategy<Value = (String, Participant)> {
    (full_word(), text(), 0_usize..4, 0_usize..4, any::<bool>(), any::<bool>(), text()).prop_map(
        |(local, name, role, answer, resource, organizer, comment)| {
            let email = format!("{local}@Example.org");
            let guest = Participant {
                email: email.clone(),
                name,
                role: Role::ALL[role],
                participation_status: ParticipationStatus::ALL[answer],
                resource,
                organizer,
                comment,
            };
            (email.trim().to_lowercase(), guest)
        },
    )
}

fn participants() -> impl Strategy<Value = BTreeMap<String, Participant>> {
    some(participant()).prop_map(|guests| guests.into_iter().collect())
}

fn alerts() -> impl Strategy<Value = BTreeMap<String, Alert>> {
    let alert = (0_usize..2, select(vec![i32::MIN, -5, 0, 10, 40_320]));
    some(alert).prop_map(|alerts| {
        let alert = |(action, minutes_before)| Alert { action: AlertAction::ALL[action], minutes_before };
        alerts.into_iter().map(alert).map(|alert| (alert.key(), alert)).collect()
    })
}

fn occurrence() -> impl Strategy<Value = String> {
    prop_oneof![
        day().prop_map(|day| RecurrenceId::Date(day).to_string()),
        moment().prop_map(|local| RecurrenceId::Local(local).to_string()),
    ]
}

prop_compose! {
    fn changes()(
        excluded in any::<bool>(), texts in vec(option::of(text()), 4), start in option::of(start()),
        duration in option::of(duration()), status in option::of(0_usize..3), busy in option::of(0_usize..2),
        participants in option::of(participants()), alerts in option::of(alerts()),
        privacy in option::of(0_usize..4), links in vec(option::of(text()), 2),
        categories in option::of(some(full_word())), use_default_alerts in option::of(any::<bool>()),
    ) -> Override {
        let [title, description, location, color] = texts.try_into().unwrap();
        let [url, conference_url] = links.try_into().unwrap();
        let categories = categories
            .map(|texts| texts.into_iter().map(|text| (text.trim().to_lowercase(), text)).collect());
        Override {
            excluded, title, description, location, start, duration,
            status: status.map(|status| Status::ALL[status]),
            free_busy_status: busy.map(|busy| FreeBusyStatus::ALL[busy]),
            privacy: privacy.map(|privacy| Privacy::ALL[privacy]), url, conference_url, categories,
            use_default_alerts, color, participants, alerts,
        }
    }
}

prop_compose! {
    fn series()(
        rules in some(select(vec!["FREQ=WEEKLY;BYDAY=MO", "FREQ=DAILY;COUNT=3", "freq=yearly"])),
        excluded in some(select(vec!["FREQ=MONTHLY;BYMONTHDAY=1"])),
        dates in some(occurrence()), overrides in some((occurrence(), changes())),
        categories in some(full_word()),
    ) -> Event {
        Event {
            recurrence_rules: rules.into_iter().map(str::to_owned).collect(),
            excluded_recurrence_rules: excluded.into_iter().map(str::to_owned).collect(),
            recurrence_dates: dates.into_iter().map(|key| (key, true)).collect(),
            recurrence_overrides: overrides.into_iter().collect(),
            categories: categories.into_iter().map(|it| (it.trim().to_lowercase(), it)).collect(),
            ..Event::default()
        }
    }
}

prop_compose! {
    pub fn event()(
        series in series(), texts in vec(text(), 7), start in start(), duration in duration(),
        participants in participants(), alerts in alerts(), use_default_alerts in any::<bool>(),
        choices in (0_usize..4, 0_usize..2, 0_usize..3),
    ) -> Event {
        let mut texts = texts.into_iter();
        let mut next = || texts.next().unwrap();
        let duration = if start.is_all_day() { Duration { seconds: 0, ..duration } } else { duration };
        Event {
            uid: next(), title: next(), description: next(), location: next(), color: next(), url: next(),
            conference_url: next(),
            start: Some(start), duration, participants, alerts, use_default_alerts,
            privacy: Privacy::ALL[choices.0],
            free_busy_status: FreeBusyStatus::ALL[choices.1],
            status: Status::ALL[choices.2],
            ..series
        }
    }
}
