//! Plan: what a run will do, worked out from all due links before the first write.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use passerelle_ports::{
    AssembleError, Copy, Counts, Entry, EntryId, ErrorKind, Field, Find, ItemId, Link, LinkId, LinkState, Op,
    Outcome, Record, Relabelling, Run, RunKind, Side, Sides, Slice, Stored, Value, Version, Written, fields,
};
use passerelle_sync_rules::{
    Action, Intent, Plan, PlanCounts, PlannedStep, Relocation, Rules, Step, Trip, acknowledge, decide, guard,
    only_adds, put_gone, settle,
};
use uuid::Uuid;

use crate::{
    apply::Deletions,
    beside::at_home,
    engine::{Approval, Phase},
    report::{Refused, RunReport},
    session::{Flow, Session, Stop, early, ledger},
    work::Work,
};

/// How many writes a link is followed through: local, remote, and what may come of them.
pub(crate) const DEPTH: usize = 6;
/// How long a refused record rests before it is tried again.
const RETRY_AFTER: TimeDelta = TimeDelta::hours(6);
/// How many runs back a plan counts as shown.
const RUNS_SHOWN: u64 = 20;

impl<R: Record> Session<'_, R> {
    /// A dry run.
    pub(crate) async fn plan_run(&mut self) -> Flow<Plan> {
        Box::pin(self.gather()).await?;
        let mut plan = Box::pin(self.plan_due()).await?;
        self.judge(&mut plan).await?;
        Ok(plan)
    }

    /// A synchronisation.
    pub(crate) async fn sync_run(&mut self, approval: Option<&Approval>) -> Flow<()> {
        Box::pin(self.gather()).await?;
        let mut plan = Box::pin(self.plan_due()).await?;
        self.judge(&mut plan).await?;
        if matches!(approval, Some(Approval::BringBack(_))) && self.is_approved(&plan, approval).await? {
            self.want_back(&plan).await?;
            plan.trips.clear();
        } else if plan.holds_deletions_only() {
            if !self.is_approved(&plan, approval).await? {
                return self.hold_deletions(plan).await;
            }
        } else if self.refuse(&mut plan, approval).await? {
            return Ok(());
        }
        self.accept_rules().await?;
        self.relabel(&plan.steps).await?;
        let approved = !plan.trips.is_empty();
        let total = plan.steps.len() as u64;
        self.report.announced = of_movers(plan.steps);
        Box::pin(self.apply(total, Deletions::of(approved))).await?;
        Box::pin(self.end_labels()).await
    }

    /// Carries out what is no deletion. The deletions wait, and are shown as a plan of their own: the next run has the
    /// same one, unless something else happens.
    async fn hold_deletions(&mut self, mut plan: Plan) -> Flow<()> {
        let total = plan.steps.len() as u64;
        let all = plan.steps.clone();
        let is_deletion = |step: &PlannedStep| step.action == Action::Delete;
        plan.steps.retain(is_deletion);
        let mut held = Plan::new(self.pair().clone(), plan.steps, plan.counts);
        held.trips = plan.trips;
        self.refuse(&mut held, None).await?;
        self.accept_rules().await?;
        self.relabel(&all).await?;
        Box::pin(self.apply(total, Deletions::Held)).await?;
        Box::pin(self.end_labels()).await
    }

    /// Tells each side, before the first write, which labels a plan gives another name: a batch shows only some of the
    /// records that leave a label.
    pub(crate) async fn relabel(&mut self, steps: &[PlannedStep]) -> Flow<()> {
        self.rename_there().await?;
        let mut counts: Sides<BTreeMap<(String, String), u64>> = Sides::default();
        let several = steps.iter().any(|step| step.relabelled.len() > 1);
        let former = if several { self.former_names().await? } else { BTreeSet::new() };
        for step in steps {
            for names in &step.relabelled {
                // Of several labels only one that was called so before tells which takes the place of which.
                let is_told = step.relabelled.len() == 1 || former.contains(names);
                if is_told && !self.renames.tell(&names.0) && !self.renames.tell(&names.1) {
                    *counts[step.side].entry(names.clone()).or_default() += 1;
                }
            }
        }
        for side in Side::BOTH {
            let all = std::mem::take(&mut counts[side]).into_iter();
            let all: Vec<_> = all.map(|((from, to), count)| Relabelling { from, to, count }).collect();
            if !all.is_empty() {
                self.replica(side).relabel(&all).await.map_err(early(side))?;
            }
        }
        Ok(())
    }

    /// Marks what the plan would delete as wanted back.
    async fn want_back(&mut self, plan: &Plan) -> Flow<()> {
        let deletions: Vec<&PlannedStep> =
            plan.steps.iter().filter(|step| step.action == Action::Delete).collect();
        for chunk in deletions.chunks(self.chunk() as usize) {
            let ids = chunk.iter().map(|step| step.link).collect();
            let mut work = Work::new(self.find(Find::Links(ids)).await?);
            for step in chunk {
                work.change(step.link, |link| link.trails[step.side.other()].wanted = true);
            }
            self.commit(work.into_changes()).await?;
        }
        Ok(())
    }

    /// Everything that comes before the plan: it writes to no replica.
    pub(crate) async fn gather(&mut self) -> Flow<()> {
        self.check_rules().await?;
        self.observed_from = self.engine.clock.now();
        for side in Side::BOTH {
            let seen = Box::pin(self.observe(side)).await;
            if let Err(Stop::Early(stopped)) = &seen
                && side == Side::Remote
                && matches!(stopped.kind, ErrorKind::NotFound | ErrorKind::Forbidden)
            {
                self.let_go().await?;
            }
            seen?;
        }
        Box::pin(self.look()).await?;
        Box::pin(self.recover()).await?;
        Box::pin(self.look()).await?;
        self.retry_refused().await?;
        Box::pin(self.pair_unlinked()).await?;
        Box::pin(self.settle_labels()).await
    }

    /// What a side refused is tried once more after a while: a right may have been given since, or a fault mended.
    async fn retry_refused(&mut self) -> Flow<()> {
        let now = self.engine.clock.now();
        let is_old = |link: &Link<R>| match &link.state {
            LinkState::Rejected(refusal) => refusal.at.is_none_or(|at| now - at >= RETRY_AFTER),
            _ => false,
        };
        let mut after = None;
        loop {
            let page =
                self.engine.ledger.attention(self.pair(), after, self.chunk()).await.map_err(ledger)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id);
            let ids: Vec<LinkId> = page.iter().filter(|link| is_old(link)).map(|link| link.id).collect();
            if !ids.is_empty() {
                let mut work = Work::new(self.find(Find::Links(ids.clone())).await?);
                for id in ids {
                    work.change(id, |link| link.due = true);
                }
                self.commit(work.into_changes()).await?;
            }
        }
    }

    /// Decides all due links on paper.
    async fn plan_due(&mut self) -> Flow<Plan> {
        let mut steps = Vec::new();
        let mut counts = PlanCounts::default();
        let mut after = None;
        self.report.matched = 0;
        while let Some(links) = self.due_links(&mut after).await? {
            for link in links {
                self.report.matched += u64::from(is_first_meeting(&link));
                self.plan_link(link, &mut steps, &mut counts);
                self.step(counts.due, 0, Phase::Planning);
            }
        }
        if !counts.mentions_all() {
            tracing::error!(
                run.id = self.run.0,
                due = counts.due,
                "the plan does not mention every link (I15)"
            );
        }
        let plan = Plan::new(self.pair().clone(), steps, counts);
        self.report.planned = plan.counts.clone();
        self.report.deferred_deletes = plan.counts.deferred_deletes;
        self.report.digest = Some(plan.digest.clone());
        Ok(plan)
    }

    pub(crate) fn plan_link(&self, link: Link<R>, steps: &mut Vec<PlannedStep>, counts: &mut PlanCounts) {
        counts.due += 1;
        counts.held_before += u64::from(!link.held.is_empty());
        if link.state == LinkState::Ambiguous && link.half().is_some() {
            counts.waiting += 1;
            return;
        }
        if self.follow(link, steps, counts).is_err() {
            counts.failed += 1;
        }
    }

    /// Follows a link through its writes, as if each were stored as it is sent.
    pub(crate) fn follow(
        &self,
        mut link: Link<R>,
        steps: &mut Vec<PlannedStep>,
        counts: &mut PlanCounts,
    ) -> Result<(), AssembleError> {
        let (mut written, mut settled) = (false, false);
        let meets = is_first_meeting(&link);
        let mut rules = self.rules();
        if let Some(Relocation::Barred(side)) = self.ways.get(&link.id) {
            if let Some(entry) = self.edit_where_it_stands(&mut link, *side) {
                written = true;
                let intent = Intent {
                    side: *side,
                    action: Action::Update,
                    to: entry.to,
                    taken: entry.taken,
                    source: entry.source,
                };
                counts.writes[*side].add(Action::Update);
                steps.push(PlannedStep::new(link.id, &intent, summary(&link, &intent)));
                self.count_guests(&link, &intent, counts);
            }
            counts.asked(&link, written);
            counts.written += u64::from(written);
            return Ok(());
        }
        if let Some(way) = self.ways.get(&link.id) {
            let before = steps.len();
            let pair = self.follow_way(&mut link, way, steps, counts);
            written = steps.len() > before;
            if let Some(there) = pair.and_then(|pair| self.rules_at(&pair)) {
                at_home(&mut link);
                rules = there;
            }
        }
        for _ in 0..DEPTH {
            let last = match decide(&link, rules)? {
                Step::Settle(fields) => {
                    settled = true;
                    settle(&mut link, &fields, rules)?;
                    continue;
                }
                Step::Write(intent) if intent.action == Action::Delete && self.is_complete() => {
                    counts.deferred_deletes += 1;
                    break;
                }
                Step::Write(intent) if self.forbidden(&link, &intent).is_some() => {
                    counts.asked(&link, written);
                    break;
                }
                Step::Write(intent) if self.waits(link.id, &intent) => {
                    counts.waiting += u64::from(!written);
                    break;
                }
                Step::Write(intent) => {
                    written = true;
                    counts.writes[intent.side].add(intent.action);
                    let step = PlannedStep::new(link.id, &intent, summary(&link, &intent));
                    let relabelled = relabelled(&link, &intent);
                    steps.push(PlannedStep { adds: meets && only_adds(&link, &intent), relabelled, ..step });
                    self.count_guests(&link, &intent, counts);
                    if intent.action == Action::Delete {
                        break;
                    }
                    pretend(&mut link, &intent, rules)?;
                    continue;
                }
                last => last,
            };
            if matches!(last, Step::Sealed(_)) {
                counts.asked(&link, written);
                break;
            }
            counts.clashes += u64::from(matches!(last, Step::Hold(_)));
            // A link with writes counts as written, whatever is left of it in the end.
            if !written {
                classify(&last, settled, counts);
            }
            break;
        }
        counts.written += u64::from(written);
        Ok(())
    }

    /// Counts the other people from whom a write takes something away that they were asked to.
    pub(crate) fn count_guests(&self, link: &Link<R>, intent: &Intent<R>, counts: &mut PlanCounts) {
        let Some(there) = self.telling(link, intent.side) else { return };
        counts.guests += match (intent.action, &intent.to) {
            (Action::Delete, _) => there.record.concerned_others(),
            (_, Some(to)) => to.calls_off(&there.record),
            (_, None) => 0,
        };
    }

    /// Counts the other people of a record that goes into another collection.
    pub(crate) fn count_moved_guests(&self, link: &Link<R>, side: Side, counts: &mut PlanCounts) {
        let there = self.telling(link, side);
        counts.moved_guests += there.map_or(0, |stored| stored.record.concerned_others());
    }

    /// Returns the provider's copy of a record, where a write to that side concerns the other people of the record too.
    fn telling<'l>(&self, link: &'l Link<R>, side: Side) -> Option<&'l Stored<R>> {
        let there = link.alive(side).filter(|_| side == Side::Remote)?;
        (self.replica(side).tells_others(there)).then_some(there)
    }

    /// Tells whether a record waits to be created until it is known what else that side has.
    pub(crate) fn waits(&self, link: LinkId, intent: &Intent<R>) -> bool {
        intent.action == Action::Create && (self.unread[intent.side] || self.awaiting.contains(&link))
    }

    /// Asks the guard.
    pub(crate) async fn judge(&mut self, plan: &mut Plan) -> Flow<()> {
        if !plan.steps.is_empty() {
            let counts = self.engine.ledger.counts(self.pair()).await.map_err(ledger)?;
            plan.trips = self.guarded(plan, &counts);
            let came = self.came_from_abroad(plan).await?;
            plan.trips.extend(came);
            self.stay_emptied(plan).await?;
            if self.rules_pending {
                plan.trips.push(Trip::RulesChanged { planned: plan.steps.len() as u64 });
            }
        }
        Ok(())
    }

    /// Asks the guard about what no other pair's plan has announced.
    fn guarded(&self, plan: &Plan, counts: &Counts) -> Vec<Trip> {
        let limits = &self.rules().limits;
        let announced = &self.engine.announced;
        if announced.is_empty() {
            return guard(plan, counts, limits);
        }
        let what = |step: &PlannedStep| (step.link, step.side, step.action, step.content.clone());
        let announced: BTreeSet<_> = announced.iter().map(what).collect();
        let mut judged = plan.clone();
        judged.steps.retain(|step| !announced.contains(&what(step)));
        guard(&judged, counts, limits)
    }

    /// What goes on while the deletions of an emptied side wait may bring that side its first records again: that
    /// approves none of the deletions.
    async fn stay_emptied(&self, plan: &mut Plan) -> Flow<()> {
        let is_emptied = |trip: &Trip| matches!(trip, Trip::Emptied { .. });
        if plan.deletes() == 0 || plan.trips.iter().any(is_emptied) {
            return Ok(());
        }
        let slice = Slice { skip: 0, limit: RUNS_SHOWN };
        let runs = self.engine.ledger.runs(Some(self.pair()), slice).await.map_err(ledger)?;
        let reports = runs
            .iter()
            .filter(|run| run.kind == RunKind::Sync && run.finished.is_some())
            .filter_map(|run| serde_json::from_value::<RunReport>(run.summary.clone()).ok());
        let last = reports.into_iter().find(|report| report.stopped.is_none());
        let trips = last.and_then(|report| report.refused).map(|refused| refused.trips).unwrap_or_default();
        for trip in trips {
            if let Trip::Emptied { side, linked, .. } = trip
                && plan.counts.writes[side.other()].deleted > 0
            {
                let planned = plan.counts.writes[side.other()].deleted;
                plan.trips.push(Trip::Emptied { side, linked, planned });
            }
        }
        Ok(())
    }

    /// Refuses a plan that the guard does not let pass and that nobody approved. Its steps go to the report.
    pub(crate) async fn refuse(&mut self, plan: &mut Plan, approval: Option<&Approval>) -> Flow<bool> {
        if plan.trips.is_empty() || self.is_approved(plan, approval).await? {
            return Ok(false);
        }
        tracing::info!(run.id = self.run.0, pair = %self.pair(), deletes = plan.deletes(), "the guard refuses the plan");
        self.report.refused = Some(Refused {
            trips: plan.trips.clone(),
            digest: plan.digest.clone(),
            deletes: plan.deletes(),
            steps: std::mem::take(&mut plan.steps),
        });
        Ok(true)
    }

    async fn is_approved(&self, plan: &Plan, approval: Option<&Approval>) -> Flow<bool> {
        match approval {
            None => Ok(false),
            Some(Approval::Digest(digest)) => Ok(*digest == plan.digest),
            Some(Approval::Named(digits)) => Ok(plan.digest.is_named_by(digits)),
            Some(Approval::Deletes(number) | Approval::BringBack(number)) => {
                let only_deletes =
                    plan.trips.iter().all(|trip| matches!(trip, Trip::Deletes { .. } | Trip::Emptied { .. }));
                Ok(only_deletes && *number == plan.deletes() && self.was_shown(plan).await?)
            }
        }
    }

    /// Tells whether one of the last runs of this pair showed exactly this plan: a number alone may fit another.
    async fn was_shown(&self, plan: &Plan) -> Flow<bool> {
        let slice = Slice { skip: 0, limit: RUNS_SHOWN };
        let runs = self.engine.ledger.runs(Some(self.pair()), slice).await.map_err(ledger)?;
        // The whole plan, or the deletions of it that were held up.
        let names = |run: &Run, place: &str| {
            run.summary.pointer(place).and_then(Value::as_str) == Some(plan.digest.as_str())
        };
        Ok(runs.iter().any(|run| names(run, "/digest") || names(run, "/refused/digest")))
    }

    /// Tells whether a side was listed completely for want of a good cursor: then nothing is deleted in this
    /// run.
    pub(crate) fn is_complete(&self) -> bool {
        self.report.complete.local || self.report.complete.remote
    }

    /// Returns the next due links, in order, with the last local copy made fresh; `None` at the end.
    pub(crate) async fn due_links(&mut self, after: &mut Option<LinkId>) -> Flow<Option<Vec<Link<R>>>> {
        let ids = self.engine.ledger.due(self.pair(), *after, self.chunk()).await.map_err(ledger)?;
        let Some(last) = ids.last() else { return Ok(None) };
        *after = Some(*last);
        let mut links = self.find(Find::Links(ids)).await?;
        links.sort_by_key(|link| link.id);
        self.freshen(&mut links).await?;
        self.find_ways(&mut links).await?;
        self.find_invited(&links).await?;
        Ok(Some(links))
    }

    /// Where a local row is gone, its last copy is the newest of what any pair saw and of what any pair
    /// wrote, recovered or not.
    async fn freshen(&self, links: &mut [Link<R>]) -> Flow<()> {
        let gone =
            |link: &Link<R>| link.copies.local.as_ref().filter(|copy| copy.gone).map(|c| c.stored.id.clone());
        let items: Vec<ItemId> = links.iter().filter_map(gone).collect();
        if items.is_empty() {
            return Ok(());
        }
        let last = self.engine.ledger.last_copies(&items).await.map_err(ledger)?;
        let open: Vec<EntryId> = last.iter().flat_map(|last| last.open.iter().copied()).collect();
        let mut newest: Vec<Stored<R>> = last.into_iter().filter_map(|last| last.newest).collect();
        if !open.is_empty() && self.capabilities(Side::Local).outcomes {
            let outcomes = self.replica(Side::Local).outcome(&open).await.map_err(early(Side::Local))?;
            for outcome in outcomes.into_iter().flatten() {
                if let Written::Stored(stored) = outcome {
                    newest.push(stored);
                }
            }
        }
        for copy in links.iter_mut().filter_map(|link| link.copies.local.as_mut()).filter(|copy| copy.gone) {
            for other in &newest {
                if other.id == copy.stored.id && other.version.sequence() > copy.stored.version.sequence() {
                    // What another pair is offered says nothing of what this one is.
                    let (withdrawn, home) = (copy.stored.withdrawn, copy.stored.home.take());
                    copy.stored = Stored { withdrawn, home, ..other.clone() };
                }
            }
        }
        Ok(())
    }
}

