# A Docker engine of the lab's own: socket, data, containerd, bridge and cgroup apart from any other.
# shellcheck shell=bash

docker_() { docker -H "unix://$DOCKER_SOCKET" "$@"; }

bridge_up() { # NAME [ADDRESS]
    ip link show "$1" >/dev/null 2>&1 || ip link add "$1" type bridge
    [[ -z ${2:-} ]] || ip addr replace "$2" dev "$1"
    ip link set "$1" up
}

# The containerd that dockerd would start itself, or worse find at /run/containerd, is given to it:
# then `engine stop` stops dockerd alone.
engine_containerd() {
    write "$LAB/docker/containerd.toml" <<T
version = 2
root = "$LAB/docker/containerd"
state = "$LAB/docker/containerd.run"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "$LAB/docker/containerd.sock"
[ttrpc]
  address = "$LAB/docker/containerd.sock.ttrpc"
T
    start docker-containerd containerd -c "$LAB/docker/containerd.toml"
    wait_for 20 "the engine's containerd" test -S "$LAB/docker/containerd.sock"
}

# The folder of the second socket, which hosts have mounted: in memory, because a part of this machine's disk would be shown as a
# disk of theirs.
engine_dir_up() {
    mkdir -p "$ENGINE_DIR"
    mountpoint -q "$ENGINE_DIR" || mount -t tmpfs -o size=64k,mode=755 ronde-lab "$ENGINE_DIR"
}

# No iptables rule is made, so nothing of another engine's is touched: containers reach each other
# and this machine over the bridge, and nothing beyond. Live restore: containers outlive a stop. The sockets belong to a
# group which only the hosts know.
engine_start() {
    bridge_up rl-docker 10.213.0.1/24
    engine_containerd
    write "$LAB/docker/daemon.json" <<T
{
  "group": "$HOST_DOCKER_GID",
  "hosts": ["unix://$DOCKER_SOCKET", "unix://$ENGINE_DIR/docker.sock"],
  "containerd": "$LAB/docker/containerd.sock",
  "data-root": "$LAB/docker/data",
  "exec-root": "$LAB/docker/exec",
  "pidfile": "$LAB/docker/docker.pid",
  "bridge": "rl-docker",
  "default-address-pools": [{"base": "10.213.16.0/20", "size": 24}],
  "iptables": false,
  "ip6tables": false,
  "ip-forward": false,
  "ip-masq": false,
  "userland-proxy": false,
  "live-restore": true,
  "cgroup-parent": "$CGROUP/docker",
  "exec-opts": ["native.cgroupdriver=cgroupfs"],
  "log-opts": {"max-size": "16m", "max-file": "2"},
  "max-concurrent-downloads": 1
}
T
    # A pid file left by a crash stops dockerd when its number is in use again by anything.
    running dockerd || rm -f "$LAB/docker/docker.pid"
    start dockerd dockerd --config-file "$LAB/docker/daemon.json"
    wait_for 30 "the Docker engine" docker_ version || { tail -5 "$LAB/log/dockerd.log" >&2; return 1; }
}

engine_stop() { stop dockerd; }

engine_down() {
    if running dockerd; then
        kill -CONT "$(pid_of dockerd)" 2>/dev/null || true
    fi
    stop dockerd
    stop docker-containerd
}

engine_images() {
    local stamp=$LAB/docker/images
    [[ -f $stamp && $(<"$stamp") == "$IMAGES" ]] && docker_ image inspect "$IMAGE" >/dev/null 2>&1 && return 0
    docker_ load -q -i "$IMAGES/busybox.tar" >/dev/null
    write "$stamp" <<<"$IMAGES"
}

docker_up() {
    build_tools
    build_images
    engine_start
    engine_images
    containers_up
}
