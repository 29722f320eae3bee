//! The calls of the People API that are made, one function each.

use std::{collections::HashMap, sync::Arc};

use http::Method;
use passerelle_google_transport::{Api, Call, Failure, GoogleClient};
use passerelle_ports::{ErrorKind, PortError, PortResult};
use serde_json::{Map, Value, json, value::RawValue};

use crate::{
    convert::Draft,
    error,
    wire::{
        Connections, Created, Item, PERSON_FIELDS, People, Person, PersonResponse, SOURCES, Source, Updated,
        WithPhoto,
    },
};

/// How many contacts one call may name (P22, P46).
pub(crate) const BATCH_MAX: usize = 200;
/// How many values of one kind a list shows (P18).
const LIST_CUT: usize = 100;
/// How many contacts in a row Google may fail at before it is Google's fault and not theirs.
pub(crate) const FAULTS_MAX: usize = 3;

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

    /// Reads contacts by name, each with an answer of its own; those that do not exist, or no longer under this name,
    /// are left out (P16).
    pub(crate) async fn people(&self, names: &[&str]) -> PortResult<HashMap<String, PortResult<Person>>> {
        let mut found = self.people_now(names).await?;
        found.retain(|name, person| person.as_ref().map_or(true, |person| person.resource_name() == name));
        Ok(found)
    }

    /// As [`Calls::people`]; a name that is over may be answered with the person who has it now (P16).
    pub(crate) async fn people_now(&self, names: &[&str]) -> PortResult<HashMap<String, PortResult<Person>>> {
        let mut found = HashMap::new();
        let mut left: Vec<&[&str]> = names.chunks(BATCH_MAX).rev().collect();
        let mut halved = false;
        let mut faults = 0;
        while let Some(some) = left.pop() {
            match self.some_people(some, halved).await {
                Ok(people) => {
                    faults = 0;
                    found.extend(people);
                }
                // Google fails at one of them: the others are asked for without it.
                Err(error) if error::is_fault(&error) && faults < FAULTS_MAX => {
                    halved = true;
                    if let [name] = some {
                        faults += 1;
                        found.insert((*name).to_owned(), Err(error::of_one(error)));
                    } else {
                        let (first, second) = some.split_at(some.len() / 2);
                        left.extend([second, first]);
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    async fn some_people(
        &self,
        names: &[&str],
        once: bool,
    ) -> PortResult<HashMap<String, PortResult<Person>>> {
        const OPERATION: &str = "people.getBatchGet";
        let mut call = self.reading(OPERATION, Method::GET, "people:batchGet");
        for name in names {
            call = call.query("resourceNames", name);
        }
        let call = if once { call.once() } else { call };
        let answer: People = self.client.send(call).await?.json()?;
        let mut asked: HashMap<String, PersonResponse> = HashMap::new();
        for response in answer.responses {
            if let Ok(response) = serde_json::from_str::<PersonResponse>(response.get()) {
                asked.insert(response.requested_resource_name.clone(), response);
            }
        }
        let mut found = HashMap::new();
        for name in names {
            let response = asked.remove(*name).ok_or_else(|| error::unread(OPERATION, "responses"));
            let person = match response.and_then(|response| person_of(response, OPERATION)) {
                // Another one may have this name now (P16), but not somebody else's contact under a third name.
                Ok(Some(person)) if person.resource_name() != *name && !person.names_itself() => {
                    Err(error::unread(OPERATION, "resourceName"))
                }
                Ok(Some(person)) => self.completed(person).await?,
                Ok(None) => continue,
                Err(error) if is_of_item(&error) => Err(error),
                Err(error) => return Err(error),
            };
            found.insert((*name).to_owned(), person);
        }
        Ok(found)
    }

    /// As [`Calls::complete`]; what is wrong with this one contact is its own answer.
    pub(crate) async fn completed(&self, person: Person) -> PortResult<PortResult<Person>> {
        match self.complete(person).await.map_err(error::of_one) {
            Err(error) if !is_of_item(&error) => Err(error),
            person => Ok(person),
        }
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
        let raw: Box<RawValue> = self.client.send(call).await?.json()?;
        match Person::read(&raw) {
            Ok(person) if person.answers_to(&path) => Ok(person),
            Ok(_) => Err(error::unread("people.get", "resourceName")),
            Err(unread) => Err(error::unread("people.get", &unread.place)),
        }
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

    /// Gives a contact a picture; no version is its condition (P49).
    pub(crate) async fn update_photo(&self, name: &str, picture: &str) -> Result<Person, Failure> {
        const OPERATION: &str = "people.updateContactPhoto";
        let body = json!({"photoBytes": picture, "personFields": PERSON_FIELDS, "sources": [SOURCES]});
        let call = self.call(OPERATION, Method::PATCH, &format!("{name}:updateContactPhoto"));
        let answer: WithPhoto = self.client.send(call.json(&body)?.repeatable()).await?.json()?;
        Ok(answer.person)
    }

    pub(crate) async fn delete_photo(&self, name: &str) -> Result<Person, Failure> {
        const OPERATION: &str = "people.deleteContactPhoto";
        let call = self.reading(OPERATION, Method::DELETE, &format!("{name}:deleteContactPhoto"));
        let answer: WithPhoto = self.client.send(call.repeatable()).await?.json()?;
        Ok(answer.person)
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
        Some(raw) => match Person::read(&raw) {
            Err(unread) => Err(error::unread(operation, &unread.place)),
            Ok(person) if person.is_deleted() || person.source().is_none() => Ok(None),
            Ok(person) => Ok(Some(person)),
        },
        None => Err(error::unexpected(operation)),
    }
}

/// Tells whether an error concerns the contact that was asked for, and no other.
pub(crate) fn is_of_item(error: &PortError) -> bool {
    matches!(error.kind, ErrorKind::Unexpected | ErrorKind::ItemFailed)
}
