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

    fn role(&self) -> Role {
        match self.meta.kind {
            Kind::Spark => Role::Number,
            _ if self.is_number() => Role::Number,
            _ if self.is_name() => Role::Name,
            _ if self.meta.column.is_some_and(|column| column.max >= SENTENCE) => Role::Sentence,
            _ if self.priority() > 0 => Role::Place,
            _ => Role::State,
        }
    }

    /// Whether its cells end in one column.
    pub(super) fn is_number(&self) -> bool {
        !matches!(self.meta.kind, Kind::Text | Kind::Spark | Kind::Bool)
    }
}

/// Whether a table is so narrow that its cells are written shorter.
fn is_narrow(room: u16) -> bool {
    room < 100
}

/// Chooses columns for `room` cells and makes their cells: the least important go rather than have others cut; those of
/// priority 1 to 3 (on a narrow screen, where names and states count for more than measurements, of 1) only when not
/// even their narrowest form fits. `offset` columns that may be
/// dropped are scrolled away.
pub(super) fn fit<'a>(rows: &'a dyn Rows, slots: &[u32], room: u16, offset: usize, now: Timestamp) -> Vec<Fitted<'a>> {
    let mut scrolled = 0;
    let fields = (0..rows.field_count()).filter(|&at| match rows.field(at).column {
        None => false,
        Some(column) if column.optional && !is_known(rows, at) => false,
        Some(column) if column.priority > 0 && scrolled < offset => {
            scrolled += 1;
            false
        }
        Some(_) => true,
    });
    let mut columns: Vec<Fitted> = fields.map(|field| natural(rows, slots, field, room, now)).collect();
    let any = |_: &Fitted| true;
    if is_narrow(room) {
        drop_while(&mut columns, 2, any, |columns| legible(columns) > room);
        // A measurement is one key away; a name that cannot be read is of no use.
        drop_while(&mut columns, 1, |column| column.role() == Role::Number, |columns| legible(columns) > room);
    } else {
        drop_while(&mut columns, 4, any, |columns| readable(columns) > room);
    }
    drop_while(&mut columns, 1, any, |columns| narrowest(columns) > room);
    shrink(&mut columns, room);
    widen(&mut columns, room);
    columns
}

/// Whether any row of the table knows this field.
fn is_known(rows: &dyn Rows, field: usize) -> bool {
    (0..rows.slot_count()).any(|slot| !rows.value(slot, field).is_unknown())
}

/// A column as wide as its cells would have it.
fn natural<'a>(rows: &'a dyn Rows, slots: &[u32], field: usize, room: u16, now: Timestamp) -> Fitted<'a> {
    let meta = rows.field(field);
    let most = meta.column.map_or(0, |column| column.max);
    let cells: Vec<Cow<str>> = slots
        .iter()
        .map(|&slot| match rows.value(slot, field) {
            Value::Spark(samples) => super::chart::sparkline(samples, most).into(),
            value @ Value::Count(..) if is_narrow(room) => value.show(now).replace(" ago)", ")").into(),
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
    columns.iter().map(|column| if column.role() == Role::Sentence { column.least() } else { column.width } + 1).sum()
}

/// Cells the columns take at least.
fn narrowest(columns: &[Fitted]) -> u16 {
    columns.iter().map(|column| column.least() + 1).sum()
}

/// Cells the columns take when names, places and states can be told apart.
fn legible(columns: &[Fitted]) -> u16 {
    let enough = |column: &Fitted| match column.role() {
        Role::Name => NAME,
        Role::Place => PLACE,
        Role::Sentence => 0,
        Role::State => STATE,
        Role::Number => u16::MAX,
    };
    columns.iter().map(|column| column.width.min(enough(column).max(column.least())) + 1).sum()
}

/// Drops the least important such column of at least this priority, the last among equals, while it is too much.
fn drop_while(
    columns: &mut Vec<Fitted>,
    priority: u8,
    which: impl Fn(&Fitted) -> bool,
    too_much: impl Fn(&[Fitted]) -> bool,
) {
    while too_much(columns) {
        let expendable =
            columns.iter().enumerate().filter(|(_, column)| column.priority() >= priority && which(column));
        let Some((goes, _)) = expendable.max_by_key(|(at, column)| (column.priority(), *at)) else { return };
        columns.remove(goes);
    }
}

/// Takes from columns until all fit: first from long sentences, then from what says where a row is and from sentences, then from its name, then
/// from its state; each in two steps, so that a long name does not leave one letter of everything else. A number is
/// whole or it is wrong: names and states go below what they take at least before one is cut.
fn shrink(columns: &mut [Fitted], room: u16) {
    for (role, floor) in [
        (Role::Sentence, SENTENCE),
        (Role::Place, PLACE),
        (Role::Sentence, BEGUN),
        (Role::Name, NAME),
        (Role::Place, 0),
        (Role::Sentence, 0),
        (Role::State, STATE),
        (Role::Name, 0),
        (Role::State, 0),
    ] {
        take(columns, room, role, |column| column.least().max(floor));
    }
    for role in [Role::Name, Role::State, Role::Number] {
        take(columns, room, role, |_| 5);
    }
}

/// Takes from the widest columns of this role until all fit or each is down to its floor.
fn take(columns: &mut [Fitted], room: u16, role: Role, floor: impl Fn(&Fitted) -> u16) {
    while total(columns) > room {
        let of_role = columns.iter_mut().filter(|column| column.role() == role && column.width > floor(column));
        let Some(widest) = of_role.max_by_key(|column| column.width) else { return };
        widest.width -= 1;
    }
}

/// What a column is for, when there is not room for all.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// It says what the row is.
    Name,
    /// It says where the row is, or more about it.
    Place,
    /// It explains.
    Sentence,
    /// It says how the row is.
    State,
    /// It measures.
    Number,
}

/// Cells in which a namespace or a cluster can be told from another.
const PLACE: u16 = 12;
/// Cells in which a name can be told from another: both its ends are shown.
const NAME: u16 = 24;
/// Cells in which a sentence can be begun.
const BEGUN: u16 = 28;
/// Cells in which a state can be read.
const STATE: u16 = 16;

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
