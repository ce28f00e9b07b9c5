//! What the parts of one cluster's source share: the client of the moment, the board, and signals between them.

use std::sync::Arc;

use kube::Client;
use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

use super::{board::Board, heard::Heard, jobs::Ledger, rights::Reach, status::Release};
use crate::{
    config::schema::Cluster,
    model::{key::SourceId, text},
    source::Outlet,
};

/// A connection to the API server, cheap to clone.
#[derive(Clone)]
pub(crate) struct Link {
    /// Can only observe.
    pub(crate) client: Client,
    /// Where it leads.
    pub(crate) server: Arc<str>,
}

/// Shared by the parts.
pub(crate) struct Context {
    /// The cluster's configured name.
    pub(crate) cluster: Arc<str>,
    /// The datacentre it stands in, as configured.
    pub(crate) datacentre: Option<Arc<str>>,
    /// The source's id.
    pub(crate) source: SourceId,
    /// To the console.
    pub(crate) outlet: Outlet,
    /// The state.
    pub(crate) board: Board,
    /// Runs of cron jobs.
    pub(crate) ledger: Arc<Ledger>,
    /// The client of the moment; renewed credentials replace it.
    pub(crate) link: watch::Sender<Option<Link>>,
    /// Tells of recoveries, and when the server was last missed before: whoever waits tries again, and what has been
    /// silent since is opened anew.
    pub(crate) recovered: watch::Sender<Option<Instant>>,
    /// When anything was heard on a list or watch.
    pub(crate) heard: Heard,
    /// Asks for a look at the server now.
    pub(crate) poke: Notify,
    /// What may be seen; unknown before the first answer.
    pub(crate) reach: watch::Sender<Option<Reach>>,
    /// Which release's rules print.
    pub(crate) release: watch::Sender<Release>,
}

impl Context {
    /// For this cluster.
    pub(crate) fn new(cluster: &Cluster, outlet: Outlet) -> Self {
        Self {
            cluster: cluster.name.as_str().into(),
            datacentre: cluster.datacentre.as_deref().map(|name| text::name(name).into()),
            source: outlet.source().clone(),
            board: Board::new(outlet.clone()),
            outlet,
            ledger: Arc::default(),
            link: watch::Sender::new(None),
            recovered: watch::Sender::new(None),
            heard: Heard::nothing(),
            poke: Notify::new(),
            reach: watch::Sender::new(None),
            release: watch::Sender::new(Release::Since35),
        }
    }

    /// The client of the moment.
    pub(crate) fn client(&self) -> Option<Link> {
        self.link.borrow().clone()
    }

    /// A number that differs between clusters, so that they do not all try again at once.
    pub(crate) fn seed(&self) -> u64 {
        self.cluster.bytes().fold(17, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()))
    }
}
