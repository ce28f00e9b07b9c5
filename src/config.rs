//! Configuration: what a person may set, where it comes from, and what is wrong with it.
//!
//! Three files and the flags, each over the one before: `/etc/ronde/config.toml`, `$XDG_CONFIG_HOME/ronde/config.toml`,
//! `--config FILE`, flags. Tables merge key by key, `[[hosts]]`, `[[engines]]` and `[[clusters]]` by `name`. Every mistake of every
//! file is told at once, with file, line and column. Knows no source, no screen and no terminal.

mod check;
mod error;
mod format;
mod keys;
pub mod load;
mod merge;
pub mod places;
mod rules;
pub mod schema;
pub mod show;
pub mod size;
mod tree;

pub use error::{Problem, Problems};
pub use load::{Flags, Loaded};
pub use places::Places;
pub use schema::Config;

/// The commented example, in which every key stands with its default.
pub const EXAMPLE: &str = include_str!("../config.example.toml");

/// The JSON schema of the configuration, for editors.
pub fn json_schema() -> serde_json::Value {
    schemars::schema_for!(Config).to_value()
}
