//! Rows for tests: well in every respect, to be changed where a test wants it otherwise.

use jiff::{SignedDuration, Timestamp};

use super::{
    delta::{Delta, Scope},
    key::{Key, SourceId},
    rows::{ContainerKind, ContainerState, PodContainer, PodRow, Restarts},
    store::{RowSet, Store},
};

/// The moment at which tests take place.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_second(1_790_000_000).expect("a moment")
}

/// So many seconds before [`now`].
pub(crate) fn ago(seconds: i64) -> Timestamp {
    now() - SignedDuration::from_secs(seconds)
}

/// A pod that runs, with one ready container.
pub(crate) fn pod(cluster: &str, namespace: &str, name: &str) -> PodRow {
    PodRow {
        key: Key::of(&[cluster, namespace, name]),
        cluster: cluster.into(),
        namespace: namespace.into(),
        name: name.into(),
        uid: format!("uid-{cluster}-{namespace}-{name}").into(),
        status: "Running".into(),
        ready: 1,
        containers_total: 1,
        restarts: 0,
        restarted: None,
        recent: Restarts::default(),
        last: None,
        cpu: None,
        memory: None,
        cpu_request: None,
        memory_limit: None,
        node: Some("n1".into()),
        ip: "10.0.0.1".into(),
        owner: Some("ReplicaSet/web-7f65d".into()),
        created: Some(ago(86_400)),
        unready_since: None,
        deleted: None,
        labels: Box::from([("app".into(), "web".into())]),
        containers: Box::from([pod_container("main")]),
    }
}

/// A container of a pod that runs and is ready.
pub(crate) fn pod_container(name: &str) -> PodContainer {
    PodContainer {
        name: name.into(),
        image: "registry.example.org/web:1".into(),
        kind: ContainerKind::App,
        state: ContainerState::Running(Some(ago(3600))),
        ready: true,
        restarts: 0,
        last: None,
    }
}

/// Puts rows into the store, as a source that lists everything.
pub(crate) fn put(store: &mut Store, source: &SourceId, rows: RowSet) {
    let scope = Scope::all(source, rows.table());
    store.apply(Delta::Upsert(scope, rows), now());
}

/// The source `kubernetes:NAME`.
pub(crate) fn cluster(name: &str) -> SourceId {
    SourceId::new("kubernetes", name)
}
