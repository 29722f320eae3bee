//! What a file holds beyond a record, as texts kept beside it: what each is about, and what becomes of those of two states.

use std::{borrow::Cow, collections::HashSet};

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
            if name.starts_with("X-PASSERELLE-LINE") {
                return text;
            }
            let end = name.find([':', ';', '\\']).unwrap_or(name.len());
            text.get(..value + end).unwrap_or(text)
        }
        None => text.split([':', ';']).next().unwrap_or_default(),
    }
}

/// The names of what tells when, by what and how often a record was written: it says nothing of the record.
const MARKS: [&str; 9] = [
    "REV",
    "PRODID",
    "DTSTAMP",
    "CREATED",
    "LAST-MODIFIED",
    "SEQUENCE",
    "UPDATED",
    "VERSION",
    "X-PASSERELLE-ANSWERED",
];

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

/// What is kept beside a record that has another identifier here than its file gave it.
pub const ORIGINAL_UID: &str = "X-PASSERELLE-ORIGINAL-UID";

/// Returns the identifier that a file gave to a record which has another one here.
#[must_use]
pub fn original_uid(left: Option<&Value>) -> Option<String> {
    let texts = left.and_then(texts).unwrap_or_default();
    texts.into_iter().find_map(original).map(unescape)
}

fn original(text: &str) -> Option<&str> {
    text.strip_prefix(ORIGINAL_UID)?.strip_prefix(':')
}

/// Notes beside a record which identifier its file gave it.
#[must_use]
pub fn with_original_uid(left: Option<&Value>, uid: &str) -> Value {
    let texts = left.and_then(texts).unwrap_or_default();
    let texts = texts.into_iter().filter(|text| original(text).is_none()).map(str::to_owned);
    texts.chain([format!("{ORIGINAL_UID}:{}", escape(uid))]).collect::<Vec<_>>().into()
}

/// Escapes a text value.
#[must_use]
pub fn escape(text: &str) -> String {
    let unix = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut escaped = String::with_capacity(unix.len());
    for c in unix.chars() {
        match c {
            '\n' => escaped.push_str("\\n"),
            '\\' | ',' | ';' => escaped.extend(['\\', c]),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Takes the escapes out of a text value.
#[must_use]
pub fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('n' | 'N') => plain.push('\n'),
                Some(c @ ('\\' | ',' | ';' | ':' | '"')) => plain.push(c),
                Some(c) => plain.extend(['\\', c]),
                None => plain.push('\\'),
            },
            (c, false) => plain.push(c),
        }
    }
    plain
}

/// Tells whether leftovers say the same: in whatever order and spelling.
#[must_use]
pub fn same(one: &Value, other: &Value) -> bool {
    let all = |left| Some(texts(left)?.into_iter().map(meaning).collect::<HashSet<_>>());
    match (all(one), all(other)) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

/// Returns what those of some leftovers are about that are not among others.
fn only_in<'a>(some: &[&'a str], others: &[&str]) -> HashSet<&'a str> {
    let others: HashSet<Cow<'_, str>> = others.iter().map(|text| meaning(text)).collect();
    some.iter().filter(|text| !others.contains(&meaning(text))).map(|text| about(text)).collect()
}

/// Properties that hold bytes, or a place, which each version of vCard writes in its own way.
const BYTES: [&str; 5] = ["PHOTO", "LOGO", "SOUND", "KEY", "GEO"];

/// Returns a leftover in a spelling of its own, so that two that say the same are alike: the order of parameters and their
/// quotes do not matter, nor whether bytes stand in a `data:` address or as a coded value.
#[must_use]
pub fn meaning(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    if text.starts_with('{') {
        let read = serde_json::from_str::<Value>(text);
        return read.map_or(Cow::Borrowed(text), |value| Cow::Owned(value.to_string()));
    }
    let Some((head, value)) = parted(text).filter(|(head, _)| head.contains(';')) else { return bare(text) };
    let mut params = split(head, ';');
    let name = params.next().unwrap_or_default().to_ascii_uppercase();
    let holds_bytes = BYTES.contains(&own_name(&name));
    let mut said: Vec<String> = params.flat_map(|param| one_by_one(param, holds_bytes)).collect();
    said.sort_unstable();
    said.dedup();
    let value = match holds_bytes {
        true => bytes(value),
        false if name == "X-PASSERELLE-PARAMS" => anchor(&mut said, value),
        false => value.to_owned(),
    };
    let said = if said.is_empty() { String::new() } else { format!(";{}", said.join(";")) };
    Cow::Owned(format!("{name}{said}:{value}"))
}

