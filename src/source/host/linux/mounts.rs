//! `/proc/self/mountinfo` (`proc_pid_mountinfo(5)`): the real file systems, each once.
//!
//! `mountinfo` rather than `mounts`, because it names the device without touching the mount: a dead NFS server must not be
//! asked in order to learn that a mount is a second one of the same file system.

use std::{collections::HashMap, ffi::OsString, os::unix::ffi::OsStringExt, path::PathBuf};

use super::super::facts::Mount;
use crate::model::text;

/// Types that hold nothing of their own: kernel interfaces, memory, layers over others, images that are full by nature.
/// In alphabetical order.
const PSEUDO: &[&str] = &[
    "autofs",
    "binder",
    "binfmt_misc",
    "bpf",
    "cgroup",
    "cgroup2",
    "configfs",
    "debugfs",
    "devpts",
    "devtmpfs",
    "efivarfs",
    "fuse.gvfsd-fuse",
    "fuse.lxcfs",
    "fuse.portal",
    "fuse.snapfuse",
    "fusectl",
    "hugetlbfs",
    "mqueue",
    "nfsd",
    "nsfs",
    "overlay",
    "proc",
    "pstore",
    "ramfs",
    "rootfs",
    "rpc_pipefs",
    "securityfs",
    "selinuxfs",
    "squashfs",
    "sysfs",
    "tmpfs",
    "tracefs",
];

/// A line of the file.
struct Entry {
    device_number: String,
    /// The mount shows the file system from its root on, not a directory of it.
    whole: bool,
    mount: Mount,
}

/// Real file systems in the order of the file. Of several mounts of one file system the one that shows all of it
/// counts, then the one with the shortest path; of several mounts on one point the last, which hides the others.
pub(in crate::source::host) fn parse(text: &str) -> Vec<Mount> {
    let mut by_point: HashMap<PathBuf, usize> = HashMap::new();
    let mut entries: Vec<Option<Entry>> = Vec::new();
    for entry in text.lines().filter_map(entry) {
        if let Some(hidden) = by_point.insert(entry.mount.point.clone(), entries.len()) {
            entries[hidden] = None;
        }
        entries.push(Some(entry));
    }
    let mut chosen: Vec<Entry> = Vec::new();
    for entry in entries.into_iter().flatten().filter(is_real) {
        let rank = |e: &Entry| (!e.whole, e.mount.point.as_os_str().len());
        match chosen.iter_mut().find(|known| known.device_number == entry.device_number) {
            Some(known) if rank(&entry) < rank(known) => *known = entry,
            Some(_) => {}
            None => chosen.push(entry),
        }
    }
    chosen.into_iter().map(|entry| entry.mount).collect()
}

/// The device number of what is mounted at each point; of several mounts on one point the last counts.
pub(in crate::source::host) fn numbers(text: &str) -> HashMap<PathBuf, String> {
    text.lines().filter_map(entry).map(|entry| (entry.mount.point, entry.device_number)).collect()
}

/// In a container the root is a layered file system, and the only one that can fill up.
fn is_real(entry: &Entry) -> bool {
    let kind = entry.mount.kind.as_str();
    PSEUDO.binary_search(&kind).is_err() || (kind == "overlay" && entry.mount.point.as_os_str() == "/")
}

fn entry(line: &str) -> Option<Entry> {
    // 36 35 98:0 /root /mount rw,noatime master:1 - ext3 /dev/sda1 rw,errors=continue
    let (left, right) = line.split_once(" - ")?;
    let left: Vec<&str> = left.split(' ').collect();
    let mut right = right.split(' ');
    let (kind, device) = (right.next()?, right.next()?);
    let options = *left.get(5)?;
    Some(Entry {
        device_number: (*left.get(2)?).to_owned(),
        whole: *left.get(3)? == "/",
        mount: Mount {
            point: PathBuf::from(OsString::from_vec(unescape(left.get(4)?))),
            device: text::name(&String::from_utf8_lossy(&unescape(device))).into_owned(),
            kind: text::name(kind).into_owned(),
            read_only: options.split(',').any(|option| option == "ro"),
        },
    })
}

