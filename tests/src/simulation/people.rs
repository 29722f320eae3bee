//! People, who edit before, between and during runs, and the course of a history.

use std::{collections::BTreeSet, sync::Arc};

use passerelle_ports::{Code, Field, ItemId, Ledger as _, Link, LinkState, MEMORY, Op, Outcome, RunId, Side};
use passerelle_sync_rules::{Deletes, Direction, FieldPattern};
use passerelle_testkit::{Note, finish};
use serde_json::json;

use super::{
    diary::{Deletion, Edit, Found},
    profile::Profile,
    values::{DEFAULT, FIELDS, Token, get, is_out, set, token, tokens},
    world::{Backup, Faults, World, any_skew, scope},
};

/// How many steps a history has at least before it calms down.
const STEPS: u64 = 200;
/// How long runs are apart once all is calm: longer than any listing lags.
const PAUSE: u64 = 400;

impl World {
    fn new_token(&self) -> Token {
        let mut inner = self.lock();
        inner.next_token += 1;
        inner.next_token
    }

    fn typed(&self) -> (Token, String) {
        let token = self.new_token();
        let value = if self.chance(300) { format!(" t{token} ") } else { format!("t{token}") };
        (token, value)
    }

    /// What a provider makes of a value by itself supersedes what stood there.
    fn side_effects(&self, before: &Note, want: &Note, after: &Note) {
        let mut inner = self.lock();
        for field in FIELDS {
            let [old, wanted, now] = [before, want, after].map(|note| token(&get(note, field)));
            if now != old && now != wanted && now == 0 {
                let gone = inner.diary.closure([old, wanted]);
                inner.diary.cleared.extend(gone);
            }
        }
    }

    fn create(&self, replica: usize, ident: &str) {
        let mut note = Note { uid: ident.to_owned(), ..Note::default() };
        for field in FIELDS {
            if self.chance(600) {
                set(&mut note, field, self.typed().1);
            }
        }
        if replica == 0 && self.chance(150) {
            note.private = true;
            self.lock().diary.ever_private.insert(ident.to_owned());
        }
        if self.chance(80) {
            note.category = format!("zout t{}", self.new_token());
            self.lock().diary.odd.insert(ident.to_owned());
        }
        let id = self.replica(replica).person_creates(note.clone());
        let Some(stored) = self.replica(replica).get(&id) else { return };
        self.say(|| format!("person creates on {replica}: {stored:?}"));
        let mut inner = self.lock();
        for field in FIELDS {
            let kept = token(&get(&stored.record, field));
            if kept > 0 {
                inner.diary.edits.push(Edit { token: kept, ident: ident.to_owned(), field });
            }
        }
        inner.diary.leftovers.insert((ident.to_owned(), replica), stored.opaque.0);
        *inner.diary.entered.entry((ident.to_owned(), replica)).or_default() += 1;
    }

    fn edit(&self, replica: usize, id: &ItemId, field: &'static str, value: &str, more: &[Token]) {
        let Some(before) = self.replica(replica).get(id) else { return };
        let ident = before.record.uid.clone();
        self.lock().diary.touched.insert((replica, ident.clone(), field));
        let mut want = before.record.clone();
        set(&mut want, field, value.to_owned());
        let mut kept = want.clone();
        self.spell(replica, &mut kept);
        if get(&kept, field) == get(&before.record, field) {
            return;
        }
        let Some(stored) = self.replica(replica).person_edits(id, |note| set(note, field, value.to_owned()))
        else {
            return;
        };
        self.side_effects(&before.record, &want, &stored.record);
        self.say(|| {
            format!(
                "person edits {replica}/{id} {field} of {ident}: {:?} -> {value:?}, stored {:?} {}",
                get(&before.record, field),
                get(&stored.record, field),
                stored.version
            )
        });
        self.mark(17 + replica as u64);
        let (old, typed) = (token(&get(&before.record, field)), token(value));
        let mut inner = self.lock();
        if typed > 0 {
            inner.diary.parents.entry(typed).or_default().extend([old].iter().chain(more));
        } else {
            let gone = inner.diary.closure([old].iter().chain(more).copied());
            inner.diary.cleared.extend(gone);
            inner.diary.clears.insert((ident.clone(), field));
        }
        if typed > 0 && token(&get(&stored.record, field)) == typed {
            inner.diary.edits.push(Edit { token: typed, ident: ident.clone(), field });
        } else {
            inner.diary.refilled.insert(ident.clone());
        }
        if is_out(&stored.record) || is_out(&before.record) || value.starts_with("poison") {
            inner.diary.odd.insert(ident.clone());
        }
        if field == "private" {
            inner.diary.ever_private.insert(ident.clone());
            inner.diary.flipped.insert(ident);
        }
    }

