//! How things stand, from what the ledger proves: never from what a run meant to do.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use passerelle_engine::{Loss, RunReport};
use passerelle_ports::{
    Code, Context, Counts, Detail, ErrorKind, Field, Find, From, Kind, Next, PairId, Run, RunId, RunKind,
    Side, Sides, Slice, fields,
};
use passerelle_sync_rules::is_held_otherwise;
use serde::{Deserialize, Serialize};

use crate::{
    Account, AccountState, AppUser, Dropped, Failure, Forecast, Kinded, Office, Outcome, Pair, Problem,
    chosen_users, kinds::for_kind, lasting, report::PairReport,
};

/// How many runs are read to find the last complete success.
const RUNS_READ: u64 = 200;
/// How many links are read at a time.
const LINKS_READ: u64 = 200;
/// How many records of which a side cannot hold something are told.
const LOSSES_MAX: usize = 1000;

/// What was changed in the company's database and no run has seen yet, in records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Unseen {
    /// Records that were made.
    pub new: u64,
    /// Records that were changed.
    pub changed: u64,
    /// Records that were deleted.
    pub deleted: u64,
    /// Whether the change log does not reach back to the last run: the next one reads everything.
    pub unknown: bool,
}

impl Unseen {
    /// Returns how many records there are.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.new + self.changed + self.deleted
    }
}

/// How one pair stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PairStatus {
    /// The pair.
    pub pair: PairId,
    /// What it holds.
    pub kind: Kind,
    /// The collection's name.
    pub name: String,
    /// The last run that was carried out to its end.
    pub last_success: Option<DateTime<Utc>>,
    /// Its number.
    pub last_success_run: Option<RunId>,
    /// The last run that ended, whatever came of it.
    pub last_run: Option<DateTime<Utc>>,
    /// What stopped the last run, if it did not reach its end, or kept it from beginning.
    pub last_problem: Option<Problem>,
    /// The permission for want of which it is switched off.
    pub withheld: Option<Problem>,
    /// Records that the last run could not read and that do not even tell their name.
    pub nameless: u64,
    /// Records that Google went on showing to the last run in an older state than the one known.
    pub late: u64,
    /// Appointments of the user's that stand in no calendar, and go to none.
    #[serde(skip)]
    pub homeless: u64,
    /// What one side has and the other cannot hold: the first of them by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub losses: Vec<Loss>,
    /// How many there are.
    pub losses_count: u64,
    /// Entries of the provider's that are no records of this kind and are not carried, by their sort.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub not_carried: BTreeMap<String, u64>,
    /// Changes of occurrences that went because their series makes these no more: those of the last run, and of since.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<Dropped>,
    /// What waits on this side for the next run. What waits at the provider is not known without asking there: the last
    /// run did.
    pub unseen: Unseen,
    /// Where all links stand.
    pub counts: Counts,
}

impl PairStatus {
    /// Returns how many records wait for a person, were refused or cannot be read.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.counts.held + self.counts.ambiguous + self.counts.rejected + self.nameless
    }

    /// Returns what keeps this pair from going on.
    #[must_use]
    pub fn problem(&self) -> Option<&Problem> {
        self.withheld.as_ref().or(self.last_problem.as_ref())
    }

    /// Returns how many records wait for the next run.
    #[must_use]
    pub fn due(&self) -> u64 {
        self.counts.due + self.counts.open + self.unseen.total()
    }

    /// Tells whether everything was on both sides when the last run ended, and is so still as far as this side can know:
    /// nothing waits, is refused, unread or cannot be held, and that run reached its end.
    #[must_use]
    pub fn is_in_step(&self) -> bool {
        let open = self.due() + u64::from(self.unseen.unknown) + self.homeless;
        self.problem().is_none() && self.waiting() + self.late + open + self.losses_count == 0
    }
}

/// How one app user stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UserStatus {
    /// The app user.
    pub user: AppUser,
    /// The account's address; `None` = not connected.
    pub account: Option<String>,
    /// How the account stands.
    pub state: Option<AccountState>,
    /// When its owner consented.
    pub authorised: Option<DateTime<Utc>>,
    /// When the authorisation is going to end, where there is evidence that it is.
    pub forecast: Option<Forecast>,
    /// The pairs.
    pub pairs: Vec<PairStatus>,
    /// Appointments that stand in no calendar, and in step with nothing: there is no default one.
    pub homeless: u64,
}

impl UserStatus {
    /// Tells whether somebody has to sign in before anything goes on.
    #[must_use]
    pub fn needs_sign_in(&self) -> bool {
        self.state == Some(AccountState::Reconnect)
    }

