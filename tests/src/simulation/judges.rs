//! The judges. They know what people did and what stands where; they share no code with the engine.
//!
//! What they do not judge, and why, is in the known limits of the engine: mostly values that were typed
//! in more than one place, and what a lost answer of a respelling provider looked like.

use std::collections::{BTreeMap, BTreeSet};

use passerelle_ports::{
    Entry, Field, ItemId, Link, LinkState, Op, Outcome, PortResult, Replica as _, RunId, Side, Write, Written,
};
use passerelle_sync_rules::{Deletes, Direction, FieldPattern, Policy, Rules};
use passerelle_testkit::Note;

use super::{
    diary::{Deletion, Diary, Found},
    profile::Profile,
    values::{DEFAULT, FIELDS, Token, get, is_out, is_poison, plain, token, tokens},
    world::{Pair, World},
};

type ByIdent = BTreeMap<String, Vec<Found>>;

/// The direction of a field, read from the rules by the judge itself.
fn direction(rules: &Rules, field: &str) -> Direction {
    let member = field.split('/').next().unwrap_or(field);
    let named =
        |pattern: &FieldPattern| [field, member, "*"].iter().any(|name| *pattern == FieldPattern::new(*name));
    rules
        .fields
        .iter()
        .find(|(pattern, _)| named(pattern))
        .map_or(Direction::Both, |(_, direction)| *direction)
}

fn sends(rules: &Rules, field: &str) -> bool {
    matches!(direction(rules, field), Direction::Both | Direction::Send)
}

fn takes(rules: &Rules, field: &str) -> bool {
    matches!(direction(rules, field), Direction::Both | Direction::Take)
}

fn is_hidden(field: &str) -> bool {
    matches!(field, "title" | "body")
}

/// Tells whether a value is what was agreed on in another spelling.
fn is_respelt(now: &str, agreed: &str) -> bool {
    now != agreed && !agreed.is_empty() && plain(now) == plain(agreed)
}

fn is_whole(rules: &Rules) -> bool {
    FIELDS.iter().all(|field| sends(rules, field) && takes(rules, field))
}

fn is_plain(rules: &Rules) -> bool {
    is_whole(rules)
        && rules.policy == Policy::Ask
        && rules.creates.local
        && rules.creates.remote
        && rules.deletes.local == Deletes::Propagate
        && rules.deletes.remote == Deletes::Propagate
}

impl World {
    /// A write of the engine is on its way.
    pub fn watch_write(&self, pair: usize, side: Side, write: &Write<Note>) {
        if self.lock().undoing {
            if self.lock().withheld {
                self.watch_withheld(pair, side, write);
            }
            return;
        }
        let Some(entry) = self.entry(write.stamp()) else {
            self.bad("a write without a journal entry (I14)".to_owned());
            return;
        };
        let rules = self.pair(pair).rules;
        self.watch_fields(pair, side, &rules, &entry);
        let Some(link) = self.links(pair).into_iter().find(|link| link.id == entry.link) else { return };
        self.watch_scope(pair, &rules, &link);
        if side == Side::Remote && rules.redact_private {
            self.watch_privacy(pair, &entry, &link);
        }
    }

    /// An undo writes nothing that the rules of today withhold (I11, I12).
    fn watch_withheld(&self, pair: usize, side: Side, write: &Write<Note>) {
        let rules = self.pair(pair).rules;
        let Write::Update { from, to, .. } = write else { return };
        let local = match side {
            Side::Local => Some(from.record.clone()),
            Side::Remote => self
                .link_of(pair, Side::Remote, &from.id)
                .and_then(|link| link.copies.local.map(|copy| copy.stored.record)),
        };
        let private = rules.redact_private && local.as_ref().is_some_and(|local| local.private);
        for field in FIELDS.iter().filter(|field| get(&from.record, field) != get(to, field)) {
            let travels = if side == Side::Remote { sends(&rules, field) } else { takes(&rules, field) };
            let shown = side == Side::Remote
                && private
                && is_hidden(field)
                && local.as_ref().is_some_and(|local| {
                    token(&get(local, field)) > 0 && plain(&get(local, field)) == plain(&get(to, field))
                });
            let back = direction(&rules, field) == Direction::Neither;
            if back && !travels || shown {
                self.bad(format!(
                    "undo: pair {pair} wrote {field} on {side:?}, which is withheld (I11, I12)"
                ));
            }
        }
    }

    fn watch_fields(&self, pair: usize, side: Side, rules: &Rules, entry: &Entry<Note>) {
        let Some(to) = &entry.to else { return };
        let from = entry.from.as_ref().map(|from| from.record.clone()).unwrap_or_default();
        for field in FIELDS {
            if get(&from, field) == get(to, field) {
                continue;
            }
            let permitted = if side == Side::Remote { sends(rules, field) } else { takes(rules, field) };
            if !permitted {
                self.bad(format!("pair {pair} wrote {field} on {side:?} although its rules say no (I11)"));
            }
            let took = (token(&get(to, field)), token(&get(&from, field)));
            if side == Side::Local
                && rules.redact_private
                && from.private
                && is_hidden(field)
                && !self.lock().diary.was_answered(took.0, took.1)
            {
                self.bad(format!("pair {pair} took the hidden {field} in (I12)"));
            }
        }
    }

    /// What was out of scope when the run began, and still is, is not written.
    fn watch_scope(&self, pair: usize, rules: &Rules, link: &Link<Note>) {
        let Some(item) = link.item(Side::Local).filter(|_| !rules.scope.all.is_empty()) else { return };
        let past = self.replica(0).past(item);
        if past.last().is_none_or(|(_, alive)| !alive) {
            return;
        }
        let since = past.iter().rev().take_while(|(stored, _)| is_out(&stored.record)).last();
        let began = self.pair(pair).state.started_seconds;
        if since.is_some_and(|(stored, _)| stored.updated.timestamp() < began) {
            self.bad(format!("pair {pair} wrote outside its scope: row {item} (I11)"));
        }
    }

