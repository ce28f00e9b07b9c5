# What `measure` does, one function a figure. Processor time is user and system time of the process, not wall time.
# shellcheck shell=bash

COLUMNS_ROWS=(-x 200 -y 50)

# begin: a folder for what is made on the way, and the program: RONDE, or a release build.
begin() {
    need_root
    [[ -f $LAB/env ]] || die "the lab is down: tests/lab/up"
    local tool
    for tool in tmux script; do
        command -v "$tool" >/dev/null || die "$tool is needed"
    done
    build_tools
    WORK=$(mktemp -d)
    trap finish EXIT
    if [[ -z ${RONDE:-} ]]; then
        (cd "$LAB_SRC/../.." && cargo build --release >&2)
        RONDE=${CARGO_TARGET_DIR:-$LAB_SRC/../../target}/release/ronde
    fi
}

finish() {
    screen kill-server 2>/dev/null || true
    [[ -z ${CHURN:-} ]] || kill "$CHURN" 2>/dev/null || true
    rm -rf "$WORK"
}

row() { printf '| %s | %s | %s |\n' "$1" "$2" "${3:-}"; }

# conditions COMMAND: what was run on what, and the head of the table.
conditions() {
    local model
    model=$(awk -F': ' '/^model name/ {print $2; exit}' /proc/cpuinfo)
    echo "Measured $(date -u +%FT%RZ) by \`tests/lab/$1\`: $("$RONDE" --version), Linux $(uname -r)," \
        "$(nproc) cores ($model), load $(cut -d' ' -f1-3 /proc/loadavg); terminal 200×50 (tmux), theme dark; Kubernetes $KUBERNETES."
    printf '\n| what | measured | goal |\n|---|---|---|\n'
}

# --- a console in a terminal ---------------------------------------------------------------

screen() { tmux -L "ronde-measure-$$" -f /dev/null "$@"; }

# home: what a program is started with that shall know nothing of whoever runs this.
home() { HOME_ENV=(env HOME="$WORK" XDG_CONFIG_HOME= XDG_CACHE_HOME= XDG_STATE_HOME= LANG=C.UTF-8); }

# console COMMAND…: in a terminal of its own, with a home of its own; what it sends goes to $WORK/sent. Sets PID.
console() {
    screen kill-server 2>/dev/null || true
    : >"$WORK/sent"
    local command
    home
    printf -v command '%q ' "${HOME_ENV[@]}" "$@"
    screen new-session -d "${COLUMNS_ROWS[@]}" "read -r; exec $command"
    screen pipe-pane -o "exec cat >>'$WORK/sent'"
    PID=$(screen list-panes -F '#{pane_pid}')
    screen send-keys Enter
}

# shows TEXT: whether it is on the console's screen.
shows() { screen capture-pane -p | grep -cF -- "$1" >/dev/null; }

# quit: ends the console as a person does, so that it keeps what it knows.
quit() {
    screen send-keys C-c
    sleep 0.3
    screen send-keys C-c
    wait_for 10 "the console to end" eval '[[ ! -e /proc/$PID ]]' || kill "$PID"
}

# only FILE TAB SOURCE: a configuration of this source alone, as `config_engine` or `config_cluster` tells it.
only() { printf 'discover = false\n[start]\ntab = "%s"\n%s\n' "$2" "$3" >"$WORK/$1.toml"; }

# --- counters ------------------------------------------------------------------------------

