//! JSCalendar (RFC 8984): events as JSON. What it has no place for goes into members of our own.

mod read;
mod rest;
mod rules;
mod write;
mod zones;

use serde_json::{Map, Value};

pub(crate) use read::{read, read_file};
pub(crate) use write::event_of;

type Object = Map<String, Value>;

/// Names a member of our own.
fn own(name: &str) -> String {
    format!("{}{name}", crate::json::VENDOR)
}

fn text(object: &Object, name: &str) -> String {
    object.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn is_true(object: &Object, name: &str) -> bool {
    object.get(name) == Some(&Value::Bool(true))
}
