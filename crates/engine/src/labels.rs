//! Labels: which of them got another name is told by their ids, and where these are not known yet, by their records.

use std::collections::{BTreeMap, BTreeSet};

use passerelle_ports::{
    Changes, Field, Find, Kind, Label, LabelLink, Link, PairState, Record, Side, Sides, Write, fields,
};
use passerelle_sync_rules::{Labels, Policy, TwoNames};

use crate::{
    session::{Flow, Session, early, ledger},
    work::Work,
};

/// What becomes of labels that got another name since the two sides last agreed.
#[derive(Debug, Default)]
pub(crate) struct Renames {
    /// The labels to rename on each side: the id, and the new name.
    to: Sides<Vec<Label>>,
    /// Every other name that a renamed label has or had, with the name that replaces it in writes.
    gone: BTreeMap<String, String>,
    /// The labels that are renamed on a side, as the ledger knew them before.
    links: Vec<LabelLink>,
}

impl Renames {
    /// Puts into a write the names that its labels have by now.
    pub(crate) fn apply<R: Record>(&self, write: &mut Write<R>) {
        match write {
            Write::Create { record, .. } => self.apply_to(record, None),
            Write::Update { from, to, .. } => self.apply_to(to, Some(&from.record)),
            Write::Delete { .. } | Write::Move { .. } => {}
        }
    }

    /// As [`Renames::apply`], for the record of a write. A label that it has already is not this write's to change: what
    /// somebody did about that is still to be sent.
    pub(crate) fn apply_to<R: Record>(&self, record: &mut R, from: Option<&R>) {
        if self.gone.is_empty() {
            return;
        }
        let has = from.map(fields).unwrap_or_default();
        let is_new = |name: &str| R::label_field(name).is_some_and(|field| !has.contains_key(&field));
        let names = self.gone.iter().filter(|(name, _)| is_new(name));
        record.rename_labels(&names.map(|(name, stays)| (name.clone(), stays.clone())).collect());
    }

    /// Tells whether a label with this name is renamed by its id, so that its records need not be compared.
    pub(crate) fn tell(&self, name: &str) -> bool {
        self.gone.contains_key(name) || self.gone.values().any(|stays| stays == name)
    }
}

/// The labels of both sides: names by id.
type Names = Sides<BTreeMap<String, String>>;

