//! `sync`: a run, or the plan of one.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use passerelle_ports::{Clock, Code, Detail, Kind};
use passerelle_service::{
    Dropped, Failure, Loss, NotUndone, Office, PairReport, SyncReport, SyncRequest, Waiting, changes,
    conflicts, note_no_run, sync, unsettled, without_calendar,
};
use passerelle_sync_rules::Stays;
use passerelle_texts::exit_code;
use serde_json::{Value, json};

use super::conflicts::{coded, line};
use crate::{
    cli::Sync,
    compose::{self, Composed},
    context::{App, Exit},
    keys::Settings,
    lock::Lock,
    terminal::{
        output::{Out, quoted},
        progress::Bar,
    },
};

/// How long a command waits for the answers of a run before it; a longer wait is for a later run.
const PATIENCE: Duration = Duration::from_secs(30);

pub async fn run(app: &App, args: &Sync) -> Exit {
    let settings = app.settings()?;
    let _lock = Lock::take(&settings.state_dir)?;
    let office = compose::office(app, &settings).await?;
    let restored = match ready(&settings, &office, args.user.as_deref()).await {
        Ok(restored) => restored,
        Err(failure) => {
            if !args.dry_run {
                // What cannot be kept either is told by this command at least.
                note_no_run(&office.office, args.user.as_deref(), &failure).await.unwrap_or_default();
            }
            return Err(failure);
        }
    };
    if restored {
        app.out.ask(&app.out.t("sync-restored", &[]));
    }
    let request = SyncRequest {
        user: args.user.clone(),
        dry_run: args.dry_run,
        allow_deletes: args.allow_deletes,
        bring_back: args.bring_back,
        approve: args.approve.clone(),
        relist: restored,
    };
    wait_for_answers(app, &office.office, &request).await?;
    let report = sync(&office.office, &request, &Bar::new(app)).await?;
    tell_changes(app, &office.office, &report).await?;
    let command = match &args.user {
        Some(user) => format!("sync --user {}", quoted(user)),
        None => "sync".to_owned(),
    };
    tell(app, &report, args.diff, &command)
}

/// Looks whether a run may begin. Tells whether the database is an older copy of itself.
async fn ready(settings: &Settings, office: &Composed, user: Option<&str>) -> Result<bool, Failure> {
    let restored = compose::at_home(settings, office).await?;
    compose::open_for(office, user).await?;
    Ok(restored)
}

/// After a run that was killed, writes may still be under way. Where that is settled soon, it is waited for: one run
/// then does everything.
async fn wait_for_answers(app: &App, office: &Office, request: &SyncRequest) -> Result<(), Failure> {
    let wait = unsettled(office, request.user.as_deref()).await?;
    if let Some(wait) = wait.filter(|wait| !wait.is_zero() && *wait <= PATIENCE) {
        app.out.note(&app.out.t("sync-waiting", &[]));
        tokio::time::sleep(wait).await;
    }
    Ok(())
}

/// What happened to single records: every change for machines, and what was refused for people too.
async fn tell_changes(app: &App, office: &Office, report: &SyncReport) -> Result<(), Failure> {
    if report.dry_run {
        return Ok(());
    }
    if app.out.json {
        for pair in report.pairs.iter().filter(|pair| pair.writes() > 0) {
            let Some(run) = pair.run_id else { continue };
            for change in changes(office, run).await? {
                app.out.line("change", app.clock.now(), &change);
            }
        }
    }
    if report.held() + report.failed() == 0 {
        return Ok(());
    }
    for waiting in conflicts(office, None).await? {
        if !report.pairs.iter().any(|pair| pair.pair == waiting.pair) {
            continue;
        }
        if matches!(waiting.waiting, Waiting::Refused { .. }) {
            app.out.ask(&line(&app.out, &waiting));
        }
        app.out.line("conflict", app.clock.now(), &coded(&waiting));
    }
    Ok(())
}

