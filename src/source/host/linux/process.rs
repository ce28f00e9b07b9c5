//! Processes of a Linux machine: `/proc/PID/stat` of all of them, other files only of those that are shown.

mod about;
mod stat;

use std::{collections::HashMap, os::unix::fs::MetadataExt, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use super::{
    super::{facts::Processes, files::Files},
    Root, booted, hertz, system,
};
use crate::{
    model::{
        key::Key,
        rows::{Busy, ProcessRow},
        secret, text,
    },
    source::host::users::Users,
};
pub(in crate::source::host) use about::describe;
pub(in crate::source::host) use stat::Stat;

/// Rows of a full scan.
pub(in crate::source::host) const ROWS: usize = 500;

/// Rows of a light scan: what the details of the machine show.
pub(in crate::source::host) const LEADERS: usize = 10;

/// Percent of one core above which a process is busy.
const BUSY: f64 = 90.0;

/// A process as the last scan saw it.
struct Seen {
    start: u64,
    ticks: u64,
    busy_since: Option<Timestamp>,
}

/// What does not change while a process lives (it may, by `exec`; then its command name changes too).
struct Known {
    start: u64,
    name: Arc<str>,
    command: String,
    container: Option<Arc<str>>,
    inner_pid: Option<u32>,
}

/// A process in this scan.
pub(in crate::source::host) struct Candidate {
    /// Its host PID.
    pub(in crate::source::host) pid: u32,
    /// What its `stat` says.
    pub(in crate::source::host) stat: Stat,
    cpu: Option<f64>,
    busy_since: Option<Timestamp>,
}

impl Candidate {
    /// The row of what is known without other files: kernel threads, and what cannot be read, have their name in brackets,
    /// as ps prints it.
    pub(in crate::source::host) fn row(&self, node: &Arc<str>, booted: Option<Timestamp>, units: Units) -> ProcessRow {
        let Self { pid, stat, cpu, busy_since } = self;
        let millis = i128::from(stat.start) * 1000 / i128::from(units.hertz.max(1));
        let age = i64::try_from(millis).ok().map(SignedDuration::from_millis);
        ProcessRow {
            key: Key::of(&[node, &pid.to_string()]),
            node: node.clone(),
            container: None,
            pid: *pid,
            inner_pid: None,
            parent: Some(stat.parent).filter(|&parent| parent != 0),
            user: None,
            name: stat.name.clone(),
            command: format!("[{}]", stat.name),
            cpu: *cpu,
            memory: Some(stat.pages.saturating_mul(units.page)),
            state: stat.state,
            waits_in: None,
            threads: Some(stat.threads),
            started: booted.zip(age).and_then(|(booted, age)| booted.checked_add(age).ok()),
            busy_since: *busy_since,
        }
    }
}

/// What a machine counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source::host) struct Units {
    /// Ticks a second.
    pub(in crate::source::host) hertz: u32,
    /// Bytes of a page.
    pub(in crate::source::host) page: u64,
}

/// Remembers the times of processes between scans, and so knows who is busy.
#[derive(Default)]
pub(in crate::source::host) struct Tracker {
    before: HashMap<u32, Seen>,
    looked: Option<(f64, Timestamp)>,
}

impl Tracker {
    /// Takes all processes of a scan at this uptime; gives them by use of processor and memory, the most first.
    /// Processor use is unknown for processes that were not there the last time.
    pub(in crate::source::host) fn take(
        &mut self,
        all: impl Iterator<Item = (u32, Stat)>,
        uptime: Option<f64>,
        hertz: u32,
        now: Timestamp,
    ) -> Vec<Candidate> {
        let seconds = match (uptime, self.looked) {
            (Some(now), Some((before, _))) if now > before => Some(now - before),
            _ => None,
        };
        let since = self.looked.map_or(now, |(_, at)| at);
        let mut all: Vec<Candidate> = all
            .map(|(pid, stat)| {
                let before = self.before.get(&pid).filter(|seen| seen.start == stat.start);
                let ticks = before.and_then(|seen| stat.ticks.checked_sub(seen.ticks));
                let cpu = ticks.zip(seconds).map(|(ticks, seconds)| ticks as f64 * 100.0 / f64::from(hertz) / seconds);
                let busy_since = cpu
                    .filter(|&percent| percent > BUSY)
                    .map(|_| before.and_then(|seen| seen.busy_since).unwrap_or(since));
                Candidate { pid, stat, cpu, busy_since }
            })
            .collect();
        self.looked = uptime.map(|uptime| (uptime, now));
        self.before = all
            .iter()
            .map(|c| (c.pid, Seen { start: c.stat.start, ticks: c.stat.ticks, busy_since: c.busy_since }))
            .collect();
        let rank = |c: &Candidate| (c.cpu.unwrap_or(0.0), c.stat.pages);
        all.sort_unstable_by(|a, b| rank(b).0.total_cmp(&rank(a).0).then(rank(b).1.cmp(&rank(a).1)));
        all
    }

