//! Between a contact and its rows. Pure.

use std::collections::BTreeMap;

use passerelle_contacts::{
    Address, Contact, Email, Im, Labelled, LabelledDate, Name, Order, Organization, PartialDate, Phone,
    text_key,
};

use super::rows::{
    AddressRow, ContactRow, CustomRow, DateRow, EmailRow, ImRow, NicknameRow, OrganizationRow, PhoneRow,
    RelationRow, UrlRow,
};
use crate::child::{Held, Repeats, wanted};

/// The rows that a contact's keyed collections should have, under their keys.
pub(crate) struct Parts {
    pub(crate) emails: BTreeMap<String, EmailRow>,
    pub(crate) phones: BTreeMap<String, PhoneRow>,
    pub(crate) addresses: BTreeMap<String, AddressRow>,
    pub(crate) urls: BTreeMap<String, UrlRow>,
    pub(crate) ims: BTreeMap<String, ImRow>,
    pub(crate) dates: BTreeMap<String, DateRow>,
    pub(crate) relations: BTreeMap<String, RelationRow>,
    pub(crate) organizations: BTreeMap<String, OrganizationRow>,
    pub(crate) nicknames: BTreeMap<String, NicknameRow>,
    pub(crate) custom: BTreeMap<String, CustomRow>,
}

/// The rows that a contact's keyed collections have.
#[derive(Default)]
pub(crate) struct HeldParts {
    pub(crate) emails: Held<EmailRow>,
    pub(crate) phones: Held<PhoneRow>,
    pub(crate) addresses: Held<AddressRow>,
    pub(crate) urls: Held<UrlRow>,
    pub(crate) ims: Held<ImRow>,
    pub(crate) dates: Held<DateRow>,
    pub(crate) relations: Held<RelationRow>,
    pub(crate) organizations: Held<OrganizationRow>,
    pub(crate) nicknames: Held<NicknameRow>,
    pub(crate) custom: Held<CustomRow>,
    /// The names of the groups, under their keys.
    pub(crate) groups: BTreeMap<String, String>,
}

fn date_text(date: Option<&PartialDate>) -> String {
    date.map(ToString::to_string).unwrap_or_default()
}

fn date_of(text: &str) -> Option<PartialDate> {
    text.parse().ok()
}

/// Returns the columns of `contacts`.
pub(crate) fn main_row(contact: &Contact) -> ContactRow {
    let Name { prefix, given, middle, particle, surname, suffix, phonetic_given, phonetic_surname, full } =
        contact.name.clone();
    ContactRow {
        uid: contact.uid.clone(),
        name_prefix: prefix,
        given_name: given,
        middle_name: middle,
        name_particle: particle,
        surname,
        name_suffix: suffix,
        phonetic_given_name: phonetic_given,
        phonetic_surname,
        full_name: full,
        organization: contact.organization.name.clone(),
        job_title: contact.organization.title.clone(),
        department: contact.organization.department.clone(),
        birthday: date_text(contact.birthday.as_ref()),
        anniversary: date_text(contact.anniversary.as_ref()),
        notes: contact.notes.clone(),
        photo: contact.photo.clone(),
        private: contact.private,
    }
}

/// Returns the rows of the keyed collections.
pub(crate) fn parts(id: &str, contact: &Contact, region: Option<&str>) -> Parts {
    let contact_id = || id.to_owned();
    Parts {
        emails: wanted(
            contact.emails.iter().map(|(key, Email { address, label, preferred })| {
                let (address, label) = (address.clone(), label.clone());
                (
                    key.clone(),
                    EmailRow {
                        contact_id: contact_id(),
                        address,
                        label,
                        preferred: *preferred,
                        ordinal: 0,
                        repetition: 0,
                    },
                )
            }),
            region,
        ),
        phones: wanted(
            contact.phones.iter().map(|(key, Phone { number, label, preferred })| {
                let (number, label) = (number.clone(), label.clone());
                (
                    key.clone(),
                    PhoneRow {
                        contact_id: contact_id(),
                        number,
                        label,
                        preferred: *preferred,
                        ordinal: 0,
                        repetition: 0,
                    },
                )
            }),
            region,
        ),
        addresses: wanted(
            contact.addresses.iter().map(|(key, address)| (key.clone(), address_row(id, address))),
            region,
        ),
        urls: wanted(
            contact.urls.iter().map(|(key, Labelled { label, value })| {
                let (label, url) = (label.clone(), value.clone());
                (key.clone(), UrlRow { contact_id: contact_id(), label, url, ordinal: 0, repetition: 0 })
            }),
            region,
        ),
        ims: wanted(
            contact.ims.iter().map(|(key, Im { service, handle, label })| {
                let (service, handle, label) = (service.clone(), handle.clone(), label.clone());
                (
                    key.clone(),
                    ImRow { contact_id: contact_id(), service, handle, label, ordinal: 0, repetition: 0 },
                )
            }),
            region,
        ),
        dates: wanted(
            contact.dates.iter().map(|(key, LabelledDate { label, date })| {
                let (label, date) = (label.clone(), date_text(Some(date)));
                (key.clone(), DateRow { contact_id: contact_id(), label, date, ordinal: 0, repetition: 0 })
            }),
            region,
        ),
        relations: wanted(
            contact.relations.iter().map(|(key, Labelled { label, value })| {
                let (relation, name) = (label.clone(), value.clone());
                (
                    key.clone(),
                    RelationRow { contact_id: contact_id(), relation, name, ordinal: 0, repetition: 0 },
                )
            }),
            region,
        ),
        organizations: wanted(
            contact.other_organizations.iter().map(|(key, Organization { name, title, department })| {
                let (name, title, department) = (name.clone(), title.clone(), department.clone());
                (
                    key.clone(),
                    OrganizationRow {
                        contact_id: contact_id(),
                        name,
                        title,
                        department,
                        ordinal: 0,
                        repetition: 0,
                    },
                )
            }),
            region,
        ),
        nicknames: wanted(
            contact.nicknames.iter().map(|(key, nickname)| {
                (
                    key.clone(),
                    NicknameRow {
                        contact_id: contact_id(),
                        nickname: nickname.clone(),
                        ordinal: 0,
                        repetition: 0,
                    },
                )
            }),
            region,
        ),
        custom: wanted(
            contact.custom.iter().map(|(key, Labelled { label, value })| {
                let (name, value) = (label.clone(), value.clone());
                (key.clone(), CustomRow { contact_id: contact_id(), name, value, ordinal: 0, repetition: 0 })
            }),
            region,
        ),
    }
}

