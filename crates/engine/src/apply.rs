//! Apply: decide, write, look again, until nothing moves; four rounds at most.

use passerelle_ports::{
    AssembleError, Code, Context, EntriesOf, Entry, EntryId, ErrorKind, Field, Find, Link, LinkState, Op,
    Outcome, PortError, Record, Refusal, Side, Sides, Slice,
};
use passerelle_sync_rules::{Action, Intent, Step, circles, create_key, decide, settle, unplaced};

use crate::{
    engine::Phase,
    session::{Flow, Session, broken, ledger},
    work::Work,
};

const ROUNDS: usize = 4;
/// How many entries of a link are looked at for circles.
const TURNS: u64 = 24;
/// What is said of a change in a collection that may only be read.
const SEALED: Code = Code::Sync122;
/// How often a link is settled and decided again: more would be for ever (I22).
const SETTLES: usize = 8;

/// What a run does with deletions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deletions {
    /// As many as the rules allow.
    Limited,
    /// All of them: a person approved the plan.
    Approved,
    /// None: they wait for a person.
    Held,
}

impl Deletions {
    pub(crate) fn of(approved: bool) -> Self {
        if approved { Deletions::Approved } else { Deletions::Limited }
    }
}

/// How many deletions a run may still do on each side.
struct Allowance {
    deletes: Sides<u64>,
}

