//! Tells cargo that a new file of messages means a new build: it does not notice by itself.

fn main() {
    println!("cargo:rerun-if-changed=locales");
}
