//! Processor and memory use from the metrics API, asked at intervals while a table shows it.
//!
//! The API has no watch, and may be absent, come and go; then cells become unknown, once, so that old numbers do not stand.

use std::{collections::HashSet, sync::Arc, time::Duration};

use jiff::Timestamp;
use serde::Deserialize;
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use super::{
    call,
    context::{Context, Link},
    items::Items,
    quantity,
    slim::{Meta, Quantities, nullable, quantities, time},
    trouble::Trouble,
};
use crate::{
    model::{delta::Usage, key::Key, store::TableId, text},
    source::Demand,
};

/// How often it is asked. metrics-server measures every 15 s.
const INTERVAL: Duration = Duration::from_secs(15);

/// How often it is asked whether it is there, which costs no measurement.
const CHECK: Duration = Duration::from_secs(4);

/// How long the answer to that may take.
const CHECK_LIMIT: Duration = Duration::from_secs(4);

/// How long one answer may take.
const LIMIT: Duration = Duration::from_secs(10);

/// Usages that go to the console at once, about.
const BATCH: usize = 500;

/// Where the metrics API is.
pub(crate) const API: &str = "/apis/metrics.k8s.io/v1beta1";

/// One object's use: a node's own, or a pod's containers'.
#[derive(Deserialize)]
struct Measured {
    metadata: Meta,
    #[serde(default, deserialize_with = "time")]
    timestamp: Option<Timestamp>,
    #[serde(default, deserialize_with = "quantities")]
    usage: Quantities,
    #[serde(default, deserialize_with = "nullable")]
    containers: Vec<MeasuredContainer>,
}

#[derive(Deserialize)]
struct MeasuredContainer {
    #[serde(default, deserialize_with = "quantities")]
    usage: Quantities,
}

/// Asks for ever, while somebody looks.
pub(crate) async fn poll(context: Arc<Context>, mut demand: watch::Receiver<Demand>) {
    let mut pods = Known::new(TableId::Pods);
    let mut nodes = Known::new(TableId::ClusterNodes);
    let mut reach = context.reach.subscribe();
    let mut present = true;
    loop {
        let (wants_pods, wants_nodes) = {
            let demand = demand.borrow_and_update();
            (demand.wants(TableId::Pods), demand.wants(TableId::ClusterNodes))
        };
        if (wants_pods || wants_nodes)
            && let Some(link) = context.client()
        {
            let places = reach.borrow_and_update().as_ref().map(super::rights::Reach::places).unwrap_or_default();
            let (mut answers, faults) = (Vec::new(), context.board.faults());
            if wants_pods && !places.is_empty() {
                let paths = places.iter().map(|place| match place {
                    Some(namespace) => format!("{API}/namespaces/{namespace}/pods"),
                    None => format!("{API}/pods"),
                });
                answers.push(pods.ask(&context, &link, paths.collect()).await);
            }
            // What does not answer for pods is not waited for again.
            if wants_nodes && !answers.iter().any(is_silent) {
                answers.push(nodes.ask(&context, &link, vec![format!("{API}/nodes")]).await);
            }
            if let Some(remark) = remark(&answers) {
                present = !answers.iter().any(is_absent);
                context.board.metrics(remark).await;
            } else if answers.iter().any(is_silent) && context.board.is_well_since(faults).await {
                // The server answers, this part of it does not: what stands would look current.
                present = false;
                pods.forget(&context).await;
                nodes.forget(&context).await;
                context.board.metrics(Some("metrics API does not answer".into())).await;
            }
        }
        tokio::select! {
            () = turned(&context, present, wants_pods || wants_nodes) => {}
            () = sleep(INTERVAL) => {}
            () = newly_wanted(&mut demand, wants_pods, wants_nodes) => {}
            // Its sender lives as long as the context.
            _ = reach.changed() => {}
        }
    }
}

/// Waits until an API that was there is not, or the other way round. Never, while nobody looks.
async fn turned(context: &Context, present: bool, wanted: bool) {
    loop {
        sleep(CHECK).await;
        let Some(link) = context.client().filter(|_| wanted) else { continue };
        let is_there = match call::get(&link.client, API, CHECK_LIMIT).await {
            Ok(_) => true,
            Err(Trouble::Forbidden(_) | Trouble::Unauthorized(_) | Trouble::Status(429, _)) => continue,
            Err(_) => false,
        };
        if is_there != present {
            return;
        }
    }
}

