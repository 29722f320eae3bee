//! The vault: secrets of app users, encrypted at rest.
