//! `init`: a handful of questions, then a database, a vault and a settings file.

use std::{fs, path::Path};

use inquire::{Select, Text};
use passerelle_ports::{Clock, Code, Detail, Reason};
use passerelle_service::{AppUser, Failure, add_user};
use passerelle_texts::Lang;
use serde_json::json;

use super::vault;
use crate::{
    cli::{Init, Source},
    compose,
    context::{App, Exit, done},
    keys::{Settings, Vault},
    lock::Lock,
    unusable::unusable,
};

pub async fn run(app: &App, args: &Init) -> Exit {
    let mut settings = app.new_settings()?;
    if let Some(path) = &args.database {
        settings.database.path = vault::absolute(path);
    }
    let key = &args.key;
    let vault = settings.vault.clone();
    settings.vault = Vault {
        key_source: key.key_source.unwrap_or(vault.key_source),
        key_file: key.key_file.as_deref().map_or(vault.key_file, vault::absolute),
        key_command: key.key_command.clone().unwrap_or(vault.key_command),
        key_name: key.key_name.clone().unwrap_or(vault.key_name),
        ..vault
    };
    let mut user = args.user.clone();
    if !args.non_interactive {
        if app.out.no_input {
            return Err(Failure::new(Code::Use108)
                .with(Detail::Reason, Reason::Verbatim("--non-interactive".to_owned())));
        }
        ask(app, args, &mut settings, &mut user)?;
    }
    let state = settings.state_dir.clone();
    compose::private_directory(&state)?;
    let _lock = Lock::take(&state)?;
    let kept = app.new_settings()?;
    let chosen_key = kept.vault != settings.vault;
    let installed = compose::install(app, &settings).await?;
    let added = first_user(&settings, user.as_deref()).await?;
    let written = write_file(&settings)?;
    // A person's file stays as it is, but for where the key of a vault that was made just now comes from.
    if !written && installed.vault && chosen_key {
        vault::remember(app, &settings)?;
    }
    let shown = |path: &Path| path.display().to_string();
    let database = shown(&settings.database.path);
    app.out.result(&app.out.t("init-database", &[("file", database.clone().into())]));
    let source = settings.vault.key_source;
    app.out.result(&match source {
        Source::File => app.out.t("init-vault", &[("file", shown(&settings.vault.key_file).into())]),
        _ => app.out.t("init-vault-other", &[("source", app.out.source(source.name()).into())]),
    });
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
        &json!({ "database": database, "database_new": installed.database,
                 "vault_new": installed.vault, "vault_key": source.name(), "user": added, "config": file, "config_new": written }),
    );
    done(app, 0)
}

/// The questions, each with an answer that can be taken as it stands.
fn ask(app: &App, args: &Init, settings: &mut Settings, user: &mut Option<String>) -> Result<(), Failure> {
    app.out.note(&app.out.t("init-welcome", &[]));
    let stopped = |_| Failure::new(Code::Int101);
    let languages = vec!["français", "English"];
    let start = usize::from(app.out.lang == Lang::En);
    let question = |n: &str, id: &str| format!("{n} {}", app.out.t(id, &[]));
    let language = Select::new(&question("1", "init-ask-language"), languages)
        .with_starting_cursor(start)
        .with_help_message(&app.out.t("ask-select", &[]))
        .prompt()
        .map_err(stopped)?;
    settings.language = Some(if language == "English" { Lang::En } else { Lang::Fr });
    let known = settings.database.path.display().to_string();
    let path =
        Text::new(&question("2", "init-ask-database")).with_default(&known).prompt().map_err(stopped)?;
    settings.database.path = vault::absolute(Path::new(&path));
    if args.key.key_source.is_none() {
        ask_key(app, settings)?;
    }
    let asked = question("4", "init-ask-region");
    let region = Text::new(&asked).with_default(&settings.phone_region).prompt().map_err(stopped)?;
    settings.phone_region = region.to_uppercase();
    if user.is_none() {
        let name = Text::new(&question("5", "init-ask-user")).prompt().map_err(stopped)?;
        *user = Some(name.trim().to_owned()).filter(|name| !name.is_empty());
    }
    Ok(())
}

/// Where the vault's key comes from; what needs a word more is asked for it.
fn ask_key(app: &App, settings: &mut Settings) -> Result<(), Failure> {
    let stopped = |_| Failure::new(Code::Int101);
    let mut sources = vec![
        (Source::File, "init-key-file"),
        (Source::Passphrase, "init-key-passphrase"),
        (Source::Command, "init-key-command"),
    ];
    if cfg!(feature = "keyring") {
        sources.push((Source::Keyring, "init-key-keyring"));
    }
    if app.credentials_directory().is_some() {
        sources.insert(0, (Source::SystemdCredential, "init-key-systemd"));
    }
    let shown: Vec<String> = sources.iter().map(|(_, id)| app.out.t(id, &[])).collect();
    let chosen = Select::new(&format!("3 {}", app.out.t("init-ask-key-source", &[])), shown)
        .with_help_message(&app.out.t("ask-select", &[]))
        .raw_prompt()
        .map_err(stopped)?
        .index;
    let vault = &mut settings.vault;
    vault.key_source = sources.get(chosen).map_or(Source::File, |(source, _)| *source);
    let asked = |id: &str, known: &str| Text::new(&app.out.t(id, &[])).with_default(known).prompt();
    match vault.key_source {
        Source::File => {
            let known = vault.key_file.display().to_string();
            vault.key_file = vault::absolute(Path::new(&asked("init-ask-key", &known).map_err(stopped)?));
        }
        Source::Command => {
            vault.key_command = asked("init-ask-key-command", &vault.key_command).map_err(stopped)?;
        }
        _ => {}
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
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let path = |path: &Path| quoted(&path.display().to_string());
    let (database, vault) = (path(&settings.database.path), &settings.vault);
    let mut text =
        String::from("# docs/reference/settings.md describes every setting; no secret belongs here.\n");
    if let Some(language) = settings.language {
        text.push_str(&format!("language = {}\n", quoted(language.as_str())));
    }
    text.push_str(&format!("phone_region = {}\n", quoted(&settings.phone_region)));
    text.push_str(&format!("state_dir = {}\n", path(&settings.state_dir)));
    text.push_str(&format!("\n[database]\npath = {database}\n"));
    text.push_str(&format!("\n[vault]\nkey_source = {}\n", quoted(vault.key_source.name())));
    match vault.key_source {
        Source::File => text.push_str(&format!("key_file = {}\n", path(&vault.key_file))),
        Source::Command => text.push_str(&format!("key_command = {}\n", quoted(&vault.key_command))),
        Source::Keyring | Source::SystemdCredential => {
            text.push_str(&format!("key_name = {}\n", quoted(&vault.key_name)));
        }
        Source::Passphrase => {}
    }
    if !settings.google.endpoint.is_empty() {
        text.push_str(&format!("\n[google]\nendpoint = {}\n", quoted(&settings.google.endpoint)));
    }
    text
}
