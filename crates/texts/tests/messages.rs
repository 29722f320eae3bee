//! Both languages say the same, and no message is missing or unused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use fluent_syntax::{
    ast::{Entry, Expression, InlineExpression, Pattern, PatternElement},
    parser,
};
use passerelle_ports::Reason;

type Messages = BTreeMap<String, BTreeSet<String>>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every message of a language with its variables.
fn messages(lang: &str) -> Messages {
    let mut all = Messages::new();
    for file in fs::read_dir(root().join("crates/texts/locales").join(lang)).unwrap() {
        let path = file.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let resource =
            parser::parse(text).unwrap_or_else(|(_, errors)| panic!("{}: {errors:?}", path.display()));
        for entry in resource.body {
            match entry {
                Entry::Message(message) => {
                    let mut variables = BTreeSet::new();
                    collect(message.value.as_ref().expect("a message has a text"), &mut variables);
                    assert!(
                        all.insert(message.id.name.clone(), variables).is_none(),
                        "{} twice",
                        message.id.name
                    );
                }
                Entry::Junk { content } => panic!("{}: {content}", path.display()),
                _ => {}
            }
        }
    }
    all
}

fn collect(pattern: &Pattern<String>, into: &mut BTreeSet<String>) {
    for element in &pattern.elements {
        if let PatternElement::Placeable { expression } = element {
            expression_variables(expression, into);
        }
    }
}

fn expression_variables(expression: &Expression<String>, into: &mut BTreeSet<String>) {
    match expression {
        Expression::Inline(inline) => inline_variables(inline, into),
        Expression::Select { selector, variants } => {
            inline_variables(selector, into);
            variants.iter().for_each(|variant| collect(&variant.value, into));
        }
    }
}

fn inline_variables(inline: &InlineExpression<String>, into: &mut BTreeSet<String>) {
    match inline {
        InlineExpression::VariableReference { id } => {
            into.insert(id.name.clone());
        }
        InlineExpression::Placeable { expression } => expression_variables(expression, into),
        _ => {}
    }
}

/// All text between double quotes in the sources of the faces.
fn literals() -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for folder in ["crates/app/src", "crates/service/src", "crates/texts/src"] {
        walk(&root().join(folder), &mut |text| {
            all.extend(text.split('"').skip(1).step_by(1).map(str::to_owned));
        });
    }
    all
}

fn walk(folder: &Path, see: &mut impl FnMut(&str)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("tests") {
            walk(&path, see);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            see(&fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn both_languages_have_the_same_messages_with_the_same_variables() {
    assert_eq!(messages("en"), messages("fr"));
}

/// The help of commands is looked up by the command's own path: a test of the app walks all of them.
#[test]
fn no_message_is_unused() {
    let literals = literals();
    let constraints =
        fs::read_to_string(root().join("crates/adapters/sql-store/src/constraints.rs")).unwrap();
    let is_reason = |id: &str| Reason::PLAIN.iter().any(|reason| reason.id() == id);
    let is_rule =
        |id: &str| id.strip_prefix("rule-").is_some_and(|rule| constraints.contains(&format!("\"{rule}\"")));
    let is_used =
        |id: &String| id.starts_with("help-") || literals.contains(id) || is_reason(id) || is_rule(id);
    let unused: Vec<String> = messages("en").into_keys().filter(|id| !is_used(id)).collect();
    assert!(unused.is_empty(), "{unused:?}");
}

#[test]
fn no_message_is_missing() {
    let known = messages("en");
    let mut missing = Vec::new();
    walk(&root().join("crates/app/src"), &mut |text| {
        for after in [".t(", "::t("].iter().flat_map(|call| text.split(call).skip(1)) {
            let id = after.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next());
            missing.extend(id.filter(|id| !known.contains_key(*id)).map(str::to_owned));
        }
    });
    assert!(missing.is_empty(), "{missing:?}");
}

/// Whatever code an adapter reports has its article.
#[test]
fn every_code_that_the_sources_name_is_in_the_catalogue() {
    let known: BTreeSet<&str> = passerelle_texts::codes().collect();
    let mut unknown = BTreeSet::new();
    walk(&root().join("crates"), &mut |text| {
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for literal in code.split('"') {
            let Some((area, number)) = literal.split_once('-') else { continue };
            let areas =
                ["GOOG", "DAV", "NET", "SYS", "VAULT", "DB", "SYNC", "CFG", "USE", "IMP", "BUG", "INT"];
            let is_code =
                areas.contains(&area) && number.len() == 3 && number.bytes().all(|b| b.is_ascii_digit());
            if is_code && !known.contains(literal) {
                unknown.insert(literal.to_owned());
            }
        }
    });
    assert!(unknown.is_empty(), "{unknown:?}");
}
