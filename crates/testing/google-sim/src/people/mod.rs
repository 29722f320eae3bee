//! The People API v1 of one account: contacts, contact groups, sync.
//!
//! Everything is a pure function of the calls and of the time they carry: no clock, no
//! randomness, no HTTP. Facts are cited by number (P11) as in the fact sheet.

mod card;
mod fields;
mod gestures;
mod groups;
mod list;
mod quota;
mod refusals;
mod region;
mod render;
mod store;
mod text;
mod tokens;
pub(crate) mod turns;
mod write;

#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::api::{ApiRequest, ApiResponse};

use refusals::{Answer, not_found};
use store::State;

/// The contacts of one account, with all they were before.
#[derive(Debug, Default)]
pub struct AddressBook {
    store: store::Store,
    groups: groups::Groups,
    quota: quota::Quota,
    /// Holds the version number that a search sees (P50).
    search_cache: u64,
    /// Holds how often all sync tokens were made to expire.
    sync_epoch: u64,
}

impl AddressBook {
    /// Answers one call of the People API.
    pub fn handle(&mut self, req: &ApiRequest) -> ApiResponse {
        if req.knobs.people_quotas
            && let Err(refusal) = self.quota.take(req)
        {
            return refusal;
        }
        self.dispatch(req).unwrap_or_else(|refusal| refusal)
    }

    fn dispatch(&mut self, req: &ApiRequest) -> Answer {
        match short(&req.method_id) {
            "connections.list" => list::connections(self, req),
            "get" => write::get(self, req),
            "getBatchGet" => write::batch_get(self, req),
            "createContact" => write::create(self, req),
            "updateContact" => write::update(self, req),
            "deleteContact" => write::delete(self, req),
            "batchCreateContacts" => write::batch_create(self, req),
            "batchUpdateContacts" => write::batch_update(self, req),
            "batchDeleteContacts" => write::batch_delete(self, req),
            "updateContactPhoto" => write::update_photo(self, req),
            "deleteContactPhoto" => write::delete_photo(self, req),
            "searchContacts" => list::search(self, req),
            "contactGroups.list" => groups::list(self, req),
            "contactGroups.get" => groups::get(self, req),
            "contactGroups.batchGet" => groups::batch_get(self, req),
            "contactGroups.create" => groups::create(self, req),
            "contactGroups.update" => groups::update(self, req),
            "contactGroups.delete" => groups::delete(self, req),
            "contactGroups.members.modify" => groups::modify(self, req),
            // The account has no "Other contacts" (P19) and belongs to no directory.
            "otherContacts.list" | "otherContacts.search" => Ok(ApiResponse::ok(json!({}))),
            "listDirectoryPeople" | "searchDirectoryPeople" => {
                Err(ApiResponse::people_error(403, "PERMISSION_DENIED", "Must be a G Suite domain user."))
            }
            _ => Err(not_found()),
        }
    }

    /// Returns a picture that stands at an address now: its media type and its bytes.
    ///
    /// An address whose picture was replaced or removed leads nowhere.
    #[must_use]
    pub fn picture(&self, place: &str) -> Option<(&'static str, Vec<u8>)> {
        let cards = self.store.all().filter_map(|(_, version)| version.state.live());
        let mut photos = cards.filter_map(|card| card.photo.as_ref());
        let photo = photos.find(|photo| photo.place() == place)?;
        Some((photo.media_type, photo.shown.to_vec()))
    }

    /// Returns everything that is stored, in a stable order.
    #[must_use]
    pub fn dump(&self) -> Value {
        let mut contacts = Vec::new();
        let mut bin = Vec::new();
        for (_, version) in self.store.all() {
            match &version.state {
                State::Live(card) => contacts.push(render::raw(version, card)),
                State::Deleted(card) => bin.push(render::raw(version, card)),
                State::Merged => {}
            }
        }
        json!({"contacts": contacts, "bin": bin, "contactGroups": self.groups.raw()})
    }

    /// Makes every sync token handed out so far expired (P13).
    pub fn expire_sync_tokens(&mut self) {
        self.sync_epoch += 1;
    }

    /// Plays a gesture of a person in Google's web page.
    ///
    /// `create`, `edit`, `delete`, `restore`, `empty_bin`, `merge`, `link_profile`,
    /// `unlink_profile`, `create_group`, `delete_group`; each answers with the `resourceName`.
    ///
    /// # Errors
    ///
    /// Returns a sentence when the gesture or its arguments are unknown.
    pub fn ui(&mut self, op: &str, args: &Value, now: DateTime<Utc>) -> Result<Value, String> {
        gestures::play(self, op, args, now)
    }
}

/// Leaves the name of the API and of its main collection out of a method id.
fn short(method_id: &str) -> &str {
    let name = method_id.strip_prefix("people.").unwrap_or(method_id);
    name.strip_prefix("people.").unwrap_or(name)
}

/// Tells whether a method changes something, which Google wants one at a time (P48).
#[must_use]
pub fn is_mutation(method_id: &str) -> bool {
    let name = method_id.rsplit('.').next().unwrap_or_default();
    ["create", "update", "delete", "batchCreate", "batchUpdate", "batchDelete", "modify", "copy"]
        .iter()
        .any(|verb| name.starts_with(verb))
}
