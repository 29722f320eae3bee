//! What the ledger keeps of the rules: which ones the links were last decided with, and whether a person has yet
//! to see what they do.

use std::fmt;

use passerelle_ports::Record;
use passerelle_sync_rules::{Rules, digest_of};

use crate::engine::Engine;

impl<R: Record> Engine<R> {
    /// Returns the mark of the rules in force. Pairs beside this one are part of them: once there is one more, what
    /// went there before may follow.
    pub(crate) fn mark(&self) -> RulesMark {
        let mut mark = RulesMark::of(self.rules());
        if let Some(around) = &self.neighbourhood {
            let homes: Vec<_> = around.others.iter().map(|place| (&place.pair, &place.homes)).collect();
            mark.digest = digest_of(&(&mark.digest, homes)).to_string();
        }
        mark
    }
}

/// The mark of the rules in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RulesMark {
    /// Changes with everything that decides about links, the day included.
    pub(crate) digest: String,
    /// Changes only when a person changes the rules.
    pub(crate) gist: String,
    /// Nobody has seen yet what these rules do.
    pub(crate) pending: bool,
}

impl RulesMark {
    pub(crate) fn of(rules: &Rules) -> Self {
        RulesMark { digest: rules.digest().to_string(), gist: rules.gist().to_string(), pending: false }
    }

    fn parse(text: &str) -> Self {
        let mut words = text.split(' ').map(str::to_owned);
        let digest = words.next().unwrap_or_default();
        let gist = words.next().unwrap_or_default();
        RulesMark { digest, gist, pending: words.next().is_some() }
    }

    /// Compares these rules with those that were kept: returns the mark to keep, and whether it is a new one.
    /// The first rules of a pair are no change: its first run deletes nothing anyway.
    pub(crate) fn after(mut self, kept: Option<&str>) -> (Self, bool) {
        let Some(kept) = kept.map(Self::parse) else { return (self, true) };
        // A ledger of before the gist was kept knows no change of it.
        self.pending = kept.pending || !kept.gist.is_empty() && kept.gist != self.gist;
        let is_news = kept.digest != self.digest || kept.pending != self.pending;
        (self, is_news)
    }
}

impl fmt::Display for RulesMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}{}", self.digest, self.gist, if self.pending { " pending" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_persons_change_is_pending_until_it_is_seen() {
        let mark = |digest: &str, gist: &str| RulesMark {
            digest: digest.to_owned(),
            gist: gist.to_owned(),
            pending: false,
        };
        for (description, now, kept, pending, is_news) in [
            ("the first rules", mark("d", "g"), None, false, true),
            ("the same", mark("d", "g"), Some("d g"), false, false),
            ("the next day", mark("e", "g"), Some("d g"), false, true),
            ("changed", mark("e", "h"), Some("d g"), true, true),
            ("changed and not seen yet", mark("e", "h"), Some("e h pending"), true, false),
            ("a day later, still not seen", mark("f", "h"), Some("e h pending"), true, true),
            ("of an older ledger", mark("d", "g"), Some("d"), false, false),
        ] {
            let (after, news) = now.after(kept);
            assert_eq!((after.pending, news), (pending, is_news), "{description}");
        }
        let pending = RulesMark { pending: true, ..mark("d", "g") };
        assert_eq!(RulesMark::parse(&pending.to_string()), pending);
    }
}
