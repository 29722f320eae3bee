//! Small parts that every write needs.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::content::{Context, normalise};
use super::times::span;
use super::{Book, Call, Event};
use crate::api::{ApiResponse, Profile};

pub(crate) const BASE32HEX: &[u8] = b"0123456789abcdefghijklmnopqrstuv";

/// RFC 7396, with arrays replaced whole (C123).
pub(crate) fn merge_patch(target: &mut Map<String, Value>, patch: Map<String, Value>) {
    for (name, value) in patch {
        match value {
            Value::Null => {
                target.remove(&name);
            }
            Value::Object(inner) => {
                let slot = target.entry(name).or_insert_with(|| Value::Object(Map::new()));
                if let Some(members) = slot.as_object_mut() {
                    merge_patch(members, inner);
                } else {
                    *slot = Value::Object(inner);
                }
            }
            other => {
                target.insert(name, other);
            }
        }
    }
}

pub(crate) fn organizer_of(book: &Book) -> Value {
    if book.primary {
        json!({"email": book.id})
    } else {
        json!({"email": book.id, "displayName": book.summary})
    }
}

pub(crate) fn sequence_of(fields: &Map<String, Value>) -> i64 {
    fields.get("sequence").and_then(Value::as_i64).unwrap_or(0)
}

pub(crate) fn text<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    fields.get(name).and_then(Value::as_str)
}

pub(crate) fn pick(fields: &Map<String, Value>, names: &[&str]) -> Map<String, Value> {
    names.iter().filter_map(|name| Some(((*name).to_owned(), fields.get(*name)?.clone()))).collect()
}

/// Client ids are base32hex, 5 to 1024 characters (C100).
pub(crate) fn legal_id(id: &str) -> bool {
    (5..=1024).contains(&id.len()) && id.bytes().all(|byte| BASE32HEX.contains(&byte))
}

/// Base32hex in lower case without padding (C105).
pub(crate) fn base32hex(bytes: &[u8]) -> String {
    let mut out = String::new();
    let (mut buffer, mut bits) = (0u32, 0u32);
    for byte in bytes {
        buffer = (buffer << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            push_digit(&mut out, buffer >> bits);
        }
        buffer &= (1 << bits) - 1;
    }
    if bits > 0 {
        push_digit(&mut out, buffer << (5 - bits));
    }
    out
}

fn push_digit(out: &mut String, value: u32) {
    let digit = BASE32HEX.get((value & 31) as usize).copied().unwrap_or(b'0');
    out.push(char::from(digit));
}

/// Tells whether an event spans the given instants (for free/busy).
pub(crate) fn busy_span(book: &Book, event: &Event) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let (start, end) = span(&event.fields)?;
    Some((start.instant(book.zone), end.instant(book.zone)))
}

pub(crate) fn normalise_for(
    call: &mut Call<'_>,
    book: &Book,
    fields: Map<String, Value>,
    before: Option<&Map<String, Value>>,
) -> Result<Map<String, Value>, ApiResponse> {
    let unknown = Profile::default();
    let context = Context {
        req: call.req,
        zone: book.zone,
        primary: book.primary,
        profile: call.accounts.get(&call.req.account).unwrap_or(&unknown),
    };
    normalise(fields, before, &context, call.rng)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_an_import_is_its_uid_in_base32hex_c105() {
        assert_eq!(base32hex(b"abc-123@example.org"), "c5h66b9h68pk0pboc5mn0r355pnn4po");
    }

    #[test]
    fn client_ids_are_base32hex_c100() {
        for (id, fine) in
            [("abcde", true), ("abcd", false), ("abcdw", false), ("ab_cd", false), ("ABCDE", false)]
        {
            assert_eq!(legal_id(id), fine, "{id}");
        }
    }

    #[test]
    fn a_patch_merges_objects_and_replaces_arrays_c123() {
        let mut target =
            json!({"a": {"x": 1, "y": 2}, "list": [1, 2], "gone": 1}).as_object().unwrap().clone();
        let patch = json!({"a": {"x": null}, "list": [3], "gone": null}).as_object().unwrap().clone();
        merge_patch(&mut target, patch);
        assert_eq!(Value::Object(target), json!({"a": {"y": 2}, "list": [3]}));
    }
}
