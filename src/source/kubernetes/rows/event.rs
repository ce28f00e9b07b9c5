//! An event's row.

use super::Reader;
use crate::{
    model::{rows::EventRow, text},
    source::kubernetes::slim::Event,
};

impl Reader {
    /// The row of an event.
    pub(super) fn event(&mut self, event: &Event) -> EventRow {
        let reporter =
            if event.reporting_component.is_empty() { &event.source.component } else { &event.reporting_component };
        let object = format!("{}/{}", event.involved_object.kind, event.involved_object.name);
        EventRow {
            key: self.key(&[&event.metadata.namespace, &event.metadata.name]),
            cluster: self.cluster.clone(),
            namespace: self.shared(&event.metadata.namespace),
            kind: self.shared(&event.kind),
            reason: self.shared(&event.reason),
            object: self.shared(&object),
            message: text::name(event.message.trim()).into_owned(),
            count: event.times(),
            first: event.first_timestamp.or(event.happened).or(event.metadata.creation_timestamp),
            last: event.last(),
            reporter: self.shared(reporter),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::source::kubernetes::{jobs::Ledger, status::Release};

    #[test]
    fn old_and_new_style_events_have_a_last_moment_and_a_count() {
        let mut reader = Reader::new("eqiad".into(), Release::Since35, Arc::new(Ledger::default()));
        let old: Event = serde_json::from_value(json!({
            "metadata": {"name": "web.1", "namespace": "mw-web", "creationTimestamp": "2026-11-01T00:00:00Z"}, "type": "Warning", "reason": "BackOff",
            "message": "Back-off\nrestarting", "involvedObject": {"kind": "Pod", "name": "web-1"}, "count": 12,
            "firstTimestamp": "2026-11-01T00:00:00Z", "lastTimestamp": "2026-11-01T02:00:00Z", "source": {"component": "kubelet"}
        })).unwrap();
        let row = reader.event(&old);
        assert_eq!(
            (row.count, row.last, &*row.reporter, &*row.object),
            (12, Some("2026-11-01T02:00:00Z".parse().unwrap()), "kubelet", "Pod/web-1")
        );
        assert_eq!(row.message, "Back-off·restarting");
        let new: Event = serde_json::from_value(json!({
            "metadata": {"name": "web.2", "namespace": "mw-web", "creationTimestamp": "2026-11-01T00:00:00Z"}, "lastTimestamp": null, "count": null,
            "eventTime": "2026-11-01T00:00:00.123456Z", "series": {"count": 4, "lastObservedTime": "2026-11-01T03:00:00Z"}, "reportingComponent": "scheduler"
        })).unwrap();
        let row = reader.event(&new);
        assert_eq!(
            (row.count, row.last, &*row.reporter),
            (4, Some("2026-11-01T03:00:00Z".parse().unwrap()), "scheduler")
        );
    }
}
