//! `contacts` and `events`: import, export, list, show.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufWriter, Write},
};

use clap::Args;
use passerelle_ports::{Clock, Code, Detail, Field, Fields, ItemId, Kind, Reason, Record, fields};
use passerelle_service::{
    Beside, Company, Failure, ImportReport, Item, Kinded, LoadHow, LookAlikes, Put, Search, begin_import,
    each, end_import, field_changes, find_user, import_joining as put, kept_changes, labels_before,
};
use serde_json::json;

use super::columns;
use crate::{
    cli::{Export, Import, List, Records, Show},
    compose,
    context::{App, Exit, done},
    files::{
        Filed, Holds, Outgoing, family, holds, is_hollow, left_over, mend_text, other_kind, pick,
        reason_text, to_import,
    },
    keys::Settings,
    lock::Lock,
    target::{Target, opened},
    terminal::shown::in_a_line,
    unusable::unusable,
    words::value_text,
};

pub async fn run<R: Filed>(app: &App, args: Records<impl Args + Into<(Import, Vec<String>)>>) -> Exit {
    let settings = app.settings()?;
    match args {
        Records::List(args) => list::<R>(app, &*compose::company(&settings).await?, &args).await,
        Records::Show(args) => show::<R>(app, &*compose::company(&settings).await?, &args).await,
        Records::Import(args) => {
            let (args, map) = args.into();
            import::<R>(app, &settings, &args, &map).await
        }
        Records::Export(args) => export::<R>(app, &*compose::company(&settings).await?, &args).await,
    }
}

