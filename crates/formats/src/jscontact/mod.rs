//! JSContact (RFC 9553): cards as JSON. What it has no place for goes into members of our own.

mod kept;

use std::io::Read;

use passerelle_contacts::{
    Address, Contact, Email, Im, Labelled, LabelledDate, Name, Organization, PartialDate, Phone, Problem,
    address_key, email_key, im_key, keyed, phone_key, relation_key, text_key, url_key, validate,
};
use serde_json::{Map, Value, json};

use crate::{
    BadRecord, Imported, Options, Reason,
    json::{Objects, VENDOR, add_unknown, left_over, placed},
    membership::labels_of,
    text::plain_address,
    vcard::{label_of, partial_date, types_of, with_particle, without_particle},
};

use kept::{Kept, further, put_back};

type Object = Map<String, Value>;

/// Reads the cards of a file.
pub(crate) fn read(
    reader: impl Read,
    options: Options,
) -> impl Iterator<Item = Result<Imported<Contact>, BadRecord>> {
    let mut objects = Objects::new(reader);
    std::iter::from_fn(move || {
        let found = objects.next()?;
        let read = found.and_then(|(line, card)| contact_of(card, line, &options));
        Some(placed(objects.place(), read))
    })
}

fn own(name: &str) -> String {
    format!("{VENDOR}{name}")
}

fn text(object: &Object, name: &str) -> String {
    object.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Takes a map of objects away, in the order of its keys; what is no object is kept.
fn entries(card: &mut Object, name: &'static str, kept: &mut Kept) -> Vec<(String, Object)> {
    let map = match card.remove(name) {
        Some(Value::Object(map)) => map,
        Some(other) => {
            card.insert(name.to_owned(), other);
            return Vec::new();
        }
        None => return Vec::new(),
    };
    let mut objects = Vec::new();
    for (id, value) in map {
        match value {
            Value::Object(object) => objects.push((id, object)),
            other => kept.whole(name, &id, other),
        }
    }
    objects
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
    let mut kept = Kept::new(card.contains_key("localizations"));
    let mut rest = Vec::new();
    if let Some(Value::Object(name)) = card.get("name") {
        contact.name = name_of(name);
        let name = card.remove("name").unwrap_or_default();
        if !is_alike(&name, &contact.name) {
            rest.push(json!({ "name": name }).to_string());
        }
    }
    let mut nicknames = Vec::new();
    for (id, object) in entries(&mut card, "nicknames", &mut kept) {
        let name = text(&object, "name");
        kept.entry("nicknames", &id, &object, &nickname_object(&name));
        nicknames.push((text_key(&name), name));
    }
    contact.nicknames = keyed(nicknames.into_iter().filter(|(key, _)| !key.is_empty()));
    organizations(&mut card, &mut contact, &mut kept);
    channels(&mut card, &mut contact, options, &mut kept);
    days(&mut card, &mut contact, &mut kept);
    relations(&mut card, &mut contact, &mut kept);
    if let Some(Value::Object(notes)) = card.get("notes") {
        contact.notes = joined_notes(notes);
        let plain = notes.len() == 1 && notes.values().all(is_plain_note);
        let notes = card.remove("notes").unwrap_or_default();
        if !plain || kept.ids_matter {
            rest.push(json!({ "notes": notes }).to_string());
        }
    }
    let is_word = |word: &String| !word.trim().is_empty();
    let groups: Vec<String> = set(&card, "keywords").into_iter().filter(is_word).collect();
    if let Some(Value::Object(keywords)) = card.get_mut("keywords") {
        keywords.retain(|word, value| *value != Value::Bool(true) || !is_word(word));
        if keywords.is_empty() {
            card.remove("keywords");
        }
    }
    contact.groups = labels_of(groups);
    let custom = pairs(&mut card, "customFields").unwrap_or_default();
    contact.custom = keyed(custom.into_iter().map(|item| (text_key(&item.label), item)));
    photo(&mut card, &mut contact, &mut kept);
    if validate(&contact).contains(&Problem::Empty) {
        return Err(BadRecord::new(line, contact.uid, Reason::Empty));
    }
    let unknown = left_over(card).into_iter().chain(rest).chain(kept.texts()).collect();
    Ok(Imported { record: contact, unknown, line, nth: 0 })
}

/// Tells whether a name is written with no more than what was taken of it.
fn is_alike(original: &Value, name: &Name) -> bool {
    let Some(original) = original.as_object() else { return false };
    let written = name_object(name);
    let said =
        |member: &str| original.get(member).map(without_types) == written.get(member).map(without_types);
    let full = text(original, "full");
    let known = ["@type", "components", "full", "isOrdered", &own("particle")];
    original.keys().all(|member| known.contains(&member.as_str()))
        && said("components")
        && (full.is_empty() || full == name.full || full == name.display())
}

fn without_types(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(without_types).collect(),
        Value::Object(members) => {
            let rest = members.iter().filter(|(name, _)| *name != "@type");
            rest.map(|(name, value)| (name.clone(), without_types(value))).collect::<Object>().into()
        }
        other => other.clone(),
    }
}

