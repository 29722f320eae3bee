//! What goes where: results to standard output, everything else to standard error, JSON lines for machines.

use std::{
    io::{IsTerminal, Write},
    sync::OnceLock,
};

use chrono::{DateTime, SecondsFormat, Utc};
use passerelle_ports::{Code, Detail, Reason, Side};
use passerelle_service::Failure;
use passerelle_texts::{Arg, Article, Lang, explain, render, t};
use serde::Serialize;
use serde_json::{Value, json};

use super::shown::{escaped, shown};
use crate::{
    cli::{Color, Global},
    clock::on_the_wall,
    unusable::unusable,
};

/// The version of the JSON lines: it grows when a reader of the old ones would err.
const VERSION: u8 = 1;

/// Where a command speaks.
pub struct Out {
    /// The person's language.
    pub lang: Lang,
    /// Whether machines read.
    pub json: bool,
    /// Whether nobody can answer a question.
    pub no_input: bool,
    /// Whether every question is answered with yes.
    pub yes: bool,
    /// How much is told of what lies underneath.
    pub verbose: u8,
    /// Whether `--plain` was given: lines instead of a bar.
    pub plain: bool,
    quiet: bool,
    lively: bool,
    /// The options that every command shown is to be given again, so that it can be pasted as it stands.
    kept: String,
    /// The first result that could not be written.
    lost: OnceLock<std::io::Error>,
}

impl Out {
    /// Makes an output as the options and the environment want it.
    pub fn new(global: &Global, lang: Lang, plain: bool) -> Self {
        let plain = plain || global.plain;
        let choice = match global.color {
            Color::Always => anstream::ColorChoice::Always,
            Color::Never => anstream::ColorChoice::Never,
            Color::Auto if plain => anstream::ColorChoice::Never,
            Color::Auto => anstream::ColorChoice::Auto,
        };
        choice.write_global();
        Out {
            lang,
            json: global.json,
            no_input: global.no_input || !std::io::stdin().is_terminal(),
            yes: global.yes,
            verbose: global.verbose,
            plain: global.plain,
            quiet: global.quiet,
            lively: !plain && !global.quiet && !global.json && std::io::stderr().is_terminal(),
            kept: kept_options(global),
            lost: OnceLock::new(),
        }
    }

    /// Returns a message in the person's language.
    pub fn t(&self, id: &str, args: &[(&'static str, Arg)]) -> String {
        self.pasted(t(self.lang, id, args))
    }

    /// Gives the commands in a text the options that are in use.
    fn pasted(&self, text: String) -> String {
        if self.kept.is_empty() { text } else { with_options(&text, &self.kept) }
    }

    /// Returns the name of a source of the vault's key, for people.
    pub fn source(&self, kind: &str) -> String {
        source(self.lang, kind)
    }

    /// Returns a time as the person's wall and language show it.
    pub fn time(&self, at: DateTime<Utc>) -> String {
        passerelle_texts::date_time(self.lang, on_the_wall(at))
    }

    /// Prints a result for people.
    pub fn result(&self, text: &str) {
        if !self.json {
            self.keep(writeln!(anstream::stdout(), "{}", shown(text)));
        }
    }

    /// Returns the failure of a run whose results could not all be written.
    pub fn lost(&self) -> Option<Failure> {
        let error = self.lost.get()?;
        Some(unusable("-", std::io::Error::new(error.kind(), error.to_string())))
    }

    /// Remembers a write that failed. Who closes the pipe early has seen enough: that is no failure.
    fn keep(&self, written: std::io::Result<()>) {
        if let Err(error) = written
            && error.kind() != std::io::ErrorKind::BrokenPipe
        {
            let _ = self.lost.set(error);
        }
    }

    /// Writes a document to standard output, byte for byte.
    ///
    /// # Errors
    ///
    /// `SYS-101`, `USE-106`: a document that did not arrive whole is no success.
    pub fn document(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut stdout = std::io::stdout().lock();
        stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(|error| unusable("-", error))
    }

    /// Tells something on the way.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            let _ = writeln!(anstream::stderr(), "{}", shown(text));
        }
    }

    /// Tells what has to be seen, quiet or not: an address to open, a file that is not safe meanwhile.
    pub fn ask(&self, text: &str) {
        let _ = writeln!(anstream::stderr(), "{}", shown(text));
    }

    /// Writes one JSON line: version, type, time, and the members of a value.
    pub fn line(&self, kind: &str, at: DateTime<Utc>, value: &impl Serialize) {
        if self.json {
            self.keep(print_line(kind, at, value));
        }
    }

    /// Returns a progress bar that shows itself on a terminal only.
    pub fn progress(&self) -> indicatif::ProgressBar {
        if !self.lively {
            return indicatif::ProgressBar::hidden();
        }
        let bar = indicatif::ProgressBar::new_spinner();
        bar.enable_steady_tick(std::time::Duration::from_millis(100));
        bar
    }

