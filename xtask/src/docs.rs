//! Checks of the documentation: every link, anchor, cited file, number and section exists, and the top level holds
//! what is known.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::Result;

use crate::{
    run,
    tidy::{shown, walk},
};

/// What may lie at the top level of the repository, beside what is hidden, which tools put there; `target` is made by
/// builds.
const TOP: &[&str] = &[
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "SECURITY.md",
    "clippy.toml",
    "crates",
    "deny.toml",
    "docs",
    "rustfmt.toml",
    "target",
    "tests",
    "xtask",
];

/// The pages that define numbers, each with an anchor for every number (`c43`), by the letter of the numbers.
const NUMBERED: &[(char, &str)] = &[
    ('C', "docs/reference/google-calendar.md"),
    ('P', "docs/reference/google-people.md"),
    ('O', "docs/reference/google-oauth.md"),
    ('I', "docs/explanation/promises.md"),
    ('T', "docs/explanation/security.md"),
    ('R', REPLICA),
];
/// The promises of a replica stand on the trait: a number is there as `**R1**`.
const REPLICA: &str = "crates/ports/src/replica.rs";
/// The page whose sections the code cites by number.
const SECTIONS: &str = "docs/explanation/engine.md";
/// The page that lists the types of JSON lines, in the first column of a table.
const JSON: &str = "docs/reference/json.md";

/// Runs the checks of this module.
pub fn check(found: &mut Vec<String>) -> Result<()> {
    top_level(found)?;
    let pages = Pages::read()?;
    for (path, text) in &pages.texts {
        pages.links(path, text, found);
        pages.files(path, text, found);
        pages.numbers(path, text, found);
        pages.sections(path, text, found);
    }
    pages.json_types(found);
    Ok(())
}

fn top_level(found: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(run::root())? {
        let name = entry?.file_name();
        let is_hidden = name.to_string_lossy().starts_with('.');
        if !is_hidden && !TOP.iter().any(|known| *known == name) {
            found.push(format!("{}: not known at the top level", name.display()));
        }
    }
    Ok(())
}

/// The texts in which links and citations are checked, and the anchors of each page.
struct Pages {
    texts: BTreeMap<PathBuf, String>,
    anchors: BTreeMap<PathBuf, BTreeSet<String>>,
}

impl Pages {
    /// Reads every text file that people write. The changelog and migrations are history: they name what was.
    fn read() -> Result<Self> {
        let mut paths = Vec::new();
        walk(&run::root(), &mut |path| {
            let kind = path.extension().and_then(|extension| extension.to_str());
            let past = ["CHANGELOG.md", "migrations", "fixtures"];
            if matches!(kind, Some("rs" | "md" | "toml" | "ftl" | "sql"))
                && !path.components().any(|part| past.iter().any(|name| part.as_os_str() == *name))
            {
                paths.push(path.to_path_buf());
            }
        })?;
        let (mut texts, mut anchors) = (BTreeMap::new(), BTreeMap::new());
        for path in paths {
            let text = fs::read_to_string(&path)?;
            if is_page(&path) {
                anchors.insert(path.clone(), anchors_of(&text));
            }
            texts.insert(path, text);
        }
        Ok(Self { texts, anchors })
    }

    /// Checks that each relative link of a page leads to a file, and its anchor to a heading or an `<a id>`.
    fn links(&self, path: &Path, text: &str, found: &mut Vec<String>) {
        if !is_page(path) {
            return;
        }
        let folder = path.parent().unwrap_or(path);
        for (number, line) in prose(text) {
            for rest in line.split("](").skip(1) {
                let target = rest.split([')', ' ']).next().unwrap_or_default();
                if target.contains("://") || target.starts_with("mailto:") {
                    continue;
                }
                let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
                let goal = if file.is_empty() { path.to_path_buf() } else { plain(&folder.join(file)) };
                if !goal.exists() {
                    found.push(format!("{}:{number}: the link `{target}` leads nowhere", shown(path)));
                } else if !anchor.is_empty()
                    && self.anchors.get(&goal).is_some_and(|known| !known.contains(anchor))
                {
                    found.push(format!("{}:{number}: there is no anchor `{target}`", shown(path)));
                }
            }
        }
    }

