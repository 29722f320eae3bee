//! One Google calendar as a replica.
