//! Settings and environment: this file alone reads them.
//!
//! `config` merges the layers, the last one wins: built-in, `/etc`, the person's file, `conf.d` beside it, `PASSERELLE__…`,
//! options. Each value carries its place, so that an error and `config show` can name it.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use ::config::{Config, ConfigError, Map, Source, Value, ValueKind};
use etcetera::{AppStrategy, AppStrategyArgs, app_strategy::Xdg};
use passerelle_ports::{Code, Detail, Reason};
use passerelle_service::{Failure, RuleSpec, Sourced, nearest};
use passerelle_texts::Lang;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::{
    keys::{self, KEYS, PATHS, Settings, Shown},
    slips::{Slip, Typed},
    unusable::unusable,
};

/// The folder beside the person's file whose files are read after it.
const PARTS: &str = "conf.d";

/// The variables of the environment, read once.
#[derive(Clone, Debug, Default)]
pub struct Environment(BTreeMap<String, String>);

/// The values of one layer by their whole names, each with its origin.
#[derive(Clone, Debug, Default)]
struct Layer(Map<String, Value>);

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        Ok(self.0.clone())
    }
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
    /// Reads all layers. `asked` is the file of `--config`; a file that was asked for has to exist, unless `new`, and
    /// stands in the place of the system's and the person's.
    ///
    /// # Errors
    ///
    /// `CFG-101` for a key that does not exist, a value that does not fit, or a file that cannot be read.
    pub fn load(asked: Option<&Path>, environment: &Environment, new: bool) -> Result<Self, Failure> {
        let named =
            asked.map(Path::to_owned).or_else(|| environment.get("PASSERELLE_CONFIG").map(PathBuf::from));
        let places = Places::new();
        let explicit = named.is_some();
        // Absolute, because relative paths in the file are joined to its directory and must not depend on the working
        // directory.
        let file = named.map_or_else(
            || places.config.join("config.toml"),
            |path| std::path::absolute(&path).unwrap_or(path),
        );
        Self::of(&places, followed(file), explicit, environment, new)
    }

    fn of(
        places: &Places,
        file: PathBuf,
        explicit: bool,
        environment: &Environment,
        new: bool,
    ) -> Result<Self, Failure> {
        let mut layers = Layers::new(places, file.clone());
        if !explicit {
            layers.file(&places.system, false)?;
        }
        layers.file(&file, explicit && !new)?;
        for part in parts(&file)? {
            layers.file(&part, true)?;
        }
        layers.add(variables(environment)?)?;
        layers.settings()
    }

    /// Returns the settings as they are built in, whatever the files and the environment say.
    ///
    /// # Errors
    ///
    /// None in practice.
    #[cfg(feature = "demo")]
    pub fn built_in() -> Result<Self, Failure> {
        let places = Places::new();
        Layers::new(&places, places.config.join("config.toml")).settings()
    }

    /// Returns where the value of a setting comes from, if that is a layer above the person's file.
    pub fn above_the_file(&self, name: &str) -> Option<&str> {
        let parts = self.file.with_file_name(PARTS);
        self.origin(name).filter(|origin| is_variable(origin) || Path::new(origin).starts_with(&parts))
    }

    /// Returns where the value of a setting comes from; `None` = built in.
    pub fn origin(&self, name: &str) -> Option<&str> {
        self.read.iter().find(|shown| shown.name == name)?.origin.as_deref()
    }
}

/// The layers so far.
struct Layers {
    merged: ::config::ConfigBuilder<::config::builder::DefaultState>,
    rules: Vec<Sourced>,
    file: PathBuf,
}

impl Layers {
    fn new(places: &Places, file: PathBuf) -> Self {
        let state = places.state.display().to_string();
        let key = places.config.join("vault.key").display().to_string();
        let built_in = KEYS.iter().map(|(name, default)| {
            let value = match *name {
                "state_dir" => &state,
                "vault.key_file" => &key,
                _ => *default,
            };
            ((*name).to_owned(), Value::new(None, value))
        });
        let merged = Config::builder().add_source(Layer(built_in.collect()));
        Layers { merged, rules: Vec::new(), file }
    }

