//! What waits for a person, and the person's answers.

use std::collections::BTreeSet;

use passerelle_engine::Engine;
use passerelle_ports::{
    Code, Detail, Field, Fields, Kind, Link, LinkId, LinkState, MatchKey, PairId, Record, Side, Value,
    assemble, fields, is_empty,
};
use passerelle_sync_rules::{FieldPattern, Policy, is_double, is_home};
use serde::Serialize;

use crate::{
    Failure, Kinded, LoadHow, Office, Outcome, Pair, Problem, answers,
    kinds::{engine, for_kind},
    office::engine_failure,
};

/// How many links are read at a time.
const CHUNK: u64 = 200;

/// A field that both sides changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Clash {
    /// The field.
    pub field: Field,
    /// What the two agreed on before.
    pub base: Option<Value>,
    /// What the company's database holds now.
    pub local: Option<Value>,
    /// What the provider holds now.
    pub remote: Option<Value>,
    /// The side that a person chose already; the next run carries it out.
    pub chosen: Option<Side>,
}

/// Which version a person keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// The company's.
    Local,
    /// The provider's.
    Remote,
    /// Both, one after the other: for notes, descriptions and lists.
    Both,
}

/// A record that another one looks like.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LookAlike {
    /// Its link.
    pub link: LinkId,
    /// The side it is on.
    pub side: Side,
    /// Its short name.
    pub summary: String,
    /// Its number in the list, if it waits too.
    pub number: Option<u64>,
    /// Whether it is a record of the same side that is on both sides already.
    pub linked: bool,
    /// What differs between the two.
    pub differences: Vec<Clash>,
}

/// What a link waits for.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "why")]
pub enum Waiting {
    /// Fields changed on both sides.
    Clash {
        /// The fields.
        fields: Vec<Clash>,
        /// The side that had the record and has it no more, if one has not.
        #[serde(skip_serializing_if = "Option::is_none")]
        gone: Option<Side>,
    },
    /// Perhaps the same as another record.
    LookAlike {
        /// The side on which the record is.
        side: Side,
        /// What it looks like.
        others: Vec<LookAlike>,
    },
    /// A side refused it.
    Refused {
        /// The side.
        side: Side,
        /// Why.
        problem: Problem,
        /// Whether what that side has cannot be read: nobody knows what it is.
        #[serde(skip)]
        unread: bool,
    },
}

/// One link that waits.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Conflict {
    /// Its number: `conflicts show 3`. It stays the same for as long as the record is known.
    pub number: u64,
    /// The app user.
    pub user: String,
    /// The pair.
    pub pair: PairId,
    /// What it holds.
    pub kind: Kind,
    /// The link.
    pub link: LinkId,
    /// The record's short name.
    pub summary: String,
    /// What it waits for.
    #[serde(flatten)]
    pub waiting: Waiting,
    /// The answers that fit: each of them ends the question, or asks the next run to try again.
    #[serde(skip)]
    pub answers: Vec<Answer>,
}

/// A person's answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// This version, for one field or for all that wait.
    Keep(Keep, Option<Field>),
    /// A value of the person's own, for this field or for the only one that waits.
    Edit(Option<Field>, String),
    /// It is the same as the record of that number; where they differ, this side wins, or a person is asked.
    Same(u64, Option<Side>),
    /// It is different from all that it looks like.
    Different,
    /// What was refused is tried once more.
    Retry,
}

/// What an answer did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answered {
    /// What was answered.
    pub conflict: Conflict,
    /// The members of which the same side wins from now on.
    pub rules: Vec<FieldPattern>,
    /// How many other conflicts of the pair the next run settles because of that.
    pub also: u64,
}

/// Returns everything that waits for a person, in a fixed order, each under its own number.
///
/// # Errors
///
/// `USE-102` for an app user who does not exist; those of the database.
pub async fn conflicts(office: &Office, user: Option<&str>) -> Outcome<Vec<Conflict>> {
    let mut all = Vec::new();
    for pair in office.pairs(None).await? {
        for_kind!(pair.kind, R => waiting_of::<R>(office, &pair, &mut all).await)?;
    }
    let links: Vec<LinkId> = all.iter().map(|conflict| conflict.link).collect();
    for (conflict, number) in all.iter_mut().zip(office.company.numbers(&links).await?) {
        conflict.number = number;
    }
    name_numbers(&mut all);
    answers::name_numbers(&mut all);
    if let Some(user) = user {
        crate::find_user(&*office.company, user).await?;
        all.retain(|conflict| conflict.user == user);
    }
    Ok(all)
}

