//! What a person says about a link: who wins, one record or two, try again. The next run carries it out.

use passerelle_ports::{
    Changes, Field, Find, Link, LinkId, LinkState, Record, Side, Sides, Value, assemble, fields,
};
use passerelle_sync_rules::{
    Action, Intent, Rules, choose_home, clashes, follow, is_double, join, typed_in_vain, yield_to,
};

use crate::{
    engine::{Engine, EngineError},
    mark::RulesMark,
    session::{Flow, Session, Stop},
};

pub(crate) async fn resolve<R: Record>(
    engine: &Engine<R>,
    id: LinkId,
    field: &Field,
    side: Side,
) -> Result<(), EngineError> {
    answer(engine, &[id], |mut links| {
        let mut link = links.pop().ok_or(EngineError::NotFound)?;
        if !is_open(engine, &link, field) {
            return Err(EngineError::DoesNotFit);
        }
        choose(engine, &mut link, field, side);
        Ok(Changes { links: vec![link], ..Changes::default() })
    })
    .await
}

/// Tells whether a field waits for an answer, or clashes and was answered before.
fn is_open<R: Record>(engine: &Engine<R>, link: &Link<R>, field: &Field) -> bool {
    link.held.contains(field) || clashes(link, engine.rules()).contains(field)
}

fn choose<R: Record>(engine: &Engine<R>, link: &mut Link<R>, field: &Field, side: Side) {
    link.decided = Some(engine.clock.now());
    link.chosen.retain(|(chosen, _)| chosen != field);
    link.chosen.push((field.clone(), side));
    link.due = true;
}

impl<R: Record> Session<'_, R> {
    /// Writes a value of a person's own into the local record, and lets it win. The write is an entry of the
    /// journal like any other: it has its before-image and can be taken back.
    pub(crate) async fn amend(&mut self, id: LinkId, field: &Field, value: &Value) -> Flow<()> {
        if self.is_blocked(id) {
            return Err(Stop::Failed(EngineError::Busy));
        }
        let link = self.one(id).await?;
        let local = link.alive(Side::Local).map(|stored| stored.record.clone());
        let Some(record) = local.filter(|_| is_open(self.engine, &link, field)) else {
            return Err(Stop::Failed(EngineError::DoesNotFit));
        };
        let mut to = fields(&record);
        to.insert(field.clone(), value.clone());
        let held = link.held.clone();
        let to: R = assemble(&to).map_err(|_| Stop::Failed(EngineError::DoesNotFit))?;
        if to != record {
            let intent = Intent {
                side: Side::Local,
                action: Action::Update,
                to: Some(to),
                taken: Vec::new(),
                source: R::default(),
            };
            let entry = self.entry(&link, intent);
            self.write_batch(Side::Local, vec![entry]).await?;
            // Somebody else was quicker, or the database refused the value: nothing is decided then.
            if self.report.written.local.updated == 0 {
                return Err(Stop::Failed(EngineError::DoesNotFit));
            }
        }
        let mut link = self.one(id).await?;
        // The write says nothing about the other fields that wait.
        link.held = held;
        choose(self.engine, &mut link, field, Side::Local);
        self.commit(Changes { links: vec![link], ..Changes::default() }).await
    }

    async fn one(&self, id: LinkId) -> Flow<Link<R>> {
        self.find(Find::Links(vec![id])).await?.pop().ok_or(Stop::Failed(EngineError::NotFound))
    }
}

/// Forgets how far both sides were read, so that the next run lists everything and deletes nothing.
pub(crate) async fn relist<R: Record>(engine: &Engine<R>) -> Result<(), EngineError> {
    let drop_cursors = Sides { local: true, remote: true };
    answer(engine, &[], |_| Ok(Changes { drop_cursors, ..Changes::default() })).await
}

