//! Rows for tests: well in every respect, to be changed where a test wants it otherwise.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{
    delta::{Delta, Scope},
    key::{Key, SourceId},
    rows::{
        ClusterNodeRow, ContainerKind, ContainerState, JobKind, JobRow, Outcome, PodContainer, PodRow, Restarts,
        Termination,
    },
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
        datacentre: None,
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
        labels: Arc::from([("app".into(), "web".into())]),
        containers: Arc::from([pod_container("main")]),
    }
}

/// A container of a pod that runs and is ready.
pub(crate) fn pod_container(name: &str) -> PodContainer {
    PodContainer {
        name: name.into(),
        image: "registry.example.org/web:1".into(),
        kind: ContainerKind::App,
        state: ContainerState::Running,
        ready: true,
        restarts: 0,
        last: None,
    }
}

/// The end of a container.
pub(crate) fn termination(reason: &str, exit_code: i32, at: Timestamp) -> Termination {
    Termination { reason: reason.into(), exit_code, at: Some(at) }
}

/// A node that is ready.
pub(crate) fn cluster_node(cluster: &str, name: &str) -> ClusterNodeRow {
    let empty: Arc<str> = "".into();
    ClusterNodeRow {
        key: Key::of(&[cluster, name]),
        cluster: cluster.into(),
        name: name.into(),
        status: "Ready".into(),
        status_since: Some(ago(86_400)),
        roles: "<none>".into(),
        version: "v1.33.1".into(),
        kernel: empty.clone(),
        os: empty.clone(),
        runtime: empty.clone(),
        ip: empty.clone(),
        pressure: empty,
        taints: 0,
        pods: None,
        pods_allocatable: Some(110),
        cpu_allocatable: Some(4000),
        memory_allocatable: Some(8 << 30),
        cpu: None,
        memory: None,
        boot: None,
        created: Some(ago(86_400)),
        labels: Arc::from([]),
    }
}

/// A job that is complete.
pub(crate) fn job(cluster: &str, namespace: &str, kind: JobKind, name: &str) -> JobRow {
    let word = if kind == JobKind::Job { "Job" } else { "CronJob" };
    JobRow {
        key: Key::of(&[cluster, namespace, word, name]),
        cluster: cluster.into(),
        namespace: namespace.into(),
        kind,
        name: name.into(),
        owner: None,
        outcome: Outcome::Complete,
        completions: (1, 1),
        active: 0,
        failed: 0,
        reason: None,
        started: Some(ago(600)),
        duration: Some(60),
        median: None,
        succeeded: Some(ago(540)),
        schedule: None,
        created: Some(ago(86_400)),
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
