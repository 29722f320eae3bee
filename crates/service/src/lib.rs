#![doc = include_str!("../README.md")]

mod answers;
mod calendars;
mod company;
mod conflicts;
mod connect;
mod doctor;
mod failure;
mod history;
mod identity;
mod imports;
mod kept;
mod kinds;
mod known;
mod lasting;
mod office;
mod records;
mod report;
mod rules;
mod spelling;
mod status;
mod sync;
mod users;

pub use calendars::{
    Calendars, Here, Joined, Listed, Parted, There, add_calendar, calendars, remove_calendar,
};
pub use company::{
    Account, AccountState, AppUser, Calendar, Collection, Company, Dropped, Forgotten, Found, Item, Journal,
    LoadHow, Loadable, Loaded, LookAlikes, Offered, Pair, Provider, Purge, Put, Search, TakenBack,
};
pub use conflicts::{
    Answer, Answered, Clash, Conflict, Keep, LookAlike, Waiting, conflict, conflicts, forget_rule, resolve,
};
pub use connect::{
    Choice, ChosenPair, Disconnected, Identity, bound_account, check_binding, check_free, choose_pairs,
    default_apart, disconnect, is_shared, pair_id, record_account, release_account,
};
pub use doctor::{Examined, Finding, Level, examine, without_calendar};
pub use failure::{Failure, Outcome};
pub use history::{Change, FieldChange, PastRun, Undo, changes, record_changes, runs, search_changes, undo};
pub use imports::{begin_import, end_import, field_changes, labels_before};
pub use kept::{KeptChange, kept_changes};
pub use kinds::{KINDS, Kinded};
pub use lasting::{Forecast, Term, forecast, note_consent};
pub use office::Office;
pub use passerelle_engine::{Loss, Phase, Progress, Silent};
pub use records::{
    BadRecord, Became, Beside, GuessedZone, ImportReport, Incoming, Join, JoinAlone, JoinTogether, Lone,
    PartOf, Parts, PutInto, Seen, each, import, import_joining,
};
pub use report::{NotUndone, PairReport, PlannedWrite, Problem, SyncReport, Writes};
pub use rules::{
    FieldRule, Organizer, PairRules, Private, Removal, RuleBook, RuleSpec, RuleTest, Sourced, Way, rules,
    test_rules,
};
pub use spelling::{Misspelt, check_rules, nearest};
pub use status::{Alone, Lacking, PairStatus, Unseen, UserStatus, alone, lacking, note_no_run, status};
pub use sync::{SyncRequest, Watch, sync, unsettled};
pub use users::{add_user, chosen_users, find_user};
