//! `init`: at most four questions, then a database, a vault and a settings file.

use std::{fs, path::Path};

use inquire::{Select, Text};
use passerelle_ports::Clock;
use passerelle_service::Failure;
use serde_json::json;

use super::{Exit, done};
use crate::{
    cli::Init,
    compose,
    config::{Origin, Settings},
    lock::Lock,
    start::App,
};

pub async fn run(app: &App, args: &Init) -> Exit {
    let mut settings = app.new_settings()?;
    let option = || Origin::Variable("init".to_owned());
    if let Some(path) = &args.database {
        settings.set("database.path", absolute(path), option());
    }
    if let Some(path) = &args.key_file {
        settings.set("vault.key_file", absolute(path), option());
    }
    if !args.non_interactive {
        if app.out.no_input {
            return Err(Failure::new("USE-108").with("reason", "--non-interactive"));
        }
        ask(app, &mut settings)?;
    }
    let state = settings.path("state_dir");
    compose::private_directory(&state)?;
    let _lock = Lock::take(&state)?;
    let installed = compose::install(&settings).await?;
    let written = write_file(&settings)?;
    let path = |name: &str| settings.path(name).display().to_string();
    app.out.result(&app.out.t("init-database", &[("file", path("database.path").into())]));
    app.out.result(&app.out.t("init-vault", &[("file", path("vault.key_file").into())]));
    let file = settings.file.display().to_string();
    let id = if written { "init-saved" } else { "init-kept" };
    app.out.result(&app.out.t(id, &[("file", file.clone().into())]));
    app.out.note(&app.out.t("init-next", &[]));
    app.out.line(
        "installed",
        app.clock.now(),
        &json!({ "database": path("database.path"), "database_new": installed.database,
                 "vault_new": installed.vault, "config": file, "config_new": written }),
    );
    done(app, 0)
}

fn ask(app: &App, settings: &mut Settings) -> Result<(), Failure> {
    app.out.note(&app.out.t("init-welcome", &[]));
    let stopped = |_| Failure::new("INT-101");
    let option = || Origin::Variable("init".to_owned());
    let languages = vec!["français", "English"];
    let start = usize::from(app.out.lang == passerelle_texts::Lang::En);
    let question = |n: &str, id: &str| format!("{n}/4 {}", app.out.t(id, &[]));
    let language = Select::new(&question("1", "init-ask-language"), languages)
        .with_starting_cursor(start)
        .prompt()
        .map_err(stopped)?;
    settings.set("language", if language == "English" { "en" } else { "fr" }.to_owned(), option());
    for (n, id, name) in [
        ("2", "init-ask-database", "database.path"),
        ("3", "init-ask-key", "vault.key_file"),
        ("4", "init-ask-region", "phone_region"),
    ] {
        let known = settings.text(name).to_owned();
        let answer = Text::new(&question(n, id)).with_default(&known).prompt().map_err(stopped)?;
        let answer =
            if name == "phone_region" { answer.to_uppercase() } else { absolute(Path::new(&answer)) };
        settings.set(name, answer, option());
    }
    Ok(())
}

fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}

/// Writes the settings file unless there is one: a person's file is never overwritten.
pub fn write_file(settings: &Settings) -> Result<bool, Failure> {
    if settings.file.exists() {
        return Ok(false);
    }
    let unusable = |error: std::io::Error| {
        Failure::new("USE-106")
            .with("file", settings.file.display().to_string())
            .with("reason", error.to_string())
            .because(error)
    };
    if let Some(folder) = settings.file.parent() {
        fs::create_dir_all(folder).map_err(unusable)?;
    }
    fs::write(&settings.file, file_text(settings)).map_err(unusable)?;
    Ok(true)
}

fn file_text(settings: &Settings) -> String {
    let quoted = |name: &str| toml::Value::String(settings.text(name).to_owned()).to_string();
    let mut text = String::from("# docs/config.md describes every setting; no secret belongs here.\n");
    if !settings.text("language").is_empty() {
        text.push_str(&format!("language = {}\n", quoted("language")));
    }
    text.push_str(&format!("phone_region = {}\n", quoted("phone_region")));
    text.push_str(&format!("state_dir = {}\n", quoted("state_dir")));
    text.push_str(&format!("\n[database]\npath = {}\n", quoted("database.path")));
    text.push_str(&format!("\n[vault]\nkey_file = {}\n", quoted("vault.key_file")));
    if !settings.text("google.endpoint").is_empty() {
        text.push_str(&format!("\n[google]\nendpoint = {}\n", quoted("google.endpoint")));
    }
    text
}
