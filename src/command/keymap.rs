//! Which key means which command where: the table's defaults, with what the configuration changes.

use std::collections::BTreeMap;

use super::{Command, Context, SPECS, Spec, keys::Key};
use crate::model::store::TableId;

/// Keys in force.
#[derive(Clone, Debug)]
pub struct Keymap {
    bindings: Vec<(Key, &'static Spec)>,
}

impl Default for Keymap {
    fn default() -> Self {
        // The defaults are checked by a test; what could not be read would simply not be bound.
        let bindings = SPECS
            .iter()
            .flat_map(|spec| spec.keys.iter().filter_map(move |key| Key::parse(key).ok().map(|key| (key, spec))))
            .collect();
        Self { bindings }
    }
}

impl Keymap {
    /// The defaults, with the keys of some commands replaced. Each error is one line about one entry of `changes`,
    /// whose key it names first.
    pub fn with(changes: &BTreeMap<String, Vec<String>>) -> Result<Self, Vec<(String, String)>> {
        let mut map = Self::default();
        let mut errors = Vec::new();
        for (id, keys) in changes {
            let Some(spec) = super::named(id) else {
                let nearest = SPECS
                    .iter()
                    .map(|spec| spec.id)
                    .min_by_key(|known| strsim::damerau_levenshtein(known, id))
                    .unwrap_or_default();
                errors.push((id.clone(), format!("there is no command `{id}`; did you mean `{nearest}`?")));
                continue;
            };
            map.bindings.retain(|(_, bound)| bound.command != spec.command);
            for key in keys {
                match Key::parse(key) {
                    Ok(key) => map.bindings.push((key, spec)),
                    Err(message) => errors.push((id.clone(), message)),
                }
            }
        }
        for (key, first, second) in map.conflicts() {
            let about = if changes.contains_key(second.id) { second.id } else { first.id };
            let message = format!("`{}` would mean both `{}` and `{}`", key.show(), first.id, second.id);
            errors.push((about.to_owned(), message));
        }
        if errors.is_empty() { Ok(map) } else { Err(errors) }
    }

    /// Keys that mean two commands in one place.
    fn conflicts(&self) -> Vec<(Key, &'static Spec, &'static Spec)> {
        let mut found = Vec::new();
        for (at, (key, first)) in self.bindings.iter().enumerate() {
            for (other, second) in &self.bindings[at + 1..] {
                let same_place = first.context == second.context
                    || first.context == Context::Anywhere
                    || second.context == Context::Anywhere;
                let same_rows = first.on.is_empty()
                    || second.on.is_empty()
                    || first.on.iter().any(|table| second.on.contains(table));
                if key == other && first.command != second.command && same_place && same_rows {
                    found.push((*key, *first, *second));
                }
            }
        }
        found
    }

    /// What the key means here.
    pub fn command(&self, key: Key, context: Context, table: Option<TableId>) -> Option<Command> {
        self.bindings
            .iter()
            .find(|(bound, spec)| *bound == key && spec.applies(context, table))
            .map(|(_, spec)| spec.command)
    }

    /// The command that the key is on other tables.
    pub fn elsewhere(&self, key: Key, context: Context) -> Option<&'static Spec> {
        self.bindings.iter().find(|(bound, spec)| *bound == key && spec.context == context).map(|(_, spec)| *spec)
    }

    /// The keys of a command, as help shows them.
    pub fn keys(&self, command: Command) -> Vec<String> {
        self.bindings.iter().filter(|(_, spec)| spec.command == command).map(|(key, _)| key.show()).collect()
    }

    /// The commands of the hint line here, in order, each with its first key.
    pub fn hints(&self, context: Context, table: Option<TableId>) -> Vec<(String, &'static Spec)> {
        let mut hints: Vec<_> = SPECS
            .iter()
            .filter(|spec| spec.rank > 0 && spec.applies(context, table))
            .filter_map(|spec| Some((self.keys(spec.command).into_iter().next()?, spec)))
            .collect();
        hints.sort_by_key(|(_, spec)| spec.rank);
        hints
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_key_can_be_read_and_means_one_thing() {
        for spec in SPECS {
            for key in spec.keys {
                assert!(Key::parse(key).is_ok(), "{key} of {}", spec.id);
            }
        }
        let conflicts = Keymap::default().conflicts();
        assert!(
            conflicts.is_empty(),
            "{:?}",
            conflicts.iter().map(|(k, a, b)| (k.show(), a.id, b.id)).collect::<Vec<_>>()
        );
    }

    #[test]
    fn a_changed_key_replaces_the_default() {
        let map = Keymap::with(&BTreeMap::from([("help".into(), vec!["f1".into()])])).expect("a valid change");
        let key = |text: &str| Key::parse(text).expect(text);
        assert_eq!(map.command(key("f1"), Context::Table, Some(TableId::Pods)), Some(Command::Help));
        assert_eq!(map.command(key("?"), Context::Table, Some(TableId::Pods)), None);
    }

    #[test]
    fn two_commands_on_one_key_and_unknown_names_are_refused() {
        let conflict = Keymap::with(&BTreeMap::from([("help".into(), vec!["l".into()])]));
        assert!(conflict.is_err_and(|errors| errors[0].1.contains("both")));
        let unknown = Keymap::with(&BTreeMap::from([("hepl".into(), vec!["l".into()])]));
        assert!(unknown.is_err_and(|errors| errors[0].1.contains("`help`")));
    }

    #[test]
    fn a_letter_means_what_fits_the_row() {
        let map = Keymap::default();
        let l = Key::parse("l").expect("l");
        assert_eq!(map.command(l, Context::Table, Some(TableId::Pods)), Some(Command::Logs));
        assert_eq!(map.command(l, Context::Table, Some(TableId::Disks)), None);
    }
}