/// Returns the conflict of a number.
///
/// # Errors
///
/// `USE-104` when there is none.
pub async fn conflict(office: &Office, number: u64) -> Outcome<Conflict> {
    let all = conflicts(office, None).await?;
    all.into_iter().find(|conflict| conflict.number == number).ok_or_else(|| no_such(number))
}

/// Records a person's answer; the next run carries it out. With `always`, the side that is kept wins that field
/// of the pair from now on.
///
/// # Errors
///
/// `USE-104` when there is no such number, `USE-112` when the answer does not fit.
pub async fn resolve(office: &Office, number: u64, answer: &Answer, always: bool) -> Outcome<Answered> {
    let all = conflicts(office, None).await?;
    let find = |number| all.iter().find(|conflict: &&Conflict| conflict.number == number);
    let conflict = find(number).ok_or_else(|| no_such(number))?;
    let pairs = office.pairs(None).await?;
    let pair = pairs.iter().find(|pair| pair.id == conflict.pair).ok_or_else(|| no_such(number))?;
    let other = match answer {
        Answer::Same(other, _) => Some(find(*other).ok_or_else(|| no_such(*other))?.link),
        _ => None,
    };
    for_kind!(pair.kind, R => carry::<R>(office, pair, conflict, answer, other).await)
        .map_err(|failure| failure.or_with(Detail::Key, number.to_string()))?;
    let mut answered = Answered { conflict: conflict.clone(), rules: Vec::new(), also: 0 };
    if always {
        answered.rules = learn(office, pair, conflict, answer).await?;
        let is_also = |one: &&Conflict| {
            one.pair == pair.id
                && one.number != number
                && one
                    .clashes()
                    .iter()
                    .any(|clash| answered.rules.iter().any(|rule| rule.names(&clash.field)))
        };
        answered.also = all.iter().filter(is_also).count() as u64;
    }
    Ok(answered)
}

/// Makes a rule of an answer: from now on this side wins these members of the pair.
async fn learn(
    office: &Office,
    pair: &Pair,
    conflict: &Conflict,
    answer: &Answer,
) -> Outcome<Vec<FieldPattern>> {
    let refused = || Failure::new(Code::Use112).with(Detail::Key, conflict.number.to_string());
    let (policy, only) = match answer {
        Answer::Keep(Keep::Local, only) => (Policy::Local, only),
        Answer::Keep(Keep::Remote, only) => (Policy::Remote, only),
        _ => return Err(refused()),
    };
    let mut members: Vec<FieldPattern> = conflict
        .clashes()
        .iter()
        .filter(|clash| only.as_ref().is_none_or(|only| *only == clash.field))
        .map(|clash| FieldPattern::new(clash.field.member()))
        .collect();
    members.dedup();
    let before = office.rules_of(pair).await?;
    let mut taught = pair.clone();
    taught.rules.policies.retain(|(known, _)| !members.contains(known));
    taught.rules.policies.extend(members.iter().map(|member| (member.clone(), policy)));
    office.company.save_pair(&taught).await?;
    for_kind!(pair.kind, R => {
        let engine = engine::<R>(office, &taught).await?;
        engine.adopt_rules(&before).await.map_err(|error| engine_failure(error, pair))?;
    });
    Ok(members)
}

/// Forgets what was learnt about a field of an app user's pairs. Returns how many rules went.
///
/// # Errors
///
/// `USE-102` for an app user who does not exist; those of the database.
pub async fn forget_rule(office: &Office, user: &str, field: &str) -> Outcome<u64> {
    let mut gone = 0;
    for pair in office.pairs(Some(user)).await? {
        let mut pair = pair;
        let had = pair.rules.policies.len();
        pair.rules.policies.retain(|(known, _)| known.as_str() != field);
        if pair.rules.policies.len() < had {
            gone += (had - pair.rules.policies.len()) as u64;
            office.company.save_pair(&pair).await?;
        }
    }
    Ok(gone)
}

fn no_such(number: u64) -> Failure {
    Failure::new(Code::Use104).with(Detail::Key, number.to_string())
}

