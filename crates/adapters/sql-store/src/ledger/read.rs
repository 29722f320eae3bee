//! What the ledger answers: index reads.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::{
    dsl::{count_star, sql},
    prelude::*,
    sql_types::{Bool, Text},
};
use passerelle_ports::{
    Counts, Cursor, EntriesOf, Entry, EntryId, Find, Half, ItemId, LastCopy, Link, LinkId, Look, MatchKey,
    PairId, PairState, Record, Run, RunId, Side, Sides, Slice, Stranger,
};

use super::rows::{
    ASIDE, CopyRow, LinkRow, RunRow, StrangerRow, different_of, entry_of, from_json, items, link_id, link_of,
    names, run_of, stamp, stranger_of,
};
use crate::{
    StoreError,
    dialect::{Backend, Conn, MOST_NAMES},
    schema::{
        passerelle_copies as copies, passerelle_entries as entries, passerelle_links as links,
        passerelle_match_keys as match_keys, passerelle_pair_states as pair_states, passerelle_runs as runs,
        passerelle_strangers as strangers,
    },
};

fn most(limit: u64) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// Returns the name after which a list goes on; every name is greater than the empty one.
fn after_of(after: Option<LinkId>) -> String {
    after.map(|id| id.to_string()).unwrap_or_default()
}

pub(crate) fn pair_state(conn: &mut Conn, pair: &PairId) -> Result<PairState, StoreError> {
    type Row = (Option<String>, Option<String>, Option<String>, Option<String>);
    let row: Option<Row> = pair_states::table
        .find(pair.as_str())
        .select((
            pair_states::local_cursor,
            pair_states::remote_cursor,
            pair_states::rules,
            pair_states::labels,
        ))
        .first(conn)
        .optional()?;
    let (local, remote, rules, labels) = row.unwrap_or_default();
    // A memo: what cannot be read is found by name again.
    let labels = labels.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let cursors = Sides { local: local.map(Cursor::new), remote: remote.map(Cursor::new) };
    Ok(PairState { cursors, rules, labels })
}

pub(crate) fn counts(conn: &mut Conn, pair: &PairId) -> Result<Counts, StoreError> {
    let open: i64 = entries::table
        .filter(entries::pair.eq(pair.as_str()).and(entries::is_open.eq(true)))
        .count()
        .get_result(conn)?;
    let mut counts = Counts { open: count(open), ..Counts::default() };
    let groups: Vec<(i64, i64, bool, bool, String, i64)> = links::table
        .filter(links::pair.eq(pair.as_str()))
        .group_by((links::seen, links::alive, links::due, links::held, links::state))
        .select((links::seen, links::alive, links::due, links::held, links::state, count_star()))
        .load(conn)?;
    for (seen, alive, due, held, state, number) in groups {
        let number = count(number);
        let when = |condition: bool| if condition { number } else { 0 };
        counts.links += number;
        counts.linked += when(seen == 3);
        counts.both += when(alive == 3);
        counts.alive.local += when(alive & 1 != 0);
        counts.alive.remote += when(alive & 2 != 0);
        counts.due += when(due);
        counts.held += when(held);
        counts.ambiguous += when(state == "ambiguous");
        counts.rejected += when(state == "rejected");
        counts.released += when(state == "released");
        counts.aside += when(state == ASIDE);
    }
    Ok(counts)
}

/// Reads links by name, in the order of their names.
pub(super) fn by_names<R: Record>(
    conn: &mut Conn,
    pair: &PairId,
    ids: &BTreeSet<String>,
) -> Result<Vec<Link<R>>, StoreError> {
    let ids: Vec<&String> = ids.iter().collect();
    let mut found = Vec::with_capacity(ids.len());
    for some in ids.chunks(MOST_NAMES) {
        let rows: Vec<LinkRow> = links::table
            .filter(links::id.eq_any(some.iter().copied()).and(links::pair.eq(pair.as_str())))
            .order(links::id)
            .select(LinkRow::as_select())
            .load(conn)?;
        let held: Vec<CopyRow> = copies::table
            .filter(copies::link.eq_any(some.iter().copied()))
            .select(CopyRow::as_select())
            .load(conn)?;
        let mut of_link: HashMap<String, Vec<CopyRow>> = HashMap::new();
        for copy in held {
            of_link.entry(copy.link.clone()).or_default().push(copy);
        }
        for row in rows {
            found.push(link_of(&row, of_link.get(&row.id).map(Vec::as_slice).unwrap_or_default())?);
        }
    }
    Ok(found)
}

