//! `status`: how things stand, from what the ledger proves.

use passerelle_ports::{Clock, Detail, Kind, Side};
use passerelle_service::{Alone, Lacking, PairStatus, UserStatus, alone, lacking, status, without_calendar};
use passerelle_texts::exit_code;

use super::sync::{dropped, explain_losses, fields_of, losses, not_carried};
use crate::{
    cli::Status,
    compose,
    context::{App, Exit, done},
};

pub async fn run(app: &App, args: &Status) -> Exit {
    let settings = app.settings()?;
    let office = compose::office(app, &settings).await?;
    if args.alone {
        for one in alone(&office.office, args.user.as_deref()).await? {
            app.out.result(&alone_line(app, &one));
            app.out.line("alone", app.clock.now(), &one);
        }
        return done(app, 0);
    }
    if args.losses {
        let mut all = Vec::new();
        for one in lacking(&office.office, args.user.as_deref()).await? {
            app.out.result(&lacking_line(app, &one));
            app.out.line("loss", app.clock.now(), &one);
            all.push(one.loss);
        }
        explain_losses(app, all.iter());
        return done(app, 0);
    }
    let all = status(&office.office, args.user.as_deref()).await?;
    for user in &all {
        tell(app, user);
        app.out.line("status", app.clock.now(), user);
    }
    explain_losses(app, all.iter().flat_map(|user| &user.pairs).flat_map(|pair| &pair.losses));
    explain_problems(app, &all);
    if all.iter().flat_map(|user| &user.pairs).any(|pair| pair.last_run.is_some()) {
        app.out.note(&app.out.t("status-there", &[]));
    }
    if all.is_empty() {
        app.out.result(&app.out.t("status-nobody", &[]));
    }
    done(app, exit_of(&all))
}

fn tell(app: &App, user: &UserStatus) {
    let out = &app.out;
    let name = user.user.id.as_str();
    let account = match &user.account {
        None => out.t("account-none", &[]),
        Some(email) if user.needs_sign_in() => out.t("account-reconnect", &[("account", email.into())]),
        Some(email) => email.clone(),
    };
    out.result(&format!("{name} · {account}"));
    if let Some(forecast) = &user.forecast {
        let failure = forecast.warning(name).with(Detail::Ends, out.time(forecast.ends));
        let article = out.article(&failure);
        out.result(&format!("  ! {}  {}", article.code, article.what));
    }
    for pair in &user.pairs {
        out.result(&pair_line(app, pair));
        for line in losses(out, &pair.losses, pair.losses_count) {
            out.result(&line);
        }
        for line in not_carried(out, &pair.not_carried).into_iter().chain(dropped(out, &pair.dropped)) {
            out.result(&line);
        }
        if let Some(problem) = pair.problem() {
            let article = out.article(&problem.to_failure().or_with(Detail::User, name));
            out.result(&format!("    {}  {}", article.code, article.what));
        }
    }
    if user.homeless > 0 {
        let article = out.article(&without_calendar(name, user.homeless));
        out.result(&format!("    {}  {}", article.code, article.what));
        out.warn(&article);
    }
    if user.waiting() > 0 {
        out.result(&format!("  {}", out.t("sync-decide", &[])));
    }
}

/// Tells once what can be done about each thing that keeps a pair from going on.
fn explain_problems(app: &App, all: &[UserStatus]) {
    let mut told = Vec::new();
    for user in all {
        for problem in user.pairs.iter().filter_map(PairStatus::problem) {
            let article = app.out.article(&problem.to_failure().or_with(Detail::User, user.user.id.as_str()));
            if !told.contains(&article) {
                app.out.warn(&article);
                app.out.line("warning", app.clock.now(), &article);
                told.push(article);
            }
        }
    }
}

fn pair_line(app: &App, pair: &PairStatus) -> String {
    let out = &app.out;
    let kind = match pair.kind {
        Kind::Contacts => out.t("kind-contacts", &[]),
        Kind::Events => out.t("kind-events", &[]),
    };
    let when = match pair.last_success {
        Some(at) if pair.last_problem.is_some() => out.t("status-failed", &[("time", out.time(at).into())]),
        Some(at) if pair.withheld.is_some() => out.t("status-last", &[("time", out.time(at).into())]),
        Some(at) if pair.is_in_step() => out.t("status-success", &[("time", out.time(at).into())]),
        Some(at) => out.t("status-except", &[("time", out.time(at).into())]),
        None => out.t("status-never", &[]),
    };
    let counts = &pair.counts;
    let mut text = format!("  {kind} · {} · {when}", pair.name);
    let unseen = &pair.unseen;
    if unseen.total() > 0 {
        let args = [
            ("new", unseen.new.into()),
            ("changed", unseen.changed.into()),
            ("deleted", unseen.deleted.into()),
        ];
        text.push_str(&format!(" · {}", out.t("status-unseen", &args)));
    }
    if unseen.unknown {
        text.push_str(&format!(" · {}", out.t("status-unknown", &[])));
    }
    for (id, count) in [
        ("status-due", counts.due + counts.open),
        ("sync-late", pair.late),
        ("sync-held", counts.held + counts.ambiguous),
        ("sync-failed", counts.rejected + pair.nameless),
        ("status-losses", pair.losses_count),
        ("status-both", counts.both.saturating_sub(counts.aside)),
        ("status-aside", counts.aside),
        ("status-alone", counts.released),
    ] {
        if count > 0 {
            text.push_str(&format!(" · {}", out.t(id, &[("count", count.into())])));
        }
    }
    text
}

fn alone_line(app: &App, one: &Alone) -> String {
    let out = &app.out;
    let place = match one.side {
        Side::Local => out.t("alone-here", &[]),
        Side::Remote => out.t("alone-there", &[]),
    };
    let why = if one.aside {
        out.t("alone-aside", &[("id", one.id.as_str().into())])
    } else if one.undone {
        out.t("alone-undone", &[("id", one.id.as_str().into())])
    } else {
        out.t("alone-rule", &[("id", one.id.as_str().into())])
    };
    format!("{} · {} · {place}: {why}", one.user, one.summary)
}

fn lacking_line(app: &App, one: &Lacking) -> String {
    let out = &app.out;
    let place = match one.loss.side {
        Side::Local => out.t("alone-there", &[]),
        Side::Remote => out.t("alone-here", &[]),
    };
    format!("{} · {} · {place}: {}", one.user, one.loss.record, fields_of(&one.loss))
}

fn exit_of(all: &[UserStatus]) -> u8 {
    if all.iter().any(UserStatus::needs_sign_in) {
        return 4;
    }
    let pairs = || all.iter().flat_map(|user| &user.pairs);
    let problems = pairs().filter_map(PairStatus::problem);
    let worst = problems.map(|problem| exit_code(problem.code.as_str())).max().unwrap_or(0);
    if worst == 0 && all.iter().any(|user| user.waiting() + user.homeless > 0) { 3 } else { worst }
}
