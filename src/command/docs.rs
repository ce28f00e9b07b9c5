//! `docs/keys.md` and the help screen, from the table of commands.

use std::fmt::Write as _;

use super::{Context, SPECS, keymap::Keymap};

/// The whole of `docs/keys.md`.
pub fn keys_markdown() -> String {
    let map = Keymap::default();
    let mut out = String::from(
        "# Keys and commands\n\n\
         Generated from the table of commands (`src/command/table.rs`); `RONDE_BLESS=1 cargo test` writes it anew.\n\
         Every command can be run by its name after `:`. Keys can be changed under `[keys]` in the configuration.\n\
         Digits go to tabs. On a table, a capital letter sorts by the column that begins with it (but for G, N, P and U).\n",
    );
    for context in Context::ALL {
        let _ = write!(out, "\n## {}\n\n| keys | command | what it does |\n|---|---|---|\n", context.title());
        for spec in SPECS.iter().filter(|spec| spec.context == *context) {
            let keys: Vec<String> =
                map.keys(spec.command).iter().map(|key| format!("`{}`", key.replace('|', "\\|"))).collect();
            let argument = if spec.argument.is_empty() { String::new() } else { format!(" {}", spec.argument) };
            let _ = writeln!(out, "| {} | `:{}{argument}` | {} |", keys.join(" "), spec.id, spec.doc);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_page_of_keys_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/keys.md");
        let wanted = super::keys_markdown();
        if std::env::var_os("RONDE_BLESS").is_some() {
            std::fs::write(path, &wanted).expect("docs/keys.md can be written");
        }
        let found = std::fs::read_to_string(path).unwrap_or_default();
        assert_eq!(found, wanted, "docs/keys.md is not current: run RONDE_BLESS=1 cargo test");
    }
}
