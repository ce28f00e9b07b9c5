//! Derived rows follow their base, keep their slots, and cost nothing while nothing changed.

use super::*;
use crate::model::{
    fixtures::{ago, cluster, cluster_node, now, pod, pod_container, put},
    health::{Health, State},
    rows::{Boot, ContainerRow, NodeRow, WorkloadRow},
    severity::Severity,
    table::{Presence, Row},
    value::Value,
};

fn container(id: &str, project: &str, service: &str, state: &str) -> ContainerRow {
    let mut row = ContainerRow::unknown(&"lab".into(), id, &format!("{project}-{service}-1"));
    (row.project, row.service, row.state) = (Some(project.into()), Some(service.into()), state.into());
    (row.cpu, row.memory, row.restarts) = (Some(10.0), Some(1 << 20), Some(1));
    row
}

#[test]
fn a_project_is_the_sum_of_its_containers() {
    let source = SourceId::new("docker", "lab");
    let mut store = Store::default();
    let mut derived = Derived::default();
    let mut idle = container("3", "shop", "db", "exited");
    (idle.cpu, idle.exit_code) = (None, Some(1));
    let alone = ContainerRow::unknown(&"lab".into(), "4", "alone");
    let rows = vec![container("1", "shop", "web", "running"), container("2", "wiki", "web", "running"), idle, alone];
    put(&mut store, &source, RowSet::Containers(rows));
    derived.refresh(&mut store, TableId::Projects, now());
    let shop = store.projects.get(&"lab/shop".into()).expect("the project");
    assert_eq!((shop.running, shop.total, shop.services, shop.restarts), (1, 2, 2, 2));
    assert_eq!((shop.cpu, shop.memory, shop.worst), (Some(10.0), Some(2 << 20), Severity::Warning));
    assert_eq!(store.projects.len(), 2);
    assert_eq!(Rows::source(&store.projects, 0), Some(&source));

    let generation = store.projects.generation();
    derived.refresh(&mut store, TableId::Projects, now());
    assert_eq!(store.projects.generation(), generation, "nothing changed");

    let slot = store.projects.slot(&"lab/wiki".into()).expect("a slot");
    store.containers.remove(&"lab/1".into(), now());
    store.containers.remove(&"lab/3".into(), now());
    derived.refresh(&mut store, TableId::Projects, now());
    assert_eq!(store.projects.slot(&"lab/wiki".into()), Some(slot));
    assert_eq!(store.projects.len(), 1, "a project without containers is gone");
    store.containers.remove(&"lab/2".into(), now());
    derived.refresh(&mut store, TableId::Projects, now());
    assert_eq!(store.projects.len(), 0, "so is the last one of its source");
}

#[test]
fn a_drill_derives_the_containers_of_its_pod_only() {
    let mut store = Store::default();
    let mut derived = Derived::default();
    let mut web = pod("eqiad", "mw-web", "web-1");
    web.containers = [pod_container("php"), pod_container("httpd")].into();
    put(&mut store, &cluster("eqiad"), RowSet::Pods(vec![web, pod("eqiad", "mw-web", "web-2")]));
    assert_eq!(pod_containers(&store, None).len(), 3);
    assert_eq!(pod_containers(&store, Some(&"eqiad/none".into())).len(), 0);

    derived.refresh_containers_of(&mut store, &"eqiad/mw-web/web-1".into(), now());
    let names: Vec<_> = store.pod_containers.iter().map(|row| row.key.to_string()).collect();
    assert_eq!(names, ["eqiad/mw-web/web-1/php", "eqiad/mw-web/web-1/httpd"]);
    derived.refresh_containers_of(&mut store, &"eqiad/mw-web/web-2".into(), now());
    assert_eq!(store.pod_containers.len(), 1);
    assert!(matches!(store.pod_containers.presence(0), Some(Presence::Ghost(_))));
    derived.refresh(&mut store, TableId::PodContainers, now());
    assert_eq!(store.pod_containers.len(), 3);
}

