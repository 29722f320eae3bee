//! The rules in force for each pair: those of the settings, those learnt from answers, what the account allows.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use passerelle_ports::{Code, Detail, Field, ItemId, Kind, Record, Side, fields};
use passerelle_sync_rules::{
    Condition, Deletes, Direction, FieldPattern, Policy, Rules, Test, Window, hidden_fields, takes_part,
};
use serde::{Deserialize, Serialize};

use crate::{
    Account, Failure, Kinded, Office, Outcome, Pair,
    kinds::{KINDS, account_of, for_kind},
};

/// Which way something travels, in a person's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// Both ways.
    Both,
    /// From the company to the provider only: the company owns it.
    ToGoogle,
    /// From the provider to the company only: the provider owns it.
    FromGoogle,
    /// Not at all.
    Never,
}

/// What the provider sees of private records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Private {
    /// All of it, marked as private.
    Full,
    /// That the time is taken.
    Busy,
    /// Nothing: private records do not take part.
    Never,
}

/// Whose meetings take part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Organizer {
    /// Those that the app user organises, and those without guests.
    Me,
    /// Those that somebody else organises.
    Others,
}

/// What a deletion on one side does to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Removal {
    /// It is carried over.
    Propagate,
    /// The other side keeps its record.
    Keep,
}

/// One `[[rules]]` table of the settings. What it does not name stays as the tables before it say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RuleSpec {
    /// For which kind; none = both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// For which app user; none = all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// For which calendar, by its name or its provider's id; none = all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calendar: Option<String>,
    /// Which way records travel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<Way>,
    /// Who wins where both sides changed one field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conflicts: Option<Policy>,
    /// Whether a clash in one field holds the whole record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold_whole_record: Option<bool>,
    /// What the provider sees of private records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private: Option<Private>,
    /// What the provider sees as the title of a private appointment that is shown as busy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub busy_title: Option<String>,
    /// Only records of one of these categories.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// No record of one of these categories.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_categories: Vec<String>,
    /// Only contacts of one of these groups.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// No contact of one of these groups.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_groups: Vec<String>,
    /// Only meetings of this organiser.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organizer: Option<Organizer>,
    /// Only appointments that take place so many days ago or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub past_days: Option<u32>,
    /// Only appointments that take place within so many days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub future_days: Option<u32>,
    /// What a deletion does to the other side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletes: Option<Removal>,
    /// Which way single fields travel: masks (`never`) and owners (`to-google`, `from-google`).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, Way>,
    /// Who wins single fields.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub field_conflicts: BTreeMap<String, Policy>,
}

/// A rule with the place it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sourced {
    /// The place: a file and its line.
    pub from: String,
    /// The rule.
    pub rule: RuleSpec,
}

/// All rules of the settings.
#[derive(Clone, Debug, Default)]
pub struct RuleBook {
    /// What holds for contacts where no rule says otherwise.
    pub contacts: Rules,
    /// What holds for appointments where no rule says otherwise.
    pub events: Rules,
    /// The rules, in order: a later one wins.
    pub rules: Vec<Sourced>,
}

impl RuleBook {
    /// Returns what holds for a pair, before what its account allows.
    fn of(&self, pair: &Pair, account: Option<&Account>, today: NaiveDate) -> Rules {
        let mut rules = match pair.kind {
            Kind::Contacts => self.contacts.clone(),
            Kind::Events => self.events.clone(),
        };
        let mine: Vec<String> = account.map(|account| account.email.to_lowercase()).into_iter().collect();
        for spec in self.rules.iter().map(|sourced| &sourced.rule).filter(|spec| spec.is_for(pair)) {
            rules = spec.apply(rules, pair.kind, &mine, today);
        }
        rules
    }
}

impl RuleSpec {
    /// Tells whether the rule is for a pair.
    #[must_use]
    pub fn is_for(&self, pair: &Pair) -> bool {
        let same = |wanted: &Option<String>, known: &[&str]| {
            wanted.as_ref().is_none_or(|wanted| known.iter().any(|known| known.eq_ignore_ascii_case(wanted)))
        };
        self.kind.is_none_or(|kind| kind == pair.kind)
            && same(&self.user, &[&pair.user])
            && (self.calendar.is_none() || pair.kind == Kind::Events)
            && same(&self.calendar, &[&pair.name, &pair.collection])
    }

