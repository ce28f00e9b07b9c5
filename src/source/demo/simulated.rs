//! Drives a simulated system by the clock, and answers for it. Every answer is marked DEMO.

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, sleep},
};
use tokio_util::sync::CancellationToken;

use super::{part::Part, random::Random};
use crate::{
    model::{
        delta::Delta,
        document::Document,
        key::{Key, SourceId},
        query::{Answer, LogLine, LogQuery, Query},
        store::TableId,
        value,
    },
    source::{Ask, Demand, Error, Outlet, Source},
};

/// Time between two steps.
const STEP: Duration = Duration::from_millis(250);

/// Lines of the past at most.
const TAIL: u32 = 10_000;

/// A part of the fleet as a source.
pub(super) struct Simulated(Box<dyn Part>);

impl Simulated {
    /// The source of a part.
    pub(super) fn new(part: Box<dyn Part>) -> Self {
        Self(part)
    }
}

impl Source for Simulated {
    fn id(&self) -> SourceId {
        self.0.id().clone()
    }

    fn run(
        mut self: Box<Self>,
        outlet: Outlet,
        _: watch::Receiver<Demand>,
        mut asks: mpsc::Receiver<Ask>,
        stop: CancellationToken,
    ) -> BoxFuture<'static, Result<(), Error>> {
        Box::pin(async move {
            for delta in self.0.start(Timestamp::now()) {
                send(&outlet, delta).await;
            }
            let mut beat = interval(STEP);
            beat.set_missed_tick_behavior(MissedTickBehavior::Skip);
            let mut last = Instant::now();
            let mut answers = JoinSet::new();
            loop {
                tokio::select! {
                    () = stop.cancelled() => return Ok(()),
                    _ = beat.tick() => {
                        let passed = last.elapsed();
                        last = Instant::now();
                        for delta in self.0.step(Timestamp::now(), passed) {
                            send(&outlet, delta).await;
                        }
                    }
                    Some(ask) = asks.recv() => {
                        while answers.try_join_next().is_some() {}
                        let answer = answer(self.0.as_ref(), &ask.query, Timestamp::now());
                        answers.spawn(reply(ask, answer));
                    }
                }
            }
        })
    }
}

async fn send(outlet: &Outlet, delta: Delta) {
    match delta {
        Delta::Upsert(scope, rows) => outlet.upsert(&scope, rows).await,
        Delta::Announce(scope, rows) => outlet.announce(&scope, rows).await,
        Delta::Remove(scope, key) => outlet.remove(&scope, key).await,
        Delta::Begin(scope) => outlet.begin(&scope).await,
        Delta::Commit(scope) => outlet.commit(&scope).await,
        Delta::Usage(table, usage) => outlet.usage(table, usage).await,
        Delta::Health(health) => outlet.health(health.state, health.message).await,
    }
}

/// What can be answered at once; logs take their time.
fn answer(part: &dyn Part, query: &Query, now: Timestamp) -> Option<Answer> {
    let found = |document: Option<Document>, key: &Key| {
        document.map_or_else(|| Answer::Failed(format!("{key} is not there any more")), Answer::Document)
    };
    match query {
        Query::Details(table, key) => Some(found(part.details(*table, key, now), key)),
        Query::Yaml(table, key) => Some(found(part.details(*table, key, now).map(|d| yaml(*table, key, &d)), key)),
        Query::Events(_, key) => {
            let mut document = Document::default();
            document.heading(format!("DEMO events of {key}"));
            for event in part.events(key) {
                let age = event.last.map_or("–".into(), |last| value::duration(value::seconds_between(last, now)));
                document.text(format!(
                    "{age:>6}  {:<8} {:<18} ×{}  {}",
                    event.kind, event.reason, event.count, event.message
                ));
            }
            Some(Answer::Document(document))
        }
        Query::Logs(_) => None,
    }
}

/// The details in the shape of YAML.
fn yaml(table: TableId, key: &Key, details: &Document) -> Document {
    use crate::model::document::Line;
    let mut about = serde_json::Map::new();
    for line in &details.lines {
        match line {
            Line::Pair { name, value, .. } => about.insert(name.clone(), value.as_str().into()),
            Line::Secret { name: Some(name), whole, .. } => about.insert(name.clone(), whole.reveal().into()),
            _ => None,
        };
    }
    crate::source::yaml::document(serde_json::json!({
        "apiVersion": "demo/v1",
        "kind": table.name(),
        "metadata": { "name": key.rsplit('/').next().unwrap_or_default(), "annotations": { "note": "DEMO: made up" } },
        "config": about,
    }))
}

async fn reply(ask: Ask, answer: Option<Answer>) {
    match (answer, &ask.query) {
        (Some(answer), _) => {
            ask.reply.send(answer).await;
        }
        (None, Query::Logs(query)) => {
            tokio::select! {
                () = ask.cancel.cancelled() => {}
                () = logs(&ask, query) => {}
            }
        }
        (None, _) => {}
    }
}

async fn logs(ask: &Ask, query: &LogQuery) {
    let mut writers: Vec<Writer> = query.keys.iter().map(|key| Writer::new(key, query)).collect();
    let now = Timestamp::now();
    for writer in &mut writers {
        let lines = (0..query.tail.min(TAIL)).rev().map(|n| {
            let at = now.checked_sub(SignedDuration::from_millis(i64::from(n) * 830)).unwrap_or(now);
            writer.line(at)
        });
        let lines = lines
            .filter(|line| query.since.is_none_or(|since| line.at.is_some_and(|at| now.duration_since(at) <= since)))
            .collect();
        ask.reply.send(Answer::Lines(lines)).await;
    }
    if !query.follow || query.previous {
        ask.reply.send(Answer::End).await;
        return;
    }
    loop {
        for writer in &mut writers {
            sleep(Duration::from_millis(200 + u64::try_from(writer.random.below(600)).unwrap_or(0))).await;
            let line = writer.line(Timestamp::now());
            if !ask.reply.send(Answer::Lines(vec![line])).await {
                return;
            }
        }
    }
}

/// Makes up log lines of one pod, container, unit or machine.
struct Writer {
    random: Random,
    origin: Arc<str>,
}

impl Writer {
    fn new(key: &Key, query: &LogQuery) -> Self {
        let name = key.rsplit('/').next().unwrap_or_default();
        let origin =
            query.container.as_ref().map_or_else(|| name.into(), |container| format!("{name}/{container}").into());
        Self { random: Random::of(1, key), origin }
    }

    fn line(&mut self, at: Timestamp) -> LogLine {
        let random = &mut self.random;
        let wiki =
            random.pick(&["enwiki", "frwiki", "dewiki", "commonswiki", "wikidatawiki"]).copied().unwrap_or("enwiki");
        let took = random.whole(4, 900);
        let text = match random.below(12) {
            0 => format!("DEMO [warning] {wiki}: slow query took {took} ms on db1151"),
            1 => format!("DEMO [error] {wiki}: connection to db1150 timed out after {took} ms"),
            2..5 => format!("DEMO {{\"level\":\"info\",\"wiki\":\"{wiki}\",\"job\":\"refreshLinks\",\"ms\":{took}}}"),
            _ => format!("DEMO [info] {wiki} GET /wiki/Special:Random 200 {took} ms"),
        };
        LogLine { at: Some(at), origin: self.origin.clone(), text }
    }
}
