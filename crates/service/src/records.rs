//! The company's own records: importing them, reading all of them.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    iter::Peekable,
    sync::Arc,
};

use passerelle_ports::{Field, Fields, ItemId, Kind, Record, Value, assemble, fields, left};
use serde::Serialize;

use crate::{
    Company, Item, Kinded, LoadHow, Loadable, LookAlikes, Outcome, Put, Search,
    identity::{derived, is_another},
    kept::properties,
    known::{Doubt, Found, Known, Revision, are_other_names, compare_states, join, together, uid_of},
};

/// How many records are read at a time.
const PAGE: usize = 500;
/// How many records of a file are taken at a time.
const CHUNK: usize = 250;

/// How many texts may be kept beside the records that are written together.
const MOST_HELD: usize = 10_000;

/// One record of a file, or the reason why there is none.
#[derive(Clone, Debug)]
pub struct Incoming<R> {
    /// The line of the file where it begins.
    pub line: u64,
    /// Which object of the file it is, counted from 1, where several may begin on one line; else 0.
    pub nth: u64,
    /// What a record that cannot be taken over calls itself.
    pub name: String,
    /// The record with what the file holds beyond it, or what is wrong.
    pub record: Result<Loadable<R>, String>,
    /// The record of which this one is only a part, where it is.
    pub part_of: Option<PartOf<R>>,
}

impl<R> Incoming<R> {
    /// Tells whether another record goes into the same one together with this one.
    fn goes_with(&self, other: &Incoming<R>) -> bool {
        let parts = self.part_of.as_ref().zip(other.part_of.as_ref());
        parts.is_some_and(|(one, other)| one.goes_with(other))
    }
}

/// What a part is to the record that has the identifier of its whole.
#[derive(Clone, Debug, PartialEq)]
pub enum Became<R> {
    /// It was put into that.
    Into,
    /// It does not belong there.
    Not,
    /// It is a state of that record itself: this one.
    State(Box<Loadable<R>>),
}

/// What became of a part, or why it cannot be put into its whole.
pub type PutInto<R> = Result<Became<R>, String>;
/// Puts parts into one record.
pub type JoinTogether<R> = fn(&mut Loadable<R>, &[&Loadable<R>]) -> Vec<PutInto<R>>;
/// Puts one part into a record.
pub type JoinAlone<R> = Arc<dyn Fn(&mut Loadable<R>) -> PutInto<R>>;

/// How parts are put into the record that they belong to, with what is kept beside that; why one cannot be is its error.
pub enum Join<R> {
    /// Those that come together are put into it together.
    Together(JoinTogether<R>),
    /// Each by itself.
    Alone(JoinAlone<R>),
}

impl<R> Clone for Join<R> {
    fn clone(&self) -> Self {
        match self {
            Join::Together(join) => Join::Together(*join),
            Join::Alone(join) => Join::Alone(Arc::clone(join)),
        }
    }
}

/// What a part belongs to: an occurrence to its series.
pub struct PartOf<R> {
    /// The identifier (`UID`) of the whole.
    pub uid: String,
    /// By what names it is known which part it is, where that is said.
    pub names: Vec<String>,
    /// By what names it is asked whether the same part is here.
    pub asked: Vec<String>,
    /// How the part is put into it.
    pub join: Join<R>,
    /// Why the part is set aside where the whole is not here; without, it is a record by itself.
    pub alone: Option<String>,
}

/// Tells of which record a record here is a part, by what is kept beside it.
pub type Parts<R> = fn(&R, &Value) -> Option<PartOf<R>>;

impl<R> Clone for PartOf<R> {
    fn clone(&self) -> Self {
        PartOf {
            uid: self.uid.clone(),
            names: self.names.clone(),
            asked: self.asked.clone(),
            join: self.join.clone(),
            alone: self.alone.clone(),
        }
    }
}

impl<R> PartOf<R> {
    /// Puts the part into a record.
    fn put(&self, whole: &mut Loadable<R>, part: &Loadable<R>) -> PutInto<R> {
        match &self.join {
            Join::Together(join) => join(whole, &[part]).pop().unwrap_or(Ok(Became::Not)),
            Join::Alone(join) => join(whole),
        }
    }

    /// Tells whether another part goes into the same record together with this one.
    fn goes_with(&self, other: &PartOf<R>) -> bool {
        let together = matches!((&self.join, &other.join), (Join::Together(_), Join::Together(_)));
        together && self.uid == other.uid && self.alone == other.alone
    }
}

impl<R> std::fmt::Debug for PartOf<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PartOf").field("uid", &self.uid).finish_non_exhaustive()
    }
}

/// A record that was set aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BadRecord {
    /// The line of the file where it begins.
    pub line: u64,
    /// Which object of the file it is, counted from 1, where several may begin on one line; else 0.
    #[serde(skip_serializing_if = "is_none")]
    pub nth: u64,
    /// What it calls itself; empty if it does not.
    pub name: String,
    /// What is wrong with it.
    pub reason: String,
    /// What else is to be known: the records that it is like.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

fn is_none(nth: &u64) -> bool {
    *nth == 0
}

/// Where a record of a file is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Spot {
    line: u64,
    nth: u64,
}

/// A part of a record that is not here, taken as a record by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lone {
    /// The line of the file where it begins.
    pub line: u64,
    /// What it calls itself.
    pub name: String,
}

/// A record that is here already, and seen by others than those whom the import is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// The line of the file where it begins.
    pub line: u64,
    /// What it calls itself.
    pub name: String,
    /// Its id.
    pub id: ItemId,
    /// The app users who see it; empty where everybody does.
    pub by: Vec<String>,
}

/// The most records of which it is told who sees them.
const MOST_SEEN: usize = 10_000;

/// A record that was taken as another one than those it is like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Beside {
    /// The line of the file where it begins.
    pub line: u64,
    /// What it calls itself.
    pub name: String,
    /// The name of what it is like.
    pub other: String,
    /// The line of the file where that begins; none if it was here before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_line: Option<u64>,
    /// In what they are alike: `mail`, `tel`, `name`, `at` (the time and the title).
    pub alike: Vec<String>,
    /// Whether it is one that is here under another identifier, by all that is said.
    pub twin: bool,
}

