#![doc = include_str!("../README.md")]

mod cli;
mod clock;
mod commands;
mod compose;
mod config;
mod demo;
mod files;
mod help;
mod keys;
mod lock;
mod output;
mod panic;
mod shown;
mod start;
mod unusable;

use std::process::ExitCode;

fn main() -> ExitCode {
    // Fails only where a provider is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    no_core_dump();
    panic::guard(|| start::run(std::env::args_os().collect(), &config::Environment::of_this_process()))
}

/// What a crash would write to the disk holds keys and tokens.
#[cfg(unix)]
fn no_core_dump() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    // Refused where there is no such limit: nothing else can be done about it here.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
}

#[cfg(not(unix))]
fn no_core_dump() {}
