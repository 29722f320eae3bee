//! The formats there are, and how a file tells which it is.

use std::io::{BufReader, Read};

use crate::{
    Source,
    source::head_of,
    text::{Unmarked, decode, mentions},
};

macro_rules! formats {
    ($($(#[$doc:meta])* $name:ident { $($(#[$var_doc:meta])* $var:ident => $id:literal, $ext:literal;)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$var_doc])* $var),*
        }

        impl $name {
            /// Every format, in order.
            pub const ALL: &'static [$name] = &[$($name::$var),*];

            /// Returns the name of the format, as a command takes it.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self { $($name::$var => $id),* }
            }

            /// Returns how the name of such a file ends, without the dot.
            #[must_use]
            pub fn extension(self) -> &'static str {
                match self { $($name::$var => $ext),* }
            }

            /// Finds a format by its name.
            #[must_use]
            pub fn parse(id: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|format| format.id() == id)
            }
        }
    )*};
}

formats! {
    /// How contacts are written in a file.
    ContactFormat {
        /// vCard 4.0 (RFC 6350); reading takes any vCard from 2.1 on.
        VCard4 => "vcard4", "vcf";
        /// vCard 3.0 (RFC 2426); reading takes any vCard from 2.1 on.
        VCard3 => "vcard3", "vcf";
        /// The table that Google Contacts exports and imports.
        GoogleCsv => "google-csv", "csv";
        /// The table that Outlook exports and imports.
        OutlookCsv => "outlook-csv", "csv";
        /// JSContact (RFC 9553).
        JsContact => "jscontact", "json";
    }
    /// How events are written in a file.
    EventFormat {
        /// iCalendar (RFC 5545).
        ICalendar => "icalendar", "ics";
        /// JSCalendar (RFC 8984).
        JsCalendar => "jscalendar", "json";
    }
}

/// Tells the format of a file of contacts by its first bytes, then by its name.
#[must_use]
pub fn detect_contacts(name: Option<&str>, head: &[u8]) -> Option<ContactFormat> {
    let text = unfolded(&beginning(head));
    let extension = extension(name);
    let is_json = text.starts_with(['[', '{']);
    // What is called a card is none of a table, whatever stands above the first one.
    let is_named = matches!(extension.as_deref(), Some("vcf" | "vcard")) && !is_json;
    if text.starts_with("BEGIN:VCARD") || (is_named && text.lines().any(|line| line.trim() == "BEGIN:VCARD"))
    {
        let version4 = text.contains("\nVERSION:4") || text.contains("\rVERSION:4");
        return Some(if version4 { ContactFormat::VCard4 } else { ContactFormat::VCard3 });
    }
    if is_json {
        return Some(ContactFormat::JsContact);
    }
    let header = text.lines().next().unwrap_or_default();
    if header.contains("GIVEN NAME") || header.contains("- VALUE") || header.contains("ORGANIZATION NAME") {
        return Some(ContactFormat::GoogleCsv);
    }
    let understood = crate::csv::headings_understood(plain_beginning(head).as_bytes());
    let is_table = matches!(extension.as_deref(), Some("csv" | "tsv" | "tab" | "txt"));
    if understood > 1 || (understood == 1 && is_table) {
        return Some(ContactFormat::OutlookCsv);
    }
    match extension?.as_str() {
        "vcf" | "vcard" => Some(ContactFormat::VCard3),
        "json" => Some(ContactFormat::JsContact),
        _ => None,
    }
}

/// Tells the format of a file of events by its first bytes, then by its name.
#[must_use]
pub fn detect_events(name: Option<&str>, head: &[u8]) -> Option<EventFormat> {
    let text = beginning(head);
    if text.starts_with("BEGIN:V") {
        return Some(EventFormat::ICalendar);
    }
    if text.starts_with(['[', '{']) {
        return Some(EventFormat::JsCalendar);
    }
    match extension(name)?.as_str() {
        "ics" | "ical" | "ifb" | "icalendar" => Some(EventFormat::ICalendar),
        "json" => Some(EventFormat::JsCalendar),
        _ => None,
    }
}

/// How much of a file tells its format.
const HEAD: u64 = 8192;

/// Returns the beginning of a file, as far as it tells the format.
#[must_use]
pub fn head(source: impl Source) -> Vec<u8> {
    head_of(source, HEAD)
}

/// What a file holds, as its beginning tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Holds {
    /// Cards.
    Contacts,
    /// Appointments, or tasks.
    Events,
    /// JSON that is empty: neither.
    Neither,
    /// Nothing but blanks.
    Nothing,
}

/// Tells what a file holds by its content alone, as far as that can be told. A table tells by its headings what it is.
#[must_use]
pub fn holds(source: impl Source) -> Option<Holds> {
    let text = unfolded(&beginning(&head(source)));
    if text.is_empty() {
        let mut bytes = BufReader::new(source.open()).bytes();
        let is_blank = bytes.all(|byte| byte.is_ok_and(|byte| byte.is_ascii_whitespace()));
        return is_blank.then_some(Holds::Nothing);
    }
    if text.starts_with("BEGIN:VCARD") {
        // What follows cards may be a calendar.
        let is_mixed = mentions(source.open(), b"BEGIN:VCALENDAR");
        return (!is_mixed).then_some(Holds::Contacts);
    }
    if text.starts_with("BEGIN:V") {
        return (!mentions(source.open(), b"BEGIN:VCARD")).then_some(Holds::Events);
    }
    if !text.starts_with(['[', '{']) {
        return None;
    }
    let types = text.split("\"@TYPE\"").skip(1).filter_map(|rest| rest.split('"').nth(1));
    let of = |kind: &str| match kind {
        "EVENT" | "TASK" => Some(Holds::Events),
        "CARD" => Some(Holds::Contacts),
        _ => None,
    };
    types.filter_map(of).next().or_else(|| is_hollow(&text).then_some(Holds::Neither))
}

