//! The calls of the People API that are made, one function each.

use std::{collections::HashMap, sync::Arc};

use http::Method;
use passerelle_google_transport::{Api, Call, Failure, GoogleClient};
use passerelle_ports::PortResult;
use serde_json::{Map, Value, json};

use crate::{
    convert::Draft,
    error,
    wire::{
        Connections, Created, Item, PERSON_FIELDS, People, Person, PersonResponse, SOURCES, Source, Updated,
    },
};

/// How many contacts one call may name (P22, P46).
pub(crate) const BATCH_MAX: usize = 200;
/// How many values of one kind a list shows (P18).
const LIST_CUT: usize = 100;

/// The People API of one account.
pub(crate) struct Calls {
    pub(crate) client: Arc<GoogleClient>,
}

impl Calls {
    fn call(&self, operation: &'static str, method: Method, path: &str) -> Call {
        Call::new(Api::People, operation, method, self.client.endpoints().people(path))
    }

    fn reading(&self, operation: &'static str, method: Method, path: &str) -> Call {
        self.call(operation, method, path).query("personFields", PERSON_FIELDS).query("sources", SOURCES)
    }

    /// Lists one page; every parameter is the same in each call (P11).
    pub(crate) async fn connections(
        &self,
        page_size: u32,
        sync: Option<&str>,
        page: Option<&str>,
    ) -> PortResult<Connections> {
        let mut call = self
            .reading("people.connections.list", Method::GET, "people/me/connections")
            .query("pageSize", &page_size.to_string())
            .query("requestSyncToken", "true");
        for (name, token) in [("syncToken", sync), ("pageToken", page)] {
            if let Some(token) = token {
                call = call.query(name, token);
            }
        }
        let by_token = sync.is_some() || page.is_some();
        let answer = self.client.send(call).await.map_err(|failure| error::of_listing(failure, by_token))?;
        answer.json()
    }

    /// Reads contacts by name; those that do not exist, or no longer under this name, are left out (P16).
    pub(crate) async fn people(&self, names: &[&str]) -> PortResult<HashMap<String, Person>> {
        let mut found = self.people_now(names).await?;
        found.retain(|name, person| person.resource_name() == name);
        Ok(found)
    }

    /// Reads contacts by name; a name that is over may be answered with the person who has it now (P16).
    pub(crate) async fn people_now(&self, names: &[&str]) -> PortResult<HashMap<String, Person>> {
        const OPERATION: &str = "people.getBatchGet";
        let mut found = HashMap::new();
        for names in names.chunks(BATCH_MAX) {
            let mut call = self.reading(OPERATION, Method::GET, "people:batchGet");
            for name in names {
                call = call.query("resourceNames", name);
            }
            let answer: People = self.client.send(call).await?.json()?;
            let mut asked: HashMap<String, PersonResponse> = HashMap::new();
            for response in answer.responses {
                asked.insert(response.requested_resource_name.clone(), response);
            }
            for name in names {
                let response = asked.remove(*name).ok_or_else(|| error::unexpected(OPERATION))?;
                if let Some(person) = person_of(response, OPERATION)? {
                    found.insert((*name).to_owned(), self.complete(person).await?);
                }
            }
        }
        Ok(found)
    }

    /// Reads a contact again by itself where its lists may have been cut (P18).
    pub(crate) async fn complete(&self, person: Person) -> PortResult<Person> {
        let cut = ["emailAddresses", "phoneNumbers"].iter().any(|field| {
            person.0.get(*field).and_then(Value::as_array).is_some_and(|items| items.len() >= LIST_CUT)
        });
        if !cut {
            return Ok(person);
        }
        let path = person.resource_name().to_owned();
        let call = self.reading("people.get", Method::GET, &path);
        self.client.send(call).await?.json()
    }

    pub(crate) async fn create(&self, draft: &Draft) -> Result<Person, Failure> {
        let call = self.reading("people.createContact", Method::POST, "people:createContact");
        Ok(self.client.send(call.json(&draft.fields)?).await?.json()?)
    }

    pub(crate) async fn create_batch(&self, drafts: &[&Draft]) -> Result<Created, Failure> {
        let contacts: Vec<_> = drafts.iter().map(|draft| json!({"contactPerson": draft.fields})).collect();
        let body = json!({"contacts": contacts, "readMask": PERSON_FIELDS, "sources": [SOURCES]});
        let call = self.call("people.batchCreateContacts", Method::POST, "people:batchCreateContacts");
        Ok(self.client.send(call.json(&body)?).await?.json()?)
    }

    pub(crate) async fn update(&self, name: &str, draft: &Draft, source: &Source) -> Result<Person, Failure> {
        let path = format!("{name}:updateContact");
        let call = self
            .reading("people.updateContact", Method::PATCH, &path)
            .query("updatePersonFields", &draft.mask())
            .json(&named(name, draft, source))?;
        Ok(self.client.send(call).await?.json()?)
    }

    /// Updates contacts that all have the same mask (P46).
    pub(crate) async fn update_batch(&self, drafts: &[(&str, &Draft, &Source)]) -> Result<Updated, Failure> {
        let mask = drafts.first().map(|(_, draft, _)| draft.mask()).unwrap_or_default();
        let contacts: Map<String, Value> = drafts
            .iter()
            .map(|(name, draft, source)| ((*name).to_owned(), Value::Object(named(name, draft, source))))
            .collect();
        let body = json!({
            "contacts": contacts, "updateMask": mask, "readMask": PERSON_FIELDS, "sources": [SOURCES],
        });
        let call = self.call("people.batchUpdateContacts", Method::POST, "people:batchUpdateContacts");
        Ok(self.client.send(call.json(&body)?).await?.json()?)
    }

    pub(crate) async fn delete(&self, name: &str) -> Result<(), Failure> {
        let call = self.call("people.deleteContact", Method::DELETE, &format!("{name}:deleteContact"));
        self.client.send(call).await.map(drop)
    }

    pub(crate) async fn delete_batch(&self, names: &[&str]) -> Result<(), Failure> {
        let call = self.call("people.batchDeleteContacts", Method::POST, "people:batchDeleteContacts");
        self.client.send(call.json(&json!({"resourceNames": names}))?).await.map(drop)
    }
}

/// Returns the body of an update: the fields, and the state that it was computed from (P42).
fn named(name: &str, draft: &Draft, source: &Source) -> Item {
    let mut body: Item = draft
        .fields
        .iter()
        .map(|(field, items)| ((*field).to_owned(), items.iter().cloned().map(Value::Object).collect()))
        .collect();
    body.insert("resourceName".to_owned(), name.into());
    let source = json!({"type": "CONTACT", "id": source.id, "etag": source.etag});
    body.insert("metadata".to_owned(), json!({"sources": [source]}));
    body
}

/// Returns the person of a batch's item; `None` when there is none (any more).
pub(crate) fn person_of(response: PersonResponse, operation: &'static str) -> PortResult<Option<Person>> {
    let gone = response.status.code == 5 || response.http_status_code == 404;
    match response.person {
        _ if gone => Ok(None),
        _ if response.status.code != 0 => Err(error::of_item(response.status.code, operation)),
        Some(person) if person.is_deleted() || person.source().is_none() => Ok(None),
        Some(person) => Ok(Some(person)),
        None => Err(error::unexpected(operation)),
    }
}
