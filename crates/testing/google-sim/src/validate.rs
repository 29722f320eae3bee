//! Refuses the parameters and bodies that Google refuses, in each service's words.

use serde_json::{Value, json};

use crate::api::ApiResponse;
use crate::discovery::{Api, Discovery, Method, Parameter};

/// Checks the query parameters of a call against its method.
///
/// # Errors
///
/// Returns Google's refusal.
pub fn query(method: &Method, query: &[(String, String)]) -> Result<(), Box<ApiResponse>> {
    for (at, (name, value)) in query.iter().enumerate() {
        let Some(parameter) = method.parameters.get(name).filter(|p| !p.in_path) else {
            return Err(Box::new(unknown_parameter(method.api, name)));
        };
        if !parameter.repeated && query.iter().skip(at + 1).any(|(other, _)| other == name) {
            return Err(Box::new(bad(method.api, name, "Repeated parameter", parameter, value)));
        }
        one(method.api, name, parameter, value)?;
    }
    for (name, parameter) in &method.parameters {
        if parameter.required && !parameter.in_path && !query.iter().any(|(key, _)| key == name) {
            return Err(Box::new(missing(method.api, name)));
        }
    }
    Ok(())
}

fn one(api: Api, name: &str, parameter: &Parameter, value: &str) -> Result<(), Box<ApiResponse>> {
    let refuse = |message: &str| Err(Box::new(bad(api, name, message, parameter, value)));
    match parameter.kind.as_str() {
        "boolean" if !matches!(value, "true" | "false") => {
            return refuse(&format!("Invalid boolean value: '{value}'."));
        }
        "integer" => {
            let low = parameter.minimum.unwrap_or(i64::from(i32::MIN));
            let high = parameter.maximum.unwrap_or(i64::from(i32::MAX));
            let inside = value.parse::<i64>().is_ok_and(|number| (low..=high).contains(&number));
            if !inside {
                return refuse(&format!(
                    "Invalid value '{value}'. Values must be within the range: [{low}, {high}]"
                ));
            }
        }
        _ => {}
    }
    if !parameter.allowed.is_empty() && !parameter.allowed.iter().any(|word| word == value) {
        return refuse(&format!(
            "Invalid string value: '{value}'. Allowed values: [{}]",
            parameter.allowed.join(", ")
        ));
    }
    if parameter.format.as_deref() == Some("date-time")
        && chrono::DateTime::parse_from_rfc3339(value).is_err()
    {
        return Err(Box::new(ApiResponse::calendar_error(400, "global", "badRequest", "Bad Request")));
    }
    Ok(())
}

fn unknown_parameter(api: Api, name: &str) -> ApiResponse {
    let message = format!(
        "Invalid JSON payload received. Unknown name \"{name}\": Cannot bind query parameter. \
         Field '{name}' could not be found in request message."
    );
    match api {
        Api::People => violation(&message, None),
        _ => parameter_error("invalidParameter", name, &message),
    }
}

fn missing(api: Api, name: &str) -> ApiResponse {
    match api {
        Api::People => violation(&format!("{} is required.", snake(name)), Some(&snake(name))),
        _ => parameter_error("required", name, &format!("Required parameter: {name}")),
    }
}

fn bad(api: Api, name: &str, message: &str, parameter: &Parameter, value: &str) -> ApiResponse {
    match api {
        Api::People => {
            let kind = match parameter.kind.as_str() {
                "integer" => "TYPE_INT32".to_owned(),
                "boolean" => "TYPE_BOOL".to_owned(),
                _ => "TYPE_ENUM".to_owned(),
            };
            let name = snake(name);
            violation(&format!("Invalid value at '{name}' ({kind}), \"{value}\""), Some(&name))
        }
        _ => parameter_error("invalidParameter", name, message),
    }
}

fn parameter_error(reason: &str, name: &str, message: &str) -> ApiResponse {
    ApiResponse::with_status(
        400,
        json!({"error": {
            "errors": [{"domain": "global", "reason": reason, "message": message,
                        "locationType": "parameter", "location": name}],
            "code": 400, "message": message}}),
    )
}

/// Answers 400 `INVALID_ARGUMENT` with a field violation, as People does.
#[must_use]
pub fn violation(message: &str, field: Option<&str>) -> ApiResponse {
    let mut entry = json!({"description": message});
    if let (Some(field), Some(members)) = (field, entry.as_object_mut()) {
        members.insert("field".to_owned(), Value::from(field));
    }
    ApiResponse::with_status(
        400,
        json!({"error": {
            "code": 400, "message": message, "status": "INVALID_ARGUMENT",
            "details": [{"@type": "type.googleapis.com/google.rpc.BadRequest",
                         "fieldViolations": [entry]}]}}),
    )
}

/// Checks a body against the schema of its method.
///
/// People refuses unknown members; Calendar ignores them (C127).
///
/// # Errors
///
/// Returns Google's refusal.
pub fn body(method: &Method, body: Option<&Value>) -> Result<(), Box<ApiResponse>> {
    let Some(name) = &method.request else {
        return Ok(());
    };
    let Some(value) = body else {
        return Ok(());
    };
    let Some(schema) = Discovery::get().schema(method.api, name) else {
        return Ok(());
    };
    let root = match (method.api, name.as_str()) {
        (Api::People, "Person") => "person",
        _ => "",
    };
    Walk { api: method.api }.object(schema, value, root).map_err(Box::new)
}

struct Walk {
    api: Api,
}

