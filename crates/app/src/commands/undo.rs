//! `undo run N`: shows what will be done, then does it.

use passerelle_ports::RunId;
use passerelle_service::{SyncRequest, undo};

use super::{Exit, confirm, done, sync, watch::Bar};
use crate::{cli::Undo, compose, lock::Lock, start::App};

pub async fn run(app: &App, args: &Undo) -> Exit {
    let Undo::Run(args) = args;
    let settings = app.settings()?;
    let _lock = Lock::take(&settings.path("state_dir"))?;
    let office = compose::office(app, &settings).await?.office;
    let run = RunId(args.run);
    let plan = SyncRequest { dry_run: true, ..SyncRequest::default() };
    let planned = undo(&office, run, &plan, &Bar::new(&app.out)).await?;
    if args.dry_run {
        return sync::tell(app, &planned, true);
    }
    if !app.out.yes {
        for pair in &planned.pairs {
            app.out.result(&sync::table(&app.out, pair, true));
        }
        let question = app.out.t("undo-ask", &[("run", args.run.to_string().into())]);
        if !confirm(app, &question)? {
            return done(app, 0);
        }
    }
    let request = SyncRequest {
        allow_deletes: args.allow_deletes,
        approve: args.approve.clone(),
        ..SyncRequest::default()
    };
    let report = undo(&office, run, &request, &Bar::new(&app.out)).await?;
    sync::tell(app, &report, false)
}
