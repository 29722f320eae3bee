//! Whether a record of a file and the one here that has its identifier are two: some programs count their records from 1,
//! or give all of them the same identifier.

use std::collections::BTreeSet;

use passerelle_calendar::Start;
use passerelle_ports::{Field, Fields, Kind, Value, fields};
use passerelle_sync_rules::digest_of;

use crate::{
    Kinded, Loadable,
    known::{Revision, are_other_names, words},
};

/// Returns the identifier of a record that cannot have the one of its file: the same whenever that is read.
pub(crate) fn derived<R: Kinded>(uid: &str, record: &R) -> String {
    let all = fields(record);
    let (name, title, start) = (names(&all), text(&all, "title"), text(&all, "start"));
    format!("{uid}_{}", digest_of(&(name, title, start)).short())
}

/// Returns the ways in which the identifier of a record may be spelt: vCard writes a UUID as an address.
pub(crate) fn spellings(uid: &str) -> Vec<String> {
    const URN: &str = "urn:uuid:";
    let is_urn = uid.get(..URN.len()).is_some_and(|scheme| scheme.eq_ignore_ascii_case(URN));
    let bare = uid.get(if is_urn { URN.len() } else { 0 }..).unwrap_or(uid);
    if bare.len() != 36 || uuid::Uuid::try_parse(bare).is_err() {
        return Vec::new();
    }
    let cases = [bare.to_owned(), bare.to_ascii_lowercase(), bare.to_ascii_uppercase()];
    cases.into_iter().flat_map(|bare| [format!("{URN}{bare}"), bare]).filter(|one| one != uid).collect()
}

/// Tells whether two records of one identifier are evidently two, by the rule that holds within a file: appointments of
/// another title at another time, neither of which is a later state of the other; contacts of another name that share no
/// address and no number.
pub(crate) fn is_another<R: Kinded>(there: &Loadable<R>, read: &Loadable<R>) -> bool {
    let (one, other) = (fields(&there.0), fields(&read.0));
    match R::KIND {
        Kind::Contacts => are_others(&one, &other) && !share(&one, &other, &REACHED),
        Kind::Events => {
            let (title, new) = (text(&one, "title"), text(&other, "title"));
            is_other_title(title, new)
                && is_other_time(text(&one, "start"), text(&other, "start"))
                && !is_later(there.1.as_ref(), read.1.as_ref(), share(&one, &other, &["participants"]))
        }
    }
}

/// Members by which somebody is reached.
const REACHED: [&str; 3] = ["emails", "phones", "ims"];

/// Tells whether two contacts are of other names; of two without a name that of the company counts. Somebody who got another
/// surname, or whose name was corrected, is the same one, unless both can be reached.
fn are_others(one: &Fields, other: &Fields) -> bool {
    let (mut a, mut b) = (names(one), names(other));
    if a.is_empty() && b.is_empty() {
        (a, b) = (words(one, "organization"), words(other, "organization"));
        return !a.is_empty() && !b.is_empty() && !have_a_word(&a, &b);
    }
    let is_reached = |all: &Fields| all.keys().any(|field| REACHED.contains(&field.member()));
    are_other_names(one, other) && (!have_a_word(&a, &b) || (is_reached(one) && is_reached(other)))
}

/// Tells whether two names have a word in common, or one that is spelt nearly alike.
fn have_a_word(one: &[String], other: &[String]) -> bool {
    let is_alike =
        |a: &String, b: &String| a == b || (a.chars().count() > 3 && strsim::damerau_levenshtein(a, b) < 2);
    one.iter().any(|a| other.iter().any(|b| is_alike(a, b)))
}

fn names(all: &Fields) -> Vec<String> {
    let mut names = words(all, "name");
    names.sort();
    names
}

fn text<'a>(all: &'a Fields, member: &str) -> &'a str {
    all.get(&Field::new(member)).and_then(Value::as_str).unwrap_or_default()
}

fn is_other_title(one: &str, other: &str) -> bool {
    let words = |text: &str| -> BTreeSet<String> {
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.map(str::to_lowercase).collect()
    };
    let (one, other) = (words(one), words(other));
    if one.is_empty() || other.is_empty() {
        return one != other;
    }
    !(one.is_subset(&other) || other.is_subset(&one))
}