/// Properties that say one thing by several names.
const FAMILIES: [(&str, &[&str]); 3] = [
    ("ANNIVERSARY", &["X-ABDATE", "X-ANNIVERSARY", "X-WEDDING", "X-EVOLUTION-ANNIVERSARY"]),
    (
        "IMPP",
        &[
            "X-AIM",
            "X-ICQ",
            "X-JABBER",
            "X-MSN",
            "X-SKYPE",
            "X-SKYPE-USERNAME",
            "X-YAHOO",
            "X-GTALK",
            "X-GOOGLE-TALK",
            "X-QQ",
        ],
    ),
    (
        "RELATED",
        &[
            "X-ABRELATEDNAMES",
            "X-SPOUSE",
            "X-EVOLUTION-SPOUSE",
            "X-MANAGER",
            "X-EVOLUTION-MANAGER",
            "X-ASSISTANT",
            "X-EVOLUTION-ASSISTANT",
        ],
    ),
];

/// Returns the value by which the line of kept parameters is found again, in a spelling of its own.
fn anchor(said: &mut Vec<String>, value: &str) -> String {
    let mut of =
        said.iter().find_map(|param| param.strip_prefix("OF=")).unwrap_or_default().to_ascii_uppercase();
    if let Some((family, _)) = FAMILIES.iter().find(|(_, names)| names.contains(&of.as_str())) {
        (*family).clone_into(&mut of);
    }
    said.retain(|param| !param.starts_with("OF="));
    said.insert(0, format!("OF={of}"));
    let value = value.trim_end_matches(';');
    match of.as_str() {
        "BDAY" | "ANNIVERSARY" => value.replace(['-', ':'], ""),
        "IMPP" => value.rsplit(':').next().unwrap_or_default().to_owned(),
        "TEL" | "EMAIL" => {
            let scheme =
                ["tel:", "mailto:"].into_iter().find(|scheme| value.to_ascii_lowercase().starts_with(scheme));
            value.get(scheme.map_or(0, str::len)..).unwrap_or_default().replace('\\', "")
        }
        // Old programs leave out escapes that are written again.
        _ => value.replace('\\', ""),
    }
}

/// A line without parameters, which holds bytes at most in an address.
fn bare(text: &str) -> Cow<'_, str> {
    match text.split_once(':') {
        Some((name, value)) if BYTES.contains(&own_name(&name.to_ascii_uppercase())) => {
            Cow::Owned(format!("{}:{}", name.to_ascii_uppercase(), bytes(value)))
        }
        _ => Cow::Borrowed(text),
    }
}

/// Returns the name of a property without its group.
fn own_name(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// Parts a line at the first colon that is not within quotes.
fn parted(text: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    let colon = text.find(|c| {
        quoted ^= c == '"';
        c == ':' && !quoted
    })?;
    Some((text.get(..colon)?, text.get(colon + 1..)?))
}

/// Splits at a sign that is not within quotes.
fn split(text: &str, at: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |c| {
        quoted ^= c == '"';
        c == at && !quoted
    })
}

/// Returns the values of a parameter one by one; nothing of what only says how bytes are written.
fn one_by_one(param: &str, holds_bytes: bool) -> Vec<String> {
    let (name, values) = param.split_once('=').unwrap_or(("TYPE", param));
    let name = name.trim().to_ascii_uppercase();
    if matches!(name.as_str(), "ENCODING" | "CHARSET" | "VALUE" | "MEDIATYPE") && holds_bytes {
        return Vec::new();
    }
    let values = split(values, ',').map(|value| value.trim().trim_matches('"'));
    if name != "TYPE" {
        return values.map(|value| format!("{name}={value}")).collect();
    }
    let values = values.filter(|value| !holds_bytes || !is_media(value));
    values.map(|value| format!("TYPE={}", value.to_ascii_lowercase())).collect()
}

/// Tells whether a type says what kind of bytes a line holds.
fn is_media(value: &str) -> bool {
    let words =
        ["jpeg", "jpg", "png", "gif", "bmp", "tiff", "webp", "wave", "basic", "mp3", "pgp", "x509", "base64"];
    value.contains('/') || words.iter().any(|word| value.eq_ignore_ascii_case(word))
}