# ticks PID…: processor time used so far, in ticks.
ticks() {
    local sum=0 pid stat
    for pid in "$@"; do
        stat=$(<"/proc/$pid/stat")
        # shellcheck disable=SC2086
        set -- ${stat##*) }
        sum=$((sum + ${12} + ${13}))
    done
    echo "$sum"
}

# wakes PID: voluntary context switches of all its threads so far.
wakes() { cat "/proc/$1"/task/*/status 2>/dev/null | awk '/^voluntary/ {n += $2} END {print n}'; }

status_of() { awk -v key="$2:" '$1 == key {print $2}' "/proc/$1/status"; }

megabytes() { awk -v kb="$1" 'BEGIN {printf "%.1f MB", kb / 1024}'; }

# percent TICKS SECONDS
percent() { awk -v t="$1" -v s="$2" -v hz="$(getconf CLK_TCK)" 'BEGIN {printf "%.2f %%", t / hz / s * 100}'; }

# over SECONDS PID…: sets CPU (of one core), BYTES (a second, to the terminal) and WAKES (a second, of the first).
over() {
    local seconds=$1 began sent woke
    shift
    began=$(ticks "$@") sent=$(stat -c %s "$WORK/sent") woke=$(wakes "$1")
    sleep "$seconds"
    CPU=$(percent $(($(ticks "$@") - began)) "$seconds")
    BYTES=$((($(stat -c %s "$WORK/sent") - sent) / seconds))
    WAKES=$((($(wakes "$1") - woke) / seconds))
}

# --- figures -------------------------------------------------------------------------------

measure_demo() {
    local tab name
    console "$RONDE" demo
    wait_for 20 "the demo" shows "Triage"
    for tab in 1 2 3 4; do
        screen send-keys "$tab"
        sleep 3
        over "$((SECONDS_EACH / 3))" "$PID"
        name=$(screen capture-pane -p | sed -n '2s/ *\([A-Z][a-z]*\).*/\1/p')
        row "demo, default seed, tab $name: to the terminal" "$BYTES B/s ($CPU of a core)" "≤ 6 kB/s"
    done
    row "demo: resident memory, peak" "$(megabytes "$(status_of "$PID" VmRSS)"), $(megabytes "$(status_of "$PID" VmHWM)")"
    quit
}

# measure_docker SECONDS: what the containers cost their engine, whoever looks.
measure_docker() {
    local engine count
    engine=("$(pid_of dockerd)" "$(pid_of docker-containerd)")
    count=$(docker -H "unix://$DOCKER_SOCKET" ps -q | wc -l)
    : >"$WORK/sent"
    over "$1" "${engine[@]}"
    row "engine and its containerd, $count containers run: nobody looks" "$CPU of a core"
    only docker containers "$(config_engine lab "$DOCKER_SOCKET")"
    console "$RONDE" --config "$WORK/docker.toml"
    wait_for 20 "containers" shows "lab ● live"
    sleep 3
    over "$1" "${engine[@]}"
    row "same: ronde on its tab of containers" "$CPU of a core" "≤ 1 %"
    quit
    console docker -H "unix://$DOCKER_SOCKET" stats
    sleep 3
    over "$1" "${engine[@]}"
    row "same: docker stats" "$CPU of a core"
    screen kill-server
}

# As many containers as the peers were measured with.
measure_crowd() {
    "$LAB_SRC/containers" 54
    sleep 5
    measure_docker "$1"
    "$LAB_SRC/containers" 0
}

measure_pods() {
    local all began took peer
    all=$("$LAB_SRC/kubectl" codfw lab get --raw '/api/v1/pods?resourceVersion=0' | grep -o '"uid":"[^"]*","resourceVersion"' | wc -l)
    peer=$("$TOOLS/pages" -server "$(server codfw)" -pki "$LAB/codfw/pki")
    only codfw pods "$(config_cluster codfw)"
    began=$(date +%s%N)
    console "$RONDE" --config "$WORK/codfw.toml"
    wait_for 300 "all rows" shows "codfw ● live"
    # What has come is counted at once, and put in order a moment later.
    wait_for 10 "all rows in order" eval '! screen capture-pane -p | sed -n 2p | grep " of " >/dev/null'
    took=$((($(date +%s%N) - began) / 10000000))
    row "start to all rows, live ($(screen capture-pane -p | sed -n '2s/ *\(Pods .*\) · lens.*/\1/p'), $all listed by kubectl)" \
        "$(awk -v t="$took" 'BEGIN {printf "%.2f s", t / 100}')"
    row "one connection that fetches the same pages of pods and drops them" \
        "$(awk '{printf "%.2f s, %d pages, %.0f bytes a pod", $3, $2, $1 / '"$all"'}' <<<"$peer")" "ronde ≤ 1.5 ×"
    sleep 20
    local memory="≤ 40 MB"
    row "resident memory, $PODS pods, metrics API on; of it not the program file's pages" \
        "$(megabytes "$(status_of "$PID" VmRSS)"); $(megabytes "$(status_of "$PID" RssAnon)")" "$memory"
    row "its peak, right after the start" "$(megabytes "$(status_of "$PID" VmHWM)")"
    over "$SECONDS_EACH" "$PID"
    row "nothing changes, tab of pods, metrics API on" "$CPU of a core, $BYTES B/s, $WAKES wake-ups/s" "≤ 1.5 %"
    "$LAB_SRC/metrics" codfw remove
    sleep 20
    over "$SECONDS_EACH" "$PID"
    row "nothing changes, tab of pods, metrics API off" "$CPU of a core, $BYTES B/s, $WAKES wake-ups/s" "≤ 0.5 %"
    screen send-keys 1
    sleep 3
    over "$SECONDS_EACH" "$PID"
    row "nothing changes, tab of findings, metrics API off" "$CPU of a core, $BYTES B/s, $WAKES wake-ups/s" "≤ 0.5 %"
    row "resident memory at the end, peak, threads" \
        "$(megabytes "$(status_of "$PID" VmRSS)"), $(megabytes "$(status_of "$PID" VmHWM)"), $(status_of "$PID" Threads)" "$memory"
    "$LAB_SRC/metrics" codfw restore
    quit
}

# --- under changes -------------------------------------------------------------------------

CHANGES=1000

# churning RATE SECONDS … churned: changes beside what is measured, for so long at most. `churned` sets RATE, as it was
# reached, and how many watches of pods, whoever's, the server ended meanwhile because it could not serve them.
churning() {
    ENDED=$(ended_watches)
    ASKED=$1
    "$LAB_SRC/churn" codfw "$1" "$2" 2>"$WORK/churn" &
    CHURN=$!
    sleep 3
}

churned() {
    kill -TERM "$CHURN" 2>/dev/null || true
    wait "$CHURN" || true
    RATE=$(sed -n 's/.*(\([0-9]*\) per second), \([0-9]*\) failed.*/\1 changes a second (asked for '"$ASKED"', \2 failed/p' "$WORK/churn")
    [[ -n $RATE ]] || die "no changes were made: $(tail -1 "$WORK/churn")"
    RATE="$RATE; $(($(ended_watches) - ENDED)) watches ended by the server)"
}

ended_watches() {
    "$LAB_SRC/kubectl" codfw lab get --raw /metrics |
        awk '/^apiserver_terminated_watchers_total\{.*resource="pods"/ {n += $2} END {print n + 0}'
}

# latency event|key COUNT READY COMMAND…: a sentence with percentiles.
latency() {
    local what=$1 count=$2 ready=$3
    shift 3
    home
    "$TOOLS/latency" "$what" -count "$count" -server "$(server codfw)" -pki "$LAB/codfw/pki" -ready "$ready" -- \
        "${HOME_ENV[@]}" TERM=xterm-256color "$@"
}

measure_keys() {
    printf '[start]\ntab = "pods"\n' >"$WORK/demo.toml"
    row "key to frame: the selection moves; demo, $PODS pods, $CHANGES changes a second" \
        "$(latency key 200 "lens pods" "$RONDE" --config "$WORK/demo.toml" demo --pods "$PODS" --changes "$CHANGES")" "p99 ≤ 16 ms"
}

measure_latency() {
    local rate took console=("codfw ● live" "$RONDE" --config "$WORK/codfw.toml")
    only codfw pods "$(config_cluster codfw)"
    row "pod event: from the API server's answer to the screen, nothing else changes" "$(latency event 100 "${console[@]}")" "p50 ≤ 50 ms, p99 ≤ 150 ms"
    for rate in 50 "$CHANGES"; do
        churning "$rate" 600
        took=$(latency event 100 "${console[@]}")
        churned
        row "same, beside $RATE" "$took" "p99 ≤ 400 ms"
    done
    churning 50 600
    took=$(latency key 200 "${console[@]}")
    churned
    row "key to frame: the selection moves, $PODS pods, $RATE" "$took" "p99 ≤ 16 ms"
}

# measure_soak MINUTES cluster|demo: changes for so long; whether memory grows.
measure_soak() {
    local minute memory=() used
    if [[ $2 == demo ]]; then
        printf '[start]\ntab = "pods"\n' >"$WORK/demo.toml"
        console "$RONDE" --config "$WORK/demo.toml" demo --pods "$PODS" --changes "$CHANGES"
        wait_for 60 "the demo" shows "lens pods"
    else
        only codfw pods "$(config_cluster codfw)"
        console "$RONDE" --config "$WORK/codfw.toml"
        wait_for 300 "all rows" shows "codfw ● live"
        churning "$CHANGES" $(($1 * 60 + 120))
    fi
    used=$(ticks "$PID")
    for minute in $(seq "$1"); do
        sleep 60
        [[ -e /proc/$PID ]] || die "the console ended in minute $minute"
        memory+=("$(status_of "$PID" VmRSS)")
        say "$2, minute $minute: ${memory[-1]} kB"
    done
    used=$(percent $(($(ticks "$PID") - used)) $(($1 * 60)))
    if [[ $2 == demo ]]; then RATE="$CHANGES changes a second of the demo"; else churned; fi
    row "$1 minutes, $PODS pods, $RATE: resident memory each minute, MB" \
        "$(printf '%s\n' "${memory[@]}" | awk '{printf "%s%.1f", (NR > 1 ? " " : ""), $1 / 1024}')"
    row "same: slope over the second half (least squares)" "$(printf '%s\n' "${memory[@]}" | slope)" "flat"
    row "same: processor" "$used of a core"
    quit
}

# slope: of the later half of the numbers of standard input, a minute each.
slope() {
    awk '{y[NR] = $1} END {
        from = int(NR / 2) + 1
        for (i = from; i <= NR; i++) { n++; sx += i; sy += y[i]; sxx += i * i; sxy += i * y[i] }
        if (n < 2) { print "too short to tell"; exit }
        printf "%+.1f kB/min over %d minutes", (n * sxy - sx * sy) / (n * sxx - sx * sx), n
    }'
}

