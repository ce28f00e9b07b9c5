//! An object as YAML. Values that look like secrets are masked until asked for, wherever they stand: a place that nobody
//! thought of is masked too. Knows no system.

use serde_json::Value;

use crate::model::{
    document::{Document, Line},
    field::Tone,
    secret::{self, Secret},
    text,
};

/// Lines of a document at most.
const LINES: usize = 50_000;
/// Bytes of a line at most.
const LINE: usize = 16 << 10;

/// Members whose own members are named by people: a name there tells what the value is.
const NAMED: [&str; 4] = ["annotations", "labels", "config", "options"];

/// The object as a document.
pub(crate) fn document(mut object: Value) -> Document {
    let mut hidden = Hidden::beside(&object);
    hidden.hide_in(&mut object, false);
    let mut document = Document::default();
    match serde_yaml_ng::to_string(&object) {
        Ok(yaml) => {
            let mut lines = yaml.lines();
            document.lines.extend(lines.by_ref().take(LINES).map(|line| hidden.line(line)));
            let more = lines.count();
            if more > 0 {
                document.lines.push(Line::Text(format!("… {more} more lines"), Tone::Dim));
            }
        }
        Err(error) => document.text(format!("it cannot be written as YAML: {error}")),
    }
    document
}

/// Values taken out of an object, each replaced by a mark that stands nowhere else in it.
struct Hidden {
    mark: String,
    values: Vec<(String, String)>,
}

impl Hidden {
    fn beside(object: &Value) -> Self {
        let text = object.to_string();
        let mut mark = "masked-".to_owned();
        // A text is finite: some mark is not in it.
        while text.contains(&mark) {
            mark.push('x');
        }
        Self { mark, values: Vec::new() }
    }

    /// Hides what looks like a secret in a value; `named`: people chose the names of its members.
    fn hide_in(&mut self, value: &mut Value, named: bool) {
        match value {
            Value::Array(items) if !items.is_empty() && items.iter().all(Value::is_string) => self.hide_words(items),
            Value::Array(items) => items.iter_mut().for_each(|item| self.hide_in(item, false)),
            Value::Object(members) => {
                // A variable, a header: `{name: …, value: …}`.
                let name = members.get("name").and_then(Value::as_str).map(str::to_owned);
                if let (Some(name), Some(value)) = (name, members.get_mut("value")) {
                    self.hide(&name, value);
                }
                for (name, value) in members {
                    if named {
                        self.hide(name, value);
                    }
                    self.hide_in(value, NAMED.contains(&&*name.to_lowercase()));
                }
            }
            Value::String(text) => {
                // An address tells by its shape; a random word without a name is more likely an id.
                let masked = secret::masked("id", text);
                if masked != *text {
                    *text = self.keep(masked.into_owned(), std::mem::take(text));
                }
            }
            _ => {}
        }
    }

    /// Hides a value of this name when it looks like a secret.
    fn hide(&mut self, name: &str, value: &mut Value) {
        if let Value::String(text) = value
            && let masked = secret::masked(name, text)
            && masked != *text
        {
            *text = self.keep(masked.into_owned(), std::mem::take(text));
        }
    }

    /// Hides what looks like a secret in the words of a command or the entries of an environment.
    fn hide_words(&mut self, words: &mut [Value]) {
        let masked: Vec<String> = secret::masked_command(words.iter().map(|word| word.as_str().unwrap_or_default()))
            .into_iter()
            .map(std::borrow::Cow::into_owned)
            .collect();
        for (word, masked) in words.iter_mut().zip(masked) {
            if let Value::String(text) = word
                && *text != masked
            {
                *text = self.keep(masked, std::mem::take(text));
            }
        }
    }

    /// Keeps a value; returns its mark.
    fn keep(&mut self, masked: String, whole: String) -> String {
        self.values.push((masked, whole));
        format!("{}{}", self.mark, self.values.len() - 1)
    }

