//! One batch of writes: all entries opened, one call, all entries closed together with their links.

use passerelle_ports::{
    Code, Copy, Entry, ErrorKind, Find, ItemId, Link, LinkId, LinkState, Op, Outcome, PortError, PortResult,
    Record, Refusal, Side, Sides, Stored, Write, Written, fields,
};
use passerelle_sync_rules::{Action, acknowledge, lost, put_copy, rebase, release};

use crate::{
    look::put_read,
    report::{Loss, Stopped},
    session::{Flow, Session, Stop, broken, early},
    unread::{TROUBLE_MAX, refuse},
    work::Work,
};

/// How many answers that make no sense end a run.
const NONSENSE_MAX: u32 = 3;

/// How many records whose fields are lost a report names.
const LOSSES_MAX: usize = 1000;

impl<R: Record> Session<'_, R> {
    /// Writes a batch of at most `batch_max` entries of different links to one side.
    pub(crate) async fn write_batch(&mut self, side: Side, mut entries: Vec<Entry<R>>) -> Flow<()> {
        // The time that recovery counts from is the time of this call.
        let now = self.engine.clock.now();
        for entry in &mut entries {
            entry.opened = now;
        }
        let opening = passerelle_ports::Changes { open: entries.clone(), ..Default::default() };
        let mut writes: Vec<Write<R>> = entries.iter().filter_map(write_of).collect();
        writes.iter_mut().for_each(|write| self.renames.apply(write));
        self.commit(opening).await?;
        let results = self.replica(side).write(&writes).await;
        let results = results.map_err(early(side))?;
        self.close_batch(side, entries, results).await
    }

    async fn close_batch(
        &mut self,
        side: Side,
        entries: Vec<Entry<R>>,
        results: Vec<PortResult<Written<R>>>,
    ) -> Flow<()> {
        let ids = entries.iter().map(|entry| entry.link).collect();
        let mut work = Work::new(self.find(Find::Links(ids)).await?);
        let existing: Vec<ItemId> = results
            .iter()
            .filter_map(|result| match result {
                Ok(Written::Exists { id, .. }) => Some(id.clone()),
                _ => None,
            })
            .collect();
        let known = self.find(Find::Items(side, existing)).await?;
        work.load(known);
        let mut stop = None;
        let is_up = results
            .iter()
            .any(|result| result.as_ref().err().is_none_or(|error| error.kind != ErrorKind::ItemFailed));
        if is_up {
            self.trouble = 0;
        }
        for (entry, result) in entries.into_iter().zip(results) {
            let id = entry.link;
            let Some(mut link) = work.get(id).cloned() else {
                work.changes.close.push((entry.id, Outcome::NotLanded));
                continue;
            };
            link.due = true;
            match result {
                Ok(written) => self.close_written(&mut work, link, entry, written)?,
                Err(error) => stop = self.close_refused(&mut work, link, &entry, &error, is_up).or(stop),
            }
        }
        let changes = work.into_changes();
        self.commit(changes).await?;
        stop.map_or(Ok(()), Err)
    }

    fn close_written(
        &mut self,
        work: &mut Work<R>,
        mut link: Link<R>,
        entry: Entry<R>,
        written: Written<R>,
    ) -> Flow<()> {
        let side = entry.side;
        let outcome = match (written, &entry.op) {
            (Written::Stored(stored), Op::Create { .. } | Op::Update) => {
                Self::or_stop(acknowledge(&mut link, &entry, &stored, self.rules()))?;
                if matches!(entry.op, Op::Create { .. }) {
                    link.trails[side].born = Some(self.engine.clock.now());
                }
                self.note_losses(&entry, &stored);
                if is_void(&entry, &stored) {
                    tracing::info!(link.id = %link.id, side = side.as_str(), "a write did nothing: not landed");
                    Outcome::NotLanded
                } else {
                    self.count(&entry);
                    Outcome::Landed(Some(stored))
                }
            }
            (Written::Stored(stored), Op::Move { .. }) => {
                put_copy(&mut link, side, stored.clone());
                link.due = true;
                self.count(&entry);
                Outcome::Landed(Some(stored))
            }
            (deleted @ (Written::Deleted | Written::Removed(_)), Op::Delete) => {
                self.bury(&mut link, side, true);
                link.trails[side].kill(
                    entry.id,
                    match deleted {
                        Written::Removed(last) => Some(last),
                        _ => None,
                    },
                );
                if entry.release {
                    release(&mut link, side, self.rules());
                }
                self.count(&entry);
                Outcome::Landed(None)
            }
            (Written::Exists { alive: Some(stored), .. }, Op::Create { .. }) => {
                return self.close_existing(work, link, &entry, stored);
            }
            (Written::Exists { id, alive: None }, Op::Create { .. }) => {
                // Another link may remember that dead item: ours gets a name that no item has.
                let others = work.by_item(side, &id).is_some_and(|other| other != link.id);
                let id = if others { ItemId::new(format!("{id}~{}", link.id)) } else { id };
                use_up(&mut link, &entry, id);
                Outcome::NotLanded
            }
            _ => {
                tracing::error!(link.id = %link.id, side = side.as_str(), "a replica answered something else than what was asked");
                return Ok(());
            }
        };
        work.changes.close.push((entry.id, outcome));
        work.save(link);
        Ok(())
    }

    /// A create met an item with its key: ours, from a life we lost the memory of, or another pair's.
    fn close_existing(
        &mut self,
        work: &mut Work<R>,
        mut link: Link<R>,
        entry: &Entry<R>,
        stored: Stored<R>,
    ) -> Flow<()> {
        let side = entry.side;
        if let Some(other) = work.by_item(side, &stored.id).filter(|other| *other != link.id) {
            work.changes.close.push((entry.id, Outcome::NotLanded));
            self.close_twin(work, link, entry, stored, other);
            return Ok(());
        }
        let mine = stored.made == Some(entry.id);
        put_read(&mut link, side, stored.clone(), self.gone_at(side));
        if mine {
            rebase(&mut link, entry, &stored.record).map_err(broken)?;
            self.count(entry);
        }
        if link.state == LinkState::Released {
            link.state = LinkState::Active;
        }
        link.due = true;
        work.save(link);
        let outcome = if mine { Outcome::Landed(Some(stored)) } else { Outcome::NotLanded };
        work.changes.close.push((entry.id, outcome));
        Ok(())
    }

    /// A create met an item with its key that another link has: one item, one link.
    fn close_twin(
        &self,
        work: &mut Work<R>,
        mut link: Link<R>,
        entry: &Entry<R>,
        stored: Stored<R>,
        other: LinkId,
    ) {
        let (side, mine) = (entry.side, entry.side.other());
        if link.alive(mine).is_none() {
            work.forget(link.id);
            return;
        }
        let is_half = work.get(other).is_some_and(|other| other.copies[mine].is_none());
        if is_half && !self.is_blocked(other) {
            // Nobody knew whose the item is: it is ours, from a life we lost the memory of.
            work.forget(other);
            link.bases = Sides { local: R::default(), remote: R::default() };
            put_read(&mut link, side, stored, self.gone_at(side));
            link.state = LinkState::Active;
        } else {
            // The item was out of the bin, or brought back twice: the key is used up for us.
            let id = ItemId::new(format!("{}~{}", stored.id, link.id));
            use_up(&mut link, entry, id);
        }
        link.due = true;
        work.save(link);
    }

    /// One write that was not done, or of which nothing is known. Returns what ends the run, if it does.
    fn close_refused(
        &mut self,
        work: &mut Work<R>,
        mut link: Link<R>,
        entry: &Entry<R>,
        error: &PortError,
        is_up: bool,
    ) -> Option<Stop> {
        let side = entry.side;
        match error.kind {
            ErrorKind::VersionMismatch | ErrorKind::NotFound => {
                self.report.overtaken += 1;
                if let (Op::Update | Op::Delete | Op::Move { .. }, Some(copy)) =
                    (&entry.op, &mut link.copies[side])
                {
                    copy.look = true;
                    self.doubted[side].remove(&copy.stored.id);
                    if error.kind == ErrorKind::NotFound {
                        // Who writes is told what is there now, as by a listing that shows it removed.
                        link.trails[side].unlist();
                    }
                }
                work.changes.close.push((entry.id, Outcome::NotLanded));
            }
            ErrorKind::Rejected | ErrorKind::Unsupported | ErrorKind::Forbidden => {
                tracing::info!(link.id = %link.id, side = side.as_str(), code = error.code.map(Code::as_str), "refused; the link waits");
                self.report.rejected += 1;
                link.due = false;
                link.state = LinkState::Rejected(Refusal::new(side, error, self.engine.clock.now()));
                work.changes.close.push((entry.id, Outcome::NotLanded));
            }
            ErrorKind::Unexpected => {
                // Nothing is known: the entry stays open, and the next run finds out.
                tracing::error!(link.id = %link.id, side = side.as_str(), operation = error.operation, "unexpected answer");
                link.state = LinkState::Rejected(Refusal::new(side, error, self.engine.clock.now()));
                self.nonsense += 1;
                if self.nonsense >= NONSENSE_MAX {
                    work.save(link);
                    return Some(Stop::Early(Stopped::new(side, error)));
                }
            }
            ErrorKind::ItemFailed => {
                // The entry stays open here too, and the others go on, unless the replica does nothing but fail.
                tracing::warn!(link.id = %link.id, side = side.as_str(), operation = error.operation, "set aside");
                refuse(&mut link, Refusal::new(side, error, self.engine.clock.now()));
                self.trouble += u32::from(!is_up);
                if self.trouble >= TROUBLE_MAX {
                    work.save(link);
                    return Some(Stop::Early(Stopped::new(side, error)));
                }
            }
            _ => {
                work.save(link);
                return Some(Stop::Early(Stopped::new(side, error)));
            }
        }
        work.save(link);
        None
    }

    /// Keeps what a side was given and does not hold, for the report.
    fn note_losses(&mut self, entry: &Entry<R>, stored: &Stored<R>) {
        let mut entry = entry.clone();
        if let Some(to) = &mut entry.to {
            self.renames.apply_to(to, entry.from.as_ref().map(|from| &from.record));
        }
        let fields = lost(&entry, stored);
        if !fields.is_empty() && self.report.losses.len() < LOSSES_MAX {
            let record = stored.record.summary();
            self.report.losses.push(Loss { side: entry.side, record, fields, code: None });
        }
    }

    fn count(&mut self, entry: &Entry<R>) {
        self.report.written[entry.side].add(match entry.op {
            Op::Create { .. } => Action::Create,
            Op::Update | Op::Seen => Action::Update,
            Op::Delete => Action::Delete,
            Op::Move { .. } => Action::Move,
        });
    }
}