    fn spell(&self, replica: usize, note: &mut Note) {
        if replica > 0 {
            self.pair(replica - 1).spell.apply(note);
        }
    }

    fn delete(&self, replica: usize, id: &ItemId) {
        let Some(stored) = self.replica(replica).get(id) else { return };
        let exempt = self.is_outstanding(replica, &stored);
        if !self.replica(replica).person_deletes(id) {
            return;
        }
        self.say(|| format!("person deletes {replica}/{id} of {} exempt {exempt}", stored.record.uid));
        self.mark(19);
        let mut inner = self.lock();
        let seen = inner.diary.typed_over(tokens(&stored.record));
        let act = inner.acts;
        let saw_default = stored.record.label == DEFAULT;
        let ident = stored.record.uid;
        inner.diary.deletions.push(Deletion { ident, replica, seen, exempt, saw_default, act });
    }

    /// Tells whether we do not know this item yet although we made it, or an answer is outstanding.
    fn is_outstanding(&self, replica: usize, stored: &Found) -> bool {
        let blocked = |pair: usize, side: Side| {
            self.link_of(pair, side, &stored.id).map(|link| self.is_blocked(pair, link.id))
        };
        if replica == 0 {
            (0..self.pairs()).any(|pair| blocked(pair, Side::Local).unwrap_or(false))
        } else {
            blocked(replica - 1, Side::Remote).unwrap_or(stored.key.is_some())
        }
    }

    /// Somebody does something somewhere.
    pub fn human(&self) {
        let replica = self.below(self.replicas() as u64) as usize;
        let alive = self.replica(replica).alive();
        let act = self.below(100);
        self.note("acts of people");
        self.step();
        self.lock().acts += 1;
        if replica > 0 && self.chance_spare(30) && self.act_at_provider(replica, &alive) {
            return;
        }
        if self.chance(450) && self.act_by_profile(replica, &alive) {
            return;
        }
        let chosen = self.below(alive.len() as u64) as usize;
        let Some(item) = alive.get(chosen).filter(|_| act >= 8) else {
            let ident = format!("u{}", self.new_token());
            self.create(replica, &ident);
            return;
        };
        match act {
            8..=65 => self.edit_somehow(replica, item),
            66..=72 => self.edit_on_two_sides(replica, item),
            73..=79 => self.delete(replica, &item.id),
            80..=81 => {
                for _ in 0..2 + self.below(4) {
                    let alive = self.replica(replica).alive();
                    if let Some(item) = alive.get(self.below(alive.len() as u64) as usize) {
                        self.delete(replica, &item.id);
                    }
                }
            }
            82..=83 => {
                for item in &alive {
                    let value = format!("t{}", self.new_token());
                    self.edit(replica, &item.id, "phones/home", &value, &[]);
                }
            }
            84..=85 => {
                let _ = self.replica(replica).person_edits(&item.id, |_| {});
            }
            86..=88 => {
                let leftovers = json!({ "etched": self.below(1000) });
                self.replica(replica).person_etches(&item.id, leftovers.clone());
                self.lock().diary.leftovers.insert((item.record.uid.clone(), replica), leftovers);
            }
            89..=91 => self.copy(replica, item),
            92..=93 if replica == 0 => {
                self.lock().diary.odd.insert(item.record.uid.clone());
                let value = format!("poison t{}", self.new_token());
                self.edit(0, &item.id, "place", &value, &[]);
            }
            94..=96 if replica == 0 => {
                let value = if item.record.private { "" } else { "yes" };
                self.edit(0, &item.id, "private", value, &[]);
            }
            97 => {
                let pair = self.below(self.pairs() as u64) as usize;
                let mut inner = self.lock();
                if !inner.pairs[pair].running {
                    let all = &mut inner.pairs[pair].rules.scope.all;
                    if all.is_empty() {
                        all.push(scope());
                    } else {
                        all.clear();
                    }
                }
            }
            _ => {}
        }
    }

