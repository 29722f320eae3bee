#![doc = include_str!("../README.md")]

mod contact;
mod date;
mod entries;
mod keys;
mod names;
mod normal;
mod record;
mod text;
mod validate;

pub use contact::{
    Address, Contact, Email, Im, Labelled, LabelledDate, Name, Order, Organization, PartialDate, Phone,
};
pub use date::DateError;
pub use entries::same_entries;
pub use keys::{
    address_key, email_key, im_key, keyed, phone_key, plain_key, relation_key, text_key, url_key,
};
pub use text::{normal_line, normal_text};
pub use validate::{Problem, validate};
