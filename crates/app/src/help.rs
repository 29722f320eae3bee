//! The help and the usage errors of the command line, in the person's language.
//!
//! clap has no translations: the derived command is walked, and every text is put in place by the path of
//! what it describes: `help-user-add`, `help-user-add--name`.

use clap::{
    Arg, ArgAction, Command, CommandFactory,
    error::{ContextKind, ContextValue, ErrorKind},
};
use passerelle_texts::{Lang, t};

use crate::cli::Cli;

/// Returns the whole command with its help in a language.
pub fn command(lang: Lang) -> Command {
    translated(Cli::command(), lang, "help", true)
}

fn translated(mut command: Command, lang: Lang, path: &str, top: bool) -> Command {
    let text = |id: &str| t(lang, id, &[]);
    let template =
        format!("{{about-with-newline}}\n{} {{usage}}\n\n{{all-args}}{{after-help}}", text("help-usage"));
    command = command.about(text(path)).help_template(template).disable_help_flag(true);
    command = match path.split('-').nth(1) {
        None => {
            let examples = existing_examples(&command, &text("help-after"));
            command.after_help(examples)
        }
        // The commands below one have its examples.
        Some(first) => command.after_help(text(&format!("help-{first}-examples"))),
    };
    command = command
        .subcommand_help_heading(text("help-heading-commands"))
        .subcommand_value_name(text("help-value-command"))
        .mut_args(|arg| {
            let heading = if arg.is_positional() { "help-heading-arguments" } else { "help-heading-options" };
            let owner = if arg.is_global_set() { "help" } else { path };
            let id = format!("{owner}--{}", arg.get_id().as_str().replace('_', "-"));
            let valued = arg.get_action().takes_values();
            let arg = arg.help(text(&id)).help_heading(text(heading));
            // clap refuses to hide the values of an option that takes none.
            if valued { arg.hide_possible_values(true).hide_default_value(true) } else { arg }
        })
        .arg(
            Arg::new("help")
                .short('h')
                .long("help")
                .action(ArgAction::Help)
                .help(text("help--help"))
                .help_heading(text("help-heading-options")),
        );
    if top {
        command = command.arg(
            Arg::new("version")
                .short('V')
                .long("version")
                .action(ArgAction::Version)
                .help(text("help--version"))
                .help_heading(text("help-heading-options")),
        );
    }
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    for name in names {
        let path = format!("{path}-{name}");
        command = command.mut_subcommand(name, |sub| translated(sub, lang, &path, false));
    }
    command
}

/// Leaves out the examples of commands that this binary was built without.
fn existing_examples(command: &Command, text: &str) -> String {
    let exists = |line: &&str| {
        let named = line.strip_prefix("  passerelle ").and_then(|rest| rest.split(' ').next());
        named.is_none_or(|name| command.find_subcommand(name).is_some())
    };
    text.lines().filter(exists).collect::<Vec<_>>().join("\n")
}

/// Says in one line what was wrong with a command line.
pub fn usage_error(error: &clap::Error, lang: Lang) -> String {
    let context = |kind: ContextKind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let arg = context(ContextKind::InvalidArg);
    match error.kind() {
        ErrorKind::UnknownArgument => t(lang, "usage-unknown-option", &[("arg", arg.into())]),
        ErrorKind::InvalidSubcommand => {
            let command = context(ContextKind::InvalidSubcommand);
            match context(ContextKind::SuggestedSubcommand) {
                near if near.is_empty() => t(lang, "usage-unknown-command", &[("command", command.into())]),
                near => t(
                    lang,
                    "usage-unknown-command-near",
                    &[("command", command.into()), ("near", near.into())],
                ),
            }
        }
        ErrorKind::MissingRequiredArgument => t(lang, "usage-missing", &[("arg", arg.into())]),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let value = context(ContextKind::InvalidValue);
            let valid = context(ContextKind::ValidValue);
            let id = if valid.is_empty() { "usage-bad-value-alone" } else { "usage-bad-value" };
            t(lang, id, &[("arg", arg.into()), ("value", value.into()), ("valid", valid.into())])
        }
        ErrorKind::ArgumentConflict => t(lang, "usage-conflict", &[("arg", arg.into())]),
        ErrorKind::MissingSubcommand => t(lang, "usage-missing-command", &[]),
        _ => t(lang, "usage-other", &[("arg", arg.into())]),
    }
}

