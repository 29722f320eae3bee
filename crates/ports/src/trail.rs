//! What is remembered of the states an item went through, so that an older one is not taken for news.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::{EntryId, ItemId, Stored, Version};

/// How many versions that were followed by others are remembered.
const PASSED_MAX: usize = 8;
/// How far the clock of a replica may be ahead of ours, for its times to be believed where it does not tell its clock.
const SKEW: TimeDelta = TimeDelta::minutes(5);
/// How far the time of a change may be ahead of the clock that a replica tells, which may have whole seconds.
const TICK: TimeDelta = TimeDelta::seconds(10);

/// For how long an older state is not believed although the clock of its replica was put back, and what is gone is
/// remembered: answers may be late for longer than they should be.
pub const MEMORY: TimeDelta = TimeDelta::days(1);

/// What the clocks say when an answer is weighed, and for how long answers may be late.
#[derive(Clone, Copy, Debug)]
pub struct Clocks {
    /// Ours.
    pub now: DateTime<Utc>,
    /// That of the replica, where it tells it.
    pub theirs: Option<DateTime<Utc>>,
    /// For how long answers may show an older state.
    pub lag: TimeDelta,
}

/// The states that one item of one side was seen in.
///
/// Where answers may lag, any of them may show an older state again, to another process as well: so it
/// stands in the ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Trail {
    /// The time of the change that made what we hold, as the replica itself named it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newest: Option<DateTime<Utc>>,
    /// The newest time of a change that a listing showed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shown: Option<DateTime<Utc>>,
    /// Versions that others came after, oldest first: whatever times say, they are no news.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub passed: Vec<Version>,
    /// When we first had it, by our clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub born: Option<DateTime<Utc>>,
    /// It was gone before: what says so within a lag may come from then.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub back: bool,
    /// When we learnt that it is gone, by our clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gone: Option<DateTime<Utc>>,
    /// What the last listing said that differed from what we hold: there, or removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listed: Option<bool>,
    /// A listing of everything did not show it since we took in what we hold.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unmet: bool,
    /// The item that lives on in place of this one, which was merged into it or has its name now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub became: Option<ItemId>,
    /// Its deletion was an accident, a person says: it is made again.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub wanted: bool,
    /// It was removed by an undo: what the record of the other side was then, in short. It rests until it is edited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undone: Option<String>,
    /// Since when answers by name show something older than what we know, by our clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doubted: Option<DateTime<Utc>>,
    /// The answer that is doubted says that there is no such item.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub denied: bool,
    /// It was there when its other half met another one, and could not be read or was not known to be there: it may be
    /// the double of a record that both sides have.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub tardy: bool,
    /// The clock of the replica stood before the time of what we hold: it was put back, and that time says nothing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub undated: bool,
    /// The delete of ours that removed it: what carries its stamp may be from just before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub killer: Option<EntryId>,
}

impl Trail {
    /// Remembers that a listing showed the item removed. A doubt of before was about something else.
    pub fn unlist(&mut self) {
        if self.listed != Some(false) {
            self.doubted = None;
        }
        self.listed = Some(false);
    }

    /// Remembers that a listing showed what we hold. Where another one told that it is gone, either may be the later one:
    /// an answer that there is no such item may come from before. A doubt of before was about something else.
    pub fn shown_again(&mut self, now: DateTime<Utc>) {
        if self.listed == Some(false) || self.unmet {
            (self.born, self.back, self.doubted) = (Some(now), true, None);
        }
    }

    /// Remembers that a state was taken in, in place of another one of the same item.
    pub fn follow<R>(&mut self, before: Option<&Stored<R>>, now: &Stored<R>) {
        match before {
            Some(before) if before.id == now.id => self.pass(&before.version, &now.version),
            _ => *self = Trail { born: self.born.filter(|_| before.is_none()), ..Trail::default() },
        }
        self.newest = Some(now.updated);
        (self.shown, self.gone, self.listed, self.doubted) = (None, None, None, None);
        (self.became, self.undone, self.wanted, self.unmet) = (None, None, false, false);
        (self.undated, self.killer) = (false, None);
    }

