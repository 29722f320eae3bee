//! JSContact (RFC 9553): cards as JSON. What it has no place for goes into members of our own.

use std::io::Read;

use passerelle_contacts::{
    Address, Contact, Email, Im, Labelled, LabelledDate, Name, Organization, PartialDate, Phone, Problem,
    address_key, email_key, im_key, keyed, phone_key, relation_key, text_key, url_key, validate,
};
use serde_json::{Map, Value, json};

use crate::{
    BadRecord, Imported, Options, Reason,
    json::{Objects, VENDOR, add_unknown, left_over},
    vcard::{label_of, partial_date, types_of, with_particle, without_particle},
};

type Object = Map<String, Value>;

/// Reads the cards of a file.
pub(crate) fn read(
    reader: impl Read,
    options: Options,
) -> impl Iterator<Item = Result<Imported<Contact>, BadRecord>> {
    Objects::new(reader).map(move |found| found.and_then(|(line, card)| contact_of(card, line, &options)))
}

fn own(name: &str) -> String {
    format!("{VENDOR}{name}")
}

fn text(object: &Object, name: &str) -> String {
    object.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Takes a map of objects away, in the order of its keys.
fn entries(card: &mut Object, name: &str) -> Vec<(String, Object)> {
    let Some(Value::Object(map)) = card.remove(name) else { return Vec::new() };
    let objects = map.into_iter().filter_map(|(id, value)| match value {
        Value::Object(object) => Some((id, object)),
        _ => None,
    });
    objects.collect()
}

/// Returns the names of a set: the members that are `true`.
fn set(object: &Object, name: &str) -> Vec<String> {
    let members = object.get(name).and_then(Value::as_object).into_iter().flatten();
    members.filter(|(_, value)| **value == Value::Bool(true)).map(|(name, _)| name.clone()).collect()
}

fn is_true(object: &Object, name: &str) -> bool {
    object.get(name) == Some(&Value::Bool(true))
}

/// Takes a list of labels and values away.
fn pairs(card: &mut Object, name: &str) -> Option<Vec<Labelled>> {
    let Some(Value::Array(items)) = card.remove(&own(name)) else { return None };
    let objects = items.iter().filter_map(Value::as_object);
    Some(objects.map(|item| Labelled { label: text(item, "label"), value: text(item, "value") }).collect())
}

fn contact_of(mut card: Object, line: usize, options: &Options) -> Result<Imported<Contact>, BadRecord> {
    let kind = text(&card, "@type");
    if !kind.is_empty() && kind != "Card" {
        return Err(BadRecord::new(line, text(&card, "uid"), Reason::AnotherKind));
    }
    let mut contact =
        Contact { uid: text(&card, "uid"), private: is_true(&card, &own("private")), ..Contact::default() };
    for known in ["@type", "version", "uid", &own("private")] {
        card.remove(known);
    }
    if let Some(Value::Object(name)) = card.remove("name") {
        contact.name = name_of(&name);
    }
    let nicknames = entries(&mut card, "nicknames").into_iter().map(|(_, n)| text(&n, "name"));
    contact.nicknames = keyed(nicknames.filter(|name| !name.is_empty()).map(|name| (text_key(&name), name)));
    organizations(&mut card, &mut contact);
    channels(&mut card, &mut contact, options);
    days(&mut card, &mut contact);
    let related = entries(&mut card, "relatedTo");
    let related = related.into_iter().flat_map(|(value, object)| {
        let kinds = set(&object, "relation");
        let kinds = if kinds.is_empty() { vec![String::new()] } else { kinds };
        kinds.into_iter().map(move |label| Labelled { label, value: value.clone() })
    });
    let relations = pairs(&mut card, "relations").unwrap_or_else(|| related.collect());
    contact.relations =
        keyed(relations.into_iter().map(|item| (relation_key(&item.label, &item.value), item)));
    let notes: Vec<String> = entries(&mut card, "notes").iter().map(|(_, note)| text(note, "note")).collect();
    contact.notes = notes.join("\n");
    let groups = set(&card, "keywords");
    card.remove("keywords");
    contact.groups = keyed(groups.into_iter().map(|name| (text_key(&name), name)));
    let custom = pairs(&mut card, "customFields").unwrap_or_default();
    contact.custom = keyed(custom.into_iter().map(|item| (text_key(&item.label), item)));
    photo(&mut card, &mut contact);
    if validate(&contact).contains(&Problem::Empty) {
        return Err(BadRecord::new(line, contact.uid, Reason::Empty));
    }
    Ok(Imported { record: contact, unknown: left_over(card), line })
}

fn name_of(object: &Object) -> Name {
    let mut name = Name { particle: text(object, &own("particle")), ..Name::default() };
    let components = object.get("components").and_then(Value::as_array).into_iter().flatten();
    for component in components.filter_map(Value::as_object) {
        let place = match text(component, "kind").as_str() {
            "title" => &mut name.prefix,
            "given" => {
                name.phonetic_given.push_str(&text(component, "phonetic"));
                &mut name.given
            }
            "given2" => &mut name.middle,
            "surname" | "surname2" => {
                name.phonetic_surname.push_str(&text(component, "phonetic"));
                &mut name.surname
            }
            "generation" | "credential" => &mut name.suffix,
            _ => continue,
        };
        let value = text(component, "value");
        let between = if place.is_empty() || value.is_empty() { "" } else { " " };
        *place = format!("{place}{between}{value}");
    }
    if !name.particle.is_empty() {
        name.surname = without_particle(&name.particle, &name.surname).to_owned();
    }
    let full = text(object, "full");
    name.full = if name.has_parts() && full == name.display() { String::new() } else { full };
    name
}

fn organizations(card: &mut Object, contact: &mut Contact) {
    let titles: Vec<(String, String)> = entries(card, "titles")
        .iter()
        .map(|(_, title)| (text(title, "organizationId"), text(title, "name")))
        .collect();
    let title_of = |id: &str| titles.iter().find(|(known, _)| known == id).map(|(_, title)| title.clone());
    let mut others = Vec::new();
    let mut has_main = false;
    for (id, object) in entries(card, "organizations") {
        let units = object.get("units").and_then(Value::as_array).into_iter().flatten();
        let units: Vec<String> = units.filter_map(Value::as_object).map(|unit| text(unit, "name")).collect();
        let found = Organization {
            name: text(&object, "name"),
            title: title_of(&id).unwrap_or_default(),
            department: units.join(", "),
        };
        if has_main || is_true(&object, &own("other")) {
            others.push((text_key(&found.name), found));
        } else {
            has_main = true;
            contact.organization = found;
        }
    }
    if contact.organization.title.is_empty() {
        contact.organization.title = title_of("").unwrap_or_default();
    }
    contact.other_organizations = keyed(others);
}

/// Reads the label of a value: its own, or by its contexts and features.
fn label(object: &Object) -> String {
    for name in ["label", &own("label")] {
        if let Some(label) = object.get(name).and_then(Value::as_str) {
            return label.to_owned();
        }
    }
    let mut types = set(object, "contexts");
    types.extend(set(object, "features"));
    let types: Vec<String> = types
        .into_iter()
        .map(|known| match known.as_str() {
            "private" => "home".to_owned(),
            "main-number" => "main".to_owned(),
            _ => known,
        })
        .collect();
    label_of(&types)
}

fn preferred(object: &Object) -> bool {
    object.get("pref").is_some_and(Value::is_number)
}

fn channels(card: &mut Object, contact: &mut Contact, options: &Options) {
    let emails = entries(card, "emails").into_iter().map(|(_, object)| {
        let email =
            Email { address: text(&object, "address"), label: label(&object), preferred: preferred(&object) };
        (email_key(&email.address), email)
    });
    contact.emails = keyed(emails.filter(|(key, _)| !key.is_empty()));
    let region = options.region.as_deref();
    let phones = entries(card, "phones").into_iter().map(|(_, object)| {
        let number = text(&object, "number");
        let number = number.strip_prefix("tel:").unwrap_or(&number).to_owned();
        let phone = Phone { number, label: label(&object), preferred: preferred(&object) };
        (phone_key(&phone.number, region), phone)
    });
    contact.phones = keyed(phones.filter(|(key, _)| !key.is_empty()));
    let ims = entries(card, "onlineServices").into_iter().map(|(_, object)| {
        let uri = text(&object, "uri");
        let (scheme, rest) = uri.split_once(':').unwrap_or(("", &uri));
        let user = text(&object, "user");
        let service = text(&object, "service").to_lowercase();
        let service = if service.is_empty() { scheme.to_lowercase() } else { service };
        let im = Im {
            service,
            handle: if user.is_empty() { rest.to_owned() } else { user },
            label: label(&object),
        };
        (im_key(&im.service, &im.handle), im)
    });
    contact.ims = keyed(ims.filter(|(_, im)| !im.handle.is_empty()));
    let urls = entries(card, "links").into_iter().map(|(_, object)| {
        let url = Labelled { label: label(&object), value: text(&object, "uri") };
        (url_key(&url.value), url)
    });
    contact.urls = keyed(urls.filter(|(key, _)| !key.is_empty()));
    let addresses = entries(card, "addresses").into_iter().map(|(_, object)| address_of(&object));
    contact.addresses = keyed(addresses.map(|address| (address_key(&address.label), address)));
}

fn address_of(object: &Object) -> Address {
    let code = text(object, "countryCode").to_ascii_uppercase();
    let mut address = Address {
        label: label(object),
        preferred: preferred(object),
        country_code: if code.len() == 2 { code } else { String::new() },
        ..Address::default()
    };
    let components = object.get("components").and_then(Value::as_array).into_iter().flatten();
    for component in components.filter_map(Value::as_object) {
        let value = text(component, "value");
        let (place, between) = match text(component, "kind").as_str() {
            "number" | "name" | "block" | "direction" => (&mut address.street, " "),
            "building" | "floor" | "room" | "apartment" | "landmark" => (&mut address.extended, ", "),
            "postOfficeBox" => (&mut address.po_box, " "),
            "postcode" => (&mut address.postcode, " "),
            "locality" => (&mut address.city, " "),
            "region" => (&mut address.region, " "),
            "country" => (&mut address.country, " "),
            _ => continue,
        };
        let between = if place.is_empty() { "" } else { between };
        *place = format!("{place}{between}{value}");
    }
    let bare =
        [&address.street, &address.city, &address.postcode, &address.country].iter().all(|t| t.is_empty());
    if bare && address.street.is_empty() {
        address.street = text(object, "full");
    }
    address
}

fn date_of(object: &Object) -> Option<PartialDate> {
    let date = object.get("date")?;
    if let Some(text) = date.as_str().or_else(|| date.get("utc").and_then(Value::as_str)) {
        return partial_date(text);
    }
    let number = |name: &str| date.get(name).and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
    let year = number("year").and_then(|year| i32::try_from(year).ok());
    PartialDate::new(year, number("month"), number("day")).ok()
}

fn days(card: &mut Object, contact: &mut Contact) {
    let mut dates = Vec::new();
    for (_, object) in entries(card, "anniversaries") {
        let Some(date) = date_of(&object) else { continue };
        match text(&object, "kind").as_str() {
            "birth" if contact.birthday.is_none() => contact.birthday = Some(date),
            "wedding" if contact.anniversary.is_none() => contact.anniversary = Some(date),
            kind => {
                let named = object.get(&own("label")).and_then(Value::as_str);
                dates.push(LabelledDate { label: named.unwrap_or(kind).to_owned(), date });
            }
        }
    }
    contact.dates = keyed(dates.into_iter().map(|date| (text_key(&date.label), date)));
}

/// Takes a picture that is somewhere; one that is in the file is left over.
fn photo(card: &mut Object, contact: &mut Contact) {
    let Some(Value::Object(media)) = card.get("media") else { return };
    let found = media.iter().find_map(|(id, item)| {
        let uri = item.get("uri")?.as_str().filter(|uri| !uri.starts_with("data:"))?;
        (item.get("kind")? == "photo").then(|| (id.clone(), uri.to_owned()))
    });
    let Some((id, uri)) = found else { return };
    contact.photo = uri;
    if let Some(Value::Object(media)) = card.get_mut("media") {
        media.remove(&id);
        if media.is_empty() {
            card.remove("media");
        }
    }
}

/// Writes a card.
pub(crate) fn card_of(contact: &Contact, unknown: &[String]) -> Object {
    let mut card = Object::new();
    card.insert("@type".into(), "Card".into());
    card.insert("version".into(), "1.0".into());
    put_text(&mut card, "uid", &contact.uid);
    put(&mut card, "name", Value::Object(name_object(&contact.name)));
    numbered(&mut card, "nicknames", contact.nicknames.values().map(|name| object(json!({ "name": name }))));
    put_organizations(&mut card, contact);
    put_channels(&mut card, contact);
    let birth = contact.birthday.map(|date| object(json!({ "kind": "birth", "date": date_object(date) })));
    let wedding =
        contact.anniversary.map(|date| object(json!({ "kind": "wedding", "date": date_object(date) })));
    let dates = contact.dates.values().map(|item| {
        let mut object = object(json!({ "kind": own("date"), "date": date_object(item.date) }));
        object.insert(own("label"), item.label.as_str().into());
        object
    });
    numbered(&mut card, "anniversaries", birth.into_iter().chain(wedding).chain(dates));
    let mut related = Object::new();
    for item in contact.relations.values() {
        let entry = related.entry(item.value.clone()).or_insert_with(|| json!({ "relation": {} }));
        if !item.label.is_empty() {
            entry["relation"][item.label.as_str()] = true.into();
        }
    }
    put(&mut card, "relatedTo", Value::Object(related));
    put(&mut card, &own("relations"), labelled_list(contact.relations.values()));
    if !contact.notes.is_empty() {
        numbered(&mut card, "notes", std::iter::once(object(json!({ "note": contact.notes }))));
    }
    let groups = contact.groups.values().map(|name| (name.clone(), Value::Bool(true)));
    put(&mut card, "keywords", Value::Object(groups.collect()));
    put(&mut card, &own("customFields"), labelled_list(contact.custom.values()));
    if !contact.photo.is_empty() {
        let photo = object(json!({ "@type": "Media", "kind": "photo", "uri": contact.photo }));
        numbered(&mut card, "media", std::iter::once(photo));
    }
    if contact.private {
        card.insert(own("private"), true.into());
    }
    add_unknown(&mut card, unknown);
    card
}

fn object(value: Value) -> Object {
    match value {
        Value::Object(object) => object,
        _ => Object::new(),
    }
}

fn put(card: &mut Object, name: &str, value: Value) {
    if !passerelle_ports::is_empty(&value) {
        card.insert(name.to_owned(), value);
    }
}

fn put_text(card: &mut Object, name: &str, text: &str) {
    put(card, name, text.into());
}

/// Puts objects under ids that keep their order.
fn numbered(card: &mut Object, name: &str, objects: impl Iterator<Item = Object>) {
    let map: Object = objects.enumerate().map(|(n, object)| (format!("i{n:03}"), object.into())).collect();
    put(card, name, Value::Object(map));
}

fn labelled_list<'a>(items: impl Iterator<Item = &'a Labelled>) -> Value {
    items.map(|item| json!({ "label": item.label, "value": item.value })).collect()
}

