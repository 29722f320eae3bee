//! The labels of an account: contacts know them by name, Google by resource name (P80 to P82).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::{DateTime, TimeDelta, Utc};
use http::{Method, StatusCode};
use passerelle_contacts::text_key;
use passerelle_google_transport::{Api, Call, GoogleClient, Pages};
use passerelle_ports::{Clock, ErrorKind, Label, PortError, PortResult, Relabelling};
use serde_json::json;
use tokio::sync::Mutex;

use crate::wire::{ContactGroup, ContactGroups, MY_CONTACTS};

/// How long a list of labels is believed: a new name of a label is seen after that.
const BELIEVED: TimeDelta = TimeDelta::minutes(10);
/// The same, where contacts are to be put into labels: a label that is gone refuses its contact.
const BELIEVED_FOR_WRITES: TimeDelta = TimeDelta::minutes(1);
/// How many contacts an account holds at most (P90).
const MEMBERS_MAX: u32 = 25_000;
const PAGE_SIZE: &str = "1000";
/// How many pages a list may have; Google allows far fewer labels.
const PAGES_MAX: usize = 100;

/// The labels that people made, by name and by resource name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Directory {
    names: BTreeMap<String, String>,
    resources: BTreeMap<String, String>,
}

impl Directory {
    pub(crate) fn add(&mut self, resource: &str, name: &str) {
        self.names.insert(resource.to_owned(), name.to_owned());
        self.resources.entry(text_key(name)).or_insert_with(|| resource.to_owned());
    }

    /// Returns the name of a label; `None` for groups of the system.
    pub(crate) fn name(&self, resource: &str) -> Option<&str> {
        self.names.get(resource).map(String::as_str)
    }

    /// Returns the resource name of the label with this key.
    pub(crate) fn resource(&self, key: &str) -> Option<&str> {
        self.resources.get(key).map(String::as_str)
    }
}

struct Known {
    directory: Arc<Directory>,
    at: DateTime<Utc>,
    /// Resource names that the list did not explain: asked for once.
    strange: BTreeSet<String>,
}

impl Known {
    fn is_younger(&self, age: TimeDelta, now: DateTime<Utc>) -> bool {
        now.signed_duration_since(self.at) < age
    }

    fn explains(&self, resource: &str) -> bool {
        is_system(resource) || self.directory.name(resource).is_some() || self.strange.contains(resource)
    }
}

/// The note beside a label that this program made (P80).
const MADE_BY: &str = "passerelle";

/// The labels, read when they are needed.
pub(crate) struct Groups {
    client: Arc<GoogleClient>,
    clock: Arc<dyn Clock>,
    known: Mutex<Option<Known>>,
}

impl Groups {
    pub(crate) fn new(client: Arc<GoogleClient>, clock: Arc<dyn Clock>) -> Self {
        Groups { client, clock, known: Mutex::new(None) }
    }

    /// Returns labels that know all of these resource names, if Google does.
    pub(crate) async fn knowing(&self, resources: &[&str]) -> PortResult<Arc<Directory>> {
        let mut known = self.known.lock().await;
        if resources.iter().all(|resource| is_system(resource)) {
            return Ok(known.as_ref().map(|known| known.directory.clone()).unwrap_or_default());
        }
        let now = self.clock.now();
        let fresh = known.as_ref().filter(|known| {
            known.is_younger(BELIEVED, now) && resources.iter().all(|resource| known.explains(resource))
        });
        if let Some(known) = fresh {
            return Ok(known.directory.clone());
        }
        let directory = self.read(&mut known).await?;
        if let Some(known) = known.as_mut() {
            let strange = resources.iter().filter(|resource| !known.explains(resource));
            known.strange = strange.map(|resource| (*resource).to_owned()).collect();
        }
        Ok(directory)
    }

    /// Returns labels that hold all of these names, making those that are missing, and that know these
    /// resource names: which label a contact is taken out of is found by its name.
    ///
    /// A name that Google will not have is left out.
    pub(crate) async fn holding(
        &self,
        names: &BTreeMap<String, String>,
        resources: &BTreeSet<String>,
    ) -> PortResult<Arc<Directory>> {
        let mut known = self.known.lock().await;
        let now = self.clock.now();
        let young = known.as_ref().is_some_and(|known| known.is_younger(BELIEVED_FOR_WRITES, now));
        let held = known.as_ref().map(|known| known.directory.clone()).unwrap_or_default();
        let explained = known.as_ref().is_some_and(|known| resources.iter().all(|name| known.explains(name)));
        let needed = !names.is_empty() || !resources.is_empty();
        let all = young && explained && names.keys().all(|key| held.resource(key).is_some());
        let mut directory = if !needed || all { held } else { self.read(&mut known).await? };
        for (key, name) in names {
            if directory.resource(key).is_some() {
                continue;
            }
            let mut more = Directory::clone(&directory);
            match self.create(name).await? {
                Some(group) => more.add(&group.resource_name, &group.name),
                // Somebody made it a moment ago, or it is a name of the system (P82).
                None => more = Directory::clone(&*self.read(&mut known).await?),
            }
            directory = Arc::new(more);
            if let Some(known) = known.as_mut() {
                known.directory = directory.clone();
            }
        }
        Ok(directory)
    }

