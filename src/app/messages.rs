//! What ronde tells: one line at the foot for a while, and all of them in a log. Never a stack of popups.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

/// How a message is meant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Level {
    /// It went well.
    Info,
    /// It went, but.
    Warning,
    /// It failed.
    Error,
}

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// When.
    pub at: Timestamp,
    /// How it is meant.
    pub level: Level,
    /// One line.
    pub text: String,
}

/// Messages kept.
const LIMIT: usize = 1000;

/// The messages so far.
#[derive(Debug, Default)]
pub struct Messages {
    lines: VecDeque<Message>,
    dismissed: bool,
}

impl Messages {
    /// Adds one and shows it at the foot.
    pub fn tell(&mut self, at: Timestamp, level: Level, text: impl Into<String>) {
        if self.lines.len() == LIMIT {
            self.lines.pop_front();
        }
        self.lines.push_back(Message { at, level, text: text.into() });
        self.dismissed = false;
    }

    /// The line for the foot: the newest, until a key dismisses it or it is old (5 s; errors 15 s).
    pub fn flash(&self, now: Timestamp) -> Option<&Message> {
        let last = self.lines.back().filter(|_| !self.dismissed)?;
        let stay = if last.level == Level::Error { 15 } else { 5 };
        (now.duration_since(last.at) < SignedDuration::from_secs(stay)).then_some(last)
    }

    /// A key was pressed: the line at the foot has been seen.
    pub fn dismiss(&mut self) {
        self.dismissed = true;
    }

    /// All of them, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Message> {
        self.lines.iter()
    }
}
