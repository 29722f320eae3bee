#![doc = include_str!("../README.md")]

mod company;
mod conflicts;
mod connect;
mod failure;
mod history;
mod kinds;
mod office;
mod records;
mod report;
mod status;
mod sync;
mod users;

pub use company::{
    Account, AccountState, AppUser, Collection, Company, Forgotten, Found, Item, Loadable, Loaded, Pair,
    Provider, Search,
};
pub use conflicts::{Answer, Clash, Conflict, LookAlike, Waiting, conflict, conflicts, resolve};
pub use connect::{
    Choice, ChosenPair, Disconnected, Identity, bound_account, check_binding, choose_pairs, disconnect,
    record_account,
};
pub use failure::{Failure, Outcome};
pub use history::{Change, FieldChange, PastRun, changes, runs, undo};
pub use kinds::{KINDS, Kinded};
pub use office::Office;
pub use passerelle_engine::{Phase, Progress, Silent};
pub use records::{BadRecord, ImportReport, Incoming, every, import};
pub use report::{PairReport, PlannedWrite, Problem, SyncReport, Writes};
pub use status::{PairStatus, UserStatus, status};
pub use sync::{SyncRequest, Watch, sync};
pub use users::{add_user, chosen_users, find_user};
