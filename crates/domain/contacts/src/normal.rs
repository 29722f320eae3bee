//! The normal form of a contact's field values: what two spellings of one value have in common.

use passerelle_ports::{Field, Value};

use crate::{email_key, normal_line, normal_text, phone_key, plain_key, text::lower, url_key};

/// Returns the normal form of one field's value.
pub(crate) fn normal(field: &Field, value: &Value) -> Value {
    let member = field.member();
    match value {
        Value::String(text) => Value::String(match member {
            "notes" => normal_text(text),
            _ => normal_line(text),
        }),
        Value::Object(parts) => {
            let parts = parts.iter().map(|(part, value)| {
                let value = match value {
                    Value::String(text) if (member, part.as_str()) == ("phones", "number") => {
                        Value::String(normal_number(field.key().unwrap_or_default(), text))
                    }
                    Value::String(text) => Value::String(normal_part(member, part, text)),
                    other => other.clone(),
                };
                (part.clone(), value)
            });
            Value::Object(parts.collect())
        }
        other => other.clone(),
    }
}

/// A number as it is dialled in its country is the one that its key names: whoever made the key knew the country.
fn normal_number(key: &str, text: &str) -> String {
    let (own, known) = (phone_key(text, None), plain_key(key));
    let national = own.trim_start_matches('0');
    let is_known = known.starts_with('+') && national.len() >= 6 && known.ends_with(national);
    if is_known { known.to_owned() } else { own }
}

fn normal_part(member: &str, part: &str, text: &str) -> String {
    match (member, part) {
        ("emails", "address") => email_key(text),
        ("urls", "value") => url_key(text),
        ("addresses", "street") => {
            let lines: Vec<String> = normal_text(text).lines().map(normal_line).collect();
            lines.join("\n")
        }
        ("addresses", "country_code") => normal_line(text).to_ascii_uppercase(),
        ("ims", "service") => lower(&normal_line(text)),
        ("custom", "value") => normal_text(text),
        _ => normal_line(text),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn check(field: &str, value: Value, expected: Value) {
        assert_eq!(normal(&Field::new(field), &value), expected, "{field}");
    }

    #[test]
    fn spellings_that_mean_the_same_have_one_normal_form() {
        check("name/given", json!(" Jean-\tFranc\u{327}ois "), json!("Jean- François"));
        check("notes", json!("un \r\n  deux\r\n\r\n"), json!("un\n  deux"));
        check(
            "emails/a@b.example",
            json!({"address": " A@B.example", "label": "work", "preferred": true}),
            json!({"address": "a@b.example", "label": "work", "preferred": true}),
        );
        for number in ["06 12 34 56 78", "+33 6 12 34 56 78", "0033612345678", "(0)612345678"] {
            check("phones/+33612345678", json!({ "number": number }), json!({ "number": "+33612345678" }));
        }
        check("phones/+33612345678", json!({"number": "0612345679"}), json!({"number": "0612345679"}));
        check("phones/0123456789", json!({"number": "01.23.45.67.89"}), json!({"number": "0123456789"}));
        check(
            "urls/https://a.example",
            json!({"label": "", "value": "https://A.example/"}),
            json!({"label": "", "value": "https://a.example"}),
        );
        check(
            "addresses/work",
            json!({"street": "1  rue Haute \r\nBât. B", "country_code": "fr"}),
            json!({"street": "1 rue Haute\nBât. B", "country_code": "FR"}),
        );
        check("private", json!(true), json!(true));
        check("birthday", json!("--02-29"), json!("--02-29"));
    }

    proptest! {
        #[test]
        fn the_normal_form_is_its_own_normal_form(
            text in "(\\PC|[\r\n\t \u{301}\u{130}\u{df}/@+0-9]){0,30}",
            (member, part) in prop::sample::select(vec![
                ("emails", "address"), ("phones", "number"), ("urls", "value"), ("urls", "label"),
                ("addresses", "street"), ("addresses", "country_code"), ("addresses", "city"),
                ("ims", "service"), ("ims", "handle"), ("custom", "value"), ("notes", ""), ("uid", ""),
            ]),
        ) {
            let field = Field::keyed(member, "k");
            let value = if part.is_empty() { json!(text) } else { json!({ part: text }) };
            let once = normal(&field, &value);
            prop_assert_eq!(normal(&field, &once), once);
        }
    }
}
