//! What else `/proc/PID` tells of one process, read when somebody asks. Its environment is never read.

use jiff::Timestamp;

use super::{super::Root, stat};
use crate::model::{document::Document, field::Tone, text};

/// Bytes of one file that the details show at most.
const LIMIT: u64 = 32 << 10;

/// Lines of `status` that people look for.
const STATUS: &[&str] = &[
    "State",
    "PPid",
    "Uid",
    "Gid",
    "FDSize",
    "NSpid",
    "VmPeak",
    "VmSize",
    "VmHWM",
    "VmRSS",
    "VmSwap",
    "Threads",
    "SigCgt",
    "CapEff",
    "Seccomp",
    "NoNewPrivs",
    "Cpus_allowed_list",
    "voluntary_ctxt_switches",
    "nonvoluntary_ctxt_switches",
];

/// The id of the container a process runs in, by its cgroup path: 64 hexadecimal digits, as Docker, Podman, containerd
/// and CRI-O write them; shortened to twelve, as their tools print it.
pub(super) fn container(cgroup: &str) -> Option<&str> {
    cgroup
        .split(|c: char| !c.is_ascii_alphanumeric())
        .find(|word| word.len() == 64 && word.bytes().all(|b| b.is_ascii_hexdigit()))
        .map(|id| &id[..12])
}

/// The PID in the innermost namespace, when there is more than one.
pub(super) fn inner_pid(status: &str) -> Option<u32> {
    let pids: Vec<&str> =
        status.lines().find_map(|line| line.strip_prefix("NSpid:"))?.split_ascii_whitespace().collect();
    if pids.len() > 1 { pids.last()?.parse().ok() } else { None }
}

/// The details of a process; `None` when it is gone.
pub(in crate::source::host) fn describe(root: &Root, pid: u32, now: Timestamp) -> Option<Document> {
    let file = |name: &str| root.read_up_to(&format!("proc/{pid}/{name}"), LIMIT);
    let seen = stat::parse(&file("stat")?)?;
    let mut document = Document::default();
    document.heading(format!("Process {pid} {}", seen.name));
    if seen.state != 'D' {
        let arguments = file("cmdline").unwrap_or_default();
        document.arguments(arguments.split_terminator('\0'));
    }
    let link = |name: &str| std::fs::read_link(root.path(format!("proc/{pid}/{name}"))).ok();
    for (name, file) in [("executable", "exe"), ("directory", "cwd")] {
        let target = link(file).map_or_else(|| "–".to_owned(), |path| text::name(&path.to_string_lossy()).into_owned());
        document.pair(name, target);
    }
    document.pair("open files", open_files(root, pid));
    document.pair("looked at", now.strftime("%H:%M:%S").to_string());
    document.heading("Status");
    for line in file("status").unwrap_or_default().lines() {
        if let Some((name, value)) = line.split_once(':')
            && STATUS.contains(&name)
        {
            document.pair_in(0, name, text::name(value.trim()), tone(name, value));
        }
    }
    for (title, name) in [("Control groups", "cgroup"), ("Limits", "limits")] {
        document.heading(title);
        for line in file(name).unwrap_or_default().lines().take(100) {
            document.text(text::name(line));
        }
    }
    Some(document)
}

fn tone(name: &str, value: &str) -> Tone {
    match name {
        "State" if value.trim_start().starts_with('D') => Tone::Bad,
        "State" if value.trim_start().starts_with('Z') => Tone::Warn,
        _ => Tone::Plain,
    }
}

fn open_files(root: &Root, pid: u32) -> String {
    match std::fs::read_dir(root.path(format!("proc/{pid}/fd"))) {
        Ok(entries) => entries.count().to_string(),
        Err(error) => format!("– ({})", error.kind()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn container_ids_are_found_in_every_layout() {
        let id = "4f1c".repeat(16);
        for path in [
            format!("12:pids:/docker/{id}"),
            format!("0::/system.slice/docker-{id}.scope"),
            format!("0::/kubepods.slice/kubepods-burstable.slice/kubepods-pod1.slice/cri-containerd-{id}.scope"),
            format!("0::/machine.slice/libpod-{id}.scope/container"),
        ] {
            assert_eq!(container(&path), Some("4f1c4f1c4f1c"), "{path}");
        }
        assert_eq!(container("0::/system.slice/ssh.service"), None);
    }

    #[test]
    fn the_innermost_pid_is_the_last() {
        assert_eq!(inner_pid("Name:\tsh\nNSpid:\t23456\t87\t1\n"), Some(1));
        assert_eq!(inner_pid("NSpid:\t23456\n"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in any::<String>()) {
            container(&text);
            inner_pid(&format!("NSpid:{text}"));
        }
    }
}
