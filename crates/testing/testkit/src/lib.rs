//! Contracts, strict fakes and fault injectors for every adapter.
