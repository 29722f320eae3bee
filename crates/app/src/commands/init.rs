//! `init`: a handful of questions, then a database, a vault and a settings file.

use std::{fs, path::Path};

use inquire::{Select, Text};
use passerelle_ports::{Clock, Code, Detail, Reason};
use passerelle_service::{AppUser, Failure, add_user};
use serde_json::json;

use super::{Exit, done};
use crate::{
    cli::Init,
    compose,
    config::{Origin, Settings},
    lock::Lock,
    start::App,
    unusable::unusable,
};

pub async fn run(app: &App, args: &Init) -> Exit {
    let mut settings = app.new_settings()?;
    let option = || Origin::Variable("init".to_owned());
    if let Some(path) = &args.database {
        settings.set("database.path", absolute(path), option());
    }
    for (name, value) in [
        ("vault.key_source", args.key.key_source.map(|source| source.name().to_owned())),
        ("vault.key_file", args.key.key_file.as_deref().map(absolute)),
        ("vault.key_command", args.key.key_command.clone()),
        ("vault.key_name", args.key.key_name.clone()),
    ] {
        if let Some(value) = value {
            settings.set(name, value, option());
        }
    }
    let mut user = args.user.clone();
    if !args.non_interactive {
        if app.out.no_input {
            return Err(Failure::new(Code::Use108)
                .with(Detail::Reason, Reason::Verbatim("--non-interactive".to_owned())));
        }
        ask(app, args, &mut settings, &mut user)?;
    }
    let state = settings.path("state_dir");
    compose::private_directory(&state)?;
    let _lock = Lock::take(&state)?;
    let kept = app.new_settings()?;
    let key = ["vault.key_source", "vault.key_file", "vault.key_command", "vault.key_name"];
    let chosen_key = key.into_iter().any(|name| kept.text(name) != settings.text(name));
    let installed = compose::install(app, &settings).await?;
    let added = first_user(&settings, user.as_deref()).await?;
    let written = write_file(&settings)?;
    // A person's file stays as it is, but for where the key of a vault that was made just now comes from.
    if !written && installed.vault && chosen_key {
        super::vault::remember(app, &settings)?;
    }
    let path = |name: &str| settings.path(name).display().to_string();
    app.out.result(&app.out.t("init-database", &[("file", path("database.path").into())]));
    let source = settings.text("vault.key_source").to_owned();
    match source.as_str() {
        "file" => app.out.result(&app.out.t("init-vault", &[("file", path("vault.key_file").into())])),
        _ => app.out.result(&app.out.t("init-vault-other", &[("source", app.out.source(&source).into())])),
    }
    let file = settings.file.display().to_string();
    let id = if written { "init-saved" } else { "init-kept" };
    app.out.result(&app.out.t(id, &[("file", file.clone().into())]));
    match &added {
        Some(user) => {
            app.out.result(&app.out.t("user-added", &[("user", user.as_str().into())]));
            app.out.note(&app.out.t("init-next-connect", &[("user", user.as_str().into())]));
        }
        None => app.out.note(&app.out.t("init-next", &[])),
    }
    app.out.line(
        "installed",
        app.clock.now(),
        &json!({ "database": path("database.path"), "database_new": installed.database,
                 "vault_new": installed.vault, "vault_key": source, "user": added, "config": file, "config_new": written }),
    );
    done(app, 0)
}

/// The questions, each with an answer that can be taken as it stands.
fn ask(app: &App, args: &Init, settings: &mut Settings, user: &mut Option<String>) -> Result<(), Failure> {
    app.out.note(&app.out.t("init-welcome", &[]));
    let stopped = |_| Failure::new(Code::Int101);
    let option = || Origin::Variable("init".to_owned());
    let languages = vec!["français", "English"];
    let start = usize::from(app.out.lang == passerelle_texts::Lang::En);
    let question = |n: &str, id: &str| format!("{n} {}", app.out.t(id, &[]));
    let language = Select::new(&question("1", "init-ask-language"), languages)
        .with_starting_cursor(start)
        .with_help_message(&app.out.t("ask-select", &[]))
        .prompt()
        .map_err(stopped)?;
    settings.set("language", if language == "English" { "en" } else { "fr" }.to_owned(), option());
    let known = settings.text("database.path").to_owned();
    let path =
        Text::new(&question("2", "init-ask-database")).with_default(&known).prompt().map_err(stopped)?;
    settings.set("database.path", absolute(Path::new(&path)), option());
    if args.key.key_source.is_none() {
        ask_key(app, settings)?;
    }
    let region = settings.text("phone_region").to_owned();
    let region =
        Text::new(&question("4", "init-ask-region")).with_default(&region).prompt().map_err(stopped)?;
    settings.set("phone_region", region.to_uppercase(), option());
    if user.is_none() {
        let name = Text::new(&question("5", "init-ask-user")).prompt().map_err(stopped)?;
        *user = Some(name.trim().to_owned()).filter(|name| !name.is_empty());
    }
    Ok(())
}

