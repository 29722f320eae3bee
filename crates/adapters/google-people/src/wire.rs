//! The People API's own types, under its own names.
//!
//! A person stays the JSON that Google sent: what we do not model must survive (P73). Lists that are
//! empty are left out by Google (P21), so everything has a default.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One item of a person's list.
pub(crate) type Item = Map<String, Value>;

/// Every path that can be read and means something for a contact (P30).
///
/// It goes into each cursor: changing it makes every cursor old (P11).
pub(crate) const PERSON_FIELDS: &str = "addresses,biographies,birthdays,calendarUrls,clientData,\
emailAddresses,events,externalIds,genders,imClients,interests,locales,locations,memberships,metadata,\
miscKeywords,names,nicknames,occupations,organizations,phoneNumbers,photos,relations,sipAddresses,urls,\
userDefined";

/// The only source that is read and written (P63).
pub(crate) const SOURCES: &str = "READ_SOURCE_TYPE_CONTACT";

/// The group that the web page shows as "Contacts" (P41).
pub(crate) const MY_CONTACTS: &str = "contactGroups/myContacts";

/// A person, as Google sent it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Person(pub(crate) Map<String, Value>);

/// The part of a person that is a contact, with its tag (P61, P62).
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Source {
    pub(crate) r#type: String,
    pub(crate) id: String,
    pub(crate) etag: String,
    pub(crate) update_time: Option<DateTime<Utc>>,
}

impl Person {
    pub(crate) fn resource_name(&self) -> &str {
        self.0.get("resourceName").and_then(Value::as_str).unwrap_or_default()
    }

    fn metadata(&self, member: &str) -> Option<&Value> {
        self.0.get("metadata")?.get(member)
    }

    /// Tells whether this is the mark of a deleted contact (P15).
    pub(crate) fn is_deleted(&self) -> bool {
        self.metadata("deleted").and_then(Value::as_bool).unwrap_or_default()
    }

    /// Returns the names that this person had before (P16).
    pub(crate) fn previous_names(&self) -> impl Iterator<Item = &str> {
        self.metadata("previousResourceNames")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
    }

    /// Returns the contact source, if the person has one.
    pub(crate) fn source(&self) -> Option<Source> {
        let sources = self.metadata("sources")?.as_array()?;
        let contact = sources.iter().find(|source| source["type"] == "CONTACT")?;
        Source::deserialize(contact).ok()
    }

    /// Returns the items of a field that belong to the contact, not to a profile (P63).
    pub(crate) fn items(&self, field: &str) -> Vec<Item> {
        let items = self.0.get(field).and_then(Value::as_array).into_iter().flatten();
        items.filter_map(Value::as_object).filter(|item| is_contact(item)).cloned().collect()
    }

    pub(crate) fn set(&mut self, field: &str, items: Vec<Item>) {
        if items.is_empty() {
            self.0.remove(field);
        } else {
            self.0.insert(field.to_owned(), items.into_iter().map(Value::Object).collect());
        }
    }
}

fn is_contact(item: &Item) -> bool {
    let source = item.get("metadata").and_then(|metadata| metadata.pointer("/source/type"));
    source.and_then(Value::as_str).is_none_or(|kind| kind == "CONTACT")
}

/// Returns a text member of an item, empty when absent.
pub(crate) fn text<'a>(item: &'a Item, member: &str) -> &'a str {
    item.get(member).and_then(Value::as_str).unwrap_or_default()
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Connections {
    pub(crate) connections: Vec<Person>,
    pub(crate) next_page_token: Option<String>,
    pub(crate) next_sync_token: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct People {
    pub(crate) responses: Vec<PersonResponse>,
}

/// One person of a batch, with its own status (P22).
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct PersonResponse {
    pub(crate) http_status_code: u16,
    pub(crate) person: Option<Person>,
    pub(crate) requested_resource_name: String,
    pub(crate) status: RpcStatus,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RpcStatus {
    pub(crate) code: i64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Created {
    pub(crate) created_people: Vec<PersonResponse>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Updated {
    pub(crate) update_result: BTreeMap<String, PersonResponse>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ContactGroups {
    pub(crate) contact_groups: Vec<ContactGroup>,
    pub(crate) next_page_token: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ContactGroup {
    pub(crate) resource_name: String,
    pub(crate) name: String,
    pub(crate) group_type: String,
    pub(crate) etag: String,
    pub(crate) member_count: u64,
    pub(crate) member_resource_names: Vec<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn p21_what_is_left_out_reads_as_empty() {
        let page: Connections = serde_json::from_value(json!({"nextSyncToken": "t"})).unwrap();
        assert!(page.connections.is_empty() && page.next_page_token.is_none());
        assert!(Person::default().source().is_none() && Person::default().items("names").is_empty());
    }

    #[test]
    fn p63_values_of_a_profile_are_not_the_contacts() {
        let person: Person = serde_json::from_value(json!({"names": [
            {"givenName": "P", "metadata": {"source": {"type": "PROFILE", "id": "1"}}},
            {"givenName": "C", "metadata": {"source": {"type": "CONTACT", "id": "2"}}},
        ]}))
        .unwrap();
        assert_eq!(person.items("names").len(), 1);
        assert_eq!(text(&person.items("names")[0], "givenName"), "C");
    }
}
