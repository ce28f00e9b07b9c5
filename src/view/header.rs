//! The header: tabs with what is wrong behind each, the role, the user, the time.

use std::fmt::Write as _;

use ratatui::buffer::Buffer;

use super::paint::{fill, put, put_right, width};
use crate::{
    app::{
        App,
        layout::{Area, Hit, Hits},
        tab::{self, TABS},
    },
    theme::Theme,
};

/// Columns from which every tab shows its name.
const NAMES_FROM: u16 = 110;

/// Draws the header.
pub(super) fn draw(app: &App, theme: &Theme, area: Area, buffer: &mut Buffer, hits: &mut Hits) {
    if area.height == 0 {
        return;
    }
    fill(buffer, area, theme.bar);
    let mut right = area.width.saturating_sub(1);
    let clock = app.now.to_zoned(app.settings.zone.clone()).strftime("%H:%M").to_string();
    right = right.saturating_sub(put_right(buffer, right, area.y, &clock, right, theme.bar));
    if !app.settings.user.is_empty() && area.width >= 60 {
        right = right.saturating_sub(2);
        right -= put_right(buffer, right, area.y, &app.settings.user, right.min(20), theme.bar);
    }
    let role = if app.role.is_read_only() { "READ-ONLY".to_owned() } else { app.role.name().to_uppercase() };
    for (badge, style) in [(&*role, theme.badge), (if app.settings.demo { "DEMO" } else { "" }, theme.demo)] {
        if !badge.is_empty() {
            right = right.saturating_sub(2);
            let text = format!(" {badge} ");
            right = right.saturating_sub(put_right(buffer, right, area.y, &text, width(&text).min(right), style));
        }
    }
    let mut x = area.x + put(buffer, area.x, area.y, " ronde ", right, theme.bar);
    let counts = counts(app);
    for (at, spec) in TABS.iter().enumerate() {
        let mut text = format!(" {}", spec.number);
        if at == app.active || area.width >= NAMES_FROM {
            text.push(' ');
            text.push_str(spec.name);
        }
        if counts[at] > 0 {
            let _ = write!(text, " {}", counts[at]);
        }
        text.push(' ');
        let left = right.saturating_sub(x);
        if width(&text) + 1 > left {
            break;
        }
        x += put(buffer, x, area.y, "▏", 1, theme.bar);
        let style = if at == app.active { theme.tab } else { theme.bar };
        let used = put(buffer, x, area.y, &text, left, style);
        hits.0.push((Area { x, y: area.y, width: used, height: 1 }, Hit::Tab(at)));
        x += used;
    }
}

/// Findings by the tab of their row; triage counts all of them.
fn counts(app: &App) -> Vec<usize> {
    let mut counts = vec![0; TABS.len()];
    for finding in app.store.findings.iter().filter(|finding| finding.severity.is_wrong()) {
        counts[0] += 1;
        if let Some((tab, _)) = tab::place(finding.subject.table) {
            counts[tab] += 1;
        }
    }
    counts
}