/// Tells whether an update was answered and nothing of what it carried is there: its side cannot hold it, or did not
/// listen. It is told as lost, and not sent again until something changes.
fn is_void<R: Record>(entry: &Entry<R>, stored: &Stored<R>) -> bool {
    entry.op == Op::Update
        && !entry.taken.is_empty()
        && lost(entry, stored).len() == entry.taken.len()
        && entry.from.as_ref().is_some_and(|from| fields(&from.record) == fields(&stored.record))
}

/// That id is used up: created and deleted before we knew. The next key follows from it.
fn use_up<R: Record>(link: &mut Link<R>, entry: &Entry<R>, id: ItemId) {
    let template = entry.from.clone().or_else(|| link.alive(entry.side.other()).cloned());
    if let Some(template) = template {
        let stored = match &entry.from {
            Some(from) => {
                // The line of a local row goes on over the dead id.
                let lineage = (entry.side == Side::Local).then(|| from.root().clone());
                Stored { id, lineage, ..from.clone() }
            }
            None => Stored {
                id,
                record: entry.to.clone().unwrap_or_default(),
                opaque: passerelle_ports::Opaque::default(),
                version: passerelle_ports::Version::new("0"),
                key: None,
                made: None,
                stamp: None,
                lineage: None,
                withdrawn: false,
                home: None,
                ..template
            },
        };
        link.copies[entry.side] = Some(Copy { stored, gone: true, look: false });
    }
}

fn write_of<R: Record>(entry: &Entry<R>) -> Option<Write<R>> {
    let stamp = entry.id;
    match (&entry.op, &entry.from, &entry.to) {
        (Op::Create { key }, from, Some(to)) => Some(Write::Create {
            key: key.clone(),
            record: to.clone(),
            opaque: from.as_ref().map(|from| from.opaque.clone()),
            stamp,
            replaces: from.as_ref().map(|from| from.root().clone()),
        }),
        (Op::Update, Some(from), Some(to)) => {
            Some(Write::Update { from: from.clone(), to: to.clone(), opaque: entry.opaque.clone(), stamp })
        }
        (Op::Delete, Some(from), _) => Some(Write::Delete { from: from.clone(), stamp }),
        (Op::Move { to }, Some(from), _) => Some(Write::Move { from: from.clone(), to: to.clone(), stamp }),
        _ => None,
    }
}
