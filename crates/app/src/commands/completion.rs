//! `completion`: the script that completes commands in a shell.

use crate::{
    cli::Completion,
    context::{App, Exit},
    help,
};

pub fn run(app: &App, args: &Completion) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut help::command(app.out.lang), "passerelle", &mut script);
    app.out.document(&script)?;
    Ok(0)
}
