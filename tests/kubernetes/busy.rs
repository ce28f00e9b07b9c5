//! A server that sends changes and leaves questions waiting is busy: it is not away, and is not burdened more.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use ronde::model::health::State;

use super::harness::{self, Observed, cluster};
use super::standin::{Reply, StandIn, event, page, pod};

const SOON: Duration = Duration::from_mins(1);

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_server_is_not_taken_for_one_that_is_away() {
    let (busy, silent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (lists, watches, asked) =
        (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let server = {
        let (busy, silent) = (busy.clone(), silent.clone());
        let (lists, watches, asked) = (lists.clone(), watches.clone(), asked.clone());
        StandIn::scripted(move |path| {
            let (place, query) = path.split_once('?').unwrap_or((path, ""));
            match (place, query) {
                ("/version", _) | (_, "limit=1") if busy.load(Ordering::SeqCst) => {
                    asked.fetch_add(1, Ordering::SeqCst);
                    Reply::silence()
                }
                ("/version", _) => Reply::whole(200, r#"{"major":"1","minor":"34"}"#),
                ("/api/v1/pods", "limit=100") => {
                    lists.fetch_add(1, Ordering::SeqCst);
                    page("abc", 1, "")
                }
                ("/api/v1/pods", watch) if watch.starts_with("watch=1") => {
                    watches.fetch_add(1, Ordering::SeqCst);
                    let silent = silent.clone();
                    Reply::steady(Duration::from_millis(300), move |n| {
                        (!silent.load(Ordering::SeqCst)).then(|| event("MODIFIED", &pod("a", n + 2)))
                    })
                }
                (_, watch) if watch.starts_with("watch=1") => Reply::watch(&[]),
                _ => page("", 1, ""),
            }
        })
        .await
    };
    let kubeconfig = server.kubeconfig("c");
    let observed = Observed::start(cluster("c", kubeconfig.path(), "c"));
    observed
        .until("live", SOON, |store| harness::state(store).0 == State::Live && store.pods.iter().count() == 3)
        .await;
    busy.store(true, Ordering::SeqCst);
    // Two questions that were left waiting: one alone may be an accident.
    let all_along = Instant::now();
    while asked.load(Ordering::SeqCst) < 3 {
        assert_eq!(observed.look(harness::state), (State::Live, String::new()));
        assert!(all_along.elapsed() < SOON, "it is asked now and then");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!((lists.load(Ordering::SeqCst), watches.load(Ordering::SeqCst)), (1, 1), "nothing was begun anew");
    // The watch goes on; only its silence makes the server one that is away.
    silent.store(true, Ordering::SeqCst);
    observed.until("away", SOON, |store| harness::state(store).0.is_fault()).await;
    busy.store(false, Ordering::SeqCst);
    observed.until("live again", SOON, |store| harness::state(store).0 == State::Live).await;
    assert_eq!(lists.load(Ordering::SeqCst), 1, "what was silent is followed anew from where it was");
    assert_eq!(watches.load(Ordering::SeqCst), 2);
}
