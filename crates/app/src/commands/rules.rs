//! `rules`: what travels, which way, and who wins; and what the rules make of one record.

use passerelle_ports::{Clock, ItemId, Kind};
use passerelle_service::{PairRules, RuleTest, forget_rule, rules, test_rules};
use passerelle_sync_rules::{Condition, Deletes, Direction, Policy, Rules as InForce, Test};
use serde_json::json;

use crate::{
    cli::Rules,
    compose,
    context::{App, Exit, done},
    lock::Lock,
    terminal::output::Out,
};

pub async fn run(app: &App, args: &Rules) -> Exit {
    let settings = app.settings()?;
    match args {
        Rules::List(args) => {
            let office = compose::office(app, &settings).await?.office;
            for pair in rules(&office, args.user.as_deref()).await? {
                app.out.result(&pair_text(&app.out, &pair));
                app.out.line("rules", app.clock.now(), &pair);
            }
            done(app, 0)
        }
        Rules::Test(args) => {
            let office = compose::office(app, &settings).await?.office;
            let found = test_rules(&office, &ItemId::new(&args.id)).await?;
            for test in &found {
                app.out.result(&test_text(&app.out, test));
                app.out.line("rule_test", app.clock.now(), test);
            }
            if found.is_empty() {
                app.out.note(&app.out.t("rules-nobody", &[]));
            }
            done(app, 0)
        }
        Rules::Forget(args) => {
            let _lock = Lock::take(&settings.state_dir)?;
            let office = compose::office(app, &settings).await?.office;
            let gone = forget_rule(&office, &args.user, &args.field).await?;
            app.out.result(&app.out.t("rules-forgotten", &[("count", gone.into())]));
            app.out.line("forgotten", app.clock.now(), &json!({ "count": gone }));
            done(app, 0)
        }
    }
}

fn pair_text(out: &Out, pair: &PairRules) -> String {
    let kind = match pair.kind {
        Kind::Contacts => out.t("kind-contacts", &[]),
        Kind::Events => out.t("kind-events", &[]),
    };
    let mut lines = vec![format!("{} · {kind} · {}", pair.user, pair.name)];
    lines.extend(sentences(out, &pair.rules).into_iter().map(|line| format!("  {line}")));
    for sourced in &pair.settings {
        lines.push(format!("  {}", out.t("rules-from", &[("from", sourced.from.as_str().into())])));
    }
    for (field, policy) in &pair.learnt {
        let said = [("field", field.as_str().into()), ("who", policy_text(out, *policy).into())];
        lines.push(format!("  {}", out.t("rules-learnt", &said)));
    }
    lines.join("\n")
}

/// The rules in force, a sentence each.
fn sentences(out: &Out, rules: &InForce) -> Vec<String> {
    let way = match (rules.creates.local, rules.creates.remote) {
        (true, true) => Direction::Both,
        (false, true) => Direction::Send,
        (true, false) => Direction::Take,
        (false, false) => Direction::Neither,
    };
    let mut lines = vec![direction_text(out, way)];
    for condition in &rules.scope.all {
        lines.push(out.t("rules-only", &[("what", condition_text(out, condition).into())]));
    }
    if let Some(window) = rules.window {
        let days = window.days();
        let last = days.end.pred_opt().unwrap_or(days.end);
        let day = |day: chrono::NaiveDate| passerelle_texts::date(out.lang, day).into();
        lines.push(out.t("rules-window", &[("from", day(days.start)), ("to", day(last))]));
    }
    if rules.redact_private {
        lines.push(out.t("rules-busy", &[]));
    }
    for (pattern, direction) in rules.fields.iter().filter(|(pattern, _)| pattern.as_str() != "*") {
        let said = [("field", pattern.as_str().into()), ("way", direction_text(out, *direction).into())];
        lines.push(out.t("rules-field", &said));
    }
    lines.push(out.t("rules-conflicts", &[("who", policy_text(out, rules.policy).into())]));
    for (pattern, policy) in &rules.policies {
        let said = [("field", pattern.as_str().into()), ("who", policy_text(out, *policy).into())];
        lines.push(out.t("rules-field-conflicts", &said));
    }
    if rules.hold_whole_link {
        lines.push(out.t("rules-hold", &[]));
    }
    if way == Direction::Both && rules.deletes.local == Deletes::Unlink {
        lines.push(out.t("rules-keep", &[]));
    }
    lines
}

fn test_text(out: &Out, test: &RuleTest) -> String {
    let mut lines = vec![format!("{} · {}", test.user, test.name)];
    let id = if test.takes_part { "rules-in" } else { "rules-out" };
    lines.push(format!("  {}", out.t(id, &[])));
    for condition in &test.fails {
        let said = [("what", condition_text(out, condition).into())];
        lines.push(format!("    {}", out.t("rules-fails", &said)));
    }
    if test.outside_days {
        lines.push(format!("    {}", out.t("rules-outside", &[])));
    }
    for field in &test.fields {
        let mut line = format!("  {}: {}", field.field, direction_text(out, field.direction));
        if field.hidden {
            line.push_str(&format!(" · {}", out.t("rules-hidden", &[])));
        }
        lines.push(format!("{line} · {}", policy_text(out, field.conflicts)));
    }
    lines.join("\n")
}

fn direction_text(out: &Out, direction: Direction) -> String {
    match direction {
        Direction::Both => out.t("way-both", &[]),
        Direction::Send => out.t("way-to-google", &[]),
        Direction::Take => out.t("way-from-google", &[]),
        Direction::Neither => out.t("way-never", &[]),
    }
}

fn policy_text(out: &Out, policy: Policy) -> String {
    match policy {
        Policy::Ask => out.t("policy-ask", &[]),
        Policy::Local => out.t("policy-local", &[]),
        Policy::Remote => out.t("policy-remote", &[]),
        Policy::Newest => out.t("policy-newest", &[]),
    }
}

fn condition_text(out: &Out, condition: &Condition) -> String {
    let list = |words: &[String]| {
        // A name and its key without capitals are one thing to a person.
        let mut shown: Vec<&String> = Vec::new();
        for word in words {
            if !shown.iter().any(|known| known.to_lowercase() == word.to_lowercase()) {
                shown.push(word);
            }
        }
        shown.into_iter().cloned().collect::<Vec<_>>().join(", ")
    };
    let field = condition.fields.as_str();
    let said = |words: String| [("field", field.into()), ("words", words.into())];
    match &condition.test {
        Test::Present => out.t("test-present", &said(String::new())),
        Test::Absent => out.t("test-absent", &said(String::new())),
        Test::AnyOf(words) => out.t("test-any-of", &said(list(words))),
        Test::NoneOf(words) => out.t("test-none-of", &said(list(words))),
        Test::NotBefore(text) => out.t("test-not-before", &said(text.clone())),
        Test::Before(text) => out.t("test-before", &said(text.clone())),
        Test::OwnedBy { keys, .. } => out.t("test-mine", &said(list(keys))),
        Test::NotOwnedBy { keys, .. } => out.t("test-not-mine", &said(list(keys))),
    }
}
