# How one logs in to the lab's hosts: keys, known_hosts, ssh_config, and the sshd of the machine itself, which is the
# Kubernetes node node1. Nothing of the user's own is read or written.
# shellcheck shell=bash

ssh_keys_up() {
    local name
    install -d -m 0700 "$LAB/ssh" "$LAB/ssh/hosts"
    for name in id hosts/node1 "${HOSTS[@]/#/hosts/}"; do
        [[ -f $LAB/ssh/$name ]] || ssh-keygen -q -t ed25519 -N '' -C "lab ${name##*/}" -f "$LAB/ssh/$name"
    done
}

# Every host's key but that of unknown-key; for changed-key another one, as if the host had been installed anew.
ssh_known_hosts() {
    local name key
    for name in "${HOSTS[@]}"; do
        key=$name
        case $name in
            unknown-key) continue ;;
            changed-key) key=bastion ;;
        esac
        echo "$(host_address "$name") $(cut -d' ' -f1,2 "$LAB/ssh/hosts/$key.pub")"
    done
    echo "[127.0.0.1]:$(port hosts node1) $(cut -d' ' -f1,2 "$LAB/ssh/hosts/node1.pub")"
}

ssh_config() {
    local name
    echo "Include $LAB/ssh/scripted.config"
    for name in "${HOSTS[@]}"; do
        printf 'Host %s\n    HostName %s\n' "$name" "$(host_address "$name")"
        [[ $name != behind-jump ]] || echo '    ProxyJump bastion'
    done
    for name in node1 silent refusing; do
        printf 'Host %s\n    HostName 127.0.0.1\n    Port %s\n' "$name" "$(port hosts "$name")"
    done
    printf 'Host node1\n    User root\n'
    cat <<C
Host *
    User ${HOST_USERS[0]}
    IdentityFile $LAB/ssh/id
    IdentitiesOnly yes
    IdentityAgent none
    UserKnownHostsFile $LAB/ssh/known_hosts
    GlobalKnownHostsFile /dev/null
C
}

# ssh looks for its files in the home of the user database, not in \$HOME: only -F leads it elsewhere. So whoever has
# \$LAB/bin first on PATH runs plain \`ssh\` and gets the lab's.
ssh_wrapper() {
    write "$LAB/bin/ssh" <<<"#!/bin/sh
exec $(PATH=${PATH//"$LAB/bin:"/} command -v ssh) -F $LAB/ssh/config \"\$@\""
    chmod 755 "$LAB/bin/ssh"
}

# sshd wants an empty folder of this name, which Debian's service would make.
SSHD_EMPTY=/run/sshd

node1_sshd_up() {
    if [[ ! -d $SSHD_EMPTY ]]; then
        mkdir -m 0755 "$SSHD_EMPTY"
        touch "$LAB/ssh/empty-is-ours"
    fi
    node1_keys_restore
    write "$LAB/ssh/node1.conf" <<C
Port $(port hosts node1)
ListenAddress 127.0.0.1
HostKey $LAB/ssh/hosts/node1
AuthorizedKeysFile $LAB/ssh/node1.keys
PidFile none
AllowUsers root
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
LogLevel VERBOSE
C
    start node1-sshd "$(command -v sshd)" -D -e -f "$LAB/ssh/node1.conf"
    wait_for 10 "node1's sshd" listens "$(port hosts node1)"
}

node1_keys_remove() { rm -f "$LAB/ssh/node1.keys"; }
node1_keys_restore() { write "$LAB/ssh/node1.keys" <"$LAB/ssh/id.pub"; }

ssh_up() {
    ssh_known_hosts | write "$LAB/ssh/known_hosts"
    ssh_config | write "$LAB/ssh/config"
    chmod 600 "$LAB/ssh/known_hosts" "$LAB/ssh/config"
    ssh_wrapper
    node1_sshd_up
    start hosts-silent "$TOOLS/silent" -listen "127.0.0.1:$(port hosts silent)"
    wait_for 10 "the silent one" listens "$(port hosts silent)"
}

ssh_down() {
    stop node1-sshd
    stop hosts-silent
    # An sshd of somebody else's may have come to need it.
    [[ ! -e $LAB/ssh/empty-is-ours ]] || pgrep -x sshd >/dev/null || rmdir "$SSHD_EMPTY" 2>/dev/null || true
}
