#![doc = include_str!("../README.md")]

pub mod api;
mod batch;
pub mod bodies;
mod calendar;
mod control;
pub mod core;
pub mod discovery;
pub mod faults;
pub mod fields;
mod gate;
pub mod oauth;
pub mod people;
pub mod rng;
pub mod server;
pub mod validate;
pub mod wire;

pub use api::{ApiRequest, ApiResponse, ExpiredVariant, Knobs, Profile};
pub use calendar::{Calendars, Mail};
pub use core::{Core, Setup};
pub use server::{Sim, SimOptions};
