//! `cargo xtask corpora`: what foreign test files become here, compared with what foreign parsers read in them.
//!
//! The files come with packages of the registries and stay under `target/corpora`; nothing of them is in the repository.
//! Every difference is explained by a line of `tests/corpora/known.tsv`, or the command fails.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::run;

/// What may be asked for.
#[derive(clap::Args)]
pub struct Options {
    /// Only the packages that the build itself or the foreign parsers bring, without the files that take longest; writes
    /// no page.
    #[arg(long)]
    pinned: bool,
}

/// Files on which the foreign parsers spend half of their time: left out of the pinned part.
const SLOW: [&str; 2] = ["ical/226.ics", "ical/427.ics"];

/// What CI runs. Where the foreign parsers cannot be had it goes on without them, and says so.
pub fn in_ci() -> Result<()> {
    let folder = run::root().join("target/corpora");
    fs::create_dir_all(&folder)?;
    if let Err(error) = parsers(&folder).and_then(|_| node(&folder)) {
        println!("not run: the comparison of foreign files ({error:#})");
        return Ok(());
    }
    run(&Options { pinned: true })
}

/// Reads the files of all packages, compares, and writes `docs/development/corpora.md`.
pub fn run(options: &Options) -> Result<()> {
    let folder = run::root().join("target/corpora");
    fs::create_dir_all(&folder)?;
    let python = parsers(&folder)?;
    let mut sources = pinned_sources(&folder)?;
    if !options.pinned {
        sources.extend(packages(&folder)?);
    }
    extract(&folder, &mut sources)?;
    let listed = list(&folder, &sources, options.pinned)?;
    let report = folder.join("report.jsonl");
    // With the features of the whole workspace, as the tests have it: nothing is built twice.
    run::check(&mut run::cargo(&[
        "build",
        "--quiet",
        "--workspace",
        "--all-features",
        "--example",
        "corpus",
    ]))?;
    let example = run::root().join("target/debug/examples/corpus");
    through(&mut Command::new(example), &listed.path, &report)?;
    let second = folder.join("second.jsonl");
    let script = run::root().join("tests/corpora/expand.mjs");
    through(Command::new("node").arg(script).arg(node(&folder)?), &report, &second)?;
    let compared = folder.join("differences.jsonl");
    let script = run::root().join("tests/corpora/compare.py");
    through(Command::new(python).arg(script).arg(second), &report, &compared)?;
    let found = Found::read(&compared, &listed.packages)?;
    if !options.pinned {
        fs::write(run::root().join("docs/development/corpora.md"), found.page()?)?;
        println!("wrote docs/development/corpora.md");
    }
    found.verdict()
}

/// Runs a program with a file as its input and one as its output.
fn through(command: &mut Command, from: &Path, to: &Path) -> Result<()> {
    run::check(command.stdin(Stdio::from(File::open(from)?)).stdout(Stdio::from(File::create(to)?)))
}

/// Installs the foreign parsers, once for each list of them, and returns their Python.
fn parsers(folder: &Path) -> Result<PathBuf> {
    let wanted = run::root().join("tests/corpora/requirements.txt");
    let (home, stamp) = (folder.join("parsers"), folder.join("parsers.txt"));
    let python = home.join("bin/python");
    if python.exists() && fs::read(&wanted)? == fs::read(&stamp).unwrap_or_default() {
        return Ok(python);
    }
    run::check(Command::new("python3").args(["-m", "venv"]).arg(&home))
        .context("Python 3 with its venv module is needed")?;
    let mut pip = Command::new(&python);
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--require-hashes",
        "--no-deps",
    ]);
    run::check(pip.arg("-r").arg(&wanted))?;
    fs::copy(&wanted, &stamp)?;
    Ok(python)
}

