//! `cargo xtask …`: the chores that cargo cannot do by itself. This file only dispatches.

use clap::{Parser, Subcommand};

mod bench;
mod ci;
mod circles;
mod codegen;
mod corpora;
mod docs;
mod fuzz;
mod mutations;
mod picture;
mod run;
mod sim;
mod tidy;
mod tools;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The chores of Passerelle")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs exactly what CI runs, in CI's order, after installing what it needs.
    Ci,
    /// Checks what the compiler does not: who may use what, module headers, promises and their tests.
    Tidy,
    /// Writes the generated files again, or checks that they are up to date.
    Codegen {
        /// Change nothing; fail if a file would change.
        #[arg(long)]
        check: bool,
    },
    /// Runs the simulation: one seed step by step, or many from a first one.
    Sim(sim::Options),
    /// Takes rules out of a copy of the sources, one at a time, and sees whether the test it names fails.
    Mutations(mutations::Options),
    /// Reads the test files that packages ship and compares with foreign parsers; writes `docs/development/corpora.md`.
    Corpora(corpora::Options),
    /// Runs the fuzzer over everything that reads a file, ten minutes for each target; needs a nightly compiler and cargo-fuzz.
    Fuzz(fuzz::Options),
    /// Measures, as ratios and request counts, and writes the table of `docs/development/bench.md`.
    Bench,
    /// Records what `passerelle demo` prints as a picture; writes `docs/demo.svg`.
    Picture(picture::Options),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Ci => ci::run(),
        Command::Tidy => tidy::run(),
        Command::Codegen { check } => codegen::run(check),
        Command::Sim(options) => sim::run(&options),
        Command::Mutations(options) => mutations::run(&options),
        Command::Corpora(options) => corpora::run(&options),
        Command::Fuzz(options) => fuzz::run(&options),
        Command::Bench => bench::run(),
        Command::Picture(options) => picture::run(&options),
    }
}