async fn import<R: Filed>(app: &App, settings: &Settings, args: &Import, map: &[String]) -> Exit {
    let name = args.file.display().to_string();
    let _lock = Lock::take(&settings.state_dir)?;
    let company = compose::company(settings).await?;
    match &args.user {
        Some(user) => {
            find_user(&*company, user).await?;
        }
        None if R::KIND == Kind::Events => {
            return Err(
                Failure::new(Code::Use108).with(Detail::Reason, Reason::Verbatim("--user".to_owned()))
            );
        }
        None => {}
    }
    let file = to_import(&args.file, &settings.state_dir).map_err(|error| unusable(&name, error))?;
    let format = args.format.as_deref();
    if let Some(other) = other_kind(R::KIND, &file).filter(|_| format.is_none() && map.is_empty()) {
        return Err(of_other_kind(&name, other));
    }
    if holds(&file) == Some(Holds::Nothing) {
        return Err(Failure::new(Code::Use132).with(Detail::File, &name));
    }
    let renamed = columns::named::<R>(app, args.format.as_deref(), map, (&name, &file))?;
    let incoming = R::read(&name, format, &file, &settings.phone_region, &renamed)
        .ok_or_else(|| Failure::new(Code::Use107).with(Detail::File, &name))?;
    let user = args.user.as_deref();
    let refused = match &args.refused {
        // A preview writes no file; what would be in the way of one is told nonetheless.
        Some(file) if args.dry_run => {
            is_free(file)?;
            None
        }
        file => file.as_deref().map(reserve).transpose()?,
    };
    let labels = labels_before::<R>(&*company).await?;
    let journal = match args.dry_run {
        true => None,
        false => Some(begin_import::<R>(&*company, user, app.clock.now()).await?),
    };
    let how = LoadHow {
        replace: args.replace,
        dry_run: args.dry_run,
        journal,
        look_alikes: look_alikes(args.look_alikes),
        ..LoadHow::default()
    };
    let bar = app.out.progress();
    let report = put::<R>(&*company, user, incoming, &how, R::part_of, |read, written| {
        bar.set_position(read);
        bar.suspend(|| written.iter().for_each(|(line, put)| tell_put(app, args.dry_run, *line, put)));
    })
    .await;
    bar.finish_and_clear();
    let report = report?;
    if let Some(journal) = &how.journal {
        end_import::<R>(&*company, journal, &report, &labels, app.clock.now()).await?;
    }
    let taken = report.created + report.updated + report.unchanged + report.joined;
    if taken == 0 && report.bad.is_empty() && report.older.is_empty() {
        // Nothing that looks like a record: another format, or a file that holds none.
        if !is_hollow(&file) {
            return Err(Failure::new(Code::Use107).with(Detail::File, &name));
        }
        app.out.note(&app.out.t("import-hollow", &[("file", name.clone().into())]));
    }
    let family = family(&file);
    for bad in &report.bad {
        let reason = reason_text(&app.out, &bad.reason, &bad.detail);
        let mend = mend_text(&app.out, &bad.reason, family);
        let name = if bad.name.is_empty() { "—" } else { bad.name.as_str() };
        let said = [
            ("line", bad.line.to_string().into()),
            ("name", name.into()),
            ("reason", reason.clone().into()),
            ("mend", mend.clone().into()),
        ];
        let nth = ("nth", bad.nth.to_string().into());
        let id = if bad.nth > 0 { "import-bad-object" } else { "import-bad" };
        app.out.ask(&app.out.t(id, &said.into_iter().chain([nth]).collect::<Vec<_>>()));
        let mut told = serde_json::to_value(bad).unwrap_or_default();
        (told["text"], told["mend"]) = (reason.into(), mend.into());
        app.out.line("bad_record", app.clock.now(), &told);
    }
    for older in &report.older {
        let name = if older.name.is_empty() { "—" } else { older.name.as_str() };
        let said = [("line", older.line.to_string().into()), ("name", name.into())];
        let than_here = older.reason == "older-than-here";
        let id = if than_here { "import-older-than-here" } else { "import-older" };
        app.out.note(&app.out.t(id, &said));
        let told = json!({ "line": older.line, "name": older.name, "than": if than_here { "here" } else { "file" } });
        app.out.line("older", app.clock.now(), &told);
    }
    for lone in &report.alone {
        let name = if lone.name.is_empty() { "—" } else { lone.name.as_str() };
        let said = [("line", lone.line.to_string().into()), ("name", name.into())];
        app.out.note(&app.out.t("import-alone", &said));
        app.out.line("lone_occurrence", app.clock.now(), lone);
    }
    for beside in &report.beside {
        tell_beside(app, beside);
        app.out.line("beside", app.clock.now(), beside);
    }
    tell_seen(app, &report);
    if !report.beside.is_empty() {
        app.out.note(&app.out.t("import-besides", &[("count", report.beside.len().into())]));
    }
    if report.recognised > 0 {
        app.out.note(&app.out.t("import-recognised", &[("count", report.recognised.into())]));
    }
    if report.joined > 0 {
        app.out.note(&app.out.t("import-joined", &[("count", report.joined.into())]));
    }
    app.out.result(&app.out.t(
        "import-done",
        &[
            ("created", report.created.into()),
            ("updated", report.updated.into()),
            ("unchanged", report.unchanged.into()),
        ],
    ));
    let left = R::unread(&name, format, &file, &renamed);
    let reached = columns::tell(app, &name, &left);
    tell_counted(app, "import-leftovers", &report.leftovers);
    let of_calendar = R::of_calendar(&file);
    tell_counted(app, "import-of-calendar", &of_calendar);
    if let Some(journal) = how.journal.as_ref().filter(|_| report.created + report.updated > 0) {
        app.out.note(&app.out.t("sync-undo", &[("run", journal.run.to_string().into())]));
    }
    for guessed in &report.guessed {
        let said = [
            ("zone", guessed.zone.clone().into()),
            ("taken", guessed.taken_as.clone().into()),
            ("line", guessed.line.to_string().into()),
            ("name", if guessed.name.is_empty() { "—" } else { guessed.name.as_str() }.into()),
            ("count", guessed.count.into()),
        ];
        let is_known = passerelle_formats::names_a_zone(&guessed.zone);
        app.out.note(&app.out.t(if is_known { "import-zone-otherwise" } else { "import-zone" }, &said));
        app.out.line("guessed_zone", app.clock.now(), guessed);
    }
    if args.dry_run {
        app.out.note(&app.out.t("import-dry-done", &[]));
    }
    if args.dry_run && args.refused.is_some() && !report.bad.is_empty() {
        app.out.note(&app.out.t("import-refused-preview", &[]));
    } else if let Err(failure) = keep_refused(app, refused, &file, &report) {
        // The records are in: this is no end of the command.
        app.out.failure(&failure, app.clock.now());
    }
    let code = if report.bad.is_empty() && !reached { 0 } else { 3 };
    if !report.bad.is_empty() {
        let failure =
            Failure::new(Code::Imp101).with(Detail::Count, report.bad.len() as u64).with(Detail::File, &name);
        app.out.failure(&failure, app.clock.now());
    }
    let mut summary = serde_json::to_value(&report).unwrap_or_default();
    summary["exit_code"] = code.into();
    summary["dry_run"] = args.dry_run.into();
    summary["of_calendar"] = json!(of_calendar);
    if let Some(journal) = &how.journal {
        summary["run_id"] = journal.run.0.into();
    }
    app.out.line("summary", app.clock.now(), &summary);
    Ok(code)
}

