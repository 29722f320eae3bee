#![doc = include_str!("../README.md")]

mod cli;
mod clock;
mod commands;
mod compose;
mod config;
mod context;
#[cfg(feature = "demo")]
mod demo;
mod files;
mod help;
mod keys;
mod lock;
mod panic;
mod slips;
mod start;
mod target;
mod terminal;
mod unusable;
mod words;

use std::process::ExitCode;

fn main() -> ExitCode {
    // Fails only where a provider is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    panic::guard(|| start::run(std::env::args_os().collect(), &config::Environment::of_this_process()))
}
