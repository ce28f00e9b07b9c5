//! A container's numbers from this machine's own files, which costs its engine nothing: cgroup v1 and v2, drivers
//! cgroupfs and systemd, with whatever the container nests below; the network from its first process.
//!
//! A PID that an engine names is believed only when that process's cgroup carries the container's id. Blocks; runs on
//! a thread of its own. Reads below a root directory, which is not `/` in tests.

mod mounts;
mod parse;

use std::{
    collections::HashMap,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use self::mounts::Mounts;
use super::sample::{Processor, Sample, without_cache};

/// Bytes of a file that are read; the largest, `memory.stat` and `io.stat`, have a few thousand.
const FILE: u64 = 256 * 1024;
/// Folders below a container's cgroup that are searched for processes.
const FOLDERS: usize = 256;

/// A container to read.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// Its full id.
    pub id: Arc<str>,
    /// Its first process, as the engine says.
    pub pid: u32,
    /// Whether its network is its own, so that the counters of its interfaces are its own.
    pub own_network: bool,
}

/// What came of a [`Target`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Reading {
    /// Its numbers.
    Sample(Sample),
    /// It was there a moment ago.
    Gone,
    /// Its files are not on this machine, not readable, or not its own: the engine must be asked.
    NotHere,
}

/// Reads containers' files; remembers where they are.
#[derive(Debug)]
pub(super) struct Reader {
    root: PathBuf,
    began: Instant,
    mounts: Mounts,
    memory: Option<u64>,
    known: HashMap<Arc<str>, (u32, Files)>,
    buffer: Vec<u8>,
}

/// Where one container's files are.
#[derive(Clone, Debug)]
struct Files {
    unified: bool,
    cpu: Option<PathBuf>,
    memory: Option<PathBuf>,
    memory_stat: Option<PathBuf>,
    memory_limit: Option<PathBuf>,
    pids: Option<PathBuf>,
    io: Option<PathBuf>,
    /// A folder whose `cgroup.procs` lists its processes.
    folder: PathBuf,
    net: PathBuf,
}

impl Reader {
    /// A reader of the machine below `root`.
    pub(super) fn new(root: &Path) -> Self {
        let mut buffer = Vec::new();
        let mounts = read(&root.join("proc/self/mountinfo"), &mut buffer).map(Mounts::parse).unwrap_or_default();
        let memory = read(&root.join("proc/meminfo"), &mut buffer).and_then(parse::memory_total);
        Self { root: root.into(), began: Instant::now(), mounts, memory, known: HashMap::new(), buffer }
    }

    /// The root directory.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Reads all targets once and forgets all others.
    pub(super) fn read(&mut self, targets: &[Target]) -> Vec<Reading> {
        if self.known.len() > targets.len() {
            self.known.retain(|id, _| targets.iter().any(|target| target.id == *id));
        }
        targets.iter().map(|target| self.read_one(target)).collect()
    }

    /// The folder whose `cgroup.procs` lists the target's processes, if it can be believed.
    pub(super) fn folder(&mut self, target: &Target) -> Option<PathBuf> {
        self.find(target).map(|files| files.folder.clone())
    }

    fn read_one(&mut self, target: &Target) -> Reading {
        let Some(files) = self.find(target).cloned() else { return Reading::NotHere };
        let sample = self.sample(&files, target.own_network);
        if sample.cpu.is_none() && sample.memory.is_none() && sample.pids.is_none() {
            self.known.remove(&target.id);
            return Reading::Gone;
        }
        Reading::Sample(sample)
    }

    fn find(&mut self, target: &Target) -> Option<&Files> {
        let known = self.known.get(&target.id).is_some_and(|(pid, _)| *pid == target.pid);
        if !known {
            let path = self.root.join(format!("proc/{}/cgroup", target.pid));
            let text = read(&path, &mut self.buffer)?;
            let files = self.mounts.files(&self.root, text, target)?;
            self.known.insert(target.id.clone(), (target.pid, files));
        }
        self.known.get(&target.id).map(|(_, files)| files)
    }

    fn sample(&mut self, files: &Files, own_network: bool) -> Sample {
        let at = Instant::now();
        let mut get = |path: &Option<PathBuf>, parse: fn(&str) -> Option<u64>| {
            path.as_ref().and_then(|path| read(path, &mut self.buffer)).and_then(parse)
        };
        let used = get(&files.cpu, if files.unified { parse::usage_usec } else { parse::number });
        let usage = get(&files.memory, parse::number);
        let inactive: fn(&str) -> Option<u64> =
            if files.unified { parse::inactive_file } else { parse::total_inactive_file };
        let inactive = get(&files.memory_stat, inactive);
        let limit = get(&files.memory_limit, parse::number);
        let pids = get(&files.pids, parse::number);
        let io: fn(&str) -> (u64, u64) = if files.unified { parse::io_stat } else { parse::blkio };
        let io = files.io.as_ref().and_then(|path| read(path, &mut self.buffer)).map(io);
        let net = own_network.then(|| read(&files.net, &mut self.buffer).map(parse::net_dev)).flatten();
        let passed = u64::try_from(at.duration_since(self.began).as_nanos()).unwrap_or(u64::MAX);
        Sample {
            at,
            cpu: used.map(|used| Processor { used, passed, scale: 100.0 }),
            memory: usage.map(|usage| without_cache(usage, inactive)),
            // No limit is the machine's memory: `max` with v2, a number beyond all memory with v1.
            memory_limit: usage.and(limit.into_iter().chain(self.memory).min()),
            pids,
            totals: [net.map(|n| n.0), net.map(|n| n.1), io.map(|io| io.0), io.map(|io| io.1)],
        }
    }
}

