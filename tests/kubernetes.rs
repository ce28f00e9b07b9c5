//! The Kubernetes source against the lab's real API servers (`tests/lab/up`); skipped unless `RONDE_LAB` names the lab's state.
//!
//! The judge is the server itself: its own printed table, its own answers. Faults are made on the way to the server, by a
//! proxy of this test, so that the lab stays well for others.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

#[path = "kubernetes/busy.rs"]
mod busy;
#[path = "kubernetes/forgotten.rs"]
mod forgotten;
#[path = "kubernetes/harness.rs"]
mod harness;
#[path = "kubernetes/standin.rs"]
mod standin;

use std::{collections::BTreeMap, time::Duration};

use harness::{Lab, Observed, Proxy, Way, cluster, skip};
use ronde::{
    model::{
        document::Line,
        health::State,
        key::Key,
        query::{Answer, LogQuery, Query},
        store::TableId,
    },
    source::kubernetes::discover,
};
use serde_json::Value;

const SOON: Duration = Duration::from_mins(1);

/// Pods as kubectl's columns: name to ready, status, restarts and whether those have a time.
type Columns = BTreeMap<String, (String, String, u32, bool)>;

fn printed(table: &Value) -> Columns {
    let rows = table["rows"].as_array().expect("a table has rows");
    rows.iter()
        .map(|row| {
            let (meta, cells) = (&row["object"]["metadata"], &row["cells"]);
            let restarts = cells[3].as_str().map_or_else(|| cells[3].to_string(), str::to_owned);
            let count = restarts.split(' ').next().and_then(|n| n.parse().ok()).expect("a count of restarts");
            let name = format!("{}/{}", meta["namespace"].as_str().unwrap(), meta["name"].as_str().unwrap());
            let text = |n: usize| cells[n].as_str().unwrap().to_owned();
            (name, (text(1), text(2), count, restarts.contains('(')))
        })
        .collect()
}

