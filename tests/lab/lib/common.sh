# Paths, names and the care of processes: sourced by every command of the lab.
# shellcheck shell=bash
set -euo pipefail

LAB_SRC=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Short, because a unix socket's path may have 107 characters; not /run, which Debian mounts noexec.
LAB=${RONDE_LAB:-/var/lib/ronde-lab}
CACHE=${RONDE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ronde}/lab
export PATH="$PATH:/usr/local/go/bin:/usr/sbin:/sbin"

DOCKER_SOCKET=$LAB/docker.sock
ENGINE_DIR=$LAB/docker/socket           # the engine's other socket, in a folder that hosts have mounted
CONTAINERD_SOCKET=$LAB/node1.sock       # the containerd of the real Kubernetes node
CGROUP=/ronde-lab                       # every container of the lab lives below it
BRIDGES=(rl-docker rl-shop rl-pods rl-hosts rl-inner)    # the lab's network bridges
PLAIN_PARTS=(docker podman hosts)       # what `up` can bring up beside clusters
CLUSTERS=(eqiad codfw)
USERS=(admin junior limited)

say() { printf 'lab: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

need_root() {
    [[ $(id -u) == 0 && $(uname -s) == Linux ]] || die "needs root on Linux"
    mkdir -p -m 0755 "$LAB" "$LAB/log" "$LAB/pid"
    [[ -O $LAB ]] || die "$LAB belongs to somebody else"
}

# lock "$@": one command at a time changes the lab: runs the calling command again, under the lock. It holds the lock by a
# process of its own, so that no daemon that is started inherits it and holds it for ever.
lock() {
    [[ ${LAB_LOCKED:-} != "$LAB" ]] || return 0
    local code=0
    LAB_LOCKED=$LAB flock -o -w 600 -E 75 "$LAB.lock" "$0" "$@" || code=$?
    ((code != 75)) || die "another command holds $LAB.lock"
    exit "$code"
}

# port CLUSTER|hosts WHAT: every port of the lab, all on 127.0.0.1.
port() {
    local base
    case $1 in
        eqiad) base=16000 ;;
        codfw) base=17000 ;;
        hosts) base=18000 ;;
        *) die "no cluster '$1' (there are: ${CLUSTERS[*]})" ;;
    esac
    case $2 in
        api) echo $((base + 443)) ;;
        metrics) echo $((base + 444)) ;;
        authn) echo $((base + 445)) ;;
        etcd) echo $((base + 379)) ;;
        peer) echo $((base + 380)) ;;
        kwok) echo $((base + 247)) ;;
        kubelet) echo $((base + 250)) ;;
        node1) echo $((base + 22)) ;;       # an sshd of this machine
        silent) echo $((base + 23)) ;;      # accepts and never answers
        refusing) echo $((base + 24)) ;;    # nobody listens
        scripted) echo $((base + 100)) ;;   # the first of the scripted hosts; the others follow
        *) die "no port '$2'" ;;
    esac
}

is_cluster() { [[ " ${CLUSTERS[*]} " == *" $1 "* ]] || die "no cluster '$1' (there are: ${CLUSTERS[*]})"; }

# --- processes -----------------------------------------------------------------------------
# A pid file holds "PID STARTTIME": a number used again by another process is not ours.

starttime() {
    local stat
    { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
    stat=${stat##*) }
    set -- $stat
    [[ $1 != Z ]] || return 1
    echo "${20}"
}

# pid_of NAME: the PID if that process still runs.
pid_of() {
    local pid began
    [[ -f $LAB/pid/$1 ]] || return 1
    read -r pid began <"$LAB/pid/$1" || return 1
    [[ $(starttime "$pid") == "$began" ]] || return 1
    echo "$pid"
}

running() { pid_of "$1" >/dev/null; }

# A daemon must hold nothing of whoever started it: not the lab's lock, not a lock or pipe of the caller.
close_inherited() {
    local fd
    for fd in "/proc/$BASHPID/fd"/*; do
        fd=${fd##*/}
        ((fd <= 2)) || eval "exec $fd>&-"
    done
}

# start NAME COMMAND…: in the background, with a log and a pid file, unless it runs.
start() {
    local name=$1 pid
    shift
    running "$name" && return 0
    (
        close_inherited
        exec setsid "$@" </dev/null >>"$LAB/log/$name.log" 2>&1
    ) &
    pid=$!
    # The subshell and setsid replace themselves: the PID stays. Its start time is that of the fork.
    echo "$pid $(starttime "$pid" || echo 0)" >"$LAB/pid/$name"
    disown "$pid" 2>/dev/null || true
}

# signal NAME SIGNAL
signal() {
    local pid
    pid=$(pid_of "$1") || die "$1 does not run"
    kill "-$2" "$pid"
}

# stop NAME [SIGNAL [SECONDS]]: politely, then not.
stop() {
    local name=$1 how=${2:-TERM} patience=${3:-10} pid
    if pid=$(pid_of "$name"); then
        kill "-$how" "$pid" 2>/dev/null || true
        kill -CONT "$pid" 2>/dev/null || true
        for _ in $(seq $((patience * 10))); do
            running "$name" || break
            sleep 0.1
        done
        if pid=$(pid_of "$name"); then
            say "$name did not end by $how: killed"
            kill -KILL "$pid" 2>/dev/null || true
            sleep 0.2
        fi
    fi
    rm -f "$LAB/pid/$name"
}

# wait_for SECONDS WHAT COMMAND…
wait_for() {
    local seconds=$1 what=$2
    shift 2
    for _ in $(seq $((seconds * 5))); do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.2
    done
    say "waited $seconds s in vain for $what"
    return 1
}

listens() { ss -Hltn "sport = :$1" | grep . >/dev/null; }    # PORT

# write FILE: standard input into FILE at once (never half written; clusters that come up side by side write the same files).
write() {
    local new=$1.$BASHPID
    mkdir -p "$(dirname "$1")"
    cat >"$new"
    mv -f "$new" "$1"
}
