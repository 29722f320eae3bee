//! What happened, and taking it back.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use passerelle_engine::RunReport;
use passerelle_ports::{
    Code, Detail, EntriesOf, Entry, Field, Find, ItemId, Kind, Link, LinkId, Op, Outcome as EntryOutcome,
    PairId, Record, Run, RunId, RunKind, Side, Slice, Value, fields,
};
use serde::Serialize;

use crate::{
    Failure, Kinded, Office, Outcome, Pair, PairReport, SyncReport, SyncRequest, Watch, Writes,
    imports::{import_run, pairs_of, undo_import, user_of},
    kinds::{KINDS, engine, for_kind},
    office::engine_failure,
    report::stopped_code,
};

/// How many entries are read at a time.
const SLICE: u64 = 200;

/// One run of the past.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PastRun {
    /// Its number.
    pub run_id: RunId,
    /// The app user, if the pair still exists.
    pub user: Option<String>,
    /// The pair.
    pub pair: PairId,
    /// What the pair holds.
    pub kind: Kind,
    /// What it was for.
    pub purpose: RunKind,
    /// When it began.
    pub started: DateTime<Utc>,
    /// When it ended; `None` = it is under way, or was killed.
    pub finished: Option<DateTime<Utc>>,
    /// Writes to the company's database.
    pub to_local: Writes,
    /// Writes to the provider.
    pub to_remote: Writes,
    /// Whether it reached its end.
    pub complete: bool,
    /// The code of what stopped it, if something did.
    pub stopped: Option<Code>,
}

/// One change of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// The run.
    pub run_id: RunId,
    /// When the write was opened.
    pub at: DateTime<Utc>,
    /// The side that was written to.
    pub side: Side,
    /// `create`, `update`, `delete` or `move`; `seen` for a change that somebody made on that side and that no run
    /// carries over.
    pub action: &'static str,
    /// The record's short name.
    pub summary: String,
    /// What became of it: `landed`, `not_landed` or `open`.
    pub outcome: &'static str,
    /// Every field that it changed, before and after.
    pub fields: Vec<FieldChange>,
}

/// One field of a change.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FieldChange {
    /// The field.
    pub field: Field,
    /// Its value before.
    pub before: Option<Value>,
    /// Its value after.
    pub after: Option<Value>,
}

/// Returns the last runs that wrote something or were stopped, newest first.
///
/// # Errors
///
/// `USE-102` for an app user who does not exist; those of the database.
pub async fn runs(office: &Office, user: Option<&str>, limit: u64) -> Outcome<Vec<PastRun>> {
    if let Some(user) = user {
        crate::find_user(&*office.company, user).await?;
    }
    let pairs = office.company.pairs().await?;
    let mut all = Vec::new();
    for kind in KINDS {
        all.extend(for_kind!(kind, R => runs_of::<R>(office, &pairs, user, limit).await)?);
    }
    all.sort_by_key(|run| std::cmp::Reverse(run.run_id));
    all.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(all)
}

async fn runs_of<R: Kinded>(
    office: &Office,
    pairs: &[Pair],
    user: Option<&str>,
    limit: u64,
) -> Outcome<Vec<PastRun>> {
    let ledger = R::ledger(&*office.company);
    let mut all = Vec::new();
    let mut skip = 0;
    while (all.len() as u64) < limit {
        let runs = ledger.runs(None, Slice { skip, limit: 100 }).await?;
        skip += runs.len() as u64;
        let last = runs.len() < 100;
        for run in &runs {
            let owner = pairs.iter().find(|pair| pair.id == run.pair).map(|pair| pair.user.clone());
            let of_import = user_of(&run.pair).filter(|user| !user.is_empty()).map(str::to_owned);
            let owner = owner.or(of_import);
            if user.is_none_or(|user| owner.as_deref() == Some(user)) && run.kind != RunKind::Plan {
                all.push(past(R::KIND, run, owner));
            }
        }
        if last {
            break;
        }
    }
    Ok(all)
}

