//! The keys of commands: those a command has by itself, under those a person configured.
//!
//! Knows no command and no terminal: the table of commands and the reading of a key's name are passed in.

use std::{collections::BTreeMap, fmt, hash::Hash};

use super::{
    error::{Place, Problem, Problems, suggestion},
    load::Loaded,
    tree::place,
};

/// A command, as far as its keys matter.
#[derive(Clone, Copy, Debug)]
pub struct Binding<'a> {
    /// Its id.
    pub command: &'a str,
    /// The keys it has by itself.
    pub keys: &'a [&'a str],
    /// The places it works in (tabs, panes); none: everywhere.
    pub places: &'a [&'a str],
}

/// The keys of every command, in the order of `bindings`.
///
/// `read` turns a key's text into a key, so that `Ctrl-D` and `ctrl-d` are one.
///
/// # Errors
///
/// A command that does not exist, a text that is no key, and two commands on one key where both work.
pub fn keys<K: Clone + Eq + Hash + fmt::Debug>(
    loaded: &Loaded,
    bindings: &[Binding<'_>],
    read: impl Fn(&str) -> Result<K, String>,
) -> Result<Vec<Vec<K>>, Problems> {
    let configured = &loaded.config.keys;
    let mut problems = unknown(loaded, bindings);
    let mut taken: BTreeMap<String, (K, Vec<usize>)> = BTreeMap::new();
    let mut all = Vec::with_capacity(bindings.len());
    for (n, binding) in bindings.iter().enumerate() {
        let own = || binding.keys.iter().map(|key| (*key).to_owned()).collect();
        let texts: Vec<String> = configured.get(binding.command).cloned().unwrap_or_else(own);
        let mut keys: Vec<K> = Vec::with_capacity(texts.len());
        for (index, text) in texts.iter().enumerate() {
            let mut say = |message| problems.push(Problem { place: at(loaded, binding.command, index), message });
            let key = match read(text) {
                Ok(key) => key,
                Err(why) => {
                    say(format!("`{text}` is no key: {why}"));
                    continue;
                }
            };
            if keys.contains(&key) {
                say(format!("`{}` has the key `{text}` twice", binding.command));
                continue;
            }
            let (_, users) = taken.entry(format!("{key:?}")).or_insert_with(|| (key.clone(), Vec::new()));
            if let Some(&other) = users.iter().find(|&&other| meet(&bindings[other], binding)) {
                say(clash(loaded, text, &bindings[other], binding));
            }
            users.push(n);
            keys.push(key);
        }
        all.push(keys);
    }
    if problems.is_empty() { Ok(all) } else { Err(Problems(problems)) }
}

fn unknown(loaded: &Loaded, bindings: &[Binding<'_>]) -> Vec<Problem> {
    let wrong = loaded.config.keys.keys().filter(|id| bindings.iter().all(|binding| binding.command != **id));
    wrong
        .map(|id| {
            let origin = loaded.tree.entry("keys").and_then(|keys| keys.node.entry(id)).map(|entry| entry.key);
            Problem {
                place: origin.map_or(Place::Default, |origin| place(&loaded.layers, origin)),
                message: format!("no command `{id}`{}", suggestion(id, bindings.iter().map(|binding| binding.command))),
            }
        })
        .collect()
}

/// Where the key `index` of a command is written.
fn at(loaded: &Loaded, command: &str, index: usize) -> Place {
    let list = loaded.tree.entry("keys").and_then(|keys| keys.node.entry(command));
    let origin = list.map(|list| list.node.elements().get(index).map_or(list.key, |element| element.origin));
    origin.map_or(Place::Default, |origin| place(&loaded.layers, origin))
}

/// Whether both work in one place.
fn meet(a: &Binding<'_>, b: &Binding<'_>) -> bool {
    a.places.is_empty() || b.places.is_empty() || a.places.iter().any(|place| b.places.contains(place))
}

fn clash(loaded: &Loaded, key: &str, earlier: &Binding<'_>, later: &Binding<'_>) -> String {
    let origin = |binding: &Binding<'_>| match at(loaded, binding.command, 0) {
        Place::Default => format!("`{}` (by itself)", binding.command),
        place => format!("`{}` ({place})", binding.command),
    };
    format!("the key `{key}` has two commands: {} and {}; give one of them another", origin(earlier), origin(later))
}
