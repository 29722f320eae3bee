//! What the engine asks of a contact.

use std::collections::{BTreeMap, BTreeSet};

use deunicode::deunicode;
use passerelle_ports::{Called, Field, Fields, Kind, MatchKey, Record, Value, is_empty};

use crate::{
    Contact, PartialDate, Phone, email_key, entries::aligned, normal::normal, normal_line, phone_key,
    plain_key, text_key,
};

/// Labels of numbers that several people share: no ground by themselves to take two people for one.
const SHARED: [&str; 4] = ["main", "work_fax", "home_fax", "other_fax"];

impl Record for Contact {
    const KIND: Kind = Kind::Contacts;

    fn normal(field: &Field, value: &Value) -> Value {
        match field.as_str() {
            // Each side names the card by itself, and some providers let nobody choose the name (C101). So two
            // identifiers never clash, and neither overwrites the other; a record made anew takes the other's.
            "uid" => Value::String(String::new()),
            // The order of a list says nothing about what is in it.
            _ if field.member() == "order" => Value::Array(Vec::new()),
            _ => normal(field, value),
        }
    }

    fn aligned(self, own: Option<&Self>, other: Option<&Self>) -> Self {
        aligned(self, own, other)
    }

    fn filled(field: &Field, value: &Value, other: &Value) -> Option<Value> {
        match (value, other) {
            (Value::Object(_), Value::Object(_)) => filled_parts(field, value, other),
            (Value::String(day), Value::String(whole))
                if matches!(field.as_str(), "birthday" | "anniversary") =>
            {
                filled_day(day, whole)
            }
            // Capitals say nothing: "DUPONT" is "Dupont". Notes are a text, whose lines count.
            (Value::String(own), Value::String(their)) if field.as_str() != "notes" => {
                (text_key(own) == text_key(their)).then(|| value.clone())
            }
            _ => None,
        }
    }

    fn match_keys(&self) -> BTreeSet<MatchKey> {
        let uid = normal_line(&self.uid);
        let uid = (!uid.is_empty()).then(|| MatchKey::new(0, format!("uid:{uid}")));
        let emails = self.emails.values().map(|email| email_key(&email.address));
        let emails =
            emails.filter(|key| key.contains('@')).map(|key| MatchKey::new(1, format!("mail:{key}")));
        let phones = self.phones.iter().filter(|(_, phone)| !SHARED.contains(&phone.label.as_str()));
        let phones = phones.filter_map(|(key, phone)| international(key, phone));
        let phones = phones.map(|key| MatchKey::new(1, format!("tel:{key}")));
        let known = name_and_numbers(self);
        uid.into_iter().chain(emails).chain(phones).chain(known).chain(name_and_company(self)).collect()
    }

    fn is_double_of(&self, other: &Self) -> bool {
        let (keys, others) = (self.match_keys(), other.match_keys());
        let names = [self, other].map(|contact| sorted_words(&contact.display_name()));
        let tells = |key: &MatchKey| key.strength <= 1 || key.text.starts_with("tel:");
        let shared = || keys.intersection(&others).any(tells);
        !names[0].is_empty() && names[0] == names[1] && shared()
    }

    fn called(&self) -> Option<Called> {
        called(self)
    }

    fn is_private(&self) -> bool {
        self.private
    }

    fn relabelled(before: &Self, now: &Self) -> Option<(Field, Field)> {
        let left = |one: &Self, other: &Self| -> Vec<Field> {
            let own = one.groups.iter().filter(|(key, name)| other.groups.get(*key) != Some(*name));
            own.map(|(key, _)| Field::keyed("groups", key)).collect()
        };
        match (left(before, now).as_slice(), left(now, before).as_slice()) {
            ([gone], [came]) => Some((gone.clone(), came.clone())),
            _ => None,
        }
    }

    fn label_field(name: &str) -> Option<Field> {
        Some(Field::keyed("groups", &text_key(name)))
    }

    fn rename_labels(&mut self, names: &BTreeMap<String, String>) {
        let groups = std::mem::take(&mut self.groups).into_iter();
        self.groups = groups
            .map(|(key, name)| match names.get(&name) {
                Some(now) => (text_key(now), now.clone()),
                None => (key, name),
            })
            .collect();
    }

    fn is_arrangement(field: &Field) -> bool {
        field.member() == "order"
    }

    fn is_named_by_side(field: &Field) -> bool {
        field.as_str() == "photo"
    }

