//! A store in a temporary folder, and a second, plain connection beside it: somebody's SQL client.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, dead_code)]

use std::collections::BTreeMap;

use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection, connection::SimpleConnection};
use passerelle_contacts::{Contact, Email, email_key};
use passerelle_ports::{
    CreateKey, Cursor, EntryId, From, ItemId, Next, Page, Record, Replica, Stored, Write, Written,
};
use passerelle_sql_store::{NewUser, Store, StoreOptions, UserId};

pub struct Company {
    pub store: Store,
    pub folder: tempfile::TempDir,
    pub anne: UserId,
    pub bob: UserId,
}

pub async fn company() -> Company {
    company_with(StoreOptions { region: Some("FR".into()), page_size: 3, ..StoreOptions::default() }).await
}

pub async fn company_with(options: StoreOptions) -> Company {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("company.sqlite"), options).await.unwrap();
    for id in ["anne", "bob"] {
        let user = NewUser { id: Some(UserId::new(id)), name: id.into(), ..NewUser::default() };
        store.users().add(user).await.unwrap();
    }
    Company { store, folder, anne: UserId::new("anne"), bob: UserId::new("bob") }
}

impl Company {
    /// Opens a connection as a person with a SQL client has it: no setting changed, so no foreign keys.
    pub fn client(&self) -> Client {
        let path = self.folder.path().join("company.sqlite");
        Client(SqliteConnection::establish(path.to_str().unwrap()).unwrap())
    }
}

pub struct Client(SqliteConnection);

#[derive(QueryableByName)]
struct Text {
    #[diesel(sql_type = diesel::sql_types::Text)]
    text: String,
}

#[derive(QueryableByName)]
struct Detail {
    #[diesel(sql_type = diesel::sql_types::Text)]
    detail: String,
}

impl Client {
    pub fn run(&mut self, sql: &str) {
        self.0.batch_execute(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// Returns why the database refuses a statement.
    pub fn refusal(&mut self, sql: &str) -> String {
        match self.0.batch_execute(sql) {
            Ok(()) => panic!("accepted: {sql}"),
            Err(error) => error.to_string(),
        }
    }

    /// Returns how the database would answer a question.
    pub fn plan(&mut self, sql: &str) -> String {
        let rows: Vec<Detail> =
            diesel::sql_query(format!("EXPLAIN QUERY PLAN {sql}")).load(&mut self.0).unwrap();
        rows.into_iter().map(|row| row.detail).collect::<Vec<_>>().join("|")
    }

    pub fn text(&mut self, sql: &str) -> String {
        let rows: Vec<Text> = diesel::sql_query(sql).load(&mut self.0).unwrap();
        rows.into_iter().map(|row| row.text).collect::<Vec<_>>().join("|")
    }
}

/// A listing, read to its end.
#[derive(Debug)]
pub struct Seen<R> {
    pub items: BTreeMap<ItemId, Stored<R>>,
    pub removed: Vec<ItemId>,
    pub cursor: Cursor,
}

pub async fn listing<R: Record>(replica: &dyn Replica<R>, from: From) -> Seen<R> {
    let (mut items, mut removed, mut from) = (BTreeMap::new(), Vec::new(), from);
    loop {
        let Page { items: some, removed: gone, next, .. } = replica.changes(from).await.unwrap();
        items.extend(some.into_iter().map(|item| (item.id.clone(), item)));
        removed.extend(gone);
        match next {
            Next::Page(token) => from = From::Page(token),
            Next::End(cursor) => return Seen { items, removed, cursor },
        }
    }
}

pub async fn everything<R: Record>(replica: &dyn Replica<R>) -> Seen<R> {
    listing(replica, From::Start).await
}

pub async fn since<R: Record>(replica: &dyn Replica<R>, cursor: &Cursor) -> Seen<R> {
    listing(replica, From::Cursor(cursor.clone())).await
}

pub fn entry(number: u128) -> EntryId {
    format!("{number:032x}").parse().unwrap()
}

pub fn create<R: Record>(key: &str, record: R, stamp: u128) -> Write<R> {
    Write::Create { key: CreateKey::new(key), record, opaque: None, stamp: entry(stamp), replaces: None }
}

pub async fn write_one<R: Record>(replica: &dyn Replica<R>, write: Write<R>) -> Written<R> {
    replica.write(&[write]).await.unwrap().pop().unwrap().unwrap()
}

pub async fn created<R: Record>(replica: &dyn Replica<R>, key: &str, record: R, stamp: u128) -> Stored<R> {
    match write_one(replica, create(key, record, stamp)).await {
        Written::Stored(stored) => stored,
        other => panic!("{other:?}"),
    }
}

pub fn person(given: &str, address: &str) -> Contact {
    let mut contact = Contact::default();
    contact.name.given = given.into();
    let email = Email { address: address.into(), label: "work".into(), preferred: false };
    contact.emails.insert(email_key(address), email);
    contact
}
