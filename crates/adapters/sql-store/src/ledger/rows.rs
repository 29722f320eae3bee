//! The rows of the ledger, and what they say of links and entries.

use chrono::{DateTime, NaiveDateTime, SubsecRound, Utc};
use diesel::prelude::*;
use passerelle_ports::{
    Copy, Entry, Field, ItemId, Lack, Link, LinkId, LinkState, Outcome, PairId, Record, Run, RunId, RunKind,
    Side, Sides, Stored, Stranger, Trail, Value,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    StoreError,
    schema::{
        passerelle_copies, passerelle_entries, passerelle_links, passerelle_runs, passerelle_strangers,
    },
};

pub(crate) const LINK_WIDTH: usize = 14;
pub(crate) const COPY_WIDTH: usize = 10;
pub(crate) const ENTRY_WIDTH: usize = 12;
pub(crate) const STRANGER_WIDTH: usize = 6;

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = passerelle_links)]
#[diesel(treat_none_as_default_value = false)]
pub(crate) struct LinkRow {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) pair: String,
    pub(crate) due: bool,
    pub(crate) looks: bool,
    pub(crate) blocked: bool,
    pub(crate) half: String,
    pub(crate) state: String,
    pub(crate) held: bool,
    pub(crate) attention: bool,
    pub(crate) seen: i64,
    pub(crate) alive: i64,
    pub(crate) root: Option<String>,
    pub(crate) body: String,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = passerelle_copies)]
pub(crate) struct CopyRow {
    pub(crate) link: String,
    pub(crate) side: String,
    pub(crate) kind: String,
    pub(crate) pair: String,
    pub(crate) item: String,
    pub(crate) sequence: i64,
    pub(crate) gone: bool,
    pub(crate) look: bool,
    pub(crate) met: i64,
    pub(crate) stored: String,
}

#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = passerelle_entries)]
#[diesel(treat_none_as_default_value = false)]
pub(crate) struct EntryRow {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) pair: String,
    pub(crate) run: i64,
    pub(crate) link: String,
    pub(crate) side: String,
    pub(crate) from_item: Option<String>,
    pub(crate) item: Option<String>,
    pub(crate) opened: NaiveDateTime,
    pub(crate) is_open: bool,
    pub(crate) body: String,
    pub(crate) outcome: String,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = passerelle_strangers)]
#[diesel(treat_none_as_default_value = false)]
pub(crate) struct StrangerRow {
    pub(crate) pair: String,
    pub(crate) side: String,
    pub(crate) item: String,
    pub(crate) trail: String,
    pub(crate) gone: Option<NaiveDateTime>,
    pub(crate) look: bool,
}

#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = passerelle_runs)]
pub(crate) struct RunRow {
    pub(crate) id: i64,
    pub(crate) pair: String,
    pub(crate) purpose: String,
    pub(crate) started: NaiveDateTime,
    pub(crate) finished: Option<NaiveDateTime>,
    pub(crate) summary: String,
}

/// What a link says beyond its copies and its flags.
#[derive(Serialize, Deserialize)]
#[serde(bound = "R: Record")]
struct Body<R> {
    bases: Sides<R>,
    state: LinkState,
    held: Vec<Field>,
    chosen: Vec<(Field, Side)>,
    different: Vec<LinkId>,
    #[serde(default)]
    decided: Option<DateTime<Utc>>,
    #[serde(default)]
    trails: Sides<Trail>,
    /// An index finds the links that have this member: see `lacking`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    lacks: Vec<Lack>,
}

/// The part of [`Body`] that a half needs.
#[derive(Deserialize)]
struct BodyOfHalf {
    different: Vec<LinkId>,
}

/// Returns a time as it is stored: UTC, in microseconds.
pub(crate) fn stamp(time: DateTime<Utc>) -> NaiveDateTime {
    time.naive_utc().trunc_subsecs(6)
}

/// The format of the values that are kept as texts. A change of what is written is a new format: this number is counted up,
/// and `tests/golden` gets the files of the new one beside those of all before, which are read for ever.
pub(crate) const FORMAT: u32 = 1;

/// How a text with a number begins: the database's own functions for JSON keep the order of the members.
const NUMBERED: &str = r#"{"format":"#;

