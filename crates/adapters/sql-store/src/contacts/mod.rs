//! Contacts in their tables.

mod convert;
mod groups;
mod rows;

use std::collections::{HashMap, HashSet};

use chrono::NaiveDateTime;
use diesel::{dsl::exists, prelude::*};
use passerelle_contacts::{Contact, same_entries};
use passerelle_ports::{Label, Relabelling, Value, Write};

use self::{
    convert::{HeldParts, contact, main_row, parts},
    rows::{CONTACT_WIDTH, ContactRow},
};
use crate::{
    child::{self, ByParent, Held, Repeats, apply_repeating, numbered},
    collection::{Collection, Loaded, NewRow, Scope, leftovers_of, leftovers_text},
    dialect::{Conn, MOST_NAMES, MOST_VALUES},
    schema::{
        app_users, change_log, contact_users, contacts, passerelle_former_users as former, passerelle_served,
    },
};

/// A whole row of `contacts` on its way in.
#[derive(Insertable)]
#[diesel(table_name = contacts)]
#[diesel(treat_none_as_default_value = false)]
struct NewContact {
    id: String,
    leftovers: Option<String>,
    #[diesel(embed)]
    row: ContactRow,
}

/// A whole row of `contacts` on its way out.
#[derive(Queryable, Selectable)]
#[diesel(table_name = contacts)]
struct FullRow {
    number: i64,
    id: String,
    leftovers: Option<String>,
    version: i64,
    updated_at: NaiveDateTime,
    #[diesel(embed)]
    row: ContactRow,
}

/// Takes the rows of one contact and numbers their repetitions.
fn take<C: Repeats>(rows: &mut ByParent<C>, id: &str, region: Option<&str>) -> Held<C> {
    numbered(rows.remove(id).unwrap_or_default(), region)
}

/// Reads the parts of some contacts.
fn load_parts(conn: &mut Conn, scope: &Scope, ids: &[String]) -> QueryResult<HashMap<String, HeldParts>> {
    let region = scope.region.as_deref();
    let mut emails = child::load(conn, ids)?;
    let mut phones = child::load(conn, ids)?;
    let mut addresses = child::load(conn, ids)?;
    let mut urls = child::load(conn, ids)?;
    let mut ims = child::load(conn, ids)?;
    let mut dates = child::load(conn, ids)?;
    let mut relations = child::load(conn, ids)?;
    let mut organizations = child::load(conn, ids)?;
    let mut nicknames = child::load(conn, ids)?;
    let mut custom = child::load(conn, ids)?;
    let mut members = groups::load(conn, ids)?;
    let parts_of = |id: &String| {
        let parts = HeldParts {
            emails: take(&mut emails, id, region),
            phones: take(&mut phones, id, region),
            addresses: take(&mut addresses, id, region),
            urls: take(&mut urls, id, region),
            ims: take(&mut ims, id, region),
            dates: take(&mut dates, id, region),
            relations: take(&mut relations, id, region),
            organizations: take(&mut organizations, id, region),
            nicknames: take(&mut nicknames, id, region),
            custom: take(&mut custom, id, region),
            groups: members.remove(id).map(groups::names).unwrap_or_default(),
        };
        (id.clone(), parts)
    };
    Ok(ids.iter().map(parts_of).collect())
}

impl Collection for Contact {
    fn log_users(scope: &Scope) -> Vec<String> {
        vec![String::new(), scope.user().to_owned()]
    }

    fn page(conn: &mut Conn, scope: &Scope, after: i64, limit: i64) -> QueryResult<Vec<(i64, String)>> {
        let user = scope.user();
        let members = contact_users::table.filter(contact_users::contact_id.eq(contacts::id));
        contacts::table
            .filter(contacts::number.gt(after))
            .filter(
                diesel::dsl::not(exists(members)).or(exists(members.filter(contact_users::user_id.eq(user)))),
            )
            .order(contacts::number)
            .limit(limit)
            .select((contacts::number, contacts::id))
            .load(conn)
    }

    fn visible(conn: &mut Conn, scope: &Scope, ids: &[String]) -> QueryResult<HashSet<String>> {
        let user = scope.user();
        let members = contact_users::table.filter(contact_users::contact_id.eq(contacts::id));
        let mut seen = HashSet::new();
        for some in ids.chunks(MOST_NAMES) {
            let found: Vec<String> = contacts::table
                .filter(contacts::id.eq_any(some))
                .filter(
                    diesel::dsl::not(exists(members))
                        .or(exists(members.filter(contact_users::user_id.eq(user)))),
                )
                .select(contacts::id)
                .load(conn)?;
            seen.extend(found);
        }
        Ok(seen)
    }

