//! Processes of a Linux machine: `/proc/PID/stat` of all of them, other files only of those that are shown.

mod about;
mod stat;

use std::{collections::HashMap, os::unix::fs::MetadataExt, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use super::{super::facts::Processes, Root, booted, system, tick};
use crate::{
    model::{
        key::Key,
        rows::{Busy, ProcessRow},
        secret, text,
    },
    source::host::users::Users,
};
pub(in crate::source::host) use about::describe;

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
struct Candidate {
    pid: u32,
    stat: stat::Stat,
    cpu: Option<f64>,
    busy_since: Option<Timestamp>,
}

/// Scans processes and remembers their times between scans.
pub(in crate::source::host) struct Scanner {
    root: Root,
    node: Arc<str>,
    users: Users,
    before: HashMap<u32, Seen>,
    looked: Option<(f64, Timestamp)>,
    known: HashMap<u32, Known>,
}

impl Scanner {
    /// A scanner of the machine `node`, whose files lie under `root`.
    pub(in crate::source::host) fn new(root: &Root, node: &Arc<str>) -> Self {
        let users = Users::new(root.path("etc/passwd"));
        Self {
            root: root.clone(),
            node: node.clone(),
            users,
            before: HashMap::new(),
            looked: None,
            known: HashMap::new(),
        }
    }

    /// Scans. Processor use is unknown for processes that were not there the last time.
    pub(in crate::source::host) fn scan(&mut self, full: bool, now: Timestamp) -> Processes {
        let uptime = self.root.read("proc/uptime").and_then(|text| system::uptime(&text));
        let seconds = match (uptime, self.looked) {
            (Some(now), Some((before, _))) if now > before => Some(now - before),
            _ => None,
        };
        let mut all = self.candidates(seconds, now);
        self.looked = uptime.map(|uptime| (uptime, now));
        self.before = all
            .iter()
            .map(|c| (c.pid, Seen { start: c.stat.start, ticks: c.stat.ticks, busy_since: c.busy_since }))
            .collect();
        self.known.retain(|pid, known| self.before.get(pid).is_some_and(|seen| seen.start == known.start));

        let busy = all.iter().filter(|c| c.busy_since.is_some()).min_by_key(|c| c.busy_since).map(|c| Busy {
            pid: c.pid,
            name: c.stat.name.to_string(),
            percent: c.cpu.unwrap_or(0.0),
            since: c.busy_since.unwrap_or(now),
        });
        let rank = |c: &Candidate| (c.cpu.unwrap_or(0.0), c.stat.pages);
        all.sort_unstable_by(|a, b| rank(b).0.total_cmp(&rank(a).0).then(rank(b).1.cmp(&rank(a).1)));
        all.truncate(if full { ROWS } else { LEADERS });
        let booted = booted(&self.root);
        let rows = all.into_iter().map(|candidate| self.row(candidate, booted)).collect();
        Processes { rows, full, busy }
    }

    fn candidates(&self, seconds: Option<f64>, now: Timestamp) -> Vec<Candidate> {
        let tick = tick().as_secs_f64();
        let since = self.looked.map_or(now, |(_, at)| at);
        let Some(pids) = self.root.numbered("proc") else { return Vec::new() };
        pids.filter_map(|pid| {
            let stat = stat::parse(&self.root.read_up_to(&format!("proc/{pid}/stat"), 4096)?)?;
            let before = self.before.get(&pid).filter(|seen| seen.start == stat.start);
            let ticks = before.and_then(|seen| stat.ticks.checked_sub(seen.ticks));
            let cpu = ticks.zip(seconds).map(|(ticks, seconds)| ticks as f64 * tick * 100.0 / seconds);
            let busy_since =
                cpu.filter(|&percent| percent > BUSY).map(|_| before.and_then(|seen| seen.busy_since).unwrap_or(since));
            Some(Candidate { pid, stat, cpu, busy_since })
        })
        .collect()
    }

    fn row(&mut self, candidate: Candidate, booted: Option<Timestamp>) -> ProcessRow {
        let Candidate { pid, stat, cpu, busy_since } = candidate;
        let user =
            std::fs::metadata(self.root.path(format!("proc/{pid}"))).ok().map(|meta| self.users.name(meta.uid()));
        let known = self.known(pid, &stat);
        let age = SignedDuration::try_from(tick()).ok().and_then(|tick| {
            let millis = i128::from(stat.start) * tick.as_millis();
            Some(SignedDuration::from_millis(i64::try_from(millis).ok()?))
        });
        ProcessRow {
            key: Key::of(&[&self.node, &pid.to_string()]),
            node: self.node.clone(),
            container: known.as_ref().and_then(|known| known.1.clone()),
            pid,
            inner_pid: known.as_ref().and_then(|known| known.2),
            parent: Some(stat.parent).filter(|&parent| parent != 0),
            user,
            name: stat.name.clone(),
            // What cannot be read, and kernel threads, have their name in brackets, as ps prints it.
            command: known.map(|known| known.0).filter(|c| !c.is_empty()).unwrap_or_else(|| format!("[{}]", stat.name)),
            cpu,
            memory: Some(stat.pages.saturating_mul(u64::try_from(rustix::param::page_size()).unwrap_or(4096))),
            state: stat.state,
            threads: Some(stat.threads),
            started: booted.zip(age).and_then(|(booted, age)| booted.checked_add(age).ok()),
            busy_since,
        }
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
