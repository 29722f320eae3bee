//! `man`: the manual pages.

use std::{fs, path::Path};

use passerelle_ports::Code;
use passerelle_service::Failure;

use crate::{
    cli::Man,
    context::{App, Exit},
    help,
    unusable::unusable,
};

pub fn run(app: &App, args: &Man) -> Exit {
    let mut command = help::command(app.out.lang);
    command.build();
    match &args.dir {
        None => app.out.document(&page(&command)?)?,
        Some(dir) => {
            fs::create_dir_all(dir).map_err(|error| unusable(dir, error))?;
            pages(&command, "passerelle", dir)?;
        }
    }
    Ok(0)
}

fn pages(command: &clap::Command, name: &str, dir: &Path) -> Result<(), Failure> {
    let file = dir.join(format!("{name}.1"));
    fs::write(&file, page(&command.clone().name(name.to_owned()))?)
        .map_err(|error| unusable(&file, error))?;
    for sub in command.get_subcommands() {
        pages(sub, &format!("{name}-{}", sub.get_name()), dir)?;
    }
    Ok(())
}

fn page(command: &clap::Command) -> Result<Vec<u8>, Failure> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone())
        .render(&mut page)
        .map_err(|error| Failure::new(Code::Bug101).because(error))?;
    Ok(page)
}