    /// Puts a layer over the others. What does not fit in it is an error even where a later one hides it.
    fn add(&mut self, layer: Layer) -> Result<(), Failure> {
        self.merged = self.merged.clone().add_source(layer);
        typed(self.merged.clone()).map(drop)
    }

    /// Puts a file over the others.
    fn file(&mut self, file: &Path, required: bool) -> Result<(), Failure> {
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound && !required => return Ok(()),
            Err(error) => return Err(unusable(file, error)),
        };
        let layer = values(file, &text)?;
        self.rules.extend(rules(file, &text)?);
        self.add(layer)
    }

    fn settings(mut self) -> Result<Settings, Failure> {
        let merged = self.merged.build_cloned().map_err(broken)?;
        let state = PathBuf::from(text_of(&merged, "state_dir"));
        // Relative paths that no file gave are below the state directory.
        for name in PATHS.into_iter().filter(|name| *name != "state_dir") {
            let path = text_of(&merged, name);
            if !path.is_empty() && Path::new(&path).is_relative() {
                let origin = origin_of(&merged, name);
                let value = Value::new(origin.as_ref(), state.join(path).display().to_string());
                self.merged = self.merged.set_override(name, value).map_err(broken)?;
            }
        }
        let merged = self.merged.build_cloned().map_err(broken)?;
        let shown = |(name, _): &(&'static str, &str)| Shown {
            name,
            value: text_of(&merged, name),
            origin: origin_of(&merged, name),
        };
        let read = KEYS.iter().map(shown).collect();
        Ok(Settings { rules: self.rules, file: self.file, read, ..typed(self.merged)? })
    }
}

/// Reads the settings by type; what does not fit is told with the place that the value carries.
fn typed(merged: ::config::ConfigBuilder<::config::builder::DefaultState>) -> Result<Settings, Failure> {
    let merged = merged.build().map_err(broken)?;
    serde_path_to_error::deserialize(merged.clone()).map_err(|error| {
        let name = error.path().to_string();
        refused(&name, origin_of(&merged, &name).as_deref(), reason(error.into_inner()), None)
    })
}

fn reason(error: ConfigError) -> Reason {
    match error {
        ConfigError::At { error, .. } => reason(*error),
        ConfigError::Type { expected, .. } => Reason::Verbatim(expected.to_owned()),
        other => Reason::Verbatim(other.to_string()),
    }
}

/// An error of the merging itself: none of a value.
fn broken(error: ConfigError) -> Failure {
    Failure::new(Code::Cfg101)
        .with(Detail::Key, "?")
        .with(Detail::File, "?")
        .with(Detail::Reason, Reason::Verbatim(error.to_string()))
        .because(error)
}

fn refused(key: &str, origin: Option<&str>, reason: Reason, near: Option<&str>) -> Failure {
    let (key, file) = match origin {
        Some(variable) if is_variable(variable) => (variable, "PASSERELLE__…"),
        place => (key, place.unwrap_or_default()),
    };
    let failure = Failure::new(Code::Cfg101)
        .with(Detail::Key, key)
        .with(Detail::File, file)
        .with(Detail::Reason, reason);
    match near {
        Some(near) => failure.with(Detail::Suggestion, near),
        None => failure,
    }
}

/// Tells whether an origin is a variable of the environment: a file has its whole path.
fn is_variable(origin: &str) -> bool {
    origin.starts_with("PASSERELLE_")
}

fn value_of<'a>(merged: &'a Config, name: &str) -> Option<&'a Value> {
    name.split('.').try_fold(&merged.cache, |value, part| match &value.kind {
        ValueKind::Table(table) => table.get(part),
        _ => None,
    })
}

fn text_of(merged: &Config, name: &str) -> String {
    value_of(merged, name).map(|value| value.kind.to_string()).unwrap_or_default()
}

fn origin_of(merged: &Config, name: &str) -> Option<String> {
    value_of(merged, name)?.origin().map(str::to_owned)
}

