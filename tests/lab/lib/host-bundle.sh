# What runc is told of a host: an OCI bundle.
# shellcheck shell=bash
#
# Nothing is shared with the machine but the kernel: /run, /tmp, /dev and the control groups are the host's own, /proc/sys and
# /sys are read-only. A systemd that shared the machine's /tmp or /run would empty it.

# Enough for systemd, an engine and strace. Not SYS_RESOURCE, which this machine may lack, nor SYS_MODULE and others that would
# reach beyond the host. SYS_BOOT: within a process namespace reboot(2) ends that namespace only. SYS_TIME: for host-init.sh,
# which gives it up. The two devices (console, tun) are those which an engine on the host gives to its containers.
HOST_CAPABILITIES='"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID",
      "CAP_SETPCAP", "CAP_SETFCAP", "CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_NET_ADMIN", "CAP_IPC_LOCK", "CAP_SYS_CHROOT", "CAP_SYS_PTRACE",
      "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_TIME", "CAP_SYS_NICE", "CAP_MKNOD", "CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL"'

host_bundle() { # NAME
    local dir=$LAB/hosts/$1 engine=
    ! host_has "$1" lab-engine || engine=$(host_bundle_engine)
    cat <<J
{
  "ociVersion": "1.0.2",
  "hostname": "$1",
  "root": {"path": "$dir/root"},
  "process": {
    "args": ["/usr/local/sbin/lab-init"],
    "cwd": "/",
    "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "container=lab"],
    "user": {"uid": 0, "gid": 0},
    "capabilities": {
      "bounding": [$HOST_CAPABILITIES],
      "permitted": [$HOST_CAPABILITIES],
      "effective": [$HOST_CAPABILITIES]
    }
  },
  "mounts": [
    {"destination": "/proc", "type": "proc", "source": "proc"},
    {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "strictatime", "mode=755", "size=64k"]},
    {"destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]},
    {"destination": "/dev/shm", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=16m"]},
    {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": ["nosuid", "noexec", "nodev"]},
    {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]},
    {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["nosuid", "noexec", "nodev", "relatime"]},
    {"destination": "/run", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev", "mode=755", "size=32m"]},
    {"destination": "/run/lock", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=4m"]},
    {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev", "mode=1777", "size=32m"]},
    $engine
    {"destination": "/srv", "type": "bind", "source": "$dir/disk/srv", "options": ["bind"]},
    {"destination": "/var/lib/docker", "type": "bind", "source": "$dir/disk/docker", "options": ["bind"]}
  ],
  "linux": {
    "cgroupsPath": "$CGROUP/hosts/$1",
    "namespaces": [
      {"type": "pid"}, {"type": "ipc"}, {"type": "uts"}, {"type": "mount"}, {"type": "cgroup"},
      {"type": "network", "path": "$dir/net"}
    ],
    "resources": {"devices": [
      {"allow": false, "access": "rwm"},
      {"allow": true, "type": "c", "access": "m"},
      {"allow": true, "type": "b", "access": "m"},
      {"allow": true, "type": "c", "major": 5, "minor": 1, "access": "rwm"},
      {"allow": true, "type": "c", "major": 10, "minor": 200, "access": "rwm"}
    ]},
    "maskedPaths": ["/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/sched_debug", "/proc/scsi", "/sys/firmware"],
    "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
  }
}
J
}

# The lab's engine as if it ran on the host: its socket's folder, because a restart makes the socket anew, and the control
# groups of its containers at the place which the engine itself names. Not those of devices: runc could not set the host's own any
# more, for a group with another below it refuses that.
host_bundle_engine() {
    local tree
    echo "{\"destination\": \"/run/lab-engine\", \"type\": \"bind\", \"source\": \"$ENGINE_DIR\", \"options\": [\"bind\"]},"
    for tree in $(cgroup_trees); do
        [[ $tree != */devices ]] || continue
        echo "{\"destination\": \"$tree$CGROUP/docker\", \"type\": \"bind\", \"source\": \"$tree$CGROUP/docker\", \"options\": [\"rbind\", \"ro\"]},"
    done
}
