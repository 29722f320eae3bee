//! What can be typed: commands and options. Their help comes from the texts, by their own path (see `help.rs`).

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use passerelle_texts::Lang;

#[derive(Debug, Parser)]
#[command(name = "passerelle", version, disable_help_flag = true, disable_version_flag = true)]
#[command(subcommand_required = true, arg_required_else_help = true, disable_help_subcommand = true)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Args)]
pub struct Global {
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[arg(long, global = true, value_name = "fr|en")]
    pub lang: Option<Lang>,
    #[arg(long, global = true)]
    pub json: bool,
    #[arg(long, global = true)]
    pub plain: bool,
    #[arg(short, long, global = true)]
    pub quiet: bool,
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    #[arg(long, global = true)]
    pub no_input: bool,
    #[arg(short = 'y', long, global = true)]
    pub yes: bool,
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub color: Color,
    #[arg(long, global = true, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    #[cfg(feature = "demo")]
    Demo(Demo),
    Init(Init),
    #[command(subcommand)]
    User(User),
    #[command(subcommand)]
    Connect(Connect),
    #[command(subcommand)]
    Calendar(Calendar),
    #[command(subcommand)]
    Authorize(Authorize),
    Disconnect(OneUser),
    #[command(subcommand)]
    Account(Account),
    #[command(subcommand)]
    Credential(Credential),
    Doctor(Doctor),
    Test(Test),
    #[command(subcommand)]
    Vault(Vault),
    Sync(Sync),
    Status(Status),
    Conflicts(Conflicts),
    History(History),
    #[command(subcommand)]
    Undo(Undo),
    Restore(Restore),
    #[command(subcommand)]
    Rules(Rules),
    #[command(subcommand)]
    Database(Database),
    #[command(subcommand)]
    Contacts(Records<ImportTable>),
    #[command(subcommand)]
    Events(Records<Import>),
    #[command(subcommand)]
    Config(Config),
    Completion(Completion),
    Man(Man),
    Explain(Explain),
}

#[cfg(feature = "demo")]
#[derive(Debug, Args)]
pub struct Demo {
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
    #[arg(long)]
    pub serve: bool,
}

#[derive(Debug, Args)]
pub struct Init {
    #[arg(long)]
    pub non_interactive: bool,
    #[arg(long, value_name = "FILE")]
    pub database: Option<PathBuf>,
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    #[command(flatten)]
    pub key: KeyOptions,
}

/// Where the vault's key comes from.
#[derive(Clone, Debug, Default, Args)]
pub struct KeyOptions {
    #[arg(long, value_enum, value_name = "SOURCE")]
    pub key_source: Option<Source>,
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    #[arg(long, value_name = "COMMAND")]
    pub key_command: Option<String>,
    #[arg(long, value_name = "NAME")]
    pub key_name: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(try_from = "String")]
pub enum Source {
    File,
    Passphrase,
    Keyring,
    Command,
    SystemdCredential,
}

impl Source {
    /// Returns the name of the source in the settings.
    pub fn name(self) -> &'static str {
        match self {
            Source::File => "file",
            Source::Passphrase => "passphrase",
            Source::Keyring => "keyring",
            Source::Command => "command",
            Source::SystemdCredential => "systemd-credential",
        }
    }
}

#[derive(Debug, Subcommand)]
pub enum User {
    Add(UserAdd),
    List,
}

#[derive(Debug, Args)]
pub struct UserAdd {
    pub login: String,
    #[arg(long)]
    pub name: Option<String>,
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    pub email: Option<String>,
}

/// An address is not looked into any further: it is only ever compared.
fn address(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    match text.split_once('@') {
        Some((name, host)) if !name.is_empty() && !host.is_empty() => Ok(text.to_owned()),
        _ => Err("name@example.org"),
    }
}

#[derive(Debug, Subcommand)]
pub enum Connect {
    Google(ConnectGoogle),
}

#[derive(Debug, Args)]
pub struct ConnectGoogle {
    #[arg(long)]
    pub user: String,
    #[command(flatten)]
    pub delegation: Delegation,
    #[command(flatten)]
    pub asking: Asking,
}

/// A service account that acts for a person, in place of a consent.
#[derive(Clone, Debug, Args)]
pub struct Delegation {
    #[arg(long, value_name = "FILE", conflicts_with = "client", requires = "subject")]
    pub service_account: Option<PathBuf>,
    #[arg(long, value_name = "ADDRESS", requires = "service_account")]
    pub subject: Option<String>,
}

/// How consent is asked for, and for what.
#[derive(Clone, Debug, Args)]
pub struct Asking {
    #[arg(long, value_name = "FILE")]
    pub client: Option<PathBuf>,
    #[arg(long)]
    pub no_browser: bool,
    #[arg(long = "calendar", value_name = "NAME")]
    pub calendars: Vec<String>,
    #[arg(long)]
    pub no_contacts: bool,
    #[arg(long, default_value_t = 300, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub wait: u64,
}

