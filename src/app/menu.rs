//! A short list to choose from, over the page in front: lenses, sort fields, related rows.

use super::related::Link;

/// What choosing an item does.
#[derive(Clone, Debug, PartialEq)]
pub enum Choice {
    /// Sort by this field.
    Sort(usize),
    /// Look through this lens of the tab.
    Lens(usize),
    /// Go there.
    Link(Link),
}

/// A menu.
#[derive(Debug)]
pub struct Menu {
    /// What is chosen.
    pub title: String,
    /// Labels and what they do.
    pub items: Vec<(String, Choice)>,
    /// The item under the bar.
    pub selected: usize,
}

impl Menu {
    /// A menu; none without items.
    pub fn new(title: impl Into<String>, items: Vec<(String, Choice)>, selected: usize) -> Option<Self> {
        if items.is_empty() {
            return None;
        }
        let selected = selected.min(items.len() - 1);
        Some(Self { title: title.into(), items, selected })
    }

    /// Moves the bar, around the ends.
    pub fn go(&mut self, by: isize) {
        let count = isize::try_from(self.items.len()).unwrap_or(1).max(1);
        let at = isize::try_from(self.selected).unwrap_or(0);
        self.selected = usize::try_from((at + by).rem_euclid(count)).unwrap_or(0);
    }

    /// The item whose digit or first letter this is.
    pub fn shortcut(&self, c: char) -> Option<usize> {
        if let Some(digit) = c.to_digit(10) {
            return usize::try_from(digit)
                .ok()
                .and_then(|digit| digit.checked_sub(1))
                .filter(|at| *at < self.items.len());
        }
        let starts = |(label, _): &(String, Choice)| label.to_lowercase().starts_with(c.to_ascii_lowercase());
        let after = self.items.iter().skip(self.selected + 1).position(starts).map(|at| at + self.selected + 1);
        after.or_else(|| self.items.iter().position(starts))
    }
}