# --- starts and peers ----------------------------------------------------------------------

# The cache of the last run is there; nobody listens at the server's address.
measure_dead() {
    sed 's|https://127.0.0.1:[0-9]*|https://127.0.0.1:9|' "$LAB/kube/admin" >"$WORK/dead"
    only dead pods "$(config_cluster codfw "$WORK/dead")"
    local run
    home
    run=$(printf '%q ' "${HOME_ENV[@]}" "$RONDE" --config "$WORK/dead.toml")
    row "first frame, every endpoint dead, the rows of the last run shown stale" \
        "$(first_bytes "stty cols 200 rows 50; exec $run" "wn-") ms after exec" "< 100 ms"
    row "same way: a shell that prints at once" "$(first_bytes "stty cols 200 rows 50; exec env printf %s wn-") ms"
}

# first_bytes COMMAND TEXT: milliseconds from the start of COMMAND in a terminal until TEXT has come.
first_bytes() {
    timeout 5 script -q -E never -O "$WORK/out" -T "$WORK/times" -c "$1" < <(sleep 4) >/dev/null || true
    local at
    at=$(grep -abo -- "${2:-wn-}" "$WORK/out" | awk -F: 'NR == 1 {print $1}')
    # The first line is script's own; times are those since the line before.
    awk -v at="$(($at - $(head -1 "$WORK/out" | wc -c)))" '{t += $1; n += $2} n > at {printf "%.0f", t * 1000; exit}' "$WORK/times"
}

measure_k9s() {
    if ! command -v k9s >/dev/null; then
        row "k9s" "not on PATH"
        return
    fi
    console k9s --kubeconfig "$LAB/kube/admin" --context codfw -A -c pods
    sleep 60
    over "$SECONDS_EACH" "$PID"
    row "$(k9s version -s | awk '/^Version/ {print "k9s " $2}'), all namespaces: resident memory, processor" \
        "$(megabytes "$(status_of "$PID" VmRSS)"), $CPU of a core, $BYTES B/s"
    screen kill-server
}
