//! `connect`, `account replace`, `credential replace`, `disconnect`: an app user's authorisation, from its beginning
//! to its end.

use passerelle_ports::{Clock, Code, Detail, Kind, Reason, Side};
use passerelle_service::{
    Account as Bound, AppUser, Choice, ChosenPair, Collection, Failure, Forgotten, Outcome, bound_account,
    check_binding, check_free, choose_pairs, default_apart, disconnect as give_back, find_user, forecast,
    is_shared, note_consent, pair_id, record_account, release_account,
};
use serde_json::json;

use super::{consent, guide};
use crate::{
    cli::{Account, AccountReplace, Asking, Connect, Credential, Delegation, OneUser},
    compose::{
        self, Composed,
        asking::{Consented, delegation},
    },
    context::{App, Exit, done},
    lock::Lock,
    terminal::prompt::{confirm, confirm_by_name},
};

pub async fn connect(app: &App, args: &Connect) -> Exit {
    let Connect::Google(args) = args;
    let settings = app.settings()?;
    let office = compose::office(app, &settings).await?;
    let company = &*office.office.company;
    let user = find_user(company, &args.user).await?;
    office.google.check()?;
    let bound = bound_account(company, &args.user, "google").await?;
    let expected = expected(&user, bound.as_ref());
    let entry = Entry {
        user: &args.user,
        delegation: &args.delegation,
        asking: &args.asking,
        command: "connect google",
    };
    // What is carried by hand is asked for explicitly at once: a second round would cost as much again.
    let again = bound.is_some() || args.asking.no_browser;
    let hint = bound.as_ref().map(|account| account.email.clone()).or_else(|| expected.clone());
    let consented = entry.ask(app, &office, bound.as_ref(), again, hint).await?;
    let office = as_it_is_now(app, office).await?;
    let bound = check_binding(&*office.office.company, &args.user, &consented.identity).await;
    bound.map_err(|failure| entry.named(app, failure))?;
    entry.is_meant(app, expected.as_deref(), &consented)?;
    // Safe before anything else has to be waited for.
    office.google.keep(&args.user, &consented)?;
    let _lock = Lock::wait(&settings.state_dir, || app.out.note(&app.out.t("connect-waits", &[]))).await?;
    finish(app, &office, &args.user, &args.asking, &consented).await
}

pub async fn account(app: &App, args: &Account) -> Exit {
    let Account::Replace(args) = args;
    let settings = app.settings()?;
    let office = compose::office(app, &settings).await?;
    let company = &*office.office.company;
    let user = find_user(company, &args.user).await?;
    office.google.check()?;
    let bound = bound_account(company, &args.user, "google")
        .await?
        .ok_or_else(|| Failure::new(Code::Goog211).with(Detail::User, &args.user))?;
    // The address of the account that is given up says nothing of the next one.
    let expected = expected(&user, None).filter(|address| !address.eq_ignore_ascii_case(&bound.email));
    let warning = app.out.t(
        "account-replace-ask",
        &[("user", args.user.as_str().into()), ("account", bound.email.as_str().into())],
    );
    confirm_by_name(app, &warning, &args.user, args.confirm.as_deref())?;
    let entry = Entry {
        user: &args.user,
        delegation: &args.delegation,
        asking: &args.asking,
        command: "account replace",
    };
    let consented = entry.ask(app, &office, Some(&bound), true, expected.clone()).await?;
    let office = as_it_is_now(app, office).await?;
    let free = check_free(&*office.office.company, &args.user, &consented.identity).await;
    free.map_err(|failure| entry.named(app, failure))?;
    entry.is_meant(app, expected.as_deref(), &consented)?;
    office.google.keep(&args.user, &consented)?;
    let _lock = Lock::wait(&settings.state_dir, || app.out.note(&app.out.t("connect-waits", &[]))).await?;
    replaced(app, &office, args, &bound, &consented).await
}

/// By which way a user comes in.
struct Entry<'a> {
    user: &'a str,
    delegation: &'a Delegation,
    asking: &'a Asking,
    /// The words of the command.
    command: &'static str,
}