/// Waits until somebody looks at a table that nobody looked at before. Other rows of the same table are no reason to ask:
/// every key that scrolls would fetch the whole list.
async fn newly_wanted(demand: &mut watch::Receiver<Demand>, pods: bool, nodes: bool) {
    let is_new =
        |demand: &Demand| (demand.wants(TableId::Pods) && !pods) || (demand.wants(TableId::ClusterNodes) && !nodes);
    if demand.wait_for(is_new).await.is_err() {
        // Without a console nothing more is wanted.
        std::future::pending::<()>().await;
    }
}

/// An answer that there is no such API, or nobody behind it.
fn is_absent(answer: &Result<(), Trouble>) -> bool {
    matches!(answer, Err(Trouble::Absent(_) | Trouble::Status(503, _)))
}

/// No answer, or none that helps; but not that we ask too much or may not ask.
fn is_silent(answer: &Result<(), Trouble>) -> bool {
    !matches!(answer, Ok(()) | Err(Trouble::Forbidden(_) | Trouble::Unauthorized(_) | Trouble::Status(429, _)))
        && !is_absent(answer)
}

/// What the answers say of the API: something to say, nothing to say any more, or no news.
#[allow(clippy::option_option, reason = "the outer one is news, the inner one the remark")]
fn remark(answers: &[Result<(), Trouble>]) -> Option<Option<String>> {
    let mut news = None;
    for answer in answers {
        match answer {
            Ok(()) => news = news.or(Some(None)),
            answer if is_absent(answer) => return Some(Some("metrics API absent".into())),
            Err(Trouble::Forbidden(_)) => news = Some(Some("no right to see metrics".into())),
            // The source's state says what is wrong.
            Err(_) => {}
        }
    }
    news
}

/// Rows of a table that have numbers now.
struct Known {
    table: TableId,
    keys: HashSet<Key>,
}

impl Known {
    fn new(table: TableId) -> Self {
        Self { table, keys: HashSet::new() }
    }

    /// Asks all paths and passes on what they say. Rows that are no longer mentioned become unknown.
    async fn ask(&mut self, context: &Context, link: &Link, paths: Vec<String>) -> Result<(), Trouble> {
        let mut seen = HashSet::with_capacity(self.keys.len());
        let mut result = Ok(());
        for path in paths {
            let read = self.read(context, link, &path, &mut seen);
            match timeout(LIMIT, read).await.unwrap_or(Err(Trouble::Slow(LIMIT))) {
                Ok(()) => {}
                Err(trouble @ (Trouble::Absent(_) | Trouble::Forbidden(_) | Trouble::Status(503, _))) => {
                    result = Err(trouble);
                }
                // Nothing is known of the numbers: those that stand are marked by the source's state.
                Err(trouble) => {
                    self.keys.extend(seen);
                    return Err(trouble);
                }
            }
        }
        self.keep(context, seen).await;
        result
    }

    /// No row has numbers any more.
    async fn forget(&mut self, context: &Context) {
        self.keep(context, HashSet::new()).await;
    }

    /// Only these rows have numbers now; of the others nothing is known.
    async fn keep(&mut self, context: &Context, seen: HashSet<Key>) {
        let at = Timestamp::now();
        let unknown = self.keys.difference(&seen).map(|key| Usage { key: key.clone(), cpu: None, memory: None, at });
        let unknown: Vec<Usage> = unknown.collect();
        if !unknown.is_empty() {
            context.outlet.usage(self.table, unknown).await;
        }
        self.keys = seen;
    }

    /// Passes on an answer while it arrives: metrics-server knows no pages, and ten thousand pods are megabytes.
    async fn read(&self, context: &Context, link: &Link, path: &str, seen: &mut HashSet<Key>) -> Result<(), Trouble> {
        let mut body = call::open(&link.client, path, LIMIT).await?;
        let (mut items, mut batch) = (Items::default(), Vec::new());
        while let Some(chunk) = call::chunk(&mut body).await? {
            items.push(chunk.as_ref(), |item| batch.extend(usage(&context.cluster, item)));
            if batch.len() >= BATCH {
                self.send(context, std::mem::take(&mut batch), seen).await;
            }
        }
        self.send(context, batch, seen).await;
        Ok(())
    }

