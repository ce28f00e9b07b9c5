//! The probe over a connection, with a local shell in place of `ssh`: the same bytes, without a server.

use std::{collections::HashMap, fs, os::unix::fs::symlink};

use super::*;
use crate::remote::Name;

const ALL: [Tier; 6] = [Tier::State, Tier::Fast, Tier::Disks, Tier::Units, Tier::Processes, Tier::Inventory];

/// How long something may take before it counts as missing.
const DEADLINE: Duration = Duration::from_mins(1);

/// A shell of this machine: its name, and how `sh` is called in a directory that stands first in `PATH`.
fn shells() -> Vec<(&'static str, tempfile::TempDir)> {
    let find = |name: &str| ["/bin", "/usr/bin"].iter().map(|dir| Path::new(dir).join(name)).find(|path| path.exists());
    let mut shells = Vec::new();
    for name in ["dash", "bash", "busybox", "ksh", "mksh", "yash"] {
        let Some(program) = find(name) else { continue };
        let directory = tempfile::tempdir().unwrap();
        // BusyBox with its own tools, as on Alpine.
        let tools: &[&str] = if name == "busybox" {
            &["sh", "head", "cat", "grep", "awk", "cut", "tr", "df", "date", "sleep"]
        } else {
            &["sh"]
        };
        for tool in tools {
            symlink(&program, directory.path().join(tool)).unwrap();
        }
        shells.push((name, directory));
    }
    assert!(!shells.is_empty(), "no shell was found");
    shells
}

/// Opens a connection to what a login shell would run, after `before`.
async fn open(tools: &Path, before: &str) -> Result<Connection, Trouble> {
    let line = format!("PATH={}:$PATH; export PATH; {before}{}", tools.display(), probe::command());
    let arguments = ["-c".into(), line.into()];
    Connection::start("sh", &arguments, Control::Own(tools.join("none")), DEADLINE).await
}

/// Everything that comes until each of `wanted` is there.
async fn collect(connection: &mut Connection, wanted: usize) -> HashMap<Name, Section> {
    let mut found = HashMap::new();
    let all = async {
        while found.len() < wanted {
            let section = connection.next().await.expect("the probe goes on");
            found.insert(section.name.clone(), section);
        }
    };
    timeout(DEADLINE, all).await.unwrap_or_else(|_| panic!("not everything came"));
    found
}

#[tokio::test]
async fn every_shell_tells_the_same_facts() {
    for (shell, tools) in shells() {
        let mut connection = open(tools.path(), "").await.unwrap_or_else(|trouble| panic!("{shell}: {trouble}"));
        connection.request(&ALL).await.unwrap();
        // Network file systems come apart, and not every machine has one.
        let found = collect(&mut connection, 7).await;
        let text = |name: Name| found.get(&name).map_or("", |section| section.text.as_str());
        let has = |name: Name, line: &str| text(name.clone()).lines().any(|known| known.starts_with(line));
        for line in ["/proc/stat:cpu ", "/proc/meminfo:MemTotal:", "/proc/uptime:", "/proc/loadavg:"] {
            assert!(has(Name::Fast, line), "{shell}: no {line} in {}", text(Name::Fast));
        }
        assert!(has(Name::Fast, &format!("/proc/{}/stat:", connection.pid)), "{shell}: its own cost");
        assert!(has(Name::State, "clock 1"), "{shell}: {}", text(Name::State));
        assert!(text(Name::Mounts).contains(" / "), "{shell}: {}", text(Name::Mounts));
        assert!(text(Name::Near).lines().any(|line| line.ends_with(" /")), "{shell}: {}", text(Name::Near));
        assert!(
            has(Name::Processes, "uptime ") && has(Name::Processes, "count "),
            "{shell}: {}",
            text(Name::Processes)
        );
        let me = std::process::id();
        assert!(has(Name::Processes, &format!("{me} ")), "{shell}: {}", text(Name::Processes));
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
        assert!(has(Name::Inventory, &format!("/proc/sys/kernel/osrelease:{}", kernel.trim())), "{shell}");
        assert!(has(Name::Inventory, "page ") && has(Name::Inventory, "/etc/os-release:"), "{shell}");
        assert!(found.contains_key(&Name::Units), "{shell}");
        // And again: file systems by their mounts of the last look.
        connection.request(&[Tier::Fast, Tier::Sizes]).await.unwrap();
        let again = collect(&mut connection, 2).await;
        assert!(again.contains_key(&Name::Fast), "{shell}");
        assert!(again[&Name::Near].text.lines().any(|line| line.ends_with(" /")), "{shell}");
    }
}