    /// Returns the article of a failure.
    pub fn article(&self, failure: &Failure) -> Article {
        let mut article = article(failure, self.lang);
        let Article { what, why, todo, .. } = &mut article;
        if failure.word("command").is_some_and(|command| !command.starts_with("sync")) {
            // Only a synchronisation has deletions of other people's.
            todo.retain(|todo| !todo.contains("--bring-back"));
        }
        if cfg!(not(feature = "demo")) {
            todo.retain(|todo| !todo.contains("`passerelle demo`"));
        }
        for text in std::iter::once(what).chain(why).chain(todo) {
            *text = self.pasted(std::mem::take(text));
        }
        article
    }

    /// Tells of what works today and will not for ever: in short, the article says more.
    pub fn warn(&self, article: &Article) {
        if self.json {
            return;
        }
        let _ = writeln!(anstream::stderr(), "! {}  {}", article.code, shown(&article.what));
        for (n, todo) in article.todo.iter().enumerate() {
            let _ = writeln!(anstream::stderr(), "    {}. {}", n + 1, shown(&todo.replace('`', "")));
        }
    }

    /// As [`Out::failure`], but what was told word for word is told to a person in one line the next time.
    pub fn failure_once(&self, failure: &Failure, at: DateTime<Utc>, told: &mut Vec<Article>) {
        let article = self.article(failure);
        if self.json || !told.contains(&article) {
            told.push(article);
            return self.failure(failure, at);
        }
        let _ = writeln!(anstream::stderr(), "✗ {}  {}", article.code, self.t("as-above", &[]));
    }

    /// Tells a failure as an article of the catalogue.
    pub fn failure(&self, failure: &Failure, at: DateTime<Utc>) {
        let article = self.article(failure);
        if self.json {
            self.line("error", at, &error_line(failure, &article));
            return;
        }
        let mut stderr = anstream::stderr();
        let _ = writeln!(stderr, "{}", shown(&render(&article, self.lang)));
        if self.verbose > 0 {
            let mut cause: Option<&(dyn std::error::Error + 'static)> = std::error::Error::source(failure);
            while let Some(error) = cause {
                let _ = writeln!(stderr, "  … {}", shown(&error.to_string()));
                cause = error.source();
            }
        }
    }
}

/// Returns the options of this call that another call needs too, as a person types them; each after a space.
fn kept_options(global: &Global) -> String {
    let mut kept = String::new();
    let files = [("--config", &global.config), ("--passphrase-file", &global.passphrase_file)];
    for (option, file) in files {
        if let Some(file) = file {
            kept.push_str(&format!(" {option} {}", quoted(&file.to_string_lossy())));
        }
    }
    if let Some(lang) = global.lang {
        kept.push_str(&format!(" --lang {}", lang.as_str()));
    }
    kept
}

/// Returns a word as a shell takes it for one.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-:=@%+,~".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// Gives every command of the program that a text shows these options.
fn with_options(text: &str, options: &str) -> String {
    const NAME: &str = "passerelle ";
    let names = command_names();
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(NAME) {
        let (before, after) = rest.split_at(at + NAME.len());
        out.push_str(before);
        rest = after;
        let stands_alone = at == 0 || !before.get(..at).is_some_and(|text| text.ends_with(['-', '_', '/']));
        let word = after.split(|c: char| !c.is_ascii_lowercase() && c != '-').next().unwrap_or_default();
        if stands_alone && names.iter().any(|name| name == word) {
            out.push_str(options.trim_start());
            out.push(' ');
        }
    }
    out.push_str(rest);
    out
}

fn command_names() -> &'static [String] {
    static NAMES: OnceLock<Vec<String>> = OnceLock::new();
    NAMES.get_or_init(|| {
        let command = <crate::cli::Cli as clap::CommandFactory>::command();
        command.get_subcommands().map(|one| one.get_name().to_owned()).collect()
    })
}

/// Writes one JSON line.
///
/// # Errors
///
/// What the system says of standard output.
pub fn print_line(kind: &str, at: DateTime<Utc>, value: &impl Serialize) -> std::io::Result<()> {
    writeln!(anstream::stdout(), "{}", line(kind, at, value))
}

/// Returns the article of a failure in a language.
pub fn article(failure: &Failure, lang: Lang) -> Article {
    let words: Vec<(&str, String)> =
        failure.context().iter().map(|detail| (detail.name(), worded(lang, detail))).collect();
    explain(failure.code().as_str(), lang, &words)
        .or_else(|| explain(Code::Bug101.as_str(), lang, &[("operation", failure.code().as_str())]))
        .unwrap_or_else(|| Article {
            code: failure.code().to_string(),
            exit: 1,
            what: failure.code().to_string(),
            did: String::new(),
            why: Vec::new(),
            todo: Vec::new(),
            url: None,
        })
}

/// Names a source of the vault's key.
fn source(lang: Lang, kind: &str) -> String {
    let id = match kind {
        "passphrase" => "source-passphrase",
        "keyring" => "source-keyring",
        "command" => "source-command",
        "systemd-credential" => "source-systemd",
        _ => "source-file",
    };
    t(lang, id, &[])
}

