//! Why something was refused or could not be used.

use std::fmt;

/// Makes the enumeration, its list and its identifiers from one list.
macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)+) => {
        /// Why something was refused or could not be used, in a form that each language has its words for: the message
        /// `reason-…` of `crates/texts/locales`, or the message of a rule.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Reason {
            $($(#[$doc])* $name,)+
            /// A text has more characters than this.
            LongerThan(u64),
            /// A record has more values than this.
            MoreValuesThan(u64),
            /// A record is larger than this many kilobytes.
            LargerThan(u64),
            /// A constraint of the company's tables refused it: its identifier, such as `event-ends-before-it-starts`.
            Rule(String),
            /// A word of somebody else's, told as it stands: an option, a provider's, a system's, a database's.
            Verbatim(String),
        }

        impl Reason {
            /// Those without a value.
            pub const PLAIN: &[Reason] = &[$(Reason::$name,)+];

            /// Returns the identifier, without the value.
            #[must_use]
            pub const fn id(&self) -> &'static str {
                match self {
                    $(Reason::$name => $text,)+
                    Reason::LongerThan(_) => "longer-than",
                    Reason::MoreValuesThan(_) => "more-values-than",
                    Reason::LargerThan(_) => "larger-than",
                    Reason::Rule(_) => "rule",
                    Reason::Verbatim(_) => "verbatim",
                }
            }
        }
    };
}

reasons! {
    /// There is such a file already.
    FileExists = "io-exists",
    /// There is no such file or directory.
    FileNotFound = "io-not-found",
    /// The system does not permit it.
    FileDenied = "io-denied",
    /// It is a directory.
    FileIsDirectory = "io-directory",
    /// A part of the path is no directory.
    PathNoDirectory = "io-no-directory",
    /// The disk cannot be written.
    DiskReadOnly = "io-read-only",
    /// The file is no text.
    FileNoText = "io-no-text",
    /// No room is left.
    DiskFull = "io-full",
    /// The input is larger than what is taken.
    InputTooLarge = "io-too-large",
    /// Another program changes the file while it is read.
    FileChanging = "io-changing",
    /// A source of keys has no such entry.
    NoEntry = "why-no-entry",
    /// It is empty.
    Empty = "why-empty",
    /// A name is none.
    BadName = "why-bad-name",
    /// A source gives no key.
    NoKey = "why-no-key",
    /// The program was not started by systemd.
    NoSystemd = "why-no-systemd",
    /// No command is set.
    NoCommand = "why-no-command",
    /// A command failed.
    CommandFailed = "why-command",
    /// A command did not end.
    CommandHangs = "why-command-hangs",
    /// No session is open, or its key store is locked.
    NoSession = "why-no-session",
    /// Several entries have the name.
    SeveralEntries = "why-several",
    /// It does not answer.
    NoAnswer = "why-no-answer",
    /// The program was built without it.
    NotBuilt = "why-not-built",
    /// The file is no key of a service account.
    NoServiceAccount = "why-no-service-account",
    /// A private key cannot be read.
    BadPrivateKey = "why-bad-key",
    /// What a source gives is no key.
    NotAKey = "why-no-key-at-all",
    /// Others may read it.
    OpenToOthers = "why-wide",
    /// It is no TOML.
    NotToml = "why-no-toml",
    /// It holds no certificate.
    NoCertificate = "why-no-certificate",
    /// It is no JSON.
    NotJson = "why-not-json",
    /// There is no such day.
    NoSuchDay = "why-no-such-day",
    /// The series begins at a time that its clock skips.
    SkippedHour = "why-skipped-hour",
    /// The rule of the series cannot be read.
    MalformedRule = "why-malformed-rule",
    /// It was made from a message, and the provider lets nobody change it.
    MadeFromMail = "why-made-from-mail",
}

impl Reason {
    /// Reads the text that a reason is kept as. What is no identifier is somebody's own word.
    #[must_use]
    pub fn of_text(text: &str) -> Reason {
        if let Some(plain) = Reason::PLAIN.iter().find(|reason| reason.id() == text) {
            return plain.clone();
        }
        let valued = text.split_once(':').and_then(|(id, value)| {
            let number = || value.parse::<u64>().ok();
            match id {
                "longer-than" => number().map(Reason::LongerThan),
                "more-values-than" => number().map(Reason::MoreValuesThan),
                "larger-than" => number().map(Reason::LargerThan),
                "rule" => Some(Reason::Rule(value.to_owned())),
                _ => None,
            }
        });
        valued.unwrap_or_else(|| Reason::Verbatim(text.to_owned()))
    }
}

impl fmt::Display for Reason {
    /// Writes the identifier with its value; it is no text for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::LongerThan(most) | Reason::MoreValuesThan(most) | Reason::LargerThan(most) => {
                write!(f, "{}:{most}", self.id())
            }
            Reason::Rule(rule) => write!(f, "rule:{rule}"),
            Reason::Verbatim(text) => f.write_str(text),
            plain => f.write_str(plain.id()),
        }
    }
}

impl From<&std::io::Error> for Reason {
    /// Names the usual reasons; the others are told in the system's words.
    fn from(error: &std::io::Error) -> Self {
        use std::io::ErrorKind as Io;
        match error.kind() {
            Io::AlreadyExists => Reason::FileExists,
            Io::NotFound => Reason::FileNotFound,
            Io::PermissionDenied => Reason::FileDenied,
            Io::IsADirectory => Reason::FileIsDirectory,
            Io::NotADirectory => Reason::PathNoDirectory,
            Io::ReadOnlyFilesystem => Reason::DiskReadOnly,
            Io::InvalidData => Reason::FileNoText,
            Io::StorageFull | Io::QuotaExceeded => Reason::DiskFull,
            // Those are our own: the system's words say more of its own ones.
            Io::FileTooLarge if error.raw_os_error().is_none() => Reason::InputTooLarge,
            Io::ResourceBusy if error.raw_os_error().is_none() => Reason::FileChanging,
            _ => Reason::Verbatim(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_read_back_as_it_was_kept() {
        let valued = [
            Reason::LongerThan(1024),
            Reason::MoreValuesThan(500),
            Reason::LargerThan(128),
            Reason::Rule("event-ends-before-it-starts".to_owned()),
            Reason::Verbatim("quotaExceeded".to_owned()),
        ];
        for reason in Reason::PLAIN.iter().chain(&valued) {
            assert_eq!(&Reason::of_text(&reason.to_string()), reason);
        }
    }
}
