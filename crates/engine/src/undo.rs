//! Undo: landed entries, newest first, taken back by ordinary writes; then a run as any other.

use std::collections::{BTreeMap, BTreeSet};

use passerelle_ports::{
    EntriesOf, Entry, EntryId, Find, ItemId, Link, LinkId, MatchKey, Op, Outcome, Record, RunId, Side, Slice,
    Stored,
};
use passerelle_sync_rules::{
    Action, Back, Intent, Plan, PlanCounts, PlannedStep, Stays, release, stays, take_back,
};

use crate::{
    apply::Deletions,
    beside::Trip,
    engine::{Approval, Engine, EngineError},
    plan::{pretend, relabelled},
    session::{Flow, Session, broken, ledger},
    work::Work,
};

/// How many entries are read at a time.
const SLICE: u64 = 200;
/// How many names of lives that are over are passed by, until a record that comes back has one of its own.
const NAMES: usize = 20;
/// How many records a report names that stay as they are.
const STANDS_MAX: usize = 1000;

impl<R: Record> Engine<R> {
    /// Returns the run that is to be taken back, wholly or in part.
    pub(crate) async fn run_of(&self, what: &EntriesOf) -> Result<RunId, EngineError> {
        let slice = Slice { skip: 0, limit: 1 };
        let entries = self.ledger.entries(what, slice).await.map_err(EngineError::ledger)?;
        entries.first().map(|entry| entry.run).ok_or(EngineError::NotFound)
    }
}

