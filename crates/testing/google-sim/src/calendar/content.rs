//! What an event may hold: checks, silent drops and defaults.

use chrono_tz::Tz;
use serde_json::{Map, Value, json};

use super::times::{When, parse};
use super::{invalid, series};
use crate::api::{ApiRequest, ApiResponse, Profile};
use crate::rng::Rng;

/// Members that a client may write.
pub(crate) const WRITABLE: &[&str] = &[
    "summary",
    "description",
    "location",
    "start",
    "end",
    "recurrence",
    "status",
    "attendees",
    "reminders",
    "colorId",
    "transparency",
    "visibility",
    "extendedProperties",
    "conferenceData",
    "attachments",
    "source",
    "guestsCanInviteOthers",
    "guestsCanModify",
    "guestsCanSeeOtherGuests",
    "anyoneCanAddSelf",
    "endTimeUnspecified",
    "sequence",
    "eventLabelId",
    "workingLocationProperties",
    "outOfOfficeProperties",
    "focusTimeProperties",
];

/// Members set at creation and never changed (C128), with those of the server.
pub(crate) const FIXED: &[&str] = &[
    "eventType",
    "recurringEventId",
    "originalStartTime",
    "birthdayProperties",
    "iCalUID",
    "creator",
    "organizer",
    "hangoutLink",
    "privateCopy",
    "locked",
    "gadget",
];

/// Members of one copy only (C140).
pub(crate) const PRIVATE: &[&str] = &["reminders", "colorId", "transparency", "visibility", "eventLabelId"];

/// What the checks need to know.
pub(crate) struct Context<'a> {
    pub req: &'a ApiRequest,
    pub zone: Tz,
    pub primary: bool,
    pub profile: &'a Profile,
}

/// Checks and normalises the members of an event.
///
/// # Errors
///
/// Returns Google's refusal.
pub(crate) fn normalise(
    mut fields: Map<String, Value>,
    before: Option<&Map<String, Value>>,
    context: &Context<'_>,
    rng: &mut Rng,
) -> Result<Map<String, Value>, ApiResponse> {
    drop_nulls(&mut fields);
    words(&fields)?;
    let start = when(&fields, context)?;
    recurrence(&mut fields, &start, context)?;
    attendees(&mut fields, context)?;
    reminders(&mut fields, &start)?;
    extended_properties(&mut fields)?;
    attachments(&mut fields, before, context)?;
    conference(&mut fields, before, context, rng);
    labels(&mut fields, before, context)?;
    if let Some(source) = fields.get("source") {
        let url = source.get("url").and_then(Value::as_str).unwrap_or_default();
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(invalid("Invalid source url."));
        }
    }
    kind(&fields, &start, context)?;
    // Times are normalised last: the checks above see what was sent.
    let recurring = series::is_master(&fields);
    for which in ["start", "end"] {
        let read = parse(fields.get(which), which, context.zone, recurring)?;
        fields.insert(which.to_owned(), read.stored());
    }
    drop_defaults(&mut fields);
    Ok(fields)
}

fn drop_nulls(fields: &mut Map<String, Value>) {
    fields.retain(|_, value| !value.is_null());
    for value in fields.values_mut() {
        if let Some(inner) = value.as_object_mut() {
            drop_nulls(inner);
        }
    }
}

fn drop_defaults(fields: &mut Map<String, Value>) {
    let defaults = json!({
        "transparency": "opaque", "visibility": "default", "guestsCanInviteOthers": true,
        "guestsCanModify": false, "guestsCanSeeOtherGuests": true, "anyoneCanAddSelf": false,
        "endTimeUnspecified": false, "attendees": [], "recurrence": [], "attachments": [],
        "summary": "", "description": "", "location": "", "extendedProperties": {},
        "colorId": "", "eventLabelId": "", "attendeesOmitted": false,
    });
    fields.retain(|name, value| defaults.get(name) != Some(value));
}

