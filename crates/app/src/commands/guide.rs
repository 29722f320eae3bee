//! The walk through Google's console, for whoever has no client yet: what each step is for, and the exact page.

use std::path::{Path, PathBuf};

use passerelle_service::Outcome;

use super::{confirm, consent, typed};
use crate::{compose::asking::parsed, start::App};

const PROJECT: &str = "https://console.cloud.google.com/projectcreate";
const CALENDAR_API: &str = "https://console.cloud.google.com/apis/library/calendar-json.googleapis.com";
const PEOPLE_API: &str = "https://console.cloud.google.com/apis/library/people.googleapis.com";
const BRANDING: &str = "https://console.cloud.google.com/auth/overview";
const AUDIENCE: &str = "https://console.cloud.google.com/auth/audience";
const SCOPES: &str = "https://console.cloud.google.com/auth/scopes";
const CLIENTS: &str = "https://console.cloud.google.com/auth/clients/create";

/// Asks the two questions that there are, shows the steps between them, and returns the client's text.
pub fn client(app: &App, user: &str) -> Outcome<String> {
    let out = &app.out;
    let workspace = confirm(app, &out.t("guide-ask-workspace", &[("user", user.into())]))?;
    out.ask(&out.t(if workspace { "guide-internal" } else { "guide-external" }, &[]));
    out.ask(&out.t("guide-skip", &[]));
    for (id, pages) in [
        ("guide-project", &[PROJECT][..]),
        ("guide-apis", &[CALENDAR_API, PEOPLE_API]),
        ("guide-branding", &[BRANDING]),
        (if workspace { "guide-audience-internal" } else { "guide-audience-external" }, &[AUDIENCE]),
        ("guide-scopes", &[SCOPES]),
        ("guide-client", &[CLIENTS]),
    ] {
        out.ask(&out.t(id, &[]));
        for page in pages {
            out.ask(&format!("     {page}"));
        }
    }
    if !workspace {
        out.ask(&out.t("guide-warning-page", &[]));
    }
    loop {
        let answer = typed(&out.t("guide-ask-file", &[]))?;
        let file = expanded(&answer, app.home());
        match consent::read(&file).and_then(|text| parsed(&text).map(|_| text)) {
            Ok(text) => return Ok(text),
            // Said, and asked again: a wrong file is no reason to begin anew.
            Err(failure) => out.failure(&failure, passerelle_ports::Clock::now(&*app.clock)),
        }
    }
}

/// Says what was recognised in the client's file.
pub fn tell_client(app: &App, text: &str) -> Outcome<()> {
    let client = parsed(text)?;
    let project = client.project_id.unwrap_or_else(|| "?".to_owned());
    app.out.note(&app.out.t("guide-client-good", &[("project", project.into())]));
    Ok(())
}

/// A path as people give it: dragged into the window, in quotes, with a tilde.
fn expanded(answer: &str, home: Option<PathBuf>) -> PathBuf {
    let plain = answer.trim().trim_matches(['"', '\'']).replace("\\ ", " ");
    match (plain.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => Path::new(&plain).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_taken_as_people_give_it() {
        for (answer, expected) in [
            ("~/Downloads/x.json", "/home/alice/Downloads/x.json"),
            (" '/tmp/a b.json' ", "/tmp/a b.json"),
            ("/tmp/a\\ b.json", "/tmp/a b.json"),
        ] {
            assert_eq!(expanded(answer, Some("/home/alice".into())), Path::new(expected), "{answer}");
        }
    }
}
