//! The stage of the story: a company in a folder, a pretend Google, an app user who is connected.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result};
use passerelle_calendar::Event;
use passerelle_contacts::Contact;
use passerelle_google_sim::{Sim, SimOptions};
use passerelle_ports::{Clock, Code, Detail, Reason, Side};
use passerelle_service::{
    AppUser, Choice, Failure, LoadHow, Outcome, SyncReport, SyncRequest, add_user, choose_pairs,
    record_account, sync,
};
use serde_json::{Value, json};

use super::{browser, company, phone::Phone};
use crate::{
    commands::init,
    compose::{self, Composed},
    context::App,
    keys::Settings,
    terminal::progress::Bar,
};

/// The app user of the story.
pub const USER: &str = "camille";
/// Camille's account at the pretend Google.
pub const ACCOUNT: &str = "camille.durand@demo.example";
/// The company's own client, as Google's console would give it.
const CLIENT: &str = r#"{"installed":{"client_id":"demo.apps.googleusercontent.com","project_id":"demo",
    "client_secret":"only-a-demonstration","redirect_uris":["http://localhost"]}}"#;

/// Everything the story plays with.
pub struct Stage<'a> {
    /// Where it speaks.
    pub app: &'a App,
    /// The company, the provider and the rules.
    pub composed: Composed,
    settings: Settings,
    sim: Sim,
    folder: PathBuf,
}

impl<'a> Stage<'a> {
    /// Makes the company, the pretend Google and the connection between them.
    pub async fn set(app: &'a App, folder: &Path) -> Outcome<Stage<'a>> {
        let broken =
            |error: std::io::Error| Failure::new(Code::Bug101).with(Detail::Operation, "demo").because(error);
        let folder = std::path::absolute(folder).map_err(broken)?;
        if folder.read_dir().is_ok_and(|mut files| files.next().is_some()) {
            let reason = app.out.t("demo-not-empty", &[]);
            return Err(Failure::new(Code::Use106)
                .with(Detail::File, folder.display().to_string())
                .with(Detail::Reason, Reason::Verbatim(reason)));
        }
        let options =
            SimOptions { auto_consent: true, accounts: vec![ACCOUNT.to_owned()], ..SimOptions::default() };
        let sim = Sim::start(options).await.map_err(broken)?;
        let settings = settings(&folder, sim.url())?;
        compose::private_directory(&folder)?;
        compose::install(app, &settings).await?;
        init::write_file(&settings)?;
        let composed = compose::office(app, &settings).await?;
        let stage = Stage { app, composed, settings, sim, folder };
        stage.people().await?;
        stage.connect().await?;
        Ok(stage)
    }

    /// Fills the company's tables and the phone.
    async fn people(&self) -> Outcome<()> {
        let company = &*self.composed.office.company;
        add_user(
            company,
            &AppUser { id: USER.to_owned(), name: "Camille Durand".to_owned(), email: ACCOUNT.to_owned() },
        )
        .await?;
        let contacts: Vec<Contact> = company::contacts();
        let events: Vec<Event> = company::events();
        let how = LoadHow::default();
        company.load_contacts(None, contacts.iter().map(|one| (one.clone(), None)).collect(), &how).await?;
        company.load_events(USER, events.iter().map(|one| (one.clone(), None)).collect(), &how).await?;
        let phone = self.phone();
        let typed = || -> Result<()> {
            // A third of the contacts and a quarter of the plain appointments are on the phone already, and
            // a few more of each that the company does not know.
            for contact in contacts.iter().step_by(3).chain(&company::only_on_the_phone()) {
                phone.add_contact(contact)?;
            }
            let plain = events.iter().filter(|event| event.recurrence_overrides.is_empty());
            for event in plain.step_by(4).chain(&company::only_in_the_phones_calendar()) {
                phone.add_event(event)?;
            }
            Ok(())
        };
        typed().map_err(failed)
    }

    /// Camille consents: the real flow, with a browser that is played.
    async fn connect(&self) -> Outcome<()> {
        let (office, google) = (&self.composed.office, &self.composed.google);
        let asked = google.ask(CLIENT, Some(ACCOUNT.to_owned()), Duration::from_secs(30)).await?;
        let address = asked.address().to_owned();
        let (visited, consented) = tokio::join!(browser::consent(&self.sim, &address), asked.wait());
        visited.map_err(failed)?;
        let consented = consented?;
        google.keep(USER, &consented)?;
        let account = record_account(&*office.company, &*self.app.ids, USER, &consented.identity).await?;
        let offered = office
            .provider
            .collections(&account)
            .await
            .map_err(|error| Failure::of_port(Side::Remote, error))?;
        choose_pairs(&*office.company, &account, &offered.collections, &Choice::default()).await?;
        Ok(())
    }

    /// Camille's phone.
    pub fn phone(&self) -> Phone<'_> {
        Phone::new(&self.sim, ACCOUNT)
    }

