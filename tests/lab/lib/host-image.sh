# The disk image of the lab's hosts: a Debian with systemd, sshd, sudo, fish and Docker, and the users of the lab. Built once
# by debootstrap into the cache; every host lays a small disk of its own over it.
# shellcheck shell=bash

HOST_DEBIAN=bookworm
HOST_PACKAGES=(systemd systemd-sysv libpam-systemd dbus openssh-server sudo procps iproute2 fish docker.io)

# sudo without a password (the default user), sudo with one, no sudo, and one whom the key alone does not let in.
HOST_USERS=(ops asker plain second-factor)
HOST_PASSWORD=lab-password      # of every user: for sudo, and as the second factor
HOST_DOCKER_GID=59213           # the group docker of the hosts; no group of this machine has it

# The archive this machine uses, so that a mirror or proxy it needs is used here too.
debian_archive() {
    { grep -rhoE 'https?://[^ ]+/debian/?$' /etc/apt/sources.list /etc/apt/sources.list.d || echo http://deb.debian.org/debian; } 2>/dev/null | head -1
}

make_host_image() {
    local root=$1/root
    debootstrap --variant=minbase --include="$(IFS=,; echo "${HOST_PACKAGES[*]}")" "$HOST_DEBIAN" "$root" "$(debian_archive)"
    host_image_users "$root"
    host_image_units "$root"
    # Every host has its own keys and machine id; nobody reads manuals here.
    rm -rf "$root"/etc/ssh/ssh_host_* "$root"/etc/machine-id "$root"/var/lib/dbus/machine-id "$root"/var/cache/apt/*.bin \
        "$root"/var/cache/apt/archives/*.deb "$root"/usr/share/{doc,man,locale,info}/*
}

host_image_users() {
    local root=$1 user
    chroot "$root" groupmod -g "$HOST_DOCKER_GID" docker
    for user in "${HOST_USERS[@]}"; do
        chroot "$root" useradd -m -s /bin/bash "$user"
        install -d -m 700 -o "$(stat -c %u "$root/home/$user")" -g "$(stat -c %g "$root/home/$user")" "$root/home/$user/.ssh"
        echo "$user:$HOST_PASSWORD" | chroot "$root" chpasswd
    done
    chroot "$root" usermod -aG docker ops
    chroot "$root" usermod -aG docker asker
    install -m 440 /dev/stdin "$root/etc/sudoers.d/lab" <<<$'ops ALL=(ALL) NOPASSWD: ALL\nasker ALL=(ALL) ALL'
}

# No terminal to log in at, no archive to ask for news. An engine runs where a host is to have one.
host_image_units() {
    local root=$1
    systemctl --root="$root" mask getty.target console-getty.service apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer
    systemctl --root="$root" disable docker.service docker.socket containerd.service
}

build_host_image() {
    HOST_IMAGE=$CACHE/host-$HOST_DEBIAN-$(hash_of "$LAB_SRC/lib/host-image.sh")
    make_dir "$HOST_IMAGE" make_host_image
}