#[derive(Debug, Subcommand)]
pub enum Authorize {
    Google(AuthorizeGoogle),
}

#[derive(Debug, Args)]
pub struct AuthorizeGoogle {
    #[arg(long, value_name = "FILE")]
    pub client: PathBuf,
    #[arg(long = "for", value_name = "KEY")]
    pub key: String,
    #[arg(long, value_name = "ADDRESS")]
    pub account: Option<String>,
    #[arg(long)]
    pub no_browser: bool,
    #[arg(long, default_value_t = 300, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub wait: u64,
}

#[derive(Debug, Subcommand)]
pub enum Account {
    Replace(AccountReplace),
}

#[derive(Debug, Args)]
pub struct AccountReplace {
    #[arg(long)]
    pub user: String,
    #[arg(long, value_name = "USER")]
    pub confirm: Option<String>,
    #[command(flatten)]
    pub delegation: Delegation,
    #[command(flatten)]
    pub asking: Asking,
}

#[derive(Debug, Subcommand)]
pub enum Credential {
    Replace(CredentialReplace),
}

#[derive(Debug, Args)]
pub struct CredentialReplace {
    #[arg(long)]
    pub user: String,
    #[arg(long, value_name = "FILE")]
    pub client: PathBuf,
}

#[derive(Debug, Args)]
pub struct Doctor {
    #[arg(long)]
    pub user: Option<String>,
    #[arg(long)]
    pub fix: bool,
    #[arg(long)]
    pub strict: bool,
}

#[derive(Debug, Args)]
pub struct Test {
    pub user: String,
}

#[derive(Debug, Subcommand)]
pub enum Vault {
    Status,
    Rotate(VaultRotate),
}

#[derive(Debug, Args)]
pub struct VaultRotate {
    #[arg(long)]
    pub deep: bool,
    #[arg(long, value_enum, value_name = "SOURCE")]
    pub to: Option<Source>,
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    #[arg(long, value_name = "COMMAND")]
    pub key_command: Option<String>,
    #[arg(long, value_name = "NAME")]
    pub key_name: Option<String>,
    #[arg(long, value_name = "FILE")]
    pub new_passphrase_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum Calendar {
    List(SomeUser),
    Add(CalendarAdd),
    Remove(CalendarRemove),
}

/// A calendar, by its name or its id; as an option, too, as `connect` has it.
#[derive(Debug, Args)]
pub struct Which {
    #[arg(value_name = "CALENDAR", required_unless_present = "named")]
    pub calendar: Option<String>,
    #[arg(id = "named", long = "calendar", value_name = "CALENDAR", conflicts_with = "calendar")]
    pub named: Option<String>,
}

impl Which {
    /// Returns the name.
    pub fn name(&self) -> &str {
        self.calendar.as_deref().or(self.named.as_deref()).unwrap_or_default()
    }
}

#[derive(Debug, Args)]
pub struct CalendarAdd {
    #[command(flatten)]
    pub which: Which,
    #[arg(long)]
    pub user: String,
    #[arg(long, value_name = "CALENDAR")]
    pub into: Option<String>,
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Args)]
pub struct CalendarRemove {
    #[command(flatten)]
    pub which: Which,
    #[arg(long)]
    pub user: String,
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Args)]
pub struct OneUser {
    #[arg(long)]
    pub user: String,
}

#[derive(Debug, Args)]
pub struct SomeUser {
    #[arg(long)]
    pub user: Option<String>,
}

#[derive(Debug, Args)]
pub struct Status {
    #[arg(long)]
    pub user: Option<String>,
    #[arg(long, conflicts_with = "losses")]
    pub alone: bool,
    #[arg(long)]
    pub losses: bool,
}

#[derive(Debug, Args)]
pub struct Sync {
    #[arg(long)]
    pub user: Option<String>,
    #[arg(long)]
    pub dry_run: bool,
    #[arg(long, requires = "dry_run")]
    pub diff: bool,
    #[arg(long, value_name = "N")]
    pub allow_deletes: Option<u64>,
    #[arg(long, value_name = "N", conflicts_with_all = ["allow_deletes", "approve", "dry_run"])]
    pub bring_back: Option<u64>,
    #[arg(long, value_name = "DIGEST")]
    pub approve: Option<String>,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Conflicts {
    #[arg(long)]
    pub user: Option<String>,
    #[command(subcommand)]
    pub action: Option<ConflictAction>,
}

#[derive(Debug, Subcommand)]
pub enum ConflictAction {
    List(SomeUser),
    Show(ConflictShow),
    Resolve(ConflictResolve),
}

#[derive(Debug, Args)]
pub struct ConflictShow {
    pub number: u64,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("answer").required(true).multiple(true).args(["keep", "edit", "link", "different", "retry"]))]
