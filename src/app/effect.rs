//! What the console wants done outside itself. The run loop does it; the console never waits for it.

use std::path::PathBuf;

use crate::{
    model::{
        key::SourceId,
        query::{AskId, Query},
    },
    source::Demand,
};

/// Something to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Ask a source; answers come back as events.
    Ask(AskId, SourceId, Query),
    /// Nobody waits for this answer any more.
    Cancel(AskId),
    /// What is on screen has changed.
    Demand(Demand),
    /// Put this text into the clipboard of the user's terminal (OSC 52).
    Copy(String),
    /// Capture the mouse, or leave it to the terminal.
    Mouse(bool),
    /// Write text to a file that must not exist yet.
    Write(PathBuf, String),
    /// Keep saved views.
    SaveViews(super::saved::SavedViews),
    /// Draw every cell anew.
    Clear,
    /// End.
    Quit,
}
