//! Look: fetch every copy that is marked, and every stranger. What a fetch answers is the truth, unless it is
//! older than what is known already: then it is fetched again by a later run.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use passerelle_ports::{
    Clocks, Code, ErrorKind, Find, ItemId, Link, LinkId, Look, MEMORY, PortError, PortResult, Record,
    Refusal, Side, Stored, Stranger, Trail,
};
use passerelle_sync_rules::{put_copy, put_gone};

use crate::{
    engine::Phase,
    session::{Flow, Session, early, ledger},
    unread::{is_stub, readable, refuse},
    work::Work,
};

/// What is said of a record that is shown in an older state for longer than answers can be late.
const LATE: Code = Code::Sync130;

impl<R: Record> Session<'_, R> {
    /// Fetches what is marked on both sides.
    pub(crate) async fn look(&mut self) -> Flow<()> {
        for side in Side::BOTH {
            let mut after: Option<ItemId> = None;
            let mut done = 0;
            loop {
                let ledger_port = &self.engine.ledger;
                let looks = ledger_port
                    .looks(self.pair(), side, after.as_ref(), self.chunk())
                    .await
                    .map_err(ledger)?;
                let Some(last) = looks.last() else { break };
                after = Some(last.item.clone());
                // What was doubted in this run would be doubted again.
                let is_new = |look: &Look| !self.doubted[side].contains(&look.item);
                let looks: Vec<Look> = looks.into_iter().filter(is_new).collect();
                if looks.is_empty() {
                    continue;
                }
                let ids: Vec<ItemId> = looks.iter().map(|look| look.item.clone()).collect();
                let found = self.replica(side).fetch_each(&ids).await.map_err(early(side))?;
                let found = self.weigh(side, found)?;
                done += looks.len() as u64;
                self.step(done, 0, Phase::Looking(side));
                self.save_looked(side, looks, found).await?;
            }
        }
        Ok(())
    }

    pub(crate) async fn save_looked(
        &mut self,
        side: Side,
        looks: Vec<Look>,
        found: Vec<PortResult<Option<Stored<R>>>>,
    ) -> Flow<()> {
        let ids: Vec<ItemId> = looks.iter().map(|look| look.item.clone()).collect();
        let strange = looks.iter().filter(|look| look.link.is_none()).map(|look| look.item.clone()).collect();
        let mut strange = self.strangers(side, strange).await?;
        let mut work = Work::new(self.find(Find::Items(side, ids)).await?);
        let unknown = looks.iter().zip(&found).filter(|(look, stored)| {
            let there = matches!(stored, Ok(Some(stored)) if !stored.withdrawn);
            there && work.by_item(side, &look.item).is_none()
        });
        let made = |found: &PortResult<Option<Stored<R>>>| {
            found.as_ref().ok().and_then(Option::as_ref).and_then(|stored| stored.made)
        };
        let unknown: Vec<_> = unknown.map(|(look, found)| (look.item.clone(), made(found))).collect();
        let claimed = self.claimed(side, &unknown).await?;
        let gone = looks.iter().zip(&found).filter(|(_, found)| matches!(found, Ok(None)));
        let gone: Vec<ItemId> = gone.map(|(look, _)| look.item.clone()).collect();
        let mut left = match gone.is_empty() {
            true => BTreeMap::new(),
            false => self.replica(side).left_before(&gone).await.map_err(early(side))?,
        };
        for (look, stored) in looks.into_iter().zip(found) {
            if claimed.contains(&look.item) {
                continue;
            }
            let stored = match stored {
                Err(error) => {
                    let trail = strange.remove(&look.item).map(|stranger| stranger.trail).unwrap_or_default();
                    self.set_aside(&mut work, (side, &look.item), trail, &error);
                    continue;
                }
                stored => stored.ok().flatten(),
            };
            // A provider may answer with the item that lives on in place of this one, which is gone then.
            let (stored, lives_on) = match stored {
                Some(stored) if stored.id != look.item => (None, Some(stored)),
                stored => (stored, None),
            };
            let known = work.by_item(side, &look.item);
            let strange = strange.remove(&look.item);
            let buried = self.buried(&work, side, known, strange.as_ref());
            let stored = self.later_of(&work, side, &look, stored, strange.as_ref());
            if lives_on.is_none() && self.doubts(&mut work, side, &look, stored.as_ref(), strange.clone()) {
                continue;
            }
            if let Some(dead) = strange.filter(|dead| stored.is_none() && is_remembered(dead)) {
                // It is gone as before, and late answers may still show what it was.
                let trail = Trail { listed: None, doubted: None, ..dead.trail };
                work.changes.strangers.push(Stranger { trail, look: false, ..dead });
            } else if look.link.is_none() {
                work.changes.known.push((side, look.item.clone()));
            }
            match (known, stored) {
                (Some(id), Some(stored)) if work.get(id).is_some_and(|link| is_stub(link, side)) => {
                    work.forget(id);
                    let id = self.adopt_unread(&mut work, side, stored).await?;
                    self.came_back(&mut work, side, id, buried);
                }
                (Some(id), Some(stored)) => {
                    let stored = match self.recalled(&work, side, id, stored).await? {
                        Ok(stored) => stored,
                        Err(error) => {
                            self.set_aside(&mut work, (side, &look.item), Trail::default(), &error);
                            continue;
                        }
                    };
                    work.change(id, |link| readable(link, side));
                    self.note_unseen(&mut work, side, id, &stored);
                    work.change(id, |link| put_read(link, side, stored, self.gone_at(side)));
                }
                (Some(id), None) if let Some(home) = left.remove(&look.item) => {
                    work.change(id, |link| {
                        if let Some(copy) = link.copies[side].as_mut().filter(|copy| !copy.gone) {
                            (copy.stored.withdrawn, copy.stored.home) = (true, home);
                        }
                    });
                    self.follow_merge(&mut work, side, id, lives_on).await?;
                }
                (Some(id), None) => self.follow_merge(&mut work, side, id, lives_on).await?,
                (None, Some(stored)) => {
                    let id = self.adopt(&mut work, side, stored).await?;
                    self.came_back(&mut work, side, id, buried);
                }
                (None, None) => {}
            }
        }
        self.commit(work.into_changes()).await
    }

    /// Returns what is remembered of an item that was gone, where no link has it.
    fn buried(
        &self,
        work: &Work<R>,
        side: Side,
        known: Option<LinkId>,
        stranger: Option<&Stranger>,
    ) -> Option<Trail> {
        let stub = known.and_then(|id| work.get(id)).filter(|link| is_stub(link, side));
        let trail = stub.map(|link| &link.trails[side]).or(stranger.map(|stranger| &stranger.trail));
        trail.filter(|trail| trail.gone.is_some()).cloned()
    }

    /// What was gone and has a link again: answers from when it was gone, and from before, may still come.
    fn came_back(&self, work: &mut Work<R>, side: Side, id: Option<LinkId>, buried: Option<Trail>) {
        if let (Some(id), Some(buried), Some(now)) = (id, buried, self.gone_at(side)) {
            work.change(id, |link| link.trails[side].come_back(&buried, now));
        }
    }

    /// Returns what is known of items that no link knows, by item.
    pub(crate) async fn strangers(&self, side: Side, items: Vec<ItemId>) -> Flow<BTreeMap<ItemId, Stranger>> {
        if items.is_empty() {
            return Ok(BTreeMap::new());
        }
        let known = self.engine.ledger.strangers(self.pair(), side, &items).await.map_err(ledger)?;
        Ok(known.into_iter().map(|stranger| (stranger.item.clone(), stranger)).collect())
    }

    /// Tells whether an answer is older than what is known of its item; then it stays to be fetched, by a later run.
    fn doubts(
        &mut self,
        work: &mut Work<R>,
        side: Side,
        look: &Look,
        stored: Option<&Stored<R>>,
        stranger: Option<Stranger>,
    ) -> bool {
        let (now, lag) = (self.engine.clock.now(), self.lag(side));
        let known = work.by_item(side, &look.item);
        let link = known.and_then(|id| work.get(id));
        let mut trail = match (link, &stranger) {
            (Some(link), _) => link.trails[side].clone(),
            (None, Some(stranger)) => stranger.trail.clone(),
            (None, None) => return false,
        };
        let is_gone = link.is_some_and(|link| link.alive(side).is_none());
        let is_late = match stored {
            Some(stored) => {
                trail.is_older(stored) || trail.is_unclear(link.and_then(|link| link.alive(side)), stored)
            }
            // What is gone may be back: then a listing has shown it.
            None => (!is_gone || trail.listed == Some(true)) && trail.may_be_there(now, lag),
        };
        // Where answers are never late, only a version that cannot come again tells that one is all the same.
        let is_passed = || stored.is_some_and(|stored| self.is_past(side, &trail, stored));
        if !is_late || lag.is_zero() && !is_passed() || !trail.doubt(stored, self.clocks(side)) {
            return false;
        }
        if trail.doubted.is_some_and(|since| now - since >= lag) {
            self.report.late[side] += 1;
        }
        let is_sure = stored.is_some_and(|stored| trail.is_surely_older(stored));
        tracing::debug!(run.id = self.run.0, side = side.as_str(), "an answer is older than what is known");
        self.doubted[side].insert(look.item.clone());
        // What came before the dead is no other half of anything.
        self.unread[side] |= known.is_none() && !is_sure;
        let asks = self.is_late_for_good(&trail, stored, side);
        match (known, stranger) {
            (Some(id), _) => work.change(id, |link| {
                link.trails[side] = trail;
                if asks {
                    refuse(link, Refusal::new(side, &late_for_good(), now));
                }
            }),
            // Without a link, nobody could be asked.
            (None, Some(_)) if asks => {
                self.set_aside(work, (side, &look.item), trail, &late_for_good());
            }
            (None, Some(stranger)) => work.changes.strangers.push(Stranger { trail, ..stranger }),
            (None, None) => {}
        }
        true
    }

    /// Tells whether a state that is older by its time only has been answered for so long that it cannot be late any more:
    /// the clock of the replica may have been put back while nobody listed anything, so that a person is asked.
    fn is_late_for_good(&self, trail: &Trail, stored: Option<&Stored<R>>, side: Side) -> bool {
        let may_be_news = stored.is_some_and(|stored| !trail.is_passed(stored));
        let waits = self.lag(side).max(MEMORY);
        let is_long = trail.doubted.is_some_and(|since| self.engine.clock.now() - since >= waits);
        may_be_news && is_long
    }

    /// Tells whether a version that never comes again is shown by a state: it is from before.
    pub(crate) fn is_past(&self, side: Side, trail: &Trail, stored: &Stored<R>) -> bool {
        self.capabilities(side).one_way && trail.is_passed(stored)
    }

    /// Takes what a listing of this run showed, where an answer by name is older than that: both are late, and the
    /// later of the two is news.
    fn later_of(
        &mut self,
        work: &Work<R>,
        side: Side,
        look: &Look,
        stored: Option<Stored<R>>,
        stranger: Option<&Stranger>,
    ) -> Option<Stored<R>> {
        let listed = self.listed[side].remove(&look.item);
        let (Some(named), Some(mut listed)) = (&stored, listed) else { return stored };
        let link = work.by_item(side, &look.item).and_then(|id| work.get(id));
        let trail = link.map(|link| &link.trails[side]).or(stranger.map(|stranger| &stranger.trail));
        let is_news = trail.is_some_and(|trail| trail.is_older(named) && !trail.is_older(&listed));
        if !is_news || named.id != look.item || listed.version == named.version {
            return stored;
        }
        listed.withdrawn = named.withdrawn;
        Some(listed)
    }

    /// Returns for how long the answers of a side may show an older state.
    pub(crate) fn lag(&self, side: Side) -> TimeDelta {
        TimeDelta::from_std(self.capabilities(side).read_lag).unwrap_or(TimeDelta::MAX)
    }

    /// Returns what the clocks say while an answer of a side is weighed.
    pub(crate) fn clocks(&self, side: Side) -> Clocks {
        Clocks { now: self.engine.clock.now(), theirs: self.replica(side).clock(), lag: self.lag(side) }
    }

    /// Marks the copy of a side as confirmed gone; where answers may be late, remembers when that was learnt, and
    /// whether we removed it.
    pub(crate) fn bury(&self, link: &mut Link<R>, side: Side, removed: bool) {
        bury(link, side, self.gone_at(side), removed);
    }

    /// Returns when something was learnt to be gone that is learnt now, where that has to be remembered.
    pub(crate) fn gone_at(&self, side: Side) -> Option<DateTime<Utc>> {
        let may_be_late = !self.lag(side).is_zero() || self.capabilities(side).one_way;
        may_be_late.then(|| self.engine.clock.now())
    }
}