    /// Checks that each file of `docs/` that is named anywhere exists, and in pages each path of ours in code marks.
    fn files(&self, path: &Path, text: &str, found: &mut Vec<String>) {
        let mut named: Vec<String> = text
            .split("docs/")
            .skip(1)
            .map(|rest| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "./-_".contains(*c)))
            .map(|name| format!("docs/{}", name.collect::<String>().trim_end_matches('.')))
            .filter(|name| name.ends_with(".md") || name.ends_with(".svg"))
            .collect();
        if is_page(path) {
            let is_path = |span: &&str| span.chars().all(|c| c.is_ascii_alphanumeric() || "./-_".contains(c));
            let ours = ["crates/", "xtask/", "docs/"];
            named.extend(
                text.split('`')
                    .skip(1)
                    .step_by(2)
                    .filter(is_path)
                    .filter(|span| ours.iter().any(|folder| span.starts_with(folder)))
                    .map(str::to_owned),
            );
        }
        for name in named {
            if !run::root().join(&name).exists() {
                found.push(format!("{}: there is no `{name}`", shown(path)));
            }
        }
    }

    /// Checks that each cited number of a fact, a promise or a threat is defined.
    fn numbers(&self, path: &Path, text: &str, found: &mut Vec<String>) {
        for (number, line) in text.lines().enumerate() {
            for (letter, digits) in cited(line) {
                let Some((_, page)) = NUMBERED.iter().find(|(known, _)| *known == letter) else { continue };
                let page = run::root().join(page);
                let is_defined = if page.ends_with(REPLICA) {
                    self.texts.get(&page).is_some_and(|text| text.contains(&format!("**{letter}{digits}**")))
                } else {
                    let anchor = format!("{}{digits}", letter.to_ascii_lowercase());
                    self.anchors.get(&page).is_some_and(|known| known.contains(&anchor))
                };
                if !is_defined {
                    let at = format!("{}:{}", shown(path), number + 1);
                    found.push(format!("{at}: {letter}{digits} is not defined in {}", shown(&page)));
                }
            }
        }
    }

    /// Checks that code cites a section by its page, and that the page has it.
    fn sections(&self, path: &Path, text: &str, found: &mut Vec<String>) {
        if is_page(path) {
            return;
        }
        let page = self.texts.get(&run::root().join(SECTIONS)).map(String::as_str).unwrap_or_default();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.contains("RFC")) {
            let at = || format!("{}:{}", shown(path), number + 1);
            let cites: Vec<&str> = line
                .match_indices("section")
                .filter_map(|(at, word)| line.get(at + word.len()..))
                .map(|rest| rest.strip_prefix('s').unwrap_or(rest).trim_start())
                .filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
                .collect();
            if !cites.is_empty() && !line.contains(SECTIONS) {
                found.push(format!("{}: a section is cited with its page, `{SECTIONS}`", at()));
            }
            // "3", and of "4 and 5" both.
            let words = cites.iter().flat_map(|rest| rest.split([' ', ',', '.', ':', ')']));
            let numbers = words.take_while(|word| *word == "and" || word.parse::<u32>().is_ok());
            for section in numbers.filter(|word| *word != "and") {
                if !page.lines().any(|line| line.starts_with(&format!("## {section}. "))) {
                    found.push(format!("{}: {SECTIONS} has no section {section}", at()));
                }
            }
        }
    }

    /// Checks that the types of JSON lines that the program writes are those that the page lists.
    fn json_types(&self, found: &mut Vec<String>) {
        let app = run::root().join("crates/app/src");
        let sources = self.texts.iter().filter(|(path, _)| path.starts_with(&app));
        let written: BTreeSet<&str> = sources
            .flat_map(|(_, text)| text.split(".line(\"").skip(1))
            .filter_map(|rest| rest.split('"').next())
            .collect();
        let page = self.texts.get(&run::root().join(JSON)).map(String::as_str).unwrap_or_default();
        let table =
            page.split("## Types").nth(1).unwrap_or_default().split("\n## ").next().unwrap_or_default();
        let listed: BTreeSet<&str> = table
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split(" | ").next())
            .flat_map(|cell| cell.trim_end_matches('`').split("`, `"))
            .filter(|name| *name != "type")
            .collect();
        for name in written.difference(&listed) {
            found.push(format!("{JSON}: the type `{name}` is written and not listed"));
        }
        for name in listed.difference(&written) {
            found.push(format!("{JSON}: the type `{name}` is listed and not written"));
        }
    }
}

