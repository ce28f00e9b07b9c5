//! An object as YAML, without the server's bookkeeping and with likely secrets masked.

use serde_json::Value;

use super::secret;
use crate::model::{document::Document, text};

/// Lines a document has at most.
const LINES: usize = 50_000;

/// The object as a document.
pub(super) fn document(mut object: Value) -> Document {
    if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
        metadata.remove("managedFields");
    }
    secret::mask(&mut object);
    let mut document = Document::default();
    match serde_yaml_ng::to_string(&object) {
        Ok(yaml) => {
            for line in yaml.lines().take(LINES) {
                document.text(text::inert(&text::limited(line, 16 * 1024)));
            }
        }
        Err(error) => document.text(format!("it cannot be written as YAML: {error}")),
    }
    document
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::document::Line;

    #[test]
    fn bookkeeping_goes_and_control_characters_are_inert() {
        let document = document(
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "managedFields": [{"manager": "kubelet"}],
            "annotations": {"n": "\u{1b}]0;x\u{7}"}}}),
        );
        let text: Vec<&str> = document
            .lines
            .iter()
            .map(|line| match line {
                Line::Text(text, _) => text.as_str(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(&text[..2], ["apiVersion: v1", "kind: Pod"]);
        assert!(text.iter().all(|line| line.chars().all(text::is_shown) && !line.contains("kubelet")), "{text:?}");
    }
}
