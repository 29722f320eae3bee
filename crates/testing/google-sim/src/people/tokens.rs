//! Page and sync tokens: opaque, checked, and bound to the parameters of their first call.
//!
//! A token carries all it needs, so that the address book keeps nothing per client.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    /// Continues a listing of people.
    PeoplePage,
    /// Asks what changed among people.
    PeopleSync,
    /// Continues a listing of groups.
    GroupPage,
    /// Asks what changed among groups.
    GroupSync,
}

/// The content of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// Holds the digest of the parameters of the first call (P11).
    pub(super) parameters: String,
    /// Holds the version number that the listing shows.
    pub(super) shown: u64,
    /// Holds the version number since which changes are told; `None` in a full listing.
    pub(super) since: Option<u64>,
    pub(super) offset: usize,
    /// Holds when the full listing began, whatever came after (P12).
    pub(super) full_sync: i64,
    pub(super) epoch: u64,
}

/// How long a sync token lives after the full sync (P12).
const LIFE_DAYS: i64 = 7;

impl Token {
    /// Writes the token for one account.
    pub(super) fn write(&self, account: &str) -> String {
        let text = serde_json::to_string(self).unwrap_or_default();
        let seal = seal(account, &text);
        BASE64.encode(format!("{seal}{text}"))
    }

    /// Reads a token of this kind and account; anything else is corrupt.
    pub(super) fn read(kind: Kind, account: &str, token: &str) -> Option<Self> {
        let bytes = BASE64.decode(token).ok()?;
        let whole = String::from_utf8(bytes).ok()?;
        let (mark, text) = whole.split_at_checked(SEAL_LEN)?;
        if mark != seal(account, text) {
            return None;
        }
        let token: Self = serde_json::from_str(text).ok()?;
        (token.kind == kind).then_some(token)
    }

    /// Tells whether the token is too old, or was made so on purpose (P12, P13).
    pub(super) fn expired(&self, epoch: u64, now: DateTime<Utc>) -> bool {
        let full_sync = DateTime::from_timestamp(self.full_sync, 0).unwrap_or(now);
        self.epoch < epoch || now - full_sync >= Duration::days(LIFE_DAYS)
    }
}

/// Returns the digest of parameters that must stay the same (P11).
pub(super) fn digest(parameters: &str) -> String {
    hex(parameters, 12)
}

const SEAL_LEN: usize = 16;

fn seal(account: &str, text: &str) -> String {
    hex(&format!("{account}\n{text}"), SEAL_LEN)
}

fn hex(text: &str, len: usize) -> String {
    let hash = Sha256::digest(text);
    let mut out: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    out.truncate(len);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> Token {
        Token {
            kind: Kind::PeopleSync,
            parameters: digest("x"),
            shown: 7,
            since: None,
            offset: 0,
            full_sync: 0,
            epoch: 0,
        }
    }

    #[test]
    fn p20_a_token_is_url_safe_and_long() {
        let text = token().write("a@b.example");
        assert!(text.len() >= 100, "{text}");
        assert!(text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_'));
    }

    #[test]
    fn p13_a_token_of_another_kind_or_account_or_form_is_corrupt() {
        let text = token().write("a@b.example");
        assert_eq!(Token::read(Kind::PeopleSync, "a@b.example", &text), Some(token()));
        assert_eq!(Token::read(Kind::PeoplePage, "a@b.example", &text), None);
        assert_eq!(Token::read(Kind::PeopleSync, "c@b.example", &text), None);
        for other in ["", "x", &text[1..], &format!("{text}A")] {
            assert_eq!(Token::read(Kind::PeopleSync, "a@b.example", other), None, "{other}");
        }
    }

    #[test]
    fn p12_a_token_dies_seven_days_after_the_full_sync() {
        let start = DateTime::UNIX_EPOCH;
        assert!(!token().expired(0, start + Duration::days(7) - Duration::seconds(1)));
        assert!(token().expired(0, start + Duration::days(7)));
        assert!(token().expired(1, start));
    }
}
