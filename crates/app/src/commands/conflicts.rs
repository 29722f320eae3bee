//! `conflicts`: what waits for a person, and the person's answers.

use passerelle_ports::{Clock, Field, Side, Value};
use passerelle_service::{Answer, Clash, Conflict, Failure, Office, Waiting, conflict, conflicts, resolve};

use super::{Exit, done};
use crate::{
    cli::{ConflictAction, ConflictResolve, Conflicts, Keep},
    compose,
    lock::Lock,
    output::Out,
    start::App,
};

pub async fn run(app: &App, args: &Conflicts) -> Exit {
    let settings = app.settings()?;
    match &args.action {
        None => list(app, &compose::office(app, &settings).await?.office, args.user.as_deref()).await,
        Some(ConflictAction::List(some)) => {
            let user = some.user.as_deref().or(args.user.as_deref());
            list(app, &compose::office(app, &settings).await?.office, user).await
        }
        Some(ConflictAction::Show(args)) => {
            let office = compose::office(app, &settings).await?;
            let found = conflict(&office.office, args.number).await?;
            app.out.result(&shown(&app.out, &found));
            app.out.line("conflict", app.clock.now(), &found);
            done(app, 0)
        }
        Some(ConflictAction::Resolve(args)) => {
            let _lock = Lock::take(&settings.path("state_dir"))?;
            answer(app, &compose::office(app, &settings).await?.office, args).await
        }
    }
}

async fn list(app: &App, office: &Office, user: Option<&str>) -> Exit {
    let all = conflicts(office, user).await?;
    for one in &all {
        app.out.result(&line(&app.out, one));
        app.out.line("conflict", app.clock.now(), one);
    }
    let id = if all.is_empty() { "conflicts-none" } else { "conflicts-next" };
    app.out.note(&app.out.t(id, &[]));
    done(app, if all.is_empty() { 0 } else { 3 })
}

async fn answer(app: &App, office: &Office, args: &ConflictResolve) -> Exit {
    let answer = match (args.keep, args.link, args.different) {
        (Some(keep), ..) => {
            let side = match keep {
                Keep::Local => Side::Local,
                Keep::Remote => Side::Remote,
            };
            Answer::Keep(side, args.field.as_ref().map(Field::new))
        }
        (_, Some(other), _) => Answer::Same(other),
        (_, _, true) => Answer::Different,
        _ => return Err(Failure::new("USE-112").with("key", args.number.to_string())),
    };
    let answered = resolve(office, args.number, &answer).await?;
    app.out.result(&app.out.t("conflicts-resolved", &[("name", answered.summary.as_str().into())]));
    app.out.note(&app.out.t("conflicts-sync", &[]));
    app.out.line("resolved", app.clock.now(), &answered);
    done(app, 0)
}

fn line(out: &Out, one: &Conflict) -> String {
    let why = match &one.waiting {
        Waiting::Clash { fields } => {
            let names: Vec<&str> = fields.iter().map(|clash| clash.field.as_str()).collect();
            let text = out.t("conflict-clash", &[("field", names.join(", ").into())]);
            match fields.iter().all(|clash| clash.chosen.is_some()) {
                true => format!("{text} {}", out.t("conflict-answered", &[])),
                false => text,
            }
        }
        Waiting::LookAlike { others, .. } => {
            let names: Vec<String> = others.iter().map(|other| named(other.number, &other.summary)).collect();
            out.t("conflict-look-alike", &[("name", names.join(", ").into())])
        }
        Waiting::Refused { problem, .. } => {
            let article = out.article(&problem.to_failure());
            format!("{}  {}", article.code, article.what)
        }
    };
    format!("{:>3}  {} · {}  {why}", one.number, one.user, one.summary)
}

fn named(number: Option<u64>, summary: &str) -> String {
    number.map_or_else(|| summary.to_owned(), |number| format!("{summary} (n° {number})"))
}

/// Both versions and what they agreed on before, side by side.
pub fn shown(out: &Out, one: &Conflict) -> String {
    let mut text = line(out, one);
    if let Waiting::Clash { fields } = &one.waiting {
        for clash in fields {
            text.push_str(&format!("\n  {}", clash.field));
            text.push_str(&versions(out, clash));
        }
    }
    text
}

fn versions(out: &Out, clash: &Clash) -> String {
    let mut text = String::new();
    for (id, value) in
        [("conflict-base", &clash.base), ("conflict-local", &clash.local), ("conflict-remote", &clash.remote)]
    {
        text.push_str(&format!("\n    {:<22}{}", out.t(id, &[]), value_text(out, value.as_ref())));
    }
    text
}

/// A value as a person reads it.
pub fn value_text(out: &Out, value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => out.t("value-none", &[]),
        Some(Value::String(text)) => text.replace('\n', " ⏎ "),
        Some(Value::Array(items)) => {
            items.iter().map(|item| value_text(out, Some(item))).collect::<Vec<_>>().join(" ; ")
        }
        Some(Value::Object(members)) => members
            .iter()
            .filter(|(_, member)| !passerelle_ports::is_empty(member))
            .map(|(name, member)| format!("{name}: {}", value_text(out, Some(member))))
            .collect::<Vec<_>>()
            .join(", "),
        Some(other) => other.to_string(),
    }
}
