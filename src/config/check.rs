//! One file against the schema: unknown keys, wrong types, bad values, missing keys. All of them, each in its place.
//!
//! Walks the JSON schema made from [`super::schema`], so nothing here knows a key.

use serde_json::{Map, Value as Json};

use super::{
    error::{Problem, suggestion},
    format,
    tree::{Item, Layer, Node, Origin, place},
};
use crate::model::text;

/// Characters of a found value that a message repeats.
const FOUND_LIMIT: usize = 60;

/// Checks a tree against the whole schema.
pub(super) fn check(tree: &Node, schema: &Json, layers: &[Layer]) -> Vec<Problem> {
    let mut walk = Walk { root: schema, layers, problems: Vec::new() };
    walk.node(tree, schema, &mut Vec::new());
    walk.problems
}

struct Walk<'a> {
    root: &'a Json,
    layers: &'a [Layer],
    problems: Vec<Problem>,
}

impl<'a> Walk<'a> {
    fn say(&mut self, origin: Origin, message: String) {
        self.problems.push(Problem { place: place(self.layers, origin), message });
    }

    fn node(&mut self, node: &Node, schema: &'a Json, path: &mut Vec<String>) {
        let options = self.options(schema);
        let fitting: Vec<_> = options.iter().copied().filter(|option| has_type(node, option)).collect();
        match (&node.item, fitting.first()) {
            (_, None) => {
                let message = wrong_type(path, node, &options);
                self.say(node.origin, message);
            }
            (Item::Leaf(_), _) => self.leaf(node, &fitting, path),
            (Item::List(elements), Some(option)) => {
                if elements.len() < minimum(option) {
                    self.say(node.origin, format!("{} is empty", dotted(path)));
                }
                if let Some(items) = option.get("items") {
                    for element in elements {
                        self.node(element, items, path);
                    }
                }
            }
            (Item::Table(_), Some(option)) => self.table(node, option, path),
        }
    }

    fn leaf(&mut self, node: &Node, options: &[&'a Json], path: &[String]) {
        let Some(text) = node.text() else { return };
        let choices: Vec<&str> = options.iter().flat_map(|option| constants(option)).collect();
        if !choices.is_empty() && !choices.contains(&text) {
            let message = format!("{} cannot be {}{}", dotted(path), found(node), suggestion(text, choices));
            self.say(node.origin, message);
        }
        let shapes = options.iter().filter_map(|option| option.get("format")?.as_str());
        let faults: Vec<_> = shapes.map(|shape| format::fault(shape, text)).collect();
        if let Some(Some(fault)) = faults.first().filter(|_| faults.iter().all(Option::is_some)) {
            let message = format!("{} cannot be {}: {fault}", dotted(path), found(node));
            self.say(node.origin, message);
        }
    }

    fn table(&mut self, node: &Node, schema: &'a Json, path: &mut Vec<String>) {
        let Item::Table(entries) = &node.item else { return };
        let known = schema.get("properties").and_then(Json::as_object);
        let others = schema.get("additionalProperties").filter(|schema| schema.is_object());
        for (name, entry) in entries {
            path.push(name.clone());
            if let Some(schema) = known.and_then(|known| known.get(name)).or(others) {
                self.node(&entry.node, schema, path);
            } else {
                let message = self.unknown(path, known);
                self.say(entry.key, message);
            }
            path.pop();
        }
        for name in schema.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str) {
            if !entries.contains_key(name) {
                self.say(node.origin, format!("{} has no `{name}`", dotted(path)));
            }
        }
    }

    fn unknown(&self, path: &[String], known: Option<&'a Map<String, Json>>) -> String {
        let (name, parents) = path.split_last().map_or(("", path), |(name, parents)| (name.as_str(), parents));
        let shown = text::limited(name, FOUND_LIMIT);
        let wherein = if parents.is_empty() { String::new() } else { format!(" in {}", dotted(parents)) };
        let siblings = known.into_iter().flat_map(Map::keys).map(String::as_str);
        let mut hint = suggestion(name, siblings);
        // The right key at the wrong place: TOML's tables end only where the next begins.
        if !hint.contains("did you mean")
            && let Some(home) = self.home(name)
        {
            hint = format!("; `{shown}` stands in [{home}]");
            if home.is_empty() {
                hint = format!("; `{shown}` stands at the top of the file, before any [table]");
            }
        }
        format!("unknown key `{shown}`{wherein}{hint}")
    }

