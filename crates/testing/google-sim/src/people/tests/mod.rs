//! The rules of the fact sheet, one test each, by their numbers.

mod groups;
mod limits;
mod reading;
mod shape;
mod syncing;
mod web_page;
mod writing;

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

use super::AddressBook;
use crate::api::{ApiRequest, ApiResponse, Knobs, Profile};

/// An account with its clock, called as a client would.
pub(super) struct Account {
    pub(super) book: AddressBook,
    pub(super) now: DateTime<Utc>,
    pub(super) knobs: Knobs,
    pub(super) profile: Profile,
}

impl Account {
    pub(super) fn new() -> Self {
        Self {
            book: AddressBook::default(),
            now: DateTime::from_timestamp(1_760_000_000, 0).unwrap(),
            knobs: Knobs::default(),
            profile: Profile {
                sub: "100000000000000000009".to_owned(),
                name: "Anne Test".to_owned(),
                locale: "fr-FR".to_owned(),
                ..Profile::default()
            },
        }
    }

    pub(super) fn wait(&mut self, seconds: i64) {
        self.now += Duration::seconds(seconds);
    }

    /// Calls a method; `target` is the resource name in the path, if it has one.
    pub(super) fn call(
        &mut self,
        method: &str,
        target: &str,
        query: &[(&str, &str)],
        body: Value,
    ) -> ApiResponse {
        let mut path = BTreeMap::new();
        if !target.is_empty() {
            path.insert("resourceName".to_owned(), target.to_owned());
        }
        let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.book.handle(&ApiRequest {
            method_id: method.to_owned(),
            path,
            query,
            body: (!body.is_null()).then_some(body),
            if_match: None,
            if_none_match: None,
            account: "anne@example.org".to_owned(),
            profile: self.profile.clone(),
            now: self.now,
            knobs: self.knobs.clone(),
        })
    }

    /// Calls a method that must succeed.
    pub(super) fn ok(&mut self, method: &str, target: &str, query: &[(&str, &str)], body: Value) -> Value {
        let response = self.call(method, target, query, body);
        assert_eq!(response.status, 200, "{method}: {:?}", response.body);
        response.body.unwrap()
    }

    /// Calls a method that must fail with 400 and returns the error.
    pub(super) fn refused(
        &mut self,
        method: &str,
        target: &str,
        query: &[(&str, &str)],
        body: Value,
    ) -> Value {
        let response = self.call(method, target, query, body);
        assert_eq!(response.status, 400, "{method}: {:?}", response.body);
        response.body.unwrap()["error"].clone()
    }

    pub(super) fn create(&mut self, person: Value) -> Value {
        self.ok("people.people.createContact", "", &[], person)
    }

    /// Creates a contact with a given name and returns its resource name.
    pub(super) fn named(&mut self, given: &str) -> String {
        name_of(&self.create(json!({"names": [{"givenName": given}]})))
    }

    pub(super) fn get(&mut self, name: &str, fields: &str) -> Value {
        self.ok("people.people.get", name, &[("personFields", fields)], Value::Null)
    }

    pub(super) fn update(&mut self, name: &str, mask: &str, person: Value) -> ApiResponse {
        let query = [("updatePersonFields", mask)];
        self.call("people.people.updateContact", name, &query, person)
    }

    /// Updates with the current etag.
    pub(super) fn set(&mut self, name: &str, mask: &str, mut person: Value) -> Value {
        person["etag"] = self.get(name, "metadata")["etag"].clone();
        let response = self.update(name, mask, person);
        assert_eq!(response.status, 200, "{:?}", response.body);
        response.body.unwrap()
    }

    pub(super) fn delete(&mut self, name: &str) {
        self.ok("people.people.deleteContact", name, &[], Value::Null);
    }

    pub(super) fn list(&mut self, query: &[(&str, &str)]) -> Value {
        let mut whole = vec![("personFields", "names,metadata")];
        whole.extend(query);
        self.ok("people.people.connections.list", "people/me", &whole, Value::Null)
    }

    pub(super) fn ui(&mut self, op: &str, args: Value) -> Value {
        self.book.ui(op, &args, self.now).unwrap()
    }
}

pub(super) fn name_of(person: &Value) -> String {
    person["resourceName"].as_str().unwrap().to_owned()
}

pub(super) fn names(list: &Value) -> Vec<String> {
    let people = list["connections"].as_array().map_or(&[][..], Vec::as_slice);
    people.iter().map(name_of).collect()
}

#[test]
fn p48_mutations_are_told_from_reads() {
    for (method, mutation) in [
        ("people.people.createContact", true),
        ("people.people.batchUpdateContacts", true),
        ("people.people.deleteContactPhoto", true),
        ("people.contactGroups.members.modify", true),
        ("people.people.connections.list", false),
        ("people.people.getBatchGet", false),
    ] {
        assert_eq!(super::is_mutation(method), mutation, "{method}");
    }
}