fn past(kind: Kind, run: &Run, user: Option<String>) -> PastRun {
    let report = serde_json::from_value::<RunReport>(run.summary.clone()).ok();
    PastRun {
        run_id: run.id,
        user,
        pair: run.pair.clone(),
        kind,
        purpose: run.kind,
        started: run.started,
        finished: run.finished,
        to_local: report.as_ref().map(|report| report.written.local.into()).unwrap_or_default(),
        to_remote: report.as_ref().map(|report| report.written.remote.into()).unwrap_or_default(),
        complete: report.as_ref().is_some_and(|report| report.stopped.is_none() && report.refused.is_none()),
        stopped: report.as_ref().and_then(stopped_code),
    }
}

/// Returns every change of a run, in the order in which they were made.
///
/// # Errors
///
/// `USE-105` when there is no such run.
pub async fn changes(office: &Office, run: RunId) -> Outcome<Vec<Change>> {
    let found = find_run(office, run).await?;
    for_kind!(found.kind, R => changes_of::<R>(office, run).await)
}

async fn changes_of<R: Kinded>(office: &Office, run: RunId) -> Outcome<Vec<Change>> {
    let mut all = entries(office, &EntriesOf::Run(run), u64::MAX, |_: &Entry<R>| true).await?;
    all.reverse();
    Ok(all)
}

fn change<R: Record>(entry: &Entry<R>) -> Change {
    let before = match entry.op {
        Op::Create { .. } => R::default(),
        Op::Update | Op::Delete | Op::Move { .. } | Op::Seen => {
            entry.from.as_ref().map(|stored| stored.record.clone()).unwrap_or_default()
        }
    };
    let after = match (&entry.outcome, &entry.to) {
        (EntryOutcome::Landed(Some(stored)), _) => stored.record.clone(),
        (_, Some(to)) => to.clone(),
        (_, None) => R::default(),
    };
    let named = if fields(&after).is_empty() { &before } else { &after };
    Change {
        run_id: entry.run,
        at: entry.opened,
        side: entry.side,
        action: match entry.op {
            Op::Create { .. } => "create",
            Op::Update => "update",
            Op::Delete => "delete",
            Op::Move { .. } => "move",
            Op::Seen => "seen",
        },
        summary: named.summary(),
        outcome: match entry.outcome {
            EntryOutcome::Open => "open",
            EntryOutcome::Landed(_) => "landed",
            EntryOutcome::NotLanded => "not_landed",
        },
        fields: differences(&before, &after),
    }
}

pub(crate) fn differences<R: Record>(before: &R, after: &R) -> Vec<FieldChange> {
    let (before, after) = (fields(before), fields(after));
    let mut names: Vec<&Field> = before.keys().chain(after.keys()).collect();
    names.sort();
    names.dedup();
    names
        .into_iter()
        .filter(|field| before.get(field) != after.get(field))
        .map(|field| FieldChange {
            field: field.clone(),
            before: before.get(field).cloned(),
            after: after.get(field).cloned(),
        })
        .collect()
}

/// Returns every change of one record, oldest first: by its id in the company's database or at the provider. The
/// record and its link may be gone.
///
/// # Errors
///
/// `USE-109` when nothing is known of it.
pub async fn record_changes(office: &Office, id: &str) -> Outcome<Vec<Change>> {
    let mut all = Vec::new();
    let mut known = false;
    for kind in KINDS {
        for_kind!(kind, R => {
            for link in links_of::<R>(office, id).await?.into_keys() {
                known = true;
                all.extend(entries(office, &EntriesOf::Link(link), u64::MAX, |_: &Entry<R>| true).await?);
            }
            let imported = imported_changes::<R>(office, id).await?;
            known |= !imported.is_empty();
            all.extend(imported);
        });
    }
    if !known {
        return Err(no_record(id));
    }
    all.sort_by_key(|change| change.at);
    Ok(all)
}

