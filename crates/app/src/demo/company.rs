//! The sample company of the demonstration: made from lists, the same at every run, and nobody's data.

use std::collections::BTreeMap;

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, Weekday};
use passerelle_calendar::{
    Alert, AlertAction, Duration, Event, FreeBusyStatus, Override, Participant, ParticipationStatus, Privacy,
    RecurrenceId, Role, Start,
};
use passerelle_contacts::{
    Address, Contact, Email, Labelled, PartialDate, Phone, email_key, phone_key, text_key,
};

/// How many contacts the company has.
pub const CONTACTS: usize = 240;
/// How many event series the sales person has.
pub const EVENTS: usize = 320;
/// The zone in which the company works.
pub const ZONE: &str = "Europe/Paris";

const GIVEN: &[&str] = &[
    "Anne",
    "Bruno",
    "Camille",
    "Denis",
    "Élodie",
    "François",
    "Gaëlle",
    "Hervé",
    "Inès",
    "Jérôme",
    "Karine",
    "Loïc",
    "Maëlys",
    "Noël",
    "Odile",
    "Pascal",
    "Quentin",
    "Renée",
    "Sébastien",
    "Thérèse",
    "Ulysse",
    "Véronique",
    "Yann",
    "Zoé",
];
const SURNAMES: &[&str] = &[
    "Aubry",
    "Béranger",
    "Chevalier",
    "Delacroix",
    "Étienne",
    "Fauré",
    "Garnier",
    "Huguet",
    "Isnard",
    "Joly",
    "Kerguelen",
    "Lefèvre",
    "Marchand",
    "Noiret",
    "Ozanne",
    "Perrault",
    "Quéré",
    "Rousseau",
    "Sérusier",
    "Tissot",
    "Urbain",
    "Vasseur",
    "Weber",
    "Yvon",
    "Zola",
];
const FIRMS: &[&str] = &[
    "Menuiserie Océane",
    "Vergers du Layon",
    "Imprimerie Salamandre",
    "Ateliers Brodard",
    "Cartonnages du Forez",
    "Fonderie Saint-Éloi",
    "Laiterie des Monts",
    "Transports Kerjean",
    "Tuilerie de Bourgogne",
    "Verrerie d'Art",
    "Conserverie du Port",
    "Horlogerie Comtoise",
];
const PLACES: &[(&str, &str, &str)] = &[
    ("44000", "Nantes", "quai de la Fosse"),
    ("49000", "Angers", "rue Saint-Aubin"),
    ("42000", "Saint-Étienne", "rue des Martyrs-de-Vingré"),
    ("21000", "Dijon", "rue de la Liberté"),
    ("29200", "Brest", "rue de Siam"),
    ("25000", "Besançon", "Grande Rue"),
    ("69002", "Lyon", "rue Mercière"),
    ("33000", "Bordeaux", "cours de l'Intendance"),
];
const TITLES: &[&str] = &[
    "Directrice des achats",
    "Gérant",
    "Responsable logistique",
    "Assistante de direction",
    "Chef d'atelier",
];
const DEPARTMENTS: &[&str] = &["Achats", "Direction", "Logistique", "Qualité"];
const GROUPS: &[&str] = &["Clients", "Prospects", "Fournisseurs"];

/// Returns the company's contacts.
pub fn contacts() -> Vec<Contact> {
    (0..CONTACTS).map(contact).collect()
}

/// Returns the sales person's appointments, in a year that holds both changes of the clocks.
pub fn events() -> Vec<Event> {
    (0..EVENTS).map(event).collect()
}

/// Returns the contact of a number.
pub fn at(n: usize) -> Contact {
    contact(n)
}

/// Returns the first address of a contact.
pub fn email_of(contact: &Contact) -> &str {
    contact.emails.values().find(|email| email.label == "work").map_or("", |email| &email.address)
}

/// Returns the title of the first appointment made like number `n`: 1 a weekly visit, 4 a fortnightly
/// call, 8 a single visit.
pub fn title_of_kind(n: usize) -> String {
    event(n).title
}

