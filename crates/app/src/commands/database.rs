//! `database`: what concerns the database as a whole.

use passerelle_ports::Clock;
use serde_json::json;

use crate::{
    cli::Database,
    compose,
    context::{App, Exit, done},
    lock::Lock,
};

pub async fn run(app: &App, args: &Database) -> Exit {
    let Database::Adopt(args) = args;
    let settings = app.settings()?;
    let _lock = Lock::take(&settings.state_dir)?;
    let gone = compose::adopt(&settings, args.copied).await?;
    let id = if args.copied { "adopt-copied" } else { "adopt-moved" };
    app.out.result(&app.out.t(id, &[("count", gone.into())]));
    app.out.line("adopted", app.clock.now(), &json!({ "copied": args.copied, "disconnected": gone }));
    done(app, 0)
}
