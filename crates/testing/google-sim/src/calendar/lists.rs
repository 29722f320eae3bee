//! A person's list of calendars (C30, C180, C186).

use serde_json::{Map, Value, json};

use super::tokens::{Broken, PageToken, SyncToken, open, refuse, seal};
use super::{Answer, Calendars, Call, Line, Role, invalid_value, not_found};
use crate::api::ApiResponse;

const DEFAULT_PAGE: usize = 100;
const LARGEST_PAGE: usize = 250;
const WRITABLE: &[&str] = &[
    "selected",
    "hidden",
    "summaryOverride",
    "colorId",
    "backgroundColor",
    "foregroundColor",
    "defaultReminders",
    "notificationSettings",
];

impl Calendars {
    /// Adds a calendar to a person's list.
    pub(crate) fn add_line(&mut self, owner: &str, id: &str) {
        let listing = self.listings.entry(owner.to_owned()).or_default();
        listing.rev += 1;
        let fields = json!({"colorId": "14", "backgroundColor": "#9fe1e7", "foregroundColor": "#000000",
                            "selected": true});
        let line = Line {
            fields: fields.as_object().cloned().unwrap_or_default(),
            deleted: false,
            rev: listing.rev,
        };
        listing.lines.insert(id.to_owned(), line);
    }

    /// Removes a calendar from a person's list.
    pub(crate) fn drop_line(&mut self, owner: &str, id: &str) {
        if let Some(listing) = self.listings.get_mut(owner)
            && let Some(line) = listing.lines.get_mut(id)
            && !line.deleted
        {
            listing.rev += 1;
            line.deleted = true;
            line.rev = listing.rev;
        }
    }

    /// Notes that a line changed.
    pub(crate) fn touch_line(&mut self, owner: &str, id: &str) {
        if let Some(listing) = self.listings.get_mut(owner)
            && let Some(line) = listing.lines.get_mut(id)
        {
            listing.rev += 1;
            line.rev = listing.rev;
        }
    }

    fn show_line(&self, owner: &str, id: &str, line: &Line) -> Value {
        let mut out = Map::new();
        out.insert("kind".to_owned(), Value::from("calendar#calendarListEntry"));
        out.insert("id".to_owned(), Value::from(id));
        let etag = u64::from(id.len() as u32) + line.rev * 1000 + 1_700_000_000_000_000;
        out.insert("etag".to_owned(), Value::from(format!("\"{etag}\"")));
        let Some(book) = self.books.get(id).filter(|_| !line.deleted) else {
            out.insert("deleted".to_owned(), Value::from(true));
            return Value::Object(out);
        };
        out.extend(line.fields.clone());
        out.insert("summary".to_owned(), Value::from(book.summary.as_str()));
        out.insert("timeZone".to_owned(), Value::from(book.zone.name()));
        for (name, value) in [("description", &book.description), ("location", &book.location)] {
            if let Some(value) = value {
                out.insert(name.to_owned(), Value::from(value.as_str()));
            }
        }
        let role = book.role(owner).map_or("none", Role::name);
        out.insert("accessRole".to_owned(), Value::from(role));
        let own = book.primary && book.owner == owner;
        let reminders = if own { json!([{"method": "popup", "minutes": 10}]) } else { json!([]) };
        out.entry("defaultReminders").or_insert(reminders);
        out.insert(
            "conferenceProperties".to_owned(),
            json!({"allowedConferenceSolutionTypes": ["hangoutsMeet"]}),
        );
        if own {
            out.insert("primary".to_owned(), Value::from(true));
            out.entry("notificationSettings").or_insert_with(|| {
                json!({"notifications": [{"type": "eventCreation", "method": "email"},
                                         {"type": "eventChange", "method": "email"}]})
            });
        } else if !book.primary {
            out.insert("dataOwner".to_owned(), Value::from(book.owner.as_str()));
        }
        Value::Object(out)
    }

