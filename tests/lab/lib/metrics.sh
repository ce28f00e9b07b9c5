# The metrics API of a cluster. shellcheck shell=bash

# Endpoints may not be loopback addresses, but the aggregator resolves a Service of type
# ExternalName itself, and "localhost" it may be.
metrics_register() {
    local cluster=$1
    kubectl_ "$cluster" apply --server-side --force-conflicts -f - >/dev/null <<M
apiVersion: v1
kind: Service
metadata: {name: metrics-server, namespace: kube-system}
spec:
  type: ExternalName
  externalName: localhost
  ports: [{name: https, port: $(port "$cluster" metrics)}]
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1beta1.metrics.k8s.io}
spec:
  group: metrics.k8s.io
  version: v1beta1
  groupPriorityMinimum: 100
  versionPriority: 100
  service: {name: metrics-server, namespace: kube-system, port: $(port "$cluster" metrics)}
  caBundle: $(base64 -w0 "$LAB/$cluster/pki/ca.crt")
M
}

metrics_remove() { kubectl_ "$1" delete apiservice v1beta1.metrics.k8s.io --ignore-not-found >/dev/null; }

metrics_serve() {
    local cluster=$1 real=()
    [[ $cluster != eqiad ]] || real=(-kubelet "node1=https://127.0.0.1:$(port eqiad kubelet)")
    start "$cluster-metrics" "$TOOLS/metrics" -listen "127.0.0.1:$(port "$cluster" metrics)" \
        -server "$(server "$cluster")" -pki "$LAB/$cluster/pki" "${real[@]}"
}

metrics_up() {
    metrics_serve "$1"
    metrics_register "$1"
}

metrics_ready() { kubectl_ "$1" get --raw /apis/metrics.k8s.io/v1beta1/nodes | grep usage >/dev/null; }