async fn carry<R: Kinded>(
    office: &Office,
    pair: &Pair,
    conflict: &Conflict,
    answer: &Answer,
    other: Option<LinkId>,
) -> Outcome<()> {
    let engine = engine::<R>(office, pair).await?;
    let failed = |error| engine_failure(error, pair);
    let does_not_fit = || Failure::new(Code::Use112);
    match (answer, &conflict.waiting) {
        (Answer::Keep(keep, only), Waiting::Clash { fields, .. }) => {
            let wanted: Vec<&Clash> =
                fields.iter().filter(|clash| only.as_ref().is_none_or(|only| *only == clash.field)).collect();
            if wanted.is_empty() {
                return Err(does_not_fit());
            }
            // Either all of them can be kept, or nothing is answered.
            let mut values = Vec::new();
            for clash in &wanted {
                values.push(if *keep == Keep::Both {
                    Some(both(clash).ok_or_else(does_not_fit)?)
                } else {
                    None
                });
            }
            for (clash, value) in wanted.into_iter().zip(values) {
                match (keep, value) {
                    (_, Some(value)) => amend(&engine, pair, conflict.link, &clash.field, &value).await?,
                    (Keep::Remote, _) => {
                        engine.resolve(conflict.link, &clash.field, Side::Remote).await.map_err(failed)?
                    }
                    _ => engine.resolve(conflict.link, &clash.field, Side::Local).await.map_err(failed)?,
                }
            }
            Ok(())
        }
        (Answer::Edit(only, text), Waiting::Clash { fields, .. }) => {
            let clash = match (only, fields.as_slice()) {
                (Some(only), _) => {
                    fields.iter().find(|clash| clash.field == *only).ok_or_else(does_not_fit)?
                }
                (None, [clash]) => clash,
                (None, _) => return Err(does_not_fit()),
            };
            amend(&engine, pair, conflict.link, &clash.field, &typed(clash, text)).await
        }
        (Answer::Same(_, keep), Waiting::LookAlike { .. }) => {
            let other = other.ok_or_else(does_not_fit)?;
            engine.join(conflict.link, other, *keep).await.map_err(failed)
        }
        (Answer::Keep(Keep::Local, None), Waiting::LookAlike { others, .. }) => match others.as_slice() {
            [other] if other.linked => {
                engine.join(conflict.link, other.link, Some(Side::Local)).await.map_err(failed)
            }
            _ => Err(does_not_fit()),
        },
        (Answer::Different, Waiting::LookAlike { others, .. }) => {
            for other in others {
                engine.tell_apart(conflict.link, other.link).await.map_err(failed)?;
            }
            Ok(())
        }
        (answer, Waiting::Refused { side, unread, problem }) if conflict.answers.contains(answer) => {
            match (answer, side) {
                (Answer::Retry, _) => engine.retry(conflict.link).await.map_err(failed),
                (Answer::Keep(Keep::Remote, _), Side::Remote) if *unread => {
                    engine.retry(conflict.link).await.map_err(failed)
                }
                (Answer::Keep(Keep::Both, _), _) if *unread => {
                    engine.leave(conflict.link).await.map_err(failed)
                }
                (Answer::Keep(Keep::Local, _), Side::Remote)
                | (Answer::Keep(Keep::Remote, _), Side::Local)
                    if problem.code == answers::AGAIN =>
                {
                    engine.make_here(conflict.link).await.map_err(failed)
                }
                (Answer::Keep(Keep::Local, _), Side::Remote) => {
                    engine.keep_here(conflict.link).await.map_err(failed)
                }
                (Answer::Keep(Keep::Both, _), _) => {
                    copy::<R>(office, pair, conflict.link).await?;
                    engine.give_up(conflict.link).await.map_err(failed)
                }
                _ => engine.give_up(conflict.link).await.map_err(failed),
            }
        }
        _ => Err(does_not_fit()),
    }
}

