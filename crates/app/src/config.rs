//! Settings and environment: this file alone reads them.
//!
//! Layers, the last one wins: built-in, file, `PASSERELLE__…`, options.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use etcetera::{AppStrategy, AppStrategyArgs, app_strategy::Xdg};
use passerelle_ports::{Code, Detail, Reason};
use passerelle_service::{Failure, RuleSpec, Sourced, nearest};
use passerelle_texts::Lang;

use crate::{
    keys::{self, KEYS, Kind},
    unusable::unusable,
};

/// The variables of the environment, read once.
#[derive(Clone, Debug, Default)]
pub struct Environment(BTreeMap<String, String>);

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Built in.
    Default,
    /// A line of the file.
    File(PathBuf, usize),
    /// A variable of the environment.
    Variable(String),
}

/// The settings: every one has a value and an origin.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The file that was read, or would be.
    pub file: PathBuf,
    values: BTreeMap<&'static str, (String, Origin)>,
    rules: Vec<Sourced>,
}

/// The part of the file that is no single setting.
#[derive(serde::Deserialize)]
struct Tables {
    #[serde(default)]
    rules: Vec<toml::Spanned<RuleSpec>>,
}

impl Environment {
    /// Reads the variables of this process.
    pub fn of_this_process() -> Self {
        Environment(
            std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
                .collect(),
        )
    }

    /// Returns a variable that is set and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Chooses the language: the option, the environment, English.
    pub fn language(&self, asked: Option<Lang>) -> Lang {
        Lang::choose(asked, |name| self.get(name).map(str::to_owned))
    }

    /// Tells whether nothing shall move or shine: `NO_COLOR`, `TERM=dumb`, `CI`.
    pub fn is_plain(&self) -> bool {
        self.get("NO_COLOR").is_some() || self.get("CI").is_some() || self.get("TERM") == Some("dumb")
    }
}

impl Settings {
    /// Reads all layers. `asked` is the file of `--config`; a file that was asked for has to exist, unless `new`.
    ///
    /// # Errors
    ///
    /// `CFG-101` for a key that does not exist, a value that does not fit, or a file that cannot be read.
    pub fn load(asked: Option<&Path>, environment: &Environment, new: bool) -> Result<Self, Failure> {
        let named =
            asked.map(Path::to_owned).or_else(|| environment.get("PASSERELLE_CONFIG").map(PathBuf::from));
        let places = Places::new();
        let explicit = named.is_some() && !new;
        // Absolute, because relative paths in the file are joined to its directory and must not depend on the working
        // directory.
        let file = named.map_or_else(
            || places.config.join("config.toml"),
            |path| std::path::absolute(&path).unwrap_or(path),
        );
        let file = followed(file);
        let mut settings = Settings { file: file.clone(), values: BTreeMap::new(), rules: Vec::new() };
        settings.defaults(&places);
        match fs::read_to_string(&file) {
            Ok(text) => settings.read(&file, &text)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound && !explicit => {}
            Err(error) => {
                return Err(unusable(&file, error));
            }
        }
        settings.variables(environment)?;
        settings.anchor();
        Ok(settings)
    }

    /// Returns the settings as they are built in, whatever the file and the environment say.
    ///
    /// # Errors
    ///
    /// None in practice.
    pub fn built_in() -> Result<Self, Failure> {
        let places = Places::new();
        let mut settings =
            Settings { file: places.config.join("config.toml"), values: BTreeMap::new(), rules: Vec::new() };
        settings.defaults(&places);
        settings.anchor();
        Ok(settings)
    }

    /// Returns the language that the settings name.
    pub fn language(&self) -> Option<Lang> {
        Lang::parse(self.text("language"))
    }

    /// Returns the value of a setting as a text.
    pub fn text(&self, name: &str) -> &str {
        self.values.get(name).map(|(value, _)| value.as_str()).unwrap_or_default()
    }

    /// Returns where the value of a setting comes from.
    pub fn origin(&self, name: &str) -> Origin {
        self.values.get(name).map_or(Origin::Default, |(_, origin)| origin.clone())
    }

    /// Returns the value of a setting as a path.
    pub fn path(&self, name: &str) -> PathBuf {
        PathBuf::from(self.text(name))
    }

    /// Returns the value of a setting as a number.
    pub fn count(&self, name: &str) -> u64 {
        self.text(name).parse().unwrap_or_default()
    }

