//! One time of being connected to an engine: first the whole list, then what its events say changed, a list at intervals
//! in case one was missed, and the numbers of what runs. Ends when the engine no longer answers.
//!
//! Everything slow is a job beside the loop, one of each kind at a time, so that nothing holds up anything else.

use std::{collections::BTreeSet, future::pending, mem::take, path::Path, sync::Arc, time::Instant};

use futures::{FutureExt, StreamExt, future::BoxFuture, stream};
use tokio::{
    sync::watch,
    time::{Duration, Interval, MissedTickBehavior, interval, interval_at, sleep_until},
};

use super::{
    api::{Inspect, Stats, Summary},
    board::{Board, Change},
    cgroup::{Reader, Reading, Target},
    client::Client,
    error::Error,
    events::{News, Stream},
    processes,
    sample::Sample,
};
use crate::{
    model::{
        delta::Scope,
        health::State,
        key::Key,
        rows::{ContainerRow, ProcessRow},
        store::{RowSet, TableId},
    },
    source::{Demand, Outlet},
};

/// Between two samples of what runs.
const SAMPLE: Duration = Duration::from_secs(2);
/// The same while nobody looks at containers.
const SAMPLE_UNSEEN: Duration = Duration::from_secs(10);
/// Between two questions whether the engine still answers.
const PING: Duration = Duration::from_secs(5);
/// Between two whole lists, in case an event was missed.
const RELIST: Duration = Duration::from_secs(30);
/// The same when the engine pushes no events.
const RELIST_BLIND: Duration = Duration::from_secs(5);
/// Between two lists of changed containers: one that restarts in a loop is not asked for more often.
const BREATH: Duration = Duration::from_millis(200);
/// Between two samples of processes.
const PROCESSES: Duration = Duration::from_secs(3);
/// Requests to the engine at once.
const AT_ONCE: usize = 4;
/// Changed containers from which on a whole list is shorter than one by ids.
const MANY: usize = 100;
/// Containers inspected before changes are looked at again.
const BATCH: usize = 64;
/// Containers whose numbers are asked of the engine in one round.
const ASKED: usize = 100;

/// A job beside the loop.
type Job<T> = Option<BoxFuture<'static, T>>;

/// One connected time.
pub(super) struct Session<'a> {
    client: &'a Client,
    board: &'a mut Board,
    outlet: &'a Outlet,
    demand: &'a mut watch::Receiver<Demand>,
    scope: Scope,
    news: Option<Stream>,
    last_event: Option<i64>,
    /// Containers that an event named and that were not listed since.
    dirty: BTreeSet<Arc<str>>,
    relist: bool,
    to_inspect: BTreeSet<Arc<str>>,
    sampled: Option<Instant>,
    watched: Option<Instant>,
    jobs: Jobs,
}

#[derive(Default)]
struct Jobs {
    list: Job<Done>,
    reader: Option<Reader>,
    sample: Job<(Reader, Vec<Target>, Vec<Reading>)>,
    ask: Job<Vec<(Arc<str>, Sample)>>,
    ping: Job<Result<(), Error>>,
    watcher: Option<processes::Watcher>,
    processes: Job<(processes::Watcher, Vec<ProcessRow>)>,
}

enum Done {
    Listed(Option<BTreeSet<Arc<str>>>, Result<Vec<Summary>, Error>),
    Inspected(Vec<(Arc<str>, Result<Inspect, Error>)>),
}

impl<'a> Session<'a> {
    /// Connects, lists everything, and says that it is live.
    ///
    /// # Errors
    /// Why that did not work.
    pub(super) async fn begin(
        client: &'a Client,
        board: &'a mut Board,
        outlet: &'a Outlet,
        demand: &'a mut watch::Receiver<Demand>,
        since: Option<i64>,
    ) -> Result<Self, Error> {
        client.ready().await?;
        client.ping().await?;
        client.negotiate().await?;
        // Events first: what changes while the list is made is listed again.
        let news = Stream::open(client.clone(), since);
        let list = list(client, None).await?;
        board.doubt();
        let scope = Scope::all(outlet.source(), TableId::Containers);
        let change = board.list(&list, None);
        outlet.replace(&scope, RowSet::Containers(board.rows())).await;
        outlet.health(State::Live, client.remark()).await;
        let jobs = Jobs {
            reader: client.endpoint().is_local().then(|| Reader::new(Path::new("/"))),
            watcher: Some(processes::Watcher::new(outlet.source(), client.clone())),
            ..Jobs::default()
        };
        Ok(Self {
            client,
            board,
            outlet,
            demand,
            scope,
            news: Some(news),
            last_event: None,
            dirty: BTreeSet::new(),
            relist: false,
            to_inspect: change.inspect.into_iter().collect(),
            sampled: None,
            watched: None,
            jobs,
        })
    }

