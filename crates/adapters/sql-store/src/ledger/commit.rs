//! The one kind of transaction that the engine makes.

use std::collections::{BTreeSet, HashMap, HashSet};

use diesel::{dsl::sql, prelude::*, sql_types::Text};
use passerelle_ports::{Changes, EntryId, Lease, Link, LinkId, Outcome, PairId, Record, Side};

use super::{
    read,
    rows::{
        COPY_WIDTH, ENTRY_WIDTH, LINK_WIDTH, STRANGER_WIDTH, StrangerRow, copy_rows, entry_row, link_row,
        names, stamp, stranger_row, to_json,
    },
};
use crate::{
    StoreError,
    dialect::{Conn, MOST_NAMES, MOST_VALUES},
    events::followed::tell_unplaced,
    schema::{
        passerelle_copies as copies, passerelle_entries as entries, passerelle_leases as leases,
        passerelle_links as links, passerelle_match_keys as match_keys, passerelle_outcomes as outcomes,
        passerelle_pair_states as pair_states, passerelle_strangers as strangers,
    },
};

/// How many links are read at a time where all are.
const REFILLED: i64 = 500;

/// Carries out one transaction of the engine.
pub(crate) fn commit<R: Record>(
    conn: &mut Conn,
    lease: &Lease,
    changes: &Changes<R>,
) -> Result<(), StoreError> {
    renew(conn, lease)?;
    let pair = &lease.pair;
    close(conn, &changes.close)?;
    open(conn, pair, changes)?;
    forget(conn, &changes.forget)?;
    put_links(conn, pair, &changes.links)?;
    reblock(conn, changes)?;
    put_strangers(conn, pair, changes)?;
    if let Some((side, listing, met)) = &changes.met {
        for some in names(met).chunks(MOST_NAMES) {
            diesel::update(
                copies::table.filter(copies::link.eq_any(some).and(copies::side.eq(side.as_str()))),
            )
            .set(copies::met.eq(listing.0))
            .execute(conn)?;
        }
    }
    if let Some((side, listing)) = changes.absent {
        look_at_unmet(conn, pair, side, listing.0)?;
    }
    put_state(conn, pair, changes)?;
    tell_unplaced(conn, &changes.unplaced)?;
    if changes.rules.is_some() {
        diesel::update(links::table.filter(links::pair.eq(pair.as_str())))
            .set(links::due.eq(true))
            .execute(conn)?;
    }
    Ok(())
}

/// Takes links out of one pair, and carries out a transaction of another that holds them.
pub(crate) fn hand_over<R: Record>(
    conn: &mut Conn,
    from: &Lease,
    links: &[LinkId],
    to: &Lease,
    changes: &Changes<R>,
) -> Result<(), StoreError> {
    renew(conn, from)?;
    forget(conn, links)?;
    commit(conn, to, changes)
}

/// Checks that the lease is ours, and renews it.
fn renew(conn: &mut Conn, lease: &Lease) -> Result<(), StoreError> {
    let holder = lease.holder.simple().to_string();
    let ours = leases::table.find(lease.pair.as_str()).filter(leases::holder.eq(holder));
    match diesel::update(ours).set(leases::until.eq(stamp(lease.until))).execute(conn)? {
        0 => Err(StoreError::LeaseHeld),
        _ => Ok(()),
    }
}

fn close<R: Record>(conn: &mut Conn, close: &[(EntryId, Outcome<R>)]) -> Result<(), StoreError> {
    for (id, outcome) in close {
        let is_open = matches!(outcome, Outcome::Open);
        let row = || entries::table.filter(entries::id.eq(id.to_string()));
        diesel::update(row())
            .set((entries::is_open.eq(is_open), entries::outcome.eq(to_json(outcome, "passerelle_entries")?)))
            .execute(conn)?;
        if let Outcome::Landed(Some(stored)) = outcome {
            diesel::update(row()).set(entries::item.eq(stored.id.as_str())).execute(conn)?;
        }
    }
    // The journal knows now; nobody will ask the local store any more.
    let ids: Vec<String> = close.iter().map(|(id, _)| id.to_string()).collect();
    for some in ids.chunks(MOST_NAMES) {
        diesel::delete(outcomes::table.filter(outcomes::entry_id.eq_any(some))).execute(conn)?;
    }
    Ok(())
}

