//! Picks the items out of a list while it arrives, so that a list without pages is never held as a whole.

/// Bytes of one item that are kept; a longer one is passed over.
const ITEM: usize = 1 << 20;

/// Longest name of a member that matters: `items`.
const NAME: usize = 5;

/// Where in the text the scanner is.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Outside,
    String,
    /// After a backslash in a string.
    Escape,
}

/// A scanner of a JSON object; gives each object in its member `items`.
#[derive(Default)]
pub(crate) struct Items {
    depth: u32,
    place: Place,
    /// The last string among the outermost members.
    name: Vec<u8>,
    listing: bool,
    item: Vec<u8>,
    too_long: bool,
}

impl Items {
    /// Takes a chunk, and gives what became complete to `sink`.
    pub(crate) fn push(&mut self, chunk: &[u8], mut sink: impl FnMut(&[u8])) {
        for &byte in chunk {
            let inside = self.listing && self.depth >= 3;
            if self.place == Place::Outside {
                match byte {
                    b'"' => {
                        self.place = Place::String;
                        if self.depth == 1 {
                            self.name.clear();
                        }
                    }
                    b'{' | b'[' => {
                        if self.depth == 1 {
                            self.listing = byte == b'[' && self.name == b"items";
                        }
                        self.depth = self.depth.saturating_add(1);
                    }
                    b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                    _ => {}
                }
            } else {
                self.string(byte);
            }
            if !(inside || self.listing && self.depth >= 3) {
                continue;
            }
            if self.item.len() < ITEM {
                self.item.push(byte);
            } else {
                self.too_long = true;
            }
            if self.depth == 2 {
                if !self.too_long {
                    sink(&self.item);
                }
                self.item.clear();
                self.too_long = false;
            }
        }
    }

    fn string(&mut self, byte: u8) {
        self.place = match (self.place, byte) {
            (Place::String, b'\\') => Place::Escape,
            (Place::String, b'"') => {
                self.place = Place::Outside;
                return;
            }
            _ => Place::String,
        };
        if self.depth == 1 && self.name.len() <= NAME {
            self.name.push(byte);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn items(text: &[u8], size: usize) -> Vec<String> {
        let (mut scanner, mut found) = (Items::default(), Vec::new());
        for chunk in text.chunks(size) {
            scanner.push(chunk, |item| found.push(String::from_utf8_lossy(item).into_owned()));
        }
        found
    }

    #[test]
    fn only_the_outermost_items_count() {
        let text = br#"{"kind":"L\"items","metadata":{"items":[{"no":1}]},"items":[{"a":"}]\\\""}, {"b":{"items":[{}]}},3],"items2":[{"no":2}]}"#;
        for size in [1, 2, 7, 1000] {
            assert_eq!(items(text, size), [r#"{"a":"}]\\\""}"#, r#"{"b":{"items":[{}]}}"#]);
        }
        assert!(items(br#"{"items":null,"x":[{}]}"#, 3).is_empty());
        assert!(items(br#"[{"items":[{"a":1}]}]"#, 3).is_empty());
    }

    #[test]
    fn an_endless_item_takes_no_memory() {
        let mut scanner = Items::default();
        scanner.push(br#"{"items":[{"a":""#, |_| panic!("nothing is complete"));
        for _ in 0..100 {
            scanner.push(&b"x".repeat(100_000), |_| panic!("nothing is complete"));
        }
        assert!(scanner.item.capacity() <= 2 * ITEM);
        scanner.push(br#""},"#, |_| panic!("too long"));
        let mut next = 0;
        scanner.push(br#"{"b":1}]}"#, |_| next += 1);
        assert_eq!(next, 1);
    }

    fn object() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![Just(Value::Null), any::<i32>().prop_map(Value::from), ".{0,8}".prop_map(Value::from)];
        let value = leaf.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("(items|[a-z\"\\\\{}]{0,4})", inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        });
        prop::collection::btree_map("(items|[a-z\"\\\\]{0,4})", value, 0..4)
            .prop_map(|members| Value::Object(members.into_iter().collect()))
    }

    proptest! {
        #[test]
        fn every_item_comes_back_however_it_is_chunked(list in prop::collection::vec(object(), 0..6), before in object(), size in 1usize..40) {
            let text = json!({"a": before, "items": list, "z": "items"}).to_string();
            let found: Vec<Value> = items(text.as_bytes(), size).iter().map(|item| serde_json::from_str(item).unwrap()).collect();
            prop_assert_eq!(found, list);
        }

        #[test]
        fn any_bytes_pass(bytes in prop::collection::vec(any::<u8>(), 0..300), size in 1usize..40) {
            items(&bytes, size);
        }
    }
}
