//! The title: what is shown, how much of it, and how far its sources can be believed.

use std::collections::BTreeMap;

use ratatui::buffer::Buffer;

use super::paint::{grouped, put, put_right, width};
use crate::{
    app::{
        App,
        layout::{Area, Hit, Hits},
        tab::TABS,
        table_view::TableView,
    },
    model::{
        health::{Health, State},
        order,
        store::TableId,
        value::{duration, seconds_between},
    },
    theme::Theme,
};

/// Draws the title.
pub(super) fn draw(app: &App, theme: &Theme, area: Area, buffer: &mut Buffer, hits: &mut Hits) {
    if area.height == 0 {
        return;
    }
    let sources = sources(app);
    let right = draw_sources(theme, area, &sources, buffer, hits, app.now);
    let mut x = area.x + 1;
    let parts = if let Some(view) = app.view() {
        of_table(app, view)
    } else if let Some(page) = app.text() {
        of_text(page)
    } else if let Some(page) = app.logs() {
        of_logs(page)
    } else {
        Vec::new()
    };
    for (at, (text, loud)) in parts.iter().enumerate() {
        let left = right.saturating_sub(x);
        if left < 4 {
            break;
        }
        if at > 0 {
            x += put(buffer, x, area.y, " · ", left, theme.dim);
        }
        let style = if *loud { theme.warn } else { theme.title };
        x += put(buffer, x, area.y, text, right.saturating_sub(x), style);
    }
}

type Part = (String, bool);

fn of_table(app: &App, view: &TableView) -> Vec<Part> {
    let rows = view.rows(&app.store);
    let name = if view.table == TableId::Sources { "Sources" } else { TABS[app.active].name };
    let count = if view.count == rows.len() {
        grouped(rows.len())
    } else {
        format!("{} of {}", grouped(view.count), grouped(rows.len()))
    };
    let mut parts = vec![(format!("{name} {count}"), false)];
    if let Some(within) = &view.within {
        parts.push((within.title.clone(), false));
    }
    if let Some(frozen) = &view.frozen {
        let paused = duration(seconds_between(frozen.since, app.now));
        parts.push((
            format!(
                "paused {paused}, {} changes waiting",
                grouped(usize::try_from(view.waiting(&app.store)).unwrap_or(0))
            ),
            true,
        ));
    }
    if !view.filter_text.is_empty() {
        parts.push((format!("filter {}", view.filter_text), false));
    }
    if let Some(error) = &view.filter_error {
        parts.push((error.message.clone(), true));
    }
    if view.only_wrong {
        parts.push(("only wrong".into(), true));
    }
    if !view.marks.is_empty() {
        let (shown, hidden) = view.targets(&app.store);
        let hidden = if hidden == 0 { String::new() } else { format!(" ({hidden} hidden)") };
        parts.push((format!("{} marked{hidden}", shown.len()), true));
    }
    if let Some(lens) = TABS[app.active].lenses.iter().find(|lens| lens.table == view.table)
        && TABS[app.active].lenses.len() > 1
    {
        parts.push((format!("lens {}", lens.name), false));
    }
    if let Some(sort) = view.sort.or_else(|| order::default_sort(view.table)) {
        parts.push((format!("sort {}{}", rows.field(sort.field).name, if sort.descending { "▼" } else { "▲" }), false));
    }
    parts
}

fn of_text(page: &crate::app::text_page::TextPage) -> Vec<Part> {
    let mut parts = vec![(page.title.clone(), false)];
    if !page.search.is_empty() {
        parts.push((format!("search {}", page.search), false));
    }
    if page.revealed {
        parts.push(("secrets shown".into(), true));
    }
    parts
}

