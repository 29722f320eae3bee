//! The groups of a contact: membership rows that point to named groups.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::prelude::*;
use passerelle_ports::{Label, Relabelling};

use super::{convert::group_key, rows::MemberRow};
use crate::{
    child::{ChildRow, Held, Repeats, apply_repeating, numbered, wanted},
    dialect::{Conn, MOST_NAMES},
    schema::{contact_group_members, contact_groups, passerelle_settings},
    settings::put,
};

/// A membership with the name of its group.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Member {
    row: MemberRow,
    name: String,
}

impl ChildRow for Member {
    const WIDTH: usize = MemberRow::WIDTH;

    fn parent(&self) -> &str {
        &self.row.contact_id
    }

    fn select(conn: &mut Conn, parents: &[String]) -> QueryResult<Vec<(i64, Self)>> {
        let rows: Vec<(i64, MemberRow, String)> = contact_group_members::table
            .inner_join(contact_groups::table.on(contact_groups::id.eq(contact_group_members::group_id)))
            .filter(contact_group_members::contact_id.eq_any(parents))
            .order(contact_group_members::id)
            .select((contact_group_members::id, MemberRow::as_select(), contact_groups::name))
            .load(conn)?;
        Ok(rows.into_iter().map(|(id, row, name)| (id, Member { row, name })).collect())
    }

    fn insert(conn: &mut Conn, rows: &[Self]) -> QueryResult<usize> {
        let rows: Vec<MemberRow> = rows.iter().map(|member| member.row.clone()).collect();
        MemberRow::insert(conn, &rows)
    }

    fn update(&self, conn: &mut Conn, id: i64) -> QueryResult<usize> {
        self.row.update(conn, id)
    }

    fn delete(conn: &mut Conn, ids: &[i64]) -> QueryResult<usize> {
        MemberRow::delete(conn, ids)
    }
}

impl Repeats for Member {
    fn key(&self, _region: Option<&str>) -> String {
        group_key(&self.name)
    }

    fn repetition(&self) -> i64 {
        self.row.ordinal
    }

    fn set_repetition(&mut self, ordinal: i64) {
        self.row.ordinal = ordinal;
    }
}

/// Reads the memberships of some contacts.
pub(crate) fn load(conn: &mut Conn, ids: &[String]) -> QueryResult<HashMap<String, Vec<(i64, Member)>>> {
    crate::child::load(conn, ids)
}

/// Returns the names of groups under their keys.
pub(crate) fn names(members: Vec<(i64, Member)>) -> BTreeMap<String, String> {
    let held: Held<Member> = numbered(members, None);
    held.into_iter().map(|(key, (_, member))| (key, member.name)).collect()
}

/// Changes the groups of a contact; a group that is new is made. A group stays when its last member goes.
pub(crate) fn apply(
    conn: &mut Conn,
    id: &str,
    from: &BTreeMap<String, String>,
    to: &BTreeMap<String, String>,
) -> QueryResult<()> {
    if from == to {
        return Ok(());
    }
    let rows = Member::select(conn, &[id.to_owned()])?;
    let held = numbered(rows, None);
    let ids = group_ids(conn, &from.values().collect(), &to.values().collect())?;
    let (before, after) = (members(id, from, &ids), members(id, to, &ids));
    apply_repeating(conn, held, before, after, None, None)
}

/// What stands before the name of a group that is made for all the contacts of another one, in several batches.
const RELABELS: &str = "relabels.";

/// Notes which groups all their contacts leave for one that does not exist yet, in as many batches as it takes.
pub(crate) fn relabel(conn: &mut Conn, all: &[Relabelling]) -> QueryResult<()> {
    for one in all {
        let ids = find(conn, &[&one.from, &one.to])?;
        let Some(old) = ids.get(&one.from) else { continue };
        let members = contact_group_members::table.filter(contact_group_members::group_id.eq(old));
        let members: i64 = members.count().get_result(conn)?;
        let note = format!("{RELABELS}{}", one.to);
        if u64::try_from(members) != Ok(one.count) {
            diesel::delete(passerelle_settings::table.find(note)).execute(conn)?;
        } else if !ids.contains_key(&one.to) {
            put(conn, &note, &one.from)?;
        }
    }
    Ok(())
}

/// Tells whether a group was made for all the contacts of another one.
fn is_made_for(conn: &mut Conn, new: &str, old: &str) -> QueryResult<bool> {
    let note = passerelle_settings::table.find(format!("{RELABELS}{new}"));
    let of: Option<String> = note.select(passerelle_settings::value).first(conn).optional()?;
    Ok(of.as_deref() == Some(old))
}

/// Returns the groups that contacts of a batch leave for one that does not exist yet, or was made for all of them: old
/// name, new name.
pub(crate) fn renames<'a>(
    conn: &mut Conn,
    updates: impl Iterator<Item = (&'a BTreeMap<String, String>, &'a BTreeMap<String, String>)>,
) -> QueryResult<Vec<(String, String)>> {
    let mut pairs = BTreeSet::new();
    for (from, to) in updates {
        let left: Vec<&String> = from.values().filter(|name| !to.values().any(|to| to == *name)).collect();
        let new: Vec<&String> = to.values().filter(|name| !from.values().any(|from| from == *name)).collect();
        let is_alone = left.len() == 1 && new.len() == 1;
        pairs.extend(
            left.iter()
                .flat_map(|left| new.iter().map(move |new| ((*left).clone(), (*new).clone(), is_alone))),
        );
    }
    let known = find(conn, &pairs.iter().map(|(_, new, _)| new).collect::<Vec<_>>())?;
    let mut renames = Vec::new();
    for (old, new, is_alone) in pairs {
        // Of several labels at once the batch does not tell which takes the place of which.
        if is_alone && !known.contains_key(&new) || is_made_for(conn, &new, &old)? {
            renames.push((old, new));
        }
    }
    Ok(renames)
}