fn words(fields: &Map<String, Value>) -> Result<(), ApiResponse> {
    for (name, allowed) in [
        ("status", &["confirmed", "tentative", "cancelled"][..]),
        ("transparency", &["opaque", "transparent"]),
        ("visibility", &["default", "public", "private", "confidential"]),
    ] {
        let given = fields.get(name).and_then(Value::as_str);
        if given.is_some_and(|word| !allowed.contains(&word)) {
            return Err(super::invalid_value());
        }
    }
    let color = fields.get("colorId").and_then(Value::as_str).unwrap_or("1");
    if !color.is_empty() && !color.parse::<u8>().is_ok_and(|id| (1..=11).contains(&id)) {
        return Err(invalid("Invalid color id."));
    }
    Ok(())
}

fn when(fields: &Map<String, Value>, context: &Context<'_>) -> Result<When, ApiResponse> {
    let recurring = fields.get("recurrence").and_then(Value::as_array).is_some_and(|lines| !lines.is_empty());
    let start = parse(fields.get("start"), "start", context.zone, recurring)?;
    let end = parse(fields.get("end"), "end", context.zone, recurring)?;
    let ordered = match (&start, &end) {
        // A day that ends where it begins is accepted, and stays as it was sent.
        (When::Day(start), When::Day(end)) => start <= end,
        (When::At(start, _), When::At(end, _)) => start <= end,
        _ => return Err(invalid("Invalid start time.")),
    };
    if ordered {
        Ok(start)
    } else {
        Err(ApiResponse::calendar_error(
            400,
            "calendar",
            "timeRangeEmpty",
            "The specified time range is empty.",
        ))
    }
}

fn recurrence(
    fields: &mut Map<String, Value>,
    start: &When,
    context: &Context<'_>,
) -> Result<(), ApiResponse> {
    let lines = series::lines(fields);
    if lines.is_empty() {
        fields.remove("recurrence");
        return Ok(());
    }
    if fields.contains_key("recurringEventId") {
        return Err(invalid("Invalid recurrence rule."));
    }
    let refused = |line: &String| {
        let mut parts = line.split([':', ';']).filter_map(|part| part.split_once('='));
        parts.any(|(name, value)| {
            let frequencies = &context.req.knobs.refused_frequencies;
            name.eq_ignore_ascii_case("FREQ") && frequencies.iter().any(|one| one.eq_ignore_ascii_case(value))
        })
    };
    if lines.iter().any(refused) {
        return Err(invalid("Invalid recurrence rule."));
    }
    series::check(&lines, start)
}

fn attendees(fields: &mut Map<String, Value>, context: &Context<'_>) -> Result<(), ApiResponse> {
    let Some(rows) = fields.get_mut("attendees").and_then(Value::as_array_mut) else {
        return Ok(());
    };
    if context.profile.service_account && !rows.is_empty() {
        return Err(ApiResponse::error_file("calendar-403-forbiddenForServiceAccounts"));
    }
    let mut seen: Vec<String> = Vec::new();
    let mut kept = Vec::new();
    for row in rows.iter() {
        let mut row = row.as_object().cloned().unwrap_or_default();
        let email = row.get("email").and_then(Value::as_str).unwrap_or_default().to_owned();
        if !is_address(&email) {
            let (reason, text) = if email.is_empty() {
                ("required", "Missing attendee email.")
            } else {
                ("invalid", "Invalid attendee email.")
            };
            return Err(ApiResponse::calendar_error(400, "global", reason, text));
        }
        if seen.contains(&email.to_lowercase()) {
            continue;
        }
        seen.push(email.to_lowercase());
        for name in ["self", "organizer", "id"] {
            row.remove(name);
        }
        row.retain(|name, value| !(name == "optional" && *value == false));
        let answer = row.get("responseStatus").and_then(Value::as_str).unwrap_or("needsAction");
        if !["needsAction", "declined", "tentative", "accepted"].contains(&answer) {
            return Err(super::invalid_value());
        }
        let answer = Value::from(answer);
        row.insert("responseStatus".to_owned(), answer);
        kept.push(Value::Object(row));
    }
    *rows = kept;
    Ok(())
}

