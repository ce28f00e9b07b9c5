# A Kubernetes control plane on loopback: etcd, API server, controller manager, scheduler, kwok.
# shellcheck shell=bash

server() { echo "https://127.0.0.1:$(port "$1" api)"; }
store() { echo "https://127.0.0.1:$(port "$1" etcd)"; }    # the etcd under it

# kubectl_ CLUSTER ARGUMENTS…: as the lab's own administrator, by certificate, so that it works
# whatever a test has done to the users.
kubectl_() {
    local cluster=$1
    shift
    "$K8S/kubectl" --kubeconfig "$LAB/$cluster/lab.kubeconfig" --cache-dir "$LAB/$cluster/kubectl-cache" "$@"
}

# component_kubeconfig CLUSTER CERTIFICATE
component_kubeconfig() {
    local pki=$LAB/$1/pki
    write "$LAB/$1/$2.kubeconfig" <<K
apiVersion: v1
kind: Config
clusters: [{name: $1, cluster: {server: "$(server "$1")", certificate-authority: $pki/ca.crt}}]
users: [{name: $2, user: {client-certificate: $pki/$2.crt, client-key: $pki/$2.key}}]
contexts: [{name: $1, context: {cluster: $1, user: $2}}]
current-context: $1
K
}

pki_up() {
    local cluster=$1 dir=$LAB/$1 name
    "$TOOLS/pki" "$dir/pki" lab=lab/system:masters controllers=system:kube-controller-manager/system:masters \
        scheduler=system:kube-scheduler kwok=kwok/system:masters apiserver=kube-apiserver/system:masters \
        aggregator=aggregator node1=system:node:node1/system:nodes metrics=metrics-server/system:masters
    for name in lab controllers scheduler kwok node1; do component_kubeconfig "$cluster" "$name"; done
}

etcd_up() {
    local cluster=$1 dir=$LAB/$1 client peer
    client=$(store "$cluster")
    peer=https://127.0.0.1:$(port "$cluster" peer)
    local pki=$dir/pki
    # Certificates on every side: whoever reaches etcd owns the node, and loopback is open to all users.
    start "$cluster-etcd" "$K8S/etcd" --name lab --data-dir "$dir/etcd" --log-level warn --unsafe-no-fsync \
        --listen-client-urls "$client" --advertise-client-urls "$client" \
        --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" --initial-cluster "lab=$peer" \
        --client-cert-auth --trusted-ca-file "$pki/ca.crt" --cert-file "$pki/server.crt" --key-file "$pki/server.key" \
        --peer-client-cert-auth --peer-trusted-ca-file "$pki/ca.crt" --peer-cert-file "$pki/server.crt" --peer-key-file "$pki/server.key" \
        --auto-compaction-mode periodic --auto-compaction-retention 10m --quota-backend-bytes 4294967296 --snapshot-count 20000
}

authn_up() {
    local cluster=$1 dir=$LAB/$1
    start "$cluster-authn" "$TOOLS/authn" -listen "127.0.0.1:$(port "$cluster" authn)" \
        -cert "$dir/pki/server.crt" -key "$dir/pki/server.key" -tokens "$LAB/tokens"
    write "$dir/authn.yaml" <<K
apiVersion: v1
kind: Config
clusters: [{name: authn, cluster: {server: "https://127.0.0.1:$(port "$cluster" authn)/", certificate-authority: $dir/pki/ca.crt}}]
users: [{name: apiserver}]
contexts: [{name: authn, context: {cluster: authn, user: apiserver}}]
current-context: authn
K
}