impl Walk {
    fn object(&self, schema: &Value, value: &Value, at: &str) -> Result<(), ApiResponse> {
        let Some(members) = value.as_object() else {
            return Err(self.wrong(at, "TYPE_MESSAGE", value));
        };
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, member) in members {
            let inner = join(at, &snake(name));
            if let Some(known) = properties.and_then(|all| all.get(name)) {
                self.value(known, member, &inner)?;
            } else if let Some(any) = schema.get("additionalProperties") {
                self.value(any, member, &inner)?;
            } else if self.api == Api::People {
                return Err(unknown_member(name, at));
            }
        }
        Ok(())
    }

    fn value(&self, schema: &Value, value: &Value, at: &str) -> Result<(), ApiResponse> {
        if value.is_null() {
            return Ok(());
        }
        if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
            return match Discovery::get().schema(self.api, name) {
                Some(schema) => self.object(schema, value, at),
                None => Ok(()),
            };
        }
        match schema.get("type").and_then(Value::as_str).unwrap_or("any") {
            "object" => self.object(schema, value, at),
            "array" => self.array(schema, value, at),
            "string" => self.string(schema, value, at),
            "boolean" if !value.is_boolean() => Err(self.wrong(at, "TYPE_BOOL", value)),
            "integer" if whole(value).is_none() => Err(self.wrong(at, "TYPE_INT32", value)),
            "number" if !value.is_number() => Err(self.wrong(at, "TYPE_DOUBLE", value)),
            _ => Ok(()),
        }
    }

    fn array(&self, schema: &Value, value: &Value, at: &str) -> Result<(), ApiResponse> {
        let Some(items) = value.as_array() else {
            return Err(self.wrong(at, "TYPE_MESSAGE", value));
        };
        let Some(inner) = schema.get("items") else {
            return Ok(());
        };
        for (index, item) in items.iter().enumerate() {
            self.value(inner, item, &format!("{at}[{index}]"))?;
        }
        Ok(())
    }

    fn string(&self, schema: &Value, value: &Value, at: &str) -> Result<(), ApiResponse> {
        let Some(text) = value.as_str() else {
            // 64-bit numbers travel as text and are accepted bare.
            let long =
                schema.get("format").and_then(Value::as_str).is_some_and(|format| format.ends_with("int64"));
            return if long && value.is_number() {
                Ok(())
            } else {
                Err(self.wrong(at, "TYPE_STRING", value))
            };
        };
        let allowed = schema.get("enum").and_then(Value::as_array);
        let known = allowed.is_none_or(|words| words.iter().any(|word| word == text));
        if self.api == Api::People && !known {
            return Err(self.wrong(at, "TYPE_ENUM", value));
        }
        Ok(())
    }

    fn wrong(&self, at: &str, kind: &str, value: &Value) -> ApiResponse {
        match self.api {
            Api::People => violation(&format!("Invalid value at '{at}' ({kind}), {value}"), Some(at)),
            _ => ApiResponse::calendar_error(400, "global", "parseError", "Parse Error"),
        }
    }
}

fn unknown_member(name: &str, at: &str) -> ApiResponse {
    let place = if at.is_empty() { String::new() } else { format!(" at '{at}'") };
    let message =
        format!("Invalid JSON payload received. Unknown name \"{name}\"{place}: Cannot find field.");
    violation(&message, (!at.is_empty()).then_some(at))
}

fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str().and_then(|text| text.parse().ok()))
}

fn join(at: &str, name: &str) -> String {
    if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") }
}

fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            out.push('_');
            out.push(letter.to_ascii_lowercase());
        } else {
            out.push(letter);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discovery::Route;

    fn method(verb: &str, path: &str) -> &'static Method {
        match Discovery::get().route(verb, path) {
            Route::Found(method, _) => method,
            _ => panic!("{path}"),
        }
    }

    fn refused(verb: &str, path: &str, pairs: &[(&str, &str)]) -> String {
        let pairs: Vec<_> = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        match query(method(verb, path), &pairs) {
            Ok(()) => String::new(),
            Err(response) => response.body.unwrap()["error"]["message"].as_str().unwrap().to_owned(),
        }
    }

    #[test]
    fn parameters_are_checked_by_the_documents() {
        let list = "/calendar/v3/calendars/primary/events";
        for (pairs, wanted) in [
            (vec![("maxResults", "10"), ("alt", "json"), ("quotaUser", "x")], ""),
            (vec![("maxResults", "9000")], ""),
            (vec![("maxResults", "0")], "Values must be within the range: [1, 2147483647]"),
            (vec![("showDeleted", "yes")], "Invalid boolean value: 'yes'."),
            (vec![("orderBy", "title")], "Allowed values: [startTime, updated]"),
            (vec![("colour", "1")], "Unknown name \"colour\""),
            (vec![("timeMin", "yesterday")], "Bad Request"),
            (vec![("eventTypes", "default"), ("eventTypes", "birthday")], ""),
        ] {
            let got = refused("GET", list, &pairs);
            assert!(
                if wanted.is_empty() { got.is_empty() } else { got.contains(wanted) },
                "{pairs:?}: {got}"
            );
        }
        let move_to = "/calendar/v3/calendars/primary/events/abcde/move";
        assert_eq!(refused("POST", move_to, &[]), "Required parameter: destination");
    }

    #[test]
    fn people_refuses_unknown_members_and_calendar_does_not() {
        let create = method("POST", "/v1/people:createContact");
        let wrong = body(create, Some(&json!({"names": [{"firstName": "x"}]}))).unwrap_err();
        assert_eq!(
            wrong.body.unwrap()["error"]["message"],
            "Invalid JSON payload received. Unknown name \"firstName\" at 'person.names[0]': Cannot find field."
        );
        let insert = method("POST", "/calendar/v3/calendars/primary/events");
        assert!(body(insert, Some(&json!({"colour": 1}))).is_ok());
        assert!(body(insert, Some(&json!({"summary": 1}))).is_err());
        assert!(body(insert, Some(&json!({"summary": null, "sequence": 2}))).is_ok());
    }
}
