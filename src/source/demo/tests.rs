//! The simulated fleet: the same from the same seed, as large as asked for, with every trouble in it.

use std::collections::BTreeSet;

use super::*;
use crate::model::{
    health::State,
    key::{Key, SourceId},
    query::{Answer, AskId, LogQuery, Query},
    severity::Severity,
    store::{Store, TableId},
    table::Row,
};

fn now() -> Timestamp {
    Timestamp::from_second(1_780_000_000).expect("a moment")
}

fn after(seconds: f64) -> Timestamp {
    now() + Duration::from_secs_f64(seconds)
}

/// The console's knowledge after so many seconds in steps of a quarter.
fn run(shape: &Shape, seconds: u32) -> (Demo, Store) {
    let (mut demo, mut store) = (Demo::new(shape), Store::default());
    for delta in demo.start(now()) {
        store.apply(delta, now());
    }
    for step in 1..=seconds * 4 {
        let at = after(f64::from(step) / 4.0);
        for delta in demo.step(at, Duration::from_millis(250)) {
            store.apply(delta, at);
        }
    }
    (demo, store)
}

fn world(shape: &Shape, seconds: u32) -> Vec<String> {
    let mut demo = Demo::new(shape);
    let start = format!("{:?}", demo.start(now()));
    let mut step = |second: u32| format!("{:?}", demo.step(after(second.into()), Duration::from_secs(1)));
    std::iter::once(start).chain((1..=seconds).map(&mut step)).collect()
}

#[test]
fn the_same_seed_is_the_same_world_and_another_is_another() {
    let shape = Shape { pods: 300, ..Shape::default() };
    let first = world(&shape, 60);
    assert!(first == world(&shape, 60));
    assert!(first != world(&Shape { seed: 2, ..shape }, 60));
}

#[test]
fn sizes_are_as_asked() {
    for (hosts, containers, pods) in [(0, 0, 0), (1, 1, 1), (3, 13, 7), (12, 24, 1500), (40, 100, 5000)] {
        let shape = Shape { hosts, containers, pods, ..Shape::default() };
        let (_, store) = run(&shape, 0);
        assert_eq!(store.nodes.iter().count(), hosts);
        assert_eq!(store.containers.iter().count(), containers);
        assert_eq!(store.pods.iter().count(), pods);
    }
}

#[test]
fn every_table_that_a_source_fills_has_rows() {
    let (_, store) = run(&Shape::default(), 0);
    for &table in TableId::ALL {
        // These are derived by the console from the others.
        if !matches!(table, TableId::Findings | TableId::Sources | TableId::PodContainers | TableId::Groups) {
            assert!(!store.rows(table).is_empty(), "{}", table.name());
        }
    }
    assert!(store.nodes.iter().all(|node| node.cpu_history.len() == 60 && node.memory_percent().is_some()));
}

#[test]
fn every_shape_of_trouble_is_there_from_the_start() {
    let (_, store) = run(&Shape::default(), 0);
    let pods: BTreeSet<&str> = store.pods.iter().map(|pod| &*pod.status).collect();
    for status in [
        "Running",
        "Pending",
        "ContainerCreating",
        "CrashLoopBackOff",
        "Error",
        "OOMKilled",
        "ErrImagePull",
        "ImagePullBackOff",
        "CreateContainerConfigError",
        "Init:0/1",
        "Init:CrashLoopBackOff",
        "Terminating",
        "Completed",
        "Evicted",
    ] {
        assert!(pods.contains(status), "{status} is missing in {pods:?}");
    }
    let states: BTreeSet<&str> = store.containers.iter().map(|container| &*container.state).collect();
    for state in ["running", "paused", "restarting", "exited", "created"] {
        assert!(states.contains(state), "{state} is missing in {states:?}");
    }
    assert!(store.containers.iter().any(|container| container.health.as_deref() == Some("unhealthy")));
    assert!(store.containers.iter().any(|container| container.oom_killed == Some(true)));
    assert!(store.cluster_nodes.iter().any(|node| !node.is_ready()));
    assert!(store.cluster_nodes.iter().any(|node| !node.pressure.is_empty()));
    assert!(store.disks.iter().any(|disk| disk.severity(now()) == Severity::Critical));
    assert!(store.nodes.iter().any(|node| node.busy.is_some() && node.severity(now()) == Severity::Warning));
    assert!(store.units.iter().any(|unit| &*unit.active == "failed"));
    assert!(store.processes.iter().any(|process| process.state == 'D'));
    let outcomes: BTreeSet<String> = store.jobs.iter().map(|job| format!("{:?}", job.outcome)).collect();
    assert!(["Complete", "Failed", "Waiting"].iter().all(|outcome| outcomes.contains(*outcome)), "{outcomes:?}");
    assert!(store.workloads.iter().any(|workload| workload.ready < workload.desired));
    let wrong = store.pods.iter().filter(|pod| pod.severity(now()).is_wrong()).count();
    assert!((5..100).contains(&wrong), "{wrong} of 1500 pods are in trouble");
}

