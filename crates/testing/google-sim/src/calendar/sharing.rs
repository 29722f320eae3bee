//! Sharing, settings, colours and free/busy.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::parts::{busy_span, text};
use super::series::{instance, is_master, starts};
use super::{Answer, Book, Calendars, Call, Event, Role, invalid, invalid_value, not_found};
use crate::api::ApiResponse;

fn rule_id(who: &str) -> String {
    match who {
        "default" => "default".to_owned(),
        who if who.contains('@') => format!("user:{who}"),
        domain => format!("domain:{domain}"),
    }
}

fn who_of(rule: &str) -> String {
    rule.split_once(':').map_or(rule, |(_, who)| who).to_lowercase()
}

fn show_rule(book: &Book, who: &str, role: Option<Role>) -> Value {
    let id = rule_id(who);
    let kind = id.split(':').next().unwrap_or_default().to_owned();
    let mut scope = json!({"type": kind});
    if who != "default" {
        scope["value"] = Value::from(who);
    }
    json!({"kind": "calendar#aclRule", "etag": format!("\"{:020}\"", book.generation), "id": id,
           "scope": scope, "role": role.map_or("none", Role::name)})
}

impl Calendars {
    /// Plays `acl.list`.
    pub(crate) fn acl_list(&mut self, call: &mut Call<'_>) -> Answer {
        let book = self.open(call, Role::Owner)?;
        let items: Vec<Value> =
            book.acl.iter().map(|(who, role)| show_rule(book, who, Some(*role))).collect();
        Ok(ApiResponse::ok(json!({
            "kind": "calendar#acl", "etag": format!("\"p{}\"", book.generation), "items": items,
            "nextSyncToken": book.generation.to_string()})))
    }

    /// Plays `acl.get`.
    pub(crate) fn acl_get(&mut self, call: &mut Call<'_>) -> Answer {
        let book = self.open(call, Role::Reader)?;
        let who = who_of(call.req.param("ruleId").unwrap_or_default());
        let role = book.acl.get(&who).copied().ok_or_else(not_found)?;
        Ok(ApiResponse::ok(show_rule(book, &who, Some(role))))
    }

    /// Plays `acl.insert`, `acl.patch` and `acl.update`; sync tokens die (C16).
    pub(crate) fn acl_set(&mut self, call: &mut Call<'_>) -> Answer {
        let id = self.open(call, Role::Owner)?.id.clone();
        let body = call.body();
        let who = match call.req.param("ruleId") {
            Some(rule) => who_of(rule),
            None => {
                let scope = body.get("scope").cloned().unwrap_or_default();
                let value = scope.get("value").and_then(Value::as_str).unwrap_or("default");
                value.to_lowercase()
            }
        };
        let given = text(&body, "role").unwrap_or_default();
        let role = Role::parse(given);
        if role.is_none() && given != "none" {
            return Err(invalid_value());
        }
        self.share(&id, &who, role);
        let book = self.books.get(&id).ok_or_else(not_found)?;
        Ok(ApiResponse::ok(show_rule(book, &who, role)))
    }

    /// Plays `acl.delete`.
    pub(crate) fn acl_delete(&mut self, call: &mut Call<'_>) -> Answer {
        let book = self.open(call, Role::Owner)?;
        let who = who_of(call.req.param("ruleId").unwrap_or_default());
        if !book.acl.contains_key(&who) {
            return Err(not_found());
        }
        let id = book.id.clone();
        self.share(&id, &who, None);
        Ok(ApiResponse::empty(204))
    }

    /// Gives or takes a role.
    pub(crate) fn share(&mut self, id: &str, who: &str, role: Option<Role>) {
        let Some(book) = self.books.get_mut(id) else {
            return;
        };
        let before = match role {
            Some(role) => book.acl.insert(who.to_owned(), role),
            None => book.acl.remove(who),
        };
        if before == role {
            return;
        }
        book.generation += 1;
        if !who.contains('@') {
            return;
        }
        match (before, role) {
            (None, Some(_)) => self.add_line(who, id),
            (Some(_), None) => self.drop_line(who, id),
            _ => self.touch_line(who, id),
        }
    }

    /// Plays `settings.list`; its sync token is a plain number (C28).
    pub(crate) fn settings_list(&mut self, call: &mut Call<'_>) -> Answer {
        let token = call.req.param("syncToken");
        if token.is_some_and(|token| token.parse::<u64>().is_err()) {
            return Err(invalid_value());
        }
        let all = if token.is_some() { Vec::new() } else { settings(call) };
        let items: Vec<Value> = all.iter().map(|(id, value)| setting(id, value)).collect();
        Ok(ApiResponse::ok(json!({
            "kind": "calendar#settings", "etag": "\"p0\"", "items": items,
            "nextSyncToken": call.req.now.timestamp_micros().to_string()})))
    }

    /// Plays `settings.get`.
    pub(crate) fn settings_get(&mut self, call: &mut Call<'_>) -> Answer {
        let wanted = call.req.param("setting").unwrap_or_default();
        let all = settings(call);
        let (id, value) = all.iter().find(|(id, _)| *id == wanted).ok_or_else(not_found)?;
        Ok(ApiResponse::ok(setting(id, value)))
    }