/// Space, tab, newline, backslash and hash are written as `\` and three octal digits.
fn unescape(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let octal = bytes.get(at + 1..at + 4).and_then(|digits| std::str::from_utf8(digits).ok());
        if let Some(escaped) = octal.filter(|_| byte == b'\\').and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            plain.push(escaped);
            at += 4;
        } else {
            plain.push(byte);
            at += 1;
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Lines as Linux 6.1 writes them, for the shapes that matter.
    const CAPTURED: &str = "\
22 27 0:21 / /proc rw,relatime - proc proc rw
23 27 0:22 / /sys rw,relatime - sysfs sysfs rw
25 27 0:5 / /dev rw,relatime - devtmpfs devtmpfs rw,size=12334524k
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard
31 27 254:0 /var/lib/data /srv/bind rw,relatime shared:1 - ext4 /dev/vda rw,discard
40 27 254:16 / /mnt/backup\\040disk ro,relatime - xfs /dev/vdb rw
41 27 0:48 / /srv/nfs rw,relatime - nfs4 nas:/export rw,vers=4.2
42 27 0:49 / /var/lib/docker/overlay2/5c85/merged rw,relatime - overlay overlay rw,lowerdir=/a:/b
43 27 7:0 / /snap/core/1 ro,nodev - squashfs /dev/loop0 ro
44 27 0:50 / /home rw,relatime shared:30 master:2 - fuse.sshfs bob@nas:/home/bob rw
";

    fn points(text: &str) -> Vec<String> {
        parse(text).iter().map(|mount| mount.point.display().to_string()).collect()
    }

    #[test]
    fn pseudo_file_systems_and_bind_mounts_are_left_out() {
        assert_eq!(points(CAPTURED), ["/", "/mnt/backup disk", "/srv/nfs", "/home"]);
        let mounts = parse(CAPTURED);
        assert!(mounts[1].read_only && !mounts[0].read_only);
        assert_eq!((mounts[2].device.as_str(), mounts[2].kind.as_str()), ("nas:/export", "nfs4"));
    }

    #[test]
    fn the_mount_that_shows_all_of_it_counts() {
        let text = "1 0 8:1 /sub /a rw - ext4 /dev/sda1 rw\n2 0 8:1 / /longer rw - ext4 /dev/sda1 rw\n";
        assert_eq!(points(text), ["/longer"]);
    }

    #[test]
    fn the_root_of_a_container_counts_and_a_hidden_mount_does_not() {
        let text =
            "1 0 0:60 / / rw - overlay overlay rw\n2 1 8:1 / /x rw - ext4 /dev/a rw\n3 2 8:2 / /x rw - ext4 /dev/b rw";
        let mounts = parse(text);
        assert_eq!(mounts.iter().map(|m| m.device.as_str()).collect::<Vec<_>>(), ["overlay", "/dev/b"]);
    }

    #[test]
    fn names_may_hold_anything() {
        assert_eq!(unescape(r"a\040b\011c\134040\043"), b"a b\tc\\040#");
        assert_eq!(unescape(r"end\04"), br"end\04");
        assert!(PSEUDO.is_sorted());
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in any::<String>()) {
            parse(&text);
        }

        #[test]
        fn no_mount_is_lost(names in proptest::collection::hash_set("[^\\\\\n]{1,20}", 0..20)) {
            let escape = |name: &str| name.replace(' ', r"\040").replace('\t', r"\011").replace('#', r"\043");
            let lines: Vec<String> = names
                .iter()
                .enumerate()
                .map(|(n, name)| format!("{n} 1 8:{n} / /m/{} rw,relatime - ext4 /dev/sd{n} rw", escape(name)))
                .collect();
            let names: std::collections::HashSet<PathBuf> = names.iter().map(|name| format!("/m/{name}").into()).collect();
            let found: std::collections::HashSet<PathBuf> = parse(&lines.join("\n")).into_iter().map(|m| m.point).collect();
            prop_assert_eq!(found, names);
        }
    }
}
