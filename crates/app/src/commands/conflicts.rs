//! `conflicts`: what waits for a person, and the person's answers.

use passerelle_ports::{Clock, Code, Detail, Field, Side, Value};
use passerelle_service::{
    Answer, Clash, Conflict, Failure, Keep, Office, Waiting, conflict, conflicts, resolve,
};

use crate::{
    cli::{self, ConflictAction, ConflictResolve, Conflicts},
    compose,
    context::{App, Exit, done},
    lock::Lock,
    terminal::output::Out,
    words::{typed, value_text},
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
            app.out.line("conflict", app.clock.now(), &coded(&found));
            done(app, 0)
        }
        Some(ConflictAction::Resolve(args)) => {
            let _lock = Lock::take(&settings.state_dir)?;
            answer(app, &compose::office(app, &settings).await?.office, args).await
        }
    }
}

/// What waits, with the code under which `explain` tells of it.
pub fn coded(waiting: &Conflict) -> Value {
    let code = match &waiting.waiting {
        Waiting::Clash { .. } => Some(Code::Sync104),
        Waiting::LookAlike { .. } => Some(Code::Sync105),
        // A refusal names its own.
        _ => None,
    };
    let mut value = serde_json::to_value(waiting).unwrap_or_default();
    if let Some(code) = code {
        value["code"] = code.as_str().into();
    }
    value["answers"] = answers(waiting).into();
    value
}

/// The answers that fit, as they are typed behind `conflicts resolve NUMBER`.
fn answers(waiting: &Conflict) -> Vec<String> {
    let word = |answer: &Answer| match answer {
        Answer::Keep(Keep::Local, _) => "--keep local".to_owned(),
        Answer::Keep(Keep::Remote, _) => "--keep remote".to_owned(),
        Answer::Keep(Keep::Both, _) => "--keep both".to_owned(),
        Answer::Same(other, _) => format!("--link {other}"),
        Answer::Different => "--different".to_owned(),
        Answer::Edit(_, _) => "--edit".to_owned(),
        Answer::Retry => "--retry".to_owned(),
    };
    waiting.answers.iter().map(word).collect()
}

async fn list(app: &App, office: &Office, user: Option<&str>) -> Exit {
    let all = conflicts(office, user).await?;
    for one in &all {
        app.out.result(&line(&app.out, one));
        app.out.line("conflict", app.clock.now(), &coded(one));
    }
    match all.first() {
        None => app.out.note(&app.out.t("conflicts-none", &[])),
        Some(first) => {
            let answer = match &first.waiting {
                Waiting::Clash { .. } => "--keep local".to_owned(),
                Waiting::LookAlike { others, .. } => match others.iter().find_map(|other| other.number) {
                    Some(number) => format!("--link {number}"),
                    None if others.iter().any(|other| other.linked) => answers(first).join(" | "),
                    None => "--different".to_owned(),
                },
                Waiting::Refused { .. } => answers(first).join(" | "),
            };
            let said = [("number", first.number.to_string().into()), ("answer", answer.into())];
            app.out.note(&app.out.t("conflicts-next", &said))
        }
    }
    done(app, if all.is_empty() { 0 } else { 3 })
}

async fn answer(app: &App, office: &Office, args: &ConflictResolve) -> Exit {
    let field = args.field.as_ref().map(Field::new);
    let does_not_fit = || Failure::new(Code::Use112).with(Detail::Key, args.number.to_string());
    let answer = match (args.link, args.keep, &args.edit) {
        (Some(other), None, _) => Answer::Same(other, None),
        (Some(other), Some(keep), _) => Answer::Same(other, Some(side(keep).ok_or_else(does_not_fit)?)),
        (None, Some(keep), _) => Answer::Keep(version(keep), field),
        (None, None, Some(value)) => {
            let waiting = conflict(office, args.number).await?;
            let edited = match (&field, waiting.clashes()) {
                (Some(field), _) => Some(field),
                (None, [only]) => Some(&only.field),
                _ => None,
            };
            let value = edited.map_or_else(|| value.clone(), |edited| typed(&app.out, edited, value));
            Answer::Edit(field, value)
        }
        (None, None, None) if args.different => Answer::Different,
        (None, None, None) => Answer::Retry,
    };
    let answered = resolve(office, args.number, &answer, args.always).await?;
    let name = answered.conflict.summary.as_str();
    app.out.result(&app.out.t("conflicts-resolved", &[("name", name.into())]));
    for rule in &answered.rules {
        let said = [("field", rule.as_str().into()), ("count", answered.also.into())];
        app.out.result(&app.out.t("conflicts-always", &said));
    }
    app.out.note(&app.out.t("conflicts-sync", &[]));
    app.out.line("resolved", app.clock.now(), &answered);
    done(app, 0)
}

fn version(keep: cli::Keep) -> Keep {
    match keep {
        cli::Keep::Local => Keep::Local,
        cli::Keep::Remote => Keep::Remote,
        cli::Keep::Both => Keep::Both,
    }
}

/// The side to keep where two records become one; *both* is no side.
fn side(keep: cli::Keep) -> Option<Side> {
    match keep {
        cli::Keep::Local => Some(Side::Local),
        cli::Keep::Remote => Some(Side::Remote),
        cli::Keep::Both => None,
    }
}

pub fn line(out: &Out, one: &Conflict) -> String {
    let why = match &one.waiting {
        Waiting::Clash { fields, .. } => {
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
    let mut differences = |fields: &[Clash], gone: Option<Side>| {
        for clash in fields {
            text.push_str(&format!("\n  {}", clash.field));
            text.push_str(&versions(out, clash, gone));
        }
    };
    match &one.waiting {
        Waiting::Clash { fields, gone } => differences(fields, *gone),
        Waiting::LookAlike { others, .. } => {
            others.iter().for_each(|other| differences(&other.differences, None));
        }
        Waiting::Refused { .. } => {}
    }
    text
}

fn versions(out: &Out, clash: &Clash, gone: Option<Side>) -> String {
    let mut text = String::new();
    let versions = [
        ("conflict-base", &clash.base, None),
        ("conflict-local", &clash.local, Some(Side::Local)),
        ("conflict-remote", &clash.remote, Some(Side::Remote)),
    ];
    for (id, value, side) in versions {
        // A side that has the record no more has no empty value of it.
        let value = match gone.is_some() && side == gone {
            true => out.t("value-gone", &[]),
            false => value_text(out, &clash.field, value.as_ref()),
        };
        text.push_str(&format!("\n    {:<22}{value}", out.t(id, &[])));
    }
    text
}