#[test]
fn the_farm_is_there_with_eight_containers_a_pod() {
    let (_, store) = run(&Shape::default(), 0);
    let names = |of: &str| store.pods.iter().filter(|pod| &*pod.namespace == of).count();
    for namespace in ["mw-web", "mw-api-ext", "mw-api-int", "mw-jobrunner", "mw-debug"] {
        assert!(names(namespace) > 5, "{namespace}");
    }
    let web = store.pods.iter().find(|pod| &*pod.namespace == "mw-web" && &*pod.cluster == "eqiad").expect("a pod");
    assert!(web.name.starts_with("mw-web.eqiad."), "{}", web.name);
    assert_eq!(web.containers_total, 8);
    let nodes: BTreeSet<_> = store.cluster_nodes.iter().map(|node| node.name.clone()).collect();
    assert!(store.pods.iter().filter_map(|pod| pod.node.clone()).all(|node| nodes.contains(&node)));
    assert!(store.nodes.iter().any(|host| nodes.contains(&host.name)), "a cluster's node is a machine too");
}

#[test]
fn the_world_goes_on_and_keeps_its_size() {
    let shape = Shape { pods: 400, changes_per_second: 200.0, ..Shape::default() };
    let (_, early) = run(&shape, 0);
    let (_, late) = run(&shape, 170);
    let names = |store: &Store| -> BTreeSet<Key> { store.pods.iter().map(|pod| pod.key.clone()).collect() };
    let (before, later) = (names(&early), names(&late));
    assert!(before.difference(&later).count() > 10, "pods come and go");
    assert!((390..=400).contains(&later.len()), "{} pods; some are being replaced", later.len());
    let restarts = |store: &Store| store.pods.iter().map(|pod| pod.restarts).sum::<u32>();
    assert_ne!(restarts(&early), restarts(&late));
    assert!(late.events.iter().count() <= 600, "events are bounded");
    let ready = |store: &Store| store.pods.iter().filter(|pod| &*pod.status == "Running").count();
    assert!(ready(&late) * 10 > ready(&early) * 8, "and most of it is well: {} of {}", ready(&late), ready(&early));
}

#[test]
fn one_cluster_falls_silent_and_comes_back() {
    let shape = Shape { pods: 50, hosts: 1, containers: 1, ..Shape::default() };
    let codfw = SourceId::new("kubernetes", "codfw");
    assert_eq!(run(&shape, 100).1.state(&codfw), State::Live);
    assert_eq!(run(&shape, 200).1.state(&codfw), State::Stale);
    assert_eq!(run(&shape, 240).1.state(&codfw), State::Live);
}

#[test]
fn changes_come_at_the_rate_that_was_asked_for() {
    let shape = Shape { pods: 2000, hosts: 0, containers: 0, changes_per_second: 1000.0, ..Shape::default() };
    let mut demo = Demo::new(&shape);
    demo.start(now());
    let mut rows = 0;
    for step in 1..=40 {
        for delta in demo.step(after(f64::from(step) / 4.0), Duration::from_millis(250)) {
            if let Delta::Upsert(scope, set) = delta
                && scope.table == TableId::Pods
            {
                rows += set.len();
            }
        }
    }
    // Ten seconds; healing and going on by itself come on top.
    assert!((9_900..11_000).contains(&rows), "{rows}");
}

#[tokio::test]
async fn as_sources_they_fill_the_store_and_answer() {
    use crate::source::{Ask, Demand, Inbox, Reply};
    use tokio::sync::{mpsc, watch};
    use tokio_util::sync::CancellationToken;

    let shape = Shape { pods: 60, hosts: 2, containers: 3, ..Shape::default() };
    let sources = Demo::new(&shape).into_sources();
    let ids: BTreeSet<SourceId> = sources.iter().map(|source| source.id()).collect();
    assert_eq!(ids.len(), sources.len());
    let (inbox, stop, mut store) = (Inbox::default(), CancellationToken::new(), Store::default());
    let (_demand, wanted) = watch::channel(Demand::default());
    let mut asks = std::collections::BTreeMap::new();
    for source in sources {
        let (sender, receiver) = mpsc::channel(4);
        let outlet = inbox.outlet(source.id());
        asks.insert(source.id(), sender);
        tokio::spawn(source.run(outlet, wanted.clone(), receiver, stop.clone()));
    }
    while store.pods.iter().count() < 60 || store.nodes.iter().count() < 2 {
        for delta in inbox.take(1000).await {
            store.apply(delta, Timestamp::now());
        }
    }
    let (source, pod) = store.pods.iter_with_source().next().expect("a pod");
    let (key, asked) = (pod.key.clone(), &asks[source]);
    let ask = async |query: Query| {
        let (sender, mut answers) = mpsc::channel(4);
        let reply = Reply::new(AskId(7), sender);
        let ask = Ask { id: AskId(7), query, reply, cancel: CancellationToken::new() };
        asked.send(ask).await.expect("it listens");
        answers.recv().await.expect("an answer").1
    };
    for query in [
        Query::Details(TableId::Pods, key.clone()),
        Query::Yaml(TableId::Pods, key.clone()),
        Query::Events(TableId::Pods, key.clone()),
    ] {
        let Answer::Document(document) = ask(query.clone()).await else { panic!("{query:?}") };
        assert!(format!("{document:?}").contains("DEMO"), "{query:?}");
    }
    let logs = LogQuery {
        table: TableId::Pods,
        keys: vec![key],
        container: None,
        previous: false,
        since: None,
        tail: 5,
        follow: true,
    };
    let Answer::Lines(lines) = ask(Query::Logs(logs)).await else { panic!("lines") };
    assert_eq!(lines.len(), 5);
    assert!(lines.iter().all(|line| line.text.contains("DEMO")) && lines.windows(2).all(|two| two[0].at < two[1].at));
    assert!(matches!(ask(Query::Details(TableId::Pods, "eqiad/x/gone".into())).await, Answer::Failed(_)));
    stop.cancel();
}
