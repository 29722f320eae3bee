//! What a contact may be at most (P90), checked before it is sent: one bad contact refuses a batch.

use passerelle_ports::Reason;
use serde_json::Value;

use crate::{convert::Draft, wire::Person};

const FIELDS_MAX: usize = 500;
const CHARS_MAX: usize = 1024;
const BYTES_MAX: usize = 128 * 1024;

/// Why a contact cannot be sent: the field, and the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TooMuch {
    pub(crate) field: &'static str,
    pub(crate) reason: Reason,
}

/// Checks what will be sent, and the whole contact as it will be.
pub(crate) fn check(draft: &Draft, whole: &Person) -> Result<(), TooMuch> {
    for (field, items) in &draft.fields {
        let long = items.iter().flat_map(serde_json::Map::values).any(is_long);
        if long && *field != "biographies" {
            return Err(TooMuch { field, reason: Reason::LongerThan(CHARS_MAX as u64) });
        }
    }
    let lists = whole.0.iter().filter(|(field, _)| !matches!(field.as_str(), "metadata" | "photos"));
    let (mut count, mut bytes) = (0, 0);
    for items in lists.filter_map(|(_, value)| value.as_array()) {
        count += items.len();
        bytes += items.iter().map(|item| item.to_string().len()).sum::<usize>();
    }
    if count > FIELDS_MAX {
        return Err(TooMuch { field: "contact", reason: Reason::MoreValuesThan(FIELDS_MAX as u64) });
    }
    if bytes > BYTES_MAX {
        return Err(TooMuch { field: "contact", reason: Reason::LargerThan(BYTES_MAX as u64 / 1024) });
    }
    Ok(())
}

fn is_long(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.len() > CHARS_MAX && text.chars().count() > CHARS_MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn draft(field: &'static str, items: Value) -> Draft {
        let items = serde_json::from_value(items).unwrap();
        Draft { fields: [(field, items)].into() }
    }

    fn verdict(draft: &Draft) -> Option<&'static str> {
        check(draft, &draft.applied_to(&Person::default())).err().map(|too_much| too_much.field)
    }

    #[test]
    fn p90_limits_are_known_before_google_says_so() {
        let long = "é".repeat(1025);
        assert_eq!(verdict(&draft("names", json!([{"givenName": long}]))), Some("names"));
        assert_eq!(verdict(&draft("names", json!([{"givenName": "é".repeat(1024)}]))), None);
        assert_eq!(verdict(&draft("biographies", json!([{"value": long}]))), None);
        assert_eq!(verdict(&draft("biographies", json!([{"value": "x".repeat(140_000)}]))), Some("contact"));
        let many: Vec<Value> = (0..501).map(|n| json!({"value": n.to_string()})).collect();
        assert_eq!(verdict(&draft("phoneNumbers", Value::Array(many))), Some("contact"));
    }
}
