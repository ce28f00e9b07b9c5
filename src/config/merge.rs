//! One layer over another: tables key by key, lists of named tables by name, anything else replaced.

use super::tree::{Item, Node};

/// `upper` over `lower`.
pub(super) fn merge(lower: &mut Node, upper: Node) {
    match (&mut lower.item, upper.item) {
        (Item::Table(below), Item::Table(above)) => {
            for (key, entry) in above {
                match below.get_mut(&key) {
                    Some(known) => {
                        known.key = entry.key;
                        merge(&mut known.node, entry.node);
                    }
                    None => {
                        below.insert(key, entry);
                    }
                }
            }
        }
        (Item::List(below), Item::List(above)) if is_named(below) && is_named(&above) => {
            for node in above {
                match below.iter_mut().find(|known| known.name() == node.name()) {
                    Some(known) => {
                        known.origin = node.origin;
                        merge(known, node);
                    }
                    None => below.push(node),
                }
            }
        }
        (item, above) => {
            *item = above;
            lower.origin = upper.origin;
        }
    }
}

fn is_named(list: &[Node]) -> bool {
    list.iter().all(|node| node.name().is_some())
}
