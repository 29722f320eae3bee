#![doc = include_str!("../README.md")]

mod calendars;
mod changes;
mod color;
mod convert;
mod error;
mod marks;
mod replica;
mod series;
mod times;
mod wire;
mod write;

pub use calendars::{AccessRole, CalendarEntry, list_calendars};
pub use replica::{CalendarOptions, GoogleCalendar};
