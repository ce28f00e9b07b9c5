//! Compose projects, summed over their containers.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::model::{
    key::{Key, SourceId},
    rows::{ContainerRow, ProjectRow},
    severity::Severity,
    store::Store,
    table::Row,
};

/// The projects, by the source of their containers.
pub(super) fn projects(store: &Store, now: Timestamp) -> BTreeMap<(SourceId, Option<Key>), Vec<ProjectRow>> {
    let mut members: BTreeMap<(&SourceId, &str, &str), Vec<&ContainerRow>> = BTreeMap::new();
    for (source, row) in store.containers.iter_with_source() {
        if let Some(project) = row.project.as_deref() {
            members.entry((source, &row.engine, project)).or_default().push(row);
        }
    }
    let mut groups: BTreeMap<_, Vec<ProjectRow>> = BTreeMap::new();
    for ((source, engine, project), containers) in members {
        groups.entry((source.clone(), None)).or_default().push(sum(engine, project, &containers, now));
    }
    groups
}

fn sum(engine: &str, project: &str, containers: &[&ContainerRow], now: Timestamp) -> ProjectRow {
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let services: BTreeSet<_> = containers.iter().filter_map(|row| row.service.as_deref()).collect();
    ProjectRow {
        key: Key::of(&[engine, project]),
        engine: engine.into(),
        project: project.into(),
        running: count(containers.iter().filter(|row| row.is_running()).count()),
        total: count(containers.len()),
        services: count(services.len()),
        cpu: containers.iter().filter_map(|row| row.cpu).reduce(|a, b| a + b),
        memory: containers.iter().filter_map(|row| row.memory).reduce(|a, b| a + b),
        restarts: containers.iter().filter_map(|row| row.restarts).sum(),
        worst: containers.iter().map(|row| row.severity(now)).max().unwrap_or(Severity::Ok),
    }
}
