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
    /// Whether its cells end in one column.
    pub(super) fn is_number(&self) -> bool {
        !matches!(self.meta.kind, Kind::Text | Kind::Spark | Kind::Bool)
    }
}

/// Chooses columns for `room` cells: the least important go first until their narrowest form fits; then each gets
/// what its cells need, as far as there is room. `offset` columns that may be dropped are scrolled away.
pub(super) fn fit<'a>(rows: &'a dyn Rows, slots: &[u32], room: u16, offset: usize, now: Timestamp) -> Vec<Fitted<'a>> {
    let mut scrolled = 0;
    let mut chosen: Vec<usize> = (0..rows.field_count())
        .filter(|&at| match rows.field(at).column {
            None => false,
            Some(column) if column.priority > 0 && scrolled < offset => {
                scrolled += 1;
                false
            }
            Some(_) => true,
        })
        .collect();
    let least = |at: usize| {
        let meta = rows.field(at);
        meta.column.map_or(0, |column| column.min.max(width(meta.title)))
    };
    let priority = |at: usize| rows.field(at).column.map_or(0, |column| column.priority);
    while chosen.iter().map(|&at| least(at) + 1).sum::<u16>() > room {
        let Some(goes) = chosen.iter().copied().filter(|&at| priority(at) > 0).max_by_key(|&at| (priority(at), at))
        else {
            break;
        };
        chosen.retain(|&at| at != goes);
    }
    let mut columns: Vec<Fitted> = chosen
        .into_iter()
        .map(|field| {
            let meta = rows.field(field);
            let cells: Vec<Cow<str>> = slots
                .iter()
                .map(|&slot| match rows.value(slot, field) {
                    Value::Spark(samples) => super::chart::sparkline(samples, meta.column.map_or(0, |c| c.max)).into(),
                    value => value.show(now),
                })
                .collect();
            let widest = cells.iter().map(|cell| width(cell)).max().unwrap_or(0);
            let most = meta.column.map_or(0, |column| column.max);
            Fitted { field, meta, width: widest.min(most).max(least(field)), cells }
        })
        .collect();
    shrink(&mut columns, room);
    widen(&mut columns, room);
    columns
}

/// Takes from the widest column until all fit.
fn shrink(columns: &mut [Fitted], room: u16) {
    loop {
        let total: u16 = columns.iter().map(|column| column.width + 1).sum();
        if total <= room {
            return;
        }
        let floor = |column: &Fitted| column.meta.column.map_or(0, |c| c.min.max(width(column.meta.title)));
        let Some(widest) =
            columns.iter_mut().filter(|column| column.width > floor(column)).max_by_key(|column| column.width)
        else {
            return;
        };
        widest.width -= 1;
    }
}

/// Gives what is left to columns whose cells are cut.
fn widen(columns: &mut [Fitted], room: u16) {
    let mut left = room.saturating_sub(columns.iter().map(|column| column.width + 1).sum());
    for column in columns.iter_mut() {
        let wanted =
            column.cells.iter().map(|cell| width(cell)).max().unwrap_or(0).saturating_sub(column.width).min(left);
        column.width += wanted;
        left -= wanted;
    }
}
