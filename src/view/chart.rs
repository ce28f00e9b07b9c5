//! Sparklines in rows, braille charts in details.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    symbols::Marker,
    widgets::{Axis, Chart, Dataset, GraphType, Widget},
};

use super::paint::put;
use crate::{app::layout::Area, theme::Theme};

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The newest samples as bars, at most `cells`; scaled to the largest, which is at least 10 so that idle looks idle.
pub(super) fn sparkline(samples: &[f32], cells: u16) -> String {
    let shown = &samples[samples.len().saturating_sub(usize::from(cells))..];
    let top = shown.iter().copied().fold(10.0f32, f32::max);
    shown
        .iter()
        .map(|sample| {
            let level = (sample.max(0.0) / top * 7.0).round();
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to 7
            BARS[(level as usize).min(7)]
        })
        .collect()
}

/// A chart of samples, oldest at the left, with its name, its newest value and its top.
pub(super) fn chart(
    name: &str,
    samples: &[f32],
    show: &dyn Fn(f64) -> String,
    top: Option<f64>,
    theme: &Theme,
    area: Area,
    buffer: &mut Buffer,
) {
    let newest = samples.last().map_or_else(|| "–".to_owned(), |newest| show(f64::from(*newest)));
    let largest = samples.iter().copied().fold(0.0f32, f32::max);
    let top = top.unwrap_or(f64::from(largest) * 1.1).max(1.0);
    let head = format!("{name}  {newest}  (top {})", show(f64::from(largest)));
    put(buffer, area.x, area.y, &head, area.width, theme.title);
    let points: Vec<(f64, f64)> = samples.iter().enumerate().map(|(at, y)| (at as f64, f64::from(*y))).collect();
    let across = (samples.len().max(2) - 1) as f64;
    let data = Dataset::default().marker(Marker::Braille).graph_type(GraphType::Line).style(theme.chart).data(&points);
    Chart::new(vec![data])
        .style(theme.text)
        .x_axis(Axis::default().bounds([0.0, across]))
        .y_axis(Axis::default().bounds([0.0, top]))
        .render(Rect::new(area.x, area.y + 1, area.width, area.height.saturating_sub(1)), buffer);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sparkline_shows_the_newest_and_grows_with_the_sample() {
        assert_eq!(sparkline(&[0.0, 50.0, 100.0], 10), "▁▅█");
        assert_eq!(sparkline(&[100.0, 0.0, 100.0], 2), "▁█");
        assert_eq!(sparkline(&[1.0, 1.0], 2), "▂▂", "idle looks idle");
        assert_eq!(sparkline(&[], 5), "");
    }
}