#[cfg(test)]
mod tests {
    use passerelle_texts::{codes, explain, has};

    use super::*;

    fn walk(command: &Command, path: &str, see: &mut impl FnMut(&str, &Command)) {
        see(path, command);
        for sub in command.get_subcommands() {
            walk(sub, &format!("{path}-{}", sub.get_name()), see);
        }
    }

    /// Writes the page of the commands: what can be typed, in the order of the help.
    fn reference() -> String {
        let mut page = String::from(
            "<!-- @generated by `cargo xtask codegen` from what can be typed -->\n\n\
             # Commands\n\n\
             What `--help` of each command says. Options of all of them:\n\n",
        );
        let mut all = command(Lang::En);
        all.build();
        options(&all, true, &mut page);
        for first in all.get_subcommands().filter(|sub| sub.get_name() != "help") {
            section(first, "##", &mut page);
            for second in first.get_subcommands().filter(|sub| sub.get_name() != "help") {
                section(second, "###", &mut page);
            }
            let examples = first.get_after_help().map(ToString::to_string).unwrap_or_default();
            let examples = examples.lines().filter(|line| line.starts_with("  ")).map(str::trim);
            page += &format!("```console\n{}\n```\n\n", examples.collect::<Vec<_>>().join("\n"));
        }
        page.trim_end().to_owned() + "\n"
    }

    fn section(of: &Command, heading: &str, page: &mut String) {
        let name = of.get_bin_name().unwrap_or_default();
        let about = of.get_about().map(ToString::to_string).unwrap_or_default();
        *page += &format!("{heading} {name}\n\n{about}.\n\n");
        options(of, false, page);
    }

    fn options(of: &Command, global: bool, page: &mut String) {
        let is_own = |arg: &&Arg| {
            arg.is_global_set() == global && !["help", "version"].contains(&arg.get_id().as_str())
        };
        let rows: Vec<String> = of.get_arguments().filter(is_own).map(row).collect();
        if !rows.is_empty() {
            *page += &format!("| | |\n| --- | --- |\n{}\n", rows.concat());
        }
    }

    fn row(arg: &Arg) -> String {
        let names = [
            arg.get_short().map(|short| format!("-{short}")),
            arg.get_long().map(|long| format!("--{long}")),
        ];
        let mut shown = names.into_iter().flatten().collect::<Vec<_>>().join(", ");
        if arg.get_action().takes_values() {
            let values = arg.get_value_names().unwrap_or_default();
            let values: Vec<String> = values.iter().map(|name| format!("<{name}>")).collect();
            shown = format!("{shown} {}", values.join(" ")).trim().to_owned();
        }
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        format!("| `{}` | {} |\n", shown.replace('|', "\\|"), help.replace('|', "\\|"))
    }