/// Tells whether a text may be the address of a guest.
fn is_address(text: &str) -> bool {
    let Some((name, host)) = text.rsplit_once('@') else { return false };
    let plain = |text: &str| {
        !text.is_empty()
            && !text.chars().any(|c| c.is_whitespace() || c.is_control() || "()<>[],;:\\\"@".contains(c))
    };
    let quoted = name.len() > 2 && name.starts_with('"') && name.ends_with('"');
    let dots = |text: &str| !text.starts_with('.') && !text.ends_with('.') && !text.contains("..");
    (quoted || plain(name) && dots(name)) && plain(host) && dots(host)
}

/// An all-day event without reminders gets none, a timed one the defaults (C263).
fn reminders(fields: &mut Map<String, Value>, start: &When) -> Result<(), ApiResponse> {
    let Some(given) = fields.get_mut("reminders").and_then(Value::as_object_mut) else {
        let timed = matches!(start, When::At(..));
        fields.insert("reminders".to_owned(), json!({"useDefault": timed}));
        return Ok(());
    };
    let default = given.get("useDefault").and_then(Value::as_bool).unwrap_or(false);
    let overrides = given.get("overrides").and_then(Value::as_array).cloned().unwrap_or_default();
    if default && !overrides.is_empty() {
        return Err(ApiResponse::calendar_error(
            400,
            "calendar",
            "cannotUseDefaultRemindersAndSpecifyOverride",
            "Cannot specify both default reminders and overrides at the same time.",
        ));
    }
    let fits = |one: &Value| {
        let method = one.get("method").and_then(Value::as_str).unwrap_or_default();
        let minutes = one.get("minutes").and_then(Value::as_i64).unwrap_or(-1);
        matches!(method, "email" | "popup") && (0..=40320).contains(&minutes)
    };
    if overrides.len() > 5 || !overrides.iter().all(fits) {
        return Err(super::invalid_value());
    }
    given.insert("useDefault".to_owned(), Value::from(default));
    if overrides.is_empty() {
        given.remove("overrides");
    }
    Ok(())
}

/// Long keys vanish and long values are cut without a word (C169).
fn extended_properties(fields: &mut Map<String, Value>) -> Result<(), ApiResponse> {
    let Some(kinds) = fields.get_mut("extendedProperties").and_then(Value::as_object_mut) else {
        return Ok(());
    };
    kinds.retain(|name, _| name == "private" || name == "shared");
    let (mut count, mut size) = (0, 0);
    for properties in kinds.values_mut().filter_map(Value::as_object_mut) {
        properties.retain(|key, _| key.chars().count() <= 44);
        for (key, value) in properties.iter_mut() {
            let text: String = value.as_str().unwrap_or_default().chars().take(1024).collect();
            count += 1;
            size += key.len() + text.len();
            *value = Value::from(text);
        }
    }
    kinds.retain(|_, value| value.as_object().is_some_and(|inner| !inner.is_empty()));
    if count > 300 || size > 32 * 1024 {
        return Err(invalid("The extended properties of this event are too large."));
    }
    Ok(())
}

/// Without the flag the member of the request is ignored (C170).
fn attachments(
    fields: &mut Map<String, Value>,
    before: Option<&Map<String, Value>>,
    context: &Context<'_>,
) -> Result<(), ApiResponse> {
    if !context.req.flag("supportsAttachments") {
        keep_before(fields, before, "attachments");
        return Ok(());
    }
    let given = fields.get("attachments").and_then(Value::as_array);
    let fits = given.is_none_or(|all| {
        all.len() <= 25 && all.iter().all(|one| one.get("fileUrl").is_some_and(Value::is_string))
    });
    if fits { Ok(()) } else { Err(super::invalid_value()) }
}

