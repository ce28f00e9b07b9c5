//! What is known of one engine's containers, and which rows change when more becomes known. Pure: no runtime, no client.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
    time::Instant,
};

use super::{
    allow,
    api::{Inspect, Summary},
    cgroup::{Reading, Target},
    list,
    sample::{self, Sample},
};
use crate::model::{
    key::{Interner, Key},
    rows::{ContainerRow, StatsVia},
};

/// Containers of one engine that are kept.
const MOST: usize = 20_000;

/// The containers of one engine.
pub(super) struct Board {
    engine: Arc<str>,
    names: Interner,
    entries: BTreeMap<Arc<str>, Entry>,
}

struct Entry {
    row: ContainerRow,
    /// Sum over what the list said, without ages.
    seen: u64,
    /// Inspect has told of this very state.
    inspected: bool,
    own_network: bool,
    /// The files of this machine do not tell its numbers.
    elsewhere: bool,
    before: Option<Sample>,
}

/// What a list changed.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Change {
    /// Rows that are different now.
    pub rows: Vec<ContainerRow>,
    /// Containers that are gone.
    pub gone: Vec<Key>,
    /// Containers that inspect must tell more of.
    pub inspect: Vec<Arc<str>>,
}

impl Board {
    /// An empty board of `engine`.
    pub(super) fn new(engine: &str) -> Self {
        Self { engine: engine.into(), names: Interner::default(), entries: BTreeMap::new() }
    }

    /// All rows.
    pub(super) fn rows(&self) -> Vec<ContainerRow> {
        self.entries.values().map(|entry| entry.row.clone()).collect()
    }

    /// A new session: what was inspected before may have changed, and time has passed since the last sample.
    pub(super) fn doubt(&mut self) {
        for entry in self.entries.values_mut() {
            entry.inspected = false;
            entry.elsewhere = false;
            entry.before = None;
        }
    }

    /// The engine listed these; all there are, or all there are of the ids in `only`. Those in `only` changed, whatever the
    /// list says.
    pub(super) fn list(&mut self, summaries: &[Summary], only: Option<&BTreeSet<Arc<str>>>) -> Change {
        let mut change = Change::default();
        // What has no proper id cannot be asked about either.
        let proper = || summaries.iter().filter(|summary| allow::is_id(&summary.id)).take(MOST);
        let listed: BTreeSet<&str> = proper().map(|summary| &*summary.id).collect();
        self.entries.retain(|id, entry| {
            let stays = listed.contains(&**id) || only.is_some_and(|only| !only.contains(id));
            if !stays {
                change.gone.push(entry.row.key.clone());
            }
            stays
        });
        for summary in proper() {
            let seen = sum(summary);
            let (names, engine) = (&mut self.names, &self.engine);
            let known = self.entries.get(&*summary.id).map(|entry| entry.row.clone());
            let new = known.is_none();
            let mut row = known.clone().unwrap_or_else(|| ContainerRow::unknown(engine, &summary.id, ""));
            let id = row.id.clone();
            let entry = self.entries.entry(id.clone()).or_insert_with(|| Entry {
                row: row.clone(),
                seen,
                inspected: false,
                own_network: true,
                elsewhere: false,
                before: None,
            });
            // Where the list says nothing new, what inspect said (exact state, health) stands.
            let changed = new || entry.seen != seen || only.is_some();
            let (state, health) = (row.state.clone(), row.health.clone());
            list::apply_summary(summary, names, &mut row);
            if !changed && entry.inspected {
                (row.state, row.health) = (state, health);
            }
            entry.seen = seen;
            entry.own_network = !matches!(&*summary.host_config.network_mode, "host" | "none");
            entry.inspected &= !changed;
            if !entry.inspected {
                change.inspect.push(id);
            }
            settle(entry, &mut row);
            if Some(&row) != known.as_ref() {
                change.rows.push(row.clone());
            }
            entry.row = row;
        }
        change
    }

    /// Inspect told of a container; its row when that changed it.
    pub(super) fn inspect(&mut self, inspect: &Inspect) -> Option<ContainerRow> {
        let entry = self.entries.get_mut(&*inspect.id)?;
        let mut row = entry.row.clone();
        list::apply_inspect(inspect, &mut self.names, &mut row);
        if (row.pid, row.started) != (entry.row.pid, entry.row.started) {
            // Another run, other counters.
            entry.before = None;
            entry.elsewhere = false;
        }
        entry.inspected = true;
        settle(entry, &mut row);
        let changed = row != entry.row;
        entry.row = row;
        changed.then(|| entry.row.clone())
    }

    /// The containers whose files may be read here.
    pub(super) fn targets(&self) -> Vec<Target> {
        let running = self.entries.values().filter(|entry| list::runs(&entry.row));
        running
            .filter_map(|entry| {
                let pid = entry.row.pid?;
                Some(Target { id: entry.row.id.clone(), pid, own_network: entry.own_network })
            })
            .collect()
    }