    /// Gives labels another name in place, where all their contacts leave them for a label that does not exist yet:
    /// that is what a new name on the other side looks like.
    pub(crate) async fn rename(&self, all: &[Relabelling]) -> PortResult<()> {
        if all.is_empty() {
            return Ok(());
        }
        let mut known = self.known.lock().await;
        let mut directory = self.read(&mut known).await?;
        for one in all {
            let (from, to) = (text_key(&one.from), text_key(&one.to));
            let Some(resource) = directory.resource(&from).map(str::to_owned) else { continue };
            let is_taken = from != to && directory.resource(&to).is_some();
            if is_taken || directory.name(&resource) == Some(one.to.as_str()) {
                continue;
            }
            let group = self.get(&resource, 0).await?;
            if from != to && group.member_count != one.count {
                continue;
            }
            if self.update(&group, &one.to).await? {
                directory = self.read(&mut known).await?;
            }
        }
        Ok(())
    }

    /// Tells whether Google lacks a label that was used for one of these names.
    pub(crate) async fn lack(&self, names: &BTreeMap<String, String>, used: &Directory) -> PortResult<bool> {
        let directory = self.read(&mut *self.known.lock().await).await?;
        let mut resources = names.keys().filter_map(|key| used.resource(key));
        Ok(resources.any(|resource| directory.name(resource).is_none()))
    }

    /// Lists the labels that people made.
    pub(crate) async fn list(&self) -> PortResult<Vec<Label>> {
        let mut known = self.known.lock().await;
        let now = self.clock.now();
        let young = known.as_ref().filter(|known| known.is_younger(BELIEVED_FOR_WRITES, now));
        let directory = match young {
            Some(known) => known.directory.clone(),
            None => self.read(&mut known).await?,
        };
        let label = |(id, name): (&String, &String)| Label { id: id.clone(), name: name.clone() };
        Ok(directory.names.iter().map(label).collect())
    }

    /// Gives labels other names by their resource names, as far as no other label has them. One may wait for another to
    /// give its name up.
    pub(crate) async fn rename_by_resource(&self, all: &[Label]) -> PortResult<()> {
        let mut known = self.known.lock().await;
        let mut directory = self.read(&mut known).await?;
        let mut left: Vec<&Label> = all.iter().collect();
        loop {
            let is_free = |label: &Label| {
                let has = directory.resource(&text_key(&label.name));
                directory.name(&label.id).is_some_and(|name| name != label.name)
                    && has.is_none_or(|has| has == label.id)
            };
            let Some(next) = left.iter().position(|label| is_free(label)) else { return Ok(()) };
            let label = left.remove(next);
            let group = self.get(&label.id, 0).await?;
            if self.update(&group, &label.name).await? {
                directory = self.read(&mut known).await?;
            }
        }
    }

    /// Returns the contacts whose labels have other names than these, by resource name.
    pub(crate) async fn renamed(&self, were: &BTreeMap<String, String>) -> PortResult<BTreeSet<String>> {
        if were.is_empty() {
            return Ok(BTreeSet::new());
        }
        let directory = self.read(&mut *self.known.lock().await).await?;
        let mut members = BTreeSet::new();
        for (resource, name) in were {
            if directory.name(resource).is_some_and(|now| now != name) {
                members.extend(self.get(resource, MEMBERS_MAX).await?.member_resource_names);
            }
        }
        Ok(members)
    }

    /// Returns the names of the labels, if they are known.
    pub(crate) async fn names(&self) -> Option<BTreeMap<String, String>> {
        self.known.lock().await.as_ref().map(|known| known.directory.names.clone())
    }

