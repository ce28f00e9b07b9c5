//! A configuration file as a tree in which every key and value remembers where it stands.

use std::{collections::BTreeMap, path::PathBuf};

use toml::{
    Spanned, Value,
    de::{DeTable, DeValue},
};

use super::error::{Place, Problem};

/// Bytes of a configuration file that are read; a longer one is refused.
pub(super) const FILE_LIMIT: u64 = 1 << 20;

/// One layer: a file, or a flag.
#[derive(Clone, Debug)]
pub(super) enum Layer {
    /// A file and its text.
    File(PathBuf, String),
    /// A flag.
    Flag(&'static str),
}

/// A position: which layer, and the byte in its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Origin {
    pub(super) layer: usize,
    pub(super) at: usize,
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) origin: Origin,
    pub(super) item: Item,
}

/// What a node holds.
#[derive(Clone, Debug)]
pub(super) enum Item {
    Leaf(Value),
    List(Vec<Node>),
    Table(BTreeMap<String, Entry>),
}

/// A key, where it stands, and its value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: Origin,
    pub(super) node: Node,
}

impl Node {
    /// An empty table.
    pub(super) fn empty(layer: usize) -> Self {
        Self { origin: Origin { layer, at: 0 }, item: Item::Table(BTreeMap::new()) }
    }

    /// A table with one leaf at the end of `path`, for a flag.
    pub(super) fn leaf_at(layer: usize, path: &[&str], value: Value) -> Self {
        let origin = Origin { layer, at: 0 };
        path.iter().rev().fold(Self { origin, item: Item::Leaf(value) }, |node, key| Self {
            origin,
            item: Item::Table(BTreeMap::from([((*key).to_owned(), Entry { key: origin, node })])),
        })
    }

    /// The entry of a table.
    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.item {
            Item::Table(entries) => entries.get(key),
            _ => None,
        }
    }

    /// The elements of a list; none of anything else.
    pub(super) fn elements(&self) -> &[Self] {
        match &self.item {
            Item::List(elements) => elements,
            _ => &[],
        }
    }

    /// The text, when it is one.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.item {
            Item::Leaf(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// The `name` of a named element; of hosts that are given by a pattern, that.
    pub(super) fn name(&self) -> Option<&str> {
        self.entry("name").or_else(|| self.entry("match"))?.node.text()
    }

    /// The value without positions.
    pub(super) fn value(&self) -> Value {
        match &self.item {
            Item::Leaf(value) => value.clone(),
            Item::List(nodes) => Value::Array(nodes.iter().map(Self::value).collect()),
            Item::Table(entries) => {
                Value::Table(entries.iter().map(|(key, entry)| (key.clone(), entry.node.value())).collect())
            }
        }
    }
}

/// Reads a file's text. When it is not TOML: every syntax error.
pub(super) fn parse(layer: usize, layers: &[Layer], text: &str) -> Result<Node, Vec<Problem>> {
    // A byte order mark is no part of the text.
    let skipped = text.len() - text.trim_start_matches('\u{feff}').len();
    let (table, errors) = DeTable::parse_recoverable(&text[skipped..]);
    let mut problems: Vec<Problem> = errors
        .iter()
        .map(|error| {
            let at = error.span().map_or(0, |span| span.start) + skipped;
            let message = error.message().lines().collect::<Vec<_>>().join(", ");
            Problem { place: place(layers, Origin { layer, at }), message: format!("not TOML: {message}") }
        })
        .collect();
    let origin = Origin { layer, at: 0 };
    let root = convert_table(origin, skipped, table.get_ref(), layers, &mut problems);
    if problems.is_empty() { Ok(root) } else { Err(problems) }
}

fn convert_table(
    origin: Origin,
    skipped: usize,
    table: &DeTable<'_>,
    layers: &[Layer],
    problems: &mut Vec<Problem>,
) -> Node {
    let entries = table.iter().map(|(key, value)| {
        let node = convert(origin.layer, skipped, value, layers, problems);
        let key_at = Origin { layer: origin.layer, at: key.span().start + skipped };
        (key.get_ref().to_string(), Entry { key: key_at, node })
    });
    Node { origin, item: Item::Table(entries.collect()) }
}

fn convert(
    layer: usize,
    skipped: usize,
    value: &Spanned<DeValue<'_>>,
    layers: &[Layer],
    problems: &mut Vec<Problem>,
) -> Node {
    let origin = Origin { layer, at: value.span().start + skipped };
    let item = match value.get_ref() {
        DeValue::Table(table) => return convert_table(origin, skipped, table, layers, problems),
        DeValue::Array(array) => {
            Item::List(array.iter().map(|value| convert(layer, skipped, value, layers, problems)).collect())
        }
        DeValue::String(text) => Item::Leaf(Value::String(text.to_string())),
        DeValue::Boolean(yes) => Item::Leaf(Value::Boolean(*yes)),
        DeValue::Datetime(at) => Item::Leaf(Value::Datetime(*at)),
        DeValue::Integer(number) => {
            let whole = i64::from_str_radix(number.as_str(), number.radix()).ok();
            if whole.is_none() {
                let message = format!("the number {} is too large", number.as_str());
                problems.push(Problem { place: place(layers, origin), message });
            }
            Item::Leaf(Value::Integer(whole.unwrap_or(0)))
        }
        DeValue::Float(number) => Item::Leaf(Value::Float(number.as_str().parse().unwrap_or(f64::NAN))),
    };
    Node { origin, item }
}

/// The place of a position, with line and column.
pub(super) fn place(layers: &[Layer], origin: Origin) -> Place {
    match layers.get(origin.layer) {
        Some(Layer::File(path, text)) => {
            let before = text.get(..origin.at.min(text.len())).unwrap_or(text);
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or_default().trim_start_matches('\u{feff}').chars().count();
            Place::Line(path.clone(), line, column + 1)
        }
        Some(Layer::Flag(flag)) => Place::Flag(flag),
        None => Place::Default,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_in_characters() {
        let text = "\u{feff}discover = true\n[ui]\n\"é\" = 1\n";
        let layers = [Layer::File("f".into(), text.into())];
        let tree = parse(0, &layers, text).unwrap();
        let at = |origin| place(&layers, origin).to_string();
        assert_eq!(at(tree.entry("discover").unwrap().key), "f:1:1");
        assert_eq!(at(tree.entry("discover").unwrap().node.origin), "f:1:12");
        let ui = &tree.entry("ui").unwrap().node;
        assert_eq!(at(ui.entry("é").unwrap().node.origin), "f:3:7");
    }

    proptest! {
        #[test]
        fn no_text_panics_and_every_place_lies_in_it(text in any::<String>()) {
            let layers = [Layer::File("f".into(), text.clone())];
            if let Err(problems) = parse(0, &layers, &text) {
                prop_assert!(!problems.is_empty());
                for problem in problems {
                    let Place::Line(_, line, _) = problem.place else { panic!("{problem}") };
                    prop_assert!(line <= text.matches('\n').count() + 1);
                }
            }
        }
    }
}
