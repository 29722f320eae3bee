//! Labels as vCard spells them: TYPE values for what it knows, `X-ABLabel` for the rest.

/// The labels that a combination of types stands for; the longest combination first.
const TYPES: [(&str, &[&str]); 10] = [
    ("work_fax", &["work", "fax"]),
    ("home_fax", &["home", "fax"]),
    ("work_mobile", &["work", "cell"]),
    ("work_pager", &["work", "pager"]),
    ("other_fax", &["fax"]),
    ("mobile", &["cell"]),
    ("pager", &["pager"]),
    ("main", &["main"]),
    ("work", &["work"]),
    ("home", &["home"]),
];

/// Types that say nothing about where a value belongs.
const SILENT: [&str; 21] = [
    "internet",
    "pref",
    "voice",
    "msg",
    "text",
    "x400",
    "dom",
    "intl",
    "postal",
    "parcel",
    "video",
    "bbs",
    "modem",
    "car",
    "isdn",
    "pcs",
    "textphone",
    "uri",
    "",
    "x-internet",
    "preferred",
];

/// Returns the types of a label, or nothing if it has to be written out.
pub(crate) fn types_of(label: &str) -> Option<&'static [&'static str]> {
    TYPES.iter().find(|(known, _)| *known == label).map(|(_, types)| *types)
}

/// Returns the label that types stand for.
pub(crate) fn label_of(types: &[String]) -> String {
    let has = |wanted: &&str| {
        types.iter().any(|known| {
            let known = known.to_lowercase();
            parts_of(&known).contains(wanted)
                || known == **wanted
                || (*wanted == "cell" && matches!(known.as_str(), "mobile" | "iphone"))
        })
    };
    if let Some((label, _)) = TYPES.iter().find(|(_, wanted)| wanted.iter().all(has)) {
        return (*label).to_owned();
    }
    let other = types.iter().find(|known| !SILENT.contains(&known.to_lowercase().as_str()));
    other.map(|label| custom_label(label)).unwrap_or_default()
}

/// Types that are two in one word.
fn parts_of(known: &str) -> &'static [&'static str] {
    match known {
        "homefax" => &["home", "fax"],
        "workfax" => &["work", "fax"],
        _ => &[],
    }
}

/// Returns a type of somebody's own making as a label: as typed, but not in capitals only.
fn custom_label(typed: &str) -> String {
    let label = typed.strip_prefix("X-").or_else(|| typed.strip_prefix("x-")).unwrap_or(typed);
    if label.chars().any(char::is_lowercase) { label.to_owned() } else { label.to_lowercase() }
}

/// Types that every program writes, and that say nothing: not worth keeping.
const USUAL: [&str; 9] =
    ["", "internet", "x-internet", "voice", "postal", "parcel", "intl", "pref", "preferred"];

/// Returns the types that a label does not say.
pub(crate) fn beyond(values: &[String], label: &str, preferred: bool) -> Vec<String> {
    let said = types_of(label).unwrap_or_default();
    let is_said = |typed: &str| {
        let known = typed.to_lowercase();
        let parts = parts_of(&known);
        let of_label = said.contains(&known.as_str())
            || (!parts.is_empty() && parts.iter().all(|part| said.contains(part)))
            || (known == "mobile" && said.contains(&"cell"));
        let is_pref = matches!(known.as_str(), "pref" | "preferred");
        of_label
            || (is_pref && preferred)
            || (!is_pref && USUAL.contains(&known.as_str()))
            || custom_label(typed) == label
    };
    let all = values.iter().flat_map(|value| value.split(',')).map(str::trim);
    all.filter(|typed| !is_said(typed)).map(str::to_owned).collect()
}

/// Reads an `X-ABLabel`: `_$!<HomeFAX>!$_` is one of Apple's own.
pub(crate) fn label_of_apple(text: &str) -> String {
    match text.strip_prefix("_$!<").and_then(|text| text.strip_suffix(">!$_")) {
        Some("HomeFAX") => "home_fax".to_owned(),
        Some("WorkFAX") => "work_fax".to_owned(),
        Some("OtherFAX") => "other_fax".to_owned(),
        Some("HomePage") => "home_page".to_owned(),
        Some(known) => known.to_lowercase(),
        None => text.to_owned(),
    }
}

/// Writes an `X-ABLabel`.
pub(crate) fn apple_of_label(label: &str) -> String {
    match label {
        "other" => "_$!<Other>!$_".to_owned(),
        "home_page" => "_$!<HomePage>!$_".to_owned(),
        label => label.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_label_is_read_as_it_is_written() {
        for (label, types) in TYPES {
            let types: Vec<String> = types.iter().map(|known| (*known).to_owned()).collect();
            assert_eq!(label_of(&types), label);
        }
        for label in ["other", "home_page", "Résidence"] {
            assert_eq!(label_of_apple(&apple_of_label(label)), label);
        }
        assert_eq!(label_of_apple("_$!<HomeFAX>!$_"), "home_fax");
        assert_eq!(label_of(&["voice".to_owned(), "x-assistant".to_owned()]), "assistant");
        assert_eq!(label_of(&["home".to_owned(), "cell".to_owned()]), "mobile");
        assert_eq!(label_of(&["homefax".to_owned()]), "home_fax");
        assert!(beyond(&["homefax".to_owned()], "home_fax", false).is_empty());
        assert_eq!(beyond(&["homefax".to_owned()], "home", false), ["homefax"]);
    }
}