/// Makes a record of the app user's own of what the company has: without the identifier and the guests of the
/// one that it was made of.
async fn copy<R: Kinded>(office: &Office, pair: &Pair, link: LinkId) -> Outcome<()> {
    const NOT_MINE: [&str; 2] = ["uid", "participants"];
    let ledger = R::ledger(&*office.company);
    let found = ledger.find(&pair.id, &passerelle_ports::Find::Links(vec![link])).await?;
    let mine = found.first().and_then(|link| link.alive(Side::Local)).map(|stored| fields(&stored.record));
    let mut mine = mine.ok_or_else(|| Failure::new(Code::Use112))?;
    mine.retain(|field, _| !NOT_MINE.contains(&field.member()));
    let record: R = assemble(&mine).map_err(|_| Failure::new(Code::Use112))?;
    R::load(&*office.company, Some(&pair.user), vec![(record, None)], &LoadHow::default()).await?;
    Ok(())
}

async fn amend<R: Kinded>(
    engine: &Engine<R>,
    pair: &Pair,
    link: LinkId,
    field: &Field,
    value: &Value,
) -> Outcome<()> {
    let report = engine.amend(link, field, value).await.map_err(|error| engine_failure(error, pair))?;
    match &report.stopped {
        Some(stopped) => Err(crate::report::stopped_failure(stopped, &pair.user)),
        None => Ok(()),
    }
}

/// Returns a value that keeps what both sides hold, where there is one: texts of several lines and lists.
pub(crate) fn both(clash: &Clash) -> Option<Value> {
    match (&clash.local, &clash.remote) {
        (Some(Value::String(local)), Some(Value::String(remote)))
            if LINES.contains(&clash.field.member()) && clash.field.key().is_none() =>
        {
            // Every line once: where one text grew out of the other, nothing is said twice.
            let here: Vec<&str> = local.lines().collect();
            let more = remote.lines().filter(|line| !here.contains(line));
            Some(here.iter().copied().chain(more).collect::<Vec<_>>().join("\n").into())
        }
        (Some(Value::Array(local)), Some(Value::Array(remote))) => {
            let more = remote.iter().filter(|item| !local.contains(item));
            Some(Value::Array(local.iter().chain(more).cloned().collect()))
        }
        _ => None,
    }
}

/// The fields that hold several lines.
const LINES: [&str; 2] = ["notes", "description"];