/// Reads the single settings of a file.
fn values(file: &Path, text: &str) -> Result<Layer, Failure> {
    let place = |at: usize| format!("{}:{}", file.display(), line_of(text, at));
    let table = DeTable::parse(text).map_err(|error| {
        let place = place(error.span().map_or(0, |span| span.start));
        refused("TOML", Some(&place), Reason::NotToml, None).because(error)
    })?;
    let mut leaves = Vec::new();
    flatten("", table.get_ref(), &mut leaves);
    let mut layer = Layer::default();
    for (name, at, value) in
        leaves.into_iter().filter(|(name, ..)| name != "rules" && !name.starts_with("rules."))
    {
        let origin = place(at);
        if !keys::is_known(&name) {
            return Err(refused(
                &name,
                Some(&origin),
                Reason::Verbatim("?".to_owned()),
                keys::nearest(&name),
            ));
        }
        let value = match value {
            Some(value) if PATHS.contains(&name.as_str()) && !value.is_empty() => beside(file, &value).into(),
            value => ValueKind::from(value),
        };
        layer.0.insert(name, Value::new(Some(&origin), value));
    }
    Ok(layer)
}

/// A setting of a file: its name, where its key stands, its value as a text; a list is none.
type Leaf = (String, usize, Option<String>);

fn flatten(prefix: &str, table: &DeTable<'_>, into: &mut Vec<Leaf>) {
    for (key, value) in table {
        let name = key.get_ref();
        let name = if prefix.is_empty() { name.to_string() } else { format!("{prefix}.{name}") };
        let text = match value.get_ref() {
            DeValue::Table(inner) => {
                flatten(&name, inner, into);
                continue;
            }
            DeValue::Array(_) => None,
            DeValue::String(text) => Some(text.to_string()),
            DeValue::Integer(number) => {
                let value = i128::from_str_radix(number.as_str(), number.radix());
                Some(value.map_or_else(|_| number.as_str().to_owned(), |value| value.to_string()))
            }
            DeValue::Float(number) => Some(number.as_str().to_owned()),
            DeValue::Boolean(switch) => Some(switch.to_string()),
            DeValue::Datetime(time) => Some(time.to_string()),
        };
        into.push((name, key.span().start, text));
    }
}

/// Reads the `[[rules]]` of a file that is TOML.
fn rules(file: &Path, text: &str) -> Result<Vec<Sourced>, Failure> {
    let place = |at: usize| format!("{}:{}", file.display(), line_of(text, at));
    let not_read = |error: toml::de::Error| {
        refused("rules", Some(&place(0)), Reason::Verbatim(error.message().to_owned()), None)
    };
    let placed = DeTable::parse(text).map_err(not_read)?.into_inner();
    let mut values: toml::Table = text.parse().map_err(not_read)?;
    let Some((name, tables)) = placed.iter().find(|(name, _)| name.get_ref() == "rules") else {
        return Ok(Vec::new());
    };
    let (DeValue::Array(tables), Some(toml::Value::Array(values))) =
        (tables.get_ref(), values.remove("rules"))
    else {
        return Err(refused(
            "rules",
            Some(&place(name.span().start)),
            Reason::Verbatim("[[rules]]".to_owned()),
            None,
        ));
    };
    let mut rules = Vec::new();
    for (table, value) in tables.iter().zip(values) {
        let from = place(table.span().start);
        let rule: RuleSpec = serde_path_to_error::deserialize(Typed(value)).map_err(|error| {
            let path = error.path().to_string();
            let at = |path: &str| Some(place(key_at(table, path)?));
            match error.into_inner() {
                Slip::Word { word, known } => {
                    let place = at(&word).or_else(|| at(&path)).unwrap_or_else(|| from.clone());
                    let near = nearest(&word, known.iter().copied());
                    refused(&format!("rules: {word}"), Some(&place), Reason::Verbatim(known.join(", ")), near)
                }
                Slip::Other(reason) => {
                    let place = at(&path).unwrap_or_else(|| from.clone());
                    refused(&format!("rules.{path}"), Some(&place), Reason::Verbatim(reason), None)
                }
            }
        })?;
        if let Some(key) = rule.objection() {
            return Err(refused(
                &format!("rules.{key}"),
                Some(&from),
                Reason::Verbatim("kind".to_owned()),
                None,
            ));
        }
        if let Some(field) = rule.misspelt_field() {
            let key = format!("rules.fields.{}", field.word);
            return Err(refused(&key, Some(&from), Reason::Verbatim("?".to_owned()), field.near.as_deref()));
        }
        rules.push(Sourced { from, rule });
    }
    Ok(rules)
}