    fn redacted(fields: &Fields) -> Fields {
        fields.clone()
    }

    fn summary(&self) -> String {
        self.display_name()
    }
}

/// Fills the parts that an entry lacks, unless one that both have differs.
fn filled_parts(field: &Field, value: &Value, other: &Value) -> Option<Value> {
    let (own, their) = (normal(field, value), normal(field, other));
    let mut filled = value.as_object()?.clone();
    for (part, theirs) in their.as_object()? {
        let mine = own.get(part).unwrap_or(&Value::Null);
        match (is_empty(mine), is_empty(theirs)) {
            (true, false) => drop(filled.insert(part.clone(), other.get(part)?.clone())),
            (false, false) if mine != theirs && !same_text(mine, theirs) => return None,
            _ => {}
        }
    }
    Some(Value::Object(filled))
}

fn same_text(one: &Value, other: &Value) -> bool {
    matches!((one, other), (Value::String(one), Value::String(other)) if text_key(one) == text_key(other))
}

/// Gives a day the year that only the other one has.
fn filled_day(day: &str, other: &str) -> Option<Value> {
    let (mine, theirs) = (day.parse::<PartialDate>().ok()?, other.parse::<PartialDate>().ok()?);
    let agrees = |a: Option<i64>, b: Option<i64>| a.is_none() || b.is_none() || a == b;
    let all = agrees(mine.year.map(i64::from), theirs.year.map(i64::from))
        && agrees(mine.month.map(i64::from), theirs.month.map(i64::from))
        && agrees(mine.day.map(i64::from), theirs.day.map(i64::from));
    let date = PartialDate {
        year: mine.year.or(theirs.year),
        month: mine.month.or(theirs.month),
        day: mine.day.or(theirs.day),
    };
    all.then(|| Value::String(date.to_string()))
}

/// Returns a number as E.164, if it is one: by its key, which knew the region, or by itself.
fn international(key: &str, phone: &Phone) -> Option<String> {
    [plain_key(key).to_owned(), phone_key(&phone.number, None)]
        .into_iter()
        .find(|number| number.starts_with('+') && number.len() > 8)
}

/// Returns the keys made of each number and the name of the person, or of the company where nobody is named. Whatever
/// label either side gives it, and even where no number of the world is known by it, one number under one name is
/// enough to meet by, or to ask about.
fn name_and_numbers(contact: &Contact) -> impl Iterator<Item = MatchKey> {
    let name = match name_of_person(contact) {
        name if name.is_empty() => sorted_words(&contact.organization.name),
        name => name,
    };
    let numbers = contact
        .phones
        .iter()
        .map(|(key, phone)| international(key, phone).unwrap_or_else(|| plain_key(key).to_owned()));
    let numbers = numbers.filter(|number| !number.is_empty());
    numbers.map(move |number| MatchKey::new(2, format!("tel:{number}|{name}")))
}

/// Returns the key made of name and company. A name alone is no key, because namesakes are common, unless there is
/// nothing else by which to tell the person: no address, no number, no company.
fn name_and_company(contact: &Contact) -> Option<MatchKey> {
    let name = name_of_person(contact);
    let company = sorted_words(&contact.organization.name);
    let bare = contact.emails.is_empty() && contact.phones.is_empty();
    let tells = !name.is_empty() && (!company.is_empty() || bare);
    tells.then(|| MatchKey::new(2, format!("name:{name}|{company}")))
}

fn name_of_person(contact: &Contact) -> String {
    let parts = &contact.name;
    sorted_words(&match format!("{} {} {}", parts.given, parts.particle, parts.surname) {
        name if name.trim().is_empty() => parts.full.clone(),
        name => name,
    })
}

/// Returns what a contact is called; nothing of one that names nobody, not even a company.
fn called(contact: &Contact) -> Option<Called> {
    let parts = &contact.name;
    let whole = format!("{} {} {} {}", parts.given, parts.middle, parts.particle, parts.surname);
    let whole = if whole.trim().is_empty() { &parts.full } else { &whole };
    let words = |text: &str| sorted_words(text).split_whitespace().map(str::to_owned).collect();
    let called = Called { given: words(&parts.given), whole: words(whole) };
    let is_nobody = called.whole.is_empty() && contact.organization.name.trim().is_empty();
    (!is_nobody).then_some(called)
}