    fn own(conn: &mut Conn, scope: &Scope, ids: &[String]) -> QueryResult<HashSet<String>> {
        let mut seen_by: HashMap<String, Vec<String>> = HashMap::new();
        for some in ids.chunks(MOST_NAMES) {
            let rows: Vec<(String, String)> = contact_users::table
                .filter(contact_users::contact_id.eq_any(some))
                .select((contact_users::contact_id, contact_users::user_id))
                .load(conn)?;
            rows.into_iter().for_each(|(id, user)| seen_by.entry(id).or_default().push(user));
        }
        let is_own = |users: &[String]| users.iter().all(|user| user == scope.user());
        Ok(seen_by.into_iter().filter(|(_, users)| is_own(users)).map(|(id, _)| id).collect())
    }

    fn unserved(conn: &mut Conn, user: &str, number: i64) -> QueryResult<bool> {
        let served: Option<i64> =
            passerelle_served::table.find(user).select(passerelle_served::number).first(conn).optional()?;
        Ok(served.is_none_or(|served| served < number))
    }

    fn served(conn: &mut Conn, user: &str, number: i64) -> QueryResult<()> {
        if Self::unserved(conn, user, number)? {
            diesel::insert_into(passerelle_served::table)
                .values((passerelle_served::user_id.eq(user), passerelle_served::number.eq(number)))
                .on_conflict(passerelle_served::user_id)
                .do_update()
                .set(passerelle_served::number.eq(number))
                .execute(conn)?;
        }
        Ok(())
    }

    fn load(conn: &mut Conn, scope: &Scope, ids: &[String]) -> QueryResult<HashMap<String, Loaded<Self>>> {
        let mut found = HashMap::with_capacity(ids.len());
        for some in ids.chunks(MOST_NAMES) {
            let rows: Vec<FullRow> =
                contacts::table.filter(contacts::id.eq_any(some)).select(FullRow::as_select()).load(conn)?;
            let mut held = load_parts(conn, scope, some)?;
            found.extend(rows.into_iter().map(|full| {
                let parts = held.remove(&full.id).unwrap_or_default();
                let loaded = Loaded {
                    number: full.number,
                    version: full.version,
                    updated: full.updated_at,
                    record: contact(full.row, &parts),
                    leftovers: leftovers_of(full.leftovers.as_deref()),
                };
                (full.id, loaded)
            }));
        }
        Ok(found)
    }