/// What a record is like, and in what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Alike {
    /// What that calls itself.
    pub(crate) name: String,
    /// The line of the file where it begins; none if it was here before.
    pub(crate) line: Option<u64>,
    /// The sorts of keys that they share.
    pub(crate) alike: Vec<String>,
}

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ImportReport {
    /// Records that were new.
    pub created: u64,
    /// Records that were known by their identifier, and got the file's values.
    pub updated: u64,
    /// Records that were there already.
    pub unchanged: u64,
    /// Parts that were put into the record here that they belong to.
    pub joined: u64,
    /// Parts whose whole is not here: each is a record by itself.
    pub alone: Vec<Lone>,
    /// Records without an identifier that is known, which were found to be one that is here.
    pub recognised: u64,
    /// Records that are like another one, by an address, a number, or a time, and are one of their own.
    pub beside: Vec<Beside>,
    /// Older states of records of which the file, or the database, has a newer one: nothing is wrong with them.
    pub older: Vec<BadRecord>,
    /// Records that were set aside; the others went in.
    pub bad: Vec<BadRecord>,
    /// What was kept beside the records for want of a place: how often each property.
    pub leftovers: BTreeMap<String, u64>,
    /// The zones that nothing is called, each with what it was taken as.
    pub guessed: Vec<GuessedZone>,
    /// Records that are here already and stay seen by those who see them, others than those whom the import is for.
    pub seen: Vec<Seen>,
}

/// A zone of a file that is known by no name, and was taken as another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GuessedZone {
    /// What the file calls it.
    pub zone: String,
    /// The zone that it was taken as.
    pub taken_as: String,
    /// The line of the first record in it.
    pub line: u64,
    /// What that record calls itself.
    pub name: String,
    /// How many records are in it.
    pub count: u64,
}

/// The most zones that are told by name.
const MOST_ZONES: usize = 200;

/// The reason of a record that is an older state of another one of its file.
const OLDER: &str = "older";
/// The reason of a record whose identifier another one of its file has.
const DUPLICATE: &str = "duplicate";
/// The reason of a record that is an older state of the one here.
const OLDER_THAN_HERE: &str = "older-than-here";

/// The most properties that are counted by name.
const MOST_NAMES: usize = 500;

impl ImportReport {
    /// Remembers which zones of a record were guessed.
    fn count_guesses(&mut self, line: u64, name: &str, leftovers: Option<&Value>) {
        let texts = leftovers.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let guesses = texts.filter_map(|text| text.strip_prefix(GUESS)?.split_once(':'));
        for (taken_as, zone) in guesses {
            let zone = zone.replace("\\,", ",").replace("\\;", ";");
            let more = self.guessed.len() < MOST_ZONES;
            let known = self.guessed.iter_mut().find(|one| one.zone == zone && one.taken_as == taken_as);
            match known {
                Some(known) => known.count += 1,
                None if more => self.guessed.push(GuessedZone {
                    zone,
                    taken_as: taken_as.to_owned(),
                    line,
                    name: name.to_owned(),
                    count: 1,
                }),
                None => {}
            }
        }
    }

    fn count_leftovers(&mut self, leftovers: Option<&Value>) {
        let texts = leftovers.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        for name in texts.flat_map(properties) {
            if self.leftovers.len() < MOST_NAMES || self.leftovers.contains_key(&name) {
                *self.leftovers.entry(name).or_default() += 1;
            } else {
                *self.leftovers.entry("…".to_owned()).or_default() += 1;
            }
        }
    }
}

/// What stands before a zone that was guessed, as the formats keep it.
const GUESS: &str = "X-PASSERELLE-ZONE;X-TAKEN-AS=";

/// Reads everything that an app user sees, or that the company has, a page at a time, until `take` wants no more. Returns
/// how many were taken.
///
/// # Errors
///
/// Those of the database.
pub async fn each<R: Kinded>(
    company: &dyn Company,
    user: Option<&str>,
    mut take: impl FnMut(Item<R>) -> bool,
) -> Outcome<u64> {
    let mut taken = 0;
    let search = Search { user: user.map(str::to_owned), ..Search::default() };
    for some in company.ids(R::KIND, &search).await?.chunks(PAGE) {
        let search = Search { only: some.to_vec(), ..Search::default() };
        for item in R::list(company, &search).await?.items {
            if !take(item) {
                return Ok(taken);
            }
            taken += 1;
        }
    }
    Ok(taken)
}

/// Puts the records of a file into the company's database. A bad one is set aside; the others go in.
///
/// A record is known by its identifier (`UID`); one without, by being like one record here (the same address, number,
/// or time and title) that nothing in it contradicts: that one is completed. Another name makes it another record; where
/// it is not sure, [`LoadHow::look_alikes`] decides. So the same file can be imported twice. The records are taken a few hundred at a time, so that
/// the file may be of any size. A part, such as a changed occurrence, is put into the record here that it belongs to.
/// `progress` is told after each of these how many were read, and which were written, each with its line.
///
/// # Errors
///
/// Those of the database as a whole; what its rules refuse is in the report.
pub async fn import<R: Kinded>(
    company: &dyn Company,
    user: Option<&str>,
    incoming: impl IntoIterator<Item = Incoming<R>>,
    how: &LoadHow,
    progress: impl FnMut(u64, &[(u64, Put<R>)]),
) -> Outcome<ImportReport> {
    import_joining(company, user, incoming, how, |_, _| None, progress).await
}

/// Puts the records of a file into the company's database: see [`import`]. `parts` tells which records here are parts of
/// others, that came without these: each of them goes into its whole when that comes.
///
/// # Errors
///
/// Those of the database as a whole; what its rules refuse is in the report.
pub async fn import_joining<R: Kinded>(
    company: &dyn Company,
    user: Option<&str>,
    incoming: impl IntoIterator<Item = Incoming<R>>,
    how: &LoadHow,
    parts: Parts<R>,
    mut progress: impl FnMut(u64, &[(u64, Put<R>)]),
) -> Outcome<ImportReport> {
    let mut chunks = Chunks { incoming: incoming.into_iter().peekable(), run: 0 };
    let (changed, cards, report) = (BTreeMap::new(), HashMap::new(), ImportReport::default());
    let (met, wholes, batch) = (Vec::new(), Wholes::default(), None);
    let mut import =
        Import { company, user, how, parts, known: None, changed, cards, met, wholes, batch, report };
    let mut read = 0;
    loop {
        let chunk = chunks.next();
        if chunk.is_empty() {
            progress(read, &import.end().await?);
            import.report.bad.sort_by_key(|bad| bad.line);
            return Ok(import.report);
        }
        read += chunk.len() as u64;
        let written = import.chunk(chunk).await?;
        progress(read, &written);
    }
}

