//! Two sides that add to, cut and rearrange one list at the same time end with one list in one order.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use chrono::DateTime;
use passerelle_contacts::{Contact, Phone};
use passerelle_ports::{
    Copy, Entry, EntryId, ItemId, Link, LinkId, Op, Opaque, Outcome, RunId, Side, Sides, Stored, Version,
};
use passerelle_sync_rules::{Rules, Step, acknowledge, decide, put_copy, rebase, settle};
use proptest::{prelude::*, test_runner::Config};
use uuid::Uuid;

/// A side that keeps a list, as each store does: what is new comes last, unless a write says another order.
#[derive(Clone, Debug, Default)]
struct Store {
    numbers: Vec<String>,
    version: u64,
    /// One number in the place of another one is an edit of it, which stays where it is.
    in_place: bool,
}

impl Store {
    fn record(&self) -> Contact {
        let mut contact = Contact::default();
        "a@b.example".clone_into(&mut contact.uid);
        for number in &self.numbers {
            contact.phones.insert(number.clone(), Phone { number: number.clone(), ..Phone::default() });
        }
        contact.order.keep("phones", self.numbers.iter().cloned());
        contact
    }

    fn stored(&self, side: Side) -> Stored<Contact> {
        Stored {
            id: ItemId::new(side.as_str()),
            version: Version::new(self.version.to_string()),
            updated: DateTime::UNIX_EPOCH,
            record: self.record(),
            opaque: Opaque::default(),
            key: None,
            made: None,
            stamp: None,
            lineage: None,
            withdrawn: false,
            home: None,
        }
    }

    fn write(&mut self, to: &Contact) {
        let from = self.record();
        let came = to.order.of("phones", &to.phones).into_iter().map(|(key, _)| key.clone());
        let mut came: Vec<String> = came.filter(|key| !from.phones.contains_key(key)).collect();
        let is_gone = |key: &String| !to.phones.contains_key(key);
        if self.in_place {
            for gone in self.numbers.iter_mut().filter(|key| is_gone(key)) {
                if !came.is_empty() {
                    *gone = came.remove(0);
                }
            }
        }
        self.numbers.retain(|key| !is_gone(key));
        self.numbers.extend(came);
        if let Some(wanted) = to.order.change("phones", &to.phones, (&from.order, &from.phones)) {
            self.numbers.sort_by_key(|key| wanted.iter().position(|one| one == key));
        }
        self.version += 1;
    }

    fn edit(&mut self, edits: &[(u8, usize, usize)]) {
        for (what, from, to) in edits {
            let (count, new) = (self.numbers.len(), format!("n{from}"));
            match what {
                0 if !self.numbers.contains(&new) => self.numbers.insert(to % (count + 1), new),
                1 if !self.numbers.contains(&new) => self.numbers.push(new),
                2 if count > 0 => {
                    let moved = self.numbers.remove(from % count);
                    self.numbers.insert(to % count, moved);
                }
                3 if count > 0 => drop(self.numbers.remove(from % count)),
                _ => {}
            }
        }
        self.version += 1;
    }
}

/// Lets two sides that agree on a list change it, and carries everything over.
fn play(stores: &mut Sides<Store>, edits: &Sides<Vec<(u8, usize, usize)>>, lost: bool) -> usize {
    let rules = Rules::default();
    let mut link: Link<Contact> = Link::new(LinkId(Uuid::from_u128(1)));
    link.bases = stores.as_ref().map(Store::record);
    for side in Side::BOTH {
        link.copies[side] = Some(Copy { stored: stores[side].stored(side), gone: false, look: false });
        stores[side].edit(&edits[side]);
        put_copy(&mut link, side, stores[side].stored(side));
    }
    let mut writes = 0;
    for _ in 0..24 {
        let intent = match decide(&link, &rules).unwrap() {
            Step::Nothing => return writes,
            Step::Settle(agreed) => {
                settle(&mut link, &agreed, &rules).unwrap();
                continue;
            }
            Step::Write(intent) => intent,
            other => panic!("{other:?}"),
        };
        writes += 1;
        let side = intent.side;
        let entry = Entry {
            id: EntryId(Uuid::nil()),
            run: RunId(1),
            link: link.id,
            side,
            op: Op::Update,
            from: link.copies[side].as_ref().map(|copy| copy.stored.clone()),
            to: intent.to.clone(),
            taken: intent.taken,
            source: intent.source,
            bases: link.bases.clone(),
            release: false,
            undoes: None,
            opaque: None,
            other: None,
            opened: DateTime::UNIX_EPOCH,
            outcome: Outcome::Open,
        };
        stores[side].write(&intent.to.unwrap());
        let stored = stores[side].stored(side);
        if lost {
            put_copy(&mut link, side, stored.clone());
            rebase(&mut link, &entry, &stored.record).unwrap();
        } else {
            acknowledge(&mut link, &entry, &stored, &rules).unwrap();
        }
    }
    panic!("never quiet: {link:?}");
}

fn edits() -> impl Strategy<Value = Vec<(u8, usize, usize)>> {
    prop::collection::vec((0..4_u8, 0..6_usize, 0..6_usize), 0..4)
}

fn list() -> impl Strategy<Value = Vec<String>> {
    let all: Vec<String> = ["n0", "n2", "n4", "n6"].map(str::to_owned).into();
    (0..=all.len()).prop_flat_map(move |count| prop::sample::subsequence(all.clone(), count).prop_shuffle())
}

fn both(numbers: &[String], in_place: bool) -> Sides<Store> {
    let store = |in_place| Store { numbers: numbers.to_vec(), version: 1, in_place };
    Sides { local: store(in_place), remote: store(in_place) }
}

proptest! {
    #![proptest_config(Config { cases: 2_000, failure_persistence: None, ..Config::default() })]

    #[test]
    fn a_list_that_both_change_ends_in_one_order(
        (numbers, local, remote, in_place, lost) in (list(), edits(), edits(), any::<bool>(), any::<bool>())
    ) {
        let mut stores = both(&numbers, in_place);
        let writes = play(&mut stores, &Sides { local, remote }, lost);
        prop_assert_eq!(&stores.local.numbers, &stores.remote.numbers);
        prop_assert!(writes <= 6, "{} writes", writes);
    }

    #[test]
    fn who_alone_changed_a_list_keeps_its_order(
        (numbers, edits, is_local, lost) in (list(), edits(), any::<bool>(), any::<bool>())
    ) {
        let mut stores = both(&numbers, false);
        let side = if is_local { Side::Local } else { Side::Remote };
        let mut expected = stores[side].clone();
        expected.edit(&edits);
        let mut changes = Sides { local: Vec::new(), remote: Vec::new() };
        changes[side] = edits;
        play(&mut stores, &changes, lost);
        prop_assert_eq!(&stores.local.numbers, &expected.numbers);
        prop_assert_eq!(&stores.remote.numbers, &expected.numbers);
    }
}

#[test]
fn the_first_numbers_of_a_contact_come_on_both_sides_at_once() {
    for lost in [false, true] {
        for (here, there) in [(5, 1), (1, 5)] {
            let mut stores = both(&[], true);
            play(&mut stores, &Sides { local: vec![(1, here, 0)], remote: vec![(1, there, 0)] }, lost);
            let expected = [format!("n{here}"), format!("n{there}")];
            assert_eq!(stores.local.numbers, expected, "the company's order counts");
            assert_eq!(stores.remote.numbers, expected);
        }
    }
}
