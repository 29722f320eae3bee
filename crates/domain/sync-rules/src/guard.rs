//! The guard against the big accident: `docs/explanation/engine.md` section 8. Counted on the plan of a whole run.

use std::collections::{BTreeMap, BTreeSet};

use passerelle_ports::{Counts, Side, Sides};
use serde::{Deserialize, Serialize};

use crate::{Action, Limits, Plan, PlannedStep};

/// Why the guard refuses a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trip {
    /// More deletions on a side than the rules allow.
    Deletes {
        /// The side on which records would be deleted.
        side: Side,
        /// How many.
        planned: u64,
        /// How many need no approval.
        allowed: u64,
    },
    /// A side that had records has none left, and the other side would follow.
    Emptied {
        /// The side that is empty.
        side: Side,
        /// How many linked records there were.
        linked: u64,
        /// How many the other side would lose.
        planned: u64,
    },
    /// More than half of all records would be changed: a change of the same member each, whatever else changes with it,
    /// or changes of different ones, each of them in many records.
    Alike {
        /// The side on which records would change.
        side: Side,
        /// The member, or all of those members where none of them alone is changed in so many records.
        member: String,
        /// How many.
        planned: u64,
        /// Of how many.
        links: u64,
    },
    /// More than half of all records would go into another collection.
    Moved {
        /// The side on which records would be moved.
        side: Side,
        /// How many.
        planned: u64,
        /// Of how many.
        links: u64,
    },
    /// The rules are not those of the last run, and the plan writes something.
    RulesChanged {
        /// How many writes.
        planned: u64,
    },
}

impl Limits {
    /// Returns how many deletions of a side need no approval.
    #[must_use]
    pub fn deletes_allowed(&self, counts: &Counts) -> u64 {
        self.deletes_floor.max(counts.linked * self.deletes_percent / 100)
    }
}

/// Returns why a plan has to be approved by a person before it is carried out.
#[must_use]
pub fn guard(plan: &Plan, counts: &Counts, limits: &Limits) -> Vec<Trip> {
    let mut trips = Vec::new();
    let deleted = Sides::from_fn(|side| plan.counts.writes[side].deleted);
    let allowed = limits.deletes_allowed(counts);
    for side in Side::BOTH {
        if deleted[side] > allowed {
            trips.push(Trip::Deletes { side, planned: deleted[side], allowed });
        }
    }
    for side in Side::BOTH {
        let planned = deleted[side.other()];
        if counts.linked >= limits.emptied_floor && counts.alive[side] == 0 && planned > 0 {
            trips.push(Trip::Emptied { side, linked: counts.linked, planned });
        }
    }
    let is_mass = |planned: u64| is_mass(planned, counts, limits);
    for side in Side::BOTH {
        let alike = alike(plan, side);
        let members: Vec<_> = alike.iter().filter(|(_, planned)| is_mass(**planned)).collect();
        // What changes in few records is ordinary work, and no part of a mass change.
        let parts: BTreeSet<&str> = alike
            .iter()
            .filter(|(_, planned)| **planned >= limits.alike_floor)
            .map(|(member, _)| *member)
            .collect();
        let has_part = |step: &&PlannedStep| step.fields.iter().any(|field| parts.contains(field.member()));
        let links: BTreeSet<_> = updated(plan, side).filter(has_part).map(|step| step.link).collect();
        let planned = links.len() as u64;
        if members.is_empty() && is_mass(planned) {
            let member = Vec::from_iter(parts).join(", ");
            trips.push(Trip::Alike { side, member, planned, links: counts.links });
        }
        trips.extend(members.into_iter().map(|(member, planned)| {
            let member = (*member).to_owned();
            Trip::Alike { side, member, planned: *planned, links: counts.links }
        }));
    }
    for side in Side::BOTH {
        let planned = moved(plan, side);
        if is_mass(planned) {
            trips.push(Trip::Moved { side, planned, links: counts.links });
        }
    }
    trips
}

/// Tells whether so many records are most of those of a pair.
#[must_use]
pub fn is_mass(planned: u64, counts: &Counts, limits: &Limits) -> bool {
    planned >= limits.alike_floor && planned * 100 > counts.links * limits.alike_percent
}

/// Counts the records that one side would move into other collections, each once.
fn moved(plan: &Plan, side: Side) -> u64 {
    let is_moved = |step: &&PlannedStep| step.action == Action::Move && step.side == side;
    plan.steps.iter().filter(is_moved).map(|step| step.link).collect::<BTreeSet<_>>().len() as u64
}

/// Returns the updates of a side. What a first meeting adds replaces nothing, and does not count.
fn updated(plan: &Plan, side: Side) -> impl Iterator<Item = &PlannedStep> {
    let is_update =
        move |step: &&PlannedStep| step.action == Action::Update && step.side == side && !step.adds;
    plan.steps.iter().filter(is_update)
}

/// Counts the updates of a side per changed member. An update counts once for each member that it changes, so that a
/// refused mass change is still refused when the same records get a second one.
fn alike(plan: &Plan, side: Side) -> BTreeMap<&str, u64> {
    let mut alike = BTreeMap::new();
    for step in updated(plan, side) {
        let members: BTreeSet<&str> = step.fields.iter().map(passerelle_ports::Field::member).collect();
        for member in members {
            *alike.entry(member).or_default() += 1;
        }
    }
    alike
}

#[cfg(test)]
mod tests {
    use passerelle_ports::{Field, LinkId, PairId};
    use uuid::Uuid;

    use super::*;
    use crate::{PlanCounts, PlannedStep, digest_of};

