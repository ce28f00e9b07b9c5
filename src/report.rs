//! Tables without a screen: `ronde list` as text, JSON and CSV, and what `ronde doctor` found.
//!
//! Knows the model and the seam to sources; knows no screen and no observed system. Everything that is printed is inert,
//! however hostile the names in it.

pub mod collect;
mod columns;
mod csv;
pub mod doctor;
mod json;
#[cfg(test)]
mod tests;
mod text;

use jiff::Timestamp;

pub use columns::{UnknownColumn, chosen};
pub use csv::csv;
pub use json::{inert_json, json};
pub use text::text;

use crate::model::{health::Health, table::Rows};

/// What is printed: some rows of a table, in their order, and the columns of them.
#[derive(Clone, Copy)]
pub struct Listing<'a> {
    /// The table.
    pub rows: &'a dyn Rows,
    /// Its rows that are shown, in this order.
    pub slots: &'a [u32],
    /// Fields that were asked for; none: those that the form has by itself.
    pub columns: Option<&'a [usize]>,
    /// The states of the sources it comes from.
    pub sources: &'a [Health],
    /// Now.
    pub now: Timestamp,
}
