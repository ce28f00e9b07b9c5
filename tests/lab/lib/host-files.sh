# What differs from host to host on its disk: name, keys, sshd's settings, and what it is there for.
# shellcheck shell=bash

host_files() { # NAME
    local name=$1 root=$LAB/hosts/$1/root
    install -m 755 "$LAB_SRC/lib/host-init.sh" "$root/usr/local/sbin/lab-init"
    echo "$name" >"$root/etc/hostname"
    printf '127.0.0.1 localhost\n%s %s\n' "$(host_address "$name")" "$name" >"$root/etc/hosts"
    printf 'ronde-lab %s' "$name" | md5sum | cut -c1-32 >"$root/etc/machine-id"
    install -m 600 "$LAB/ssh/hosts/$name" "$root/etc/ssh/ssh_host_ed25519_key"
    install -m 644 "$LAB/ssh/hosts/$name.pub" "$root/etc/ssh/ssh_host_ed25519_key.pub"
    host_sshd "$name" | write "$root/etc/ssh/sshd_config.d/lab.conf"
    host_engine_files "$name"
    [[ $name != noisy-fish ]] || host_noise "$root"
    ! host_has "$name" failed-unit || host_failed_unit "$root"
}

# VERBOSE: the journal names the key of every login, for tests that ask the other side.
host_sshd() { # NAME
    printf 'HostKey /etc/ssh/ssh_host_ed25519_key\nPasswordAuthentication no\nLogLevel VERBOSE\n'
    case $1 in
        two-sessions) echo 'MaxSessions 2' ;;
        noisy-fish) echo 'Banner /etc/issue.net' ;;
        no-forwarding) printf 'AllowTcpForwarding no\nAllowStreamLocalForwarding no\n' ;;
    esac
    # Last: what follows a Match is for that user only. No key alone lets this one in.
    printf 'Match User second-factor\nAuthenticationMethods publickey,password\nPasswordAuthentication yes\n'
}

host_engine_files() { # NAME
    local root=$LAB/hosts/$1/root unit
    if host_has "$1" lab-engine; then
        echo 'L /run/docker.sock - - - - /run/lab-engine/docker.sock' >"$root/etc/tmpfiles.d/lab-engine.conf"
    fi
    host_has "$1" engine || return 0
    for unit in docker.socket docker.service containerd.service; do
        systemctl --quiet --root="$root" enable "$unit" 2>/dev/null
    done
    # With systemd's driver, unlike the lab's engine. No rules and no bridge: its containers need no network.
    write "$root/etc/docker/daemon.json" <<<'{"exec-opts": ["native.cgroupdriver=systemd"], "iptables": false, "ip6tables": false, "bridge": "none"}'
}

# Every place from which text reaches somebody who only wants the output of a command: sshd's banner, the message of the day,
# and the start files of a shell that is not POSIX. Some of it attacks the terminal.
host_noise() { # ROOT
    local root=$1 user evil=$'\e]0;owned\a\e[31m'
    for user in "${HOST_USERS[@]}"; do
        sed -i "s|^\($user:.*:\)/bin/bash\$|\1/usr/bin/fish|" "$root/etc/passwd"
    done
    printf '*** Authorised use only. %s ***\n' "$evil" "$evil" "$evil" >"$root/etc/issue.net"
    printf 'Welcome to noisy-fish! Ticket #4711: the disk will be replaced. %s\n' "$evil" >"$root/etc/motd"
    write "$root/etc/fish/conf.d/noise.fish" <<'F'
echo "noisy-fish: 3 users, load "(cut -d' ' -f1 /proc/loadavg)
echo "noisy-fish: stale lock /var/lock/backup" >&2
F
}

host_failed_unit() { # ROOT
    write "$1/etc/systemd/system/nightly-export.service" <<'U'
[Unit]
Description=Nightly export
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'echo "export: no space left in the bucket" >&2; exit 3'
[Install]
WantedBy=multi-user.target
U
    systemctl --quiet --root="$1" enable nightly-export.service 2>/dev/null
}