/// Returns contacts that are on the phone and not in the company's tables.
pub fn only_on_the_phone() -> Vec<Contact> {
    (0..6)
        .map(|n| {
            let mut contact = Contact::default();
            contact.name.given = pick(GIVEN, n + 3).to_owned();
            contact.name.surname = format!("{}-Mercier", pick(SURNAMES, n + 11));
            contact.organization.name = "Amicale des anciens".to_owned();
            add_email(&mut contact, &format!("ancien{n}@amicale.example"), "home");
            add_phone(&mut contact, &format!("+33698{:06}", 700_000 + n * 13), "mobile");
            contact
        })
        .collect()
}

/// Returns appointments that are in the phone's calendar and not in the company's tables.
pub fn only_in_the_phones_calendar() -> Vec<Event> {
    (0..5).map(|n| timed(&format!("Footing du club ({n})"), day(2027, 5, 3 + n as u32), 7, 45)).collect()
}

/// Picks from a list, going round it for ever.
fn pick<T: Copy + Default>(list: &[T], n: usize) -> T {
    list.get(n % list.len().max(1)).copied().unwrap_or_default()
}

fn contact(n: usize) -> Contact {
    let given = pick(GIVEN, n * 7 + n / GIVEN.len());
    let surname = pick(SURNAMES, n);
    let firm = pick(FIRMS, n / 3);
    let host = format!("{}.example", ascii(firm));
    let mut contact = Contact { uid: format!("client-{n:04}@demo.passerelle.example"), ..Contact::default() };
    contact.name.given = given.to_owned();
    contact.name.surname = surname.to_owned();
    if n % 60 == 4 {
        contact.name.particle = "de".to_owned();
    }
    if n % 25 == 1 {
        contact.name.prefix = "Dr".to_owned();
    }
    contact.organization.name = firm.to_owned();
    contact.organization.title = pick(TITLES, n).to_owned();
    contact.organization.department = pick(DEPARTMENTS, n / 2).to_owned();
    add_email(&mut contact, &format!("{}.{}{n}@{host}", ascii(given), ascii(surname)), "work");
    if n.is_multiple_of(4) {
        add_email(&mut contact, &format!("{}{n}@courriel.example", ascii(surname)), "home");
    }
    add_phone(&mut contact, &format!("+332405{:05}", 10_000 + n * 7), "work");
    if n.is_multiple_of(2) {
        add_phone(&mut contact, &format!("+33612{:06}", 300_000 + n * 11), "mobile");
    }
    let (postcode, city, street) = PLACES.get(n % PLACES.len()).copied().unwrap_or_default();
    contact.addresses.insert(
        "work".to_owned(),
        Address {
            label: "work".to_owned(),
            street: format!("{}, {street}", 1 + n % 90),
            postcode: postcode.to_owned(),
            city: city.to_owned(),
            country: "France".to_owned(),
            country_code: "FR".to_owned(),
            ..Address::default()
        },
    );
    if n.is_multiple_of(5) {
        let (month, day) = (1 + (n as u32 / 5) % 12, 1 + n as u32 % 28);
        let year = n.is_multiple_of(10).then_some(1960 + (n as i32) % 40);
        contact.birthday = Some(PartialDate { year, month: Some(month), day: Some(day) });
    }
    if n % 6 == 2 {
        contact.notes = format!("Rencontré au salon d'Angers.\nRappeler au printemps (dossier {n}).");
    }
    let group = pick(GROUPS, n);
    contact.groups.insert(text_key(group), group.to_owned());
    if n % 12 == 5 {
        let label = "Numéro de client".to_owned();
        contact.custom.insert(text_key(&label), Labelled { label, value: format!("C{:05}", 40_000 + n) });
    }
    contact
}

fn add_email(contact: &mut Contact, address: &str, label: &str) {
    let email = Email { address: address.to_owned(), label: label.to_owned(), preferred: false };
    contact.emails.insert(email_key(address), email);
}

fn add_phone(contact: &mut Contact, number: &str, label: &str) {
    let phone = Phone { number: number.to_owned(), label: label.to_owned(), preferred: false };
    contact.phones.insert(phone_key(number, Some("FR")), phone);
}

