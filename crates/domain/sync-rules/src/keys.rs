//! The keys of creates: the same key never makes two items.

use passerelle_ports::{CreateKey, InstallationId, ItemId, LinkId, PairId, Side};
use sha2::{Digest as _, Sha256};

use crate::digest::hex;

/// Derives the key of a create.
///
/// The first create of a link on a side is named after the link. Every later one is named after the
/// copy it replaces: the id replaced *is* the generation, and all pairs that bring the same local row
/// back compute the same key, so the local store keeps one.
///
/// The key has forty lower-case hexadecimal digits: short enough for any provider, and all of them
/// valid in the base32hex ids of calendars.
#[must_use]
pub fn create_key(
    installation: &InstallationId,
    pair: &PairId,
    link: LinkId,
    side: Side,
    replaces: Option<&ItemId>,
) -> CreateKey {
    let text = match replaces {
        None => format!("first\0{}\0{}\0{}\0{}", installation, pair, link, side.as_str()),
        // Local rows are shared by all pairs; the items of a remote collection are its own.
        Some(item) if side == Side::Local => {
            format!("next\0{installation}\0local\0{item}")
        }
        Some(item) => format!("next\0{installation}\0{pair}\0{}\0{item}", side.as_str()),
    };
    let digest = Sha256::digest(text.as_bytes());
    CreateKey::new(hex(digest.get(..20).unwrap_or(&digest)))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_later_key_of_a_local_row_is_the_same_for_all_pairs() {
        let installation = InstallationId::new("i");
        let key = |pair: &str, link: u128, side, replaces: Option<&str>| {
            let item = replaces.map(ItemId::from);
            create_key(&installation, &PairId::new(pair), LinkId(Uuid::from_u128(link)), side, item.as_ref())
        };
        assert_eq!(key("a", 1, Side::Local, Some("7")), key("b", 2, Side::Local, Some("7")));
        assert_ne!(key("a", 1, Side::Local, None), key("b", 1, Side::Local, None));
        assert_ne!(key("a", 1, Side::Local, None), key("a", 1, Side::Remote, None));
        assert_ne!(key("a", 1, Side::Remote, Some("7")), key("b", 1, Side::Remote, Some("7")));
        assert_eq!(key("a", 1, Side::Local, None).as_str().len(), 40);
    }
}
