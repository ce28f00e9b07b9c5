//! The text form: aligned columns, as kubectl prints them.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::Listing;
use crate::model::{field::FieldMeta, text::inert, value::Kind};

/// Cells between columns.
const GAP: usize = 3;

struct Column {
    meta: &'static FieldMeta,
    cells: Vec<String>,
    width: usize,
}

/// The listing as text. With `width` (a terminal's), columns of least importance go and wide ones are cut until it fits;
/// without, everything is printed in full.
pub fn text(listing: Listing<'_>, width: Option<usize>) -> String {
    let mut columns: Vec<Column> = listing.columns().into_iter().map(|field| column(listing, field)).collect();
    if let Some(width) = width {
        if listing.columns.is_none() {
            drop_until(&mut columns, width);
        }
        shrink_until(&mut columns, width);
    }
    let mut out = String::new();
    line(&mut out, columns.iter().map(|column| (column, column.meta.title)));
    for row in 0..listing.slots.len() {
        line(&mut out, columns.iter().map(|column| (column, column.cells[row].as_str())));
    }
    out
}

fn column(listing: Listing<'_>, field: usize) -> Column {
    let meta = listing.rows.field(field);
    let show = |&slot: &u32| {
        let shown = listing.rows.value(slot, field).show(listing.now);
        // A cell that is empty would shift those behind it for whoever cuts lines at spaces.
        if shown.is_empty() { "–".to_owned() } else { inert(&shown).into_owned() }
    };
    let cells: Vec<String> = listing.slots.iter().map(show).collect();
    let width = cells.iter().map(|cell| cell.width()).max().unwrap_or(0).max(meta.title.width());
    Column { meta, cells, width }
}

fn total(columns: &[Column]) -> usize {
    columns.iter().map(|column| column.width).sum::<usize>() + GAP * columns.len().saturating_sub(1)
}

/// The width below which a column is not cut.
fn least(column: &Column) -> usize {
    let least = column.meta.column.map_or(8, |place| usize::from(place.min)).max(column.meta.title.width());
    if column.meta.kind == Kind::Text { least.min(column.width) } else { column.width }
}

/// Drops columns, those of the highest number first and of these the last, while even the cut table is too wide.
fn drop_until(columns: &mut Vec<Column>, width: usize) {
    let cut = |columns: &[Column]| columns.iter().map(least).sum::<usize>() + GAP * columns.len().saturating_sub(1);
    while cut(columns) > width {
        let priority = |column: &Column| column.meta.column.map_or(0, |place| place.priority);
        let Some((at, 1..)) = columns.iter().map(priority).enumerate().max_by_key(|&(at, priority)| (priority, at))
        else {
            return;
        };
        columns.remove(at);
    }
}

/// Cuts the widest text column again and again.
fn shrink_until(columns: &mut [Column], width: usize) {
    while total(columns) > width {
        let excess = total(columns) - width;
        let Some(widest) =
            columns.iter_mut().filter(|column| column.width > least(column)).max_by_key(|column| column.width)
        else {
            return;
        };
        // In steps, so that two wide columns share what is missing.
        widest.width -= excess.div_ceil(4).min(widest.width - least(widest));
    }
}

fn line<'a>(out: &mut String, cells: impl Iterator<Item = (&'a Column, &'a str)>) {
    let mut pending = 0;
    for (column, cell) in cells {
        out.extend(std::iter::repeat_n(' ', pending));
        let shown = fit(cell, column.width);
        pending = column.width - shown.width().min(column.width) + GAP;
        out.push_str(&shown);
    }
    out.push('\n');
}

/// At most `width` cells of the text; a cut one ends in `…`.
fn fit(text: &str, width: usize) -> Cow<'_, str> {
    if text.width() <= width {
        return Cow::Borrowed(text);
    }
    let mut shown = String::new();
    let mut used = 0;
    for cluster in text.graphemes(true) {
        used += cluster.width();
        if used + 1 > width {
            break;
        }
        shown.push_str(cluster);
    }
    shown.push('…');
    Cow::Owned(shown)
}
