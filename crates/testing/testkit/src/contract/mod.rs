//! The contract: one test per promise, expanded by each adapter.

pub mod replica;

use std::{future::Future, sync::Arc};

use async_trait::async_trait;
use passerelle_ports::{ItemId, Record, Replica};

/// An empty replica, and the hand of a person who works on its collection behind the adapter's back.
#[async_trait]
pub trait Subject<R: Record>: Send + Sync {
    /// Returns the replica.
    fn replica(&self) -> Arc<dyn Replica<R>>;

    /// Returns the n-th sample record: each differs from every other, and the replica can hold it.
    fn sample(&self, number: usize) -> R;

    /// Returns the record with one field changed; a different one, or to a different value, for each number.
    fn changed(&self, record: &R, number: usize) -> R;

    /// A person makes an item.
    async fn person_creates(&self, record: R) -> ItemId;

    /// A person changes an item, so that it is this record.
    async fn person_changes(&self, id: &ItemId, record: R);

    /// A person removes an item.
    async fn person_deletes(&self, id: &ItemId);

    /// What was written is visible in listings from now on: time passes, or nothing has to happen.
    async fn settle(&self);

    /// Returns the name of another collection of the same replica; `None` where there is none to move an item into.
    async fn elsewhere(&self) -> Option<String> {
        None
    }

    /// From now on an item is there and cannot be read. Returns false where that never happens, or cannot be played.
    async fn spoil(&self, _id: &ItemId) -> bool {
        false
    }

    /// Every cursor given so far is no longer good. Returns false where that never happens.
    async fn expire_cursors(&self) -> bool;
}

/// Runs a future to its end on this thread.
///
/// # Panics
///
/// Where no runtime can be made.
#[allow(clippy::expect_used)]
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be made")
        .block_on(future)
}

/// Expands to one test per promise R1 to R17.
///
/// `$make` is a function that returns a future of an empty [`Subject`].
#[macro_export]
macro_rules! replica_contract {
    ($record:ty, $make:path) => {
        $crate::replica_contract!(@each $record, $make:
            r01_a_complete_listing_shows_everything
            r02_every_later_change_is_reported
            r03_only_the_end_ends_a_listing
            r04_an_old_cursor_is_refused
            r05_a_listing_is_whole
            r06_a_created_item_shows_its_key
            r06_a_second_create_makes_no_second_item
            r07_old_version_is_refused
            r08_an_update_changes_nothing_else
            r09_every_change_changes_the_version
            r10_updated_is_told
            r11_a_fetch_is_never_older_than_an_answer
            r12_one_result_per_write
            r13_a_write_answers_with_what_is_stored
            r14_no_two_items_have_one_id
            r15_outcomes_are_told
            r16_a_moved_item_stays_the_same
            r17_what_cannot_be_read_stops_only_itself
        );
    };
    (@each $record:ty, $make:path: $($promise:ident)*) => {
        $(
            #[test]
            fn $promise() {
                $crate::contract::block_on(async {
                    let subject = $make().await;
                    $crate::contract::replica::$promise::<$record>(&subject).await;
                });
            }
        )*
    };
}