/// The records of a file by those that are written together.
struct Chunks<I: Iterator> {
    incoming: Peekable<I>,
    /// How many parts that go into one record were read last.
    run: usize,
}

impl<R, I: Iterator<Item = Incoming<R>>> Chunks<I> {
    /// Takes as many records as are written together: fewer where much is kept beside them, and as many more as came
    /// before them where all are parts of one record. Putting parts into a record costs as much as there is of it.
    fn next(&mut self) -> Vec<Incoming<R>> {
        let texts = |one: &Incoming<R>| match &one.record {
            Ok((_, Some(Value::Array(texts)))) => texts.len(),
            _ => 0,
        };
        let (mut chunk, mut held) = (Vec::<Incoming<R>>::new(), 0);
        let most = CHUNK.max(self.run);
        while held < MOST_HELD
            && let Some(next) = self.incoming.peek()
        {
            let goes_on = chunk.last().is_some_and(|last| last.goes_with(next));
            if !goes_on && chunk.len() >= CHUNK || chunk.len() >= most {
                break;
            }
            self.run = if goes_on || chunk.is_empty() { self.run + 1 } else { 1 };
            held += texts(next);
            chunk.extend(self.incoming.next());
        }
        let next = self.incoming.peek();
        if !chunk.last().zip(next).is_some_and(|(last, next)| last.goes_with(next)) {
            self.run = 0;
        }
        chunk
    }
}

/// An import at work.
struct Import<'a, R> {
    company: &'a dyn Company,
    user: Option<&'a str>,
    how: &'a LoadHow,
    parts: Parts<R>,
    known: Option<Known>,
    /// What became of records here that are not written yet.
    changed: BTreeMap<ItemId, R>,
    /// What several cards of one identifier say together that are not written yet.
    cards: HashMap<String, Card>,
    /// The records here that some of the file turned out to be.
    met: Vec<(u64, String, ItemId)>,
    /// The records here that parts of the file were put into, which are not written yet.
    wholes: Wholes<R>,
    /// What is written once more was put to it.
    batch: Option<Batch<R>>,
    report: ImportReport,
}

/// What several cards of one identifier say together.
struct Card {
    all: Fields,
    kept: Kept,
    /// Where the first of them stands among those that are written next.
    at: Option<usize>,
    /// How many were put to it since it was written.
    joined: u64,
    /// Whether what is written is all of them.
    is_joined: bool,
}

/// What is kept beside several cards together, and what it is about: what is about something else is put to it without
/// looking at the rest.
struct Kept {
    texts: Value,
    about: HashSet<String>,
}

impl Kept {
    fn new(texts: Value) -> Self {
        let all = left::texts(&texts).unwrap_or_default().into_iter();
        let about = all.map(|text| left::about(text).to_owned()).collect();
        Kept { texts, about }
    }

    /// Returns what was read and is about nothing that is kept yet; nothing where some of it is about that.
    fn apart(&self, read: &Value) -> Option<Vec<Value>> {
        if !matches!(self.texts, Value::Array(_)) {
            return None;
        }
        let texts = left::texts(read)?;
        let is_new = texts.iter().all(|text| !self.about.contains(left::about(text)));
        is_new.then(|| texts.into_iter().map(Value::from).collect())
    }

    fn is_otherwise(&self, read: &Value) -> bool {
        self.apart(read).is_none() && !left::otherwise(&self.texts, read).is_empty()
    }

    /// Puts what was read to it; tells whether that is more.
    fn complete(&mut self, read: &Value) -> bool {
        let apart = self.apart(read);
        if let (Some(new), Some(texts)) = (apart, self.texts.as_array_mut()) {
            let about = new.iter().filter_map(Value::as_str).map(|text| left::about(text).to_owned());
            self.about.extend(about);
            let more = !new.is_empty();
            texts.splice(0..0, new);
            return more;
        }
        let kept = Kept::new(left::completed(&self.texts, Some(read)));
        let more = kept.texts != self.texts;
        *self = kept;
        more
    }
}

/// What a card is whose identifier another one before it has.
enum Again {
    /// The first one that is to be written now.
    First,
    /// More of the same, or the same: it was put to that.
    Joined,
    /// Not taken, and why.
    Refused(&'static str),
}

/// The records that are written together.
struct Batch<R> {
    /// How many were read for it: those that were put to others are none of their own.
    read: usize,
    lines: Vec<(Spot, String)>,
    records: Vec<Loadable<R>>,
    into: BTreeMap<u64, ItemId>,
    /// Records here that became parts of others.
    gone: Vec<ItemId>,
    /// Those that have an identifier.
    by_uid: HashMap<String, usize>,
    /// Parts whose whole is not here, by their positions.
    lone: Vec<(u64, Lone)>,
}

impl<R: Record> Batch<R> {
    fn new() -> Self {
        Batch {
            read: 0,
            lines: Vec::new(),
            records: Vec::new(),
            into: BTreeMap::new(),
            gone: Vec::new(),
            by_uid: HashMap::new(),
            lone: Vec::new(),
        }
    }

    fn push(&mut self, at: Spot, uid: Option<String>, record: Loadable<R>, into: Option<ItemId>) {
        if let Some(id) = into {
            self.into.insert(self.records.len() as u64, id);
        }
        if let Some(uid) = uid {
            self.by_uid.insert(uid, self.records.len());
        }
        self.lines.push((at, record.0.summary()));
        self.records.push(record);
    }

