//! The company's database, as the use cases want it.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use passerelle_calendar::Event;
use passerelle_contacts::Contact;
use passerelle_ports::{
    Entry, ErrorKind, InstallationId, ItemId, Kind, Ledger, LinkId, PortError, PortResult, Replica, Slice,
};
use passerelle_service::{
    Account, AccountState, AppUser, Calendar, Company, Dropped, Found, Item, Journal, KINDS, LoadHow,
    Loadable, Loaded, Pair, Purge, Put, Search, TakenBack,
};
use passerelle_sql_store as sql;

/// The company's database in SQL.
pub struct SqlCompany {
    store: sql::Store,
}

impl SqlCompany {
    pub fn new(store: sql::Store) -> Self {
        SqlCompany { store }
    }
}

#[async_trait]
impl Company for SqlCompany {
    fn installation(&self) -> InstallationId {
        self.store.installation().clone()
    }

    async fn users(&self) -> PortResult<Vec<AppUser>> {
        let users = self.store.users().list().await.map_err(|error| error.at("users.list"))?;
        Ok(users
            .into_iter()
            .map(|user| AppUser { id: user.id.to_string(), name: user.name, email: user.email })
            .collect())
    }

    async fn add_user(&self, user: &AppUser) -> PortResult<()> {
        let new = sql::NewUser {
            id: Some(sql::UserId::new(&user.id)),
            name: user.name.clone(),
            email: user.email.clone(),
        };
        self.store.users().add(new).await.map(drop).map_err(|error| error.at("users.add"))
    }

    async fn accounts(&self) -> PortResult<Vec<Account>> {
        let accounts = self.store.accounts().list(None).await.map_err(|error| error.at("accounts.list"))?;
        Ok(accounts.into_iter().map(account).collect())
    }

    async fn save_account(&self, account: &Account) -> PortResult<()> {
        let row = sql::Account {
            id: sql::AccountId(account.id.clone()),
            user: sql::UserId::new(&account.user),
            provider: account.provider.clone(),
            subject: account.subject.clone(),
            email: account.email.clone(),
            scopes: account.scopes.iter().cloned().collect(),
            authorised_at: account.authorised,
            state: match account.state {
                AccountState::Connected => sql::AccountState::Connected,
                AccountState::Reconnect => sql::AccountState::NeedsConsent,
                AccountState::Disconnected => sql::AccountState::Disconnected,
            },
        };
        self.store.accounts().save(row).await.map_err(|error| error.at("accounts.save"))
    }

    async fn pairs(&self) -> PortResult<Vec<Pair>> {
        let pairs = self.store.pairs().list(None).await.map_err(|error| error.at("pairs.list"))?;
        pairs.into_iter().map(pair).collect()
    }

    async fn save_pair(&self, pair: &Pair) -> PortResult<()> {
        let row = sql::Pair {
            id: pair.id.clone(),
            user: sql::UserId::new(&pair.user),
            kind: pair.kind,
            account: sql::AccountId(pair.account.clone()),
            collection: pair.collection.clone(),
            name: pair.name.clone(),
            rules: serde_json::to_value(&pair.rules).unwrap_or_default(),
            enabled: pair.enabled,
            calendar: pair.calendar.clone(),
        };
        self.store.pairs().save(row).await.map_err(|error| error.at("pairs.save"))
    }

    async fn calendars(&self) -> PortResult<Vec<Calendar>> {
        let all = self.store.calendars().list().await.map_err(|error| error.at("calendars.list"))?;
        Ok(all.into_iter().map(calendar).collect())
    }

    async fn homeless(&self) -> PortResult<BTreeMap<String, u64>> {
        let all = self.store.calendars().homeless().await.map_err(|error| error.at("calendars.homeless"))?;
        Ok(all.into_iter().map(|(user, count)| (user, count.unsigned_abs())).collect())
    }

    async fn add_calendar(&self, owner: &str, name: &str) -> PortResult<Calendar> {
        let added = self.store.calendars().add(&sql::UserId::new(owner), name).await;
        added.map(calendar).map_err(|error| error.at("calendars.add"))
    }

    async fn numbers(&self, links: &[LinkId]) -> PortResult<Vec<u64>> {
        self.store.numbers(links).await.map_err(|error| error.at("numbers"))
    }