    /// Returns the value of a setting as a number, if anybody gave one.
    pub fn given(&self, name: &str) -> Option<u64> {
        self.text(name).parse().ok()
    }

    /// Returns the value of a setting as a switch.
    pub fn switch(&self, name: &str) -> bool {
        self.text(name) == "true"
    }

    /// Returns the rules, in order, each with its place in the file.
    pub fn rules(&self) -> &[Sourced] {
        &self.rules
    }

    /// Returns every setting with its value and origin, in order.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, &str, &Origin)> {
        KEYS.iter().filter_map(|key| {
            self.values.get(key.name).map(|(value, origin)| (key.name, value.as_str(), origin))
        })
    }

    /// Changes a setting for this process: an option.
    pub fn set(&mut self, name: &'static str, value: String, origin: Origin) {
        self.values.insert(name, (value, origin));
    }

    fn defaults(&mut self, places: &Places) {
        for key in KEYS {
            self.set(key.name, key.default.to_owned(), Origin::Default);
        }
        self.set("state_dir", places.state.display().to_string(), Origin::Default);
        self.set("vault.key_file", places.config.join("vault.key").display().to_string(), Origin::Default);
    }

    fn read(&mut self, file: &Path, text: &str) -> Result<(), Failure> {
        let wrong = |key: &str, line: usize, reason: Reason, near: Option<&str>| {
            let mut failure = Failure::new(Code::Cfg101)
                .with(Detail::Key, key)
                .with(Detail::File, format!("{}:{line}", file.display()))
                .with(Detail::Reason, reason);
            if let Some(near) = near {
                failure = failure.with(Detail::Suggestion, near);
            }
            failure
        };
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            let line = error.span().map_or(1, |span| line_of(text, span.start));
            wrong("TOML", line, Reason::NotToml, None).because(error)
        })?;
        let tables: Tables = toml::from_str(text).map_err(|error: toml::de::Error| {
            let line = error.span().map_or(1, |span| line_of(text, span.start));
            let quoted: Vec<&str> = error.message().split('`').skip(1).step_by(2).collect();
            match quoted.split_first() {
                // "unknown field `x`, expected one of `a`, `b`"
                Some((word, known)) if !known.is_empty() => {
                    let near = nearest(word, known.iter().copied());
                    wrong(&format!("rules: {word}"), line, Reason::Verbatim(known.join(", ")), near)
                }
                _ => wrong("rules", line, Reason::Verbatim(error.message().to_owned()), None),
            }
        })?;
        for rule in tables.rules {
            let line = line_of(text, rule.span().start);
            let rule = rule.into_inner();
            if let Some(key) = rule.objection() {
                return Err(wrong(&format!("rules.{key}"), line, Reason::Verbatim("kind".to_owned()), None));
            }
            if let Some(field) = rule.misspelt_field() {
                let key = format!("rules.fields.{}", field.word);
                return Err(wrong(&key, line, Reason::Verbatim("?".to_owned()), field.near.as_deref()));
            }
            self.rules.push(Sourced { from: format!("{}:{line}", file.display()), rule });
        }
        let mut flat = Vec::new();
        flatten("", &table.into_iter().filter(|(name, _)| name != "rules").collect(), &mut flat);
        for (name, value) in flat {
            let line = line_with(text, &name);
            let Some(key) = keys::find(&name) else {
                return Err(wrong(&name, line, Reason::Verbatim("?".to_owned()), keys::nearest(&name)));
            };
            if let Some(reason) = keys::refusal(key.kind, &value) {
                return Err(wrong(&name, line, Reason::Verbatim(reason), None));
            }
            let value = match key.kind {
                Kind::Path if !value.is_empty() => beside(file, &value),
                _ => value,
            };
            self.set(key.name, value, Origin::File(file.to_owned(), line));
        }
        Ok(())
    }

    fn variables(&mut self, environment: &Environment) -> Result<(), Failure> {
        if let Some(dir) = environment.get("PASSERELLE_STATE_DIR") {
            self.set("state_dir", dir.to_owned(), Origin::Variable("PASSERELLE_STATE_DIR".to_owned()));
        }
        if let Some(file) = environment.get("PASSERELLE_CA_FILE") {
            self.set("network.ca_file", file.to_owned(), Origin::Variable("PASSERELLE_CA_FILE".to_owned()));
        }
        for (variable, value) in environment.0.iter().filter(|(_, value)| !value.is_empty()) {
            let Some(rest) = variable.strip_prefix("PASSERELLE__") else { continue };
            let name = rest.to_lowercase().replace("__", ".");
            let wrong = |reason: String| {
                Failure::new(Code::Cfg101)
                    .with(Detail::Key, variable)
                    .with(Detail::File, "PASSERELLE__…")
                    .with(Detail::Reason, Reason::Verbatim(reason))
                    .with(Detail::Suggestion, keys::nearest(&name).unwrap_or_default())
            };
            let key = keys::find(&name).ok_or_else(|| wrong("?".to_owned()))?;
            if let Some(reason) = keys::refusal(key.kind, value) {
                return Err(wrong(reason));
            }
            self.set(key.name, value.clone(), Origin::Variable(variable.clone()));
        }
        Ok(())
    }

    /// Relative paths that no file gave are below the state directory.
    fn anchor(&mut self) {
        let state = self.path("state_dir");
        for key in KEYS.iter().filter(|key| key.kind == Kind::Path && key.name != "state_dir") {
            if let Some((value, _)) = self.values.get_mut(key.name)
                && !value.is_empty()
                && Path::new(value.as_str()).is_relative()
            {
                *value = state.join(value.as_str()).display().to_string();
            }
        }
    }
}