    /// Returns the record of an identifier that came just before.
    fn whole(&mut self, uid: &str) -> Option<&mut Loadable<R>> {
        let at = self.by_uid.get(uid)?;
        self.records.get_mut(*at)
    }
}

impl<R: Kinded> Import<'_, R> {
    async fn chunk(&mut self, chunk: Vec<Incoming<R>>) -> Outcome<Vec<(u64, Put<R>)>> {
        let mut known = match self.known.take() {
            Some(known) => known,
            None => Known::of::<R>(self.company, self.user, self.parts).await?,
        };
        let due = self.wholes.brought(&chunk);
        let mut written = self.write_wholes(due, &mut known).await?;
        self.wholes.read(self.company, &known, &chunk).await?;
        let mut batch = self.batch.take().unwrap_or_else(Batch::new);
        batch.read += chunk.len();
        let mut chunk = VecDeque::from(chunk);
        let mut last = None;
        while let Some(one) = chunk.pop_front() {
            last = one.part_of.as_ref().map(|part| part.uid.clone());
            let at = Spot { line: one.line, nth: one.nth };
            let record = match one.record {
                Ok(record) => record,
                Err(reason) => {
                    self.refuse(at, one.name, reason, String::new());
                    continue;
                }
            };
            self.report.count_guesses(one.line, &record.0.summary(), record.1.as_ref());
            let Some(part) = one.part_of else {
                self.take(at, record, &mut known, &mut batch).await?;
                continue;
            };
            let mut parts = vec![(at, part, record)];
            while let Some(next) = next_of(&mut chunk, &parts) {
                self.report.count_guesses(next.0.line, &next.2.0.summary(), next.2.1.as_ref());
                parts.push(next);
            }
            self.join(parts, &mut known, &mut batch).await?;
        }
        let due = self.wholes.settle(last.as_deref());
        for (at, id, record) in due {
            batch.push(at, None, record, Some(id));
        }
        if self.waits(&batch) {
            self.batch = Some(batch);
        } else {
            written.extend(self.finish(batch, &mut known).await?);
        }
        self.known = Some(known);
        Ok(written)
    }

    /// Tells whether contacts are written later because most of what was read was put to them: a file may have thousands
    /// of cards of one.
    fn waits(&self, batch: &Batch<R>) -> bool {
        let count = batch.records.len();
        R::KIND == Kind::Contacts
            && (1..CHUNK).contains(&count)
            && count * 2 <= batch.read
            && self.met.len() < CHUNK
    }

    /// Writes what is left of an import at the end of its file.
    async fn end(&mut self) -> Outcome<Vec<(u64, Put<R>)>> {
        let due = self.wholes.settle(None);
        let Some(mut known) = self.known.take() else { return Ok(Vec::new()) };
        let mut written = match self.batch.take() {
            Some(batch) => self.finish(batch, &mut known).await?,
            None => Vec::new(),
        };
        written.extend(self.write_wholes(due, &mut known).await?);
        Ok(written)
    }

    async fn write_wholes(
        &mut self,
        due: Vec<(Spot, ItemId, Loadable<R>)>,
        known: &mut Known,
    ) -> Outcome<Vec<(u64, Put<R>)>> {
        if due.is_empty() {
            return Ok(Vec::new());
        }
        let mut batch = Batch::new();
        for (at, id, record) in due {
            batch.push(at, None, record, Some(id));
        }
        self.finish(batch, known).await
    }

    async fn finish(&mut self, batch: Batch<R>, known: &mut Known) -> Outcome<Vec<(u64, Put<R>)>> {
        let written = self.write(batch).await?;
        written.iter().for_each(|(_, put)| known.made(&put.after, &put.id));
        self.tell_seen(&written).await?;
        Ok(written)
    }

    /// Puts parts that come together into the record they belong to; without it each is a record by itself.
    async fn join(
        &mut self,
        parts: Vec<(Spot, PartOf<R>, Loadable<R>)>,
        known: &mut Known,
        batch: &mut Batch<R>,
    ) -> Outcome<()> {
        let done = match parts.first() {
            Some((at, part, _)) => match batch.whole(&part.uid) {
                Some(whole) => put_into(whole, &parts, &mut self.report),
                None => self.wholes.join(&part.uid, *at, &parts, &mut self.report),
            },
            None => Vec::new(),
        };
        for ((at, part, record), done) in parts.into_iter().zip(done) {
            let done = match done {
                Ok(Became::Not) => self.join_lone(&part, at, &record, known, batch).await?,
                done => done,
            };
            match done {
                Ok(Became::Into) => {
                    self.report.joined += 1;
                    // It may have come before its whole, and be here by itself.
                    let lone = known.same_part(&part).map(str::to_owned).or_else(|| uid_of(&record.0));
                    let lone = lone.and_then(|uid| known.id_of(&uid));
                    let lone = lone.filter(|id| known.lone_of(&part.uid).contains(id));
                    let is_whole = part.alone.is_none();
                    batch.gone.extend(lone.filter(|id| is_whole && known.is_gone(id)));
                }
                Ok(Became::State(state)) => self.take(at, *state, known, batch).await?,
                Ok(Became::Not) => match part.alone {
                    Some(reason) => self.refuse(at, record.0.summary(), reason, String::new()),
                    None => self.take_lone(at, &part, record, known, batch).await?,
                },
                Err(reason) => self.refuse(at, record.0.summary(), reason, String::new()),
            }
        }
        Ok(())
    }

    /// Puts what is said of one part of a record into that part, where this is here without its whole.
    async fn join_lone(
        &mut self,
        part: &PartOf<R>,
        at: Spot,
        record: &Loadable<R>,
        known: &Known,
        batch: &mut Batch<R>,
    ) -> Outcome<PutInto<R>> {
        let lone = known.same_part(part).filter(|_| part.alone.is_some());
        let Some(uid) = lone.map(str::to_owned) else { return Ok(Ok(Became::Not)) };
        if let Some(whole) = batch.whole(&uid) {
            return Ok(part.put(whole, record));
        }
        self.wholes.fetch(self.company, known, &uid).await?;
        let parts = [(at, part.clone(), record.clone())];
        Ok(self.wholes.join(&uid, at, &parts, &mut self.report).pop().unwrap_or(Ok(Became::Not)))
    }

    /// Takes a part whose whole is not here as a record by itself: it may be here already, by another name.
    async fn take_lone(
        &mut self,
        at: Spot,
        part: &PartOf<R>,
        record: Loadable<R>,
        known: &mut Known,
        batch: &mut Batch<R>,
    ) -> Outcome<()> {
        let uid = uid_of(&record.0);
        let there = known.same_part(part).filter(|there| uid.is_some() && uid.as_deref() != Some(*there));
        let record = match there {
            Some(there) => (with_uid(record.0, there), record.1),
            None => record,
        };
        let uid = uid_of(&record.0);
        known.is_part(part, uid.as_deref());
        let lone = Lone { line: at.line, name: record.0.summary() };
        let before = batch.records.len();
        self.take(at, record, known, batch).await?;
        // What has the identifier of the whole may be all of it.
        if batch.records.len() > before && uid.as_deref() != Some(part.uid.as_str()) {
            batch.lone.push((before as u64, lone));
        }
        Ok(())
    }

