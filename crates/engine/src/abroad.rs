//! Rows that came from other pairs, which have them at the provider: made there once more, they would be there twice,
//! and their guests invited again.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use passerelle_ports::{
    Code, ErrorKind, Find, From, ItemId, Link, LinkId, LinkState, PairId, PortError, Record, Replica, Side,
    Sides,
};
use passerelle_sync_rules::{Action, Intent, Plan, Trip, is_home, is_mass};

use crate::{
    engine::Engine,
    session::{Flow, Session, ledger},
};

/// What is said of a record that another pair has at the provider, with guests or in the same account.
const AGAIN: Code = Code::Sync131;

/// A pair that is no longer kept in step.
pub struct Parted<R: Record> {
    /// The pair.
    pub pair: PairId,
    /// Its collections, where the one at the provider is one of the same account and neither is one of the pair at work:
    /// what goes from there to here changed its collection.
    pub replicas: Option<Sides<Arc<dyn Replica<R>>>>,
}

impl<R: Record> Engine<R> {
    /// Lets the engine know the other pairs of its kind, out of whose collections rows may come, and those that are no
    /// longer kept in step: what they had at the provider is there still.
    #[must_use]
    pub fn abroad(mut self, pairs: Vec<PairId>, parted: Vec<Parted<R>>) -> Self {
        (self.abroad, self.parted) = (pairs, parted);
        self
    }
}

