//! Looking at records: lists for people, in pages, and single records.

use chrono::{DateTime, Utc};
use diesel::{dsl::exists, prelude::*};
use passerelle_calendar::Event;
use passerelle_contacts::Contact;
use passerelle_ports::{ItemId, Slice, Value};

use crate::{
    Store, StoreError, UserId,
    collection::{Collection, Scope},
    dialect::{Backend, Conn, MOST_NAMES},
    schema::{appointments, contact_emails, contact_group_members, contact_groups, contact_users, contacts},
};

/// What to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// For one app user; none = everything that the company has.
    pub user: Option<UserId>,
    /// Words to be found in the names, the company and the addresses of a contact, or in the title
    /// and the place of an event. Empty = no condition.
    pub text: String,
    /// Which stretch of the list.
    pub slice: Slice,
    /// Whether they come in the order in which they were made.
    pub as_made: bool,
    /// These and no others, in this order, if there are any.
    pub only: Vec<ItemId>,
}

/// A record with what its tables say about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Item<R> {
    /// Its id.
    pub id: ItemId,
    /// When it last changed.
    pub updated: DateTime<Utc>,
    /// The record.
    pub record: R,
    /// What its source held beyond it; null = nothing.
    pub leftovers: Value,
}

/// One stretch of a list, and how long the whole list is.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown<R> {
    /// The records.
    pub items: Vec<Item<R>>,
    /// How many there are in all.
    pub total: u64,
}

/// Makes a pattern of a word; what means something in a pattern means itself.
fn pattern(word: &str) -> String {
    let plain = word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{plain}%")
}

fn slice_of(slice: Slice) -> (i64, i64) {
    (i64::try_from(slice.limit).unwrap_or(i64::MAX), i64::try_from(slice.skip).unwrap_or(i64::MAX))
}

type Boxed<'a, T> = diesel::helper_types::IntoBoxed<'a, T, Backend>;

fn contacts_of(query: &Query) -> Boxed<'_, contacts::table> {
    let mut found = contacts::table.into_boxed();
    if let Some(user) = &query.user {
        let members = contact_users::table.filter(contact_users::contact_id.eq(contacts::id));
        let sees = exists(members.filter(contact_users::user_id.eq(user.as_str())));
        found = found.filter(diesel::dsl::not(exists(members)).or(sees));
    }
    for word in query.text.split_whitespace().map(pattern) {
        let emails = contact_emails::table
            .filter(contact_emails::contact_id.eq(contacts::id))
            .filter(contact_emails::address.like(word.clone()).escape('\\'));
        found = found.filter(
            contacts::given_name
                .like(word.clone())
                .escape('\\')
                .or(contacts::surname.like(word.clone()).escape('\\'))
                .or(contacts::full_name.like(word.clone()).escape('\\'))
                .or(contacts::organization.like(word).escape('\\'))
                .or(exists(emails)),
        );
    }
    found
}

fn appointments_of(query: &Query) -> Boxed<'_, appointments::table> {
    let mut found = appointments::table.into_boxed();
    if let Some(user) = &query.user {
        found = found.filter(appointments::owner_id.eq(user.as_str()));
    }
    for word in query.text.split_whitespace().map(pattern) {
        found = found.filter(
            appointments::title
                .like(word.clone())
                .escape('\\')
                .or(appointments::location.like(word).escape('\\')),
        );
    }
    found
}

fn contacts_in_order(query: &Query) -> Boxed<'_, contacts::table> {
    match query.as_made {
        true => contacts_of(query).order(contacts::number),
        false => contacts_of(query).order((contacts::surname, contacts::given_name, contacts::number)),
    }
}

fn appointments_in_order(query: &Query) -> Boxed<'_, appointments::table> {
    match query.as_made {
        true => appointments_of(query).order(appointments::number),
        false => appointments_of(query).order((appointments::start_local, appointments::number)),
    }
}

fn named(ids: Vec<String>) -> Vec<ItemId> {
    ids.into_iter().map(ItemId::from).collect()
}

fn only<R: Collection>(conn: &mut Conn, scope: &Scope, query: &Query) -> Result<Shown<R>, StoreError> {
    let ids: Vec<String> = query.only.iter().map(ToString::to_string).collect();
    Ok(Shown { items: items(conn, scope, &ids)?, total: ids.len() as u64 })
}

fn items<R: Collection>(conn: &mut Conn, scope: &Scope, ids: &[String]) -> Result<Vec<Item<R>>, StoreError> {
    let mut found = R::load(conn, scope, ids)?;
    let item = |id: &String| {
        let row = found.remove(id)?;
        let (updated, leftovers) = (row.updated.and_utc(), row.leftovers);
        Some(Item { id: ItemId::new(id.as_str()), updated, record: row.record, leftovers })
    };
    Ok(ids.iter().filter_map(item).collect())
}

