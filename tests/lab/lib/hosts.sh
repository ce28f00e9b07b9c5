# The lab's hosts: Debian with systemd and sshd, each a container of runc's with a disk, a network, a clock and a boot id of its
# own. This file says which there are, and turns them on and off.
# shellcheck shell=bash

HOSTS=(bastion behind-jump unknown-key changed-key two-sessions noisy-fish no-forwarding)

# The machine reaches rl-hosts. rl-inner has no address of the machine's: only the bastion, on both, leads into it.
HOST_NET=10.213.64
INNER_NET=10.213.65

host_has() { # NAME WHAT: lab-engine (the engine's socket is mounted), engine (one of its own), failed-unit
    case $2 in
        lab-engine) [[ $1 == two-sessions || $1 == no-forwarding ]] ;;
        engine) [[ $1 == behind-jump ]] ;;
        failed-unit) [[ $1 == two-sessions ]] ;;
    esac
}

is_host() { [[ " ${HOSTS[*]} " == *" $1 "* ]] || die "no host '$1' (there are: ${HOSTS[*]})"; }

host_number() { # NAME: the last part of its address
    local i
    for i in "${!HOSTS[@]}"; do [[ ${HOSTS[i]} != "$1" ]] || echo $((11 + i)); done
}

host_address() {
    local net=$HOST_NET
    [[ $1 != behind-jump ]] || net=$INNER_NET
    echo "$net.$(host_number "$1")"
}

runc_() { runc --root "$LAB/hosts/runc" "$@"; }

# host_state NAME: running, paused, stopped, or nothing when it is off.
host_state() { [[ ! -d $LAB/hosts/runc/$1 ]] || runc_ list | awk -v name="$1" '$1 == name {print $3}'; }

host_pid() { runc_ state "$1" | awk -F'[:,]' '/"pid"/ {print $2 + 0}'; }    # its first process, as this machine counts

# host_exec NAME COMMAND…: as its root, past sshd. runc enters every namespace but that of the clock.
host_exec() {
    local name=$1 state
    shift
    state=$(host_state "$name")
    [[ $state == running ]] || die "$name is ${state:-off}"
    runc_ exec "$name" nsenter --time=/proc/1/ns/time -- "$@"
}

host_in_net() { # NAME COMMAND…: this machine's programs in the host's network
    local name=$1
    shift
    nsenter --net="$LAB/hosts/$name/net" "$@"
}

# --- disk ----------------------------------------------------------------------------------
# The image, read-only, under a small file system of the host's own: full is full, and not this machine's disk.

host_disk_up() {
    local dir=$LAB/hosts/$1
    mkdir -p "$dir/disk" "$dir/root"
    if [[ ! -f $dir/disk.ext4 ]]; then
        truncate -s 384M "$dir/disk.ext4"
        # No blocks for root only: an overlay writes as root, whoever asks.
        mkfs.ext4 -q -m 0 "$dir/disk.ext4"
    fi
    mountpoint -q "$dir/disk" || mount -o loop,discard "$dir/disk.ext4" "$dir/disk"
    mkdir -p "$dir"/disk/{upper,work,srv,docker}
    mountpoint -q "$dir/root" ||
        mount -t overlay -o "lowerdir=$HOST_IMAGE/root,upperdir=$dir/disk/upper,workdir=$dir/disk/work" "host-$1" "$dir/root"
}

host_disk_down() {
    local dir=$LAB/hosts/$1
    mountpoint -q "$dir/root" && umount "$dir/root"
    mountpoint -q "$dir/disk" && umount "$dir/disk"
    rm -f "$dir/disk.ext4"
}

# --- network -------------------------------------------------------------------------------

host_wire() { # NAME BRIDGE INTERFACE ADDRESS: a cable from the host to the bridge
    local here
    here=rl-h$(host_number "$1")$3
    host_in_net "$1" ip link show "$3" >/dev/null 2>&1 || {
        host_in_net "$1" ip link add "$3" type veth peer name "$here" netns $$
        host_in_net "$1" ip addr add "$4/24" dev "$3"
        host_in_net "$1" ip link set "$3" up
    }
    ip link set "$here" master "$2" up
}