impl<R: Record> Session<'_, R> {
    /// The preview of an undo.
    pub(crate) async fn plan_undo_run(&mut self, what: &EntriesOf) -> Flow<Plan> {
        self.gather().await?;
        let mut plan = self.undo_on_paper(what).await?;
        self.judge(&mut plan).await?;
        Ok(plan)
    }

    /// The undo itself.
    pub(crate) async fn undo_run(&mut self, what: &EntriesOf, approval: Option<&Approval>) -> Flow<()> {
        self.gather().await?;
        let mut plan = self.undo_on_paper(what).await?;
        self.judge(&mut plan).await?;
        if self.refuse(&mut plan, approval).await? {
            return Ok(());
        }
        self.accept_rules().await?;
        let (total, approved) = (plan.steps.len() as u64, !plan.trips.is_empty());
        self.relabel(&plan.steps).await?;
        drop(plan);
        self.report.not_undone = 0;
        self.report.stands.clear();
        self.take_all_back(what).await?;
        self.look().await?;
        self.pair_unlinked().await?;
        self.apply(total.max(1), Deletions::of(approved)).await?;
        self.end_labels().await
    }

    /// Works the undo out on copies of the links, each as the steps before leave it.
    async fn undo_on_paper(&mut self, what: &EntriesOf) -> Flow<Plan> {
        let mut paper: BTreeMap<LinkId, Link<R>> = BTreeMap::new();
        let mut steps = Vec::new();
        let mut counts = PlanCounts::default();
        for task in self.to_take_back(what).await? {
            let id = match task {
                Task::Entry(id) => id,
                Task::Trip(trip) => {
                    // Where one side goes back, the other one follows, whether it did then or not.
                    let known = paper.remove(&trip.link);
                    let why = match self.trip_on_paper(&trip, known).await? {
                        Some(mut link) => {
                            let goes = self.back_on_paper(&trip, &mut link, &mut steps, &mut counts);
                            paper.insert(trip.link, link);
                            (!goes).then_some(Stays::Rules)
                        }
                        None => (!self.is_round(&trip)).then_some(Stays::Changed),
                    };
                    self.trip_stays(&trip, why).await?;
                    continue;
                }
            };
            let Some(entry) = self.entry_of(id).await? else { continue };
            let known = paper.get(&entry.link).cloned();
            self.note_stays(&entry, known.as_ref(), &paper).await?;
            let Some(mut back) = self.back(&entry, known, &paper).await? else { continue };
            let step = PlannedStep::new(entry.link, &back.intent, summary(&back));
            let step = PlannedStep { relabelled: relabelled(&back.link, &back.intent), ..step };
            counts.writes[step.side].add(step.action);
            self.count_guests(&back.link, &back.intent, &mut counts);
            pretend(&mut back.link, &back.intent, self.rules()).map_err(broken)?;
            if back.release {
                release(&mut back.link, step.side, self.rules());
            }
            // The plan names the link as the history does, even where it will have another name.
            paper.insert(entry.link, back.link);
            steps.push(step);
        }
        // What is put back travels on in the same run, and so does what else was waiting.
        let mut after = None;
        while let Some(links) = self.due_links(&mut after).await? {
            for link in links.into_iter().filter(|link| !paper.contains_key(&link.id)) {
                self.plan_link(link, &mut steps, &mut counts);
            }
        }
        for (name, link) in paper {
            let from = steps.len();
            self.follow(link, &mut steps, &mut counts).map_err(broken)?;
            steps.iter_mut().skip(from).for_each(|step| step.link = name);
        }
        let plan = Plan::new(self.pair().clone(), steps, counts);
        self.report.planned = plan.counts.clone();
        self.report.digest = Some(plan.digest.clone());
        Ok(plan)
    }

    async fn take_all_back(&mut self, what: &EntriesOf) -> Flow<()> {
        let mut batch: Vec<Entry<R>> = Vec::new();
        let mut links: BTreeSet<LinkId> = BTreeSet::new();
        // Two entries of a link that is forgotten since go to one new link.
        let mut renamed: BTreeMap<LinkId, LinkId> = BTreeMap::new();
        // Whose records the batch brings back or removes: a record must not come back twice, nor be missed.
        let mut keys: BTreeSet<MatchKey> = BTreeSet::new();
        let mut came: Vec<LinkId> = Vec::new();
        for task in self.to_take_back(what).await? {
            let id = match task {
                Task::Entry(id) => id,
                Task::Trip(trip) => {
                    self.flush(&mut batch, &mut links).await?;
                    keys.clear();
                    let why = self.take_trip_back(&trip).await?;
                    match why {
                        None => came.push(trip.link),
                        Some(_) => self.report.not_undone += 1,
                    }
                    self.trip_stays(&trip, why).await?;
                    continue;
                }
            };
            // What was changed of those that came back is taken back where both their sides are now.
            self.let_follow(&std::mem::take(&mut came)).await?;
            let Some(mut entry) = self.entry_of(id).await? else { continue };
            entry.link = renamed.get(&entry.link).copied().unwrap_or(entry.link);
            let full = batch.len() >= self.capabilities(entry.side).batch_max.max(1);
            let own = entry.from.as_ref().filter(|_| entry.op == Op::Delete);
            let own: BTreeSet<MatchKey> = own.map(|from| from.record.match_keys()).unwrap_or_default();
            if full
                || own.iter().any(|key| keys.contains(key))
                || links.contains(&entry.link)
                || batch.first().is_some_and(|first| first.side != entry.side)
            {
                self.flush(&mut batch, &mut links).await?;
                keys.clear();
            }
            if self.is_blocked(entry.link) {
                self.report.not_undone += 1;
                self.stands(entry.link, entry_name(&entry), Stays::Busy);
                continue;
            }
            self.note_stays(&entry, None, &BTreeMap::new()).await?;
            let Some(back) = self.back(&entry, None, &BTreeMap::new()).await? else {
                self.report.not_undone += 1;
                continue;
            };
            renamed.insert(entry.link, back.link.id);
            links.extend([entry.link, back.link.id]);
            let mut write = self.entry(&back.link, back.intent);
            write.release = back.release;
            write.opaque = back.opaque;
            write.undoes = Some(entry.id);
            for record in write.from.iter().map(|from| &from.record).chain(&write.to) {
                keys.extend(record.match_keys());
            }
            let mut work = Work::new(self.find(Find::Links(vec![back.link.id])).await?);
            work.save(back.link);
            self.commit(work.into_changes()).await?;
            batch.push(write);
        }
        self.flush(&mut batch, &mut links).await
    }

    async fn entry_of(&self, id: EntryId) -> Flow<Option<Entry<R>>> {
        let slice = Slice { skip: 0, limit: 1 };
        let found = self.engine.ledger.entries(&EntriesOf::Entry(id), slice).await.map_err(ledger)?;
        Ok(found.into_iter().next())
    }

    /// Returns what is to be taken back: what comes home first, then landed entries, newest first, then what goes away
    /// again. What was taken back already, within what is asked for, is left out together with its taking back and with
    /// what travelled on from that.
    async fn to_take_back(&self, what: &EntriesOf) -> Flow<Vec<Task>> {
        let all = self.in_question(what).await?;
        let known: BTreeSet<EntryId> = all.iter().map(|brief| brief.id).collect();
        let mut out: BTreeSet<EntryId> = BTreeSet::new();
        let mut quiet: BTreeSet<(RunId, LinkId)> = BTreeSet::new();
        for brief in &all {
            if let Some(undone) = brief.undoes.filter(|undone| known.contains(undone))
                && !out.contains(&brief.id)
            {
                out.extend([brief.id, undone]);
                quiet.insert((brief.run, brief.link));
            }
        }
        let is_left = |brief: &&Brief| {
            !out.contains(&brief.id) && (brief.undoes.is_some() || !quiet.contains(&(brief.run, brief.link)))
        };
        let (mut tasks, mut trips) = (Vec::new(), BTreeMap::<LinkId, (EntryId, EntryId)>::new());
        for brief in all.iter().filter(is_left) {
            match brief.is_move {
                false => tasks.push(Task::Entry(brief.id)),
                // Several moves of one record are one way back, from where the last brought it to before the first.
                true => trips.entry(brief.link).or_insert((brief.id, brief.id)).1 = brief.id,
            }
        }
        let (mut home, mut away) = (Vec::new(), Vec::new());
        for (newest, oldest) in trips.into_values() {
            let Some(trip) = self.trip(newest, oldest).await? else { continue };
            if trip.is_homeward { home.push(Task::Trip(trip)) } else { away.push(Task::Trip(trip)) }
        }
        home.extend(tasks);
        home.extend(away);
        Ok(home)
    }

    /// Reads the landed entries that are asked for, newest first. What was done to a record that went from pair to pair
    /// is taken back, all of it, by the pair that had it at first.
    async fn in_question(&self, what: &EntriesOf) -> Flow<Vec<Brief>> {
        let mut all = self.briefs(what).await?;
        let EntriesOf::PairSince(own, since) = what else { return Ok(all) };
        let mut movers: BTreeSet<LinkId> = movers_of(&all);
        for pair in self.engine.pairs_beside() {
            movers.extend(movers_of(&self.briefs(&EntriesOf::PairSince(pair, *since)).await?));
        }
        for link in movers {
            all.retain(|brief| brief.link != link);
            let of_link = self.briefs(&EntriesOf::LinkSince(link, *since)).await?;
            let Some(first) = of_link.last() else { continue };
            if self.engine.ledger.run(first.run).await.map_err(ledger)?.is_some_and(|run| run.pair == *own) {
                all.extend(of_link);
            }
        }
        Ok(all)
    }

    async fn briefs(&self, what: &EntriesOf) -> Flow<Vec<Brief>> {
        let mut all = Vec::new();
        let mut slice = Slice { skip: 0, limit: SLICE };
        while let Some(entries) = self.landed(what, &mut slice).await? {
            all.extend(entries.into_iter().map(|entry: Entry<R>| Brief {
                id: entry.id,
                run: entry.run,
                link: entry.link,
                undoes: entry.undoes,
                is_move: matches!(entry.op, Op::Move { .. }),
            }));
        }
        Ok(all)
    }

    /// Works out the way back from where the newest move brought a record to where it stood before the oldest.
    async fn trip(&self, newest: EntryId, oldest: EntryId) -> Flow<Option<Trip>> {
        let (newest, oldest) = (self.entry_of(newest).await?, self.entry_of(oldest).await?);
        let (Some(newest), Some(oldest)) = (newest, oldest) else { return Ok(None) };
        let (Op::Move { to: from }, Some(stored)) = (newest.op, oldest.from) else { return Ok(None) };
        let to = match stored.home {
            Some(home) => home,
            // It stood in the collection of the pair that moved it.
            None => {
                let run = self.engine.ledger.run(oldest.run).await.map_err(ledger)?;
                run.and_then(|run| self.engine.home_of(&run.pair, oldest.side)).unwrap_or_default()
            }
        };
        Ok(Some(Trip {
            undoes: oldest.id,
            link: oldest.link,
            item: stored.id,
            is_homeward: self.engine.home_of(self.pair(), oldest.side).as_ref() == Some(&to),
            side: oldest.side,
            to,
            from: (newest.side, from),
        }))
    }

    async fn flush(&mut self, batch: &mut Vec<Entry<R>>, links: &mut BTreeSet<LinkId>) -> Flow<()> {
        links.clear();
        let mut entries = std::mem::take(batch);
        for _ in 0..NAMES {
            let Some(side) = entries.first().map(|entry| entry.side) else { return Ok(()) };
            self.write_batch(side, entries.clone()).await?;
            entries = self.under_next_names(entries).await?;
        }
        self.report.not_undone += entries.len() as u64;
        for entry in entries {
            self.stands(entry.link, entry_name(&entry), Stays::Busy);
        }
        Ok(())
    }

    /// Notes that something of an entry stays as it is, and why: nothing is left out in silence.
    async fn note_stays(
        &mut self,
        entry: &Entry<R>,
        known: Option<&Link<R>>,
        paper: &BTreeMap<LinkId, Link<R>>,
    ) -> Flow<()> {
        let why = match (&entry.op, &entry.from) {
            (Op::Delete, Some(before)) => {
                let is_again = !self.is_undone(entry).await?
                    && self.is_back(entry.side, entry.link, before, paper).await?;
                is_again.then_some(Stays::There)
            }
            _ => {
                let found = match known {
                    Some(_) => None,
                    None => self.find(Find::Links(vec![entry.link])).await?.pop(),
                };
                stays(entry, known.or(found.as_ref()), self.rules())
            }
        };
        if let Some(why) = why {
            self.stands(entry.link, entry_name(entry), why);
        }
        Ok(())
    }

    async fn trip_stays(&mut self, trip: &Trip, why: Option<Stays>) -> Flow<()> {
        let Some(why) = why else { return Ok(()) };
        let name = self.entry_of(trip.undoes).await?.map(|entry| entry_name(&entry)).unwrap_or_default();
        self.stands(trip.link, name, why);
        Ok(())
    }

    fn stands(&mut self, link: LinkId, record: String, why: Stays) {
        let known = &mut self.report.stands;
        if known.len() < STANDS_MAX && known.iter().all(|(one, ..)| *one != link) {
            known.push((link, record, why));
        }
    }

    /// Returns the creates that met the name of a former life, once more and under the next name: of a link of which
    /// both sides are gone there is no next run.
    async fn under_next_names(&self, entries: Vec<Entry<R>>) -> Flow<Vec<Entry<R>>> {
        let creates: Vec<Entry<R>> =
            entries.into_iter().filter(|entry| matches!(entry.op, Op::Create { .. })).collect();
        let links = self.find(Find::Links(creates.iter().map(|entry| entry.link).collect())).await?;
        let again = |entry: Entry<R>| {
            let (link, from) = (links.iter().find(|link| link.id == entry.link)?, entry.from.as_ref()?);
            let is_used_up = link.alive(entry.side).is_none() && link.item(entry.side) != Some(&from.id);
            is_used_up.then(|| {
                let Entry { side, to, taken, source, undoes, .. } = entry;
                let intent = Intent { side, action: Action::Create, to, taken, source };
                Entry { undoes, ..self.entry(link, intent) }
            })
        };
        Ok(creates.into_iter().filter_map(again).collect())
    }

    /// Returns the next landed entries, newest first; `None` at the end.
    async fn landed(&self, what: &EntriesOf, slice: &mut Slice) -> Flow<Option<Vec<Entry<R>>>> {
        let entries = self.engine.ledger.entries(what, *slice).await.map_err(ledger)?;
        if entries.is_empty() {
            return Ok(None);
        }
        slice.skip += entries.len() as u64;
        Ok(Some(entries.into_iter().filter(|entry| matches!(entry.outcome, Outcome::Landed(_))).collect()))
    }

    /// Returns the write that takes one entry back, for the link as it stands or as given.
    async fn back(
        &self,
        entry: &Entry<R>,
        known: Option<Link<R>>,
        paper: &BTreeMap<LinkId, Link<R>>,
    ) -> Flow<Option<Back<R>>> {
        let link = match known {
            Some(link) => Some(link),
            None => self.find(Find::Links(vec![entry.link])).await?.pop(),
        };
        let link = match (link, &entry.to, &entry.from) {
            (None, None, Some(before)) => self.heir(entry, before).await?,
            (link, ..) => link,
        };
        let is_back = match (&entry.to, &entry.from) {
            (None, Some(before)) => {
                self.is_undone(entry).await? || self.is_back(entry.side, entry.link, before, paper).await?
            }
            _ => false,
        };
        take_back(entry, link.as_ref(), is_back, self.new_link(), self.rules()).map_err(broken)
    }

    /// Returns the link that has the items of a deletion whose own link is forgotten: an undo that a crash cut short
    /// has made one, or the other side's item is out of its provider's bin.
    async fn heir(&self, entry: &Entry<R>, before: &Stored<R>) -> Flow<Option<Link<R>>> {
        let own = self.find(Find::Items(entry.side, vec![before.id.clone()])).await?.pop();
        match (own, &entry.other) {
            (None, Some(other)) => {
                Ok(self.find(Find::Items(entry.side.other(), vec![other.id.clone()])).await?.pop())
            }
            (own, _) => Ok(own),
        }
    }

    /// Tells whether a deletion was taken back already, and what it brought back is still there.
    async fn is_undone(&self, entry: &Entry<R>) -> Flow<bool> {
        let mut slice = Slice { skip: 0, limit: SLICE };
        while let Some(entries) = self.landed(&EntriesOf::Undoing(entry.id), &mut slice).await? {
            let made: Vec<ItemId> = entries.iter().filter_map(Entry::item).cloned().collect();
            let links = self.find(Find::Items(entry.side, made)).await?;
            if links.iter().any(|link| link.alive(entry.side).is_some()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Tells whether another link has the deleted record on that side: the same identifier, or another
    /// strong key together with the same short name (a family may share an address).
    async fn is_back(
        &self,
        side: Side,
        own: LinkId,
        before: &Stored<R>,
        paper: &BTreeMap<LinkId, Link<R>>,
    ) -> Flow<bool> {
        let keys: Vec<_> = before.record.match_keys().into_iter().filter(|key| key.strength <= 1).collect();
        if keys.is_empty() {
            return Ok(false);
        }
        let store = &self.engine.ledger;
        let mut sharing = store.alive_sharing(self.pair(), side, &keys).await.map_err(ledger)?;
        // What stands on paper has been judged there.
        sharing.retain(|link| *link != own && !paper.contains_key(link));
        let name = before.record.summary().trim().to_lowercase();
        let same = |link: &Link<R>| {
            link.alive(side).is_some_and(|stored| {
                let theirs = stored.record.match_keys();
                let identifier = keys.iter().any(|key| key.strength == 0 && theirs.contains(key));
                identifier || stored.record.summary().trim().to_lowercase() == name
            })
        };
        let on_paper = paper.iter().any(|(name, link)| *name != own && same(link));
        Ok(on_paper || self.find(Find::Links(sharing)).await?.iter().any(same))
    }
}

/// A landed entry, as far as it matters which others are taken back.
struct Brief {
    id: EntryId,
    run: RunId,
    link: LinkId,
    undoes: Option<EntryId>,
    is_move: bool,
}

/// Something to take back.
enum Task {
    /// What an entry did to one side.
    Entry(EntryId),
    /// That a record went into another collection.
    Trip(Trip),
}

/// Returns the short name of the record that an entry is about.
fn entry_name<R: Record>(entry: &Entry<R>) -> String {
    let from = entry.from.as_ref().map(|from| &from.record);
    from.or(entry.to.as_ref()).map(Record::summary).unwrap_or_default()
}

fn movers_of(briefs: &[Brief]) -> BTreeSet<LinkId> {
    briefs.iter().filter(|brief| brief.is_move).map(|brief| brief.link).collect()
}

fn summary<R: Record>(back: &Back<R>) -> String {
    let stored = back.link.alive(back.intent.side);
    back.intent.to.as_ref().or(stored.map(|stored| &stored.record)).map(Record::summary).unwrap_or_default()
}
