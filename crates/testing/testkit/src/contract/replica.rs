//! The promises of `Replica`, one function each.
//!
//! They run against an empty collection. What a replica cannot do is declared in its `Capabilities`, and
//! the function then asks for what is left of the promise.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use passerelle_ports::{
    CreateKey, Cursor, EntryId, ErrorKind, From, ItemId, Next, PortResult, Record, Stored, Write, Written,
    fields,
};
use uuid::Uuid;

use super::Subject;

/// What a listing showed, page after page.
struct Listed<R> {
    items: BTreeMap<ItemId, Stored<R>>,
    removed: Vec<ItemId>,
    unread: Vec<Option<ItemId>>,
    cursor: Cursor,
}

/// No listing of a few items takes more pages.
const PAGES_MAX: usize = 1000;

async fn list<R: Record>(subject: &dyn Subject<R>, from: From) -> Listed<R> {
    let mut listed =
        Listed { items: BTreeMap::new(), removed: Vec::new(), unread: Vec::new(), cursor: Cursor::new("") };
    let mut from = from;
    for _ in 0..PAGES_MAX {
        let page = subject.replica().changes(from).await.expect("a listing can be read");
        for stored in page.items {
            listed.removed.retain(|id| *id != stored.id);
            listed.items.insert(stored.id.clone(), stored);
        }
        for id in page.removed {
            listed.items.remove(&id);
            listed.removed.push(id);
        }
        listed.unread.extend(page.unread.into_iter().map(|unread| unread.id));
        match page.next {
            Next::Page(token) => from = From::Page(token),
            Next::End(cursor) => {
                listed.cursor = cursor;
                return listed;
            }
        }
    }
    panic!("a listing never ends");
}

fn stamp(number: u128) -> EntryId {
    EntryId(Uuid::from_u128(0x5eed_0000_0000_0000_0000_0000_0000_0000 + number))
}

fn key(number: u32) -> CreateKey {
    CreateKey::new(format!("{number:08x}5eed5eed5eed5eed5eed5eed5eed5eed"))
}

fn create<R: Record>(subject: &dyn Subject<R>, number: u32) -> Write<R> {
    Write::Create {
        key: key(number),
        record: subject.sample(number as usize),
        opaque: None,
        stamp: stamp(u128::from(number)),
        replaces: None,
    }
}

async fn write<R: Record>(subject: &dyn Subject<R>, write: Write<R>) -> PortResult<Written<R>> {
    let mut results = subject.replica().write(&[write]).await.expect("the call succeeds");
    assert_eq!(results.len(), 1, "one result per write (R12)");
    results.pop().unwrap()
}

async fn stored<R: Record>(subject: &dyn Subject<R>, one: Write<R>) -> Stored<R> {
    match write(subject, one).await {
        Ok(Written::Stored(stored)) => stored,
        other => panic!("not stored: {other:?}"),
    }
}

async fn fetch<R: Record>(subject: &dyn Subject<R>, id: &ItemId) -> Option<Stored<R>> {
    let mut found = subject.replica().fetch(std::slice::from_ref(id)).await.expect("a fetch succeeds");
    assert_eq!(found.len(), 1, "one answer per name");
    found.pop().unwrap()
}

/// Returns an item to write to: made by a person.
async fn item<R: Record>(subject: &dyn Subject<R>, number: usize) -> Stored<R> {
    let id = subject.person_creates(subject.sample(number)).await;
    subject.settle().await;
    fetch(subject, &id).await.expect("what a person made is there")
}

fn is_writable<R: Record>(subject: &dyn Subject<R>) -> bool {
    subject.replica().capabilities().writable
}

/// **R1**
pub async fn r01_a_complete_listing_shows_everything<R: Record>(subject: &dyn Subject<R>) {
    assert!(list(subject, From::Start).await.items.is_empty(), "the collection is empty at first");
    let mut made = Vec::new();
    for number in 0..7 {
        made.push(subject.person_creates(subject.sample(number)).await);
    }
    subject.settle().await;
    let listed = list(subject, From::Start).await;
    for id in &made {
        let seen = listed.items.get(id).unwrap_or_else(|| panic!("{id} is not listed"));
        assert_eq!(Some(seen), fetch(subject, id).await.as_ref(), "listed as fetched");
    }
    assert_eq!(listed.items.len(), made.len(), "nothing else is listed");
}