    /// Does what the history is about; returns whether that was possible.
    fn act_by_profile(&self, replica: usize, alive: &[Found]) -> bool {
        let Some(item) = alive.get(self.below(alive.len() as u64) as usize) else { return false };
        match self.profile() {
            Profile::Hub => match self.below(10) {
                0..=2 => self.delete(replica, &item.id),
                3..=4 => self.delete(0, &item.id),
                _ => self.edit_somehow(replica, item),
            },
            Profile::Lag => match self.below(10) {
                0..=1 => self.delete(replica, &item.id),
                2 => self.restore_item(replica),
                _ => self.edit_somehow(replica, item),
            },
            Profile::Privacy => match self.below(10) {
                0..=3 if replica == 0 => {
                    let value = if item.record.private { "" } else { "yes" };
                    self.edit(0, &item.id, "private", value, &[]);
                }
                4..=5 => self.edit_on_two_sides(replica, item),
                _ => {
                    let field = ["title", "body"][self.below(2) as usize];
                    let value = self.typed().1;
                    self.edit(replica, &item.id, field, &value, &[]);
                }
            },
            Profile::Lookalikes => self.enter_again(replica, item),
            Profile::Guard => match self.below(10) {
                0..=2 => {
                    for item in alive {
                        self.delete(replica, &item.id);
                    }
                }
                3..=4 => {
                    let field = ["title", "phones/home", "place"][self.below(3) as usize];
                    for item in alive {
                        let value = format!("t{}", self.new_token());
                        self.edit(replica, &item.id, field, &value, &[]);
                    }
                }
                _ => self.delete(replica, &item.id),
            },
            Profile::Lazy => self.edit_on_two_sides(replica, item),
            _ => match self.below(10) {
                0..=2 => self.restore_item(replica),
                _ => return false,
            },
        }
        true
    }

    /// An item is taken out of the provider's bin.
    fn restore_item(&self, replica: usize) {
        if replica == 0 {
            return;
        }
        let bin = self.replica(replica).bin();
        let Some(id) = bin.get(self.below(bin.len() as u64) as usize).cloned() else { return };
        let Some(stored) = self.replica(replica).person_restores(&id) else { return };
        self.say(|| format!("person restores {replica}/{id}: {stored:?}"));
        self.note("records out of the bin");
        let link = self.link_of(replica - 1, Side::Remote, &id);
        let outstanding = link.is_some_and(|link| self.is_blocked(replica - 1, link.id));
        let mut inner = self.lock();
        let ident = stored.record.uid.clone();
        // While an answer is outstanding nobody knows in which order things happened.
        let act = if outstanding { 0 } else { inner.acts };
        inner.diary.restored.insert(ident.clone(), (replica, act));
        *inner.diary.entered.entry((ident, replica)).or_default() += 1;
    }

    /// A record is deleted and entered again, or entered once more, by somebody who does not see the first.
    fn enter_again(&self, replica: usize, item: &Found) {
        let ident = item.record.uid.clone();
        if self.chance(600) {
            self.delete(replica, &item.id);
        }
        self.lock().diary.again.insert(ident.clone());
        self.create(replica, &ident);
    }

    fn edit_somehow(&self, replica: usize, item: &Found) {
        let fields = [
            "title",
            "title",
            "body",
            "place",
            "label",
            "phones/home",
            "phones/work",
            "phones/work",
            "category",
        ];
        let field = fields[self.below(fields.len() as u64) as usize];
        let clear = field != "category" && self.chance(200);
        let (token, typed) = self.typed();
        let value = if clear {
            String::new()
        } else if field == "category" && self.chance(300) {
            format!("zout t{token}")
        } else {
            typed
        };
        self.edit(replica, &item.id, field, &value, &[]);
    }

    fn edit_on_two_sides(&self, replica: usize, item: &Found) {
        let field = ["title", "body", "phones/work"][self.below(3) as usize];
        let other = self.below(self.replicas() as u64) as usize;
        let twin = self.replica(other).alive().into_iter().find(|twin| twin.record.uid == item.record.uid);
        let twin = twin.filter(|_| other != replica);
        let (typed, value) = self.typed();
        let more: Vec<Token> = twin.iter().map(|twin| token(&get(&twin.record, field))).collect();
        self.edit(replica, &item.id, field, &value, &more);
        if let Some(twin) = twin {
            self.edit(other, &twin.id, field, &format!("t{typed}"), &[]);
        }
    }

