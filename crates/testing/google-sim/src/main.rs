//! The pretend Google as a program.
fn main() {}
