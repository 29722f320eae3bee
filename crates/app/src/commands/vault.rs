//! `vault`: where its key comes from, how it is, and another key in the place of the present one.

use std::path::PathBuf;

use passerelle_ports::Clock;
use passerelle_service::Outcome;
use serde_json::json;

use super::{Exit, done, init};
use crate::{
    cli::{Source, Vault, VaultRotate},
    compose::unlock::{KeyChoice, Passphrase},
    compose::{self, vault::vault_failure},
    config::{Origin, Settings},
    lock::Lock,
    start::App,
    unusable::unusable,
};

pub async fn run(app: &App, args: &Vault) -> Exit {
    match args {
        Vault::Status => status(app).await,
        Vault::Rotate(args) => rotate(app, args).await,
    }
}

async fn status(app: &App) -> Exit {
    let settings = app.settings()?;
    let vault = compose::open_vault(app, &settings).await?;
    let status = vault.status().map_err(vault_failure)?;
    let out = &app.out;
    let place = settings.path("vault.dir").display().to_string();
    out.result(&out.t(
        "vault-status",
        &[
            ("source", out.source(&status.source).into()),
            ("count", status.credentials.into()),
            ("dir", place.as_str().into()),
        ],
    ));
    if status.rotating {
        out.result(&out.t("vault-rotating", &[]));
    }
    if status.weak {
        out.result(&out.t("vault-weak", &[]));
    }
    for file in &status.damaged {
        out.result(&out.t("vault-damaged", &[("file", file.display().to_string().into())]));
    }
    out.line(
        "vault",
        app.clock.now(),
        &json!({ "source": status.source, "credentials": status.credentials, "dir": place,
                 "rotating": status.rotating, "weak": status.weak, "damaged": status.damaged.len() }),
    );
    done(app, if status.damaged.is_empty() { 0 } else { 9 })
}

async fn rotate(app: &App, args: &VaultRotate) -> Exit {
    let settings = app.settings()?;
    let _lock = Lock::take(&settings.path("state_dir"))?;
    let vault = compose::open_vault(app, &settings).await?;
    let wanted = wanted(&settings, args);
    let moved = ["vault.key_source", "vault.key_file", "vault.key_command", "vault.key_name"]
        .into_iter()
        .any(|name| wanted.text(name) != settings.text(name));
    let mut rotated = 0;
    // `--deep` alone keeps the key.
    if !args.deep || moved {
        let choice = KeyChoice::of(app, &wanted).with_passphrase(new_passphrase(app, args));
        let done = match choice.kind == "file" && !moved {
            true => vault.rotate_file(&choice.file),
            false => {
                if let Some(folder) = choice.file.parent().filter(|_| choice.kind == "file") {
                    compose::private_directory(folder)?;
                }
                vault.rotate(&choice.new_source()?)
            }
        };
        rotated = done.map_err(vault_failure)?.credentials;
        if moved {
            remember(app, &wanted)?;
        }
    }
    let deep = if args.deep { vault.rotate_deep().map_err(vault_failure)?.credentials } else { 0 };
    let source = wanted.text("vault.key_source").to_owned();
    app.out.result(&app.out.t(
        if args.deep { "vault-rotated-deep" } else { "vault-rotated" },
        &[("count", rotated.max(deep).into()), ("source", app.out.source(&source).into())],
    ));
    app.out.line(
        "rotated",
        app.clock.now(),
        &json!({ "rewrapped": rotated, "resealed": deep, "source": source }),
    );
    done(app, 0)
}

/// The settings as they will be.
fn wanted(settings: &Settings, args: &VaultRotate) -> Settings {
    let mut wanted = settings.clone();
    let mut set = |name: &'static str, value: Option<String>| {
        if let Some(value) = value {
            wanted.set(name, value, Origin::Variable("vault rotate".to_owned()));
        }
    };
    set("vault.key_source", args.to.map(|source: Source| source.name().to_owned()));
    set("vault.key_file", args.key_file.as_ref().map(|file: &PathBuf| init::absolute(file)));
    set("vault.key_command", args.key_command.clone());
    set("vault.key_name", args.key_name.clone());
    wanted
}

fn new_passphrase(app: &App, args: &VaultRotate) -> Passphrase {
    match &args.new_passphrase_file {
        Some(file) => Passphrase::File(file.clone()),
        None if app.out.no_input || app.out.json => Passphrase::Nobody,
        None => Passphrase::Ask(app.out.lang),
    }
}

/// Puts the new source into the settings' file, line by line: everything else in it stays as it was written.
pub fn remember(app: &App, wanted: &Settings) -> Outcome<()> {
    let file = &wanted.file;
    let unusable = |error: std::io::Error| unusable(file, error);
    let mut text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(unusable(error)),
    };
    let more = match wanted.text("vault.key_source") {
        "file" => "key_file",
        "command" => "key_command",
        "passphrase" => "passphrase_file",
        _ => "key_name",
    };
    for name in [more, "key_source"] {
        let value = wanted.text(&format!("vault.{name}"));
        if !value.is_empty() {
            text = with_setting(&text, name, value);
        }
    }
    std::fs::write(file, text).map_err(unusable)?;
    app.out.note(&app.out.t("vault-settings-changed", &[("file", file.display().to_string().into())]));
    Ok(())
}

/// Returns a settings file in which the table `[vault]` gives a key this value.
fn with_setting(text: &str, name: &str, value: &str) -> String {
    let line = format!("{name} = {}", toml::Value::String(value.to_owned()));
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let is_table = |line: &String| line.trim_start().starts_with('[');
    let Some(table) = lines.iter().position(|line| line.trim() == "[vault]") else {
        lines.extend([String::new(), "[vault]".to_owned(), line]);
        return lines.join("\n") + "\n";
    };
    let end = lines.iter().skip(table + 1).position(is_table).map_or(lines.len(), |at| table + 1 + at);
    let names = |line: &String| line.split('=').next().is_some_and(|key| key.trim() == name);
    match lines[table + 1..end].iter().position(names) {
        Some(at) => lines[table + 1 + at] = line,
        None => lines.insert(table + 1, line),
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_put_where_it_belongs_and_the_rest_stays() {
        let text =
            "# ours\nlanguage = \"fr\"\n\n[vault]\nkey_file = \"a\" # old\n\n[events]\nkey_file = \"x\"\n";
        let changed = with_setting(text, "key_file", "b");
        assert_eq!(changed, text.replace("key_file = \"a\" # old", "key_file = \"b\""));
        let added = with_setting(text, "key_source", "passphrase");
        assert!(added.contains("[vault]\nkey_source = \"passphrase\"\nkey_file = \"a\""), "{added}");
        assert!(added.starts_with("# ours") && added.ends_with("[events]\nkey_file = \"x\"\n"));
        let made = with_setting("language = \"fr\"\n", "key_source", "file");
        assert_eq!(made, "language = \"fr\"\n\n[vault]\nkey_source = \"file\"\n");
    }
}
