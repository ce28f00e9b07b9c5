//! Systems that are not Linux (macOS), by `sysinfo`. It tells less: no I/O wait, no pressure, no inner PIDs.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use jiff::Timestamp;
use sysinfo::{
    Disks, Networks, Pid, Process, ProcessRefreshKind, ProcessStatus, ProcessesToUpdate, System, UpdateKind,
};

use super::{
    facts::{Facts, Flow, Memory, Mount, Processes},
    users::Users,
};
use crate::model::{
    document::Document,
    key::Key,
    rows::{Busy, ProcessRow},
    secret, text,
};

/// Rows of a full and of a light scan.
const ROWS: [usize; 2] = [500, 10];

/// Percent of one core above which a process is busy.
const BUSY: f64 = 90.0;

/// File systems that hold nothing of their own.
const PSEUDO: &[&str] = &["autofs", "devfs", "nullfs", "procfs", "tmpfs"];

/// The library reads the running system, so only files of `/etc` are looked up under the root.
#[derive(Clone, Debug)]
pub(super) struct Root(PathBuf);

impl Root {
    /// A tree whose `/` is `path`.
    pub(super) fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// The path of a file named from the root, without leading slash.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

/// A machine: reads the quick facts and remembers counters between looks.
pub(super) struct Machine {
    system: Option<System>,
    networks: Option<Networks>,
    looked: Option<Instant>,
}

impl Default for Machine {
    /// The running machine.
    fn default() -> Self {
        Self { system: System::new().ok(), networks: Networks::new().ok(), looked: None }
    }
}

impl Machine {
    /// Looks. Rates are unknown the first time.
    pub(super) fn facts(&mut self, _: &Root) -> Facts {
        let now = Instant::now();
        let seconds = self.looked.map(|before| (now - before).as_secs_f64()).filter(|&seconds| seconds > 0.0);
        self.looked = Some(now);
        let word = |word: String| Arc::from(text::name(&word).as_ref());
        let mut facts = Facts {
            os: System::long_os_version().ok().map(word),
            kernel: System::kernel_version().ok().map(word),
            booted: booted(),
            load: System::load_average().ok().map(|load| [load.one, load.five, load.fifteen]),
            ..Facts::default()
        };
        if let Some(system) = self.system.as_mut() {
            system.refresh_cpu_usage();
            system.refresh_memory();
            facts.cores = u32::try_from(system.cpus().len()).ok().filter(|&cores| cores > 0);
            facts.busy = seconds.map(|_| f64::from(system.global_cpu_usage()));
            facts.per_core = system.cpus().iter().map(|cpu| seconds.map(|_| f64::from(cpu.usage()))).collect();
            facts.memory = Memory {
                total: Some(system.total_memory()).filter(|&bytes| bytes > 0),
                available: Some(system.available_memory()),
                free: Some(system.free_memory()),
                swap_total: Some(system.total_swap()),
                swap_free: Some(system.free_swap()),
                ..Memory::default()
            };
        }
        if let Some(networks) = self.networks.as_mut() {
            networks.refresh(true);
            let rate = |bytes: u64| seconds.map(|seconds| bytes as f64 / seconds);
            facts.interfaces = networks
                .iter()
                .map(|(name, data)| (text::name(&name.to_string_lossy()).into_owned(), data))
                .filter(|(name, _)| !name.starts_with("lo"))
                .map(|(name, data)| Flow {
                    name: name.into(),
                    received: rate(data.received()),
                    sent: rate(data.transmitted()),
                })
                .collect();
            facts.received = facts.interfaces.iter().map(|flow| flow.received).sum();
            facts.sent = facts.interfaces.iter().map(|flow| flow.sent).sum();
        }
        facts
    }
}

fn booted() -> Option<Timestamp> {
    Timestamp::from_second(i64::try_from(System::boot_time().ok()?).ok()?).ok()
}

/// The real file systems mounted now.
pub(super) fn mounts(_: &Root) -> Vec<Mount> {
    let Ok(disks) = Disks::new_with_refreshed_list() else { return Vec::new() };
    disks
        .iter()
        .map(|disk| Mount {
            point: disk.mount_point().to_owned(),
            device: text::name(&disk.name().to_string_lossy()).into_owned(),
            kind: text::name(&disk.file_system().to_string_lossy()).into_owned(),
            read_only: disk.is_read_only(),
        })
        .filter(|mount| !PSEUDO.contains(&mount.kind.as_str()))
        .collect()
}

/// Scans processes and remembers which are busy.
pub(super) struct Scanner {
    node: Arc<str>,
    users: Users,
    system: Option<System>,
    looked: Option<Timestamp>,
    busy: HashMap<(u32, u64), Timestamp>,
}

impl Scanner {
    /// A scanner of the running machine, called `node`.
    pub(super) fn new(root: &Root, node: &Arc<str>) -> Self {
        let users = Users::new(root.path("etc/passwd"));
        Self { node: node.clone(), users, system: System::new().ok(), looked: None, busy: HashMap::new() }
    }

