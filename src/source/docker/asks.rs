//! Answers to questions about containers. Each is a task of its own, ends when nobody waits any more, and gets a line that
//! says why when it cannot be answered.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use serde_json::Value;
use tokio::{sync::mpsc, task::JoinSet, time::timeout};

use super::{allow, api::Event, client::Client, details, error::Error, lines::Lines, list::moment_of_nanos, logs};
use crate::{
    model::{
        document::{Document, Line},
        field::Tone,
        key::Key,
        query::{Answer, Query},
        text,
    },
    source::{Ask, yaml},
};

/// Questions that are open at once; another waits until one is answered.
const OPEN: usize = 32;
/// How far back events are asked for. The engine itself keeps 256.
const EVENTS: Duration = Duration::from_hours(1);
/// For all of them to come.
const WAIT: Duration = Duration::from_secs(10);
/// Events that are shown.
const SHOWN: usize = 500;

/// Answers until nobody asks any more.
pub(super) async fn answer(client: Client, engine: String, mut asks: mpsc::Receiver<Ask>) {
    let engine: Arc<str> = engine.into();
    let mut open = JoinSet::new();
    while let Some(ask) = asks.recv().await {
        while open.try_join_next().is_some() {}
        if open.len() >= OPEN {
            open.join_next().await;
        }
        let (client, engine) = (client.clone(), engine.clone());
        open.spawn(async move {
            let Ask { query, reply, cancel, .. } = ask;
            let answered = async {
                if let Err(why) = respond(&client, &engine, query, &reply).await {
                    reply.send(Answer::Failed(why)).await;
                }
            };
            tokio::select! {
                () = cancel.cancelled() => {}
                () = answered => {}
            }
        });
    }
    while open.join_next().await.is_some() {}
}

async fn respond(client: &Client, engine: &str, query: Query, reply: &crate::source::Reply) -> Result<(), String> {
    let line = |error: Error| error.to_string();
    let document = match query {
        Query::Logs(query) => return logs::answer(client, engine, query, reply).await,
        Query::Details(_, key) => details::document(&inspect(client, id(engine, &key)?).await.map_err(line)?),
        Query::Yaml(_, key) => yaml::document(inspect(client, id(engine, &key)?).await.map_err(line)?),
        Query::Events(_, key) => events(client, id(engine, &key)?, Timestamp::now()).await.map_err(line)?,
    };
    reply.send(Answer::Document(document)).await;
    Ok(())
}

/// The container's id in the key of a container or of one of its processes.
pub(super) fn id<'a>(engine: &str, key: &'a Key) -> Result<&'a str, String> {
    let rest = key.strip_prefix(engine).and_then(|rest| rest.strip_prefix('/'));
    let id = rest.and_then(|rest| rest.split('/').next()).filter(|id| allow::is_id(id));
    id.ok_or_else(|| format!("{} is no container of engine {}", text::name(key), text::name(engine)))
}

async fn inspect(client: &Client, id: &str) -> Result<Value, Error> {
    client.get(&format!("/containers/{id}/json"), &[]).await
}

/// The container's events of the last hour, newest last.
async fn events(client: &Client, id: &str, now: Timestamp) -> Result<Document, Error> {
    let filters = serde_json::json!({ "type": ["container"], "container": [id] }).to_string();
    let until = now.as_second();
    let since = until - i64::try_from(EVENTS.as_secs()).unwrap_or(i64::MAX);
    // Until the next second, so that what just happened is in it; the engine then ends the answer.
    let (since, until) = (since.to_string(), (until + 1).to_string());
    let query = [("filters", &*filters), ("since", &*since), ("until", &*until)];
    let mut body = client.stream("/events", &query).await?;
    let mut lines = Lines::new(1 << 20);
    let mut events: Vec<Event> = Vec::new();
    let whole = async {
        while let Some(piece) = body.next().await {
            lines.push(&piece?, |line, _| events.extend(serde_json::from_slice::<Event>(line).ok()));
            events.drain(..events.len().saturating_sub(SHOWN * 4));
        }
        Ok::<(), Error>(())
    };
    // An engine that does not end its answer has told what it had.
    timeout(WAIT, whole).await.unwrap_or(Ok(()))?;
    Ok(events_document(&events))
}

fn events_document(events: &[Event]) -> Document {
    let mut document = Document::default();
    document.heading("Events of the last hour");
    // Health checks are execs, every few seconds, and would push out everything else.
    let told: Vec<&Event> = events.iter().filter(|event| !event.action.starts_with("exec_")).collect();
    for event in &told[told.len().saturating_sub(SHOWN)..] {
        let mut words = event.action.clone();
        for (name, label) in [("exitCode", "exit code"), ("signal", "signal")] {
            if let Some(value) = event.actor.attributes.get(name) {
                words = format!("{words}, {label} {value}");
            }
        }
        document.moment(0, text::name(&words), moment_of_nanos(event.moment()));
    }
    let hidden = events.len() - told.len();
    if told.is_empty() {
        document.lines.push(Line::Text("none (the engine keeps its last 256 events of all kinds)".into(), Tone::Dim));
    }
    if hidden > 0 {
        document
            .lines
            .push(Line::Text(format!("{hidden} of commands run in it (health checks, exec) left out"), Tone::Dim));
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_from_the_keys_of_containers_and_processes() {
        assert_eq!(id("lab", &"lab/4f1c".into()), Ok("4f1c"));
        assert_eq!(id("lab", &"lab/4f1c/77".into()), Ok("4f1c"));
        for wrong in ["lab", "other/4f1c", "lab/", "lab/../x", "labx/4f1c", "lab/a%2fb"] {
            assert!(id("lab", &wrong.into()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn events_are_told_newest_last_without_execs() {
        let lines = include_str!("../../../tests/fixtures/docker/events.jsonl");
        let events: Vec<Event> = lines.lines().map(|line| serde_json::from_str(line).expect("an event")).collect();
        let document = events_document(&events);
        let names: Vec<&str> = document
            .lines
            .iter()
            .filter_map(|line| if let Line::Moment { name, .. } = line { Some(&**name) } else { None })
            .collect();
        assert!(names.iter().any(|name| name.starts_with("die, exit code 1")), "{names:?}");
        assert!(!names.iter().any(|name| name.starts_with("exec")), "{names:?}");
        assert!(matches!(document.lines.last(), Some(Line::Text(text, _)) if text.contains("left out")));
        assert!(events_document(&[]).lines.len() == 2);
    }
}
