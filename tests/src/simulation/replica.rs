//! A replica as the engine of the simulation sees it: time passes, people act, requests and answers are
//! lost, land late, land in part, and the process ends.

use std::{future, sync::Arc};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use passerelle_ports::{
    Capabilities, EntryId, ErrorKind, From, ItemId, Page, PortError, PortResult, Replica, Side, Stored,
    Write, Written,
};
use passerelle_testkit::Note;

use super::world::World;

pub struct SimReplica {
    pub world: Arc<World>,
    pub pair: usize,
    pub side: Side,
}

fn lost() -> PortError {
    PortError::new(ErrorKind::Unavailable, "sim.lost")
}

/// How a whole call may fail: the network, the quota, the sign-in, a right taken away.
const WHOLE: [ErrorKind; 6] = [
    ErrorKind::Unavailable,
    ErrorKind::Unavailable,
    ErrorKind::RateLimited,
    ErrorKind::RateLimited,
    ErrorKind::Unauthenticated,
    ErrorKind::Forbidden,
];

impl SimReplica {
    fn number(&self) -> usize {
        if self.side == Side::Local { 0 } else { self.pair + 1 }
    }

    async fn crash_point(&self) {
        if self.world.crashes() {
            future::pending::<()>().await;
        }
    }

    async fn call(&self) -> PortResult<()> {
        if self.world.is_endless(self.pair) {
            future::pending::<()>().await;
        }
        self.world.tick();
        let rate = self.world.faults().unavailable;
        let rate = if self.side == Side::Local { rate / 4 } else { rate };
        self.world.step();
        if self.world.chance(rate) {
            self.world.step();
            let kind = WHOLE[self.world.below(WHOLE.len() as u64) as usize];
            self.world.say(|| format!("  call of pair {} on {:?} fails: {kind:?}", self.pair, self.side));
            self.world.lock().pairs[self.pair].state.failing = true;
            return Err(PortError::new(kind, "sim.call"));
        }
        self.crash_point().await;
        Ok(())
    }
}

#[async_trait]
impl Replica<Note> for SimReplica {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            batch_max: self.world.batch(self.pair),
            ..self.world.replica(self.number()).capabilities()
        }
    }

    fn clock(&self) -> Option<DateTime<Utc>> {
        self.world.replica(self.number()).clock()
    }

    async fn changes(&self, from: From) -> PortResult<Page<Note>> {
        self.call().await?;
        let world = &self.world;
        if matches!(from, From::Cursor(_)) && self.side == Side::Remote && world.chance(world.faults().expire)
        {
            world.step();
            world.note("cursors expired");
            return Err(PortError::new(ErrorKind::CursorExpired, "sim.expired"));
        }
        let complete = from == From::Start;
        let replica = world.replica(self.number());
        replica.set_lists_stale(world.faults().stale_lists);
        let mut page = replica.changes(from).await?;
        if world.is_faulty() {
            if world.chance(500) {
                page.items.reverse();
            }
            if let (true, Some(first)) = (world.chance(200), page.items.first().cloned()) {
                page.items.push(first);
            }
        }
        world.listed(self.pair, self.side, complete, &mut page);
        Ok(page)
    }

    async fn fetch(&self, ids: &[ItemId]) -> PortResult<Vec<Option<Stored<Note>>>> {
        self.fetch_each(ids).await?.into_iter().collect()
    }

    async fn fetch_each(&self, ids: &[ItemId]) -> PortResult<Vec<PortResult<Option<Stored<Note>>>>> {
        self.call().await?;
        let replica = self.world.replica(self.number());
        replica.set_stale(self.world.faults().stale);
        let found = replica.fetch_each(ids).await?;
        let read: Vec<_> = found.iter().map(|found| found.as_ref().ok().cloned().flatten()).collect();
        self.world.fetched(self.pair, self.side, ids, &read);
        Ok(found)
    }

    async fn write(&self, batch: &[Write<Note>]) -> PortResult<Vec<PortResult<Written<Note>>>> {
        let world = &self.world;
        world.lock().writing = true;
        world.tick();
        world.step();
        let faults = world.faults();
        let request_lost = world.chance(faults.unavailable);
        let answer_lost = world.chance(faults.lost);
        let (prefix, style) = (world.below(batch.len() as u64 + 1), world.below(3));
        let called = world.seconds();
        let mut results = Vec::new();
        for (index, write) in batch.iter().enumerate() {
            if index > 0 {
                world.tick();
            }
            let item_lost = world.chance(faults.lost / 2);
            let lands = if request_lost {
                false
            } else if answer_lost {
                match style {
                    0 => (index as u64) < prefix,
                    1 => world.chance(500),
                    _ => true,
                }
            } else {
                !item_lost || world.chance(500)
            };
            let unknown = request_lost || answer_lost || item_lost;
            if unknown {
                world.lock().pairs[self.pair].state.failing = true;
                world.step();
                world.note("unknown answers");
                world.lose(self.pair, self.side, write);
            }
            if lands {
                let result = world.land(self.pair, self.side, write, unknown).await?;
                results.push(if unknown { Err(lost()) } else { result });
            } else {
                world.maybe_later(self.pair, self.side, called, write);
                results.push(Err(lost()));
            }
        }
        world.lock().writing = false;
        if world.crashes() {
            for write in batch {
                world.lose(self.pair, self.side, write);
            }
            future::pending::<()>().await;
        }
        if request_lost || answer_lost { Err(lost()) } else { Ok(results) }
    }

    async fn outcome(&self, entries: &[EntryId]) -> PortResult<Vec<Option<Written<Note>>>> {
        self.world.step();
        self.world.replica(self.number()).outcome(entries).await
    }
}