/// Returns the numbers that a line cites, as `C43`, and in the name of a test as `c43`.
fn cited(line: &str) -> Vec<(char, &str)> {
    let mut numbers = Vec::new();
    for (at, letter) in line.match_indices(|c| NUMBERED.iter().any(|(known, _)| *known == c)) {
        let before = line.get(..at).and_then(|before| before.chars().next_back());
        let rest = line.get(at + 1..).unwrap_or_default();
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (digits, after) = rest.split_at(digits);
        let mut after = after.chars();
        let ends = match after.next() {
            // `T10:00` is a time, `P1.5D` a duration.
            Some('.' | ':') => !after.next().is_some_and(char::is_alphanumeric),
            Some(c) => !c.is_alphanumeric() && c != '_',
            None => true,
        };
        // In quotes a `T2` may be the title of a record.
        let marks = if letter == "T" { " (" } else { " ([`\"*/|" };
        let begins = before.is_none_or(|c| marks.contains(c));
        if begins && ends && (1..=3).contains(&digits.len()) && !digits.starts_with('0') {
            numbers.extend(letter.chars().map(|letter| (letter, digits)));
        }
    }
    let name = line.split("fn ").nth(1).unwrap_or_default();
    let name = name.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
    for part in name.split('_') {
        let letter = part.chars().next().filter(|c| "cpo".contains(*c));
        let digits = part.get(1..).filter(|digits| digits.parse::<u32>().is_ok() && !digits.starts_with('0'));
        numbers.extend(letter.zip(digits).map(|(letter, digits)| (letter.to_ascii_uppercase(), digits)));
    }
    numbers
}

fn is_page(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "md")
}

/// The lines of a page outside of blocks of code, with their numbers.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut code = false;
    text.lines().enumerate().filter_map(move |(number, line)| {
        if line.trim_start().starts_with("```") {
            code = !code;
            return None;
        }
        (!code).then_some((number + 1, line))
    })
}

/// The anchors of a page: those of its headings, as GitHub makes them, and each `<a id="…">`.
fn anchors_of(text: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    for (_, line) in prose(text) {
        if line.starts_with('#') {
            anchors.insert(slug(line.trim_start_matches('#').trim()));
        }
        anchors.extend(
            line.split("<a id=\"").skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned),
        );
    }
    anchors
}

fn slug(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

/// A path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut whole = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => _ = whole.pop(),
            std::path::Component::CurDir => {}
            part => whole.push(part),
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anchor_is_made_of_a_heading_as_github_does() {
        let page = "# Guards, conflicts & undo\n\n## 3. Decide\n\n```\n# no heading\n```\n<a id=\"c43\"></a>";
        let expected = ["guards-conflicts--undo", "3-decide", "c43"].map(str::to_owned);
        assert_eq!(anchors_of(page), BTreeSet::from(expected));
    }

    #[test]
    fn numbers_are_told_from_what_looks_like_them() {
        for (line, expected) in [
            ("/// Each occurrence has a name of its own (C64, C73).", &[('C', "64"), ('C', "73")][..]),
            ("assert!(ok, \"P21\");", &[('P', "21")]),
            ("fn this_and_following_keeps_what_was_moved_c73() {", &[('C', "73")]),
            ("fn p33_the_mask_names_what_is_sent() {", &[('P', "33")]),
            ("format!(\"{day}T10:00:00\"), \"P1.5D\", \"=C3=A9\", \"T2\", C0, V4, PT1S", &[]),
        ] {
            assert_eq!(cited(line), expected, "{line}");
        }
    }
}