impl Entry<'_> {
    async fn ask(
        &self,
        app: &App,
        office: &Composed,
        bound: Option<&Bound>,
        again: bool,
        hint: Option<String>,
    ) -> Outcome<Consented> {
        let asked = match (&self.delegation.service_account, &self.delegation.subject) {
            (Some(key), Some(subject)) => delegated(app, office, &consent::read(key)?, subject).await,
            _ => {
                let client = client(app, office, self.user, self.asking, bound)?;
                let request = consent::Request { client: &client, again, hint };
                // The lock is not held meanwhile: runs go on, and others may consent at the same time.
                consent::ask(app, self.asking, &office.google, request).await
            }
        };
        asked.map_err(|failure| self.named(app, failure))
    }

    /// Asks whether an account of another address than the expected one is meant. One that was named is.
    fn is_meant(&self, app: &App, expected: Option<&str>, consented: &Consented) -> Result<(), Failure> {
        let account = consented.identity.email.as_str();
        let Some(expected) = expected.filter(|address| !address.eq_ignore_ascii_case(account)) else {
            return Ok(());
        };
        if self.delegation.subject.is_some() {
            return Ok(());
        }
        let words = [("account", account.into()), ("expected", expected.into()), ("user", self.user.into())];
        match confirm(app, &app.out.t("connect-other-address", &words))? {
            true => Ok(()),
            false => Err(Failure::new(Code::Int101)),
        }
    }

    /// Says of a failure that it met somebody who was connecting: the cure is to connect again, by the same way.
    fn named(&self, app: &App, failure: Failure) -> Failure {
        let failure = failure
            .or_with(Detail::User, self.user)
            .with(Detail::Connecting, "yes")
            .with(Detail::Connect, self.command);
        match &self.delegation.subject {
            Some(asked) => {
                let way = |subject: &str| format!("--service-account key.json --subject {subject}");
                let bound = failure.word("bound").unwrap_or_else(|| asked.clone());
                failure.with(Detail::Way, way(&bound)).with(Detail::OtherWay, way(asked))
            }
            None => {
                let failure = failure
                    .with(Detail::Wait, app.out.t("connect-limit", &[("seconds", self.asking.wait.into())]));
                match &self.asking.client {
                    Some(file) => failure.with(Detail::Way, format!("--client {}", file.display())),
                    None => failure,
                }
            }
        }
    }
}

/// The address that a first consent is expected from: what the company wrote down of the person.
fn expected(user: &AppUser, bound: Option<&Bound>) -> Option<String> {
    Some(user.email.trim()).filter(|address| bound.is_none() && !address.is_empty()).map(str::to_owned)
}

/// Opens everything again if the vault got another key while a person was asked: a consent that was given is not lost.
async fn as_it_is_now(app: &App, office: Composed) -> Outcome<Composed> {
    match office.google.follow() {
        Ok(()) => Ok(office),
        Err(_) => compose::office(app, &app.settings()?).await,
    }
}

/// The new account is safe before the old one is let go.
async fn replaced(
    app: &App,
    office: &Composed,
    args: &AccountReplace,
    bound: &Bound,
    consented: &Consented,
) -> Exit {
    let company = &*office.office.company;
    if bound.subject != consented.identity.subject {
        release_account(company, bound).await?;
        let shared = is_shared(company, bound).await?;
        let gone = office.office.provider.forget(bound, shared).await.unwrap_or_default();
        app.out.note(&app.out.t(given_back(gone), &[("account", bound.email.as_str().into())]));
    }
    finish(app, office, &args.user, &args.asking, consented).await
}

