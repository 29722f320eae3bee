//! What a person sees and types: output, questions, progress.

pub mod output;
pub mod progress;
pub mod prompt;
pub mod shown;
