//! One batch of writes.
//!
//! What must stay true: an item's result is said only when it is known (P47); after a failure that
//! concerns all, nothing more is sent; a version is compared with what Google holds before a write
//! and again by Google itself. Google carries deletions out without a condition: before one, the contact is written with
//! one, and what somebody changed in between is found by that.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use passerelle_contacts::Contact;
use passerelle_google_transport::Failure;
use passerelle_ports::{
    Code, ErrorKind, PortError, PortResult, Reason, Relabelling, Stamp, Version, Write, Written,
};

use crate::{
    GooglePeople,
    calls::{BATCH_MAX, FAULTS_MAX, person_of},
    convert::{self, Draft, marks::Marks},
    error::{self, Verdict},
    groups::{Directory, is_system},
    limits,
    replica::etag_of,
    wire::{Person, PersonResponse, Source},
};

const CREATE: &str = "people.createContact";
const UPDATE: &str = "people.updateContact";
const DELETE: &str = "people.deleteContact";

type Outcome = PortResult<Written<Contact>>;

/// A batch on its way.
pub(crate) struct Run<'a> {
    replica: &'a GooglePeople,
    /// The labels as this batch found or made them.
    pub(crate) groups: Arc<Directory>,
    current: HashMap<String, Person>,
    /// Contacts that are there and cannot be read: nothing is written to them.
    unread: BTreeSet<String>,
    creates: Vec<Create>,
    /// By mask: a batch has one for all (P46).
    updates: BTreeMap<String, Vec<Update>>,
    /// What marks the contacts to be deleted: a write that changes nothing a person sees, and that names the version.
    marks: Vec<Update>,
    /// The versions that the marks made, by name.
    versions: HashMap<String, Version>,
    /// The pictures that the contacts get when the rest is written, by write.
    photos: BTreeMap<usize, String>,
    results: Vec<Option<Outcome>>,
    /// How many writes in a row Google failed at.
    faults: usize,
    /// What every further write would meet.
    halt: Option<Verdict>,
}

struct Create {
    at: usize,
    draft: Draft,
    stamp: Stamp,
}

struct Update {
    at: usize,
    name: String,
    draft: Draft,
    source: Source,
    stamp: Stamp,
}

