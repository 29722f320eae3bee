//! What an error is about: typed values for the placeholders of its article.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Reason, Side};

/// A value that can be kept as text and read back.
trait AsText: Sized {
    fn to_text(&self) -> String;
    fn of_text(text: &str) -> Option<Self>;
}

impl AsText for String {
    fn to_text(&self) -> String {
        self.clone()
    }

    fn of_text(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

impl AsText for u64 {
    fn to_text(&self) -> String {
        self.to_string()
    }

    fn of_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl AsText for i64 {
    fn to_text(&self) -> String {
        self.to_string()
    }

    fn of_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl AsText for Side {
    fn to_text(&self) -> String {
        self.as_str().to_owned()
    }

    fn of_text(text: &str) -> Option<Self> {
        [Side::Local, Side::Remote].into_iter().find(|side| side.as_str() == text)
    }
}

impl AsText for Reason {
    fn to_text(&self) -> String {
        self.to_string()
    }

    fn of_text(text: &str) -> Option<Self> {
        Some(Reason::of_text(text))
    }
}

/// Makes the enumeration and the names of its placeholders from one list.
macro_rules! details {
    ($($(#[$doc:meta])* $name:ident($held:ty) = $text:literal,)+) => {
        /// One thing that an error is about. Its name is a placeholder of the catalogue: `{user}`.
        ///
        /// It holds no token, no body and no value of a record.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Detail {
            $($(#[$doc])* $name($held),)+
        }

        impl Detail {
            /// The names of all.
            pub const NAMES: &[&str] = &[$($text,)+];

            /// Returns the name of the placeholder.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self {
                    $(Detail::$name(_) => $text,)+
                }
            }

            /// Returns the value as it is kept and as machines read it. People read what `texts` makes of it.
            #[must_use]
            pub fn to_text(&self) -> String {
                match self {
                    $(Detail::$name(held) => held.to_text(),)+
                }
            }

            fn of_text(name: &str, text: &str) -> Option<Self> {
                match name {
                    $($text => AsText::of_text(text).map(Detail::$name),)+
                    _ => None,
                }
            }
        }
    };
}

details! {
    /// The address or name of an account at the provider.
    Account(String) = "account",
    /// How many days an authorisation lived.
    AgeDays(i64) = "age_days",
    /// The account that an app user is bound to.
    Bound(String) = "bound",
    /// A calendar, as a person names it.
    Calendar(String) = "calendar",
    /// The id of the company's client at the provider.
    Client(String) = "client",
    /// An account or calendar that somebody has already.
    Collection(String) = "collection",
    /// A column of the company's tables.
    Column(String) = "column",
    /// Headings of a table in a file.
    Columns(String) = "columns",
    /// The command that met the error, as it is typed.
    Command(String) = "command",
    /// The command that connects, as it is typed.
    Connect(String) = "connect",
    /// Whoever met the error was giving consent: nothing waits for a next run then.
    Connecting(String) = "connecting",
    /// How many.
    Count(u64) = "count",
    /// A file with a table, as a shell takes it.
    Csv(String) = "csv",
    /// The digest of a plan.
    Digest(String) = "digest",
    /// When something ends, as a person reads it.
    Ends(String) = "ends",
    /// A field of a record, in the domain's words, or a list of them.
    Field(String) = "field",
    /// The path of a file, with its line where one is meant.
    File(String) = "file",
    /// The identifier of a calendar or collection.
    Id(String) = "id",
    /// The command that imports, as it is typed.
    Import(String) = "import",
    /// Who signed the certificate that was shown.
    Issuer(String) = "issuer",
    /// What a person named: a setting, a record, a number.
    Key(String) = "key",
    /// `contacts` or `events`.
    Kind(String) = "kind",
    /// The names that would have been known.
    Known(String) = "known",
    /// The most that is allowed.
    Limit(u64) = "limit",
    /// A page of the provider's console.
    Link(String) = "link",
    /// Options that say what headings mean, as they are typed.
    Map(String) = "map",
    /// The name of a record, which its owner knows.
    Name(String) = "name",
    /// What this release knows less than: the version of a schema.
    New(String) = "new",
    /// The kind of source of the vault's key that the vault notes.
    Noted(String) = "noted",
    /// What this release knows: the version of a schema.
    Old(String) = "old",
    /// The provider's name for what was being done, such as `events.list`.
    Operation(String) = "operation",
    /// The other of two ways to connect, as options.
    OtherWay(String) = "other_way",
    /// The app user who has something already.
    Owner(String) = "owner",
    /// A pair of collections.
    Pair(String) = "pair",
    /// The number of another process.
    Pid(String) = "pid",
    /// Where in an answer something made no sense.
    Place(String) = "place",
    /// The company's project at the provider.
    Project(String) = "project",
    /// The address of a proxy.
    Proxy(String) = "proxy",
    /// A quota of the provider.
    Quota(String) = "quota",
    /// Why.
    Reason(Reason) = "reason",
    /// The number of a run.
    Run(String) = "run",
    /// What an authorisation opens, in the provider's word.
    Scope(String) = "scope",
    /// Several of them.
    Scopes(String) = "scopes",
    /// A service of the provider.
    Service(String) = "service",
    /// One of the two sides.
    Side(Side) = "side",
    /// How many seconds the clocks are apart.
    Skew(i64) = "skew",
    /// The kind of source of the vault's key.
    Source(String) = "source",
    /// The status of an HTTP answer.
    Status(u64) = "status",
    /// What was probably meant.
    Suggestion(String) = "suggestion",
    /// An app user.
    User(String) = "user",
    /// An environment variable.
    Variable(String) = "variable",
    /// How long to wait, as a person reads it.
    Wait(String) = "wait",
    /// A way to connect, as options.
    Way(String) = "way",
    /// A time zone.
    Zone(String) = "zone",
}

/// What an error is about. It is kept as a list of names and texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context(Vec<Detail>);

impl Context {
    /// Adds one.
    pub fn push(&mut self, detail: Detail) {
        self.0.push(detail);
    }

    /// Adds one, unless there is one of its name.
    pub fn push_missing(&mut self, detail: Detail) {
        if self.get(detail.name()).is_none() {
            self.0.push(detail);
        }
    }

    /// Returns the first of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Detail> {
        self.0.iter().find(|detail| detail.name() == name)
    }

    /// Goes through all.
    pub fn iter(&self) -> std::slice::Iter<'_, Detail> {
        self.0.iter()
    }

    /// Tells whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Detail> for Context {
    fn from_iter<T: IntoIterator<Item = Detail>>(details: T) -> Self {
        Context(details.into_iter().collect())
    }
}

impl Serialize for Context {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(|detail| (detail.name(), detail.to_text())))
    }
}

impl<'de> Deserialize<'de> for Context {
    /// Reads a list of names and texts. One that this release does not know is left out: it only explains.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let kept = Vec::<(String, String)>::deserialize(deserializer)?;
        Ok(kept.iter().filter_map(|(name, text)| Detail::of_text(name, text)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_is_read_back_as_it_was_kept() {
        let context: Context = [
            Detail::User("alice".to_owned()),
            Detail::Count(3),
            Detail::Side(Side::Remote),
            Detail::Reason(Reason::LongerThan(1024)),
            Detail::Reason(Reason::Verbatim("no such thing".to_owned())),
        ]
        .into_iter()
        .collect();
        let text = serde_json::to_string(&context).unwrap();
        assert_eq!(serde_json::from_str::<Context>(&text).unwrap(), context);
    }

    #[test]
    fn what_another_release_kept_is_read_as_far_as_it_is_known() {
        let kept = r#"[["user","alice"],["mood","good"],["count","many"],["reason","an e-mail address is not empty"]]"#;
        let read: Context = serde_json::from_str(kept).unwrap();
        let reason = Reason::Verbatim("an e-mail address is not empty".to_owned());
        assert_eq!(read, [Detail::User("alice".to_owned()), Detail::Reason(reason)].into_iter().collect());
    }
}