/// A typed value: a text where the field holds texts, else JSON.
fn typed(clash: &Clash, text: &str) -> Value {
    let is_text =
        [&clash.local, &clash.remote, &clash.base].into_iter().flatten().all(|value| value.is_string());
    if is_text {
        return text.into();
    }
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

impl Conflict {
    /// Returns the fields that both sides changed; none for what waits for another reason.
    #[must_use]
    pub fn clashes(&self) -> &[Clash] {
        match &self.waiting {
            Waiting::Clash { fields, .. } => fields,
            Waiting::LookAlike { .. } | Waiting::Refused { .. } => &[],
        }
    }
}

async fn waiting_of<R: Kinded>(office: &Office, pair: &Pair, all: &mut Vec<Conflict>) -> Outcome<()> {
    let ledger = R::ledger(&*office.company);
    let mut after = None;
    loop {
        let links = ledger.attention(&pair.id, after, CHUNK).await?;
        let Some(last) = links.last() else { return Ok(()) };
        after = Some(last.id);
        for link in &links {
            let waiting = match &link.state {
                LinkState::Ambiguous => look_alikes::<R>(office, pair, link).await?,
                LinkState::Rejected(refusal) => Waiting::Refused {
                    side: refusal.side,
                    problem: Problem::from(&Failure::of_refusal(refusal)),
                    unread: link.looks(),
                },
                LinkState::Active | LinkState::Released => clashes(link, pair),
            };
            all.push(Conflict {
                answers: answers::of(R::KIND, link, &waiting),
                number: 0,
                user: pair.user.clone(),
                pair: pair.id.clone(),
                kind: R::KIND,
                link: link.id,
                summary: named(link),
                waiting,
            });
        }
    }
}

/// Names a link: by its record, or by what little could be read of it.
fn named<R: Record>(link: &Link<R>) -> String {
    let name = summary(link);
    let LinkState::Rejected(refusal) = &link.state else { return name };
    if !name.is_empty() {
        return name;
    }
    let told = refusal.context.get("name").map(Detail::to_text);
    told.or_else(|| link.item(refusal.side).map(ToString::to_string)).unwrap_or_default()
}

fn clashes<R: Record>(link: &Link<R>, pair: &Pair) -> Waiting {
    let of = |side: Side| link.alive(side).map(|stored| fields(&stored.record)).unwrap_or_default();
    let (mut local, remote, base) = (of(Side::Local), of(Side::Remote), fields(&link.bases.local));
    // The row went into another calendar.
    for home in link.held.iter().filter(|field| is_home(field)) {
        local.insert(home.clone(), pair.name.clone().into());
    }
    let value = |from: &Fields, field: &Field| from.get(field).cloned();
    let fields = link
        .held
        .iter()
        .map(|field| Clash {
            field: field.clone(),
            base: value(&base, field),
            local: value(&local, field),
            remote: value(&remote, field),
            chosen: link.chosen.iter().find(|(known, _)| known == field).map(|(_, side)| *side),
        })
        .collect();
    let is_gone = |side: &Side| link.copies[*side].as_ref().is_some_and(|copy| copy.gone);
    Waiting::Clash { fields, gone: Side::BOTH.into_iter().find(is_gone) }
}

async fn look_alikes<R: Kinded>(office: &Office, pair: &Pair, link: &Link<R>) -> Outcome<Waiting> {
    let ledger = R::ledger(&*office.company);
    let side = link.half().unwrap_or(Side::Local);
    let keys: Vec<MatchKey> = link.match_keys(side);
    let halves = ledger.halves_sharing(&pair.id, &keys).await?;
    let ids: Vec<LinkId> = halves
        .iter()
        .filter(|half| half.side != side && !link.different.contains(&half.link))
        .map(|half| half.link)
        .collect();
    let found = ledger.find(&pair.id, &passerelle_ports::Find::Links(ids)).await?;
    let mut others: Vec<LookAlike> = found
        .iter()
        .map(|other| LookAlike {
            link: other.id,
            side: side.other(),
            summary: summary(other),
            number: None,
            linked: false,
            differences: differences(link, other),
        })
        .collect();
    let mut sharing = ledger.alive_sharing(&pair.id, Side::Local, &keys).await?;
    for id in ledger.alive_sharing(&pair.id, Side::Remote, &keys).await? {
        if !sharing.contains(&id) {
            sharing.push(id);
        }
    }
    let linked = ledger.find(&pair.id, &passerelle_ports::Find::Links(sharing)).await?;
    others.extend(linked.iter().filter(|other| is_double(link, other)).map(|other| LookAlike {
        link: other.id,
        side,
        summary: summary(other),
        number: None,
        linked: true,
        differences: differences(link, other),
    }));
    others.sort_by_key(|other| other.link);
    Ok(Waiting::LookAlike { side, others })
}

/// What differs between two halves, each with its own side's value.
fn differences<R: Record>(one: &Link<R>, other: &Link<R>) -> Vec<Clash> {
    let of = |side: Side| {
        let stored = one.alive(side).or_else(|| other.alive(side));
        stored.map(|stored| fields(&stored.record)).unwrap_or_default()
    };
    let (local, remote) = (of(Side::Local), of(Side::Remote));
    let names: BTreeSet<&Field> = local.keys().chain(remote.keys()).collect();
    names
        .into_iter()
        .filter(|field| {
            let normal = |value: Option<&Value>| {
                value.map(|value| R::normal(field, value)).filter(|value| !is_empty(value))
            };
            normal(local.get(*field)) != normal(remote.get(*field)) || field.as_str() == "uid"
        })
        .map(|field| Clash {
            field: field.clone(),
            base: None,
            local: local.get(field).cloned(),
            remote: remote.get(field).cloned(),
            chosen: None,
        })
        .collect()
}

fn summary<R: Record>(link: &Link<R>) -> String {
    Side::BOTH
        .iter()
        .find_map(|side| link.copies[*side].as_ref())
        .map(|copy| copy.stored.record.summary())
        .unwrap_or_default()
}

/// Look-alikes are told by their numbers too, so that a person can name them.
fn name_numbers(all: &mut [Conflict]) {
    let numbers: Vec<(LinkId, u64)> = all.iter().map(|conflict| (conflict.link, conflict.number)).collect();
    for conflict in all {
        if let Waiting::LookAlike { others, .. } = &mut conflict.waiting {
            for other in others {
                other.number =
                    numbers.iter().find(|(link, _)| *link == other.link).map(|(_, number)| *number);
            }
        }
    }
}
