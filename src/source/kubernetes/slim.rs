//! Kubernetes objects, as little of them as the tables need.
//!
//! Decoding only these fields costs a quarter of the memory and time of the full types. Whatever is absent, null or
//! of an unexpected form in an optional place is taken as absent; only an object without a name is refused.

use std::{collections::BTreeMap, fmt};

use compact_str::CompactString;
use jiff::Timestamp;
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

mod apps;
mod batch;
mod event;
mod node;
mod pod;

pub(crate) use apps::{DaemonSet, Deployment, StatefulSet};
pub(crate) use batch::{CronJob, Job};
pub(crate) use event::Event;
pub(crate) use node::Node;
pub(crate) use pod::{Container, ContainerStatus, EndedState, Pod, PodStatus, State};

/// A short text. Most names fit without an allocation.
pub(crate) type Text = CompactString;

/// Quantities by name, as written.
pub(crate) type Quantities = BTreeMap<Text, Text>;

/// What every object has.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Meta {
    pub(crate) name: Text,
    #[serde(default)]
    pub(crate) namespace: Text,
    #[serde(default)]
    pub(crate) uid: Text,
    #[serde(default)]
    pub(crate) resource_version: Text,
    #[serde(default, deserialize_with = "nullable")]
    pub(crate) labels: BTreeMap<Text, Text>,
    #[serde(default, deserialize_with = "time")]
    pub(crate) creation_timestamp: Option<Timestamp>,
    #[serde(default, deserialize_with = "time")]
    pub(crate) deletion_timestamp: Option<Timestamp>,
    #[serde(default)]
    pub(crate) generation: Option<i64>,
    #[serde(default, deserialize_with = "nullable")]
    pub(crate) owner_references: Vec<Owner>,
}

impl Meta {
    /// The object that manages this one.
    pub(crate) fn controller(&self) -> Option<&Owner> {
        self.owner_references.iter().find(|owner| owner.controller).or(self.owner_references.first())
    }
}

/// An owner reference.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Owner {
    pub(crate) kind: Text,
    pub(crate) name: Text,
    #[serde(default)]
    pub(crate) controller: bool,
}

/// A condition of anything.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Condition {
    #[serde(rename = "type")]
    pub(crate) kind: Text,
    #[serde(default)]
    pub(crate) status: Text,
    #[serde(default)]
    pub(crate) reason: Text,
    #[serde(default, deserialize_with = "time")]
    pub(crate) last_transition_time: Option<Timestamp>,
}

impl Condition {
    /// Whether it is of this type and true.
    pub(crate) fn holds(&self, kind: &str) -> bool {
        self.kind == kind && self.status == "True"
    }
}

/// An object of which only the version matters.
#[derive(Debug, Deserialize)]
pub(crate) struct Versioned {
    pub(crate) metadata: Version,
}

/// Where a list or watch stands.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Version {
    #[serde(default)]
    pub(crate) resource_version: String,
    #[serde(default, rename = "continue")]
    pub(crate) more: Option<String>,
}

/// A page of a list; its items are not decoded yet, so that one that cannot be does not spoil the others.
#[derive(Debug, Deserialize)]
pub(crate) struct Page<'a> {
    #[serde(default)]
    pub(crate) metadata: Version,
    #[serde(borrow, default, deserialize_with = "nullable")]
    pub(crate) items: Vec<&'a RawValue>,
}

/// One line of a watch.
#[derive(Debug, Deserialize)]
pub(crate) struct Change<'a> {
    #[serde(rename = "type")]
    pub(crate) kind: Text,
    #[serde(borrow)]
    pub(crate) object: &'a RawValue,
}

/// The body of an error.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Failure {
    #[serde(default)]
    pub(crate) code: u16,
    #[serde(default)]
    pub(crate) message: String,
}

/// `null` as the default.
pub(crate) fn nullable<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(decoder: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(decoder)?.unwrap_or_default())
}

/// A moment; absent when it is null or cannot be read.
pub(crate) fn time<'de, D: Deserializer<'de>>(decoder: D) -> Result<Option<Timestamp>, D::Error> {
    Ok(Option::<Text>::deserialize(decoder)?.and_then(|text| text.parse().ok()))
}

/// Quantities by name; a number is as good as a text.
pub(crate) fn quantities<'de, D: Deserializer<'de>>(decoder: D) -> Result<Quantities, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Amount {
        Text(Text),
        Whole(i64),
        Float(f64),
    }
    struct Amounts;
    impl<'de> Visitor<'de> for Amounts {
        type Value = Quantities;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("quantities by name")
        }
        fn visit_unit<E>(self) -> Result<Quantities, E> {
            Ok(Quantities::new())
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Quantities, A::Error> {
            let mut known = Quantities::new();
            while let Some(name) = map.next_key::<Text>()? {
                // The others (ephemeral-storage, huge pages, devices) are in no table.
                if matches!(&*name, "cpu" | "memory" | "pods") {
                    let amount = match map.next_value()? {
                        Amount::Text(text) => text,
                        Amount::Whole(number) => number.to_string().into(),
                        Amount::Float(number) => number.to_string().into(),
                    };
                    known.insert(name, amount);
                } else {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            Ok(known)
        }
    }
    decoder.deserialize_any(Amounts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{pod::Resources, *};

    #[test]
    fn a_page_keeps_its_items_undecoded() {
        let page: Page<'_> = serde_json::from_str(
            r#"{"kind":"PodList","metadata":{"resourceVersion":"42","continue":"abc","remainingItemCount":3},
                "items":[{"metadata":{"name":"a"}},{"metadata":17}]}"#,
        )
        .unwrap();
        assert_eq!((page.metadata.resource_version.as_str(), page.metadata.more.as_deref()), ("42", Some("abc")));
        assert!(serde_json::from_str::<Pod>(page.items[0].get()).is_ok());
        assert!(serde_json::from_str::<Pod>(page.items[1].get()).is_err());
        assert!(serde_json::from_str::<Page<'_>>(r#"{"metadata":{},"items":null}"#).unwrap().items.is_empty());
    }

    #[test]
    fn nulls_and_odd_moments_are_absent() {
        let pod: Pod = serde_json::from_str(
            r#"{"metadata":{"name":"a","creationTimestamp":null,"labels":null,"ownerReferences":null,"deletionTimestamp":"soon"},
                "spec":{"containers":null},"status":{"conditions":null,"containerStatuses":null}}"#,
        )
        .unwrap();
        assert!(pod.metadata.creation_timestamp.is_none() && pod.metadata.deletion_timestamp.is_none());
        assert!(pod.spec.containers.is_empty());
    }

    #[test]
    fn a_quantity_may_be_a_number() {
        let resources: Resources =
            serde_json::from_str(r#"{"requests":{"cpu":2,"memory":"1Gi","nvidia.com/gpu":{"odd":1}},"limits":null}"#)
                .unwrap();
        assert_eq!(resources.requests.get("cpu").map(Text::as_str), Some("2"));
        assert!(resources.limits.is_empty());
    }

    proptest! {
        #[test]
        fn no_text_makes_decoding_panic(text in ".{0,200}") {
            let _ = serde_json::from_str::<Pod>(&text);
            let _ = serde_json::from_str::<Page<'_>>(&text);
            let _ = serde_json::from_str::<Change<'_>>(&text);
        }
    }
}