apiserver_up() {
    local cluster=$1 dir=$LAB/$1
    local pki=$dir/pki kubelet_addresses=InternalIP
    # The real node's address is no loopback one (kubelet refuses that), so it is reached by name.
    [[ $cluster != eqiad ]] || kubelet_addresses=Hostname
    # Only the users are judged: what the components and the lab itself do would drown it, and cost much.
    write "$dir/audit.yaml" <<P
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: Metadata, users: [$(IFS=,; echo "${USERS[*]}")]}
- {level: None}
P
    # ServiceAccount admission is off: pods would wait for a service account and get a token volume.
    # No endpoint is published for the API server itself: a loopback address is refused there.
    start "$cluster-apiserver" "$K8S/kube-apiserver" \
        --bind-address=127.0.0.1 --advertise-address=127.0.0.1 --secure-port="$(port "$cluster" api)" --endpoint-reconciler-type=none \
        --etcd-servers="$(store "$cluster")" --etcd-cafile="$pki/ca.crt" --etcd-certfile="$pki/apiserver.crt" --etcd-keyfile="$pki/apiserver.key" \
        --tls-cert-file="$pki/server.crt" --tls-private-key-file="$pki/server.key" --client-ca-file="$pki/ca.crt" \
        --authentication-token-webhook-config-file="$dir/authn.yaml" --authentication-token-webhook-cache-ttl=1s --authentication-token-webhook-version=v1 \
        --authorization-mode=Node,RBAC --disable-admission-plugins=ServiceAccount --allow-privileged=true \
        --service-account-key-file="$pki/sa.key" --service-account-signing-key-file="$pki/sa.key" --service-account-issuer=https://kubernetes.default.svc \
        --service-cluster-ip-range=10.96.0.0/16 --max-requests-inflight=800 --max-mutating-requests-inflight=400 \
        --requestheader-client-ca-file="$pki/ca.crt" --requestheader-allowed-names=aggregator --requestheader-username-headers=X-Remote-User \
        --requestheader-group-headers=X-Remote-Group --requestheader-extra-headers-prefix=X-Remote-Extra- \
        --proxy-client-cert-file="$pki/aggregator.crt" --proxy-client-key-file="$pki/aggregator.key" \
        --kubelet-client-certificate="$pki/apiserver.crt" --kubelet-client-key="$pki/apiserver.key" --kubelet-preferred-address-types="$kubelet_addresses" \
        --audit-policy-file="$dir/audit.yaml" --audit-log-path="$dir/audit.log" --audit-log-maxsize=200 --audit-log-maxbackup=1 --audit-log-mode=blocking
}

# The default client rates of the managers make 2,000 pods take minutes.
managers_up() {
    local cluster=$1 dir=$LAB/$1
    start "$cluster-controllers" "$K8S/kube-controller-manager" --kubeconfig="$dir/controllers.kubeconfig" --secure-port=0 \
        --service-account-private-key-file="$dir/pki/sa.key" --root-ca-file="$dir/pki/ca.crt" \
        --controllers='*,-nodeipam,-cloud-node-lifecycle' --leader-elect=false --kube-api-qps=500 --kube-api-burst=1000
    start "$cluster-scheduler" "$K8S/kube-scheduler" --kubeconfig="$dir/scheduler.kubeconfig" --secure-port=0 \
        --leader-elect=false --kube-api-qps=500 --kube-api-burst=1000
}

# Nodes with the annotation kwok.x-k8s.io/node=fake are played by kwok, and the pods on them, but
# for those with kwok.x-k8s.io/status=custom, whose status the lab writes itself.
kwok_up() {
    local cluster=$1 dir=$LAB/$1
    write "$dir/kwok.yaml" <<K
apiVersion: config.kwok.x-k8s.io/v1alpha1
kind: KwokConfiguration
options: {podPlayStageParallelism: 16, nodePlayStageParallelism: 16}
K
    start "$cluster-kwok" "$KWOK_BIN" --config "$dir/kwok.yaml" --kubeconfig="$dir/kwok.kubeconfig" --manage-all-nodes=false \
        --manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake \
        --disregard-status-with-annotation-selector=kwok.x-k8s.io/status=custom \
        --node-ip=127.0.0.1 --node-port="$(port "$cluster" kwok)" --server-address="127.0.0.1:$(port "$cluster" kwok)" \
        --tls-cert-file="$dir/pki/server.crt" --tls-private-key-file="$dir/pki/server.key" --node-lease-duration-seconds=40 --v=WARN
}

control_plane_up() {
    local cluster=$1
    mkdir -p "$LAB/$cluster"
    pki_up "$cluster"
    users_files
    etcd_up "$cluster"
    authn_up "$cluster"
    apiserver_up "$cluster"
    wait_for 90 "$cluster's API server" kubectl_ "$cluster" get --raw /readyz || { tail -5 "$LAB/log/$cluster-apiserver.log" >&2; return 1; }
    managers_up "$cluster"
    kwok_up "$cluster"
    users_grant "$cluster"
}

# In this order, so that nobody writes to what is gone.
control_plane_down() {
    local cluster=$1 name
    for name in metrics kwok kubelet scheduler controllers apiserver authn etcd; do
        if running "$cluster-$name"; then
            kill -CONT "$(pid_of "$cluster-$name")" 2>/dev/null || true
            # Nothing of theirs is kept: no need to wait for politeness.
            stop "$cluster-$name" KILL
        fi
        rm -f "$LAB/pid/$cluster-$name"
    done
}

# A program that ended right after its start is told, with its last words.
control_plane_check() {
    local cluster=$1 name bad=0
    for name in etcd authn apiserver controllers scheduler kwok metrics; do
        running "$cluster-$name" && continue
        say "$cluster-$name has ended: $(tail -1 "$LAB/log/$cluster-$name.log" | cut -c1-300)"
        bad=1
    done
    return $bad
}
