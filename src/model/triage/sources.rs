//! Sources that fail: what is known of their systems is old.

use super::{
    Seen,
    cases::{Case, Cases},
};
use crate::model::{rows::Subject, severity::Severity, store::TableId};

pub(super) fn find(seen: &Seen, cases: &mut Cases) {
    for health in seen.store.health.values().filter(|health| health.state.is_fault()) {
        let word = health.state.word();
        cases.add(Case {
            rule: "source",
            severity: Severity::Critical,
            place: health.source.name().into(),
            cause: health.source.kind().into(),
            object: health.source.to_string(),
            group: health.source.to_string(),
            title: word.into(),
            name: String::new(),
            evidence: if health.message.is_empty() { format!("the source is {word}") } else { health.message.clone() },
            since: Some(health.since),
            subject: Subject { table: TableId::Sources, key: health.source.as_str().into() },
            count: 1,
        });
    }
}
