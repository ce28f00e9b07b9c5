//! Machines: processors, memory, disks, units and processes. This one is read at four paces that do not wait for each other;
//! hosts over SSH by the probe ([`fleet`]).
//!
//! Linux is read by its own files (`linux`), here or as they were sent; this machine, when it runs another system, by a library
//! (`portable`), which knows less. What a system does not tell is unknown.

mod answers;
mod command;
mod details;
mod disks;
mod facts;
mod files;
pub mod fleet;
mod history;
mod latest;
#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "only what reads this machine's own files"))]
mod linux;
mod logs;
#[cfg(any(not(target_os = "linux"), test))]
mod portable;
mod published;
mod standing;
mod support;
mod tiers;
mod units;
mod users;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use futures::future::BoxFuture;
use jiff::Timestamp;
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use super::{Ask, Demand, Error, Outlet, Source};
use crate::model::{health::State, key::SourceId, text};
use answers::Answers;
use published::Published;

/// This machine.
pub struct Host {
    node: Arc<str>,
    root: PathBuf,
}

impl Host {
    /// This machine under its host name.
    pub fn local() -> Self {
        let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
        Self::at(&name, Path::new("/"))
    }

    /// A machine called `name` whose `/proc`, `/sys` and `/etc` lie under `root` (`/`, or a captured tree).
    pub fn at(name: &str, root: &Path) -> Self {
        Self { node: text::name(name).into(), root: root.to_owned() }
    }
}

impl Source for Host {
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
        Box::pin(async move { observe(*self, outlet, demand, asks, stop).await })
    }
}

async fn observe(
    host: Host,
    outlet: Outlet,
    demand: watch::Receiver<Demand>,
    mut asks: mpsc::Receiver<Ask>,
    stop: CancellationToken,
) -> Result<(), Error> {
    outlet.health(State::Connecting, "").await;
    let (sender, mut parts) = mpsc::channel(8);
    let mut tiers = JoinSet::new();
    tiers::start(&mut tiers, &host.node, &host.root, &sender, demand);
    let mut machine = Published::new(&host.node, outlet);
    let mut answers = Answers::here(&host.node, &host.root);
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            Some(part) = parts.recv() => machine.take(part).await,
            Some(ask) = asks.recv() => answers.answer(ask, &machine.latest),
            Some(ended) = tiers.join_next() => {
                // They run until they are dropped; one that ended has panicked.
                let why = ended.err().map_or_else(|| "it ended".to_owned(), |error| error.to_string());
                let source = std::io::Error::other(why);
                return Err(Error::Io { what: format!("observing {}", host.node), source });
            }
        }
    }
}

/// Now: the one place where this source looks at the clock.
fn now() -> Timestamp {
    Timestamp::now()
}
