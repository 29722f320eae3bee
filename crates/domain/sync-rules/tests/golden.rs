//! The rules that releases kept with each pair are read for ever: `tests/golden/FORMAT` holds what each format of the ledger
//! wrote.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::time::Duration;

use passerelle_ports::{Field, Sides};
use passerelle_sync_rules::{
    Condition, Deletes, Direction, FieldPattern, Limits, Policy, Rules, Scope, Test, Window,
};
use passerelle_testkit::golden;

#[test]
fn the_rules_of_a_pair_are_read_for_ever() {
    let texts = || vec!["a".to_owned()];
    let condition = |test| Condition { fields: FieldPattern::new("groups/*"), test };
    let tests = [
        Test::Present,
        Test::Absent,
        Test::AnyOf(texts()),
        Test::NoneOf(texts()),
        Test::NotBefore("2026".into()),
        Test::Before("2027".into()),
        Test::OwnedBy { flag: "organizer".into(), keys: texts() },
        Test::NotOwnedBy { flag: "organizer".into(), keys: texts() },
    ];
    let ways = [Direction::Both, Direction::Send, Direction::Take, Direction::Neither];
    let policies = [Policy::Ask, Policy::Local, Policy::Remote, Policy::Newest];
    let rules = Rules {
        fields: ways.map(|way| (FieldPattern::new("notes"), way)).into(),
        creates: Sides { local: true, remote: true },
        deletes: Sides { local: Deletes::Propagate, remote: Deletes::Unlink },
        scope: Scope { all: tests.map(condition).into() },
        window: Some(Window { today: "2026-01-02".parse().unwrap(), past_days: 3, future_days: 4 }),
        redact_private: true,
        omit_private: true,
        placeholders: [(Field::new("title"), "Busy".into())].into(),
        policies: policies.map(|policy| (FieldPattern::new("name/given"), policy)).into(),
        policy: Policy::Newest,
        hold_whole_link: true,
        skew: Duration::new(5, 6),
        mail_guests: true,
        decline_deleted: true,
        limits: Limits {
            deletes_floor: 7,
            deletes_percent: 8,
            emptied_floor: 9,
            alike_floor: 10,
            alike_percent: 11,
            echoes: 12,
            recreations: 13,
        },
        sealed: None,
    };
    golden(env!("CARGO_MANIFEST_DIR"), "rules", &rules);
}