/// Returns what imports, and undos of imports, did to a record.
async fn imported_changes<R: Kinded>(office: &Office, id: &str) -> Outcome<Vec<Change>> {
    let ledger = R::ledger(&*office.company);
    let of = EntriesOf::Item(Side::Local, ItemId::new(id));
    let mut all = Vec::new();
    let found: Vec<Entry<R>> = ledger.entries(&of, Slice { skip: 0, limit: SLICE }).await?;
    for entry in &found {
        if ledger.run(entry.run).await?.is_some_and(|run| user_of(&run.pair).is_some()) {
            all.push(change(entry));
        }
    }
    Ok(all)
}

/// Tells whether a change is of a record whose short name holds a text, in lower case, or took or gave a value that does.
fn tells(change: &Change, wanted: &str) -> bool {
    let holds = |text: &str| text.to_lowercase().contains(wanted);
    let of_field = |field: &FieldChange| {
        field.field.key().is_some_and(holds)
            || [&field.before, &field.after].into_iter().flatten().any(|value| any_text(value, &holds))
    };
    holds(&change.summary) || change.fields.iter().any(of_field)
}

fn any_text(value: &Value, holds: &impl Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => holds(text),
        Value::Number(number) => holds(&number.to_string()),
        Value::Array(values) => values.iter().any(|value| any_text(value, holds)),
        Value::Object(members) => members.values().any(|value| any_text(value, holds)),
        Value::Null | Value::Bool(_) => false,
    }
}

/// Returns the last changes of records whose short name holds a text, and those that took or gave a value which does,
/// newest first.
///
/// # Errors
///
/// `USE-102` for an app user who does not exist; those of the database.
pub async fn search_changes(
    office: &Office,
    user: Option<&str>,
    text: &str,
    limit: u64,
) -> Outcome<Vec<Change>> {
    let wanted = text.trim().to_lowercase();
    let mut all = Vec::new();
    for pair in office.pairs(user).await? {
        for_kind!(pair.kind, R => {
            let named = |entry: &Entry<R>| tells(&change(entry), &wanted);
            all.extend(entries(office, &EntriesOf::Pair(pair.id.clone()), limit, named).await?);
        });
    }
    let users = office.company.users().await?;
    let users: Vec<&str> = match user {
        Some(user) => vec![user],
        None => users.iter().map(|user| user.id.as_str()).collect(),
    };
    for imports in pairs_of(users.into_iter()) {
        for kind in KINDS {
            for_kind!(kind, R => {
                let named = |entry: &Entry<R>| tells(&change(entry), &wanted);
                all.extend(entries(office, &EntriesOf::Pair(imports.clone()), limit, named).await?);
            });
        }
    }
    all.sort_by_key(|change| std::cmp::Reverse(change.at));
    all.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(all)
}

/// Reads changes, newest first, a slice at a time.
async fn entries<R: Kinded>(
    office: &Office,
    of: &EntriesOf,
    limit: u64,
    wanted: impl Fn(&Entry<R>) -> bool,
) -> Outcome<Vec<Change>> {
    let ledger = R::ledger(&*office.company);
    let mut all = Vec::new();
    let mut skip = 0;
    loop {
        let found = ledger.entries(of, Slice { skip, limit: SLICE }).await?;
        all.extend(found.iter().filter(|entry| wanted(entry)).map(change));
        skip += found.len() as u64;
        if (found.len() as u64) < SLICE || all.len() as u64 >= limit {
            return Ok(all);
        }
    }
}

/// Returns the links that have or had a record, each with the pair that has it, or had it last.
async fn links_of<R: Kinded>(office: &Office, id: &str) -> Outcome<BTreeMap<LinkId, PairId>> {
    let ledger = R::ledger(&*office.company);
    let id = ItemId::new(id);
    let mut links = BTreeMap::new();
    let mut written = BTreeSet::new();
    for side in Side::BOTH {
        for of in [EntriesOf::Item(side, id.clone()), EntriesOf::Beside(side, id.clone())] {
            let found = ledger.entries(&of, Slice { skip: 0, limit: SLICE }).await?;
            written.extend(found.iter().map(|entry: &Entry<R>| entry.link));
        }
    }
    let pairs = office.company.pairs().await?.into_iter().filter(|pair| pair.kind == R::KIND);
    let pairs: Vec<PairId> = pairs.map(|pair| pair.id).collect();
    for pair in &pairs {
        for side in Side::BOTH {
            let known = ledger.find(pair, &Find::Items(side, vec![id.clone()])).await?;
            links.extend(known.iter().map(|link: &Link<R>| (link.id, pair.clone())));
        }
    }
    written.retain(|link| !links.contains_key(link));
    for link in written {
        // The entries of a link that is forgotten still say whose it was: their run does.
        let last = ledger.entries(&EntriesOf::Link(link), Slice { skip: 0, limit: 1 }).await?;
        let Some(run) = last.first().map(|entry: &Entry<R>| entry.run) else { continue };
        if let Some(run) = ledger.run(run).await?.filter(|run| pairs.contains(&run.pair)) {
            links.insert(link, run.pair);
        }
    }
    Ok(links)
}

