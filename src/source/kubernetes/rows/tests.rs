//! Objects of every kind with anything in them: read or refused, never a panic, and inert.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::model::table::Row;

/// Members that the slim structs know, with whatever a server may put there.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "(0|1|-1|250m|1Gi|1e99|99999999999999999999Ei|True|Running|2026-11-25T10:00:00Z)".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 80, 6, |inner| {
        let name = prop_oneof![
            "(name|namespace|labels|creationTimestamp|deletionTimestamp|ownerReferences|containers|initContainers)",
            "(resources|requests|limits|cpu|memory|nodeName|phase|reason|conditions|type|status|containerStatuses)",
            "(state|waiting|running|terminated|exitCode|signal|restartCount|lastState|startedAt|finishedAt|ready)",
            "(replicas|readyReplicas|updatedReplicas|template|spec|parallelism|completions|succeeded|failed|active)",
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name, inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Every cell of the rows as a person reads it.
fn cells<R: Row>(rows: Vec<R>) -> Vec<String> {
    let mut shown = Vec::new();
    for row in rows {
        for field in R::FIELDS {
            shown.push((field.get)(&row).show(jiff::Timestamp::UNIX_EPOCH).into_owned());
        }
    }
    shown
}

proptest! {
    #[test]
    fn whatever_a_server_lists_is_read_or_refused(
        name in any::<String>(),
        meta in anything(),
        spec in anything(),
        status in anything(),
    ) {
        let mut metadata = json!({"name": name, "namespace": "mw-web", "resourceVersion": "7", "uid": "u"});
        if let (Value::Object(all), Value::Object(more)) = (&mut metadata, meta) {
            all.extend(more);
        }
        let object = json!({"metadata": metadata, "spec": spec, "status": status}).to_string();
        let mut reader = Reader::new("eqiad".into(), Release::of_minor("33"), Arc::default());
        for kind in Kind::ALWAYS.into_iter().chain(Kind::ON_DEMAND) {
            let Ok(read) = reader.read(kind, &object) else { continue };
            let shown = match read.rows {
                RowSet::Pods(rows) => cells(rows),
                RowSet::ClusterNodes(rows) => cells(rows),
                RowSet::Events(rows) => cells(rows),
                RowSet::Jobs(rows) => cells(rows),
                RowSet::Workloads(rows) => cells(rows),
                _ => Vec::new(),
            };
            prop_assert!(!shown.is_empty());
            for cell in shown {
                prop_assert!(cell.chars().all(text::is_shown), "{:?}", cell);
            }
        }
    }
}
