//! `calendar`: which calendars there are on both sides, and which of them are kept in step.

use passerelle_ports::Clock;
use passerelle_service::{Calendars, Outcome, add_calendar, calendars, remove_calendar};
use serde_json::{Value, json};

use crate::{
    cli::{Calendar, CalendarAdd, CalendarRemove, SomeUser},
    compose,
    context::{App, Exit, done},
    lock::Lock,
    terminal::prompt::confirm,
};

pub async fn run(app: &App, args: &Calendar) -> Exit {
    match args {
        Calendar::List(args) => list(app, args).await,
        Calendar::Add(args) => add(app, args).await,
        Calendar::Remove(args) => remove(app, args).await,
    }
}

async fn list(app: &App, args: &SomeUser) -> Exit {
    let settings = app.settings()?;
    let office = compose::office(app, &settings).await?;
    let listed = calendars(&office.office, args.user.as_deref()).await?;
    for calendars in &listed.calendars {
        app.out.result(&text(app, calendars));
        app.out.line("calendar", app.clock.now(), calendars);
    }
    for failure in &listed.refused {
        app.out.failure(failure, app.clock.now());
    }
    done(app, if listed.refused.is_empty() { 0 } else { 3 })
}

async fn add(app: &App, args: &CalendarAdd) -> Exit {
    let settings = app.settings()?;
    let _lock = Lock::take(&settings.state_dir)?;
    let office = compose::office(app, &settings).await?;
    office.google.check()?;
    let name = args.which.name();
    let joined = add_calendar(&office.office, &args.user, name, args.into.as_deref(), args.dry_run).await?;
    let words = words(&joined.calendars);
    let id = match (joined.known, args.dry_run, joined.made) {
        (true, ..) => "calendar-known",
        (_, true, true) => "calendar-would-add-new",
        (_, true, false) => "calendar-would-add",
        (_, false, true) => "calendar-added-new",
        (_, false, false) => "calendar-added",
    };
    app.out.result(&app.out.t(id, &words));
    if joined.calendars.read_only {
        app.out.note(&app.out.t("calendar-only-read", &words));
    }
    if !joined.known && !args.dry_run {
        app.out.note(&app.out.t("calendar-next", &words));
    }
    told(app, "calendar_added", args.dry_run, &joined)?;
    done(app, 0)
}

async fn remove(app: &App, args: &CalendarRemove) -> Exit {
    let settings = app.settings()?;
    let _lock = Lock::take(&settings.state_dir)?;
    let office = compose::office(app, &settings).await?;
    let office = &office.office;
    let name = args.which.name();
    let parted = remove_calendar(office, &args.user, name, true).await?;
    let mut words = words(&parted.calendars);
    words.push(("count", parted.stay.into()));
    if !args.dry_run {
        if !confirm(app, &app.out.t("calendar-remove-ask", &words))? {
            return done(app, 0);
        }
        remove_calendar(office, &args.user, name, false).await?;
    }
    let id = if args.dry_run { "calendar-would-remove" } else { "calendar-removed" };
    app.out.result(&app.out.t(id, &words));
    app.out.note(&app.out.t("calendar-stays", &words));
    told(app, "calendar_removed", args.dry_run, &parted)?;
    done(app, 0)
}

fn told(app: &App, kind: &str, dry_run: bool, value: &impl serde::Serialize) -> Outcome<()> {
    let mut line = json!(value);
    line["dry_run"] = Value::Bool(dry_run);
    app.out.line(kind, app.clock.now(), &line);
    Ok(())
}

fn words(calendars: &Calendars) -> Vec<(&'static str, passerelle_texts::Arg)> {
    let (here, there) = (&calendars.here, &calendars.there);
    vec![
        ("user", calendars.user.clone().into()),
        ("here", here.as_ref().map(|here| here.name.clone()).unwrap_or_default().into()),
        ("there", there.as_ref().map(|there| there.name.clone()).unwrap_or_default().into()),
    ]
}

/// One line: both sides, and how they stand.
fn text(app: &App, calendars: &Calendars) -> String {
    let none = || app.out.t("calendar-none", &[]);
    let here = calendars.here.as_ref().map_or_else(none, |here| match here.default {
        true => app.out.t("calendar-default", &[("name", here.name.clone().into())]),
        false => here.name.clone(),
    });
    let there = calendars.there.as_ref().map_or_else(none, |there| format!("{} ({})", there.name, there.id));
    let how = match (&calendars.pair, calendars.read_only) {
        (None, _) => app.out.t("calendar-apart", &[]),
        (Some(_), true) => app.out.t("calendar-from-there", &[]),
        (Some(_), false) => app.out.t("calendar-in-step", &[]),
    };
    format!("{}  {here}  {there}  {how}", calendars.user)
}