/// Tells a report to people and machines, and returns the exit code. `command` is what was asked for.
pub fn tell(app: &App, report: &SyncReport, diff: bool, command: &str) -> Exit {
    tell_and_close(app, report, diff, (command, "sync-dry-done"))
}

/// As [`tell`], with the words that close a preview: they name the command that carries it out.
pub fn tell_and_close(app: &App, report: &SyncReport, diff: bool, (command, preview): (&str, &str)) -> Exit {
    let out = &app.out;
    let mut told = Vec::new();
    for pair in &report.pairs {
        out.result(&table(out, pair, report.dry_run));
        if diff {
            tell_plan(out, pair, usize::MAX, command);
        } else if !report.dry_run {
            // What the guard refused; the whole list is a dry run's.
            tell_plan(out, pair, SHOWN, command);
        }
        for write in &pair.plan {
            out.line("change", app.clock.now(), write);
        }
        if let Some(problem) = &pair.error {
            let named =
                problem.to_failure().or_with(Detail::User, &pair.user).or_with(Detail::Pair, &pair.name);
            let named = named.or_with(Detail::Command, command).or_with(Detail::Calendar, &pair.name);
            out.failure_once(&named.or_with(Detail::Kind, pair.kind.as_str()), app.clock.now(), &mut told);
        }
        if pair.nameless > 0 {
            out.failure(&Failure::new(Code::Goog315).with(Detail::Place, "id"), app.clock.now());
        }
        // Where something else stopped the pair, that is what has to be said.
        if let (None, Some(seconds)) = (&pair.error, pair.settles_in_s) {
            let unknown = Failure::new(Code::Sync110).with(Detail::Count, pair.unknown);
            out.failure(&unknown.after(Duration::from_secs(seconds)), app.clock.now());
        }
    }
    for (user, count) in &report.homeless {
        out.failure(&without_calendar(user, *count), app.clock.now());
    }
    for user in &report.disconnected {
        out.note(&out.t("sync-disconnected", &[("user", user.as_str().into())]));
    }
    explain_losses(app, report.pairs.iter().flat_map(|pair| &pair.losses));
    let code = exit_of(report);
    out.result(&closing(out, report, preview));
    out.line("summary", app.clock.now(), &summary(report, code));
    Ok(code)
}

/// The exit code of a report: what a person has to do first comes first.
pub fn exit_of(report: &SyncReport) -> u8 {
    const FIRST: [u8; 9] = [9, 7, 1, 4, 5, 6, 8, 2, 3];
    let mut codes: Vec<u8> = report
        .pairs
        .iter()
        .filter_map(|pair| pair.error.as_ref())
        .map(|error| exit_code(error.code.as_str()))
        .collect();
    let waits = |pair: &PairReport| pair.held + pair.failed + pair.unknown > 0 || !pair.not_undone.is_empty();
    if !report.homeless.is_empty() || report.pairs.iter().any(waits) {
        codes.push(3);
    }
    FIRST.into_iter().find(|code| codes.contains(code)).unwrap_or(0)
}

fn summary(report: &SyncReport, code: u8) -> Value {
    let mut value = serde_json::to_value(report).unwrap_or_default();
    let wait =
        |pair: &PairReport| pair.error.as_ref().and_then(|error| error.retry_after_s).max(pair.settles_in_s);
    // Who is told to come back later is told when, even where the other side did not say.
    let wait = report.pairs.iter().filter_map(wait).max().or((code == 8).then_some(60));
    if let Value::Object(members) = &mut value {
        members.insert("exit_code".to_owned(), code.into());
        members.insert("held".to_owned(), report.held().into());
        members.insert("failed".to_owned(), report.failed().into());
        members.insert("losses".to_owned(), report.losses().into());
        members.insert("dropped".to_owned(), report.dropped().into());
        if let Some(wait) = wait {
            members.insert("retry_after_s".to_owned(), json!(wait));
        }
    }
    value
}

