//! Where the cgroup hierarchies are mounted, and where in them a container is.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use super::{Files, Target};

/// The mounted hierarchies.
#[derive(Debug, Default)]
pub(super) struct Mounts {
    /// Of cgroup v1, by controller.
    controllers: HashMap<String, Mount>,
    /// Of cgroup v2.
    unified: Option<Mount>,
}

#[derive(Clone, Debug)]
struct Mount {
    /// The part of the hierarchy that is mounted; `/` but in containers.
    root: String,
    /// Where.
    point: String,
}

impl Mounts {
    /// Reads `/proc/self/mountinfo` (see `proc_pid_mountinfo(5)`).
    pub(super) fn parse(text: &str) -> Self {
        let mut mounts = Self::default();
        for line in text.lines() {
            let Some((left, right)) = line.split_once(" - ") else { continue };
            let mut left = left.split(' ').skip(3);
            let (Some(root), Some(point)) = (left.next(), left.next()) else { continue };
            let mount = || Mount { root: root.to_owned(), point: point.to_owned() };
            let mut right = right.split(' ');
            match right.next() {
                Some("cgroup") => {
                    for option in right.next_back().unwrap_or("").split(',') {
                        mounts.controllers.entry(option.to_owned()).or_insert_with(mount);
                    }
                }
                Some("cgroup2") if mounts.unified.is_none() => mounts.unified = Some(mount()),
                _ => {}
            }
        }
        mounts
    }

    /// Where the files of `target` are, by `/proc/PID/cgroup` of its first process; none when that process is not in a
    /// cgroup of the container.
    pub(super) fn files(&self, root: &Path, text: &str, target: &Target) -> Option<Files> {
        let mut controllers: HashMap<&str, PathBuf> = HashMap::new();
        let mut unified = None;
        for line in text.lines() {
            let mut fields = line.splitn(3, ':');
            let (Some(_), Some(names), Some(path)) = (fields.next(), fields.next(), fields.next()) else { continue };
            let Some(path) = container(path, &target.id) else { continue };
            if names.is_empty() {
                unified = self.unified.as_ref().and_then(|mount| mount.at(root, path));
            }
            for name in names.split(',').filter(|name| !name.is_empty()) {
                if let Some(folder) = self.controllers.get(name).and_then(|mount| mount.at(root, path)) {
                    controllers.insert(name, folder);
                }
            }
        }
        let net = root.join(format!("proc/{}/net/dev", target.pid));
        // With both mounted (hybrid), the controllers are those of v1.
        if let Some(folder) = controllers.get("pids").or_else(|| controllers.get("memory")).cloned() {
            let file = |controller: &str, name: &str| controllers.get(controller).map(|folder| folder.join(name));
            let io = file("blkio", "blkio.throttle.io_service_bytes_recursive");
            return Some(Files {
                unified: false,
                cpu: file("cpuacct", "cpuacct.usage"),
                memory: file("memory", "memory.usage_in_bytes"),
                memory_stat: file("memory", "memory.stat"),
                memory_limit: file("memory", "memory.limit_in_bytes"),
                pids: file("pids", "pids.current"),
                io: io.filter(|path| path.exists()).or_else(|| file("blkio", "blkio.throttle.io_service_bytes")),
                folder,
                net,
            });
        }
        let folder = unified?;
        let file = |name: &str| Some(folder.join(name));
        Some(Files {
            unified: true,
            cpu: file("cpu.stat"),
            memory: file("memory.current"),
            memory_stat: file("memory.stat"),
            memory_limit: file("memory.max"),
            pids: file("pids.current"),
            io: file("io.stat"),
            folder,
            net,
        })
    }
}

impl Mount {
    /// The folder of a hierarchy's `path`; none when that part is not mounted here.
    fn at(&self, root: &Path, path: &str) -> Option<PathBuf> {
        let rest = match &*self.root {
            "/" => path,
            part => path.strip_prefix(part)?,
        };
        Some(root.join(self.point.trim_start_matches('/')).join(rest.trim_start_matches('/')))
    }
}

/// The part of a cgroup path that is the container's own: up to the component that carries its id (`ID`, `docker-ID.scope`,
/// `libpod-ID.scope`), without what runs nested in it. None for a process that is not in the container, and for
/// Podman's monitor beside it.
fn container<'a>(path: &'a str, id: &str) -> Option<&'a str> {
    // A short id would be found anywhere; no engine has any.
    if id.len() < 32 || !id.bytes().all(|b| b.is_ascii_hexdigit()) || path.split('/').any(|part| part == "..") {
        return None;
    }
    let mut end = 0;
    for part in path.split('/') {
        end += part.len();
        if part.contains(id) && !part.contains("conmon") {
            return Some(&path[..end]);
        }
        end += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: &str = "523ec4428e683885653e20e7feaf920801772f35eab0229debbb9e4037a5664a";

    #[test]
    fn the_containers_own_part_is_found() {
        let own = |path: &str| container(path, ID).map(|path| path.replace(ID, "ID"));
        assert_eq!(own(&format!("/docker/{ID}")).as_deref(), Some("/docker/ID"));
        assert_eq!(
            own(&format!("/system.slice/docker-{ID}.scope/init.scope")).as_deref(),
            Some("/system.slice/docker-ID.scope")
        );
        assert_eq!(own(&format!("/u.slice/libpod-{ID}.scope/container")).as_deref(), Some("/u.slice/libpod-ID.scope"));
        assert_eq!(own(&format!("/u.slice/libpod-conmon-{ID}.scope")), None);
        assert_eq!(own(&format!("/../{ID}")), None);
        assert_eq!(own("/user.slice/session-1.scope"), None);
        assert_eq!(container("/docker/a", "a"), None);
        assert_eq!(container("/docker/x", ""), None);
    }

    #[test]
    fn joint_controllers_and_mounted_parts_are_understood() {
        let mounts = Mounts::parse(
            "30 23 0:26 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct\n\
             31 23 0:27 /docker /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\nnonsense\n",
        );
        let target = Target { id: ID.into(), pid: 7, own_network: true };
        let text = format!("4:cpu,cpuacct:/docker/{ID}\n3:memory:/docker/{ID}\n1:name=systemd:/docker/{ID}\n");
        let files = mounts.files(Path::new("/"), &text, &target).expect("files");
        let shown = |path: &Option<PathBuf>| path.as_ref().map(|p| p.display().to_string().replace(ID, "ID"));
        assert_eq!(shown(&files.cpu).as_deref(), Some("/sys/fs/cgroup/cpu,cpuacct/docker/ID/cpuacct.usage"));
        assert_eq!(shown(&files.memory).as_deref(), Some("/sys/fs/cgroup/memory/ID/memory.usage_in_bytes"));
        assert!(!files.unified && files.pids.is_none());
    }

    proptest! {
        #[test]
        fn any_text_is_survived_and_only_own_paths_are_given(text in any::<String>(), path in any::<String>()) {
            let mounts = Mounts::parse(&text);
            let target = Target { id: ID.into(), pid: 7, own_network: true };
            prop_assert!(mounts.files(Path::new("/"), &text, &target).is_none() || text.contains(ID));
            prop_assert!(container(&path, ID).is_none_or(|own| own.contains(ID)));
        }
    }
}
