//! Text with structure: what details, describe, inspect and YAML answer.

use jiff::Timestamp;

use super::field::Tone;

/// An answer to read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    /// Lines, top to bottom.
    pub lines: Vec<Line>,
}

/// One line of a [`Document`].
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// A heading.
    Heading(String),
    /// A name and its value; `indent` levels deep.
    Pair {
        /// Levels of indentation.
        indent: u8,
        /// The name.
        name: String,
        /// The value.
        value: String,
        /// How the value is meant.
        tone: Tone,
    },
    /// A value that a screen does not show before it is asked for (environment, token, password).
    Secret {
        /// Levels of indentation.
        indent: u8,
        /// The name.
        name: String,
        /// The value itself.
        value: String,
    },
    /// A moment, shown with its age.
    Moment {
        /// Levels of indentation.
        indent: u8,
        /// The name.
        name: String,
        /// The moment.
        at: Timestamp,
    },
    /// A line as it is (YAML, JSON, a table of events).
    Text(String, Tone),
}

impl Document {
    /// Adds a heading.
    pub fn heading(&mut self, text: impl Into<String>) {
        self.lines.push(Line::Heading(text.into()));
    }

    /// Adds a name and its value.
    pub fn pair(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.pair_in(0, name, value, Tone::Plain);
    }

    /// Adds a name and its value, indented and toned.
    pub fn pair_in(&mut self, indent: u8, name: impl Into<String>, value: impl Into<String>, tone: Tone) {
        self.lines.push(Line::Pair { indent, name: name.into(), value: value.into(), tone });
    }

    /// Adds a moment, when there is one.
    pub fn moment(&mut self, indent: u8, name: impl Into<String>, at: Option<Timestamp>) {
        if let Some(at) = at {
            self.lines.push(Line::Moment { indent, name: name.into(), at });
        }
    }

    /// Adds a value that is masked until asked for.
    pub fn secret(&mut self, indent: u8, name: impl Into<String>, value: impl Into<String>) {
        self.lines.push(Line::Secret { indent, name: name.into(), value: value.into() });
    }

    /// Adds a line as it is.
    pub fn text(&mut self, text: impl Into<String>) {
        self.lines.push(Line::Text(text.into(), Tone::Plain));
    }
}