/// The numbers of one pair, as a small table.
pub fn table(out: &Out, pair: &PairReport, dry_run: bool) -> String {
    let kind = match pair.kind {
        Kind::Contacts => out.t("kind-contacts", &[]),
        Kind::Events => out.t("kind-events", &[]),
    };
    let mut head = format!("{} · {kind} · {}", pair.user, pair.name);
    if pair.first {
        head.push_str(&format!(" · {}", out.t("sync-first", &[])));
    }
    if dry_run {
        head.push_str(&format!(" · {}", out.t("sync-dry", &[])));
    }
    if pair.error.is_some() && pair.writes() == 0 {
        return head;
    }
    let (here, there) = (out.t("sync-to-local", &[]), out.t("sync-to-remote", &[]));
    let mut lines = vec![head, format!("  {:<14}{here:>14}{there:>14}", "")];
    for (id, local, remote) in [
        ("sync-create", pair.to_local.create, pair.to_remote.create),
        ("sync-update", pair.to_local.update, pair.to_remote.update),
        ("sync-delete", pair.to_local.delete, pair.to_remote.delete),
    ] {
        let number =
            |count: u64| passerelle_texts::number(out.lang, i64::try_from(count).unwrap_or(i64::MAX));
        lines.push(format!("  {:<14}{:>14}{:>14}", out.t(id, &[]), number(local), number(remote)));
    }
    for (id, count) in [
        ("sync-matched", pair.matched),
        ("sync-held", pair.held),
        ("sync-failed", pair.failed),
        ("sync-unknown", pair.unknown),
        ("sync-late", pair.late),
        ("sync-deferred", pair.deferred_deletes),
        ("sync-losses", pair.losses_count),
        ("sync-guests-kept", pair.guests_kept),
    ] {
        if count > 0 {
            lines.push(format!("  {}", out.t(id, &[("count", count.into())])));
        }
    }
    lines.extend(pair.relabelled.iter().map(|(lost, kept)| {
        let said = [("lost", lost.as_str().into()), ("kept", kept.as_str().into())];
        format!("  {}", out.t("sync-relabelled", &said))
    }));
    lines.extend(losses(out, &pair.losses, pair.losses_count));
    lines.extend(not_carried(out, &pair.not_carried));
    lines.extend(dropped(out, &pair.dropped));
    lines.extend(not_undone(out, &pair.not_undone));
    lines.join("\n")
}

/// What an undo left as it is, a line for each of the first records.
fn not_undone(out: &Out, records: &[NotUndone]) -> Vec<String> {
    if records.is_empty() {
        return Vec::new();
    }
    let head = out.t("undo-stays", &[("count", (records.len() as u64).into())]);
    let each = records.iter().take(SHOWN).map(|one| {
        let why = match one.why {
            Stays::Changed => "undo-stays-changed",
            Stays::Rules => "undo-stays-rules",
            Stays::There => "undo-stays-there",
            Stays::Busy => "undo-stays-busy",
        };
        format!("    {}: {}", one.record, out.t(why, &[]))
    });
    std::iter::once(format!("  {head}")).chain(each).collect()
}

/// The changes of occurrences that went, a line for each of the first.
pub fn dropped(out: &Out, dropped: &[Dropped]) -> Vec<String> {
    if dropped.is_empty() {
        return Vec::new();
    }
    let head = out.t("sync-dropped", &[("count", (dropped.len() as u64).into())]);
    let each = dropped.iter().take(SHOWN).map(|one| {
        let title = if one.title.is_empty() { String::new() } else { format!(" ({})", one.title) };
        format!("    {}: {}{title}", one.record, one.occurrence)
    });
    std::iter::once(format!("  {head}")).chain(each).collect()
}

/// What is at Google and is no appointment, in one line.
pub fn not_carried(out: &Out, sorts: &BTreeMap<String, u64>) -> Option<String> {
    let each = |(sort, count): (&String, &u64)| {
        out.t("not-carried-sort", &[("sort", sort.as_str().into()), ("count", (*count).into())])
    };
    let all = sorts.iter().map(each).collect::<Vec<_>>().join(", ");
    (!all.is_empty()).then(|| format!("  {}", out.t("not-carried", &[("sorts", all.into())])))
}