    fn insert(conn: &mut Conn, scope: &Scope, rows: &[NewRow<'_, Self>]) -> QueryResult<()> {
        let region = scope.region.as_deref();
        let main: Vec<NewContact> = rows
            .iter()
            .map(|new| NewContact {
                id: new.id.clone(),
                leftovers: leftovers_text(new.leftovers),
                row: main_row(new.record),
            })
            .collect();
        for some in main.chunks(MOST_VALUES / CONTACT_WIDTH) {
            diesel::insert_into(contacts::table).values(some).execute(conn)?;
        }
        let all: Vec<_> = rows.iter().map(|new| parts(&new.id, new.record, region)).collect();
        macro_rules! insert_parts {
            ($($part:ident: $member:ident),*) => {$({
                let all = all.iter().zip(rows);
                let rows: Vec<_> = all
                    .flat_map(|(parts, new)| new.record.order.of(stringify!($member), &parts.$part))
                    .map(|(_, row)| row.clone())
                    .collect();
                child::insert(conn, &rows)?;
            })*};
        }
        insert_parts!(
            emails: emails, phones: phones, addresses: addresses, urls: urls, ims: ims, dates: dates,
            relations: relations, organizations: other_organizations, nicknames: nicknames, custom: custom
        );
        groups::insert(conn, rows.iter().map(|new| (new.id.as_str(), &new.record.groups)))?;
        if let Some(user) = scope.user.as_deref().filter(|_| !scope.share) {
            let owned: Vec<_> = rows
                .iter()
                .map(|new| (contact_users::contact_id.eq(new.id.clone()), contact_users::user_id.eq(user)))
                .collect();
            diesel::insert_into(contact_users::table).values(owned).execute(conn)?;
        }
        Ok(())
    }

    fn inherit(conn: &mut Conn, scope: &Scope, id: &str, gone: &[String]) -> QueryResult<()> {
        let last: Option<String> = former::table
            .filter(former::contact_id.eq_any(gone).and(former::user_id.eq("")))
            .order(former::number.desc())
            .select(former::contact_id)
            .first(conn)
            .optional()?;
        let (Some(last), Some(user)) = (last, &scope.user) else { return Ok(()) };
        let saw: HashSet<String> = former::table
            .filter(former::contact_id.eq(&last).and(former::user_id.ne("")))
            .select(former::user_id)
            .load(conn)?
            .into_iter()
            .collect();
        let mine = contact_users::table.filter(contact_users::contact_id.eq(id));
        if saw.is_empty() {
            diesel::delete(mine).execute(conn)?;
            return Ok(());
        }
        // An app user may be gone by now; whoever brings the contact back sees it.
        let still: Vec<String> =
            app_users::table.filter(app_users::id.eq_any(&saw)).select(app_users::id).load(conn)?;
        for user in still.iter().chain([user]) {
            diesel::insert_or_ignore_into(contact_users::table)
                .values((contact_users::contact_id.eq(id), contact_users::user_id.eq(user)))
                .execute(conn)?;
        }
        Ok(())
    }

    fn update(conn: &mut Conn, scope: &Scope, id: &str, from: &Self, to: &Self) -> QueryResult<()> {
        let (before, after) = (main_row(from), main_row(to));
        if before != after {
            diesel::update(contacts::table.filter(contacts::id.eq(id))).set(&after).execute(conn)?;
        }
        let region = scope.region.as_deref();
        let held = load_parts(conn, scope, &[id.to_owned()])?.remove(id).unwrap_or_default();
        let (before, after) = (parts(id, from, region), parts(id, to, region));
        let read = contact(ContactRow::default(), &held);
        macro_rules! apply_parts {
            ($($part:ident: $member:ident),*) => {$(
                let keys = same_entries(stringify!($member), &read.$member, &from.$member);
                let rows = child::rekeyed(held.$part, &keys);
                let order = to.order.change(stringify!($member), &to.$member, (&from.order, &from.$member));
                apply_repeating(conn, rows, before.$part, after.$part, order.as_deref(), region)?;
            )*};
        }
        apply_parts!(
            emails: emails, phones: phones, addresses: addresses, urls: urls, ims: ims, dates: dates,
            relations: relations, organizations: other_organizations, nicknames: nicknames, custom: custom
        );
        groups::apply(conn, id, &from.groups, &to.groups)
    }

    fn relabel(conn: &mut Conn, all: &[Relabelling]) -> QueryResult<()> {
        groups::relabel(conn, all)
    }

    fn shared_names(conn: &mut Conn) -> QueryResult<Vec<Label>> {
        groups::labels(conn)
    }

    fn rename_shared(conn: &mut Conn, all: &[Label]) -> QueryResult<()> {
        groups::rename_by_id(conn, all)
    }

    fn renames(conn: &mut Conn, batch: &[Write<Self>]) -> QueryResult<Vec<(String, String)>> {
        let updates = batch.iter().filter_map(|write| match write {
            Write::Update { from, to, .. } => Some((&from.record.groups, &to.groups)),
            _ => None,
        });
        groups::renames(conn, updates)
    }

    fn rename(conn: &mut Conn, renames: &[(String, String)]) -> QueryResult<()> {
        groups::rename(conn, renames)
    }

    fn left_before(
        conn: &mut Conn,
        scope: &Scope,
        gone: &[String],
    ) -> QueryResult<HashMap<String, Option<String>>> {
        // A row with a user tells who no longer saw it.
        let mut left = HashMap::new();
        for some in gone.chunks(MOST_NAMES) {
            let rows: Vec<String> = change_log::table
                .filter(change_log::kind.eq(Self::KIND_NAME).and(change_log::item_id.eq_any(some)))
                .filter(change_log::user_id.ne("").and(change_log::user_id.eq(scope.user())))
                .filter(change_log::deleted.eq(true))
                .select(change_log::item_id)
                .load(conn)?;
            left.extend(rows.into_iter().map(|id| (id, None)));
        }
        Ok(left)
    }

    fn delete(conn: &mut Conn, id: &str) -> QueryResult<usize> {
        diesel::delete(contacts::table.filter(contacts::id.eq(id))).execute(conn)
    }

    fn set_leftovers(conn: &mut Conn, id: &str, leftovers: Option<&Value>) -> QueryResult<usize> {
        diesel::update(contacts::table.filter(contacts::id.eq(id)))
            .set(contacts::leftovers.eq(leftovers_text(leftovers)))
            .execute(conn)
    }

    fn by_uid(conn: &mut Conn, scope: &Scope, uids: &[String]) -> QueryResult<Vec<(String, String)>> {
        let mut found = Vec::new();
        for some in uids.chunks(MOST_NAMES) {
            let rows: Vec<(String, String)> = contacts::table
                .filter(contacts::uid.ne("").and(contacts::uid.eq_any(some)))
                .order(contacts::number)
                .select((contacts::uid, contacts::id))
                .load(conn)?;
            found.extend(rows);
        }
        if scope.user.is_some() {
            let ids: Vec<String> = found.iter().map(|(_, id)| id.clone()).collect();
            let visible = Self::visible(conn, scope, &ids)?;
            found.retain(|(_, id)| visible.contains(id));
        }
        Ok(found)
    }

    fn uid(&self) -> &str {
        &self.uid
    }
}
