//! Field masks: which paths may be read, written, and asked of a group.
//!
//! A mask is a set: its order and repeats do not matter, only its paths (P30 to P34).

use crate::api::ApiResponse;

/// Paths that may be read (P30); `fileAses` is in no list (P32).
pub(super) const READABLE: [&str; 29] = [
    "addresses",
    "ageRanges",
    "biographies",
    "birthdays",
    "calendarUrls",
    "clientData",
    "coverPhotos",
    "emailAddresses",
    "events",
    "externalIds",
    "genders",
    "imClients",
    "interests",
    "locales",
    "locations",
    "memberships",
    "metadata",
    "miscKeywords",
    "names",
    "nicknames",
    "occupations",
    "organizations",
    "phoneNumbers",
    "photos",
    "relations",
    "sipAddresses",
    "skills",
    "urls",
    "userDefined",
];

/// Paths that a client may write, besides `memberships` (P31).
pub(super) const STORED: [&str; 23] = [
    "addresses",
    "biographies",
    "birthdays",
    "calendarUrls",
    "clientData",
    "emailAddresses",
    "events",
    "externalIds",
    "genders",
    "imClients",
    "interests",
    "locales",
    "locations",
    "miscKeywords",
    "names",
    "nicknames",
    "occupations",
    "organizations",
    "phoneNumbers",
    "relations",
    "sipAddresses",
    "urls",
    "userDefined",
];

/// Fields of which a contact holds one value at most (P40).
pub(super) const SINGLETONS: [&str; 4] = ["biographies", "birthdays", "genders", "names"];

const READ_ONLY: [&str; 5] = ["ageRanges", "coverPhotos", "metadata", "photos", "skills"];

const GROUP: [&str; 5] = ["clientData", "groupType", "memberCount", "metadata", "name"];

/// Where a mask was given; decides the words of its errors and its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MaskKind {
    PersonFields,
    UpdatePersonFields,
    ReadMask,
    UpdateMask,
    GroupFields,
    UpdateGroupFields,
}

impl MaskKind {
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::PersonFields => ("personFields", "person_fields"),
            Self::UpdatePersonFields => ("updatePersonFields", "update_person_fields"),
            Self::ReadMask => ("readMask", "read_mask"),
            Self::UpdateMask => ("updateMask", "update_mask"),
            Self::GroupFields => ("groupFields", "group_fields"),
            Self::UpdateGroupFields => ("updateGroupFields", "update_group_fields"),
        }
    }

    fn allowed(self, path: &str) -> Option<&'static str> {
        let list: &'static [&'static str] = match self {
            Self::GroupFields => &GROUP,
            Self::UpdateGroupFields => &["clientData", "name"],
            _ => &READABLE,
        };
        let found = list.iter().copied().find(|known| *known == path)?;
        let writing = matches!(self, Self::UpdatePersonFields | Self::UpdateMask);
        (!writing || !READ_ONLY.contains(&found)).then_some(found)
    }

    /// Refuses a call that left this mask out (P10, P22).
    pub(super) fn required(self) -> ApiResponse {
        ApiResponse::error_file("people-400-personFields-required").replacing("personFields", self.words().0)
    }

    fn refused(self, path: &str) -> ApiResponse {
        let (camel, snake) = self.words();
        ApiResponse::error_file("people-400-invalid-mask")
            .replacing("personFields", camel)
            .replacing("person_fields", snake)
            .replacing("nope", path)
    }
}

/// A set of paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mask(Vec<&'static str>);

impl Mask {
    /// Reads a comma-separated mask; `None` when it is absent or empty.
    pub(super) fn parse(kind: MaskKind, text: Option<&str>) -> Result<Option<Self>, ApiResponse> {
        let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
            return Ok(None);
        };
        let mut paths = Vec::new();
        for path in text.split(',').map(str::trim) {
            paths.push(kind.allowed(path).ok_or_else(|| kind.refused(path))?);
        }
        paths.sort_unstable();
        paths.dedup();
        Ok(Some(Self(paths)))
    }

    /// Reads a mask that must be there.
    pub(super) fn need(kind: MaskKind, text: Option<&str>) -> Result<Self, ApiResponse> {
        Self::parse(kind, text)?.ok_or_else(|| kind.required())
    }

    /// Reads the deprecated `requestMask.includeField` (`person.names,person.photos`).
    pub(super) fn legacy(text: Option<&str>) -> Result<Option<Self>, ApiResponse> {
        let stripped = text.map(|text| {
            text.split(',')
                .map(|path| path.trim().trim_start_matches("person."))
                .collect::<Vec<_>>()
                .join(",")
        });
        Self::parse(MaskKind::PersonFields, stripped.as_deref())
    }

    /// Returns the mask of every readable field.
    pub(super) fn all() -> Self {
        Self(READABLE.to_vec())
    }

    /// Returns a mask of known group fields.
    pub(super) fn of_group(paths: &[&'static str]) -> Self {
        Self(paths.to_vec())
    }

    /// Tells whether a path is in the set.
    pub(super) fn has(&self, path: &str) -> bool {
        self.0.contains(&path)
    }

    /// Returns the paths in alphabetical order.
    pub(super) fn paths(&self) -> &[&'static str] {
        &self.0
    }

    /// Returns the numbers of the paths, for the etag of a person (P61).
    pub(super) fn numbers(&self) -> Vec<u8> {
        READABLE.iter().zip(1u8..).filter(|(path, _)| self.has(path)).map(|(_, number)| number).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p30_every_documented_path_is_readable_and_fileases_is_not() {
        for path in READABLE {
            assert!(Mask::need(MaskKind::PersonFields, Some(path)).is_ok(), "{path}");
        }
        let refused = Mask::need(MaskKind::PersonFields, Some("names,fileAses")).unwrap_err();
        assert_eq!(refused.status, 400, "P32");
    }

    #[test]
    fn p31_read_only_paths_cannot_be_updated() {
        for path in READ_ONLY {
            assert!(Mask::need(MaskKind::UpdatePersonFields, Some(path)).is_err(), "{path}");
        }
        for path in STORED {
            assert!(Mask::need(MaskKind::UpdatePersonFields, Some(path)).is_ok(), "{path}");
        }
    }

    #[test]
    fn p34_an_unknown_path_names_the_field_in_a_violation() {
        let body = Mask::need(MaskKind::UpdateMask, Some("names,names.givenName")).unwrap_err().body.unwrap();
        let violation = &body["error"]["details"][0]["fieldViolations"][0];
        assert_eq!(violation["field"], "update_mask");
        let text = violation["description"].as_str().unwrap();
        assert!(text.contains("\"names.givenName\""), "{text}");
    }

    #[test]
    fn p22_a_missing_mask_is_refused_in_its_own_name() {
        for text in [None, Some(""), Some(" ")] {
            let body = Mask::need(MaskKind::ReadMask, text).unwrap_err().body.unwrap();
            let message = body["error"]["message"].as_str().unwrap();
            assert!(message.starts_with("readMask mask is required"), "{message}");
        }
    }

    #[test]
    fn a_mask_is_a_set() {
        let one = Mask::need(MaskKind::PersonFields, Some("names, emailAddresses,names"));
        let other = Mask::need(MaskKind::PersonFields, Some("emailAddresses,names"));
        assert_eq!(one.unwrap(), other.unwrap());
        let old = Mask::legacy(Some("person.names,person.photos")).unwrap().unwrap();
        assert_eq!(old.paths(), ["names", "photos"]);
    }
}
