//! Look: fetch every copy that is marked, and every stranger. What a fetch answers is the truth.

use passerelle_ports::{Find, ItemId, Look, Record, Side, Stored};
use passerelle_sync_rules::{put_copy, put_gone};

use crate::{
    engine::Phase,
    session::{Flow, Session, early, ledger},
    work::Work,
};

impl<R: Record> Session<'_, R> {
    /// Fetches what is marked on both sides.
    pub(crate) async fn look(&mut self) -> Flow<()> {
        for side in Side::BOTH {
            let mut after: Option<ItemId> = None;
            let mut done = 0;
            loop {
                let ledger_port = &self.engine.ledger;
                let looks = ledger_port
                    .looks(self.pair(), side, after.as_ref(), self.chunk())
                    .await
                    .map_err(ledger)?;
                let Some(last) = looks.last() else { break };
                after = Some(last.item.clone());
                let ids: Vec<ItemId> = looks.iter().map(|look| look.item.clone()).collect();
                let found = self.replica(side).fetch(&ids).await.map_err(early(side))?;
                done += looks.len() as u64;
                self.step(done, 0, Phase::Looking(side));
                self.save_looked(side, looks, found).await?;
            }
        }
        Ok(())
    }

    pub(crate) async fn save_looked(
        &mut self,
        side: Side,
        looks: Vec<Look>,
        found: Vec<Option<Stored<R>>>,
    ) -> Flow<()> {
        let ids = looks.iter().map(|look| look.item.clone()).collect();
        let mut work = Work::new(self.find(Find::Items(side, ids)).await?);
        for (look, stored) in looks.into_iter().zip(found) {
            // A provider may answer with the item that this one was merged into: this one is gone then.
            let stored = stored.filter(|stored| stored.id == look.item);
            let known = work.by_item(side, &look.item);
            if look.link.is_none() {
                work.changes.known.push((side, look.item));
            }
            match (known, stored) {
                (Some(id), Some(stored)) => work.change(id, |link| put_copy(link, side, stored)),
                (Some(id), None) => work.change(id, |link| put_gone(link, side)),
                (None, Some(stored)) => {
                    self.adopt(&mut work, side, stored).await?;
                }
                (None, None) => {}
            }
        }
        self.commit(work.into_changes()).await
    }
}