fn open<R: Record>(conn: &mut Conn, pair: &PairId, changes: &Changes<R>) -> Result<(), StoreError> {
    let rows: Vec<_> = changes.open.iter().map(|entry| entry_row(entry, pair)).collect::<Result<_, _>>()?;
    for some in rows.chunks(MOST_VALUES / ENTRY_WIDTH) {
        diesel::insert_into(entries::table).values(some).execute(conn)?;
    }
    Ok(())
}

fn forget(conn: &mut Conn, ids: &[LinkId]) -> Result<(), StoreError> {
    for some in names(ids).chunks(MOST_NAMES) {
        diesel::delete(links::table.filter(links::id.eq_any(some))).execute(conn)?;
        diesel::delete(copies::table.filter(copies::link.eq_any(some))).execute(conn)?;
        diesel::delete(match_keys::table.filter(match_keys::link.eq_any(some))).execute(conn)?;
    }
    Ok(())
}

/// Inserts or replaces links, whole. Their old items are let go first: items may move between them.
fn put_links<R: Record>(conn: &mut Conn, pair: &PairId, changed: &[Link<R>]) -> Result<(), StoreError> {
    if changed.is_empty() {
        return Ok(());
    }
    let ids: Vec<LinkId> = changed.iter().map(|link| link.id).collect();
    let met = last_met(conn, &ids)?;
    let blocked = blocked(conn, &ids)?;
    forget(conn, &ids)?;
    let mut link_rows = Vec::with_capacity(changed.len());
    let mut all_copies = Vec::with_capacity(changed.len() * 2);
    for link in changed {
        let name = link.id.to_string();
        link_rows.push(link_row(link, pair, blocked.contains(&name))?);
        all_copies.extend(copy_rows(link, pair, |link, side| {
            met.get(&(link.to_owned(), side.as_str().to_owned())).copied().unwrap_or(0)
        })?);
    }
    for some in link_rows.chunks(MOST_VALUES / LINK_WIDTH) {
        diesel::insert_into(links::table).values(some).execute(conn)?;
    }
    for some in all_copies.chunks(MOST_VALUES / COPY_WIDTH) {
        let insert = diesel::insert_into(copies::table).values(some).execute(conn);
        insert.map_err(|error| match StoreError::from(error) {
            StoreError::Refused(_) => StoreError::TwoLinks,
            other => other,
        })?;
    }
    put_keys(conn, pair, changed)
}

fn put_keys<R: Record>(conn: &mut Conn, pair: &PairId, links: &[Link<R>]) -> Result<(), StoreError> {
    let mut keys = Vec::new();
    for (link, side) in links.iter().flat_map(|link| Side::BOTH.map(|side| (link, side))) {
        let of_side: BTreeSet<String> = link.match_keys(side).iter().map(ToString::to_string).collect();
        keys.extend(of_side.into_iter().map(|key| {
            (
                match_keys::link.eq(link.id.to_string()),
                match_keys::side.eq(side.as_str()),
                match_keys::pair.eq(pair.as_str()),
                match_keys::key.eq(key),
            )
        }));
    }
    while !keys.is_empty() {
        let rest = keys.split_off(keys.len().min(MOST_VALUES / 4));
        diesel::insert_into(match_keys::table).values(keys).execute(conn)?;
        keys = rest;
    }
    Ok(())
}

