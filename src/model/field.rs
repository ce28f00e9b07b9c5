//! The description of one field of a row type. A table's columns, sort, filter, JSON, CSV and `docs/fields.md`
//! all come from its list of fields; nothing else names a field.

use jiff::Timestamp;

use super::value::{Kind, Value};

/// What a field is called and means, without the row type.
#[derive(Debug, PartialEq)]
pub struct FieldMeta {
    /// The name in filters, JSON and `:sort`.
    pub name: &'static str,
    /// Other names a filter accepts.
    pub aliases: &'static [&'static str],
    /// The column's header.
    pub title: &'static str,
    /// Type and unit.
    pub kind: Kind,
    /// One sentence: what it is and where it comes from.
    pub doc: &'static str,
    /// How it stands in the table; `None` for fields one can only filter, sort and export.
    pub column: Option<Column>,
}

/// A column's place in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Columns of high number are dropped first on a narrow screen; 0 is never dropped.
    pub priority: u8,
    /// Cells at least.
    pub min: u16,
    /// Cells at most; the widest cell on screen decides between the two.
    pub max: u16,
    /// Left out where no row of the table knows it.
    pub optional: bool,
}

/// How a cell is meant to be seen; the theme decides the colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub enum Tone {
    /// As usual.
    #[default]
    Plain,
    /// Well, running.
    Good,
    /// Soon or partly a problem.
    Warn,
    /// A problem.
    Bad,
    /// Finished, unimportant.
    Dim,
    /// Stands out: a name, a link.
    Accent,
}

/// A field of the rows `R`.
#[derive(Debug)]
pub struct Field<R: 'static> {
    /// Name, kind, documentation, column.
    pub meta: FieldMeta,
    /// Reads the value.
    pub get: for<'a> fn(&'a R) -> Value<'a>,
    /// How the cell is meant; `None` is plain.
    pub tone: Option<fn(&R, Timestamp) -> Tone>,
}

impl<R> Field<R> {
    /// A field without aliases, column or tone.
    pub const fn new(
        name: &'static str,
        title: &'static str,
        kind: Kind,
        doc: &'static str,
        get: for<'a> fn(&'a R) -> Value<'a>,
    ) -> Self {
        Self { meta: FieldMeta { name, aliases: &[], title, kind, doc, column: None }, get, tone: None }
    }

    /// Also found under these names.
    #[must_use]
    pub const fn alias(mut self, aliases: &'static [&'static str]) -> Self {
        self.meta.aliases = aliases;
        self
    }

    /// Stands in the table: dropped by `priority` (0 never), `min` to `max` cells wide.
    #[must_use]
    pub const fn column(mut self, priority: u8, min: u16, max: u16) -> Self {
        self.meta.column = Some(Column { priority, min, max, optional: false });
        self
    }

    /// As [`Self::column`], left out where no row of the table knows it.
    #[must_use]
    pub const fn optional_column(mut self, priority: u8, min: u16, max: u16) -> Self {
        self.meta.column = Some(Column { priority, min, max, optional: true });
        self
    }

    /// Toned by this function.
    #[must_use]
    pub const fn tone(mut self, tone: fn(&R, Timestamp) -> Tone) -> Self {
        self.tone = Some(tone);
        self
    }
}