impl Store {
    fn scope(&self) -> Scope {
        Scope { user: None, calendar: None, region: self.options.region.clone(), share: true }
    }

    /// Returns the ids of all contacts that match, by surname.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn contact_ids(&self, query: Query) -> Result<Vec<ItemId>, StoreError> {
        self.db.read(move |conn| Ok(named(contacts_in_order(&query).select(contacts::id).load(conn)?))).await
    }

    /// Returns the ids of all appointments that match, by start.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn event_ids(&self, query: Query) -> Result<Vec<ItemId>, StoreError> {
        self.db
            .read(move |conn| Ok(named(appointments_in_order(&query).select(appointments::id).load(conn)?)))
            .await
    }

    /// Lists contacts by surname.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn list_contacts(&self, query: Query) -> Result<Shown<Contact>, StoreError> {
        let scope = self.scope();
        let list = self.db.read(move |conn| {
            let (limit, skip) = slice_of(query.slice);
            if !query.only.is_empty() {
                return only(conn, &scope, &query);
            }
            let total: i64 = contacts_of(&query).count().get_result(conn)?;
            let found = contacts_in_order(&query).limit(limit).offset(skip);
            let ids: Vec<String> = found.select(contacts::id).load(conn)?;
            Ok(Shown { items: items(conn, &scope, &ids)?, total: u64::try_from(total).unwrap_or(0) })
        });
        list.await
    }

    /// Lists appointments by start.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn list_events(&self, query: Query) -> Result<Shown<Event>, StoreError> {
        let scope = self.scope();
        let list = self.db.read(move |conn| {
            let (limit, skip) = slice_of(query.slice);
            if !query.only.is_empty() {
                return only(conn, &scope, &query);
            }
            let total: i64 = appointments_of(&query).count().get_result(conn)?;
            let found = appointments_in_order(&query).limit(limit).offset(skip);
            let ids: Vec<String> = found.select(appointments::id).load(conn)?;
            Ok(Shown { items: items(conn, &scope, &ids)?, total: u64::try_from(total).unwrap_or(0) })
        });
        list.await
    }

    /// Returns one contact.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn get_contact(&self, id: &ItemId) -> Result<Option<Item<Contact>>, StoreError> {
        self.get(id).await
    }

    /// Returns the names of all groups of contacts.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn labels(&self) -> Result<Vec<String>, StoreError> {
        let names = contact_groups::table.order(contact_groups::name).select(contact_groups::name);
        self.db.read(move |conn| Ok(names.load(conn)?)).await
    }

    /// Removes those of some groups that no contact is in; returns which.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn drop_labels(&self, names: &[String]) -> Result<Vec<String>, StoreError> {
        let names = names.to_vec();
        let dropped = self.db.write(move |conn| {
            let mut dropped = Vec::new();
            for name in names {
                let members = contact_group_members::table
                    .filter(contact_group_members::group_id.eq(contact_groups::id));
                let empty: Option<i64> = contact_groups::table
                    .filter(contact_groups::name.eq(&name).and(diesel::dsl::not(exists(members))))
                    .select(contact_groups::id)
                    .first(conn)
                    .optional()?;
                let Some(id) = empty else { continue };
                diesel::delete(contact_groups::table.find(id)).execute(conn)?;
                dropped.push(name);
            }
            Ok(dropped)
        });
        dropped.await
    }

    /// Returns who sees some contacts, of those that are not seen by all.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn seen_by(&self, ids: &[ItemId]) -> Result<Vec<(ItemId, UserId)>, StoreError> {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let rows = self.db.read(move |conn| {
            let mut rows: Vec<(String, String)> = Vec::new();
            for some in ids.chunks(MOST_NAMES) {
                let found = contact_users::table
                    .filter(contact_users::contact_id.eq_any(some))
                    .order((contact_users::contact_id, contact_users::user_id))
                    .select((contact_users::contact_id, contact_users::user_id));
                rows.extend(found.load::<(String, String)>(conn)?);
            }
            Ok(rows)
        });
        let seen = rows.await?.into_iter();
        Ok(seen.map(|(id, user)| (ItemId::new(id), UserId::new(user))).collect())
    }

    /// Returns one appointment.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn get_event(&self, id: &ItemId) -> Result<Option<Item<Event>>, StoreError> {
        self.get(id).await
    }

    async fn get<R: Collection>(&self, id: &ItemId) -> Result<Option<Item<R>>, StoreError> {
        let (scope, id) = (self.scope(), id.to_string());
        self.db.read(move |conn| Ok(items(conn, &scope, &[id])?.pop())).await
    }
}
