//! vCard 2.1, 3.0 and 4.0 as found in the wild; 3.0 and 4.0 are written.

mod labels;
mod media;
mod read;
mod rest;
mod write;

pub(crate) use labels::{label_of, types_of};
pub(crate) use read::{Cards, partial_date};
pub(crate) use write::write_card;

use passerelle_contacts::{Contact, Name};

/// Which vCard is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    V3,
    V4,
}

/// The properties of our own: what vCard has no place for.
pub(crate) mod own {
    pub(crate) const FULL: &str = "X-PASSERELLE-FULL-NAME";
    pub(crate) const PARTICLE: &str = "X-PASSERELLE-PARTICLE";
    pub(crate) const CUSTOM: &str = "X-PASSERELLE-CUSTOM";
    pub(crate) const PRIVATE: &str = "X-PASSERELLE-PRIVATE";
}

/// Returns the whole name that a card's `FN` stands for: nothing where the parts, or another member,
/// say the same already.
pub(crate) fn full_name(written: &str, contact: &Contact) -> String {
    let nameless = Contact { name: Name::default(), ..contact.clone() };
    if contact.name.has_parts() || nameless.display_name() == passerelle_contacts::normal_line(written) {
        String::new()
    } else {
        written.to_owned()
    }
}

/// Puts a particle before a surname, as one text.
pub(crate) fn with_particle(particle: &str, surname: &str) -> String {
    match particle {
        "" => surname.to_owned(),
        particle if surname.is_empty() => particle.to_owned(),
        particle if particle.ends_with(['\'', '’']) => format!("{particle}{surname}"),
        particle => format!("{particle} {surname}"),
    }
}

/// Takes a particle away from a surname.
pub(crate) fn without_particle<'a>(particle: &str, surname: &'a str) -> &'a str {
    let rest = surname.strip_prefix(particle).unwrap_or(surname);
    if particle.ends_with(['\'', '’']) { rest } else { rest.strip_prefix(' ').unwrap_or(rest) }
}
