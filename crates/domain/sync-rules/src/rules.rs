//! The rules of one pair, as a value.

use std::{collections::BTreeMap, ops::Range, time::Duration};

use chrono::{Days, NaiveDate};
use passerelle_ports::{Field, Record, Side, Sides, Value};
use serde::{Deserialize, Serialize};

use crate::{Digest, Scope, digest_of};

/// Which way a field travels. *Send* is from local to remote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Both ways.
    #[default]
    Both,
    /// From local to remote only.
    Send,
    /// From remote to local only.
    Take,
    /// Not at all, such as what a provider computes.
    Neither,
}

impl Direction {
    /// Tells whether a change on `from` may go to the other side.
    #[must_use]
    pub fn leaves(self, from: Side) -> bool {
        matches!(
            (self, from),
            (Direction::Both, _) | (Direction::Send, Side::Local) | (Direction::Take, Side::Remote)
        )
    }

    fn without_writing(self, side: Side) -> Direction {
        match (
            self.leaves(Side::Local) && side != Side::Remote,
            self.leaves(Side::Remote) && side != Side::Local,
        ) {
            (true, true) => Direction::Both,
            (true, false) => Direction::Send,
            (false, true) => Direction::Take,
            (false, false) => Direction::Neither,
        }
    }
}

/// What a deletion noticed on one side does to the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deletes {
    /// The other is deleted too.
    #[default]
    Propagate,
    /// The other stays, and the link is released.
    Unlink,
}

/// Who wins when both sides changed one field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// A person says.
    #[default]
    Ask,
    /// The company's database.
    Local,
    /// The provider.
    Remote,
    /// The later change, if the gap exceeds the measured skew; else a person says.
    Newest,
}

/// Names fields: `title`, `emails/*` (every entry of a member), `name/given`, `*` (all).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FieldPattern(String);

impl FieldPattern {
    /// Makes a pattern.
    pub fn new(text: impl Into<String>) -> Self {
        FieldPattern(text.into())
    }

    /// Returns the pattern as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Tells whether the pattern names this field. A member's name alone names all its entries.
    #[must_use]
    pub fn names(&self, field: &Field) -> bool {
        let pattern = self.0.as_str();
        pattern == "*"
            || pattern == field.as_str()
            || pattern.strip_suffix("/*").unwrap_or(pattern) == field.member()
    }
}

/// Limits of the guard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Deletions of a side that need no approval, whatever the share.
    pub deletes_floor: u64,
    /// Deletions of a side that need no approval, in percent of the linked records.
    pub deletes_percent: u64,
    /// How many linked records a side must have had to count as emptied.
    pub emptied_floor: u64,
    /// How many updates that change the same member make "all changed alike".
    pub alike_floor: u64,
    /// From which share of all links on, in percent.
    pub alike_percent: u64,
    /// How many times within an hour both sides of a record may be written in turn before it is left alone.
    pub echoes: u64,
    /// How many times within a day a record may be created again before it is left alone.
    pub recreations: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            deletes_floor: 10,
            deletes_percent: 10,
            emptied_floor: 2,
            alike_floor: 10,
            alike_percent: 50,
            echoes: 5,
            recreations: 2,
        }
    }
}

/// The days around today of which records take part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The day that the window is counted from.
    pub today: NaiveDate,
    /// How many days before it still take part.
    pub past_days: u32,
    /// How many days after it still take part.
    pub future_days: u32,
}

impl Window {
    /// Returns the days, the last one not included.
    #[must_use]
    pub fn days(&self) -> Range<NaiveDate> {
        let past = Days::new(self.past_days.into());
        let future = Days::new(u64::from(self.future_days) + 1);
        let from = self.today.checked_sub_days(past).unwrap_or(NaiveDate::MIN);
        from..self.today.checked_add_days(future).unwrap_or(NaiveDate::MAX)
    }
}

/// The rules of one pair.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rules {
    /// Which way fields travel; the first pattern that names a field counts, none = both ways.
    pub fields: Vec<(FieldPattern, Direction)>,
    /// Whether records may be created on a side.
    pub creates: Sides<bool>,
    /// What a deletion noticed on a side does.
    pub deletes: Sides<Deletes>,
    /// Which records take part.
    pub scope: Scope,
    /// The days of which records take part; none = all days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// Whether the other side sees private local records only as the record's redacted view.
    pub redact_private: bool,
    /// Whether the private parts of open local records stay away from the other side.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub omit_private: bool,
    /// What stands in the place of a redacted record's own words, by field: "Occupé" for a title.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub placeholders: BTreeMap<Field, Value>,
    /// Who wins; the first pattern that names a field counts.
    pub policies: Vec<(FieldPattern, Policy)>,
    /// Who wins where no pattern counts.
    pub policy: Policy,
    /// Whether a clash in one field holds the other fields too.
    pub hold_whole_link: bool,
    /// The measured difference of the two clocks, for policy *newest*.
    pub skew: Duration,
    /// Whether the provider may mail the guests of a meeting that is deleted here.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub mail_guests: bool,
    /// Whether deleting somebody else's meeting here declines it there.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub decline_deleted: bool,
    /// Limits of the guard.
    pub limits: Limits,
    /// How fields would travel if the provider's collection were not one that may only be read; `None` where it may be
    /// written, or where the rules themselves keep the company's changes here.
    #[serde(skip)]
    pub sealed: Option<Vec<(FieldPattern, Direction)>>,
}

