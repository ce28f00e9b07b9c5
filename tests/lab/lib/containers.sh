# Containers in every state. shellcheck shell=bash
#
# Each is made again only when its description changed or it is not in the state it should be in,
# so a second `up` heals what somebody broke and leaves the rest alone.

# ensure NAME STATES ARGUMENTS… (as for docker create): STATES is a pattern of wanted states.
ensure() {
    local name=$1 states=$2 spec have
    shift 2
    spec=$(printf '%s\0' "$@" "$IMAGES" | sha256sum | cut -c1-12)
    have=$(docker_ inspect -f '{{index .Config.Labels "lab.spec"}} {{.State.Status}}' "$name" 2>/dev/null || true)
    # shellcheck disable=SC2053
    [[ $have == "$spec "* && ${have#* } == $states ]] && return 0
    docker_ rm -f "$name" >/dev/null 2>&1 || true
    # The engine warns at each container that this machine forwards no packets: as it should be.
    docker_ create --name "$name" --label lab.spec="$spec" "$@" 2>&1 >/dev/null | grep -v 'IPv4 forwarding is disabled' >&2 || true
    [[ $states == created ]] || docker_ start "$name" >/dev/null
}

# compose SERVICE NUMBER ARGUMENTS…: a container as docker compose makes it, without compose.
compose() {
    local service=$1 number=$2
    shift 2
    ensure "shop-$service-$number" running --network shop_default --network-alias "$service" \
        --label com.docker.compose.project=shop \
        --label com.docker.compose.service="$service" \
        --label com.docker.compose.container-number="$number" \
        --label com.docker.compose.oneoff=False \
        --label com.docker.compose.config-hash="$(printf '%s\0' "$@" | sha256sum | cut -d' ' -f1)" \
        --label com.docker.compose.project.config_files=/srv/shop/compose.yaml \
        --label com.docker.compose.project.working_dir=/srv/shop \
        --label com.docker.compose.version=2.29.7 \
        --restart unless-stopped "$@"
}

network_up() {
    docker_ network inspect shop_default >/dev/null 2>&1 && return 0
    docker_ network create -o com.docker.network.bridge.name=rl-shop \
        --label com.docker.compose.network=default --label com.docker.compose.project=shop \
        shop_default >/dev/null
}

containers_plain() {
    ensure idle running "$IMAGE" workload idle
    ensure burner running --cpus 0.25 "$IMAGE" workload burn
    ensure memory running --memory 64m "$IMAGE" workload hold 24000000
    ensure created created "$IMAGE" workload idle
    ensure exited-0 exited "$IMAGE" workload exit 0 'all done'
    ensure exited-3 exited "$IMAGE" workload exit 3 'no such table: users'
    ensure restarting '@(restarting|running)' --restart always "$IMAGE" workload crash 0.2 1
    ensure no-network running --network none "$IMAGE" workload idle
    # On cgroup v1 the kernel counts a container's blocks only for a device with a limit: a high one.
    local device limits=()
    device=$(df --output=source "$LAB" | tail -1)
    [[ ! -b $device ]] || limits=(--device-read-bps "$device:1gb" --device-write-bps "$device:1gb")
    ensure writer running "${limits[@]}" "$IMAGE" workload write
    ensure talker running "$IMAGE" workload talk web 1
}

containers_special() {
    ensure healthy running --health-cmd 'test -d /tmp' --health-interval 5s "$IMAGE" workload idle
    ensure unhealthy running --health-cmd 'echo "no answer on /healthz" >&2; exit 1' \
        --health-interval 2s --health-retries 2 "$IMAGE" workload idle
    ensure out-of-memory exited --memory 24m "$IMAGE" workload eat
    ensure out-of-memory-again '@(restarting|running)' --memory 24m --restart always "$IMAGE" workload eat
    ensure secrets running -e DB_PASSWORD=hunter2-not-for-screens -e API_TOKEN=tok-5f4dcc3b5aa765d6 \
        -e DATABASE_URL=postgres://shop:s3cr3t-in-url@db:5432/shop -e AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMIK7MDENG \
        -e LANG=C.UTF-8 "$IMAGE" workload idle --password=secret-in-arguments
    local evil=$'title \e]0;owned\a red \e[31m clear \e[2J bidi \u202egnp.exe wide \u6f22\u5b57 zero\u200bwidth \r over \n line'
    ensure hostile running --label "evil=$evil" --label $'k\e[7mey=v' -e "EVIL=$evil" "$IMAGE" workload hostile "$evil"
    ensure "long-$(printf 'n%.0s' $(seq 200))" running --label "long=$(head -c 10000 /dev/zero | tr '\0' L)" "$IMAGE" workload idle
    ensure paused '@(paused|running)' "$IMAGE" workload idle
    docker_ pause paused >/dev/null 2>&1 || true
}

containers_compose() {
    network_up
    compose db 1 --health-cmd 'test -d /tmp' --health-interval 10s --memory 96m "$IMAGE" workload hold 8000000
    compose web 1 "$IMAGE" workload serve
    compose web 2 "$IMAGE" workload serve
    compose worker 1 --cpus 0.5 "$IMAGE" workload ask http://web:8080/page
}

# Three at a time: the engine and two cores bear no more.
containers_up() {
    local job jobs=()
    shopt -s extglob
    for job in containers_plain containers_special containers_compose; do
        "$job" &
        jobs+=($!)
    done
    for job in "${jobs[@]}"; do wait "$job"; done
}

# crowd COUNT: as many idle containers as make COUNT that run, with those which the lab has anyway.
crowd() {
    local began=$SECONDS others wanted surplus
    # A container that restarts again and again is counted as one that runs, whatever it does just now.
    others=$(docker_ ps -a --filter status=running --filter status=restarting --format '{{.Label "lab.crowd"}}' | grep -cvx true || true)
    wanted=$(($1 > others ? $1 - others : 0))
    mapfile -t surplus < <(docker_ ps -a --filter label=lab.crowd --format '{{.Names}}' | awk -F- -v most="$wanted" '$2 + 0 > most')
    ((${#surplus[@]} == 0)) || docker_ rm -f "${surplus[@]}" >/dev/null
    seq -f 'crowd-%02g' "$wanted" | each_of_three ensure_crowd
    say "$1 containers wanted, $((others + wanted)) run, $wanted of them added ($((SECONDS - began)) s)"
}

ensure_crowd() { ensure "$1" running --label lab.crowd=true "$IMAGE" workload idle; }

# each_of_three COMMAND < NAMES: for each name, three at a time.
each_of_three() {
    local name jobs=0
    shopt -s extglob
    while read -r name; do
        ((jobs++ < 3)) || wait -n
        "$1" "$name" &
    done
    wait
}