/// Takes over rules that a person has just decided on: all links are due, and nothing about it is pending that
/// was not before.
pub(crate) async fn adopt<R: Record>(engine: &Engine<R>, before: &Rules) -> Result<(), EngineError> {
    let state = engine.ledger.pair_state(&engine.settings.pair).await.map_err(EngineError::ledger)?;
    let (was, _) = RulesMark::of(before).after(state.rules.as_deref());
    let mark = RulesMark { pending: was.pending, ..engine.mark() };
    answer(engine, &[], |_| Ok(Changes { rules: Some(mark.to_string()), ..Changes::default() })).await
}

pub(crate) async fn join_halves<R: Record>(
    engine: &Engine<R>,
    one: LinkId,
    other: LinkId,
    keep: Option<Side>,
) -> Result<(), EngineError> {
    answer(engine, &[one, other], |links| {
        let (mut forget, mut rest) = (Vec::new(), Vec::new());
        let mut link = match double(links) {
            Ok((half, other)) => {
                let (link, alone) = follow(half, other);
                rest.push(alone);
                link
            }
            Err(links) => {
                let (local, remote) = halves(links)?;
                forget.push(remote.id);
                join(local, remote)
            }
        };
        if let Some(side) = keep {
            for field in clashes(&link, engine.rules()) {
                choose(engine, &mut link, &field, side);
            }
        }
        rest.push(link);
        Ok(Changes { forget, links: rest, ..Changes::default() })
    })
    .await
}

pub(crate) async fn tell_apart<R: Record>(
    engine: &Engine<R>,
    one: LinkId,
    other: LinkId,
) -> Result<(), EngineError> {
    answer(engine, &[one, other], |links| {
        let links = match double(links) {
            Ok((mut half, other)) => {
                half.different.push(other.id);
                half.due = true;
                return Ok(Changes { links: vec![half], ..Changes::default() });
            }
            Err(links) => links,
        };
        let (mut local, mut remote) = halves(links)?;
        local.different.push(remote.id);
        remote.different.push(local.id);
        // Both are decided anew: whether another candidate is left is for the next run to see.
        local.due = true;
        remote.due = true;
        Ok(Changes { links: vec![local, remote], ..Changes::default() })
    })
    .await
}

/// Gives up what one side refused, so that the other takes what it has.
pub(crate) async fn give_up<R: Record>(engine: &Engine<R>, id: LinkId) -> Result<(), EngineError> {
    answer(engine, &[id], |mut links| {
        let mut link = links.pop().ok_or(EngineError::NotFound)?;
        let LinkState::Rejected(refusal) = &link.state else { return Err(EngineError::DoesNotFit) };
        let side = refusal.side;
        if link.looks() {
            // Nobody knows what it holds.
            return Err(EngineError::DoesNotFit);
        }
        if engine.relocation(&link).is_some() {
            // What cannot follow leads: the other side comes back.
            choose_home(&mut link, side);
            link.state = LinkState::Active;
            link.due = true;
        } else {
            yield_to(&mut link, side, engine.rules()).map_err(|_| EngineError::DoesNotFit)?;
        }
        link.decided = Some(engine.clock.now());
        Ok(Changes { links: vec![link], ..Changes::default() })
    })
    .await
}

/// Leaves as it is here what the company changed in a collection that may only be read.
pub(crate) async fn keep_here<R: Record>(engine: &Engine<R>, id: LinkId) -> Result<(), EngineError> {
    answer(engine, &[id], |mut links| {
        let mut link = links.pop().ok_or(EngineError::NotFound)?;
        if !matches!(link.state, LinkState::Rejected(_)) || link.looks() {
            return Err(EngineError::DoesNotFit);
        }
        (link.state, link.due) = (LinkState::Active, true);
        if link.half().is_some() {
            link.state = LinkState::Released;
        }
        for field in typed_in_vain(&link, engine.rules()) {
            link.chosen.retain(|(chosen, _)| *chosen != field);
            link.chosen.push((field, Side::Local));
        }
        link.decided = Some(engine.clock.now());
        Ok(Changes { links: vec![link], ..Changes::default() })
    })
    .await
}