    /// Returns how many records wait for a person or were refused.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.pairs.iter().map(PairStatus::waiting).sum()
    }
}

/// Says how every app user, or one of them, stands. Asks nothing of a provider.
///
/// # Errors
///
/// `USE-102` for an app user who does not exist; those of the database.
pub async fn status(office: &Office, user: Option<&str>) -> Outcome<Vec<UserStatus>> {
    let users = chosen_users(&*office.company, user).await?;
    let accounts = office.company.accounts().await?;
    let pairs = office.pairs(user).await?;
    let homeless = office.company.homeless().await?;
    let mut all = Vec::new();
    for user in users {
        let account = accounts
            .iter()
            .find(|account| account.user == user.id && account.state != AccountState::Disconnected);
        let mut status = UserStatus {
            account: account.map(|account| account.email.clone()),
            state: account.map(|account| account.state),
            authorised: account.map(|account| account.authorised),
            forecast: match account {
                Some(account) => lasting::forecast(&*office.company, account).await?,
                None => None,
            },
            pairs: Vec::new(),
            homeless: homeless.get(&user.id).copied().unwrap_or_default(),
            user,
        };
        for pair in pairs.iter().filter(|pair| pair.user == status.user.id) {
            let mut one = for_kind!(pair.kind, R => pair_status::<R>(office, pair).await)?;
            one.homeless = if pair.kind == Kind::Events { status.homeless } else { 0 };
            one.withheld = account.and_then(|account| withheld(office, account, pair));
            if account.is_some_and(|account| is_healed(&one, account)) {
                one.last_problem = None;
            }
            status.pairs.push(one);
        }
        all.push(status);
    }
    Ok(all)
}

async fn pair_status<R: Kinded>(office: &Office, pair: &Pair) -> Outcome<PairStatus> {
    let ledger = R::ledger(&*office.company);
    let runs = ledger.runs(Some(&pair.id), Slice { skip: 0, limit: RUNS_READ }).await?;
    let ended = || runs.iter().filter(|run| run.finished.is_some() && run.kind != RunKind::Plan);
    let success = ended().find(|run| run.kind == RunKind::Sync && problem_of(run, pair).is_none());
    let last = ended().next();
    let at = last.and_then(|run| run.finished);
    let failed = not_run(office, pair).await?.filter(|failed| at.is_none_or(|at| failed.at >= at));
    let losses = losses::<R>(office, &pair.id).await?;
    Ok(PairStatus {
        pair: pair.id.clone(),
        kind: pair.kind,
        name: pair.name.clone(),
        last_success: success.and_then(|run| run.finished),
        last_success_run: success.map(|run| run.id),
        last_run: failed.as_ref().map(|failed| failed.at).or(at),
        last_problem: match failed {
            Some(failed) => Some(failed.problem()),
            None => last.and_then(|run| problem_of(run, pair)),
        },
        withheld: None,
        homeless: 0,
        nameless: last.map_or(0, |run| of_report(run, |report| report.nameless)),
        late: last.map_or(0, |run| of_report(run, |report| report.late)),
        losses_count: losses.count,
        losses: losses.first,
        not_carried: ended().find_map(not_carried).unwrap_or_default(),
        dropped: office.company.dropped(pair).await?,
        unseen: unseen::<R>(office, pair).await?,
        counts: ledger.counts(&pair.id).await?,
    })
}

/// Counts what was changed in the company's database since the last run, by the change log: what the ledger knows in that
/// very version a run wrote itself, or has seen.
async fn unseen<R: Kinded>(office: &Office, pair: &Pair) -> Outcome<Unseen> {
    let ledger = R::ledger(&*office.company);
    let replica = R::local(&*office.company, pair);
    let mut unseen = Unseen::default();
    let mut from = match ledger.pair_state(&pair.id).await?.cursors.local {
        Some(cursor) => From::Cursor(cursor),
        _ => return Ok(unseen),
    };
    loop {
        let page = match replica.peek(from).await {
            Err(error) if error.kind == ErrorKind::CursorExpired => {
                unseen.unknown = true;
                return Ok(unseen);
            }
            page => page?,
        };
        let ids = page.items.iter().map(|item| &item.id).chain(&page.removed).cloned().collect();
        let links = ledger.find(&pair.id, &Find::Items(Side::Local, ids)).await?;
        let known: BTreeMap<_, _> =
            links.iter().filter_map(|link| Some((link.item(Side::Local)?, link))).collect();
        let alive = |id| known.get(id).and_then(|link| link.alive(Side::Local));
        for item in &page.items {
            match alive(&item.id) {
                None => unseen.new += u64::from(!item.withdrawn),
                Some(stored) => unseen.changed += u64::from(stored.version != item.version),
            }
        }
        unseen.deleted += page.removed.iter().filter(|id| alive(id).is_some()).count() as u64;
        from = match page.next {
            Next::Page(token) => From::Page(token),
            Next::End(_) => return Ok(unseen),
        };
    }
}

