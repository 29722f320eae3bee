#![doc = include_str!("../README.md")]

pub mod api;
pub mod bodies;
pub mod people;

pub use api::{ApiRequest, ApiResponse, ExpiredVariant, Knobs, Profile};
