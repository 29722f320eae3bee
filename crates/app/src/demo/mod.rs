//! `passerelle demo`: the whole story in one process, a temporary directory and a pretend Google.
//!
//! It uses what the commands use: settings, database, vault, consent, runs, answers, undo. Only the
//! browser and the phone are played.

mod browser;
mod company;
mod phone;
mod stage;
mod story;

use std::path::{Path, PathBuf};

use passerelle_ports::Clock;
use passerelle_service::Failure;
use serde_json::json;

use crate::{
    cli::Demo,
    context::{App, Exit},
};

/// Tells the story and returns the exit code.
pub async fn run(app: &App, args: &Demo) -> Exit {
    let temporary;
    let folder: &Path = match &args.keep {
        Some(folder) => folder,
        None => {
            temporary = TemporaryFolder::new(app)?;
            &temporary.0
        }
    };
    let stage = stage::Stage::set(app, folder).await?;
    let last = story::tell(&stage).await.map_err(stage::failed)?;
    if args.keep.is_some() {
        stage.keep().map_err(stage::failed)?;
    }
    if args.serve {
        stage.serve().await;
    }
    app.out.line("summary", app.clock.now(), &last);
    Ok(if last["exit_code"] == json!(0) { 0 } else { 1 })
}

/// A folder that goes when the story ends.
struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    fn new(app: &App) -> Result<Self, Failure> {
        use passerelle_ports::Ids;
        let folder = std::env::temp_dir().join(format!("passerelle-demo-{}", app.ids.uuid().simple()));
        crate::compose::private_directory(&folder)?;
        Ok(TemporaryFolder(folder))
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        // Nothing can be done about a file that somebody else holds open; the folder is a temporary one.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
