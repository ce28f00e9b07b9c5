//! Containers of a Docker or Podman engine, here, at an address, or behind a host: listed, watched by the engine's events, measured
//! from this machine's cgroup files where they are here and by the engine's API else.
//!
//! Only observes: `allow` refuses everything else before it is sent. Knows no screen.

mod allow;
mod api;
mod asks;
mod behind;
mod board;
mod cgroup;
mod client;
mod details;
mod discover;
mod endpoint;
mod environment;
mod error;
mod events;
mod lanes;
mod lines;
mod list;
mod logs;
pub mod probe;
mod processes;
mod sample;
mod session;
mod tls;
mod top;

use std::{sync::Arc, time::Duration};

use futures::{FutureExt, future::BoxFuture};
use tokio::{
    sync::{mpsc, watch},
    time::sleep,
};
use tokio_util::sync::CancellationToken;

use self::{behind::Behind, board::Board, client::Client, endpoint::Endpoint, session::Session};
use super::{Ask, Demand, Error, Outlet, Source};
use crate::{config::schema::Engine, model::key::SourceId, remote::Route};

/// Between two attempts at an engine that does not answer. An attempt takes at most three seconds, so that a fault or its end
/// is seen within ten.
const RETRY: Duration = Duration::from_secs(3);

/// One engine.
#[derive(Debug)]
pub struct Docker {
    engine: Engine,
    route: Option<Route>,
}

impl Docker {
    /// The source of a configured or discovered engine.
    pub fn new(engine: Engine) -> Self {
        Self { engine, route: None }
    }

    /// The source of an engine behind a host.
    pub fn behind(engine: Engine, route: Route) -> Self {
        Self { engine, route: Some(route) }
    }
}

/// The engines that are there without being configured: what the docker and podman commands of this user would reach.
/// Reads files; does not connect.
pub fn discover() -> Vec<Engine> {
    discover::discover(&environment::Environment::of_process())
}

impl Source for Docker {
    fn id(&self) -> SourceId {
        SourceId::new("docker", &self.engine.name)
    }

    fn behind(&self) -> Option<SourceId> {
        self.route.as_ref().map(|route| SourceId::new("host", &route.host))
    }

    fn run(
        self: Box<Self>,
        outlet: Outlet,
        demand: watch::Receiver<Demand>,
        asks: mpsc::Receiver<Ask>,
        stop: CancellationToken,
    ) -> BoxFuture<'static, Result<(), Error>> {
        observe(*self, outlet, demand, asks, stop).boxed()
    }
}

async fn observe(
    docker: Docker,
    outlet: Outlet,
    demand: watch::Receiver<Demand>,
    asks: mpsc::Receiver<Ask>,
    stop: CancellationToken,
) -> Result<(), Error> {
    let Docker { engine, route } = docker;
    let name = engine.name.clone();
    let endpoint = match route {
        Some(route) => Endpoint::Behind(Arc::new(Behind::new(route, engine.socket))),
        None => {
            let resolve = move || endpoint::resolve(&engine, &environment::Environment::of_process());
            let resolved = tokio::task::spawn_blocking(resolve).await;
            resolved.map_err(|error| Error::Configuration(error.to_string()))??
        }
    };
    let client = Client::new(endpoint);
    // Questions are answered, or refused with the reason, also while the engine is away.
    let answers = asks::answer(client.clone(), name.clone(), asks);
    let watch = keep(client, Board::new(&name), outlet, demand);
    tokio::select! {
        () = stop.cancelled() => {}
        () = async { tokio::join!(answers, watch); } => {}
    }
    Ok(())
}

/// One session after the other, for as long as somebody looks.
async fn keep(client: Client, mut board: Board, outlet: Outlet, mut demand: watch::Receiver<Demand>) {
    let mut since = None;
    loop {
        let ended = match Session::begin(&client, &mut board, &outlet, &mut demand, since).await {
            Ok(session) => {
                let (last, ended) = session.run().await;
                since = last.or(since);
                ended
            }
            Err(error) => Some(error),
        };
        match ended {
            Some(error) => {
                outlet.health(error.state(), error.to_string()).await;
                tokio::select! {
                    () = sleep(RETRY) => {}
                    () = client.changed() => {}
                }
            }
            // The stream ended without a word; the next attempt says why. Not at once again and again.
            None => sleep(Duration::from_millis(500)).await,
        }
    }
}
