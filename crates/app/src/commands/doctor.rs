//! `doctor` and `test`: everything that has to be right, looked at before anybody has to ask why it is not.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use passerelle_ports::{Clock, Code, Detail, Reason};
use passerelle_service::{Failure, Finding, Level, Outcome, examine};
use passerelle_texts::causes_and_cures;
use serde_json::{Value, json};

use crate::{
    cli::{Doctor, Source, Test},
    compose::{self, google::Google, vault::vault_failure},
    context::{App, Exit, done},
    keys::Settings,
    lock::Lock,
    unusable::unusable,
};

/// Below so many bytes there is no room for a run; below ten times as many, not for long.
const ROOM: u64 = 50 * 1024 * 1024;
/// From this on Google refuses what this computer's clock stamps.
const SKEW_SECONDS: i64 = 300;
/// From this on a clock is not kept right by anybody.
const DRIFT_SECONDS: i64 = 30;

pub async fn run(app: &App, args: &Doctor) -> Exit {
    let mut found = Vec::new();
    match app.settings() {
        Err(failure) => found.push(bad("configuration", &failure)),
        Ok(settings) => {
            found.push(Finding::good("configuration").with("file", settings.file.display().to_string()));
            if args.fix {
                fix(app, &settings)?;
            }
            found.extend(computer(app, &settings).await);
            // The same cause once: what the vault said is not said again for every user.
            let known: Vec<Code> = found.iter().filter_map(code).collect();
            let more = google(app, &settings, args.user.as_deref()).await?;
            found.extend(
                more.into_iter().filter(|finding| !code(finding).is_some_and(|code| known.contains(&code))),
            );
        }
    }
    tell(app, &found, args.strict)
}

pub async fn test(app: &App, args: &Test) -> Exit {
    let settings = app.settings()?;
    // Without a database there is nothing to try.
    compose::company(&settings).await?;
    let found = google(app, &settings, Some(&args.user)).await?;
    tell(app, &found, false)
}

fn code(finding: &Finding) -> Option<Code> {
    finding.problem.as_ref().map(|problem| problem.code)
}

fn bad(area: &'static str, failure: &Failure) -> Finding {
    Finding::bad(area, Level::Problem, failure)
}

/// What lies on this computer.
async fn computer(app: &App, settings: &Settings) -> Vec<Finding> {
    let mut found = Vec::new();
    for folder in open_to_others(settings) {
        let failure = Failure::new(Code::Sys110).with(Detail::File, folder.display().to_string());
        found.push(bad("modes", &failure));
    }
    for file in wide(settings) {
        let failure = Failure::new(Code::Sys106).with(Detail::File, file.display().to_string());
        found.push(bad("modes", &failure));
    }
    found.push(match database(settings).await {
        Ok(finding) => finding,
        Err(failure) => bad("database", &failure),
    });
    match vault(app, settings).await {
        Ok(finding) => found.push(finding),
        // Told above, file by file.
        Err(failure) if failure.code() == Code::Sys106 && found.iter().any(|one| one.area == "modes") => {}
        Err(failure) => found.push(bad("vault", &failure)),
    }
    found.push(disk(&settings.state_dir));
    found.push(match Lock::take(&settings.state_dir) {
        Ok(_) => Finding::good("lock"),
        Err(failure) if failure.code() == Code::Sys102 => {
            Finding::good("running").with("pid", failure.word("pid").unwrap_or_else(|| "?".to_owned()))
        }
        Err(failure) => bad("lock", &failure),
    });
    found
}

async fn vault(app: &App, settings: &Settings) -> Outcome<Finding> {
    let status = compose::open_vault(app, settings).await?.status().map_err(vault_failure)?;
    if let Some(file) = status.damaged.first() {
        let failure = Failure::new(Code::Vault006).with(Detail::File, file.display().to_string());
        return Ok(bad("vault", &failure));
    }
    Ok(Finding::good("vault").with("source", status.source).with("count", status.credentials.to_string()))
}

async fn database(settings: &Settings) -> Outcome<Finding> {
    let health = compose::examine_database(settings).await?;
    let file = settings.database.path.display().to_string();
    if let Some(damage) = health.damage {
        return Ok(bad(
            "database",
            &Failure::new(Code::Sys105)
                .with(Detail::File, file)
                .with(Detail::Reason, Reason::Verbatim(damage)),
        ));
    }
    if health.busy {
        // It is read meanwhile, and the next command waits its turn as this one did.
        return Ok(Finding::bad(
            "database",
            Level::Warning,
            &Failure::new(Code::Sys103).with(Detail::File, file),
        ));
    }
    Ok(Finding::good("database").with("file", file).with("schema", health.schema))
}