fn look_alikes(asked: crate::cli::LookAlikes) -> LookAlikes {
    match asked {
        crate::cli::LookAlikes::Aside => LookAlikes::Aside,
        crate::cli::LookAlikes::Update => LookAlikes::Update,
        crate::cli::LookAlikes::New => LookAlikes::New,
    }
}

/// How many properties are named on a screen; a machine gets all of them.
const NAMED: usize = 12;

/// Tells what is kept beside the records for want of a place, the most frequent first.
fn tell_counted(app: &App, id: &'static str, counted: &BTreeMap<String, u64>) {
    let mut counted: Vec<(&String, &u64)> = counted.iter().collect();
    counted.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let mut named: Vec<String> =
        counted.iter().take(NAMED).map(|(name, count)| format!("{name} ({count})")).collect();
    if counted.len() > NAMED {
        named.push("…".to_owned());
    }
    if !named.is_empty() {
        app.out.note(&app.out.t(id, &[("list", named.join(", ").into())]));
    }
}

/// The file for the records that are set aside, and whether it was made for them.
struct Refused<'a> {
    file: &'a std::path::Path,
    is_new: bool,
}

/// Says that a file is for the other command.
fn of_other_kind(file: &str, kind: Kind) -> Failure {
    let command = match kind {
        Kind::Contacts => format!("contacts import {file}"),
        Kind::Events => format!("events import {file} --user alice"),
    };
    Failure::new(Code::Use131).with(Detail::File, file).with(Detail::Import, command)
}

/// How many records are named of which it is told who sees them.
const SEEN: usize = 20;

/// Tells which records stay seen by those who see them, others than those whom the import is for.
fn tell_seen(app: &App, report: &ImportReport) {
    for seen in &report.seen {
        app.out.line("seen", app.clock.now(), seen);
    }
    for seen in report.seen.iter().take(SEEN) {
        let said = [
            ("line", seen.line.to_string().into()),
            ("name", if seen.name.is_empty() { "—" } else { seen.name.as_str() }.into()),
            ("users", seen.by.join(", ").into()),
            ("id", seen.id.to_string().into()),
        ];
        let id = if seen.by.is_empty() { "import-seen-by-all" } else { "import-seen-by-some" };
        app.out.note(&app.out.t(id, &said));
    }
    if report.seen.len() > SEEN {
        app.out.note(&app.out.t("import-seen-more", &[("count", (report.seen.len() - SEEN).into())]));
    }
    if report.seen.iter().any(|seen| !seen.by.is_empty()) {
        app.out.note(&app.out.t("import-seen-hint", &[]));
    }
}

/// Tells whether a file could be made.
fn is_free(file: &std::path::Path) -> Result<(), Failure> {
    match file.metadata() {
        Ok(found) if found.is_file() || found.is_dir() => {
            Err(unusable(file, std::io::ErrorKind::AlreadyExists.into()))
        }
        _ => Ok(()),
    }
}

/// Makes the file for the records that are set aside before anything is imported: it must not be one that is there.
fn reserve(file: &std::path::Path) -> Result<Refused<'_>, Failure> {
    // A device or a pipe has nothing that could be lost.
    if file.metadata().is_ok_and(|found| !found.is_file() && !found.is_dir()) {
        return Ok(Refused { file, is_new: false });
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map_err(|error| unusable(file, error))?;
    Ok(Refused { file, is_new: true })
}

