//! Google contacts as a replica.
