//! How the two sides call one part of a record, where something else gives it its name and was changed on one side.

use passerelle_ports::{Field, Fields, Record, Side};

/// What gives the parts of the records of a link their names: of each side when the two last agreed, and now.
pub(crate) struct Names<'a> {
    pub(crate) local: [&'a Fields; 2],
    pub(crate) remote: [&'a Fields; 2],
}

impl Names<'_> {
    /// Returns how the target of a write calls what its source calls `field`. Where what gives the names travels along,
    /// that is the same.
    pub(crate) fn of_target<R: Record>(&self, target: Side, field: &Field, taken: &[Field]) -> Field {
        if R::named_by(field).is_none_or(|by| taken.contains(&by)) {
            return field.clone();
        }
        let [before, now] = self.local;
        match target {
            Side::Local => R::placed(field, before, now),
            Side::Remote => {
                let before = self.in_base::<R>(field);
                let [then, now] = self.remote;
                let moved = R::placed(&before, then, now).filter(|_| !now.contains_key(&before));
                Some(moved.unwrap_or(before))
            }
        }
        .unwrap_or_else(|| field.clone())
    }

    /// Returns how the local side called a part when the two sides last agreed that it calls `field` now.
    pub(crate) fn in_base<R: Record>(&self, field: &Field) -> Field {
        let [before, now] = self.local;
        R::placed(field, now, before).unwrap_or_else(|| field.clone())
    }
}