    async fn write(&mut self, mut batch: Batch<R>) -> Outcome<Vec<(u64, Put<R>)>> {
        let joined = self.write_cards(&mut batch);
        let Batch { lines, records, into, gone, lone, .. } = batch;
        let how = LoadHow { into, gone, ..self.how.clone() };
        let loaded = R::load(self.company, self.user, records, &how).await?;
        if !how.dry_run {
            self.changed.clear();
            self.cards.clear();
        }
        self.report.created += loaded.created;
        self.report.updated += loaded.updated;
        self.report.unchanged += loaded.unchanged;
        let written: BTreeSet<u64> = loaded.written.iter().map(|put| put.position).collect();
        // One that is here as it is, or is not taken, is told as that.
        let lone = lone.into_iter().filter(|(position, _)| written.contains(position));
        self.report.alone.extend(lone.map(|(_, lone)| lone));
        for (position, count) in joined {
            let is_written = written.contains(&position);
            *(if is_written { &mut self.report.updated } else { &mut self.report.unchanged }) += count;
        }
        for (position, reason) in loaded.refused {
            let (at, name) = place_of(&lines, position);
            self.refuse(at, name, reason, String::new());
        }
        Ok(loaded.written.into_iter().map(|put| (place_of(&lines, put.position).0.line, put)).collect())
    }

    /// Tells which records are seen by others than those whom the import is for: it changes nothing about that.
    async fn tell_seen(&mut self, written: &[(u64, Put<R>)]) -> Outcome<()> {
        let met = std::mem::take(&mut self.met);
        if R::KIND != Kind::Contacts {
            return Ok(());
        }
        let ids: Vec<ItemId> = met.iter().map(|(_, _, id)| id.clone()).collect();
        let mut seen: BTreeMap<ItemId, Vec<String>> = BTreeMap::new();
        for (id, user) in self.company.seen_by(&ids).await? {
            seen.entry(id).or_default().push(user);
        }
        let changed: BTreeSet<&ItemId> = written.iter().map(|(_, put)| &put.id).collect();
        for (line, name, id) in met {
            let by = seen.get(&id).cloned().unwrap_or_default();
            // What is everybody's is told where it got something that was meant for one.
            let is_told = match self.user {
                None => !by.is_empty(),
                Some(_) => by.is_empty() && changed.contains(&id),
            };
            if is_told && self.report.seen.len() < MOST_SEEN {
                self.report.seen.push(Seen { line, name, id, by });
            }
        }
        Ok(())
    }

    /// Decides what a record is, and takes it into the batch if it is to be written.
    async fn take(
        &mut self,
        at: Spot,
        record: Loadable<R>,
        known: &mut Known,
        batch: &mut Batch<R>,
    ) -> Outcome<()> {
        let line = at.line;
        let record = self.identified(line, record, known).await?;
        let uid = uid_of(&record.0);
        let (read, leftovers) = match &uid {
            Some(uid) => self.with_lone_parts(record, uid, known, batch).await?,
            None => record,
        };
        let replace = self.how.replace;
        if !replace && self.is_older(&read, uid.as_deref(), leftovers.as_ref(), known).await? {
            self.refuse(at, read.summary(), OLDER_THAN_HERE.to_owned(), String::new());
            return Ok(());
        }
        let twice = uid.as_deref().and_then(|uid| known.was_taken(uid, line));
        // Those of a calendar are compared where they are read: there may be changed occurrences of one among them.
        if let (Some(first), Some(uid), Kind::Contacts) = (twice, uid.as_deref(), R::KIND) {
            match self.again(&read, leftovers.as_ref(), uid, known, batch).await? {
                Again::First => {}
                Again::Joined => {
                    self.report.count_leftovers(leftovers.as_ref());
                    return Ok(());
                }
                Again::Refused(reason) => {
                    self.refuse(at, read.summary(), reason.to_owned(), format!("#{first}"));
                    return Ok(());
                }
            }
        }
        let found = known
            .find(self.company, (&read, leftovers.as_ref()), uid.as_deref(), line, &self.changed)
            .await?;
        let met = match &found {
            Found::There(Some((id, _))) | Found::Same(id, _) => Some(id.clone()),
            Found::Named => uid.as_deref().and_then(|uid| known.id_of(uid)),
            _ => None,
        };
        self.met.extend(met.map(|id| (line, read.summary(), id)));
        let (record, into) = match found {
            Found::Named | Found::New => (read, None),
            Found::There(Some((id, there))) if replace => (named_as(read, &there), Some(id)),
            Found::There(Some((id, there))) if leftovers.is_some() => (there, Some(id)),
            Found::There(_) => {
                self.report.unchanged += 1;
                return Ok(());
            }
            Found::Same(id, both) => {
                self.report.recognised += 1;
                known.became(&id, &*both);
                let record = if replace { named_as(read, &*both) } else { *both };
                self.changed.insert(id.clone(), record.clone());
                (record, Some(id))
            }
            Found::Twin(id, there) if self.how.look_alikes == LookAlikes::Update => {
                (with_uid_of(read, &*there), Some(id))
            }
            Found::Twin(_, there) => {
                let twin = Alike { name: there.summary(), line: None, alike: Vec::new() };
                self.beside(line, read.summary(), twin, true);
                (read, None)
            }
            Found::Beside(other) => {
                self.beside(line, read.summary(), other, false);
                (read, None)
            }
            Found::Doubt(doubt) => match (self.how.look_alikes, &doubt.only) {
                (LookAlikes::New, _) => (read, None),
                (LookAlikes::Update, Some(id)) => (read, Some(id.clone())),
                _ => {
                    self.doubt(at, read.summary(), &doubt);
                    return Ok(());
                }
            },
        };
        self.report.count_leftovers(leftovers.as_ref());
        let of_uid = || uid.as_deref().and_then(|uid| known.id_of(uid));
        if let Some(id) = into.clone().or_else(of_uid) {
            known.holds(&id, leftovers.as_ref(), replace);
        }
        if let Some(card) = uid.as_ref().and_then(|uid| self.cards.get_mut(uid)) {
            // It stands for all of them that come with it.
            (card.at, card.is_joined) = (Some(batch.records.len()), true);
        }
        batch.push(at, uid, (record, leftovers), into);
        Ok(())
    }

