# Pods of every shape, and what controls them. shellcheck shell=bash

# apply CLUSTER [ARGUMENTS…] < manifests. Controllers write to the same objects: a conflict is
# tried again, twice.
apply() {
    local cluster=$1 manifests try
    shift
    manifests=$(cat)
    for try in 1 2 3; do
        kubectl_ "$cluster" apply --server-side --force-conflicts "$@" -f - <<<"$manifests" >/dev/null && return 0
        say "$cluster: apply failed (try $try of 3)"
        sleep 1
    done
    return 1
}

manifest() { sed "s/CLUSTER/$2/g" "$LAB_SRC/manifests/$1.yaml"; }

nodes_up() {
    manifest nodes "$1" | apply "$1"
    manifest nodes-status "$1" | times | apply "$1" --subresource=status
}

# A server group of MediaWiki as it looks from outside: eight containers.
server_group() { # CLUSTER NAME REPLICAS
    local part containers=
    for part in httpd app mcrouter tls-proxy rsyslog httpd-exporter php-fpm-exporter mcrouter-exporter; do
        containers+="{name: mediawiki-main-$part, image: \"registry.example.org/mediawiki-$part:2024-11-05-133700\", resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {memory: 1Gi}}}, "
    done
    cat <<D
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: $2.$1.main, namespace: $2, labels: {app: mediawiki, deployment: $2, release: main}}
spec:
  replicas: $3
  selector: {matchLabels: {app: mediawiki, deployment: $2, release: main}}
  template:
    metadata:
      labels: {app: mediawiki, deployment: $2, release: main}
      annotations: {kubectl.kubernetes.io/default-container: mediawiki-main-app}
    spec:
      tolerations: [{key: kwok.x-k8s.io/node, operator: Exists}]
      containers: [$containers]
D
}

server_groups() {
    server_group "$1" mw-web 6
    server_group "$1" mw-api-ext 4
    server_group "$1" mw-api-int 3
    server_group "$1" mw-jobrunner 3
    server_group "$1" mw-debug 1
}

# A Deployment in the middle of a rollout: the first version stands, the second never gets ready.
# MORE goes into the second version's template, as YAML: annotations; PROBE into its container.
rollout() { # CLUSTER IMAGE VERSION ANNOTATIONS PROBE TOLERATIONS
    cat <<D
apiVersion: apps/v1
kind: Deployment
metadata: {name: mid-rollout, namespace: shapes}
spec:
  replicas: 2
  progressDeadlineSeconds: 3600
  strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}
  selector: {matchLabels: {app: mid-rollout}}
  template:
    metadata: {labels: {app: mid-rollout}, annotations: {version: "$3", $4}}
    spec:
      terminationGracePeriodSeconds: 1
      tolerations: [$6]
      containers: [{name: app, image: "$2", imagePullPolicy: Never, args: [workload, idle], $5}]
D
}

rollout_up() {
    local cluster=$1 image=$IMAGE annotation='' probe='readinessProbe: {exec: {command: ["false"]}}' tolerations=''
    if [[ $cluster != eqiad ]]; then
        image=registry.example.org/app:1
        annotation='kwok.x-k8s.io/status: custom'
        probe=''
        tolerations='{key: kwok.x-k8s.io/node, operator: Exists}'
    fi
    if ! kubectl_ "$cluster" get deployment -n shapes mid-rollout >/dev/null 2>&1; then
        rollout "$cluster" "$image" 1 '' '' "$tolerations" | apply "$cluster"
        kubectl_ "$cluster" rollout status -n shapes deployment/mid-rollout --timeout=60s >/dev/null || true
    fi
    rollout "$cluster" "$image" 2 "$annotation" "$probe" "$tolerations" | apply "$cluster"
}

# What no manifest says: a pod in deletion, an ephemeral container, runs of a CronJob before its time.
eqiad_extras() {
    local run
    if [[ -z $(kubectl_ eqiad get pod -n shapes terminating -o 'jsonpath={.metadata.deletionTimestamp}') ]]; then
        kubectl_ eqiad wait pod -n shapes terminating --for=condition=Ready --timeout=60s >/dev/null || true
        kubectl_ eqiad delete pod -n shapes terminating --wait=false >/dev/null
    fi
    if [[ -z $(kubectl_ eqiad get pod -n shapes debugged -o 'jsonpath={.spec.ephemeralContainers}') ]]; then
        kubectl_ eqiad debug -n shapes debugged --image="$IMAGE" --image-pull-policy=Never --container=debugger --target=app \
            --profile=general --attach=false -- workload idle >/dev/null 2>&1
    fi
    for run in 1 2 3; do
        kubectl_ eqiad get job -n batch "minutely-early-$run" >/dev/null 2>&1 ||
            kubectl_ eqiad create job -n batch --from=cronjob/minutely "minutely-early-$run" >/dev/null
    done
    kubectl_ eqiad get job -n batch failing-early >/dev/null 2>&1 ||
        kubectl_ eqiad create job -n batch --from=cronjob/failing failing-early >/dev/null
}

pods_up() {
    local cluster=$1
    manifest namespaces "$cluster" | apply "$cluster"
    nodes_up "$cluster"
    manifest "$cluster" "$cluster" | apply "$cluster"
    [[ $cluster != codfw ]] || server_groups codfw | apply codfw
    statuses_up "$cluster"
    rollout_up "$cluster"
    [[ $cluster != eqiad ]] || eqiad_extras
}
