//! The language and country of an account, and what Google derives from them.
//!
//! Everything here is computed at reading, never stored: two accounts may see the same contact
//! under other labels (P65 to P69).

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, Region as PhoneRegion};

use crate::api::Profile;

/// The language and country that an account is set to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Region {
    pub(super) language: String,
    pub(super) country: String,
}

impl Region {
    /// Reads the locale (`fr-CA`); without a country there, the time zone decides.
    pub(super) fn of(profile: &Profile) -> Self {
        let mut parts = profile.locale.split(['-', '_']);
        let language = parts.next().unwrap_or("en").to_lowercase();
        let country = parts
            .next_back()
            .filter(|part| part.len() == 2)
            .map(str::to_uppercase)
            .or_else(|| country_of_zone(&profile.time_zone).map(str::to_owned))
            .unwrap_or_else(|| country_of_language(&language).to_owned());
        Self { language, country }
    }

    /// Tells whether people of this language write the family name first.
    pub(super) fn family_first(&self) -> bool {
        matches!(self.language.as_str(), "ja" | "zh" | "ko" | "hu")
    }

    /// Returns the number in E.164, if it can be read in this country (P69).
    pub(super) fn canonical_phone(&self, value: &str) -> Option<String> {
        let region: PhoneRegion = self.country.parse().ok()?;
        let number = PHONE_NUMBER_UTIL.parse(value, Some(region)).ok()?;
        PHONE_NUMBER_UTIL
            .is_possible_number(&number)
            .then(|| number.format_as(PhoneNumberFormat::E164).into_owned())
    }

    /// Returns the label that the account's language shows for a type.
    pub(super) fn label(&self, kind: &str) -> String {
        let row = LABELS.iter().find(|(key, _, _)| *key == kind);
        match row {
            Some((_, _, french)) if self.language == "fr" => (*french).to_owned(),
            Some((_, english, _)) => (*english).to_owned(),
            None => kind.to_owned(),
        }
    }
}

fn country_of_zone(zone: &str) -> Option<&'static str> {
    let country = match zone {
        "Europe/Paris" => "FR",
        "Europe/Brussels" => "BE",
        "Europe/Zurich" => "CH",
        "Europe/Luxembourg" => "LU",
        "Europe/Berlin" => "DE",
        "Europe/Vienna" => "AT",
        "Europe/London" => "GB",
        "Europe/Dublin" => "IE",
        "Europe/Madrid" => "ES",
        "Europe/Lisbon" => "PT",
        "Europe/Rome" => "IT",
        "Europe/Amsterdam" => "NL",
        "Europe/Warsaw" => "PL",
        "Europe/Athens" => "GR",
        "Asia/Tokyo" => "JP",
        "Asia/Kolkata" => "IN",
        "Australia/Sydney" => "AU",
        "America/Toronto" | "America/Montreal" => "CA",
        zone if zone.starts_with("America/New_York")
            || zone.starts_with("America/Chicago")
            || zone.starts_with("America/Denver")
            || zone.starts_with("America/Los_Angeles") =>
        {
            "US"
        }
        _ => return None,
    };
    Some(country)
}

fn country_of_language(language: &str) -> &'static str {
    match language {
        "fr" => "FR",
        "de" => "DE",
        "es" => "ES",
        "it" => "IT",
        "nl" => "NL",
        "pt" => "PT",
        "pl" => "PL",
        "ja" => "JP",
        _ => "US",
    }
}