    fn pass(&mut self, before: &Version, now: &Version) {
        self.passed
            .retain(|version| state_of(version) != state_of(now) && state_of(version) != state_of(before));
        if state_of(before) != state_of(now) {
            self.passed.push(before.clone());
        }
        let surplus = self.passed.len().saturating_sub(PASSED_MAX);
        self.passed.drain(..surplus);
    }

    /// Remembers that a listing showed the item. A state that was passed says nothing of what it is now.
    pub fn listed<R>(&mut self, seen: &Stored<R>) {
        if !self.is_passed(seen) {
            self.shown = self.shown.max(Some(seen.updated));
            self.listed = Some(true);
        }
    }

    /// Remembers that the item is gone: that we removed it or a listing told so, or only that answers by name said so.
    /// Those may all have been late, so that the state that we held is still what it may be back with.
    pub fn bury(&mut self, last: &Version, now: DateTime<Utc>, told: bool) {
        if told {
            self.pass(last, &Version::new(""));
        }
        (self.gone, self.listed, self.doubted) = (Some(now), None, None);
        self.unmet = false;
    }

    /// Remembers which delete of ours removed the item, and which version of it that delete itself made.
    pub fn kill(&mut self, by: EntryId, last: Option<Version>) {
        self.killer = Some(by);
        if let Some(last) = last {
            self.pass(&last, &Version::new(""));
        }
    }

    /// Tells whether another version came after that of a state.
    #[must_use]
    pub fn is_passed<R>(&self, seen: &Stored<R>) -> bool {
        self.passed.iter().any(|version| state_of(version) == state_of(&seen.version))
    }

    /// Tells whether a state is older than what is known of the item.
    #[must_use]
    pub fn is_older<R>(&self, seen: &Stored<R>) -> bool {
        // While it is gone, nothing that was changed before we learnt that is news; while a listing says that it was
        // removed, any state may be from before that; where one of everything did not show it, what we hold is no news.
        let newest = self.newest.max(self.gone).max(self.shown);
        let was_unmet = self.unmet;
        self.is_passed(seen)
            || self.listed == Some(false)
            || self.killer.is_some() && seen.stamp == self.killer
            || newest.is_some_and(|newest| seen.updated < newest || was_unmet && seen.updated == newest)
    }

    /// Tells whether a state is the one that we hold although a listing showed another one, and the times of the replica
    /// do not tell which of the two came first: its clock was put back.
    #[must_use]
    pub fn is_unclear<R>(&self, held: Option<&Stored<R>>, seen: &Stored<R>) -> bool {
        let is_held = held.is_some_and(|held| state_of(&held.version) == state_of(&seen.version));
        is_held && self.undated && self.listed == Some(true)
    }

    /// Remembers that an item that was gone is there again. What was known of the states before still holds.
    pub fn come_back(&mut self, before: &Trail, now: DateTime<Utc>) {
        (self.born, self.back) = (Some(now), true);
        self.passed.splice(0..0, before.passed.iter().cloned());
        let surplus = self.passed.len().saturating_sub(PASSED_MAX);
        self.passed.drain(..surplus);
    }

    /// Tells whether an answer that there is no such item may come from before it was there.
    #[must_use]
    pub fn may_be_unborn(&self, now: DateTime<Utc>, lag: TimeDelta) -> bool {
        match self.listed {
            Some(true) => true,
            // What tells of its removal may tell of the one before.
            Some(false) if !self.back => false,
            Some(false) | None => self.born.is_some_and(|born| is_within(born, now, lag)),
        }
    }

    /// Tells whether an answer that there is no such item is to be asked for once more before it is believed: nothing
    /// but that answer says that it is gone.
    #[must_use]
    pub fn may_be_there(&self, now: DateTime<Utc>, lag: TimeDelta) -> bool {
        let is_told = self.listed == Some(false) || self.unmet;
        !is_told || self.may_be_unborn(now, lag)
    }