impl<R: Record> Session<'_, R> {
    /// Carries the plan out. What follows from it is carried out too, within the same allowance.
    pub(crate) async fn apply(&mut self, total: u64, deletions: Deletions) -> Flow<()> {
        if total == 0 && self.report.planned.due == 0 {
            return Ok(());
        }
        let counts = self.engine.ledger.counts(self.pair()).await.map_err(ledger)?;
        let most = match deletions {
            Deletions::Limited => self.rules().limits.deletes_allowed(&counts),
            Deletions::Approved => u64::MAX,
            Deletions::Held => 0,
        };
        let most = if self.is_complete() { 0 } else { most };
        let mut allowance = Allowance { deletes: Sides { local: most, remote: most } };
        for _ in 0..ROUNDS {
            let mut moved = false;
            let mut after = None;
            while let Some(links) = self.due_links(&mut after).await? {
                moved |= self.apply_chunk(links, &mut allowance, total).await?;
            }
            self.look().await?;
            if !moved {
                break;
            }
        }
        // Halves that were forgotten or joined may have left others with one candidate, or none.
        if self.touched { self.pair_unlinked().await } else { Ok(()) }
    }

    /// Decides some links, saves what needs no write in one transaction, then writes, local first.
    async fn apply_chunk(
        &mut self,
        mut links: Vec<Link<R>>,
        allowance: &mut Allowance,
        total: u64,
    ) -> Flow<bool> {
        let moves = self.send_on(&mut links).await?;
        let ids = links.iter().map(|link| link.id).collect();
        let mut work = Work::new(self.find(Find::Links(ids)).await?);
        let mut writes: Sides<Vec<Entry<R>>> = Sides { local: Vec::new(), remote: Vec::new() };
        for entry in moves {
            writes[entry.side].push(entry);
        }
        for link in links {
            if let Some(entry) = self.decide_link(&mut work, link, allowance) {
                writes[entry.side].push(entry);
            }
        }
        self.commit(work.into_changes()).await?;
        let mut moved = false;
        for side in Side::BOTH {
            let batch = self.capabilities(side).batch_max.max(1);
            let mut rest = self.without_circles(std::mem::take(&mut writes[side])).await?;
            let is_suspect = |entry: &Entry<R>| self.suspects.contains(&entry.link);
            rest.sort_by_key(is_suspect);
            let mut sound = rest.iter().filter(|entry| !is_suspect(entry)).count();
            while !rest.is_empty() {
                moved = true;
                let size = if sound > 0 { batch.min(sound) } else { 1 };
                sound -= size.min(sound);
                let tail = rest.split_off(size.min(rest.len()));
                self.write_batch(side, rest).await?;
                rest = tail;
                let done = self.report.written.local.total() + self.report.written.remote.total();
                self.step(done, total, Phase::Writing);
            }
        }
        Ok(moved)
    }

    /// Decides one link: its new state goes into the work, its write comes back.
    fn decide_link(
        &self,
        work: &mut Work<R>,
        mut link: Link<R>,
        allowance: &mut Allowance,
    ) -> Option<Entry<R>> {
        if link.state == LinkState::Ambiguous && link.half().is_some() {
            return None;
        }
        if matches!(link.state, LinkState::Rejected(_)) {
            link.state = LinkState::Active;
        }
        let mut settled = 0;
        loop {
            let step = match decide(&link, self.rules()) {
                Ok(Step::Settle(fields)) => match self.settled(work, &mut link, &fields) {
                    Ok(()) if settled < SETTLES => {
                        settled += 1;
                        continue;
                    }
                    Ok(()) => Ok(Step::Settle(fields)),
                    Err(error) => Err(error),
                },
                step => step,
            };
            let Some(step) = step.ok().filter(|step| !matches!(step, Step::Settle(_))) else {
                tracing::error!(link.id = %link.id, "a record cannot be put together; the link waits");
                link.due = false;
                link.state = LinkState::Rejected(Refusal {
                    at: Some(self.engine.clock.now()),
                    side: Side::Local,
                    kind: ErrorKind::Unexpected,
                    code: None,
                    context: Context::default(),
                });
                work.save(link);
                return None;
            };
            return self.take_step(work, link, step, allowance);
        }
    }

    /// Settles fields, and notes what is kept nowhere by that.
    fn settled(&self, work: &mut Work<R>, link: &mut Link<R>, fields: &[Field]) -> Result<(), AssembleError> {
        let lost = unplaced(link, fields, None, self.rules());
        settle(link, fields, self.rules())?;
        work.changes.unplaced.extend(lost);
        Ok(())
    }

    /// Returns what a side would say to a write that it is known to refuse: it is never tried, nor announced.
    pub(crate) fn forbidden(&self, link: &Link<R>, intent: &Intent<R>) -> Option<PortError> {
        let again = self.invites_again(link, intent);
        let there = link.alive(intent.side).filter(|_| intent.action != Action::Create);
        let forbids = self.replica(intent.side).forbids(there, intent.to.as_ref());
        again.or(forbids)
    }

    fn take_step(
        &self,
        work: &mut Work<R>,
        mut link: Link<R>,
        step: Step<R>,
        allowance: &mut Allowance,
    ) -> Option<Entry<R>> {
        link.due = false;
        match step {
            Step::Write(intent) if let Some(error) = self.forbidden(&link, &intent) => {
                link.state = LinkState::Rejected(Refusal::new(intent.side, &error, self.engine.clock.now()));
            }
            Step::Write(intent) => {
                link.due = true;
                let may = !self.waits(link.id, &intent) && self.allowed(&intent, allowance);
                if may && intent.side == Side::Local {
                    let lost = unplaced(&link, &intent.taken, intent.to.as_ref(), self.rules());
                    work.changes.unplaced.extend(lost);
                }
                let entry = may.then(|| self.entry(&link, intent));
                work.save(link);
                return entry;
            }
            Step::Forget => {
                work.forget(link.id);
                return None;
            }
            Step::Release => link.state = LinkState::Released,
            Step::Hold(fields) => {
                tracing::info!(link.id = %link.id, fields = fields.len(), "held: both sides changed one field");
                link.held = fields;
            }
            Step::Sealed(fields) => {
                tracing::info!(link.id = %link.id, fields = fields.len(), "changed where it may only be read");
                link.held.clear();
                link.state = LinkState::Rejected(Refusal {
                    at: Some(self.engine.clock.now()),
                    side: Side::Remote,
                    kind: ErrorKind::Unsupported,
                    code: Some(SEALED),
                    context: Context::default(),
                });
            }
            Step::Nothing => {
                link.held.clear();
                if link.half().is_none() && link.state == LinkState::Released {
                    link.state = LinkState::Active;
                }
            }
            Step::OutOfScope => {
                link.held.clear();
                stay_out(&mut link);
            }
            Step::Settle(_) => link.held.clear(),
        }
        work.save(link);
        None
    }

    /// Takes out the writes that go round in circles; their links wait for a person.
    async fn without_circles(&mut self, entries: Vec<Entry<R>>) -> Flow<Vec<Entry<R>>> {
        let mut kept = Vec::with_capacity(entries.len());
        let mut stopped = Vec::new();
        for entry in entries {
            // What is made for the first time, or removed, cannot go round.
            let may = entry.op == Op::Update || matches!(entry.op, Op::Create { .. }) && entry.from.is_some();
            let turns = may && {
                let past = EntriesOf::Link(entry.link);
                let slice = Slice { skip: 0, limit: TURNS };
                let mut past = self.engine.ledger.entries(&past, slice).await.map_err(ledger)?;
                let limits = &self.rules().limits;
                circles(&entry, &past, limits) && {
                    let link = self.find(Find::Links(vec![entry.link])).await?.pop();
                    let decided = link.and_then(|link| link.decided);
                    past.retain(|old| decided.is_none_or(|decided| old.opened > decided));
                    circles(&entry, &past, limits)
                }
            };
            if turns { stopped.push((entry.link, entry.side)) } else { kept.push(entry) }
        }
        if !stopped.is_empty() {
            let mut work =
                Work::new(self.find(Find::Links(stopped.iter().map(|(id, _)| *id).collect())).await?);
            let at = Some(self.engine.clock.now());
            for (id, side) in stopped {
                tracing::info!(link.id = %id, side = side.as_str(), "written again and again: left alone");
                work.change(id, |link| {
                    link.due = false;
                    link.state = LinkState::Rejected(Refusal {
                        at,
                        side,
                        kind: ErrorKind::Rejected,
                        code: Some(Code::Sync106),
                        context: Context::default(),
                    });
                });
            }
            self.commit(work.into_changes()).await?;
        }
        Ok(kept)
    }

    fn allowed(&self, intent: &Intent<R>, allowance: &mut Allowance) -> bool {
        if intent.action != Action::Delete {
            return true;
        }
        let left = &mut allowance.deletes[intent.side];
        if *left == 0 {
            return false;
        }
        *left -= 1;
        true
    }

    /// Makes the journal entry of a write.
    pub(crate) fn entry(&self, link: &Link<R>, intent: Intent<R>) -> Entry<R> {
        let side = intent.side;
        let from = link.copies[side].as_ref().map(|copy| copy.stored.clone());
        let other = link.copies[side.other()].as_ref().filter(|_| intent.action == Action::Delete);
        let other = other.map(|copy| copy.stored.clone());
        let op = match intent.action {
            Action::Create => Op::Create {
                key: create_key(
                    &self.engine.settings.installation,
                    self.pair(),
                    link.id,
                    side,
                    from.as_ref().map(|from| &from.id),
                ),
            },
            // Moves make their entries themselves.
            Action::Update | Action::Move => Op::Update,
            Action::Delete => Op::Delete,
        };
        Entry {
            id: EntryId(self.engine.ids.uuid()),
            run: self.run,
            link: link.id,
            side,
            op,
            from,
            to: intent.to,
            taken: intent.taken,
            source: intent.source,
            bases: link.bases.clone(),
            release: false,
            undoes: None,
            opaque: None,
            other,
            opened: self.engine.clock.now(),
            outcome: Outcome::Open,
        }
    }

    /// Settles what a broken record type leaves behind.
    pub(crate) fn or_stop<T>(result: Result<T, AssembleError>) -> Flow<T> {
        result.map_err(broken)
    }
}

/// What was removed out of scope stays out of it, whatever collection is connected later.
fn stay_out<R: Record>(link: &mut Link<R>) {
    for side in Side::BOTH {
        if let Some(copy) = link.copies[side].as_mut().filter(|copy| copy.gone) {
            copy.stored.home = None;
        }
    }
}
