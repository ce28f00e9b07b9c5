//! A host over SSH: what its probe sends becomes the same rows as those of this machine.

mod cost;
mod disks;
mod link;
mod processes;
mod schedule;
mod sent;

use std::{io, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use jiff::Timestamp;
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use super::{
    super::{Ask, Demand, Error, Outlet, Source, registry::Reached},
    answers::Answers,
    latest::Part,
    linux::Machine,
    now,
    published::Published,
    standing::Standing,
    units,
};
use crate::{
    model::{
        health::State,
        key::{Key, SourceId},
        store::TableId,
        text,
    },
    remote::{Name, Route, Section, Way, Ways, pace::Pace, sockets::Sockets},
};
use cost::Meter;
use disks::Disks;
use link::{Arrived, Event, Link};
use processes::Processes;
use schedule::Wanted;
use sent::Sent;

/// What all hosts of a console share.
#[derive(Clone)]
pub struct Fleet {
    pace: Pace,
    sockets: Result<Sockets, Arc<io::Error>>,
    ways: Ways,
}

impl Fleet {
    /// Makes the directory for control sockets, and removes what dead consoles left there.
    pub fn new() -> Self {
        Self { pace: Pace::default(), sockets: Sockets::open().map_err(Arc::new), ways: Ways::default() }
    }

    /// What is needed to observe something behind the host of this name.
    pub fn route(&self, host: &str) -> Route {
        let host: Arc<str> = text::name(host).into();
        Route { way: self.ways.watch(&host), host, sockets: self.sockets.clone() }
    }
}

impl Default for Fleet {
    fn default() -> Self {
        Self::new()
    }
}

/// A host.
pub struct RemoteHost {
    node: Arc<str>,
    host: Reached,
    fleet: Fleet,
}

impl RemoteHost {
    /// This host.
    pub fn new(host: &Reached, fleet: Fleet) -> Self {
        Self { node: text::name(&host.name).into(), host: host.clone(), fleet }
    }
}

impl Source for RemoteHost {
    fn id(&self) -> SourceId {
        SourceId::new("host", &self.node)
    }

    fn run(
        self: Box<Self>,
        outlet: Outlet,
        demand: watch::Receiver<Demand>,
        asks: mpsc::Receiver<Ask>,
        stop: CancellationToken,
    ) -> BoxFuture<'static, Result<(), Error>> {
        Box::pin(async move {
            let Self { node, host, fleet } = *self;
            let ways = fleet.ways.clone();
            let (wants, wanted) = watch::channel(wanted(&node, &demand.borrow()));
            let observed = match link(&node, &host, fleet, wanted) {
                Ok(link) => {
                    let observed = Observed::new(&node, &host, outlet);
                    observe(observed, link, &ways, (demand, wants), asks, stop).await
                }
                Err(error) => Err(error),
            };
            if let Err(error) = &observed {
                ways.tell(&node, Way::Closed(State::Unreachable, error.to_string()));
            }
            observed
        })
    }
}

fn link(node: &Arc<str>, host: &Reached, fleet: Fleet, wanted: watch::Receiver<Wanted>) -> Result<Link, Error> {
    let target = host.target.clone();
    let target = target.ok_or_else(|| Error::Configuration(format!("host {node}: `ssh` is no destination for ssh")))?;
    let sockets = fleet.sockets.map_err(|error| {
        let source = io::Error::new(error.kind(), error.to_string());
        Error::Io { what: "the directory for control sockets".to_owned(), source }
    })?;
    Ok(Link::new(node, target, fleet.pace, sockets, wanted))
}

async fn observe(
    mut host: Observed,
    link: Link,
    ways: &Ways,
    (mut demand, wants): (watch::Receiver<Demand>, watch::Sender<Wanted>),
    mut asks: mpsc::Receiver<Ask>,
    stop: CancellationToken,
) -> Result<(), Error> {
    host.published.announce().await;
    host.published.tell_health(State::Connecting, String::new()).await;
    let (sender, mut events) = mpsc::channel(16);
    let mut answers = Answers::there(&host.node);
    let mut tasks = JoinSet::new();
    tasks.spawn(link.run(sender));
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            Some(event) = events.recv() => {
                match &event {
                    Event::Up(up) => {
                        answers.connected(Some(up.door.clone()));
                        ways.tell(&host.node, Way::Open(up.door.clone()));
                    }
                    Event::Down(trouble, said) => {
                        answers.connected(None);
                        ways.tell(&host.node, Way::Closed(trouble.state(), said.clone()));
                    }
                    Event::Section(..) | Event::Quiet(_) => {}
                }
                host.take(event).await;
            }
            Ok(()) = demand.changed() => {
                let now = wanted(&host.node, &demand.borrow_and_update());
                wants.send_if_modified(|before| std::mem::replace(before, now) != now);
            }
            Some(ask) = asks.recv() => answers.answer(ask, &host.published.latest),
            Some(ended) = tasks.join_next() => {
                // It goes on until it is dropped; one that ended has panicked.
                let why = ended.err().map_or_else(|| "it ended".to_owned(), |error| error.to_string());
                return Err(Error::Io { what: format!("observing {}", host.node), source: io::Error::other(why) });
            }
        }
    }
}

/// How much of this host is looked at.
fn wanted(node: &str, demand: &Demand) -> Wanted {
    let is_ours =
        |key: &Key| key.as_str().strip_prefix(node).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let on_screen = |table| demand.visible.get(&table).is_some_and(|keys| keys.is_empty() || keys.iter().any(is_ours));
    let tables = [TableId::Nodes, TableId::Disks, TableId::Units, TableId::Processes];
    let processes = demand.wants(TableId::Processes);
    Wanted {
        host: demand.whole || tables.into_iter().any(on_screen),
        processes,
        processes_now: processes && (demand.whole || on_screen(TableId::Processes)),
    }
}

