//! Keeping everything in step: a run, or the plan of one.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use chrono::TimeDelta;
use passerelle_engine::{Approval, Progress, RunReport};
use passerelle_ports::{Code, Detail, PairId, RunKind, Side, Slice};
use passerelle_sync_rules::PlannedStep;

use crate::{
    Account, AccountState, Failure, Kinded, Office, Outcome, Pair, PairReport, Problem, SyncReport,
    imports::drop_gone_labels,
    kinds::{KINDS, engine, for_kind},
    lasting,
    office::engine_failure,
    status::{losses, note_not_run},
};

/// What is asked of a run.
#[derive(Clone, Debug, Default)]
pub struct SyncRequest {
    /// One app user, or all of them.
    pub user: Option<String>,
    /// Work out the plan, write nothing.
    pub dry_run: bool,
    /// So many deletions are approved.
    pub allow_deletes: Option<u64>,
    /// So many deletions were an accident: what would be deleted is made again where it is gone.
    pub bring_back: Option<u64>,
    /// The plan whose digest begins like this is approved.
    pub approve: Option<String>,
    /// The database is an older copy of itself: everything is listed and matched anew, nothing is deleted.
    pub relist: bool,
}

/// Somebody who watches the pairs of a run.
pub trait Watch: Send + Sync {
    /// Tells that a pair begins.
    fn begin(&self, pair: &Pair);
    /// Returns who wants to know how far it is.
    fn progress(&self) -> &dyn Progress;
    /// Tells that a pair has ended.
    fn end(&self, report: &PairReport);
}

impl SyncRequest {
    pub(crate) fn approval(&self) -> Option<Approval> {
        let digest = self.approve.clone().map(Approval::Named);
        let back = self.bring_back.map(Approval::BringBack);
        digest.or(back).or(self.allow_deletes.map(Approval::Deletes))
    }
}

/// Runs every pair once, or works out what that would do. One failing pair does not stop the others.
///
/// # Errors
///
/// `USE-102` for an app user who does not exist, `GOOG-211` when nobody is connected at all, and those of
/// the database. What went wrong with a pair is in its report.
pub async fn sync(office: &Office, request: &SyncRequest, watch: &dyn Watch) -> Outcome<SyncReport> {
    let mut pairs = office.pairs(request.user.as_deref()).await?;
    let mut disconnected = Vec::new();
    if request.user.is_none() {
        disconnected = leave_out_disconnected(office, &mut pairs).await?;
    }
    if pairs.is_empty() {
        return Err(not_connected(office, request.user.as_deref()).await?);
    }
    let mut request = request.clone();
    if let Some(number) = request.allow_deletes
        && meant_by(office, &pairs, number).await? > 1
    {
        // A number that fits two plans names neither. To bring back harms nothing: it is meant for each of them.
        request.allow_deletes = None;
    }
    let before = (office.provider.requests(), office.provider.guest_mails());
    let mut report = SyncReport { dry_run: request.dry_run, disconnected, ..SyncReport::default() };
    let mut signed_out: BTreeMap<String, Problem> = BTreeMap::new();
    let mut late: BTreeSet<PairId> = BTreeSet::new();
    let mut announced: Vec<PlannedStep> = Vec::new();
    for pair in &pairs {
        watch.begin(pair);
        let mut done = match signed_out.get(&pair.account) {
            Some(problem) => PairReport::new(pair).failed(&problem.to_failure()),
            None => {
                for_kind!(pair.kind, R => Box::pin(one::<R>(office, pair, &request, &announced, watch)).await)
            }
        };
        if let Some(problem) = done.error.take() {
            done.error = Some(explained(office, pair, problem).await?);
        }
        if let Some(problem) = &done.error
            && needs_sign_in(problem)
        {
            signed_out.insert(pair.account.clone(), problem.clone());
        }
        if signed_out.contains_key(&pair.account) {
            note_account(office, pair, AccountState::Reconnect).await?;
        } else if done.error.is_none() {
            note_account(office, pair, AccountState::Connected).await?;
        }
        done.name.clone_from(&pair.name);
        watch.end(&done);
        report.run_id = report.run_id.or(done.run_id);
        let has_run = |pair: &&PairId| report.pairs.iter().any(|before| before.pair == **pair);
        late.extend(done.handed_over.iter().filter(has_run).cloned());
        announced.append(&mut done.announced);
        report.pairs.push(done);
    }
    for pair in pairs.iter().filter(|pair| late.contains(&pair.id)) {
        go_on(office, pair, (&request, &announced), watch, &mut report).await;
    }
    report.homeless = office.company.homeless().await?;
    let users: BTreeSet<&String> = pairs.iter().map(|pair| &pair.user).collect();
    report.homeless.retain(|user, _| users.contains(user));
    report.requests = office.provider.requests() - before.0;
    report.guest_mails = report.pairs.iter().map(|pair| pair.guest_mails).sum();
    if !request.dry_run {
        forget_old(office).await?;
    }
    Ok(report)
}

