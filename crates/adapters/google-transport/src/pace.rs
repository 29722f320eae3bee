//! Not faster than Google allows.

use std::{num::NonZeroU32, time::Duration};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter, clock::Clock, clock::DefaultClock};

use crate::Api;

/// How many requests a minute one account may send (C200, P91). Google counts per user and project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Calendar: Google allows 600.
    pub calendar_per_minute: NonZeroU32,
    /// People: Google does not say; consoles show 60 to 180 for reads.
    pub people_per_minute: NonZeroU32,
    /// How many may go at once before the pace counts.
    pub burst: NonZeroU32,
}

impl Default for Pace {
    fn default() -> Self {
        const fn of(number: u32) -> NonZeroU32 {
            match NonZeroU32::new(number) {
                Some(number) => number,
                None => NonZeroU32::MIN,
            }
        }
        Pace { calendar_per_minute: of(540), people_per_minute: of(60), burst: of(20) }
    }
}

/// One limiter per API of one account.
pub(crate) struct Pacer {
    calendar: DefaultDirectRateLimiter,
    people: DefaultDirectRateLimiter,
}

impl Pacer {
    pub(crate) fn new(pace: Pace) -> Self {
        let of = |per_minute| RateLimiter::direct(Quota::per_minute(per_minute).allow_burst(pace.burst));
        Pacer { calendar: of(pace.calendar_per_minute), people: of(pace.people_per_minute) }
    }

    /// Waits until the next request may go.
    pub(crate) async fn wait(&self, api: Api) {
        let limiter = match api {
            Api::Calendar => &self.calendar,
            Api::People => &self.people,
            Api::OAuth => return,
        };
        while let Err(early) = limiter.check() {
            let wait = early.wait_time_from(DefaultClock::default().now());
            tokio::time::sleep(wait.max(Duration::from_millis(1))).await;
        }
    }
}
