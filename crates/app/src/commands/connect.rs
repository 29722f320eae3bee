//! `connect` and `disconnect`: an app user's consent, and giving it back.

use std::{fs, time::Duration};

use passerelle_ports::{Clock, Kind, Side};
use passerelle_service::{
    Choice, Failure, Outcome, bound_account, check_binding, choose_pairs, disconnect as give_back, find_user,
    record_account,
};
use serde_json::json;

use super::{Exit, confirm, done};
use crate::{
    cli::{Connect, ConnectGoogle, OneUser},
    compose::{
        self,
        google::{Consented, Google},
    },
    lock::Lock,
    start::App,
};

pub async fn connect(app: &App, args: &Connect) -> Exit {
    let Connect::Google(args) = args;
    let settings = app.settings()?;
    let _lock = Lock::take(&settings.path("state_dir"))?;
    let office = compose::office(app, &settings).await?;
    let company = &*office.office.company;
    find_user(company, &args.user).await?;
    let client = read_client(args)?;
    let bound = bound_account(company, &args.user, "google").await?;
    let consented = consent(app, args, &office.google, &client, bound.map(|account| account.email)).await?;
    check_binding(company, &args.user, &consented.identity).await?;
    let known = bound_account(company, &args.user, "google").await?;
    office.google.keep(&args.user, &consented)?;
    let account = record_account(company, &*app.ids, &args.user, &consented.identity).await?;
    if known.is_none() {
        app.out.note(&app.out.t("connect-secret-moved", &[]));
    }
    app.out.result(&app.out.t(
        "connect-authorised",
        &[("account", account.email.as_str().into()), ("user", args.user.as_str().into())],
    ));
    let missing = tell_scopes(app, args, &consented);
    let offered = office
        .office
        .provider
        .collections(&account)
        .await
        .map_err(|error| Failure::of_port(Side::Remote, error).or_with("user", &args.user))?;
    let choice = Choice { calendars: args.calendars.clone(), without_contacts: args.no_contacts };
    let chosen = choose_pairs(company, &account, &offered, &choice).await?;
    for pair in &chosen {
        let id = match pair.kind {
            Kind::Contacts => "connect-pair-contacts",
            Kind::Events => "connect-pair-events",
        };
        app.out.result(&app.out.t(id, &[("name", pair.name.as_str().into())]));
        app.out.line("pair", app.clock.now(), pair);
    }
    app.out.note(&app.out.t("connect-next", &[("user", args.user.as_str().into())]));
    app.out.line(
        "connected",
        app.clock.now(),
        &json!({ "user": args.user, "account": account.email, "missing": missing }),
    );
    done(app, if missing.is_empty() { 0 } else { 3 })
}

/// Asks for consent; once more, and explicitly, where Google gave no lasting authorisation (O16).
async fn consent(
    app: &App,
    args: &ConnectGoogle,
    google: &Google,
    client: &str,
    hint: Option<String>,
) -> Outcome<Consented> {
    let limit = Duration::from_secs(args.wait);
    let named = |failure: Failure| failure.or_with("user", &args.user);
    // Whoever consented before is asked explicitly at once: Google would give no refresh token otherwise.
    let asked = match &hint {
        None => google.ask(client, None, limit).await?,
        Some(_) => google.ask_again(client, hint.clone(), limit).await?,
    };
    show_address(app, args, asked.address());
    match asked.wait().await {
        Err(failure) if failure.code() == "GOOG-207" => {
            app.out.note(&app.out.t("connect-once-more", &[]));
            let asked = google.ask_again(client, hint, limit).await?;
            show_address(app, args, asked.address());
            asked.wait().await.map_err(named)
        }
        result => result.map_err(named),
    }
}

fn read_client(args: &ConnectGoogle) -> Outcome<String> {
    fs::read_to_string(&args.client).map_err(|error| {
        Failure::new("USE-106")
            .with("file", args.client.display().to_string())
            .with("reason", error.to_string())
            .because(error)
    })
}

/// The address is always printed: a browser that does not open must not be the end.
fn show_address(app: &App, args: &ConnectGoogle, address: &str) {
    app.out.line("open", app.clock.now(), &json!({ "url": address }));
    let opening = if args.no_browser { "connect-open-yourself" } else { "connect-open" };
    app.out.ask(&app.out.t(opening, &[]));
    app.out.ask(&format!("  {address}"));
    app.out.note(&app.out.t("connect-boxes", &[]));
    if !args.no_browser && open::that_detached(address).is_err() {
        app.out.note(&app.out.t("connect-no-browser", &[]));
    }
}

/// Says what was granted, and what not; what is missing disables that part alone.
fn tell_scopes(app: &App, args: &ConnectGoogle, consented: &Consented) -> Vec<&'static str> {
    for scope in &consented.missing {
        let failure = Failure::new("GOOG-202").with("user", &args.user).with("scope", *scope);
        app.out.failure(&failure, app.clock.now());
    }
    consented.missing.clone()
}

pub async fn disconnect(app: &App, args: &OneUser) -> Exit {
    let settings = app.settings()?;
    let _lock = Lock::take(&settings.path("state_dir"))?;
    let office = compose::office(app, &settings).await?;
    let question = app.out.t("disconnect-ask", &[("user", args.user.as_str().into())]);
    find_user(&*office.office.company, &args.user).await?;
    if !confirm(app, &question)? {
        return done(app, 0);
    }
    let done_with = give_back(&*office.office.company, &*office.office.provider, &args.user).await?;
    let account = done_with.account.as_str();
    let id = if done_with.forgotten.revoked { "disconnected-revoked" } else { "disconnected-unreachable" };
    app.out.result(&app.out.t(id, &[("account", account.into())]));
    app.out.note(&app.out.t("disconnected-kept", &[]));
    app.out.line("disconnected", app.clock.now(), &done_with);
    done(app, 0)
}
