//! What is there and cannot be read, or what a replica fails at: it is set aside under its name and tried again by
//! the next run, and everything else goes on. It is never taken for gone.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use passerelle_ports::{
    Code, Copy, Entry, ErrorKind, ItemId, Link, LinkId, LinkState, Opaque, PortError, PortResult, Record,
    Refusal, Side, Stored, Stranger, Trail, Unread, Version,
};

use crate::{
    session::{Flow, Session, Stop, early},
    work::Work,
};

/// How many failures in a row, with no success between, are the replica's and no longer those of single items.
pub(crate) const TROUBLE_MAX: u32 = 5;

impl<R: Record> Session<'_, R> {
    /// Keeps what a page shows and could not be read: to be fetched by name. Returns the links that were met by that.
    pub(crate) fn save_unread(
        &mut self,
        work: &mut Work<R>,
        side: Side,
        unread: Vec<Unread>,
        strange: &mut BTreeMap<ItemId, Stranger>,
    ) -> Vec<LinkId> {
        let lags = !self.capabilities(side).read_lag.is_zero();
        let mut met = Vec::new();
        for one in unread {
            tracing::warn!(
                side = side.as_str(),
                code = one.code.map(Code::as_str),
                place = one.place,
                "a record cannot be read"
            );
            let Some(item) = one.id else {
                // Nothing can ask for it again but another listing of everything.
                self.report.nameless[side] += 1;
                continue;
            };
            if let Some(id) = work.by_item(side, &item) {
                met.push(id);
                work.change(id, |link| look_again(link, side, lags));
            } else {
                let mut trail = strange.remove(&item).map(|stranger| stranger.trail).unwrap_or_default();
                trail.listed = lags.then_some(true);
                let stranger = Stranger { side, item: item.clone(), trail, look: true };
                work.changes.strangers.push(stranger.clone());
                strange.insert(item, stranger);
            }
        }
        met
    }

    /// Sets aside an item that was asked for by name and could not be read.
    pub(crate) fn set_aside(
        &mut self,
        work: &mut Work<R>,
        (side, item): (Side, &ItemId),
        trail: Trail,
        error: &PortError,
    ) {
        tracing::warn!(
            side = side.as_str(),
            code = error.code.map(Code::as_str),
            operation = error.operation,
            "set aside"
        );
        self.doubted[side].insert(item.clone());
        let now = self.engine.clock.now();
        let refusal = Refusal::new(side, error, now);
        let born = match work.by_item(side, item) {
            Some(id) => {
                work.change(id, |link| refuse(link, refusal));
                work.get(id).filter(|link| is_stub(link, side)).and_then(|link| link.trails[side].born)
            }
            None => {
                work.changes.known.push((side, item.clone()));
                work.save(stub(Link::new(self.new_link()), (side, item), trail, refusal, now));
                Some(now)
            }
        };
        self.hidden[side] = self.hidden[side].max(born);
    }

    /// Tells whether what a lost create made may be among the items that nobody can read, or whose newest state was not
    /// read yet.
    pub(crate) fn may_be_hidden(&self, entry: &Entry<R>) -> bool {
        let is_unread = self.unread[entry.side];
        is_unread || self.hidden[entry.side].is_some_and(|born| born >= entry.opened)
    }

    /// Ends the run where a replica fails at everything that it is asked for, or cannot be asked at all.
    pub(crate) fn weigh<T>(&self, side: Side, answers: Vec<PortResult<T>>) -> Flow<Vec<PortResult<T>>> {
        let failed = answers.iter().filter(|answer| answer.is_err()).count();
        let all = failed == answers.len() && failed >= TROUBLE_MAX as usize;
        let (mut kept, mut ends) = (Vec::with_capacity(answers.len()), None);
        for answer in answers {
            match answer {
                Err(error) if !is_of_item(error.kind) || all && error.kind == ErrorKind::ItemFailed => {
                    ends = Some(error);
                }
                answer => kept.push(answer),
            }
        }
        ends.map_or(Ok(kept), |error| Err::<_, Stop>(early(side)(error)))
    }
}

/// Has an item fetched by name that a listing shows and does not let read.
pub(crate) fn look_again<R: Record>(link: &mut Link<R>, side: Side, lags: bool) {
    if let Some(copy) = &mut link.copies[side] {
        copy.look = true;
    }
    if lags {
        link.trails[side].listed = Some(true);
    }
}

/// Tells whether an error of this kind concerns the item that was asked for, and no other.
pub(crate) fn is_of_item(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Unexpected | ErrorKind::ItemFailed)
}

/// Says in a link why it waits, unless it waits on purpose.
pub(crate) fn refuse<R: Record>(link: &mut Link<R>, refusal: Refusal) {
    match &link.state {
        LinkState::Rejected(old) if Refusal { at: old.at, ..refusal.clone() } == *old => {}
        LinkState::Active | LinkState::Rejected(_) => link.state = LinkState::Rejected(refusal),
        LinkState::Released | LinkState::Ambiguous => {}
    }
}

/// A link whose item could be read again has nothing to wait for.
pub(crate) fn readable<R: Record>(link: &mut Link<R>, side: Side) {
    let was_refused = matches!(&link.state, LinkState::Rejected(refusal) if refusal.side == side && is_of_item(refusal.kind));
    // What was left as it is, because it could not be read, is there on both sides.
    if was_refused || link.state == LinkState::Released && link.half().is_none() {
        link.state = LinkState::Active;
        link.due = true;
    }
}

/// Tells whether a link stands for an item of which nothing but the name was ever read.
pub(crate) fn is_stub<R: Record>(link: &Link<R>, side: Side) -> bool {
    link.alive(side).is_some_and(|stored| stored.version.as_str().is_empty())
        && link.copies[side.other()].is_none()
}

/// Makes the link of an item of which nothing but the name is known: it is to be fetched before anything is decided.
fn stub<R: Record>(
    mut link: Link<R>,
    (side, item): (Side, &ItemId),
    trail: Trail,
    refusal: Refusal,
    now: DateTime<Utc>,
) -> Link<R> {
    let stored = Stored {
        id: item.clone(),
        version: Version::new(""),
        updated: DateTime::UNIX_EPOCH,
        record: R::default(),
        opaque: Opaque::default(),
        key: None,
        made: None,
        stamp: None,
        lineage: None,
        withdrawn: false,
        home: None,
    };
    link.copies[side] = Some(Copy { stored, gone: false, look: true });
    link.trails[side] = Trail { born: Some(trail.born.unwrap_or(now)), ..trail };
    link.state = LinkState::Rejected(refusal);
    link
}
