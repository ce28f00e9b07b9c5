//! A menu over the page in front.

use ratatui::buffer::Buffer;

use super::paint::{fill, put, width};
use crate::{
    app::{
        layout::{Area, Hit, Hits},
        menu::Menu,
    },
    theme::Theme,
};

/// Draws a menu at the lower left of `body`.
pub(super) fn draw(menu: &Menu, theme: &Theme, body: Area, buffer: &mut Buffer, hits: &mut Hits) {
    let rows = u16::try_from(menu.items.len()).unwrap_or(u16::MAX).saturating_add(1).min(body.height);
    let widest = menu.items.iter().map(|(label, _)| width(label)).max().unwrap_or(0).max(width(&menu.title));
    let area = Area {
        x: body.x + 1,
        y: body.y + body.height - rows,
        width: (widest + 6).min(body.width.saturating_sub(2)),
        height: rows,
    };
    fill(buffer, area, theme.menu);
    put(buffer, area.x + 1, area.y, &menu.title, area.width.saturating_sub(2), theme.menu.patch(theme.title));
    let shown = usize::from(rows.saturating_sub(1)).max(1);
    let first = menu.selected.saturating_sub(shown - 1);
    for (line, (label, _)) in menu.items.iter().skip(first).take(shown).enumerate() {
        let at = first + line;
        let y = area.y + 1 + u16::try_from(line).unwrap_or(0);
        let row = Area { y, height: 1, ..area };
        let style = if at == menu.selected { theme.selection } else { theme.menu };
        fill(buffer, row, style);
        let number = if at < 9 { format!("{} ", at + 1) } else { "  ".into() };
        put(buffer, area.x + 1, y, &(number + label), area.width.saturating_sub(2), style);
        hits.0.push((row, Hit::MenuItem(at)));
    }
}
