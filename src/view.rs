//! Drawing: from the console's state to cells. Reads, never changes; knows no source and no runtime.
//!
//! ```text
//!  ronde ▏1 Triage 3 ▏2 Nodes ▏3 Containers ▏4 Pods          READ-ONLY  alice  14:02     header
//!  Pods 14 of 1512 · lens pods · sort restarts▼ · filter …   eqiad ● live · codfw ◌ stale 42s   title
//!  CLUSTER NAMESPACE  POD                 READY STATUS            RESTARTS                body
//!  eqiad   mw-web     mw-web.eqiad.main…  7/8   CrashLoopBackOff  12 (2m ago)
//!  pods 1498 running …                                                                    sums
//!  l logs  i info  y yaml  / filter  : command  ? help                                    foot
//! ```

mod chart;
mod columns;
mod foot;
mod header;
mod logs;
mod menu;
mod paint;
pub mod picture;
mod plain;
mod sums;
mod table;
mod text;
mod title;

use ratatui::{Frame, buffer::Buffer};

use crate::{
    app::{App, layout},
    theme::{Theme, Themes},
};

/// Draws a frame. Returns what lies where, for the mouse.
pub fn draw(app: &App, themes: &Themes, frame: &mut Frame) -> layout::Hits {
    let area = frame.area();
    let Some(theme) = themes.get(&app.settings.theme) else { return layout::Hits::default() };
    let plain = theme.without_color();
    let theme = if app.settings.no_color { &plain } else { theme };
    let mut hits = layout::Hits::default();
    let screen = layout::screen((area.width, area.height), app.zoom);
    let buffer = frame.buffer_mut();
    buffer.set_style(area, theme.text);
    header::draw(app, theme, screen.header, buffer, &mut hits);
    title::draw(app, theme, screen.title, buffer, &mut hits);
    body(app, theme, screen.body, buffer, &mut hits);
    sums::draw(app, theme, screen.sums, buffer);
    let cursor = foot::draw(app, theme, &screen, buffer, &mut hits);
    if let Some(open) = &app.menu {
        menu::draw(open, theme, screen.body, buffer, &mut hits);
    }
    if app.settings.ascii {
        plain::ascii(buffer);
    }
    if let Some((x, y)) = cursor {
        frame.set_cursor_position((x, y));
    }
    hits
}

fn body(app: &App, theme: &Theme, area: layout::Area, buffer: &mut Buffer, hits: &mut layout::Hits) {
    if let Some(view) = app.view() {
        table::draw(app, view, theme, area, buffer, hits);
    } else if let Some(page) = app.text() {
        text::draw(app, page, theme, area, buffer);
    } else if let Some(page) = app.logs() {
        logs::draw(app, page, theme, area, buffer);
    }
}
