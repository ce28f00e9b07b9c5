//! Which columns fit, and how wide each is.

use std::borrow::Cow;

use jiff::Timestamp;

use super::paint::width;
use crate::model::{
    field::FieldMeta,
    table::Rows,
    value::{Kind, Value},
};

/// A column on screen with the cells of the rows on screen.
pub(super) struct Fitted<'a> {
    /// Which field.
    pub field: usize,
    /// Its description.
    pub meta: &'static FieldMeta,
    /// Cells wide.
    pub width: u16,
    /// The text of each row on screen.
    pub cells: Vec<Cow<'a, str>>,
}

impl Fitted<'_> {
    /// Cells it takes at least.
    fn least(&self) -> u16 {
        self.meta.column.map_or(0, |column| column.min).max(width(self.meta.title))
    }

    fn priority(&self) -> u8 {
        self.meta.column.map_or(u8::MAX, |column| column.priority)
    }

    /// Whether it says what the row is: such a cell is cut in the middle.
    pub(super) fn is_name(&self) -> bool {
        self.meta.aliases.contains(&"name") || self.meta.name == "object"
    }

    /// Whether its cells end in one column.
    pub(super) fn is_number(&self) -> bool {
        !matches!(self.meta.kind, Kind::Text | Kind::Spark | Kind::Bool)
    }
}

/// Columns from this priority on go rather than have others cut; more important ones stay as long as their narrowest
/// form fits. On a narrow screen names and states count for more than measurements.
fn expendable(room: u16) -> u8 {
    if room < 100 { 2 } else { 4 }
}

/// Chooses columns for `room` cells and makes their cells: the least important go first. `offset` columns that may be
/// dropped are scrolled away.
pub(super) fn fit<'a>(rows: &'a dyn Rows, slots: &[u32], room: u16, offset: usize, now: Timestamp) -> Vec<Fitted<'a>> {
    let mut scrolled = 0;
    let fields = (0..rows.field_count()).filter(|&at| match rows.field(at).column {
        None => false,
        Some(column) if column.priority > 0 && scrolled < offset => {
            scrolled += 1;
            false
        }
        Some(_) => true,
    });
    let mut columns: Vec<Fitted> = fields.map(|field| natural(rows, slots, field, now)).collect();
    drop_while(&mut columns, expendable(room), |columns| readable(columns) > room);
    drop_while(&mut columns, 1, |columns| narrowest(columns) > room);
    shrink(&mut columns, room);
    widen(&mut columns, room);
    columns
}

/// A column as wide as its cells would have it.
fn natural<'a>(rows: &'a dyn Rows, slots: &[u32], field: usize, now: Timestamp) -> Fitted<'a> {
    let meta = rows.field(field);
    let most = meta.column.map_or(0, |column| column.max);
    let cells: Vec<Cow<str>> = slots
        .iter()
        .map(|&slot| match rows.value(slot, field) {
            Value::Spark(samples) => super::chart::sparkline(samples, most).into(),
            value => value.show(now),
        })
        .collect();
    let widest = cells.iter().map(|cell| width(cell)).max().unwrap_or(0);
    let mut column = Fitted { field, meta, width: 0, cells };
    column.width = widest.min(most).max(column.least());
    column
}

/// Cells the columns take.
fn total(columns: &[Fitted]) -> u16 {
    columns.iter().map(|column| column.width + 1).sum()
}

/// Columns that may be this wide hold sentences: they take what is left and need not be whole.
const SENTENCE: u16 = 60;

/// Cells the columns take when no name or number is cut.
fn readable(columns: &[Fitted]) -> u16 {
    let is_sentence = |column: &Fitted| column.meta.column.is_some_and(|column| column.max >= SENTENCE);
    columns.iter().map(|column| if is_sentence(column) { column.least() } else { column.width } + 1).sum()
}

/// Cells the columns take at least.
fn narrowest(columns: &[Fitted]) -> u16 {
    columns.iter().map(|column| column.least() + 1).sum()
}

/// Drops the least important column of at least this priority, the last among equals, while it is too much.
fn drop_while(columns: &mut Vec<Fitted>, priority: u8, too_much: impl Fn(&[Fitted]) -> bool) {
    while too_much(columns) {
        let expendable = columns.iter().enumerate().filter(|(_, column)| column.priority() >= priority);
        let Some((goes, _)) = expendable.max_by_key(|(at, column)| (column.priority(), *at)) else { return };
        columns.remove(goes);
    }
}

/// Takes from the widest column until all fit; from columns of numbers only when no text is left to cut.
fn shrink(columns: &mut [Fitted], room: u16) {
    while total(columns) > room {
        let shrinkable = columns.iter_mut().filter(|column| column.width > column.least());
        let Some(widest) = shrinkable.max_by_key(|column| (!column.is_number(), column.width)) else { return };
        widest.width -= 1;
    }
}

/// Gives what is left to columns whose cells are cut, a cell each in turn; at most as much again as they may have.
fn widen(columns: &mut [Fitted], room: u16) {
    let wanted: Vec<u16> = columns
        .iter()
        .map(|column| {
            let most = column.meta.column.map_or(0, |column| column.max).saturating_mul(2);
            column.cells.iter().map(|cell| width(cell)).max().unwrap_or(0).min(most)
        })
        .collect();
    let mut left = room.saturating_sub(total(columns));
    while left > 0 {
        let before = left;
        for (column, &wanted) in columns.iter_mut().zip(&wanted) {
            if left > 0 && column.width < wanted {
                column.width += 1;
                left -= 1;
            }
        }
        if left == before {
            return;
        }
    }
}
