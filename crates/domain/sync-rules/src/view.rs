//! What a side shows to the other: the view.

use std::collections::BTreeSet;

use passerelle_ports::{Field, Fields, Link, Record, Side, Sides, Value, fields, is_empty};

use crate::Rules;

/// Returns what of a record of one side the pair's rules let the other side see.
///
/// Of a remote record, that is the record itself.
#[must_use]
pub fn view<R: Record>(side: Side, record: &R, rules: &Rules) -> Fields {
    let raw = fields(record);
    if side != Side::Local || !hides(record, rules) {
        return raw;
    }
    let mut seen = shown::<R>(&raw, rules);
    seen.retain(|_, value| !is_empty(value));
    for (field, words) in &rules.placeholders {
        if let Some(value) = seen.get_mut(field).filter(|value| raw.get(field) != Some(value)) {
            value.clone_from(words);
        }
        // The same member of an entry: of one occurrence of a series.
        for (entry, value) in seen.iter_mut().filter(|(entry, _)| entry.key().is_some()) {
            let before = raw.get(entry).and_then(|before| before.get(field.as_str()));
            let own = value.get_mut(field.as_str()).filter(|own| before != Some(own));
            if let Some(own) = own {
                own.clone_from(words);
            }
        }
    }
    seen
}

/// Tells whether the rules show less than the whole of a local record.
fn hides<R: Record>(record: &R, rules: &Rules) -> bool {
    (rules.redact_private || rules.omit_private) && record.is_private()
}

/// Returns what the rules show of the fields of a private local record.
fn shown<R: Record>(raw: &Fields, rules: &Rules) -> Fields {
    let raw = if rules.omit_private { R::without_private_parts(raw) } else { raw.clone() };
    if rules.redact_private { R::redacted(&raw) } else { raw }
}

/// The fields of a link, as a decision sees them.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The local record as it is.
    pub raw_local: Fields,
    /// Both sides as the other may see them.
    pub views: Sides<Fields>,
    /// Both bases.
    pub bases: Sides<Fields>,
    /// Fields that the local view hides or changes: never taken.
    pub hidden: BTreeSet<Field>,
}

impl Seen {
    /// Takes a link apart. A copy that is gone counts with what it was.
    #[must_use]
    pub fn new<R: Record>(link: &Link<R>, rules: &Rules) -> Self {
        let record = |side: Side| link.copies[side].as_ref().map(|copy| &copy.stored.record);
        let raw_local = record(Side::Local).map(fields).unwrap_or_default();
        let views =
            Sides::from_fn(|side| record(side).map(|record| view(side, record, rules)).unwrap_or_default());
        let bases = link.bases.as_ref().map(fields);
        let hidden = record(Side::Local)
            .map(|local| hidden_fields(local, &[&views.remote, &bases.local, &bases.remote], rules))
            .unwrap_or_default();
        Seen { raw_local, views, bases, hidden }
    }

    /// Returns every field that occurs anywhere.
    #[must_use]
    pub fn all(&self) -> BTreeSet<&Field> {
        [&self.raw_local, &self.views.local, &self.views.remote, &self.bases.local, &self.bases.remote]
            .into_iter()
            .flat_map(Fields::keys)
            .collect()
    }
}

/// Returns the fields of a private local record that its view hides or changes, among its own fields
/// and those of `others`.
#[must_use]
pub fn hidden_fields<R: Record>(local: &R, others: &[&Fields], rules: &Rules) -> BTreeSet<Field> {
    if !hides(local, rules) {
        return BTreeSet::new();
    }
    let own = fields(local);
    let mut hidden = BTreeSet::new();
    for extra in std::iter::once(&own).chain(others.iter().copied()) {
        // A field of another copy is laid over the private record: hidden is what does not show through.
        let mut laid = own.clone();
        laid.extend(extra.iter().map(|(field, value)| (field.clone(), value.clone())));
        let seen = shown::<R>(&laid, rules);
        hidden.extend(
            laid.keys().chain(seen.keys()).filter(|field| !same(laid.get(*field), seen.get(*field))).cloned(),
        );
    }
    hidden
}

/// Exact equality of two values, where absent and empty are one.
#[must_use]
pub(crate) fn same(a: Option<&Value>, b: Option<&Value>) -> bool {
    let full = |value: &&Value| !is_empty(value);
    a.filter(full) == b.filter(full)
}

/// Returns the keys of the entries of a list that are in both, in the order of the first.
pub(crate) fn arranged<'a>(order: &Field, of: &'a Fields, other: &Fields) -> Vec<&'a str> {
    let list = order.key().unwrap_or_default();
    let places = of.get(order).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let entries = of.keys().filter(|field| field.member() == list && other.contains_key(*field));
    let mut keys: Vec<&str> = entries.filter_map(Field::key).collect();
    keys.sort_by_key(|key| places.iter().position(|place| place == key).unwrap_or(places.len()));
    keys
}

/// Equality after the domain's normal form.
#[must_use]
pub(crate) fn alike<R: Record>(field: &Field, a: Option<&Value>, b: Option<&Value>) -> bool {
    let normal = |value: Option<&Value>| {
        value.filter(|value| !is_empty(value)).map(|value| R::normal(field, value)).filter(|v| !is_empty(v))
    };
    same(a, b) || normal(a) == normal(b)
}

/// Sets a field, or removes it.
pub(crate) fn put(fields: &mut Fields, field: &Field, value: Option<&Value>) {
    match value.filter(|value| !is_empty(value)) {
        Some(value) => {
            fields.insert(field.clone(), value.clone());
        }
        None => {
            fields.remove(field);
        }
    }
}
