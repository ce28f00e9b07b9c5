//! The seam to every observed system: one folder a system, one [`Source`] each.
//!
//! A source knows its system's client and the model; it knows no screen. What goes wrong in it is data
//! ([`crate::model::health::Health`]), never a crash. Adding one: a folder, a line in `registry`, a section of the configuration.

pub mod demo;
pub mod docker;
pub mod host;
pub mod kubernetes;
pub mod outlet;
pub mod probe;
pub mod registry;
mod yaml;

use std::{collections::BTreeMap, time::Duration};

use futures::future::BoxFuture;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::model::{
    key::{Key, SourceId},
    query::{Answer, AskId, Query},
    store::TableId,
};
pub use outlet::{Inbox, Outlet};

/// An observed system.
pub trait Source: Send + 'static {
    /// Its name; unique.
    fn id(&self) -> SourceId;

    /// The source over whose connection this one observes: it sees nothing while that does not run.
    fn behind(&self) -> Option<SourceId> {
        None
    }

    /// Observes until `stop`. Returns early only with an error that trying again at once cannot mend;
    /// the supervisor reports it and starts a new one later.
    fn run(
        self: Box<Self>,
        outlet: Outlet,
        demand: watch::Receiver<Demand>,
        asks: mpsc::Receiver<Ask>,
        stop: CancellationToken,
    ) -> BoxFuture<'static, Result<(), Error>>;
}

/// What is on screen, so that sources fetch only that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// Tables shown now or within the last five minutes.
    pub tables: std::collections::BTreeSet<TableId>,
    /// Keys of the rows on screen now, by table.
    pub visible: BTreeMap<TableId, Vec<Key>>,
    /// Every row counts as visible: a list that is printed whole, without a screen.
    pub whole: bool,
}

impl Demand {
    /// Whether the table is wanted.
    pub fn wants(&self, table: TableId) -> bool {
        self.tables.contains(&table)
    }
}

/// A question, with the way back.
#[derive(Debug)]
pub struct Ask {
    /// Its number.
    pub id: AskId,
    /// What is asked.
    pub query: Query,
    /// Where the answer goes.
    pub reply: Reply,
    /// Cancelled when nobody waits any more; stop then.
    pub cancel: CancellationToken,
}

/// The way back for answers to one question. Bounded: a sender that is faster than the screen waits.
#[derive(Clone, Debug)]
pub struct Reply {
    id: AskId,
    sender: mpsc::Sender<(AskId, Answer)>,
}

impl Reply {
    /// A way back for question `id`.
    pub fn new(id: AskId, sender: mpsc::Sender<(AskId, Answer)>) -> Self {
        Self { id, sender }
    }

    /// Sends a part of the answer; waits while the console is busy. False when nobody listens any more.
    pub async fn send(&self, answer: Answer) -> bool {
        self.sender.send((self.id, answer)).await.is_ok()
    }
}

/// Why a source ended.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration cannot work: what is wrong and what to do, in one line.
    #[error("{0}")]
    Configuration(String),
    /// Something of this machine that the source needs failed.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
}

/// The wait before attempt `n` (from 0) at something that failed: 1 s doubling to 30 s, with ±20 % drawn from `seed`,
/// so that many clients do not return at once.
pub fn backoff(n: u32, seed: u64) -> Duration {
    let base = 1000u64.saturating_mul(1 << n.min(5)).min(30_000);
    let jitter = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(n) % (base * 2 / 5);
    Duration::from_millis(base * 4 / 5 + jitter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_half_a_minute_and_stay_there() {
        for n in 0..40 {
            let wait = backoff(n, 12345);
            let base = (1000 << n.min(5)).min(30_000);
            assert!(
                (base * 4 / 5..base * 6 / 5).contains(&u64::try_from(wait.as_millis()).unwrap_or(0)),
                "{n}: {wait:?}"
            );
        }
    }
}
