//! The table in front: the rows on screen and nothing else, whatever the table holds.

use ratatui::{buffer::Buffer, style::Style};

use super::{
    columns::{self, Fitted},
    paint::{fill, fit, fit_middle, put, put_right, tone, width},
};
use crate::{
    app::{
        App,
        layout::{Area, Hit, Hits},
        table_view::TableView,
    },
    model::{
        health::State,
        key::SourceId,
        order,
        store::TableId,
        table::{Presence, Rows},
        text::inert,
        value::Kind,
    },
    theme::{self, Theme},
};

/// Draws a table.
pub(super) fn draw(app: &App, view: &TableView, theme: &Theme, area: Area, buffer: &mut Buffer, hits: &mut Hits) {
    if area.height == 0 {
        return;
    }
    let rows = view.rows(&app.store);
    let height = usize::from(area.height - 1);
    let end = (view.top + height).min(view.order.len());
    let slots = &view.order[view.top.min(end)..end];
    let columns = columns::fit(rows, slots, area.width.saturating_sub(1), view.column_offset, app.now);
    head(view, theme, area, &columns, buffer, hits);
    for (at, &slot) in slots.iter().enumerate() {
        let y = area.y + 1 + u16::try_from(at).unwrap_or(u16::MAX);
        row(app, view, theme, rows, &Line { slot, at, y, area }, &columns, buffer);
        if let Some(key) = rows.key(slot) {
            hits.0.push((Area { y, height: 1, ..area }, Hit::Row(key.clone())));
        }
    }
    if slots.is_empty() && area.height > 2 {
        put(buffer, area.x + 2, area.y + 2, &why_empty(app, view, rows), area.width.saturating_sub(3), theme.dim);
    }
}

fn head(view: &TableView, theme: &Theme, area: Area, columns: &[Fitted], buffer: &mut Buffer, hits: &mut Hits) {
    let sort = view.sort.or_else(|| order::default_sort(view.table));
    let mut x = area.x + 1;
    for column in columns {
        let mut text = column.meta.title.to_owned();
        if let Some(sort) = sort.filter(|sort| sort.field == column.field)
            && width(&text) < column.width
        {
            text.push(if sort.descending { '▼' } else { '▲' });
        }
        if column.is_number() {
            put_right(buffer, x + column.width, area.y, &text, column.width, theme.column);
        } else {
            put(buffer, x, area.y, &text, column.width, theme.column);
        }
        hits.0.push((Area { x, y: area.y, width: column.width, height: 1 }, Hit::Column(column.field)));
        x += column.width + 1;
    }
}

/// Where a row is drawn.
struct Line {
    slot: u32,
    at: usize,
    y: u16,
    area: Area,
}

fn row(
    app: &App,
    view: &TableView,
    theme: &Theme,
    rows: &dyn Rows,
    line: &Line,
    columns: &[Fitted],
    buffer: &mut Buffer,
) {
    let &Line { slot, at, y, area } = line;
    let key = rows.key(slot);
    let source = rows.source(slot);
    let presence = rows.presence(slot);
    let marked = key.is_some_and(|key| view.marks.contains(key));
    let selected = key.is_some() && key == view.selected.as_ref();
    let current = source.is_none_or(|source| is_current(app, source)) && presence != Some(Presence::Cached);
    let ghost = matches!(presence, Some(Presence::Ghost(_)));
    let whole = match (selected, ghost, current) {
        (true, _, _) => Some(selection(app, theme, source)),
        (_, true, _) => Some(theme.ghost),
        (_, _, false) => Some(theme.stale),
        _ => None,
    };
    if selected {
        fill(buffer, Area { y, height: 1, ..area }, selection(app, theme, source));
    }
    let sign = match (marked, ghost, current) {
        (true, _, _) => "+",
        (_, true, _) => "x",
        (_, _, false) => "~",
        _ if selected => "▸",
        _ => "",
    };
    let sign_style = if marked && !selected { theme.mark } else { whole.unwrap_or(theme.mark) };
    put(buffer, area.x, y, sign, 1, sign_style);
    let mut x = area.x + 1;
    for column in columns {
        let text = column.cells.get(at).map_or("", |text| text);
        let style = whole.unwrap_or_else(|| match column.meta.kind {
            Kind::Spark => theme.chart,
            _ => tone(theme, rows.tone(slot, column.field, app.now)),
        });
        if column.is_number() {
            put_right(buffer, x + column.width, y, text, column.width, style);
        } else {
            let inert = inert(text);
            let cut = if column.is_name() { fit_middle(&inert, column.width) } else { fit(&inert, column.width) };
            put(buffer, x, y, &cut, column.width, style);
        }
        x += column.width + 1;
    }
}

