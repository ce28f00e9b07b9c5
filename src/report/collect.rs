//! Observing once: sources run until what was asked for is there, or the wait is over.
//!
//! The same sources and the same store as the console; only nobody looks.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    time::Duration,
};

use jiff::Timestamp;
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    model::{
        delta::{Delta, Scope},
        derive::Derived,
        health::{Health, State},
        key::SourceId,
        restarts::RestartLog,
        store::{RowSet, Store, TableId},
        table::Rows,
        triage::Triage,
    },
    source::{Demand, Inbox, Source},
};

/// Nothing may have come for so long before a list counts as complete: a source may list part after part.
const QUIET: Duration = Duration::from_millis(300);

/// Longest wait for what is measured (a processor's use takes two samples) once the rows are there.
const MEASURE: Duration = Duration::from_secs(4);

/// Sources get this long to end.
const FAREWELL: Duration = Duration::from_secs(2);

/// Changes taken at once.
const BATCH: usize = 4096;

/// What was observed.
pub struct Collected {
    /// Rows, and the state of each source.
    pub store: Store,
    /// Sources that were asked.
    pub asked: usize,
    /// Sources that did not deliver, each with what a person should read.
    pub missing: Vec<Health>,
}

/// The kind of source that fills a table; none for those that every source fills.
fn kind(table: TableId) -> Option<&'static str> {
    use TableId as T;
    match table {
        T::Nodes | T::Groups | T::Disks | T::Units | T::Processes => Some("host"),
        T::Containers | T::Projects | T::ContainerProcesses => Some("docker"),
        T::Pods | T::PodContainers | T::Workloads | T::Jobs | T::ClusterNodes | T::Events => Some("kubernetes"),
        T::Findings | T::Sources => None,
    }
}

/// The tables that must be listed to show `table`.
fn needed(table: TableId) -> BTreeSet<TableId> {
    use TableId as T;
    match table {
        T::PodContainers => [T::Pods].into(),
        // They show sums of their pods.
        T::Workloads | T::ClusterNodes => [table, T::Pods].into(),
        T::Projects => [T::Containers].into(),
        // What their clusters say of them, with the pods they count.
        T::Nodes | T::Groups => [T::Nodes, T::ClusterNodes, T::Pods].into(),
        T::Findings => [T::Nodes, T::Disks, T::Units, T::Containers, T::Pods, T::Jobs, T::ClusterNodes].into(),
        T::Sources => BTreeSet::new(),
        other => [other].into(),
    }
}

/// Runs the sources that can tell of `table` until each has told or failed, or `wait` is over. `restarts`: how often pods
/// restarted, as far as it is remembered.
pub async fn collect(
    sources: Vec<Box<dyn Source>>,
    table: TableId,
    wait: Duration,
    mut restarts: RestartLog,
) -> Collected {
    let needed = needed(table);
    let mut demand = Demand { tables: needed.clone(), whole: true, ..Demand::default() };
    demand.tables.insert(table);
    let (_demand, demand) = watch::channel(demand);
    let stop = CancellationToken::new();
    let inbox = Inbox::default();
    let mut tasks = JoinSet::new();
    let mut names = BTreeMap::new();
    let mut asks = Vec::new();
    let mut progress = Progress::new(needed);
    let kinds: BTreeSet<&str> = progress.needed.iter().filter_map(|&table| kind(table)).collect();
    let tells = |id: &SourceId| kind(table).is_none() || id.kind() == "demo" || kinds.contains(id.kind());
    let ways: BTreeSet<SourceId> =
        sources.iter().filter(|source| tells(&source.id())).filter_map(|source| source.behind()).collect();
    for source in sources {
        let id = source.id();
        if tells(&id) {
            progress.sources.insert(id.clone(), SourceProgress::default());
        } else if !ways.contains(&id) {
            continue;
        }
        let (ask, theirs) = mpsc::channel(1);
        asks.push(ask);
        let task = tasks.spawn(source.run(inbox.outlet(id.clone()), demand.clone(), theirs, stop.clone()));
        names.insert(task.id(), id);
    }

    let deadline = Instant::now() + wait;
    let mut store = Store::default();
    loop {
        let check = progress.next_check(&store, Instant::now()).map_or(deadline, |at| at.min(deadline));
        if progress.is_complete(&store, Instant::now()) || Instant::now() >= deadline {
            break;
        }
        tokio::select! {
            deltas = inbox.take(BATCH) => {
                for mut delta in deltas {
                    if let Delta::Upsert(_, RowSet::Pods(pods)) = &mut delta {
                        for pod in pods {
                            restarts.observe(pod, Timestamp::now());
                        }
                    }
                    progress.see(&delta, Instant::now());
                    store.apply(delta, Timestamp::now());
                }
            }
            Some(ended) = tasks.join_next_with_id() => {
                let (task, why) = match ended {
                    Ok((task, Ok(()))) => (task, "ended before it told anything".to_owned()),
                    Ok((task, Err(error))) => (task, error.to_string()),
                    Err(error) => (error.id(), "stopped by a fault of its own; see the log".to_owned()),
                };
                if let Some(id) = names.get(&task) {
                    progress.end(id);
                    if store.state(id) == State::Connecting {
                        let health = Health { source: id.clone(), state: State::Unreachable, since: Timestamp::now(), message: why };
                        store.apply(Delta::Health(health), Timestamp::now());
                    }
                }
            }
            () = sleep_until(check) => {}
        }
    }
    let missing = progress.missing(&store, wait);
    stop.cancel();
    let _ = timeout(FAREWELL, async { while tasks.join_next().await.is_some() {} }).await;
    tasks.abort_all();
    let now = Timestamp::now();
    for id in progress.sources.keys() {
        store.health.entry(id.clone()).or_insert_with(|| silent(id));
    }
    Derived::default().refresh(&mut store, table, now);
    if table == TableId::Findings {
        Triage::default().refresh(&mut store, now);
    }
    Collected { store, asked: progress.sources.len(), missing }
}