/// Tells whether a text in JSON has no record: no object but a group without entries.
fn is_hollow(text: &str) -> bool {
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(serde_json::Value::Array(items)) => items.is_empty(),
        Ok(serde_json::Value::Object(members)) => {
            let is_empty = |entries: &serde_json::Value| entries.as_array().is_some_and(Vec::is_empty);
            members.get("ENTRIES").is_some_and(is_empty)
        }
        _ => false,
    }
}

/// Tells whether a file is a table some of whose headings are understood.
#[must_use]
pub fn is_table(source: impl Source) -> bool {
    let text = plain_beginning(&head(source));
    let is_json = text.trim_start().starts_with(['[', '{']);
    !is_json && holds(source).is_none() && crate::csv::headings_understood(text.as_bytes()) > 1
}

fn extension(name: Option<&str>) -> Option<String> {
    name?.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase())
}

/// Returns the first text of a file, in capitals, without marks and blanks before it.
fn beginning(head: &[u8]) -> String {
    plain_beginning(head).trim_start().to_uppercase()
}

/// Puts folded lines together.
fn unfolded(text: &str) -> String {
    text.split_inclusive('\n').fold(String::with_capacity(text.len()), |mut whole, line| {
        if line.starts_with([' ', '\t']) {
            whole.truncate(whole.trim_end_matches(['\r', '\n']).len());
        }
        whole.push_str(line.strip_prefix([' ', '\t']).unwrap_or(line));
        whole
    })
}

fn plain_beginning(head: &[u8]) -> String {
    let mut plain = Vec::new();
    let read = Unmarked::new(head.take(HEAD)).read_to_end(&mut plain);
    if read.is_err() { String::new() } else { decode(plain, None) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_tells_its_format_by_its_content_before_its_name() {
        for (name, head, format) in [
            (Some("a.txt"), "\u{feff}BEGIN:VCARD\r\nVERSION:4.0\r\n", Some(ContactFormat::VCard4)),
            (Some("a.csv"), "begin:vcard\nversion:2.1\n", Some(ContactFormat::VCard3)),
            (None, "BEG\r\n IN:VC\r\n\tARD\r\nVERSION:4.0\r\n", Some(ContactFormat::VCard4)),
            (
                Some("a.vcf"),
                "# mine\nName, Mail, Phone\nBEGIN:VCARD\nVERSION:3.0\n",
                Some(ContactFormat::VCard3),
            ),
            (None, " [{\"@type\":\"Card\"}]", Some(ContactFormat::JsContact)),
            (
                None,
                "First Name,Middle Name,Last Name,Labels,E-mail 1 - Value",
                Some(ContactFormat::GoogleCsv),
            ),
            (None, "Name,Given Name,Additional Name", Some(ContactFormat::GoogleCsv)),
            (None, "\"Title\",\"First Name\",\"E-mail Address\"", Some(ContactFormat::OutlookCsv)),
            (None, "Titre;Prénom;Nom;Adresse de messagerie", Some(ContactFormat::OutlookCsv)),
            (Some("A.VCF"), "", Some(ContactFormat::VCard3)),
            (Some("a.txt"), "hello", None),
            (None, "", None),
        ] {
            assert_eq!(detect_contacts(name, head.as_bytes()), format, "{head}");
        }
        assert_eq!(
            detect_contacts(None, b"Titre,Pr\xe9nom,Nom,Soci\xe9t\xe9"),
            Some(ContactFormat::OutlookCsv)
        );
        assert_eq!(detect_events(None, b"BEGIN:VCALENDAR"), Some(EventFormat::ICalendar));
        assert_eq!(detect_events(Some("x.json"), b"{"), Some(EventFormat::JsCalendar));
        assert_eq!(detect_events(Some("x.ICS"), b""), Some(EventFormat::ICalendar));
    }

    #[test]
    fn a_file_tells_what_it_holds() {
        for (text, wanted) in [
            ("", Some(Holds::Nothing)),
            (" \r\n", Some(Holds::Nothing)),
            ("BEGIN:VCALENDAR\r\nEND:VCALENDAR", Some(Holds::Events)),
            ("begin:vcard", Some(Holds::Contacts)),
            ("BEGIN:VCARD\nEND:VCARD\nBEGIN:VCALENDAR", None),
            ("[{\"@type\": \"Event\"}]", Some(Holds::Events)),
            ("{\"@type\":\"Group\",\"entries\":[{\"@type\":\"Card\"}]}", Some(Holds::Contacts)),
            ("{\"@type\":\"Group\",\"entries\":[]}", Some(Holds::Neither)),
            (" [ ]", Some(Holds::Neither)),
            ("[{\"uid\":\"1\"}]", None),
            ("Nom;E-mail\na;b", None),
        ] {
            assert_eq!(holds(text.as_bytes()), wanted, "{text}");
        }
        assert!(is_table(b"Nom;E-mail\na;b") && !is_table(b"[]") && !is_table(b"words of a letter"));
    }

    #[test]
    fn a_format_is_found_by_its_name() {
        assert!(ContactFormat::ALL.iter().all(|format| ContactFormat::parse(format.id()) == Some(*format)));
        assert!(EventFormat::ALL.iter().all(|format| EventFormat::parse(format.id()) == Some(*format)));
    }
}
