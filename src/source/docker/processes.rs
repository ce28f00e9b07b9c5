//! The processes of running containers with their host PIDs: from `cgroup.procs` and `/proc` where the containers are on
//! this machine, from the engine's `top` else.

use std::{collections::HashMap, path::Path, sync::Arc, time::Instant};

use futures::{StreamExt, stream};
use jiff::Timestamp;
use procfs_core::{
    FromRead,
    process::{Stat, Status},
};

use super::{
    cgroup::{self, Reader, Target},
    client::Client,
    top,
};
use crate::model::{
    key::{Interner, Key, SourceId},
    rows::ProcessRow,
    secret, text,
};

/// Processes of one container that are shown.
const EACH: usize = 512;
/// Processes of one engine that are shown.
const ALL: usize = 8192;
/// Containers that the engine is asked about in one round, those on screen first.
const ASKED: usize = 32;
/// Requests to the engine at once.
const AT_ONCE: usize = 4;
/// Ticks a second in `/proc/PID/stat`: `USER_HZ`, 100 on every architecture that engines run on.
const TICKS: f64 = 100.0;
/// Percent of a core from which a process is busy.
const BUSY: f64 = 90.0;

/// Looks at the processes of one engine's containers, again and again.
pub(super) struct Watcher {
    engine: Arc<str>,
    client: Client,
    local: Local,
}

/// What is remembered of processes on this machine.
struct Local {
    reader: Reader,
    before: HashMap<u32, Past>,
    names: Interner,
}

/// A process as it was seen last.
#[derive(Clone, Copy)]
struct Past {
    started: u64,
    ticks: u64,
    at: Instant,
    busy_since: Option<Timestamp>,
}

impl Watcher {
    /// A watcher for the engine of this source.
    pub(super) fn new(source: &SourceId, client: Client) -> Self {
        Self { engine: source.name().into(), client, local: Local::new(Path::new("/")) }
    }

    /// Looks once at the processes of `targets` on this machine and asks the engine for those of `elsewhere` (name and id),
    /// those on screen first. Gives itself back.
    pub(super) async fn look(
        self,
        targets: Vec<(Arc<str>, Target)>,
        mut elsewhere: Vec<(Arc<str>, Arc<str>)>,
        visible: Vec<Key>,
    ) -> (Self, Vec<ProcessRow>) {
        let Self { engine, client, mut local } = self;
        let here = {
            let engine = engine.clone();
            tokio::task::spawn_blocking(move || {
                let rows = local.look(&engine, &targets, Instant::now(), Timestamp::now());
                (local, rows)
            })
        };
        elsewhere.sort_by_key(|(_, id)| !visible.contains(&Key::of(&[&engine, id])));
        elsewhere.truncate(ASKED);
        let asked = stream::iter(elsewhere).map(|(name, id)| {
            let (client, engine) = (&client, &engine);
            async move {
                let path = format!("/containers/{id}/top");
                let answer = client.get(&path, &[("ps_args", top::COLUMNS)]).await;
                // One that went, or an engine without such a ps: nothing is known of it.
                answer.map(|top| top::rows(&top, engine, &id, &name)).unwrap_or_default()
            }
        });
        let asked: Vec<Vec<ProcessRow>> = asked.buffer_unordered(AT_ONCE).collect().await;
        let (local, mut rows) = here.await.unwrap_or_else(|_| (Local::new(Path::new("/")), Vec::new()));
        rows.extend(asked.into_iter().flatten());
        rows.truncate(ALL);
        (Self { engine, client, local }, rows)
    }
}

impl Local {
    fn new(root: &Path) -> Self {
        Self { reader: Reader::new(root), before: HashMap::new(), names: Interner::default() }
    }

    fn look(&mut self, engine: &str, targets: &[(Arc<str>, Target)], at: Instant, now: Timestamp) -> Vec<ProcessRow> {
        let mut buffer = Vec::new();
        let root = self.reader.root().to_path_buf();
        let booted = cgroup::read(&root.join("proc/stat"), &mut buffer).and_then(boot_time);
        let users = cgroup::read(&root.join("etc/passwd"), &mut buffer).map(users).unwrap_or_default();
        let engine = self.names.get(engine);
        let mut rows = Vec::new();
        let mut seen = HashMap::new();
        for (name, target) in targets {
            let Some(folder) = self.reader.folder(target) else { continue };
            for pid in cgroup::processes(&folder, EACH) {
                let process = root.join(format!("proc/{pid}"));
                // What ended while this was read is passed over.
                let Ok(stat) = Stat::from_file(process.join("stat")) else { continue };
                let status = Status::from_file(process.join("status")).ok();
                let past = self.before.get(&pid).filter(|past| past.started == stat.starttime);
                let ticks = stat.utime.saturating_add(stat.stime);
                let cpu = past.and_then(|past| {
                    let seconds = at.saturating_duration_since(past.at).as_secs_f64();
                    let used = ticks.checked_sub(past.ticks)? as f64 / TICKS;
                    (seconds > 0.0).then(|| used / seconds * 100.0)
                });
                let busy = cpu.is_some_and(|cpu| cpu > BUSY);
                let busy_since = busy.then(|| past.and_then(|past| past.busy_since).unwrap_or(now));
                seen.insert(pid, Past { started: stat.starttime, ticks, at, busy_since });
                let command = cgroup::read(&process.join("cmdline"), &mut buffer).map(command_line).unwrap_or_default();
                let user = status.as_ref().map(|status| match users.get(&status.euid) {
                    Some(name) => self.names.get(name),
                    None => self.names.get(&status.euid.to_string()),
                });
                rows.push(ProcessRow {
                    key: Key::of(&[&engine, &target.id, &pid.to_string()]),
                    node: engine.clone(),
                    container: Some(name.clone()),
                    pid,
                    inner_pid: status.as_ref().and_then(|status| u32::try_from(*status.nspid.as_ref()?.last()?).ok()),
                    parent: u32::try_from(stat.ppid).ok().filter(|&pid| pid > 0),
                    user,
                    name: self.names.get(&text::name(&stat.comm)),
                    command: if command.is_empty() { format!("[{}]", text::name(&stat.comm)) } else { command },
                    cpu,
                    memory: status.as_ref().and_then(|status| status.vmrss).map(|kb| kb.saturating_mul(1024)),
                    state: stat.state,
                    waits_in: None,
                    threads: u32::try_from(stat.num_threads).ok(),
                    started: booted.and_then(|boot| moment(boot, stat.starttime)),
                    busy_since,
                });
            }
            if rows.len() >= ALL {
                break;
            }
        }
        self.before = seen;
        rows
    }
}

