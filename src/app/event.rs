//! What reaches the console.

use jiff::Timestamp;

use crate::{
    command::keys::Key,
    model::{
        delta::{Delta, Scope},
        query::{Answer, AskId},
        restarts::RestartLog,
        store::RowSet,
    },
};

/// Something happened.
#[derive(Debug)]
pub enum Event {
    /// A key was pressed.
    Key(Key),
    /// Text was pasted.
    Paste(String),
    /// The mouse did something at a cell.
    Mouse(Mouse),
    /// The terminal has another size: columns, rows.
    Resize(u16, u16),
    /// Sources said something.
    Data(Vec<Delta>),
    /// A part of an answer came.
    Answer(AskId, Answer),
    /// What the cache remembers, and when this user last looked.
    Remembered {
        /// Rows.
        rows: Vec<(Scope, RowSet)>,
        /// When this user last looked; none on the first run.
        looked: Option<Timestamp>,
        /// When pods restarted.
        restarts: RestartLog,
    },
    /// Something to tell: from the cache, the configuration, an effect.
    Tell(super::messages::Level, String),
    /// A second passed.
    Tick,
    /// Time to look again whether a view is behind its data.
    Wake,
}

/// What the mouse did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mouse {
    /// Left button pressed at column, row.
    Press(u16, u16),
    /// Wheel turned down (positive) or up, by lines.
    Wheel(i8),
}