impl<'a> Run<'a> {
    /// Reads what the batch is about and makes the drafts.
    pub(crate) async fn new(replica: &'a GooglePeople, batch: &[Write<Contact>]) -> PortResult<Run<'a>> {
        let names: Vec<&str> = batch.iter().filter_map(named).collect();
        let (mut current, mut unread) = (HashMap::new(), BTreeSet::new());
        for (name, person) in replica.people(&names).await? {
            match person {
                Ok(person) => drop(current.insert(name, person)),
                Err(_) => drop(unread.insert(name)),
            }
        }
        replica.groups.rename(&relabelled(batch)).await?;
        let groups = replica.groups.holding(&labels(batch), &left(batch, &current)).await?;
        let mut run = Run {
            replica,
            groups,
            current,
            unread,
            creates: Vec::new(),
            updates: BTreeMap::new(),
            marks: Vec::new(),
            versions: HashMap::new(),
            photos: BTreeMap::new(),
            results: batch.iter().map(|_| None).collect(),
            faults: 0,
            halt: None,
        };
        for (at, write) in batch.iter().enumerate() {
            if let Err(outcome) = run.prepare(at, write) {
                run.results[at] = Some(*outcome);
            }
        }
        Ok(run)
    }

    /// Sorts a write in, or answers it at once.
    fn prepare(&mut self, at: usize, write: &Write<Contact>) -> Result<(), Box<Outcome>> {
        let context = self.replica.context(&self.groups);
        if named(write).is_some_and(|name| self.unread.contains(name)) {
            return Err(no(error::changed(UPDATE)));
        }
        match write {
            Write::Create { key, record, opaque, stamp, .. } => {
                checked(CREATE, record, None).map_err(no)?;
                let draft = convert::create(record, opaque.as_ref(), key, *stamp, context);
                limited(CREATE, &draft, &Person::default()).map_err(no)?;
                if !record.photo.is_empty() {
                    self.photos.insert(at, record.photo.clone());
                }
                self.creates.push(Create { at, draft, stamp: *stamp });
            }
            Write::Update { from, to, opaque, stamp } => {
                checked(UPDATE, to, Some(&from.record)).map_err(no)?;
                let name = from.id.as_str();
                let person = self.current.get(name);
                let person = person.ok_or_else(|| no(PortError::new(ErrorKind::NotFound, UPDATE)))?;
                let source = person.source().ok_or_else(|| no(error::changed(UPDATE)))?;
                if source.etag != etag_of(&from.version) {
                    return Err(no(error::changed(UPDATE)));
                }
                let draft = match opaque {
                    Some(wanted) => convert::restore(person, (&from.record, to), wanted, *stamp, context),
                    None => convert::update(person, (&from.record, to), *stamp, context),
                };
                limited(UPDATE, &draft, person).map_err(no)?;
                if from.record.photo != to.photo {
                    self.photos.insert(at, to.photo.clone());
                }
                let update = Update { at, name: name.to_owned(), draft, source, stamp: *stamp };
                self.updates.entry(update.draft.mask()).or_default().push(update);
            }
            Write::Delete { from, stamp } => {
                let name = from.id.as_str();
                let person = self.current.get(name).ok_or_else(|| Box::new(Ok(Written::Deleted)))?;
                let source = person.source().ok_or_else(|| no(error::changed(DELETE)))?;
                if source.etag != etag_of(&from.version) {
                    return Err(no(error::changed(DELETE)));
                }
                let draft = convert::mark(person, *stamp);
                self.marks.push(Update { at, name: name.to_owned(), draft, source, stamp: *stamp });
            }
            // An account has one address book.
            Write::Move { .. } => return Err(no(PortError::new(ErrorKind::Unsupported, UPDATE))),
        }
        Ok(())
    }

    /// Sends everything, strictly one call after the other (P48).
    pub(crate) async fn carry_out(mut self) -> PortResult<Vec<Outcome>> {
        for marks in chunks(std::mem::take(&mut self.marks)) {
            let marked = self.mark(marks).await;
            self.delete(marked).await;
        }
        for updates in std::mem::take(&mut self.updates).into_values().flat_map(chunks) {
            self.update(updates).await;
        }
        for creates in chunks(std::mem::take(&mut self.creates)) {
            self.create(creates).await;
        }
        let answered =
            self.results.into_iter().map(|result| result.ok_or_else(|| error::unexpected("write")));
        answered.collect()
    }

    fn pays(&self, count: usize) -> bool {
        count >= self.replica.options.batch_from.max(2)
    }

    /// Keeps a result; a failure that concerns all stops what follows.
    fn done(&mut self, at: usize, outcome: Outcome) {
        match &outcome {
            Err(error) => {
                self.faults += usize::from(error.kind == ErrorKind::ItemFailed);
                let verdict = Verdict::of(error);
                if self.halt.is_none() && (verdict.concerns_all() || self.faults >= FAULTS_MAX) {
                    self.halt = Some(verdict);
                }
            }
            Ok(_) => self.faults = 0,
        }
        self.results[at] = Some(outcome);
    }

    /// Answers with what stopped the run. A full account stops creates only.
    fn halted(&self, is_create: bool) -> Option<PortError> {
        let halt = self.halt.as_ref().filter(|halt| is_create || !halt.is_full());
        halt.map(Verdict::error)
    }

    async fn stored(&mut self, at: usize, person: Result<Person, PortError>) {
        let person = match (person, self.photos.remove(&at)) {
            (Ok(person), Some(photo)) => {
                self.replica.recent.wrote(&person, self.replica.options.clock.now());
                match self.replica.with_photo(person, &photo).await {
                    // The contact is there: that its picture fails says nothing about the others.
                    Err(error) if error.kind == ErrorKind::ItemFailed => {
                        self.results[at] = Some(Err(error));
                        return;
                    }
                    person => person,
                }
            }
            (person, _) => person,
        };
        let outcome = match person {
            Ok(person) => {
                let written = self.replica.written(&person).await;
                self.current.insert(person.resource_name().to_owned(), person);
                written
            }
            Err(error) => Err(error),
        };
        self.done(at, outcome);
    }

    /// Creates contacts. A batch that Google fails at, and says so at once, is parted until the one is found that it
    /// fails at: that one stops no other.
    async fn create(&mut self, creates: Vec<Create>) {
        let mut parts = vec![creates];
        while let Some(part) = parts.pop() {
            if let Some((first, second)) = self.create_part(part).await {
                parts.extend([second, first]);
            }
        }
    }

    /// Looks which contacts of a failed batch are there all the same, answers for them, and returns the others (P47).
    async fn not_landed(&mut self, creates: Vec<Create>) -> Vec<Create> {
        let Ok(mut made) = self.replica.made().await else {
            creates.iter().for_each(|create| self.done(create.at, Err(error::unknown(CREATE))));
            return Vec::new();
        };
        let mut left = Vec::new();
        for create in creates {
            match made.remove(&create.stamp) {
                Some(person) => self.stored(create.at, Ok(person)).await,
                None => left.push(create),
            }
        }
        left
    }

    /// Creates some contacts; returns the two halves of what Google failed at.
    async fn create_part(&mut self, creates: Vec<Create>) -> Option<(Vec<Create>, Vec<Create>)> {
        if self.halt.is_none() && self.pays(creates.len()) {
            let drafts: Vec<&Draft> = creates.iter().map(|create| &create.draft).collect();
            match self.replica.calls.create_batch(&drafts).await {
                Ok(answer) => {
                    self.created(&creates, answer.created_people).await;
                    return None;
                }
                Err(failure) if error::is_refused(&failure) => {
                    let errors = failure.contact_errors();
                    if !errors.is_empty() {
                        self.partly_refused(&creates, &errors);
                        return None;
                    }
                    // Refused before it began: nothing was written, each may go by itself.
                }
                Err(failure) if error::is_fault(failure.error()) => {
                    let mut left = self.not_landed(creates).await;
                    let second = left.split_off(left.len() / 2);
                    return Some((left, second));
                }
                Err(failure) => {
                    let verdict = Verdict::of(&error::of_create(failure));
                    creates.iter().for_each(|create| self.done(create.at, Err(verdict.error())));
                    return None;
                }
            }
        }
        for create in creates {
            match self.halted(true) {
                Some(error) => self.done(create.at, Err(error)),
                None => {
                    let answer = self.replica.calls.create(&create.draft).await.map_err(error::of_create);
                    let made = |person: &Person| {
                        person.names_itself() && Marks::read(person).made == Some(create.stamp)
                    };
                    let answer = answer.and_then(|person| checked_answer(person, made, CREATE));
                    self.stored(create.at, answer.map_err(error::of_one)).await;
                }
            }
        }
        None
    }

    /// Gives each create its answer, found by the entry that made it.
    async fn created(&mut self, creates: &[Create], answers: Vec<PersonResponse>) {
        const OPERATION: &str = "people.batchCreateContacts";
        let mut people: HashMap<Stamp, Person> = HashMap::new();
        for answer in answers {
            if let Ok(Some(person)) = person_of(answer, OPERATION)
                && let Some(made) = Marks::read(&person).made
                && person.names_itself()
            {
                people.insert(made, person);
            }
        }
        for create in creates {
            let person = people.remove(&create.stamp).ok_or_else(|| error::unknown(OPERATION));
            self.stored(create.at, person).await;
        }
    }

    /// A batch of creates that names its bad items: nobody knows about the others (P47). They are
    /// found by observing, or sent again.
    fn partly_refused(&mut self, creates: &[Create], errors: &[(String, i64)]) {
        for (index, create) in creates.iter().enumerate() {
            let named = errors.iter().find(|(key, _)| *key == index.to_string());
            let error = match named {
                Some((_, 9)) => {
                    error::refused(CREATE, "contact", Reason::Verbatim("FAILED_PRECONDITION".to_owned()))
                }
                Some((_, code)) => error::of_item(*code, CREATE),
                None => error::unknown(CREATE),
            };
            self.results[create.at] = Some(Err(error));
        }
    }

    async fn update(&mut self, mut updates: Vec<Update>) {
        if self.halt.is_none() && self.pays(updates.len()) {
            let drafts: Vec<_> =
                updates.iter().map(|update| (update.name.as_str(), &update.draft, &update.source)).collect();
            match self.replica.calls.update_batch(&drafts).await {
                Ok(answer) => return self.updated(&updates, answer.update_result).await,
                Err(failure) => updates = self.look_again(updates, failure).await,
            }
        }
        for update in updates {
            match self.halted(false) {
                Some(error) => self.done(update.at, Err(error)),
                None => {
                    let answer = self.replica.calls.update(&update.name, &update.draft, &update.source).await;
                    let own = |person: &Person| person.answers_to(&update.name);
                    let answer = answer.map_err(PortError::from);
                    let answer = answer.and_then(|person| checked_answer(person, own, UPDATE));
                    self.stored(update.at, answer.map_err(error::of_one)).await;
                }
            }
        }
    }

    async fn updated(&mut self, updates: &[Update], mut answers: BTreeMap<String, PersonResponse>) {
        const OPERATION: &str = "people.batchUpdateContacts";
        for update in updates {
            let person = match answers.remove(&update.name).map(|answer| person_of(answer, OPERATION)) {
                Some(Ok(Some(person))) => {
                    checked_answer(person, |person| person.answers_to(&update.name), OPERATION)
                }
                Some(Ok(None)) => Err(PortError::new(ErrorKind::NotFound, OPERATION)),
                Some(Err(error)) => Err(error),
                None => Err(error::unknown(OPERATION)),
            };
            self.stored(update.at, person).await;
        }
    }

    /// After a failed batch: reads the contacts again, answers for those whose fate is known, and
    /// returns those that may be tried by themselves (P47).
    async fn look_again(&mut self, updates: Vec<Update>, failure: Failure) -> Vec<Update> {
        let errors = failure.contact_errors();
        let refused = error::is_refused(&failure);
        let verdict = Verdict::of(&PortError::from(failure));
        // Where Google failed at one of them, each that was not written goes by itself: its version is its condition.
        if !refused && !error::is_fault(&verdict.error()) {
            updates.iter().for_each(|update| self.done(update.at, Err(verdict.error())));
            return Vec::new();
        }
        let names: Vec<&str> = updates.iter().map(|update| update.name.as_str()).collect();
        let mut found = match self.replica.people(&names).await {
            Ok(found) => found,
            Err(_) => {
                updates.iter().for_each(|update| self.done(update.at, Err(error::unknown(UPDATE))));
                return Vec::new();
            }
        };
        let mut again = Vec::new();
        for update in updates {
            let named = errors.iter().find(|(key, _)| *key == update.name).map(|(_, code)| *code);
            match found.remove(&update.name).transpose() {
                Err(_) => self.done(update.at, Err(error::unknown(UPDATE))),
                Ok(None) => self.done(update.at, Err(PortError::new(ErrorKind::NotFound, UPDATE))),
                Ok(Some(person)) if Marks::read(&person).stamp == Some(update.stamp) => {
                    self.stored(update.at, Ok(person)).await;
                }
                Ok(Some(person)) if person.source().as_ref() != Some(&update.source) => {
                    self.done(update.at, Err(error::changed(UPDATE)));
                }
                Ok(Some(_)) => match named {
                    Some(code) => self.done(update.at, Err(error::of_item(code, UPDATE))),
                    None => again.push(update),
                },
            }
        }
        again
    }

    /// Marks contacts that are to be deleted, and returns those that nobody changed since the version that is known:
    /// answers by name may still show that one, and the deletion itself has no condition (P42, P43, P45).
    async fn mark(&mut self, marks: Vec<Update>) -> Vec<(usize, String)> {
        let all: Vec<(usize, String)> = marks.iter().map(|mark| (mark.at, mark.name.clone())).collect();
        self.update(marks).await;
        let mut marked = Vec::new();
        for (at, name) in all {
            match &self.results[at] {
                // What cannot be written may be deleted all the same, and of what is not found the deletion tells more.
                Some(Err(error)) if matches!(error.kind, ErrorKind::Rejected | ErrorKind::NotFound) => {
                    marked.push((at, name));
                }
                Some(Ok(Written::Stored(stored))) => {
                    self.versions.insert(name.clone(), stored.version.clone());
                    marked.push((at, name));
                }
                _ => {}
            }
        }
        marked.iter().for_each(|(at, _)| self.results[*at] = None);
        marked
    }

    async fn delete(&mut self, mut deletes: Vec<(usize, String)>) {
        for photo in deletes.iter().filter_map(|(_, name)| self.current.get(name)).map(convert::photo_of) {
            if let Err(error) = self.replica.keep(&photo).await {
                tracing::warn!(
                    code = error.code.map(Code::as_str),
                    "the picture of a contact that is deleted is not kept"
                );
            }
        }
        if self.halt.is_none() && self.pays(deletes.len()) {
            let names: Vec<&str> = deletes.iter().map(|(_, name)| name.as_str()).collect();
            match self.replica.calls.delete_batch(&names).await {
                Ok(()) => return deletes.iter().for_each(|(at, name)| self.deleted(*at, name)),
                Err(failure) if error::is_refused(&failure) || error::is_fault(failure.error()) => {
                    match self.replica.people(&names).await {
                        Ok(found) => {
                            let (left, gone): (Vec<_>, Vec<_>) =
                                deletes.into_iter().partition(|(_, name)| found.contains_key(name));
                            gone.iter().for_each(|(at, name)| self.deleted(*at, name));
                            deletes = left;
                        }
                        Err(_) => {
                            deletes.iter().for_each(|(at, _)| self.done(*at, Err(error::unknown(DELETE))));
                            return;
                        }
                    }
                }
                Err(failure) => {
                    let verdict = Verdict::of(&PortError::from(failure));
                    deletes.iter().for_each(|(at, _)| self.done(*at, Err(verdict.error())));
                    return;
                }
            }
        }
        for (at, name) in deletes {
            if let Some(error) = self.halted(false) {
                self.done(at, Err(error));
                continue;
            }
            match self.replica.calls.delete(&name).await {
                Ok(()) => self.deleted(at, &name),
                Err(failure) if failure.kind() == ErrorKind::NotFound => self.deleted(at, &name),
                Err(failure) => self.done(at, Err(error::of_one(failure.into()))),
            }
        }
    }

    fn deleted(&mut self, at: usize, name: &str) {
        if let Some(person) = self.current.get(name) {
            self.replica.recent.deleted(person, self.replica.options.clock.now());
        }
        let last = self.versions.get(name).cloned();
        self.results[at] = Some(Ok(last.map_or(Written::Deleted, Written::Removed)));
    }
}

/// Takes the answer of a write for what it is only where it is about the contact that was written.
fn checked_answer(
    person: Person,
    is_own: impl Fn(&Person) -> bool,
    operation: &'static str,
) -> PortResult<Person> {
    match is_own(&person) {
        true => Ok(person),
        false => Err(error::of_another(operation)),
    }
}

fn no(error: PortError) -> Box<Outcome> {
    Box::new(Err(error))
}

fn named(write: &Write<Contact>) -> Option<&str> {
    match write {
        Write::Create { .. } => None,
        Write::Update { from, .. } | Write::Delete { from, .. } | Write::Move { from, .. } => {
            Some(from.id.as_str())
        }
    }
}

/// Returns the labels that a batch puts contacts into.
pub(crate) fn labels(batch: &[Write<Contact>]) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    for write in batch {
        let (to, from) = match write {
            Write::Create { record, .. } => (record, None),
            Write::Update { from, to, .. } => (to, Some(&from.record)),
            Write::Delete { .. } | Write::Move { .. } => continue,
        };
        let new = to.groups.iter().filter(|(key, _)| from.is_none_or(|from| !from.groups.contains_key(*key)));
        labels.extend(new.map(|(key, name)| (key.clone(), name.clone())));
    }
    labels
}