    /// A line of YAML with the value its mark stands for.
    fn line(&self, line: &str) -> Line {
        let kept = line.rsplit_once(&self.mark).and_then(|(before, number)| {
            let (masked, whole) = self.values.get(number.parse::<usize>().ok()?)?;
            Some((before, masked, whole))
        });
        let Some((before, masked, whole)) = kept else {
            return Line::Text(text::inert(&text::limited(line, LINE)).into_owned(), Tone::Plain);
        };
        // A JSON string is a YAML string, and always one line.
        let quoted = Value::from(&**whole).to_string();
        let inert = |value: &str| text::inert(&text::limited(&format!("{before}{value}"), LINE)).into_owned();
        Line::Secret { indent: 0, name: None, masked: inert(masked), whole: Secret::new(inert(&quoted)) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(document: &Document, revealed: bool) -> String {
        let lines = document.lines.iter().map(|line| match line {
            Line::Text(text, _) => text.as_str(),
            Line::Secret { masked, whole, .. } => {
                if revealed {
                    whole.reveal()
                } else {
                    masked
                }
            }
            other => panic!("{other:?}"),
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    fn secrets() -> Value {
        json!({
            "metadata": {"uid": "5f4dcc3b5aa765d61d8327deb882cf99", "annotations": {"example.org/api-token": "s3cr3t-1"}},
            "spec": {"jobTemplate": {"spec": {"containers": [{
                "args": ["--password=s3cr3t-2", "--token", "s3cr3t-3", "-v"],
                "env": [{"name": "DB_PASSWORD", "value": "s3cr3t-4"}, {"name": "LEVEL", "value": "info"},
                        {"name": "KEY_PEM", "value": "-----BEGIN\ns3cr3t-5\n-----END"},
                        {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "db", "key": "token"}}}],
                "livenessProbe": {"httpGet": {"httpHeaders": [{"name": "Authorization", "value": "Basic s3cr3t-6"}]}},
                "nested": {"backend": "postgres://shop:s3cr3t-7@db:5432/shop"}}]}}},
            "Config": {"Env": ["API_KEY=s3cr3t-8", "LANG=C.UTF-8"], "Labels": {"auth": "s3cr3t-9"}}
        })
    }

    #[test]
    fn what_looks_secret_is_masked_wherever_it_stands() {
        let masked = read(&document(secrets()), false);
        assert!(!masked.contains("s3cr3t"), "{masked}");
        for kept in ["info", "secretKeyRef", "LANG=C.UTF-8", "--password=••••••", "shop:••••••@db:5432", "5f4dcc3b"]
        {
            assert!(masked.contains(kept), "{kept} in {masked}");
        }
    }

    #[test]
    fn revealed_it_is_the_whole_object() {
        let revealed = read(&document(secrets()), true);
        assert_eq!(serde_yaml_ng::from_str::<Value>(&revealed).expect("YAML"), secrets());
    }

    #[test]
    fn a_text_like_a_mark_is_shown_as_it_is() {
        let object = json!({"note": "masked-0", "env": [{"name": "PASSWORD", "value": "s3cr3t"}]});
        let document = document(object.clone());
        assert!(read(&document, false).contains("note: masked-0"), "{}", read(&document, false));
        assert_eq!(serde_yaml_ng::from_str::<Value>(&read(&document, true)).expect("YAML"), object);
    }

    fn anything() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![Just(Value::Null), any::<i64>().prop_map(Value::from), ".{0,30}".prop_map(Value::from)];
        leaf.prop_recursive(4, 40, 5, |inner| {
            let name = prop_oneof!["(name|value|env|labels|annotations|args|password)", ".{0,6}"];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(name, inner, 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_every_line_is_inert(object in anything()) {
            let document = document(object.clone());
            for line in read(&document, true).lines().chain(read(&document, false).lines()) {
                prop_assert!(line.chars().all(text::is_shown));
            }
            let inert = object.to_string().chars().all(text::is_shown) && !object.to_string().contains('\\');
            if inert {
                prop_assert_eq!(serde_yaml_ng::from_str::<Value>(&read(&document, true)).expect("YAML"), object);
            }
        }
    }
}