    /// Of the running containers, those whose numbers only the engine can tell; when `visible` is given, those in it.
    pub(super) fn elsewhere(&self, visible: Option<&[Key]>, everything: bool) -> Vec<Arc<str>> {
        let visible: Option<BTreeSet<&Key>> = visible.map(|keys| keys.iter().collect());
        let running = self.entries.values().filter(|entry| list::runs(&entry.row));
        running
            .filter(|entry| everything || entry.elsewhere)
            .filter(|entry| visible.as_ref().is_none_or(|visible| visible.contains(&entry.row.key)))
            .map(|entry| entry.row.id.clone())
            .collect()
    }

    /// A container's name; its id when it is not known.
    pub(super) fn name(&self, id: &Arc<str>) -> Arc<str> {
        self.entries.get(id).map_or_else(|| id.clone(), |entry| entry.row.name.clone())
    }

    /// What reading a container's files gave; its row with new numbers.
    pub(super) fn reading(&mut self, target: &Target, reading: Reading) -> Option<ContainerRow> {
        match reading {
            Reading::Sample(sample) => self.sample(&target.id, Some(target.pid), sample, StatsVia::Cgroup),
            Reading::Gone => None,
            Reading::NotHere => {
                let entry = self.entries.get_mut(&target.id)?;
                entry.elsewhere |= entry.row.pid == Some(target.pid);
                None
            }
        }
    }

    /// What the engine said of a container's numbers; its row with them.
    pub(super) fn answered(&mut self, id: &Arc<str>, sample: Sample) -> Option<ContainerRow> {
        self.sample(id, None, sample, StatsVia::Api)
    }

    fn sample(&mut self, id: &Arc<str>, pid: Option<u32>, sample: Sample, via: StatsVia) -> Option<ContainerRow> {
        let entry = self.entries.get_mut(id)?;
        // What was measured may be over by now, or of the run before.
        if !list::runs(&entry.row) || pid.is_some_and(|pid| entry.row.pid != Some(pid)) {
            return None;
        }
        entry.elsewhere = via == StatsVia::Api;
        let before = entry.before.filter(|_| entry.row.via == Some(via));
        sample.write(before.as_ref(), via, &mut entry.row);
        entry.before = Some(sample);
        Some(entry.row.clone())
    }

    /// Takes out the numbers that nobody has measured since `since`, so that they do not pass for current ones.
    pub(super) fn expire(&mut self, since: Instant) -> Vec<ContainerRow> {
        let mut rows = Vec::new();
        for entry in self.entries.values_mut() {
            if entry.row.via.is_some() && entry.before.is_some_and(|before| before.at < since) {
                entry.before = None;
                sample::clear(&mut entry.row);
                rows.push(entry.row.clone());
            }
        }
        rows
    }
}

/// A container that does not run has no numbers.
fn settle(entry: &mut Entry, row: &mut ContainerRow) {
    if !list::runs(row) {
        entry.before = None;
        entry.elsewhere = false;
        sample::clear(row);
    }
}