    /// The table in which a key of this name is known.
    fn home(&self, name: &str) -> Option<String> {
        let top = self.root.get("properties")?.as_object()?;
        if top.contains_key(name) {
            return Some(String::new());
        }
        top.iter().find_map(|(table, schema)| {
            let listed = self.options(schema).iter().find_map(|option| option.get("items"));
            let schema = self.options(listed.unwrap_or(schema)).into_iter().next()?;
            let inside = schema.get("properties")?.as_object()?.contains_key(name);
            inside.then(|| if listed.is_some() { format!("[{table}]") } else { table.clone() })
        })
    }

    /// The schema with its reference followed and its alternatives apart.
    fn options(&self, schema: &'a Json) -> Vec<&'a Json> {
        let target =
            schema.get("$ref").and_then(Json::as_str).and_then(|name| self.root.pointer(name.strip_prefix('#')?));
        if let Some(target) = target {
            return self.options(target);
        }
        match ["anyOf", "oneOf"].iter().find_map(|key| schema.get(key)?.as_array()) {
            Some(options) => options.iter().flat_map(|option| self.options(option)).collect(),
            None => vec![schema],
        }
    }
}

/// The types a schema allows; TOML has no null.
fn types(schema: &Json) -> Vec<&str> {
    match schema.get("type") {
        Some(Json::String(one)) if one != "null" => vec![one],
        Some(Json::Array(many)) => many.iter().filter_map(Json::as_str).filter(|kind| *kind != "null").collect(),
        _ if schema.get("const").is_some() || schema.get("enum").is_some() => vec!["string"],
        _ => Vec::new(),
    }
}

fn kind(node: &Node) -> &'static str {
    use toml::Value;
    match &node.item {
        Item::Table(_) => "object",
        Item::List(_) => "array",
        Item::Leaf(Value::String(_)) => "string",
        Item::Leaf(Value::Boolean(_)) => "boolean",
        Item::Leaf(Value::Integer(_)) => "integer",
        Item::Leaf(Value::Float(_)) => "number",
        Item::Leaf(_) => "moment",
    }
}

fn has_type(node: &Node, schema: &Json) -> bool {
    let found = kind(node);
    types(schema).iter().any(|kind| *kind == found || (*kind == "number" && found == "integer"))
}

fn constants(schema: &Json) -> Vec<&str> {
    let list = schema.get("enum").and_then(Json::as_array).into_iter().flatten();
    schema.get("const").into_iter().chain(list).filter_map(Json::as_str).collect()
}

fn minimum(schema: &Json) -> usize {
    schema.get("minItems").and_then(Json::as_u64).and_then(|least| usize::try_from(least).ok()).unwrap_or(0)
}

fn wrong_type(path: &[String], node: &Node, options: &[&Json]) -> String {
    let words = |option: &&Json| {
        let shape = option.get("format").and_then(Json::as_str).and_then(format::example);
        shape.map_or_else(|| types(option).into_iter().map(word).collect(), |example| vec![example])
    };
    let mut wanted: Vec<&str> = options.iter().flat_map(words).collect();
    wanted.sort_unstable();
    wanted.dedup();
    format!("{} cannot be {}; expected {}", dotted(path), found(node), wanted.join(" or "))
}

fn word(kind: &str) -> &'static str {
    match kind {
        "object" => "a table",
        "array" => "a list",
        "string" => "a text in quotes",
        "boolean" => "true or false",
        "integer" => "a whole number",
        _ => "a number",
    }
}

/// What stands there, shortened.
fn found(node: &Node) -> String {
    match &node.item {
        Item::Table(_) => "a table".to_owned(),
        Item::List(_) => "a list".to_owned(),
        Item::Leaf(value) => text::limited(&value.to_string(), FOUND_LIMIT).into_owned(),
    }
}

/// The path as TOML writes it: `ui.theme`; the top is `the file`.
fn dotted(path: &[String]) -> String {
    if path.is_empty() {
        "the file".to_owned()
    } else {
        format!("`{}`", text::limited(&path.join("."), 2 * FOUND_LIMIT))
    }
}