fn event(n: usize) -> Event {
    let mut event = match n % 10 {
        0 | 1 => weekly_visit(n),
        2 => fair(n),
        3 => private_appointment(n),
        4 => fortnightly_call(n),
        5 => monthly_report(n),
        6 | 7 => meeting_with_guests(n),
        _ => single_visit(n),
    };
    event.uid = format!("rdv-{n:04}@demo.passerelle.example");
    event
}

fn weekly_visit(n: usize) -> Event {
    let day = weekday_from(2027, 1 + (n as u32 / 30) % 2, 4 + (n as u32 % 20), n);
    let mut event =
        timed(&format!("Visite {} ({n})", pick(FIRMS, n)), day, 8 + (n as u32 % 9), 60 + 15 * (n as u32 % 3));
    event.recurrence_rules = vec![format!("FREQ=WEEKLY;COUNT=44;BYDAY={}", by_day(day.weekday()))];
    event.location = place(n);
    event.description = format!("Tournée n° {n} : catalogue, commandes en cours, réclamations.");
    event.alerts.extend([alert(30)]);
    if n.is_multiple_of(20) {
        // The visit of the fourth week is called off, that of the sixth begins two hours later.
        let week = |weeks: u64| start_of(&event).map(|start| start + Days::new(7 * weeks));
        if let (Some(off), Some(moved)) = (week(3), week(5)) {
            let later = moved + chrono::Duration::hours(2);
            let move_to = Start::Zoned { local: later, zone: ZONE.to_owned() };
            event.recurrence_overrides.insert(
                RecurrenceId::Local(off).to_string(),
                Override { excluded: true, ..Override::default() },
            );
            event.recurrence_overrides.insert(
                RecurrenceId::Local(moved).to_string(),
                Override { start: Some(move_to), ..Override::default() },
            );
        }
    }
    event
}

fn fair(n: usize) -> Event {
    let date = day(2027, 1 + (n as u32 / 10) % 12, 2 + n as u32 % 25);
    Event {
        title: format!(
            "Salon de {} ({})",
            PLACES.get(n / 10 % PLACES.len()).map_or("Nantes", |place| place.1),
            n
        ),
        start: Some(Start::Date { date }),
        duration: Duration { days: 1 + n as u32 % 3, seconds: 0 },
        free_busy_status: if n % 20 == 2 { FreeBusyStatus::Free } else { FreeBusyStatus::Busy },
        categories: BTreeMap::from([("salon".to_owned(), "Salon".to_owned())]),
        ..Event::default()
    }
}

fn private_appointment(n: usize) -> Event {
    let mut event =
        timed(&format!("Dentiste ({n})"), day(2027, 1 + n as u32 % 12, 3 + n as u32 % 24), 18, 45);
    event.privacy = Privacy::Private;
    event.location = "Cabinet du Dr Perrault".to_owned();
    event
}

fn fortnightly_call(n: usize) -> Event {
    let date = weekday_from(2027, 1, 5, n);
    let mut event =
        timed(&format!("Point téléphonique {} ({n})", pick(FIRMS, n / 2)), date, 9 + n as u32 % 8, 30);
    event.recurrence_rules =
        vec![format!("FREQ=WEEKLY;INTERVAL=2;COUNT=24;BYDAY={}", by_day(date.weekday()))];
    event.alerts.extend([alert(10)]);
    event
}

fn monthly_report(n: usize) -> Event {
    let date = weekday_from(2027, 1, 1 + n as u32 % 20, n);
    let mut event = timed(&format!("Rapport mensuel, secteur {n}"), date, 17, 60);
    event.recurrence_rules = vec![format!("FREQ=MONTHLY;COUNT=12;BYMONTHDAY={}", date.day().min(28))];
    event
}

