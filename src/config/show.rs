//! The whole configuration as TOML, each key with the place it comes from, secrets masked.

use std::fmt::Write as _;

use toml::{Table, Value};

use super::{
    error::Place,
    load::Loaded,
    tree::{Node, Origin, place},
};
use crate::model::{secret, text};

impl Loaded {
    /// The merged configuration, as `ronde config show` prints it: valid TOML.
    pub fn show(&self) -> String {
        let mut out = String::new();
        if let Ok(Value::Table(table)) = Value::try_from(&self.config) {
            self.table(&mut out, &[], &table, Some(&self.tree));
        }
        out
    }

    fn table(&self, out: &mut String, path: &[&str], table: &Table, node: Option<&Node>) {
        let entry = |key: &str| node.and_then(|node| node.entry(key));
        for (key, value) in table.iter().filter(|(_, value)| !is_section(value)) {
            let origin = entry(key).map(|entry| entry.node.origin);
            let _ = writeln!(out, "{} = {}  # {}", quote(key), masked(key, value), self.origin(origin));
        }
        for (key, value) in table {
            let path = [path, &[key]].concat();
            let inner = entry(key).map(|entry| &entry.node);
            let title = path.iter().map(|key| quote(key)).collect::<Vec<_>>().join(".");
            match value {
                Value::Table(table) if is_section(value) => {
                    let _ = writeln!(out, "\n[{title}]");
                    self.table(out, &path, table, inner);
                }
                Value::Array(list) if is_section(value) => {
                    for (n, element) in list.iter().enumerate() {
                        let inner = inner.and_then(|node| node.elements().get(n));
                        let _ = writeln!(out, "\n[[{title}]]  # {}", self.origin(inner.map(|node| node.origin)));
                        if let Value::Table(table) = element {
                            self.table(out, &path, table, inner);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn origin(&self, origin: Option<Origin>) -> String {
        let shown = match origin.map_or(Place::Default, |origin| place(&self.layers, origin)) {
            Place::Line(file, line, _) => format!("{}:{line}", file.display()),
            other => other.to_string(),
        };
        text::inert(&shown).into_owned()
    }
}

/// Whether a value gets a heading of its own.
fn is_section(value: &Value) -> bool {
    match value {
        Value::Table(table) => !table.is_empty() && !table.contains_key("command"),
        Value::Array(list) => !list.is_empty() && list.iter().all(Value::is_table),
        _ => false,
    }
}

/// A key as TOML needs it.
fn quote(key: &str) -> String {
    let bare = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if bare { key.to_owned() } else { Value::String(key.to_owned()).to_string() }
}

/// The value of this key with what looks like a secret masked: the password in an address, the argument of `--token`.
fn masked(key: &str, value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(secret::masked(key, text).into_owned()),
        Value::Array(list) if list.iter().all(Value::is_str) => {
            let words = secret::masked_command(list.iter().filter_map(Value::as_str));
            Value::Array(words.into_iter().map(|word| Value::String(word.into_owned())).collect())
        }
        Value::Array(list) => Value::Array(list.iter().map(|value| masked(key, value)).collect()),
        Value::Table(table) => {
            Value::Table(table.iter().map(|(key, value)| (key.clone(), masked(key, value))).collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_and_the_rest_is_not() {
        let address = Value::from("tcp://bob:hunter2@h:2376/x");
        assert_eq!(masked("docker", &address), Value::from("tcp://bob:••••••@h:2376/x"));
        assert_eq!(masked("context", &Value::from("eqiad")), Value::from("eqiad"));
        let command = Value::from(vec!["x", "--token", "abc", "--verbose", "y"]);
        let shown = Value::from(vec!["x", "--token", secret::MASK, "--verbose", "y"]);
        assert_eq!(masked("command", &command), shown);
    }
}
