//! The rows of a contact.

use diesel::prelude::*;
use passerelle_contacts::{address_key, email_key, im_key, phone_key, relation_key, text_key, url_key};

use crate::{
    child::{Repeats, child_rows},
    schema::contacts,
};

/// The columns of `contacts` that a contact's own fields fill.
#[derive(Clone, Debug, Default, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = contacts)]
pub(crate) struct ContactRow {
    pub(crate) uid: String,
    pub(crate) name_prefix: String,
    pub(crate) given_name: String,
    pub(crate) middle_name: String,
    pub(crate) name_particle: String,
    pub(crate) surname: String,
    pub(crate) name_suffix: String,
    pub(crate) phonetic_given_name: String,
    pub(crate) phonetic_surname: String,
    pub(crate) full_name: String,
    pub(crate) organization: String,
    pub(crate) job_title: String,
    pub(crate) department: String,
    pub(crate) birthday: String,
    pub(crate) anniversary: String,
    pub(crate) notes: String,
    pub(crate) photo: String,
    pub(crate) private: bool,
}

/// How many columns a [`ContactRow`] binds, with the id and the leftovers.
pub(crate) const CONTACT_WIDTH: usize = 20;

child_rows! {
    EmailRow in contact_emails of contact_id (6) { address: String, label: String, preferred: bool, ordinal: i64, repetition: i64 }
    PhoneRow in contact_phones of contact_id (6) { number: String, label: String, preferred: bool, ordinal: i64, repetition: i64 }
    AddressRow in contact_addresses of contact_id (13) {
        label: String, street: String, extended: String, po_box: String, postcode: String, city: String,
        region: String, country: String, country_code: String, preferred: bool, ordinal: i64, repetition: i64,
    }
    UrlRow in contact_urls of contact_id (5) { label: String, url: String, ordinal: i64, repetition: i64 }
    ImRow in contact_ims of contact_id (6) { service: String, handle: String, label: String, ordinal: i64, repetition: i64 }
    DateRow in contact_dates of contact_id (5) { label: String, date: String, ordinal: i64, repetition: i64 }
    RelationRow in contact_relations of contact_id (5) { relation: String, name: String, ordinal: i64, repetition: i64 }
    OrganizationRow in contact_organizations of contact_id (6) {
        name: String, title: String, department: String, ordinal: i64, repetition: i64,
    }
    NicknameRow in contact_nicknames of contact_id (4) { nickname: String, ordinal: i64, repetition: i64 }
    CustomRow in contact_custom_fields of contact_id (5) { name: String, value: String, ordinal: i64, repetition: i64 }
    MemberRow in contact_group_members of contact_id (3) { group_id: i64, ordinal: i64 }
}

macro_rules! repeats {
    ($($row:ident: |$it:ident, $region:ident| $key:expr, |$to:ident| $becomes:expr;)*) => {$(
        impl Repeats for $row {
            fn key(&self, $region: Option<&str>) -> String {
                let $it = self;
                $key
            }

            fn repetition(&self) -> i64 {
                self.repetition
            }

            fn set_repetition(&mut self, repetition: i64) {
                self.repetition = repetition;
            }

            fn ordinal(&self) -> i64 {
                self.ordinal
            }

            fn set_ordinal(&mut self, ordinal: i64) {
                self.ordinal = ordinal;
            }

            fn may_become(&self, $to: &Self) -> bool {
                let $it = self;
                $becomes
            }
        }
    )*};
}

repeats! {
    EmailRow: |row, _region| email_key(&row.address), |to| row.label == to.label;
    PhoneRow: |row, region| phone_key(&row.number, region), |to| row.label == to.label;
    AddressRow: |row, _region| address_key(&row.label), |to| row.label == to.label;
    UrlRow: |row, _region| url_key(&row.url), |to| row.label == to.label;
    ImRow: |row, _region| im_key(&row.service, &row.handle), |to| row.service == to.service || row.handle == to.handle;
    DateRow: |row, _region| text_key(&row.label), |to| row.label == to.label || row.date == to.date;
    RelationRow: |row, _region| relation_key(&row.relation, &row.name), |to| row.relation == to.relation || row.name == to.name;
    OrganizationRow: |row, _region| text_key(&row.name), |to| row.name == to.name || row.title == to.title;
    NicknameRow: |row, _region| text_key(&row.nickname), |to| row.contact_id == to.contact_id;
    CustomRow: |row, _region| text_key(&row.name), |to| row.name == to.name || row.value == to.value;
}
