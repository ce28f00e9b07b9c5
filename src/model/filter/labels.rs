//! `-l key=value,other!=value,key,!key`: labels as kubectl selects them, exactly and by case.

use std::fmt;

use super::FilterError;
use crate::model::table::Rows;

/// Labels a row must have; all of them.
#[derive(Clone, Debug)]
pub(super) struct Labels(Vec<Label>);

#[derive(Clone, Debug)]
struct Label {
    key: String,
    test: Test,
}

#[derive(Clone, Debug)]
enum Test {
    Is(String),
    /// Also true where the label is not there, as in kubectl.
    IsNot(String),
    There,
    Absent,
}

impl Labels {
    /// Reads what follows `-l`, which begins `at` bytes into the filter.
    pub(super) fn parse(text: &str, at: usize) -> Result<Self, FilterError> {
        let mut labels = Vec::new();
        let mut from = at;
        for part in text.split(',') {
            let begin = from + (part.len() - part.trim_start().len());
            from += part.len() + 1;
            labels.push(Label::parse(part.trim()).ok_or_else(|| {
                FilterError::new(begin, "labels are written key=value, key!=value, key or !key, with commas between")
            })?);
        }
        Ok(Self(labels))
    }

    pub(super) fn match_row(&self, rows: &dyn Rows, slot: u32) -> bool {
        self.0.iter().all(|Label { key, test }| {
            let value = rows.label(slot, key);
            match test {
                Test::Is(wanted) => value == Some(wanted),
                Test::IsNot(unwanted) => value != Some(unwanted),
                Test::There => value.is_some(),
                Test::Absent => value.is_none(),
            }
        })
    }
}

impl Label {
    fn parse(part: &str) -> Option<Self> {
        let (key, test) = if let Some((key, value)) = part.split_once("!=") {
            (key, Test::IsNot(value.trim().to_owned()))
        } else if let Some((key, value)) = part.split_once('=') {
            (key, Test::Is(value.strip_prefix('=').unwrap_or(value).trim().to_owned()))
        } else if let Some(key) = part.strip_prefix('!') {
            (key, Test::Absent)
        } else {
            (part, Test::There)
        };
        let key = key.trim();
        let value = match &test {
            Test::Is(value) | Test::IsNot(value) => value.as_str(),
            Test::There | Test::Absent => "",
        };
        let odd = |c: char| c.is_whitespace() || matches!(c, '=' | '!' | '(' | ')');
        (!key.is_empty() && !key.contains(odd) && !value.contains(odd)).then(|| Self { key: key.to_owned(), test })
    }
}

impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Label { key, test }) in self.0.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            match test {
                Test::Is(value) => write!(f, "{comma}{key}={value}")?,
                Test::IsNot(value) => write!(f, "{comma}{key}!={value}")?,
                Test::There => write!(f, "{comma}{key}")?,
                Test::Absent => write!(f, "{comma}!{key}")?,
            }
        }
        Ok(())
    }
}