/// Lets a record be made on the other side although another pair has it there.
pub(crate) async fn make_here<R: Record>(engine: &Engine<R>, id: LinkId) -> Result<(), EngineError> {
    answer(engine, &[id], |mut links| {
        let mut link = links.pop().ok_or(EngineError::NotFound)?;
        if !matches!(link.state, LinkState::Rejected(_)) || link.looks() {
            return Err(EngineError::DoesNotFit);
        }
        let half = link.half().unwrap_or(Side::Local);
        choose_home(&mut link, half);
        (link.state, link.due) = (LinkState::Active, true);
        link.decided = Some(engine.clock.now());
        Ok(Changes { links: vec![link], ..Changes::default() })
    })
    .await
}

/// Leaves what cannot be read as it is on each side, until it can be.
pub(crate) async fn leave<R: Record>(engine: &Engine<R>, id: LinkId) -> Result<(), EngineError> {
    answer(engine, &[id], |mut links| {
        let mut link = links.pop().ok_or(EngineError::NotFound)?;
        if !matches!(link.state, LinkState::Rejected(_)) || !link.looks() {
            return Err(EngineError::DoesNotFit);
        }
        link.state = LinkState::Released;
        link.decided = Some(engine.clock.now());
        Ok(Changes { links: vec![link], ..Changes::default() })
    })
    .await
}

pub(crate) async fn retry<R: Record>(engine: &Engine<R>, id: LinkId) -> Result<(), EngineError> {
    answer(engine, &[id], |mut links| {
        let mut link = links.pop().ok_or(EngineError::NotFound)?;
        link.due = true;
        link.decided = Some(engine.clock.now());
        for side in Side::BOTH {
            link.trails[side].believe();
        }
        Ok(Changes { links: vec![link], ..Changes::default() })
    })
    .await
}

/// A row, and the link that it looks like.
type Two<R> = (Link<R>, Link<R>);

/// Returns the two links as a row and the link that it looks like, or as they were.
fn double<R: Record>(links: Vec<Link<R>>) -> Result<Two<R>, Vec<Link<R>>> {
    let [one, other]: [Link<R>; 2] = links.try_into()?;
    if one.looks() || other.looks() {
        return Err(vec![one, other]);
    }
    if is_double(&one, &other) {
        Ok((one, other))
    } else if is_double(&other, &one) {
        Ok((other, one))
    } else {
        Err(vec![one, other])
    }
}

/// Returns the two links as a local and a remote half.
fn halves<R: Record>(links: Vec<Link<R>>) -> Result<(Link<R>, Link<R>), EngineError> {
    let [one, other]: [Link<R>; 2] = links.try_into().map_err(|_| EngineError::NotFound)?;
    if one.looks() || other.looks() {
        return Err(EngineError::DoesNotFit);
    }
    match (one.half(), other.half()) {
        (Some(Side::Local), Some(Side::Remote)) => Ok((one, other)),
        (Some(Side::Remote), Some(Side::Local)) => Ok((other, one)),
        _ => Err(EngineError::DoesNotFit),
    }
}

/// Reads links, works an answer out and keeps it in one transaction, all under the pair's lease.
async fn answer<R: Record>(
    engine: &Engine<R>,
    ids: &[LinkId],
    work: impl FnOnce(Vec<Link<R>>) -> Result<Changes<R>, EngineError>,
) -> Result<(), EngineError> {
    engine.take_lease().await?;
    let answered = async {
        let pair = &engine.settings.pair;
        let open = engine.ledger.open_entries(pair).await.map_err(EngineError::ledger)?;
        let found =
            engine.ledger.find(pair, &Find::Links(ids.to_vec())).await.map_err(EngineError::ledger)?;
        if found.len() != ids.len() {
            return Err(EngineError::NotFound);
        }
        if found.iter().any(|link| open.iter().any(|entry| entry.link == link.id)) {
            return Err(EngineError::Busy);
        }
        let changes = work(found)?;
        engine.commit(changes).await
    };
    let answered = answered.await;
    engine.give_lease_back().await;
    answered
}
