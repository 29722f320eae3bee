//! What a file holds beyond a record, as texts kept beside it: what each is about, and what becomes of those of two states.

use std::collections::HashSet;

use crate::Value;

/// Returns the texts of leftovers; `None` where they are of another form, which is a provider's business.
#[must_use]
pub fn texts(left: &Value) -> Option<Vec<&str>> {
    match left {
        Value::Null => Some(Vec::new()),
        Value::Array(items) => items.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

/// Returns what a leftover is about: the name of a line, or of a member, or the heading of a column.
#[must_use]
pub fn about(text: &str) -> &str {
    let text = text.trim_start();
    match text.strip_prefix("{\"") {
        Some(member) => member.split('"').next().unwrap_or_default(),
        // What is kept of several lines differs by the lines.
        None if text.contains("X-PASSERELLE-PARAMS") || text.starts_with("X-PASSERELLE-LINE") => text,
        // What is kept of changed occurrences differs by the occurrence.
        None if text.starts_with("X-PASSERELLE-OF-OCCURRENCE") => {
            let value = text.find("\":").map_or(0, |at| at + 2);
            let name = text.get(value..).unwrap_or_default();
            let end = name.find([':', ';', '\\']).unwrap_or(name.len());
            text.get(..value + end).unwrap_or(text)
        }
        None => text.split([':', ';']).next().unwrap_or_default(),
    }
}

/// The names of what tells when, by what and how often a record was written: it says nothing of the record.
const MARKS: [&str; 8] =
    ["REV", "PRODID", "DTSTAMP", "CREATED", "LAST-MODIFIED", "SEQUENCE", "UPDATED", "VERSION"];

/// Tells whether a leftover says when or by what a record was written, and nothing of the record itself.
#[must_use]
pub fn is_mark(text: &str) -> bool {
    MARKS.iter().any(|mark| about(text).eq_ignore_ascii_case(mark))
}

/// Returns the number of the state of an appointment that a file said beside it; of several the newest.
#[must_use]
pub fn sequence<'a>(texts: impl IntoIterator<Item = &'a str>) -> Option<u64> {
    let told = texts.into_iter().filter(|text| about(text).eq_ignore_ascii_case("SEQUENCE"));
    told.filter_map(|text| text.rsplit(':').next()?.trim_end_matches('}').trim().parse().ok()).max()
}

/// Returns the leftovers that are there with those that were read: of one property the ones that were read, unless they
/// are among those that are there already.
#[must_use]
pub fn completed(there: &Value, read: Option<&Value>) -> Value {
    let Some(read) = read.filter(|read| !read.is_null()) else { return there.clone() };
    let (Some(old), Some(new)) = (texts(there), texts(read)) else { return read.clone() };
    let richer = only_in(&new, &old);
    if richer.is_empty() {
        return there.clone();
    }
    let taken = new.iter().filter(|text| richer.contains(about(text)));
    let kept = old.iter().filter(|text| !richer.contains(about(text)));
    Value::from(taken.chain(kept).map(|text| (*text).to_owned()).collect::<Vec<_>>())
}

/// Returns the leftovers that were read and say otherwise than those that are there: of the same property, where neither
/// says all that the other one does.
#[must_use]
pub fn otherwise<'a>(there: &Value, read: &'a Value) -> Vec<&'a str> {
    let (Some(old), Some(new)) = (texts(there), texts(read)) else { return Vec::new() };
    let (said, says) = (only_in(&old, &new), only_in(&new, &old));
    let clashes = |text: &&str| said.contains(about(text)) && says.contains(about(text)) && !is_mark(text);
    new.into_iter().filter(clashes).collect()
}

/// Returns what those of some leftovers are about that are not among others.
fn only_in<'a>(some: &[&'a str], others: &[&str]) -> HashSet<&'a str> {
    let others: HashSet<&str> = others.iter().copied().collect();
    some.iter().filter(|text| !others.contains(**text)).map(|text| about(text)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn of_one_property_the_leftovers_are_those_that_were_read() {
        let there = json!(["REV:1", "X-A:1", "{\"links\":1}"]);
        assert_eq!(completed(&there, Some(&json!(["REV:2"]))), json!(["REV:2", "X-A:1", "{\"links\":1}"]));
        assert_eq!(completed(&there, None), there);
        assert_eq!(completed(&Value::Null, Some(&json!(["A:1"]))), json!(["A:1"]));
        // What is there already moves nothing, and a poorer one of a kind takes nothing away.
        assert_eq!(completed(&there, Some(&json!(["X-A:1"]))), there);
        let two = json!(["COMMENT:a", "COMMENT:b", "X-A:1"]);
        assert_eq!(
            completed(&two, Some(&json!(["COMMENT:b", "X-A:2"]))),
            json!(["X-A:2", "COMMENT:a", "COMMENT:b"])
        );
        let there =
            json!(["X-PASSERELLE-OF-OCCURRENCE;ID=\"2027-01-11T09:00:00\":X-A:1", "X-PASSERELLE-LINE:A"]);
        let read =
            json!(["X-PASSERELLE-OF-OCCURRENCE;ID=\"2027-01-18T09:00:00\":X-A:1", "X-PASSERELLE-LINE:B"]);
        assert_eq!(completed(&there, Some(&read)).as_array().map(Vec::len), Some(4));
    }

    #[test]
    fn the_number_of_a_state_is_read_however_it_is_kept() {
        for (texts, number) in [
            (&["X-A:7", "SEQUENCE:2"][..], Some(2)),
            (&["{\"sequence\":3}"], Some(3)),
            (&["{\"sequence\": 3 }"], Some(3)),
            (&["sequence;X-A=\"b:c\": 4"], Some(4)),
            (&["SEQUENCE:2", "{\"sequence\":5}"], Some(5)),
            (&["SEQUENCE:-1"], None),
            (&["SEQUENCE:"], None),
            (&["X-SEQUENCE:2", "{\"sequences\":2}"], None),
            (&[], None),
        ] {
            assert_eq!(sequence(texts.iter().copied()), number, "{texts:?}");
        }
    }

    #[test]
    fn leftovers_say_otherwise_where_neither_says_what_the_other_does() {
        let there = json!(["ROLE:Chef", "COMMENT:a", "COMMENT:b", "REV:1", "N° client: 1"]);
        for (read, wanted) in [
            (json!(["ROLE:Chef"]), vec![]),
            (json!(["ROLE:Adjoint", "REV:2"]), vec!["ROLE:Adjoint"]),
            (json!(["COMMENT:b"]), vec![]),
            (json!(["COMMENT:a", "COMMENT:b", "COMMENT:c"]), vec![]),
            (json!(["COMMENT:b", "COMMENT:c"]), vec!["COMMENT:b", "COMMENT:c"]),
            (json!(["N° client: 2", "X-NEW:1"]), vec!["N° client: 2"]),
        ] {
            assert_eq!(otherwise(&there, &read), wanted, "{read}");
        }
        assert!(otherwise(&Value::Null, &json!(["ROLE:Chef"])).is_empty());
    }
}
