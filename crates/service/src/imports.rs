//! Imports as runs of the history, and taking them back.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use passerelle_engine::RunReport;
use passerelle_ports::{
    EntriesOf, Entry, Find, ItemId, Kind, Link, Op, Outcome as EntryOutcome, PairId, Record, Run, RunId,
    RunKind, Side, Slice,
};
use passerelle_sync_rules::Rules;

use crate::{
    Company, FieldChange, ImportReport, Journal, Kinded, Office, Outcome, Pair, PairReport, SyncReport,
    SyncRequest, TakenBack,
    history::differences,
    kinds::{account_of, for_kind},
};

/// What imports have in the place of a pair: this, and the app user, if they are for one.
const IMPORTS: &str = "import:";
/// How many entries are taken back at a time.
const SLICE: u64 = 500;

/// Returns the app user of an import: nothing where the run is none, and an empty name where it was for all.
pub(crate) fn user_of(pair: &PairId) -> Option<&str> {
    pair.as_str().strip_prefix(IMPORTS)
}

/// Returns what stands in the place of a pair in the imports of these users, and in those for all.
pub(crate) fn pairs_of<'a>(users: impl Iterator<Item = &'a str>) -> Vec<PairId> {
    users.chain([""]).map(|user| PairId::new(format!("{IMPORTS}{user}"))).collect()
}

/// Begins an import: what it writes is written down under this run.
///
/// # Errors
///
/// Those of the database.
pub async fn begin_import<R: Kinded>(
    company: &dyn Company,
    user: Option<&str>,
    at: DateTime<Utc>,
) -> Outcome<Journal> {
    let pair = PairId::new(format!("{IMPORTS}{}", user.unwrap_or_default()));
    begin::<R>(company, pair, RunKind::Import, at).await
}

async fn begin<R: Kinded>(
    company: &dyn Company,
    pair: PairId,
    kind: RunKind,
    at: DateTime<Utc>,
) -> Outcome<Journal> {
    let run = R::ledger(company).begin_run(&pair, kind, at).await?;
    Ok(Journal { run, pair, at })
}

/// Returns the labels that there are before an import: those that it makes go with it when it is taken back.
///
/// # Errors
///
/// Those of the database.
pub async fn labels_before<R: Kinded>(company: &dyn Company) -> Outcome<Vec<String>> {
    if R::KIND == Kind::Contacts { Ok(company.labels().await?) } else { Ok(Vec::new()) }
}

/// What the labels are noted under that an import made.
fn made_labels(run: RunId) -> String {
    format!("import-labels:{}", run.0)
}

/// What the labels are noted under that are to go at the other side of a pair.
fn gone_labels(pair: &PairId) -> String {
    format!("gone-labels:{pair}")
}

async fn noted(company: &dyn Company, memo: &str) -> Outcome<Vec<String>> {
    let text = company.memo(memo).await?.unwrap_or_default();
    Ok(serde_json::from_str(&text).unwrap_or_default())
}

async fn note(company: &dyn Company, memo: &str, names: &[String]) -> Outcome<()> {
    let text = serde_json::to_string(names).unwrap_or_default();
    Ok(company.set_memo(memo, Some(text.as_str()).filter(|_| !names.is_empty())).await?)
}

/// Removes the labels that an import made and that nobody has any more, here and, with the next synchronisation, there.
async fn take_labels_back(company: &dyn Company, run: RunId) -> Outcome<()> {
    let made = noted(company, &made_labels(run)).await?;
    if made.is_empty() {
        return Ok(());
    }
    let dropped = company.drop_labels(&made).await?;
    for pair in company.pairs().await?.into_iter().filter(|pair| pair.kind == Kind::Contacts) {
        let mut gone = noted(company, &gone_labels(&pair.id)).await?;
        gone.extend(dropped.iter().filter(|name| !gone.contains(name)).cloned().collect::<Vec<_>>());
        note(company, &gone_labels(&pair.id), &gone).await?;
    }
    Ok(())
}

/// Removes labels at the other side of a pair that went here as an import was taken back.
pub(crate) async fn drop_gone_labels(office: &Office, pair: &Pair) -> Outcome<()> {
    let company = &*office.company;
    let memo = gone_labels(&pair.id);
    let gone = noted(company, &memo).await?;
    if gone.is_empty() || pair.kind != Kind::Contacts {
        return Ok(());
    }
    // One that is here again stays there.
    let here = company.labels().await?;
    let gone: Vec<String> = gone.into_iter().filter(|name| !here.contains(name)).collect();
    let account = account_of(office, pair).await?;
    let waiting = if gone.is_empty() { gone } else { office.provider.drop_labels(&account, &gone).await? };
    note(company, &memo, &waiting).await
}

/// Ends an import with what it did. `labels` are those that there were before it.
///
/// # Errors
///
/// Those of the database.
pub async fn end_import<R: Kinded>(
    company: &dyn Company,
    journal: &Journal,
    report: &ImportReport,
    labels: &[String],
    at: DateTime<Utc>,
) -> Outcome<()> {
    let now = labels_before::<R>(company).await?;
    let made: Vec<String> = now.into_iter().filter(|name| !labels.contains(name)).collect();
    if !made.is_empty() {
        note(company, &made_labels(journal.run), &made).await?;
    }
    let counts = TakenBack { created: report.created, restored: report.updated, ..TakenBack::default() };
    end::<R>(company, journal, RunKind::Import, counts, at).await
}