fn is_plain_note(note: &Value) -> bool {
    note.as_object().is_some_and(|note| note.keys().all(|name| matches!(name.as_str(), "@type" | "note")))
}

/// Returns the notes of a card as one text.
fn joined_notes(notes: &Object) -> String {
    let texts = notes.values().filter_map(Value::as_object).map(|note| text(note, "note"));
    texts.collect::<Vec<_>>().join("\n")
}

/// Tells whether a relation is to another card, by its identifier, and not to a name.
fn is_card(id: &str) -> bool {
    id.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("urn:"))
}

fn relations(card: &mut Object, contact: &mut Contact, kept: &mut Kept) {
    let ours = pairs(card, "relations");
    let mut related = Vec::new();
    for (value, object) in entries(card, "relatedTo", kept) {
        let kinds = set(&object, "relation");
        let plain = object.keys().all(|name| matches!(name.as_str(), "@type" | "relation"));
        if !plain || is_card(&value) || kept.ids_matter {
            kept.whole("relatedTo", &value, object.into());
        }
        if is_card(&value) {
            continue;
        }
        let kinds = if kinds.is_empty() { vec![String::new()] } else { kinds };
        related.extend(kinds.into_iter().map(|label| Labelled { label, value: value.clone() }));
    }
    let relations = ours.unwrap_or(related);
    contact.relations =
        keyed(relations.into_iter().map(|item| (relation_key(&item.label, &item.value), item)));
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

fn organization_of(object: &Object) -> Organization {
    let units = object.get("units").and_then(Value::as_array).into_iter().flatten();
    let units: Vec<String> = units.filter_map(Value::as_object).map(|unit| text(unit, "name")).collect();
    // Blanks alone are no name.
    let said = |text: String| if text.trim().is_empty() { String::new() } else { text };
    Organization {
        name: said(text(object, "name")),
        title: String::new(),
        department: said(units.join(", ")),
    }
}

fn organizations(card: &mut Object, contact: &mut Contact, kept: &mut Kept) {
    let mut titles = entries(card, "titles", kept);
    let mut title_of = |wanted: &str, kept: &mut Kept| {
        let fits = |(_, title): &(String, Object)| {
            text(title, "organizationId") == wanted && text(title, "kind") != "role"
        };
        let (id, object) = titles.iter().position(fits).map(|at| titles.remove(at))?;
        let title = text(&object, "name");
        kept.entry("titles", &id, &object, &title_object(&title, wanted));
        Some(title)
    };
    let mut others = Vec::new();
    let mut has_main = false;
    for (id, object) in entries(card, "organizations", kept) {
        let found =
            Organization { title: title_of(&id, kept).unwrap_or_default(), ..organization_of(&object) };
        if found.title.is_empty()
            && [&found.name, &found.department].iter().all(|text| text.trim().is_empty())
        {
            // It says nothing that a contact holds.
            kept.whole("organizations", &id, object.into());
            continue;
        }
        kept.entry("organizations", &id, &object, &organization_object(&found));
        if has_main || is_true(&object, &own("other")) {
            others.push((text_key(&found.name), found));
        } else {
            has_main = true;
            contact.organization = found;
        }
    }
    if contact.organization.title.is_empty() {
        contact.organization.title = title_of("", kept).unwrap_or_default();
    }
    for (id, title) in titles {
        kept.whole("titles", &id, further(title).into());
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

/// Tells whether an entry is the preferred one: the lowest number of all is, and the last of them says nothing.
fn preferred(object: &Object, lowest: Option<u64>) -> bool {
    let pref = object.get("pref").and_then(Value::as_u64);
    pref.is_some_and(|pref| pref < 100 && Some(pref) == lowest)
}

fn lowest(entries: &[(String, Object)]) -> Option<u64> {
    entries.iter().filter_map(|(_, entry)| entry.get("pref").and_then(Value::as_u64)).min()
}

fn email_of(object: &Object) -> Email {
    let address = text(object, "address");
    Email { address: plain_address(&address).1.to_owned(), label: label(object), preferred: false }
}

fn phone_of(object: &Object) -> Phone {
    let number = text(object, "number");
    let number = number.strip_prefix("tel:").unwrap_or(&number).to_owned();
    Phone { number, label: label(object), preferred: false }
}

fn im_of(object: &Object) -> Im {
    let uri = text(object, "uri");
    let (scheme, rest) = uri.split_once(':').unwrap_or(("", &uri));
    let user = text(object, "user");
    let service = text(object, "service").to_lowercase();
    let service = if service.is_empty() { scheme.to_lowercase() } else { service };
    Im { service, handle: if user.is_empty() { rest.to_owned() } else { user }, label: label(object) }
}

fn link_of(object: &Object) -> Labelled {
    Labelled { label: label(object), value: text(object, "uri") }
}

fn channels(card: &mut Object, contact: &mut Contact, options: &Options, kept: &mut Kept) {
    let found = entries(card, "emails", kept);
    let first = lowest(&found);
    let emails = found.into_iter().map(|(id, object)| {
        let email = Email { preferred: preferred(&object, first), ..email_of(&object) };
        kept.entry("emails", &id, &object, &email_object(&email));
        (email_key(&email.address), email)
    });
    contact.emails = keyed(emails.filter(|(key, _)| !key.is_empty()));
    let region = options.region.as_deref();
    let found = entries(card, "phones", kept);
    let first = lowest(&found);
    let phones = found.into_iter().map(|(id, object)| {
        let phone = Phone { preferred: preferred(&object, first), ..phone_of(&object) };
        kept.entry("phones", &id, &object, &phone_object(&phone));
        (phone_key(&phone.number, region), phone)
    });
    contact.phones = keyed(phones.filter(|(key, _)| !key.is_empty()));
    let ims = entries(card, "onlineServices", kept).into_iter().map(|(id, object)| {
        let im = im_of(&object);
        kept.entry("onlineServices", &id, &object, &im_object(&im));
        (im_key(&im.service, &im.handle), im)
    });
    contact.ims = keyed(ims.filter(|(_, im)| !im.handle.is_empty()));
    let urls = entries(card, "links", kept).into_iter().map(|(id, object)| {
        let url = link_of(&object);
        kept.entry("links", &id, &object, &link_object(&url));
        (url_key(&url.value), url)
    });
    contact.urls = keyed(urls.filter(|(key, _)| !key.is_empty()));
    let found = entries(card, "addresses", kept);
    let first = lowest(&found);
    let addresses = found.into_iter().filter_map(|(id, object)| {
        let address = Address { preferred: preferred(&object, first), ..address_of(&object) };
        kept.entry("addresses", &id, &object, &address_object(&address));
        let a = &address;
        let parts = [&a.street, &a.extended, &a.po_box, &a.postcode, &a.city, &a.region, &a.country];
        let is_said = parts.iter().any(|part| !part.trim().is_empty()) || !address.country_code.is_empty();
        is_said.then_some(address)
    });
    contact.addresses = keyed(addresses.map(|address| (address_key(&address.label), address)));
}

fn address_of(object: &Object) -> Address {
    let code = text(object, "countryCode").to_ascii_uppercase();
    let mut address = Address {
        label: label(object),
        preferred: false,
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

fn days(card: &mut Object, contact: &mut Contact, kept: &mut Kept) {
    let mut dates = Vec::new();
    for (id, object) in entries(card, "anniversaries", kept) {
        let Some(date) = date_of(&object) else {
            kept.whole("anniversaries", &id, object.into());
            continue;
        };
        let kind = text(&object, "kind");
        match kind.as_str() {
            "birth" if contact.birthday.is_none() => contact.birthday = Some(date),
            "wedding" if contact.anniversary.is_none() => contact.anniversary = Some(date),
            kind => {
                let named = object.get(&own("label")).and_then(Value::as_str);
                dates.push(LabelledDate { label: named.unwrap_or(kind).to_owned(), date });
            }
        }
        let written = match object.get(&own("label")).and_then(Value::as_str) {
            Some(label) => day_object(&LabelledDate { label: label.to_owned(), date }),
            None => object_of(json!({ "kind": kind, "date": date_object(date) })),
        };
        kept.entry("anniversaries", &id, &object, &written);
    }
    contact.dates = keyed(dates.into_iter().map(|date| (text_key(&date.label), date)));
}

/// Takes a picture that is somewhere; one that is in the file is left over.
fn photo(card: &mut Object, contact: &mut Contact, kept: &mut Kept) {
    let Some(Value::Object(media)) = card.get_mut("media") else { return };
    let found = media.iter().find_map(|(id, item)| {
        let uri = item.get("uri")?.as_str().filter(|uri| !uri.starts_with("data:"))?;
        (item.get("kind")? == "photo").then(|| (id.clone(), uri.to_owned()))
    });
    let taken = found.map(|(id, uri)| (media.remove(&id), id, uri));
    if let Some((Some(Value::Object(item)), id, uri)) = taken {
        kept.entry("media", &id, &item, &photo_object(&uri));
        contact.photo = uri;
    }
    for (id, item) in std::mem::take(media) {
        kept.whole("media", &id, item);
    }
    card.remove("media");
}

/// Writes a card.
pub(crate) fn card_of(contact: &Contact, unknown: &[String]) -> Object {
    let mut card = Object::new();
    card.insert("@type".into(), "Card".into());
    card.insert("version".into(), "1.0".into());
    put_text(&mut card, "uid", &contact.uid);
    put(&mut card, "name", Value::Object(name_object(&contact.name)));
    numbered(&mut card, "nicknames", contact.nicknames.values().map(|name| nickname_object(name)));
    put_organizations(&mut card, contact);
    put_channels(&mut card, contact);
    let birth = contact.birthday.map(|date| object_of(json!({ "kind": "birth", "date": date_object(date) })));
    let wedding =
        contact.anniversary.map(|date| object_of(json!({ "kind": "wedding", "date": date_object(date) })));
    let dates = contact.dates.values().map(day_object);
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
        numbered(&mut card, "notes", std::iter::once(object_of(json!({ "note": contact.notes }))));
    }
    let groups = contact.groups.values().map(|name| (name.clone(), Value::Bool(true)));
    put(&mut card, "keywords", Value::Object(groups.collect()));
    put(&mut card, &own("customFields"), labelled_list(contact.custom.values()));
    if !contact.photo.is_empty() {
        numbered(&mut card, "media", std::iter::once(photo_object(&contact.photo)));
    }
    if contact.private {
        card.insert(own("private"), true.into());
    }
    let unknown = put_back(&mut card, contact, unknown);
    add_unknown(&mut card, &unknown);
    card
}

fn nickname_object(name: &str) -> Object {
    object_of(json!({ "name": name }))
}

fn photo_object(uri: &str) -> Object {
    object_of(json!({ "@type": "Media", "kind": "photo", "uri": uri }))
}

fn day_object(item: &LabelledDate) -> Object {
    if item.label == "death" {
        return object_of(json!({ "kind": "death", "date": date_object(item.date) }));
    }
    let mut object = object_of(json!({ "kind": own("date"), "date": date_object(item.date) }));
    object.insert(own("label"), item.label.as_str().into());
    object
}

fn title_object(title: &str, organization: &str) -> Object {
    let mut object = object_of(json!({ "name": title }));
    put_text(&mut object, "organizationId", organization);
    object
}

fn organization_object(organization: &Organization) -> Object {
    let mut object = object_of(json!({ "name": organization.name }));
    if !organization.department.is_empty() {
        object.insert("units".into(), json!([{ "name": organization.department }]));
    }
    object
}

fn object_of(value: Value) -> Object {
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
            let mut component = object_of(json!({ "kind": kind, "value": value }));
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
        // Among others the main one is written also where it has no name: its title is not theirs.
        let alone = !other && (contact.other_organizations.is_empty() || organization.title.is_empty());
        let bare = organization.name.is_empty() && organization.department.is_empty() && alone;
        if !bare {
            let mut written = organization_object(organization);
            if other {
                written.insert(own("other"), true.into());
            }
            organizations.insert(id.clone(), written.into());
        }
        if !organization.title.is_empty() {
            let title = title_object(&organization.title, if bare { "" } else { &id });
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

fn labelled_object(value: Value, label: &str, preferred: bool) -> Object {
    let mut object = object_of(value);
    put_label(&mut object, label, "label");
    if preferred {
        object.insert("pref".into(), 1.into());
    }
    object
}

fn email_object(email: &Email) -> Object {
    labelled_object(json!({ "address": email.address }), &email.label, email.preferred)
}

fn phone_object(phone: &Phone) -> Object {
    labelled_object(json!({ "number": phone.number }), &phone.label, phone.preferred)
}

fn im_object(im: &Im) -> Object {
    labelled_object(json!({ "service": im.service, "user": im.handle }), &im.label, false)
}

fn link_object(url: &Labelled) -> Object {
    labelled_object(json!({ "uri": url.value }), &url.label, false)
}

fn address_object(address: &Address) -> Object {
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
    let mut written = labelled_object(json!({}), "", address.preferred);
    put_label(&mut written, &address.label, &own("label"));
    put(&mut written, "components", components.into());
    put_text(&mut written, "countryCode", &address.country_code);
    written
}

fn put_channels(card: &mut Object, contact: &Contact) {
    numbered(card, "emails", contact.emails.values().map(email_object));
    numbered(card, "phones", contact.phones.values().map(phone_object));
    numbered(card, "onlineServices", contact.ims.values().map(im_object));
    numbered(card, "links", contact.urls.values().map(link_object));
    numbered(card, "addresses", contact.addresses.values().map(address_object));
}

fn date_object(date: PartialDate) -> Value {
    let mut object = object_of(json!({ "@type": "PartialDate" }));
    put(&mut object, "year", json!(date.year));
    put(&mut object, "month", json!(date.month));
    put(&mut object, "day", json!(date.day));
    object.into()
}
