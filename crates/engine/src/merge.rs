//! Merges: an item of a provider that lives on as another one, whose name its own leads to.

use passerelle_ports::{Copy, Find, ItemId, Link, LinkId, PortResult, Record, Side, Stored, Stranger, Trail};
use passerelle_sync_rules::{Merged, merged, put_copy};

use crate::{
    session::{Flow, Session, early},
    work::Work,
};

impl<R: Record> Session<'_, R> {
    /// The item of a link is not there any more: it lives on as another one, as the answer or an earlier listing says,
    /// or it is gone.
    pub(crate) async fn follow_merge(
        &mut self,
        work: &mut Work<R>,
        side: Side,
        id: LinkId,
        lives_on: Option<Stored<R>>,
    ) -> Flow<()> {
        let Some(link) = work.get(id).cloned().filter(|link| link.alive(side).is_some()) else {
            work.change(id, |link| self.bury(link, side, false));
            return Ok(());
        };
        let now = match lives_on {
            Some(now) => Some(now),
            None => match self.known_successor(side, &link).await? {
                Ok(now) => now,
                Err(error) => {
                    // What lives on cannot be read: until it can, the link waits as it is.
                    if let Some(item) = link.item(side) {
                        self.set_aside(work, (side, item), Trail::default(), &error);
                    }
                    return Ok(());
                }
            },
        };
        let Some(now) = now else {
            work.change(id, |link| {
                link.trails[side].became = None;
                self.bury(link, side, false);
            });
            return Ok(());
        };
        let heir = self.heir_of(work, side, &now.id).await?.filter(|heir| heir.id != id);
        if self.is_blocked(id) || heir.as_ref().is_some_and(|heir| self.is_blocked(heir.id)) {
            // It is fetched again once it is known what became of the open writes.
            return Ok(());
        }
        if self.is_older_than_listed(side, &now, heir.as_ref()).await? {
            self.doubted[side].insert(link.alive(side).map_or(now.id, |stored| stored.id.clone()));
            return Ok(());
        }
        tracing::debug!(run.id = self.run.0, side = side.as_str(), "an item lives on as another one");
        match merged(&link, heir.as_ref(), side, self.rules()) {
            Merged::TakesOver => self.take_over(work, side, link, now, heir),
            Merged::Swaps => self.swap(work, side, link, now, heir),
            Merged::IsGone => {
                let link = self.merged_away(link, side, now.id);
                work.save(link);
            }
        }
        Ok(())
    }

    /// Fetches the item that a listing named as the one that lives on; an error where that item cannot be read.
    async fn known_successor(&self, side: Side, link: &Link<R>) -> Flow<PortResult<Option<Stored<R>>>> {
        let Some(became) = link.trails[side].became.clone() else { return Ok(Ok(None)) };
        let found = self.replica(side).fetch_each(&[became]).await.map_err(early(side))?;
        Ok(self.weigh(side, found)?.pop().unwrap_or(Ok(None)))
    }

    async fn heir_of(&self, work: &mut Work<R>, side: Side, item: &ItemId) -> Flow<Option<Link<R>>> {
        if work.by_item(side, item).is_none() {
            let found = self.find(Find::Items(side, vec![item.clone()])).await?;
            // What this transaction changed already is as it is here.
            work.load(found);
        }
        let id = work.by_item(side, item);
        Ok(id.and_then(|id| work.get(id).cloned()))
    }

    /// Tells whether the state of an item that no link has is older than what a listing showed of it.
    async fn is_older_than_listed(&self, side: Side, now: &Stored<R>, heir: Option<&Link<R>>) -> Flow<bool> {
        if heir.is_some() || self.lag(side).is_zero() {
            return Ok(false);
        }
        let mut known = self.strangers(side, vec![now.id.clone()]).await?;
        let Some(mut stranger) = known.remove(&now.id) else { return Ok(false) };
        Ok(stranger.trail.is_older(now) && stranger.trail.doubt(Some(now), self.clocks(side)))
    }

    /// The link has the other item from now on, and what was agreed on stays agreed on.
    fn take_over(
        &mut self,
        work: &mut Work<R>,
        side: Side,
        mut link: Link<R>,
        now: Stored<R>,
        heir: Option<Link<R>>,
    ) {
        self.remember_name(work, side, &link, &now.id);
        let known = heir.as_ref().and_then(|heir| heir.copies[side].clone().filter(|copy| !copy.gone));
        let trail = heir.as_ref().map(|heir| heir.trails[side].clone());
        if let Some(heir) = &heir {
            work.forget(heir.id);
        }
        work.changes.known.push((side, now.id.clone()));
        lay(&mut link, side, now, known.zip(trail));
        self.first_seen(&mut link, side);
        work.save(link);
    }

    /// The link has the other item from now on; the one that had it has the item that is gone, and nothing to say.
    fn swap(
        &mut self,
        work: &mut Work<R>,
        side: Side,
        mut link: Link<R>,
        now: Stored<R>,
        heir: Option<Link<R>>,
    ) {
        let Some(mut heir) = heir else { return };
        let (mine, trail) = (link.copies[side].take(), link.trails[side].clone());
        let known = heir.copies[side].clone().filter(|copy| !copy.gone);
        let theirs = heir.trails[side].clone();
        link.copies[side].clone_from(&mine);
        let successor = now.id.clone();
        lay(&mut link, side, now, known.map(|copy| (copy, theirs)));
        self.first_seen(&mut link, side);
        heir.copies[side] = mine;
        heir.trails[side] = trail;
        heir.chosen.clear();
        let heir = self.merged_away(heir, side, successor);
        work.save(heir);
        work.save(link);
    }

    /// Where answers may be late, one from before the item was there is no news.
    fn first_seen(&self, link: &mut Link<R>, side: Side) {
        let born = &mut link.trails[side].born;
        *born = born.or(self.gone_at(side));
    }

    /// Marks an item as gone, and remembers what lives on in its place.
    fn merged_away(&self, mut link: Link<R>, side: Side, now: ItemId) -> Link<R> {
        self.bury(&mut link, side, true);
        link.trails[side].became = Some(now);
        link
    }

    /// Remembers a name that is over, as long as a late answer may still show the item under it.
    fn remember_name(&self, work: &mut Work<R>, side: Side, link: &Link<R>, now: &ItemId) {
        let (Some(gone), Some(stored)) = (self.gone_at(side), link.alive(side)) else { return };
        let mut trail = link.trails[side].clone();
        trail.bury(&stored.version, gone, true);
        trail.became = Some(now.clone());
        work.changes.strangers.push(Stranger { side, item: stored.id.clone(), trail, look: false });
    }
}

/// Lays the item that lives on into a link: as another link knows it already, or as it was answered.
fn lay<R: Record>(link: &mut Link<R>, side: Side, now: Stored<R>, known: Option<(Copy<R>, Trail)>) {
    match known {
        Some((copy, trail)) if copy.stored.version == now.version || trail.is_older(&now) => {
            put_copy(link, side, copy.stored);
            if let Some(laid) = &mut link.copies[side] {
                laid.look = copy.look;
            }
            link.trails[side] = trail;
        }
        _ => put_copy(link, side, now),
    }
}