async fn end<R: Kinded>(
    company: &dyn Company,
    journal: &Journal,
    kind: RunKind,
    counts: TakenBack,
    at: DateTime<Utc>,
) -> Outcome<()> {
    let report = report_of(journal, kind, counts, at);
    let summary = serde_json::to_value(&report).unwrap_or_default();
    Ok(R::ledger(company).finish_run(journal.run, at, &summary).await?)
}

fn report_of(journal: &Journal, kind: RunKind, counts: TakenBack, at: DateTime<Utc>) -> RunReport {
    let mut report = RunReport::new(journal.run, journal.pair.clone(), kind, journal.at);
    report.finished = Some(at);
    report.written.local.created = counts.created;
    report.written.local.updated = counts.restored;
    report.written.local.deleted = counts.deleted;
    report.not_undone = counts.left;
    report
}

/// Returns the fields in which two states of a record differ.
#[must_use]
pub fn field_changes<R: Record>(before: Option<&R>, after: &R) -> Vec<FieldChange> {
    match before {
        Some(before) => differences(before, after),
        None => differences(&R::default(), after),
    }
}

/// Takes back what an import, or the undo of one, did.
///
/// A record that the import made is deleted again, unless somebody changed it since, or it was found to be one that
/// the provider had before: then it is no longer the import's. A record that it changed gets its former values back,
/// as far as nobody changed them since. What this means for a provider, the next synchronisation decides.
pub(crate) async fn undo_import<R: Kinded>(
    office: &Office,
    run: &Run,
    request: &SyncRequest,
) -> Outcome<SyncReport> {
    let company = &*office.company;
    let ledger = R::ledger(company);
    let user = user_of(&run.pair).unwrap_or_default().to_owned();
    let kind = RunKind::Undo(run.id);
    let at = office.clock.now();
    let journal = match request.dry_run {
        true => None,
        false => Some(begin::<R>(company, run.pair.clone(), kind, at).await?),
    };
    let mut done = TakenBack::default();
    let mut skip = 0;
    loop {
        let found: Vec<Entry<R>> =
            ledger.entries(&EntriesOf::Run(run.id), Slice { skip, limit: SLICE }).await?;
        let last = (found.len() as u64) < SLICE;
        skip += found.len() as u64;
        let keep = foreign::<R>(company, &found).await?;
        let owner = Some(user.as_str()).filter(|user| !user.is_empty());
        let part = R::take_back(company, owner, found, keep, journal.clone()).await?;
        done.deleted += part.deleted;
        done.restored += part.restored;
        done.created += part.created;
        done.left += part.left;
        if last {
            break;
        }
    }
    let shown = journal.clone().unwrap_or(Journal { run: run.id, pair: run.pair.clone(), at });
    if let Some(journal) = &journal {
        take_labels_back(company, run.id).await?;
        end::<R>(company, journal, kind, done, office.clock.now()).await?;
    }
    let pair = Pair {
        id: run.pair.clone(),
        user: if user.is_empty() { "-".to_owned() } else { user.clone() },
        kind: R::KIND,
        account: String::new(),
        collection: String::new(),
        name: IMPORTS.trim_end_matches(':').to_owned(),
        rules: Rules::default(),
        enabled: false,
        calendar: None,
    };
    let report = report_of(&shown, kind, done, at);
    let mut told = PairReport::new(&pair).with_run(&report, &user);
    told.run_id = journal.map(|journal| journal.run);
    told.left = done.left;
    Ok(SyncReport {
        run_id: told.run_id,
        dry_run: request.dry_run,
        pairs: vec![told],
        ..SyncReport::default()
    })
}

/// Returns the records made by an import that a provider had before: their links hold no creation there.
async fn foreign<R: Kinded>(company: &dyn Company, entries: &[Entry<R>]) -> Outcome<Vec<ItemId>> {
    let ledger = R::ledger(company);
    let made: Vec<ItemId> = entries
        .iter()
        .filter(|entry| matches!(entry.op, Op::Create { .. }))
        .filter_map(|entry| entry.item().cloned())
        .collect();
    let mut foreign = BTreeSet::new();
    for pair in company.pairs().await?.into_iter().filter(|pair| pair.kind == R::KIND) {
        let links: Vec<Link<R>> = ledger.find(&pair.id, &Find::Items(Side::Local, made.clone())).await?;
        for link in links {
            let (Some(local), Some(_)) = (link.item(Side::Local), link.item(Side::Remote)) else { continue };
            let written: Vec<Entry<R>> = ledger
                .entries(&EntriesOf::Link(link.id), Slice { skip: 0, limit: u64::from(u16::MAX) })
                .await?;
            let made_there = written.iter().any(|entry| {
                entry.side == Side::Remote
                    && matches!(entry.op, Op::Create { .. })
                    && matches!(entry.outcome, EntryOutcome::Landed(_))
            });
            if !made_there {
                foreign.insert(local.clone());
            }
        }
    }
    Ok(foreign.into_iter().collect())
}

/// Finds an import, or the undo of one, by its number.
pub(crate) async fn import_run(company: &dyn Company, run: RunId) -> Outcome<Option<(Kind, Run)>> {
    for kind in crate::KINDS {
        let found = for_kind!(kind, R => R::ledger(company).run(run).await)?;
        if let Some(found) = found.filter(|found| user_of(&found.pair).is_some()) {
            return Ok(Some((kind, found)));
        }
    }
    Ok(None)
}
