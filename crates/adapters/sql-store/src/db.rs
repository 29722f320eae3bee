//! Connections, and the two ways to use one: a read and a write transaction.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use deadpool::managed::{self, Metrics, Pool, RecycleError, RecycleResult};
use diesel::Connection;

use crate::{
    StoreError,
    dialect::{self, Conn},
};

/// A connection that blocking threads can borrow.
type Slot = Arc<Mutex<Conn>>;

/// Opens connections for the pool.
struct Manager {
    path: Arc<Path>,
    busy: Duration,
}

impl managed::Manager for Manager {
    type Type = Slot;
    type Error = StoreError;

    async fn create(&self) -> Result<Slot, StoreError> {
        let (path, busy) = (self.path.clone(), self.busy);
        let connect = move || {
            let mut conn = dialect::establish(&path)?;
            dialect::prepare(&mut conn, busy)?;
            Ok(Arc::new(Mutex::new(conn)))
        };
        tokio::task::spawn_blocking(connect).await.map_err(|_| StoreError::Interrupted)?
    }

    async fn recycle(&self, slot: &mut Slot, _: &Metrics) -> RecycleResult<StoreError> {
        if slot.is_poisoned() {
            // A panic left a transaction open.
            return Err(RecycleError::message("poisoned"));
        }
        Ok(())
    }
}

/// The database.
#[derive(Clone)]
pub(crate) struct Db {
    pool: Pool<Manager>,
    /// Held by whoever writes, into its blocking thread: so that a question about an earlier write,
    /// whose caller went away, is answered only once that write is over.
    writer: Arc<tokio::sync::Mutex<()>>,
}

impl Db {
    pub(crate) fn new(path: PathBuf, connections: usize, busy: Duration) -> Result<Self, StoreError> {
        let pool = Pool::builder(Manager { path: path.into(), busy })
            .max_size(connections.max(1))
            .build()
            .map_err(|error| StoreError::Open(error.into()))?;
        Ok(Db { pool, writer: Arc::default() })
    }

    async fn run<T: Send + 'static>(
        &self,
        f: impl FnOnce(&mut Conn) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let slot = self.pool.get().await.map_err(|error| match error {
            managed::PoolError::Backend(error) => error,
            other => StoreError::Open(other.to_string().into()),
        })?;
        let borrowed = Arc::clone(&slot);
        // The slot goes back to the pool early only if this future is dropped; the lock then keeps
        // the next borrower waiting.
        let done = tokio::task::spawn_blocking(move || {
            let mut conn = borrowed.lock().map_err(|_: PoisonError<_>| StoreError::Interrupted)?;
            f(&mut conn)
        });
        done.await.map_err(|_| StoreError::Interrupted)?
    }

    /// Reads: everything within sees one state of the database.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        f: impl FnOnce(&mut Conn) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.run(move |conn| conn.transaction(f)).await
    }

    /// Writes: all of it, or nothing.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        f: impl FnOnce(&mut Conn) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let turn = Arc::clone(&self.writer).lock_owned().await;
        self.run(move |conn| {
            let result = dialect::write(conn, f);
            drop(turn);
            result
        })
        .await
    }

    /// Waits until no write is under way in this process.
    pub(crate) async fn quiet(&self) {
        drop(self.writer.lock().await);
    }
}
