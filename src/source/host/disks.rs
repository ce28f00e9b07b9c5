//! How full the file systems are. A mount that does not answer delays nothing: each is asked on a thread of its own.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use rustix::fs::StatVfs;

use super::facts::Mount;
use crate::model::{key::Key, rows::DiskRow, text};

/// How long a mount may take to answer. A local one takes microseconds.
const PATIENCE: Duration = Duration::from_secs(2);

/// Mounts that are measured at most.
const LIMIT: usize = 500;

/// The question, so that tests can answer it.
type Statvfs = Arc<dyn Fn(&Path) -> Option<StatVfs> + Send + Sync>;

type Answered = (PathBuf, Option<StatVfs>);

/// Measures mounts, and remembers which do not answer.
pub(super) struct Disks {
    node: Arc<str>,
    ask: Statvfs,
    answers: mpsc::Receiver<Answered>,
    sender: mpsc::Sender<Answered>,
    /// Mounts with a question open, and their last row.
    hung: BTreeMap<PathBuf, Option<DiskRow>>,
    last: Vec<DiskRow>,
}

/// The rows of one round.
pub(super) struct Round {
    /// File systems; of one that does not answer the last known row.
    pub(super) rows: Vec<DiskRow>,
    /// Mount points that do not answer.
    pub(super) hung: Vec<String>,
}

impl Disks {
    /// Measures the mounts of `node`, whose `/` is `root`.
    pub(super) fn new(node: &Arc<str>, root: &Path) -> Self {
        let root = root.to_owned();
        let below = move |path: &Path| root.join(path.strip_prefix("/").unwrap_or(path));
        Self::asking(node, Arc::new(move |path| rustix::fs::statvfs(below(path)).ok()))
    }

    fn asking(node: &Arc<str>, ask: Statvfs) -> Self {
        let (sender, answers) = mpsc::channel();
        Self { node: node.clone(), ask, answers, sender, hung: BTreeMap::new(), last: Vec::new() }
    }

    /// Asks every mount that has no question open, and waits for the answers, but not for long. Blocks up to [`PATIENCE`].
    pub(super) fn measure(&mut self, mounts: &[Mount]) -> Round {
        while let Ok((point, _)) = self.answers.try_recv() {
            self.hung.remove(&point);
        }
        let mut waiting: Vec<&Mount> = Vec::new();
        for mount in mounts.iter().take(LIMIT).filter(|mount| !self.hung.contains_key(&mount.point)) {
            let (sender, point, ask) = (self.sender.clone(), mount.point.clone(), self.ask.clone());
            let thread = thread::Builder::new().name("statvfs".into()).spawn(move || {
                let answer = ask(&point);
                // The receiver is gone when the source is; nobody waits then.
                let _ = sender.send((point, answer));
            });
            match thread {
                Ok(_) => waiting.push(mount),
                Err(error) => tracing::debug!(%error, "no thread for a mount"),
            }
        }
        let mut measured: BTreeMap<PathBuf, Option<StatVfs>> = BTreeMap::new();
        let deadline = Instant::now() + PATIENCE;
        while !waiting.is_empty() {
            let Ok((point, answer)) = self.answers.recv_timeout(deadline.saturating_duration_since(Instant::now()))
            else {
                break;
            };
            self.hung.remove(&point);
            waiting.retain(|mount| mount.point != point);
            measured.insert(point, answer);
        }
        for mount in waiting {
            let name = text::name(&mount.point.to_string_lossy()).into_owned();
            let last = self.last.iter().find(|row| *row.mount == *name).cloned();
            self.hung.insert(mount.point.clone(), last);
        }
        let rows: Vec<DiskRow> = mounts
            .iter()
            .filter_map(|mount| match measured.get(&mount.point) {
                Some(answer) => row(&self.node, mount, answer.as_ref()?),
                None => self.hung.get(&mount.point)?.clone(),
            })
            .collect();
        self.last.clone_from(&rows);
        let hung = mounts.iter().filter(|mount| self.hung.contains_key(&mount.point));
        Round { rows, hung: hung.map(|mount| text::name(&mount.point.to_string_lossy()).into_owned()).collect() }
    }
}

/// Numbers as `df` prints them; a file system without blocks is a kernel interface and no row.
fn row(node: &Arc<str>, mount: &Mount, stat: &StatVfs) -> Option<DiskRow> {
    let bytes = |blocks: u64| blocks.saturating_mul(stat.f_frsize);
    let point = text::name(&mount.point.to_string_lossy()).into_owned();
    (stat.f_blocks > 0).then(|| DiskRow {
        key: Key::of(&[node, &point]),
        node: node.clone(),
        mount: point.into(),
        device: mount.device.as_str().into(),
        kind: mount.kind.as_str().into(),
        size: bytes(stat.f_blocks),
        used: bytes(stat.f_blocks.saturating_sub(stat.f_bfree)),
        available: bytes(stat.f_bavail),
        inodes: stat.f_files,
        inodes_used: stat.f_files.saturating_sub(stat.f_ffree),
        read_only: mount.read_only,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn mount(point: &Path) -> Mount {
        Mount { point: point.into(), device: "/dev/sda1".into(), kind: "ext4".into(), read_only: false }
    }

    /// Answers for every path but those that end in `dead`, which answer when the file `alive` appears beside them.
    fn ask(path: &Path, asked_dead: &AtomicUsize) -> Option<StatVfs> {
        if path.ends_with("dead") {
            asked_dead.fetch_add(1, Ordering::SeqCst);
            while !path.with_file_name("alive").exists() {
                thread::park_timeout(Duration::from_millis(5));
            }
        }
        rustix::fs::statvfs(path.parent()?).ok()
    }

    #[test]
    fn a_dead_mount_delays_the_others_only_once_and_returns() {
        let directory = tempfile::tempdir().expect("a directory");
        let (good, dead) = (mount(&directory.path().join("good")), mount(&directory.path().join("dead")));
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        let mut disks = Disks::asking(&"h1".into(), Arc::new(move |path| ask(path, &count)));
        let mounts = [dead.clone(), good];
        let first = disks.measure(&mounts);
        assert_eq!((first.rows.len(), first.hung.len()), (1, 1));
        assert!(first.rows[0].mount.ends_with("/good") && first.hung[0].ends_with("/dead"));
        // It is not asked again, so nothing is waited for.
        assert_eq!(disks.measure(&mounts).hung, first.hung);
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        std::fs::write(directory.path().join("alive"), "").expect("written");
        let deadline = Instant::now() + Duration::from_secs(30);
        let back = loop {
            let round = disks.measure(&mounts);
            if round.hung.is_empty() || Instant::now() > deadline {
                break round;
            }
        };
        assert_eq!(back.rows.len(), 2, "it answers again");
    }

    #[test]
    fn this_file_system_is_measured() {
        let round = Disks::new(&"h1".into(), Path::new("/")).measure(&[mount(Path::new("/"))]);
        let [row] = round.rows.as_slice() else { panic!("one row") };
        assert!(row.size > 0 && row.used <= row.size && row.percent().is_some());
        assert_eq!(row.key.as_str(), "h1//");
    }
}