/// Writes the records that were set aside into a file of their own, if that was asked for.
fn keep_refused(
    app: &App,
    refused: Option<Refused<'_>>,
    source: &File,
    report: &ImportReport,
) -> Result<(), Failure> {
    if report.bad.is_empty() {
        let made = refused.filter(|refused| refused.is_new);
        return match made {
            Some(Refused { file, .. }) => std::fs::remove_file(file).map_err(|error| unusable(file, error)),
            None => Ok(()),
        };
    }
    let Some(Refused { file, .. }) = refused else {
        app.out.note(&app.out.t("import-refused-hint", &[]));
        return Ok(());
    };
    let wanted = report.bad.iter().map(|bad| (bad.line, bad.nth)).collect();
    let write = || {
        let mut out = BufWriter::new(opened(file)?);
        pick(source, &wanted, &mut out)?;
        out.flush()
    };
    write().map_err(|error| unusable(file, error))?;
    app.out.note(&app.out.t("import-refused", &[("file", file.display().to_string().into())]));
    Ok(())
}

/// Tells which record another one is like, and in what.
fn tell_beside(app: &App, beside: &Beside) {
    let sort = |sort: &String| match sort.as_str() {
        "mail" => app.out.t("alike-mail", &[]),
        "tel" => app.out.t("alike-tel", &[]),
        "at" => app.out.t("alike-at", &[]),
        "uid" => app.out.t("alike-uid", &[]),
        _ => app.out.t("alike-name", &[]),
    };
    let alike: Vec<String> = beside.alike.iter().map(sort).collect();
    let nameless = |name: &str| if name.is_empty() { "—".to_owned() } else { name.to_owned() };
    let said = [
        ("line", beside.line.to_string().into()),
        ("name", nameless(&beside.name).into()),
        ("other", nameless(&beside.other).into()),
        ("other-line", beside.other_line.unwrap_or_default().to_string().into()),
        ("alike", alike.join(", ").into()),
    ];
    let id = match (beside.twin, beside.other_line) {
        (true, _) => "import-twin",
        (false, Some(_)) => "import-beside-line",
        (false, None) => "import-beside",
    };
    app.out.note(&app.out.t(id, &said));
}

/// How many characters of what is kept beside a record are shown; a machine gets all of them.
const SHOWN: usize = 80;

/// Returns a text as far as a screen has room for it, and says how much there is of it.
fn beginning(text: &str) -> String {
    let all = text.chars().count();
    let begin: String = in_a_line(text).chars().take(SHOWN).collect();
    if all > SHOWN { format!("{begin}… ({all})") } else { begin }
}

/// Tells what became, or would become, of a record of the file: with every value where it is a preview.
fn tell_put<R: Record>(app: &App, dry_run: bool, line: u64, put: &Put<R>) {
    if !dry_run && !app.out.json {
        return;
    }
    let action = if put.before.is_some() { "update" } else { "create" };
    let fields = field_changes(put.before.as_ref(), &put.after);
    let kept = kept_changes(&put.left_before, &put.left_after);
    let name = put.after.summary();
    app.out.line(
        "change",
        app.clock.now(),
        &json!({ "line": line, "action": action, "summary": name, "fields": fields, "kept": kept }),
    );
    let said = [("line", line.to_string().into()), ("name", name.into())];
    let mut text =
        app.out.t(if put.before.is_some() { "import-would-change" } else { "import-would-create" }, &said);
    for field in &fields {
        let after = value_text(&app.out, &field.field, field.after.as_ref());
        let values = match &field.before {
            Some(before) => format!("{} → {after}", value_text(&app.out, &field.field, Some(before))),
            None => after,
        };
        text.push_str(&format!("\n    {}: {values}", field.field));
    }
    let one = |values: &[String]| {
        let values: Vec<String> = values.iter().map(|value| beginning(value)).collect();
        if values.is_empty() { app.out.t("value-none", &[]) } else { values.join(" ; ") }
    };
    for change in &kept {
        let (before, after) = (one(&change.before), one(&change.after));
        let values = if change.before.is_empty() { after } else { format!("{before} → {after}") };
        text.push_str(&format!("\n    {}: {values}", change.field));
    }
    app.out.result(&text);
}

