//! Questions about a row, asked when a person asks them; answered by the row's source, never kept.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{document::Document, key::Key, store::TableId};

/// Names one question while it is open. The console draws the numbers; answers to closed ones are dropped.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct AskId(pub u64);

/// A question. All of them only observe.
#[derive(Clone, Debug, PartialEq)]
pub enum Query {
    /// All there is to know of a row, readable (describe, inspect). One [`Answer::Document`].
    Details(TableId, Key),
    /// The object as its API gives it, as YAML. One [`Answer::Document`].
    Yaml(TableId, Key),
    /// The events about a row, newest last. One [`Answer::Document`].
    Events(TableId, Key),
    /// Log lines of containers. Any number of [`Answer::Lines`], then [`Answer::End`] (never, when following).
    Logs(LogQuery),
}

/// Whose log lines, from when, how many.
#[derive(Clone, Debug, PartialEq)]
pub struct LogQuery {
    /// Of which rows.
    pub table: TableId,
    /// Pods or containers; all of one source.
    pub keys: Vec<Key>,
    /// Only this container of the pods; all of them when absent.
    pub container: Option<Arc<str>>,
    /// Of the previous run of the container.
    pub previous: bool,
    /// Not older than this.
    pub since: Option<SignedDuration>,
    /// Last lines of each container to begin with.
    pub tail: u32,
    /// Go on as lines are written.
    pub follow: bool,
}

/// One log line.
#[derive(Clone, Debug, PartialEq)]
pub struct LogLine {
    /// When it was written, as the runtime says.
    pub at: Option<Timestamp>,
    /// Which container: `pod/container`, or the container's name. Shared by its lines.
    pub origin: Arc<str>,
    /// The line, as written (hostile), at most [`LOG_LINE_LIMIT`] bytes.
    pub text: String,
}

/// Bytes of a log line that are kept; the rest is cut and the line says so.
pub const LOG_LINE_LIMIT: usize = 16 * 1024;

/// A part of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The whole answer.
    Document(Document),
    /// Some log lines, in the order of their container; several containers are not yet merged.
    Lines(Vec<LogLine>),
    /// So many log lines were dropped because they came faster than they could be shown.
    Dropped(u64),
    /// Nothing more comes.
    End,
    /// It cannot be answered: what failed, where, why, what to do, in one line. Nothing more comes.
    Failed(String),
}
