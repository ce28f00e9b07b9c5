//! Collecting from sources that behave, fail, hang, end and crash. Time is tokio's, paused: nothing waits for real.

use futures::future::BoxFuture;

use super::*;
use crate::{
    model::{fixtures, rows::NodeRow, store::RowSet},
    source::{Ask, Error, Outlet},
};

#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Well,
    SlowParts,
    Single,
    Unreachable,
    Hangs,
    Ends,
    Errs,
    Panics,
    Unmeasured,
    Restless,
}

struct Fake(SourceId, Manner);

fn row(name: &str, cpu: Option<f64>) -> RowSet {
    let mut row = NodeRow::unknown(name);
    row.cpu = cpu;
    RowSet::Nodes(vec![row])
}

impl Source for Fake {
    fn id(&self) -> SourceId {
        self.0.clone()
    }

    fn run(
        self: Box<Self>,
        outlet: Outlet,
        demand: watch::Receiver<Demand>,
        _asks: mpsc::Receiver<Ask>,
        stop: CancellationToken,
    ) -> BoxFuture<'static, Result<(), Error>> {
        Box::pin(async move {
            let Self(id, manner) = *self;
            let scope = Scope::all(&id, TableId::Nodes);
            let pause = |millis| tokio::time::sleep(Duration::from_millis(millis));
            assert!(demand.borrow().wants(TableId::Nodes));
            match manner {
                Manner::Unreachable => outlet.health(State::Unreachable, "connection refused; start it").await,
                Manner::Ends => return Ok(()),
                Manner::Errs => return Err(Error::Configuration("no such context".into())),
                Manner::Panics => panic!("as told"),
                Manner::Hangs => {}
                Manner::Well | Manner::Unmeasured | Manner::Restless => {
                    outlet.health(State::Polling, "").await;
                    outlet.replace(&scope, row(id.name(), None)).await;
                    pause(1000).await;
                    if manner != Manner::Unmeasured {
                        outlet.upsert(&scope, row(id.name(), Some(5.0))).await;
                    }
                    while manner == Manner::Restless && !stop.is_cancelled() {
                        outlet.upsert(&scope, row(id.name(), Some(6.0))).await;
                        pause(50).await;
                    }
                }
                Manner::Single => {
                    outlet.health(State::Polling, "").await;
                    outlet.upsert(&scope, row(id.name(), Some(1.0))).await;
                }
                Manner::SlowParts => {
                    outlet.health(State::Live, "").await;
                    for part in ["a", "b", "c"] {
                        let scope = Scope::part(&id, TableId::Nodes, part);
                        outlet.begin(&scope).await;
                        pause(2000).await;
                        outlet.upsert(&scope, row(part, Some(1.0))).await;
                        outlet.commit(&scope).await;
                        pause(200).await;
                    }
                }
            }
            stop.cancelled().await;
            Ok(())
        })
    }
}

async fn run(sources: &[(&str, Manner)]) -> (Collected, Duration) {
    let fakes = sources.iter().map(|(name, manner)| {
        let source: Box<dyn Source> = Box::new(Fake(SourceId::new("host", name), *manner));
        source
    });
    let start = Instant::now();
    let collected = collect(fakes.collect(), TableId::Nodes, Duration::from_secs(10), RestartLog::default()).await;
    (collected, start.elapsed())
}

fn said(collected: &Collected) -> Vec<String> {
    collected.missing.iter().map(|h| format!("{}: {}: {}", h.source, h.state.word(), h.message)).collect()
}