    #[test]
    fn the_reference_of_commands_is_what_can_be_typed() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/commands.md");
        if std::env::var_os("PASSERELLE_WRITE_DOCS").is_some() {
            std::fs::write(path, reference()).unwrap();
        }
        let page = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            page == reference(),
            "docs/reference/commands.md is not up to date: run `cargo xtask codegen`"
        );
    }

    #[test]
    fn the_command_line_is_well_formed_in_both_languages() {
        for lang in Lang::ALL {
            command(lang).debug_assert();
        }
    }

    #[test]
    fn every_command_and_option_has_its_help_in_both_languages() {
        for lang in Lang::ALL {
            walk(&command(lang), "help", &mut |path, command| {
                assert!(has(lang, path), "{lang}: {path}");
                for arg in command.get_arguments() {
                    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
                    assert!(!help.is_empty() && !help.starts_with('<'), "{lang}: {path}: {help}");
                }
            });
        }
    }

    #[test]
    fn the_french_help_is_french() {
        let help = command(Lang::Fr).render_long_help().to_string();
        assert!(help.contains("Utilisation") && help.contains("Commandes"), "{help}");
        assert!(!help.contains("Usage:") && !help.contains("Print"), "{help}");
    }

    #[test]
    fn every_command_that_the_catalogue_advises_can_be_typed() {
        for code in codes() {
            for lang in Lang::ALL {
                let words = [("count", "12"), ("user", "alice"), ("connecting", "yes")];
                let article = explain(code, lang, &words[..2]).unwrap();
                let connecting = explain(code, lang, &words).unwrap();
                for todo in article.todo.iter().chain(&connecting.todo) {
                    for advice in todo.split('`').skip(1).step_by(2) {
                        let Some(line) = advice.strip_prefix("passerelle ") else { continue };
                        let typed = std::iter::once("passerelle").chain(line.split_whitespace());
                        if let Err(error) = command(lang).try_get_matches_from(typed) {
                            let shown = [ErrorKind::DisplayHelp, ErrorKind::DisplayVersion];
                            assert!(shown.contains(&error.kind()), "{code}: {advice}: {error}");
                        }
                    }
                }
            }
        }
    }

    /// The words of a command line, as a shell makes them of quotes.
    fn words(line: &str) -> Vec<String> {
        let mut words = Vec::new();
        for (n, part) in line.split('"').enumerate() {
            match n % 2 {
                0 => words.extend(part.split_whitespace().map(str::to_owned)),
                _ => words.push(part.to_owned()),
            }
        }
        words
    }

    /// The commands that a page shows, typed at a prompt or in code marks, with where they stand.
    fn shown_commands(path: &std::path::Path) -> Vec<String> {
        let (mut shown, mut is_block) = (Vec::new(), false);
        for line in std::fs::read_to_string(path).unwrap().lines() {
            if line.starts_with("```") {
                is_block = !is_block;
            } else if is_block {
                shown.extend(line.strip_prefix("$ ").map(str::to_owned));
            } else {
                shown.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
            }
        }
        shown.retain(|line| line.starts_with("passerelle ") && !line.contains('…'));
        shown
    }

    fn pages(folder: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                pages(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path);
            }
        }
    }

    #[test]
    fn every_command_that_a_page_shows_can_be_typed() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut found = vec![root.join("README.md"), root.join("CONTRIBUTING.md")];
        pages(&root.join("docs"), &mut found);
        let (mut count, mut wrong) = (0, Vec::new());
        for path in found {
            for line in shown_commands(&path) {
                // A page may name a command without all of it, and `N` stands for a number.
                let typed = words(line.split(" #").next().unwrap_or_default());
                let error = command(Lang::En).try_get_matches_from(typed).err().map(|error| error.kind());
                let stale = [ErrorKind::UnknownArgument, ErrorKind::InvalidSubcommand];
                wrong.extend(error.filter(|kind| stale.contains(kind)).map(|_| (path.clone(), line.clone())));
                count += 1;
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert!(count > 100, "{count}");
    }

    #[test]
    fn every_command_shows_three_examples_that_can_be_typed() {
        for lang in Lang::ALL {
            for first in command(lang).get_subcommands() {
                let shown = first.get_after_help().map(ToString::to_string).unwrap_or_default();
                let examples: Vec<&str> =
                    shown.lines().filter_map(|line| line.trim().strip_prefix("passerelle ")).collect();
                assert_eq!(examples.len(), 3, "{lang}: {}: {shown}", first.get_name());
                for example in examples {
                    // The comment stands behind three spaces; a shell would take quotes and redirections away.
                    let line = example.split("   ").next().unwrap_or_default();
                    let line = line.split(" > ").next().unwrap_or_default();
                    let typed = command(lang).try_get_matches_from(words(&format!("passerelle {line}")));
                    assert!(typed.is_ok(), "{lang}: {example}: {}", typed.unwrap_err());
                }
            }
        }
    }

    #[test]
    fn usage_errors_are_told_in_the_persons_language() {
        let check = |typed: &[&str], lang, expected: &str| {
            let error = command(lang).try_get_matches_from(typed).unwrap_err();
            assert!(usage_error(&error, lang).contains(expected), "{}", usage_error(&error, lang));
        };
        check(&["passerelle", "snyc"], Lang::Fr, "« snyc »");
        check(&["passerelle", "snyc"], Lang::En, "sync");
        check(&["passerelle", "sync", "--dryrun"], Lang::Fr, "--dryrun");
        check(&["passerelle", "user", "add"], Lang::Fr, "manque");
        check(&["passerelle", "undo", "run", "x"], Lang::En, "\"x\"");
    }
}
