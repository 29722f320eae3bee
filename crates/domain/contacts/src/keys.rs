//! The keys of a contact's collections: stable against spaces, letter case and spelling.

use std::{borrow::Cow, collections::BTreeMap};

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, Region};
use unicode_normalization::UnicodeNormalization;

use crate::text::{lower, normal_line};

/// Returns the key of a text: lower case, composed, with single spaces.
#[must_use]
pub fn text_key(text: &str) -> String {
    lower(&normal_line(text))
}

/// Returns the key of an e-mail address: trimmed, in lower case, its domain in ASCII (IDNA).
#[must_use]
pub fn email_key(address: &str) -> String {
    let address = address.trim();
    let address = address.strip_prefix("mailto:").unwrap_or(address);
    let address = text_key(address);
    match address.rsplit_once('@') {
        Some((local, domain)) => format!("{local}@{}", ascii_domain(domain)),
        None => address,
    }
}

fn ascii_domain(domain: &str) -> Cow<'_, str> {
    idna::domain_to_ascii_cow(domain.as_bytes(), idna::AsciiDenyList::URL).unwrap_or(Cow::Borrowed(domain))
}

/// Returns the key of a telephone number.
///
/// A number that is valid, by itself or in `region` (ISO 3166-1 alpha-2), is written as E.164. Any
/// other is its digits, with a leading `+` kept; one that holds words is its [`text_key`]. An
/// extension stays, as `;ext=12`.
#[must_use]
pub fn phone_key(number: &str, region: Option<&str>) -> String {
    let number = normal_line(number);
    let number = number.strip_prefix("tel:").unwrap_or(&number);
    e164(number, region).or_else(|| bare_digits(number)).unwrap_or_else(|| text_key(number))
}

fn e164(number: &str, region: Option<&str>) -> Option<String> {
    let region = region.and_then(|region| region.to_ascii_uppercase().parse::<Region>().ok());
    let parsed = PHONE_NUMBER_UTIL.parse(number, region).ok()?;
    if !parsed.is_valid() {
        return None;
    }
    let written = parsed.format_as(PhoneNumberFormat::E164).to_string();
    match parsed.extension().trim_start_matches('0') {
        "" => Some(written),
        extension => Some(format!("{written};ext={extension}")),
    }
}

/// Reads the digits of a number that is not valid anywhere we know.
fn bare_digits(number: &str) -> Option<String> {
    let plain: String = number.nfkc().collect::<String>().to_lowercase();
    let (main, extension) = split_extension(&plain);
    if main.chars().any(char::is_alphabetic) {
        return None;
    }
    let digits: String = main.chars().filter(char::is_ascii_digit).collect();
    if digits.is_empty() || main.chars().any(|c| c.is_numeric() && !c.is_ascii_digit()) {
        return None;
    }
    let plus = if main.trim_start_matches(['(', ' ']).starts_with('+') { "+" } else { "" };
    let special: String = main.chars().filter(|c| matches!(c, '*' | '#')).collect();
    let extension = extension.map(|digits| format!(";ext={digits}")).unwrap_or_default();
    Some(format!("{plus}{digits}{special}{extension}"))
}

/// Parts `01 23 poste 45` into `01 23 ` and `45`.
fn split_extension(number: &str) -> (&str, Option<&str>) {
    for mark in [";ext=", "extension", "ext.", "ext", "poste", "x"] {
        if let Some((main, rest)) = number.split_once(mark) {
            let digits = rest.trim_matches([' ', '.', ':']);
            if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return (main, Some(digits));
            }
        }
    }
    (number, None)
}

/// Returns the key of a web page: its scheme and host in lower case, without a slash at the end.
#[must_use]
pub fn url_key(url: &str) -> String {
    let url = normal_line(url);
    let url = url.trim_end_matches(['/', ' ']);
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (Some(scheme), rest),
        None => (None, url),
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    match scheme {
        Some(scheme) => format!("{}://{}{path}", lower(scheme), lower(host)),
        None => format!("{}{path}", lower(host)),
    }
}

/// Returns the key of a postal address: its label, or `other` where there is none.
#[must_use]
pub fn address_key(label: &str) -> String {
    match text_key(label) {
        label if label.is_empty() => "other".to_owned(),
        label => label,
    }
}

/// Returns the key of an instant-messaging name, such as `skype:anne.d`.
#[must_use]
pub fn im_key(service: &str, handle: &str) -> String {
    format!("{}:{}", text_key(service), text_key(handle))
}

