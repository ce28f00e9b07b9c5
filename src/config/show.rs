//! The whole configuration as TOML, each key with the place it comes from, secrets masked.

use std::fmt::Write as _;

use toml::{Table, Value};

use super::{
    error::Place,
    load::Loaded,
    tree::{Node, Origin, place},
};
use crate::model::text;

/// What stands in place of a secret.
const MASK: &str = "********";

/// Parts of names whose values nobody should read over a shoulder.
const SECRET: [&str; 5] = ["password", "passwd", "passphrase", "token", "secret"];

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
            let _ = writeln!(out, "{} = {}  # {}", quote(key), masked(value), self.origin(origin));
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

/// The value with what looks like a secret masked: the password in an address, the argument of `--token`.
fn masked(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(mask_text(text)),
        Value::Array(list) => {
            let mut hide = false;
            let masked = list.iter().map(|value| {
                let Some(text) = value.as_str() else { return masked(value) };
                let shown = if hide { MASK.to_owned() } else { mask_text(text) };
                hide = text.starts_with('-') && !text.contains('=') && is_secret(text);
                Value::String(shown)
            });
            Value::Array(masked.collect())
        }
        Value::Table(table) => Value::Table(table.iter().map(|(key, value)| (key.clone(), masked(value))).collect()),
        other => other.clone(),
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET.iter().any(|part| name.contains(part))
}

fn mask_text(text: &str) -> String {
    if let Some((name, _)) = text.split_once('=').filter(|(name, _)| is_secret(name)) {
        return format!("{name}={MASK}");
    }
    let userinfo = text.split_once("://").and_then(|(scheme, rest)| {
        let authority = rest.split('/').next()?;
        let (user, host) = authority.rsplit_once('@')?;
        let (user, _) = user.split_once(':')?;
        Some(format!("{scheme}://{user}:{MASK}@{host}{}", &rest[authority.len()..]))
    });
    userinfo.unwrap_or_else(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_and_the_rest_is_not() {
        for (text, shown) in [
            ("tcp://bob:hunter2@h:2376/x", "tcp://bob:********@h:2376/x"),
            ("tcp://h:2376", "tcp://h:2376"),
            ("TOKEN=abc", "TOKEN=********"),
            ("--namespace=mw", "--namespace=mw"),
        ] {
            assert_eq!(mask_text(text), shown);
        }
        let command = Value::from(vec!["x", "--token", "abc", "--verbose", "y"]);
        assert_eq!(masked(&command), Value::from(vec!["x", "--token", MASK, "--verbose", "y"]));
    }
}