    fn plan(steps: &[(Side, Action, &str, u64)]) -> Plan {
        let mut counts = PlanCounts::default();
        let mut list = Vec::new();
        for (side, action, field, times) in steps {
            for _ in 0..*times {
                counts.writes[*side].add(*action);
                list.push(PlannedStep {
                    link: LinkId(Uuid::from_u128(list.len() as u128)),
                    side: *side,
                    action: *action,
                    fields: field.split('+').map(Field::new).collect(),
                    summary: String::new(),
                    content: digest_of(&()),
                    adds: false,
                    relabelled: Vec::new(),
                });
            }
        }
        Plan::new(PairId::new("p"), list, counts)
    }

    #[test]
    fn what_a_first_meeting_adds_is_no_mass_change() {
        let counts = Counts { links: 20, linked: 20, both: 20, ..Counts::default() };
        let mut first = plan(&[(Side::Local, Action::Update, "emails/a", 20)]);
        assert_eq!(guard(&first, &counts, &Limits::default()).len(), 1);
        first.steps.iter_mut().for_each(|step| step.adds = true);
        assert_eq!(guard(&first, &counts, &Limits::default()), []);
    }

    #[test]
    fn each_accident_is_noticed_and_ordinary_work_is_not() {
        use Action::{Create, Delete, Move, Update};
        use Side::{Local, Remote};
        let full = Counts {
            links: 50,
            linked: 50,
            both: 50,
            alive: Sides { local: 50, remote: 50 },
            ..Counts::default()
        };
        let big = Counts {
            links: 500,
            linked: 500,
            both: 500,
            alive: Sides { local: 500, remote: 500 },
            ..Counts::default()
        };
        let empty = Counts { alive: Sides { local: 0, remote: 50 }, ..full };
        for (description, steps, counts, expected) in [
            ("ten deletions", vec![(Remote, Delete, "", 10)], full, vec![]),
            ("ten and ten", vec![(Remote, Delete, "", 10), (Local, Delete, "", 10)], full, vec![]),
            (
                "eleven deletions",
                vec![(Remote, Delete, "", 11)],
                full,
                vec![Trip::Deletes { side: Remote, planned: 11, allowed: 10 }],
            ),
            ("eleven of five hundred", vec![(Remote, Delete, "", 11)], big, vec![]),
            (
                "the database is empty",
                vec![(Remote, Delete, "", 1)],
                empty,
                vec![Trip::Emptied { side: Local, linked: 50, planned: 1 }],
            ),
            ("empty, but nothing follows", vec![(Local, Create, "", 50)], empty, vec![]),
            (
                "all shifted by an hour",
                vec![(Local, Update, "start", 26)],
                full,
                vec![Trip::Alike { side: Local, member: "start".into(), planned: 26, links: 50 }],
            ),
            ("half of them", vec![(Local, Update, "start", 25)], full, vec![]),
            (
                "a second mass change on top of the first",
                vec![(Local, Update, "start+location", 26)],
                full,
                vec![
                    Trip::Alike { side: Local, member: "location".into(), planned: 26, links: 50 },
                    Trip::Alike { side: Local, member: "start".into(), planned: 26, links: 50 },
                ],
            ),
            (
                "one member for all, with others for some",
                vec![(Local, Update, "start", 20), (Local, Update, "start+title", 6)],
                full,
                vec![Trip::Alike { side: Local, member: "start".into(), planned: 26, links: 50 }],
            ),
            (
                "all put into another calendar",
                vec![(Remote, Move, "", 26)],
                full,
                vec![Trip::Moved { side: Remote, planned: 26, links: 50 }],
            ),
            ("half of them moved", vec![(Local, Move, "", 25)], full, vec![]),
            (
                "some moved here, some there",
                vec![(Local, Move, "", 20), (Remote, Move, "", 20)],
                full,
                vec![],
            ),
            (
                "a mass change on top of a mass move",
                vec![(Remote, Move, "", 30), (Remote, Update, "title", 26)],
                full,
                vec![
                    Trip::Alike { side: Remote, member: "title".into(), planned: 26, links: 50 },
                    Trip::Moved { side: Remote, planned: 30, links: 50 },
                ],
            ),
            (
                "most of them in different members",
                vec![(Local, Update, "start", 16), (Local, Update, "title", 10), (Local, Update, "notes", 3)],
                full,
                vec![Trip::Alike { side: Local, member: "start, title".into(), planned: 26, links: 50 }],
            ),
            (
                "half of them in different members",
                vec![(Local, Update, "start", 15), (Local, Update, "title", 10)],
                full,
                vec![],
            ),
            (
                "most of them, and every member in few",
                vec![
                    (Local, Update, "start", 9),
                    (Local, Update, "title", 9),
                    (Local, Update, "notes", 9),
                    (Local, Update, "location", 9),
                ],
                full,
                vec![],
            ),
            (
                "different members, some here, some there",
                vec![(Local, Update, "start", 20), (Remote, Update, "title", 20)],
                full,
                vec![],
            ),
        ] {
            assert_eq!(guard(&plan(&steps), &counts, &Limits::default()), expected, "{description}");
        }
    }

    #[test]
    fn another_plan_has_another_digest() {
        let one = plan(&[(Side::Local, Action::Delete, "", 3)]);
        assert_eq!(one.digest, plan(&[(Side::Local, Action::Delete, "", 3)]).digest);
        assert_ne!(one.digest, plan(&[(Side::Local, Action::Delete, "", 4)]).digest);
        assert_ne!(one.digest, plan(&[(Side::Remote, Action::Delete, "", 3)]).digest);
    }
}