fn classify<R>(step: &Step<R>, settled: bool, counts: &mut PlanCounts) {
    match step {
        Step::Nothing if settled => counts.agreed += 1,
        Step::Nothing | Step::Settle(_) | Step::Write(_) => counts.unchanged += 1,
        Step::OutOfScope => counts.out_of_scope += 1,
        Step::Forget => counts.forgotten += 1,
        Step::Release => counts.released += 1,
        Step::Hold(_) | Step::Sealed(_) => counts.held += 1,
    }
}

/// Returns the writes of a plan that follow on the move of a record into the collection of another pair.
fn of_movers(mut steps: Vec<PlannedStep>) -> Vec<PlannedStep> {
    let is_move = |step: &PlannedStep| step.action == Action::Move;
    let movers: BTreeSet<LinkId> = steps.iter().filter(|step| is_move(step)).map(|step| step.link).collect();
    steps.retain(|step| movers.contains(&step.link) && !is_move(step));
    steps
}

/// Tells whether both sides have the record and have never agreed on anything.
fn is_first_meeting<R: Record>(link: &Link<R>) -> bool {
    Side::BOTH.iter().all(|side| link.alive(*side).is_some() && link.bases[*side] == R::default())
}

/// Returns the labels that a record of a write leaves, each with those that it takes.
pub(crate) fn relabelled<R: Record>(link: &Link<R>, intent: &Intent<R>) -> Vec<(String, String)> {
    let (Some(own), Some(to)) = (link.alive(intent.side), intent.to.as_ref()) else { return Vec::new() };
    let names = |record: &R| -> BTreeSet<String> {
        let all = fields(record);
        let is_label = |(field, name): &(&Field, &str)| R::label_field(name).as_ref() == Some(field);
        let texts = all.iter().filter_map(|(field, value)| Some((field, value.as_str()?)));
        texts.filter(is_label).map(|(_, name)| name.to_owned()).collect()
    };
    let (was, is) = (names(&own.record), names(to));
    let came: Vec<&String> = is.difference(&was).collect();
    was.difference(&is).flat_map(|left| came.iter().map(|came| (left.clone(), (*came).clone()))).collect()
}

