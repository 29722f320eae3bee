//! Pair unlinked: halves that are two sides of one record are joined before anything is created.

use std::collections::{BTreeMap, BTreeSet};

use passerelle_ports::{Called, Find, Half, Link, LinkId, LinkState, MatchKey, Record, Side};
use passerelle_sync_rules::{Meeting, clashes, follow, is_double, join, meet};

use crate::{
    session::{Flow, Session, early, ledger},
    work::Work,
};

/// New rows, and the linked ones that each of them looks like.
type Doubles = BTreeMap<LinkId, Vec<LinkId>>;

/// How many keys are asked for at a time.
const KEYS: usize = 500;

impl<R: Record> Session<'_, R> {
    /// Joins halves that share a match key, where there is no doubt.
    pub(crate) async fn pair_unlinked(&mut self) -> Flow<()> {
        let halves = self.closure(self.seeds().await?).await?;
        let called = self.called(&halves).await?;
        let differ = |a: LinkId, b: LinkId| match (called.get(&a), called.get(&b)) {
            (Some(a), Some(b)) => a.differs(b),
            _ => false,
        };
        let mut meeting = meet(&halves, &differ);
        self.await_doubted(&halves).await?;
        meeting.cleared.retain(|id| !self.awaiting.contains(id));
        self.join_all(&meeting.joins).await?;
        let by_id: BTreeMap<LinkId, &Half> = halves.iter().map(|half| (half.link, half)).collect();
        let stirred = |id: &LinkId| by_id.get(id).is_some_and(|half| half.due || !half.ambiguous);
        let mut doubles = self.doubles(&halves, &meeting).await?;
        let followed = self.follow_shared(&doubles, &meeting).await?;
        doubles.retain(|half, _| !followed.contains(half));
        let doubles: BTreeSet<LinkId> = doubles.into_keys().collect();
        meeting.cleared.retain(|id| !followed.contains(id));
        let parked: Vec<LinkId> =
            meeting.ambiguous.iter().chain(&doubles).copied().filter(|id| stirred(id)).collect();
        self.set_state(&parked, &LinkState::Ambiguous, false).await?;
        let cleared: Vec<LinkId> = meeting.cleared.difference(&doubles).copied().collect();
        self.set_state(&cleared, &LinkState::Active, true).await
    }

    /// Returns what those halves are called that share more than an identifier with one of the other side.
    async fn called(&self, halves: &[Half]) -> Flow<BTreeMap<LinkId, Called>> {
        let keys = |side: Side| -> BTreeSet<&MatchKey> {
            let halves = halves.iter().filter(|half| half.side == side);
            halves.flat_map(|half| &half.keys).filter(|key| key.strength > 0).collect()
        };
        let (local, remote) = (keys(Side::Local), keys(Side::Remote));
        let shares = |half: &&Half| half.keys.iter().any(|key| local.contains(key) && remote.contains(key));
        let sharing: Vec<LinkId> = halves.iter().filter(shares).map(|half| half.link).collect();
        let mut called = BTreeMap::new();
        for ids in sharing.chunks(self.chunk() as usize) {
            let links = self.find(Find::Links(ids.to_vec())).await?;
            let named =
                links.iter().filter_map(|link| Some((link.id, link.alive(link.half()?)?.record.called()?)));
            called.extend(named);
        }
        Ok(called)
    }

    /// Finds the halves that share a key with one whose newest state was not read yet, or of which nobody knows yet
    /// whether its other half was made: it may be the other half of any of them, and none takes part in the meeting before
    /// that is known.
    async fn await_doubted(&mut self, halves: &[Half]) -> Flow<()> {
        self.awaiting.clear();
        for side in Side::BOTH {
            let alone = || halves.iter().filter(|half| half.side != side);
            let keys: Vec<MatchKey> = alone().flat_map(|half| half.keys.iter().cloned()).collect();
            let is_clear = self.doubted[side].is_empty() && !self.makes_halves(side);
            if is_clear || keys.is_empty() {
                continue;
            }
            let mut doubted: BTreeSet<MatchKey> = BTreeSet::new();
            for keys in keys.chunks(KEYS) {
                let ids = self.engine.ledger.alive_sharing(self.pair(), side, keys).await.map_err(ledger)?;
                for ids in ids.chunks(self.chunk() as usize) {
                    let links = self.find(Find::Links(ids.to_vec())).await?;
                    let waits = links.iter().filter(|link| {
                        let is_open = link.looks() || self.is_blocked(link.id);
                        link.half() == Some(side) && is_open
                    });
                    doubted.extend(waits.flat_map(|link| link.match_keys(side)));
                }
            }
            let awaits = |half: &&Half| half.keys.iter().any(|key| doubted.contains(key));
            self.awaiting.extend(alone().filter(awaits).map(|half| half.link));
        }
        Ok(())
    }

    /// Tells whether halves of a side wait to know whether their other halves were made.
    fn makes_halves(&self, side: Side) -> bool {
        let makes = |entry: &passerelle_ports::Entry<R>| {
            entry.side != side && matches!(entry.op, passerelle_ports::Op::Create { .. })
        };
        self.open.iter().any(makes)
    }

    /// Lets the items of a person's own rows go with the rows that look like them and that others see as well: the
    /// company shares somebody whom this person has already. Where the two say different things of her, or one is
    /// private, a person is asked. Returns the links that got an item.
    async fn follow_shared(&mut self, doubles: &Doubles, meeting: &Meeting) -> Flow<BTreeSet<LinkId>> {
        let mut followed = BTreeSet::new();
        if doubles.is_empty() {
            return Ok(followed);
        }
        let claims = |own: &LinkId| doubles.values().filter(|others| others.contains(own)).count();
        let clear = doubles.iter().filter_map(|(half, others)| match others.as_slice() {
            [own] if claims(own) == 1 && !meeting.ambiguous.contains(half) => Some((*half, *own)),
            _ => None,
        });
        for (half, own) in clear.collect::<Vec<_>>() {
            let mut work = Work::new(self.find(Find::Links(vec![half, own])).await?);
            let (Some(a), Some(b)) = (work.get(half).cloned(), work.get(own).cloned()) else { continue };
            if self.is_blocked(half) || self.is_blocked(own) || !self.is_shared_anew(&a, &b).await? {
                continue;
            }
            let (link, alone) = follow(a, b);
            if !clashes(&link, self.rules()).is_empty() {
                continue;
            }
            work.save(link);
            work.save(alone);
            self.commit(work.into_changes()).await?;
            self.report.matched += 1;
            followed.insert(half);
        }
        Ok(followed)
    }

    /// Tells whether one row is seen by others too and the other by this person alone, and neither is private.
    async fn is_shared_anew(&self, half: &Link<R>, own: &Link<R>) -> Flow<bool> {
        let (Some(shared), Some(own)) = (half.alive(Side::Local), own.alive(Side::Local)) else {
            return Ok(false);
        };
        if shared.record.is_private() || own.record.is_private() {
            return Ok(false);
        }
        let (shared, own) = (&shared.id, &own.id);
        let alone = self.replica(Side::Local).own(&[shared.clone(), own.clone()]).await;
        let alone = alone.map_err(early(Side::Local))?;
        Ok(alone.contains(own) && !alone.contains(shared))
    }

    /// Returns the new records that look like one of their side which the other side has already: made there too, they
    /// would stand there twice; with those. Of the provider's records, those that were late to the meeting.
    async fn doubles(&self, halves: &[Half], meeting: &Meeting) -> Flow<Doubles> {
        let mut doubles = Doubles::new();
        for side in Side::BOTH {
            let joined: BTreeSet<LinkId> =
                meeting.joins.iter().map(|join| if side == Side::Local { join.0 } else { join.1 }).collect();
            let tells =
                |half: &&Half| half.side == side && !joined.contains(&half.link) && !half.keys.is_empty();
            let new: Vec<&Half> = halves.iter().filter(tells).collect();
            if new.is_empty() || self.engine.ledger.counts(self.pair()).await.map_err(ledger)?.both == 0 {
                continue;
            }
            for some in new.chunks(self.chunk() as usize) {
                doubles.extend(self.doubles_of(side, some).await?);
            }
        }
        Ok(doubles)
    }

    async fn doubles_of(&self, side: Side, new: &[&Half]) -> Flow<Doubles> {
        let own = self.find(Find::Links(new.iter().map(|half| half.link).collect())).await?;
        let never = |link: &&Link<R>| {
            link.copies[side.other()].is_none()
                && link.state != LinkState::Released
                && (side == Side::Local || link.trails[side].tardy)
        };
        let own: Vec<&Link<R>> = own.iter().filter(never).collect();
        let keys: Vec<MatchKey> = own.iter().flat_map(|link| link.match_keys(side)).collect();
        let mut others: BTreeSet<LinkId> = BTreeSet::new();
        for keys in keys.chunks(KEYS) {
            // What has just come from one side is not on both yet.
            for known in Side::BOTH {
                let sharing = self.engine.ledger.alive_sharing(self.pair(), known, keys).await;
                others.extend(sharing.map_err(ledger)?);
            }
        }
        let whole = self.find(Find::Links(others.into_iter().collect())).await?;
        let like = |link: &Link<R>| -> Vec<LinkId> {
            whole.iter().filter(|other| is_double(link, other)).map(|other| other.id).collect()
        };
        let found = own.iter().map(|link| (link.id, like(link)));
        Ok(found.filter(|(_, others)| !others.is_empty()).collect())
    }

    /// Returns the halves that are due, and, once anything has changed, those that are ambiguous: their
    /// other candidates may be gone.
    async fn seeds(&self) -> Flow<Vec<Half>> {
        let store = &self.engine.ledger;
        let mut seeds = Vec::new();
        let mut after = None;
        loop {
            let page = store.due_halves(self.pair(), after, self.chunk()).await.map_err(ledger)?;
            let Some(last) = page.last() else { break };
            after = Some(last.link);
            seeds.extend(page);
        }
        let due = store.due(self.pair(), None, 1).await.map_err(ledger)?;
        if !self.touched && due.is_empty() {
            return Ok(seeds);
        }
        if store.counts(self.pair()).await.map_err(ledger)?.ambiguous == 0 {
            return Ok(seeds);
        }
        let mut after = None;
        loop {
            let page = store.attention(self.pair(), after, self.chunk()).await.map_err(ledger)?;
            let Some(last) = page.last() else { return Ok(seeds) };
            after = Some(last.id);
            for link in page.iter().filter(|link| link.state == LinkState::Ambiguous && !link.due) {
                if let Some(side) = link.half().filter(|_| !link.looks() && !self.is_blocked(link.id)) {
                    seeds.push(Half {
                        link: link.id,
                        side,
                        keys: link.match_keys(side),
                        due: link.due,
                        ambiguous: true,
                        different: link.different.clone(),
                    });
                }
            }
        }
    }

    /// Adds all halves that share a key with one of these, and so on.
    async fn closure(&self, seeds: Vec<Half>) -> Flow<Vec<Half>> {
        let mut asked: BTreeSet<MatchKey> = BTreeSet::new();
        let mut known: BTreeMap<LinkId, Half> = seeds.into_iter().map(|half| (half.link, half)).collect();
        let mut fresh: Vec<MatchKey> = new_keys(known.values(), &mut asked);
        while !fresh.is_empty() {
            let mut met = Vec::new();
            for keys in fresh.chunks(KEYS) {
                met.extend(self.engine.ledger.halves_sharing(self.pair(), keys).await.map_err(ledger)?);
            }
            met.retain(|half| !known.contains_key(&half.link));
            fresh = new_keys(met.iter(), &mut asked);
            known.extend(met.into_iter().map(|half| (half.link, half)));
        }
        Ok(known.into_values().collect())
    }

    async fn join_all(&mut self, joins: &[(LinkId, LinkId)]) -> Flow<()> {
        for chunk in joins.chunks(self.chunk() as usize) {
            let ids = chunk.iter().flat_map(|(local, remote)| [*local, *remote]).collect();
            let mut work = Work::new(self.find(Find::Links(ids)).await?);
            let mut joined = 0;
            for (local, remote) in chunk {
                let (Some(a), Some(b)) = (work.get(*local).cloned(), work.get(*remote).cloned()) else {
                    continue;
                };
                if a.half() == Some(Side::Local) && b.half() == Some(Side::Remote) {
                    work.forget(*remote);
                    work.save(join(a, b));
                    joined += 1;
                }
            }
            self.commit(work.into_changes()).await?;
            self.report.matched += joined;
        }
        Ok(())
    }

    async fn set_state(&mut self, ids: &[LinkId], state: &LinkState, due: bool) -> Flow<()> {
        for chunk in ids.chunks(self.chunk() as usize) {
            let mut work = Work::new(self.find(Find::Links(chunk.to_vec())).await?);
            for id in chunk {
                work.change(*id, |link| {
                    // A released half rests on purpose, and must not come back to life as an active one.
                    if link.state != LinkState::Released {
                        link.state = state.clone();
                    }
                    link.due = due;
                });
            }
            self.commit(work.into_changes()).await?;
        }
        Ok(())
    }
}

fn new_keys<'a>(halves: impl Iterator<Item = &'a Half>, asked: &mut BTreeSet<MatchKey>) -> Vec<MatchKey> {
    halves.flat_map(|half| half.keys.iter()).filter(|key| asked.insert((*key).clone())).cloned().collect()
}
