//! Circles of files: inside a crate, no file uses another one that leads back to it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use anyhow::{Context, Result};

use crate::tidy::{manifests, rust_files, shown};

/// The crates that still have circles. One that has none any more leaves the list.
const CIRCULAR: &[&str] = &[
    "engine",
    "formats",
    "google-calendar",
    "google-people",
    "google-sim",
    "google-transport",
    "service",
    "sql-store",
    "sync-rules",
    "testkit",
];

/// A module of a crate: the names from the crate's root to it.
type Module = Vec<String>;

/// Finds the crates with circles that are not on the list, and those on the list without any.
pub fn check(found: &mut Vec<String>) -> Result<()> {
    for manifest in manifests()? {
        let source = manifest.parent().context("a manifest without a folder")?.join("src");
        let Some(name) = source.parent().and_then(Path::file_name).and_then(|name| name.to_str()) else {
            continue;
        };
        if !source.exists() {
            continue;
        }
        let circle = circle(&uses(&source)?);
        match (circle, CIRCULAR.contains(&name)) {
            (Some(files), false) => {
                let names: Vec<String> = files.iter().map(|module| module.join("::")).collect();
                found.push(format!("{}: a circle of files: {}", shown(&source), names.join(", ")));
            }
            (None, true) => found.push(format!("{}: no circle any more: off the list", shown(&source))),
            _ => {}
        }
    }
    Ok(())
}

/// Which files of a crate each of its files uses. The root only names the others, and tests may use anything.
fn uses(source: &Path) -> Result<BTreeMap<Module, BTreeSet<Module>>> {
    let mut texts = BTreeMap::new();
    for path in rust_files(source)? {
        let inside = path.strip_prefix(source)?.with_extension("");
        let mut module: Module = inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        if module.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
            module.pop();
        }
        texts.insert(module, fs::read_to_string(&path)?);
    }
    let root = texts.get(&Module::new()).map(|text| code(text)).unwrap_or_default();
    let homes = homes(&root);
    let mut all = BTreeMap::new();
    for (module, text) in &texts {
        let mut used = BTreeSet::new();
        for path in paths(&code(text)) {
            let mut named = resolved(module, &path);
            let is_module = texts.contains_key(&named[..named.len().min(1)]);
            if let (false, Some(home)) = (is_module, named.first().and_then(|first| homes.get(first))) {
                named.clone_from(home);
            }
            while !named.is_empty() && !texts.contains_key(&named) {
                named.pop();
            }
            if !named.is_empty() && named != *module {
                used.insert(named);
            }
        }
        all.insert(module.clone(), used);
    }
    Ok(all)
}

/// What a file says to the compiler, without its tests.
fn code(text: &str) -> String {
    let product = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let lines: Vec<&str> = product.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
    lines.join(" ")
}

/// The names that the root of a crate re-exports, each with the module that it comes from.
fn homes(root: &str) -> BTreeMap<String, Module> {
    let mut found = Vec::new();
    for (at, start) in root.match_indices("pub use ").chain(root.match_indices("pub(crate) use ")) {
        branches("", &root[at + start.len()..], &mut found);
    }
    let homes = found.iter().filter_map(|path| {
        let mut module = resolved(&Module::new(), path);
        Some((module.pop()?, module))
    });
    homes.filter(|(_, module)| !module.is_empty()).collect()
}

/// The paths in code that begin at the crate or above a module, with what stands in braces taken apart.
fn paths(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for start in ["crate::", "super::"] {
        for (at, _) in code.match_indices(start) {
            let before = code[..at].chars().next_back();
            if !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                branches("", &code[at..], &mut found);
            }
        }
    }
    found
}

/// Reads one path and, in braces, its branches; returns what follows it.
fn branches<'a>(before: &str, code: &'a str, found: &mut Vec<String>) -> &'a str {
    let end = code.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(code.len());
    let (path, mut rest) = code.split_at(end);
    let path = format!("{before}{path}");
    if !(path.ends_with("::") && rest.starts_with('{')) {
        found.push(path);
        return rest;
    }
    rest = &rest[1..];
    loop {
        rest = branches(&path, rest.trim_start(), found);
        // What stands between a name and the comma: `as` and another name.
        let Some(at) = rest.find([',', '}']) else { return "" };
        let closed = rest[at..].starts_with('}');
        rest = &rest[at + 1..];
        if closed {
            return rest;
        }
    }
}

fn resolved(module: &Module, path: &str) -> Module {
    let mut named = module.clone();
    for part in path.split("::").filter(|part| !part.is_empty()) {
        match part {
            "crate" => named.clear(),
            "super" => {
                named.pop();
            }
            "self" => {}
            name => named.push(name.to_owned()),
        }
    }
    named
}

/// Returns files that lead back to each other: what is left once every file that uses none of the rest is taken away,
/// and then every file that none of the rest uses.
fn circle(uses: &BTreeMap<Module, BTreeSet<Module>>) -> Option<Vec<Module>> {
    let mut left: BTreeSet<&Module> = uses.keys().collect();
    loop {
        let leads = |module: &&Module| uses[*module].iter().any(|used| left.contains(used));
        let is_led_to = |module: &&Module| left.iter().any(|other| uses[*other].contains(*module));
        let next: BTreeSet<&Module> =
            left.iter().copied().filter(|module| leads(module) && is_led_to(module)).collect();
        if next.len() == left.len() {
            break;
        }
        left = next;
    }
    (!left.is_empty()).then(|| left.into_iter().cloned().collect())
}