/// Installs the parser that runs on Node, once for each lock file, and returns where it is.
fn node(folder: &Path) -> Result<PathBuf> {
    let (wanted, home) = (run::root().join("tests/corpora/node"), folder.join("node"));
    let lock = "package-lock.json";
    if home.join("done").exists() && fs::read(wanted.join(lock))? == fs::read(home.join(lock))? {
        return Ok(home);
    }
    fs::create_dir_all(&home)?;
    for file in ["package.json", lock] {
        fs::copy(wanted.join(file), home.join(file))?;
    }
    run::check(
        Command::new("npm").args(["ci", "--silent", "--ignore-scripts", "--no-audit"]).current_dir(&home),
    )
    .context("Node.js with npm is needed")?;
    fs::write(home.join("done"), "")?;
    Ok(home)
}

/// The files that come with a crate that is built anyway, and with the parsers.
fn pinned_sources(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let text = run::output(&mut run::cargo(&["metadata", "--format-version", "1", "--locked"]))?;
    let metadata: Value = serde_json::from_str(&text)?;
    let packages = metadata["packages"].as_array().cloned().unwrap_or_default();
    let calcard =
        packages.iter().find(|package| package["name"] == "calcard").context("calcard is not built")?;
    let manifest = calcard["manifest_path"].as_str().unwrap_or_default();
    let calcard = Path::new(manifest).parent().context("calcard has no folder")?.join("resources");
    let mut sources = vec![("calcard (crate)".to_owned(), calcard)];
    for library in fs::read_dir(folder.join("parsers/lib"))? {
        let site = library?.path().join("site-packages");
        for package in ["icalendar", "recurring_ical_events"] {
            sources.push((format!("{package} (PyPI)"), site.join(package)));
        }
    }
    Ok(sources)
}

/// Fetches and unpacks the packages of `tests/corpora/packages.txt`, each once.
fn packages(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let listed = fs::read_to_string(run::root().join("tests/corpora/packages.txt"))?;
    let mut sources = Vec::new();
    for line in listed.lines().filter(|line| !line.starts_with('#')) {
        let Some((client, package)) = line.split_once(' ') else { continue };
        let home = folder.join("packages").join(package.replace('/', "-"));
        if !home.join("done").exists() {
            fs::create_dir_all(&home)?;
            fetch(client, package, &home).with_context(|| format!("{package} could not be fetched"))?;
            fs::write(home.join("done"), "")?;
        }
        let registry = if client == "npm" { "npm" } else { "PyPI" };
        let name = package.split(['=', '@']).next().unwrap_or(package);
        sources.push((format!("{name} ({registry})"), home));
    }
    Ok(sources)
}

fn fetch(client: &str, package: &str, home: &Path) -> Result<()> {
    let mut command = Command::new(if client == "npm" { "npm" } else { "python3" });
    match client {
        "npm" => command.args(["pack", "--silent", package]).stdout(Stdio::null()),
        _ => command.args(["-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", package]),
    };
    run::check(command.current_dir(home))?;
    for entry in fs::read_dir(home)? {
        let path = entry?.path();
        if path.is_file() {
            run::check(Command::new("tar").arg("xf").arg(&path).current_dir(home))?;
        }
    }
    Ok(())
}

/// The files to read, and of which package each is.
struct Listed {
    path: PathBuf,
    packages: BTreeMap<String, String>,
}

/// Takes the objects out of the texts in which a package keeps its examples of JSCalendar and JSContact.
fn extract(folder: &Path, sources: &mut Vec<(String, PathBuf)>) -> Result<()> {
    let mut files = Vec::new();
    for (package, home) in sources.iter() {
        let mut all = Vec::new();
        walk(home, &mut all)?;
        all.sort();
        files.extend(all.into_iter().map(|file| (package.clone(), file)));
    }
    let extracted = folder.join("extracted");
    let mut found = BTreeSet::new();
    for (package, file) in files {
        let of = file.parent().and_then(Path::file_name).and_then(|name| name.to_str()).unwrap_or_default();
        if file.extension().is_none_or(|name| name != "txt") || !matches!(of, "jscalendar" | "jscontact") {
            continue;
        }
        let stem = file.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        let home = extracted.join(package.replace([' ', '(', ')'], ""));
        fs::create_dir_all(home.join(of))?;
        let text = fs::read_to_string(&file)?;
        let blocks =
            text.split("\n> ").filter_map(|block| block.split_once('\n')).map(|(_, block)| block.trim());
        let objects =
            blocks.filter(|block| serde_json::from_str::<serde_json::Map<String, Value>>(block).is_ok());
        for (number, block) in objects.enumerate() {
            fs::write(home.join(of).join(format!("{stem}-{number}.json")), block)?;
        }
        found.insert((package, home));
    }
    sources.extend(found);
    Ok(())
}