pub struct ConflictResolve {
    pub number: u64,
    #[arg(long, value_enum)]
    pub keep: Option<Keep>,
    #[arg(long, value_name = "NAME")]
    pub field: Option<String>,
    #[arg(long, requires = "keep")]
    pub always: bool,
    #[arg(long, value_name = "VALUE", conflicts_with_all = ["keep", "link", "different", "retry"])]
    pub edit: Option<String>,
    #[arg(long, visible_alias = "merge", value_name = "M")]
    pub link: Option<u64>,
    #[arg(long, conflicts_with_all = ["keep", "link", "retry"])]
    pub different: bool,
    #[arg(long, conflicts_with_all = ["keep", "link"])]
    pub retry: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Keep {
    Local,
    Remote,
    Both,
}

#[derive(Debug, Args)]
pub struct History {
    #[arg(long)]
    pub user: Option<String>,
    #[arg(long, value_name = "N")]
    pub run: Option<i64>,
    #[arg(long, value_name = "ID", conflicts_with_all = ["run", "search"])]
    pub record: Option<String>,
    #[arg(long, value_name = "TEXT", conflicts_with = "run")]
    pub search: Option<String>,
    #[arg(long, conflicts_with_all = ["run", "record", "search"])]
    pub purged: bool,
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub limit: u64,
}

#[derive(Debug, Subcommand)]
pub enum Undo {
    Run(UndoRun),
    Record(UndoRecord),
}

#[derive(Debug, Args)]
pub struct UndoRun {
    pub run: i64,
    #[command(flatten)]
    pub how: HowToUndo,
}

#[derive(Debug, Args)]
pub struct UndoRecord {
    pub id: String,
    #[arg(long, value_name = "N")]
    pub run: Option<i64>,
    #[command(flatten)]
    pub how: HowToUndo,
}

#[derive(Debug, Args)]
pub struct HowToUndo {
    #[arg(long)]
    pub dry_run: bool,
    #[arg(long, value_name = "N")]
    pub allow_deletes: Option<u64>,
    #[arg(long, value_name = "DIGEST")]
    pub approve: Option<String>,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["id", "user"]))]
pub struct Restore {
    pub id: Option<String>,
    #[arg(long)]
    pub user: Option<String>,
    #[arg(long, value_enum, requires = "user")]
    pub kind: Option<KindName>,
    #[arg(long, value_name = "TIME")]
    pub as_of: String,
    #[command(flatten)]
    pub how: HowToUndo,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum KindName {
    Contacts,
    Events,
}

#[derive(Debug, Subcommand)]
pub enum Rules {
    List(SomeUser),
    Test(Show),
    Forget(RulesForget),
}

#[derive(Debug, Args)]
pub struct RulesForget {
    #[arg(long)]
    pub user: String,
    #[arg(long, value_name = "NAME")]
    pub field: String,
}

#[derive(Debug, Subcommand)]
pub enum Database {
    Adopt(Adopt),
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("origin").required(true).args(["moved", "copied"]))]
pub struct Adopt {
    #[arg(long)]
    pub moved: bool,
    #[arg(long)]
    pub copied: bool,
}

#[derive(Debug, Subcommand)]
pub enum Records<I: Args> {
    Import(I),
    Export(Export),
    List(List),
    Show(Show),
}

/// What becomes of a record of a file that is like one here and says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LookAlikes {
    Aside,
    Update,
    New,
}

#[derive(Debug, Args)]
pub struct Import {
    pub file: PathBuf,
    #[arg(long)]
    pub format: Option<String>,
    #[arg(long)]
    pub user: Option<String>,
    #[arg(long)]
    pub replace: bool,
    #[arg(long)]
    pub dry_run: bool,
    #[arg(long, value_name = "FILE")]
    pub refused: Option<PathBuf>,
    /// What becomes of a record that is like one here and says otherwise.
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = LookAlikes::Aside)]
    pub look_alikes: LookAlikes,
}

/// An import of what may be a table.
#[derive(Debug, Args)]
pub struct ImportTable {
    #[command(flatten)]
    pub import: Import,
    /// What a column is: `HEADING=MEANING`, both as headings.
    #[arg(long, value_name = "COLUMN=MEANING")]
    pub map: Vec<String>,
}

impl From<ImportTable> for (Import, Vec<String>) {
    fn from(args: ImportTable) -> Self {
        (args.import, args.map)
    }
}

impl From<Import> for (Import, Vec<String>) {
    fn from(args: Import) -> Self {
        (args, Vec::new())
    }
}

#[derive(Debug, Args)]
pub struct Export {
    #[arg(default_value = "-")]
    pub file: PathBuf,
    #[arg(long)]
    pub format: Option<String>,
    #[arg(long)]
    pub user: Option<String>,
}

#[derive(Debug, Args)]
pub struct List {
    #[arg(long)]
    pub user: Option<String>,
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
}

#[derive(Debug, Args)]
pub struct Show {
    pub id: String,
}

#[derive(Debug, Subcommand)]
pub enum Config {
    Show,
    Check,
}

#[derive(Debug, Args)]
pub struct Completion {
    pub shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub struct Man {
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Explain {
    pub code: String,
}
