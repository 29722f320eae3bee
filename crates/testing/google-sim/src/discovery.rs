//! Google's discovery documents: which methods exist, and where a request goes.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use percent::decode;
use serde_json::{Map, Value};

mod percent {
    use url::form_urlencoded;

    /// Decodes `%XX` in a path segment; `+` stays a plus.
    pub fn decode(text: &str) -> String {
        let guarded = text.replace('+', "%2B");
        form_urlencoded::parse(guarded.as_bytes())
            .map(|(key, value)| if value.is_empty() { key.into_owned() } else { format!("{key}={value}") })
            .collect::<Vec<_>>()
            .join("&")
    }
}

/// One of the three documented services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Api {
    /// Names Calendar v3.
    Calendar,
    /// Names People v1.
    People,
    /// Names the user information of OAuth2 v2.
    OAuth2,
}

/// One parameter of a method.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Holds `string`, `integer` or `boolean`.
    pub kind: String,
    /// Holds `date-time`, `int32`, `google-fieldmask` and the like.
    pub format: Option<String>,
    /// Tells whether the request is refused without it.
    pub required: bool,
    /// Tells whether it may occur several times.
    pub repeated: bool,
    /// Holds the lowest allowed number.
    pub minimum: Option<i64>,
    /// Holds the highest allowed number.
    pub maximum: Option<i64>,
    /// Holds the allowed words.
    pub allowed: Vec<String>,
    /// Tells whether it stands in the path.
    pub in_path: bool,
}

/// One method of a service.
#[derive(Debug, Clone)]
pub struct Method {
    /// Holds the id, for example `calendar.events.list`.
    pub id: String,
    /// Holds the service.
    pub api: Api,
    /// Holds the HTTP verb.
    pub verb: String,
    /// Holds the path template from the root, without the first slash.
    pub template: String,
    /// Holds the parameters by name, global ones included.
    pub parameters: BTreeMap<String, Parameter>,
    /// Holds the name of the schema of the body.
    pub request: Option<String>,
    /// Holds the scopes, any of which suffices; empty means none is needed.
    pub scopes: Vec<String>,
}

/// The parsed documents.
#[derive(Debug)]
pub struct Discovery {
    methods: Vec<Method>,
    schemas: BTreeMap<(Api, String), Value>,
}

/// Where a request goes.
#[derive(Debug)]
pub enum Route<'a> {
    /// The method and its decoded path parameters.
    Found(&'a Method, BTreeMap<String, String>),
    /// The path exists with another verb only.
    WrongVerb,
    /// No method has such a path.
    Unknown,
}

impl Discovery {
    /// Returns the documents, parsed once for the whole process.
    #[must_use]
    pub fn get() -> &'static Self {
        static PARSED: OnceLock<Discovery> = OnceLock::new();
        PARSED.get_or_init(Self::parse)
    }

    fn parse() -> Self {
        let documents = [
            (Api::Calendar, include_str!("../data/discovery/calendar.v3.json")),
            (Api::People, include_str!("../data/discovery/people.v1.json")),
            (Api::OAuth2, include_str!("../data/discovery/oauth2.v2.json")),
        ];
        let mut parsed = Self { methods: Vec::new(), schemas: BTreeMap::new() };
        for (api, text) in documents {
            let document: Value = serde_json::from_str(text).unwrap_or_default();
            let globals = parameters(document.get("parameters"));
            let base = text_of(&document, "servicePath").unwrap_or_default();
            collect(&document, api, &base, &globals, &mut parsed.methods);
            for (name, schema) in object(document.get("schemas")) {
                parsed.schemas.insert((api, name.clone()), schema.clone());
            }
        }
        parsed
    }

    /// Returns a document as a server at `root` would publish it.
    #[must_use]
    pub fn document(name: &str, version: &str, root: &str) -> Option<Value> {
        let text = match (name, version) {
            ("calendar", "v3") => include_str!("../data/discovery/calendar.v3.json"),
            ("people", "v1") => include_str!("../data/discovery/people.v1.json"),
            ("oauth2", "v2") => include_str!("../data/discovery/oauth2.v2.json"),
            _ => return None,
        };
        let mut document: Value = serde_json::from_str(text).ok()?;
        let service = text_of(&document, "servicePath").unwrap_or_default();
        document["rootUrl"] = Value::from(format!("{root}/"));
        document["baseUrl"] = Value::from(format!("{root}/{service}"));
        document.as_object_mut()?.remove("mtlsRootUrl");
        Some(document)
    }

    /// Returns every method.
    pub fn methods(&self) -> impl Iterator<Item = &Method> {
        self.methods.iter()
    }

    /// Returns a schema of a service by its name.
    #[must_use]
    pub fn schema(&self, api: Api, name: &str) -> Option<&Value> {
        self.schemas.get(&(api, name.to_owned()))
    }

    /// Finds the method of a verb and a raw (still encoded) path.
    #[must_use]
    pub fn route(&self, verb: &str, path: &str) -> Route<'_> {
        let path = path.trim_start_matches('/');
        let mut wrong_verb = false;
        let mut best: Option<(usize, &Method, BTreeMap<String, String>)> = None;
        for method in &self.methods {
            let Some(found) = match_template(&method.template, path) else {
                continue;
            };
            if method.verb != verb {
                wrong_verb = true;
                continue;
            }
            let variables = method.template.matches('{').count();
            if best.as_ref().is_none_or(|(least, ..)| variables < *least) {
                best = Some((variables, method, found));
            }
        }
        match best {
            Some((_, method, found)) => Route::Found(method, path_parameters(method, found)),
            None if wrong_verb => Route::WrongVerb,
            None => Route::Unknown,
        }
    }
}