/// Works the match keys of all links of a kind out anew: an older release made fewer. A link that cannot be read keeps
/// those that it has: whoever reads it says so, and it must keep neither the others from theirs nor the database shut.
pub(crate) fn refill_keys<R: Record>(conn: &mut Conn) -> Result<(), StoreError> {
    let pairs: Vec<String> =
        links::table.filter(links::kind.eq(R::KIND.as_str())).select(links::pair).distinct().load(conn)?;
    for pair in pairs.into_iter().map(PairId::new) {
        let mut after = String::new();
        loop {
            let some: Vec<String> = links::table
                .filter(links::pair.eq(pair.as_str()).and(links::id.gt(&after)))
                .order(links::id)
                .limit(REFILLED)
                .select(links::id)
                .load(conn)?;
            let Some(last) = some.last() else { break };
            after.clone_from(last);
            let sound: Vec<Link<R>> = sound_links(conn, &pair, some.into_iter().collect())?;
            let ids: Vec<LinkId> = sound.iter().map(|link| link.id).collect();
            for ids in names(&ids).chunks(MOST_NAMES) {
                diesel::delete(match_keys::table.filter(match_keys::link.eq_any(ids))).execute(conn)?;
            }
            put_keys(conn, &pair, &sound)?;
        }
    }
    Ok(())
}

/// Reads links by name, as far as they can be read.
fn sound_links<R: Record>(
    conn: &mut Conn,
    pair: &PairId,
    ids: BTreeSet<String>,
) -> Result<Vec<Link<R>>, StoreError> {
    match read::by_names(conn, pair, &ids) {
        Err(error) if is_unreadable(&error) => {}
        read => return read,
    }
    let mut sound = Vec::new();
    for id in ids {
        match read::by_names(conn, pair, &BTreeSet::from([id])) {
            Err(error) if is_unreadable(&error) => {}
            read => sound.extend(read?),
        }
    }
    Ok(sound)
}

fn is_unreadable(error: &StoreError) -> bool {
    matches!(error, StoreError::Damaged(_) | StoreError::NewerSchema { .. })
}

/// Reads which listing met copies last, by link and side.
fn last_met(conn: &mut Conn, ids: &[LinkId]) -> Result<HashMap<(String, String), i64>, StoreError> {
    let mut met = HashMap::new();
    for some in names(ids).chunks(MOST_NAMES) {
        let rows: Vec<(String, String, i64)> = copies::table
            .filter(copies::link.eq_any(some).and(copies::met.ne(0)))
            .select((copies::link, copies::side, copies::met))
            .load(conn)?;
        met.extend(rows.into_iter().map(|(link, side, listing)| ((link, side), listing)));
    }
    Ok(met)
}

/// Tells which links have an open entry.
fn blocked(conn: &mut Conn, ids: &[LinkId]) -> Result<HashSet<String>, StoreError> {
    let mut found = HashSet::new();
    for some in names(ids).chunks(MOST_NAMES) {
        let rows: Vec<String> = entries::table
            .filter(entries::link.eq_any(some).and(entries::is_open.eq(true)))
            .select(entries::link)
            .load(conn)?;
        found.extend(rows);
    }
    Ok(found)
}

/// Brings the flags of links up to date whose entries were opened or closed, but which did not change.
fn reblock<R: Record>(conn: &mut Conn, changes: &Changes<R>) -> Result<(), StoreError> {
    let closed: Vec<String> = changes.close.iter().map(|(id, _)| id.to_string()).collect();
    let mut touched: BTreeSet<String> = changes.open.iter().map(|entry| entry.link.to_string()).collect();
    for some in closed.chunks(MOST_NAMES) {
        let rows: Vec<String> =
            entries::table.filter(entries::id.eq_any(some)).select(entries::link).load(conn)?;
        touched.extend(rows);
    }
    for link in &changes.links {
        touched.remove(&link.id.to_string());
    }
    let ids: Vec<LinkId> = touched.iter().map(|name| super::rows::link_id(name)).collect::<Result<_, _>>()?;
    let blocked = blocked(conn, &ids)?;
    let (on, off): (Vec<String>, Vec<String>) = touched.into_iter().partition(|name| blocked.contains(name));
    for (flag, ids) in [(true, on), (false, off)] {
        for some in ids.chunks(MOST_NAMES) {
            diesel::update(links::table.filter(links::id.eq_any(some)))
                .set(links::blocked.eq(flag))
                .execute(conn)?;
        }
    }
    Ok(())
}

