//! What releases kept of their runs is read for ever: `tests/golden/FORMAT` holds what each format of the ledger wrote.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeSet;

use chrono::DateTime;
use passerelle_engine::{Refused, RunReport, Stopped};
use passerelle_ports::{Code, Counts, Detail, ErrorKind, PairId, RunId, RunKind, Side, Sides};
use passerelle_sync_rules::{Digest, PlanCounts, SideCounts, Trip};
use passerelle_testkit::golden;

#[test]
fn the_report_of_a_run_is_read_for_ever() {
    let at = |second: i64| DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap();
    let counts = |first| SideCounts { created: first, updated: first + 1, deleted: first + 2 };
    let report = RunReport {
        run: RunId(7),
        pair: PairId::new("pair"),
        kind: RunKind::Sync,
        started: at(0),
        finished: Some(at(1)),
        complete: Sides { local: true, remote: true },
        observed: Sides { local: 1, remote: 2 },
        matched: 3,
        recovered: 4,
        planned: PlanCounts {
            writes: Sides { local: counts(5), remote: counts(8) },
            due: 11,
            written: 12,
            agreed: 13,
            held: 14,
            released: 15,
            forgotten: 16,
            out_of_scope: 17,
            unchanged: 18,
            waiting: 19,
            failed: 20,
            deferred_deletes: 21,
            clashes: 22,
            guests: 23,
            moved_guests: 24,
            held_before: 25,
        },
        digest: Some(Digest::new("d1")),
        written: Sides { local: counts(26), remote: counts(29) },
        rejected: 32,
        nameless: Sides { local: 33, remote: 34 },
        late: Sides { local: 35, remote: 36 },
        not_carried: Some([("birthday".to_owned(), 37)].into()),
        overtaken: 38,
        unknown: 39,
        deferred_deletes: 40,
        not_undone: 41,
        stands: Vec::new(),
        refused: Some(Refused {
            trips: vec![
                Trip::Deletes { side: Side::Local, planned: 42, allowed: 43 },
                Trip::Emptied { side: Side::Remote, linked: 44, planned: 45 },
                Trip::Alike { side: Side::Local, member: "notes".into(), planned: 46, links: 47 },
                Trip::Moved { side: Side::Remote, planned: 48, links: 49 },
                Trip::RulesChanged { planned: 50 },
            ],
            digest: Digest::new("d2"),
            deletes: 51,
            steps: Vec::new(),
        }),
        stopped: Some(Stopped {
            side: Side::Remote,
            kind: ErrorKind::RateLimited,
            operation: "events.list".into(),
            code: Some(Code::Goog203),
            context: [Detail::Project("p".into())].into_iter().collect(),
            retry_after_seconds: Some(52),
        }),
        counts: Some(Counts {
            links: 53,
            linked: 54,
            both: 55,
            alive: Sides { local: 56, remote: 57 },
            due: 58,
            held: 59,
            ambiguous: 60,
            rejected: 61,
            released: 62,
            aside: 63,
            open: 64,
        }),
        losses: Vec::new(),
        relabelled: Vec::new(),
        handed_over: BTreeSet::new(),
        announced: Vec::new(),
    };
    golden(env!("CARGO_MANIFEST_DIR"), "report", &report);
}
