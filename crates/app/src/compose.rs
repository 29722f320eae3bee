//! The one place that names concrete adapters: this file and those below it.

pub mod asking;
mod company;
pub mod endpoints;
pub mod google;
mod home;
pub mod unlock;
pub mod vault;

use std::{fs, path::Path, sync::Arc, time::Duration};

use passerelle_credentials::{Vault, VaultError};
use passerelle_ports::{Code, Detail, Field, InstallationId, Kind, Reason, Side};
use passerelle_service::{AccountState, Company, Failure, Office, Outcome, RuleBook, check_rules};
use passerelle_sql_store::{Health, Store, StoreOptions};
use passerelle_sync_rules::{Limits, Policy, Rules};
use passerelle_texts::Lang;
use uuid::Uuid;

use crate::{
    cli::Source,
    compose::unlock::KeyChoice,
    context::App,
    keys::{Conflicts, Direction, GuestMails, Settings},
    unusable::unusable,
};

/// Everything a command works with.
pub struct Composed {
    /// The company, the provider and the rules.
    pub office: Office,
    /// Google, for consent.
    pub google: Arc<google::Google>,
}

/// What `init` made.
#[derive(Clone, Copy, Debug)]
pub struct Installed {
    /// Whether the database is new.
    pub database: bool,
    /// Whether the vault is new.
    pub vault: bool,
}

/// Opens the company's database, which `init` has made.
///
/// # Errors
///
/// `CFG-102` when there is none yet; those of the database.
pub async fn company(settings: &Settings) -> Outcome<Arc<dyn Company>> {
    Ok(Arc::new(company::SqlCompany::new(store(settings, false).await?)))
}

/// Puts everything together for a command.
///
/// # Errors
///
/// Those of the settings and of the database. The vault is opened when it is first needed.
pub async fn office(app: &App, settings: &Settings) -> Outcome<Composed> {
    let store = store(settings, false).await?;
    let pictures = Arc::new(store.pictures());
    let google = google(app, settings, store.installation().clone())?.with_pictures(pictures);
    let (company, google) = (Arc::new(company::SqlCompany::new(store)), Arc::new(google));
    let office = Office {
        company,
        provider: google.clone(),
        clock: app.clock.clone(),
        ids: app.ids.clone(),
        holder: holder(&settings.state_dir)?,
        rules: RuleBook {
            contacts: rules(settings, Kind::Contacts),
            events: rules(settings, Kind::Events),
            rules: settings.rules.clone(),
        },
        history_days: settings.history.days,
        listing_max: settings.google.listing_max_items,
    };
    Ok(Composed { office, google })
}

/// As [`office`], for a command that writes to a provider: refused where the database is a copy. Tells whether the
/// database is an older copy of itself, put back in its place.
///
/// # Errors
///
/// `SYNC-113`; those of [`office`].
pub async fn office_at_home(app: &App, settings: &Settings) -> Outcome<(Composed, bool)> {
    let composed = office(app, settings).await?;
    let restored = at_home(settings, &composed).await?;
    Ok((composed, restored))
}

/// Refuses a database that is a copy, and rules that cannot be read. Tells whether the database is an older copy of
/// itself, put back in its place.
///
/// # Errors
///
/// `SYNC-113`; those of the rules and of the database.
pub async fn at_home(settings: &Settings, composed: &Composed) -> Outcome<bool> {
    check_rules(&composed.office).await?;
    let store = store(settings, false).await?;
    home::check(settings, &store).await?;
    home::count(settings, &store).await
}

/// Opens the vault, if anybody who is connected needs it: a passphrase is asked for before anything moves on the
/// screen, and what keeps the vault shut is told once.
///
/// # Errors
///
/// Those of the vault and of the database.
pub async fn open_for(composed: &Composed, user: Option<&str>) -> Outcome<()> {
    let accounts = composed.office.company.accounts().await?;
    let needed = accounts.iter().any(|account| {
        account.state != AccountState::Disconnected && user.is_none_or(|user| account.user == user)
    });
    if needed { composed.google.check() } else { Ok(()) }
}