impl<R: Record> Session<'_, R> {
    /// Finds out which labels got another name. Where both sides gave one, that of the rules stays, or the company's.
    pub(crate) async fn settle_labels(&mut self) -> Flow<()> {
        if R::KIND != Kind::Contacts {
            return Ok(());
        }
        let state = self.engine.ledger.pair_state(self.pair()).await.map_err(ledger)?;
        if !state.labels.is_empty() {
            self.renamed_by_id(&state).await?;
        }
        let counts = self.engine.ledger.counts(self.pair()).await.map_err(ledger)?;
        if counts.both == 0 || counts.due == 0 { Ok(()) } else { self.renamed_on_both_sides().await }
    }

    /// Returns how labels are called and were called before.
    pub(crate) async fn former_names(&self) -> Flow<BTreeSet<(String, String)>> {
        let state = self.engine.ledger.pair_state(self.pair()).await.map_err(ledger)?;
        let names = |label: &LabelLink| {
            let former = label.former.clone()?;
            Some(Side::BOTH.map(|side| (label.names[side].clone(), former.clone())))
        };
        Ok(state.labels.iter().filter_map(names).flatten().collect())
    }

    async fn label_names(&self) -> Flow<Names> {
        let mut names = Names::default();
        for side in Side::BOTH {
            let all = self.replica(side).labels().await.map_err(early(side))?;
            names[side] = all.into_iter().map(|label| (label.id, label.name)).collect();
        }
        Ok(names)
    }

    async fn renamed_by_id(&mut self, state: &PairState) -> Flow<()> {
        let names = self.label_names().await?;
        let mut renames = Renames::default();
        for link in &state.labels {
            let ids = &link.ids;
            let (Some(local), Some(remote)) = (names.local.get(&ids.local), names.remote.get(&ids.remote))
            else {
                continue;
            };
            let now = Sides { local, remote };
            let changed = |side: Side| *now[side] != link.names[side];
            if local == remote || Side::BOTH.into_iter().all(|side| !changed(side)) {
                continue;
            }
            let leaves = |side: Side| {
                let field = R::label_field(now[side]);
                changed(side) && field.is_some_and(|field| self.rules().direction::<R>(&field).leaves(side))
            };
            let policy = R::label_field(local).map(|field| self.rules().policy_of(&field));
            let first = if policy == Some(Policy::Remote) { Side::Remote } else { Side::Local };
            let Some(winner) = [first, first.other()].into_iter().find(|side| leaves(*side)) else {
                continue;
            };
            let stays = now[winner].clone();
            // One name for two labels, or none, is no new name: what a listing says then is right another time.
            if stays.trim().is_empty() || names[winner].values().filter(|name| **name == stays).count() > 1 {
                continue;
            }
            let is_others = |name: &String| {
                let of = |side: Side| names[side].iter().any(|(id, other)| other == name && *id != ids[side]);
                Side::BOTH.into_iter().any(of)
            };
            let all = [&link.names.local, &link.names.remote, local, remote];
            let gone = all.into_iter().filter(|name| **name != stays && !is_others(name));
            renames.gone.extend(gone.map(|name| (name.clone(), stays.clone())));
            let id = ids[winner.other()].clone();
            renames.to[winner.other()].push(Label { id, name: stays });
            renames.links.push(link.clone());
            if changed(winner.other()) {
                let name = |side: Side| now[side].clone();
                self.report.relabelled.push((name(winner.other()), name(winner)));
                self.choose_name(link, &now, winner).await?;
            }
        }
        // Local records refer to labels by name: a label gets no name that another one has, and gives its own to none.
        let is_free = |label: &Label| {
            let was = names.local.get(&label.id);
            let others = renames.to.local.iter().filter(|other| other.id != label.id);
            !names.local.values().any(|name| *name == label.name)
                && !others.clone().any(|other| Some(&other.name) == was)
        };
        let local = renames.to.local.iter().filter(|label| is_free(label)).cloned().collect();
        renames.to.local = local;
        self.renames = renames;
        Ok(())
    }

    /// Says of the records of a label that both sides gave another name which of the names stays.
    async fn choose_name(&mut self, label: &LabelLink, now: &Sides<&String>, winner: Side) -> Flow<()> {
        let field = |name: &str| R::label_field(name);
        let (Some(local), Some(remote)) = (field(now.local), field(now.remote)) else { return Ok(()) };
        let were = label.names.clone();
        let has = |link: &Link<R>| {
            Side::BOTH.into_iter().all(|side| {
                let was = field(&were[side]);
                was.is_some_and(|was| fields(&link.bases[side]).contains_key(&was))
                    && link.alive(side).is_some()
            })
        };
        let mut after = None;
        loop {
            let ids = self.engine.ledger.due(self.pair(), after, self.chunk()).await.map_err(ledger)?;
            let Some(last) = ids.last() else { return Ok(()) };
            after = Some(*last);
            let mut work = Work::new(self.find(Find::Links(ids.clone())).await?);
            for id in ids {
                if work.get(id).is_some_and(has) {
                    work.change(id, |link| choose(link, [&local, &remote], winner));
                }
            }
            self.commit(work.into_changes()).await?;
        }
    }

    /// Settles labels that both sides gave another name, as far as their records tell.
    async fn renamed_on_both_sides(&mut self) -> Flow<()> {
        let mut labels = Labels::default();
        let mut after = None;
        loop {
            let ids = self.engine.ledger.due(self.pair(), after, self.chunk()).await.map_err(ledger)?;
            let Some(last) = ids.last() else { break };
            after = Some(*last);
            for link in self.find(Find::Links(ids)).await? {
                labels.note(&link, self.rules());
            }
        }
        let told = |two: &TwoNames| self.renames.tell(&two.kept) || self.renames.tell(&two.lost);
        let unknown: Vec<TwoNames> = labels.renamed().into_iter().filter(|two| !told(two)).collect();
        for two in unknown {
            tracing::info!(links = two.links.len(), "a label was renamed on both sides: one name stays");
            for ids in two.links.chunks(self.chunk() as usize) {
                let mut work = Work::new(self.find(Find::Links(ids.to_vec())).await?);
                for id in ids {
                    work.change(*id, |link| choose(link, [&two.local, &two.remote], two.winner));
                }
                self.commit(work.into_changes()).await?;
            }
            self.report.relabelled.push((two.lost, two.kept));
        }
        Ok(())
    }

    /// Gives the provider's labels their names, before the records are written.
    pub(crate) async fn rename_there(&mut self) -> Flow<()> {
        self.rename_on(Side::Remote).await
    }

    /// Gives the company's labels their names, when the records are written, and keeps which labels both sides have.
    pub(crate) async fn end_labels(&mut self) -> Flow<()> {
        if R::KIND != Kind::Contacts {
            return Ok(());
        }
        self.rename_on(Side::Local).await?;
        let state = self.engine.ledger.pair_state(self.pair()).await.map_err(ledger)?;
        let local = self.replica(Side::Local).labels().await.map_err(early(Side::Local))?;
        if local.is_empty() && state.labels.is_empty() {
            return Ok(());
        }
        let names = self.label_names().await?;
        let labels = linked::<R>(&state.labels, &self.renames.links, names);
        if labels != state.labels {
            self.commit(Changes { labels: Some(labels), ..Default::default() }).await?;
        }
        Ok(())
    }

    async fn rename_on(&mut self, side: Side) -> Flow<()> {
        let all = &self.renames.to[side];
        if all.is_empty() {
            return Ok(());
        }
        tracing::info!(labels = all.len(), side = side.as_str(), "labels get another name in place");
        self.replica(side).rename_labels(all).await.map_err(early(side))
    }
}

