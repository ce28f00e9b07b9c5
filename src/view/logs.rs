//! A page of log lines.

use ratatui::{buffer::Buffer, style::Style};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::paint::{fit_middle, put, width};
use crate::{
    app::{
        App,
        layout::Area,
        log_page::{LogPage, clock, json_line},
    },
    model::{query::LogLine, text::inert},
    theme::Theme,
};

/// Draws a page of log lines.
pub(super) fn draw(_: &App, page: &LogPage, theme: &Theme, area: Area, buffer: &mut Buffer) {
    let shown = page.shown();
    let height = usize::from(area.height);
    let merged = page.is_merged();
    let visible: Vec<&LogLine> = shown.window(page.first(&shown, height), height).map(|at| &page.lines[at]).collect();
    let origin = if merged {
        visible.iter().map(|line| width(origin_of(page, line))).max().unwrap_or(0).min(area.width / 3)
    } else {
        0
    };
    let mut blocks: Vec<Vec<(Vec<Span>, Style)>> =
        visible.iter().map(|text| line(page, text, theme, origin, area.width)).collect();
    if page.follow {
        // Wrapped lines take more rows: the newest must be the ones on screen.
        let mut rows: usize = blocks.iter().map(Vec::len).sum();
        while rows > height && blocks.len() > 1 {
            rows -= blocks.remove(0).len();
        }
    }
    for (at, (spans, ground)) in blocks.into_iter().flatten().take(height).enumerate() {
        let y = area.y + u16::try_from(at).unwrap_or(u16::MAX);
        let mut x = area.x;
        for span in spans {
            let left = (area.x + area.width).saturating_sub(x);
            x += put(buffer, x, y, &span.text, left, ground.patch(span.style));
        }
    }
    if shown.is_empty() {
        let text = match (page.failed.last(), page.asks.is_empty()) {
            (Some(why), _) => why.clone(),
            (None, true) => "no lines".to_owned(),
            (None, false) => "waiting for lines …".to_owned(),
        };
        put(buffer, area.x + 1, area.y, &text, area.width.saturating_sub(2), theme.dim);
    }
}

struct Span {
    text: String,
    style: Style,
}

/// A line as rows of the screen: one, or several when wrapped.
fn line(page: &LogPage, line: &LogLine, theme: &Theme, origin: u16, columns: u16) -> Vec<(Vec<Span>, Style)> {
    let mut head = Vec::new();
    if page.style.times {
        let text = line.at.map_or_else(|| "–".into(), clock);
        head.push(Span { text: format!("{text:<12} "), style: theme.dim });
    }
    if origin > 0 {
        let fitted = fit_middle(origin_of(page, line), origin).into_owned();
        let pad = " ".repeat(usize::from(origin - width(&fitted)) + 1);
        head.push(Span { text: fitted + &pad, style: origin_style(&line.origin, theme) });
    }
    let (level, text) = match json_line(&line.text).filter(|_| page.style.json) {
        Some((level, text)) => (level, text),
        None => (None, line.text.clone()),
    };
    if let Some(level) = level {
        let style = level_style(&level, theme);
        head.push(Span { text: format!("{:<5} ", inert(&level)), style });
    }
    let ground = if !page.search.is_empty() && page.is_found(line) { theme.found } else { theme.text };
    let text = inert(&text).into_owned();
    let used: u16 = head.iter().map(|span| width(&span.text)).sum();
    let room = usize::from(columns.saturating_sub(used).max(8));
    if !page.style.wrap || text.width() <= room {
        head.push(Span { text, style: Style::new() });
        return vec![(head, ground)];
    }
    let mut rows = Vec::new();
    for (at, chunk) in wrapped(&text, room).into_iter().enumerate() {
        let mut spans = if at == 0 {
            std::mem::take(&mut head)
        } else {
            vec![Span { text: " ".repeat(usize::from(used)), style: theme.text }]
        };
        spans.push(Span { text: chunk, style: Style::new() });
        rows.push((spans, ground));
    }
    rows
}

/// At most this many rows of one wrapped line.
const WRAPPED: usize = 20;

fn wrapped(text: &str, cells: usize) -> Vec<String> {
    let mut rows = vec![String::new()];
    let mut used = 0;
    for cluster in text.graphemes(true) {
        let wide = cluster.width();
        if used + wide > cells {
            if rows.len() == WRAPPED {
                break;
            }
            rows.push(String::new());
            used = 0;
        }
        used += wide;
        if let Some(row) = rows.last_mut() {
            row.push_str(cluster);
        }
    }
    rows
}

fn level_style(level: &str, theme: &Theme) -> Style {
    match level.to_ascii_lowercase().as_str() {
        "error" | "err" | "fatal" | "critical" | "crit" | "alert" | "emerg" | "panic" => theme.bad,
        "warn" | "warning" => theme.warn,
        "debug" | "trace" => theme.dim,
        _ => theme.good,
    }
}

/// Which container a line is of; its pod only where there is more than one.
fn origin_of<'a>(page: &LogPage, line: &'a LogLine) -> &'a str {
    match line.origin.rsplit_once('/') {
        Some((_, container)) if page.keys.len() == 1 => container,
        _ => &line.origin,
    }
}

/// Containers of merged logs are told apart by name first, and by one of a few styles.
fn origin_style(origin: &str, theme: &Theme) -> Style {
    let styles = [theme.accent, theme.good, theme.key, theme.mark, theme.title];
    let sum: usize = origin.bytes().map(usize::from).sum();
    styles[sum % styles.len()]
}