/// Returns where the key of a path stands in a table, or the last one of it that is there.
fn key_at(table: &Spanned<DeValue<'_>>, path: &str) -> Option<usize> {
    let (mut table, mut at) = (table.get_ref(), None);
    for name in path.split('.') {
        let DeValue::Table(members) = table else { break };
        let Some((key, value)) = members.iter().find(|(key, _)| key.get_ref() == name) else { break };
        (at, table) = (Some(key.span().start), value.get_ref());
    }
    at
}

/// Reads the variables of the environment.
fn variables(environment: &Environment) -> Result<Layer, Failure> {
    let mut layer = Layer::default();
    let mut put = |name: &str, variable: &str, value: &str| {
        layer.0.insert(name.to_owned(), Value::new(Some(&variable.to_owned()), value));
    };
    for (variable, name) in [("PASSERELLE_STATE_DIR", "state_dir"), ("PASSERELLE_CA_FILE", "network.ca_file")]
    {
        if let Some(value) = environment.get(variable) {
            put(name, variable, value);
        }
    }
    for (variable, value) in environment.0.iter().filter(|(_, value)| !value.is_empty()) {
        let Some(rest) = variable.strip_prefix("PASSERELLE__") else { continue };
        let name = rest.to_lowercase().replace("__", ".");
        if !keys::is_known(&name) {
            let near = keys::nearest(&name).unwrap_or_default();
            return Err(refused(&name, Some(variable), Reason::Verbatim("?".to_owned()), Some(near)));
        }
        put(&name, variable, value);
    }
    Ok(layer)
}

/// The directories of this user of the system, and the file of the system itself.
struct Places {
    config: PathBuf,
    state: PathBuf,
    system: PathBuf,
}

impl Places {
    fn new() -> Self {
        let names = AppStrategyArgs {
            top_level_domain: String::new(),
            author: String::new(),
            app_name: "passerelle".to_owned(),
        };
        let system = PathBuf::from("/etc/passerelle/config.toml");
        match Xdg::new(names) {
            Ok(xdg) => Places {
                config: xdg.config_dir(),
                state: xdg.state_dir().unwrap_or_else(|| xdg.data_dir()),
                system,
            },
            // No home directory: everything beside the program's working directory.
            Err(_) => {
                Places { config: PathBuf::from("passerelle"), state: PathBuf::from("passerelle"), system }
            }
        }
    }
}

