//! `vault`: where its key comes from, how it is, and another key in the place of the present one.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use passerelle_credentials::{Vault as Keeper, VaultError};
use passerelle_ports::{Clock, Code, Detail, Reason};
use passerelle_service::{Failure, Outcome};
use serde_json::json;
use toml_edit::{DocumentMut, Item, Value};

use crate::{
    cli::{Source, Vault, VaultRotate},
    compose::unlock::{KeyChoice, Passphrase},
    compose::{self, vault::vault_failure},
    context::{App, Exit, done},
    keys::{Settings, Vault as VaultSettings},
    lock::Lock,
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
    let place = settings.vault.dir.display().to_string();
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
    let _lock = Lock::take(&settings.state_dir)?;
    let vault = compose::open_vault(app, &settings).await?;
    let wanted = wanted(&settings, args)?;
    // `--deep` alone keeps the key.
    let rotated = match args.deep && !is_moved(&settings, &wanted) {
        true => 0,
        false => change_key(app, &vault, &settings, &wanted, args)?,
    };
    let deep = if args.deep { vault.rotate_deep().map_err(vault_failure)?.credentials } else { 0 };
    let source = wanted.vault.key_source;
    app.out.result(&app.out.t(
        if args.deep { "vault-rotated-deep" } else { "vault-rotated" },
        &[("count", rotated.max(deep).into()), ("source", app.out.source(source.name()).into())],
    ));
    let old = &settings.vault.key_file;
    let left = settings.vault.key_source == Source::File && is_moved(&settings, &wanted);
    if left && (source != Source::File || *old != wanted.vault.key_file) && old.exists() {
        app.out.note(&app.out.t("vault-key-left", &[("file", old.display().to_string().into())]));
    }
    if source == Source::Passphrase && settings.vault.key_source != source {
        app.out.note(&app.out.t("vault-passphrase-asked", &[]));
    }
    app.out.line(
        "rotated",
        app.clock.now(),
        &json!({ "rewrapped": rotated, "resealed": deep, "source": source.name() }),
    );
    done(app, 0)
}

/// Puts the wanted key in the place of the present one. While the settings change, either key opens the vault: whenever
/// this is stopped, the settings name one that does.
fn change_key(
    app: &App,
    vault: &Keeper,
    settings: &Settings,
    wanted: &Settings,
    args: &VaultRotate,
) -> Outcome<usize> {
    let moved = is_moved(settings, wanted);
    let choice = KeyChoice::of(app, wanted).with_passphrase(new_passphrase(app, args));
    if choice.kind == Source::File && !moved {
        return Ok(vault.rotate_file(&choice.file).map_err(vault_failure)?.credentials);
    }
    if let Some(folder) = choice.file.parent().filter(|_| choice.kind == Source::File) {
        compose::private_directory(folder)?;
    }
    // A key file that lies there from before is opened by whoever copied it then: unless it is named, it is replaced.
    if choice.kind == Source::File && args.key_file.is_none() && choice.file.exists() {
        let changed = || remember(app, wanted);
        return Ok(vault.rotate_file_and(&choice.file, changed).map_err(vault_failure)??.credentials);
    }
    let another = vault.begin_rotation(&choice.new_source()?).map_err(|error| not_given(&choice, error))?;
    if moved {
        if let Err(failure) = remember(app, wanted) {
            vault.cancel_rotation().map_err(vault_failure)?;
            return Err(failure);
        }
    } else if !another {
        return Err(Failure::new(Code::Use115).with(Detail::Source, choice.kind.name()));
    }
    Ok(vault.finish_rotation().map_err(vault_failure)?.credentials)
}

/// A new source that gives no key: it is the new one that has to be put right, the vault is as it was.
fn not_given(choice: &KeyChoice, error: VaultError) -> Failure {
    let failure = vault_failure(error);
    if ![Code::Vault001, Code::Vault002, Code::Vault004, Code::Sys106, Code::Sys107].contains(&failure.code())
    {
        return failure;
    }
    let reason = match failure.code() {
        Code::Sys106 => Reason::OpenToOthers,
        _ => match failure.context().get("reason") {
            Some(Detail::Reason(reason)) => reason.clone(),
            _ => Reason::NotAKey,
        },
    };
    Failure::new(Code::Use116)
        .with(Detail::Source, choice.kind.name())
        .with(Detail::Reason, reason)
        .because(failure)
}

fn is_moved(settings: &Settings, wanted: &Settings) -> bool {
    settings.vault != wanted.vault
}

/// The settings as they will be. What a layer above the person's file says cannot be changed in that file.
fn wanted(settings: &Settings, args: &VaultRotate) -> Outcome<Settings> {
    let old = &settings.vault;
    let source = args.to.unwrap_or(old.key_source);
    let passphrase_file = match &old.passphrase_file {
        Some(present) if source == Source::Passphrase => {
            let given = args.new_passphrase_file.as_ref().filter(|file| file.as_os_str() != "-");
            let present = present.display().to_string();
            let Some(file) = given else {
                return Err(Failure::new(Code::Use114).with(Detail::File, present));
            };
            Some(absolute(file))
        }
        present => present.clone(),
    };
    let new = VaultSettings {
        dir: old.dir.clone(),
        key_source: source,
        key_file: args.key_file.as_deref().map_or(old.key_file.clone(), absolute),
        key_command: args.key_command.clone().unwrap_or(old.key_command.clone()),
        key_name: args.key_name.clone().unwrap_or(old.key_name.clone()),
        passphrase_file,
    };
    for (name, changes) in [
        ("vault.key_source", old.key_source != new.key_source),
        ("vault.key_file", old.key_file != new.key_file),
        ("vault.key_command", old.key_command != new.key_command),
        ("vault.key_name", old.key_name != new.key_name),
        ("vault.passphrase_file", old.passphrase_file != new.passphrase_file),
    ] {
        if let (true, Some(place)) = (changes, settings.above_the_file(name)) {
            return Err(Failure::new(Code::Cfg103).with(Detail::Key, name).with(Detail::Variable, place));
        }
    }
    Ok(Settings { vault: new, ..settings.clone() })
}