#[test]
fn sources_follow_their_health() {
    let mut store = Store::default();
    let mut derived = Derived::default();
    let mut report = Health { source: cluster("eqiad"), state: State::Live, since: ago(9), message: String::new() };
    store.apply(Delta::Health(report.clone()), now());
    derived.refresh(&mut store, TableId::Sources, now());
    let generation = store.sources.generation();
    derived.refresh(&mut store, TableId::Sources, now());
    assert_eq!(store.sources.generation(), generation);
    report.state = State::Unreachable;
    store.apply(Delta::Health(report), now());
    derived.refresh(&mut store, TableId::Sources, now());
    assert_eq!(store.sources.at(0).map(|row| row.severity(now())), Some(Severity::Critical));
}

fn workload_row(kind: &str, name: &str) -> WorkloadRow {
    WorkloadRow {
        key: Key::of(&["eqiad", "mw-web", kind, name]),
        cluster: "eqiad".into(),
        namespace: "mw-web".into(),
        kind: kind.into(),
        name: name.into(),
        desired: 2,
        ready: 2,
        updated: 2,
        available: 2,
        rolling: false,
        stuck: false,
        restarts: 0,
        images: Vec::new(),
        created: None,
        labels: [].into(),
    }
}

#[test]
fn restarts_and_pods_are_summed_where_they_belong() {
    let mut store = Store::default();
    let mut derived = Derived::default();
    let owned = |name: &str, owner: &str, restarts, node: Option<&str>| {
        let mut row = pod("eqiad", "mw-web", name);
        (row.owner, row.restarts, row.node) = (Some(owner.into()), restarts, node.map(Into::into));
        row
    };
    let mut done = owned("done", "Job/x", 0, Some("n1"));
    done.status = "Completed".into();
    let pods = vec![
        owned("a", "ReplicaSet/main-7f65d", 3, Some("n1")),
        owned("b", "ReplicaSet/main-55555", 4, Some("n1")),
        owned("c", "StatefulSet/main", 9, None),
        done,
    ];
    let workloads = vec![workload_row("Deployment", "main"), workload_row("StatefulSet", "main")];
    let nodes = vec![cluster_node("eqiad", "n1"), cluster_node("eqiad", "n2"), cluster_node("codfw", "n1")];
    put(&mut store, &cluster("eqiad"), RowSet::Workloads(workloads.clone()));
    put(&mut store, &cluster("eqiad"), RowSet::ClusterNodes(nodes));
    put(&mut store, &cluster("eqiad"), RowSet::Pods(pods));
    derived.refresh(&mut store, TableId::Workloads, now());
    derived.refresh(&mut store, TableId::ClusterNodes, now());
    let restarts = |store: &Store| store.workloads.iter().map(|row| row.restarts).collect::<Vec<_>>();
    assert_eq!(restarts(&store), [7, 9]);
    let pods: Vec<_> = store.cluster_nodes.iter().map(|row| row.pods).collect();
    assert_eq!(pods, [Some(2), Some(0), None], "of codfw no pod is known");

    let generation = store.workloads.generation();
    derived.refresh(&mut store, TableId::Workloads, now());
    assert_eq!(store.workloads.generation(), generation);
    put(&mut store, &cluster("eqiad"), RowSet::Workloads(workloads));
    derived.refresh(&mut store, TableId::Workloads, now());
    assert_eq!(restarts(&store), [7, 9], "a workload that was told again keeps its sum");
}

#[test]
fn a_replica_set_belongs_to_its_deployment() {
    let workload_of = |owner: &str| {
        let mut row = pod("eqiad", "ns", "p");
        row.owner = Some(owner.into());
        row.workload().map(|(kind, name)| format!("{kind}/{name}"))
    };
    assert_eq!(workload_of("ReplicaSet/mw-web.eqiad.main-7f65d").as_deref(), Some("Deployment/mw-web.eqiad.main"));
    assert_eq!(workload_of("DaemonSet/node-exporter").as_deref(), Some("DaemonSet/node-exporter"));
    assert_eq!(workload_of("odd"), None);
}

