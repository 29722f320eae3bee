//! The sales person's phone: somebody who edits at the pretend Google, in Google's own words, and who
//! shares no code with the adapters that the demonstration is about.

use anyhow::{Context, Result, bail};
use passerelle_calendar::{Event, Privacy, Role, Start};
use passerelle_contacts::Contact;
use passerelle_google_sim::Sim;
use serde_json::{Value, json};

const SCOPES: &[&str] =
    &["https://www.googleapis.com/auth/calendar", "https://www.googleapis.com/auth/contacts"];
const PERSON_FIELDS: &str = "names,emailAddresses,phoneNumbers,organizations,biographies,metadata,nicknames";
const EVENTS: &str = "/calendar/v3/calendars/primary/events";

/// A phone, signed in.
pub struct Phone<'a> {
    sim: &'a Sim,
    token: String,
}

impl<'a> Phone<'a> {
    /// Signs in to an account of the pretend Google.
    pub fn new(sim: &'a Sim, account: &str) -> Self {
        let (token, _) = sim.with(|core| core.issue_token(account, "the-phone-itself", SCOPES));
        Phone { sim, token }
    }

    fn call(&self, verb: http::Method, path: &str, body: &Value) -> Result<Value> {
        let headers = [
            ("authorization".to_owned(), format!("Bearer {}", self.token)),
            ("content-type".to_owned(), "application/json".to_owned()),
        ];
        let body = if body.is_null() { Vec::new() } else { serde_json::to_vec(body)? };
        let answer = self.sim.with(|core| core.handle(&verb, path, &headers, &body));
        if !(200..300).contains(&answer.status) {
            bail!("{verb} {path}: {} {}", answer.status, String::from_utf8_lossy(&answer.body));
        }
        if answer.body.is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_slice(&answer.body)?) }
    }

    /// Types in a contact, in this phone's own spelling.
    pub fn add_contact(&self, contact: &Contact) -> Result<Value> {
        let path = format!("/v1/people:createContact?personFields={PERSON_FIELDS}");
        self.call(http::Method::POST, &path, &person(contact))
    }

    /// Types in an appointment.
    pub fn add_event(&self, event: &Event) -> Result<Value> {
        self.call(http::Method::POST, EVENTS, &google_event(event))
    }

    /// Reads every page of a list.
    fn every(&self, path: &str, member: &str) -> Result<Vec<Value>> {
        let mut all = Vec::new();
        let mut page = String::new();
        loop {
            let list = self.call(http::Method::GET, &format!("{path}{page}"), &Value::Null)?;
            all.extend(list[member].as_array().cloned().unwrap_or_default());
            match list["nextPageToken"].as_str() {
                Some(token) => page = format!("&pageToken={token}"),
                None => return Ok(all),
            }
        }
    }

    fn contacts(&self) -> Result<Vec<Value>> {
        let path = format!("/v1/people/me/connections?pageSize=1000&personFields={PERSON_FIELDS}");
        self.every(&path, "connections")
    }

    /// Reads the calendar's series and single appointments; not the changed occurrences.
    fn events(&self) -> Result<Vec<Value>> {
        let mut events = self.every(&format!("{EVENTS}?maxResults=2500"), "items")?;
        events.retain(|event| event.get("recurringEventId").is_none());
        Ok(events)
    }

    /// Counts the contacts.
    pub fn count_contacts(&self) -> Result<u64> {
        Ok(self.contacts()?.len() as u64)
    }

    /// Counts the appointments, a series as one.
    pub fn count_events(&self) -> Result<u64> {
        Ok(self.events()?.len() as u64)
    }

    /// Finds the contact with an e-mail address.
    pub fn contact(&self, email: &str) -> Result<Value> {
        let has = |person: &Value| {
            let emails = person["emailAddresses"].as_array();
            emails.is_some_and(|emails| emails.iter().any(|one| one["value"] == email))
        };
        self.contacts()?.into_iter().find(has).context("the pretend Google has no such contact")
    }

    /// Changes one member of a contact.
    pub fn edit_contact(&self, person: &Value, member: &str, value: &Value) -> Result<()> {
        let name = person["resourceName"].as_str().context("a contact without a name")?;
        let path =
            format!("/v1/{name}:updateContact?updatePersonFields={member}&personFields={PERSON_FIELDS}");
        let mut body = json!({"etag": person["etag"], "metadata": person["metadata"]});
        body[member] = value.clone();
        self.call(http::Method::PATCH, &path, &body).map(|_| ())
    }

    /// Deletes a contact.
    pub fn delete_contact(&self, person: &Value) -> Result<()> {
        let name = person["resourceName"].as_str().context("a contact without a name")?;
        self.call(http::Method::DELETE, &format!("/v1/{name}:deleteContact"), &Value::Null).map(|_| ())
    }

    /// Finds the first appointment with a title.
    pub fn event(&self, title: &str) -> Result<Value> {
        let found = self.events()?.into_iter().find(|event| event["summary"] == title);
        found.context("the pretend Google has no such appointment")
    }

    /// Changes an appointment, or one occurrence by its own id (C65).
    pub fn edit_event(&self, id: &str, change: &Value) -> Result<Value> {
        self.call(http::Method::PATCH, &format!("{EVENTS}/{id}"), change)
    }

    /// Ends a series before an occurrence and begins another with it: "this and following" (C69).
    pub fn split(&self, event: &Value, until: &str, from: &Value) -> Result<Value> {
        let id = event["id"].as_str().context("an appointment without an id")?;
        let rule = event["recurrence"][0].as_str().context("an appointment that does not repeat")?;
        let kept: Vec<&str> = rule
            .split(';')
            .filter(|part| !part.starts_with("COUNT=") && !part.starts_with("UNTIL="))
            .collect();
        let ended = format!("{};UNTIL={until}", kept.join(";"));
        self.edit_event(id, &json!({"recurrence": [ended]}))?;
        let mut following = from.clone();
        following["recurrence"] = json!([format!("{};COUNT=8", kept.join(";"))]);
        self.call(http::Method::POST, EVENTS, &following)
    }
}