/// Returns the key of a related person, such as `spouse:anne dupont`.
#[must_use]
pub fn relation_key(kind: &str, name: &str) -> String {
    format!("{}:{}", text_key(kind), text_key(name))
}

/// Returns a key without the `#2` that [`keyed`] gives to a repetition.
#[must_use]
pub fn plain_key(key: &str) -> &str {
    match key.rsplit_once('#') {
        Some((plain, count)) if !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit()) => plain,
        _ => key,
    }
}

/// Collects entries under their keys; repetitions become `key#2`, `key#3` … in their order.
pub fn keyed<T>(items: impl IntoIterator<Item = (String, T)>) -> BTreeMap<String, T> {
    let mut map = BTreeMap::new();
    // How often each key came already: a thousand of one key are not counted through a thousand times.
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for (key, value) in items {
        let mut free = key.clone();
        let count = counts.entry(key.clone()).or_insert(1);
        while map.contains_key(&free) {
            *count += 1;
            free = format!("{key}#{count}");
        }
        map.insert(free, value);
    }
    map
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_has_one_key_however_it_is_typed() {
        for typed in [" Anne@Example.ORG ", "anne@example.org", "mailto:anne@example.org"] {
            assert_eq!(email_key(typed), "anne@example.org");
        }
        assert_eq!(email_key("info@Müller.example"), "info@xn--mller-kva.example");
        assert_eq!(email_key("not an address"), "not an address");
    }

    #[test]
    fn a_number_has_one_key_however_it_is_typed() {
        for (typed, region, key) in [
            ("01 23 45 67 89", Some("FR"), "+33123456789"),
            ("+33 (0)1 23 45 67 89", None, "+33123456789"),
            ("00 33 1.23.45.67.89", Some("fr"), "+33123456789"),
            ("tel:+33-1-23-45-67-89", None, "+33123456789"),
            ("01\u{a0}23\u{a0}45\u{a0}67\u{a0}89", Some("FR"), "+33123456789"),
            ("01 23 45 67 89", None, "0123456789"),
            ("01 23 45 67 89 poste 45", None, "0123456789;ext=45"),
            ("+33 1 23 45 67 89 ext. 45", None, "+33123456789;ext=45"),
            ("+1 (212) 555", None, "+1212555"),
            ("36 15", Some("XX"), "3615"),
            ("*31#", None, "31*#"),
            ("Demander Anne", Some("FR"), "demander anne"),
            ("", Some("FR"), ""),
        ] {
            assert_eq!(phone_key(typed, region), key, "{typed}");
        }
    }

    #[test]
    fn a_page_has_one_key_with_and_without_its_last_slash() {
        assert_eq!(url_key("HTTPS://Www.Example.ORG/"), "https://www.example.org");
        assert_eq!(url_key("www.Example.org/Équipe/"), "www.example.org/Équipe");
        assert_eq!(url_key("https://a.example?Q=1"), "https://a.example?Q=1");
    }

    #[test]
    fn repetitions_are_numbered_in_their_order() {
        let items = ["work", "home", "work", "work"].map(str::to_owned).into_iter().zip(1..);
        let map = keyed(items);
        assert_eq!(
            map.into_iter().collect::<Vec<_>>(),
            [("home", 2), ("work", 1), ("work#2", 3), ("work#3", 4)].map(|(key, n)| (key.to_owned(), n))
        );
        assert_eq!(plain_key("work#12"), "work");
        assert_eq!(plain_key("c#"), "c#");
    }

    #[test]
    fn an_address_without_label_is_filed_under_other() {
        assert_eq!(address_key(" "), "other");
        assert_eq!(address_key("Résidence  Secondaire"), "résidence secondaire");
    }

    proptest! {
        #[test]
        fn every_key_is_its_own_key(text in "\\PC{0,24}", number in "[+0-9 .()x-]{0,18}") {
            for key in [text_key, email_key, url_key, address_key] {
                prop_assert_eq!(key(&key(&text)), key(&text));
            }
            for region in [None, Some("FR"), Some("US")] {
                let key = phone_key(&number, region);
                prop_assert_eq!(&phone_key(&key, region), &key);
                prop_assert_eq!(&phone_key(&phone_key(&text, region), region), &phone_key(&text, region));
            }
        }

        #[test]
        fn spaces_and_letter_case_do_not_change_a_key(text in "[a-zA-Z éÉ0-9]{0,20}") {
            let shouted = format!("  {}\t", text.to_uppercase().replace(' ', "  "));
            prop_assert_eq!(text_key(&shouted), text_key(&text));
        }
    }
}