fn list(folder: &Path, sources: &[(String, PathBuf)], quick: bool) -> Result<Listed> {
    let out = folder.join("out");
    fs::create_dir_all(&out)?;
    let (mut text, mut packages) = (String::new(), BTreeMap::new());
    for (package, home) in sources {
        let mut files = Vec::new();
        walk(home, &mut files)?;
        files.sort();
        for file in files {
            let Some(format) = format_of(&file) else { continue };
            if quick && SLOW.iter().any(|slow| file.ends_with(slow)) {
                continue;
            }
            let written = out.join(packages.len().to_string());
            writeln!(text, "{}\t{format}\t{}", file.display(), written.display())?;
            packages.insert(file.display().to_string(), package.clone());
        }
    }
    let path = folder.join("files.txt");
    fs::write(&path, text)?;
    Ok(Listed { path, packages })
}

/// Tells whether a file is read, and as what; `-` lets its content say so.
fn format_of(file: &Path) -> Option<&'static str> {
    let folder = file.parent()?.file_name()?.to_str()?;
    match (file.extension()?.to_str()?.to_ascii_lowercase().as_str(), folder) {
        ("ics" | "ical" | "vcf" | "vcard", _) => Some("-"),
        ("json", "jscalendar") => Some("jscalendar"),
        ("json", "jscontact") => Some("jscontact"),
        _ => None,
    }
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), files)?;
        } else if entry.file_type()?.is_file() {
            files.push(entry.path());
        }
    }
    Ok(())
}

/// A difference that was looked at: where it is, and why it is right.
struct Known {
    kind: String,
    place: String,
    file: String,
    detail: String,
    reason: String,
}

impl Known {
    fn read() -> Result<Vec<Known>> {
        let text = fs::read_to_string(run::root().join("tests/corpora/known.tsv"))?;
        let mut all = Vec::new();
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let parts: Vec<String> = line.split('\t').map(str::to_owned).collect();
            let Ok([kind, place, file, detail, reason]) = <[String; 5]>::try_from(parts) else {
                bail!("tests/corpora/known.tsv: five columns are needed: {line}");
            };
            all.push(Known { kind, place, file, detail, reason });
        }
        Ok(all)
    }

    fn explains(&self, file: &str, difference: &[&str; 3]) -> bool {
        let [kind, place, detail] = difference;
        self.kind == *kind
            && fits(&self.place, place)
            && fits(&self.detail, &detail.to_lowercase())
            && self.file.split(' ').any(|pattern| fits(pattern, file))
    }
}

/// Tells whether a text fits a pattern whose `*` stand for anything.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[derive(Default)]
struct Package {
    files: usize,
    records: usize,
    aside: BTreeMap<String, usize>,
    explained: usize,
}

/// What came of the comparison.
struct Found {
    packages: BTreeMap<String, Package>,
    reasons: BTreeMap<String, (usize, BTreeSet<String>)>,
    unexplained: Vec<String>,
}

impl Found {
    fn read(compared: &Path, packages: &BTreeMap<String, String>) -> Result<Found> {
        let known = Known::read()?;
        let mut found =
            Found { packages: BTreeMap::new(), reasons: BTreeMap::new(), unexplained: Vec::new() };
        for line in fs::read_to_string(compared)?.lines() {
            let line: Value = serde_json::from_str(line)?;
            let path = line["file"].as_str().unwrap_or_default();
            let package = packages.get(path).cloned().unwrap_or_default();
            found.file(path, package, &line, &known);
        }
        anyhow::ensure!(
            found.packages.values().map(|package| package.files).sum::<usize>() == packages.len(),
            "the comparison did not come to its end"
        );
        Ok(found)
    }