/// Returns the short name of the record a write is about.
fn summary<R: Record>(link: &Link<R>, intent: &Intent<R>) -> String {
    match (&intent.to, link.alive(intent.side)) {
        (Some(to), _) => to.summary(),
        (None, Some(stored)) => stored.record.summary(),
        (None, None) => String::new(),
    }
}

/// Lays into a link what a write would do if it were stored as it is sent.
pub(crate) fn pretend<R: Record>(
    link: &mut Link<R>,
    intent: &Intent<R>,
    rules: &Rules,
) -> Result<(), AssembleError> {
    let side = intent.side;
    let Some(to) = &intent.to else {
        put_gone(link, side);
        return Ok(());
    };
    let from = link.copies[side].as_ref().map(|Copy { stored, .. }| stored.clone());
    let other = link.copies[side.other()].as_ref().map(|copy| &copy.stored);
    let Some(model) = from.as_ref().or(other) else { return Ok(()) };
    let stored = Stored {
        record: to.clone(),
        version: Version::new(""),
        withdrawn: false,
        home: None,
        opaque: model.opaque.clone().said(),
        ..model.clone()
    };
    let entry = Entry {
        id: EntryId(Uuid::nil()),
        run: passerelle_ports::RunId(0),
        link: link.id,
        side,
        op: Op::Update,
        from,
        to: Some(to.clone()),
        taken: intent.taken.clone(),
        source: intent.source.clone(),
        bases: link.bases.clone(),
        release: false,
        undoes: None,
        opaque: None,
        other: None,
        opened: chrono::DateTime::UNIX_EPOCH,
        outcome: Outcome::Open,
    };
    acknowledge(link, &entry, &stored, rules)
}