/// Runs a pair once more that has got records of another one since it ran: what is left to do for them, the plan has
/// announced for this run.
async fn go_on(
    office: &Office,
    pair: &Pair,
    (request, announced): (&SyncRequest, &[PlannedStep]),
    watch: &dyn Watch,
    report: &mut SyncReport,
) {
    let Some(before) = report.pairs.iter().position(|before| before.pair == pair.id) else { return };
    if report.pairs[before].error.is_some() {
        return;
    }
    // An approval was for the plan of before.
    let request = SyncRequest { user: request.user.clone(), ..SyncRequest::default() };
    watch.begin(pair);
    let mut done =
        for_kind!(pair.kind, R => Box::pin(one::<R>(office, pair, &request, announced, watch)).await);
    done.name.clone_from(&pair.name);
    watch.end(&done);
    if done.writes() == 0 && done.error.is_none() {
        report.pairs[before].left_by(&done);
    } else {
        report.pairs[before].gone_on();
        report.pairs.push(done);
    }
}

/// Who was disconnected on purpose stands still until somebody asks for that user by name.
async fn leave_out_disconnected(office: &Office, pairs: &mut Vec<Pair>) -> Outcome<Vec<String>> {
    let accounts = office.company.accounts().await?;
    let gone = |pair: &Pair| {
        let mut own = accounts.iter().filter(|account| account.id == pair.account);
        own.any(|account| account.state == AccountState::Disconnected)
    };
    let users: BTreeSet<String> =
        pairs.iter().filter(|pair| gone(pair)).map(|pair| pair.user.clone()).collect();
    pairs.retain(|pair| !gone(pair));
    Ok(users.into_iter().collect())
}

/// Counts the pairs whose last run showed a plan with so many deletions that was not carried out.
async fn meant_by(office: &Office, pairs: &[Pair], number: u64) -> Outcome<usize> {
    let mut count = 0;
    for pair in pairs {
        count += usize::from(for_kind!(pair.kind, R => is_meant_by::<R>(office, pair, number).await)?);
    }
    Ok(count)
}

async fn is_meant_by<R: Kinded>(office: &Office, pair: &Pair, number: u64) -> Outcome<bool> {
    let last = R::ledger(&*office.company).runs(Some(&pair.id), Slice { skip: 0, limit: 1 }).await?;
    let shown = last.first().and_then(|run| {
        let report = serde_json::from_value::<RunReport>(run.summary.clone()).ok()?;
        let only_shown = run.kind == RunKind::Plan || report.refused.is_some();
        let deletes = Side::BOTH.iter().map(|side| report.planned.writes[*side].deleted).sum::<u64>();
        only_shown.then_some(deletes)
    });
    Ok(shown == Some(number))
}

/// Forgets the history that is older than the settings want to keep.
async fn forget_old(office: &Office) -> Outcome<()> {
    let age = i64::try_from(office.history_days).ok().filter(|days| *days > 0).and_then(TimeDelta::try_days);
    let before = age.and_then(|age| office.clock.now().checked_sub_signed(age));
    if let Some(before) = before {
        for kind in KINDS {
            for_kind!(kind, R => R::ledger(&*office.company).purge(before).await)?;
        }
    }
    Ok(())
}

/// Returns how long to wait until a run can find out what became of every write whose answer was lost, such as in a
/// run that was killed; `None` where there is none.
///
/// # Errors
///
/// `USE-102` for an app user who does not exist; those of the database.
pub async fn unsettled(office: &Office, user: Option<&str>) -> Outcome<Option<Duration>> {
    let mut longest = None;
    for pair in office.pairs(user).await? {
        let wait = for_kind!(pair.kind, R => unsettled_of::<R>(office, &pair).await)?;
        longest = longest.max(wait);
    }
    Ok(longest)
}

async fn unsettled_of<R: Kinded>(office: &Office, pair: &Pair) -> Outcome<Option<Duration>> {
    if R::ledger(&*office.company).open_entries(&pair.id).await?.is_empty() {
        return Ok(None);
    }
    // Who is not connected need not wait: the run will say so.
    let Ok(engine) = engine::<R>(office, pair).await else { return Ok(None) };
    engine.unsettled().await.map_err(|error| engine_failure(error, pair))
}

