#!/bin/sh
# scripted-host.sh NAME GROUP TREE…: the namespaces of a scripted host, which last as long as this process: its name, machine
# id and boot id, and the control groups from GROUP downwards. TREE: where control groups are mounted.
set -eu
name=$1 group=$2
shift 2
for tree; do echo $$ >"$tree$group/cgroup.procs"; done
exec unshare --mount --propagation private --uts --cgroup sh -euc '
    name=$1
    shift
    hostname "$name"
    umount -R /sys/fs/cgroup    # else those that are hidden are still listed
    if [ "$1" = /sys/fs/cgroup ]; then
        mount -t cgroup2 cgroup2 /sys/fs/cgroup
    else
        mount -t tmpfs tmpfs /sys/fs/cgroup
        for tree; do
            mkdir "$tree"
            mount -t cgroup -o "${tree##*/}" cgroup "$tree"
        done
    fi
    # A small file system for files that are this host'"'"'s own; where it lies is seen in this namespace only.
    mount -t tmpfs -o size=64k tmpfs /mnt
    printf "%s" "$name" | md5sum | cut -c1-32 >/mnt/machine-id
    cat /proc/sys/kernel/random/uuid >/mnt/boot-id
    [ ! -e /etc/machine-id ] || mount --bind /mnt/machine-id /etc/machine-id
    mount --bind /mnt/boot-id /proc/sys/kernel/random/boot_id
    umount -l /mnt
    echo ready
    exec sleep infinity
' sh "$name" "$@"
