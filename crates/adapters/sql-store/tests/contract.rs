//! The contract of a replica, with a person at a SQL prompt working beside it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use chrono::DateTime;
use passerelle_calendar::{Duration, Event};
use passerelle_contacts::{Contact, Email, Phone, email_key, phone_key};
use passerelle_ports::{Changes, ItemId, Lease, Ledger, PairId, Record, Replica, Sides};
use passerelle_sql_store::SqlReplica;
use passerelle_testkit::{Note, contract::Subject};
use support::{Company, company};
use uuid::Uuid;

/// What the person needs to know of a kind of record: its table, and how its columns are filled.
trait Typed: Record {
    const TABLE: &'static str;
    fn replica(company: &Company) -> SqlReplica<Self>;
    fn sample(number: usize) -> Self;
    fn changed(&self, number: usize) -> Self;
    fn insert(&self, id: &str) -> String;
    fn update(&self, id: &str) -> String;
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

impl Typed for Contact {
    const TABLE: &'static str = "contacts";

    fn replica(company: &Company) -> SqlReplica<Self> {
        company.store.contacts(&company.anne)
    }

    fn sample(number: usize) -> Self {
        let mut contact = Contact::default();
        contact.name.given = format!("Zoé {number}");
        contact.organization.name = "O'Neil & Fils".into();
        let address = format!("p{number}@example.org");
        contact.emails.insert(email_key(&address), Email { address, label: "work".into(), preferred: true });
        let number = format!("01 23 45 67 {number:02}");
        contact.phones.insert(phone_key(&number, Some("FR")), Phone { number, ..Phone::default() });
        contact
    }

    fn changed(&self, number: usize) -> Self {
        Contact { notes: format!("note {number}"), ..self.clone() }
    }

    fn insert(&self, id: &str) -> String {
        let mut sql = format!("INSERT INTO contacts (id) VALUES ('{id}'); {}", self.update(id));
        for Email { address, label, preferred } in self.emails.values() {
            let values = format!("'{id}', {}, {}, {}", quoted(address), quoted(label), u8::from(*preferred));
            sql += &format!(
                "INSERT INTO contact_emails (contact_id, address, label, preferred) VALUES ({values});"
            );
        }
        for phone in self.phones.values() {
            let values = format!("'{id}', {}", quoted(&phone.number));
            sql += &format!("INSERT INTO contact_phones (contact_id, number) VALUES ({values});");
        }
        sql
    }

    fn update(&self, id: &str) -> String {
        format!(
            "UPDATE contacts SET given_name = {}, organization = {}, notes = {} WHERE id = '{id}';",
            quoted(&self.name.given),
            quoted(&self.organization.name),
            quoted(&self.notes),
        )
    }
}

impl Typed for Event {
    const TABLE: &'static str = "appointments";

    fn replica(company: &Company) -> SqlReplica<Self> {
        company.store.events(&company.anne)
    }

    fn sample(number: usize) -> Self {
        Event {
            title: format!("Visit {number}"),
            start: Some(format!("2026-11-{:02}T09:00:00[Europe/Paris]", number + 1).parse().unwrap()),
            duration: Duration::seconds(3_600),
            recurrence_rules: vec!["FREQ=WEEKLY;BYDAY=MO".into()],
            ..Event::default()
        }
    }

    fn changed(&self, number: usize) -> Self {
        Event { location: format!("Room {number}"), ..self.clone() }
    }

    fn insert(&self, id: &str) -> String {
        let wall = self.start.as_ref().unwrap().wall();
        format!(
            "INSERT INTO appointments (id, owner_id, start_local, start_zone, duration_seconds)
                 VALUES ('{id}', 'anne', '{wall}', 'Europe/Paris', {});
             INSERT INTO appointment_rules (appointment_id, rule) VALUES ('{id}', {});
             {}",
            self.duration.seconds,
            quoted(&self.recurrence_rules[0]),
            self.update(id),
        )
    }

    fn update(&self, id: &str) -> String {
        let (title, location) = (quoted(&self.title), quoted(&self.location));
        format!("UPDATE appointments SET title = {title}, location = {location} WHERE id = '{id}';")
    }
}

struct AtThePrompt {
    company: Company,
    typed: AtomicUsize,
}

async fn at_the_prompt() -> AtThePrompt {
    AtThePrompt { company: company().await, typed: AtomicUsize::new(0) }
}

#[async_trait]
impl<R: Typed> Subject<R> for AtThePrompt
where
    SqlReplica<R>: Replica<R>,
{
    fn replica(&self) -> Arc<dyn Replica<R>> {
        Arc::new(R::replica(&self.company))
    }

    fn sample(&self, number: usize) -> R {
        R::sample(number)
    }

    fn changed(&self, record: &R, number: usize) -> R {
        record.changed(number)
    }

    async fn person_creates(&self, record: R) -> ItemId {
        let id = format!("row-{}", self.typed.fetch_add(1, Ordering::Relaxed));
        self.company.client().run(&record.insert(&id));
        ItemId::new(id)
    }

    async fn person_changes(&self, id: &ItemId, record: R) {
        self.company.client().run(&record.update(id.as_str()));
    }

    async fn person_deletes(&self, id: &ItemId) {
        self.company.client().run(&format!("DELETE FROM {} WHERE id = '{id}'", R::TABLE));
    }

    async fn settle(&self) {}

    async fn expire_cursors(&self) -> bool {
        // The only pair there is has read everything; then what it has read is forgotten.
        self.company
            .client()
            .run("INSERT INTO contacts (id) VALUES ('x'); DELETE FROM contacts WHERE id = 'x'");
        let cursor = support::everything(&*Subject::<R>::replica(self)).await.cursor;
        let ledger = self.company.store.ledger::<Note>();
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let lease = Lease { pair: PairId::new("p"), holder: Uuid::from_u128(1), until: now };
        assert!(ledger.lease(&lease, now).await.unwrap());
        let cursors = Sides { local: Some(cursor), remote: None };
        ledger.commit(&lease, Changes { cursors, ..Changes::default() }).await.unwrap();
        self.company.store.prune_changes().await.unwrap() > 0
    }
}

mod contacts {
    passerelle_testkit::replica_contract!(passerelle_contacts::Contact, super::at_the_prompt);
}

mod events {
    passerelle_testkit::replica_contract!(passerelle_calendar::Event, super::at_the_prompt);
}
