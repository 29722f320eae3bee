//! What waits for a person, and the person's answers.

use passerelle_ports::{
    Field, Fields, Kind, Link, LinkId, LinkState, MatchKey, PairId, Record, Side, Value, fields,
};
use serde::Serialize;

use crate::{
    Failure, Kinded, Office, Outcome, Pair, Problem,
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
}

/// What a link waits for.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "why")]
pub enum Waiting {
    /// Fields changed on both sides.
    Clash {
        /// The fields.
        fields: Vec<Clash>,
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
    },
}

/// One link that waits.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Conflict {
    /// Its number in the list: `conflicts show 3`.
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
}

/// A person's answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// This side's value, for one field or for all that wait.
    Keep(Side, Option<Field>),
    /// It is the same as the record of that number.
    Same(u64),
    /// It is different from all that it looks like.
    Different,
}

/// Returns everything that waits for a person, in a fixed order, numbered from 1 over all app users.
///
/// # Errors
///
/// `USE-102` for an app user who does not exist; those of the database.
pub async fn conflicts(office: &Office, user: Option<&str>) -> Outcome<Vec<Conflict>> {
    let mut all = Vec::new();
    for pair in office.pairs(None).await? {
        for_kind!(pair.kind, R => waiting_of::<R>(office, &pair, &mut all).await)?;
    }
    name_numbers(&mut all);
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

/// Records a person's answer; the next run carries it out. Returns what was answered.
///
/// # Errors
///
/// `USE-104` when there is no such number, `USE-112` when the answer does not fit.
pub async fn resolve(office: &Office, number: u64, answer: &Answer) -> Outcome<Conflict> {
    let all = conflicts(office, None).await?;
    let find = |number| all.iter().find(|conflict: &&Conflict| conflict.number == number);
    let conflict = find(number).ok_or_else(|| no_such(number))?;
    let pairs = office.pairs(None).await?;
    let pair = pairs.iter().find(|pair| pair.id == conflict.pair).ok_or_else(|| no_such(number))?;
    let other = match answer {
        Answer::Same(other) => Some(find(*other).ok_or_else(|| no_such(*other))?.link),
        _ => None,
    };
    for_kind!(pair.kind, R => carry::<R>(office, pair, conflict, answer, other).await)
        .map_err(|failure| failure.or_with("key", &number.to_string()))?;
    Ok(conflict.clone())
}

fn no_such(number: u64) -> Failure {
    Failure::new("USE-104").with("key", number.to_string())
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
    match (answer, &conflict.waiting) {
        (Answer::Keep(side, only), Waiting::Clash { fields }) => {
            let wanted: Vec<&Clash> =
                fields.iter().filter(|clash| only.as_ref().is_none_or(|only| *only == clash.field)).collect();
            if wanted.is_empty() {
                return Err(Failure::new("USE-112"));
            }
            for clash in wanted {
                engine.resolve(conflict.link, &clash.field, *side).await.map_err(failed)?;
            }
            Ok(())
        }
        (Answer::Same(_), Waiting::LookAlike { .. }) => {
            let other = other.ok_or_else(|| Failure::new("USE-112"))?;
            engine.join(conflict.link, other).await.map_err(failed)
        }
        (Answer::Different, Waiting::LookAlike { others, .. }) => {
            for other in others {
                engine.tell_apart(conflict.link, other.link).await.map_err(failed)?;
            }
            Ok(())
        }
        _ => Err(Failure::new("USE-112")),
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
                },
                LinkState::Active | LinkState::Released => clashes(link),
            };
            all.push(Conflict {
                number: all.len() as u64 + 1,
                user: pair.user.clone(),
                pair: pair.id.clone(),
                kind: R::KIND,
                link: link.id,
                summary: summary(link),
                waiting,
            });
        }
    }
}

fn clashes<R: Record>(link: &Link<R>) -> Waiting {
    let of = |side: Side| link.alive(side).map(|stored| fields(&stored.record)).unwrap_or_default();
    let (local, remote, base) = (of(Side::Local), of(Side::Remote), fields(&link.bases.local));
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
    Waiting::Clash { fields }
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
        .map(|other| LookAlike { link: other.id, side: side.other(), summary: summary(other), number: None })
        .collect();
    others.sort_by_key(|other| other.link);
    Ok(Waiting::LookAlike { side, others })
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
