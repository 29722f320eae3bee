//! Google contacts behind the port.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use passerelle_contacts::Contact;
use passerelle_google_transport::{GoogleClient, Pages};
use passerelle_ports::{
    Capabilities, Clock, Detail, EntryId, ErrorKind, From, ItemId, Label, Next, Page, Pictures, PortError,
    PortResult, Relabelling, Replica, Stored, Unread, Version, Write, Written,
};
use tokio::sync::Mutex;

use crate::{
    calls::{BATCH_MAX, Calls},
    convert::{self, Context, marks::Marks},
    cursor::Place,
    error,
    groups::{Directory, Groups, is_system},
    recent::Recent,
    wire::Person,
    write::{Run, labels},
};

/// How the replica of one account behaves.
#[derive(Clone)]
pub struct Options {
    /// The country (ISO 3166-1 alpha-2) in whose way the company writes telephone numbers. It must be
    /// the one that the other side of the pair uses, or one number gets two keys.
    pub region: Option<String>,
    /// How many contacts a page holds: 1 to 1,000 (P10).
    pub page_size: u32,
    /// How long Google's listings may show an older state (P17: "several minutes").
    pub read_lag: Duration,
    /// How long after a call a lost write may still land or become visible.
    pub settle: Duration,
    /// From how many writes of one sort on a batch is cheaper than single calls (P92).
    pub batch_from: usize,
    /// Where pictures are kept and found; without it none is brought back.
    pub pictures: Option<Arc<dyn Pictures>>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

impl Options {
    /// Returns what fits the real Google.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let read_lag = Duration::from_secs(10 * 60);
        Options {
            region: None,
            page_size: 1000,
            read_lag,
            settle: read_lag + Duration::from_secs(2 * 60),
            batch_from: 7,
            pictures: None,
            clock,
        }
    }
}

/// The contacts of one Google account.
///
/// One account, one value of this type: it sends its writes strictly one after the other (P48).
pub struct GooglePeople {
    pub(crate) calls: Calls,
    pub(crate) groups: Groups,
    pub(crate) options: Options,
    pub(crate) recent: Recent,
    turn: Mutex<()>,
}

impl GooglePeople {
    /// Removes labels that this program made and that no contact has any more; returns the names of those that wait for
    /// their last contact to go. What a person made stays.
    ///
    /// # Errors
    ///
    /// Those of the provider.
    pub async fn drop_labels(&self, names: &[String]) -> PortResult<Vec<String>> {
        self.groups.drop(names).await
    }

    /// Makes the replica of one account.
    #[must_use]
    pub fn new(client: Arc<GoogleClient>, options: Options) -> Self {
        let kept = TimeDelta::from_std(options.read_lag).unwrap_or(TimeDelta::MAX / 4);
        GooglePeople {
            groups: Groups::new(client.clone(), options.clock.clone()),
            calls: Calls { client },
            recent: Recent::new(kept.max(TimeDelta::minutes(15))),
            options,
            turn: Mutex::new(()),
        }
    }

    pub(crate) fn context<'a>(&'a self, groups: &'a Directory) -> Context<'a> {
        Context { groups, region: self.options.region.as_deref() }
    }

    /// Returns the labels that these people are in.
    async fn groups_of(&self, people: impl Iterator<Item = &Person>) -> PortResult<Arc<Directory>> {
        let mut names = BTreeSet::new();
        for person in people {
            names.extend(convert::group_names(person).into_iter().filter(|name| !is_system(name)));
        }
        self.groups.knowing(&names.iter().map(String::as_str).collect::<Vec<_>>()).await
    }

    pub(crate) fn stored(&self, person: &Person, groups: &Directory) -> PortResult<Stored<Contact>> {
        const OPERATION: &str = "people.get";
        let source = person.source().ok_or_else(|| error::unexpected(OPERATION))?;
        let updated = source.update_time.ok_or_else(|| error::unexpected(OPERATION))?;
        let card = convert::from_google(person, self.context(groups));
        Ok(Stored {
            id: ItemId::new(person.resource_name()),
            version: versioned(&source.etag, &card.record),
            updated,
            record: card.record,
            opaque: card.opaque,
            key: card.key,
            made: card.made,
            stamp: card.stamp,
            lineage: None,
            withdrawn: false,
            home: None,
        })
    }

    /// Makes the answer to a write; a label that the answer names is known already.
    pub(crate) async fn written(&self, person: &Person) -> PortResult<Written<Contact>> {
        self.recent.wrote(person, self.options.clock.now());
        let groups = self.groups_of(std::iter::once(person)).await?;
        self.stored(person, &groups).map(Written::Stored)
    }