fn shown(observed: &Observed) -> Columns {
    observed.look(|store| {
        let rows = store.pods.iter();
        rows.map(|row| {
            let ready = format!("{}/{}", row.ready, row.containers_total);
            (
                format!("{}/{}", row.namespace, row.name),
                (ready, row.status.to_string(), row.restarts, row.restarted.is_some()),
            )
        })
        .collect()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_pod_is_printed_as_the_server_prints_it() {
    let Some(lab) = Lab::find() else { return skip("every_pod_is_printed_as_the_server_prints_it") };
    for context in lab.clusters() {
        let observed = Observed::start(cluster(context, &lab.kubeconfig("admin"), context));
        observed.until("live", SOON, |store| harness::state(store).0 == State::Live).await;
        // Pods change while one looks; they must agree at some moment.
        let mut differences = Vec::new();
        let agree = harness::within(SOON, async || {
            let expected = printed(&lab.table(context, "/api/v1/pods").await);
            let found = shown(&observed);
            differences = expected
                .iter()
                .filter(|(name, columns)| found.get(*name) != Some(columns))
                .map(|(name, columns)| format!("{name}: server {columns:?}, ronde {:?}", found.get(name)))
                .chain(
                    found
                        .keys()
                        .filter(|name| !expected.contains_key(*name))
                        .map(|name| format!("{name}: only in ronde")),
                )
                .collect();
            differences.is_empty() && !expected.is_empty()
        })
        .await;
        assert!(agree, "{context}:\n{}", differences.join("\n"));
        println!("{context}: {} pods agree with the server's own table", shown(&observed).len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_node_is_printed_as_the_server_prints_it() {
    let Some(lab) = Lab::find() else { return skip("every_node_is_printed_as_the_server_prints_it") };
    let context = lab.cluster();
    let observed = Observed::start(cluster(context, &lab.kubeconfig("admin"), context));
    let table = lab.table(context, "/api/v1/nodes").await;
    let expected: BTreeMap<String, (String, String)> = table["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let text = |n: usize| row["cells"][n].as_str().unwrap().to_owned();
            (text(0), (text(1), text(2)))
        })
        .collect();
    assert!(!expected.is_empty());
    observed
        .until("nodes as printed", SOON, |store| {
            let found: BTreeMap<String, (String, String)> = store
                .cluster_nodes
                .iter()
                .map(|row| (row.name.to_string(), (row.status.to_string(), row.roles.to_string())))
                .collect();
            found == expected
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_goes_is_seen_and_its_return_too() {
    let Some(lab) = Lab::find() else { return skip("a_server_that_goes_is_seen_and_its_return_too") };
    let context = lab.cluster();
    let proxy = Proxy::start(lab.port(context)).await;
    let kubeconfig = lab.kubeconfig_with("admin", lab.port(context), proxy.port(), None);
    let observed = Observed::start(cluster(context, kubeconfig.path(), context));
    observed.until("live", SOON, |store| harness::state(store).0 == State::Live).await;
    let pods = observed.look(|store| store.pods.iter().count());
    for (way, word) in [(Way::Closed, "stopped"), (Way::Frozen, "frozen"), (Way::Lost, "cut off")] {
        proxy.set(way).await;
        let began = std::time::Instant::now();
        observed.until(word, Duration::from_secs(20), |store| harness::state(store).0.is_fault()).await;
        println!("{word}: seen after {:.1} s: {:?}", began.elapsed().as_secs_f64(), observed.look(harness::state));
        assert_eq!(observed.look(|store| store.pods.iter().count()), pods, "rows stay while it is {word}");
        // What changes meanwhile must be there afterwards.
        let name = format!("ronde-test-{}", word.replace(' ', "-"));
        lab.kubectl(context, &["create", "configmap", &name, "-n", "default"]);
        lab.pod(context, "default", &name);
        proxy.set(Way::Open).await;
        let began = std::time::Instant::now();
        observed.until("live again", SOON, |store| harness::state(store).0 == State::Live).await;
        println!("{word}: well again after {:.1} s", began.elapsed().as_secs_f64());
        let key = Key::of(&[context, "default", &name]);
        let found = harness::within(SOON, async || observed.look(|store| store.pods.get(&key).is_some())).await;
        lab.kubectl(context, &["delete", "pod,configmap", &name, "-n", "default", "--now", "--wait=false"]);
        assert!(found, "the pod made while it was {word} is there");
        observed.until("the pod is gone", SOON, |store| !store.pods.iter().any(|row| row.key == key)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_token_is_said_and_a_new_one_is_taken() {
    let Some(lab) = Lab::find() else { return skip("an_expired_token_is_said_and_a_new_one_is_taken") };
    let context = lab.cluster();
    let port = lab.port(context);
    let kubeconfig = lab.kubeconfig_with("admin", port, port, Some("expired"));
    let observed = Observed::start(cluster(context, kubeconfig.path(), context));
    observed.until("authentication failed", SOON, |store| harness::state(store).0 == State::AuthFailed).await;
    println!("{:?}", observed.look(harness::state));
    std::fs::copy(lab.kubeconfig("admin"), kubeconfig.path()).unwrap();
    observed.until("live", SOON, |store| harness::state(store).0 == State::Live).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_that_are_taken_away_are_missed_and_their_return_is_noticed() {
    let Some(lab) = Lab::find() else {
        return skip("rights_that_are_taken_away_are_missed_and_their_return_is_noticed");
    };
    let context = lab.cluster();
    let account = lab.account("ronde-rights");
    account.bind();
    let observed = Observed::start(cluster(context, account.kubeconfig(), context));
    let live = |store: &ronde::model::store::Store| harness::state(store).0 == State::Live;
    observed.until("live", SOON, live).await;
    observed
        .until("a remark on rights", SOON, |store| {
            let remark = harness::state(store).1;
            remark.contains("only namespaces ronde-rights") && remark.contains("no right to list nodes")
        })
        .await;
    account.unbind();
    let began = std::time::Instant::now();
    observed.until("forbidden", SOON, |store| harness::state(store).0 == State::Forbidden).await;
    println!("revoked: seen after {:.1} s: {:?}", began.elapsed().as_secs_f64(), observed.look(harness::state));
    account.bind();
    observed.until("live again", SOON, live).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sees_one_namespace_sees_that() {
    let Some(lab) = Lab::find() else { return skip("who_sees_one_namespace_sees_that") };
    let context = lab.cluster();
    let mut config = cluster(context, &lab.kubeconfig("limited"), context);
    for (namespaces, expected) in
        [(vec![], "only namespaces mw-web"), (vec!["mw-api-ext", "mw-web"], "only namespaces mw-api-ext, mw-web")]
    {
        config.namespaces = namespaces.into_iter().map(str::to_owned).collect();
        let observed = Observed::start(config.clone());
        observed
            .until(expected, SOON, |store| {
                let (state, line) = harness::state(store);
                state == State::Live && line.starts_with(expected) && line.contains("nodes")
            })
            .await;
        let foreign = observed
            .look(|store| store.pods.iter().find(|row| !expected.contains(&*row.namespace)).map(|row| row.key.clone()));
        assert_eq!(foreign, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_hangs_asks_or_fails_is_named() {
    let Some(lab) = Lab::find() else { return skip("a_plugin_that_hangs_asks_or_fails_is_named") };
    let context = lab.cluster();
    // The one that asks finds no terminal: it draws nothing, and what it does then is its own affair.
    for (plugin, states) in [
        ("exec-ok", &[State::Live][..]),
        ("exec-fail", &[State::NeedsLogin]),
        ("exec-prompt", &[State::NeedsLogin, State::Live]),
        ("exec-hang", &[State::NeedsLogin]),
    ] {
        let observed = Observed::start(cluster(context, &lab.kubeconfig(plugin), context));
        // A silent one is told first, and named when its time is over.
        observed
            .until(plugin, SOON, |store| {
                let (state, said) = harness::state(store);
                states.contains(&state) && (state == State::Live || said.contains("`exec-plugin`"))
            })
            .await;
        println!("{plugin}: {:?}", observed.look(harness::state));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_are_answered() {
    let Some(lab) = Lab::find() else { return skip("questions_are_answered") };
    let context = lab.cluster();
    let observed = Observed::start(cluster(context, &lab.kubeconfig("admin"), context));
    let running = harness::within(SOON, async || {
        observed.look(|store| store.pods.iter().any(|row| &*row.status == "Running" && row.owner.is_some()))
    })
    .await;
    assert!(running, "a pod runs");
    let key = observed.look(|store| {
        // The real node's pods, where there is one; those of which only the status is written have no log.
        let runs = |row: &&ronde::model::rows::PodRow| &*row.status == "Running" && row.owner.is_some();
        let mut running: Vec<_> = store.pods.iter().filter(runs).collect();
        running.sort_by_key(|row| row.node.as_deref() != Some("node1"));
        running.first().map(|row| row.key.clone()).expect("a pod runs")
    });
    for query in [
        Query::Details(TableId::Pods, key.clone()),
        Query::Yaml(TableId::Pods, key.clone()),
        Query::Events(TableId::Pods, key.clone()),
    ] {
        match observed.ask(query.clone()).await.recv().await {
            Some((_, Answer::Document(document))) => {
                assert!(!document.lines.is_empty(), "{query:?}");
                if let Query::Yaml(..) = query {
                    assert!(document.lines.contains(&Line::Text("kind: Pod".into(), ronde::model::field::Tone::Plain)));
                }
            }
            other => panic!("{query:?}: {other:?}"),
        }
    }
    let keys = observed.look(|store| {
        let runs = store.pods.iter().filter(|row| &*row.status == "Running" && row.owner.is_some());
        runs.map(|row| row.key.clone()).take(40).collect()
    });
    let logs =
        LogQuery { table: TableId::Pods, keys, container: None, previous: false, since: None, tail: 20, follow: false };
    // Of some pods there is no log; the answer says so in the place of lines, and goes on with the others.
    let (mut written, mut remarks, mut ended) = (0, 0, false);
    let mut answers = observed.ask(Query::Logs(logs.clone())).await;
    while let Some((_, answer)) = tokio::time::timeout(SOON, answers.recv()).await.expect("logs end") {
        match answer {
            Answer::Lines(lines) => {
                assert!(lines.iter().all(|line| line.text.len() <= ronde::model::query::LOG_LINE_LIMIT));
                written += lines.iter().filter(|line| line.at.is_some()).count();
                remarks += lines.iter().filter(|line| line.text.starts_with("[ronde: ")).count();
            }
            Answer::End => ended = true,
            other => panic!("{other:?}"),
        }
    }
    println!("{written} lines written, {remarks} remarks");
    assert!(ended && written + remarks > 0);
    let mut answers = observed.ask(Query::Logs(LogQuery { follow: true, ..logs })).await;
    let first = tokio::time::timeout(SOON, answers.recv()).await.expect("lines come");
    assert!(matches!(first, Some((_, Answer::Lines(_)))), "{first:?}");
    let gone = Query::Details(TableId::Pods, Key::from(&*format!("{context}/mw-web/no-such-pod")));
    assert!(
        matches!(observed.ask(gone).await.recv().await, Some((_, Answer::Failed(line))) if line.contains("not found"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_comes_while_it_is_wanted_and_workloads_too() {
    let Some(lab) = Lab::find() else { return skip("usage_comes_while_it_is_wanted_and_workloads_too") };
    let context = lab.cluster();
    let observed = Observed::start(cluster(context, &lab.kubeconfig("admin"), context));
    observed.until("live", SOON, |store| harness::state(store).0 == State::Live).await;
    assert_eq!(observed.look(|store| store.workloads.iter().count()), 0, "not asked for yet");
    observed.want(&[TableId::Pods, TableId::ClusterNodes, TableId::Workloads, TableId::Events]);
    observed
        .until("usage, workloads and events", SOON, |store| {
            store.pods.iter().any(|row| row.memory.is_some())
                && store.cluster_nodes.iter().any(|row| row.cpu.is_some())
                && store.workloads.iter().count() > 0
                && store.events.iter().count() > 0
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_is_seen_and_goes_on() {
    let Some(lab) = Lab::alone() else { return skip("a_server_that_hangs_is_seen_and_goes_on") };
    let context = lab.cluster();
    let observed = Observed::start(cluster(context, &lab.kubeconfig("admin"), context));
    observed.until("live", SOON, |store| harness::state(store).0 == State::Live).await;
    let server = lab.server(context);
    server.signal("STOP");
    let began = std::time::Instant::now();
    observed.until("hanging", Duration::from_secs(20), |store| harness::state(store).0.is_fault()).await;
    println!("hanging: seen after {:.1} s: {:?}", began.elapsed().as_secs_f64(), observed.look(harness::state));
    server.signal("CONT");
    let began = std::time::Instant::now();
    observed.until("live again", SOON, |store| harness::state(store).0 == State::Live).await;
    println!("well again after {:.1} s", began.elapsed().as_secs_f64());
    lab.pod(context, "default", "ronde-test-hanging");
    let key = Key::of(&[context, "default", "ronde-test-hanging"]);
    let came = harness::within(SOON, async || observed.look(|store| store.pods.get(&key).is_some())).await;
    lab.kubectl(context, &["delete", "pod", "ronde-test-hanging", "-n", "default", "--now", "--wait=false"]);
    assert!(came, "watches go on");
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_that_go_leave_no_old_numbers() {
    let Some(lab) = Lab::alone() else { return skip("metrics_that_go_leave_no_old_numbers") };
    let context = lab.cluster();
    let observed = Observed::start(cluster(context, &lab.kubeconfig("admin"), context));
    observed.want(&[TableId::Pods, TableId::ClusterNodes]);
    let known = |store: &ronde::model::store::Store| store.pods.iter().any(|row| row.memory.is_some());
    observed.until("usage", SOON, known).await;
    let removed = lab.without_metrics(context);
    let began = std::time::Instant::now();
    observed
        .until("that there is no metrics API", SOON, |store| {
            !known(store) && harness::state(store) == (State::Live, "metrics API absent".into())
        })
        .await;
    println!("metrics removed: seen after {:.1} s", began.elapsed().as_secs_f64());
    drop(removed);
    observed.until("usage again", SOON, |store| known(store) && harness::state(store).1.is_empty()).await;
}

#[test]
fn discovery_needs_no_cluster() {
    // Whatever this machine's kubeconfig is, names are unique.
    let names: Vec<String> = discover().into_iter().map(|cluster| cluster.name).collect();
    let unique: std::collections::BTreeSet<_> = names.iter().collect();
    assert_eq!(unique.len(), names.len());
}
