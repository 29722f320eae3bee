//! `cargo xtask bench`: figures of the shipped binary, as ratios and request counts, in `docs/development/bench.md`.
//!
//! Times depend on the machine and decide nothing; what is compared is one size with ten times the size,
//! and how many requests a record costs. Seconds are those of the processor, which other work on the machine
//! disturbs least. The largest memory of an import is a bound: `bench` fails above it.

use std::{fmt::Write as _, fs, path::Path, process::Command};

use anyhow::{Context, Result};

use crate::run;

const SIZES: [usize; 2] = [10_000, 100_000];

/// Measures and writes the table.
pub fn run() -> Result<()> {
    run::check(&mut run::cargo(&["build", "--release", "--package", "passerelle-app"]))?;
    let binary = run::root().join("target/release/passerelle");
    let mut text = String::from(
        "# Figures\n\nWritten by `cargo xtask bench`. Seconds depend on the machine; the ratios and the counts do not.\n\n\
         ## Import of a file\n\n\
         Five lines of content a record; a series recurs weekly and has one changed occurrence.\n\n\
         | records | seconds of processor | records a second | largest memory, MiB |\n| ---: | ---: | ---: | ---: |\n",
    );
    let mut ratios = String::new();
    let mut above = Vec::new();
    for file in &FILES {
        let mut seconds = Vec::new();
        for size in SIZES {
            let (took, memory) = import(&binary, file, size)?;
            let rate = size as f64 / took;
            writeln!(text, "| {size} {} | {took:.1} | {rate:.0} | {memory} |", file.name)?;
            if size == SIZES[0] && memory > MOST_MIB {
                above.push(format!("{size} {} take {memory} MiB", file.name));
            }
            seconds.push(took);
        }
        if let [small, large] = seconds[..] {
            writeln!(ratios, "Ten times the {} take {:.1} times the time.", file.name, large / small)?;
        }
    }
    write!(text, "\n{ratios}")?;
    text.push_str(&story(&binary)?);
    fs::write(run::root().join("docs/development/bench.md"), text)?;
    println!("wrote docs/development/bench.md");
    anyhow::ensure!(above.is_empty(), "more than {MOST_MIB} MiB: {}", above.join(", "));
    Ok(())
}

/// The most memory that an import of the smaller size may take.
const MOST_MIB: u64 = 60;