/// The PIDs in a container's cgroup and all below it (a container may run an init that makes cgroups of its own), at most
/// `limit`.
pub(super) fn processes(folder: &Path, limit: usize) -> Vec<u32> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    let mut seen = 0;
    let mut buffer = Vec::new();
    while let Some(folder) = folders.pop() {
        seen += 1;
        if let Some(text) = read(&folder.join("cgroup.procs"), &mut buffer) {
            found.extend(text.lines().filter_map(|line| line.parse::<u32>().ok()).take(limit - found.len()));
        }
        if found.len() >= limit || seen >= FOLDERS {
            break;
        }
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        folders.extend(entries.flatten().filter(|e| e.file_type().is_ok_and(|t| t.is_dir())).map(|e| e.path()));
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// A file's beginning as text, in a buffer that is used again.
pub(super) fn read<'a>(path: &Path, buffer: &'a mut Vec<u8>) -> Option<&'a str> {
    buffer.clear();
    File::open(path).ok()?.take(FILE).read_to_end(buffer).ok()?;
    // Names in these files may be of any encoding; numbers are not.
    let valid = match std::str::from_utf8(buffer) {
        Ok(text) => text.len(),
        Err(error) => error.valid_up_to(),
    };
    std::str::from_utf8(&buffer[..valid]).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Machines that this one is not, as trees of captured files: fixtures.
    fn fixture(name: &str) -> Reader {
        Reader::new(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/docker/cgroup").join(name))
    }

    const ID: &str = "523ec4428e683885653e20e7feaf920801772f35eab0229debbb9e4037a5664a";

    fn target(pid: u32) -> Target {
        Target { id: ID.into(), pid, own_network: true }
    }

    fn one(reader: &mut Reader, pid: u32) -> Sample {
        match reader.read(&[target(pid)])[..] {
            [Reading::Sample(sample)] => sample,
            ref other => panic!("{other:?}"),
        }
    }

    #[test]
    fn cgroup_v1_with_the_cgroupfs_driver() {
        let sample = one(&mut fixture("v1"), 100);
        assert_eq!(sample.cpu.map(|cpu| (cpu.used, cpu.scale)), Some((137_631_693, 100.0)));
        assert_eq!(sample.memory, Some(602_112 - 2112));
        assert_eq!(sample.memory_limit, Some(25_276_514_304));
        assert_eq!(sample.pids, Some(2));
        assert_eq!(sample.totals, [Some(726), Some(42), Some(40_960), Some(8192)]);
    }

    #[test]
    fn cgroup_v2_with_the_systemd_driver_and_a_nested_init() {
        let sample = one(&mut fixture("v2"), 100);
        assert_eq!(sample.cpu.map(|cpu| cpu.used), Some(5_250_000_000));
        assert_eq!(sample.memory, Some(104_857_600 - 4_857_600));
        assert_eq!(sample.memory_limit, Some(134_217_728));
        assert_eq!(sample.pids, Some(7));
        assert_eq!(sample.totals, [Some(726), Some(42), Some(1_049_600), Some(2048)]);
        let folder = fixture("v2").folder(&target(100)).expect("a folder");
        assert_eq!(processes(&folder, 100), [100, 101, 102]);
        assert_eq!(processes(&folder, 2).len(), 2);
    }

    #[test]
    fn a_rootless_podman_container_without_limits() {
        let sample = one(&mut fixture("v2-rootless"), 100);
        assert_eq!(sample.memory_limit, Some(8_000_000 * 1024));
        assert_eq!(sample.totals, [Some(726), Some(42), None, None], "no io controller there");
    }

    #[test]
    fn the_hosts_network_is_not_the_containers() {
        let mut reader = fixture("v1");
        let readings = reader.read(&[Target { own_network: false, ..target(100) }]);
        assert!(matches!(readings[0], Reading::Sample(Sample { totals: [None, None, Some(_), Some(_)], .. })));
    }

    #[test]
    fn a_process_that_is_not_the_containers_is_not_believed() {
        let mut reader = fixture("v1");
        let other = Target { id: "0".repeat(64).into(), ..target(100) };
        assert_eq!(reader.read(&[other, target(999)]), [Reading::NotHere, Reading::NotHere]);
    }

    #[test]
    fn a_container_that_went_is_gone() {
        let folder = tempfile::tempdir().expect("a directory");
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
            std::fs::write(path, text).expect("a file");
        };
        write("proc/self/mountinfo", "41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
        write("proc/9/cgroup", &format!("0::/docker/{ID}\n"));
        write(&format!("sys/fs/cgroup/docker/{ID}/pids.current"), "3\n");
        let mut reader = Reader::new(folder.path());
        assert_eq!(one(&mut reader, 9).pids, Some(3));
        std::fs::remove_dir_all(folder.path().join("sys")).expect("removal");
        assert_eq!(reader.read(&[target(9)]), [Reading::Gone]);
    }
}
