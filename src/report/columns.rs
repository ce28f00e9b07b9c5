//! Which fields stand in which form.

use super::Listing;
use crate::model::{table::Rows, value::Kind};

/// A column that the table does not have.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("no column `{name}` in {table}; there are {known}")]
pub struct UnknownColumn {
    /// The name that was given.
    pub name: String,
    /// The table's name.
    pub table: &'static str,
    /// The names that would do.
    pub known: String,
}

/// The fields of these names or aliases.
pub fn chosen(rows: &dyn Rows, names: &[String]) -> Result<Vec<usize>, UnknownColumn> {
    let find = |name: &String| {
        rows.field_named(name).ok_or_else(|| UnknownColumn {
            name: name.clone(),
            table: rows.id().name(),
            known: (0..rows.field_count()).map(|field| rows.field(field).name).collect::<Vec<_>>().join(", "),
        })
    };
    names.iter().map(find).collect()
}

impl Listing<'_> {
    /// Fields for people: the table's columns.
    pub(super) fn columns(&self) -> Vec<usize> {
        let has_column =
            |&field: &usize| self.rows.field(field).column.is_some() && self.rows.field(field).kind != Kind::Spark;
        self.columns.map_or_else(|| (0..self.rows.field_count()).filter(has_column).collect(), <[usize]>::to_vec)
    }

    /// Fields for programs: all of them.
    pub(super) fn fields(&self) -> Vec<usize> {
        self.columns.map_or_else(|| (0..self.rows.field_count()).collect(), <[usize]>::to_vec)
    }
}