/// Returns the coded bytes of a value, however they stand there, or the numbers of a place; any other value as it is.
fn bytes(value: &str) -> String {
    let place = value.split_at_checked(4).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("geo:"));
    if let Some((_, place)) = place {
        return place.replace("\\,", ",").replace(',', ";");
    }
    let coded = value
        .get(..5)
        .filter(|head| head.eq_ignore_ascii_case("data:"))
        .and_then(|_| value.split_once("base64,"));
    let coded = coded.map_or(value, |(_, coded)| coded);
    coded.chars().filter(|c| !c.is_whitespace()).collect()
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
    fn the_identifier_of_the_file_is_noted_once() {
        for uid in ["a;b\\c", "two\nlines", "a\\n"] {
            let noted = with_original_uid(Some(&json!(["X-A:1"])), uid);
            assert_eq!(original_uid(Some(&noted)).as_deref(), Some(uid));
            assert_eq!(with_original_uid(Some(&noted), uid), noted);
        }
        assert_eq!(original_uid(Some(&json!(["X-PASSERELLE-ORIGINAL-UIDS:1"]))), None);
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
    fn leftovers_that_only_differ_in_spelling_are_the_same() {
        for (one, other) in [
            ("PHOTO;ENCODING=b;TYPE=JPEG:/9j/4A==", "PHOTO:data:image/jpeg;base64,/9j/4A=="),
            ("PHOTO;JPEG;BASE64:/9j/ 4A==", "PHOTO;VALUE=uri:data:image/jpeg;base64,/9j/4A=="),
            ("GEO:37.38;-122.08", "GEO;VALUE=uri:geo:37.38,-122.08"),
            ("KEY;ENCODING=b:AAAA", "KEY:data:application/octet-stream;base64,AAAA"),
            ("item1.LOGO;ENCODING=b;TYPE=WORK,GIF:R0", "item1.LOGO;TYPE=work:data:image/gif;base64,R0"),
            ("X-A;TYPE=work,msg;X-P=\"1\":v", "X-A;X-P=1;TYPE=MSG;TYPE=work:v"),
            ("X-PASSERELLE-PARAMS;OF=N;LANGUAGE=de:R;Ralf", "X-PASSERELLE-PARAMS;OF=N;LANGUAGE=de:R;Ralf;;;"),
            (
                "X-PASSERELLE-PARAMS;OF=BDAY;ALTID=1:20160801",
                "X-PASSERELLE-PARAMS;OF=BDAY;ALTID=1:2016-08-01",
            ),
            (
                "X-PASSERELLE-PARAMS;OF=TEL;PREF=9:tel:+1-4;ext=1",
                "X-PASSERELLE-PARAMS;OF=TEL;PREF=9:+1-4\\;ext=1",
            ),
            ("X-PASSERELLE-PARAMS;OF=X-AIM;X-A=1:me", "X-PASSERELLE-PARAMS;OF=IMPP;X-A=1:aim:me"),
            ("X-PASSERELLE-PARAMS;OF=X-SPOUSE;X-A=1:Zoe", "X-PASSERELLE-PARAMS;OF=RELATED;X-A=1:Zoe"),
            ("X-PASSERELLE-PARAMS;OF=N;X-A=1:Roe;J,K", "X-PASSERELLE-PARAMS;OF=N;X-A=1:Roe;J\\,K;;;"),
            ("{\"a\": 1, \"b\":[2]}", "{\"b\":[2],\"a\":1}"),
        ] {
            assert_eq!(meaning(one), meaning(other), "{one}");
            assert!(same(&json!([one, "B:1"]), &json!(["B:1", other])), "{one}");
            assert_eq!(completed(&json!([one]), Some(&json!([other]))), json!([one]));
        }
        for (one, other) in [
            ("PHOTO;ENCODING=b;TYPE=JPEG:/9j/4A==", "PHOTO:data:image/jpeg;base64,/9j/4B=="),
            ("X-A;X-P=\"1;2\":v", "X-A;X-P=1;2:v"),
            ("X-A;X-P=a:v", "X-A;X-P=A:v"),
            ("X-A:data:a;base64,v", "X-A:v"),
            ("Heading; with: 1", "Heading: with: 1"),
        ] {
            assert_ne!(meaning(one), meaning(other), "{one}");
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