#[cfg(unix)]
fn disk(folder: &Path) -> Finding {
    match rustix::fs::statvfs(folder) {
        Ok(volume) => room(folder, volume.f_bavail.saturating_mul(volume.f_frsize)),
        Err(error) => bad(
            "disk",
            &Failure::new(Code::Use106)
                .with(Detail::File, folder.display().to_string())
                .with(Detail::Reason, &io::Error::from(error)),
        ),
    }
}

#[cfg(not(unix))]
fn disk(_: &Path) -> Finding {
    Finding::good("disk").with("bytes", "0")
}

fn room(folder: &Path, free: u64) -> Finding {
    let failure = Failure::new(Code::Sys101).with(Detail::File, folder.display().to_string());
    let finding = match free {
        0..ROOM => bad("disk", &failure),
        _ if free < 10 * ROOM => Finding::bad("disk", Level::Warning, &failure),
        _ => Finding::good("disk"),
    };
    finding.with("bytes", free.to_string())
}

/// Google, from here, and what each app user may do there.
///
/// # Errors
///
/// `USE-102` for an app user whom nobody knows: that is no finding.
async fn google(app: &App, settings: &Settings, user: Option<&str>) -> Outcome<Vec<Finding>> {
    let office = match compose::office(app, settings).await {
        Ok(office) => office,
        // The database was told already; without it nobody is known.
        Err(failure) if failure.code() == Code::Cfg102 => return Ok(Vec::new()),
        Err(failure) => return Ok(vec![bad("network", &failure)]),
    };
    if let Some(user) = user {
        passerelle_service::find_user(&*office.office.company, user).await?;
    }
    let mut found = network(app, &office.google).await;
    if found.iter().any(|finding| finding.area == "network" && finding.level == Level::Problem) {
        // The same cause once, not once for each user.
        return Ok(found);
    }
    match examine(&office.office, user).await {
        Ok(accounts) => found.extend(accounts),
        Err(failure) => found.push(bad("database", &failure)),
    }
    Ok(found)
}

async fn network(app: &App, google: &Google) -> Vec<Finding> {
    let probe = match google.probe().await {
        Ok(probe) => probe,
        Err(failure) => {
            let proxy = app.proxy().filter(|_| !google.is_pretend() && failure.code() == Code::Net101);
            let failure = match proxy {
                Some(proxy) => Failure::new(Code::Net107).with(Detail::Proxy, proxy).because(failure),
                None => failure,
            };
            return vec![bad("network", &failure)];
        }
    };
    let proxy = app.proxy().filter(|_| !google.is_pretend()).unwrap_or_else(|| "-".to_owned());
    let issuer = probe.issuer.unwrap_or_else(|| "-".to_owned());
    let network = Finding::good("network").with("proxy", proxy).with("issuer", issuer);
    let clock = probe.date.map(|date| clock(app.clock.now(), date));
    std::iter::once(network).chain(clock).collect()
}

/// Compares this computer's clock with Google's, whose time comes in whole seconds.
fn clock(here: DateTime<Utc>, there: DateTime<Utc>) -> Finding {
    let skew = (here - there).num_seconds();
    let failure = || Failure::new(Code::Net104).with(Detail::Skew, skew);
    let finding = match skew.abs() {
        0..=DRIFT_SECONDS => Finding::good("clock"),
        ..SKEW_SECONDS => Finding::bad("clock", Level::Warning, &failure()),
        _ => bad("clock", &failure()),
    };
    finding.with("seconds", skew.to_string())
}

/// What others may read though it holds, or leads to, a secret or the company's data.
#[cfg(unix)]
fn wide(settings: &Settings) -> Vec<PathBuf> {
    private(settings).into_iter().filter(|path| mode(path).is_some_and(|mode| mode & 0o077 != 0)).collect()
}

#[cfg(not(unix))]
fn wide(_: &Settings) -> Vec<PathBuf> {
    Vec::new()
}

/// The folders in which others may put another vault, key or database in the place of ours.
#[cfg(unix)]
fn open_to_others(settings: &Settings) -> Vec<PathBuf> {
    let key = &settings.vault.key_file;
    let mut folders = vec![settings.state_dir.clone()];
    folders.extend(settings.database.path.parent().map(Path::to_owned));
    if settings.vault.key_source == Source::File {
        folders.extend(key.parent().map(Path::to_owned));
    }
    folders.sort();
    folders.dedup();
    // Where each may remove his own files alone, such as in /tmp, nobody can take ours away.
    folders.retain(|folder| mode(folder).is_some_and(|mode| mode & 0o022 != 0 && mode & 0o1000 == 0));
    folders
}