async fn export<R: Filed>(app: &App, company: &dyn Company, args: &Export) -> Exit {
    if let Some(user) = &args.user {
        find_user(company, user).await?;
    }
    let name = args.file.display().to_string();
    let format = args.format.clone();
    if !R::is_written(&name, format.as_deref()) {
        return Err(Failure::new(Code::Use107).with(Detail::File, &name));
    }
    let target = Target::of(&args.file).map_err(|error| unusable(&name, error))?;
    if target.is_in_place {
        app.out.ask(&app.out.t("export-in-place", &[("file", name.as_str().into())]));
    }
    // A few records are on their way at a time, however many there are.
    let (send, receive) = std::sync::mpsc::sync_channel::<Outgoing<R>>(AHEAD);
    let (at, told) = (app.clock.now(), name.clone());
    let writer = std::thread::spawn(move || -> std::io::Result<Target> {
        let mut out = BufWriter::new(target);
        R::write(&told, format.as_deref(), at, &mut out, &mut receive.into_iter())?;
        out.into_inner().map_err(std::io::IntoInnerError::into_error)
    });
    let read = each::<R>(company, args.user.as_deref(), |item| {
        let left = left_over(&item.leftovers);
        send.send(Outgoing { id: item.id, record: item.record, left }).is_ok()
    });
    let read = read.await;
    drop(send);
    let written = writer.join().unwrap_or_else(|_| Err(std::io::Error::other("the writer stopped")));
    // What is not whole takes the place of nothing.
    let count = read?;
    written.and_then(Target::finish).map_err(|error| unusable(&name, error))?;
    if name == "-" {
        return Ok(0);
    }
    app.out.result(&app.out.t("export-done", &[("count", count.into()), ("file", name.into())]));
    done(app, 0)
}

/// How many records of an export are on their way.
const AHEAD: usize = 64;

async fn list<R: Kinded>(app: &App, company: &dyn Company, args: &List) -> Exit {
    if let Some(user) = &args.user {
        find_user(company, user).await?;
    }
    let search = Search {
        user: args.user.clone(),
        text: args.search.clone().unwrap_or_default(),
        limit: args.limit,
        ..Search::default()
    };
    let found = R::list(company, &search).await?;
    for item in &found.items {
        app.out.result(&format!("{}  {}", item.id, in_a_line(&line(app, &item.record))));
        app.out.line("record", app.clock.now(), &value(item));
    }
    let id = match R::KIND {
        Kind::Contacts => "count-contacts",
        Kind::Events => "count-events",
    };
    app.out.note(&app.out.t(id, &[("count", found.total.into())]));
    done(app, 0)
}

async fn show<R: Kinded>(app: &App, company: &dyn Company, args: &Show) -> Exit {
    let item = R::get(company, &ItemId::new(&args.id))
        .await?
        .ok_or_else(|| Failure::new(Code::Use109).with(Detail::Key, &args.id))?;
    app.out.result(&in_a_line(&item.record.summary()));
    for (field, value) in fields(&item.record) {
        app.out.result(&format!("  {field}: {}", value_text(&app.out, &field, Some(&value))));
    }
    app.out.line("record", app.clock.now(), &value(&item));
    done(app, 0)
}

fn value<R: Record>(item: &Item<R>) -> serde_json::Value {
    json!({ "id": item.id, "updated": item.updated, "summary": item.record.summary(), "record": item.record })
}

/// A record in one line: its name, and what tells it apart from its namesakes.
fn line<R: Record>(app: &App, record: &R) -> String {
    let all: Fields = fields(record);
    let start = all.get(&Field::new("start")).map(|value| start(app, value));
    let mail = all
        .iter()
        .find(|(field, _)| field.member() == "emails")
        .map(|(field, mail)| value_text(&app.out, field, mail.get("address")));
    let more = [mail, start];
    std::iter::once(record.summary()).chain(more.into_iter().flatten()).collect::<Vec<_>>().join("  ")
}

/// When an appointment begins, as the person's language writes it.
fn start(app: &App, value: &serde_json::Value) -> String {
    if let Some(date) = value["date"].as_str().and_then(|text| text.parse().ok()) {
        return passerelle_texts::date(app.out.lang, date);
    }
    match value["local"].as_str().and_then(|text| text.parse().ok()) {
        Some(local) => passerelle_texts::date_time(app.out.lang, local),
        None => value_text(&app.out, &Field::new("start"), Some(value)),
    }
}