fn put_strangers<R: Record>(conn: &mut Conn, pair: &PairId, changes: &Changes<R>) -> Result<(), StoreError> {
    let rows: Vec<StrangerRow> =
        changes.strangers.iter().map(|stranger| stranger_row(stranger, pair)).collect::<Result<_, _>>()?;
    for some in rows.chunks(MOST_VALUES / STRANGER_WIDTH) {
        diesel::replace_into(strangers::table).values(some).execute(conn)?;
    }
    for side in Side::BOTH {
        let items: Vec<&str> =
            changes.known.iter().filter(|(of, _)| *of == side).map(|(_, item)| item.as_str()).collect();
        for some in items.chunks(MOST_NAMES) {
            diesel::delete(
                strangers::table
                    .filter(strangers::pair.eq(pair.as_str()).and(strangers::side.eq(side.as_str())))
                    .filter(strangers::item.eq_any(some)),
            )
            .execute(conn)?;
        }
    }
    if let Some(before) = changes.gone_before {
        let gone = strangers::pair.eq(pair.as_str()).and(strangers::gone.lt(stamp(before)));
        diesel::delete(strangers::table.filter(gone).filter(strangers::look.eq(false))).execute(conn)?;
    }
    Ok(())
}

/// Flags what a complete listing has not met.
fn look_at_unmet(conn: &mut Conn, pair: &PairId, side: Side, listing: i64) -> Result<(), StoreError> {
    let of_side = copies::pair.eq(pair.as_str()).and(copies::side.eq(side.as_str()));
    let unmet = of_side.and(copies::gone.eq(false)).and(copies::met.ne(listing));
    let place = format!("$.trails.{}.unmet", side.as_str());
    let told = sql::<Text>("json_set(body, ").bind::<Text, _>(place).sql(", json('true'))");
    let names = copies::table.filter(unmet).select(copies::link);
    diesel::update(links::table.filter(links::pair.eq(pair.as_str()).and(links::id.eq_any(names))))
        .set(links::body.eq(told))
        .execute(conn)?;
    diesel::update(copies::table.filter(unmet)).set(copies::look.eq(true)).execute(conn)?;
    let looked_at = copies::table.filter(of_side.and(copies::look.eq(true))).select(copies::link);
    diesel::update(links::table.filter(links::pair.eq(pair.as_str()).and(links::id.eq_any(looked_at))))
        .set(links::looks.eq(true))
        .execute(conn)?;
    Ok(())
}

fn put_state<R: Record>(conn: &mut Conn, pair: &PairId, changes: &Changes<R>) -> Result<(), StoreError> {
    diesel::insert_into(pair_states::table)
        .values((pair_states::pair.eq(pair.as_str()), pair_states::kind.eq(R::KIND.as_str())))
        .on_conflict_do_nothing()
        .execute(conn)?;
    let row = || pair_states::table.find(pair.as_str());
    if changes.drop_cursors.local {
        diesel::update(row()).set(pair_states::local_cursor.eq(None::<String>)).execute(conn)?;
    }
    if changes.drop_cursors.remote {
        diesel::update(row()).set(pair_states::remote_cursor.eq(None::<String>)).execute(conn)?;
    }
    if let Some(cursor) = &changes.cursors.local {
        diesel::update(row()).set(pair_states::local_cursor.eq(cursor.as_str())).execute(conn)?;
    }
    if let Some(cursor) = &changes.cursors.remote {
        diesel::update(row()).set(pair_states::remote_cursor.eq(cursor.as_str())).execute(conn)?;
    }
    if let Some(rules) = changes.rules_seen.as_ref().or(changes.rules.as_ref()) {
        diesel::update(row()).set(pair_states::rules.eq(rules)).execute(conn)?;
    }
    if let Some(labels) = &changes.labels {
        let text = serde_json::json!(labels).to_string();
        diesel::update(row()).set(pair_states::labels.eq(text)).execute(conn)?;
    }
    Ok(())
}
