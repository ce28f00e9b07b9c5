//! A page of text: details, YAML, events, help, messages. Scrolls, searches, keeps secrets masked until asked.

use std::borrow::Cow;

use jiff::Timestamp;

use crate::model::{
    document::{Document, Line},
    field::Tone,
    key::Key,
    query::{AskId, Query},
    store::TableId,
    text::inert,
    value::{duration, seconds_between},
};

/// Where a page's text comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Origin {
    /// A source answers this question.
    Asked(Query),
    /// The help for where one was.
    Help,
    /// The messages.
    Messages,
}

/// A page of text.
#[derive(Debug)]
pub struct TextPage {
    /// Its title.
    pub title: String,
    /// The row it is about; its charts are drawn from the live row.
    pub subject: Option<(TableId, Key)>,
    /// Where the text comes from.
    pub origin: Origin,
    /// The open question.
    pub ask: Option<AskId>,
    /// The text; none while it is awaited.
    pub document: Option<Document>,
    /// Why there is none.
    pub failed: Option<String>,
    /// First line on screen.
    pub top: usize,
    /// What is searched for.
    pub search: String,
    /// Secrets are shown.
    pub revealed: bool,
}

impl TextPage {
    /// A page whose text is still to come.
    pub fn new(title: impl Into<String>, origin: Origin) -> Self {
        Self {
            title: title.into(),
            subject: None,
            origin,
            ask: None,
            document: None,
            failed: None,
            top: 0,
            search: String::new(),
            revealed: false,
        }
    }

    /// Lines there are.
    pub fn len(&self) -> usize {
        self.document.as_ref().map_or(0, |document| document.lines.len())
    }

    /// Whether there is no line.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a line holds a value that is masked until asked for.
    pub fn has_secrets(&self) -> bool {
        self.document.as_ref().is_some_and(Document::has_secrets)
    }

    /// Scrolls by lines, within the text.
    pub fn scroll(&mut self, lines: isize, height: usize) {
        self.top = self.top.saturating_add_signed(lines).min(self.len().saturating_sub(height));
    }

    /// Goes to the next line from `from` on that holds the text searched for; around the end.
    pub fn find(&mut self, forward: bool, height: usize, now: Timestamp) -> bool {
        let count = self.len();
        if count == 0 || self.search.is_empty() {
            return false;
        }
        let needle = self.search.to_lowercase();
        for step in 1..=count {
            let at = if forward { (self.top + step) % count } else { (self.top + count - step) % count };
            if self.line_text(at, now).to_lowercase().contains(&needle) {
                self.top = at.min(count.saturating_sub(height.min(count)));
                return true;
            }
        }
        false
    }

    /// A line as text, masked unless revealed.
    pub fn line_text(&self, at: usize, now: Timestamp) -> String {
        let Some(line) = self.document.as_ref().and_then(|document| document.lines.get(at)) else {
            return String::new();
        };
        let (indent, name, value, _) = parts(line, self.revealed, now);
        match name {
            Some(name) => format!("{:indent$}{name}: {value}", "", indent = usize::from(indent) * 2),
            None => value.into_owned(),
        }
    }

    /// The whole text as it is shown: with secrets only while they are.
    pub fn copy(&self, now: Timestamp) -> String {
        (0..self.len()).map(|at| self.line_text(at, now) + "\n").collect()
    }
}

/// A line's indentation, name, value and tone, inert.
pub fn parts(line: &Line, revealed: bool, now: Timestamp) -> (u8, Option<Cow<'_, str>>, Cow<'_, str>, Tone) {
    match line {
        Line::Heading(text) => (0, None, inert(text), Tone::Accent),
        Line::Pair { indent, name, value, tone } => (*indent, Some(inert(name)), inert(value), *tone),
        Line::Secret { indent, name, masked, whole } => {
            let (value, tone) = if revealed { (whole.reveal(), Tone::Warn) } else { (&**masked, Tone::Plain) };
            (*indent, name.as_deref().map(inert), inert(value), tone)
        }
        Line::Moment { indent, name, at } => {
            let shown =
                format!("{} ({} ago)", at.strftime("%Y-%m-%d %H:%M:%S UTC"), duration(seconds_between(*at, now)));
            (*indent, Some(inert(name)), shown.into(), Tone::Plain)
        }
        Line::Text(text, tone) => (0, None, inert(text), *tone),
    }
}
