//! `config`: the settings with their origins, and whether they hold together.

use passerelle_ports::Clock;
use serde_json::json;

use super::{Exit, done};
use crate::{
    cli::Config,
    compose,
    config::{Origin, Settings},
    start::App,
};

pub async fn run(app: &App, args: &Config) -> Exit {
    let settings = app.settings()?;
    match args {
        Config::Show => show(app, &settings),
        Config::Check => check(app, &settings).await,
    }
}

fn show(app: &App, settings: &Settings) -> Exit {
    let width = crate::keys::KEYS.iter().map(|key| key.name.len()).max().unwrap_or_default();
    for (name, value, origin) in settings.all() {
        let origin = origin_text(app, origin);
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

fn origin_text(app: &App, origin: &Origin) -> String {
    match origin {
        Origin::Default => app.out.t("config-built-in", &[]),
        Origin::File(file, line) => format!("{}:{line}", file.display()),
        Origin::Variable(name) => name.clone(),
    }
}
