//! ronde: a terminal console for the people who keep systems running.
//!
//! `docs/architecture.md` draws the layers; `tests/architecture.rs` keeps them.

pub mod action;
pub mod config;
pub mod model;
pub mod source;
