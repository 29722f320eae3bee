//! Forgetting: old history, a pair, deletions that every pair has read.

use chrono::{DateTime, Utc};
use diesel::{
    dsl::{exists, not},
    prelude::*,
};
use passerelle_ports::{Kind, PairId};

use super::rows::stamp;
use crate::{
    StoreError,
    collection::kind_name,
    dialect::Conn,
    marks::Mark,
    schema::{
        change_log, passerelle_copies as copies, passerelle_entries as entries, passerelle_leases as leases,
        passerelle_links as links, passerelle_match_keys as match_keys, passerelle_outcomes as outcomes,
        passerelle_pair_states as pair_states, passerelle_pictures as pictures, passerelle_purges as purges,
        passerelle_runs as runs, passerelle_strangers as strangers,
    },
    settings,
};

pub(crate) fn purge(conn: &mut Conn, of: Kind, before: DateTime<Utc>) -> Result<u64, StoreError> {
    let (kind, kind_name) = (of.as_str(), kind_name(of));
    let before = stamp(before);
    let old = entries::kind.eq(kind).and(entries::is_open.eq(false)).and(entries::opened.lt(before));
    let gone = diesel::delete(entries::table.filter(old)).execute(conn)?;
    if gone > 0 {
        diesel::insert_into(purges::table)
            .values((
                purges::at.eq(diesel::dsl::now),
                purges::kind.eq(kind),
                purges::before.eq(before),
                purges::entries.eq(i64::try_from(gone).unwrap_or(i64::MAX)),
            ))
            .execute(conn)?;
    }
    let used = exists(entries::table.filter(entries::run.eq(runs::id)));
    diesel::delete(runs::table.filter(runs::kind.eq(kind).and(runs::finished.lt(before))).filter(not(used)))
        .execute(conn)?;
    // An entry is open before its write and until its outcome has been read.
    let open: Vec<String> =
        entries::table.filter(entries::is_open.eq(true)).select(entries::id).load(conn)?;
    let read = outcomes::kind.eq(kind_name).and(outcomes::entry_id.ne_all(open));
    diesel::delete(outcomes::table.filter(read)).execute(conn)?;
    // They are kept for the undo of what is in the history; the rest is named by what it is about.
    let bound = pictures::name.like("https:%").and(pictures::kept_at.lt(before));
    diesel::delete(pictures::table.filter(bound)).execute(conn)?;
    prune_changes(conn)?;
    Ok(u64::try_from(gone).unwrap_or(u64::MAX))
}

/// Removes deletions that every pair has read from the change log.
pub(crate) fn prune_changes(conn: &mut Conn) -> Result<u64, StoreError> {
    let cursors: Vec<Option<String>> = pair_states::table.select(pair_states::local_cursor).load(conn)?;
    let read: Vec<i64> = cursors
        .iter()
        .flatten()
        .filter_map(|cursor| match cursor.parse() {
            Ok(Mark::Since(after)) => Some(after),
            _ => None,
        })
        .collect();
    let Some(horizon) = read.into_iter().min() else { return Ok(0) };
    if horizon <= crate::replica::horizon(conn)? {
        return Ok(0);
    }
    let gone = diesel::delete(
        change_log::table.filter(change_log::deleted.eq(true).and(change_log::seq.le(horizon))),
    )
    .execute(conn)?;
    settings::put(conn, "change_log_horizon", &horizon.to_string())?;
    Ok(u64::try_from(gone).unwrap_or(u64::MAX))
}

pub(crate) fn erase_pair(conn: &mut Conn, pair: &PairId) -> Result<(), StoreError> {
    let pair = pair.as_str();
    diesel::delete(links::table.filter(links::pair.eq(pair))).execute(conn)?;
    diesel::delete(copies::table.filter(copies::pair.eq(pair))).execute(conn)?;
    diesel::delete(match_keys::table.filter(match_keys::pair.eq(pair))).execute(conn)?;
    diesel::delete(strangers::table.filter(strangers::pair.eq(pair))).execute(conn)?;
    diesel::delete(entries::table.filter(entries::pair.eq(pair))).execute(conn)?;
    diesel::delete(runs::table.filter(runs::pair.eq(pair))).execute(conn)?;
    diesel::delete(leases::table.find(pair)).execute(conn)?;
    diesel::delete(pair_states::table.find(pair)).execute(conn)?;
    Ok(())
}
