//! The line under a table: what its rows add up to.

use ratatui::buffer::Buffer;

use super::paint::{self, put};
use crate::{
    app::{App, layout::Area},
    model::derive::Sum,
    theme::Theme,
};

/// Draws the sums of the table in front.
pub(super) fn draw(app: &App, theme: &Theme, area: Area, buffer: &mut Buffer) {
    let Some(view) = app.view().filter(|_| area.height > 0) else { return };
    let mut x = area.x + 1;
    for Sum { label, value, tone } in &view.sums {
        let left = (area.x + area.width).saturating_sub(x);
        let text = value.show(app.now);
        if left < 4 {
            break;
        }
        x += put(buffer, x, area.y, &format!("{label} "), left, theme.dim);
        x += put(
            buffer,
            x,
            area.y,
            &format!("{text}   "),
            (area.x + area.width).saturating_sub(x),
            paint::tone(theme, *tone),
        );
    }
}