/// A thing that a failure is about, in the person's language.
fn worded(lang: Lang, detail: &Detail) -> String {
    match detail {
        Detail::Scope(word) => scope(lang, word),
        Detail::Side(Side::Local) => t(lang, "side-local", &[]),
        Detail::Side(Side::Remote) => t(lang, "side-remote", &[]),
        Detail::Skew(seconds) => t(lang, "skew", &[("minutes", ((seconds.abs() + 59) / 60).into())]),
        Detail::Source(word) | Detail::Noted(word) => source(lang, word),
        Detail::Reason(why) => reason(lang, why),
        other => other.to_text(),
    }
}

/// Why, in the person's language. The sentence that it stands in has its own full stop.
pub fn reason(lang: Lang, reason: &Reason) -> String {
    match reason {
        Reason::LongerThan(most) => t(lang, "why-longer-than", &[("most", (*most).into())]),
        Reason::MoreValuesThan(most) => t(lang, "why-more-values-than", &[("most", (*most).into())]),
        Reason::LargerThan(most) => t(lang, "why-larger-than", &[("most", (*most).into())]),
        Reason::Rule(rule) => t(lang, &format!("rule-{rule}"), &[]),
        Reason::Verbatim(text) => text.trim_end_matches('.').to_owned(),
        plain => t(lang, plain.id(), &[]),
    }
}

/// What a scope opens, in a person's words.
fn scope(lang: Lang, scope: &str) -> String {
    match scope.rsplit('/').next() {
        Some("contacts") => t(lang, "scope-contacts", &[]),
        Some("calendar.events") => t(lang, "scope-events", &[]),
        Some("calendar.calendarlist.readonly") => t(lang, "scope-calendar-list", &[]),
        _ => scope.to_owned(),
    }
}

fn error_line(failure: &Failure, article: &Article) -> Value {
    let mut value = serde_json::to_value(article).unwrap_or_default();
    if let Value::Object(members) = &mut value {
        for name in ["user", "kind", "pair"] {
            members.extend(failure.word(name).map(|word| (name.to_owned(), word.into())));
        }
        let context =
            failure.context().iter().map(|detail| (detail.name().to_owned(), detail.to_text().into()));
        members.insert("context".to_owned(), Value::Object(context.collect()));
    }
    if let (Value::Object(members), Some(wait)) = (&mut value, failure.retry_after()) {
        members.insert("retry_after_s".to_owned(), wait.as_secs().into());
    }
    value
}

/// Returns one JSON line.
pub fn line(kind: &str, at: DateTime<Utc>, value: &impl Serialize) -> String {
    let mut out =
        json!({ "v": VERSION, "type": kind, "ts": at.to_rfc3339_opts(SecondsFormat::Millis, true) });
    if let (Value::Object(out), Ok(Value::Object(members))) = (&mut out, serde_json::to_value(value)) {
        out.extend(members.into_iter().filter(|(name, _)| !["v", "type", "ts"].contains(&name.as_str())));
    }
    escaped(&out.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_is_shown_keeps_the_options_in_use() {
        let options = format!(" --config {}", quoted("/srv/my company/it's.toml"));
        for (text, expected) in [
            (
                "Look: `passerelle sync --dry-run`",
                r"Look: `passerelle --config '/srv/my company/it'\''s.toml' sync --dry-run`",
            ),
            ("passerelle undo run 3", r"passerelle --config '/srv/my company/it'\''s.toml' undo run 3"),
            ("Passerelle passerelle is not a command", "Passerelle passerelle is not a command"),
            ("/etc/passerelle sync", "/etc/passerelle sync"),
        ] {
            assert_eq!(with_options(text, &options), expected);
        }
        assert_eq!(quoted("a/b-1.toml"), "a/b-1.toml");
    }

    #[test]
    fn a_line_has_version_type_and_time() {
        let at = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let text = line("summary", at, &json!({ "exit_code": 0, "type": "other" }));
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            value,
            json!({ "v": 1, "type": "summary", "ts": "2027-01-15T08:00:00.000Z", "exit_code": 0 })
        );
    }

    #[test]
    fn every_reason_is_told_in_the_persons_language() {
        let valued = [Reason::LongerThan(1024), Reason::MoreValuesThan(500), Reason::LargerThan(128)];
        for why in Reason::PLAIN.iter().chain(&valued) {
            let (english, french) = (reason(Lang::En, why), reason(Lang::Fr, why));
            assert!(
                english != french && !french.contains("why-") && !french.contains("io-"),
                "{why}: {french}"
            );
        }
        assert_eq!(reason(Lang::Fr, &Reason::Verbatim("E7.".to_owned())), "E7");
    }

    #[test]
    fn a_failure_is_told_with_its_code_and_its_remedy() {
        let failure = Failure::new(Code::Goog211).with(Detail::User, "alice");
        let value = error_line(&failure, &article(&failure, Lang::En));
        assert_eq!(value["code"], "GOOG-211");
        assert_eq!(value["do"][0], "`passerelle connect google --user alice`");
    }
}
