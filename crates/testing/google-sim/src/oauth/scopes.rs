//! Which scopes exist, and the two spellings of some (O23).

use std::collections::BTreeSet;
use std::sync::OnceLock;

use crate::discovery::Discovery;

/// Returns the spelling that answers use.
#[must_use]
pub fn canonical(scope: &str) -> String {
    match scope {
        "email" => "https://www.googleapis.com/auth/userinfo.email".to_owned(),
        "profile" => "https://www.googleapis.com/auth/userinfo.profile".to_owned(),
        "https://www.google.com/m8/feeds" | "https://www.google.com/m8/feeds/" => {
            "https://www.googleapis.com/auth/contacts".to_owned()
        }
        other => other.to_owned(),
    }
}

/// Tells whether Google knows a scope.
#[must_use]
pub fn known(scope: &str) -> bool {
    static KNOWN: OnceLock<BTreeSet<String>> = OnceLock::new();
    let all = KNOWN.get_or_init(|| {
        let mut all: BTreeSet<String> =
            Discovery::get().methods().flat_map(|method| method.scopes.iter().cloned()).collect();
        for scope in [
            "openid",
            "https://www.googleapis.com/auth/userinfo.email",
            "https://www.googleapis.com/auth/userinfo.profile",
            "https://www.googleapis.com/auth/calendar.app.created",
        ] {
            all.insert(scope.to_owned());
        }
        all
    });
    all.contains(&canonical(scope))
}

/// Tells whether a scope is of the sign-in kind, which has no box (O40).
#[must_use]
pub fn sign_in(scope: &str) -> bool {
    matches!(
        canonical(scope).as_str(),
        "openid"
            | "https://www.googleapis.com/auth/userinfo.email"
            | "https://www.googleapis.com/auth/userinfo.profile"
    )
}

/// Splits a `scope` parameter into canonical scopes, each once.
#[must_use]
pub fn split(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    for scope in text.split_whitespace().map(canonical) {
        if !all.contains(&scope) {
            all.push(scope);
        }
    }
    all
}

/// Describes a scope to a person, in French or English.
#[must_use]
pub fn describe(scope: &str, french: bool) -> String {
    let short = scope.strip_prefix("https://www.googleapis.com/auth/").unwrap_or(scope);
    let (en, fr) = match short {
        "calendar" => (
            "See, edit, share, and permanently delete all the calendars you can access using Google Calendar",
            "Consulter, modifier, partager et supprimer définitivement tous les agendas accessibles dans Google Agenda",
        ),
        "calendar.events" => (
            "View and edit events on all your calendars",
            "Afficher et modifier les événements de tous vos agendas",
        ),
        "calendar.calendarlist.readonly" => (
            "See the list of Google calendars you're subscribed to",
            "Afficher la liste des agendas Google auxquels vous êtes abonné",
        ),
        "contacts" => (
            "See, edit, download, and permanently delete your contacts",
            "Consulter, modifier, télécharger et supprimer définitivement vos contacts",
        ),
        "contacts.readonly" => ("See and download your contacts", "Consulter et télécharger vos contacts"),
        "openid" => (
            "Associate you with your personal info on Google",
            "Vous associer à vos informations personnelles sur Google",
        ),
        "userinfo.email" => (
            "See your primary Google Account email address",
            "Afficher l'adresse e-mail principale de votre compte Google",
        ),
        "userinfo.profile" => ("See your personal info", "Consulter vos informations personnelles"),
        other => return other.to_owned(),
    };
    (if french { fr } else { en }).to_owned()
}