#[test]
fn footers_sum_what_is_shown() {
    let mut store = Store::default();
    let status = |name: &str, status: &str, cpu| {
        let mut row = pod("eqiad", "ns", name);
        (row.status, row.cpu) = (status.into(), cpu);
        row
    };
    let pods = vec![
        status("a", "Running", Some(250)),
        status("b", "Running", None),
        status("c", "Init:0/2", None),
        status("d", "Init:CrashLoopBackOff", Some(1000)),
        status("e", "Completed", None),
    ];
    put(&mut store, &cluster("eqiad"), RowSet::Pods(pods));
    let shown = |slots: &[u32]| {
        let sums = sums(&store.pods, slots);
        sums.iter().map(|sum| format!("{} {}", sum.label, sum.value.show(now()))).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(shown(&[0, 1, 2, 3, 4]), "running 2, pending 1, completed 1, failed 1, cpu 1.2, memory –");
    assert_eq!(shown(&[0]), "running 1, pending 0, completed 0, failed 0, cpu 250m, memory –");
    assert_eq!(shown(&[]), "running 0, pending 0, completed 0, failed 0, cpu –, memory –");
}

#[test]
fn every_sum_reads_a_field_that_exists() {
    // A field of another name would read as unknown without a word: every label of a filled row must be known.
    let mut store = Store::default();
    let mut node = crate::model::rows::NodeRow::unknown("h1");
    (node.cpu, node.memory_used, node.memory_total) = (Some(50.0), Some(1), Some(2));
    (node.failed_units, node.fullest) = (Some(0), Some(("/".into(), 1.0)));
    put(&mut store, &SourceId::new("host", "h1"), RowSet::Nodes(vec![node]));
    put(
        &mut store,
        &SourceId::new("docker", "lab"),
        RowSet::Containers(vec![container("1", "shop", "web", "running")]),
    );
    let mut derived = Derived::default();
    derived.refresh(&mut store, TableId::Projects, now());
    let mut on_cluster = cluster_node("eqiad", "n1");
    (on_cluster.cpu, on_cluster.memory) = (Some(1), Some(1));
    put(&mut store, &cluster("eqiad"), RowSet::ClusterNodes(vec![on_cluster]));
    let mut well = pod("eqiad", "ns", "a");
    (well.cpu, well.memory) = (Some(1), Some(1));
    put(&mut store, &cluster("eqiad"), RowSet::Pods(vec![well]));
    put(&mut store, &cluster("eqiad"), RowSet::Workloads(vec![workload_row("Deployment", "main")]));
    for table in [TableId::Nodes, TableId::Containers, TableId::Projects, TableId::ClusterNodes, TableId::Pods] {
        for sum in sums(store.rows(table), &[0]) {
            assert!(!sum.value.is_unknown(), "{}: {}", table.name(), sum.label);
        }
    }
    let ready = sums(&store.cluster_nodes, &[0]).into_iter().find(|sum| sum.label == "ready").map(|sum| sum.value);
    assert_eq!(ready, Some(Value::Int(1)));
}

/// A machine and a node of a cluster that report these boot ids.
fn faced(machine: &str, node: &str) -> (Store, Derived) {
    let boot = |digit: &str| Boot::new(&digit.repeat(32), "");
    let mut row = NodeRow::unknown("node1");
    row.boot = boot(machine);
    let mut on_cluster = cluster_node("eqiad", "node1");
    on_cluster.boot = boot(node);
    let mut store = Store::default();
    put(&mut store, &SourceId::new("host", "node1"), RowSet::Nodes(vec![row]));
    put(&mut store, &cluster("eqiad"), RowSet::ClusterNodes(vec![on_cluster]));
    let mut bound = pod("eqiad", "ns", "a");
    bound.node = Some("node1".into());
    put(&mut store, &cluster("eqiad"), RowSet::Pods(vec![bound]));
    let mut derived = Derived::default();
    derived.refresh(&mut store, TableId::Nodes, now());
    (store, derived)
}

#[test]
fn a_machine_shows_what_its_cluster_says_and_a_name_is_no_proof() {
    let (store, _) = faced("a", "a");
    let face = store.nodes.get(&"node1".into()).and_then(|row| row.face.clone()).expect("a face");
    assert_eq!((&*face.cluster, &*face.status, face.pods), ("eqiad", "Ready", Some(1)));
    let (store, _) = faced("a", "b");
    assert_eq!(store.nodes.get(&"node1".into()).expect("the machine").face, None);
}

#[test]
fn a_face_follows_its_cluster_is_stale_alone_and_goes_with_the_node() {
    let (mut store, mut derived) = faced("a", "a");
    let eqiad = cluster("eqiad");
    let mut look = |store: &mut Store| {
        derived.refresh(store, TableId::Nodes, now());
        store.nodes.get(&"node1".into()).expect("the machine").clone()
    };
    let health =
        |state| Delta::Health(Health { source: cluster("eqiad"), state, since: now(), message: String::new() });
    store.apply(health(State::Live), now());
    let mut node = store.cluster_nodes.get(&"eqiad/node1".into()).expect("the node").clone();
    node.status = "NotReady".into();
    let scope = Scope::all(&eqiad, TableId::ClusterNodes);
    store.apply(Delta::Upsert(scope.clone(), RowSet::ClusterNodes(vec![node])), now());
    let row = look(&mut store);
    assert_eq!(row.severity(now()), Severity::Critical);
    store.apply(health(State::Unreachable), now());
    let row = look(&mut store);
    assert!(row.face.as_ref().is_some_and(|face| face.is_stale));
    assert_eq!(row.severity(now()), Severity::Ok, "an old word is no trouble of today");
    // What the machine itself tells anew leaves the face alone.
    let mut told = NodeRow::unknown("node1");
    (told.boot, told.cpu) = (row.boot.clone(), Some(1.0));
    let host = Scope::all(&SourceId::new("host", "node1"), TableId::Nodes);
    store.apply(Delta::Upsert(host, RowSet::Nodes(vec![told])), now());
    assert!(store.nodes.get(&"node1".into()).is_some_and(|row| row.face.is_some() && row.cpu.is_some()));
    let generation = {
        look(&mut store);
        store.nodes.generation()
    };
    look(&mut store);
    assert_eq!(store.nodes.generation(), generation, "nothing changed");
    store.apply(Delta::Remove(scope, "eqiad/node1".into()), now());
    assert_eq!(look(&mut store).face, None);
}

#[test]
fn a_group_is_the_sum_of_its_machines_and_one_in_two_groups_counts_in_both() {
    let mut store = Store::default();
    let mut derived = Derived::default();
    let machine = |name: &str, groups: Option<&str>, cpu: f64, cores: u32| {
        let mut row = NodeRow::unknown(name);
        (row.groups, row.cpu, row.cores) = (groups.map(Into::into), Some(cpu), Some(cores));
        (row.memory_used, row.memory_total) = (Some(1 << 30), Some(4 << 30));
        row.fullest = Some(("/".into(), cpu));
        row
    };
    let mut broken = machine("h2", Some("web,prod"), 90.0, 1);
    (broken.failed_units, broken.reboot) = (Some(2), Some(true));
    let unknown = NodeRow { groups: Some("db".into()), ..NodeRow::unknown("h4") };
    for row in [machine("h1", Some("web"), 10.0, 3), broken, machine("h3", None, 50.0, 2), unknown] {
        let source = SourceId::new("host", &row.name);
        let state = if &*row.name == "h2" { State::Unreachable } else { State::Polling };
        store.apply(
            Delta::Health(Health { source: source.clone(), state, since: now(), message: String::new() }),
            now(),
        );
        put(&mut store, &source, RowSet::Nodes(vec![row]));
    }
    derived.refresh(&mut store, TableId::Groups, now());
    let group = |name: &str| store.groups.get(&name.into()).expect("a group").clone();
    let web = group("web");
    assert_eq!((web.live, web.total, web.failed_units, web.reboot, web.cores), (1, 2, Some(2), Some(1), Some(4)));
    assert_eq!((web.cpu, web.memory_used, web.memory_total), (Some(30.0), Some(2 << 30), Some(8 << 30)));
    assert_eq!(web.fullest, Some(("h2:/".into(), 90.0)));
    assert_eq!((group("prod").total, group("(no group)").total), (1, 1));
    let db = group("db");
    assert_eq!((db.total, db.live, db.cpu, db.failed_units, db.fullest), (1, 1, None, None, None));
    let generation = store.groups.generation();
    derived.refresh(&mut store, TableId::Groups, now());
    assert_eq!(store.groups.generation(), generation, "nothing changed");
    let health =
        Health { source: SourceId::new("host", "h2"), state: State::Polling, since: now(), message: String::new() };
    store.apply(Delta::Health(health), now());
    derived.refresh(&mut store, TableId::Groups, now());
    assert_eq!(store.groups.get(&"web".into()).map(|row| row.live), Some(2), "it answers again");
}
