# Debian packages that the lab runs. shellcheck shell=bash

# command=package; a command that is there is not installed again.
PACKAGES=(
    dockerd=docker.io
    containerd=containerd
    runc=runc
    iptables=iptables
    ip=iproute2
    podman=podman
    flock=util-linux
    nsenter=util-linux
    mkfs.ext4=e2fsprogs
    debootstrap=debootstrap
    ssh=openssh-client
    sshd=openssh-server
    dpkg-deb=dpkg
)

install_packages() {
    local want=() pair
    for pair in "${PACKAGES[@]}"; do
        command -v "${pair%%=*}" >/dev/null || want+=("${pair#*=}")
    done
    [[ -x /usr/lib/cni/bridge ]] || want+=(containernetworking-plugins)
    ((${#want[@]})) || return 0
    command -v apt-get >/dev/null || die "not a Debian machine; install by hand: ${want[*]}"
    say "installing ${want[*]}"
    # A package's service must not start: the lab runs an engine of its own.
    local policy=/usr/sbin/policy-rc.d ours=
    if [[ ! -e $policy ]]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
        ours=1
    fi
    {
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${want[@]}"
    } >"$LAB/log/apt.log" 2>&1 || { [[ -z $ours ]] || rm -f "$policy"; tail -5 "$LAB/log/apt.log" >&2; die "apt-get failed"; }
    [[ -z $ours ]] || rm -f "$policy"
    # Nor at the next boot, when it is one that lets people in.
    [[ " ${want[*]} " != *" openssh-server "* ]] || systemctl --quiet disable ssh.service ssh.socket >/dev/null 2>&1 || true
}