fn name_object(name: &Name) -> Object {
    let surname = with_particle(&name.particle, &name.surname);
    let parts = [
        ("title", &name.prefix, ""),
        ("given", &name.given, name.phonetic_given.as_str()),
        ("given2", &name.middle, ""),
        ("surname", &surname, name.phonetic_surname.as_str()),
        ("generation", &name.suffix, ""),
    ];
    let present = parts.iter().filter(|(_, value, phonetic)| !value.is_empty() || !phonetic.is_empty());
    let components: Vec<Value> = present
        .map(|(kind, value, phonetic)| {
            let mut component = object(json!({ "kind": kind, "value": value }));
            put_text(&mut component, "phonetic", phonetic);
            component.into()
        })
        .collect();
    let mut object = Object::new();
    put(&mut object, "components", components.into());
    put_text(&mut object, "full", &name.full);
    put_text(&mut object, &own("particle"), &name.particle);
    object
}

fn put_organizations(card: &mut Object, contact: &Contact) {
    let (mut organizations, mut titles) = (Object::new(), Object::new());
    let main = std::iter::once((false, &contact.organization));
    let others = contact.other_organizations.values().map(|other| (true, other));
    for (n, (other, organization)) in main.chain(others).enumerate() {
        let id = format!("i{n:03}");
        let bare = organization.name.is_empty() && organization.department.is_empty() && !other;
        if !bare {
            let mut written = object(json!({ "name": organization.name }));
            if !organization.department.is_empty() {
                written.insert("units".into(), json!([{ "name": organization.department }]));
            }
            if other {
                written.insert(own("other"), true.into());
            }
            organizations.insert(id.clone(), written.into());
        }
        if !organization.title.is_empty() {
            let mut title = object(json!({ "name": organization.title }));
            put_text(&mut title, "organizationId", if bare { "" } else { &id });
            titles.insert(id, title.into());
        }
    }
    put(card, "organizations", organizations.into());
    put(card, "titles", titles.into());
}

