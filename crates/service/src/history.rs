//! What happened, and taking it back.

use chrono::{DateTime, Utc};
use passerelle_engine::RunReport;
use passerelle_ports::{
    EntriesOf, Entry, Field, Kind, Op, Outcome as EntryOutcome, PairId, Record, Run, RunId, RunKind, Side,
    Slice, Value, fields,
};
use serde::Serialize;

use crate::{
    Failure, Kinded, Office, Outcome, Pair, PairReport, SyncReport, SyncRequest, Watch, Writes,
    kinds::{KINDS, engine, for_kind},
    office::engine_failure,
};

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
    /// `create`, `update` or `delete`.
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
        complete: report.is_some_and(|report| report.stopped.is_none() && report.refused.is_none()),
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
    let ledger = R::ledger(&*office.company);
    let mut all = Vec::new();
    loop {
        let slice = Slice { skip: all.len() as u64, limit: 200 };
        let entries = ledger.entries(&EntriesOf::Run(run), slice).await?;
        all.extend(entries.iter().map(change));
        if entries.len() < 200 {
            break;
        }
    }
    all.reverse();
    Ok(all)
}

fn change<R: Record>(entry: &Entry<R>) -> Change {
    let before = match entry.op {
        Op::Create { .. } => R::default(),
        Op::Update | Op::Delete => {
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

fn differences<R: Record>(before: &R, after: &R) -> Vec<FieldChange> {
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

/// Takes a run back, or works out what that would do. The undo is a run of its own, and can be undone.
///
/// # Errors
///
/// `USE-105` when there is no such run, or its pair is gone; `GOOG-211` when its user is not connected.
pub async fn undo(
    office: &Office,
    run: RunId,
    request: &SyncRequest,
    watch: &dyn Watch,
) -> Outcome<SyncReport> {
    let found = find_run(office, run).await?;
    let pairs = office.company.pairs().await?;
    let pair = pairs.into_iter().find(|pair| pair.id == found.pair).ok_or_else(|| no_such(run))?;
    watch.begin(&pair);
    let before = (office.provider.requests(), office.provider.guest_mails());
    let mut report = for_kind!(pair.kind, R => undo_one::<R>(office, &pair, run, request, watch).await)?;
    report.requests = office.provider.requests() - before.0;
    report.guest_mails = office.provider.guest_mails() - before.1;
    watch.end(&report);
    Ok(SyncReport {
        run_id: report.run_id,
        dry_run: request.dry_run,
        requests: report.requests,
        guest_mails: report.guest_mails,
        pairs: vec![report],
    })
}

async fn undo_one<R: Kinded>(
    office: &Office,
    pair: &Pair,
    run: RunId,
    request: &SyncRequest,
    watch: &dyn Watch,
) -> Outcome<PairReport> {
    let engine = engine::<R>(office, pair).await?;
    let what = EntriesOf::Run(run);
    let report = PairReport::new(pair);
    let failed = |error| match error {
        passerelle_engine::EngineError::NotFound => no_such(run),
        error => engine_failure(error, pair),
    };
    let report = if request.dry_run {
        let found = engine.plan_undo(&what, watch.progress()).await.map_err(failed)?;
        report.with_run(&found.report, &pair.user).with_plan(&found.plan)
    } else {
        let done = engine.undo(&what, request.approval(), watch.progress()).await.map_err(failed)?;
        report.with_run(&done, &pair.user)
    };
    Ok(report.with_counts(&R::ledger(&*office.company).counts(&pair.id).await?))
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
    Failure::new("USE-105").with("run", run.to_string())
}