async fn one<R: Kinded>(
    office: &Office,
    pair: &Pair,
    request: &SyncRequest,
    announced: &[PlannedStep],
    watch: &dyn Watch,
) -> PairReport {
    let before = (office.provider.requests(), office.provider.guest_mails());
    let blank = PairReport::new(pair);
    let mut report = match attempt::<R>(office, pair, request, announced, watch).await {
        Ok(report) => report,
        Err(failure) => {
            let failure = failure.or_with(Detail::User, &pair.user);
            if !request.dry_run {
                // What cannot be kept either, such as in a database that is locked, is told by this command at least.
                note_not_run(office, pair, &failure).await.unwrap_or_default();
            }
            blank.failed(&failure)
        }
    };
    report.requests = office.provider.requests() - before.0;
    let mail_guests = office.rules_with(pair, None).mail_guests;
    report.with_mails(mail_guests, office.provider.guest_mails() - before.1)
}

async fn attempt<R: Kinded>(
    office: &Office,
    pair: &Pair,
    request: &SyncRequest,
    announced: &[PlannedStep],
    watch: &dyn Watch,
) -> Outcome<PairReport> {
    let engine = engine::<R>(office, pair).await?.announced(announced.to_vec());
    let ledger = R::ledger(&*office.company);
    let mut report = PairReport::new(pair);
    report.first = ledger.runs(Some(&pair.id), Slice { skip: 0, limit: 1 }).await?.is_empty();
    let failed = |error| engine_failure(error, pair);
    if request.relist {
        engine.relist().await.map_err(failed)?;
    }
    if request.dry_run {
        let found = engine.plan(watch.progress()).await.map_err(failed)?;
        report = report.with_run(&found.report, &pair.user).with_plan(&found.plan);
        let counts = ledger.counts(&pair.id).await?;
        report.note(losses::<R>(office, &pair.id).await?);
        return Ok(report.foreseen(&counts, &found.plan.counts));
    }
    office.company.told_dropped(pair, true).await?;
    let done = engine.run(request.approval(), watch.progress()).await.map_err(failed)?;
    report = report.with_run(&done, &pair.user);
    report = report.with_counts(&ledger.counts(&pair.id).await?);
    report.note(losses::<R>(office, &pair.id).await?);
    report.dropped = office.company.dropped(pair).await?;
    if !report.dropped.is_empty() {
        office.company.told_dropped(pair, false).await?;
    }
    // What fails here is tried again by the next run: nothing else depends on it.
    drop_gone_labels(office, pair).await.unwrap_or_default();
    if report.unknown > 0 {
        report.settles_in_s = engine.unsettled().await.map_err(failed)?.map(|wait| wait.as_secs() + 1);
    }
    Ok(report)
}

async fn not_connected(office: &Office, user: Option<&str>) -> Outcome<Failure> {
    let connected = office.company.accounts().await?.into_iter().find(|account| {
        account.state != AccountState::Disconnected && user.is_none_or(|user| account.user == user)
    });
    Ok(match (connected, user) {
        // Somebody who has consented, and for whom nothing was chosen.
        (Some(account), _) => Failure::new(Code::Sync115).with(Detail::User, account.user),
        (None, Some(user)) => Failure::new(Code::Goog211).with(Detail::User, user),
        (None, None) => Failure::new(Code::Goog211),
    })
}

/// The codes after which every other pair of the account would fail alike.
fn needs_sign_in(problem: &Problem) -> bool {
    [Code::Goog203, Code::Goog204, Code::Goog205, Code::Goog206, Code::Goog210, Code::Goog211, Code::Goog212]
        .contains(&problem.code)
}

/// What the end of an authorisation is put down to, knowing the others of the same client.
async fn explained(office: &Office, pair: &Pair, problem: Problem) -> Outcome<Problem> {
    let accounts = office.company.accounts().await?;
    match accounts.into_iter().find(|account| account.id == pair.account) {
        Some(account) => {
            let problem = lasting::explained(&*office.company, &account, problem).await?;
            Ok(lasting::by_way(problem, office.provider.way(&account)))
        }
        None => Ok(problem),
    }
}

/// Keeps in the account whether somebody has to sign in again, for `status`.
async fn note_account(office: &Office, pair: &Pair, wanted: AccountState) -> Outcome<()> {
    let accounts = office.company.accounts().await?;
    let changed = accounts.into_iter().find(|account: &Account| {
        account.id == pair.account && account.state != wanted && account.state != AccountState::Disconnected
    });
    if wanted == AccountState::Connected
        && let Some(account) = office.company.accounts().await?.iter().find(|one| one.id == pair.account)
    {
        lasting::note_alive(&*office.company, account, office.clock.now()).await?;
    }
    if let Some(mut account) = changed {
        account.state = wanted;
        office.company.save_account(&account).await?;
    }
    Ok(())
}