    async fn dropped(&self, pair: &Pair) -> PortResult<Vec<Dropped>> {
        let Some(calendar) = &pair.calendar else { return Ok(Vec::new()) };
        let dropped = self.store.dropped(calendar).await.map_err(|error| error.at("dropped"))?;
        let dropped = dropped.into_iter();
        Ok(dropped
            .map(|one| Dropped { record: one.series, occurrence: one.occurrence, title: one.title })
            .collect())
    }

    async fn told_dropped(&self, pair: &Pair, forget: bool) -> PortResult<()> {
        let Some(calendar) = &pair.calendar else { return Ok(()) };
        self.store.told_dropped(calendar, forget).await.map_err(|error| error.at("dropped"))
    }

    async fn purges(&self) -> PortResult<Vec<Purge>> {
        let found = self.store.purges().await.map_err(|error| error.at("purges"))?;
        let kind = |name: &str| KINDS.into_iter().find(|kind| kind.as_str() == name);
        Ok(found
            .into_iter()
            .filter_map(|purge| {
                let kind = kind(&purge.kind)?;
                Some(Purge { at: purge.at, kind, before: purge.before, changes: purge.entries })
            })
            .collect())
    }

    async fn memo(&self, name: &str) -> PortResult<Option<String>> {
        self.store.settings().get(name).await.map_err(|error| error.at("memo"))
    }

    async fn set_memo(&self, name: &str, value: Option<&str>) -> PortResult<()> {
        self.store.settings().set(name, value).await.map_err(|error| error.at("memo"))
    }

    fn contacts(&self, user: &str) -> Arc<dyn Replica<Contact>> {
        Arc::new(self.store.contacts(&sql::UserId::new(user)))
    }

    fn events(&self, user: &str, calendar: Option<&str>) -> Arc<dyn Replica<Event>> {
        let user = sql::UserId::new(user);
        Arc::new(match calendar {
            Some(calendar) => self.store.calendar(&user, calendar),
            None => self.store.events(&user),
        })
    }

    fn contact_ledger(&self) -> Arc<dyn Ledger<Contact>> {
        Arc::new(self.store.ledger::<Contact>())
    }

    fn event_ledger(&self) -> Arc<dyn Ledger<Event>> {
        Arc::new(self.store.ledger::<Event>())
    }

    async fn load_contacts(
        &self,
        user: Option<&str>,
        records: Vec<Loadable<Contact>>,
        how: &LoadHow,
    ) -> PortResult<Loaded<Contact>> {
        let user = user.map(sql::UserId::new);
        let mut all = Vec::new();
        let keep = |_: &sql::Loading, written: Vec<sql::Written<Contact>>| all.extend(written);
        let done = self.store.load_contacts_as(user.as_ref(), records, &loads(how), keep).await;
        done.map(|done| loaded(done, all)).map_err(|error| error.at("contacts.load"))
    }

    async fn load_events(
        &self,
        user: &str,
        records: Vec<Loadable<Event>>,
        how: &LoadHow,
    ) -> PortResult<Loaded<Event>> {
        let user = sql::UserId::new(user);
        let mut all = Vec::new();
        let keep = |_: &sql::Loading, written: Vec<sql::Written<Event>>| all.extend(written);
        let done = self.store.load_events_as(&user, records, &loads(how), keep).await;
        done.map(|done| loaded(done, all)).map_err(|error| error.at("events.load"))
    }

    async fn take_back_contacts(
        &self,
        user: Option<&str>,
        entries: Vec<Entry<Contact>>,
        keep: Vec<ItemId>,
        of: Option<Journal>,
    ) -> PortResult<TakenBack> {
        let user = user.map(sql::UserId::new);
        let done =
            self.store.take_back_contacts(user.as_ref(), entries, keep, of.as_ref().map(journal)).await;
        done.map(taken_back).map_err(|error| error.at("contacts.take_back"))
    }

    async fn take_back_events(
        &self,
        user: &str,
        entries: Vec<Entry<Event>>,
        keep: Vec<ItemId>,
        of: Option<Journal>,
    ) -> PortResult<TakenBack> {
        let user = sql::UserId::new(user);
        let done = self.store.take_back_events(&user, entries, keep, of.as_ref().map(journal)).await;
        done.map(taken_back).map_err(|error| error.at("events.take_back"))
    }

    async fn ids(&self, kind: Kind, search: &Search) -> PortResult<Vec<ItemId>> {
        let ids = match kind {
            Kind::Contacts => self.store.contact_ids(query(search)).await,
            Kind::Events => self.store.event_ids(query(search)).await,
        };
        ids.map_err(|error| error.at("records.ids"))
    }