/// A run that did not come to a report: the vault was shut, say, or the account could not be opened.
#[derive(Debug, Serialize, Deserialize)]
struct NotRun {
    at: DateTime<Utc>,
    code: Code,
    #[serde(rename = "words")]
    context: Context,
}

impl NotRun {
    fn problem(self) -> Problem {
        Problem { code: self.code, context: self.context, retry_after_s: None }
    }
}

/// The name under which the database keeps what kept a pair's last run from its report.
fn not_run_of(pair: &PairId) -> String {
    format!("not_run:{pair}")
}

async fn not_run(office: &Office, pair: &Pair) -> Outcome<Option<NotRun>> {
    let text = office.company.memo(&not_run_of(&pair.id)).await?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

/// Keeps for `status` what kept a run from its report: the ledger has nothing of it.
pub(crate) async fn note_not_run(office: &Office, pair: &Pair, failure: &Failure) -> Outcome<()> {
    // What waits for somebody else's write cannot be written down, and would only wait again.
    if failure.code() == Code::Sys103 {
        return Ok(());
    }
    let (code, context) = (failure.code(), failure.context().clone());
    let text = serde_json::to_string(&NotRun { at: office.clock.now(), code, context }).unwrap_or_default();
    Ok(office.company.set_memo(&not_run_of(&pair.id), Some(&text)).await?)
}

/// Notes what kept a whole command from its runs: all pairs of the app users it was for.
///
/// # Errors
///
/// `USE-102` for an app user who does not exist; those of the database.
pub async fn note_no_run(office: &Office, user: Option<&str>, failure: &Failure) -> Outcome<()> {
    for pair in office.pairs(user).await? {
        note_not_run(office, &pair, failure).await?;
    }
    Ok(())
}

/// What one side has and the other cannot hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct Losses {
    /// The first of them.
    pub(crate) first: Vec<Loss>,
    /// How many there are.
    pub(crate) count: u64,
}

/// Counts what one side has and the other cannot hold, and lists it up to a number of records.
pub(crate) async fn losses<R: Kinded>(office: &Office, pair: &PairId) -> Outcome<Losses> {
    let mut found = Losses::default();
    each_loss::<R>(office, pair, |_, loss| {
        found.count += 1;
        if found.first.len() < LOSSES_MAX {
            found.first.push(loss);
        }
    })
    .await?;
    Ok(found)
}

/// Goes through what one side has and the other cannot hold, with the name of the record where it has it.
async fn each_loss<R: Kinded>(
    office: &Office,
    pair: &PairId,
    mut each: impl FnMut(String, Loss),
) -> Outcome<()> {
    let ledger = R::ledger(&*office.company);
    let mut after = None;
    loop {
        let links = ledger.lacking(pair, after, LINKS_READ).await?;
        let Some(last) = links.last() else { return Ok(()) };
        after = Some(last.id);
        for link in &links {
            for side in Side::BOTH {
                let lacks = link.lacks.iter().filter(|lack| lack.side == side);
                let mut lacking: Vec<_> = lacks.map(|lack| lack.field.clone()).collect();
                let stored = link.alive(side.other());
                if let (Some(stored), Some(held), false) = (stored, link.alive(side), lacking.is_empty()) {
                    // Older releases noted this, too.
                    let (has, held) = (fields(&stored.record), fields(&held.record));
                    lacking.retain(|field| !is_held_otherwise::<R>(field, &has, &held));
                }
                let fields = lacking;
                if let (Some(stored), false, true) = (stored, fields.is_empty(), link.alive(side).is_some()) {
                    let code = code_of(R::KIND, side, &fields);
                    let record = stored.record.summary();
                    each(stored.id.to_string(), Loss { side, record, fields, code });
                }
            }
        }
    }
}

/// Returns the code that explains why a side does not hold something, where it has one of its own.
fn code_of(kind: Kind, side: Side, fields: &[Field]) -> Option<Code> {
    let is_picture = |field: &Field| field.member() == "photo";
    (kind == Kind::Contacts && side == Side::Remote && fields.iter().any(is_picture)).then_some(Code::Goog317)
}