#[cfg(not(unix))]
fn open_to_others(_: &Settings) -> Vec<PathBuf> {
    Vec::new()
}

#[cfg(unix)]
fn mode(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).ok().map(|metadata| metadata.permissions().mode())
}

#[cfg(unix)]
fn private(settings: &Settings) -> Vec<PathBuf> {
    let vault = settings.vault.dir.clone();
    let inside = fs::read_dir(&vault).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut all: Vec<PathBuf> = inside.collect();
    all.sort();
    all.insert(0, vault);
    if settings.vault.key_source == Source::File {
        all.push(settings.vault.key_file.clone());
    }
    all.extend(settings.vault.passphrase_file.clone());
    all.push(settings.database.path.clone());
    all
}

/// Puts right what can be put right without a question: modes that are too wide, the trace of a process that died.
#[cfg(unix)]
fn fix(app: &App, settings: &Settings) -> Outcome<()> {
    for path in wide(settings) {
        let narrow = if path.is_dir() { 0o700 } else { 0o600 };
        narrowed(app, "mode", &path, narrow)?;
    }
    for folder in open_to_others(settings) {
        narrowed(app, "folder", &folder, mode(&folder).unwrap_or(0o700) & 0o755)?;
    }
    let file = Lock::file(&settings.state_dir);
    let left = fs::read_to_string(&file).is_ok_and(|pid| !pid.trim().is_empty());
    if left && let Ok(lock) = Lock::take(&settings.state_dir) {
        // Whoever gives it back leaves no trace.
        drop(lock);
        fixed(app, "lock", &file);
    }
    Ok(())
}

/// Changes a mode of the file itself: what a link leads to, and what has a second name, is not ours alone to change, and
/// stays a finding.
#[cfg(unix)]
fn narrowed(app: &App, what: &str, path: &Path, mode: u32) -> Outcome<()> {
    use rustix::fs::{FileType, Mode, OFlags, fchmod, fstat, open};
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let changed = match open(path, flags, Mode::empty()) {
        Ok(file) => match fstat(&file) {
            Ok(found)
                if found.st_nlink > 1 && FileType::from_raw_mode(found.st_mode) == FileType::RegularFile =>
            {
                return Ok(());
            }
            Ok(_) => fchmod(file, Mode::from_raw_mode(mode)),
            Err(error) => Err(error),
        },
        Err(rustix::io::Errno::LOOP) => return Ok(()),
        Err(error) => Err(error),
    };
    changed.map_err(|error| unusable(path, error.into()))?;
    fixed(app, what, path);
    Ok(())
}

#[cfg(not(unix))]
fn fix(_: &App, _: &Settings) -> Outcome<()> {
    Ok(())
}

fn fixed(app: &App, what: &str, path: &Path) {
    let id = match what {
        "mode" => "doctor-fixed-mode",
        "folder" => "doctor-fixed-folder",
        _ => "doctor-fixed-lock",
    };
    app.out.result(&app.out.t(id, &[("file", path.display().to_string().into())]));
    app.out.line("fixed", app.clock.now(), &json!({ "what": what, "file": path.display().to_string() }));
}

/// Tells every finding, the bad ones with their cure, and returns the exit code.
fn tell(app: &App, found: &[Finding], strict: bool) -> Exit {
    for finding in found {
        app.out.result(&text(app, finding));
        app.out.line("finding", app.clock.now(), &line(app, finding));
    }
    let count = |level: Level| found.iter().filter(|finding| finding.level == level).count();
    let (problems, warnings) = (count(Level::Problem), count(Level::Warning));
    app.out.result(
        &app.out.t("doctor-summary", &[("problems", problems.into()), ("warnings", warnings.into())]),
    );
    let code = match (problems, warnings) {
        (0, 0) => 0,
        (0, _) => 3 * u8::from(strict),
        _ => 1,
    };
    if code == 0 {
        return done(app, 0);
    }
    app.out.line(
        "summary",
        app.clock.now(),
        &json!({ "exit_code": code, "problems": problems, "warnings": warnings }),
    );
    Ok(code)
}

