//! Everything a use case works with, put together by a face.

use std::sync::Arc;

use passerelle_engine::EngineError;
use passerelle_ports::{Clock, Code, Detail, Ids, Kind, Lease, Side};
use uuid::Uuid;

use crate::{Company, Failure, Outcome, Pair, Provider, RuleBook, chosen_users};

/// The company, its provider, and the settings that use cases need.
pub struct Office {
    /// The company's database.
    pub company: Arc<dyn Company>,
    /// The provider.
    pub provider: Arc<dyn Provider>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The source of ids.
    pub ids: Arc<dyn Ids>,
    /// The name under which leases are held: one per state directory, so that a run after a crash need
    /// not wait for the lease of the one before.
    pub holder: Uuid,
    /// The rules, as the settings say.
    pub rules: RuleBook,
    /// How many days of history are kept; 0 = all of it.
    pub history_days: u64,
    /// How many items a listing of a provider's may bring.
    pub listing_max: u64,
}

impl Office {
    /// Returns the pairs in step, of one app user or of all, contacts first.
    ///
    /// # Errors
    ///
    /// `USE-102` when nobody has that name.
    pub async fn pairs(&self, user: Option<&str>) -> Outcome<Vec<Pair>> {
        let users = chosen_users(&*self.company, user).await?;
        let mut pairs = self.company.pairs().await?;
        pairs.retain(|pair| pair.enabled && users.iter().any(|user| user.id == pair.user));
        pairs.sort_by(|a, b| (&a.user, a.kind, &a.name, &a.id).cmp(&(&b.user, b.kind, &b.name, &b.id)));
        Ok(pairs)
    }
}

impl Office {
    /// Gives back the leases that a stopped run left: another installation need not wait until they expire.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn give_leases_back(&self) -> Outcome<()> {
        for pair in self.company.pairs().await? {
            let lease = Lease { pair: pair.id.clone(), holder: self.holder, until: self.clock.now() };
            let given = match pair.kind {
                Kind::Contacts => self.company.contact_ledger().release(&lease).await,
                Kind::Events => self.company.event_ledger().release(&lease).await,
            };
            given.map_err(|error| Failure::of_port(Side::Local, error))?;
        }
        Ok(())
    }
}

/// Turns an error of the engine into what a person can be told.
pub(crate) fn engine_failure(error: EngineError, pair: &Pair) -> Failure {
    match error {
        EngineError::Busy => Failure::new(Code::Sync112).with(Detail::User, &pair.user),
        EngineError::NotFound => Failure::new(Code::Use104),
        EngineError::DoesNotFit => Failure::new(Code::Use112),
        EngineError::Ledger(error) => Failure::of_port(Side::Local, error),
        other => Failure::new(Code::Bug101).because(other),
    }
}