    /// Tells whether a state came before the one that we hold or held, by its version, or by the replica's own times
    /// unless ours cannot be true.
    #[must_use]
    pub fn is_surely_older<R>(&self, seen: &Stored<R>) -> bool {
        self.is_passed(seen) || !self.undated && self.is_before(seen)
    }

    fn is_before<R>(&self, seen: &Stored<R>) -> bool {
        self.newest.is_some_and(|newest| seen.updated < newest)
    }

    /// Doubts an answer, as long as answers may lag; returns whether it is still doubted. A state that came before the
    /// one that we hold is never believed: by its version, or by its time. But where the clock of the replica stands
    /// before the time of what we hold, it was put back, and a time before that says only that one has to wait longer.
    /// So does a version that was passed by another one of the same time: either may be the later one.
    pub fn doubt<R>(&mut self, seen: Option<&Stored<R>>, clocks: Clocks) -> bool {
        let Clocks { now, theirs, lag } = clocks;
        // That it is there and that it is not are two answers: how long one was doubted says nothing of the other.
        let is_same = self.denied == seen.is_none();
        let since = self.doubted.filter(|since| *since <= now && is_same).unwrap_or(now);
        (self.doubted, self.denied) = (Some(since), seen.is_none());
        self.date(now, theirs);
        let is_passed = seen.is_some_and(|seen| self.is_passed(seen));
        let is_before = seen.is_some_and(|seen| self.is_before(seen));
        let is_sure = is_passed || is_before;
        let waits = if is_sure { lag.max(MEMORY) } else { lag };
        let is_even = seen.is_some_and(|seen| self.newest == Some(seen.updated) && self.gone.is_none());
        let never = is_passed && !is_even || is_before && !self.undated;
        is_within(since, now, waits) || never && is_sure
    }

    /// Remembers that the clock of the replica stands before the time of what we hold, if it does: it was put back.
    pub fn date(&mut self, now: DateTime<Utc>, theirs: Option<DateTime<Utc>>) {
        let latest = theirs.map_or(now.checked_add_signed(SKEW), |theirs| theirs.checked_add_signed(TICK));
        self.undated |= matches!((self.newest, latest), (Some(newest), Some(latest)) if newest > latest);
    }

    /// A person says that what is shown is as it should be, whatever times say.
    pub fn believe(&mut self) {
        if self.doubted.take().is_some() {
            (self.newest, self.shown) = (None, None);
        }
    }
}

/// Returns what a version says of the item itself: what stands behind a space comes from elsewhere, such as the names
/// of labels, and may be what it was before.
fn state_of(version: &Version) -> &str {
    version.as_str().split(' ').next().unwrap_or_default()
}