fn meeting_with_guests(n: usize) -> Event {
    let mut event = timed(
        &format!("Réunion {} ({n})", pick(FIRMS, n)),
        day(2027, 1 + n as u32 % 12, 1 + n as u32 % 27),
        14,
        90,
    );
    event.location = place(n);
    for guest in [n, n + 1] {
        let name = format!("{} {}", pick(GIVEN, guest * 7), pick(SURNAMES, guest));
        let email = format!("invite{guest}@{}.example", ascii(pick(FIRMS, guest)));
        event.participants.insert(
            email.clone(),
            Participant {
                email,
                name,
                role: if guest == n { Role::Required } else { Role::Optional },
                participation_status: ParticipationStatus::NeedsAction,
                ..Participant::default()
            },
        );
    }
    event
}

fn single_visit(n: usize) -> Event {
    // The last Sundays of March and October are when the clocks change: some visits surround them.
    let date = match n % 20 {
        8 => day(2027, 3, 29),
        9 => day(2027, 10, 31),
        _ => day(2027, 1 + n as u32 % 12, 1 + n as u32 % 28),
    };
    let mut event =
        timed(&format!("Démonstration chez {} ({n})", pick(FIRMS, n)), date, 10 + n as u32 % 6, 60);
    event.location = place(n);
    event
}

fn timed(title: &str, date: NaiveDate, hour: u32, minutes: u32) -> Event {
    let local = date.and_time(NaiveTime::from_hms_opt(hour, 0, 0).unwrap_or_default());
    Event {
        title: title.to_owned(),
        start: Some(Start::Zoned { local, zone: ZONE.to_owned() }),
        duration: Duration { days: 0, seconds: minutes * 60 },
        ..Event::default()
    }
}

fn start_of(event: &Event) -> Option<NaiveDateTime> {
    match &event.start {
        Some(Start::Zoned { local, .. } | Start::Floating { local }) => Some(*local),
        _ => None,
    }
}

fn alert(minutes_before: i32) -> (String, Alert) {
    let alert = Alert { action: AlertAction::Display, minutes_before };
    (alert.key(), alert)
}

fn place(n: usize) -> String {
    let (postcode, city, street) = PLACES.get(n % PLACES.len()).copied().unwrap_or_default();
    format!("{}, {street}, {postcode} {city}", 1 + n % 90)
}

fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default()
}

/// The first working day from a date on, shifted by `n` so that the week is filled evenly.
fn weekday_from(year: i32, month: u32, from: u32, n: usize) -> NaiveDate {
    let mut date = day(year, month, from) + Days::new(n as u64 % 5);
    while matches!(date.weekday(), Weekday::Sat | Weekday::Sun) {
        date = date + Days::new(1);
    }
    date
}

fn by_day(weekday: Weekday) -> &'static str {
    match weekday {
        Weekday::Mon => "MO",
        Weekday::Tue => "TU",
        Weekday::Wed => "WE",
        Weekday::Thu => "TH",
        Weekday::Fri => "FR",
        Weekday::Sat => "SA",
        Weekday::Sun => "SU",
    }
}

/// A word without accents, spaces and signs, for made-up addresses.
fn ascii(text: &str) -> String {
    text.to_lowercase()
        .chars()
        .filter_map(|c| match c {
            'à' | 'â' | 'ä' => Some('a'),
            'é' | 'è' | 'ê' | 'ë' => Some('e'),
            'î' | 'ï' => Some('i'),
            'ô' | 'ö' => Some('o'),
            'ù' | 'û' | 'ü' => Some('u'),
            'ç' => Some('c'),
            c if c.is_ascii_alphanumeric() => Some(c),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use passerelle_ports::Record;

    use super::*;

    #[test]
    fn no_two_contacts_and_no_two_events_are_look_alikes() {
        let keys = contacts().iter().flat_map(Contact::match_keys).collect::<Vec<_>>();
        assert_eq!(keys.len(), keys.iter().collect::<BTreeSet<_>>().len());
        let keys = events().iter().flat_map(Event::match_keys).collect::<Vec<_>>();
        assert_eq!(keys.len(), keys.iter().collect::<BTreeSet<_>>().len());
    }

    #[test]
    fn the_company_is_large_enough_and_the_same_at_every_run() {
        assert!(contacts().len() >= 200 && events().len() >= 300);
        assert_eq!(contacts(), contacts());
        assert_eq!(events(), events());
    }
}
