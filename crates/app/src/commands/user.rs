//! `user`: the people whose data is kept in step.

use passerelle_ports::Clock;
use passerelle_service::{AccountState, AppUser, add_user};
use serde_json::json;

use crate::{
    cli::{User, UserAdd},
    compose,
    context::{App, Exit, done},
    lock::Lock,
};

pub async fn run(app: &App, args: &User) -> Exit {
    match args {
        User::Add(args) => add(app, args).await,
        User::List => list(app).await,
    }
}

async fn add(app: &App, args: &UserAdd) -> Exit {
    let settings = app.settings()?;
    let _lock = Lock::take(&settings.state_dir)?;
    let company = compose::company(&settings).await?;
    let name = args.name.clone().unwrap_or_else(|| args.login.clone());
    let user = AppUser { id: args.login.clone(), name, email: args.email.clone().unwrap_or_default() };
    add_user(&*company, &user).await?;
    app.out.result(&app.out.t("user-added", &[("user", user.id.as_str().into())]));
    app.out.note(&app.out.t("user-added-next", &[("user", user.id.as_str().into())]));
    app.out.line("user", app.clock.now(), &user);
    done(app, 0)
}

async fn list(app: &App) -> Exit {
    let settings = app.settings()?;
    let company = compose::company(&settings).await?;
    let accounts = company.accounts().await?;
    for user in company.users().await? {
        let account = accounts
            .iter()
            .find(|account| account.user == user.id && account.state != AccountState::Disconnected);
        let shown = match account {
            None => app.out.t("account-none", &[]),
            Some(account) if account.state == AccountState::Reconnect => {
                app.out.t("account-reconnect", &[("account", account.email.as_str().into())])
            }
            Some(account) => account.email.clone(),
        };
        app.out.result(&format!("{}  {}  {shown}", user.id, user.name));
        app.out.line(
            "user",
            app.clock.now(),
            &json!({ "id": user.id, "name": user.name, "email": user.email, "account": account.map(|account| &account.email),
                     "state": account.map(|account| account.state) }),
        );
    }
    done(app, 0)
}
