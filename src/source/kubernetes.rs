//! Kubernetes clusters, each through its API server: lists and watches turned into rows at once, and questions answered.
//!
//! This file decides what is watched and how the source stands; the folder has one file for each thing that takes.

mod allow;
mod ask;
mod board;
mod call;
mod child;
mod client;
mod context;
mod credential;
mod ending;
mod heard;
mod items;
mod jobs;
mod kind;
mod lines;
mod metrics;
pub mod probe;
mod quantity;
mod rights;
mod rows;
mod slim;
mod status;
mod tls;
mod trouble;
mod watch;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use futures::{StreamExt, future::BoxFuture, stream};
use jiff::Timestamp;
use serde::Deserialize;
use tokio::{
    sync::{mpsc, watch as channel},
    task::{AbortHandle, JoinSet},
    time::{Instant, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;

use self::{
    board::Target,
    context::{Context, Link},
    kind::Kind,
    rights::Reach,
    status::Release,
    trouble::Trouble,
    watch::Watch,
};
use super::{Ask, Demand, Error, Outlet, Source, backoff};
use crate::{
    config::schema::Cluster,
    model::{health::State, key::SourceId},
};
pub use client::discover;

/// How often the server is asked for a sign of life; every other time for more, see [`Observer::look`].
const BEAT: Duration = Duration::from_secs(2);

/// How long the server may take for a sign of life.
const LIFE: Duration = Duration::from_secs(5);

/// How often credentials that were refused are tried again, and rights that are missing.
const REFUSED: Duration = Duration::from_secs(4);

/// How often a cluster of which only some namespaces are seen is asked for more.
const WIDEN: Duration = Duration::from_mins(1);

/// How soon before their end credentials are renewed.
const RENEW: Duration = Duration::from_mins(1);

/// A cluster.
#[derive(Clone, Debug)]
pub struct Kubernetes {
    cluster: Cluster,
}

impl Kubernetes {
    /// The source of a configured cluster.
    pub fn new(cluster: Cluster) -> Self {
        Self { cluster }
    }
}

impl Source for Kubernetes {
    fn id(&self) -> SourceId {
        SourceId::new("kubernetes", &self.cluster.name)
    }

    fn run(
        self: Box<Self>,
        outlet: Outlet,
        demand: channel::Receiver<Demand>,
        asks: mpsc::Receiver<Ask>,
        stop: CancellationToken,
    ) -> BoxFuture<'static, Result<(), Error>> {
        Box::pin(async move {
            let context = Arc::new(Context::new(&self.cluster, outlet));
            let observer = Observer::new(self.cluster, context.clone(), demand.clone());
            // The console closes the asks when it ends; the rest goes on until it is told to stop.
            let work = async {
                tokio::join!(observer.run(), metrics::poll(context.clone(), demand), ask::serve(context.clone(), asks));
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = work => {}
            }
            Ok(())
        })
    }
}

/// A program of the kubeconfig that is silent for so long probably waits for a person. It may go on: cloud CLIs start
/// slowly.
const SILENT: Duration = Duration::from_secs(6);

/// What `/version` says.
#[derive(Deserialize)]
struct Info {
    #[serde(default)]
    minor: String,
}

/// Watches a cluster.
struct Observer {
    cluster: Cluster,
    context: Arc<Context>,
    demand: channel::Receiver<Demand>,
    watches: JoinSet<()>,
    running: BTreeMap<Target, AbortHandle>,
    /// What may be seen; unknown before the first answer.
    reach: Option<Reach>,
    /// Scopes whose rows are to go once the new lists are complete.
    leaving: BTreeSet<Target>,
    /// The namespace of the kubeconfig's context.
    namespace: String,
    /// When to renew the credentials.
    renew: Option<Instant>,
    /// Connecting runs a program of the user's.
    runs_program: bool,
    /// The server has said who it is, since the last connection was made.
    introduced: bool,
    /// The next beat asks for no more than a sign of life.
    light: bool,
    /// Where the next look begins.
    turn: usize,
}

impl Observer {
    fn new(cluster: Cluster, context: Arc<Context>, demand: channel::Receiver<Demand>) -> Self {
        Self {
            cluster,
            context,
            demand,
            watches: JoinSet::new(),
            running: BTreeMap::new(),
            reach: None,
            leaving: BTreeSet::new(),
            namespace: String::new(),
            renew: None,
            runs_program: false,
            introduced: false,
            light: false,
            turn: 0,
        }
    }

    /// Connects, watches and looks, for ever.
    async fn run(mut self) {
        let (mut failures, mut widened) = (0, Instant::now());
        // When the server was last missed.
        let mut missed: Option<Instant> = None;
        let mut wanted = true;
        loop {
            let step = self.step(&mut widened, failures == 0).await;
            let pause = match self.but_for_busy(step) {
                Ok(()) => {
                    self.context.board.whole(None).await;
                    self.retire().await;
                    if std::mem::take(&mut failures) > 0 {
                        self.context.recovered.send_replace(missed);
                    }
                    BEAT
                }
                Err(trouble) => {
                    missed = Some(Instant::now());
                    tracing::debug!(cluster = self.cluster.name, %trouble, "look");
                    self.despair(&trouble);
                    let pause = self.pause(failures, &trouble);
                    self.report(trouble, failures).await;
                    failures += 1;
                    pause
                }
            };
            let well = failures == 0;
            let next = Instant::now() + pause;
            loop {
                tokio::select! {
                    () = sleep_until(next) => break,
                    // What failed elsewhere is looked at soon, but not in a loop.
                    () = self.context.poke.notified(), if well => {
                        sleep(Duration::from_millis(200)).await;
                        self.light = false;
                        break;
                    }
                    changed = self.demand.changed(), if wanted => {
                        // Without a console nothing more is wanted, and what is stays so.
                        wanted = changed.is_ok();
                        self.sync().await;
                    }
                    // Watches never end by themselves; this only clears what was stopped.
                    Some(_) = self.watches.join_next(), if !self.watches.is_empty() => {}
                }
            }
        }
    }

    /// A server that leaves a question waiting and sends changes meanwhile is busy: it is not away, and nothing is begun
    /// anew, which would burden it more.
    fn but_for_busy(&self, step: Result<(), Trouble>) -> Result<(), Trouble> {
        match step {
            Err(Trouble::Slow(limit)) if self.reach.is_some() && self.context.heard.since(Instant::now() - BEAT) => {
                tracing::debug!(cluster = self.cluster.name, limit = limit.as_secs(), "busy");
                Ok(())
            }
            step => step,
        }
    }

    /// One beat: connect when there is no client, find out what may be seen when that is not known, ask whether it still is.
    /// Only a look ends what is not `well`: a server may give signs of life and no more.
    async fn step(&mut self, widened: &mut Instant, well: bool) -> Result<(), Trouble> {
        if self.context.client().is_none() || self.renew.is_some_and(|at| Instant::now() >= at) {
            self.connect().await?;
        }
        let Some(link) = self.context.client() else { return Ok(()) };
        let light = self.light;
        self.light = !light;
        if !self.introduced || (well && light) {
            self.sign_of_life(&link).await?;
            if std::mem::replace(&mut self.introduced, true) {
                return Ok(());
            }
        }
        let narrow = matches!(self.reach, Some(Reach::Namespaces(..))) && self.cluster.namespaces.is_empty();
        if self.reach.is_none() || (narrow && widened.elapsed() > WIDEN) {
            *widened = Instant::now();
            let reach = rights::reach(&link.client, &self.cluster.namespaces, &self.namespace).await?;
            self.settle(reach).await;
        }
        self.look(&link).await
    }

    /// A new client, with credentials as they are now.
    async fn connect(&mut self) -> Result<(), Trouble> {
        let mut observer = std::pin::pin!(client::observer(&self.cluster));
        let connection = tokio::select! {
            connection = &mut observer => connection?,
            () = sleep(SILENT) => {
                let silent = "the kubeconfig's credential plugin or command does not answer; if it waits for a person, \
                              run kubectl in another terminal and log in once";
                self.context.outlet.health(State::NeedsLogin, silent).await;
                observer.await?
            }
        };
        self.context.board.server(&connection.server, connection.ending.clone()).await;
        self.namespace = connection.namespace;
        let end = connection.expires.or(connection.ending.map(|ending| ending.at()));
        self.renew = end.and_then(|end| {
            let left = Duration::try_from(end.duration_since(Timestamp::now())).unwrap_or_default();
            // Credentials that hardly live are not renewed all the time.
            Instant::now().checked_add(left.saturating_sub(RENEW).max(Duration::from_secs(15)))
        });
        self.runs_program = connection.runs_program;
        self.introduced = false;
        self.context.link.send_replace(Some(Link { client: connection.client, server: connection.server.into() }));
        Ok(())
    }

    /// Asks who the server is, which costs it next to nothing: is it there, and does it still know us? Everybody who is known
    /// may ask; where that is not so, the refusal is a sign of life too.
    async fn sign_of_life(&self, link: &Link) -> Result<(), Trouble> {
        match call::get_as::<Info>(&link.client, "/version", LIFE).await {
            Ok(info) => {
                self.context.release.send_replace(Release::of_minor(&info.minor));
                Ok(())
            }
            Err(Trouble::Forbidden(_) | Trouble::Absent(_) | Trouble::Garbled(_) | Trouble::Status(..)) => Ok(()),
            Err(trouble) => Err(trouble),
        }
    }

    /// Asks for one object of some of the watched lists, each in its turn within half a minute; pods every time.
    async fn look(&mut self, link: &Link) -> Result<(), Trouble> {
        let targets: Vec<Target> = self.running.keys().cloned().collect();
        let most = targets.len().div_ceil(6);
        let pods = targets.iter().find(|(kind, _)| *kind == Kind::Pods);
        let turn = (0..most).filter_map(|n| targets.get((self.turn + n) % targets.len().max(1)));
        let asked: BTreeSet<Target> = pods.into_iter().chain(turn).cloned().collect();
        self.turn = self.turn.wrapping_add(most) % targets.len().max(1);
        let answers: Vec<_> = asked
            .into_iter()
            .map(|target| {
                let client = link.client.clone();
                async move {
                    let answer = rights::may_list_kind(&client, target.0, target.1.as_deref()).await;
                    (target, answer)
                }
            })
            .collect();
        let answers: Vec<_> = stream::iter(answers).buffer_unordered(6).collect().await;
        for (target, answer) in answers {
            match answer {
                // Pods decide over the whole; another kind that may not be seen is a remark.
                Err(Trouble::Forbidden(_)) if target.0 == Kind::Pods => self.reach = None,
                Err(trouble @ (Trouble::Forbidden(_) | Trouble::Absent(_))) => {
                    self.context.board.failed(&target, &trouble).await;
                }
                Ok(()) => self.context.board.allowed(&target).await,
                // Busy, but there.
                Err(Trouble::Status(429, _)) => {}
                Err(trouble) => return Err(trouble),
            }
        }
        if self.reach.is_none() {
            let reach = rights::reach(&link.client, &self.cluster.namespaces, &self.namespace).await?;
            self.settle(reach).await;
        }
        Ok(())
    }

    /// Takes what may be seen, and starts and stops watches accordingly.
    async fn settle(&mut self, reach: Reach) {
        if self.reach.as_ref() != Some(&reach) {
            self.reach = Some(reach.clone());
            self.context.reach.send_replace(Some(reach));
            self.sync().await;
            if !matches!(self.reach, Some(Reach::Cluster)) {
                // What a former run saw of the whole cluster and kept.
                self.leaving.extend(
                    self.running.keys().filter(|(kind, _)| kind.is_namespaced()).map(|(kind, _)| (*kind, None)),
                );
            }
        }
    }

    /// Watches what is wanted and may be seen, and nothing else.
    async fn sync(&mut self) {
        let Some(reach) = &self.reach else { return };
        let demand = self.demand.borrow_and_update().clone();
        let on_demand = Kind::ON_DEMAND.into_iter().filter(|kind| demand.wants(kind.table()));
        let wanted: BTreeSet<Target> = Kind::ALWAYS
            .into_iter()
            .chain(on_demand)
            .flat_map(|kind| {
                let places = if kind.is_namespaced() { reach.places() } else { vec![None] };
                places.into_iter().map(move |place| (kind, place))
            })
            .collect();
        let places: BTreeSet<_> = reach.places().into_iter().collect();
        for (target, task) in self.running.extract_if(.., |target, _| !wanted.contains(target)) {
            task.abort();
            // Rows of a kind that is not wanted stay; those of a place that is not seen any more do not.
            if target.0.is_namespaced() && !places.contains(&target.1) {
                self.leaving.insert(target);
            }
        }
        self.leaving.retain(|target| !wanted.contains(target));
        self.context.board.watching(&wanted, reach.words()).await;
        for target in wanted {
            if !self.running.contains_key(&target) {
                let watch = Watch::new(self.context.clone(), target.clone());
                self.running.insert(target, self.watches.spawn(watch.run()));
            }
        }
    }

    /// Once every new list is complete, what only the old ones saw is gone.
    async fn retire(&mut self) {
        let targets: BTreeSet<Target> = self.running.keys().cloned().collect();
        if self.leaving.is_empty() || !self.context.board.settled(&targets).await {
            return;
        }
        for (kind, place) in std::mem::take(&mut self.leaving) {
            let scope = kind.scope(&self.context.source, place.as_deref());
            self.context.outlet.begin(&scope).await;
            self.context.outlet.commit(&scope).await;
        }
    }

    /// What a trouble of the whole leaves of what was known.
    fn despair(&mut self, trouble: &Trouble) {
        match trouble {
            // The credentials are read again: the file may have changed.
            Trouble::Unauthorized(_) => {
                self.context.link.send_replace(None);
            }
            Trouble::Forbidden(_) => self.reach = None,
            _ => {}
        }
    }

    /// Says how the source stands. A first silence may be an accident of the network, a second is not.
    async fn report(&self, trouble: Trouble, failures: u32) {
        let trouble = match trouble {
            Trouble::Slow(limit) if failures > 0 => {
                Trouble::Unreachable(format!("no answer within {} s", limit.as_secs()))
            }
            other => other,
        };
        self.context.board.whole(Some(trouble)).await;
    }

    /// How long to wait after so many failures: a program of the user's is not run every few seconds.
    fn pause(&self, failures: u32, trouble: &Trouble) -> Duration {
        let wait = backoff(failures, self.context.seed());
        match trouble {
            Trouble::NeedsLogin(_) => wait.max(REFUSED),
            Trouble::Unauthorized(_) if self.runs_program => wait.max(REFUSED),
            Trouble::Unauthorized(_) | Trouble::Forbidden(_) | Trouble::Configuration(_) => wait.min(REFUSED),
            _ => wait.min(BEAT),
        }
    }
}