/// Without the flag the member of the request is ignored (C171).
fn conference(
    fields: &mut Map<String, Value>,
    before: Option<&Map<String, Value>>,
    context: &Context<'_>,
    rng: &mut Rng,
) {
    if context.req.number("conferenceDataVersion").unwrap_or(0) < 1 {
        keep_before(fields, before, "conferenceData");
        keep_before(fields, before, "hangoutLink");
        return;
    }
    let Some(request) = fields.get("conferenceData").and_then(|data| data.get("createRequest")).cloned()
    else {
        if !fields.contains_key("conferenceData") {
            fields.remove("hangoutLink");
        }
        return;
    };
    let known = before.and_then(|all| all.get("conferenceData"));
    let same = known.and_then(|data| data.pointer("/createRequest/requestId")) == request.get("requestId");
    if let (true, Some(known)) = (same, known) {
        fields.insert("conferenceData".to_owned(), known.clone());
        return;
    }
    let letters = b"abcdefghijklmnopqrstuvwxyz";
    let code = format!("{}-{}-{}", rng.text(3, letters), rng.text(4, letters), rng.text(3, letters));
    let link = format!("https://meet.google.com/{code}");
    let mut request = request;
    request["status"] = json!({"statusCode": "success"});
    fields.insert(
        "conferenceData".to_owned(),
        json!({"createRequest": request, "conferenceId": code,
               "conferenceSolution": {"key": {"type": "hangoutsMeet"}, "name": "Google Meet"},
               "entryPoints": [{"entryPointType": "video", "uri": link, "label": link}]}),
    );
    fields.insert("hangoutLink".to_owned(), Value::from(link));
}

/// Labels need their flag, and replace the colour when it is given (C167).
fn labels(
    fields: &mut Map<String, Value>,
    before: Option<&Map<String, Value>>,
    context: &Context<'_>,
) -> Result<(), ApiResponse> {
    if context.req.number("eventLabelVersion").unwrap_or(0) < 1 {
        keep_before(fields, before, "eventLabelId");
        return Ok(());
    }
    keep_before(fields, before, "colorId");
    let known = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"];
    match fields.get("eventLabelId").and_then(Value::as_str) {
        Some(label) if !label.is_empty() && !known.contains(&label) => Err(super::invalid_value()),
        _ => Ok(()),
    }
}

fn keep_before(fields: &mut Map<String, Value>, before: Option<&Map<String, Value>>, name: &str) {
    match before.and_then(|all| all.get(name)) {
        Some(old) => fields.insert(name.to_owned(), old.clone()),
        None => fields.remove(name),
    };
}

/// What each event type demands (C160 to C163).
fn kind(fields: &Map<String, Value>, start: &When, context: &Context<'_>) -> Result<(), ApiResponse> {
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let kind = text("eventType").unwrap_or("default");
    let all_day = matches!(start, When::Day(_));
    let refuse =
        |message: &str| Err(ApiResponse::calendar_error(400, "calendar", "eventTypeRestriction", message));
    match kind {
        "default" | "fromGmail" => Ok(()),
        "birthday" => {
            let yearly = series::lines(fields).iter().any(|line| line.contains("FREQ=YEARLY"));
            let fits = all_day
                && yearly
                && text("visibility") == Some("private")
                && text("transparency") == Some("transparent");
            if fits {
                Ok(())
            } else {
                refuse("A birthday event must be an all-day, yearly, private and transparent event.")
            }
        }
        "focusTime" | "outOfOffice" | "workingLocation" => {
            if !context.primary || context.profile.workspace.is_none() {
                return refuse("This event type is not available on this calendar.");
            }
            if kind == "workingLocation" {
                let fits = text("transparency") == Some("transparent")
                    && text("visibility") == Some("public")
                    && fields.contains_key("workingLocationProperties");
                return if fits {
                    Ok(())
                } else {
                    refuse("A working location event must be public and transparent.")
                };
            }
            if all_day || !fields.contains_key(&format!("{kind}Properties")) {
                return refuse("This event type needs its properties and a time.");
            }
            Ok(())
        }
        _ => Err(super::invalid_value()),
    }
}
