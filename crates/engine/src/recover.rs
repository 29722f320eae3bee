//! Recover: what became of writes whose answer was lost. After observing, entry by entry.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use passerelle_ports::{
    AssembleError, Entry, Find, ItemId, Op, Outcome, PortResult, Record, Refusal, Side, Stored, Written,
    fields,
};
use passerelle_sync_rules::{Answer, Rules, answered, rebase, release};

use crate::{
    look::{bury, put_read},
    session::{Flow, Session, broken, early},
    unread::refuse,
    work::Work,
};

impl<R: Record> Session<'_, R> {
    /// Finds out what became of each open entry, as far as that can be known by now.
    pub(crate) async fn recover(&mut self) -> Flow<()> {
        for side in Side::BOTH {
            let open: Vec<Entry<R>> = self.open.iter().filter(|entry| entry.side == side).cloned().collect();
            if open.is_empty() {
                continue;
            }
            let before = self.open.len();
            let links = open.iter().map(|entry| entry.link).collect();
            let mut work = Work::new(self.find(Find::Links(links)).await?);
            if self.capabilities(side).outcomes {
                self.ask(&mut work, side, open).await?;
            } else {
                self.search(&mut work, side, open).await?;
            }
            self.commit(work.into_changes()).await?;
            let found_out = before.saturating_sub(self.open.len()) as u64;
            self.report.recovered += found_out;
            tracing::debug!(run.id = self.run.0, side = side.as_str(), found_out, "open writes recovered");
        }
        Ok(())
    }

    /// The local store is asked, never guessed at.
    async fn ask(&mut self, work: &mut Work<R>, side: Side, open: Vec<Entry<R>>) -> Flow<()> {
        let ids: Vec<_> = open.iter().map(|entry| entry.id).collect();
        let outcomes = self.replica(side).outcome(&ids).await.map_err(early(side))?;
        for (entry, outcome) in open.into_iter().zip(outcomes) {
            let answer = match outcome {
                Some(Written::Stored(stored)) => Some(Answer::Stored(stored)),
                Some(Written::Deleted | Written::Removed(_)) => Some(Answer::Deleted),
                Some(Written::Exists { .. }) | None => None,
            };
            if answer.is_none() && !self.is_settled(&entry) {
                continue;
            }
            if let Some(mut link) = work.get(entry.link).cloned() {
                if let Some(answer) = &answer {
                    answered(&mut link, &entry, answer, self.rules()).map_err(broken)?;
                }
                if let Some(copy) = &mut link.copies[side] {
                    copy.look = true;
                }
                link.due = true;
                work.save(link);
            }
            let outcome = match answer {
                Some(Answer::Stored(stored)) => Outcome::Landed(Some(stored)),
                Some(Answer::Deleted) => Outcome::Landed(None),
                None => Outcome::NotLanded,
            };
            work.changes.close.push((entry.id, outcome));
        }
        Ok(())
    }

    /// Elsewhere the item itself tells.
    async fn search(&mut self, work: &mut Work<R>, side: Side, open: Vec<Entry<R>>) -> Flow<()> {
        let ids: Vec<ItemId> = open.iter().filter_map(written_item).collect();
        let mut found: BTreeMap<ItemId, PortResult<Option<Stored<R>>>> = BTreeMap::new();
        if !ids.is_empty() {
            let answers = self.replica(side).fetch_each(&ids).await.map_err(early(side))?;
            found.extend(ids.iter().cloned().zip(self.weigh(side, answers)?));
        }
        let lives_on =
            |item: &ItemId| matches!(found.get(item), Some(Ok(Some(stored))) if stored.id != *item);
        for entry in open {
            let settled = self.is_settled(&entry);
            match written_item(&entry) {
                // A create that landed was met while observing; one not seen by then never landed.
                None if settled && !self.may_be_hidden(&entry) => {
                    self.suspects.insert(entry.link);
                    work.change(entry.link, |link| link.due = true);
                    work.changes.close.push((entry.id, Outcome::NotLanded));
                }
                None => {}
                // It lives on as another item, which tells nothing of this write.
                Some(item) if lives_on(&item) => {
                    work.change(entry.link, |link| {
                        if let Some(copy) = link.copies[side].as_mut().filter(|copy| copy.stored.id == item) {
                            copy.look = true;
                        }
                        link.due = true;
                    });
                    work.changes.close.push((entry.id, Outcome::NotLanded));
                }
                Some(item) => {
                    let stored = match found.get(&item) {
                        Some(Ok(stored)) => stored.clone(),
                        Some(Err(error)) => {
                            let refusal = Refusal::new(side, error, self.engine.clock.now());
                            work.change(entry.link, |link| refuse(link, refusal));
                            continue;
                        }
                        None => None,
                    };
                    if self.is_late(work, &entry, stored.as_ref(), settled) {
                        continue;
                    }
                    if let Op::Move { to } = &entry.op {
                        self.close_moved(work, &entry, to, stored, settled);
                        continue;
                    }
                    self.suspects.insert(entry.link);
                    let (stamps, gone) = (self.capabilities(side).stamps, self.gone_at(side));
                    close_written(work, &entry, &item, stored, (settled, stamps), gone, self.rules())
                        .map_err(broken)?;
                }
            }
        }
        Ok(())
    }

    /// Where an item stands tells whether its move landed.
    fn close_moved(
        &mut self,
        work: &mut Work<R>,
        entry: &Entry<R>,
        to: &str,
        found: Option<Stored<R>>,
        settled: bool,
    ) {
        let side = entry.side;
        let landed = found.as_ref().is_some_and(|found| self.has_landed(side, to, found));
        if !landed && !settled && found.is_some() {
            return;
        }
        let gone = self.gone_at(side);
        work.change(entry.link, |link| {
            if link.item(side) == entry.from.as_ref().map(|from| &from.id) {
                match found.clone() {
                    Some(found) => put_read(link, side, found, gone),
                    None => bury(link, side, gone, false),
                }
            }
            link.due = true;
        });
        work.changes.close.push((entry.id, if landed { Outcome::Landed(found) } else { Outcome::NotLanded }));
    }

    /// Tells whether an answer is older than what is known of the item: it says nothing about the write.
    fn is_late(
        &self,
        work: &mut Work<R>,
        entry: &Entry<R>,
        stored: Option<&Stored<R>>,
        settled: bool,
    ) -> bool {
        let side = entry.side;
        let (now, lag) = (self.engine.clock.now(), self.lag(side));
        let link = work.get(entry.link).filter(|link| link.item(side) == written_item(entry).as_ref());
        let is_gone = link.is_some_and(|link| link.alive(side).is_none());
        let held = link.and_then(|link| link.alive(side)).map(|stored| &stored.version);
        let is_later = held.is_some_and(|held| entry.from.as_ref().is_some_and(|from| from.version != *held));
        let Some(mut trail) = link.map(|link| link.trails[side].clone()).filter(|_| !lag.is_zero()) else {
            return false;
        };
        let is_late = match stored {
            Some(stored) => trail.is_older(stored),
            // It was seen in a later state since: out of the bin, perhaps, and the answer is from when it was gone.
            None if entry.op == Op::Delete && is_later => trail.may_be_there(now, lag),
            None if entry.op == Op::Delete => trail.may_be_unborn(now, lag),
            // This run may have learnt already that it is gone.
            None if is_gone && trail.listed != Some(true) => false,
            None => trail.may_be_there(now, lag),
        };
        let is_doubted = is_late && (!settled || trail.doubt(stored, self.clocks(side)));
        if is_doubted {
            work.change(entry.link, |link| link.trails[side] = trail);
        }
        is_doubted
    }
}