/// Writes a label: as contexts and features where there are such, else in words.
fn put_label(object: &mut Object, label: &str, name: &str) {
    let Some(types) = types_of(label) else {
        return put_text(object, name, label);
    };
    for known in types {
        let (member, word) = match *known {
            "work" => ("contexts", "work"),
            "home" => ("contexts", "private"),
            "cell" => ("features", "mobile"),
            "main" => ("features", "main-number"),
            other => ("features", other),
        };
        let set = object.entry(member).or_insert_with(|| json!({}));
        set[word] = true.into();
    }
}

fn put_channels(card: &mut Object, contact: &Contact) {
    let finish = |value: Value, label: &str, preferred: bool| {
        let mut object = object(value);
        put_label(&mut object, label, "label");
        if preferred {
            object.insert("pref".into(), 1.into());
        }
        object
    };
    let emails =
        contact.emails.values().map(|e| finish(json!({ "address": e.address }), &e.label, e.preferred));
    numbered(card, "emails", emails);
    let phones =
        contact.phones.values().map(|p| finish(json!({ "number": p.number }), &p.label, p.preferred));
    numbered(card, "phones", phones);
    let ims = contact.ims.values();
    let ims = ims.map(|im| finish(json!({ "service": im.service, "user": im.handle }), &im.label, false));
    numbered(card, "onlineServices", ims);
    let urls = contact.urls.values().map(|url| finish(json!({ "uri": url.value }), &url.label, false));
    numbered(card, "links", urls);
    let addresses = contact.addresses.values().map(|address| {
        let parts = [
            ("name", &address.street),
            ("building", &address.extended),
            ("postOfficeBox", &address.po_box),
            ("locality", &address.city),
            ("region", &address.region),
            ("postcode", &address.postcode),
            ("country", &address.country),
        ];
        let present = parts.iter().filter(|(_, value)| !value.is_empty());
        let components: Vec<Value> =
            present.map(|(kind, value)| json!({ "kind": kind, "value": value })).collect();
        let mut written = finish(json!({}), "", address.preferred);
        put_label(&mut written, &address.label, &own("label"));
        put(&mut written, "components", components.into());
        put_text(&mut written, "countryCode", &address.country_code);
        written
    });
    numbered(card, "addresses", addresses);
}

fn date_object(date: PartialDate) -> Value {
    let mut object = object(json!({ "@type": "PartialDate" }));
    put(&mut object, "year", json!(date.year));
    put(&mut object, "month", json!(date.month));
    put(&mut object, "day", json!(date.day));
    object.into()
}