/// Takes in a copy that was read. Where answers may be late, remembers when it was first there: an answer that there is
/// no such item may come from before.
pub(crate) fn put_read<R: Record>(
    link: &mut Link<R>,
    side: Side,
    stored: Stored<R>,
    lagging_at: Option<DateTime<Utc>>,
) {
    let is_new = link.alive(side).is_none_or(|held| held.id != stored.id);
    let was_gone = link.copies[side].as_ref().is_some_and(|copy| copy.gone && copy.stored.id == stored.id);
    put_copy(link, side, stored);
    if let Some(now) = lagging_at.filter(|_| is_new) {
        (link.trails[side].born, link.trails[side].back) = (Some(now), was_gone);
    }
}

/// Tells whether what is known of an item from before it was gone is still to be remembered.
fn is_remembered(dead: &Stranger) -> bool {
    dead.trail.gone.is_some()
}

/// What is said of an older state that does not go away.
fn late_for_good() -> PortError {
    PortError::new(ErrorKind::Unexpected, "fetch").with_code(LATE)
}

pub(crate) fn bury<R: Record>(link: &mut Link<R>, side: Side, gone_at: Option<DateTime<Utc>>, removed: bool) {
    let copy = link.copies[side].as_ref().filter(|copy| !copy.gone);
    if let (Some(copy), Some(gone_at)) = (copy, gone_at) {
        let told = removed || link.trails[side].listed == Some(false);
        link.trails[side].bury(&copy.stored.version, gone_at, told);
    }
    put_gone(link, side);
}