fn address_row(id: &str, address: &Address) -> AddressRow {
    let Address { label, street, extended, po_box, postcode, city, region, country, country_code, preferred } =
        address.clone();
    let contact_id = id.to_owned();
    AddressRow {
        contact_id,
        label,
        street,
        extended,
        po_box,
        postcode,
        city,
        region,
        country,
        country_code,
        preferred,
        ordinal: 0,
        repetition: 0,
    }
}

/// Collects the values of rows under their keys.
fn values<C, T>(held: &Held<C>, value: impl Fn(&C) -> T) -> BTreeMap<String, T> {
    held.iter().map(|(key, (_, row))| (key.clone(), value(row))).collect()
}

/// Returns the order of the rows of each list: that of their ordinals, and of their entering where they have none.
fn order(parts: &HeldParts) -> Order {
    fn keys<C: Repeats>(held: &Held<C>) -> Vec<String> {
        let place =
            |(key, (id, row)): (&String, &(i64, C))| (row.ordinal() == 0, row.ordinal(), *id, key.clone());
        let mut rows: Vec<_> = held.iter().map(place).collect();
        rows.sort_unstable();
        rows.into_iter().map(|(.., key)| key).collect()
    }
    let mut order = Order::default();
    order.keep("emails", keys(&parts.emails));
    order.keep("phones", keys(&parts.phones));
    order.keep("addresses", keys(&parts.addresses));
    order.keep("urls", keys(&parts.urls));
    order.keep("ims", keys(&parts.ims));
    order.keep("dates", keys(&parts.dates));
    order.keep("relations", keys(&parts.relations));
    order.keep("other_organizations", keys(&parts.organizations));
    order.keep("nicknames", keys(&parts.nicknames));
    order.keep("custom", keys(&parts.custom));
    order
}

/// Makes a contact of its rows. A date that no rule of the schema let in is left out.
pub(crate) fn contact(row: ContactRow, parts: &HeldParts) -> Contact {
    Contact {
        uid: row.uid,
        name: Name {
            prefix: row.name_prefix,
            given: row.given_name,
            middle: row.middle_name,
            particle: row.name_particle,
            surname: row.surname,
            suffix: row.name_suffix,
            phonetic_given: row.phonetic_given_name,
            phonetic_surname: row.phonetic_surname,
            full: row.full_name,
        },
        nicknames: values(&parts.nicknames, |row| row.nickname.clone()),
        organization: Organization {
            name: row.organization,
            title: row.job_title,
            department: row.department,
        },
        other_organizations: values(&parts.organizations, |row| Organization {
            name: row.name.clone(),
            title: row.title.clone(),
            department: row.department.clone(),
        }),
        emails: values(&parts.emails, |row| Email {
            address: row.address.clone(),
            label: row.label.clone(),
            preferred: row.preferred,
        }),
        phones: values(&parts.phones, |row| Phone {
            number: row.number.clone(),
            label: row.label.clone(),
            preferred: row.preferred,
        }),
        addresses: values(&parts.addresses, |row| Address {
            label: row.label.clone(),
            street: row.street.clone(),
            extended: row.extended.clone(),
            po_box: row.po_box.clone(),
            postcode: row.postcode.clone(),
            city: row.city.clone(),
            region: row.region.clone(),
            country: row.country.clone(),
            country_code: row.country_code.clone(),
            preferred: row.preferred,
        }),
        urls: values(&parts.urls, |row| Labelled { label: row.label.clone(), value: row.url.clone() }),
        ims: values(&parts.ims, |row| Im {
            service: row.service.clone(),
            handle: row.handle.clone(),
            label: row.label.clone(),
        }),
        birthday: date_of(&row.birthday),
        anniversary: date_of(&row.anniversary),
        dates: values(&parts.dates, |row| LabelledDate {
            label: row.label.clone(),
            date: date_of(&row.date).unwrap_or_default(),
        }),
        relations: values(&parts.relations, |row| Labelled {
            label: row.relation.clone(),
            value: row.name.clone(),
        }),
        notes: row.notes,
        groups: parts.groups.clone(),
        custom: values(&parts.custom, |row| Labelled { label: row.name.clone(), value: row.value.clone() }),
        photo: row.photo,
        private: row.private,
        order: order(parts),
    }
}

/// Returns the key of a group, without the number of a repetition.
pub(crate) fn group_key(name: &str) -> String {
    text_key(name)
}
