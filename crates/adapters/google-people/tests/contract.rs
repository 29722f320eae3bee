//! The contract of a replica, against a pretend Google whose listings lag.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use passerelle_contacts::Contact;
use passerelle_google_people::{GooglePeople, Options};
use passerelle_google_sim::Knobs;
use passerelle_ports::{ItemId, Replica};
use passerelle_testkit::contract::Subject;
use serde_json::{Value, json};
use support::{Stage, client, named, options};

const LAG: Duration = Duration::from_secs(300);

struct Google(Stage);

async fn make() -> Google {
    let mut stage = Stage::with(Knobs { people_list_lag_seconds: 300, ..Knobs::default() }).await;
    let options = Options { read_lag: LAG, settle: LAG * 2, ..options(stage.clock.clone()) };
    stage.people = Arc::new(GooglePeople::new(client(&stage.sim, stage.clock.clone()), options));
    Google(stage)
}

/// What a person types into Google's web page.
fn typed(record: &Contact) -> Value {
    let emails: Vec<Value> =
        record.emails.values().map(|email| json!({"value": email.address, "type": email.label})).collect();
    json!({
        "names": [{"givenName": record.name.given, "familyName": record.name.surname}],
        "emailAddresses": emails,
        "biographies": [{"value": record.notes}],
    })
}

#[async_trait]
impl Subject<Contact> for Google {
    fn replica(&self) -> Arc<dyn Replica<Contact>> {
        self.0.people.clone()
    }
    fn sample(&self, number: usize) -> Contact {
        let mut contact = named(&format!("anne{number}"));
        contact.name.surname = "Dupont".into();
        contact
    }
    fn changed(&self, record: &Contact, number: usize) -> Contact {
        Contact { notes: format!("changed {number}"), ..record.clone() }
    }
    async fn person_creates(&self, record: Contact) -> ItemId {
        self.0.ui("create", &json!({"person": typed(&record)})).into()
    }
    async fn person_changes(&self, id: &ItemId, record: Contact) {
        self.0.ui("edit", &json!({"resourceName": id.as_str(), "person": typed(&record)}));
    }
    async fn person_deletes(&self, id: &ItemId) {
        self.0.ui("delete", &json!({"resourceName": id.as_str()}));
    }
    async fn settle(&self) {
        self.0.pass(LAG * 2);
    }
    async fn expire_cursors(&self) -> bool {
        self.0.sim.with(|core| core.expire(None, "people", None)).is_ok()
    }
}

passerelle_testkit::replica_contract!(Contact, make);