/// Makes the place where the database is its home. Returns how many accounts a copy lost.
///
/// # Errors
///
/// `SYNC-116`; those of the database.
pub async fn adopt(settings: &Settings, copied: bool) -> Outcome<usize> {
    let store = store(settings, false).await?;
    let company = company::SqlCompany::new(store.clone());
    home::adopt(settings, &store, &company, copied).await
}

/// Makes Google as the settings say, for an installation.
///
/// # Errors
///
/// Those of the settings.
pub fn google(app: &App, settings: &Settings, installation: InstallationId) -> Outcome<google::Google> {
    let endpoints = endpoints::endpoints(Some(&settings.google.endpoint)).map_err(|error| {
        Failure::new(Code::Cfg101)
            .with(Detail::Key, "google.endpoint")
            .with(Detail::Reason, Reason::Verbatim(error.to_string()))
    })?;
    let answer_max = settings.network.answer_max_mib.clamp(1, 1 << 20);
    passerelle_google_transport::set_answer_max(answer_max << 20);
    let extra_ca = match &settings.network.ca_file {
        None => None,
        Some(file) => Some(fs::read(file).map_err(|error| unusable(file, error))?),
    };
    let place = vault::VaultPlace {
        dir: settings.vault.dir.clone(),
        key: KeyChoice::of(app, settings),
        installation,
        endpoint: endpoints.is_loopback().then(|| endpoints.token().to_string()),
    };
    let region = settings.phone_region.clone();
    let asked = google::TimingAsked {
        list_lag: settings.google.list_lag_seconds.map(Duration::from_secs),
        settle: settings.google.settle_seconds.map(Duration::from_secs),
        calls_per_minute: settings
            .google
            .calls_per_minute
            .and_then(|calls| std::num::NonZeroU32::new(u32::try_from(calls).unwrap_or(u32::MAX))),
    };
    let google = google::Google::new(endpoints, place, region, extra_ca, asked, app.clock.clone())?;
    // By the file's language alone, as with "busy".
    Ok(if settings.language == Some(Lang::Fr) { google.with_called_off("Annulé : ") } else { google })
}

/// Opens the vault as the settings say.
///
/// # Errors
///
/// `VAULT-001`, `VAULT-002`, `SYS-106`, `SYS-107`.
pub async fn open_vault(app: &App, settings: &Settings) -> Outcome<Vault> {
    let installation = store(settings, false).await?.installation().clone();
    let source = KeyChoice::of(app, settings).source()?;
    Vault::open(&settings.vault.dir, &source, &installation).map_err(vault::vault_failure)
}

/// Makes the database and the vault, or leaves them as they are.
///
/// # Errors
///
/// Those of the database, of the vault and of the files.
pub async fn install(app: &App, settings: &Settings) -> Outcome<Installed> {
    let path = settings.database.path.clone();
    let database = !path.exists();
    if let Some(folder) = path.parent() {
        private_directory(folder)?;
    }
    let store = store(settings, true).await?;
    let vault = make_vault(app, settings, store.installation())?;
    Ok(Installed { database, vault })
}

/// Makes a directory that only its owner may enter; one that is there stays as it is.
///
/// # Errors
///
/// `USE-106`.
pub fn private_directory(path: &Path) -> Outcome<()> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(path).map_err(|error| unusable(path, error))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))
            .map_err(|error| unusable(path, error))?;
    }
    Ok(())
}

/// Opens everything that the settings name, and changes nothing.
///
/// # Errors
///
/// What does not open, by its code.
pub async fn check(app: &App, settings: &Settings) -> Outcome<()> {
    let composed = office(app, settings).await?;
    composed.google.check()?;
    check_rules(&composed.office).await
}

/// Looks whether the database is whole and can be written.
///
/// # Errors
///
/// What keeps it from being opened or written.
pub async fn examine_database(settings: &Settings) -> Outcome<Health> {
    let store = store(settings, false).await?;
    let file = settings.database.path.display().to_string();
    store.health().await.map_err(|error| Failure::from(error.at("health")).or_with(Detail::File, &file))
}

