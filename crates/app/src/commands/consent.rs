//! Asking for consent: the browser, the three ways without one, and the second question where Google wants it.

use std::{fs, io::BufRead, path::Path, time::Duration};

use passerelle_ports::{Clock, Code, Detail};
use passerelle_service::{Failure, Outcome};
use serde_json::json;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::{
    cli::Asking,
    compose::{
        asking::{Asked, Consented, parsed},
        google::Google,
    },
    context::App,
    unusable::unusable,
};

/// With what is asked, and how.
pub struct Request<'a> {
    /// The text of the company's client.
    pub client: &'a str,
    /// The account that is expected.
    pub hint: Option<String>,
    /// Whether this user consented before: Google is then told to ask explicitly, as it would give no lasting
    /// authorisation otherwise (O16).
    pub again: bool,
}

/// Asks for consent; once more, and explicitly, where Google gave no lasting authorisation (O16).
pub async fn ask(app: &App, asking: &Asking, google: &Google, request: Request<'_>) -> Outcome<Consented> {
    // One reader for all questions: a second one would compete with the first for every line.
    let mut lines = app.take_typed();
    let result = ask_beside(app, asking, google, request, &mut lines).await;
    app.keep_typed(lines);
    result
}

async fn ask_beside(
    app: &App,
    asking: &Asking,
    google: &Google,
    request: Request<'_>,
    lines: &mut Option<UnboundedReceiver<String>>,
) -> Outcome<Consented> {
    let limit = Duration::from_secs(asking.wait);
    let client = parsed(request.client).map(|file| file.client_id).unwrap_or_default();
    let named = |failure: Failure| failure.or_with(Detail::Client, &client);
    let mut hint = request.hint;
    let asked = match request.again {
        false => google.ask(request.client, hint.clone(), limit).await?,
        true => google.ask_again(request.client, hint.clone(), limit).await?,
    };
    let result = wait(app, asking, asked, lines).await;
    match result {
        Err(failure) if failure.code() == Code::Goog207 => {
            app.out.note(&app.out.t("connect-once-more", &[]));
            let asked = google.ask_again(request.client, hint.take(), limit).await?;
            wait(app, asking, asked, lines).await.map_err(named)
        }
        result => result.map_err(named),
    }
}

async fn wait(
    app: &App,
    asking: &Asking,
    asked: Asked,
    lines: &mut Option<UnboundedReceiver<String>>,
) -> Outcome<Consented> {
    if !show(app, asking, &asked) {
        return asked.wait().await;
    }
    asked
        .wait_beside(lines.get_or_insert_with(typed_lines), &|failure| {
            // Not the end: the right answer can still come.
            app.out.ask(&app.out.t("connect-not-the-answer", &[]));
            app.out.line("ignored", app.clock.now(), &json!({ "code": failure.code() }));
        })
        .await
}

/// The address is always printed: a browser that does not open must not be the end. Returns whether something may be
/// typed here instead.
fn show(app: &App, asking: &Asking, asked: &Asked) -> bool {
    let out = &app.out;
    out.line(
        "open",
        app.clock.now(),
        &json!({ "url": asked.address(), "port": asked.port(), "for": asked.key() }),
    );
    let opened = !asking.no_browser && open_browser(asked.address());
    if opened {
        out.ask(&out.t("connect-open", &[]));
        out.ask(&format!("  {}", asked.address()));
        out.note(&out.t("connect-boxes", &[]));
        return false;
    }
    if !asking.no_browser {
        let article = out.article(&Failure::new(Code::Net106));
        out.ask(&format!("! {}  {}", article.code, article.what));
        out.line("notice", app.clock.now(), &article);
    }
    let port = u32::from(asked.port()).to_string();
    out.ask(&out.t("connect-three-ways", &[]));
    out.ask(&out.t("connect-way-tunnel", &[]));
    out.ask(&format!("    ssh -N -L {port}:127.0.0.1:{port} {}", app.this_computer()));
    out.ask(&out.t("connect-way-sealed", &[]));
    out.ask(&format!("    passerelle authorize google --client client_secret.json --for {}", asked.key()));
    out.ask(&out.t("connect-way-paste", &[]));
    out.ask(&out.t("connect-address", &[]));
    out.ask(&format!("  {}", asked.address()));
    out.note(&out.t("connect-boxes", &[]));
    out.ask(&out.t("connect-paste", &[]));
    true
}

/// Opens the system's browser; never a window of our own.
pub fn open_browser(address: &str) -> bool {
    open::that_detached(address).is_ok()
}

/// What is typed or piped in, line by line. The thread ends with the input, or with the process.
pub fn typed_lines() -> UnboundedReceiver<String> {
    let (send, lines) = unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { return };
            if send.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// Reads a file of Google's console.
pub fn read(file: &Path) -> Outcome<String> {
    fs::read_to_string(file).map_err(|error| unusable(file, error))
}
