//! Digests over canonical JSON.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// A digest, as lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// Wraps digits that somebody typed or stored.
    pub fn new(digits: impl Into<String>) -> Self {
        Digest(digits.into())
    }

    /// Returns the digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the first twelve digits: what people read and type.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }

    /// Tells whether this is the digest that somebody named by at least its first twelve digits.
    #[must_use]
    pub fn is_named_by(&self, digits: &str) -> bool {
        digits.len() >= 12 && self.0.starts_with(digits)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Returns the SHA-256 of the value's JSON with sorted members and no spaces.
#[must_use]
pub fn digest_of<T: Serialize>(value: &T) -> Digest {
    // A `Value` keeps its members sorted: `serde_json` is built without `preserve_order` on purpose, and
    // `canonical` does not rely on it.
    let json = serde_json::to_value(value).unwrap_or(Value::Null);
    let mut text = String::new();
    canonical(&json, &mut text);
    Digest(hex(&Sha256::digest(text.as_bytes())))
}

fn canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by_key(|(name, _)| name.as_str());
            out.push('{');
            for (index, (name, value)) in sorted.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&Value::String(name.clone()).to_string());
                out.push(':');
                canonical(value, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                canonical(item, out);
            }
            out.push(']');
        }
        other => out.push_str(&other.to_string()),
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
        .map(char::from)
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_order_of_members_does_not_matter() {
        assert_eq!(
            digest_of(&json!({"a": 1, "b": [true, null]})),
            digest_of(&json!({"b": [true, null], "a": 1}))
        );
        assert_ne!(digest_of(&json!({"a": 1})), digest_of(&json!({"a": 2})));
    }

    #[test]
    fn a_digest_is_named_by_twelve_digits_or_more() {
        let digest = digest_of(&json!("x"));
        assert!(digest.is_named_by(digest.short()));
        assert!(!digest.is_named_by("0"));
    }
}