/// Sources of the console's own tables are always current.
fn is_current(app: &App, source: &SourceId) -> bool {
    app.store.health.get(source).is_none_or(|health| health.state.is_current() || health.state == State::Connecting)
}

/// The selection bar; in the accent of the row's cluster, engine or machine when it has one.
fn selection(app: &App, theme: &Theme, source: Option<&SourceId>) -> Style {
    let accent = source.and_then(|source| {
        let kind = match source.kind() {
            "kubernetes" => "cluster",
            "docker" => "engine",
            kind => kind,
        };
        app.settings.accent.get(&format!("{kind}:{}", source.name()))
    });
    match accent.and_then(|name| theme::color(name).ok()).filter(|_| !app.settings.no_color) {
        Some(color) => theme.selection.bg(color),
        None => theme.selection,
    }
}

/// Why there is no row: nobody answers, nothing matches, nothing is there, nothing is wrong.
fn why_empty(app: &App, view: &TableView, rows: &dyn Rows) -> String {
    if !rows.is_empty() {
        return if view.only_wrong && view.filter_text.is_empty() {
            "nothing is wrong here; ctrl-z shows everything".into()
        } else {
            "nothing matches; esc clears the filter".into()
        };
    }
    let kinds = kinds(view.table);
    let mut concerned =
        app.store.health.values().filter(|health| kinds.is_empty() || kinds.contains(&health.source.kind()));
    if app.store.health.is_empty() || concerned.any(|health| health.state == State::Connecting) {
        return "connecting …".into();
    }
    match (view.table, kinds) {
        (TableId::Findings, _) => "all is well, as far as the sources can tell".into(),
        (_, ["kubernetes"]) => nothing_of(
            app,
            "kubernetes",
            "no cluster is configured and no kubeconfig was found; see `ronde config init`",
        ),
        (_, ["docker"]) => nothing_of(
            app,
            "docker",
            "no engine is configured and no Docker or Podman socket was found; see `ronde config init`",
        ),
        (_, ["host"]) => nothing_of(app, "host", "no machine is observed: `discover = false` leaves out this one"),
        _ => "nothing here".into(),
    }
}

/// The kinds of sources that fill a table; empty: all.
fn kinds(table: TableId) -> &'static [&'static str] {
    match table {
        TableId::Pods
        | TableId::PodContainers
        | TableId::Workloads
        | TableId::Jobs
        | TableId::ClusterNodes
        | TableId::Events => &["kubernetes"],
        TableId::Containers | TableId::Projects | TableId::ContainerProcesses => &["docker"],
        TableId::Nodes | TableId::Groups | TableId::Disks | TableId::Units | TableId::Processes => &["host"],
        TableId::Findings | TableId::Sources => &[],
    }
}

fn nothing_of(app: &App, kind: &str, unconfigured: &str) -> String {
    let mut of_kind = app.store.health.values().filter(|health| health.source.kind() == kind).peekable();
    if of_kind.peek().is_none() {
        return unconfigured.into();
    }
    match of_kind.find(|health| health.state.is_fault()) {
        Some(health) => format!("{}: {}", health.source.name(), health.message),
        None => "nothing here".into(),
    }
}
