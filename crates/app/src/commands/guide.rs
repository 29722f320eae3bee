//! The walk through Google's console, for whoever has no client yet: what each step is for, and the exact page.

use std::path::{Path, PathBuf};

use passerelle_service::Outcome;

use super::consent;
use crate::{
    compose::asking::parsed,
    context::App,
    terminal::prompt::{confirm, typed},
};

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
    fn the_walk_and_the_guide_name_the_same_buttons_and_the_guide_has_every_code() {
        use passerelle_texts::{Lang, codes, t};
        let steps = [
            "guide-internal",
            "guide-external",
            "guide-project",
            "guide-apis",
            "guide-branding",
            "guide-audience-internal",
            "guide-audience-external",
            "guide-scopes",
            "guide-client",
            "guide-warning-page",
        ];
        for (lang, guide, open, close) in [
            (Lang::En, include_str!("../../../../docs/how-to/google-setup.en.md"), "\"", "\""),
            (Lang::Fr, include_str!("../../../../docs/how-to/google-setup.fr.md"), "« ", " »"),
        ] {
            let guide = guide.split_whitespace().collect::<Vec<_>>().join(" ");
            let plain = guide.to_lowercase();
            for step in steps {
                let text = t(lang, step, &[]).replace(['\u{a0}', '\u{202f}'], " ");
                let mut rest = text.as_str();
                while let Some((button, after)) =
                    rest.split_once(open).and_then(|(_, after)| after.split_once(close))
                {
                    assert!(plain.contains(&button.to_lowercase()), "{lang} {step}: {button}");
                    rest = after;
                }
            }
            let google = |code: &&str| code.starts_with("GOOG-1") || code.starts_with("GOOG-2");
            for code in codes().filter(google) {
                assert!(guide.contains(&format!("| {code} |")), "{lang}: {code}");
            }
        }
    }

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
