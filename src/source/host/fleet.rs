//! A host over SSH: what its probe sends becomes the same rows as those of this machine.

mod disks;
mod link;
mod processes;
mod schedule;
mod sent;

use std::{io, sync::Arc};

use futures::future::BoxFuture;
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
    units,
};
use crate::{
    model::{health::State, key::SourceId, text},
    remote::{Name, Section, pace::Pace, sockets::Sockets},
};
use disks::Disks;
use link::{Event, Link};
use processes::Processes;
use sent::Sent;

/// What all hosts of a console share.
#[derive(Clone)]
pub struct Fleet {
    pace: Pace,
    sockets: Result<Sockets, Arc<io::Error>>,
}

impl Fleet {
    /// Makes the directory for control sockets, and removes what dead consoles left there.
    pub fn new() -> Self {
        Self { pace: Pace::default(), sockets: Sockets::open().map_err(Arc::new) }
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
            let target = host.target.clone();
            let target =
                target.ok_or_else(|| Error::Configuration(format!("host {node}: `ssh` is no destination for ssh")))?;
            let sockets = fleet.sockets.map_err(|error| {
                let source = io::Error::new(error.kind(), error.to_string());
                Error::Io { what: "the directory for control sockets".to_owned(), source }
            })?;
            let link = Link::new(&node, target, fleet.pace, sockets);
            let observed = Observed::new(&node, &host, outlet);
            observe(observed, link, demand, asks, stop).await
        })
    }
}

async fn observe(
    mut host: Observed,
    link: Link,
    demand: watch::Receiver<Demand>,
    mut asks: mpsc::Receiver<Ask>,
    stop: CancellationToken,
) -> Result<(), Error> {
    host.published.tell_health(State::Connecting, String::new()).await;
    let (sender, mut events) = mpsc::channel(16);
    let mut answers = Answers::there(&host.node);
    let mut tasks = JoinSet::new();
    tasks.spawn(link.run(demand, sender));
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            Some(event) = events.recv() => {
                match &event {
                    Event::Up(door) => answers.connected(Some(door.clone())),
                    Event::Down(..) => answers.connected(None),
                    Event::Section(..) | Event::Quiet(_) => {}
                }
                host.take(event).await;
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

/// What a host sent, and what the console was told of it.
struct Observed {
    node: Arc<str>,
    published: Published,
    machine: Machine,
    sent: Sent,
    disks: Disks,
    processes: Processes,
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
        }
    }

    async fn take(&mut self, event: Event) {
        match event {
            Event::Up(_) => {
                // Another boot, another clock: nothing of the last connection may be compared with this one.
                self.machine = Machine::default();
                self.sent = Sent::default();
                self.processes = Processes::new(&self.node);
                self.disks.again();
            }
            Event::Down(trouble, line) => self.published.tell_health(trouble.state(), line).await,
            Event::Quiet(silence) => {
                let message = format!("connected, and silent for {} s; is it overloaded or frozen?", silence.as_secs());
                self.published.tell_health(State::Stale, message).await;
            }
            Event::Section(section) => self.section(section).await,
        }
    }

    async fn section(&mut self, section: Section) {
        let Section { name, text, outcome, .. } = section;
        match name {
            Name::Fast => {
                self.sent.take(Name::Fast, &text);
                let facts = self.machine.facts(&self.sent);
                self.published.take(Part::Facts(Box::new(facts))).await;
                self.disks_changed().await;
            }
            Name::State | Name::Inventory => self.sent.take(name, &text),
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
                let found = self.processes.take(&text, &self.sent, now());
                self.sent.count_processes(found.count);
                self.published.take(Part::Processes(found.processes)).await;
            }
        }
    }

    /// File systems, when they are all measured or known not to answer, and something changed.
    async fn disks_changed(&mut self) {
        if let Some(round) = self.disks.round(Instant::now()) {
            self.published.take(Part::Disks(round)).await;
        }
    }
}
