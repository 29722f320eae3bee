//! Questions to a person.

use passerelle_ports::{Code, Detail, Reason};
use passerelle_service::Failure;

use super::shown::shown;
use crate::context::App;

/// Asks yes or no; `--yes` answers, and where nobody can answer it is an error.
pub fn confirm(app: &App, question: &str) -> Result<bool, Failure> {
    if app.out.yes {
        return Ok(true);
    }
    if app.out.no_input || app.out.json {
        return Err(Failure::new(Code::Use108).with(Detail::Reason, Reason::Verbatim(question.to_owned())));
    }
    let letters = app.out.t("ask-yes-no", &[]);
    let yes = letters.chars().next().unwrap_or('y');
    let question = format!("{question} [{letters}]");
    let answer = match app.take_typed() {
        Some(mut lines) => {
            // What was typed before the question does not answer it.
            while lines.try_recv().is_ok() {}
            app.out.ask(&question);
            let answer = tokio::task::block_in_place(|| lines.blocking_recv());
            app.keep_typed(Some(lines));
            answer.ok_or_else(|| Failure::new(Code::Int101))?
        }
        None => typed(&question)?,
    };
    Ok(answer.trim().to_lowercase().starts_with(yes))
}

/// Asks for a line of text.
pub fn typed(question: &str) -> Result<String, Failure> {
    inquire::Text::new(&shown(question)).prompt().map_err(|_| Failure::new(Code::Int101))
}

/// Lets only somebody go on who types a name, or gives it as an option: `--yes` is not enough for this.
pub fn confirm_by_name(app: &App, warning: &str, name: &str, given: Option<&str>) -> Result<(), Failure> {
    let wrong =
        || Failure::new(Code::Use108).with(Detail::Reason, Reason::Verbatim(format!("--confirm={name}")));
    match given {
        Some(given) if given == name => return Ok(()),
        Some(_) => return Err(wrong()),
        None if app.out.no_input || app.out.json => return Err(wrong()),
        None => {}
    }
    app.out.ask(warning);
    let answer = typed(&app.out.t("ask-type-name", &[("name", name.into())]))?;
    if answer.trim() == name { Ok(()) } else { Err(wrong()) }
}