    /// A write carries nothing that the engine knew to be hidden.
    fn watch_privacy(&self, pair: usize, entry: &Entry<Note>, link: &Link<Note>) {
        let Some(local) = link.copies.local.as_ref().map(|copy| &copy.stored.record) else { return };
        let Some(to) = entry.to.as_ref().filter(|_| local.private) else { return };
        let from = entry.from.as_ref().map(|from| from.record.clone()).unwrap_or_default();
        for field in ["title", "body"] {
            let (was, now, raw) = (get(&from, field), get(to, field), get(local, field));
            if was != now && token(&raw) > 0 && plain(&now) == plain(&raw) {
                self.bad(format!("pair {pair} showed a private {field} (I12)"));
            }
        }
    }

    /// The guard, counted by the world: a side that had records and has none left (I9).
    pub fn watch_guard(&self, pair: usize, side: Side, write: &Write<Note>) {
        self.watch_unread(pair, side, write);
        if self.lock().undoing {
            return;
        }
        // Strangers of an earlier run have got their links, and what is deleted has not lost its own yet.
        let links = self.links(pair).len() as u64;
        {
            let state = &mut self.lock().pairs[pair].state;
            if state.writes == 0 {
                state.links = state.links.max(links);
            }
        }
        if let Write::Update { from, to, .. } = write {
            // As the guard does: once for each member that it changes, however many there are. What a first meeting
            // only adds replaces nothing.
            let changed = FIELDS.iter().filter(|field| get(&from.record, field) != get(to, field));
            let adds = changed.clone().all(|field| get(&from.record, field).is_empty());
            let partner =
                self.link_of(pair, side, &from.id).and_then(|link| link.item(side.other()).cloned());
            // What the provider emptied beside a write of this run, while it waited, is filled again: no plan shows that, and
            // nothing is replaced.
            let mut inner = self.lock();
            let is_thrown = |field: &&&'static str| {
                inner.diary.thrown_away.contains_key(&(pair + 1, from.id.clone(), **field))
            };
            let empty = changed.clone().filter(|field| get(&from.record, field).is_empty());
            let refills: Vec<&&'static str> =
                empty.filter(|_| side == Side::Remote).filter(is_thrown).collect();
            let state = &mut inner.pairs[pair].state;
            // Where the other half is gone and another one was met, they meet for the first time.
            let had_met = state.agreed.get(&(side, from.id.clone())).is_some_and(|before| *before == partner);
            if adds && !had_met {
                return;
            }
            for field in changed.filter(|field| !refills.contains(field)) {
                let member = field.split('/').next().unwrap_or(field);
                state.alike.entry((side, member)).or_default().insert(from.id.clone());
            }
        }
        if let Write::Delete { .. } = write {
            self.lock().pairs[pair].state.deleting = true;
        }
    }

    /// What is known of a remote item never becomes older, in whatever process (I2): an answer that shows an older
    /// state is no news.
    pub fn judge_going_back(&self, pair: usize) {
        // Where a clock jumps, a doubt of what is not surely older ends too early, and a provider's clock that was put
        // back makes times say nothing.
        if self.profile() == Profile::Clocks {
            return;
        }
        for link in self.links(pair) {
            let Some(copy) = link.copies.remote.as_ref().filter(|copy| !copy.gone) else { continue };
            let past = self.replica(pair + 1).past(&copy.stored.id);
            let Some(now) = past.iter().position(|(stored, _)| stored.version == copy.stored.version) else {
                continue;
            };
            let key = (pair, copy.stored.id.clone());
            let before = self.lock().held_states.insert(key, now);
            let time = |at: usize| past.get(at).map(|(stored, _)| stored.updated);
            // Of two states of one second nobody can tell which is older; real providers tell finer times.
            if before.is_some_and(|before| before > now && time(before) != time(now)) {
                let id = &copy.stored.id;
                self.bad(format!("pair {pair} took an older state of {id} for news (I2)"));
            }
        }
    }

    /// What cannot be read is not gone: nothing is deleted because of it (I9).
    fn watch_unread(&self, pair: usize, side: Side, write: &Write<Note>) {
        let Write::Delete { from, .. } = write else { return };
        if side == Side::Remote || self.lock().undoing {
            return;
        }
        let Some(item) = self.link_of(pair, side, &from.id).and_then(|link| link.item(Side::Remote).cloned())
        else {
            return;
        };
        // What was in the bin when it was asked for, and is out of it since, was gone by then.
        let was_binned = self.lock().diary.restored.get(&from.record.uid).map(|(replica, _)| *replica);
        if self.replica(pair + 1).unreadable().contains(&item) && was_binned != Some(pair + 1) {
            self.bad(format!("pair {pair} deleted {} because {item} cannot be read (I9)", from.id));
        }
    }

    /// A run that nobody approved does not carry the emptying of a side over, nor one change of nearly
    /// everything (I9).
    pub fn judge_alike(&self, pair: usize, approved: bool) {
        let Pair { state, rules, .. } = self.pair(pair);
        let (undoing, acts) = {
            let inner = self.lock();
            (inner.undoing, inner.acts)
        };
        if approved || undoing || acts != state.acts || state.complete || state.disturbed {
            return;
        }
        let lag = self.replica(pair + 1).capabilities().read_lag;
        for side in Side::BOTH {
            let emptied =
                state.alive[side.other() as usize] == 0 && state.linked >= rules.limits.emptied_floor;
            let known = side == Side::Remote || lag.is_zero();
            if emptied && known && state.deletes[side as usize] > 0 {
                self.bad(format!("pair {pair} emptied {side:?} because the other side is empty (I9)"));
            }
        }
        for ((side, field), items) in state.alike {
            let times = items.len() as u64;
            let links = (state.links + state.strangers).max(self.links(pair).len() as u64);
            let most = links * rules.limits.alike_percent / 100;
            if times >= rules.limits.alike_floor && times > most {
                self.bad(format!("pair {pair} changed {field} of {times} records on {side:?} unasked (I9)"));
            }
        }
    }

    /// A write of the engine landed, or did not.
    pub fn watch_landed(
        &self,
        pair: usize,
        replica: usize,
        write: &Write<Note>,
        result: &PortResult<Written<Note>>,
    ) {
        let truth = match result {
            Ok(Written::Stored(stored)) => Some(stored.record.clone()),
            Ok(Written::Deleted | Written::Removed(_)) => None,
            _ => return,
        };
        let deleted = truth.is_none();
        if let (Write::Update { from, to, .. }, Some(stored)) = (write, &truth) {
            self.watch_thrown_away(pair, replica, from, to, stored);
        }
        let (undoing, caused) = {
            let mut inner = self.lock();
            inner.diary.truth.insert(write.stamp(), truth);
            let ident = match write {
                Write::Delete { from, .. } => from.record.uid.clone(),
                _ => return,
            };
            let family = inner.diary.family(&ident);
            let caused = inner.diary.deletions.iter().any(|deletion| {
                family.contains(&deletion.ident)
                    && (deletion.replica == 0
                        || inner.pairs[deletion.replica - 1].rules.deletes.remote == Deletes::Propagate)
            });
            (inner.undoing, caused)
        };
        if deleted && !undoing && !caused {
            self.bad(format!("pair {pair} deleted on {replica} without a cause: {write:?} (I4, I9)"));
        }
    }

    /// A provider empties a field beside a write that left it alone, while it waits for a person: the row has a value
    /// that was typed, or was cleared, without having seen it.
    fn watch_thrown_away(&self, pair: usize, replica: usize, from: &Found, to: &Note, stored: &Note) {
        let Some(link) = self.link_of(pair, Side::Remote, &from.id).filter(|_| replica > 0) else { return };
        let row = link.item(Side::Local).and_then(|row| self.replica(0).get(row));
        // It waits because of what the row held when it was read, too, whatever was typed there since.
        let rows: Vec<&Note> =
            row.iter().map(|row| &row.record).chain(link.alive(Side::Local).map(|row| &row.record)).collect();
        let ident = &from.record.uid;
        let waits = |diary: &Diary, was, here, field| {
            here != was
                && !diary.supersedes(was, here)
                && (here > 0 || diary.clears.contains(&(ident.clone(), field)))
        };
        let mut inner = self.lock();
        for field in FIELDS {
            let [was, sent, stands] = [&from.record, to, stored].map(|note| token(&get(note, field)));
            let at = (replica, from.id.clone(), field);
            if was != sent {
                inner.diary.thrown_away.remove(&at);
            } else if was > 0
                && stands == 0
                && rows.iter().any(|row| waits(&inner.diary, was, token(&get(row, field)), field))
            {
                inner.diary.thrown_away.insert(at, was);
                inner.diary.ever_thrown_away.insert(was);
            }
        }
    }

    /// Tells whether the answer was lost to a write beside which a provider emptied a field: it looks cleared by a
    /// person (a known limit).
    fn looks_cleared(&self, pair: usize, link: &Link<Note>, field: &str) -> bool {
        let agreed = token(&get(&link.bases.remote, field));
        let (lost, truth) = {
            let inner = self.lock();
            (inner.diary.lost_entries.clone(), inner.diary.truth.clone())
        };
        lost.into_iter().filter(|(of, _)| *of == pair).any(|(_, id)| {
            let Some(Entry { from: Some(from), to: Some(to), .. }) = self.entry(id) else { return false };
            let Some(Some(stored)) = truth.get(&id) else { return false };
            let [was, sent, stands] = [&from.record, &to, stored].map(|note| token(&get(note, field)));
            link.item(Side::Remote) == Some(&from.id) && [was, sent] == [agreed; 2] && was > 0 && stands == 0
        })
    }

    /// A clash is held only where two people typed two things.
    pub fn judge_clashes(&self, pair: usize) {
        if self.lock().undoing {
            return;
        }
        let rules = self.pair(pair).rules;
        for link in self.links(pair) {
            let (Some(a), Some(b)) = (link.alive(Side::Local), link.alive(Side::Remote)) else { continue };
            for field in &link.held {
                let name = field.as_str();
                self.note("held fields seen");
                let (x, y) = (token(&get(&a.record, name)), token(&get(&b.record, name)));
                // Equal to a person: no conflict, wherever it was typed.
                let equal = get(&a.record, name).trim() == get(&b.record, name).trim();
                let looks_cleared = y == 0 && self.looks_cleared(pair, &link, name);
                let inner = self.lock();
                let diary = &inner.diary;
                let ident = &a.record.uid;
                let lost_here = diary.lost_here.contains(&(pair, ident.clone()));
                // What waited there, and was thrown away by the provider beside a write of ours to another field, is
                // still what the person is asked about: it is in the history, and the question stays.
                let waited = FIELDS
                    .iter()
                    .find(|f| **f == name && y == 0)
                    .and_then(|f| diary.thrown_away.get(&(pair + 1, b.id.clone(), *f)).copied())
                    .unwrap_or(y);
                let needless = equal
                    || x == waited
                    || x == 0
                    || waited == 0
                    || diary.supersedes(x, waited)
                    || diary.supersedes(waited, x);
                // In a hub, a record that was brought back takes what the other side of a pair last had where a person
                // has cleared the field: an old value comes back, and stands against what another pair has.
                let revives = |above, below| diary.supersedes(above, below) && diary.cleared.contains(&below);
                let revived =
                    inner.pairs.len() > 1 && diary.is_deleted(ident) && (revives(x, y) || revives(y, x));
                let excused = revived
                    || diary.is_merged(ident)
                    || looks_cleared
                    || diary.restored.contains_key(ident)
                    || diary.old_state
                    || diary.ever_private.contains(ident) && is_hidden(name)
                    || !sends(&rules, name)
                    || !takes(&rules, name)
                    || !equal && diary.typed_times(x) > 1
                    // A person cleared it: a change like any other, but without a token.
                    || (x == 0 || y == 0) && FIELDS.iter().any(|f| *f == name && diary.clears.contains(&(ident.clone(), *f)))
                    || !equal && diary.typed_times(y) > 1
                    || get(&b.record, name) == DEFAULT && diary.touched.contains(&(pair + 1, ident.clone(), "label"))
                    || get(&a.record, name) == DEFAULT && inner.pairs.len() > 1
                    // Another pair met its provider's own spelling and took it: for this pair a change like any other.
                    || inner.pairs.len() > 1
                        && (is_respelt(&get(&a.record, name), &get(&link.bases.local, name))
                            || is_respelt(&get(&b.record, name), &get(&link.bases.remote, name)))
                    // A first meeting knows no history; but an answer lost after it is no excuse.
                    || !equal
                        && get(&link.bases.local, name).is_empty()
                        && get(&link.bases.remote, name).is_empty()
                        && (!lost_here || x == 0 || y == 0 || diary.is_deleted(ident) || diary.again.contains(ident))
                    // The provider's own spelling, or a value guessed at, after a lost answer.
                    || diary.lost.contains(ident)
                        && (!inner.pairs[pair].stamps
                            || matches!(name, "place" | "phones/home") && inner.pairs.iter().any(|p| p.spell.own));
                drop(inner);
                if needless && !excused {
                    self.bad(format!(
                        "pair {pair} holds {name} of {} needlessly: {:?} {:?}, bases {:?} {:?} (I5)",
                        a.record.uid,
                        get(&a.record, name),
                        get(&b.record, name),
                        get(&link.bases.local, name),
                        get(&link.bases.remote, name),
                    ));
                }
            }
        }
    }

    /// All judges of a quiet world.
    pub fn judge(&self, what: &str, edits: bool) {
        let by: Vec<ByIdent> = (0..self.replicas())
            .map(|number| {
                let mut by = ByIdent::new();
                for stored in self.replica(number).alive() {
                    by.entry(stored.record.uid.clone()).or_default().push(stored);
                }
                by
            })
            .collect();
        let idents: BTreeSet<String> = by.iter().flat_map(|by| by.keys().cloned()).collect();
        self.judge_merges(what, &by);
        for ident in &idents {
            self.judge_copies(what, &by, ident);
            if self.lock().diary.is_merged(ident) {
                continue;
            }
            for pair in 0..self.pairs() {
                self.judge_pair(what, &by, ident, pair, edits);
            }
            if edits {
                self.judge_leftovers(what, &by, ident);
            }
        }
        self.judge_links(what, &by);
        if edits {
            self.judge_edits(what, &by);
            self.judge_deletions(what, &by, &idents);
        }
    }

    /// What was merged at the provider is one record on both sides (I3), in step (I1), with everything that was typed
    /// into either and that nobody let go (I2).
    fn judge_merges(&self, what: &str, by: &[ByIdent]) {
        if self.lock().undoing {
            // The undo of the run that carried a merge over makes two records of it again.
            return;
        }
        let merged = self.lock().diary.merged.clone();
        for (from, into) in &merged {
            let family = self.lock().diary.family(into);
            let of = |number: usize| -> Vec<&Found> {
                family.iter().flat_map(|ident| by[number].get(ident).into_iter().flatten()).collect()
            };
            let (mut here, there) = (of(0), of(1));
            // Where both records were changed here, the one whose item is gone waits for a person: what was typed into
            // it after the merge is nowhere else (see `make_again` of the engine's decision).
            here.retain(|row| !self.is_asked_about(row));
            let brought_back = self.lock().diary.family_was_deleted(into) || !is_plain(&self.pair(0).rules);
            if (here.len() > 1 || there.len() > 1) && !brought_back {
                self.bad(format!(
                    "{what}: {from} was merged into {into}: {} here, {} there (I3)",
                    here.len(),
                    there.len()
                ));
            }
            if brought_back {
                continue;
            }
            if let ([a], [b]) = (here.as_slice(), there.as_slice()) {
                let link = self.link_of(0, Side::Local, &a.id);
                if link.as_ref().and_then(|link| link.item(Side::Remote)) != Some(&b.id) {
                    self.bad(format!(
                        "{what}: {from}, merged into {into}, is not linked to it (I16): {link:?}"
                    ));
                }
            } else {
                self.bad(format!(
                    "{what}: {from}, merged into {into}, is on one side only: {} {} (I1)",
                    here.len(),
                    there.len()
                ));
            }
        }
    }

    /// Tells whether a row of a merged record has something that the person who merged did not see, and waits for an
    /// answer.
    fn is_asked_about(&self, row: &Found) -> bool {
        let ident = &row.record.uid;
        let link = self.link_of(0, Side::Local, &row.id);
        let is_held = link.is_some_and(|link| !link.held.is_empty() && link.half() == Some(Side::Local));
        let inner = self.lock();
        // Which of the two rows goes on with the item that lives on is the engine's to say.
        let merged = |deletion: &&Deletion| inner.diary.merged.contains_key(&deletion.ident);
        let merges = inner.diary.deletions.iter().filter(merged);
        let seen: BTreeSet<Token> = merges.flat_map(|deletion| deletion.seen.iter().copied()).collect();
        let typed = tokens(&row.record).iter().any(|token| !seen.contains(token));
        // What was cleared since has no token.
        let cleared = |field: &&str| {
            get(&row.record, field).is_empty() && inner.diary.clears.contains(&(ident.clone(), *field))
        };
        is_held && inner.diary.is_merged(ident) && (typed || FIELDS.iter().any(cleared))
    }

    /// No duplicates (I3).
    fn judge_copies(&self, what: &str, by: &[ByIdent], ident: &str) {
        for (number, by) in by.iter().enumerate() {
            // What could not be read when the others met is asked about.
            let is_late = |item: &Found| -> bool {
                number > 0
                    && self
                        .link_of(number - 1, Side::Remote, &item.id)
                        .is_some_and(|link| link.state == LinkState::Ambiguous && link.trails.remote.tardy)
            };
            let is_asked = |row: &&Found| number == 0 && self.is_asked_about(row) || is_late(row);
            let found = by.get(ident).map_or(0, |found| found.iter().filter(|row| !is_asked(row)).count());
            let (most, sum, deleted) = {
                let inner = self.lock();
                let diary = &inner.diary;
                let most = (0..self.replicas()).map(|n| diary.entered_on(ident, n)).max().unwrap_or(0).max(1);
                (most, diary.entered_in_all(ident), diary.is_deleted(ident))
            };
            // Entered once more beside a copy that is linked already, it is a second record.
            let back = {
                let inner = self.lock();
                inner.diary.restored.contains_key(ident) || inner.diary.again.contains(ident)
            };
            if found <= most || back && found <= sum {
                continue;
            }
            if deleted && found <= sum + 1 && self.lock().diary.late.contains(ident) {
                // Whoever deletes the row of the one that is there twice has answered which is which; what was typed into
                // the other meanwhile brings it back.
                self.note("two copies of what could not be read at first: one was deleted");
                continue;
            }
            let family = self.lock().diary.family(ident).len();
            if self.lock().diary.is_merged(ident) && !is_plain(&self.pair(0).rules) && found <= family {
                // Where what is gone at the provider stays here, what was merged away does, beside the one that lives on
                // and that may have its name now.
                self.note("two copies after a merge: the rules leave what is gone");
                continue;
            }
            if self.pairs() > 1 && found <= self.replicas() && self.lock().diary.old_state {
                // The table has lost a record that two remotes have, and two runs overlap.
                self.note("two copies in a hub: brought back twice after a restored backup");
                continue;
            }
            if self.pairs() > 1 && found <= sum && deleted {
                // A known limit of a hub: entered on two sides, deleted on one, brought back by one pair.
                self.note("two copies in a hub: entered twice, deleted, brought back");
                continue;
            }
            self.bad(format!("{what}: {found} copies of {ident} on {number}, {most} were entered (I3)"));
        }
    }

    /// Both sides of a pair agree (I1), and every item is known to it (I15).
    fn judge_pair(&self, what: &str, by: &[ByIdent], ident: &str, pair: usize, edits: bool) {
        let none = Vec::new();
        let locals = by[0].get(ident).unwrap_or(&none);
        let remotes = by[pair + 1].get(ident).unwrap_or(&none);
        for (side, items) in [(Side::Local, locals), (Side::Remote, remotes)] {
            for item in items {
                let known = self.link_of(pair, side, &item.id);
                let held = known.as_ref().and_then(|link| link.alive(side));
                if held.is_none_or(|held| held.version != item.version) {
                    self.bad(format!(
                        "{what}: {ident} on {side:?} is unknown to pair {pair}: {:?} but {:?} (I15)",
                        held.map(|held| &held.version),
                        item.version
                    ));
                    return;
                }
            }
        }
        if locals.len() > 1 || remotes.len() > 1 {
            return;
        }
        let (local, remote) = (locals.first(), remotes.first());
        let of = |side, item: Option<&Found>| item.and_then(|item| self.link_of(pair, side, &item.id));
        let (from_local, from_remote) = (of(Side::Local, local), of(Side::Remote, remote));
        let Some(link) = from_local.clone().or_else(|| from_remote.clone()) else { return };
        let rules = self.pair(pair).rules;
        match &link.state {
            LinkState::Ambiguous | LinkState::Released => return,
            LinkState::Rejected(_) => {
                if !locals.iter().chain(remotes).any(|item| is_poison(&item.record)) {
                    self.bad(format!("{what}: {ident} refused without a cause, pair {pair}"));
                }
                return;
            }
            LinkState::Active => {}
        }
        let judged = link.copies.local.as_ref().or(link.copies.remote.as_ref());
        if !rules.scope.all.is_empty() && judged.is_some_and(|copy| is_out(&copy.stored.record)) {
            return;
        }
        match (local, remote) {
            (Some(_), None) if rules.creates.remote => {
                self.bad(format!("{what}: {ident} missing on the remote of pair {pair} (I1): {link:?}"));
            }
            (None, Some(_)) if rules.creates.local => {
                self.bad(format!("{what}: {ident} missing locally, pair {pair} (I1): {link:?}"));
            }
            (Some(a), Some(b)) => {
                if from_remote.as_ref().is_some_and(|other| other.state == LinkState::Released) {
                    return;
                }
                if link.item(Side::Local) != Some(&a.id) || link.item(Side::Remote) != Some(&b.id) {
                    self.bad(format!("{what}: {ident} is not linked to itself, pair {pair} (I16)"));
                    return;
                }
                self.judge_fields(what, pair, &rules, &link, a, b, edits);
            }
            _ => {}
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn judge_fields(
        &self,
        what: &str,
        pair: usize,
        rules: &Rules,
        link: &Link<Note>,
        a: &Found,
        b: &Found,
        edits: bool,
    ) {
        let ident = &a.record.uid;
        let private = rules.redact_private && a.record.private;
        let inner = self.lock();
        let diary = &inner.diary;
        let spell = inner.pairs[pair].spell;
        let mut bad = Vec::new();
        if private && sends(rules, "title") {
            for field in ["title", "body"] {
                let shown = get(&b.record, field);
                let leaks = token(&shown) > 0 && plain(&shown) == plain(&get(&a.record, field));
                if leaks && diary.typed_times(token(&shown)) <= 1 {
                    bad.push(format!("{what}: the private {field} of {ident} shows on pair {pair} (I12)"));
                }
            }
        }
        for field in FIELDS {
            let held =
                link.held.contains(&Field::new(field)) || !link.held.is_empty() && rules.hold_whole_link;
            let (out, back) = (sends(rules, field), takes(rules, field));
            if held || !out && !back || private && is_hidden(field) {
                continue;
            }
            let sure = edits
                && !diary.old_state
                && !diary.lost_blurred.contains(ident)
                && !diary.is_deleted(ident)
                && diary.entered_in_all(ident) == 1;
            if (!out || !back) && !sure {
                continue;
            }
            let touched = |n: usize| {
                diary.touched.contains(&(n, ident.clone(), field)) || diary.entered_on(ident, n) > 0
            };
            if !out && (touched(0) || inner.pairs.len() > 1) || !back && touched(pair + 1) {
                continue;
            }
            let (x, y) = (plain(&get(&a.record, field)), plain(&get(&b.record, field)));
            if x == y || spell.drops(field) && y.is_empty() || x.is_empty() && y == DEFAULT {
                continue;
            }
            bad.push(format!(
                "{what}: {field} of {ident} differs on pair {pair}: {x:?} {y:?}, bases {:?} {:?} (I1)",
                get(&link.bases.local, field),
                get(&link.bases.remote, field)
            ));
        }
        drop(inner);
        for text in bad {
            self.bad(text);
        }
    }

    /// What we do not model stays (I7), and a provider's own values stay there (I5).
    fn judge_leftovers(&self, what: &str, by: &[ByIdent], ident: &str) {
        let mut bad = Vec::new();
        {
            let inner = self.lock();
            let diary: &Diary = &inner.diary;
            // Where two of one name stand, one is asked about: it was late to the first meeting.
            let is_one = by.iter().all(|by| by.get(ident).is_none_or(|found| found.len() <= 1));
            let once = is_one && (0..by.len()).all(|n| diary.entered_on(ident, n) <= 1);
            if diary.old_state || diary.again.contains(ident) {
                return;
            }
            if !diary.is_deleted(ident) && once {
                for (number, by) in by.iter().enumerate() {
                    for item in by.get(ident).into_iter().flatten() {
                        if let Some(set) = diary.leftovers.get(&(ident.to_owned(), number))
                            && item.opaque.0 != *set
                        {
                            bad.push(format!("{what}: leftovers of {ident} on {number} lost (I7)"));
                        }
                    }
                }
            }
            // Entered twice, it may meet a copy of itself anew, and a first meeting takes a default over none.
            let only_here = diary.entered_on(ident, 0) == 1
                && (1..by.len()).all(|n| diary.entered_on(ident, n) == 0)
                && !diary.touched.iter().any(|(n, who, _)| *n > 0 && who == ident);
            if only_here && !diary.lost.contains(ident) {
                for item in by[0].get(ident).into_iter().flatten() {
                    if item.record.label == DEFAULT {
                        bad.push(format!("{what}: a provider's own value of {ident} travelled (I5)"));
                    }
                }
            }
        }
        for text in bad {
            self.bad(text);
        }
    }

    /// One item, one link (I16); nothing open or due is left (I14).
    fn judge_links(&self, what: &str, _by: &[ByIdent]) {
        for pair in 0..self.pairs() {
            let mut seen = BTreeSet::new();
            for link in self.links(pair) {
                for side in Side::BOTH {
                    if let Some(item) = link.item(side)
                        && !seen.insert((side, item.clone()))
                    {
                        self.bad(format!("{what}: two links of pair {pair} on one item (I16)"));
                    }
                }
                if link.state == LinkState::Ambiguous && link.half().is_none() {
                    self.bad(format!("{what}: a whole link of pair {pair} is ambiguous (I16)"));
                }
                if link.due || link.looks() {
                    self.bad(format!("{what}: a link of pair {pair} still waits: {link:?} (I14)"));
                }
            }
        }
    }

    /// Every value typed is live, superseded, or in the history (I2).
    fn judge_edits(&self, what: &str, by: &[ByIdent]) {
        if self.lock().diary.old_state {
            // What a database put back from a backup does not know is not known.
            return;
        }
        let past = self.past_tokens();
        let misled = self.misled();
        let mut bad = Vec::new();
        {
            let inner = self.lock();
            let diary = &inner.diary;
            let past = diary.closure(past);
            let gave_way = diary.typed_over(misled.into_iter().chain(diary.ever_thrown_away.iter().copied()));
            let simple = inner.pairs.iter().all(|pair| is_plain(&pair.rules));
            for edit in &diary.edits {
                let family = diary.family(&edit.ident);
                let live = by
                    .iter()
                    .flat_map(|by| family.iter().filter_map(|ident| by.get(ident)).flatten())
                    .any(|item| diary.closure([token(&get(&item.record, edit.field))]).contains(&edit.token));
                let deleted = diary.deletions.iter().any(|d| {
                    family.contains(&d.ident) && diary.closure(d.seen.iter().copied()).contains(&edit.token)
                });
                if live || deleted || diary.cleared.contains(&edit.token) {
                    continue;
                }
                let dropped = inner.pairs.iter().any(|pair| pair.spell.drops(edit.field));
                let accounted_for = dropped && diary.is_deleted(&edit.ident)
                    || gave_way.contains(&edit.token)
                    || diary.odd.contains(&edit.ident)
                    || diary.is_merged(&edit.ident)
                    || diary.ever_private.contains(&edit.ident)
                    || diary.clears.contains(&(edit.ident.clone(), edit.field));
                let strict = simple && diary.entered_in_all(&edit.ident) == 1 && !accounted_for;
                let text = format!("{what}: t{} typed into {} of {}", edit.token, edit.field, edit.ident);
                if !past.contains(&edit.token) {
                    bad.push(format!("{text} vanished (I2)"));
                } else if strict {
                    bad.push(format!("{text} is only in the history (I2)"));
                }
            }
        }
        for text in bad {
            self.bad(text);
        }
    }

    /// All values that the history of any pair knows.
    pub fn past_tokens(&self) -> BTreeSet<u32> {
        let mut past: BTreeSet<u32> = BTreeSet::new();
        for pair in 0..self.pairs() {
            for entry in self.ledger.all_entries(&Self::pair_id(pair)) {
                past.extend(entry.from.iter().flat_map(|from| tokens(&from.record)));
                past.extend(entry.to.iter().flat_map(tokens));
            }
        }
        past
    }

    /// What people deleted stays deleted (I4), unless there was an edit that they had not seen.
    fn judge_deletions(&self, what: &str, by: &[ByIdent], idents: &BTreeSet<String>) {
        let blurred = self.misread();
        let waiting: BTreeSet<String> = (0..self.pairs())
            .flat_map(|pair| self.links(pair))
            .filter(Link::needs_attention)
            .flat_map(|link| link.copies.local.into_iter().chain(link.copies.remote))
            .map(|copy| copy.stored.record.uid)
            .collect();
        let mut bad = Vec::new();
        {
            let mut inner = self.lock();
            let carried = inner.pairs.iter().all(|pair| {
                pair.rules.deletes.local == Deletes::Propagate
                    && pair.rules.deletes.remote == Deletes::Propagate
            });
            let diary = std::mem::take(&mut inner.diary);
            let mut judged = 0;
            for (who, (replica, act)) in diary.restored.iter().filter(|_| !diary.old_state) {
                // Deleted at the other side too, it is gone there, and here it looks as it did before.
                let deleted_since = diary
                    .deletions
                    .iter()
                    .any(|d| d.ident == *who && (d.act >= *act || d.replica != *replica));
                // Where the answer to our own deletion was lost, we cannot know that the item was in the bin.
                if !deleted_since && !diary.lost.contains(who) && !by[*replica].contains_key(who) {
                    bad.push(format!("{what}: {who}, taken out of the bin of {replica}, is gone again (I4)"));
                }
            }
            for deletion in &diary.deletions {
                let who = &deletion.ident;
                let unseen = diary.edits.iter().any(|edit| {
                    edit.ident == *who
                        && (!deletion.seen.contains(&edit.token) || diary.typed_times(edit.token) > 1)
                });
                let parked =
                    diary.flipped.contains(who) || diary.refilled.contains(who) || waiting.contains(who);
                // A default is taken for an edit once a record is brought back in a hub: a known limit.
                let defaulted = inner.pairs.len() > 1
                    && !deletion.saw_default
                    && by[0]
                        .get(who)
                        .is_some_and(|found| found.iter().any(|item| item.record.label == DEFAULT));
                if deletion.exempt
                    || defaulted
                    || diary.restored.contains_key(who)
                    || diary.old_state
                    || blurred.contains(who)
                    || diary.odd.contains(who)
                    || diary.entered_in_all(who) > 1
                    || unseen
                    || parked
                {
                    continue;
                }
                judged += 1;
                let back_there = by[deletion.replica].contains_key(who);
                if carried && idents.contains(who) || back_there {
                    bad.push(format!("{what}: {who}, deleted on {}, is there (I4)", deletion.replica));
                }
            }
            inner.diary = diary;
            drop(inner);
            for _ in 0..judged {
                self.note("deletions judged");
            }
        }
        for text in bad {
            self.bad(text);
        }
    }

    /// Identities for which a lost answer was read differently from what had happened.
    fn misread(&self) -> BTreeSet<String> {
        let (lost, truth) = {
            let inner = self.lock();
            (inner.diary.lost_entries.clone(), inner.diary.truth.clone())
        };
        let mut misread = BTreeSet::new();
        for (_, id) in lost {
            let Some(entry) = self.entry(id) else { continue };
            let from = match entry.op {
                Op::Create { .. } => Note::default(),
                _ => entry.from.as_ref().map(|from| from.record.clone()).unwrap_or_default(),
            };
            let to = entry.to.clone().unwrap_or_default();
            let landed = matches!(entry.outcome, Outcome::Landed(_));
            let wrong = entry.is_open()
                || match truth.get(&id) {
                    Some(Some(stored)) => {
                        !landed
                            || FIELDS.iter().any(|field| {
                                let [f, t, s] = [&from, &to, stored].map(|note| get(note, field));
                                if f == t { s != f } else { s.trim() != t.trim() }
                            })
                    }
                    Some(None) => !landed,
                    None => landed,
                };
            if wrong {
                misread.insert(if to.uid.is_empty() { from.uid } else { to.uid });
            }
        }
        misread
    }

    /// Values that gave way because nobody can know what a write did whose answer was lost: one that the provider
    /// threw away beside it looks cleared by a person; and where no stamps are kept, a write that never landed looks
    /// as if it had, once a person types one of the values that it sent, and what they typed then as if it were
    /// typed over the others.
    fn misled(&self) -> BTreeSet<Token> {
        let (lost, truth) = {
            let inner = self.lock();
            (inner.diary.lost_entries.clone(), inner.diary.truth.clone())
        };
        let mut misled = BTreeSet::new();
        for (pair, id) in lost {
            let Some(entry) = self.entry(id).filter(|entry| matches!(entry.op, Op::Update)) else { continue };
            let (Some(from), Some(to)) = (&entry.from, &entry.to) else { continue };
            let read_as_landed = matches!(entry.outcome, Outcome::Landed(_));
            for field in FIELDS {
                let [was, sent] = [&from.record, to].map(|note| get(note, field));
                let gave_way = match truth.get(&id) {
                    Some(Some(stored)) => was == sent && token(&get(stored, field)) == 0,
                    Some(None) => false,
                    None => was != sent && read_as_landed && !self.pair(pair).stamps,
                };
                if gave_way {
                    misled.insert(token(&sent));
                }
            }
        }
        misled
    }

    /// An undo leaves alone what somebody typed since (I10, I2).
    pub fn judge_typed_since(&self, pair: usize, typed: &[(usize, ItemId, &'static str, Token)]) {
        let rules = self.pair(pair).rules;
        for (replica, item, field, typed) in typed {
            let now = self.replica(*replica).get(item).map(|stored| token(&get(&stored.record, field)));
            if now == Some(*typed) {
                continue;
            }
            // Where an edit does not travel, it does not save its record from a deletion by a person at the other side: the
            // record goes once it is in the scope of the pair, and what was typed is in the history.
            let travels = if *replica == 0 { sends(&rules, field) } else { takes(&rules, field) };
            let past = self.replica(*replica).past(item);
            let was_deleted = past.last().is_some_and(|(last, _)| {
                let elsewhere = |gone: &Deletion| gone.ident == last.record.uid && gone.replica != *replica;
                self.lock().diary.deletions.iter().any(elsewhere)
            });
            let follows = now.is_none() && !travels && was_deleted;
            if !follows || !self.past_tokens().contains(typed) {
                self.bad(format!("undo: t{typed}, typed into {field} since, is gone (I10)"));
            }
        }
    }

    /// The undo of the last run of a lone pair puts back exactly what was there (I10).
    pub fn judge_undo(&self, pair: usize, run: RunId, last: bool, before: &[Vec<Found>]) {
        let rules = self.pair(pair).rules;
        if !last || self.pairs() > 1 || !is_whole(&rules) {
            return;
        }
        let done: Vec<Entry<Note>> = self
            .ledger
            .all_entries(&Self::pair_id(pair))
            .into_iter()
            .filter(|entry| entry.run == run && matches!(entry.outcome, Outcome::Landed(_)))
            .collect();
        for entry in &done {
            let number = if entry.side == Side::Local { 0 } else { pair + 1 };
            let (Some(from), Outcome::Landed(Some(stored)), Op::Update) =
                (&entry.from, &entry.outcome, &entry.op)
            else {
                self.judge_undone_whole(entry, number, &before[number]);
                self.judge_source(pair, entry, before);
                continue;
            };
            if done.iter().filter(|other| other.link == entry.link).count() > 1 {
                continue;
            }
            let was = before[number].iter().find(|item| item.id == stored.id);
            let (Some(was), Some(is)) = (was, self.replica(number).get(&stored.id)) else { continue };
            let link = self.links(pair).into_iter().find(|link| link.id == entry.link);
            let Some(link) = link.filter(|link| link.held.is_empty()) else { continue };
            for field in FIELDS {
                let [old, new, then, now] =
                    [&from.record, &stored.record, &was.record, &is.record].map(|note| get(note, field));
                let private = self.lock().diary.ever_private.contains(&is.record.uid) && is_hidden(field);
                let spell = self.pair(pair).spell;
                // What the run did not send it did not change: where its answer was lost, the state that was found in
                // the end has what somebody typed since, which stays.
                let sent = entry.to.as_ref().is_some_and(|to| get(to, field) != old);
                let right = if sent { &old } else { &new };
                if entry.side == Side::Remote && spell.lazy && (spell.drops(field) || field == "label") {
                    // What a person typed there does not survive any write.
                    continue;
                }
                if old == new || then != new || old == DEFAULT || private {
                    continue;
                }
                // The other side's own edit was waiting, and now came over.
                let other = if entry.side == Side::Local { pair + 1 } else { 0 };
                let waiting = before[other].iter().any(|item| {
                    Some(&item.id) == link.item(entry.side.other())
                        && plain(&get(&item.record, field)) == plain(&now)
                        && plain(&now) != plain(&new)
                });
                if !waiting && plain(&now) != plain(right) {
                    self.bad(format!("undo: {field} of {} is {now:?}, has to be {right:?} (I10)", stored.id));
                }
            }
        }
    }

    /// The undo of a create leaves its source alone.
    fn judge_source(&self, pair: usize, entry: &Entry<Note>, before: &[Vec<Found>]) {
        let other = if entry.side == Side::Local { pair + 1 } else { 0 };
        let Some(made) = entry.to.as_ref().filter(|_| matches!(entry.op, Op::Create { .. })) else { return };
        let of = |items: &[Found]| items.iter().filter(|item| item.record.uid == made.uid).count();
        // What the same run made there under the same name is taken back, too.
        let is_made = |it: &&Entry<Note>| {
            it.run == entry.run
                && it.side != entry.side
                && matches!(it.op, Op::Create { .. })
                && matches!(it.outcome, Outcome::Landed(_))
                && it.to.as_ref().is_some_and(|to| to.uid == made.uid)
        };
        let made_there = self.ledger.all_entries(&Self::pair_id(pair)).iter().filter(is_made).count();
        if of(&before[other]) > of(&self.replica(other).alive()) + made_there {
            self.bad(format!("undo: the source of {} was deleted (I10)", made.uid));
        }
    }

    fn judge_undone_whole(&self, entry: &Entry<Note>, number: usize, before: &[Found]) {
        let record = entry.from.as_ref().map(|from| &from.record).or(entry.to.as_ref());
        if record.is_some_and(|record| self.lock().diary.is_merged(&record.uid)) {
            // What was merged stands in the record that it was merged into.
            return;
        }
        match (&entry.op, &entry.outcome, &entry.from) {
            (Op::Create { .. }, Outcome::Landed(Some(stored)), _) => {
                let untouched = before.iter().any(|i| i.id == stored.id && i.version == stored.version);
                if untouched && self.replica(number).get(&stored.id).is_some() {
                    self.bad(format!("undo: {} is still there (I10)", stored.id));
                }
            }
            (Op::Delete, _, Some(from)) => {
                let back = self.replica(number).alive().iter().any(|i| i.record.uid == from.record.uid);
                if !back {
                    self.bad(format!("undo: {} is not back (I10)", from.record.uid));
                }
            }
            _ => {}
        }
    }
}