/// **R2**
pub async fn r02_every_later_change_is_reported<R: Record>(subject: &dyn Subject<R>) {
    let (kept, changed, gone) = (item(subject, 0).await, item(subject, 1).await, item(subject, 2).await);
    let before = list(subject, From::Start).await;
    subject.person_changes(&changed.id, subject.changed(&changed.record, 1)).await;
    subject.person_deletes(&gone.id).await;
    let fresh = subject.person_creates(subject.sample(3)).await;
    subject.settle().await;
    let after = list(subject, From::Cursor(before.cursor)).await;
    assert_eq!(
        after.items.get(&changed.id),
        fetch(subject, &changed.id).await.as_ref(),
        "a change is reported"
    );
    assert!(after.items.contains_key(&fresh), "a new item is reported");
    assert!(after.removed.contains(&gone.id), "a removed item is reported");
    if let Some(seen) = after.items.get(&kept.id) {
        assert_eq!(seen.version, kept.version, "an item may be repeated, as it is");
    }
    let quiet = list(subject, From::Cursor(after.cursor)).await;
    for seen in quiet.items.values() {
        assert_eq!(Some(&seen.version), fetch(subject, &seen.id).await.map(|now| now.version).as_ref());
    }
}

/// **R3**
pub async fn r03_only_the_end_ends_a_listing<R: Record>(subject: &dyn Subject<R>) {
    let empty = list(subject, From::Start).await;
    let id = subject.person_creates(subject.sample(0)).await;
    subject.settle().await;
    let after = list(subject, From::Cursor(empty.cursor)).await;
    assert!(after.items.contains_key(&id), "the cursor of an empty listing is a good one");
}

/// **R4**
pub async fn r04_an_old_cursor_is_refused<R: Record>(subject: &dyn Subject<R>) {
    item(subject, 0).await;
    let listed = list(subject, From::Start).await;
    if subject.expire_cursors().await {
        let refused = subject.replica().changes(From::Cursor(listed.cursor)).await;
        assert_eq!(refused.map(|_| ()).map_err(|error| error.kind), Err(ErrorKind::CursorExpired));
        let again = list(subject, From::Start).await;
        assert_eq!(again.items.len(), 1, "a complete listing still works");
        list(subject, From::Cursor(again.cursor)).await;
    }
    let nonsense = subject.replica().changes(From::Cursor(Cursor::new("no cursor of ours"))).await;
    if let Ok(page) = nonsense {
        panic!("a cursor that was never given is taken: {page:?}");
    }
}

/// **R5**
pub async fn r05_a_listing_is_whole<R: Record>(subject: &dyn Subject<R>) {
    for number in 0..5 {
        item(subject, number).await;
    }
    let first = subject.replica().changes(From::Start).await.expect("a page");
    if let Next::Page(token) = first.next {
        let id = subject.person_creates(subject.sample(5)).await;
        subject.settle().await;
        // What changes while a listing is read may be in it or in the next one, but is never lost.
        let rest = list(subject, From::Page(token)).await;
        let later = list(subject, From::Cursor(rest.cursor)).await;
        assert!(rest.items.contains_key(&id) || later.items.contains_key(&id), "lost between two listings");
    }
    assert!(list(subject, From::Start).await.items.len() >= 5);
}

/// **R6**
pub async fn r06_a_created_item_shows_its_key<R: Record>(subject: &dyn Subject<R>) {
    if !is_writable(subject) {
        return;
    }
    let made = stored(subject, create(subject, 1)).await;
    assert_eq!(made.key, Some(key(1)), "the answer carries the key");
    subject.settle().await;
    let listed = list(subject, From::Start).await;
    let seen = listed.items.get(&made.id).expect("listed once it has settled");
    assert_eq!(seen.key, Some(key(1)), "the listing carries the key");
    assert_eq!(seen.made, Some(stamp(1)), "and the entry that made it");
    assert_eq!(fetch(subject, &made.id).await.and_then(|found| found.key), Some(key(1)));
}

/// **R6**, the other half: where the key names the item, a repetition answers `Exists`.
pub async fn r06_a_second_create_makes_no_second_item<R: Record>(subject: &dyn Subject<R>) {
    if !is_writable(subject) {
        return;
    }
    let made = stored(subject, create(subject, 1)).await;
    subject.settle().await;
    match write(subject, create(subject, 1)).await {
        Ok(Written::Exists { id, alive }) => {
            assert_eq!(id, made.id);
            assert_eq!(alive.map(|alive| alive.version), Some(made.version));
            subject.person_deletes(&id).await;
            subject.settle().await;
            let again = write(subject, create(subject, 1)).await;
            assert!(
                matches!(again, Ok(Written::Exists { alive: None, .. })),
                "a key is used up for ever: {again:?}"
            );
        }
        // Where the server names items, the engine observes before it sends a key again.
        Ok(Written::Stored(second)) => assert_ne!(second.id, made.id),
        other => panic!("neither stored nor there: {other:?}"),
    }
}

