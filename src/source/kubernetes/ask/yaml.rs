//! An object as YAML, without the server's bookkeeping.

use serde_json::Value;

use crate::{model::document::Document, source::yaml};

/// The annotation in which kubectl keeps the whole object as it was applied, environment included.
const APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The object as a document.
pub(super) fn document(mut object: Value) -> Document {
    if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
        metadata.remove("managedFields");
    }
    drop_applied(&mut object);
    yaml::document(object)
}

/// Drops what only repeats the object, also from templates in it: as one text it cannot be masked in part.
fn drop_applied(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(drop_applied),
        Value::Object(members) => {
            if let Some(Value::Object(annotations)) = members.get_mut("annotations")
                && let Some(applied) = annotations.get_mut(APPLIED)
            {
                *applied = Value::from("(not shown: repeats the object)");
            }
            members.values_mut().for_each(drop_applied);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{document::Line, text};

    #[test]
    fn bookkeeping_goes_and_control_characters_are_inert() {
        let document = document(
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "managedFields": [{"manager": "kubelet"}],
            "annotations": {"n": "\u{1b}]0;x\u{7}", APPLIED: "{\"env\":[{\"name\":\"DB_PASSWORD\",\"value\":\"s3cr3t\"}]}"}}}),
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
        let inert =
            |line: &&str| line.chars().all(text::is_shown) && !line.contains("kubelet") && !line.contains("s3cr3t");
        assert!(text.iter().all(inert), "{text:?}");
    }
}
