//! How full a host's file systems are: its mounts, and what `df` says of each. One that does not answer delays no other.

use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use tokio::time::Instant;

use super::super::{disks::Round, facts::Mount, linux};
use crate::model::{key::Key, rows::DiskRow, text};

/// How long a mount may take to answer.
const PATIENCE: Duration = Duration::from_secs(4);

/// Mounts that are kept at most.
const LIMIT: usize = 500;

/// Types that the probe measures together: those of devices of the host's own. Any other may hang.
const NEAR: &[&str] = &[
    "ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "vfat", "exfat", "f2fs", "jfs", "ntfs3", "iso9660", "udf", "overlay",
];

/// What `df` says of one file system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Measured {
    size: u64,
    used: u64,
    available: u64,
    inodes: u64,
    inodes_used: u64,
}

/// A file system with its device number, which names it whatever it is mounted on.
struct Device {
    number: String,
    mount: Mount,
    /// Since when an answer is waited for.
    asked: Option<Instant>,
    measured: Option<Measured>,
}

/// The file systems of one host.
pub(super) struct Disks {
    node: Arc<str>,
    devices: Vec<Device>,
    numbers: HashMap<PathBuf, String>,
    told: Option<Vec<String>>,
    is_changed: bool,
}

impl Disks {
    /// Nothing is known of `node` yet.
    pub(super) fn new(node: &Arc<str>) -> Self {
        Self { node: node.clone(), devices: Vec::new(), numbers: HashMap::new(), told: None, is_changed: false }
    }

    /// A new connection: what was waited for will not come.
    pub(super) fn again(&mut self) {
        self.devices.iter_mut().for_each(|device| device.asked = None);
    }

    /// Takes the mounts; each is being measured now.
    pub(super) fn mounted(&mut self, text: &str, now: Instant) {
        self.numbers = linux::numbers(text);
        let mut before: BTreeMap<String, Device> =
            self.devices.drain(..).map(|device| (device.number.clone(), device)).collect();
        self.devices = linux::parse_mounts(text)
            .into_iter()
            .take(LIMIT)
            .filter_map(|mount| {
                let number = self.numbers.get(&mount.point)?.clone();
                let known = before.remove(&number);
                let asked = known.as_ref().and_then(|device| device.asked).or(Some(now));
                let measured = known.and_then(|device| device.measured);
                Some(Device { number, mount, asked, measured })
            })
            .collect();
        self.is_changed = true;
    }

    /// Takes what `df` says of the host's own devices.
    pub(super) fn near(&mut self, text: &str) {
        let measured = parse(text);
        for device in self.devices.iter_mut().filter(|device| NEAR.contains(&device.mount.kind.as_str())) {
            // Any of its mounts may be the one that was measured.
            let point = measured.keys().find(|point| self.numbers.get(*point) == Some(&device.number));
            device.measured = point.and_then(|point| measured.get(point)).copied();
            device.asked = None;
        }
        self.is_changed = true;
    }

    /// Takes what `df` says of the file system with this device number.
    pub(super) fn far(&mut self, number: &str, text: &str) {
        for device in self.devices.iter_mut().filter(|device| device.number == number) {
            device.measured = parse(text).into_values().next();
            device.asked = None;
        }
        self.is_changed = true;
    }

    /// What is known, when it is not what was told last. Waits for answers that may still come.
    pub(super) fn round(&mut self, now: Instant) -> Option<Round> {
        let overdue = |asked: Instant| now.saturating_duration_since(asked) >= PATIENCE;
        if self.devices.is_empty() || self.devices.iter().any(|d| d.asked.is_some_and(|asked| !overdue(asked))) {
            return None;
        }
        let name = |device: &Device| text::name(&device.mount.point.to_string_lossy()).into_owned();
        let hung: Vec<String> = self.devices.iter().filter(|device| device.asked.is_some()).map(name).collect();
        if !std::mem::take(&mut self.is_changed) && self.told.as_ref() == Some(&hung) {
            return None;
        }
        self.told = Some(hung.clone());
        let rows = self.devices.iter().filter_map(|device| Some(row(&self.node, &device.mount, device.measured?)));
        Some(Round { rows: rows.collect(), hung })
    }
}

fn row(node: &Arc<str>, mount: &Mount, measured: Measured) -> DiskRow {
    let point = text::name(&mount.point.to_string_lossy()).into_owned();
    DiskRow {
        key: Key::of(&[node, &point]),
        node: node.clone(),
        mount: point.into(),
        device: mount.device.as_str().into(),
        kind: mount.kind.as_str().into(),
        size: measured.size,
        used: measured.used,
        available: measured.available,
        inodes: measured.inodes,
        inodes_used: measured.inodes_used,
        read_only: mount.read_only,
    }
}

/// `df -Pk`, then `df -Pi`: a heading each, then a line a file system, whose mount point is all that stands after the
/// percentage. The names of devices may hold spaces too, so the numbers are looked for.
fn parse(text: &str) -> HashMap<PathBuf, Measured> {
    let mut found: HashMap<PathBuf, Measured> = HashMap::new();
    let mut counts_inodes = false;
    for line in text.lines() {
        if line.starts_with("Filesystem") {
            counts_inodes = line.contains("Inodes");
            continue;
        }
        let Some(([total, used, free], point)) = numbers(line) else { continue };
        let measured = found.entry(point).or_default();
        if counts_inodes {
            (measured.inodes, measured.inodes_used) = (total, used);
        } else {
            let bytes = |blocks: u64| blocks.saturating_mul(1024);
            (measured.size, measured.used, measured.available) = (bytes(total), bytes(used), bytes(free));
        }
    }
    // A file system without blocks is a kernel interface and no row.
    found.retain(|_, measured| measured.size > 0);
    found
}