/// **R7**
pub async fn r07_old_version_is_refused<R: Record>(subject: &dyn Subject<R>) {
    if !is_writable(subject) {
        return;
    }
    let from = item(subject, 0).await;
    subject.person_changes(&from.id, subject.changed(&from.record, 1)).await;
    subject.settle().await;
    let now = fetch(subject, &from.id).await;
    let to = subject.changed(&from.record, 2);
    let refused =
        write(subject, Write::Update { from: from.clone(), to, opaque: None, stamp: stamp(1) }).await;
    assert_eq!(refused.map(|_| ()).map_err(|error| error.kind), Err(ErrorKind::VersionMismatch));
    let refused = write(subject, Write::Delete { from: from.clone(), stamp: stamp(2) }).await;
    assert_eq!(refused.map(|_| ()).map_err(|error| error.kind), Err(ErrorKind::VersionMismatch));
    assert_eq!(fetch(subject, &from.id).await, now, "nothing was changed");
    let now = now.unwrap();
    let deleted = write(subject, Write::Delete { from: now.clone(), stamp: stamp(3) }).await;
    assert!(matches!(deleted, Ok(Written::Deleted | Written::Removed(_))), "{deleted:?}");
    assert_eq!(fetch(subject, &now.id).await, None, "what was deleted is not there");
    let again = write(subject, Write::Delete { from: now.clone(), stamp: stamp(4) }).await;
    assert!(
        matches!(again, Ok(Written::Deleted)) || again.as_ref().is_err_and(|e| e.kind == ErrorKind::NotFound),
        "deleting what is gone is no accident: {again:?}"
    );
    let late =
        write(subject, Write::Update { to: subject.sample(1), from: now, opaque: None, stamp: stamp(5) })
            .await;
    let kind = late.map(|_| ()).map_err(|error| error.kind);
    assert!(matches!(kind, Err(ErrorKind::NotFound | ErrorKind::VersionMismatch)), "{kind:?}");
}

/// **R8**
pub async fn r08_an_update_changes_nothing_else<R: Record>(subject: &dyn Subject<R>) {
    if !is_writable(subject) {
        return;
    }
    let from = item(subject, 0).await;
    let to = subject.changed(&from.record, 1);
    let update = Write::Update { from: from.clone(), to: to.clone(), opaque: None, stamp: stamp(1) };
    let after = stored(subject, update).await;
    assert_eq!(after.id, from.id);
    let (before, wanted, got) = (fields(&from.record), fields(&to), fields(&after.record));
    for (field, value) in &got {
        if before.get(field) == wanted.get(field) {
            assert_eq!(before.get(field), Some(value), "{field} was not to be changed");
        }
    }
    for field in before.keys().filter(|field| before.get(*field) == wanted.get(*field)) {
        assert!(got.contains_key(field), "{field} was lost");
    }
    assert!(wanted.iter().any(|(field, value)| before.get(field) != Some(value) && got.contains_key(field)));
    assert_eq!(after.opaque, from.opaque, "leftovers stay as they were");
    assert_eq!(after.key, from.key, "and so does the key");
}

/// **R9**
pub async fn r09_every_change_changes_the_version<R: Record>(subject: &dyn Subject<R>) {
    let first = item(subject, 0).await;
    subject.person_changes(&first.id, subject.changed(&first.record, 1)).await;
    subject.settle().await;
    let second = fetch(subject, &first.id).await.unwrap();
    assert_ne!(second.version, first.version);
    subject.person_changes(&first.id, first.record.clone()).await;
    subject.settle().await;
    let third = fetch(subject, &first.id).await.unwrap();
    assert!(third.version != second.version && third.version != first.version, "a version never comes back");
    assert_eq!(fetch(subject, &first.id).await.unwrap().version, third.version, "reading changes nothing");
    if is_writable(subject) {
        let to = subject.changed(&third.record, 2);
        let fourth =
            stored(subject, Write::Update { from: third.clone(), to, opaque: None, stamp: stamp(1) }).await;
        assert_ne!(fourth.version, third.version);
    }
}