/// Returns a value as it is kept.
pub(crate) fn to_json<T: Serialize>(value: &T, table: &'static str) -> Result<String, StoreError> {
    serde_json::to_string(value).map(numbered).map_err(|_| StoreError::Damaged(table))
}

/// Puts the number of the format into a text, unless that is a bare word.
pub(crate) fn numbered(text: String) -> String {
    match text.strip_prefix('{') {
        Some("}") => format!("{NUMBERED}{FORMAT}}}"),
        Some(members) => format!("{NUMBERED}{FORMAT},{members}"),
        None => text,
    }
}

/// Reads a value that was kept. Texts of before there were numbers are of format 1.
pub(crate) fn from_json<T: DeserializeOwned>(text: &str, table: &'static str) -> Result<T, StoreError> {
    let damaged = || StoreError::Damaged(table);
    let Some(rest) = text.strip_prefix(NUMBERED) else {
        return serde_json::from_str(text).map_err(|_| damaged());
    };
    let (number, members) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(damaged)?);
    if !(1..=FORMAT).contains(&number.parse::<u32>().map_err(|_| damaged())?) {
        let [found, known] = [number, &FORMAT.to_string()].map(|number| format!("format {number}"));
        return Err(StoreError::NewerSchema { found, known });
    }
    let members = members.strip_prefix(',').unwrap_or(members);
    serde_json::from_str(&format!("{{{members}")).map_err(|_| damaged())
}

/// What stands in the place of the state where one side does not offer the record any more.
pub(crate) const ASIDE: &str = "aside";

fn state_name(state: &LinkState) -> &'static str {
    match state {
        LinkState::Active => "active",
        LinkState::Released => "released",
        LinkState::Ambiguous => "ambiguous",
        LinkState::Rejected(_) => "rejected",
    }
}

fn mask(of: impl Fn(Side) -> bool) -> i64 {
    i64::from(of(Side::Local)) + 2 * i64::from(of(Side::Remote))
}

/// Returns the row of a link; `blocked` is for the caller to say.
pub(crate) fn link_row<R: Record>(
    link: &Link<R>,
    pair: &PairId,
    blocked: bool,
) -> Result<LinkRow, StoreError> {
    let Link { id, bases, due, state, held, chosen, different, decided, trails, lacks, .. } = link.clone();
    Ok(LinkRow {
        id: id.to_string(),
        kind: R::KIND.as_str().to_owned(),
        pair: pair.to_string(),
        due,
        looks: link.looks(),
        blocked,
        half: link.half().map_or("", Side::as_str).to_owned(),
        // What is out of scope is counted and listed as such.
        state: if link.is_aside() && state == LinkState::Active { ASIDE } else { state_name(&state) }
            .to_owned(),
        held: !held.is_empty(),
        attention: link.needs_attention(),
        seen: mask(|side| link.copies[side].is_some()),
        alive: mask(|side| link.alive(side).is_some()),
        root: link.root().map(ToString::to_string),
        body: to_json(
            &Body { bases, state, held, chosen, different, decided, trails, lacks },
            "passerelle_links",
        )?,
    })
}

/// Returns the rows of a link's copies. `met` tells which listing met them last.
pub(crate) fn copy_rows<R: Record>(
    link: &Link<R>,
    pair: &PairId,
    met: impl Fn(&str, Side) -> i64,
) -> Result<Vec<CopyRow>, StoreError> {
    let sides = Side::BOTH.into_iter().filter_map(|side| Some((side, link.copies[side].as_ref()?)));
    sides
        .map(|(side, copy)| {
            let name = link.id.to_string();
            Ok(CopyRow {
                side: side.as_str().to_owned(),
                kind: R::KIND.as_str().to_owned(),
                pair: pair.to_string(),
                item: copy.stored.id.to_string(),
                sequence: sequence_of(&copy.stored),
                gone: copy.gone,
                look: copy.look,
                met: met(&name, side),
                stored: to_json(&copy.stored, "passerelle_copies")?,
                link: name,
            })
        })
        .collect()
}

/// Returns the number of a copy's version; a version that is no number comes before all others.
fn sequence_of<R>(stored: &Stored<R>) -> i64 {
    stored.version.sequence().and_then(|sequence| i64::try_from(sequence).ok()).unwrap_or(-1)
}