/// A made-up file to be imported.
struct File {
    name: &'static str,
    kind: &'static str,
    extension: &'static str,
    around: [&'static str; 2],
    record: fn(usize) -> String,
}

const FILES: [File; 4] = [
    File { name: "contacts (vCard)", kind: "contacts", extension: "vcf", around: ["", ""], record: card },
    File { name: "contacts (table)", kind: "contacts", extension: "csv", around: [HEADER, ""], record: row },
    File { name: "appointments", kind: "events", extension: "ics", around: CALENDAR, record: event },
    File { name: "series", kind: "events", extension: "ics", around: CALENDAR, record: series },
];

const HEADER: &str = "First Name,Last Name,E-mail,Phone,Company,City\n";
const CALENDAR: [&str; 2] = ["BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", "END:VCALENDAR\r\n"];

fn card(n: usize) -> String {
    format!(
        "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:bench-{n}\r\nFN:Anne Durand {n}\r\nN:Durand {n};Anne;;;\r\n\
         EMAIL;TYPE=work:anne{n}@bench.example\r\nTEL;TYPE=work:+3324050{n:05}\r\nORG:Bench;Sales\r\nEND:VCARD\r\n"
    )
}

fn row(n: usize) -> String {
    format!("Anne,Durand {n},anne{n}@bench.example,+3324050{n:05},Bench,Lyon\n")
}

fn event(n: usize) -> String {
    let day = format!("2026{:02}{:02}T{:02}", 1 + n % 12, 1 + n % 28, n % 24);
    format!(
        "BEGIN:VEVENT\r\nUID:bench-{n}\r\nSUMMARY:Meeting {n}\r\nDTSTART;TZID=Europe/Paris:{day}0000\r\n\
         DTEND;TZID=Europe/Paris:{day}3000\r\nLOCATION:Room {n}\r\nATTENDEE:mailto:anne{n}@bench.example\r\nEND:VEVENT\r\n"
    )
}

fn series(n: usize) -> String {
    let whole = event(n);
    let recurring = whole.replace("LOCATION", "RRULE:FREQ=WEEKLY;COUNT=20\r\nLOCATION");
    let start = whole.lines().find_map(|line| line.strip_prefix("DTSTART")).unwrap_or_default().to_owned();
    let changed = whole.replace("LOCATION", &format!("RECURRENCE-ID{start}\r\nLOCATION"));
    recurring + &changed.replace("Meeting", "Another meeting")
}

/// Imports a made-up file of so many records; returns seconds of processor and the largest memory in MiB.
fn import(binary: &Path, made: &File, size: usize) -> Result<(f64, u64)> {
    let folder = run::root().join(format!("target/bench-{size}"));
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let [head, foot] = made.around;
    let records: String = (0..size).map(made.record).collect();
    let file = folder.join(format!("made.{}", made.extension));
    fs::write(&file, format!("{head}{records}{foot}"))?;
    drop(records);
    let config = folder.join("config.toml");
    let settings =
        format!("state_dir = {:?}\n\n[vault]\nkey_file = {:?}\n", folder.join("state"), folder.join("key"));
    fs::write(&config, settings)?;
    run::check(Command::new(binary).arg("--config").arg(&config).args([
        "init",
        "--non-interactive",
        "--quiet",
    ]))?;
    run::check(Command::new(binary).arg("--config").arg(&config).args(["user", "add", "anne", "--quiet"]))?;
    let mut child = Command::new(binary)
        .arg("--config")
        .arg(&config)
        .args([made.kind, "import", "--quiet", "--user", "anne"])
        .arg(&file)
        .spawn()?;
    let (mut seconds, mut memory) = (0.0, 0);
    let status = loop {
        seconds = processor(child.id()).max(seconds);
        memory = high_water(child.id()).max(memory);
        if let Some(status) = child.try_wait()? {
            break status;
        }
        std::thread::park_timeout(std::time::Duration::from_millis(50));
    };
    anyhow::ensure!(status.success(), "the import failed: {status}");
    Ok((seconds, memory))
}

/// What a process took of the processor so far, in seconds; 0 where the system does not say.
fn processor(process: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // Behind the name of the program, which may hold anything, stand ten fields and then user and system ticks.
    let fields = stat.rsplit_once(") ").map_or("", |(_, rest)| rest).split(' ').skip(11).take(2);
    fields.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / TICKS
}

/// Ticks of `/proc` a second: 100 on every Linux.
const TICKS: f64 = 100.0;

/// The largest memory of a process so far, in MiB; 0 where the system does not say.
fn high_water(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok()).map_or(0, |kib| kib / 1024)
}

/// What the demonstration counts: requests for each chapter.
fn story(binary: &Path) -> Result<String> {
    let out = run::output(Command::new(binary).args(["demo", "--json"]))?;
    let mut text = String::from(
        "\n## The demonstration (246 contacts, 325 series at the end)\n\n\
         | chapter | writes | requests | requests a write |\n| --- | ---: | ---: | ---: |\n",
    );
    for line in out.lines() {
        let line: serde_json::Value = serde_json::from_str(line).context("a line that is not JSON")?;
        if line["type"] != "chapter" {
            continue;
        }
        let pairs = line["pairs"].as_array().cloned().unwrap_or_default();
        let count = |pair: &serde_json::Value| -> u64 {
            ["to_local", "to_remote"]
                .iter()
                .flat_map(|side| ["create", "update", "delete"].map(|action| pair[*side][action].as_u64()))
                .flatten()
                .sum()
        };
        let writes: u64 = pairs.iter().map(count).sum();
        let requests = line["requests"].as_u64().unwrap_or_default();
        let ratio =
            if writes == 0 { "".to_owned() } else { format!("{:.2}", requests as f64 / writes as f64) };
        writeln!(
            text,
            "| {} | {writes} | {requests} | {ratio} |",
            line["chapter"].as_str().unwrap_or_default()
        )?;
    }
    Ok(text)
}
