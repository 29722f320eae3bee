//! The pretend Google as a program; its first line of output is its address.

use std::io::Write as _;

use chrono::{DateTime, Utc};
use clap::Parser;
use passerelle_google_sim::{Sim, SimOptions};

/// A stateful pretend Google on loopback, for tests and demonstrations.
#[derive(Debug, Parser)]
#[command(name = "passerelle-google-sim", version)]
struct Arguments {
    /// Port to listen on; 0 takes any free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Approve the consent page by itself, for the account of `login_hint`.
    #[arg(long)]
    auto_consent: bool,
    /// Seed of everything random.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// An account that exists from the start; may be repeated.
    #[arg(long = "account", value_name = "EMAIL")]
    accounts: Vec<String>,
    /// Virtual time at the start (RFC 3339); the real time without it.
    #[arg(long)]
    now: Option<DateTime<Utc>>,
    /// Language of the pages when the browser names none.
    #[arg(long, default_value = "en")]
    lang: String,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let arguments = Arguments::parse();
    let sim = Sim::start(SimOptions {
        port: arguments.port,
        auto_consent: arguments.auto_consent,
        seed: arguments.seed,
        accounts: arguments.accounts,
        now: arguments.now,
        language: Some(arguments.lang),
        ..SimOptions::default()
    })
    .await?;
    let mut out = std::io::stdout();
    writeln!(out, "{}", sim.url())?;
    out.flush()?;
    tokio::signal::ctrl_c().await
}