#[derive(Default)]
struct SourceProgress {
    open: HashSet<Scope>,
    listed: BTreeSet<TableId>,
    /// When all needed lists were complete.
    complete: Option<Instant>,
    last: Option<Instant>,
    ended: bool,
}

struct Progress {
    needed: BTreeSet<TableId>,
    sources: BTreeMap<SourceId, SourceProgress>,
}

impl Progress {
    fn new(needed: BTreeSet<TableId>) -> Self {
        Self { needed, sources: BTreeMap::new() }
    }

    fn see(&mut self, delta: &Delta, now: Instant) {
        let (id, scope) = match delta {
            Delta::Begin(scope) | Delta::Commit(scope) | Delta::Upsert(scope, _) | Delta::Remove(scope, _) => {
                (&scope.source, Some(scope))
            }
            Delta::Health(health) => (&health.source, None),
            Delta::Announce(..) | Delta::Usage(..) => return,
        };
        let Some(source) = self.sources.get_mut(id) else { return };
        if scope.is_none_or(|scope| self.needed.contains(&scope.table)) {
            source.last = Some(now);
        }
        match delta {
            Delta::Begin(scope) if self.needed.contains(&scope.table) => {
                source.open.insert(scope.clone());
            }
            Delta::Commit(scope) => {
                source.open.remove(scope);
                source.listed.insert(scope.table);
            }
            // A source of one row does not bother to begin a list.
            Delta::Upsert(scope, _) if !source.open.contains(scope) => {
                source.listed.insert(scope.table);
            }
            _ => {}
        }
        let wanted = |table: &&TableId| id.kind() == "demo" || kind(**table) == Some(id.kind());
        let is_listed = self.needed.iter().filter(wanted).all(|table| source.listed.contains(table));
        source.complete = (is_listed && source.open.is_empty()).then(|| source.complete.unwrap_or(now));
    }

    fn end(&mut self, id: &SourceId) {
        if let Some(source) = self.sources.get_mut(id) {
            source.ended = true;
        }
    }

    /// When a source is done, if nothing more comes: it failed, or its lists are complete, quiet and measured.
    fn done_at(&self, id: &SourceId, source: &SourceProgress, store: &Store) -> Option<Instant> {
        let state = store.state(id);
        let last = source.last?;
        if state.is_fault() {
            return Some(last);
        }
        let complete = source.complete.filter(|_| state.is_current())?;
        // A source that says so itself has nothing to measure with.
        let is_mute = store.health.get(id).is_some_and(|health| health.message.contains("metrics"));
        let measured = is_mute || self.needed.iter().all(|&table| is_measured(store.rows(table), id));
        Some((last + QUIET).min(complete + MEASURE).max(if measured { complete } else { complete + MEASURE }))
    }

    fn is_complete(&self, store: &Store, now: Instant) -> bool {
        self.sources
            .iter()
            .all(|(id, source)| source.ended || self.done_at(id, source, store).is_some_and(|at| at <= now))
    }

    fn next_check(&self, store: &Store, now: Instant) -> Option<Instant> {
        self.sources.iter().filter_map(|(id, source)| self.done_at(id, source, store)).filter(|at| *at > now).min()
    }

    fn missing(&self, store: &Store, wait: Duration) -> Vec<Health> {
        let mut missing = Vec::new();
        for (id, source) in &self.sources {
            let mut health = store.health.get(id).cloned().unwrap_or_else(|| silent(id));
            if health.state.is_fault() {
                missing.push(health);
            } else if source.complete.is_none() || health.state == State::Connecting {
                let late = format!("not complete after {}; --wait gives it longer", humantime::format_duration(wait));
                health.message = if health.message.is_empty() { late } else { format!("{}; {late}", health.message) };
                missing.push(health);
            }
        }
        missing
    }
}

/// The state of a source that never reported.
fn silent(id: &SourceId) -> Health {
    Health { source: id.clone(), state: State::Connecting, since: Timestamp::now(), message: String::new() }
}

/// Whether the processor's use is known of some row of the source, or the table has none.
fn is_measured(rows: &dyn Rows, source: &SourceId) -> bool {
    let Some(cpu) = rows.field_named("cpu") else { return true };
    let mut slots = (0..rows.slot_count()).filter(|&slot| rows.source(slot) == Some(source)).peekable();
    slots.peek().is_none() || slots.any(|slot| !rows.value(slot, cpu).is_unknown())
}

#[cfg(test)]
mod tests;