/// The three numbers of a line and the mount point.
fn numbers(line: &str) -> Option<([u64; 3], PathBuf)> {
    // Positions where words begin.
    let starts: Vec<usize> = line
        .bytes()
        .enumerate()
        .filter(|&(at, byte)| byte != b' ' && (at == 0 || line.as_bytes().get(at - 1) == Some(&b' ')))
        .map(|(at, _)| at)
        .collect();
    let word = |at: usize| line.get(at..)?.split(' ').next();
    // Some file systems have no count of inodes: `-`.
    let number = |at: usize| word(at).and_then(|word| if word == "-" { Some(0) } else { word.parse::<u64>().ok() });
    starts.windows(5).skip(1).find_map(|at| {
        let numbers = [number(at[0])?, number(at[1])?, number(at[2])?];
        let share = word(at[3])?;
        (share == "-" || share.ends_with('%')).then_some(())?;
        Some((numbers, PathBuf::from(line.get(at[4]..)?)))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::remote::probe::SCRIPT;

    const DF: &str = "\
Filesystem     1024-blocks     Used Available Capacity Mounted on
/dev/vda         264212084 23208076  72293188      25% /
/dev/sdb 1             100       40        50      45% /srv/a b
efivarfs                 0        0         0        - /sys/x
Filesystem       Inodes  IUsed    IFree IUse% Mounted on
/dev/vda       16777216 526902 16250314    4% /
/dev/sdb 1            -      -        -     - /srv/a b
";

    const MOUNTS: &str = "\
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 27 8:17 / /srv/a\\040b ro - xfs /dev/sdb\\0401 rw
31 27 0:51 / /net rw - nfs4 server:/x rw
32 27 254:0 /var/x /srv/bind rw - ext4 /dev/vda rw
";

    fn names(round: Option<&Round>) -> Option<(Vec<&str>, Vec<&str>)> {
        round.map(|round| {
            (round.rows.iter().map(|row| &*row.mount).collect(), round.hung.iter().map(String::as_str).collect())
        })
    }

    #[test]
    fn each_file_system_is_a_row_and_one_that_hangs_is_named() {
        let start = Instant::now();
        let later = start + PATIENCE;
        let mut disks = Disks::new(&"h1".into());
        assert!(disks.round(start).is_none(), "nothing is known");
        disks.mounted(MOUNTS, start);
        disks.near(DF);
        assert!(disks.round(start).is_none(), "an answer may still come");
        let round = disks.round(later);
        assert_eq!(names(round.as_ref()), Some((vec!["/", "/srv/a b"], vec!["/net"])));
        let rows = round.map(|round| round.rows).unwrap_or_default();
        assert_eq!((rows[0].size, rows[0].used, rows[0].inodes_used), (264_212_084 * 1024, 23_208_076 * 1024, 526_902));
        assert!(rows[1].read_only && rows[1].inodes == 0 && &*rows[1].device == "/dev/sdb 1");
        assert!(disks.round(later).is_none(), "nothing changed");
        // The probe does not measure it again while it hangs.
        disks.mounted(MOUNTS, later);
        disks.near(DF);
        assert_eq!(names(disks.round(later).as_ref()), Some((vec!["/", "/srv/a b"], vec!["/net"])));
        disks.far("0:51", "Filesystem 1024-blocks Used Available Capacity Mounted on\nserver:/x 10 1 9 10% /net\n");
        assert_eq!(names(disks.round(later).as_ref()), Some((vec!["/", "/srv/a b", "/net"], vec![])));
    }

    #[test]
    fn a_bind_mount_that_was_measured_counts_for_its_file_system() {
        let mut disks = Disks::new(&"h1".into());
        disks.mounted(
            "32 27 254:0 /var/x /srv/bind rw - ext4 /dev/vda rw\n27 1 254:0 / / rw - ext4 /dev/vda rw\n",
            Instant::now(),
        );
        disks.near("Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/vda 10 1 9 10% /srv/bind\n");
        assert_eq!(names(disks.round(Instant::now()).as_ref()), Some((vec!["/"], vec![])));
    }

    #[test]
    fn the_probe_and_this_file_agree_on_what_may_hang() {
        let line = SCRIPT.lines().find(|line| line.contains("points=\"$points$nl$point\"")).expect("a line");
        let types = line.trim().split(')').next().unwrap().replace("ext[234]", "ext2 | ext3 | ext4");
        assert_eq!(types.split(" | ").collect::<Vec<_>>(), NEAR);
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in any::<String>()) {
            let mut disks = Disks::new(&"h1".into());
            disks.mounted(&text, Instant::now());
            disks.near(&text);
            disks.far(&text, &text);
            disks.round(Instant::now());
        }

        #[test]
        fn no_line_is_lost(points in proptest::collection::hash_set("/[^\n\r ]{1,9}( [^\n\r ]{1,9})?", 0..20)) {
            let lines: Vec<String> = points.iter().map(|point| format!("/dev/x 10 4 6 40% {point}")).collect();
            let text = format!("Filesystem 1024-blocks Used Available Capacity Mounted on\n{}\n", lines.join("\n"));
            let found = parse(&text);
            for point in &points {
                prop_assert_eq!(found.get(&PathBuf::from(point)).map(|m| m.used), Some(4096));
            }
        }
    }
}
