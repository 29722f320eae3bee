//! Sync and page tokens: opaque outside, checked inside.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::invalid_value;
use crate::api::ApiResponse;

/// What a sync token remembers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SyncToken {
    /// The calendar or the account.
    pub of: String,
    /// The position after which changes are wanted.
    pub rev: u64,
    pub generation: u64,
    /// The window of the first listing, remembered (C14).
    pub time_min: Option<i64>,
    pub time_max: Option<i64>,
    /// The other parameters, which must stay the same (C12).
    pub shape: String,
}

/// What a page token remembers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PageToken {
    pub of: String,
    /// How many items came before.
    pub offset: usize,
    /// The last item of the page before, where the order is by key.
    pub after: String,
    /// How many pages came before: an empty page leads to another token than its own.
    pub page: usize,
    /// The position of the calendar when the first page was made (C15).
    pub upto: u64,
    pub generation: u64,
    pub shape: String,
}

/// Makes an opaque text; the sum reveals tampering (C17).
pub(crate) fn seal<T: Serialize>(token: &T) -> String {
    let text = serde_json::to_string(token).unwrap_or_default();
    let sealed = format!("{:016x}{text}", sum(text.as_bytes()));
    URL_SAFE_NO_PAD.encode(sealed)
}

/// Why a token is not one of ours.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// It does not even decode.
    Garbage,
    /// It decodes to something else.
    Tampered,
}

/// Reads an opaque text back.
pub(crate) fn open<T: DeserializeOwned>(text: &str) -> Result<T, Broken> {
    let trimmed = text.trim_end_matches('=');
    if trimmed.len() < 8 {
        return Err(Broken::Garbage);
    }
    let bytes = URL_SAFE_NO_PAD.decode(trimmed).map_err(|_| Broken::Garbage)?;
    let (given, body) = bytes.split_at_checked(16).ok_or(Broken::Tampered)?;
    if format!("{:016x}", sum(body)).as_bytes() != given {
        return Err(Broken::Tampered);
    }
    serde_json::from_slice(body).map_err(|_| Broken::Tampered)
}

/// Answers for a sync token that cannot be used (C16, C17).
pub(crate) fn refuse(broken: &Broken) -> ApiResponse {
    match broken {
        Broken::Garbage => invalid_value(),
        Broken::Tampered => ApiResponse::error_file("calendar-410-fullSyncRequired"),
    }
}

/// A 64-bit FNV-1a sum.
fn sum(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_survives_the_way_and_tampering_shows_c17() {
        let token = SyncToken {
            of: "a@b.c".to_owned(),
            rev: 7,
            generation: 1,
            time_min: None,
            time_max: None,
            shape: String::new(),
        };
        let text = seal(&token);
        assert_eq!(open::<SyncToken>(&text), Ok(token));
        assert_eq!(open::<SyncToken>("x"), Err(Broken::Garbage));
        assert_eq!(open::<SyncToken>("not base64 at all"), Err(Broken::Garbage));
        let mut tampered = text;
        tampered.replace_range(30..31, if tampered.as_bytes()[30] == b'A' { "B" } else { "A" });
        assert_eq!(open::<SyncToken>(&tampered), Err(Broken::Tampered));
    }
}
