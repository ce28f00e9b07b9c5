# A Podman of the lab's own beside the engine: its root, locks, runtime state and socket are apart from any other.
# shellcheck shell=bash
#
# Podman keeps no daemon: the service on the socket may go and come, conmon holds each container. Health checks are run
# by systemd's timers, which a machine may lack: they are switched off and run here, once, by hand.

PODMAN_SOCKET=$LAB/podman.sock

# In a folder of its own: of a container killed for memory, conmon leaves a file in the current one.
PODMAN=(env -C "$LAB/podman" -u XDG_RUNTIME_DIR "CONTAINERS_CONF=$LAB/podman/containers.conf" "CONTAINERS_STORAGE_CONF=$LAB/podman/storage.conf"
    "CONTAINERS_REGISTRIES_CONF=$LAB/podman/registries.conf" podman)

# It starts conmon, which outlives it and would hold what the caller has open.
podman_() { (close_inherited; exec "${PODMAN[@]}" "$@"); }

# The limits: Podman's own are above what this machine may allow, and then nothing starts.
# Locks in a file: those in shared memory have one name for the whole machine, and belong to another Podman.
podman_settings() {
    local dir=$LAB/podman
    write "$dir/containers.conf" <<T
[containers]
cgroupns = "private"
default_ulimits = ["nofile=1024:$(ulimit -Hn)", "nproc=1024:1024"]
log_driver = "k8s-file"
netns = "none"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
events_logfile_path = "$dir/run/events.log"
infra_command = "/pause"
infra_image = "localhost/$PAUSE"
lock_type = "file"
runtime = "runc"
static_dir = "$dir/data/libpod"
tmp_dir = "$dir/run/libpod"
volume_path = "$dir/data/volumes"
[engine.runtimes]
runc = ["$dir/runc"]
[network]
network_backend = "cni"
cni_plugin_dirs = ["/usr/lib/cni"]
network_config_dir = "$dir/networks"
T
    write "$dir/storage.conf" <<T
[storage]
driver = "overlay"
graphroot = "$dir/data"
runroot = "$dir/run"
T
    write "$dir/registries.conf" <<<'unqualified-search-registries = []'
    # It would keep the state of containers in /run/runc, with those of anybody else.
    write "$dir/runc" <<<"#!/bin/sh
exec $(command -v runc) --root $dir/run/runc \"\$@\""
    chmod 755 "$dir/runc"
}

podman_service() {
    start podman "${PODMAN[@]}" system service --time=0 "unix://$PODMAN_SOCKET"
    wait_for 20 "Podman's service" docker -H "unix://$PODMAN_SOCKET" version
}

# Where Podman keeps which blobs it saw is fixed: what it puts there is noted, to go with the rest.
BLOBS=/var/lib/containers/cache/blob-info-cache-v1.boltdb

podman_images() {
    local stamp=$LAB/podman/images
    [[ -f $stamp && $(<"$stamp") == "$IMAGES" ]] && podman_ image exists "$IMAGE" && return 0
    [[ -e $BLOBS ]] || touch "$LAB/podman/blobs-are-ours"
    podman_ load -q -i "$IMAGES/busybox.tar" >/dev/null
    podman_ load -q -i "$IMAGES/pause.tar" >/dev/null
    write "$stamp" <<<"$IMAGES"
}

# ensure_podman NAME STATES ARGUMENTS…: as `ensure` does for the engine.
ensure_podman() {
    local name=$1 states=$2 spec have place=(--cgroup-parent "$CGROUP/podman")
    shift 2
    spec=$(printf '%s\0' "$@" "$IMAGES" | sha256sum | cut -c1-12)
    have=$(podman_ inspect --type container -f '{{index .Config.Labels "lab.spec"}} {{.State.Status}}' "$name" 2>/dev/null || true)
    # shellcheck disable=SC2053
    [[ $have == "$spec "* && ${have#* } == $states ]] && return 0
    podman_ rm -f -t 0 "$name" >/dev/null 2>&1 || true
    [[ " $* " != *" --pod "* ]] || place=()
    podman_ create --name "$name" --label lab.spec="$spec" "${place[@]}" "$@" >/dev/null
    [[ $states == created ]] || podman_ start "$name" >/dev/null
}

podman_containers() {
    shopt -s extglob
    ensure_podman p-idle running "$IMAGE" workload idle
    ensure_podman p-talker running "$IMAGE" workload talk web 1
    ensure_podman p-memory running --memory 64m --cpus 0.25 "$IMAGE" workload hold 24000000
    ensure_podman p-created created "$IMAGE" workload idle
    ensure_podman p-exited-0 exited "$IMAGE" workload exit 0 'all done'
    ensure_podman p-exited-3 exited "$IMAGE" workload exit 3 'no such table: users'
    ensure_podman p-out-of-memory exited --memory 24m "$IMAGE" workload eat
    ensure_podman p-paused '@(paused|running)' "$IMAGE" workload idle
    podman_ pause p-paused >/dev/null 2>&1 || true
    ensure_podman p-healthy running --health-cmd 'test -d /tmp' --health-interval disable "$IMAGE" workload idle
    ensure_podman p-unhealthy running --health-cmd 'echo "no answer on /healthz" >&2; exit 1' --health-interval disable \
        --health-retries 1 "$IMAGE" workload idle
    podman_ healthcheck run p-healthy >/dev/null || true
    podman_ healthcheck run p-unhealthy >/dev/null 2>&1 || true
    podman_ pod exists p-shop || podman_ pod create --name p-shop --cgroup-parent "$CGROUP/podman" --share ipc,uts >/dev/null
    ensure_podman p-shop-web running --pod p-shop "$IMAGE" workload serve
    ensure_podman p-shop-worker running --pod p-shop "$IMAGE" workload talk worker 3
}

podman_up() {
    build_tools
    build_images
    podman_settings
    podman_service
    podman_images
    podman_containers
}

# conmon and the containers are in a cgroup of the lab's, the mounts below its folder: both are cleared for all parts.
podman_down() {
    stop podman
    [[ ! -e $LAB/podman/blobs-are-ours ]] || rm -f "$BLOBS"
}