/// What one side has and the other cannot hold, a line for each of the first records, and how to see the others.
pub fn losses(out: &Out, losses: &[Loss], count: u64) -> Vec<String> {
    let first = losses.iter().take(SHOWN).map(|loss| format!("    {}: {}", loss.record, fields_of(loss)));
    let mut lines: Vec<String> = first.collect();
    let more = count.saturating_sub(lines.len() as u64);
    if more > 0 {
        lines.push(format!("    {}", out.t("losses-more", &[("count", more.into())])));
    }
    lines
}

/// The fields that a side cannot hold, in one line, with the code that explains why.
pub fn fields_of(loss: &Loss) -> String {
    let fields = loss.fields.iter().map(passerelle_ports::Field::as_str).collect::<Vec<_>>().join(", ");
    match &loss.code {
        Some(code) => format!("{fields} ({code})"),
        None => fields,
    }
}

/// Explains once what the codes of some losses mean, and what can be done.
pub fn explain_losses<'a>(app: &App, losses: impl Iterator<Item = &'a Loss>) {
    let codes: BTreeSet<Code> = losses.filter_map(|loss| loss.code).collect();
    for code in codes {
        let article = app.out.article(&Failure::new(code));
        app.out.warn(&article);
        app.out.line("warning", app.clock.now(), &article);
    }
}

/// How many writes of a refused plan are shown.
const SHOWN: usize = 20;

fn tell_plan(out: &Out, pair: &PairReport, most: usize, command: &str) {
    // Deletions first: they are what a person wants to see before anything else.
    let (deletes, others): (Vec<_>, Vec<_>) = pair.plan.iter().partition(|write| write.action == "delete");
    for write in deletes.into_iter().chain(others).take(most) {
        let side = match write.side {
            passerelle_ports::Side::Local => out.t("sync-to-local", &[]),
            passerelle_ports::Side::Remote => out.t("sync-to-remote", &[]),
        };
        let action = action(out, write.action);
        let fields = write.fields.join(", ");
        out.result(&format!("    {side}  {action}  {}  {fields}", write.summary));
    }
    if pair.plan.len() > most {
        let diff = if command.starts_with("sync") { " --diff" } else { "" };
        let whole = format!("{command} --dry-run{diff}");
        out.result(
            &out.t("sync-more", &[("count", (pair.plan.len() - most).into()), ("command", whole.into())]),
        );
    }
}

/// The word for an action.
pub fn action(out: &Out, action: &str) -> String {
    match action {
        "create" => out.t("sync-create", &[]),
        "delete" => out.t("sync-delete", &[]),
        "move" => out.t("sync-move", &[]),
        "seen" => out.t("sync-seen", &[]),
        _ => out.t("sync-update", &[]),
    }
}

fn closing(out: &Out, report: &SyncReport, preview: &str) -> String {
    let args = [
        ("count", report.writes().into()),
        ("failed", report.failed().into()),
        ("held", report.held().into()),
        ("mails", report.guest_mails.into()),
    ];
    let stopped = report.pairs.iter().filter(|pair| pair.error.is_some()).count();
    if report.dry_run {
        return out.t(if stopped > 0 { "sync-dry-stopped" } else { preview }, &args);
    }
    let id = if stopped > 0 { "sync-done-partly" } else { "sync-done" };
    let mut text = out.t(id, &args);
    for pair in report.pairs.iter().filter(|pair| pair.writes() > 0) {
        if let Some(run) = pair.run_id {
            text.push_str(&format!("\n{}", out.t("sync-undo", &[("run", run.to_string().into())])));
        }
    }
    if report.held() > 0 {
        text.push_str(&format!("\n{}", out.t("sync-decide", &[])));
    }
    text
}
