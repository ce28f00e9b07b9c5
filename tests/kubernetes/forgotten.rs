//! A server forgets old versions: continue tokens and watches of them end in 410. That costs a list, and never a row.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use ronde::model::{health::State, store::Store};

use super::harness::{self, Lab, Observed, cluster, skip};
use super::standin::{Reply, StandIn, aged, event, page, pod};

const SOON: Duration = Duration::from_mins(1);

/// As an API server 1.34 answers a continue token whose version etcd has compacted.
const TOKEN_TOO_OLD: &str = include_str!("../fixtures/kubernetes/continue-410.json");
/// As it answers a watch from such a version, in its stream.
const VERSION_TOO_OLD: &str = include_str!("../fixtures/kubernetes/watch-410.json");

fn pods(store: &Store) -> BTreeSet<String> {
    store.pods.iter().map(|row| row.name.to_string()).collect()
}

fn names(text: &str) -> BTreeSet<String> {
    text.chars().map(String::from).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_that_a_server_forgets_cost_no_row() {
    // The lists of pods so far; the fourth is the last.
    let lists = Arc::new(AtomicUsize::new(0));
    let counted = lists.clone();
    let server = StandIn::scripted(move |path| {
        let list = || counted.load(Ordering::SeqCst);
        let (place, query) = path.split_once('?').unwrap_or((path, ""));
        match (place, query) {
            ("/version", _) => Reply::whole(200, r#"{"major":"1","minor":"34"}"#),
            ("/api/v1/pods", "limit=1") => page("a", 1, "more"),
            ("/api/v1/pods", "limit=100") => {
                let version = 10 * u32::try_from(counted.fetch_add(1, Ordering::SeqCst) + 1).unwrap();
                page("abc", version, &format!("token-{version}"))
            }
            ("/api/v1/pods", "limit=100&continue=token-10") => page("def", 10, ""),
            // While the second list is made, its version goes.
            ("/api/v1/pods", "limit=100&continue=token-20") => Reply::whole(410, TOKEN_TOO_OLD),
            ("/api/v1/pods", "limit=100&continue=token-30") => page("deg", 30, ""),
            ("/api/v1/pods", "limit=100&continue=token-40") => page("deg", 40, ""),
            // The first watch tells of a pod, and then that it cannot go on.
            ("/api/v1/pods", watch) if watch.ends_with("resourceVersion=10") => {
                Reply::watch(&[event("ADDED", &pod("g", 11)), VERSION_TOO_OLD.trim().to_owned()])
            }
            // The second is refused at once.
            ("/api/v1/pods", watch) if watch.ends_with("resourceVersion=30") => Reply::whole(410, TOKEN_TOO_OLD),
            ("/api/v1/pods", watch) if watch.ends_with("resourceVersion=40") && list() == 4 => {
                Reply::watch(&[event("ADDED", &pod("h", 41))])
            }
            (_, watch) if watch.starts_with("watch=1") => Reply::watch(&[]),
            _ => page("", 1, ""),
        }
    })
    .await;
    let kubeconfig = server.kubeconfig("c");
    let observed = Observed::start(cluster("c", kubeconfig.path(), "c"));
    observed.until("the first list", SOON, |store| pods(store).is_superset(&names("abcdef"))).await;
    observed.remember_fewest();
    observed.until("what the last watch tells", SOON, |store| pods(store) == names("abcdegh")).await;
    assert_eq!(observed.fewest(), 6, "no list that broke off took a row away");
    assert_eq!(observed.look(harness::state), (State::Live, String::new()));
    assert_eq!(lists.load(Ordering::SeqCst), 4, "each time one list more, and no more");
}

/// The same with the lab's own server, which is asked for versions that it has long forgotten.
#[tokio::test(flavor = "multi_thread")]
async fn the_labs_server_forgets_and_no_row_is_lost() {
    let Some(lab) = Lab::alone() else { return skip("the_labs_server_forgets_and_no_row_is_lost") };
    let context = lab.cluster();
    // One that has run since its first object still knows version 1.
    Lab::restart_server(context);
    // The first watch and the second list's second page ask for version 1.
    let (watches, lists, pages) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    let rewritten = move |path: String| {
        if !path.starts_with("/api/v1/pods?") {
            return path;
        }
        if let Some((before, _)) = path.split_once("&resourceVersion=")
            && watches.fetch_add(1, Ordering::SeqCst) == 0
        {
            return format!("{before}&resourceVersion=1");
        }
        if path.ends_with("?limit=100") {
            lists.fetch_add(1, Ordering::SeqCst);
        } else if path.contains("&continue=")
            && lists.load(Ordering::SeqCst) == 2
            && pages.fetch_add(1, Ordering::SeqCst) == 0
        {
            return aged(&path).expect("a token as it was");
        }
        path
    };
    let gone = Arc::new(Mutex::new(Vec::new()));
    let seen = gone.clone();
    let server = StandIn::before(lab.client(context).await, rewritten, move |piece| {
        let text = String::from_utf8_lossy(piece);
        if text.len() < 2000 && text.contains(r#""code":410"#) {
            seen.lock().unwrap().push(text.into_owned());
        }
    })
    .await;
    let kubeconfig = server.kubeconfig(context);
    let observed = Observed::start(cluster(context, kubeconfig.path(), context));
    observed.until("live", SOON, |store| harness::state(store).0 == State::Live).await;
    observed.remember_fewest();
    let before = observed.fewest();
    // A list of one page has no token.
    let expected = if before > 100 { 2 } else { 1 };
    let all_gone = harness::within(SOON, async || gone.lock().unwrap().len() >= expected).await;
    println!("{before} pods; {:#?}", gone.lock().unwrap());
    assert!(all_gone, "the server has forgotten version 1");
    // What is made afterwards comes by a watch again.
    lab.pod(context, "default", "ronde-test-forgotten");
    let key = ronde::model::key::Key::of(&[context, "default", "ronde-test-forgotten"]);
    let came = harness::within(SOON, async || observed.look(|store| store.pods.get(&key).is_some())).await;
    lab.kubectl(context, &["delete", "pod", "ronde-test-forgotten", "-n", "default", "--now", "--wait=false"]);
    assert!(came && observed.look(harness::state).0 == State::Live, "{:?}", observed.look(harness::state));
    // Pods of the lab come and go by a few; a table that was emptied has none.
    assert!(observed.fewest() * 10 > before * 9, "{} of {before}", observed.fewest());
}