    async fn list_contacts(&self, search: &Search) -> PortResult<Found<Contact>> {
        let shown = self.store.list_contacts(query(search)).await;
        shown.map(found).map_err(|error| error.at("contacts.list"))
    }

    async fn list_events(&self, search: &Search) -> PortResult<Found<Event>> {
        let shown = self.store.list_events(query(search)).await;
        shown.map(found).map_err(|error| error.at("events.list"))
    }

    async fn labels(&self) -> PortResult<Vec<String>> {
        self.store.labels().await.map_err(|error| error.at("contacts.labels"))
    }

    async fn drop_labels(&self, names: &[String]) -> PortResult<Vec<String>> {
        self.store.drop_labels(names).await.map_err(|error| error.at("contacts.drop_labels"))
    }

    async fn seen_by(&self, ids: &[ItemId]) -> PortResult<Vec<(ItemId, String)>> {
        let seen = self.store.seen_by(ids).await.map_err(|error| error.at("contacts.seen_by"))?;
        Ok(seen.into_iter().map(|(id, user)| (id, user.to_string())).collect())
    }

    async fn get_contact(&self, id: &ItemId) -> PortResult<Option<Item<Contact>>> {
        let got = self.store.get_contact(id).await;
        got.map(|got| got.map(item)).map_err(|error| error.at("contacts.get"))
    }

    async fn get_event(&self, id: &ItemId) -> PortResult<Option<Item<Event>>> {
        let got = self.store.get_event(id).await;
        got.map(|got| got.map(item)).map_err(|error| error.at("events.get"))
    }
}

fn account(row: sql::Account) -> Account {
    Account {
        id: row.id.0,
        user: row.user.to_string(),
        provider: row.provider,
        subject: row.subject,
        email: row.email,
        scopes: row.scopes.into_iter().collect(),
        state: match row.state {
            sql::AccountState::Connected => AccountState::Connected,
            sql::AccountState::NeedsConsent => AccountState::Reconnect,
            sql::AccountState::Disconnected => AccountState::Disconnected,
        },
        authorised: row.authorised_at,
    }
}

fn calendar(row: sql::Calendar) -> Calendar {
    Calendar { id: row.id, owner: row.owner, name: row.name, default: row.is_default }
}

fn pair(row: sql::Pair) -> PortResult<Pair> {
    let rules = serde_json::from_value(row.rules)
        .map_err(|error| PortError::new(ErrorKind::Unexpected, "pairs.list").with_source(error))?;
    Ok(Pair {
        id: row.id,
        user: row.user.to_string(),
        kind: row.kind,
        account: row.account.0,
        collection: row.collection,
        name: row.name,
        rules,
        enabled: row.enabled,
        calendar: row.calendar,
    })
}

fn query(search: &Search) -> sql::Query {
    sql::Query {
        as_made: search.as_made,
        only: search.only.clone(),
        user: search.user.as_deref().map(sql::UserId::new),
        text: search.text.clone(),
        slice: Slice { skip: search.skip, limit: search.limit.unwrap_or(u64::from(u32::MAX)) },
    }
}

fn item<R>(item: sql::Item<R>) -> Item<R> {
    Item { id: item.id, updated: item.updated, record: item.record, leftovers: item.leftovers }
}

fn found<R>(shown: sql::Shown<R>) -> Found<R> {
    Found { items: shown.items.into_iter().map(item).collect(), total: shown.total }
}

fn loads(how: &LoadHow) -> sql::Loads {
    sql::Loads {
        replace: how.replace,
        dry_run: how.dry_run,
        journal: how.journal.as_ref().map(journal),
        into: how.into.clone(),
        gone: how.gone.clone(),
    }
}

fn journal(of: &Journal) -> sql::Journal {
    sql::Journal { run: of.run, pair: of.pair.clone(), at: of.at }
}

fn taken_back(done: sql::TakenBack) -> TakenBack {
    TakenBack { deleted: done.deleted, restored: done.restored, created: done.created, left: done.left }
}

fn loaded<R>(loading: sql::Loading, written: Vec<sql::Written<R>>) -> Loaded<R> {
    let written = written.into_iter().map(|one| Put {
        position: one.position,
        id: one.id,
        before: one.before,
        after: one.after,
        left_before: one.leftovers_before,
        left_after: one.leftovers_after,
    });
    Loaded {
        written: written.collect(),
        created: loading.inserted,
        updated: loading.updated,
        unchanged: loading.already_there,
        refused: loading.refused,
    }
}
