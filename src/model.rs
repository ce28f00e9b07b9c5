//! What the console knows, as plain data: rows, their fields, the tables that hold them, and the questions about them.
//!
//! Knows no runtime, no terminal, no client of any observed system; time is passed in.

pub mod delta;
pub mod derive;
pub mod document;
pub mod field;
pub mod filter;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod health;
pub mod key;
pub mod order;
pub mod query;
pub mod restarts;
pub mod rows;
pub mod secret;
pub mod severity;
pub mod store;
pub mod table;
pub mod text;
pub mod triage;
pub mod value;
