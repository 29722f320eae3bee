//! How a contact is called in lists and how it is sorted.

use deunicode::deunicode;

use crate::{Contact, Name, Organization, normal_line};

impl Name {
    /// Returns the name as it is written on an envelope; the whole name where no parts are known.
    #[must_use]
    pub fn display(&self) -> String {
        let surname = joined(&self.particle, &self.surname);
        let parts = [&self.prefix, &self.given, &self.middle, &surname, &self.suffix];
        match words(parts.into_iter().map(String::as_str)) {
            name if name.is_empty() => normal_line(&self.full),
            name => name,
        }
    }

    /// Tells whether any of the parts is known.
    #[must_use]
    pub fn has_parts(&self) -> bool {
        [&self.prefix, &self.given, &self.middle, &self.particle, &self.surname, &self.suffix]
            .iter()
            .any(|part| !part.trim().is_empty())
    }
}

impl Organization {
    /// Tells whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Organization::default()
    }
}

impl Contact {
    /// Returns what the contact is called: the name, else the organisation, else a nickname, an
    /// address or a number. Empty only for a contact that holds none of these.
    #[must_use]
    pub fn display_name(&self) -> String {
        [self.name.display(), normal_line(&self.organization.name)]
            .into_iter()
            .chain(self.nicknames.values().map(|name| normal_line(name)))
            .chain(self.emails.values().map(|email| normal_line(&email.address)))
            .chain(self.phones.values().map(|phone| normal_line(&phone.number)))
            .find(|name| !name.is_empty())
            .unwrap_or_default()
    }

    /// Returns the text to sort by: surname first, without its particle, accents or capitals.
    #[must_use]
    pub fn sort_name(&self) -> String {
        let name = &self.name;
        let parts = [&name.surname, &name.given, &name.middle].into_iter().map(String::as_str);
        let sorted = match words(parts) {
            text if text.is_empty() => self.display_name(),
            text => text,
        };
        normal_line(&deunicode(&sorted).to_lowercase())
    }
}

fn words<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    normal_line(&parts.collect::<Vec<_>>().join(" "))
}

/// Puts a particle before a surname; "d'" stands without a space.
fn joined(particle: &str, surname: &str) -> String {
    let particle = particle.trim();
    if particle.ends_with(['\'', '’', '-']) {
        format!("{particle}{}", surname.trim_start())
    } else {
        format!("{particle} {surname}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(parts: [&str; 6]) -> Contact {
        let [prefix, given, middle, particle, surname, suffix] = parts.map(str::to_owned);
        let name = Name { prefix, given, middle, particle, surname, suffix, ..Name::default() };
        Contact { name, ..Contact::default() }
    }

    #[test]
    fn a_name_is_written_in_its_order() {
        for (parts, display, sort) in [
            (["Dr", "Anne", "Marie", "", "Dupont", "Jr"], "Dr Anne Marie Dupont Jr", "dupont anne marie"),
            (["", "Jean", "", "d'", "Ormesson", ""], "Jean d'Ormesson", "ormesson jean"),
            (["", "Ludwig", "", "van", "Beethoven", ""], "Ludwig van Beethoven", "beethoven ludwig"),
            (["", " Łukasz ", "", "", "Żak", ""], "Łukasz Żak", "zak lukasz"),
        ] {
            let contact = named(parts);
            assert_eq!((contact.display_name().as_str(), contact.sort_name().as_str()), (display, sort));
        }
    }

    #[test]
    fn a_contact_without_a_name_is_called_by_what_it_has() {
        let mut contact = Contact::default();
        assert_eq!(contact.display_name(), "");
        contact.phones.insert("+33".into(), crate::Phone { number: "+33".into(), ..Default::default() });
        assert_eq!(contact.display_name(), "+33");
        contact.organization.name = "Boulangerie  Martin".into();
        assert_eq!(contact.display_name(), "Boulangerie Martin");
        contact.name.full = "Anne Dupont".into();
        assert_eq!(contact.display_name(), "Anne Dupont");
    }
}
