//! The codes of the catalogue of errors.

use std::{error::Error, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Makes the enumeration, its list and its texts from one list.
macro_rules! codes {
    ($($name:ident = $text:literal,)+) => {
        /// A code of the catalogue of errors; `passerelle explain GOOG-204` prints the article of `Code::Goog204`.
        ///
        /// The articles are in `crates/texts/catalogue.toml`; a test compares the two lists.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        #[allow(missing_docs)]
        pub enum Code {
            $($name,)+
        }

        impl Code {
            /// Every code.
            pub const ALL: &[Code] = &[$(Code::$name,)+];

            /// Returns the code as people read it: `AREA-NNN`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Code::$name => $text,)+
                }
            }

            /// Tells whether it is about an authorisation at the provider or what it needs: another consent may end it.
            #[must_use]
            pub fn is_of_access(self) -> bool {
                matches!(self.as_str().as_bytes(), [b'G', b'O', b'O', b'G', b'-', b'1' | b'2', ..])
            }
        }
    };
}

codes! {
    Goog101 = "GOOG-101",
    Goog102 = "GOOG-102",
    Goog103 = "GOOG-103",
    Goog104 = "GOOG-104",
    Goog105 = "GOOG-105",
    Goog106 = "GOOG-106",
    Goog107 = "GOOG-107",
    Goog108 = "GOOG-108",
    Goog109 = "GOOG-109",
    Goog110 = "GOOG-110",
    Goog111 = "GOOG-111",
    Goog112 = "GOOG-112",
    Goog113 = "GOOG-113",
    Goog114 = "GOOG-114",
    Goog115 = "GOOG-115",
    Goog116 = "GOOG-116",
    Goog117 = "GOOG-117",
    Goog118 = "GOOG-118",
    Goog119 = "GOOG-119",
    Goog120 = "GOOG-120",
    Goog201 = "GOOG-201",
    Goog202 = "GOOG-202",
    Goog203 = "GOOG-203",
    Goog204 = "GOOG-204",
    Goog205 = "GOOG-205",
    Goog206 = "GOOG-206",
    Goog207 = "GOOG-207",
    Goog208 = "GOOG-208",
    Goog209 = "GOOG-209",
    Goog210 = "GOOG-210",
    Goog211 = "GOOG-211",
    Goog212 = "GOOG-212",
    Goog213 = "GOOG-213",
    Goog214 = "GOOG-214",
    Goog215 = "GOOG-215",
    Goog301 = "GOOG-301",
    Goog302 = "GOOG-302",
    Goog303 = "GOOG-303",
    Goog304 = "GOOG-304",
    Goog305 = "GOOG-305",
    Goog306 = "GOOG-306",
    Goog307 = "GOOG-307",
    Goog308 = "GOOG-308",
    Goog309 = "GOOG-309",
    Goog310 = "GOOG-310",
    Goog311 = "GOOG-311",
    Goog312 = "GOOG-312",
    Goog313 = "GOOG-313",
    Goog314 = "GOOG-314",
    Goog315 = "GOOG-315",
    Goog316 = "GOOG-316",
    Goog317 = "GOOG-317",
    Net101 = "NET-101",
    Net102 = "NET-102",
    Net103 = "NET-103",
    Net104 = "NET-104",
    Net105 = "NET-105",
    Net106 = "NET-106",
    Net107 = "NET-107",
    Sys101 = "SYS-101",
    Sys102 = "SYS-102",
    Sys103 = "SYS-103",
    Sys104 = "SYS-104",
    Sys105 = "SYS-105",
    Sys106 = "SYS-106",
    Sys107 = "SYS-107",
    Sys108 = "SYS-108",
    Sys109 = "SYS-109",
    Sys110 = "SYS-110",
    Vault001 = "VAULT-001",
    Vault002 = "VAULT-002",
    Vault003 = "VAULT-003",
    Vault004 = "VAULT-004",
    Vault005 = "VAULT-005",
    Vault006 = "VAULT-006",
    Vault007 = "VAULT-007",
    Db101 = "DB-101",
    Db102 = "DB-102",
    Db103 = "DB-103",
    Db104 = "DB-104",
    Db105 = "DB-105",
    Sync101 = "SYNC-101",
    Sync102 = "SYNC-102",
    Sync103 = "SYNC-103",
    Sync104 = "SYNC-104",
    Sync105 = "SYNC-105",
    Sync106 = "SYNC-106",
    Sync107 = "SYNC-107",
    Sync108 = "SYNC-108",
    Sync110 = "SYNC-110",
    Sync112 = "SYNC-112",
    Sync113 = "SYNC-113",
    Sync114 = "SYNC-114",
    Sync115 = "SYNC-115",
    Sync116 = "SYNC-116",
    Sync119 = "SYNC-119",
    Sync121 = "SYNC-121",
    Sync122 = "SYNC-122",
    Sync126 = "SYNC-126",
    Sync130 = "SYNC-130",
    Sync131 = "SYNC-131",
    Cfg101 = "CFG-101",
    Cfg102 = "CFG-102",
    Cfg103 = "CFG-103",
    Use101 = "USE-101",
    Use102 = "USE-102",
    Use103 = "USE-103",
    Use104 = "USE-104",
    Use105 = "USE-105",
    Use106 = "USE-106",
    Use107 = "USE-107",
    Use108 = "USE-108",
    Use109 = "USE-109",
    Use110 = "USE-110",
    Use111 = "USE-111",
    Use112 = "USE-112",
    Use113 = "USE-113",
    Use114 = "USE-114",
    Use115 = "USE-115",
    Use116 = "USE-116",
    Use119 = "USE-119",
    Use131 = "USE-131",
    Use132 = "USE-132",
    Imp101 = "IMP-101",
    Imp110 = "IMP-110",
    Bug101 = "BUG-101",
    Int101 = "INT-101",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is no code of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownCode;

impl fmt::Display for UnknownCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no code of the catalogue")
    }
}

impl Error for UnknownCode {}

impl FromStr for Code {
    type Err = UnknownCode;

    /// Reads a code in any letter case.
    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        let same = |code: &&Code| code.as_str().eq_ignore_ascii_case(text.trim());
        Code::ALL.iter().find(same).copied().ok_or(UnknownCode)
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Reads a code that was stored. One that this release does not know, which an earlier one may have had, is none: the kind
/// of the error still says what to do.
///
/// # Errors
///
/// What is stored is no text.
pub fn stored_code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Code>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.and_then(|text| text.parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_its_text() {
        for code in Code::ALL {
            assert_eq!(code.as_str().parse(), Ok(*code));
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
        assert_eq!(" goog-204 ".parse(), Ok(Code::Goog204));
        assert_eq!("GOOG-999".parse::<Code>(), Err(UnknownCode));
    }

    #[test]
    fn a_stored_code_that_is_no_longer_known_is_none() {
        #[derive(Deserialize)]
        struct Kept {
            #[serde(default, deserialize_with = "stored_code")]
            code: Option<Code>,
        }
        let read = |text: &str| serde_json::from_str::<Kept>(text).unwrap().code;
        assert_eq!(read(r#"{"code":"GOOG-204"}"#), Some(Code::Goog204));
        assert_eq!(read(r#"{"code":"GOOG-001"}"#), None);
        assert_eq!(read("{}"), None);
    }
}