/// Records the account, chooses what is kept in step, and says what was granted and for how long.
async fn finish(app: &App, office: &Composed, user: &str, asking: &Asking, consented: &Consented) -> Exit {
    let company = &*office.office.company;
    let known = bound_account(company, user, "google").await?.is_some();
    let account = record_account(company, &*app.ids, user, &consented.identity).await?;
    note_consent(company, &account, &consented.term).await?;
    if !known {
        let id = if consented.is_delegated() { "connect-key-moved" } else { "connect-secret-moved" };
        app.out.note(&app.out.t(id, &[]));
    }
    app.out.result(
        &app.out
            .t("connect-authorised", &[("account", account.email.as_str().into()), ("user", user.into())]),
    );
    for scope in &consented.missing {
        let failure = Failure::new(Code::Goog202).with(Detail::User, user).with(Detail::Scope, *scope);
        app.out.failure(&failure, app.clock.now());
    }
    tell_forecast(app, office, &account).await?;
    let whole = choose(app, office, &account, asking, known).await? && consented.missing.is_empty();
    app.out.note(&app.out.t("connect-next", &[("user", user.into())]));
    app.out.line(
        "connected",
        app.clock.now(),
        &json!({ "user": user, "account": account.email, "missing": consented.missing }),
    );
    done(app, if whole { 0 } else { 3 })
}

/// Chooses what is kept in step; tells whether everything could be asked for. What Google refuses to list is told, and
/// the rest goes on.
async fn choose(
    app: &App,
    office: &Composed,
    account: &Bound,
    asking: &Asking,
    renewed: bool,
) -> Outcome<bool> {
    let company = &*office.office.company;
    let provider = &office.office.provider;
    let offered = provider
        .collections(account)
        .await
        .map_err(|error| Failure::of_port(Side::Remote, error).or_with(Detail::User, &account.user))?;
    let mut whole = offered.refused.is_none();
    let named = !asking.calendars.is_empty();
    let mut choice = Choice {
        calendars: asking.calendars.clone(),
        without_contacts: asking.no_contacts,
        // Which one is meant can be said once they can be listed.
        without_calendars: named && !whole,
        renewed,
    };
    if let Some(error) = offered.refused {
        let failure = Failure::of_port(Side::Remote, error).or_with(Detail::User, &account.user);
        app.out.failure(&failure, app.clock.now());
        if named {
            app.out.note(&app.out.t("connect-calendars-later", &[("user", account.user.as_str().into())]));
        }
    }
    let mut chosen = choose_pairs(company, account, &offered.collections, &choice).await;
    if let Err(failure) = &chosen
        && [Code::Use111, Code::Use119, Code::Sync107].contains(&failure.code())
    {
        // The consent is kept: only the calendar has to be named again.
        app.out.failure(failure, app.clock.now());
        app.out.note(&app.out.t("connect-calendars-later", &[("user", account.user.as_str().into())]));
        whole = false;
        choice.without_calendars = true;
        chosen = choose_pairs(company, account, &offered.collections, &choice).await;
    }
    let chosen = chosen?;
    for pair in &chosen {
        let id = match (pair.kind, provider.withheld(account, pair.kind)) {
            (_, Some(_)) => "connect-pair-withheld",
            (Kind::Contacts, None) => "connect-pair-contacts",
            (Kind::Events, None) => "connect-pair-events",
        };
        app.out.result(&app.out.t(id, &[("name", pair.name.as_str().into())]));
        app.out.line("pair", app.clock.now(), pair);
    }
    tell_others(app, account, &offered.collections, &chosen);
    if let Some(apart) = default_apart(company, &account.user).await? {
        let words = [("name", apart.name.as_str().into()), ("user", account.user.as_str().into())];
        app.out.note(&app.out.t("connect-default-apart", &words));
    }
    Ok(whole)
}

/// The calendars that could be chosen beside these.
fn tell_others(app: &App, account: &Bound, offered: &[Collection], chosen: &[ChosenPair]) {
    let calendars = || offered.iter().filter(|collection| collection.kind == Kind::Events);
    let mut others = Vec::new();
    for calendar in calendars() {
        let is_chosen = chosen.iter().any(|pair| pair.pair == pair_id(account, calendar));
        let line = json!({ "user": account.user, "id": calendar.id, "name": calendar.name,
                           "writable": calendar.writable, "chosen": is_chosen });
        app.out.line("calendar", app.clock.now(), &line);
        if !is_chosen {
            let is_twice = calendars().filter(|other| other.name == calendar.name).count() > 1;
            others.push(if is_twice { calendar.id.clone() } else { calendar.name.clone() });
        }
    }
    if !others.is_empty() {
        let words = [("names", others.join(", ").into()), ("user", account.user.as_str().into())];
        app.out.note(&app.out.t("connect-other-calendars", &words));
    }
}