/// Returns the pair that takes back what was done to a link: where it went from one pair's collection into another's,
/// the one that had it first.
async fn taker_of<R: Kinded>(office: &Office, of: &EntriesOf, owner: PairId) -> Outcome<PairId> {
    let ledger = R::ledger(&*office.company);
    let (mut skip, mut moved, mut first) = (0, false, None);
    loop {
        let found: Vec<Entry<R>> = ledger.entries(of, Slice { skip, limit: SLICE }).await?;
        let landed = found.iter().filter(|entry| matches!(entry.outcome, EntryOutcome::Landed(_)));
        for entry in landed {
            moved |= matches!(entry.op, Op::Move { .. });
            first = Some(entry.run);
        }
        skip += found.len() as u64;
        if (found.len() as u64) < SLICE {
            break;
        }
    }
    match first.filter(|_| moved) {
        Some(run) => Ok(ledger.run(run).await?.map_or(owner, |run| run.pair)),
        None => Ok(owner),
    }
}

/// What is to be taken back.
#[derive(Clone, Debug, PartialEq)]
pub enum Undo {
    /// All that a run did.
    Run(RunId),
    /// What the last run that touched a record, or this run, did to it.
    Record(String, Option<RunId>),
    /// All that was done to a record since a time.
    RecordSince(String, DateTime<Utc>),
    /// All that was done for an app user since a time, to one kind of record or to both.
    Since(String, Option<Kind>, DateTime<Utc>),
}

/// Takes changes back, or works out what that would do. Each undo is a run of its own, and can be undone.
///
/// # Errors
///
/// `USE-105` when there is no such run, or its pair is gone; `USE-109` when nothing is known of the record;
/// `USE-113` when nothing was done that could be taken back; `GOOG-211` when its user is not connected.
pub async fn undo(
    office: &Office,
    what: &Undo,
    request: &SyncRequest,
    watch: &dyn Watch,
) -> Outcome<SyncReport> {
    if let Undo::Run(run) = what
        && let Some((kind, found)) = import_run(&*office.company, *run).await?
    {
        return for_kind!(kind, R => undo_import::<R>(office, &found, request).await);
    }
    let parts = parts(office, what).await?;
    if parts.is_empty() {
        return Err(Failure::new(Code::Use113));
    }
    let before = (office.provider.requests(), office.provider.guest_mails());
    let mut all = SyncReport { dry_run: request.dry_run, ..SyncReport::default() };
    for (pair, entries) in parts {
        watch.begin(&pair);
        let sent = (office.provider.requests(), office.provider.guest_mails());
        let done = for_kind!(pair.kind, R => undo_one::<R>(office, &pair, &entries, request, watch).await);
        let mut report = done?;
        report.name.clone_from(&pair.name);
        report.requests = office.provider.requests() - sent.0;
        let mail_guests = office.rules_with(&pair, None).mail_guests;
        report = report.with_mails(mail_guests, office.provider.guest_mails() - sent.1);
        watch.end(&report);
        all.run_id = all.run_id.or(report.run_id);
        all.pairs.push(report);
    }
    all.requests = office.provider.requests() - before.0;
    all.guest_mails = all.pairs.iter().map(|pair| pair.guest_mails).sum();
    Ok(all)
}

