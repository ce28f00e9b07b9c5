//! Text into cells: measured, cut, never a control character.

use std::borrow::Cow;

use ratatui::{buffer::Buffer, style::Style};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::{
    app::layout::Area,
    model::{field::Tone, text},
    theme::Theme,
};

/// Cells a text takes.
pub(super) fn width(text: &str) -> u16 {
    u16::try_from(text.width()).unwrap_or(u16::MAX)
}

/// The text in at most `cells` cells; a cut text ends in `…`.
pub(super) fn fit(text: &str, cells: u16) -> Cow<'_, str> {
    if text.len() <= usize::from(cells) && text.is_ascii() || width(text) <= cells {
        return Cow::Borrowed(text);
    }
    if cells == 0 {
        return Cow::Borrowed("");
    }
    let mut out = String::new();
    let mut left = usize::from(cells) - 1;
    for cluster in text.graphemes(true) {
        let wide = cluster.width();
        if wide > left {
            break;
        }
        left -= wide;
        out.push_str(cluster);
    }
    out.push('…');
    Cow::Owned(out)
}

/// The text in at most `cells` cells, cut in the middle: names that begin alike differ at their end.
pub(super) fn fit_middle(text: &str, cells: u16) -> Cow<'_, str> {
    if width(text) <= cells || cells < 5 {
        return fit(text, cells);
    }
    let tail_cells = (cells - 1) / 2;
    let mut tail: Vec<&str> = Vec::new();
    let mut used = 0;
    for cluster in text.graphemes(true).rev() {
        used += width(cluster);
        if used > tail_cells {
            break;
        }
        tail.push(cluster);
    }
    let head = fit(text, cells - tail_cells);
    Cow::Owned(head.chars().chain(tail.iter().rev().flat_map(|cluster| cluster.chars())).collect())
}

/// Writes text at a cell, at most `cells` wide, inert and cut. Returns the cells used.
pub(super) fn put(buffer: &mut Buffer, x: u16, y: u16, text: &str, cells: u16, style: Style) -> u16 {
    if cells == 0 || !buffer.area.contains((x, y).into()) {
        return 0;
    }
    let inert = text::inert(text);
    let fitted = fit(&inert, cells);
    let (end, _) = buffer.set_stringn(x, y, fitted, usize::from(cells), style);
    end - x
}

/// Writes text so that it ends before `right`. Returns the cells used.
pub(super) fn put_right(buffer: &mut Buffer, right: u16, y: u16, text: &str, cells: u16, style: Style) -> u16 {
    let wide = width(text).min(cells);
    put(buffer, right.saturating_sub(wide), y, text, wide, style)
}

/// Fills an area with a style and blanks.
pub(super) fn fill(buffer: &mut Buffer, area: Area, style: Style) {
    for y in area.y..area.y + area.height {
        for x in area.x..area.x + area.width {
            if let Some(cell) = buffer.cell_mut((x, y)) {
                cell.reset();
                cell.set_style(style);
            }
        }
    }
}

/// The style of a tone.
pub(super) fn tone(theme: &Theme, tone: Tone) -> Style {
    match tone {
        Tone::Plain => theme.text,
        Tone::Good => theme.good,
        Tone::Warn => theme.warn,
        Tone::Bad => theme.bad,
        Tone::Dim => theme.dim,
        Tone::Accent => theme.accent,
    }
}

/// A number with a narrow gap every three digits, as `1 512`.
pub(super) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([grouped(7), grouped(1512), grouped(1_000_000)], ["7", "1 512", "1 000 000"]);
    }

    #[test]
    fn a_name_keeps_its_beginning_and_its_end() {
        assert_eq!(fit_middle("mw-web.eqiad.main-7f65fbb9c8-69sm2", 16), "mw-web.e…8-69sm2");
        assert_eq!(fit_middle("short", 16), "short");
    }

    proptest! {
        #[test]
        fn a_fitted_text_fits(text in any::<String>(), cells in 0u16..40) {
            let inert = text::inert(&text);
            prop_assert!(width(&fit(&inert, cells)) <= cells);
        }

        #[test]
        fn a_name_cut_in_the_middle_fits(text in any::<String>(), cells in 0u16..40) {
            let inert = text::inert(&text);
            prop_assert!(width(&fit_middle(&inert, cells)) <= cells);
        }

        #[test]
        fn hostile_text_stays_in_its_cells(text in any::<String>(), cells in 0u16..20) {
            let mut buffer = Buffer::empty(ratatui::layout::Rect::new(0, 0, 30, 3));
            put(&mut buffer, 5, 1, &text, cells, Style::new());
            for y in 0..3 {
                for x in 0..30u16 {
                    let inside = y == 1 && (5..5 + cells).contains(&x);
                    let symbol = buffer.cell((x, y)).map_or(" ", |cell| cell.symbol());
                    prop_assert!(inside || symbol == " ", "{symbol:?} at {x},{y}");
                    prop_assert!(symbol.chars().all(text::is_shown));
                }
            }
        }
    }
}