    /// Those in state D.
    pub(in crate::source::host) fn waiting(all: &[Candidate]) -> u32 {
        u32::try_from(all.iter().filter(|candidate| candidate.stat.state == 'D').count()).unwrap_or(u32::MAX)
    }

    /// Of those that are busy now, the one that has been so for longest.
    pub(in crate::source::host) fn busy(all: &[Candidate], now: Timestamp) -> Option<Busy> {
        all.iter().filter(|c| c.busy_since.is_some()).min_by_key(|c| c.busy_since).map(|c| Busy {
            pid: c.pid,
            name: c.stat.name.to_string(),
            percent: c.cpu.unwrap_or(0.0),
            since: c.busy_since.unwrap_or(now),
        })
    }
}

/// Scans processes and remembers their times between scans.
pub(in crate::source::host) struct Scanner {
    root: Root,
    node: Arc<str>,
    users: Users,
    tracker: Tracker,
    known: HashMap<u32, Known>,
}

impl Scanner {
    /// A scanner of the machine `node`, whose files lie under `root`.
    pub(in crate::source::host) fn new(root: &Root, node: &Arc<str>) -> Self {
        let users = Users::new(root.path("etc/passwd"));
        Self { root: root.clone(), node: node.clone(), users, tracker: Tracker::default(), known: HashMap::new() }
    }

    /// Scans. Processor use is unknown for processes that were not there the last time.
    pub(in crate::source::host) fn scan(&mut self, full: bool, now: Timestamp) -> Processes {
        let uptime = self.root.read("proc/uptime").and_then(|text| system::uptime(&text));
        let root = self.root.clone();
        let stats = root.numbered("proc").into_iter().flatten().filter_map(|pid| {
            let stat = stat::parse(&root.read_up_to(&format!("proc/{pid}/stat"), 4096)?)?;
            Some((pid, stat))
        });
        let mut all = self.tracker.take(stats, uptime, hertz(), now);
        let tracked = &self.tracker.before;
        self.known.retain(|pid, known| tracked.get(pid).is_some_and(|seen| seen.start == known.start));
        let (waiting, busy) = (Some(Tracker::waiting(&all)), Tracker::busy(&all, now));
        all.truncate(if full { ROWS } else { LEADERS });
        let booted = booted(&self.root);
        let rows = all.into_iter().map(|candidate| self.row(&candidate, booted)).collect();
        Processes { rows, full, waiting, busy }
    }

    fn row(&mut self, candidate: &Candidate, booted: Option<Timestamp>) -> ProcessRow {
        let Candidate { pid, stat, .. } = candidate;
        let page = u64::try_from(rustix::param::page_size()).unwrap_or(4096);
        let mut row = candidate.row(&self.node, booted, Units { hertz: hertz(), page });
        let meta = std::fs::metadata(self.root.path(format!("proc/{pid}"))).ok();
        let wait = (stat.state == 'D').then(|| self.root.read_up_to(&format!("proc/{pid}/wchan"), 256)).flatten();
        row.waits_in = wait.filter(|wait| !wait.is_empty() && wait != "0").map(|wait| text::name(&wait).into());
        row.user = meta.map(|meta| self.users.name(meta.uid()));
        if let Some((command, container, inner_pid)) = self.known(*pid, stat) {
            (row.container, row.inner_pid) = (container, inner_pid);
            if !command.is_empty() {
                row.command = command;
            }
        }
        row
    }

    /// Command line, container and inner PID. Reading a command line takes a lock of the process's memory, which a
    /// process in state D may hold for as long as its device is silent: such a one is read when it has woken up.
    fn known(&mut self, pid: u32, stat: &stat::Stat) -> Option<(String, Option<Arc<str>>, Option<u32>)> {
        let stale = self.known.get(&pid).is_none_or(|known| known.start != stat.start || known.name != stat.name);
        if stale && stat.state != 'D' {
            let command = self.root.read_up_to(&format!("proc/{pid}/cmdline"), 4096).unwrap_or_default();
            let container =
                self.root.read(&format!("proc/{pid}/cgroup")).and_then(|text| Some(about::container(&text)?.into()));
            let inner_pid = container
                .is_some()
                .then(|| self.root.read(&format!("proc/{pid}/status")))
                .flatten()
                .and_then(|text| about::inner_pid(&text));
            let command = text::name(secret::masked_line(&command, '\0').trim_end()).into_owned();
            self.known.insert(pid, Known { start: stat.start, name: stat.name.clone(), command, container, inner_pid });
        }
        let known = self.known.get(&pid)?;
        Some((known.command.clone(), known.container.clone(), known.inner_pid))
    }
}
