//! Google's official Python client drives the pretend Google, unchanged.
//!
//! Nobody here wrote that client: what it understands, Google's own answers would look like.
//! Each test runs one Python module of `peers/`, so that a failure names its area.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use passerelle_google_sim::{Sim, SimOptions};

#[test]
fn oauth_signs_in_with_pkce_and_refreshes() {
    run("oauth");
}

#[test]
fn calendar_pages_and_syncs() {
    run("calendar_sync");
}

#[test]
fn calendar_writes_with_own_ids_conditions_and_overrides() {
    run("calendar_write");
}

#[test]
fn calendar_batches() {
    run("calendar_batch");
}

#[test]
fn people_pages_and_syncs() {
    run("people_sync");
}

#[test]
fn people_writes_in_batches_by_etag_and_mask() {
    run("people_write");
}

#[test]
fn faults_are_repeated_as_the_client_decides() {
    run("retries");
}

#[test]
fn an_account_is_read_back() {
    run("reading_back");
}

/// Runs one module of unit tests against a pretend Google of its own.
fn run(module: &str) {
    let python = python();
    let sim = Sim::start_in_thread(SimOptions { auto_consent: true, ..SimOptions::default() }).unwrap();
    let output = Command::new(python)
        .args(["-B", "-W", "ignore::ResourceWarning", "-m", "unittest", "-v", module])
        .current_dir(peers())
        .env("GOOGLE_SIM_URL", sim.url())
        .env("NO_PROXY", "127.0.0.1")
        .env("no_proxy", "127.0.0.1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{module} failed:\n{}", text(&output));
    let ran = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!ran.contains("Ran 0 tests"), "{module} holds no test:\n{ran}");
}

fn peers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers")
}

/// Returns the Python of an environment that holds exactly the pinned packages.
///
/// It is made once for each list of packages, under the target directory, by whichever test
/// comes first.
fn python() -> PathBuf {
    let requirements = peers().join("requirements.txt");
    let mut hasher = DefaultHasher::new();
    fs::read(&requirements).unwrap().hash(&mut hasher);
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let shelf = target.join("peers-venv");
    fs::create_dir_all(&shelf).unwrap();
    let place = shelf.join(format!("{:016x}", hasher.finish()));
    let python = place.join("bin").join("python");
    let lock = File::create(shelf.join("lock")).unwrap();
    lock.lock().unwrap();
    let ready = place.join("ready");
    if !ready.exists() {
        let _ = fs::remove_dir_all(&place);
        must(Command::new("python3").args(["-m", "venv"]).arg(&place));
        must(
            Command::new(&python)
                .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
                .arg(&requirements),
        );
        fs::write(&ready, "").unwrap();
    }
    python
}

fn must(command: &mut Command) {
    let shown = format!("{command:?}");
    let output = command.output().unwrap_or_else(|error| panic!("{shown}: {error}"));
    assert!(output.status.success(), "{shown}:\n{}", text(&output));
}

fn text(output: &Output) -> String {
    let [out, err] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    format!("{out}\n{err}")
}
