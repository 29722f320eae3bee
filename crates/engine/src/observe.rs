//! Observe: what is new, changed or gone on a side, page by page.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use passerelle_ports::{
    Changes, Clocks, Cursor, EntriesOf, Entry, ErrorKind, Find, From, ItemId, Link, LinkId, LinkState,
    MEMORY, Next, Op, Outcome, Page, PageToken, PortError, PortResult, Record, Side, Slice, Stored, Stranger,
    Trail, Written,
};
use passerelle_sync_rules::{Action, Answer, Intent, answered, changed_unseen, create_key, put_copy, rebase};

use crate::{
    engine::Phase,
    session::{Flow, Session, broken, early, ledger},
    unread::{is_of_item, is_stub, look_again},
    work::Work,
};

/// How many pages in a row may bring nothing that the listing has not brought before.
const STILL: u32 = 500;

/// How many listed states are kept until their items are fetched by name.
const LISTED_MAX: usize = 2_000;

/// What is said of a listing that brings more items than the pair's settings allow.
const TOO_MANY: &str = "changes: too many";

/// The way through a listing: one that goes in circles, on without news, or on with ever more items would never end.
#[derive(Default)]
struct Way {
    count: u64,
    places: HashSet<PageToken>,
    items: HashSet<ItemId>,
    still: u32,
}

impl Way {
    /// Tells whether the listing has brought more than so many items.
    fn is_too_long<R: Record>(&mut self, page: &Page<R>, most: u64) -> bool {
        self.count += (page.items.len() + page.removed.len() + page.unread.len()) as u64;
        self.count > most
    }

    /// Tells whether a page leads on: to a place that is new, with news now and then.
    fn leads_on<R: Record>(&mut self, page: &Page<R>) -> bool {
        let Next::Page(token) = &page.next else { return true };
        let ids = page.items.iter().map(|stored| &stored.id).chain(&page.removed);
        let ids = ids.chain(page.unread.iter().filter_map(|unread| unread.id.as_ref()));
        let news = ids.filter(|id| self.items.insert((*id).clone())).count();
        self.still = if news == 0 { self.still + 1 } else { 0 };
        self.places.insert(token.clone()) && self.still < STILL
    }
}

