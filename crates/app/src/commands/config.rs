//! `config`: the settings with their origins, and whether they hold together.

use passerelle_ports::Clock;
use serde_json::json;

use crate::{
    cli::Config,
    compose,
    context::{App, Exit, done},
    keys::{Settings, Shown},
};

pub async fn run(app: &App, args: &Config) -> Exit {
    let settings = app.settings()?;
    match args {
        Config::Show => show(app, &settings),
        Config::Check => check(app, &settings).await,
    }
}

fn show(app: &App, settings: &Settings) -> Exit {
    let width = settings.read.iter().map(|shown| shown.name.len()).max().unwrap_or_default();
    for Shown { name, value, origin } in &settings.read {
        let origin = origin.clone().unwrap_or_else(|| app.out.t("config-built-in", &[]));
        let shown = if value.is_empty() { "-" } else { value };
        app.out.result(&format!("{name:width$}  {shown}  ({origin})"));
        app.out.line("setting", app.clock.now(), &json!({ "name": name, "value": value, "origin": origin }));
    }
    done(app, 0)
}

async fn check(app: &App, settings: &Settings) -> Exit {
    compose::check(app, settings).await?;
    app.out.result(&app.out.t("config-good", &[("file", settings.file.display().to_string().into())]));
    done(app, 0)
}