    async fn send(&self, context: &Context, usages: Vec<Usage>, seen: &mut HashSet<Key>) {
        if !usages.is_empty() {
            seen.extend(usages.iter().map(|usage| usage.key.clone()));
            context.outlet.usage(self.table, usages).await;
        }
    }
}

/// The usage in an item; none when it cannot be read.
fn usage(cluster: &str, item: &[u8]) -> Option<Usage> {
    let measured: Measured = serde_json::from_slice(item).ok()?;
    let all = || measured.containers.iter().map(|container| &container.usage).chain([&measured.usage]);
    let sum = |name: &str, read: fn(&str) -> Option<u64>| {
        all().filter_map(|usage| usage.get(name)).filter_map(|amount| read(amount)).reduce(u64::saturating_add)
    };
    let (cpu, memory) = (sum("cpu", quantity::millicores), sum("memory", quantity::units));
    let meta = &measured.metadata;
    let key = if meta.namespace.is_empty() {
        Key::of(&[cluster, &meta.name])
    } else {
        Key::of(&[cluster, &meta.namespace, &meta.name])
    };
    let known = cpu.is_some() || memory.is_some();
    let named = meta.name.chars().chain(meta.namespace.chars()).all(text::is_shown);
    (known && named).then(|| Usage { key, cpu, memory, at: measured.timestamp.unwrap_or_else(Timestamp::now) })
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[test]
    fn containers_are_summed_and_units_read() {
        let body = br#"{"kind":"PodMetricsList","metadata":{},"items":[
            {"metadata":{"name":"web-1","namespace":"mw"},"timestamp":"2026-11-25T10:00:00Z","window":"15s","containers":[
                {"name":"php","usage":{"cpu":"12345678n","memory":"123Ki"}},{"name":"httpd","usage":{"cpu":"2m","memory":"1Mi"}}]},
            {"metadata":{"name":"node1"},"usage":{"cpu":"1500m","memory":"2Gi"}},
            {"metadata":{"name":"young","namespace":"mw"},"containers":[]},
            {"metadata":{"name":"\u001b[31m","namespace":"mw"},"containers":[{"usage":{"cpu":"1"}}]},
            {"metadata":null}]}"#;
        let (mut items, mut found) = (Items::default(), Vec::new());
        items.push(body, |item| found.extend(usage("eqiad", item)));
        let shown: Vec<_> = found.iter().map(|usage| (usage.key.as_str(), usage.cpu, usage.memory)).collect();
        assert_eq!(
            shown,
            [("eqiad/mw/web-1", Some(15), Some(123 * 1024 + (1 << 20))), ("eqiad/node1", Some(1500), Some(2 << 30))]
        );
    }

    #[test]
    fn other_rows_of_a_table_are_no_reason_to_ask_again() {
        let (sender, mut demand) = watch::channel(Demand::default());
        let mut wanted = |tables: &[TableId], row: &str| {
            let visible = [(TableId::Pods, vec![Key::from(row)])].into();
            sender.send_replace(Demand { tables: tables.iter().copied().collect(), visible, whole: false });
            newly_wanted(&mut demand, true, false).now_or_never().is_some()
        };
        assert!(!wanted(&[TableId::Pods], "eqiad/mw-web/web-1"));
        assert!(!wanted(&[TableId::Pods], "eqiad/mw-web/web-2"));
        assert!(wanted(&[TableId::Pods, TableId::ClusterNodes], "eqiad/mw-web/web-2"));
    }

    #[test]
    fn an_absent_api_is_said_and_its_return_too() {
        assert_eq!(remark(&[Err(Trouble::Absent("x".into())), Ok(())]), Some(Some("metrics API absent".into())));
        assert_eq!(remark(&[Err(Trouble::Status(503, "x".into()))]), Some(Some("metrics API absent".into())));
        assert_eq!(remark(&[Ok(()), Ok(())]), Some(None));
        assert_eq!(remark(&[Err(Trouble::Slow(LIMIT))]), None);
        assert_eq!(remark(&[]), None);
        let (slow, busy) = (Err(Trouble::Slow(LIMIT)), Err(Trouble::Status(429, "later".into())));
        assert!(is_silent(&slow) && is_silent(&Err(Trouble::Status(500, "x".into()))) && !is_silent(&busy));
        assert!(!is_silent(&Ok(())) && !is_silent(&Err(Trouble::Absent("x".into()))));
    }
}