    /// Removes labels that this program made and that no contact has any more; returns the names of those that wait for
    /// their last contact to go. What a person made stays.
    pub(crate) async fn drop(&self, names: &[String]) -> PortResult<Vec<String>> {
        let mut known = self.known.lock().await;
        let directory = self.read(&mut known).await?;
        let mut waiting = Vec::new();
        for name in names {
            let Some(resource) = directory.resource(&text_key(name)).map(str::to_owned) else { continue };
            let group = self.get(&resource, 0).await?;
            if !group.client_data.iter().any(|data| data.key == MADE_BY) {
                continue;
            }
            if group.member_count > 0 {
                waiting.push(name.clone());
                continue;
            }
            let url = self.client.endpoints().people(&resource);
            let call = Call::new(Api::People, "contactGroups.delete", Method::DELETE, url)
                .query("deleteContacts", "false");
            self.client.send(call).await?;
            *known = None;
        }
        Ok(waiting)
    }

    async fn get(&self, resource: &str, members: u32) -> PortResult<ContactGroup> {
        let url = self.client.endpoints().people(resource);
        let call = Call::new(Api::People, "contactGroups.get", Method::GET, url)
            .query("groupFields", "groupType,name,memberCount,metadata,clientData")
            .query("maxMembers", &members.to_string());
        self.client.send(call).await?.json()
    }

    /// Gives a label another name; `false` when the name is taken or refused.
    async fn update(&self, group: &ContactGroup, name: &str) -> PortResult<bool> {
        let url = self.client.endpoints().people(&group.resource_name);
        let body = json!({
            "contactGroup": {"resourceName": group.resource_name, "etag": group.etag, "name": name},
            "updateGroupFields": "name",
            "readGroupFields": "groupType,name",
        });
        let call = Call::new(Api::People, "contactGroups.update", Method::PUT, url).json(&body)?;
        match self.client.send(call).await {
            Ok(_) => Ok(true),
            Err(failure) if failure.status() == Some(StatusCode::CONFLICT) => Ok(false),
            Err(failure) if failure.kind() == ErrorKind::Rejected => Ok(false),
            Err(failure) => Err(failure.into()),
        }
    }

    async fn read(&self, known: &mut Option<Known>) -> PortResult<Arc<Directory>> {
        let at = self.clock.now();
        let mut directory = Directory::default();
        let mut page: Option<String> = None;
        let mut pages = Pages::default();
        for _ in 0..PAGES_MAX {
            let url = self.client.endpoints().people("contactGroups");
            let mut call = Call::new(Api::People, "contactGroups.list", Method::GET, url)
                .query("pageSize", PAGE_SIZE)
                .query("groupFields", "groupType,name");
            if let Some(token) = &page {
                call = call.query("pageToken", token);
            }
            let answer: ContactGroups = self.client.send(call).await?.json()?;
            let own = answer.contact_groups.iter().filter(|group| group.group_type == "USER_CONTACT_GROUP");
            own.for_each(|group| directory.add(&group.resource_name, &group.name));
            page = pages.next(answer.next_page_token, "contactGroups.list")?;
            if page.is_none() {
                let directory = Arc::new(directory);
                *known = Some(Known { directory: directory.clone(), at, strange: BTreeSet::new() });
                return Ok(directory);
            }
        }
        Err(PortError::new(ErrorKind::Unexpected, "contactGroups.list"))
    }

    /// Makes a label; `None` when its name is taken (P82) or refused, or when the answer is about another one: the list
    /// tells then what there is.
    async fn create(&self, name: &str) -> PortResult<Option<ContactGroup>> {
        let url = self.client.endpoints().people("contactGroups");
        let mark = json!([{"key": MADE_BY, "value": "1"}]);
        let body =
            json!({"contactGroup": {"name": name, "clientData": mark}, "readGroupFields": "groupType,name"});
        let call = Call::new(Api::People, "contactGroups.create", Method::POST, url).json(&body)?;
        match self.client.send(call).await {
            Ok(answer) => {
                let group: ContactGroup = answer.json()?;
                let is_it = is_own(&group.resource_name) && text_key(&group.name) == text_key(name);
                Ok(is_it.then_some(group))
            }
            Err(failure) if failure.status() == Some(StatusCode::CONFLICT) => Ok(None),
            Err(failure) if failure.kind() == ErrorKind::Rejected => Ok(None),
            Err(failure) => Err(failure.into()),
        }
    }
}

/// Tells whether a text can name a label that a person or this program made.
fn is_own(resource: &str) -> bool {
    resource.strip_prefix("contactGroups/").is_some_and(|id| !id.is_empty()) && !is_system(resource)
}

/// Tells whether a group is one of the system's, which no list needs to explain (P81).
pub(crate) fn is_system(resource: &str) -> bool {
    const SYSTEM: [&str; 8] =
        ["myContacts", "chatBuddies", "friends", "family", "coworkers", "blocked", "starred", "all"];
    resource == MY_CONTACTS || resource.strip_prefix("contactGroups/").is_some_and(|id| SYSTEM.contains(&id))
}
