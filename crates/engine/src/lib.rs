#![doc = include_str!("../README.md")]

mod abroad;
mod answer;
mod apply;
mod batch;
mod beside;
mod engine;
mod labels;
mod look;
mod mark;
mod meet;
mod merge;
mod observe;
mod plan;
mod recover;
mod report;
mod session;
mod undo;
mod unread;
mod work;

pub use abroad::Parted;
pub use beside::Beside;
pub use engine::{Approval, Engine, EngineError, PairSettings, Phase, Progress, Silent};
pub use report::{Loss, PlanReport, Refused, RunReport, Stopped};
