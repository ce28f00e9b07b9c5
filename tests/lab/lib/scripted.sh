# Hosts by the dozen, each with an engine: an SSH server of ours on as many loopback ports, with a real shell behind each and real
# idle processes as containers; what the engines answer is scripted. See go/scripted.
# shellcheck shell=bash

scripted_dir() { echo "$CACHE/scripted-$(hash_of "$LAB_SRC"/go/scripted/*.go "$LAB_SRC"/go/scripted/go.{mod,sum})"; }
make_scripted() { (cd "$LAB_SRC/go/scripted" && CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o "$1/scripted"); }

scripted_names() { seq -f 'scripted-%03g' "$1"; }

# Only the controllers that have figures of a container.
scripted_trees() { cgroup_trees | grep -E '^/sys/fs/cgroup(/(cpu|cpuacct|cpu,cpuacct|memory|pids|blkio))?$' | paste -sd,; }

scripted_ssh() { # COUNT
    local name port
    port=$(port hosts scripted)
    scripted_names "$1" | while read -r name; do printf 'Host %s\n    Port %s\n' "$name" "$((port++))"; done
    printf 'Host scripted-*\n    HostName 127.0.0.1\n    HostKeyAlias scripted\n    UserKnownHostsFile %s\n' "$LAB/ssh/scripted.known_hosts"
}

scripted_up() { # HOSTS CONTAINERS
    running dockerd && [[ -f $LAB/ssh/config ]] || die "the engine and the hosts are needed: tests/lab/up docker hosts"
    scripted_down
    make_dir "$(scripted_dir)" make_scripted
    [[ -f $LAB/ssh/hosts/scripted ]] || ssh-keygen -q -t ed25519 -N '' -C 'lab scripted' -f "$LAB/ssh/hosts/scripted"
    echo "scripted $(cut -d' ' -f1,2 "$LAB/ssh/hosts/scripted.pub")" | write "$LAB/ssh/scripted.known_hosts"
    install -d -m 0700 "$LAB/scripted"
    cgroup_up
    start scripted "$(scripted_dir)/scripted" -hosts "$1" -containers "$2" -port "$(port hosts scripted)" \
        -host-key "$LAB/ssh/hosts/scripted" -authorized "$LAB/ssh/id.pub" -engine "$DOCKER_SOCKET" -sockets "$LAB/scripted" \
        -trees "$(scripted_trees)" -group "$CGROUP/scripted" -script "$LAB_SRC/lib/scripted-host.sh"
    scripted_ssh "$1" | write "$LAB/ssh/scripted.config"
    wait_for 60 "the last scripted host" listens "$(($(port hosts scripted) + $1 - 1))" || { tail -3 "$LAB/log/scripted.log" >&2; return 1; }
}

# What runs in the hosts ends with the server.
scripted_down() {
    stop scripted
    rm -f "$LAB/ssh/scripted.config" "$LAB/ssh/scripted.known_hosts" "$LAB"/scripted/*.sock
    # A group can go when the last process in it is gone, which takes a moment.
    for _ in $(seq 50); do
        find /sys/fs/cgroup -depth -type d -path "*$CGROUP/scripted*" -exec rmdir {} + 2>/dev/null || true
        [[ $(find /sys/fs/cgroup -maxdepth 4 -type d -path "*$CGROUP/scripted" -print -quit) ]] || return 0
        sleep 0.1
    done
    say "control groups of scripted hosts are still in use"
}
