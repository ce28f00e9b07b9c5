//! The screen in ASCII: every other character becomes the nearest one a plain terminal has.

use ratatui::buffer::Buffer;

/// Replaces what is not ASCII in the whole frame.
pub(super) fn ascii(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        let symbol = cell.symbol();
        if !symbol.is_ascii() {
            let nearest = symbol.chars().next().map_or(" ", nearest);
            cell.set_symbol(nearest);
        }
    }
}

fn nearest(c: char) -> &'static str {
    match c {
        '…' => "~",
        '–' | '─' | '—' | '▃' | '▄' => "-",
        '·' | '▁' => ".",
        '●' | '•' => "*",
        '◌' | '○' => "o",
        '▏' | '│' => "|",
        '▲' => "^",
        '▼' => "v",
        '▸' | '›' => ">",
        '┌' | '┐' | '└' | '┘' => "+",
        '▂' => "_",
        '▅' | '▆' => "=",
        '▇' | '█' => "#",
        '\u{2800}' => " ",
        '\u{2801}'..='\u{28ff}' => ":",
        _ => "?",
    }
}