/// Puts a link together.
pub(crate) fn link_of<R: Record>(row: &LinkRow, copies: &[CopyRow]) -> Result<Link<R>, StoreError> {
    let body: Body<R> = from_json(&row.body, "passerelle_links")?;
    let copy = |side: Side| {
        let row = copies.iter().find(|copy| copy.link == row.id && copy.side == side.as_str());
        row.map(|row| {
            let stored = from_json(&row.stored, "passerelle_copies")?;
            Ok::<_, StoreError>(Copy { stored, gone: row.gone, look: row.look })
        })
        .transpose()
    };
    Ok(Link {
        id: link_id(&row.id)?,
        copies: Sides { local: copy(Side::Local)?, remote: copy(Side::Remote)? },
        bases: body.bases,
        due: row.due,
        state: body.state,
        held: body.held,
        chosen: body.chosen,
        different: body.different,
        decided: body.decided,
        trails: body.trails,
        lacks: body.lacks,
    })
}

pub(crate) fn link_id(text: &str) -> Result<LinkId, StoreError> {
    text.parse().map_err(|_| StoreError::Damaged("passerelle_links"))
}

/// Reads the halves that a person said are other records.
pub(crate) fn different_of(body: &str) -> Result<Vec<LinkId>, StoreError> {
    from_json::<BodyOfHalf>(body, "passerelle_links").map(|body| body.different)
}

/// Returns the row of an item that no link knows.
pub(crate) fn stranger_row(stranger: &Stranger, pair: &PairId) -> Result<StrangerRow, StoreError> {
    Ok(StrangerRow {
        pair: pair.to_string(),
        side: stranger.side.as_str().to_owned(),
        item: stranger.item.to_string(),
        trail: to_json(&stranger.trail, "passerelle_strangers")?,
        gone: stranger.trail.gone.map(stamp),
        look: stranger.look,
    })
}

/// Puts an item that no link knows together.
pub(crate) fn stranger_of(row: StrangerRow, side: Side) -> Result<Stranger, StoreError> {
    let trail = from_json(&row.trail, "passerelle_strangers")?;
    Ok(Stranger { side, item: ItemId::new(row.item), trail, look: row.look })
}

/// Returns the row of an entry.
pub(crate) fn entry_row<R: Record>(entry: &Entry<R>, pair: &PairId) -> Result<EntryRow, StoreError> {
    Ok(EntryRow {
        id: entry.id.to_string(),
        kind: R::KIND.as_str().to_owned(),
        pair: pair.to_string(),
        run: entry.run.0,
        link: entry.link.to_string(),
        side: entry.side.as_str().to_owned(),
        from_item: entry.from.as_ref().map(|from| from.id.to_string()),
        item: entry.item().map(ToString::to_string),
        opened: stamp(entry.opened),
        is_open: entry.is_open(),
        body: to_json(&Entry { outcome: Outcome::Open, ..entry.clone() }, "passerelle_entries")?,
        outcome: to_json(&entry.outcome, "passerelle_entries")?,
    })
}

/// Puts an entry together.
pub(crate) fn entry_of<R: Record>(body: &str, outcome: &str) -> Result<Entry<R>, StoreError> {
    let entry: Entry<R> = from_json(body, "passerelle_entries")?;
    Ok(Entry { outcome: from_json(outcome, "passerelle_entries")?, ..entry })
}

/// Puts a run together.
pub(crate) fn run_of(row: RunRow) -> Result<Run, StoreError> {
    let kind: RunKind = from_json(&row.purpose, "passerelle_runs")?;
    let summary: Value = from_json(&row.summary, "passerelle_runs")?;
    Ok(Run {
        id: RunId(row.id),
        pair: PairId::new(row.pair),
        kind,
        started: row.started.and_utc(),
        finished: row.finished.map(|time| time.and_utc()),
        summary,
    })
}

/// Returns names as the database has them.
pub(crate) fn names<T: ToString>(ids: &[T]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

/// Returns names as ids of items.
pub(crate) fn items(names: Vec<String>) -> Vec<ItemId> {
    names.into_iter().map(ItemId::new).collect()
}