/// Seven days in "Testing" are said at once, not on the eighth day.
async fn tell_forecast(app: &App, office: &Composed, account: &Bound) -> Outcome<()> {
    let Some(forecast) = forecast(&*office.office.company, account).await? else { return Ok(()) };
    let ends = app.out.time(forecast.ends);
    let article = app.out.article(&forecast.warning(&account.user).with(Detail::Ends, ends));
    app.out.warn(&article);
    app.out.line("warning", app.clock.now(), &article);
    Ok(())
}

/// The client's text: the file that was given, the one that the vault holds from before, or a guided way to one.
fn client(
    app: &App,
    office: &Composed,
    user: &str,
    asking: &Asking,
    bound: Option<&Bound>,
) -> Outcome<String> {
    if let Some(file) = &asking.client {
        return consent::read(file);
    }
    // One that does not open any more is asked for anew.
    if let Some(bound) = bound
        && let Ok(Some(text)) = office.google.known_client(bound)
    {
        return Ok(text);
    }
    if app.out.no_input || app.out.json {
        return Err(Failure::new(Code::Use108).with(Detail::Reason, Reason::Verbatim("--client".to_owned())));
    }
    let text = guide::client(app, user)?;
    guide::tell_client(app, &text)?;
    Ok(text)
}

async fn delegated(app: &App, office: &Composed, key: &str, subject: &str) -> Outcome<Consented> {
    let (client, scopes) = delegation(key)?;
    app.out.note(
        &app.out.t(
            "connect-delegation",
            &[("client", client.as_str().into()), ("scopes", scopes.as_str().into())],
        ),
    );
    app.out.note("     https://admin.google.com/ac/owl/domainwidedelegation");
    office.google.delegate(key, subject).await
}

pub async fn credential(app: &App, args: &Credential) -> Exit {
    let Credential::Replace(args) = args;
    let settings = app.settings()?;
    let _lock = Lock::take(&settings.state_dir)?;
    let office = compose::office(app, &settings).await?;
    let company = &*office.office.company;
    find_user(company, &args.user).await?;
    let bound = bound_account(company, &args.user, "google")
        .await?
        .ok_or_else(|| Failure::new(Code::Goog211).with(Detail::User, &args.user))?;
    office.google.replace_client(&bound, &consent::read(&args.client)?).await?;
    app.out.result(&app.out.t("credential-replaced", &[("user", args.user.as_str().into())]));
    done(app, 0)
}

pub async fn disconnect(app: &App, args: &OneUser) -> Exit {
    let settings = app.settings()?;
    let _lock = Lock::take(&settings.state_dir)?;
    let office = compose::office(app, &settings).await?;
    let question = app.out.t("disconnect-ask", &[("user", args.user.as_str().into())]);
    find_user(&*office.office.company, &args.user).await?;
    if !confirm(app, &question)? {
        return done(app, 0);
    }
    let done_with = give_back(&*office.office.company, &*office.office.provider, &args.user).await?;
    let account = done_with.account.as_str();
    app.out.result(&app.out.t(given_back(done_with.forgotten), &[("account", account.into())]));
    app.out.note(&app.out.t("disconnected-kept", &[]));
    app.out.line("disconnected", app.clock.now(), &done_with);
    done(app, 0)
}

/// What is said of an authorisation that was given back, as far as that went.
fn given_back(forgotten: Forgotten) -> &'static str {
    match forgotten {
        Forgotten { revoked: true, .. } => "disconnected-revoked",
        Forgotten { shared: true, delegated: false, .. } => "disconnected-shared",
        Forgotten { delegated: true, .. } => "disconnected-delegation",
        _ => "disconnected-unreachable",
    }
}
