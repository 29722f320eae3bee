//! What a cursor and a page token hold: Google's token, the parameters it is good for, and the time
//! of the complete listing that it goes back to (P11, P12).

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use passerelle_ports::{Cursor, PageToken, PortError, PortResult};
use serde::{Deserialize, Serialize};

use crate::{error, wire};

/// Google forgets a token 7 days after the complete listing (P12).
const LIFE: TimeDelta = TimeDelta::days(6);

/// A place in Google's listings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Place {
    /// The sync token of the listing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sync: Option<String>,
    /// The page token, in the middle of a listing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) page: Option<String>,
    /// When the complete listing began.
    pub(crate) full: DateTime<Utc>,
    /// A digest of the parameters of the calls.
    pub(crate) parameters: String,
    /// The labels as they were called: a label that gets another name changes no contact.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) labels: BTreeMap<String, String>,
}

impl Place {
    /// Returns the beginning of a complete listing.
    pub(crate) fn start(page_size: u32, now: DateTime<Utc>) -> Self {
        let labels = BTreeMap::new();
        Place { sync: None, page: None, full: now, parameters: parameters(page_size), labels }
    }

    /// Reads a cursor or page token, unless it is too old or belongs to other parameters.
    pub(crate) fn read(text: &str, page_size: u32, now: DateTime<Utc>) -> PortResult<Self> {
        let place: Place = serde_json::from_str(text).map_err(|_| error::cursor_expired())?;
        let old = now.signed_duration_since(place.full) >= LIFE;
        if old || place.parameters != parameters(page_size) { Err(expired()) } else { Ok(place) }
    }

    pub(crate) fn cursor(&self, sync: String) -> PortResult<Cursor> {
        Place { sync: Some(sync), page: None, ..self.clone() }.text().map(Cursor::new)
    }

    pub(crate) fn page(&self, page: String) -> PortResult<PageToken> {
        Place { page: Some(page), ..self.clone() }.text().map(PageToken::new)
    }

    fn text(&self) -> PortResult<String> {
        serde_json::to_string(self)
            .map_err(|source| error::unexpected("people.connections.list").with_source(source))
    }
}

fn expired() -> PortError {
    error::cursor_expired()
}

/// FNV-1a: short, and the same in every version of the program.
fn parameters(page_size: u32) -> String {
    let text = format!("{} {} {page_size}", wire::PERSON_FIELDS, wire::SOURCES);
    let digest = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |digest, byte| {
        (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{digest:016x}")
}

#[cfg(test)]
mod tests {
    use passerelle_ports::ErrorKind;

    use super::*;

    #[test]
    fn p12_a_cursor_is_good_for_six_days_and_its_own_parameters() {
        let then = DateTime::UNIX_EPOCH;
        let start = Place::start(1000, then);
        let cursor = start.cursor("t".into()).unwrap();
        let read = |text: &str, size, days| {
            Place::read(text, size, then + TimeDelta::days(days)).map_err(|error| error.kind)
        };
        let expected = Place { sync: Some("t".into()), ..start.clone() };
        assert_eq!(read(cursor.as_str(), 1000, 5), Ok(expected));
        assert_eq!(read(cursor.as_str(), 1000, 6), Err(ErrorKind::CursorExpired));
        assert_eq!(read(cursor.as_str(), 100, 1), Err(ErrorKind::CursorExpired));
        for bad in ["", "nonsense", "{}"] {
            assert_eq!(read(bad, 1000, 0), Err(ErrorKind::CursorExpired), "{bad}");
        }
    }
}
