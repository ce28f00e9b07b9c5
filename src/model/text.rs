//! Hostile text made inert: no control sequence, no invisible or direction-changing character, no endless name.

use std::borrow::Cow;

/// Characters of a name or message that a row keeps.
pub const NAME_LIMIT: usize = 1024;

/// Whether a character may reach a screen. Control characters, line separators, bidirectional controls,
/// zero-width characters, variation selectors, tags and private use may not; nor may those of whose width terminals
/// think differently (halves of flags, skin tones, keycaps).
pub fn is_shown(c: char) -> bool {
    !matches!(c,
        '\0'..='\x1f' | '\x7f'..='\u{9f}'                       // C0, DEL, C1
        | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{20e3}' | '\u{1f1e6}'..='\u{1f1ff}' | '\u{1f3fb}'..='\u{1f3ff}'
        | '\u{e000}'..='\u{f8ff}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}' | '\u{f0000}'..='\u{10ffff}')
}

/// The text as one line fit for a screen: what may not be shown is replaced by `·`, a tab by a space.
/// Borrowed when nothing had to change.
pub fn inert(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_shown) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(
        text.chars()
            .map(|c| {
                if c == '\t' {
                    ' '
                } else if is_shown(c) {
                    c
                } else {
                    '·'
                }
            })
            .collect(),
    )
}

/// At most `limit` bytes of the text, cut at a character; a cut text ends in `…`.
pub fn limited(text: &str, limit: usize) -> Cow<'_, str> {
    if text.len() <= limit {
        return Cow::Borrowed(text);
    }
    let end = (0..=limit).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    Cow::Owned(format!("{}…", &text[..end]))
}

/// A name or message as a row keeps it: inert and of bounded length.
pub fn name(text: &str) -> Cow<'_, str> {
    match limited(text, NAME_LIMIT) {
        Cow::Borrowed(text) => inert(text),
        Cow::Owned(text) => Cow::Owned(inert(&text).into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn control_sequences_lose_their_power() {
        assert_eq!(inert("\x1b[31mred\x1b]0;title\x07"), "·[31mred·]0;title·");
        assert_eq!(inert("a\u{202e}b\u{200b}c\td"), "a·b·c d");
        assert!(matches!(inert("mw-web.eqiad.main-7f65 日本 é"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn nothing_unshowable_survives(text in any::<String>()) {
            prop_assert!(name(&text).chars().all(is_shown));
        }

        #[test]
        fn length_is_bounded(text in ".{0,4000}") {
            prop_assert!(name(&text).len() <= NAME_LIMIT * 4 + 4);
        }
    }
}