pub(crate) fn find<R: Record>(
    conn: &mut Conn,
    pair: &PairId,
    find: &Find,
) -> Result<Vec<Link<R>>, StoreError> {
    let mut ids: BTreeSet<String> = BTreeSet::new();
    match find {
        Find::Links(wanted) => ids.extend(names(wanted)),
        Find::Items(side, wanted) => {
            for some in names(wanted).chunks(MOST_NAMES) {
                let rows: Vec<String> = copies::table
                    .filter(copies::pair.eq(pair.as_str()).and(copies::side.eq(side.as_str())))
                    .filter(copies::item.eq_any(some))
                    .select(copies::link)
                    .load(conn)?;
                ids.extend(rows);
            }
        }
        Find::Roots(wanted) => {
            for some in names(wanted).chunks(MOST_NAMES) {
                let rows: Vec<String> = links::table
                    .filter(links::pair.eq(pair.as_str()).and(links::root.eq_any(some)))
                    .select(links::id)
                    .load(conn)?;
                ids.extend(rows);
            }
        }
    }
    by_names(conn, pair, &ids)
}

pub(crate) fn due(
    conn: &mut Conn,
    pair: &PairId,
    after: Option<LinkId>,
    limit: u64,
) -> Result<Vec<LinkId>, StoreError> {
    let rows: Vec<String> = links::table
        .filter(links::pair.eq(pair.as_str()).and(links::due.eq(true)))
        .filter(links::blocked.eq(false).and(links::looks.eq(false)))
        .filter(links::id.gt(after_of(after)))
        .order(links::id)
        .limit(most(limit))
        .select(links::id)
        .load(conn)?;
    rows.iter().map(|name| link_id(name)).collect()
}

pub(crate) fn strangers(
    conn: &mut Conn,
    pair: &PairId,
    side: Side,
    wanted: &[ItemId],
) -> Result<Vec<Stranger>, StoreError> {
    let mut found = Vec::new();
    for some in names(wanted).chunks(MOST_NAMES) {
        let rows: Vec<StrangerRow> = strangers::table
            .filter(strangers::pair.eq(pair.as_str()).and(strangers::side.eq(side.as_str())))
            .filter(strangers::item.eq_any(some))
            .select(StrangerRow::as_select())
            .load(conn)?;
        found.extend(rows);
    }
    found.into_iter().map(|row| stranger_of(row, side)).collect()
}

