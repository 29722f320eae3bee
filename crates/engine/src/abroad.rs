//! Rows that came from other pairs, which have them at the provider: made there once more, they would be there twice,
//! and their guests invited again.

use std::collections::{BTreeMap, BTreeSet};

use passerelle_ports::{ErrorKind, Find, Link, LinkId, LinkState, PairId, PortError, Record, Side};
use passerelle_sync_rules::{
    Action, Intent, Plan, Trip, is_home, is_mass,
    mutants::{Mutant, on},
};

use crate::{
    engine::Engine,
    session::{Flow, Session, ledger},
};

/// What is said of a record with guests that another pair has at the provider.
const AGAIN: &str = "SYNC-131";

impl<R: Record> Engine<R> {
    /// Lets the engine know the other pairs of its kind, out of whose collections rows may come, and those that are no
    /// longer kept in step: what they had at the provider is there still.
    #[must_use]
    pub fn abroad(mut self, pairs: Vec<PairId>, parted: Vec<PairId>) -> Self {
        (self.abroad, self.parted) = (pairs, parted);
        self
    }
}

impl<R: Record> Session<'_, R> {
    /// Finds out which of some links would be made at the provider although another pair has them there, with guests.
    pub(crate) async fn find_invited(&mut self, links: &[Link<R>]) -> Flow<()> {
        self.invited.clear();
        let invites = |link: &&Link<R>| {
            let is_new = link.half() == Some(Side::Local) && link.copies.remote.is_none();
            let concerns = |link: &Link<R>| {
                link.alive(Side::Local).is_some_and(|stored| stored.record.concerned_others() > 0)
            };
            is_new && link.state != LinkState::Released && concerns(link) && !is_wanted(link)
        };
        let links: Vec<&Link<R>> = links.iter().filter(invites).collect();
        if links.is_empty() || on(Mutant::InvitedAbroad) {
            return Ok(());
        }
        let parted = self.engine.parted.iter().filter(|_| !on(Mutant::PartedForgotten));
        for (pair, known) in self.known_abroad(self.engine.abroad.iter().chain(parted), &links).await? {
            tracing::debug!(pair = %pair, rows = known.len(), "another pair has these rows at the provider");
            for (id, other) in known {
                let there = other.copies.remote.as_ref().map(|copy| &copy.stored);
                let refused = there.and_then(|there| self.replica(Side::Remote).forbids_again(there));
                let asked = || PortError::new(ErrorKind::Rejected, "create").with_code(AGAIN);
                self.invited.insert(id, refused.unwrap_or_else(asked));
            }
        }
        Ok(())
    }

    /// Returns what other pairs have of the rows of links, where they have, or had, them at the provider, too.
    async fn known_abroad(
        &self,
        pairs: impl Iterator<Item = &PairId>,
        links: &[&Link<R>],
    ) -> Flow<Vec<(PairId, BTreeMap<LinkId, Link<R>>)>> {
        let rows: BTreeMap<_, _> =
            links.iter().filter_map(|link| Some((link.item(Side::Local)?.clone(), link.id))).collect();
        let mut all = Vec::new();
        for pair in pairs {
            let find = Find::Items(Side::Local, rows.keys().cloned().collect());
            let found = self.engine.ledger.find(pair, &find).await.map_err(ledger)?;
            let known: BTreeMap<LinkId, Link<R>> = found
                .into_iter()
                .filter(|link| link.copies.remote.is_some())
                .filter_map(|link| Some((*rows.get(link.item(Side::Local)?)?, link)))
                .collect();
            if !known.is_empty() {
                all.push((pair.clone(), known));
            }
        }
        Ok(all)
    }

    /// Returns what is said of a write that would invite guests again.
    pub(crate) fn invites_again(&self, link: &Link<R>, intent: &Intent<R>) -> Option<PortError> {
        let is_create = intent.action == Action::Create && intent.side == Side::Remote;
        self.invited.get(&link.id).filter(|_| is_create).map(|error| {
            let code = error.code.unwrap_or(AGAIN);
            PortError::new(error.kind, error.operation).with_code(code)
        })
    }

    /// Asks the guard about rows that came from other pairs: most of what such a pair has would go into this one.
    pub(crate) async fn came_from_abroad(&self, plan: &Plan) -> Flow<Vec<Trip>> {
        let limits = &self.rules().limits;
        let made: BTreeSet<LinkId> = plan
            .steps
            .iter()
            .filter(|step| step.action == Action::Create && step.side == Side::Remote)
            .map(|step| step.link)
            .collect();
        let mut came: BTreeMap<PairId, u64> = BTreeMap::new();
        if self.engine.abroad.is_empty()
            || (made.len() as u64) < limits.alike_floor
            || on(Mutant::MassGiftPasses)
        {
            return Ok(Vec::new());
        }
        let made: Vec<LinkId> = made.into_iter().collect();
        for ids in made.chunks(usize::try_from(self.chunk()).unwrap_or(usize::MAX)) {
            let links = self.find(Find::Links(ids.to_vec())).await?;
            let links: Vec<_> = links.iter().collect();
            for (pair, known) in self.known_abroad(self.engine.abroad.iter(), &links).await? {
                *came.entry(pair).or_default() += known.len() as u64;
            }
        }
        let mut trips = Vec::new();
        for (pair, planned) in came {
            let counts = self.engine.ledger.counts(&pair).await.map_err(ledger)?;
            if is_mass(planned, &counts, limits) {
                trips.push(Trip::Moved { side: Side::Remote, planned, links: counts.links });
            }
        }
        Ok(trips)
    }
}

/// Tells whether a person said that it is to be made here all the same.
fn is_wanted<R: Record>(link: &Link<R>) -> bool {
    link.chosen.iter().any(|(field, side)| is_home(field) && *side == Side::Local)
}
