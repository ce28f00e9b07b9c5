# What may happen to a host, and its undoing.
# shellcheck shell=bash
#
# Files are changed from outside, on the host's own disk, so that a fault can be set and undone whatever state the host is in.

HOST_BALLAST=var/tmp/lab-ballast

# As if somebody took the key out of every account. Sessions that are there stay, as they do in reality.
host_keys_remove() { rm -f "$LAB/hosts/$1/root"/home/*/.ssh/authorized_keys; }

host_keys_restore() {
    local home root=$LAB/hosts/$1/root
    for home in "$root"/home/*; do
        install -m 600 -o "$(stat -c %u "$home")" -g "$(stat -c %g "$home")" "$LAB/ssh/id.pub" "$home/.ssh/authorized_keys"
    done
}

# To the last block: what ext4 holds back for blocks not yet written is free again after a sync.
host_disk_fill() {
    local ballast=$LAB/hosts/$1/root/$HOST_BALLAST
    for _ in 1 2 3; do
        cat /dev/zero >>"$ballast" 2>/dev/null || true
        sync -f "$ballast"
    done
}
host_disk_free() { rm -f "$LAB/hosts/$1/root/$HOST_BALLAST"; }

# Packets vanish both ways, in the host's network: nothing on this machine is touched, and nobody is told.
host_drop() {
    host_undrop "$1"
    host_in_net "$1" iptables -w -A INPUT ! -i lo -j DROP
    host_in_net "$1" iptables -w -A OUTPUT ! -o lo -j DROP
}
host_undrop() { host_in_net "$1" iptables -w -F; }

# By SIGKILL; systemd would start it again at once, so it is told not to.
host_sshd_kill() {
    host_exec "$1" systemctl mask --quiet --runtime ssh.service ssh.socket
    host_exec "$1" systemctl kill --signal=KILL ssh.service || true
    host_sessions_kill "$1"
}
host_sshd_start() {
    host_exec "$1" systemctl unmask --quiet --runtime ssh.service ssh.socket
    host_exec "$1" systemctl reset-failed ssh.service || true
    host_exec "$1" systemctl start ssh.service
}

# The engine of a host that has one of its own; the lab's engine, which others have mounted, has a command of its own.
host_engine_stop() { host_exec "$1" systemctl stop docker.socket docker.service; }
host_engine_start() { host_exec "$1" systemctl start docker.service; }

# The processes of sshd that serve a connection; the listener stays.
host_sessions_kill() { host_exec "$1" pkill -KILL -f '^sshd: .*(\[priv\]|@|\[accepted\]|\[net\])' || true; }

host_reboot() {
    local before
    before=$(host_boot_id "$1")
    host_exec "$1" systemctl reboot
    wait_for 30 "$1's new boot" host_rebooted "$1" "$before"
    wait_for 30 "$1's sshd" host_listens "$1"
}
host_boot_id() { host_exec "$1" cat /proc/sys/kernel/random/boot_id 2>/dev/null; }
host_rebooted() {
    local now
    now=$(host_boot_id "$1") && [[ $now && $now != "$2" ]]
}

# Whatever was done to a host is undone; one that is off stays off.
host_heal() {
    host_keys_restore "$1"
    host_disk_free "$1"
    [[ $(stat -f -c %T "$LAB/hosts/$1/net" 2>/dev/null) != nsfs ]] || host_undrop "$1"
    case $(host_state "$1") in
        paused) runc_ resume "$1" ;;
        running) ;;
        *) return 0 ;;
    esac
    host_listens "$1" || host_sshd_start "$1"
    ! host_has "$1" engine || host_engine_start "$1"
}

host_fault() { # NAME ACTION
    case $2 in
        stop) host_off "$1" ;;
        start) host_on "$1" ;;
        freeze) runc_ pause "$1" ;;
        thaw) runc_ resume "$1" ;;
        reboot) host_reboot "$1" ;;
        kill-sshd) host_sshd_kill "$1" ;;
        start-sshd) host_sshd_start "$1" ;;
        kill-session) host_sessions_kill "$1" ;;
        drop) host_drop "$1" ;;
        undrop) host_undrop "$1" ;;
        stop-engine | start-engine)
            host_has "$1" engine || die "$1 has no engine of its own; see tests/lab/engine"
            "host_engine_${2%-engine}" "$1"
            ;;
        remove-key) host_keys_remove "$1" ;;
        restore-key) host_keys_restore "$1" ;;
        fill-disk) host_disk_fill "$1" ;;
        free-disk) host_disk_free "$1" ;;
        *) die "no action '$2'" ;;
    esac
}

# This machine is no container: what concerns its sshd only.
node1_fault() { # ACTION
    local port pid how
    port=$(port hosts node1)
    case $1 in
        stop | kill-sshd)
            pid=$(pid_of node1-sshd) || return 0
            pkill -KILL -P "$pid" || true
            stop node1-sshd KILL
            ;;
        start | start-sshd) node1_sshd_up ;;
        freeze | thaw)
            [[ $1 == freeze ]] && how=STOP || how=CONT
            signal node1-sshd "$how"
            pkill "-$how" -P "$(pid_of node1-sshd)" || true
            ;;
        kill-session) pkill -KILL -P "$(pid_of node1-sshd)" || true ;;
        drop) drop "$port" ;;
        undrop) undrop "$port" ;;
        remove-key) node1_keys_remove ;;
        restore-key) node1_keys_restore ;;
        *) die "not on node1: '$1'" ;;
    esac
}
