//! What is wrong with a contact, if anything: asked at import, and before tables accept a row.

use crate::{Contact, PartialDate};

/// One thing that is wrong with a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Problem {
    /// Holds nothing at all.
    Empty,
    /// An e-mail address without exactly a name, an `@` and a domain.
    BadEmail,
    /// A day that does not exist.
    BadDate,
    /// A country code that is not two letters.
    BadCountryCode,
}

impl Problem {
    /// Returns the stable name of the problem, for translation and for machines.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Problem::Empty => "empty",
            Problem::BadEmail => "bad-email",
            Problem::BadDate => "bad-date",
            Problem::BadCountryCode => "bad-country-code",
        }
    }
}

/// Lists what is wrong with a contact, each problem once.
#[must_use]
pub fn validate(contact: &Contact) -> Vec<Problem> {
    let nothing = Contact { uid: contact.uid.clone(), private: contact.private, ..Contact::default() };
    let mut days =
        contact.birthday.iter().chain(&contact.anniversary).chain(contact.dates.values().map(|d| &d.date));
    let found = [
        (*contact == nothing, Problem::Empty),
        (!contact.emails.values().all(|email| is_address(&email.address)), Problem::BadEmail),
        (!days.all(PartialDate::is_valid), Problem::BadDate),
        (!contact.addresses.values().all(|a| is_country(&a.country_code)), Problem::BadCountryCode),
    ];
    found.into_iter().filter_map(|(wrong, problem)| wrong.then_some(problem)).collect()
}

/// Tells whether a text could be an e-mail address. Lenient: the mail servers decide.
fn is_address(text: &str) -> bool {
    text.trim().rsplit_once('@').is_some_and(|(local, domain)| {
        let unfit = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',' | ';');
        !local.is_empty()
            && !domain.is_empty()
            && !domain.contains(unfit)
            && !local.contains(char::is_control)
            && (local.starts_with('"') || !local.contains(unfit))
    })
}

fn is_country(code: &str) -> bool {
    code.is_empty() || (code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_alphabetic()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Address, Email};

    #[test]
    fn each_problem_is_told_once() {
        assert_eq!(validate(&Contact { uid: "1".into(), ..Contact::default() }), [Problem::Empty]);
        let mut contact = Contact::default();
        for address in ["anne", "anne@", "a nne@b.example"] {
            contact.emails.insert(address.into(), Email { address: address.into(), ..Email::default() });
        }
        contact.birthday = Some(PartialDate { year: None, month: Some(2), day: Some(30) });
        contact
            .addresses
            .insert("work".into(), Address { country_code: "France".into(), ..Address::default() });
        assert_eq!(validate(&contact), [Problem::BadEmail, Problem::BadDate, Problem::BadCountryCode]);
    }

    #[test]
    fn a_sound_contact_has_no_problem() {
        let mut contact = Contact::default();
        contact.name.given = "Anne".into();
        contact.birthday = Some(PartialDate { year: None, month: Some(2), day: Some(29) });
        let address = "\"Anne D\"@example.org".to_owned();
        contact.emails.insert("a".into(), Email { address, ..Email::default() });
        assert!(validate(&contact).is_empty());
    }
}