    /// Reads contacts to be written by name, never older than what was answered to our own writes (P43).
    pub(crate) async fn people(&self, names: &[&str]) -> PortResult<HashMap<String, PortResult<Person>>> {
        if names.is_empty() {
            return Ok(HashMap::new());
        }
        let mut names = names.to_vec();
        names.sort_unstable();
        names.dedup();
        let mut said = self.calls.people(&names).await?;
        let newest = names.iter().filter_map(|name| {
            let person = match said.remove(*name).transpose() {
                Ok(said) => self.recent.newest(name, said).map(Ok),
                Err(error) => Some(Err(error)),
            };
            Some(((*name).to_owned(), person?))
        });
        Ok(newest.collect())
    }

    /// Lists the contacts that we made, by the entry that made each.
    pub(crate) async fn made(&self) -> PortResult<HashMap<EntryId, Person>> {
        let (mut made, mut page, mut pages) = (HashMap::new(), None::<String>, Pages::default());
        loop {
            let answer = self.calls.connections(self.options.page_size, None, page.as_deref()).await?;
            let people = answer.connections.iter().filter_map(|raw| Person::read(raw).ok());
            made.extend(people.filter_map(|person| Some((Marks::read(&person).made?, person))));
            page = pages.next(answer.next_page_token, "people.connections.list")?;
            if page.is_none() {
                return Ok(made);
            }
        }
    }

    /// Writes once more what Google refused, where a label that it was put into is not there any more, or never was: the
    /// labels are read anew, and what is missing is made.
    async fn with_labels_of_now(
        &self,
        batch: &[Write<Contact>],
        used: &Directory,
        mut answers: Vec<PortResult<Written<Contact>>>,
    ) -> PortResult<Vec<PortResult<Written<Contact>>>> {
        let is_refused = |answer: &PortResult<Written<Contact>>| {
            let kind = answer.as_ref().err().map(|error| error.kind);
            matches!(kind, Some(ErrorKind::Rejected | ErrorKind::NotFound))
        };
        let refused = (0..batch.len()).filter(|at| is_refused(&answers[*at]));
        let again: Vec<usize> = refused.filter(|at| !labels(&batch[*at..=*at]).is_empty()).collect();
        let some: Vec<Write<Contact>> = again.iter().map(|at| batch[*at].clone()).collect();
        if some.is_empty() || !self.groups.lack(&labels(&some), used).await? {
            return Ok(answers);
        }
        // Of the others the answers are known, whatever becomes of these.
        let second = match Run::new(self, &some).await {
            Ok(run) => run.carry_out().await,
            Err(error) => Err(error),
        };
        if let Ok(second) = second {
            for (at, answer) in again.into_iter().zip(second) {
                answers[at] = answer;
            }
        }
        Ok(answers)
    }

    async fn page(&self, place: Place) -> PortResult<Page<Contact>> {
        let size = self.options.page_size;
        let answer = self.calls.connections(size, place.sync.as_deref(), place.page.as_deref()).await?;
        let (mut removed, mut people, mut formerly, mut unread) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let begins = place.sync.is_some() && place.page.is_none();
        let relabelled = if begins { self.groups.renamed(&place.labels).await? } else { BTreeSet::new() };
        for raw in answer.connections {
            let person = match Person::read(&raw) {
                Ok(person) => person,
                Err(one) => {
                    unread.push(one);
                    continue;
                }
            };
            let name = person.resource_name().to_owned();
            // The former names of a person are names of nothing now (P16).
            let former = person.previous_names().filter(|former| *former != name).map(ItemId::from);
            formerly.extend(former.map(|former| (former, ItemId::new(&name))));
            if person.is_deleted() {
                removed.push(ItemId::new(name));
            } else if person.source().is_some() {
                match self.calls.completed(person).await? {
                    Ok(person) => people.push(person),
                    Err(error) => unread.push(unread_by(&name, &error)),
                }
            }
        }
        let relabelled: Vec<&str> = relabelled
            .iter()
            .map(String::as_str)
            .filter(|name| !people.iter().any(|person: &Person| person.resource_name() == *name))
            .collect();
        for (name, person) in self.people(&relabelled).await? {
            match person {
                Ok(person) => people.push(person),
                Err(error) => unread.push(unread_by(&name, &error)),
            }
        }
        let groups = self.groups_of(people.iter()).await?;
        let place = Place { labels: self.groups.names().await.unwrap_or(place.labels), ..place };
        let items =
            people.iter().map(|person| self.stored(person, &groups)).collect::<PortResult<Vec<_>>>()?;
        removed.extend(formerly.iter().map(|(former, _)| former.clone()));
        let is_listed = |id: &ItemId| items.iter().any(|item| item.id == *id);
        removed.retain(|id| !is_listed(id));
        formerly.retain(|(former, _)| !is_listed(former));
        let next = match (answer.next_page_token, answer.next_sync_token) {
            (Some(page), _) if !page.is_empty() => Next::Page(place.page(page)?),
            (_, Some(sync)) => Next::End(place.cursor(sync)?),
            // Without either the listing did not come to its end (R5).
            _ => return Err(error::unexpected("people.connections.list")),
        };
        Ok(Page { items, unread, removed, formerly, next })
    }
}

