# Users of the clusters: a token each, which can expire, and roles, which can be taken away.
# shellcheck shell=bash

is_user() { [[ " ${USERS[*]} " == *" $1 "* ]] || die "no user '$1' (there are: ${USERS[*]})"; }

# users_files: tokens and kubeconfigs, once.
users_files() {
    local user cluster
    mkdir -p -m 0700 "$LAB/tokens"
    mkdir -p -m 0700 "$LAB/kube"
    for user in "${USERS[@]}"; do
        [[ -f $LAB/tokens/$user || -f $LAB/tokens/$user.expired ]] ||
            printf '%s\nlab:%ss system:authenticated\n' "$(</proc/sys/kernel/random/uuid)" "$user" >"$LAB/tokens/$user"
        user_kubeconfig "$user" | write "$LAB/kube/$user"
    done
    exec_plugins
}

token_of() { head -1 "$LAB/tokens/$1" 2>/dev/null || head -1 "$LAB/tokens/$1.expired"; }

# user_kubeconfig USER [CREDENTIAL]: both clusters; CREDENTIAL replaces the token (YAML, one line).
user_kubeconfig() {
    local user=$1 cluster namespace=
    local credential=${2:-"{token: $(token_of "$1")}"}
    [[ $user != limited ]] || namespace=', namespace: mw-web'
    echo 'apiVersion: v1'
    echo 'kind: Config'
    echo 'clusters:'
    for cluster in "${CLUSTERS[@]}"; do
        echo "- {name: $cluster, cluster: {server: \"$(server "$cluster")\", certificate-authority: $LAB/$cluster/pki/ca.crt}}"
    done
    echo "users: [{name: $user, user: $credential}]"
    echo 'contexts:'
    for cluster in "${CLUSTERS[@]}"; do
        echo "- {name: $cluster, context: {cluster: $cluster, user: $user$namespace}}"
    done
    echo "current-context: ${CLUSTERS[0]}"
}

# Kubeconfigs of admin by an exec plugin: one that answers, one that hangs, one that asks on the
# terminal, one that fails.
exec_plugins() {
    local kind credential
    write "$LAB/kube/exec-plugin" <<'P'
#!/bin/sh
# The lab's credential plugin: exec-plugin ok|hang|prompt|fail TOKENFILE
case $1 in
hang) exec sleep 3600 ;;
prompt) printf 'Password for admin: ' >/dev/tty; read -r _ </dev/tty ;;
fail) echo 'exec-plugin: your session has expired, log in again' >&2; exit 1 ;;
esac
printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}\n' "$(head -1 "$2")"
P
    chmod 755 "$LAB/kube/exec-plugin"
    for kind in ok hang prompt fail; do
        credential="{exec: {apiVersion: client.authentication.k8s.io/v1, command: $LAB/kube/exec-plugin, args: [$kind, $LAB/tokens/admin], interactiveMode: IfAvailable}}"
        user_kubeconfig admin "$credential" | write "$LAB/kube/exec-$kind"
    done
}

users_grant() { # CLUSTER [USER]
    local selector=()
    [[ -z ${2:-} ]] || selector=(-l "lab.user=$2")
    kubectl_ "$1" apply --server-side --force-conflicts -f "$LAB_SRC/manifests/users.yaml" "${selector[@]}" >/dev/null
}

users_revoke() { # CLUSTER USER
    kubectl_ "$1" delete clusterrolebindings,rolebindings -A -l "lab.user=$2" >/dev/null
}
