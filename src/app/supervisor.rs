//! Keeps sources running: starts them, starts them again when they end or panic, takes questions to them.

use std::collections::HashMap;

use futures::FutureExt as _;
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use crate::{
    model::{
        health::State,
        key::SourceId,
        query::{Answer, AskId, Query},
    },
    source::{Ask, Demand, Inbox, Reply, backoff, registry::Starter},
};

/// Questions that may wait for one source.
const QUESTIONS: usize = 32;

/// All sources.
pub(super) struct Supervisor {
    asks: HashMap<SourceId, mpsc::Sender<Ask>>,
    open: HashMap<AskId, CancellationToken>,
    answers: mpsc::Sender<(AskId, Answer)>,
    demand: watch::Sender<Demand>,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

impl Supervisor {
    /// Starts the sources.
    pub(super) fn start(starters: Vec<Starter>, inbox: &Inbox, answers: mpsc::Sender<(AskId, Answer)>) -> Self {
        let stop = CancellationToken::new();
        let (demand, wanted) = watch::channel(Demand::default());
        let mut asks = HashMap::new();
        let mut tasks = Vec::new();
        for starter in starters {
            let (sender, receiver) = mpsc::channel(QUESTIONS);
            asks.insert(starter.id.clone(), sender);
            tasks.push(tokio::spawn(supervise(starter, inbox.clone(), wanted.clone(), receiver, stop.clone())));
        }
        Self { asks, open: HashMap::new(), answers, demand, stop, tasks }
    }

    /// Tells sources what is on screen.
    pub(super) fn demand(&self, demand: Demand) {
        self.demand.send_replace(demand);
    }

    /// Takes a question to its source; a source that cannot take it is answered for.
    pub(super) fn ask(&mut self, id: AskId, source: &SourceId, query: Query) {
        let cancel = CancellationToken::new();
        let ask = Ask { id, query, reply: Reply::new(id, self.answers.clone()), cancel: cancel.clone() };
        self.open.insert(id, cancel);
        let refused = match self.asks.get(source) {
            None => Some("it is not observed any more"),
            Some(sender) => sender.try_send(ask).err().map(|_| "it has too many questions open already"),
        };
        if let Some(why) = refused {
            let (answers, why) = (self.answers.clone(), format!("{source} cannot be asked: {why}"));
            tokio::spawn(async move { answers.send((id, Answer::Failed(why))).await });
        }
    }

    /// Nobody waits for this answer any more.
    pub(super) fn cancel(&mut self, id: AskId) {
        if let Some(cancel) = self.open.remove(&id) {
            cancel.cancel();
        }
    }

    /// Stops every source and waits for them, but not for long: what does not stop is dropped with the runtime.
    pub(super) async fn stop(self) {
        self.stop.cancel();
        for (_, cancel) in self.open {
            cancel.cancel();
        }
        let all = futures::future::join_all(self.tasks);
        let _ = tokio::time::timeout(std::time::Duration::from_secs(2), all).await;
    }
}

async fn supervise(
    mut starter: Starter,
    inbox: Inbox,
    demand: watch::Receiver<Demand>,
    mut questions: mpsc::Receiver<Ask>,
    stop: CancellationToken,
) {
    let outlet = inbox.outlet(starter.id.clone());
    let seed = starter.id.as_str().bytes().fold(0u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    for attempt in 0.. {
        let Some(source) = starter.start() else { return };
        outlet.health(State::Connecting, "").await;
        let (asks, receiver) = mpsc::channel(QUESTIONS);
        let run =
            std::panic::AssertUnwindSafe(source.run(outlet.clone(), demand.clone(), receiver, stop.child_token()));
        let mut run = std::pin::pin!(run.catch_unwind());
        let ended = loop {
            tokio::select! {
                ended = &mut run => break ended,
                Some(ask) = questions.recv() => {
                    if let Err(refused) = asks.try_send(ask) {
                        let ask = refused.into_inner();
                        let why = format!("{} does not answer questions now", starter.id);
                        tokio::spawn(async move { ask.reply.send(Answer::Failed(why)).await });
                    }
                }
            }
        };
        if stop.is_cancelled() {
            return;
        }
        let message = match ended {
            Ok(Ok(())) => "it ended by itself".to_owned(),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it failed inside ronde; the log file says where".to_owned(),
        };
        tracing::warn!(source = %starter.id, "source ended: {message}");
        outlet.health(State::Unreachable, message).await;
        tokio::select! {
            () = tokio::time::sleep(backoff(attempt, seed)) => {}
            () = stop.cancelled() => return,
        }
    }
}
