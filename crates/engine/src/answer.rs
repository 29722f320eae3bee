//! What a person says about a link: who wins, one record or two, try again. The next run carries it out.

use passerelle_ports::{Changes, Field, Find, Link, LinkId, Record, Side, assemble, fields};
use passerelle_sync_rules::{
    Rules, Step, decide, join,
    mutants::{Mutant, on},
    view,
};

use crate::engine::{Engine, EngineError};

pub(crate) async fn resolve<R: Record>(
    engine: &Engine<R>,
    id: LinkId,
    field: &Field,
    side: Side,
) -> Result<(), EngineError> {
    answer(engine, &[id], |mut links| {
        let mut link = links.pop().ok_or(EngineError::NotFound)?;
        let clashes = link.held.contains(field)
            || matches!(decide(&link, engine.rules()), Ok(Step::Hold(held)) if held.contains(field));
        if !clashes {
            return Err(EngineError::DoesNotFit);
        }
        link.chosen.retain(|(chosen, _)| chosen != field);
        if on(Mutant::ChoiceMovesBase) {
            move_base(&mut link, field, side.other(), engine.rules());
        } else {
            link.chosen.push((field.clone(), side));
        }
        link.due = true;
        Ok(Changes { links: vec![link], ..Changes::default() })
    })
    .await
}

/// Mutants only: the loser's base becomes what it has.
fn move_base<R: Record>(link: &mut Link<R>, field: &Field, loser: Side, rules: &Rules) {
    let Some(stored) = link.alive(loser) else { return };
    let mut base = fields(&link.bases[loser]);
    match view(loser, &stored.record, rules).get(field) {
        Some(value) => base.insert(field.clone(), value.clone()),
        None => base.remove(field),
    };
    if let Ok(base) = assemble(&base) {
        link.bases[loser] = base;
    }
}

pub(crate) async fn join_halves<R: Record>(
    engine: &Engine<R>,
    one: LinkId,
    other: LinkId,
) -> Result<(), EngineError> {
    answer(engine, &[one, other], |links| {
        let (local, remote) = halves(links)?;
        let forget = vec![remote.id];
        Ok(Changes { forget, links: vec![join(local, remote)], ..Changes::default() })
    })
    .await
}

pub(crate) async fn tell_apart<R: Record>(
    engine: &Engine<R>,
    one: LinkId,
    other: LinkId,
) -> Result<(), EngineError> {
    answer(engine, &[one, other], |links| {
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

pub(crate) async fn retry<R: Record>(engine: &Engine<R>, id: LinkId) -> Result<(), EngineError> {
    answer(engine, &[id], |mut links| {
        let mut link = links.pop().ok_or(EngineError::NotFound)?;
        link.due = true;
        Ok(Changes { links: vec![link], ..Changes::default() })
    })
    .await
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
