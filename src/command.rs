//! The one table of commands. Keys, hint line, palette, help, `docs/keys.md` and (later) `ronde run` come from it.
//!
//! Adding a command: one entry in `table`, one arm in `app::dispatch`. Knows no screen and no source.

pub mod docs;
pub mod keymap;
pub mod keys;
mod table;

pub use table::{Command, SPECS};

use crate::model::store::TableId;

/// Where a command means something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Context {
    /// Everywhere but in an input line.
    Anywhere,
    /// On a table.
    Table,
    /// On details and other text.
    Text,
    /// On log lines.
    Logs,
}

impl Context {
    /// The heading in help and `docs/keys.md`.
    pub fn title(self) -> &'static str {
        match self {
            Self::Anywhere => "Everywhere",
            Self::Table => "On a table",
            Self::Text => "In details, help and other text",
            Self::Logs => "In logs",
        }
    }

    /// Every context, in the order of the help.
    pub const ALL: &'static [Self] = &[Self::Anywhere, Self::Table, Self::Text, Self::Logs];
}

/// One entry of the table.
#[derive(Debug)]
pub struct Spec {
    /// The command.
    pub command: Command,
    /// Its stable name, as the palette and configuration take it.
    pub id: &'static str,
    /// One or two words for the hint line.
    pub hint: &'static str,
    /// One sentence.
    pub doc: &'static str,
    /// Keys by default.
    pub keys: &'static [&'static str],
    /// Where it applies.
    pub context: Context,
    /// On which tables' rows; empty: all.
    pub on: &'static [TableId],
    /// What follows it in the palette, `NAME`; empty: nothing.
    pub argument: &'static str,
    /// Place in the hint line, lowest first; 0: not there.
    pub rank: u8,
}

impl Spec {
    /// Whether it applies in this context, on this table.
    pub fn applies(&self, context: Context, table: Option<TableId>) -> bool {
        (self.context == Context::Anywhere || self.context == context)
            && (self.on.is_empty() || table.is_some_and(|table| self.on.contains(&table)))
    }
}

/// The entry of a command.
pub fn spec(command: Command) -> &'static Spec {
    SPECS.iter().find(|spec| spec.command == command).unwrap_or(&SPECS[0])
}

/// The entry of this id.
pub fn named(id: &str) -> Option<&'static Spec> {
    SPECS.iter().find(|spec| spec.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_one_entry_with_its_own_id() {
        for spec in SPECS {
            assert_eq!(SPECS.iter().filter(|other| other.id == spec.id).count(), 1, "{}", spec.id);
            assert_eq!(SPECS.iter().filter(|other| other.command == spec.command).count(), 1, "{}", spec.id);
            assert!(spec.doc.ends_with('.'), "{} is documented by a sentence", spec.id);
        }
    }

    #[test]
    fn no_bare_key_does_harm_elsewhere() {
        // Keys that delete, kill, stop or drain in k9s, lazydocker or apt-dater.
        for key in ["x", "delete", "ctrl-k", "shift-d"] {
            assert!(!SPECS.iter().any(|spec| spec.keys.contains(&key)), "{key} is bound");
        }
    }
}