    /// Plays `freebusy.query` (C184, C272).
    pub(crate) fn freebusy(&mut self, call: &mut Call<'_>) -> Answer {
        let body = call.body();
        let at = |name: &str| {
            let text = text(&body, name).unwrap_or_default();
            let at = DateTime::parse_from_rfc3339(text).map_err(|_| invalid(&format!("Invalid {name}.")))?;
            Ok::<_, ApiResponse>(at.with_timezone(&Utc))
        };
        let (from, to) = (at("timeMin")?, at("timeMax")?);
        if to <= from {
            return Err(ApiResponse::error_file("calendar-400-timeRangeEmpty"));
        }
        let items = body.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
        if items.len() > 50 {
            return Err(invalid("Too many calendars requested."));
        }
        let mut calendars = serde_json::Map::new();
        for item in &items {
            let asked = item.get("id").and_then(Value::as_str).unwrap_or_default();
            let id = if asked == "primary" { call.req.account.as_str() } else { asked };
            let value = match self.open_id(call, id, Role::FreeBusyReader) {
                Ok(book) => json!({"busy": busy(book, from, to)}),
                Err(_) => json!({"errors": [{"domain": "global", "reason": "notFound"}], "busy": []}),
            };
            calendars.insert(asked.to_owned(), value);
        }
        let print = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
        Ok(ApiResponse::ok(json!({"kind": "calendar#freeBusy", "timeMin": print(from),
                                  "timeMax": print(to), "calendars": calendars})))
    }
}

fn settings(call: &Call<'_>) -> Vec<(&'static str, String)> {
    let profile = call.accounts.get(&call.req.account).cloned().unwrap_or_default();
    vec![
        ("timezone", profile.time_zone),
        ("locale", profile.locale),
        ("weekStart", "1".to_owned()),
        ("format24HourTime", "true".to_owned()),
    ]
}

fn setting(id: &str, value: &str) -> Value {
    json!({"kind": "calendar#setting", "etag": "\"0\"", "id": id, "value": value})
}

fn busy(book: &Book, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<Value> {
    let mut spans = Vec::new();
    for (id, event) in &book.events {
        if event.cancelled() || event.text("transparency") == Some("transparent") {
            continue;
        }
        if !is_master(&event.fields) {
            spans.extend(busy_span(book, event));
            continue;
        }
        for original in starts(&event.fields, Some(from), Some(to), book.zone) {
            if book.exception_at(id, &original).is_some() {
                continue;
            }
            let one = Event { fields: instance(id, &event.fields, &original), ..event.clone() };
            spans.extend(busy_span(book, &one));
        }
    }
    spans.retain(|(start, end)| *end > from && *start < to);
    spans.sort();
    let mut merged: Vec<(DateTime<Utc>, DateTime<Utc>)> = Vec::new();
    for (start, end) in spans {
        match merged.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => merged.push((start, end)),
        }
    }
    let print = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    merged
        .into_iter()
        .map(|(start, end)| json!({"start": print(start.max(from)), "end": print(end.min(to))}))
        .collect()
}

/// Opens a push channel; nothing is ever pushed (C220 to C222).
pub(crate) fn watch(call: &mut Call<'_>) -> Answer {
    let body = call.body();
    let id = text(&body, "id").unwrap_or_default();
    if id.is_empty() || id.len() > 64 {
        return Err(invalid("Invalid channel id."));
    }
    if text(&body, "type") != Some("web_hook") {
        return Err(invalid("Invalid channel type."));
    }
    if !text(&body, "address").unwrap_or_default().starts_with("https://") {
        return Err(ApiResponse::calendar_error(
            400,
            "global",
            "push.webhookUrlNotHttps",
            "WebHook callback must be HTTPS.",
        ));
    }
    let expires = call.req.now + chrono::Duration::days(7);
    let mut channel = json!({
        "kind": "api#channel", "id": id, "resourceId": call.rng.token(27),
        "resourceUri": "https://www.googleapis.com/calendar/v3/?alt=json",
        "expiration": expires.timestamp_millis().to_string(),
    });
    if let Some(token) = text(&body, "token") {
        channel["token"] = Value::from(token);
    }
    Ok(ApiResponse::ok(channel))
}

/// The colours that ids point into (C167).
pub(crate) fn colors() -> Value {
    let table = |colors: &[&str]| -> Value {
        colors
            .iter()
            .enumerate()
            .map(|(at, color)| {
                let value = json!({"background": color, "foreground": "#1d1d1d"});
                ((at + 1).to_string(), value)
            })
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let event = [
        "#a4bdfc", "#7ae7bf", "#dbadff", "#ff887c", "#fbd75b", "#ffb878", "#46d6db", "#e1e1e1", "#5484ed",
        "#51b749", "#dc2127",
    ];
    let calendar = [
        "#ac725e", "#d06b64", "#f83a22", "#fa573c", "#ff7537", "#ffad46", "#42d692", "#16a765", "#7bd148",
        "#b3dc6c", "#fbe983", "#fad165", "#92e1c0", "#9fe1e7", "#9fc6e7", "#4986e7", "#9a9cff", "#b99aff",
        "#c2c2c2", "#cabdbf", "#cca6ac", "#f691b2", "#cd74e6", "#a47ae2",
    ];
    json!({"kind": "calendar#colors", "updated": "2012-02-14T00:00:00.000Z",
           "calendar": table(&calendar), "event": table(&event)})
}
