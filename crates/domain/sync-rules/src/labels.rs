//! A label that both sides gave another name: one label, under one of the names.

use std::collections::{BTreeMap, BTreeSet};

use passerelle_ports::{Field, Link, LinkId, Record, Side, fields};

use crate::{Policy, Rules};

/// A label that got another name on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TwoNames {
    /// The name that the company gave it.
    pub local: Field,
    /// The name that it got at the provider.
    pub remote: Field,
    /// The side whose name stays.
    pub winner: Side,
    /// The name that goes.
    pub lost: String,
    /// The name that stays.
    pub kept: String,
    /// The links that have it.
    pub links: Vec<LinkId>,
}

/// Finds labels that were renamed on both sides, among the links that changed: all that had the label have left it, on
/// either side for one other label, and not for the same one.
#[derive(Debug, Default)]
pub struct Labels {
    /// By the label that was left: the two that were taken, or `None` where its records go different ways.
    left: BTreeMap<Field, Option<TwoNames>>,
    /// What some record still has: it was not renamed.
    held: BTreeSet<Field>,
}

impl Labels {
    /// Takes in what became of the labels of a link.
    pub fn note<R: Record>(&mut self, link: &Link<R>, rules: &Rules) {
        let (Some(local), Some(remote)) = (link.alive(Side::Local), link.alive(Side::Remote)) else { return };
        for side in Side::BOTH {
            let (base, now) =
                (fields(&link.bases[side]), link.alive(side).map(|stored| fields(&stored.record)));
            let kept = now.iter().flat_map(|now| now.keys()).filter(|field| base.contains_key(*field));
            self.held.extend(kept.filter(|field| field.key().is_some()).cloned());
        }
        let ours = R::relabelled(&link.bases.local, &local.record);
        let theirs = R::relabelled(&link.bases.remote, &remote.record);
        let found = match (&ours, &theirs) {
            (Some((left, ours)), Some((same, theirs))) if left == same && ours != theirs => {
                Some((ours.clone(), theirs.clone()))
            }
            _ => None,
        };
        for left in [&ours, &theirs].into_iter().flatten().map(|(left, _)| left) {
            let name = |record: &R, field: &Field| {
                let value = fields(record).get(field).cloned().unwrap_or_default();
                value.as_str().unwrap_or_default().to_owned()
            };
            let known = self.left.entry(left.clone()).or_insert_with(|| {
                let (ours, theirs) = found.clone()?;
                let winner = match rules.policy_of(&ours) {
                    Policy::Remote => Side::Remote,
                    _ => Side::Local,
                };
                let names = [name(&local.record, &ours), name(&remote.record, &theirs)];
                let [kept, lost] =
                    if winner == Side::Local { names } else { [names[1].clone(), names[0].clone()] };
                Some(TwoNames { local: ours, remote: theirs, winner, lost, kept, links: Vec::new() })
            });
            let fits = known.as_ref().is_some_and(|known| {
                found.as_ref().is_some_and(|(ours, theirs)| (&known.local, &known.remote) == (ours, theirs))
            });
            match known {
                Some(two) if fits => {
                    if two.links.last() != Some(&link.id) {
                        two.links.push(link.id);
                    }
                }
                _ => *known = None,
            }
        }
    }

    /// Returns the labels that were renamed on both sides.
    #[must_use]
    pub fn renamed(self) -> Vec<TwoNames> {
        let held = self.held;
        self.left.into_iter().filter(|(left, _)| !held.contains(left)).filter_map(|(_, two)| two).collect()
    }
}