impl<R: Record> Session<'_, R> {
    /// Finds out which of some links would be made on the other side although another pair has them there: with guests,
    /// who would be invited again; or in a collection of the same account that is no longer kept in step, so that the owner
    /// would have them twice.
    pub(crate) async fn find_invited(&mut self, links: &[Link<R>]) -> Flow<()> {
        self.invited.clear();
        // Made here, nothing invites anybody: its guests have it in calendars of their own.
        let concerns = |link: &&Link<R>| {
            link.alive(Side::Local).is_some_and(|stored| stored.record.concerned_others() > 0)
        };
        let engine = self.engine;
        let parted = engine.parted.iter();
        for side in Side::BOTH {
            let is_new = |link: &&Link<R>| {
                let is_new = link.half() == Some(side) && link.copies[side.other()].is_none();
                is_new && link.state != LinkState::Released && !is_wanted(link)
            };
            let new: Vec<&Link<R>> = links.iter().filter(is_new).collect();
            let (meetings, others): (Vec<_>, Vec<_>) = new.into_iter().partition(concerns);
            let mut found = Vec::new();
            if !meetings.is_empty() {
                let pairs = engine.abroad.iter().chain(parted.clone().map(|parted| &parted.pair));
                found = self.known_abroad(pairs, side, &meetings).await?;
            }
            let asks = !others.is_empty();
            for Parted { pair, replicas } in parted.clone().filter(|_| asks) {
                let Some(replicas) = replicas else { continue };
                for (pair, mut known) in self.known_abroad(std::iter::once(pair), side, &others).await? {
                    self.look_there(&pair, &*replicas[side.other()], side.other(), &known).await;
                    known.retain(|_, link| !self.is_gone_there(&pair, link, side.other()));
                    found.push((pair, known));
                }
            }
            for (pair, known) in found {
                tracing::debug!(pair = %pair, items = known.len(), "another pair has these on the other side");
                for (id, other) in known {
                    let there = other.copies.remote.as_ref().filter(|_| side == Side::Local);
                    let refused =
                        there.and_then(|there| self.replica(Side::Remote).forbids_again(&there.stored));
                    let asked = || PortError::new(ErrorKind::Rejected, "create").with_code(AGAIN);
                    self.invited.insert(id, refused.unwrap_or_else(asked));
                }
            }
        }
        Ok(())
    }

    /// Returns what other pairs have of the items of links on a side, where they have, or had, them on the other, too.
    async fn known_abroad(
        &self,
        pairs: impl Iterator<Item = &PairId>,
        side: Side,
        links: &[&Link<R>],
    ) -> Flow<Vec<(PairId, BTreeMap<LinkId, Link<R>>)>> {
        let rows: BTreeMap<_, _> =
            links.iter().filter_map(|link| Some((link.item(side)?.clone(), link.id))).collect();
        let mut all = Vec::new();
        for pair in pairs {
            let find = Find::Items(side, rows.keys().cloned().collect());
            let found = self.engine.ledger.find(pair, &find).await.map_err(ledger)?;
            let known: BTreeMap<LinkId, Link<R>> = found
                .into_iter()
                .filter(|link| link.copies[side.other()].is_some())
                .filter_map(|link| Some((*rows.get(link.item(side)?)?, link)))
                .collect();
            if !known.is_empty() {
                all.push((pair.clone(), known));
            }
        }
        Ok(all)
    }

    /// Finds out, once in a run, what is gone from a collection that is no longer kept in step.
    async fn look_there(
        &mut self,
        pair: &PairId,
        there: &dyn Replica<R>,
        side: Side,
        known: &BTreeMap<LinkId, Link<R>>,
    ) {
        let is_new = |item: &&ItemId| !self.there.contains_key(&(pair.clone(), (*item).clone()));
        let items = known.values().filter_map(|link| link.item(side));
        let items: Vec<ItemId> = items.filter(is_new).cloned().collect();
        if !items.is_empty() {
            let gone = gone_from(there, &items).await;
            self.there.extend(items.into_iter().map(|item| (pair.clone(), item)).zip(gone));
        }
    }

    fn is_gone_there(&self, pair: &PairId, link: &Link<R>, side: Side) -> bool {
        let item = link.item(side).and_then(|item| self.there.get(&(pair.clone(), item.clone())));
        item.is_some_and(|gone| *gone)
    }

    /// Returns what is said of a write that would make something again.
    pub(crate) fn invites_again(&self, link: &Link<R>, intent: &Intent<R>) -> Option<PortError> {
        let is_create = intent.action == Action::Create && link.half() == Some(intent.side.other());
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
        if self.engine.abroad.is_empty() || (made.len() as u64) < limits.alike_floor {
            return Ok(Vec::new());
        }
        let made: Vec<LinkId> = made.into_iter().collect();
        for ids in made.chunks(usize::try_from(self.chunk()).unwrap_or(usize::MAX)) {
            let links = self.find(Find::Links(ids.to_vec())).await?;
            let links: Vec<_> = links.iter().collect();
            for (pair, known) in self.known_abroad(self.engine.abroad.iter(), Side::Local, &links).await? {
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

/// Tells which of some items are in a collection no more: deleted one by one, or with it. After any error that is not of
/// the whole collection they count as being there.
async fn gone_from<R: Record>(there: &dyn Replica<R>, items: &[ItemId]) -> Vec<bool> {
    match there.fetch_each(items).await {
        Ok(found) => found.into_iter().map(|found| matches!(found, Ok(None))).collect(),
        Err(error) => {
            tracing::debug!(kind = ?error.kind, "a collection that is not kept in step was not read");
            let is_gone = is_missing(&error) && is_gone_whole(there).await;
            vec![is_gone; items.len()]
        }
    }
}

/// Tells whether a collection is there no more for its owner: a listing names no item, so that what refuses it is of the
/// whole.
async fn is_gone_whole<R: Record>(there: &dyn Replica<R>) -> bool {
    there.peek(From::Start).await.is_err_and(|error| is_missing(&error))
}

fn is_missing(error: &PortError) -> bool {
    matches!(error.kind, ErrorKind::NotFound | ErrorKind::Forbidden)
}

/// Tells whether a person said that it is to be made all the same.
fn is_wanted<R: Record>(link: &Link<R>) -> bool {
    link.chosen.iter().any(|(field, side)| is_home(field) && link.half() == Some(*side))
}