/// Runs SQL statements in the company's database, as any other program would.
///
/// # Errors
///
/// What the database answers.
#[cfg(feature = "demo")]
pub async fn sql(settings: &Settings, statements: &str) -> Outcome<()> {
    let store = store(settings, false).await?;
    Ok(store.run_sql(statements).await.map_err(|error| error.at("sql"))?)
}

async fn store(settings: &Settings, make: bool) -> Outcome<Store> {
    let path = settings.database.path.clone();
    if !make && !path.exists() {
        return Err(Failure::new(Code::Cfg102).with(Detail::File, path.display().to_string()));
    }
    let region = Some(settings.phone_region.clone()).filter(|region| !region.is_empty());
    // An empty file in the place of the database is what is left of one, or a mistake: it is never filled.
    if fs::metadata(&path).is_ok_and(|file| file.is_file() && file.len() == 0) {
        return Err(Failure::new(Code::Db105).with(Detail::File, path.display().to_string()));
    }
    let busy = Duration::from_secs(settings.database.busy_seconds);
    let options = StoreOptions { region, make, busy, ..StoreOptions::default() };
    Store::open(&path, options)
        .await
        .map_err(|error| Failure::from(error.at("open")).or_with(Detail::File, path.display().to_string()))
}

fn make_vault(app: &App, settings: &Settings, installation: &InstallationId) -> Outcome<bool> {
    let key = KeyChoice::of(app, settings);
    if let Some(folder) = key.file.parent().filter(|_| key.kind == Source::File) {
        private_directory(folder)?;
    }
    let dir = settings.vault.dir.clone();
    if Vault::exists(&dir) {
        Vault::open(&dir, &key.source()?, installation).map_err(vault::vault_failure)?;
        return Ok(false);
    }
    match Vault::create(&dir, &key.new_source()?, installation) {
        Ok(_) => Ok(true),
        Err(VaultError::Present { .. }) => Ok(false),
        Err(error) => Err(vault::vault_failure(error)),
    }
}

/// The name under which this state directory holds leases: kept, so that a run after a crash goes on at once.
fn holder(state: &Path) -> Outcome<Uuid> {
    let file = state.join("holder");
    if let Ok(text) = fs::read_to_string(&file)
        && let Ok(holder) = text.trim().parse()
    {
        return Ok(holder);
    }
    let holder = Uuid::now_v7();
    fs::write(&file, holder.to_string()).map_err(|error| unusable(&file, error))?;
    Ok(holder)
}

/// The rules of a kind, as the settings say.
fn rules(settings: &Settings, kind: Kind) -> Rules {
    let (direction, conflicts) = match kind {
        Kind::Contacts => (settings.contacts.direction, settings.contacts.conflicts),
        Kind::Events => (settings.events.direction, settings.events.conflicts),
    };
    let mut rules = match direction {
        Direction::ToGoogle => Rules::one_way(Side::Remote),
        Direction::FromGoogle => Rules::one_way(Side::Local),
        Direction::Both => Rules::default(),
    };
    rules.policy = match conflicts {
        Conflicts::Local => Policy::Local,
        Conflicts::Remote => Policy::Remote,
        Conflicts::Newest => Policy::Newest,
        Conflicts::Ask => Policy::Ask,
    };
    if kind == Kind::Events {
        rules.redact_private = settings.events.private_as_busy;
        rules.mail_guests = settings.events.guest_mails == GuestMails::WhenDeleted;
        rules.decline_deleted = settings.events.decline_deleted;
    }
    // By the file's language alone: what Google shows must not change with the language of a command.
    if kind == Kind::Events && settings.language == Some(Lang::Fr) {
        rules.placeholders.insert(Field::new("title"), "Occupé".into());
    }
    rules.limits = Limits {
        deletes_floor: settings.guard.deletes_floor,
        deletes_percent: settings.guard.deletes_percent,
        ..Limits::default()
    };
    rules
}