    /// Says why the rule makes no sense: the name of the key.
    #[must_use]
    pub fn objection(&self) -> Option<&'static str> {
        let events = self.kind != Some(Kind::Contacts);
        let contacts = self.kind != Some(Kind::Events);
        let empty = |pattern: &str| pattern.trim().is_empty();
        [
            ("calendar", self.calendar.is_some() && !events),
            ("categories", !(self.categories.is_empty() && self.not_categories.is_empty() || events)),
            ("groups", !(self.groups.is_empty() && self.not_groups.is_empty() || contacts)),
            ("organizer", self.organizer.is_some() && !events),
            ("past_days", (self.past_days.is_some() || self.future_days.is_some()) && !events),
            ("private", self.private == Some(Private::Busy) && !events),
            ("fields", self.fields.keys().chain(self.field_conflicts.keys()).any(|name| empty(name))),
        ]
        .into_iter()
        .find_map(|(key, wrong)| wrong.then_some(key))
    }

    fn apply(&self, mut rules: Rules, kind: Kind, mine: &[String], today: NaiveDate) -> Rules {
        // Fields first: what a direction forbids, it forbids them too.
        let named = self.fields.iter().map(|(name, way)| (FieldPattern::new(name), direction(*way)));
        rules.fields.splice(0..0, named);
        let named = self.field_conflicts.iter().map(|(name, policy)| (FieldPattern::new(name), *policy));
        rules.policies.splice(0..0, named);
        rules.policy = self.conflicts.unwrap_or(rules.policy);
        rules.hold_whole_link = self.hold_whole_record.unwrap_or(rules.hold_whole_link);
        if let Some(removal) = self.deletes {
            let deletes = match removal {
                Removal::Propagate => Deletes::Propagate,
                Removal::Keep => Deletes::Unlink,
            };
            rules.deletes.local = deletes;
            rules.deletes.remote = deletes;
        }
        match self.private {
            Some(Private::Busy) => {
                rules.redact_private = true;
                rules.omit_private = false;
            }
            Some(Private::Full) => {
                rules.redact_private = false;
                rules.omit_private = false;
            }
            Some(Private::Never) => {
                rules.omit_private = true;
                rules.scope.all.push(condition("privacy", none_of(&["private", "confidential"])));
                rules.scope.all.push(condition("private", none_of(&["true"])));
            }
            None => {}
        }
        if let Some(title) = &self.busy_title {
            rules.placeholders.insert(Field::new("title"), title.as_str().into());
        }
        // A rule for both kinds asks each only for what it has.
        let (member, only, never) = match kind {
            Kind::Events => ("categories", &self.categories, &self.not_categories),
            Kind::Contacts => ("groups", &self.groups, &self.not_groups),
        };
        if !only.is_empty() {
            rules.scope.all.push(condition(member, Test::AnyOf(names(only))));
        }
        if !never.is_empty() {
            rules.scope.all.push(condition(member, Test::NoneOf(names(never))));
        }
        if let Some(organizer) = self.organizer.filter(|_| kind == Kind::Events) {
            let (flag, keys) = ("organizer".to_owned(), mine.to_vec());
            let test = match organizer {
                Organizer::Me => Test::OwnedBy { flag, keys },
                Organizer::Others => Test::NotOwnedBy { flag, keys },
            };
            rules.scope.all.push(condition("participants", test));
        }
        if kind == Kind::Events && (self.past_days.is_some() || self.future_days.is_some()) {
            let before = rules.window;
            rules.window = Some(Window {
                today,
                past_days: self.past_days.or(before.map(|window| window.past_days)).unwrap_or(FOR_EVER),
                future_days: self.future_days.or(before.map(|window| window.future_days)).unwrap_or(FOR_EVER),
            });
        }
        match self.direction {
            Some(Way::ToGoogle) => rules.without_writing(Side::Local),
            Some(Way::FromGoogle) => rules.without_writing(Side::Remote),
            Some(Way::Never) => rules.without_writing(Side::Local).without_writing(Side::Remote),
            Some(Way::Both) | None => rules,
        }
    }
}

/// Two hundred years.
const FOR_EVER: u32 = 73_000;

fn direction(way: Way) -> Direction {
    match way {
        Way::Both => Direction::Both,
        Way::ToGoogle => Direction::Send,
        Way::FromGoogle => Direction::Take,
        Way::Never => Direction::Neither,
    }
}

fn condition(member: &str, test: Test) -> Condition {
    Condition { fields: FieldPattern::new(member), test }
}

/// A category and a group are known by their name as written and by its key, which has no capitals.
fn names(list: &[String]) -> Vec<String> {
    list.iter().flat_map(|name| [name.clone(), name.trim().to_lowercase()]).collect()
}

fn none_of(words: &[&str]) -> Test {
    Test::NoneOf(words.iter().map(|word| (*word).to_owned()).collect())
}

