//! The command line of Passerelle.
fn main() {}