    /// Runs SQL statements in the company's database, as any other program would.
    pub async fn sql(&self, statements: &str) -> Result<()> {
        Ok(compose::sql(&self.settings, statements).await?)
    }

    /// Synchronises, or looks at what that would do.
    pub async fn sync(&self, dry_run: bool) -> Result<SyncReport> {
        let request = SyncRequest { dry_run, ..SyncRequest::default() };
        Ok(sync(&self.composed.office, &request, &Bar::new(self.app)).await?)
    }

    /// How many mails the pretend Google would have sent to guests, whatever we believe.
    pub fn guest_mails(&self) -> usize {
        self.sim.with(|core| core.mails().len())
    }

    /// How many requests of a method the pretend Google has seen since the last time it was asked to forget.
    pub fn requests(&self, method: &str) -> u64 {
        self.sim.with(|core| core.counts().get(method).copied().unwrap_or_default())
    }

    /// Makes the pretend Google forget what it counted.
    pub fn forget_requests(&self) {
        self.sim.with(passerelle_google_sim::Core::reset_counts);
    }

    /// Leaves what a person needs to look around, and says how.
    pub fn keep(&self) -> Result<()> {
        let state: Value = self.sim.with(|core| core.dump());
        std::fs::write(self.folder.join("google.json"), serde_json::to_vec_pretty(&state)?)
            .context("the pretend Google's state could not be written")?;
        let out = &self.app.out;
        let (folder, config) = (self.folder.display().to_string(), self.settings.file.display().to_string());
        out.result(
            &out.t("demo-kept", &[("folder", folder.clone().into()), ("config", config.clone().into())]),
        );
        let database = self.settings.database.path.display().to_string();
        let kept = json!({ "folder": folder, "config": config, "database": database });
        out.line("kept", self.app.clock.now(), &kept);
        Ok(())
    }

    /// Leaves the pretend Google running until Ctrl-C, for those who want to look at it too.
    pub async fn serve(&self) {
        let scopes = ["https://www.googleapis.com/auth/calendar", "https://www.googleapis.com/auth/contacts"];
        let (token, _) = self.sim.with(|core| core.issue_token(ACCOUNT, "a-visitor", &scopes));
        let out = &self.app.out;
        out.result(&out.t("demo-serving", &[("url", self.sim.url().into())]));
        // A token of the pretend Google opens nothing but the pretend Google.
        let serving = json!({ "url": self.sim.url(), "account": ACCOUNT, "token": token });
        out.line("serving", self.app.clock.now(), &serving);
        let _ = tokio::signal::ctrl_c().await;
    }
}

/// The settings of an installation that lies wholly in one folder.
fn settings(folder: &Path, google: &str) -> Outcome<Settings> {
    let mut settings = Settings::built_in()?;
    settings.file = folder.join("config.toml");
    settings.state_dir = folder.to_owned();
    settings.database.path = folder.join("passerelle.db");
    settings.vault.dir = folder.join("vault");
    settings.vault.key_file = folder.join("vault.key");
    settings.google.endpoint = google.to_owned();
    Ok(settings)
}

/// The story is our own: whatever goes wrong in it is our fault, and says so.
pub fn failed(error: anyhow::Error) -> Failure {
    Failure::new(Code::Bug101)
        .with(Detail::Operation, "demo")
        .because(std::io::Error::other(format!("{error:#}")))
}