/// What a host sent, and what the console was told of it.
struct Observed {
    node: Arc<str>,
    published: Published,
    machine: Machine,
    sent: Sent,
    disks: Disks,
    processes: Processes,
    cost: Meter,
    is_described: bool,
}

impl Observed {
    fn new(node: &Arc<str>, host: &Reached, outlet: Outlet) -> Self {
        let mut published = Published::new(node, outlet);
        let groups: Vec<_> = host.groups.iter().map(|group| text::name(group)).collect();
        published.latest.groups = (!groups.is_empty()).then(|| groups.join(",").into());
        published.latest.datacentre = host.datacentre.as_deref().map(|datacentre| text::name(datacentre).into());
        Self {
            node: node.clone(),
            published,
            machine: Machine::default(),
            sent: Sent::default(),
            disks: Disks::new(node),
            processes: Processes::new(node),
            cost: Meter::new(0),
            is_described: false,
        }
    }

    async fn take(&mut self, event: Event) {
        match event {
            Event::Up(up) => {
                // Another boot, another clock: nothing of the last connection may be compared with this one.
                self.machine = Machine::default();
                (self.sent, self.is_described) = (Sent::default(), false);
                self.processes = Processes::new(&self.node);
                self.disks.again();
                self.cost = Meter::new(up.pid);
            }
            Event::Down(trouble, line) => self.published.tell_health(trouble.state(), line).await,
            Event::Quiet(silence) => {
                let message = format!("connected, and silent for {} s; is it overloaded or frozen?", silence.as_secs());
                self.published.tell_health(State::Stale, message).await;
            }
            Event::Section(arrived) => self.section(arrived).await,
        }
    }

    async fn section(&mut self, arrived: Arrived) {
        let Arrived { section: Section { name, text, outcome, .. }, waited, received } = arrived;
        match name {
            Name::Fast => {
                self.sent.take(Name::Fast, &text);
                let facts = self.machine.facts(&self.sent);
                if let Some(cost) = self.cost.read(&self.sent, received) {
                    self.published.take(Part::Cost(cost)).await;
                }
                self.published.take(Part::Facts(Box::new(facts))).await;
                self.disks_changed().await;
            }
            Name::State => {
                self.sent.take(name, &text);
                if let Some(skew) = self.sent.said("clock").and_then(|clock| skew(clock, waited, now())) {
                    self.published.take(Part::Skew(skew)).await;
                }
                self.standing_changed().await;
            }
            Name::Inventory => {
                self.sent.take(name, &text);
                self.is_described = true;
                self.standing_changed().await;
            }
            Name::Mounts => self.disks.mounted(&text, Instant::now()),
            Name::Near => {
                self.disks.near(&text);
                self.disks_changed().await;
            }
            Name::Far(number) => {
                self.disks.far(&number, &text);
                self.disks_changed().await;
            }
            Name::Units => {
                let units = match outcome.as_str() {
                    "none" => Ok(None),
                    "0" => Ok(Some(units::parse(&self.node, &text))),
                    _ => Err(format!("systemctl list-units: {}", text::name(text.trim()))),
                };
                self.published.take(Part::Units(units)).await;
            }
            Name::Processes => {
                let found = self.processes.take(&text, outcome == "full", &self.sent, now());
                self.sent.count_processes(found.count);
                self.published.take(Part::Processes(found.processes)).await;
            }
        }
    }

    /// What changes rarely, once the host has told what it is.
    async fn standing_changed(&mut self) {
        if self.is_described {
            let standing = Standing::read(&self.sent, |word| self.sent.said(word));
            self.published.take(Part::Standing(standing)).await;
        }
    }

    /// File systems, when they are all measured or known not to answer, and something changed.
    async fn disks_changed(&mut self) {
        if let Some(round) = self.disks.round(Instant::now()) {
            self.published.take(Part::Disks(round)).await;
        }
    }
}

/// Seconds the host's clock is ahead of ours, by what it said (whole seconds since 1970) and how long that was waited for;
/// 0 when the difference may come from either.
fn skew(clock: &str, waited: Duration, now: Timestamp) -> Option<i64> {
    let theirs = clock.trim().parse::<i64>().ok().filter(|second| (0..=1 << 40).contains(second))? as f64 + 0.5;
    let half = waited.as_secs_f64() / 2.0;
    let ours = now.as_millisecond() as f64 / 1000.0 - half;
    let ahead = theirs - ours;
    #[allow(clippy::cast_possible_truncation, reason = "a difference of clocks in seconds")]
    Some(if ahead.abs() <= half + 1.0 { 0 } else { ahead.round() as i64 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_wrong_by_what_the_way_here_cannot_explain() {
        let now = Timestamp::from_millisecond(1_764_140_010_300).expect("a moment");
        let of = |clock: &str, millis| skew(clock, Duration::from_millis(millis), now);
        assert_eq!(of("1764140010", 20), Some(0));
        assert_eq!(of("1764140009", 20), Some(0));
        assert_eq!(of("1764140070", 20), Some(60));
        assert_eq!(of("1764139950", 20), Some(-60));
        assert_eq!(of("1764140007", 6000), Some(0), "it may have been read when it was asked for");
        assert_eq!((of("", 0), of("-5", 0), of("99999999999999999", 0)), (None, None, None));
    }
}