fn of_logs(page: &crate::app::log_page::LogPage) -> Vec<Part> {
    let mut parts = vec![(page.title.clone(), false)];
    match (page.previous, page.follow) {
        (true, _) => parts.push(("previous run".into(), true)),
        (_, true) => parts.push(("following".into(), false)),
        (_, false) => parts.push(("held".into(), true)),
    }
    parts.push((format!("{} lines", grouped(page.lines.len())), false));
    if let Some(since) = page.since {
        parts.push((format!("since {}", duration(since.as_secs())), false));
    }
    if page.dropped > 0 {
        parts.push((format!("{} dropped", page.dropped), true));
    }
    if page.forgotten > 0 {
        parts.push((format!("{} older forgotten", page.forgotten), false));
    }
    if !page.search.is_empty() {
        parts.push((format!("search {}{}", page.search, if page.only_found { " (only)" } else { "" }), false));
    }
    if let Some(why) = page.failed.last() {
        parts.push((why.clone(), true));
    }
    parts
}

/// The sources that concern what is shown: faults first, then the others.
fn sources(app: &App) -> Vec<&Health> {
    let tables = TABS[app.active].lenses;
    let kinds: &[&str] = match tables.first().map(|lens| lens.table) {
        Some(TableId::Nodes) => &["host"],
        Some(TableId::Containers) => &["docker"],
        Some(TableId::Pods) => &["kubernetes"],
        _ => &["host", "docker", "kubernetes"],
    };
    let mut sources: Vec<&Health> =
        app.store.health.values().filter(|health| kinds.contains(&health.source.kind())).collect();
    sources.sort_by_key(|health| !health.state.is_fault());
    sources
}

/// Draws sources from the right; faults are never left out, others are counted when there is no room. Returns where
/// they begin.
fn draw_sources(
    theme: &Theme,
    area: Area,
    sources: &[&Health],
    buffer: &mut Buffer,
    hits: &mut Hits,
    now: jiff::Timestamp,
) -> u16 {
    let end = area.x + area.width.saturating_sub(1);
    let room = area.width / 2;
    let texts: Vec<(String, bool)> =
        sources.iter().map(|health| (source(health, now), health.state.is_fault())).collect();
    let total: u16 = texts.iter().map(|(text, _)| width(text) + 3).sum();
    let shown: Vec<(String, bool)> = if total <= room {
        texts
    } else {
        let mut by_state: BTreeMap<&str, usize> = BTreeMap::new();
        for health in sources {
            *by_state.entry(health.state.word()).or_default() += 1;
        }
        let faults: Vec<_> = texts.iter().filter(|(_, fault)| *fault).cloned().collect();
        let short = faults.len() == 1 && width(&faults[0].0) < room;
        let mut parts: Vec<(String, bool)> = if short { faults } else { Vec::new() };
        for (word, count) in by_state {
            let fault = sources.iter().any(|health| health.state.word() == word && health.state.is_fault());
            if !(fault && short) {
                parts.push((format!("{count} {} {word}", sign(fault)), fault));
            }
        }
        parts.sort_by_key(|(_, fault)| !fault);
        parts
    };
    let mut x = end;
    for (at, (text, fault)) in shown.iter().enumerate().rev() {
        let style = if *fault { theme.bad } else { theme.good };
        x -= put_right(buffer, x, area.y, text, x.saturating_sub(area.x), style);
        if at > 0 {
            x -= put_right(buffer, x, area.y, " · ", x.saturating_sub(area.x), theme.dim);
        }
    }
    hits.0.push((Area { x, y: area.y, width: end.saturating_sub(x), height: 1 }, Hit::Sources));
    x.saturating_sub(2)
}

fn sign(fault: bool) -> &'static str {
    if fault { "◌" } else { "●" }
}

fn source(health: &Health, now: jiff::Timestamp) -> String {
    let age = match health.state {
        State::Live | State::Polling => String::new(),
        _ => format!(" {}", duration(seconds_between(health.since, now))),
    };
    format!("{} {} {}{age}", health.source.name(), sign(health.state.is_fault()), health.state.word())
}