host_network_up() {
    local net=$LAB/hosts/$1/net
    if [[ $(stat -f -c %T "$net" 2>/dev/null) != nsfs ]]; then
        touch "$net"
        unshare --net="$net" true
        host_in_net "$1" ip link set lo up
    fi
    case $1 in
        behind-jump) host_wire "$1" rl-inner eth0 "$(host_address "$1")" ;;
        bastion)
            host_wire "$1" rl-hosts eth0 "$(host_address "$1")"
            host_wire "$1" rl-inner eth1 "$INNER_NET.$(host_number "$1")"
            ;;
        *) host_wire "$1" rl-hosts eth0 "$(host_address "$1")" ;;
    esac
}

# A machine that is off does not answer at all: its cables are dead.
host_cables() { # NAME up|down
    local cable
    for cable in /sys/class/net/rl-h"$(host_number "$1")"eth*; do
        [[ ! -e $cable ]] || ip link set "${cable##*/}" "$2"
    done
}

# --- power ---------------------------------------------------------------------------------

host_on() {
    host_network_up "$1"
    start "host-$1" bash "$LAB_SRC/lib/host-power.sh" "$LAB/hosts/runc" "$LAB/hosts/$1" "$1"
    wait_for 30 "$1's sshd" host_listens "$1" || { tail -5 "$LAB/log/host-$1.log" >&2; return 1; }
}

host_listens() { host_in_net "$1" ss -Hltn 'sport = :22' | grep . >/dev/null; }

# As a person presses the button: systemd ends everything and powers off. Frozen or stuck: the plug is pulled.
host_off() {
    [[ $(host_state "$1") != paused ]] || runc_ resume "$1"
    runc_ kill "$1" "$((34 + 4))" 2>/dev/null || true    # SIGRTMIN+4: systemd powers off
    for _ in $(seq 100); do
        running "host-$1" || break
        sleep 0.1
    done
    if running "host-$1"; then
        say "$1 did not power off: killed"
        runc_ kill "$1" KILL || true
        sleep 0.2
    fi
    stop "host-$1"
    runc_ delete -f "$1" 2>/dev/null || true
    host_cables "$1" down
}

# --- all -----------------------------------------------------------------------------------

# ensure_host NAME: made anew when its description changed, booted when it is off, otherwise only healed.
ensure_host() {
    local name=$1 dir=$LAB/hosts/$1 spec
    mkdir -p "$dir"
    spec=$( (echo "$HOST_IMAGE"; host_bundle "$name"; cat "$LAB_SRC"/lib/host-{files,init,power}.sh) | sha256sum | cut -c1-12)
    if [[ ! -f $dir/spec || $(<"$dir/spec") != "$spec" ]]; then
        host_off "$name"
        host_disk_down "$name"
        rm -f "$dir/images"
        host_disk_up "$name"
        host_files "$name"
        host_bundle "$name" | write "$dir/config.json"
        write "$dir/spec" <<<"$spec"
    fi
    host_disk_up "$name"
    host_heal "$name"
    host_on "$name"
    ! host_has "$name" engine || host_engine_up "$name"
}

# An engine of the host's own, started by its systemd. Its containers come back after a reboot.
host_engine_up() { # NAME
    local stamp=$LAB/hosts/$1/images DOCKER_SOCKET
    DOCKER_SOCKET=/proc/$(host_pid "$1")/root/run/docker.sock
    wait_for 30 "$1's engine" docker_ version
    if [[ ! -f $stamp || $(<"$stamp") != "$IMAGES" ]]; then
        docker_ load -q -i "$IMAGES/busybox.tar" >/dev/null
        write "$stamp" <<<"$IMAGES"
    fi
    ensure cache running --restart always "$IMAGE" workload idle
    ensure mailer running --restart always --memory 64m "$IMAGE" workload talk mail 2
    ensure migrated exited "$IMAGE" workload exit 0 'schema is up to date'
}

hosts_up() {
    local name tree jobs=() job failed=0
    build_host_image
    mkdir -p "$LAB/hosts/runc"
    cgroup_up
    for tree in $(cgroup_trees); do mkdir -p "$tree$CGROUP/docker"; done    # there before the engine, to be mounted
    bridge_up rl-hosts "$HOST_NET.1/24"
    bridge_up rl-inner
    ssh_keys_up
    for name in "${HOSTS[@]}"; do
        ensure_host "$name" &
        jobs+=($!)
    done
    ssh_up
    for job in "${jobs[@]}"; do wait "$job" || failed=1; done
    return $failed
}

hosts_down() {
    local name
    for name in "${HOSTS[@]}"; do
        # Nothing of theirs is kept: the plug is pulled.
        runc_ delete -f "$name" 2>/dev/null || true
        stop "host-$name" KILL
    done
    ssh_down
}