/// A contact in Google's words, as this phone spells them: no department, telephone numbers with spaces.
fn person(contact: &Contact) -> Value {
    let kind = |label: &str| if label.is_empty() { Value::Null } else { json!(label) };
    let emails: Vec<Value> = contact
        .emails
        .values()
        .map(|email| json!({"value": email.address, "type": kind(&email.label)}))
        .collect();
    let phones: Vec<Value> = contact
        .phones
        .values()
        .map(|phone| json!({"value": spaced(&phone.number), "type": kind(&phone.label)}))
        .collect();
    let family = format!("{} {}", contact.name.particle, contact.name.surname);
    let mut person = json!({
        "names": [{"givenName": contact.name.given, "familyName": family.trim()}],
        "emailAddresses": emails,
        "phoneNumbers": phones,
        "organizations": [{"name": contact.organization.name, "title": contact.organization.title}],
    });
    if !contact.notes.is_empty() {
        person["biographies"] = json!([{"value": contact.notes, "contentType": "TEXT_PLAIN"}]);
    }
    person
}

/// `+33612345678` as `+33 6 12 34 56 78`.
fn spaced(number: &str) -> String {
    let Some(rest) = number.strip_prefix("+33") else { return number.to_owned() };
    let mut out = String::from("+33");
    for (n, digit) in rest.chars().enumerate() {
        if n == 0 || n % 2 == 1 {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

/// An appointment without changed occurrences in Google's words.
fn google_event(event: &Event) -> Value {
    let mut json = json!({"summary": event.title});
    for (member, text) in [("description", &event.description), ("location", &event.location)] {
        if !text.is_empty() {
            json[member] = json!(text);
        }
    }
    match &event.start {
        Some(Start::Date { date }) => {
            json["start"] = json!({"date": date});
            json["end"] = json!({"date": *date + chrono::Days::new(u64::from(event.duration.days))});
        }
        Some(Start::Zoned { local, zone }) => {
            let end = *local + chrono::Duration::seconds(i64::from(event.duration.seconds));
            json["start"] = json!({"dateTime": local, "timeZone": zone});
            json["end"] = json!({"dateTime": end, "timeZone": zone});
        }
        Some(Start::Floating { .. }) | None => {}
    }
    if !event.recurrence_rules.is_empty() {
        let rules = event.recurrence_rules.iter().map(|rule| format!("RRULE:{rule}"));
        json["recurrence"] = rules.collect();
    }
    if event.privacy == Privacy::Private {
        json["visibility"] = json!("private");
    }
    if !event.participants.is_empty() {
        json["attendees"] = event
            .participants
            .values()
            .map(|guest| {
                let optional = guest.role == Role::Optional;
                json!({"email": guest.email, "displayName": guest.name, "optional": optional})
            })
            .collect();
    }
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_phone_spells_numbers_its_own_way() {
        assert_eq!(spaced("+33612345678"), "+33 6 12 34 56 78");
        assert_eq!(spaced("112"), "112");
    }
}
