//! The pages a person sees, in French or English.

use super::Project;
use super::authorize::{Ask, rows};
use crate::wire::{Request, Response, find};

/// The language of a page.
pub(crate) struct Texts {
    french: bool,
}

impl Texts {
    /// Chooses by `hl`, then `Accept-Language`, then the start option.
    pub(crate) fn choose(request: &Request, default: &str) -> Self {
        let form = request.form();
        let language = find(&form, "hl").or_else(|| request.header("accept-language")).unwrap_or(default);
        let wanted = if language.is_empty() { default } else { language };
        Self { french: wanted.to_lowercase().starts_with("fr") }
    }

    fn pick(&self, english: &'static str, french: &'static str) -> &'static str {
        if self.french { french } else { english }
    }

    pub(super) fn not_a_tester(&self) -> &'static str {
        self.pick(
            "The app is currently being tested, and can only be accessed by developer-approved testers.",
            "L'application est en cours de test : seuls les testeurs approuvés par le développeur y ont accès.",
        )
    }

    pub(super) fn internal_only(&self) -> &'static str {
        self.pick(
            "This client is restricted to users within its organization.",
            "Ce client est réservé aux utilisateurs de son organisation.",
        )
    }
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem;color:#202124}\
fieldset{border:1px solid #dadce0;border-radius:8px;margin:1rem 0;padding:.75rem 1rem}label{display:block;margin:.4rem 0}\
button{font:inherit;padding:.5rem 1.2rem;border-radius:4px;border:1px solid #747775;background:#fff;margin-right:.5rem}\
button.primary{background:#0b57d0;color:#fff;border-color:#0b57d0}.note{color:#5f6368}input[type=email]{font:inherit;width:100%}";

/// Escapes text for HTML.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn frame(texts: &Texts, title: &str, inner: &str) -> String {
    let language = texts.pick("en", "fr");
    let note = texts.pick(
        "This is a pretend Google for tests and demonstrations. It never talks to Google.",
        "Ceci est un faux Google pour les essais et les démonstrations. Il ne parle jamais à Google.",
    );
    format!(
        "<!doctype html><html lang=\"{language}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <style>{STYLE}</style></head><body><main>{inner}<p class=\"note\">{note}</p></main></body></html>"
    )
}

/// Shows an error that the program never hears of (O60).
pub(super) fn error(texts: &Texts, status: u16, code: &str, text: &str) -> Response {
    let title = texts.pick("Access blocked", "Accès bloqué");
    let label = texts.pick("Error", "Erreur");
    let inner = format!(
        "<h1>{title}</h1><p>{}</p><p class=\"note\">{label} {status}: {}</p>",
        escape(text),
        escape(code)
    );
    Response::html(status, &frame(texts, title, &inner))
}

/// Shows the consent form.
pub(super) fn consent(
    texts: &Texts,
    ask: &Ask,
    request: &Request,
    accounts: &[String],
    project: &Project,
) -> Response {
    let app = escape(&project.app_name);
    let title = texts.pick("Sign in with Google", "Se connecter avec Google");
    let wants = texts.pick("wants access to your Google Account", "souhaite accéder à votre compte Google");
    let mut inner = format!("<h1>{title}</h1><p><strong>{app}</strong> {wants}</p>");
    if project.unverified_warning {
        let warning =
            texts.pick("Google hasn't verified this app.", "Google n'a pas validé cette application.");
        inner.push_str(&format!("<p role=\"alert\">⚠ {warning}</p>"));
    }
    inner.push_str("<form method=\"post\" action=\"/o/oauth2/v2/auth/decision\">");
    for (name, value) in &request.query {
        inner.push_str(&format!(
            "<input type=\"hidden\" name=\"{}\" value=\"{}\">",
            escape(name),
            escape(value)
        ));
    }
    inner.push_str(&account_rows(texts, ask, accounts));
    inner.push_str(&scope_rows(texts, ask));
    inner.push_str(&format!(
        "<button name=\"decision\" value=\"cancel\">{}</button>\
         <button class=\"primary\" name=\"decision\" value=\"allow\">{}</button></form>",
        texts.pick("Cancel", "Annuler"),
        texts.pick("Continue", "Continuer")
    ));
    Response::html(200, &frame(texts, title, &inner))
}

fn account_rows(texts: &Texts, ask: &Ask, accounts: &[String]) -> String {
    let legend = texts.pick("Choose an account", "Choisissez un compte");
    let other = texts.pick("Use another account", "Utiliser un autre compte");
    let hint = ask.login_hint.clone().unwrap_or_default();
    let mut rows = format!("<fieldset><legend>{legend}</legend>");
    let mut listed = accounts.to_vec();
    if hint.contains('@') && !listed.contains(&hint) {
        listed.push(hint.clone());
    }
    for (at, account) in listed.iter().enumerate() {
        let chosen = *account == hint || (at == 0 && !listed.contains(&hint));
        let checked = if chosen { " checked" } else { "" };
        let account = escape(account);
        rows.push_str(&format!(
            "<label><input type=\"radio\" name=\"account\" value=\"{account}\"{checked}> {account}</label>"
        ));
    }
    rows.push_str(&format!(
        "<label>{other} <input type=\"email\" name=\"other_account\" autocomplete=\"off\"></label></fieldset>"
    ));
    rows
}

fn scope_rows(texts: &Texts, ask: &Ask) -> String {
    let legend = texts.pick("Select what the app can access", "Sélectionnez ce à quoi l'application a accès");
    let mut out = format!("<fieldset><legend>{legend}</legend>");
    for (scope, text, has_box) in rows(ask, texts.french) {
        let (scope, text) = (escape(&scope), escape(&text));
        if has_box {
            out.push_str(&format!(
                "<label><input type=\"checkbox\" name=\"grant\" value=\"{scope}\"> {text}</label>"
            ));
        } else {
            out.push_str(&format!(
                "<label><input type=\"hidden\" name=\"grant\" value=\"{scope}\">✓ {text}</label>"
            ));
        }
    }
    out.push_str("</fieldset>");
    out
}
