//! The filter language: what a person types after `/` becomes a test of rows.
//!
//! Plain text is a case-insensitive substring of any text field. `!` in front inverts all that follows.
//! `-l key=value` asks for labels, `-f text` is fuzzy. It is a query when it begins with a known field and an
//! operator: `cpu>500m and (ns:mw-* or restarts>=3) and not status:Running`.
//!
//! Knows fields by their description only ([`Rows`]), never a row type.

mod condition;
mod fields;
mod labels;
mod literal;
mod parser;
mod words;

use std::fmt;

use jiff::Timestamp;

pub use self::fields::fields_markdown;
use self::{
    condition::Expr,
    labels::Labels,
    words::{Fuzzy, Needle},
};
use super::table::Rows;

/// How deep parentheses and `not` may nest.
pub const DEPTH: usize = 64;

/// A test of the rows of one table.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    inverted: bool,
    body: Body,
}

#[derive(Clone, Debug, Default)]
enum Body {
    /// Every row.
    #[default]
    All,
    Text {
        needle: Needle,
        typed: String,
        quoted: bool,
    },
    Fuzzy(Fuzzy),
    Labels(Labels),
    Query(Expr),
}

/// Why a text is not a filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FilterError {
    /// Where, in bytes from the beginning; at a character.
    pub at: usize,
    /// What is wrong and what would be right, in one line.
    pub message: String,
}

impl FilterError {
    fn new(at: usize, message: impl Into<String>) -> Self {
        Self { at, message: message.into() }
    }
}

impl Filter {
    /// Reads `text` as a filter of `rows`' table. Blank text, and a lone `!`, let every row pass.
    pub fn parse(text: &str, rows: &dyn Rows) -> Result<Self, FilterError> {
        let mut rest = text.trim();
        let mut inverted = false;
        while let Some(after) = rest.strip_prefix('!') {
            inverted = !inverted;
            rest = after.trim_start();
        }
        if rest.is_empty() {
            return Ok(Self::default());
        }
        let at = text.trim_end().len() - rest.len();
        let shift = |mut error: FilterError| {
            error.at += at;
            error
        };
        let body = if let Some((skipped, labels)) = after_option(rest, "-l") {
            Body::Labels(Labels::parse(labels, skipped).map_err(shift)?)
        } else if let Some((skipped, words)) = after_option(rest, "-f") {
            if words.is_empty() {
                return Err(shift(FilterError::new(skipped, "-f needs the letters to look for")));
            }
            Body::Fuzzy(Fuzzy::new(words))
        } else if parser::is_query(rest, rows) {
            Body::Query(parser::parse(rest, rows).map_err(shift)?)
        } else if let Some(quoted) = parser::whole_quoted(rest) {
            Body::Text { needle: Needle::contains(&quoted), typed: quoted, quoted: true }
        } else {
            Body::Text { needle: Needle::contains(rest), typed: rest.to_owned(), quoted: false }
        };
        Ok(Self { inverted, body })
    }

    /// Whether the row in `slot` passes. An empty slot never does.
    pub fn matches(&self, rows: &dyn Rows, slot: u32, now: Timestamp) -> bool {
        if rows.presence(slot).is_none() {
            return false;
        }
        let passes = match &self.body {
            Body::All => return true,
            Body::Text { needle, .. } => words::any_text(rows, slot, needle),
            Body::Fuzzy(fuzzy) => fuzzy.score(rows, slot).is_some(),
            Body::Labels(labels) => labels.match_row(rows, slot),
            Body::Query(expr) => expr.matches(rows, slot, now),
        };
        passes != self.inverted
    }

    /// How well a fuzzy filter fits the row, higher is better; none where it is not fuzzy or does not fit.
    pub fn score(&self, rows: &dyn Rows, slot: u32) -> Option<u32> {
        match &self.body {
            Body::Fuzzy(fuzzy) if !self.inverted => fuzzy.score(rows, slot),
            _ => None,
        }
    }

    /// Whether it lets every row pass because nothing was typed.
    pub fn is_empty(&self) -> bool {
        matches!(self.body, Body::All)
    }

    /// Whether [`Self::score`] ranks what passes.
    pub fn is_fuzzy(&self) -> bool {
        matches!(self.body, Body::Fuzzy(_)) && !self.inverted
    }
}

/// What follows an option such as `-l`, and where it begins; only when the option stands alone.
fn after_option<'a>(text: &'a str, option: &str) -> Option<(usize, &'a str)> {
    let rest = text.strip_prefix(option)?;
    let value = rest.trim_start();
    (rest.is_empty() || value.len() < rest.len()).then_some((text.len() - value.len(), value))
}

/// A text that parses to a filter of the same meaning.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.inverted {
            f.write_str("!")?;
        }
        match &self.body {
            Body::All => Ok(()),
            Body::Text { typed, quoted: true, .. } => f.write_str(&parser::quote(typed)),
            Body::Text { typed, .. } => f.write_str(typed),
            Body::Fuzzy(fuzzy) => write!(f, "-f {}", fuzzy.typed()),
            Body::Labels(labels) => write!(f, "-l {labels}"),
            Body::Query(expr) => write!(f, "{expr}"),
        }
    }
}

#[cfg(test)]
mod tests;