#[tokio::test]
async fn what_is_printed_before_the_probe_is_passed_over() {
    let (_, tools) = shells().remove(0);
    let noise = "echo 'Welcome!'; yes motd | head -n 300; printf 'no end of line'; ";
    let mut connection = open(tools.path(), noise).await.expect("the probe starts");
    connection.request(&[Tier::Fast]).await.unwrap();
    assert!(collect(&mut connection, 1).await.contains_key(&Name::Fast));
}

#[tokio::test]
async fn a_host_without_a_shell_says_what_it_printed() {
    let (_, tools) = shells().remove(0);
    let trouble = open(tools.path(), "echo 'This account is currently not available.'; exit 1; ").await.err();
    assert_eq!(trouble, Some(Trouble::NoShell("This account is currently not available.".into())));
    let endless = open(tools.path(), "exec yes; ").await.err();
    assert!(matches!(endless, Some(Trouble::NoShell(_))), "{endless:?}");
}

#[tokio::test]
async fn what_ssh_complains_of_is_the_trouble() {
    let (_, tools) = shells().remove(0);
    let refused = "echo 'u@h: Permission denied (publickey,password).' >&2; exit 255; ";
    let trouble = open(tools.path(), refused).await.err();
    assert_eq!(trouble, Some(Trouble::Refused("publickey, password".into())));
    let absent = Connection::start("/nonexistent/ssh", &[], Control::Own("/none".into()), DEADLINE).await.err();
    assert!(absent.is_some());
}

/// Whether a process is there and no zombie.
fn lives(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

async fn until_gone(pid: u32, what: &str) {
    let deadline = Instant::now() + DEADLINE;
    while lives(pid) {
        assert!(Instant::now() < deadline, "{what}: it still runs");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn the_probe_ends_with_the_connection_and_leaves_nothing() {
    for (shell, tools) in shells() {
        let mut connection = open(tools.path(), "").await.expect("the probe starts");
        connection.request(&ALL).await.unwrap();
        collect(&mut connection, 7).await;
        let pid = connection.pid;
        let of_group = |pid: u32| {
            let all = fs::read_dir("/proc").unwrap().flatten();
            let stats = all.filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok());
            let group = format!(" {pid} ");
            // The process group is the third number after the name.
            stats
                .filter(|stat| !stat.contains(") Z "))
                .filter(|stat| {
                    stat.rsplit_once(')').and_then(|(_, rest)| rest.split(' ').nth(3).map(str::to_owned)).as_deref()
                        == Some(group.trim())
                })
                .count()
        };
        assert!(of_group(pid) > 1, "{shell}: the probe and its watcher");
        drop(connection);
        until_gone(pid, shell).await;
        let deadline = Instant::now() + DEADLINE;
        while of_group(pid) > 0 {
            assert!(Instant::now() < deadline, "{shell}: something of the probe still runs");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test]
async fn a_probe_that_nobody_asks_any_more_ends_by_itself() {
    let mut waiting = Vec::new();
    for (shell, tools) in shells() {
        let connection = open(tools.path(), "").await.expect("the probe starts");
        waiting.push((shell, tools, connection));
    }
    for (shell, _, connection) in &mut waiting {
        let end = timeout(DEADLINE, connection.next()).await.unwrap_or_else(|_| panic!("{shell}: it goes on"));
        assert!(end.is_err(), "{shell}: {end:?}");
    }
}
