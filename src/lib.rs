//! ronde: a terminal console for the people who keep systems running.
//!
//! `docs/architecture.md` draws the layers; `tests/architecture.rs` keeps them.

pub mod action;
pub mod app;
pub mod cache;
pub mod cli;
pub mod command;
pub mod config;
pub mod log;
pub mod model;
pub mod remote;
pub mod report;
pub mod source;
pub mod term;
pub mod theme;
pub mod view;
