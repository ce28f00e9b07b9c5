# What the lab tells: ronde's configuration, and a list of facts for tests. shellcheck shell=bash

config_engine() { # NAME SOCKET
    printf '\n[[engines]]\nname = "%s"\ndocker = "unix://%s"\n' "$1" "$2"
}

config_cluster() { # NAME [KUBECONFIG]
    printf '\n[[clusters]]\nname = "%s"\nkubeconfig = "%s"\ncontext = "%s"\ndatacentre = "%s"\n' "$1" "${2:-$LAB/kube/admin}" "$1" "$1"
}

config_ssh() { printf '\n[ssh]\nconfig = "%s"\n' "$LAB/ssh/config"; }

config_hosts() {
    local name
    config_ssh
    for name in "${HOSTS[@]}" node1 silent refusing; do
        printf '\n[[hosts]]\nname = "%s"\n' "$name"
    done
    for name in "${HOSTS[@]}"; do
        if host_has "$name" engine || host_has "$name" lab-engine; then
            printf '\n[[engines]]\nname = "%s"\nhost = "%s"\n' "$name" "$name"
        fi
    done
}

config_scripted() {
    config_ssh
    printf '\n[[hosts]]\nmatch = "scripted-*"\ngroups = ["scripted"]\n'
}

# config PART…: of the parts that are up.
config() {
    local part
    echo "discover = false"
    for part in "$@"; do
        case $part in
            docker) config_engine lab "$DOCKER_SOCKET" ;;
            podman) config_engine podman "$PODMAN_SOCKET" ;;
            hosts | scripted) "config_$part" ;;
            *) config_cluster "$part" ;;
        esac
    done
}

facts() {
    local cluster user what
    echo "LAB=$LAB"
    echo "LAB_PARTS=\"$*\""
    echo "LAB_CONFIG=$LAB/near.toml"
    echo "LAB_FLEET_CONFIG=$LAB/fleet.toml"
    echo "LAB_DOCKER=unix://$DOCKER_SOCKET"
    echo "LAB_PODMAN=unix://$PODMAN_SOCKET"
    echo "LAB_SSH=$LAB/bin/ssh"
    echo "LAB_SSH_CONFIG=$LAB/ssh/config"
    echo "LAB_HOSTS=\"${HOSTS[*]}\""
    echo "LAB_HOST_USERS=\"${HOST_USERS[*]}\""
    echo "LAB_HOST_PASSWORD=$HOST_PASSWORD"
    echo "LAB_NODE1_CONTAINERD=$CONTAINERD_SOCKET"
    echo "LAB_KUBECTL=${K8S:-}/kubectl"
    for user in "${USERS[@]}" exec-ok exec-hang exec-prompt exec-fail; do
        what=${user^^}
        echo "LAB_KUBECONFIG_${what//-/_}=$LAB/kube/$user"
    done
    for cluster in "${CLUSTERS[@]}"; do
        echo "LAB_${cluster^^}_AUDIT=$LAB/$cluster/audit.log"
        for what in api metrics authn etcd kwok kubelet; do
            echo "LAB_${cluster^^}_PORT_${what^^}=$(port "$cluster" "$what")"
        done
    done
}
