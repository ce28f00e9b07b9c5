# The real node of eqiad: containerd and kubelet. shellcheck shell=bash

HOSTS_MARK='# ronde-lab'

ctr_() { ctr -a "$CONTAINERD_SOCKET" -n k8s.io "$@"; }

# The API server reaches the kubelet by this name, on loopback, for logs and exec.
node_name_up() { grep -qF "$HOSTS_MARK" /etc/hosts || echo "127.0.0.1 node1 $HOSTS_MARK" >>/etc/hosts; }

# Rewritten in place: /etc/hosts is often a mount of its own, which cannot be replaced.
node_name_down() {
    local rest
    grep -qF "$HOSTS_MARK" /etc/hosts || return 0
    rest=$(grep -vF "$HOSTS_MARK" /etc/hosts || true)
    printf '%s\n' "$rest" >/etc/hosts
}

# Pods have a network of their own: a bridge, without any iptables rule.
cni_up() {
    write "$LAB/eqiad/cni/10-lab.conflist" <<C
{"cniVersion": "0.4.0", "name": "lab", "plugins": [
  {"type": "bridge", "bridge": "rl-pods", "isGateway": true, "ipMasq": false,
   "ipam": {"type": "host-local", "dataDir": "$LAB/eqiad/ipam", "ranges": [[{"subnet": "10.213.32.0/22"}]]}},
  {"type": "loopback"}
]}
C
}

# restrict_oom_score_adj: without CAP_SYS_RESOURCE the pause container's negative score is refused.
# netns_mounts_under_state_dir and Root: else /run/netns and /run/containerd/runc are littered. disable_apparmor: the profile's
# loader is not on a minimal machine.
containerd_up() {
    write "$LAB/eqiad/containerd.toml" <<T
version = 2
root = "$LAB/eqiad/containerd"
state = "$LAB/eqiad/run"
[grpc]
  address = "$CONTAINERD_SOCKET"
[ttrpc]
  address = "$CONTAINERD_SOCKET.ttrpc"
[plugins."io.containerd.internal.v1.opt"]
  path = "$LAB/eqiad/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "docker.io/$PAUSE"
  restrict_oom_score_adj = true
  disable_apparmor = true
  netns_mounts_under_state_dir = true
  stream_server_address = "127.0.0.1"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$LAB/eqiad/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      Root = "$LAB/eqiad/runc"
T
    start eqiad-containerd containerd -c "$LAB/eqiad/containerd.toml"
    wait_for 20 "eqiad's containerd" ctr_ version
    local stamp=$LAB/eqiad/images image
    if [[ ! -f $stamp || $(<"$stamp") != "$IMAGES" ]]; then
        for image in "$IMAGES"/*.tar; do ctr_ images import "$image" >/dev/null; done
        write "$stamp" <<<"$IMAGES"
    fi
}

# cgroup_trees: where control groups are mounted; one place with version 2, one a controller with version 1.
cgroup_trees() {
    local tree
    if [[ -f /sys/fs/cgroup/cgroup.controllers ]]; then
        echo /sys/fs/cgroup
        return
    fi
    for tree in /sys/fs/cgroup/*; do
        [[ -L $tree || $(stat -f -c %T "$tree") != cgroupfs ]] || echo "$tree"
    done
}

# The kubelet puts its pods below a cgroup of ours, by which `down` finds every process.
cgroup_up() {
    local tree parent
    if [[ -f /sys/fs/cgroup/cgroup.controllers ]]; then
        mkdir -p "/sys/fs/cgroup$CGROUP"
        for parent in /sys/fs/cgroup "/sys/fs/cgroup$CGROUP"; do
            for tree in $(<"$parent/cgroup.controllers"); do
                { echo "+$tree" >"$parent/cgroup.subtree_control"; } 2>/dev/null || true
            done
        done
        return 0
    fi
    for tree in /sys/fs/cgroup/*/; do
        mkdir -p "$tree$CGROUP"
        # An empty cpuset takes no process: inherit the parent's.
        if [[ -f $tree/cpuset.cpus ]]; then
            cat "$tree/cpuset.cpus" >"$tree$CGROUP/cpuset.cpus"
            cat "$tree/cpuset.mems" >"$tree$CGROUP/cpuset.mems"
        fi
    done
}

# Eviction is off: the lab must not depend on how full this machine's disk is.
kubelet_up() {
    local dir=$LAB/eqiad
    write "$dir/kubelet.yaml" <<K
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: 127.0.0.1
port: $(port eqiad kubelet)
healthzPort: 0
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: false}
  x509: {clientCAFile: $dir/pki/ca.crt}
authorization: {mode: AlwaysAllow}
tlsCertFile: $dir/pki/server.crt
tlsPrivateKeyFile: $dir/pki/server.key
containerRuntimeEndpoint: unix://$CONTAINERD_SOCKET
cgroupDriver: cgroupfs
cgroupRoot: $CGROUP
failCgroupV1: false
failSwapOn: false
enforceNodeAllocatable: []
evictionHard: {memory.available: "0%", nodefs.available: "0%", imagefs.available: "0%"}
imageGCHighThresholdPercent: 100
registerWithTaints: []
maxPods: 200
serializeImagePulls: false
makeIPTablesUtilChains: false
podLogsDir: $dir/podlogs
volumePluginDir: $dir/volumeplugins
K
    start eqiad-kubelet "$K8S/kubelet" --kubeconfig="$dir/node1.kubeconfig" --config="$dir/kubelet.yaml" \
        --root-dir="$dir/kubelet" --hostname-override=node1 --node-labels=lab.agent=true --cert-dir="$dir/pki"
}

node_ready() { [[ $(kubectl_ eqiad get node node1 -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}') == True ]]; }

node_up() {
    node_name_up
    cgroup_up
    cni_up
    containerd_up
    kubelet_up
    wait_for 60 "node1" node_ready || { tail -5 "$LAB/log/eqiad-kubelet.log" >&2; return 1; }
}

node_down() {
    stop eqiad-kubelet KILL
    stop eqiad-containerd
    node_name_down
}