    /// Finds out whose identifier a record has: where the one here of that identifier is evidently another record, it gets
    /// one of its own, which it keeps when it comes again.
    async fn identified(&mut self, line: u64, record: Loadable<R>, known: &Known) -> Outcome<Loadable<R>> {
        let Some(uid) = uid_of(&record.0) else { return Ok(record) };
        let (uid, record) = match known.spelt_here(&uid) {
            Some(here) => (here.clone(), (with_uid(record.0, &here), record.1)),
            None => (uid, record),
        };
        let plainly = known.is_plainly(&uid, &record.0);
        let original = left::original_uid(record.1.as_ref());
        if known.is_taken(&uid)
            || plainly == Some(true)
            || (plainly.is_none() && original.is_none() && !known.had(&uid))
            || self.how.look_alikes == LookAlikes::Update
        {
            return Ok(record);
        }
        let asked = original.unwrap_or_else(|| uid.clone());
        let mut others = BTreeMap::new();
        for id in known.of_identifier(&uid).into_iter().chain(known.of_identifier(&asked)) {
            let Some(there) = R::get(self.company, &id).await? else { continue };
            let there = (there.record, Some(there.leftovers));
            let Some(its) = uid_of(&there.0).filter(|its| !known.is_taken(its)) else { continue };
            if !is_another(&there, &record) {
                return Ok(if its == uid { record } else { (with_uid(record.0, &its), record.1) });
            }
            others.entry(its).or_insert(there.0.summary());
        }
        let Some(name) = others.remove(&uid) else { return Ok(record) };
        let own = derived(&asked, &record.0);
        let other = Alike { name, line: None, alike: vec!["uid".to_owned()] };
        self.beside(line, record.0.summary(), other, false);
        Ok((with_uid(record.0, &own), Some(left::with_original_uid(record.1.as_ref(), &asked))))
    }

    fn beside(&mut self, line: u64, name: String, other: Alike, twin: bool) {
        let Alike { name: other, line: other_line, alike } = other;
        self.report.beside.push(Beside { line, name, other, other_line, alike, twin });
    }

    /// Puts the parts of a record into it that came before it, and stand here by themselves.
    async fn with_lone_parts(
        &mut self,
        mut whole: Loadable<R>,
        uid: &str,
        known: &mut Known,
        batch: &mut Batch<R>,
    ) -> Outcome<Loadable<R>> {
        let mut lone = Vec::new();
        for id in known.lone_of(uid) {
            let found = R::get(self.company, &id).await?;
            let part = found.as_ref().and_then(|found| (self.parts)(&found.record, &found.leftovers));
            if let (Some(Item { record, leftovers, .. }), Some(PartOf { join, .. })) = (found, part) {
                lone.push((id, join, (record, Some(leftovers))));
            }
        }
        let done = match lone.first() {
            Some((_, Join::Together(join), _)) => {
                join(&mut whole, &lone.iter().map(|(_, _, part)| part).collect::<Vec<_>>())
            }
            _ => Vec::new(),
        };
        for ((id, ..), done) in lone.into_iter().zip(done) {
            // One that does not belong to this state of its whole stays as it is.
            match done {
                Ok(Became::Into) => {}
                Ok(Became::State(state)) => whole = *state,
                Ok(Became::Not) | Err(_) => continue,
            }
            self.report.joined += 1;
            batch.gone.extend(Some(id).filter(|id| known.is_gone(id)));
        }
        Ok(whole)
    }

    /// Tells whether a record is an older state of the one here. A card that only adds to that is none, whenever it was
    /// written; the states of an appointment are numbered.
    async fn is_older(
        &self,
        read: &R,
        uid: Option<&str>,
        leftovers: Option<&Value>,
        known: &Known,
    ) -> Outcome<bool> {
        if !known.is_older(uid, leftovers) || is_bare_cancellation(read, leftovers) {
            return Ok(false);
        }
        let Some(id) = uid.and_then(|uid| known.id_of(uid)).filter(|_| R::KIND == Kind::Contacts) else {
            return Ok(true);
        };
        let there = R::get(self.company, &id).await?;
        Ok(there.is_none_or(|there| together(&there.record, read).is_err()))
    }

    /// Decides what a card is whose identifier another one before it in the file has: somebody else's, an older state,
    /// one that says otherwise, or more of the same. What adds is joined in memory: of many cards one is written.
    async fn again(
        &mut self,
        read: &R,
        leftovers: Option<&Value>,
        uid: &str,
        known: &Known,
        batch: &Batch<R>,
    ) -> Outcome<Again> {
        if !self.cards.contains_key(uid) {
            let at = batch.by_uid.get(uid).copied();
            let in_batch = at.and_then(|at| batch.records.get(at));
            let first = match (in_batch, known.id_of(uid)) {
                (Some((record, kept)), _) => Some((record.clone(), kept.clone().unwrap_or_default())),
                (None, Some(id)) => {
                    R::get(self.company, &id).await?.map(|found| (found.record, found.leftovers))
                }
                (None, None) => None,
            };
            let Some((first, kept)) = first else { return Ok(Again::First) };
            let card = Card { all: fields(&first), kept: Kept::new(kept), at, joined: 0, is_joined: false };
            self.cards.insert(uid.to_owned(), card);
        }
        let Some(card) = self.cards.get_mut(uid) else { return Ok(Again::First) };
        let new = fields(read);
        if are_other_names(&card.all, &new) {
            return Ok(Again::Refused(DUPLICATE));
        }
        let says_otherwise = leftovers.is_some_and(|read| card.kept.is_otherwise(read));
        let joined = match says_otherwise {
            true => Err(Vec::new()),
            false => join::<R>(&mut card.all, new.clone()),
        };
        let mut more = match (joined, compare_states(leftovers, Some(&card.kept.texts))) {
            (Ok(more), _) => more,
            (Err(_), Some(Ordering::Greater)) => {
                card.all.extend(new);
                true
            }
            (Err(_), Some(Ordering::Less)) => return Ok(Again::Refused(OLDER)),
            (Err(_), _) => return Ok(Again::Refused(DUPLICATE)),
        };
        more |= leftovers.is_some_and(|read| card.kept.complete(read));
        if card.at.is_none() {
            return Ok(Again::First);
        }
        card.joined += 1;
        card.is_joined |= more;
        Ok(Again::Joined)
    }

