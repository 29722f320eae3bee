//! The strict fake keeps every promise, as a local store and as a provider of either sort.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use passerelle_ports::{Clock, ItemId, Replica};
use passerelle_testkit::{MemOptions, MemReplica, Note, TestClock, contract::Subject};

struct Fake {
    clock: Arc<TestClock>,
    replica: Arc<MemReplica<Note>>,
}

impl Fake {
    fn new(options: MemOptions<Note>) -> Fake {
        let clock = Arc::new(TestClock::new());
        Fake { replica: Arc::new(MemReplica::new(options, clock.clone() as Arc<dyn Clock>)), clock }
    }
}

#[async_trait]
impl Subject<Note> for Fake {
    fn replica(&self) -> Arc<dyn Replica<Note>> {
        self.replica.clone()
    }
    fn sample(&self, number: usize) -> Note {
        let mut note = Note::new(format!("u{number}"), format!("title {number}"));
        note.phones.insert("home".into(), format!("{number}"));
        note
    }
    fn changed(&self, record: &Note, number: usize) -> Note {
        Note { body: format!("changed {number}"), ..record.clone() }
    }
    async fn person_creates(&self, record: Note) -> ItemId {
        self.replica.person_creates(record)
    }
    async fn person_changes(&self, id: &ItemId, record: Note) {
        self.replica.person_edits(id, |note| *note = record);
    }
    async fn person_deletes(&self, id: &ItemId) {
        self.replica.person_deletes(id);
    }
    async fn settle(&self) {
        self.clock.advance(Duration::from_secs(60));
    }
    async fn spoil(&self, id: &ItemId) -> bool {
        self.replica.set_unreadable(id, true);
        true
    }
    async fn expire_cursors(&self) -> bool {
        self.replica.expire_cursors();
        true
    }
}

mod local_store {
    use super::*;
    async fn make() -> Fake {
        Fake::new(MemOptions::local())
    }
    passerelle_testkit::replica_contract!(Note, make);
}

mod server_names_items {
    use super::*;
    async fn make() -> Fake {
        Fake::new(MemOptions::remote())
    }
    passerelle_testkit::replica_contract!(Note, make);
}

mod client_names_items {
    use super::*;
    async fn make() -> Fake {
        Fake::new(MemOptions { client_ids: true, ..MemOptions::remote() })
    }
    passerelle_testkit::replica_contract!(Note, make);
}