/// **R10**
pub async fn r10_updated_is_told<R: Record>(subject: &dyn Subject<R>) {
    let stored = item(subject, 0).await;
    assert!(stored.updated.timestamp() > 0, "{}", stored.updated);
}

/// **R11**
pub async fn r11_a_fetch_is_never_older_than_an_answer<R: Record>(subject: &dyn Subject<R>) {
    let first = item(subject, 0).await;
    if is_writable(subject) {
        let to = subject.changed(&first.record, 1);
        let written =
            stored(subject, Write::Update { from: first.clone(), to, opaque: None, stamp: stamp(1) }).await;
        assert_eq!(fetch(subject, &first.id).await, Some(written), "at once, without waiting");
        let made = stored(subject, create(subject, 5)).await;
        assert_eq!(fetch(subject, &made.id).await, Some(made));
    }
    let unknown = subject.person_creates(subject.sample(7)).await;
    subject.person_deletes(&unknown).await;
    subject.settle().await;
    assert_eq!(fetch(subject, &unknown).await, None, "what does not exist is not found, and no error");
}

/// **R12**
pub async fn r12_one_result_per_write<R: Record>(subject: &dyn Subject<R>) {
    if !is_writable(subject) {
        return;
    }
    let (old, good) = (item(subject, 0).await, item(subject, 1).await);
    subject.person_changes(&old.id, subject.changed(&old.record, 1)).await;
    subject.settle().await;
    let batch = [
        Write::Update { to: subject.changed(&old.record, 2), from: old, opaque: None, stamp: stamp(1) },
        Write::Update {
            to: subject.changed(&good.record, 2),
            from: good.clone(),
            opaque: None,
            stamp: stamp(2),
        },
        create(subject, 3),
    ];
    let mut results = Vec::new();
    for part in batch.chunks(subject.replica().capabilities().batch_max.max(1)) {
        results.extend(subject.replica().write(part).await.expect("the call succeeds"));
    }
    let [refused, changed, made] = &results[..] else { panic!("three results: {results:?}") };
    assert_eq!(refused.as_ref().map(|_| ()).map_err(|error| error.kind), Err(ErrorKind::VersionMismatch));
    assert!(matches!(changed, Ok(Written::Stored(stored)) if stored.id == good.id), "{changed:?}");
    assert!(matches!(made, Ok(Written::Stored(stored)) if stored.key == Some(key(3))), "{made:?}");
    assert!(subject.replica().write(&[]).await.expect("an empty batch is no error").is_empty());
}

/// **R13**
pub async fn r13_a_write_answers_with_what_is_stored<R: Record>(subject: &dyn Subject<R>) {
    if !is_writable(subject) {
        return;
    }
    let made = stored(subject, create(subject, 1)).await;
    assert_eq!(fetch(subject, &made.id).await.as_ref(), Some(&made), "the answer to a create is what stands");
    let to = subject.changed(&made.record, 1);
    let changed =
        stored(subject, Write::Update { from: made.clone(), to, opaque: None, stamp: stamp(2) }).await;
    assert_eq!(fetch(subject, &made.id).await, Some(changed.clone()), "and so is the answer to an update");
    if subject.replica().capabilities().stamps {
        assert_eq!((made.stamp, changed.stamp), (Some(stamp(1)), Some(stamp(2))), "stamps are kept");
    }
    subject.settle().await;
    assert_eq!(list(subject, From::Start).await.items.get(&made.id), Some(&changed), "and what is listed");
}

/// **R14**: keyed entries are fields of the record, and the record comes back with the keys it was given.
pub async fn r14_no_two_items_have_one_id<R: Record>(subject: &dyn Subject<R>) {
    if !is_writable(subject) {
        return;
    }
    let given = subject.sample(1);
    let made = stored(subject, create(subject, 1)).await;
    let (given, got) = (fields(&given), fields(&made.record));
    for field in got.keys().filter(|field| field.key().is_some()) {
        let member_given = given.keys().any(|other| other.member() == field.member());
        assert!(!member_given || given.contains_key(field), "{field}: a key that nobody gave");
    }
    let other = stored(subject, create(subject, 2)).await;
    assert_ne!(made.id, other.id);
}

