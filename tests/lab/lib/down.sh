# Take everything away. shellcheck shell=bash

# Every process in a cgroup of the lab: containers of either runtime, whoever their parent is now.
cgroup_dirs() { find /sys/fs/cgroup -depth -type d -path "*$CGROUP*" 2>/dev/null | grep -E "^/sys/fs/cgroup(/[a-z_,=]+)?$CGROUP(/|\$)" || true; }

cgroups_down() {
    local dir pid left
    for _ in $(seq 50); do
        left=
        while read -r dir; do
            [[ -f $dir/freezer.state ]] && { echo THAWED >"$dir/freezer.state"; } 2>/dev/null || true
            [[ -f $dir/cgroup.freeze ]] && { echo 0 >"$dir/cgroup.freeze"; } 2>/dev/null || true
            while read -r pid; do
                kill -KILL "$pid" 2>/dev/null || true
            done < <(cat "$dir/cgroup.procs" 2>/dev/null || true)
            # Podman makes folders also for controllers that are not mounted: those are files like any other.
            [[ $(stat -f -c %T "$dir" 2>/dev/null) != tmpfs ]] || rm -rf --one-file-system "$dir"
            [[ -d $dir ]] || continue
            # What was killed may take a moment, and conmon starts one more process when its container ends.
            rmdir "$dir" 2>/dev/null || left=1
        done < <(cgroup_dirs)
        [[ $left ]] || return 0
        sleep 0.1
    done
    say "some control groups are still in use: $(cgroup_dirs | head -3 | tr '\n' ' ')"
}

# A shim is known by its command line: it names a socket of ours.
shims_down() {
    local file
    for file in /proc/[0-9]*/cmdline; do
        if { tr '\0' ' ' <"$file"; } 2>/dev/null | grep -E "containerd-shim[^ ]* .*-address $LAB/" >/dev/null; then
            kill -KILL "$(basename "$(dirname "$file")")" 2>/dev/null || true
        fi
    done
}

mounts_down() {
    local target
    # Deepest first; a path in mountinfo has its blanks written as octal numbers, ours has none.
    awk '{print $5}' /proc/self/mountinfo | { grep -F "$LAB/" || true; } | sort -r | while read -r target; do
        umount -l "$target" 2>/dev/null || true
    done
}

bridges_down() {
    local bridge
    for bridge in "${BRIDGES[@]}"; do
        ip link show "$bridge" >/dev/null 2>&1 && ip link del "$bridge"
    done
    return 0
}

# Folders with a fixed place, made by containerd, dockerd and kubelet: what is ours in them goes,
# and they go when nothing else is left.
strays_down() {
    local file
    for file in /run/containerd/s/*; do
        [[ -S $file ]] && ! grep -qF " $file" /proc/net/unix && rm -f "$file"
    done
    for file in /var/log/containers/*; do
        [[ -L $file && $(readlink "$file") == "$LAB/"* ]] && rm -f "$file"
    done
    file=/var/lib/kubelet/device-plugins/kubelet.sock
    if [[ -S $file ]] && ! grep -qF " $file" /proc/net/unix; then rm -f "$file"; fi
    rmdir /run/containerd/s /run/containerd/runc /run/containerd /run/docker/plugins /run/docker /var/log/containers \
        /var/lib/kubelet/device-plugins /var/lib/kubelet /var/lib/containers/cache /var/lib/containers 2>/dev/null || true
}