fn sorted_words(text: &str) -> String {
    let plain = deunicode(&normal_line(text)).to_lowercase();
    let mut words: Vec<&str> =
        plain.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.sort_unstable();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use passerelle_ports::{assemble, fields};
    use proptest::{collection::vec, option, prelude::*};

    use super::*;
    use crate::*;

    fn texts(contact: &Contact) -> Vec<String> {
        contact.match_keys().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_name_alone_is_a_key_only_where_nothing_else_tells() {
        let mut contact = Contact::default();
        contact.name.given = "Łukasz".into();
        contact.name.surname = "Müller-Straße".into();
        assert_eq!(texts(&contact), ["2:name:lukasz muller strasse|"]);
        let mail = Email { address: "lm@a.example".into(), ..Email::default() };
        contact.emails.insert("lm@a.example".into(), mail);
        assert_eq!(texts(&contact), ["1:mail:lm@a.example"]);
        contact.emails.clear();
        contact.organization.name = "Société Générale".into();
        assert_eq!(texts(&contact), ["2:name:lukasz muller strasse|generale societe"]);
    }

    #[test]
    fn a_name_tells_two_apart_who_share_an_address() {
        let person = |given: &str, surname: &str, full: &str, company: &str| {
            let name =
                Name { given: given.into(), surname: surname.into(), full: full.into(), ..Name::default() };
            let organization = Organization { name: company.into(), ..Organization::default() };
            Contact { name, organization, ..Contact::default() }.called()
        };
        for (one, other, differ) in [
            (person("Anne", "Dupont", "", "Acme"), person("Bob", "Martin", "", "Acme"), true),
            (person("Anne", "Dupont", "", ""), person("Paul", "Dupont", "", ""), true),
            (person("Anne", "Dupont", "", ""), person("Anne", "Martin", "", ""), false),
            (person("Anne", "Dupont", "", ""), person("anne-marie", "DUPONT", "", ""), false),
            (person("Paul", "Martin", "", ""), person("Paule", "Martin", "", ""), false),
            (person("J.", "Dupont", "", ""), person("Jean", "Dupont", "", ""), false),
            (person("Élodie", "Noël", "", ""), person("Elodie", "Noel", "", ""), false),
            (person("", "", "Dupont Anne", ""), person("Anne", "Dupont", "", ""), false),
            (person("", "Dupont", "", ""), person("Anne", "Dupont", "", ""), false),
            (person("", "", "Bob Martin", ""), person("Anne", "Dupont", "", ""), true),
            (person("", "", "Bob Dupont", ""), person("Anne", "Dupont", "", ""), true),
            (person("", "", "Bob Dupont", ""), person("", "", "DUPONT Anne", ""), true),
            (person("", "", "A. Dupont", ""), person("Anne", "Dupont", "", ""), false),
            (person("", "", "", "Acme"), person("Anne", "Dupont", "", "Acme"), true),
            (person("", "", "", "Acme"), person("", "", "", "ACME SA"), false),
            (person("", "", "", ""), person("Anne", "Dupont", "", ""), false),
        ] {
            let differs = |one: &Option<Called>, other: &Option<Called>| {
                one.as_ref().zip(other.as_ref()).is_some_and(|(one, other)| one.differs(other))
            };
            assert_eq!(differs(&one, &other), differ, "{one:?} and {other:?}");
            assert_eq!(differs(&other, &one), differ, "{other:?} and {one:?}");
        }
    }

    #[test]
    fn the_order_of_the_name_does_not_change_its_key() {
        let org = Organization { name: "ACME".into(), ..Default::default() };
        let full = Name { full: "DUPONT Jean-François".into(), ..Default::default() };
        let parts = Name { given: "Jean François".into(), surname: "Dupont".into(), ..Default::default() };
        let [one, other] = [full, parts]
            .map(|name| Contact { name, organization: org.clone(), ..Default::default() }.match_keys());
        assert_eq!(one, other);
    }

    #[test]
    fn addresses_and_whole_numbers_are_strong_keys() {
        let mut contact = Contact { uid: "urn:1".into(), ..Default::default() };
        for number in ["01 23 45 67 89", "12"] {
            let phone = Phone { number: number.into(), ..Default::default() };
            contact.phones.insert(phone_key(number, Some("FR")), phone);
        }
        let fax = Phone { number: "+33 1 23 45 67 00".into(), label: "work_fax".into(), preferred: false };
        contact.phones.insert("+33123456700".into(), fax);
        let email = Email { address: "Anne@Example.org ".into(), ..Default::default() };
        contact.emails.insert("anne@example.org".into(), email);
        let (strong, weak): (Vec<_>, Vec<_>) =
            contact.match_keys().into_iter().partition(|key| key.strength <= 1);
        let texts = |keys: Vec<MatchKey>| keys.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(texts(strong), ["0:uid:urn:1", "1:mail:anne@example.org", "1:tel:+33123456789"]);
        assert_eq!(texts(weak), ["2:tel:+33123456700|", "2:tel:+33123456789|", "2:tel:12|"]);
    }

    #[test]
    fn one_number_under_one_name_is_a_key_whatever_its_label() {
        let person = |given: &str, surname: &str, company: &str, number: &str, label: &str| {
            let name = Name { given: given.into(), surname: surname.into(), ..Name::default() };
            let organization = Organization { name: company.into(), ..Organization::default() };
            let phone = Phone { number: number.into(), label: label.into(), preferred: false };
            let phones = [(phone_key(number, Some("FR")), phone)].into();
            Contact { name, organization, phones, ..Contact::default() }
        };
        let eva = person("Eva", "Broux", "", "01 23 45 67 02", "work");
        for (one, other, meets) in [
            (&eva, person("Eva", "Broux", "", "+33 1 23 45 67 02", "main"), true),
            (&eva, person("BROUX", "Éva", "Acme", "01 23 45 67 02", "work_fax"), true),
            (&eva, person("Anne", "Martin", "", "01 23 45 67 02", "main"), false),
            (&eva, person("Eva", "Broux", "", "01 23 45 67 03", "main"), false),
            (
                &person("Eva", "Broux", "", "4512", "main"),
                person("Eva", "Broux", "", "45 12", "other_fax"),
                true,
            ),
            (
                &person("", "", "Acme", "01 23 45 67 02", "main"),
                person("", "", "ACME", "01 23 45 67 02", "main"),
                true,
            ),
            (&person("", "", "", "01 23 45 67 02", "main"), person("", "", "", "+33123456702", "main"), true),
        ] {
            assert_eq!(!one.match_keys().is_disjoint(&other.match_keys()), meets, "{one:?} and {other:?}");
            let is_named = one.name != Name::default() || !one.organization.name.is_empty();
            assert_eq!(one.is_double_of(&other), meets && is_named, "{one:?} and {other:?}");
        }
    }

    #[test]
    fn what_one_side_lacks_is_filled_and_nothing_is_contradicted() {
        use serde_json::json;
        let filled =
            |field: &str, value: Value, other: Value| Contact::filled(&Field::new(field), &value, &other);
        let mail = "emails/a@b.example";
        assert_eq!(
            filled(
                mail,
                json!({"address": "A@b.example", "label": "", "preferred": true}),
                json!({"address": "a@b.example", "label": "work", "preferred": false}),
            ),
            Some(json!({"address": "A@b.example", "label": "work", "preferred": true})),
        );
        let number = |number: &str, label: &str| json!({"number": number, "label": label});
        assert_eq!(
            filled("phones/+33612345600", number("06 12 34 56 00", ""), number("+33612345600", "mobile")),
            Some(number("06 12 34 56 00", "mobile")),
        );
        assert_eq!(filled(mail, json!({"label": "home"}), json!({"label": "work"})), None);
        assert_eq!(
            filled(mail, json!({"label": "Work"}), json!({"label": "work"})),
            Some(json!({"label": "Work"}))
        );
        assert_eq!(filled("groups/vip", json!("VIP"), json!("Vip")), Some(json!("VIP")));
        let (home, whole) = (
            json!({"street": "1 rue Haute", "city": ""}),
            json!({"street": "1 rue Haute", "city": "Angers"}),
        );
        assert_eq!(filled("addresses/home", home.clone(), whole.clone()), Some(whole.clone()));
        assert_eq!(filled("addresses/home", whole.clone(), home), Some(whole));
        for (day, other, expected) in [
            ("--05-02", "1980-05-02", Some("1980-05-02")),
            ("1980-05-02", "--05-02", Some("1980-05-02")),
            ("1980-05-02", "--05-03", None),
            ("1980-05-02", "1981-05-02", None),
        ] {
            assert_eq!(filled("birthday", json!(day), json!(other)), expected.map(|day| json!(day)), "{day}");
        }
        assert_eq!(filled("notes", json!("a"), json!("b")), None);
        assert_eq!(filled("notes", json!("A"), json!("a")), None);
        assert_eq!(filled("name/surname", json!("DUPONT"), json!("Dupont")), Some(json!("DUPONT")));
        assert_eq!(filled("name/surname", json!("Dupond"), json!("Dupont")), None);
        let child = |name: &str| json!({ "label": "child", "value": name });
        assert_eq!(filled("relations/child:luc", child("luc"), child("Luc")), Some(child("luc")));
        assert_eq!(filled("relations/child:luc", child("luc"), child("Ann")), None);
    }

    #[test]
    fn an_empty_contact_has_no_fields() {
        assert!(fields(&Contact::default()).is_empty());
        assert_eq!(assemble::<Contact>(&Fields::new()).unwrap(), Contact::default());
    }

    fn word() -> impl Strategy<Value = String> {
        "[\\PC/#]{1,12}"
    }

    fn date() -> impl Strategy<Value = PartialDate> {
        (option::of(1_i32..=9999), 1_u32..=12, 1_u32..=28).prop_map(|(year, month, day)| PartialDate {
            year,
            month: Some(month),
            day: Some(day),
        })
    }

    prop_compose! {
        fn contact()(
            texts in vec("\\PC{0,12}", 14),
            names in vec(word(), 0..3), groups in vec(word(), 0..3),
            emails in vec((word(), word(), any::<bool>()), 0..3),
            phones in vec((word(), word(), any::<bool>()), 0..3),
            addresses in vec((word(), word()), 0..3), labelled in vec((word(), word()), 0..3),
            birthday in option::of(date()), dates in vec((word(), date()), 0..3), private in any::<bool>(),
        ) -> Contact {
            let mut texts = texts.into_iter();
            let mut next = || texts.next().unwrap_or_default();
            let pairs = |key: fn(&str) -> String| {
                keyed(labelled.iter().map(|(label, value)| {
                    (key(value), Labelled { label: label.clone(), value: value.clone() })
                }))
            };
            Contact {
                uid: next(),
                name: Name {
                    prefix: next(), given: next(), middle: next(), particle: next(), surname: next(),
                    suffix: next(), phonetic_given: next(), phonetic_surname: next(), full: next(),
                },
                nicknames: keyed(names.iter().map(|name| (text_key(name), name.clone()))),
                organization: Organization { name: next(), title: next(), department: String::new() },
                other_organizations: keyed(names.iter().map(|name| {
                    (text_key(name), Organization { name: name.clone(), ..Default::default() })
                })),
                emails: keyed(emails.into_iter().map(|(address, label, preferred)| {
                    (email_key(&address), Email { address, label, preferred })
                })),
                phones: keyed(phones.into_iter().map(|(number, label, preferred)| {
                    (phone_key(&number, Some("FR")), Phone { number, label, preferred })
                })),
                addresses: keyed(addresses.into_iter().map(|(label, street)| {
                    (address_key(&label), Address { label, street, ..Default::default() })
                })),
                urls: pairs(url_key),
                ims: keyed(labelled.iter().map(|(service, handle)| {
                    let im = Im { service: service.clone(), handle: handle.clone(), label: String::new() };
                    (im_key(service, handle), im)
                })),
                birthday,
                anniversary: birthday,
                dates: keyed(dates.into_iter().map(|(label, date)| {
                    (text_key(&label), LabelledDate { label, date })
                })),
                relations: pairs(text_key),
                notes: next(),
                groups: keyed(groups.into_iter().map(|name| (text_key(&name), name))),
                custom: pairs(text_key),
                photo: next(),
                private,
                order: Order::default(),
            }
        }
    }

    proptest! {
        #[test]
        fn a_contact_taken_apart_can_be_put_together(contact in contact()) {
            prop_assert_eq!(assemble::<Contact>(&fields(&contact)).unwrap(), contact);
        }

        #[test]
        fn a_contact_in_normal_form_is_still_a_contact_with_the_same_keys(contact in contact()) {
            let normal: Fields =
                fields(&contact).iter().map(|(field, value)| (field.clone(), Contact::normal(field, value))).collect();
            for (field, value) in &normal {
                prop_assert_eq!(&Contact::normal(field, value), value);
            }
            let again: Contact = assemble(&normal).unwrap();
            let nameless = Contact { uid: String::new(), ..contact };
            prop_assert_eq!(again.match_keys(), nameless.match_keys());
        }
    }
}