/// `btime` of `/proc/stat`: seconds since 1970.
fn boot_time(text: &str) -> Option<i64> {
    text.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}

#[expect(clippy::cast_possible_truncation, reason = "seconds since boot")]
fn moment(boot: i64, ticks: u64) -> Option<Timestamp> {
    Timestamp::from_second(boot.checked_add((ticks as f64 / TICKS) as i64)?).ok()
}

/// Names of users by number, from `/etc/passwd`.
fn users(text: &str) -> HashMap<u32, String> {
    text.lines()
        .filter_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next().filter(|name| !name.is_empty())?;
            Some((fields.nth(1)?.parse().ok()?, text::name(name).into_owned()))
        })
        .collect()
}

/// The arguments of `/proc/PID/cmdline`, which end in zero bytes, as one line; likely secrets are masked.
fn command_line(text: &str) -> String {
    text::name(&secret::masked_line(text, '\0')).into_owned()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn this_test_is_a_process_with_all_its_facts() {
        // A tree that names this very process as a container's, so that the kernel writes the files.
        let folder = tempfile::tempdir().expect("a directory");
        let id = "a".repeat(64);
        let pid = std::process::id();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
            std::fs::write(path, text).expect("a file");
        };
        write("proc/self/mountinfo", "41 31 0:38 / /cg rw - cgroup2 cgroup2 rw\n");
        write("cg/x/cgroup.procs", "");
        write(&format!("cg/docker/{id}/cgroup.procs"), &format!("{pid}\n4194305\nnonsense\n"));
        write(&format!("proc/{pid}/cgroup"), &format!("0::/docker/{id}\n"));
        for file in ["stat", "status", "cmdline"] {
            let path = format!("proc/{pid}/{file}");
            write(&path, &std::fs::read_to_string(format!("/{path}")).expect("a file of /proc"));
        }
        write("proc/stat", "cpu 1 2\nbtime 1000000000\n");
        write("etc/passwd", "me:x:0:0::/root:/bin/sh\nbroken\n");
        let target = Target { id: id.as_str().into(), pid, own_network: true };
        let mut local = Local::new(folder.path());
        let start = Instant::now();
        let rows = local.look("e", &[("web".into(), target.clone())], start, Timestamp::UNIX_EPOCH);
        assert_eq!(rows.len(), 1);
        let row = &rows[0];
        assert_eq!((row.pid, row.cpu, row.container.as_deref()), (pid, None, Some("web")));
        assert_eq!(&*row.key, format!("e/{id}/{pid}"));
        assert!(row.memory > Some(0) && row.threads > Some(0) && row.parent.is_some() && row.inner_pid.is_some());
        assert!(row.started > Timestamp::from_second(1_000_000_000).ok());
        assert!(!row.command.contains('\0') && !row.command.is_empty());
        // The same counters two seconds later: nothing used.
        let rows = local.look("e", &[("web".into(), target)], start + Duration::from_secs(2), Timestamp::UNIX_EPOCH);
        assert_eq!((rows[0].cpu, rows[0].busy_since), (Some(0.0), None));
    }

    #[test]
    fn users_and_boot_are_read() {
        let all = users("root:x:0:0:root:/root:/bin/bash\n:x:1:\nmysql:x:999:999::/:\nbad:x:y:\n");
        assert_eq!(all.get(&999).map(String::as_str), Some("mysql"));
        assert_eq!(all.len(), 2);
        assert_eq!(boot_time("cpu  1\nbtime 1795644538\n"), Some(1_795_644_538));
    }

    proptest! {
        #[test]
        fn any_command_line_becomes_one_inert_line(text in any::<String>()) {
            prop_assert!(command_line(&text).chars().all(text::is_shown));
            let _ = users(&text);
        }
    }
}
