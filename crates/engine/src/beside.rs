//! Pairs beside each other: what goes from a collection of one into that of another is one move.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use passerelle_ports::{
    Changes, Code, Context, Copy, EntriesOf, Entry, EntryId, ErrorKind, Find, ItemId, Lease, Link, LinkId,
    LinkState, Op, Outcome, PairId, Record, Refusal, Replica, Side, Sides, Slice, Stored, fields,
};
use passerelle_sync_rules::{
    Action, Place, PlanCounts, PlannedStep, Relocation, Stays, Step, admits, choose_home, decide,
    forget_choice, put_copy, put_gone, relocation, settle, settle_in, view,
};

use crate::{
    engine::Engine,
    plan::{DEPTH, pretend},
    session::{Flow, Session, early, ledger},
    work::Work,
};

/// Another pair of the same account.
pub struct Beside<R: Record> {
    /// The pair as a place.
    pub place: Place,
    /// Its collections.
    pub replicas: Sides<Arc<dyn Replica<R>>>,
}

/// The pairs beside one, as its engine knows them.
pub(crate) struct Neighbourhood<R: Record> {
    pub(crate) own: Place,
    pub(crate) others: Vec<Place>,
    pub(crate) replicas: Vec<Sides<Arc<dyn Replica<R>>>>,
}

/// Whether another pair has an item of a link already.
enum Taken {
    /// It has not.
    No,
    /// Row and event are apart since before there were moves, or by hand: everything stays as it is.
    Apart,
    /// The other calendar has an item of that name of its own: the one of this side is gone.
    Gone(Side),
}

/// What has to be done to an item before it is brought into a collection.
enum Ahead<R: Record> {
    /// Nothing: it shows no more than may be seen there.
    Nothing,
    /// It is written where it stands.
    Hide(Box<Entry<R>>),
    /// It shows what that collection's rules hide, and it cannot be written.
    Shows,
}

/// The way back of a record that went from collection to collection.
pub(crate) struct Trip {
    /// The link.
    pub(crate) link: LinkId,
    /// The first move of those that are taken back.
    pub(crate) undoes: EntryId,
    /// The side that it wrote, and the item.
    pub(crate) side: Side,
    pub(crate) item: ItemId,
    /// Where that stood before.
    pub(crate) to: String,
    /// Where the last of the moves brought it, by the name that the collection has on that move's side.
    pub(crate) from: (Side, String),
    /// Whether it comes back to the pair that is at work.
    pub(crate) is_homeward: bool,
}

/// What a refusal says of a move that one of the collections does not allow.
const BARRED: Code = Code::Sync119;

impl<R: Record> Engine<R> {
    /// Lets the engine know the pairs beside its own, and the names of its own collections.
    #[must_use]
    pub fn beside(mut self, homes: Sides<String>, beside: Vec<Beside<R>>) -> Self {
        if beside.is_empty() {
            return self;
        }
        let own = Place { pair: self.settings.pair.clone(), homes, rules: self.settings.rules.clone() };
        let (mut others, mut replicas) = (Vec::new(), Vec::new());
        for Beside { mut place, replicas: of_place } in beside {
            for side in Side::BOTH {
                if !of_place[side].capabilities().writable {
                    place.rules = place.rules.without_writing(side);
                }
            }
            others.push(place);
            replicas.push(of_place);
        }
        self.neighbourhood = Some(Neighbourhood { own, others, replicas });
        self
    }

    /// Returns what is to become of a link whose items are not both where they were.
    pub(crate) fn relocation(&self, link: &Link<R>) -> Option<Relocation> {
        let around = self.neighbourhood.as_ref()?;
        relocation(link, &around.own, &around.others)
    }

    /// Returns the pairs beside this one.
    pub(crate) fn pairs_beside(&self) -> Vec<PairId> {
        let around = self.neighbourhood.iter();
        around.flat_map(|around| around.others.iter().map(|place| place.pair.clone())).collect()
    }

    /// Returns the name of a pair's collection, of this one or of one beside it.
    pub(crate) fn home_of(&self, pair: &PairId, side: Side) -> Option<String> {
        self.places().find(|place| place.pair == *pair).map(|place| place.homes[side].clone())
    }