    /// Observes until the engine no longer answers. Gives the moment of the last event, and why it ended.
    pub(super) async fn run(mut self) -> (Option<i64>, Option<Error>) {
        let mut ended = None;
        let mut measuring = false;
        let mut sampling = every(SAMPLE);
        let mut pinging = every(PING);
        let mut listing = every(RELIST);
        let mut watching = every(PROCESSES);
        let mut breath = tokio::time::Instant::now();
        loop {
            self.next_list_job(&mut breath);
            tokio::select! {
                news = next_news(&mut self.news) => match news {
                    News::Open => {}
                    News::Changed(id, at) => {
                        self.last_event = self.last_event.max(Some(at));
                        self.dirty.insert(id);
                    }
                    News::Unclear => self.relist = true,
                    News::Ended(Some(error @ (Error::Status { .. } | Error::Narrow { .. }))) => {
                        // It answers, but not this.
                        self.news = None;
                        listing = every(RELIST_BLIND);
                        self.outlet.health(State::Polling, format!("no events: {error}")).await;
                    }
                    News::Ended(error) => {
                        // The next attempt to connect knows better why than a stream that broke off.
                        tracing::debug!(source = %self.outlet.source(), ?error, "events ended");
                        break;
                    }
                },
                done = finished(&mut self.jobs.list) => match done {
                    Done::Listed(only, Ok(list)) => self.listed(only.as_ref(), &list).await,
                    Done::Listed(_, Err(error)) => {
                        ended = Some(error);
                        break;
                    }
                    Done::Inspected(all) => {
                        self.inspected(all).await;
                        // Only now the first PIDs are known.
                        if self.to_inspect.is_empty() && !measuring {
                            measuring = true;
                            self.sampled = None;
                            sampling.reset_immediately();
                        }
                    }
                },
                (reader, targets, readings) = finished(&mut self.jobs.sample) => {
                    self.jobs.reader = Some(reader);
                    self.read(&targets, readings).await;
                }
                answers = finished(&mut self.jobs.ask) => {
                    let rows = answers.into_iter().filter_map(|(id, sample)| self.board.answered(&id, sample));
                    let rows = rows.collect();
                    self.send(rows).await;
                }
                pong = finished(&mut self.jobs.ping) => if let Err(error) = pong {
                    ended = Some(error);
                    break;
                },
                (watcher, rows) = finished(&mut self.jobs.processes) => {
                    self.jobs.watcher = Some(watcher);
                    let scope = Scope::all(self.outlet.source(), TableId::ContainerProcesses);
                    self.outlet.replace(&scope, RowSet::ContainerProcesses(rows)).await;
                }
                () = wanted(self.demand) => {
                    sampling.reset_immediately();
                    watching.reset_immediately();
                }
                _ = sampling.tick() => self.sample().await,
                _ = pinging.tick() => if self.jobs.ping.is_none() {
                    let client = self.client.clone();
                    self.jobs.ping = Some(async move { client.ping().await }.boxed());
                },
                _ = listing.tick() => self.relist = true,
                _ = watching.tick() => self.watch(),
                () = sleep_until(breath), if !self.dirty.is_empty() && self.jobs.list.is_none() => {}
            }
        }
        (self.last_event, ended)
    }

    /// Starts the next list or inspect, when there is something to ask: changes first, then what is still to inspect.
    fn next_list_job(&mut self, breath: &mut tokio::time::Instant) {
        if self.jobs.list.is_some() {
            return;
        }
        if self.dirty.len() > MANY {
            self.to_inspect.append(&mut self.dirty);
            self.relist = true;
        }
        let now = tokio::time::Instant::now();
        let client = self.client.clone();
        if self.relist || (!self.dirty.is_empty() && *breath <= now) {
            *breath = now + BREATH;
            // A whole list leaves the changed ones for the next, which has them inspected whatever the list says.
            let only = if take(&mut self.relist) { None } else { Some(take(&mut self.dirty)) };
            self.jobs.list = Some(
                async move {
                    let list = list(&client, only.as_ref()).await;
                    Done::Listed(only, list)
                }
                .boxed(),
            );
        } else if !self.to_inspect.is_empty() {
            let batch: Vec<Arc<str>> = self.to_inspect.iter().take(BATCH).cloned().collect();
            self.to_inspect.retain(|id| !batch.contains(id));
            let each = stream::iter(batch).map(move |id| {
                let client = client.clone();
                async move {
                    let inspect = client.get::<Inspect>(&format!("/containers/{id}/json"), &[]).await;
                    (id, inspect)
                }
            });
            self.jobs.list = Some(each.buffer_unordered(AT_ONCE).collect().map(Done::Inspected).boxed());
        }
    }

    async fn listed(&mut self, only: Option<&BTreeSet<Arc<str>>>, list: &[Summary]) {
        let Change { rows, gone, inspect } = self.board.list(list, only);
        for key in gone {
            self.outlet.remove(&self.scope, key).await;
        }
        self.to_inspect.extend(inspect);
        self.send(rows).await;
    }

    async fn inspected(&mut self, all: Vec<(Arc<str>, Result<Inspect, Error>)>) {
        let mut rows = Vec::new();
        for (id, inspect) in all {
            match inspect {
                Ok(inspect) => rows.extend(self.board.inspect(&inspect)),
                // Gone meanwhile, or for the next whole list to try again.
                Err(error) => tracing::debug!(source = %self.outlet.source(), %id, %error, "inspect"),
            }
        }
        self.send(rows).await;
    }

