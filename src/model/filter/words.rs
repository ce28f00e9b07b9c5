//! Matching of text: substring, whole, glob, fuzzy; all without regard to case.
//!
//! Knows nothing of the language around it.

use std::{
    borrow::Cow,
    sync::{Mutex, PoisonError},
};

use nucleo_matcher::{
    Config, Matcher, Utf32Str,
    pattern::{CaseMatching, Normalization, Pattern},
};
use smallvec::SmallVec;

use crate::model::{
    table::Rows,
    value::{Kind, Value},
};

/// A text to look for.
#[derive(Clone, Debug)]
pub(super) enum Needle {
    /// Anywhere; lower case.
    Contains(String),
    /// The whole text; lower case.
    Exact(String),
    /// `*` is any text, `?` any character; lower case.
    Glob(Vec<char>),
}

impl Needle {
    pub(super) fn contains(text: &str) -> Self {
        Self::Contains(lower(text).into_owned())
    }

    pub(super) fn exact(text: &str) -> Self {
        Self::Exact(lower(text).into_owned())
    }

    /// What `:` looks for: a glob where the text has `*` or `?`, else a substring.
    pub(super) fn like(text: &str) -> Self {
        if text.contains(['*', '?']) { Self::Glob(lower(text).chars().collect()) } else { Self::contains(text) }
    }

    pub(super) fn matches(&self, hay: &str) -> bool {
        match self {
            Self::Contains(needle) if needle.is_ascii() => contains_ascii(hay.as_bytes(), needle.as_bytes()),
            Self::Contains(needle) => lower(hay).contains(needle.as_str()),
            Self::Exact(needle) if hay.is_ascii() => hay.eq_ignore_ascii_case(needle),
            Self::Exact(needle) => lower(hay) == *needle,
            Self::Glob(pattern) => glob(pattern, &lower(hay)),
        }
    }
}

/// Lower case; borrowed where nothing changes.
fn lower(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.to_lowercase())
    }
}

/// Whether the lower-case `needle` stands in `hay`, in any case. No byte of a longer character is ASCII, so bytes do.
fn contains_ascii(hay: &[u8], needle: &[u8]) -> bool {
    let Some((&first, rest)) = needle.split_first() else { return true };
    let Some(last) = hay.len().checked_sub(needle.len()) else { return false };
    (0..=last)
        .any(|at| hay[at].to_ascii_lowercase() == first && hay[at + 1..at + needle.len()].eq_ignore_ascii_case(rest))
}

/// The usual two-pointer match: on a mismatch the last `*` takes one character more.
fn glob(pattern: &[char], hay: &str) -> bool {
    let hay: SmallVec<[char; 96]> = hay.chars().collect();
    let (mut p, mut h) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while h < hay.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, h));
                p += 1;
            }
            Some(&c) if c == '?' || c == hay[h] => {
                p += 1;
                h += 1;
            }
            _ => {
                let Some((at, taken)) = star else { return false };
                p = at + 1;
                h = taken + 1;
                star = Some((at, taken + 1));
            }
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// Whether any text field of the row matches.
pub(super) fn any_text(rows: &dyn Rows, slot: u32, needle: &Needle) -> bool {
    (0..rows.field_count()).any(|field| {
        rows.field(field).kind == Kind::Text
            && matches!(rows.value(slot, field), Value::Text(text) if needle.matches(&text))
    })
}

/// Letters that occur in this order, ranked by how close together and where.
pub(super) struct Fuzzy {
    typed: String,
    pattern: Pattern,
    /// Working memory of the matcher, which a match needs to write to.
    matcher: Mutex<Matcher>,
}

impl Fuzzy {
    pub(super) fn new(text: &str) -> Self {
        Self {
            typed: text.to_owned(),
            pattern: Pattern::parse(text, CaseMatching::Ignore, Normalization::Smart),
            matcher: Mutex::new(Matcher::new(Config::DEFAULT)),
        }
    }

    pub(super) fn typed(&self) -> &str {
        &self.typed
    }

    /// The best score among the text fields that stand in the table. Hidden ones (uids, images) would match anything.
    pub(super) fn score(&self, rows: &dyn Rows, slot: u32) -> Option<u32> {
        let mut matcher = self.matcher.lock().unwrap_or_else(PoisonError::into_inner);
        let mut characters = Vec::new();
        (0..rows.field_count())
            .filter(|&field| rows.field(field).kind == Kind::Text && rows.field(field).column.is_some())
            .filter_map(|field| match rows.value(slot, field) {
                Value::Text(text) => self.pattern.score(Utf32Str::new(&text, &mut characters), &mut matcher),
                _ => None,
            })
            .max()
    }
}

impl Clone for Fuzzy {
    fn clone(&self) -> Self {
        Self::new(&self.typed)
    }
}

impl std::fmt::Debug for Fuzzy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Fuzzy").field(&self.typed).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn case_does_not_matter_in_any_script() {
        assert!(Needle::contains("wEb").matches("MW-Web-1"));
        assert!(Needle::contains("ÉCOLE").matches("l'école"));
        assert!(Needle::exact("Straße").matches("STRAßE"));
        assert!(!Needle::exact("web").matches("web-1"));
    }

    #[test]
    fn a_glob_covers_the_whole_text() {
        for (pattern, hay, fits) in [
            ("mw-*", "mw-web", true),
            ("mw-*", "amw-web", false),
            ("*web*", "mw-WEB-1", true),
            ("mw-???", "mw-web", true),
            ("mw-???", "mw-webs", false),
            ("*a*b*c", "xaxbxcxc", true),
            ("*a*b*c", "xaxbxcxd", false),
            ("*", "", true),
            ("?", "é", true),
        ] {
            assert_eq!(Needle::like(pattern).matches(hay), fits, "{pattern} on {hay}");
        }
    }

    proptest! {
        #[test]
        fn substring_is_what_lower_case_says(hay in "[a-cA-Cé日]{0,12}", needle in "[a-cA-Cé]{0,3}") {
            let expected = hay.to_lowercase().contains(&needle.to_lowercase());
            prop_assert_eq!(Needle::contains(&needle).matches(&hay), expected);
        }

        #[test]
        fn a_glob_between_stars_is_a_substring(hay in "[a-c]{0,12}", needle in "[a-c]{1,3}") {
            prop_assert_eq!(Needle::like(&format!("*{needle}*")).matches(&hay), hay.contains(&needle));
        }
    }
}