/// Returns which labels all at once get another name, as far as a batch tells.
fn relabelled(batch: &[Write<Contact>]) -> Vec<Relabelling> {
    let mut counts: BTreeMap<(String, String), u64> = BTreeMap::new();
    for write in batch {
        let Write::Update { from, to, .. } = write else { continue };
        let (from, to) = (&from.record.groups, &to.groups);
        let left: Vec<_> = from.iter().filter(|(key, name)| to.get(*key) != Some(*name)).collect();
        let new: Vec<_> = to.iter().filter(|(key, name)| from.get(*key) != Some(*name)).collect();
        if let ([(_, left)], [(_, name)]) = (left.as_slice(), new.as_slice()) {
            *counts.entry(((*left).clone(), (*name).clone())).or_default() += 1;
        }
    }
    counts.into_iter().map(|((from, to), count)| Relabelling { from, to, count }).collect()
}

/// Returns the labels of the contacts that a batch takes out of one, by resource name.
fn left(batch: &[Write<Contact>], current: &HashMap<String, Person>) -> BTreeSet<String> {
    let leaving = batch.iter().filter_map(|write| match write {
        Write::Update { from, to, .. }
            if from.record.groups.keys().any(|key| !to.groups.contains_key(key)) =>
        {
            current.get(from.id.as_str())
        }
        _ => None,
    });
    leaving.flat_map(convert::group_names).filter(|name| !is_system(name)).collect()
}