    /// Copy and paste, our marks included.
    fn copy(&self, replica: usize, item: &Found) {
        if replica == 0 {
            return;
        }
        let pair = replica - 1;
        // A copy made while the answer to a create is outstanding may be taken for the original: a known
        // limit where the server names items.
        if !self.pair(pair).client_ids && self.is_outstanding(replica, item) {
            return;
        }
        let ident = format!("u{}", self.new_token());
        let fresh: Vec<(&'static str, String)> = FIELDS
            .iter()
            .filter(|field| !get(&item.record, field).is_empty())
            .map(|field| (*field, format!("t{}", self.new_token())))
            .collect();
        let copied = self.replica(replica).person_copies(&item.id, |note| {
            note.uid.clone_from(&ident);
            for (field, value) in &fresh {
                set(note, field, value.clone());
            }
        });
        let Some(stored) = copied.and_then(|id| self.replica(replica).get(&id)) else { return };
        self.say(|| format!("person copies {replica}/{} to {stored:?}", item.id));
        let mut inner = self.lock();
        for field in FIELDS {
            let kept = token(&get(&stored.record, field));
            if kept > 0 {
                inner.diary.edits.push(Edit { token: kept, ident: ident.clone(), field });
            }
        }
        inner.diary.leftovers.insert((ident.clone(), replica), stored.opaque.0);
        *inner.diary.entered.entry((ident, replica)).or_default() += 1;
    }

    /// The whole history.
    pub fn history(self: &Arc<Self>) {
        for number in 0..self.pairs() {
            let pair = self.pair(number);
            self.say(|| format!("pair {number}: {:?}", pair.rules));
        }
        self.populate();
        self.advance(500);
        self.draw_faults();
        let mut turns = 6 + self.below(30);
        while turns > 0 || self.steps() < STEPS {
            turns = turns.saturating_sub(1);
            for _ in 0..self.below(4) {
                self.human();
            }
            let profile = self.profile();
            let pause = profile.pause(&mut self.lock().rng);
            self.advance(pause);
            self.between_runs();
            let pair = self.below(self.pairs() as u64) as usize;
            let report = self.go(pair);
            if let Some(refused) = report.and_then(|report| report.refused)
                && self.chance(400)
            {
                self.lock().pairs[pair].approval = Some(refused.digest);
                if self.chance_spare(300) {
                    self.change_all_alike();
                }
            }
            self.heal_some();
            if self.failed() {
                return;
            }
        }
        self.lock().faults = Faults::default();
        for replica in 1..self.replicas() {
            for item in self.replica(replica).unreadable() {
                self.replica(replica).set_unreadable(&item, false);
            }
        }
        self.advance(400);
        if self.profile() == Profile::Clocks {
            // That a provider's clock was put back is seen as long as it is not there again.
            for pair in 0..self.pairs() {
                self.go(pair);
            }
            if self.failed() {
                return;
            }
            // Somebody sets the clock right; what was written under a wrong one has settled by then.
            self.engine_clock.jump(0);
            self.advance(4 * 24 * 3600);
        }
        if self.chance(300) {
            let pair = self.below(self.pairs() as u64) as usize;
            self.go_twice(pair);
        }
        if !self.settle("calm") {
            return;
        }
        self.judge("calm", true);
        if self.failed() || !self.resolve_all() {
            return;
        }
        if self.chance(if self.profile() == Profile::Undone { 1000 } else { 350 }) {
            self.undo_story();
        }
    }

    fn populate(&self) {
        for _ in 0..self.below(6) {
            let ident = format!("u{}", self.new_token());
            let who = self.below(4);
            if who != 1 {
                self.create(0, &ident);
                if self.chance(60) {
                    self.create(0, &ident);
                }
            }
            if who != 0 {
                let replica = 1 + self.below(self.pairs() as u64) as usize;
                self.create(replica, &ident);
                if self.chance(60) {
                    self.create(replica, &ident);
                }
            }
        }
    }

    fn chance_spare(&self, rate: u64) -> bool {
        self.lock().spare.per_mille(rate)
    }

    fn below_spare(&self, limit: u64) -> u64 {
        self.lock().spare.below(limit)
    }

    fn any_of<'a>(&self, items: &'a [Found]) -> Option<&'a Found> {
        let chosen = self.lock().spare.below(items.len() as u64);
        items.get(usize::try_from(chosen).unwrap_or(0))
    }

    /// What happens to items at a provider: two are merged, or one cannot be read from now on.
    fn act_at_provider(&self, replica: usize, alive: &[Found]) -> bool {
        let (Some(item), Some(other)) = (self.any_of(alive), self.any_of(alive)) else { return false };
        if self.chance_spare(500) {
            if self.profile() == Profile::Backup {
                return false;
            }
            let link = self.link_of(replica - 1, Side::Remote, &item.id);
            if link.is_none_or(|link| link.half().is_some()) {
                // Its twin may meet another one before it can be read.
                self.lock().diary.late.insert(item.record.uid.clone());
            }
            self.replica(replica).set_unreadable(&item.id, true);
            self.say(|| format!("{replica}/{} of {} cannot be read", item.id, item.record.uid));
            self.note("items that cannot be read");
            return true;
        }
        self.merge(replica, item, other)
    }

    /// A person merges two items in the provider's web page, as providers do it: values that only one of them has are
    /// kept, of two the one that lives on shows its own.
    fn merge(&self, replica: usize, gone: &Found, kept: &Found) -> bool {
        let (from, into) = (gone.record.uid.clone(), kept.record.uid.clone());
        // What became of an item whose answer is outstanding, or that is there twice, no judge can say.
        let is_odd = {
            let inner = self.lock();
            let diary = &inner.diary;
            let is_odd = |ident: &String| {
                diary.entered_in_all(ident) != 1
                    || diary.restored.contains_key(ident)
                    || diary.odd.contains(ident)
            };
            from == into || diary.is_merged(&from) || [&from, &into].into_iter().any(is_odd)
        };
        let outstanding = [gone, kept].into_iter().any(|item| self.is_outstanding(replica, item));
        if is_odd || outstanding || self.pairs() > 1 || self.profile() == Profile::Backup {
            return false;
        }
        let combined = self.replica(replica).person_merges(&gone.id, &kept.id, |note, gone| {
            for field in FIELDS {
                if get(note, field).trim().is_empty() {
                    set(note, field, get(gone, field));
                }
            }
        });
        let Some(stored) = combined else { return false };
        self.say(|| format!("person merges {replica}/{} of {from} into {stored:?}", gone.id));
        self.note("merges at the provider");
        let mut inner = self.lock();
        let seen = inner.diary.typed_over(tokens(&gone.record));
        let act = inner.acts;
        // What the one that is gone had beside the values that are kept, the person has let go.
        let deletion = Deletion { ident: from.clone(), replica, seen, exempt: true, saw_default: true, act };
        inner.diary.deletions.push(deletion);
        for field in FIELDS {
            let [was, now] = [&kept.record, &stored.record].map(|note| token(&get(note, field)));
            if now > 0 && now != was {
                inner.diary.edits.push(Edit { token: now, ident: into.clone(), field });
            }
        }
        inner.diary.merged.insert(from, into);
        true
    }

    /// A rate that was added later: it is not drawn from what the seeds of before play.
    fn spare_rate(&self, most: u64) -> u64 {
        let spare = &mut self.lock().spare;
        if spare.per_mille(700) { spare.below(most) + 1 } else { 0 }
    }

    /// Each history has its own mixture of faults, and some have none of a kind.
    fn draw_faults(&self) {
        let on = |most: u64| if self.chance(700) { self.below(most) + 1 } else { 0 };
        let mut faults = Faults {
            unavailable: on(120),
            lost: on(150),
            crash: on(40),
            late: on(600),
            expire: on(80),
            miss: on(200),
            humans: on(150),
            nested: on(60),
            intruders: on(30),
            stale: self.spare_rate(200),
            stale_lists: self.spare_rate(200),
        };
        match self.profile() {
            Profile::Hub => {
                (faults.crash, faults.nested, faults.humans) =
                    (10 + self.below(40), 60, 100 + self.below(100));
                faults.unavailable /= 4;
            }
            Profile::Lag => (faults.crash, faults.humans) = (0, 200),
            Profile::Lost => (faults.lost, faults.late) = (150 + self.below(150), 300 + self.below(600)),
            Profile::Guard => (faults.humans, faults.crash) = (faults.humans / 8, faults.crash / 4),
            _ => {}
        }
        if self.chance(150) {
            (faults.unavailable, faults.lost, faults.crash) = (0, 0, 0);
        }
        self.lock().faults = faults;
    }

    /// Another mass change, of another field, before the approval of the first is used.
    fn change_all_alike(&self) {
        let replica = usize::try_from(self.lock().spare.below(self.replicas() as u64)).unwrap_or(0);
        let field = if self.chance_spare(500) { "title" } else { "phones/work" };
        self.note("mass changes beside an approval");
        for item in self.replica(replica).alive() {
            let value = format!("t{}", self.new_token());
            self.edit(replica, &item.id, field, &value, &[]);
        }
    }

    /// What could not be read can be again, one day.
    fn heal_some(&self) {
        for replica in 1..self.replicas() {
            for item in self.replica(replica).unreadable() {
                if self.chance_spare(200) {
                    self.replica(replica).set_unreadable(&item, false);
                }
            }
        }
    }

    /// What happens to the installation between two runs.
    fn between_runs(self: &Arc<Self>) {
        if self.chance(60) {
            self.answer_one();
        }
        if self.profile() == Profile::Clocks && self.chance_spare(120) {
            self.their_clock_jumps();
        }
        match self.profile() {
            Profile::Backup => {
                if self.lock().backup.is_none() {
                    if self.chance(200) {
                        let backup = Backup { ledger: self.ledger.backup(), local: self.replica(0).backup() };
                        self.lock().backup = Some(backup);
                        self.say(|| "backup".to_owned());
                    }
                } else if self.chance(100) {
                    self.restore_backup();
                }
            }
            Profile::Clocks if self.chance(150) => {
                let outstanding = !self.lock().late.is_empty()
                    || (0..self.pairs()).any(|pair| {
                        self.ledger
                            .all_entries(&Self::pair_id(pair))
                            .iter()
                            .any(passerelle_ports::Entry::is_open)
                    });
                // A jump ahead shortens how long an unknown write is waited for: a known limit.
                if !outstanding {
                    let skew = any_skew(&mut self.lock().rng);
                    self.engine_clock.jump(skew);
                    self.step();
                    self.note("clock jumps");
                    self.say(|| format!("the clock jumps: wrong by {skew} s"));
                }
            }
            _ => {}
        }
    }

    /// A provider's clock is put forward, and back later on: nobody learns of that where it is forward again before
    /// anybody asks.
    fn their_clock_jumps(&self) {
        let replica = 1 + self.below_spare(self.pairs() as u64) as usize;
        let jump = i64::try_from(6 + self.below_spare(42)).unwrap_or(6);
        let back = self.chance_spare(500);
        let hours = {
            let mut inner = self.lock();
            let (hours, was_back) = &mut inner.their_clocks[replica - 1];
            *was_back |= back;
            *hours += if *was_back { -jump } else { jump };
            *hours
        };
        self.replica(replica).set_clock_wrong_by(hours * 3600);
        self.step();
        self.note("jumps of a provider's clock");
        self.say(|| format!("the clock of {replica} jumps: wrong by {hours} more hours"));
    }

    /// The ledger, or with it the tables, are put back as they were.
    fn restore_backup(&self) {
        let whole = self.chance(500);
        let past: Vec<Token> = self.past_tokens().into_iter().collect();
        let mut inner = self.lock();
        let Some(backup) = inner.backup.take() else { return };
        inner.late.retain(|late| late.replica != 0);
        inner.diary.old_state = true;
        inner.diary.past.extend(past);
        self.ledger.restore(&backup.ledger);
        inner.held_states.clear();
        if whole {
            self.replica(0).restore(&backup.local);
        }
        drop(inner);
        self.step();
        self.note(if whole { "databases put back from a backup" } else { "ledgers put back from a backup" });
        self.say(|| format!("restored from a backup, tables too: {whole}"));
        // Nobody is so quick that what was written before has not become visible.
        self.advance(PAUSE);
    }

    /// A person answers one clash, while everything goes on.
    fn answer_one(self: &Arc<Self>) {
        let pair = self.below(self.pairs() as u64) as usize;
        let held: Vec<_> =
            self.links(pair).into_iter().filter(|l| !l.held.is_empty() && l.half().is_none()).collect();
        let Some(link) = held.get(self.below(held.len() as u64) as usize) else { return };
        let Some(field) = link.held.first() else { return };
        let side = if self.chance(500) { Side::Local } else { Side::Remote };
        let value = |side| link.alive(side).map(|s| token(&get(&s.record, field.as_str()))).unwrap_or(0);
        let (won, lost) = (value(side), value(side.other()));
        self.step();
        // Where the process ends before it says so, the answer may have been kept all the same.
        let answered = self.answer(pair, link.id, field, side);
        if answered.is_ok() || answered == Err("crashed".to_owned()) {
            self.note("answers of people");
            self.say(|| format!("person answers {field} of {}: {side:?} ({answered:?})", link.id));
            let mut inner = self.lock();
            if won > 0 {
                inner.diary.answered.entry(won).or_default().push(lost);
            } else {
                let gone = inner.diary.closure([lost]);
                inner.diary.cleared.extend(gone);
            }
        }
    }

    /// Runs all pairs in turn until nothing moves, then once more, which must be silent.
    pub fn settle(self: &Arc<Self>, what: &str) -> bool {
        let (mut rounds, mut approvals, mut has_asked) = (0, 0, false);
        loop {
            let mut quiet = true;
            for pair in 0..self.pairs() {
                self.advance(PAUSE);
                let report = self.go(pair);
                if self.failed() {
                    return false;
                }
                let Some(report) = report else { return false };
                if let Some(refused) = report.refused {
                    self.lock().pairs[pair].approval = Some(refused.digest);
                    approvals += 1;
                    quiet = false;
                }
                let counts = finish(self.ledger_counts(pair)).unwrap_or_default();
                let state = self.pair(pair).state;
                // An answer that is doubted is asked for again before it is believed: that is not quiet yet.
                let settled = state.fetches == 0 && counts.open == 0 && counts.due == 0;
                quiet &= state.writes == 0 && !state.complete && settled;
            }
            if quiet {
                break;
            }
            rounds += 1;
            let is_long = rounds > 7 + approvals.min(12);
            if is_long && !has_asked && self.answer_late() {
                (rounds, has_asked) = (0, true);
            } else if is_long {
                self.bad(format!("{what}: still moving after {rounds} rounds, {approvals} approvals (I1)"));
                return false;
            }
        }
        for pair in 0..self.pairs() {
            self.advance(PAUSE);
            let report = self.go(pair);
            let state = self.pair(pair).state;
            let silent = state.writes == 0 && state.fetches == 0 && state.lists <= 2;
            if !silent || !report.is_some_and(|report| report.is_quiet()) {
                self.bad(format!("{what}: a quiet run of pair {pair} is not silent: {state:?} (I6)"));
                return false;
            }
        }
        true
    }

    /// A provider's clock was put back and was there again before anybody listed an edit made meanwhile: a day later
    /// that is a question, and a person says that what is shown is right.
    fn answer_late(self: &Arc<Self>) -> bool {
        let is_late = |link: &Link<Note>| Side::BOTH.iter().any(|side| link.trails[*side].doubted.is_some());
        if !(0..self.pairs()).any(|pair| self.links(pair).iter().any(is_late) || self.has_late_stranger(pair))
        {
            return false;
        }
        self.advance(MEMORY.num_seconds().unsigned_abs());
        for pair in 0..self.pairs() {
            self.go(pair);
            for link in self.links(pair).into_iter().filter(is_late) {
                // What is passed for good, or was believed by then, is none.
                let LinkState::Rejected(refusal) = &link.state else { continue };
                if refusal.code != Some(Code::Sync130) {
                    continue;
                }
                self.note("late answers that a person confirms");
                self.say(|| format!("person says that what is shown of {} is right", link.id));
                match finish(self.engine(pair).retry(link.id)) {
                    Some(Ok(())) => {}
                    answered => self.bad(format!("pair {pair}: an answer was not taken: {answered:?}")),
                }
            }
        }
        !self.failed()
    }

    /// Tells whether what no link of a pair knows is shown in an older state.
    pub fn has_late_stranger(&self, pair: usize) -> bool {
        let id = Self::pair_id(pair);
        Side::BOTH.into_iter().any(|side| {
            let looks = finish(self.ledger.looks(&id, side, None, u64::MAX >> 1));
            let looks = looks.and_then(Result::ok).unwrap_or_default();
            let items: Vec<_> = looks.into_iter().map(|look| look.item).collect();
            let strangers = finish(self.ledger.strangers(&id, side, &items));
            let strangers = strangers.and_then(Result::ok).unwrap_or_default();
            strangers.iter().any(|stranger| stranger.trail.doubted.is_some())
        })
    }

    async fn ledger_counts(&self, pair: usize) -> passerelle_ports::Counts {
        self.ledger.counts(&Self::pair_id(pair)).await.unwrap_or_default()
    }

    /// A person settles what is held.
    fn resolve_all(self: &Arc<Self>) -> bool {
        let mut any = false;
        for pair in 0..self.pairs() {
            for link in
                self.links(pair).into_iter().filter(|link| !link.held.is_empty() && link.half().is_none())
            {
                for field in &link.held {
                    let side = if self.chance(500) { Side::Local } else { Side::Remote };
                    match self.answer(pair, link.id, field, side) {
                        Ok(()) => any = true,
                        Err(error) => self.bad(format!("pair {pair}: an answer was not taken: {error}")),
                    }
                }
            }
        }
        if any {
            if !self.settle("resolved") {
                return false;
            }
            self.judge("resolved", false);
        }
        !self.failed()
    }

    /// The undo of a run, then the undo of that undo.
    fn undo_story(self: &Arc<Self>) {
        let pair = self.below(self.pairs() as u64) as usize;
        let entries = self.ledger.all_entries(&Self::pair_id(pair));
        let landed = entries.into_iter().filter(|entry| matches!(entry.outcome, Outcome::Landed(_)));
        let runs: BTreeSet<RunId> = landed.map(|entry| entry.run).collect();
        let runs: Vec<RunId> = runs.into_iter().collect();
        let Some(last) = runs.last().copied() else { return };
        let any = runs.get(self.below(runs.len() as u64) as usize).copied().unwrap_or(last);
        let run = if self.chance(600) { last } else { any };
        let moved_on = self.profile() == Profile::Undone && self.move_on(pair, run);
        self.lock().undoing = true;
        self.note("undos");
        let before = self.snapshot();
        let typed_since = self.lock().typed_since.clone();
        let Some(report) = self.undo_approved(pair, run) else { return };
        if !self.settle("undo") {
            return;
        }
        self.judge("undo", false);
        self.judge_typed_since(pair, &typed_since);
        if !moved_on {
            self.judge_undo(pair, run, run == last, &before);
        }
        if self.failed() {
            return;
        }
        if !moved_on && self.chance(300) {
            return self.edit_what_rests(pair);
        }
        let taken_back = self.ledger.all_entries(&Self::pair_id(pair)).iter().any(|e| e.run == report.run);
        if taken_back && self.undo_approved(pair, report.run).is_some() && self.settle("undo of the undo") {
            self.judge("undo of the undo", false);
        }
    }

    /// People edit what an undo left on one side: it travels again.
    fn edit_what_rests(self: &Arc<Self>, pair: usize) {
        let rules = self.lock().pairs[pair].rules.clone();
        let field = Field::new("body");
        let mut edited = Vec::new();
        for link in self.links(pair).into_iter().filter(|link| link.state == LinkState::Released) {
            let Some(side) = link.half() else { continue };
            let (gone, Some(stored)) = (side.other(), link.alive(side)) else { continue };
            // What the row was marked as when it went still hides what its other half says.
            let is_private =
                |side: Side| link.copies[side].as_ref().is_some_and(|it| it.stored.record.private);
            let hides = rules.redact_private && (is_private(side) || is_private(gone));
            let travels = rules.creates[gone]
                && rules.deletes[gone] != Deletes::Unlink
                && rules.direction::<Note>(&field).leaves(side);
            if link.trails[gone].undone.is_none() || hides || !travels || !rules.scope.all.is_empty() {
                continue;
            }
            let (replica, value) =
                (if side == Side::Local { 0 } else { pair + 1 }, format!("t{}", self.new_token()));
            self.edit(replica, &stored.id.clone(), "body", &value, &[]);
            if self.replica(replica).get(&stored.id).is_some_and(|now| now.record.body == value) {
                edited.push(link.id);
            }
        }
        if edited.is_empty() || !self.settle("edited after the undo") {
            return;
        }
        self.note("edits after an undo");
        for link in self.links(pair).iter().filter(|link| edited.contains(&link.id)) {
            if link.state == LinkState::Released && link.half().is_some() {
                self.bad(format!("{link:?} rests although it was edited after the undo (I1)"));
            }
        }
    }

    /// Before the undo, people type over what the run wrote, and rules begin to withhold a field.
    fn move_on(self: &Arc<Self>, pair: usize, run: RunId) -> bool {
        if self.chance(400) {
            let mut inner = self.lock();
            let rules = &mut inner.pairs[pair].rules;
            match run.0 % 3 {
                0 => rules.redact_private = true,
                1 => rules.fields.insert(1, (FieldPattern::new("label"), Direction::Neither)),
                _ => rules.fields.insert(1, (FieldPattern::new("title"), Direction::Neither)),
            }
            inner.withheld = true;
            return true;
        }
        let entries = self.ledger.all_entries(&Self::pair_id(pair));
        let mut written = entries.iter().filter(|e| e.run == run && matches!(e.op, Op::Update));
        let Some(entry) = written.next_back() else { return false };
        let Some(item) = entry.from.as_ref().map(|from| from.id.clone()) else { return false };
        let field = entry.taken.first().map(|field| field.as_str().to_owned()).unwrap_or_default();
        let Some(field) = FIELDS.iter().find(|name| **name == field).copied() else { return false };
        let replica = if entry.side == Side::Local { 0 } else { pair + 1 };
        let value = format!("t{}", self.new_token());
        self.edit(replica, &item, field, &value, &[]);
        let stands =
            self.replica(replica).get(&item).is_some_and(|s| token(&get(&s.record, field)) == token(&value));
        if stands {
            self.lock().typed_since.push((replica, item, field, token(&value)));
        }
        stands
    }

    fn undo_approved(self: &Arc<Self>, pair: usize, run: RunId) -> Option<passerelle_engine::RunReport> {
        self.advance(PAUSE);
        let mut report = self.undo(pair, run, None);
        if let Some(refused) = report.as_ref().and_then(|report| report.refused.clone()) {
            report = self.undo(pair, run, Some(refused.digest));
        }
        match &report {
            Some(report) if report.refused.is_none() => {}
            _ => self.bad(format!("undo of run {run} of pair {pair} was not done: {report:?}")),
        }
        report.filter(|_| !self.failed())
    }

    pub fn snapshot(&self) -> Vec<Vec<Found>> {
        (0..self.replicas()).map(|number| self.replica(number).alive()).collect()
    }
}
