//! Tells cargo that a new migration means a new build: it does not notice by itself.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