/// Where the vault's key comes from; what needs a word more is asked for it.
fn ask_key(app: &App, settings: &mut Settings) -> Result<(), Failure> {
    let stopped = |_| Failure::new(Code::Int101);
    let option = || Origin::Variable("init".to_owned());
    let mut sources = vec![
        ("file", "init-key-file"),
        ("passphrase", "init-key-passphrase"),
        ("command", "init-key-command"),
    ];
    if cfg!(feature = "keyring") {
        sources.push(("keyring", "init-key-keyring"));
    }
    if app.credentials_directory().is_some() {
        sources.insert(0, ("systemd-credential", "init-key-systemd"));
    }
    let shown: Vec<String> = sources.iter().map(|(_, id)| app.out.t(id, &[])).collect();
    let chosen = Select::new(&format!("3 {}", app.out.t("init-ask-key-source", &[])), shown)
        .with_help_message(&app.out.t("ask-select", &[]))
        .raw_prompt()
        .map_err(stopped)?
        .index;
    let source = sources.get(chosen).map_or("file", |(source, _)| source);
    settings.set("vault.key_source", source.to_owned(), option());
    let more = match source {
        "file" => Some(("init-ask-key", "vault.key_file")),
        "command" => Some(("init-ask-key-command", "vault.key_command")),
        _ => None,
    };
    if let Some((id, name)) = more {
        let known = settings.text(name).to_owned();
        let answer = Text::new(&app.out.t(id, &[])).with_default(&known).prompt().map_err(stopped)?;
        let answer = if name == "vault.key_file" { absolute(Path::new(&answer)) } else { answer };
        settings.set(name, answer, option());
    }
    Ok(())
}

/// Adds the first app user, unless that one is known already.
async fn first_user(settings: &Settings, login: Option<&str>) -> Result<Option<String>, Failure> {
    let Some(login) = login else { return Ok(None) };
    let company = compose::company(settings).await?;
    let user = AppUser { id: login.to_owned(), name: login.to_owned(), email: String::new() };
    match add_user(&*company, &user).await {
        Err(failure) if failure.code() != Code::Use103 => Err(failure),
        _ => Ok(Some(user.id)),
    }
}

/// Returns a path as it is from everywhere.
pub fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}

/// Writes the settings file unless there is one: a person's file is never overwritten.
pub fn write_file(settings: &Settings) -> Result<bool, Failure> {
    if settings.file.exists() {
        return Ok(false);
    }
    let unusable = |error: std::io::Error| unusable(&settings.file, error);
    if let Some(folder) = settings.file.parent() {
        fs::create_dir_all(folder).map_err(unusable)?;
    }
    fs::write(&settings.file, file_text(settings)).map_err(unusable)?;
    Ok(true)
}

fn file_text(settings: &Settings) -> String {
    let quoted = |name: &str| toml::Value::String(settings.text(name).to_owned()).to_string();
    let mut text =
        String::from("# docs/reference/settings.md describes every setting; no secret belongs here.\n");
    if !settings.text("language").is_empty() {
        text.push_str(&format!("language = {}\n", quoted("language")));
    }
    text.push_str(&format!("phone_region = {}\n", quoted("phone_region")));
    text.push_str(&format!("state_dir = {}\n", quoted("state_dir")));
    text.push_str(&format!("\n[database]\npath = {}\n", quoted("database.path")));
    text.push_str(&format!("\n[vault]\nkey_source = {}\n", quoted("vault.key_source")));
    let more = match settings.text("vault.key_source") {
        "file" => Some("key_file"),
        "command" => Some("key_command"),
        "keyring" | "systemd-credential" => Some("key_name"),
        _ => None,
    };
    if let Some(name) = more {
        text.push_str(&format!("{name} = {}\n", quoted(&format!("vault.{name}"))));
    }
    if !settings.text("google.endpoint").is_empty() {
        text.push_str(&format!("\n[google]\nendpoint = {}\n", quoted("google.endpoint")));
    }
    text
}