/// The directories of this user of the system.
struct Places {
    config: PathBuf,
    state: PathBuf,
}

impl Places {
    fn new() -> Self {
        let names = AppStrategyArgs {
            top_level_domain: String::new(),
            author: String::new(),
            app_name: "passerelle".to_owned(),
        };
        match Xdg::new(names) {
            Ok(xdg) => {
                Places { config: xdg.config_dir(), state: xdg.state_dir().unwrap_or_else(|| xdg.data_dir()) }
            }
            // No home directory: everything beside the program's working directory.
            Err(_) => Places { config: PathBuf::from("passerelle"), state: PathBuf::from("passerelle") },
        }
    }
}

fn flatten(prefix: &str, table: &toml::Table, into: &mut Vec<(String, String)>) {
    for (name, value) in table {
        let name = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match value {
            toml::Value::Table(inner) => flatten(&name, inner, into),
            toml::Value::String(text) => into.push((name, text.clone())),
            other => into.push((name, other.to_string())),
        }
    }
}

/// The file that a symbolic link leads to: what the settings name relatively lies beside it, whatever way leads there.
fn followed(file: PathBuf) -> PathBuf {
    match file.is_symlink() {
        true => fs::canonicalize(&file).unwrap_or(file),
        false => file,
    }
}

fn beside(file: &Path, value: &str) -> String {
    let path = Path::new(value);
    match file.parent() {
        Some(folder) if path.is_relative() => folder.join(path).display().to_string(),
        _ => value.to_owned(),
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or(text).matches('\n').count() + 1
}

/// The line where the last part of a key's name stands first.
fn line_with(text: &str, name: &str) -> usize {
    let last = name.rsplit('.').next().unwrap_or(name);
    text.lines()
        .position(|line| {
            let line = line.trim_start().trim_start_matches('"');
            line.strip_prefix(last).is_some_and(|rest| rest.trim_start().starts_with(['=', '"', '.']))
        })
        .map_or(1, |index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str, variables: &[(&str, &str)]) -> Result<Settings, Failure> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        fs::write(&file, text).unwrap();
        let environment = Environment(
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        );
        Settings::load(Some(&file), &environment, false)
    }

    #[test]
    fn the_environment_wins_over_the_file_and_the_file_over_the_default() {
        let text = "phone_region = \"BE\"\n[events]\ndirection = \"to-google\"\n[guard]\ndeletes_floor = 3\n";
        let settings = load(text, &[("PASSERELLE__GUARD__DELETES_FLOOR", "7")]).unwrap();
        assert_eq!(settings.text("phone_region"), "BE");
        assert_eq!(settings.text("contacts.direction"), "both");
        assert_eq!(settings.text("events.direction"), "to-google");
        assert_eq!(settings.count("guard.deletes_floor"), 7);
        let origin =
            |wanted: &str| settings.all().find(|(name, ..)| *name == wanted).map(|(.., origin)| origin);
        assert!(matches!(origin("events.direction"), Some(Origin::File(_, 3))));
        assert!(matches!(origin("guard.deletes_floor"), Some(Origin::Variable(_))));
    }

    #[test]
    fn an_unknown_key_is_an_error_with_its_line_and_its_neighbour() {
        let failure = load("language = \"fr\"\n\n[database]\npaht = \"x.db\"\n", &[]).unwrap_err();
        assert_eq!(failure.code(), Code::Cfg101);
        assert_eq!(failure.word("key"), Some("database.paht".to_owned()));
        assert_eq!(failure.word("suggestion"), Some("database.path".to_owned()));
        assert!(failure.word("file").unwrap().ends_with("config.toml:4"));
        let failure = load("", &[("PASSERELLE__DATABSE__PATH", "x")]).unwrap_err();
        assert_eq!(failure.word("key"), Some("PASSERELLE__DATABSE__PATH".to_owned()));
    }

    #[test]
    fn a_value_that_does_not_fit_is_an_error() {
        for text in [
            "language = \"de\"",
            "[guard]\ndeletes_floor = -1",
            "[guard]\ndeletes_percent = 101",
            "[events]\nprivate_as_busy = \"perhaps\"",
            "[google]\nendpoint = \"https://evil.example\"",
            "language = ",
        ] {
            assert_eq!(load(text, &[]).unwrap_err().code(), Code::Cfg101, "{text}");
        }
        let failure = load("", &[("PASSERELLE__GOOGLE__ENDPOINT", "http://10.0.0.1")]).unwrap_err();
        assert_eq!(failure.code(), Code::Cfg101);
    }

    #[test]
    fn rules_are_read_with_their_lines_and_what_is_wrong_is_named() {
        let settings = load(
            "language = \"fr\"\n\n[[rules]]\nkind = \"events\"\nuser = \"alice\"\nprivate = \"busy\"\n\
             fields = { location = \"never\" }\n\n[[rules]]\nconflicts = \"remote\"\n",
            &[],
        )
        .unwrap();
        let [first, second] = settings.rules() else { panic!("{:?}", settings.rules()) };
        assert!(first.from.ends_with("config.toml:3"), "{}", first.from);
        assert!(second.from.ends_with("config.toml:9"), "{}", second.from);
        assert_eq!(first.rule.user.as_deref(), Some("alice"));
        assert_eq!(settings.text("language"), "fr");
        for (text, line) in [
            ("[[rules]]\nkind = \"tasks\"\n", 2),
            ("\n[[rules]]\nkind = \"events\"\ncolour = \"red\"\n", 4),
            ("[[rules]]\nkind = \"contacts\"\ncategories = [\"client\"]\n", 1),
            ("[[rules]]\nconflicts = \"perhaps\"\n", 2),
            ("[[rules]]\nfields = { locaton = \"never\" }\n", 1),
        ] {
            let failure = load(text, &[]).unwrap_err();
            assert_eq!(failure.code(), Code::Cfg101, "{text}");
            assert!(
                failure.word("file").unwrap().ends_with(&format!(":{line}")),
                "{:?}",
                failure.word("file")
            );
        }
    }

    #[test]
    fn a_slip_of_the_pen_in_a_rule_is_told_what_was_meant() {
        for (text, key, meant) in [
            ("[[rules]]\nfields = { locaton = \"never\" }\n", "rules.fields.locaton", "location"),
            ("[[rules]]\nconflict = \"ask\"\n", "rules: conflict", "conflicts"),
            ("[[rules]]\ndirection = \"to-gogle\"\n", "rules: to-gogle", "to-google"),
        ] {
            let failure = load(text, &[]).unwrap_err();
            assert_eq!(
                (failure.word("key"), failure.word("suggestion")),
                (Some(key.to_owned()), Some(meant.to_owned()))
            );
        }
    }

    #[test]
    fn paths_are_taken_from_the_file_or_from_the_state_directory() {
        let settings =
            load("[database]\npath = \"erp.db\"", &[("PASSERELLE_STATE_DIR", "/var/lib/p")]).unwrap();
        assert!(settings.path("database.path").ends_with("erp.db"));
        assert!(settings.path("database.path").is_absolute());
        assert_eq!(settings.path("vault.dir"), Path::new("/var/lib/p/vault"));
    }
}