fn choose<R: Record>(link: &mut Link<R>, names: [&Field; 2], winner: Side) {
    for field in names {
        link.chosen.retain(|(chosen, _)| chosen != field);
        link.chosen.push((field.clone(), winner));
    }
}

/// Returns the labels that both sides have: those that are known, unless what this run did to them failed, and those that
/// are called the same.
fn linked<R: Record>(known: &[LabelLink], settled: &[LabelLink], mut names: Names) -> Vec<LabelLink> {
    let mut labels = Vec::new();
    for link in known {
        let ids = &link.ids;
        let (Some(local), Some(remote)) = (names.local.get(&ids.local), names.remote.get(&ids.remote)) else {
            continue;
        };
        let are_same = R::label_field(local) == R::label_field(remote);
        if !are_same && settled.contains(link) {
            continue;
        }
        let now = Sides { local: local.clone(), remote: remote.clone() };
        let is_renamed = are_same && R::label_field(local) != R::label_field(&link.names.local);
        labels.push(LabelLink {
            ids: ids.clone(),
            former: if is_renamed { Some(link.names.local.clone()) } else { link.former.clone() },
            names: if are_same { now } else { link.names.clone() },
        });
        for side in Side::BOTH {
            names[side].remove(&ids[side]);
        }
    }
    let mut taken = BTreeSet::new();
    for (id, local) in &names.local {
        let is_it = |(other, remote): &(&String, &String)| {
            !taken.contains(*other)
                && R::label_field(local).is_some()
                && R::label_field(local) == R::label_field(remote)
        };
        if let Some((other, remote)) = names.remote.iter().find(is_it) {
            taken.insert(other.clone());
            labels.push(LabelLink {
                ids: Sides { local: id.clone(), remote: other.clone() },
                names: Sides { local: local.clone(), remote: remote.clone() },
                former: None,
            });
        }
    }
    labels
}