/// Returns the item that an update or a delete was to write.
fn written_item<R: Record>(entry: &Entry<R>) -> Option<ItemId> {
    match entry.op {
        Op::Create { .. } | Op::Seen => None,
        Op::Update | Op::Delete | Op::Move { .. } => entry.from.as_ref().map(|from| from.id.clone()),
    }
}

fn close_written<R: Record>(
    work: &mut Work<R>,
    entry: &Entry<R>,
    item: &ItemId,
    found: Option<Stored<R>>,
    (settled, stamps): (bool, bool),
    gone_at: Option<DateTime<Utc>>,
    rules: &Rules,
) -> Result<(), AssembleError> {
    let side = entry.side;
    let untouched = match (&found, &entry.from) {
        (Some(found), Some(from)) => found.version == from.version,
        _ => false,
    };
    if untouched && !settled {
        return Ok(());
    }
    let landed = match (&found, &entry.op) {
        (None, Op::Delete) => true,
        (Some(found), Op::Update) if !untouched => {
            if stamps {
                found.stamp == Some(entry.id)
            } else {
                shows(entry, found)
            }
        }
        _ => false,
    };
    if let Some(mut link) = work.get(entry.link).cloned() {
        if link.item(side) == Some(item) {
            match found.clone() {
                Some(found) => put_read(&mut link, side, found, gone_at),
                None => {
                    bury(&mut link, side, gone_at, landed);
                    if landed {
                        link.trails[side].kill(entry.id, None);
                    }
                }
            }
        }
        match &found {
            Some(found) if landed => rebase(&mut link, entry, &found.record)?,
            None if landed && entry.release => release(&mut link, side, rules),
            _ => {}
        }
        link.due = true;
        work.save(link);
    }
    work.changes.close.push((entry.id, if landed { Outcome::Landed(found) } else { Outcome::NotLanded }));
    Ok(())
}

/// Where no stamp is kept: some taken field shows the value sent and did not before.
fn shows<R: Record>(entry: &Entry<R>, found: &Stored<R>) -> bool {
    let found = fields(&found.record);
    let to = entry.to.as_ref().map(fields).unwrap_or_default();
    let from = entry.from.as_ref().map(|from| fields(&from.record)).unwrap_or_default();
    entry.taken.iter().any(|field| {
        let normal = |value: Option<&passerelle_ports::Value>| value.map(|value| R::normal(field, value));
        let sent = normal(to.get(field));
        normal(found.get(field)) == sent && normal(from.get(field)) != sent
    })
}