    /// Scans. Processor use is unknown the first time.
    pub(super) fn scan(&mut self, full: bool, now: Timestamp) -> Processes {
        let Some(mut system) = self.system.take() else { return Processes::default() };
        let wanted = ProcessRefreshKind::nothing()
            .with_cpu()
            .with_memory()
            .with_user(UpdateKind::OnlyIfNotSet)
            .with_cmd(UpdateKind::OnlyIfNotSet);
        system.refresh_processes_specifics(ProcessesToUpdate::All, true, wanted);
        let before = self.looked.replace(now);
        let cpu = |process: &Process| before.map(|_| f64::from(process.cpu_usage()));
        let mut all: Vec<&Process> =
            system.processes().values().filter(|process| process.thread_kind().is_none()).collect();
        let mut busy = HashMap::new();
        for process in all.iter().filter(|process| cpu(process).is_some_and(|percent| percent > BUSY)) {
            let id = (process.pid().as_u32(), process.start_time());
            busy.insert(id, self.busy.get(&id).copied().or(before).unwrap_or(now));
        }
        self.busy = busy;
        all.sort_unstable_by(|a, b| b.cpu_usage().total_cmp(&a.cpu_usage()).then(b.memory().cmp(&a.memory())));
        all.truncate(ROWS[usize::from(!full)]);
        let rows: Vec<ProcessRow> = all.into_iter().map(|process| self.row(process, cpu(process))).collect();
        let longest =
            rows.iter().filter(|row| row.busy_since.is_some()).min_by_key(|row| row.busy_since).map(|row| Busy {
                pid: row.pid,
                name: row.name.to_string(),
                percent: row.cpu.unwrap_or(0.0),
                since: row.busy_since.unwrap_or(now),
            });
        self.system = Some(system);
        Processes { rows, full, waiting: None, busy: longest }
    }

    fn row(&mut self, process: &Process, cpu: Option<f64>) -> ProcessRow {
        let pid = process.pid().as_u32();
        let name: Arc<str> = text::name(&process.name().to_string_lossy()).into();
        let arguments: Vec<_> = process.cmd().iter().map(|argument| argument.to_string_lossy()).collect();
        let command = secret::masked_command(arguments.iter().map(AsRef::as_ref)).join(" ");
        ProcessRow {
            key: Key::of(&[&self.node, &pid.to_string()]),
            node: self.node.clone(),
            container: None,
            pid,
            inner_pid: None,
            parent: process.parent().map(Pid::as_u32),
            user: process.user_id().map(|id| self.users.name(**id)),
            command: if command.is_empty() { format!("[{name}]") } else { text::name(&command).into_owned() },
            name,
            cpu,
            memory: Some(process.memory()),
            state: letter(process.status()),
            waits_in: None,
            threads: process.tasks().and_then(|tasks| u32::try_from(tasks.len()).ok()),
            started: i64::try_from(process.start_time()).ok().and_then(|second| Timestamp::from_second(second).ok()),
            busy_since: self.busy.get(&(pid, process.start_time())).copied(),
        }
    }
}

fn letter(status: ProcessStatus) -> char {
    match status {
        ProcessStatus::Run => 'R',
        ProcessStatus::Sleep | ProcessStatus::Idle => 'S',
        ProcessStatus::Stop => 'T',
        ProcessStatus::Zombie => 'Z',
        ProcessStatus::UninterruptibleDiskSleep => 'D',
        _ => '?',
    }
}

/// The details of a process; `None` when it is gone. Its environment is never read.
pub(super) fn describe(_: &Root, pid: u32, now: Timestamp) -> Option<Document> {
    let mut system = System::new().ok()?;
    let wanted = ProcessRefreshKind::everything().without_environ();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[Pid::from_u32(pid)]), true, wanted);
    let process = system.process(Pid::from_u32(pid))?;
    let mut document = Document::default();
    document.heading(format!("Process {pid} {}", text::name(&process.name().to_string_lossy())));
    let arguments: Vec<_> = process.cmd().iter().map(|argument| argument.to_string_lossy()).collect();
    document.arguments(arguments.iter().map(AsRef::as_ref));
    let path = |path: Option<&Path>| path.map_or("–".into(), |path| text::name(&path.to_string_lossy()).into_owned());
    document.pair("executable", path(process.exe()));
    document.pair("directory", path(process.cwd()));
    document.pair("open files", process.open_files().map_or("–".into(), |files| files.to_string()));
    document.pair("state", process.status().to_string());
    document.pair("looked at", now.strftime("%H:%M:%S").to_string());
    Some(document)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here() -> Root {
        Root::at(Path::new("/"))
    }

    #[test]
    fn the_library_tells_the_same_of_this_machine_as_its_files() {
        let facts = Machine::default().facts(&here());
        let files =
            crate::source::host::linux::Machine::default().facts(&crate::source::host::linux::Root::at(Path::new("/")));
        assert_eq!(facts.memory.total, files.memory.total);
        assert_eq!((facts.cores, &facts.kernel), (files.cores, &files.kernel));
        assert_eq!(facts.busy, None, "nothing to compare with yet");
        assert!(!facts.interfaces.iter().any(|flow| &*flow.name == "lo"));
    }

    #[test]
    fn this_process_is_found_and_described() {
        let me = std::process::id();
        let found = Scanner::new(&here(), &"h1".into()).scan(true, Timestamp::UNIX_EPOCH);
        assert!(!found.rows.is_empty() && found.rows.len() <= ROWS[0]);
        assert!(found.rows.iter().all(|row| row.cpu.is_none()), "the first scan has nothing to compare with");
        assert!(describe(&here(), me, Timestamp::UNIX_EPOCH).is_some());
        assert!(describe(&here(), u32::MAX - 1, Timestamp::UNIX_EPOCH).is_none());
    }

    #[test]
    fn only_real_file_systems_are_mounts() {
        assert!(mounts(&here()).iter().all(|mount| !PSEUDO.contains(&mount.kind.as_str())));
    }
}
