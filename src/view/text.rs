//! A page of text; above the details of a machine or container, its charts.

use ratatui::buffer::Buffer;

use super::{
    chart::chart,
    paint::{put, tone},
};
use crate::{
    app::{
        App,
        layout::Area,
        text_page::{Origin, TextPage, parts},
    },
    model::{
        document::Line,
        query::Query,
        store::TableId,
        value::{bytes, percent},
    },
    theme::Theme,
};

/// Draws a page of text.
pub(super) fn draw(app: &App, page: &TextPage, theme: &Theme, area: Area, buffer: &mut Buffer) {
    let area = charts(app, page, theme, area, buffer);
    let Some(document) = &page.document else {
        let text = page.failed.as_deref().unwrap_or("asking … (ctrl-c cancels)");
        let style = if page.failed.is_some() { theme.bad } else { theme.dim };
        put(buffer, area.x + 1, area.y, text, area.width.saturating_sub(2), style);
        return;
    };
    let needle = page.search.to_lowercase();
    for (at, line) in document.lines.iter().skip(page.top).take(usize::from(area.height)).enumerate() {
        let y = area.y + u16::try_from(at).unwrap_or(u16::MAX);
        draw_line(app, page, theme, line, Area { y, height: 1, ..area }, buffer);
        if !needle.is_empty() && page.line_text(page.top + at, app.now).to_lowercase().contains(&needle) {
            put(buffer, area.x, y, "▸", 1, theme.found);
        }
    }
}

fn draw_line(app: &App, page: &TextPage, theme: &Theme, line: &Line, area: Area, buffer: &mut Buffer) {
    let (indent, name, value, meant) = parts(line, page.revealed, app.now);
    let mut x = area.x + 1 + u16::from(indent) * 2;
    let right = area.x + area.width;
    if let Some(name) = name {
        x += put(buffer, x, area.y, &format!("{name}: "), right.saturating_sub(x), theme.accent);
    }
    let style = if matches!(line, Line::Heading(_)) { theme.title.patch(theme.column) } else { tone(theme, meant) };
    put(buffer, x, area.y, &value, right.saturating_sub(x), style);
}

/// Draws charts where the page is about something with a history; returns what is left of the area.
fn charts(app: &App, page: &TextPage, theme: &Theme, area: Area, buffer: &mut Buffer) -> Area {
    const HEIGHT: u16 = 7;
    let Some((table, key)) = &page.subject else { return area };
    if !matches!(page.origin, Origin::Asked(Query::Details(..))) || area.height < HEIGHT * 2 || area.width < 30 {
        return area;
    }
    let as_percent = |x: f64| percent(x);
    let as_bytes = |x: f64| bytes(x);
    let part = |at: u16, of: u16| Area {
        x: area.x + 1 + at * (area.width / of),
        y: area.y,
        width: area.width / of - 3,
        height: HEIGHT - 1,
    };
    match table {
        TableId::Nodes => {
            let Some(node) = app.store.nodes.get(key) else { return area };
            chart("CPU", &node.cpu_history, &as_percent, Some(100.0), theme, part(0, 3), buffer);
            chart("memory", &node.memory_history, &as_percent, Some(100.0), theme, part(1, 3), buffer);
            chart("network/s", &node.network_history, &as_bytes, None, theme, part(2, 3), buffer);
        }
        TableId::Containers => {
            let Some(container) = app.store.containers.get(key) else { return area };
            // What never ran while it was watched has nothing to draw.
            if container.cpu_history.is_empty() && container.memory_history.is_empty() {
                return area;
            }
            chart("CPU", &container.cpu_history, &as_percent, None, theme, part(0, 2), buffer);
            chart("memory", &container.memory_history, &as_bytes, None, theme, part(1, 2), buffer);
        }
        _ => return area,
    }
    Area { y: area.y + HEIGHT, height: area.height - HEIGHT, ..area }
}
