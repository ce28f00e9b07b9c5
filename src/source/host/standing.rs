//! What changes rarely: software RAID, whether the newest installed kernel runs, what kind of machine it is. From files only.

use std::{cmp::Ordering, sync::Arc};

use super::{files::Files, support};
use crate::model::{
    rows::{Boot, Raid, Support},
    text,
};

/// Arrays that are listed at most.
const LIMIT: usize = 200;

/// What changes rarely.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    /// Software RAID arrays; `None` where the kernel's list cannot be read.
    pub(super) arrays: Option<Vec<Array>>,
    /// Whether it should be rebooted, and why that is so or not known.
    pub(super) reboot: (Option<bool>, String),
    /// By what the machine is known again.
    pub(super) boot: Option<Boot>,
    /// Until when its system is supported, where that is known.
    pub(super) support: Option<Support>,
    /// `kvm`, `docker`, `none` …, as systemd-detect-virt(1) names it.
    pub(super) virtualisation: Option<Arc<str>>,
}

/// A software RAID array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Array {
    /// `md0`.
    pub(super) name: String,
    /// `raid1`; empty while it is inactive.
    pub(super) level: String,
    /// A member is missing, or it does not run.
    pub(super) is_degraded: bool,
    /// What is being done to it: `recovery = 8.5%`.
    pub(super) action: Option<String>,
}

impl Standing {
    /// Reads it. `said` are words about the machine that no file has: `virtual`, `kernel-package`.
    pub(super) fn read<'a>(files: &dyn Files, said: impl Fn(&str) -> Option<&'a str>) -> Self {
        let arrays = files.read("proc/mdstat").map(|text| arrays(&text, files));
        let virtualisation = said("virtual").map(str::to_owned).or_else(|| container(files));
        let reboot = reboot(files, virtualisation.as_deref(), said("kernel-package"));
        let machine = files.read("etc/machine-id");
        let boot = files
            .read("proc/sys/kernel/random/boot_id")
            .and_then(|boot| Boot::new(&boot, machine.as_deref().unwrap_or_default()));
        let support = support::read(files);
        Self { arrays, reboot, boot, support, virtualisation: virtualisation.map(|kind| text::name(&kind).into()) }
    }

    /// The arrays, counted.
    pub(super) fn raid(&self) -> Option<Raid> {
        let arrays = self.arrays.as_ref()?;
        let count = |of: fn(&Array) -> bool| u32::try_from(arrays.iter().filter(|a| of(a)).count()).unwrap_or(u32::MAX);
        Some(Raid {
            arrays: count(|_| true),
            degraded: count(|array| array.is_degraded),
            syncing: count(|array| array.action.is_some()),
        })
    }
}

/// `/proc/mdstat` (md(4)), and what `/sys` adds: it says in numbers how many members are missing.
fn arrays(mdstat: &str, files: &dyn Files) -> Vec<Array> {
    let mut arrays: Vec<Array> = Vec::new();
    for line in mdstat.lines() {
        if let Some((name, rest)) = line.split_once(" : ").filter(|(name, _)| name.starts_with("md")) {
            if arrays.len() >= LIMIT {
                break;
            }
            let missing = files.read(&format!("sys/block/{name}/md/degraded"));
            let missing = missing.and_then(|text| text.trim().parse::<u32>().ok()).unwrap_or(0);
            let level = rest
                .split(' ')
                .find(|word| ["raid", "linear", "multipath", "faulty"].iter().any(|l| word.starts_with(l)));
            arrays.push(Array {
                name: text::name(name).into_owned(),
                level: text::name(level.unwrap_or_default()).into_owned(),
                is_degraded: missing > 0 || !rest.starts_with("active"),
                action: None,
            });
        } else if let Some(array) = arrays.last_mut() {
            // `1047552 blocks super 1.2 [2/1] [_U]`: members there should be, and are.
            let counts = line.split(['[', ']']).find_map(|part| {
                let (all, working) = part.split_once('/')?;
                Some((all.parse::<u32>().ok()?, working.parse::<u32>().ok()?))
            });
            array.is_degraded |= counts.is_some_and(|(all, working)| working < all);
            let is_action = ["recovery", "resync", "reshape", "check", "repair"].iter().any(|word| line.contains(word));
            if let Some((_, action)) = line.split_once(']').filter(|_| is_action && line.contains('=')) {
                array.action = Some(text::name(action.split('(').next().unwrap_or(action).trim()).into_owned());
            } else if is_action && counts.is_none() {
                array.action = Some(text::name(line.trim()).into_owned());
            }
        }
    }
    arrays
}

/// The kind of container, by what systemd and Docker leave in it.
fn container(files: &dyn Files) -> Option<String> {
    if let Some(kind) = files.read("run/systemd/container") {
        return kind.lines().next().map(|line| line.trim().to_owned()).filter(|kind| !kind.is_empty());
    }
    files.exists(".dockerenv").then(|| "docker".to_owned())
}

/// Kinds of `systemd-detect-virt` that share the kernel of their host.
const CONTAINERS: &[&str] =
    &["docker", "podman", "lxc", "lxc-libvirt", "systemd-nspawn", "openvz", "rkt", "wsl", "proot", "pouch"];