#[tokio::test(start_paused = true)]
async fn it_ends_when_every_row_is_there_and_measured() {
    let (collected, took) = run(&[("a", Manner::Well), ("b", Manner::Well)]).await;
    assert_eq!(said(&collected), Vec::<String>::new());
    assert_eq!(collected.store.nodes.iter().filter(|row| row.cpu == Some(5.0)).count(), 2);
    assert_eq!(collected.store.health.len(), 2);
    assert!(took >= Duration::from_secs(1) && took < Duration::from_secs(2), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_never_measured_is_not_waited_for_long() {
    let (collected, took) = run(&[("a", Manner::Unmeasured)]).await;
    assert_eq!(said(&collected), Vec::<String>::new());
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_source_that_never_rests_is_not_waited_for_long() {
    let (collected, took) = run(&[("a", Manner::Restless)]).await;
    assert_eq!(said(&collected), Vec::<String>::new());
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_row_without_a_list_is_a_list() {
    let (collected, took) = run(&[("a", Manner::Single)]).await;
    assert_eq!(said(&collected), Vec::<String>::new());
    assert!(took < Duration::from_secs(1), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_list_in_parts_is_waited_for_to_its_end() {
    let (collected, _) = run(&[("a", Manner::SlowParts)]).await;
    assert_eq!(said(&collected), Vec::<String>::new());
    assert_eq!(collected.store.nodes.iter().count(), 3);
}

#[tokio::test(start_paused = true)]
async fn each_source_that_does_not_deliver_says_why_and_the_others_do() {
    let all = [
        ("dead", Manner::Unreachable),
        ("ends", Manner::Ends),
        ("errs", Manner::Errs),
        ("panics", Manner::Panics),
        ("well", Manner::Well),
    ];
    let (collected, took) = run(&all).await;
    assert_eq!(
        said(&collected),
        [
            "host:dead: unreachable: connection refused; start it",
            "host:ends: unreachable: ended before it told anything",
            "host:errs: unreachable: no such context",
            "host:panics: unreachable: stopped by a fault of its own; see the log",
        ]
    );
    assert_eq!(collected.store.nodes.iter().count(), 1);
    assert!(took < Duration::from_secs(3), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_source_that_hangs_costs_the_wait_and_no_more() {
    let (collected, took) = run(&[("hangs", Manner::Hangs), ("well", Manner::Well)]).await;
    assert_eq!(said(&collected), ["host:hangs: connecting: not complete after 10s; --wait gives it longer"]);
    assert_eq!(collected.store.nodes.iter().count(), 1);
    assert_eq!(collected.store.health.len(), 2, "it stands among the sources");
    assert!(took >= Duration::from_secs(10) && took < Duration::from_secs(13), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn sources_that_cannot_tell_are_not_started() {
    let engine: Box<dyn Source> = Box::new(Fake(SourceId::new("docker", "lab"), Manner::Panics));
    let collected = collect(vec![engine], TableId::Nodes, Duration::from_secs(10), RestartLog::default()).await;
    assert_eq!(collected.asked, 0);
    assert_eq!(said(&collected), Vec::<String>::new());
}

/// A cluster with one pod that restarted seven times, the last time two minutes ago.
struct Cluster;

impl Source for Cluster {
    fn id(&self) -> SourceId {
        SourceId::new("kubernetes", "eqiad")
    }

    fn run(
        self: Box<Self>,
        outlet: Outlet,
        _demand: watch::Receiver<Demand>,
        _asks: mpsc::Receiver<Ask>,
        stop: CancellationToken,
    ) -> BoxFuture<'static, Result<(), Error>> {
        Box::pin(async move {
            outlet.health(State::Live, "").await;
            let mut row = fixtures::pod("eqiad", "mw-web", "web-1");
            let now = Timestamp::now();
            row.created = Some(now - Duration::from_hours(240));
            (row.restarts, row.restarted) = (7, Some(now - Duration::from_mins(2)));
            outlet.replace(&Scope::all(&self.id(), TableId::Pods), RowSet::Pods(vec![row])).await;
            stop.cancelled().await;
            Ok(())
        })
    }
}

/// Hour, day and since the last look.
async fn restarts_with(memory: RestartLog) -> (Option<u32>, Option<u32>, Option<u32>) {
    let collected = collect(vec![Box::new(Cluster)], TableId::Pods, Duration::from_secs(10), memory).await;
    let recent = collected.store.pods.iter().next().expect("a pod").recent;
    (recent.hour, recent.day, recent.since_look)
}

#[tokio::test(start_paused = true)]
async fn without_a_memory_restarts_are_what_the_cluster_alone_tells() {
    assert_eq!(restarts_with(RestartLog::default()).await, (Some(1), Some(1), None));
}

#[tokio::test(start_paused = true)]
async fn restarts_are_counted_from_what_is_remembered() {
    let now = Timestamp::now();
    let mut memory = RestartLog::default();
    for (count, hours) in [(2, 100), (3, 5)] {
        let mut row = fixtures::pod("eqiad", "mw-web", "web-1");
        row.created = Some(now - Duration::from_hours(240));
        let at = now - Duration::from_hours(hours);
        (row.restarts, row.restarted) = (count, Some(at));
        memory.observe(&mut row, at);
    }
    memory.set_look(Some(now - Duration::from_hours(6)));
    // The third at its moment; of the four after it one for certain within the hour.
    assert_eq!(restarts_with(memory).await, (Some(1), Some(5), Some(5)));
}