/// A record of which one side cannot hold something.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Lacking {
    /// The app user.
    pub user: String,
    /// What it is.
    pub kind: Kind,
    /// Its name on the side that has everything.
    pub id: String,
    /// What is lacking.
    #[serde(flatten)]
    pub loss: Loss,
}

/// Lists all that one side has and the other cannot hold, of every app user or of one of them.
///
/// # Errors
///
/// `USE-102` for an app user who does not exist; those of the database.
pub async fn lacking(office: &Office, user: Option<&str>) -> Outcome<Vec<Lacking>> {
    chosen_users(&*office.company, user).await?;
    let mut all = Vec::new();
    for pair in office.pairs(user).await? {
        let note = |id: String, loss: Loss| {
            all.push(Lacking { user: pair.user.clone(), kind: pair.kind, id, loss });
        };
        for_kind!(pair.kind, R => each_loss::<R>(office, &pair.id, note).await)?;
    }
    Ok(all)
}

/// A record that stays on one side on purpose.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Alone {
    /// The app user.
    pub user: String,
    /// What it is.
    pub kind: Kind,
    /// The side that has it.
    pub side: Side,
    /// Its name there.
    pub id: String,
    /// Its short name.
    pub summary: String,
    /// Whether an undo left it there: it travels again once it is edited. If not, a rule or an answer did.
    pub undone: bool,
    /// Whether both sides have it and the other one does not offer it any more: it went into a collection that is not
    /// connected, or out of the app user's view.
    pub aside: bool,
}

/// Lists the records that stay on one side on purpose, of every app user or of one of them.
///
/// # Errors
///
/// `USE-102` for an app user who does not exist; those of the database.
pub async fn alone(office: &Office, user: Option<&str>) -> Outcome<Vec<Alone>> {
    chosen_users(&*office.company, user).await?;
    let mut all = Vec::new();
    for pair in office.pairs(user).await? {
        for_kind!(pair.kind, R => alone_in::<R>(office, &pair, &mut all).await)?;
    }
    Ok(all)
}

async fn alone_in<R: Kinded>(office: &Office, pair: &Pair, all: &mut Vec<Alone>) -> Outcome<()> {
    let ledger = R::ledger(&*office.company);
    let mut after = None;
    loop {
        let links = ledger.alone(&pair.id, after, LINKS_READ).await?;
        let Some(last) = links.last() else { return Ok(()) };
        after = Some(last.id);
        for link in &links {
            let offered = |side: &Side| link.alive(*side).is_some_and(|stored| !stored.withdrawn);
            let Some(side) = link.half().or_else(|| Side::BOTH.into_iter().find(offered)) else { continue };
            let Some(stored) = link.alive(side) else { continue };
            all.push(Alone {
                user: pair.user.clone(),
                kind: pair.kind,
                side,
                id: stored.id.to_string(),
                summary: stored.record.summary(),
                undone: link.trails[side.other()].undone.is_some(),
                aside: link.is_aside(),
            });
        }
    }
}

fn of_report(run: &Run, count: impl Fn(&RunReport) -> Sides<u64>) -> u64 {
    let report = serde_json::from_value::<RunReport>(run.summary.clone());
    report.map_or(0, |report| count(&report).local + count(&report).remote)
}

fn not_carried(run: &Run) -> Option<BTreeMap<String, u64>> {
    serde_json::from_value::<RunReport>(run.summary.clone()).ok()?.not_carried
}

/// A problem of the authorisation is over once there is a later one.
fn is_healed(pair: &PairStatus, account: &Account) -> bool {
    pair.last_run.is_some_and(|last| last < account.authorised)
        && pair.last_problem.as_ref().is_some_and(|problem| problem.code.is_of_access())
}

/// What its owner did not grant switches that part off, whatever the last run said.
fn withheld(office: &Office, account: &Account, pair: &Pair) -> Option<Problem> {
    let scope = office.provider.withheld(account, pair.kind)?;
    Some(Problem::from(
        &Failure::new(Code::Goog202).with(Detail::User, &pair.user).with(Detail::Scope, scope),
    ))
}

/// Returns what kept a run from its end. A summary that cannot be read proves nothing.
fn problem_of(run: &Run, pair: &Pair) -> Option<Problem> {
    match serde_json::from_value::<RunReport>(run.summary.clone()) {
        Ok(report) => PairReport::new(pair).with_run(&report, &pair.user).error,
        Err(_) => Some(Problem { code: Code::Bug101, context: Context::default(), retry_after_s: None }),
    }
}
