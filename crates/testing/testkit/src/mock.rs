//! A mock of the port of a replica, beside the fakes: for a test that says what single calls answer, or that one is never made.
#![allow(clippy::expect_used)]

use std::sync::Arc;

use async_trait::async_trait;
use mockall::mock;
use passerelle_ports::{
    Capabilities, EntryId, From, ItemId, Page, PortResult, Record, Replica, Stored, Write, Written,
};

use crate::finish;

mock! {
    /// A replica that answers what is expected of it; any other call fails the test.
    pub Replica<R: Record> {}

    #[async_trait]
    impl<R: Record> Replica<R> for Replica<R> {
        fn capabilities(&self) -> Capabilities;
        async fn changes(&self, from: From) -> PortResult<Page<R>>;
        async fn fetch(&self, ids: &[ItemId]) -> PortResult<Vec<Option<Stored<R>>>>;
        async fn write(&self, batch: &[Write<R>]) -> PortResult<Vec<PortResult<Written<R>>>>;
        async fn outcome(&self, entries: &[EntryId]) -> PortResult<Vec<Option<Written<R>>>>;
    }
}

impl<R: Record> MockReplica<R> {
    /// Lets a fake answer what reads it, once what was expected before has been called as often as was said.
    #[must_use]
    pub fn reading(mut self, fake: &Arc<dyn Replica<R>>) -> Self {
        let [capable, listed, fetched] = [(); 3].map(|()| fake.clone());
        self.expect_capabilities().returning(move || capable.capabilities());
        self.expect_changes().returning(move |from| now(listed.changes(from)));
        self.expect_fetch().returning(move |ids| now(fetched.fetch(ids)));
        self
    }

    /// Lets a fake answer writes, likewise.
    #[must_use]
    pub fn writing(mut self, fake: &Arc<dyn Replica<R>>) -> Self {
        let [written, told] = [(); 2].map(|()| fake.clone());
        self.expect_write().returning(move |batch| now(written.write(batch)));
        self.expect_outcome().returning(move |entries| now(told.outcome(entries)));
        self
    }
}

/// The answer of a fake, which never waits.
fn now<T>(answer: impl Future<Output = T>) -> T {
    finish(answer).expect("a fake does not wait")
}
