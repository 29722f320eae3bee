//! `history`: the runs, and every change of a run.

use passerelle_ports::{Clock, Kind, RunId, RunKind, Side};
use passerelle_service::{Change, Office, PastRun, changes, record_changes, runs, search_changes};

use super::sync::action;
use crate::{
    cli::History,
    compose,
    context::{App, Exit, done},
    terminal::output::Out,
    words::value_text,
};

pub async fn run(app: &App, args: &History) -> Exit {
    let settings = app.settings()?;
    let office = compose::office(app, &settings).await?.office;
    if let Some(run) = args.run {
        let all = changes(&office, RunId(run)).await?;
        let next = app.out.t("sync-undo", &[("run", run.to_string().into())]);
        return tell(app, &all, &next, false);
    }
    if let Some(id) = &args.record {
        let all = record_changes(&office, id).await?;
        let next = app.out.t("history-undo-record", &[("id", id.as_str().into())]);
        return tell(app, &all, &next, true);
    }
    if let Some(text) = &args.search {
        let all = search_changes(&office, args.user.as_deref(), text, args.limit).await?;
        return tell(app, &all, &app.out.t("history-next", &[]), true);
    }
    if args.purged {
        return purged(app, &office).await;
    }
    let all = runs(&office, args.user.as_deref(), args.limit).await?;
    for run in &all {
        app.out.result(&run_line(&app.out, run));
        app.out.line("run", app.clock.now(), run);
    }
    let id = if all.is_empty() { "history-none" } else { "history-next" };
    app.out.note(&app.out.t(id, &[]));
    done(app, 0)
}

fn tell(app: &App, all: &[Change], next: &str, with_time: bool) -> Exit {
    for change in all {
        let mut text = change_text(&app.out, change);
        if with_time {
            text = format!("{:>4}  {}  {text}", change.run_id, app.out.time(change.at));
        }
        app.out.result(&text);
        app.out.line("change", app.clock.now(), change);
    }
    let id = if with_time { "history-nothing" } else { "history-quiet" };
    app.out.note(&if all.is_empty() { app.out.t(id, &[]) } else { next.to_owned() });
    done(app, 0)
}

async fn purged(app: &App, office: &Office) -> Exit {
    for purge in office.company.purges().await? {
        let said = [
            ("at", app.out.time(purge.at).into()),
            ("before", app.out.time(purge.before).into()),
            ("count", purge.changes.into()),
            ("kind", kind_text(&app.out, purge.kind).into()),
        ];
        app.out.result(&app.out.t("history-purged", &said));
        app.out.line("purge", app.clock.now(), &purge);
    }
    let kept = if office.history_days == 0 { "history-kept-all" } else { "history-kept" };
    app.out.note(&app.out.t(kept, &[("days", office.history_days.into())]));
    done(app, 0)
}

fn kind_text(out: &Out, kind: Kind) -> String {
    match kind {
        Kind::Contacts => out.t("kind-contacts", &[]),
        Kind::Events => out.t("kind-events", &[]),
    }
}

fn run_line(out: &Out, run: &PastRun) -> String {
    let kind = kind_text(out, run.kind);
    let purpose = match run.purpose {
        RunKind::Undo(undone) => out.t("history-undo", &[("run", undone.to_string().into())]),
        RunKind::Restore(since) => out.t("history-restore", &[("time", out.time(since).into())]),
        RunKind::Answer => out.t("history-answer", &[]),
        RunKind::Import => out.t("history-import", &[]),
        RunKind::Sync | RunKind::Plan => out.t("history-sync", &[]),
    };
    let user = run.user.as_deref().unwrap_or("-");
    let mut text = format!("{:>4}  {}  {user} · {kind} · {purpose}", run.run_id, out.time(run.started));
    for (id, writes) in [("sync-to-local", run.to_local), ("sync-to-remote", run.to_remote)] {
        if writes.total() > 0 {
            let (new, changed, gone) = (writes.create, writes.update, writes.delete);
            text.push_str(&format!(" · {} +{new} ~{changed} -{gone}", out.t(id, &[])));
        }
    }
    if !run.complete {
        let why = run.stopped.map(|code| format!(" ({code})")).unwrap_or_default();
        text.push_str(&format!(" · {}{why}", out.t("history-incomplete", &[])));
    }
    text
}

fn change_text(out: &Out, change: &Change) -> String {
    let side = match change.side {
        Side::Local => out.t("sync-to-local", &[]),
        Side::Remote => out.t("sync-to-remote", &[]),
    };
    let mut text = format!("{side}  {}  {}", action(out, change.action), change.summary);
    if change.outcome != "landed" {
        text.push_str(&format!("  ({})", out.t("history-not-landed", &[])));
    }
    if matches!(change.action, "update" | "seen") {
        for field in &change.fields {
            let before = value_text(out, &field.field, field.before.as_ref());
            let after = value_text(out, &field.field, field.after.as_ref());
            text.push_str(&format!("\n    {}: {before} → {after}", field.field));
        }
    }
    text
}