fn collect(
    node: &Value,
    api: Api,
    base: &str,
    globals: &BTreeMap<String, Parameter>,
    into: &mut Vec<Method>,
) {
    for (_, resource) in object(node.get("resources")) {
        collect(resource, api, base, globals, into);
    }
    for (_, method) in object(node.get("methods")) {
        let path = text_of(method, "flatPath").or_else(|| text_of(method, "path"));
        let mut all = globals.clone();
        all.extend(parameters(method.get("parameters")));
        into.push(Method {
            id: text_of(method, "id").unwrap_or_default(),
            api,
            verb: text_of(method, "httpMethod").unwrap_or_default(),
            template: format!("{base}{}", path.unwrap_or_default()),
            parameters: all,
            request: method.get("request").and_then(|request| text_of(request, "$ref")),
            scopes: strings(method.get("scopes")),
        });
    }
}

/// People's templates name `{peopleId}`; the documented parameter is `resourceName`.
fn path_parameters(method: &Method, mut found: BTreeMap<String, String>) -> BTreeMap<String, String> {
    if method.parameters.get("resourceName").is_some_and(|p| p.in_path) {
        let collection =
            method.template.trim_start_matches("v1/").split('/').next().unwrap_or_default().to_owned();
        if let Some(id) = found.values().next().cloned() {
            found.clear();
            found.insert("resourceName".to_owned(), format!("{collection}/{id}"));
        }
    }
    found
}

fn match_template(template: &str, path: &str) -> Option<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let mut wanted = template.split('/');
    let mut given = path.split('/');
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(found),
            (Some(wanted), Some(given)) => match_segment(wanted, given, &mut found)?,
            _ => return None,
        }
    }
}

fn match_segment(wanted: &str, given: &str, found: &mut BTreeMap<String, String>) -> Option<()> {
    let Some(rest) = wanted.strip_prefix('{') else {
        return (wanted == decode(given)).then_some(());
    };
    let (name, suffix) = rest.split_once('}')?;
    let value = given.strip_suffix(suffix)?;
    if value.is_empty() || (suffix.is_empty() && value.contains(':') && template_has_verbs(name)) {
        return None;
    }
    found.insert(name.to_owned(), decode(value));
    Some(())
}

/// Only People has custom verbs after a colon; ids of other services may hold one.
fn template_has_verbs(variable: &str) -> bool {
    matches!(variable, "peopleId" | "contactGroupsId" | "otherContactsId")
}

fn parameters(node: Option<&Value>) -> BTreeMap<String, Parameter> {
    object(node).map(|(name, value)| (name.clone(), parameter(value))).collect()
}

fn parameter(value: &Value) -> Parameter {
    let flag = |name: &str| value.get(name).and_then(Value::as_bool).unwrap_or(false);
    let number = |name: &str| text_of(value, name).and_then(|text| text.parse().ok());
    Parameter {
        kind: text_of(value, "type").unwrap_or_default(),
        format: text_of(value, "format"),
        required: flag("required"),
        repeated: flag("repeated"),
        minimum: number("minimum"),
        maximum: number("maximum"),
        allowed: strings(value.get("enum")),
        in_path: text_of(value, "location").as_deref() == Some("path"),
    }
}

fn object(node: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    node.and_then(Value::as_object).into_iter().flat_map(Map::iter)
}

fn text_of(node: &Value, name: &str) -> Option<String> {
    node.get(name).and_then(Value::as_str).map(str::to_owned)
}

fn strings(node: Option<&Value>) -> Vec<String> {
    node.and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(verb: &str, path: &str, id: &str, parameters: &[(&str, &str)]) {
        let Route::Found(method, found) = Discovery::get().route(verb, path) else {
            panic!("{verb} {path} is not routed");
        };
        assert_eq!(method.id, id);
        let wanted: BTreeMap<String, String> =
            parameters.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        assert_eq!(found, wanted, "{path}");
    }

    #[test]
    fn requests_find_their_method() {
        check(
            "GET",
            "/calendar/v3/calendars/a%40b.c%23d/events",
            "calendar.events.list",
            &[("calendarId", "a@b.c#d")],
        );
        check(
            "POST",
            "/calendar/v3/calendars/primary/events/import",
            "calendar.events.import",
            &[("calendarId", "primary")],
        );
        check(
            "GET",
            "/v1/people/me/connections",
            "people.people.connections.list",
            &[("resourceName", "people/me")],
        );
        check(
            "PATCH",
            "/v1/people/c12:updateContact",
            "people.people.updateContact",
            &[("resourceName", "people/c12")],
        );
        check("GET", "/v1/people:batchGet", "people.people.getBatchGet", &[]);
        check(
            "POST",
            "/v1/contactGroups/g1/members:modify",
            "people.contactGroups.members.modify",
            &[("resourceName", "contactGroups/g1")],
        );
        check("GET", "/oauth2/v2/userinfo", "oauth2.userinfo.get", &[]);
        assert!(matches!(Discovery::get().route("DELETE", "/calendar/v3/colors"), Route::WrongVerb));
        assert!(matches!(Discovery::get().route("GET", "/calendar/v4"), Route::Unknown));
    }

    #[test]
    fn every_method_of_the_documents_is_known() {
        let count = |api| Discovery::get().methods().filter(|m| m.api == api).count();
        assert!(count(Api::Calendar) >= 36, "{}", count(Api::Calendar));
        assert_eq!(count(Api::People), 24);
    }
}
