//! `authorize`: consents here for a server without a browser. Nothing is kept here: the code leaves sealed, and only
//! the server that asked can open it.

use std::time::Duration;

use passerelle_ports::{Clock, InstallationId};
use serde_json::json;

use super::consent;
use crate::{
    cli::{Authorize, AuthorizeGoogle},
    compose::{self, asking::check_key},
    context::{App, Exit, done},
};

pub async fn run(app: &App, args: &Authorize) -> Exit {
    let Authorize::Google(args) = args;
    check_key(&args.key)?;
    let settings = app.new_settings()?;
    let google = compose::google(app, &settings, InstallationId::new("elsewhere"))?;
    let client = consent::read(&args.client)?;
    // Explicitly: whoever consented to this client before would get no lasting authorisation, and the server would
    // have to ask for everything once more.
    let asked = google.ask_again(&client, args.account.clone(), Duration::from_secs(args.wait)).await?;
    tell(app, args, asked.address());
    let sealed = asked.wait_for_code(&args.key, &mut consent::typed_lines()).await?;
    app.out.note(&app.out.t("authorize-done", &[]));
    app.out.result(&sealed);
    app.out.line("sealed", app.clock.now(), &json!({ "code": sealed }));
    done(app, 0)
}

fn tell(app: &App, args: &AuthorizeGoogle, address: &str) {
    app.out.line("open", app.clock.now(), &json!({ "url": address }));
    let opened = !args.no_browser && consent::open_browser(address);
    app.out.ask(&app.out.t(if opened { "connect-open" } else { "connect-open-yourself" }, &[]));
    app.out.ask(&format!("  {address}"));
    app.out.note(&app.out.t("connect-boxes", &[]));
}