/// Whether it should be rebooted. The flag in `/run` exists only where a package writes it, so that its absence says nothing;
/// the kernels in `/boot` do.
fn reboot(files: &dyn Files, virtualisation: Option<&str>, package: Option<&str>) -> (Option<bool>, String) {
    if files.exists("run/reboot-required") {
        return (Some(true), "a package asked for it (/run/reboot-required)".to_owned());
    }
    if let Some(kind) = virtualisation.filter(|kind| CONTAINERS.contains(kind)) {
        return (None, format!("its kernel is that of another machine ({})", text::name(kind)));
    }
    let Some(running) = files.read("proc/sys/kernel/osrelease").map(|text| text.trim().to_owned()) else {
        return (None, "the running kernel is not known".to_owned());
    };
    let (version, flavour) = split(&running);
    let boot = files.list("boot");
    let installed =
        boot.iter().filter_map(|name| name.strip_prefix("vmlinuz-").or_else(|| name.strip_prefix("vmlinux-")));
    let newest = installed.filter(|release| split(release).1 == flavour).max_by(|a, b| compare(split(a).0, split(b).0));
    match newest.map(|newest| (newest, compare(split(newest).0, version))) {
        None => (None, "no kernel of this kind is in /boot".to_owned()),
        Some((newest, Ordering::Greater)) => {
            (Some(true), format!("kernel {} is installed, {} runs", text::name(newest), text::name(&running)))
        }
        Some(_) => match rebuilt(files, package) {
            Some(package) => {
                (Some(true), format!("kernel package {} is installed, another build runs", text::name(package)))
            }
            None => (Some(false), "the newest installed kernel runs".to_owned()),
        },
    }
}

/// The installed package when Debian's kernel of the same release was built anew: its version stands in `/proc/version`.
fn rebuilt<'a>(files: &dyn Files, package: Option<&'a str>) -> Option<&'a str> {
    let version = files.read("proc/version")?;
    let (_, built) = version.split_once("Debian ")?;
    let built = built.split([' ', ')']).next()?;
    package.filter(|package| *package != built && built.starts_with(|c: char| c.is_ascii_digit()))
}

/// A release as version and flavour: `6.1.0-28`, `cloud-amd64`.
fn split(release: &str) -> (&str, &str) {
    let mut end = 0;
    for part in release.split_inclusive('-') {
        if !part.starts_with(|c: char| c.is_ascii_digit()) {
            break;
        }
        end += part.len();
    }
    let (version, flavour) = release.split_at(end);
    (version.trim_end_matches('-'), flavour)
}

/// A part of a version. A number is newer than a word in its place, as in `80.1.el8` and `80.el8`.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Part<'a> {
    Word(&'a str),
    Number(u64),
}

/// Compares versions part by part; what stands between the parts does not count.
fn compare(a: &str, b: &str) -> Ordering {
    parts(a).cmp(&parts(b))
}

fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    for word in text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        let mut rest = word;
        while let Some(first) = rest.chars().next() {
            let is_number = first.is_ascii_digit();
            let end = rest.find(|c: char| c.is_ascii_digit() != is_number).unwrap_or(rest.len());
            let (part, after) = rest.split_at(end);
            parts.push(if is_number { Part::Number(part.parse().unwrap_or(u64::MAX)) } else { Part::Word(part) });
            rest = after;
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use std::{borrow::Cow, collections::HashMap};

    use proptest::prelude::*;

    use super::*;

    #[derive(Default)]
    struct Tree(HashMap<&'static str, String>);

    impl Files for Tree {
        fn read(&self, name: &str) -> Option<Cow<'_, str>> {
            self.0.get(name).map(|text| Cow::Borrowed(text.as_str()))
        }

        fn exists(&self, name: &str) -> bool {
            self.0.contains_key(name)
        }

        fn list(&self, directory: &str) -> Vec<String> {
            let inside = |name: &&str| name.strip_prefix(directory)?.strip_prefix('/').map(str::to_owned);
            self.0.keys().filter_map(inside).collect()
        }

        fn processes(&self) -> Option<u32> {
            None
        }
    }

    fn tree(files: &[(&'static str, &str)]) -> Tree {
        Tree(files.iter().map(|(name, text)| (*name, (*text).to_owned())).collect())
    }

    const MDSTAT: &str = "\
Personalities : [raid1] [raid6] [raid5] [raid4]
md2 : active raid5 sdc1[3] sdb1[1] sda1[0]
      2093056 blocks super 1.2 level 5, 512k chunk, algorithm 2 [3/2] [UU_]
      [=>...................]  recovery =  8.5% (89152/1047552) finish=1.6min speed=9905K/sec

md1 : active raid1 sdb2[1] sda2[0]
      1047552 blocks super 1.2 [2/2] [UU]
      \tresync=DELAYED
md0 : inactive sdd1[0](S)
      1047552 blocks super 1.2

md127 : active (auto-read-only) raid0 sde1[1] sdf1[0]
      2093056 blocks super 1.2 512k chunks

unused devices: <none>
";

    #[test]
    fn arrays_are_read_with_what_is_wrong_with_them() {
        let files = tree(&[("proc/mdstat", MDSTAT), ("sys/block/md1/md/degraded", "1\n")]);
        let standing = Standing::read(&files, |_| None);
        let arrays = standing.arrays.clone().expect("a list");
        let shown: Vec<_> = arrays.iter().map(|a| (&*a.name, &*a.level, a.is_degraded, a.action.as_deref())).collect();
        assert_eq!(
            shown,
            [
                ("md2", "raid5", true, Some("recovery =  8.5%")),
                ("md1", "raid1", true, Some("resync=DELAYED")),
                ("md0", "", true, None),
                ("md127", "raid0", false, None),
            ]
        );
        assert_eq!(standing.raid(), Some(Raid { arrays: 4, degraded: 3, syncing: 2 }));
        let none = Standing::read(&tree(&[("proc/mdstat", "Personalities : \nunused devices: <none>\n")]), |_| None);
        assert_eq!(none.raid(), Some(Raid::default()));
        assert_eq!(Standing::read(&tree(&[]), |_| None).raid(), None);
    }

    fn asked(files: &[(&'static str, &str)], said: &[(&str, &'static str)]) -> (Option<bool>, String) {
        let say = |word: &str| said.iter().find(|(known, _)| *known == word).map(|(_, text)| *text);
        Standing::read(&tree(files), say).reboot
    }

    #[test]
    fn a_reboot_is_needed_not_needed_or_not_known() {
        let running = ("proc/sys/kernel/osrelease", "6.1.0-9-amd64\n");
        let (old, same) = (("boot/vmlinuz-6.1.0-8-amd64", ""), ("boot/vmlinuz-6.1.0-9-amd64", ""));
        assert_eq!(asked(&[running, old, same], &[]).0, Some(false));
        let newer = asked(&[running, same, ("boot/vmlinuz-6.1.0-28-amd64", "")], &[]);
        assert_eq!(newer, (Some(true), "kernel 6.1.0-28-amd64 is installed, 6.1.0-9-amd64 runs".to_owned()));
        let other = [running, same, ("boot/vmlinuz-6.1.0-28-cloud-amd64", ""), ("boot/vmlinuz-0-rescue-4f1c", "")];
        assert_eq!(asked(&other, &[]).0, Some(false), "another flavour");
        assert_eq!(asked(&[running], &[]).0, None, "nothing in /boot");
        assert_eq!(asked(&[running, same], &[("virtual", "lxc")]).0, None, "a container's kernel is not its own");
        assert_eq!(asked(&[running, same, ("run/systemd/container", "docker\n")], &[]).0, None);
        assert_eq!(asked(&[running, same, ("run/reboot-required", "")], &[("virtual", "lxc")]).0, Some(true));
        assert_eq!(asked(&[], &[]).0, None);
        let version = ("proc/version", "Linux version 6.1.0-9-amd64 (x) (gcc) #1 SMP Debian 6.1.27-1 (2023-05-08)\n");
        assert_eq!(asked(&[running, same, version], &[("kernel-package", "6.1.27-1")]).0, Some(false));
        assert_eq!(asked(&[running, same, version], &[("kernel-package", "6.1.28-1")]).0, Some(true));
    }

    #[test]
    fn versions_are_compared_by_their_numbers() {
        for (less, more) in
            [("6.1.0-9", "6.1.0-28"), ("5.15.0-122", "6.1.0-1"), ("6.1", "6.1.1"), ("4.18.0-80.el8", "4.18.0-80.1.el8")]
        {
            assert_eq!(compare(less, more), Ordering::Less, "{less} {more}");
        }
        assert_eq!(split("6.1.0-28-cloud-amd64"), ("6.1.0-28", "cloud-amd64"));
        assert_eq!(split("5.14.0-427.el9.x86_64"), ("5.14.0-427.el9.x86_64", ""));
        assert_eq!(split("linux"), ("", "linux"));
    }

    proptest! {
        #[test]
        fn any_text_is_survived(mdstat in any::<String>(), release in any::<String>(), other in any::<String>()) {
            let files = tree(&[("proc/mdstat", &mdstat), ("proc/sys/kernel/osrelease", &release), ("proc/version", &other)]);
            Standing::read(&files, |_| None);
            prop_assert_eq!(compare(&release, &release), Ordering::Equal);
            prop_assert_eq!(compare(&release, &other), compare(&other, &release).reverse());
            split(&other);
        }

        #[test]
        fn no_array_is_lost(numbers in proptest::collection::btree_set(0u32..999, 0..20)) {
            let lines: Vec<String> = numbers.iter().map(|n| format!("md{n} : active raid1 sda[0] sdb[1]\n      9 blocks [2/2] [UU]\n")).collect();
            let found = arrays(&lines.join("\n"), &tree(&[]));
            let names: Vec<String> = numbers.iter().map(|n| format!("md{n}")).collect();
            prop_assert_eq!(found.into_iter().map(|array| array.name).collect::<Vec<_>>(), names);
        }
    }
}