/// **R15**
pub async fn r15_outcomes_are_told<R: Record>(subject: &dyn Subject<R>) {
    let capabilities = subject.replica().capabilities();
    let ask = async |number: u128| {
        let mut told = subject.replica().outcome(&[stamp(number)]).await.expect("outcomes are told");
        assert_eq!(told.len(), 1);
        told.pop().unwrap()
    };
    assert_eq!(ask(99).await, None, "nothing is told of an entry that was never sent");
    if !capabilities.outcomes || !capabilities.writable {
        return;
    }
    let made = stored(subject, create(subject, 1)).await;
    assert_eq!(ask(1).await, Some(Written::Stored(made.clone())), "the row as that entry stored it");
    let to = subject.changed(&made.record, 1);
    let changed =
        stored(subject, Write::Update { from: made.clone(), to, opaque: None, stamp: stamp(2) }).await;
    assert!(changed.version.sequence() > made.version.sequence(), "versions only grow");
    assert!(made.version.sequence().is_some(), "and are numbers");
    subject.person_changes(&made.id, subject.changed(&changed.record, 3)).await;
    assert_eq!(ask(1).await, Some(Written::Stored(made.clone())), "whatever came later");
    assert_eq!(ask(2).await, Some(Written::Stored(changed)));
    let now = fetch(subject, &made.id).await.unwrap();
    assert!(matches!(
        write(subject, Write::Delete { from: now, stamp: stamp(3) }).await,
        Ok(Written::Deleted)
    ));
    assert_eq!(ask(3).await, Some(Written::Deleted));
    let back = Write::Create {
        key: key(7),
        record: made.record.clone(),
        opaque: Some(made.opaque.clone()),
        stamp: stamp(4),
        replaces: Some(made.root().clone()),
    };
    let back = stored(subject, back).await;
    assert_eq!(back.lineage, Some(made.id.clone()), "a row that continues a line says so");
    assert_eq!(fetch(subject, &back.id).await.and_then(|found| found.lineage), Some(made.id));
}

/// **R16**
pub async fn r16_a_moved_item_stays_the_same<R: Record>(subject: &dyn Subject<R>) {
    if !is_writable(subject) {
        return;
    }
    let old = item(subject, 1).await;
    let edited = subject.changed(&old.record, 1);
    let from =
        stored(subject, Write::Update { from: old.clone(), to: edited, opaque: None, stamp: stamp(3) }).await;
    let to = subject.elsewhere().await;
    let name = to.clone().unwrap_or_else(|| "nowhere".to_owned());
    let moving = Write::Move { from: from.clone(), to: name, stamp: stamp(1) };
    let Some(to) = to else {
        let refused = write(subject, moving).await.expect_err("there is nowhere to move it");
        assert_eq!(refused.kind, ErrorKind::Unsupported);
        assert_eq!(fetch(subject, &from.id).await, Some(from), "it stays where it is");
        return;
    };
    let refused = write(subject, Write::Move { from: old, to: to.clone(), stamp: stamp(2) }).await;
    assert_eq!(refused.expect_err("it changed since").kind, ErrorKind::VersionMismatch);
    let cursor = list(subject, From::Start).await.cursor;
    let moved = stored(subject, moving).await;
    assert_eq!((&moved.id, moved.withdrawn, moved.home.as_ref()), (&from.id, true, Some(&to)));
    assert_eq!((&moved.record, &moved.key), (&from.record, &from.key));
    subject.settle().await;
    let since = list(subject, From::Cursor(cursor)).await;
    let tells = since.removed.contains(&from.id) || since.items.get(&from.id).is_some_and(|it| it.withdrawn);
    assert!(tells, "it is no longer here (R2)");
    assert_eq!(fetch(subject, &from.id).await.and_then(|found| found.home), Some(to), "nor is it gone");
}

/// **R17**
pub async fn r17_what_cannot_be_read_stops_only_itself<R: Record>(subject: &dyn Subject<R>) {
    let sound = item(subject, 1).await;
    let spoilt = item(subject, 2).await;
    if !subject.spoil(&spoilt.id).await {
        return;
    }
    let listed = list(subject, From::Start).await;
    assert_eq!(listed.items.keys().collect::<Vec<_>>(), [&sound.id], "the others are shown");
    assert_eq!(listed.unread, [Some(spoilt.id.clone())], "it is told");
    assert!(listed.removed.is_empty(), "it is not gone");
    let answers = subject.replica().fetch_each(&[spoilt.id.clone(), sound.id.clone()]).await;
    let answers = answers.expect("the call as a whole succeeds");
    let [Err(unread), Ok(Some(found))] = answers.as_slice() else { panic!("{answers:?}") };
    assert!(matches!(unread.kind, ErrorKind::Unexpected | ErrorKind::ItemFailed), "{unread:?}");
    assert_eq!(*found, sound);
}