/// Tells whether a time is less than a lag ago; one that is to come, by a clock that was put back, is not.
fn is_within(time: DateTime<Utc>, now: DateTime<Utc>, lag: TimeDelta) -> bool {
    let passed = now.signed_duration_since(time);
    passed >= TimeDelta::zero() && passed < lag
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Opaque;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
    }

    fn clocks(ours: i64, theirs: i64) -> Clocks {
        Clocks { now: at(ours), theirs: Some(at(theirs)), lag: TimeDelta::seconds(60) }
    }

    fn state(version: &str, second: i64) -> Stored<()> {
        Stored {
            id: ItemId::new("i"),
            version: Version::new(version),
            updated: at(second),
            record: (),
            opaque: Opaque::default(),
            key: None,
            made: None,
            stamp: None,
            lineage: None,
            withdrawn: false,
            home: None,
        }
    }

    #[test]
    fn an_older_time_or_a_version_that_was_passed_is_no_news() {
        let mut trail = Trail::default();
        trail.follow(None, &state("a", 5));
        trail.follow(Some(&state("a", 5)), &state("b", 6));
        assert!(trail.is_older(&state("x", 5)), "an older time");
        assert!(trail.is_older(&state("a", 9)), "passed, whatever the clock of the replica said");
        assert!(!trail.is_older(&state("b", 6)) && !trail.is_older(&state("c", 7)));
        trail.listed = Some(false);
        assert!(trail.is_older(&state("b", 6)), "a listing says that it was removed");
        trail.listed = None;
        trail.listed(&state("a", 9));
        assert!(!trail.is_older(&state("c", 7)), "what was passed says nothing");
        trail.listed(&state("d", 8));
        assert!(
            trail.is_older(&state("b", 6)) && trail.is_older(&state("c", 7)),
            "a listing showed a newer one"
        );
        trail.doubted = Some(at(1));
        trail.unlist();
        assert!(
            trail.is_older(&state("e", 9)) && trail.doubted.is_none(),
            "it may be from before it was removed"
        );
    }

    #[test]
    fn a_listing_of_everything_that_does_not_show_it_makes_what_we_hold_no_news() {
        let mut trail = Trail::default();
        trail.follow(None, &state("a", 5));
        trail.unmet = true;
        assert!(trail.is_older(&state("a", 5)) && !trail.is_older(&state("b", 6)));
        trail.follow(Some(&state("a", 5)), &state("b", 6));
        assert!(!trail.is_older(&state("b", 6)), "what was read since is news");
    }

    #[test]
    fn where_two_listings_contradict_each_other_neither_answer_is_believed_at_once() {
        let lag = TimeDelta::seconds(60);
        for told in [true, false] {
            let mut trail = Trail::default();
            trail.follow(None, &state("a", 5));
            trail.shown_again(at(90));
            assert_eq!((trail.born, trail.back), (None, false), "nothing told that it is gone");
            if told {
                trail.unlist()
            } else {
                trail.unmet = true
            }
            assert!(!trail.may_be_there(at(100), lag));
            trail.doubted = Some(at(1));
            trail.shown_again(at(100));
            assert!(trail.is_older(&state("a", 5)), "it may be from before it was gone");
            assert!(trail.may_be_there(at(159), lag), "or that it is gone from before it was back");
            assert!(trail.doubt::<()>(None, clocks(159, 159)), "a doubt of before was about something else");
            assert!(!trail.may_be_there(at(160), lag));
        }
    }

    #[test]
    fn what_is_gone_is_back_only_with_a_later_change() {
        let mut trail = Trail::default();
        trail.follow(None, &state("a", 5));
        trail.bury(&Version::new("a"), at(20), true);
        assert!(trail.is_older(&state("a", 5)) && trail.is_older(&state("unseen", 19)));
        assert!(!trail.is_older(&state("back", 21)));
    }

    #[test]
    fn one_answer_by_name_does_not_tell_that_an_item_is_gone() {
        let lag = TimeDelta::seconds(60);
        let mut trail = Trail::default();
        trail.follow(None, &state("a", 5));
        assert!(trail.may_be_there(at(1_000), lag), "nothing else says so");
        trail.listed = Some(false);
        assert!(!trail.may_be_there(at(1_000), lag), "a listing says so too");
        (trail.listed, trail.unmet) = (None, true);
        assert!(!trail.may_be_there(at(1_000), lag), "a listing of everything did not show it");
        trail.bury(&Version::new("a"), at(1_000), false);
        assert!(trail.doubt(Some(&state("a", 5)), clocks(1_000, 1_000)), "it may be from before");
        assert!(!trail.doubt(Some(&state("a", 5)), clocks(1_060, 1_060)), "or it is there after all");
    }

    #[test]
    fn a_doubt_ends_although_the_clock_was_put_back() {
        let mut trail = Trail::default();
        let mut doubts = |second| trail.doubt::<()>(None, clocks(second, second));
        assert!(doubts(100) && doubts(159));
        assert!(!doubts(160), "it stays: it is believed");
        assert!(doubts(50) && !doubts(110), "our own clock was put back");
    }

    #[test]
    fn what_is_surely_older_is_not_believed_although_it_stays_for_long() {
        let day = 86_400;
        let mut trail = Trail::default();
        trail.follow(None, &state("a", 5));
        trail.follow(Some(&state("a", 5)), &state("b", 100));
        for old in [state("a", 200), state("x", 50)] {
            for now in [200, 5_000, 201 + day, 201 + 9 * day] {
                assert!(trail.clone().doubt(Some(&old), clocks(now, now)), "{now}");
            }
        }
    }

    #[test]
    fn an_older_time_is_believed_in_the_end_where_the_clock_of_the_replica_was_put_back() {
        let day = 86_400;
        let mut trail = Trail::default();
        trail.follow(None, &state("a", 5));
        trail.follow(Some(&state("a", 5)), &state("b", 9_000));
        let (old, passed) = (state("x", 50), state("a", 5));
        assert!(trail.is_surely_older(&old) && trail.doubt(Some(&old), clocks(9_100, 60)));
        assert!(trail.undated && !trail.is_surely_older(&old), "what we hold is from its future");
        assert!(trail.doubt(Some(&old), clocks(9_100 + day - 1, day)), "it may be late all the same");
        assert!(
            !trail.clone().doubt(Some(&old), clocks(9_100 + day, day)),
            "its clock has long been there again"
        );
        assert!(
            trail.doubt(Some(&passed), clocks(9_100 + 9 * day, 9 * day)),
            "but a version is none to come"
        );
        trail.follow(Some(&state("b", 9_000)), &state("c", 9_001));
        assert!(!trail.undated, "of what came after it the time counts");
    }

    #[test]
    fn of_two_states_of_one_time_the_one_that_stays_is_believed_in_the_end() {
        let day = 86_400;
        let mut trail = Trail::default();
        trail.follow(None, &state("b", 100));
        trail.follow(Some(&state("b", 100)), &state("a", 100));
        let seen = state("b", 100);
        assert!(trail.is_older(&seen) && trail.doubt(Some(&seen), clocks(200, 200)));
        assert!(trail.doubt(Some(&seen), clocks(199 + day, 199 + day)), "it may be late");
        assert!(!trail.clone().doubt(Some(&seen), clocks(200 + day, 200 + day)));
        trail.bury(&Version::new("a"), at(200), true);
        assert!(trail.doubt(Some(&seen), clocks(201, 201)));
        assert!(
            trail.doubt(Some(&seen), clocks(300 + day, 300 + day)),
            "what is gone is back as a later one"
        );
    }

    #[test]
    fn how_long_one_answer_was_doubted_says_nothing_of_the_other() {
        let mut trail = Trail::default();
        trail.follow(None, &state("a", 5));
        trail.bury(&Version::new("a"), at(20), true);
        trail.listed(&state("b", 9));
        let late = state("b", 9);
        assert!(trail.doubt::<()>(None, clocks(30, 30)), "a listing shows it");
        assert!(trail.doubt(Some(&late), clocks(90, 90)), "another answer: it may be late as well");
        assert!(trail.doubt(Some(&late), clocks(149, 149)) && !trail.doubt(Some(&late), clocks(150, 150)));
    }

    #[test]
    fn a_person_can_say_that_what_is_shown_is_right() {
        let mut trail = Trail::default();
        trail.follow(None, &state("a", 5));
        trail.believe();
        assert!(trail.is_older(&state("x", 4)), "nothing was doubted");
        assert!(trail.doubt(Some(&state("x", 4)), clocks(100, 100)));
        trail.believe();
        assert!(!trail.is_older(&state("x", 4)));
    }

    #[test]
    fn what_is_beside_the_state_itself_may_come_again() {
        let mut trail = Trail::default();
        let (old, new) = (state("tag old-name", 5), state("tag new-name", 5));
        trail.follow(None, &old);
        trail.follow(Some(&old), &new);
        assert!(!trail.is_older(&old), "the label has its old name again");
        trail.follow(Some(&new), &state("other old-name", 6));
        assert!(trail.is_older(&old) && trail.is_older(&new));
    }

    #[test]
    fn memory_is_bounded() {
        let mut trail = Trail::default();
        for number in 0..50 {
            trail.follow(
                Some(&state(&number.to_string(), number)),
                &state(&(number + 1).to_string(), number + 1),
            );
        }
        assert_eq!(trail.passed.len(), PASSED_MAX);
        assert!(trail.is_older(&state("49", 99)));
    }
}