impl Default for Rules {
    fn default() -> Self {
        Rules {
            fields: Vec::new(),
            creates: Sides { local: true, remote: true },
            deletes: Sides { local: Deletes::Propagate, remote: Deletes::Propagate },
            scope: Scope::default(),
            window: None,
            redact_private: false,
            omit_private: false,
            mail_guests: false,
            decline_deleted: false,
            placeholders: BTreeMap::new(),
            policies: Vec::new(),
            policy: Policy::Ask,
            hold_whole_link: false,
            skew: Duration::from_secs(60),
            limits: Limits::default(),
            sealed: None,
        }
    }
}

impl Rules {
    /// Makes the rules of a pair in which `target` only follows the other side: fields travel one way,
    /// nothing is created on the source, and a deletion on the target is not carried back.
    #[must_use]
    pub fn one_way(target: Side) -> Self {
        Rules::default().without_writing(target.other())
    }

    /// Restricts the rules so that nothing is ever written to a side.
    #[must_use]
    pub fn without_writing(mut self, side: Side) -> Self {
        self.fields.push((FieldPattern::new("*"), Direction::Both));
        for (_, direction) in &mut self.fields {
            *direction = direction.without_writing(side);
        }
        self.creates[side] = false;
        self.deletes[side.other()] = Deletes::Unlink;
        self
    }

    /// Restricts the rules for a collection of the provider's that may only be read: nothing is ever written to it, and
    /// what the company changes all the same is told and kept.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        let open = self.creates.remote.then(|| self.fields.clone());
        self = self.without_writing(Side::Remote);
        self.sealed = self.sealed.or(open);
        self
    }

    /// Tells whether a side may not be written although the rules would have it written.
    #[must_use]
    pub fn is_sealed(&self, side: Side) -> bool {
        side == Side::Remote && self.sealed.is_some()
    }

    /// Returns which way a field would travel if both collections could be written.
    pub(crate) fn wish<R: Record>(&self, field: &Field) -> Direction {
        match &self.sealed {
            Some(open) if self.is_sealed(Side::Remote) && R::travels(field) => {
                open.iter().find(|(pattern, _)| pattern.names(field)).map_or(Direction::Both, |(_, d)| *d)
            }
            _ => self.direction::<R>(field),
        }
    }

    /// Returns which way a field travels.
    #[must_use]
    pub fn direction<R: Record>(&self, field: &Field) -> Direction {
        if !R::travels(field) {
            return Direction::Neither;
        }
        self.fields.iter().find(|(pattern, _)| pattern.names(field)).map_or(Direction::Both, |(_, d)| *d)
    }

    /// Returns who wins a clash in a field.
    #[must_use]
    pub fn policy_of(&self, field: &Field) -> Policy {
        self.policies.iter().find(|(pattern, _)| pattern.names(field)).map_or(self.policy, |(_, p)| *p)
    }

    /// Returns the digest of what decides about links: not the limits, not the measured skew.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let rules = Rules { skew: Duration::ZERO, limits: Limits::default(), ..self.clone() };
        if self.sealed.is_some() { digest_of(&(rules, "sealed")) } else { digest_of(&rules) }
    }

    /// Returns the digest of what a person decided: as [`Rules::digest`], but the same every day.
    #[must_use]
    pub fn gist(&self) -> Digest {
        let window = self.window.map(|window| Window { today: NaiveDate::MIN, ..window });
        Rules { window, sealed: None, ..self.clone() }.digest()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_names_a_field_a_member_or_all() {
        let mail = Field::keyed("emails", "a@b.example");
        for (pattern, expected) in [
            ("*", true),
            ("emails", true),
            ("emails/*", true),
            ("emails/a@b.example", true),
            ("email", false),
        ] {
            assert_eq!(FieldPattern::new(pattern).names(&mail), expected, "{pattern}");
        }
        assert!(!FieldPattern::new("name/given").names(&Field::keyed("name", "surname")));
    }

    #[test]
    fn one_way_rules_write_nothing_on_the_source() {
        let rules = Rules::one_way(Side::Remote);
        assert_eq!(rules.fields, [(FieldPattern::new("*"), Direction::Send)]);
        assert_eq!(rules.creates, Sides { local: false, remote: true });
        assert_eq!(rules.deletes, Sides { local: Deletes::Propagate, remote: Deletes::Unlink });
    }

    #[test]
    fn the_digest_ignores_limits_and_skew() {
        let mut rules = Rules::default();
        let before = rules.digest();
        rules.skew = Duration::from_secs(5);
        rules.limits.deletes_floor = 1;
        assert_eq!(rules.digest(), before);
        rules.redact_private = true;
        assert_ne!(rules.digest(), before);
    }

    #[test]
    fn a_window_moves_every_day_but_stays_one_decision() {
        let on = |day: u32| Rules {
            window: Some(Window {
                today: NaiveDate::from_ymd_opt(2026, 11, day).unwrap(),
                past_days: 1,
                future_days: 2,
            }),
            ..Rules::default()
        };
        let days = on(10).window.unwrap().days();
        assert_eq!(
            (days.start.to_string(), days.end.to_string()),
            ("2026-11-09".into(), "2026-11-13".into())
        );
        assert_ne!(on(10).digest(), on(11).digest());
        assert_eq!(on(10).gist(), on(11).gist());
        assert_ne!(on(10).gist(), Rules::default().gist());
    }
}
