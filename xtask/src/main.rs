//! The chores that cargo cannot do by itself.
fn main() {}