    /// Puts what several cards say together in the place of the first of them; returns how many were put to each, by its
    /// position.
    fn write_cards(&mut self, batch: &mut Batch<R>) -> Vec<(u64, u64)> {
        let mut joined = Vec::new();
        for card in self.cards.values_mut() {
            let at = card.at.take();
            let position = at.and_then(|at| u64::try_from(at).ok());
            joined.extend(position.map(|position| (position, std::mem::take(&mut card.joined))));
            let at = at.filter(|_| std::mem::take(&mut card.is_joined));
            let place = at.and_then(|at| batch.records.get_mut(at));
            if let (Some(place), Ok(record)) = (place, assemble(&card.all)) {
                *place = (record, Some(card.kept.texts.clone()).filter(|kept| !kept.is_null()));
            }
        }
        joined
    }

    fn doubt(&mut self, at: Spot, name: String, doubt: &Doubt) {
        let reason = if doubt.only.is_some() { "looks-alike" } else { "looks-like-several" };
        let mut detail = doubt.names.join(", ");
        if !doubt.fields.is_empty() {
            detail.push_str(&format!(": {}", doubt.fields.join(", ")));
        }
        self.refuse(at, name, reason.to_owned(), detail);
    }

    fn refuse(&mut self, at: Spot, name: String, reason: String, detail: String) {
        let is_older = matches!(reason.as_str(), OLDER | OLDER_THAN_HERE);
        let told = if is_older { &mut self.report.older } else { &mut self.report.bad };
        told.push(BadRecord { line: at.line, nth: at.nth, name, reason, detail });
    }
}

/// Gives a record the identifier of another one, where it has none.
fn named_as<R: Record>(record: R, named: &R) -> R {
    if uid_of(&record).is_some() { record } else { with_uid_of(record, named) }
}

/// Gives a record the identifier of another one, if that has one.
fn with_uid_of<R: Record>(record: R, named: &R) -> R {
    let Some(uid) = uid_of(named) else { return record };
    with_uid(record, &uid)
}

/// Gives a record an identifier.
fn with_uid<R: Record>(record: R, uid: &str) -> R {
    let mut all = fields(&record);
    all.insert(Field::new("uid"), uid.into());
    assemble(&all).unwrap_or(record)
}

/// Returns the line and the name of a record by its position.
fn place_of(lines: &[(Spot, String)], position: u64) -> (Spot, String) {
    usize::try_from(position).ok().and_then(|n| lines.get(n)).cloned().unwrap_or_default()
}

/// Takes the next record of a file, where it goes into the same whole together with those before it.
fn next_of<R: Kinded>(
    chunk: &mut VecDeque<Incoming<R>>,
    parts: &[(Spot, PartOf<R>, Loadable<R>)],
) -> Option<(Spot, PartOf<R>, Loadable<R>)> {
    let (_, last, _) = parts.last()?;
    let goes = |next: &&Incoming<R>| {
        next.record.is_ok() && next.part_of.as_ref().is_some_and(|next| last.goes_with(next))
    };
    chunk.front().filter(goes)?;
    let Incoming { line, nth, record, part_of, .. } = chunk.pop_front()?;
    Some((Spot { line, nth }, part_of?, record.ok()?))
}

/// Puts parts that come together into one record; what became of each. What is kept of them beside it is counted.
fn put_into<R>(
    whole: &mut Loadable<R>,
    parts: &[(Spot, PartOf<R>, Loadable<R>)],
    report: &mut ImportReport,
) -> Vec<PutInto<R>> {
    let before = whole.1.clone();
    let done = match parts.first().map(|(_, part, _)| &part.join) {
        Some(Join::Together(join)) => {
            join(whole, &parts.iter().map(|(_, _, record)| record).collect::<Vec<_>>())
        }
        _ => parts.iter().map(|(_, part, record)| part.put(whole, record)).collect(),
    };
    if before != whole.1 {
        let known: HashSet<&str> = before.iter().flat_map(left::texts).flatten().collect();
        let texts = whole.1.iter().flat_map(left::texts).flatten();
        report.count_leftovers(Some(&texts.filter(|text| !known.contains(text)).collect()));
    }
    done
}

/// The records here of which a file brings parts: each is written once, however many of its parts come.
struct Wholes<R> {
    by_uid: HashMap<String, Whole<R>>,
}

/// A record here with what is kept beside it, and the line of the first part that it got.
struct Whole<R> {
    id: ItemId,
    record: Loadable<R>,
    at: Option<Spot>,
}

/// How many records are held that further parts may come for.
const HELD: usize = 16;

impl<R> Default for Wholes<R> {
    fn default() -> Self {
        Wholes { by_uid: HashMap::new() }
    }
}

impl<R: Kinded> Wholes<R> {
    /// Reads the records to which the parts of a chunk belong.
    async fn read(&mut self, company: &dyn Company, known: &Known, chunk: &[Incoming<R>]) -> Outcome<()> {
        let parts = chunk.iter().filter_map(|one| one.part_of.as_ref());
        let wanted: BTreeSet<&str> = parts.map(|part| part.uid.as_str()).collect();
        for uid in wanted {
            self.fetch(company, known, uid).await?;
        }
        Ok(())
    }

    /// Reads the record of an identifier, unless it is held.
    async fn fetch(&mut self, company: &dyn Company, known: &Known, uid: &str) -> Outcome<()> {
        let Some(id) = known.id_of(uid).filter(|_| !self.by_uid.contains_key(uid)) else { return Ok(()) };
        let found = R::get(company, &id).await?.filter(|found| uid_of(&found.record).as_deref() == Some(uid));
        if let Some(Item { id, record, leftovers, .. }) = found {
            let record = (record, Some(leftovers).filter(|leftovers| !leftovers.is_null()));
            self.by_uid.insert(uid.to_owned(), Whole { id, record, at: None });
        }
        Ok(())
    }

