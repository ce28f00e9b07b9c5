//! Text with structure: what details, describe, inspect and YAML answer.

use jiff::Timestamp;

use super::{
    field::Tone,
    secret::{self, Secret},
    text,
};

/// Arguments of a process that are listed at most.
const ARGUMENTS: usize = 200;

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
    /// A value or line that a screen does not show before it is asked for (environment, token, password).
    Secret {
        /// Levels of indentation.
        indent: u8,
        /// The name; none for a line as it is.
        name: Option<String>,
        /// What is shown before: the value with its secret parts masked.
        masked: String,
        /// The value itself.
        whole: Secret,
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

    /// Adds a name and its value; what looks like a secret in it is masked until asked for.
    pub fn guarded(&mut self, indent: u8, name: &str, value: &str) {
        self.masked(indent, name, &secret::masked(name, value), value);
    }

    /// Adds the words of a command as one line; what looks like a secret in it is masked until asked for.
    pub fn command<'a>(&mut self, indent: u8, name: &str, words: impl IntoIterator<Item = &'a str>) {
        let words: Vec<&str> = words.into_iter().collect();
        let masked = secret::masked_command(words.iter().copied()).join(" ");
        self.masked(indent, name, &masked, &words.join(" "));
    }

    /// Adds the arguments of a process, a line each, likewise.
    pub fn arguments<'a>(&mut self, arguments: impl IntoIterator<Item = &'a str>) {
        let words: Vec<&str> = arguments.into_iter().take(ARGUMENTS).collect();
        for (at, (masked, whole)) in secret::masked_command(words.iter().copied()).iter().zip(&words).enumerate() {
            let name = if at == 0 { "command".to_owned() } else { format!("  argument {at}") };
            self.masked(0, &name, masked, whole);
        }
    }

    /// Adds a name and its value, and what is shown of it before it is asked for.
    pub fn masked(&mut self, indent: u8, name: &str, masked: &str, whole: &str) {
        let (name, whole) = (text::name(name), text::name(whole));
        if masked == whole {
            return self.pair_in(indent, name, whole, Tone::Plain);
        }
        let (masked, whole) = (text::name(masked).into_owned(), Secret::new(whole));
        self.lines.push(Line::Secret { indent, name: Some(name.into_owned()), masked, whole });
    }

    /// Whether a line holds a value that is masked until asked for.
    pub fn has_secrets(&self) -> bool {
        self.lines.iter().any(|line| matches!(line, Line::Secret { .. }))
    }

    /// Adds a line as it is.
    pub fn text(&mut self, text: impl Into<String>) {
        self.lines.push(Line::Text(text.into(), Tone::Plain));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_secret_is_masked_and_not_lost() {
        let mut document = Document::default();
        document.guarded(0, "LANG", "C");
        assert!(!document.has_secrets());
        document.guarded(0, "DB_PASSWORD", "hunter2");
        document.command(0, "command", ["run", "--token", "hunter2"]);
        document.arguments(["run", "--token=hunter2"]);
        assert!(document.has_secrets());
        let shown = format!("{document:?}");
        assert!(!shown.contains("hunter2"), "{shown}");
        let kept = document
            .lines
            .iter()
            .filter(|line| matches!(line, Line::Secret { whole, .. } if whole.reveal().contains("hunter2")));
        assert_eq!(kept.count(), 3);
    }
}
