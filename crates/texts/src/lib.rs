#![doc = include_str!("../README.md")]

mod catalogue;
mod format;
mod lang;
mod messages;
mod render;

pub use catalogue::{Article, codes, exit_code, explain};
pub use format::{date, date_time, number, percent};
pub use lang::Lang;
pub use messages::{Arg, has, t};
pub use render::{causes_and_cures, render};