    fn places(&self) -> impl Iterator<Item = &Place> {
        let around = self.neighbourhood.iter();
        around.flat_map(|around| std::iter::once(&around.own).chain(&around.others))
    }

    fn lease_of(&self, pair: &PairId) -> Lease {
        Lease { pair: pair.clone(), ..self.lease() }
    }
}

impl<R: Record> Neighbourhood<R> {
    /// What went into the collection of another pair and was removed there is removed; it was never out of scope.
    fn carry_deletions(&self, link: &mut Link<R>) {
        for side in Side::BOTH {
            let Some(copy) = link.copies[side].as_mut().filter(|copy| copy.gone) else { continue };
            let home = copy.stored.home.as_ref();
            if home.is_some_and(|home| self.others.iter().any(|place| place.homes[side] == *home)) {
                copy.stored.withdrawn = false;
            }
        }
    }
}

impl<R: Record> Session<'_, R> {
    /// Works out which of some links go elsewhere, with the local copy that leads as it is now.
    pub(crate) async fn find_ways(&mut self, links: &mut Vec<Link<R>>) -> Flow<()> {
        let Some(around) = &self.engine.neighbourhood else { return Ok(()) };
        self.left = self.halves_of_others(around, links).await?;
        links.retain(|link| !self.left.contains(&link.id));
        let mut ways = BTreeMap::new();
        for link in links.iter_mut() {
            if Side::BOTH.iter().all(|side| link.alive(*side).is_some_and(|stored| !stored.withdrawn)) {
                forget_choice(link);
            }
            if self.engine.relocation(link).is_none() {
                continue;
            }
            self.freshen_leader(link).await?;
            match self.taken(around, link).await? {
                Taken::Apart => {}
                Taken::Gone(side) => put_gone(link, side),
                Taken::No => {
                    ways.extend(self.engine.relocation(link).map(|way| (link.id, self.kept(link, way))))
                }
            }
        }
        for link in links.iter_mut() {
            around.carry_deletions(link);
        }
        self.ways = ways;
        Ok(())
    }

    /// Bars the way of an item that would show in the other collection what its rules hide.
    fn kept(&self, link: &Link<R>, way: Relocation) -> Relocation {
        match way {
            Relocation::Follow(side, to) if matches!(self.ahead(link, side, &to), Ahead::Shows) => {
                Relocation::Barred(side)
            }
            way => way,
        }
    }

    /// What the rules of a collection hide is hidden where the item stands before it is brought there. Whatever fails in
    /// between, nobody sees it there.
    fn ahead(&self, link: &Link<R>, side: Side, to: &str) -> Ahead<R> {
        let place = self.engine.places().find(|place| place.homes[side] == to);
        let (Some(place), Some(row), Some(item)) = (place, link.alive(Side::Local), link.alive(Side::Remote))
        else {
            return Ahead::Nothing;
        };
        let is_open = view(Side::Local, &row.record, &place.rules) == fields(&row.record);
        if side == Side::Local || is_open {
            return Ahead::Nothing;
        }
        let mut there = link.clone();
        at_home(&mut there);
        for _ in 0..DEPTH {
            let done = match decide(&there, &place.rules) {
                Ok(Step::Nothing) => return Ahead::Nothing,
                Ok(Step::Settle(fields)) => settle(&mut there, &fields, &place.rules),
                Ok(Step::Write(intent)) if intent.action != Action::Update => return Ahead::Shows,
                Ok(Step::Write(intent)) if intent.side == Side::Local => {
                    pretend(&mut there, &intent, &place.rules)
                }
                Ok(Step::Write(intent)) if !item.withdrawn && self.forbidden(link, &intent).is_none() => {
                    return Ahead::Hide(Box::new(self.entry(&there, intent)));
                }
                _ => return Ahead::Shows,
            };
            if done.is_err() {
                break;
            }
        }
        Ahead::Shows
    }

    /// Returns the links whose other half was never made and whose item another pair has on both sides by now: it went
    /// over there and came back. Made here, the other half would be there twice; that pair carries over what it has.
    async fn halves_of_others(&self, around: &Neighbourhood<R>, links: &[Link<R>]) -> Flow<BTreeSet<LinkId>> {
        let mut found = BTreeSet::new();
        for side in Side::BOTH {
            let is_bare = |link: &&Link<R>| {
                link.half() == Some(side) && link.item(side.other()).is_none() && !self.is_blocked(link.id)
            };
            let bare: BTreeMap<_, _> =
                links.iter().filter(is_bare).filter_map(|link| Some((link.item(side)?, link.id))).collect();
            if bare.is_empty() {
                continue;
            }
            let find = Find::Items(side, bare.keys().map(|item| (*item).clone()).collect());
            for place in &around.others {
                let others = self.engine.ledger.find(&place.pair, &find).await.map_err(ledger)?;
                let whole = others.iter().filter(|other| other.half().is_none());
                let items = whole.filter_map(|other| other.alive(side));
                found.extend(items.filter_map(|there| bare.get(&there.id)));
            }
        }
        Ok(found)
    }

    /// What went into another collection is not listed here any more: it is fetched before it is decided on.
    async fn freshen_leader(&self, link: &mut Link<R>) -> Flow<()> {
        let Some(item) = link.alive(Side::Local).filter(|stored| stored.withdrawn).map(|it| it.id.clone())
        else {
            return Ok(());
        };
        let found = self.replica(Side::Local).fetch(&[item]).await.map_err(early(Side::Local))?;
        if let Some(stored) = found.into_iter().flatten().next() {
            put_copy(link, Side::Local, stored);
        }
        Ok(())
    }

    /// Tells whether an item of a link belongs to another pair already, which has it on both sides.
    async fn taken(&self, around: &Neighbourhood<R>, link: &Link<R>) -> Flow<Taken> {
        for side in Side::BOTH {
            let Some(item) = link.alive(side).map(|stored| &stored.id) else { continue };
            for place in &around.others {
                let find = Find::Items(side, vec![item.clone()]);
                let found = self.engine.ledger.find(&place.pair, &find).await.map_err(ledger)?;
                for other in found.iter().filter(|other| other.half().is_none()) {
                    let Some(there) = other.alive(side) else { continue };
                    let is_theirs = side == Side::Remote && !there.withdrawn;
                    let is_here = link.alive(side).is_some_and(|stored| !stored.withdrawn);
                    return Ok(if is_theirs && !is_here { Taken::Gone(side) } else { Taken::Apart });
                }
            }
        }
        Ok(Taken::No)
    }

    /// Adds the move of a link to the plan; returns the pair that the link belongs to afterwards.
    pub(crate) fn follow_way(
        &self,
        link: &mut Link<R>,
        way: &Relocation,
        steps: &mut Vec<PlannedStep>,
        counts: &mut PlanCounts,
    ) -> Option<PairId> {
        match way {
            Relocation::Barred(_) => None,
            Relocation::HandOver(pair) => Some(pair.clone()),
            Relocation::Follow(side, to) => {
                let stored = link.alive(*side)?;
                counts.writes[*side].add(Action::Move);
                self.count_moved_guests(link, *side, counts);
                steps.push(PlannedStep::moving(link.id, *side, to, stored.record.summary()));
                let around = self.engine.neighbourhood.as_ref()?;
                if let Some(copy) = &mut link.copies[*side] {
                    copy.stored.withdrawn = *to != around.own.homes[*side];
                    copy.stored.home = copy.stored.withdrawn.then(|| to.clone());
                }
                match self.engine.relocation(link) {
                    Some(Relocation::HandOver(pair)) => Some(pair),
                    _ => None,
                }
            }
        }
    }

    /// Returns the rules of a pair beside this one.
    pub(crate) fn rules_at(&self, pair: &PairId) -> Option<&passerelle_sync_rules::Rules> {
        let around = self.engine.neighbourhood.as_ref()?;
        around.others.iter().find(|place| place.pair == *pair).map(|place| &place.rules)
    }

    /// Takes the links that go elsewhere out of some: those that are ready are handed over, the others are written. Forgets
    /// those that are left to another pair.
    pub(crate) async fn send_on(&mut self, links: &mut Vec<Link<R>>) -> Flow<Vec<Entry<R>>> {
        let (mut entries, mut ready, mut work) = (Vec::new(), Vec::new(), Work::new(Vec::new()));
        if self.ways.is_empty() && self.left.is_empty() {
            return Ok(entries);
        }
        let left = std::mem::take(&mut self.left);
        work.load(self.find(Find::Links(left.iter().copied().collect())).await?);
        left.into_iter().for_each(|id| work.forget(id));
        let mut rest = Vec::with_capacity(links.len());
        for mut link in std::mem::take(links) {
            match self.ways.get(&link.id).cloned() {
                None => rest.push(link),
                Some(Relocation::HandOver(pair)) => ready.push((link, pair)),
                Some(Relocation::Follow(side, to)) => {
                    entries.extend(match self.ahead(&link, side, &to) {
                        Ahead::Hide(entry) => Some(*entry),
                        Ahead::Nothing | Ahead::Shows => self.moving(&link, side, to),
                    });
                    work.load(self.find(Find::Links(vec![link.id])).await?);
                    work.save(link);
                }
                Some(Relocation::Barred(side))
                    if let Some(entry) = self.edit_where_it_stands(&mut link, side) =>
                {
                    entries.push(entry);
                    work.load(self.find(Find::Links(vec![link.id])).await?);
                    work.save(link);
                }
                Some(Relocation::Barred(side)) => {
                    tracing::info!(link.id = %link.id, side = side.as_str(), "moved where nothing may follow");
                    self.report.rejected += 1;
                    link.due = false;
                    link.state = LinkState::Rejected(Refusal {
                        at: Some(self.engine.clock.now()),
                        side,
                        kind: ErrorKind::Unsupported,
                        code: Some(BARRED),
                        context: Context::default(),
                    });
                    work.load(self.find(Find::Links(vec![link.id])).await?);
                    work.save(link);
                }
            }
        }
        *links = rest;
        self.commit(work.into_changes()).await?;
        for (link, pair) in ready {
            self.hand_over(link, &pair).await?;
        }
        Ok(entries)
    }

    /// Where an item may not follow its other half, what is changed of that half still goes to where the item stands.
    pub(crate) fn edit_where_it_stands(&self, link: &mut Link<R>, side: Side) -> Option<Entry<R>> {
        link.alive(side).filter(|item| !item.withdrawn)?;
        let mut there = link.clone();
        there.state = LinkState::Active;
        if let Some(copy) = &mut there.copies[side.other()] {
            (copy.stored.withdrawn, copy.stored.home) = (false, None);
        }
        let mut goes_on = false;
        for _ in 0..DEPTH {
            let done = match decide(&there, self.rules()) {
                Ok(Step::Settle(fields)) => settle(&mut there, &fields, self.rules()),
                Ok(Step::Write(intent)) if intent.action != Action::Update => return None,
                Ok(Step::Write(intent)) if intent.side != side => {
                    // What was changed of the item waits: its other half stands in a collection of another pair.
                    goes_on = true;
                    pretend(&mut there, &intent, self.rules())
                }
                Ok(Step::Write(intent)) => {
                    return self.forbidden(&there, &intent).is_none().then(|| self.entry(link, intent));
                }
                _ => return None,
            };
            if done.is_err() {
                return None;
            }
            if !goes_on {
                link.bases.clone_from(&there.bases);
            }
        }
        None
    }

    /// The collection is gone, and no item of it can follow any more: what went elsewhere on the local side begins there
    /// anew. What may still stand in the collection stays alone, should it come back.
    pub(crate) async fn let_go(&mut self) -> Flow<()> {
        if self.engine.neighbourhood.is_none() {
            return Ok(());
        }
        let mut after = None;
        loop {
            let ids = self.engine.ledger.due(self.pair(), after, self.chunk()).await.map_err(ledger)?;
            let Some(last) = ids.last() else { return Ok(()) };
            after = Some(*last);
            let links = self.find(Find::Links(ids)).await?;
            let mut work = Work::new(links.clone());
            for mut link in links {
                let follows =
                    matches!(self.engine.relocation(&link), Some(Relocation::Follow(Side::Remote, _)));
                if follows && !self.is_blocked(link.id) {
                    let guests = link.alive(Side::Local).map_or(0, |row| row.record.concerned_others());
                    match guests > 0 {
                        // Made anew, its guests would be invited again: the pair that has the row now has to know of it.
                        true => put_gone(&mut link, Side::Local),
                        false => link.copies.local = None,
                    }
                    link.bases = Sides { local: R::default(), remote: R::default() };
                    (link.state, link.due) = (LinkState::Released, false);
                    work.save(link);
                }
            }
            self.commit(work.into_changes()).await?;
        }
    }

    fn moving(&self, link: &Link<R>, side: Side, to: String) -> Option<Entry<R>> {
        let from = link.alive(side)?.clone();
        Some(Entry {
            id: EntryId(self.engine.ids.uuid()),
            run: self.run,
            link: link.id,
            side,
            op: Op::Move { to },
            to: Some(from.record.clone()),
            from: Some(from),
            taken: Vec::new(),
            source: R::default(),
            bases: link.bases.clone(),
            release: false,
            undoes: None,
            opaque: None,
            other: None,
            opened: self.engine.clock.now(),
            outcome: Outcome::Open,
        })
    }

    /// Makes a link one of another pair, with its name and its history. Where that pair is at work, a later run does.
    async fn hand_over(&mut self, mut link: Link<R>, pair: &PairId) -> Flow<()> {
        let lease = self.engine.lease_of(pair);
        let store = self.engine.ledger.clone();
        if !store.lease(&lease, self.engine.clock.now()).await.map_err(ledger)? {
            return Ok(());
        }
        let handed = async {
            let Some(mut changes) = self.make_room(pair, &link).await? else { return Ok(()) };
            for side in Side::BOTH {
                changes.known.extend(link.item(side).map(|item| (side, item.clone())));
            }
            let id = link.id;
            settle_in(&mut link);
            changes.links.push(link);
            store.hand_over(&self.engine.lease(), vec![id], &lease, changes).await.map_err(ledger)
        };
        let handed = handed.await;
        self.touched |= handed.is_ok();
        self.report.handed_over.extend(handed.is_ok().then(|| pair.clone()));
        if let Err(error) = store.release(&lease).await {
            tracing::debug!(pair = %pair, kind = ?error.kind, "lease not given back; it will expire");
        }
        handed
    }

    /// Returns the link of a way back, as if both its items had gone just now where they stand and the side to be written
    /// were to count; and the pair that has it, if another one has. `None` where it is not there any more, or is being
    /// written.
    async fn moved_away(&self, trip: &Trip) -> Flow<Option<(Link<R>, Option<PairId>)>> {
        let Some(around) = &self.engine.neighbourhood else { return Ok(None) };
        let (last, from) = (trip.from.0, &trip.from.1);
        let is_there = |link: &Link<R>| link.item(trip.side) == Some(&trip.item);
        let own = self.find(Find::Links(vec![trip.link])).await?.pop();
        if let Some(mut link) = own.filter(is_there) {
            choose_home(&mut link, trip.side);
            let is_away = link.alive(last).is_some_and(|stored| match &stored.home {
                Some(home) => home == from,
                None => *from == around.own.homes[last],
            });
            return Ok((is_away && !self.is_blocked(link.id)).then_some((link, None)));
        }
        let Some(place) = around.others.iter().find(|place| place.homes[last] == *from) else {
            return Ok(None);
        };
        let store = &self.engine.ledger;
        let found = store.find(&place.pair, &Find::Links(vec![trip.link])).await.map_err(ledger)?.pop();
        let Some(mut link) = found.filter(is_there) else { return Ok(None) };
        let open = store.open_entries(&place.pair).await.map_err(ledger)?;
        let is_home = |side: &Side| link.alive(*side).is_some_and(|stored| !stored.withdrawn);
        if open.iter().any(|entry| entry.link == link.id) || !Side::BOTH.iter().all(is_home) {
            return Ok(None);
        }
        for side in Side::BOTH {
            if let Some(copy) = &mut link.copies[side] {
                (copy.stored.withdrawn, copy.stored.home) = (true, Some(place.homes[side].clone()));
            }
        }
        choose_home(&mut link, trip.side);
        link.due = true;
        Ok(Some((link, Some(place.pair.clone()))))
    }

    /// Tells whether a record stands already where it would be taken back to: it went there and back.
    pub(crate) fn is_round(&self, trip: &Trip) -> bool {
        let at = |side: Side, name: &str| self.engine.places().find(|place| place.homes[side] == name);
        let (from, to) = (at(trip.from.0, &trip.from.1), at(trip.side, &trip.to));
        from.zip(to).is_some_and(|(from, to)| from.pair == to.pair)
    }

    /// Tells whether the way back leads where the item may be seen as it is.
    fn may_go_back(&self, trip: &Trip, link: &Link<R>) -> bool {
        let at = |home: &str| self.engine.places().find(|place| place.homes[Side::Remote] == home);
        let Some(target) = at(&trip.to).filter(|_| trip.side == Side::Remote) else { return true };
        let home = link.alive(Side::Remote).and_then(|item| item.home.as_deref());
        let from = home.and_then(at).map_or(self.rules(), |place| &place.rules);
        admits(link, (from, &target.rules)) && matches!(self.ahead(link, trip.side, &trip.to), Ahead::Nothing)
    }

    /// Returns the link of a way back for a plan: as the plan leaves it, or as it stands.
    pub(crate) async fn trip_on_paper(&self, trip: &Trip, known: Option<Link<R>>) -> Flow<Option<Link<R>>> {
        if self.is_round(trip) {
            return Ok(known);
        }
        match known {
            Some(mut link) => {
                choose_home(&mut link, trip.side);
                Ok(Some(link))
            }
            None => Ok(self.moved_away(trip).await?.map(|(link, _)| link)),
        }
    }

    /// Takes a move back on paper: the written side, and the other one, which follows. Tells whether the rules let it.
    pub(crate) fn back_on_paper(
        &self,
        trip: &Trip,
        link: &mut Link<R>,
        steps: &mut Vec<PlannedStep>,
        counts: &mut PlanCounts,
    ) -> bool {
        let Some(around) = self.engine.neighbourhood.as_ref().filter(|_| !self.is_round(trip)) else {
            return true;
        };
        if !self.may_go_back(trip, link) {
            return false;
        }
        self.count_moved_guests(link, trip.side, counts);
        let Some(copy) = &mut link.copies[trip.side] else { return false };
        let (own, home) = (&around.own.homes[trip.side], &trip.to);
        (copy.stored.withdrawn, copy.stored.home) = (home != own, Some(home.clone()).filter(|it| it != own));
        counts.writes[trip.side].add(Action::Move);
        steps.push(PlannedStep::moving(link.id, trip.side, home, copy.stored.record.summary()));
        if let Some(way) = self.engine.relocation(link) {
            self.follow_way(link, &way, steps, counts);
        }
        true
    }

    /// Takes a move back: the link comes back to this pair, the written side is moved where it was, and the other one
    /// follows as after any move. Tells why it stays where it is; nothing when it is where it was.
    pub(crate) async fn take_trip_back(&mut self, trip: &Trip) -> Flow<Option<Stays>> {
        if self.is_round(trip) {
            return Ok(None);
        }
        let Some((link, pair)) = self.moved_away(trip).await? else { return Ok(Some(Stays::Changed)) };
        if !self.may_go_back(trip, &link) {
            return Ok(Some(Stays::Rules));
        }
        if let Some(pair) = pair
            && !self.get_back(&link, &pair).await?
        {
            return Ok(Some(Stays::Busy));
        }
        let Some(write) = self.moving(&link, trip.side, trip.to.clone()) else {
            return Ok(Some(Stays::Rules));
        };
        self.write_batch(trip.side, vec![Entry { undoes: Some(trip.undoes), ..write }]).await?;
        Ok(None)
    }

    /// Lets the other sides of links follow that are on their way, before anything else is written to them.
    pub(crate) async fn let_follow(&mut self, ids: &[LinkId]) -> Flow<()> {
        if ids.is_empty() {
            return Ok(());
        }
        for some in ids.chunks(usize::try_from(self.chunk()).unwrap_or(usize::MAX)) {
            let mut links = self.find(Find::Links(some.to_vec())).await?;
            self.find_ways(&mut links).await?;
            for entry in self.send_on(&mut links).await? {
                self.write_batch(entry.side, vec![entry]).await?;
            }
        }
        self.look().await
    }

    /// Takes a link out of another pair; returns false where that pair is at work.
    async fn get_back(&mut self, link: &Link<R>, pair: &PairId) -> Flow<bool> {
        let lease = self.engine.lease_of(pair);
        let store = self.engine.ledger.clone();
        if !store.lease(&lease, self.engine.clock.now()).await.map_err(ledger)? {
            return Ok(false);
        }
        let taken = async {
            let own = self.pair().clone();
            let Some(mut changes) = self.make_room(&own, link).await? else { return Ok(false) };
            for side in Side::BOTH {
                changes.known.extend(link.item(side).map(|item| (side, item.clone())));
            }
            changes.links.push(link.clone());
            let handed = store.hand_over(&lease, vec![link.id], &self.engine.lease(), changes).await;
            handed.map(|()| true).map_err(ledger)
        };
        let taken = taken.await;
        self.touched |= taken.is_ok();
        if let Err(error) = store.release(&lease).await {
            tracing::debug!(pair = %pair, kind = ?error.kind, "lease not given back; it will expire");
        }
        taken
    }

    /// What the other pair remembers of these items is over: they come with the link. `None` where it has them itself,
    /// or is about to.
    async fn make_room(&self, pair: &PairId, link: &Link<R>) -> Flow<Option<Changes<R>>> {
        let store = &self.engine.ledger;
        let open = store.open_entries(pair).await.map_err(ledger)?;
        let mut work = Work::new(Vec::new());
        for side in Side::BOTH {
            let Some(item) = link.item(side) else { continue };
            let find = Find::Items(side, vec![item.clone()]);
            work.load(store.find(pair, &find).await.map_err(ledger)?);
            let Some(old) = work.by_item(side, item).and_then(|id| work.get(id)).cloned() else { continue };
            if open.iter().any(|entry| entry.link == old.id) {
                return Ok(None);
            }
            match (old.alive(side.other()), &old.copies[side]) {
                (Some(_), Some(copy)) if copy.gone => {
                    // It is remembered as gone, under a name that no item has.
                    let id = ItemId::new(format!("{item}~{}", old.id));
                    let copy = Copy { stored: Stored { id, ..copy.stored.clone() }, ..copy.clone() };
                    work.change(old.id, |old| old.copies[side] = Some(copy));
                }
                (Some(_), Some(_)) => return Ok(None),
                _ => work.forget(old.id),
            }
        }
        Ok(Some(work.into_changes()))
    }

    /// Returns which of some items that no link knows came from the collection of another pair, which carries them
    /// over: made into records here they would be there twice.
    pub(crate) async fn claimed(
        &self,
        side: Side,
        items: &[(ItemId, Option<EntryId>)],
    ) -> Flow<BTreeSet<ItemId>> {
        let mut claimed = BTreeSet::new();
        let Some(around) = self.engine.neighbourhood.as_ref() else {
            return Ok(claimed);
        };
        if items.is_empty() {
            return Ok(claimed);
        }
        for (place, replicas) in around.others.iter().zip(&around.replicas) {
            let find = Find::Items(side, items.iter().map(|(item, _)| item.clone()).collect());
            let links = self.engine.ledger.find(&place.pair, &find).await.map_err(ledger)?;
            for link in links {
                let Some(item) = link.item(side).cloned() else { continue };
                if self.is_claimed(around, place, &replicas[side], link, side).await? {
                    claimed.insert(item);
                }
            }
        }
        for (item, made) in items {
            if let Some(made) = made
                && self.is_made_beside(around, side, *made).await?
            {
                claimed.insert(item.clone());
            }
        }
        Ok(claimed)
    }

    /// Tells whether an item was made by a create of another pair, which does not know it yet: the answer was lost, and
    /// somebody brought the item here before it was found. That pair finds it by its key.
    async fn is_made_beside(&self, around: &Neighbourhood<R>, side: Side, made: EntryId) -> Flow<bool> {
        let store = &self.engine.ledger;
        let one = Slice { skip: 0, limit: 1 };
        let found = store.entries(&EntriesOf::Entry(made), one).await.map_err(ledger)?;
        let is_lost = |entry: &Entry<R>| {
            entry.side == side
                && matches!(entry.op, Op::Create { .. })
                && !matches!(entry.outcome, Outcome::Landed(_))
        };
        let Some(entry) = found.first().filter(|entry| is_lost(entry)) else { return Ok(false) };
        for place in &around.others {
            let find = Find::Links(vec![entry.link]);
            let links = store.find(&place.pair, &find).await.map_err(ledger)?;
            if links.iter().any(|link| link.half() == Some(side.other())) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Asks the pair that has the link whether its item went over here.
    async fn is_claimed(
        &self,
        around: &Neighbourhood<R>,
        place: &Place,
        replica: &Arc<dyn Replica<R>>,
        link: Link<R>,
        side: Side,
    ) -> Flow<bool> {
        let Some(item) = link.item(side).cloned() else { return Ok(false) };
        if self.is_being_made(place, &link, side.other()).await? {
            return Ok(true);
        }
        let found = replica.fetch_each(std::slice::from_ref(&item)).await.map_err(early(side))?;
        let Ok(moved) = self.weigh(side, found)?.pop().unwrap_or(Ok(None)) else {
            // Until it can be read nobody knows where it stands: its own pair tells of it.
            return Ok(true);
        };
        let here = Some(around.own.homes[side].as_str());
        let Some(moved) = moved.filter(|it| it.id == item && it.withdrawn && it.home.as_deref() == here)
        else {
            return Ok(false);
        };
        let mut then = link.clone();
        put_copy(&mut then, side, moved);
        let others: Vec<Place> = std::iter::once(&around.own)
            .chain(around.others.iter().filter(|other| other.pair != place.pair))
            .cloned()
            .collect();
        if relocation(&then, place, &others).is_none() {
            return Ok(false);
        }
        if then != link {
            // That pair reads it itself, and keeps in its history what somebody changed of it.
            let mut link = link;
            if let Some(copy) = &mut link.copies[side] {
                copy.look = true;
            }
            self.stir(place, link).await?;
        }
        Ok(true)
    }

    /// Tells whether another pair does not know yet whether it made the other half of a record: until it does, the record
    /// is its own, wherever somebody brought it.
    async fn is_being_made(&self, place: &Place, link: &Link<R>, side: Side) -> Flow<bool> {
        if link.half() != Some(side.other()) {
            return Ok(false);
        }
        let open = self.engine.ledger.open_entries(&place.pair).await.map_err(ledger)?;
        let makes = |entry: &Entry<R>| {
            entry.link == link.id && entry.side == side && matches!(entry.op, Op::Create { .. })
        };
        Ok(open.iter().any(makes))
    }

    /// Tells another pair that an item of its link went over here. Where that pair is at work, it finds out itself.
    async fn stir(&self, place: &Place, link: Link<R>) -> Flow<()> {
        let (store, lease) = (&self.engine.ledger, self.engine.lease_of(&place.pair));
        if !store.lease(&lease, self.engine.clock.now()).await.map_err(ledger)? {
            return Ok(());
        }
        let stirred = async {
            let open = store.open_entries(&place.pair).await?;
            if open.iter().any(|entry| entry.link == link.id) {
                return Ok(());
            }
            store.commit(&lease, Changes { links: vec![link], ..Changes::default() }).await
        };
        let stirred = stirred.await.map_err(ledger);
        if let Err(error) = store.release(&lease).await {
            tracing::debug!(pair = %place.pair, kind = ?error.kind, "lease not given back; it will expire");
        }
        stirred
    }

    /// Tells whether a move landed: the item stands where it was brought to.
    pub(crate) fn has_landed(&self, side: Side, to: &str, found: &Stored<R>) -> bool {
        let own = self.engine.neighbourhood.as_ref().map(|around| around.own.homes[side].as_str());
        found.home.as_deref() == Some(to) || !found.withdrawn && own == Some(to)
    }
}

/// Makes the plan of what is left to do for a link once another pair has it.
pub(crate) fn at_home<R: Record>(link: &mut Link<R>) {
    settle_in(link);
    for side in Side::BOTH {
        if let Some(copy) = &mut link.copies[side] {
            copy.look = false;
        }
    }
}
