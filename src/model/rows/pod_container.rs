//! A container of a pod, as a row of its own.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ContainerState, PodContainer};
use crate::model::{
    field::{Field, Tone},
    key::Key,
    severity::Severity,
    table::Row,
    value::{Kind, Value},
};

/// A container of a pod; derived from the pod's row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PodContainerRow {
    /// `cluster/namespace/pod/container`.
    pub key: Key,
    /// The cluster.
    pub cluster: Arc<str>,
    /// Namespace.
    pub namespace: Arc<str>,
    /// The pod's name.
    pub pod: Arc<str>,
    /// The container.
    pub container: PodContainer,
}

impl PodContainerRow {
    fn state(&self) -> (&str, Tone) {
        match &self.container.state {
            ContainerState::Waiting(reason) if matches!(&**reason, "ContainerCreating" | "PodInitializing") => {
                (reason, Tone::Warn)
            }
            ContainerState::Waiting(reason) => (reason, Tone::Bad),
            ContainerState::Running if self.container.ready => ("Running", Tone::Good),
            ContainerState::Running => ("Running", Tone::Warn),
            ContainerState::Terminated(end) if end.exit_code == 0 => (&end.reason, Tone::Dim),
            ContainerState::Terminated(end) => (&end.reason, Tone::Bad),
        }
    }
}

impl Row for PodContainerRow {
    const FIELDS: &'static [Field<Self>] = &[
        Field::<Self>::new("cluster", "CLUSTER", Kind::Text, "The cluster.", |r| Value::text(&r.cluster))
            .column(3, 7, 16),
        Field::<Self>::new("namespace", "NAMESPACE", Kind::Text, "Namespace.", |r| Value::text(&r.namespace))
            .alias(&["ns"])
            .column(3, 9, 24),
        Field::<Self>::new("pod", "POD", Kind::Text, "The pod.", |r| Value::text(&r.pod)).column(2, 12, 48),
        Field::<Self>::new("container", "CONTAINER", Kind::Text, "Name.", |r| Value::text(&r.container.name))
            .alias(&["name"])
            .column(0, 12, 40)
            .tone(|_, _| Tone::Accent),
        Field::<Self>::new("kind", "KIND", Kind::Text, "init, sidecar, app or ephemeral.", |r| {
            Value::text(r.container.kind.word())
        })
        .column(4, 4, 9),
        Field::<Self>::new("ready", "READY", Kind::Bool, "Whether it is ready.", |r| Value::Bool(r.container.ready))
            .column(1, 5, 5),
        Field::<Self>::new("state", "STATE", Kind::Text, "Running, or the reason why not.", |r| {
            Value::Text(r.state().0.to_owned().into())
        })
        .column(0, 8, 24)
        .tone(|r, _| r.state().1),
        Field::<Self>::new("restarts", "RESTARTS", Kind::Int, "Restarts, and when the last one was.", |r| {
            Value::Count(r.container.restarts, r.container.last.as_ref().and_then(|last| last.at))
        })
        .column(0, 8, 14)
        .tone(|r, _| if r.container.restarts > 0 { Tone::Warn } else { Tone::Plain }),
        Field::<Self>::new("last", "LAST", Kind::Text, "How its last run ended: reason and exit code.", |r| {
            r.container.last.as_ref().map_or(Value::Unknown, |last| Value::Text(last.text().into()))
        })
        .column(1, 8, 20),
        Field::<Self>::new("image", "IMAGE", Kind::Text, "Its image.", |r| Value::text(&r.container.image))
            .column(2, 12, 72),
    ];

    fn key(&self) -> &Key {
        &self.key
    }

    fn severity(&self, _: Timestamp) -> Severity {
        if self.state().1 == Tone::Bad { Severity::Critical } else { Severity::Ok }
    }
}