/// Says that a contact cannot be read, for this reason.
fn unread_by(name: &str, error: &PortError) -> Unread {
    let place = error.context.get("place").map(Detail::to_text).unwrap_or_default();
    Unread { id: Some(ItemId::new(name)), code: error.code, place }
}

/// Returns the version of a state: Google's tag, and that of the names of its labels, which change without it (R9).
fn versioned(etag: &str, record: &Contact) -> Version {
    if record.groups.is_empty() {
        return Version::new(etag);
    }
    let names = record.groups.values().flat_map(|name| name.bytes().chain([0]));
    let digest = names.fold(0xcbf2_9ce4_8422_2325_u64, |digest, byte| {
        (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    Version::new(format!("{etag} {digest:016x}"))
}

/// Returns Google's own tag in a version.
pub(crate) fn etag_of(version: &Version) -> &str {
    version.as_str().split(' ').next().unwrap_or_default()
}

#[async_trait]
impl Replica<Contact> for GooglePeople {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            writable: true,
            read_lag: self.options.read_lag,
            settle: self.options.settle,
            batch_max: BATCH_MAX,
            stamps: true,
            one_way: true,
            outcomes: false,
        }
    }

    fn clock(&self) -> Option<DateTime<Utc>> {
        self.calls.client.said_time()
    }

    async fn changes(&self, from: From) -> PortResult<Page<Contact>> {
        let (size, now) = (self.options.page_size, self.options.clock.now());
        let place = match from {
            From::Start => Place::start(size, now),
            From::Cursor(cursor) => Place::read(cursor.as_str(), size, now)?,
            From::Page(page) => Place::read(page.as_str(), size, now)?,
        };
        self.page(place).await
    }

    async fn fetch(&self, ids: &[ItemId]) -> PortResult<Vec<Option<Stored<Contact>>>> {
        self.fetch_each(ids).await?.into_iter().collect()
    }

    async fn fetch_each(&self, ids: &[ItemId]) -> PortResult<Vec<PortResult<Option<Stored<Contact>>>>> {
        let mut names: Vec<&str> = ids.iter().map(ItemId::as_str).collect();
        names.sort_unstable();
        names.dedup();
        // As Google says: where that is older than what is known, the engine finds out, in the next process too.
        let people = self.calls.people_now(&names).await?;
        let groups = self.groups_of(people.values().flatten()).await?;
        let stored = |id: &ItemId| match people.get(id.as_str()) {
            None => Ok(None),
            Some(Ok(person)) => self.stored(person, &groups).map(Some),
            Some(Err(error)) => Err(error::Verdict::of(error).error()),
        };
        Ok(ids.iter().map(stored).collect())
    }

    async fn recall(&self, known: &Stored<Contact>, read: Stored<Contact>) -> PortResult<Stored<Contact>> {
        let mut read = read;
        self.same_photo(&known.record.photo, &mut read).await;
        Ok(read)
    }

    async fn relabel(&self, all: &[Relabelling]) -> PortResult<()> {
        let _turn = self.turn.lock().await;
        self.groups.rename(all).await
    }

    async fn labels(&self) -> PortResult<Vec<Label>> {
        self.groups.list().await
    }

    async fn rename_labels(&self, all: &[Label]) -> PortResult<()> {
        let _turn = self.turn.lock().await;
        self.groups.rename_by_resource(all).await
    }

    async fn write(&self, batch: &[Write<Contact>]) -> PortResult<Vec<PortResult<Written<Contact>>>> {
        let _turn = self.turn.lock().await;
        let run = Run::new(self, batch).await?;
        let labels = run.groups.clone();
        let answers = run.carry_out().await?;
        self.with_labels_of_now(batch, &labels, answers).await
    }
}