    fn file(&mut self, path: &str, package: String, line: &Value, known: &[Known]) {
        let short = path.rsplit('/').take(2).collect::<Vec<_>>();
        let short = short.into_iter().rev().collect::<Vec<_>>().join("/");
        let of_package = self.packages.entry(package.clone()).or_default();
        of_package.files += 1;
        of_package.records +=
            line["records"].as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
        for bad in line["bad"].as_array().into_iter().flatten() {
            *of_package.aside.entry(bad[2].as_str().unwrap_or_default().to_owned()).or_default() += 1;
        }
        for difference in line["differences"].as_array().into_iter().flatten() {
            let part = |at: usize| difference[at].as_str().unwrap_or_default();
            let difference = [part(0), part(1), part(2)];
            match known.iter().find(|known| known.explains(&short, &difference)) {
                Some(known) => {
                    of_package.explained += 1;
                    let (count, files) = self.reasons.entry(known.reason.clone()).or_default();
                    *count += 1;
                    files.insert(path.to_owned());
                }
                None => self.unexplained.push(format!("{package} {short}: {}", difference.join(" | "))),
            }
        }
    }

    fn page(&self) -> Result<String> {
        let mut text = String::from(
            "# Foreign files\n\n<!-- Written by `cargo xtask corpora`. -->\n\n\
             Test files that packages of the registries ship are imported and exported again. What comes out is compared with the\n\
             file, property by property with their parameters, as `icalendar` and `vobject` (Python) read both; the occurrences of ten years with those\n\
             of `recurring_ical_events` and of `ical.js`, of events without a zone in three zones (Paris, New York, Lord Howe); and a second passage\n\
             must change nothing. The files themselves are in no repository of ours: the command fetches the packages; with\n\
             `--pinned`, as CI runs it, only those that the build and the parsers bring. A difference that no line of\n\
             `tests/corpora/known.tsv` explains fails the command. Of the packages that were asked for (`ics`, `caldav`, `ical4j`,\n\
             libical) none ships test files in a registry that is read here.\n\n\
             | package | files | records taken | set aside, with their reason and line | differences, explained below |\n\
             | --- | ---: | ---: | --- | ---: |\n",
        );
        for (name, package) in &self.packages {
            let aside: Vec<String> =
                package.aside.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
            writeln!(
                text,
                "| {name} | {} | {} | {} | {} |",
                package.files,
                package.records,
                aside.join(", "),
                package.explained
            )?;
        }
        text.push_str("\n## What differs, and why\n\n| differences | files | why |\n| ---: | ---: | --- |\n");
        for (reason, (count, files)) in &self.reasons {
            writeln!(text, "| {count} | {} | {reason} |", files.len())?;
        }
        writeln!(text, "\nNot explained: {}.", self.unexplained.len())?;
        Ok(text)
    }

    fn verdict(&self) -> Result<()> {
        let files: usize = self.packages.values().map(|package| package.files).sum();
        println!("{files} files of {} packages compared", self.packages.len());
        for line in self.unexplained.iter().take(60) {
            eprintln!("not explained: {line}");
        }
        if !self.unexplained.is_empty() {
            bail!("{} difference(s) that tests/corpora/known.tsv does not explain", self.unexplained.len());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_fits_whole_texts() {
        for (pattern, text, wanted) in [
            ("*", "", true),
            ("a*c", "abc", true),
            ("a*c", "abd", false),
            ("*b*", "abc", true),
            ("abc", "abcd", false),
            ("a*b*c", "axxbyyc", true),
        ] {
            assert_eq!(fits(pattern, text), wanted, "{pattern} {text}");
        }
    }
}