/// The files in `conf.d` beside a file, in the order of their names.
fn parts(file: &Path) -> Result<Vec<PathBuf>, Failure> {
    let folder = file.with_file_name(PARTS);
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(unusable(&folder, error)),
    };
    let paths: Result<Vec<PathBuf>, io::Error> = entries.map(|entry| Ok(entry?.path())).collect();
    let mut paths = paths.map_err(|error| unusable(&folder, error))?;
    paths.retain(|path| path.extension().is_some_and(|kind| kind == "toml"));
    paths.sort();
    Ok(paths)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Direction;

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
        assert_eq!(settings.phone_region, "BE");
        assert_eq!(settings.contacts.direction, Direction::Both);
        assert_eq!(settings.events.direction, Direction::ToGoogle);
        assert_eq!(settings.guard.deletes_floor, 7);
        assert!(settings.origin("events.direction").unwrap().ends_with("config.toml:3"));
        assert_eq!(settings.origin("guard.deletes_floor"), Some("PASSERELLE__GUARD__DELETES_FLOOR"));
        assert_eq!(settings.origin("contacts.direction"), None);
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
            "[history]\ndays = 1.5",
            "[history]\ndays = true",
            "[database]\npath = [\"x\"]",
            "database = \"x\"",
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
        let [first, second] = settings.rules.as_slice() else { panic!("{:?}", settings.rules) };
        assert!(first.from.ends_with("config.toml:3"), "{}", first.from);
        assert!(second.from.ends_with("config.toml:9"), "{}", second.from);
        assert_eq!(first.rule.user.as_deref(), Some("alice"));
        assert_eq!(settings.language, Some(Lang::Fr));
        for (text, line) in [
            ("[[rules]]\nkind = \"tasks\"\n", 2),
            ("\n[[rules]]\nkind = \"events\"\ncolour = \"red\"\n", 4),
            ("[[rules]]\nkind = \"contacts\"\ncategories = [\"client\"]\n", 1),
            ("[[rules]]\nconflicts = \"perhaps\"\n", 2),
            ("[[rules]]\nfields = { locaton = \"never\" }\n", 1),
            ("[[rules]]\n\npast_days = \"many\"\n", 3),
            ("[[rules]]\n\npast_days = -1\n", 3),
            ("[[rules]]\n[rules.fields]\nnotes = \"nevr\"\n", 3),
            ("\nrules = 3\n", 2),
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
            ("[[rules]]\n[rules.field_conflicts]\nnotes = \"lokal\"\n", "rules: lokal", "local"),
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
        assert!(settings.database.path.ends_with("erp.db"));
        assert!(settings.database.path.is_absolute());
        assert_eq!(settings.vault.dir, Path::new("/var/lib/p/vault"));
    }

    #[test]
    fn what_does_not_fit_is_an_error_with_its_place_even_where_a_later_layer_hides_it() {
        let variables = [("PASSERELLE__HISTORY__DAYS", "7")];
        let failure = load("\n[history]\ndays = \"many\"", &variables).unwrap_err();
        assert_eq!(failure.word("key").as_deref(), Some("history.days"));
        assert_eq!(failure.word("reason").as_deref(), Some("0, 1, 2 …"));
        assert!(failure.word("file").unwrap().ends_with("config.toml:3"));
        let failure = load("", &[("PASSERELLE__EVENTS__CONFLICTS", "mine")]).unwrap_err();
        assert_eq!(failure.word("key").as_deref(), Some("PASSERELLE__EVENTS__CONFLICTS"));
        assert_eq!(failure.word("file").as_deref(), Some("PASSERELLE__…"));
        assert_eq!(failure.word("reason").as_deref(), Some("ask, local, remote, newest"));
    }

    #[test]
    fn every_layer_wins_over_those_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, text).unwrap();
            file
        };
        let places = Places {
            config: folder.path().join("user"),
            state: folder.path().join("state"),
            system: put("etc/config.toml", "phone_region = \"A\"\n[database]\npath = \"a.db\"\n[[rules]]\n"),
        };
        let file = put("user/config.toml", "phone_region = \"B\"\n[guard]\ndeletes_floor = 1\n[[rules]]\n");
        put("user/conf.d/20.toml", "[guard]\ndeletes_floor = 3\ndeletes_percent = 3\n[[rules]]\n");
        put("user/conf.d/10.toml", "[guard]\ndeletes_floor = 2\n[history]\ndays = 2\n");
        put("user/conf.d/30.bak", "no TOML");
        let read = |environment: &[(&str, &str)]| {
            let own = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            Settings::of(&places, file.clone(), false, &Environment(own.collect()), false).unwrap()
        };
        let settings = read(&[("PASSERELLE__GUARD__DELETES_PERCENT", "4")]);
        assert_eq!(settings.phone_region, "B");
        assert_eq!(settings.database.path, folder.path().join("etc/a.db"));
        assert_eq!((settings.guard.deletes_floor, settings.guard.deletes_percent), (3, 4));
        assert_eq!((settings.history.days, settings.network.answer_max_mib), (2, 64));
        let places: Vec<&str> = settings.rules.iter().map(|rule| rule.from.as_str()).collect();
        let expected = ["etc/config.toml:4", "user/config.toml:4", "user/conf.d/20.toml:4"];
        assert_eq!(places, expected.map(|place| folder.path().join(place).display().to_string()));
        assert!(settings.origin("guard.deletes_floor").unwrap().ends_with("conf.d/20.toml:2"));
    }
}
