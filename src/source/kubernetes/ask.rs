//! Answers questions about rows: fetches the object when asked, and keeps nothing of it.

use std::{sync::Arc, time::Duration};

use serde_json::Value;
use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinSet,
};

use super::{
    call,
    context::{Context, Link},
    trouble::Trouble,
};
use crate::{
    model::query::{Answer, Query},
    source::Ask,
};

mod describe;
mod events;
mod logs;
mod object;
mod yaml;

/// How long fetching an object may take.
const LIMIT: Duration = Duration::from_secs(10);

/// Questions answered at once; more wait.
const AT_ONCE: usize = 16;

/// Answers what comes until nobody asks any more.
pub(crate) async fn serve(context: Arc<Context>, mut asks: mpsc::Receiver<Ask>) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            ask = asks.recv() => {
                let Some(ask) = ask else { break };
                let (context, places) = (context.clone(), places.clone());
                open.spawn(async move {
                    tokio::select! {
                        () = ask.cancel.cancelled() => {}
                        () = async {
                            // Following logs holds no place: it would hold it for ever.
                            let place = match &ask.query {
                                Query::Logs(_) => None,
                                _ => places.acquire().await.ok(),
                            };
                            answer(&context, &ask).await;
                            drop(place);
                        } => {}
                    }
                });
            }
            Some(_) = open.join_next(), if !open.is_empty() => {}
        }
    }
    while open.join_next().await.is_some() {}
}

async fn answer(context: &Context, ask: &Ask) {
    let answer = match context.client() {
        None => {
            let (state, line) = context.board.said().await;
            Answer::Failed(format!("{} is {}: {line}", context.cluster, state.word()))
        }
        Some(link) => match respond(context, &link, ask).await {
            Ok(Some(answer)) => answer,
            Ok(None) => return,
            Err(trouble) => Answer::Failed(trouble.line(&link.server)),
        },
    };
    ask.reply.send(answer).await;
}

/// The answer; none when it went already.
async fn respond(context: &Context, link: &Link, ask: &Ask) -> Result<Option<Answer>, Trouble> {
    Ok(Some(match &ask.query {
        Query::Details(table, key) => {
            let reference = object::Reference::of(&context.cluster, *table, key)?;
            let fetched = fetch(link, &reference).await?;
            // Without events there is still everything else to read.
            let events = events::about(link, &reference, &fetched).await;
            Answer::Document(describe::describe(&reference, &fetched, events))
        }
        Query::Yaml(table, key) => {
            let reference = object::Reference::of(&context.cluster, *table, key)?;
            Answer::Document(yaml::document(fetch(link, &reference).await?))
        }
        Query::Events(table, key) => {
            let reference = object::Reference::of(&context.cluster, *table, key)?;
            let fetched = fetch(link, &reference).await.unwrap_or_default();
            Answer::Document(events::document(&events::about(link, &reference, &fetched).await?))
        }
        Query::Logs(query) => {
            logs::stream(context, link, query, &ask.reply).await?;
            return Ok(None);
        }
    }))
}

async fn fetch(link: &Link, reference: &object::Reference) -> Result<Value, Trouble> {
    call::get_as(&link.client, &reference.path(), LIMIT).await
}