fn is_other_time(one: &str, other: &str) -> bool {
    let instant = |text: &str| text.parse::<Start>().ok().and_then(|start| start.instant());
    one != other && (instant(one).is_none() || instant(one) != instant(other))
}

/// Tells whether what was read is a later state of an appointment: by its number; by when the appointment was made; or by
/// when it was changed, if both have a guest in common.
fn is_later(there: Option<&Value>, read: Option<&Value>, guest: bool) -> bool {
    let (before, after) = (Revision::of(there), Revision::of(read));
    after.is_later_by_number(before)
        || after.is_made_with(before)
        || (guest && after.is_changed_after(before))
}

/// Tells whether two records have an item in common.
fn share(one: &Fields, other: &Fields, members: &[&str]) -> bool {
    one.keys().any(|field| members.contains(&field.member()) && other.contains_key(field))
}

#[cfg(test)]
mod tests {
    use passerelle_calendar::Event;
    use passerelle_contacts::{Contact, Email, Name};
    use serde_json::json;

    use super::*;

    fn event(title: &str, start: &str, kept: &[&str]) -> Loadable<Event> {
        let start = Some(start.parse().unwrap());
        (Event { title: title.into(), start, ..Event::default() }, Some(json!(kept)))
    }

    #[test]
    fn an_appointment_of_one_identifier_is_another_one_by_its_title_and_its_time() {
        let kept = ["SEQUENCE:1", "CREATED:20260101T000000Z", "LAST-MODIFIED:20260102T000000Z"];
        let here = event("Dentiste", "2026-01-05T09:00:00[Europe/Paris]", &kept);
        for (title, start, kept, is_other) in [
            ("Notaire", "2026-02-05T09:00:00[Europe/Paris]", &[][..], true),
            ("", "2026-02-05T09:00:00[Europe/Paris]", &[], true),
            ("Notaire", "2026-01-05T08:00:00[Etc/UTC]", &[], false),
            ("Dentiste Roux", "2026-02-05T09:00:00[Europe/Paris]", &[], false),
            ("Notaire", "2026-02-05T09:00:00[Europe/Paris]", &["SEQUENCE:2"], false),
            ("Notaire", "2026-02-05T09:00:00[Europe/Paris]", &["SEQUENCE:1"], true),
            ("Notaire", "2026-02-05T09:00:00[Europe/Paris]", &["CREATED:20260101T000000Z"], false),
            ("Notaire", "2026-02-05T09:00:00[Europe/Paris]", &["LAST-MODIFIED:20260301T000000Z"], true),
        ] {
            assert_eq!(is_another(&here, &event(title, start, kept)), is_other, "{title} {start} {kept:?}");
        }
    }

    #[test]
    fn a_contact_of_one_identifier_is_another_one_by_its_name_and_its_addresses() {
        let contact = |given: &str, mail: &str| {
            let email = Email { address: mail.into(), ..Email::default() };
            let name = Name { given: given.into(), ..Name::default() };
            let emails = [(mail.to_owned(), email)].into();
            (Contact { name, emails, ..Contact::default() }, None)
        };
        let here = contact("Anne", "a@x.example");
        assert!(is_another(&here, &contact("Paul", "p@x.example")));
        // A name that was corrected, in a file that says nothing else.
        let alone = |given: &str| {
            let name = Name { given: given.into(), ..Name::default() };
            (Contact { name, ..Contact::default() }, None)
        };
        assert!(!is_another(&here, &alone("Annie")) && is_another(&here, &alone("Paul")));
        assert!(is_another(&contact("Anne Roux", "a@x.example"), &contact("Anne Petit", "p@x.example")));
        assert!(!is_another(&contact("Anne Roux", "a@x.example"), &alone("Anne Petit")));
        assert!(!is_another(&here, &contact("Paul", "a@x.example")));
        assert!(!is_another(&here, &contact("Anne", "p@x.example")));
    }

    #[test]
    fn a_uuid_is_spelt_with_its_scheme_or_without() {
        let bare = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
        assert!(spellings(bare).contains(&format!("urn:uuid:{bare}")));
        assert!(spellings(&format!("URN:UUID:{}", bare.to_uppercase())).contains(&bare.to_owned()));
        assert!(spellings("1").is_empty() && spellings("urn:uuid:1").is_empty());
    }
}
