# Pods whose status is written by the lab: shapes that no controller makes on demand, after the
# order of rules by which kubectl prints a pod. shellcheck shell=bash

# when TEXT: 'now' or an age such as -3h as a time of the API.
when() {
    local ago=${1#-}
    case $ago in
        now) ago='0 seconds' ;;
        *s) ago="${ago%s} seconds" ;;
        *m) ago="${ago%m} minutes" ;;
        *h) ago="${ago%h} hours" ;;
        *d) ago="${ago%d} days" ;;
    esac
    date -u -d "$ago ago" +%Y-%m-%dT%H:%M:%SZ
}

# times: standard input with each @-3h@ or @now@ replaced.
times() {
    local text mark
    text=$(cat)
    for mark in $(grep -oE '@(now|-[0-9]+[smhd])@' <<<"$text" | sort -u); do
        text=${text//"$mark"/$(when "${mark//@/}")}
    done
    printf '%s\n' "$text"
}

# The state of a container, in the API's words.
runs() { echo "{running: {startedAt: \"@${1:--2h}@\"}}"; }
waits() { echo "{waiting: {reason: $1, message: \"${2:-}\"}}"; }
ended() { # REASON EXITCODE [WHEN] [SIGNAL]; REASON - is none
    local reason="reason: $1, " signal=
    [[ $1 != - ]] || reason=
    [[ -z ${4:-} ]] || signal="signal: $4, "
    echo "{terminated: {$reason${signal}exitCode: $2, startedAt: \"@-6h@\", finishedAt: \"@${3:--3h}@\", containerID: \"containerd://$ID\"}}"
}

ID=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef

# container NAME READY RESTARTS STATE [LASTSTATE]
container() {
    echo "{name: $1, ready: $2, restartCount: $3, image: \"registry.example.org/app:1\", imageID: \"registry.example.org/app@sha256:$ID\", containerID: \"containerd://$ID\", state: $4, lastState: ${5:-{\}}}"
}

# pod NAME SPEC STATUS: SPEC is "containers", or "containers;init", by name; an init name with a +
# is a sidecar. Writes the object to the file $SPECS and its status to $STATUSES.
pod() {
    local name=$1 spec=$2 status=$3 one containers='' inits=''
    local init=${spec#*;}
    [[ $spec == *';'* ]] || init=
    for one in ${spec%;*}; do containers+="{name: $one, image: \"registry.example.org/app:1\"}, "; done
    for one in $init; do
        if [[ $one == *+ ]]; then one="${one%+}, restartPolicy: Always"; fi
        inits+="{name: $one, image: \"registry.example.org/init:1\"}, "
    done
    cat >>"$SPECS" <<P
---
apiVersion: v1
kind: Pod
metadata: {name: $name, namespace: shapes, labels: {written: by-hand}, annotations: {kwok.x-k8s.io/status: custom}${FINALIZER:+, finalizers: [example.org/hold]}}
spec: {nodeName: ${NODE:-$CLUSTER-fake1}, tolerations: [{operator: Exists}], containers: [$containers], initContainers: [$inits]}
P
    cat >>"$STATUSES" <<P
---
apiVersion: v1
kind: Pod
metadata: {name: $name, namespace: shapes}
status: {startTime: "@-6h@", hostIP: 192.0.2.1, $status}
P
}

initialized='{type: Initialized, status: "True", lastTransitionTime: "@-5h@"}, {type: PodScheduled, status: "True", lastTransitionTime: "@-6h@"}'
unready='conditions: [{type: Ready, status: "False", lastTransitionTime: "@-1h@"}, '$initialized']'
ready='conditions: [{type: Ready, status: "True", lastTransitionTime: "@-1h@"}, '$initialized']'
initializing='conditions: [{type: Initialized, status: "False", reason: ContainersNotInitialized, lastTransitionTime: "@-6h@"}, {type: Ready, status: "False", lastTransitionTime: "@-6h@"}, {type: PodScheduled, status: "True", lastTransitionTime: "@-6h@"}]'

statuses() {
    # The pod's own reason stands before that of its containers.
    pod evicted app 'phase: Failed, reason: Evicted, message: "The node was low on resource: ephemeral-storage."'
    pod node-lost app "phase: Running, reason: NodeLost, $unready, containerStatuses: [$(container app true 0 "$(runs)")]"
    pod node-shutdown app "phase: Failed, reason: Terminated, message: \"Pod was terminated in response to imminent node shutdown.\", containerStatuses: [$(container app false 0 "$(ended Error 137)")]"
    pod admission-error app 'phase: Failed, reason: UnexpectedAdmissionError, message: "Allocate failed due to no devices available"'
    pod preempting app 'phase: Failed, reason: Preempting, message: "Preempted in order to admit critical pod"'
    pod out-of-cpu app 'phase: Failed, reason: OutOfcpu, message: "Node did not have enough resource: cpu"'
    pod phase-unknown app 'phase: Unknown'
    pod just-created app 'phase: Pending, conditions: [{type: PodScheduled, status: "True", lastTransitionTime: "@now@"}]'
    # Waiting.
    pod fake-crash-loop app "phase: Running, $unready, containerStatuses: [$(container app false 17 "$(waits CrashLoopBackOff 'back-off 5m0s restarting failed container')" "$(ended Error 1 -4m)")]"
    pod fake-image-pull app "phase: Pending, $unready, containerStatuses: [$(container app false 0 "$(waits ImagePullBackOff 'Back-off pulling image')")]"
    pod fake-err-image-pull app "phase: Pending, $unready, containerStatuses: [$(container app false 0 "$(waits ErrImagePull 'not found')")]"
    pod fake-config-error app "phase: Pending, $unready, containerStatuses: [$(container app false 0 "$(waits CreateContainerConfigError 'secret not found')")]"
    pod creating app "phase: Pending, $unready, containerStatuses: [$(container app false 0 "$(waits ContainerCreating)")]"
    # Ended: with a reason, with a signal, with a code only.
    pod fake-oom app "phase: Failed, $unready, containerStatuses: [$(container app false 0 "$(ended OOMKilled 137)")]"
    pod fake-oom-before app "phase: Running, $ready, containerStatuses: [$(container app true 4 "$(runs -40m)" "$(ended OOMKilled 137 -41m)")]"
    pod fake-error app "phase: Failed, $unready, containerStatuses: [$(container app false 0 "$(ended Error 3)")]"
    pod signalled app "phase: Failed, $unready, containerStatuses: [$(container app false 0 "$(ended - 139 -2h 11)")]"
    pod exit-code app "phase: Failed, $unready, containerStatuses: [$(container app false 0 "$(ended - 42)")]"
    pod status-unknown app "phase: Failed, $unready, containerStatuses: [$(container app false 1 "$(ended ContainerStatusUnknown 137)")]"
    pod fake-completed app "phase: Succeeded, $unready, containerStatuses: [$(container app false 0 "$(ended Completed 0)")]"
    # Several containers: the first one's state wins; a completed one beside a running one.
    pod two-errors 'one two' "phase: Running, $unready, containerStatuses: [$(container one false 2 "$(waits CrashLoopBackOff)" "$(ended Error 1 -50s)"), $(container two false 9 "$(waits ImagePullBackOff)")]"
    pod done-and-ready 'one two' "phase: Running, $ready, containerStatuses: [$(container one false 0 "$(ended Completed 0)"), $(container two true 0 "$(runs)")]"
    pod done-and-unready 'one two' "phase: Running, $unready, containerStatuses: [$(container one false 0 "$(ended Completed 0)"), $(container two false 0 "$(runs)")]"
    pod failed-and-done 'one two' "phase: Failed, $unready, containerStatuses: [$(container one false 0 "$(ended Completed 0)"), $(container two false 0 "$(ended Error 4)")]"
    # Init containers and sidecars, and what counts as a restart.
    pod fake-init-0-of-2 'app;first second' "phase: Pending, $initializing, initContainerStatuses: [$(container first false 0 "$(runs)"), $(container second false 0 "$(waits PodInitializing)")], containerStatuses: [$(container app false 0 "$(waits PodInitializing)")]"
    pod fake-init-1-of-2 'app;first second' "phase: Pending, $initializing, initContainerStatuses: [$(container first true 3 "$(ended Completed 0)"), $(container second false 0 "$(waits PodInitializing)")], containerStatuses: [$(container app false 0 "$(waits PodInitializing)")]"
    pod fake-init-crash 'app;first' "phase: Pending, $initializing, initContainerStatuses: [$(container first false 5 "$(waits CrashLoopBackOff)" "$(ended Error 1 -3m)")], containerStatuses: [$(container app false 0 "$(waits PodInitializing)")]"
    pod fake-init-error 'app;first' "phase: Failed, $initializing, initContainerStatuses: [$(container first false 0 "$(ended Error 1)")], containerStatuses: [$(container app false 0 "$(waits PodInitializing)")]"
    pod init-signal 'app;first' "phase: Failed, $initializing, initContainerStatuses: [$(container first false 0 "$(ended - 137 -1h 9)")], containerStatuses: [$(container app false 0 "$(waits PodInitializing)")]"
    pod init-exit-code 'app;first' "phase: Failed, $initializing, initContainerStatuses: [$(container first false 0 "$(ended - 42)")], containerStatuses: [$(container app false 0 "$(waits PodInitializing)")]"
    pod init-image 'app;first' "phase: Pending, $initializing, initContainerStatuses: [$(container first false 0 "$(waits ImagePullBackOff)")], containerStatuses: [$(container app false 0 "$(waits PodInitializing)")]"
    local started
    started=$(container proxy true 3 "$(runs)" "$(ended Error 1 -2d)")
    started="${started%\}}, started: true}"
    pod fake-sidecar 'app;proxy+ setup' "phase: Running, $ready, initContainerStatuses: [$started, $(container setup true 2 "$(ended Completed 0)" "$(ended Error 1 -5h)")], containerStatuses: [$(container app true 1 "$(runs)" "$(ended Error 1 -3d)")]"
    pod sidecar-starting 'app;proxy+' "phase: Pending, $initializing, initContainerStatuses: [$(container proxy false 0 "$(runs)" | sed 's/}$/, started: false}/')], containerStatuses: [$(container app false 0 "$(waits PodInitializing)")]"
    pod restarted-long-ago app "phase: Running, $ready, containerStatuses: [$(container app true 3 "$(runs -2d)" "$(ended Error 143 -2d)")]"
    pod restarted-now app "phase: Running, $ready, containerStatuses: [$(container app true 1 "$(runs -20s)" "$(ended Error 1 -25s)")]"
    # On a node that is gone; and those that never end.
    NODE=$CLUSTER-notready pod on-lost-node app "phase: Running, $unready, containerStatuses: [$(container app true 0 "$(runs)")]"
    FINALIZER=1 pod fake-terminating app "phase: Running, $ready, containerStatuses: [$(container app true 0 "$(runs)")]"
    FINALIZER=1 pod terminating-lost app "phase: Running, reason: NodeLost, $unready, containerStatuses: [$(container app true 0 "$(runs)")]"
    FINALIZER=1 pod terminating-done app "phase: Succeeded, $unready, containerStatuses: [$(container app false 0 "$(ended Completed 0)")]"
}

statuses_up() {
    CLUSTER=$1
    SPECS=$LAB/$CLUSTER/statuses-specs.yaml
    STATUSES=$LAB/$CLUSTER/statuses.yaml
    kubectl_ "$CLUSTER" get pod -n shapes fake-terminating >/dev/null 2>&1 && return 0
    : >"$SPECS"
    : >"$STATUSES"
    statuses
    times <"$STATUSES" | write "$STATUSES"
    kubectl_ "$CLUSTER" apply --server-side --force-conflicts -f "$SPECS" >/dev/null
    kubectl_ "$CLUSTER" apply --server-side --force-conflicts --subresource=status -f "$STATUSES" >/dev/null
    kubectl_ "$CLUSTER" delete pods -n shapes fake-terminating terminating-lost terminating-done --wait=false >/dev/null
}
