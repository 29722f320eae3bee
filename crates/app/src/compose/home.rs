//! Where a database is at home: a copy of it must not synchronise the accounts of the original.

use std::{fs, path::Path};

use passerelle_ports::{Code, Detail};
use passerelle_service::{AccountState, Company, Failure, Outcome};
use passerelle_sql_store::Store;
use passerelle_sync_rules::digest_of;

use crate::keys::Settings;

/// The name under which the database keeps its home.
const HOME: &str = "home";
/// The name under which the database counts its runs.
const GENERATION: &str = "generation";

/// Refuses a database that is not where it was when it last synchronised. Its first run makes this its home.
///
/// # Errors
///
/// `SYNC-113`; those of the database.
pub async fn check(settings: &Settings, store: &Store) -> Outcome<()> {
    let here = here(&settings.database.path);
    match get(store, HOME).await? {
        None => set(store, HOME, &here).await,
        Some(home) if home == here => Ok(()),
        Some(_) => {
            Err(Failure::new(Code::Sync113).with(Detail::File, settings.database.path.display().to_string()))
        }
    }
}

/// Makes this the database's home. A copy loses its accounts, so that it cannot disturb those of the original.
///
/// # Errors
///
/// `SYNC-116` where a copy is asked for and the database is in its place; those of the database.
pub async fn adopt(
    settings: &Settings,
    store: &Store,
    company: &dyn Company,
    copied: bool,
) -> Outcome<usize> {
    let mut gone = 0;
    let here = here(&settings.database.path);
    if copied && get(store, HOME).await?.is_some_and(|home| home == here) {
        let file = settings.database.path.display().to_string();
        return Err(Failure::new(Code::Sync116).with(Detail::File, file));
    }
    if copied {
        for mut account in company.accounts().await? {
            if account.state != AccountState::Disconnected {
                account.state = AccountState::Disconnected;
                company.save_account(&account).await?;
                gone += 1;
            }
        }
    }
    set(store, HOME, &here).await?;
    Ok(gone)
}

/// Counts a run in the database and beside it. Returns whether the database is an older copy of itself, such as a
/// backup that was restored: it has counted less than what is written beside it.
///
/// # Errors
///
/// Those of the database.
pub async fn count(settings: &Settings, store: &Store) -> Outcome<bool> {
    let file = settings.state_dir.join(GENERATION);
    let number = |text: String| text.trim().parse::<u64>().ok();
    let here = get(store, GENERATION).await?.and_then(number).unwrap_or(0);
    let beside = fs::read_to_string(&file).ok().and_then(number).unwrap_or(0);
    let next = here.max(beside) + 1;
    set(store, GENERATION, &next.to_string()).await?;
    // Without the file there is only less to compare with.
    let _ = fs::write(&file, next.to_string());
    Ok(here < beside)
}

/// This computer and this file, as one word that tells neither.
fn here(path: &Path) -> String {
    let machine = ["/etc/machine-id", "/var/lib/dbus/machine-id"]
        .into_iter()
        .find_map(|file| fs::read_to_string(file).ok())
        .unwrap_or_default();
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    digest_of(&(machine.trim(), path)).to_string()
}

async fn get(store: &Store, name: &str) -> Outcome<Option<String>> {
    Ok(store.settings().get(name).await.map_err(|error| error.at("settings.get"))?)
}

async fn set(store: &Store, name: &str, value: &str) -> Outcome<()> {
    Ok(store.settings().set(name, Some(value)).await.map_err(|error| error.at("settings.set"))?)
}