impl<R: Record> Session<'_, R> {
    /// Marks all links due if the rules are not those of the last run.
    pub(crate) async fn check_rules(&mut self) -> Flow<()> {
        let state = self.engine.ledger.pair_state(self.pair()).await.map_err(ledger)?;
        let (mark, is_news) = self.engine.mark().after(state.rules.as_deref());
        self.rules_pending = mark.pending;
        if is_news {
            self.commit(Changes { rules: Some(mark.to_string()), ..Default::default() }).await?;
        }
        Ok(())
    }

    /// Remembers that what the new rules do has been seen by a person, or is nothing.
    pub(crate) async fn accept_rules(&mut self) -> Flow<()> {
        if std::mem::take(&mut self.rules_pending) {
            let mark = self.engine.mark().to_string();
            self.commit(Changes { rules_seen: Some(mark), ..Default::default() }).await?;
        }
        Ok(())
    }

    /// Reads what changed on a side since its cursor, or everything.
    pub(crate) async fn observe(&mut self, side: Side) -> Flow<()> {
        let state = self.engine.ledger.pair_state(self.pair()).await.map_err(ledger)?;
        let mut from = match state.cursors[side].clone() {
            // The replica gives no cursors: it is listed as a whole each time. Only its first listing holds
            // deletions back, or they would wait for ever.
            Some(cursor) if cursor.as_str().is_empty() => self.list_whole(side),
            Some(cursor) => From::Cursor(cursor),
            None => self.list_all(side),
        };
        let mut done = 0;
        let mut way = Way::default();
        loop {
            if from == From::Start {
                self.unmet[side] = self.strange_looks(side).await?;
            }
            let page = match self.replica(side).changes(from).await {
                Ok(page) => page,
                // Only a listing of changes may turn into a complete one: two complete listings of one run
                // could not be told apart.
                Err(error) if error.kind == ErrorKind::CursorExpired && !self.whole[side] => {
                    tracing::info!(
                        run.id = self.run.0,
                        side = side.as_str(),
                        "cursor expired: listing everything"
                    );
                    from = self.list_all(side);
                    way = Way::default();
                    continue;
                }
                Err(error) => return Err(early(side)(error)),
            };
            if side == Side::Remote && way.is_too_long(&page, self.engine.settings.listing_max) {
                return Err(early(side)(PortError::new(ErrorKind::Unexpected, TOO_MANY)));
            }
            if !way.leads_on(&page) {
                return Err(early(side)(PortError::new(ErrorKind::Unexpected, "changes")));
            }
            done += page.items.len() as u64;
            self.step(done, 0, Phase::Listing(side));
            let (next, cursor) = match page.next.clone() {
                Next::Page(token) => (Some(token), None),
                Next::End(cursor) => (None, Some(cursor)),
            };
            self.save_page(side, page, cursor).await?;
            match next {
                Some(token) => from = From::Page(token),
                None => {
                    let found = self.replica(side).not_carried();
                    self.report.not_carried = found.or(self.report.not_carried.take());
                    return Ok(());
                }
            }
        }
    }

    fn list_all(&mut self, side: Side) -> From {
        self.report.complete[side] = true;
        self.list_whole(side)
    }

    fn list_whole(&mut self, side: Side) -> From {
        self.whole[side] = true;
        From::Start
    }

    /// Saves one page in one transaction; the cursor with the last page only.
    async fn save_page(&mut self, side: Side, page: Page<R>, cursor: Option<Cursor>) -> Flow<()> {
        let mut work = Work::new(self.find(Find::Items(side, ids_of(&page))).await?);
        let lags = !self.capabilities(side).read_lag.is_zero();
        let remembers = lags || self.capabilities(side).one_way;
        let ids: Vec<ItemId> = if remembers { ids_of(&page) } else { Vec::new() };
        let strange = ids.into_iter().filter(|id| work.by_item(side, id).is_none()).collect();
        let mut strange = self.strangers(side, strange).await?;
        for id in ids_of(&page) {
            self.unmet[side].remove(&id);
        }
        let unknown = page.items.iter().filter(|it| work.by_item(side, &it.id).is_none() && !it.withdrawn);
        let unknown: Vec<_> = unknown.map(|stored| (stored.id.clone(), stored.made)).collect();
        let claimed = self.claimed(side, &unknown).await?;
        let mut met = Vec::new();
        for stored in page.items {
            match work.by_item(side, &stored.id) {
                Some(id) if !lags && work.get(id).is_some_and(|link| is_stub(link, side)) => {
                    work.forget(id);
                    met.extend(self.adopt_unread(&mut work, side, stored).await?);
                }
                Some(id) => {
                    met.push(id);
                    let Ok(stored) = self.recalled(&work, side, id, stored).await? else {
                        // It is fetched by name, and set aside where that cannot be done either.
                        work.change(id, |link| look_again(link, side, lags));
                        continue;
                    };
                    let is_past =
                        work.get(id).is_some_and(|link| self.is_past(side, &link.trails[side], &stored));
                    self.meet_known(&mut work, side, id, stored, lags || is_past);
                }
                // To be fetched once more by the next run: who carries it over may not come to it.
                None if claimed.contains(&stored.id) => {
                    work.changes.strangers.push(listed(side, stored, None, self.clocks(side)));
                }
                None if lags || self.was_dead(side, strange.get(&stored.id), &stored) => {
                    self.report.observed[side] += 1;
                    let mut known = strange.remove(&stored.id);
                    if let Some(known) = known.as_mut().filter(|_| self.whole[side]) {
                        known.trail.unmet = false;
                    }
                    self.keep_listed(side, &stored);
                    let stranger = listed(side, stored, known, self.clocks(side));
                    work.changes.strangers.push(stranger.clone());
                    strange.insert(stranger.item.clone(), stranger);
                }
                None => met.extend(self.adopt(&mut work, side, stored).await?),
            }
        }
        met.extend(self.save_unread(&mut work, side, page.unread, &mut strange));
        // What has no name can be met again by a listing of everything only.
        let cursor =
            cursor.map(|cursor| if self.report.nameless[side] > 0 { Cursor::new("") } else { cursor });
        for item in page.removed {
            if let Some(id) = work.by_item(side, &item) {
                work.change(id, |link| {
                    if let Some(copy) = link.copies[side].as_mut().filter(|copy| !copy.gone) {
                        copy.look = true;
                        link.trails[side].unlist();
                    }
                });
            } else if let Some(mut stranger) = strange.remove(&item).filter(|stranger| stranger.look) {
                stranger.trail.unlist();
                work.changes.strangers.push(stranger);
            }
        }
        for (former, now) in page.formerly {
            if let Some(id) = work.by_item(side, &former) {
                work.change(id, |link| {
                    if let Some(copy) = link.copies[side].as_mut().filter(|copy| !copy.gone) {
                        copy.look = true;
                        link.trails[side].became = Some(now);
                    }
                });
            }
        }
        if self.whole[side] {
            work.changes.met = Some((side, self.run, met));
            work.changes.absent = (cursor.is_some()).then_some((side, self.run));
            if cursor.is_some() {
                work.changes.strangers.extend(self.unmet_strangers(side).await?);
            }
        }
        if remembers && cursor.is_some() {
            work.changes.gone_before = self.engine.clock.now().checked_sub_signed(self.lag(side).max(MEMORY));
        }
        work.changes.cursors[side] = cursor;
        let changes = work.into_changes();
        self.commit(changes).await
    }

    /// Returns the items of a side that no link knows and that are still to be fetched.
    async fn strange_looks(&self, side: Side) -> Flow<BTreeSet<ItemId>> {
        let mut strange = BTreeSet::new();
        let mut after: Option<ItemId> = None;
        loop {
            let store = &self.engine.ledger;
            let looks = store.looks(self.pair(), side, after.as_ref(), self.chunk()).await.map_err(ledger)?;
            let Some(last) = looks.last() else { return Ok(strange) };
            after = Some(last.item.clone());
            strange.extend(looks.into_iter().filter(|look| look.link.is_none()).map(|look| look.item));
        }
    }

    /// Remembers of items that no link knows that a listing of everything did not show them: no later listing tells that
    /// they are gone.
    async fn unmet_strangers(&mut self, side: Side) -> Flow<Vec<Stranger>> {
        let items = std::mem::take(&mut self.unmet[side]).into_iter().collect();
        let known = self.strangers(side, items).await?;
        Ok(known
            .into_values()
            .map(|stranger| Stranger { trail: Trail { unmet: true, ..stranger.trail }, ..stranger })
            .collect())
    }

    /// Completes a copy that was read with what the last one still tells; an error where that item cannot be read.
    pub(crate) async fn recalled(
        &self,
        work: &Work<R>,
        side: Side,
        id: LinkId,
        stored: Stored<R>,
    ) -> Flow<PortResult<Stored<R>>> {
        let known = work.get(id).and_then(|link| link.alive(side));
        let Some(known) = known.filter(|known| known.version != stored.version) else {
            return Ok(Ok(stored));
        };
        match self.replica(side).recall(known, stored).await {
            Err(error) if !is_of_item(error.kind) => Err(early(side)(error)),
            recalled => Ok(recalled),
        }
    }

    /// A listed item that a link knows: nothing if we hold that version; else the new copy, or, where a
    /// listing may lag, a hint to look.
    fn meet_known(&mut self, work: &mut Work<R>, side: Side, id: LinkId, stored: Stored<R>, lags: bool) {
        let held = work.get(id).and_then(|link| link.alive(side));
        if held.is_some_and(|held| held.version == stored.version && held.withdrawn == stored.withdrawn) {
            let now = self.engine.clock.now();
            work.change(id, |link| link.trails[side].shown_again(now));
            return;
        }
        self.report.observed[side] += 1;
        let clocks = self.clocks(side);
        if lags {
            self.keep_listed(side, &stored);
        } else {
            self.note_unseen(work, side, id, &stored);
        }
        work.change(id, |link| {
            if lags {
                if let Some(copy) = &mut link.copies[side] {
                    copy.look = true;
                }
                link.trails[side].listed(&stored);
                // The next run that asks for it may come when their clock is there again.
                link.trails[side].date(clocks.now, clocks.theirs);
            } else {
                put_copy(link, side, stored);
            }
        });
    }

    /// Keeps what a listing showed until the item is fetched by name; of very many, the first ones.
    fn keep_listed(&mut self, side: Side, stored: &Stored<R>) {
        let kept = &mut self.listed[side];
        if kept.len() < LISTED_MAX || kept.contains_key(&stored.id) {
            kept.insert(stored.id.clone(), stored.clone());
        }
    }

    /// Tells whether a listing shows an item that was removed, in a state from before: where answers are never late,
    /// only a version that cannot come again tells that.
    fn was_dead(&self, side: Side, known: Option<&Stranger>, stored: &Stored<R>) -> bool {
        known.is_some_and(|stranger| {
            stranger.trail.gone.is_some() && self.is_past(side, &stranger.trail, stored)
        })
    }

    /// Keeps in the history what somebody changed on a side and no run carries over, so that an undo of this run
    /// takes it back with the rest.
    pub(crate) fn note_unseen(&self, work: &mut Work<R>, side: Side, id: LinkId, stored: &Stored<R>) {
        let Some(link) = work.get(id) else { return };
        let (Some(before), Some(other)) = (link.alive(side), link.alive(side.other())) else { return };
        let mut stored = stored.clone();
        stored.record = stored.record.aligned(Some(&before.record), Some(&other.record));
        // What our own write left is in the history already, with its entry.
        let is_ours = stored.stamp.is_some() && stored.stamp != before.stamp;
        let is_moved = (before.withdrawn, &before.home) != (stored.withdrawn, &stored.home);
        let carried = |opaque| self.replica(side).carried_along(opaque);
        let is_seen = match is_moved && carried(&before.opaque) == carried(&stored.opaque) {
            // The move itself changed the rest of them.
            true => changed_unseen(before, &Stored { opaque: before.opaque.clone(), ..stored.clone() }),
            false => changed_unseen(before, &stored),
        };
        if is_ours || !is_seen {
            return;
        }
        let intent = Intent {
            side,
            action: Action::Update,
            to: Some(stored.record.clone()),
            taken: Vec::new(),
            source: R::default(),
        };
        let outcome = Outcome::Landed(Some(stored));
        let entry = Entry { op: Op::Seen, outcome, ..self.entry(link, intent) };
        work.changes.open.push(entry);
    }

    /// Finds the link of an item that no link knows: the answer to an open create, a record that another
    /// pair brought back, or a new half.
    pub(crate) async fn adopt(
        &mut self,
        work: &mut Work<R>,
        side: Side,
        stored: Stored<R>,
    ) -> Flow<Option<LinkId>> {
        self.report.observed[side] += 1;
        if let Some(entry) = self.open_create(side, &stored)
            && let Some(link) = self.load(work, entry.link).await?
        {
            let id = link.id;
            let mine = stored.made == Some(entry.id);
            self.adopt_create(work, entry, link, stored, mine).await?;
            return Ok(Some(id));
        }
        if let Some(mut link) = self.awaited_link(work, side, &stored).await? {
            let id = link.id;
            put_copy(&mut link, side, stored);
            work.save(link);
            return Ok(Some(id));
        }
        if side == Side::Local
            && let Some(root) = stored.lineage.clone()
        {
            if let Some(mut link) = self.find_root(work, &root).await? {
                let id = link.id;
                put_copy(&mut link, side, stored);
                work.save(link);
                return Ok(Some(id));
            }
            if let Some(entry) = self.open_root(&root).await?
                && let Some(link) = self.load(work, entry.link).await?
            {
                let id = link.id;
                self.adopt_create(work, entry, link, stored, true).await?;
                return Ok(Some(id));
            }
        }
        if stored.withdrawn && stored.home.is_some() {
            // It stands elsewhere, and no link here knows it: it is none of ours.
            return Ok(None);
        }
        let is_ours = self.counted_as_not_made(side, &stored).await?;
        let mut link = Link::new(self.new_link());
        let id = link.id;
        put_copy(&mut link, side, stored);
        link.trails[side].born = Some(self.engine.clock.now());
        link.trails[side].tardy = is_ours;
        work.save(link);
        Ok(Some(id))
    }

    /// As [`Session::adopt`], of an item that could not be read until now: its other half may have met another one.
    pub(crate) async fn adopt_unread(
        &mut self,
        work: &mut Work<R>,
        side: Side,
        stored: Stored<R>,
    ) -> Flow<Option<LinkId>> {
        let id = self.adopt(work, side, stored).await?;
        if let Some(id) = id {
            work.change(id, |link| {
                let is_alone = link.half() == Some(side);
                link.trails[side].tardy |= is_alone;
            });
        }
        Ok(id)
    }

    /// Tells whether an item was made by a create of ours that was taken for not done: it landed in spite of an error,
    /// and showed later than things do. By now it may have been made once more.
    async fn counted_as_not_made(&self, side: Side, stored: &Stored<R>) -> Flow<bool> {
        let Some(made) = stored.made.filter(|_| side == Side::Remote) else { return Ok(false) };
        let found = self.engine.ledger.entries(&EntriesOf::Entry(made), Slice { skip: 0, limit: 1 }).await;
        let is_ours = |entry: &Entry<R>| {
            entry.side == side
                && matches!(entry.op, Op::Create { .. })
                && matches!(entry.outcome, Outcome::NotLanded)
        };
        Ok(found.map_err(ledger)?.first().is_some_and(is_ours))
    }

    /// Finds the half that would create this very item: its create has landed in a life that the ledger,
    /// put back from a backup, has forgotten.
    async fn awaited_link(
        &mut self,
        work: &mut Work<R>,
        side: Side,
        stored: &Stored<R>,
    ) -> Flow<Option<Link<R>>> {
        let Some(key) = stored.key.as_ref() else { return Ok(None) };
        if self.awaited[side].is_none() {
            let mut awaited = BTreeMap::new();
            let mut after = None;
            loop {
                let store = &self.engine.ledger;
                let halves = store.due_halves(self.pair(), after, self.chunk()).await.map_err(ledger)?;
                let Some(last) = halves.last() else { break };
                after = Some(last.link);
                for half in halves.iter().filter(|half| half.side != side) {
                    let installation = &self.engine.settings.installation;
                    awaited.insert(create_key(installation, self.pair(), half.link, side, None), half.link);
                }
            }
            self.awaited[side] = Some(awaited);
        }
        let Some(id) = self.awaited[side].as_ref().and_then(|awaited| awaited.get(key).copied()) else {
            return Ok(None);
        };
        let link = self.load(work, id).await?;
        Ok(link.filter(|link| link.copies[side].is_none()))
    }

    fn open_create(&self, side: Side, stored: &Stored<R>) -> Option<Entry<R>> {
        let key = stored.key.as_ref()?;
        let answers = |entry: &&Entry<R>| {
            entry.side == side && matches!(&entry.op, Op::Create { key: sent } if sent == key)
        };
        self.open.iter().find(answers).cloned()
    }

    /// Finds the open create that made the row with which a line began: another pair has brought that row back since.
    async fn open_root(&self, root: &ItemId) -> Flow<Option<Entry<R>>> {
        let side = Side::Local;
        if !self.capabilities(side).outcomes {
            return Ok(None);
        }
        let creates = || {
            let of_side = self.open.iter().filter(|entry| entry.side == side);
            of_side.filter(|entry| matches!(entry.op, Op::Create { .. }))
        };
        let ids: Vec<_> = creates().map(|entry| entry.id).collect();
        if ids.is_empty() {
            return Ok(None);
        }
        let outcomes = self.replica(side).outcome(&ids).await.map_err(early(side))?;
        let made = creates().zip(outcomes).find(|(_, outcome)| match outcome {
            Some(Written::Stored(first)) => first.id == *root || first.lineage.as_ref() == Some(root),
            _ => false,
        });
        Ok(made.map(|(entry, _)| entry.clone()))
    }

    /// The item carries the key of an open create, or follows the one that it made: it goes to that link. The entry
    /// landed only if it is the one that made the item; two lives of one link, and two pairs, can send the same key.
    async fn adopt_create(
        &mut self,
        work: &mut Work<R>,
        entry: Entry<R>,
        mut link: Link<R>,
        stored: Stored<R>,
        mine: bool,
    ) -> Flow<()> {
        let side = entry.side;
        if let Some(copy) = link.copies[side].as_ref().filter(|copy| copy.look && copy.stored.id != stored.id)
        {
            // Still to be looked at: it is nobody's from now on.
            let (item, trail) = (copy.stored.id.clone(), Trail::default());
            work.changes.strangers.push(Stranger { side, item, trail, look: true });
        } else if let Some(old) = link.alive(side).filter(|old| old.id != stored.id).cloned() {
            // What this create was to replace came back meanwhile: two items are two records.
            let mut half = Link::new(self.new_link());
            put_copy(&mut half, side, old);
            work.save(half);
        }
        let mut answer = None;
        if mine && self.capabilities(side).outcomes {
            let outcomes = self.replica(side).outcome(&[entry.id]).await.map_err(early(side))?;
            if let Some(Some(Written::Stored(first))) = outcomes.into_iter().next() {
                answer = Some(first);
            }
        }
        if let Some(first) = &answer {
            answered(&mut link, &entry, &Answer::Stored(first.clone()), self.rules()).map_err(broken)?;
        }
        let bases = link.bases.clone();
        put_copy(&mut link, side, stored.clone());
        if mine && answer.is_none() {
            // Nobody brought it back: we made it, and what was agreed on still is, even if its source is gone since.
            link.bases = bases;
            rebase(&mut link, &entry, &stored.record).map_err(broken)?;
        }
        if link.state == LinkState::Released {
            link.state = LinkState::Active;
        }
        link.due = true;
        let outcome = if mine { Outcome::Landed(Some(answer.unwrap_or(stored))) } else { Outcome::NotLanded };
        tracing::debug!(link.id = %link.id, side = side.as_str(), mine, "an open create was met");
        work.changes.close.push((entry.id, outcome));
        work.save(link);
        self.open.retain(|open| open.id != entry.id);
        self.report.recovered += 1;
        Ok(())
    }

    pub(crate) async fn load(&mut self, work: &mut Work<R>, id: LinkId) -> Flow<Option<Link<R>>> {
        if work.get(id).is_none() {
            let links = self.find(Find::Links(vec![id])).await?;
            work.load(links);
        }
        Ok(work.get(id).cloned())
    }

    /// Finds the link whose local copy belongs to the line of a root; one whose row is gone comes first.
    async fn find_root(&mut self, work: &mut Work<R>, root: &ItemId) -> Flow<Option<Link<R>>> {
        let links = self.find(Find::Roots(vec![root.clone()])).await?;
        work.load(links);
        let of_line = |link: &&Link<R>| link.root() == Some(root);
        let gone = work.values().filter(of_line).find(|link| link.alive(Side::Local).is_none());
        Ok(gone.or_else(|| work.values().find(of_line)).cloned())
    }

    pub(crate) async fn find(&self, find: Find) -> Flow<Vec<Link<R>>> {
        let nothing = match &find {
            Find::Links(ids) => ids.is_empty(),
            Find::Items(_, items) | Find::Roots(items) => items.is_empty(),
        };
        if nothing {
            return Ok(Vec::new());
        }
        self.engine.ledger.find(self.pair(), &find).await.map_err(ledger)
    }
}

fn ids_of<R>(page: &Page<R>) -> Vec<ItemId> {
    let former = page.formerly.iter().map(|(former, _)| former.clone());
    page.items
        .iter()
        .map(|stored| stored.id.clone())
        .chain(page.removed.iter().cloned())
        .chain(former)
        .chain(page.unread.iter().filter_map(|unread| unread.id.clone()))
        .collect()
}

/// Returns an item that no link knows and that a listing showed: to be fetched.
fn listed<R>(side: Side, stored: Stored<R>, known: Option<Stranger>, clocks: Clocks) -> Stranger {
    let mut trail = known.map(|stranger| stranger.trail).unwrap_or_default();
    trail.listed(&stored);
    trail.date(clocks.now, clocks.theirs);
    Stranger { side, item: stored.id, trail, look: true }
}
