//! The terminal: taken, given back whatever happens, written to without ever holding up the console.

pub mod guard;
pub mod screen;