    /// Puts parts into the record of an identifier.
    fn join(
        &mut self,
        uid: &str,
        at: Spot,
        parts: &[(Spot, PartOf<R>, Loadable<R>)],
        report: &mut ImportReport,
    ) -> Vec<PutInto<R>> {
        let Some(whole) = self.by_uid.get_mut(uid) else {
            return parts.iter().map(|_| Ok(Became::Not)).collect();
        };
        let done = put_into(&mut whole.record, parts, report);
        if done.iter().any(|done| matches!(done, Ok(Became::Into))) {
            whole.at.get_or_insert(at);
        }
        done
    }

    /// Returns the changed records that a chunk brings themselves: they are written before it.
    fn brought(&mut self, chunk: &[Incoming<R>]) -> Vec<(Spot, ItemId, Loadable<R>)> {
        if self.by_uid.is_empty() {
            return Vec::new();
        }
        let records =
            chunk.iter().filter(|one| one.part_of.is_none()).filter_map(|one| one.record.as_ref().ok());
        let brought: Vec<String> = records.filter_map(|(record, _)| uid_of(record)).collect();
        changed(brought.into_iter().filter_map(|uid| self.by_uid.remove(&uid)))
    }

    /// Returns the changed records that are written now: all but those of which further parts may come, the last one
    /// before all.
    fn settle(&mut self, last: Option<&str>) -> Vec<(Spot, ItemId, Loadable<R>)> {
        let mut all: Vec<_> = std::mem::take(&mut self.by_uid).into_iter().collect();
        let Some(last) = last else { return changed(all.into_iter().map(|(_, whole)| whole)) };
        all.sort_by_key(|(uid, whole)| (uid == last, whole.at.map(|at| at.line)));
        let held = all.split_off(all.len().saturating_sub(HELD));
        let (held, idle): (Vec<_>, Vec<_>) = held.into_iter().partition(|(_, whole)| whole.at.is_some());
        drop(idle);
        self.by_uid.extend(held);
        changed(all.into_iter().map(|(_, whole)| whole))
    }
}

/// Returns what became of records, with the line of the first part that each got.
fn changed<R>(all: impl Iterator<Item = Whole<R>>) -> Vec<(Spot, ItemId, Loadable<R>)> {
    let changed = all.filter_map(|whole| Some((whole.at?, whole.id, whole.record)));
    let mut changed: Vec<_> = changed.collect();
    changed.sort_by_key(|(at, ..)| at.line);
    changed
}

/// Tells whether a record calls an appointment off without a word on which state it is: some programs send no other.
fn is_bare_cancellation<R: Record>(read: &R, leftovers: Option<&Value>) -> bool {
    let status = fields(read).remove(&Field::new("status"));
    status.is_some_and(|status| status == "cancelled") && Revision::of(leftovers).is_unsaid()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parts_of_one_record_come_together_in_ever_larger_chunks() {
        use passerelle_calendar::Event;

        let one = |line: u64, whole: Option<&str>| Incoming {
            line,
            nth: 0,
            name: String::new(),
            record: Ok((Event::default(), None)),
            part_of: whole.map(|uid| PartOf {
                uid: uid.to_owned(),
                names: Vec::new(),
                asked: Vec::new(),
                join: Join::Together(|_, _| Vec::new()),
                alone: None,
            }),
        };
        // How much of a record is gone through by the parts that come into it, if each adds to it.
        let work = |many: u64| {
            let others = (0..700).map(|line| one(line, None));
            let parts = (700..700 + many).map(|line| one(line, Some("a")));
            let more =
                (700 + many..1_200 + many).map(|line| one(line, Some(if line % 2 == 0 { "b" } else { "c" })));
            let mut chunks = Chunks { incoming: others.chain(parts).chain(more).peekable(), run: 0 };
            let (mut lines, mut work, mut there) = (0, 0, 0);
            loop {
                let chunk = chunks.next();
                if chunk.is_empty() {
                    break;
                }
                assert!(chunk.iter().zip(lines..).all(|(one, line)| one.line == line));
                lines += chunk.len() as u64;
                let of_it = |one: &&Incoming<Event>| one.part_of.as_ref().is_some_and(|part| part.uid == "a");
                let parts = chunk.iter().filter(of_it).count();
                assert!(parts > 0 || chunk.len() <= CHUNK);
                work += if parts > 0 { there + parts } else { 0 };
                there += parts;
            }
            assert_eq!(lines, many + 1_200);
            work
        };
        let (some, twice) = (work(4_000), work(8_000));
        assert!(twice <= 2 * some + CHUNK, "{some} {twice}");
    }

    #[test]
    fn leftovers_are_counted_by_property() {
        let mut report = ImportReport::default();
        report.count_leftovers(Some(&json!([
            "REV:1",
            "item1.X-ABUID:2",
            "{\"speakToAs\":{}}",
            "X-PASSERELLE-PARAMS;OF=TEL;TYPE=HOME;X-A=1:33",
            "X-PASSERELLE-PARAMS;OF=ORG;AS-WRITTEN=TRUE:a;b;c",
            "X-PASSERELLE-PARAMS;OF=ATTENDEE;DIR=\"ldap://x;y\";RSVP=TRUE:a@x.fr",
            "BEGIN:VALARM\nACTION:X\nEND:VALARM",
            "X-PASSERELLE-OF-OCCURRENCE;ID=\"2026-01-06T09:00:00\":BEGIN:VALARM\\nEND:VALARM",
            "X-PASSERELLE-LINE:ATTENDEE\\;X=1:",
            "X-PASSERELLE-OF-OCCURRENCE;ID=\"2026-01-06T09:00:00\":X-PASSERELLE-LINE:CATEGORIES\\\\\\;LANGUAGE=fr:A",
            "Tél. port.: 06",
            "P.IVA: 12",
            "Nom (a, b; c ...): x"
        ])));
        report.count_leftovers(Some(&json!(["REV:3"])));
        let counted: Vec<(&str, u64)> =
            report.leftovers.iter().map(|(name, count)| (name.as_str(), *count)).collect();
        assert_eq!(
            counted,
            [
                ("ATTENDEE", 1),
                ("ATTENDEE;DIR", 1),
                ("ATTENDEE;RSVP", 1),
                ("CATEGORIES", 1),
                ("Nom (a, b; c ...)", 1),
                ("ORG", 1),
                ("P.IVA", 1),
                ("REV", 2),
                ("TEL;TYPE", 1),
                ("TEL;X-A", 1),
                ("Tél. port.", 1),
                ("VALARM", 2),
                ("X-ABUID", 1),
                ("speakToAs", 1)
            ]
        );
    }
}
