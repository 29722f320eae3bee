//! Progress on a terminal, and lines for those who read with `--plain`.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use passerelle_ports::Clock;
use passerelle_service::{Pair, PairReport, Phase, Progress, Watch};

use serde_json::json;

use crate::{context::App, terminal::output::Out};

/// A progress bar for the pairs of a run.
pub struct Bar<'a> {
    out: &'a Out,
    clock: &'a dyn Clock,
    bar: ProgressBar,
    told: AtomicU64,
}

impl<'a> Bar<'a> {
    /// Makes a bar; it hides itself where nothing may move.
    pub fn new(app: &'a App) -> Self {
        let (out, clock) = (&app.out, &*app.clock);
        let bar = out.progress();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {wide_bar} {pos}/{len}") {
            bar.set_style(style);
        }
        Bar { out, clock, bar, told: AtomicU64::new(0) }
    }

    fn phase(&self, phase: Phase) -> String {
        let id = match phase {
            Phase::Listing(_) => "phase-listing",
            Phase::Looking(_) => "phase-looking",
            Phase::Planning => "phase-planning",
            Phase::Writing => "phase-writing",
        };
        self.out.t(id, &[])
    }
}

impl Progress for Bar<'_> {
    fn step(&self, done: u64, total: u64, phase: Phase) {
        self.bar.set_length(total.max(done));
        self.bar.set_position(done);
        self.bar.set_prefix(self.phase(phase));
        if self.out.json && phase == Phase::Writing && done > 0 {
            let said = json!({ "phase": "writing", "done": done, "total": total.max(done) });
            self.out.line("progress", self.clock.now(), &said);
        }
        if self.out.plain && phase == Phase::Writing && total > 0 {
            let tenth = (done * 10 / total).min(10);
            if self.told.swap(tenth, Ordering::Relaxed) < tenth {
                self.out.note(&format!(
                    "{} ({done}/{total})",
                    passerelle_texts::percent(self.out.lang, tenth * 10)
                ));
            }
        }
    }
}

impl Watch for Bar<'_> {
    fn begin(&self, pair: &Pair) {
        let said = json!({ "user": pair.user, "kind": pair.kind, "pair": pair.id, "name": pair.name });
        self.out.line("progress", self.clock.now(), &said);
        self.told.store(0, Ordering::Relaxed);
        self.bar.reset();
        self.bar.enable_steady_tick(Duration::from_millis(100));
        self.bar.set_message(super::shown::shown(&format!("{}  {}", pair.user, pair.name)));
    }

    fn progress(&self) -> &dyn Progress {
        self
    }

    fn end(&self, _: &PairReport) {
        self.bar.finish_and_clear();
    }
}