fn text(app: &App, finding: &Finding) -> String {
    let who = finding.user.as_ref().map(|user| format!("{user} · ")).unwrap_or_default();
    let Some(article) = article(app, finding) else {
        return format!("✓ {who}{}", good(app, finding));
    };
    let mark = if finding.level == Level::Problem { "✗" } else { "!" };
    let mut lines = vec![format!("{mark} {who}{}  {}", article.code, article.what)];
    lines.extend(causes_and_cures(&article, app.out.lang).into_iter().map(|line| format!("  {line}")));
    lines.join("\n")
}

fn article(app: &App, finding: &Finding) -> Option<passerelle_texts::Article> {
    let mut failure = finding.problem.as_ref()?.to_failure();
    if let Some(ends) = fact(finding, "ends").and_then(|text| DateTime::parse_from_rfc3339(text).ok()) {
        failure = failure.with(Detail::Ends, app.out.time(ends.to_utc()));
    }
    Some(app.out.article(&failure))
}

fn fact<'a>(finding: &'a Finding, name: &str) -> Option<&'a str> {
    finding.facts.iter().find(|(known, _)| *known == name).map(|(_, word)| word.as_str())
}

/// The line of something that is as it should be.
fn good(app: &App, finding: &Finding) -> String {
    let none = app.out.t("doctor-none", &[]);
    let word =
        |name: &'static str| (name, fact(finding, name).filter(|text| *text != "-").unwrap_or(&none).into());
    let count = |name: &'static str| {
        let number: i64 = fact(finding, name).and_then(|text| text.parse().ok()).unwrap_or_default();
        (name, number.into())
    };
    match finding.area {
        "configuration" => app.out.t("doctor-configuration", &[word("file")]),
        "vault" => {
            let source = app.out.source(fact(finding, "source").unwrap_or_default());
            app.out.t("doctor-vault", &[("source", source.into()), count("count")])
        }
        "database" => app.out.t("doctor-database", &[word("file"), word("schema")]),
        "disk" => {
            let free: u64 = fact(finding, "bytes").and_then(|text| text.parse().ok()).unwrap_or_default();
            app.out.t("doctor-disk", &[("free", (free / (1024 * 1024)).into())])
        }
        "lock" => app.out.t("doctor-lock", &[]),
        "running" => app.out.t("doctor-running", &[word("pid")]),
        "network" => app.out.t("doctor-network", &[word("proxy"), word("issuer")]),
        "clock" => app.out.t("doctor-clock", &[count("seconds")]),
        "token" => app.out.t("doctor-token", &[word("account")]),
        "scopes" => app.out.t("doctor-scopes", &[]),
        "calendar" => app.out.t("doctor-calendar", &[]),
        "quota" => app.out.t(
            "doctor-quota",
            &[count("contacts"), count("limit"), count("calendar_per_minute"), count("people_per_minute")],
        ),
        "contacts" => app.out.t("doctor-contacts", &[]),
        _ => app.out.t("doctor-authorisation", &[count("days")]),
    }
}

fn line(app: &App, finding: &Finding) -> Value {
    let mut value = json!({ "area": finding.area, "level": finding.level, "user": finding.user });
    let article = article(app, finding);
    let described = article.map(|article| serde_json::to_value(article).unwrap_or_default());
    if let (Value::Object(members), Some(Value::Object(told))) = (&mut value, described) {
        members.extend(told);
    }
    if let Value::Object(members) = &mut value {
        let facts: serde_json::Map<String, Value> = finding
            .facts
            .iter()
            .map(|(name, word)| ((*name).to_owned(), Value::from(word.as_str())))
            .collect();
        members.insert("facts".to_owned(), Value::Object(facts));
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_right_drifting_or_wrong() {
        let there = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        for (seconds, level) in [
            (0, Level::Good),
            (-30, Level::Good),
            (31, Level::Warning),
            (-299, Level::Warning),
            (300, Level::Problem),
            (-86_400, Level::Problem),
        ] {
            let finding = clock(there + chrono::Duration::seconds(seconds), there);
            assert_eq!(finding.level, level, "{seconds}");
            assert_eq!(fact(&finding, "seconds"), Some(seconds.to_string().as_str()));
        }
    }

    #[test]
    fn a_disk_has_room_soon_none_or_none() {
        for (free, level) in [
            (10 * ROOM, Level::Good),
            (10 * ROOM - 1, Level::Warning),
            (ROOM - 1, Level::Problem),
            (0, Level::Problem),
        ] {
            assert_eq!(room(Path::new("/"), free).level, level, "{free}");
        }
    }
}
