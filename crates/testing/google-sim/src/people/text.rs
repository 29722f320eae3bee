//! The members of an item that the server writes: display names, labels, E.164, address blocks.

use serde_json::Value;

use super::region::Region;

/// Adds what Google computes to one stored item of a field.
pub(super) fn completed(field: &str, mut item: Value, region: &Region) -> Value {
    if let Some(label) = item["type"].as_str().map(|kind| region.label(kind))
        && labelled(field)
    {
        item["formattedType"] = Value::from(label);
    }
    match field {
        "names" => complete_name(&mut item, region),
        "phoneNumbers" => complete_phone(&mut item, region),
        "addresses" => complete_address(&mut item),
        "genders" => complete_gender(&mut item, region),
        "imClients" => complete_protocol(&mut item, region),
        _ => {}
    }
    item
}

fn labelled(field: &str) -> bool {
    !matches!(field, "nicknames" | "locations" | "biographies")
}

fn member<'a>(item: &'a Value, name: &str) -> &'a str {
    item[name].as_str().map_or("", str::trim)
}

fn joined(parts: &[&str], separator: &str) -> String {
    let parts: Vec<_> = parts.iter().copied().filter(|part| !part.is_empty()).collect();
    parts.join(separator)
}

const NAME_PARTS: [&str; 5] = ["honorificPrefix", "givenName", "middleName", "familyName", "honorificSuffix"];

/// Fills a name from its parts, or its parts from the free text (P65).
///
/// Where both were sent and disagree the parts win: the reference does not say.
fn complete_name(item: &mut Value, region: &Region) {
    let has_parts = NAME_PARTS.iter().any(|part| !member(item, part).is_empty());
    if !has_parts {
        split_name(item, region);
    }
    let [prefix, given, middle, family, suffix] = NAME_PARTS.map(|part| member(item, part));
    let core = if region.family_first() {
        joined(&[prefix, family, given, middle], " ")
    } else {
        joined(&[prefix, given, middle, family], " ")
    };
    let display = joined(&[&core, suffix], ", ");
    let first = joined(&[prefix, given, middle], " ");
    let last_first = joined(&[family, &first, suffix], ", ");
    if display.is_empty() {
        return;
    }
    item["displayName"] = Value::from(display.clone());
    item["displayNameLastFirst"] = Value::from(last_first);
    item["unstructuredName"] = Value::from(display);
}

fn split_name(item: &mut Value, region: &Region) {
    let whole = member(item, "unstructuredName").to_owned();
    let (given, middle, family) = if let Some((family, given)) = whole.split_once(',') {
        (given.trim().to_owned(), String::new(), family.trim().to_owned())
    } else {
        let words: Vec<_> = whole.split_whitespace().collect();
        match words.as_slice() {
            [] => return,
            [only] => ((*only).to_owned(), String::new(), String::new()),
            [family, given @ ..] if region.family_first() => {
                (given.join(" "), String::new(), (*family).to_owned())
            }
            [given, middle @ .., family] => ((*given).to_owned(), middle.join(" "), (*family).to_owned()),
        }
    };
    for (name, value) in [("givenName", given), ("middleName", middle), ("familyName", family)] {
        if !value.is_empty() {
            item[name] = Value::from(value);
        }
    }
}

fn complete_phone(item: &mut Value, region: &Region) {
    if let Some(canonical) = region.canonical_phone(member(item, "value")) {
        item["canonicalForm"] = Value::from(canonical);
    }
}

/// Builds the address block, unless a client stored its own text (P68).
fn complete_address(item: &mut Value) {
    if !member(item, "formattedValue").is_empty() {
        return;
    }
    let [street, extended, po_box, city, area, code, country, country_code] = [
        "streetAddress",
        "extendedAddress",
        "poBox",
        "city",
        "region",
        "postalCode",
        "country",
        "countryCode",
    ]
    .map(|part| member(item, part));
    let american = matches!(country_code, "US" | "CA" | "AU")
        || matches!(country, "United States" | "USA" | "Canada" | "Australia");
    let town = if american {
        joined(&[city, &joined(&[area, code], " ")], ", ")
    } else {
        joined(&[&joined(&[code, city], " "), area], "\n")
    };
    let country = if country.is_empty() { country_code } else { country };
    let block = joined(&[street, extended, po_box, &town, country], "\n");
    if !block.is_empty() {
        item["formattedValue"] = Value::from(block);
    }
}

fn complete_gender(item: &mut Value, region: &Region) {
    let label = region.label(member(item, "value"));
    if !label.is_empty() {
        item["formattedValue"] = Value::from(label);
    }
}

fn complete_protocol(item: &mut Value, region: &Region) {
    let label = region.label(member(item, "protocol"));
    if !label.is_empty() {
        item["formattedProtocol"] = Value::from(label);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn french() -> Region {
        Region { language: "fr".to_owned(), country: "FR".to_owned() }
    }

    #[test]
    fn p65_names_are_built_from_parts_and_split_from_text() {
        for (sent, display, last_first, given) in [
            (json!({"givenName": "Zoé", "familyName": "Le Gall"}), "Zoé Le Gall", "Le Gall, Zoé", "Zoé"),
            (
                json!({"honorificPrefix": "Dr", "givenName": "A", "middleName": "B",
                       "familyName": "C", "honorificSuffix": "Jr"}),
                "Dr A B C, Jr",
                "C, Dr A B, Jr",
                "A",
            ),
            (
                json!({"unstructuredName": "Ada King Lovelace"}),
                "Ada King Lovelace",
                "Lovelace, Ada King",
                "Ada",
            ),
            (json!({"unstructuredName": "Lovelace, Ada"}), "Ada Lovelace", "Lovelace, Ada", "Ada"),
            (json!({"givenName": "New", "unstructuredName": "Old"}), "New", "New", "New"),
        ] {
            let name = completed("names", sent.clone(), &french());
            assert_eq!(name["displayName"], display, "{sent}");
            assert_eq!(name["displayNameLastFirst"], last_first, "{sent}");
            assert_eq!(name["unstructuredName"], display, "{sent}");
            assert_eq!(name["givenName"], given, "{sent}");
        }
    }

    #[test]
    fn p68_an_address_block_is_built_unless_one_was_stored() {
        let parts = json!({"streetAddress": "1 rue A", "postalCode": "29000", "city": "Quimper",
                           "country": "France"});
        let built = completed("addresses", parts.clone(), &french());
        assert_eq!(built["formattedValue"], "1 rue A\n29000 Quimper\nFrance");
        let mut stale = parts;
        stale["formattedValue"] = json!("elsewhere");
        let kept = completed("addresses", stale, &french());
        assert_eq!(kept["formattedValue"], "elsewhere");
        let american = json!({"streetAddress": "1 A St", "postalCode": "94043", "city": "X",
                              "region": "CA", "countryCode": "US"});
        let built = completed("addresses", american, &french());
        assert_eq!(built["formattedValue"], "1 A St\nX, CA 94043\nUS");
    }

    #[test]
    fn p70_labels_are_added_where_google_adds_them() {
        let im =
            completed("imClients", json!({"username": "u", "protocol": "jabber", "type": "home"}), &french());
        assert_eq!(im["formattedProtocol"], "Jabber");
        assert_eq!(im["formattedType"], "Domicile");
        let nickname = completed("nicknames", json!({"value": "u", "type": "OTHER_NAME"}), &french());
        assert!(nickname.get("formattedType").is_none());
    }
}