/// A sum over what the list says of a container but for the ages in its words.
fn sum(summary: &Summary) -> u64 {
    let mut hasher = DefaultHasher::new();
    let remarks: Vec<&str> = summary.status.split('(').skip(1).collect();
    let Summary { id, names, image, created, ports, labels, state, status: _, host_config } = summary;
    (id, names, image, created, labels, state, remarks, &host_config.network_mode).hash(&mut hasher);
    for port in ports {
        (&port.ip, port.private, port.public, &port.protocol).hash(&mut hasher);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::source::docker::{
        api::{HostConfig, Run},
        sample::Processor,
    };

    fn summary(id: &str, state: &str, status: &str) -> Summary {
        let host_config = HostConfig { network_mode: "default".into() };
        Summary {
            id: id.into(),
            names: vec![format!("/{id}")],
            state: state.into(),
            status: status.into(),
            host_config,
            ..Summary::default()
        }
    }

    fn inspect(id: &str, state: &str, pid: u32, started: &str) -> Inspect {
        let state = Run { status: state.into(), pid: Some(pid), started_at: started.into(), ..Run::default() };
        Inspect { id: id.into(), state, ..Inspect::default() }
    }

    fn sample(at: Instant, used: u64, passed: u64) -> Sample {
        Sample {
            at,
            cpu: Some(Processor { used, passed, scale: 100.0 }),
            memory: Some(1000),
            memory_limit: Some(2000),
            pids: Some(1),
            totals: [Some(used), None, None, None],
        }
    }

    fn ids(change: &Change) -> Vec<&str> {
        change.inspect.iter().map(|id| &**id).collect()
    }

    const DAY: &str = "2026-11-25T10:00:00Z";

    #[test]
    fn only_what_changed_is_sent_and_inspected() {
        let mut board = Board::new("e");
        let first = board.list(&[summary("a", "running", "Up 1 second"), summary("b", "created", "Created")], None);
        assert_eq!((first.rows.len(), ids(&first)), (2, vec!["a", "b"]));
        assert!(board.inspect(&inspect("a", "running", 7, DAY)).is_some());
        assert!(board.inspect(&inspect("a", "running", 7, DAY)).is_none(), "nothing new");
        board.inspect(&inspect("b", "created", 0, ""));

        let older = board.list(&[summary("a", "running", "Up 31 seconds"), summary("b", "created", "Created")], None);
        assert_eq!((older.rows.len(), ids(&older)), (1, vec![]), "only the words changed");
        let sick =
            board.list(&[summary("a", "running", "Up 1 minute (unhealthy)"), summary("b", "created", "Created")], None);
        assert_eq!((sick.rows[0].health.as_deref(), ids(&sick)), (Some("unhealthy"), vec!["a"]));
    }

    #[test]
    fn a_partial_list_removes_only_what_it_was_asked_for() {
        let mut board = Board::new("e");
        board.list(&[summary("a", "running", "Up"), summary("b", "running", "Up")], None);
        let only = BTreeSet::from([Arc::from("a")]);
        let change = board.list(&[], Some(&only));
        assert_eq!(change.gone, [Key::from("e/a")]);
        assert_eq!(board.rows().len(), 1);
        assert_eq!(board.list(&[], None).gone, [Key::from("e/b")]);
    }

    #[test]
    fn an_event_leads_to_an_inspect_even_when_the_list_looks_the_same() {
        let mut board = Board::new("e");
        board.list(&[summary("a", "running", "Up 1 second")], None);
        board.inspect(&inspect("a", "running", 7, DAY));
        let only = BTreeSet::from([Arc::from("a")]);
        assert_eq!(ids(&board.list(&[summary("a", "running", "Up 1 second")], Some(&only))), ["a"]);
    }

    #[test]
    fn numbers_come_with_the_second_sample_and_go_with_the_run() {
        let start = Instant::now();
        let mut board = Board::new("e");
        board.list(&[summary("a", "running", "Up")], None);
        assert!(board.targets().is_empty(), "no PID yet");
        board.inspect(&inspect("a", "running", 7, DAY));
        let target = board.targets().remove(0);
        let row = board.reading(&target, Reading::Sample(sample(start, 100, 1000))).expect("a row");
        assert_eq!((row.cpu, row.memory, row.via), (None, Some(1000), Some(StatsVia::Cgroup)));
        let row =
            board.reading(&target, Reading::Sample(sample(start + Duration::from_secs(2), 600, 2000))).expect("a row");
        assert_eq!((row.cpu, row.received), (Some(50.0), Some(250.0)));

        // It was restarted: what the old run used is not held against the new one.
        board.inspect(&inspect("a", "running", 8, "2026-11-25T11:00:00Z"));
        assert!(board.reading(&target, Reading::Sample(sample(start + Duration::from_secs(3), 700, 2500))).is_none());
        let target = board.targets().remove(0);
        let row =
            board.reading(&target, Reading::Sample(sample(start + Duration::from_secs(4), 10, 3000))).expect("a row");
        assert_eq!((row.cpu, row.received, row.pids), (None, None, Some(1)));

        let row = board.inspect(&inspect("a", "exited", 0, DAY)).expect("a row");
        assert_eq!((row.memory, row.pids, row.via, row.totals[0]), (None, None, None, None));
        assert_eq!(row.memory_history.len(), 3, "the history stays");
    }

    #[test]
    fn the_engine_is_asked_only_for_what_is_not_here_and_on_screen() {
        let mut board = Board::new("e");
        board.list(&[summary("a", "running", "Up"), summary("b", "running", "Up"), summary("c", "exited", "")], None);
        for id in ["a", "b"] {
            board.inspect(&inspect(id, "running", 7, DAY));
        }
        for target in board.targets() {
            assert_eq!(board.reading(&target, Reading::NotHere), None);
        }
        assert_eq!(board.elsewhere(Some(&["e/b".into(), "e/c".into()]), false), [Arc::from("b")]);
        assert_eq!(board.elsewhere(None, false).len(), 2);
        let start = Instant::now();
        let row = board.answered(&"b".into(), sample(start, 1, 1)).expect("a row");
        assert_eq!(row.via, Some(StatsVia::Api));
        // It went off screen: its numbers do not stay as if they were new.
        let rows = board.expire(start + Duration::from_secs(15));
        assert_eq!((rows.len(), rows[0].memory, rows[0].via), (1, None, None));
    }
}
