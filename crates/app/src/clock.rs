//! The real clock and the real source of ids: the one place that reads the time.

use std::sync::Mutex;

use chrono::{DateTime, Local, NaiveDateTime, TimeZone, Utc};
use passerelle_ports::{Clock, Ids};
use uuid::Uuid;

/// The computer's clock, which never goes back within one process.
#[derive(Debug, Default)]
pub struct SystemClock {
    last: Mutex<Option<DateTime<Utc>>>,
}

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        #[allow(clippy::disallowed_methods)]
        let now = Utc::now();
        let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let now = last.map_or(now, |last| last.max(now));
        *last = Some(now);
        now
    }
}

/// Ids that nobody else ever gets.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemIds;

impl Ids for SystemIds {
    fn uuid(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// Returns a time as this computer's wall shows it.
pub fn on_the_wall(at: DateTime<Utc>) -> NaiveDateTime {
    at.with_timezone(&Local).naive_local()
}

/// Returns the time that this computer's wall shows like this; the first one where it shows it twice.
pub fn from_the_wall(wall: NaiveDateTime) -> Option<DateTime<Utc>> {
    Local.from_local_datetime(&wall).earliest().map(|at| at.with_timezone(&Utc))
}