fn chunks<T>(mut all: Vec<T>) -> Vec<Vec<T>> {
    let mut chunks = Vec::new();
    while all.len() > BATCH_MAX {
        let rest = all.split_off(BATCH_MAX);
        chunks.push(std::mem::replace(&mut all, rest));
    }
    chunks.push(all);
    chunks
}

/// Refuses dates that no calendar has, if they are new (P67).
fn checked(operation: &'static str, to: &Contact, from: Option<&Contact>) -> PortResult<()> {
    let of = |contact: &Contact| {
        let single = [("birthday", contact.birthday), ("anniversary", contact.anniversary)];
        let dates = contact.dates.values().map(|date| ("dates", Some(date.date)));
        single.into_iter().chain(dates).collect::<Vec<_>>()
    };
    let known = from.map(of).unwrap_or_default();
    let bad = of(to).into_iter().find(|(field, date)| {
        let bad = date.is_some_and(|date| !date.is_empty() && !date.is_valid());
        bad && !known.contains(&(*field, *date))
    });
    match bad {
        Some((field, _)) => Err(error::refused(operation, field, Reason::NoSuchDay)),
        None => Ok(()),
    }
}

fn limited(operation: &'static str, draft: &Draft, current: &Person) -> PortResult<()> {
    limits::check(draft, &draft.applied_to(current))
        .map_err(|too_much| error::refused(operation, too_much.field, too_much.reason))
}
