//! The People API's own types, under its own names.
//!
//! A person stays the JSON that Google sent: what we do not model must survive (P73). Lists that are
//! empty are left out by Google (P21), so everything has a default.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use passerelle_ports::{Code, ItemId, Unread};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, value::RawValue};

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

/// The code of a contact that cannot be read.
pub(crate) const UNREAD: Code = Code::Goog315;

/// Members of a contact's items that are no texts.
const NO_TEXTS: [&str; 9] = [
    "metadata",
    "date",
    "contactGroupMembership",
    "domainMembership",
    "startDate",
    "endDate",
    "default",
    "current",
    "fullTimeEquivalentMillipercent",
];

/// The name of a contact that cannot be read as a whole.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Named {
    resource_name: Option<String>,
}

impl Person {
    /// Reads a person by itself: what is wrong with it concerns no other one.
    pub(crate) fn read(raw: &RawValue) -> Result<Person, Unread> {
        let (person, place) = match serde_json::from_str::<Person>(raw.get()) {
            Ok(person) => match person.oddity() {
                None => return Ok(person),
                Some(place) => (person, place),
            },
            Err(_) => {
                let named: Named = serde_json::from_str(raw.get()).unwrap_or_default();
                let name = named.resource_name.map(Value::String);
                (Person(name.map(|name| ("resourceName".to_owned(), name)).into_iter().collect()), "text")
            }
        };
        Err(person.unread(place))
    }

    /// Says that a person cannot be read, by the name that it has, if that is one.
    pub(crate) fn unread(&self, place: &str) -> Unread {
        let name = self.resource_name();
        let id = is_name(name).then(|| ItemId::new(name));
        Unread { id, code: Some(UNREAD), place: place.to_owned() }
    }

    /// Returns what keeps a person from being read without loss, if anything does: a field of another shape would
    /// read like an empty one, and that like a deletion.
    pub(crate) fn oddity(&self) -> Option<&'static str> {
        if !is_name(self.resource_name()) {
            return Some("resourceName");
        }
        if self.is_deleted() {
            return None;
        }
        let Some(sources) = self.metadata("sources").and_then(Value::as_array) else {
            return Some("metadata");
        };
        if let Some(contact) = sources.iter().find(|source| source["type"] == "CONTACT") {
            match Source::deserialize(contact) {
                Ok(source) if source.etag.is_empty() => return Some("etag"),
                Ok(source) if source.update_time.is_some() => {}
                _ => return Some("updateTime"),
            }
        }
        PERSON_FIELDS.split(',').filter(|field| *field != "metadata").find(|field| !self.is_regular(field))
    }

    fn is_regular(&self, field: &str) -> bool {
        let text = |(member, value): (&String, &Value)| match value {
            Value::String(_) | Value::Null | Value::Bool(_) => true,
            _ => NO_TEXTS.contains(&member.as_str()),
        };
        let item = |item: &Item| {
            let has_shape =
                |member: &str| item.get(member).is_none_or(|value| value.is_object() || value.is_null());
            item.iter().all(text) && has_shape("metadata") && has_shape("date")
        };
        match self.0.get(field) {
            None | Some(Value::Null) => true,
            Some(Value::Array(items)) => items.iter().all(|one| one.as_object().is_some_and(item)),
            Some(_) => false,
        }
    }

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

    /// Tells whether this is the person who has, or had, a name: the answer of a write about another one says nothing of
    /// what was written. A reading by name may well lead to another one, who has it now, and does not say so (P16).
    pub(crate) fn answers_to(&self, name: &str) -> bool {
        self.resource_name() == name || self.previous_names().any(|former| former == name)
    }

    /// Tells whether the name is that of the contact in it, as far as both can be compared (P60): an answer that gives
    /// a contact the name of another one says nothing of either.
    pub(crate) fn names_itself(&self) -> bool {
        let own = self.source().and_then(|source| u64::from_str_radix(&source.id, 16).ok());
        let is_its = |id: u64| self.resource_name() == format!("people/c{id}");
        is_name(self.resource_name()) && own.is_none_or(is_its)
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

/// Tells whether a text can name a contact, and nothing else, in the address of a call.
fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    text.strip_prefix("people/").is_some_and(|id| !id.is_empty() && id.bytes().all(fits))
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
    /// Read one by one.
    pub(crate) connections: Vec<Box<RawValue>>,
    pub(crate) next_page_token: Option<String>,
    pub(crate) next_sync_token: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct People {
    /// Read one by one.
    pub(crate) responses: Vec<Box<RawValue>>,
}

/// One person of a batch, with its own status (P22).
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct PersonResponse {
    pub(crate) http_status_code: u16,
    pub(crate) person: Option<Box<RawValue>>,
    pub(crate) requested_resource_name: String,
    pub(crate) status: RpcStatus,
}

/// The answer to a write of a picture (P49).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct WithPhoto {
    pub(crate) person: Person,
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
    pub(crate) client_data: Vec<ClientData>,
}

/// What a program notes beside a label.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ClientData {
    pub(crate) key: String,
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
    fn what_cannot_be_read_keeps_its_name() {
        let good = json!({
            "resourceName": "people/c1",
            "metadata": {"sources": [{"type": "CONTACT", "id": "1", "etag": "#1", "updateTime": "2026-11-01T00:00:00Z"}]},
            "names": [{"givenName": "A", "metadata": {"primary": true}}],
        });
        let read = |change: &dyn Fn(&mut Value)| {
            let mut person = good.clone();
            change(&mut person);
            Person::read(&RawValue::from_string(person.to_string()).unwrap())
        };
        assert!(read(&|_| {}).is_ok());
        type Row<'a> = (&'a dyn Fn(&mut Value), &'a str, Option<&'a str>);
        let table: [Row<'_>; 9] = [
            (&|p| p["metadata"]["sources"][0]["updateTime"] = Value::Null, "updateTime", Some("people/c1")),
            (
                &|p| p["metadata"]["sources"][0]["updateTime"] = json!("+999999-13-45"),
                "updateTime",
                Some("people/c1"),
            ),
            (&|p| p["metadata"]["sources"][0]["etag"] = Value::Null, "updateTime", Some("people/c1")),
            (&|p| p["metadata"] = json!([]), "metadata", Some("people/c1")),
            (&|p| p["names"] = json!("Bob"), "names", Some("people/c1")),
            (&|p| p["phoneNumbers"] = json!([1, null]), "phoneNumbers", Some("people/c1")),
            (&|p| p["birthdays"] = json!([{"date": "soon"}]), "birthdays", Some("people/c1")),
            (&|p| p["resourceName"] = Value::Null, "resourceName", None),
            (&|p| p["resourceName"] = json!("people/../../token?x="), "resourceName", None),
        ];
        for (change, place, name) in table {
            let unread = read(change).unwrap_err();
            assert_eq!((unread.place.as_str(), unread.id.as_ref().map(ItemId::as_str)), (place, name));
        }
        let half = good.to_string().replace("\"A\"", "\"\\ud800\"");
        let unread = Person::read(&RawValue::from_string(half).unwrap()).unwrap_err();
        assert_eq!(unread.id, Some("people/c1".into()));
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