const LABELS: &[(&str, &str, &str)] = &[
    ("home", "Home", "Domicile"),
    ("work", "Work", "Professionnel"),
    ("other", "Other", "Autre"),
    ("mobile", "Mobile", "Mobile"),
    ("homeFax", "Home Fax", "Fax (domicile)"),
    ("workFax", "Work Fax", "Fax (professionnel)"),
    ("otherFax", "Other Fax", "Autre fax"),
    ("pager", "Pager", "Téléavertisseur"),
    ("workMobile", "Work Mobile", "Mobile (professionnel)"),
    ("workPager", "Work Pager", "Téléavertisseur (professionnel)"),
    ("main", "Main", "Principal"),
    ("googleVoice", "Google Voice", "Google Voice"),
    ("school", "School", "École"),
    ("anniversary", "Anniversary", "Anniversaire"),
    ("spouse", "Spouse", "Conjoint(e)"),
    ("child", "Child", "Enfant"),
    ("mother", "Mother", "Mère"),
    ("father", "Father", "Père"),
    ("parent", "Parent", "Parent"),
    ("brother", "Brother", "Frère"),
    ("sister", "Sister", "Sœur"),
    ("friend", "Friend", "Ami(e)"),
    ("relative", "Relative", "Proche"),
    ("domesticPartner", "Domestic Partner", "Concubin(e)"),
    ("manager", "Manager", "Responsable"),
    ("assistant", "Assistant", "Assistant(e)"),
    ("referredBy", "Referred By", "Recommandé par"),
    ("partner", "Partner", "Partenaire"),
    ("blog", "Blog", "Blog"),
    ("profile", "Profile", "Profil"),
    ("homePage", "Home Page", "Page d'accueil"),
    ("ftp", "FTP", "FTP"),
    ("reservations", "Reservations", "Réservations"),
    ("appInstallPage", "App Install Page", "Page d'installation"),
    ("freeBusy", "Free/Busy", "Disponible/Occupé"),
    ("account", "Account", "Compte"),
    ("customer", "Customer", "Client"),
    ("loginId", "Login ID", "Identifiant"),
    ("network", "Network", "Réseau"),
    ("organization", "Organization", "Organisation"),
    ("aim", "AIM", "AIM"),
    ("msn", "Windows Live Messenger", "Windows Live Messenger"),
    ("yahoo", "Yahoo", "Yahoo"),
    ("skype", "Skype", "Skype"),
    ("qq", "QQ", "QQ"),
    ("googleTalk", "Google Talk", "Google Talk"),
    ("icq", "ICQ", "ICQ"),
    ("jabber", "Jabber", "Jabber"),
    ("netMeeting", "NetMeeting", "NetMeeting"),
    ("male", "Male", "Homme"),
    ("female", "Female", "Femme"),
    ("unspecified", "Unspecified", "Non spécifié"),
    ("myContacts", "My Contacts", "Mes contacts"),
    ("starred", "Starred", "Favoris"),
    ("friends", "Friends", "Amis"),
    ("family", "Family", "Famille"),
    ("coworkers", "Coworkers", "Collègues"),
    ("chatBuddies", "Chat contacts", "Contacts Chat"),
    ("all", "All contacts", "Tous les contacts"),
    ("blocked", "Blocked", "Bloqués"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn region(locale: &str, zone: &str) -> Region {
        Region::of(&Profile { locale: locale.to_owned(), time_zone: zone.to_owned(), ..Profile::default() })
    }

    #[test]
    fn the_country_comes_from_the_locale_then_the_zone_then_the_language() {
        for (locale, zone, country) in [
            ("fr-CH", "Europe/Paris", "CH"),
            ("fr", "Europe/Brussels", "BE"),
            ("de", "Etc/UTC", "DE"),
            ("en", "Etc/UTC", "US"),
        ] {
            assert_eq!(region(locale, zone).country, country, "{locale} {zone}");
        }
    }

    #[test]
    fn p69_a_phone_is_read_in_the_account_country() {
        for (locale, value, expected) in [
            ("fr-FR", "01 42 68 53 00", Some("+33142685300")),
            ("fr-BE", "02 555 12 12", Some("+3225551212")),
            ("en-US", "(650) 253-0000", Some("+16502530000")),
            ("fr-FR", "+44 20 7031 3000", Some("+442070313000")),
            ("fr-FR", "poste 12", None),
            ("fr-FR", "12", None),
        ] {
            let found = region(locale, "Etc/UTC").canonical_phone(value);
            assert_eq!(found.as_deref(), expected, "{locale} {value}");
        }
    }

    #[test]
    fn p69_labels_follow_the_language_and_custom_types_stay() {
        assert_eq!(region("fr", "").label("work"), "Professionnel");
        assert_eq!(region("en", "").label("work"), "Work");
        assert_eq!(region("de", "").label("Atelier"), "Atelier");
    }
}