impl Office {
    /// Returns the rules of a pair: those of the settings, those learnt from answers, less writing to what its
    /// account may only read.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn rules_of(&self, pair: &Pair) -> Outcome<Rules> {
        let account = account_of(self, pair).await.ok();
        Ok(self.rules_with(pair, account.as_ref()))
    }

    pub(crate) fn rules_with(&self, pair: &Pair, account: Option<&Account>) -> Rules {
        let mut rules = self.rules.of(pair, account, self.clock.now().date_naive());
        rules.policies.splice(0..0, pair.rules.policies.iter().cloned());
        if pair.rules.creates[Side::Remote] || !rules.creates[Side::Remote] {
            return rules;
        }
        rules.read_only()
    }
}

/// The rules of one pair, for people.
#[derive(Clone, Debug, Serialize)]
pub struct PairRules {
    /// The app user.
    pub user: String,
    /// What the pair holds.
    pub kind: Kind,
    /// The collection's name.
    pub name: String,
    /// The tables of the settings that are for this pair, in order.
    pub settings: Vec<Sourced>,
    /// Fields whose winner a person chose once and for all, in an answer to a conflict.
    pub learnt: Vec<(FieldPattern, Policy)>,
    /// What holds in the end.
    pub rules: Rules,
}

/// Returns the rules of every pair of an app user, or of all.
///
/// # Errors
///
/// `USE-102` for an app user who does not exist; those of the database.
pub async fn rules(office: &Office, user: Option<&str>) -> Outcome<Vec<PairRules>> {
    let mut all = Vec::new();
    for pair in office.pairs(user).await? {
        let rules = office.rules_of(&pair).await?;
        let settings = office.rules.rules.iter().filter(|sourced| sourced.rule.is_for(&pair));
        all.push(PairRules {
            user: pair.user.clone(),
            kind: pair.kind,
            name: pair.name.clone(),
            settings: settings.cloned().collect(),
            learnt: pair.rules.policies.clone(),
            rules,
        });
    }
    Ok(all)
}

/// What the rules of a pair make of one record.
#[derive(Clone, Debug, Serialize)]
pub struct RuleTest {
    /// The app user.
    pub user: String,
    /// The collection's name.
    pub name: String,
    /// Whether the record takes part.
    pub takes_part: bool,
    /// The conditions that it does not meet.
    pub fails: Vec<Condition>,
    /// Whether it takes place outside the days of the rules.
    pub outside_days: bool,
    /// What becomes of each of its fields.
    pub fields: Vec<FieldRule>,
}

/// What becomes of one field.
#[derive(Clone, Debug, Serialize)]
pub struct FieldRule {
    /// The field.
    pub field: Field,
    /// Which way it travels.
    pub direction: Direction,
    /// Whether the provider sees something else in its place, because the record is private.
    pub hidden: bool,
    /// Who wins where both sides changed it.
    pub conflicts: Policy,
}

/// Tries the rules on one record of the company's, without doing anything.
///
/// # Errors
///
/// `USE-109` when there is no such record; those of the database.
pub async fn test_rules(office: &Office, id: &ItemId) -> Outcome<Vec<RuleTest>> {
    let mut found = false;
    let mut all = Vec::new();
    for kind in KINDS {
        found |= for_kind!(kind, R => test_of::<R>(office, id, &mut all).await)?;
    }
    if found { Ok(all) } else { Err(Failure::new(Code::Use109).with(Detail::Key, id.as_str())) }
}

async fn test_of<R: Kinded>(office: &Office, id: &ItemId, all: &mut Vec<RuleTest>) -> Outcome<bool> {
    let Some(item) = R::get(&*office.company, id).await? else { return Ok(false) };
    for pair in office.pairs(None).await?.iter().filter(|pair| pair.kind == R::KIND) {
        // A pair knows only what its app user sees.
        if R::local(&*office.company, pair).fetch(std::slice::from_ref(id)).await?.iter().all(Option::is_none)
        {
            continue;
        }
        let rules = office.rules_of(pair).await?;
        all.push(test_one(pair, &item.record, &rules));
    }
    Ok(true)
}

fn test_one<R: Record>(pair: &Pair, record: &R, rules: &Rules) -> RuleTest {
    let flat = fields(record);
    let hidden = hidden_fields(record, &[], rules);
    RuleTest {
        user: pair.user.clone(),
        name: pair.name.clone(),
        takes_part: takes_part(record, rules),
        fails: rules.scope.all.iter().filter(|condition| !condition.holds(&flat)).cloned().collect(),
        outside_days: rules.window.is_some_and(|window| !record.occurs_between(&window.days())),
        fields: flat
            .keys()
            .map(|field| FieldRule {
                field: field.clone(),
                direction: rules.direction::<R>(field),
                hidden: hidden.contains(field),
                conflicts: rules.policy_of(field),
            })
            .collect(),
    }
}