pub(crate) fn looks(
    conn: &mut Conn,
    pair: &PairId,
    side: Side,
    after: &str,
    limit: u64,
) -> Result<Vec<Look>, StoreError> {
    let strange: Vec<String> = strangers::table
        .filter(strangers::pair.eq(pair.as_str()).and(strangers::side.eq(side.as_str())))
        .filter(strangers::item.gt(after).and(strangers::look.eq(true)))
        .order(strangers::item)
        .limit(most(limit))
        .select(strangers::item)
        .load(conn)?;
    let known: Vec<(String, String)> = copies::table
        .filter(copies::pair.eq(pair.as_str()).and(copies::side.eq(side.as_str())))
        .filter(copies::look.eq(true).and(copies::item.gt(after)))
        .order(copies::item)
        .limit(most(limit))
        .select((copies::item, copies::link))
        .load(conn)?;
    let mut found: BTreeMap<ItemId, Option<LinkId>> =
        items(strange).into_iter().map(|item| (item, None)).collect();
    for (item, link) in known {
        found.insert(ItemId::new(item), Some(link_id(&link)?));
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    Ok(found.into_iter().map(|(item, link)| Look { item, link }).take(limit).collect())
}

fn entries_of<R: Record>(rows: Vec<(String, String)>) -> Result<Vec<Entry<R>>, StoreError> {
    rows.iter().map(|(body, outcome)| entry_of(body, outcome)).collect()
}

pub(crate) fn open_entries<R: Record>(conn: &mut Conn, pair: &PairId) -> Result<Vec<Entry<R>>, StoreError> {
    let rows = entries::table
        .filter(entries::pair.eq(pair.as_str()).and(entries::is_open.eq(true)))
        .order(entries::number)
        .select((entries::body, entries::outcome))
        .load(conn)?;
    entries_of(rows)
}

pub(crate) fn entries<R: Record>(
    conn: &mut Conn,
    of: &EntriesOf,
    slice: Slice,
) -> Result<Vec<Entry<R>>, StoreError> {
    let mut query = entries::table
        .filter(entries::kind.eq(R::KIND.as_str()))
        .order(entries::number.desc())
        .limit(most(slice.limit))
        .offset(most(slice.skip))
        .select((entries::body, entries::outcome))
        .into_boxed();
    query = match of {
        EntriesOf::Run(run) => query.filter(entries::run.eq(run.0)),
        EntriesOf::Link(link) => query.filter(entries::link.eq(link.to_string())),
        EntriesOf::Pair(pair) => query.filter(entries::pair.eq(pair.to_string())),
        EntriesOf::Entry(id) => query.filter(entries::id.eq(id.to_string())),
        EntriesOf::LinkIn(link, run) => {
            query.filter(entries::link.eq(link.to_string()).and(entries::run.eq(run.0)))
        }
        EntriesOf::LinkSince(link, since) => {
            query.filter(entries::link.eq(link.to_string()).and(entries::opened.ge(stamp(*since))))
        }
        EntriesOf::PairSince(pair, since) => {
            query.filter(entries::pair.eq(pair.to_string()).and(entries::opened.ge(stamp(*since))))
        }
        EntriesOf::Item(side, item) => {
            query.filter(entries::side.eq(side.as_str()).and(entries::item.eq(item.to_string())))
        }
        EntriesOf::Beside(side, item) => {
            let other = sql::<Bool>("json_extract(body, '$.other.id') = ").bind::<Text, _>(item.to_string());
            query.filter(entries::side.eq(side.other().as_str()).and(other))
        }
        EntriesOf::Undoing(id) => {
            // In the body it stands as JSON has it, with hyphens.
            query.filter(sql::<Bool>("json_extract(body, '$.undoes') = ").bind::<Text, _>(id.0.to_string()))
        }
    };
    entries_of(query.load(conn)?)
}

/// What a half needs of its link.
type HalfRow = (String, String, bool, String, String);

fn halves(conn: &mut Conn, rows: Vec<HalfRow>) -> Result<Vec<Half>, StoreError> {
    let ids: Vec<&String> = rows.iter().map(|row| &row.0).collect();
    let mut keys: HashMap<(String, String), Vec<MatchKey>> = HashMap::new();
    for some in ids.chunks(MOST_NAMES) {
        let found: Vec<(String, String, String)> = match_keys::table
            .filter(match_keys::link.eq_any(some.iter().copied()))
            .select((match_keys::link, match_keys::side, match_keys::key))
            .load(conn)?;
        for (link, side, key) in found {
            keys.entry((link, side)).or_default().push(key_of(&key)?);
        }
    }
    rows.into_iter()
        .map(|(link, side, due, state, body)| {
            let mut of_half = keys.remove(&(link.clone(), side.clone())).unwrap_or_default();
            of_half.sort();
            Ok(Half {
                link: link_id(&link)?,
                side: if side == Side::Local.as_str() { Side::Local } else { Side::Remote },
                keys: of_half,
                due,
                ambiguous: state == "ambiguous",
                different: different_of(&body)?,
            })
        })
        .collect()
}

fn key_of(text: &str) -> Result<MatchKey, StoreError> {
    let parts = text.split_once(':').and_then(|(strength, text)| Some((strength.parse().ok()?, text)));
    let (strength, text): (u8, &str) = parts.ok_or(StoreError::Damaged("passerelle_match_keys"))?;
    Ok(MatchKey::new(strength, text))
}

pub(crate) fn due_halves(
    conn: &mut Conn,
    pair: &PairId,
    after: Option<LinkId>,
    limit: u64,
) -> Result<Vec<Half>, StoreError> {
    let rows: Vec<HalfRow> = links::table
        .filter(links::pair.eq(pair.as_str()).and(links::due.eq(true)))
        .filter(links::blocked.eq(false).and(links::looks.eq(false)))
        .filter(links::half.eq_any([Side::Local.as_str(), Side::Remote.as_str()]))
        .filter(links::id.gt(after_of(after)))
        .order(links::id)
        .limit(most(limit))
        .select((links::id, links::half, links::due, links::state, links::body))
        .load(conn)?;
    halves(conn, rows)
}

/// Returns the links that have one of the keys on a side, or on either.
fn sharing(
    conn: &mut Conn,
    pair: &PairId,
    sides: &[Side],
    keys: &[MatchKey],
) -> Result<BTreeSet<(String, String)>, StoreError> {
    let mut found = BTreeSet::new();
    for side in sides {
        for some in names(keys).chunks(MOST_NAMES) {
            let rows: Vec<String> = match_keys::table
                .filter(match_keys::pair.eq(pair.as_str()).and(match_keys::side.eq(side.as_str())))
                .filter(match_keys::key.eq_any(some))
                .select(match_keys::link)
                .load(conn)?;
            found.extend(rows.into_iter().map(|link| (link, side.as_str().to_owned())));
        }
    }
    Ok(found)
}

pub(crate) fn halves_sharing(
    conn: &mut Conn,
    pair: &PairId,
    keys: &[MatchKey],
) -> Result<Vec<Half>, StoreError> {
    let candidates = sharing(conn, pair, &Side::BOTH, keys)?;
    let ids: BTreeSet<&String> = candidates.iter().map(|(link, _)| link).collect();
    let ids: Vec<&String> = ids.into_iter().collect();
    let mut rows: Vec<HalfRow> = Vec::new();
    for some in ids.chunks(MOST_NAMES) {
        let found: Vec<HalfRow> = links::table
            .filter(links::id.eq_any(some.iter().copied()))
            .filter(links::blocked.eq(false).and(links::looks.eq(false)))
            .order(links::id)
            .select((links::id, links::half, links::due, links::state, links::body))
            .load(conn)?;
        rows.extend(found.into_iter().filter(|row| candidates.contains(&(row.0.clone(), row.1.clone()))));
    }
    halves(conn, rows)
}

pub(crate) fn alive_sharing(
    conn: &mut Conn,
    pair: &PairId,
    side: Side,
    keys: &[MatchKey],
) -> Result<Vec<LinkId>, StoreError> {
    let found = sharing(conn, pair, &[side], keys)?;
    found.iter().map(|(link, _)| link_id(link)).collect()
}

pub(crate) fn last_copies<R: Record>(
    conn: &mut Conn,
    wanted: &[ItemId],
) -> Result<Vec<LastCopy<R>>, StoreError> {
    let mut newest: HashMap<String, String> = HashMap::new();
    let mut open: HashMap<String, Vec<EntryId>> = HashMap::new();
    for some in names(wanted).chunks(MOST_NAMES) {
        let rows: Vec<(String, String)> = copies::table
            .filter(copies::kind.eq(R::KIND.as_str()).and(copies::side.eq(Side::Local.as_str())))
            .filter(copies::item.eq_any(some))
            .order(copies::sequence)
            .select((copies::item, copies::stored))
            .load(conn)?;
        newest.extend(rows);
        let rows: Vec<(Option<String>, String)> = entries::table
            .filter(entries::kind.eq(R::KIND.as_str()).and(entries::side.eq(Side::Local.as_str())))
            .filter(entries::from_item.eq_any(some).and(entries::is_open.eq(true)))
            .order(entries::number)
            .select((entries::from_item, entries::id))
            .load(conn)?;
        for (item, entry) in rows {
            let entry = entry.parse().map_err(|_| StoreError::Damaged("passerelle_entries"))?;
            open.entry(item.unwrap_or_default()).or_default().push(entry);
        }
    }
    wanted
        .iter()
        .map(|item| {
            let stored =
                newest.get(item.as_str()).map(|text| from_json(text, "passerelle_copies")).transpose()?;
            let open = open.get(item.as_str()).cloned().unwrap_or_default();
            Ok(LastCopy { item: item.clone(), newest: stored, open })
        })
        .collect()
}

/// A condition on a link, among those of one pair.
type Wanted = Box<dyn BoxableExpression<links::table, Backend, SqlType = Bool>>;

/// Reads the next links of a pair that meet a condition, in the order of their names.
fn next_links<R: Record>(
    conn: &mut Conn,
    pair: &PairId,
    wanted: Wanted,
    (after, limit): (Option<LinkId>, u64),
) -> Result<Vec<Link<R>>, StoreError> {
    let rows: Vec<String> = links::table
        .filter(links::pair.eq(pair.as_str()))
        .filter(wanted)
        .filter(links::id.gt(after_of(after)))
        .order(links::id)
        .limit(most(limit))
        .select(links::id)
        .load(conn)?;
    by_names(conn, pair, &rows.into_iter().collect())
}

pub(crate) fn attention<R: Record>(
    conn: &mut Conn,
    pair: &PairId,
    after: Option<LinkId>,
    limit: u64,
) -> Result<Vec<Link<R>>, StoreError> {
    next_links(conn, pair, Box::new(links::attention.eq(true)), (after, limit))
}

pub(crate) fn alone<R: Record>(
    conn: &mut Conn,
    pair: &PairId,
    after: Option<LinkId>,
    limit: u64,
) -> Result<Vec<Link<R>>, StoreError> {
    let wanted = links::state.eq(ASIDE).or(links::state.eq("released").and(links::half.ne("")));
    next_links(conn, pair, Box::new(wanted), (after, limit))
}

/// The links that lack something; the words are those of the partial index.
const LACKING: &str = r#"instr(body, '"lacks":[') > 0"#;

pub(crate) fn lacking<R: Record>(
    conn: &mut Conn,
    pair: &PairId,
    after: Option<LinkId>,
    limit: u64,
) -> Result<Vec<Link<R>>, StoreError> {
    next_links(conn, pair, Box::new(sql::<Bool>(LACKING)), (after, limit))
}

pub(crate) fn runs(
    conn: &mut Conn,
    kind: &str,
    pair: Option<&PairId>,
    slice: Slice,
) -> Result<Vec<Run>, StoreError> {
    let mut query = runs::table
        .filter(runs::kind.eq(kind.to_owned()))
        .order(runs::id.desc())
        .limit(most(slice.limit))
        .offset(most(slice.skip))
        .select(RunRow::as_select())
        .into_boxed();
    if let Some(pair) = pair {
        query = query.filter(runs::pair.eq(pair.to_string()));
    }
    query.load(conn)?.into_iter().map(run_of).collect()
}

pub(crate) fn run(conn: &mut Conn, kind: &str, run: RunId) -> Result<Option<Run>, StoreError> {
    let row: Option<RunRow> = runs::table
        .find(run.0)
        .filter(runs::kind.eq(kind))
        .select(RunRow::as_select())
        .first(conn)
        .optional()?;
    row.map(run_of).transpose()
}