    /// Starts taking the numbers of what runs, when it is time.
    async fn sample(&mut self) {
        let wanted = [TableId::Containers, TableId::Projects].iter().any(|&table| self.demand.borrow().wants(table));
        let due = if wanted { SAMPLE } else { SAMPLE_UNSEEN };
        if too_early(self.sampled, due) {
            return;
        }
        self.sampled = Some(Instant::now());
        let local = self.client.endpoint().is_local();
        if let Some(mut reader) = self.jobs.reader.take() {
            let targets = self.board.targets();
            let job = tokio::task::spawn_blocking(move || {
                let readings = reader.read(&targets);
                (reader, targets, readings)
            });
            self.jobs.sample = Some(
                async move { job.await.unwrap_or_else(|_| (Reader::new(Path::new("/")), vec![], vec![])) }.boxed(),
            );
        }
        if wanted && self.jobs.ask.is_none() {
            let demand = self.demand.borrow().clone();
            let visible = demand.visible.get(&TableId::Containers).cloned().unwrap_or_default();
            let mut ids = self.board.elsewhere((!demand.whole).then_some(&visible[..]), !local);
            ids.truncate(ASKED);
            if !ids.is_empty() {
                self.jobs.ask = Some(ask(self.client.clone(), ids).boxed());
            }
        }
        if let Some(old) = Instant::now().checked_sub(SAMPLE_UNSEEN + SAMPLE * 2) {
            let rows = self.board.expire(old);
            self.send(rows).await;
        }
    }

    async fn read(&mut self, targets: &[Target], readings: Vec<Reading>) {
        let rows = targets.iter().zip(readings).filter_map(|(target, reading)| self.board.reading(target, reading));
        let rows = rows.collect();
        self.send(rows).await;
    }

    /// Starts looking at processes, while somebody does.
    fn watch(&mut self) {
        if !self.demand.borrow().wants(TableId::ContainerProcesses) || too_early(self.watched, PROCESSES) {
            return;
        }
        self.watched = Some(Instant::now());
        if let Some(watcher) = self.jobs.watcher.take() {
            let visible: Vec<Key> = self.demand.borrow().visible.get(&TableId::Containers).cloned().unwrap_or_default();
            let local = self.client.endpoint().is_local();
            let targets = if local { self.board.targets() } else { Vec::new() };
            let targets = targets.into_iter().map(|target| (self.board.name(&target.id), target)).collect();
            let elsewhere = self.board.elsewhere(None, !local).into_iter();
            let elsewhere = elsewhere.map(|id| (self.board.name(&id), id)).collect();
            self.jobs.processes = Some(watcher.look(targets, elsewhere, visible).boxed());
        }
    }

    async fn send(&mut self, rows: Vec<ContainerRow>) {
        if !rows.is_empty() {
            self.outlet.upsert(&self.scope, RowSet::Containers(rows)).await;
        }
    }
}

/// Lists all containers, or those.
async fn list(client: &Client, only: Option<&BTreeSet<Arc<str>>>) -> Result<Vec<Summary>, Error> {
    let filters = only.map(|ids| serde_json::json!({ "id": ids }).to_string());
    let mut query = vec![("all", "1")];
    query.extend(filters.as_deref().map(|filters| ("filters", filters)));
    client.get("/containers/json", &query).await
}

/// Asks the engine for the numbers of these containers, a few at once. One that fails is passed over: it went, or the
/// next ping tells.
async fn ask(client: Client, ids: Vec<Arc<str>>) -> Vec<(Arc<str>, Sample)> {
    let each = stream::iter(ids).map(|id| {
        let client = client.clone();
        async move {
            let query = [("stream", "false"), ("one-shot", "true")];
            let stats: Stats = client.get(&format!("/containers/{id}/stats"), &query).await.ok()?;
            Some((id, Sample::of_api(&stats, Instant::now())))
        }
    });
    each.buffer_unordered(AT_ONCE).filter_map(std::future::ready).collect().await
}

/// A job's end; takes it out. Never, when there is none. Cancel safe.
async fn finished<T>(job: &mut Job<T>) -> T {
    let Some(running) = job else { return pending().await };
    let done = running.await;
    *job = None;
    done
}

async fn next_news(news: &mut Option<Stream>) -> News {
    match news {
        Some(stream) => stream.next().await,
        None => pending().await,
    }
}

/// What is on screen changed. Never, once nobody can say so any more.
async fn wanted(demand: &mut watch::Receiver<Demand>) {
    if demand.changed().await.is_err() {
        pending::<()>().await;
    }
}

/// Whether less than `period` has passed; a tick that comes a little early is still that tick.
fn too_early(last: Option<Instant>, period: Duration) -> bool {
    last.is_some_and(|last| last.elapsed() + period / 4 < period)
}

fn every(period: Duration) -> Interval {
    let mut interval = if period == SAMPLE || period == PROCESSES {
        interval(period)
    } else {
        interval_at(tokio::time::Instant::now() + period, period)
    };
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}
