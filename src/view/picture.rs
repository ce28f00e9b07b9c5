//! A frame as an SVG picture, for documentation: every cell where the terminal puts it.

use std::fmt::Write as _;

use ratatui::{
    buffer::{Buffer, Cell},
    style::{Color, Modifier},
};

/// Pixels of a cell.
const CELL: (u32, u32) = (8, 17);
/// What the terminal shows where a cell has no colour of its own.
const DEFAULT: (&str, &str) = ("#d8dee9", "#14171c");

/// The whole frame as an SVG document.
pub fn svg(buffer: &Buffer) -> String {
    let (columns, rows) = (u32::from(buffer.area.width), u32::from(buffer.area.height));
    let (width, height) = (columns * CELL.0 + 16, rows * CELL.1 + 16);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace\" font-size=\"13\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"{}\"/>\n",
        DEFAULT.1
    );
    for y in 0..buffer.area.height {
        let mut x = 0;
        while x < buffer.area.width {
            let Some(first) = buffer.cell((x, y)) else { break };
            let style = look(first);
            let mut text = String::new();
            let from = x;
            while let Some(cell) = buffer.cell((x, y)).filter(|cell| look(cell) == style) {
                text.push_str(cell.symbol());
                x += 1;
            }
            run(&mut out, from, y, x - from, &text, &style);
        }
    }
    out.push_str("</svg>\n");
    out
}

/// Foreground, background, weight and decoration of a cell.
#[derive(PartialEq)]
struct Look {
    fg: String,
    bg: Option<String>,
    modifier: Modifier,
}

fn look(cell: &Cell) -> Look {
    let fg = rgb(cell.fg).unwrap_or_else(|| DEFAULT.0.to_owned());
    let bg = rgb(cell.bg);
    Look { fg, bg, modifier: cell.modifier }
}

fn run(out: &mut String, x: u16, y: u16, cells: u16, text: &str, look: &Look) {
    let (left, top) = (u32::from(x) * CELL.0 + 8, u32::from(y) * CELL.1 + 8);
    let width = u32::from(cells) * CELL.0;
    if let Some(bg) = &look.bg {
        let _ = writeln!(out, "<rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{}\" fill=\"{bg}\"/>", CELL.1);
    }
    let weight = if look.modifier.contains(Modifier::BOLD) { " font-weight=\"bold\"" } else { "" };
    let slant = if look.modifier.contains(Modifier::ITALIC) { " font-style=\"italic\"" } else { "" };
    let line = match look.modifier {
        m if m.contains(Modifier::CROSSED_OUT) => " text-decoration=\"line-through\"",
        m if m.contains(Modifier::UNDERLINED) => " text-decoration=\"underline\"",
        _ => "",
    };
    let base = top + CELL.1 - 4;
    // Each stretch between wide gaps stands where the terminal puts it, whatever font the reader has.
    let mut gone = 0;
    for stretch in text.split("  ") {
        let width = pixels(stretch);
        let shown = stretch.trim();
        if !shown.is_empty() {
            let x = left + gone + pixels(stretch) - pixels(stretch.trim_start());
            let escaped = shown.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            let _ = writeln!(
                out,
                "<text x=\"{x}\" y=\"{base}\" fill=\"{}\" textLength=\"{}\" xml:space=\"preserve\"{weight}{slant}{line}>{escaped}</text>",
                look.fg,
                pixels(shown)
            );
        }
        gone += width + 2 * CELL.0;
    }
}

/// Pixels a text takes.
fn pixels(text: &str) -> u32 {
    u32::try_from(unicode_width::UnicodeWidthStr::width(text)).unwrap_or(0) * CELL.0
}

/// The colours a modern terminal gives the 16 names.
fn rgb(color: Color) -> Option<String> {
    let hex = match color {
        Color::Black => "#14171c",
        Color::Red => "#bf616a",
        Color::Green => "#a3be8c",
        Color::Yellow => "#ebcb8b",
        Color::Blue => "#3b5b8c",
        Color::Magenta => "#b48ead",
        Color::Cyan => "#6fb3c0",
        Color::Gray => "#a7adba",
        Color::DarkGray => "#3b4252",
        Color::LightRed => "#ff7a85",
        Color::LightGreen => "#b5e890",
        Color::LightYellow => "#ffd77a",
        Color::LightBlue => "#81a1c1",
        Color::LightMagenta => "#e0a3ee",
        Color::LightCyan => "#8fdcec",
        Color::White => "#eceff4",
        Color::Rgb(r, g, b) => return Some(format!("#{r:02x}{g:02x}{b:02x}")),
        _ => return None,
    };
    Some(hex.to_owned())
}

#[cfg(test)]
mod tests {
    use ratatui::{layout::Rect, style::Style};

    use super::*;

    #[test]
    fn text_is_escaped_and_stands_in_its_cells() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 2));
        buffer.set_string(2, 1, "a<b & c", Style::new().fg(Color::LightRed).add_modifier(Modifier::BOLD));
        let picture = svg(&buffer);
        assert!(picture.contains("a&lt;b &amp; c"));
        assert!(picture.contains("x=\"24\"") && picture.contains("font-weight=\"bold\""));
        assert_eq!(picture.matches("<text").count(), 1, "blank cells draw nothing");
    }
}
