//! `history`: the runs, and every change of a run.

use passerelle_ports::{Clock, Kind, RunId, RunKind, Side};
use passerelle_service::{Change, Office, PastRun, changes, runs};

use super::{Exit, conflicts::value_text, done, sync::action};
use crate::{cli::History, compose, output::Out, start::App};

pub async fn run(app: &App, args: &History) -> Exit {
    let settings = app.settings()?;
    let office = compose::office(app, &settings).await?.office;
    match args.run {
        Some(run) => one(app, &office, RunId(run)).await,
        None => {
            let all = runs(&office, args.user.as_deref(), args.limit).await?;
            for run in &all {
                app.out.result(&run_line(&app.out, run));
                app.out.line("run", app.clock.now(), run);
            }
            let id = if all.is_empty() { "history-none" } else { "history-next" };
            app.out.note(&app.out.t(id, &[]));
            done(app, 0)
        }
    }
}

async fn one(app: &App, office: &Office, run: RunId) -> Exit {
    let all = changes(office, run).await?;
    for change in &all {
        app.out.result(&change_text(&app.out, change));
        app.out.line("change", app.clock.now(), change);
    }
    if all.is_empty() {
        app.out.note(&app.out.t("history-quiet", &[]));
    } else {
        app.out.note(&app.out.t("sync-undo", &[("run", run.to_string().into())]));
    }
    done(app, 0)
}

fn run_line(out: &Out, run: &PastRun) -> String {
    let kind = match run.kind {
        Kind::Contacts => out.t("kind-contacts", &[]),
        Kind::Events => out.t("kind-events", &[]),
    };
    let purpose = match run.purpose {
        RunKind::Undo(undone) => out.t("history-undo", &[("run", undone.to_string().into())]),
        RunKind::Answer => out.t("history-answer", &[]),
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
        text.push_str(&format!(" · {}", out.t("history-incomplete", &[])));
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
    if change.action == "update" {
        for field in &change.fields {
            let before = value_text(out, field.before.as_ref());
            let after = value_text(out, field.after.as_ref());
            text.push_str(&format!("\n    {}: {before} → {after}", field.field));
        }
    }
    text
}