/// Lists the groups.
pub(crate) fn labels(conn: &mut Conn) -> QueryResult<Vec<Label>> {
    let rows: Vec<(i64, String)> = contact_groups::table
        .order(contact_groups::id)
        .select((contact_groups::id, contact_groups::name))
        .load(conn)?;
    Ok(rows.into_iter().map(|(id, name)| Label { id: id.to_string(), name }).collect())
}

/// Gives groups another name by their ids; a group that was made under that name meanwhile is joined to it.
pub(crate) fn rename_by_id(conn: &mut Conn, all: &[Label]) -> QueryResult<()> {
    for label in all {
        let Ok(id) = label.id.parse::<i64>() else { continue };
        let name = contact_groups::table.find(id).select(contact_groups::name);
        let was: Option<String> = name.first(conn).optional()?;
        if was.is_some_and(|was| was != label.name) {
            match find(conn, &[&label.name])?.get(&label.name) {
                Some(made) => take_over(conn, id, *made, &label.name)?,
                None => drop(set_name(conn, id, &label.name)?),
            }
        }
    }
    Ok(())
}

fn set_name(conn: &mut Conn, id: i64, name: &str) -> QueryResult<usize> {
    diesel::update(contact_groups::table.find(id)).set(contact_groups::name.eq(name)).execute(conn)
}

/// Moves the contacts of a group that was made a moment ago into an older one, which gets its name.
fn take_over(conn: &mut Conn, id: i64, made: i64, name: &str) -> QueryResult<()> {
    use contact_group_members::{contact_id, group_id};
    let has: Vec<String> =
        contact_group_members::table.filter(group_id.eq(id)).select(contact_id).load(conn)?;
    let coming = contact_group_members::table.filter(group_id.eq(made));
    for some in has.chunks(MOST_NAMES) {
        diesel::delete(coming.filter(contact_id.eq_any(some))).execute(conn)?;
    }
    diesel::update(coming).set(group_id.eq(id)).execute(conn)?;
    diesel::delete(contact_groups::table.find(made)).execute(conn)?;
    set_name(conn, id, name).map(drop)
}

/// Gives a group the name of the new one that all its contacts have gone to: it keeps its id.
pub(crate) fn rename(conn: &mut Conn, renames: &[(String, String)]) -> QueryResult<()> {
    for (old, new) in renames {
        let ids = find(conn, &[old, new])?;
        let (Some(old_id), Some(new_id)) = (ids.get(old), ids.get(new)) else { continue };
        let members = contact_group_members::table.filter(contact_group_members::group_id.eq(old_id));
        if diesel::select(diesel::dsl::exists(members)).get_result(conn)? {
            continue;
        }
        take_over(conn, *old_id, *new_id, new)?;
        diesel::delete(passerelle_settings::table.find(format!("{RELABELS}{new}"))).execute(conn)?;
    }
    Ok(())
}

/// Puts new contacts into their groups.
pub(crate) fn insert<'a>(
    conn: &mut Conn,
    contacts: impl Iterator<Item = (&'a str, &'a BTreeMap<String, String>)> + Clone,
) -> QueryResult<()> {
    let names: BTreeSet<&String> = contacts.clone().flat_map(|(_, groups)| groups.values()).collect();
    if names.is_empty() {
        return Ok(());
    }
    let ids = group_ids(conn, &BTreeSet::new(), &names)?;
    let rows: Vec<Member> =
        contacts.flat_map(|(id, groups)| members(id, groups, &ids).into_values()).collect();
    crate::child::insert(conn, &rows)
}

/// Returns the memberships that a contact should have. Two keys with one name are one membership.
fn members(
    id: &str,
    groups: &BTreeMap<String, String>,
    ids: &HashMap<String, i64>,
) -> BTreeMap<String, Member> {
    let mut once = BTreeSet::new();
    let rows = groups.iter().filter(|(_, name)| once.insert(name.as_str())).filter_map(|(key, name)| {
        let row = MemberRow { contact_id: id.to_owned(), group_id: *ids.get(name)?, ordinal: 0 };
        Some((key.clone(), Member { row, name: name.clone() }))
    });
    wanted(rows, None)
}

/// Finds groups by name; those of `to` are made if they do not exist.
fn group_ids(
    conn: &mut Conn,
    from: &BTreeSet<&String>,
    to: &BTreeSet<&String>,
) -> QueryResult<HashMap<String, i64>> {
    let names: Vec<&String> = from.union(to).copied().collect();
    let mut found = find(conn, &names)?;
    let missing: Vec<&str> =
        to.iter().filter(|name| !found.contains_key(**name)).map(|name| name.as_str()).collect();
    if !missing.is_empty() {
        let rows: Vec<_> = missing.iter().map(|name| contact_groups::name.eq(*name)).collect();
        diesel::insert_into(contact_groups::table).values(rows).execute(conn)?;
        found = find(conn, &names)?;
    }
    Ok(found)
}

fn find(conn: &mut Conn, names: &[&String]) -> QueryResult<HashMap<String, i64>> {
    let mut found = HashMap::new();
    for some in names.chunks(MOST_NAMES) {
        let rows: Vec<(String, i64)> = contact_groups::table
            .filter(contact_groups::name.eq_any(some.iter().copied()))
            .select((contact_groups::name, contact_groups::id))
            .load(conn)?;
        found.extend(rows);
    }
    Ok(found)
}