    /// Plays `calendarList.list`.
    pub(crate) fn list_list(&mut self, call: &mut Call<'_>) -> Answer {
        let owner = call.req.account.clone();
        let listing = self.listings.entry(owner.clone()).or_default().clone();
        let given = |name: &str| call.req.param(name);
        let sync: Option<SyncToken> = match given("syncToken") {
            None => None,
            Some(text) => Some(open(text).map_err(|broken| refuse(&broken))?),
        };
        let hides = ["showDeleted", "showHidden"].iter().any(|name| given(name) == Some("false"));
        if let Some(token) = &sync {
            if given("minAccessRole").is_some() || given("showOwnOrganizationOnly").is_some() || hides {
                return Err(invalid_value());
            }
            if token.of != owner || token.generation != listing.generation {
                return Err(refuse(&Broken::Tampered));
            }
        }
        let page: Option<PageToken> = match given("pageToken") {
            None => None,
            Some(text) => Some(open(text).map_err(|_| invalid_value())?),
        };
        let upto = page.as_ref().map_or(listing.rev, |page| page.upto);
        let least = given("minAccessRole").and_then(Role::parse);
        let after = page.map(|page| page.after).unwrap_or_default();
        let lines: Vec<_> = listing
            .lines
            .iter()
            .filter(|(id, line)| {
                let role = self.books.get(*id).and_then(|book| book.role(&owner));
                let hidden = line.fields.get("hidden") == Some(&Value::Bool(true));
                let shown = match &sync {
                    Some(token) => line.rev > token.rev && line.rev <= upto,
                    None => {
                        (!line.deleted || call.req.flag("showDeleted"))
                            && (!hidden || call.req.flag("showHidden"))
                    }
                };
                shown && **id > after && least.is_none_or(|least| role >= Some(least))
            })
            .collect();
        let asked = call.req.number("maxResults").and_then(|n| usize::try_from(n).ok());
        let size = asked.unwrap_or(DEFAULT_PAGE).clamp(1, LARGEST_PAGE);
        let size = call.req.knobs.page_size_max.map_or(size, |most| size.min(most.max(1)));
        let items: Vec<Value> =
            lines.iter().take(size).map(|(id, line)| self.show_line(&owner, id, line)).collect();
        let mut body = json!({"kind": "calendar#calendarList",
                              "etag": format!("\"p{}\"", 33_000_000_000_000u64 + listing.rev), "items": items});
        if lines.len() > size {
            let token = PageToken {
                of: owner,
                offset: 0,
                after: lines.get(size - 1).map(|(id, _)| (*id).clone()).unwrap_or_default(),
                page: 0,
                upto,
                generation: listing.generation,
                shape: String::new(),
            };
            body["nextPageToken"] = Value::from(seal(&token));
        } else {
            let token = SyncToken {
                of: owner,
                rev: upto,
                generation: listing.generation,
                time_min: None,
                time_max: None,
                shape: String::new(),
            };
            body["nextSyncToken"] = Value::from(seal(&token));
        }
        Ok(ApiResponse::ok(body))
    }

    /// Plays `calendarList.get`.
    pub(crate) fn list_get(&mut self, call: &mut Call<'_>) -> Answer {
        let id = self.calendar_id(call, "calendarId");
        let owner = &call.req.account;
        let line = self.listings.get(owner).and_then(|listing| listing.lines.get(&id));
        match line.filter(|line| !line.deleted) {
            Some(line) => Ok(ApiResponse::ok(self.show_line(owner, &id, line))),
            None => Err(not_found()),
        }
    }

    /// Plays `calendarList.insert`: adds an existing calendar to the list.
    pub(crate) fn list_insert(&mut self, call: &mut Call<'_>) -> Answer {
        let body = call.body();
        let id = super::parts::text(&body, "id").unwrap_or_default().to_owned();
        self.open_id(call, &id, Role::FreeBusyReader)?;
        let owner = call.req.account.clone();
        let known = self.listings.get(&owner).and_then(|listing| listing.lines.get(&id));
        if known.is_none_or(|line| line.deleted) {
            self.add_line(&owner, &id);
        }
        self.change_line(call, &id)
    }

    /// Plays `calendarList.patch` and `calendarList.update`.
    pub(crate) fn list_patch(&mut self, call: &mut Call<'_>) -> Answer {
        let id = self.calendar_id(call, "calendarId");
        self.change_line(call, &id)
    }

    fn change_line(&mut self, call: &mut Call<'_>, id: &str) -> Answer {
        let owner = call.req.account.clone();
        let body = call.body();
        let listing = self.listings.get_mut(&owner).ok_or_else(not_found)?;
        let line = listing.lines.get_mut(id).filter(|line| !line.deleted).ok_or_else(not_found)?;
        let before = line.fields.clone();
        for name in WRITABLE {
            match body.get(*name) {
                Some(Value::Null) => drop(line.fields.remove(*name)),
                Some(value) => drop(line.fields.insert((*name).to_owned(), value.clone())),
                None => {}
            }
        }
        if line.fields != before {
            listing.rev += 1;
            line.rev = listing.rev;
        }
        let line = line.clone();
        Ok(ApiResponse::ok(self.show_line(&owner, id, &line)))
    }

    /// Plays `calendarList.delete`; the data owner may not (C182).
    pub(crate) fn list_delete(&mut self, call: &mut Call<'_>) -> Answer {
        let id = self.calendar_id(call, "calendarId");
        let owner = call.req.account.clone();
        let line = self.listings.get(&owner).and_then(|listing| listing.lines.get(&id));
        if line.is_none_or(|line| line.deleted) {
            return Err(not_found());
        }
        if self.books.get(&id).is_some_and(|book| book.owner == owner) {
            return Err(ApiResponse::error_file("calendar-403-calendarList-dataOwner"));
        }
        self.drop_line(&owner, &id);
        Ok(ApiResponse::empty(204))
    }
}
