//! How bad something is. One scale for rows, findings, tabs and `ctrl-z`.

use serde::{Deserialize, Serialize};

/// From well to on fire; ordered, so that the worst of many is their maximum.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Hash, Serialize, Deserialize)]
pub enum Severity {
    /// Nothing to do.
    #[default]
    Ok,
    /// Worth knowing; nothing breaks yet.
    Notice,
    /// Breaks soon, or is degraded.
    Warning,
    /// Broken now.
    Critical,
}

impl Severity {
    /// The word in tables and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }

    /// The letter beside colour, for screens without it.
    pub fn letter(self) -> &'static str {
        match self {
            Self::Ok => " ",
            Self::Notice => "n",
            Self::Warning => "w",
            Self::Critical => "C",
        }
    }

    /// Whether `ctrl-z` shows it: what is degraded or broken.
    pub fn is_wrong(self) -> bool {
        self >= Self::Warning
    }

    /// How a cell of this severity is meant.
    pub fn tone(self) -> super::field::Tone {
        use super::field::Tone;
        match self {
            Self::Ok => Tone::Plain,
            Self::Notice => Tone::Accent,
            Self::Warning => Tone::Warn,
            Self::Critical => Tone::Bad,
        }
    }
}
