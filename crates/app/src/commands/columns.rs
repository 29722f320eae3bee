//! The columns of a table that an import does not know: named by the person, or told.

use std::fs::File;

use passerelle_ports::{Clock, Code, Detail, Reason};
use passerelle_service::Failure;
use serde_json::json;

use crate::{
    context::App,
    files::{Filed, Unread, knows_heading},
    terminal::prompt::typed,
};

/// What a person calls columns: the heading, and what it means.
type Named = Vec<(String, String)>;

/// Reads `--map`, and asks for what is still unknown where somebody can answer.
///
/// # Errors
///
/// `USE-101` for a meaning that is no heading, and for a column that the file does not have.
pub fn named<R: Filed>(
    app: &App,
    format: Option<&str>,
    map: &[String],
    (name, file): (&str, &File),
) -> Result<Named, Failure> {
    let mut named = Named::new();
    for text in map {
        let pair = pair(app, text)?;
        if !R::has_column(file, &pair.0) {
            return Err(refused(app, "import-no-such-column", &pair.0));
        }
        if named.iter().any(|(column, meaning)| *column == pair.0 && *meaning != pair.1) {
            return Err(refused(app, "import-column-twice", &pair.0));
        }
        named.push(pair);
    }
    if app.out.no_input || app.out.json || app.out.yes {
        return Ok(named);
    }
    for column in R::unread(name, format, file, &named).into_iter().filter(|column| !column.known) {
        let question = app.out.t("import-ask-column", &words(&column));
        let meaning = loop {
            let answer = typed(&question)?.trim().to_owned();
            if answer.is_empty() || knows_heading(&answer) {
                break answer;
            }
            app.out.ask(&app.out.t("import-not-a-heading", &[("meaning", answer.into())]));
        };
        if !meaning.is_empty() {
            named.push((column.name, meaning));
        }
    }
    Ok(named)
}

/// Takes `HEADING=MEANING` apart, at the last sign: a heading may hold one.
fn pair(app: &App, text: &str) -> Result<(String, String), Failure> {
    let (column, meaning) = text.rsplit_once('=').unwrap_or((text, ""));
    let (column, meaning) = (column.trim(), meaning.trim());
    if !knows_heading(meaning) {
        return Err(refused(app, "import-not-a-heading", text));
    }
    Ok((column.to_owned(), meaning.to_owned()))
}

fn refused(app: &App, reason: &str, meaning: &str) -> Failure {
    let reason = app.out.t(reason, &[("meaning", meaning.to_owned().into())]);
    Failure::new(Code::Use101).with(Detail::Reason, Reason::Verbatim(reason.trim_end_matches('.').to_owned()))
}

/// Names the columns that were not taken; tells whether people could have been reached by what is in them.
pub fn tell(app: &App, file: &str, left: &[Unread]) -> bool {
    for column in left {
        app.out.ask(&app.out.t("import-column-left", &words(column)));
        app.out.line(
            "column_left",
            app.clock.now(),
            &json!({ "column": column.name, "rows": column.rows, "reaches": column.reaches }),
        );
    }
    let reaching: Vec<&str> =
        left.iter().filter(|column| column.reaches).map(|column| column.name.as_str()).collect();
    if reaching.is_empty() {
        return false;
    }
    let meant = |column: &Unread| {
        let meaning = if column.mails * 2 > column.rows { "e-mail" } else { "mobile" };
        format!("--map {}", in_a_shell(&format!("{}={meaning}", column.name)))
    };
    let map: Vec<String> = left.iter().filter(|column| column.reaches).map(meant).collect();
    let failure = Failure::new(Code::Imp110)
        .with(Detail::Columns, reaching.join(", "))
        .with(Detail::Map, map.join(" "))
        .with(Detail::Csv, in_a_shell(file));
    app.out.failure(&failure, app.clock.now());
    true
}

/// Writes a word as a shell takes it.
fn in_a_shell(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '\\' | ':' | '=');
    match word.chars().all(is_plain) {
        true => word.to_owned(),
        false if word.contains(['"', '$', '`', '\\', '!']) => format!("'{}'", word.replace('\'', "'\\''")),
        false => format!("\"{word}\""),
    }
}

fn words(column: &Unread) -> [(&'static str, passerelle_texts::Arg); 3] {
    let example: String = column.example.chars().take(40).collect();
    [
        ("column", column.name.clone().into()),
        ("count", column.rows.into()),
        ("example", crate::terminal::shown::in_a_line(&example).into()),
    ]
}