/// Returns the entries to take back, pair by pair.
async fn parts(office: &Office, what: &Undo) -> Outcome<Vec<(Pair, EntriesOf)>> {
    let pairs = office.company.pairs().await?;
    let pair = |id: &PairId| pairs.iter().find(|pair| pair.id == *id).cloned();
    match what {
        Undo::Run(run) => {
            let found = find_run(office, *run).await?;
            let pair = pair(&found.pair).ok_or_else(|| no_such(*run))?;
            Ok(vec![(pair, EntriesOf::Run(*run))])
        }
        Undo::Since(user, kind, since) => {
            let mut parts = Vec::new();
            for pair in office.pairs(Some(user)).await? {
                let of = EntriesOf::PairSince(pair.id.clone(), *since);
                if kind.is_none_or(|kind| kind == pair.kind)
                    && for_kind!(pair.kind, R => last_landed::<R>(office, &of).await)?.is_some()
                {
                    parts.push((pair, of));
                }
            }
            Ok(parts)
        }
        Undo::Record(id, _) | Undo::RecordSince(id, _) => {
            let mut parts = Vec::new();
            let mut known = false;
            for kind in KINDS {
                for_kind!(kind, R => {
                    for (link, owner) in links_of::<R>(office, id).await? {
                        known = true;
                        let of = match what {
                            Undo::Record(_, Some(run)) => EntriesOf::LinkIn(link, *run),
                            Undo::RecordSince(_, since) => EntriesOf::LinkSince(link, *since),
                            _ => match last_landed::<R>(office, &EntriesOf::Link(link)).await? {
                                Some(run) => EntriesOf::LinkIn(link, run),
                                None => continue,
                            },
                        };
                        if last_landed::<R>(office, &of).await?.is_some()
                            && let Some(pair) = pair(&taker_of::<R>(office, &of, owner).await?)
                        {
                            parts.push((pair, of));
                        }
                    }
                });
            }
            if known { Ok(parts) } else { Err(no_record(id)) }
        }
    }
}

/// Returns the run of the last entry that landed.
async fn last_landed<R: Kinded>(office: &Office, of: &EntriesOf) -> Outcome<Option<RunId>> {
    let ledger = R::ledger(&*office.company);
    let found = ledger.entries(of, Slice { skip: 0, limit: SLICE }).await?;
    let landed = |entry: &&Entry<R>| matches!(entry.outcome, EntryOutcome::Landed(_));
    Ok(found.iter().find(landed).map(|entry| entry.run))
}

async fn undo_one<R: Kinded>(
    office: &Office,
    pair: &Pair,
    what: &EntriesOf,
    request: &SyncRequest,
    watch: &dyn Watch,
) -> Outcome<PairReport> {
    let engine = engine::<R>(office, pair).await?;
    let report = PairReport::new(pair);
    let failed = |error| match (error, what) {
        // The run is known, and wrote nothing.
        (passerelle_engine::EngineError::NotFound, EntriesOf::Run(_)) => Failure::new(Code::Use113),
        (error, _) => engine_failure(error, pair),
    };
    let ledger = R::ledger(&*office.company);
    if request.dry_run {
        let found = engine.plan_undo(what, watch.progress()).await.map_err(failed)?;
        let report = report.with_run(&found.report, &pair.user).with_plan(&found.plan);
        return Ok(report.foreseen(&ledger.counts(&pair.id).await?, &found.plan.counts));
    }
    let done = engine.undo(what, request.approval(), watch.progress()).await.map_err(failed)?;
    Ok(report.with_run(&done, &pair.user).with_counts(&ledger.counts(&pair.id).await?))
}

fn no_record(id: &str) -> Failure {
    Failure::new(Code::Use109).with(Detail::Key, id)
}

async fn find_run(office: &Office, run: RunId) -> Outcome<PastRun> {
    for kind in KINDS {
        let found = for_kind!(kind, R => R::ledger(&*office.company).run(run).await)?;
        if let Some(found) = found {
            return Ok(past(kind, &found, None));
        }
    }
    Err(no_such(run))
}

fn no_such(run: RunId) -> Failure {
    Failure::new(Code::Use105).with(Detail::Run, run.to_string())
}
