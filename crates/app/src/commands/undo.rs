//! `undo` and `restore`: show what will be done, then do it.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use passerelle_ports::{Code, Detail, Kind, Reason, RunId};
use passerelle_service::{Failure, SyncRequest, Undo as What, undo};

use super::sync;
use crate::{
    cli::{HowToUndo, KindName, Restore, Undo},
    clock::from_the_wall,
    compose,
    context::{App, Exit, done},
    lock::Lock,
    terminal::{output::quoted, progress::Bar, prompt::confirm},
};

pub async fn run(app: &App, args: &Undo) -> Exit {
    match args {
        Undo::Run(args) => {
            let question = app.out.t("undo-ask", &[("run", args.run.to_string().into())]);
            let command = format!("undo run {}", args.run);
            take_back(app, &What::Run(RunId(args.run)), &args.how, (&question, &command)).await
        }
        Undo::Record(args) => {
            let question = app.out.t("undo-ask-record", &[]);
            let run = args.run.map(|run| format!(" --run {run}")).unwrap_or_default();
            let command = format!("undo record {}{run}", quoted(&args.id));
            let what = What::Record(args.id.clone(), args.run.map(RunId));
            take_back(app, &what, &args.how, (&question, &command)).await
        }
    }
}

pub async fn restore(app: &App, args: &Restore) -> Exit {
    let since = time_of(&args.as_of)?;
    let question = app.out.t("restore-ask", &[("time", app.out.time(since).into())]);
    let what = match (&args.id, &args.user) {
        (Some(id), _) => What::RecordSince(id.clone(), since),
        (None, user) => {
            let kind = args.kind.map(|kind| match kind {
                KindName::Contacts => Kind::Contacts,
                KindName::Events => Kind::Events,
            });
            What::Since(user.clone().unwrap_or_default(), kind, since)
        }
    };
    take_back(app, &what, &args.how, (&question, &command_of(args))).await
}

/// The command itself, as a person types it.
fn command_of(args: &Restore) -> String {
    let mut command = "restore".to_owned();
    let user = args.user.as_deref().map(|user| format!(" --user {}", quoted(user)));
    let id = args.id.as_deref().map(|id| format!(" {}", quoted(id)));
    let kind = args.kind.map(|kind| match kind {
        KindName::Contacts => " --kind contacts".to_owned(),
        KindName::Events => " --kind events".to_owned(),
    });
    for part in [id, user, kind].into_iter().flatten() {
        command.push_str(&part);
    }
    format!("{command} --as-of {}", quoted(&args.as_of))
}

/// `question` is asked before `command` is carried out.
async fn take_back(app: &App, what: &What, how: &HowToUndo, (question, command): (&str, &str)) -> Exit {
    let settings = app.settings()?;
    let _lock = Lock::take(&settings.state_dir)?;
    let composed = compose::office_at_home(app, &settings).await?.0;
    compose::open_for(&composed, None).await?;
    let office = composed.office;
    let plan = SyncRequest { dry_run: true, ..SyncRequest::default() };
    let planned = undo(&office, what, &plan, &Bar::new(app)).await?;
    if how.dry_run {
        return sync::tell_and_close(app, &planned, true, (command, "undo-dry-done"));
    }
    if !app.out.yes {
        for pair in &planned.pairs {
            app.out.result(&sync::table(&app.out, pair, true));
        }
        if !confirm(app, question)? {
            return done(app, 0);
        }
    }
    let request = SyncRequest {
        allow_deletes: how.allow_deletes,
        approve: how.approve.clone(),
        ..SyncRequest::default()
    };
    let report = undo(&office, what, &request, &Bar::new(app)).await?;
    let left: u64 = report.pairs.iter().map(|pair| pair.left).sum();
    if left > 0 {
        app.out.note(&app.out.t("undo-left", &[("count", left.into())]));
    }
    sync::tell(app, &report, false, command)
}

/// Reads a time as people write it: with a zone, or as this computer's wall shows it; a day begins at midnight.
fn time_of(text: &str) -> Result<DateTime<Utc>, Failure> {
    let text = text.trim();
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(at.with_timezone(&Utc));
    }
    let wall = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"]
        .into_iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        .or_else(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0));
    wall.and_then(from_the_wall).ok_or_else(|| {
        Failure::new(Code::Use101)
            .with(Detail::Reason, Reason::Verbatim(format!("--as-of {text} (2026-11-25 14:30)")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_in_the_ways_people_write_it() {
        assert_eq!(time_of("2026-11-25T14:30:00+01:00").unwrap().to_rfc3339(), "2026-11-25T13:30:00+00:00");
        for text in ["2026-11-25", "2026-11-25 14:30", "2026-11-25T14:30:05", " 2026-11-25 14:30:05 "] {
            assert!(time_of(text).is_ok(), "{text}");
        }
        for text in ["", "yesterday", "2026-13-01", "14:30"] {
            assert_eq!(time_of(text).unwrap_err().code(), Code::Use101, "{text}");
        }
    }
}