fn new_passphrase(app: &App, args: &VaultRotate) -> Passphrase {
    match &args.new_passphrase_file {
        Some(file) => Passphrase::File(file.clone()),
        None if app.out.no_input || app.out.json => Passphrase::Nobody("--new-passphrase-file"),
        None => Passphrase::Ask(app.out.lang),
    }
}

/// Returns a path as it is from everywhere.
pub fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Puts the new source into the settings' file, whole or not at all: everything else in it stays as it was written.
pub fn remember(app: &App, wanted: &Settings) -> Outcome<()> {
    let file = &wanted.file;
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(unusable(file, error)),
    };
    let vault = &wanted.vault;
    let path = |path: &Path| path.display().to_string();
    let more = match vault.key_source {
        Source::File => ("vault.key_file", path(&vault.key_file)),
        Source::Command => ("vault.key_command", vault.key_command.clone()),
        Source::Passphrase => {
            ("vault.passphrase_file", vault.passphrase_file.as_deref().map(path).unwrap_or_default())
        }
        Source::Keyring | Source::SystemdCredential => ("vault.key_name", vault.key_name.clone()),
    };
    let values = [("vault.key_source", vault.key_source.name().to_owned()), more];
    let values: Vec<(&str, &str)> = values
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .filter(|(_, value)| !value.is_empty())
        .collect();
    let changed = with_settings(&text, &values).map_err(|error| {
        Failure::new(Code::Cfg101)
            .with(Detail::Key, "TOML")
            .with(Detail::File, file.display().to_string())
            .with(Detail::Reason, Reason::Verbatim(error.to_string()))
    })?;
    replace(file, &changed).map_err(|error| unusable(file, error))?;
    app.out.note(&app.out.t("vault-settings-changed", &[("file", file.display().to_string().into())]));
    Ok(())
}

/// Returns a settings file in which some settings of tables have these values.
fn with_settings(text: &str, values: &[(&str, &str)]) -> Result<String, toml_edit::TomlError> {
    let mut document: DocumentMut = text.parse()?;
    for (name, new) in values {
        let (table, key) = name.split_once('.').unwrap_or(("", name));
        let item = document.entry(table).or_insert(toml_edit::table());
        let Some(table) = item.as_table_like_mut() else { continue };
        match table.get_mut(key).and_then(Item::as_value_mut) {
            Some(present) => {
                let decor = present.decor().clone();
                *present = Value::from(*new);
                *present.decor_mut() = decor;
            }
            None => drop(table.insert(key, toml_edit::value(*new))),
        }
    }
    Ok(document.to_string())
}

/// Replaces a file's content, behind a symbolic link too: a reader sees the old content or the new one.
fn replace(file: &Path, text: &str) -> io::Result<()> {
    let target = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut beside = tempfile::NamedTempFile::new_in(folder)?;
    beside.write_all(text.as_bytes())?;
    if let Ok(present) = fs::metadata(&target) {
        beside.as_file().set_permissions(present.permissions())?;
    }
    beside.as_file().sync_all()?;
    beside.persist(&target)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_put_where_it_belongs_and_the_rest_stays() {
        let text = "# ours\nlanguage = \"fr\"\n\n[vault] # the safe\nkey_file = \"a\" # old\n\n[events]\nkey_file = \"x\"\n";
        let changed = with_settings(text, &[("vault.key_file", "b")]).unwrap();
        assert_eq!(changed, text.replace("key_file = \"a\" # old", "key_file = \"b\" # old"));
        let added = with_settings(text, &[("vault.key_source", "passphrase")]).unwrap();
        assert_eq!(added, text.replace("# old\n", "# old\nkey_source = \"passphrase\"\n"));
        let dotted = "vault.key_source = \"file\"\nlanguage = \"fr\"\n\n[events]\ndirection = \"both\"\n";
        let changed =
            with_settings(dotted, &[("vault.key_source", "command"), ("vault.key_command", "k")]).unwrap();
        let table: toml::Table = changed.parse().unwrap();
        assert_eq!(table["vault"]["key_source"].as_str(), Some("command"), "{changed}");
        assert_eq!(table["vault"]["key_command"].as_str(), Some("k"), "{changed}");
        assert_eq!(table["events"]["direction"].as_str(), Some("both"), "{changed}");
        let inline = with_settings("vault = { key_name = \"a\" }\n", &[("vault.key_name", "b")]).unwrap();
        assert_eq!(inline, "vault = { key_name = \"b\" }\n");
        let made = with_settings("language = \"fr\"\n", &[("vault.key_source", "file")]).unwrap();
        assert_eq!(made, "language = \"fr\"\n\n[vault]\nkey_source = \"file\"\n");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_behind_a_link_is_replaced_and_keeps_its_mode() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("real.toml"), folder.path().join("config.toml"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        replace(&link, "new").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert!(link.is_symlink());
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
